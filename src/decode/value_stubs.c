/* SPDX-License-Identifier: MIT */
/* value_stubs.c: what is not there yet. Whoever writes a function deletes its stub; the file goes
 * when it is empty. */
#include "values.h"

ww_status ww_value_float(const ww_value *v, double *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_geometry(const ww_value *v, ww_geometry *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

bool ww_geometry_next(ww_geometry *g, double *out)
{
    (void)g;
    (void)out;
    return false;
}

ww_status ww_value_array(const ww_value *v, ww_array *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

bool ww_array_next(ww_array *a, ww_value *element)
{
    (void)a;
    (void)element;
    return false;
}

ww_status ww_value_composite(const ww_value *v, ww_composite *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

bool ww_composite_next(ww_composite *c, ww_value *field)
{
    (void)c;
    (void)field;
    return false;
}

ww_status ww_value_range(const ww_value *v, ww_range *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_multirange(const ww_value *v, ww_multirange *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

bool ww_multirange_next(ww_multirange *m, ww_value *range)
{
    (void)m;
    (void)range;
    return false;
}

ww_status ww_value_hstore(const ww_value *v, ww_hstore *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

bool ww_hstore_next(ww_hstore *h, ww_value *key, ww_value *value)
{
    (void)h;
    (void)key;
    (void)value;
    return false;
}

static ww_status refuse(const ww_value *v, ww_error *err)
{
    (void)v;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

static void put_nothing(const ww_value *v, ww_out *out)
{
    (void)v;
    (void)out;
}

const ww__value_ops ww__value_ops_float = {refuse, put_nothing};
const ww__value_ops ww__value_ops_geometry = {refuse, put_nothing};
const ww__value_ops ww__value_ops_search = {refuse, put_nothing};
const ww__value_ops ww__value_ops_array = {refuse, put_nothing};
const ww__value_ops ww__value_ops_composite = {refuse, put_nothing};
const ww__value_ops ww__value_ops_range = {refuse, put_nothing};
const ww__value_ops ww__value_ops_hstore = {refuse, put_nothing};

size_t ww__float8_text(double value, char out[WW__FLOAT_TEXT])
{
    (void)value;
    (void)out;
    return 0;
}

size_t ww__float4_text(float value, char out[WW__FLOAT_TEXT])
{
    (void)value;
    (void)out;
    return 0;
}

bool ww__float8_parse(ww_slice text, double *out)
{
    (void)text;
    (void)out;
    return false;
}

bool ww__float4_parse(ww_slice text, float *out)
{
    (void)text;
    (void)out;
    return false;
}
