/* SPDX-License-Identifier: MIT */
/* row.c: a tuple as a JSON object. */
#include "render.h"

/* Does the old tuple tell what this unchanged column holds? */
static bool tells(const ww_column *old, const ww__plan_column *column, ww_tuple fill)
{
    return old->kind != WW_COLUMN_UNCHANGED && (fill.kind == WW_TUPLE_OLD || column->key);
}

size_t ww__row_put(ww_out *out, const ww__policy *policy, const ww__plan *plan, ww_tuple tuple,
                   ww_tuple fill)
{
    const ww__plan_column *column = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_tuple_iter old_it = ww_tuple_begin(fill);
    ww_column col, old = { { NULL, 0 }, WW_COLUMN_UNCHANGED };
    size_t unchanged = 0;
    size_t comma = 1; /* the first name goes without */
    ww__out_byte(out, '{');
    for (; ww_tuple_next(&it, &col); column++) {
        ww_tuple_next(&old_it, &old);
        if (tuple.kind == WW_TUPLE_KEY && !column->key)
            continue;
        if (col.kind == WW_COLUMN_UNCHANGED) {
            unchanged++;
            if (tells(&old, column, fill))
                col = old;
            else if (policy->unavailable.len == 0)
                continue;
        }
        ww__out_fragment(out, column->name + comma, column->len - comma);
        comma = 0;
        if (col.kind == WW_COLUMN_UNCHANGED)
            ww__out_put(out, policy->unavailable.ptr, policy->unavailable.len);
        else
            ww__json_value(out, policy, (ww__json_type)column->type, &col);
    }
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
        if (col.kind != WW_COLUMN_UNCHANGED)
            continue;
        ww__out_put(out, column->name + comma, column->len - comma - 1);
        comma = 0;
    }
    ww__out_byte(out, ']');
}
