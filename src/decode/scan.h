/* SPDX-License-Identifier: MIT */
/* scan.h: reads and writes the pieces that the text of scalar values is made of. The server quotes
 * no digit, so the text is read where it stands, whatever containers it is in. Scanners break the
 * reader's rule and go on with zero. */
#ifndef WALWIRE_DECODE_SCAN_H
#define WALWIRE_DECODE_SCAN_H

#include "base/digits.h"
#include "base/reader.h"

/* Microseconds of a day and of smaller things. */
#define WW__DAY_US INT64_C(86400000000)
#define WW__HOUR_US INT64_C(3600000000)
#define WW__MINUTE_US INT64_C(60000000)
#define WW__SECOND_US INT64_C(1000000)

/* The next byte, not taken; -1 at the end. */
static inline int ww__scan_peek(const ww__reader *r)
{
    return r->at < r->end ? *r->at : -1;
}

static inline bool ww__scan_digit_ahead(const ww__reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

/* Takes the byte if it is the next one. */
static inline bool ww__scan_skip(ww__reader *r, char byte)
{
    if (ww__scan_peek(r) != (uint8_t)byte)
        return false;
    r->at++;
    return true;
}

/* Takes the byte, which must be the next one. */
static inline void ww__scan_expect(ww__reader *r, char byte, const char *rule)
{
    if (!ww__scan_skip(r, byte))
        ww__break(r, rule, 0);
}

/* Is the text this word and nothing else? */
static inline bool ww__scan_is(ww_slice text, const char *word, size_t len)
{
    return text.len == len && memcmp(text.ptr, word, len) == 0;
}
#define WW__SCAN_IS(text, literal) ww__scan_is((text), "" literal, sizeof(literal) - 1)

/* Exactly `width` decimal digits. */
unsigned ww__scan_fixed(ww__reader *r, unsigned width, const char *rule);
/* Decimal digits without leading zeros, up to a greatest value. */
uint64_t ww__scan_number(ww__reader *r, uint64_t max, const char *rule);
/* One digit of lower-case hexadecimal. */
unsigned ww__scan_hex_digit(ww__reader *r, const char *rule);

/* HH:MM:SS with up to six decimals, of which the last is no zero; two digits of hours, or as many
 * as they need. At most INT64_MAX + 1 microseconds. */
uint64_t ww__scan_daytime(ww__reader *r);

/* The writers return where the text goes on. */

/* Two digits: value < 100. */
static inline uint8_t *ww__print_pair(uint8_t *to, unsigned value)
{
    memcpy(to, ww__digit_pairs + 2 * value, 2);
    return to + 2;
}

/* Four digits: value < 10000. */
static inline uint8_t *ww__print_group(uint8_t *to, unsigned value)
{
    return ww__print_pair(ww__print_pair(to, value / 100), value % 100);
}

/* A byte in lower-case hexadecimal. */
static inline uint8_t *ww__print_hex(uint8_t *to, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    to[0] = (uint8_t)digits[byte >> 4];
    to[1] = (uint8_t)digits[byte & 15];
    return to + 2;
}

/* With as many digits as it needs, and at least `width`. */
uint8_t *ww__print_number(uint8_t *to, uint64_t value, unsigned width);
uint8_t *ww__print_daytime(uint8_t *to, uint64_t us);

#endif
