/* SPDX-License-Identifier: MIT */
/* sim_streamed.c: the simulated walsender's streamed transactions: blocks, savepoints, DDL of their
 * own, ends. What is expected of the engine is worked out here, naively, when one commits: what was
 * not rolled back, in order, each row with the definition that it was written under. */
#include "sim_parts.h"

#include <stdio.h>

/* Unless it is sent in one piece, later. */
static void send(sim *m, const sim_stream *t, ww_lsn lsn)
{
    if (!t->whole)
        sim_send(m, lsn);
    enc_clear(&m->message);
}

/* ---- one block ------------------------------------------------------------------------------ */

static uint32_t xid_of(sim *m, sim_stream *t)
{
    sim_sub *sub = t->current >= 0 ? &t->subs[t->current] : NULL;
    if (sub == NULL)
        return t->xid;
    if (sub->xid == 0)
        sub->xid = m->next_xid++;
    return sub->xid;
}

static sim_change *add_change(sim_stream *t, int kind, uint64_t number)
{
    sim_change *c = &t->changes[t->changes_count++];
    c->kind = kind;
    c->sub = t->current;
    c->number = number;
    c->definition = 0;
    c->relation = 0;
    return c;
}

static void write_row(sim *m, sim_stream *t)
{
    unsigned relation = sim_pick(m, RELATIONS);
    uint32_t xid, definition;
    sim_change *c;
    if (t->changes_count == MAX_CHANGES || (sim_is_locked(m, relation) && t->own[relation] == 0))
        return;
    xid = xid_of(m, t);
    definition = t->own[relation] != 0 ? t->own[relation] : m->relations[relation].definition;
    if (!t->sent[relation]) {
        sim_encode_relation(m, xid, relation, definition);
        send(m, t, 0);
        t->sent[relation] = true;
    }
    t->used[relation] = true;
    sim_encode_row(m, xid, relation, m->next_number);
    send(m, t, m->wal);
    c = add_change(t, 'I', m->next_number++);
    c->definition = definition;
    c->relation = relation;
}

/* Only where it can be told whose it is: at the top level, or in a sub-transaction that has
 * written. */
static void write_message(sim *m, sim_stream *t)
{
    char text[24];
    if (t->changes_count == MAX_CHANGES || (t->current >= 0 && t->subs[t->current].xid == 0))
        return;
    snprintf(text, sizeof text, "%llu", (unsigned long long)m->next_number);
    enc_message(&m->message, t->xid, true, m->wal, "p", ww_slice_of(text));
    send(m, t, m->wal);
    add_change(t, 'M', m->next_number++);
}

static void savepoint(sim_stream *t)
{
    sim_sub *sub = &t->subs[t->subs_count];
    if (t->subs_count == MAX_SUBS)
        return;
    sub->xid = 0;
    sub->parent = t->current;
    sub->aborted = false;
    t->current = t->subs_count++;
}

/* DDL at the top level, on a table that nobody else uses. */
static void alter_table(sim *m, sim_stream *t)
{
    unsigned relation = 1 + sim_pick(m, RELATIONS - 1), i;
    if (t->current >= 0 || (sim_is_locked(m, relation) && t->own[relation] == 0))
        return;
    for (i = 0; i < MAX_STREAMS; i++)
        if (&m->streams[i] != t && m->streams[i].xid != 0 && m->streams[i].used[relation])
            return;
    t->own[relation] = ++m->next_definition;
    t->sent[relation] = false;
}

static void send_block(sim *m, sim_stream *t)
{
    uint32_t steps = sim_pick(m, 7);
    enc_stream_start(&m->message, t->xid, !t->begun);
    send(m, t, m->wal);
    t->begun = true;
    while (steps-- > 0) {
        sim_maybe_keepalive(m, m->wal);
        switch (sim_pick(m, 8)) {
        case 0:
            savepoint(t);
            break;
        case 1: /* released: what it did is its parent's */
            if (t->current >= 0)
                t->current = t->subs[t->current].parent;
            break;
        case 2:
            write_message(m, t);
            break;
        case 3:
            alter_table(m, t);
            break;
        default:
            write_row(m, t);
        }
    }
    enc_stream_stop(&m->message);
    send(m, t, m->wal);
}

/* ---- rolling back --------------------------------------------------------------------------- */

static bool is_inside(const sim_stream *t, int sub, int of)
{
    while (sub >= 0 && sub != of)
        sub = t->subs[sub].parent;
    return sub == of;
}

static void send_abort(sim *m, const sim_stream *t, uint32_t subxid)
{
    ww_lsn record = sim_record(m);
    if (sim_one_in(m, 2))
        enc_stream_abort(&m->message, t->xid, subxid);
    else
        enc_stream_abort_parallel(&m->message, t->xid, subxid, record, 5);
    send(m, t, m->wal);
}

/* ROLLBACK TO: the innermost one and what was released into it, each by a Stream Abort of its own.
 * */
static void roll_back_savepoint(sim *m, sim_stream *t)
{
    int of = t->current, i;
    unsigned relation;
    if (of < 0)
        return;
    for (i = t->subs_count - 1; i >= 0; i--) {
        if (!is_inside(t, i, of) || t->subs[i].aborted)
            continue;
        t->subs[i].aborted = true;
        if (t->subs[i].xid != 0)
            send_abort(m, t, t->subs[i].xid);
    }
    t->current = t->subs[of].parent;
    for (relation = 0; relation < RELATIONS; relation++)
        t->sent[relation] = false;
}

static void roll_back(sim *m, sim_stream *t)
{
    send_abort(m, t, t->xid);
    memset(t, 0, sizeof *t);
}

/* ---- committing ----------------------------------------------------------------------------- */

static void expect_changes(sim *m, const sim_stream *t, ww_lsn final_lsn)
{
    uint64_t ordinal = 0;
    int i;
    for (i = 0; i < t->changes_count; i++) {
        const sim_change *c = &t->changes[i];
        expectation *e;
        if (c->sub >= 0 && t->subs[c->sub].aborted)
            continue;
        e = sim_expect(m, c->kind, t->xid, final_lsn);
        e->number = c->number;
        e->definition = c->definition;
        e->relation = c->relation;
        e->ordinal = ++ordinal;
    }
}

/* What this one was told counts as told to all; what it changed itself has to be told again. */
static void publish_tables(sim *m, const sim_stream *t)
{
    unsigned relation;
    for (relation = 0; relation < RELATIONS; relation++) {
        if (t->sent[relation] && !t->whole)
            m->relations[relation].sent = true;
        if (t->own[relation] != 0) {
            m->relations[relation].definition = t->own[relation];
            sim_invalidate(m, relation);
        }
    }
}

static void commit(sim *m, sim_stream *t)
{
    ww_lsn record = sim_record(m);
    enc_stream_commit(&m->message, t->xid, record, m->wal, 5);
    send(m, t, m->wal);
    sim_expect(m, 'B', t->xid, record);
    expect_changes(m, t, record);
    sim_expect(m, 'C', t->xid, record);
    sim_unit(m, record, m->wal);
    if (t->whole)
        sim_send_whole(m, m->units_made - 1);
    publish_tables(m, t);
    memset(t, 0, sizeof *t);
}

static bool has_ddl(const sim_stream *t)
{
    unsigned relation;
    for (relation = 0; relation < RELATIONS; relation++)
        if (t->own[relation] != 0)
            return true;
    return false;
}

static void prepare(sim *m, sim_stream *t)
{
    prepared *p = &m->prepared[m->prepared_count];
    if (m->prepared_count == MAX_PREPARED || has_ddl(t))
        return;
    m->prepared_count++;
    p->xid = t->xid;
    p->record = sim_record(m);
    p->end = m->wal;
    p->unsent = false;
    enc_stream_prepare(&m->message, p->record, p->end, 5, t->xid, "gid");
    send(m, t, m->wal);
    sim_expect(m, 'b', t->xid, p->record);
    expect_changes(m, t, p->record);
    sim_expect(m, 'P', t->xid, p->record);
    sim_unit(m, p->record, p->end);
    if (t->whole)
        sim_send_whole(m, m->units_made - 1);
    memset(t, 0, sizeof *t);
}

void sim_serve_streamed(sim *m)
{
    sim_stream *t = &m->streams[sim_pick(m, MAX_STREAMS)];
    if (t->xid == 0) {
        t->xid = m->next_xid++;
        t->current = -1;
    }
    switch (t->begun ? sim_pick(m, 10) : 9) {
    case 0:
        commit(m, t);
        break;
    case 1:
        prepare(m, t);
        break;
    case 2:
        roll_back(m, t);
        break;
    case 3:
    case 4:
        roll_back_savepoint(m, t);
        break;
    default:
        send_block(m, t);
    }
}
