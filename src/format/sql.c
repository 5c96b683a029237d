/* SPDX-License-Identifier: MIT */
/* sql.c: the format "sql": statements that make the same changes in another database, one per line.
 *
 * A row is found by its key; under REPLICA IDENTITY FULL, where it need not have one, by all of its
 * values, and of several equal rows one is taken. */
#include "sql.h"

#include "base/error.h"

/* How a value is written and compared: ww__plan_column.type. */
enum {
    BY_TEXT, /* equal by its type's = is not the same as equal, or its type may have none */
    BY_VALUE,
    INTEGER,
    BOOLEAN
};

enum { KNOB_MESSAGES };

typedef struct sql {
    bool told;  /* the session's settings are written */
    bool wrote; /* BEGIN is written */
} sql;

/* ---- the session and its transactions ------------------------------------------------------- */

/* What gives each text the meaning that it had where it was written (docs/session-settings.md), and
 * lets BY_TEXT find it again. */
static void tell_settings(sql *s, ww_out *out)
{
    if (s->told)
        return;
    s->told = true;
    WW__OUT(out, "SET client_encoding = 'UTF8';\n"
                 "SET DateStyle = 'ISO';\n"
                 "SET IntervalStyle = 'postgres';\n"
                 "SET extra_float_digits = 3;\n"
                 "SET bytea_output = 'hex';\n"
                 "SET TimeZone = 'UTC';\n"
                 "SET lc_monetary = 'C';\n"
                 "SET xmloption = 'content';\n"
                 "SET search_path = '';\n");
}

static void begin_change(sql *s, ww_out *out)
{
    tell_settings(s, out);
    if (!s->wrote)
        WW__OUT(out, "BEGIN;\n");
    s->wrote = true;
}

static ww_status begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    sql *s = f->state;
    s->wrote = false;
    if (ev->kind == WW_EV_BEGIN_PREPARE) /* an empty one too: COMMIT PREPARED must find it */
        begin_change(s, out);
    return ww__refuse_streamed(f, ev, err);
}

static void put_gid(ww_format *f, ww_out *out, const char *what, ww_slice gid)
{
    tell_settings(f->state, out);
    ww__out_put(out, what, strlen(what));
    ww__sql_literal(out, &f->policy, gid);
    WW__OUT(out, ";\n");
}

static ww_status commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    sql *s = f->state;
    switch (ev->kind) {
    case WW_EV_COMMIT:
        if (s->wrote)
            WW__OUT(out, "COMMIT;\n");
        break;
    case WW_EV_PREPARE:
        put_gid(f, out, "PREPARE TRANSACTION ", ev->prepare.gid);
        break;
    case WW_EV_COMMIT_PREPARED:
        put_gid(f, out, "COMMIT PREPARED ", ev->commit_prepared.gid);
        break;
    case WW_EV_ROLLBACK_PREPARED:
        put_gid(f, out, "ROLLBACK PREPARED ", ev->rollback_prepared.gid);
        break;
    default:
        return ww__refuse_streamed(f, ev, err);
    }
    s->wrote = false;
    return WW_OK;
}

/* ---- plans ---------------------------------------------------------------------------------- */

static uint8_t comparison_of(uint32_t type_oid)
{
    switch (type_oid) {
    case 16: /* bool */
        return BOOLEAN;
    case 20: /* int8 */
    case 21: /* int2 */
    case 23: /* int4 */
        return INTEGER;
    case 17:   /* bytea */
    case 26:   /* oid */
    case 1082: /* date */
    case 1083: /* time */
    case 1114: /* timestamp */
    case 1184: /* timestamptz */
    case 2950: /* uuid */
        return BY_VALUE;
    default:
        return BY_TEXT;
    }
}

static bool put_head(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    bool valid = ww__sql_name(out, &f->policy, relation->nspname);
    ww__out_byte(out, '.');
    return ww__sql_name(out, &f->policy, relation->relname) && valid;
}

static bool put_column(const ww_format *f, const ww_relation_column *column, uint8_t *type,
                       ww_out *out)
{
    *type = comparison_of(column->type_oid);
    return ww__sql_name(out, &f->policy, column->name);
}

/* ---- what cannot be said -------------------------------------------------------------------- */

/* column: NULL if it is about the whole row. */
static void refuse(ww_format *f, const ww__plan_column *column, const char *what)
{
    static const ww_slice none;
    bool named = column != NULL && column->of != NULL;
    if (f->fault < 0)
        return;
    f->at_column = column;
    f->at_part[0] = '\0';
    f->fault = ww__fail_about(f->err, WW_ERR_USAGE, what, named ? column->of->sqlname : none);
}

static const char no_name[] =
    "a name that is not UTF-8 cannot be written in SQL: choose another format";
static const char no_key[] =
    "nothing in the change tells which row it is: give the table a primary key or REPLICA "
    "IDENTITY FULL";
static const char key_filtered[] =
    "a filter leaves out a column that the row is found by: include it, or choose another format";
static const char no_column[] =
    "filters leave no column of a table whose rows change: include one, or leave the table out "
    "(--exclude-table)";
static const char not_sent[] =
    "the server did not send this value (a row filter made the insert of an update): set the "
    "column's storage to MAIN, or choose a format that can tell";

/* ---- values --------------------------------------------------------------------------------- */

static void put_integer(ww_format *f, ww_out *out, const ww__plan_column *column,
                        const ww_column *col)
{
    ww_value v = ww__plan_value(f, column, col);
    int64_t n;
    if (!ww__value_took(f, column, ww_value_int(&v, &n, f->err)))
        return;
    if (n == INT64_MIN) /* -9223372036854775808 would be the negative of what is no integer */
        ww__sql_value(f, out, column, col);
    else
        ww__out_i64(out, n);
}

static void put_boolean(ww_format *f, ww_out *out, const ww__plan_column *column,
                        const ww_column *col)
{
    ww_value v = ww__plan_value(f, column, col);
    bool is_true;
    if (!ww__value_took(f, column, ww_value_bool(&v, &is_true, f->err)))
        return;
    if (is_true)
        WW__OUT(out, "true");
    else
        WW__OUT(out, "false");
}

/* The text without a type takes that of the column. */
static void put_value(ww_format *f, ww_out *out, const ww__plan_column *column,
                      const ww_column *col)
{
    if (col->kind == WW_COLUMN_NULL)
        WW__OUT(out, "NULL");
    else if (col->kind == WW_COLUMN_UNCHANGED)
        refuse(f, column, not_sent);
    else if (column->type == INTEGER)
        put_integer(f, out, column, col);
    else if (column->type == BOOLEAN)
        put_boolean(f, out, column, col);
    else
        ww__sql_value(f, out, column, col);
}

/* ---- which row ------------------------------------------------------------------------------ */

static void put_name(ww_out *out, const ww__plan_column *column)
{
    ww__out_fragment(out, column->name, column->len);
}

static void put_equal(ww_format *f, ww_out *out, const ww__plan_column *column,
                      const ww_column *col)
{
    put_name(out, column);
    if (col->kind == WW_COLUMN_NULL) {
        WW__OUT(out, " IS NULL");
        return;
    }
    WW__OUT(out, " = ");
    put_value(f, out, column, col);
}

/* "a" = 1 AND "b" = 2, of the key */
static void put_key(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple)
{
    const ww__plan_column *column = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    bool first = true;
    WW__OUT(out, " WHERE ");
    for (; ww_tuple_next(&it, &col); column++) {
        if (!column->key)
            continue;
        if (column->skipped)
            refuse(f, column, key_filtered);
        if (!first)
            WW__OUT(out, " AND ");
        first = false;
        put_equal(f, out, column, &col);
    }
    if (first)
        refuse(f, NULL, no_key);
}

/* Of composites IS NULL says something else; what is not known may be one. */
static bool may_be_row(const ww__plan_column *column)
{
    return column->of == NULL || column->of->kind == WW_TYPE_COMPOSITE;
}

/* The same value, not only an equal one: %L quotes what the type's output function says, and tells
 * null from all texts. */
static void put_same(ww_format *f, ww_out *out, const ww__plan_column *column, const ww_column *col)
{
    if (column->type != BY_TEXT || (col->kind == WW_COLUMN_NULL && !may_be_row(column))) {
        put_equal(f, out, column, col);
        return;
    }
    WW__OUT(out, "pg_catalog.format('%L', ");
    put_name(out, column);
    WW__OUT(out, ") = pg_catalog.format('%L', ");
    put_value(f, out, column, col);
    ww__out_byte(out, ')');
}

/* One of the rows that are the same as this one. A ctid is unique in a table, not in all partitions
 * of one. */
static void put_one_row(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple)
{
    const ww__plan_column *column = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    bool first = true;
    WW__OUT(out, " WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM ");
    ww__out_put(out, plan->head.ptr, plan->head.len);
    for (; ww_tuple_next(&it, &col); column++) {
        if (column->skipped || col.kind == WW_COLUMN_UNCHANGED)
            continue;
        if (first)
            WW__OUT(out, " WHERE ");
        else
            WW__OUT(out, " AND ");
        first = false;
        put_same(f, out, column, &col);
    }
    if (first && plan->ncols > 0) /* it would be any row */
        refuse(f, NULL, no_column);
    WW__OUT(out, " LIMIT 1)");
}

static void put_where(ww_format *f, ww_out *out, const ww__plan *plan, const ww_event *ev)
{
    if (ev->old_tuple.kind == WW_TUPLE_OLD)
        put_one_row(f, out, plan, ev->old_tuple);
    else if (ev->old_tuple.kind == WW_TUPLE_KEY)
        put_key(f, out, plan, ev->old_tuple);
    else
        put_key(f, out, plan, ev->new_tuple);
    WW__OUT(out, ";\n");
}

/* ---- statements ----------------------------------------------------------------------------- */

static size_t put_names(ww_out *out, const ww__plan *plan)
{
    size_t i, n = 0;
    for (i = 0; i < plan->ncols; i++) {
        if (plan->columns[i].skipped)
            continue;
        if (n++ > 0)
            WW__OUT(out, ", ");
        else
            WW__OUT(out, " (");
        put_name(out, &plan->columns[i]);
    }
    return n;
}

/* OVERRIDING has no effect on tables without GENERATED ALWAYS AS IDENTITY. */
static void put_insert(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple)
{
    const ww__plan_column *column = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    bool first = true;
    WW__OUT(out, "INSERT INTO ");
    ww__out_put(out, plan->head.ptr, plan->head.len);
    if (put_names(out, plan) == 0) {
        if (plan->ncols > 0)
            refuse(f, NULL, no_column);
        WW__OUT(out, " DEFAULT VALUES;\n");
        return;
    }
    WW__OUT(out, ") OVERRIDING SYSTEM VALUE VALUES (");
    for (; ww_tuple_next(&it, &col); column++) {
        if (column->skipped)
            continue;
        if (!first)
            WW__OUT(out, ", ");
        first = false;
        put_value(f, out, column, &col);
    }
    WW__OUT(out, ");\n");
}

/* Walks the columns of an update that get another value: an identity column must not be set to what
 * it is. */
typedef struct changes {
    const ww__plan_column *column; /* the one behind `col` */
    ww_tuple_iter new_it, old_it;
    uint8_t old_kind;
} changes;

static bool is_same(const ww_column *a, const ww_column *b)
{
    return a->kind == b->kind && ww_slice_equal(a->value, b->value);
}

static bool next_change(changes *c, ww_column *col)
{
    ww_column old = {{NULL, 0}, WW_COLUMN_UNCHANGED};
    while (ww_tuple_next(&c->new_it, col)) {
        const ww__plan_column *column = c->column++;
        bool known = c->old_kind == WW_TUPLE_OLD || column->key;
        if (c->old_kind != WW_TUPLE_NONE)
            ww_tuple_next(&c->old_it, &old);
        else if (column->key) /* the server sends the old key if it was another */
            continue;
        if (!column->skipped && col->kind != WW_COLUMN_UNCHANGED && !(known && is_same(col, &old)))
            return true;
    }
    return false;
}

static void put_update(ww_format *f, ww_out *out, const ww__plan *plan, const ww_event *ev)
{
    changes c = {plan->columns, ww_tuple_begin(ev->new_tuple), ww_tuple_begin(ev->old_tuple),
                 ev->old_tuple.kind};
    ww_column col;
    bool first = true;
    WW__OUT(out, "UPDATE ");
    ww__out_put(out, plan->head.ptr, plan->head.len);
    while (next_change(&c, &col)) {
        if (first)
            WW__OUT(out, " SET ");
        else
            WW__OUT(out, ", ");
        first = false;
        put_name(out, c.column - 1);
        WW__OUT(out, " = ");
        put_value(f, out, c.column - 1, &col);
    }
    put_where(f, out, plan, ev);
}

static void put_delete(ww_format *f, ww_out *out, const ww__plan *plan, const ww_event *ev)
{
    WW__OUT(out, "DELETE FROM ");
    ww__out_put(out, plan->head.ptr, plan->head.len);
    put_where(f, out, plan, ev);
}

static bool changes_nothing(const ww__plan *plan, const ww_event *ev)
{
    changes c = {plan->columns, ww_tuple_begin(ev->new_tuple), ww_tuple_begin(ev->old_tuple),
                 ev->old_tuple.kind};
    ww_column col;
    return ev->kind == WW_EV_UPDATE && !next_change(&c, &col);
}

static void put_row(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    if (plan->invalid)
        refuse(f, NULL, no_name);
    if (f->fault < 0 || changes_nothing(plan, ev))
        return;
    begin_change(f->state, out);
    if (ev->kind == WW_EV_INSERT)
        put_insert(f, out, plan, ev->new_tuple);
    else if (ev->kind == WW_EV_UPDATE)
        put_update(f, out, plan, ev);
    else
        put_delete(f, out, plan, ev);
}

static void put_truncate(ww_format *f, const ww_event *ev, ww_out *out)
{
    uint32_t i, n = 0;
    for (i = 0; i < ev->truncate.count; i++) {
        const ww__plan *plan = ww__plan_find(f, ww_truncate_relation_id(&ev->truncate, i));
        if (plan->skipped)
            continue;
        if (plan->invalid)
            refuse(f, NULL, no_name);
        if (n++ == 0) {
            begin_change(f->state, out);
            WW__OUT(out, "TRUNCATE ");
        } else {
            WW__OUT(out, ", ");
        }
        ww__out_put(out, plan->head.ptr, plan->head.len);
    }
    if (n == 0)
        return;
    if (ev->truncate.flags & WW_TRUNCATE_RESTART_IDENTITY)
        WW__OUT(out, " RESTART IDENTITY");
    if (ev->truncate.flags & WW_TRUNCATE_CASCADE)
        WW__OUT(out, " CASCADE");
    WW__OUT(out, ";\n");
}

/* ---- messages ------------------------------------------------------------------------------- */

static void put_message(ww_format *f, const ww_event *ev, ww_out *out)
{
    bool transactional = (ev->message.flags & WW_MESSAGE_TRANSACTIONAL) != 0;
    if (f->knobs[KNOB_MESSAGES] == 0)
        return;
    if (transactional)
        begin_change(f->state, out);
    else
        tell_settings(f->state, out);
    WW__OUT(out, "SELECT pg_catalog.pg_logical_emit_message(");
    if (transactional)
        WW__OUT(out, "true, ");
    else
        WW__OUT(out, "false, ");
    ww__sql_literal(out, &f->policy, ev->message.prefix);
    WW__OUT(out, ", pg_catalog.decode('");
    ww__out_hex(out, ev->message.content);
    WW__OUT(out, "', 'hex'));\n");
}

static const ww__knob knobs[] = {
    {"emit-messages", "false|true",
     "logical messages are sent again, by pg_logical_emit_message()"},
    {NULL, NULL, NULL},
};

const ww__format_ops ww__format_sql = {
    .name = "sql",
    .about = "SQL statements that make the same changes in another database",
    .state_size = sizeof(sql),
    .head = put_head,
    .column = put_column,
    .begin = begin,
    .row = put_row,
    .commit = commit,
    .message = put_message,
    .truncate = put_truncate,
    .knobs = knobs,
    .keeps_prepared = true,
};
