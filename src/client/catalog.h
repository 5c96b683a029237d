/* SPDX-License-Identifier: MIT */
/* catalog.h: what the client asks the server's catalog, and where it keeps the answers. */
#ifndef WALWIRE_CLIENT_CATALOG_H
#define WALWIRE_CLIENT_CATALOG_H

#include <walwire/client.h>

/* ---- catalog_types.c, catalog_query.c: the queries, and their rows as definitions ------------ */

/* Where a query runs. */
typedef struct ww__catalog_run {
    ww_client *client; /* whose feedback goes on meanwhile */
    ww_session *session;
    ww_types *types;
    ww_lsn *position; /* where the WAL stood at the last answer; NULL: nobody asks */
} ww__catalog_run;

/* Looks up the types with the OIDs that `seed` (a SELECT of one column) gives, and all that they
 * are made of. A type that does not fit together (a domain without base) is left out. ERR_SERVER,
 * ERR_IO, ERR_TIMEOUT; ERR_LIMIT, ERR_NOMEM of the registry; ERR_PROTOCOL. */
ww_status ww__catalog_read_types(const ww__catalog_run *run, const char *seed, ww_error *err);
/* Looks up a table's columns. One that is gone leaves what was known. */
ww_status ww__catalog_read_relation(const ww__catalog_run *run, uint32_t relation_id,
                                    ww_error *err);

/* The first published column, in the order of schemas, tables and columns, whose type is not one
 * that is read in binary. */
typedef struct ww__text_column {
    bool found;
    char name[220]; /* schema.table.column */
    char type[140];
} ww__text_column;

/* `published`: the FROM clause of all columns of the publications, from
 * ww__catalog_published(). */
ww_status ww__catalog_find_text_column(const ww__catalog_run *run, const char *published,
                                       ww__text_column *out, ww_error *err);
/* malloc'ed; NULL: no memory. In it, a is pg_attribute, c pg_class, n pg_namespace. server is
 * 180004 ... */
char *ww__catalog_published(const ww_slice *publications, size_t count, int server);

/* Runs a command and drops its rows, as the others do. */
ww_status ww__catalog_exec(const ww__catalog_run *run, const char *sql, ww_error *err);

/* ---- catalog.c: when to ask, and on which session -------------------------------------------- */

typedef struct ww__catalog ww__catalog;

/* NULL: no memory. mode is not OFF. */
ww__catalog *ww__catalog_open(ww_catalog mode, int server_version_num);
void ww__catalog_close(ww__catalog *catalog);
/* Drops its session: the next question opens one where the stream is then. NULL is allowed. */
void ww__catalog_hang_up(ww__catalog *catalog);
const ww_types *ww__catalog_types(const ww__catalog *catalog);

/* Before the stream starts: the types of all published columns, and the first column that is not
 * read in binary. ERR_CANCELLED; what else goes wrong is a warning, and *column is then found,
 * without name. */
ww_status ww__catalog_prepare(ww_client *c, const ww_slice *publications, size_t count,
                              ww__text_column *column, ww_error *err);
/* The server has described a table: looks up what is needed, and not known or perhaps changed. If
 * the table's facts are others than before, relation_changed is set. ERR_CANCELLED: nothing was
 * done. Anything else is a warning in the log and in *err, and returned as WW_MORE; it is tried
 * again later. */
ww_status ww__catalog_follow(ww_client *c, ww_event *relation, ww_error *err);
/* Has the table composites anywhere in its columns? */
bool ww__catalog_composites(ww__catalog *catalog, const ww_relation *rel);
/* A row has values of a type that is not known, in a column of another: looks both up. Returns as
 * ww__catalog_follow(). */
ww_status ww__catalog_learn(ww_client *c, uint32_t type_oid, uint32_t column_oid, ww_error *err);
/* Does this type consist of composites, or have them inside? */
bool ww__type_composite(const ww_types *types, const ww_type *type);
/* A unit begins: asks again what failed, after a pause, and what is in doubt. ERR_CANCELLED:
 * nothing was done. */
ww_status ww__catalog_retry(ww_client *c, ww_error *err);

#endif
