/* SPDX-License-Identifier: MIT */
/* number.c: integers and WAL positions as text, two digits at a time. */
#include "json.h"

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

const uint8_t *ww__digits(uint64_t value, uint8_t text[WW__DIGITS + WW__PAD])
{
    uint8_t *at = text + WW__DIGITS;
    while (value >= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value < 10) {
        *--at = (uint8_t)('0' + value);
        return at;
    }
    at -= 2;
    memcpy(at, pairs + 2 * value, 2);
    return at;
}

void ww__out_u64(ww_out *out, uint64_t value)
{
    uint8_t text[WW__DIGITS + WW__PAD];
    const uint8_t *digits = ww__digits(value, text);
    ww__out_put(out, digits, (size_t)(text + WW__DIGITS - digits));
}

void ww__out_lsn(ww_out *out, ww_lsn lsn)
{
    char text[WW_LSN_TEXT_SIZE + 2];
    size_t n = ww_lsn_format(lsn, text + 1);
    text[0] = '"';
    text[n + 1] = '"';
    ww__out_put(out, text, n + 2);
}
