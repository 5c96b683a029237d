/* SPDX-License-Identifier: MIT */
/* debezium_time.c: dates, times and intervals as Debezium's time.precision.mode and
 * interval.handling.mode have them. What has no such form (infinity, a number beyond 64 bits) is
 * PostgreSQL's text as a string. */
#include "debezium.h"

#define EPOCH_DAYS 10957 /* from 1970 to 2000 */
#define SECOND_US INT64_C(1000000)
#define HOUR_US (3600 * SECOND_US)
#define DAY_US (24 * HOUR_US)
#define MONTH_US INT64_C(2629800000000) /* 365.25 days / 12 */
#define MAX_PRECISION 6

enum { TEXT, ADAPTIVE, ADAPTIVE_TIME_US, CONNECT, ISO, MICROSECONDS, NANOSECONDS };
enum { INTERVAL_TEXT, INTERVAL_NUMERIC, INTERVAL_STRING };

static int precision_of(int32_t typmod)
{
    return typmod >= 0 && typmod <= MAX_PRECISION ? typmod : MAX_PRECISION;
}

/* ---- dates and times ------------------------------------------------------------------------ */

static void put_date(const ww__place *place, const ww_value *v)
{
    int32_t days;
    if (!ww__json_took(place, ww_value_date(v, &days, place->f->err)))
        return;
    if (days == WW_DATE_INFINITY || days == WW_DATE_MINUS_INFINITY)
        ww__json_put_text(place, v);
    else if (place->f->knobs[WW__TIME_MODE] == ISO)
        ww__out_java_date(place->out, days);
    else
        ww__out_i64(place->out, (int64_t)days + EPOCH_DAYS);
}

static void put_clock(const ww__place *place, const ww_value *v, int32_t typmod)
{
    int64_t us;
    if (!ww__json_took(place, ww_value_time(v, &us, NULL, place->f->err)))
        return;
    switch (place->f->knobs[WW__TIME_MODE]) {
    case ISO:
        ww__out_java_clock(place->out, us);
        break;
    case NANOSECONDS:
        ww__out_i64(place->out, us * 1000);
        break;
    case CONNECT:
        ww__out_i64(place->out, us / 1000);
        break;
    case ADAPTIVE:
        ww__out_i64(place->out, precision_of(typmod) <= 3 ? us / 1000 : us);
        break;
    default:
        ww__out_i64(place->out, us);
        break;
    }
}

/* In UTC; midnight at the end of a day stays that. */
static void put_zoned_clock(const ww__place *place, const ww_value *v)
{
    int64_t us;
    int32_t west_s;
    if (!ww__json_took(place, ww_value_time(v, &us, &west_s, place->f->err)))
        return;
    if (west_s != 0)
        us = (us + west_s * SECOND_US + 2 * DAY_US) % DAY_US;
    ww__out_java_clock(place->out, us);
}

static int64_t floor_ms(int64_t us)
{
    return us / 1000 - (us % 1000 < 0);
}

/* False: it does not fit into 64 bits. */
static bool put_since_1970(const ww__place *place, ww_pg_time time, int32_t typmod)
{
    uint8_t mode = place->f->knobs[WW__TIME_MODE];
    bool in_ms = mode == CONNECT ||
                 ((mode == ADAPTIVE || mode == ADAPTIVE_TIME_US) && precision_of(typmod) <= 3);
    int64_t us;
    if (in_ms) {
        ww__out_i64(place->out, floor_ms(time.us) + WW_PG_EPOCH_UNIX_US / 1000);
        return true;
    }
    if (time.us > INT64_MAX - WW_PG_EPOCH_UNIX_US)
        return false;
    us = time.us + WW_PG_EPOCH_UNIX_US;
    if (mode == NANOSECONDS && (us > INT64_MAX / 1000 || us < INT64_MIN / 1000))
        return false;
    ww__out_i64(place->out, mode == NANOSECONDS ? us * 1000 : us);
    return true;
}

static void put_timestamp(const ww__place *place, const ww_value *v, int32_t typmod)
{
    bool zoned = v->type->kind == WW_TYPE_TIMESTAMPTZ;
    ww_pg_time time;
    if (!ww__json_took(place, ww_value_timestamp(v, &time, place->f->err)))
        return;
    if (time.us == WW_TIME_INFINITY || time.us == WW_TIME_MINUS_INFINITY)
        ww__json_put_text(place, v);
    else if (zoned)
        ww__out_java_time(place->out, time, precision_of(typmod));
    else if (place->f->knobs[WW__TIME_MODE] == ISO)
        ww__out_java_time(place->out, time, WW__FRACTION_SHORT);
    else if (!put_since_1970(place, time, typmod))
        ww__json_put_text(place, v);
}

void ww__debezium_time(const ww__place *place, const ww_value *v, int32_t typmod)
{
    switch (v->type->kind) {
    case WW_TYPE_DATE:
        put_date(place, v);
        break;
    case WW_TYPE_TIME:
        put_clock(place, v, typmod);
        break;
    case WW_TYPE_TIMETZ:
        put_zoned_clock(place, v);
        break;
    default:
        put_timestamp(place, v, typmod);
        break;
    }
}

/* ---- intervals ------------------------------------------------------------------------------ */

/* *sum + n * unit, unit > 0, if that fits into 64 bits. */
static bool add_units(int64_t *sum, int32_t n, int64_t unit)
{
    if (n > INT64_MAX / unit || n < INT64_MIN / unit)
        return false;
    if (n >= 0 ? *sum > INT64_MAX - n * unit : *sum < INT64_MIN - n * unit)
        return false;
    *sum += n * unit;
    return true;
}

static void put_part(ww_out *out, int64_t number, char unit)
{
    ww__out_i64(out, number);
    ww__out_byte(out, unit);
}

static void put_seconds(ww_out *out, int64_t us)
{
    uint32_t fraction = (uint32_t)(us < 0 ? -(us % SECOND_US) : us % SECOND_US);
    uint32_t unit;
    if (us < 0 && us > -SECOND_US)
        ww__out_byte(out, '-');
    ww__out_i64(out, us / SECOND_US);
    if (fraction != 0)
        ww__out_byte(out, '.');
    for (unit = 100000; fraction != 0; fraction %= unit, unit /= 10)
        ww__out_byte(out, (char)('0' + fraction / unit));
    ww__out_byte(out, 'S');
}

static void put_iso(ww_out *out, const ww_interval *i)
{
    WW__OUT(out, "\"P");
    put_part(out, i->months / 12, 'Y');
    put_part(out, i->months % 12, 'M');
    put_part(out, i->days, 'D');
    ww__out_byte(out, 'T');
    put_part(out, i->us / HOUR_US, 'H');
    put_part(out, i->us % HOUR_US / (60 * SECOND_US), 'M');
    put_seconds(out, i->us % (60 * SECOND_US));
    ww__out_byte(out, '"');
}

static bool is_infinite(const ww_interval *i)
{
    return (i->us == INT64_MAX && i->days == INT32_MAX && i->months == INT32_MAX) ||
           (i->us == INT64_MIN && i->days == INT32_MIN && i->months == INT32_MIN);
}

void ww__debezium_interval(const ww__place *place, const ww_value *v)
{
    ww_interval i;
    int64_t us;
    if (!ww__json_took(place, ww_value_interval(v, &i, place->f->err)))
        return;
    us = i.us;
    if (is_infinite(&i))
        ww__json_put_text(place, v);
    else if (place->f->knobs[WW__INTERVAL_MODE] == INTERVAL_STRING)
        put_iso(place->out, &i);
    else if (add_units(&us, i.days, DAY_US) && add_units(&us, i.months, MONTH_US))
        ww__out_i64(place->out, us);
    else
        ww__json_put_text(place, v);
}
