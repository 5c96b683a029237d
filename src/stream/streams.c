/* SPDX-License-Identifier: MIT */
/* streams.c: the streamed transactions that are open, by xid, and what of them was rolled back.
 *
 * A hash table with linear probing, at most three quarters full; removing closes the gap, so that
 * no search passes a free place. It is looked at once per block, not per change. */
#include "assembly.h"

#include "base/error.h"

#include <string.h>

enum { FIRST_CAP = 16 };

static size_t home_of(const ww_assembly *a, uint32_t xid)
{
    return (size_t)(xid * UINT32_C(2654435769) >> 7) & (a->table_cap - 1);
}

static ww__open_stream *find_place(const ww_assembly *a, uint32_t xid)
{
    size_t at = home_of(a, xid);
    while (a->table[at].xid != 0 && a->table[at].xid != xid)
        at = (at + 1) & (a->table_cap - 1);
    return &a->table[at];
}

ww__open_stream *ww__streams_find(const ww_assembly *a, uint32_t xid)
{
    ww__open_stream *o = a->open > 0 ? find_place(a, xid) : NULL;
    return o != NULL && o->xid == xid ? o : NULL;
}

static bool grow(ww_stream *s)
{
    const ww_alloc *alloc = s->config.alloc;
    ww_assembly *a = s->assembly;
    ww__open_stream *old = a->table, *table;
    size_t old_cap = a->table_cap, cap = old_cap > 0 ? 2 * old_cap : FIRST_CAP, i;

    if (cap > SIZE_MAX / sizeof *table)
        return false;
    table = alloc->resize(alloc->ctx, NULL, 0, cap * sizeof *table);
    if (table == NULL)
        return false;
    memset(table, 0, cap * sizeof *table);
    a->table = table;
    a->table_cap = cap;
    for (i = 0; i < old_cap; i++)
        if (old[i].xid != 0)
            *find_place(a, old[i].xid) = old[i];
    if (old != NULL)
        alloc->resize(alloc->ctx, old, old_cap * sizeof *old, 0);
    return true;
}

ww__open_stream *ww__streams_add(ww_stream *s, uint32_t xid)
{
    ww_assembly *a = s->assembly;
    ww__open_stream *o;
    if (a->open >= s->config.max_streams) {
        ww__stream_fail(s, WW_ERR_LIMIT, "too many streamed transactions are open");
        ww__error_add_text(&s->error, "max_streams");
        return NULL;
    }
    if (a->open + 1 > a->table_cap / 4 * 3 && !grow(s)) {
        ww__stream_fail(s, WW_ERR_NOMEM, "no memory for a streamed transaction");
        return NULL;
    }
    o = find_place(a, xid);
    o->xid = xid;
    a->open++;
    return o;
}

/* Moves up what would not be found any more with the place at `gap` free. */
static void close_gap(ww_assembly *a, size_t gap)
{
    size_t mask = a->table_cap - 1;
    size_t at = (gap + 1) & mask;
    while (a->table[at].xid != 0) {
        size_t home = home_of(a, a->table[at].xid);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            a->table[gap] = a->table[at];
            gap = at;
        }
        at = (at + 1) & mask;
    }
    memset(&a->table[gap], 0, sizeof a->table[gap]);
}

void ww__streams_remove(ww_stream *s, ww__open_stream *o)
{
    const ww_alloc *alloc = s->config.alloc;
    ww_assembly *a = s->assembly;
    if (o->spool != NULL)
        s->config.spool->drop(s->config.spool->ctx, o->spool);
    ww__copies_close(s, &o->overlay);
    if (o->aborts != NULL)
        alloc->resize(alloc->ctx, o->aborts, o->aborts_cap * sizeof *o->aborts, 0);
    a->aborts -= o->aborts_count;
    a->open--;
    close_gap(a, (size_t)(o - a->table));
}

/* ---- what was rolled back ------------------------------------------------------------------- */

static bool grow_aborts(ww_stream *s, ww__open_stream *o)
{
    const ww_alloc *alloc = s->config.alloc;
    size_t cap = o->aborts_cap > 0 ? 2 * o->aborts_cap : FIRST_CAP;
    ww__abort *aborts;
    if (cap > SIZE_MAX / sizeof *aborts)
        return false;
    aborts = alloc->resize(alloc->ctx, o->aborts, o->aborts_cap * sizeof *aborts,
                           cap * sizeof *aborts);
    if (aborts == NULL)
        return false;
    o->aborts = aborts;
    o->aborts_cap = cap;
    return true;
}

ww_status ww__streams_abort(ww_stream *s, ww__open_stream *o, uint32_t subxid)
{
    ww__abort *mark;
    if (s->assembly->aborts >= s->config.max_stream_aborts) {
        ww__stream_fail(s, WW_ERR_LIMIT, "too many rolled back sub-transactions");
        ww__error_add_text(&s->error, "max_stream_aborts");
        return WW_ERR_LIMIT;
    }
    if (o->aborts_count == o->aborts_cap && !grow_aborts(s, o))
        return ww__stream_fail(s, WW_ERR_NOMEM, "no memory for rolled back sub-transactions");
    mark = &o->aborts[o->aborts_count++];
    mark->subxid = subxid;
    mark->until = o->stored;
    if (o->aborts_count > 1 && mark[-1].subxid > subxid)
        o->unsorted = true;
    s->assembly->aborts++;
    return WW_OK;
}

static bool is_above(const ww__abort *a, const ww__abort *b)
{
    return a->subxid != b->subxid ? a->subxid > b->subxid : a->until > b->until;
}

/* Lets the abort at `i` sink to where a heap of `count` wants it. */
static void sift_down(ww__abort *aborts, size_t i, size_t count)
{
    ww__abort moved = aborts[i];
    size_t child;
    while ((child = 2 * i + 1) < count) {
        if (child + 1 < count && is_above(&aborts[child + 1], &aborts[child]))
            child++;
        if (!is_above(&aborts[child], &moved))
            break;
        aborts[i] = aborts[child];
        i = child;
    }
    aborts[i] = moved;
}

/* Heapsort: no memory, and no order of the server's makes it slow. */
void ww__streams_sort(ww__open_stream *o)
{
    size_t i;
    if (!o->unsorted)
        return;
    for (i = o->aborts_count / 2; i > 0; i--)
        sift_down(o->aborts, i - 1, o->aborts_count);
    for (i = o->aborts_count - 1; i > 0; i--) {
        ww__abort largest = o->aborts[0];
        o->aborts[0] = o->aborts[i];
        o->aborts[i] = largest;
        sift_down(o->aborts, 0, i);
    }
    o->unsorted = false;
}

const ww__abort *ww__streams_aborted(const ww__open_stream *o, uint32_t subxid)
{
    size_t low = 0, high = o->aborts_count; /* the first above lies in [low, high] */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (o->aborts[middle].subxid <= subxid)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && o->aborts[low - 1].subxid == subxid ? &o->aborts[low - 1] : NULL;
}
