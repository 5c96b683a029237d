/* SPDX-License-Identifier: MIT */
/* engine.h: what the files of the replication engine know of each other. */
#ifndef WALWIRE_STREAM_ENGINE_H
#define WALWIRE_STREAM_ENGINE_H

#include <walwire/stream.h>

/* Makes `status` and `what` the engine's one error, and returns it. A gap also holds flush. */
ww_status ww__stream_fail(ww_stream *s, ww_status status, const char *what);

/* track.c: moves on by one event and completes it with its place. WW_MORE: it is not to be handed
 * out. An event out of a replay is followed like one from the server. */
ww_status ww__stream_follow(ww_stream *s, ww_event *ev);

/* Which transaction is open from now on. */
void ww__stream_enter(ww_stream *s, uint32_t xid, ww_lsn final_lsn, ww_pg_time commit_time);
void ww__stream_leave(ww_stream *s);

/* Says in `ev` where it came from and which transaction is open. */
void ww__stream_place(const ww_stream *s, ww_event *ev);
/* The transaction of a message that stands alone and names it itself. */
void ww__stream_name(ww_event *ev, uint32_t xid, ww_lsn final_lsn, ww_pg_time commit_time,
                     ww_slice gid);

/* confirm.c: counts the unit that `ev` ends as handed out. Its WALData is s->pending. */
ww_status ww__stream_hand_out(ww_stream *s, const ww_event *ev);

/* The server said that everything that commits up to `end` has been sent. */
void ww__stream_heard(ww_stream *s, ww_lsn end, ww_mono_us now);

/* Lets flush follow the last keepalive if nothing stands against it any more. */
void ww__stream_settle(ww_stream *s, ww_mono_us now);

/* stream.c: (re)starts the decoder as the configuration says. */
void ww__stream_start_decoder(ww_stream *s);

/* restart.c: an event while a restarted transaction is awaited or open. WW_MORE: it was handed out
 * before the restart. */
ww_status ww__stream_resume(ww_stream *s, const ww_event *ev);
/* A keepalive: ERR_GAP if the server has passed the awaited transaction without sending it. */
void ww__stream_check_resumed(ww_stream *s, ww_lsn end);

/* feedback.c: what a feedback sent now would say. */
ww_lsn ww__stream_reportable(const ww_stream *s);

#endif
