/* SPDX-License-Identifier: MIT */
/* slab.h: memory for the many equal chunks of a large transaction, in huge pages where there are
 * some: with small ones, half of the time that such a transaction takes would go into faults. */
#ifndef WALWIRE_CLIENT_SLAB_H
#define WALWIRE_CLIENT_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define WW__SLAB_CHUNK ((size_t)32 << 10)

typedef struct ww__slab ww__slab;

/* Those with a free chunk; NULL: none yet. */
typedef struct ww__slabs {
    ww__slab *with_room;
} ww__slabs;

/* A chunk, and whose it is; NULL: no memory. */
uint8_t *ww__slab_take(ww__slabs *s, ww__slab **owner);
void ww__slab_give(ww__slabs *s, ww__slab *owner, uint8_t *chunk);

#endif
