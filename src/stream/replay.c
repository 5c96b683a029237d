/* SPDX-License-Identifier: MIT */
/* replay.c: a streamed transaction has committed: its messages again, now as those of an ordinary
 * transaction, without what was rolled back.
 *
 * They go through a decoder of their own, which stands in a block, and through the one relation
 * cache; from there on through ww__stream_follow() like everything else, between a Begin and a
 * Commit (or Begin Prepare and Prepare) made of the Stream Commit. */
#include "assembly.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

bool ww_stream_replaying(const ww_stream *s)
{
    return s->replaying;
}

void ww__replay_open_block(ww_stream *s, uint32_t xid)
{
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    ww_decoder *d = &s->assembly->decoder;
    uint8_t bytes[6] = { WW_EV_STREAM_START };
    ww_slice start = { bytes, sizeof bytes };
    ww_event ignored;
    options.relations = s->config.relations;
    options.binary = s->config.binary;
    options.streaming = true;
    ww_decoder_init(d, &options);
    ww__store32(bytes + 1, xid);
    ww_decode(d, start, &ignored, NULL);
}

/* The unions of Stream Prepare, Begin Prepare and Prepare are one. */
static void make_begin(ww_event *ev)
{
    if (ev->kind == WW_EV_STREAM_PREPARE) {
        ev->kind = WW_EV_BEGIN_PREPARE;
        return;
    }
    ev->kind = WW_EV_BEGIN;
    ev->xid = ev->stream_commit.xid;
    ev->final_lsn = ev->stream_commit.commit_lsn;
    ev->commit_time = ev->stream_commit.commit_time;
    ev->begin.xid = ev->xid;
    ev->begin.final_lsn = ev->final_lsn;
    ev->begin.commit_time = ev->commit_time;
}

static void make_end(ww_event *ev)
{
    ww_lsn commit_lsn = ev->stream_commit.commit_lsn, end_lsn = ev->stream_commit.end_lsn;
    ww_pg_time commit_time = ev->stream_commit.commit_time;
    if (ev->kind == WW_EV_STREAM_PREPARE) {
        ev->kind = WW_EV_PREPARE;
        return;
    }
    ev->kind = WW_EV_COMMIT;
    ev->commit.commit_lsn = commit_lsn;
    ev->commit.end_lsn = end_lsn;
    ev->commit.commit_time = commit_time;
}

ww_status ww__replay_start(ww_stream *s, ww__open_stream *o, ww_event *ev)
{
    ww_assembly *a = s->assembly;
    a->end = *ev;
    a->end_wal = s->pending;
    a->replayed = o;
    a->record = a->aborted_until = 0;
    ww__streams_sort(o);
    ww__replay_open_block(s, o->xid);
    s->replaying = s->has_pending = true;
    s->pending.start = o->first_lsn;
    make_begin(ev);
    return ww__stream_follow(s, ev);
}

static ww_status finish(ww_stream *s, ww_event *ev)
{
    ww_assembly *a = s->assembly;
    ww__streams_remove(s, a->replayed);
    a->replayed = NULL;
    s->replaying = s->has_pending = false;
    s->pending = a->end_wal;
    *ev = a->end;
    make_end(ev);
    return ww__stream_follow(s, ev);
}

/* Was this rolled back? A row says itself whose it is. A transactional message does not: it carries
 * the top-level xid. But between the first row of a sub-transaction and its abort nothing else can
 * have been written than by it and those inside it, so what stands there is rolled back too. */
static bool is_aborted(ww_assembly *a, ww_slice message)
{
    const ww__abort *mark;
    uint64_t number = a->record++;
    if (a->replayed->aborts_count == 0 || message.len < 5 || message.ptr[0] == WW_EV_ORIGIN)
        return false;
    if (message.ptr[0] == WW_EV_MESSAGE)
        return number < a->aborted_until;
    mark = ww__streams_aborted(a->replayed, ww__load32(message.ptr + 1));
    if (mark != NULL && mark->until > a->aborted_until)
        a->aborted_until = mark->until;
    return mark != NULL;
}

/* Splits a record; the WAL position and the time go where those of a WALData are. */
static ww_status take_record(ww_stream *s, ww_slice record, uint64_t *number, ww_slice *message)
{
    ww__reader r = ww__reader_of(record);
    *number = ww__u64(&r);
    s->pending.sent_at = ww__time(&r);
    *message = ww__bytes(&r, ww__left(&r));
    s->pending.start = *number;
    if (r.broken == NULL && message->len > 0)
        return WW_OK;
    return ww__stream_fail(s, WW_ERR_IO, "a stored record came back damaged");
}

static ww_status replay_message(ww_stream *s, ww_slice message, uint64_t number, ww_event *ev)
{
    if (message.ptr[0] != WW_EV_RELATION)
        return ww_decode(&s->assembly->decoder, message, ev, &s->error);
    s->pending.start = 0;
    return ww__relations_replay(s, message, number, ev);
}

static ww_status read_record(ww_stream *s, ww_slice *record)
{
    const ww_spool *spool = s->config.spool;
    ww__open_stream *o = s->assembly->replayed;
    ww_status status;
    if (o->spool == NULL)
        return WW_END;
    status = spool->read(spool->ctx, o->spool, record, &s->error);
    if (status < 0 && s->error.status == WW_OK)
        ww__stream_fail(s, status, "a streamed transaction could not be read back");
    return status;
}

/* The next message that was not rolled back; WW_END after the last. */
static ww_status next_message(ww_stream *s, ww_event *ev)
{
    ww_slice record, message;
    ww_status status;
    uint64_t number;
    while ((status = read_record(s, &record)) == WW_OK) {
        status = take_record(s, record, &number, &message);
        if (status != WW_OK)
            return status;
        if (!is_aborted(s->assembly, message))
            return replay_message(s, message, number, ev);
        s->counters.aborted_messages++;
    }
    return status;
}

ww_status ww__replay_next(ww_stream *s, ww_event *ev)
{
    ww_status status = next_message(s, ev);
    if (status == WW_END)
        status = ww__relations_restore(s, ev);
    if (status == WW_END)
        return finish(s, ev);
    if (status != WW_OK)
        return status;
    ev->subxid = 0;
    return ww__stream_follow(s, ev);
}
