/* SPDX-License-Identifier: MIT */
/* value.h: a column's bytes as a typed value, from the text form and from the binary form alike,
 * without allocation and without the C library.
 *
 *     ww_value v = ww_value_of(types, relation->columns[i].type_oid, &col);
 *     int64_t n;
 *     if (ww_value_int(&v, &n, &err) < 0) ...
 *
 * Text is read as the server writes it under docs/session-settings.md, and in no other way.
 *
 * Every getter returns WW_OK, or
 *   ERR_USAGE    the type is not of the getter's kinds, or the value is null
 *   ERR_DECODE   the bytes are no value of this type; err: rule, offset in the value, type's name
 * and then leaves *out alone. err may be NULL. Costs are linear in the value's bytes.
 *
 * Source: src/backend/utils/adt, the typoutput and typsend functions. */
#ifndef WALWIRE_VALUE_H
#define WALWIRE_VALUE_H

#include <walwire/decode.h>
#include <walwire/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Nested arrays, composites and ranges, one inside the other: deeper is ERR_DECODE. */
#define WW_VALUE_MAX_DEPTH 16u

/* Bytes and what they are. Points into the column, and lives as long. Plain data: copy it. */
typedef struct ww_value {
    const ww_types *types; /* or NULL */
    const ww_type *type;   /* NULL: not known */
    uint32_t type_oid;
    ww_slice bytes;
    uint8_t form;    /* WW_COLUMN_TEXT, _BINARY, _NULL or _UNCHANGED */
    uint8_t depth;   /* how many containers it stands in */
    uint8_t nlayers; /* text of an element: how many containers' escapes are still in `bytes` */
    uint32_t layers; /* two bits each, the innermost in the lowest: ww__layer in values.h */
} ww_value;

ww_value ww_value_of(const ww_types *types, uint32_t type_oid, const ww_column *col);

static inline bool ww_value_is_null(const ww_value *v)
{
    return v->form == WW_COLUMN_NULL;
}

/* ---- as text -------------------------------------------------------------------------------- */

/* Writes the server's text of the value, the same bytes for both forms. For a null nothing. Checks
 * the whole value before the first byte is written. ERR_DECODE also for a binary value whose type
 * is not known or has no known binary form. A failure of `out` itself is returned too
 * (out->status), without *err. */
ww_status ww_value_put(const ww_value *v, ww_out *out, ww_error *err);

/* The text where it stands in the column as it is: a value in text form, or in binary form one of
 * TEXT, ENUM, JSON, JSONB, JSONPATH, LTREE. False: it has to be written by ww_value_put(). */
bool ww_value_text(const ww_value *v, ww_slice *text);

/* Is the whole value, with all that is in it, one of its type? What ww_value_put() checks first. A
 * text form is checked where the type has a getter. */
ww_status ww_value_check(const ww_value *v, ww_error *err);

/* ---- scalars -------------------------------------------------------------------------------- */

ww_status ww_value_bool(const ww_value *v, bool *out, ww_error *err);
/* INT2, INT4, INT8; MONEY in cents. */
ww_status ww_value_int(const ww_value *v, int64_t *out, ww_error *err);
/* OID, XID8, PG_LSN. */
ww_status ww_value_uint(const ww_value *v, uint64_t *out, ww_error *err);
/* FLOAT8 and FLOAT4 (which comes as the double that is equal to it), NaN and infinities included.
 * Text is rounded as IEEE 754 says. */
ww_status ww_value_float(const ww_value *v, double *out, ww_error *err);

typedef enum ww_numeric_sign {
    WW_NUMERIC_POSITIVE = 0x0000,
    WW_NUMERIC_NEGATIVE = 0x4000,
    WW_NUMERIC_NAN = 0xC000,
    WW_NUMERIC_INFINITY = 0xD000,
    WW_NUMERIC_NEGATIVE_INFINITY = 0xF000
} ww_numeric_sign;

/* A decimal number: `integer_digits` digits before the point (at least 1) and `scale` behind it.
 * Digits are read with ww_numeric_digit(). Not finite: both are 0. */
typedef struct ww_numeric {
    ww_numeric_sign sign;
    uint32_t integer_digits;
    uint32_t scale;
    /* the library's: */
    ww_slice digits; /* text without sign, or base-10000 digits of two bytes */
    int32_t weight;  /* of the first base-10000 digit */
    bool is_text;
} ww_numeric;

ww_status ww_value_numeric(const ww_value *v, ww_numeric *out, ww_error *err);
/* The i-th decimal digit, 0 to 9, counted from the first one before the point;
 * i < integer_digits + scale. */
unsigned ww_numeric_digit(const ww_numeric *n, uint32_t i);

/* ---- times ---------------------------------------------------------------------------------- */

#define WW_DATE_INFINITY INT32_MAX
#define WW_DATE_MINUS_INFINITY INT32_MIN
#define WW_TIME_INFINITY INT64_MAX
#define WW_TIME_MINUS_INFINITY INT64_MIN

/* DATE: days since 2000-01-01, or WW_DATE_INFINITY, WW_DATE_MINUS_INFINITY. */
ww_status ww_value_date(const ww_value *v, int32_t *days, ww_error *err);
/* TIME and TIMETZ: microseconds since midnight, up to 24:00:00; TIMETZ: *west_s is the zone in
 * seconds west of UTC (TIME: 0). west_s may be NULL. */
ww_status ww_value_time(const ww_value *v, int64_t *us, int32_t *west_s, ww_error *err);
/* TIMESTAMP (of no zone) and TIMESTAMPTZ (UTC): microseconds since 2000-01-01 00:00:00, or
 * WW_TIME_INFINITY, WW_TIME_MINUS_INFINITY. */
ww_status ww_value_timestamp(const ww_value *v, ww_pg_time *out, ww_error *err);

typedef struct ww_interval {
    int64_t us;
    int32_t days, months; /* infinity: all three the greatest, or all three the least */
} ww_interval;
ww_status ww_value_interval(const ww_value *v, ww_interval *out, ww_error *err);

/* ---- bytes and bits ------------------------------------------------------------------------- */

ww_status ww_value_uuid(const ww_value *v, uint8_t out[16], ww_error *err);
/* MACADDR: *len 6; MACADDR8: 8. */
ww_status ww_value_macaddr(const ww_value *v, uint8_t out[8], size_t *len, ww_error *err);

typedef struct ww_inet {
    uint8_t address[16];
    uint8_t len;  /* 4 or 16 */
    uint8_t bits; /* of the netmask */
    bool is_cidr;
} ww_inet;
ww_status ww_value_inet(const ww_value *v, ww_inet *out, ww_error *err);

typedef struct ww_tid {
    uint32_t block;
    uint16_t offset;
} ww_tid;
ww_status ww_value_tid(const ww_value *v, ww_tid *out, ww_error *err);

/* BYTEA. */
typedef struct ww_bytes {
    size_t len; /* how many bytes */
    ww_slice left;
    bool is_text;
} ww_bytes;
ww_status ww_value_bytes(const ww_value *v, ww_bytes *out, ww_error *err);
/* Copies up to cap of the next bytes; returns how many, 0 at the end. */
size_t ww_bytes_next(ww_bytes *b, uint8_t *to, size_t cap);

/* BIT. */
typedef struct ww_bits {
    uint32_t len;
    ww_slice bytes;
    bool is_text;
} ww_bits;
ww_status ww_value_bits(const ww_value *v, ww_bits *out, ww_error *err);
/* The i-th bit, i < len. */
bool ww_bits_get(const ww_bits *b, uint32_t i);

/* ---- geometry ------------------------------------------------------------------------------- */

/* POINT LSEG PATH BOX POLYGON LINE CIRCLE as numbers, in the order of the text. */
typedef struct ww_geometry {
    uint32_t count; /* how many numbers: 2 (point), 4, 3 (line, circle), 2 per point */
    bool closed;    /* PATH */
    /* the library's: */
    ww_slice left;
    bool is_text;
} ww_geometry;
ww_status ww_value_geometry(const ww_value *v, ww_geometry *out, ww_error *err);
/* The next number; false at the end. */
bool ww_geometry_next(ww_geometry *g, double *out);

/* ---- containers ----------------------------------------------------------------------------- */

/* Walks the bytes of a container: the library's. */
typedef struct ww_walk {
    ww_value container;
    ww_slice left;
    uint32_t count;      /* items that are left, where that is known */
    const ww_type *item; /* the items' type where they have one, or NULL */
} ww_walk;

#define WW_MAX_DIMENSIONS 6u

/* ARRAY and VECTOR. No dimensions: empty. */
typedef struct ww_array {
    uint32_t ndim;
    uint32_t count; /* of all elements */
    struct {
        uint32_t len;
        int32_t lower;
    } dims[WW_MAX_DIMENSIONS];
    uint32_t element_oid;
    ww_walk walk;
} ww_array;
ww_status ww_value_array(const ww_value *v, ww_array *out, ww_error *err);
/* The next element, the last index running fastest; false at the end. Cannot fail. */
bool ww_array_next(ww_array *a, ww_value *element);

/* COMPOSITE. */
typedef struct ww_composite {
    uint32_t count;      /* fields in the value */
    const ww_type *type; /* its fields' names and types, or NULL; type->nfields may differ from
                            count if the type was changed since it was looked up */
    ww_walk walk;
    uint32_t index;
} ww_composite;
ww_status ww_value_composite(const ww_value *v, ww_composite *out, ww_error *err);
/* The next field; false at the end. Without the type, a field in text form has type NULL. */
bool ww_composite_next(ww_composite *c, ww_value *field);

typedef struct ww_range {
    bool empty;
    bool lower_inclusive, upper_inclusive;
    bool lower_infinite, upper_infinite; /* the bound is not there, and null */
    ww_value lower, upper;
} ww_range;
ww_status ww_value_range(const ww_value *v, ww_range *out, ww_error *err);

typedef struct ww_multirange {
    uint32_t count;
    ww_walk walk;
} ww_multirange;
ww_status ww_value_multirange(const ww_value *v, ww_multirange *out, ww_error *err);
/* The next range, a value of kind RANGE; false at the end. */
bool ww_multirange_next(ww_multirange *m, ww_value *range);

typedef struct ww_hstore {
    uint32_t count;
    ww_walk walk;
} ww_hstore;
ww_status ww_value_hstore(const ww_value *v, ww_hstore *out, ww_error *err);
/* The next pair, both of type text, value perhaps null; false at the end. */
bool ww_hstore_next(ww_hstore *h, ww_value *key, ww_value *value);

#ifdef __cplusplus
}
#endif
#endif
