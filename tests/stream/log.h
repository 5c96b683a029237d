/* SPDX-License-Identifier: MIT */
/* log.h: feeds a message and writes what comes out as words: "B7 R1(a) I1(a)=x#1 C530". */
#ifndef WALWIRE_TESTS_STREAM_LOG_H
#define WALWIRE_TESTS_STREAM_LOG_H

#include "feed.h"

typedef struct log_feed {
    feed f;
    ww_status status; /* of the last input */
    size_t len;
    char text[4096];
} log_feed;

static inline void log_add(log_feed *l, const char *text)
{
    size_t n = strlen(text);
    if (l->len + n + 2 > sizeof l->text)
        return;
    memcpy(l->text + l->len, text, n + 1);
    l->len += n;
}

static inline void log_slice(log_feed *l, ww_slice s)
{
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)s.len, (const char *)s.ptr);
    log_add(l, word);
}

static inline void log_number(log_feed *l, const char *before, uint64_t n, bool hex)
{
    char word[40];
    log_add(l, before);
    snprintf(word, sizeof word, hex ? "%" PRIX64 : "%" PRIu64, n);
    log_add(l, word);
}

/* The relation as its id and first column's name. */
static inline void log_relation(log_feed *l, const ww_event *ev)
{
    log_number(l, "", ev->relation_id, false);
    log_add(l, "(");
    if (ev->relation != NULL)
        log_slice(l, ev->relation->columns[0].name);
    log_add(l, ")");
}

static inline void log_row(log_feed *l, const ww_event *ev)
{
    ww_tuple_iter it = ww_tuple_begin(ev->new_tuple.kind != 0 ? ev->new_tuple : ev->old_tuple);
    ww_column column;
    log_relation(l, ev);
    log_add(l, "=");
    if (ww_tuple_next(&it, &column))
        log_slice(l, column.value);
}

static inline void log_event(log_feed *l, const ww_event *ev)
{
    char kind[3] = { ' ', (char)ev->kind, '\0' };
    log_add(l, l->len == 0 ? kind + 1 : kind);
    switch (ev->kind) {
    case 'R':
        log_relation(l, ev);
        break;
    case 'I':
    case 'U':
    case 'D':
        log_row(l, ev);
        break;
    case 'Y':
        log_number(l, "", ev->type.oid, false);
        break;
    case 'M':
        log_slice(l, ev->message.content);
        break;
    case 'O':
        log_slice(l, ev->origin.name);
        break;
    case 'B':
    case 'S':
    case 'A':
        log_number(l, "", ev->xid, false);
        break;
    default:
        log_slice(l, ev->gid);
        if (ww_event_unit_lsn(ev) != 0)
            log_number(l, "", ww_event_unit_lsn(ev), true);
    }
    if (ev->ordinal != 0)
        log_number(l, "#", ev->ordinal, false);
}

/* Feeds what was encoded into f.message, and takes all that it gives. */
static inline ww_status log_wal(log_feed *l, ww_lsn lsn)
{
    l->status = feed_wal(&l->f, lsn);
    while (l->status == WW_OK) {
        l->status = feed_next(&l->f);
        if (l->status == WW_OK)
            log_event(l, &l->f.ev);
    }
    return l->status;
}

static inline const char *log_take(log_feed *l)
{
    l->len = 0;
    return l->text;
}

#endif
