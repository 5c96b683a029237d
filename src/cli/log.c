/* SPDX-License-Identifier: MIT */
/* log.c: standard error, line by line: text for people, or JSON objects for programs. Nothing else
 * writes there. docs/operations.md. */
#include "cli.h"

#include "base/out.h"
#include "format/json.h"

#include <stdio.h>
#include <string.h>

static const options *configured; /* NULL: not yet */
static bool live_shown;

static const char *const level_names[] = {"error", "warning", "info", "debug"};

const char *log_level_name(ww_log_level level)
{
    return level_names[level];
}

void log_configure(const options *o)
{
    configured = o;
}

bool log_is_json(void)
{
    return configured != NULL && configured->log_json;
}

bool log_wants(ww_log_level level)
{
    const options *o = configured;
    if (o == NULL)
        return level <= WW_LOG_WARNING;
    if (o->log_level >= 0)
        return level <= (ww_log_level)o->log_level;
    if (o->verbose > 0)
        return level <= (o->verbose > 1 ? WW_LOG_DEBUG : WW_LOG_INFO);
    return level <= (o->quiet ? WW_LOG_ERROR : WW_LOG_WARNING);
}

void report_live(const char *line)
{
    if (line != NULL || live_shown)
        fprintf(stderr, "\r\033[K%s", line != NULL ? line : "");
    live_shown = line != NULL;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* ---- text ----------------------------------------------------------------------------------- */

/* Raw text of the server's or the user's: escaped before it is shown. */
static void put_text(ww_out *out, const char *before, const char *text, const char *after)
{
    char shown[2048];
    size_t len = ww_text_escape(ww_slice_of(text), shown, sizeof shown);
    ww__out_put(out, before, strlen(before));
    ww__out_put(out, shown, len);
    ww__out_put(out, after, strlen(after));
}

static void put_lines(ww_out *out, const char *message, const log_details *d)
{
    put_text(out, "walwire: ", message, "\n");
    if (is_set(d->server_message)) {
        put_text(out, "  the server says: ", d->severity, " ");
        put_text(out, "", d->sqlstate, ": ");
        put_text(out, "", d->server_message, "\n");
    }
    if (is_set(d->detail))
        put_text(out, "  ", d->detail, "\n");
    if (is_set(d->hint))
        put_text(out, "  ", d->hint, "\n");
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* Valid JSON whatever the text is, and safe on a terminal, too. */
static void put_member(ww_out *out, const char *key, const char *text)
{
    ww__policy policy;
    if (!is_set(text))
        return;
    memset(&policy, 0, sizeof policy);
    policy.terminal = true;
    WW__OUT(out, ",\"");
    ww__out_put(out, key, strlen(key));
    WW__OUT(out, "\":\"");
    ww__json_name(out, &policy, ww_slice_of(text));
    WW__OUT(out, "\"");
}

static void put_object(ww_out *out, ww_log_level level, const char *message, const log_details *d)
{
    WW__OUT(out, "{\"ts\":");
    ww__out_iso_time(out, ww_clock_now().wall);
    put_member(out, "level", level_names[level]);
    put_member(out, "msg", message);
    put_member(out, "error", d->error);
    put_member(out, "severity", d->severity);
    put_member(out, "sqlstate", d->sqlstate);
    put_member(out, "detail", d->detail);
    put_member(out, "hint", d->hint);
    put_member(out, "server_message", d->server_message);
    put_member(out, "slot", configured->slot);
    if (d->lsn != 0) {
        WW__OUT(out, ",\"lsn\":");
        ww__out_lsn(out, d->lsn);
    }
    WW__OUT(out, "}\n");
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool write_out(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    return fwrite(bytes, 1, len, stderr) == len;
}

/* One message is one write, so that those of several processes do not mix. */
void log_write(ww_log_level level, const char *message, const log_details *details)
{
    static const log_details none;
    uint8_t buffer[16384];
    ww_out out;
    if (!log_wants(level))
        return;
    report_live(NULL);
    memset(&out, 0, sizeof out);
    out.ptr = buffer;
    out.cap = sizeof buffer;
    out.flush = write_out;
    if (log_is_json())
        put_object(&out, level, message, details != NULL ? details : &none);
    else
        put_lines(&out, message, details != NULL ? details : &none);
    write_out(NULL, out.ptr, out.len);
}
