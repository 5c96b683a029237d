/* SPDX-License-Identifier: MIT */
/* sim.c: see sim.h. The server half knows nothing of the engine, the engine nothing of the server
 * but bytes, and the model nothing of either's arithmetic. */
#include "sim.h"

#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_UNITS = 4096, MAX_EXPECTED = 1024, MAX_QUEUE = 512, MAX_PREPARED = 4 };

/* What the engine must hand out. */
typedef struct expectation {
    int kind;
    uint32_t xid;
    uint64_t number; /* in the row, or in the message */
    uint64_t ordinal;
    ww_lsn final_lsn, unit;
} expectation;

typedef struct unit {
    ww_lsn record, end;
    bool replayed; /* a Prepare of old, sent at its Commit Prepared */
    bool durable;
} unit;

typedef struct copy_data {
    uint8_t *bytes;
    size_t len;
    ww_lsn sent; /* the server's position when this left */
} copy_data;

typedef struct prepared {
    uint32_t xid;
    ww_lsn record, end;
    bool unsent; /* two_phase was not yet on: sent at its Commit Prepared */
} prepared;

typedef struct sim {
    sim_config config;
    sim_result result;
    /* the server */
    ww_lsn wal;
    uint32_t next_xid;
    uint64_t next_number;
    unit units[MAX_UNITS];
    size_t units_made, units_seen; /* decided by the server; handed out by the engine */
    size_t units_past;             /* durable, and before flush: nothing about them can change */
    expectation expected[MAX_EXPECTED]; /* a ring */
    size_t expected_made, expected_seen;
    copy_data queue[MAX_QUEUE];
    size_t queue_first, queue_end;
    prepared prepared[MAX_PREPARED];
    size_t prepared_count;
    enc message, copy;
    /* the engine and its consumer */
    ww_stream stream;
    uint8_t *input; /* the CopyData whose events are being taken */
    ww_now now;
    ww_lsn sent;           /* the highest position that reached the engine */
    ww_lsn last_flush, last_reported;
    /* the naive model */
    ww_lsn model_flush, model_idle;
    bool model_open, model_pending;
} sim;

static void *sim_resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

static const ww_alloc sim_alloc = { NULL, sim_resize };

static void fail(sim *m, const char *what)
{
    if (m->result.failure == NULL)
        m->result.failure = what;
}

/* ---- decisions ------------------------------------------------------------------------------ */

static uint32_t draw(sim *m)
{
    sim_source *source = &m->config.source;
    if (source->bytes != NULL) {
        uint8_t byte = source->len > 0 ? *source->bytes : 0;
        source->bytes += source->len > 0;
        source->len -= source->len > 0;
        return byte;
    }
    source->seed = source->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(source->seed >> 33);
}

static uint32_t pick(sim *m, uint32_t below)
{
    return draw(m) % below;
}

static bool one_in(sim *m, uint32_t n)
{
    return pick(m, n) == n - 1;
}

static bool is_over(const sim *m)
{
    return m->result.failure != NULL || m->result.step >= m->config.steps ||
           (m->config.source.bytes != NULL && m->config.source.len == 0);
}

/* ---- the server ----------------------------------------------------------------------------- */

static void queue_copy(sim *m)
{
    copy_data *c = &m->queue[m->queue_end];
    if (m->queue_end == MAX_QUEUE) {
        fail(m, "sim: queue too small");
        return;
    }
    c->len = m->copy.len;
    c->bytes = malloc(c->len);
    c->sent = m->wal;
    if (c->bytes == NULL) {
        fail(m, "sim: out of memory");
        return;
    }
    memcpy(c->bytes, m->copy.ptr, c->len);
    m->queue_end++;
}

/* Sends m->message as a 'w' at this position. */
static void send(sim *m, ww_lsn lsn)
{
    enc_clear(&m->copy);
    enc_wal_data(&m->copy, lsn, lsn, 1, enc_slice(&m->message));
    enc_clear(&m->message);
    queue_copy(m);
}

/* Never more than what was run through the decoder: `end` is not inside a record being sent. */
static void send_keepalive(sim *m, ww_lsn end)
{
    enc_clear(&m->copy);
    enc_u8(&m->copy, 'k');
    enc_u64(&m->copy, end);
    enc_u64(&m->copy, 1);
    enc_u8(&m->copy, one_in(m, 3));
    queue_copy(m);
}

static void maybe_keepalive(sim *m, ww_lsn end)
{
    if (one_in(m, 6))
        send_keepalive(m, end);
}

static void expect(sim *m, int kind, uint32_t xid, uint64_t number, uint64_t ordinal,
                   ww_lsn final_lsn, ww_lsn unit_lsn)
{
    expectation *e = &m->expected[m->expected_made % MAX_EXPECTED];
    if (m->expected_made - m->expected_seen == MAX_EXPECTED) {
        fail(m, "sim: too many events");
        return;
    }
    m->expected_made++;
    e->kind = kind;
    e->xid = xid;
    e->number = number;
    e->ordinal = ordinal;
    e->final_lsn = final_lsn;
    e->unit = unit_lsn;
}

static void make_unit(sim *m, ww_lsn record, ww_lsn end, bool replayed)
{
    unit *u = &m->units[m->units_made];
    if (m->units_made == MAX_UNITS) {
        fail(m, "sim: too many units");
        return;
    }
    m->units_made++;
    u->record = record;
    u->end = end;
    u->replayed = replayed;
    u->durable = false;
}

/* The WAL grows by a record; returns where it starts. */
static ww_lsn write_record(sim *m)
{
    ww_lsn start = m->wal;
    m->wal += 8 * (1 + pick(m, 8));
    return start;
}

static void encode_row(sim *m, uint64_t number)
{
    char text[24];
    ww_column column;
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    column = enc_text(text);
    enc_insert(&m->message, 0, 16384, &column, 1);
}

static void send_rows(sim *m, uint32_t xid, ww_lsn final_lsn, ww_lsn before)
{
    uint32_t count = pick(m, 4);
    uint64_t i;
    for (i = 1; i <= count; i++) {
        uint64_t number = m->next_number++;
        maybe_keepalive(m, before);
        encode_row(m, number);
        send(m, before);
        expect(m, 'I', xid, number, i, final_lsn, 0);
    }
    maybe_keepalive(m, before);
}

/* B .. C. All of it is sent when its commit record is decoded: keepalives in between know nothing
 * of that record yet. */
static void send_transaction(sim *m)
{
    uint32_t xid = m->next_xid++;
    ww_lsn record = write_record(m);
    enc_begin(&m->message, record, 5, xid);
    send(m, record);
    expect(m, 'B', xid, 0, 0, record, 0);
    send_rows(m, xid, record, record);
    enc_commit(&m->message, record, m->wal, 5);
    send(m, m->wal);
    expect(m, 'C', xid, 0, 0, record, m->wal);
    make_unit(m, record, m->wal, false);
}

/* `before`: the end of what was decoded before the record that has this sent. */
static void send_prepare(sim *m, const prepared *p, ww_lsn before)
{
    enc_begin_prepare(&m->message, p->record, p->end, 5, p->xid, "gid");
    send(m, before);
    expect(m, 'b', p->xid, 0, 0, p->record, 0);
    send_rows(m, p->xid, p->record, before);
    enc_prepare(&m->message, p->record, p->end, 5, p->xid, "gid");
    send(m, p->end);
    expect(m, 'P', p->xid, 0, 0, p->record, p->end);
    make_unit(m, p->record, p->end, p->unsent);
}

static void prepare(sim *m)
{
    prepared *p = &m->prepared[m->prepared_count];
    if (m->prepared_count == MAX_PREPARED)
        return;
    m->prepared_count++;
    p->xid = m->next_xid++;
    p->record = write_record(m);
    p->end = m->wal;
    p->unsent = one_in(m, 4);
    if (!p->unsent)
        send_prepare(m, p, p->record);
}

static void finish_prepared(sim *m)
{
    prepared p;
    ww_lsn record;
    if (m->prepared_count == 0)
        return;
    p = m->prepared[--m->prepared_count];
    record = write_record(m);
    if (!p.unsent && one_in(m, 2)) {
        enc_rollback_prepared(&m->message, p.end, m->wal, 5, 6, p.xid, "gid");
        send(m, m->wal);
        expect(m, 'r', p.xid, 0, 0, 0, m->wal);
    } else {
        if (p.unsent)
            send_prepare(m, &p, record);
        enc_commit_prepared(&m->message, record, m->wal, 6, p.xid, "gid");
        send(m, m->wal);
        expect(m, 'K', p.xid, 0, 0, record, m->wal);
    }
    make_unit(m, record, m->wal, false);
}

static void send_message(sim *m)
{
    ww_lsn record = write_record(m);
    enc_message(&m->message, 0, false, m->wal, "p", ww_slice_of("x"));
    send(m, m->wal);
    expect(m, 'M', 0, 0, 0, 0, m->wal);
    make_unit(m, record, m->wal, false);
}

static void send_oddity(sim *m)
{
    switch (pick(m, 3)) {
    case 0:
        enc_stream_abort(&m->message, 3, 4);
        send(m, m->wal);
        break;
    case 1:
        enc_prepare(&m->message, m->wal, m->wal, 5, 9, "locks only");
        send(m, m->wal);
        break;
    default:
        enc_clear(&m->message);
        send(m, m->wal);
    }
}

static void serve(sim *m)
{
    switch (pick(m, 8)) {
    case 0:
        send_keepalive(m, m->wal);
        break;
    case 1:
        write_record(m); /* of another database */
        send_keepalive(m, m->wal);
        break;
    case 2:
        prepare(m);
        break;
    case 3:
        finish_prepared(m);
        break;
    case 4:
        send_message(m);
        break;
    case 5:
        send_oddity(m);
        break;
    default:
        send_transaction(m);
    }
}

/* ---- the model and the invariants ----------------------------------------------------------- */

static bool nothing_left(const sim *m)
{
    size_t i;
    for (i = m->units_past; i < m->units_seen; i++)
        if (!m->units[i].durable)
            return false;
    return !m->model_open && !m->model_pending;
}

static ww_lsn durable_prefix(const sim *m)
{
    ww_lsn end = 0;
    size_t i;
    for (i = m->units_past; i < m->units_seen && m->units[i].durable; i++)
        if (m->units[i].end > end)
            end = m->units[i].end;
    return end;
}

static void move_model(sim *m)
{
    ww_lsn flush = durable_prefix(m);
    if (nothing_left(m) && m->model_idle > flush)
        flush = m->model_idle;
    if (flush > m->model_flush)
        m->model_flush = flush;
}

static void check(sim *m)
{
    ww_lsn flush = ww_stream_flush(&m->stream);
    size_t i;
    move_model(m);
    if (flush < m->last_flush)
        fail(m, "flush went back");
    if (flush != m->model_flush)
        fail(m, "flush is not the model's");
    if (flush > m->sent)
        fail(m, "flush passed what the server has sent");
    if (ww_stream_idle(&m->stream) != nothing_left(m))
        fail(m, "idle is not the model's");
    for (i = m->units_past; i < m->units_made; i++) {
        const unit *u = &m->units[i];
        if (!u->durable && !u->replayed && u->record < flush)
            fail(m, "a transaction that is not durable would not be sent again");
        if (u->durable && u->end <= flush && u->record >= flush)
            fail(m, "a transaction that is acknowledged would be sent again");
    }
    while (m->units_past < m->units_seen && m->units[m->units_past].durable &&
           m->units[m->units_past].end <= flush)
        m->units_past++;
    m->last_flush = flush;
}

/* ---- the consumer --------------------------------------------------------------------------- */

static uint64_t row_number(const ww_event *ev)
{
    ww_tuple_iter it = ww_tuple_begin(ev->new_tuple);
    ww_column column;
    uint64_t number = 0;
    size_t i;
    if (ev->kind != WW_EV_INSERT || !ww_tuple_next(&it, &column))
        return 0;
    for (i = 0; i < column.value.len; i++)
        number = number * 10 + (uint64_t)(column.value.ptr[i] - '0');
    return number;
}

static void take_event(sim *m, const ww_event *ev)
{
    const expectation *e = &m->expected[m->expected_seen % MAX_EXPECTED];
    if (m->expected_seen == m->expected_made) {
        fail(m, "an event too many");
        return;
    }
    m->expected_seen++;
    m->result.events++;
    if (ev->kind != e->kind || ev->xid != e->xid || row_number(ev) != e->number)
        fail(m, "another event than the server meant");
    if (ev->ordinal != e->ordinal || ev->final_lsn != e->final_lsn)
        fail(m, "an event in another place than the server meant");
    if (ww_event_unit_lsn(ev) != e->unit)
        fail(m, "another unit than the server meant");
    m->units_seen += e->unit != 0;
    if (ev->kind == 'B' || ev->kind == 'b')
        m->model_open = true;
    if (ev->kind == 'C' || ev->kind == 'P')
        m->model_open = false;
}

static void take_events(sim *m)
{
    ww_event ev;
    ww_status status;
    while ((status = ww_stream_next(&m->stream, &ev)) == WW_OK) {
        m->model_pending = false;
        take_event(m, &ev);
        check(m);
    }
    m->model_pending = false;
    if (status != WW_MORE)
        fail(m, ww_stream_error(&m->stream)->what);
    check(m);
}

static void confirm_one(sim *m)
{
    size_t i, at = m->units_seen > 0 ? pick(m, (uint32_t)m->units_seen) : 0;
    ww_lsn end;
    if (m->units_seen == 0)
        return;
    while (at + 1 < m->units_seen && m->units[at].durable)
        at++;
    end = m->units[at].end;
    if (m->config.mode == WW_CONFIRM_THROUGH) {
        if (m->units[at].replayed && at + 1 < m->units_seen)
            return; /* its position is remembered only until the next unit */
        for (i = 0; i <= at; i++)
            m->units[i].durable = true;
    } else if (m->units[at].durable) {
        if (ww_stream_confirm(&m->stream, end, m->now, NULL) != WW_ERR_USAGE)
            fail(m, "a unit was confirmed twice");
        return;
    }
    m->units[at].durable = true;
    if (ww_stream_confirm(&m->stream, end, m->now, NULL) != WW_OK)
        fail(m, "a unit could not be confirmed");
    check(m);
}

static void confirm_all(sim *m)
{
    size_t i;
    for (i = 0; i < m->units_seen; i++) {
        if (m->units[i].durable)
            continue;
        m->units[i].durable = true;
        if (ww_stream_confirm(&m->stream, m->units[i].end, m->now, NULL) != WW_OK)
            fail(m, "a unit could not be confirmed");
    }
    check(m);
}

static void confirm_some(sim *m)
{
    while (one_in(m, 2))
        confirm_one(m);
    if (one_in(m, 16))
        confirm_all(m);
}

static ww_lsn load(const uint8_t *p)
{
    ww_lsn v = 0;
    int i;
    for (i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static void send_feedback(sim *m)
{
    size_t len;
    const uint8_t *p = ww_stream_send_buf(&m->stream, m->now, &len);
    if (len == 0)
        return;
    if (len != 34 || p[0] != 'r') {
        fail(m, "a feedback that is none");
        return;
    }
    if (load(p + 9) != 0 && load(p + 9) != m->model_flush)
        fail(m, "a feedback with another flush");
    if (load(p + 9) < m->last_reported || load(p + 1) > m->sent)
        fail(m, "a feedback went back, or too far");
    m->last_reported = load(p + 9);
    m->result.feedbacks++;
    ww_stream_send_ack(&m->stream, m->now);
}

static void deliver(sim *m)
{
    copy_data *c = &m->queue[m->queue_first++];
    ww_slice bytes = { c->bytes, c->len };
    ww_wal_msg msg;
    ww_lsn flush = ww_stream_flush(&m->stream);
    free(m->input);
    m->input = c->bytes; /* exactly as long as it is: whoever reads on is found */
    m->sent = c->sent;
    if (ww_stream_input(&m->stream, bytes, m->now, &msg) != WW_OK) {
        fail(m, "input was refused");
        return;
    }
    m->model_pending = msg.kind == WW_WAL_DATA;
    if (msg.kind == WW_WAL_KEEPALIVE && !m->model_open && msg.end > m->model_idle)
        m->model_idle = msg.end;
    check(m);
    if (msg.kind == WW_WAL_KEEPALIVE && ww_stream_flush(&m->stream) > flush)
        m->result.idle_advances++;
    if (msg.reply_requested &&
        ww_stream_deadline(&m->stream) > m->now.mono_us + WW_REPLY_SPACING_US)
        fail(m, "a reply was asked for and is not due");
    if (one_in(m, 3))
        confirm_some(m); /* while it is undelivered */
    take_events(m);
}

static void step(sim *m)
{
    m->result.step++;
    m->now.mono_us += 1000 * pick(m, 250);
    if (m->queue_first == m->queue_end) {
        m->queue_first = m->queue_end = 0;
        serve(m);
    }
    if (m->queue_first < m->queue_end)
        deliver(m);
    confirm_some(m);
    if (one_in(m, 4))
        send_feedback(m);
}

/* Everything is confirmed and the server says where it is: then flush must be exactly there. */
static void finish(sim *m)
{
    while (m->queue_first < m->queue_end && m->result.failure == NULL)
        deliver(m);
    m->queue_first = m->queue_end = 0;
    send_keepalive(m, m->wal);
    if (m->result.failure == NULL)
        deliver(m);
    confirm_all(m);
    if (ww_stream_flush(&m->stream) != m->wal)
        fail(m, "all is durable, and flush is not at the end of the WAL");
    if (m->expected_seen != m->expected_made || m->units_seen != m->units_made)
        fail(m, "an event is missing");
}

static void start(sim *m)
{
    ww_stream_config config = WW_STREAM_CONFIG_INIT;
    config.alloc = &sim_alloc;
    config.mode = m->config.mode;
    config.start = m->wal = m->sent = 0x1000;
    m->model_flush = m->last_flush = m->wal;
    m->next_xid = 700;
    m->next_number = 1;
    if (ww_stream_init(&m->stream, &config, m->now, NULL) != WW_OK)
        fail(m, "the engine does not start");
}

static void stop(sim *m)
{
    ww_stream_fini(&m->stream);
    while (m->queue_first < m->queue_end)
        free(m->queue[m->queue_first++].bytes);
    free(m->input);
    enc_free(&m->message);
    enc_free(&m->copy);
}

sim_result sim_run(const sim_config *config)
{
    sim *m = calloc(1, sizeof *m);
    sim_result result = { "sim: out of memory", 0, 0, 0, 0, 0 };
    if (m == NULL)
        return result;
    m->config = *config;
    start(m);
    while (!is_over(m))
        step(m);
    if (m->result.failure == NULL)
        finish(m);
    m->result.units = m->units_seen;
    stop(m);
    result = m->result;
    free(m);
    return result;
}
