/* SPDX-License-Identifier: MIT */
/* restart.c: START_REPLICATION again, in the middle of a stream: nothing is lost, and nothing that
 * was handed out comes again.
 *
 * The server is asked to begin behind the last unit that was handed out, so the first thing it
 * sends is the transaction that was open, whole. A transaction is the same if its xid and its final
 * LSN are, and then its changes are the same, in the same order, however they come: one after the
 * other, or streamed and put together again. Only a prepared one may have become shorter. */
#include "assembly.h"

#include "base/error.h"

ww_lsn ww_stream_restart_lsn(const ww_stream *s)
{
    return s->flush_known && s->flush > s->handed_out ? s->flush : s->handed_out;
}

/* One that is already being resumed may not have come as far as it was before. */
static void note_interrupted(ww_stream *s)
{
    uint64_t before = s->resumed.open ? s->resumed.ordinal : 0;
    bool origin_before = s->resumed.open && s->resumed.origin;
    if (!s->in_transaction)
        return;
    s->resumed.awaited = true;
    s->resumed.prepared = s->gid_len > 0;
    s->resumed.xid = s->xid;
    s->resumed.final_lsn = s->final_lsn;
    s->resumed.origin = s->has_origin || origin_before;
    s->resumed.ordinal = s->ordinal > before ? s->ordinal : before;
}

void ww_stream_give_back(ww_stream *s, const ww_event *ev)
{
    if (ev->ordinal > 0 && ev->ordinal == s->ordinal)
        s->ordinal--;
}

ww_status ww_stream_restart(ww_stream *s, bool binary, ww_now now, ww_error *err)
{
    if (s->error.status != WW_OK) {
        if (err != NULL)
            *err = s->error;
        return s->error.status;
    }
    if (s->config.spool == NULL && ww_stream_open_streams(s) > 0)
        return ww__fail(err, WW_ERR_USAGE,
                        "streamed transactions are open whose beginning was handed out");
    note_interrupted(s);
    s->resumed.open = false;
    ww__stream_leave(s);
    s->has_pending = s->replaying = s->in_block = false;
    s->asked = false;
    s->last_input = now.mono_us;
    s->config.binary = binary;
    if (s->config.relations != NULL)
        ww_relcache_reset(s->config.relations);
    ww__stream_start_decoder(s);
    if (s->assembly == NULL)
        return WW_OK;
    ww__assembly_close(s);
    if (ww__assembly_open(s) == WW_OK)
        return WW_OK;
    ww__stream_fail(s, WW_ERR_NOMEM, "no memory for streamed transactions");
    if (err != NULL)
        *err = s->error;
    return WW_ERR_NOMEM;
}

/* ---- what comes again ----------------------------------------------------------------------- */

static ww_status fail_gap(ww_stream *s, const char *what)
{
    ww__stream_fail(s, WW_ERR_GAP, what);
    ww__error_add_text(&s->error, "transaction ");
    ww__error_add_number(&s->error, s->resumed.xid);
    return WW_ERR_GAP;
}

/* Its commit lies behind every keepalive that comes before it; but not a Prepare: one of old comes
 * with its Commit Prepared. */
void ww__stream_check_resumed(ww_stream *s, ww_lsn end)
{
    if (s->resumed.awaited && !s->resumed.prepared && end > s->resumed.final_lsn)
        fail_gap(s, "the server went past the transaction that was interrupted");
}

/* Nothing else can come before the transaction that was interrupted. */
static ww_status take_first(ww_stream *s, const ww_event *ev)
{
    bool begins = ev->kind == WW_EV_BEGIN || ev->kind == WW_EV_BEGIN_PREPARE;
    if (ev->kind == WW_EV_RELATION || ev->kind == WW_EV_TYPE)
        return WW_OK;
    if (!begins || ev->xid != s->resumed.xid || ev->final_lsn != s->resumed.final_lsn)
        return fail_gap(s, "the server did not send the transaction again that was interrupted");
    s->resumed.awaited = false;
    s->resumed.open = true;
    s->resumed.reached = 0;
    return WW_MORE;
}

/* One that was prepared, and rolled back meanwhile, the server stops telling where it comes to know
 * of that. */
static ww_status take_end(ww_stream *s, const ww_event *ev)
{
    s->resumed.open = false;
    if (s->resumed.reached >= s->resumed.ordinal || ev->kind == WW_EV_PREPARE)
        return WW_OK;
    return fail_gap(s, "the transaction that was interrupted came again with fewer changes");
}

ww_status ww__stream_resume(ww_stream *s, const ww_event *ev)
{
    bool behind = s->resumed.reached < s->resumed.ordinal;
    if (s->resumed.awaited)
        return take_first(s, ev);
    if (ev->ordinal > 0) {
        s->resumed.reached = ev->ordinal;
        return behind ? WW_MORE : WW_OK;
    }
    switch (ev->kind) {
    case WW_EV_ORIGIN:
        return s->resumed.origin ? WW_MORE : WW_OK;
    case WW_EV_RELATION:
        return behind && !ev->relation_changed ? WW_MORE : WW_OK;
    case WW_EV_TYPE:
        return behind ? WW_MORE : WW_OK;
    default:
        return take_end(s, ev);
    }
}
