/* SPDX-License-Identifier: MIT */
/* watch.h: what the log says of a running stream. */
#ifndef WALWIRE_CLI_WATCH_H
#define WALWIRE_CLI_WATCH_H

#include "cli.h"

typedef struct watch {
    ww_mono_us late_us;         /* no status update for so long is worth a warning */
    ww_mono_us fed_at, said_at; /* when the last update was seen; when the last warning was */
    uint64_t feedbacks, reconnects;
    uint64_t spilled;
    bool spilling; /* said; until no large transaction is open */
    unsigned told; /* oddities, as bits */
    ww_lsn saved, reported, flushed; /* as told at debug */
} watch;

void watch_init(watch *w, const ww_client *client);
/* Called now and then; says what is new since the last time. */
void watch_update(watch *w, const ww_client *client);
/* A table's definition came: at debug. */
void watch_relation(const ww_event *ev);
/* Only what is left to say after the end. */
void watch_oddities(watch *w, const ww_client *client);

#endif
