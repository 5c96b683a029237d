/* SPDX-License-Identifier: MIT */
/* position_file.c: a position in a file of its own. */
#include "place.h"

#include "base/error.h"

#include <walwire/sink.h>

#include <stdlib.h>
#include <string.h>

struct ww_position_file {
    ww_position_store store;
    ww__place place;
};

static ww_status load(void *ctx, ww_position *out, ww_error *err)
{
    const ww_position_file *f = ctx;
    if (f->place.found == WW_ERR_GAP)
        return ww__place_fail_gap(&f->place, err);
    if (f->place.found == WW_OK)
        *out = f->place.kept.position;
    return f->place.found;
}

static ww_status save(void *ctx, const ww_position *p, ww_error *err)
{
    ww_position_file *f = ctx;
    ww__kept kept;
    memset(&kept, 0, sizeof kept);
    kept.position = *p;
    return ww__place_save(&f->place, &kept, err);
}

ww_status ww_position_file_open(ww_position_file **out, const char *path, ww_error *err)
{
    ww_status st;
    ww_position_file *f = calloc(1, sizeof *f);
    *out = NULL;
    if (f == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a position");
    st = ww__place_open(&f->place, path, err);
    if (st < 0) {
        free(f);
        return st;
    }
    f->store.ctx = f;
    f->store.load = load;
    f->store.save = save;
    *out = f;
    return WW_OK;
}

void ww_position_file_close(ww_position_file *f)
{
    if (f == NULL)
        return;
    ww__place_close(&f->place);
    free(f);
}

const ww_position_store *ww_position_file_store(const ww_position_file *f)
{
    return &f->store;
}
