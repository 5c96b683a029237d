/* SPDX-License-Identifier: MIT */
/* encode.h: a pgoutput encoder for tests, written from the protocol's description and apart from
 * the decoder. Each function appends one whole message to a buffer that grows:
 *
 *     enc e = { 0 };
 *     enc_begin(&e, 0x100, 0, 700);
 *     ww_decode(&d, enc_slice(&e), &ev, &err);
 *     enc_clear(&e);  ... enc_free(&e);
 *
 * `xid`, where it comes first, is the field that changes have inside stream blocks: 0 leaves it
 * out. Times are microseconds since 2000. What no function makes (broken messages) is made of the
 * fields below. */
#ifndef WALWIRE_TESTS_ENCODE_H
#define WALWIRE_TESTS_ENCODE_H

#include <walwire/decode.h>

typedef struct enc {
    uint8_t *ptr;
    size_t len, cap;
} enc;

void enc_free(enc *e);
void enc_clear(enc *e);
ww_slice enc_slice(const enc *e);

/* ---- fields ---- */

void enc_u8(enc *e, unsigned v);
void enc_u16(enc *e, unsigned v);
void enc_u32(enc *e, uint32_t v);
void enc_u64(enc *e, uint64_t v);
void enc_bytes(enc *e, ww_slice bytes);
void enc_cstr(enc *e, ww_slice text); /* and its NUL */
void enc_hex(enc *e, const char *hex); /* spaces are skipped */

/* ---- columns ---- */

ww_column enc_null(void);
ww_column enc_unchanged(void);
ww_column enc_text(const char *text);
ww_column enc_binary(const void *bytes, size_t len);
ww_relation_column enc_column(const char *name, uint32_t type_oid, bool key);

/* ---- messages ---- */

void enc_begin(enc *e, ww_lsn final_lsn, int64_t commit_time, uint32_t xid);
void enc_commit(enc *e, ww_lsn commit_lsn, ww_lsn end_lsn, int64_t commit_time);
void enc_origin(enc *e, ww_lsn commit_lsn, const char *name);

void enc_relation(enc *e, uint32_t xid, uint32_t id, const char *nspname, const char *relname,
                  char identity, const ww_relation_column *columns, uint16_t count);
void enc_type(enc *e, uint32_t xid, uint32_t oid, const char *nspname, const char *typname);

void enc_insert(enc *e, uint32_t xid, uint32_t relation, const ww_column *row, uint16_t count);
/* old_kind 'K' or 'O', or 0 for none. */
void enc_update(enc *e, uint32_t xid, uint32_t relation, char old_kind, const ww_column *old_row,
                const ww_column *row, uint16_t count);
void enc_delete(enc *e, uint32_t xid, uint32_t relation, char old_kind, const ww_column *old_row,
                uint16_t count);
void enc_truncate(enc *e, uint32_t xid, const uint32_t *relations, uint32_t count, unsigned flags);
void enc_message(enc *e, uint32_t xid, bool transactional, ww_lsn lsn, const char *prefix,
                 ww_slice content);

void enc_stream_start(enc *e, uint32_t xid, bool first_segment);
void enc_stream_stop(enc *e);
void enc_stream_commit(enc *e, uint32_t xid, ww_lsn commit_lsn, ww_lsn end_lsn,
                       int64_t commit_time);
void enc_stream_abort(enc *e, uint32_t xid, uint32_t subxid);
/* With the tail that streaming=parallel adds. */
void enc_stream_abort_parallel(enc *e, uint32_t xid, uint32_t subxid, ww_lsn abort_lsn,
                               int64_t abort_time);

void enc_begin_prepare(enc *e, ww_lsn prepare_lsn, ww_lsn end_lsn, int64_t prepare_time,
                       uint32_t xid, const char *gid);
void enc_prepare(enc *e, ww_lsn prepare_lsn, ww_lsn end_lsn, int64_t prepare_time, uint32_t xid,
                 const char *gid);
void enc_stream_prepare(enc *e, ww_lsn prepare_lsn, ww_lsn end_lsn, int64_t prepare_time,
                        uint32_t xid, const char *gid);
void enc_commit_prepared(enc *e, ww_lsn commit_lsn, ww_lsn end_lsn, int64_t commit_time,
                         uint32_t xid, const char *gid);
void enc_rollback_prepared(enc *e, ww_lsn prepare_end_lsn, ww_lsn rollback_end_lsn,
                           int64_t prepare_time, int64_t rollback_time, uint32_t xid,
                           const char *gid);

/* The message that an event came from, out of the event's members: only `raw.len` is looked at of
 * the message itself, to tell the two forms of Stream Abort apart. False for a Relation without a
 * cache, whose columns an event does not hold. */
bool enc_event(enc *e, const ww_event *ev);

/* The 'w' header in front of a message: the payload of one CopyData. */
void enc_wal_data(enc *e, ww_lsn start, ww_lsn end, int64_t sent_at, ww_slice message);

#endif
