/* SPDX-License-Identifier: MIT */
/* datetime.c: dates and times, in DateStyle ISO and in UTC. */
#include "print.h"
#include "scan.h"
#include "values.h"

#include "base/calendar.h"

/* The server's ranges: IS_VALID_DATE, IS_VALID_TIMESTAMP, TZDISP_LIMIT. */
#define DATE_MIN (-2451545)          /* 4714-11-24 BC */
#define DATE_END INT32_C(2145031949) /* 5874898-01-01 */
#define TIMESTAMP_MIN (DATE_MIN * WW__DAY_US)
#define TIMESTAMP_END INT64_C(9223371331200000000) /* 294277-01-01 */
#define ZONE_END (16 * 3600)

static const char out_of_range[] = "beyond the range of its type";

/* ---- text ------------------------------------------------------------------------------------ */

typedef struct civil {
    int64_t year; /* as written: 1 and above */
    unsigned month, day;
} civil;

static civil scan_civil(ww__reader *r)
{
    static const char rule[] = "not a date as DateStyle ISO writes it";
    const uint8_t *start = r->at;
    civil c;
    while (ww__scan_digit_ahead(r) && r->at - start < 8)
        r->at++;
    if (r->at - start < 4 || (*start == '0' && r->at - start > 4))
        ww__break(r, rule, (size_t)(r->at - start));
    for (c.year = 0; start < r->at && r->broken == NULL; start++)
        c.year = c.year * 10 + (*start - '0');
    ww__scan_expect(r, '-', rule);
    c.month = ww__scan_fixed(r, 2, rule);
    ww__scan_expect(r, '-', rule);
    c.day = ww__scan_fixed(r, 2, rule);
    if (c.year == 0 || c.month < 1 || c.month > 12)
        ww__break(r, "no such date", 0);
    return c;
}

/* The day of a date, once it is known whether ` BC` follows. */
static int64_t scan_era(ww__reader *r, civil c)
{
    int64_t year = c.year;
    if (ww__scan_skip(r, ' ')) {
        ww__scan_expect(r, 'B', "only BC may follow a date");
        ww__scan_expect(r, 'C', "only BC may follow a date");
        year = 1 - year;
    }
    if (r->broken != NULL)
        return 0;
    if (c.day < 1 || c.day > ww__civil_month_days(year, c.month)) {
        ww__break(r, "no such date", 0);
        return 0;
    }
    return ww__civil_day(year, c.month, c.day);
}

/* +HH[:MM[:SS]] as seconds west of UTC: -HH is west. */
static int32_t scan_zone(ww__reader *r)
{
    static const char rule[] = "not a time zone";
    bool west = ww__scan_skip(r, '-');
    unsigned minutes = 0, seconds = 0, zone;
    if (!west)
        ww__scan_expect(r, '+', rule);
    zone = ww__scan_fixed(r, 2, rule) * 3600;
    if (ww__scan_skip(r, ':')) {
        bool more;
        minutes = ww__scan_fixed(r, 2, rule);
        more = ww__scan_skip(r, ':');
        seconds = more ? ww__scan_fixed(r, 2, rule) : 0;
        if (more ? seconds == 0 : minutes == 0)
            ww__break(r, rule, 0);
    }
    zone += minutes * 60 + seconds;
    if (minutes > 59 || seconds > 59 || (west && zone == 0))
        ww__break(r, rule, 0);
    return west ? (int32_t)zone : -(int32_t)zone;
}

/* ---- date ------------------------------------------------------------------------------------ */

static int32_t scan_date(ww__reader *r, ww_slice text)
{
    int64_t day;
    bool minus = WW__SCAN_IS(text, "-infinity");
    if (minus || WW__SCAN_IS(text, "infinity")) {
        r->at = r->end;
        return minus ? WW_DATE_MINUS_INFINITY : WW_DATE_INFINITY;
    }
    day = scan_era(r, scan_civil(r));
    if (day < DATE_MIN || day >= DATE_END) {
        ww__break(r, out_of_range, 0);
        return 0;
    }
    return (int32_t)day;
}

static int32_t read_date(ww__reader *r)
{
    int32_t day = ww__i32(r);
    bool infinite = day == WW_DATE_INFINITY || day == WW_DATE_MINUS_INFINITY;
    if (!infinite && (day < DATE_MIN || day >= DATE_END)) {
        ww__break(r, out_of_range, 4);
        return 0;
    }
    return day;
}

ww_status ww_value_date(const ww_value *v, int32_t *days, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_DATE, err);
    ww__reader r = ww__reader_of(v->bytes);
    int32_t value;
    if (status != WW_OK)
        return status;
    value = v->form == WW_COLUMN_TEXT ? scan_date(&r, v->bytes) : read_date(&r);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *days = value;
    return status;
}

/* ---- time ------------------------------------------------------------------------------------ */

typedef struct time_of_day {
    int64_t us;
    int32_t west_s;
} time_of_day;

static time_of_day read_time(ww__reader *r, ww_type_kind kind, bool text)
{
    bool zoned = kind == WW_TYPE_TIMETZ;
    time_of_day t = {0, 0};
    uint64_t us = text ? ww__scan_daytime(r) : ww__u64(r);
    if (us > (uint64_t)WW__DAY_US)
        ww__break(r, out_of_range, 0);
    else
        t.us = (int64_t)us;
    if (zoned)
        t.west_s = text ? scan_zone(r) : ww__i32(r);
    if (t.west_s <= -ZONE_END || t.west_s >= ZONE_END) {
        ww__break(r, "a time zone beyond its range", 0);
        t.west_s = 0;
    }
    return t;
}

ww_status ww_value_time(const ww_value *v, int64_t *us, int32_t *west_s, ww_error *err)
{
    bool zoned = ww__value_kind(v) == WW_TYPE_TIMETZ;
    ww_status status = ww__value_is(v, zoned ? WW_TYPE_TIMETZ : WW_TYPE_TIME, err);
    ww__reader r = ww__reader_of(v->bytes);
    time_of_day t;
    if (status != WW_OK)
        return status;
    t = read_time(&r, ww__value_kind(v), v->form == WW_COLUMN_TEXT);
    status = ww__value_done(v, &r, err);
    if (status != WW_OK)
        return status;
    *us = t.us;
    if (west_s != NULL)
        *west_s = t.west_s;
    return WW_OK;
}

/* ---- timestamp ------------------------------------------------------------------------------- */

static int64_t scan_finite(ww__reader *r, bool zoned)
{
    civil date = scan_civil(r);
    uint64_t us;
    int64_t day;
    ww__scan_expect(r, ' ', "no time follows the date");
    us = ww__scan_daytime(r);
    if (us >= (uint64_t)WW__DAY_US)
        ww__break(r, "a time of day of more than a day", 0);
    if (zoned && scan_zone(r) != 0)
        ww__break(r, "a time that is not in UTC", 0);
    day = scan_era(r, date);
    if (r->broken != NULL)
        return 0;
    if (day < DATE_MIN || day >= TIMESTAMP_END / WW__DAY_US) {
        ww__break(r, out_of_range, 0);
        return 0;
    }
    return day * WW__DAY_US + (int64_t)us;
}

static int64_t scan_timestamp(ww__reader *r, ww_slice text, bool zoned)
{
    bool minus = WW__SCAN_IS(text, "-infinity");
    if (!minus && !WW__SCAN_IS(text, "infinity"))
        return scan_finite(r, zoned);
    r->at = r->end;
    return minus ? WW_TIME_MINUS_INFINITY : WW_TIME_INFINITY;
}

static int64_t read_timestamp(ww__reader *r)
{
    int64_t us = (int64_t)ww__u64(r);
    bool infinite = us == WW_TIME_INFINITY || us == WW_TIME_MINUS_INFINITY;
    if (!infinite && (us < TIMESTAMP_MIN || us >= TIMESTAMP_END)) {
        ww__break(r, out_of_range, 8);
        return 0;
    }
    return us;
}

ww_status ww_value_timestamp(const ww_value *v, ww_pg_time *out, ww_error *err)
{
    bool zoned = ww__value_kind(v) == WW_TYPE_TIMESTAMPTZ;
    ww_status status = ww__value_is(v, zoned ? WW_TYPE_TIMESTAMPTZ : WW_TYPE_TIMESTAMP, err);
    ww__reader r = ww__reader_of(v->bytes);
    int64_t us;
    if (status != WW_OK)
        return status;
    us = v->form == WW_COLUMN_TEXT ? scan_timestamp(&r, v->bytes, zoned) : read_timestamp(&r);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        out->us = us;
    return status;
}

/* ---- check and put --------------------------------------------------------------------------- */

static ww_status check(const ww_value *v, ww_error *err)
{
    ww_type_kind kind = ww__value_kind(v);
    ww__reader r = ww__reader_of(v->bytes);
    if (kind == WW_TYPE_DATE)
        read_date(&r);
    else if (kind == WW_TYPE_TIME || kind == WW_TYPE_TIMETZ)
        read_time(&r, kind, false);
    else
        read_timestamp(&r);
    return ww__value_done(v, &r, err);
}

static uint8_t *print_text(uint8_t *to, const char *text, size_t n)
{
    memcpy(to, text, n);
    return to + n;
}

/* YYYY-MM-DD; tells whether BC is to follow. */
static uint8_t *print_civil(uint8_t *to, int64_t day, bool *bc)
{
    unsigned month, day_of_month;
    int64_t year;
    ww__civil_date(day, &year, &month, &day_of_month);
    *bc = year <= 0;
    if (*bc)
        year = 1 - year;
    to = year <= 9999 ? ww__print_group(to, (unsigned)year)
                      : ww__print_number(to, (uint64_t)year, 4);
    *to++ = '-';
    to = ww__print_pair(to, month);
    *to++ = '-';
    return ww__print_pair(to, day_of_month);
}

static uint8_t *print_infinity(uint8_t *to, bool minus)
{
    return minus ? print_text(to, "-infinity", 9) : print_text(to, "infinity", 8);
}

static uint8_t *print_date(uint8_t *to, int32_t day)
{
    bool bc;
    if (day == WW_DATE_INFINITY || day == WW_DATE_MINUS_INFINITY)
        return print_infinity(to, day < 0);
    to = print_civil(to, day, &bc);
    return print_text(to, " BC", bc ? 3 : 0);
}

static uint8_t *print_zone(uint8_t *to, int32_t west_s)
{
    unsigned zone = (unsigned)(west_s > 0 ? west_s : -west_s);
    *to++ = west_s > 0 ? '-' : '+';
    to = ww__print_pair(to, zone / 3600);
    if (zone % 3600 == 0)
        return to;
    *to++ = ':';
    to = ww__print_pair(to, zone / 60 % 60);
    if (zone % 60 == 0)
        return to;
    *to++ = ':';
    return ww__print_pair(to, zone % 60);
}

static uint8_t *print_timestamp(uint8_t *to, int64_t us, bool zoned)
{
    int64_t day = us / WW__DAY_US - (us % WW__DAY_US < 0);
    bool bc;
    if (us == WW_TIME_INFINITY || us == WW_TIME_MINUS_INFINITY)
        return print_infinity(to, us < 0);
    to = print_civil(to, day, &bc);
    *to++ = ' ';
    to = ww__print_daytime(to, (uint64_t)(us - day * WW__DAY_US));
    if (zoned)
        to = print_zone(to, 0);
    return print_text(to, " BC", bc ? 3 : 0);
}

static uint8_t *print_time(uint8_t *to, time_of_day t, bool zoned)
{
    to = ww__print_daytime(to, (uint64_t)t.us);
    return zoned ? print_zone(to, t.west_s) : to;
}

/* What cannot be read prints as zero. */
static uint8_t *print(ww_type_kind kind, ww__reader *r, uint8_t *to)
{
    if (kind == WW_TYPE_DATE)
        return print_date(to, read_date(r));
    if (kind == WW_TYPE_TIME || kind == WW_TYPE_TIMETZ)
        return print_time(to, read_time(r, kind, false), kind == WW_TYPE_TIMETZ);
    return print_timestamp(to, read_timestamp(r), kind == WW_TYPE_TIMESTAMPTZ);
}

uint8_t *ww__time_print(ww_type_kind kind, ww_slice bytes, uint8_t *to)
{
    ww__reader r = ww__reader_of(bytes);
    uint8_t *end = print(kind, &r, to);
    return r.broken == NULL && r.at == r.end ? end : NULL;
}

static void put(const ww_value *v, ww_out *out)
{
    ww__reader r = ww__reader_of(v->bytes);
    ww__window w;
    ww__window_open(&w, out);
    ww__window_done(&w, out, (size_t)(print(ww__value_kind(v), &r, w.at) - w.at));
}

const ww__value_ops ww__value_ops_time = {check, put};
