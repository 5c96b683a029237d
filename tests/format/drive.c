/* SPDX-License-Identifier: MIT */
/* drive.c: see drive.h. */
#include "drive.h"

ww_status drive_open_config(drive *d, const ww_format_config *given)
{
    ww_format_config config = *given;
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    memset(d, 0, sizeof *d);
    check_alloc_init(&d->memory, 0);
    check_alloc_init(&d->out_memory, 0);
    d->out.alloc = &d->out_memory.alloc;
    d->relations = ww_relcache_open(&d->memory.alloc, 0);
    options.relations = d->relations;
    options.binary = true;
    options.streaming = true;
    options.loose_order = true;
    ww_decoder_init(&d->decoder, &options);
    config.alloc = &d->memory.alloc;
    config.database = "shop";
    return ww_format_open(&d->format, &config, &d->err);
}

ww_status drive_open(drive *d, const char *format, unsigned flags)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    config.name = format;
    config.transactions = (flags & DRIVE_TRANSACTIONS) != 0;
    config.escape_terminal = (flags & DRIVE_TERMINAL) != 0;
    config.schema_events = (flags & DRIVE_SCHEMA) != 0;
    config.key = config.tombstones = (flags & DRIVE_KEYS) != 0;
    config.end_positions = (flags & DRIVE_ENDS) != 0;
    return drive_open_config(d, &config);
}

void drive_close(drive *d)
{
    ww_format_close(d->format);
    ww_relcache_close(d->relations);
    if (d->out.alloc != NULL && d->out.ptr != NULL)
        d->out.alloc->resize(d->out.alloc->ctx, d->out.ptr, d->out.cap, 0);
    enc_free(&d->e);
    CHECK_EQ_U64(d->memory.live_blocks, 0);
    CHECK_EQ_U64(d->memory.live_bytes, 0);
}

static void open_transaction(drive *d, uint32_t xid, ww_lsn final_lsn, ww_pg_time time,
                             ww_slice gid)
{
    memset(&d->now, 0, sizeof d->now);
    d->now.xid = xid;
    d->now.final_lsn = final_lsn;
    d->now.commit_time = time;
    if (gid.len > 0 && CHECK(gid.len <= sizeof d->gid)) {
        memcpy(d->gid, gid.ptr, gid.len);
        d->now.gid.ptr = (const uint8_t *)d->gid;
        d->now.gid.len = gid.len;
    }
}

static void before_event(drive *d, const ww_event *ev)
{
    static const ww_slice no_gid;
    static const ww_pg_time no_time;
    if (ev->kind == WW_EV_BEGIN)
        open_transaction(d, ev->begin.xid, ev->begin.final_lsn, ev->begin.commit_time, no_gid);
    else if (ev->kind == WW_EV_BEGIN_PREPARE)
        open_transaction(d, ev->prepare.xid, ev->prepare.prepare_lsn, ev->prepare.prepare_time,
                         ev->prepare.gid);
    else if (ev->kind == WW_EV_STREAM_START)
        open_transaction(d, ev->stream_start.xid, 0, no_time, no_gid);
    else if (memchr("IUDTM", ev->kind, 5) != NULL)
        d->now.ordinal++;
}

ww_status drive_render(drive *d, const ww_event *ev)
{
    d->status = ww_format_render(d->format, ev, &d->out, &d->err);
    return d->status;
}

ww_status drive_send(drive *d)
{
    ww_event ev;
    d->status = ww_decode(&d->decoder, enc_slice(&d->e), &ev, &d->err);
    if (!CHECK(d->status == WW_OK)) {
        fprintf(stderr, "%s at %" PRIu64 "\n", d->err.what, d->err.offset);
        return d->status;
    }
    before_event(d, &ev);
    ev.xid = d->now.xid;
    ev.final_lsn = d->now.final_lsn;
    ev.commit_time = d->now.commit_time;
    ev.gid = d->now.gid;
    ev.ordinal = memchr("IUDTM", ev.kind, 5) != NULL ? d->now.ordinal : 0;
    d->sent++;
    ev.sent_at.us = INT64_C(758629800500000) + (int64_t)d->sent * 1000;
    ev.wal_lsn = memchr("RYS", ev.kind, 3) != NULL ? 0 : 0x16B3000 + d->sent * 0x38;
    drive_render(d, &ev);
    if (memchr("CPEcpKrA", ev.kind, 8) != NULL)
        memset(&d->now, 0, sizeof d->now);
    enc_clear(&d->e);
    return d->status;
}

ww_slice drive_output(const drive *d)
{
    ww_slice s = { d->out.ptr, d->out.len };
    return s;
}

ww_slice drive_last_line(const drive *d)
{
    ww_slice s = drive_output(d);
    size_t start;
    if (s.len == 0 || s.ptr[s.len - 1] != '\n')
        return s;
    for (start = s.len - 1; start > 0 && s.ptr[start - 1] != '\n'; start--)
        ;
    s.ptr += start;
    s.len -= start + 1;
    return s;
}

void drive_forget(drive *d)
{
    d->out.len = 0;
}
