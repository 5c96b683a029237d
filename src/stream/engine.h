/* SPDX-License-Identifier: MIT */
/* engine.h: what the files of the replication engine know of each other. */
#ifndef WALWIRE_STREAM_ENGINE_H
#define WALWIRE_STREAM_ENGINE_H

#include <walwire/stream.h>

/* Makes `status` and `what` the engine's one error, and returns it. A gap also holds flush. */
ww_status ww__stream_fail(ww_stream *s, ww_status status, const char *what);

/* Counts the unit that `ev` ends as handed out. Its WALData is s->pending. */
ww_status ww__stream_hand_out(ww_stream *s, const ww_event *ev);

/* The server said that everything that commits up to `end` has been sent. */
void ww__stream_heard(ww_stream *s, ww_lsn end, ww_mono_us now);

/* Lets flush follow the last keepalive if nothing stands against it any more. */
void ww__stream_settle(ww_stream *s, ww_mono_us now);

/* What a feedback sent now would say. */
ww_lsn ww__stream_reportable(const ww_stream *s);

#endif
