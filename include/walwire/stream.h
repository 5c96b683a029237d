/* SPDX-License-Identifier: MIT */
/* stream.h: logical replication on top of the wire: slot commands, WALData and keepalives,
 * feedback, and which transactions may be acknowledged.
 *
 * An engine: no socket, no clock. One CopyData at a time goes in, events and feedback come out:
 *
 *     ww_stream_input(&s, copy_data, now, &wal);                 // 'w', 'k', 's'
 *     while ((st = ww_stream_next(&s, &ev)) == WW_OK) {          // 0 .. n events
 *         use(&ev);
 *         if (ev.kind == WW_EV_COMMIT) {
 *             make it durable;
 *             ww_stream_confirm(&s, ev.commit.end_lsn, now, &err);
 *         }
 *     }
 *     p = ww_stream_send_buf(&s, now, &n);                       // a feedback when one is due
 *     if (n > 0) { ww_conn_copy_data(&c, p, n); ww_stream_send_ack(&s, now); }
 *
 * Acknowledgement, in units: a unit is what the server confirms (Commit, Prepare, Commit Prepared,
 * Rollback Prepared, a non-transactional Message). The flush position is the end_lsn of the longest
 * durable prefix of the units handed out; never end_lsn + 1: the server skips a transaction whose
 * commit record starts before the start point. With nothing handed out, open or undelivered, flush
 * follows the keepalives' WAL end, so that an idle slot never pins WAL. docs/acknowledgement.md.
 *
 * Source: walsender.c, logical.c (LogicalConfirmReceivedLocation), snapbuild.c
 * (SnapBuildXactNeedsSkip); pgoutput.c and worker.c for streamed transactions. */
#ifndef WALWIRE_STREAM_H
#define WALWIRE_STREAM_H

#include <walwire/decode.h>
#include <walwire/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- commands ------------------------------------------------------------------------------- */

/* The longest slot name (NAMEDATALEN - 1). Longer ones the server would cut silently. */
#define WW_SLOT_NAME_MAX 63u

/* Checks 1 to 63 characters of [a-z0-9_]; ERR_USAGE otherwise, with the rule and the name. */
ww_status ww_slot_name_check(ww_slice name, ww_error *err);

typedef enum ww_snapshot { WW_SNAPSHOT_NOTHING, WW_SNAPSHOT_EXPORT, WW_SNAPSHOT_USE } ww_snapshot;

typedef struct ww_create_slot {
    ww_slice name;
    ww_slice plugin;        /* empty: pgoutput */
    bool temporary;
    ww_snapshot snapshot;
    bool two_phase;         /* server 15+ */
    bool failover;          /* server 17+ */
} ww_create_slot;

/* The functions below append one command to `t`. ERR_LIMIT: it did not fit; t->len says what it
 * takes. After any error the text is not to be sent.
 *
 * CREATE_REPLICATION_SLOT in the form that `server_version` (180004; 0: unknown) takes: the one
 * without parentheses below 15. ERR_USAGE for a bad name or an option that this server does not
 * have (says which has it). */
ww_status ww_create_slot_command(ww_text *t, const ww_create_slot *slot, int server_version,
                                 ww_error *err);
ww_status ww_drop_slot_command(ww_text *t, ww_slice name, bool wait, ww_error *err);
/* ALTER_REPLICATION_SLOT; 1 on, 0 off, -1 as it is. ERR_USAGE if nothing is to change, or for what
 * this server cannot change: failover needs 17, two_phase 18. */
ww_status ww_alter_slot_command(ww_text *t, ww_slice name, int two_phase, int failover,
                                int server_version, ww_error *err);

/* One option of the output plugin. value.ptr NULL: sent without a value. */
typedef struct ww_plugin_option {
    ww_slice name;
    ww_slice value;
} ww_plugin_option;

/* START_REPLICATION SLOT ... LOGICAL. ERR_USAGE for proto_version or publication_names without a
 * value, which crashes servers, and for empty publication_names, which 17+ takes and then sends
 * nothing. */
ww_status ww_start_replication_command(ww_text *t, ww_slice slot, ww_lsn start,
                                       const ww_plugin_option *options, size_t count,
                                       ww_error *err);

/* What IDENTIFY_SYSTEM answers. */
typedef struct ww_system {
    uint64_t system_id;
    uint32_t timeline;
    ww_lsn wal_position;
    char database[64];
} ww_system;
/* From the one row of its result, whose values are text on every server (PROTOCOL 3.4). A NULL
 * database (no database was named) becomes "". ERR_PROTOCOL if it does not have that shape. */
ww_status ww_system_from_row(const ww_msg *row, ww_system *out, ww_error *err);

/* ---- the replication engine ----------------------------------------------------------------- */

typedef enum ww_confirm_mode {
    WW_CONFIRM_EACH,   /* confirm names one unit, in any order; each is remembered, in 16 bytes */
    WW_CONFIRM_THROUGH /* confirm means this unit and all before it; no unit is remembered */
} ww_confirm_mode;

#define WW_DEFAULT_STATUS_INTERVAL_US UINT64_C(10000000)
#define WW_DEFAULT_ACK_INTERVAL_US UINT64_C(1000000)
#define WW_DEFAULT_MAX_UNCONFIRMED ((size_t)1 << 20)
/* To a server that asks again and again while nothing has moved, as one that shuts down does, this
 * lies between two answers. */
#define WW_REPLY_SPACING_US UINT64_C(10000)

/* Where assembly keeps the messages of streamed transactions until they commit. Per transaction a
 * list of records that is appended to, read once from its beginning, and dropped; many are open at
 * a time. `*txn` is the spool's own, NULL before the first append. */
typedef struct ww_spool {
    void *ctx;
    /* Adds one record: head and body, joined. ERR_LIMIT, ERR_IO, ERR_NOMEM: the stream ends. */
    ww_status (*append)(void *ctx, void **txn, ww_slice head, ww_slice body, ww_error *err);
    /* The next record, as it was added; WW_END after the last. The slice lives until the next call
     * of any of the three. */
    ww_status (*read)(void *ctx, void *txn, ww_slice *record, ww_error *err);
    /* Forgets the records and txn itself, read or not. */
    void (*drop)(void *ctx, void *txn);
} ww_spool;

#define WW_DEFAULT_MAX_STREAMS ((size_t)1 << 17)
#define WW_DEFAULT_MAX_STREAM_ABORTS ((size_t)1 << 22)
#define WW_DEFAULT_MAX_STREAM_RELATIONS ((size_t)64 << 20)

typedef struct ww_stream_config {
    size_t struct_size;
    const ww_alloc *alloc;         /* for the window of EACH, and for streaming; else may be NULL */
    ww_relcache *relations;        /* given to the decoder; may be NULL */
    ww_lsn start;                  /* asked for at START_REPLICATION. Nothing below is acknowledged,
                                      nothing at all before something is confirmed or all is idle */
    bool binary, streaming;        /* as asked for at START_REPLICATION */
    bool raw;                      /* another plugin, or a recorder: next() hands out nothing, units
                                      are not tracked: the caller uses flush_all() or flush_to() */
    ww_confirm_mode mode;
    size_t max_unconfirmed;        /* EACH: more units than this, from the oldest unconfirmed one
                                      on, are ERR_LIMIT; 0: default */
    ww_mono_us status_interval_us; /* between two feedbacks at the latest; 0: default. The caller
                                      passes min(-s, wal_sender_timeout / 3) */
    ww_mono_us ack_interval_us;    /* a flush that moved is reported within this; 0: default */
    const ww_spool *spool;         /* streaming: transactions are handed out when they commit, as if
                                      they had never been streamed. NULL: as stream events */
    size_t max_streams;            /* streamed transactions open at a time; 0: default */
    size_t max_stream_aborts;      /* their aborted sub-transactions, 16 bytes each; 0: default */
    size_t max_stream_relations;   /* bytes for tables that they see otherwise; 0: default */
    bool gated;                    /* flush is told only as far as ww_stream_permit() allowed */
} ww_stream_config;

#define WW_STREAM_CONFIG_INIT                                                                      \
    { sizeof(ww_stream_config), NULL, NULL, 0, false, false, false, WW_CONFIRM_EACH, 0, 0, 0,      \
      NULL, 0, 0, 0, false }

/* What one CopyData was. */
typedef enum ww_wal_kind {
    WW_WAL_OTHER,       /* skipped and counted: 's', or 'w' with an empty payload */
    WW_WAL_DATA,        /* 'w' */
    WW_WAL_KEEPALIVE    /* 'k' */
} ww_wal_kind;

typedef struct ww_wal_msg {
    ww_wal_kind kind;
    ww_lsn start;         /* DATA: dataStart */
    ww_lsn end;           /* walEnd */
    ww_pg_time sent_at;
    ww_slice payload;     /* DATA: one plugin message */
    bool reply_requested; /* KEEPALIVE */
} ww_wal_msg;

typedef struct ww_unit ww_unit;
typedef struct ww_assembly ww_assembly;

/* Oddities of released servers that are not errors: counted, so that one can say so once. */
typedef struct ww_stream_counters {
    uint64_t stray_stream_aborts;   /* of transactions that were never streamed; not handed out */
    uint64_t stray_prepares;        /* Prepare without Begin Prepare; not handed out */
    uint64_t unknown_prepared;      /* Commit or Rollback Prepared while nothing prepared in this
                                       session was left: prepared earlier, or never decodable. These
                                       are handed out */
    uint64_t empty_wal_data;
    uint64_t unknown_copy_data;     /* 's' */
    uint64_t keepalives, wal_messages, wal_bytes, feedbacks;
    uint64_t streams_begun, streams_committed, streams_aborted; /* prepared counts as committed */
    uint64_t spooled_messages, spooled_bytes; /* all that ever were */
    uint64_t aborted_messages; /* left out, being of aborted sub-transactions */
} ww_stream_counters;

/* The server's own times of what pgoutput sent, in us: for whoever decides when to read again
 * (docs/adr/0013-gathering.md). */
typedef struct ww_stream_times {
    int64_t sent_at;     /* of the last WALData */
    int64_t commit_time; /* of its transaction; INT64_MIN: it has not committed yet */
    int64_t longest_gap; /* between the sending of a message and of the one before it, if that is
                            not what begins a transaction; set it to 0 to measure anew */
} ww_stream_times;

/* Caller's memory; members are the library's. */
typedef struct ww_stream {
    ww_stream_config config;
    ww_decoder decoder;
    ww_error error;
    ww_wal_msg pending;             /* input that next() has not decoded yet */
    bool has_pending;               /* also while a streamed transaction is replayed */
    ww_assembly *assembly;          /* blocks.c; NULL without streaming */
    bool in_block, replaying;
    /* the transaction that is open */
    bool in_transaction;
    uint32_t xid;
    ww_lsn final_lsn;
    ww_pg_time commit_time;
    uint64_t ordinal;
    bool has_origin;                /* its Origin was handed out */
    uint8_t gid[200];
    size_t gid_len;
    uint64_t prepared;              /* in this session, and not yet committed or rolled back */
    /* the transaction that a restart interrupted: restart.c */
    struct {
        bool awaited;               /* it has to be the next to come */
        bool open;                  /* it is open again */
        bool prepared;              /* it ends with a Prepare */
        uint32_t xid;
        ww_lsn final_lsn;
        bool origin;                /* was handed out */
        uint64_t ordinal;           /* of the last change that was handed out */
        uint64_t reached;           /* of the last that came again */
    } resumed;
    /* acknowledgement: confirm.c */
    ww_unit *units;
    size_t units_cap, units_first, units_count, units_behind;
    ww_lsn received;                /* the highest position heard of */
    ww_lsn handed_out;              /* the highest end_lsn of a unit handed out */
    ww_lsn handed_out_before;       /* the same without the last one */
    ww_lsn confirmed;               /* THROUGH: the highest confirmed */
    ww_lsn behind, behind_after;    /* THROUGH: a unit that lies behind; handed_out before it */
    ww_lsn idle_lsn;                /* the highest keepalive seen outside a transaction */
    ww_lsn flush;                   /* what may be acknowledged */
    ww_lsn durable;                 /* the last unit of the confirmed prefix; 0: none */
    ww_lsn permitted;               /* gated: no flush beyond this is told */
    bool flush_known;               /* something was confirmed, or the stream was idle */
    bool held;                      /* ww_stream_hold(): flush frozen */
    bool raw_dirty;                 /* raw: data came, and no flush_all() since */
    /* feedback: feedback.c */
    bool send_now, asked, flush_moved, ask_reply;
    ww_lsn reported, reported_write; /* flush and write as last sent; 0: none yet */
    ww_mono_us last_feedback;
    ww_mono_us flush_moved_at;
    ww_mono_us last_input;
    uint8_t feedback[34];
    ww_stream_times times;
    ww_stream_counters counters;
} ww_stream;

/* ERR_USAGE for a bad config. Starts as after START_REPLICATION: nothing received. */
ww_status ww_stream_init(ww_stream *s, const ww_stream_config *config, ww_now now, ww_error *err);
/* Frees the window. Safe on zeroed memory and twice. */
void ww_stream_fini(ww_stream *s);

/* Takes the body of one CopyData. All events of the one before must have been taken with next()
 * (ERR_USAGE otherwise, which is not final). Slices in *out (may be NULL) and in the events that
 * follow live as long as copy_data does, but for replayed ones. ERR_PROTOCOL for what is no
 * replication message: final. */
ww_status ww_stream_input(ww_stream *s, ww_slice copy_data, ww_now now, ww_wal_msg *out);

/* The next event of that input; WW_MORE when there is none (left). A unit counts as handed out when
 * it is returned here. Final: ERR_DECODE; ERR_PROTOCOL (Commit does not match its Begin ...);
 * ERR_GAP for a unit that lies before one handed out earlier, or before what the server said to
 * have sent already: flush is held from then on; ERR_LIMIT (max_unconfirmed, max_streams, ...);
 * ERR_NOMEM; what the spool says. What was handed out before can still be confirmed and reported.
 *
 * With a spool, the Stream Commit of a streamed transaction has its messages replayed: Begin, what
 * was not rolled back, Commit (or Begin Prepare .. Prepare), with `raw` of both ends being the
 * Stream Commit, and `subxid` 0. The slices of an event between them live until the next next(). */
ww_status ww_stream_next(ww_stream *s, ww_event *ev);
/* The last event came out of the spool, and the next one will. */
bool ww_stream_replaying(const ww_stream *s);
/* How many streamed transactions are open. */
size_t ww_stream_open_streams(const ww_stream *s);

/* ---- the same stream again ------------------------------------------------------------------ */

/* Where START_REPLICATION has to begin for ww_stream_restart(): the end of the last unit handed
 * out, or flush if that is further; 0 if there is neither: then where it began before. */
ww_lsn ww_stream_restart_lsn(const ww_stream *s);

/* The stream ended, or was ended, in the middle, and START_REPLICATION is about to be sent again,
 * from ww_stream_restart_lsn(), on this connection or another, with these values of the option
 * `binary`. What was received and not handed out is forgotten, the relation cache is reset. What
 * was handed out and not confirmed stays so; positions, flush and counters go on.
 *
 * If a transaction was open, the server sends it again, first of all: it is recognised by its xid
 * and final LSN, and what was handed out of it already is not handed out again: its Begin, its
 * origin, its first changes (by ordinal), and relations before them that have not changed. If
 * another transaction comes first, or it ends before what was handed out, or a keepalive says that
 * the server is past it: ERR_GAP, from next(). Until then the stream is not idle.
 *
 * ERR_USAGE where streamed transactions are open and handed out as they come (no spool): their
 * events would come twice. ERR_NOMEM: final. After an error of the stream that error. */
ww_status ww_stream_restart(ww_stream *s, bool binary, ww_now now, ww_error *err);
/* In front of ww_stream_restart(): the change that next() gave last was not used, and is to come
 * again. */
void ww_stream_give_back(ww_stream *s, const ww_event *ev);

/* The unit that next() gave last is not delivered, and nothing after it will be: it does not count
 * as handed out. Other events: nothing. */
void ww_stream_take_back(ww_stream *s, const ww_event *ev);

/* First error; WW_OK while none. */
const ww_error *ww_stream_error(const ww_stream *s);

/* Says that the unit with this end_lsn (EACH), or it and all before (THROUGH), is durable.
 * ERR_USAGE if no such unit was handed out, or (EACH) it was confirmed already; nothing changes
 * then. O(log n). Once held, nothing is remembered: WW_OK, without effect. */
ww_status ww_stream_confirm(ww_stream *s, ww_lsn end_lsn, ww_now now, ww_error *err);
/* All units handed out that end at or before `lsn` are durable. In EACH, a position between two
 * units means those before it, one at or before flush is known already, and ERR_USAGE is for one
 * beyond what was handed out; in THROUGH it has to be a unit's: the same as ww_stream_confirm(). */
ww_status ww_stream_confirm_through(ww_stream *s, ww_lsn lsn, ww_now now, ww_error *err);
/* EACH: how many units the window holds, from the oldest that is not confirmed on. THROUGH: 1 if
 * any is not confirmed, else 0. */
size_t ww_stream_unconfirmed(const ww_stream *s);
/* raw streams: all data that input() took so far is durable. Flush becomes what was received, and
 * until the next data it follows the keepalives. The one call a recorder needs, after each sync. */
ww_status ww_stream_flush_all(ww_stream *s, ww_now now, ww_error *err);
/* raw streams, for callers that write on while they sync: everything is durable that had arrived
 * when ww_stream_received() was `lsn`. Never beyond what was received: ERR_USAGE. Keepalives are
 * followed only after flush_all(). */
ww_status ww_stream_flush_to(ww_stream *s, ww_lsn lsn, ww_now now, ww_error *err);
/* From now on the flush position does not move (a gap was found; --ack none). Right after init:
 * flush is reported as 0, which leaves the slot alone. Units are not remembered any more. */
void ww_stream_hold(ww_stream *s);

/* The end_lsn that this event's unit is confirmed with; 0 if it ends no unit. */
ww_lsn ww_event_unit_lsn(const ww_event *ev);

ww_lsn ww_stream_flush(const ww_stream *s);    /* may be acknowledged; config.start at first */
ww_lsn ww_stream_durable(const ww_stream *s);  /* the last unit of the confirmed prefix; 0: none */
ww_lsn ww_stream_reported(const ww_stream *s); /* flush as the server was told last; 0: nothing */
ww_lsn ww_stream_received(const ww_stream *s); /* the server's WAL end as last heard; 0 at first */
/* Nothing open, undelivered, or handed out and not confirmed (raw: not durable). */
bool ww_stream_idle(const ww_stream *s);
/* In a B..C or b..P, or a restart interrupted one that has not come again yet. */
bool ww_stream_in_transaction(const ww_stream *s);

/* gated: flush may be told up to `lsn`, which the caller has written down where it will find it
 * after a crash. Never goes back. A status update that this allows to say more is due within the
 * acknowledgement interval. */
void ww_stream_permit(ww_stream *s, ww_lsn lsn, ww_now now);
/* The server waits for an answer to its question (or feedback_now() was called). */
bool ww_stream_asked(const ww_stream *s);

/* When the next feedback is due: the caller wakes up then, and calls send_buf(). In the past if
 * now. At once: the server asked, or feedback_now(); within ack_interval: flush moved; else
 * status_interval. */
ww_mono_us ww_stream_deadline(const ww_stream *s);
/* Another status_interval_us, as on another server; 0: default. */
void ww_stream_set_status_interval(ww_stream *s, ww_mono_us interval_us);
/* Asks for a feedback at once; ask_reply: one that the server answers with a keepalive. */
void ww_stream_feedback_now(ww_stream *s, bool ask_reply);
/* The 34 bytes of a status update if one is due at `now`; *len 0 otherwise. write: what was
 * received; flush and apply: the flush position, 0 before there is one. They live in *s until the
 * next call. */
const uint8_t *ww_stream_send_buf(ww_stream *s, ww_now now, size_t *len);
/* They were queued for sending. */
void ww_stream_send_ack(ww_stream *s, ww_now now);

#ifdef __cplusplus
}
#endif
#endif
