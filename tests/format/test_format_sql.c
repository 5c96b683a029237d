/* SPDX-License-Identifier: MIT */
/* The format "sql", as far as its text tells: what is in quotes stays there, a row is named or
 * refused, transactions have their ends. That the statements do the same to another database is for
 * tests/server/test_formats.py to say. */
#include "drive.h"
#include "sqlscan.h"

#include "format/json.h"

#define ID 7u

enum {
    BOOL = 16,
    BYTEA = 17,
    INT8 = 20,
    INT4 = 23,
    TEXT = 25,
    JSON = 114,
    TEXTS = 1009,
    INET = 869
};

static sqlscan scan;

static void open_drive(drive *d, unsigned flags)
{
    CHECK(drive_open(d, "sql", flags) == WW_OK);
    enc_begin(&d->e, 0x100, 0, 7);
    drive_send(d);
    CHECK_EQ_U64(drive_output(d).len, 0);
}

static void describe(drive *d, const char *table, const ww_relation_column *columns, uint16_t count,
                     char identity)
{
    enc_relation(&d->e, 0, ID, "s", table, identity, columns, count);
    drive_send(d);
}

/* The first statement of a format comes behind those that set its session up. */
static void settings_and_transactions(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true)};
    ww_column row[] = {enc_text("1")};
    unsigned i, lines = 0;
    ww_slice out;
    drive d;
    open_drive(&d, 0);
    enc_commit(&d.e, 0x100, 0x110, 0);
    drive_send(&d);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    describe(&d, "t", columns, 1, 'd');
    for (i = 0; i < 2; i++) {
        enc_begin(&d.e, 0x200, 0, 8);
        drive_send(&d);
        enc_insert(&d.e, 0, ID, row, 1);
        drive_send(&d);
        enc_commit(&d.e, 0x200, 0x210, 0);
        drive_send(&d);
        out = drive_output(&d);
        if (i == 0) {
            for (; lines < 9; lines++) {
                const uint8_t *end = memchr(out.ptr, '\n', out.len);
                CHECK(memcmp(out.ptr, "SET ", 4) == 0);
                out.len -= (size_t)(end + 1 - out.ptr);
                out.ptr = end + 1;
            }
        }
        CHECK_SLICE(out, "BEGIN;\n"
                         "INSERT INTO \"s\".\"t\" (\"a\") OVERRIDING SYSTEM VALUE VALUES (1);\n"
                         "COMMIT;\n");
        drive_forget(&d);
    }
    drive_close(&d);
}

/* ---- literals ------------------------------------------------------------------------------- */

static void literals(void)
{
    static const char *const cases[][2] = {
        {"", "''"},
        {"plain", "'plain'"},
        {"it's", "'it''s'"},
        {"back\\slash", "E'back\\\\slash'"},
        {"\\'", "E'\\\\'''"},
        {"a\nb\rc\td", "E'a\\nb\\rc\\td'"},
        {"\x01\x7F", "E'\\001\\177'"},
        {"caf\xC3\xA9", "'caf\xC3\xA9'"},
        {"\xE9", "E'\\351'"},
        {"\xC3'", "E'\\303'''"},
        {"\xF0\x9F\x90", "E'\\360\\237\\220'"},
        {"\xE2\x80\xA8\xC2\x85", "'\xE2\x80\xA8\xC2\x85'"},
    };
    ww_relation_column columns[] = {enc_column("a", TEXT, true)};
    char want[200];
    size_t i;
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 1, 'd');
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ww_column row[1] = {enc_text(cases[i][0])};
        enc_insert(&d.e, 0, ID, row, 1);
        drive_send(&d);
        snprintf(want, sizeof want,
                 "INSERT INTO \"s\".\"t\" (\"a\") OVERRIDING SYSTEM VALUE VALUES (%s);",
                 cases[i][1]);
        CHECK_SLICE(drive_last_line(&d), want);
    }
    drive_close(&d);
}

/* On a terminal nothing that drives it, and still the same value. */
static void on_a_terminal(void)
{
    ww_relation_column columns[] = {enc_column("a\xE2\x80\xAE", TEXT, true)};
    ww_column row[1] = {enc_text("\xC3\xA9\xC2\x9B\xE2\x80\xAE")};
    drive d;
    open_drive(&d, DRIVE_TERMINAL);
    describe(&d, "t", columns, 1, 'd');
    enc_insert(&d.e, 0, ID, row, 1);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d),
                "INSERT INTO \"s\".\"t\" (U&\"a\\202e\") OVERRIDING SYSTEM VALUE "
                "VALUES (E'\xC3\xA9\\302\\233\\342\\200\\256');");
    drive_close(&d);
}

static uint64_t state = 1;

static uint32_t next_random(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

static size_t random_bytes(uint8_t *to, size_t max)
{
    static const char nasty[] = "'\"\\E;$-/*&U\n\r\x7F\xC3\xA9\xF0\x9F\x90\x98 ";
    size_t n = next_random((uint32_t)max), i;
    for (i = 0; i < n; i++)
        to[i] = next_random(4) == 0 ? (uint8_t)next_random(256)
                                    : (uint8_t)nasty[next_random(sizeof nasty - 1)];
    return n;
}

/* The first token of this kind in the last line stands for `want`. */
static void read_back(const drive *d, sql_kind kind, ww_slice want, unsigned skip)
{
    sql_kind found;
    CHECK(sql_valid(&scan, drive_last_line(d)));
    sql_open(&scan, drive_last_line(d));
    while ((found = sql_next(&scan)) != SQL_END)
        if (found == kind && skip-- == 0)
            break;
    if (CHECK(found == kind && scan.len == want.len))
        CHECK(want.len == 0 || memcmp(scan.room, want.ptr, want.len) == 0);
}

static void any_value(void)
{
    ww_relation_column columns[] = {enc_column("a", TEXT, true)};
    ww_column row[1] = {enc_text("")};
    uint8_t bytes[40];
    unsigned i;
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 1, 'd');
    for (i = 0; i < 20000; i++) {
        row[0].value.ptr = bytes;
        row[0].value.len = random_bytes(bytes, sizeof bytes);
        enc_insert(&d.e, 0, ID, row, 1);
        CHECK(drive_send(&d) == WW_OK);
        read_back(&d, SQL_LITERAL, row[0].value, 0);
        drive_forget(&d);
    }
    drive_close(&d);
}

/* Names come to us NUL-terminated, and must be UTF-8. */
static void any_name(void)
{
    ww_column row[1] = {enc_text("")};
    unsigned i, written = 0;
    drive d;
    open_drive(&d, 0);
    for (i = 0; i < 20000; i++) {
        char name[24];
        size_t n = random_bytes((uint8_t *)name, sizeof name - 1);
        ww_relation_column column;
        bool valid;
        name[n] = '\0';
        n = strlen(name);
        column = enc_column(name, TEXT, true);
        valid = ww__utf8_check((ww_slice){(const uint8_t *)name, n});
        describe(&d, name, &column, 1, 'd');
        enc_insert(&d.e, 0, ID, row, 1);
        drive_send(&d);
        CHECK(d.status == (valid ? WW_OK : WW_ERR_USAGE));
        if (valid) {
            read_back(&d, SQL_NAME, ww_slice_of(name), 1);
            read_back(&d, SQL_NAME, ww_slice_of(name), 2);
            written++;
        }
        drive_forget(&d);
    }
    CHECK(written > 500);
    drive_close(&d);
}

/* What is rendered comes in pieces, which may cut a character in two. */
static void characters_in_pieces(void)
{
    ww_relation_column columns[] = {enc_column("a", TEXTS, true)};
    ww_column row[1];
    enc e = {0};
    uint8_t want[4000];
    size_t i, n = 0;
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 1, 'd');
    enc_u32(&e, 1); /* dimensions */
    enc_u32(&e, 0);
    enc_u32(&e, TEXT);
    enc_u32(&e, 3);
    enc_u32(&e, 1);
    want[n++] = '{';
    for (i = 0; i < 3; i++) {
        size_t start = n, k;
        for (k = 0; k < 400; k++) {
            memcpy(want + n, k % 2 == 0 ? "\xE2\x82\xAC" : "x", k % 2 == 0 ? 3 : 1);
            n += k % 2 == 0 ? 3 : 1;
        }
        enc_u32(&e, (uint32_t)(n - start));
        enc_bytes(&e, (ww_slice){want + start, n - start});
        want[n++] = i < 2 ? ',' : '}';
    }
    row[0] = enc_binary(e.ptr, e.len);
    enc_insert(&d.e, 0, ID, row, 1);
    CHECK(drive_send(&d) == WW_OK);
    read_back(&d, SQL_LITERAL, (ww_slice){want, n}, 0);
    CHECK(memchr(drive_last_line(&d).ptr, '\\', drive_last_line(&d).len) == NULL);
    enc_free(&e);
    drive_close(&d);
}

/* A number that is none is not written as one. */
static void what_is_no_number(void)
{
    static const char *const texts[] = {"1); DROP TABLE t; --", "", "-", "1.5", "0x1", "1 OR 1"};
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", BOOL, false)};
    size_t i;
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 2, 'd');
    for (i = 0; i < 2 * sizeof texts / sizeof texts[0]; i++) {
        ww_column row[2] = {enc_text(i % 2 == 0 ? texts[i / 2] : "1"),
                            enc_text(i % 2 == 1 ? texts[i / 2] : "t")};
        enc_insert(&d.e, 0, ID, row, 2);
        CHECK(drive_send(&d) == WW_ERR_DECODE);
        CHECK_EQ_U64(drive_output(&d).len, 0);
    }
    drive_close(&d);
}

static void integers(void)
{
    static const uint8_t seven[] = {0, 0, 0, 0, 0, 0, 0, 7};
    ww_relation_column columns[] = {enc_column("a", INT8, true), enc_column("b", INT8, false),
                                    enc_column("c", INT8, false), enc_column("d", BOOL, false)};
    ww_column row[] = {enc_text("-9223372036854775808"), enc_text("9223372036854775807"),
                       enc_binary(seven, 8), enc_text("f")};
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 4, 'd');
    enc_insert(&d.e, 0, ID, row, 4);
    CHECK(drive_send(&d) == WW_OK);
    CHECK_SLICE(
        drive_last_line(&d),
        "INSERT INTO \"s\".\"t\" (\"a\", \"b\", \"c\", \"d\") OVERRIDING SYSTEM VALUE VALUES "
        "('-9223372036854775808', 9223372036854775807, 7, false);");
    drive_close(&d);
}

/* ---- which row ------------------------------------------------------------------------------ */

static const char one_row[] = "(tableoid, ctid) = (SELECT tableoid, ctid FROM \"s\".\"t\"";

static void by_key(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", TEXT, true),
                                    enc_column("c", JSON, false)};
    ww_column row[] = {enc_text("1"), enc_text("x"), enc_text("{}")};
    ww_column key[] = {enc_text("1"), enc_text("w"), enc_null()};
    ww_column kept[] = {enc_text("1"), enc_text("x"), enc_unchanged()};
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 3, 'd');
    enc_update(&d.e, 0, ID, 0, NULL, row, 3);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d),
                "UPDATE \"s\".\"t\" SET \"c\" = '{}' WHERE \"a\" = 1 AND \"b\" = 'x';");
    enc_update(&d.e, 0, ID, 'K', key, row, 3);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "UPDATE \"s\".\"t\" SET \"b\" = 'x', \"c\" = '{}' WHERE "
                                     "\"a\" = 1 AND \"b\" = 'w';");
    enc_delete(&d.e, 0, ID, 'K', key, 3);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "DELETE FROM \"s\".\"t\" WHERE \"a\" = 1 AND \"b\" = 'w';");
    drive_forget(&d);
    enc_update(&d.e, 0, ID, 0, NULL, kept, 3); /* of which nothing is known to be new */
    CHECK(drive_send(&d) == WW_OK);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

static void by_row(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", TEXT, true),
                                    enc_column("c", INET, true), enc_column("d", 99999, true)};
    ww_column old[] = {enc_null(), enc_text("x"), enc_null(), enc_null()};
    ww_column row[] = {enc_text("1"), enc_text("x"), enc_unchanged(), enc_null()};
    char want[500];
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 4, 'f');
    enc_update(&d.e, 0, ID, 'O', old, row, 4);
    drive_send(&d);
    snprintf(
        want, sizeof want,
        "UPDATE \"s\".\"t\" SET \"a\" = 1 WHERE %s WHERE \"a\" IS NULL AND "
        "pg_catalog.format('%%L', \"b\") = pg_catalog.format('%%L', 'x') AND \"c\" IS NULL AND "
        "pg_catalog.format('%%L', \"d\") = pg_catalog.format('%%L', NULL) LIMIT 1);",
        one_row);
    CHECK_SLICE(drive_last_line(&d), want);
    enc_update(&d.e, 0, ID, 'O', old, old, 4);
    drive_forget(&d);
    drive_send(&d);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

static void without_columns(void)
{
    char want[200];
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", NULL, 0, 'f');
    enc_insert(&d.e, 0, ID, NULL, 0);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "INSERT INTO \"s\".\"t\" DEFAULT VALUES;");
    enc_delete(&d.e, 0, ID, 'O', NULL, 0);
    drive_send(&d);
    snprintf(want, sizeof want, "DELETE FROM \"s\".\"t\" WHERE %s LIMIT 1);", one_row);
    CHECK_SLICE(drive_last_line(&d), want);
    drive_close(&d);
}

/* Never a statement that would do it to every row. */
static void refused(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, false), enc_column("b", TEXT, false)};
    ww_column row[] = {enc_text("1"), enc_unchanged()};
    ww_column old[] = {enc_text("1"), enc_null()};
    drive d;
    open_drive(&d, 0);
    describe(&d, "t", columns, 2, 'n');
    enc_update(&d.e, 0, ID, 0, NULL, row, 2);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.subject, "s.t");
    enc_delete(&d.e, 0, ID, 'K', old, 2);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    enc_insert(&d.e, 0, ID, row, 2);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.subject, "s.t.b (text)");
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

static void truncate_of_no_name(void)
{
    const uint32_t id = ID;
    ww_relation_column columns[] = {enc_column("a", INT4, true)};
    drive d;
    open_drive(&d, 0);
    describe(&d, "t\xFF", columns, 1, 'd');
    enc_truncate(&d.e, 0, &id, 1, 0);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

/* ---- filters, prepared and streamed transactions, messages ----------------------------------- */

static void open_filtered(drive *d, ww_filter_kind kind, const char *pattern)
{
    static ww_filter_rule rule; /* lives as long as the format */
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    config.name = "sql";
    rule.kind = kind;
    rule.exclude = true;
    rule.pattern = pattern;
    config.rules = &rule;
    config.nrules = 1;
    CHECK(drive_open_config(d, &config) == WW_OK);
}

static void filtered_columns(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", TEXT, true),
                                    enc_column("c", TEXT, false)};
    ww_column row[] = {enc_text("1"), enc_text("x"), enc_text("y")};
    drive d;
    open_filtered(&d, WW_FILTER_COLUMN, "b");
    enc_begin(&d.e, 0x100, 0, 7);
    drive_send(&d);
    describe(&d, "t", columns, 3, 'd');
    enc_insert(&d.e, 0, ID, row, 3);
    CHECK(drive_send(&d) == WW_OK);
    CHECK_SLICE(drive_last_line(&d), "INSERT INTO \"s\".\"t\" (\"a\", \"c\") OVERRIDING SYSTEM "
                                     "VALUE VALUES (1, 'y');");
    drive_forget(&d);
    enc_update(&d.e, 0, ID, 0, NULL, row, 3); /* WHERE "a" = 1 alone could be many rows */
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.subject, "s.t.b (text)");
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

/* A row of defaults, or any row of the table, is not what was changed. */
static void no_column_is_left(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", TEXT, true)};
    ww_column row[] = {enc_text("1"), enc_text("x")}, now[] = {enc_text("2"), enc_text("x")};
    drive d;
    open_filtered(&d, WW_FILTER_COLUMN, "t.*");
    enc_begin(&d.e, 0x100, 0, 7);
    drive_send(&d);
    describe(&d, "t", columns, 2, 'f');
    enc_insert(&d.e, 0, ID, row, 2);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.subject, "s.t");
    CHECK(strstr(d.err.what, "--exclude-table") != NULL);
    enc_delete(&d.e, 0, ID, 'O', row, 2);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.subject, "s.t");
    enc_update(&d.e, 0, ID, 'O', row, now, 2);
    CHECK(drive_send(&d) == WW_OK);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

/* COMMIT PREPARED must find it. */
static void prepared_and_filtered(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true)};
    ww_column row[] = {enc_text("1")};
    drive d;
    open_filtered(&d, WW_FILTER_TABLE, "t");
    enc_begin_prepare(&d.e, 0x100, 0x110, 0, 7, "g\\'");
    drive_send(&d);
    describe(&d, "t", columns, 1, 'd');
    enc_insert(&d.e, 0, ID, row, 1);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "BEGIN;");
    enc_prepare(&d.e, 0x100, 0x110, 0, 7, "g\\'");
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "PREPARE TRANSACTION E'g\\\\''';");
    enc_rollback_prepared(&d.e, 0x110, 0x120, 0, 0, 7, "g\\'");
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), "ROLLBACK PREPARED E'g\\\\''';");
    drive_close(&d);
}

/* Of a transaction that was prepared before the program started: its gid needs the encoding too. */
static void prepared_earlier(void)
{
    drive d;
    CHECK(drive_open(&d, "sql", 0) == WW_OK);
    enc_commit_prepared(&d.e, 0x110, 0x120, 0, 7, "\xC3\xA9");
    CHECK(drive_send(&d) == WW_OK);
    CHECK(memcmp(drive_output(&d).ptr, "SET client_encoding = 'UTF8';\n", 30) == 0);
    CHECK_SLICE(drive_last_line(&d), "COMMIT PREPARED '\xC3\xA9';");
    drive_close(&d);
}

static void streamed(void)
{
    drive d;
    CHECK(drive_open(&d, "sql", 0) == WW_OK);
    enc_stream_start(&d.e, 9, true);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    enc_stream_stop(&d.e);
    CHECK(drive_send(&d) == WW_OK);
    enc_stream_abort(&d.e, 9, 9);
    CHECK(drive_send(&d) == WW_OK);
    enc_stream_commit(&d.e, 9, 1, 2, 0);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

static void messages(void)
{
    const ww_knob emit = {"emit-messages", "true"};
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    unsigned i;
    config.name = "sql";
    config.knobs = &emit;
    for (i = 0; i < 2; i++) {
        drive d;
        config.nknobs = i;
        CHECK(drive_open_config(&d, &config) == WW_OK);
        enc_message(&d.e, 0, false, 0x10, "p'", ww_slice_of("a\n"));
        CHECK(drive_send(&d) == WW_OK);
        if (i == 0)
            CHECK_EQ_U64(drive_output(&d).len, 0);
        else
            CHECK_SLICE(drive_last_line(&d), "SELECT pg_catalog.pg_logical_emit_message(false, "
                                             "'p''', pg_catalog.decode('610a', 'hex'));");
        drive_close(&d);
    }
}

int main(void)
{
    RUN(settings_and_transactions);
    RUN(literals);
    RUN(on_a_terminal);
    RUN(any_value);
    RUN(any_name);
    RUN(characters_in_pieces);
    RUN(what_is_no_number);
    RUN(integers);
    RUN(by_key);
    RUN(by_row);
    RUN(without_columns);
    RUN(refused);
    RUN(truncate_of_no_name);
    RUN(filtered_columns);
    RUN(no_column_is_left);
    RUN(prepared_and_filtered);
    RUN(prepared_earlier);
    RUN(streamed);
    RUN(messages);
    return check_report();
}
