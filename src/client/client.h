/* SPDX-License-Identifier: MIT */
/* client.h: the streaming client's parts, shared by open.c, client.c and stop.c. */
#ifndef WALWIRE_CLIENT_CLIENT_H
#define WALWIRE_CLIENT_CLIENT_H

#include "negotiate.h"
#include "spool.h"

#define WW__PROBE_INTERVAL_US UINT64_C(100000)

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
    char *options_text; /* as sent */
};

/* open.c and client.c: fails the client for good. */
ww_status ww__client_fail(ww_client *c, const ww_error *why, ww_error *err);

/* start.c: slot, publications, START_REPLICATION. */
ww_status ww__client_start(ww_client *c, ww_error *err);

#endif
