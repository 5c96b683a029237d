/* SPDX-License-Identifier: MIT */
/* twophase.c: b P K r p, the frames of prepared transactions. */
#include "messages.h"

/* GIDSIZE of the server, less its NUL. */
#define GID_MAX 199u

static ww_slice read_gid(ww__reader *r)
{
    ww_slice gid = ww__cstr(r);
    if (gid.len > GID_MAX)
        ww__break(r, "a gid is longer than 199 bytes", gid.len + 1);
    return gid;
}

void ww__read_begin_prepare(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ev->prepare.prepare_lsn = ww__lsn(r);
    ev->prepare.end_lsn = ww__lsn(r);
    ev->prepare.prepare_time = ww__time(r);
    ev->prepare.xid = ww__xid(r);
    ev->prepare.gid = read_gid(r);
}

/* P and p. */
void ww__read_prepare(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ww__flags(r, 0);
    ww__read_begin_prepare(d, r, ev);
}

void ww__read_commit_prepared(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ww__flags(r, 0);
    ev->commit_prepared.commit_lsn = ww__lsn(r);
    ev->commit_prepared.end_lsn = ww__lsn(r);
    ev->commit_prepared.commit_time = ww__time(r);
    ev->commit_prepared.xid = ww__xid(r);
    ev->commit_prepared.gid = read_gid(r);
}

/* prepare_end_lsn may be 0: some servers send this for a PREPARE that they never decoded. */
void ww__read_rollback_prepared(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    (void)d;
    ww__flags(r, 0);
    ev->rollback_prepared.prepare_end_lsn = ww__u64(r);
    ev->rollback_prepared.rollback_end_lsn = ww__lsn(r);
    ev->rollback_prepared.prepare_time = ww__time(r);
    ev->rollback_prepared.rollback_time = ww__time(r);
    ev->rollback_prepared.xid = ww__xid(r);
    ev->rollback_prepared.gid = read_gid(r);
}
