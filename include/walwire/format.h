/* SPDX-License-Identifier: MIT */
/* format.h: events to JSON lines (and other texts), into a buffer, without allocation per event. */
#ifndef WALWIRE_FORMAT_H
#define WALWIRE_FORMAT_H

#include <walwire/decode.h>
#include <walwire/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A format's own setting: ww_format_knob() lists them. */
typedef struct ww_knob {
    const char *name, *value;
} ww_knob;

/* What a filter looks at, and what it does with what fits. */
typedef enum ww_filter_kind {
    WW_FILTER_TABLE,  /* "schema.table", or "table" in any schema */
    WW_FILTER_SCHEMA, /* "schema" */
    WW_FILTER_OP,     /* "insert", "update", "delete", "truncate", "message": these words */
    WW_FILTER_COLUMN  /* "schema.table.column", "table.column" or "column" */
} ww_filter_kind;

/* One rule. Patterns are globs: * any text, ? any character; in double quotes nothing is special,
 * not the dot either ("" is a quote). What an exclude rule fits is left out; of the rest, where
 * there are include rules of that kind, what fits none of them is left out. Names are compared as
 * they are, in upper and lower case. Tables, schemas and columns are looked at once for each
 * definition of a relation.
 *
 * Where there are rules, a transaction's beginning is written with the first event of it that
 * passes, and its end (Commit, Prepare) not if none did; but "sql" writes each prepared one.
 * Messages have no table: only rules for operations leave them out. A Truncate is one of the tables
 * that pass. */
typedef struct ww_filter_rule {
    ww_filter_kind kind;
    bool exclude;
    const char *pattern;
} ww_filter_rule;

/* What a format may know besides the event. What `types` and `rules` point to lives as long as the
 * format; all else is copied. */
typedef struct ww_format_config {
    size_t struct_size;
    const ww_alloc *alloc;      /* for render plans, one per relation */
    const char *name;           /* "debezium", "compact", "none" ... */
    const char *database;
    const char *connector_name; /* --name; NULL: "walwire" */
    bool transactions;          /* begin and commit lines where they are optional */
    bool escape_terminal;       /* also escape DEL, U+0080-9F and bidirectional overrides */
    const ww_types *types;      /* what the catalog told; lives as long as the format. NULL: only
                                   built-in types are known */
    const ww_knob *knobs;       /* settings of this format */
    size_t nknobs;
    const ww_filter_rule *rules; /* what does not pass is not written; lives as long as the
                                    format */
    size_t nrules;
    bool schema_events; /* a line for each new definition of a relation (debezium, compact) */
    bool key;           /* debezium: the row's key and a tab before each line of a row */
    bool tombstones;    /* with `key`: behind a delete its key again, with nothing behind the tab */
    bool end_positions; /* debezium: the line that ends a transaction has its `end_lsn` */
} ww_format_config;

/* clang-format off */
#define WW_FORMAT_CONFIG_INIT                                                                      \
    { sizeof(ww_format_config), NULL, NULL, NULL, NULL, false, false,                              \
      NULL, NULL, 0, NULL, 0, false, false, false, false }
/* clang-format on */

typedef struct ww_format ww_format;

/* ERR_USAGE for an unknown name, knob or value (the error's subject lists what there is), for a
 * malformed filter, and for schema_events or key in a format that has none. */
ww_status ww_format_open(ww_format **f, const ww_format_config *config, ww_error *err);
void ww_format_close(ww_format *f);

/* The i-th format's name and one line about it; NULL past the end. Static. */
const char *ww_format_name(size_t i, const char **about);

/* The i-th knob of a format: its name, the values it takes ("string|precise|double", the default
 * first) and a line about it; NULL past the end, or for an unknown format. Static. */
const char *ww_format_knob(const char *format, size_t i, const char **values, const char **about);

/* Appends the lines of one event to `out`: none, one, or several. Always valid UTF-8; each line
 * ends with a line feed and has none inside (but "test_decoding": see docs/formats.md). Give it
 * every event, RELATION and TYPE too: a Truncate carries ids only, the names come from there. A
 * format belongs to one relation cache: it trusts slot and serial. Allocates for a relation or a
 * type that it sees the first time, never per row (but what holds a json document that is part of
 * another value grows with the longest of these). If the event could not be written whole, what of
 * it is still in the buffer is taken back. Returns out->status, or
 *   ERR_USAGE   a row without ev->relation; a Truncate of a relation never shown; a streamed
 *               transaction that was not assembled, or a prepared one, in a format that has no
 *               lines for that; "sql": a change that no statement can make (docs/formats.md)
 *   ERR_DECODE  a tuple does not have its relation's number of columns; a value is none of its
 *               column's type (the subject names schema, table, column and type)
 *   ERR_LIMIT   a transaction renames over 1000 of its tables (formats with transaction blocks);
 *               "test_decoding": over 16 MiB of names of types, over 1048576 open streams
 *   ERR_NOMEM   no memory for what a relation's lines have in common, for such a name, or for the
 *               tables of a Truncate of which filters leave some */
ww_status ww_format_render(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);

/* What the catalog told of a composite type may be of another time than a value. A column that does
 * not fit it is written as the server's text, and the type is doubted if the value's transaction
 * committed after the look-up. Returns and forgets one such type's OID; false: there is none. At
 * most 16 are remembered; others are doubted again with their next value. Look them up again (put
 * them into config->types) between two transactions: from the next one on, what is there then is
 * used. */
bool ww_format_doubt(ww_format *f, uint32_t *type_oid);

#ifdef __cplusplus
}
#endif
#endif
