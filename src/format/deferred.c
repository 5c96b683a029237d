/* SPDX-License-Identifier: MIT */
/* deferred.c: with filters, a transaction's beginning is written with the first event that passes,
 * so that a transaction of which nothing passes leaves no line. */
#include "render.h"

static void keep_gid(ww__deferred *d, ww_slice *gid)
{
    if (gid->len > sizeof d->gid) /* no decoder of ours lets that through */
        gid->len = sizeof d->gid;
    if (gid->len > 0)
        memcpy(d->gid, gid->ptr, gid->len);
    gid->ptr = d->gid;
}

void ww__begin_defer(ww_format *f, const ww_event *ev)
{
    static const ww_slice gone;
    ww__deferred *d = &f->deferred;
    d->begin = *ev;
    d->begin.raw = gone;
    if (ev->kind == WW_EV_BEGIN_PREPARE)
        keep_gid(d, &d->begin.prepare.gid);
    d->begin.gid = ev->kind == WW_EV_BEGIN_PREPARE ? d->begin.prepare.gid : gone;
    d->waits = true;
}

ww_status ww__begin_write(ww_format *f, ww_out *out, ww_error *err)
{
    if (!f->deferred.waits)
        return WW_OK;
    f->deferred.waits = false;
    return f->ops->begin != NULL ? f->ops->begin(f, &f->deferred.begin, out, err) : WW_OK;
}

bool ww__begin_drop(ww_format *f)
{
    bool waited = f->deferred.waits;
    f->deferred.waits = false;
    return waited;
}
