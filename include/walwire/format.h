/* SPDX-License-Identifier: MIT */
/* format.h: events to JSON lines (and other texts), into a buffer, without allocation per event. */
#ifndef WALWIRE_FORMAT_H
#define WALWIRE_FORMAT_H

#include <walwire/decode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a format may know besides the event. Strings live as long as the format. */
typedef struct ww_format_config {
    size_t struct_size;
    const ww_alloc *alloc; /* for render plans, one per relation */
    const char *name;      /* "debezium", "compact", "none" ... */
    const char *database;
    const char *connector_name; /* --name; NULL: "walwire" */
    bool transactions;          /* begin and commit lines where they are optional */
    bool escape_terminal;       /* also escape DEL, U+0080-9F and bidirectional overrides */
} ww_format_config;

#define WW_FORMAT_CONFIG_INIT                                                                      \
    {                                                                                              \
        sizeof(ww_format_config), NULL, NULL, NULL, NULL, false, false                             \
    }

typedef struct ww_format ww_format;

/* ERR_USAGE for an unknown name (the error's subject lists what there is). */
ww_status ww_format_open(ww_format **f, const ww_format_config *config, ww_error *err);
void ww_format_close(ww_format *f);

/* The i-th format's name and one line about it; NULL past the end. Static. */
const char *ww_format_name(size_t i, const char **about);

/* Appends the lines of one event to `out`: none, one, or several. Always valid UTF-8; each line
 * ends with a line feed and has none inside (but "test_decoding": see docs/formats.md). Give it
 * every event, RELATION and TYPE too: a Truncate carries ids only, the names come from there. A
 * format belongs to one relation cache: it trusts slot and serial. Allocates for a relation or a
 * type that it sees the first time, never per row. If the event could not be written whole, what of
 * it is still in the buffer is taken back. Returns out->status, or
 *   ERR_USAGE   a row without ev->relation; a Truncate of a relation never shown; a streamed
 *               transaction that was not assembled, in a format that has no lines for that
 *   ERR_DECODE  a tuple does not have its relation's number of columns
 *   ERR_LIMIT   a transaction renames over 1000 of its tables (formats with transaction blocks);
 *               "test_decoding": over 16 MiB of names of types, over 1048576 open streams
 *   ERR_NOMEM   no memory for what a relation's lines have in common, or for such a name */
ww_status ww_format_render(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);

#ifdef __cplusplus
}
#endif
#endif
