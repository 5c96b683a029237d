/* SPDX-License-Identifier: MIT */
/* digits.c: integers in decimal, two digits at a time, and bytes in hexadecimal. */
#include "digits.h"

const char ww__digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

const uint8_t *ww__digits(uint64_t value, uint8_t text[WW__DIGITS + WW__PAD])
{
    uint8_t *at = text + WW__DIGITS;
    while (value >= 100) {
        at -= 2;
        memcpy(at, ww__digit_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value < 10) {
        *--at = (uint8_t)('0' + value);
        return at;
    }
    at -= 2;
    memcpy(at, ww__digit_pairs + 2 * value, 2);
    return at;
}

void ww__out_u64(ww_out *out, uint64_t value)
{
    uint8_t text[WW__DIGITS + WW__PAD];
    const uint8_t *digits = ww__digits(value, text);
    ww__out_put(out, digits, (size_t)(text + WW__DIGITS - digits));
}

void ww__out_i64(ww_out *out, int64_t value)
{
    if (value < 0)
        ww__out_byte(out, '-');
    ww__out_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void ww__out_hex(ww_out *out, ww_slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    while (at < bytes.len && out->status == WW_OK) {
        ww__window w;
        size_t n = 0;
        ww__window_open(&w, out);
        while (at < bytes.len && w.room - n >= 2) {
            w.at[n++] = (uint8_t)digits[bytes.ptr[at] >> 4];
            w.at[n++] = (uint8_t)digits[bytes.ptr[at] & 15];
            at++;
        }
        ww__window_done(&w, out, n);
    }
}
