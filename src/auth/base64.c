/* SPDX-License-Identifier: MIT */
/* base64.c: nonces, salts and signatures as text. All of it crosses the wire: nothing here is
 * secret, so tables may be indexed by it. */
#include "base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t ww__base64_encode(ww_slice bytes, char *out)
{
    size_t at, n = 0;
    for (at = 0; at < bytes.len; at += 3) {
        size_t left = bytes.len - at;
        uint32_t group = (uint32_t)bytes.ptr[at] << 16;
        if (left > 1)
            group |= (uint32_t)bytes.ptr[at + 1] << 8;
        if (left > 2)
            group |= bytes.ptr[at + 2];
        out[n++] = digits[group >> 18];
        out[n++] = digits[group >> 12 & 63];
        out[n++] = left > 1 ? digits[group >> 6 & 63] : '=';
        out[n++] = left > 2 ? digits[group & 63] : '=';
    }
    return n;
}

/* The value of a digit; 64 for anything else. */
static uint32_t value_of(uint8_t c)
{
    uint32_t i;
    for (i = 0; i < 64; i++)
        if (digits[i] == (char)c)
            break;
    return i;
}

/* Decodes four characters into 3 - padding bytes. */
static bool decode_group(const uint8_t *text, size_t padding, uint8_t *out)
{
    uint32_t group = 0;
    size_t i;
    for (i = 0; i < 4 - padding; i++) {
        uint32_t value = value_of(text[i]);
        if (value == 64)
            return false;
        group |= value << (18 - 6 * i);
    }
    for (i = 0; i < 3 - padding; i++)
        out[i] = (uint8_t)(group >> (16 - 8 * i));
    return (group & ((UINT32_C(1) << 8 * padding) - 1)) == 0;
}

bool ww__base64_decode(ww_slice text, uint8_t *out, size_t *len)
{
    size_t at;
    *len = 0;
    if (text.len % 4 != 0)
        return false;
    for (at = 0; at < text.len; at += 4) {
        size_t padding = 0;
        if (at + 4 == text.len && text.ptr[at + 3] == '=')
            padding = text.ptr[at + 2] == '=' ? 2 : 1;
        if (!decode_group(text.ptr + at, padding, out + *len))
            return false;
        *len += 3 - padding;
    }
    return true;
}
