/* SPDX-License-Identifier: MIT */
/* debezium.c: the format "debezium": the JSON envelope of Debezium's PostgreSQL connector,
 * without schemas.
 *
 * A line is put together from pieces that were rendered before: the source block up to the
 * database name (once per transaction), schema and table (once per relation), the send time
 * (once per message). */
#include "debezium.h"

#include "base/error.h"

/* ---- what never changes --------------------------------------------------------------------- */

static bool put_head(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    bool valid = ww__out_table(out, &f->policy, relation);
    WW__OUT(out, ",\"txId\":");
    return valid;
}

static bool put_label(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    bool valid;
    ww__out_byte(out, '"');
    valid = ww__json_name(out, &f->policy, relation->nspname);
    ww__out_byte(out, '.');
    valid = ww__json_name(out, &f->policy, relation->relname) && valid;
    ww__out_byte(out, '"');
    return valid;
}

static ww_status open_debezium(ww_format *f, const ww_format_config *config, ww_error *err)
{
    static const char label[] = "\"LOGICAL_DECODING_MESSAGE\"";
    ww__debezium *d = f->state;
    const char *name = config->connector_name != NULL ? config->connector_name : "walwire";
    ww_out out = { NULL, 0, 0, WW_OK, &f->alloc, NULL, NULL, 0 };
    size_t room, name_at;
    WW__OUT(&out, ",\"source\":{\"version\":\"");
    ww__out_put(&out, ww_version(), strlen(ww_version()));
    WW__OUT(&out, "\",\"connector\":\"postgresql\",\"name\":");
    d->invalid = !ww__out_name(&out, &f->policy, ww_slice_of(name));
    WW__OUT(&out, ",\"ts_ms\":");
    d->before.len = out.len;
    WW__OUT(&out, ",\"snapshot\":\"false\",\"db\":");
    name_at = out.len;
    d->invalid |= !ww__out_name(&out, &f->policy, ww_slice_of(config->database));
    d->behind.len = out.len - d->before.len;
    room = out.len + sizeof d->commit.text;
    ww__out_room(&out, room);
    d->text = out.ptr;
    d->text_size = out.cap;
    if (out.status != WW_OK)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a format");
    d->before.ptr = d->text;
    d->behind.ptr = d->text + d->before.len;
    d->source = d->text + out.len;
    d->messages.label = ww_slice_of(label);
    d->database.ptr = d->text + name_at;
    d->database.len = out.len - name_at;
    return ww__debezium_knobs_open(f, err);
}

static void close_debezium(ww_format *f)
{
    ww__debezium *d = f->state;
    ww__format_free(f, d->text, d->text_size);
    ww__debezium_knobs_close(f);
    ww__typenames_close(f, &d->types);
}

/* ---- the envelope --------------------------------------------------------------------------- */

/* What changes with the transaction. Outside of one there is no commit time: the send time
 * stands for it, as Debezium takes its clock's. */
static void set_transaction(ww__debezium *d, const ww_event *ev)
{
    ww_pg_time time = ev->xid != 0 ? ev->commit_time : ev->sent_at;
    if (!d->commit.set || d->commit.time.us != time.us) {
        ww__stamp_set(&d->commit, time);
        memcpy(d->source, d->before.ptr, d->before.len);
        memcpy(d->source + d->before.len, d->commit.text, d->commit.len);
        d->source_len = d->before.len + d->commit.len;
        memcpy(d->source + d->source_len, d->behind.ptr, d->behind.len);
        d->source_len += d->behind.len;
    }
    if (!d->xid_set || d->xid != ev->xid) {
        ww_out text = { d->xid_text, 0, WW__XID_ROOM, WW_OK, NULL, NULL, NULL, 0 };
        if (ev->xid != 0)
            ww__out_u64(&text, ev->xid);
        else
            WW__OUT(&text, "null");
        WW__OUT(&text, ",\"lsn\":");
        d->xid = ev->xid;
        d->xid_len = text.len;
        d->xid_set = true;
    }
}

static ww_lsn source_lsn(const ww_event *ev)
{
    if (ev->wal_lsn != 0)
        return ev->wal_lsn;
    return ev->final_lsn != 0 || ev->kind != WW_EV_MESSAGE ? ev->final_lsn : ev->message.lsn;
}

void ww__debezium_source(ww__debezium *d, const ww_event *ev, ww_slice head, size_t comma,
                         ww_out *out)
{
    set_transaction(d, ev);
    ww__out_put(out, d->source + comma, d->source_len - comma);
    ww__out_put(out, head.ptr, head.len);
    ww__out_fragment(out, d->xid_text, d->xid_len);
    ww__out_u64(out, source_lsn(ev));
}

/* From ,"source" to "ts_ns". head: schema, table and the key of txId. */
static void put_envelope(ww__debezium *d, const ww_event *ev, ww_slice head, char op, ww_out *out)
{
    char text[] = ",\"xmin\":null},\"op\":\"?\",\"ts_ms\":";
    ww__debezium_source(d, ev, head, 0, out);
    if (!d->sent.set || d->sent.time.us != ev->sent_at.us)
        ww__stamp_set(&d->sent, ev->sent_at);
    text[20] = op;
    ww__out_put(out, text, sizeof text - 1);
    ww__out_put(out, d->sent.text, d->sent.len);
}

bool ww__debezium_gid(const ww_format *f, ww_slice gid, ww_out *out)
{
    WW__OUT(out, ",\"gid\":");
    return ww__out_name(out, &f->policy, gid);
}

void ww__debezium_id(uint32_t xid, ww_lsn lsn, ww_out *out)
{
    WW__OUT(out, "\"id\":\"");
    ww__out_u64(out, xid);
    ww__out_byte(out, ':');
    ww__out_u64(out, lsn);
    ww__out_byte(out, '"');
}

static bool put_transaction(ww_format *f, const ww_event *ev, ww__counter *counter, ww_out *out)
{
    bool valid = true;
    uint64_t place;
    if (ev->xid == 0) {
        WW__OUT(out, ",\"transaction\":null");
        return true;
    }
    ww__counts_follow(f, ev->xid, ev->final_lsn);
    place = ww__counts_add(&f->counts, counter);
    WW__OUT(out, ",\"transaction\":{");
    ww__debezium_id(ev->xid, ev->final_lsn, out);
    WW__OUT(out, ",\"total_order\":");
    ww__out_u64(out, f->counts.total);
    WW__OUT(out, ",\"data_collection_order\":");
    ww__out_u64(out, place);
    if (ev->gid.len > 0)
        valid = ww__debezium_gid(f, ev->gid, out);
    ww__out_byte(out, '}');
    return valid;
}

/* From the transaction block to the end of the line. Rows of a prepared transaction always carry
 * it: without, nothing would tell that they are not committed yet. */
static void put_end(ww_format *f, const ww_event *ev, ww__counter *counter, bool valid, ww_out *out)
{
    const ww__debezium *d = f->state;
    if (f->transactions || ev->gid.len > 0)
        valid &= put_transaction(f, ev, counter, out);
    if (!valid || d->invalid)
        WW__OUT(out, ",\"$invalid\":true");
    WW__OUT(out, "}\n");
}

/* ---- changes -------------------------------------------------------------------------------- */

static const ww_tuple none;

/* Its key once more, with nothing behind the tab: what had that key is gone. */
static void put_tombstone(ww_format *f, const ww_event *ev, const ww__plan *plan, ww_out *out)
{
    bool gone = ev->kind == WW_EV_DELETE ||
                (ev->kind == WW_EV_UPDATE && ww__key_changed(plan, ev->new_tuple, ev->old_tuple));
    if (!gone || plan->nkey == 0)
        return;
    ww__key_put(f, out, plan, ev->old_tuple, none);
    WW__OUT(out, "\t\n");
}

static void put_key(ww_format *f, const ww_event *ev, const ww__plan *plan, ww_out *out)
{
    bool is_new = ev->new_tuple.kind != WW_TUPLE_NONE;
    ww__key_put(f, out, plan, is_new ? ev->new_tuple : ev->old_tuple, ev->old_tuple);
    ww__out_byte(out, '\t');
}

static void put_row(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    char op = 'c';
    if (f->key)
        put_key(f, ev, plan, out);
    if (ev->kind == WW_EV_INSERT) {
        WW__OUT(out, "{\"before\":null,\"after\":");
    } else {
        op = ev->kind == WW_EV_UPDATE ? 'u' : 'd';
        WW__OUT(out, "{\"before\":");
        if (ev->old_tuple.kind == WW_TUPLE_NONE)
            WW__OUT(out, "null");
        else
            ww__row_put(f, out, plan, ev->old_tuple, none);
        WW__OUT(out, ",\"after\":");
    }
    if (ev->new_tuple.kind == WW_TUPLE_NONE)
        WW__OUT(out, "null");
    else
        ww__row_put(f, out, plan, ev->new_tuple, ev->old_tuple);
    put_envelope(f->state, ev, plan->head, op, out);
    put_end(f, ev, &plan->counter, !plan->invalid, out);
    if (f->tombstones)
        put_tombstone(f, ev, plan, out);
}

static void put_truncate(ww_format *f, const ww_event *ev, ww_out *out)
{
    uint32_t i;
    for (i = 0; i < ev->truncate.count; i++) {
        ww__plan *plan = ww__plan_find(f, ww_truncate_relation_id(&ev->truncate, i));
        ww__debezium_no_key(f, out);
        WW__OUT(out, "{\"before\":null,\"after\":null");
        put_envelope(f->state, ev, plan->head, 't', out);
        put_end(f, ev, &plan->counter, !plan->invalid, out);
    }
}

static void put_message(ww_format *f, const ww_event *ev, ww_out *out)
{
    ww__debezium *d = f->state;
    bool valid;
    ww__debezium_no_key(f, out);
    WW__OUT(out, "{\"before\":null,\"after\":null");
    put_envelope(d, ev, ww_slice_of(",\"schema\":\"\",\"table\":\"\",\"txId\":"), 'm', out);
    WW__OUT(out, ",\"message\":{\"prefix\":");
    valid = ww__out_name(out, &f->policy, ev->message.prefix);
    WW__OUT(out, ",\"content\":\"");
    ww__out_base64(out, ev->message.content);
    WW__OUT(out, "\"}");
    put_end(f, ev, &d->messages, valid, out);
}

const ww__format_ops ww__format_debezium = {
    .name = "debezium",
    .about = "JSON as Debezium's PostgreSQL connector writes it, without schemas (default)",
    .unavailable = "\"__debezium_unavailable_value\"",
    .state_size = sizeof(ww__debezium),
    .open = open_debezium,
    .close = close_debezium,
    .head = put_head,
    .label = put_label,
    .begin = ww__debezium_begin,
    .row = put_row,
    .commit = ww__debezium_commit,
    .message = put_message,
    .truncate = put_truncate,
    .type = ww__debezium_type,
    .relation = ww__debezium_relation,
    .knobs = ww__debezium_knobs,
    .has_keys = true,
};
