/* SPDX-License-Identifier: MIT */
/* sim.c: see sim.h. The consumer and the model: neither knows of the server more than it sent, nor
 * of the engine more than it says; the invariants compare. */
#include "sim_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum { SIM_BEGIN = 0x1000 };

static const ww_alloc sim_alloc = { NULL, sim_resize };

void sim_fail(sim *m, const char *what)
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

uint32_t sim_pick(sim *m, uint32_t below)
{
    return draw(m) % below;
}

bool sim_one_in(sim *m, uint32_t n)
{
    return sim_pick(m, n) == n - 1;
}

static bool is_over(const sim *m)
{
    return m->result.failure != NULL || m->result.step >= m->config.steps ||
           (m->config.source.bytes != NULL && m->config.source.len == 0);
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
    if (flush > m->model_durable)
        m->model_durable = flush;
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
        sim_fail(m, "flush went back");
    if (flush != m->model_flush)
        sim_fail(m, "flush is not the model's");
    if (ww_stream_durable(&m->stream) != m->model_durable)
        sim_fail(m, "the last durable unit is not the model's");
    if (flush > m->sent)
        sim_fail(m, "flush passed what the server has sent");
    if (ww_stream_idle(&m->stream) != nothing_left(m))
        sim_fail(m, "idle is not the model's");
    for (i = m->units_past; i < m->units_made; i++) {
        const unit *u = &m->units[i];
        if (!u->durable && !u->replayed && u->record < flush)
            sim_fail(m, "a transaction that is not durable would not be sent again");
        if (u->durable && u->end <= flush && u->record >= flush)
            sim_fail(m, "a transaction that is acknowledged would be sent again");
    }
    while (m->units_past < m->units_seen && m->units[m->units_past].durable &&
           m->units[m->units_past].end <= flush)
        m->units_past++;
    m->last_flush = flush;
}

/* ---- the consumer --------------------------------------------------------------------------- */

static uint64_t to_number(ww_slice text)
{
    uint64_t number = 0;
    size_t i;
    for (i = 0; i < text.len; i++)
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
            number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    return number;
}

static uint64_t number_of(const ww_event *ev)
{
    ww_tuple_iter it = ww_tuple_begin(ev->new_tuple);
    ww_column column;
    if (ev->kind == WW_EV_MESSAGE)
        return to_number(ev->message.content);
    return ev->kind == WW_EV_INSERT && ww_tuple_next(&it, &column) ? to_number(column.value) : 0;
}

static uint64_t definition_of(const ww_event *ev)
{
    return ev->relation != NULL ? to_number(ev->relation->columns[0].name) : 0;
}

static void take_event(sim *m, const ww_event *ev)
{
    const expectation *e = &m->expected[m->expected_seen];
    if (ev->kind == WW_EV_RELATION)
        return;
    if (m->expected_seen == m->expected_made) {
        sim_fail(m, "an event too many");
        return;
    }
    m->expected_seen++;
    m->result.events++;
    if (ev->kind != e->kind || ev->xid != e->xid || number_of(ev) != e->number)
        sim_fail(m, "another event than the server meant");
    if (definition_of(ev) != e->definition)
        sim_fail(m, "a row with another definition than the server meant");
    if (ev->ordinal != e->ordinal || ev->final_lsn != e->final_lsn || ev->subxid != 0)
        sim_fail(m, "an event in another place than the server meant");
    if (ww_event_unit_lsn(ev) != e->unit)
        sim_fail(m, "another unit than the server meant");
    m->units_seen += e->unit != 0;
    if (ev->kind == 'B' || ev->kind == 'b')
        m->model_open = true;
    if (ev->kind == 'C' || ev->kind == 'P')
        m->model_open = false;
}

/* By position: all that end at or before it; also one between two units. */
static void confirm_by_position(sim *m, size_t at)
{
    ww_lsn lsn = m->units[at].end + sim_pick(m, 9) - 4;
    ww_lsn highest = ww_stream_flush(&m->stream);
    size_t i;
    for (i = m->units_begin; i < m->units_seen; i++)
        if (m->units[i].end > highest)
            highest = m->units[i].end;
    for (i = m->units_begin; i < m->units_seen && lsn <= highest; i++)
        m->units[i].durable |= m->units[i].end <= lsn;
    if (ww_stream_confirm_through(&m->stream, lsn, m->now, NULL) !=
        (lsn <= highest ? WW_OK : WW_ERR_USAGE))
        sim_fail(m, "a position and what was handed out disagree");
}

static void confirm_through(sim *m, size_t at)
{
    size_t i;
    if (m->units[at].replayed && at + 1 < m->units_seen)
        return; /* its position is remembered only until the next unit */
    for (i = m->units_begin; i <= at; i++)
        m->units[i].durable = true;
    if (ww_stream_confirm(&m->stream, m->units[at].end, m->now, NULL) != WW_OK)
        sim_fail(m, "a unit could not be confirmed");
}

static void confirm_one(sim *m)
{
    size_t count = m->units_seen - m->units_begin;
    size_t at = m->units_begin + (count > 0 ? sim_pick(m, (uint32_t)count) : 0);
    if (count == 0)
        return;
    while (at + 1 < m->units_seen && m->units[at].durable)
        at++;
    if (m->config.mode == WW_CONFIRM_THROUGH) {
        confirm_through(m, at);
    } else if (sim_one_in(m, 5)) {
        confirm_by_position(m, at);
    } else {
        ww_status want = m->units[at].durable ? WW_ERR_USAGE : WW_OK;
        if (ww_stream_confirm(&m->stream, m->units[at].end, m->now, NULL) != want)
            sim_fail(m, "a unit could not be confirmed, or was twice");
        m->units[at].durable = true;
    }
    check(m);
}

static void take_events(sim *m)
{
    ww_event ev;
    ww_status status;
    while ((status = ww_stream_next(&m->stream, &ev)) == WW_OK) {
        m->model_pending = ww_stream_replaying(&m->stream);
        take_event(m, &ev);
        check(m);
        if (sim_one_in(m, 8))
            confirm_one(m);
        if (m->config.breaks && sim_one_in(m, 40)) {
            m->cut = true;
            return;
        }
    }
    m->model_pending = false;
    if (status != WW_MORE)
        sim_fail(m, ww_stream_error(&m->stream)->what);
    check(m);
}

static void confirm_all(sim *m)
{
    size_t i;
    for (i = m->units_begin; i < m->units_seen; i++) {
        if (m->units[i].durable)
            continue;
        m->units[i].durable = true;
        if (ww_stream_confirm(&m->stream, m->units[i].end, m->now, NULL) != WW_OK)
            sim_fail(m, "a unit could not be confirmed");
    }
    check(m);
}

static void confirm_some(sim *m)
{
    while (sim_one_in(m, 2))
        confirm_one(m);
    if (sim_one_in(m, 16))
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

static ww_lsn tellable(const sim *m)
{
    return m->config.gated && m->permitted < m->model_flush ? m->permitted : m->model_flush;
}

static void send_feedback(sim *m)
{
    size_t len;
    const uint8_t *p = ww_stream_send_buf(&m->stream, m->now, &len);
    if (len == 0)
        return;
    if (len != 34 || p[0] != 'r') {
        sim_fail(m, "a feedback that is none");
        return;
    }
    if (load(p + 9) != 0 && load(p + 9) != tellable(m))
        sim_fail(m, "a feedback with another flush");
    if ((load(p + 9) != 0 && load(p + 9) < m->last_reported) || load(p + 1) > m->sent)
        sim_fail(m, "a feedback went back, or too far");
    if (m->config.gated && load(p + 9) > m->saved)
        sim_fail(m, "a feedback says what is not saved");
    if (sim_one_in(m, 2))
        m->older_reported = m->last_reported;
    if (load(p + 9) != 0)
        m->last_reported = load(p + 9);
    m->result.feedbacks++;
    ww_stream_send_ack(&m->stream, m->now);
}

/* ---- positions ------------------------------------------------------------------------------ */

static void permit(sim *m)
{
    m->permitted = m->saved;
    ww_stream_permit(&m->stream, m->saved, m->now);
}

static void save(sim *m)
{
    size_t i;
    for (i = m->units_begin; i < m->units_seen && m->units[i].durable; i++)
        m->units[i].stored = true;
    m->saved = ww_stream_flush(&m->stream);
}

/* The store refuses now and then; and between a save and its permission anything may happen. */
static void save_some(sim *m)
{
    if (!m->config.gated)
        return;
    if (sim_one_in(m, 6))
        permit(m);
    if (!sim_one_in(m, 6))
        return;
    if (sim_one_in(m, 3))
        return;
    save(m);
    if (sim_one_in(m, 2))
        permit(m);
}

/* ---- the same stream again ------------------------------------------------------------------ */

/* A Prepare of old that was handed out comes again, if its Commit Prepared does. */
static bool can_restart(const sim *m)
{
    return m->units_seen == m->units_begin || !m->units[m->units_seen - 1].replayed;
}

static void restart(sim *m)
{
    ww_lsn from = ww_stream_restart_lsn(&m->stream);
    if (from == 0)
        from = m->begin;
    if (ww_stream_restart(&m->stream, false, m->now, NULL) != WW_OK)
        sim_fail(m, "the stream could not be started again");
    if (sim_first_again(m, from) != m->units_seen)
        sim_fail(m, "a restart that loses units, or has them twice");
    m->model_pending = false;
    m->result.restarts++;
    sim_resend(m, from);
    check(m);
}

static void open_engine(sim *m, ww_lsn from)
{
    ww_stream_config config = WW_STREAM_CONFIG_INIT;
    config.alloc = &sim_alloc;
    config.relations = m->cache = ww_relcache_open(&sim_alloc, 0);
    config.streaming = m->config.assemble;
    config.spool = m->config.assemble ? &m->spool.table : NULL;
    config.mode = m->config.mode;
    config.gated = m->config.gated;
    config.start = m->begin = m->sent = m->model_flush = m->last_flush = from;
    m->model_idle = m->model_durable = m->permitted = 0;
    m->model_open = m->model_pending = false;
    spool_init(&m->spool);
    if (ww_stream_init(&m->stream, &config, m->now, NULL) != WW_OK)
        sim_fail(m, "the engine does not start");
}

static void close_engine(sim *m)
{
    ww_stream_fini(&m->stream);
    ww_relcache_close(m->cache);
    if (m->spool.open != 0)
        sim_fail(m, "a transaction was left in the spool");
    free(m->spool.lent);
}

/* What a new process finds: the position; without one, what the server was told or remembers. */
static ww_lsn found_after_crash(sim *m)
{
    if (m->config.gated)
        return m->saved;
    return sim_one_in(m, 2) ? m->last_reported : m->older_reported;
}

static void crash(sim *m)
{
    ww_lsn from = found_after_crash(m);
    size_t i, first;
    from = from != 0 ? from : SIM_BEGIN;
    first = sim_first_again(m, from);
    for (i = 0; i < first; i++)
        if (m->config.gated ? !m->units[i].stored : !m->units[i].durable)
            sim_fail(m, "a transaction is lost after a crash");
    for (; i < m->units_made; i++) {
        if (m->config.gated && m->units[i].stored && m->units[i].end <= from &&
            !m->units[i].replayed)
            sim_fail(m, "a durable transaction comes again after a crash");
        m->units[i].durable = m->units[i].stored = false;
    }
    close_engine(m);
    m->last_reported = from == SIM_BEGIN ? 0 : from;
    m->older_reported = 0;
    m->units_begin = m->units_past = m->units_seen = first;
    m->expected_seen = sim_first_event(m, first);
    open_engine(m, from);
    m->result.crashes++;
    sim_resend(m, from);
    check(m);
}

static void break_off(sim *m)
{
    m->cut = false;
    if (sim_one_in(m, 4))
        crash(m);
    else if (can_restart(m))
        restart(m);
    else
        take_events(m);
}

/* ---- a history ------------------------------------------------------------------------------ */

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
        sim_fail(m, "input was refused");
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
        sim_fail(m, "a reply was asked for and is not due");
    if (sim_one_in(m, 3))
        confirm_some(m); /* while it is undelivered */
    take_events(m);
    while (m->cut && m->result.failure == NULL)
        break_off(m);
}

static void step(sim *m)
{
    m->result.step++;
    m->now.mono_us += 1000 * sim_pick(m, 250);
    if (m->queue_first == m->queue_end) {
        m->queue_first = m->queue_end = 0;
        sim_serve(m);
    }
    if (m->queue_first < m->queue_end)
        deliver(m);
    confirm_some(m);
    save_some(m);
    if (sim_one_in(m, 4))
        send_feedback(m);
    if (m->config.breaks && sim_one_in(m, 60))
        break_off(m);
}

/* Everything is confirmed and the server says where it is: then flush must be exactly there. */
static void finish(sim *m)
{
    m->config.breaks = false;
    while (m->queue_first < m->queue_end && m->result.failure == NULL)
        deliver(m);
    m->queue_first = m->queue_end = 0;
    sim_keepalive(m, m->wal);
    if (m->result.failure == NULL)
        deliver(m);
    confirm_all(m);
    if (ww_stream_flush(&m->stream) != m->wal)
        sim_fail(m, "all is durable, and flush is not at the end of the WAL");
    save(m);
    permit(m);
    ww_stream_feedback_now(&m->stream, false);
    send_feedback(m);
    if (m->last_reported != m->wal)
        sim_fail(m, "all is saved, and the server is not told");
    if (m->expected_seen != m->expected_made || m->units_seen != m->units_made)
        sim_fail(m, "an event is missing");
}

static void start(sim *m)
{
    unsigned i;
    m->wal = SIM_BEGIN;
    m->next_xid = 700;
    m->next_number = 1;
    for (i = 0; i < RELATIONS; i++)
        m->relations[i].definition = ++m->next_definition;
    open_engine(m, SIM_BEGIN);
}

static void stop(sim *m)
{
    close_engine(m);
    while (m->queue_first < m->queue_end)
        free(m->queue[m->queue_first++].bytes);
    free(m->input);
    enc_free(&m->message);
    enc_free(&m->copy);
}

sim_result sim_run(const sim_config *config)
{
    sim *m = calloc(1, sizeof *m);
    sim_result result = { "sim: out of memory", 0, 0, 0, 0, 0, 0, 0 };
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
