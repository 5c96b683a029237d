/* SPDX-License-Identifier: MIT */
/* output.c: the event loop's sink side. Invariant: bytes reach the sink in order and once; a unit
 * is confirmed to the client only after the sink says that it was delivered. */
#include "output.h"

#include "live.h"

#include "base/out.h"
#include "base/utf8.h"
#include "net/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)256 << 10)
#define RETRY_US UINT64_C(10000)      /* between two attempts at a feedback that cannot be sent */
#define ASKING_US UINT64_C(1000000)   /* a server that asks so long wants to shut down ... */
#define PATIENCE_US UINT64_C(1000000) /* so long nobody wonders what a signal led to */
#define ASKED_US UINT64_C(200000)     /* ... if it never paused for that long */

static ww_mono_us earlier(ww_mono_us a, ww_mono_us b)
{
    return a < b ? a : b;
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* Only the first call matters. */
static void limit_waiting(output *w)
{
    w->give_up_at = earlier(w->give_up_at, ww_clock_mono() + w->o->shutdown_timeout_us);
}

static void note_signal(output *w)
{
    if (!signals_stop() || w->signal_noted)
        return;
    w->signal_noted = true;
    signals_acknowledge();
    limit_waiting(w);
    w->say_waiting_at = ww_clock_mono() + PATIENCE_US;
}

static const char *what_is_waited_for(const output *w)
{
    if (w->acks.on && w->client != NULL && acks_waiting(&w->acks, w->client) > 0)
        return "the consumer's acknowledgements";
    return w->out.len > 0 || ww_sink_pending(w->sink) ? "the output's reader"
                                                      : "the rest of the transaction";
}

/* For whoever typed Ctrl-C; where nobody sits at a terminal it is no more than what goes on. */
static void say_waiting(output *w)
{
    if (w->say_waiting_at == WW_MONO_NEVER || ww_clock_mono() < w->say_waiting_at)
        return;
    w->say_waiting_at = WW_MONO_NEVER;
    report_at(isatty(STDERR_FILENO) == 1 ? WW_LOG_WARNING : WW_LOG_INFO,
              "waiting for %s, %.0f s at most; a second signal (Ctrl-C again) ends it at once",
              what_is_waited_for(w), (double)w->o->shutdown_timeout_us / 1e6);
}

bool output_is_pressed(const output *w)
{
    return signals_any() || w->acks.ended;
}

bool output_stop_asked(output *w)
{
    note_signal(w);
    if (w->client == NULL || !acks_over(&w->acks, w->client))
        return signals_stop();
    limit_waiting(w);
    return true;
}

/* What the consumer has acknowledged; w->error if that is nonsense. */
static bool read_acks(output *w)
{
    return w->client == NULL || acks_read(&w->acks, w->client, &w->error) == WW_OK;
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

static struct pollfd poll_for(int fd, short events)
{
    struct pollfd item = {fd, events, 0}; /* -1: poll() ignores it */
    return item;
}

enum { POLL_SIGNALS, POLL_HANGUP, POLL_SINK, POLL_ACKS, POLL_SERVER, POLLED };

/* Polls sink (if it is to be written) and server (if it is to be read). Acknowledgements are taken
 * before a reader that is gone is looked at: its last ones count. */
static bool wait_for(output *w, bool sink, bool server, ww_mono_us deadline, ww_mono_us now)
{
    struct pollfd fds[POLLED];
    bool pipe = ww_sink_kind_of(w->sink) == WW_SINK_PIPE;
    bool read_server = w->client != NULL && server;
    deadline = earlier(earlier(deadline, live_deadline(w->live)), w->say_waiting_at);
    fds[POLL_SIGNALS] = poll_for(signals_fd(), POLLIN);
    fds[POLL_HANGUP] = poll_for(signals_hangup_fd(), POLLIN);
    fds[POLL_SINK] = poll_for(sink || pipe ? ww_sink_fd(w->sink) : -1, sink ? POLLOUT : 0);
    fds[POLL_ACKS] = poll_for(w->client != NULL ? w->acks.fd : -1, POLLIN);
    fds[POLL_SERVER] = poll_for(read_server ? ww_client_fd(w->client) : -1,
                                read_server ? ww_client_poll_events(w->client) : 0);
    if (ww__poll_for(fds, POLLED, ww__time_left(deadline, now)) < 0) /* EINTR: a signal */
        fds[POLL_SINK].revents = fds[POLL_HANGUP].revents = 0;
    note_signal(w);
    say_waiting(w);
    if ((fds[POLL_HANGUP].revents & POLLIN) != 0)
        signals_acknowledge_hangup();
    if (!read_acks(w))
        return false;
    if (pipe && (fds[POLL_SINK].revents & POLLERR) != 0)
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
        "the output has not taken all within --shutdown-timeout; what it did not take is not "
        "acknowledged";
    return false;
}

/* Right after a feedback, one that is still due could not be sent: the server takes nothing, or is
 * gone, which shows at the next event. It is tried again soon, but not at once for ever. */
static ww_mono_us feedback_deadline(const output *w, ww_mono_us now)
{
    ww_mono_us due;
    if (w->client == NULL)
        return WW_MONO_NEVER;
    due = ww_client_deadline(w->client);
    return due > now ? due : now + RETRY_US;
}

bool output_feedback(output *w)
{
    if (w->client != NULL && read_acks(w))
        ww_client_feedback(w->client, NULL); /* what fails shows at the next event */
    live_update(w->live, w->client);         /* now: it looks at when the last one went out */
    return !failed(w);
}

/* A unit is marked in the sink once its bytes are there, so that the sink can be cut at the last
 * one. */
static void pass_marks(output *w)
{
    ww__marks *m = &w->marks;
    while (m->count > 0 && m->items[m->first].offset <= w->taken) {
        ww__mark mark = ww__marks_take(m, m->items[m->first].offset);
        ww_sink_mark(w->sink, mark.offset, mark.end_lsn);
    }
}

/* The next run goes on behind what this one left in a file: not behind half a line. */
static bool fail_write(output *w)
{
    pass_marks(w);
    if (ww_sink_kind_of(w->sink) == WW_SINK_FILE)
        ww_sink_cut(w->sink, NULL);
    return false;
}

/* Writes all of it, waiting for the sink; the server hears from us meanwhile. */
static bool write_all(output *w, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t n = 0;
        ww_mono_us now;
        ww_status st = ww_sink_write(w->sink, bytes, len, &n, &w->error);
        w->taken += n;
        if (st < 0)
            return fail_write(w);
        bytes += n;
        len -= n;
        if (st != WW_MORE)
            continue;
        now = ww_clock_mono();
        if (now >= w->give_up_at)
            return fail_gave_up(w);
        if (!wait_for(w, true, false, earlier(feedback_deadline(w, now), w->give_up_at), now))
            return false;
        if (!output_feedback(w))
            return false;
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
        w->taken += n;
    }
    if (st < 0)
        return fail_write(w);
    memmove(w->out.ptr, w->out.ptr + done, w->out.len - done);
    w->out.len -= done;
    w->out.flushed += done;
    return true;
}

/* ---- units ---------------------------------------------------------------------------------- */

uint64_t output_offset(const output *w)
{
    return w->out.flushed + w->out.len;
}

void output_mark(output *w, ww_lsn unit)
{
    w->unit_offset = output_offset(w);
    ww__marks_add(&w->marks, w->unit_offset, unit);
    acks_unit(&w->acks, w->client, unit);
}

void output_received(output *w, ww_pg_time committed)
{
    w->last_commit = committed;
}

/* Clocks may disagree: never below 0. */
int64_t output_lag_us(const output *w, const ww_stream *stream)
{
    bool told = w->o->ack == ACK_NONE || ww_stream_reported(stream) >= ww_stream_durable(stream);
    int64_t now = ww_clock_now().wall.us;
    if (w->last_commit.us == 0 || now < w->last_commit.us || (ww_stream_idle(stream) && told))
        return 0;
    return now - w->last_commit.us;
}

void output_mark_empty(output *w, ww_lsn unit)
{
    if (w->acks.on)
        ww_client_confirm(w->client, unit, NULL);
}

static void confirm(output *w)
{
    ww_lsn delivered = ww_sink_delivered(w->sink);
    if (w->client == NULL || w->o->ack != ACK_AUTO)
        return;
    if (w->raw && w->out.len == 0 && !ww_sink_pending(w->sink))
        ww_client_flush_all(w->client, NULL); /* refused where a message was held back */
    if (delivered <= w->confirmed)
        return;
    w->confirmed = delivered;
    if (w->raw)
        ww_client_flush_to(w->client, delivered, NULL);
    else
        ww_client_confirm(w->client, delivered, NULL);
}

bool output_settle(output *w, bool idle)
{
    if (!write_some(w))
        return false;
    pass_marks(w);
    if (ww_sink_sync(w->sink, ww_clock_mono(), idle, &w->error) < 0)
        return false;
    confirm(w);
    return true;
}

bool output_full(const output *w)
{
    return acks_full(&w->acks, w->client);
}

/* A server that shuts down asks again and again until all is acknowledged. It would wait for ever
 * for a reader that does not read: say so, once. */
static void note_asking(output *w, ww_mono_us now)
{
    bool held_up = w->out.len > 0 ||
                   (w->acks.on ? acks_waiting(&w->acks, w->client) > 0 : ww_sink_pending(w->sink));
    if (!ww_stream_asked(ww_client_stream(w->client)) || !held_up)
        return;
    if (now - w->asked_last > ASKED_US)
        w->asked_first = now;
    w->asked_last = now;
    if (w->asking_told || now - w->asked_first < ASKING_US)
        return;
    w->asking_told = true;
    report_at(WW_LOG_WARNING,
              "the server keeps asking for an acknowledgement, as one does that shuts down; it "
              "waits for %s",
              w->acks.on ? "what the consumer has not acknowledged yet" : "the output's reader");
}

static bool is_napping(const ww_client *client)
{
    return ww_client_fd(client) >= 0 && ww_client_poll_events(client) == 0;
}

bool output_wait(output *w)
{
    ww_mono_us now = ww_clock_mono();
    ww_mono_us deadline = earlier(ww_sink_deadline(w->sink, now), feedback_deadline(w, now));
    if (!output_full(w) && is_napping(w->client))
        deadline = earlier(deadline, ww_client_deadline(w->client)); /* which may be over */
    note_asking(w, now);
    return wait_for(w, w->out.len > 0, !output_full(w), earlier(deadline, w->give_up_at), now);
}

/* ---- text ----------------------------------------------------------------------------------- */

static void put_for_terminal(ww_out *out, ww_slice text)
{
    while (text.len > 0) {
        char shown[16];
        uint32_t code = 0;
        size_t n = ww__utf8_decode(text.ptr, text.len, &code);
        ww_slice one = {text.ptr, n > 0 ? n : 1};
        if (code == '\n' || code == '\t')
            ww__out_byte(out, (char)code);
        else
            ww__out_put(out, shown, ww_text_escape(one, shown, sizeof shown));
        text.ptr += one.len;
        text.len -= one.len;
    }
}

bool output_put_text(output *w, ww_slice text)
{
    if (ww_sink_is_terminal(w->sink))
        put_for_terminal(&w->out, text);
    else
        ww__out_put(&w->out, text.ptr, text.len);
    ww__out_byte(&w->out, '\n');
    return w->out.status == WW_OK;
}

/* ---- life ----------------------------------------------------------------------------------- */

/* Whoever rotates a file that has a position says SIGHUP; elsewhere that ends the process. */
static bool open_kept(output *w)
{
    if (!kept_open(&w->kept, w->o, w->sink, &w->error))
        return false;
    return kept_store(&w->kept) == NULL || signals_watch_hangup();
}

bool output_open(output *w, const options *o)
{
    ww_sink_config config = WW_SINK_CONFIG_INIT;
    memset(w, 0, sizeof *w);
    w->o = o;
    w->give_up_at = w->say_waiting_at = WW_MONO_NEVER;
    ww_error_clear(&w->error);
    if (acks_open(&w->acks, o, &w->error) < 0)
        return false;
    config.path = o->file;
    config.fsync_interval_us = o->fsync_interval_us;
    config.position = kept_is_wanted(o);
    config.init = o->init;
    if (ww_sink_open(&w->sink, &config, &w->error) < 0) {
        if (!config.position && w->error.status == WW_ERR_GAP)
            w->error.status = WW_ERR_USAGE; /* nothing is missing: it is another stream's file */
        return false;
    }
    if (!open_kept(w))
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
    if (w->taken <= w->unit_offset)
        return true;
    pass_marks(w);
    if (ww_sink_cut(w->sink, &w->error) < 0)
        return false;
    w->out.flushed = w->taken = w->unit_offset;
    return true;
}

/* All that is in the buffer. */
static bool write_rest(output *w)
{
    if (!write_all(w, w->out.ptr, w->out.len))
        return false;
    w->out.flushed += w->out.len;
    w->out.len = 0;
    return true;
}

bool output_reopen(output *w)
{
    if (!signals_hangup() || output_offset(w) != w->unit_offset)
        return true;
    signals_forget_hangup();
    if (!write_rest(w))
        return false;
    pass_marks(w);
    if (ww_sink_reopen(w->sink, &w->error) < 0)
        return false;
    report_at(WW_LOG_INFO, "SIGHUP: %s is opened anew", w->o->file);
    return true;
}

static bool undelivered(const output *w)
{
    if (w->acks.on && w->client != NULL)
        return acks_waiting(&w->acks, w->client) > 0 && !w->acks.ended;
    return ww_sink_pending(w->sink);
}

/* How long what is delivered is waited for: a consumer that still acknowledges is not given up. */
static ww_mono_us last_moment(const output *w, ww_mono_us since)
{
    if (!w->acks.on)
        return w->give_up_at;
    if (w->acks.heard_at > since)
        since = w->acks.heard_at;
    return earlier(w->give_up_at, since + w->o->shutdown_timeout_us);
}

bool output_finish(output *w)
{
    ww_mono_us since;
    if (failed(w) || !output_cut(w) || !write_rest(w))
        return false;
    since = ww_clock_mono();
    while (output_settle(w, true)) {
        ww_mono_us now = ww_clock_mono(), last = last_moment(w, since);
        if (!undelivered(w) || now >= last)
            return true;
        last = earlier(last, earlier(ww_sink_deadline(w->sink, now), feedback_deadline(w, now)));
        if (!wait_for(w, false, false, last, now) || !output_feedback(w))
            return false;
    }
    return false;
}

bool output_acknowledged(const output *w)
{
    size_t n = w->client != NULL ? acks_waiting(&w->acks, w->client) : 0;
    if (w->client != NULL)
        acks_warn_ahead(&w->acks, w->client);
    if (n > 0)
        report("%zu transaction%s not acknowledged%s; what is not comes again", n,
               n == 1 ? " was" : "s were",
               w->acks.ended ? " when the acknowledgements ended" : " within --shutdown-timeout");
    return n == 0;
}

bool output_tidy(output *w)
{
    ww_error ignored;
    if (w->sink != NULL && ww_sink_kind_of(w->sink) == WW_SINK_FILE) {
        pass_marks(w);
        ww_sink_cut(w->sink, NULL);
    }
    if (!w->acks.on || w->acks.bad)
        return false;
    acks_read(&w->acks, w->client, &ignored);
    return !w->acks.bad;
}

void output_salvage(output *w)
{
    w->client = NULL;
    limit_waiting(w);
    if (failed(w) || !output_cut(w))
        return;
    if (w->unit_offset >= w->out.flushed) /* else a part is out already: its last line is ended */
        w->out.len = (size_t)(w->unit_offset - w->out.flushed);
    if (!write_rest(w))
        return;
    pass_marks(w);
    if (ww_sink_sync(w->sink, ww_clock_mono(), true, &w->error) >= 0)
        ww_sink_keep(w->sink, &w->error);
}

int output_exit_code(const output *w)
{
    if (w->error.status == WW_ERR_USAGE || w->error.status == WW_ERR_NOMEM ||
        w->error.status == WW_ERR_GAP)
        return report_and_exit_code(&w->error);
    if (w->error.sys_errno != EPIPE)
        report_error(&w->error);
    return EXIT_OUTPUT;
}
