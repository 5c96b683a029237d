/* SPDX-License-Identifier: MIT */
/* sim_server.c: the simulated walsender: ordinary and prepared transactions, messages, keepalives,
 * the oddities of released servers. It knows nothing of the engine. */
#include "sim_parts.h"

#include <stdio.h>

static void queue_copy(sim *m)
{
    copy_data *c = &m->queue[m->queue_end];
    if (m->queue_end == MAX_QUEUE) {
        sim_fail(m, "sim: queue too small");
        return;
    }
    c->len = m->copy.len;
    c->bytes = malloc(c->len);
    c->sent = m->wal;
    if (c->bytes == NULL) {
        sim_fail(m, "sim: out of memory");
        return;
    }
    memcpy(c->bytes, m->copy.ptr, c->len);
    m->queue_end++;
}

void sim_send(sim *m, ww_lsn lsn)
{
    enc_clear(&m->copy);
    enc_wal_data(&m->copy, lsn, lsn, 1, enc_slice(&m->message));
    enc_clear(&m->message);
    queue_copy(m);
}

/* Never more than what was run through the decoder: `end` is not inside a record being sent. */
void sim_keepalive(sim *m, ww_lsn end)
{
    enc_clear(&m->copy);
    enc_u8(&m->copy, 'k');
    enc_u64(&m->copy, end);
    enc_u64(&m->copy, 1);
    enc_u8(&m->copy, sim_one_in(m, 3));
    queue_copy(m);
}

void sim_maybe_keepalive(sim *m, ww_lsn end)
{
    if (sim_one_in(m, 6))
        sim_keepalive(m, end);
}

expectation *sim_expect(sim *m, int kind, uint32_t xid, ww_lsn final_lsn)
{
    expectation *e = &m->expected[m->expected_made];
    if (m->expected_made + 1 == MAX_EXPECTED)
        sim_fail(m, "sim: too many events");
    else
        m->expected_made++;
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->xid = xid;
    e->final_lsn = final_lsn;
    return e;
}

/* Ends at the event expected last. */
void sim_unit(sim *m, ww_lsn record, ww_lsn end)
{
    unit *u = &m->units[m->units_made];
    if (m->units_made == MAX_UNITS) {
        sim_fail(m, "sim: too many units");
        return;
    }
    m->units_made++;
    memset(u, 0, sizeof *u);
    u->record = record;
    u->end = end;
    u->first_event = m->expected_units;
    m->expected_units = m->expected_made;
    m->expected[m->expected_made - 1].unit = end;
}

ww_lsn sim_record(sim *m)
{
    ww_lsn start = m->wal;
    m->wal += 8 * (1 + sim_pick(m, 8));
    return start;
}

/* ---- tables --------------------------------------------------------------------------------- */

void sim_encode_relation(sim *m, uint32_t xid, unsigned relation, uint32_t definition)
{
    char name[16];
    ww_relation_column column;
    snprintf(name, sizeof name, "c%u", (unsigned)definition);
    column = enc_column(name, 25, true);
    enc_relation(&m->message, xid, 1000 + relation, "public", "t", 'd', &column, 1);
}

void sim_encode_row(sim *m, uint32_t xid, unsigned relation, uint64_t number)
{
    char text[24];
    ww_column column;
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    column = enc_text(text);
    enc_insert(&m->message, xid, 1000 + relation, &column, 1);
}

void sim_invalidate(sim *m, unsigned relation)
{
    unsigned i;
    m->relations[relation].sent = false;
    for (i = 0; i < MAX_STREAMS; i++)
        m->streams[i].sent[relation] = false;
}

bool sim_is_locked(const sim *m, unsigned relation)
{
    unsigned i;
    for (i = 0; i < MAX_STREAMS; i++)
        if (m->streams[i].xid != 0 && m->streams[i].own[relation] != 0)
            return true;
    return false;
}

/* A publication's column list is changed: no lock keeps anybody from it. */
static void alter_publication(sim *m)
{
    unsigned relation = sim_pick(m, RELATIONS);
    if (sim_is_locked(m, relation))
        return;
    m->relations[relation].definition = ++m->next_definition;
    sim_invalidate(m, relation);
}

static void send_row(sim *m, uint32_t xid, ww_lsn final_lsn, ww_lsn before, uint64_t ordinal)
{
    unsigned relation = sim_pick(m, RELATIONS);
    sim_relation *r = &m->relations[relation];
    expectation *e;
    while (sim_is_locked(m, relation) && relation > 0) /* nobody ever changes the first one so */
        r = &m->relations[--relation];
    if (!r->sent) {
        sim_encode_relation(m, 0, relation, r->definition);
        sim_send(m, 0);
        r->sent = true;
    }
    sim_encode_row(m, 0, relation, m->next_number);
    sim_send(m, before);
    e = sim_expect(m, 'I', xid, final_lsn);
    e->number = m->next_number++;
    e->definition = r->definition;
    e->relation = relation;
    e->ordinal = ordinal;
}

static void send_rows(sim *m, uint32_t xid, ww_lsn final_lsn, ww_lsn before)
{
    uint32_t count = sim_pick(m, 4);
    uint64_t i;
    for (i = 1; i <= count; i++) {
        sim_maybe_keepalive(m, before);
        send_row(m, xid, final_lsn, before, i);
    }
    sim_maybe_keepalive(m, before);
}

/* ---- transactions --------------------------------------------------------------------------- */

/* B .. C. All of it is sent when its commit record is decoded: keepalives in between know nothing
 * of that record yet. */
static void send_transaction(sim *m)
{
    uint32_t xid = m->next_xid++;
    ww_lsn record = sim_record(m);
    enc_begin(&m->message, record, 5, xid);
    sim_send(m, record);
    sim_expect(m, 'B', xid, record);
    send_rows(m, xid, record, record);
    enc_commit(&m->message, record, m->wal, 5);
    sim_send(m, m->wal);
    sim_expect(m, 'C', xid, record);
    sim_unit(m, record, m->wal);
}

/* `before`: the end of what was decoded before the record that has this sent. */
static void send_prepare(sim *m, const prepared *p, ww_lsn before)
{
    enc_begin_prepare(&m->message, p->record, p->end, 5, p->xid, "gid");
    sim_send(m, before);
    sim_expect(m, 'b', p->xid, p->record);
    send_rows(m, p->xid, p->record, before);
    enc_prepare(&m->message, p->record, p->end, 5, p->xid, "gid");
    sim_send(m, p->end);
    sim_expect(m, 'P', p->xid, p->record);
    sim_unit(m, p->record, p->end);
    m->units[m->units_made - 1].replayed = p->unsent;
}

static void prepare(sim *m)
{
    prepared *p = &m->prepared[m->prepared_count];
    if (m->prepared_count == MAX_PREPARED)
        return;
    m->prepared_count++;
    p->xid = m->next_xid++;
    p->record = sim_record(m);
    p->end = m->wal;
    p->unsent = sim_one_in(m, 4);
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
    record = sim_record(m);
    if (!p.unsent && sim_one_in(m, 2)) {
        enc_rollback_prepared(&m->message, p.end, m->wal, 5, 6, p.xid, "gid");
        sim_send(m, m->wal);
        sim_expect(m, 'r', p.xid, 0);
    } else {
        if (p.unsent)
            send_prepare(m, &p, record);
        enc_commit_prepared(&m->message, record, m->wal, 6, p.xid, "gid");
        sim_send(m, m->wal);
        sim_expect(m, 'K', p.xid, record);
    }
    sim_unit(m, record, m->wal);
    m->units[m->units_made - 1].prepared_end = p.end;
}

static void send_message(sim *m)
{
    ww_lsn record = sim_record(m);
    enc_message(&m->message, 0, false, m->wal, "p", ww_slice_of("0"));
    sim_send(m, m->wal);
    sim_expect(m, 'M', 0, 0);
    sim_unit(m, record, m->wal);
}

static void send_oddity(sim *m)
{
    switch (sim_pick(m, 3)) {
    case 0:
        enc_stream_abort(&m->message, 3, 4);
        sim_send(m, m->wal);
        break;
    case 1:
        enc_prepare(&m->message, m->wal, m->wal, 5, 9, "locks only");
        sim_send(m, m->wal);
        break;
    default:
        enc_clear(&m->message);
        sim_send(m, m->wal);
    }
}

void sim_serve(sim *m)
{
    switch (sim_pick(m, m->config.assemble ? 16 : 9)) {
    case 0:
        sim_keepalive(m, m->wal);
        break;
    case 1:
        sim_record(m); /* of another database */
        sim_keepalive(m, m->wal);
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
    case 6:
        alter_publication(m);
        break;
    case 7:
    case 8:
        send_transaction(m);
        break;
    default:
        sim_serve_streamed(m);
    }
}
