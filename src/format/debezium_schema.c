/* SPDX-License-Identifier: MIT */
/* debezium_schema.c: a table's definition in the shape of Debezium's schema change events. What
 * neither the stream nor the catalog tells (defaults, comments, sequences) is null. */
#include "debezium.h"

ww_status ww__debezium_type(ww_format *f, const ww_event *ev, ww_error *err)
{
    ww__debezium *d = f->state;
    bool changed;
    d->types.registry = f->types;
    return f->schema_events ? ww__typenames_learn(f, &d->types, ev, &changed, err) : WW_OK;
}

/* ---- one column ----------------------------------------------------------------------------- */

/* The numbers of java.sql.Types that PostgreSQL's driver gives to its types. */
static int jdbc_type(const ww_type *type)
{
    switch (type != NULL ? type->kind : WW_TYPE_OTHER) {
    case WW_TYPE_BOOL:
    case WW_TYPE_BIT:
        return -7; /* BIT */
    case WW_TYPE_BYTEA:
        return -2; /* BINARY */
    case WW_TYPE_CHAR:
        return 1; /* CHAR */
    case WW_TYPE_INT2:
        return 5; /* SMALLINT */
    case WW_TYPE_INT4:
        return 4; /* INTEGER */
    case WW_TYPE_INT8:
    case WW_TYPE_OID:
        return -5; /* BIGINT */
    case WW_TYPE_FLOAT4:
        return 7; /* REAL */
    case WW_TYPE_FLOAT8:
    case WW_TYPE_MONEY:
        return 8; /* DOUBLE */
    case WW_TYPE_NUMERIC:
        return 2; /* NUMERIC */
    case WW_TYPE_DATE:
        return 91; /* DATE */
    case WW_TYPE_TIME:
    case WW_TYPE_TIMETZ:
        return 92; /* TIME */
    case WW_TYPE_TIMESTAMP:
    case WW_TYPE_TIMESTAMPTZ:
        return 93; /* TIMESTAMP */
    case WW_TYPE_TEXT:
    case WW_TYPE_ENUM:
        return 12; /* VARCHAR */
    case WW_TYPE_ARRAY:
        return 2003; /* ARRAY */
    case WW_TYPE_COMPOSITE:
        return 2002; /* STRUCT */
    default:
        return 1111; /* OTHER */
    }
}

/* What stands in the parentheses of numeric(10,2), character varying(20), timestamp(3). */
static void put_size(const ww_relation_column *c, const ww_type *type, ww_out *out)
{
    ww_type_kind kind = type != NULL ? (ww_type_kind)type->kind : WW_TYPE_OTHER;
    int32_t length = -1, scale = -1;
    if (c->typmod >= 4 && kind == WW_TYPE_NUMERIC) {
        length = (c->typmod - 4) >> 16 & 0xFFFF;
        scale = (((c->typmod - 4) & 0x7FF) ^ 0x400) - 0x400;
    } else if (c->typmod >= 4 && kind == WW_TYPE_TEXT) {
        length = c->typmod - 4;
    } else if (c->typmod > 0 && kind == WW_TYPE_BIT) {
        length = c->typmod;
    } else if (c->typmod >= 0 && (kind == WW_TYPE_TIME || kind == WW_TYPE_TIMETZ ||
                                  kind == WW_TYPE_TIMESTAMP || kind == WW_TYPE_TIMESTAMPTZ)) {
        length = c->typmod;
    }
    WW__OUT(out, ",\"length\":");
    if (length >= 0)
        ww__out_i64(out, length);
    else
        WW__OUT(out, "null");
    WW__OUT(out, ",\"scale\":");
    if (length >= 0 && kind == WW_TYPE_NUMERIC)
        ww__out_i64(out, scale);
    else
        WW__OUT(out, "null");
}

static void put_optional(const ww_column_facts *facts, ww_out *out)
{
    if (facts == NULL)
        WW__OUT(out, "null");
    else if (facts->not_null)
        WW__OUT(out, "false");
    else
        WW__OUT(out, "true");
}

/* False: a name is not UTF-8. */
static bool put_column(ww_format *f, const ww_relation *r, const ww__plan *plan, uint16_t i,
                       ww_out *out)
{
    const ww_relation_facts *facts = ww_types_relation(f->types, r->id);
    const ww_relation_column *c = &r->columns[i];
    const ww__plan_column *column = &plan->columns[i];
    const ww__debezium *d = f->state;
    bool valid;
    WW__OUT(out, "{\"name\":");
    ww__schema_column_name(column, out);
    WW__OUT(out, ",\"jdbcType\":");
    ww__out_i64(out, jdbc_type(column->of));
    WW__OUT(out, ",\"nativeType\":");
    ww__out_u64(out, c->type_oid);
    WW__OUT(out, ",\"typeName\":");
    valid = ww__out_name(out, &f->policy, ww__typenames_own(&d->types, c->type_oid));
    WW__OUT(out, ",\"typeExpression\":");
    valid &= ww__schema_type_name(f, &d->types, c, out);
    WW__OUT(out, ",\"charsetName\":null");
    put_size(c, column->of, out);
    WW__OUT(out, ",\"position\":");
    ww__out_u64(out, i + UINT64_C(1));
    WW__OUT(out, ",\"optional\":");
    put_optional(facts != NULL ? ww_relation_facts_column(facts, c->name) : NULL, out);
    WW__OUT(out, ",\"autoIncremented\":null,\"generated\":null,\"comment\":null,"
                 "\"defaultValueExpression\":null,\"enumValues\":null}");
    return valid;
}

/* ---- the table ------------------------------------------------------------------------------ */

static void put_key_name(const ww__plan_column *column, bool *first, ww_out *out)
{
    if (column->skipped)
        return;
    if (!*first)
        ww__out_byte(out, ',');
    *first = false;
    ww__schema_column_name(column, out);
}

static const ww_column_facts *key_column(const ww_relation_facts *facts, uint16_t position)
{
    uint16_t i;
    for (i = 0; i < facts->ncolumns; i++)
        if (facts->columns[i].key_position == position)
            return &facts->columns[i];
    return NULL;
}

/* As the catalog told; without it, REPLICA IDENTITY DEFAULT is the primary key. */
static void put_primary_key(const ww_relation *r, const ww__plan *plan,
                            const ww_relation_facts *facts, ww_out *out)
{
    const ww_column_facts *c;
    uint16_t i, position;
    bool first = true;
    ww__out_byte(out, '[');
    for (i = 0; facts == NULL && r->replica_identity == 'd' && i < r->ncols; i++)
        if (plan->columns[i].key)
            put_key_name(&plan->columns[i], &first, out);
    for (position = 1; facts != NULL && (c = key_column(facts, position)) != NULL; position++)
        for (i = 0; i < r->ncols; i++)
            if (ww_slice_equal(r->columns[i].name, c->name))
                put_key_name(&plan->columns[i], &first, out);
    ww__out_byte(out, ']');
}

/* "db"."schema"."table" with its quotes, as a JSON string. */
static bool put_id(const ww_format *f, const ww_relation *r, ww_out *out)
{
    const ww__debezium *d = f->state;
    bool valid;
    WW__OUT(out, "\"\\\"");
    ww__out_put(out, d->database.ptr + 1, d->database.len - 2);
    WW__OUT(out, "\\\".\\\"");
    valid = ww__json_name(out, &f->policy, r->nspname);
    WW__OUT(out, "\\\".\\\"");
    valid &= ww__json_name(out, &f->policy, r->relname);
    WW__OUT(out, "\\\"\"");
    return valid;
}

void ww__debezium_relation(ww_format *f, const ww_event *ev, const ww__plan *old, ww__plan *plan,
                           ww_out *out)
{
    ww__debezium *d = f->state;
    const ww_relation *r = ev->relation;
    const ww_relation_facts *facts = ww_types_relation(f->types, r->id);
    bool valid = !plan->invalid && !d->invalid;
    d->types.registry = f->types;
    ww__debezium_no_key(f, out);
    ww__out_byte(out, '{');
    ww__debezium_source(d, ev, plan->head, 1, out);
    WW__OUT(out, ",\"xmin\":null},\"ts_ms\":");
    ww__out_unix_ms(out, ev->sent_at);
    WW__OUT(out, ",\"databaseName\":");
    ww__out_put(out, d->database.ptr, d->database.len);
    WW__OUT(out, ",\"schemaName\":");
    ww__out_name(out, &f->policy, r->nspname);
    if (old == NULL)
        WW__OUT(out, ",\"ddl\":null,\"tableChanges\":[{\"type\":\"CREATE\",\"id\":");
    else
        WW__OUT(out, ",\"ddl\":null,\"tableChanges\":[{\"type\":\"ALTER\",\"id\":");
    valid &= put_id(f, r, out);
    WW__OUT(out, ",\"table\":{\"defaultCharsetName\":null,\"primaryKeyColumnNames\":");
    put_primary_key(r, plan, facts, out);
    WW__OUT(out, ",\"columns\":");
    valid &= ww__schema_put_columns(f, r, plan, put_column, out);
    WW__OUT(out, ",\"comment\":null}}]");
    if (!valid)
        WW__OUT(out, ",\"$invalid\":true");
    WW__OUT(out, "}\n");
}
