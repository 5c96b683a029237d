/* SPDX-License-Identifier: MIT */
/* fuzz_filter.c: any text as a filter's pattern. The input is a byte of options (4 bits: which kind
 * of filter; exclude), the pattern up to a line feed, then schema, table and column, with line
 * feeds between. Oracle: a pattern opens a format if a second reader, written for shortness, takes
 * it; a row passes if that one's table of all prefixes says so; a column of it is there likewise;
 * and a transaction is written whole or leaves nothing. */
#include "base/utf8.h"
#include "fuzz.h"

#include <walwire/format.h>

#define MOST 512u
#define TABLE_OID 7u

/* ---- the model: a pattern as numbers, a name as characters ------------------------------------
 */

enum { ANY = -1, STAR = -2, DOT = -3 };

typedef struct text {
    int at[MOST];
    size_t len;
} text;

/* False: a quote is left open. */
static bool model_read(const char *pattern, text *out)
{
    bool quoted = false;
    out->len = 0;
    for (; *pattern != '\0'; pattern++) {
        int c = (unsigned char)*pattern;
        if (c == '"' && !(quoted && pattern[1] == '"')) {
            quoted = !quoted;
            continue;
        }
        pattern += c == '"';
        if (!quoted)
            c = c == '*' ? STAR : c == '?' ? ANY : c == '.' ? DOT : c;
        out->at[out->len++] = c;
    }
    return !quoted;
}

/* How many names; 0: one of them is empty. */
static size_t model_names(const text *t)
{
    size_t i, names = 1, len = 0;
    for (i = 0; i < t->len; i++) {
        if (t->at[i] == DOT && len == 0)
            return 0;
        names += t->at[i] == DOT;
        len = t->at[i] == DOT ? 0 : len + 1;
    }
    return len > 0 ? names : 0;
}

static bool starts_character(ww_slice name, size_t at)
{
    size_t i = 0;
    while (i < at) {
        uint32_t code;
        size_t n = ww__utf8_decode(name.ptr + i, name.len - i, &code);
        i += n > 0 ? n : 1;
    }
    return i == at;
}

/* Which prefixes of the name the pattern's tokens so far can be: all ways at once. */
static bool model_name_fits(const int *tokens, size_t ntokens, ww_slice name)
{
    static bool now[MOST + 1], next[MOST + 1];
    size_t i, j, k;
    memset(now, 0, sizeof now);
    now[0] = true;
    for (i = 0; i < ntokens; i++) {
        memset(next, 0, sizeof next);
        for (j = 0; j <= name.len; j++) {
            if (!now[j])
                continue;
            for (k = j; tokens[i] == STAR && k <= name.len; k++)
                next[k] |= starts_character(name, k);
            for (k = j + 1; tokens[i] == ANY && k <= name.len && !starts_character(name, k); k++)
                ;
            if (tokens[i] == ANY && k <= name.len)
                next[k] = true;
            if (tokens[i] >= 0 && j < name.len && name.ptr[j] == tokens[i])
                next[j + 1] = true;
        }
        memcpy(now, next, sizeof now);
    }
    return now[name.len];
}

static bool model_fits(const text *t, const ww_slice *names, size_t count)
{
    size_t n = model_names(t), start = 0, end;
    if (n == 0 || n > count)
        return false;
    for (names += count - n; n > 0; n--, names++) {
        for (end = start; end < t->len && t->at[end] != DOT; end++)
            ;
        if (!model_name_fits(t->at + start, end - start, *names))
            return false;
        start = end + 1;
    }
    return true;
}

static bool model_opens(ww_filter_kind kind, const char *pattern, text *t)
{
    static const char *const words[] = {"insert", "update", "delete", "truncate", "message"};
    static const size_t most[] = {2, 1, 1, 3};
    bool fits = kind != WW_FILTER_OP;
    size_t i;
    if (!model_read(pattern, t) || model_names(t) == 0 || model_names(t) > most[kind])
        return false;
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        ww_slice word = ww_slice_of(words[i]);
        fits |= model_fits(t, &word, 1);
    }
    return fits;
}

/* ---- the format -------------------------------------------------------------------------------
 */

/* One transaction with one insert. */
static void render(ww_format *f, const ww_slice *names, ww_out *out)
{
    static const uint8_t data[] = {'t', 0, 0, 0, 1, 'v'};
    ww_relation_column column = {names[2], 25, -1, 0};
    ww_relation relation = {TABLE_OID, 0, 1, 1, 'd', 1, names[0], names[1], &column};
    ww_event begin, row, commit;
    memset(&begin, 0, sizeof begin);
    row = commit = begin;
    begin.kind = WW_EV_BEGIN;
    row.kind = WW_EV_INSERT;
    row.relation = &relation;
    row.relation_id = TABLE_OID;
    row.new_tuple.kind = WW_TUPLE_NEW;
    row.new_tuple.ncols = 1;
    row.new_tuple.data.ptr = data;
    row.new_tuple.data.len = sizeof data;
    commit.kind = WW_EV_COMMIT;
    REQUIRE(ww_format_render(f, &begin, out, NULL) == WW_OK && out->len == 0);
    REQUIRE(ww_format_render(f, &row, out, NULL) == WW_OK);
    REQUIRE(ww_format_render(f, &commit, out, NULL) == WW_OK);
}

static size_t count_lines(const ww_out *out)
{
    size_t i, lines = 0;
    for (i = 0; i < out->len; i++)
        lines += out->ptr[i] == '\n';
    return lines;
}

static bool has(const ww_out *out, const char *what)
{
    size_t i, len = strlen(what);
    for (i = 0; i + len <= out->len; i++)
        if (memcmp(out->ptr + i, what, len) == 0)
            return true;
    return false;
}

static bool model_passes(const ww_filter_rule *rule, const text *t, const ww_slice *names)
{
    ww_slice op = ww_slice_of("insert");
    switch (rule->kind) {
    case WW_FILTER_TABLE:
        return model_fits(t, names, 2) != rule->exclude;
    case WW_FILTER_SCHEMA:
        return model_fits(t, names, 1) != rule->exclude;
    case WW_FILTER_OP:
        return model_fits(t, &op, 1) != rule->exclude;
    default:
        return true;
    }
}

static void check(ww_format *f, const ww_filter_rule *rule, const text *t, const ww_slice *names)
{
    ww_out out = {NULL, 0, 0, WW_OK, &fuzz_alloc, NULL, NULL, 0};
    bool column = rule->kind != WW_FILTER_COLUMN || model_fits(t, names, 3) != rule->exclude;
    render(f, names, &out);
    REQUIRE(count_lines(&out) == (model_passes(rule, t, names) ? 3 : 0));
    REQUIRE(out.len == 0 || has(&out, "\"new\":{}") != column);
    free(out.ptr);
}

/* ---- the input --------------------------------------------------------------------------------
 */

static ww_slice take_line(ww_slice *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
    ww_slice line = *rest;
    line.len = end != NULL ? (size_t)(end - rest->ptr) : rest->len;
    rest->ptr += end != NULL ? line.len + 1 : line.len;
    rest->len -= end != NULL ? line.len + 1 : line.len;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    static char pattern[MOST];
    static text model;
    ww_filter_rule rule;
    ww_slice rest, line, names[3];
    ww_format *f = NULL;
    bool opens;
    if (size == 0 || size > MOST)
        return 0;
    rest.ptr = data + 1;
    rest.len = size - 1;
    line = take_line(&rest);
    if (line.len > 0)
        memcpy(pattern, line.ptr, line.len);
    pattern[line.len] = '\0';
    names[0] = take_line(&rest);
    names[1] = take_line(&rest);
    names[2] = take_line(&rest);
    rule.kind = (ww_filter_kind)(data[0] & 3);
    rule.exclude = (data[0] & 4) != 0;
    rule.pattern = pattern;
    config.alloc = &fuzz_alloc;
    config.name = "compact";
    config.rules = &rule;
    config.nrules = 1;
    opens = ww_format_open(&f, &config, NULL) == WW_OK;
    REQUIRE(opens == model_opens(rule.kind, pattern, &model));
    if (opens)
        check(f, &rule, &model, names);
    ww_format_close(f);
    return 0;
}
