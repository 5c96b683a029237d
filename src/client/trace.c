/* SPDX-License-Identifier: MIT */
/* trace.c: what a trace says of each message: names, counts, positions and codes, never a value
 * (docs/trace.md). Messages come here before their layout was checked. */
#include "session.h"

#include "base/reader.h"

#include <stdio.h>
#include <string.h>

typedef struct detail {
    char text[256];
    size_t len;
} detail;

static void add(detail *d, ww_slice text)
{
    if (d->len > 0 && d->len < sizeof d->text - 1)
        d->text[d->len++] = ' ';
    d->len += ww_text_escape(text, d->text + d->len, sizeof d->text - d->len);
}

static void add_text(detail *d, const char *text)
{
    add(d, ww_slice_of(text));
}

static void add_number(detail *d, const char *format, unsigned number)
{
    char text[32];
    snprintf(text, sizeof text, format, number);
    add_text(d, text);
}

static void add_lsn(detail *d, uint64_t lsn)
{
    char text[WW_LSN_TEXT_SIZE];
    ww_lsn_format(lsn, text);
    add_text(d, text);
}

static void add_version(detail *d, uint32_t version)
{
    char text[32];
    snprintf(text, sizeof text, "%u.%u", (unsigned)(version >> 16), (unsigned)(version & 0xffff));
    add_text(d, text);
}

static void describe_startup(detail *d, ww__reader r)
{
    ww_slice name;
    add_version(d, ww__u32(&r));
    while ((name = ww__cstr(&r)).len > 0) {
        add(d, name);
        ww__cstr(&r);
    }
}

/* Its first word: the rest may name anything. */
static void describe_query(detail *d, ww_slice sql)
{
    size_t n = 0;
    while (n < sql.len && ((sql.ptr[n] >= 'A' && sql.ptr[n] <= 'Z') ||
                           (sql.ptr[n] >= 'a' && sql.ptr[n] <= 'z') || sql.ptr[n] == '_'))
        n++;
    sql.len = n;
    add(d, sql);
}

static void describe_authentication(detail *d, ww__reader r)
{
    ww_slice name;
    if (ww__u32(&r) == 10)
        while ((name = ww__cstr(&r)).len > 0)
            add(d, name);
}

/* Severity, SQLSTATE, routine: the rest may quote rows. */
static void describe_error(detail *d, ww__reader r)
{
    uint8_t code;
    while ((code = ww__u8(&r)) != 0) {
        ww_slice value = ww__cstr(&r);
        if (code == 'V' || code == 'C' || code == 'R')
            add(d, value);
    }
}

/* The last byte of keepalives and status updates: an answer is asked for. */
static void add_reply(detail *d, ww__reader r)
{
    if (ww__u8(&r) != 0)
        add_text(d, "reply");
}

static void describe_data(const ww_session *s, detail *d, ww__reader r)
{
    uint8_t kind = ww__u8(&r);
    uint64_t first = ww__u64(&r), second = ww__u64(&r), third;
    if (kind == 'w') {
        add_text(d, "w");
        add_lsn(d, first);
        ww__u64(&r); /* clock */
        kind = ww__u8(&r);
        if (s->trace_kinds && r.broken == NULL)
            add(d, (ww_slice){ &kind, 1 });
    } else if (kind == 'k') {
        add_text(d, "k");
        add_lsn(d, first);
        add_reply(d, r);
    } else if (kind == 'r') {
        third = ww__u64(&r);
        add_text(d, "r");
        add_lsn(d, first);
        add_lsn(d, second);
        add_lsn(d, third);
        ww__u64(&r); /* clock */
        add_reply(d, r);
    }
}

static void describe(const ww_session *s, const ww_traced *m, detail *d)
{
    ww__reader r = ww__reader_of(m->body);
    switch (m->type) {
    case 0:
        if (m->sent && strcmp(m->name, "StartupMessage") == 0)
            describe_startup(d, r);
        break;
    case 'R':
        describe_authentication(d, r);
        break;
    case 'v':
        add_version(d, ww__u32(&r));
        break;
    case 'S':
    case 'C':
    case 'Z':
        add(d, m->type == 'Z' ? m->body : ww__cstr(&r));
        break;
    case 'E':
    case 'N':
        describe_error(d, r);
        break;
    case 'Q':
        describe_query(d, m->body);
        break;
    case 'T':
    case 'D':
        add_number(d, "%u", ww__u16(&r));
        break;
    case 'd':
        describe_data(s, d, r);
        break;
    default:
        break;
    }
}

static void tell_message(void *ctx, const ww_traced *m)
{
    const ww_session *s = ctx;
    detail d = { "", 0 };
    ww_trace_event e;
    describe(s, m, &d);
    e.mono_us = ww_clock_mono();
    e.backend_pid = s->conn.backend_pid;
    e.direction = m->sent ? '>' : '<';
    e.type = m->type;
    e.name = m->name;
    e.state = m->state;
    e.length = m->length;
    e.detail = d.text;
    s->config.trace.event(s->config.trace.ctx, &e);
}

ww_conn_trace ww__trace_of(ww_session *s)
{
    ww_conn_trace trace = { s, s->config.trace.event != NULL ? tell_message : NULL };
    return trace;
}

void ww__trace_note(const ww_session *s, const char *name, const char *text)
{
    detail d = { "", 0 };
    ww_trace_event e;
    if (s->config.trace.event == NULL)
        return;
    add_text(&d, text);
    memset(&e, 0, sizeof e);
    e.mono_us = ww_clock_mono();
    e.backend_pid = s->conn.backend_pid;
    e.direction = '-';
    e.name = name;
    e.state = "";
    e.detail = d.text;
    s->config.trace.event(s->config.trace.ctx, &e);
}
