/* SPDX-License-Identifier: MIT */
/* feedback.c: when a status update ('r') is due, and its 34 bytes.
 *
 * Three clocks: the status interval keeps the connection alive, the acknowledgement interval bounds
 * how long a moved flush stays untold, and a server that asks is answered at once, whatever is
 * open. A server that shuts down asks again after each answer until flush has reached its end of
 * WAL: while nothing moves, such answers are spaced, or the two would do nothing else. */
#include "engine.h"

#include "base/reader.h"
#include "base/writer.h"

/* Offsets in the message: 'r', write, flush, apply, client time, reply requested */
enum { WRITE_AT = 1, FLUSH_AT = 9 };

static ww_mono_us later(ww_mono_us at, ww_mono_us by)
{
    return by < WW_MONO_NEVER - at ? at + by : WW_MONO_NEVER;
}

static ww_mono_us sooner(ww_mono_us a, ww_mono_us b)
{
    return a < b ? a : b;
}

ww_lsn ww__stream_reportable(const ww_stream *s)
{
    if (!s->flush_known)
        return 0;
    return s->config.gated ? sooner(s->flush, s->permitted) : s->flush;
}

/* Would a feedback say the same as the last one? */
static bool nothing_moved(const ww_stream *s)
{
    return s->counters.feedbacks > 0 && s->reported_write == s->received &&
           s->reported == ww__stream_reportable(s);
}

ww_mono_us ww_stream_deadline(const ww_stream *s)
{
    ww_mono_us at = later(s->last_feedback, s->config.status_interval_us);
    if (s->send_now)
        return 0;
    if (s->asked)
        at = nothing_moved(s) ? sooner(at, later(s->last_feedback, WW_REPLY_SPACING_US)) : 0;
    if (s->flush_moved)
        at = sooner(at, later(s->flush_moved_at, s->config.ack_interval_us));
    return at;
}

bool ww_stream_asked(const ww_stream *s)
{
    return s->asked || s->send_now;
}

void ww_stream_set_status_interval(ww_stream *s, ww_mono_us interval_us)
{
    s->config.status_interval_us = interval_us != 0 ? interval_us : WW_DEFAULT_STATUS_INTERVAL_US;
}

void ww_stream_feedback_now(ww_stream *s, bool ask_reply)
{
    s->send_now = true;
    s->ask_reply |= ask_reply;
}

const uint8_t *ww_stream_send_buf(ww_stream *s, ww_now now, size_t *len)
{
    ww__writer w = ww__writer_of(s->feedback, sizeof s->feedback);
    *len = 0;
    if (now.mono_us < ww_stream_deadline(s))
        return s->feedback;
    ww__put_u8(&w, 'r');
    ww__put_u64(&w, s->received);
    ww__put_u64(&w, ww__stream_reportable(s));
    ww__put_u64(&w, ww__stream_reportable(s));
    ww__put_u64(&w, (uint64_t)now.wall.us);
    ww__put_u8(&w, s->ask_reply);
    *len = ww__written(&w);
    return s->feedback;
}

void ww_stream_send_ack(ww_stream *s, ww_now now)
{
    s->reported_write = ww__load64(s->feedback + WRITE_AT);
    s->reported = ww__load64(s->feedback + FLUSH_AT);
    s->flush_moved = s->reported != ww__stream_reportable(s);
    s->send_now = s->asked = s->ask_reply = false;
    s->last_feedback = now.mono_us;
    s->counters.feedbacks++;
}
