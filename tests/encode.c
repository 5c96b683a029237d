/* SPDX-License-Identifier: MIT */
/* encode.c: pgoutput messages as the protocol's description lays them out. */
#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the buffer and its fields -------------------------------------------------------------- */

void enc_free(enc *e)
{
    free(e->ptr);
    memset(e, 0, sizeof *e);
}

void enc_clear(enc *e)
{
    e->len = 0;
}

ww_slice enc_slice(const enc *e)
{
    ww_slice s = { e->ptr, e->len };
    return s;
}

void enc_bytes(enc *e, ww_slice bytes)
{
    if (bytes.len > e->cap - e->len) {
        e->cap = 2 * (e->len + bytes.len) + 64;
        e->ptr = realloc(e->ptr, e->cap);
        if (e->ptr == NULL) {
            fprintf(stderr, "encode: out of memory\n");
            exit(1);
        }
    }
    if (bytes.len > 0)
        memcpy(e->ptr + e->len, bytes.ptr, bytes.len);
    e->len += bytes.len;
}

static void put_number(enc *e, uint64_t v, unsigned bytes)
{
    uint8_t b[8];
    ww_slice s = { b, bytes };
    unsigned i;
    for (i = 0; i < bytes; i++)
        b[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
    enc_bytes(e, s);
}

void enc_u8(enc *e, unsigned v)
{
    put_number(e, v, 1);
}

void enc_u16(enc *e, unsigned v)
{
    put_number(e, v, 2);
}

void enc_u32(enc *e, uint32_t v)
{
    put_number(e, v, 4);
}

void enc_u64(enc *e, uint64_t v)
{
    put_number(e, v, 8);
}

void enc_cstr(enc *e, ww_slice text)
{
    enc_bytes(e, text);
    enc_u8(e, 0);
}

static unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

void enc_hex(enc *e, const char *hex)
{
    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        enc_u8(e, hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
        hex += 2;
    }
}

static void put_time(enc *e, int64_t us)
{
    enc_u64(e, (uint64_t)us);
}

/* The type byte, and inside a stream block the xid. */
static void put_head(enc *e, char type, uint32_t xid)
{
    enc_u8(e, (unsigned char)type);
    if (xid != 0)
        enc_u32(e, xid);
}

/* ---- columns -------------------------------------------------------------------------------- */

static ww_column make_column(char kind, const void *bytes, size_t len)
{
    ww_column c;
    c.value.ptr = bytes;
    c.value.len = len;
    c.kind = (uint8_t)kind;
    return c;
}

ww_column enc_null(void)
{
    return make_column('n', NULL, 0);
}

ww_column enc_unchanged(void)
{
    return make_column('u', NULL, 0);
}

ww_column enc_text(const char *text)
{
    return make_column('t', text, strlen(text));
}

ww_column enc_binary(const void *bytes, size_t len)
{
    return make_column('b', bytes, len);
}

ww_relation_column enc_column(const char *name, uint32_t type_oid, bool key)
{
    ww_relation_column c;
    c.name = ww_slice_of(name);
    c.type_oid = type_oid;
    c.typmod = -1;
    c.flags = key ? 1 : 0;
    return c;
}

static void put_column(enc *e, ww_column c)
{
    enc_u8(e, c.kind);
    if (c.kind == 'n' || c.kind == 'u')
        return;
    enc_u32(e, (uint32_t)c.value.len);
    enc_bytes(e, c.value);
}

static void put_row(enc *e, char kind, const ww_column *row, uint16_t count)
{
    uint16_t i;
    enc_u8(e, (unsigned char)kind);
    enc_u16(e, count);
    for (i = 0; i < count; i++)
        put_column(e, row[i]);
}

/* ---- ordinary transactions ------------------------------------------------------------------ */

void enc_begin(enc *e, ww_lsn final_lsn, int64_t commit_time, uint32_t xid)
{
    enc_u8(e, 'B');
    enc_u64(e, final_lsn);
    put_time(e, commit_time);
    enc_u32(e, xid);
}

void enc_commit(enc *e, ww_lsn commit_lsn, ww_lsn end_lsn, int64_t commit_time)
{
    enc_u8(e, 'C');
    enc_u8(e, 0);
    enc_u64(e, commit_lsn);
    enc_u64(e, end_lsn);
    put_time(e, commit_time);
}

static void put_origin(enc *e, ww_lsn commit_lsn, ww_slice name)
{
    enc_u8(e, 'O');
    enc_u64(e, commit_lsn);
    enc_cstr(e, name);
}

void enc_origin(enc *e, ww_lsn commit_lsn, const char *name)
{
    put_origin(e, commit_lsn, ww_slice_of(name));
}

/* ---- relations and types -------------------------------------------------------------------- */

static void put_relation(enc *e, uint32_t xid, const ww_relation *rel)
{
    uint16_t i;
    put_head(e, 'R', xid);
    enc_u32(e, rel->id);
    enc_cstr(e, rel->nspname);
    enc_cstr(e, rel->relname);
    enc_u8(e, (unsigned char)rel->replica_identity);
    enc_u16(e, rel->ncols);
    for (i = 0; i < rel->ncols; i++) {
        enc_u8(e, rel->columns[i].flags);
        enc_cstr(e, rel->columns[i].name);
        enc_u32(e, rel->columns[i].type_oid);
        enc_u32(e, (uint32_t)rel->columns[i].typmod);
    }
}

void enc_relation(enc *e, uint32_t xid, uint32_t id, const char *nspname, const char *relname,
                  char identity, const ww_relation_column *columns, uint16_t count)
{
    ww_relation rel = { 0 };
    rel.id = id;
    rel.nspname = ww_slice_of(nspname);
    rel.relname = ww_slice_of(relname);
    rel.replica_identity = identity;
    rel.columns = columns;
    rel.ncols = count;
    put_relation(e, xid, &rel);
}

static void put_type(enc *e, uint32_t xid, uint32_t oid, ww_slice nspname, ww_slice typname)
{
    put_head(e, 'Y', xid);
    enc_u32(e, oid);
    enc_cstr(e, nspname);
    enc_cstr(e, typname);
}

void enc_type(enc *e, uint32_t xid, uint32_t oid, const char *nspname, const char *typname)
{
    put_type(e, xid, oid, ww_slice_of(nspname), ww_slice_of(typname));
}

/* ---- changes -------------------------------------------------------------------------------- */

void enc_insert(enc *e, uint32_t xid, uint32_t relation, const ww_column *row, uint16_t count)
{
    put_head(e, 'I', xid);
    enc_u32(e, relation);
    put_row(e, 'N', row, count);
}

void enc_update(enc *e, uint32_t xid, uint32_t relation, char old_kind, const ww_column *old_row,
                const ww_column *row, uint16_t count)
{
    put_head(e, 'U', xid);
    enc_u32(e, relation);
    if (old_kind != 0)
        put_row(e, old_kind, old_row, count);
    put_row(e, 'N', row, count);
}

void enc_delete(enc *e, uint32_t xid, uint32_t relation, char old_kind, const ww_column *old_row,
                uint16_t count)
{
    put_head(e, 'D', xid);
    enc_u32(e, relation);
    put_row(e, old_kind, old_row, count);
}

static void put_truncate_head(enc *e, uint32_t xid, uint32_t count, unsigned flags)
{
    put_head(e, 'T', xid);
    enc_u32(e, count);
    enc_u8(e, flags);
}

void enc_truncate(enc *e, uint32_t xid, const uint32_t *relations, uint32_t count, unsigned flags)
{
    uint32_t i;
    put_truncate_head(e, xid, count, flags);
    for (i = 0; i < count; i++)
        enc_u32(e, relations[i]);
}

static void put_message(enc *e, uint32_t xid, unsigned flags, ww_lsn lsn, ww_slice prefix,
                        ww_slice content)
{
    put_head(e, 'M', xid);
    enc_u8(e, flags);
    enc_u64(e, lsn);
    enc_cstr(e, prefix);
    enc_u32(e, (uint32_t)content.len);
    enc_bytes(e, content);
}

void enc_message(enc *e, uint32_t xid, bool transactional, ww_lsn lsn, const char *prefix,
                 ww_slice content)
{
    put_message(e, xid, transactional ? 1 : 0, lsn, ww_slice_of(prefix), content);
}

/* ---- streamed transactions ------------------------------------------------------------------ */

void enc_stream_start(enc *e, uint32_t xid, bool first_segment)
{
    enc_u8(e, 'S');
    enc_u32(e, xid);
    enc_u8(e, first_segment ? 1 : 0);
}

void enc_stream_stop(enc *e)
{
    enc_u8(e, 'E');
}

void enc_stream_commit(enc *e, uint32_t xid, ww_lsn commit_lsn, ww_lsn end_lsn,
                       int64_t commit_time)
{
    enc_u8(e, 'c');
    enc_u32(e, xid);
    enc_u8(e, 0);
    enc_u64(e, commit_lsn);
    enc_u64(e, end_lsn);
    put_time(e, commit_time);
}

void enc_stream_abort(enc *e, uint32_t xid, uint32_t subxid)
{
    enc_u8(e, 'A');
    enc_u32(e, xid);
    enc_u32(e, subxid);
}

void enc_stream_abort_parallel(enc *e, uint32_t xid, uint32_t subxid, ww_lsn abort_lsn,
                               int64_t abort_time)
{
    enc_stream_abort(e, xid, subxid);
    enc_u64(e, abort_lsn);
    put_time(e, abort_time);
}

/* ---- two-phase ------------------------------------------------------------------------------ */

/* What follows the flags in b P K p: two positions, a time, the transaction. */
static void put_prepared(enc *e, ww_lsn lsn, ww_lsn end_lsn, int64_t time, uint32_t xid,
                         ww_slice gid)
{
    enc_u64(e, lsn);
    enc_u64(e, end_lsn);
    put_time(e, time);
    enc_u32(e, xid);
    enc_cstr(e, gid);
}

void enc_begin_prepare(enc *e, ww_lsn prepare_lsn, ww_lsn end_lsn, int64_t prepare_time,
                       uint32_t xid, const char *gid)
{
    enc_u8(e, 'b');
    put_prepared(e, prepare_lsn, end_lsn, prepare_time, xid, ww_slice_of(gid));
}

void enc_prepare(enc *e, ww_lsn prepare_lsn, ww_lsn end_lsn, int64_t prepare_time, uint32_t xid,
                 const char *gid)
{
    enc_u8(e, 'P');
    enc_u8(e, 0);
    put_prepared(e, prepare_lsn, end_lsn, prepare_time, xid, ww_slice_of(gid));
}

void enc_stream_prepare(enc *e, ww_lsn prepare_lsn, ww_lsn end_lsn, int64_t prepare_time,
                        uint32_t xid, const char *gid)
{
    enc_u8(e, 'p');
    enc_u8(e, 0);
    put_prepared(e, prepare_lsn, end_lsn, prepare_time, xid, ww_slice_of(gid));
}

void enc_commit_prepared(enc *e, ww_lsn commit_lsn, ww_lsn end_lsn, int64_t commit_time,
                         uint32_t xid, const char *gid)
{
    enc_u8(e, 'K');
    enc_u8(e, 0);
    put_prepared(e, commit_lsn, end_lsn, commit_time, xid, ww_slice_of(gid));
}

static void put_rollback_prepared(enc *e, ww_lsn prepare_end_lsn, ww_lsn rollback_end_lsn,
                                  int64_t prepare_time, int64_t rollback_time, uint32_t xid,
                                  ww_slice gid)
{
    enc_u8(e, 'r');
    enc_u8(e, 0);
    enc_u64(e, prepare_end_lsn);
    enc_u64(e, rollback_end_lsn);
    put_time(e, prepare_time);
    put_time(e, rollback_time);
    enc_u32(e, xid);
    enc_cstr(e, gid);
}

void enc_rollback_prepared(enc *e, ww_lsn prepare_end_lsn, ww_lsn rollback_end_lsn,
                           int64_t prepare_time, int64_t rollback_time, uint32_t xid,
                           const char *gid)
{
    put_rollback_prepared(e, prepare_end_lsn, rollback_end_lsn, prepare_time, rollback_time, xid,
                          ww_slice_of(gid));
}

/* ---- events --------------------------------------------------------------------------------- */

static void put_tuple(enc *e, ww_tuple tuple)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column column;
    if (tuple.kind == WW_TUPLE_NONE)
        return;
    enc_u8(e, tuple.kind);
    enc_u16(e, tuple.ncols);
    while (ww_tuple_next(&it, &column))
        put_column(e, column);
}

static bool put_change(enc *e, const ww_event *ev)
{
    put_head(e, (char)ev->kind, ev->subxid);
    enc_u32(e, ev->relation_id);
    put_tuple(e, ev->old_tuple);
    put_tuple(e, ev->new_tuple);
    return true;
}

static bool put_known_relation(enc *e, const ww_event *ev)
{
    ww_relation rel;
    if (ev->relation == NULL)
        return false;
    rel = *ev->relation;
    if (ww_slice_equal(rel.nspname, ww_slice_of("pg_catalog")))
        rel.nspname = ww_slice_of("");
    put_relation(e, ev->subxid, &rel);
    return true;
}

static void put_truncate(enc *e, const ww_event *ev)
{
    uint32_t i;
    put_truncate_head(e, ev->subxid, ev->truncate.count, ev->truncate.flags);
    for (i = 0; i < ev->truncate.count; i++)
        enc_u32(e, ww_truncate_relation_id(&ev->truncate, i));
}

static void put_stream_abort(enc *e, const ww_event *ev)
{
    if (ev->raw.len == 9)
        enc_stream_abort(e, ev->stream_abort.xid, ev->stream_abort.subxid);
    else
        enc_stream_abort_parallel(e, ev->stream_abort.xid, ev->stream_abort.subxid,
                                  ev->stream_abort.abort_lsn, ev->stream_abort.abort_time.us);
}

/* P and p; b has no flags. */
static void put_prepare(enc *e, const ww_event *ev)
{
    enc_u8(e, (unsigned)ev->kind);
    if (ev->kind != WW_EV_BEGIN_PREPARE)
        enc_u8(e, 0);
    put_prepared(e, ev->prepare.prepare_lsn, ev->prepare.end_lsn, ev->prepare.prepare_time.us,
                 ev->prepare.xid, ev->prepare.gid);
}

static void put_commit_prepared(enc *e, const ww_event *ev)
{
    enc_u8(e, 'K');
    enc_u8(e, 0);
    put_prepared(e, ev->commit_prepared.commit_lsn, ev->commit_prepared.end_lsn,
                 ev->commit_prepared.commit_time.us, ev->commit_prepared.xid,
                 ev->commit_prepared.gid);
}

static bool put_boundary(enc *e, const ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_BEGIN:
        enc_begin(e, ev->begin.final_lsn, ev->begin.commit_time.us, ev->begin.xid);
        return true;
    case WW_EV_COMMIT:
        enc_commit(e, ev->commit.commit_lsn, ev->commit.end_lsn, ev->commit.commit_time.us);
        return true;
    case WW_EV_ORIGIN:
        put_origin(e, ev->origin.commit_lsn, ev->origin.name);
        return true;
    case WW_EV_STREAM_START:
        enc_stream_start(e, ev->stream_start.xid, ev->stream_start.first_segment);
        return true;
    case WW_EV_STREAM_STOP:
        enc_stream_stop(e);
        return true;
    case WW_EV_STREAM_COMMIT:
        enc_stream_commit(e, ev->stream_commit.xid, ev->stream_commit.commit_lsn,
                          ev->stream_commit.end_lsn, ev->stream_commit.commit_time.us);
        return true;
    case WW_EV_STREAM_ABORT:
        put_stream_abort(e, ev);
        return true;
    case WW_EV_BEGIN_PREPARE:
    case WW_EV_PREPARE:
    case WW_EV_STREAM_PREPARE:
        put_prepare(e, ev);
        return true;
    case WW_EV_COMMIT_PREPARED:
        put_commit_prepared(e, ev);
        return true;
    case WW_EV_ROLLBACK_PREPARED:
        put_rollback_prepared(e, ev->rollback_prepared.prepare_end_lsn,
                              ev->rollback_prepared.rollback_end_lsn,
                              ev->rollback_prepared.prepare_time.us,
                              ev->rollback_prepared.rollback_time.us, ev->rollback_prepared.xid,
                              ev->rollback_prepared.gid);
        return true;
    default:
        return false;
    }
}

bool enc_event(enc *e, const ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_RELATION:
        return put_known_relation(e, ev);
    case WW_EV_TYPE:
        put_type(e, ev->subxid, ev->type.oid, ev->type.nspname, ev->type.typname);
        return true;
    case WW_EV_INSERT:
    case WW_EV_UPDATE:
    case WW_EV_DELETE:
        return put_change(e, ev);
    case WW_EV_TRUNCATE:
        put_truncate(e, ev);
        return true;
    case WW_EV_MESSAGE:
        put_message(e, ev->subxid, ev->message.flags, ev->message.lsn, ev->message.prefix,
                    ev->message.content);
        return true;
    default:
        return put_boundary(e, ev);
    }
}

void enc_wal_data(enc *e, ww_lsn start, ww_lsn end, int64_t sent_at, ww_slice message)
{
    enc_u8(e, 'w');
    enc_u64(e, start);
    enc_u64(e, end);
    put_time(e, sent_at);
    enc_bytes(e, message);
}
