/* SPDX-License-Identifier: MIT */
/* feed.h: a stream engine and the hand that feeds it, one CopyData after the other:
 *
 *     feed f;
 *     feed_init(&f);                         // or set up f.config first, then feed_start()
 *     enc_begin(&f.message, 0x100, 0, 7);
 *     feed_wal(&f, 0x90);                    // as a 'w' at this position
 *     feed_next(&f);                         // f.ev
 *     feed_keepalive(&f, 0x200, false);
 *     feed_fini(&f); */
#ifndef WALWIRE_TESTS_STREAM_FEED_H
#define WALWIRE_TESTS_STREAM_FEED_H

#include "check.h"
#include "encode.h"

#include <walwire/stream.h>

typedef struct feed {
    ww_stream_config config;
    ww_stream s;
    check_alloc alloc;
    ww_now now;
    enc message, copy;
    ww_wal_msg wal;
    ww_event ev;
    ww_error err;
} feed;

static inline void feed_prepare(feed *f)
{
    memset(f, 0, sizeof *f);
    check_alloc_init(&f->alloc, 0);
    f->config.struct_size = sizeof f->config;
    f->config.alloc = &f->alloc.alloc;
    f->now.mono_us = 1000000;
    f->now.wall.us = 5;
}

static inline ww_status feed_start(feed *f)
{
    return ww_stream_init(&f->s, &f->config, f->now, &f->err);
}

static inline void feed_init(feed *f)
{
    feed_prepare(f);
    CHECK(feed_start(f) == WW_OK);
}

static inline void feed_fini(feed *f)
{
    ww_stream_fini(&f->s);
    CHECK_EQ_U64(f->alloc.live_blocks, 0);
    enc_free(&f->message);
    enc_free(&f->copy);
}

static inline ww_status feed_copy(feed *f)
{
    return ww_stream_input(&f->s, enc_slice(&f->copy), f->now, &f->wal);
}

/* Feeds what was encoded into f->message, which is empty afterwards. */
static inline ww_status feed_wal(feed *f, ww_lsn lsn)
{
    enc_clear(&f->copy);
    enc_wal_data(&f->copy, lsn, lsn, 77, enc_slice(&f->message));
    enc_clear(&f->message);
    return feed_copy(f);
}

static inline ww_status feed_keepalive(feed *f, ww_lsn end, bool reply)
{
    enc_clear(&f->copy);
    enc_u8(&f->copy, 'k');
    enc_u64(&f->copy, end);
    enc_u64(&f->copy, 77);
    enc_u8(&f->copy, reply);
    return feed_copy(f);
}

static inline ww_status feed_next(feed *f)
{
    return ww_stream_next(&f->s, &f->ev);
}

static inline ww_status feed_confirm(feed *f, ww_lsn end_lsn)
{
    return ww_stream_confirm(&f->s, end_lsn, f->now, &f->err);
}

static inline ww_status feed_event(feed *f, ww_lsn lsn)
{
    ww_status status = feed_wal(f, lsn);
    return status == WW_OK ? feed_next(f) : status;
}

/* A transaction with one insert whose commit record is [commit, end). */
static inline ww_status feed_transaction(feed *f, uint32_t xid, ww_lsn commit, ww_lsn end)
{
    ww_column one = enc_text("1");
    enc_begin(&f->message, commit, 9, xid);
    if (feed_event(f, commit - 2) != WW_OK)
        return f->s.error.status;
    enc_insert(&f->message, 0, 16384, &one, 1);
    if (feed_event(f, commit - 1) != WW_OK)
        return f->s.error.status;
    enc_commit(&f->message, commit, end, 9);
    return feed_event(f, end);
}

/* The fields of the feedback that is due now; false if none is. Takes it. */
typedef struct feed_status {
    ww_lsn write, flush, apply;
    uint64_t wall;
    bool reply;
} feed_status;

static inline uint64_t feed_u64(const uint8_t *p)
{
    uint64_t v = 0;
    int i;
    for (i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static inline bool feed_feedback(feed *f, feed_status *out)
{
    size_t len;
    const uint8_t *p = ww_stream_send_buf(&f->s, f->now, &len);
    memset(out, 0, sizeof *out);
    if (len == 0)
        return false;
    CHECK_EQ_U64(len, 34);
    CHECK_EQ_U64(p[0], 'r');
    out->write = feed_u64(p + 1);
    out->flush = feed_u64(p + 9);
    out->apply = feed_u64(p + 17);
    out->wall = feed_u64(p + 25);
    out->reply = p[33] != 0;
    ww_stream_send_ack(&f->s, f->now);
    return true;
}

#endif
