/* SPDX-License-Identifier: MIT */
/* The format "test_decoding", in what a server's plugin rarely shows: names that need quotes, types
 * that are named, renamed or unknown, transactions without changes. That its lines are the plugin's
 * is for tests/server/test_decoding_plugin.py to say. */
#include "drive.h"

#define ID 3u
#define OWN 16500u /* the OID of a type */

enum { BOOL = 16, INT4 = 23, TEXT = 25, FLOAT4 = 700, BIT = 1560, NUMERIC = 1700 };

static void open_drive(drive *d, unsigned flags)
{
    CHECK(drive_open(d, "test_decoding", flags) == WW_OK);
    enc_begin(&d->e, 0x100, 0, 7);
    drive_send(d);
}

static void describe(drive *d, const char *schema, const char *table, const char *column,
                     uint32_t type)
{
    ww_relation_column columns[1] = { enc_column(column, type, true) };
    enc_relation(&d->e, 0, ID, schema, table, 'd', columns, 1);
    drive_send(d);
}

/* The next line must be `want`. */
static void insert(drive *d, const char *text, const char *want)
{
    ww_column row[1] = { enc_text(text) };
    enc_insert(&d->e, 0, ID, row, 1);
    drive_send(d);
    CHECK_SLICE(drive_last_line(d), want);
}

static void name_type(drive *d, const char *schema, const char *name)
{
    enc_type(&d->e, 0, OWN, schema, name);
    drive_send(d);
}

/* ---- names ---------------------------------------------------------------------------------- */

static void identifiers(void)
{
    static const char *const names[][2] = {
        { "plain_9", "plain_9" },   { "_x", "_x" },        { "Upper", "\"Upper\"" },
        { "9", "\"9\"" },           { "-", "\"-\"" },      { "a b", "\"a b\"" },
        { "a\"b", "\"a\"\"b\"" },   { "a$", "\"a$\"" },    { "\xC3\xA9", "\"\xC3\xA9\"" },
        { "select", "\"select\"" }, { "all", "\"all\"" },  { "xmltable", "\"xmltable\"" },
        { "int", "\"int\"" },       { "left", "\"left\"" }, { "action", "action" },
        { "selec", "selec" },       { "selects", "selects" },
    };
    char want[200];
    size_t i;
    drive d;
    open_drive(&d, 0);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        describe(&d, names[i][0], names[i][0], names[i][0], INT4);
        snprintf(want, sizeof want, "table %s.%s: INSERT: %s[integer]:1", names[i][1], names[i][1],
                 names[i][1]);
        insert(&d, "1", want);
    }
    drive_close(&d);
}

static void builtin_types(void)
{
    static const struct {
        uint32_t oid;
        const char *name;
    } types[] = {
        { BOOL, "boolean" },   { 18, "\"char\"" },      { INT4, "integer" },
        { 1007, "integer[]" }, { 1002, "\"char\"[]" },  { 1042, "character" },
        { 1043, "character varying" }, { 1114, "timestamp without time zone" },
        { 6157, "int8multirange[]" },  { 702, "abstime" }, { 9999, "???" }, { OWN, "???" },
    };
    ww_column row[1] = { enc_null() };
    char want[200];
    size_t i;
    drive d;
    open_drive(&d, 0);
    for (i = 0; i < sizeof types / sizeof types[0]; i++) {
        describe(&d, "s", "t", "c", types[i].oid);
        enc_insert(&d.e, 0, ID, row, 1);
        drive_send(&d);
        snprintf(want, sizeof want, "table s.t: INSERT: c[%s]:null", types[i].name);
        CHECK_SLICE(drive_last_line(&d), want);
    }
    drive_close(&d);
}

static void named_types(void)
{
    static const char *const types[][3] = {
        { "s", "mood", "s.mood" },        { "S", "Mood", "\"S\".\"Mood\"" },
        { "s", "_mood", "s.mood[]" },     { "s", "_Mood", "s.\"Mood\"[]" },
        { "", "int4", "integer" },        { "", "_int4", "integer[]" },
        { "", "pg_class", "pg_class" },   { "", "_pg_class", "pg_class[]" },
        { "s", "_", "s._" },              { "s", "int4", "s.int4" },
    };
    char want[200];
    size_t i;
    drive d;
    open_drive(&d, 0);
    for (i = 0; i < sizeof types / sizeof types[0]; i++) {
        name_type(&d, types[i][0], types[i][1]);
        describe(&d, "s", "t", "c", OWN); /* the same each time: what it was called is forgotten */
        snprintf(want, sizeof want, "table s.t: INSERT: c[%s]:'1'", types[i][2]);
        insert(&d, "1", want);
    }
    drive_close(&d);
}

/* Without a Relation too, and a Truncate still knows the table. */
static void renamed_type(void)
{
    const uint32_t id = ID;
    drive d;
    open_drive(&d, 0);
    name_type(&d, "s", "a");
    describe(&d, "s", "t", "c", OWN);
    insert(&d, "1", "table s.t: INSERT: c[s.a]:'1'");
    name_type(&d, "s", "b");
    enc_truncate(&d.e, 0, &id, 1, 0);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "table s.t: TRUNCATE: (no-flags)");
    insert(&d, "1", "table s.t: INSERT: c[s.b]:'1'");
    drive_close(&d);
}

static void many_types(void)
{
    char name[20], want[80];
    uint32_t i;
    drive d;
    open_drive(&d, 0);
    for (i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "x%u", (unsigned)i);
        enc_type(&d.e, 0, OWN + i * 0x01000193u, "s", name);
        drive_send(&d);
    }
    for (i = 0; i < 3000; i += 7) {
        describe(&d, "s", "t", "c", OWN + i * 0x01000193u);
        snprintf(want, sizeof want, "table s.t: INSERT: c[s.x%u]:'1'", (unsigned)i);
        insert(&d, "1", want);
    }
    drive_close(&d);
}

static void too_many_types(void)
{
    static char name[(1 << 20) + 1];
    uint32_t i;
    drive d;
    open_drive(&d, 0);
    memset(name, 'n', sizeof name - 1);
    for (i = 0; i < 15; i++) {
        enc_type(&d.e, 0, OWN + i, "s", name);
        CHECK(drive_send(&d) == WW_OK);
    }
    enc_type(&d.e, 0, OWN, "s2", name); /* instead of another one */
    CHECK(drive_send(&d) == WW_OK);
    enc_type(&d.e, 0, OWN + 15, "s", name);
    CHECK(drive_send(&d) == WW_ERR_LIMIT);
    CHECK(strstr(d.err.what, "16 MiB") != NULL);
    drive_close(&d);
}

/* ---- values --------------------------------------------------------------------------------- */

static void literals(void)
{
    static const struct {
        uint32_t type;
        const char *value, *want;
    } cases[] = {
        { INT4, "-1", "c[integer]:-1" },
        { NUMERIC, "NaN", "c[numeric]:NaN" },
        { FLOAT4, "1e+06", "c[real]:1e+06" },
        { BOOL, "t", "c[boolean]:true" },
        { BOOL, "f", "c[boolean]:false" },
        { BIT, "101", "c[bit]:B'101'" },
        { TEXT, "", "c[text]:''" },
        { TEXT, "'a''\\", "c[text]:'''a''''\\'" },
    };
    char want[100];
    size_t i;
    drive d;
    open_drive(&d, 0);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe(&d, "s", "t", "c", cases[i].type);
        snprintf(want, sizeof want, "table s.t: INSERT: %s", cases[i].want);
        insert(&d, cases[i].value, want);
    }
    drive_close(&d);
}

static void old_rows(void)
{
    ww_relation_column columns[2] = { enc_column("k", INT4, true), enc_column("v", TEXT, false) };
    ww_column key[2] = { enc_text("1"), enc_text("not sent by a server") };
    ww_column whole[2] = { enc_null(), enc_text("x") };
    ww_column now[2] = { enc_text("2"), enc_unchanged() };
    ww_event ev;
    drive d;
    open_drive(&d, 0);
    enc_relation(&d.e, 0, ID, "s", "t", 'd', columns, 2);
    drive_send(&d);
    enc_update(&d.e, 0, ID, 'K', key, now, 2);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "table s.t: UPDATE: old-key: k[integer]:1 new-tuple:"
                                     " k[integer]:2 v[text]:unchanged-toast-datum");
    enc_delete(&d.e, 0, ID, 'O', whole, 2);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "table s.t: DELETE: v[text]:'x'");
    enc_delete(&d.e, 0, ID, 'K', key, 2);
    CHECK(ww_decode(&d.decoder, enc_slice(&d.e), &ev, &d.err) == WW_OK);
    memset(&ev.old_tuple, 0, sizeof ev.old_tuple);
    CHECK(drive_render(&d, &ev) == WW_OK);
    CHECK_SLICE(drive_last_line(&d), "table s.t: DELETE: (no-tuple-data)");
    drive_close(&d);
}

/* A terminal is spared what could drive it. */
static void terminal(void)
{
    drive d;
    open_drive(&d, DRIVE_TERMINAL);
    describe(&d, "s", "t\x1B", "c\n", TEXT);
    insert(&d, "a'\x1B[2J\n\xE2\x80\xAE\xFF\xC3\xA9",
           "table s.\"t\\x1b\": INSERT: \"c\\x0a\"[text]:'a''\\x1b[2J\\x0a\\u{202e}\\xff\xC3\xA9'");
    enc_message(&d.e, 0, false, 1, "\r", ww_slice_of("\x9B"));
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d),
                "message: transactional: 0 prefix: \\x0d, sz: 1 content:\\x9b");
    drive_close(&d);
}

/* ---- transactions --------------------------------------------------------------------------- */

static void empty_ones_leave_no_line(void)
{
    drive d;
    open_drive(&d, 0);
    describe(&d, "s", "t", "c", TEXT);
    enc_commit(&d.e, 0x100, 0x130, 0);
    drive_send(&d);
    enc_begin_prepare(&d.e, 0x200, 0x230, 0, 8, "g");
    drive_send(&d);
    enc_prepare(&d.e, 0x200, 0x230, 0, 8, "g");
    drive_send(&d);
    enc_stream_start(&d.e, 9, true);
    drive_send(&d);
    enc_stream_stop(&d.e);
    drive_send(&d);
    enc_stream_abort(&d.e, 9, 10);
    drive_send(&d);
    enc_stream_commit(&d.e, 9, 0x300, 0x330, 0);
    drive_send(&d);
    CHECK_EQ_U64(d.out.len, 0);
    enc_message(&d.e, 0, false, 0x400, "p", ww_slice_of("c"));
    drive_send(&d);
    CHECK_SLICE(drive_output(&d), "message: transactional: 0 prefix: p, sz: 1 content:c\n");
    drive_close(&d);
}

static void quoted_gids(void)
{
    drive d;
    open_drive(&d, 0);
    enc_commit_prepared(&d.e, 1, 2, 0, 8, "a'b");
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "COMMIT PREPARED 'a''b', txid 8");
    enc_rollback_prepared(&d.e, 1, 2, 0, 0, 8, "\\a\\'\\");
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "ROLLBACK PREPARED E'\\\\a\\\\''\\\\', txid 8");
    drive_close(&d);
}

static void stream_block(drive *d, uint32_t xid, bool first, bool change)
{
    ww_column row[1] = { enc_text("1") };
    enc_stream_start(&d->e, xid, first);
    drive_send(d);
    if (change) {
        enc_insert(&d->e, xid, ID, row, 1);
        drive_send(d);
    }
    enc_stream_stop(&d->e);
    drive_send(d);
}

static void interleaved_streams(void)
{
    drive d;
    open_drive(&d, 0);
    describe(&d, "s", "t", "c", TEXT);
    stream_block(&d, 30, true, true);
    stream_block(&d, 20, true, false);
    stream_block(&d, 40, true, true);
    stream_block(&d, 30, false, false);
    enc_stream_abort(&d.e, 30, 31);
    drive_send(&d);
    enc_stream_commit(&d.e, 20, 1, 2, 0);
    drive_send(&d);
    enc_stream_commit(&d.e, 30, 1, 2, 0);
    drive_send(&d);
    enc_stream_abort(&d.e, 30, 30); /* of which nothing is left */
    drive_send(&d);
    enc_stream_abort(&d.e, 40, 40);
    drive_send(&d);
    enc_stream_abort(&d.e, 40, 40);
    drive_send(&d);
    CHECK_SLICE(drive_output(&d), "opening a streamed block for transaction TXN 30\n"
                                  "streaming change for TXN 30\n"
                                  "closing a streamed block for transaction TXN 30\n"
                                  "opening a streamed block for transaction TXN 40\n"
                                  "streaming change for TXN 40\n"
                                  "closing a streamed block for transaction TXN 40\n"
                                  "aborting streamed (sub)transaction TXN 31\n"
                                  "committing streamed transaction TXN 30\n"
                                  "aborting streamed (sub)transaction TXN 40\n");
    drive_close(&d);
}

static void many_streams(void)
{
    char want[80];
    uint32_t i;
    drive d;
    open_drive(&d, 0);
    describe(&d, "s", "t", "c", TEXT);
    for (i = 0; i < 1000; i++)
        stream_block(&d, 1 + i * 617 % 1000, true, i % 2 == 0);
    for (i = 0; i < 1000; i++) {
        drive_forget(&d);
        enc_stream_prepare(&d.e, 1, 2, 0, 1 + i * 617 % 1000, "g");
        drive_send(&d);
        snprintf(want, sizeof want, "preparing streamed transaction TXN 'g', txid %u",
                 (unsigned)(1 + i * 617 % 1000));
        CHECK_SLICE(drive_last_line(&d), i % 2 == 0 ? want : "");
    }
    drive_close(&d);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Renders until it works: the first try may find no memory. True: it did. */
static bool render_again(ww_format *f, const ww_event *ev, ww_out *out)
{
    ww_error err;
    if (ww_format_render(f, ev, out, &err) == WW_OK)
        return false;
    CHECK(err.status == WW_ERR_NOMEM);
    CHECK(ww_format_render(f, ev, out, &err) == WW_OK);
    return true;
}

/* The n-th allocation fails; what failed is tried again. True: none did. */
static bool survive(size_t n)
{
    static const char lines[] = "opening a streamed block for transaction TXN 9\n"
                                "streaming change for TXN 9\n";
    static uint8_t buffer[1000];
    ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, NULL, NULL, 0 };
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_relation_column columns[1] = { enc_column("c", OWN, true) };
    ww_column row[1] = { enc_text("1") };
    size_t failed = 0, i;
    check_alloc memory;
    ww_format *f;
    ww_event ev;
    drive d;
    CHECK(drive_open(&d, "none", 0) == WW_OK);
    check_alloc_init(&memory, n);
    config.alloc = &memory.alloc;
    config.name = "test_decoding";
    while (ww_format_open(&f, &config, &d.err) != WW_OK)
        failed++;
    for (i = 0; i < 4; i++) {
        if (i == 0)
            enc_type(&d.e, 0, OWN, "s", "x");
        else if (i == 1)
            enc_relation(&d.e, 0, ID, "s", "t", 'd', columns, 1);
        else if (i == 2)
            enc_stream_start(&d.e, 9, true);
        else
            enc_insert(&d.e, 9, ID, row, 1);
        CHECK(ww_decode(&d.decoder, enc_slice(&d.e), &ev, &d.err) == WW_OK);
        enc_clear(&d.e);
        failed += render_again(f, &ev, &out);
    }
    ww_format_close(f);
    CHECK_EQ_U64(memory.live_blocks, 0);
    CHECK_EQ_U64(out.len, sizeof lines - 1);
    CHECK(memcmp(buffer, lines, sizeof lines - 1) == 0);
    drive_close(&d);
    return failed == 0;
}

static void no_memory(void)
{
    size_t n = 1;
    while (!survive(n))
        n++;
    CHECK(n > 5);
}

int main(void)
{
    RUN(identifiers);
    RUN(builtin_types);
    RUN(named_types);
    RUN(renamed_type);
    RUN(many_types);
    RUN(too_many_types);
    RUN(literals);
    RUN(old_rows);
    RUN(terminal);
    RUN(empty_ones_leave_no_line);
    RUN(quoted_gids);
    RUN(interleaved_streams);
    RUN(many_streams);
    RUN(no_memory);
    return check_report();
}
