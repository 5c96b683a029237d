/* SPDX-License-Identifier: MIT */
/* integer.c: truth values, whole numbers, and what is made of a few of them: money, tid, pg_lsn,
 * snapshots. */
#include "scan.h"
#include "values.h"

#include "base/digits.h"

/* ---- signed ---------------------------------------------------------------------------------- */

static int64_t negate(uint64_t magnitude, bool negative)
{
    return negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
}

static int64_t scan_signed(ww__reader *r, int64_t max)
{
    bool negative = ww__scan_skip(r, '-');
    uint64_t limit = (uint64_t)max + negative;
    uint64_t magnitude = ww__scan_number(r, limit, "not a whole number, or beyond its type");
    if (negative && magnitude == 0)
        ww__break(r, "a zero has a sign", 0);
    return negate(magnitude, negative);
}

/* $1,234.50: groups of three digits, the first without leading zeros, then the cents. */
static int64_t scan_money(ww__reader *r)
{
    static const char rule[] = "not an amount of money in lc_monetary C";
    bool negative = ww__scan_skip(r, '-');
    uint64_t amount, limit = (uint64_t)INT64_MAX + negative;
    ww__scan_expect(r, '$', rule);
    amount = ww__scan_number(r, 999, rule);
    while (amount > 0 && amount <= limit / 100000 && ww__scan_skip(r, ','))
        amount = amount * 1000 + ww__scan_fixed(r, 3, rule);
    ww__scan_expect(r, '.', rule);
    amount = amount * 100 + ww__scan_fixed(r, 2, rule);
    if (amount > limit || (negative && amount == 0))
        ww__break(r, rule, 0);
    return negate(amount, negative);
}

static int64_t read_int_text(ww__reader *r, ww_type_kind kind)
{
    switch ((int)kind) {
    case WW_TYPE_INT2:
        return scan_signed(r, INT16_MAX);
    case WW_TYPE_INT4:
        return scan_signed(r, INT32_MAX);
    case WW_TYPE_INT8:
        return scan_signed(r, INT64_MAX);
    default:
        return scan_money(r);
    }
}

static int64_t read_int_binary(ww__reader *r, ww_type_kind kind)
{
    switch ((int)kind) {
    case WW_TYPE_INT2:
        return (int16_t)ww__u16(r);
    case WW_TYPE_INT4:
        return ww__i32(r);
    default:
        return (int64_t)ww__u64(r);
    }
}

static bool is_signed(ww_type_kind kind)
{
    return kind == WW_TYPE_INT2 || kind == WW_TYPE_INT4 || kind == WW_TYPE_INT8 ||
           kind == WW_TYPE_MONEY;
}

ww_status ww_value_int(const ww_value *v, int64_t *out, ww_error *err)
{
    ww_type_kind kind = ww__value_kind(v);
    ww_status status = ww__value_is(v, is_signed(kind) ? kind : WW_TYPE_INT8, err);
    ww__reader r = ww__reader_of(v->bytes);
    int64_t value;
    if (status != WW_OK)
        return status;
    value = v->form == WW_COLUMN_TEXT ? read_int_text(&r, kind) : read_int_binary(&r, kind);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = value;
    return status;
}

/* ---- unsigned -------------------------------------------------------------------------------- */

/* Upper-case hexadecimal without leading zeros; `padded` allows them if there are eight digits, as
 * server 19 writes the lower half. */
static uint32_t scan_half(ww__reader *r, bool padded)
{
    static const char rule[] = "not a WAL position";
    const uint8_t *start = r->at;
    uint32_t value = 0;
    for (; r->at < r->end && r->at - start < 8; r->at++) {
        unsigned c = *r->at;
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'F'))
            break;
        value = value << 4 | (c <= '9' ? c - '0' : c - 'A' + 10);
    }
    if (r->at == start)
        ww__break(r, rule, 0);
    else if (*start == '0' && r->at - start > 1 && !(padded && r->at - start == 8))
        ww__break(r, rule, (size_t)(r->at - start));
    return value;
}

static uint64_t scan_lsn(ww__reader *r)
{
    uint64_t high = scan_half(r, false);
    ww__scan_expect(r, '/', "not a WAL position");
    return high << 32 | scan_half(r, true);
}

static uint64_t read_uint(const ww_value *v, ww__reader *r, ww_type_kind kind)
{
    uint64_t max = kind == WW_TYPE_OID ? UINT32_MAX : UINT64_MAX;
    if (v->form != WW_COLUMN_TEXT)
        return kind == WW_TYPE_OID ? ww__u32(r) : ww__u64(r);
    if (kind == WW_TYPE_PG_LSN)
        return scan_lsn(r);
    return ww__scan_number(r, max, "not a whole number without sign, or beyond its type");
}

static bool is_unsigned(ww_type_kind kind)
{
    return kind == WW_TYPE_OID || kind == WW_TYPE_XID8 || kind == WW_TYPE_PG_LSN;
}

ww_status ww_value_uint(const ww_value *v, uint64_t *out, ww_error *err)
{
    ww_type_kind kind = ww__value_kind(v);
    ww_status status = ww__value_is(v, is_unsigned(kind) ? kind : WW_TYPE_OID, err);
    ww__reader r = ww__reader_of(v->bytes);
    uint64_t value;
    if (status != WW_OK)
        return status;
    value = read_uint(v, &r, kind);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = value;
    return status;
}

/* ---- bool, tid ------------------------------------------------------------------------------- */

ww_status ww_value_bool(const ww_value *v, bool *out, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_BOOL, err);
    bool text = v->form == WW_COLUMN_TEXT;
    ww__reader r = ww__reader_of(v->bytes);
    uint8_t byte, yes = text ? 't' : 1, no = text ? 'f' : 0;
    if (status != WW_OK)
        return status;
    byte = ww__u8(&r);
    if (byte != yes && byte != no)
        ww__break(&r, "neither true nor false", 1);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = byte == yes;
    return status;
}

static ww_tid scan_tid(ww__reader *r)
{
    static const char rule[] = "not a (block,offset)";
    ww_tid tid;
    ww__scan_expect(r, '(', rule);
    tid.block = (uint32_t)ww__scan_number(r, UINT32_MAX, rule);
    ww__scan_expect(r, ',', rule);
    tid.offset = (uint16_t)ww__scan_number(r, UINT16_MAX, rule);
    ww__scan_expect(r, ')', rule);
    return tid;
}

static ww_tid read_tid(ww__reader *r)
{
    ww_tid tid;
    tid.block = ww__u32(r);
    tid.offset = ww__u16(r);
    return tid;
}

ww_status ww_value_tid(const ww_value *v, ww_tid *out, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_TID, err);
    ww__reader r = ww__reader_of(v->bytes);
    ww_tid tid;
    if (status != WW_OK)
        return status;
    tid = v->form == WW_COLUMN_TEXT ? scan_tid(&r) : read_tid(&r);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = tid;
    return status;
}

/* ---- check ----------------------------------------------------------------------------------- */

/* Sorted, each once, at or above xmin and below xmax, as pg_snapshot_recv() wants them. */
static void check_snapshot(ww__reader *r)
{
    uint32_t count = ww__u32(r), i;
    uint64_t xmin = ww__u64(r), xmax = ww__u64(r), last = 0;
    if (xmin == 0 || xmax < xmin)
        ww__break(r, "a snapshot's xmin is 0 or above its xmax", 0);
    if (ww__left(r) / 8 != count || ww__left(r) % 8 != 0)
        ww__break(r, "a snapshot has another number of transactions than it says", 0);
    for (i = 0; i < count && r->broken == NULL; i++) {
        uint64_t xid = ww__u64(r);
        if (xid < xmin || xid >= xmax || xid <= last)
            ww__break(r, "a snapshot's transactions are out of order or range", 8);
        last = xid;
    }
}

static void check_bool(ww__reader *r)
{
    if (ww__u8(r) > 1)
        ww__break(r, "neither true nor false", 1);
}

static ww_status check(const ww_value *v, ww_error *err)
{
    ww_type_kind kind = ww__value_kind(v);
    ww__reader r = ww__reader_of(v->bytes);
    if (kind == WW_TYPE_BOOL)
        check_bool(&r);
    else if (kind == WW_TYPE_CHAR)
        ww__u8(&r);
    else if (kind == WW_TYPE_TID)
        read_tid(&r);
    else if (kind == WW_TYPE_SNAPSHOT)
        check_snapshot(&r);
    else if (is_unsigned(kind))
        read_uint(v, &r, kind);
    else if (is_signed(kind))
        read_int_binary(&r, kind);
    return ww__value_done(v, &r, err);
}

/* ---- put ------------------------------------------------------------------------------------- */

/* A byte that is not ASCII is written in octal from 15 on, and as it is before. */
static void put_char(const ww_value *v, uint8_t byte, ww_out *out)
{
    int server = ww_types_server(v->types);
    uint8_t octal[4] = {'\\', (uint8_t)('0' + (byte >> 6)), (uint8_t)('0' + (byte >> 3 & 7)),
                        (uint8_t)('0' + (byte & 7))};
    if (byte >= 0x80 && (server == 0 || server >= 150000))
        ww__out_put(out, octal, sizeof octal);
    else if (byte != 0)
        ww__out_put(out, &byte, 1);
}

static void put_money(int64_t value, ww_out *out)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint8_t text[WW__DIGITS + WW__PAD];
    const uint8_t *digits = ww__digits(magnitude / 100, text);
    uint8_t cents[3] = {'.', (uint8_t)('0' + magnitude / 10 % 10), (uint8_t)('0' + magnitude % 10)};
    size_t left = (size_t)(text + WW__DIGITS - digits);
    ww__out_put(out, "-$", value < 0 ? 2 : 0);
    if (value >= 0)
        ww__out_byte(out, '$');
    while (left > 0) {
        size_t group = left % 3 != 0 ? left % 3 : 3;
        ww__out_put(out, text + WW__DIGITS - left, group);
        left -= group;
        if (left > 0)
            ww__out_byte(out, ',');
    }
    ww__out_put(out, cents, sizeof cents);
}

static void put_tid(ww_tid tid, ww_out *out)
{
    ww__out_byte(out, '(');
    ww__out_u64(out, tid.block);
    ww__out_byte(out, ',');
    ww__out_u64(out, tid.offset);
    ww__out_byte(out, ')');
}

static void put_lsn(ww_lsn lsn, ww_out *out)
{
    char text[WW_LSN_TEXT_SIZE];
    size_t n = ww_lsn_format(lsn, text);
    ww__out_put(out, text, n);
}

static void put_snapshot(ww__reader *r, ww_out *out)
{
    uint32_t count = ww__u32(r), i;
    ww__out_u64(out, ww__u64(r));
    ww__out_byte(out, ':');
    ww__out_u64(out, ww__u64(r));
    ww__out_byte(out, ':');
    for (i = 0; i < count; i++) {
        if (i > 0)
            ww__out_byte(out, ',');
        ww__out_u64(out, ww__u64(r));
    }
}

static void put(const ww_value *v, ww_out *out)
{
    ww_type_kind kind = ww__value_kind(v);
    ww__reader r = ww__reader_of(v->bytes);
    if (kind == WW_TYPE_BOOL)
        ww__out_byte(out, ww__u8(&r) != 0 ? 't' : 'f');
    else if (kind == WW_TYPE_CHAR)
        put_char(v, ww__u8(&r), out);
    else if (kind == WW_TYPE_MONEY)
        put_money(read_int_binary(&r, kind), out);
    else if (kind == WW_TYPE_TID)
        put_tid(read_tid(&r), out);
    else if (kind == WW_TYPE_PG_LSN)
        put_lsn(ww__u64(&r), out);
    else if (kind == WW_TYPE_SNAPSHOT)
        put_snapshot(&r, out);
    else if (is_signed(kind))
        ww__out_i64(out, read_int_binary(&r, kind));
    else if (is_unsigned(kind))
        ww__out_u64(out, read_uint(v, &r, kind));
}

const ww__value_ops ww__value_ops_integer = {check, put};
