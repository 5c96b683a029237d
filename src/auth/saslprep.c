/* SPDX-License-Identifier: MIT */
/* saslprep.c: a password as SCRAM hashes it (RFC 4013), with the server's deviations: pg_saslprep
 * looks for prohibited characters before it normalises, and uses what it refuses unchanged.
 *
 * A password in ASCII takes no branch and no table entry that depends on its characters. */
#include "base/utf8.h"
#include "nfkc.h"
#include "saslprep_tables.h"

#include <walwire/auth.h>

#include <string.h>

#define MAPPED_TO_NOTHING UINT32_MAX

static bool is_in(const ww__range *ranges, size_t count, uint32_t code)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code < ranges[middle].first)
            high = middle;
        else if (code > ranges[middle].last)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

static bool is_refused(uint32_t code)
{
    return is_in(ww__prep_refused, ww__prep_refused_count, code);
}

static bool is_right_to_left(uint32_t code)
{
    return is_in(ww__right_to_left, ww__right_to_left_count, code);
}

static bool is_left_to_right(uint32_t code)
{
    return is_in(ww__left_to_right, ww__left_to_right_count, code);
}

/* RFC 3454 C.1.2. U+200B is in B.1 too; the server asks this table first. */
static bool is_space(uint32_t code)
{
    return code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200B) ||
           code == 0x202F || code == 0x205F || code == 0x3000;
}

/* RFC 3454 B.1 */
static bool is_mapped_to_nothing(uint32_t code)
{
    return code == 0xAD || code == 0x34F || code == 0x1806 || (code >= 0x180B && code <= 0x180D) ||
           (code >= 0x200B && code <= 0x200D) || code == 0x2060 ||
           (code >= 0xFE00 && code <= 0xFE0F) || code == 0xFEFF;
}

/* The next character after mapping; its bytes are taken from *text. */
static uint32_t next_mapped(ww_slice *text)
{
    uint32_t code = 0;
    size_t n = ww__utf8_decode(text->ptr, text->len, &code);
    text->ptr += n;
    text->len -= n;
    if (is_space(code))
        return ' ';
    return is_mapped_to_nothing(code) ? MAPPED_TO_NOTHING : code;
}

static bool is_ascii(ww_slice text)
{
    uint8_t seen = 0;
    size_t i;
    for (i = 0; i < text.len; i++)
        seen |= text.ptr[i];
    return seen < 0x80;
}

static bool is_utf8(ww_slice text)
{
    size_t at = 0;
    while (at < text.len) {
        uint32_t code;
        size_t n = ww__utf8_decode(text.ptr + at, text.len - at, &code);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

/* Is the mapped text free of refused characters, and does it keep the bidi rule: with one character
 * of D.1 in it, none of D.2, and D.1 at both ends? */
static bool may_be_prepared(ww_slice text)
{
    bool any_right = false, any_left = false, first_right = false, last_right = false;
    size_t count = 0;
    while (text.len > 0) {
        uint32_t code = next_mapped(&text);
        if (code == MAPPED_TO_NOTHING)
            continue;
        if (is_refused(code))
            return false;
        last_right = is_right_to_left(code);
        if (count++ == 0)
            first_right = last_right;
        any_right |= last_right;
        any_left |= is_left_to_right(code);
    }
    if (any_right && (any_left || !first_right || !last_right))
        return false;
    return count > 0;
}

static size_t use_unchanged(ww_slice password, uint8_t *out, size_t cap)
{
    if (password.len > cap)
        return SIZE_MAX;
    if (password.len > 0)
        memcpy(out, password.ptr, password.len);
    return password.len;
}

size_t ww_saslprep(ww_slice password, uint8_t *out, size_t cap)
{
    ww__nfkc n;
    if (is_ascii(password) || !is_utf8(password) || !may_be_prepared(password))
        return use_unchanged(password, out, cap);
    ww__nfkc_init(&n, out, cap);
    while (password.len > 0) {
        uint32_t code = next_mapped(&password);
        if (code != MAPPED_TO_NOTHING)
            ww__nfkc_put(&n, code);
    }
    return ww__nfkc_finish(&n);
}
