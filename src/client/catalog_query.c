/* SPDX-License-Identifier: MIT */
/* catalog_query.c: the queries about tables and about the published columns. */
#include "catalog_rows.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_11 110000
#define SERVER_12 120000
#define SERVER_15 150000
#define SERVER_18 180000

/* ---- tables --------------------------------------------------------------------------------- */

enum { R_NAME, R_TYPE, R_MOD, R_NOT_NULL, R_KEY, R_LSN, R_COUNT };

typedef struct column_draft {
    ww__catalog_name name;
    ww_column_facts facts;
} column_draft;

typedef struct relation_draft {
    ww__catalog_text store;
    column_draft *columns;
    size_t ncolumns, columns_cap;
    ww_lsn as_of;
} relation_draft;

static ww_status take_column_row(void *ctx, const ww_slice *columns, ww_error *err)
{
    relation_draft *d = ctx;
    column_draft *list =
        ww__catalog_grow(d->columns, d->ncolumns, &d->columns_cap, sizeof *list, err);
    column_draft *one;
    int32_t position = 0;
    ww_status st;
    if (list == NULL)
        return WW_ERR_NOMEM;
    d->columns = list;
    one = &list[d->ncolumns];
    st = ww__catalog_oid(columns[R_TYPE], &one->facts.type_oid, err);
    if (st == WW_OK)
        st = ww__catalog_int(columns[R_MOD], &one->facts.typmod, err);
    if (st == WW_OK)
        st = ww__catalog_int(columns[R_KEY], &position, err);
    if (st == WW_OK)
        st = ww__catalog_lsn(columns[R_LSN], &d->as_of, err);
    if (st == WW_OK)
        st = ww__catalog_keep(&d->store, columns[R_NAME], &one->name, err);
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
        columns[i].name = ww__catalog_kept(&d->store, d->columns[i].name);
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
             "k.attnum = a.attnum AND k.place <= %s), 0), " WW__CATALOG_POSITION
             " FROM pg_catalog.pg_attribute a WHERE a.attrelid = %lu AND a.attnum > 0 AND NOT "
             "a.attisdropped ORDER BY a.attnum",
             ww__catalog_server(run->session) >= SERVER_11 ? "i.indnkeyatts" : "i.indnatts",
             (unsigned long)relation_id);
    st = ww__catalog_query(run, sql, R_COUNT, take_column_row, &d, err);
    if (st == WW_OK)
        st = put_relation(run->types, &d, relation_id, err);
    if (st == WW_OK && run->position != NULL && d.as_of != 0)
        *run->position = d.as_of;
    free(d.columns);
    free(d.store.text);
    return st;
}

/* ---- published columns ---------------------------------------------------------------------- */

/* From 15 on a publication may list its columns, and the view says which they are: from 18 on with
 * the generated ones that are published. Before, these never are. */
static const char *published_only(int server)
{
    if (server >= SERVER_18)
        return " AND a.attname = ANY (p.attnames)";
    if (server >= SERVER_15)
        return " AND a.attname = ANY (p.attnames) AND a.attgenerated = ''";
    return server >= SERVER_12 ? " AND a.attgenerated = ''" : "";
}

char *ww__catalog_published(const ww_slice *publications, size_t count, int server)
{
    ww_text t = {NULL, 640, 0};
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
    ww_text_add(&t, published_only(server));
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
    ww_status st = ww__catalog_oid(columns[0], &oid, err);
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
    st = ww__catalog_query(run, t.text, 3, take_sample_row, &search, err);
    free(t.text);
    return st;
}
