/* SPDX-License-Identifier: MIT */
/* messages.h: one reader per pgoutput message, and the checks they share. A reader goes through
 * the fields behind the type byte in wire order; what is wrong sticks in the ww__reader, and
 * ww_decode() looks at the end. Layouts: src/backend/replication/logical/proto.c. */
#ifndef WALWIRE_DECODE_MESSAGES_H
#define WALWIRE_DECODE_MESSAGES_H

#include <walwire/decode.h>

#include "base/reader.h"

/* Where a message stands (ww_decoder.place), and as a set where it may stand. */
enum {
    WW__OUTSIDE = 1,
    WW__IN_BEGIN = 2,   /* Begin .. Commit */
    WW__IN_PREPARE = 4, /* Begin Prepare .. Prepare */
    WW__IN_BLOCK = 8    /* Stream Start .. Stream Stop */
};

typedef void ww__message_reader(ww_decoder *d, ww__reader *r, ww_event *ev);

ww__message_reader ww__read_begin, ww__read_commit, ww__read_origin;
ww__message_reader ww__read_relation, ww__read_type;
ww__message_reader ww__read_insert, ww__read_update, ww__read_delete, ww__read_truncate;
ww__message_reader ww__read_message;
ww__message_reader ww__read_stream_start, ww__read_stream_stop, ww__read_stream_commit,
    ww__read_stream_abort;
ww__message_reader ww__read_prepare, ww__read_begin_prepare, ww__read_commit_prepared,
    ww__read_rollback_prepared;

/* The body of a Relation message, from the relation's id to the last column. Fills in *rel but for
 * what the cache adds, and columns[0 .. ncols) unless that is NULL. */
void ww__read_definition(ww__reader *r, ww_relation *rel, ww_relation_column *columns);

static inline uint32_t ww__xid(ww__reader *r)
{
    uint32_t xid = ww__u32(r);
    if (xid == 0)
        ww__break(r, "a transaction id is 0", 4);
    return xid;
}

static inline ww_lsn ww__lsn(ww__reader *r)
{
    ww_lsn lsn = ww__u64(r);
    if (lsn == 0)
        ww__break(r, "an LSN is 0", 8);
    return lsn;
}

/* A byte of flags of which only those in `known` may be set. */
static inline uint8_t ww__flags(ww__reader *r, unsigned known)
{
    uint8_t flags = ww__u8(r);
    if ((flags & ~known) != 0)
        ww__break(r, "unknown flags are set", 1);
    return flags;
}

/* The id of the (sub)transaction that comes first in a stream block, and nowhere else. */
static inline uint32_t ww__subxid(const ww_decoder *d, ww__reader *r)
{
    return d->place == WW__IN_BLOCK ? ww__xid(r) : 0;
}

#endif
