/* SPDX-License-Identifier: MIT */
/* time.c: the server's microseconds since 2000 as Unix numbers and as ISO 8601 text, and WAL
 * positions. Any 64-bit value gives an exact answer: the sums that could overflow are done on
 * magnitudes. */
#include "json.h"

#include "base/calendar.h"

#define DAY_US INT64_C(86400000000)

/* Microseconds since 1970 as sign and magnitude. */
static uint64_t unix_us(ww_pg_time time, bool *negative)
{
    *negative = time.us < -WW_PG_EPOCH_UNIX_US;
    if (*negative)
        return 0 - (uint64_t)(time.us + WW_PG_EPOCH_UNIX_US);
    return (uint64_t)time.us + (uint64_t)WW_PG_EPOCH_UNIX_US;
}

static uint64_t ms_magnitude(uint64_t us, bool negative)
{
    return negative ? us / 1000 + (us % 1000 != 0) : us / 1000;
}

static size_t put_text(uint8_t *to, const char *text, size_t n)
{
    memcpy(to, text, n);
    return n;
}

static size_t put_number(uint8_t *to, uint64_t magnitude, bool negative)
{
    uint8_t text[WW__DIGITS + WW__PAD];
    const uint8_t *digits = ww__digits(magnitude, text);
    size_t n = (size_t)(text + WW__DIGITS - digits);
    *to = '-';
    memcpy(to + negative, digits, n);
    return n + negative;
}

/* Between 2001-09-09 and 2286-11-20 the three numbers share their digits. */
static size_t put_common(uint8_t *to, uint64_t us)
{
    uint8_t text[WW__DIGITS + WW__PAD];
    const uint8_t *digits = ww__digits(us, text);
    memcpy(to, digits, 13);
    memcpy(to + 13, ",\"ts_us\":", 9);
    memcpy(to + 22, digits, 16);
    memcpy(to + 38, ",\"ts_ns\":", 9);
    memcpy(to + 47, digits, 16);
    memcpy(to + 63, "000", 3);
    return 66;
}

static size_t put_any(uint8_t *to, uint64_t us, bool negative)
{
    uint64_t ms = ms_magnitude(us, negative);
    size_t n = put_number(to, ms, negative);
    n += put_text(to + n, ",\"ts_us\":", 9);
    n += put_number(to + n, us, negative);
    n += put_text(to + n, ",\"ts_ns\":", 9);
    n += put_number(to + n, us, negative);
    if (us != 0)
        n += put_text(to + n, "000", 3);
    return n;
}

void ww__stamp_set(ww__stamp *stamp, ww_pg_time time)
{
    bool negative;
    uint64_t us = unix_us(time, &negative);
    bool common = !negative && us >= UINT64_C(1000000000000000) && us < UINT64_C(10000000000000000);
    stamp->len = common ? put_common(stamp->text, us) : put_any(stamp->text, us, negative);
    stamp->time = time;
    stamp->set = true;
}

void ww__out_unix_ms(ww_out *out, ww_pg_time time)
{
    bool negative;
    uint64_t us = unix_us(time, &negative);
    if (negative)
        ww__out_byte(out, '-');
    ww__out_u64(out, ms_magnitude(us, negative));
}

static uint8_t *put_padded(uint8_t *to, unsigned value, unsigned width)
{
    unsigned i;
    for (i = width; i > 0; i--, value /= 10)
        to[i - 1] = (uint8_t)('0' + value % 10);
    return to + width;
}

/* Four digits; years outside of 0 .. 9999 have a sign and as many as they need. */
static uint8_t *put_year(uint8_t *to, int64_t year)
{
    uint64_t magnitude = year < 0 ? (uint64_t)-year : (uint64_t)year;
    if (year < 0 || year > 9999)
        *to++ = year < 0 ? '-' : '+';
    if (magnitude <= 9999)
        return put_padded(to, (unsigned)magnitude, 4);
    return to + put_number(to, magnitude, false);
}

/* Up to the seconds; *fraction gets the microseconds. */
static uint8_t *put_seconds(uint8_t *at, ww_pg_time time, unsigned *fraction)
{
    int64_t day = time.us / DAY_US - (time.us % DAY_US < 0);
    int64_t us = time.us % DAY_US < 0 ? time.us % DAY_US + DAY_US : time.us % DAY_US;
    unsigned seconds = (unsigned)(us / 1000000);
    unsigned month, day_of_month;
    int64_t year;
    ww__civil_date(day, &year, &month, &day_of_month);
    at = put_year(at, year);
    *at++ = '-';
    at = put_padded(at, month, 2);
    *at++ = '-';
    at = put_padded(at, day_of_month, 2);
    *at++ = 'T';
    at = put_padded(at, seconds / 3600, 2);
    *at++ = ':';
    at = put_padded(at, seconds / 60 % 60, 2);
    *at++ = ':';
    *fraction = (unsigned)(us % 1000000);
    return put_padded(at, seconds % 60, 2);
}

static uint8_t *put_fraction(uint8_t *at, unsigned fraction)
{
    *at++ = '.';
    return put_padded(at, fraction, 6);
}

void ww__out_iso_time(ww_out *out, ww_pg_time time)
{
    uint8_t text[48];
    uint8_t *at = text;
    unsigned fraction;
    *at++ = '"';
    at = put_seconds(at, time, &fraction);
    at = put_fraction(at, fraction);
    *at++ = 'Z';
    *at++ = '"';
    ww__out_put(out, text, (size_t)(at - text));
}

void ww__out_python_time(ww_out *out, ww_pg_time time, bool utc)
{
    uint8_t text[48];
    uint8_t *at = text;
    unsigned fraction;
    *at++ = '"';
    at = put_seconds(at, time, &fraction);
    if (fraction != 0)
        at = put_fraction(at, fraction);
    at += put_text(at, "+00:00", utc ? 6 : 0);
    *at++ = '"';
    ww__out_put(out, text, (size_t)(at - text));
}

/* So many digits, cut off; WW__FRACTION_SHORT: none that ends in a zero. */
static uint8_t *put_some_fraction(uint8_t *at, unsigned fraction, int digits)
{
    uint8_t *end = put_fraction(at, fraction);
    if (digits >= 0)
        return digits == 0 ? at : at + 1 + digits;
    while (end[-1] == '0')
        end--;
    return end[-1] == '.' ? at : end;
}

void ww__out_java_time(ww_out *out, ww_pg_time time, int digits)
{
    uint8_t text[48];
    uint8_t *at = text;
    unsigned fraction;
    *at++ = '"';
    at = put_seconds(at, time, &fraction);
    at = put_some_fraction(at, fraction, digits);
    *at++ = 'Z';
    *at++ = '"';
    ww__out_put(out, text, (size_t)(at - text));
}

void ww__out_java_date(ww_out *out, int64_t day)
{
    uint8_t text[48];
    uint8_t *at = text;
    unsigned month, day_of_month;
    int64_t year;
    ww__civil_date(day, &year, &month, &day_of_month);
    *at++ = '"';
    at = put_year(at, year);
    *at++ = '-';
    at = put_padded(at, month, 2);
    *at++ = '-';
    at = put_padded(at, day_of_month, 2);
    *at++ = 'Z';
    *at++ = '"';
    ww__out_put(out, text, (size_t)(at - text));
}

void ww__out_java_clock(ww_out *out, int64_t us)
{
    uint8_t text[32];
    uint8_t *at = text;
    unsigned seconds = (unsigned)(us / 1000000);
    *at++ = '"';
    at = put_padded(at, seconds / 3600, 2);
    *at++ = ':';
    at = put_padded(at, seconds / 60 % 60, 2);
    *at++ = ':';
    at = put_padded(at, seconds % 60, 2);
    at = put_some_fraction(at, (unsigned)(us % 1000000), WW__FRACTION_SHORT);
    *at++ = 'Z';
    *at++ = '"';
    ww__out_put(out, text, (size_t)(at - text));
}

void ww__out_lsn(ww_out *out, ww_lsn lsn)
{
    char text[WW_LSN_TEXT_SIZE + 2];
    size_t n = ww_lsn_format(lsn, text + 1);
    text[0] = '"';
    text[n + 1] = '"';
    ww__out_put(out, text, n + 2);
}
