/* SPDX-License-Identifier: MIT */
/* wal2json_v1.c: the format "wal2json-v1": one object per transaction, as the plugin wal2json
 * writes it with format-version 1. A transaction's line is written as its changes come. */
#include "wal2json.h"

/* "id", NUL, "integer" */
static bool put_column(const ww_format *f, const ww_relation_column *column, uint8_t *type,
                       ww_out *out)
{
    const ww__wal2json *w = f->state;
    bool valid;
    *type = ww__w2j_form(column->type_oid);
    valid = ww__out_name(out, &f->policy, column->name);
    ww__out_byte(out, '\0');
    if (!ww__w2j_has(f, WW__W2J_OWN))
        return ww__out_name(out, &f->policy, ww__typenames_own(&w->types, column->type_oid)) &&
               valid;
    return ww__w2j_type_name(f, column, out) && valid;
}

/* ---- lists ---------------------------------------------------------------------------------- */

typedef void put_item(ww_format *f, ww_out *out, const ww__w2j_walk *walk);

static size_t name_len(const ww__plan_column *column)
{
    const uint8_t *end = memchr(column->name, '\0', column->len);
    return (size_t)(end - column->name);
}

static void put_name(ww_format *f, ww_out *out, const ww__w2j_walk *walk)
{
    (void)f;
    ww__out_put(out, walk->column->name, name_len(walk->column));
}

static void put_type(ww_format *f, ww_out *out, const ww__w2j_walk *walk)
{
    size_t skip = name_len(walk->column) + 1;
    (void)f;
    ww__out_put(out, walk->column->name + skip, walk->column->len - skip);
}

static void put_type_oid(ww_format *f, ww_out *out, const ww__w2j_walk *walk)
{
    (void)f;
    ww__out_u64(out, walk->column->type_oid);
}

static void put_value(ww_format *f, ww_out *out, const ww__w2j_walk *walk)
{
    ww__w2j_value(f, out, walk->column, &walk->value);
}

static void put_list(ww_format *f, ww_out *out, ww__w2j_walk walk, put_item *put)
{
    bool first = true;
    ww__out_byte(out, '[');
    for (; ww__w2j_next(&walk); first = false) {
        if (!first)
            ww__out_byte(out, ',');
        put(f, out, &walk);
    }
    ww__out_byte(out, ']');
}

/* "columnnames":[...],"columntypes":[...],"columnvalues":[...], or the same of the key. */
static void put_lists(ww_format *f, ww_out *out, ww__w2j_walk walk, ww_slice what)
{
    ww__out_byte(out, '"');
    ww__out_put(out, what.ptr, what.len);
    WW__OUT(out, "names\":");
    put_list(f, out, walk, put_name);
    if (ww__w2j_has(f, WW__W2J_TYPES)) {
        WW__OUT(out, ",\"");
        ww__out_put(out, what.ptr, what.len);
        WW__OUT(out, "types\":");
        put_list(f, out, walk, put_type);
    }
    if (ww__w2j_has(f, WW__W2J_TYPE_OIDS)) {
        WW__OUT(out, ",\"");
        ww__out_put(out, what.ptr, what.len);
        WW__OUT(out, "typeoids\":");
        put_list(f, out, walk, put_type_oid);
    }
    WW__OUT(out, ",\"");
    ww__out_put(out, what.ptr, what.len);
    WW__OUT(out, "values\":");
    put_list(f, out, walk, put_value);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* A change that is in no transaction has a line of its own. */
static void begin_change(ww_format *f, ww_out *out)
{
    ww__wal2json *w = f->state;
    if (!w->open)
        WW__OUT(out, "{\"change\":[");
    else if (w->wrote)
        ww__out_byte(out, ',');
    w->wrote = true;
}

static void end_change(ww_format *f, ww_out *out)
{
    const ww__wal2json *w = f->state;
    if (!w->open)
        WW__OUT(out, "]}\n");
}

static void put_row(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    begin_change(f, out);
    if (ev->kind == WW_EV_INSERT)
        WW__OUT(out, "{\"kind\":\"insert\"");
    else if (ev->kind == WW_EV_UPDATE)
        WW__OUT(out, "{\"kind\":\"update\"");
    else
        WW__OUT(out, "{\"kind\":\"delete\"");
    ww__out_put(out, plan->head.ptr, plan->head.len);
    if (ev->kind != WW_EV_DELETE) {
        ww__out_byte(out, ',');
        put_lists(f, out, ww__w2j_new(ev, plan), ww_slice_of("column"));
    }
    if (ev->kind != WW_EV_INSERT) {
        WW__OUT(out, ",\"oldkeys\":{");
        put_lists(f, out, ww__w2j_identity(ev, plan, false), ww_slice_of("key"));
        ww__out_byte(out, '}');
    }
    ww__w2j_end(out, !plan->invalid);
    end_change(f, out);
}

static void put_message(ww_format *f, const ww_event *ev, ww_out *out)
{
    begin_change(f, out);
    WW__OUT(out, "{\"kind\":\"message\",");
    ww__w2j_message(f, ev, out);
    end_change(f, out);
}

/* ---- transactions --------------------------------------------------------------------------- */

static ww_status put_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww__wal2json *w = f->state;
    ww_status status;
    if (w->open)
        WW__OUT(out, "]}\n");
    w->open = false;
    status = ww__w2j_begin(f, ev, err);
    if (status != WW_OK)
        return status;
    ww__out_byte(out, '{');
    if (ww__w2j_has(f, WW__W2J_XIDS)) {
        WW__OUT(out, "\"xid\":");
        ww__out_u64(out, w->xid);
        ww__out_byte(out, ',');
    }
    if (ww__w2j_has(f, WW__W2J_TIMESTAMP)) {
        WW__OUT(out, "\"timestamp\":");
        ww__w2j_time(out, w->commit_time);
        ww__out_byte(out, ',');
    }
    WW__OUT(out, "\"change\":[");
    return WW_OK;
}

static ww_status put_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww__wal2json *w = f->state;
    ww_status status = ww__refuse_commit(f, ev, out, err);
    if (status != WW_OK || ev->kind != WW_EV_COMMIT || !w->open)
        return status;
    w->open = false;
    ww__out_byte(out, ']');
    if (ww__w2j_has(f, WW__W2J_LSN)) {
        WW__OUT(out, ",\"nextlsn\":");
        ww__out_lsn(out, ev->commit.end_lsn);
    }
    WW__OUT(out, "}\n");
    return WW_OK;
}

static const ww__knob knobs[] = {
    WW__W2J_KNOBS,
    {"include-typmod", "true|false", "types by their SQL names: false writes int4, varchar"},
    {NULL, NULL, NULL},
};

const ww__format_ops ww__format_wal2json_v1 = {
    .name = "wal2json-v1",
    .about = "the lines of the plugin wal2json with format-version 1: one object per transaction",
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
    .knobs = knobs,
};
