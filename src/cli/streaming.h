/* SPDX-License-Identifier: MIT */
/* streaming.h: the loop that stream and record share. */
#ifndef WALWIRE_CLI_STREAMING_H
#define WALWIRE_CLI_STREAMING_H

#include "capture.h"
#include "live.h"
#include "output.h"

typedef struct streaming {
    options *o;
    ww_conninfo info;
    ww_client *client;
    output out;
    live live;
    bool in_transaction; /* behind the last event; also while its connection is lost */
    unsigned busy;       /* events since there was nothing to do, or since the last look around */
    /* What to do with an event, or (NULL) with another plugin's ww_client_wal(): adds its bytes to
     * out.out. false: failed, *err filled in. */
    bool (*take)(struct streaming *s, const ww_event *ev, ww_error *err);
    /* Called once streaming has started; may be NULL. */
    bool (*begin)(struct streaming *s, ww_error *err);
    /* Called once at a clean end; may be NULL. false: the output failed. */
    bool (*end)(struct streaming *s);
    ww_client_info described;      /* stream: the format borrows from it */
    ww_format *format;             /* stream */
    uint64_t frames, whole_frames; /* record: written, and of whole units */
    capture_catalog catalog;       /* record */
} streaming;

/* Another plugin than pgoutput: its text is not looked at. */
bool streaming_is_raw(const streaming *s);

/* Connects, streams until the end, a signal or a failure, ends in order. The exit code. */
int streaming_run(streaming *s);

#endif
