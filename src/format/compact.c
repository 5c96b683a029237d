/* SPDX-License-Identifier: MIT */
/* compact.c: the format "compact": one short line per event, named after the wire's own letters. */
#include "compact.h"

static bool put_head(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    bool valid;
    WW__OUT(out, "\"schema\":");
    valid = ww__out_name(out, &f->policy, relation->nspname);
    WW__OUT(out, ",\"table\":");
    return ww__out_name(out, &f->policy, relation->relname) && valid;
}

static bool put_label(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    bool valid;
    ww__out_byte(out, '[');
    valid = ww__out_name(out, &f->policy, relation->nspname);
    ww__out_byte(out, ',');
    valid = ww__out_name(out, &f->policy, relation->relname) && valid;
    ww__out_byte(out, ']');
    return valid;
}

static void put_op(ww_out *out, int kind)
{
    char text[] = "{\"op\":\"?\",";
    text[7] = (char)kind;
    ww__out_put(out, text, sizeof text - 1);
}

static void put_xid(ww_out *out, const char *key, size_t key_len, uint32_t xid)
{
    ww__out_put(out, key, key_len);
    ww__out_u64(out, xid);
}

static void put_row(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    static const ww_tuple none;
    size_t unchanged = 0;
    put_op(out, ev->kind);
    ww__out_put(out, plan->head.ptr, plan->head.len);
    if (ev->old_tuple.kind != WW_TUPLE_NONE) {
        if (ev->old_tuple.kind == WW_TUPLE_KEY)
            WW__OUT(out, ",\"key\":");
        else
            WW__OUT(out, ",\"old\":");
        ww__row_put(f, out, plan, ev->old_tuple, none);
    }
    if (ev->new_tuple.kind != WW_TUPLE_NONE) {
        WW__OUT(out, ",\"new\":");
        unchanged = ww__row_put(f, out, plan, ev->new_tuple, ev->old_tuple);
    }
    if (unchanged > 0) {
        WW__OUT(out, ",\"unchanged\":");
        ww__row_put_unchanged(out, plan, ev->new_tuple);
    }
    ww__compact_subxid(out, ev);
    ww__compact_end(out, !plan->invalid);
}

static void put_truncate(ww_format *f, const ww_event *ev, ww_out *out)
{
    bool valid = true;
    uint32_t i;
    put_op(out, ev->kind);
    WW__OUT(out, "\"tables\":[");
    for (i = 0; i < ev->truncate.count; i++) {
        const ww__plan *plan = ww__plan_find(f, ww_truncate_relation_id(&ev->truncate, i));
        if (i > 0)
            ww__out_byte(out, ',');
        ww__out_put(out, plan->counter.label.ptr, plan->counter.label.len);
        valid &= !plan->counter.invalid;
    }
    WW__OUT(out, "],\"cascade\":");
    if (ev->truncate.flags & WW_TRUNCATE_CASCADE)
        WW__OUT(out, "true,\"restart\":");
    else
        WW__OUT(out, "false,\"restart\":");
    if (ev->truncate.flags & WW_TRUNCATE_RESTART_IDENTITY)
        WW__OUT(out, "true");
    else
        WW__OUT(out, "false");
    ww__compact_subxid(out, ev);
    ww__compact_end(out, valid);
}

static void put_message(ww_format *f, const ww_event *ev, ww_out *out)
{
    bool valid;
    put_op(out, ev->kind);
    WW__OUT(out, "\"prefix\":");
    valid = ww__out_name(out, &f->policy, ev->message.prefix);
    WW__OUT(out, ",\"lsn\":");
    ww__out_lsn(out, ev->message.lsn);
    WW__OUT(out, ",\"content\":");
    ww__json_text(out, &f->policy, ev->message.content);
    ww__compact_subxid(out, ev);
    ww__compact_end(out, valid);
}

/* ---- transactions --------------------------------------------------------------------------- */

static void put_lsn(ww_out *out, const char *key, size_t key_len, ww_lsn lsn)
{
    ww__out_put(out, key, key_len);
    ww__out_lsn(out, lsn);
}

static void put_time(ww_out *out, const char *key, size_t key_len, ww_pg_time time)
{
    ww__out_put(out, key, key_len);
    ww__out_iso_time(out, time);
}

#define XID(out, xid) put_xid((out), "\"xid\":", 6, (xid))
#define LSN(out, key, lsn) put_lsn((out), ",\"" key "\":", sizeof(key) + 3, (lsn))
#define TIME(out, key, time) put_time((out), ",\"" key "\":", sizeof(key) + 3, (time))

static bool put_gid(const ww_format *f, ww_slice gid, ww_out *out)
{
    WW__OUT(out, ",\"gid\":");
    return ww__out_name(out, &f->policy, gid);
}

static ww_status put_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    bool valid = true;
    (void)err;
    put_op(out, ev->kind);
    if (ev->kind == WW_EV_STREAM_START) {
        XID(out, ev->stream_start.xid);
        if (ev->stream_start.first_segment)
            WW__OUT(out, ",\"first\":true");
        else
            WW__OUT(out, ",\"first\":false");
    } else if (ev->kind == WW_EV_BEGIN_PREPARE) {
        XID(out, ev->prepare.xid);
        valid = put_gid(f, ev->prepare.gid, out);
        LSN(out, "lsn", ev->prepare.prepare_lsn);
        TIME(out, "ts", ev->prepare.prepare_time);
    } else {
        XID(out, ev->begin.xid);
        LSN(out, "lsn", ev->begin.final_lsn);
        TIME(out, "ts", ev->begin.commit_time);
    }
    ww__compact_end(out, valid);
    return WW_OK;
}

static void put_abort(const ww_event *ev, ww_out *out)
{
    XID(out, ev->stream_abort.xid);
    put_xid(out, ",\"subxid\":", 10, ev->stream_abort.subxid);
    if (ev->stream_abort.abort_lsn == 0) { /* a server without streaming=parallel does not say */
        WW__OUT(out, ",\"lsn\":null,\"ts\":null");
        return;
    }
    LSN(out, "lsn", ev->stream_abort.abort_lsn);
    TIME(out, "ts", ev->stream_abort.abort_time);
}

static bool put_prepare(const ww_format *f, const ww_event *ev, ww_out *out)
{
    bool valid;
    XID(out, ev->prepare.xid);
    valid = put_gid(f, ev->prepare.gid, out);
    LSN(out, "prepare_lsn", ev->prepare.prepare_lsn);
    LSN(out, "lsn", ev->prepare.end_lsn);
    TIME(out, "ts", ev->prepare.prepare_time);
    return valid;
}

static bool put_commit_prepared(const ww_format *f, const ww_event *ev, ww_out *out)
{
    bool valid;
    XID(out, ev->commit_prepared.xid);
    valid = put_gid(f, ev->commit_prepared.gid, out);
    LSN(out, "commit_lsn", ev->commit_prepared.commit_lsn);
    LSN(out, "lsn", ev->commit_prepared.end_lsn);
    TIME(out, "ts", ev->commit_prepared.commit_time);
    return valid;
}

static bool put_rollback_prepared(const ww_format *f, const ww_event *ev, ww_out *out)
{
    bool valid;
    XID(out, ev->rollback_prepared.xid);
    valid = put_gid(f, ev->rollback_prepared.gid, out);
    LSN(out, "prepare_end_lsn", ev->rollback_prepared.prepare_end_lsn);
    LSN(out, "lsn", ev->rollback_prepared.rollback_end_lsn);
    TIME(out, "prepare_ts", ev->rollback_prepared.prepare_time);
    TIME(out, "ts", ev->rollback_prepared.rollback_time);
    return valid;
}

static ww_status put_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    bool valid = true;
    (void)err;
    put_op(out, ev->kind);
    switch (ev->kind) {
    case WW_EV_STREAM_STOP:
        XID(out, ev->xid);
        break;
    case WW_EV_STREAM_COMMIT:
        XID(out, ev->stream_commit.xid);
        LSN(out, "commit_lsn", ev->stream_commit.commit_lsn);
        LSN(out, "lsn", ev->stream_commit.end_lsn);
        TIME(out, "ts", ev->stream_commit.commit_time);
        break;
    case WW_EV_STREAM_ABORT:
        put_abort(ev, out);
        break;
    case WW_EV_PREPARE:
    case WW_EV_STREAM_PREPARE:
        valid = put_prepare(f, ev, out);
        break;
    case WW_EV_COMMIT_PREPARED:
        valid = put_commit_prepared(f, ev, out);
        break;
    case WW_EV_ROLLBACK_PREPARED:
        valid = put_rollback_prepared(f, ev, out);
        break;
    default:
        WW__OUT(out, "\"lsn\":");
        ww__out_lsn(out, ev->commit.end_lsn);
        break;
    }
    ww__compact_end(out, valid);
    return WW_OK;
}

const ww__format_ops ww__format_compact = {
    .name = "compact",
    .about = "one short JSON line per event, begin and commit included",
    .head = put_head,
    .label = put_label,
    .begin = put_begin,
    .row = put_row,
    .commit = put_commit,
    .message = put_message,
    .truncate = put_truncate,
    .state_size = sizeof(ww__compact),
    .close = ww__compact_close,
    .type = ww__compact_type,
    .relation = ww__compact_relation,
};
