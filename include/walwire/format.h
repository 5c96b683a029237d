/* SPDX-License-Identifier: MIT */
/* format.h: events to JSON lines (and other texts), into a buffer, without allocation per event. */
#ifndef WALWIRE_FORMAT_H
#define WALWIRE_FORMAT_H

#include <walwire/decode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where rendered bytes go. With `flush` the buffer has a fixed size and is handed over when full, even
 * in the middle of a line; without, it grows through `alloc`. After a failure (flush returned false:
 * ERR_IO; alloc returned NULL: ERR_NOMEM) further bytes are dropped and `status` says why. */
typedef struct ww_out {
    uint8_t *ptr;
    size_t len, cap;
    ww_status status;
    const ww_alloc *alloc;                                          /* or NULL */
    bool (*flush)(void *ctx, const uint8_t *bytes, size_t len);     /* or NULL */
    void *flush_ctx;
    uint64_t flushed;           /* bytes handed over so far: the stream's offset is flushed + len */
} ww_out;

/* What a format may know besides the event. Strings live as long as the format. */
typedef struct ww_format_config {
    size_t struct_size;
    const ww_alloc *alloc;      /* for render plans, one per relation */
    const char *name;           /* "debezium", "compact", "none" ... */
    const char *database;
    const char *connector_name; /* --name; NULL: "walwire" */
    bool transactions;          /* begin and commit lines where they are optional */
    bool escape_terminal;       /* also escape DEL, U+0080-9F and bidirectional overrides */
} ww_format_config;

#define WW_FORMAT_CONFIG_INIT { sizeof(ww_format_config), NULL, NULL, NULL, NULL, false, false }

typedef struct ww_format ww_format;

/* ERR_USAGE for an unknown name (the error's subject lists what there is). */
ww_status ww_format_open(ww_format **f, const ww_format_config *config, ww_error *err);
void ww_format_close(ww_format *f);

/* The i-th format's name and one line about it; NULL past the end. Static. */
const char *ww_format_name(size_t i, const char **about);

/* Appends the lines of one event to `out`: none, one, or several. Always valid UTF-8; each line ends with a
 * line feed and has none inside. Row events need ev->relation. Returns out->status or an error. */
ww_status ww_format_render(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);

#ifdef __cplusplus
}
#endif
#endif
