/* SPDX-License-Identifier: MIT */
/* conninfo.c: keeps the values: sets, replaces, forgets them, and reads a whole text or nothing.
 *
 * Invariant: a value's memory is exactly its length plus one, so that freeing needs no size. */
#include "conninfo.h"

#include "base/error.h"

#include <string.h>

char **ww__conninfo_slot(ww_conninfo *c, const ww__keyword *k)
{
    return (char **)(void *)((char *)c + k->offset);
}

static const char *value_of(const ww_conninfo *c, const ww__keyword *k)
{
    return *(char *const *)(const void *)((const char *)c + k->offset);
}

/* Through a volatile pointer, so that the compiler cannot leave it out at a life's end. */
void ww__conninfo_wipe(void *memory, size_t size)
{
    volatile char *p = memory;
    size_t i;
    for (i = 0; i < size; i++)
        p[i] = 0;
}

static void free_wiped(const ww_alloc *alloc, char *text)
{
    size_t size;
    if (text == NULL)
        return;
    size = strlen(text) + 1;
    ww__conninfo_wipe(text, size);
    alloc->resize(alloc->ctx, text, size, 0);
}

void ww_conninfo_init(ww_conninfo *c, const ww_alloc *alloc)
{
    memset(c, 0, sizeof *c);
    c->alloc = alloc;
}

void ww_conninfo_fini(ww_conninfo *c)
{
    size_t i;
    if (c == NULL)
        return;
    for (i = 0; i < ww__keyword_count; i++)
        ww__conninfo_drop(c, &ww__keywords[i]);
}

void ww__conninfo_drop(ww_conninfo *c, const ww__keyword *k)
{
    char **slot = ww__conninfo_slot(c, k);
    free_wiped(c->alloc, *slot);
    *slot = NULL;
}

size_t ww__decode_plain(ww_slice raw, char *out)
{
    if (out != NULL && raw.len > 0)
        memcpy(out, raw.ptr, raw.len);
    return raw.len;
}

ww_status ww__conninfo_put(ww_conninfo *c, const ww__keyword *k, ww_slice raw, ww__decode decode,
                           ww_error *err)
{
    size_t len = decode(raw, NULL);
    char *text = c->alloc->resize(c->alloc->ctx, NULL, 0, len + 1);
    if (text == NULL)
        return ww__fail_text(err, WW_ERR_NOMEM, "no memory for a connection value", k->name);
    decode(raw, text);
    text[len] = '\0';
    ww__conninfo_drop(c, k);
    *ww__conninfo_slot(c, k) = text;
    return WW_OK;
}

/* requiressl=1 is sslmode=require, anything else sslmode=prefer. */
static ww_status put_requiressl(ww_conninfo *c, const ww__pair *pair, ww_error *err)
{
    const ww__keyword *k = ww__keyword_find(ww_slice_of("sslmode"));
    ww_status st = ww__conninfo_put(c, k, pair->raw, pair->decode, err);
    if (st < 0)
        return st;
    return ww__conninfo_put(c, k, ww_slice_of(c->sslmode[0] == '1' ? "require" : "prefer"),
                            ww__decode_plain, err);
}

ww_status ww__conninfo_put_pair(ww_conninfo *c, const ww__pair *pair, ww_error *err)
{
    const ww__keyword *k = ww__keyword_find(pair->name);
    if (k != NULL)
        return ww__conninfo_put(c, k, pair->raw, pair->decode, err);
    if (ww_slice_equal(pair->name, ww_slice_of("requiressl")))
        return put_requiressl(c, pair, err);
    return ww__keyword_refuse(pair->name, pair->offset, pair->hide, err);
}

/* ---- public --------------------------------------------------------------------------------- */

const char *ww_conninfo_get(const ww_conninfo *c, const char *keyword)
{
    const ww__keyword *k = ww__keyword_find(ww_slice_of(keyword));
    return k != NULL ? value_of(c, k) : NULL;
}

bool ww_conninfo_has_secret(const ww_conninfo *c)
{
    size_t i;
    for (i = 0; i < ww__keyword_count; i++)
        if (value_of(c, &ww__keywords[i]) != NULL &&
            ww__keyword_is_secret(ww_slice_of(ww__keywords[i].name)))
            return true;
    return false;
}

static bool has_nul(ww_slice text, size_t *at)
{
    const uint8_t *nul = text.len > 0 ? memchr(text.ptr, 0, text.len) : NULL;
    *at = nul != NULL ? (size_t)(nul - text.ptr) : 0;
    return nul != NULL;
}

ww_status ww_conninfo_set(ww_conninfo *c, const char *keyword, ww_slice value, ww_error *err)
{
    const ww__keyword *k = ww__keyword_find(ww_slice_of(keyword));
    size_t at;
    if (k == NULL)
        return ww__keyword_refuse(ww_slice_of(keyword), WW_NO_OFFSET, false, err);
    if (has_nul(value, &at)) {
        ww__fail_at(err, WW_ERR_USAGE, "a connection value contains a NUL byte", at, 0);
        ww__error_add_text(err, k->name);
        return WW_ERR_USAGE;
    }
    return ww__conninfo_put(c, k, value, ww__decode_plain, err);
}

/* The index of "://"; text.len if there is none. */
static size_t find_scheme_end(ww_slice text)
{
    size_t i;
    for (i = 0; i + 3 <= text.len; i++)
        if (memcmp(text.ptr + i, "://", 3) == 0)
            return i;
    return text.len;
}

static ww_status parse_any(ww_conninfo *c, ww_slice text, ww_error *err)
{
    size_t equals = ww__find_any(text, 0, "=");
    size_t scheme = find_scheme_end(text);
    if (ww__uri_is(text))
        return ww__uri_parse(c, text, err);
    if (scheme < equals) /* never a keyword; as a database's name it would show its password */
        return ww__fail_word(err, "a URI begins with postgresql:// or postgres://", 0,
                             ww__cut(text, 0, scheme), false);
    if (equals < text.len)
        return ww__keyval_parse(c, text, err);
    if (text.len == 0)
        return WW_OK;
    return ww__conninfo_put(c, ww__keyword_find(ww_slice_of("dbname")), text, ww__decode_plain,
                            err);
}

void ww__conninfo_adopt(ww_conninfo *to, ww_conninfo *from, bool over)
{
    size_t i;
    for (i = 0; i < ww__keyword_count; i++) {
        char **source = ww__conninfo_slot(from, &ww__keywords[i]);
        char **target = ww__conninfo_slot(to, &ww__keywords[i]);
        if (*source == NULL || (*target != NULL && !over))
            continue;
        ww__conninfo_drop(to, &ww__keywords[i]);
        *target = *source;
        *source = NULL;
    }
}

ww_status ww_conninfo_parse(ww_conninfo *c, ww_slice text, ww_error *err)
{
    ww_conninfo fresh;
    ww_status st;
    size_t at;
    if (has_nul(text, &at))
        return ww__fail_at(err, WW_ERR_USAGE, "a connection string contains a NUL byte", at, 0);
    ww_conninfo_init(&fresh, c->alloc);
    st = parse_any(&fresh, text, err);
    if (st == WW_OK)
        ww__conninfo_adopt(c, &fresh, true);
    ww_conninfo_fini(&fresh);
    return st;
}
