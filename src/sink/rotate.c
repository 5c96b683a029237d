/* SPDX-License-Identifier: MIT */
/* rotate.c: log rotation: going on in a new file of the same name, between two units. */
#include "parts.h"

#include "base/error.h"

#include <errno.h>
#include <sys/stat.h>

/* True if the path still leads to the file that is open; its size then. */
static bool still_there(const ww_sink *s, off_t *size)
{
    struct stat ours, there;
    if (fstat(s->to.fd, &ours) != 0 || stat(s->path, &there) != 0)
        return false;
    *size = ours.st_size;
    return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* A crash before the position is of the new file finds it empty, and another one than the position
 * says: it goes on in it. */
static ww_status open_next(ww_sink *s, ww__target *next, ww_error *err)
{
    ww_status st = ww__target_open(next, s->path, err);
    if (st < 0)
        return st;
    if (next->kind != WW_SINK_FILE)
        st = ww__target_fail(next, "the output is no regular file any more", 0, err);
    if (st == WW_OK)
        st = ww__target_end_line(next, s->path, err);
    if (st == WW_OK && s->keep.on && !ww__keep_sync(next->fd))
        st = ww__target_fail(next, "fsync of the output failed", errno, err);
    if (st < 0)
        ww__target_close(next);
    return st;
}

/* Offsets of units go on counting: those before it are in the file that went. */
static void switch_to(ww_sink *s, const ww__target *next)
{
    ww__target_close(&s->to);
    s->to = *next;
    s->to.base -= (off_t)s->written;
}

static ww_status keep_next(ww_sink *s, const ww__target *next, ww_error *err)
{
    ww__keep *k = &s->keep;
    ww__kept now;
    ww_status st;
    switch_to(s, next);
    if (!k->on)
        return WW_OK;
    st = ww__keep_find_file(s, err);
    if (st < 0)
        return st;
    k->offset = k->found_size;
    now = ww__keep_here(k);
    return ww__place_save(&k->place, &now, err);
}

static ww_status reopen(ww_sink *s, ww_error *err)
{
    ww__target next;
    off_t size = 0;
    ww_status st = s->safe == s->written ? WW_OK : ww__sink_flush(s, err);
    if (st < 0)
        return st;
    ww_sink_delivered(s);
    if (!still_there(s, &size)) {
        st = open_next(s, &next, err);
        return st < 0 ? st : keep_next(s, &next, err);
    }
    if (!s->keep.on)
        s->to.base = size - (off_t)s->written; /* somebody may have cut it, having copied it */
    return WW_OK;
}

ww_status ww_sink_reopen(ww_sink *s, ww_error *err)
{
    ww_status st = ww__sink_check(s, err);
    if (st < 0)
        return st;
    if (s->path == NULL)
        return ww__fail(err, WW_ERR_USAGE,
                        "only a file that was opened by its path can be opened anew");
    if (s->written != s->unit_end || (s->keep.on && !s->keep.begun))
        return ww__fail(err, WW_ERR_USAGE, "a file is opened anew between two units only");
    st = reopen(s, err);
    if (st < 0 && s->lost == NULL)
        s->lost = "the output could not be opened anew";
    return st;
}
