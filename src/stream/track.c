/* SPDX-License-Identifier: MIT */
/* track.c: which transaction is open, and what that makes of an event: its place, whether it ends a
 * unit, whether it is handed out at all.
 *
 * The decoder checks the order of messages; here it is seen to that the end of a transaction
 * belongs to its beginning. */
#include "assembly.h"

#include <string.h>

void ww__stream_enter(ww_stream *s, uint32_t xid, ww_lsn final_lsn, ww_pg_time commit_time)
{
    s->xid = xid;
    s->final_lsn = final_lsn;
    s->commit_time = commit_time;
    s->ordinal = 0;
    s->has_origin = false;
    s->gid_len = 0;
}

static void enter_prepare(ww_stream *s, const ww_event *ev)
{
    ww__stream_enter(s, ev->prepare.xid, ev->prepare.prepare_lsn, ev->prepare.prepare_time);
    s->gid_len = ev->prepare.gid.len; /* at most 199: the decoder saw to it */
    memcpy(s->gid, ev->prepare.gid.ptr, s->gid_len);
}

void ww__stream_leave(ww_stream *s)
{
    static const ww_pg_time none = { 0 };
    ww__stream_enter(s, 0, 0, none);
    s->in_transaction = false;
}

void ww__stream_place(const ww_stream *s, ww_event *ev)
{
    ev->wal_lsn = s->pending.start;
    ev->sent_at = s->pending.sent_at;
    ev->xid = s->xid;
    ev->final_lsn = s->final_lsn;
    ev->commit_time = s->commit_time;
    ev->gid.ptr = s->gid;
    ev->gid.len = s->gid_len;
}

void ww__stream_name(ww_event *ev, uint32_t xid, ww_lsn final_lsn, ww_pg_time commit_time,
                     ww_slice gid)
{
    ev->xid = xid;
    ev->final_lsn = final_lsn;
    ev->commit_time = commit_time;
    ev->gid = gid;
}

static void count_change(ww_stream *s, ww_event *ev)
{
    ww__stream_place(s, ev);
    ev->ordinal = ++s->ordinal;
}

static ww_status end_transaction(ww_stream *s, ww_event *ev, bool matches)
{
    if (!matches)
        return ww__stream_fail(s, WW_ERR_PROTOCOL,
                               "the end of a transaction does not belong to its beginning");
    ww__stream_place(s, ev);
    ww__stream_leave(s);
    return ww__stream_hand_out(s, ev);
}

static ww_status end_prepare(ww_stream *s, ww_event *ev)
{
    if (!s->in_transaction) {
        s->counters.stray_prepares++;
        return WW_MORE;
    }
    s->prepared++;
    return end_transaction(s, ev, ev->prepare.prepare_lsn == s->final_lsn &&
                                      ev->prepare.xid == s->xid);
}

/* Commit Prepared and Rollback Prepared */
static ww_status finish_prepared(ww_stream *s, const ww_event *ev)
{
    if (s->prepared > 0)
        s->prepared--;
    else
        s->counters.unknown_prepared++;
    return ww__stream_hand_out(s, ev);
}

static ww_status follow_message(ww_stream *s, ww_event *ev)
{
    if ((ev->message.flags & WW_MESSAGE_TRANSACTIONAL) != 0) {
        count_change(s, ev);
        return WW_OK;
    }
    ww__stream_place(s, ev);
    return ww__stream_hand_out(s, ev);
}

static ww_status follow_relation(ww_stream *s, ww_event *ev)
{
    ww__stream_place(s, ev);
    if (s->assembly != NULL && !s->replaying && !s->in_block && ev->relation != NULL)
        return ww__relations_arrived(s, ev->relation);
    return WW_OK;
}

static ww_status follow_two_phase(ww_stream *s, ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_BEGIN_PREPARE:
        enter_prepare(s, ev);
        s->in_transaction = true;
        ww__stream_place(s, ev);
        return WW_OK;
    case WW_EV_PREPARE:
        return end_prepare(s, ev);
    case WW_EV_COMMIT_PREPARED:
        ww__stream_place(s, ev);
        ww__stream_name(ev, ev->commit_prepared.xid, ev->commit_prepared.commit_lsn,
                        ev->commit_prepared.commit_time, ev->commit_prepared.gid);
        return finish_prepared(s, ev);
    default:
        ww__stream_place(s, ev);
        ww__stream_name(ev, ev->rollback_prepared.xid, 0, ev->rollback_prepared.rollback_time,
                        ev->rollback_prepared.gid);
        return finish_prepared(s, ev);
    }
}

ww_status ww__stream_follow(ww_stream *s, ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_INSERT:
    case WW_EV_UPDATE:
    case WW_EV_DELETE:
    case WW_EV_TRUNCATE:
        count_change(s, ev);
        return WW_OK;
    case WW_EV_BEGIN:
        ww__stream_enter(s, ev->begin.xid, ev->begin.final_lsn, ev->begin.commit_time);
        s->in_transaction = true;
        ww__stream_place(s, ev);
        return WW_OK;
    case WW_EV_COMMIT:
        return end_transaction(s, ev, ev->commit.commit_lsn == s->final_lsn);
    case WW_EV_MESSAGE:
        return follow_message(s, ev);
    case WW_EV_BEGIN_PREPARE:
    case WW_EV_PREPARE:
    case WW_EV_COMMIT_PREPARED:
    case WW_EV_ROLLBACK_PREPARED:
        return follow_two_phase(s, ev);
    case WW_EV_STREAM_START:
    case WW_EV_STREAM_STOP:
    case WW_EV_STREAM_COMMIT:
    case WW_EV_STREAM_ABORT:
    case WW_EV_STREAM_PREPARE:
        return ww__blocks_follow(s, ev);
    case WW_EV_RELATION:
        return follow_relation(s, ev);
    default: /* Origin, Type */
        s->has_origin |= ev->kind == WW_EV_ORIGIN;
        ww__stream_place(s, ev);
        return WW_OK;
    }
}

