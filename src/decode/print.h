/* SPDX-License-Identifier: MIT */
/* print.h: the text of short binary values, checked and written in one go. */
#ifndef WALWIRE_DECODE_PRINT_H
#define WALWIRE_DECODE_PRINT_H

#include <walwire/value.h>

/* What such a text needs at most; there may be something behind its end. */
#define WW__PRINT_ROOM 64u

/* Writes the text, which is of plain ASCII, and returns its end. NULL: this value is not short, or
 * none of its type: ww_value_put() knows. */
typedef uint8_t *ww__value_print(ww_type_kind kind, ww_slice bytes, uint8_t *to);

/* The one for this kind; NULL: there is none. */
ww__value_print *ww__value_printer(ww_type_kind kind);

/* One file per family. */
uint8_t *ww__float_print(ww_type_kind kind, ww_slice bytes, uint8_t *to);   /* float.c */
uint8_t *ww__numeric_print(ww_type_kind kind, ww_slice bytes, uint8_t *to); /* numeric.c */
uint8_t *ww__time_print(ww_type_kind kind, ww_slice bytes, uint8_t *to);    /* datetime.c */
uint8_t *ww__uuid_print(ww_type_kind kind, ww_slice bytes, uint8_t *to);    /* bytes.c */

#endif
