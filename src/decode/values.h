/* SPDX-License-Identifier: MIT */
/* values.h: how the files behind value.h work together.
 *
 * Getters read both forms. Text is written from the binary form only (a text form is written as it
 * is): first the value is checked whole, then put() cannot fail. Each file has the kinds of one
 * family; values.c knows which file has which kind. */
#ifndef WALWIRE_DECODE_VALUES_H
#define WALWIRE_DECODE_VALUES_H

#include <walwire/value.h>

#include "base/digits.h"
#include "base/error.h"
#include "base/reader.h"

/* ---- layers.c: text inside containers, with their escapes ----------------------------------- */

/* What a container did to the text of an element that it quotes. */
typedef enum ww__layer {
    WW__LAYER_NONE = 0,
    WW__LAYER_BACKSLASH = 1, /* array, hstore: \" and \\ */
    WW__LAYER_DOUBLED = 2    /* composite, range: "" and \\ */
} ww__layer;

/* Reads the text of a value byte by byte without the escapes of the containers around it. */
typedef struct ww__chars {
    const uint8_t *at, *end;
    uint32_t layers;
    uint8_t nlayers;
} ww__chars;

ww__chars ww__chars_of(const ww_value *v);
/* The next byte; -1 at the end, or if an escape is cut off. */
int ww__chars_next(ww__chars *c);

/* The text of a value in text form without escapes: where it stands if it has none, else copied to
 * scratch. False: it is longer than cap, so no value of a type whose text is never that long. */
bool ww__value_plain(const ww_value *v, ww_slice *text, uint8_t *scratch, size_t cap);

/* ---- values.c ------------------------------------------------------------------------------- */

/* Fails with `rule` at a byte offset of the value (WW_NO_OFFSET: none); the subject is the type. */
ww_status ww__value_fail(const ww_value *v, ww_error *err, const char *rule, uint64_t offset);
/* The reader's first broken rule, or bytes left over, as such a failure; else WW_OK. */
ww_status ww__value_done(const ww_value *v, ww__reader *r, ww_error *err);
/* Is the value of this kind, and not null? Else ERR_USAGE. */
ww_status ww__value_is(const ww_value *v, ww_type_kind kind, ww_error *err);

static inline ww_type_kind ww__value_kind(const ww_value *v)
{
    return v->type != NULL ? (ww_type_kind)v->type->kind : WW_TYPE_OTHER;
}

/* What decides whether a container quotes an element's text: what there is in it. */
enum {
    WW__HAS_NOTHING = 0, /* none of these; but not empty */
    WW__HAS_QUOTE = 1,
    WW__HAS_BACKSLASH = 2,
    WW__HAS_BRACE = 4,
    WW__HAS_COMMA = 8,
    WW__HAS_SEMICOLON = 16,
    WW__HAS_PAREN = 32,
    WW__HAS_BRACKET = 64,
    WW__HAS_SPACE = 128, /* as array_isspace(): space \t \n \r \v \f */
    WW__IS_EMPTY = 256,
    WW__IS_NULL_WORD = 512 /* null, in any case */
};

/* What is in the text of a checked value (element.c). */
unsigned ww__value_class(const ww_value *v);

/* Is this binary value (all of it, containers with what is in them) one of its type? */
ww_status ww__value_check_binary(const ww_value *v, ww_error *err);
/* Writes the text of a checked value in binary form. */
void ww__value_put_binary(const ww_value *v, ww_out *out);

/* ---- one file per family: check a binary value, write a checked one -------------------------- */

typedef struct ww__value_ops {
    ww_status (*check)(const ww_value *v, ww_error *err);
    void (*put)(const ww_value *v, ww_out *out);
} ww__value_ops;

/* By ww_type_kind; each family handles its kinds. */
extern const ww__value_ops ww__value_ops_integer;   /* integer.c: BOOL CHAR INT* OID XID8 MONEY TID
                                                       PG_LSN SNAPSHOT */
extern const ww__value_ops ww__value_ops_float;     /* float.c: FLOAT4 FLOAT8 */
extern const ww__value_ops ww__value_ops_numeric;   /* numeric.c */
extern const ww__value_ops ww__value_ops_time;      /* datetime.c: DATE TIME TIMETZ TIMESTAMP* */
extern const ww__value_ops ww__value_ops_interval;  /* interval.c */
extern const ww__value_ops ww__value_ops_bytes;     /* bytes.c: BYTEA UUID MACADDR* BIT */
extern const ww__value_ops ww__value_ops_inet;      /* inet.c */
extern const ww__value_ops ww__value_ops_geometry;  /* geometry.c */
extern const ww__value_ops ww__value_ops_search;    /* tsearch.c: TSVECTOR TSQUERY */
extern const ww__value_ops ww__value_ops_array;     /* array.c: ARRAY VECTOR */
extern const ww__value_ops ww__value_ops_composite; /* composite.c */
extern const ww__value_ops ww__value_ops_range;     /* range.c: RANGE MULTIRANGE */
extern const ww__value_ops ww__value_ops_hstore;    /* hstore.c */

/* ---- floattext.c, floatparse.c: without the C library ---------------------------------------- */

#define WW__FLOAT_TEXT 32u

/* The shortest decimal number that reads as this one, as PostgreSQL 12 and later write it
 * (docs/values.md); returns the length. NaN, Infinity, -Infinity too. */
size_t ww__float8_text(double value, char out[WW__FLOAT_TEXT]);
size_t ww__float4_text(float value, char out[WW__FLOAT_TEXT]);
/* The nearest double (float), ties to even; false: not a number, or beyond its range. Takes NaN,
 * Infinity, -Infinity. */
bool ww__float8_parse(ww_slice text, double *out);
bool ww__float4_parse(ww_slice text, float *out);

#endif
