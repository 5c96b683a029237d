/* SPDX-License-Identifier: MIT */
/* float.c: float4 and float8. */
#include "print.h"
#include "values.h"

/* The float that is read is one of the type's; as a double it is the same number. */
static double read_text(ww__reader *r, ww_type_kind kind)
{
    ww_slice text = ww__bytes(r, ww__left(r));
    double value = 0;
    float value4 = 0;
    bool ok =
        kind == WW_TYPE_FLOAT4 ? ww__float4_parse(text, &value4) : ww__float8_parse(text, &value);
    if (!ok)
        ww__break(r, "not a floating-point number, or beyond the range of its type", text.len);
    return kind == WW_TYPE_FLOAT4 ? (double)value4 : value;
}

static float read_float4(ww__reader *r)
{
    uint32_t bits = ww__u32(r);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double read_float8(ww__reader *r)
{
    uint64_t bits = ww__u64(r);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

ww_status ww_value_float(const ww_value *v, double *out, ww_error *err)
{
    ww_type_kind kind = ww__value_kind(v);
    ww_status status = ww__value_is(v, kind == WW_TYPE_FLOAT4 ? kind : WW_TYPE_FLOAT8, err);
    ww__reader r = ww__reader_of(v->bytes);
    double value;
    if (status != WW_OK)
        return status;
    if (v->form == WW_COLUMN_TEXT)
        value = read_text(&r, kind);
    else
        value = kind == WW_TYPE_FLOAT4 ? (double)read_float4(&r) : read_float8(&r);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = value;
    return status;
}

static ww_status check_float(const ww_value *v, ww_error *err)
{
    double value;
    return ww_value_float(v, &value, err);
}

uint8_t *ww__float_print(ww_type_kind kind, ww_slice bytes, uint8_t *to)
{
    ww__reader r = ww__reader_of(bytes);
    bool is_float4 = kind == WW_TYPE_FLOAT4;
    if (bytes.len != (is_float4 ? 4 : 8))
        return NULL;
    return to + (is_float4 ? ww__float4_text(read_float4(&r), (char *)to)
                           : ww__float8_text(read_float8(&r), (char *)to));
}

static void put_float(const ww_value *v, ww_out *out)
{
    uint8_t text[WW__FLOAT_TEXT];
    const uint8_t *end = ww__float_print(ww__value_kind(v), v->bytes, text);
    ww__out_put(out, text, (size_t)(end - text));
}

const ww__value_ops ww__value_ops_float = {check_float, put_float};
