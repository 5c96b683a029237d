/* SPDX-License-Identifier: MIT */
/* value_stubs.c: what is not there yet. Whoever writes a function deletes its stub; the file goes
 * when it is empty. */
#include "values.h"

ww_status ww_value_bool(const ww_value *v, bool *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_int(const ww_value *v, int64_t *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_uint(const ww_value *v, uint64_t *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_float(const ww_value *v, double *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_numeric(const ww_value *v, ww_numeric *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

unsigned ww_numeric_digit(const ww_numeric *n, uint32_t i)
{
    (void)n;
    (void)i;
    return 0;
}

ww_status ww_value_date(const ww_value *v, int32_t *days, ww_error *err)
{
    (void)v;
    (void)days;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_time(const ww_value *v, int64_t *us, int32_t *west_s, ww_error *err)
{
    (void)v;
    (void)us;
    (void)west_s;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_timestamp(const ww_value *v, ww_pg_time *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_interval(const ww_value *v, ww_interval *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_uuid(const ww_value *v, uint8_t out[16], ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_macaddr(const ww_value *v, uint8_t out[8], size_t *len, ww_error *err)
{
    (void)v;
    (void)out;
    (void)len;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_inet(const ww_value *v, ww_inet *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_tid(const ww_value *v, ww_tid *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

ww_status ww_value_bytes(const ww_value *v, ww_bytes *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

size_t ww_bytes_next(ww_bytes *b, uint8_t *to, size_t cap)
{
    (void)b;
    (void)to;
    (void)cap;
    return 0;
}

ww_status ww_value_bits(const ww_value *v, ww_bits *out, ww_error *err)
{
    (void)v;
    (void)out;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

bool ww_bits_get(const ww_bits *b, uint32_t i)
{
    (void)b;
    (void)i;
    return false;
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

const ww__value_ops ww__value_ops_integer = {refuse, put_nothing};
const ww__value_ops ww__value_ops_float = {refuse, put_nothing};
const ww__value_ops ww__value_ops_numeric = {refuse, put_nothing};
const ww__value_ops ww__value_ops_time = {refuse, put_nothing};
const ww__value_ops ww__value_ops_interval = {refuse, put_nothing};
const ww__value_ops ww__value_ops_bytes = {refuse, put_nothing};
const ww__value_ops ww__value_ops_inet = {refuse, put_nothing};
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
