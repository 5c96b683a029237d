/* SPDX-License-Identifier: MIT */
/* report.c: what went wrong, for people: one message, then detail and the way out. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool live_shown;

void report_live(const char *line)
{
    if (line != NULL || live_shown)
        fprintf(stderr, "\r\033[K%s", line != NULL ? line : "");
    live_shown = line != NULL;
}

/* Raw text of the server's or the user's: escaped before it is shown. */
static void put_escaped(const char *before, const char *text, const char *after)
{
    char shown[2048];
    ww_text_escape(ww_slice_of(text), shown, sizeof shown);
    fprintf(stderr, "%s%s%s", before, shown, after);
}

void report(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    report_live(NULL);
    put_escaped("walwire: ", text, "\n");
}

static void put_what(const ww_error *err)
{
    fputs(err->what, stderr);
    if (err->subject[0] != '\0')
        put_escaped(": ", err->subject, "");
    if (err->msg_type != '\0' && err->offset != WW_NO_OFFSET) {
        char type[2] = {err->msg_type, '\0'};
        put_escaped(" (message '", type, "', ");
        fprintf(stderr, "byte %llu)", (unsigned long long)err->offset);
    } else if (err->offset != WW_NO_OFFSET) {
        fprintf(stderr, " (byte %llu)", (unsigned long long)err->offset);
    }
    if (err->sys_errno != 0)
        fprintf(stderr, ": %s", strerror(err->sys_errno));
}

void report_failure(const char *attempt, const ww_error *err)
{
    bool server_says = err->message[0] != '\0';
    report_live(NULL);
    fputs("walwire: ", stderr);
    if (attempt != NULL)
        put_escaped("", attempt, server_says ? "" : ": ");
    if (attempt == NULL || !server_says)
        put_what(err);
    fputc('\n', stderr);
    if (server_says) {
        fprintf(stderr, "  the server says: ");
        put_escaped("", err->severity, " ");
        put_escaped("", err->sqlstate, ": ");
        put_escaped("", err->message, "\n");
    }
    if (err->detail[0] != '\0')
        put_escaped("  ", err->detail, "\n");
    if (err->hint[0] != '\0')
        put_escaped("  ", err->hint, "\n");
}

void report_error(const ww_error *err)
{
    report_failure(NULL, err);
}

/* A server's refusal counts as a connection problem when it is about getting in, or about going
 * away. */
static int exit_code_for_sqlstate(const char *sqlstate)
{
    static const char connection[][3] = {"08", "28", "3D", "53", "57"};
    size_t i;
    if (strcmp(sqlstate, "53400") == 0)
        return EXIT_REFUSED; /* too many slots */
    for (i = 0; i < sizeof connection / sizeof connection[0]; i++)
        if (memcmp(sqlstate, connection[i], 2) == 0)
            return EXIT_CONNECTION;
    return EXIT_REFUSED;
}

int exit_code_for(const ww_error *err)
{
    switch (err->status) {
    case WW_OK:
    case WW_MORE:
    case WW_END:
        return EXIT_DONE;
    case WW_ERR_CANCELLED:
        return signals_exit_code();
    case WW_ERR_USAGE:
        return EXIT_USAGE;
    case WW_ERR_AUTH:
    case WW_ERR_TLS:
    case WW_ERR_IO:
    case WW_ERR_TIMEOUT:
        return EXIT_CONNECTION;
    case WW_ERR_SERVER:
        return exit_code_for_sqlstate(err->sqlstate);
    case WW_ERR_GAP:
        return EXIT_GAP;
    default:
        return EXIT_INTERNAL;
    }
}

static int exit_code_for_open(const ww_error *err)
{
    if (err->status == WW_ERR_PROTOCOL || err->status == WW_ERR_LIMIT)
        return EXIT_CONNECTION; /* whoever answered is no PostgreSQL server, or no honest one */
    return exit_code_for(err);
}

int report_open_failure(const ww_error *err)
{
    if (err->status != WW_ERR_CANCELLED)
        report_error(err);
    return exit_code_for_open(err);
}

int report_and_exit_code(const ww_error *err)
{
    if (err->status != WW_ERR_CANCELLED)
        report_error(err);
    return exit_code_for(err);
}

static void log_line(void *ctx, ww_log_level level, const char *text)
{
    const options *o = ctx;
    if (level == WW_LOG_ERROR || (level == WW_LOG_WARNING && !o->quiet) ||
        (level == WW_LOG_INFO && o->verbose > 0) || (level == WW_LOG_DEBUG && o->verbose > 1)) {
        report_live(NULL);
        fprintf(stderr, "walwire: %s\n", text);
    }
}

ww_log report_log(const options *o)
{
    union {
        const options *in;
        void *out;
    } ctx;
    ww_log log;
    ctx.in = o;
    log.ctx = ctx.out;
    log.line = log_line;
    return log;
}
