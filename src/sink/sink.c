/* SPDX-License-Identifier: MIT */
/* sink.c: regular files, pipes, and everything else that takes bytes.
 *
 * Invariants: `written` counts bytes the kernel took; `safe` is the offset up to which they are
 * delivered by the rule of this kind of sink; a unit is delivered when its mark lies at or before
 * `safe`. */
#include <walwire/sink.h>

#include "base/error.h"
#include "parts.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_LOOK_US UINT64_C(20000) /* between two looks at what the reader took */

static const char not_ours[] =
    "the output no longer ends with what was written last: somebody else writes to it, or cut it; "
    "give walwire a file of its own";

static const char deleted[] =
    "the output was deleted while it was in use: what was written since is lost, and comes again "
    "at the next start (to rotate a file, rename it, then send SIGHUP)";

/* ---- open ----------------------------------------------------------------------------------- */

ww_status ww_sink_open(ww_sink **out, const ww_sink_config *config, ww_error *err)
{
    ww_sink *s;
    ww_status st;
    *out = NULL;
    if (config->struct_size != sizeof *config)
        return ww__fail(err, WW_ERR_USAGE, "ww_sink_config: start with WW_SINK_CONFIG_INIT");
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the output");
    s->interval_us = config->fsync_interval_us;
    s->keep.place.fd = -1;
    st = ww__target_open(&s->to, config->path, err);
    if (st < 0) {
        free(s);
        return st;
    }
    if (s->to.by_path && s->to.kind == WW_SINK_FILE)
        st = ww__keep_open(s, config, err);
    if (st < 0) {
        ww_sink_close(s);
        return st;
    }
    *out = s;
    return WW_OK;
}

void ww_sink_close(ww_sink *s)
{
    if (s == NULL)
        return;
    ww__keep_discard(s);
    ww__target_close(&s->to);
    ww__place_close(&s->keep.place);
    free(s->keep.beside);
    free(s->path);
    free(s);
}

ww_sink_kind ww_sink_kind_of(const ww_sink *s)
{
    return s->to.kind;
}

bool ww_sink_is_terminal(const ww_sink *s)
{
    return s->to.terminal;
}

int ww_sink_fd(const ww_sink *s)
{
    return s->to.fd;
}

/* ---- write ---------------------------------------------------------------------------------- */

ww_status ww__sink_lose(ww_sink *s, const char *why, int code, ww_error *err)
{
    s->lost = why;
    return ww__target_fail(&s->to, why, code, err);
}

ww_status ww__sink_check(const ww_sink *s, ww_error *err)
{
    return s->lost == NULL ? WW_OK : ww__target_fail(&s->to, s->lost, 0, err);
}

ww_status ww_sink_write(ww_sink *s, const uint8_t *bytes, size_t len, size_t *n, ww_error *err)
{
    ssize_t taken;
    *n = 0;
    if (ww__sink_check(s, err) < 0)
        return WW_ERR_IO;
    if (s->keep.on && !s->keep.begun)
        return ww__fail(err, WW_ERR_USAGE,
                        "a file with a position is written after the position was saved");
    if (s->to.cautious) {
        /* What polls writable takes PIPE_BUF bytes without blocking, even in blocking mode. */
        struct pollfd fd = {s->to.fd, POLLOUT, 0};
        if (poll(&fd, 1, 0) == 0)
            return WW_MORE;
        len = len < PIPE_BUF ? len : PIPE_BUF;
    }
    do
        taken = write(s->to.fd, bytes, len);
    while (taken < 0 && errno == EINTR);
    if (taken < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return WW_MORE;
    if (taken < 0)
        return ww__target_fail(&s->to, "cannot write the output", errno, err);
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

/* Others may write to the pipe too: bytes of theirs that are unread count as ours. */
static uint64_t taken_from_pipe(const ww_sink *s)
{
    int unread = 0;
    if (ioctl(s->to.fd, FIONREAD, &unread) != 0 || unread < 0)
        return s->written; /* a system that cannot tell: what write() accepted counts */
    return (uint64_t)unread < s->written ? s->written - (uint64_t)unread : 0;
}

ww_lsn ww_sink_delivered(ww_sink *s)
{
    ww__mark mark;
    if (s->marks.count == 0)
        return s->delivered;
    if (s->to.kind == WW_SINK_OTHER)
        s->safe = s->written;
    else if (s->to.kind == WW_SINK_PIPE)
        s->safe = taken_from_pipe(s);
    mark = ww__marks_take(&s->marks, s->safe);
    if (mark.end_lsn != 0) {
        s->delivered = mark.end_lsn;
        ww__keep_note(&s->keep, (uint64_t)s->to.base + mark.offset, mark.end_lsn);
    }
    return s->delivered;
}

bool ww_sink_pending(const ww_sink *s)
{
    return s->marks.count > 0;
}

/* True if the file ends with our last byte. */
static bool ends_with_ours(const ww_sink *s)
{
    struct stat st;
    return fstat(s->to.fd, &st) == 0 && st.st_size == s->to.base + (off_t)s->written;
}

/* Whatever has no name any more will be gone once it is closed. */
static bool is_deleted(const ww_sink *s)
{
    struct stat st;
    return fstat(s->to.fd, &st) == 0 && st.st_nlink == 0;
}

ww_status ww__sink_flush(ww_sink *s, ww_error *err)
{
    while (fdatasync(s->to.fd) != 0) {
        if (errno == EINTR)
            continue;
        /* The pages may be gone: a second try would succeed without them. */
        return ww__sink_lose(s, "fdatasync failed: what was written may be lost", errno, err);
    }
    if (s->keep.on && is_deleted(s))
        return ww__sink_lose(s, deleted, 0, err);
    if (s->keep.on && !ends_with_ours(s))
        return ww__sink_lose(s, not_ours, 0, err);
    s->safe = s->written;
    return WW_OK;
}

ww_status ww_sink_sync(ww_sink *s, ww_mono_us now, bool idle, ww_error *err)
{
    ww_status st = ww__sink_check(s, err);
    if (st < 0 || s->to.kind != WW_SINK_FILE || s->marks.count == 0 || s->safe == s->written)
        return st;
    if (!idle && now - s->synced_at < s->interval_us)
        return WW_OK;
    s->synced_at = now;
    return ww__sink_flush(s, err);
}

ww_mono_us ww_sink_deadline(const ww_sink *s, ww_mono_us now)
{
    if (s->marks.count == 0 || s->to.kind == WW_SINK_OTHER)
        return WW_MONO_NEVER;
    return s->to.kind == WW_SINK_PIPE ? now + PIPE_LOOK_US : s->synced_at + s->interval_us;
}

/* ---- cut ------------------------------------------------------------------------------------ */

/* Cuts the file at our offset `end`, if it ends where we wrote last: nobody else's bytes go. A
 * descriptor that does not append may be shared, and whoever writes next goes on at its offset. */
static ww_status cut_file(const ww_sink *s, uint64_t end, ww_error *err)
{
    off_t at = s->to.base + (off_t)end;
    if (!ends_with_ours(s))
        return WW_MORE;
    if (!ww__target_cut(&s->to, at) || (!s->to.appends && lseek(s->to.fd, at, SEEK_SET) < 0))
        return ww__target_fail(&s->to, "cannot cut the output at the last whole transaction", errno,
                               err);
    return WW_OK;
}

ww_status ww_sink_cut(ww_sink *s, ww_error *err)
{
    ww_status st;
    if (s->to.kind != WW_SINK_FILE)
        return ww__fail(err, WW_ERR_USAGE, "only a regular file can be cut");
    if (ww__sink_check(s, err) < 0)
        return WW_ERR_IO;
    if (s->written <= s->unit_end)
        return WW_OK;
    st = cut_file(s, s->unit_end, err);
    if (st == WW_MORE && s->keep.on)
        return ww__sink_lose(s, not_ours, 0, err);
    if (st < 0)
        return st;
    if (st == WW_MORE)
        s->to.base += (off_t)(s->written - s->unit_end); /* what stays is no longer ours */
    s->written = s->unit_end;
    if (s->safe > s->written)
        s->safe = s->written;
    return st;
}
