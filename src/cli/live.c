/* SPDX-License-Identifier: MIT */
/* live.c: how a running stream is doing: events, rate, position and lag on one line, redrawn in
 * place; the log; metrics. */
#include "live.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REDRAW_US UINT64_C(500000)

void live_init(live *l, const options *o, output *out)
{
    memset(l, 0, sizeof *l);
    l->out = out;
    l->metrics = metrics_open(o, out);
}

void live_begin(live *l, const ww_client *client)
{
    l->on = !log_is_json() && log_wants(WW_LOG_WARNING) && isatty(STDERR_FILENO) == 1 &&
            !ww_sink_is_terminal(l->out->sink);
    l->last_at = ww_clock_mono();
    watch_init(&l->watch, client);
    metrics_update(l->metrics, client);
}

static void draw(live *l, const ww_client *client)
{
    const ww_stream *stream = ww_client_stream(client);
    ww_mono_us now = ww_clock_mono();
    char lsn[WW_LSN_TEXT_SIZE];
    char line[160];
    double seconds;
    if (now - l->last_at < REDRAW_US)
        return;
    seconds = (double)(now - l->last_at) / 1e6;
    ww_lsn_format(ww_stream_received(stream), lsn);
    snprintf(line, sizeof line, "%llu event%s, %.0f/s, at %s, %.1f s behind",
             (unsigned long long)l->events, l->events == 1 ? "" : "s",
             (double)(l->events - l->last_events) / seconds, lsn,
             (double)output_lag_us(l->out, stream) / 1e6);
    report_live(line);
    l->last_events = l->events;
    l->last_at = now;
}

void live_update(live *l, const ww_client *client)
{
    if (l == NULL || client == NULL)
        return;
    watch_update(&l->watch, client);
    metrics_update(l->metrics, client);
    if (l->on)
        draw(l, client);
}

ww_mono_us live_deadline(const live *l)
{
    return l != NULL ? metrics_deadline(l->metrics) : WW_MONO_NEVER;
}

void live_stop(live *l, const ww_client *client)
{
    report_live(NULL);
    watch_oddities(&l->watch, client);
}

void live_close(live *l, const ww_client *client)
{
    metrics_close(l->metrics, client);
    l->metrics = NULL;
}
