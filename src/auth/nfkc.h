/* SPDX-License-Identifier: MIT */
/* nfkc.h: Unicode normalisation form KC, written in place into a buffer as characters come in.
 * Knows the characters that Unicode 3.2 assigns: all that SASLprep ever normalises. */
#ifndef WALWIRE_AUTH_NFKC_H
#define WALWIRE_AUTH_NFKC_H

#include <walwire/base.h>

/* The buffer may need this many bytes more than the result: the last character is decomposed, into
 * at most 4 that compose again, before it is put together. */
#define WW__NFKC_SLACK 16u

typedef struct ww__nfkc {
    uint8_t *out;
    size_t cap, len;
    size_t starter;         /* where the last character of class 0 begins ... */
    size_t marks;           /* ... and ends: its combining marks follow */
    uint32_t starter_code;
    bool overflow;
} ww__nfkc;

void ww__nfkc_init(ww__nfkc *n, uint8_t *out, size_t cap);
void ww__nfkc_put(ww__nfkc *n, uint32_t code);

/* The length of the result; SIZE_MAX if it did not fit. */
size_t ww__nfkc_finish(ww__nfkc *n);

#endif
