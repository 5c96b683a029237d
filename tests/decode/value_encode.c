/* SPDX-License-Identifier: MIT */
/* value_encode.c: the binary form of a value, from its getters. */
#include "value_encode.h"

#include "base/out.h"

#include <stdlib.h>
#include <string.h>

static void put_bytes(ww_out *out, const void *bytes, size_t n)
{
    ww__out_put(out, bytes, n);
}

/* Big-endian, the lowest n bytes of `value`. */
static void put_int(ww_out *out, uint64_t value, unsigned n)
{
    while (n-- > 0)
        ww__out_byte(out, (char)(value >> (8 * n) & 255));
}

static void put_double(ww_out *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_int(out, bits, 8);
}

static void put_float(ww_out *out, double value)
{
    float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    put_int(out, bits, 4);
}

/* ---- scalars -------------------------------------------------------------------------------- */

static ww_status encode_bool(const ww_value *v, ww_out *out, ww_error *err)
{
    bool value = false;
    ww_status st = ww_value_bool(v, &value, err);
    put_int(out, value, 1);
    return st;
}

static ww_status encode_int(const ww_value *v, ww_out *out, unsigned n, ww_error *err)
{
    int64_t value = 0;
    ww_status st = ww_value_int(v, &value, err);
    put_int(out, (uint64_t)value, n);
    return st;
}

static ww_status encode_uint(const ww_value *v, ww_out *out, unsigned n, ww_error *err)
{
    uint64_t value = 0;
    ww_status st = ww_value_uint(v, &value, err);
    put_int(out, value, n);
    return st;
}

static ww_status encode_float(const ww_value *v, ww_out *out, ww_error *err)
{
    double value = 0;
    ww_status st = ww_value_float(v, &value, err);
    if (v->type->kind == WW_TYPE_FLOAT4)
        put_float(out, value);
    else
        put_double(out, value);
    return st;
}

/* Decimal digits in groups of four around the point, without leading and trailing groups of 0. */
static void put_groups(ww_out *out, const ww_numeric *n)
{
    uint32_t before = (n->integer_digits + 3) / 4, behind = (n->scale + 3) / 4, i;
    uint32_t total = before + behind, first = 0, last;
    uint16_t *groups = calloc(total > 0 ? total : 1, sizeof *groups);
    for (i = 0; i < n->integer_digits + n->scale; i++) {
        uint32_t place = i < n->integer_digits ? 4 * before - n->integer_digits + i
                                               : 4 * before + (i - n->integer_digits);
        static const uint16_t tens[4] = {1000, 100, 10, 1};
        groups[place / 4] =
            (uint16_t)(groups[place / 4] + tens[place % 4] * ww_numeric_digit(n, i));
    }
    while (first < total && groups[first] == 0)
        first++;
    last = total;
    while (last > first && groups[last - 1] == 0)
        last--;
    put_int(out, last - first, 2);
    put_int(out, last > first ? (uint64_t)((int64_t)before - 1 - first) : 0, 2);
    put_int(out, n->sign, 2);
    put_int(out, n->scale, 2);
    for (i = first; i < last; i++)
        put_int(out, groups[i], 2);
    free(groups);
}

static ww_status encode_numeric(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_numeric n;
    ww_status st = ww_value_numeric(v, &n, err);
    if (st < 0)
        return st;
    if (n.sign == WW_NUMERIC_POSITIVE || n.sign == WW_NUMERIC_NEGATIVE) {
        put_groups(out, &n);
        return st;
    }
    put_int(out, 0, 4);
    put_int(out, n.sign, 2);
    put_int(out, n.sign == WW_NUMERIC_NAN ? 0 : 0x20, 2); /* junk, as the server sends it */
    return st;
}

static ww_status encode_date(const ww_value *v, ww_out *out, ww_error *err)
{
    int32_t days = 0;
    ww_status st = ww_value_date(v, &days, err);
    put_int(out, (uint64_t)days, 4);
    return st;
}

static ww_status encode_time(const ww_value *v, ww_out *out, ww_error *err)
{
    int64_t us = 0;
    int32_t west = 0;
    ww_status st = ww_value_time(v, &us, &west, err);
    put_int(out, (uint64_t)us, 8);
    if (v->type->kind == WW_TYPE_TIMETZ)
        put_int(out, (uint64_t)west, 4);
    return st;
}

static ww_status encode_timestamp(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_pg_time time = {0};
    ww_status st = ww_value_timestamp(v, &time, err);
    put_int(out, (uint64_t)time.us, 8);
    return st;
}

static ww_status encode_interval(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_interval i = {0, 0, 0};
    ww_status st = ww_value_interval(v, &i, err);
    put_int(out, (uint64_t)i.us, 8);
    put_int(out, (uint64_t)i.days, 4);
    put_int(out, (uint64_t)i.months, 4);
    return st;
}

static ww_status encode_inet(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_inet i;
    ww_status st = ww_value_inet(v, &i, err);
    if (st < 0)
        return st;
    put_int(out, i.len == 4 ? 2 : 3, 1);
    put_int(out, i.bits, 1);
    put_int(out, i.is_cidr, 1);
    put_int(out, i.len, 1);
    put_bytes(out, i.address, i.len);
    return st;
}

static ww_status encode_uuid(const ww_value *v, ww_out *out, ww_error *err)
{
    uint8_t uuid[16] = {0};
    ww_status st = ww_value_uuid(v, uuid, err);
    put_bytes(out, uuid, sizeof uuid);
    return st;
}

static ww_status encode_macaddr(const ww_value *v, ww_out *out, ww_error *err)
{
    uint8_t mac[8];
    size_t len = 0;
    ww_status st = ww_value_macaddr(v, mac, &len, err);
    put_bytes(out, mac, len);
    return st;
}

static ww_status encode_tid(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_tid tid = {0, 0};
    ww_status st = ww_value_tid(v, &tid, err);
    put_int(out, tid.block, 4);
    put_int(out, tid.offset, 2);
    return st;
}

static ww_status encode_bytes(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_bytes b;
    uint8_t some[7]; /* an odd size, so that pieces are tried */
    size_t n;
    ww_status st = ww_value_bytes(v, &b, err);
    while (st == WW_OK && (n = ww_bytes_next(&b, some, sizeof some)) > 0)
        put_bytes(out, some, n);
    return st;
}

static ww_status encode_bits(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_bits b;
    uint32_t i;
    ww_status st = ww_value_bits(v, &b, err);
    if (st < 0)
        return st;
    put_int(out, b.len, 4);
    for (i = 0; i < b.len; i += 8) {
        unsigned byte = 0, k;
        for (k = 0; k < 8; k++)
            byte = byte << 1 | (i + k < b.len && ww_bits_get(&b, i + k));
        put_int(out, byte, 1);
    }
    return st;
}

static ww_status encode_geometry(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_geometry g;
    double number;
    ww_status st = ww_value_geometry(v, &g, err);
    if (st < 0)
        return st;
    if (v->type->kind == WW_TYPE_PATH)
        put_int(out, g.closed, 1);
    if (v->type->kind == WW_TYPE_PATH || v->type->kind == WW_TYPE_POLYGON)
        put_int(out, g.count / 2, 4);
    while (ww_geometry_next(&g, &number))
        put_double(out, number);
    return st;
}

/* The text, after a version byte where the binary form has one. */
static ww_status encode_text(const ww_value *v, ww_out *out, ww_error *err)
{
    switch (v->type->kind) {
    case WW_TYPE_JSONB:
    case WW_TYPE_JSONPATH:
    case WW_TYPE_LTREE:
        put_int(out, 1, 1);
        break;
    default:
        break;
    }
    return ww_value_put(v, out, err);
}

/* ---- containers ----------------------------------------------------------------------------- */

/* i32 length and the value; -1 for null. */
static ww_status encode_item(const ww_value *v, ww_out *out, ww_error *err)
{
    size_t at = out->len, len;
    ww_status st;
    put_int(out, UINT32_MAX, 4);
    if (ww_value_is_null(v))
        return WW_OK;
    st = encode_value(v, out, err);
    len = out->len - at - 4;
    for (int i = 0; i < 4; i++)
        out->ptr[at + (size_t)i] = (uint8_t)(len >> (24 - 8 * i));
    return st;
}

static ww_status encode_array(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_array a, look;
    ww_value element;
    uint32_t i;
    bool has_null = false;
    ww_status st = ww_value_array(v, &a, err);
    if (st < 0)
        return st;
    if (v->type->kind == WW_TYPE_VECTOR && a.ndim == 0) {
        a.ndim = 1; /* the server keeps the dimension of an empty vector */
        a.dims[0].len = 0;
        a.dims[0].lower = 0;
    }
    look = a;
    while (ww_array_next(&look, &element))
        has_null |= ww_value_is_null(&element);
    put_int(out, a.ndim, 4);
    put_int(out, has_null, 4);
    put_int(out, a.element_oid, 4);
    for (i = 0; i < a.ndim; i++) {
        put_int(out, a.dims[i].len, 4);
        put_int(out, (uint64_t)a.dims[i].lower, 4);
    }
    while (st == WW_OK && ww_array_next(&a, &element))
        st = encode_item(&element, out, err);
    return st;
}

static ww_status encode_composite(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_composite c;
    ww_value field;
    ww_status st = ww_value_composite(v, &c, err);
    if (st < 0)
        return st;
    put_int(out, c.count, 4);
    while (st == WW_OK && ww_composite_next(&c, &field)) {
        put_int(out, field.type_oid, 4);
        st = encode_item(&field, out, err);
    }
    return st;
}

static ww_status encode_range(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_range r;
    ww_status st = ww_value_range(v, &r, err);
    if (st < 0)
        return st;
    if (r.empty) {
        put_int(out, 1, 1);
        return st;
    }
    put_int(out,
            (r.lower_inclusive ? 2u : 0u) | (r.upper_inclusive ? 4u : 0u) |
                (r.lower_infinite ? 8u : 0u) | (r.upper_infinite ? 16u : 0u),
            1);
    if (!r.lower_infinite)
        st = encode_item(&r.lower, out, err);
    if (st == WW_OK && !r.upper_infinite)
        st = encode_item(&r.upper, out, err);
    return st;
}

static ww_status encode_multirange(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_multirange m;
    ww_value range;
    ww_status st = ww_value_multirange(v, &m, err);
    if (st < 0)
        return st;
    put_int(out, m.count, 4);
    while (st == WW_OK && ww_multirange_next(&m, &range))
        st = encode_item(&range, out, err);
    return st;
}

static ww_status encode_hstore(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_hstore h;
    ww_value key, value;
    ww_status st = ww_value_hstore(v, &h, err);
    if (st < 0)
        return st;
    put_int(out, h.count, 4);
    while (st == WW_OK && ww_hstore_next(&h, &key, &value)) {
        st = encode_item(&key, out, err);
        if (st == WW_OK)
            st = encode_item(&value, out, err);
    }
    return st;
}

/* ---- by kind -------------------------------------------------------------------------------- */

ww_status encode_value(const ww_value *v, ww_out *out, ww_error *err)
{
    switch (v->type != NULL ? (ww_type_kind)v->type->kind : WW_TYPE_OTHER) {
    case WW_TYPE_TEXT:
    case WW_TYPE_ENUM:
    case WW_TYPE_JSON:
    case WW_TYPE_JSONB:
    case WW_TYPE_JSONPATH:
    case WW_TYPE_LTREE:
        return encode_text(v, out, err);
    case WW_TYPE_BOOL:
        return encode_bool(v, out, err);
    case WW_TYPE_INT2:
        return encode_int(v, out, 2, err);
    case WW_TYPE_INT4:
        return encode_int(v, out, 4, err);
    case WW_TYPE_INT8:
    case WW_TYPE_MONEY:
        return encode_int(v, out, 8, err);
    case WW_TYPE_OID:
        return encode_uint(v, out, 4, err);
    case WW_TYPE_XID8:
    case WW_TYPE_PG_LSN:
        return encode_uint(v, out, 8, err);
    case WW_TYPE_FLOAT4:
    case WW_TYPE_FLOAT8:
        return encode_float(v, out, err);
    case WW_TYPE_NUMERIC:
        return encode_numeric(v, out, err);
    case WW_TYPE_DATE:
        return encode_date(v, out, err);
    case WW_TYPE_TIME:
    case WW_TYPE_TIMETZ:
        return encode_time(v, out, err);
    case WW_TYPE_TIMESTAMP:
    case WW_TYPE_TIMESTAMPTZ:
        return encode_timestamp(v, out, err);
    case WW_TYPE_INTERVAL:
        return encode_interval(v, out, err);
    case WW_TYPE_BYTEA:
        return encode_bytes(v, out, err);
    case WW_TYPE_UUID:
        return encode_uuid(v, out, err);
    case WW_TYPE_INET:
        return encode_inet(v, out, err);
    case WW_TYPE_MACADDR:
    case WW_TYPE_MACADDR8:
        return encode_macaddr(v, out, err);
    case WW_TYPE_BIT:
        return encode_bits(v, out, err);
    case WW_TYPE_TID:
        return encode_tid(v, out, err);
    case WW_TYPE_POINT:
    case WW_TYPE_LSEG:
    case WW_TYPE_PATH:
    case WW_TYPE_BOX:
    case WW_TYPE_POLYGON:
    case WW_TYPE_LINE:
    case WW_TYPE_CIRCLE:
        return encode_geometry(v, out, err);
    case WW_TYPE_ARRAY:
    case WW_TYPE_VECTOR:
        return encode_array(v, out, err);
    case WW_TYPE_COMPOSITE:
        return encode_composite(v, out, err);
    case WW_TYPE_RANGE:
        return encode_range(v, out, err);
    case WW_TYPE_MULTIRANGE:
        return encode_multirange(v, out, err);
    case WW_TYPE_HSTORE:
        return encode_hstore(v, out, err);
    default:
        return WW_ERR_USAGE;
    }
}

bool encode_has(const ww_types *types, const ww_type *type)
{
    uint16_t i;
    if (type == NULL)
        return false;
    switch ((ww_type_kind)type->kind) {
    case WW_TYPE_OTHER:
    case WW_TYPE_CHAR:
    case WW_TYPE_REG:
    case WW_TYPE_TSVECTOR:
    case WW_TYPE_TSQUERY:
    case WW_TYPE_SNAPSHOT:
    case WW_TYPE_VOID:
        return false;
    case WW_TYPE_ARRAY:
    case WW_TYPE_RANGE:
    case WW_TYPE_MULTIRANGE:
        return encode_has(types, ww_types_find(types, type->element));
    case WW_TYPE_COMPOSITE:
        for (i = 0; i < type->nfields; i++)
            if (!encode_has(types, ww_types_find(types, type->fields[i].type_oid)))
                return false;
        return type->nfields > 0;
    default:
        return true;
    }
}
