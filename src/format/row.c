/* SPDX-License-Identifier: MIT */
/* row.c: a tuple as a JSON object. quick.c writes the columns for which that is enough; all else
 * goes through jsonvalue.c. */
#include "jsonvalue.h"

/* What the old tuple tells of unchanged columns. */
typedef struct filler {
    ww_tuple_iter it;
    uint8_t kind;
    uint16_t ncols;
} filler;

static void fill_in(ww_column *col, const ww__plan_column *column, const ww__plan *plan, filler *f)
{
    size_t index = (size_t)(column - plan->columns);
    ww_column old = {{NULL, 0}, WW_COLUMN_UNCHANGED};
    while ((size_t)(f->ncols - f->it.left) <= index && ww_tuple_next(&f->it, &old))
        ;
    if (old.kind != WW_COLUMN_UNCHANGED && (f->kind == WW_TUPLE_OLD || column->key))
        *col = old;
}

/* Nothing of a key is quick: columns that are not part of it are between. */
static void put_quick(ww_out *out, uint8_t kind, ww__cursor *c)
{
    if (kind != WW_TUPLE_KEY)
        ww__quick_put(out, c);
}

/* Writes the columns from the cursor on; returns the number of unchanged ones. */
static size_t put_rest(ww_format *f, ww_out *out, const ww__plan *plan, uint8_t kind,
                       ww_tuple fill, ww__cursor *c)
{
    ww_slice unavailable = f->policy.unavailable;
    filler from = {ww_tuple_begin(fill), fill.kind, fill.ncols};
    size_t unchanged = 0;
    ww_column col;
    for (; ww_tuple_next(&c->it, &col); c->column++, put_quick(out, kind, c)) {
        if (c->column->skipped || (kind == WW_TUPLE_KEY && !c->column->key))
            continue;
        if (col.kind == WW_COLUMN_UNCHANGED) {
            unchanged++;
            fill_in(&col, c->column, plan, &from);
            if (col.kind == WW_COLUMN_UNCHANGED && unavailable.len == 0)
                continue;
        }
        ww__out_fragment(out, c->column->name + c->comma, c->column->len - c->comma);
        c->comma = 0;
        if (col.kind == WW_COLUMN_UNCHANGED)
            ww__out_put(out, unavailable.ptr, unavailable.len);
        else
            ww__json_value(f, out, c->column, &col);
    }
    return unchanged;
}

size_t ww__row_put(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple, ww_tuple fill)
{
    ww__cursor c = {ww_tuple_begin(tuple), plan->columns, 1};
    size_t unchanged = 0;
    ww__out_byte(out, '{');
    put_quick(out, tuple.kind, &c);
    if (c.it.left > 0)
        unchanged = put_rest(f, out, plan, tuple.kind, fill, &c);
    ww__out_byte(out, '}');
    return unchanged;
}

void ww__row_put_unchanged(ww_out *out, const ww__plan *plan, ww_tuple tuple)
{
    const ww__plan_column *column = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    size_t comma = 1;
    ww__out_byte(out, '[');
    for (; ww_tuple_next(&it, &col); column++) {
        if (col.kind != WW_COLUMN_UNCHANGED || column->skipped)
            continue;
        ww__out_put(out, column->name + comma, column->len - comma - 1);
        comma = 0;
    }
    ww__out_byte(out, ']');
}
