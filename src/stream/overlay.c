/* SPDX-License-Identifier: MIT */
/* overlay.c: blocks that are handed out as they come see tables as their own transaction has left
 * them; everybody else does not, until it commits.
 *
 * There is one relation cache. While a block is open it holds that transaction's definitions, and
 * those that all others see are kept aside; at Stream Stop they change places. Only what differs is
 * moved, so that nothing is unless a streamed transaction has changed a table. */
#include "assembly.h"

#include "base/reader.h"

/* Gives a kept definition to the cache, through a decoder that stands in a block. */
static ww_status give(ww_stream *s, const ww__copy *copy)
{
    ww_event ignored;
    return ww_decode(&s->assembly->decoder, copy->message, &ignored, &s->error);
}

/* Keeps what all others see, unless that was done in this block already. */
static ww_status keep_aside(ww_stream *s, const ww_relation *known)
{
    ww__copy **list = &s->assembly->shadowed;
    if (*ww__copies_find(list, known->id) != NULL)
        return WW_OK;
    return ww__copies_add_relation(s, list, known) != NULL ? WW_OK : s->error.status;
}

ww_status ww__overlay_enter(ww_stream *s, ww__open_stream *o)
{
    const ww__copy *copy;
    ww_status status = WW_OK;
    if (o->overlay != NULL)
        ww__replay_open_block(s, o->xid);
    for (copy = o->overlay; copy != NULL && status == WW_OK; copy = copy->next) {
        status = keep_aside(s, ww_relcache_find(s->config.relations, copy->id));
        if (status == WW_OK)
            status = give(s, copy);
    }
    return status;
}

/* The message was decoded, and the cache holds what it says. */
static ww_status remember(ww_stream *s, ww_slice message, uint32_t id)
{
    ww_assembly *a = s->assembly;
    ww__copy *copy;
    ww__copies_drop(s, ww__copies_find(&a->block->overlay, id));
    copy = ww__copies_add(s, &a->block->overlay, id, message);
    if (copy == NULL)
        return s->error.status;
    copy->arrived = ++a->arrivals;
    return WW_OK;
}

/* A table that nobody else was told of may stay in the cache: they will be told before they use
 * it. */
ww_status ww__overlay_relation(ww_stream *s, ww_slice message, ww_event *ev)
{
    uint32_t id = message.len >= 9 ? ww__load32(message.ptr + 5) : 0;
    const ww_relation *known = ww_relcache_find(s->config.relations, id);
    ww__copy **list = &s->assembly->shadowed;
    bool aside = *ww__copies_find(list, id) != NULL;
    ww_status status = known != NULL ? keep_aside(s, known) : WW_OK;
    if (status == WW_OK)
        status = ww_decode(&s->decoder, message, ev, &s->error);
    if (status != WW_OK || known == NULL)
        return status;
    if (ev->relation_changed)
        return remember(s, message, id);
    if (!aside)
        ww__copies_drop(s, ww__copies_find(list, id));
    return WW_OK;
}

ww_status ww__overlay_leave(ww_stream *s)
{
    ww_assembly *a = s->assembly;
    ww_status status = WW_OK;
    if (a->shadowed != NULL)
        ww__replay_open_block(s, 1);
    while (a->shadowed != NULL && status == WW_OK) {
        status = give(s, a->shadowed);
        ww__copies_drop(s, &a->shadowed);
    }
    return status;
}

void ww__overlay_abort(ww_stream *s, ww__open_stream *o, uint32_t subxid)
{
    ww__copy **place = &o->overlay;
    while (*place != NULL) {
        if (ww__load32((*place)->message.ptr + 1) == subxid)
            ww__copies_drop(s, place);
        else
            place = &(*place)->next;
    }
}

ww_status ww__overlay_fold(ww_stream *s, ww__open_stream *o)
{
    const ww__copy *copy;
    if (o->overlay != NULL)
        ww__replay_open_block(s, o->xid);
    for (copy = o->overlay; copy != NULL; copy = copy->next) {
        const ww_relation *known = ww_relcache_find(s->config.relations, copy->id);
        ww_status status = WW_OK;
        if (ww__relations_is_stale(s, known, copy->arrived))
            continue;
        status = give(s, copy);
        if (status == WW_OK)
            status = ww__relations_set(s, ww_relcache_find(s->config.relations, copy->id),
                                       copy->arrived);
        if (status != WW_OK)
            return status;
    }
    return WW_OK;
}
