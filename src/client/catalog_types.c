/* SPDX-License-Identifier: MIT */
/* catalog_types.c: the query about types, and its rows as definitions. It is one statement, so that
 * its rows are of one moment, together with the WAL position that it is true at. */
#include "catalog_rows.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define SERVER_14 140000
#define FIRST_ASSIGNED "10000" /* FirstGenbkiObjectId: types below are in the table */

/* What a type is, in one word; a domain's word is its own. */
#define SHAPE                                                                                      \
    "CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' "         \
    "WHEN 'm' THEN 'multirange' WHEN 'd' THEN 'domain' WHEN 'b' THEN CASE "                        \
    "WHEN t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc THEN 'array' "                  \
    "ELSE (SELECT k.typ FROM (VALUES ('hstore', 'hstore', 'hstore_send'), "                        \
    "('citext', 'citext', 'citextsend'), ('ltree', 'ltree', 'ltree_send'), "                       \
    "('ltree', 'lquery', 'lquery_send'), ('ltree', 'ltxtquery', 'ltxtq_send')) k(ext, typ, send) " \
    "WHERE k.typ = t.typname AND (EXISTS (SELECT FROM pg_catalog.pg_depend d "                     \
    "JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid "                                        \
    "WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid "             \
    "AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' "       \
    "AND e.extname = k.ext) OR EXISTS (SELECT FROM pg_catalog.pg_proc p "                          \
    "WHERE p.oid = t.typsend AND p.proname = k.send))) END END"

static const struct {
    const char *word;
    ww_type_kind kind;
} shapes[] = {
    {"enum", WW_TYPE_ENUM},    {"composite", WW_TYPE_COMPOSITE},
    {"range", WW_TYPE_RANGE},  {"multirange", WW_TYPE_MULTIRANGE},
    {"array", WW_TYPE_ARRAY},  {"hstore", WW_TYPE_HSTORE},
    {"citext", WW_TYPE_TEXT},  {"ltree", WW_TYPE_LTREE},
    {"lquery", WW_TYPE_LTREE}, {"ltxtquery", WW_TYPE_LTREE},
};

/* Of the domains, those over other domains come last. */
#define DEPTH                                                                                      \
    "(WITH RECURSIVE b(oid, n) AS (SELECT t.typbasetype, 1 WHERE t.typtype = 'd' UNION ALL "       \
    "SELECT y.typbasetype, n + 1 FROM b JOIN pg_catalog.pg_type y ON y.oid = b.oid "               \
    "WHERE y.typtype = 'd' AND n < 1000) SELECT coalesce(pg_catalog.max(n), 0) FROM b)"

enum {
    T_DEPTH,
    T_OID,
    T_POSITION,
    T_NAME,
    T_TYPE,
    T_MOD,
    T_SHAPE,
    T_DELIMITER,
    T_SCHEMA,
    T_SHOWN,
    T_LSN,
    T_COUNT
};

static const char types_head[] = "WITH RECURSIVE parts(oid) AS (SELECT s.oid FROM (";
static const char types_parts[] =
    ") s(oid) WHERE s.oid >= " FIRST_ASSIGNED " UNION SELECT m.oid FROM parts, LATERAL ("
    "SELECT t.typelem FROM pg_catalog.pg_type t WHERE t.oid = parts.oid "
    "AND t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc UNION ALL "
    "SELECT t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = parts.oid AND t.typtype = 'd' "
    "UNION ALL SELECT a.atttypid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a "
    "ON a.attrelid = t.typrelid WHERE t.oid = parts.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = parts.oid";
static const char types_multirange_parts[] =
    " UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = parts.oid";
static const char types_select[] =
    ") m(oid) WHERE m.oid >= " FIRST_ASSIGNED ") SELECT * FROM (SELECT " DEPTH
    " AS depth, t.oid AS oid, 0 AS position, t.typname::text AS name, "
    "CASE t.typtype WHEN 'r' THEN (SELECT r.rngsubtype FROM pg_catalog.pg_range r "
    "WHERE r.rngtypid = t.oid)";
static const char types_multirange[] =
    " WHEN 'm' THEN (SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid)";
static const char types_rest[] =
    " WHEN 'd' THEN t.typbasetype ELSE t.typelem END AS type, 0 AS typmod, " SHAPE " AS shape, "
    "t.typdelim::text AS delimiter, n.nspname::text AS schema, "
    "pg_catalog.format_type(t.oid, NULL) AS shown, " WW__CATALOG_POSITION "::text AS lsn "
    "FROM parts JOIN pg_catalog.pg_type t ON t.oid = parts.oid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
    "UNION ALL SELECT 0, e.enumtypid, pg_catalog.row_number() OVER (PARTITION BY e.enumtypid "
    "ORDER BY e.enumsortorder), e.enumlabel::text, 0::pg_catalog.oid, -1, NULL, NULL, NULL, NULL, "
    "NULL FROM parts JOIN pg_catalog.pg_enum e ON e.enumtypid = parts.oid "
    "UNION ALL SELECT 0, t.oid, a.attnum, a.attname::text, a.atttypid, a.atttypmod, NULL, NULL, "
    "NULL, NULL, NULL FROM parts JOIN pg_catalog.pg_type t ON t.oid = parts.oid "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid "
    "WHERE a.attnum > 0 AND NOT a.attisdropped) x ORDER BY depth, oid, position";

typedef struct field_draft {
    ww__catalog_name name;
    uint32_t type_oid;
    int32_t typmod;
} field_draft;

/* The type whose rows are being read: one for itself, then one for each of its fields. */
typedef struct type_draft {
    ww_types *types;
    ww_type type;
    bool open;
    ww__catalog_name schema, name, shown;
    ww__catalog_text store;
    field_draft *fields;
    size_t nfields, fields_cap;
} type_draft;

/* What does not fit together is left out: then it stays unknown, and text. */
static ww_status put_type(type_draft *d, ww_error *err)
{
    ww_type_field *fields = NULL;
    ww_error why;
    ww_status st;
    size_t i;
    if (!d->open)
        return WW_OK;
    d->open = false;
    if (d->nfields > UINT16_MAX)
        d->nfields = 0;
    if (d->nfields > 0 && (fields = malloc(d->nfields * sizeof *fields)) == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the catalog's answer");
    for (i = 0; i < d->nfields; i++) {
        fields[i].name = ww__catalog_kept(&d->store, d->fields[i].name);
        fields[i].type_oid = d->fields[i].type_oid;
        fields[i].typmod = d->fields[i].typmod;
    }
    d->type.fields = fields;
    d->type.nfields = (uint16_t)d->nfields;
    d->type.nspname = ww__catalog_kept(&d->store, d->schema);
    d->type.typname = ww__catalog_kept(&d->store, d->name);
    d->type.sqlname = ww__catalog_kept(&d->store, d->shown);
    st = ww_types_put(d->types, &d->type, &why);
    free(fields);
    if (st == WW_ERR_USAGE)
        return WW_OK;
    if (st < 0 && err != NULL)
        *err = why;
    return st;
}

static void set_shape(ww_type *type, ww_slice word, uint32_t made_of)
{
    size_t i;
    for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (ww_slice_equal(word, ww_slice_of(shapes[i].word)))
            type->kind = (uint8_t)shapes[i].kind;
    if (ww_slice_equal(word, ww_slice_of("domain")))
        type->domain_of = made_of;
    else if (type->kind == WW_TYPE_ARRAY || type->kind == WW_TYPE_RANGE ||
             type->kind == WW_TYPE_MULTIRANGE)
        type->element = made_of;
}

static ww_status begin_type(type_draft *d, const ww_slice *columns, uint32_t oid, uint32_t made_of,
                            ww_error *err)
{
    ww_status st = put_type(d, err);
    memset(&d->type, 0, sizeof d->type);
    d->nfields = d->store.len = 0;
    d->type.oid = oid;
    d->type.delimiter = columns[T_DELIMITER].len == 1 ? (char)columns[T_DELIMITER].ptr[0] : ',';
    set_shape(&d->type, columns[T_SHAPE], made_of);
    if (st == WW_OK)
        st = ww__catalog_lsn(columns[T_LSN], &d->type.as_of, err);
    if (st == WW_OK)
        st = ww__catalog_keep(&d->store, columns[T_SCHEMA], &d->schema, err);
    if (st == WW_OK)
        st = ww__catalog_keep(&d->store, columns[T_NAME], &d->name, err);
    if (st == WW_OK)
        st = ww__catalog_keep(&d->store, columns[T_SHOWN], &d->shown, err);
    d->open = st == WW_OK;
    return st;
}

static ww_status add_field(type_draft *d, const ww_slice *columns, uint32_t type_oid, ww_error *err)
{
    field_draft *fields =
        ww__catalog_grow(d->fields, d->nfields, &d->fields_cap, sizeof *fields, err);
    field_draft *f;
    ww_status st;
    if (fields == NULL)
        return WW_ERR_NOMEM;
    d->fields = fields;
    f = &fields[d->nfields];
    f->type_oid = type_oid;
    st = ww__catalog_int(columns[T_MOD], &f->typmod, err);
    if (st == WW_OK)
        st = ww__catalog_keep(&d->store, columns[T_NAME], &f->name, err);
    d->nfields += st == WW_OK;
    return st;
}

static ww_status take_type_row(void *ctx, const ww_slice *columns, ww_error *err)
{
    type_draft *d = ctx;
    uint32_t oid, type_oid;
    ww_status st = ww__catalog_oid(columns[T_OID], &oid, err);
    if (st == WW_OK)
        st = ww__catalog_oid(columns[T_TYPE], &type_oid, err);
    if (st < 0)
        return st;
    if (ww_slice_equal(columns[T_POSITION], ww_slice_of("0")))
        return begin_type(d, columns, oid, type_oid, err);
    if (!d->open || oid != d->type.oid)
        return ww__fail(err, WW_ERR_PROTOCOL, "the catalog's answer has a field without its type");
    return add_field(d, columns, type_oid, err);
}

static char *types_query(const char *seed, bool multiranges)
{
    ww_text t = {NULL, 8192, 0};
    t.cap += strlen(seed);
    t.text = malloc(t.cap);
    if (t.text == NULL)
        return NULL;
    ww_text_add(&t, types_head);
    ww_text_add(&t, seed);
    ww_text_add(&t, types_parts);
    ww_text_add(&t, multiranges ? types_multirange_parts : "");
    ww_text_add(&t, types_select);
    ww_text_add(&t, multiranges ? types_multirange : "");
    ww_text_add(&t, types_rest);
    return t.text;
}

ww_status ww__catalog_read_types(const ww__catalog_run *run, const char *seed, ww_error *err)
{
    char *sql = types_query(seed, ww__catalog_server(run->session) >= SERVER_14);
    type_draft d;
    ww_status st;
    if (sql == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a query");
    memset(&d, 0, sizeof d);
    d.types = run->types;
    st = ww__catalog_query(run, sql, T_COUNT, take_type_row, &d, err);
    if (st == WW_OK)
        st = put_type(&d, err);
    if (st == WW_OK && run->position != NULL && d.type.as_of != 0)
        *run->position = d.type.as_of;
    free(d.fields);
    free(d.store.text);
    free(sql);
    return st;
}
