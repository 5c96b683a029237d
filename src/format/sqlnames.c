/* SPDX-License-Identifier: MIT */
/* sqlnames.c: identifiers as the server's quote_identifier() writes them, and which types its
 * plugins write as numbers. */
#include "sqlnames.h"

#include "base/utf8.h"

/* ---- text ----------------------------------------------------------------------------------- */

/* The longest escape, of four bytes, is \u{10FFFF}. */
#define ESCAPE_ROOM 16u

static void put_visible(ww_out *out, ww_slice text)
{
    char escape[ESCAPE_ROOM];
    size_t at = 0;
    while (at < text.len) {
        uint32_t code = 0;
        size_t n = ww__utf8_decode(text.ptr + at, text.len - at, &code);
        bool visible = n > 0 && !ww__is_unsafe(code);
        ww_slice one = { text.ptr + at, n > 0 ? n : 1 };
        if (visible)
            ww__out_put(out, one.ptr, one.len);
        else
            ww__out_put(out, escape, ww_text_escape(one, escape, sizeof escape));
        at += one.len;
    }
}

void ww__out_plain(ww_out *out, const ww__policy *policy, ww_slice text)
{
    if (policy->terminal)
        put_visible(out, text);
    else
        ww__out_put(out, text.ptr, text.len);
}

void ww__out_doubled(ww_out *out, const ww__policy *policy, ww_slice text, char quote)
{
    while (text.len > 0) {
        const uint8_t *found = memchr(text.ptr, quote, text.len);
        size_t n = found != NULL ? (size_t)(found - text.ptr) + 1 : text.len;
        ww_slice piece = { text.ptr, n };
        ww__out_plain(out, policy, piece);
        if (found != NULL)
            ww__out_byte(out, quote);
        text.ptr += n;
        text.len -= n;
    }
}

/* ---- identifiers ---------------------------------------------------------------------------- */

static int compare(ww_slice name, const char *word)
{
    size_t len = strlen(word);
    int order = memcmp(name.ptr, word, name.len < len ? name.len : len);
    return order != 0 ? order : (name.len > len) - (name.len < len);
}

static bool is_keyword(ww_slice name)
{
    size_t low = 0, high = ww__quoted_keyword_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(name, ww__quoted_keywords[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_simple(ww_slice name)
{
    size_t i;
    if (name.len == 0 || !is_letter(name.ptr[0]))
        return false;
    for (i = 1; i < name.len; i++)
        if (!is_letter(name.ptr[i]) && !(name.ptr[i] >= '0' && name.ptr[i] <= '9'))
            return false;
    return !is_keyword(name);
}

void ww__out_identifier(ww_out *out, const ww__policy *policy, ww_slice name)
{
    if (is_simple(name)) {
        ww__out_put(out, name.ptr, name.len);
        return;
    }
    ww__out_byte(out, '"');
    ww__out_doubled(out, policy, name, '"');
    ww__out_byte(out, '"');
}

void ww__out_qualified(ww_out *out, const ww__policy *policy, ww_slice schema, ww_slice name)
{
    ww__out_identifier(out, policy, schema);
    ww__out_byte(out, '.');
    ww__out_identifier(out, policy, name);
}

/* ---- types ---------------------------------------------------------------------------------- */

bool ww__is_number_type(uint32_t type_oid)
{
    switch (type_oid) {
    case 20:   /* int8 */
    case 21:   /* int2 */
    case 23:   /* int4 */
    case 26:   /* oid */
    case 700:  /* float4 */
    case 701:  /* float8 */
    case 1700: /* numeric */
        return true;
    default:
        return false;
    }
}
