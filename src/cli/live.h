/* SPDX-License-Identifier: MIT */
/* live.h: how a running stream is doing: on a line of the terminal, in the log, in metrics. */
#ifndef WALWIRE_CLI_LIVE_H
#define WALWIRE_CLI_LIVE_H

#include "metrics.h"
#include "watch.h"

typedef struct live {
    bool on; /* the line */
    uint64_t events, last_events;
    ww_mono_us last_at;
    watch watch;
    const output *out;
    metrics *metrics; /* NULL: none */
} live;

void live_init(live *l, const options *o, output *out);
/* The stream has begun. The line is on only when standard error is a terminal and the output is
 * not that terminal. */
void live_begin(live *l, const ww_client *client);
/* Called when the stream goes quiet, and now and then; draws at most twice a second. */
void live_update(live *l, const ww_client *client);
/* When to call it at the latest. */
ww_mono_us live_deadline(const live *l);
/* What was handed out; of another plugin (NULL) the client's last message. */
static inline void live_count(live *l, const ww_client *client, const ww_event *ev, ww_lsn unit)
{
    l->events += ev == NULL || ev->ordinal > 0;
    if (l->metrics != NULL && ev != NULL)
        metrics_count(l->metrics, client, ev, unit);
    else if (l->metrics != NULL)
        metrics_count_text(l->metrics);
}
/* The stream is over, however it ends. */
void live_stop(live *l, const ww_client *client);
/* After the end; client NULL: it was never open. */
void live_close(live *l, const ww_client *client);

#endif
