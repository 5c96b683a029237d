/* SPDX-License-Identifier: MIT */
/* relations.c: definitions out of streamed transactions, and the order in which they arrived.
 *
 * The server describes a table once for all ordinary transactions, and once more in each streamed
 * one. When that one commits, the server takes its description as known to the client, unless a
 * newer one has been sent since (rel_sync_cache and streamed_txns in pgoutput.c). So of all
 * definitions of a table that were not rolled back, the one that arrived last is in force. Replays
 * come late: a stored definition may be older than the one in the cache. Then it holds only until
 * the replay ends, and the newer one is put back, as a Relation event like any other. */
#include "assembly.h"

#include "base/reader.h"

ww_status ww__relations_set(ww_stream *s, const ww_relation *relation, uint64_t n)
{
    const ww_alloc *alloc = s->config.alloc;
    ww_assembly *a = s->assembly;
    size_t slot = relation->slot;
    if (slot >= a->arrived_cap) {
        size_t cap = 2 * slot + 16;
        uint64_t *arrived = alloc->resize(alloc->ctx, a->arrived, a->arrived_cap * sizeof *arrived,
                                          cap * sizeof *arrived);
        if (arrived == NULL)
            return ww__stream_fail(s, WW_ERR_NOMEM, "no memory for what is known of relations");
        memset(arrived + a->arrived_cap, 0, (cap - a->arrived_cap) * sizeof *arrived);
        a->arrived = arrived;
        a->arrived_cap = cap;
    }
    a->arrived[slot] = n;
    return WW_OK;
}

ww_status ww__relations_arrived(ww_stream *s, const ww_relation *relation)
{
    return ww__relations_set(s, relation, ++s->assembly->arrivals);
}

bool ww__relations_is_stale(const ww_stream *s, const ww_relation *relation, uint64_t n)
{
    const ww_assembly *a = s->assembly;
    return relation != NULL && relation->slot < a->arrived_cap && a->arrived[relation->slot] > n;
}

void ww__relations_close(ww_stream *s)
{
    const ww_alloc *alloc = s->config.alloc;
    ww_assembly *a = s->assembly;
    ww__copies_close(s, &a->shadowed);
    ww__copies_close(s, &a->restored);
    if (a->arrived != NULL)
        alloc->resize(alloc->ctx, a->arrived, a->arrived_cap * sizeof *a->arrived, 0);
}

/* Keeps what the cache holds, unless a copy of an even newer one is kept already. */
static ww_status shadow(ww_stream *s, const ww_relation *known, bool *fresh)
{
    ww__copy **list = &s->assembly->shadowed;
    *fresh = *ww__copies_find(list, known->id) == NULL;
    if (*fresh && ww__copies_add_relation(s, list, known) == NULL)
        return s->error.status;
    return WW_OK;
}

ww_status ww__relations_replay(ww_stream *s, ww_slice message, uint64_t n, ww_event *ev)
{
    ww_assembly *a = s->assembly;
    const ww_relation *known = NULL;
    bool stale, fresh = false;
    ww_status status;

    if (s->config.relations != NULL && message.len >= 9)
        known = ww_relcache_find(s->config.relations, ww__load32(message.ptr + 5));
    stale = ww__relations_is_stale(s, known, n);
    if (stale && shadow(s, known, &fresh) != WW_OK)
        return s->error.status;
    status = ww_decode(&a->decoder, message, ev, &s->error);
    if (status != WW_OK || s->config.relations == NULL)
        return status;
    if (!stale || (fresh && !ev->relation_changed))
        ww__copies_drop(s, ww__copies_find(&a->shadowed, ev->relation_id));
    return stale ? WW_OK : ww__relations_set(s, ev->relation, n);
}

ww_status ww__relations_restore(ww_stream *s, ww_event *ev)
{
    ww_assembly *a = s->assembly;
    ww__copies_drop(s, &a->restored);
    if (a->shadowed == NULL)
        return WW_END;
    a->restored = a->shadowed;
    a->shadowed = a->restored->next;
    a->restored->next = NULL;
    s->pending.start = 0;
    return ww_decode(&a->decoder, a->restored->message, ev, &s->error);
}
