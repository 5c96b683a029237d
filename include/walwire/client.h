/* SPDX-License-Identifier: MIT */
/* client.h: the convenient client. It joins sockets, TLS, the wire and the replication engine, owns
 * the memory, and hands out events:
 *
 *     ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
 *     cfg.conninfo = "postgresql://app@db/shop"; cfg.slot = "s1"; cfg.publications = "orders";
 *     ww_client *c = ww_client_open(&cfg, &err);
 *     while (ww_client_next(c, &ev, &err) == WW_OK) {
 *         if (ev.kind == WW_EV_INSERT) use_row(ev.relation, ev.new_tuple);
 *         if (ev.kind == WW_EV_COMMIT) { save(); ww_client_confirm(c, ev.commit.end_lsn, &err); }
 *     }
 *
 * Everything here may allocate; nothing allocates per event in steady state. */
#ifndef WALWIRE_CLIENT_H
#define WALWIRE_CLIENT_H

#include <walwire/config.h>
#include <walwire/net.h>
#include <walwire/stream.h>
#include <walwire/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* malloc's family behind ww_alloc. Static. */
const ww_alloc *ww_alloc_malloc(void);
/* Pages of their own for each piece, wiped when given back, kept out of core dumps and of swap as
 * far as the system lets us: for a ww_conninfo. Static. */
const ww_alloc *ww_alloc_secret(void);

typedef enum ww_log_level { WW_LOG_ERROR, WW_LOG_WARNING, WW_LOG_INFO, WW_LOG_DEBUG } ww_log_level;

/* Takes one line of text, already escaped, without line feed. Never holds a secret or a row's
 * value. */
typedef struct ww_log {
    void *ctx;
    void (*line)(void *ctx, ww_log_level level, const char *text);
} ww_log;

/* The last steps after parsing: what a service file has for the service that is named (service or
 * PGSERVICE; the file is PGSERVICEFILE or ~/.pg_service.conf, else PGSYSCONFDIR/pg_service.conf),
 * the environment, and ww_conninfo_check(). Nothing replaces what is set. ERR_USAGE, ERR_NOMEM. */
ww_status ww_conninfo_complete(ww_conninfo *c, ww_error *err);

/* ---- trace: what is said on the wire, without what is secret --------------------------------- */

/* A protocol message, or what else befell a connection (docs/trace.md). Passwords, tokens, salts,
 * proofs, keys, values of settings and of rows are not in it. Strings live until the call
 * returns. */
typedef struct ww_trace_event {
    ww_mono_us mono_us;   /* when */
    uint32_t backend_pid; /* whose connection; 0 until the server has told */
    char direction;       /* '>' sent, '<' received, '-' neither */
    char type;            /* the message's type byte; 0: it has none */
    const char *name;     /* "AuthenticationSASL"; of what is no message "connect", "tls" ... */
    const char *state;    /* the engine's; "" where there is none */
    size_t length;        /* bytes on the wire; 0: not told */
    const char *detail;   /* escaped text, may be "" */
} ww_trace_event;

typedef struct ww_trace {
    void *ctx;
    void (*event)(void *ctx, const ww_trace_event *e); /* NULL: no trace, and no cost */
} ww_trace;

/* ---- a session: one connection for commands ------------------------------------------------- */

typedef struct ww_session ww_session;

typedef struct ww_session_config {
    size_t struct_size;
    const ww_conninfo *conninfo; /* checked; must live as long as the session */
    int wake_fd;                 /* readable: a blocking call returns ERR_CANCELLED; -1: none */
    ww_log log;
    size_t max_message; /* CopyData; 0: WW_DEFAULT_MAX_COPY_DATA */
    bool plain;         /* an ordinary session, not a walsender: for queries only */
    int max_connect_s;  /* connect_timeout is no more than this; 0: what conninfo says */
    ww_trace trace;
    const char *oauth_token_file; /* read for each connection, in place of conninfo's oauth_token */
    const ww_session *beside; /* connect to the address of this session and no other; NULL: any.
                                 Need not live longer than ww_session_open() */
    int max_segment;          /* as in ww_sock_options; 0: the system's */
} ww_session_config;

/* Connects (every host and address in turn, as libpq), encrypts, authenticates as a logical
 * walsender (or as an ordinary client) with the session settings of docs/session-settings.md.
 * Blocks, at most connect_timeout per address. ERR_IO, ERR_TIMEOUT, ERR_TLS, ERR_AUTH, ERR_SERVER.
 */
ww_status ww_session_open(ww_session **out, const ww_session_config *config, ww_error *err);
/* Says goodbye (Terminate) and frees. NULL is allowed. */
void ww_session_close(ww_session *s);

/* Sends one command and waits for its first answer. Then ww_session_row() until WW_END. */
ww_status ww_session_query(ww_session *s, const char *sql, ww_error *err);
/* The next row, valid until the next call. WW_END: the command is done. ERR_SERVER: it failed; the
 * session can be used on, except after FATAL. */
ww_status ww_session_row(ww_session *s, ww_msg *row, ww_error *err);
/* Runs a command and drops its rows. */
ww_status ww_session_exec(ww_session *s, const char *sql, ww_error *err);
/* Runs a command and copies the first row's columns, NUL-terminated and cut to `width`, into
 * out[ncols][width]; SQL NULL and missing columns become "". WW_END if there was no row. For
 * questions that need no time: ERR_TIMEOUT after 60 seconds of silence, and the session is over. */
ww_status ww_session_row_text(ww_session *s, const char *sql, size_t ncols, size_t width, char *out,
                              ww_error *err);

/* As it was when the last command ended: 'I' no transaction is open, 'T' one is, 'E' one has failed
 * and waits for ROLLBACK. */
char ww_session_transaction_status(const ww_session *s);

/* What is known of the connection. Strings live as long as the session. */
typedef struct ww_session_info {
    const char *address;        /* "127.0.0.1:5432" or the socket's path */
    const char *server_version; /* "18.4", as reported */
    int server_version_num;     /* 180004 */
    const char *tls_version;    /* "TLSv1.3"; "" without TLS */
    const char *tls_cipher;
    const char *auth_method; /* "none", "password", "md5", "scram-sha-256", "scram-sha-256-plus",
                                "oauth" */
    uint32_t protocol;       /* WW_PROTOCOL_3_0 ... */
    uint32_t backend_pid;
} ww_session_info;
void ww_session_describe(const ww_session *s, ww_session_info *out);

/* IDENTIFY_SYSTEM. */
ww_status ww_session_identify(ww_session *s, ww_system *out, ww_error *err);

/* True if ww_session_open() or ww_client_open() failed because a password was asked for and there
 * was none: ask the user, set it, try again. */
bool ww_error_needs_password(const ww_error *err);

/* ---- slots ---------------------------------------------------------------------------------- */

typedef struct ww_client_slot {
    const char *name;
    const char *plugin; /* NULL: pgoutput */
    bool if_not_exists; /* one that exists is fine, if plugin and database are these */
    bool two_phase;     /* server 15+ */
    bool failover;      /* server 17+ */
} ww_client_slot;

/* Creates a logical slot; *lsn is where it starts (or stands, if it existed). Waits until all
 * running transactions have ended. ERR_SERVER with detail and hint. */
ww_status ww_session_create_slot(ww_session *s, const ww_client_slot *slot, ww_lsn *lsn,
                                 bool *existed, ww_error *err);
/* ERR_SERVER 42704 if there is none, 55006 if it is in use (the detail says by whom). */
ww_status ww_session_drop_slot(ww_session *s, const char *name, ww_error *err);
/* Changes a slot: 1 on, 0 off, -1 as it is. two_phase: server 18+, and only while no transaction is
 * prepared; failover: server 17+. Waits while the slot is in use. */
ww_status ww_session_alter_slot(ww_session *s, const char *name, int two_phase, int failover,
                                ww_error *err);
/* Moves a slot of this database forward to lsn; *reached is where it then stands. Server 11+.
 * ERR_USAGE: the server's WAL ends before it. */
ww_status ww_session_advance_slot(ww_session *s, const char *name, ww_lsn lsn, ww_lsn *reached,
                                  ww_error *err);

/* ---- the position: where a consumer stands --------------------------------------------------- */

/* What a consumer has to find again after a crash, so that nothing is lost and nothing comes twice:
 * the slot alone does not tell, because a server that crashed forgets what was acknowledged last.
 * docs/positions.md. */
typedef struct ww_position {
    ww_lsn end_lsn;     /* of the last durable unit; 0: none yet */
    ww_lsn acked;       /* the highest flush position ever told to the server, or about to be */
    uint64_t system_id; /* whose: IDENTIFY_SYSTEM's */
    uint32_t timeline;
    char slot[WW_SLOT_NAME_MAX + 1];
    char database[64];
} ww_position;

/* Where positions are kept. With it come (sink.h): the output file's own, any file, a table of
 * PostgreSQL. */
typedef struct ww_position_store {
    void *ctx;
    /* WW_END: there is none, this consumer is new. ERR_GAP: there should be one, and it cannot be
     * read; others: the store failed. Called by ww_client_open(); again if the slot has moved
     * meanwhile, in other hands. */
    ww_status (*load)(void *ctx, ww_position *out, ww_error *err);
    /* Keeps *p for good before it returns WW_OK. WW_MORE: not now (a transaction is open); the
     * client tries again later, and acknowledges no more than what was saved. Errors are final. */
    ww_status (*save)(void *ctx, const ww_position *p, ww_error *err);
} ww_position_store;

/* ---- the streaming client ------------------------------------------------------------------- */

typedef struct ww_client ww_client;

/* Large transactions before they commit, as pgoutput's option of that name. */
typedef enum ww_streaming {
    WW_STREAMING_DEFAULT, /* the most that server and protocol have */
    WW_STREAMING_OFF,
    WW_STREAMING_ON,      /* server 14, protocol 2 */
    WW_STREAMING_PARALLEL /* server 16, protocol 4 */
} ww_streaming;

/* Values in binary form. Not all types have one that can be read (docs/values.md). ON: a column of
 * another type is ERR_SERVER. AUTO: if all published columns have one, and the slot is not a
 * temporary one; when a table with another comes along, or a composite that was given a field of
 * another, the client connects again and goes on in text: nothing is lost, nothing comes twice
 * (docs/adr/0007). The first session has ended then; while the server has no room for the second
 * one yet (53300), or the slot is not free (55006), it is tried again, for five seconds each. */
enum { WW_BINARY_OFF = 0, WW_BINARY_ON = 1, WW_BINARY_AUTO = 2 };

/* What is asked of the server's catalog: on an ordinary session, opened when first needed and kept.
 * That blocks ww_client_next() for some milliseconds, some seconds at the very most, while feedback
 * goes on. A failure is a warning in the log and is tried again before a later transaction, after a
 * pause of 2 seconds that doubles up to a minute: meanwhile values of unknown types stay text. What
 * is known is asked again whenever the server describes a table again, and in doubt. */
typedef enum ww_catalog {
    WW_CATALOG_OFF,   /* nothing */
    WW_CATALOG_TYPES, /* the columns' types that are not built in, and what they are made of */
    WW_CATALOG_FULL   /* the tables' columns, too: primary keys, NOT NULL */
} ww_catalog;

/* Whether messages are left to come together before they are received: for 5 ms at most, or a
 * sixteenth of the time that they are late anyway (or 0.25 ms), and only while several come in that
 * time. Both sides then spend far less on a busy stream (docs/adr/0013-gathering.md). Only with
 * pgoutput, on Linux, and where a round trip takes less than 0.25 ms or at least 5. */
typedef enum ww_gather {
    WW_GATHER_AUTO,
    WW_GATHER_OFF /* each is received as soon as it is there */
} ww_gather;

#define WW_DEFAULT_ASSEMBLE_MEMORY ((size_t)64 << 20)
#define WW_DEFAULT_SPILL_LIMIT ((uint64_t)1 << 40)

typedef struct ww_client_config {
    size_t struct_size;
    const char *conninfo;      /* URI or keywords; ww_conninfo_complete() does the rest */
    const ww_conninfo *parsed; /* instead: a complete conninfo; lives as long as the client */
    const char *slot;          /* NULL: a temporary slot, starting now */
    const char *publications;  /* comma-separated, exact names; pgoutput needs at least one */
    const char *const *publication_list; /* instead: one name each, for names with commas */
    size_t npublications;
    const char *plugin;              /* NULL: pgoutput. Others: ww_client_next_wal() only */
    const ww_plugin_option *options; /* added to, or in place of, the options walwire chooses */
    size_t noptions;
    bool create_slot;   /* create it first; an existing one is ERR_SERVER 42710 ... */
    bool if_not_exists; /* ... unless its plugin and database are right */
    bool temporary;     /* with create_slot */
    ww_lsn start_lsn;   /* 0: the slot's confirmed position */
    ww_lsn end_lsn;     /* deliver what commits before it, then END; 0: go on for ever */
    bool until_now;     /* end_lsn is the server's WAL position after start-up */
    int messages;       /* 1 on, 0 off, -1 default: on from server 14 */
    int binary;         /* WW_BINARY_OFF (or -1), _ON or _AUTO; server 14+ */
    const char *origin; /* "any", "none" or NULL; server 16+ */
    ww_confirm_mode confirm_mode;
    bool confirm_none;             /* never acknowledge: the slot does not move */
    bool raw;                      /* no decoding: ww_client_next_wal() and ww_client_flush_to() */
    size_t max_unconfirmed;        /* 0: default */
    size_t max_message;            /* 0: default */
    size_t max_relations_memory;   /* 0: 64 MiB */
    ww_mono_us status_interval_us; /* 0: 10 s; never more than a third of wal_sender_timeout */
    bool nonblocking;              /* next() returns WW_MORE instead of waiting */
    int wake_fd;                   /* readable: blocking calls return ERR_CANCELLED; -1: none */
    ww_log log;
    unsigned proto_version; /* 1 to 4; 0: the highest that the server knows */
    ww_streaming streaming;
    bool two_phase;     /* prepared transactions at PREPARE; sets the slot's two_phase for good */
    bool stream_events; /* streaming: hand out S, E, c, A ... as they come; else whole transactions
                           when they commit, assembled from here on: */
    size_t assemble_memory; /* 0: WW_DEFAULT_ASSEMBLE_MEMORY; beyond it messages go to a file */
    const char *spill_dir;  /* NULL: TMPDIR, else /var/tmp; one that is named is tried at open */
    uint64_t spill_limit;   /* the file's size at most; 0: WW_DEFAULT_SPILL_LIMIT */
    ww_catalog catalog;     /* with binary at least TYPES */
    bool binary_any; /* WW_BINARY_ON: columns of types that walwire cannot read in binary, too */
    ww_trace trace;  /* of every connection */
    const char *oauth_token_file; /* as in ww_session_config */
    /* Where the position is kept; lives as long as the client; NULL: the slot alone. With it the
     * client checks slot and server against the position before it starts (ERR_GAP), starts at
     * `acked`, and saves before each status update that acknowledges more: after units were
     * confirmed, and for an idle slot once per status interval or when the server asks. */
    const ww_position_store *positions;
    bool position_init;      /* gaps between position and slot are accepted: it goes on where the
                                slot stands, or at the position if that is further; the log says
                                what is given up. What hints call --init */
    bool no_reconnect;       /* a lost connection is final */
    ww_mono_us slot_wait_us; /* at the start: how long to wait for a slot that is in use */
    ww_gather gather;
} ww_client_config;

/* clang-format off */
#define WW_CLIENT_CONFIG_INIT                                                                      \
    { sizeof(ww_client_config), NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0,                    \
      false, false, false, 0, 0, false, -1, -1, NULL, WW_CONFIRM_EACH,                             \
      false, false, 0, 0, 0, 0, false, -1, { NULL, NULL },                                         \
      0, WW_STREAMING_DEFAULT, false, false, 0, NULL, 0, WW_CATALOG_OFF, false,                    \
      { NULL, NULL }, NULL, NULL, false, false, 0, WW_GATHER_AUTO }
/* clang-format on */

/* Connects, checks slot and publications, creates the slot if asked, starts streaming. Blocks. NULL
 * on failure, with *err. ERR_SERVER for slot, publication, permission, wal_level: detail and hint
 * say what there is and which SQL helps. */
ww_client *ww_client_open(const ww_client_config *config, ww_error *err);

/* Reconnecting. When the connection is lost, or the server ends it for a reason that passes
 * (ww_status_retryable()), ww_client_next() connects again and goes on where it was: a reconnect is
 * invisible in the events. It pauses 0.1 s, then twice as long each time up to 4 s, each pause cut
 * by up to a half at random; a blocking client waits inside, a nonblocking one returns WW_MORE and
 * has a deadline. An attempt itself blocks either way, for 30 s per address at most until the
 * server is ready, and 60 s for each of a few answers of a server that goes silent then; wake_fd
 * cuts it short. What cannot be gone on with ends it: a refusal (ERR_AUTH, ERR_SERVER, ERR_TLS), a
 * slot that is gone, was moved or invalidated, another system, a timeline that does not have what
 * was received (ERR_GAP). Not with no_reconnect, with a temporary slot, nor in the middle of
 * streamed transactions that are handed out as they come: then the loss is final. A stream that
 * began on a primary goes on on one only, one of a standby not on the primary that it follows.
 *
 * The next event; relation_changed of a RELATION is also true if what the catalog told of the table
 * has changed. WW_OK; WW_MORE (nonblocking: poll, then call again); WW_END: end_lsn is reached;
 * below 0 final. The event and all it points to live until
 * the next ww_client_next(). */
ww_status ww_client_next(ww_client *c, ww_event *ev, ww_error *err);
/* The same below decoding: the next WALData. For raw clients. */
ww_status ww_client_next_wal(ww_client *c, ww_wal_msg *wal, ww_error *err);
/* The WALData that the last event came from. Valid as long as the event. */
const ww_wal_msg *ww_client_wal(const ww_client *c);
/* More can be had without touching the socket: the next call moves no byte, and events taken before
 * stay valid, but for those of a transaction that was streamed: they live until the next call; and,
 * with WW_BINARY_AUTO in a client that is not nonblocking, all do when it goes on in text. */
bool ww_client_buffered(const ww_client *c);

/* ww_stream_confirm(), ww_stream_confirm_through(), ww_stream_flush_all() and
 * ww_stream_flush_to(): see there. Sends nothing by itself. */
ww_status ww_client_confirm(ww_client *c, ww_lsn end_lsn, ww_error *err);
ww_status ww_client_confirm_through(ww_client *c, ww_lsn lsn, ww_error *err);
ww_status ww_client_flush_all(ww_client *c, ww_error *err);
ww_status ww_client_flush_to(ww_client *c, ww_lsn lsn, ww_error *err);

/* Sends a status update if one is due. Only sends, never receives: every slice stays valid; that
 * the server has gone silent only ww_client_next() can notice, so call that after the deadline too.
 * For callers that work long between two next(): call it by ww_client_deadline(). */
ww_status ww_client_feedback(ww_client *c, ww_error *err);
ww_mono_us ww_client_deadline(const ww_client *c);

/* For a poll loop: the descriptor and the events to wait for. It may be another after
 * ww_client_next(); -1 while there is no connection: wait until ww_client_deadline(). While
 * messages are left to come together, the events are 0 and the deadline is the end of that, 5 ms at
 * most; ww_client_next() is allowed before it, and ends it. The poll has to be a level-triggered
 * one: not all that there is has been read when ww_client_next() returns WW_MORE. */
int ww_client_fd(const ww_client *c);
short ww_client_poll_events(const ww_client *c);

/* Ends the stream in order: last status update, CopyDone, everything read up to ReadyForQuery, at
 * most until the deadline, which moves on while the server still sends (for a minute at most).
 * After it only getters and close. With a position it is no error if the connection is lost by
 * then; without one the server may not know what was acknowledged last. */
ww_status ww_client_stop(ww_client *c, ww_mono_us deadline, ww_error *err);
/* Drops the slot, after stop. */
ww_status ww_client_drop_slot(ww_client *c, ww_error *err);
/* Frees everything, without a last status update. NULL is allowed. */
void ww_client_close(ww_client *c);

/* How the stream is received, on this connection. */
typedef struct ww_client_gathering {
    ww_path path;          /* UNKNOWN also with gather off */
    bool small_window;     /* the server is to gather in its own buffers */
    uint64_t recv_calls;   /* system calls */
    uint64_t naps;         /* times that messages were left to come together, */
    ww_mono_us napped_us;  /* all of them */
    ww_mono_us longest_us; /* that one may last at present, so that the server is not stopped */
    uint64_t stalls;       /* times that the small window was given up because nothing moved */
} ww_client_gathering;

/* What the client knows. Strings live until the next ww_client_next(), which may connect again. */
typedef struct ww_client_info {
    ww_session_info session;
    ww_system system;
    const char *slot;
    bool temporary_slot;
    ww_lsn start_lsn; /* asked for at START_REPLICATION */
    ww_lsn end_lsn;   /* 0: none */
    unsigned proto_version;
    ww_streaming streaming; /* OFF, ON or PARALLEL */
    bool binary, messages, two_phase;
    const char *plugin;
    const char *options; /* as sent: ("proto_version" '1', ...) */
    ww_mono_us status_interval_us;
    uint64_t spilled_bytes; /* of streamed transactions, written to the spill file so far */
    bool spill_failed;      /* its file could not be made, written or read, or reached its limit */
    bool connected;         /* false: lost, and to be made again */
    uint64_t reconnects;    /* how often it was made again */
    ww_lsn saved;           /* `acked` of the position as saved last; 0: none */
    ww_mono_us heard_at;    /* when the server sent last */
    ww_client_gathering gathering;
} ww_client_info;
void ww_client_describe(const ww_client *c, ww_client_info *out);
/* What is known of types and tables, as of the last event; lives as long as the client. NULL with
 * WW_CATALOG_OFF, and for raw clients. */
const ww_types *ww_client_types(const ww_client *c);
/* A value did not fit what the catalog told of this type: it is asked again before the next unit is
 * handed out, but not twice within a second for the same definition. Cheap; may be called for each
 * value. Built-in types, and all with WW_CATALOG_OFF: nothing is done. */
void ww_client_doubt_type(ww_client *c, uint32_t type_oid);
/* The engine behind: positions and counters. */
const ww_stream *ww_client_stream(const ww_client *c);

#ifdef __cplusplus
}
#endif
#endif
