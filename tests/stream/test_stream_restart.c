/* SPDX-License-Identifier: MIT */
/* test_stream_restart.c: a stream that is started again in the middle: whatever event was the last
 * one, the rest is as if there had been no restart; what was handed out can be confirmed; what does
 * not fit together is a gap. */
#include "rig.h"

/* ---- a server that sends four transactions, again if asked to -------------------------------- */

enum { TRANSACTIONS = 4, ROWS = 3 };

typedef struct player {
    rig r;
    size_t left;      /* events to take before the stream is cut */
    size_t messages;  /* messages to be sent before it is */
    bool streamed;    /* how transactions are sent */
    bool described;   /* in this session */
    bool refuses;     /* the last change that is taken before the cut */
    char all[2048];   /* what came out, without relations */
} player;

static void take(player *p, ww_lsn lsn)
{
    feed *f = &p->r.l.f;
    if (p->left == 0 || p->messages == 0) {
        enc_clear(&f->message);
        return;
    }
    p->messages--;
    CHECK(feed_wal(f, lsn) == WW_OK);
    while (p->left > 0 && (p->r.l.status = feed_next(f)) == WW_OK) {
        if (--p->left == 0 && p->refuses && f->ev.ordinal > 0)
            ww_stream_give_back(&f->s, &f->ev);
        else
            log_event(&p->r.l, &f->ev);
    }
    if (p->left > 0)
        CHECK(p->r.l.status == WW_MORE);
}

static void describe(player *p, uint32_t xid)
{
    ww_relation_column c = enc_column("a", 25, true);
    enc_relation(&p->r.l.f.message, xid, 1, "public", "t", 'd', &c, 1);
    take(p, 0);
}

static void send_changes(player *p, uint32_t xid, uint32_t subxid)
{
    feed *f = &p->r.l.f;
    char value[8];
    int i;
    if (!p->described || p->streamed)
        describe(p, subxid);
    p->described = true;
    for (i = 0; i < ROWS; i++) {
        ww_column c;
        snprintf(value, sizeof value, "%u.%d", (unsigned)xid, i);
        c = enc_text(value);
        enc_insert(&f->message, subxid, 1, &c, 1);
        take(p, 0x20);
        if (i == 1)
            describe(p, subxid); /* as servers do for no reason that can be seen */
    }
    enc_message(&f->message, subxid, true, 0x20, "p", ww_slice_of("m"));
    take(p, 0x20);
}

static void send_transaction(player *p, uint32_t xid, ww_lsn end)
{
    feed *f = &p->r.l.f;
    if (p->streamed) {
        enc_stream_start(&f->message, xid, true);
        take(p, 0x10);
        enc_origin(&f->message, 0, "o");
        take(p, 0x10);
        send_changes(p, xid, xid);
        enc_stream_stop(&f->message);
        take(p, 0x10);
        enc_stream_commit(&f->message, xid, end - 0x10, end, 9);
        take(p, end);
        return;
    }
    enc_begin(&f->message, end - 0x10, 9, xid);
    take(p, 0x20);
    enc_origin(&f->message, end - 0x10, "o");
    take(p, 0);
    send_changes(p, xid, 0);
    enc_commit(&f->message, end - 0x10, end, 9);
    take(p, end);
}

/* What commits behind `from`. */
static void play(player *p, ww_lsn from)
{
    uint32_t i;
    p->described = false;
    for (i = 0; i < TRANSACTIONS; i++) {
        ww_lsn end = 0x110 + 0x100 * (ww_lsn)i;
        if (end > from)
            send_transaction(p, 20 + i, end);
    }
}

/* Adds what was logged to p->all, but for relations, which may come again. */
static void collect(player *p)
{
    const char *text = log_take(&p->r.l);
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        size_t at = strlen(p->all);
        if (*text != 'R')
            snprintf(p->all + at, sizeof p->all - at, "%.*s ", (int)len, text);
        text += len + (text[len] == ' ');
    }
}

static void open_player(player *p, bool streamed)
{
    memset(p, 0, sizeof *p);
    rig_init(&p->r, true);
    p->messages = SIZE_MAX;
    p->streamed = streamed;
}

static ww_status again(player *p)
{
    return ww_stream_restart(&p->r.l.f.s, false, p->r.l.f.now, &p->r.l.f.err);
}

static void confirm_all(player *p)
{
    int i;
    for (i = 0; i < TRANSACTIONS; i++)
        CHECK(feed_confirm(&p->r.l.f, 0x110 + 0x100 * (ww_lsn)i) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&p->r.l.f.s), 0x110 + 0x100 * (TRANSACTIONS - 1));
    CHECK(ww_stream_idle(&p->r.l.f.s));
}

static void play_whole(player *p, bool streamed)
{
    open_player(p, streamed);
    p->left = SIZE_MAX;
    play(p, 0);
    collect(p);
    rig_fini(&p->r);
}

/* Cut after `first` events, and after `second` messages more: perhaps of those that came before. */
static size_t play_cut(const player *whole, size_t first, size_t second, bool before, bool after,
                       bool refuses)
{
    player p;
    size_t unused;
    open_player(&p, before);
    p.refuses = refuses;
    p.left = first;
    play(&p, 0);
    unused = p.left;
    CHECK(again(&p) == WW_OK);
    p.streamed = after;
    p.left = SIZE_MAX;
    p.messages = second;
    play(&p, ww_stream_restart_lsn(&p.r.l.f.s));
    CHECK(again(&p) == WW_OK);
    p.messages = SIZE_MAX;
    play(&p, ww_stream_restart_lsn(&p.r.l.f.s));
    collect(&p);
    CHECK_TEXT(p.all, whole->all);
    confirm_all(&p);
    rig_fini(&p.r);
    return unused;
}

static void nothing_is_lost_or_comes_twice(void)
{
    player whole, streamed;
    size_t first, second;
    int way;
    play_whole(&whole, false);
    play_whole(&streamed, true);
    CHECK_TEXT(streamed.all, whole.all);
    CHECK(strlen(whole.all) > 200);
    for (way = 0; way < 8; way++)
        for (first = 0; first < 40; first++)
            for (second = 0; second < 12; second += 1 + (first & 1))
                play_cut(&whole, first, second, (way & 1) != 0, (way & 2) != 0, (way & 4) != 0);
    CHECK(play_cut(&whole, 100, 0, false, false, false) > 60); /* so 40 are more than there are */
}

/* ---- what is kept --------------------------------------------------------------------------- */

static void what_was_handed_out_can_be_confirmed(void)
{
    feed_status told;
    rig r;
    feed *f = &r.l.f;
    rig_init(&r, true);
    ordinary(&r, 20, 0x110, "a", "1");
    ordinary(&r, 21, 0x210, NULL, "2");
    CHECK(feed_confirm(f, 0x110) == WW_OK);
    enc_begin(&f->message, 0x300, 9, 22);
    log_wal(&r.l, 0x20);
    CHECK_EQ_U64(ww_stream_restart_lsn(&f->s), 0x210);
    CHECK(ww_stream_restart(&f->s, false, f->now, &f->err) == WW_OK);
    CHECK(ww_stream_in_transaction(&f->s) && !ww_stream_idle(&f->s));
    CHECK(ww_relcache_find(r.relations, 1) == NULL);
    CHECK(feed_keepalive(f, 0x280, true) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x110); /* 0x210 is not durable */
    CHECK(feed_confirm(f, 0x210) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x210); /* 22 is open still */
    CHECK(!ww_stream_idle(&f->s));
    CHECK(feed_feedback(f, &told));
    CHECK(told.flush == 0x210 && told.write == 0x280);
    log_take(&r.l);
    ordinary(&r, 22, 0x310, "a", "3");
    LOG(&r, "R1(a) I1(a)=3#1 C310");
    CHECK(feed_confirm(f, 0x310) == WW_OK);
    CHECK(feed_keepalive(f, 0x380, false) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x380);
    rig_fini(&r);
}

static void binary_is_as_told(void)
{
    ww_column c = enc_text("1");
    rig r;
    feed *f = &r.l.f;
    c.kind = WW_COLUMN_BINARY;
    rig_prepare(&r, true);
    f->config.binary = true;
    CHECK(feed_start(f) == WW_OK);
    enc_begin(&f->message, 0x100, 9, 20);
    log_wal(&r.l, 0x20);
    relation(&r, 0, 1, "a");
    enc_insert(&f->message, 0, 1, &c, 1);
    CHECK(log_wal(&r.l, 0x20) == WW_MORE);
    CHECK(ww_stream_restart(&f->s, false, f->now, NULL) == WW_OK);
    enc_begin(&f->message, 0x100, 9, 20);
    CHECK(log_wal(&r.l, 0x20) == WW_MORE);
    relation(&r, 0, 1, "a");
    enc_insert(&f->message, 0, 1, &c, 1);
    CHECK(log_wal(&r.l, 0x20) == WW_ERR_DECODE);
    CHECK(ww_stream_restart(&f->s, true, f->now, &f->err) == WW_ERR_DECODE);
    CHECK(f->err.status == WW_ERR_DECODE);
    rig_fini(&r);
}

static void the_spool_is_emptied(void)
{
    rig r;
    rig_init(&r, true);
    block(&r, 7, true, 7, "a", "x");
    block(&r, 8, true, 8, "a", "y");
    CHECK(start(&r, 9, true) == WW_MORE); /* in the middle of a block */
    CHECK(ww_stream_restart(&r.l.f.s, false, r.l.f.now, NULL) == WW_OK);
    CHECK_EQ_U64(r.spool.open, 0);
    CHECK_EQ_U64(ww_stream_open_streams(&r.l.f.s), 0);
    ordinary(&r, 20, 0x110, "a", "1");
    block(&r, 7, true, 7, "a", "x");
    CHECK(commit(&r, 7, 0x210) == WW_MORE);
    LOG(&r, "B20 R1(a) I1(a)=1#1 C110 B7 R1(a) I1(a)=x#1 C210");
    rig_fini(&r);
}

static void prepared_transactions_are_no_different(void)
{
    rig r;
    feed *f = &r.l.f;
    rig_init(&r, true);
    enc_begin_prepare(&f->message, 0x100, 0x110, 9, 20, "gid");
    log_wal(&r.l, 0x20);
    relation(&r, 0, 1, "a");
    insert(&r, 0, 1, "1");
    LOG(&r, "bgid R1(a) I1(a)=1#1");
    CHECK(ww_stream_restart(&f->s, false, f->now, NULL) == WW_OK);
    CHECK(start(&r, 20, true) == WW_MORE);
    relation(&r, 20, 1, "a");
    insert(&r, 20, 1, "1");
    insert(&r, 20, 1, "2");
    stop(&r);
    CHECK(prepare(&r, 20, 0x110) == WW_MORE);
    LOG(&r, "I1(a)=2#2 Pgid110");
    CHECK(feed_confirm(f, 0x110) == WW_OK);
    CHECK(ww_stream_restart(&f->s, false, f->now, NULL) == WW_OK);
    enc_commit_prepared(&f->message, 0x200, 0x210, 9, 20, "gid");
    CHECK(log_wal(&r.l, 0x210) == WW_MORE);
    LOG(&r, "Kgid210");
    CHECK_EQ_U64(f->s.counters.unknown_prepared, 0);
    rig_fini(&r);
}

/* ---- what cannot be ------------------------------------------------------------------------- */

static void interrupt(rig *r)
{
    feed *f = &r->l.f;
    rig_init(r, true);
    enc_begin(&f->message, 0x100, 9, 20);
    log_wal(&r->l, 0x20);
    relation(r, 0, 1, "a");
    insert(r, 0, 1, "1");
    insert(r, 0, 1, "2");
    CHECK(ww_stream_restart(&f->s, false, f->now, NULL) == WW_OK);
}

static void another_transaction_first_is_a_gap(void)
{
    rig r;
    interrupt(&r);
    enc_begin(&r.l.f.message, 0x100, 9, 21);
    CHECK(log_wal(&r.l, 0x20) == WW_ERR_GAP);
    CHECK_TEXT(ww_stream_error(&r.l.f.s)->subject, "transaction 20");
    rig_fini(&r);
    interrupt(&r);
    enc_begin(&r.l.f.message, 0x180, 9, 20);
    CHECK(log_wal(&r.l, 0x20) == WW_ERR_GAP);
    rig_fini(&r);
    interrupt(&r);
    enc_commit_prepared(&r.l.f.message, 0x80, 0x90, 9, 7, "gid");
    CHECK(log_wal(&r.l, 0x90) == WW_ERR_GAP);
    CHECK_EQ_U64(ww_stream_flush(&r.l.f.s), 0);
    rig_fini(&r);
}

/* Else flush would follow the server, past rows that nobody has. */
static void a_keepalive_beyond_is_a_gap(void)
{
    rig r;
    feed *f = &r.l.f;
    interrupt(&r);
    CHECK(feed_keepalive(f, 0x100, false) == WW_OK);
    CHECK(feed_next(f) == WW_MORE);
    CHECK(feed_keepalive(f, 0x101, true) == WW_OK);
    CHECK(feed_next(f) == WW_ERR_GAP);
    CHECK_TEXT(ww_stream_error(&f->s)->subject, "transaction 20");
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0);
    rig_fini(&r);
}

/* A Prepare of old comes with its Commit Prepared: keepalives before it are beyond its own end. */
static void a_prepare_of_old_is_no_gap(void)
{
    rig r;
    feed *f = &r.l.f;
    rig_init(&r, true);
    ordinary(&r, 20, 0x210, "a", "1");
    CHECK(feed_confirm(f, 0x210) == WW_OK);
    log_take(&r.l);
    enc_begin_prepare(&f->message, 0x100, 0x110, 9, 30, "gid");
    log_wal(&r.l, 0x220);
    CHECK(ww_stream_restart(&f->s, false, f->now, NULL) == WW_OK);
    CHECK(feed_keepalive(f, 0x230, false) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f->s), 0x210);
    enc_begin_prepare(&f->message, 0x100, 0x110, 9, 30, "gid");
    log_wal(&r.l, 0x240);
    relation(&r, 0, 1, "a");
    insert(&r, 0, 1, "2");
    enc_prepare(&f->message, 0x100, 0x110, 9, 30, "gid");
    CHECK(log_wal(&r.l, 0x240) == WW_MORE);
    LOG(&r, "bgid R1(a) I1(a)=2#1 Pgid110");
    rig_fini(&r);
}

/* The server stops where it finds that it was rolled back, and tells that it was later. */
static void a_prepare_that_was_rolled_back_may_be_shorter(void)
{
    rig r;
    feed *f = &r.l.f;
    rig_init(&r, true);
    enc_begin_prepare(&f->message, 0x100, 0x110, 9, 20, "gid");
    log_wal(&r.l, 0x20);
    relation(&r, 0, 1, "a");
    insert(&r, 0, 1, "1");
    insert(&r, 0, 1, "2");
    log_take(&r.l);
    CHECK(ww_stream_restart(&f->s, false, f->now, NULL) == WW_OK);
    enc_begin_prepare(&f->message, 0x100, 0x110, 9, 20, "gid");
    CHECK(log_wal(&r.l, 0x20) == WW_MORE);
    relation(&r, 0, 1, "a");
    insert(&r, 0, 1, "1");
    enc_prepare(&f->message, 0x100, 0x110, 9, 20, "gid");
    CHECK(log_wal(&r.l, 0x110) == WW_MORE);
    LOG(&r, "Pgid110");
    rig_fini(&r);
}

static void begins_behind_what_was_handed_out_or_heard(void)
{
    feed f;
    feed_prepare(&f);
    f.config.start = 0x80;
    CHECK(feed_start(&f) == WW_OK);
    CHECK_EQ_U64(ww_stream_restart_lsn(&f.s), 0); /* nothing is known: as before */
    feed_transaction(&f, 1, 0x100, 0x110);
    CHECK_EQ_U64(ww_stream_restart_lsn(&f.s), 0x110); /* handed out, whether durable or not */
    CHECK(feed_keepalive(&f, 0x200, false) == WW_OK);
    CHECK_EQ_U64(ww_stream_restart_lsn(&f.s), 0x110);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(ww_stream_restart_lsn(&f.s), 0x200); /* acknowledged while idle */
    feed_fini(&f);
}

/* Neither what was confirmed nor what was permitted is forgotten; the same units are confirmed. */
static void the_gate_outlives_it(void)
{
    feed f;
    feed_status told;
    feed_prepare(&f);
    f.config.gated = true;
    feed_start(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_confirm(&f, 0x110);
    ww_stream_permit(&f.s, 0x110, f.now);
    feed_confirm(&f, 0x210);
    CHECK(ww_stream_restart(&f.s, false, f.now, NULL) == WW_OK);
    CHECK_EQ_U64(ww_stream_restart_lsn(&f.s), 0x210); /* what is durable is not asked for again */
    CHECK_EQ_U64(ww_stream_flush(&f.s), 0x210);
    ww_stream_feedback_now(&f.s, false);
    CHECK(feed_feedback(&f, &told));
    CHECK_EQ_U64(told.flush, 0x110);
    ww_stream_permit(&f.s, 0x210, f.now);
    f.now.mono_us += WW_DEFAULT_ACK_INTERVAL_US;
    CHECK(feed_feedback(&f, &told));
    CHECK_EQ_U64(told.flush, 0x210);
    feed_fini(&f);
}

static void fewer_changes_are_a_gap(void)
{
    rig r;
    interrupt(&r);
    enc_begin(&r.l.f.message, 0x100, 9, 20);
    CHECK(log_wal(&r.l, 0x20) == WW_MORE);
    relation(&r, 0, 1, "a");
    CHECK(insert(&r, 0, 1, "1") == WW_MORE);
    enc_commit(&r.l.f.message, 0x100, 0x110, 9);
    CHECK(log_wal(&r.l, 0x110) == WW_ERR_GAP);
    rig_fini(&r);
}

static void stream_events_are_not_taken_back(void)
{
    rig r;
    rig_init(&r, false);
    start(&r, 7, true);
    relation(&r, 7, 1, "a");
    CHECK(ww_stream_restart(&r.l.f.s, false, r.l.f.now, &r.l.f.err) == WW_ERR_USAGE);
    stop(&r);
    roll_back(&r, 7, 7);
    CHECK(ww_stream_restart(&r.l.f.s, false, r.l.f.now, NULL) == WW_OK);
    rig_fini(&r);
}

static void without_memory_it_is_final(void)
{
    rig r;
    rig_init(&r, true);
    r.l.f.alloc.fail_at = r.l.f.alloc.calls + 1;
    CHECK(ww_stream_restart(&r.l.f.s, false, r.l.f.now, &r.l.f.err) == WW_ERR_NOMEM);
    CHECK(r.l.f.err.status == WW_ERR_NOMEM);
    CHECK(feed_keepalive(&r.l.f, 0x100, false) == WW_ERR_NOMEM);
    rig_fini(&r);
}

int main(void)
{
    RUN(nothing_is_lost_or_comes_twice);
    RUN(what_was_handed_out_can_be_confirmed);
    RUN(binary_is_as_told);
    RUN(the_spool_is_emptied);
    RUN(prepared_transactions_are_no_different);
    RUN(another_transaction_first_is_a_gap);
    RUN(a_keepalive_beyond_is_a_gap);
    RUN(a_prepare_of_old_is_no_gap);
    RUN(a_prepare_that_was_rolled_back_may_be_shorter);
    RUN(begins_behind_what_was_handed_out_or_heard);
    RUN(the_gate_outlives_it);
    RUN(fewer_changes_are_a_gap);
    RUN(stream_events_are_not_taken_back);
    RUN(without_memory_it_is_final);
    return check_report();
}
