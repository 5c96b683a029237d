/* SPDX-License-Identifier: MIT */
/* rig.h: a stream with a spool or without, and the server's half of streamed transactions, one call
 * per message. What comes out is logged (log.h). */
#ifndef WALWIRE_TESTS_STREAM_RIG_H
#define WALWIRE_TESTS_STREAM_RIG_H

#include "log.h"
#include "spool.h"

typedef struct rig {
    log_feed l;
    spool spool;
    ww_relcache *relations;
} rig;

static inline void rig_prepare(rig *r, bool assemble)
{
    memset(r, 0, sizeof *r);
    feed_prepare(&r->l.f);
    spool_init(&r->spool);
    r->relations = ww_relcache_open(&r->l.f.alloc.alloc, 0);
    r->l.f.config.relations = r->relations;
    r->l.f.config.streaming = true;
    r->l.f.config.spool = assemble ? &r->spool.table : NULL;
}

static inline void rig_init(rig *r, bool assemble)
{
    rig_prepare(r, assemble);
    CHECK(feed_start(&r->l.f) == WW_OK);
}

static inline void rig_fini(rig *r)
{
    ww_relcache_close(r->relations);
    feed_fini(&r->l.f);
    CHECK_EQ_U64(r->spool.open, 0);
    free(r->spool.lent);
}

/* ---- the server's half: one call per message, each at an LSN of its own --------------------- */

static inline ww_status start(rig *r, uint32_t xid, bool first)
{
    enc_stream_start(&r->l.f.message, xid, first);
    return log_wal(&r->l, 0x10);
}

static inline ww_status stop(rig *r)
{
    enc_stream_stop(&r->l.f.message);
    return log_wal(&r->l, 0x10);
}

static inline ww_status relation(rig *r, uint32_t xid, uint32_t id, const char *column)
{
    ww_relation_column c = enc_column(column, 25, true);
    enc_relation(&r->l.f.message, xid, id, "public", "t", 'd', &c, 1);
    return log_wal(&r->l, 0);
}

static inline ww_status insert(rig *r, uint32_t xid, uint32_t id, const char *value)
{
    ww_column c = enc_text(value);
    enc_insert(&r->l.f.message, xid, id, &c, 1);
    return log_wal(&r->l, 0x20);
}

static inline ww_status message(rig *r, uint32_t xid, const char *content)
{
    enc_message(&r->l.f.message, xid, true, 0x20, "p", ww_slice_of(content));
    return log_wal(&r->l, 0x20);
}

static inline ww_status roll_back(rig *r, uint32_t xid, uint32_t subxid)
{
    enc_stream_abort(&r->l.f.message, xid, subxid);
    return log_wal(&r->l, 0x30);
}

static inline ww_status commit(rig *r, uint32_t xid, ww_lsn end)
{
    enc_stream_commit(&r->l.f.message, xid, end - 0x10, end, 9);
    return log_wal(&r->l, end);
}

static inline ww_status prepare(rig *r, uint32_t xid, ww_lsn end)
{
    enc_stream_prepare(&r->l.f.message, end - 0x10, end, 9, xid, "gid");
    return log_wal(&r->l, end);
}

/* An ordinary transaction that inserts into relation 1, described first if `column` is set. */
static inline void ordinary(rig *r, uint32_t xid, ww_lsn end, const char *column, const char *value)
{
    enc_begin(&r->l.f.message, end - 0x10, 9, xid);
    log_wal(&r->l, 0x20);
    if (column != NULL)
        relation(r, 0, 1, column);
    insert(r, 0, 1, value);
    enc_commit(&r->l.f.message, end - 0x10, end, 9);
    log_wal(&r->l, end);
}

static inline void block(rig *r, uint32_t xid, bool first, uint32_t subxid, const char *column,
                  const char *value)
{
    CHECK(start(r, xid, first) == WW_MORE);
    if (column != NULL)
        CHECK(relation(r, subxid, 1, column) == WW_MORE);
    if (value != NULL)
        CHECK(insert(r, subxid, 1, value) == WW_MORE);
    CHECK(stop(r) == WW_MORE);
}

#define LOG(r, want) CHECK_TEXT(log_take(&(r)->l), want)

/* A history that needs every kind of memory. Returns how many units came out. */
static inline uint64_t busy(rig *r)
{
    uint32_t i;
    if (feed_start(&r->l.f) != WW_OK)
        return 0;
    ordinary(r, 20, 0x110, "one", "1");
    for (i = 30; i < 50 && r->l.status == WW_MORE; i++)
        if (start(r, i, true) == WW_MORE && relation(r, i, 1, "two") == WW_MORE &&
            insert(r, i, 1, "x") == WW_MORE && insert(r, i + 100, 1, "y") == WW_MORE &&
            stop(r) == WW_MORE)
            roll_back(r, i, i + 100);
    if (r->l.status == WW_MORE)
        ordinary(r, 21, 0x210, "three", "2");
    for (i = 30; i < 50 && r->l.status == WW_MORE; i++)
        commit(r, i, 0x1000 + 0x100 * (ww_lsn)i);
    return r->l.f.s.counters.streams_committed;
}

#endif
