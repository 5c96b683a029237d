/* SPDX-License-Identifier: MIT */
/* The formats "pypgoutput" and "pgoutput-decoder" in what tests/server/test_formats.py does not
 * see: what the catalog adds, names of types, ids of messages, times, what is refused. */
#include "drive.h"

#define ID 7u
#define OWN 16500u /* the OID of a type */

enum { INT4 = 23, TEXT = 25, VARCHAR = 1043, TIMESTAMP = 1114, TIMESTAMPTZ = 1184 };

static void open_format(drive *d, const ww_format_config *config)
{
    CHECK(drive_open_config(d, config) == WW_OK);
    enc_begin(&d->e, 0x123456789ABCDEF0, 0, 7);
    drive_send(d);
}

static void open_drive(drive *d)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    config.name = "pypgoutput";
    open_format(d, &config);
}

static void describe(drive *d, const ww_relation_column *columns, uint16_t count, char identity)
{
    enc_relation(&d->e, 0, ID, "s", "t", identity, columns, count);
    drive_send(d);
}

/* Sends the row, and looks for `want` in its line. */
static void insert(drive *d, const ww_column *row, uint16_t count, const char *want)
{
    ww_slice line;
    size_t n = strlen(want), at = 0;
    enc_insert(&d->e, 0, ID, row, count);
    drive_send(d);
    line = drive_last_line(d);
    while (at + n < line.len && memcmp(line.ptr + at, want, n) != 0)
        at++;
    if (!CHECK(at + n < line.len))
        fprintf(stderr, "    %s\n is not in %.*s\n", want, (int)line.len, (const char *)line.ptr);
}

static void ends_with(const drive *d, const char *want)
{
    ww_slice end = drive_last_line(d);
    size_t n = strlen(want);
    if (CHECK(end.len > n)) {
        end.ptr += end.len - n;
        end.len = n;
        CHECK_SLICE(end, want);
    }
}

/* ---- the schema ----------------------------------------------------------------------------- */

static void without_the_catalog(void)
{
    static const struct {
        char identity;
        const char *key, *other;
    } cases[] = {{'d', "true", "false"}, {'i', "true", "false"}, {'f', "false", "true"}};
    ww_relation_column columns[] = {enc_column("a", VARCHAR, true), enc_column("b", 99999, false)};
    ww_column row[] = {enc_text("1"), enc_null()};
    char want[400];
    size_t i;
    drive d;
    open_drive(&d);
    columns[0].typmod = 14;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe(&d, columns, 2, cases[i].identity);
        snprintf(want, sizeof want,
                 "\"column_definitions\":[{\"name\":\"a\",\"part_of_pkey\":%s,\"type_id\":1043,"
                 "\"type_name\":\"character varying(10)\",\"optional\":%s},{\"name\":\"b\","
                 "\"part_of_pkey\":false,\"type_id\":99999,\"type_name\":\"???\","
                 "\"optional\":true}],\"db\":\"shop\"",
                 cases[i].key, cases[i].other);
        insert(&d, row, 2, want);
    }
    drive_close(&d);
}

static void with_the_catalog(void)
{
    const ww_column_facts facts[] = {{ww_slice_of("a"), INT4, -1, 0, false},
                                     {ww_slice_of("b"), OWN, -1, 1, true},
                                     {ww_slice_of("c"), INT4, -1, 0, true}};
    const ww_relation_facts table = {ID, 3, facts, 1};
    ww_type type;
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", OWN, false),
                                    enc_column("c", INT4, false)};
    ww_column row[] = {enc_text("1"), enc_text("2"), enc_text("3")};
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    check_alloc memory;
    ww_types *types;
    drive d;
    check_alloc_init(&memory, 0);
    types = ww_types_open(&memory.alloc, 0);
    memset(&type, 0, sizeof type);
    type.oid = OWN;
    type.domain_of = INT4;
    type.nspname = ww_slice_of("s");
    type.typname = ww_slice_of("small");
    type.sqlname = ww_slice_of("s.small");
    CHECK(ww_types_put(types, &type, NULL) == WW_OK);
    CHECK(ww_types_put_relation(types, &table, NULL) == WW_OK);
    config.name = "pypgoutput";
    config.types = types;
    open_format(&d, &config);
    describe(&d, columns, 3, 'd');
    insert(&d, row, 3,
           "[{\"name\":\"a\",\"part_of_pkey\":false,\"type_id\":23,\"type_name\":\"integer\","
           "\"optional\":true},{\"name\":\"b\",\"part_of_pkey\":true,\"type_id\":16500,"
           "\"type_name\":\"s.small\",\"optional\":false},{\"name\":\"c\",\"part_of_pkey\":false,"
           "\"type_id\":23,\"type_name\":\"integer\",\"optional\":false}]");
    drive_close(&d);
    ww_types_close(types);
    CHECK_EQ_U64(memory.live_blocks, 0);
}

/* The name is quoted for SQL first, then for JSON. */
static void named_types(void)
{
    ww_relation_column columns[] = {enc_column("a", OWN, true)};
    ww_column row[] = {enc_text("x")};
    drive d;
    open_drive(&d);
    enc_type(&d.e, 0, OWN, "S", "mo\"od");
    drive_send(&d);
    describe(&d, columns, 1, 'd');
    insert(&d, row, 1, "\"type_name\":\"\\\"S\\\".\\\"mo\\\"\\\"od\\\"\"");
    enc_type(&d.e, 0, OWN, "s", "mood");
    drive_send(&d);
    insert(&d, row, 1, "\"type_name\":\"s.mood\"");
    drive_close(&d);
}

static void filtered_columns(void)
{
    ww_filter_rule rule = {WW_FILTER_COLUMN, true, "a"};
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", INT4, true)};
    ww_column row[] = {enc_text("1"), enc_text("2")};
    drive d;
    config.name = "pypgoutput";
    config.rules = &rule;
    config.nrules = 1;
    open_format(&d, &config);
    describe(&d, columns, 2, 'd');
    insert(&d, row, 2, "\"column_definitions\":[{\"name\":\"b\",");
    insert(&d, row, 2, "\"before\":null,\"after\":{\"b\":2}");
    drive_close(&d);
}

/* ---- values --------------------------------------------------------------------------------- */

static void times(void)
{
    static const struct {
        uint32_t type;
        const char *text, *want;
    } cases[] = {
        {TIMESTAMPTZ, "2022-01-14 17:22:10.29674+00", "2022-01-14T17:22:10.296740+00:00"},
        {TIMESTAMPTZ, "2000-01-01 00:00:00+00", "2000-01-01T00:00:00+00:00"},
        {TIMESTAMP, "1999-12-31 23:59:59.999999", "1999-12-31T23:59:59.999999"},
        {TIMESTAMP, "0001-01-01 00:00:00", "0001-01-01T00:00:00"},
        {TIMESTAMP, "9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999"},
        {TIMESTAMP, "0001-12-31 23:59:59.999999 BC", "0001-12-31 23:59:59.999999 BC"},
        {TIMESTAMP, "10000-01-01 00:00:00", "10000-01-01 00:00:00"},
        {TIMESTAMPTZ, "-infinity", "-infinity"},
        {TEXT, "2000-01-01 00:00:00", "2000-01-01 00:00:00"},
    };
    char want[100];
    size_t i;
    drive d;
    open_drive(&d);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ww_relation_column columns[] = {enc_column("a", cases[i].type, true)};
        ww_column row[] = {enc_text(cases[i].text)};
        describe(&d, columns, 1, 'd');
        snprintf(want, sizeof want, "\"after\":{\"a\":\"%s\"}", cases[i].want);
        insert(&d, row, 1, want);
    }
    drive_close(&d);
}

static void not_a_time(void)
{
    ww_relation_column columns[] = {enc_column("a", TIMESTAMP, true)};
    ww_column row[] = {enc_text("yesterday")};
    drive d;
    open_drive(&d);
    describe(&d, columns, 1, 'd');
    enc_insert(&d.e, 0, ID, row, 1);
    CHECK(drive_send(&d) == WW_ERR_DECODE);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

/* The position's 64 bits and the number's lower 58, around version 4 and variant 2. */
static void message_ids(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true)};
    ww_column row[] = {enc_text("1")};
    ww_event ev;
    drive d;
    open_drive(&d);
    describe(&d, columns, 1, 'd');
    insert(&d, row, 1, "{\"op\":\"I\",\"message_id\":\"12345678-9abc-4def-8000-000000000001\",");
    insert(&d, row, 1, "\"message_id\":\"12345678-9abc-4def-8000-000000000002\",");
    memset(&ev, 0, sizeof ev);
    ev.kind = WW_EV_TRUNCATE;
    ev.final_lsn = UINT64_MAX;
    ev.ordinal = UINT64_MAX;
    ev.truncate.count = 1;
    ev.truncate.relation_ids.ptr = (const uint8_t *)"\0\0\0\7";
    ev.truncate.relation_ids.len = 4;
    drive_forget(&d);
    CHECK(drive_render(&d, &ev) == WW_OK);
    CHECK(memcmp(drive_output(&d).ptr,
                 "{\"op\":\"T\",\"message_id\":\"ffffffff-ffff-4fff-bfff-ffffffffffff\"", 61) == 0);
    drive_close(&d);
}

/* A value of the old row where the server left it out, else nothing: never null. */
static void unchanged(void)
{
    ww_relation_column columns[] = {enc_column("a", INT4, true), enc_column("b", TEXT, false)};
    ww_column key[] = {enc_text("1"), enc_null()}, old[] = {enc_text("1"), enc_text("x")};
    ww_column row[] = {enc_text("2"), enc_unchanged()};
    drive d;
    open_drive(&d);
    describe(&d, columns, 2, 'd');
    enc_update(&d.e, 0, ID, 'K', key, row, 2);
    drive_send(&d);
    ends_with(&d, ",\"before\":{\"a\":1},\"after\":{\"a\":2}}");
    enc_update(&d.e, 0, ID, 'O', old, row, 2);
    drive_send(&d);
    ends_with(&d, ",\"before\":{\"a\":1,\"b\":\"x\"},\"after\":{\"a\":2,\"b\":\"x\"}}");
    drive_close(&d);
}

/* ---- refused -------------------------------------------------------------------------------- */

static void uncommitted(const char *format)
{
    drive d;
    CHECK(drive_open(&d, format, 0) == WW_OK);
    enc_begin_prepare(&d.e, 0x10, 0x20, 0, 7, "g");
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.subject, format);
    enc_prepare(&d.e, 0x10, 0x20, 0, 7, "g");
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    enc_commit_prepared(&d.e, 0x10, 0x20, 0, 7, "g");
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    enc_rollback_prepared(&d.e, 0x10, 0x20, 0, 0, 7, "g");
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    enc_stream_start(&d.e, 9, true);
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    enc_stream_stop(&d.e);
    CHECK(drive_send(&d) == WW_OK);
    enc_stream_abort(&d.e, 9, 9);
    CHECK(drive_send(&d) == WW_OK);
    enc_stream_prepare(&d.e, 0x10, 0x20, 0, 9, "g");
    CHECK(drive_send(&d) == WW_ERR_USAGE);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

static void uncommitted_transactions(void)
{
    uncommitted("pypgoutput");
    uncommitted("pgoutput-decoder");
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Each allocation fails once: nothing leaks, nothing is half written. */
static void out_of_memory(void)
{
    static const char *const formats[] = {"pypgoutput", "pgoutput-decoder", "sql"};
    ww_relation_column columns[] = {enc_column("a", OWN, true)};
    ww_column row[] = {enc_text("x")};
    size_t i, fail, failed = 0;
    for (i = 0; i < 3; i++) {
        for (fail = 1; fail < 8; fail++) {
            ww_format_config config = WW_FORMAT_CONFIG_INIT;
            ww_format *f = NULL;
            check_alloc memory;
            drive d;
            CHECK(drive_open(&d, "none", 0) == WW_OK);
            check_alloc_init(&memory, fail);
            config.name = formats[i];
            config.database = "d";
            config.alloc = &memory.alloc;
            if (ww_format_open(&f, &config, &d.err) == WW_OK) {
                ww_format *none = d.format;
                d.format = f;
                enc_type(&d.e, 0, OWN, "s", "mood");
                failed += drive_send(&d) == WW_ERR_NOMEM;
                describe(&d, columns, 1, 'd');
                failed += d.status == WW_ERR_NOMEM;
                enc_insert(&d.e, 0, ID, row, 1);
                failed += drive_send(&d) == WW_ERR_NOMEM;
                d.format = none;
            } else {
                failed++;
            }
            ww_format_close(f);
            CHECK_EQ_U64(memory.live_blocks, 0);
            drive_close(&d);
        }
    }
    CHECK(failed > 10);
}

int main(void)
{
    RUN(without_the_catalog);
    RUN(with_the_catalog);
    RUN(named_types);
    RUN(filtered_columns);
    RUN(times);
    RUN(not_a_time);
    RUN(message_ids);
    RUN(unchanged);
    RUN(uncommitted_transactions);
    RUN(out_of_memory);
    return check_report();
}
