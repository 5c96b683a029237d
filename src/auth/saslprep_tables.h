/* SPDX-License-Identifier: MIT */
/* saslprep_tables.h: the shape of the generated tables. Each is sorted, for binary search. */
#ifndef WALWIRE_AUTH_SASLPREP_TABLES_H
#define WALWIRE_AUTH_SASLPREP_TABLES_H

#include <stddef.h>
#include <stdint.h>

typedef struct ww__range {
    uint32_t first, last;
} ww__range;

typedef struct ww__class_range {
    uint32_t first, last;
    uint8_t combining_class;
} ww__class_range;

typedef struct ww__composition {
    uint16_t first, second, composite;
} ww__composition;

/* An entry of ww__decompositions is character << OFFSET_BITS | offset into ww__expansions. */
#define WW__EXPANSION_OFFSET_BITS 14
#define WW__EXPANSION_LAST UINT32_C(0x80000000)

extern const ww__range ww__prep_refused[], ww__right_to_left[], ww__left_to_right[];
extern const size_t ww__prep_refused_count, ww__right_to_left_count, ww__left_to_right_count;
extern const ww__class_range ww__classes[];
extern const size_t ww__classes_count;
extern const uint32_t ww__decompositions[], ww__expansions[];
extern const size_t ww__decompositions_count;
extern const ww__composition ww__compositions[];
extern const size_t ww__compositions_count;

#endif
