/* SPDX-License-Identifier: MIT */
/* txn.c: B C O, the frame of an ordinary transaction. */
#include "messages.h"

void ww__read_begin(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ev->begin.final_lsn = ww__lsn(r);
    ev->begin.commit_time = ww__time(r);
    ev->begin.xid = ww__xid(r);
}

void ww__read_commit(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ww__flags(r, 0);
    ev->commit.commit_lsn = ww__lsn(r);
    ev->commit.end_lsn = ww__lsn(r);
    ev->commit.commit_time = ww__time(r);
}

/* Its LSN is 0 in stream blocks: the origin's commit is not known yet. */
void ww__read_origin(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    if (!d->just_opened && !d->loose_order)
        ww__break(r, "an Origin must directly follow what opened the transaction", 1);
    ev->origin.commit_lsn = ww__u64(r);
    ev->origin.name = ww__cstr(r);
}
