/* SPDX-License-Identifier: MIT */
/* sqlnames.h: names as the server's own functions write them into SQL: identifiers like
 * quote_identifier(), types like format_type_be() with an empty search_path. */
#ifndef WALWIRE_FORMAT_SQLNAMES_H
#define WALWIRE_FORMAT_SQLNAMES_H

#include "render.h"

/* ---- keywords, generated -------------------------------------------------------------------- */

extern const char *const ww__quoted_keywords[]; /* by bytes */
extern const size_t ww__quoted_keyword_count;

/* ---- sqlnames.c ----------------------------------------------------------------------------- */

/* Text as it is; on a terminal, without what ww__is_unsafe() names. */
void ww__out_plain(ww_out *out, const ww__policy *policy, ww_slice text);

/* Text with every `quote` in it doubled. */
void ww__out_doubled(ww_out *out, const ww__policy *policy, ww_slice text, char quote);

/* A name, in double quotes where SQL needs them. */
void ww__out_identifier(ww_out *out, const ww__policy *policy, ww_slice name);

/* schema.name */
void ww__out_qualified(ww_out *out, const ww__policy *policy, ww_slice schema, ww_slice name);

/* Is this a type whose values the server's plugins write without quotes, as numbers? */
bool ww__is_number_type(uint32_t type_oid);

/* ---- typenames.c ---------------------------------------------------------------------------- */

/* Names of types beyond the built-in ones, from the stream's Type messages. All zero: none. */
typedef struct ww__typenames {
    struct ww__typename *root;
    size_t bytes;
    const ww_types *registry; /* or NULL; the user sets it */
} ww__typenames;

#define WW__MAX_TYPENAME_BYTES ((size_t)16 << 20)

/* Learns what a TYPE event says. *changed: it says something else than before. ERR_NOMEM,
 * ERR_LIMIT. */
ww_status ww__typenames_learn(ww_format *f, ww__typenames *types, const ww_event *ev,
                              bool *changed, ww_error *err);
/* The type's name; ??? if it has none. Domains and arrays of users have the registry's names. */
void ww__typenames_put(const ww__typenames *types, uint32_t oid, const ww__policy *policy,
                       ww_out *out);
/* The same with its typmod, "numeric(10,2)", as format_type_with_typemod(); -1: it has none. Of
 * types that are not built in no typmod is written. */
void ww__typenames_put_typmod(const ww__typenames *types, uint32_t oid, int32_t typmod,
                              const ww__policy *policy, ww_out *out);
/* The type's own name, as pg_type has it: int4. */
ww_slice ww__typenames_own(const ww__typenames *types, uint32_t oid);
void ww__typenames_close(ww_format *f, ww__typenames *types);

#endif
