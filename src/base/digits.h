/* SPDX-License-Identifier: MIT */
/* digits.h: integers in decimal and bytes in hexadecimal, into a ww_out. */
#ifndef WALWIRE_BASE_DIGITS_H
#define WALWIRE_BASE_DIGITS_H

#include "out.h"

#define WW__DIGITS 20u

/* "00" to "99". */
extern const char ww__digit_pairs[201];

/* The decimal digits of value, at the end of text; returns where they begin. */
const uint8_t *ww__digits(uint64_t value, uint8_t text[WW__DIGITS + WW__PAD]);
void ww__out_u64(ww_out *out, uint64_t value);
void ww__out_i64(ww_out *out, int64_t value);
/* Two lower-case digits a byte. */
void ww__out_hex(ww_out *out, ww_slice bytes);

#endif
