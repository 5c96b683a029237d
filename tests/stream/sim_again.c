/* SPDX-License-Identifier: MIT */
/* sim_again.c: the simulated walsender's START_REPLICATION: what it sends again, and what it has
 * forgotten. By the server's own rule: a transaction comes again unless its commit record starts
 * before the start point; a Prepare of old comes with its Commit Prepared. */
#include "sim_parts.h"

#include <stdio.h>

static ww_lsn sent_with(const sim *m, size_t i)
{
    return m->units[m->units[i].replayed ? i + 1 : i].record;
}

size_t sim_first_again(const sim *m, ww_lsn from)
{
    size_t i = m->units_made;
    while (i > 0 && sent_with(m, i - 1) >= from)
        i--;
    return i;
}

size_t sim_first_event(const sim *m, size_t i)
{
    return i < m->units_made ? m->units[i].first_event : m->expected_made;
}

static void send_change(sim *m, const expectation *e, ww_lsn before, uint32_t *told)
{
    char text[24];
    if (e->kind == 'M') {
        snprintf(text, sizeof text, "%llu", (unsigned long long)e->number);
        enc_message(&m->message, 0, true, before, "p", ww_slice_of(text));
        sim_send(m, before);
        return;
    }
    if (told[e->relation] != e->definition) {
        sim_encode_relation(m, 0, e->relation, e->definition);
        sim_send(m, 0);
        told[e->relation] = e->definition;
    }
    sim_encode_row(m, 0, e->relation, e->number);
    sim_send(m, before);
}

static void send_begin(sim *m, const expectation *e, const unit *u, ww_lsn before)
{
    sim_maybe_keepalive(m, before);
    if (e->kind == 'B')
        enc_begin(&m->message, u->record, 5, e->xid);
    else
        enc_begin_prepare(&m->message, u->record, u->end, 5, e->xid, "gid");
    sim_send(m, before);
}

static void send_end(sim *m, const expectation *e, const unit *u)
{
    switch (e->kind) {
    case 'C':
        enc_commit(&m->message, u->record, u->end, 5);
        break;
    case 'P':
        enc_prepare(&m->message, u->record, u->end, 5, e->xid, "gid");
        break;
    case 'K':
        enc_commit_prepared(&m->message, u->record, u->end, 6, e->xid, "gid");
        break;
    case 'r':
        enc_rollback_prepared(&m->message, u->prepared_end, u->end, 5, 6, e->xid, "gid");
        break;
    default:
        enc_message(&m->message, 0, false, u->end, "p", ww_slice_of("0"));
    }
    sim_send(m, u->end);
}

static void send_unit(sim *m, size_t i, uint32_t *told)
{
    const unit *u = &m->units[i];
    size_t at, end = sim_first_event(m, i + 1);
    ww_lsn before = sent_with(m, i);
    for (at = u->first_event; at < end; at++) {
        const expectation *e = &m->expected[at];
        if (e->unit != 0)
            send_end(m, e, u);
        else if (e->kind == 'B' || e->kind == 'b')
            send_begin(m, e, u, before);
        else
            send_change(m, e, before, told);
        if (e->unit == 0)
            sim_maybe_keepalive(m, before);
    }
}

/* The tables that it describes are described again before anybody else uses them. */
void sim_send_whole(sim *m, size_t i)
{
    uint32_t told[RELATIONS] = { 0 };
    unsigned relation;
    send_unit(m, i, told);
    for (relation = 0; relation < RELATIONS; relation++)
        sim_invalidate(m, relation);
}

void sim_resend(sim *m, ww_lsn from)
{
    size_t i;
    unsigned stream, relation;
    while (m->queue_first < m->queue_end)
        free(m->queue[m->queue_first++].bytes);
    m->queue_first = m->queue_end = 0;
    for (stream = 0; stream < MAX_STREAMS; stream++)
        m->streams[stream].whole |= m->streams[stream].begun;
    for (relation = 0; relation < RELATIONS; relation++)
        sim_invalidate(m, relation);
    sim_maybe_keepalive(m, from);
    for (i = sim_first_again(m, from); i < m->units_made; i++)
        sim_send_whole(m, i);
}
