/* SPDX-License-Identifier: MIT */
/* test_decode_encode.c: encoder and decoder, written apart, agree on every message in every layout
 * that options give it: random values go out, come back in the event, and give the same bytes
 * again. */
#include "check.h"
#include "encode.h"

#include "slices.h"

#define ROUNDS 2000
#define COLUMNS_MAX 6

/* ---- random values, the same in every run --------------------------------------------------- */

static uint64_t seed = 1;

static uint64_t random_u64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint32_t random_below(uint32_t n)
{
    return (uint32_t)(random_u64() >> 33) % n;
}

/* Never 0. */
static uint32_t random_xid(void)
{
    uint32_t bit = 1u << random_below(32);
    return (uint32_t)random_u64() | bit;
}

static ww_lsn random_lsn(void)
{
    ww_lsn bit = (ww_lsn)1 << random_below(64);
    return random_u64() | bit;
}

static int64_t random_time(void)
{
    return (int64_t)random_u64();
}

/* Any bytes but NUL; valid until COLUMNS_MAX more were asked for. */
static const char *random_name(uint32_t max)
{
    static char names[4 * COLUMNS_MAX][256];
    static unsigned next;
    char *name = names[next++ % (4 * COLUMNS_MAX)];
    uint32_t len = random_below(max + 1), i;
    for (i = 0; i < len; i++)
        name[i] = (char)(1 + random_below(255));
    name[len] = '\0';
    return name;
}

/* ---- what a message is made with ------------------------------------------------------------ */

typedef struct layout {
    bool block, binary, relations;
} layout;

typedef struct values {
    ww_lsn lsn[2];
    int64_t time[2];
    uint32_t xid, top_xid, other_xid, relation, oids[COLUMNS_MAX];
    uint16_t ncols;
    ww_column row[COLUMNS_MAX], old_row[COLUMNS_MAX];
    ww_relation_column columns[COLUMNS_MAX];
    const char *name[2];
    char old_kind;
    unsigned flags;
} values;

static ww_column random_column(const layout *l, const char *kinds)
{
    char kind = kinds[random_below((uint32_t)strlen(kinds) - (l->binary ? 0 : 1))];
    if (kind == 'n')
        return enc_null();
    if (kind == 'u')
        return enc_unchanged();
    return kind == 't' ? enc_text(random_name(40)) : enc_binary("\0\1\xff", random_below(4));
}

static void fill_values(values *v, const layout *l)
{
    uint16_t i;
    v->lsn[0] = random_lsn();
    v->lsn[1] = random_lsn();
    v->time[0] = random_time();
    v->time[1] = random_time();
    v->top_xid = random_xid();
    v->other_xid = random_xid();
    v->xid = l->block ? random_xid() : 0;
    v->relation = (uint32_t)random_u64();
    v->ncols = (uint16_t)random_below(COLUMNS_MAX + 1);
    for (i = 0; i < COLUMNS_MAX; i++) {
        v->oids[i] = (uint32_t)random_u64();
        v->row[i] = random_column(l, "tnub");
        v->old_row[i] = random_column(l, "tnb");
        v->columns[i] = enc_column(random_name(63), 0, false);
        v->columns[i].type_oid = (uint32_t)random_u64();
        v->columns[i].typmod = (int32_t)random_u64();
        v->columns[i].flags = (uint8_t)random_below(2);
    }
    v->name[0] = random_name(63);
    v->name[1] = random_name(199);
    v->old_kind = "KO"[random_below(2)];
    v->flags = random_below(4);
}

/* ---- one message there and back ------------------------------------------------------------- */

typedef struct trip {
    layout l;
    check_alloc alloc;
    ww_relcache *cache;
    ww_decoder decoder;
    ww_event ev;
    enc first, second;
} trip;

static void start_decoder(trip *t)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    o.relations = t->l.relations ? t->cache : NULL;
    o.binary = t->l.binary;
    o.streaming = true;
    o.loose_order = true;
    ww_decoder_init(&t->decoder, &o);
    if (!t->l.block)
        return;
    enc_clear(&t->first);
    enc_stream_start(&t->first, 1, true);
    CHECK(ww_decode(&t->decoder, enc_slice(&t->first), &t->ev, NULL) == WW_OK);
}

/* The buffer for the next message. */
static enc *write_to(trip *t)
{
    enc_clear(&t->first);
    return &t->first;
}

/* Decodes what was written: the event is of that kind, and encodes to the same bytes. */
static const ww_event *travel(trip *t, char kind)
{
    ww_slice message = enc_slice(&t->first);
    ww_error err;
    if (!CHECK(ww_decode(&t->decoder, message, &t->ev, &err) == WW_OK)) {
        fprintf(stderr, "    %c at %" PRIu64 ": %s\n", kind, err.offset, err.what);
        exit(1);
    }
    CHECK_EQ_U64(t->ev.kind, kind);
    CHECK(event_inside(&t->ev, message));
    enc_clear(&t->second);
    if (enc_event(&t->second, &t->ev))
        CHECK(ww_slice_equal(enc_slice(&t->second), message));
    else
        CHECK(kind == 'R' && !t->l.relations);
    return &t->ev;
}

static void check_tuple(ww_tuple tuple, char kind, const ww_column *row, uint16_t ncols)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column column = enc_null();
    uint16_t i;
    CHECK_EQ_U64(tuple.kind, kind);
    CHECK_EQ_U64(tuple.ncols, ncols);
    for (i = 0; i < ncols; i++) {
        CHECK(ww_tuple_next(&it, &column));
        CHECK_EQ_U64(column.kind, row[i].kind);
        CHECK(ww_slice_equal(column.value, row[i].value));
    }
    CHECK(!ww_tuple_next(&it, &column) && !ww_tuple_next(&it, &column));
}

static void trip_relation(trip *t, const values *v)
{
    const ww_relation *rel;
    uint16_t i;
    enc_relation(write_to(t), v->xid, v->relation, v->name[0], v->name[1], "dnfi"[v->flags],
                 v->columns, v->ncols);
    rel = travel(t, 'R')->relation;
    CHECK((rel != NULL) == t->l.relations);
    CHECK_EQ_U64(t->ev.subxid, v->xid);
    CHECK_EQ_U64(t->ev.relation_id, v->relation);
    if (rel == NULL)
        return;
    CHECK_SLICE(rel->nspname, v->name[0][0] == '\0' ? "pg_catalog" : v->name[0]);
    CHECK_SLICE(rel->relname, v->name[1]);
    CHECK_EQ_U64(rel->replica_identity, "dnfi"[v->flags]);
    for (i = 0; i < v->ncols; i++) {
        CHECK(ww_slice_equal(rel->columns[i].name, v->columns[i].name));
        CHECK_EQ_U64(rel->columns[i].type_oid, v->columns[i].type_oid);
        CHECK(rel->columns[i].typmod == v->columns[i].typmod);
        CHECK_EQ_U64(rel->columns[i].flags, v->columns[i].flags);
    }
}

static void trip_type(trip *t, const values *v)
{
    const ww_event *ev;
    enc_type(write_to(t), v->xid, v->oids[0], v->name[0], v->name[1]);
    ev = travel(t, 'Y');
    CHECK_EQ_U64(ev->subxid, v->xid);
    CHECK_EQ_U64(ev->type.oid, v->oids[0]);
    CHECK_SLICE(ev->type.nspname, v->name[0]);
    CHECK_SLICE(ev->type.typname, v->name[1]);
}

/* Decodes a change of the relation that was described just before. */
static void travel_change(trip *t, const values *v, char kind, char old_kind, char new_kind)
{
    const ww_event *ev = travel(t, kind);
    CHECK_EQ_U64(ev->subxid, v->xid);
    CHECK_EQ_U64(ev->relation_id, v->relation);
    CHECK((ev->relation != NULL) == t->l.relations);
    check_tuple(ev->old_tuple, old_kind, v->old_row, old_kind != 0 ? v->ncols : 0);
    check_tuple(ev->new_tuple, new_kind, v->row, new_kind != 0 ? v->ncols : 0);
}

static void trip_rows(trip *t, const values *v)
{
    enc_insert(write_to(t), v->xid, v->relation, v->row, v->ncols);
    travel_change(t, v, 'I', 0, 'N');
    enc_update(write_to(t), v->xid, v->relation, 0, NULL, v->row, v->ncols);
    travel_change(t, v, 'U', 0, 'N');
    enc_update(write_to(t), v->xid, v->relation, v->old_kind, v->old_row, v->row, v->ncols);
    travel_change(t, v, 'U', v->old_kind, 'N');
    enc_delete(write_to(t), v->xid, v->relation, v->old_kind, v->old_row, v->ncols);
    travel_change(t, v, 'D', v->old_kind, 0);
}

/* Only relations that were described can be truncated: with a cache it is the same one, often. */
static void trip_truncate(trip *t, const values *v)
{
    uint32_t oids[COLUMNS_MAX], count = 1 + random_below(COLUMNS_MAX), i;
    const ww_event *ev;
    for (i = 0; i < count; i++)
        oids[i] = t->l.relations ? v->relation : v->oids[i];
    enc_truncate(write_to(t), v->xid, oids, count, v->flags);
    ev = travel(t, 'T');
    CHECK_EQ_U64(ev->subxid, v->xid);
    CHECK_EQ_U64(ev->truncate.count, count);
    CHECK_EQ_U64(ev->truncate.flags, v->flags);
    for (i = 0; i < count; i++)
        CHECK_EQ_U64(ww_truncate_relation_id(&ev->truncate, i), oids[i]);
}

static void trip_message(trip *t, const values *v)
{
    ww_slice content = { (const uint8_t *)"\0\xff\n\"", random_below(5) };
    bool transactional = t->l.block || v->flags % 2 == 1;
    const ww_event *ev;
    enc_message(write_to(t), v->xid, transactional, v->lsn[0], v->name[0], content);
    ev = travel(t, 'M');
    CHECK_EQ_U64(ev->subxid, v->xid);
    CHECK_EQ_U64(ev->message.flags, transactional);
    CHECK_EQ_U64(ev->message.lsn, v->lsn[0]);
    CHECK_SLICE(ev->message.prefix, v->name[0]);
    CHECK(ww_slice_equal(ev->message.content, content));
}

/* What has the same layout everywhere. */
static void trip_ordinary(trip *t, const values *v)
{
    const ww_event *ev;
    enc_begin(write_to(t), v->lsn[0], v->time[0], v->top_xid);
    ev = travel(t, 'B');
    CHECK_EQ_U64(ev->begin.final_lsn, v->lsn[0]);
    CHECK(ev->begin.commit_time.us == v->time[0]);
    CHECK_EQ_U64(ev->begin.xid, v->top_xid);
    enc_origin(write_to(t), v->lsn[1], v->name[0]);
    ev = travel(t, 'O');
    CHECK_EQ_U64(ev->origin.commit_lsn, v->lsn[1]);
    CHECK_SLICE(ev->origin.name, v->name[0]);
    enc_commit(write_to(t), v->lsn[0], v->lsn[1], v->time[0]);
    ev = travel(t, 'C');
    CHECK_EQ_U64(ev->commit.commit_lsn, v->lsn[0]);
    CHECK_EQ_U64(ev->commit.end_lsn, v->lsn[1]);
    CHECK(ev->commit.commit_time.us == v->time[0]);
}

static void check_prepare(const ww_event *ev, const values *v)
{
    CHECK_EQ_U64(ev->prepare.prepare_lsn, v->lsn[0]);
    CHECK_EQ_U64(ev->prepare.end_lsn, v->lsn[1]);
    CHECK(ev->prepare.prepare_time.us == v->time[0]);
    CHECK_EQ_U64(ev->prepare.xid, v->top_xid);
    CHECK_SLICE(ev->prepare.gid, v->name[1]);
}

static void trip_two_phase(trip *t, const values *v)
{
    const ww_event *ev;
    enc_begin_prepare(write_to(t), v->lsn[0], v->lsn[1], v->time[0], v->top_xid, v->name[1]);
    check_prepare(travel(t, 'b'), v);
    enc_prepare(write_to(t), v->lsn[0], v->lsn[1], v->time[0], v->top_xid, v->name[1]);
    check_prepare(travel(t, 'P'), v);
    enc_stream_prepare(write_to(t), v->lsn[0], v->lsn[1], v->time[0], v->top_xid, v->name[1]);
    check_prepare(travel(t, 'p'), v);
    enc_commit_prepared(write_to(t), v->lsn[0], v->lsn[1], v->time[0], v->top_xid, v->name[1]);
    ev = travel(t, 'K');
    CHECK_EQ_U64(ev->commit_prepared.commit_lsn, v->lsn[0]);
    CHECK_EQ_U64(ev->commit_prepared.end_lsn, v->lsn[1]);
    CHECK(ev->commit_prepared.commit_time.us == v->time[0]);
    CHECK_EQ_U64(ev->commit_prepared.xid, v->top_xid);
    CHECK_SLICE(ev->commit_prepared.gid, v->name[1]);
    enc_rollback_prepared(write_to(t), v->lsn[0], v->lsn[1], v->time[0], v->time[1], v->top_xid,
                          v->name[1]);
    ev = travel(t, 'r');
    CHECK_EQ_U64(ev->rollback_prepared.prepare_end_lsn, v->lsn[0]);
    CHECK_EQ_U64(ev->rollback_prepared.rollback_end_lsn, v->lsn[1]);
    CHECK(ev->rollback_prepared.prepare_time.us == v->time[0]);
    CHECK(ev->rollback_prepared.rollback_time.us == v->time[1]);
    CHECK_EQ_U64(ev->rollback_prepared.xid, v->top_xid);
    CHECK_SLICE(ev->rollback_prepared.gid, v->name[1]);
}

static void trip_streamed(trip *t, const values *v)
{
    const ww_event *ev;
    enc_stream_start(write_to(t), v->top_xid, v->flags % 2 == 1);
    ev = travel(t, 'S');
    CHECK_EQ_U64(ev->stream_start.xid, v->top_xid);
    CHECK(ev->stream_start.first_segment == (v->flags % 2 == 1));
    enc_stream_stop(write_to(t));
    travel(t, 'E');
    enc_stream_commit(write_to(t), v->top_xid, v->lsn[0], v->lsn[1], v->time[0]);
    ev = travel(t, 'c');
    CHECK_EQ_U64(ev->stream_commit.xid, v->top_xid);
    CHECK_EQ_U64(ev->stream_commit.commit_lsn, v->lsn[0]);
    CHECK_EQ_U64(ev->stream_commit.end_lsn, v->lsn[1]);
    CHECK(ev->stream_commit.commit_time.us == v->time[0]);
    enc_stream_abort(write_to(t), v->top_xid, v->other_xid);
    ev = travel(t, 'A');
    CHECK(ev->stream_abort.abort_lsn == 0 && ev->stream_abort.abort_time.us == 0);
    enc_stream_abort_parallel(write_to(t), v->top_xid, v->other_xid, v->lsn[0], v->time[0]);
    ev = travel(t, 'A');
    CHECK_EQ_U64(ev->stream_abort.xid, v->top_xid);
    CHECK_EQ_U64(ev->stream_abort.subxid, v->other_xid);
    CHECK_EQ_U64(ev->stream_abort.abort_lsn, v->lsn[0]);
    CHECK(ev->stream_abort.abort_time.us == v->time[0]);
}

static void round_trips(layout l)
{
    static trip t;
    values v;
    unsigned round;
    memset(&t, 0, sizeof t);
    t.l = l;
    check_alloc_init(&t.alloc, 0);
    t.cache = ww_relcache_open(&t.alloc.alloc, 0);
    for (round = 0; round < ROUNDS; round++) {
        fill_values(&v, &l);
        start_decoder(&t);
        trip_relation(&t, &v);
        trip_type(&t, &v);
        trip_rows(&t, &v);
        trip_truncate(&t, &v);
        trip_message(&t, &v);
        trip_ordinary(&t, &v);
        trip_two_phase(&t, &v);
        trip_streamed(&t, &v);
    }
    ww_relcache_close(t.cache);
    CHECK_EQ_U64(t.alloc.live_bytes, 0);
    enc_free(&t.first);
    enc_free(&t.second);
}

static void every_message_in_every_layout(void)
{
    unsigned i;
    for (i = 0; i < 8; i++) {
        const layout l = { (i & 1) != 0, (i & 2) != 0, (i & 4) != 0 };
        round_trips(l);
    }
}

int main(void)
{
    RUN(every_message_in_every_layout);
    return check_report();
}
