/* SPDX-License-Identifier: MIT */
/* scan.c: numbers and times of day in the text of scalar values. */
#include "scan.h"

unsigned ww__scan_fixed(ww__reader *r, unsigned width, const char *rule)
{
    unsigned value = 0, i;
    for (i = 0; i < width; i++) {
        if (!ww__scan_digit_ahead(r)) {
            ww__break(r, rule, 0);
            return 0;
        }
        value = value * 10 + (unsigned)(*r->at++ - '0');
    }
    return value;
}

uint64_t ww__scan_number(ww__reader *r, uint64_t max, const char *rule)
{
    uint64_t value = 0;
    if (!ww__scan_digit_ahead(r))
        ww__break(r, rule, 0);
    if (ww__scan_skip(r, '0') && ww__scan_digit_ahead(r))
        ww__break(r, rule, 1);
    while (ww__scan_digit_ahead(r)) {
        unsigned digit = (unsigned)(*r->at - '0');
        if (value > (max - digit) / 10) {
            ww__break(r, rule, 0);
            return 0;
        }
        value = value * 10 + digit;
        r->at++;
    }
    return value;
}

unsigned ww__scan_hex_digit(ww__reader *r, const char *rule)
{
    int c = ww__scan_peek(r);
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
        ww__break(r, rule, 0);
        return 0;
    }
    r->at++;
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static uint64_t scan_fraction(ww__reader *r)
{
    unsigned value = 0, digits = 0;
    while (ww__scan_digit_ahead(r) && digits < 6) {
        value = value * 10 + (unsigned)(*r->at++ - '0');
        digits++;
    }
    if (value % 10 == 0)
        ww__break(r, "a fraction of seconds ends in a zero or has no digits", 0);
    for (; digits < 6; digits++)
        value *= 10;
    return value;
}

/* Two digits, or more that do not begin with a zero. */
static uint64_t scan_hours(ww__reader *r)
{
    static const char rule[] = "the hours are no number of at least two digits";
    const uint64_t most = ((uint64_t)INT64_MAX + 1) / (uint64_t)WW__HOUR_US;
    if (ww__scan_skip(r, '0'))
        return ww__scan_fixed(r, 1, rule);
    if (ww__left(r) >= 2 && r->at[1] == ':')
        ww__break(r, rule, 0);
    return ww__scan_number(r, most, rule);
}

static uint64_t scan_sixty(ww__reader *r)
{
    static const char rule[] = "minutes and seconds are two digits up to 59";
    unsigned value = ww__scan_fixed(r, 2, rule);
    if (value > 59)
        ww__break(r, rule, 2);
    return value;
}

uint64_t ww__scan_daytime(ww__reader *r)
{
    static const char rule[] = "a colon is missing in a time";
    uint64_t us = scan_hours(r) * (uint64_t)WW__HOUR_US;
    ww__scan_expect(r, ':', rule);
    us += scan_sixty(r) * (uint64_t)WW__MINUTE_US;
    ww__scan_expect(r, ':', rule);
    us += scan_sixty(r) * (uint64_t)WW__SECOND_US;
    if (ww__scan_skip(r, '.'))
        us += scan_fraction(r);
    if (us > (uint64_t)INT64_MAX + 1)
        ww__break(r, "a time is beyond its range", 0);
    return us;
}

uint8_t *ww__print_number(uint8_t *to, uint64_t value, unsigned width)
{
    uint8_t text[WW__DIGITS + WW__PAD];
    const uint8_t *digits = ww__digits(value, text);
    size_t n = (size_t)(text + WW__DIGITS - digits);
    for (; width > n; width--)
        *to++ = '0';
    memcpy(to, digits, n);
    return to + n;
}

uint8_t *ww__print_daytime(uint8_t *to, uint64_t us)
{
    uint64_t seconds = us / (uint64_t)WW__SECOND_US;
    unsigned fraction = (unsigned)(us - seconds * (uint64_t)WW__SECOND_US), minutes;
    if (seconds < 100 * 3600) {
        unsigned hours = (unsigned)seconds / 3600;
        to = ww__print_pair(to, hours);
        seconds -= hours * 3600;
    } else {
        to = ww__print_number(to, seconds / 3600, 2);
        seconds %= 3600;
    }
    minutes = (unsigned)seconds / 60;
    *to++ = ':';
    to = ww__print_pair(to, minutes);
    *to++ = ':';
    to = ww__print_pair(to, (unsigned)seconds - 60 * minutes);
    if (fraction == 0)
        return to;
    *to++ = '.';
    to = ww__print_pair(to, fraction / 10000);
    to = ww__print_pair(to, fraction / 100 % 100);
    to = ww__print_pair(to, fraction % 100);
    while (to[-1] == '0')
        to--;
    return to;
}
