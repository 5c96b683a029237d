/* SPDX-License-Identifier: MIT */
/* streamed.c: S E c A, the frames of transactions that are sent before they commit. */
#include "messages.h"

void ww__read_stream_start(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ev->stream_start.xid = ww__xid(r);
    ev->stream_start.first_segment = ww__flags(r, 1) != 0;
}

void ww__read_stream_stop(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    (void)r;
    (void)ev;
}

void ww__read_stream_commit(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ev->stream_commit.xid = ww__xid(r);
    ww__flags(r, 0);
    ev->stream_commit.commit_lsn = ww__lsn(r);
    ev->stream_commit.end_lsn = ww__lsn(r);
    ev->stream_commit.commit_time = ww__time(r);
}

/* The tail comes with streaming=parallel only, whatever the protocol version: its presence shows
 * in the length. Its LSN may be 0: a transaction that a crash ended has no abort record. */
void ww__read_stream_abort(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ev->stream_abort.xid = ww__xid(r);
    ev->stream_abort.subxid = ww__xid(r);
    ev->stream_abort.abort_lsn = 0;
    ev->stream_abort.abort_time.us = 0;
    if (ww__left(r) > 0) {
        ev->stream_abort.abort_lsn = ww__u64(r);
        ev->stream_abort.abort_time = ww__time(r);
    }
}
