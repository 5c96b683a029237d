/* SPDX-License-Identifier: MIT */
/* CopyData in, events out: layouts and lengths of w, k and s, where each event says it stands, what
 * is swallowed and counted, and which ends do not belong to their beginnings. */
#include "feed.h"

/* ---- CopyData ------------------------------------------------------------------------------- */

/* A keepalive frame captured from PostgreSQL 18.4 (PROTOCOL A.2), without type and length. */
static void reads_a_captured_keepalive(void)
{
    feed f;
    feed_init(&f);
    enc_hex(&f.copy, "6b 00000000036ce038 000303c53eee4ff1 00");
    CHECK(feed_copy(&f) == WW_OK);
    CHECK(f.wal.kind == WW_WAL_KEEPALIVE);
    CHECK_EQ_U64(f.wal.end, 0x36CE038);
    CHECK_EQ_U64(f.wal.sent_at.us, 0x000303c53eee4ff1);
    CHECK(!f.wal.reply_requested);
    CHECK_EQ_U64(ww_stream_received(&f.s), 0x36CE038);
    CHECK(feed_next(&f) == WW_MORE);
    feed_fini(&f);
}

static void reads_wal_data(void)
{
    feed f;
    feed_init(&f);
    enc_hex(&f.copy, "77 0000000000000101 0000000000000202 0000000000000303"
                     "42 00000000036ce3c0 000303c53efaa0e5 00000386");
    CHECK(feed_copy(&f) == WW_OK);
    CHECK(f.wal.kind == WW_WAL_DATA);
    CHECK_EQ_U64(f.wal.start, 0x101);
    CHECK_EQ_U64(f.wal.end, 0x202);
    CHECK_EQ_U64(f.wal.sent_at.us, 0x303);
    CHECK(f.wal.payload.ptr == f.copy.ptr + 25);
    CHECK_EQ_U64(f.wal.payload.len, 21);
    CHECK(ww_stream_input(&f.s, enc_slice(&f.copy), f.now, NULL) == WW_ERR_USAGE);
    CHECK(ww_stream_error(&f.s)->status == WW_OK);
    CHECK(feed_next(&f) == WW_OK);
    CHECK(f.ev.kind == WW_EV_BEGIN);
    CHECK_EQ_U64(f.ev.wal_lsn, 0x101);
    CHECK_EQ_U64(f.ev.sent_at.us, 0x303);
    CHECK_EQ_U64(f.ev.xid, 902);
    CHECK_EQ_U64(f.ev.final_lsn, 0x36CE3C0);
    CHECK_EQ_U64(f.ev.commit_time.us, 0x000303c53efaa0e5);
    CHECK(feed_next(&f) == WW_MORE);
    CHECK_EQ_U64(f.s.counters.wal_messages, 1);
    CHECK_EQ_U64(f.s.counters.wal_bytes, 21);
    feed_fini(&f);
}

/* HOSTILE D1, D2, D4: every prefix and every type byte. */
static void refuses_other_copy_data(void)
{
    static const char keepalive[] = "6b 0000000000000200 0000000000000000 01";
    static const char data[] = "77 0000000000000101 0000000000000101 0000000000000303";
    unsigned n;
    for (n = 0; n < 256; n++) {
        feed f;
        ww_status want = n == 's' ? WW_OK : WW_ERR_PROTOCOL;
        feed_init(&f);
        enc_u8(&f.copy, n);
        CHECK(feed_copy(&f) == want);
        CHECK(feed_copy(&f) == want);
        CHECK(ww_stream_error(&f.s)->status == want);
        CHECK(want == WW_OK || ww_stream_error(&f.s)->msg_type == (char)n);
        CHECK(feed_next(&f) == (want == WW_OK ? WW_MORE : want));
        CHECK(f.s.counters.unknown_copy_data == (n == 's' ? 2 : 0));
        feed_fini(&f);
    }
    for (n = 0; n <= 25; n++) {
        feed f;
        feed_init(&f);
        enc_hex(&f.copy, data);
        f.copy.len = n;
        CHECK(feed_copy(&f) == (n == 25 ? WW_OK : WW_ERR_PROTOCOL));
        CHECK(n == 25 || ww_stream_error(&f.s)->offset <= n);
        feed_fini(&f);
    }
    for (n = 0; n <= 19; n++) {
        feed f;
        feed_init(&f);
        enc_hex(&f.copy, keepalive);
        enc_u8(&f.copy, 0);
        f.copy.len = n;
        CHECK(feed_copy(&f) == (n == 18 ? WW_OK : WW_ERR_PROTOCOL));
        CHECK_EQ_U64(ww_stream_received(&f.s), n == 18 ? 0x200 : 0);
        feed_fini(&f);
    }
}

static void skips_and_counts(void)
{
    feed f;
    feed_init(&f);
    CHECK(feed_wal(&f, 0x100) == WW_OK); /* empty payload: 10 to 13 */
    CHECK(f.wal.kind == WW_WAL_OTHER);
    CHECK(feed_next(&f) == WW_MORE);
    CHECK_EQ_U64(f.s.counters.empty_wal_data, 1);
    enc_clear(&f.copy);
    enc_hex(&f.copy, "73 0000000000000101 0000000000000101 0000000000000303 0000000000000000");
    CHECK(feed_copy(&f) == WW_OK);
    CHECK(f.wal.kind == WW_WAL_OTHER);
    CHECK_EQ_U64(f.s.counters.unknown_copy_data, 1);
    CHECK_EQ_U64(ww_stream_received(&f.s), 0);
    feed_fini(&f);
}

/* ---- events --------------------------------------------------------------------------------- */

static void check_place(const feed *f, uint32_t xid, ww_lsn final_lsn, uint64_t ordinal)
{
    CHECK_EQ_U64(f->ev.xid, xid);
    CHECK_EQ_U64(f->ev.final_lsn, final_lsn);
    CHECK_EQ_U64(f->ev.ordinal, ordinal);
    CHECK_EQ_U64(f->ev.sent_at.us, 77);
    CHECK_EQ_U64(f->ev.gid.len, 0);
}

static void places_changes(void)
{
    static const uint32_t ids[] = { 1, 2 };
    ww_column one = enc_text("1");
    ww_relation_column id = enc_column("id", 23, true);
    feed f;
    feed_init(&f);
    enc_begin(&f.message, 0x500, 9, 7);
    CHECK(feed_event(&f, 0x110) == WW_OK);
    check_place(&f, 7, 0x500, 0);
    CHECK(ww_stream_in_transaction(&f.s));
    enc_origin(&f.message, 0, "org");
    CHECK(feed_event(&f, 0x110) == WW_OK);
    check_place(&f, 7, 0x500, 0);
    enc_type(&f.message, 0, 20000, "public", "mood");
    CHECK(feed_event(&f, 0) == WW_OK);
    check_place(&f, 7, 0x500, 0);
    CHECK_EQ_U64(f.ev.wal_lsn, 0);
    enc_relation(&f.message, 0, 1, "public", "t", 'd', &id, 1);
    CHECK(feed_event(&f, 0) == WW_OK);
    check_place(&f, 7, 0x500, 0);
    enc_insert(&f.message, 0, 1, &one, 1);
    CHECK(feed_event(&f, 0x120) == WW_OK);
    check_place(&f, 7, 0x500, 1);
    CHECK_EQ_U64(f.ev.wal_lsn, 0x120);
    enc_update(&f.message, 0, 1, 'K', &one, &one, 1);
    CHECK(feed_event(&f, 0x130) == WW_OK);
    check_place(&f, 7, 0x500, 2);
    enc_message(&f.message, 0, true, 0x140, "p", ww_slice_of("hi"));
    CHECK(feed_event(&f, 0x140) == WW_OK);
    check_place(&f, 7, 0x500, 3);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0);
    enc_delete(&f.message, 0, 1, 'K', &one, 1);
    CHECK(feed_event(&f, 0x150) == WW_OK);
    check_place(&f, 7, 0x500, 4);
    enc_truncate(&f.message, 0, ids, 2, 1);
    CHECK(feed_event(&f, 0x160) == WW_OK);
    check_place(&f, 7, 0x500, 5);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0);
    enc_commit(&f.message, 0x500, 0x530, 9);
    CHECK(feed_event(&f, 0x530) == WW_OK);
    check_place(&f, 7, 0x500, 0);
    CHECK_EQ_U64(f.ev.commit_time.us, 9);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0x530);
    CHECK(!ww_stream_in_transaction(&f.s));

    enc_message(&f.message, 0, false, 0x600, "p", ww_slice_of("hi"));
    CHECK(feed_event(&f, 0x600) == WW_OK);
    check_place(&f, 0, 0, 0);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0x600);

    CHECK(feed_transaction(&f, 8, 0x700, 0x730) == WW_OK);
    check_place(&f, 8, 0x700, 0);
    feed_fini(&f);
}

static void places_two_phase(void)
{
    char gid[200];
    ww_column one = enc_text("1");
    feed f;
    memset(gid, 'g', sizeof gid - 1);
    gid[199] = '\0';
    feed_init(&f);
    enc_begin_prepare(&f.message, 0x500, 0x530, 9, 7, gid);
    CHECK(feed_event(&f, 0x110) == WW_OK);
    CHECK_SLICE(f.ev.gid, gid);
    CHECK(ww_stream_in_transaction(&f.s));
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0);
    enc_insert(&f.message, 0, 1, &one, 1);
    CHECK(feed_event(&f, 0x120) == WW_OK);
    CHECK_SLICE(f.ev.gid, gid); /* it outlives the message that it came in */
    CHECK_EQ_U64(f.ev.xid, 7);
    CHECK_EQ_U64(f.ev.final_lsn, 0x500);
    CHECK_EQ_U64(f.ev.ordinal, 1);
    enc_prepare(&f.message, 0x500, 0x530, 9, 7, gid);
    CHECK(feed_event(&f, 0x530) == WW_OK);
    CHECK_SLICE(f.ev.gid, gid);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0x530);
    CHECK(!ww_stream_in_transaction(&f.s));

    enc_commit_prepared(&f.message, 0x600, 0x630, 11, 7, gid);
    CHECK(feed_event(&f, 0x630) == WW_OK);
    CHECK_SLICE(f.ev.gid, gid);
    CHECK_EQ_U64(f.ev.xid, 7);
    CHECK_EQ_U64(f.ev.final_lsn, 0x600);
    CHECK_EQ_U64(f.ev.commit_time.us, 11);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0x630);
    CHECK_EQ_U64(f.s.counters.unknown_prepared, 0);

    enc_rollback_prepared(&f.message, 0x530, 0x730, 9, 12, 8, "other");
    CHECK(feed_event(&f, 0x730) == WW_OK);
    CHECK_SLICE(f.ev.gid, "other");
    CHECK_EQ_U64(f.ev.xid, 8);
    CHECK_EQ_U64(f.ev.final_lsn, 0);
    CHECK_EQ_U64(f.ev.commit_time.us, 12);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0x730);
    CHECK_EQ_U64(f.s.counters.unknown_prepared, 1); /* prepared before this session: not an error */

    CHECK(feed_transaction(&f, 9, 0x800, 0x830) == WW_OK);
    CHECK_EQ_U64(f.ev.gid.len, 0);
    feed_fini(&f);
}

static void tolerates_strays(void)
{
    feed f;
    feed_init(&f);
    enc_stream_abort(&f.message, 99, 99); /* 18, protocol 1 */
    CHECK(feed_event(&f, 0x100) == WW_MORE);
    CHECK_EQ_U64(f.s.counters.stray_stream_aborts, 1);
    enc_begin(&f.message, 0x500, 9, 7);
    CHECK(feed_event(&f, 0x110) == WW_OK);
    enc_stream_abort_parallel(&f.message, 99, 98, 0x120, 1);
    CHECK(feed_event(&f, 0x120) == WW_MORE);
    CHECK_EQ_U64(f.s.counters.stray_stream_aborts, 2);
    CHECK(ww_stream_in_transaction(&f.s));
    enc_commit(&f.message, 0x500, 0x530, 9);
    CHECK(feed_event(&f, 0x530) == WW_OK);
    CHECK_EQ_U64(f.ev.xid, 7);
    enc_prepare(&f.message, 0x600, 0x630, 9, 8, "locks only"); /* 18.0 to 18.4 */
    CHECK(feed_event(&f, 0x630) == WW_MORE);
    CHECK_EQ_U64(f.s.counters.stray_prepares, 1);
    enc_commit_prepared(&f.message, 0x700, 0x730, 9, 8, "locks only");
    CHECK(feed_event(&f, 0x730) == WW_OK);
    CHECK_EQ_U64(f.s.counters.unknown_prepared, 1);
    feed_fini(&f);
}

/* What the server's own apply worker calls a protocol violation. */
static void ends_must_belong_to_beginnings(void)
{
    feed f;
    feed_init(&f);
    enc_begin(&f.message, 0x500, 9, 7);
    feed_event(&f, 0x110);
    enc_commit(&f.message, 0x501, 0x530, 9);
    CHECK(feed_event(&f, 0x530) == WW_ERR_PROTOCOL);
    CHECK(feed_next(&f) == WW_ERR_PROTOCOL);
    feed_fini(&f);

    feed_init(&f);
    enc_begin_prepare(&f.message, 0x500, 0x530, 9, 7, "g");
    feed_event(&f, 0x110);
    enc_prepare(&f.message, 0x500, 0x530, 9, 8, "g");
    CHECK(feed_event(&f, 0x530) == WW_ERR_PROTOCOL);
    feed_fini(&f);

    feed_init(&f);
    enc_begin_prepare(&f.message, 0x500, 0x530, 9, 7, "g");
    feed_event(&f, 0x110);
    enc_prepare(&f.message, 0x4FF, 0x530, 9, 7, "g");
    CHECK(feed_event(&f, 0x530) == WW_ERR_PROTOCOL);
    feed_fini(&f);
}

static void decoding_errors_are_final(void)
{
    feed f;
    feed_init(&f);
    CHECK(feed_transaction(&f, 7, 0x500, 0x530) == WW_OK);
    CHECK(feed_keepalive(&f, 0x600, false) == WW_OK);
    enc_commit(&f.message, 0x700, 0x730, 9); /* without Begin */
    CHECK(feed_event(&f, 0x730) == WW_ERR_DECODE);
    CHECK(ww_stream_error(&f.s)->msg_type == 'C');
    CHECK(feed_keepalive(&f, 0x800, true) == WW_ERR_DECODE);
    CHECK(feed_confirm(&f, 0x530) == WW_OK); /* but what was handed out before still counts ... */
    CHECK_EQ_U64(ww_stream_flush(&f.s), 0x530); /* ... and no keepalive does */
    CHECK(!ww_stream_idle(&f.s));
    feed_fini(&f);
}

/* Raw stream events: streaming without assembly. */
static void places_stream_events(void)
{
    ww_column one = enc_text("1");
    feed f;
    feed_prepare(&f);
    f.config.streaming = true;
    CHECK(feed_start(&f) == WW_OK);
    enc_stream_start(&f.message, 7, true);
    CHECK(feed_event(&f, 0x110) == WW_OK);
    check_place(&f, 7, 0, 0);
    CHECK(!ww_stream_in_transaction(&f.s));
    enc_insert(&f.message, 8, 1, &one, 1);
    CHECK(feed_event(&f, 0x120) == WW_OK);
    CHECK_EQ_U64(f.ev.xid, 7);
    CHECK_EQ_U64(f.ev.subxid, 8);
    enc_stream_stop(&f.message);
    CHECK(feed_event(&f, 0x120) == WW_OK);
    CHECK_EQ_U64(f.ev.xid, 7);
    CHECK(feed_keepalive(&f, 0x200, false) == WW_OK);
    CHECK_EQ_U64(ww_stream_flush(&f.s), 0x200); /* its commit is behind that */
    enc_stream_abort(&f.message, 7, 8);
    CHECK(feed_event(&f, 0x210) == WW_OK);
    CHECK_EQ_U64(f.ev.xid, 7);
    enc_stream_commit(&f.message, 7, 0x300, 0x330, 9);
    CHECK(feed_event(&f, 0x330) == WW_OK);
    check_place(&f, 7, 0x300, 0);
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0x330);
    CHECK(!ww_stream_idle(&f.s));
    CHECK(feed_confirm(&f, 0x330) == WW_OK);
    enc_stream_start(&f.message, 9, true);
    feed_event(&f, 0x340);
    enc_stream_stop(&f.message);
    feed_event(&f, 0x340);
    enc_stream_prepare(&f.message, 0x400, 0x430, 9, 9, "g");
    CHECK(feed_event(&f, 0x430) == WW_OK);
    CHECK_SLICE(f.ev.gid, "g");
    CHECK_EQ_U64(ww_event_unit_lsn(&f.ev), 0x430);
    feed_fini(&f);
}

static void refuses_bad_configurations(void)
{
    feed f;
    feed_prepare(&f);
    f.config.struct_size = offsetof(ww_stream_config, spool) - 1;
    CHECK(feed_start(&f) == WW_ERR_USAGE);
    f.config.struct_size = sizeof f.config + 1;
    CHECK(feed_start(&f) == WW_ERR_USAGE);
    f.config.struct_size = offsetof(ww_stream_config, spool); /* of what lies behind, nothing */
    f.config.spool = (const ww_spool *)&f;
    CHECK(feed_start(&f) == WW_OK);
    CHECK(f.s.config.spool == NULL);
    feed_fini(&f);
    feed_prepare(&f);
    f.config.alloc = NULL;
    CHECK(feed_start(&f) == WW_ERR_USAGE);
    f.config.mode = WW_CONFIRM_THROUGH;
    CHECK(feed_start(&f) == WW_OK);
    f.config.mode = WW_CONFIRM_EACH;
    f.config.raw = true;
    CHECK(feed_start(&f) == WW_OK);
    f.config.mode = (ww_confirm_mode)2;
    CHECK(feed_start(&f) == WW_ERR_USAGE);
    memset(&f.s, 0, sizeof f.s);
    ww_stream_fini(&f.s);
    ww_stream_fini(&f.s);
    ww_stream_fini(NULL);
    feed_fini(&f);
}

int main(void)
{
    RUN(reads_a_captured_keepalive);
    RUN(reads_wal_data);
    RUN(refuses_other_copy_data);
    RUN(skips_and_counts);
    RUN(places_changes);
    RUN(places_two_phase);
    RUN(tolerates_strays);
    RUN(ends_must_belong_to_beginnings);
    RUN(decoding_errors_are_final);
    RUN(places_stream_events);
    RUN(refuses_bad_configurations);
    return check_report();
}
