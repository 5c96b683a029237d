/* SPDX-License-Identifier: MIT */
/* parts.h: a sink's parts, shared by the files of this room. */
#ifndef WALWIRE_SINK_PARTS_H
#define WALWIRE_SINK_PARTS_H

#include "marks.h"
#include "place.h"
#include "target.h"

/* A file's position. */
typedef struct ww__keep {
    ww_position_store store; /* its ctx is the sink */
    ww__place place;
    char *beside;            /* its path */
    uint64_t device, inode;  /* of the file */
    uint64_t found_size;     /* of the file, when it was opened */
    uint64_t offset;         /* in the file: the end of the last unit that is synced */
    ww_lsn end_lsn;          /* that unit's; 0: none */
    uint64_t rotated_offset; /* where the file that was renamed away ends whole; 0: none was */
    uint64_t tail_offset, tail; /* what the first save found behind the position; later 0 */
    bool tail_cut;
    bool wanted; /* a position is to be kept */
    bool on;     /* it is */
    bool init;
    bool begun; /* saved once: the file was cut, and may be written */
} ww__keep;

struct ww_sink {
    ww__target to;
    char *path;       /* of a regular file that was opened by its path; otherwise NULL */
    const char *lost; /* nothing may be written any more, because of this */
    uint64_t written;
    uint64_t safe;
    uint64_t unit_end; /* offset of the newest mark */
    ww_lsn marked;     /* the newest unit that was marked */
    ww_lsn delivered;
    ww_mono_us interval_us, synced_at;
    ww__marks marks;
    ww__keep keep;
};

/* sink.c: ERR_IO, now and from now on. `why` is static text. */
ww_status ww__sink_lose(ww_sink *s, const char *why, int code, ww_error *err);
/* ERR_IO if it is lost. */
ww_status ww__sink_check(const ww_sink *s, ww_error *err);
/* File: what was written is on disk; with a position, also where we think it is. */
ww_status ww__sink_flush(ww_sink *s, ww_error *err);

/* keep.c: of a regular file opened by its path: finds where to go on, by what is kept beside it. */
ww_status ww__keep_open(ww_sink *s, const ww_sink_config *config, ww_error *err);
/* What was created and never came to hold anything goes again. */
void ww__keep_discard(ww_sink *s);
/* rotate.c needs them, too. fsync(), interrupted or not. False: errno. */
bool ww__keep_sync(int fd);
/* Which file it is, and how long. */
ww_status ww__keep_find_file(ww_sink *s, ww_error *err);
/* What is to be kept as things stand here; what was acknowledged does not go back. */
ww__kept ww__keep_here(const ww__keep *k);
/* A unit is synced that ends at this offset of the file. */
void ww__keep_note(ww__keep *k, uint64_t offset, ww_lsn end_lsn);

#endif
