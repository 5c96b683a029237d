/* SPDX-License-Identifier: MIT */
/* Windows that are confirmed by position, and the gate in front of what is told. */
#include "feed.h"

#define FLUSH(f) ww_stream_flush(&(f)->s)

/* ---- cumulative confirmation of a window ----------------------------------------------------- */

static ww_status through(feed *f, ww_lsn lsn)
{
    return ww_stream_confirm_through(&f->s, lsn, f->now, &f->err);
}

static void a_position_means_all_that_end_before_it(void)
{
    feed f;
    feed_init(&f);
    CHECK(through(&f, 0) == WW_OK);
    CHECK(through(&f, 1) == WW_ERR_USAGE); /* nothing was handed out */
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_transaction(&f, 3, 0x300, 0x310);
    feed_transaction(&f, 4, 0x400, 0x410);
    CHECK(through(&f, 0x10F) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0);
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0);
    CHECK(through(&f, 0x211) == WW_OK); /* between two */
    CHECK_EQ_U64(FLUSH(&f), 0x210);     /* a unit's own position, not the one that was said */
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0x210);
    CHECK_EQ_U64(ww_stream_unconfirmed(&f.s), 2);
    CHECK(through(&f, 0x210) == WW_OK); /* again, and older ones */
    CHECK(through(&f, 0x110) == WW_OK);
    CHECK(through(&f, 0x411) == WW_ERR_USAGE);
    CHECK_TEXT(f.err.subject, "0/411");
    CHECK_EQ_U64(FLUSH(&f), 0x210);
    CHECK(feed_confirm(&f, 0x410) == WW_OK); /* together with single ones */
    CHECK(through(&f, 0x310) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x410);
    CHECK(feed_confirm(&f, 0x310) == WW_ERR_USAGE);
    CHECK(ww_stream_idle(&f.s));
    feed_fini(&f);
}

/* A consumer that starts again says first where it stands, which is before all of this session. */
static void what_was_acknowledged_before_is_known(void)
{
    feed f;
    feed_prepare(&f);
    f.config.start = 0x80;
    CHECK(feed_start(&f) == WW_OK);
    CHECK(through(&f, 0x80) == WW_OK);
    CHECK(through(&f, 0x81) == WW_ERR_USAGE);
    CHECK_EQ_U64(FLUSH(&f), 0x80);
    feed_keepalive(&f, 0x90, false);
    CHECK(through(&f, 0x90) == WW_OK);
    CHECK(through(&f, 0x91) == WW_ERR_USAGE);
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0); /* an idle advance is no unit */
    CHECK_EQ_U64(ww_stream_unconfirmed(&f.s), 0);
    feed_fini(&f);
}

/* By position, not by order: 0x150 was handed out after 0x210, and says nothing of it. */
static void through_meets_what_lies_behind(void)
{
    feed f;
    feed_init(&f);
    feed_transaction(&f, 1, 0x200, 0x210);
    enc_message(&f.message, 0, false, 0x150, "p", ww_slice_of("late"));
    CHECK(feed_event(&f, 0x150) == WW_OK);
    feed_transaction(&f, 2, 0x300, 0x310);
    CHECK(through(&f, 0x150) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0);
    CHECK_EQ_U64(ww_stream_unconfirmed(&f.s), 3);
    CHECK(feed_confirm(&f, 0x150) == WW_ERR_USAGE); /* done */
    CHECK(through(&f, 0x210) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x210);
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0x210);
    CHECK_EQ_U64(ww_stream_unconfirmed(&f.s), 1);
    CHECK(through(&f, 0x310) == WW_OK);
    CHECK(ww_stream_idle(&f.s));
    feed_fini(&f);
}

static void where_through_means_something_else(void)
{
    feed f;
    feed_prepare(&f);
    f.config.mode = WW_CONFIRM_THROUGH;
    feed_start(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    CHECK(through(&f, 0x111) == WW_ERR_USAGE);
    CHECK(through(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0x110);
    feed_fini(&f);
    feed_prepare(&f);
    f.config.raw = true;
    feed_start(&f);
    CHECK(through(&f, 0) == WW_ERR_USAGE);
    feed_fini(&f);
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    ww_stream_hold(&f.s);
    CHECK(through(&f, 0x500) == WW_OK); /* without effect */
    CHECK_EQ_U64(FLUSH(&f), 0);
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0);
    feed_fini(&f);
}

/* ---- the gate ------------------------------------------------------------------------------- */

static ww_lsn told(feed *f)
{
    feed_status status;
    ww_stream_feedback_now(&f->s, false);
    CHECK(feed_feedback(f, &status));
    CHECK_EQ_U64(status.apply, status.flush);
    CHECK_EQ_U64(ww_stream_reported(&f->s), status.flush);
    return status.flush;
}

static void gated(feed *f)
{
    feed_prepare(f);
    f->config.gated = true;
    CHECK(feed_start(f) == WW_OK);
}

static void nothing_is_told_without_permission(void)
{
    feed f;
    gated(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x110);
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0x110);
    CHECK_EQ_U64(told(&f), 0);
    ww_stream_permit(&f.s, 0x110, f.now);
    CHECK_EQ_U64(told(&f), 0x110);
    ww_stream_permit(&f.s, 0x80, f.now); /* never goes back */
    CHECK_EQ_U64(told(&f), 0x110);
    CHECK(feed_confirm(&f, 0x210) == WW_OK);
    CHECK_EQ_U64(told(&f), 0x110);
    CHECK(ww_stream_idle(&f.s)); /* that has nothing to do with the gate */
    CHECK(feed_keepalive(&f, 0x300, false) == WW_OK);
    CHECK_EQ_U64(FLUSH(&f), 0x300);
    CHECK_EQ_U64(ww_stream_durable(&f.s), 0x210);
    ww_stream_permit(&f.s, 0x210, f.now); /* as saved a moment ago */
    CHECK_EQ_U64(told(&f), 0x210);
    feed_fini(&f);
}

/* Permission beforehand makes nothing durable. */
static void permission_alone_moves_nothing(void)
{
    feed f;
    gated(&f);
    ww_stream_permit(&f.s, 0x500, f.now);
    CHECK_EQ_U64(told(&f), 0);
    feed_transaction(&f, 1, 0x100, 0x110);
    CHECK_EQ_U64(told(&f), 0);
    CHECK(feed_confirm(&f, 0x110) == WW_OK);
    CHECK_EQ_U64(told(&f), 0x110);
    feed_keepalive(&f, 0x600, false);
    CHECK_EQ_U64(FLUSH(&f), 0x600);
    CHECK_EQ_U64(told(&f), 0x500);
    feed_fini(&f);

    feed_init(&f); /* where there is no gate */
    ww_stream_permit(&f.s, 0x80, f.now);
    feed_keepalive(&f, 0x100, false);
    CHECK_EQ_U64(told(&f), 0x100);
    feed_fini(&f);
}

/* A gap was found: what was durable before may still be permitted, and nothing after it. */
static void held_behind_the_gate(void)
{
    feed f;
    gated(&f);
    feed_transaction(&f, 1, 0x200, 0x210);
    feed_confirm(&f, 0x210);
    CHECK(feed_transaction(&f, 2, 0x100, 0x110) == WW_ERR_GAP);
    ww_stream_permit(&f.s, 0x900, f.now);
    CHECK_EQ_U64(told(&f), 0x210);
    feed_fini(&f);
    gated(&f);
    ww_stream_hold(&f.s); /* --ack none */
    feed_keepalive(&f, 0x300, true);
    ww_stream_permit(&f.s, 0x900, f.now);
    CHECK_EQ_U64(told(&f), 0);
    feed_fini(&f);
}

int main(void)
{
    RUN(a_position_means_all_that_end_before_it);
    RUN(what_was_acknowledged_before_is_known);
    RUN(through_meets_what_lies_behind);
    RUN(where_through_means_something_else);
    RUN(nothing_is_told_without_permission);
    RUN(permission_alone_moves_nothing);
    RUN(held_behind_the_gate);
    return check_report();
}
