/* SPDX-License-Identifier: MIT */
/* watch.c: what the log says of a running stream: status updates that were late, large
 * transactions that go to disk, and what servers are known to send although they should not. */
#include "watch.h"

#include <string.h>

#define SAY_AGAIN_US UINT64_C(60000000)
#define SOON_US UINT64_C(1000000) /* no pause below this is worth a warning */

void watch_init(watch *w, const ww_client *client)
{
    ww_client_info info;
    memset(w, 0, sizeof *w);
    ww_client_describe(client, &info);
    /* An update is due at least each third of wal_sender_timeout: this is half of it at most. */
    w->late_us = info.status_interval_us + info.status_interval_us / 2;
    if (w->late_us < SOON_US)
        w->late_us = SOON_US;
    w->fed_at = ww_clock_mono();
}

/* Is the connection lost, or was it since the last look? Then nobody waits for an update. */
static bool is_lost(watch *w, const ww_client *client)
{
    ww_client_info info;
    bool lost;
    ww_client_describe(client, &info);
    lost = !info.connected || info.reconnects != w->reconnects;
    w->reconnects = info.reconnects;
    if (lost)
        w->fed_at = ww_clock_mono();
    return lost;
}

/* Seen from time to time only: so many updates in so long a time were one each `gap` or so. */
static void watch_feedback(watch *w, const ww_client *client)
{
    uint64_t sent = ww_client_stream(client)->counters.feedbacks - w->feedbacks;
    ww_mono_us now = ww_clock_mono(), gap = now - w->fed_at;
    if (sent > 0) {
        w->feedbacks += sent;
        w->fed_at = now;
        gap /= sent;
    }
    if (gap < w->late_us || is_lost(w, client))
        return;
    if (w->said_at != 0 && now - w->said_at < SAY_AGAIN_US)
        return;
    w->said_at = now;
    report_at(WW_LOG_WARNING,
              "the server got no status update for %.1f s (one is due after %.1f s): the machine, "
              "the output or the network is slow; after wal_sender_timeout it ends the connection",
              (double)gap / 1e6, (double)w->late_us / 1.5e6);
}

static void watch_spill(watch *w, const ww_client *client)
{
    size_t open = ww_stream_open_streams(ww_client_stream(client));
    ww_client_info info;
    if (open == 0) {
        w->spilling = false;
        return;
    }
    if (w->spilling || !log_wants(WW_LOG_INFO))
        return;
    ww_client_describe(client, &info);
    w->spilling = info.spilled_bytes > w->spilled;
    w->spilled = info.spilled_bytes;
    if (w->spilling)
        report_at(WW_LOG_INFO,
                  "large transactions go to the spill file: %llu open, %llu bytes written so far",
                  (unsigned long long)open, (unsigned long long)info.spilled_bytes);
}

static void tell_once(watch *w, unsigned bit, uint64_t count, const char *what)
{
    if (count == 0 || (w->told & bit) != 0)
        return;
    w->told |= bit;
    report_at(WW_LOG_WARNING, "the server sent %s; walwire skips and counts such", what);
}

void watch_oddities(watch *w, const ww_client *client)
{
    const ww_stream_counters *c = &ww_client_stream(client)->counters;
    tell_once(w, 1, c->stray_stream_aborts,
              "a Stream Abort of a transaction that was never streamed (PostgreSQL 18 does)");
    tell_once(w, 2, c->stray_prepares, "a Prepare without Begin Prepare");
    tell_once(w, 4, c->unknown_copy_data, "CopyData of a kind that logical replication lacks");
    tell_once(w, 8, c->empty_wal_data, "WALData without a message");
}

/* ---- debug ---------------------------------------------------------------------------------- */

static void tell_position(ww_lsn *told, ww_lsn now, const char *what)
{
    char lsn[WW_LSN_TEXT_SIZE];
    if (now == *told)
        return;
    *told = now;
    ww_lsn_format(now, lsn);
    report_position(WW_LOG_DEBUG, now, "%s: %s", what, lsn);
}

static void watch_positions(watch *w, const ww_client *client)
{
    const ww_stream *stream = ww_client_stream(client);
    ww_client_info info;
    if (!log_wants(WW_LOG_DEBUG))
        return;
    ww_client_describe(client, &info);
    tell_position(&w->flushed, ww_stream_flush(stream), "delivered");
    tell_position(&w->saved, info.saved, "position saved");
    tell_position(&w->reported, ww_stream_reported(stream), "acknowledged");
}

void watch_relation(const ww_event *ev)
{
    const ww_relation *r = ev->relation;
    if (r == NULL || !log_wants(WW_LOG_DEBUG))
        return;
    report_at(WW_LOG_DEBUG, "definition of table %.*s.%.*s, columns: %u", (int)r->nspname.len,
              (const char *)r->nspname.ptr, (int)r->relname.len, (const char *)r->relname.ptr,
              (unsigned)r->ncols);
}

/* ---- all of it ------------------------------------------------------------------------------ */

void watch_update(watch *w, const ww_client *client)
{
    watch_feedback(w, client);
    watch_spill(w, client);
    watch_oddities(w, client);
    watch_positions(w, client);
}
