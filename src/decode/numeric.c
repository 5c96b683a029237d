/* SPDX-License-Identifier: MIT */
/* numeric.c: decimal numbers of any length, streamed group by group: nothing is as long as they
 * are. */
#include "print.h"
#include "scan.h"
#include "values.h"

/* The server's: (NUMERIC_WEIGHT_MAX + 1) * DEC_DIGITS, NUMERIC_DSCALE_MAX. */
#define MAX_INTEGER_DIGITS 131072u
#define MAX_SCALE 0x3FFFu

/* ---- text ------------------------------------------------------------------------------------ */

static uint32_t scan_digits(ww__reader *r, uint32_t max, bool *nonzero)
{
    static const char rule[] = "not a decimal number, or one with too many digits";
    const uint8_t *start = r->at;
    while (ww__scan_digit_ahead(r) && r->at - start < (ptrdiff_t)max)
        *nonzero |= *r->at++ != '0';
    if (r->at == start || ww__scan_digit_ahead(r)) {
        ww__break(r, rule, 0);
        return 0;
    }
    return (uint32_t)(r->at - start);
}

static void scan_finite(ww__reader *r, ww_numeric *n)
{
    bool negative = ww__scan_skip(r, '-'), nonzero = false;
    const uint8_t *start = r->at;
    n->integer_digits = scan_digits(r, MAX_INTEGER_DIGITS, &nonzero);
    if (n->integer_digits > 1 && *start == '0')
        ww__break(r, "a number begins with a zero", n->integer_digits);
    if (ww__scan_skip(r, '.'))
        n->scale = scan_digits(r, MAX_SCALE, &nonzero);
    if (negative && !nonzero)
        ww__break(r, "a zero has a sign", 0);
    n->sign = negative ? WW_NUMERIC_NEGATIVE : WW_NUMERIC_POSITIVE;
    n->digits.ptr = start;
    n->digits.len = (size_t)(r->end - start);
}

static void scan_numeric(ww__reader *r, ww_slice text, ww_numeric *n)
{
    if (WW__SCAN_IS(text, "NaN"))
        n->sign = WW_NUMERIC_NAN;
    else if (WW__SCAN_IS(text, "Infinity"))
        n->sign = WW_NUMERIC_INFINITY;
    else if (WW__SCAN_IS(text, "-Infinity"))
        n->sign = WW_NUMERIC_NEGATIVE_INFINITY;
    else {
        scan_finite(r, n);
        return;
    }
    r->at = r->end;
}

/* ---- binary ---------------------------------------------------------------------------------- */

static bool is_finite(const ww_numeric *n)
{
    return n->sign == WW_NUMERIC_POSITIVE || n->sign == WW_NUMERIC_NEGATIVE;
}

/* The base-10000 digit of 10000^exponent. */
static unsigned group_of(const ww_numeric *n, int32_t exponent)
{
    int32_t index = n->weight - exponent;
    if (index < 0 || (size_t)index >= n->digits.len / 2)
        return 0;
    return ww__load16(n->digits.ptr + 2 * index);
}

static uint32_t count_integer_digits(const ww_numeric *n)
{
    unsigned first = group_of(n, n->weight);
    if (n->weight < 0 || n->digits.len == 0)
        return 1;
    return 4 * (uint32_t)n->weight + 1 + (first > 9) + (first > 99) + (first > 999);
}

/* The server has no digits behind those that it shows. */
static bool has_hidden_digits(const ww_numeric *n)
{
    int32_t groups = (int32_t)(n->digits.len / 2), exponent = n->weight - groups + 1;
    int32_t last = (int32_t)n->scale / 4; /* the group that the scale ends in */
    static const unsigned below[] = {10000, 1000, 100, 10};
    for (; exponent < 0 && exponent <= n->weight; exponent++) {
        unsigned group = group_of(n, exponent);
        if (-exponent - 1 < last)
            return false;
        if (-exponent - 1 > last ? group != 0 : group % below[n->scale % 4] != 0)
            return true;
    }
    return false;
}

static void check_groups(ww__reader *r, ww_slice groups)
{
    size_t i;
    for (i = 0; i < groups.len; i += 2)
        if (ww__load16(groups.ptr + i) > 9999) {
            ww__break(r, "a base-10000 digit above 9999", groups.len - i);
            return;
        }
    if (groups.len > 0 && ww__load16(groups.ptr) == 0)
        ww__break(r, "a number begins with a zero", groups.len);
}

static void read_finite(ww__reader *r, ww_numeric *n)
{
    check_groups(r, n->digits);
    if (n->digits.len == 0 && (n->weight != 0 || n->sign != WW_NUMERIC_POSITIVE))
        ww__break(r, "a zero has a sign or a weight", 0);
    if (n->scale > MAX_SCALE)
        ww__break(r, "more decimals than a number can have", 0);
    if (r->broken != NULL)
        return;
    if (has_hidden_digits(n))
        ww__break(r, "a number has digits beyond its scale", 0);
    n->integer_digits = count_integer_digits(n);
}

static void read_numeric(ww__reader *r, ww_numeric *n)
{
    size_t ndigits = ww__u16(r);
    n->weight = (int16_t)ww__u16(r);
    n->sign = (ww_numeric_sign)ww__u16(r);
    n->scale = ww__u16(r);
    n->digits = ww__bytes(r, 2 * ndigits);
    if (is_finite(n)) {
        read_finite(r, n);
        return;
    }
    if (n->sign != WW_NUMERIC_NAN && n->sign != WW_NUMERIC_INFINITY &&
        n->sign != WW_NUMERIC_NEGATIVE_INFINITY)
        ww__break(r, "no such sign of a number", ww__left(r) > 0 ? 0 : 4);
    if (ndigits != 0)
        ww__break(r, "NaN or infinity has digits", 0);
    n->scale = 0;
}

/* ---- value.h --------------------------------------------------------------------------------- */

ww_status ww_value_numeric(const ww_value *v, ww_numeric *out, ww_error *err)
{
    ww_status status = ww__value_is(v, WW_TYPE_NUMERIC, err);
    ww__reader r = ww__reader_of(v->bytes);
    ww_numeric n;
    if (status != WW_OK)
        return status;
    memset(&n, 0, sizeof n);
    n.is_text = v->form == WW_COLUMN_TEXT;
    if (n.is_text)
        scan_numeric(&r, v->bytes, &n);
    else
        read_numeric(&r, &n);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = n;
    return status;
}

unsigned ww_numeric_digit(const ww_numeric *n, uint32_t i)
{
    static const unsigned units[] = {1, 10, 100, 1000};
    int32_t exponent = (int32_t)n->integer_digits - 1 - (int32_t)i;
    int32_t group = (exponent >= 0 ? exponent : exponent - 3) / 4;
    if (n->is_text)
        return (unsigned)(n->digits.ptr[i + (i >= n->integer_digits)] - '0');
    return group_of(n, group) / units[exponent - 4 * group] % 10;
}

/* ---- check and put --------------------------------------------------------------------------- */

static ww_status check(const ww_value *v, ww_error *err)
{
    ww_numeric n;
    return ww_value_numeric(v, &n, err);
}

static void put_integer(const ww_numeric *n, ww_out *out)
{
    uint8_t text[4];
    size_t skip = (4 - n->integer_digits % 4) % 4;
    int32_t exponent = ((int32_t)n->integer_digits - 1) / 4;
    for (; exponent >= 0; exponent--, skip = 0) {
        ww__print_group(text, group_of(n, exponent));
        ww__out_put(out, text + skip, 4 - skip);
    }
}

static void put_fraction(const ww_numeric *n, ww_out *out)
{
    uint8_t text[4];
    uint32_t left = n->scale;
    int32_t exponent = -1;
    if (left > 0)
        ww__out_byte(out, '.');
    for (; left > 0; exponent--) {
        size_t take = left < 4 ? left : 4;
        ww__print_group(text, group_of(n, exponent));
        ww__out_put(out, text, take);
        left -= (uint32_t)take;
    }
}

/* So many groups to either side of the point. */
#define SHORT_GROUPS 6

/* The last group behind the point is written whole; its end is where the scale ends. */
uint8_t *ww__numeric_print(ww_type_kind kind, ww_slice bytes, uint8_t *to)
{
    ww__reader r = ww__reader_of(bytes);
    ww_numeric n = {0};
    int32_t exponent;
    (void)kind;
    read_numeric(&r, &n);
    if (r.broken != NULL || r.at < r.end || !is_finite(&n) || n.weight >= SHORT_GROUPS ||
        n.scale > 4 * SHORT_GROUPS)
        return NULL;
    *to = '-';
    to += n.sign == WW_NUMERIC_NEGATIVE;
    exponent = n.weight > 0 ? n.weight : 0;
    to = ww__print_number(to, group_of(&n, exponent--), 1);
    for (; exponent >= 0; exponent--)
        to = ww__print_group(to, group_of(&n, exponent));
    if (n.scale == 0)
        return to;
    *to++ = '.';
    for (; -exponent <= (int32_t)(n.scale + 3) / 4; exponent--)
        ww__print_group(to + 4 * (-exponent - 1), group_of(&n, exponent));
    return to + n.scale;
}

static void put(const ww_value *v, ww_out *out)
{
    ww_numeric n;
    if (ww_value_numeric(v, &n, NULL) != WW_OK)
        return;
    if (n.sign == WW_NUMERIC_NAN)
        WW__OUT(out, "NaN");
    else if (n.sign == WW_NUMERIC_NEGATIVE || n.sign == WW_NUMERIC_NEGATIVE_INFINITY)
        ww__out_byte(out, '-');
    if (n.sign == WW_NUMERIC_INFINITY || n.sign == WW_NUMERIC_NEGATIVE_INFINITY)
        WW__OUT(out, "Infinity");
    if (!is_finite(&n))
        return;
    put_integer(&n, out);
    put_fraction(&n, out);
}

const ww__value_ops ww__value_ops_numeric = {check, put};
