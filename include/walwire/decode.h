/* SPDX-License-Identifier: MIT */
/* decode.h: pgoutput messages to events, without copying a byte.
 *
 * ww_decode() walks one message once, checks it whole and hands out an event whose slices point
 * into that message. They live as long as the message does. After that, iterating a tuple cannot
 * fail.
 *
 * Source: src/backend/replication/logical/proto.c and pgoutput.c; the documentation's section
 * "Logical Replication Message Formats". */
#ifndef WALWIRE_DECODE_H
#define WALWIRE_DECODE_H

#include <walwire/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- relations ------------------------------------------------------------------------------ */

#define WW_COLUMN_KEY 1u /* part of the replica identity */

/* The most columns a relation can have (MaxHeapAttributeNumber is 1600). */
#define WW_MAX_COLUMNS 1600u

typedef struct ww_relation_column {
    ww_slice name;
    uint32_t type_oid;
    int32_t typmod; /* -1: none */
    uint8_t flags;  /* WW_COLUMN_KEY or 0 */
} ww_relation_column;

/* A table as the server described it last. Owned by the relation cache: valid until the cache gets
 * a different definition of the same id, is reset or closed. */
typedef struct ww_relation {
    uint32_t id;           /* its OID on the server; names may change, this does not */
    uint32_t slot;         /* dense index in the cache, 0 ..: for side tables (render plans) */
    uint32_t version;      /* 1 for the first definition of this id, +1 for each that differs */
    uint16_t ncols;
    char replica_identity; /* 'd' default, 'n' nothing, 'f' full, 'i' index */
    uint64_t serial;       /* unique in the cache for each stored definition; never 0 */
    ww_slice nspname;      /* schema; "pg_catalog" where the wire has the empty string */
    ww_slice relname;
    const ww_relation_column *columns;
} ww_relation;

typedef struct ww_relcache ww_relcache;

/* Opens a cache that holds at most max_bytes (0: 64 MiB) of definitions. alloc is copied. NULL if
 * the allocator returned NULL. */
ww_relcache *ww_relcache_open(const ww_alloc *alloc, size_t max_bytes);
/* Frees the cache and all its relations. NULL is allowed. */
void ww_relcache_close(ww_relcache *cache);
/* Forgets all relations, as after a reconnect: they are not found until the server describes them
 * again. Serial numbers and versions go on, and an equal definition keeps its version. */
void ww_relcache_reset(ww_relcache *cache);
/* The relation with this id, or NULL. At most 40 steps, most often one; whatever ids there are. */
const ww_relation *ww_relcache_find(const ww_relcache *cache, uint32_t id);
/* How many relations can be found. */
size_t ww_relcache_count(const ww_relcache *cache);

/* ---- tuples --------------------------------------------------------------------------------- */

/* What a tuple is, with the wire's own byte. NONE: the message has no such tuple. */
typedef enum ww_tuple_kind {
    WW_TUPLE_NONE = 0,
    WW_TUPLE_NEW = 'N',
    WW_TUPLE_KEY = 'K', /* only key columns carry values; all others read as null and are not */
    WW_TUPLE_OLD = 'O'  /* the whole old row */
} ww_tuple_kind;

/* A checked tuple: ncols columns in `data`. */
typedef struct ww_tuple {
    ww_slice data;
    uint16_t ncols;
    uint8_t kind; /* ww_tuple_kind */
} ww_tuple;

typedef enum ww_column_kind {
    WW_COLUMN_NULL = 'n',
    WW_COLUMN_UNCHANGED = 'u', /* TOASTed, not changed, not sent: not null, but unknown here */
    WW_COLUMN_TEXT = 't',
    WW_COLUMN_BINARY = 'b'
} ww_column_kind;

typedef struct ww_column {
    ww_slice value; /* empty for NULL and UNCHANGED */
    uint8_t kind;   /* ww_column_kind */
} ww_column;

typedef struct ww_tuple_iter {
    const uint8_t *at;
    uint16_t left;
} ww_tuple_iter;

/* Walks a tuple of an event. Cannot fail: ww_decode() checked it. Columns come in the order of
 * ww_relation.columns. No call, no copy. */
static inline ww_tuple_iter ww_tuple_begin(ww_tuple tuple)
{
    ww_tuple_iter it = { tuple.data.ptr, tuple.ncols };
    return it;
}

static inline bool ww_tuple_next(ww_tuple_iter *it, ww_column *col)
{
    const uint8_t *p = it->at;
    if (it->left == 0)
        return false;
    it->left--;
    col->kind = p[0];
    if (p[0] == WW_COLUMN_NULL || p[0] == WW_COLUMN_UNCHANGED) {
        col->value.ptr = p + 1;
        col->value.len = 0;
        it->at = p + 1;
        return true;
    }
    col->value.ptr = p + 5;
    col->value.len = ((size_t)p[1] << 24) | ((size_t)p[2] << 16) | ((size_t)p[3] << 8) | p[4];
    it->at = p + 5 + col->value.len;
    return true;
}

/* ---- events --------------------------------------------------------------------------------- */

/* The value is the message's type byte. */
typedef enum ww_event_kind {
    WW_EV_NONE = 0,
    WW_EV_BEGIN = 'B',
    WW_EV_COMMIT = 'C',
    WW_EV_ORIGIN = 'O',
    WW_EV_RELATION = 'R',
    WW_EV_TYPE = 'Y',
    WW_EV_INSERT = 'I',
    WW_EV_UPDATE = 'U',
    WW_EV_DELETE = 'D',
    WW_EV_TRUNCATE = 'T',
    WW_EV_MESSAGE = 'M',
    WW_EV_STREAM_START = 'S',
    WW_EV_STREAM_STOP = 'E',
    WW_EV_STREAM_COMMIT = 'c',
    WW_EV_STREAM_ABORT = 'A',
    WW_EV_BEGIN_PREPARE = 'b',
    WW_EV_PREPARE = 'P',
    WW_EV_COMMIT_PREPARED = 'K',
    WW_EV_ROLLBACK_PREPARED = 'r',
    WW_EV_STREAM_PREPARE = 'p'
} ww_event_kind;

/* "INSERT", "STREAM_ABORT" ...; "?" for what is no kind. Static. */
const char *ww_event_kind_name(int kind);

#define WW_TRUNCATE_CASCADE 1u
#define WW_TRUNCATE_RESTART_IDENTITY 2u
#define WW_MESSAGE_TRANSACTIONAL 1u

/* The relations of a Truncate: `count` OIDs, big-endian, 4 bytes each. */
typedef struct ww_truncate {
    ww_slice relation_ids;
    uint32_t count;
    uint8_t flags; /* WW_TRUNCATE_* */
} ww_truncate;

/* The i-th OID, i < count. */
static inline uint32_t ww_truncate_relation_id(const ww_truncate *t, uint32_t i)
{
    const uint8_t *p = t->relation_ids.ptr + 4 * (size_t)i;
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

/* One change or transaction boundary. Which members mean something depends on `kind`:
 *   relation, relation_id         INSERT UPDATE DELETE RELATION (relation NULL without a cache)
 *   old_tuple, new_tuple          INSERT (new) UPDATE (both) DELETE (old)
 *   the union                     the kind of the same name
 * ww_decode() fills in everything below `raw`; the stream room fills in what stands above it. */
typedef struct ww_event {
    int kind;             /* ww_event_kind */
    /* -- from the stream: 0 where ww_decode() was called directly -- */
    ww_lsn wal_lsn;       /* of the WALData header: the change's own LSN; 0 for some messages */
    ww_pg_time sent_at;   /* the server's clock when it sent this */
    uint32_t xid;         /* the top-level transaction; 0 outside one */
    ww_lsn final_lsn;     /* LSN of the commit (or prepare) record: 0 outside a transaction */
    ww_pg_time commit_time;
    uint64_t ordinal;     /* 1 .. counting the transaction's rows, truncates and messages; else 0 */
    ww_slice gid;         /* of a prepared transaction, rows included; empty otherwise */
    /* -- from the message -- */
    ww_slice raw;         /* the whole message */
    uint32_t subxid;      /* inside a stream block: whose change it is (sub-transaction); else 0 */
    uint32_t relation_id;
    const ww_relation *relation;
    ww_tuple old_tuple;   /* kind NONE, KEY or OLD */
    ww_tuple new_tuple;   /* kind NONE or NEW */
    union {
        struct {
            ww_lsn final_lsn;
            ww_pg_time commit_time;
            uint32_t xid;
        } begin;
        struct {
            ww_lsn commit_lsn;
            ww_lsn end_lsn;
            ww_pg_time commit_time;
        } commit;
        struct {
            ww_lsn commit_lsn; /* 0 inside a stream block */
            ww_slice name;
        } origin;
        struct {
            uint32_t oid;
            ww_slice nspname; /* empty: pg_catalog */
            ww_slice typname;
        } type;
        ww_truncate truncate;
        struct {
            uint8_t flags; /* WW_MESSAGE_* */
            ww_lsn lsn;
            ww_slice prefix;
            ww_slice content; /* any bytes */
        } message;
        struct {
            uint32_t xid;
            bool first_segment;
        } stream_start;
        struct {
            uint32_t xid;
            ww_lsn commit_lsn;
            ww_lsn end_lsn;
            ww_pg_time commit_time;
        } stream_commit;
        struct {
            uint32_t xid;
            uint32_t subxid; /* equal to xid: all of it */
            ww_lsn abort_lsn; /* this and the time: 0 where the server did not send it (9 bytes) */
            ww_pg_time abort_time;
        } stream_abort;
        struct { /* of BEGIN_PREPARE, PREPARE and STREAM_PREPARE */
            ww_lsn prepare_lsn;
            ww_lsn end_lsn;
            ww_pg_time prepare_time;
            uint32_t xid;
            ww_slice gid; /* at most 199 bytes */
        } prepare;
        struct {
            ww_lsn commit_lsn;
            ww_lsn end_lsn;
            ww_pg_time commit_time;
            uint32_t xid;
            ww_slice gid;
        } commit_prepared;
        struct {
            ww_lsn prepare_end_lsn; /* 0 possible: the PREPARE was never decoded */
            ww_lsn rollback_end_lsn;
            ww_pg_time prepare_time;
            ww_pg_time rollback_time;
            uint32_t xid;
            ww_slice gid;
        } rollback_prepared;
        bool relation_changed; /* RELATION: false if known and equal (never without a cache) */
    };
} ww_event;

/* ---- the decoder ---------------------------------------------------------------------------- */

typedef struct ww_decoder_options {
    size_t struct_size;      /* sizeof(ww_decoder_options) */
    ww_relcache *relations;  /* NULL: relations are not kept, events carry relation NULL, and what
                                depends on them (column counts, unknown ids) is not checked */
    bool binary;             /* was asked for; without it a 'b' column is an error */
    bool streaming;          /* was asked for; without it S, E, c, p are errors ('A' outside a
                                stream block never is: PostgreSQL 18 sends stray ones) */
    bool loose_order;        /* do not check the order of messages (Begin before Commit ...): for
                                replaying single messages */
    bool defer_blocks;       /* inside stream blocks relations are neither kept nor looked up, as if
                                `relations` were NULL: for messages that are stored now and decoded
                                again at Stream Commit */
} ww_decoder_options;

#define WW_DECODER_OPTIONS_INIT { sizeof(ww_decoder_options), NULL, false, false, false, false }

/* Caller's memory; the members are the library's. Nothing to free.
 *
 * Between Stream Start and Stream Stop, messages have a form of their own (an xid comes first). A
 * decoder takes that form while such a block is open, also with loose_order. So a stored streamed
 * transaction is replayed by a second decoder that is given a Stream Start, the stored messages, a
 * Stream Stop. Decoders may share a relation cache. */
typedef struct ww_decoder {
    ww_relcache *relations;
    ww_relcache *current; /* relations, or NULL inside a deferred block */
    bool binary;
    bool streaming;
    bool loose_order;
    bool defer_blocks;
    uint8_t place;        /* inside or outside of what the next message stands */
    bool just_opened;     /* nothing came after what opened it (Origin must come first) */
} ww_decoder;

/* Starts (or starts again, after a reconnect) with no transaction open. options may be NULL. The
 * relation cache is not reset: that is the caller's to do after a reconnect. */
void ww_decoder_init(ww_decoder *d, const ww_decoder_options *options);

/* Decodes one whole pgoutput message (the payload of one WALData). Returns
 *   WW_OK          *ev is filled in (all of it); its slices point into `message`
 *   ERR_DECODE     not a valid message, or not here: err has offset, type, the rule broken, and the
 *                  message, relation or column it is about
 *   ERR_LIMIT      the relation cache is full      ERR_NOMEM   its allocator failed
 * After an error *ev means nothing, and the decoder must be initialised before it is used again.
 * err may be NULL. Allocates only for a Relation message. Does not block. */
ww_status ww_decode(ww_decoder *d, ww_slice message, ww_event *ev, ww_error *err);

#ifdef __cplusplus
}
#endif
#endif
