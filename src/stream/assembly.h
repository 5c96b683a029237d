/* SPDX-License-Identifier: MIT */
/* assembly.h: streamed transactions between their first block and their end. */
#ifndef WALWIRE_STREAM_ASSEMBLY_H
#define WALWIRE_STREAM_ASSEMBLY_H

#include "engine.h"

/* A rolled back sub-transaction: what it did has a record number below `until`. */
typedef struct ww__abort {
    uint32_t subxid;
    uint64_t until;
} ww__abort;

/* A Relation message to be given to the cache again, in the form that it has in blocks. */
typedef struct ww__copy ww__copy;
struct ww__copy {
    ww__copy *next;
    size_t size; /* of this block */
    uint32_t id;
    uint64_t arrived;
    ww_slice message; /* behind this struct */
};

typedef struct ww__open_stream {
    uint32_t xid; /* 0: this place of the table is free */
    bool unsorted;
    void *spool;     /* the spool's own; NULL: nothing was stored */
    uint64_t stored; /* records */
    ww__abort *aborts;
    size_t aborts_count, aborts_cap;
    uint64_t ordinal;  /* as stream events: of the last change handed out */
    ww__copy *overlay; /* as stream events: how it sees tables that others see otherwise */
    ww_lsn first_lsn;
} ww__open_stream;

struct ww_assembly {
    /* streams.c: a hash table */
    ww__open_stream *table;
    size_t table_cap, open, aborts;
    ww__open_stream *block; /* the one whose block is open; the table does not change meanwhile */
    /* replay.c */
    ww__open_stream *replayed;
    ww_decoder decoder;
    ww_wal_msg end_wal; /* of the Stream Commit */
    ww_event end;
    uint64_t record, aborted_until;
    /* relations.c */
    uint64_t arrivals;
    uint64_t *arrived; /* by slot: when the definition arrived that the cache holds */
    size_t arrived_cap;
    ww__copy *shadowed; /* to be put back */
    ww__copy *restored; /* was put back, and handed out */
    size_t copied;      /* bytes of all copies */
};

/* streams.c */
ww__open_stream *ww__streams_find(const ww_assembly *a, uint32_t xid);
/* NULL: failed. Any pointer into the table is void afterwards, as it is after remove. */
ww__open_stream *ww__streams_add(ww_stream *s, uint32_t xid);
void ww__streams_remove(ww_stream *s, ww__open_stream *o);
ww_status ww__streams_abort(ww_stream *s, ww__open_stream *o, uint32_t subxid);
/* After it, ww__streams_aborted() may be asked: the last abort of this one, or NULL. */
void ww__streams_sort(ww__open_stream *o);
const ww__abort *ww__streams_aborted(const ww__open_stream *o, uint32_t subxid);

/* blocks.c */
ww_status ww__assembly_open(ww_stream *s);
void ww__assembly_close(ww_stream *s);
/* S, E, A, c, p */
ww_status ww__blocks_follow(ww_stream *s, ww_event *ev);
/* The pending message, which stands in a block */
ww_status ww__blocks_take(ww_stream *s, ww_event *ev);

/* replay.c: turns a Stream Commit or Stream Prepare into the Begin of what it ends */
ww_status ww__replay_start(ww_stream *s, ww__open_stream *o, ww_event *ev);
ww_status ww__replay_next(ww_stream *s, ww_event *ev);
/* Has the assembly's decoder take the form that messages have in blocks. */
void ww__replay_open_block(ww_stream *s, uint32_t xid);

/* relations.c: a definition came outside of blocks */
ww_status ww__relations_arrived(ww_stream *s, const ww_relation *relation);
/* The n-th to arrive comes out of a block: is there a newer one in the cache? */
bool ww__relations_is_stale(const ww_stream *s, const ww_relation *relation, uint64_t n);
ww_status ww__relations_set(ww_stream *s, const ww_relation *relation, uint64_t n);
/* A stored one, the n-th to arrive, is replayed. */
ww_status ww__relations_replay(ww_stream *s, ww_slice message, uint64_t n, ww_event *ev);
/* The next definition that has to be put back; WW_END if there is none. */
ww_status ww__relations_restore(ww_stream *s, ww_event *ev);
void ww__relations_close(ww_stream *s);

/* copies.c: lists of Relation messages, one for each relation at most */
ww__copy **ww__copies_find(ww__copy **list, uint32_t id);
/* Adds a copy of a message that is not there; NULL: no memory, s->error is set. */
ww__copy *ww__copies_add(ww_stream *s, ww__copy **list, uint32_t id, ww_slice message);
/* The same, of the definition that the cache holds. */
ww__copy *ww__copies_add_relation(ww_stream *s, ww__copy **list, const ww_relation *relation);
/* Drops the one at `place`, if there is one. */
void ww__copies_drop(ww_stream *s, ww__copy **place);
void ww__copies_close(ww_stream *s, ww__copy **list);

/* overlay.c: blocks handed out as they come */
ww_status ww__overlay_enter(ww_stream *s, ww__open_stream *o);
ww_status ww__overlay_relation(ww_stream *s, ww_slice message, ww_event *ev);
ww_status ww__overlay_leave(ww_stream *s);
void ww__overlay_abort(ww_stream *s, ww__open_stream *o, uint32_t subxid);
ww_status ww__overlay_fold(ww_stream *s, ww__open_stream *o);

#endif
