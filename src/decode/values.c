/* SPDX-License-Identifier: MIT */
/* values.c: what all values have in common: which family reads and writes a kind, the kinds whose
 * bytes are their text, and errors. */
#include "containers.h"
#include "print.h"

ww_value ww_value_of(const ww_types *types, uint32_t type_oid, const ww_column *col)
{
    ww_value v = {0};
    v.types = types;
    v.type = ww_types_find(types, type_oid);
    v.type_oid = type_oid;
    v.bytes = col->value;
    v.form = col->kind;
    return v;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void add_type(const ww_value *v, ww_error *err)
{
    const ww_type *t = v->type;
    if (t != NULL && t->sqlname.len > 0) {
        ww__error_add(err, t->sqlname);
    } else {
        ww__error_add_text(err, "type with OID ");
        ww__error_add_number(err, v->type_oid);
    }
}

ww_status ww__value_fail(const ww_value *v, ww_error *err, const char *rule, uint64_t offset)
{
    ww__fail_at(err, WW_ERR_DECODE, rule, offset, 0);
    add_type(v, err);
    return WW_ERR_DECODE;
}

ww_status ww__value_done(const ww_value *v, ww__reader *r, ww_error *err)
{
    if (r->broken == NULL && r->at < r->end)
        ww__break(r, "the value goes on where it should end", 0);
    if (r->broken == NULL)
        return WW_OK;
    return ww__value_fail(v, err, r->broken, (uint64_t)(r->broken_at - r->start));
}

static ww_status misuse(const ww_value *v, ww_error *err, const char *what)
{
    ww__fail(err, WW_ERR_USAGE, what);
    add_type(v, err);
    return WW_ERR_USAGE;
}

static bool is_there(const ww_value *v)
{
    return v->form == WW_COLUMN_TEXT || v->form == WW_COLUMN_BINARY;
}

ww_status ww__value_is(const ww_value *v, ww_type_kind kind, ww_error *err)
{
    if (!is_there(v))
        return misuse(v, err, "the value is null or was not sent; look at its form first");
    if (ww__value_kind(v) != kind)
        return misuse(v, err, "the value is of another type; look at type->kind first");
    return WW_OK;
}

/* ---- kinds whose binary form is the text, or a version and the text ---------------------------
 */

static bool has_version(const ww_value *v)
{
    ww_type_kind kind = ww__value_kind(v);
    return v->form == WW_COLUMN_BINARY &&
           (kind == WW_TYPE_JSONB || kind == WW_TYPE_JSONPATH || kind == WW_TYPE_LTREE);
}

static ww_status check_versioned(const ww_value *v, ww_error *err)
{
    if (v->bytes.len == 0 || v->bytes.ptr[0] != 1)
        return ww__value_fail(v, err, "the value is of another version than 1", 0);
    return WW_OK;
}

static ww_status check_any(const ww_value *v, ww_error *err)
{
    (void)v;
    (void)err;
    return WW_OK;
}

static ww_status check_void(const ww_value *v, ww_error *err)
{
    ww__reader r = ww__reader_of(v->bytes);
    return ww__value_done(v, &r, err);
}

static void put_text(const ww_value *v, ww_out *out)
{
    size_t skip = has_version(v) ? 1 : 0;
    if (v->bytes.len > skip)
        ww__out_put(out, v->bytes.ptr + skip, v->bytes.len - skip);
}

static const ww__value_ops ops_text = {check_any, put_text};
static const ww__value_ops ops_versioned = {check_versioned, put_text};
static const ww__value_ops ops_void = {check_void, put_text};

/* ---- families -------------------------------------------------------------------------------- */

/* Kinds that are not here have no binary form that could be read. */
static const ww__value_ops *const families[] = {
    [WW_TYPE_TEXT] = &ops_text,
    [WW_TYPE_ENUM] = &ops_text,
    [WW_TYPE_JSON] = &ops_text,
    [WW_TYPE_JSONB] = &ops_versioned,
    [WW_TYPE_JSONPATH] = &ops_versioned,
    [WW_TYPE_LTREE] = &ops_versioned,
    [WW_TYPE_BOOL] = &ww__value_ops_integer,
    [WW_TYPE_CHAR] = &ww__value_ops_integer,
    [WW_TYPE_INT2] = &ww__value_ops_integer,
    [WW_TYPE_INT4] = &ww__value_ops_integer,
    [WW_TYPE_INT8] = &ww__value_ops_integer,
    [WW_TYPE_OID] = &ww__value_ops_integer,
    [WW_TYPE_XID8] = &ww__value_ops_integer,
    [WW_TYPE_MONEY] = &ww__value_ops_integer,
    [WW_TYPE_TID] = &ww__value_ops_integer,
    [WW_TYPE_PG_LSN] = &ww__value_ops_integer,
    [WW_TYPE_SNAPSHOT] = &ww__value_ops_integer,
    [WW_TYPE_FLOAT4] = &ww__value_ops_float,
    [WW_TYPE_FLOAT8] = &ww__value_ops_float,
    [WW_TYPE_NUMERIC] = &ww__value_ops_numeric,
    [WW_TYPE_DATE] = &ww__value_ops_time,
    [WW_TYPE_TIME] = &ww__value_ops_time,
    [WW_TYPE_TIMETZ] = &ww__value_ops_time,
    [WW_TYPE_TIMESTAMP] = &ww__value_ops_time,
    [WW_TYPE_TIMESTAMPTZ] = &ww__value_ops_time,
    [WW_TYPE_INTERVAL] = &ww__value_ops_interval,
    [WW_TYPE_BYTEA] = &ww__value_ops_bytes,
    [WW_TYPE_UUID] = &ww__value_ops_bytes,
    [WW_TYPE_MACADDR] = &ww__value_ops_bytes,
    [WW_TYPE_MACADDR8] = &ww__value_ops_bytes,
    [WW_TYPE_BIT] = &ww__value_ops_bytes,
    [WW_TYPE_INET] = &ww__value_ops_inet,
    [WW_TYPE_POINT] = &ww__value_ops_geometry,
    [WW_TYPE_LSEG] = &ww__value_ops_geometry,
    [WW_TYPE_PATH] = &ww__value_ops_geometry,
    [WW_TYPE_BOX] = &ww__value_ops_geometry,
    [WW_TYPE_POLYGON] = &ww__value_ops_geometry,
    [WW_TYPE_LINE] = &ww__value_ops_geometry,
    [WW_TYPE_CIRCLE] = &ww__value_ops_geometry,
    [WW_TYPE_TSVECTOR] = &ww__value_ops_search,
    [WW_TYPE_TSQUERY] = &ww__value_ops_search,
    [WW_TYPE_ARRAY] = &ww__value_ops_array,
    [WW_TYPE_VECTOR] = &ww__value_ops_array,
    [WW_TYPE_COMPOSITE] = &ww__value_ops_composite,
    [WW_TYPE_RANGE] = &ww__value_ops_range,
    [WW_TYPE_MULTIRANGE] = &ww__value_ops_range,
    [WW_TYPE_HSTORE] = &ww__value_ops_hstore,
    [WW_TYPE_VOID] = &ops_void,
};

static const ww__value_ops *family_of(const ww_value *v)
{
    size_t kind = (size_t)ww__value_kind(v);
    return kind < sizeof families / sizeof families[0] ? families[kind] : NULL;
}

ww__value_print *ww__value_printer(ww_type_kind kind)
{
    switch ((int)kind) {
    case WW_TYPE_FLOAT4:
    case WW_TYPE_FLOAT8:
        return ww__float_print;
    case WW_TYPE_NUMERIC:
        return ww__numeric_print;
    case WW_TYPE_DATE:
    case WW_TYPE_TIME:
    case WW_TYPE_TIMETZ:
    case WW_TYPE_TIMESTAMP:
    case WW_TYPE_TIMESTAMPTZ:
        return ww__time_print;
    case WW_TYPE_UUID:
        return ww__uuid_print;
    default:
        return NULL;
    }
}

ww_status ww__value_check_binary(const ww_value *v, ww_error *err)
{
    const ww__value_ops *ops = family_of(v);
    if (ops == NULL)
        return ww__value_fail(v, err,
                              "the binary form of this type is not known: ask for values in text "
                              "form",
                              WW_NO_OFFSET);
    return ops->check(v, err);
}

void ww__value_put_binary(const ww_value *v, ww_out *out)
{
    const ww__value_ops *ops = family_of(v);
    if (ops != NULL)
        ops->put(v, out);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool is_container(ww_type_kind kind)
{
    return kind == WW_TYPE_ARRAY || kind == WW_TYPE_VECTOR || kind == WW_TYPE_COMPOSITE ||
           kind == WW_TYPE_RANGE || kind == WW_TYPE_MULTIRANGE || kind == WW_TYPE_HSTORE;
}

/* A scalar in text form is checked by reading it. */
static ww_status check_scalar(const ww_value *v, ww_error *err)
{
    union {
        bool truth;
        int64_t i64;
        uint64_t u64;
        double number;
        ww_numeric numeric;
        int32_t days;
        ww_pg_time time;
        ww_interval interval;
        uint8_t bytes16[16];
        ww_inet inet;
        ww_tid tid;
        ww_bytes bytes;
        ww_bits bits;
        ww_geometry geometry;
    } out;
    size_t len;
    switch (ww__value_kind(v)) {
    case WW_TYPE_BOOL:
        return ww_value_bool(v, &out.truth, err);
    case WW_TYPE_INT2:
    case WW_TYPE_INT4:
    case WW_TYPE_INT8:
    case WW_TYPE_MONEY:
        return ww_value_int(v, &out.i64, err);
    case WW_TYPE_OID:
    case WW_TYPE_XID8:
    case WW_TYPE_PG_LSN:
        return ww_value_uint(v, &out.u64, err);
    case WW_TYPE_FLOAT4:
    case WW_TYPE_FLOAT8:
        return ww_value_float(v, &out.number, err);
    case WW_TYPE_NUMERIC:
        return ww_value_numeric(v, &out.numeric, err);
    case WW_TYPE_DATE:
        return ww_value_date(v, &out.days, err);
    case WW_TYPE_TIME:
    case WW_TYPE_TIMETZ:
        return ww_value_time(v, &out.i64, NULL, err);
    case WW_TYPE_TIMESTAMP:
    case WW_TYPE_TIMESTAMPTZ:
        return ww_value_timestamp(v, &out.time, err);
    case WW_TYPE_INTERVAL:
        return ww_value_interval(v, &out.interval, err);
    case WW_TYPE_UUID:
        return ww_value_uuid(v, out.bytes16, err);
    case WW_TYPE_MACADDR:
    case WW_TYPE_MACADDR8:
        return ww_value_macaddr(v, out.bytes16, &len, err);
    case WW_TYPE_INET:
        return ww_value_inet(v, &out.inet, err);
    case WW_TYPE_TID:
        return ww_value_tid(v, &out.tid, err);
    case WW_TYPE_BYTEA:
        return ww_value_bytes(v, &out.bytes, err);
    case WW_TYPE_BIT:
        return ww_value_bits(v, &out.bits, err);
    case WW_TYPE_POINT:
    case WW_TYPE_LSEG:
    case WW_TYPE_PATH:
    case WW_TYPE_BOX:
    case WW_TYPE_POLYGON:
    case WW_TYPE_LINE:
    case WW_TYPE_CIRCLE:
        return ww_value_geometry(v, &out.geometry, err);
    default:
        return WW_OK;
    }
}

ww_status ww__value_check(const ww_value *v, ww_error *err)
{
    if (v->form == WW_COLUMN_NULL)
        return WW_OK;
    if (!is_there(v))
        return misuse(v, err, "the value was not sent; look at its form first");
    if (v->form == WW_COLUMN_BINARY || is_container(ww__value_kind(v)))
        return ww__value_check_binary(v, err);
    return check_scalar(v, err);
}

ww_status ww_value_check(const ww_value *v, ww_error *err)
{
    ww_status status = ww__value_check(v, err);
    if (status == WW_OK && v->form == WW_COLUMN_BINARY && !ww__value_fits(v))
        return ww__value_fail(v, err, "the text would be longer than the server's longest",
                              WW_NO_OFFSET);
    return status;
}

/* ---- text ------------------------------------------------------------------------------------ */

bool ww_value_text(const ww_value *v, ww_slice *text)
{
    const ww__value_ops *ops = family_of(v);
    size_t skip = has_version(v) ? 1 : 0;
    if (v->form == WW_COLUMN_TEXT)
        return ww__value_plain(v, text, NULL, 0);
    if (v->form != WW_COLUMN_BINARY || (ops != &ops_text && ops != &ops_versioned))
        return false;
    if (ops->check(v, NULL) != WW_OK)
        return false;
    text->ptr = skip > 0 ? v->bytes.ptr + skip : v->bytes.ptr;
    text->len = v->bytes.len - skip;
    return true;
}

ww_status ww_value_put(const ww_value *v, ww_out *out, ww_error *err)
{
    ww_status status = ww_value_check(v, err);
    ww__chars chars = ww__chars_of(v);
    if (status != WW_OK || v->form == WW_COLUMN_NULL)
        return status;
    if (v->form == WW_COLUMN_TEXT && v->nlayers == 0)
        ww__out_put(out, v->bytes.ptr, v->bytes.len);
    else if (v->form == WW_COLUMN_TEXT)
        ww__chars_put(&chars, out);
    else
        ww__value_put_binary(v, out);
    return out->status;
}
