/* SPDX-License-Identifier: MIT */
/* jsonvalue.h: how the files that write values as JSON work together: jsonvalue.c knows which type
 * is written how, jsontext.c writes strings, jsoncontainer.c arrays and composites, which come back
 * to jsonvalue.c for what is in them. */
#ifndef WALWIRE_FORMAT_JSONVALUE_H
#define WALWIRE_FORMAT_JSONVALUE_H

#include "render.h"

/* What a type becomes. Up to FLOAT, there are quick ways in quick.c. */
typedef enum ww__json_type {
    WW__JSON_STRING, /* a string of the server's text */
    WW__JSON_TEXT,   /* the same, and both forms are that text */
    WW__JSON_INTEGER,
    WW__JSON_BOOL,
    WW__JSON_FLOAT,
    WW__JSON_DOCUMENT,
    WW__JSON_ARRAY,
    WW__JSON_COMPOSITE,
    WW__JSON_KNOB, /* as f->knob_value() writes it */
    WW__JSON_LEFT_OUT,
    WW__JSON_TYPES
} ww__json_type;

/* The way from a column to a part of its value: the field of a composite, or the element that an
 * array gave last. */
typedef struct ww__step {
    const struct ww__step *before; /* NULL: this is the first one */
    const ww_array *array;         /* NULL: a field */
    ww_slice field;
} ww__step;

/* Where a value is written, and which column's it is or which part of one: that gets the blame. */
struct ww__place {
    ww_format *f;
    ww_out *out;
    const ww__plan_column *column;
    const ww__step *last; /* NULL: the column itself */
};

/* The same place, one step further. */
static inline ww__place ww__place_in(const ww__place *place, const ww__step *step)
{
    ww__place inner = *place;
    inner.last = step;
    return inner;
}

/* type NULL: not known. */
ww__json_type ww__json_type_of(const ww_format *f, const ww_type *type);
/* How many digits an integer of this type can have, whichever they are; 0: it is not sure. */
uint8_t ww__json_max_digits(const ww_type *type);

/* Any value. typmod: of its column, or its field of a composite; -1: none. */
void ww__json_put(const ww__place *place, const ww_value *v, int32_t typmod);

/* A getter's answer. False: the format has its fault, nothing more need be written. */
bool ww__json_took(const ww__place *place, ww_status status);

/* The scale of numeric(p, s): the lower eleven bits, with a sign. False: it has none. */
static inline bool ww__numeric_scale(int32_t typmod, int32_t *scale)
{
    if (typmod < 4)
        return false;
    *scale = (((typmod - 4) & 0x7FF) ^ 0x400) - 0x400;
    return true;
}

/* ---- quick.c -------------------------------------------------------------------------------- */

/* How far a tuple was written. */
typedef struct ww__cursor {
    ww_tuple_iter it;
    const ww__plan_column *column; /* of the next column */
    size_t comma;                  /* to leave off its name: 1 for the first that is written */
} ww__cursor;

/* Writes columns, up to the first that needs more than a quick look. */
void ww__quick_put(ww_out *out, ww__cursor *c);

/* ---- fits.c --------------------------------------------------------------------------------- */

/* Are the composites in this value what the catalog told of their types? False: they are not, and
 * those are doubted, or the format has its fault. */
bool ww__json_fits(const ww__place *place, const ww_value *v, int32_t typmod);

/* ---- jsontext.c ----------------------------------------------------------------------------- */

/* The server's text as a string. */
void ww__json_put_text(const ww__place *place, const ww_value *v);
/* The same without quotes, for text that is known to be UTF-8. */
void ww__json_put_inside(const ww__place *place, const ww_value *v);
/* Is its text? False for a fault, too. */
bool ww__json_is_utf8(const ww__place *place, const ww_value *v);
/* What write() writes, which is UTF-8, as a string. */
void ww__json_put_nested(const ww__place *place, const ww_value *v,
                         void (*write)(const ww__place *inner, const ww_value *v));
/* The value's text in one piece, in the format's scratch if it does not stand so in the column.
 * False: a fault. */
bool ww__json_whole_text(const ww__place *place, const ww_value *v, ww_slice *text);

/* ---- jsoncontainer.c ------------------------------------------------------------------------ */

void ww__json_put_array(const ww__place *place, const ww_value *v, int32_t typmod);
void ww__json_put_composite(const ww__place *place, const ww_value *v);

#endif
