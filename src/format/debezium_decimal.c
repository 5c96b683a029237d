/* SPDX-License-Identifier: MIT */
/* debezium_decimal.c: numeric and money as Debezium's decimal.handling.mode has them: `precise` is
 * Kafka Connect's Decimal, the number without its point in two's complement, big-endian, in base64;
 * `double` the nearest one.
 *
 * The conversion from decimal takes time with the square of the number of digits, nine at a time. A
 * few bytes can stand for 131072 digits: so it has a limit, beyond which a number stays text. */
#include "debezium.h"

#include "base/error.h"
#include "decode/values.h"

/* Two milliseconds. */
#define MAX_DIGITS 20000u
/* More cannot be told from one more that is not 0. */
#define DOUBLE_DIGITS 800u

/* ---- in binary ------------------------------------------------------------------------------ */

/* A magnitude, least limb first; only the first n are not 0. */
typedef struct magnitude {
    uint32_t *limbs;
    size_t n;
} magnitude;

static void multiply_add(magnitude *m, uint32_t factor, uint32_t digit)
{
    uint64_t carry = digit;
    size_t i;
    for (i = 0; i < m->n; i++) {
        carry += (uint64_t)m->limbs[i] * factor;
        m->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        m->limbs[m->n++] = (uint32_t)carry;
}

/* The first `count` digits; behind its last one a number has zeros. */
static void read_digits(magnitude *m, const ww_numeric *n, uint32_t count)
{
    const uint32_t all = n->integer_digits + n->scale;
    uint32_t i, factor = 1, group = 0;
    for (i = 0; i < count; i++) {
        group = group * 10 + (i < all ? ww_numeric_digit(n, i) : 0);
        factor *= 10;
        if (factor == 1000000000 || i + 1 == count) {
            multiply_add(m, factor, group);
            factor = 1;
            group = 0;
        }
    }
}

static void subtract_one(magnitude *m)
{
    size_t i;
    for (i = 0; i < m->n && m->limbs[i]-- == 0; i++)
        ;
    if (m->n > 0 && m->limbs[m->n - 1] == 0)
        m->n--;
}

static size_t bit_length(const magnitude *m)
{
    size_t bits = m->n * 32;
    uint32_t top = m->n > 0 ? m->limbs[m->n - 1] : 0;
    while (m->n > 0 && (top & UINT32_C(0x80000000)) == 0) {
        top <<= 1;
        bits--;
    }
    return bits;
}

/* In two's complement: a negative number is all bits of (magnitude - 1) turned over. */
static void put_bytes(ww_out *out, magnitude *m, bool negative)
{
    uint8_t chunk[48]; /* of a size that base64 ends without padding */
    const uint8_t flip = negative && m->n > 0 ? 0xFF : 0;
    size_t left, n = 0;
    if (flip != 0)
        subtract_one(m);
    ww__out_byte(out, '"');
    for (left = bit_length(m) / 8 + 1; left > 0; left--) {
        size_t at = left - 1;
        uint32_t limb = at / 4 < m->n ? m->limbs[at / 4] : 0;
        chunk[n++] = (uint8_t)(limb >> 8 * (at % 4) ^ flip);
        if (n == sizeof chunk || left == 1) {
            ww_slice bytes = {chunk, n};
            ww__out_base64(out, bytes);
            n = 0;
        }
    }
    ww__out_byte(out, '"');
}

/* ---- numeric -------------------------------------------------------------------------------- */

static uint32_t scale_without_zeros(const ww_numeric *n)
{
    uint32_t scale = n->scale;
    while (scale > 0 && ww_numeric_digit(n, n->integer_digits + scale - 1) == 0)
        scale--;
    return scale;
}

/* Are all digits but the first `count` zeros? */
static bool ends_at(const ww_numeric *n, int64_t count)
{
    int64_t i;
    for (i = count > 0 ? count : 0; i < (int64_t)n->integer_digits + n->scale; i++)
        if (ww_numeric_digit(n, (uint32_t)i) != 0)
            return false;
    return true;
}

static void put_unscaled(const ww__place *place, const ww_numeric *n, int64_t count)
{
    const ww__debezium *d = place->f->state;
    magnitude m = {d->limbs, 0};
    if (count > 0)
        read_digits(&m, n, (uint32_t)count);
    put_bytes(place->out, &m, n->sign == WW_NUMERIC_NEGATIVE);
}

static void put_precise(const ww__place *place, const ww_value *v, const ww_numeric *n,
                        int32_t typmod)
{
    int32_t scale;
    int64_t count;
    if (!ww__numeric_scale(typmod, &scale)) {
        scale = (int32_t)scale_without_zeros(n);
        WW__OUT(place->out, "{\"scale\":");
        ww__out_i64(place->out, scale);
        WW__OUT(place->out, ",\"value\":");
        put_unscaled(place, n, (int64_t)n->integer_digits + scale);
        ww__out_byte(place->out, '}');
        return;
    }
    count = (int64_t)n->integer_digits + scale;
    if (ends_at(n, count))
        put_unscaled(place, n, count);
    else
        ww__json_took(place, ww__fail_about(place->f->err, WW_ERR_DECODE,
                                            "a number has more digits than its column's scale",
                                            v->type->sqlname));
}

/* The digits without zeros in front, as an integer with an exponent. */
static size_t double_text(const ww_numeric *n, uint8_t text[DOUBLE_DIGITS + 32])
{
    const uint32_t all = n->integer_digits + n->scale;
    ww_out out = {text, 0, DOUBLE_DIGITS + 32, WW_OK, NULL, NULL, NULL, 0};
    uint32_t i = 0, end;
    int64_t exponent;
    if (n->sign == WW_NUMERIC_NEGATIVE)
        ww__out_byte(&out, '-');
    while (i + 1 < all && ww_numeric_digit(n, i) == 0)
        i++;
    end = all - i > DOUBLE_DIGITS ? i + DOUBLE_DIGITS : all;
    for (; i < end; i++)
        ww__out_byte(&out, (char)('0' + ww_numeric_digit(n, i)));
    exponent = (int64_t)n->integer_digits - end;
    if (!ends_at(n, end)) {
        ww__out_byte(&out, '1');
        exponent--;
    }
    ww__out_byte(&out, 'e');
    ww__out_byte(&out, exponent < 0 ? '-' : '+');
    ww__out_byte(&out, '0'); /* an exponent has two digits at least */
    ww__out_u64(&out, (uint64_t)(exponent < 0 ? -exponent : exponent));
    return out.len;
}

/* False: beyond the range of a double. */
static bool put_double(ww_out *out, ww_slice text)
{
    char shortest[WW__FLOAT_TEXT];
    double value;
    if (!ww__float8_parse(text, &value))
        return false;
    ww__out_put(out, shortest, ww__float8_text(value, shortest));
    return true;
}

static void put_numeric(const ww__place *place, const ww_value *v, int32_t typmod)
{
    uint8_t room[DOUBLE_DIGITS + 32];
    ww_slice text = {room, 0};
    ww_numeric n;
    if (!ww__json_took(place, ww_value_numeric(v, &n, place->f->err)))
        return;
    if (n.sign != WW_NUMERIC_POSITIVE && n.sign != WW_NUMERIC_NEGATIVE) {
        ww__json_put_text(place, v);
    } else if (place->f->knobs[WW__DECIMAL_MODE] == WW__DECIMAL_PRECISE) {
        if (n.integer_digits > MAX_DIGITS || n.scale > MAX_DIGITS - n.integer_digits)
            ww__json_put_text(place, v);
        else
            put_precise(place, v, &n, typmod);
    } else {
        text.len = double_text(&n, room);
        if (!put_double(place->out, text))
            ww__json_put_text(place, v);
    }
}

/* ---- money ---------------------------------------------------------------------------------- */

static void put_money(const ww__place *place, const ww_value *v)
{
    const ww__debezium *d = place->f->state;
    uint8_t room[32];
    ww_out text = {room, 0, sizeof room, WW_OK, NULL, NULL, NULL, 0};
    ww_slice written = {room, 0};
    magnitude m = {d->limbs, 0};
    uint64_t bits;
    int64_t cents;
    if (!ww__json_took(place, ww_value_int(v, &cents, place->f->err)))
        return;
    if (place->f->knobs[WW__DECIMAL_MODE] == WW__DECIMAL_DOUBLE) {
        ww__out_i64(&text, cents);
        WW__OUT(&text, "e-02");
        written.len = text.len;
        put_double(place->out, written);
        return;
    }
    bits = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
    for (; bits != 0; bits >>= 32)
        m.limbs[m.n++] = (uint32_t)bits;
    put_bytes(place->out, &m, cents < 0);
}

void ww__debezium_decimal(const ww__place *place, const ww_value *v, int32_t typmod)
{
    if (v->type->kind == WW_TYPE_MONEY)
        put_money(place, v);
    else
        put_numeric(place, v, typmod);
}
