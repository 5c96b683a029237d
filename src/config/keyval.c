/* SPDX-License-Identifier: MIT */
/* keyval.c: "host=a port = 5432 password='two words'". Source: conninfo_parse in fe-connect.c. */
#include "conninfo.h"

#include "base/error.h"

static size_t skip_space(ww_slice text, size_t at)
{
    while (at < text.len && ww__is_space(text.ptr[at]))
        at++;
    return at;
}

/* Where the value that begins at `at` ends, its quotes included; SIZE_MAX if a quote stays open. */
static size_t find_value_end(ww_slice text, size_t at)
{
    bool quoted = at < text.len && text.ptr[at] == '\'';
    for (at += quoted; at < text.len; at++) {
        if (text.ptr[at] == '\\')
            at++;
        else if (quoted && text.ptr[at] == '\'')
            return at + 1;
        else if (!quoted && ww__is_space(text.ptr[at]))
            return at;
    }
    return quoted ? SIZE_MAX : text.len;
}

/* Without quotes and backslashes. A backslash at the very end stands for nothing. */
static size_t decode_value(ww_slice raw, char *out)
{
    bool quoted = raw.len > 0 && raw.ptr[0] == '\'';
    size_t end = raw.len - quoted;
    size_t len = 0, at;
    for (at = quoted; at < end; at++) {
        if (raw.ptr[at] == '\\' && ++at == end)
            break;
        if (out != NULL)
            out[len] = (char)raw.ptr[at];
        len++;
    }
    return len;
}

/* Reads the pair that begins at *at, which is no space. */
static ww_status read_pair(ww_slice text, size_t *at, ww__pair *pair, ww_error *err)
{
    size_t start = *at, value, end;
    while (*at < text.len && text.ptr[*at] != '=' && !ww__is_space(text.ptr[*at]))
        (*at)++;
    pair->name = ww__cut(text, start, *at);
    pair->offset = start;
    *at = skip_space(text, *at);
    if (*at == text.len || text.ptr[*at] != '=')
        return ww__fail_word(err,
                             "a word has no '=' behind it; write keyword=value, "
                             "and values with spaces in quotes: options='-c a=b'",
                             start, pair->name, pair->hide);
    value = skip_space(text, *at + 1);
    end = find_value_end(text, value);
    if (end == SIZE_MAX)
        return ww__fail_word(err,
                             "a quoted value has no closing quote; inside, write \\' and \\\\",
                             value, pair->name, pair->hide);
    pair->raw = ww__cut(text, value, end);
    pair->decode = decode_value;
    *at = end;
    return WW_OK;
}

ww_status ww__keyval_parse(ww_conninfo *c, ww_slice text, ww_error *err)
{
    ww__pair pair = { { NULL, 0 }, 0, false, { NULL, 0 }, NULL };
    size_t at = skip_space(text, 0);
    while (at < text.len) {
        ww_status st = read_pair(text, &at, &pair, err);
        if (st == WW_OK)
            st = ww__conninfo_put_pair(c, &pair, err);
        if (st < 0)
            return st;
        pair.hide = ww__keyword_is_secret(pair.name);
        at = skip_space(text, at);
    }
    return WW_OK;
}
