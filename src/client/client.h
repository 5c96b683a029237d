/* SPDX-License-Identifier: MIT */
/* client.h: the streaming client's parts, shared by open.c, client.c and stop.c. */
#ifndef WALWIRE_CLIENT_CLIENT_H
#define WALWIRE_CLIENT_CLIENT_H

#include "catalog.h"
#include "negotiate.h"
#include "slot.h"
#include "spool.h"

#include "stream/gather.h"

#define WW__PROBE_INTERVAL_US UINT64_C(100000)
#define WW__RECONNECT_MAX_S 30 /* per address */
#define WW__MAX_SEGMENT 16384 /* half of the small window: a full one stalls a smaller one */

/* Whether there is a stream, or why it has to be started again, on another session. */
typedef enum ww__again {
    WW__STREAMS,
    WW__LEAVE_BINARY, /* its end has to be asked for */
    WW__TO_TEXT,      /* it was ended to go on in text */
    WW__LOST          /* the connection is */
} ww__again;

struct ww_client {
    ww_client_config config;
    ww_conninfo own_conninfo; /* where config.conninfo was given as text */
    ww_session *session;
    ww_relcache *relations;
    ww__spool *spool; /* where streamed transactions wait; NULL: they are handed out as they come */
    ww_stream stream;
    ww_system system;
    ww_wal_msg wal;                /* what the last event came from */
    ww_now now;                    /* of the last receive */
    ww_error error;                /* first failure; every later call repeats it */
    ww_mono_us heard_at, asked_at; /* when the server sent last; when it was asked to */
    ww_mono_us silence_us;         /* how long it may be silent */
    ww_mono_us probe_at;           /* next keepalive to ask for while waiting for end_lsn */
    char slot[WW_SLOT_NAME_MAX + 1];
    bool temporary_slot;
    bool made_slot; /* by us, in this run */
    bool streaming; /* in COPY BOTH as far as we know */
    bool dropped;   /* raw: more was received than was handed out */
    bool ended;     /* next() returns END from now on */
    ww_lsn start_lsn, end_lsn;
    ww__plugin_options options;
    ww_mono_us status_interval_us;
    char *options_text;   /* as sent */
    uint8_t *options_store; /* the texts of `options` */
    ww__catalog *catalog; /* NULL: it is not asked */
    bool binary_auto;     /* binary was chosen, and can be taken back */
    ww__again again;
    unsigned attempts;    /* since the connection was lost */
    ww_mono_us retry_at, connected_at;
    ww_mono_us patient_until; /* for what should pass soon; 0: nothing of the kind */
    ww_lsn reached;           /* where the stream stood when the connection was lost last */
    ww_mono_us lost_at, say_at; /* when it was lost; when that is said again */
    ww_error said;              /* of why it could not be made again, what was said last */
    uint64_t reconnects;
    ww_position known;        /* where we stand: as loaded, saved or told; system_id 0: nothing */
    bool has_position;        /* loaded */
    ww_position given_up;     /* with position_init: what did not fit; system_id 0: not known */
    ww_error misfit;          /* and why, until that is said */
    bool started;             /* once: `stream` is there */
    bool on_standby;          /* the server is one, as far as we know */
    ww_session *beside;       /* then, to ask it for its timeline; NULL: not needed yet */
    ww_mono_us saved_at, unsaved_at, save_again_at;
    ww__gather gather;
    struct {
        bool sated;         /* the last receive was a short one: the next step is no receive */
        uint64_t messages, bytes; /* the stream's counters when the batch began */
        ww_mono_us read_at; /* the last receive */
        bool napped;        /* since then */
        ww_mono_us until;   /* the nap that is going on ends then; 0: there is none */
        ww_mono_us since;   /* it began; 0: before the batch was none */
        ww_mono_us stall_at; /* nothing coming until then means a stall; 0: nothing is expected */
        size_t capacity;
        ww_mono_us capacity_at; /* when that was looked at */
        uint64_t naps, stalls;
        ww_mono_us napped_us;
    } batch;
    bool has_kept;        /* an event that was not handed out because the wait was cancelled */
    ww_event kept;
};

/* open.c and client.c: fails the client for good. */
ww_status ww__client_fail(ww_client *c, const ww_error *why, ww_error *err);

/* client.c: a session as the configuration says; going on in text, where the last one was. */
ww_status ww__client_connect(ww_client *c, ww_session **out, ww_error *err);

/* client.c: an ordinary session for questions, on the server that is streamed from. */
ww_status ww__client_open_beside(const ww_client *c, int max_connect_s, ww_session **out,
                                 ww_error *err);

/* reconnect.c: the connection is lost. WW_MORE: it is made again by ww__client_reconnect(); else it
 * is final. */
ww_status ww__client_lose(ww_client *c, const ww_error *why, ww_error *err);
/* The stream was ended in order: it goes on, in text, on another session. */
void ww__client_leave(ww_client *c);
/* Goes on on another session. WW_MORE: not yet, c->retry_at says when. ERR_CANCELLED: call it
 * again. */
ww_status ww__client_reconnect(ww_client *c, ww_error *err);

/* gather.c: a stream begins on this connection: which path it takes. */
void ww__gather_begin(ww_client *c);
/* Is it time for a receive? False: for ww__gather_rest(). */
bool ww__gather_wants_read(const ww_client *c);
/* One was tried at c->now; WW_OK: and brought something. */
void ww__gather_note(ww_client *c, ww_status st);
/* All that was received is used. WW_OK: receive now. WW_MORE: the caller is to poll. Otherwise as
 * ww__session_wait(), ERR_TIMEOUT included. */
ww_status ww__gather_rest(ww_client *c, ww_error *err);
/* Time has passed, in which the caller did not come for more: a nap that is over is no reason for
 * it to wake up again. */
void ww__gather_wake(ww_client *c);
/* When a rest that the caller polls for is to end. */
ww_mono_us ww__gather_due(const ww_client *c);
void ww__gather_describe(const ww_client *c, ww_client_gathering *out);

/* position.c: what the store has. */
ww_status ww__position_load(ww_client *c, ww_error *err);
/* Are server and slot those that we know, and do they have what is still to come? ERR_GAP. */
ww_status ww__position_check_system(ww_client *c, ww_session *s, const ww_system *system,
                                    ww_error *err);
ww_status ww__position_check_slot(ww_client *c, ww_session *s, const ww__slot *slot, ww_error *err);
/* A standby cannot go on with it now: ERR_SERVER that is worth another try. */
ww_status ww__position_fail_standby(const char *what, ww_error *err);
/* The stream begins at `start`: that is known from now on, and saved. */
ww_status ww__position_begin(ww_client *c, ww_lsn start, ww_error *err);
/* Units were confirmed. */
void ww__position_note(ww_client *c);
/* Saves what may be acknowledged, if that is due, and lets it be told. Errors are the store's. */
ww_status ww__position_admit(ww_client *c, ww_error *err);
/* The same, due or not. */
ww_status ww__position_save(ww_client *c, ww_error *err);
ww_mono_us ww__position_due(const ww_client *c);
/* A status update was sent. */
void ww__position_told(ww_client *c);

/* timeline.c: on a standby: which timeline it is on now becomes known.timeline. */
void ww__timeline_follow(ww_client *c);
void ww__timeline_leave(ww_client *c);

/* publication.c: the server stopped, or goes on without them, because a publication did not exist
 * when changes were made: the gap's report. */
void ww__publication_gap(const ww_client *c, ww_error *err);

/* start.c: slot, publications, START_REPLICATION. */
ww_status ww__client_start(ww_client *c, ww_error *err);
/* How, and whether, a server can be streamed from. */
typedef struct ww__facts {
    char wal_level[64];
    ww_mono_us sender_timeout_us; /* 0: none */
    bool standby;
} ww__facts;
ww_status ww__client_read_facts(ww_session *s, ww__facts *facts, ww_error *err);
/* The stream is this server's from now on: how often it wants to hear from us. */
void ww__client_take_facts(ww_client *c, const ww__facts *facts);
/* START_REPLICATION with c->options, from c->start_lsn or, if it is not 0, from `from`. */
ww_status ww__client_begin_copy(ww_client *c, ww_lsn from, ww_error *err);

/* client.c: reads up to ReadyForQuery, as long as something comes within patience_us, for max_us at
 * most. */
ww_status ww__client_drain(ww_client *c, ww_mono_us patience_us, ww_mono_us max_us, ww_error *err);

/* binary.c: before the options are chosen: c->config.binary becomes ON or OFF. */
ww_status ww__binary_choose(ww_client *c, const ww_slice *publications, size_t count,
                            ww_error *err);
/* The server has described a table: looks up what is needed. WW_MORE: the event is not to be handed
 * out, the stream has to be started again with ww__binary_restart(). ERR_CANCELLED: nothing was
 * done. Else *err says which column cannot be read in binary. */
ww_status ww__binary_follow(ww_client *c, ww_event *relation, ww_error *err);
/* The same for a row, whose composites may have been given fields of types that cannot be read. */
ww_status ww__binary_check_row(ww_client *c, const ww_event *row, ww_error *err);
/* binary_rows.c: the first column with a composite in binary form that has, anywhere inside, a
 * value of a type that is not read so; NULL: none. */
const ww_relation_column *ww__binary_unread(const ww_types *types, const ww_event *row,
                                            uint32_t *type_oid);
/* Ends the stream, to go on in text. ERR_CANCELLED: call it again. */
ww_status ww__binary_leave(ww_client *c, ww_error *err);

#endif
