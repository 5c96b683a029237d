/* SPDX-License-Identifier: MIT */
/* test_decoding_txn.c: the beginnings and ends of transactions, prepared ones and stream blocks in
 * the format "test_decoding". */
#include "test_decoding.h"

#include "base/error.h"

#define FIRST_STREAMS 16u
#define MAX_STREAMS ((size_t)1 << 20)

void ww__td_put_xid(ww_out *out, ww_slice what, uint32_t xid)
{
    ww__out_put(out, what.ptr, what.len);
    ww__out_u64(out, xid);
    ww__out_byte(out, '\n');
}

/* ---- streamed transactions ------------------------------------------------------------------ */

/* The place of the first that is not below xid. */
static size_t find_stream(const ww__test_decoding *td, uint32_t xid)
{
    size_t low = 0, high = td->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (td->streams[middle].xid < xid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static ww_status grow_streams(ww_format *f, ww__test_decoding *td, ww_error *err)
{
    size_t cap = td->cap > 0 ? 2 * td->cap : FIRST_STREAMS;
    ww__td_stream *grown;
    if (td->count < td->cap)
        return WW_OK;
    if (td->cap == MAX_STREAMS)
        return ww__fail(err, WW_ERR_LIMIT, "more than 1048576 streamed transactions are open");
    grown = f->alloc.resize(f->alloc.ctx, td->streams, td->cap * sizeof *grown,
                            cap * sizeof *grown);
    if (grown == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the list of streamed transactions");
    td->streams = grown;
    td->cap = cap;
    return WW_OK;
}

static ww_status open_block(ww_format *f, const ww_event *ev, ww_error *err)
{
    ww__test_decoding *td = f->state;
    size_t at = find_stream(td, ev->stream_start.xid);
    if (at == td->count || td->streams[at].xid != ev->stream_start.xid) {
        ww_status status = grow_streams(f, td, err);
        if (status != WW_OK)
            return status;
        memmove(td->streams + at + 1, td->streams + at, (td->count - at) * sizeof(ww__td_stream));
        td->count++;
        td->streams[at].xid = ev->stream_start.xid;
        td->streams[at].wrote = false;
    }
    if (ev->stream_start.first_segment)
        td->streams[at].wrote = false;
    td->xid = ev->stream_start.xid;
    td->current = at;
    td->in_block = true;
    return WW_OK;
}

static bool stream_wrote(const ww__test_decoding *td, uint32_t xid)
{
    size_t at = find_stream(td, xid);
    return at < td->count && td->streams[at].xid == xid && td->streams[at].wrote;
}

static void forget_stream(ww__test_decoding *td, uint32_t xid)
{
    size_t at = find_stream(td, xid);
    if (at == td->count || td->streams[at].xid != xid)
        return;
    td->count--;
    memmove(td->streams + at, td->streams + at + 1, (td->count - at) * sizeof(ww__td_stream));
}

/* ---- beginnings ----------------------------------------------------------------------------- */

void ww__td_begin_change(ww__test_decoding *td, ww_out *out)
{
    if (td->in_block)
        td->streams[td->current].wrote = true;
    if (td->wrote)
        return;
    td->wrote = true;
    if (td->in_block)
        ww__td_put_xid(out, WW__LITERAL("opening a streamed block for transaction TXN "), td->xid);
    else
        ww__td_put_xid(out, WW__LITERAL("BEGIN "), td->xid);
}

ww_status ww__td_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww__test_decoding *td = f->state;
    (void)out;
    td->wrote = false;
    td->in_block = false;
    if (ev->kind == WW_EV_STREAM_START)
        return open_block(f, ev, err);
    td->xid = ev->kind == WW_EV_BEGIN ? ev->begin.xid : ev->prepare.xid;
    return WW_OK;
}

/* ---- ends ----------------------------------------------------------------------------------- */

/* quote_literal_cstr() */
static void put_quoted(ww_out *out, const ww__policy *policy, ww_slice text)
{
    const uint8_t *slash = text.len > 0 ? memchr(text.ptr, '\\', text.len) : NULL;
    if (slash != NULL)
        ww__out_byte(out, 'E');
    ww__out_byte(out, '\'');
    while (slash != NULL) {
        ww_slice before = { text.ptr, (size_t)(slash - text.ptr) };
        ww__out_doubled(out, policy, before, '\'');
        WW__OUT(out, "\\\\");
        text.ptr += before.len + 1;
        text.len -= before.len + 1;
        slash = memchr(text.ptr, '\\', text.len);
    }
    ww__out_doubled(out, policy, text, '\'');
    ww__out_byte(out, '\'');
}

static void put_gid(const ww_format *f, ww_out *out, ww_slice what, ww_slice gid, uint32_t xid)
{
    ww__out_put(out, what.ptr, what.len);
    put_quoted(out, &f->policy, gid);
    ww__td_put_xid(out, WW__LITERAL(", txid "), xid);
}

static void put_abort(ww__test_decoding *td, const ww_event *ev, ww_out *out)
{
    if (stream_wrote(td, ev->stream_abort.xid))
        ww__td_put_xid(out, WW__LITERAL("aborting streamed (sub)transaction TXN "),
                       ev->stream_abort.subxid);
    if (ev->stream_abort.subxid == ev->stream_abort.xid)
        forget_stream(td, ev->stream_abort.xid);
}

static void put_stream_end(ww_format *f, const ww_event *ev, ww_out *out)
{
    ww__test_decoding *td = f->state;
    bool prepare = ev->kind == WW_EV_STREAM_PREPARE;
    uint32_t xid = prepare ? ev->prepare.xid : ev->stream_commit.xid;
    if (stream_wrote(td, xid) && prepare)
        put_gid(f, out, WW__LITERAL("preparing streamed transaction TXN "), ev->prepare.gid, xid);
    else if (stream_wrote(td, xid))
        ww__td_put_xid(out, WW__LITERAL("committing streamed transaction TXN "), xid);
    forget_stream(td, xid);
}

ww_status ww__td_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww__test_decoding *td = f->state;
    (void)err;
    switch (ev->kind) {
    case WW_EV_COMMIT:
        if (td->wrote)
            ww__td_put_xid(out, WW__LITERAL("COMMIT "), td->xid);
        break;
    case WW_EV_PREPARE:
        if (td->wrote)
            put_gid(f, out, WW__LITERAL("PREPARE TRANSACTION "), ev->prepare.gid,
                    ev->prepare.xid);
        break;
    case WW_EV_COMMIT_PREPARED:
        put_gid(f, out, WW__LITERAL("COMMIT PREPARED "), ev->commit_prepared.gid,
                ev->commit_prepared.xid);
        return WW_OK;
    case WW_EV_ROLLBACK_PREPARED:
        put_gid(f, out, WW__LITERAL("ROLLBACK PREPARED "), ev->rollback_prepared.gid,
                ev->rollback_prepared.xid);
        return WW_OK;
    case WW_EV_STREAM_STOP:
        if (td->wrote)
            ww__td_put_xid(out, WW__LITERAL("closing a streamed block for transaction TXN "),
                           td->xid);
        break;
    case WW_EV_STREAM_ABORT:
        put_abort(td, ev, out);
        return WW_OK;
    default:
        put_stream_end(f, ev, out);
        return WW_OK;
    }
    td->wrote = false;
    td->in_block = false;
    return WW_OK;
}
