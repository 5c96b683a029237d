/* SPDX-License-Identifier: MIT */
/* stream.c: CopyData in, events out, each with its place in the WAL and its transaction.
 *
 * Invariants:
 *   - at most one WALData is pending: input() takes none while next() has not taken the one before
 *   - the decoder checks the order of messages; what is tracked here only says which transaction is
 *     open, and that its end belongs to its beginning
 *   - after the first error nothing more is handed out; confirm() and feedback go on */
#include "engine.h"

#include "base/error.h"
#include "base/reader.h"

static bool config_is_good(const ww_stream_config *c)
{
    bool window = !c->raw && c->mode == WW_CONFIRM_EACH;
    return c->struct_size == sizeof *c && (c->alloc != NULL || !window) &&
           (c->mode == WW_CONFIRM_EACH || c->mode == WW_CONFIRM_THROUGH);
}

static void set_defaults(ww_stream_config *c)
{
    if (c->max_unconfirmed == 0)
        c->max_unconfirmed = WW_DEFAULT_MAX_UNCONFIRMED;
    if (c->status_interval_us == 0)
        c->status_interval_us = WW_DEFAULT_STATUS_INTERVAL_US;
    if (c->ack_interval_us == 0)
        c->ack_interval_us = WW_DEFAULT_ACK_INTERVAL_US;
}

ww_status ww_stream_init(ww_stream *s, const ww_stream_config *config, ww_now now, ww_error *err)
{
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    memset(s, 0, sizeof *s);
    ww_error_clear(&s->error);
    if (!config_is_good(config))
        return ww__fail(err, WW_ERR_USAGE, "stream configuration: struct_size, mode or alloc");
    s->config = *config;
    set_defaults(&s->config);
    options.relations = config->relations;
    options.binary = config->binary;
    options.streaming = config->streaming;
    ww_decoder_init(&s->decoder, &options);
    s->flush = config->start;
    s->last_feedback = now.mono_us;
    s->last_input = now.mono_us;
    return WW_OK;
}

void ww_stream_fini(ww_stream *s)
{
    if (s == NULL)
        return;
    ww_stream_hold(s);
}

const ww_error *ww_stream_error(const ww_stream *s)
{
    return &s->error;
}

bool ww_stream_in_transaction(const ww_stream *s)
{
    return s->in_transaction;
}

ww_status ww__stream_fail(ww_stream *s, ww_status status, const char *what)
{
    ww__fail(&s->error, status, what);
    if (status == WW_ERR_GAP)
        ww_stream_hold(s);
    return status;
}

/* ---- CopyData in ---------------------------------------------------------------------------- */

static void read_wal_data(ww__reader *r, ww_wal_msg *msg)
{
    msg->start = ww__u64(r);
    msg->end = ww__u64(r);
    msg->sent_at = ww__time(r);
    msg->payload = ww__bytes(r, ww__left(r));
    msg->kind = msg->payload.len > 0 ? WW_WAL_DATA : WW_WAL_OTHER;
}

static void read_keepalive(ww__reader *r, ww_wal_msg *msg)
{
    msg->kind = WW_WAL_KEEPALIVE;
    msg->end = ww__u64(r);
    msg->sent_at = ww__time(r);
    msg->reply_requested = ww__u8(r) != 0;
    if (ww__left(r) > 0)
        ww__break(r, "a keepalive goes on behind its last field", 0);
}

static ww_status read_copy_data(ww_stream *s, ww_slice copy_data, ww_wal_msg *msg)
{
    ww__reader r = ww__reader_of(copy_data);
    uint8_t type = ww__u8(&r);
    memset(msg, 0, sizeof *msg);
    if (type == 'w') {
        read_wal_data(&r, msg);
        s->counters.empty_wal_data += msg->kind == WW_WAL_OTHER;
    } else if (type == 'k') {
        read_keepalive(&r, msg);
    } else if (type == 's') {
        s->counters.unknown_copy_data++;
    } else {
        ww__break(&r, "CopyData that is no replication message", copy_data.len > 0);
    }
    if (r.broken == NULL)
        return WW_OK;
    return ww__fail_at(&s->error, WW_ERR_PROTOCOL, r.broken, (uint64_t)(r.broken_at - r.start),
                       (char)type);
}

static void take_data(ww_stream *s, const ww_wal_msg *msg)
{
    s->counters.wal_messages++;
    s->counters.wal_bytes += msg->payload.len;
    if (!s->config.raw) {
        s->pending = *msg;
        s->has_pending = true;
        return;
    }
    s->raw_dirty = true;
    if (msg->start > s->received)
        s->received = msg->start;
}

ww_status ww_stream_input(ww_stream *s, ww_slice copy_data, ww_now now, ww_wal_msg *out)
{
    ww_wal_msg msg;
    if (s->error.status != WW_OK)
        return s->error.status;
    if (s->has_pending)
        return WW_ERR_USAGE;
    if (read_copy_data(s, copy_data, &msg) != WW_OK)
        return s->error.status;
    s->last_input = now.mono_us;
    if (msg.kind == WW_WAL_DATA)
        take_data(s, &msg);
    if (msg.kind == WW_WAL_KEEPALIVE) {
        s->counters.keepalives++;
        s->asked |= msg.reply_requested;
        ww__stream_heard(s, msg.end, now.mono_us);
    }
    if (out != NULL)
        *out = msg;
    return WW_OK;
}

/* ---- events out ----------------------------------------------------------------------------- */

static void enter(ww_stream *s, uint32_t xid, ww_lsn final_lsn, ww_pg_time commit_time)
{
    s->xid = xid;
    s->final_lsn = final_lsn;
    s->commit_time = commit_time;
    s->ordinal = 0;
    s->gid_len = 0;
}

static void enter_prepare(ww_stream *s, const ww_event *ev)
{
    enter(s, ev->prepare.xid, ev->prepare.prepare_lsn, ev->prepare.prepare_time);
    s->gid_len = ev->prepare.gid.len; /* at most 199: the decoder saw to it */
    memcpy(s->gid, ev->prepare.gid.ptr, s->gid_len);
}

static void leave(ww_stream *s)
{
    static const ww_pg_time none = { 0 };
    enter(s, 0, 0, none);
    s->in_transaction = false;
}

/* Says in `ev` where it came from and which transaction is open. */
static void place(const ww_stream *s, ww_event *ev)
{
    ev->wal_lsn = s->pending.start;
    ev->sent_at = s->pending.sent_at;
    ev->xid = s->xid;
    ev->final_lsn = s->final_lsn;
    ev->commit_time = s->commit_time;
    ev->gid.ptr = s->gid;
    ev->gid.len = s->gid_len;
}

/* The same for a message that stands alone and names its transaction itself. */
static void place_alone(const ww_stream *s, ww_event *ev, uint32_t xid, ww_lsn final_lsn,
                        ww_pg_time commit_time, ww_slice gid)
{
    ev->wal_lsn = s->pending.start;
    ev->sent_at = s->pending.sent_at;
    ev->xid = xid;
    ev->final_lsn = final_lsn;
    ev->commit_time = commit_time;
    ev->gid = gid;
}

static void count_change(ww_stream *s, ww_event *ev)
{
    place(s, ev);
    ev->ordinal = ++s->ordinal;
}

static ww_status end_transaction(ww_stream *s, ww_event *ev, bool matches)
{
    if (!matches)
        return ww__stream_fail(s, WW_ERR_PROTOCOL,
                               "the end of a transaction does not belong to its beginning");
    place(s, ev);
    leave(s);
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
    place(s, ev);
    return ww__stream_hand_out(s, ev);
}

static ww_status follow_abort(ww_stream *s, ww_event *ev)
{
    static const ww_slice no_gid = { NULL, 0 };
    if (!s->config.streaming) {
        s->counters.stray_stream_aborts++;
        return WW_MORE;
    }
    place_alone(s, ev, ev->stream_abort.xid, 0, ev->stream_abort.abort_time, no_gid);
    return WW_OK;
}

static ww_status follow_stream(ww_stream *s, ww_event *ev)
{
    static const ww_pg_time none = { 0 };
    static const ww_slice no_gid = { NULL, 0 };
    switch (ev->kind) {
    case WW_EV_STREAM_START:
        enter(s, ev->stream_start.xid, 0, none);
        place(s, ev);
        return WW_OK;
    case WW_EV_STREAM_STOP:
        place(s, ev);
        leave(s);
        return WW_OK;
    case WW_EV_STREAM_ABORT:
        return follow_abort(s, ev);
    case WW_EV_STREAM_COMMIT:
        place_alone(s, ev, ev->stream_commit.xid, ev->stream_commit.commit_lsn,
                    ev->stream_commit.commit_time, no_gid);
        return ww__stream_hand_out(s, ev);
    default:
        place_alone(s, ev, ev->prepare.xid, ev->prepare.prepare_lsn, ev->prepare.prepare_time,
                    ev->prepare.gid);
        s->prepared++;
        return ww__stream_hand_out(s, ev);
    }
}

static ww_status follow_two_phase(ww_stream *s, ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_BEGIN_PREPARE:
        enter_prepare(s, ev);
        s->in_transaction = true;
        place(s, ev);
        return WW_OK;
    case WW_EV_PREPARE:
        return end_prepare(s, ev);
    case WW_EV_COMMIT_PREPARED:
        place_alone(s, ev, ev->commit_prepared.xid, ev->commit_prepared.commit_lsn,
                    ev->commit_prepared.commit_time, ev->commit_prepared.gid);
        return finish_prepared(s, ev);
    default:
        place_alone(s, ev, ev->rollback_prepared.xid, 0, ev->rollback_prepared.rollback_time,
                    ev->rollback_prepared.gid);
        return finish_prepared(s, ev);
    }
}

/* Moves on by one event and completes it. WW_MORE: it is not to be handed out. */
static ww_status follow(ww_stream *s, ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_INSERT:
    case WW_EV_UPDATE:
    case WW_EV_DELETE:
    case WW_EV_TRUNCATE:
        count_change(s, ev);
        return WW_OK;
    case WW_EV_BEGIN:
        enter(s, ev->begin.xid, ev->begin.final_lsn, ev->begin.commit_time);
        s->in_transaction = true;
        place(s, ev);
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
        return follow_stream(s, ev);
    default: /* Origin, Relation, Type */
        place(s, ev);
        return WW_OK;
    }
}

ww_status ww_stream_next(ww_stream *s, ww_event *ev)
{
    ww_status status;
    if (s->error.status != WW_OK)
        return s->error.status;
    if (!s->has_pending)
        return WW_MORE;
    s->has_pending = false;
    status = ww_decode(&s->decoder, s->pending.payload, ev, &s->error);
    if (status == WW_OK)
        status = follow(s, ev);
    if (!s->in_transaction)
        ww__stream_settle(s, s->last_input);
    return status;
}
