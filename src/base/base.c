/* SPDX-License-Identifier: MIT */
/* base.c: slices, positions and the library's version. */
#include <walwire/base.h>

#include <string.h>

const char *ww_version(void)
{
    return WW_VERSION_STRING;
}

ww_slice ww_slice_of(const char *text)
{
    ww_slice s = { (const uint8_t *)text, text != NULL ? strlen(text) : 0 };
    return s;
}

bool ww_slice_equal(ww_slice a, ww_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static size_t format_hex(uint32_t value, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 1, i;
    uint32_t rest;
    for (rest = value >> 4; rest != 0; rest >>= 4)
        n++;
    for (i = n; i > 0; i--, value >>= 4)
        out[i - 1] = digits[value & 15];
    return n;
}

size_t ww_lsn_format(ww_lsn lsn, char out[WW_LSN_TEXT_SIZE])
{
    size_t n = format_hex((uint32_t)(lsn >> 32), out);
    out[n++] = '/';
    n += format_hex((uint32_t)lsn, out + n);
    out[n] = '\0';
    return n;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t parse_hex(ww_slice text, size_t at, uint32_t *value)
{
    size_t n = 0;
    *value = 0;
    while (n < 8 && at + n < text.len && hex_digit(text.ptr[at + n]) >= 0) {
        *value = *value << 4 | (uint32_t)hex_digit(text.ptr[at + n]);
        n++;
    }
    return n;
}

bool ww_lsn_parse(ww_slice text, ww_lsn *lsn)
{
    uint32_t high, low;
    size_t n = parse_hex(text, 0, &high);
    size_t m;
    if (n == 0 || n >= text.len || text.ptr[n] != '/')
        return false;
    m = parse_hex(text, n + 1, &low);
    if (m == 0 || n + 1 + m != text.len)
        return false;
    *lsn = (ww_lsn)high << 32 | low;
    return true;
}
