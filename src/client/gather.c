/* SPDX-License-Identifier: MIT */
/* gather.c: when to receive, when to nap so that more comes together, when to wait: what
 * stream/gather.h decides, done to this connection.
 *
 * A nap is counted from the last receive on: a caller that takes its time has napped already. */
#include "client.h"
#include "session.h"

#include <string.h>

#define HEADER_BYTES 30u            /* around a message: CopyData and WALData */
#define STALL_US UINT64_C(20000)    /* a piece of a message, and nothing more: the window's fault */
#define LOOK_US UINT64_C(20000)     /* the kernel changes a receive buffer by itself */
#define LOW_WATER ((size_t)4 << 20) /* more than a nap gathers */

static bool speaks_pgoutput(const ww_client *c)
{
    return c->config.plugin == NULL || strcmp(c->config.plugin, "pgoutput") == 0;
}

static ww__gather_path find_path(const ww_client *c, uint32_t *rtt_us)
{
    switch (ww_sock_path(c->session->sock, rtt_us)) {
    case WW_PATH_UNIX:
        return WW__GATHER_UNIX;
    case WW_PATH_NEAR:
        return WW__GATHER_NEAR;
    case WW_PATH_FAR:
        return WW__GATHER_FAR;
    default:
        return WW__GATHER_OFF;
    }
}

void ww__gather_begin(ww_client *c)
{
    ww__gather_path path = WW__GATHER_OFF;
    uint32_t rtt_us = 0;
    memset(&c->batch, 0, sizeof c->batch);
    if (c->config.gather == WW_GATHER_AUTO && speaks_pgoutput(c))
        path = find_path(c, &rtt_us);
    ww__gather_init(&c->gather, path, rtt_us);
    if (c->gather.small_window)
        ww_sock_window(c->session->sock, WW__GATHER_WINDOW);
    if (c->gather.path == WW__GATHER_UNIX) /* both ends have the system's default */
        c->batch.capacity = ww_sock_buffer_size(c->session->sock, true);
    c->batch.messages = c->stream.counters.wal_messages;
    c->batch.bytes = c->stream.counters.wal_bytes;
}

bool ww__gather_wants_read(const ww_client *c)
{
    return !c->batch.sated;
}

/* ---- a receive ------------------------------------------------------------------------------ */

static bool is_partial(const ww_session *s)
{
    return s->conn.in_end > s->conn.in_start || ww_sock_in_record(s->sock);
}

void ww__gather_note(ww_client *c, ww_status st)
{
    const ww_session *s = c->session;
    if (st == WW_OK) /* a short one has taken all that there was */
        c->batch.sated = !s->read_full && !ww__gather_is_long(&c->gather, s->read_len);
    if (c->gather.path == WW__GATHER_OFF)
        return;
    if (st == WW_OK) {
        c->batch.stall_at = 0;
    } else if (st == WW_MORE && c->batch.stall_at != 0 && c->now.mono_us >= c->batch.stall_at) {
        ww__gather_give_up_window(&c->gather, c->now.mono_us);
        ww_sock_window(s->sock, 0);
        c->batch.stall_at = 0;
        c->batch.stalls++;
    }
    if (c->batch.napped) {
        ww_sock_low_water(s->sock, 1); /* whoever polls next waits for a byte */
        c->batch.naps++;
        c->batch.napped_us += c->now.mono_us - c->batch.read_at;
        c->batch.since = c->batch.read_at;
    }
    c->batch.napped = false;
    c->batch.until = 0;
    c->batch.read_at = c->now.mono_us;
}

/* ---- a rest --------------------------------------------------------------------------------- */

static void look_at_buffer(ww_client *c)
{
    if (c->gather.path != WW__GATHER_FAR || c->now.mono_us - c->batch.capacity_at < LOOK_US)
        return;
    c->batch.capacity = ww_sock_buffer_size(c->session->sock, false);
    c->batch.capacity_at = c->now.mono_us;
}

/* How long the nap may be; the next batch begins. */
static ww_mono_us decide(ww_client *c)
{
    ww_stream *s = &c->stream;
    ww__gather_batch b;
    ww_mono_us nap;
    bool was_small = c->gather.small_window;
    look_at_buffer(c);
    b.messages = s->counters.wal_messages - c->batch.messages;
    b.bytes = s->counters.wal_bytes - c->batch.bytes + b.messages * HEADER_BYTES;
    b.sent_at = s->times.sent_at;
    b.commit_time = s->times.commit_time;
    b.longest_gap = s->times.longest_gap;
    b.napped_us = c->batch.since != 0 ? c->batch.read_at - c->batch.since : 0;
    b.now = c->now.mono_us;
    b.capacity = c->batch.capacity;
    nap = ww__gather_decide(&c->gather, &b);
    if (c->gather.small_window)
        ww_sock_window(c->session->sock, WW__GATHER_WINDOW);
    else if (was_small)
        ww_sock_window(c->session->sock, 0);
    c->batch.messages = s->counters.wal_messages;
    c->batch.bytes = s->counters.wal_bytes;
    s->times.longest_gap = 0;
    c->batch.since = 0;
    return nap;
}

static ww_status nap_until(ww_client *c, ww_mono_us until, ww_error *err)
{
    if (c->gather.path == WW__GATHER_FAR)
        ww_sock_low_water(c->session->sock, LOW_WATER);
    c->batch.until = until;
    c->batch.napped = true;
    if (c->config.nonblocking)
        return WW_MORE;
    return ww_sock_wait(c->session->sock, 0, until, c->config.wake_fd, err);
}

static ww_status wait_for_server(ww_client *c, ww_error *err)
{
    if (c->gather.small_window && is_partial(c->session) && c->batch.stall_at == 0)
        c->batch.stall_at = c->now.mono_us + STALL_US;
    ww_sock_low_water(c->session->sock, 1);
    if (c->config.nonblocking)
        return WW_MORE;
    return ww__session_wait(c->session, ww_client_deadline(c), err);
}

ww_status ww__gather_rest(ww_client *c, ww_error *err)
{
    ww_mono_us nap;
    c->batch.sated = false;
    if (c->gather.path == WW__GATHER_OFF)
        return wait_for_server(c, err);
    nap = decide(c);
    if (nap == 0)
        return wait_for_server(c, err);
    if (c->batch.read_at + nap <= c->now.mono_us)
        return WW_OK;
    return nap_until(c, c->batch.read_at + nap, err);
}

void ww__gather_wake(ww_client *c)
{
    if (c->batch.until == 0 || c->now.mono_us < c->batch.until)
        return;
    c->batch.until = 0;
    if (c->session->sock != NULL)
        ww_sock_low_water(c->session->sock, 1);
}

ww_mono_us ww__gather_due(const ww_client *c)
{
    if (c->batch.until != 0)
        return c->batch.until;
    return c->batch.stall_at > c->now.mono_us ? c->batch.stall_at : WW_MONO_NEVER;
}

void ww__gather_describe(const ww_client *c, ww_client_gathering *out)
{
    static const ww_path paths[] = {WW_PATH_UNKNOWN, WW_PATH_UNIX, WW_PATH_NEAR, WW_PATH_FAR};
    out->path = paths[c->gather.path];
    out->small_window = c->gather.small_window;
    out->recv_calls = c->session->sock != NULL ? ww_sock_recv_calls(c->session->sock) : 0;
    out->naps = c->batch.naps;
    out->napped_us = c->batch.napped_us;
    out->longest_us = c->gather.harmless_us;
    out->stalls = c->batch.stalls;
}
