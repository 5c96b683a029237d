/* SPDX-License-Identifier: MIT */
/* fits.c: is a value what the catalog told of its composite types? The stream does not say when
 * they change, so what is known of them may be of another time than the value.
 *
 * In binary form a composite carries its fields' types; in text form only their number and what
 * they look like tell. What is wrong with a field in text form can therefore be the catalog's
 * fault, and is never the format's. */
#include "jsonvalue.h"

/* Types made of types; what is deeper than a value can be never comes. */
#define MAX_DEPTH (WW_VALUE_MAX_DEPTH + 1)

/* ---- types ---------------------------------------------------------------------------------- */

bool ww__has_composite(const ww_format *f, const ww_type *type)
{
    unsigned depth;
    for (depth = 0; type != NULL && depth < MAX_DEPTH; depth++) {
        if (type->kind == WW_TYPE_COMPOSITE)
            return true;
        type = type->element != 0 ? ww_types_find(f->types, type->element) : NULL;
    }
    return false;
}

static void remember(ww_format *f, uint32_t oid)
{
    size_t i;
    for (i = 0; i < f->ndoubts; i++)
        if (f->doubts[i] == oid)
            return;
    if (f->ndoubts < WW__MAX_DOUBTS)
        f->doubts[f->ndoubts++] = oid;
}

/* Of a value that is older than the look-up, a second one would tell no more. A domain has its
 * fields from the type that it is over: that comes first. */
static void doubt(ww_format *f, const ww_type *type)
{
    if (f->committed != 0 && f->committed < type->as_of)
        return;
    if (type->domain_of != 0) {
        const ww_type *base = ww_types_find(f->types, type->domain_of);
        unsigned depth;
        for (depth = 0; base != NULL && base->domain_of != 0 && depth < MAX_DEPTH; depth++)
            base = ww_types_find(f->types, base->domain_of);
        if (base != NULL)
            remember(f, base->oid);
    }
    remember(f, type->oid);
}

bool ww_format_doubt(ww_format *f, uint32_t *type_oid)
{
    if (f->ndoubts == 0)
        return false;
    *type_oid = f->doubts[0];
    f->ndoubts--;
    memmove(f->doubts, f->doubts + 1, f->ndoubts * sizeof f->doubts[0]);
    return true;
}

/* ---- values --------------------------------------------------------------------------------- */

/* told: it is in text form, and a field of a composite. */
static bool fits(const ww__place *place, const ww_value *v, int32_t typmod, bool told);

static ww_error *blame(const ww__place *place, bool told)
{
    return told ? NULL : place->f->err;
}

static bool took(const ww__place *place, bool told, ww_status status)
{
    return told ? status >= 0 : ww__json_took(place, status);
}

static bool fits_array(const ww__place *place, const ww_value *v, int32_t typmod, bool told)
{
    ww_array a;
    ww_value element;
    ww__step step = {place->last, &a, {NULL, 0}};
    ww__place inside = ww__place_in(place, &step);
    if (!took(place, told, ww_value_array(v, &a, blame(place, told))))
        return false;
    while (ww_array_next(&a, &element))
        if (!fits(&inside, &element, typmod, told))
            return false;
    return true;
}

static bool fits_range(const ww__place *place, const ww_value *v, bool told)
{
    ww_range range;
    return took(place, told, ww_value_range(v, &range, blame(place, told))) &&
           fits(place, &range.lower, -1, told) && fits(place, &range.upper, -1, told);
}

static bool fits_multirange(const ww__place *place, const ww_value *v, bool told)
{
    ww_multirange m;
    ww_value range;
    if (!took(place, told, ww_value_multirange(v, &m, blame(place, told))))
        return false;
    while (ww_multirange_next(&m, &range))
        if (!fits(place, &range, -1, told))
            return false;
    return true;
}

/* Has it no digits but those that its type has room for? */
static bool fits_scale(const ww__place *place, const ww_value *v, int32_t typmod, bool told)
{
    int32_t scale;
    int64_t i;
    ww_numeric n;
    if (!took(place, told, ww_value_numeric(v, &n, blame(place, told))))
        return false;
    if (!ww__numeric_scale(typmod, &scale))
        return true;
    i = (int64_t)n.integer_digits + scale;
    for (i = i > 0 ? i : 0; i < (int64_t)n.integer_digits + n.scale; i++)
        if (ww_numeric_digit(&n, (uint32_t)i) != 0)
            return false;
    return true;
}

static bool fits_fields(const ww__place *place, ww_composite *c, bool told)
{
    ww_value field;
    ww__step step = {place->last, NULL, {NULL, 0}};
    ww__place inside = ww__place_in(place, &step);
    uint32_t i;
    if (c->count != c->type->nfields)
        return false;
    for (i = 0; ww_composite_next(c, &field); i++) {
        const ww_type_field *known = &c->type->fields[i];
        step.field = known->name;
        if (field.type_oid != known->type_oid || !fits(&inside, &field, known->typmod, told))
            return false;
    }
    return true;
}

/* One without fields has nothing to compare with; it is the text in any case (of `record`: no
 * catalog tells more). */
static bool fits_composite(const ww__place *place, const ww_value *v, bool told)
{
    bool text = v->form == WW_COLUMN_TEXT, fit = true;
    ww_composite c;
    if (!took(place, told, ww_value_composite(v, &c, blame(place, told))))
        return false;
    if (c.type != NULL)
        fit = fits_fields(place, &c, text);
    if (place->f->fault >= 0 && (!fit || (c.type == NULL && c.count > 0 && v->type->as_of != 0)))
        doubt(place->f, v->type);
    return fit;
}

static bool fits(const ww__place *place, const ww_value *v, int32_t typmod, bool told)
{
    if (ww_value_is_null(v))
        return true;
    switch (v->type != NULL ? v->type->kind : WW_TYPE_OTHER) {
    case WW_TYPE_ARRAY:
        return fits_array(place, v, typmod, told);
    case WW_TYPE_COMPOSITE:
        return fits_composite(place, v, told);
    case WW_TYPE_RANGE:
        return fits_range(place, v, told);
    case WW_TYPE_MULTIRANGE:
        return fits_multirange(place, v, told);
    case WW_TYPE_NUMERIC:
        return fits_scale(place, v, typmod, told);
    default:
        return took(place, told, ww__value_known(v, blame(place, told))) &&
               took(place, told, ww_value_check(v, blame(place, told)));
    }
}

bool ww__json_fits(const ww__place *place, const ww_value *v, int32_t typmod)
{
    return fits(place, v, typmod, false);
}
