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
