/* SPDX-License-Identifier: MIT */
/* live.h: the line on a terminal that says how the stream is doing. */
#ifndef WALWIRE_CLI_LIVE_H
#define WALWIRE_CLI_LIVE_H

#include "cli.h"

typedef struct live {
    bool on;
    uint64_t events, last_events;
    ww_mono_us last_at;
} live;

/* On only when standard error is a terminal and the output is not that terminal. */
void live_init(live *l, const options *o, const ww_sink *sink);
/* Called when the stream goes quiet, and now and then; draws at most twice a second. */
void live_update(live *l, const ww_client *client);

#endif
