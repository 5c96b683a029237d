/* SPDX-License-Identifier: MIT */
/* row.c: I U D T, the changes. */
#include "messages.h"
#include "relcache.h"

/* Why the column at `p` cannot be read. */
static const char *column_rule(const uint8_t *p, const uint8_t *end, uint8_t binary)
{
    if (p == end)
        return "message ends before the last column";
    if (*p == WW_COLUMN_UNCHANGED)
        return "an unchanged column outside of a new tuple";
    if (*p == WW_COLUMN_BINARY && binary != WW_COLUMN_BINARY)
        return "a binary column, but binary was not asked for";
    if (*p != WW_COLUMN_TEXT && *p != WW_COLUMN_BINARY)
        return "unknown column kind (not one of n, u, t, b)";
    if (end - p >= 5 && ww__load32(p + 1) > INT32_MAX)
        return "a column's length is negative";
    return "a column is longer than the message";
}

static bool right_column_count(const ww_event *ev, uint16_t ncols)
{
    return ev->relation != NULL ? ncols == ev->relation->ncols : ncols <= WW_MAX_COLUMNS;
}

/* The loop is where decoding spends its time: it keeps its position in registers and goes to the
 * reader only to fail. A broken tuple is left with its start and without length, for the error's
 * text. */
static void read_tuple(const ww_decoder *d, ww__reader *r, const ww_event *ev, ww_tuple *tuple)
{
    const uint8_t binary = d->binary ? WW_COLUMN_BINARY : WW_COLUMN_TEXT;
    const uint8_t unchanged = tuple->kind == WW_TUPLE_NEW ? WW_COLUMN_UNCHANGED : WW_COLUMN_NULL;
    const uint8_t *p, *end = r->end;
    uint16_t left;

    tuple->ncols = ww__u16(r);
    if (!right_column_count(ev, tuple->ncols))
        ww__break(r, ev->relation != NULL ? "a tuple's number of columns is not its relation's"
                                          : "a tuple has more than 1600 columns", 2);
    if (r->broken != NULL)
        return;
    p = tuple->data.ptr = r->at;
    for (left = tuple->ncols; left > 0 && p < end; left--) {
        if (*p == WW_COLUMN_TEXT || *p == binary) {
            size_t room = (size_t)(end - p), len;
            if (room < 5 || (len = ww__load32(p + 1)) > room - 5)
                break;
            p += 5 + len;
        } else if (*p == WW_COLUMN_NULL || *p == unchanged) {
            p++;
        } else {
            break;
        }
    }
    r->at = p;
    if (left > 0)
        ww__break(r, column_rule(p, end, binary), 0);
    else
        tuple->data.len = (size_t)(p - tuple->data.ptr);
}

static void find_relation(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ev->relation_id = ww__u32(r);
    if (d->current == NULL)
        return;
    ev->relation = ww__relcache_lookup(d->current, ev->relation_id);
    if (ev->relation == NULL)
        ww__break(r, "a relation that the server has not described", 4);
}

static void read_new_tuple(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ev->new_tuple.kind = ww__u8(r);
    if (ev->new_tuple.kind != WW_TUPLE_NEW)
        ww__break(r, "unknown kind of tuple (not N)", 1);
    read_tuple(d, r, ev, &ev->new_tuple);
}

static void read_old_tuple(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ev->old_tuple.kind = ww__u8(r);
    if (ev->old_tuple.kind != WW_TUPLE_KEY && ev->old_tuple.kind != WW_TUPLE_OLD)
        ww__break(r, "unknown kind of tuple (neither K nor O)", 1);
    read_tuple(d, r, ev, &ev->old_tuple);
}

void ww__read_insert(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ev->subxid = ww__subxid(d, r);
    find_relation(d, r, ev);
    read_new_tuple(d, r, ev);
}

void ww__read_update(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ev->subxid = ww__subxid(d, r);
    find_relation(d, r, ev);
    if (ww__left(r) > 0 && *r->at != WW_TUPLE_NEW)
        read_old_tuple(d, r, ev);
    read_new_tuple(d, r, ev);
}

void ww__read_delete(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ev->subxid = ww__subxid(d, r);
    find_relation(d, r, ev);
    read_old_tuple(d, r, ev);
}

static void check_truncated(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    uint32_t i;
    for (i = 0; i < ev->truncate.count; i++) {
        uint32_t id = ww_truncate_relation_id(&ev->truncate, i);
        if (ww__relcache_lookup(d->current, id) == NULL) {
            ev->relation_id = id;
            ww__break(r, "a relation that the server has not described",
                      4 * (size_t)(ev->truncate.count - i));
            return;
        }
    }
}

void ww__read_truncate(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ww_truncate *t = &ev->truncate;
    ev->subxid = ww__subxid(d, r);
    t->count = ww__u32(r);
    if (t->count == 0 || t->count > INT32_MAX)
        ww__break(r, "a Truncate must name at least one relation", 4);
    t->flags = ww__flags(r, WW_TRUNCATE_CASCADE | WW_TRUNCATE_RESTART_IDENTITY);
    if (t->count > ww__left(r) / 4)
        ww__break(r, "a Truncate names more relations than the message holds", 0);
    t->relation_ids = ww__bytes(r, 4 * (size_t)t->count);
    if (d->current != NULL && r->broken == NULL)
        check_truncated(d, r, ev);
}
