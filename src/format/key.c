/* SPDX-License-Identifier: MIT */
/* key.c: the key of a row as a JSON object: its primary key, if the catalog told of one that every
 * row and every old row of the stream has, else the columns of the replica identity. */
#include "render.h"

/* ---- which columns -------------------------------------------------------------------------- */

static bool has_identity(const ww_relation *r)
{
    return r->replica_identity == 'd' || r->replica_identity == 'i';
}

/* Is each column of the primary key here, and part of what an old row has? */
static bool is_usable(const ww_relation_facts *facts, const ww_relation *r)
{
    size_t i, told = 0, found = 0;
    for (i = 0; i < facts->ncolumns; i++)
        told += facts->columns[i].key_position > 0;
    for (i = 0; i < r->ncols; i++) {
        const ww_column_facts *c = ww_relation_facts_column(facts, r->columns[i].name);
        if (c != NULL && c->key_position > 0 &&
            (!has_identity(r) || (r->columns[i].flags & WW_COLUMN_KEY) != 0))
            found++;
    }
    return told > 0 && found == told;
}

void ww__key_choose(const ww_format *f, const ww_relation *relation, ww__plan *plan)
{
    const ww_relation_facts *facts = ww_types_relation(f->types, relation->id);
    bool primary = facts != NULL && is_usable(facts, relation);
    uint16_t i, place, flagged = 0;
    plan->nkey = 0;
    for (i = 0; i < relation->ncols; i++) {
        if (primary) {
            const ww_column_facts *c = ww_relation_facts_column(facts, relation->columns[i].name);
            place = c != NULL ? c->key_position : 0;
        } else {
            place = has_identity(relation) && plan->columns[i].key ? ++flagged : 0;
        }
        plan->columns[i].key_place = place;
        if (place > plan->nkey)
            plan->nkey = place;
    }
}

/* The column at this place; plan->ncols if a filter leaves it out. */
static size_t find_column(const ww__plan *plan, uint16_t place)
{
    size_t i = 0;
    while (i < plan->ncols && (plan->columns[i].key_place != place || plan->columns[i].skipped))
        i++;
    return i;
}

/* ---- a row's -------------------------------------------------------------------------------- */

/* Column i; of an old tuple only if it says something of it. */
static ww_column column_at(const ww__plan *plan, ww_tuple tuple, size_t i)
{
    ww_column col = {{NULL, 0}, WW_COLUMN_UNCHANGED};
    ww_tuple_iter it = ww_tuple_begin(tuple);
    size_t n;
    if (tuple.kind == WW_TUPLE_NONE || (tuple.kind == WW_TUPLE_KEY && !plan->columns[i].key))
        return col;
    for (n = 0; n <= i && ww_tuple_next(&it, &col); n++)
        ;
    return col;
}

void ww__key_put(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple, ww_tuple fill)
{
    size_t comma = 1;
    uint16_t place;
    for (place = 1; place <= plan->nkey; place++) {
        size_t i = find_column(plan, place);
        const ww__plan_column *column = &plan->columns[i];
        ww_column col;
        if (i == plan->ncols)
            continue;
        col = column_at(plan, tuple, i);
        if (col.kind == WW_COLUMN_UNCHANGED)
            col = column_at(plan, fill, i);
        if (comma > 0)
            ww__out_byte(out, '{');
        ww__out_put(out, column->name + comma, column->len - comma);
        comma = 0;
        if (col.kind == WW_COLUMN_UNCHANGED)
            ww__out_put(out, f->policy.unavailable.ptr, f->policy.unavailable.len);
        else
            ww__json_value(f, out, column, &col);
    }
    if (comma > 0)
        WW__OUT(out, "null");
    else
        ww__out_byte(out, '}');
}

bool ww__key_changed(const ww__plan *plan, ww_tuple now, ww_tuple before)
{
    uint16_t place;
    for (place = 1; place <= plan->nkey; place++) {
        size_t i = find_column(plan, place);
        ww_column a, b;
        if (i == plan->ncols)
            continue;
        a = column_at(plan, now, i);
        b = column_at(plan, before, i);
        if (a.kind != WW_COLUMN_UNCHANGED && b.kind != WW_COLUMN_UNCHANGED &&
            (a.kind != b.kind || !ww_slice_equal(a.value, b.value)))
            return true;
    }
    return false;
}
