/* SPDX-License-Identifier: MIT */
/* wal2json.h: what the two formats of the plugin wal2json, 1 and 2, have in common. */
#ifndef WALWIRE_FORMAT_WAL2JSON_H
#define WALWIRE_FORMAT_WAL2JSON_H

#include "sqlnames.h"

/* The plugin's options that both formats have, in the order of their knobs: those that are off
 * unless asked for, then those that are on. Behind them each has one of its own, which is on. */
typedef enum ww__w2j_option {
    WW__W2J_XIDS,
    WW__W2J_TIMESTAMP,
    WW__W2J_LSN,
    WW__W2J_TYPE_OIDS,
    WW__W2J_SCHEMAS,
    WW__W2J_TYPES,
    WW__W2J_OWN
} ww__w2j_option;

/* clang-format off */
#define WW__W2J_KNOBS                                                                              \
    {"include-xids", "false|true", "the transaction's number"},                                    \
    {"include-timestamp", "false|true", "when it was committed"},                                  \
    {"include-lsn", "false|true", "positions in the WAL"},                                         \
    {"include-type-oids", "false|true", "the OIDs of the columns' types"},                         \
    {"include-schemas", "true|false", "the tables' schemas"},                                      \
    {"include-types", "true|false", "the names of the columns' types"}
/* clang-format on */

static inline bool ww__w2j_has(const ww_format *f, ww__w2j_option option)
{
    return (f->knobs[option] != 0) != (option >= WW__W2J_SCHEMAS);
}

typedef struct ww__wal2json {
    ww__typenames types;
    bool open; /* a transaction is */
    uint32_t xid;
    ww_pg_time commit_time;
    bool wrote; /* version 1: a change of it was written */
} ww__wal2json;

ww_status ww__w2j_open(ww_format *f, const ww_format_config *config, ww_error *err);
void ww__w2j_close(ww_format *f);
/* Takes note of the transaction that a BEGIN opens. ERR_USAGE for what the plugin has no form for.
 */
ww_status ww__w2j_begin(ww_format *f, const ww_event *ev, ww_error *err);
ww_status ww__w2j_type(ww_format *f, const ww_event *ev, ww_error *err);

/* ,"schema":"public","table":"t" */
bool ww__w2j_head(const ww_format *f, const ww_relation *relation, ww_out *out);
/* The type's name as the plugin writes it. */
bool ww__w2j_type_name(const ww_format *f, const ww_relation_column *column, ww_out *out);
/* "2024-01-15 10:30:00.123456+00" */
void ww__w2j_time(ww_out *out, ww_pg_time time);
/* "transactional":true,"prefix":"p","content":"c" and what ends the object. */
void ww__w2j_message(const ww_format *f, const ww_event *ev, ww_out *out);
/* Ends an object. */
void ww__w2j_end(ww_out *out, bool valid);

/* ---- walking a tuple ------------------------------------------------------------------------ */

/* Over the columns that are shown: not those that are unknown (unchanged TOAST) or filtered out. */
typedef struct ww__w2j_walk {
    ww_tuple_iter it;
    const ww__plan_column *next;
    const ww__plan_column *column; /* that was found last */
    ww_column value;
    bool keys;  /* only columns of the replica identity */
    bool nulls; /* also columns that are null */
} ww__w2j_walk;

ww__w2j_walk ww__w2j_new(const ww_event *ev, const ww__plan *plan);
/* What identifies the row: from the old tuple, or from the new one if the key is the same. */
ww__w2j_walk ww__w2j_identity(const ww_event *ev, const ww__plan *plan, bool nulls);
bool ww__w2j_next(ww__w2j_walk *walk);

/* ---- wal2json_value.c ----------------------------------------------------------------------- */

/* How values of this type are written: ww__plan_column.type. */
uint8_t ww__w2j_form(uint32_t type_oid);
/* One that is not unchanged. */
void ww__w2j_value(ww_format *f, ww_out *out, const ww__plan_column *column, const ww_column *col);

#endif
