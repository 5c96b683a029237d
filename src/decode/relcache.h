/* SPDX-License-Identifier: MIT */
/* relcache.h: the relation cache as the decoder sees it. */
#ifndef WALWIRE_DECODE_RELCACHE_H
#define WALWIRE_DECODE_RELCACHE_H

#include <walwire/decode.h>

typedef struct ww__definition ww__definition;

struct ww_relcache {
    ww_alloc alloc;
    const ww_relation *last; /* found last: rows come in runs */
    ww__definition *root;
    const ww__definition **shortcuts; /* 2^(32 - shift) of them, or NULL */
    uint32_t shift;
    size_t max_bytes, used_bytes;
    size_t count;            /* of definitions that can be found */
    uint32_t slots;          /* of definitions ever stored */
    uint64_t serial;         /* of the last definition stored */
    uint64_t epoch;          /* +1 with each reset: older definitions cannot be found */
};

/* Keeps the definition in `body`, the checked body of a Relation message: sets ev->relation and
 * ev->relation_changed. ERR_LIMIT, ERR_NOMEM: nothing changed. */
ww_status ww__relcache_store(ww_relcache *cache, ww_slice body, ww_event *ev, ww_error *err);

/* The relation with this id, or NULL; the next look finds it sooner. */
const ww_relation *ww__relcache_recall(ww_relcache *cache, uint32_t id);

static inline const ww_relation *ww__relcache_lookup(ww_relcache *cache, uint32_t id)
{
    const ww_relation *rel = cache->last;
    return rel != NULL && rel->id == id ? rel : ww__relcache_recall(cache, id);
}

#endif
