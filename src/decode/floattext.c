/* SPDX-License-Identifier: MIT */
/* floattext.c: floats as the shortest decimal number that reads as them.
 *
 * Of the decimal numbers between the two midpoints to the neighbouring floats, the one with the
 * fewest digits; of several, the one nearest to the float. The midpoints themselves do not count,
 * even if they would be read back (ties to even): so PostgreSQL decides (src/common/d2s.c, f2s.c).
 *
 * The algorithm is Raffaello Giulietti's Schubfach ("The Schubfach way to render doubles", 2020):
 * the float and the two midpoints are multiplied by a power of ten such that the interval is
 * between 1 and 10 wide, with 2 more bits and a sticky one. In it is at least one integer, and at
 * most one multiple of 10. */
#include "powers10.h"
#include "values.h"

/* How a float's bits are laid out. */
typedef struct layout {
    unsigned mantissa_bits;
    int least;       /* the exponent of the last bit of the smallest number */
    int fixed_below; /* powers of ten from here on are written with an exponent */
} layout;

static const layout layout8 = {52, -1074, 15};
static const layout layout4 = {23, -149, 6};

/* digits * 10^exponent */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

/* floor(log10(2^e)), or floor(log10(3/4 * 2^e)) where the interval is narrower. */
static int floor_log10_pow2(int e, bool narrow)
{
    int64_t scaled = (int64_t)e * 1262611 - (narrow ? 524031 : 0);
    return (int)((scaled + ((int64_t)1024 << 22)) >> 22) - 1024;
}

/* c * power / 2^128, where the last bit of the result says whether something was cut off. */
static uint64_t multiply_to_odd(const ww__power10 *power, uint64_t c)
{
    ww__product below = ww__multiply(power->low, c);
    ww__product p = ww__multiply(power->high, c);
    uint64_t fraction = p.low + below.high;
    uint64_t whole = p.high + (fraction < p.low ? 1 : 0);
    return whole | (fraction > 1 ? 1 : 0);
}

/* The shortest form of c * 2^q. narrow: c is a power of two, so that the lower neighbour is only
 * half as far away as the upper one. */
static decimal shorten(uint64_t c, int q, bool narrow)
{
    int k = floor_log10_pow2(q, narrow);
    int shift = q + ww__floor_log2_pow10(-k) + 1;
    ww__power10 power = ww__powers10[-k - WW__POWER10_FIRST];
    uint64_t lower, upper, value, ones, tens;
    bool down, up;
    decimal d;
    if (!ww__power10_exact(-k))
        power.low++;
    value = multiply_to_odd(&power, 4 * c << shift);
    lower = multiply_to_odd(&power, (4 * c - (narrow ? 1 : 2)) << shift) + 1;
    upper = multiply_to_odd(&power, (4 * c + 2) << shift) - 1;
    tens = value / 40;
    down = lower <= 40 * tens;
    up = 40 * tens + 40 <= upper;
    if (down != up) {
        d.digits = tens + (up ? 1 : 0);
        d.exponent = k + 1;
        return d;
    }
    ones = value / 4;
    down = lower <= 4 * ones;
    up = 4 * ones + 4 <= upper;
    if (down == up)
        up = value > 4 * ones + 2 || (value == 4 * ones + 2 && ones % 2 != 0);
    d.digits = ones + (up ? 1 : 0);
    d.exponent = k;
    return d;
}

static decimal shorten_bits(const layout *l, uint64_t mantissa, int field)
{
    uint64_t hidden = (uint64_t)1 << l->mantissa_bits;
    decimal d;
    if (field == 0)
        d = shorten(mantissa, l->least, false);
    else
        d = shorten(hidden | mantissa, l->least + field - 1, mantissa == 0 && field > 1);
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

/* ---- as text -------------------------------------------------------------------------------- */

static char *put_bytes(char *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static char *put_zeros(char *at, int n)
{
    memset(at, '0', (size_t)n);
    return at + n;
}

/* The number d[0].d[1]...d[n-1] * 10^power without exponent. */
static char *put_fixed(char *at, const uint8_t *d, int n, int power)
{
    if (power < 0) {
        at = put_bytes(at, "0.", 2);
        at = put_zeros(at, -power - 1);
        return put_bytes(at, d, (size_t)n);
    }
    if (n <= power + 1) {
        at = put_bytes(at, d, (size_t)n);
        return put_zeros(at, power + 1 - n);
    }
    at = put_bytes(at, d, (size_t)power + 1);
    *at++ = '.';
    return put_bytes(at, d + power + 1, (size_t)(n - power - 1));
}

/* The same with exponent: at least two digits. */
static char *put_exponent(char *at, const uint8_t *d, int n, int power)
{
    int size = power < 0 ? -power : power;
    *at++ = (char)d[0];
    if (n > 1) {
        *at++ = '.';
        at = put_bytes(at, d + 1, (size_t)n - 1);
    }
    *at++ = 'e';
    *at++ = power < 0 ? '-' : '+';
    if (size >= 100)
        *at++ = (char)('0' + size / 100);
    *at++ = (char)('0' + size / 10 % 10);
    *at++ = (char)('0' + size % 10);
    return at;
}

static char *put_finite(char *at, const layout *l, uint64_t mantissa, int field)
{
    uint8_t room[WW__DIGITS + WW__PAD];
    const uint8_t *digits;
    decimal d;
    int n, power;
    if (field == 0 && mantissa == 0)
        return put_zeros(at, 1);
    d = shorten_bits(l, mantissa, field);
    digits = ww__digits(d.digits, room);
    n = (int)(room + WW__DIGITS - digits);
    power = d.exponent + n - 1;
    if (power >= -4 && power < l->fixed_below)
        return put_fixed(at, digits, n, power);
    return put_exponent(at, digits, n, power);
}

/* `greatest` is the exponent field of what is not finite. */
static size_t put_float(char *out, const layout *l, uint64_t bits, int greatest)
{
    uint64_t mantissa = bits & (((uint64_t)1 << l->mantissa_bits) - 1);
    int field = (int)(bits >> l->mantissa_bits) & greatest;
    bool negative = (bits >> l->mantissa_bits) > (uint64_t)greatest;
    char *at = out;
    if (field == greatest && mantissa != 0)
        return (size_t)(put_bytes(at, "NaN", 3) - out);
    if (negative)
        *at++ = '-';
    if (field == greatest)
        at = put_bytes(at, "Infinity", 8);
    else
        at = put_finite(at, l, mantissa, field);
    return (size_t)(at - out);
}

size_t ww__float8_text(double value, char out[WW__FLOAT_TEXT])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_float(out, &layout8, bits, 0x7FF);
}

size_t ww__float4_text(float value, char out[WW__FLOAT_TEXT])
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_float(out, &layout4, bits, 0xFF);
}
