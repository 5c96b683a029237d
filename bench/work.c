/* SPDX-License-Identifier: MIT */
/* work.c: one loop for each mode, so that what one mode does costs the others nothing. */
#include "work.h"

#include <string.h>

static bool swallow(void *ctx, const uint8_t *bytes, size_t len)
{
    work *w = ctx;
    w->written += len;
    w->sum += bytes[0];
    return true;
}

static bool pass_decode(work *w, size_t from, size_t to)
{
    ww_event ev;
    size_t i;
    for (i = from; i < to; i++)
        if (ww_decode(&w->decoder, stream_message(w->s, i), &ev, NULL) != WW_OK)
            return false;
    return true;
}

/* ---- columns ---- */

static void visit_tuple(work *w, ww_tuple tuple, ww_slice raw)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column column;
    while (ww_tuple_next(&it, &column)) {
        w->sum += column.value.len + column.kind;
        w->outside +=
            column.value.ptr < raw.ptr || column.value.ptr + column.value.len > raw.ptr + raw.len;
    }
}

static bool pass_columns(work *w, size_t from, size_t to)
{
    ww_event ev;
    size_t i;
    for (i = from; i < to; i++) {
        ww_slice raw = stream_message(w->s, i);
        if (ww_decode(&w->decoder, raw, &ev, NULL) != WW_OK)
            return false;
        if (ev.old_tuple.kind != WW_TUPLE_NONE)
            visit_tuple(w, ev.old_tuple, raw);
        if (ev.new_tuple.kind != WW_TUPLE_NONE)
            visit_tuple(w, ev.new_tuple, raw);
    }
    return true;
}

/* ---- values ---- */

static bool read_number(const ww_value *v, uint64_t *sum)
{
    int64_t integer = 0;
    double real = 0;
    ww_numeric numeric;
    bool boolean = false;
    ww_status status;
    switch (v->type->kind) {
    case WW_TYPE_BOOL:
        status = ww_value_bool(v, &boolean, NULL);
        *sum += boolean;
        return status == WW_OK;
    case WW_TYPE_FLOAT4:
    case WW_TYPE_FLOAT8:
        status = ww_value_float(v, &real, NULL);
        *sum += real > 1;
        return status == WW_OK;
    case WW_TYPE_NUMERIC:
        status = ww_value_numeric(v, &numeric, NULL);
        *sum += status == WW_OK ? ww_numeric_digit(&numeric, 0) : 0;
        return status == WW_OK;
    default:
        status = ww_value_int(v, &integer, NULL);
        *sum += (uint64_t)integer;
        return status == WW_OK;
    }
}

static bool read_time(const ww_value *v, uint64_t *sum)
{
    ww_pg_time instant = {0};
    int64_t us = 0;
    int32_t days = 0;
    ww_status status;
    if (v->type->kind == WW_TYPE_DATE)
        status = ww_value_date(v, &days, NULL);
    else if (v->type->kind == WW_TYPE_TIME)
        status = ww_value_time(v, &us, NULL, NULL);
    else
        status = ww_value_timestamp(v, &instant, NULL);
    *sum += (uint64_t)(instant.us + us + days);
    return status == WW_OK;
}

static bool read_value(const ww_value *v, uint64_t *sum)
{
    ww_slice text;
    uint8_t uuid[16];
    if (v->type == NULL || v->form == WW_COLUMN_NULL || v->form == WW_COLUMN_UNCHANGED)
        return true;
    switch (v->type->kind) {
    case WW_TYPE_BOOL:
    case WW_TYPE_INT2:
    case WW_TYPE_INT4:
    case WW_TYPE_INT8:
    case WW_TYPE_FLOAT4:
    case WW_TYPE_FLOAT8:
    case WW_TYPE_NUMERIC:
        return read_number(v, sum);
    case WW_TYPE_DATE:
    case WW_TYPE_TIME:
    case WW_TYPE_TIMESTAMP:
    case WW_TYPE_TIMESTAMPTZ:
        return read_time(v, sum);
    case WW_TYPE_UUID:
        return ww_value_uuid(v, uuid, NULL) == WW_OK;
    default:
        *sum += ww_value_text(v, &text) ? text.len : 0;
        return true;
    }
}

static bool read_tuple(work *w, const ww_relation *relation, ww_tuple tuple)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    const ww_relation_column *known = relation->columns;
    ww_column column;
    for (; ww_tuple_next(&it, &column); known++) {
        ww_value v = ww_value_of(NULL, known->type_oid, &column);
        if (!read_value(&v, &w->sum))
            return false;
    }
    return true;
}

static bool pass_values(work *w, size_t from, size_t to)
{
    ww_event ev;
    size_t i;
    for (i = from; i < to; i++) {
        if (ww_decode(&w->decoder, stream_message(w->s, i), &ev, NULL) != WW_OK)
            return false;
        if (ev.old_tuple.kind != WW_TUPLE_NONE && !read_tuple(w, ev.relation, ev.old_tuple))
            return false;
        if (ev.new_tuple.kind != WW_TUPLE_NONE && !read_tuple(w, ev.relation, ev.new_tuple))
            return false;
    }
    return true;
}

/* ---- formats ---- */

/* What the stream room would have filled in. */
static void place_event(work *w, ww_event *ev, size_t i)
{
    if (ev->kind == WW_EV_BEGIN) {
        w->now.xid = ev->begin.xid;
        w->now.final_lsn = ev->begin.final_lsn;
        w->now.commit_time = ev->begin.commit_time;
        w->now.ordinal = 0;
    }
    ev->xid = w->now.xid;
    ev->final_lsn = w->now.final_lsn;
    ev->commit_time = w->now.commit_time;
    ev->ordinal = ev->relation != NULL && ev->kind != WW_EV_RELATION ? ++w->now.ordinal : 0;
    ev->wal_lsn = 0x16B3000 + (ww_lsn)i;
    ev->sent_at.us = INT64_C(758629800500000) + (int64_t)i;
}

static bool pass_format(work *w, size_t from, size_t to)
{
    ww_event ev;
    size_t i;
    for (i = from; i < to; i++) {
        if (ww_decode(&w->decoder, stream_message(w->s, i), &ev, NULL) != WW_OK)
            return false;
        place_event(w, &ev, i);
        if (ww_format_render(w->format, &ev, &w->out, NULL) != WW_OK)
            return false;
    }
    return true;
}

/* ---- modes ---- */

static const struct {
    const char *name;
    bool (*pass)(work *w, size_t from, size_t to);
} plain[] = {{"decode", pass_decode}, {"columns", pass_columns}, {"values", pass_values}};

enum { PLAIN = sizeof plain / sizeof plain[0] };

const char *work_mode(size_t i)
{
    return i < PLAIN ? plain[i].name : ww_format_name(i - PLAIN, NULL);
}

static bool open_mode(work *w)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    size_t i;
    for (i = 0; i < PLAIN; i++) {
        if (strcmp(plain[i].name, w->mode) == 0) {
            w->pass = plain[i].pass;
            return true;
        }
    }
    config.alloc = &w->memory.alloc;
    config.name = w->mode;
    config.database = "shop";
    w->pass = pass_format;
    return ww_format_open(&w->format, &config, NULL) == WW_OK;
}

bool work_open(work *w, const stream *s, const char *mode)
{
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    memset(w, 0, sizeof *w);
    w->s = s;
    w->mode = mode;
    check_alloc_init(&w->memory, 0);
    w->out.ptr = w->buffer;
    w->out.cap = sizeof w->buffer;
    w->out.flush = swallow;
    w->out.flush_ctx = w;
    w->relations = options.relations = ww_relcache_open(&w->memory.alloc, 0);
    options.binary = s->binary;
    ww_decoder_init(&w->decoder, &options);
    return open_mode(w) && w->pass(w, 0, s->head) && w->pass(w, s->head, s->count);
}

void work_close(work *w)
{
    if (w->format != NULL)
        ww_format_close(w->format);
    ww_relcache_close(w->relations);
}

bool work_repeat(work *w, size_t times)
{
    while (times-- > 0)
        if (!w->pass(w, w->s->head, w->s->count))
            return false;
    return true;
}
