/* SPDX-License-Identifier: MIT */
/* output.c: the event loop's sink side. Invariant: bytes reach the sink in order and once; a unit
 * is confirmed to the client only after the sink says that it was delivered. */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE ((size_t)256 << 10)
#define SHUTDOWN_US UINT64_C(10000000) /* after a signal: how long a blocked sink is waited for */

static ww_mono_us earlier(ww_mono_us a, ww_mono_us b)
{
    return a < b ? a : b;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static int milliseconds_until(ww_mono_us deadline)
{
    ww_mono_us now = ww_clock_now().mono_us;
    if (deadline == WW_MONO_NEVER)
        return -1;
    if (deadline <= now)
        return 0;
    return deadline - now > 3600000000u ? 3600000 : (int)((deadline - now + 999) / 1000);
}

/* A signal that comes while we wait starts the clock of the shutdown. */
static void note_signal(output *w)
{
    if (!signals_stop() || w->give_up_at != WW_MONO_NEVER)
        return;
    signals_acknowledge();
    w->give_up_at = ww_clock_now().mono_us + SHUTDOWN_US;
}

/* The reader of a pipe went away while there was nothing to write. */
static bool fail_reader_gone(output *w)
{
    ww_error_clear(&w->error);
    w->error.status = WW_ERR_IO;
    w->error.what = "the output's reader is gone";
    w->error.sys_errno = EPIPE;
    return false;
}

/* Polls sink (if it is to be written) and server (if it is to be read). */
static bool wait_for(output *w, bool sink, bool server, ww_mono_us deadline)
{
    struct pollfd fds[3];
    nfds_t n = 2;
    fds[0].fd = signals_fd();
    fds[0].events = POLLIN;
    fds[1].fd = sink || ww_sink_kind_of(w->sink) == WW_SINK_PIPE ? ww_sink_fd(w->sink) : -1;
    fds[1].events = sink ? POLLOUT : 0;
    if (w->client != NULL && server) {
        fds[2].fd = ww_client_fd(w->client);
        fds[2].events = ww_client_poll_events(w->client);
        n = 3;
    }
    if (poll(fds, n, milliseconds_until(deadline)) < 0)
        fds[1].revents = 0; /* EINTR: a signal */
    note_signal(w);
    if (ww_sink_kind_of(w->sink) == WW_SINK_PIPE && (fds[1].revents & POLLERR) != 0)
        return fail_reader_gone(w);
    return true;
}

/* ---- handing over --------------------------------------------------------------------------- */

static bool failed(output *w)
{
    return w->error.status < 0;
}

static bool fail_gave_up(output *w)
{
    ww_error_clear(&w->error);
    w->error.status = WW_ERR_TIMEOUT;
    w->error.what =
        "the output took nothing for 10 s after the signal; what it did not take is not "
        "acknowledged";
    return false;
}

static ww_mono_us sending_deadline(const output *w)
{
    return w->client != NULL ? earlier(ww_client_deadline(w->client), w->give_up_at)
                             : w->give_up_at;
}

/* Writes all of it, waiting for the sink; the server hears from us meanwhile. */
static bool write_all(output *w, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t n = 0;
        ww_status st = ww_sink_write(w->sink, bytes, len, &n, &w->error);
        if (st < 0)
            return false;
        bytes += n;
        len -= n;
        if (st != WW_MORE)
            continue;
        if (ww_clock_now().mono_us >= w->give_up_at)
            return fail_gave_up(w);
        if (!wait_for(w, true, false, sending_deadline(w)))
            return false;
        if (w->client != NULL)
            ww_client_feedback(w->client, NULL); /* a lost connection shows at the next event */
    }
    return true;
}

static bool flush_hook(void *ctx, const uint8_t *bytes, size_t len)
{
    return write_all(ctx, bytes, len);
}

/* Writes what the sink takes without waiting. */
static bool write_some(output *w)
{
    size_t done = 0, n = 0;
    ww_status st = WW_OK;
    while (done < w->out.len && st == WW_OK) {
        st = ww_sink_write(w->sink, w->out.ptr + done, w->out.len - done, &n, &w->error);
        done += n;
    }
    if (st < 0)
        return false;
    memmove(w->out.ptr, w->out.ptr + done, w->out.len - done);
    w->out.len -= done;
    w->out.flushed += done;
    return true;
}

/* ---- units ---------------------------------------------------------------------------------- */

void output_mark(output *w, ww_lsn unit)
{
    w->unit_offset = w->out.flushed + w->out.len;
    ww_sink_mark(w->sink, w->unit_offset, unit);
}

static void confirm(output *w)
{
    ww_lsn delivered = ww_sink_delivered(w->sink);
    if (w->client != NULL && w->raw && !w->o->ack_none && w->out.len == 0 &&
        !ww_sink_pending(w->sink))
        ww_client_flush_all(w->client, NULL);
    if (w->client == NULL || delivered <= w->confirmed)
        return;
    w->confirmed = delivered;
    if (w->o->ack_none)
        return;
    if (w->raw)
        ww_client_flush_to(w->client, delivered, NULL);
    else
        ww_client_confirm(w->client, delivered, NULL);
}

bool output_settle(output *w, bool idle)
{
    if (!write_some(w))
        return false;
    if (ww_sink_sync(w->sink, ww_clock_now().mono_us, idle, &w->error) < 0)
        return false;
    confirm(w);
    return true;
}

bool output_wait(output *w)
{
    ww_mono_us now = ww_clock_now().mono_us;
    ww_mono_us deadline = earlier(ww_sink_deadline(w->sink, now), ww_client_deadline(w->client));
    return wait_for(w, w->out.len > 0, true, earlier(deadline, w->give_up_at));
}

/* ---- life ----------------------------------------------------------------------------------- */

bool output_open(output *w, const options *o)
{
    memset(w, 0, sizeof *w);
    w->o = o;
    w->give_up_at = WW_MONO_NEVER;
    ww_error_clear(&w->error);
    if (ww_sink_open(&w->sink, o->file, o->fsync_interval_us, &w->error) < 0)
        return false;
    w->buffer = malloc(BUFFER_SIZE);
    if (w->buffer == NULL) {
        w->error.status = WW_ERR_NOMEM;
        w->error.what = "no memory for the output buffer";
        return false;
    }
    w->out.ptr = w->buffer;
    w->out.cap = BUFFER_SIZE;
    w->out.flush = flush_hook;
    w->out.flush_ctx = w;
    return true;
}

void output_close(output *w)
{
    ww_sink_close(w->sink);
    free(w->buffer);
}

/* Drops what belongs to no whole unit, from our buffer and from the file. */
bool output_cut(output *w)
{
    if (failed(w) || ww_sink_kind_of(w->sink) != WW_SINK_FILE)
        return !failed(w);
    w->out.len = w->unit_offset > w->out.flushed ? (size_t)(w->unit_offset - w->out.flushed) : 0;
    if (ww_sink_cut(w->sink, &w->error) < 0)
        return false;
    if (w->out.flushed > w->unit_offset)
        w->out.flushed = w->unit_offset;
    return true;
}

bool output_finish(output *w, bool cut)
{
    if (failed(w) || (cut && !output_cut(w)) || !write_all(w, w->out.ptr, w->out.len))
        return false;
    w->out.flushed += w->out.len;
    w->out.len = 0;
    if (w->give_up_at == WW_MONO_NEVER && signals_stop())
        w->give_up_at = ww_clock_now().mono_us + SHUTDOWN_US;
    while (output_settle(w, true)) {
        ww_mono_us now = ww_clock_now().mono_us;
        if (!ww_sink_pending(w->sink) || now >= w->give_up_at)
            return true;
        if (!wait_for(w, false, false,
                      earlier(ww_sink_deadline(w->sink, now), sending_deadline(w))))
            return false;
        if (w->client != NULL)
            ww_client_feedback(w->client, NULL);
    }
    return false;
}

int output_exit_code(const output *w)
{
    if (w->error.status == WW_ERR_USAGE || w->error.status == WW_ERR_NOMEM)
        return report_and_exit_code(&w->error);
    if (w->error.sys_errno != EPIPE)
        report_error(&w->error);
    return EXIT_OUTPUT;
}
