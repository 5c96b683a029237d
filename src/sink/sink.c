/* SPDX-License-Identifier: MIT */
/* sink.c: regular files, pipes, and everything else that takes bytes.
 *
 * Invariants: `written` counts bytes the kernel took; `safe` is the offset up to which they are
 * delivered by the rule of this kind of sink; a unit is delivered when its mark lies at or before
 * `safe`. */
#include <walwire/sink.h>

#include "base/error.h"
#include "marks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_LOOK_US UINT64_C(20000) /* between two looks at what the reader took */

struct ww_sink {
    ww_sink_kind kind;
    int fd;
    bool own_fd;   /* ours to close */
    bool cautious; /* write() may block: poll first, and give PIPE_BUF bytes at most */
    bool terminal;
    uint64_t written;
    uint64_t safe;
    uint64_t unit_end; /* offset of the newest mark */
    ww_lsn marked;     /* the newest unit that was marked */
    ww_lsn delivered;
    off_t base; /* file: its size when it was opened */
    ww_mono_us interval_us, synced_at;
    ww__marks marks;
    char path[256]; /* for messages */
};

/* ---- open ----------------------------------------------------------------------------------- */

static ww_status io_failed(ww_error *err, const char *what, const char *path, int code)
{
    ww__fail_text(err, WW_ERR_IO, what, path);
    if (err != NULL)
        err->sys_errno = code;
    return WW_ERR_IO;
}

static bool names_stdout(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

/* A file that we create is never created through somebody's symbolic link; one that exists may be
 * one. */
static int open_path(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    return fd;
}

/* A pipe handed to us may be shared: non-blocking mode is set on a description of our own, where
 * the system can open one (Linux). */
static void reopen_non_blocking(ww_sink *s)
{
    char path[64];
    int fd;
    snprintf(path, sizeof path, "/proc/self/fd/%d", s->fd);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (s->own_fd)
        close(s->fd);
    s->fd = fd;
    s->own_fd = true;
    s->cautious = false;
}

static ww_status classify(ww_sink *s, const char *path, ww_error *err)
{
    struct stat st;
    if (fstat(s->fd, &st) != 0)
        return io_failed(err, "the output cannot be used", path, errno);
    s->terminal = isatty(s->fd) == 1;
    s->kind = S_ISREG(st.st_mode)    ? WW_SINK_FILE
              : S_ISFIFO(st.st_mode) ? WW_SINK_PIPE
                                     : WW_SINK_OTHER;
    s->base = st.st_size;
    s->cautious = s->terminal || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
    if (s->kind == WW_SINK_PIPE)
        reopen_non_blocking(s);
    return WW_OK;
}

ww_status ww_sink_open(ww_sink **out, const char *path, ww_mono_us fsync_interval_us, ww_error *err)
{
    ww_sink *s = calloc(1, sizeof *s);
    ww_status st;
    *out = NULL;
    if (s == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the output");
    s->interval_us = fsync_interval_us;
    if (names_stdout(path)) {
        path = "standard output";
        s->fd = STDOUT_FILENO;
    } else {
        s->fd = open_path(path);
        s->own_fd = true;
    }
    st = s->fd < 0 ? io_failed(err,
                               errno == EISDIR ? "the output is a directory; give a file"
                                               : "cannot open the output",
                               path, errno)
                   : classify(s, path, err);
    if (st < 0) {
        ww_sink_close(s);
        return st;
    }
    ww__copy_cut(s->path, sizeof s->path, ww_slice_of(path));
    *out = s;
    return WW_OK;
}

void ww_sink_close(ww_sink *s)
{
    if (s == NULL)
        return;
    if (s->own_fd && s->fd >= 0)
        close(s->fd);
    free(s);
}

ww_sink_kind ww_sink_kind_of(const ww_sink *s)
{
    return s->kind;
}

bool ww_sink_is_terminal(const ww_sink *s)
{
    return s->terminal;
}

int ww_sink_fd(const ww_sink *s)
{
    return s->fd;
}

/* ---- write ---------------------------------------------------------------------------------- */

ww_status ww_sink_write(ww_sink *s, const uint8_t *bytes, size_t len, size_t *n, ww_error *err)
{
    ssize_t taken;
    *n = 0;
    if (s->cautious) {
        /* What polls writable takes PIPE_BUF bytes without blocking, even in blocking mode. */
        struct pollfd fd = {s->fd, POLLOUT, 0};
        if (poll(&fd, 1, 0) == 0)
            return WW_MORE;
        len = len < PIPE_BUF ? len : PIPE_BUF;
    }
    do
        taken = write(s->fd, bytes, len);
    while (taken < 0 && errno == EINTR);
    if (taken < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return WW_MORE;
    if (taken < 0)
        return io_failed(err, "cannot write the output", s->path, errno);
    s->written += (uint64_t)taken;
    *n = (size_t)taken;
    return WW_OK;
}

/* ---- delivery ------------------------------------------------------------------------------- */

void ww_sink_mark(ww_sink *s, uint64_t offset, ww_lsn end_lsn)
{
    if (end_lsn != 0)
        s->marked = end_lsn;
    ww__marks_add(&s->marks, offset, s->marked);
    s->unit_end = offset;
}

static uint64_t unread_in_pipe(const ww_sink *s)
{
    int unread = 0;
    if (ioctl(s->fd, FIONREAD, &unread) != 0 || unread < 0)
        return 0; /* a system that cannot tell: what write() accepted counts */
    return (uint64_t)unread;
}

ww_lsn ww_sink_delivered(ww_sink *s)
{
    ww__mark mark;
    if (s->marks.count == 0)
        return s->delivered;
    if (s->kind == WW_SINK_OTHER)
        s->safe = s->written;
    else if (s->kind == WW_SINK_PIPE)
        s->safe = s->written - unread_in_pipe(s);
    mark = ww__marks_take(&s->marks, s->safe);
    if (mark.end_lsn != 0)
        s->delivered = mark.end_lsn;
    return s->delivered;
}

bool ww_sink_pending(const ww_sink *s)
{
    return s->marks.count > 0;
}

ww_status ww_sink_sync(ww_sink *s, ww_mono_us now, bool idle, ww_error *err)
{
    if (s->kind != WW_SINK_FILE || s->marks.count == 0 || s->safe == s->written)
        return WW_OK;
    if (!idle && now - s->synced_at < s->interval_us)
        return WW_OK;
    while (fdatasync(s->fd) != 0)
        if (errno != EINTR)
            return io_failed(err, "fdatasync failed: what was written may be lost", s->path, errno);
    s->safe = s->written;
    s->synced_at = now;
    return WW_OK;
}

ww_mono_us ww_sink_deadline(const ww_sink *s, ww_mono_us now)
{
    if (s->marks.count == 0 || s->kind == WW_SINK_OTHER)
        return WW_MONO_NEVER;
    return s->kind == WW_SINK_PIPE ? now + PIPE_LOOK_US : s->synced_at + s->interval_us;
}

ww_status ww_sink_cut(ww_sink *s, ww_error *err)
{
    if (s->kind != WW_SINK_FILE)
        return ww__fail(err, WW_ERR_USAGE, "only a regular file can be cut");
    if (s->written <= s->unit_end)
        return WW_OK;
    if (ftruncate(s->fd, s->base + (off_t)s->unit_end) != 0)
        return io_failed(err, "cannot cut the output at the last whole transaction", s->path,
                         errno);
    s->written = s->unit_end;
    return WW_OK;
}
