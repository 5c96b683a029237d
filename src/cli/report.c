/* SPDX-License-Identifier: MIT */
/* report.c: what went wrong, in words: one message, then detail and the way out; and the exit code
 * that goes with it. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void write_formatted(ww_log_level level, const log_details *details, const char *format,
                            va_list args)
{
    char text[2048];
    if (!log_wants(level))
        return;
    vsnprintf(text, sizeof text, format, args);
    log_write(level, text, details);
}

void report(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_formatted(WW_LOG_ERROR, NULL, format, args);
    va_end(args);
}

void report_at(ww_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_formatted(level, NULL, format, args);
    va_end(args);
}

void report_position(ww_log_level level, ww_lsn lsn, const char *format, ...)
{
    log_details details;
    va_list args;
    memset(&details, 0, sizeof details);
    details.lsn = lsn;
    va_start(args, format);
    write_formatted(level, &details, format, args);
    va_end(args);
}

static void add_what(ww_text *text, const ww_error *err)
{
    char where[64];
    ww_text_add(text, err->what);
    if (err->subject[0] != '\0') {
        ww_text_add(text, ": ");
        ww_text_add(text, err->subject);
    }
    if (err->offset != WW_NO_OFFSET) {
        bool typed = err->msg_type != '\0';
        char type[16];
        snprintf(type, sizeof type, "message '%c', ", err->msg_type);
        snprintf(where, sizeof where, " (%sbyte %llu)", typed ? type : "",
                 (unsigned long long)err->offset);
        ww_text_add(text, where);
    }
    if (err->sys_errno != 0) {
        ww_text_add(text, ": ");
        ww_text_add(text, strerror(err->sys_errno));
    }
}

void report_failure(const char *attempt, const ww_error *err)
{
    char message[2048];
    ww_text text = {message, sizeof message, 0};
    bool server_says = err->message[0] != '\0';
    log_details details;
    memset(&details, 0, sizeof details);
    if (attempt != NULL)
        ww_text_add(&text, attempt);
    if (attempt != NULL && !server_says)
        ww_text_add(&text, ": ");
    if (attempt == NULL || !server_says)
        add_what(&text, err);
    details.error = ww_status_text(err->status);
    details.severity = err->severity;
    details.sqlstate = err->sqlstate;
    details.server_message = err->message;
    details.detail = err->detail;
    details.hint = err->hint;
    log_write(WW_LOG_ERROR, message, &details);
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
    (void)ctx;
    log_write(level, text, NULL);
}

ww_log report_log(const options *o)
{
    ww_log log = {NULL, log_line};
    (void)o;
    return log;
}
