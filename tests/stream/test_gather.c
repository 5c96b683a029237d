/* SPDX-License-Identifier: MIT */
/* How long to let messages come together: a stream of scripted batches, and a model of a server
 * that is stopped by a full socket. Each failure that was seen while the rules were found is here.
 */
#include "check.h"

#include "feed.h"
#include "stream/gather.h"

#define DEFAULT_UNIX 212992u /* a Unix socket's buffer */

typedef struct source {
    ww__gather g;
    ww__gather_batch b; /* the next one; decide() fills in the clocks */
    ww_mono_us last_nap;
} source;

static void begin(source *s, ww__gather_path path)
{
    memset(s, 0, sizeof *s);
    ww__gather_init(&s->g, path, path == WW__GATHER_FAR ? 10000 : 50);
    s->b.sent_at = INT64_C(800000000000000);
    s->b.now = 1000000;
    s->b.capacity = path == WW__GATHER_FAR ? 6u << 20 : DEFAULT_UNIX;
}

/* A batch of n messages of `size` bytes that the server sent in `span` us, `lag` us after their
 * transaction's commit. */
static ww_mono_us feed_batch(source *s, uint64_t n, uint64_t size, int64_t span, int64_t lag,
                             int64_t gap)
{
    s->b.messages = n;
    s->b.bytes = n * size;
    s->b.sent_at += span;
    s->b.commit_time = s->b.sent_at - lag;
    s->b.longest_gap = gap;
    s->b.napped_us = s->last_nap;
    s->b.now += span > 0 ? (ww_mono_us)span : 0;
    s->last_nap = ww__gather_decide(&s->g, &s->b);
    return s->last_nap;
}

/* A busy server, a second behind. */
static ww_mono_us run_busy(source *s, unsigned batches)
{
    ww_mono_us nap = 0;
    while (batches-- > 0)
        nap = feed_batch(s, 300, 133, 1200, 1000000, 30);
    return nap;
}

/* ---- may it nap? ---------------------------------------------------------------------------- */

static void a_quiet_stream_never_naps(void)
{
    static const ww__gather_path paths[] = {WW__GATHER_UNIX, WW__GATHER_NEAR, WW__GATHER_FAR};
    static const int64_t pauses[] = {1000000, 100000, 10000, 1000, 300};
    size_t p, i, k;
    for (p = 0; p < 3; p++)
        for (i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
            source s;
            begin(&s, paths[p]);
            for (k = 0; k < 1000; k++)
                CHECK_EQ_U64(feed_batch(&s, 1, 133, pauses[i], 80, 30), 0);
        }
}

static void a_busy_one_naps_soon(void)
{
    source s;
    begin(&s, WW__GATHER_NEAR);
    CHECK_EQ_U64(run_busy(&s, 1), 0); /* the rate is not known yet */
    CHECK_EQ_U64(run_busy(&s, 3), WW__GATHER_NAP_US);
    CHECK_EQ_U64(feed_batch(&s, 1, 133, 30000, 100, 0), 0); /* the backlog is gone */
    CHECK_EQ_U64(feed_batch(&s, 1, 133, 1000, 100, 0), 0);
}

static void a_nap_is_a_sixteenth_of_the_lag(void)
{
    static const struct {
        int64_t lag;
        ww_mono_us nap, on_unix;
    } cases[] = {{-5000000, 250, 0},  {0, 250, 0},         {100, 250, 0},
                 {4000, 250, 250},    {8000, 500, 500},    {40000, 2500, 2500},
                 {80000, 5000, 5000}, {79984, 4999, 4999}, {1000000, 5000, 5000}};
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        source near, local;
        begin(&near, WW__GATHER_NEAR);
        begin(&local, WW__GATHER_UNIX);
        local.b.capacity = 8u << 20; /* no matter here */
        run_busy(&near, 4);
        run_busy(&local, 4);
        CHECK_EQ_U64(feed_batch(&near, 300, 133, 1200, cases[i].lag, 30), cases[i].nap);
        CHECK_EQ_U64(feed_batch(&local, 300, 133, 1200, cases[i].lag, 30), cases[i].on_unix);
    }
}

static void nobody_waits_for_what_has_not_committed(void)
{
    source s;
    begin(&s, WW__GATHER_NEAR);
    run_busy(&s, 4);
    s.b.sent_at += 1200;
    s.b.commit_time = INT64_MIN;
    CHECK_EQ_U64(ww__gather_decide(&s.g, &s.b), WW__GATHER_NAP_US);
}

static void clocks_may_say_anything(void)
{
    static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1};
    size_t i, k, l;
    source s;
    begin(&s, WW__GATHER_NEAR);
    for (i = 0; i < 6; i++)
        for (k = 0; k < 6; k++)
            for (l = 0; l < 6; l++) {
                s.b.messages = 1000;
                s.b.bytes = 133000;
                s.b.sent_at = times[i];
                s.b.commit_time = times[k];
                s.b.longest_gap = times[l];
                CHECK(ww__gather_decide(&s.g, &s.b) <= WW__GATHER_NAP_US);
            }
    begin(&s, WW__GATHER_NEAR); /* a step back by an hour */
    run_busy(&s, 4);
    CHECK_EQ_U64(feed_batch(&s, 300, 133, -3600000000, 1000000, -3600000000), 0);
    CHECK_EQ_U64(run_busy(&s, 3), WW__GATHER_NAP_US);
}

static void without_messages_there_is_nothing_to_gather(void)
{
    source s;
    begin(&s, WW__GATHER_NEAR);
    run_busy(&s, 4);
    CHECK_EQ_U64(feed_batch(&s, 0, 0, 0, 0, 0), 0); /* keepalives, a piece of a message, nothing */
    begin(&s, WW__GATHER_NEAR);
    CHECK_EQ_U64(feed_batch(&s, 1, 100000000, 1000, 1000000, 0), 0); /* one giant */
    CHECK_EQ_U64(feed_batch(&s, 1, 100000000, 30000, 1000000, 0), 0);
}

/* ---- would it fill the socket? -------------------------------------------------------------- */

/* 300 of these are all that fits: naps of a millisecond stopped the server each time, and the hole
 * that it left was too short to be told from chance. */
static void a_nap_fills_a_third_of_a_unix_socket(void)
{
    static const uint64_t sizes[] = {40, 133, 630, 8200};
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t in_1200_us = 1200 / (3 + sizes[i] / 300);
        ww_mono_us nap = 0;
        uint64_t filled;
        source s;
        unsigned k;
        begin(&s, WW__GATHER_UNIX);
        for (k = 0; k < 20; k++)
            nap = feed_batch(&s, in_1200_us, sizes[i], 1200, 1000000, 30);
        filled = nap * in_1200_us * (sizes[i] + 640) / 1200;
        CHECK(filled > DEFAULT_UNIX / 3 * 9 / 10 && filled <= DEFAULT_UNIX / 3);
    }
}

static void a_socket_that_tells_no_size_has_room(void)
{
    source s;
    begin(&s, WW__GATHER_UNIX);
    s.b.capacity = 0;
    CHECK_EQ_U64(run_busy(&s, 10), WW__GATHER_NAP_US);
    begin(&s, WW__GATHER_FAR);
    s.b.capacity = 0;
    CHECK_EQ_U64(run_busy(&s, 10), WW__GATHER_NAP_US);
}

/* ---- was it too long? ----------------------------------------------------------------------- */

/* What a hole leaves of the longest nap that is believed to be harmless. */
static ww_mono_us feed_hole(source *s, uint64_t n, uint64_t size, int64_t span, int64_t gap)
{
    feed_batch(s, n, size, span, 1000000, gap);
    return s->g.harmless_us;
}

static void a_hole_shortens_naps(void)
{
    source s;
    begin(&s, WW__GATHER_UNIX);
    run_busy(&s, 6);
    s.last_nap = 5000;
    CHECK_EQ_U64(feed_hole(&s, 300, 133, 5000, 4000), 2250); /* half, and a bit less */
    s.last_nap = 2250;
    CHECK_EQ_U64(feed_hole(&s, 300, 133, 2250, 400), (2250 - 400) * 9 / 10);
}

/* Who was kept from receiving for 20 ms knows no more of naps of 5 ms than before. */
static void a_nap_that_lasted_longer_teaches_little(void)
{
    source s;
    begin(&s, WW__GATHER_UNIX);
    run_busy(&s, 6);
    s.last_nap = 20000;
    CHECK_EQ_U64(feed_hole(&s, 300, 133, 20000, 12000), 5000);
    s.last_nap = 20000;
    CHECK_EQ_U64(feed_hole(&s, 300, 133, 20000, 19000), 5000);
    s.last_nap = 6000;
    CHECK_EQ_U64(feed_hole(&s, 300, 133, 6000, 2000), 3600);
}

/* The server that lost its CPU leaves a hole, too. */
static void a_hole_in_a_small_batch_is_not_ours(void)
{
    source s;
    begin(&s, WW__GATHER_UNIX);
    run_busy(&s, 6);
    s.last_nap = 5000;
    CHECK_EQ_U64(feed_hole(&s, 120, 133, 5000, 4000), 5000);
    begin(&s, WW__GATHER_NEAR);
    run_busy(&s, 6);
    CHECK_EQ_U64(feed_batch(&s, 300, 133, 5000, 1000000, 4000), 5000); /* below 64 KiB */
    for (unsigned i = 0; i < 10; i++)
        CHECK_EQ_U64(feed_batch(&s, 3000, 133, 9000, 1000000, 30), 5000);
    CHECK_EQ_U64(feed_batch(&s, 1000, 133, 5000, 1000000, 4000), 5000); /* more came without one */
    CHECK_EQ_U64(feed_batch(&s, 2800, 133, 9000, 1000000, 4000), 2250);
}

/* What was received in pieces, while the server went on sending, is no measure of what a socket
 * holds: 8 KB rows over a Unix socket stayed at a third of their rate for good. */
static void what_once_came_through_is_not_believed_for_ever(void)
{
    source s;
    unsigned i;
    begin(&s, WW__GATHER_UNIX);
    run_busy(&s, 6);
    feed_batch(&s, 3000, 8200, 9000, 1000000, 30);
    s.last_nap = 5000;
    CHECK_EQ_U64(feed_hole(&s, 25, 8200, 5000, 4700), 2250);
    begin(&s, WW__GATHER_NEAR);
    run_busy(&s, 6);
    feed_batch(&s, 3000, 8200, 9000, 1000000, 30);
    for (i = 0; i < 40 && s.last_nap == 5000; i++)
        feed_batch(&s, 60, 8200, 5000, 1000000, 4000);
    CHECK(i > 3 && i < 40);
}

static void far_away_holes_are_the_paths(void)
{
    source s;
    begin(&s, WW__GATHER_FAR);
    run_busy(&s, 6);
    CHECK_EQ_U64(feed_batch(&s, 3000, 133, 9000, 1000000, 8000), 5000);
    s.b.capacity = 131072; /* an eighth of it comes in 16384/44 us */
    run_busy(&s, 10);
    CHECK(run_busy(&s, 1) < 600);
    CHECK(run_busy(&s, 1) > 300);
}

/* 1 ms each way: 290,000 packets for 300,000 rows, where an eager client made it 200,000, and 15 %
 * more CPU for the server. */
static void neither_near_nor_far_it_does_not_pay(void)
{
    source s;
    begin(&s, WW__GATHER_FAR);
    ww__gather_init(&s.g, WW__GATHER_FAR, 2000);
    CHECK(s.g.path == WW__GATHER_OFF);
    ww__gather_init(&s.g, WW__GATHER_FAR, 5000);
    CHECK(s.g.path == WW__GATHER_FAR);
}

/* Nothing speaks but holes, and they have made naps short. */
static void begin_with_holes(source *s)
{
    unsigned i;
    begin(s, WW__GATHER_UNIX);
    s->b.capacity = 0;
    run_busy(s, 6);
    for (i = 0; i < 12; i++)
        feed_batch(s, 300, 133, 5000, 1000000, 5000);
}

static void short_naps_grow_again(void)
{
    source s;
    begin_with_holes(&s);
    CHECK(s.g.harmless_us < 200);
    CHECK_EQ_U64(run_busy(&s, 300), WW__GATHER_NAP_US);
}

/* 100 us gather less than is worth a nap: so there is none, nothing is learned, and yet it ends. */
static void naps_too_short_to_be_taken_are_tried_again(void)
{
    source s;
    unsigned i;
    begin_with_holes(&s);
    for (i = 0; i < 400 && s.last_nap == 0; i++)
        feed_batch(&s, 20, 133, 1000, 1000000, 30);
    for (i = 0; i < 400; i++)
        feed_batch(&s, 20, 133, 1000, 1000000, 30);
    CHECK(s.last_nap > 1000);
}

/* A Unix server: a message each `us`, until the socket holds `room` of them. Returns how long it
 * was stopped, in percent, once the naps have settled. */
static unsigned simulate(unsigned us, unsigned room, uint64_t size)
{
    source s;
    uint64_t stopped = 0, total = 0;
    ww_mono_us nap = 0;
    unsigned i;
    begin(&s, WW__GATHER_UNIX);
    for (i = 0; i < 3000; i++) {
        uint64_t elapsed = nap > 0 ? nap : 20, fill = (uint64_t)us * room;
        uint64_t busy = elapsed < fill ? elapsed : fill, hole = elapsed - busy;
        uint64_t n = busy / us > 0 ? busy / us : 1;
        nap = feed_batch(&s, n, size, (int64_t)(n * us + hole), 1000000,
                         (int64_t)(hole > us ? hole : us));
        if (i >= 1000) {
            stopped += hole;
            total += elapsed;
        }
    }
    return (unsigned)(stopped * 100 / total);
}

static void the_server_is_hardly_ever_stopped(void)
{
    CHECK_EQ_U64(simulate(3, 290, 133), 0);
    CHECK_EQ_U64(simulate(6, 200, 630), 0);
    CHECK_EQ_U64(simulate(12, 25, 8200), 0);
    CHECK(simulate(3, 140, 133) <= 6); /* it has set itself half of the buffer */
}

/* ---- the window ----------------------------------------------------------------------------- */

static void the_window_follows_the_messages(void)
{
    source s;
    unsigned i;
    begin(&s, WW__GATHER_NEAR);
    CHECK(s.g.small_window);
    run_busy(&s, 10);
    CHECK(s.g.small_window);
    for (i = 0; i < 10; i++)
        feed_batch(&s, 50, 8200, 1000, 1000000, 30);
    CHECK(!s.g.small_window);
    run_busy(&s, 100); /* 120 ms: not so soon */
    CHECK(!s.g.small_window);
    run_busy(&s, 100);
    CHECK(s.g.small_window);
    ww__gather_give_up_window(&s.g, s.b.now);
    CHECK(!s.g.small_window);
    run_busy(&s, 1000);
    CHECK(!s.g.small_window);
}

static void a_window_must_hold_what_is_on_its_way(void)
{
    source s;
    begin(&s, WW__GATHER_NEAR);
    s.g.rtt_us = 250;
    run_busy(&s, 10);
    CHECK(s.g.small_window); /* 33 MB/s */
    for (unsigned i = 0; i < 10; i++)
        feed_batch(&s, 300, 630, 1200, 1000000, 30); /* 157 MB/s */
    CHECK(!s.g.small_window);
    begin(&s, WW__GATHER_FAR);
    CHECK(!s.g.small_window);
    run_busy(&s, 1000);
    CHECK(!s.g.small_window);
}

static void a_long_read_is_not_the_last(void)
{
    ww__gather g;
    ww__gather_init(&g, WW__GATHER_NEAR, 50);
    CHECK(!ww__gather_is_long(&g, 16383));
    CHECK(ww__gather_is_long(&g, 16384));
    ww__gather_give_up_window(&g, 0);
    CHECK(!ww__gather_is_long(&g, 65535));
    CHECK(ww__gather_is_long(&g, 65536));
}

/* ---- what the stream says ------------------------------------------------------------------- */

/* A WALData, sent at `at`, with this type byte, and the time `when` that many bytes behind it. */
static void input(feed *f, uint64_t at, char type, size_t offset, uint64_t when)
{
    enc e;
    size_t i;
    memset(&e, 0, sizeof e);
    enc_u8(&e, 'w');
    enc_u64(&e, 0x100);
    enc_u64(&e, 0x100);
    enc_u64(&e, at);
    enc_u8(&e, (uint8_t)type);
    for (i = 0; i < offset; i++)
        enc_u8(&e, 0);
    enc_u64(&e, when);
    CHECK(ww_stream_input(&f->s, enc_slice(&e), f->now, NULL) == WW_OK);
    f->s.has_pending = false;
    enc_free(&e);
}

static void gaps_before_a_transaction_do_not_count(void)
{
    feed f;
    feed_init(&f);
    input(&f, 1000, 'B', 8, 900);
    f.s.times.longest_gap = 0;
    input(&f, 1010, 'I', 0, 0);
    input(&f, 1050, 'I', 0, 0);
    CHECK_EQ_U64(f.s.times.longest_gap, 40);
    CHECK_EQ_U64(f.s.times.commit_time, 900);
    input(&f, 2050, 'B', 8, 2000);
    CHECK_EQ_U64(f.s.times.commit_time, 2000);
    input(&f, 3050, 'b', 16, 3000); /* behind two LSNs */
    CHECK_EQ_U64(f.s.times.commit_time, 3000);
    input(&f, 4050, 'S', 0, 0);
    CHECK(f.s.times.commit_time == INT64_MIN);
    CHECK_EQ_U64(f.s.times.longest_gap, 40);
    input(&f, 4000, 'I', 0, 0); /* the clock was set back */
    CHECK_EQ_U64(f.s.times.longest_gap, 40);
    CHECK_EQ_U64(f.s.times.sent_at, 4000);
    input(&f, (uint64_t)INT64_MAX, 'I', 0, 0);
    input(&f, (uint64_t)INT64_MAX + 1, 'I', 0, 0);
    feed_fini(&f);
}

/* Of the transaction before, or of the year 2000, these would have a lag that allows every nap:
 * 2,500 messages a second waited 5 ms each. */
static void what_is_fresh_is_not_taken_for_late(void)
{
    static const struct {
        char type;
        size_t offset; /* of its own time */
    } ends[] = {{'c', 21}, {'p', 17}, {'K', 17}, {'r', 25}};
    size_t i;
    feed f;
    feed_init(&f);
    input(&f, 1000, 'M', 0, 0); /* the first of all */
    CHECK_EQ_U64(f.s.times.commit_time, 1000);
    CHECK_EQ_U64(f.s.times.longest_gap, 0);
    input(&f, 2000, 'B', 8, 500);
    input(&f, 2001, 'M', 0, UINT64_C(1) << 56); /* a transaction's own */
    CHECK_EQ_U64(f.s.times.commit_time, 500);
    input(&f, 90000, 'M', 0, 0);
    CHECK_EQ_U64(f.s.times.commit_time, 90000);
    for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        input(&f, 100000, 'S', 0, 0);
        input(&f, 100001, 'M', 0, 0); /* its XID begins with 0 */
        CHECK(f.s.times.commit_time == INT64_MIN);
        input(&f, 200000, ends[i].type, ends[i].offset, 199000);
        CHECK_EQ_U64(f.s.times.commit_time, 199000);
    }
    CHECK_EQ_U64(f.s.times.longest_gap, 1);
    feed_fini(&f);
}

int main(void)
{
    RUN(a_quiet_stream_never_naps);
    RUN(a_busy_one_naps_soon);
    RUN(a_nap_is_a_sixteenth_of_the_lag);
    RUN(nobody_waits_for_what_has_not_committed);
    RUN(clocks_may_say_anything);
    RUN(without_messages_there_is_nothing_to_gather);
    RUN(a_nap_fills_a_third_of_a_unix_socket);
    RUN(a_socket_that_tells_no_size_has_room);
    RUN(a_hole_shortens_naps);
    RUN(a_nap_that_lasted_longer_teaches_little);
    RUN(a_hole_in_a_small_batch_is_not_ours);
    RUN(what_once_came_through_is_not_believed_for_ever);
    RUN(far_away_holes_are_the_paths);
    RUN(neither_near_nor_far_it_does_not_pay);
    RUN(short_naps_grow_again);
    RUN(naps_too_short_to_be_taken_are_tried_again);
    RUN(the_server_is_hardly_ever_stopped);
    RUN(the_window_follows_the_messages);
    RUN(a_window_must_hold_what_is_on_its_way);
    RUN(a_long_read_is_not_the_last);
    RUN(gaps_before_a_transaction_do_not_count);
    RUN(what_is_fresh_is_not_taken_for_late);
    return check_report();
}
