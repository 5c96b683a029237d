/* SPDX-License-Identifier: MIT */
/* resume.h: where in a file to go on, from what its position says of it. Pure. */
#ifndef WALWIRE_SINK_RESUME_H
#define WALWIRE_SINK_RESUME_H

#include "slots.h"

/* A file as it is found. */
typedef struct ww__found_file {
    uint64_t device, inode, size;
    bool created; /* by us, just now: its inode may be that of one that was deleted */
    bool torn;    /* where the position says that it ends whole, no line ends */
} ww__found_file;

typedef struct ww__resume {
    const char *gap; /* why there is no going on, with advice; NULL: there is */
    uint64_t offset; /* the first byte that does not count */
    bool rotated;    /* the position is of another file, which was renamed away: this one is new */
} ww__resume;

/* found, kept: what ww__slots_newest() said. */
ww__resume ww__resume_in(const ww__found_file *file, ww_status found, const ww__kept *kept);

#endif
