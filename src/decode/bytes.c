/* SPDX-License-Identifier: MIT */
/* bytes.c: what is a row of bytes or bits: bytea, uuid, macaddr, bit. */
#include "print.h"
#include "scan.h"
#include "values.h"

/* ---- uuid, macaddr --------------------------------------------------------------------------- */

static const char not_uuid[] = "not a UUID in lower-case 8-4-4-4-12";
static const char not_macaddr[] = "not bytes in lower-case hexadecimal with colons between";

static uint8_t scan_byte(ww__reader *r, const char *rule)
{
    unsigned high = ww__scan_hex_digit(r, rule);
    return (uint8_t)(high << 4 | ww__scan_hex_digit(r, rule));
}

static bool has_dash_before(size_t i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

static void read_bytes(ww__reader *r, uint8_t *out, size_t n)
{
    size_t i;
    for (i = 0; i < n; i++)
        out[i] = ww__u8(r);
}

static void scan_uuid(ww__reader *r, uint8_t out[16])
{
    size_t i;
    for (i = 0; i < 16; i++) {
        if (has_dash_before(i))
            ww__scan_expect(r, '-', not_uuid);
        out[i] = scan_byte(r, not_uuid);
    }
}

static void scan_macaddr(ww__reader *r, uint8_t *out, size_t n)
{
    size_t i;
    for (i = 0; i < n; i++) {
        if (i > 0)
            ww__scan_expect(r, ':', not_macaddr);
        out[i] = scan_byte(r, not_macaddr);
    }
}

ww_status ww_value_uuid(const ww_value *v, uint8_t out[16], ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_UUID, err);
    ww__reader r = ww__reader_of(v->bytes);
    uint8_t bytes[16];
    if (status != WW_OK)
        return status;
    if (v->form == WW_COLUMN_TEXT)
        scan_uuid(&r, bytes);
    else
        read_bytes(&r, bytes, sizeof bytes);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        memcpy(out, bytes, sizeof bytes);
    return status;
}

ww_status ww_value_macaddr(const ww_value *v, uint8_t out[8], size_t *len, ww_error *err)
{
    bool is_long = ww__value_kind(v) == WW_TYPE_MACADDR8;
    ww_status status = ww__value_is(v, is_long ? WW_TYPE_MACADDR8 : WW_TYPE_MACADDR, err);
    ww__reader r = ww__reader_of(v->bytes);
    size_t n = is_long ? 8 : 6;
    uint8_t bytes[8];
    if (status != WW_OK)
        return status;
    if (v->form == WW_COLUMN_TEXT)
        scan_macaddr(&r, bytes, n);
    else
        read_bytes(&r, bytes, n);
    status = ww__value_done(v, &r, err);
    if (status != WW_OK)
        return status;
    memcpy(out, bytes, n);
    *len = n;
    return WW_OK;
}

/* ---- bytea ----------------------------------------------------------------------------------- */

static bool is_hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Takes the rest as pairs of digits. */
static ww_slice scan_pairs(ww__reader *r)
{
    size_t len = ww__left(r);
    const uint8_t *start = r->at;
    ww_slice none = {NULL, 0};
    while (r->at < r->end && is_hex_digit(*r->at))
        r->at++;
    if (r->at < r->end || len % 2 != 0) {
        ww__break(r, "not lower-case hexadecimal digits, two a byte", 0);
        return none;
    }
    return (ww_slice){start, len};
}

/* Behind the \x, whose backslash each container around the value escaped again. */
static ww_bytes scan_bytea(const ww_value *v, ww__reader *r)
{
    ww_bytes b = {0, {NULL, 0}, true};
    ww__chars c = ww__chars_of(v);
    if (ww__chars_next(&c) != '\\' || ww__chars_next(&c) != 'x') {
        ww__break(r, "not bytes as bytea_output hex writes them", 0);
        return b;
    }
    r->at = c.at;
    b.left = scan_pairs(r);
    b.len = b.left.len / 2;
    return b;
}

ww_status ww_value_bytes(const ww_value *v, ww_bytes *out, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_BYTEA, err);
    ww__reader r = ww__reader_of(v->bytes);
    ww_bytes b = {v->bytes.len, v->bytes, false};
    if (status != WW_OK)
        return status;
    if (v->form == WW_COLUMN_TEXT)
        b = scan_bytea(v, &r);
    else
        r.at = r.end;
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = b;
    return status;
}

size_t ww_bytes_next(ww_bytes *b, uint8_t *to, size_t cap)
{
    size_t per_byte = b->is_text ? 2 : 1, n = b->left.len / per_byte, i;
    ww__reader r;
    if (n > cap)
        n = cap;
    r = ww__reader_of(b->left);
    for (i = 0; b->is_text && i < n; i++)
        to[i] = scan_byte(&r, "");
    if (!b->is_text && n > 0)
        memcpy(to, b->left.ptr, n);
    if (n > 0)
        b->left.ptr += n * per_byte;
    b->left.len -= n * per_byte;
    return n;
}

/* ---- bit ------------------------------------------------------------------------------------- */

static ww_bits scan_bits(ww__reader *r, ww_slice text)
{
    ww_bits b = {0, text, true};
    while (r->at < r->end && (*r->at == '0' || *r->at == '1'))
        r->at++;
    if (r->at < r->end || text.len > INT32_MAX)
        ww__break(r, "not bits of 0 and 1", 0);
    b.len = (uint32_t)text.len;
    return b;
}

static ww_bits read_bits(ww__reader *r)
{
    ww_bits b = {ww__u32(r), {NULL, 0}, false};
    unsigned used = b.len % 8;
    b.bytes = ww__bytes(r, (size_t)(b.len / 8) + (used != 0));
    if (used != 0 && b.bytes.len > 0 && (b.bytes.ptr[b.bytes.len - 1] & 0xFF >> used) != 0)
        ww__break(r, "bits are set behind the last", 1);
    return b;
}

ww_status ww_value_bits(const ww_value *v, ww_bits *out, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_BIT, err);
    ww__reader r = ww__reader_of(v->bytes);
    ww_bits b;
    if (status != WW_OK)
        return status;
    b = v->form == WW_COLUMN_TEXT ? scan_bits(&r, v->bytes) : read_bits(&r);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = b;
    return status;
}

bool ww_bits_get(const ww_bits *b, uint32_t i)
{
    if (b->is_text)
        return b->bytes.ptr[i] == '1';
    return (b->bytes.ptr[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* ---- check and put --------------------------------------------------------------------------- */

static ww_status check(const ww_value *v, ww_error *err)
{
    ww__reader r = ww__reader_of(v->bytes);
    switch ((int)ww__value_kind(v)) {
    case WW_TYPE_UUID:
        ww__bytes(&r, 16);
        break;
    case WW_TYPE_MACADDR:
        ww__bytes(&r, 6);
        break;
    case WW_TYPE_MACADDR8:
        ww__bytes(&r, 8);
        break;
    case WW_TYPE_BIT:
        read_bits(&r);
        break;
    default:
        r.at = r.end;
    }
    return ww__value_done(v, &r, err);
}

uint8_t *ww__uuid_print(ww_type_kind kind, ww_slice bytes, uint8_t *to)
{
    size_t i;
    (void)kind;
    if (bytes.len != 16)
        return NULL;
    for (i = 0; i < 16; i++) {
        *to = '-';
        to = ww__print_hex(to + has_dash_before(i), bytes.ptr[i]);
    }
    return to;
}

static void put_uuid(ww_slice bytes, ww_out *out)
{
    uint8_t text[WW__PRINT_ROOM];
    const uint8_t *end = ww__uuid_print(WW_TYPE_UUID, bytes, text);
    ww__out_put(out, text, (size_t)(end - text));
}

static void put_macaddr(ww_slice bytes, ww_out *out)
{
    size_t i;
    for (i = 0; i < bytes.len; i++) {
        if (i > 0)
            ww__out_byte(out, ':');
        ww__out_hex(out, (ww_slice){bytes.ptr + i, 1});
    }
}

static void put_bits(ww_slice bytes, ww_out *out)
{
    ww__reader r = ww__reader_of(bytes);
    ww_bits b = read_bits(&r);
    uint32_t i = 0, n;
    while (i < b.len) {
        uint8_t text[64];
        for (n = 0; n < sizeof text && i < b.len; n++, i++)
            text[n] = ww_bits_get(&b, i) ? '1' : '0';
        ww__out_put(out, text, n);
    }
}

static void put(const ww_value *v, ww_out *out)
{
    switch ((int)ww__value_kind(v)) {
    case WW_TYPE_UUID:
        put_uuid(v->bytes, out);
        break;
    case WW_TYPE_MACADDR:
    case WW_TYPE_MACADDR8:
        put_macaddr(v->bytes, out);
        break;
    case WW_TYPE_BIT:
        put_bits(v->bytes, out);
        break;
    default:
        WW__OUT(out, "\\x");
        ww__out_hex(out, v->bytes);
    }
}

const ww__value_ops ww__value_ops_bytes = {check, put};
