/* SPDX-License-Identifier: MIT */
/* base.h: slices, positions, times, statuses and errors that every other header speaks of.
 *
 * Nothing here allocates, blocks, or needs more than a freestanding C library. */
#ifndef WALWIRE_BASE_H
#define WALWIRE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WW_VERSION_MAJOR 0
#define WW_VERSION_MINOR 1
#define WW_VERSION_PATCH 0
#define WW_VERSION_STRING "0.1.0"

/* The version of the library that is linked, as "major.minor.patch". Static. */
const char *ww_version(void);

/* Bytes that somebody else owns. ptr may be NULL only where len is 0. Not NUL-terminated. */
typedef struct ww_slice {
    const uint8_t *ptr;
    size_t len;
} ww_slice;

/* The slice of a C string, without its NUL. text NULL gives the empty slice. */
ww_slice ww_slice_of(const char *text);
bool ww_slice_equal(ww_slice a, ww_slice b);

/* ---- positions ------------------------------------------------------------------------------ */

/* A position in the write-ahead log. 0 is "none" (InvalidXLogRecPtr). */
typedef uint64_t ww_lsn;

/* Room for the text form and its NUL: 8 + '/' + 8 + 1. */
#define WW_LSN_TEXT_SIZE 18

/* Writes `lsn` as the server does up to 18 ("16/B374D848") with a NUL; returns the length. */
size_t ww_lsn_format(ww_lsn lsn, char out[WW_LSN_TEXT_SIZE]);

/* Reads "X/X", each half of 1 to 8 hexadecimal digits in either case, nothing before or behind.
 * Returns false, and leaves *lsn alone, for anything else. Source: pg_lsn_in. */
bool ww_lsn_parse(ww_slice text, ww_lsn *lsn);

/* ---- times ---------------------------------------------------------------------------------- */

/* Microseconds since 2000-01-01 00:00:00 UTC: the server's clock (TimestampTz). */
typedef struct ww_pg_time {
    int64_t us;
} ww_pg_time;

/* Microseconds between the Unix epoch and PostgreSQL's. */
#define WW_PG_EPOCH_UNIX_US INT64_C(946684800000000)

/* Microseconds of a monotonic clock of the caller's choice. Only differences mean anything. */
typedef uint64_t ww_mono_us;

#define WW_MONO_NEVER UINT64_MAX

/* The two clocks an engine is told of: deadlines come from mono_us, timestamps from wall. */
typedef struct ww_now {
    ww_mono_us mono_us;
    ww_pg_time wall;
} ww_now;

/* ---- statuses and errors -------------------------------------------------------------------- */

/* 0 is success; above 0 is no error; below 0 is an error of that class. What to do next:
 *   MORE      call again when more input has arrived      END       nothing more will come
 *   USAGE     the caller's arguments or options are wrong; correct them
 *   LIMIT     a named limit was reached; the error names the option that raises it
 *   PROTOCOL  the peer broke the protocol; drop the connection
 *   DECODE    a pgoutput message is not what the protocol says; drop the connection
 *   AUTH      credentials refused, or the server failed to prove itself; do not retry as is
 *   TLS       encryption could not be set up or failed    IO        the connection or a file failed
 *   SERVER    the server answered with an error; see sqlstate and the server's text
 *   GAP       changes are missing from the stream; never go on as if nothing had happened
 *   TIMEOUT   a deadline passed                           NOMEM     the allocator returned NULL
 *   CANCELLED the caller asked to stop                    INTERNAL  a bug in walwire; report it */
#define WW_STATUS_MAP(X)                                                                           \
    X(OK, 0, "ok")                                                                                 \
    X(MORE, 1, "more input is needed")                                                             \
    X(END, 2, "end of stream")                                                                     \
    X(ERR_USAGE, -1, "usage error")                                                                \
    X(ERR_LIMIT, -2, "limit reached")                                                              \
    X(ERR_PROTOCOL, -3, "protocol error")                                                          \
    X(ERR_DECODE, -4, "decoding error")                                                            \
    X(ERR_AUTH, -5, "authentication error")                                                        \
    X(ERR_TLS, -6, "TLS error")                                                                    \
    X(ERR_IO, -7, "I/O error")                                                                     \
    X(ERR_SERVER, -8, "server error")                                                              \
    X(ERR_GAP, -9, "data gap")                                                                     \
    X(ERR_TIMEOUT, -10, "timeout")                                                                 \
    X(ERR_NOMEM, -11, "out of memory")                                                             \
    X(ERR_CANCELLED, -12, "cancelled")                                                             \
    X(ERR_INTERNAL, -13, "internal error")

typedef enum ww_status {
#define WW_STATUS_ENUM(name, value, text) WW_##name = (value),
    WW_STATUS_MAP(WW_STATUS_ENUM)
#undef WW_STATUS_ENUM
} ww_status;

/* The class in words ("protocol error"). Static; never NULL. */
const char *ww_status_text(ww_status status);

#define WW_NO_OFFSET UINT64_MAX

/* What went wrong. Plain data without pointers to anything but static text: keep it, copy it.
 * `subject` and the server's texts are cut to their room at a UTF-8 boundary and are RAW: escape
 * them before they reach a terminal or a log (ww_text_escape). They never hold a secret. */
typedef struct ww_error {
    ww_status status;
    const char *what;  /* static English sentence without final stop; never NULL once set */
    uint64_t offset;   /* byte offset in the message, file or text; WW_NO_OFFSET if none */
    char msg_type;     /* protocol or pgoutput message type; 0 if none */
    int sys_errno;     /* errno of the failed call; 0 if none */
    char sqlstate[6];  /* the server's SQLSTATE; "" if none */
    char subject[200]; /* which keyword, file, state, column ...; "" if none */
    char severity[12]; /* the rest is the server's own: V, M, D, H, R fields; "" if none */
    char message[400];
    char detail[400];
    char hint[300];
    char routine[64];
} ww_error;

/* Clears `err`: status WW_OK, no text. err may be NULL. */
void ww_error_clear(ww_error *err);

/* Can the same call, made again later with the same configuration, succeed? True for IO, TIMEOUT,
 * and the SQLSTATEs of PROTOCOL 3.7 that are marked retry (53300, 57P01, 55006, ...). Decided by
 * class and SQLSTATE, never by text. */
bool ww_status_retryable(const ww_error *err);

/* Copies `text` so that it is safe to show: control characters, DEL, C1 controls, bidirectional
 * overrides and bytes that are not UTF-8 become \xNN or \u{NNNN}; a backslash stays as it is.
 * Writes at most cap - 1 bytes, cut between characters, and a NUL; returns the length written.
 * cap > 0. */
size_t ww_text_escape(ww_slice text, char *out, size_t cap);

/* ---- allocation ----------------------------------------------------------------------------- */

/* Where an engine gets memory. One function does it all:
 *   old NULL, new_size > 0: allocate;  old set, new_size > 0: resize, contents kept;
 *   old set, new_size 0: free, returns NULL.
 * old_size is what was asked for before. Returning NULL for new_size > 0 is NOMEM and leaves `old`
 * as it was. */
typedef struct ww_alloc {
    void *ctx;
    void *(*resize)(void *ctx, void *old, size_t old_size, size_t new_size);
} ww_alloc;

/* ---- output --------------------------------------------------------------------------------- */

/* Where rendered bytes go. With `flush` the buffer has a fixed size (0 works) and is handed over
 * when full, even in the middle of a line; without, it grows through `alloc`. After a failure
 * (flush returned false: ERR_IO; alloc returned NULL: ERR_NOMEM; neither is given and the buffer
 * is full: ERR_LIMIT) further bytes are dropped and `status` says why. */
typedef struct ww_out {
    uint8_t *ptr;
    size_t len, cap;
    ww_status status;
    const ww_alloc *alloc;                                      /* or NULL */
    bool (*flush)(void *ctx, const uint8_t *bytes, size_t len); /* or NULL */
    void *flush_ctx;
    uint64_t flushed; /* bytes handed over so far: the stream's offset is flushed + len */
} ww_out;

/* ---- commands and queries ------------------------------------------------------------------- */

/* A growing text with a sticky "did not fit": len counts on, text is NUL-terminated where cap > 0.
 * Start with { buffer, sizeof buffer, 0 }. */
typedef struct ww_text {
    char *text;
    size_t cap;
    size_t len;
} ww_text;

/* True if it all fitted. */
bool ww_text_fits(const ww_text *t);
void ww_text_add(ww_text *t, const char *text);
/* "name" with " doubled; 'value' with ' doubled. */
void ww_text_add_identifier(ww_text *t, ww_slice name);
void ww_text_add_literal(ww_text *t, ww_slice value);
/* A literal for SQL (not for replication commands): the E'' form where there is a backslash, so
 * that it means the same whatever standard_conforming_strings says. */
void ww_text_add_sql_literal(ww_text *t, ww_slice value);
/* Each name quoted, joined by commas: the value of publication_names, not yet quoted as a literal
 * (ww_start_replication_command() does that to every value). */
void ww_text_add_name_list(ww_text *t, const ww_slice *names, size_t count);

#ifdef __cplusplus
}
#endif
#endif
