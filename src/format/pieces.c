/* SPDX-License-Identifier: MIT */
/* pieces.c: a column's text for a format that escapes it in its own way. What has to be rendered
 * first goes through a small buffer, whatever its size. */
#include "render.h"

#include "base/error.h"

#define PIECE 512u

typedef struct filtered {
    ww__put_piece *put;
    void *ctx;
} filtered;

static bool pass_on(void *ctx, const uint8_t *bytes, size_t len)
{
    filtered *to = ctx;
    ww_slice piece = {bytes, len};
    to->put(to->ctx, piece);
    return true;
}

ww_value ww__plan_value(const ww_format *f, const ww__plan_column *column, const ww_column *col)
{
    ww_value v;
    memset(&v, 0, sizeof v);
    v.types = f->types;
    v.type = column->of;
    v.type_oid = column->type_oid;
    v.bytes = col->value;
    v.form = col->kind;
    return v;
}

bool ww__value_took(ww_format *f, const ww__plan_column *column, ww_status status)
{
    if (status >= 0 || f->fault < 0)
        return status >= 0;
    f->fault = status;
    f->at_column = column;
    f->at_part[0] = '\0';
    return false;
}

static bool is_unknown(const ww_value *v)
{
    return v->type == NULL || v->type->kind == WW_TYPE_OTHER || v->type->kind == WW_TYPE_REG;
}

ww_status ww__value_known(const ww_value *v, ww_error *err)
{
    static const ww_slice nameless;
    if (v->form != WW_COLUMN_BINARY || !is_unknown(v))
        return WW_OK;
    ww__fail_about(err, WW_ERR_DECODE,
                   "a value in binary form of a type whose binary form is not known: stream with "
                   "--binary auto and the catalog, or leave the column out (--exclude-columns)",
                   v->type != NULL ? v->type->sqlname : nameless);
    if (err != NULL && v->type == NULL) {
        ww__error_add_text(err, "type ");
        ww__error_add_number(err, v->type_oid);
    }
    return WW_ERR_DECODE;
}

void ww__text_pieces(ww_format *f, const ww__plan_column *column, const ww_column *col,
                     ww__put_piece *put, void *ctx)
{
    uint8_t room[PIECE];
    filtered to = {put, ctx};
    ww_out text = {room, 0, sizeof room, WW_OK, NULL, pass_on, &to, 0};
    ww_value v = ww__plan_value(f, column, col);
    ww_slice whole;
    if (f->fault < 0 || !ww__value_took(f, column, ww__value_known(&v, f->err)))
        return;
    if (ww_value_text(&v, &whole))
        put(ctx, whole);
    else if (ww__value_took(f, column, ww_value_put(&v, &text, f->err)) && text.len > 0)
        pass_on(&to, room, text.len);
}
