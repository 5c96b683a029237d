/* SPDX-License-Identifier: MIT */
/* format.c: which formats there are; opening one, and giving each event to the right function of
 * its table. */
#include "render.h"

#include "base/error.h"

/* "none" decodes and counts, and writes nothing: for benchmarks, and for draining a slot. */
static const ww__format_ops format_none = {
    .name = "none",
    .about = "decodes and counts, writes nothing",
};

static const ww__format_ops *const formats[] = {
    &ww__format_debezium,
    &ww__format_compact,
    &ww__format_test_decoding,
    &ww__format_wal2json_v2,
    &ww__format_wal2json_v1,
    &ww__format_pypgoutput,
    &ww__format_pgoutput_decoder,
    &ww__format_sql,
    &format_none,
};
#define FORMATS (sizeof formats / sizeof formats[0])

const char *ww_format_name(size_t i, const char **about)
{
    if (i >= FORMATS)
        return NULL;
    if (about != NULL)
        *about = formats[i]->about;
    return formats[i]->name;
}

static const ww__format_ops *find_format(const char *name)
{
    size_t i;
    if (name == NULL)
        return formats[0];
    if (strcmp(name, "wal2json") == 0)
        return &ww__format_wal2json_v2;
    for (i = 0; i < FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

static ww_status unknown_format(const char *name, ww_error *err)
{
    size_t i;
    ww__fail_text(err, WW_ERR_USAGE, "there is no such format", name);
    for (i = 0; i < FORMATS; i++) {
        ww__error_add_text(err, i == 0 ? ": choose " : ", ");
        ww__error_add_text(err, formats[i]->name);
    }
    return WW_ERR_USAGE;
}

const char *ww_format_knob(const char *format, size_t i, const char **values, const char **about)
{
    const ww__format_ops *ops = find_format(format);
    const ww__knob *k = ops != NULL ? ops->knobs : NULL;
    while (k != NULL && k->name != NULL && i > 0) {
        k++;
        i--;
    }
    if (k == NULL || k->name == NULL)
        return NULL;
    if (values != NULL)
        *values = k->values;
    if (about != NULL)
        *about = k->about;
    return k->name;
}

static bool has_schema_events(const ww__format_ops *ops)
{
    return ops->relation != NULL;
}

static bool has_keys(const ww__format_ops *ops)
{
    return ops->has_keys;
}

static ww_status refuse(const ww__format_ops *ops, const char *what,
                        bool (*has)(const ww__format_ops *), ww_error *err)
{
    const char *between = ": choose ";
    size_t i;
    ww__fail_text(err, WW_ERR_USAGE, what, ops->name);
    for (i = 0; i < FORMATS; i++) {
        if (!has(formats[i]))
            continue;
        ww__error_add_text(err, between);
        ww__error_add_text(err, formats[i]->name);
        between = ", ";
    }
    return WW_ERR_USAGE;
}

static ww_status check_config(const ww__format_ops *ops, const ww_format_config *config,
                              ww_error *err)
{
    if (config->schema_events && !has_schema_events(ops))
        return refuse(ops, "the format has no lines for schema events", has_schema_events, err);
    if (config->key && !has_keys(ops))
        return refuse(ops, "the format has no keys", has_keys, err);
    if (config->tombstones && !config->key)
        return ww__fail(err, WW_ERR_USAGE, "tombstones need keys");
    return WW_OK;
}

ww_status ww_format_open(ww_format **f, const ww_format_config *config, ww_error *err)
{
    ww_format_config c = WW_FORMAT_CONFIG_INIT;
    const ww__format_ops *ops;
    ww_format *made;
    ww_status status;
    *f = NULL;
    if (config == NULL || config->struct_size == 0 || config->struct_size > sizeof c)
        return ww__fail(err, WW_ERR_USAGE, "a format's configuration has no valid struct_size");
    memcpy(&c, config, config->struct_size);
    if (c.alloc == NULL)
        return ww__fail(err, WW_ERR_USAGE, "a format needs an allocator");
    ops = find_format(c.name);
    if (ops == NULL)
        return unknown_format(c.name, err);
    made = c.alloc->resize(c.alloc->ctx, NULL, 0, sizeof *made + ops->state_size);
    if (made == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a format");
    memset(made, 0, sizeof *made + ops->state_size);
    made->ops = ops;
    made->alloc = *c.alloc;
    made->transactions = c.transactions;
    made->types = c.types;
    made->schema_events = c.schema_events;
    made->key = c.key;
    made->tombstones = c.tombstones;
    made->end_positions = c.end_positions;
    made->policy.terminal = c.escape_terminal;
    made->policy.unavailable = ww_slice_of(ops->unavailable);
    made->state = made + 1;
    made->scratch.alloc = &made->alloc;
    status = check_config(ops, &c, err);
    if (status == WW_OK)
        status = ww__knobs_read(made, &c, err);
    if (status == WW_OK)
        status = ww__filter_open(&made->filter, &c, err);
    if (status == WW_OK && ops->open != NULL)
        status = ops->open(made, &c, err);
    if (status != WW_OK)
        ww_format_close(made);
    else
        *f = made;
    return status;
}

void ww_format_close(ww_format *f)
{
    ww_alloc alloc;
    if (f == NULL)
        return;
    ww__counts_follow(f, 0, 0);
    ww__plans_close(f);
    ww__filter_close(f);
    ww__format_free(f, f->scratch.ptr, f->scratch.cap);
    if (f->ops->close != NULL)
        f->ops->close(f);
    alloc = f->alloc;
    alloc.resize(alloc.ctx, f, sizeof *f + f->ops->state_size, 0);
}

/* ---- one event ------------------------------------------------------------------------------ */

static bool fits(ww_tuple tuple, const ww__plan *plan)
{
    return tuple.kind == WW_TUPLE_NONE || tuple.ncols == plan->ncols;
}

static bool passes(const ww_format *f, const ww_event *ev)
{
    uint8_t op = WW__OP_DELETE;
    if (ev->kind == WW_EV_INSERT)
        op = WW__OP_INSERT;
    else if (ev->kind == WW_EV_UPDATE)
        op = WW__OP_UPDATE;
    return (f->filter.ops & op) != 0;
}

/* The subject so far is the type: it becomes schema.table.column (type), or schema.table if the
 * fault is not a column's. */
static void blame_column(const ww_format *f, const ww_event *ev, const ww__plan *plan,
                         ww_error *err)
{
    const ww_relation *r = ev->relation;
    ww_error type;
    if (err == NULL)
        return;
    type = *err;
    err->subject[0] = '\0';
    ww__error_add(err, r->nspname);
    ww__error_add_text(err, ".");
    ww__error_add(err, r->relname);
    if (f->at_column == NULL)
        return;
    ww__error_add_text(err, ".");
    ww__error_add(err, r->columns[f->at_column - plan->columns].name);
    ww__error_add_text(err, f->at_part);
    ww__error_add_text(err, " (");
    ww__error_add_text(err, type.subject);
    ww__error_add_text(err, ")");
}

static ww_status render_row(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww__plan *plan;
    ww_status status = WW_OK;
    if (f->ops->row == NULL)
        return WW_OK;
    if (ev->relation == NULL)
        return ww__fail(err, WW_ERR_USAGE,
                        "a row without its relation: decode with a relation cache");
    plan = ww__plan_get(&f->plans, ev->relation);
    if (plan == NULL)
        status = ww__plan_make(f, ev->relation, &plan, err);
    if (status != WW_OK)
        return status;
    if (!fits(ev->new_tuple, plan) || !fits(ev->old_tuple, plan))
        return ww__fail(err, WW_ERR_DECODE,
                        "a row has another number of columns than its relation");
    if (plan->skipped || !passes(f, ev))
        return WW_OK;
    if (f->deferred.waits)
        status = ww__begin_write(f, out, err);
    if (status != WW_OK)
        return status;
    f->fault = WW_OK;
    f->err = err;
    f->committed = ev->final_lsn;
    f->ops->row(f, ev, plan, out);
    if (f->fault < 0)
        blame_column(f, ev, plan, err);
    return f->fault;
}

/* The truncate without what filters leave out. */
static ww_status render_filtered_truncate(ww_format *f, const ww_event *ev, ww_out *out,
                                          ww_error *err)
{
    ww_event passing = *ev;
    ww_status status = ww__filter_truncate(f, &passing.truncate, err);
    if (status != WW_OK || passing.truncate.count == 0)
        return status;
    status = ww__begin_write(f, out, err);
    if (status == WW_OK)
        f->ops->truncate(f, &passing, out);
    return status == WW_OK ? f->fault : status;
}

static ww_status render_truncate(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    uint32_t i;
    if (f->ops->truncate == NULL || (f->filter.ops & WW__OP_TRUNCATE) == 0)
        return WW_OK;
    for (i = 0; i < ev->truncate.count; i++)
        if (ww__plan_find(f, ww_truncate_relation_id(&ev->truncate, i)) == NULL)
            return ww__fail(
                err, WW_ERR_USAGE,
                "a truncated relation is unknown: show the format each RELATION event too");
    f->fault = WW_OK;
    f->err = err;
    if (f->filter.active)
        return render_filtered_truncate(f, ev, out, err);
    f->ops->truncate(f, ev, out);
    return f->fault;
}

static ww_status render_message(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww_status status = WW_OK;
    if (f->ops->message == NULL || (f->filter.ops & WW__OP_MESSAGE) == 0)
        return WW_OK;
    if ((ev->message.flags & WW_MESSAGE_TRANSACTIONAL) != 0)
        status = ww__begin_write(f, out, err);
    if (status == WW_OK)
        f->ops->message(f, ev, out);
    return status;
}

static ww_status tell_definition(ww_format *f, const ww_event *ev, const ww__plan *old,
                                 ww__plan *plan, ww_out *out, ww_error *err)
{
    ww_status status = ww__begin_write(f, out, err);
    if (status != WW_OK)
        return status;
    f->fault = WW_OK;
    f->err = err;
    f->ops->relation(f, ev, old, plan, out);
    return f->fault;
}

/* The plan before this one goes when the new one comes: the line of what changed needs a copy. */
static ww_status learn_changed(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    const ww__plan *known = ww__plan_find(f, ev->relation_id);
    ww__plan *plan, *old = known != NULL ? ww__plan_copy(f, known) : NULL;
    ww_status status;
    if (known != NULL && old == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the render plan of a relation");
    status = ww__plan_make(f, ev->relation, &plan, err);
    if (status == WW_OK && !plan->skipped)
        status = tell_definition(f, ev, old, plan, out, err);
    if (old != NULL)
        ww__plan_free(f, old);
    return status;
}

/* What was looked up meanwhile makes other plans. */
static void follow_types(ww_format *f)
{
    uint64_t version = ww_types_version(f->types);
    if (f->types_version == version)
        return;
    f->types_version = version;
    ww__plans_expire(f);
}

static ww_status learn_relation(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    ww__plan *plan;
    if (f->ops->row == NULL || ev->relation == NULL)
        return WW_OK;
    follow_types(f);
    if (f->schema_events && ev->relation_changed)
        return learn_changed(f, ev, out, err);
    return ww__plan_make(f, ev->relation, &plan, err);
}

/* Pieces of a transaction that is still open are shown as they come, whatever passes. */
static ww_status render_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    bool now = ev->kind == WW_EV_STREAM_START ||
               (ev->kind == WW_EV_BEGIN_PREPARE && f->ops->keeps_prepared);
    ww__begin_drop(f);
    follow_types(f);
    if (f->filter.active && !now) {
        ww__begin_defer(f, ev);
        return WW_OK;
    }
    return f->ops->begin != NULL ? f->ops->begin(f, ev, out, err) : WW_OK;
}

static ww_status render_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    bool ends = ev->kind == WW_EV_COMMIT || ev->kind == WW_EV_PREPARE;
    if ((ends && ww__begin_drop(f)) || f->ops->commit == NULL)
        return WW_OK;
    return f->ops->commit(f, ev, out, err);
}

static ww_status render(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    switch (ev->kind) {
    case WW_EV_INSERT:
    case WW_EV_UPDATE:
    case WW_EV_DELETE:
        return render_row(f, ev, out, err);
    case WW_EV_TRUNCATE:
        return render_truncate(f, ev, out, err);
    case WW_EV_MESSAGE:
        return render_message(f, ev, out, err);
    case WW_EV_RELATION:
        return learn_relation(f, ev, out, err);
    case WW_EV_TYPE:
        return f->ops->type != NULL ? f->ops->type(f, ev, err) : WW_OK;
    case WW_EV_BEGIN:
    case WW_EV_BEGIN_PREPARE:
    case WW_EV_STREAM_START:
        return render_begin(f, ev, out, err);
    case WW_EV_COMMIT:
    case WW_EV_PREPARE:
    case WW_EV_COMMIT_PREPARED:
    case WW_EV_ROLLBACK_PREPARED:
    case WW_EV_STREAM_COMMIT:
    case WW_EV_STREAM_ABORT:
    case WW_EV_STREAM_STOP:
    case WW_EV_STREAM_PREPARE:
        return render_commit(f, ev, out, err);
    default:
        return WW_OK;
    }
}

/* An event that could not be written leaves no half line behind, as far as that is still in the
 * buffer. */
static ww_status take_back(ww_out *out, size_t len, uint64_t flushed)
{
    out->len = out->flushed == flushed ? len : 0;
    return out->status;
}

static ww_status say_why(ww_status status, ww_error *err)
{
    switch (status) {
    case WW_ERR_NOMEM:
        return ww__fail(err, status, "no memory for the output buffer");
    case WW_ERR_IO:
        return ww__fail(err, status, "the output took no more bytes");
    default:
        return ww__fail(err, status,
                        "the output buffer is full and can neither be flushed nor grown");
    }
}

ww_status ww_format_render(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    size_t len = out->len;
    uint64_t flushed = out->flushed;
    bool waits = f->deferred.waits;
    ww_status status;
    if (out->status != WW_OK)
        return say_why(out->status, err);
    status = render(f, ev, out, err);
    if (status == WW_OK && out->status == WW_OK)
        return WW_OK;
    f->deferred.waits = waits; /* what was written of the beginning is taken back too */
    take_back(out, len, flushed);
    return status != WW_OK ? status : say_why(out->status, err);
}
