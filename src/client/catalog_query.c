/* SPDX-License-Identifier: MIT */
/* catalog_query.c: the queries about types and tables. Each is one statement, so that its rows are
 * of one moment, together with the WAL position that it is true at. All values come as text. */
#include "catalog.h"

#include "base/error.h"
#include "session.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_11 110000
#define SERVER_14 140000
#define FIRST_ASSIGNED "10000" /* FirstGenbkiObjectId: types below are in the table */
#define LOOK_UP_US UINT64_C(12000000)
#define TURN_US UINT64_C(50000) /* how long the stream goes without a look at its feedback */
#define MAX_COLUMNS 12u

#define POSITION                                                                                   \
    "(SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "   \
    "ELSE pg_catalog.pg_current_wal_insert_lsn() END)"

/* ---- running -------------------------------------------------------------------------------- */

/* The next row. While it takes long, the stream's feedback goes on. */
static ww_status next_row(const ww__catalog_run *run, ww_mono_us give_up_at, ww_msg *row,
                          ww_error *err)
{
    for (;;) {
        ww_mono_us now = ww_clock_now().mono_us;
        ww_mono_us turn = run->client == NULL ? WW_MONO_NEVER : now + TURN_US;
        ww_status st = ww__session_row_until(run->session, row, turn, err);
        if (st != WW_ERR_TIMEOUT)
            return st;
        if (now >= give_up_at)
            return ww__fail(err, WW_ERR_TIMEOUT, "the catalog look-up took too long");
        ww_client_feedback(run->client, NULL);
    }
}

typedef ww_status (*take_row)(void *ctx, const ww_slice *columns, ww_error *err);

/* Hands each row to `take`, always with `ncols` columns. All rows are read even if it fails: the
 * session is used on. */
static ww_status run_query(const ww__catalog_run *run, const char *sql, size_t ncols, take_row take,
                           void *ctx, ww_error *err)
{
    ww_mono_us give_up_at = ww_clock_now().mono_us + LOOK_UP_US;
    ww_status st = ww_session_query(run->session, sql, err), taken = WW_OK;
    ww_slice columns[MAX_COLUMNS];
    ww_error ignored;
    ww_msg row;
    while (st == WW_OK && (st = next_row(run, give_up_at, &row, taken < 0 ? &ignored : err)) ==
                              WW_OK) {
        ww_row_iter it = ww_row_begin(&row);
        size_t n = 0;
        memset(columns, 0, sizeof columns);
        while (n < ncols && ww_row_next(&it, &columns[n]))
            n++;
        if (taken == WW_OK)
            taken = n == ncols ? take(ctx, columns, err)
                               : ww__fail(err, WW_ERR_PROTOCOL, "the catalog's answer is short");
    }
    if (st != WW_END)
        return st;
    return taken;
}

static ww_status drop_row(void *ctx, const ww_slice *columns, ww_error *err)
{
    (void)ctx;
    (void)columns;
    (void)err;
    return WW_OK;
}

ww_status ww__catalog_exec(const ww__catalog_run *run, const char *sql, ww_error *err)
{
    return run_query(run, sql, 0, drop_row, NULL, err);
}

static int server_version(const ww_session *s)
{
    ww_session_info info;
    ww_session_describe(s, &info);
    return info.server_version_num;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static bool read_number(ww_slice text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = negative;
    int64_t value = 0;
    if (text.len == i || text.len > 11)
        return false;
    for (; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

/* SQL NULL: 0 */
static ww_status read_oid(ww_slice text, uint32_t *out, ww_error *err)
{
    int64_t value = 0;
    if (text.ptr != NULL && (!read_number(text, &value) || value < 0 || value > UINT32_MAX))
        return ww__fail_about(err, WW_ERR_PROTOCOL, "the catalog gave no OID", text);
    *out = (uint32_t)value;
    return WW_OK;
}

static ww_status read_int(ww_slice text, int32_t *out, ww_error *err)
{
    int64_t value = 0;
    if (text.ptr != NULL && (!read_number(text, &value) || value < INT32_MIN || value > INT32_MAX))
        return ww__fail_about(err, WW_ERR_PROTOCOL, "the catalog gave no number", text);
    *out = (int32_t)value;
    return WW_OK;
}

/* A standby that has replayed nothing has no position. */
static ww_status read_lsn(ww_slice text, ww_lsn *out, ww_error *err)
{
    *out = 0;
    if (text.ptr == NULL || ww_lsn_parse(text, out))
        return WW_OK;
    return ww__fail_about(err, WW_ERR_PROTOCOL, "the catalog gave no WAL position", text);
}

/* ---- rows that belong together -------------------------------------------------------------- */

/* Names are kept as offsets while `text` grows. */
typedef struct kept {
    size_t at, len;
} kept;

typedef struct text_store {
    uint8_t *text;
    size_t len, cap;
} text_store;

static ww_status keep(text_store *s, ww_slice text, kept *out, ww_error *err)
{
    if (text.len > WW_DEFAULT_TYPES_MEMORY - s->len)
        return ww__fail(err, WW_ERR_LIMIT, "one type or table of the catalog has too much text");
    if (s->len + text.len > s->cap) {
        size_t cap = 2 * (s->len + text.len) + 256;
        uint8_t *bigger = realloc(s->text, cap);
        if (bigger == NULL)
            return ww__fail(err, WW_ERR_NOMEM, "no memory for the catalog's answer");
        s->text = bigger;
        s->cap = cap;
    }
    if (text.len > 0)
        memcpy(s->text + s->len, text.ptr, text.len);
    out->at = s->len;
    out->len = text.len;
    s->len += text.len;
    return WW_OK;
}

static ww_slice kept_slice(const text_store *s, kept k)
{
    ww_slice slice = {s->text + k.at, k.len};
    return slice;
}

/* Room for one more in an array that is doubled when full; NULL: no memory. */
static void *grow(void *array, size_t count, size_t *cap, size_t size, ww_error *err)
{
    size_t bigger = *cap > 0 ? 2 * *cap : 16;
    void *moved;
    if (count < *cap)
        return array;
    moved = realloc(array, bigger * size);
    if (moved == NULL)
        ww__fail(err, WW_ERR_NOMEM, "no memory for the catalog's answer");
    else
        *cap = bigger;
    return moved;
}

/* ---- types ---------------------------------------------------------------------------------- */

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
    {"enum", WW_TYPE_ENUM},           {"composite", WW_TYPE_COMPOSITE}, {"range", WW_TYPE_RANGE},
    {"multirange", WW_TYPE_MULTIRANGE}, {"array", WW_TYPE_ARRAY},       {"hstore", WW_TYPE_HSTORE},
    {"citext", WW_TYPE_TEXT},         {"ltree", WW_TYPE_LTREE},         {"lquery", WW_TYPE_LTREE},
    {"ltxtquery", WW_TYPE_LTREE},
};

/* Of the domains, those over other domains come last. */
#define DEPTH                                                                                      \
    "(WITH RECURSIVE b(oid, n) AS (SELECT t.typbasetype, 1 WHERE t.typtype = 'd' UNION ALL "       \
    "SELECT y.typbasetype, n + 1 FROM b JOIN pg_catalog.pg_type y ON y.oid = b.oid "               \
    "WHERE y.typtype = 'd' AND n < 1000) SELECT coalesce(pg_catalog.max(n), 0) FROM b)"

enum { T_DEPTH, T_OID, T_POSITION, T_NAME, T_TYPE, T_MOD, T_SHAPE, T_DELIMITER, T_SCHEMA, T_SHOWN,
       T_LSN, T_COUNT };

static const char types_head[] =
    "WITH RECURSIVE parts(oid) AS (SELECT s.oid FROM (";
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
    "pg_catalog.format_type(t.oid, NULL) AS shown, " POSITION "::text AS lsn "
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
    kept name;
    uint32_t type_oid;
    int32_t typmod;
} field_draft;

/* The type whose rows are being read: one for itself, then one for each of its fields. */
typedef struct type_draft {
    ww_types *types;
    ww_type type;
    bool open;
    kept schema, name, shown;
    text_store store;
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
        fields[i].name = kept_slice(&d->store, d->fields[i].name);
        fields[i].type_oid = d->fields[i].type_oid;
        fields[i].typmod = d->fields[i].typmod;
    }
    d->type.fields = fields;
    d->type.nfields = (uint16_t)d->nfields;
    d->type.nspname = kept_slice(&d->store, d->schema);
    d->type.typname = kept_slice(&d->store, d->name);
    d->type.sqlname = kept_slice(&d->store, d->shown);
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
        st = read_lsn(columns[T_LSN], &d->type.as_of, err);
    if (st == WW_OK)
        st = keep(&d->store, columns[T_SCHEMA], &d->schema, err);
    if (st == WW_OK)
        st = keep(&d->store, columns[T_NAME], &d->name, err);
    if (st == WW_OK)
        st = keep(&d->store, columns[T_SHOWN], &d->shown, err);
    d->open = st == WW_OK;
    return st;
}

static ww_status add_field(type_draft *d, const ww_slice *columns, uint32_t type_oid, ww_error *err)
{
    field_draft *fields = grow(d->fields, d->nfields, &d->fields_cap, sizeof *fields, err);
    field_draft *f;
    ww_status st;
    if (fields == NULL)
        return WW_ERR_NOMEM;
    d->fields = fields;
    f = &fields[d->nfields];
    f->type_oid = type_oid;
    st = read_int(columns[T_MOD], &f->typmod, err);
    if (st == WW_OK)
        st = keep(&d->store, columns[T_NAME], &f->name, err);
    d->nfields += st == WW_OK;
    return st;
}

static ww_status take_type_row(void *ctx, const ww_slice *columns, ww_error *err)
{
    type_draft *d = ctx;
    uint32_t oid, type_oid;
    ww_status st = read_oid(columns[T_OID], &oid, err);
    if (st == WW_OK)
        st = read_oid(columns[T_TYPE], &type_oid, err);
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
    char *sql = types_query(seed, server_version(run->session) >= SERVER_14);
    type_draft d;
    ww_status st;
    if (sql == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a query");
    memset(&d, 0, sizeof d);
    d.types = run->types;
    st = run_query(run, sql, T_COUNT, take_type_row, &d, err);
    if (st == WW_OK)
        st = put_type(&d, err);
    free(d.fields);
    free(d.store.text);
    free(sql);
    return st;
}

/* ---- tables --------------------------------------------------------------------------------- */

enum { R_NAME, R_TYPE, R_MOD, R_NOT_NULL, R_KEY, R_LSN, R_COUNT };

typedef struct column_draft {
    kept name;
    ww_column_facts facts;
} column_draft;

typedef struct relation_draft {
    text_store store;
    column_draft *columns;
    size_t ncolumns, columns_cap;
    ww_lsn as_of;
} relation_draft;

static ww_status take_column_row(void *ctx, const ww_slice *columns, ww_error *err)
{
    relation_draft *d = ctx;
    column_draft *list = grow(d->columns, d->ncolumns, &d->columns_cap, sizeof *list, err);
    column_draft *one;
    int32_t position = 0;
    ww_status st;
    if (list == NULL)
        return WW_ERR_NOMEM;
    d->columns = list;
    one = &list[d->ncolumns];
    st = read_oid(columns[R_TYPE], &one->facts.type_oid, err);
    if (st == WW_OK)
        st = read_int(columns[R_MOD], &one->facts.typmod, err);
    if (st == WW_OK)
        st = read_int(columns[R_KEY], &position, err);
    if (st == WW_OK)
        st = read_lsn(columns[R_LSN], &d->as_of, err);
    if (st == WW_OK)
        st = keep(&d->store, columns[R_NAME], &one->name, err);
    one->facts.not_null = ww_slice_equal(columns[R_NOT_NULL], ww_slice_of("t"));
    one->facts.key_position = (uint16_t)position;
    d->ncolumns += st == WW_OK;
    return st;
}

static ww_status put_relation(ww_types *types, const relation_draft *d, uint32_t relation_id,
                              ww_error *err)
{
    ww_relation_facts facts;
    ww_column_facts *columns;
    ww_status st;
    size_t i;
    if (d->ncolumns == 0 || d->ncolumns > WW_MAX_COLUMNS)
        return WW_OK;
    columns = malloc(d->ncolumns * sizeof *columns);
    if (columns == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the catalog's answer");
    for (i = 0; i < d->ncolumns; i++) {
        columns[i] = d->columns[i].facts;
        columns[i].name = kept_slice(&d->store, d->columns[i].name);
    }
    facts.relation_id = relation_id;
    facts.ncolumns = (uint16_t)d->ncolumns;
    facts.columns = columns;
    facts.as_of = d->as_of;
    st = ww_types_put_relation(types, &facts, err);
    free(columns);
    return st;
}

/* The primary key's columns come first in indkey, those of INCLUDE (version 11) after them. */
ww_status ww__catalog_read_relation(const ww__catalog_run *run, uint32_t relation_id, ww_error *err)
{
    char sql[1024];
    relation_draft d;
    ww_status st;
    memset(&d, 0, sizeof d);
    snprintf(sql, sizeof sql,
             "SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull, coalesce((SELECT k.place "
             "FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH "
             "ORDINALITY AS k(attnum, place) WHERE i.indrelid = a.attrelid AND i.indisprimary AND "
             "k.attnum = a.attnum AND k.place <= %s), 0), " POSITION
             " FROM pg_catalog.pg_attribute a WHERE a.attrelid = %lu AND a.attnum > 0 AND NOT "
             "a.attisdropped ORDER BY a.attnum",
             server_version(run->session) >= SERVER_11 ? "i.indnkeyatts" : "i.indnatts",
             (unsigned long)relation_id);
    st = run_query(run, sql, R_COUNT, take_column_row, &d, err);
    if (st == WW_OK)
        st = put_relation(run->types, &d, relation_id, err);
    free(d.columns);
    free(d.store.text);
    return st;
}

/* ---- published columns ---------------------------------------------------------------------- */

char *ww__catalog_published(const ww_slice *publications, size_t count)
{
    ww_text t = {NULL, 512, 0};
    size_t i;
    for (i = 0; i < count; i++)
        t.cap += 2 * publications[i].len + 8;
    t.text = malloc(t.cap);
    if (t.text == NULL)
        return NULL;
    ww_text_add(&t, "FROM pg_catalog.pg_publication_tables p JOIN pg_catalog.pg_namespace n "
                    "ON n.nspname = p.schemaname JOIN pg_catalog.pg_class c "
                    "ON c.relnamespace = n.oid AND c.relname = p.tablename "
                    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
                    "WHERE a.attnum > 0 AND NOT a.attisdropped AND p.pubname IN (");
    for (i = 0; i < count; i++) {
        ww_text_add(&t, i > 0 ? "," : "");
        ww_text_add_sql_literal(&t, publications[i]);
    }
    ww_text_add(&t, ")");
    return t.text;
}

typedef struct text_column_search {
    const ww_types *types;
    ww__text_column *out;
} text_column_search;

static ww_status take_sample_row(void *ctx, const ww_slice *columns, ww_error *err)
{
    text_column_search *search = ctx;
    uint32_t oid;
    ww_status st = read_oid(columns[0], &oid, err);
    if (st < 0 || search->out->found || ww_types_binary(search->types, oid))
        return st;
    search->out->found = true;
    ww__copy_cut(search->out->name, sizeof search->out->name, columns[1]);
    ww__copy_cut(search->out->type, sizeof search->out->type, columns[2]);
    return WW_OK;
}

/* One column of each type, the first that has it. */
ww_status ww__catalog_find_text_column(const ww__catalog_run *run, const char *published,
                                       ww__text_column *out, ww_error *err)
{
    text_column_search search = {run->types, out};
    ww_text t = {NULL, 512, 0};
    ww_status st;
    memset(out, 0, sizeof *out);
    t.cap += strlen(published);
    t.text = malloc(t.cap);
    if (t.text == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a query");
    ww_text_add(&t, "SELECT type, name, pg_catalog.format_type(type, NULL) FROM (SELECT DISTINCT "
                    "ON (a.atttypid) a.atttypid AS type, n.nspname || '.' || c.relname || '.' || "
                    "a.attname AS name, pg_catalog.row_number() OVER (ORDER BY n.nspname, "
                    "c.relname, a.attnum) AS place ");
    ww_text_add(&t, published);
    ww_text_add(&t, " ORDER BY a.atttypid, place) x ORDER BY place");
    st = run_query(run, t.text, 3, take_sample_row, &search, err);
    free(t.text);
    return st;
}
