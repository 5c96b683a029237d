/* SPDX-License-Identifier: MIT */
/* marks.h: which unit ends at which offset of the output: a bounded queue. When it is full the two
 * newest marks become one, the later: a unit may count as delivered later than it could, never
 * earlier. */
#ifndef WALWIRE_SINK_MARKS_H
#define WALWIRE_SINK_MARKS_H

#include <walwire/base.h>

#define WW__MARKS_MAX 1024u

typedef struct ww__mark {
    uint64_t offset;
    ww_lsn end_lsn;
} ww__mark;

typedef struct ww__marks {
    ww__mark items[WW__MARKS_MAX];
    size_t first, count;
} ww__marks;

void ww__marks_add(ww__marks *m, uint64_t offset, ww_lsn end_lsn);
/* Removes all marks up to `offset` and returns the newest of them; end_lsn 0 if there was none. */
ww__mark ww__marks_take(ww__marks *m, uint64_t offset);
/* The newest mark; end_lsn 0 if there is none. */
ww__mark ww__marks_last(const ww__marks *m);

#endif
