/* SPDX-License-Identifier: MIT */
/* catalog_rows.h: what the queries about types and about tables share. */
#ifndef WALWIRE_CLIENT_CATALOG_ROWS_H
#define WALWIRE_CLIENT_CATALOG_ROWS_H

#include "catalog.h"

#define WW__CATALOG_COLUMNS 12u /* at most */

/* Where the WAL stands, in the same statement as all else. */
#define WW__CATALOG_POSITION                                                                       \
    "(SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "   \
    "ELSE pg_catalog.pg_current_wal_insert_lsn() END)"

typedef ww_status (*ww__catalog_take)(void *ctx, const ww_slice *columns, ww_error *err);

/* Runs a query and hands each row to `take`, always with `ncols` columns. All rows are read even if
 * that fails: the session is used on. */
ww_status ww__catalog_query(const ww__catalog_run *run, const char *sql, size_t ncols,
                            ww__catalog_take take, void *ctx, ww_error *err);
/* 180004 */
int ww__catalog_server(const ww_session *s);

/* Numbers as text; SQL NULL is 0 (a standby that has replayed nothing has no position).
 * ERR_PROTOCOL. */
ww_status ww__catalog_oid(ww_slice text, uint32_t *out, ww_error *err);
ww_status ww__catalog_int(ww_slice text, int32_t *out, ww_error *err);
ww_status ww__catalog_lsn(ww_slice text, ww_lsn *out, ww_error *err);

/* The names of a type or table whose rows are being read: as offsets, while `text` grows. */
typedef struct ww__catalog_name {
    size_t at, len;
} ww__catalog_name;

typedef struct ww__catalog_text {
    uint8_t *text; /* malloc's */
    size_t len, cap;
} ww__catalog_text;

ww_status ww__catalog_keep(ww__catalog_text *s, ww_slice text, ww__catalog_name *out,
                           ww_error *err);
ww_slice ww__catalog_kept(const ww__catalog_text *s, ww__catalog_name k);
/* Room for one more in an array that is doubled when full; NULL: no memory. */
void *ww__catalog_grow(void *array, size_t count, size_t *cap, size_t size, ww_error *err);

#endif
