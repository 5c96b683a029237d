/* SPDX-License-Identifier: MIT */
/* sim_parts.h: what the two halves of the simulator share: the server writes the queue, the units
 * and what is expected; the consumer reads them. */
#ifndef WALWIRE_TESTS_STREAM_SIM_PARTS_H
#define WALWIRE_TESTS_STREAM_SIM_PARTS_H

#include "encode.h"
#include "sim.h"
#include "spool.h"

enum {
    MAX_UNITS = 4096, MAX_EXPECTED = 1 << 16, MAX_QUEUE = 1 << 16, MAX_PREPARED = 4,
    RELATIONS = 3, MAX_STREAMS = 4, MAX_SUBS = 12, MAX_CHANGES = 60
};

/* What the engine must hand out. Relation events are not expected one by one: what counts is that
 * each row comes with the definition that the server had in mind. */
typedef struct expectation {
    int kind;
    uint32_t xid;
    uint64_t number; /* in the row, or in the message */
    uint32_t definition;
    unsigned relation;
    uint64_t ordinal;
    ww_lsn final_lsn, unit;
} expectation;

typedef struct unit {
    ww_lsn record, end;
    ww_lsn prepared_end; /* of what a Rollback Prepared ends */
    size_t first_event;  /* of those expected */
    bool replayed;       /* a Prepare of old, sent at its Commit Prepared */
    bool durable;
    bool stored; /* and the position that was saved says so */
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

/* A table as the server sees it. */
typedef struct sim_relation {
    uint32_t definition; /* grows with each DDL; the column's name says it */
    bool sent;           /* to ordinary transactions, since the last invalidation */
} sim_relation;

typedef struct sim_sub {
    uint32_t xid; /* 0: has written nothing yet */
    int parent;   /* -1: the top level */
    bool aborted;
} sim_sub;

typedef struct sim_change {
    int kind; /* 'I' or 'M' */
    int sub;
    uint64_t number;
    uint32_t definition;
    unsigned relation;
} sim_change;

typedef struct sim_stream {
    uint32_t xid; /* 0: none */
    bool begun;
    bool whole;  /* was begun before the server started again: sent when it commits, in one piece */
    int current; /* sub-transaction; -1: the top level */
    sim_sub subs[MAX_SUBS];
    int subs_count;
    sim_change changes[MAX_CHANGES];
    int changes_count;
    bool used[RELATIONS]; /* which keeps others from changing them */
    bool sent[RELATIONS];
    uint32_t own[RELATIONS]; /* its own DDL's definition; 0: none */
} sim_stream;

typedef struct sim {
    sim_config config;
    sim_result result;
    /* the server */
    ww_lsn wal;
    uint32_t next_xid, next_definition;
    uint64_t next_number;
    sim_relation relations[RELATIONS];
    sim_stream streams[MAX_STREAMS];
    prepared prepared[MAX_PREPARED];
    size_t prepared_count;
    enc message, copy;
    /* between the two */
    copy_data queue[MAX_QUEUE];
    size_t queue_first, queue_end;
    unit units[MAX_UNITS];
    size_t units_made, units_seen; /* decided by the server; handed out by the engine */
    size_t units_past;             /* durable, and before flush: nothing about them can change */
    size_t units_begin;            /* the first that this engine is to hand out */
    expectation expected[MAX_EXPECTED];
    size_t expected_made, expected_seen, expected_units; /* those that belong to a unit */
    /* the engine and its consumer */
    ww_stream stream;
    ww_relcache *cache;
    spool spool;
    uint8_t *input; /* the CopyData whose events are being taken */
    ww_now now;
    ww_lsn sent; /* the highest position that reached the engine */
    ww_lsn begin; /* where this engine was started */
    ww_lsn last_flush, last_reported, older_reported;
    ww_lsn saved, permitted; /* gated: the position that would be found after a crash */
    bool cut;                /* in the middle of an input's events */
    /* the naive model */
    ww_lsn model_flush, model_idle, model_durable;
    bool model_open, model_pending;
} sim;

void sim_fail(sim *m, const char *what);

/* The next decision: a number below `below`. */
uint32_t sim_pick(sim *m, uint32_t below);
bool sim_one_in(sim *m, uint32_t n);

/* sim_server.c: does one thing, and queues what a walsender would send for it. */
void sim_serve(sim *m);
void sim_keepalive(sim *m, ww_lsn end);
/* sim_streamed.c: the same for streamed transactions. */
void sim_serve_streamed(sim *m);

/* sim_again.c: starts from there: everything that was queued is gone. */
void sim_resend(sim *m, ww_lsn from);
/* The first unit that would be sent. */
size_t sim_first_again(const sim *m, ww_lsn from);
/* Of unit i; behind the last one: where all that is expected ends. */
size_t sim_first_event(const sim *m, size_t i);
/* The same from its beginning to its end. */
void sim_send_whole(sim *m, size_t i);

/* What sim_server.c's parts offer to sim_streamed.c */
ww_lsn sim_record(sim *m); /* the WAL grows; returns where the record starts */
void sim_send(sim *m, ww_lsn lsn); /* m->message as a 'w' */
void sim_maybe_keepalive(sim *m, ww_lsn end);
expectation *sim_expect(sim *m, int kind, uint32_t xid, ww_lsn final_lsn);
void sim_unit(sim *m, ww_lsn record, ww_lsn end);
void sim_encode_relation(sim *m, uint32_t xid, unsigned relation, uint32_t definition);
void sim_encode_row(sim *m, uint32_t xid, unsigned relation, uint64_t number);
/* A definition has changed, or may have: all are told again before they use the table. */
void sim_invalidate(sim *m, unsigned relation);
/* Has a streamed transaction changed this table? Then nobody else uses it. */
bool sim_is_locked(const sim *m, unsigned relation);

#endif
