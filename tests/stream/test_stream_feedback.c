/* SPDX-License-Identifier: MIT */
/* When a status update goes out, and what it says. Time is what the test says it is. */
#include "feed.h"

#define MS UINT64_C(1000)

static void status_interval(void)
{
    feed f;
    feed_status status;
    ww_mono_us start;
    feed_prepare(&f);
    f.config.status_interval_us = 700 * MS;
    feed_start(&f);
    start = f.now.mono_us;
    CHECK_EQ_U64(ww_stream_deadline(&f.s), start + 700 * MS);
    f.now.mono_us = start + 700 * MS - 1;
    CHECK(!feed_feedback(&f, &status));
    f.now.mono_us = start + 700 * MS;
    f.now.wall.us = 0x0102030405060708;
    CHECK(feed_feedback(&f, &status)); /* also when nothing was received at all */
    CHECK_EQ_U64(status.write, 0);
    CHECK_EQ_U64(status.flush, 0);
    CHECK_EQ_U64(status.apply, 0);
    CHECK_EQ_U64(status.wall, 0x0102030405060708);
    CHECK(!status.reply);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), start + 1400 * MS);
    CHECK(!feed_feedback(&f, &status));
    CHECK_EQ_U64(f.s.counters.feedbacks, 1);
    feed_fini(&f);
}

static void defaults(void)
{
    feed f;
    feed_init(&f);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), f.now.mono_us + WW_DEFAULT_STATUS_INTERVAL_US);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_confirm(&f, 0x110);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), f.now.mono_us + WW_DEFAULT_ACK_INTERVAL_US);
    feed_fini(&f);
}

static void moved_flush_is_reported_soon(void)
{
    feed f;
    feed_status status;
    feed_prepare(&f);
    f.config.ack_interval_us = 50 * MS;
    feed_start(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    f.now.mono_us = 2000 * MS;
    feed_confirm(&f, 0x110);
    f.now.mono_us = 2030 * MS;
    feed_confirm(&f, 0x210); /* does not put it off */
    CHECK_EQ_U64(ww_stream_deadline(&f.s), 2050 * MS);
    f.now.mono_us = 2049 * MS;
    CHECK(!feed_feedback(&f, &status));
    f.now.mono_us = 2050 * MS;
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x210);
    CHECK_EQ_U64(status.write, 0x210);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), 2050 * MS + WW_DEFAULT_STATUS_INTERVAL_US);
    feed_fini(&f);
}

/* flush moves between building the message and having queued it */
static void nothing_is_lost_in_between(void)
{
    feed f;
    feed_status status;
    size_t len;
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_confirm(&f, 0x110);
    ww_stream_feedback_now(&f.s, false);
    ww_stream_send_buf(&f.s, f.now, &len);
    CHECK_EQ_U64(len, 34);
    feed_confirm(&f, 0x210);
    ww_stream_send_ack(&f.s, f.now);
    f.now.mono_us += WW_DEFAULT_ACK_INTERVAL_US;
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x210);
    f.now.mono_us += WW_DEFAULT_ACK_INTERVAL_US;
    CHECK(!feed_feedback(&f, &status));
    feed_fini(&f);
}

/* A message that was built, and could not be queued, was not sent. */
static void what_was_not_queued_is_still_due(void)
{
    feed f;
    size_t len;
    feed_status status;
    feed_init(&f);
    ww_stream_feedback_now(&f.s, false);
    CHECK(feed_feedback(&f, &status));
    feed_keepalive(&f, 0x100, true);
    ww_stream_send_buf(&f.s, f.now, &len);
    CHECK_EQ_U64(len, 34);
    CHECK(ww_stream_deadline(&f.s) <= f.now.mono_us);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x100);
    feed_fini(&f);
}

/* HOSTILE D7 */
static void answers_at_once_with_the_old_flush(void)
{
    feed f;
    feed_status status;
    feed_init(&f);
    feed_keepalive(&f, 0x80, false);
    CHECK(!feed_feedback(&f, &status));
    enc_begin(&f.message, 0x100, 9, 1);
    feed_event(&f, 0x90);
    feed_keepalive(&f, 0xA0, true); /* in a transaction */
    CHECK(ww_stream_deadline(&f.s) <= f.now.mono_us);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.write, 0xA0);
    CHECK_EQ_U64(status.flush, 0x80);
    CHECK(!status.reply);
    CHECK(!feed_feedback(&f, &status));
    enc_commit(&f.message, 0x100, 0x110, 9);
    feed_event(&f, 0x110);
    feed_keepalive(&f, 0x180, true); /* handed out and not confirmed */
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.write, 0x180);
    CHECK_EQ_U64(status.flush, 0x80);
    feed_confirm(&f, 0x110);
    feed_keepalive(&f, 0x180, true);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x180);
    feed_fini(&f);
}

static void a_request_is_not_forgotten(void)
{
    feed f;
    feed_status status;
    feed_init(&f);
    feed_keepalive(&f, 0x80, true);
    feed_keepalive(&f, 0x90, false);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.write, 0x90);
    feed_fini(&f);
}

/* Nothing moved: nothing to report before the status interval is over. */
static void nothing_new_is_no_news(void)
{
    feed f;
    feed_status status;
    feed_init(&f);
    enc_stream_abort(&f.message, 9, 9);
    feed_event(&f, 0x10);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), f.now.mono_us + WW_DEFAULT_STATUS_INTERVAL_US);
    feed_keepalive(&f, 0x80, false);
    f.now.mono_us += WW_DEFAULT_ACK_INTERVAL_US;
    CHECK(feed_feedback(&f, &status));
    feed_keepalive(&f, 0x80, false);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), f.now.mono_us + WW_DEFAULT_STATUS_INTERVAL_US);
    feed_fini(&f);
}

/* also before input is delivered: it does not depend on the consumer */
static void answers_while_input_is_undelivered(void)
{
    feed f;
    feed_status status;
    feed_init(&f);
    feed_keepalive(&f, 0x80, true);
    enc_begin(&f.message, 0x100, 9, 1);
    CHECK(feed_wal(&f, 0x90) == WW_OK);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x80);
    f.now.mono_us += WW_DEFAULT_STATUS_INTERVAL_US;
    CHECK(feed_feedback(&f, &status));
    CHECK(feed_next(&f) == WW_OK);
    feed_fini(&f);
}

/* A server that shuts down asks again after every answer; while nothing moves, that is slowed down.
 * */
static void ping_pong_is_spaced(void)
{
    feed f;
    feed_status status;
    ww_mono_us first;
    unsigned answers = 0, i;
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    first = f.now.mono_us;
    for (i = 0; i < 1000; i++) { /* one answer or one 1/10 ms each */
        feed_keepalive(&f, 0x138, true);
        answers += feed_feedback(&f, &status);
        f.now.mono_us += 100;
    }
    CHECK_EQ_U64(answers, (f.now.mono_us - first) / WW_REPLY_SPACING_US);
    feed_keepalive(&f, 0x138, true);
    feed_feedback(&f, &status);
    feed_keepalive(&f, 0x138, true);
    CHECK(!feed_feedback(&f, &status));
    feed_confirm(&f, 0x110); /* all is durable: the answer that lets the server go is not put off */
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x138);
    feed_fini(&f);
}

/* ---- behind a gate -------------------------------------------------------------------------- */

static void start_gated(feed *f)
{
    feed_prepare(f);
    f->config.gated = true;
    f->config.ack_interval_us = 50 * MS;
    f->config.status_interval_us = 700 * MS;
    feed_start(f);
}

/* Units are confirmed and the stream is idle again and again; nobody permits anything. */
static void what_is_not_permitted_is_no_news(void)
{
    feed f;
    feed_status status;
    ww_mono_us start;
    unsigned i, sent = 0;
    start_gated(&f);
    start = f.now.mono_us;
    for (i = 1; i <= 700; i++) {
        f.now.mono_us = start + i * 10 * MS;
        feed_transaction(&f, i, i * 0x100, i * 0x100 + 0x10);
        feed_confirm(&f, i * 0x100 + 0x10);
        feed_keepalive(&f, i * 0x100 + 0x20, false);
        sent += feed_feedback(&f, &status);
        CHECK_EQ_U64(status.flush, 0);
    }
    CHECK_EQ_U64(sent, 10); /* each status interval, as if nothing moved */
    CHECK_EQ_U64(ww_stream_flush(&f.s), 700 * 0x100 + 0x20);
    feed_fini(&f);
}

static void permission_is_news(void)
{
    feed f;
    feed_status status;
    ww_mono_us start;
    start_gated(&f);
    start = f.now.mono_us;
    feed_transaction(&f, 1, 0x100, 0x110);
    feed_transaction(&f, 2, 0x200, 0x210);
    feed_confirm(&f, 0x110);
    f.now.mono_us = start + 100 * MS;
    ww_stream_permit(&f.s, 0x110, f.now);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), start + 150 * MS); /* from the permission on */
    f.now.mono_us = start + 120 * MS;
    feed_confirm(&f, 0x210);
    ww_stream_permit(&f.s, 0x210, f.now); /* does not put it off */
    f.now.mono_us = start + 150 * MS;
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x210);
    ww_stream_permit(&f.s, 0x210, f.now); /* again, and further than there is anything to tell */
    ww_stream_permit(&f.s, 0x280, f.now);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), start + 850 * MS);
    feed_keepalive(&f, 0x270, false);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), start + 200 * MS); /* which was permitted beforehand */
    feed_fini(&f);
}

/* A server that shuts down is answered while the position is being saved, but not in a circle, and
 * the permission lets it go without delay. */
static void a_server_is_let_go_by_permission(void)
{
    feed f;
    feed_status status;
    unsigned i, answers = 0;
    start_gated(&f);
    CHECK(!ww_stream_asked(&f.s));
    feed_keepalive(&f, 0x138, true);
    CHECK(ww_stream_asked(&f.s));
    for (i = 0; i < 1000; i++) {
        if (feed_feedback(&f, &status)) {
            answers++;
            CHECK_EQ_U64(status.flush, 0);
            CHECK(!ww_stream_asked(&f.s));
            feed_keepalive(&f, 0x138, true);
        }
        f.now.mono_us += 100;
    }
    CHECK_EQ_U64(answers, 1000 * 100 / WW_REPLY_SPACING_US);
    feed_feedback(&f, &status);
    feed_keepalive(&f, 0x138, true);
    CHECK(ww_stream_asked(&f.s) && !feed_feedback(&f, &status));
    ww_stream_permit(&f.s, 0x138, f.now);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x138);
    ww_stream_feedback_now(&f.s, false);
    CHECK(ww_stream_asked(&f.s));
    feed_fini(&f);
}

static void asks_for_replies(void)
{
    feed f;
    feed_status status;
    feed_init(&f);
    ww_stream_feedback_now(&f.s, true);
    ww_stream_feedback_now(&f.s, false);
    CHECK(feed_feedback(&f, &status));
    CHECK(status.reply);
    CHECK(!feed_feedback(&f, &status));
    ww_stream_feedback_now(&f.s, false);
    CHECK(feed_feedback(&f, &status));
    CHECK(!status.reply);
    feed_fini(&f);
}

static void feedback_survives_errors(void)
{
    feed f;
    feed_status status;
    feed_init(&f);
    feed_transaction(&f, 1, 0x100, 0x110);
    enc_u8(&f.message, '?');
    CHECK(feed_event(&f, 0x200) == WW_ERR_DECODE);
    feed_confirm(&f, 0x110);
    ww_stream_feedback_now(&f.s, false);
    CHECK(feed_feedback(&f, &status));
    CHECK_EQ_U64(status.flush, 0x110);
    feed_fini(&f);
}

static void intervals_do_not_overflow(void)
{
    feed f;
    feed_status status;
    feed_prepare(&f);
    f.config.status_interval_us = WW_MONO_NEVER;
    f.config.ack_interval_us = WW_MONO_NEVER;
    feed_start(&f);
    feed_keepalive(&f, 0x100, false);
    CHECK_EQ_U64(ww_stream_deadline(&f.s), WW_MONO_NEVER);
    f.now.mono_us = WW_MONO_NEVER - 1;
    CHECK(!feed_feedback(&f, &status));
    feed_fini(&f);
}

int main(void)
{
    RUN(status_interval);
    RUN(defaults);
    RUN(moved_flush_is_reported_soon);
    RUN(nothing_is_lost_in_between);
    RUN(what_was_not_queued_is_still_due);
    RUN(answers_at_once_with_the_old_flush);
    RUN(a_request_is_not_forgotten);
    RUN(nothing_new_is_no_news);
    RUN(answers_while_input_is_undelivered);
    RUN(ping_pong_is_spaced);
    RUN(what_is_not_permitted_is_no_news);
    RUN(permission_is_news);
    RUN(a_server_is_let_go_by_permission);
    RUN(asks_for_replies);
    RUN(feedback_survives_errors);
    RUN(intervals_do_not_overflow);
    return check_report();
}
