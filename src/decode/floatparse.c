/* SPDX-License-Identifier: MIT */
/* floatparse.c: the float nearest to a decimal number, ties to even.
 *
 * The number lies between two products of at most 19 digits and a power of ten cut to 128 bits. If
 * both round to the same float, this is it, as almost always. Else they round to neighbours, and
 * the number is compared with the midpoint between these, exactly. */
#include "powers10.h"
#include "scan.h"
#include "values.h"

typedef struct layout {
    unsigned mantissa_bits;
    int least; /* the exponent of the last bit of the smallest number */
    uint64_t infinity;
} layout;

static const layout layout8 = {52, -1074, UINT64_C(0x7FF0000000000000)};
static const layout layout4 = {23, -149, UINT64_C(0x7F800000)};

/* ---- reading digits ------------------------------------------------------------------------- */

#define KEPT_DIGITS 19
/* No midpoint has more significant digits than 767: what comes later cannot be told from a 1. */
#define EXACT_DIGITS 800
#define BIG_EXPONENT INT64_C(1000000000000)

/* From kept * 10^exponent on, and less than one more in the last kept digit. */
typedef struct decimal {
    uint64_t kept;
    int64_t exponent;
    int nkept;
    bool negative;
    const uint8_t *first,
        *last; /* the digits that are not 0, to either side; NULL: there are none */
} decimal;

/* Digits before or behind the point. False: there are none. */
static bool read_digits(ww__reader *r, decimal *d, bool behind_point)
{
    const uint8_t *start = r->at;
    for (; ww__scan_digit_ahead(r); r->at++) {
        uint64_t digit = (uint64_t)(*r->at - '0');
        if (digit != 0) {
            d->first = d->first == NULL ? r->at : d->first;
            d->last = r->at;
        }
        if (d->nkept == KEPT_DIGITS) {
            d->exponent += behind_point ? 0 : 1;
            continue;
        }
        d->kept = d->kept * 10 + digit;
        d->nkept += d->first != NULL ? 1 : 0;
        d->exponent -= behind_point ? 1 : 0;
    }
    return r->at > start;
}

/* Behind the e: a sign and at least two digits. */
static bool read_exponent(ww__reader *r, decimal *d)
{
    bool negative = ww__scan_skip(r, '-');
    const uint8_t *start;
    int64_t exponent = 0;
    if (!negative && !ww__scan_skip(r, '+'))
        return false;
    start = r->at;
    for (; ww__scan_digit_ahead(r); r->at++)
        if (exponent < BIG_EXPONENT)
            exponent = exponent * 10 + (*r->at - '0');
    d->exponent += negative ? -exponent : exponent;
    return r->at - start >= 2;
}

/* As the servers write numbers: [-] digits [. digits] [e sign digits]. */
static bool read_decimal(ww_slice text, decimal *d)
{
    ww__reader r = ww__reader_of(text);
    memset(d, 0, sizeof *d);
    d->negative = ww__scan_skip(&r, '-');
    if (ww__scan_skip(&r, '0') ? ww__scan_digit_ahead(&r) : !read_digits(&r, d, false))
        return false;
    if (ww__scan_skip(&r, '.') && !read_digits(&r, d, true))
        return false;
    if (ww__scan_skip(&r, 'e') && !read_exponent(&r, d))
        return false;
    return ww__left(&r) == 0;
}

/* ---- quickly -------------------------------------------------------------------------------- */

/* The bits of the float nearest to (top + something less than 1, but not 0 if `more`) * 2^exponent;
 * the highest bit of top is set. Bits of infinity: beyond the range. */
static uint64_t round_bits(const layout *l, uint64_t top, bool more, int exponent)
{
    int shift = 63 - (int)l->mantissa_bits;
    uint64_t whole, rest, half;
    if (exponent + shift < l->least)
        shift = l->least - exponent;
    if (shift > 64)
        return 0;
    whole = shift == 64 ? 0 : top >> shift;
    rest = shift == 64 ? top : top & (((uint64_t)1 << shift) - 1);
    half = (uint64_t)1 << (shift - 1);
    if (rest > half || (rest == half && (more || whole % 2 != 0)))
        whole++;
    /* A bit that is carried into the exponent belongs there. */
    whole += (uint64_t)(exponent + shift - l->least) << l->mantissa_bits;
    return whole < l->infinity ? whole : l->infinity;
}

/* The bits of the float nearest to factor * 10^k; to the least number that is surely greater, if
 * `above`. */
static uint64_t multiply(const layout *l, uint64_t factor, int k, bool above)
{
    const ww__power10 *power = &ww__powers10[k - WW__POWER10_FIRST];
    int exponent = ww__floor_log2_pow10(k) - 127 + 128;
    ww__product p, below;
    uint64_t carry;
    while (factor >> 63 == 0) {
        factor <<= 1;
        exponent--;
    }
    p = ww__multiply(factor, power->high);
    below = ww__multiply(factor, power->low);
    if (above && !ww__power10_exact(k)) {
        below.low += factor;
        below.high += below.low < factor ? 1 : 0;
    }
    p.low += below.high;
    carry = p.low < below.high ? 1 : 0;
    p.high += carry;
    if (p.high >> 63 == 0) {
        p.high = p.high << 1 | p.low >> 63;
        p.low = p.low << 1 | below.low >> 63;
        below.low <<= 1;
        exponent--;
    }
    return round_bits(l, p.high, (p.low | below.low) != 0, exponent);
}

/* ---- exactly -------------------------------------------------------------------------------- */

/* A natural number of up to 3072 bits: 801 digits, or a mantissa times 5^1125, have 2668. */
#define LIMBS 96

typedef struct natural {
    uint32_t limbs[LIMBS];
    int n;
} natural;

static void multiply_add(natural *a, uint32_t factor, uint32_t summand)
{
    uint64_t carry = summand;
    int i;
    for (i = 0; i < a->n; i++) {
        carry += (uint64_t)a->limbs[i] * factor;
        a->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0 && a->n < LIMBS)
        a->limbs[a->n++] = (uint32_t)carry;
}

static void multiply_pow5(natural *a, int64_t power)
{
    for (; power >= 13; power -= 13)
        multiply_add(a, UINT32_C(1220703125), 0);
    for (; power > 0; power--)
        multiply_add(a, 5, 0);
}

static void shift_up(natural *a, int64_t bits)
{
    int limbs = (int)(bits / 32);
    multiply_add(a, (uint32_t)1 << (bits % 32), 0);
    if (a->n + limbs > LIMBS)
        return;
    memmove(a->limbs + limbs, a->limbs, (size_t)a->n * sizeof a->limbs[0]);
    memset(a->limbs, 0, (size_t)limbs * sizeof a->limbs[0]);
    a->n += limbs;
}

static int compare(const natural *a, const natural *b)
{
    int i = a->n - 1;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    while (i >= 0 && a->limbs[i] == b->limbs[i])
        i--;
    return i < 0 ? 0 : a->limbs[i] < b->limbs[i] ? -1 : 1;
}

/* All digits of the number as a natural one, in groups of nine; returns its power of ten. */
static int64_t all_digits(const decimal *d, natural *a)
{
    const uint8_t *at;
    uint32_t group = 0, factor = 1;
    int count = 0;
    a->n = 0;
    for (at = d->first; at <= d->last && count < EXACT_DIGITS; at++) {
        if (*at == '.')
            continue;
        group = group * 10 + (uint32_t)(*at - '0');
        factor *= 10;
        if (++count % 9 == 0) {
            multiply_add(a, factor, group);
            group = 0;
            factor = 1;
        }
    }
    multiply_add(a, factor, group);
    if (at <= d->last) {
        multiply_add(a, 10, 1);
        count++;
    }
    return d->exponent + d->nkept - count;
}

/* The bits of `lower`, or of the next float, whichever is nearer. */
static uint64_t decide(const layout *l, const decimal *d, uint64_t lower)
{
    uint64_t hidden = (uint64_t)1 << l->mantissa_bits;
    int field = (int)(lower >> l->mantissa_bits);
    uint64_t mantissa = (lower & (hidden - 1)) | (field > 0 ? hidden : 0);
    int64_t middle_twos = l->least - 1 + (field > 0 ? field - 1 : 0);
    natural number, middle;
    int64_t twos = all_digits(d, &number);
    int order;
    mantissa = 2 * mantissa + 1;
    middle.limbs[0] = (uint32_t)mantissa;
    middle.limbs[1] = (uint32_t)(mantissa >> 32);
    middle.n = middle.limbs[1] != 0 ? 2 : 1;
    multiply_pow5(&number, twos);
    multiply_pow5(&middle, -twos);
    if (twos > middle_twos)
        shift_up(&number, twos - middle_twos);
    else
        shift_up(&middle, middle_twos - twos);
    order = compare(&number, &middle);
    return lower + (order > 0 || (order == 0 && lower % 2 != 0) ? 1 : 0);
}

/* ---- as floats ------------------------------------------------------------------------------ */

/* False: beyond the range, which has an end at 0, too. */
static bool nearest(const layout *l, const decimal *d, uint64_t *bits)
{
    uint64_t upper;
    if (d->first == NULL) {
        *bits = 0;
        return true;
    }
    if (d->exponent < WW__POWER10_FIRST || d->exponent > 308)
        return false;
    *bits = multiply(l, d->kept, (int)d->exponent, false);
    upper =
        multiply(l, d->kept + (d->last - d->first >= KEPT_DIGITS ? 1 : 0), (int)d->exponent, true);
    if (*bits != upper)
        *bits = decide(l, d, *bits);
    return *bits != 0 && *bits != l->infinity;
}

static bool is_word(ww_slice text, const char *word)
{
    return ww_slice_equal(text, ww_slice_of(word));
}

static bool parse(const layout *l, ww_slice text, uint64_t *bits)
{
    uint64_t sign = (l->infinity << 1) & ~l->infinity;
    decimal d;
    if (text.len > 0 && text.ptr[text.len - 1] > '9') {
        bool negative = is_word(text, "-Infinity");
        *bits = is_word(text, "NaN") ? l->infinity | l->infinity >> 1
                                     : l->infinity | (negative ? sign : 0);
        return negative || is_word(text, "Infinity") || is_word(text, "NaN");
    }
    if (!read_decimal(text, &d) || !nearest(l, &d, bits))
        return false;
    *bits |= d.negative ? sign : 0;
    return true;
}

bool ww__float8_parse(ww_slice text, double *out)
{
    uint64_t bits;
    if (!parse(&layout8, text, &bits))
        return false;
    memcpy(out, &bits, sizeof *out);
    return true;
}

bool ww__float4_parse(ww_slice text, float *out)
{
    uint64_t bits;
    uint32_t bits4;
    if (!parse(&layout4, text, &bits))
        return false;
    bits4 = (uint32_t)bits;
    memcpy(out, &bits4, sizeof *out);
    return true;
}
