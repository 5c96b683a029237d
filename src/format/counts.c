/* SPDX-License-Identifier: MIT */
/* counts.c: how many events each collection has had in the open transaction. The counters live
 * in the render plans, so that counting a row is no look-up; this file links those that counted
 * something. */
#include "render.h"

uint64_t ww__counts_add(ww__counts *counts, ww__counter *counter)
{
    if (counter->count == 0) {
        counter->next = NULL;
        if (counts->last != NULL)
            counts->last->next = counter;
        else
            counts->first = counter;
        counts->last = counter;
    }
    counts->total++;
    return ++counter->count;
}

static void forget(ww_format *f)
{
    ww__counter *c = f->counts.first;
    while (c != NULL) {
        ww__counter *next = c->next;
        c->count = 0;
        c->next = NULL;
        if (c->orphan != NULL)
            ww__plan_free(f, c->orphan);
        c = next;
    }
    memset(&f->counts, 0, sizeof f->counts);
}

void ww__counts_follow(ww_format *f, uint32_t xid, ww_lsn final_lsn)
{
    if (f->counts.xid == xid && f->counts.final_lsn == final_lsn)
        return;
    forget(f);
    f->counts.xid = xid;
    f->counts.final_lsn = final_lsn;
}

/* Puts `now` into the list where `old` was. */
static void take_over(ww__counts *counts, ww__counter *old, ww__counter *now)
{
    ww__counter **link = &counts->first;
    while (*link != old)
        link = &(*link)->next;
    *link = now;
    if (counts->last == old)
        counts->last = now;
    now->next = old->next;
    now->count = old->count;
}

bool ww__counts_replace(ww_format *f, ww__plan *old, ww__plan *now)
{
    if (old->counter.count > 0 && !ww_slice_equal(old->counter.label, now->counter.label)) {
        if (f->counts.orphans == WW__MAX_ORPHANS)
            return false;
        f->counts.orphans++;
        old->counter.orphan = old;
        return true;
    }
    if (old->counter.count > 0)
        take_over(&f->counts, &old->counter, &now->counter);
    ww__plan_free(f, old);
    return true;
}
