/* SPDX-License-Identifier: MIT */
/* slab.c: 64 chunks in each slab, one bit for each; a slab that is all free is given back. */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise */
#endif
#include "slab.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CHUNKS 64u
#define SLAB_BYTES (CHUNKS * WW__SLAB_CHUNK) /* a huge page */
#define ALL_FREE UINT64_MAX

struct ww__slab {
    ww__slab *before, *after; /* of those with room */
    uint64_t free;            /* a bit for each chunk */
    uint8_t *bytes;
};

static void link_in(ww__slabs *s, ww__slab *slab)
{
    slab->before = NULL;
    slab->after = s->with_room;
    if (slab->after != NULL)
        slab->after->before = slab;
    s->with_room = slab;
}

static void unlink_it(ww__slabs *s, ww__slab *slab)
{
    if (slab->before != NULL)
        slab->before->after = slab->after;
    else
        s->with_room = slab->after;
    if (slab->after != NULL)
        slab->after->before = slab->before;
}

static bool add_slab(ww__slabs *s)
{
    ww__slab *slab = malloc(sizeof *slab);
    uint8_t *bytes = slab != NULL ? aligned_alloc(SLAB_BYTES, SLAB_BYTES) : NULL;
    if (bytes == NULL) {
        free(slab);
        return false;
    }
#ifdef MADV_HUGEPAGE
    madvise(bytes, SLAB_BYTES, MADV_HUGEPAGE); /* it only costs time if it fails */
#endif
    slab->bytes = bytes;
    slab->free = ALL_FREE;
    link_in(s, slab);
    return true;
}

static unsigned first_bit(uint64_t bits)
{
    unsigned n = 0;
    while ((bits & 1) == 0) {
        bits >>= 1;
        n++;
    }
    return n;
}

uint8_t *ww__slab_take(ww__slabs *s, ww__slab **owner)
{
    ww__slab *slab;
    unsigned n;
    if (s->with_room == NULL && !add_slab(s))
        return NULL;
    slab = s->with_room;
    n = first_bit(slab->free);
    slab->free &= ~(UINT64_C(1) << n);
    if (slab->free == 0)
        unlink_it(s, slab);
    *owner = slab;
    return slab->bytes + n * WW__SLAB_CHUNK;
}

void ww__slab_give(ww__slabs *s, ww__slab *owner, uint8_t *chunk)
{
    size_t n = (size_t)(chunk - owner->bytes) / WW__SLAB_CHUNK;
    if (owner->free == 0)
        link_in(s, owner);
    owner->free |= UINT64_C(1) << n;
    if (owner->free != ALL_FREE)
        return;
    unlink_it(s, owner);
    free(owner->bytes);
    free(owner);
}
