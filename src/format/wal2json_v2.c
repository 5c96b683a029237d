/* SPDX-License-Identifier: MIT */
/* wal2json_v2.c: the format "wal2json-v2": one object per line, as the plugin wal2json writes them
 * with format-version 2. */
#include "wal2json.h"

/* {"name":"id","type":"integer","typeoid":23,"value": */
static bool put_column(const ww_format *f, const ww_relation_column *column, uint8_t *type,
                       ww_out *out)
{
    bool valid;
    *type = ww__w2j_form(column->type_oid);
    WW__OUT(out, ",{\"name\":");
    valid = ww__out_name(out, &f->policy, column->name);
    if (ww__w2j_has(f, WW__W2J_TYPES)) {
        WW__OUT(out, ",\"type\":");
        valid &= ww__w2j_type_name(f, column, out);
    }
    if (ww__w2j_has(f, WW__W2J_TYPE_OIDS)) {
        WW__OUT(out, ",\"typeoid\":");
        ww__out_u64(out, column->type_oid);
    }
    WW__OUT(out, ",\"value\":");
    return valid;
}

/* What each line begins with. A message that is not transactional has no transaction to tell of. */
static void put_action(const ww_format *f, ww_out *out, int kind, bool has_transaction, ww_lsn lsn)
{
    const ww__wal2json *w = f->state;
    char text[] = "{\"action\":\"?\"";
    text[11] = (char)kind;
    ww__out_put(out, text, sizeof text - 1);
    if (ww__w2j_has(f, WW__W2J_XIDS)) {
        WW__OUT(out, ",\"xid\":");
        if (has_transaction)
            ww__out_u64(out, w->xid);
        else
            WW__OUT(out, "null");
    }
    if (ww__w2j_has(f, WW__W2J_TIMESTAMP)) {
        WW__OUT(out, ",\"timestamp\":");
        if (has_transaction)
            ww__w2j_time(out, w->commit_time);
        else
            WW__OUT(out, "null");
    }
    if (ww__w2j_has(f, WW__W2J_LSN)) {
        WW__OUT(out, ",\"lsn\":");
        ww__out_lsn(out, lsn);
    }
}

static void put_columns(ww_format *f, ww_out *out, ww__w2j_walk walk)
{
    size_t comma = 1;
    ww__out_byte(out, '[');
    for (; ww__w2j_next(&walk); comma = 0) {
        ww__out_fragment(out, walk.column->name + comma, walk.column->len - comma);
        ww__w2j_value(f, out, walk.column, &walk.value);
        ww__out_byte(out, '}');
    }
    ww__out_byte(out, ']');
}

static void put_row(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    put_action(f, out, ev->kind, true, ev->wal_lsn);
    ww__out_put(out, plan->head.ptr, plan->head.len);
    if (ev->kind != WW_EV_DELETE) {
        WW__OUT(out, ",\"columns\":");
        put_columns(f, out, ww__w2j_new(ev, plan));
    }
    if (ev->kind != WW_EV_INSERT) {
        WW__OUT(out, ",\"identity\":");
        put_columns(f, out, ww__w2j_identity(ev, plan, true));
    }
    ww__w2j_end(out, !plan->invalid);
    ww__out_byte(out, '\n');
}

static void put_truncate(ww_format *f, const ww_event *ev, ww_out *out)
{
    uint32_t i;
    for (i = 0; i < ev->truncate.count; i++) {
        const ww__plan *plan = ww__plan_find(f, ww_truncate_relation_id(&ev->truncate, i));
        put_action(f, out, ev->kind, true, ev->wal_lsn);
        ww__out_put(out, plan->head.ptr, plan->head.len);
        ww__w2j_end(out, !plan->counter.invalid);
        ww__out_byte(out, '\n');
    }
}

static void put_message(ww_format *f, const ww_event *ev, ww_out *out)
{
    bool transactional = (ev->message.flags & WW_MESSAGE_TRANSACTIONAL) != 0;
    put_action(f, out, ev->kind, transactional, ev->message.lsn);
    ww__out_byte(out, ',');
    ww__w2j_message(f, ev, out);
    ww__out_byte(out, '\n');
}

static ww_status put_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww_status status = ww__w2j_begin(f, ev, err);
    if (status != WW_OK || !ww__w2j_has(f, WW__W2J_OWN))
        return status;
    put_action(f, out, ev->kind, true, ev->begin.final_lsn);
    WW__OUT(out, "}\n");
    return WW_OK;
}

static ww_status put_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww_status status = ww__refuse_commit(f, ev, out, err);
    if (status != WW_OK || ev->kind != WW_EV_COMMIT || !ww__w2j_has(f, WW__W2J_OWN))
        return status;
    put_action(f, out, ev->kind, true, ev->commit.commit_lsn);
    if (ww__w2j_has(f, WW__W2J_LSN)) {
        WW__OUT(out, ",\"nextlsn\":");
        ww__out_lsn(out, ev->commit.end_lsn);
    }
    WW__OUT(out, "}\n");
    return WW_OK;
}

static const ww__knob knobs[] = {
    WW__W2J_KNOBS,
    {"include-transaction", "true|false", "lines of begin and commit"},
    {NULL, NULL, NULL},
};

const ww__format_ops ww__format_wal2json_v2 = {
    .name = "wal2json-v2",
    .about = "the lines of the plugin wal2json with format-version 2: one object per change",
    .state_size = sizeof(ww__wal2json),
    .open = ww__w2j_open,
    .close = ww__w2j_close,
    .head = ww__w2j_head,
    .column = put_column,
    .type = ww__w2j_type,
    .begin = put_begin,
    .row = put_row,
    .commit = put_commit,
    .message = put_message,
    .truncate = put_truncate,
    .knobs = knobs,
};
