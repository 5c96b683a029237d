/* SPDX-License-Identifier: MIT */
/* scenario.c: every kind of event once, and the rows that differ in what they know. */
#include "scenario.h"

#define ORDERS 16385u
#define LOG 16390u
#define ODD 16400u
#define TIME INT64_C(758629800123456) /* 2024-01-15 10:30:00.123456 */

enum { BOOL = 16, BYTEA = 17, INT8 = 20, INT4 = 23, TEXT = 25, OID = 26, JSON = 114, FLOAT8 = 701,
       TIMESTAMPTZ = 1184, NUMERIC = 1700, JSONB = 3802 };

#define COUNT(array) ((uint16_t)(sizeof(array) / sizeof(array)[0]))

static ww_slice text(const char *s)
{
    return ww_slice_of(s);
}

static void send_orders_relation(drive *d)
{
    ww_relation_column columns[] = {
        enc_column("id", INT8, true),      enc_column("total", NUMERIC, false),
        enc_column("paid", BOOL, false),   enc_column("weight", FLOAT8, false),
        enc_column("doc", JSONB, false),   enc_column("note", TEXT, false),
        enc_column("at", TIMESTAMPTZ, false),
    };
    enc_relation(&d->e, 0, ORDERS, "public", "orders", 'd', columns, COUNT(columns));
    drive_send(d);
}

static void play_rows(drive *d)
{
    ww_column full[] = {
        enc_text("9223372036854775807"),
        enc_text("12345.6700"),
        enc_text("t"),
        enc_text("1e-05"),
        enc_text("{\"a\": [1, 2.50, null],\n \"b\":\t\"x\"}"),
        enc_text("caf\xC3\xA9 \"1\" \\ \x1B[2J\r\n"),
        enc_text("2024-01-15 10:30:00.123456+00"),
    };
    ww_column sparse[] = { enc_text("-1"), enc_text("NaN"), enc_null(), enc_text("NaN"),
                           enc_null(), enc_unchanged(), enc_text("infinity") };
    ww_column moved[] = { enc_text("2"), enc_text("0"), enc_text("f"), enc_text("-0"),
                          enc_text("[]"), enc_unchanged(), enc_null() };
    ww_column key[] = { enc_text("-1"), enc_null(), enc_null(), enc_null(),
                        enc_null(), enc_null(), enc_null() };
    send_orders_relation(d);
    enc_insert(&d->e, 0, ORDERS, full, COUNT(full));
    drive_send(d);
    enc_update(&d->e, 0, ORDERS, 0, NULL, sparse, COUNT(sparse));
    drive_send(d);
    enc_update(&d->e, 0, ORDERS, 'K', key, moved, COUNT(moved));
    drive_send(d);
    enc_delete(&d->e, 0, ORDERS, 'K', key, COUNT(key));
    drive_send(d);
}

static void play_full_identity(drive *d)
{
    static const uint8_t binary[] = { 0x00, 0xFF, 0x10 };
    static const uint8_t latin1[] = { 'n', 0xE9, 'e' };
    ww_relation_column columns[] = { enc_column("n", INT4, true), enc_column("raw", BYTEA, true),
                                     enc_column("word", TEXT, true) };
    ww_column old[] = { enc_text("7"), enc_text("\\x00ff"), enc_text("kept") };
    ww_column now[] = { enc_text("7"), enc_binary(binary, sizeof binary), enc_unchanged() };
    ww_column bad[] = { enc_text("8"), enc_null(), enc_text("") };
    bad[2].value.ptr = latin1;
    bad[2].value.len = sizeof latin1;
    enc_relation(&d->e, 0, LOG, "audit", "log", 'f', columns, COUNT(columns));
    drive_send(d);
    enc_update(&d->e, 0, LOG, 'O', old, now, COUNT(now));
    drive_send(d);
    enc_insert(&d->e, 0, LOG, bad, COUNT(bad));
    drive_send(d);
    enc_delete(&d->e, 0, LOG, 'O', old, COUNT(old));
    drive_send(d);
}

static void play_odd_names(drive *d)
{
    ww_relation_column columns[] = {
        enc_column("a\"b\\c\n\x1B", TEXT, true),
        enc_column("__proto__", TEXT, false),
        enc_column("\xF0\x9F\x90\x98\xE2\x80\xA8", TEXT, false),
        enc_column("bad\xFF\\name", TEXT, false),
    };
    ww_column row[] = { enc_text("1"), enc_text("2"), enc_text("3"), enc_text("4") };
    enc_relation(&d->e, 0, ODD, "sch\"ema", "t\tb\xC3", 'd', columns, COUNT(columns));
    drive_send(d);
    enc_insert(&d->e, 0, ODD, row, COUNT(row));
    drive_send(d);
}

static void play_transaction(drive *d)
{
    const uint32_t both[] = { ORDERS, LOG };
    static const uint8_t content[] = { 0, 1, 0xFE };
    ww_slice bytes = { content, sizeof content };
    enc_begin(&d->e, 0x16B3748, TIME, 731);
    drive_send(d);
    play_rows(d);
    play_full_identity(d);
    play_odd_names(d);
    enc_truncate(&d->e, 0, both, 2, WW_TRUNCATE_CASCADE | WW_TRUNCATE_RESTART_IDENTITY);
    drive_send(d);
    enc_truncate(&d->e, 0, both + 1, 1, 0);
    drive_send(d);
    enc_message(&d->e, 0, true, 0x16B3700, "outbox", text("{\"hello\":\"w\xC3\xB6rld\"}"));
    drive_send(d);
    enc_commit(&d->e, 0x16B3748, 0x16B3778, TIME);
    drive_send(d);
    enc_message(&d->e, 0, false, 0x16B3800, "p\xFF", bytes);
    drive_send(d);
    enc_begin(&d->e, 0x16B3848, TIME + 1, 732);
    drive_send(d);
    enc_commit(&d->e, 0x16B3848, 0x16B3878, TIME + 1);
    drive_send(d);
}

static void play_two_phase(drive *d)
{
    ww_column row[] = { enc_text("3"), enc_null(), enc_null(), enc_null(),
                        enc_null(), enc_null(), enc_null() };
    enc_begin_prepare(&d->e, 0x16B4000, 0x16B4100, TIME + 2000000, 740, "gid'1");
    drive_send(d);
    enc_insert(&d->e, 0, ORDERS, row, COUNT(row));
    drive_send(d);
    enc_prepare(&d->e, 0x16B4000, 0x16B4100, TIME + 2000000, 740, "gid'1");
    drive_send(d);
    enc_commit_prepared(&d->e, 0x16B4200, 0x16B4230, TIME + 3000000, 740, "gid'1");
    drive_send(d);
    enc_begin_prepare(&d->e, 0x16B4300, 0x16B4400, TIME + 4000000, 741, "g2");
    drive_send(d);
    enc_prepare(&d->e, 0x16B4300, 0x16B4400, TIME + 4000000, 741, "g2");
    drive_send(d);
    enc_rollback_prepared(&d->e, 0x16B4400, 0x16B4500, TIME + 4000000, TIME + 5000000, 741, "g2");
    drive_send(d);
}

static void play_streams(drive *d)
{
    ww_relation_column columns[] = { enc_column("id", INT4, true) };
    ww_column row[] = { enc_text("1") };
    const uint32_t orders[] = { ORDERS };
    enc_stream_start(&d->e, 920, true);
    drive_send(d);
    enc_relation(&d->e, 920, LOG + 1, "public", "s", 'd', columns, 1);
    drive_send(d);
    enc_insert(&d->e, 920, LOG + 1, row, 1);
    drive_send(d);
    enc_insert(&d->e, 921, LOG + 1, row, 1);
    drive_send(d);
    enc_truncate(&d->e, 921, orders, 1, 0);
    drive_send(d);
    enc_message(&d->e, 920, true, 0x36D1B78, "p", text("z"));
    drive_send(d);
    enc_stream_stop(&d->e);
    drive_send(d);
    enc_stream_abort(&d->e, 920, 921);
    drive_send(d);
    enc_stream_start(&d->e, 920, false);
    drive_send(d);
    enc_stream_stop(&d->e);
    drive_send(d);
    enc_stream_commit(&d->e, 920, 0x36D1B78, 0x36D1BB0, TIME);
    drive_send(d);
    enc_stream_abort_parallel(&d->e, 930, 930, 0x36D1AA8, TIME);
    drive_send(d);
    enc_stream_prepare(&d->e, 0x36D1C30, 0x36D1D28, TIME, 923, "gid3");
    drive_send(d);
}

void scenario_play_committed(drive *d)
{
    play_transaction(d);
}

void scenario_play(drive *d, bool streams)
{
    play_transaction(d);
    play_two_phase(d);
    if (streams)
        play_streams(d);
}
