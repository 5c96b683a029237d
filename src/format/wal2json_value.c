/* SPDX-License-Identifier: MIT */
/* wal2json_value.c: a column's value in the formats of the plugin wal2json: numbers and booleans as
 * such, NaN and infinities as null, bytea without its \x, all else as a string. */
#include "wal2json.h"

#include "jsonvalue.h"

#include "base/error.h"

enum { STRING, NUMBER, BOOLEAN, BYTES };

uint8_t ww__w2j_form(uint32_t type_oid)
{
    if (ww__is_number_type(type_oid))
        return NUMBER;
    switch (type_oid) {
    case 16: /* bool */
        return BOOLEAN;
    case 17: /* bytea */
        return BYTES;
    default:
        return STRING;
    }
}

static bool is_finite(ww_slice text)
{
    return text.len == 0 ||
           (text.ptr[0] != 'N' && text.ptr[0] != 'I' && (text.len < 2 || text.ptr[1] != 'I'));
}

typedef struct number {
    ww_out *out;
    bool begun;
} number;

static void put_digits(void *ctx, ww_slice piece)
{
    number *n = ctx;
    if (n->begun || is_finite(piece))
        ww__out_put(n->out, piece.ptr, piece.len);
    else
        WW__OUT(n->out, "null");
    n->begun = true;
}

static ww_status check_number(const ww__place *place, const ww_value *v)
{
    ww_status status = ww_value_check(v, place->f->err);
    if (status == WW_OK && is_finite(v->bytes) && ww__json_number(v->bytes) != v->bytes.len)
        status = ww__fail_about(place->f->err, WW_ERR_DECODE,
                                "not a number as the server writes it", v->type->sqlname);
    return status;
}

static void put_number(const ww__place *place, const ww_value *v, const ww_column *col)
{
    number n = {place->out, false};
    if (v->form == WW_COLUMN_BINARY || ww__json_took(place, check_number(place, v)))
        ww__text_pieces(place->f, place->column, col, put_digits, &n);
}

static void put_boolean(const ww__place *place, const ww_value *v)
{
    bool is;
    if (!ww__json_took(place, ww_value_bool(v, &is, place->f->err)))
        return;
    if (is)
        WW__OUT(place->out, "true");
    else
        WW__OUT(place->out, "false");
}

static void put_bytes(const ww__place *place, const ww_value *v)
{
    uint8_t some[256];
    ww_slice next = {some, 0};
    ww_bytes bytes;
    if (!ww__json_took(place, ww_value_bytes(v, &bytes, place->f->err)))
        return;
    ww__out_byte(place->out, '"');
    while ((next.len = ww_bytes_next(&bytes, some, sizeof some)) > 0)
        ww__out_hex(place->out, next);
    ww__out_byte(place->out, '"');
}

void ww__w2j_value(ww_format *f, ww_out *out, const ww__plan_column *column, const ww_column *col)
{
    ww__place place = {f, out, column, NULL};
    ww_value v = ww__plan_value(f, column, col);
    if (col->kind == WW_COLUMN_NULL)
        WW__OUT(out, "null");
    else if (column->type == NUMBER)
        put_number(&place, &v, col);
    else if (column->type == BOOLEAN)
        put_boolean(&place, &v);
    else if (column->type == BYTES)
        put_bytes(&place, &v);
    else
        ww__json_put_text(&place, &v);
}
