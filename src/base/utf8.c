/* SPDX-License-Identifier: MIT */
/* utf8.c: strict UTF-8, and text made safe for a terminal or a log. */
#include "utf8.h"

static bool continues(const uint8_t *p, size_t n)
{
    size_t i;
    for (i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return false;
    return true;
}

size_t ww__utf8_decode(const uint8_t *p, size_t left, uint32_t *code)
{
    uint32_t c;
    if (left == 0)
        return 0;
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF && left >= 2 && continues(p, 2)) {
        *code = (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
        return 2;
    }
    if ((p[0] & 0xF0) == 0xE0 && left >= 3 && continues(p, 3)) {
        c = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
        *code = c;
        return c >= 0x800 && (c < 0xD800 || c > 0xDFFF) ? 3 : 0;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4 && left >= 4 && continues(p, 4)) {
        c = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
            (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
        *code = c;
        return c >= 0x10000 && c <= 0x10FFFF ? 4 : 0;
    }
    return 0;
}

size_t ww__utf8_encode(uint32_t code, uint8_t out[4])
{
    static const uint8_t lead[] = { 0, 0x00, 0xC0, 0xE0, 0xF0 };
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    size_t i;
    for (i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3F));
    out[0] = (uint8_t)(lead[n] | code);
    return n;
}

bool ww__is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C ||
           (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

static size_t escape_byte(uint8_t byte, char out[12])
{
    static const char digits[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits[byte >> 4];
    out[3] = digits[byte & 15];
    return 4;
}

static size_t escape_code(uint32_t code, char out[12])
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    int shift;
    out[n++] = '\\';
    out[n++] = 'u';
    out[n++] = '{';
    for (shift = 12; shift >= 0; shift -= 4)
        out[n++] = digits[code >> shift & 15];
    out[n++] = '}';
    return n;
}

size_t ww_text_escape(ww_slice text, char *out, size_t cap)
{
    size_t at = 0, len = 0, i;
    while (at < text.len) {
        char piece[12];
        uint32_t code = 0;
        size_t n = ww__utf8_decode(text.ptr + at, text.len - at, &code);
        size_t piece_len;
        if (n == 0) {
            piece_len = escape_byte(text.ptr[at], piece);
            n = 1;
        } else if (ww__is_unsafe(code)) {
            piece_len = code < 0x80 ? escape_byte((uint8_t)code, piece) : escape_code(code, piece);
        } else {
            for (i = 0; i < n; i++)
                piece[i] = (char)text.ptr[at + i];
            piece_len = n;
        }
        if (len + piece_len > cap - 1)
            break;
        for (i = 0; i < piece_len; i++)
            out[len++] = piece[i];
        at += n;
    }
    out[len] = '\0';
    return len;
}
