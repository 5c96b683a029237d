/* SPDX-License-Identifier: MIT */
/* stream.c: CopyData in, events out, each with its place in the WAL and its transaction.
 *
 * Invariants:
 *   - at most one WALData is pending: input() takes none while next() has not taken the one before,
 *     and all that it has replayed
 *   - after the first error nothing more is handed out; confirm() and feedback go on */
#include "assembly.h"

#include "base/error.h"
#include "base/reader.h"

static bool config_is_good(const ww_stream_config *c)
{
    bool allocates = !c->raw && (c->streaming || c->mode == WW_CONFIRM_EACH);
    return (c->alloc != NULL || !allocates) &&
           (c->mode == WW_CONFIRM_EACH || c->mode == WW_CONFIRM_THROUGH);
}

/* A caller that was compiled before assembly came has a shorter struct. */
static bool copy_config(ww_stream *s, const ww_stream_config *c)
{
    if (c->struct_size < offsetof(ww_stream_config, spool) || c->struct_size > sizeof *c)
        return false;
    memcpy(&s->config, c, c->struct_size);
    return config_is_good(&s->config);
}

static void set_defaults(ww_stream_config *c)
{
    if (c->max_unconfirmed == 0)
        c->max_unconfirmed = WW_DEFAULT_MAX_UNCONFIRMED;
    if (c->status_interval_us == 0)
        c->status_interval_us = WW_DEFAULT_STATUS_INTERVAL_US;
    if (c->ack_interval_us == 0)
        c->ack_interval_us = WW_DEFAULT_ACK_INTERVAL_US;
    if (c->max_streams == 0)
        c->max_streams = WW_DEFAULT_MAX_STREAMS;
    if (c->max_stream_aborts == 0)
        c->max_stream_aborts = WW_DEFAULT_MAX_STREAM_ABORTS;
    if (c->max_stream_relations == 0)
        c->max_stream_relations = WW_DEFAULT_MAX_STREAM_RELATIONS;
}

void ww__stream_start_decoder(ww_stream *s)
{
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    options.relations = s->config.relations;
    options.binary = s->config.binary;
    options.streaming = s->config.streaming;
    options.defer_blocks = s->config.spool != NULL;
    ww_decoder_init(&s->decoder, &options);
}

ww_status ww_stream_init(ww_stream *s, const ww_stream_config *config, ww_now now, ww_error *err)
{
    memset(s, 0, sizeof *s);
    ww_error_clear(&s->error);
    if (!copy_config(s, config)) {
        memset(&s->config, 0, sizeof s->config);
        return ww__fail(err, WW_ERR_USAGE, "stream configuration: struct_size, mode or alloc");
    }
    set_defaults(&s->config);
    ww__stream_start_decoder(s);
    s->flush = s->config.start;
    s->last_feedback = now.mono_us;
    s->last_input = now.mono_us;
    if (s->config.streaming && !s->config.raw && ww__assembly_open(s) != WW_OK)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for streamed transactions");
    return WW_OK;
}

void ww_stream_fini(ww_stream *s)
{
    if (s == NULL)
        return;
    ww_stream_hold(s);
    ww__assembly_close(s);
}

const ww_error *ww_stream_error(const ww_stream *s)
{
    return &s->error;
}

bool ww_stream_in_transaction(const ww_stream *s)
{
    return s->in_transaction || s->resumed.awaited;
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

/* Where a message says when its transaction committed, or was prepared; 0: it does not. */
static size_t commit_time_at(uint8_t type)
{
    switch (type) {
    case 'B':
        return 9;
    case 'b':
        return 17;
    case 'K':
    case 'p':
        return 18;
    case 'c':
        return 22;
    case 'r':
        return 26;
    default:
        return 0;
    }
}

/* A message that belongs to no transaction. In a piece of a streamed one its XID comes first. */
static bool stands_alone(const ww_stream_times *t, ww_slice payload)
{
    return payload.ptr[0] == 'M' && t->commit_time != INT64_MIN && payload.len > 1 &&
           payload.ptr[1] == 0;
}

/* The server works on a transaction before it sends what begins or ends it: that gap says nothing.
 */
static void note_times(ww_stream_times *t, const ww_wal_msg *msg)
{
    int64_t gap = (int64_t)((uint64_t)msg->sent_at.us - (uint64_t)t->sent_at);
    size_t at = commit_time_at(msg->payload.ptr[0]);
    t->sent_at = msg->sent_at.us;
    if (at != 0 && msg->payload.len >= at + 8)
        t->commit_time = (int64_t)ww__load64(msg->payload.ptr + at);
    else if (msg->payload.ptr[0] == 'S')
        t->commit_time = INT64_MIN;
    else if (stands_alone(t, msg->payload))
        t->commit_time = msg->sent_at.us;
    else if (gap > t->longest_gap)
        t->longest_gap = gap;
}

static void take_data(ww_stream *s, const ww_wal_msg *msg)
{
    note_times(&s->times, msg);
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

static ww_status take_message(ww_stream *s, ww_event *ev)
{
    ww_status status;
    s->has_pending = false;
    if (s->in_block)
        return ww__blocks_take(s, ev);
    status = ww_decode(&s->decoder, s->pending.payload, ev, &s->error);
    return status == WW_OK ? ww__stream_follow(s, ev) : status;
}

ww_status ww_stream_next(ww_stream *s, ww_event *ev)
{
    ww_status status = WW_MORE;
    if (s->error.status != WW_OK)
        return s->error.status;
    if (!s->has_pending)
        return WW_MORE;
    while (status == WW_MORE && s->has_pending) {
        status = s->replaying ? ww__replay_next(s, ev) : take_message(s, ev);
        if (status == WW_OK && (s->resumed.awaited || s->resumed.open))
            status = ww__stream_resume(s, ev);
    }
    if (!s->in_transaction)
        ww__stream_settle(s, s->last_input);
    return status;
}
