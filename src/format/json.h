/* SPDX-License-Identifier: MIT */
/* json.h: the value writer: bytes from the server as JSON strings, numbers, literals and spliced
 * documents. Whatever the bytes are, what is written is valid JSON in valid UTF-8 without a raw
 * control character. */
#ifndef WALWIRE_FORMAT_JSON_H
#define WALWIRE_FORMAT_JSON_H

#include <walwire/format.h>

#include "base/digits.h"

/* How values are written: the knobs of a format. */
typedef struct ww__policy {
    bool terminal;        /* escape all that ww__is_unsafe() names, not only control characters */
    ww_slice unavailable; /* stands for an unchanged TOAST value that nothing tells; empty: none */
    bool bare;            /* escape only what JSON demands: C0, quotation marks and backslashes */
} ww__policy;

/* A JSON string, or {"$bytes":"<hex>"} where text is not UTF-8. */
void ww__json_text(ww_out *out, const ww__policy *policy, ww_slice text);

/* The inside of a JSON string (no quotes) that says `text`, which is UTF-8. */
void ww__json_inside(ww_out *out, const ww__policy *policy, ww_slice text);

/* The inside of a JSON string (no quotes). Where `name` is not UTF-8, its bad bytes and its
 * backslashes become \xNN, and false is returned: the line must say "$invalid". */
bool ww__json_name(ww_out *out, const ww__policy *policy, ww_slice name);

/* A valid JSON document as it is, without the white space that breaks lines. */
void ww__json_splice(ww_out *out, const ww__policy *policy, ww_slice document);

bool ww__utf8_check(ww_slice text);

/* ---- jsoncheck.c ---------------------------------------------------------------------------- */

#define WW__JSON_MAX_DEPTH 512u

/* Is this one JSON document (RFC 8259), nested at most WW__JSON_MAX_DEPTH deep, without half
 * surrogate pairs in its escapes? Assumes valid UTF-8. No recursion. */
bool ww__json_check(ww_slice text);

/* The length of the JSON number at the start of text; 0 if there is none. */
size_t ww__json_number(ww_slice text);

/* ---- bytes.c -------------------------------------------------------------------------------- */

void ww__out_base64(ww_out *out, ww_slice bytes);
/* The same with - and _ for + and / (section 5). */
void ww__out_base64_url(ww_out *out, ww_slice bytes);

/* ---- time.c --------------------------------------------------------------------------------- */

/* One instant as the numbers that follow "ts_ms": in Debezium's envelope. */
typedef struct ww__stamp {
    bool set;
    ww_pg_time time;
    size_t len;
    uint8_t text[96 + WW__PAD]; /* <ms>,"ts_us":<us>,"ts_ns":<ns> since 1970 */
} ww__stamp;

void ww__stamp_set(ww__stamp *stamp, ww_pg_time time);

/* Milliseconds since 1970, rounded towards the past. */
void ww__out_unix_ms(ww_out *out, ww_pg_time time);
/* "2024-01-15T10:30:00.123456Z" with its quotes. */
void ww__out_iso_time(ww_out *out, ww_pg_time time);
/* The same as Python's isoformat() writes it: "2024-01-15T10:30:00.123456+00:00", without the
 * fraction if that is 0, without the zone unless `utc`. */
void ww__out_python_time(ww_out *out, ww_pg_time time, bool utc);
/* As Java's ISO formats write them, in UTC and with their quotes. Times have `digits` digits of a
 * second's fraction, at most 6, or no more than they need. */
#define WW__FRACTION_SHORT (-1)
void ww__out_java_time(ww_out *out, ww_pg_time time, int digits);
/* "2024-01-15Z", counted from 2000-01-01. */
void ww__out_java_date(ww_out *out, int64_t day);
/* "10:30:00.5Z": microseconds since midnight, up to 24:00:00. */
void ww__out_java_clock(ww_out *out, int64_t us);
/* "X/X" with its quotes. */
void ww__out_lsn(ww_out *out, ww_lsn lsn);

#endif
