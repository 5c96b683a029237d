/* SPDX-License-Identifier: MIT */
/* keep.c: a file and its position beside it: going on after a crash, saving, log rotation.
 *
 * Invariants: the position never names a byte that is not synced; the file is not written before
 * what is behind its position was cut. */
#include "parts.h"

#include "base/error.h"
#include "resume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ww__keep_note(ww__keep *k, uint64_t offset, ww_lsn end_lsn)
{
    k->offset = offset;
    k->end_lsn = end_lsn > k->end_lsn ? end_lsn : k->end_lsn;
}

static ww_lsn later(ww_lsn a, ww_lsn b)
{
    return a > b ? a : b;
}

/* ---- the store ------------------------------------------------------------------------------ */

/* Whoever asks has all up to end_lsn, too, whether or not the server was told. */
static ww_status load(void *ctx, ww_position *out, ww_error *err)
{
    const ww_sink *s = ctx;
    (void)err;
    if (s->keep.place.found != WW_OK)
        return WW_END; /* one that cannot be read was refused at open, unless `init` */
    *out = s->keep.place.kept.position;
    out->acked = later(out->acked, out->end_lsn);
    return WW_OK;
}

static bool sync_all(int fd)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

/* What is behind the position goes: it was never acknowledged, and comes again. */
static ww_status cut_tail(ww_sink *s, ww_error *err)
{
    off_t at = (off_t)s->keep.offset;
    struct stat st;
    if (fstat(s->to.fd, &st) != 0)
        return ww__sink_lose(s, "the output cannot be used", errno, err);
    if ((uint64_t)st.st_size != s->keep.found_size)
        return ww__sink_lose(s, "somebody else wrote to the output meanwhile, or cut it", 0, err);
    if (st.st_size > at && !ww__target_cut(&s->to, at))
        return ww__sink_lose(s, "cannot cut the output at its position", errno, err);
    if (!sync_all(s->to.fd))
        return ww__sink_lose(s, "fsync of the output failed", errno, err);
    return WW_OK;
}

static bool same_stream(const ww_position *a, const ww_position *b)
{
    return a->system_id == b->system_id && strcmp(a->slot, b->slot) == 0 &&
           strcmp(a->database, b->database) == 0;
}

/* Is the last unit that is known one of another stream, or of what `init` gave up? */
static bool is_of_another(const ww__keep *k, const ww_position *p)
{
    bool given_up = k->init && !k->begun && p->acked < k->end_lsn;
    return given_up || !same_stream(&k->place.kept.position, p);
}

/* What was acknowledged does not go back, unless this is a new beginning. */
static ww__kept now_kept(const ww__keep *k, const ww_position *p)
{
    ww__kept now = {*p, k->offset, k->device, k->inode};
    const ww_position *before = &k->place.kept.position;
    bool anew = k->place.sequence == 0 || (k->init && !k->begun) || !same_stream(before, p);
    now.position.end_lsn = k->end_lsn;
    now.position.acked = later(p->acked, k->end_lsn);
    if (!anew)
        now.position.acked = later(now.position.acked, before->acked);
    return now;
}

static ww_status save(void *ctx, const ww_position *p, ww_error *err)
{
    ww_sink *s = ctx;
    ww__keep *k = &s->keep;
    ww__kept now;
    ww_status st = ww__sink_check(s, err);
    if (st == WW_OK && !k->begun)
        st = cut_tail(s, err);
    if (st < 0)
        return st;
    ww_sink_delivered(s);
    if (s->delivered == 0 && is_of_another(k, p))
        k->end_lsn = 0;
    now = now_kept(k, p);
    st = ww__place_save(&k->place, &now, err);
    if (st == WW_OK)
        k->begun = true;
    else
        s->lost = "the position could not be written before";
    return st;
}

const ww_position_store *ww_sink_positions(const ww_sink *s)
{
    return s->keep.on ? &s->keep.store : NULL;
}

bool ww_sink_rotated(const ww_sink *s, uint64_t *offset)
{
    *offset = s->keep.rotated_offset;
    return s->keep.rotated_offset != 0;
}

/* ---- open ----------------------------------------------------------------------------------- */

static ww_status fail_gap(const ww_sink *s, const char *why, ww_error *err)
{
    return ww__fail_text(err, WW_ERR_GAP, why, s->path);
}

/* A run that keeps no position would append what the next one, which does, cuts off. */
static ww_status refuse_kept(const ww_sink *s, const char *place, ww_error *err)
{
    ww__kept kept;
    ww_status st = ww__place_peek(place, &kept);
    if (st == WW_END)
        return WW_OK;
    if (st < 0)
        return fail_gap(s, "beside this file is a position that cannot be read; give another file",
                        err);
    fail_gap(s, "this file belongs to a slot: its position is kept beside it; give another file",
             err);
    ww__error_add_text(err, ": slot ");
    ww__error_add_text(err, kept.position.slot);
    return WW_ERR_GAP;
}

static ww_status find_file(ww_sink *s, ww_error *err)
{
    struct stat st;
    if (fstat(s->to.fd, &st) != 0)
        return ww__target_fail(&s->to, "the output cannot be used", errno, err);
    s->keep.device = (uint64_t)st.st_dev;
    s->keep.inode = (uint64_t)st.st_ino;
    s->keep.found_size = (uint64_t)st.st_size;
    return WW_OK;
}

/* Goes on behind the end, whatever there was. The last unit that was known is no longer the one
 * that the file ends with. */
static ww_status begin_anew(ww_sink *s, ww_error *err)
{
    ww_status st = ww__target_end_line(&s->to, s->path, err);
    s->keep.offset = s->keep.found_size = (uint64_t)s->to.base;
    return st;
}

/* `init` is for a position that cannot be gone on with; one that can is worth the same with it. */
static ww_status go_on(ww_sink *s, ww_error *err)
{
    ww__keep *k = &s->keep;
    ww__found_file file = {k->device, k->inode, k->found_size, s->to.created};
    ww__resume r = ww__resume_in(&file, k->place.found, &k->place.kept);
    if (r.gap != NULL)
        return k->init ? begin_anew(s, err) : fail_gap(s, r.gap, err);
    k->offset = r.offset;
    k->end_lsn = k->place.found == WW_OK ? k->place.kept.position.end_lsn : 0;
    k->rotated_offset = r.rotated ? k->place.kept.offset : 0;
    s->to.base = (off_t)r.offset;
    return WW_OK;
}

static ww_status keep_position(ww_sink *s, const char *place, bool init, ww_error *err)
{
    ww_status st = ww__place_open(&s->keep.place, place, err);
    if (st == WW_OK)
        st = find_file(s, err);
    if (st < 0)
        return st;
    s->keep.on = true;
    s->keep.init = init;
    s->keep.store.ctx = s;
    s->keep.store.load = load;
    s->keep.store.save = save;
    return go_on(s, err);
}

ww_status ww__keep_open(ww_sink *s, const ww_sink_config *config, ww_error *err)
{
    size_t size = strlen(config->path) + sizeof ".position";
    char *place = malloc(size);
    ww_status st = WW_ERR_NOMEM;
    s->path = malloc(size);
    if (place == NULL || s->path == NULL) {
        free(place);
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the output");
    }
    snprintf(s->path, size, "%s", config->path);
    snprintf(place, size, "%s.position", config->path);
    if (config->position)
        st = keep_position(s, place, config->init, err);
    else
        st = refuse_kept(s, place, err);
    if (st == WW_OK && !config->position)
        st = ww__target_end_line(&s->to, s->path, err);
    free(place);
    return st;
}

/* ---- rotation ------------------------------------------------------------------------------- */

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
    if (st == WW_OK && s->keep.on && !sync_all(next->fd))
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
    ww__kept now = k->place.kept;
    ww_status st;
    switch_to(s, next);
    if (!k->on)
        return WW_OK;
    st = find_file(s, err);
    if (st < 0)
        return st;
    now.offset = k->offset = k->found_size;
    now.device = k->device;
    now.inode = k->inode;
    now.position.end_lsn = k->end_lsn;
    now.position.acked = later(now.position.acked, k->end_lsn);
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
