/* SPDX-License-Identifier: MIT */
/* marks.c: the queue of unit ends. */
#include "marks.h"

static ww__mark *at(ww__marks *m, size_t i)
{
    return &m->items[(m->first + i) % WW__MARKS_MAX];
}

void ww__marks_add(ww__marks *m, uint64_t offset, ww_lsn end_lsn)
{
    ww__mark *last = m->count > 0 ? at(m, m->count - 1) : NULL;
    if (last == NULL || (last->offset != offset && m->count < WW__MARKS_MAX))
        last = at(m, m->count++);
    last->offset = offset;
    last->end_lsn = end_lsn;
}

ww__mark ww__marks_take(ww__marks *m, uint64_t offset)
{
    ww__mark taken = {0, 0};
    while (m->count > 0 && at(m, 0)->offset <= offset) {
        taken = *at(m, 0);
        m->first = (m->first + 1) % WW__MARKS_MAX;
        m->count--;
    }
    return taken;
}

ww__mark ww__marks_last(const ww__marks *m)
{
    ww__mark none = {0, 0};
    return m->count > 0 ? m->items[(m->first + m->count - 1) % WW__MARKS_MAX] : none;
}
