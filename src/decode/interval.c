/* SPDX-License-Identifier: MIT */
/* interval.c: intervals in IntervalStyle postgres: `1 year 2 mons -3 days +04:05:06.5`. */
#include "scan.h"
#include "values.h"

/* `-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808` and some more. */
#define TEXT_SIZE 96u

/* ---- writing --------------------------------------------------------------------------------- */

/* What the fields that are already written mean for the next one. */
typedef struct print {
    uint8_t *at;
    bool empty;
    bool after_minus; /* a field above zero then shows its sign */
} print;

static void print_text(print *p, const char *text, size_t n)
{
    memcpy(p->at, text, n);
    p->at += n;
}

static void print_sign(print *p, bool negative)
{
    if (!p->empty)
        *p->at++ = ' ';
    if (negative || p->after_minus)
        *p->at++ = negative ? '-' : '+';
}

static void print_field(print *p, int64_t value, const char *unit, size_t unit_len)
{
    if (value == 0)
        return;
    print_sign(p, value < 0);
    p->at = ww__print_number(p->at, (uint64_t)(value < 0 ? -value : value), 1);
    *p->at++ = ' ';
    print_text(p, unit, unit_len);
    if (value != 1)
        *p->at++ = 's';
    p->after_minus = value < 0;
    p->empty = false;
}

static size_t print_finite(const ww_interval *i, uint8_t text[TEXT_SIZE])
{
    print p = {text, true, false};
    print_field(&p, i->months / 12, "year", 4);
    print_field(&p, i->months % 12, "mon", 3);
    print_field(&p, i->days, "day", 3);
    if (p.empty || i->us != 0) {
        print_sign(&p, i->us < 0);
        p.at = ww__print_daytime(p.at, i->us < 0 ? 0 - (uint64_t)i->us : (uint64_t)i->us);
    }
    return (size_t)(p.at - text);
}

static const ww_interval infinity = {INT64_MAX, INT32_MAX, INT32_MAX};
static const ww_interval minus_infinity = {INT64_MIN, INT32_MIN, INT32_MIN};

static bool is_same(const ww_interval *a, const ww_interval *b)
{
    return a->us == b->us && a->days == b->days && a->months == b->months;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char not_interval[] = "not an interval as IntervalStyle postgres writes it";

static bool take_word(ww__reader *r, const char *word, size_t len)
{
    if (ww__left(r) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

/* A number and its unit; the fields are put together as `months` and `days` of 64 bits. */
static void scan_unit(ww__reader *r, int64_t value, int64_t *months, int64_t *days)
{
    ww__scan_expect(r, ' ', not_interval);
    if (take_word(r, "year", 4))
        *months += value * 12;
    else if (take_word(r, "mon", 3))
        *months += value;
    else if (take_word(r, "day", 3))
        *days += value;
    else
        ww__break(r, not_interval, 0);
    ww__scan_skip(r, 's');
}

static bool is_time_ahead(const ww__reader *r)
{
    return ww__left(r) >= 8 && memchr(r->at, ':', ww__left(r)) != NULL &&
           memchr(r->at, ' ', ww__left(r)) == NULL;
}

static ww_interval scan_fields(ww__reader *r)
{
    int64_t months = 0, days = 0, us = 0;
    ww_interval i = {0, 0, 0};
    while (ww__left(r) > 0) {
        bool negative = ww__scan_skip(r, '-');
        if (!negative)
            ww__scan_skip(r, '+');
        if (is_time_ahead(r)) {
            uint64_t magnitude = ww__scan_daytime(r);
            us = (int64_t)(negative ? 0 - magnitude : magnitude);
            break;
        }
        scan_unit(r, (negative ? -1 : 1) * (int64_t)ww__scan_number(r, 1u << 31, not_interval),
                  &months, &days);
        if (ww__left(r) > 0)
            ww__scan_expect(r, ' ', not_interval);
    }
    if (months != (int32_t)months || days != (int32_t)days)
        ww__break(r, "an interval beyond its range", 0);
    i.us = us;
    i.days = (int32_t)days;
    i.months = (int32_t)months;
    return i;
}

/* The fields are read freely: whether signs, units and order are right is told by writing them. */
static ww_interval scan_interval(ww__reader *r, ww_slice text)
{
    uint8_t again[TEXT_SIZE];
    bool minus = WW__SCAN_IS(text, "-infinity");
    ww_interval i;
    if (minus || WW__SCAN_IS(text, "infinity")) {
        r->at = r->end;
        return minus ? minus_infinity : infinity;
    }
    if (text.len == 0 || text.len > TEXT_SIZE)
        ww__break(r, not_interval, 0);
    i = scan_fields(r);
    if (r->broken == NULL &&
        (print_finite(&i, again) != text.len || memcmp(again, text.ptr, text.len) != 0))
        ww__break(r, not_interval, (size_t)(r->at - r->start));
    return i;
}

static ww_interval read_interval(ww__reader *r)
{
    ww_interval i;
    i.us = (int64_t)ww__u64(r);
    i.days = ww__i32(r);
    i.months = ww__i32(r);
    return i;
}

ww_status ww_value_interval(const ww_value *v, ww_interval *out, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_INTERVAL, err);
    ww__reader r = ww__reader_of(v->bytes);
    ww_interval i;
    if (status != WW_OK)
        return status;
    i = v->form == WW_COLUMN_TEXT ? scan_interval(&r, v->bytes) : read_interval(&r);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = i;
    return status;
}

/* ---- check and put --------------------------------------------------------------------------- */

static ww_status check(const ww_value *v, ww_error *err)
{
    ww__reader r = ww__reader_of(v->bytes);
    read_interval(&r);
    return ww__value_done(v, &r, err);
}

/* Up to 16 these are intervals like any other. */
static bool has_infinity(const ww_value *v)
{
    int server = ww_types_server(v->types);
    return server == 0 || server >= 170000;
}

static void put(const ww_value *v, ww_out *out)
{
    ww__reader r = ww__reader_of(v->bytes);
    ww_interval i = read_interval(&r);
    uint8_t text[TEXT_SIZE];
    if (has_infinity(v) && is_same(&i, &infinity))
        WW__OUT(out, "infinity");
    else if (has_infinity(v) && is_same(&i, &minus_infinity))
        WW__OUT(out, "-infinity");
    else
        ww__out_put(out, text, print_finite(&i, text));
}

const ww__value_ops ww__value_ops_interval = {check, put};
