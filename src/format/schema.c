/* SPDX-License-Identifier: MIT */
/* schema.c: a table's definition and what changed in it: names, types, lists of columns. */
#include "schema.h"

#include "base/error.h"

bool ww__schema_type_name(ww_format *f, const ww__typenames *types,
                          const ww_relation_column *column, ww_out *out)
{
    static const ww__policy plain;
    ww_slice name;
    f->scratch.len = 0;
    f->scratch.status = WW_OK;
    ww__typenames_put_typmod(types, column->type_oid, column->typmod, &plain, &f->scratch);
    if (f->scratch.status < 0 && f->fault >= 0) {
        f->fault = ww__fail(f->err, f->scratch.status, "no memory for the name of a type");
        return true;
    }
    name.ptr = f->scratch.ptr;
    name.len = f->scratch.len;
    if (!ww_slice_equal(name, ww_slice_of("???")))
        return ww__out_name(out, &f->policy, name);
    WW__OUT(out, "null");
    return true;
}

/* Of ,"name": the middle. */
void ww__schema_column_name(const ww__plan_column *column, ww_out *out)
{
    ww__out_put(out, column->name + 1, column->len - 2);
}

static const ww__plan_column *find(const ww__plan *plan, const ww__plan_column *like)
{
    size_t i;
    for (i = 0; i < plan->ncols; i++)
        if (plan->columns[i].len == like->len &&
            memcmp(plan->columns[i].name, like->name, like->len) == 0)
            return &plan->columns[i];
    return NULL;
}

static bool is_missing(const ww__plan_column *column, const ww__plan_column *other)
{
    (void)column;
    return other == NULL;
}

static bool is_altered(const ww__plan_column *column, const ww__plan_column *other)
{
    return other != NULL && (column->type_oid != other->type_oid ||
                             column->typmod != other->typmod || column->key != other->key);
}

static void put_list(const ww__plan *plan, const ww__plan *other,
                     bool (*belongs)(const ww__plan_column *, const ww__plan_column *), ww_out *out)
{
    bool first = true;
    size_t i;
    ww__out_byte(out, '[');
    for (i = 0; i < plan->ncols; i++) {
        const ww__plan_column *c = &plan->columns[i];
        if (c->skipped || !belongs(c, find(other, c)))
            continue;
        if (!first)
            ww__out_byte(out, ',');
        first = false;
        ww__schema_column_name(c, out);
    }
    ww__out_byte(out, ']');
}

void ww__schema_put_missing(const ww__plan *plan, const ww__plan *old, ww_out *out)
{
    put_list(plan, old, is_missing, out);
}

void ww__schema_put_altered(const ww__plan *plan, const ww__plan *old, ww_out *out)
{
    put_list(plan, old, is_altered, out);
}

bool ww__schema_put_columns(ww_format *f, const ww_relation *r, const ww__plan *plan,
                            ww__schema_put_column *put, ww_out *out)
{
    bool valid = true, first = true;
    uint16_t i;
    ww__out_byte(out, '[');
    for (i = 0; i < r->ncols; i++) {
        if (plan->columns[i].skipped)
            continue;
        if (!first)
            ww__out_byte(out, ',');
        first = false;
        valid &= put(f, r, plan, i, out);
    }
    ww__out_byte(out, ']');
    return valid;
}
