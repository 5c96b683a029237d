/* SPDX-License-Identifier: MIT */
/* bytes.c: arbitrary bytes as base64 (RFC 4648). */
#include "json.h"

/* One to three bytes as four characters. */
static void put_quartet(uint8_t to[4], const uint8_t *from, size_t n, const char *alphabet)
{
    uint32_t bits = (uint32_t)from[0] << 16;
    if (n > 1)
        bits |= (uint32_t)from[1] << 8;
    if (n > 2)
        bits |= from[2];
    to[0] = (uint8_t)alphabet[bits >> 18];
    to[1] = (uint8_t)alphabet[bits >> 12 & 63];
    to[2] = (uint8_t)(n > 1 ? alphabet[bits >> 6 & 63] : '=');
    to[3] = (uint8_t)(n > 2 ? alphabet[bits & 63] : '=');
}

static void put_base64(ww_out *out, ww_slice bytes, const char *alphabet)
{
    size_t at = 0;
    while (at < bytes.len && out->status == WW_OK) {
        ww__window w;
        size_t n = 0;
        ww__window_open(&w, out);
        while (at < bytes.len && w.room - n >= 4) {
            size_t left = bytes.len - at;
            put_quartet(w.at + n, bytes.ptr + at, left, alphabet);
            at += left < 3 ? left : 3;
            n += 4;
        }
        ww__window_done(&w, out, n);
    }
}

void ww__out_base64(ww_out *out, ww_slice bytes)
{
    put_base64(out, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

void ww__out_base64_url(ww_out *out, ww_slice bytes)
{
    put_base64(out, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
