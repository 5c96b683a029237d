/* SPDX-License-Identifier: MIT */
/* powers10.h: powers of ten to 128 bits, and the product of two words: what it takes to go from
 * binary to decimal and back without floating-point arithmetic. */
#ifndef WALWIRE_DECODE_POWERS10_H
#define WALWIRE_DECODE_POWERS10_H

#include <stdbool.h>
#include <stdint.h>

/* From the smallest that a number of 19 digits may need, to what the smallest double needs. */
#define WW__POWER10_FIRST (-342)
#define WW__POWER10_LAST 324

/* 10^k is (high * 2^64 + low) * 2^(ww__floor_log2_pow10(k) - 127), cut. `high` has its top bit set;
 * low is never UINT64_MAX. */
typedef struct ww__power10 {
    uint64_t high, low;
} ww__power10;

extern const ww__power10 ww__powers10[WW__POWER10_LAST - WW__POWER10_FIRST + 1];

/* Is nothing cut off? */
static inline bool ww__power10_exact(int k)
{
    return k >= 0 && k <= 55;
}

/* floor(log2(10^k)) for FIRST <= k <= LAST: the generator checks each. */
static inline int ww__floor_log2_pow10(int k)
{
    return (int)(((int64_t)k * 1741647 + ((int64_t)4096 << 19)) >> 19) - 4096;
}

typedef struct ww__product {
    uint64_t high, low;
} ww__product;

static inline ww__product ww__multiply(uint64_t a, uint64_t b)
{
    uint64_t al = a & UINT32_MAX, ah = a >> 32, bl = b & UINT32_MAX, bh = b >> 32;
    uint64_t ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
    uint64_t middle = (ll >> 32) + (lh & UINT32_MAX) + (hl & UINT32_MAX);
    ww__product p = {hh + (lh >> 32) + (hl >> 32) + (middle >> 32),
                     middle << 32 | (ll & UINT32_MAX)};
    return p;
}

#endif
