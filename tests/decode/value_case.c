/* SPDX-License-Identifier: MIT */
/* value_case.c: compares the two forms of a scalar value by their text and by what getters say. */
#include "value_case.h"

#include "check.h"

ww_value case_value(uint32_t oid, uint8_t form, ww_slice bytes)
{
    ww_column col;
    memset(&col, 0, sizeof col);
    col.kind = form;
    col.value = bytes;
    return ww_value_of(NULL, oid, &col);
}

ww_slice case_text(const ww_value *v, ww_error *err)
{
    check_alloc memory;
    ww_out out;
    ww_slice text = {NULL, 0};
    check_alloc_init(&memory, 0);
    memset(&out, 0, sizeof out);
    out.alloc = &memory.alloc;
    if (ww_value_put(v, &out, err) == WW_OK) {
        text.ptr = out.ptr != NULL ? out.ptr : malloc(1);
        text.len = out.len;
    } else {
        free(out.ptr);
    }
    return text;
}

static bool same_numeric(const ww_value *a, const ww_value *b, ww_error *err)
{
    ww_numeric x, y;
    uint32_t i;
    if (ww_value_numeric(a, &x, err) != WW_OK || ww_value_numeric(b, &y, err) != WW_OK)
        return false;
    if (x.sign != y.sign || x.integer_digits != y.integer_digits || x.scale != y.scale)
        return false;
    for (i = 0; i < x.integer_digits + x.scale; i++)
        if (ww_numeric_digit(&x, i) != ww_numeric_digit(&y, i) || ww_numeric_digit(&x, i) > 9)
            return false;
    return true;
}

/* In pieces of different sizes, so that these do not matter either. */
static bool same_bytes(const ww_value *a, const ww_value *b, ww_error *err)
{
    ww_bytes x, y;
    uint8_t p[7], q[7];
    size_t n, i;
    if (ww_value_bytes(a, &x, err) != WW_OK || ww_value_bytes(b, &y, err) != WW_OK ||
        x.len != y.len)
        return false;
    while ((n = ww_bytes_next(&x, p, sizeof p)) > 0)
        for (i = 0; i < n; i++)
            if (ww_bytes_next(&y, q, 1) != 1 || q[0] != p[i])
                return false;
    return ww_bytes_next(&y, q, sizeof q) == 0;
}

static bool same_bits(const ww_value *a, const ww_value *b, ww_error *err)
{
    ww_bits x, y;
    uint32_t i;
    if (ww_value_bits(a, &x, err) != WW_OK || ww_value_bits(b, &y, err) != WW_OK || x.len != y.len)
        return false;
    for (i = 0; i < x.len; i++)
        if (ww_bits_get(&x, i) != ww_bits_get(&y, i))
            return false;
    return true;
}

/* The answer of a getter, to compare byte by byte. */
typedef union answer {
    bool truth;
    int64_t i64;
    uint64_t u64;
    int32_t days;
    struct {
        int64_t us;
        int32_t west_s;
    } time;
    ww_pg_time timestamp;
    ww_interval interval;
    struct {
        uint8_t bytes[16];
        size_t len;
    } bytes;
    ww_inet inet;
} answer;

static ww_status ask_tid(const ww_value *v, uint64_t *packed, ww_error *err)
{
    ww_tid tid = {0, 0};
    ww_status status = ww_value_tid(v, &tid, err);
    *packed = (uint64_t)tid.block << 16 | tid.offset;
    return status;
}

static ww_status ask(const ww_value *v, answer *a, ww_error *err)
{
    memset(a, 0, sizeof *a);
    switch ((int)v->type->kind) {
    case WW_TYPE_BOOL:
        return ww_value_bool(v, &a->truth, err);
    case WW_TYPE_INT2:
    case WW_TYPE_INT4:
    case WW_TYPE_INT8:
    case WW_TYPE_MONEY:
        return ww_value_int(v, &a->i64, err);
    case WW_TYPE_OID:
    case WW_TYPE_XID8:
    case WW_TYPE_PG_LSN:
        return ww_value_uint(v, &a->u64, err);
    case WW_TYPE_DATE:
        return ww_value_date(v, &a->days, err);
    case WW_TYPE_TIME:
    case WW_TYPE_TIMETZ:
        return ww_value_time(v, &a->time.us, &a->time.west_s, err);
    case WW_TYPE_TIMESTAMP:
    case WW_TYPE_TIMESTAMPTZ:
        return ww_value_timestamp(v, &a->timestamp, err);
    case WW_TYPE_INTERVAL:
        return ww_value_interval(v, &a->interval, err);
    case WW_TYPE_UUID:
        return ww_value_uuid(v, a->bytes.bytes, err);
    case WW_TYPE_MACADDR:
    case WW_TYPE_MACADDR8:
        return ww_value_macaddr(v, a->bytes.bytes, &a->bytes.len, err);
    case WW_TYPE_INET:
        return ww_value_inet(v, &a->inet, err);
    case WW_TYPE_TID:
        return ask_tid(v, &a->u64, err);
    default:
        return WW_OK;
    }
}

bool case_same(const ww_value *a, const ww_value *b, ww_error *err)
{
    answer x, y;
    if (a->type->kind == WW_TYPE_NUMERIC)
        return same_numeric(a, b, err);
    if (a->type->kind == WW_TYPE_BYTEA)
        return same_bytes(a, b, err);
    if (a->type->kind == WW_TYPE_BIT)
        return same_bits(a, b, err);
    return ask(a, &x, err) == WW_OK && ask(b, &y, err) == WW_OK && memcmp(&x, &y, sizeof x) == 0;
}

const char *case_compare(const ww_value *binary, const ww_value *text, ww_error *err)
{
    ww_slice written;
    bool same;
    if (ww_value_check(binary, err) != WW_OK)
        return "the binary form is refused";
    if (ww_value_check(text, err) != WW_OK)
        return "the text is refused";
    written = case_text(binary, err);
    same = written.ptr != NULL && ww_slice_equal(written, text->bytes);
    free((void *)(uintptr_t)written.ptr);
    if (!same)
        return "the text differs";
    return case_same(binary, text, err) ? NULL : "the getters differ";
}
