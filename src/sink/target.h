/* SPDX-License-Identifier: MIT */
/* target.h: what a sink writes to: a descriptor, opened or given, and what kind it is of. */
#ifndef WALWIRE_SINK_TARGET_H
#define WALWIRE_SINK_TARGET_H

#include <walwire/sink.h>

#include <sys/types.h>

typedef struct ww__target {
    ww_sink_kind kind;
    int fd;
    bool own_fd;   /* ours to close */
    bool cautious; /* write() may block: poll first, and give PIPE_BUF bytes at most */
    bool terminal;
    bool appends;   /* the descriptor writes at the end of the file, wherever that is */
    bool by_path;   /* opened here, not given */
    bool created;   /* a new file, made here */
    off_t base;     /* file: where our first byte goes */
    char path[256]; /* for messages */
} ww__target;

/* By the rules of ww_sink_open(), but for half a line at the end. After a failure nothing is left
 * open. */
ww_status ww__target_open(ww__target *t, const char *path, ww_error *err);
void ww__target_close(ww__target *t);
/* Of a file opened by this path: does a line end at this offset? Yes, too, at 0, and where the file
 * may not be read. */
ww_status ww__target_look(const ww__target *t, const char *path, off_t at, bool *line_ends,
                          ww_error *err);
/* Of a file opened by this path: ends a line that a crash has left half. */
ww_status ww__target_end_line(ww__target *t, const char *path, ww_error *err);
/* ftruncate(), interrupted or not. False: errno. */
bool ww__target_cut(const ww__target *t, off_t len);

/* ERR_IO about this target; code: an errno, or 0. */
ww_status ww__target_fail(const ww__target *t, const char *what, int code, ww_error *err);

#endif
