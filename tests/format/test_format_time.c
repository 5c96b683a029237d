/* SPDX-License-Identifier: MIT */
/* Instants as ISO 8601 text and as Unix numbers: known ones, the C library's calendar as second
 * opinion, and the ends of the 64-bit range. */
#include "check.h"
#include "strictjson.h"

#include "format/json.h"

#include <time.h>

#define SECOND INT64_C(1000000)

static ww_slice iso(int64_t us)
{
    static uint8_t buffer[64];
    ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, NULL, NULL, 0 };
    ww_pg_time t = { us };
    ww_slice s = { buffer, 0 };
    ww__out_iso_time(&out, t);
    s.len = out.len;
    return s;
}

static const char *stamp(int64_t us)
{
    static char text[200];
    ww_pg_time t = { us };
    ww__stamp s = { 0 };
    ww__stamp_set(&s, t);
    CHECK(s.set && s.time.us == us && s.len < sizeof text);
    memcpy(text, s.text, s.len);
    text[s.len] = '\0';
    return text;
}

static void known_instants(void)
{
    CHECK_SLICE(iso(0), "\"2000-01-01T00:00:00.000000Z\"");
    CHECK_SLICE(iso(-1), "\"1999-12-31T23:59:59.999999Z\"");
    CHECK_SLICE(iso(INT64_C(758629800123456)), "\"2024-01-15T10:30:00.123456Z\"");
    CHECK_SLICE(iso(-WW_PG_EPOCH_UNIX_US), "\"1970-01-01T00:00:00.000000Z\"");
    CHECK_SLICE(iso(59 * 86400 * SECOND), "\"2000-02-29T00:00:00.000000Z\"");
    CHECK_SLICE(iso(INT64_C(-63082281600) * SECOND), "\"0001-01-01T00:00:00.000000Z\"");
    CHECK_SLICE(iso(INT64_C(-63113904000) * SECOND), "\"0000-01-01T00:00:00.000000Z\"");
    CHECK_SLICE(iso(INT64_C(-63113904000) * SECOND - 1), "\"-0001-12-31T23:59:59.999999Z\"");
    CHECK_SLICE(iso(INT64_C(252455616000) * SECOND - 1), "\"9999-12-31T23:59:59.999999Z\"");
    CHECK_SLICE(iso(INT64_C(252455616000) * SECOND), "\"+10000-01-01T00:00:00.000000Z\"");
    CHECK_SLICE(iso(INT64_MAX), "\"+294277-01-09T04:00:54.775807Z\"");
    CHECK_SLICE(iso(INT64_MIN), "\"-290278-12-22T19:59:05.224192Z\"");
}

/* Every day of 800 years around 2000, each at another time of day. */
static void against_gmtime(void)
{
    int64_t day;
    for (day = -146097; day < 146097; day++) {
        int64_t second = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;
        unsigned us = (unsigned)((day + 146097) * 31) % 1000000;
        time_t t = (time_t)(second + WW_PG_EPOCH_UNIX_US / SECOND);
        char want[80];
        struct tm tm;
        gmtime_r(&t, &tm);
        snprintf(want, sizeof want, "\"%04d-%02d-%02dT%02d:%02d:%02d.%06uZ\"", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, us);
        if (!CHECK_SLICE(iso(second * SECOND + us), want))
            break;
    }
}

static void unix_numbers(void)
{
    CHECK_TEXT(stamp(INT64_C(758629800123456)),
               "1705314600123,\"ts_us\":1705314600123456,\"ts_ns\":1705314600123456000");
    CHECK_TEXT(stamp(-WW_PG_EPOCH_UNIX_US), "0,\"ts_us\":0,\"ts_ns\":0");
    CHECK_TEXT(stamp(-WW_PG_EPOCH_UNIX_US + 1), "0,\"ts_us\":1,\"ts_ns\":1000");
    CHECK_TEXT(stamp(-WW_PG_EPOCH_UNIX_US + 1000), "1,\"ts_us\":1000,\"ts_ns\":1000000");
    CHECK_TEXT(stamp(-WW_PG_EPOCH_UNIX_US - 1), "-1,\"ts_us\":-1,\"ts_ns\":-1000");
    CHECK_TEXT(stamp(-WW_PG_EPOCH_UNIX_US - 1000), "-1,\"ts_us\":-1000,\"ts_ns\":-1000000");
    CHECK_TEXT(stamp(-WW_PG_EPOCH_UNIX_US - 1001), "-2,\"ts_us\":-1001,\"ts_ns\":-1001000");
    CHECK_TEXT(stamp(INT64_C(999999999999999) - WW_PG_EPOCH_UNIX_US),
               "999999999999,\"ts_us\":999999999999999,\"ts_ns\":999999999999999000");
    CHECK_TEXT(stamp(INT64_C(1000000000000000) - WW_PG_EPOCH_UNIX_US),
               "1000000000000,\"ts_us\":1000000000000000,\"ts_ns\":1000000000000000000");
    CHECK_TEXT(stamp(INT64_C(9999999999999999) - WW_PG_EPOCH_UNIX_US),
               "9999999999999,\"ts_us\":9999999999999999,\"ts_ns\":9999999999999999000");
    CHECK_TEXT(stamp(INT64_C(10000000000000000) - WW_PG_EPOCH_UNIX_US),
               "10000000000000,\"ts_us\":10000000000000000,\"ts_ns\":10000000000000000000");
    CHECK_TEXT(stamp(INT64_MAX),
               "9224318721654775,\"ts_us\":9224318721654775807,\"ts_ns\":9224318721654775807000");
    CHECK_TEXT(
        stamp(INT64_MIN),
        "-9222425352054776,\"ts_us\":-9222425352054775808,\"ts_ns\":-9222425352054775808000");
}

static void milliseconds(void)
{
    static const struct { int64_t us; const char *text; } cases[] = {
        { -1, "-1" }, { -1000, "-1" }, { -1001, "-2" }, { 999, "0" }, { 1000, "1" },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t buffer[40];
        ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, NULL, NULL, 0 };
        ww_pg_time t = { cases[i].us - WW_PG_EPOCH_UNIX_US };
        ww_slice s = { buffer, 0 };
        ww__out_unix_ms(&out, t);
        s.len = out.len;
        CHECK_SLICE(s, cases[i].text);
    }
}

/* printf's opinion of integers of every length. */
static void digits(void)
{
    uint64_t v = 1;
    int i, d;
    for (i = 0; i < 20; i++, v *= 10)
        for (d = -2; d <= 9; d++) {
            uint64_t value = v * (uint64_t)(d > 0 ? d : 1) + (uint64_t)(int64_t)(d > 0 ? 0 : d);
            uint8_t buffer[40];
            ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, NULL, NULL, 0 };
            ww_slice s = { buffer, 0 };
            char want[40];
            snprintf(want, sizeof want, "%" PRIu64, value);
            ww__out_u64(&out, value);
            s.len = out.len;
            CHECK_SLICE(s, want);
        }
}

int main(void)
{
    RUN(known_instants);
    RUN(against_gmtime);
    RUN(unix_numbers);
    RUN(milliseconds);
    RUN(digits);
    return check_report();
}
