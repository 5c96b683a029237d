/* SPDX-License-Identifier: MIT */
/* place.h: the file that a position is kept in: locked, read once, written for good. */
#ifndef WALWIRE_SINK_PLACE_H
#define WALWIRE_SINK_PLACE_H

#include "slots.h"

typedef struct ww__place {
    int fd;
    uint64_t sequence; /* of `kept`; 0: nothing was kept yet */
    ww__kept kept;     /* what the newest slot holds */
    bool ours;         /* we wrote `kept`: of a process that was killed it may not be on the disk */
    ww_status found;   /* at open: WW_OK, WW_END or ERR_GAP (ww__slots_newest) */
    bool created;      /* the file is new, made here */
    bool lost;         /* a write or sync failed: nobody knows any more what is in the file */
    char path[256];    /* for messages */
} ww__place;

/* Creates it 0600 if it is missing, never through a symbolic link; locks it and reads it. ERR_IO:
 * also where another process holds it. That what it holds is no position is said by `found`. */
ww_status ww__place_open(ww__place *p, const char *path, ww_error *err);
void ww__place_close(ww__place *p);
/* Reads a place that is not ours, without making or locking anything. WW_END: nothing is kept
 * there. ERR_GAP: something is there that cannot be read. */
ww_status ww__place_peek(const char *path, ww__kept *out);
/* True if something is kept in this file, readable or not. */
bool ww__place_is(const char *path);

/* ERR_GAP: there is something in it, which is no position. */
ww_status ww__place_fail_gap(const ww__place *p, ww_error *err);
/* Kept for good when it returns WW_OK; what we kept already is not written again. Replaces even
 * what could not be read. Errors are final. */
ww_status ww__place_save(ww__place *p, const ww__kept *kept, ww_error *err);

/* Syncs the directory of this path, so that a new file is found in it after a crash. Returns an
 * errno, or 0. Directories that may not be read or cannot be synced are left to the system. */
int ww__sync_directory_of(const char *path);

#endif
