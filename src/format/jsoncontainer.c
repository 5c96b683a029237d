/* SPDX-License-Identifier: MIT */
/* jsoncontainer.c: arrays as JSON arrays, one in the other by dimension, and composites as objects.
 * Where that would lose something (bounds, names), they are the server's text. */
#include "jsonvalue.h"

/* ---- arrays --------------------------------------------------------------------------------- */

static bool starts_at_one(const ww_array *a)
{
    uint32_t i;
    for (i = 0; i < a->ndim; i++)
        if (a->dims[i].lower != 1)
            return false;
    return true;
}

static void put_dimension(const ww__place *place, ww_array *a, uint32_t dim, int32_t typmod)
{
    uint32_t i;
    ww_value element;
    ww__out_byte(place->out, '[');
    for (i = 0; i < a->dims[dim].len && place->f->fault >= 0; i++) {
        if (i > 0)
            ww__out_byte(place->out, ',');
        if (dim + 1 < a->ndim)
            put_dimension(place, a, dim + 1, typmod);
        else if (ww_array_next(a, &element))
            ww__json_put(place, &element, typmod);
    }
    ww__out_byte(place->out, ']');
}

void ww__json_put_array(const ww__place *place, const ww_value *v, int32_t typmod)
{
    ww_array a;
    ww__step step = {place->last, &a, {NULL, 0}};
    ww__place inside = ww__place_in(place, &step);
    if (!ww__json_took(place, ww_value_array(v, &a, place->f->err)))
        return;
    if (a.count == 0)
        WW__OUT(place->out, "[]");
    else if (starts_at_one(&a))
        put_dimension(&inside, &a, 0, typmod);
    else
        ww__json_put_text(place, v);
}

/* ---- composites ----------------------------------------------------------------------------- */

/* Are the fields of this value those that the catalog told of? */
static bool has_names(const ww_composite *c)
{
    uint32_t i;
    if (c->type == NULL || c->count != c->type->nfields)
        return false;
    for (i = 0; i < c->count; i++)
        if (!ww__utf8_check(c->type->fields[i].name))
            return false;
    return true;
}

void ww__json_put_composite(const ww__place *place, const ww_value *v)
{
    ww_composite c;
    ww_value field;
    ww__step step = {place->last, NULL, {NULL, 0}};
    ww__place inside = ww__place_in(place, &step);
    uint32_t i;
    if (!ww__json_took(place, ww_value_composite(v, &c, place->f->err)))
        return;
    if (!has_names(&c)) {
        ww__json_put_text(place, v);
        return;
    }
    ww__out_byte(place->out, '{');
    for (i = 0; place->f->fault >= 0 && ww_composite_next(&c, &field); i++) {
        if (i > 0)
            ww__out_byte(place->out, ',');
        step.field = c.type->fields[i].name;
        ww__out_name(place->out, &place->f->policy, step.field);
        ww__out_byte(place->out, ':');
        ww__json_put(&inside, &field, c.type->fields[i].typmod);
    }
    ww__out_byte(place->out, '}');
}
