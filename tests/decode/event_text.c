/* SPDX-License-Identifier: MIT */
/* event_text.c: an event as one line to read. Names and values that are not plain words are
 * quoted. */
#include "event_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void add(event_text *t, const char *format, ...)
{
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(t->line + t->len, sizeof t->line - t->len, format, args);
    va_end(args);
    if (n > 0)
        t->len += (size_t)n;
    if (t->len >= sizeof t->line)
        t->len = sizeof t->line - 1;
}

static void add_quoted(event_text *t, ww_slice s)
{
    size_t i;
    add(t, "\"");
    for (i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            add(t, "%c", c);
        else
            add(t, "\\x%02x", c);
    }
    add(t, "\"");
}

static bool is_word(ww_slice s)
{
    size_t i;
    for (i = 0; i < s.len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", s.ptr[i]) == NULL || s.ptr[i] == 0)
            return false;
    return s.len > 0;
}

static void add_name(event_text *t, ww_slice name)
{
    if (is_word(name))
        add(t, "%.*s", (int)name.len, (const char *)name.ptr);
    else
        add_quoted(t, name);
}

static void add_lsn(event_text *t, const char *key, ww_lsn lsn)
{
    char text[WW_LSN_TEXT_SIZE];
    ww_lsn_format(lsn, text);
    add(t, " %s=%s", key, text);
}

static void add_time(event_text *t, const char *key, ww_pg_time time)
{
    int64_t us = time.us + WW_PG_EPOCH_UNIX_US;
    time_t seconds = (time_t)(us / 1000000);
    char text[40];
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    add(t, " %s=%s.%06d", key, text, (int)(us % 1000000));
}

static void add_xid(event_text *t, const char *key, uint32_t xid)
{
    add(t, " %s=%" PRIu32, key, xid);
}

static void add_gid(event_text *t, ww_slice gid)
{
    add(t, " gid=");
    add_quoted(t, gid);
}

static void add_column(event_text *t, const ww_column *c)
{
    size_t i;
    if (c->kind == WW_COLUMN_NULL)
        add(t, "null");
    else if (c->kind == WW_COLUMN_UNCHANGED)
        add(t, "unchanged");
    else if (c->kind == WW_COLUMN_TEXT)
        add_quoted(t, c->value);
    else
        for (add(t, "0x"), i = 0; i < c->value.len; i++)
            add(t, "%02x", c->value.ptr[i]);
}

static void add_tuple(event_text *t, ww_tuple tuple)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    const char *separator = "";
    ww_column column;
    if (tuple.kind == WW_TUPLE_NONE)
        return;
    add(t, " %s(", tuple.kind == 'N' ? "new" : tuple.kind == 'K' ? "key" : "old");
    while (ww_tuple_next(&it, &column)) {
        add(t, "%s", separator);
        add_column(t, &column);
        separator = ", ";
    }
    add(t, ")");
}

static void add_relation(event_text *t, const ww_event *ev)
{
    if (ev->relation == NULL) {
        add(t, " %" PRIu32, ev->relation_id);
        return;
    }
    add(t, " ");
    add_name(t, ev->relation->nspname);
    add(t, ".");
    add_name(t, ev->relation->relname);
}

static void add_definition(event_text *t, const ww_event *ev)
{
    const ww_relation *rel = ev->relation;
    uint16_t i;
    add(t, " %s", ev->relation_changed ? "changed" : "same");
    if (rel == NULL)
        return;
    add(t, " id=%" PRIu32 " slot=%" PRIu32 " version=%" PRIu32 " serial=%" PRIu64 " identity=%c (",
        rel->id, rel->slot, rel->version, rel->serial, rel->replica_identity);
    for (i = 0; i < rel->ncols; i++) {
        const ww_relation_column *c = &rel->columns[i];
        add(t, "%s", i > 0 ? ", " : "");
        add_name(t, c->name);
        add(t, " %" PRIu32, c->type_oid);
        if (c->typmod != -1)
            add(t, " typmod=%" PRId32, c->typmod);
        add(t, "%s", (c->flags & WW_COLUMN_KEY) != 0 ? " key" : "");
    }
    add(t, ")");
}

static void add_truncate(event_text *t, const ww_truncate *truncate)
{
    uint32_t i;
    for (i = 0; i < truncate->count; i++)
        add(t, " %" PRIu32, ww_truncate_relation_id(truncate, i));
    add(t, "%s", (truncate->flags & WW_TRUNCATE_CASCADE) != 0 ? " cascade" : "");
    add(t, "%s", (truncate->flags & WW_TRUNCATE_RESTART_IDENTITY) != 0 ? " restart_identity" : "");
}

static void add_message(event_text *t, const ww_event *ev)
{
    add(t, "%s", (ev->message.flags & WW_MESSAGE_TRANSACTIONAL) != 0 ? " transactional" : "");
    add_lsn(t, "lsn", ev->message.lsn);
    add(t, " prefix=");
    add_quoted(t, ev->message.prefix);
    add(t, " content=");
    add_quoted(t, ev->message.content);
}

static void add_stream_abort(event_text *t, const ww_event *ev)
{
    add_xid(t, "xid", ev->stream_abort.xid);
    add_xid(t, "subxid", ev->stream_abort.subxid);
    if (ev->raw.len == 9)
        return;
    add_lsn(t, "abort_lsn", ev->stream_abort.abort_lsn);
    add_time(t, "abort_time", ev->stream_abort.abort_time);
}

static void add_prepared(event_text *t, const ww_event *ev)
{
    if (ev->kind == WW_EV_COMMIT_PREPARED) {
        add_lsn(t, "commit_lsn", ev->commit_prepared.commit_lsn);
        add_lsn(t, "end_lsn", ev->commit_prepared.end_lsn);
        add_time(t, "commit_time", ev->commit_prepared.commit_time);
        add_xid(t, "xid", ev->commit_prepared.xid);
        add_gid(t, ev->commit_prepared.gid);
    } else if (ev->kind == WW_EV_ROLLBACK_PREPARED) {
        add_lsn(t, "prepare_end_lsn", ev->rollback_prepared.prepare_end_lsn);
        add_lsn(t, "rollback_end_lsn", ev->rollback_prepared.rollback_end_lsn);
        add_time(t, "prepare_time", ev->rollback_prepared.prepare_time);
        add_time(t, "rollback_time", ev->rollback_prepared.rollback_time);
        add_xid(t, "xid", ev->rollback_prepared.xid);
        add_gid(t, ev->rollback_prepared.gid);
    } else {
        add_lsn(t, "prepare_lsn", ev->prepare.prepare_lsn);
        add_lsn(t, "end_lsn", ev->prepare.end_lsn);
        add_time(t, "prepare_time", ev->prepare.prepare_time);
        add_xid(t, "xid", ev->prepare.xid);
        add_gid(t, ev->prepare.gid);
    }
}

static void add_boundary(event_text *t, const ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_BEGIN:
        add_lsn(t, "final_lsn", ev->begin.final_lsn);
        add_time(t, "commit_time", ev->begin.commit_time);
        add_xid(t, "xid", ev->begin.xid);
        break;
    case WW_EV_COMMIT:
        add_lsn(t, "commit_lsn", ev->commit.commit_lsn);
        add_lsn(t, "end_lsn", ev->commit.end_lsn);
        add_time(t, "commit_time", ev->commit.commit_time);
        break;
    case WW_EV_ORIGIN:
        add_lsn(t, "commit_lsn", ev->origin.commit_lsn);
        add(t, " name=");
        add_quoted(t, ev->origin.name);
        break;
    case WW_EV_STREAM_START:
        add_xid(t, "xid", ev->stream_start.xid);
        add(t, "%s", ev->stream_start.first_segment ? " first_segment" : "");
        break;
    case WW_EV_STREAM_COMMIT:
        add_xid(t, "xid", ev->stream_commit.xid);
        add_lsn(t, "commit_lsn", ev->stream_commit.commit_lsn);
        add_lsn(t, "end_lsn", ev->stream_commit.end_lsn);
        add_time(t, "commit_time", ev->stream_commit.commit_time);
        break;
    case WW_EV_STREAM_ABORT:
        add_stream_abort(t, ev);
        break;
    case WW_EV_STREAM_STOP:
        break;
    default:
        add_prepared(t, ev);
    }
}

void event_text_set(event_text *t, const ww_event *ev)
{
    t->len = 0;
    add(t, "%s", ww_event_kind_name(ev->kind));
    if (ev->subxid != 0)
        add_xid(t, "subxid", ev->subxid);
    switch (ev->kind) {
    case WW_EV_INSERT:
    case WW_EV_UPDATE:
    case WW_EV_DELETE:
        add_relation(t, ev);
        add_tuple(t, ev->old_tuple);
        add_tuple(t, ev->new_tuple);
        break;
    case WW_EV_RELATION:
        add_relation(t, ev);
        add_definition(t, ev);
        break;
    case WW_EV_TYPE:
        add(t, " %" PRIu32 " ", ev->type.oid);
        add_name(t, ev->type.nspname);
        add(t, ".");
        add_name(t, ev->type.typname);
        break;
    case WW_EV_TRUNCATE:
        add_truncate(t, &ev->truncate);
        break;
    case WW_EV_MESSAGE:
        add_message(t, ev);
        break;
    default:
        add_boundary(t, ev);
    }
}

void event_text_set_error(event_text *t, const ww_error *err)
{
    t->len = 0;
    add(t, "error at %" PRIu64 ": %s", err->offset, err->what);
    if (err->subject[0] != '\0')
        add(t, " [%s]", err->subject);
}
