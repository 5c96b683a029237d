/* SPDX-License-Identifier: MIT */
/* debezium_txn.c: the lines of Debezium's transaction topic: BEGIN and END with what they
 * enclosed, and what two-phase commit adds to them. */
#include "debezium.h"

#include "base/error.h"

static void open_status(const ww_format *f, const char *status, uint32_t xid, ww_lsn lsn,
                        ww_pg_time time, ww_out *out)
{
    ww__debezium_no_key(f, out);
    WW__OUT(out, "{\"status\":\"");
    ww__out_put(out, status, strlen(status));
    WW__OUT(out, "\",");
    ww__debezium_id(xid, lsn, out);
    WW__OUT(out, ",\"ts_ms\":");
    ww__out_unix_ms(out, time);
}

static void put_no_counts(ww_out *out)
{
    WW__OUT(out, ",\"event_count\":null,\"data_collections\":null");
}

/* False: a name is not UTF-8. */
static bool put_counts(const ww__counts *counts, ww_out *out)
{
    const ww__counter *c;
    bool valid = true;
    WW__OUT(out, ",\"event_count\":");
    ww__out_u64(out, counts->total);
    WW__OUT(out, ",\"data_collections\":[");
    for (c = counts->first; c != NULL; c = c->next) {
        if (c != counts->first)
            ww__out_byte(out, ',');
        WW__OUT(out, "{\"data_collection\":");
        ww__out_put(out, c->label.ptr, c->label.len);
        WW__OUT(out, ",\"event_count\":");
        ww__out_u64(out, c->count);
        ww__out_byte(out, '}');
        valid &= !c->invalid;
    }
    ww__out_byte(out, ']');
    return valid;
}

/* end_lsn: what the line's transaction is acknowledged with; 0: it does not end one. */
static void close_status(ww_format *f, ww_slice gid, bool valid, ww_lsn end_lsn, ww_out *out)
{
    if (gid.len > 0)
        valid &= ww__debezium_gid(f, gid, out);
    if (f->end_positions && end_lsn != 0) {
        WW__OUT(out, ",\"end_lsn\":");
        ww__out_lsn(out, end_lsn);
    }
    if (!valid)
        WW__OUT(out, ",\"$invalid\":true");
    WW__OUT(out, "}\n");
}

static ww_status refuse_stream(ww_error *err)
{
    return ww__fail(err, WW_ERR_USAGE,
                    "the format debezium has no lines for transactions that are still open: "
                    "assemble them, or choose compact");
}

ww_status ww__debezium_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    static const ww_slice no_gid;
    bool prepare = ev->kind == WW_EV_BEGIN_PREPARE;
    uint32_t xid = prepare ? ev->prepare.xid : ev->begin.xid;
    ww_lsn lsn = prepare ? ev->prepare.prepare_lsn : ev->begin.final_lsn;
    if (ev->kind == WW_EV_STREAM_START)
        return refuse_stream(err);
    if (!f->transactions)
        return WW_OK;
    ww__counts_follow(f, xid, lsn);
    open_status(f, "BEGIN", xid, lsn, prepare ? ev->prepare.prepare_time : ev->begin.commit_time,
                out);
    put_no_counts(out);
    close_status(f, prepare ? ev->prepare.gid : no_gid, true, 0, out);
    return WW_OK;
}

static void put_finish(ww_format *f, const char *status, ww_pg_time time, ww_slice gid,
                       ww_lsn end_lsn, ww_out *out)
{
    bool valid;
    open_status(f, status, f->counts.xid, f->counts.final_lsn, time, out);
    valid = put_counts(&f->counts, out);
    close_status(f, gid, valid, end_lsn, out);
    ww__counts_follow(f, 0, 0);
}

ww_status ww__debezium_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    static const ww_slice no_gid;
    switch (ev->kind) {
    case WW_EV_COMMIT:
        if (!f->transactions)
            break;
        ww__counts_follow(f, ev->xid != 0 ? ev->xid : f->counts.xid, ev->commit.commit_lsn);
        put_finish(f, "END", ev->commit.commit_time, no_gid, ev->commit.end_lsn, out);
        break;
    case WW_EV_PREPARE:
        ww__counts_follow(f, ev->prepare.xid, ev->prepare.prepare_lsn);
        put_finish(f, "PREPARED", ev->prepare.prepare_time, ev->prepare.gid, ev->prepare.end_lsn,
                   out);
        break;
    case WW_EV_COMMIT_PREPARED:
        open_status(f, "COMMIT_PREPARED", ev->commit_prepared.xid, ev->commit_prepared.commit_lsn,
                    ev->commit_prepared.commit_time, out);
        put_no_counts(out);
        close_status(f, ev->commit_prepared.gid, true, ev->commit_prepared.end_lsn, out);
        break;
    case WW_EV_ROLLBACK_PREPARED:
        open_status(f, "ROLLBACK_PREPARED", ev->rollback_prepared.xid,
                    ev->rollback_prepared.rollback_end_lsn, ev->rollback_prepared.rollback_time,
                    out);
        put_no_counts(out);
        close_status(f, ev->rollback_prepared.gid, true, ev->rollback_prepared.rollback_end_lsn,
                     out);
        break;
    case WW_EV_STREAM_COMMIT:
    case WW_EV_STREAM_PREPARE:
        return refuse_stream(err);
    default: /* STREAM_STOP and STREAM_ABORT say nothing about what this format has shown */
        break;
    }
    return WW_OK;
}
