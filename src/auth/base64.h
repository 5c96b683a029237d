/* SPDX-License-Identifier: MIT */
/* base64.h: RFC 4648 section 4, strictly: padding required, no white space, no bits left over. */
#ifndef WALWIRE_AUTH_BASE64_H
#define WALWIRE_AUTH_BASE64_H

#include <walwire/base.h>

#define WW__BASE64_SIZE(n) (((n) + 2) / 3 * 4)

/* Writes WW__BASE64_SIZE(bytes.len) characters, no NUL, and returns their number. */
size_t ww__base64_encode(ww_slice bytes, char *out);

/* Writes at most text.len / 4 * 3 bytes and their number; false if the text is not base64. */
bool ww__base64_decode(ww_slice text, uint8_t *out, size_t *len);

#endif
