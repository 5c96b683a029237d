/* SPDX-License-Identifier: MIT */
/* jsonvalue.c: one value as JSON, by its type, the same bytes for both forms. The server's bytes
 * are checked before they are believed: what is no value of its type ends in an error. */
#include "jsonvalue.h"

#include "base/error.h"

#define OID_TYPE 26u
/* Domains over domains; more of them are taken for what they are not: text. */
#define MAX_DOMAINS 64u
#define FLOAT_ROOM 32u

/* ---- which type is written how -------------------------------------------------------------- */

/* All others are strings. */
static const uint8_t by_kind[] = {
    [WW_TYPE_TEXT] = WW__JSON_TEXT,         [WW_TYPE_ENUM] = WW__JSON_TEXT,
    [WW_TYPE_BOOL] = WW__JSON_BOOL,         [WW_TYPE_INT2] = WW__JSON_INTEGER,
    [WW_TYPE_INT4] = WW__JSON_INTEGER,      [WW_TYPE_INT8] = WW__JSON_INTEGER,
    [WW_TYPE_FLOAT4] = WW__JSON_FLOAT,      [WW_TYPE_FLOAT8] = WW__JSON_FLOAT,
    [WW_TYPE_JSON] = WW__JSON_DOCUMENT,     [WW_TYPE_JSONB] = WW__JSON_DOCUMENT,
    [WW_TYPE_ARRAY] = WW__JSON_ARRAY,       [WW_TYPE_COMPOSITE] = WW__JSON_COMPOSITE,
    [WW_TYPE_VOID] = WW__JSON_STRING,
};

/* oid, but neither xid nor cid, which share its kind. */
static bool is_oid(const ww_format *f, const ww_type *type)
{
    unsigned i;
    for (i = 0; type != NULL && type->domain_of != 0 && i < MAX_DOMAINS; i++)
        type = ww_types_find(f->types, type->domain_of);
    return type != NULL && type->oid == OID_TYPE;
}

ww__json_type ww__json_type_of(const ww_format *f, const ww_type *type)
{
    if (type == NULL || type->kind >= sizeof by_kind)
        return WW__JSON_STRING;
    if ((f->knob_kinds >> type->kind & 1) != 0)
        return WW__JSON_KNOB;
    if (type->kind == WW_TYPE_OID && is_oid(f, type))
        return WW__JSON_INTEGER;
    return (ww__json_type)by_kind[type->kind];
}

uint8_t ww__json_max_digits(const ww_type *type)
{
    switch (type != NULL ? type->kind : WW_TYPE_OTHER) {
    case WW_TYPE_INT2:
        return 4;
    case WW_TYPE_INT4:
        return 9;
    case WW_TYPE_INT8:
        return 18;
    default:
        return 0;
    }
}

/* ---- blame ---------------------------------------------------------------------------------- */

/* The subscripts of the element that the array gave last. */
static void add_subscripts(ww_out *to, const ww_array *a)
{
    uint32_t i, index = a->count - a->walk.count - 1, row = a->count;
    for (i = 0; i < a->ndim; i++) {
        row /= a->dims[i].len;
        ww__out_byte(to, '[');
        ww__out_i64(to, (int64_t)a->dims[i].lower + index / row);
        ww__out_byte(to, ']');
        index %= row;
    }
}

static void add_steps(ww_out *to, const ww__step *step)
{
    if (step == NULL)
        return;
    add_steps(to, step->before);
    if (step->array != NULL) {
        add_subscripts(to, step->array);
    } else {
        ww__out_byte(to, '.');
        ww__out_put(to, step->field.ptr, step->field.len);
    }
}

bool ww__json_took(const ww__place *place, ww_status status)
{
    ww_format *f = place->f;
    bool first = f->fault >= 0;
    if (ww__value_took(f, place->column, status))
        return true;
    if (first && place->last != NULL) {
        ww_out to = {(uint8_t *)f->at_part, 0, sizeof f->at_part - 1, WW_OK, NULL, NULL, NULL, 0};
        add_steps(&to, place->last);
        f->at_part[to.len] = '\0';
    }
    return false;
}

/* ---- scalars -------------------------------------------------------------------------------- */

static void put_bool(const ww__place *place, const ww_value *v)
{
    bool value;
    if (!ww__json_took(place, ww_value_bool(v, &value, place->f->err)))
        return;
    if (value)
        WW__OUT(place->out, "true");
    else
        WW__OUT(place->out, "false");
}

static void put_integer(const ww__place *place, const ww_value *v)
{
    int64_t number;
    uint64_t oid;
    if (v->type->kind == WW_TYPE_OID) {
        if (ww__json_took(place, ww_value_uint(v, &oid, place->f->err)))
            ww__out_u64(place->out, oid);
    } else if (ww__json_took(place, ww_value_int(v, &number, place->f->err))) {
        ww__out_i64(place->out, number);
    }
}

static bool float_text(const ww__place *place, const ww_value *v, uint8_t room[FLOAT_ROOM],
                       ww_slice *text)
{
    ww_out to = {room, 0, FLOAT_ROOM, WW_OK, NULL, NULL, NULL, 0};
    if (v->form == WW_COLUMN_TEXT)
        return ww__json_whole_text(place, v, text);
    if (!ww__json_took(place, ww_value_put(v, &to, place->f->err)))
        return false;
    text->ptr = room;
    text->len = to.len;
    return true;
}

/* A number as the server writes it is one of JSON; NaN and the infinities are strings. */
static void put_float(const ww__place *place, const ww_value *v)
{
    uint8_t room[FLOAT_ROOM];
    ww_slice text;
    double value;
    if (!ww__json_took(place, ww_value_float(v, &value, place->f->err)) ||
        !float_text(place, v, room, &text))
        return;
    if (ww__json_number(text) == text.len)
        ww__out_put(place->out, text.ptr, text.len);
    else
        ww__json_text(place->out, &place->f->policy, text);
}

static void put_document(const ww__place *place, const ww_value *v)
{
    const ww__policy *policy = &place->f->policy;
    ww_slice text;
    if (!ww__json_whole_text(place, v, &text))
        return;
    if (ww__utf8_check(text) && ww__json_check(text))
        ww__json_splice(place->out, policy, text);
    else
        ww__json_text(place->out, policy, text);
}

/* ---- any value ------------------------------------------------------------------------------ */

void ww__json_put(const ww__place *place, const ww_value *v, int32_t typmod)
{
    if (ww_value_is_null(v)) {
        WW__OUT(place->out, "null");
        return;
    }
    switch (ww__json_type_of(place->f, v->type)) {
    case WW__JSON_BOOL:
        put_bool(place, v);
        break;
    case WW__JSON_INTEGER:
        put_integer(place, v);
        break;
    case WW__JSON_FLOAT:
        put_float(place, v);
        break;
    case WW__JSON_DOCUMENT:
        put_document(place, v);
        break;
    case WW__JSON_ARRAY:
        ww__json_put_array(place, v, typmod);
        break;
    case WW__JSON_COMPOSITE:
        ww__json_put_composite(place, v);
        break;
    case WW__JSON_KNOB:
        place->f->knob_value(place, v, typmod);
        break;
    default:
        ww__json_put_text(place, v);
        break;
    }
}

void ww__json_value(ww_format *f, ww_out *out, const ww__plan_column *column, const ww_column *col)
{
    ww__place place = {f, out, column, NULL};
    ww_value v;
    if (col->kind == WW_COLUMN_NULL) {
        WW__OUT(out, "null");
        return;
    }
    if (f->fault < 0) /* the line is not going to be seen */
        return;
    if (col->kind == WW_COLUMN_TEXT && column->json <= WW__JSON_TEXT) {
        ww__json_text(out, &f->policy, col->value);
        return;
    }
    v = ww__plan_value(f, column, col);
    if (!column->composite || ww__json_fits(&place, &v, column->typmod))
        ww__json_put(&place, &v, column->typmod);
    else if (f->fault >= 0)
        ww__json_put_text(&place, &v);
}
