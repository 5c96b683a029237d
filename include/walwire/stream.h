/* SPDX-License-Identifier: MIT */
/* stream.h: logical replication on top of the wire: slot commands, WALData and keepalives, feedback,
 * and which transactions may be acknowledged.
 *
 * An engine: no socket, no clock. One CopyData at a time goes in, events and feedback come out:
 *
 *     ww_stream_input(&s, copy_data, now, &wal);                 // 'w', 'k', 's'
 *     while ((st = ww_stream_next(&s, &ev)) == WW_OK) use(&ev);  // 0 .. n events
 *     if (ev.kind == WW_EV_COMMIT) { make it durable; ww_stream_confirm(&s, ev.commit.end_lsn, now); }
 *     p = ww_stream_send_buf(&s, now, &n);                       // a feedback payload when one is due
 *     if (n > 0) { ww_conn_copy_data(&c, p); ww_stream_send_ack(&s, now); }
 *
 * Acknowledgement, in units: a unit is what the server confirms (Commit, Prepare, Commit Prepared,
 * Rollback Prepared, a non-transactional Message). The flush position is the end_lsn of the longest
 * durable prefix of the units handed out; never end_lsn + 1: the server skips a transaction whose commit
 * record starts before the start point. With nothing handed out, open or undelivered, flush follows the
 * keepalives' WAL end, so that an idle slot never pins WAL.
 *
 * Source: walsender.c, logical.c (LogicalConfirmReceivedLocation), snapbuild.c (SnapBuildXactNeedsSkip). */
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

/* A growing text with a sticky "did not fit": len counts on, text is NUL-terminated where cap > 0. */
typedef struct ww_text {
    char *text;
    size_t cap;
    size_t len;
} ww_text;

/* True if it all fitted. */
bool ww_text_fits(const ww_text *t);
void ww_text_add(ww_text *t, const char *text);
/* "name" with " doubled; 'value' with ' doubled. */
void ww_text_add_identifier(ww_text *t, ww_slice name);
void ww_text_add_literal(ww_text *t, ww_slice value);
/* A literal for SQL (not for replication commands), where a backslash needs the E'' form. */
void ww_text_add_sql_literal(ww_text *t, ww_slice value);
/* Each name quoted, joined by commas, the whole quoted as a literal: publication_names. */
void ww_text_add_name_list(ww_text *t, const ww_slice *names, size_t count);

/* Checks 1 to 63 characters of [a-z0-9_]; ERR_USAGE otherwise, with the rule. */
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

/* CREATE_REPLICATION_SLOT in the form that `server_version` takes (the one without parentheses below 15).
 * ERR_USAGE for a bad name or an option that this server does not have (says which has it). */
ww_status ww_create_slot_command(ww_text *t, const ww_create_slot *slot, int server_version,
                                 ww_error *err);
ww_status ww_drop_slot_command(ww_text *t, ww_slice name, bool wait, ww_error *err);

/* One option of the output plugin. value.ptr NULL: sent without a value. */
typedef struct ww_plugin_option {
    ww_slice name;
    ww_slice value;
} ww_plugin_option;

/* START_REPLICATION SLOT ... LOGICAL. Refuses (ERR_USAGE) what crashes servers: proto_version or
 * publication_names without a value. */
ww_status ww_start_replication_command(ww_text *t, ww_slice slot, ww_lsn start,
                                       const ww_plugin_option *options, size_t count, ww_error *err);

/* What IDENTIFY_SYSTEM answers. */
typedef struct ww_system {
    uint64_t system_id;
    uint32_t timeline;
    ww_lsn wal_position;
    char database[64];
} ww_system;
/* From the one row of its result. ERR_PROTOCOL if it does not have that shape. */
ww_status ww_system_from_row(const ww_msg *row, ww_system *out, ww_error *err);

/* ---- the replication engine ----------------------------------------------------------------- */

typedef enum ww_confirm_mode {
    WW_CONFIRM_EACH,    /* confirm names one unit; any order; the engine remembers each */
    WW_CONFIRM_THROUGH  /* confirm means this unit and all before it; nothing is remembered per unit */
} ww_confirm_mode;

#define WW_DEFAULT_STATUS_INTERVAL_US UINT64_C(10000000)
#define WW_DEFAULT_ACK_INTERVAL_US UINT64_C(1000000)
#define WW_DEFAULT_MAX_UNCONFIRMED ((size_t)1 << 20)

typedef struct ww_stream_config {
    size_t struct_size;
    const ww_alloc *alloc;           /* for the window of EACH; may be NULL for THROUGH */
    ww_relcache *relations;          /* given to the decoder; may be NULL */
    ww_lsn start;                    /* nothing below is ever acknowledged; a monotonic guard */
    bool binary, streaming;          /* as asked for at START_REPLICATION */
    bool raw;                        /* another plugin, or a recorder: next() hands out nothing, and
                                        units are not tracked: the caller confirms with flush_to() */
    ww_confirm_mode mode;
    size_t max_unconfirmed;          /* EACH: more units than this handed out and not confirmed is LIMIT */
    ww_mono_us status_interval_us;   /* between two feedbacks at the latest; 0: default. The caller
                                        passes min(-s, wal_sender_timeout / 3) */
    ww_mono_us ack_interval_us;      /* a flush that moved is reported within this; 0: default */
} ww_stream_config;

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

/* Oddities of released servers that are not errors: counted, so that one can say so once. */
typedef struct ww_stream_counters {
    uint64_t stray_stream_aborts;   /* PROTOCOL 5.2 */
    uint64_t stray_prepared;        /* Commit/Rollback Prepared or Prepare of an unknown gid */
    uint64_t empty_wal_data;
    uint64_t unknown_copy_data;     /* 's' */
    uint64_t keepalives, wal_messages, wal_bytes, feedbacks;
} ww_stream_counters;

/* Caller's memory; members are the library's. */
typedef struct ww_stream {
    ww_stream_config config;
    ww_decoder decoder;
    ww_error error;
    ww_wal_msg pending;             /* input that next() has not decoded yet */
    bool has_pending;
    /* the transaction that is open */
    bool in_transaction;
    uint32_t xid;
    ww_lsn final_lsn;
    ww_pg_time commit_time;
    uint64_t ordinal;
    uint8_t gid[200];
    size_t gid_len;
    /* acknowledgement */
    ww_unit *units;
    size_t units_cap, units_first, units_count;
    ww_lsn received;                /* highest position seen: Commit end or keepalive */
    ww_lsn handed_out;              /* end_lsn of the last unit handed out */
    ww_lsn idle_lsn;                /* keepalive's WAL end waiting for the window to drain */
    ww_lsn flush;                   /* what may be acknowledged */
    ww_lsn reported;                /* what was */
    bool held;                      /* ww_stream_hold(): flush frozen */
    /* feedback */
    bool reply_now, flush_moved;
    bool ask_reply;
    ww_mono_us last_feedback;
    ww_mono_us flush_moved_at;
    ww_mono_us last_input;
    uint8_t feedback[34];
    ww_stream_counters counters;
} ww_stream;

/* ERR_USAGE for a bad config. Starts as after START_REPLICATION: nothing received. */
ww_status ww_stream_init(ww_stream *s, const ww_stream_config *config, ww_now now, ww_error *err);
/* Frees the window. Safe on zeroed memory and twice. */
void ww_stream_fini(ww_stream *s);

/* Takes the body of one CopyData. All events of the one before must have been taken with next().
 * Slices in *out (may be NULL) and in the events that follow live as long as copy_data does.
 * ERR_PROTOCOL for what is no replication message. */
ww_status ww_stream_input(ww_stream *s, ww_slice copy_data, ww_now now, ww_wal_msg *out);

/* The next event of that input; WW_MORE when there is none (left). A unit counts as handed out when it
 * is returned here. ERR_DECODE, ERR_LIMIT (max_unconfirmed) and others are final. */
ww_status ww_stream_next(ww_stream *s, ww_event *ev);

/* First error; WW_OK while none. */
const ww_error *ww_stream_error(const ww_stream *s);

/* Says that the unit with this end_lsn (EACH), or it and all before (THROUGH), is durable.
 * ERR_USAGE if no such unit was handed out, or (EACH) it was confirmed already; nothing changes then. */
ww_status ww_stream_confirm(ww_stream *s, ww_lsn end_lsn, ww_now now, ww_error *err);
/* raw streams: everything up to lsn is durable. Never beyond what was received: ERR_USAGE. */
ww_status ww_stream_flush_to(ww_stream *s, ww_lsn lsn, ww_now now, ww_error *err);
/* From now on the flush position does not move (a gap was found; --ack none). */
void ww_stream_hold(ww_stream *s);

/* The end_lsn that this event's unit is confirmed with; 0 if it ends no unit. */
ww_lsn ww_event_unit_lsn(const ww_event *ev);

ww_lsn ww_stream_flush(const ww_stream *s);      /* acknowledged so far, as far as we are concerned */
ww_lsn ww_stream_received(const ww_stream *s);   /* the server's WAL end as last heard */
bool ww_stream_idle(const ww_stream *s);         /* nothing open and nothing handed out unconfirmed */
bool ww_stream_in_transaction(const ww_stream *s);

/* When the next feedback is due: the caller wakes up then, and calls send_buf(). In the past if now. */
ww_mono_us ww_stream_deadline(const ww_stream *s);
/* Asks for a feedback at once; ask_reply: with the request that the server answers by a keepalive. */
void ww_stream_feedback_now(ww_stream *s, bool ask_reply);
/* The 34 bytes of a status update if one is due at `now`; *len 0 otherwise. */
const uint8_t *ww_stream_send_buf(ww_stream *s, ww_now now, size_t *len);
/* They were queued for sending. */
void ww_stream_send_ack(ww_stream *s, ww_now now);

#ifdef __cplusplus
}
#endif
#endif
