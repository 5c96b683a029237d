/* SPDX-License-Identifier: MIT */
/* Streamed transactions, case by case: handed out at their commit as if they had never been
 * streamed. test_stream_sim.c plays random histories. */
#include "rig.h"

/* ---- assembly ------------------------------------------------------------------------------- */

static void nothing_before_the_commit(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, "a", "x");
    block(&r, 7, false, 7, NULL, "y");
    CHECK_EQ_U64(r.l.len, 0);
    CHECK_EQ_U64(ww_stream_open_streams(&r.l.f.s), 1);
    CHECK_EQ_U64(r.spool.open, 1);
    CHECK(commit(&r, 7, 0x110) == WW_MORE);
    LOG(&r, "B7 R1(a) I1(a)=x#1 I1(a)=y#2 C110");
    CHECK_EQ_U64(ww_stream_open_streams(&r.l.f.s), 0);
    CHECK_EQ_U64(r.spool.open, 0);
    CHECK_EQ_U64(r.l.f.s.counters.spooled_messages, 3);
    CHECK_EQ_U64(r.l.f.s.counters.streams_committed, 1);
    rig_fini(&r);
}

static void check_common(const ww_event *ev, ww_lsn final_lsn)
{
    CHECK_EQ_U64(ev->xid, 7);
    CHECK_EQ_U64(ev->final_lsn, final_lsn);
    CHECK_EQ_U64(ev->commit_time.us, 9);
    CHECK_EQ_U64(ev->sent_at.us, 77);
    CHECK_EQ_U64(ev->subxid, 0);
}

/* Every member is what an ordinary transaction would have had. */
static void events_have_their_places(void)
{
    rig r;
    feed *f = &r.l.f;
    rig_init(&r, true);
    block(&r, 7, true, 8, "a", "x");
    enc_stream_commit(&f->message, 7, 0x100, 0x110, 9);
    CHECK(feed_wal(f, 0x110) == WW_OK);
    CHECK(!ww_stream_replaying(&f->s));
    CHECK(feed_next(f) == WW_OK);
    CHECK(ww_stream_replaying(&f->s));
    CHECK(ww_stream_in_transaction(&f->s));
    CHECK(!ww_stream_idle(&f->s));
    CHECK(f->ev.kind == WW_EV_BEGIN);
    check_common(&f->ev, 0x100);
    CHECK_EQ_U64(f->ev.begin.xid, 7);
    CHECK_EQ_U64(f->ev.begin.final_lsn, 0x100);
    CHECK_EQ_U64(f->ev.begin.commit_time.us, 9);
    CHECK_EQ_U64(f->ev.wal_lsn, 0x10); /* of the first Stream Start: the transaction's first */
    CHECK(ww_stream_input(&f->s, enc_slice(&f->copy), f->now, NULL) == WW_ERR_USAGE);
    CHECK(feed_next(f) == WW_OK);
    CHECK(f->ev.kind == WW_EV_RELATION);
    check_common(&f->ev, 0x100);
    CHECK_EQ_U64(f->ev.wal_lsn, 0);
    CHECK(feed_next(f) == WW_OK);
    CHECK(f->ev.kind == WW_EV_INSERT);
    check_common(&f->ev, 0x100);
    CHECK_EQ_U64(f->ev.wal_lsn, 0x20);
    CHECK_EQ_U64(f->ev.ordinal, 1);
    CHECK(f->ev.relation == ww_relcache_find(r.relations, 1));
    CHECK(ww_stream_replaying(&f->s));
    CHECK(feed_next(f) == WW_OK);
    CHECK(f->ev.kind == WW_EV_COMMIT);
    check_common(&f->ev, 0x100);
    CHECK_EQ_U64(f->ev.wal_lsn, 0x110);
    CHECK_EQ_U64(f->ev.commit.commit_lsn, 0x100);
    CHECK_EQ_U64(f->ev.commit.end_lsn, 0x110);
    CHECK_EQ_U64(f->ev.commit.commit_time.us, 9);
    CHECK(!ww_stream_replaying(&f->s));
    CHECK(!ww_stream_in_transaction(&f->s));
    CHECK(!ww_stream_idle(&f->s));
    CHECK(feed_next(f) == WW_MORE);
    CHECK(feed_confirm(f, 0x110) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x110);
    rig_fini(&r);
}

static void stream_prepare_is_a_prepared_transaction(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, "a", "x");
    CHECK(prepare(&r, 7, 0x110) == WW_MORE);
    LOG(&r, "bgid R1(a) I1(a)=x#1 Pgid110");
    enc_commit_prepared(&r.l.f.message, 0x200, 0x210, 9, 7, "gid");
    CHECK(log_wal(&r.l, 0x210) == WW_MORE);
    LOG(&r, "Kgid210");
    CHECK_EQ_U64(r.l.f.s.counters.unknown_prepared, 0);
    CHECK(feed_confirm(&r.l.f, 0x110) == WW_OK);
    CHECK(feed_confirm(&r.l.f, 0x210) == WW_OK);
    rig_fini(&r);
}

static void empty_streams(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, NULL, NULL);
    CHECK_EQ_U64(r.spool.open, 0);
    CHECK(commit(&r, 7, 0x110) == WW_MORE);
    LOG(&r, "B7 C110");
    block(&r, 8, true, 8, NULL, NULL);
    CHECK(prepare(&r, 8, 0x210) == WW_MORE);
    LOG(&r, "bgid Pgid210");
    block(&r, 9, true, 9, NULL, NULL);
    CHECK(roll_back(&r, 9, 9) == WW_MORE);
    CHECK_EQ_U64(r.l.len, 0);
    rig_fini(&r);
}

static void everything_that_a_block_can_hold(void)
{
    static const uint32_t ids[] = { 1 };
    rig r;
    ww_column one = enc_text("x");
    rig_init(&r, true);
    start(&r, 7, true);
    enc_origin(&r.l.f.message, 0, "org");
    log_wal(&r.l, 0);
    enc_type(&r.l.f.message, 7, 20000, "public", "mood");
    log_wal(&r.l, 0);
    relation(&r, 7, 1, "a");
    insert(&r, 7, 1, "x");
    enc_update(&r.l.f.message, 8, 1, 'K', &one, &one, 1);
    log_wal(&r.l, 0x20);
    enc_delete(&r.l.f.message, 7, 1, 'O', &one, 1);
    log_wal(&r.l, 0x20);
    enc_truncate(&r.l.f.message, 7, ids, 1, 0);
    log_wal(&r.l, 0x20);
    message(&r, 7, "hi");
    CHECK(stop(&r) == WW_MORE);
    CHECK_EQ_U64(r.l.len, 0);
    CHECK(commit(&r, 7, 0x110) == WW_MORE);
    LOG(&r, "B7 Oorg Y20000 R1(a) I1(a)=x#1 U1(a)=x#2 D1(a)=x#3 T#4 Mhi#5 C110");
    rig_fini(&r);
}

/* In commit order, whatever began first; ordinary ones between. */
static void interleaved(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, "a", "7.1");
    block(&r, 8, true, 8, "a", "8.1");
    block(&r, 7, false, 7, NULL, "7.2");
    ordinary(&r, 20, 0x110, "a", "20");
    LOG(&r, "B20 R1(a) I1(a)=20#1 C110");
    enc_message(&r.l.f.message, 0, false, 0x118, "p", ww_slice_of("now"));
    log_wal(&r.l, 0x118);
    LOG(&r, "Mnow");
    block(&r, 8, false, 8, NULL, "8.2");
    commit(&r, 8, 0x210);
    LOG(&r, "B8 R1(a) I1(a)=8.1#1 I1(a)=8.2#2 C210");
    ordinary(&r, 21, 0x310, NULL, "21");
    LOG(&r, "B21 I1(a)=21#1 C310");
    commit(&r, 7, 0x410);
    LOG(&r, "B7 R1(a) I1(a)=7.1#1 I1(a)=7.2#2 C410");
    rig_fini(&r);
}

/* HOSTILE E20, go-pq-cdc #166: only that sub-transaction, not all of it. */
static void savepoints(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, "a", "kept");
    block(&r, 7, false, 8, NULL, "kept too");
    block(&r, 7, false, 9, NULL, "gone");
    block(&r, 7, false, 10, NULL, "gone, inside 9");
    block(&r, 7, false, 9, NULL, "gone again");
    roll_back(&r, 7, 10);
    roll_back(&r, 7, 9);
    block(&r, 7, false, 11, "a", "after");
    block(&r, 7, false, 7, NULL, "end");
    commit(&r, 7, 0x110);
    LOG(&r, "B7 R1(a) I1(a)=kept#1 I1(a)=kept too#2 R1(a) I1(a)=after#3 I1(a)=end#4 C110");
    CHECK_EQ_U64(r.l.f.s.counters.aborted_messages, 3);

    block(&r, 12, true, 12, "a", "x");
    block(&r, 12, false, 13, NULL, "y");
    roll_back(&r, 12, 12);
    CHECK_EQ_U64(r.spool.open, 0);
    CHECK_EQ_U64(r.l.f.s.counters.streams_aborted, 1);
    CHECK_EQ_U64(r.l.len, 0);

    block(&r, 14, true, 15, "a", "all of it gone");
    roll_back(&r, 14, 15);
    commit(&r, 14, 0x210);
    LOG(&r, "B14 C210");
    rig_fini(&r);
}

/* In any order, and as many as one likes. */
static void many_aborts(void)
{
    enum { COUNT = 1000 };
    rig r;
    uint32_t i;
    char want[64];
    rig_init(&r, true);
    block(&r, 7, true, 7, "a", "first");
    for (i = 0; i < COUNT; i++)
        block(&r, 7, false, 100 + i, NULL, "x");
    for (i = 0; i < COUNT; i++)
        if (i != 500)
            roll_back(&r, 7, 100 + i * 7 % COUNT);
    commit(&r, 7, 0x110);
    snprintf(want, sizeof want, "B7 R1(a) I1(a)=first#1 I1(a)=x#2 C110");
    LOG(&r, want);
    CHECK_EQ_U64(r.l.f.s.counters.aborted_messages, COUNT - 1);
    rig_fini(&r);
}

/* A transactional message carries the top-level xid. Between the first row of a sub-transaction and
 * its abort it is that one's; before, it may be anybody's and is kept. */
static void messages_of_aborted_sub_transactions(void)
{
    rig r;
    rig_init(&r, true);
    start(&r, 7, true);
    relation(&r, 7, 1, "a");
    message(&r, 7, "kept");
    insert(&r, 8, 1, "x");
    message(&r, 7, "gone");
    stop(&r);
    roll_back(&r, 7, 8);
    start(&r, 7, false);
    message(&r, 7, "after");
    insert(&r, 9, 1, "y");
    message(&r, 7, "of 9, which stays");
    insert(&r, 10, 1, "z");
    message(&r, 7, "gone too");
    stop(&r);
    roll_back(&r, 7, 10);
    commit(&r, 7, 0x110);
    LOG(&r, "B7 R1(a) Mkept#1 Mafter#2 I1(a)=y#3 Mof 9, which stays#4 C110");

    start(&r, 20, true); /* one inside the other */
    relation(&r, 20, 1, "a");
    insert(&r, 21, 1, "x");
    insert(&r, 22, 1, "x");
    stop(&r);
    roll_back(&r, 20, 22);
    start(&r, 20, false);
    message(&r, 20, "of 21");
    stop(&r);
    roll_back(&r, 20, 21);
    start(&r, 20, false);
    message(&r, 20, "after");
    stop(&r);
    commit(&r, 20, 0x210);
    LOG(&r, "B20 R1(a) Mafter#1 C210");
    rig_fini(&r);
}

/* Its LSN stands where others have their xid. */
static void origins_are_never_of_a_sub_transaction(void)
{
    rig r;
    rig_init(&r, true);
    start(&r, 7, true);
    enc_origin(&r.l.f.message, UINT64_C(8) << 32, "org");
    CHECK(log_wal(&r.l, 0) == WW_MORE);
    stop(&r);
    roll_back(&r, 7, 8);
    commit(&r, 7, 0x110);
    LOG(&r, "B7 Oorg C110");
    rig_fini(&r);
}

/* ---- relations ------------------------------------------------------------------------------ */

/* A streamed transaction's own DDL is seen by itself, and by others once it has committed. */
static void own_ddl(void)
{
    rig r;
    rig_init(&r, true);
    ordinary(&r, 20, 0x110, "old", "1");
    LOG(&r, "B20 R1(old) I1(old)=1#1 C110");
    block(&r, 7, true, 7, "new", "2");
    ordinary(&r, 21, 0x210, NULL, "3");
    LOG(&r, "B21 I1(old)=3#1 C210");
    commit(&r, 7, 0x310);
    LOG(&r, "B7 R1(new) I1(new)=2#1 C310");
    ordinary(&r, 22, 0x410, NULL, "4"); /* 14-18: without a new Relation */
    LOG(&r, "B22 I1(new)=4#1 C410");
    rig_fini(&r);
}

static void aborted_ddl(void)
{
    rig r;
    rig_init(&r, true);
    ordinary(&r, 20, 0x110, "old", "1");
    block(&r, 7, true, 7, "new", "2");
    roll_back(&r, 7, 7);
    log_take(&r.l);
    ordinary(&r, 21, 0x210, NULL, "3");
    LOG(&r, "B21 I1(old)=3#1 C210");

    block(&r, 8, true, 8, "old", "4"); /* in a sub-transaction: the server describes it again */
    block(&r, 8, false, 9, "new", "5");
    roll_back(&r, 8, 9);
    block(&r, 8, false, 8, "old", "6");
    commit(&r, 8, 0x310);
    LOG(&r, "B8 R1(old) I1(old)=4#1 R1(old) I1(old)=6#2 C310");
    rig_fini(&r);
}

/* A definition that arrived after the stored one stays in force when that is replayed. */
static void newer_definitions_are_put_back(void)
{
    rig r;
    rig_init(&r, true);
    ordinary(&r, 20, 0x110, "one", "1");
    block(&r, 7, true, 7, "one", "2");
    ordinary(&r, 21, 0x210, "two", "3");
    log_take(&r.l);
    commit(&r, 7, 0x310);
    LOG(&r, "B7 R1(one) I1(one)=2#1 R1(two) C310");
    ordinary(&r, 22, 0x410, NULL, "4");
    LOG(&r, "B22 I1(two)=4#1 C410");

    block(&r, 8, true, 8, "one", "5"); /* and its own later one is newer still */
    ordinary(&r, 23, 0x510, "three", "6");
    block(&r, 8, false, 8, "four", "7");
    log_take(&r.l);
    commit(&r, 8, 0x610);
    LOG(&r, "B8 R1(one) I1(one)=5#1 R1(four) I1(four)=7#2 C610");
    ordinary(&r, 24, 0x710, NULL, "8");
    LOG(&r, "B24 I1(four)=8#1 C710");

    block(&r, 9, true, 9, "four", "9"); /* equal ones change nothing */
    ordinary(&r, 25, 0x810, "four", "10");
    log_take(&r.l);
    commit(&r, 9, 0x910);
    LOG(&r, "B9 R1(four) I1(four)=9#1 C910");
    rig_fini(&r);
}

/* The same between two streamed ones: what counts is when they were described, not when they
 * commit. */
static void definitions_of_two_streams(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, "one", "1");
    block(&r, 8, true, 8, "two", "2");
    commit(&r, 8, 0x110);
    LOG(&r, "B8 R1(two) I1(two)=2#1 C110");
    commit(&r, 7, 0x210);
    LOG(&r, "B7 R1(one) I1(one)=1#1 R1(two) C210");
    ordinary(&r, 20, 0x310, NULL, "3");
    LOG(&r, "B20 I1(two)=3#1 C310");
    rig_fini(&r);
}

/* What was known of one relation is not lost when many others come. */
static void newer_definitions_among_many(void)
{
    rig r;
    uint32_t i;
    rig_init(&r, true);
    ordinary(&r, 20, 0x110, "one", "1");
    block(&r, 7, true, 7, "one", "2");
    ordinary(&r, 21, 0x210, "two", "3");
    enc_begin(&r.l.f.message, 0x300, 9, 22);
    log_wal(&r.l, 0x20);
    for (i = 2; i < 100; i++)
        relation(&r, 0, i, "x");
    enc_commit(&r.l.f.message, 0x300, 0x310, 9);
    log_wal(&r.l, 0x310);
    log_take(&r.l);
    commit(&r, 7, 0x410);
    LOG(&r, "B7 R1(one) I1(one)=2#1 R1(two) C410");
    rig_fini(&r);
}

static void describe(rig *r, uint32_t xid, const char *second)
{
    ww_relation_column columns[2];
    columns[0] = enc_column("id", 23, true);
    columns[1] = enc_column(second, 1043, false);
    columns[1].typmod = 104;
    enc_relation(&r->l.f.message, xid, 5, "", "pg_t", 'i', columns, 2);
    CHECK(log_wal(&r->l, 0) == WW_MORE);
}

static bool describe_in_transaction(rig *r, ww_lsn end, const char *second)
{
    bool changed;
    enc_begin(&r->l.f.message, end - 0x10, 9, 30);
    log_wal(&r->l, 0x20);
    describe(r, 0, second);
    changed = r->l.f.ev.relation_changed;
    enc_commit(&r->l.f.message, end - 0x10, end, 9);
    log_wal(&r->l, end);
    return changed;
}

/* To the last byte: when the server says it again, nothing has changed. */
static void what_is_put_back_is_the_same(void)
{
    unsigned assemble;
    for (assemble = 0; assemble < 2; assemble++) {
        rig r;
        rig_init(&r, assemble != 0);
        CHECK(describe_in_transaction(&r, 0x110, "one"));
        start(&r, 7, true);
        describe(&r, 7, "two");
        stop(&r);
        if (assemble != 0) {
            CHECK(describe_in_transaction(&r, 0x210, "three"));
            commit(&r, 7, 0x310);
        }
        CHECK(!describe_in_transaction(&r, 0x410, assemble != 0 ? "three" : "one"));
        rig_fini(&r);
    }
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void unknown_streams(void)
{
    unsigned assemble, i;
    for (assemble = 0; assemble < 2; assemble++)
        for (i = 0; i < 4; i++) {
            rig r;
            rig_init(&r, assemble != 0);
            if (i == 0)
                CHECK(start(&r, 7, false) == WW_ERR_PROTOCOL);
            if (i == 1)
                CHECK(commit(&r, 7, 0x110) == WW_ERR_PROTOCOL);
            if (i == 2)
                CHECK(prepare(&r, 7, 0x110) == WW_ERR_PROTOCOL);
            if (i == 3) {
                block(&r, 7, true, 7, NULL, NULL);
                CHECK(start(&r, 7, true) == WW_ERR_PROTOCOL);
            }
            CHECK_EQ_U64(ww_stream_error(&r.l.f.s)->offset, 1);
            CHECK(ww_stream_error(&r.l.f.s)->msg_type == "ScpS"[i]);
            rig_fini(&r);
        }
}

static void stray_aborts(void)
{
    unsigned assemble;
    for (assemble = 0; assemble < 2; assemble++) {
        rig r;
        rig_init(&r, assemble != 0);
        CHECK(roll_back(&r, 7, 7) == WW_MORE);
        CHECK(roll_back(&r, 7, 8) == WW_MORE);
        CHECK_EQ_U64(r.l.len, 0);
        CHECK_EQ_U64(r.l.f.s.counters.stray_stream_aborts, 2);
        rig_fini(&r);
    }
}

/* Each message is checked on arrival, before the transaction may turn out to be rolled back ... */
static void broken_messages_in_blocks(void)
{
    rig r;
    rig_init(&r, true);
    start(&r, 7, true);
    enc_hex(&r.l.f.message, "49 00000007 00000001 4e 0001 74 00000005 31");
    CHECK(log_wal(&r.l, 0x20) == WW_ERR_DECODE);
    rig_fini(&r);
    rig_init(&r, true);
    start(&r, 7, true);
    enc_begin(&r.l.f.message, 0x100, 9, 8);
    CHECK(log_wal(&r.l, 0x20) == WW_ERR_DECODE);
    rig_fini(&r);
}

/* ... and what depends on relations at the replay. */
static void broken_rows_at_the_replay(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, NULL, "unknown relation");
    CHECK(commit(&r, 7, 0x110) == WW_ERR_DECODE);
    LOG(&r, "B7");
    CHECK(feed_confirm(&r.l.f, 0x110) == WW_ERR_USAGE);
    rig_fini(&r);
}

static void order_holds_across_streams(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, "a", "x");
    ordinary(&r, 20, 0x210, "a", "1");
    CHECK(commit(&r, 7, 0x110) == WW_ERR_GAP);
    rig_fini(&r);
}

/* ---- acknowledgement ------------------------------------------------------------------------ */

static void open_streams_do_not_block_idle_advance(void)
{
    rig r;
    feed *f = &r.l.f;
    rig_init(&r, true);
    start(&r, 7, true);
    relation(&r, 7, 1, "a");
    CHECK(feed_keepalive(f, 0x80, false) == WW_OK); /* in the middle of a block, too */
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x80);
    insert(&r, 7, 1, "x");
    stop(&r);
    CHECK(ww_stream_idle(&f->s));
    CHECK(feed_keepalive(f, 0x90, false) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x90);
    commit(&r, 7, 0x110);
    CHECK(feed_keepalive(f, 0x190, false) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x90);
    CHECK(feed_confirm(f, 0x110) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x190);
    rig_fini(&r);
}

/* ---- limits, memory, spools that fail ------------------------------------------------------- */

static void limits(void)
{
    rig r;
    rig_prepare(&r, true);
    r.l.f.config.max_streams = 20;
    r.l.f.config.max_stream_aborts = 3;
    feed_start(&r.l.f);
    {
        uint32_t xid;
        for (xid = 1; xid <= 20; xid++)
            block(&r, xid, true, xid, NULL, "x");
        roll_back(&r, 20, 20);
        block(&r, 21, true, 21, NULL, "x");
        CHECK(start(&r, 22, true) == WW_ERR_LIMIT);
        CHECK_TEXT(ww_stream_error(&r.l.f.s)->subject, "max_streams");
    }
    rig_fini(&r);

    rig_prepare(&r, true);
    r.l.f.config.max_stream_aborts = 3;
    feed_start(&r.l.f);
    block(&r, 7, true, 7, NULL, "x");
    block(&r, 8, true, 8, NULL, "x");
    CHECK(roll_back(&r, 7, 100) == WW_MORE);
    CHECK(roll_back(&r, 7, 101) == WW_MORE);
    CHECK(roll_back(&r, 8, 102) == WW_MORE);
    CHECK(roll_back(&r, 7, 7) == WW_MORE); /* gives two back */
    CHECK(roll_back(&r, 8, 103) == WW_MORE);
    CHECK(roll_back(&r, 8, 104) == WW_MORE);
    CHECK(roll_back(&r, 8, 105) == WW_ERR_LIMIT);
    CHECK_TEXT(ww_stream_error(&r.l.f.s)->subject, "max_stream_aborts");
    rig_fini(&r);
}

/* What a kept definition takes: found by trying. */
static void limit_of_kept_definitions(void)
{
    size_t bytes;
    for (bytes = 1;; bytes++) {
        rig r;
        ww_status status;
        rig_prepare(&r, true);
        r.l.f.config.max_stream_relations = bytes;
        feed_start(&r.l.f);
        block(&r, 7, true, 7, "one", "1");
        ordinary(&r, 20, 0x110, "two", "2");
        status = commit(&r, 7, 0x210);
        if (status == WW_MORE) { /* what was put back does not count any more */
            block(&r, 8, true, 8, "two", "3");
            ordinary(&r, 21, 0x310, "one", "4");
            CHECK(commit(&r, 8, 0x410) == WW_MORE);
        }
        if (status != WW_MORE) {
            CHECK(status == WW_ERR_LIMIT);
            CHECK_TEXT(ww_stream_error(&r.l.f.s)->subject, "max_stream_relations");
        }
        rig_fini(&r);
        if (status == WW_MORE)
            break;
    }
    CHECK(bytes > 40 && bytes < 200);
}

static void many_streams(void)
{
    enum { COUNT = 5000 };
    rig r;
    uint32_t i;
    uint64_t handed_out = 0;
    rig_init(&r, true);
    r.l.f.config.max_streams = COUNT;
    for (i = 1; i <= COUNT; i++) {
        uint32_t xid = i * UINT32_C(2654435761);
        block(&r, xid, true, xid, i == 1 ? "a" : NULL, "x");
    }
    CHECK_EQ_U64(ww_stream_open_streams(&r.l.f.s), COUNT);
    for (i = 2; i <= COUNT; i += 2)
        CHECK(roll_back(&r, i * UINT32_C(2654435761), i * UINT32_C(2654435761)) == WW_MORE);
    for (i = 1; i <= COUNT; i += 2) {
        CHECK(commit(&r, i * UINT32_C(2654435761), 0x100 * (ww_lsn)i) == WW_MORE);
        handed_out += strstr(log_take(&r.l), "=x#1 C") != NULL;
    }
    CHECK_EQ_U64(handed_out, COUNT / 2);
    CHECK_EQ_U64(ww_stream_open_streams(&r.l.f.s), 0);
    rig_fini(&r);
}

static void runs_out_of_memory(void)
{
    size_t fail_at;
    for (fail_at = 1;; fail_at++) {
        rig r;
        rig_prepare(&r, true); /* the cache is there already: what it does is its own test */
        r.l.f.alloc.calls = 0;
        r.l.f.alloc.fail_at = fail_at;
        if (busy(&r) == 20 && r.l.f.alloc.calls < fail_at) {
            rig_fini(&r);
            break;
        }
        CHECK(r.l.f.err.status == WW_ERR_NOMEM ||
              ww_stream_error(&r.l.f.s)->status == WW_ERR_NOMEM);
        rig_fini(&r);
    }
    CHECK(fail_at > 20);
}

static void spools_fail(void)
{
    size_t fail_at;
    for (fail_at = 1;; fail_at++) {
        rig r;
        ww_status want = fail_at % 2 != 0 ? WW_ERR_LIMIT : WW_ERR_IO;
        rig_prepare(&r, true);
        r.spool.fail_at = fail_at;
        r.spool.fail_with = want;
        if (busy(&r) == 20 && r.spool.calls < fail_at) {
            rig_fini(&r);
            break;
        }
        CHECK(ww_stream_error(&r.l.f.s)->status == want);
        CHECK_EQ_U64(ww_stream_flush(&r.l.f.s), 0); /* nothing is acknowledged */
        rig_fini(&r);
    }
    CHECK(fail_at > 120);
}

static void damaged_records(void)
{
    size_t lost;
    for (lost = 0; lost < 60; lost++) {
        rig r;
        rig_init(&r, true);
        block(&r, 7, true, 8, "a", "x");
        roll_back(&r, 7, 9);
        r.spool.lost = lost;
        commit(&r, 7, 0x110);
        CHECK((r.l.status == WW_MORE) == (lost == 0));
        CHECK(lost == 0 || r.l.status == WW_ERR_DECODE || r.l.status == WW_ERR_IO);
        CHECK(strstr(log_take(&r.l), lost == 0 ? "C110" : "B7") != NULL);
        rig_fini(&r);
    }
}

int main(void)
{
    RUN(nothing_before_the_commit);
    RUN(events_have_their_places);
    RUN(stream_prepare_is_a_prepared_transaction);
    RUN(empty_streams);
    RUN(everything_that_a_block_can_hold);
    RUN(interleaved);
    RUN(savepoints);
    RUN(many_aborts);
    RUN(messages_of_aborted_sub_transactions);
    RUN(origins_are_never_of_a_sub_transaction);
    RUN(own_ddl);
    RUN(aborted_ddl);
    RUN(newer_definitions_are_put_back);
    RUN(definitions_of_two_streams);
    RUN(newer_definitions_among_many);
    RUN(what_is_put_back_is_the_same);
    RUN(unknown_streams);
    RUN(stray_aborts);
    RUN(broken_messages_in_blocks);
    RUN(broken_rows_at_the_replay);
    RUN(order_holds_across_streams);
    RUN(open_streams_do_not_block_idle_advance);
    RUN(limits);
    RUN(limit_of_kept_definitions);
    RUN(many_streams);
    RUN(runs_out_of_memory);
    RUN(spools_fail);
    RUN(damaged_records);
    return check_report();
}
