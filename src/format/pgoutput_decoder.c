/* SPDX-License-Identifier: MIT */
/* pgoutput_decoder.c: the format "pgoutput-decoder": the dictionary of the Python package of that
 * name, which is Debezium's envelope with fewer members in its source. */
#include "render.h"

#include "base/error.h"

typedef struct pgoutput_decoder {
    uint8_t *text; /* one allocation: `before` and `behind` */
    size_t text_size;
    ww_slice before; /* ,"source":{ ... "ts_ms": */
    ww_slice behind; /* ,"snapshot":"false","db":"..." */
    bool invalid;    /* the database's or the connector's name is not UTF-8 */
    ww__stamp sent;
} pgoutput_decoder;

static bool put_head(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    bool valid = ww__out_table(out, &f->policy, relation);
    WW__OUT(out, ",\"lsn\":");
    return valid;
}

static ww_status open_state(ww_format *f, const ww_format_config *config, ww_error *err)
{
    pgoutput_decoder *d = f->state;
    const char *name = config->connector_name != NULL ? config->connector_name : "pgoutput-decoder";
    ww_out out = {NULL, 0, 0, WW_OK, &f->alloc, NULL, NULL, 0};
    WW__OUT(&out, ",\"source\":{\"version\":\"");
    ww__out_put(&out, ww_version(), strlen(ww_version()));
    WW__OUT(&out, "\",\"connector\":\"pgoutput-decoder\",\"name\":");
    d->invalid = !ww__out_name(&out, &f->policy, ww_slice_of(name));
    WW__OUT(&out, ",\"ts_ms\":");
    d->before.len = out.len;
    WW__OUT(&out, ",\"snapshot\":\"false\",\"db\":");
    d->invalid |= !ww__out_name(&out, &f->policy, ww_slice_of(config->database));
    d->text = out.ptr;
    d->text_size = out.cap;
    if (out.status != WW_OK)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a format");
    d->before.ptr = d->text;
    d->behind.ptr = d->text + d->before.len;
    d->behind.len = out.len - d->before.len;
    return WW_OK;
}

static void close_state(ww_format *f)
{
    pgoutput_decoder *d = f->state;
    ww__format_free(f, d->text, d->text_size);
}

static void put_tuple(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple,
                      ww_tuple fill)
{
    if (tuple.kind == WW_TUPLE_NONE)
        WW__OUT(out, "null");
    else
        ww__row_put(f, out, plan, tuple, fill);
}

static void put_source(const pgoutput_decoder *d, const ww_event *ev, const ww__plan *plan,
                       ww_out *out)
{
    ww__out_put(out, d->before.ptr, d->before.len);
    ww__out_unix_ms(out, ev->commit_time);
    ww__out_put(out, d->behind.ptr, d->behind.len);
    ww__out_put(out, plan->head.ptr, plan->head.len);
    ww__out_u64(out, ev->wal_lsn != 0 ? ev->wal_lsn : ev->final_lsn);
    ww__out_byte(out, '}');
}

static void put_row(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    static const ww_tuple none;
    pgoutput_decoder *d = f->state;
    char front[] = "{\"op\":\"c\",\"before\":";
    if (ev->kind != WW_EV_INSERT)
        front[7] = ev->kind == WW_EV_UPDATE ? 'u' : 'd';
    ww__out_put(out, front, sizeof front - 1);
    put_tuple(f, out, plan, ev->old_tuple, none);
    WW__OUT(out, ",\"after\":");
    put_tuple(f, out, plan, ev->new_tuple, ev->old_tuple);
    put_source(d, ev, plan, out);
    if (!d->sent.set || d->sent.time.us != ev->sent_at.us)
        ww__stamp_set(&d->sent, ev->sent_at);
    WW__OUT(out, ",\"ts_ms\":");
    ww__out_put(out, d->sent.text, d->sent.len);
    if (plan->invalid || d->invalid)
        WW__OUT(out, ",\"$invalid\":true");
    WW__OUT(out, "}\n");
}

const ww__format_ops ww__format_pgoutput_decoder = {
    .name = "pgoutput-decoder",
    .about = "the dictionary of the Python package pgoutput-decoder, as JSON",
    .unavailable = "\"__debezium_unavailable_value\"",
    .state_size = sizeof(pgoutput_decoder),
    .open = open_state,
    .close = close_state,
    .head = put_head,
    .begin = ww__refuse_begin,
    .row = put_row,
    .commit = ww__refuse_commit,
};
