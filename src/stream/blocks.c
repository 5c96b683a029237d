/* SPDX-License-Identifier: MIT */
/* blocks.c: S E A c p, with assembly and without.
 *
 * With a spool, what stands in a block is checked by the decoder for its layout, and stored; that
 * relations are known and columns counted right can only be said at the replay, because a block may
 * describe a table as its own, uncommitted transaction has left it. Without a spool, blocks are
 * handed out as they come, and see the tables as their transaction does (overlay.c). */
#include "assembly.h"

#include "base/error.h"
#include "base/writer.h"

ww_status ww__assembly_open(ww_stream *s)
{
    const ww_alloc *alloc = s->config.alloc;
    ww_assembly *a = alloc->resize(alloc->ctx, NULL, 0, sizeof *a);
    if (a == NULL)
        return WW_ERR_NOMEM;
    memset(a, 0, sizeof *a);
    s->assembly = a;
    return WW_OK;
}

void ww__assembly_close(ww_stream *s)
{
    const ww_alloc *alloc = s->config.alloc;
    ww_assembly *a = s->assembly;
    size_t i;
    if (a == NULL)
        return;
    for (i = 0; i < a->table_cap; i++)
        while (a->table[i].xid != 0) /* again if another moved up */
            ww__streams_remove(s, &a->table[i]);
    if (a->table != NULL)
        alloc->resize(alloc->ctx, a->table, a->table_cap * sizeof *a->table, 0);
    ww__relations_close(s);
    alloc->resize(alloc->ctx, a, sizeof *a, 0);
    s->assembly = NULL;
}

size_t ww_stream_open_streams(const ww_stream *s)
{
    return s->assembly != NULL ? s->assembly->open : 0;
}

/* The xid that breaks a rule is the first field of all these messages. */
static ww_status refuse(ww_stream *s, const ww_event *ev, const char *rule)
{
    ww__fail_at(&s->error, WW_ERR_PROTOCOL, rule, 1, (char)ev->kind);
    ww__error_add_text(&s->error, ww_event_kind_name(ev->kind));
    return WW_ERR_PROTOCOL;
}

/* ---- blocks --------------------------------------------------------------------------------- */

static ww_status begin_stream(ww_stream *s, const ww_event *ev, ww__open_stream **o)
{
    uint32_t xid = ev->stream_start.xid;
    *o = ww__streams_find(s->assembly, xid);
    if (ev->stream_start.first_segment != (*o == NULL))
        return refuse(s, ev, *o == NULL ? "a streamed transaction goes on that never began"
                                        : "a streamed transaction begins that is open already");
    if (*o != NULL)
        return WW_OK;
    *o = ww__streams_add(s, xid);
    if (*o == NULL)
        return s->error.status;
    (*o)->first_lsn = s->pending.start;
    s->counters.streams_begun++;
    return WW_OK;
}

static ww_status start_block(ww_stream *s, ww_event *ev)
{
    static const ww_pg_time unknown = { 0 };
    ww__open_stream *o;
    ww_status status = begin_stream(s, ev, &o);
    if (status != WW_OK)
        return status;
    s->assembly->block = o;
    s->in_block = true;
    if (s->config.spool != NULL)
        return WW_MORE;
    ww__stream_enter(s, o->xid, 0, unknown);
    s->ordinal = o->ordinal;
    ww__stream_place(s, ev);
    return ww__overlay_enter(s, o);
}

static ww_status stop_block(ww_stream *s, ww_event *ev)
{
    ww__open_stream *o = s->assembly->block;
    s->assembly->block = NULL;
    s->in_block = false;
    if (s->config.spool != NULL)
        return WW_MORE;
    o->ordinal = s->ordinal;
    ww__stream_place(s, ev);
    ww__stream_leave(s);
    return ww__overlay_leave(s);
}

/* A record: the WAL position, or, for a Relation, which has none, the number of its arrival; the
 * time of sending; the message. */
static ww_status store(ww_stream *s, const ww_event *ev)
{
    ww_assembly *a = s->assembly;
    ww__open_stream *o = a->block;
    uint8_t bytes[16];
    ww_slice head = { bytes, sizeof bytes };
    const ww_spool *spool = s->config.spool;
    bool relation = ev->kind == WW_EV_RELATION;
    ww_status status;

    ww__store64(bytes, relation ? ++a->arrivals : s->pending.start);
    ww__store64(bytes + 8, (uint64_t)s->pending.sent_at.us);
    status = spool->append(spool->ctx, &o->spool, head, s->pending.payload, &s->error);
    if (status != WW_OK)
        return s->error.status != WW_OK
                   ? s->error.status
                   : ww__stream_fail(s, status, "a streamed transaction could not be stored");
    o->stored++;
    s->counters.spooled_messages++;
    s->counters.spooled_bytes += s->pending.payload.len;
    return WW_MORE;
}

ww_status ww__blocks_take(ww_stream *s, ww_event *ev)
{
    bool spools = s->config.spool != NULL;
    ww_slice message = s->pending.payload;
    ww_status status;
    if (!spools && message.ptr[0] == WW_EV_RELATION && s->config.relations != NULL)
        status = ww__overlay_relation(s, message, ev);
    else
        status = ww_decode(&s->decoder, message, ev, &s->error);
    if (status != WW_OK)
        return status;
    if (spools && ev->kind != WW_EV_STREAM_STOP)
        return store(s, ev);
    return ww__stream_follow(s, ev);
}

/* ---- ends ----------------------------------------------------------------------------------- */

static ww_status abort_stream(ww_stream *s, ww_event *ev)
{
    static const ww_slice no_gid = { NULL, 0 };
    uint32_t xid = ev->stream_abort.xid, subxid = ev->stream_abort.subxid;
    ww__open_stream *o = s->assembly != NULL ? ww__streams_find(s->assembly, xid) : NULL;
    if (o == NULL) {
        s->counters.stray_stream_aborts++;
        return WW_MORE;
    }
    if (xid == subxid) {
        ww__streams_remove(s, o);
        s->counters.streams_aborted++;
    } else if (s->config.spool == NULL) {
        ww__overlay_abort(s, o, subxid);
    } else if (ww__streams_abort(s, o, subxid) != WW_OK) {
        return s->error.status;
    }
    if (s->config.spool != NULL)
        return WW_MORE;
    ww__stream_place(s, ev);
    ww__stream_name(ev, xid, 0, ev->stream_abort.abort_time, no_gid);
    return WW_OK;
}

static void name_end(ww_event *ev)
{
    static const ww_slice no_gid = { NULL, 0 };
    if (ev->kind == WW_EV_STREAM_COMMIT)
        ww__stream_name(ev, ev->stream_commit.xid, ev->stream_commit.commit_lsn,
                        ev->stream_commit.commit_time, no_gid);
    else
        ww__stream_name(ev, ev->prepare.xid, ev->prepare.prepare_lsn, ev->prepare.prepare_time,
                        ev->prepare.gid);
}

/* Stream Commit and Stream Prepare */
static ww_status end_stream(ww_stream *s, ww_event *ev)
{
    bool commit = ev->kind == WW_EV_STREAM_COMMIT;
    uint32_t xid = commit ? ev->stream_commit.xid : ev->prepare.xid;
    ww__open_stream *o = ww__streams_find(s->assembly, xid);
    if (o == NULL)
        return refuse(s, ev, "the end of a streamed transaction that is not open");
    s->counters.streams_committed++;
    if (s->config.spool != NULL)
        return ww__replay_start(s, o, ev);
    if (ww__overlay_fold(s, o) != WW_OK)
        return s->error.status;
    ww__streams_remove(s, o);
    s->prepared += !commit;
    ww__stream_place(s, ev);
    name_end(ev);
    return ww__stream_hand_out(s, ev);
}

ww_status ww__blocks_follow(ww_stream *s, ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_STREAM_START:
        return start_block(s, ev);
    case WW_EV_STREAM_STOP:
        return stop_block(s, ev);
    case WW_EV_STREAM_ABORT:
        return abort_stream(s, ev);
    default:
        return end_stream(s, ev);
    }
}
