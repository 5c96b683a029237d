/* SPDX-License-Identifier: MIT */
/* pypgoutput.c: the format "pypgoutput": the change events of the Python package of that name, one
 * per line. */
#include "sqlnames.h"

#include "base/error.h"

#define TIMESTAMP 1114u
#define TIMESTAMPTZ 1184u

typedef struct pypgoutput {
    ww__typenames types;
    uint8_t *db; /* "db":"..." */
    size_t db_len, db_size;
    bool invalid; /* the database's name is not UTF-8 */
} pypgoutput;

/* ---- the table's schema, once per definition ------------------------------------------------ */

/* The name of a column's type as a JSON string. It has to be put together before it can be
 * escaped. */
static void put_type_name(const ww_format *f, const ww_relation_column *column, ww_out *out)
{
    static const ww__policy plain;
    const pypgoutput *p = f->state;
    ww_out name = {NULL, 0, 0, WW_OK, &f->alloc, NULL, NULL, 0};
    ww_slice text;
    ww__typenames_put_typmod(&p->types, column->type_oid, column->typmod, &plain, &name);
    text.ptr = name.ptr;
    text.len = name.len;
    if (name.status == WW_OK)
        ww__out_name(out, &f->policy, text);
    else if (out->status == WW_OK)
        out->status = name.status;
    if (name.ptr != NULL)
        f->alloc.resize(f->alloc.ctx, name.ptr, name.cap, 0);
}

static void put_flag(ww_out *out, bool flag)
{
    if (flag)
        WW__OUT(out, "true");
    else
        WW__OUT(out, "false");
}

/* Without the catalog the replica identity stands for the primary key, unless it is the row. */
static bool put_definition(const ww_format *f, const ww_relation *relation,
                           const ww_relation_column *column, ww_out *out)
{
    const ww_relation_facts *table = ww_types_relation(f->types, relation->id);
    const ww_column_facts *facts =
        table != NULL ? ww_relation_facts_column(table, column->name) : NULL;
    bool flagged = (column->flags & WW_COLUMN_KEY) != 0 && relation->replica_identity != 'f';
    bool valid;
    WW__OUT(out, "{\"name\":");
    valid = ww__out_name(out, &f->policy, column->name);
    WW__OUT(out, ",\"part_of_pkey\":");
    put_flag(out, facts != NULL ? facts->key_position > 0 : flagged);
    WW__OUT(out, ",\"type_id\":");
    ww__out_u64(out, column->type_oid);
    WW__OUT(out, ",\"type_name\":");
    put_type_name(f, column, out);
    WW__OUT(out, ",\"optional\":");
    put_flag(out, facts != NULL ? !facts->not_null : !flagged);
    ww__out_byte(out, '}');
    return valid;
}

static bool put_head(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    const pypgoutput *p = f->state;
    bool valid = true, first = true;
    size_t i;
    WW__OUT(out, ",\"table_schema\":{\"column_definitions\":[");
    for (i = 0; i < relation->ncols; i++) {
        if (!ww__filter_column(&f->filter, relation, relation->columns[i].name))
            continue;
        if (!first)
            ww__out_byte(out, ',');
        first = false;
        valid = put_definition(f, relation, &relation->columns[i], out) && valid;
    }
    WW__OUT(out, "],");
    ww__out_put(out, p->db, p->db_len);
    WW__OUT(out, ",\"schema_name\":");
    valid = ww__out_name(out, &f->policy, relation->nspname) && valid;
    WW__OUT(out, ",\"table\":");
    valid = ww__out_name(out, &f->policy, relation->relname) && valid;
    WW__OUT(out, ",\"relation_id\":");
    ww__out_u64(out, relation->id);
    ww__out_byte(out, '}');
    return valid && !p->invalid;
}

static ww_status learn_type(ww_format *f, const ww_event *ev, ww_error *err)
{
    pypgoutput *p = f->state;
    bool changed;
    ww_status status = ww__typenames_learn(f, &p->types, ev, &changed, err);
    if (status == WW_OK && changed)
        ww__plans_expire(f);
    return status;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* What Python's datetime can be: years 1 to 9999. */
static bool is_datetime(ww_pg_time time)
{
    return time.us >= INT64_C(-63082281600000000) && time.us < INT64_C(252455616000000000);
}

static void put_value(ww_format *f, ww_out *out, const ww__plan_column *column,
                      const ww_column *col)
{
    bool utc = column->type_oid == TIMESTAMPTZ;
    ww_value v = ww__plan_value(f, column, col);
    ww_pg_time time;
    if ((!utc && column->type_oid != TIMESTAMP) || col->kind == WW_COLUMN_NULL)
        ww__json_value(f, out, column, col);
    else if (!ww__value_took(f, column, ww_value_timestamp(&v, &time, f->err)))
        return;
    else if (is_datetime(time))
        ww__out_python_time(out, time, utc);
    else
        ww__json_value(f, out, column, col);
}

static bool is_there(const ww_column *col, const ww__plan_column *column, uint8_t tuple_kind)
{
    return col->kind != WW_COLUMN_UNCHANGED && (column->key || tuple_kind != WW_TUPLE_KEY);
}

/* A value that the server did not send comes from `fill`, the old tuple, or is left out. */
static void put_row(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple, ww_tuple fill)
{
    const ww__plan_column *column = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple), old_it = ww_tuple_begin(fill);
    ww_column col, old = {{NULL, 0}, WW_COLUMN_UNCHANGED};
    size_t comma = 1;
    if (tuple.kind == WW_TUPLE_NONE) {
        WW__OUT(out, "null");
        return;
    }
    ww__out_byte(out, '{');
    for (; ww_tuple_next(&it, &col); column++) {
        if (fill.kind != WW_TUPLE_NONE)
            ww_tuple_next(&old_it, &old);
        if (col.kind == WW_COLUMN_UNCHANGED && is_there(&old, column, fill.kind))
            col = old;
        if (column->skipped || !is_there(&col, column, tuple.kind))
            continue;
        ww__out_fragment(out, column->name + comma, column->len - comma);
        comma = 0;
        put_value(f, out, column, &col);
    }
    ww__out_byte(out, '}');
}

/* ---- the envelope --------------------------------------------------------------------------- */

/* 60 bits of the position and 62 of its last 4 and the number, as RFC 9562 lays out a UUID of
 * version 4, which is the only one that the package's own model takes. */
static void put_message_id(ww_out *out, ww_lsn final_lsn, uint64_t ordinal)
{
    uint64_t high = (final_lsn >> 16 << 16) | 0x4000 | (final_lsn >> 4 & 0xFFF);
    uint64_t low = UINT64_C(1) << 63 | (final_lsn & 15) << 58 | (ordinal & (UINT64_MAX >> 6));
    uint8_t bytes[16];
    size_t i;
    for (i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    for (i = 0; i < 16; i += 2) {
        ww_slice two = {bytes + i, 2};
        if (i >= 4 && i <= 10)
            ww__out_byte(out, '-');
        ww__out_hex(out, two);
    }
}

/* Up to "table_schema". */
static void put_front(ww_out *out, const ww_event *ev)
{
    char text[] = "{\"op\":\"?\",\"message_id\":\"";
    text[7] = (char)ev->kind;
    ww__out_put(out, text, sizeof text - 1);
    put_message_id(out, ev->final_lsn, ev->ordinal);
    WW__OUT(out, "\",\"lsn\":");
    ww__out_u64(out, ev->wal_lsn != 0 ? ev->wal_lsn : ev->final_lsn);
    WW__OUT(out, ",\"transaction\":{\"tx_id\":");
    ww__out_u64(out, ev->xid);
    WW__OUT(out, ",\"begin_lsn\":");
    ww__out_u64(out, ev->final_lsn);
    WW__OUT(out, ",\"commit_ts\":");
    ww__out_python_time(out, ev->commit_time, true);
    ww__out_byte(out, '}');
}

static void put_change(ww_format *f, const ww_event *ev, const ww__plan *plan, ww_out *out)
{
    static const ww_tuple none;
    put_front(out, ev);
    ww__out_put(out, plan->head.ptr, plan->head.len);
    WW__OUT(out, ",\"before\":");
    put_row(f, out, plan, ev->old_tuple, none);
    WW__OUT(out, ",\"after\":");
    put_row(f, out, plan, ev->new_tuple, ev->old_tuple);
    if (plan->invalid)
        WW__OUT(out, ",\"$invalid\":true");
    WW__OUT(out, "}\n");
}

static void put_row_event(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    put_change(f, ev, plan, out);
}

static void put_truncate(ww_format *f, const ww_event *ev, ww_out *out)
{
    uint32_t i;
    for (i = 0; i < ev->truncate.count; i++) {
        const ww__plan *plan = ww__plan_find(f, ww_truncate_relation_id(&ev->truncate, i));
        if (!plan->skipped)
            put_change(f, ev, plan, out);
    }
}

static ww_status open_state(ww_format *f, const ww_format_config *config, ww_error *err)
{
    pypgoutput *p = f->state;
    ww_out out = {NULL, 0, 0, WW_OK, &f->alloc, NULL, NULL, 0};
    p->types.registry = f->types;
    WW__OUT(&out, "\"db\":");
    p->invalid = !ww__out_name(&out, &f->policy, ww_slice_of(config->database));
    p->db = out.ptr;
    p->db_len = out.len;
    p->db_size = out.cap;
    return out.status == WW_OK ? WW_OK : ww__fail(err, WW_ERR_NOMEM, "no memory for a format");
}

static void close_state(ww_format *f)
{
    pypgoutput *p = f->state;
    ww__typenames_close(f, &p->types);
    ww__format_free(f, p->db, p->db_size);
}

const ww__format_ops ww__format_pypgoutput = {
    .name = "pypgoutput",
    .about = "JSON as the Python package pypgoutput makes it",
    .state_size = sizeof(pypgoutput),
    .open = open_state,
    .close = close_state,
    .head = put_head,
    .type = learn_type,
    .begin = ww__refuse_begin,
    .row = put_row_event,
    .commit = ww__refuse_commit,
    .truncate = put_truncate,
};
