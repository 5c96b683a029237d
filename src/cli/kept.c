/* SPDX-License-Identifier: MIT */
/* kept.c: the output file's position, loaded once for however many attempts to connect, and saved
 * so that a failure is known to be the output's. */
#include "kept.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* Not where transactions are written before they commit: their parts would come twice. */
bool kept_is_wanted(const options *o)
{
    return o->command == CMD_STREAM && o->file != NULL && o->slot != NULL && !o->temporary &&
           o->ack == ACK_AUTO && !options_plugin_is_raw(o->plugin) && !o->assemble_off;
}

static ww_status load(void *ctx, ww_position *out, ww_error *err)
{
    const kept_position *k = ctx;
    (void)err;
    *out = k->position;
    return k->found;
}

/* What the start found behind the position. */
static void tell_tail(const kept_position *k)
{
    uint64_t offset;
    bool cut;
    unsigned long long bytes = ww_sink_tail(k->file->ctx, &offset, &cut);
    if (bytes == 0)
        return;
    report_at(cut ? WW_LOG_INFO : WW_LOG_WARNING,
              cut ? "%s: cut %llu bytes behind byte %llu, where the position ends: they come again"
                  : "%s: %llu bytes behind byte %llu, where the position ends, stay as they are: "
                    "part of them may come again, part of them may not",
              k->path, bytes, (unsigned long long)offset);
}

static ww_status save(void *ctx, const ww_position *p, ww_error *err)
{
    kept_position *k = ctx;
    ww_error why;
    ww_status st;
    ww_error_clear(&why);
    st = k->file->save(k->file->ctx, p, &why);
    if (st == WW_OK)
        tell_tail(k);
    if (st >= 0)
        return st;
    if (err != NULL)
        *err = why;
    if (k->failure->status >= 0)
        *k->failure = why;
    return st;
}

/* The stream goes on where the file ends, and nowhere else. */
static bool refuse_startpos(const options *o, ww_error *err)
{
    ww__fail_text(err, WW_ERR_USAGE,
                  "--startpos does not go with an output file that has a position: the stream goes "
                  "on where the file ends",
                  o->file);
    snprintf(err->hint, sizeof err->hint, "leave out --startpos, or write another file (-f)");
    return false;
}

static void warn_if_rotated(const options *o, const ww_sink *sink)
{
    uint64_t offset;
    if (ww_sink_rotated(sink, &offset))
        report_at(
            WW_LOG_WARNING,
            "%s is a new file, its position is of the one before, which was renamed: that one ends "
            "whole at byte %llu, and what is behind that byte comes again, into the new one. Cut "
            "it off before the file is compressed: truncate -s %llu FILE, by the name it has now",
            o->file, (unsigned long long)offset, (unsigned long long)offset);
}

bool kept_open(kept_position *k, const options *o, const ww_sink *sink, ww_error *failure)
{
    memset(k, 0, sizeof *k);
    k->failure = failure;
    k->path = o->file;
    k->file = ww_sink_positions(sink);
    if (k->file == NULL)
        return true;
    k->store.ctx = k;
    k->store.load = load;
    k->store.save = save;
    k->found = k->file->load(k->file->ctx, &k->position, failure);
    if (k->found < 0)
        return false;
    warn_if_rotated(o, sink);
    return k->found != WW_OK || o->startpos == 0 || refuse_startpos(o, failure);
}

const ww_position_store *kept_store(const kept_position *k)
{
    return k->file != NULL ? &k->store : NULL;
}
