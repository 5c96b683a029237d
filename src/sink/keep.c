/* SPDX-License-Identifier: MIT */
/* keep.c: a file and its position beside it: going on after a crash, saving.
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

bool ww__keep_sync(int fd)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

static bool same_stream(const ww_position *a, const ww_position *b)
{
    return a->system_id == b->system_id && strcmp(a->slot, b->slot) == 0 &&
           strcmp(a->database, b->database) == 0;
}

/* Is what is saved first not what was loaded? Then a gap was accepted: what is behind the position
 * may never come again. */
static bool gave_up(const ww__keep *k, const ww_position *p)
{
    const ww_position *was = &k->place.kept.position;
    if (k->begun || k->place.found != WW_OK)
        return false;
    return !same_stream(was, p) || p->acked != later(was->acked, was->end_lsn) ||
           p->timeline < was->timeline;
}

/* The file stays as it is. The last unit that was known is no longer the one that it ends with. */
static ww_status keep_tail(ww_sink *s, ww_error *err)
{
    ww_status st;
    s->to.base = (off_t)s->keep.found_size;
    st = ww__target_end_line(&s->to, s->path, err);
    if (st < 0)
        s->lost = "the output could not be written before";
    s->keep.offset = (uint64_t)s->to.base;
    s->keep.end_lsn = 0;
    return st;
}

/* Never acknowledged: it comes again. */
static ww_status cut_tail(ww_sink *s, ww_error *err)
{
    s->keep.tail_cut = true;
    if (s->keep.tail > 0 && !ww__target_cut(&s->to, (off_t)s->keep.offset))
        return ww__sink_lose(s, "cannot cut the output at its position", errno, err);
    return WW_OK;
}

/* What is behind the position, and the file's length for good. */
static ww_status settle_tail(ww_sink *s, const ww_position *p, ww_error *err)
{
    ww__keep *k = &s->keep;
    struct stat file;
    ww_status st;
    if (fstat(s->to.fd, &file) != 0)
        return ww__sink_lose(s, "the output cannot be used", errno, err);
    if ((uint64_t)file.st_size != k->found_size)
        return ww__sink_lose(s, "somebody else wrote to the output meanwhile, or cut it", 0, err);
    k->tail_offset = k->offset;
    k->tail = k->found_size - k->offset;
    st = gave_up(k, p) ? keep_tail(s, err) : cut_tail(s, err);
    if (st == WW_OK && !ww__keep_sync(s->to.fd))
        st = ww__sink_lose(s, "fsync of the output failed", errno, err);
    return st;
}

/* As things stand here; what was acknowledged does not go back. */
ww__kept ww__keep_here(const ww__keep *k)
{
    ww__kept now = k->place.kept;
    now.offset = k->offset;
    now.device = k->device;
    now.inode = k->inode;
    now.position.end_lsn = k->end_lsn;
    now.position.acked = later(now.position.acked, k->end_lsn);
    return now;
}

/* The same with what the client says, which may be a new beginning. */
static ww__kept kept_now(const ww__keep *k, const ww_position *p)
{
    ww__kept now = ww__keep_here(k);
    bool anew = k->place.sequence == 0 || gave_up(k, p) || !same_stream(&now.position, p);
    ww_lsn acked = anew ? k->end_lsn : now.position.acked;
    now.position = *p;
    now.position.end_lsn = k->end_lsn;
    now.position.acked = later(p->acked, acked);
    return now;
}

static ww_status save_kept(ww_sink *s, const ww__kept *now, ww_error *err)
{
    ww_status st = ww__place_save(&s->keep.place, now, err);
    if (st < 0)
        s->lost = "the position could not be written before";
    return st;
}

static ww_status save(void *ctx, const ww_position *p, ww_error *err)
{
    ww_sink *s = ctx;
    ww__keep *k = &s->keep;
    ww__kept now;
    ww_status st = ww__sink_check(s, err);
    if (st == WW_OK && !k->begun)
        st = settle_tail(s, p, err);
    else
        k->tail = 0;
    if (st < 0)
        return st;
    ww_sink_delivered(s);
    now = kept_now(k, p);
    st = save_kept(s, &now, err);
    if (st == WW_OK)
        k->begun = true;
    return st;
}

ww_status ww_sink_keep(ww_sink *s, ww_error *err)
{
    ww__kept now;
    ww_status st = ww__sink_check(s, err);
    if (st < 0 || !s->keep.begun)
        return st;
    ww_sink_delivered(s);
    now = ww__keep_here(&s->keep);
    return save_kept(s, &now, err);
}

uint64_t ww_sink_tail(const ww_sink *s, uint64_t *offset, bool *cut)
{
    *offset = s->keep.tail_offset;
    *cut = s->keep.tail_cut;
    return s->keep.tail;
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
static ww_status refuse_kept(const ww_sink *s, ww_error *err)
{
    ww__kept kept;
    ww_status st = ww__place_peek(s->keep.beside, &kept);
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

ww_status ww__keep_find_file(ww_sink *s, ww_error *err)
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

/* Is there something at the position's offset that no line ends before? */
static ww_status look_at_offset(const ww_sink *s, bool *torn, ww_error *err)
{
    const ww__keep *k = &s->keep;
    bool line_ends = true;
    ww_status st = WW_OK;
    if (k->place.found == WW_OK && k->found_size >= k->place.kept.offset)
        st = ww__target_look(&s->to, s->path, (off_t)k->place.kept.offset, &line_ends, err);
    *torn = !line_ends;
    return st;
}

/* `init` is for a position that cannot be gone on with; one that can is worth the same with it. */
static ww_status go_on(ww_sink *s, ww_error *err)
{
    ww__keep *k = &s->keep;
    ww__found_file file = {k->device, k->inode, k->found_size, s->to.created, false};
    ww_status st = look_at_offset(s, &file.torn, err);
    ww__resume r = ww__resume_in(&file, k->place.found, &k->place.kept);
    if (st < 0)
        return st;
    if (r.gap != NULL)
        return k->init ? begin_anew(s, err) : fail_gap(s, r.gap, err);
    k->offset = r.offset;
    k->end_lsn = k->place.found == WW_OK ? k->place.kept.position.end_lsn : 0;
    k->rotated_offset = r.rotated ? k->place.kept.offset : 0;
    s->to.base = (off_t)r.offset;
    return WW_OK;
}

static ww_status keep_position(ww_sink *s, bool init, ww_error *err)
{
    ww_status st = ww__place_open(&s->keep.place, s->keep.beside, err);
    if (st == WW_OK)
        st = ww__keep_find_file(s, err);
    if (st < 0)
        return st;
    s->keep.on = true;
    s->keep.init = init;
    s->keep.store.ctx = s;
    s->keep.store.load = load;
    s->keep.store.save = save;
    return go_on(s, err);
}

static ww_status name_both(ww_sink *s, const char *path, ww_error *err)
{
    size_t size = strlen(path) + sizeof ".position";
    s->path = malloc(size);
    s->keep.beside = malloc(size);
    if (s->path == NULL || s->keep.beside == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the output");
    snprintf(s->path, size, "%s", path);
    snprintf(s->keep.beside, size, "%s.position", path);
    return WW_OK;
}

ww_status ww__keep_open(ww_sink *s, const ww_sink_config *config, ww_error *err)
{
    ww_status st = name_both(s, config->path, err);
    s->keep.wanted = config->position;
    if (st < 0)
        return st;
    if (ww__place_is(s->path))
        return ww__fail_text(err, WW_ERR_USAGE,
                             "this file holds a position, and is no output; give another file",
                             s->path);
    if (config->position)
        return keep_position(s, config->init, err);
    st = refuse_kept(s, err);
    return st == WW_OK ? ww__target_end_line(&s->to, s->path, err) : st;
}

static void remove_if_empty(int fd, const char *path)
{
    struct stat ours, there;
    if (fstat(fd, &ours) == 0 && ours.st_size == 0 && lstat(path, &there) == 0 &&
        ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
        unlink(path);
}

/* Before they are closed: while they are locked nobody else begins in them. */
void ww__keep_discard(ww_sink *s)
{
    const ww__keep *k = &s->keep;
    if (!k->wanted || k->begun || s->path == NULL || k->beside == NULL)
        return;
    if (s->to.created)
        remove_if_empty(s->to.fd, s->path);
    if (k->place.created && k->place.fd >= 0)
        remove_if_empty(k->place.fd, k->beside);
}
