/* SPDX-License-Identifier: MIT */
/* Acknowledgement, case by case: prefixes, both modes, idle advance and what forbids it, order of
 * units, limits, raw streams, running out of memory. test_stream_sim.c plays random histories. */
#include "feed.h"

#define FLUSH(f) ww_stream_flush(&(f)->s)

static void nothing_is_acknowledged_at_first(void)
{
    feed f;
    feed_status status;
    feed_prepare(&f);
    f.config.start = 0x400;
    CHECK(feed_start(&f) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x400);
    CHECK_EQ_U64(ww_stream_received(&f.s), 0);
    CHECK(ww_stream_idle(&f.s));
    CHECK(feed_keepalive(&f, 0x300, false) == WW_OK); /* the slot's position lies below ours */
    CHECK_EQ_U64(FLUSH(&f), 0x400);
    ww_stream_feedback_now(&f.s, false);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0);
    CHECK_EQ_U64(status.write, 0x300);
    CHECK(feed_keepalive(&f, 0x400, false) == WW_OK);
    ww_stream_feedback_now(&f.s, false);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x400);
    feed_fini(&f);
}

static void flush_is_the_durable_prefix(void)
{
    feed f;
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_transaction(&f, 3, 0x300, 0x310);
    CHECK_EQ_U64(FLUSH(&f), 0);
    CHECK_EQ_U64(ww_stream_received(&f.s), 0x310);
    CHECK(feed_confirm(&f, 0x310) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x110); /* not one byte more */
    CHECK(!ww_stream_idle(&f.s));
    CHECK(feed_confirm(&f, 0x210) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x310);
    CHECK(ww_stream_idle(&f.s));
    feed_fini(&f);
}

static void confirm_names_units_only(void)
{
    feed f;
    feed_init(&f);
    CHECK(feed_confirm(&f, 0) == WW_ERR_USAGE);
    CHECK(feed_confirm(&f, 0x110) == WW_ERR_USAGE);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    CHECK(feed_confirm(&f, 0x200) == WW_ERR_USAGE); /* the commit record's start is no name */
    CHECK(feed_confirm(&f, 0x111) == WW_ERR_USAGE);
    CHECK(feed_confirm(&f, 0x211) == WW_ERR_USAGE);
    CHECK(feed_confirm(&f, UINT64_MAX) == WW_ERR_USAGE);
    CHECK_TEXT(f.err.subject, "FFFFFFFF/FFFFFFFF");
    CHECK(feed_confirm(&f, 0x210) == WW_OK);
    CHECK(feed_confirm(&f, 0x210) == WW_ERR_USAGE); /* twice */
    CHECK_EQ_U64(FLUSH(&f), 0);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK(feed_confirm(&f, 0x110) == WW_ERR_USAGE);
    CHECK_EQ_U64(FLUSH(&f), 0x210);
    feed_fini(&f);
}

static void through_is_cumulative(void)
{
    feed f;
    feed_prepare(&f);
    f.config.mode = WW_CONFIRM_THROUGH;
    f.config.alloc = NULL;
    f.config.start = 0x50;
    CHECK(feed_start(&f) == WW_OK);
    CHECK(feed_confirm(&f, 0x50) == WW_ERR_USAGE); /* nothing was handed out */
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_transaction(&f, 3, 0x300, 0x310);
    feed_keepalive(&f, 0x400, false);
    CHECK(feed_confirm(&f, 0) == WW_ERR_USAGE);
    CHECK(feed_confirm(&f, 0x311) == WW_ERR_USAGE);
    CHECK_EQ_U64(FLUSH(&f), 0x50);
    CHECK(feed_confirm(&f, 0x210) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x210);
    CHECK(!ww_stream_idle(&f.s));
    CHECK(feed_confirm(&f, 0x110) == WW_OK); /* known already */
    CHECK_EQ_U64(FLUSH(&f), 0x210);
    CHECK(feed_confirm(&f, 0x310) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x400);
    CHECK(ww_stream_idle(&f.s));
    feed_fini(&f);
}

/* ---- the idle slot -------------------------------------------------------------------------- */

static void idle_follows_keepalives(void)
{
    feed f;
    feed_init(&f);
    feed_keepalive(&f, 0x90, false);
    CHECK_EQ_U64(FLUSH(&f), 0x90);
    feed_keepalive(&f, 0x80, false);
    CHECK_EQ_U64(FLUSH(&f), 0x90);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_keepalive(&f, 0x200, false); /* handed out and not confirmed */
    CHECK_EQ_U64(FLUSH(&f), 0x90);
    feed_confirm(&f, 0x110);
    CHECK_EQ_U64(FLUSH(&f), 0x200); /* it was only waiting */
    feed_fini(&f);
}

static void idle_waits_for_every_unit(void)
{
    feed f;
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_keepalive(&f, 0x180, false);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_confirm(&f, 0x110);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    feed_confirm(&f, 0x210);
    CHECK_EQ_U64(FLUSH(&f), 0x210);
    feed_fini(&f);
}

static void idle_waits_for_the_open_transaction(void)
{
    static const char kinds[] = "Bb";
    size_t i;
    for (i = 0; i < 2; i++) {
        feed f;
        bool prepare = kinds[i] == 'b';
        feed_init(&f);
        feed_transaction(&f, 1, 0x100, 0x110);
        feed_keepalive(&f, 0x150, false);
        if (prepare)
            enc_begin_prepare(&f.message, 0x200, 0x210, 9, 2, "g");
        else
            enc_begin(&f.message, 0x200, 9, 2);
        feed_event(&f, 0x160);
        feed_confirm(&f, 0x110);
        CHECK_EQ_U64(FLUSH(&f), 0x110); /* drained, but something is open */
        feed_keepalive(&f, 0x1F0, false);
        CHECK_EQ_U64(FLUSH(&f), 0x110);
        CHECK_EQ_U64(ww_stream_received(&f.s), 0x1F0);
        if (prepare)
            enc_prepare(&f.message, 0x200, 0x210, 9, 2, "g");
        else
            enc_commit(&f.message, 0x200, 0x210, 9);
        feed_event(&f, 0x210);
        CHECK_EQ_U64(FLUSH(&f), 0x110);
        feed_confirm(&f, 0x210);
        CHECK_EQ_U64(FLUSH(&f), 0x210);
        feed_fini(&f);
    }
}

static void idle_waits_for_undelivered_input(void)
{
    feed f;
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_keepalive(&f, 0x150, false);
    enc_message(&f.message, 0, false, 0x200, "p", ww_slice_of("x"));
    CHECK(feed_wal(&f, 0x200) == WW_OK);
    feed_confirm(&f, 0x110);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    CHECK(!ww_stream_idle(&f.s));
    CHECK(feed_next(&f) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    feed_confirm(&f, 0x200);
    CHECK_EQ_U64(FLUSH(&f), 0x200);

    feed_transaction(&f, 2, 0x300, 0x310); /* what was undelivered turns out to be no unit */
    feed_keepalive(&f, 0x350, false);
    enc_stream_abort(&f.message, 9, 9);
    feed_wal(&f, 0x360);
    feed_confirm(&f, 0x310);
    CHECK_EQ_U64(FLUSH(&f), 0x310);
    CHECK(feed_next(&f) == WW_MORE);
    CHECK_EQ_U64(FLUSH(&f), 0x350);
    feed_fini(&f);
}

/* PROTOCOL 4.9: a server that shuts down waits until flush equals its WAL end exactly. */
static void shutdown_is_let_go_when_all_is_durable(void)
{
    feed f;
    feed_status status;
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_keepalive(&f, 0x138, true);
    CHECK(feed_feedback(&f, &status));
    CHECK(status.flush != 0x138);
    feed_confirm(&f, 0x110);
    feed_keepalive(&f, 0x138, true);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x138);
    CHECK_EQ_U64(status.write, 0x138);
    CHECK_EQ_U64(status.apply, 0x138);
    feed_fini(&f);
}

/* ---- units ---------------------------------------------------------------------------------- */

static void every_kind_of_unit(void)
{
    feed f;
    ww_column one = enc_text("1");
    feed_init(&f);
    enc_begin_prepare(&f.message, 0x100, 0x110, 9, 1, "g");
    feed_event(&f, 0x90);
    enc_insert(&f.message, 0, 1, &one, 1);
    feed_event(&f, 0x90);
    enc_prepare(&f.message, 0x100, 0x110, 9, 1, "g");
    feed_event(&f, 0x110);
    enc_message(&f.message, 0, false, 0x200, "p", ww_slice_of("x"));
    feed_event(&f, 0x200);
    enc_rollback_prepared(&f.message, 0x110, 0x310, 9, 9, 1, "g");
    feed_event(&f, 0x310);
    enc_commit_prepared(&f.message, 0x400, 0x410, 9, 2, "h");
    feed_event(&f, 0x410);
    feed_keepalive(&f, 0x500, false);
    CHECK(feed_confirm(&f, 0x200) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x200); /* PROTOCOL 4.7 rule 8 */
    CHECK(feed_confirm(&f, 0x310) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x310);
    CHECK(feed_confirm(&f, 0x410) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x500);
    feed_fini(&f);
}

/* two_phase was switched on after the PREPARE: it is replayed at COMMIT PREPARED, with an LSN of
 * old. */
static void replayed_prepares_lie_behind(void)
{
    unsigned order;
    for (order = 0; order < 2; order++) {
        feed f;
        feed_init(&f);
        feed_transaction(&f, 1, 0x200, 0x210);
        enc_begin_prepare(&f.message, 0x100, 0x110, 9, 5, "g");
        CHECK(feed_event(&f, 0x90) == WW_OK);
        enc_prepare(&f.message, 0x100, 0x110, 9, 5, "g");
        CHECK(feed_event(&f, 0x110) == WW_OK);
        enc_commit_prepared(&f.message, 0x300, 0x310, 9, 5, "g");
        CHECK(feed_event(&f, 0x310) == WW_OK);
        CHECK(feed_confirm(&f, 0x310) == WW_OK);
        CHECK(feed_confirm(&f, order == 0 ? 0x210 : 0x110) == WW_OK);
        CHECK_EQ_U64(FLUSH(&f), order == 0 ? 0x210 : 0);
        CHECK(feed_confirm(&f, order == 0 ? 0x110 : 0x210) == WW_OK);
        CHECK_EQ_U64(FLUSH(&f), 0x310);
        CHECK(feed_confirm(&f, 0x110) == WW_ERR_USAGE);
        feed_fini(&f);
    }
}

/* THROUGH: until it or something after it is confirmed, nothing is idle. */
static void through_waits_for_what_lies_behind(void)
{
    unsigned way;
    for (way = 0; way < 2; way++) {
        feed f;
        feed_prepare(&f);
        f.config.mode = WW_CONFIRM_THROUGH;
        feed_start(&f);
        feed_transaction(&f, 1, 0x200, 0x210);
        enc_begin_prepare(&f.message, 0x100, 0x110, 9, 5, "g");
        feed_event(&f, 0x90);
        enc_prepare(&f.message, 0x100, 0x110, 9, 5, "g");
        CHECK(feed_event(&f, 0x110) == WW_OK);
        if (way == 0) {
            CHECK(feed_confirm(&f, 0x210) == WW_OK);
            CHECK_EQ_U64(FLUSH(&f), 0x210);
        }
        CHECK(feed_keepalive(&f, 0x250, false) == WW_OK);
        CHECK(!ww_stream_idle(&f.s));
        CHECK_EQ_U64(FLUSH(&f), way == 0 ? 0x210 : 0);
        CHECK(feed_confirm(&f, 0x110) == WW_OK); /* and with it what came before */
        CHECK_EQ_U64(FLUSH(&f), 0x250);
        CHECK(ww_stream_idle(&f.s));
        feed_fini(&f);
    }
}

/* Searched for among many, with stragglers between them. */
static void finds_units_among_many(void)
{
    enum { COUNT = 300 };
    feed f;
    size_t i;
    feed_init(&f);
    for (i = 1; i <= COUNT; i++) {
        feed_transaction(&f, 1, i * 0x100, i * 0x100 + 0x10);
        if (i % 7 == 0) {
            enc_message(&f.message, 0, false, i * 0x100 - 0x20, "p", ww_slice_of("late"));
            CHECK(feed_event(&f, i * 0x100 - 0x20) == WW_OK);
        }
    }
    for (i = COUNT; i >= 1; i--) {
        CHECK_EQ_U64(FLUSH(&f), 0);
        CHECK(feed_confirm(&f, i * 0x100 + 0x10) == WW_OK);
        CHECK(feed_confirm(&f, i * 0x100 + 0x10) == WW_ERR_USAGE);
    }
    CHECK_EQ_U64(FLUSH(&f), 7 * 0x100 + 0x10);
    for (i = 7; i <= COUNT; i += 7) {
        CHECK(!ww_stream_idle(&f.s));
        CHECK(feed_confirm(&f, i * 0x100 - 0x20) == WW_OK);
    }
    CHECK_EQ_U64(FLUSH(&f), COUNT * 0x100 + 0x10);
    CHECK(ww_stream_idle(&f.s));
    feed_fini(&f);
}

/* ---- the server goes back ------------------------------------------------------------------- */

static void order_broken_is_a_gap(void)
{
    static const struct {
        ww_lsn start, keepalive, commit, end;
        ww_status status;
    } rows[] = {
        { 0, 0, 0x300, 0x310, WW_OK },
        { 0, 0, 0x200, 0x210, WW_ERR_GAP }, /* the same again */
        { 0, 0, 0x200, 0x20F, WW_ERR_GAP },
        { 0, 0, 0x100, 0x110, WW_ERR_GAP },
        { 0, 0x250, 0x240, 0x250, WW_ERR_GAP }, /* the server said that it was past that */
        { 0, 0x250, 0x250, 0x251, WW_OK },
    };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        feed f;
        feed_prepare(&f);
        f.config.start = rows[i].start;
        feed_start(&f);
        CHECK(feed_transaction(&f, 1, 0x200, 0x210) == WW_OK);
        if (rows[i].keepalive != 0)
            feed_keepalive(&f, rows[i].keepalive, false);
        CHECK(feed_transaction(&f, 2, rows[i].commit, rows[i].end) == rows[i].status);
        CHECK(feed_confirm(&f, 0x210) == WW_OK);
        CHECK_EQ_U64(FLUSH(&f), rows[i].status == WW_OK ? 0x210 : 0); /* stop acknowledging */
        CHECK(ww_stream_error(&f.s)->status == rows[i].status);
        feed_fini(&f);
    }
}

static void nothing_comes_from_before_the_start(void)
{
    feed f;
    feed_prepare(&f);
    f.config.start = 0x210;
    feed_start(&f);
    CHECK(feed_transaction(&f, 1, 0x200, 0x210) == WW_ERR_GAP);
    CHECK_TEXT(ww_stream_error(&f.s)->subject, "COMMIT that ends at 0/210, after 0/210");
    feed_fini(&f);
    feed_prepare(&f);
    f.config.start = 0x210;
    feed_start(&f);
    CHECK(feed_transaction(&f, 1, 0x210, 0x240) == WW_OK);
    feed_fini(&f);
}

/* Only what was heard outside of transactions counts, whatever it says. */
static void keepalives_in_transactions_do_not_count(void)
{
    feed f;
    feed_init(&f);
    enc_begin(&f.message, 0x100, 9, 1);
    feed_event(&f, 0x90);
    feed_keepalive(&f, 0x300, false);
    enc_commit(&f.message, 0x100, 0x110, 9);
    CHECK(feed_event(&f, 0x110) == WW_OK);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    feed_fini(&f);
}

/* A position that the server cannot have sent must never be acknowledged: that destroys data. */
static void ends_beyond_what_was_sent(void)
{
    feed f;
    feed_init(&f);
    enc_begin(&f.message, 0x100, 9, 1);
    feed_event(&f, 0x90);
    enc_commit(&f.message, 0x100, 0x111, 9);
    CHECK(feed_event(&f, 0x110) == WW_ERR_PROTOCOL);
    CHECK(feed_confirm(&f, 0x111) == WW_ERR_USAGE);
    CHECK_EQ_U64(FLUSH(&f), 0);
    feed_fini(&f);
    feed_init(&f);
    enc_message(&f.message, 0, false, 0, "p", ww_slice_of("x"));
    CHECK(feed_event(&f, 0x110) == WW_ERR_PROTOCOL || f.s.error.status == WW_ERR_DECODE);
    feed_fini(&f);
}

/* ---- hold, raw, limits, memory -------------------------------------------------------------- */

static void held_streams_do_not_move(void)
{
    feed f;
    feed_status status;
    feed_prepare(&f);
    f.config.start = 0x80;
    f.config.max_unconfirmed = 1;
    feed_start(&f);
    ww_stream_hold(&f.s); /* --ack none */
    feed_keepalive(&f, 0x90, true);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0); /* leaves the slot alone */
    CHECK_EQ_U64(status.write, 0x90);
    CHECK(feed_transaction(&f, 1, 0x100, 0x110) == WW_OK);
    CHECK(feed_transaction(&f, 2, 0x200, 0x210) == WW_OK); /* nothing is remembered */
    CHECK(ww_stream_idle(&f.s));
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x80);
    CHECK_EQ_U64(f.alloc.calls, 0);
    feed_fini(&f);

    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_confirm(&f, 0x110);
    ww_stream_hold(&f.s); /* a gap was found */
    CHECK_EQ_U64(f.alloc.live_blocks, 0);
    feed_confirm(&f, 0x210);
    feed_keepalive(&f, 0x300, true);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x110);
    feed_fini(&f);
}

static void raw_streams(void)
{
    feed f;
    feed_prepare(&f);
    f.config.raw = true;
    f.config.alloc = NULL;
    CHECK(feed_start(&f) == WW_OK);
    CHECK(feed_confirm(&f, 0x100) == WW_ERR_USAGE);
    feed_keepalive(&f, 0x80, false); /* nothing came: nothing can be lost */
    CHECK_EQ_U64(FLUSH(&f), 0x80);
    enc_bytes(&f.message, ww_slice_of("BEGIN 7"));
    CHECK(feed_wal(&f, 0x60) == WW_OK);
    CHECK_SLICE(f.wal.payload, "BEGIN 7");
    CHECK(feed_next(&f) == WW_MORE);
    CHECK(!ww_stream_idle(&f.s));
    feed_keepalive(&f, 0x90, false);
    CHECK_EQ_U64(FLUSH(&f), 0x80);
    CHECK(ww_stream_flush_all(&f.s, f.now, NULL) == WW_OK); /* synced in mid-transaction */
    CHECK_EQ_U64(FLUSH(&f), 0x90);
    enc_bytes(&f.message, ww_slice_of("COMMIT 7"));
    CHECK(feed_wal(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(ww_stream_received(&f.s), 0x110);
    feed_keepalive(&f, 0x130, false);
    CHECK_EQ_U64(FLUSH(&f), 0x90);
    CHECK(ww_stream_flush_to(&f.s, 0x131, f.now, NULL) == WW_ERR_USAGE);
    CHECK(ww_stream_flush_to(&f.s, 0x110, f.now, NULL) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    CHECK(ww_stream_flush_to(&f.s, 0x100, f.now, NULL) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    feed_keepalive(&f, 0x140, false); /* flush_to() does not say that all is durable */
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    CHECK(ww_stream_flush_all(&f.s, f.now, NULL) == WW_OK);
    CHECK(ww_stream_idle(&f.s));
    CHECK_EQ_U64(FLUSH(&f), 0x140);
    feed_keepalive(&f, 0x150, false);
    CHECK_EQ_U64(FLUSH(&f), 0x150);
    ww_stream_hold(&f.s);
    CHECK(ww_stream_flush_all(&f.s, f.now, NULL) == WW_OK);
    feed_keepalive(&f, 0x160, false);
    CHECK_EQ_U64(FLUSH(&f), 0x150);
    feed_fini(&f);

    feed_init(&f);
    CHECK(ww_stream_flush_to(&f.s, 0, f.now, NULL) == WW_ERR_USAGE);
    CHECK(ww_stream_flush_all(&f.s, f.now, NULL) == WW_ERR_USAGE);
    feed_fini(&f);
}

static void the_window_has_a_limit(void)
{
    enum { LIMIT = 130 };
    feed f;
    size_t i;
    feed_prepare(&f);
    f.config.max_unconfirmed = LIMIT;
    feed_start(&f);
    for (i = 1; i <= LIMIT; i++)
        CHECK(feed_transaction(&f, 1, i * 0x100, i * 0x100 + 0x10) == WW_OK);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK(feed_transaction(&f, 1, i * 0x100, i * 0x100 + 0x10) == WW_OK);
    CHECK(feed_confirm(&f, 0x310) == WW_OK); /* the oldest is still unconfirmed */
    i++;
    CHECK(feed_transaction(&f, 1, i * 0x100, i * 0x100 + 0x10) == WW_ERR_LIMIT);
    CHECK_TEXT(ww_stream_error(&f.s)->subject, "max_unconfirmed");
    CHECK(feed_confirm(&f, 0x210) == WW_OK); /* what was handed out can still be confirmed */
    CHECK_EQ_U64(FLUSH(&f), 0x310);
    CHECK(feed_confirm(&f, i * 0x100 + 0x10) == WW_ERR_USAGE);
    feed_fini(&f);
}

/* A unit that lies behind counts like any other, and one that is held back by it stays in. */
static void the_window_counts_what_lies_behind(void)
{
    feed f;
    feed_prepare(&f);
    f.config.max_unconfirmed = 2;
    feed_start(&f);
    CHECK(feed_transaction(&f, 1, 0x200, 0x210) == WW_OK);
    enc_message(&f.message, 0, false, 0x150, "p", ww_slice_of("late"));
    CHECK(feed_event(&f, 0x150) == WW_OK);
    CHECK_EQ_U64(ww_stream_unconfirmed(&f.s), 2);
    CHECK(feed_confirm(&f, 0x210) == WW_OK);
    CHECK(feed_transaction(&f, 2, 0x300, 0x310) == WW_OK);
    CHECK(feed_confirm(&f, 0x310) == WW_OK);
    CHECK_EQ_U64(ww_stream_unconfirmed(&f.s), 2); /* both 0x150 and 0x310 */
    CHECK(feed_transaction(&f, 3, 0x400, 0x410) == WW_ERR_LIMIT);
    CHECK(feed_confirm(&f, 0x150) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x310); /* the one that was refused is not skipped */
    feed_fini(&f);
}

static void through_has_no_window(void)
{
    feed f;
    size_t i;
    feed_prepare(&f);
    f.config.mode = WW_CONFIRM_THROUGH;
    f.config.max_unconfirmed = 1;
    feed_start(&f);
    for (i = 1; i <= 100; i++)
        CHECK(feed_transaction(&f, 1, i * 0x100, i * 0x100 + 0x10) == WW_OK);
    CHECK_EQ_U64(ww_stream_unconfirmed(&f.s), 1);
    feed_fini(&f);
}

/* A window that slides for ever takes no more memory, and no more calls. */
static void a_sliding_window_stays_small(void)
{
    feed f;
    size_t i;
    feed_init(&f);
    for (i = 1; i <= 100000; i++) {
        feed_transaction(&f, 1, i * 0x100, i * 0x100 + 0x10);
        if (i > 20)
            CHECK(feed_confirm(&f, (i - 20) * 0x100 + 0x10) == WW_OK);
    }
    CHECK_EQ_U64(FLUSH(&f), (i - 21) * 0x100 + 0x10);
    CHECK_EQ_U64(f.alloc.calls, 1);
    feed_fini(&f);
}

static void runs_out_of_memory(void)
{
    size_t fail_at;
    for (fail_at = 1;; fail_at++) {
        feed f;
        size_t i, got;
        feed_prepare(&f);
        check_alloc_init(&f.alloc, fail_at);
        feed_start(&f);
        for (i = 1; i <= 200; i++)
            if (feed_transaction(&f, 1, i * 0x100, i * 0x100 + 0x10) != WW_OK)
                break;
        got = i - 1;
        if (got < 200)
            CHECK(ww_stream_error(&f.s)->status == WW_ERR_NOMEM);
        for (i = 1; i <= got; i++)
            CHECK(feed_confirm(&f, i * 0x100 + 0x10) == WW_OK);
        CHECK_EQ_U64(FLUSH(&f), got > 0 ? got * 0x100 + 0x10 : 0);
        feed_fini(&f);
        if (got == 200)
            break;
    }
    CHECK_EQ_U64(fail_at, 4); /* 64, 128, 256 */
}

int main(void)
{
    RUN(nothing_is_acknowledged_at_first);
    RUN(flush_is_the_durable_prefix);
    RUN(confirm_names_units_only);
    RUN(through_is_cumulative);
    RUN(idle_follows_keepalives);
    RUN(idle_waits_for_every_unit);
    RUN(idle_waits_for_the_open_transaction);
    RUN(idle_waits_for_undelivered_input);
    RUN(shutdown_is_let_go_when_all_is_durable);
    RUN(every_kind_of_unit);
    RUN(replayed_prepares_lie_behind);
    RUN(through_waits_for_what_lies_behind);
    RUN(finds_units_among_many);
    RUN(order_broken_is_a_gap);
    RUN(nothing_comes_from_before_the_start);
    RUN(keepalives_in_transactions_do_not_count);
    RUN(ends_beyond_what_was_sent);
    RUN(held_streams_do_not_move);
    RUN(raw_streams);
    RUN(the_window_has_a_limit);
    RUN(the_window_counts_what_lies_behind);
    RUN(through_has_no_window);
    RUN(a_sliding_window_stays_small);
    RUN(runs_out_of_memory);
    return check_report();
}
