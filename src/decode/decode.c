/* SPDX-License-Identifier: MIT */
/* decode.c: which messages there are, where each may stand, and what reads it. */
#include "messages.h"
#include "relcache.h"

#include "base/error.h"

#define INSIDE (WW__IN_BEGIN | WW__IN_PREPARE | WW__IN_BLOCK)
#define NOT_IN_BLOCK (WW__OUTSIDE | WW__IN_BEGIN | WW__IN_PREPARE)
#define ANYWHERE (WW__OUTSIDE | INSIDE)

/* `places`: where it may stand; `then`: where what follows stands, 0 for no change. What released
 * servers send out of order is let through: a Prepare whose Begin Prepare was left out, Commit and
 * Rollback Prepared of what was never prepared here, and Stream Aborts of transactions that were
 * never streamed, even without streaming. */
static const struct message {
    const char *name;
    uint8_t places, then;
    bool streaming; /* only if it was asked for */
    ww__message_reader *read;
} messages[] = {
    ['B'] = { "BEGIN", WW__OUTSIDE, WW__IN_BEGIN, false, ww__read_begin },
    ['C'] = { "COMMIT", WW__IN_BEGIN, WW__OUTSIDE, false, ww__read_commit },
    ['O'] = { "ORIGIN", INSIDE, 0, false, ww__read_origin },
    ['R'] = { "RELATION", INSIDE, 0, false, ww__read_relation },
    ['Y'] = { "TYPE", INSIDE, 0, false, ww__read_type },
    ['I'] = { "INSERT", INSIDE, 0, false, ww__read_insert },
    ['U'] = { "UPDATE", INSIDE, 0, false, ww__read_update },
    ['D'] = { "DELETE", INSIDE, 0, false, ww__read_delete },
    ['T'] = { "TRUNCATE", INSIDE, 0, false, ww__read_truncate },
    ['M'] = { "MESSAGE", ANYWHERE, 0, false, ww__read_message },
    ['b'] = { "BEGIN_PREPARE", WW__OUTSIDE, WW__IN_PREPARE, false, ww__read_begin_prepare },
    ['P'] = { "PREPARE", WW__OUTSIDE | WW__IN_PREPARE, WW__OUTSIDE, false, ww__read_prepare },
    ['K'] = { "COMMIT_PREPARED", WW__OUTSIDE, 0, false, ww__read_commit_prepared },
    ['r'] = { "ROLLBACK_PREPARED", WW__OUTSIDE, 0, false, ww__read_rollback_prepared },
    ['S'] = { "STREAM_START", WW__OUTSIDE, WW__IN_BLOCK, true, ww__read_stream_start },
    ['E'] = { "STREAM_STOP", WW__IN_BLOCK, WW__OUTSIDE, true, ww__read_stream_stop },
    ['c'] = { "STREAM_COMMIT", WW__OUTSIDE, 0, true, ww__read_stream_commit },
    ['A'] = { "STREAM_ABORT", NOT_IN_BLOCK, 0, false, ww__read_stream_abort },
    ['p'] = { "STREAM_PREPARE", WW__OUTSIDE, 0, true, ww__read_prepare },
};

static const struct message *find_message(int kind)
{
    const int count = sizeof messages / sizeof messages[0];
    return kind >= 0 && kind < count && messages[kind].read != NULL ? &messages[kind] : NULL;
}

const char *ww_event_kind_name(int kind)
{
    const struct message *m = find_message(kind);
    return m != NULL ? m->name : "?";
}

void ww_decoder_init(ww_decoder *d, const ww_decoder_options *options)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    if (options != NULL)
        memcpy(&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    memset(d, 0, sizeof *d);
    d->relations = d->current = o.relations;
    d->binary = o.binary;
    d->streaming = o.streaming;
    d->loose_order = o.loose_order;
    d->defer_blocks = o.defer_blocks;
    d->place = WW__OUTSIDE;
}

/* Why this message may not stand here; NULL if it may. */
static const char *place_rule(const ww_decoder *d, const struct message *m)
{
    if (m->streaming && !d->streaming)
        return "a message of streamed transactions, but streaming was not asked for";
    if (d->loose_order || (m->places & d->place) != 0)
        return NULL;
    if (d->place == WW__OUTSIDE)
        return "nothing is open that this message could belong to";
    if (d->place == WW__IN_BEGIN)
        return "this message may not stand between Begin and Commit";
    if (d->place == WW__IN_PREPARE)
        return "this message may not stand between Begin Prepare and Prepare";
    return "this message may not stand between Stream Start and Stream Stop";
}

/* What the next message stands in. */
static void move(ww_decoder *d, const struct message *m)
{
    d->just_opened = m->then > WW__OUTSIDE;
    if (m->then == 0)
        return;
    d->place = m->then;
    d->current = d->place == WW__IN_BLOCK && d->defer_blocks ? NULL : d->relations;
}

/* The column of a broken tuple in which `at` lies; all columns before it are good. */
static uint16_t column_at(const ww_tuple *tuple, const uint8_t *at)
{
    ww_tuple_iter it = ww_tuple_begin(*tuple);
    ww_column column;
    while (it.at < at && ww_tuple_next(&it, &column))
        continue;
    return (uint16_t)(tuple->ncols - it.left);
}

/* ".column" of a broken tuple, or how many columns it has; nothing if no tuple is broken. */
static void add_column(const ww_event *ev, const uint8_t *at, ww_error *err)
{
    const ww_tuple *tuple = ev->new_tuple.kind != 0 ? &ev->new_tuple : &ev->old_tuple;
    const ww_relation *rel = ev->relation;
    if (tuple->kind == 0 || tuple->data.len > 0)
        return;
    if (tuple->ncols != rel->ncols) {
        ww__error_add_text(err, ": ");
        ww__error_add_number(err, tuple->ncols);
        ww__error_add_text(err, ", not ");
        ww__error_add_number(err, rel->ncols);
    } else if (tuple->data.ptr != NULL && column_at(tuple, at) < rel->ncols) {
        ww__error_add_text(err, ".");
        ww__error_add(err, rel->columns[column_at(tuple, at)].name);
    }
}

/* The first broken rule, and what it is about: a message, a relation or one of its columns. */
static ww_status fail(const ww__reader *r, const ww_event *ev, ww_error *err)
{
    uint64_t offset = (uint64_t)(r->broken_at - r->start);
    ww__fail_at(err, WW_ERR_DECODE, r->broken, offset, (char)ev->kind);
    if (find_message(ev->kind) != NULL)
        ww__error_add_text(err, ww_event_kind_name(ev->kind));
    if (ev->relation != NULL) {
        ww__error_add_text(err, " ");
        ww__error_add(err, ev->relation->nspname);
        ww__error_add_text(err, ".");
        ww__error_add(err, ev->relation->relname);
        add_column(ev, r->broken_at, err);
    } else if (ev->relation_id != 0) {
        ww__error_add_text(err, " of relation ");
        ww__error_add_number(err, ev->relation_id);
    }
    return WW_ERR_DECODE;
}

static ww_status keep_relation(ww_decoder *d, ww_event *ev, ww_error *err)
{
    size_t head = d->place == WW__IN_BLOCK ? 5 : 1; /* the type byte, and the xid of a block */
    ww_slice body = { ev->raw.ptr + head, ev->raw.len - head };
    return ww__relcache_store(d->current, body, ev, err);
}

ww_status ww_decode(ww_decoder *d, ww_slice message, ww_event *ev, ww_error *err)
{
    const struct message *m;
    ww__reader r;

    if (message.len == 0)
        return ww__fail_at(err, WW_ERR_DECODE, "the message is empty", 0, 0);
    r = ww__reader_of(message);
    memset(ev, 0, offsetof(ww_event, begin));
    ev->kind = ww__u8(&r);
    ev->raw = message;
    m = find_message(ev->kind);
    r.broken = m == NULL ? "unknown message type" : place_rule(d, m);
    r.broken_at = r.start;
    if (r.broken == NULL) {
        m->read(d, &r, ev);
        if (ww__left(&r) > 0)
            ww__break(&r, "the message goes on behind its last field", 0);
    }
    if (r.broken != NULL)
        return fail(&r, ev, err);
    move(d, m);
    if (ev->kind == WW_EV_RELATION && d->current != NULL)
        return keep_relation(d, ev, err);
    return WW_OK;
}
