/* SPDX-License-Identifier: MIT */
/* inet.c: inet and cidr. An IPv6 address is written as the server writes it: its first longest run
 * of two or more zero words is left out, and behind five or six leading words of a mapped or
 * compatible IPv4 address the rest is dotted. */
#include "scan.h"
#include "values.h"

#define CIDR_OID 650u
#define TEXT_SIZE 64u

static const char not_inet[] = "not an address as the server writes it";

/* ---- writing --------------------------------------------------------------------------------- */

static uint8_t *print_v4(uint8_t *to, const uint8_t address[4])
{
    size_t i;
    for (i = 0; i < 4; i++) {
        if (i > 0)
            *to++ = '.';
        to = ww__print_number(to, address[i], 1);
    }
    return to;
}

typedef struct run {
    unsigned first, len;
} run;

static run find_zeros(const uint8_t address[16])
{
    run best = {16, 0}, now = {0, 0}; /* 16: there is none */
    unsigned i;
    for (i = 0; i < 8; i++) {
        if (ww__load16(address + 2 * i) != 0) {
            now.len = 0;
            continue;
        }
        if (now.len++ == 0)
            now.first = i;
        if (now.len > best.len && now.len >= 2)
            best = now;
    }
    return best;
}

static uint8_t *print_word(uint8_t *to, unsigned word)
{
    static const char digits[] = "0123456789abcdef";
    unsigned shift = word > 0xFFF ? 12 : word > 0xFF ? 8 : word > 0xF ? 4 : 0;
    for (; shift > 0; shift -= 4)
        *to++ = (uint8_t)digits[word >> shift & 15];
    *to++ = (uint8_t)digits[word & 15];
    return to;
}

static uint8_t *print_v6(uint8_t *to, const uint8_t address[16])
{
    run zeros = find_zeros(address);
    bool has_v4 = zeros.first == 0 &&
                  (zeros.len == 6 || (zeros.len == 5 && ww__load16(address + 10) == 0xFFFF));
    unsigned i = 0, end = has_v4 ? 6 : 8;
    while (i < end) {
        if (i == zeros.first) {
            *to++ = ':';
            i += zeros.len;
            continue;
        }
        if (i > 0)
            *to++ = ':';
        to = print_word(to, ww__load16(address + 2 * i++));
    }
    if (has_v4 || zeros.first + zeros.len == 8)
        *to++ = ':';
    return has_v4 ? print_v4(to, address + 12) : to;
}

static size_t print_inet(const ww_inet *a, uint8_t text[TEXT_SIZE])
{
    uint8_t *to = a->len == 4 ? print_v4(text, a->address) : print_v6(text, a->address);
    if (a->is_cidr || a->bits != 8 * a->len) {
        *to++ = '/';
        to = ww__print_number(to, a->bits, 1);
    }
    return (size_t)(to - text);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Is the value of type cidr, or of a domain over it? */
static bool is_cidr(const ww_value *v)
{
    const ww_type *type = v->type;
    unsigned i;
    for (i = 0; type != NULL && type->domain_of != 0 && i < WW_VALUE_MAX_DEPTH; i++)
        type = ww_types_find(v->types, type->domain_of);
    return type != NULL && type->oid == CIDR_OID;
}

static void scan_v4(ww__reader *r, uint8_t address[4])
{
    size_t i;
    for (i = 0; i < 4; i++) {
        if (i > 0)
            ww__scan_expect(r, '.', not_inet);
        address[i] = (uint8_t)ww__scan_number(r, 255, not_inet);
    }
}

/* Does a dot come before the next colon? */
static bool is_v4_ahead(const ww__reader *r)
{
    const uint8_t *at = r->at;
    while (at < r->end && *at >= '0' && *at <= '9')
        at++;
    return at < r->end && *at == '.';
}

static unsigned scan_word(ww__reader *r)
{
    unsigned word = ww__scan_hex_digit(r, not_inet), n;
    for (n = 1; n < 4 && r->at < r->end && *r->at != ':' && *r->at != '/'; n++)
        word = word << 4 | ww__scan_hex_digit(r, not_inet);
    return word;
}

/* Words with colons between, and `::` at most once; `*gap` is where it stands (16: nowhere).
 * Returns how many bytes of the address there are. */
static size_t scan_words(ww__reader *r, uint8_t address[16], size_t *gap)
{
    size_t n = 0;
    *gap = 16;
    while (n < 16 && ww__left(r) > 0 && *r->at != '/') {
        unsigned word;
        if ((n > 0 || ww__scan_peek(r) == ':') && *gap != n)
            ww__scan_expect(r, ':', not_inet);
        if (*gap == 16 && ww__scan_skip(r, ':')) {
            *gap = n;
            continue;
        }
        if (n <= 12 && is_v4_ahead(r)) {
            scan_v4(r, address + n);
            return n + 4;
        }
        word = scan_word(r);
        address[n++] = (uint8_t)(word >> 8);
        address[n++] = (uint8_t)word;
    }
    return n;
}

static void scan_v6(ww__reader *r, uint8_t address[16])
{
    size_t gap, n = scan_words(r, address, &gap), behind;
    if (n < 16 && gap == 16)
        ww__break(r, not_inet, 0);
    if (n == 16 || r->broken != NULL)
        return;
    behind = n - gap;
    memmove(address + 16 - behind, address + gap, behind);
    memset(address + gap, 0, 16 - n);
}

static ww_inet scan_fields(ww__reader *r)
{
    ww_inet a;
    memset(&a, 0, sizeof a);
    a.len = is_v4_ahead(r) ? 4 : 16;
    if (a.len == 4)
        scan_v4(r, a.address);
    else
        scan_v6(r, a.address);
    a.bits = (uint8_t)(8 * a.len);
    if (ww__scan_skip(r, '/'))
        a.bits = (uint8_t)ww__scan_number(r, a.bits, not_inet);
    return a;
}

/* A network has no bits behind its mask. */
static bool is_network(const ww_inet *a)
{
    unsigned i = a->bits / 8, left = a->bits % 8;
    if (left > 0 && (a->address[i++] & 0xFF >> left) != 0)
        return false;
    while (i < a->len)
        if (a->address[i++] != 0)
            return false;
    return true;
}

/* The address is read freely: whether it is written as it should be is told by writing it. */
static ww_inet scan_inet(const ww_value *v, ww__reader *r)
{
    ww_inet a = scan_fields(r);
    uint8_t again[TEXT_SIZE];
    a.is_cidr = is_cidr(v);
    if (r->broken == NULL &&
        (print_inet(&a, again) != v->bytes.len || memcmp(again, v->bytes.ptr, v->bytes.len) != 0))
        ww__break(r, not_inet, (size_t)(r->at - r->start));
    return a;
}

static ww_inet read_inet(const ww_value *v, ww__reader *r)
{
    unsigned family = ww__u8(r);
    ww_slice bytes;
    ww_inet a;
    memset(&a, 0, sizeof a);
    if (family != 2 && family != 3)
        ww__break(r, "no such family of addresses", 1);
    a.len = family == 2 ? 4 : 16;
    a.bits = ww__u8(r);
    if (a.bits > 8 * a.len)
        ww__break(r, "a netmask longer than the address", 1);
    a.is_cidr = is_cidr(v);
    if (ww__u8(r) != a.is_cidr)
        ww__break(r, "an inet where a cidr should be, or a cidr for an inet", 1);
    if (ww__u8(r) != a.len)
        ww__break(r, "an address of another length than its family has", 1);
    bytes = ww__bytes(r, a.len);
    if (bytes.len > 0)
        memcpy(a.address, bytes.ptr, bytes.len);
    return a;
}

ww_status ww_value_inet(const ww_value *v, ww_inet *out, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_INET, err);
    ww__reader r = ww__reader_of(v->bytes);
    ww_inet a;
    if (status != WW_OK)
        return status;
    a = v->form == WW_COLUMN_TEXT ? scan_inet(v, &r) : read_inet(v, &r);
    if (r.broken == NULL && a.is_cidr && !is_network(&a))
        ww__break(&r, "a network has bits behind its mask", 0);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = a;
    return status;
}

/* ---- check and put --------------------------------------------------------------------------- */

static ww_status check(const ww_value *v, ww_error *err)
{
    ww_inet a;
    return ww_value_inet(v, &a, err);
}

static void put(const ww_value *v, ww_out *out)
{
    ww__reader r = ww__reader_of(v->bytes);
    ww_inet a = read_inet(v, &r);
    uint8_t text[TEXT_SIZE];
    ww__out_put(out, text, print_inet(&a, text));
}

const ww__value_ops ww__value_ops_inet = {check, put};
