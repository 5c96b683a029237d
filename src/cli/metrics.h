/* SPDX-License-Identifier: MIT */
/* metrics.h: --metrics-file: what a running stream counts, in Prometheus' text format, in a file
 * that is replaced as a whole. docs/operations.md. */
#ifndef WALWIRE_CLI_METRICS_H
#define WALWIRE_CLI_METRICS_H

#include "output.h"

#define METRICS_TABLES 1000u /* that are told apart; the rest is counted together */
#define METRICS_NAME_MAX 255u
#define METRICS_MEMO 1024u /* powers of two, both */
#define METRICS_BUCKETS 4096u

/* Where the events of a kind are counted: the types' letters differ in these bits, and case tells
 * nothing among those that are about a table. */
#define METRICS_OPS 32
#define METRICS_OP(kind) ((unsigned)(kind) % METRICS_OPS)

/* Of one table; the names are allocated with it, behind it. */
typedef struct metrics_table {
    uint64_t counts[METRICS_OPS];
    ww_slice schema, name;
} metrics_table;

/* Counting finds a table by its definition's serial number, which is unique: at once that of the
 * last event; another in the memo; where two share a place there, and for a new definition, by
 * name. */
typedef struct metrics {
    const options *o;
    const output *out;
    uint64_t last_serial;
    metrics_table *last; /* of that definition */
    struct {
        uint64_t serial;
        metrics_table *table;
    } memo[METRICS_MEMO];
    metrics_table *buckets[METRICS_BUCKETS]; /* by name; open addressing */
    metrics_table *tables[METRICS_TABLES + 1];
    size_t ntables; /* the first one is for all that have none of their own */
    metrics_table others;
    uint64_t others_of_kind[128]; /* by the event's kind: what is about no table */
    uint64_t units, texts;
    ww_pg_time started;
    ww_mono_us due;
    bool failing; /* said already */
    ww_out text;
} metrics;

/* NULL: no --metrics-file, or no memory for it, which was said. */
metrics *metrics_open(const options *o, const output *out);
void metrics_count_other(metrics *m, const ww_client *client, const ww_event *ev, ww_lsn unit);
/* An event that was handed out; unit: its ww_event_unit_lsn(). m may not be NULL. */
static inline void metrics_count(metrics *m, const ww_client *client, const ww_event *ev,
                                 ww_lsn unit)
{
    if (ev->relation != NULL && ev->relation->serial == m->last_serial)
        m->last->counts[METRICS_OP(ev->kind)]++;
    else
        metrics_count_other(m, client, ev, unit);
}
/* Another plugin's message. */
void metrics_count_text(metrics *m);
/* Replaces the file if that is due; m may be NULL. */
void metrics_update(metrics *m, const ww_client *client);
ww_mono_us metrics_deadline(const metrics *m); /* NULL: never */
/* The last state of all: what had no client (NULL) was not up. */
void metrics_close(metrics *m, const ww_client *client);

/* exposition.c: all of it as text; client NULL: it was never open. */
void metrics_write_text(const metrics *m, const ww_client *client, bool up, ww_out *out);

/* The file's first bytes: no other file is replaced. */
#define METRICS_START "# HELP walwire_"

#endif
