/* SPDX-License-Identifier: MIT */
/* render.h: how the files of this room work together.
 *
 * A format is one table of functions (ww__format_ops): what it does with the beginning of a
 * transaction, a row, its end, a message, a truncate. All share one value writer (json.h), one
 * buffer writer (out.h) and the render plans: what never changes in a relation's lines, escaped
 * once per definition. */
#ifndef WALWIRE_FORMAT_RENDER_H
#define WALWIRE_FORMAT_RENDER_H

#include <walwire/value.h>

#include "json.h"

#include "decode/print.h"

typedef struct ww__place ww__place; /* jsonvalue.h */

/* ---- counts.c: events per collection -------------------------------------------------------- */

/* How many events one collection (a table; all messages) has had in the open transaction. */
typedef struct ww__counter {
    struct ww__counter *next;
    uint64_t count;
    ww_slice label;
    bool invalid;            /* a name in the label is not UTF-8 */
    struct ww__plan *orphan; /* the plan around it, if its relation was renamed since: freed too */
} ww__counter;

/* The open transaction, and its collections in order of their first event. */
typedef struct ww__counts {
    uint32_t xid;
    ww_lsn final_lsn;
    uint64_t total;
    ww__counter *first, *last;
    size_t orphans;
} ww__counts;

#define WW__MAX_ORPHANS 1000u

/* Counts one event; returns its place in its collection, from 1. */
uint64_t ww__counts_add(ww__counts *counts, ww__counter *counter);
/* Forgets what it counted, if that was of another transaction than this one. */
void ww__counts_follow(ww_format *f, uint32_t xid, ww_lsn final_lsn);
/* `now` takes over from `old`, which is freed at once or with the transaction. False: too many
 * renames in one transaction. */
bool ww__counts_replace(ww_format *f, struct ww__plan *old, struct ww__plan *now);

/* ---- plan.c --------------------------------------------------------------------------------- */

/* What nearly every value asks is together, and small: with thousands of relations each line of
 * the processor's cache that a row needs is one that is not there. */
typedef struct ww__plan_column {
    const uint8_t *name; /* padded: ,"name": or what the format's column() wrote */
    uint32_t len;
    uint8_t quick;       /* json, or LEFT_OUT if the name is too long for a quick way */
    uint8_t max_digits;  /* INTEGER: with so many digits, text is in range */
    uint8_t json;        /* ww__json_type */
    bool skipped;        /* left out by a filter */
    const ww_type *of;   /* NULL: not known */
    ww__value_print *print; /* NULL: has none */
    uint32_t type_oid;
    int32_t typmod;      /* -1: none */
    uint16_t key_place;  /* 1 ..: its place in the row's key; 0: not part of it */
    uint8_t type;        /* what the format's column() made of its type, for its own use */
    bool key;            /* part of the replica identity */
    bool composite;      /* not text, and what it says hangs on what the catalog told: fits.c */
} ww__plan_column;

/* One block of memory; the texts are behind the columns. First what rows seldom ask. */
typedef struct ww__plan {
    ww__counter counter;    /* its label is what the format's label() wrote */
    struct ww__plan *next;  /* of the same bucket */
    size_t size;
    uint64_t serial;        /* of the definition it was made from */
    uint32_t relation_id;
    uint16_t ncols, nkey;
    bool invalid;           /* a name is not UTF-8 */
    bool skipped;           /* left out by a filter */
    ww_slice head;          /* padded; what the format's head() wrote */
    ww__plan_column columns[];
} ww__plan;

typedef struct ww__plans {
    ww__plan **by_slot;     /* cap entries: relation->slot */
    ww__plan **by_id;       /* cap buckets */
    size_t cap;             /* 0 or a power of two */
} ww__plans;

/* The plan of this relation as it is now: the one made before, or a new one. ERR_NOMEM,
 * ERR_LIMIT. */
ww_status ww__plan_make(ww_format *f, const ww_relation *relation, ww__plan **plan, ww_error *err);

/* The same, inline where there is nothing to make. */
static inline ww__plan *ww__plan_get(const ww__plans *plans, const ww_relation *relation)
{
    ww__plan *p = relation->slot < plans->cap ? plans->by_slot[relation->slot] : NULL;
    bool fits = p != NULL && p->serial == relation->serial && p->relation_id == relation->id;
    return fits ? p : NULL;
}

/* A copy that is in no table, and not counted in any transaction; NULL: no memory. */
ww__plan *ww__plan_copy(ww_format *f, const ww__plan *plan);
/* The plan of the relation with this id; NULL if the format was never shown it. */
ww__plan *ww__plan_find(const ww_format *f, uint32_t relation_id);
/* All plans are made anew when they are used next. */
void ww__plans_expire(ww_format *f);
void ww__plan_free(ww_format *f, ww__plan *plan);
void ww__plans_close(ww_format *f);

/* ---- row.c ---------------------------------------------------------------------------------- */

/* Writes the columns as {"a":1,...}: of a KEY tuple the key columns only. An unchanged column
 * takes its value from `fill` (the old tuple, or one of kind NONE) where that has it, else
 * f->policy.unavailable. Returns the number of unchanged columns. */
size_t ww__row_put(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple, ww_tuple fill);

/* Writes the names of the unchanged columns as ["a",...]. */
void ww__row_put_unchanged(ww_out *out, const ww__plan *plan, ww_tuple tuple);

/* ---- key.c ---------------------------------------------------------------------------------- */

/* Decides which columns a row's key has, and in which order. */
void ww__key_choose(const ww_format *f, const ww_relation *relation, ww__plan *plan);
/* Writes it as {"a":1,...}, or null if there is none; unchanged columns as ww__row_put() does. */
void ww__key_put(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple, ww_tuple fill);
/* Do both rows tell of a key, and not of the same? */
bool ww__key_changed(const ww__plan *plan, ww_tuple now, ww_tuple before);

/* ---- jsonvalue.c ---------------------------------------------------------------------------- */

/* A column that is not UNCHANGED, in either form: docs/values.md. What is not UTF-8 becomes
 * {"$bytes":"<hex>"}, what its type does not allow the format's fault. */
void ww__json_value(ww_format *f, ww_out *out, const ww__plan_column *column,
                    const ww_column *col);

/* ---- fits.c --------------------------------------------------------------------------------- */

#define WW__MAX_DOUBTS 16u

/* Is a composite part of this type? NULL: no. */
bool ww__has_composite(const ww_format *f, const ww_type *type);

/* ---- knobs.c -------------------------------------------------------------------------------- */

#define WW__MAX_KNOBS 12u

/* A setting of a format. */
typedef struct ww__knob {
    const char *name;
    const char *values; /* "string|precise|double": f->knobs[i] is the place of the chosen one */
    const char *about;
} ww__knob;

/* Reads the configuration's knobs into f->knobs, in the order of f->ops->knobs. */
ww_status ww__knobs_read(ww_format *f, const ww_format_config *config, ww_error *err);

/* ---- filter.c ------------------------------------------------------------------------------- */

typedef struct ww__filter {
    const ww_filter_rule *rules; /* the caller's */
    size_t nrules;
    bool active;   /* there are rules */
    uint8_t ops;   /* bits of ww__op that pass */
    uint8_t *kept; /* the relations of the last truncate of which some were left out */
    size_t kept_size;
} ww__filter;

typedef enum ww__op {
    WW__OP_INSERT = 1,
    WW__OP_UPDATE = 2,
    WW__OP_DELETE = 4,
    WW__OP_TRUNCATE = 8,
    WW__OP_MESSAGE = 16
} ww__op;

ww_status ww__filter_open(ww__filter *filter, const ww_format_config *config, ww_error *err);
bool ww__filter_relation(const ww__filter *filter, const ww_relation *relation);
bool ww__filter_column(const ww__filter *filter, const ww_relation *relation, ww_slice column);
/* Leaves those of its relations, which have plans, that pass. ERR_NOMEM. */
ww_status ww__filter_truncate(ww_format *f, ww_truncate *truncate, ww_error *err);
void ww__filter_close(ww_format *f);

/* ---- deferred.c ----------------------------------------------------------------------------- */

/* The beginning of a transaction of which nothing was written yet. */
typedef struct ww__deferred {
    bool waits;
    ww_event begin; /* of kind BEGIN or BEGIN_PREPARE, without its raw message */
    uint8_t gid[199];
} ww__deferred;

void ww__begin_defer(ww_format *f, const ww_event *ev);
/* Comes before whatever is written of a transaction. */
ww_status ww__begin_write(ww_format *f, ww_out *out, ww_error *err);
/* True: the transaction ends, and nothing of it was written. */
bool ww__begin_drop(ww_format *f);

/* ---- pieces.c ------------------------------------------------------------------------------- */

/* The server's text of a column, the same for both forms, given to put() in pieces of any size:
 * without a copy where it stands in the column as text. The column is neither null nor unchanged.
 * If it is no value of its type, put() is not called and the format has its fault. */
typedef void ww__put_piece(void *ctx, ww_slice piece);
void ww__text_pieces(ww_format *f, const ww__plan_column *column, const ww_column *col,
                     ww__put_piece *put, void *ctx);
/* A getter's answer about this column's value: a failure becomes the format's fault. True: it was
 * none. Pass f->err as the getter's err. */
bool ww__value_took(ww_format *f, const ww__plan_column *column, ww_status status);
/* ERR_DECODE: a value in binary form of a type whose binary form is unknown. */
ww_status ww__value_known(const ww_value *v, ww_error *err);
/* The value behind a column. */
ww_value ww__plan_value(const ww_format *f, const ww__plan_column *column, const ww_column *col);

/* ---- refuse.c ------------------------------------------------------------------------------- */

/* For begin and commit of a format that has no lines for a streamed transaction that was not
 * assembled: ERR_USAGE. */
ww_status ww__refuse_streamed(const ww_format *f, const ww_event *ev, ww_error *err);
/* begin and commit of a format whose lines say nothing of transactions, and so can only be of
 * committed ones: ERR_USAGE for prepared ones too. */
ww_status ww__refuse_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);
ww_status ww__refuse_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);

/* ---- formats -------------------------------------------------------------------------------- */

typedef struct ww__format_ops {
    const char *name, *about;
    const char *unavailable;        /* policy->unavailable; NULL: unchanged columns are left out */
    size_t state_size;              /* of what f->state points to, zeroed */
    ww_status (*open)(ww_format *f, const ww_format_config *config, ww_error *err);
    void (*close)(ww_format *f);
    /* The constant part of a relation's lines, and what stands for the relation in lists. False:
     * a name is not UTF-8. label may be NULL: the format has no such lists. */
    bool (*head)(const ww_format *f, const ww_relation *relation, ww_out *out);
    bool (*label)(const ww_format *f, const ww_relation *relation, ww_out *out);
    /* What comes before a column's value, and its type for the format's own use. NULL: ,"name":
     * and 0. */
    bool (*column)(const ww_format *f, const ww_relation_column *column, uint8_t *type,
                   ww_out *out);
    /* A type that relations name by its OID. NULL: not of interest. */
    ww_status (*type)(ww_format *f, const ww_event *ev, ww_error *err);
    /* Each appends its lines; NULL: has none. begin: B b S; commit: C P K r c p A E. */
    ww_status (*begin)(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);
    void (*row)(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out);
    ww_status (*commit)(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);
    void (*message)(ww_format *f, const ww_event *ev, ww_out *out);
    void (*truncate)(ww_format *f, const ww_event *ev, ww_out *out); /* its relations have plans,
                                                                        none of them skipped */
    /* With schema_events: the line of a new definition. NULL: has none. old: a copy of the plan of
     * the one before, or NULL. */
    void (*relation)(ww_format *f, const ww_event *ev, const ww__plan *old, ww__plan *plan,
                     ww_out *out);
    const ww__knob *knobs; /* ends with name NULL; or NULL */
    bool has_keys;         /* takes config->key */
    bool keeps_prepared;   /* a prepared transaction is written even if filters leave it empty */
} ww__format_ops;

extern const ww__format_ops ww__format_debezium;
extern const ww__format_ops ww__format_compact;
extern const ww__format_ops ww__format_test_decoding;
extern const ww__format_ops ww__format_wal2json_v1;
extern const ww__format_ops ww__format_wal2json_v2;
extern const ww__format_ops ww__format_pypgoutput;
extern const ww__format_ops ww__format_pgoutput_decoder;
extern const ww__format_ops ww__format_sql;

#define WW__PART_ROOM 136u

struct ww_format {
    const ww__format_ops *ops;
    ww_alloc alloc;
    ww__policy policy;
    bool transactions;
    ww__plans plans;
    ww__counts counts;
    const ww_types *types;
    uint64_t types_version;  /* that the plans were made with */
    uint64_t knob_kinds;     /* bits by ww_type_kind: values that knob_value() writes */
    void (*knob_value)(const ww__place *place, const ww_value *v, int32_t typmod);
    ww_out scratch;          /* what cannot be judged in pieces: grows, and stays */
    ww__filter filter;
    ww__deferred deferred;
    bool schema_events, key, tombstones, end_positions;
    uint8_t knobs[WW__MAX_KNOBS];
    uint32_t doubts[WW__MAX_DOUBTS]; /* OIDs of types, the oldest first */
    size_t ndoubts;
    ww_lsn committed;        /* the position of the commit of the row's transaction; 0: not known */
    /* While an event is written: the first value that was none of its type sticks. */
    ww_status fault;
    ww_error *err;
    const ww__plan_column *at_column; /* whose value it was */
    char at_part[WW__PART_ROOM];      /* which part of it: ".field[2]", or "" */
    void *state;
};

static inline void *ww__format_alloc(ww_format *f, size_t size)
{
    return f->alloc.resize(f->alloc.ctx, NULL, 0, size);
}

static inline void ww__format_free(ww_format *f, void *block, size_t size)
{
    if (block != NULL)
        f->alloc.resize(f->alloc.ctx, block, size, 0);
}

/* "name" in quotes. False: not UTF-8. */
static inline bool ww__out_name(ww_out *out, const ww__policy *policy, ww_slice name)
{
    bool valid;
    ww__out_byte(out, '"');
    valid = ww__json_name(out, policy, name);
    ww__out_byte(out, '"');
    return valid;
}

/* ,"schema":"s","table":"t". False: not UTF-8. */
static inline bool ww__out_table(ww_out *out, const ww__policy *policy, const ww_relation *relation)
{
    bool valid;
    WW__OUT(out, ",\"schema\":");
    valid = ww__out_name(out, policy, relation->nspname);
    WW__OUT(out, ",\"table\":");
    return ww__out_name(out, policy, relation->relname) && valid;
}

#endif
