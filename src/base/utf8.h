/* SPDX-License-Identifier: MIT */
/* utf8.h: one UTF-8 character at a time, strictly (RFC 3629: no surrogates, no overlong forms). */
#ifndef WALWIRE_BASE_UTF8_H
#define WALWIRE_BASE_UTF8_H

#include <walwire/base.h>

/* The length (1 to 4) of the valid character at p[0 .. left), and its code point; 0 if it is not
 * valid. */
size_t ww__utf8_decode(const uint8_t *p, size_t left, uint32_t *code);

/* Writes the character and returns its length (1 to 4). code <= 0x10FFFF and no surrogate. */
size_t ww__utf8_encode(uint32_t code, uint8_t out[4]);

/* True for what must not reach a terminal: C0, DEL, C1, line and paragraph separators,
 * bidirectional controls. */
bool ww__is_unsafe(uint32_t code);

#endif
