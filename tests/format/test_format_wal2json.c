/* SPDX-License-Identifier: MIT */
/* The formats "wal2json-v1" and "wal2json-v2", in what a server's plugin rarely shows, or never:
 * bytes that are no values, settings, types by the catalog. That the lines are the plugin's is for
 * tests/server/test_wal2json.py to say; what is expected here was copied from its output where it
 * has one. */
#include "drive.h"
#include "strictjson.h"

#define ID 3u
#define OWN 16500u                    /* the OID of a type */
#define TIME INT64_C(758629800123450) /* 2024-01-15 10:30:00.12345 */

enum {
    BOOL = 16,
    BYTEA = 17,
    CHAR = 18,
    INT8 = 20,
    INT4 = 23,
    TEXT = 25,
    FLOAT4 = 700,
    FLOAT8 = 701
};
enum { TEXTS = 1009, VARCHAR = 1043, NUMERIC = 1700, RECORD = 2249 };

static void begin(drive *d)
{
    enc_begin(&d->e, 0x16B3748, TIME, 7);
    drive_send(d);
}

static void commit(drive *d)
{
    enc_commit(&d->e, 0x16B3748, 0x16B3778, TIME);
    drive_send(d);
}

static void open_v2(drive *d)
{
    CHECK(drive_open(d, "wal2json", 0) == WW_OK);
    begin(d);
}

static void describe(drive *d, uint32_t type, int32_t typmod)
{
    ww_relation_column column = enc_column("c", type, true);
    column.typmod = typmod;
    enc_relation(&d->e, 0, ID, "s", "t", 'd', &column, 1);
    drive_send(d);
}

static ww_status insert(drive *d, ww_column value)
{
    enc_insert(&d->e, 0, ID, &value, 1);
    return drive_send(d);
}

/* The n-th item of a JSON array. */
static ww_slice item(ww_slice array, size_t n)
{
    sj_reader r = {array.ptr + 1, array.ptr + array.len, 0};
    ww_slice none = {NULL, 0};
    for (; array.len > 0; n--) {
        ww_slice found = {r.at, 0};
        if (!sj_value(&r, 1))
            return none;
        found.len = (size_t)(r.at - found.ptr);
        if (n == 0)
            return found;
        if (!sj_char(&r, ','))
            return none;
    }
    return none;
}

/* ---- types ---------------------------------------------------------------------------------- */

static void check_type(drive *d, uint32_t type, int32_t typmod, const char *name)
{
    char want[300];
    describe(d, type, typmod);
    insert(d, enc_null());
    snprintf(want, sizeof want,
             "{\"action\":\"I\",\"schema\":\"s\",\"table\":\"t\","
             "\"columns\":[{\"name\":\"c\",\"type\":\"%s\",\"value\":null}]}",
             name);
    CHECK_SLICE(drive_last_line(d), want);
}

/* As format_type(oid, typmod) of a server has them. */
static void modifiers(void)
{
    static const struct {
        uint32_t oid;
        int32_t typmod;
        const char *name;
    } types[] = {
        {VARCHAR, 14, "character varying(10)"},
        {VARCHAR, 4, "character varying"},
        {1015, 14, "character varying(10)[]"},
        {1042, 5, "character(1)"},
        {1042, -1, "bpchar"},
        {1014, -1, "bpchar[]"},
        {1560, 3, "bit(3)"},
        {1560, -1, "bit"},
        {1561, -1, "\\\"bit\\\"[]"},
        {1562, 4, "bit varying(4)"},
        {NUMERIC, 655366, "numeric(10,2)"},
        {NUMERIC, 196612 + 2047, "numeric(3,-1)"},
        {NUMERIC, -1, "numeric"},
        {1231, 655366, "numeric(10,2)[]"},
        {1083, 2, "time(2) without time zone"},
        {1266, 0, "time(0) with time zone"},
        {1114, 6, "timestamp(6) without time zone"},
        {1185, 3, "timestamp(3) with time zone[]"},
        {1186, 0x7FFF0003, "interval(3)"},
        {1186, 0x0C00FFFF, "interval hour to minute"},
        {1186, 0x10000002, "interval second(2)"},
        {1187, 0x0006FFFF, "interval year to month[]"},
        {1186, -1, "interval"},
        {INT4, 5, "integer"},
        {CHAR, -1, "char"},
        {1002, -1, "\\\"char\\\"[]"},
        {OWN, -1, "???"},
        {INT32_MAX, INT32_MAX, "???"},
        {NUMERIC, INT32_MAX, "numeric(32767,-5)"},
        {VARCHAR, INT32_MAX, "character varying(2147483643)"},
        {NUMERIC, INT32_MIN, "numeric"},
    };
    size_t i;
    drive d;
    open_v2(&d);
    for (i = 0; i < sizeof types / sizeof types[0]; i++)
        check_type(&d, types[i].oid, types[i].typmod, types[i].name);
    drive_close(&d);
}

/* A type both of whose names are quoted: what the plugin writes there is no JSON. */
static void types_of_users(void)
{
    drive d;
    open_v2(&d);
    enc_type(&d.e, 0, OWN, "shop", "mood");
    drive_send(&d);
    check_type(&d, OWN, -1, "shop.mood");
    enc_type(&d.e, 0, OWN, "shop", "Mo\"od");
    drive_send(&d);
    check_type(&d, OWN, 7, "shop.\\\"Mo\\\"\\\"od\\\"");
    enc_type(&d.e, 0, OWN, "S", "M");
    drive_send(&d);
    check_type(&d, OWN, -1, "\\\"S\\\".\\\"M\\\"");
    enc_type(&d.e, 0, OWN, "", "int4");
    drive_send(&d);
    check_type(&d, OWN, -1, "integer");
    drive_close(&d);
}

/* A domain is known by its own name only if the catalog was asked. */
static void types_of_the_catalog(void)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    check_alloc memory;
    ww_type domain;
    ww_types *types;
    drive d;
    memset(&domain, 0, sizeof domain);
    domain.oid = OWN;
    domain.domain_of = INT4;
    domain.nspname = ww_slice_of("shop");
    domain.typname = ww_slice_of("small");
    domain.sqlname = ww_slice_of("shop.small");
    check_alloc_init(&memory, 0);
    types = ww_types_open(&memory.alloc, 0);
    CHECK(ww_types_put(types, &domain, NULL) == WW_OK);
    config.name = "wal2json-v2";
    config.types = types;
    CHECK(drive_open_config(&d, &config) == WW_OK);
    enc_type(&d.e, 0, OWN, "", "int4");
    drive_send(&d);
    check_type(&d, OWN, -1, "shop.small");
    insert(&d, enc_text("5"));
    CHECK_SLICE(sj_get(item(sj_get(drive_last_line(&d), "columns"), 0), "value"), "\"5\"");
    drive_close(&d);
    ww_types_close(types);
}

/* ---- values --------------------------------------------------------------------------------- */

static ww_slice value_of(const drive *d)
{
    return sj_get(item(sj_get(drive_last_line(d), "columns"), 0), "value");
}

static void values(void)
{
    static const struct {
        uint32_t type;
        const char *text, *json;
    } cases[] = {
        {INT8, "-9223372036854775808", "-9223372036854775808"},
        {FLOAT8, "1e-05", "1e-05"},
        {FLOAT8, "NaN", "null"},
        {FLOAT4, "-Infinity", "null"},
        {NUMERIC, "Infinity", "null"},
        {NUMERIC, "-0.500", "-0.500"},
        {BOOL, "t", "true"},
        {BOOL, "f", "false"},
        {BYTEA, "\\x00ff", "\"00ff\""},
        {BYTEA, "\\x", "\"\""},
        {3802, "{\"a\": 1}", "\"{\\\"a\\\": 1}\""},
        {TEXT, "\x01\x08\t\n\x0B\x0C\r\x1F\"\\/\x7F\xC2\x85\xE2\x80\xA8",
         "\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\x7F\xC2\x85\xE2\x80\xA8\""},
        {TEXT, "caf\xE9", "{\"$bytes\":\"636166e9\"}"},
    };
    size_t i;
    drive d;
    open_v2(&d);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe(&d, cases[i].type, -1);
        CHECK(insert(&d, enc_text(cases[i].text)) == WW_OK);
        CHECK_SLICE(value_of(&d), cases[i].json);
    }
    drive_close(&d);
}

static void binary_values(void)
{
    static const uint8_t nan[] = {0x7F, 0xF8, 0, 0, 0, 0, 0, 0}, minus_two[] = {255, 255, 255, 254};
    static const uint8_t yes[] = {1}, bytes[] = {0, 255};
    static const uint8_t numeric_nan[] = {0, 0, 0, 0, 0xC0, 0, 0, 0};
    /* {"é",NULL}, and the same with its last byte cut off */
    static const uint8_t array[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0,    0,    25,  0,   0,   0,
                                    2, 0, 0, 0, 1, 0, 0, 0, 2, 0xC3, 0xA9, 255, 255, 255, 255};
    static const uint8_t bad[] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25,  0,
                                  0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xC3};
    static const struct {
        uint32_t type;
        const uint8_t *bytes;
        size_t len;
        const char *json;
    } cases[] = {
        {FLOAT8, nan, sizeof nan, "null"},
        {NUMERIC, numeric_nan, sizeof numeric_nan, "null"},
        {INT4, minus_two, sizeof minus_two, "-2"},
        {BOOL, yes, sizeof yes, "true"},
        {BYTEA, bytes, sizeof bytes, "\"00ff\""},
        {TEXTS, array, sizeof array, "\"{\xC3\xA9,NULL}\""},
        {TEXTS, bad, sizeof bad, "{\"$bytes\":\"7bc37d\"}"},
    };
    size_t i;
    drive d;
    open_v2(&d);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe(&d, cases[i].type, -1);
        CHECK(insert(&d, enc_binary(cases[i].bytes, cases[i].len)) == WW_OK);
        CHECK_SLICE(value_of(&d), cases[i].json);
    }
    drive_close(&d);
}

/* What a server never sends is an error that says where, and nothing of it is written. */
static void no_values(void)
{
    static const struct {
        uint32_t type;
        const char *text;
    } cases[] = {
        {INT4, "007"},        {INT4, "1,2"},    {INT4, "NaN"}, {INT4, ""},
        {INT4, "2147483648"}, {FLOAT8, "1."},   {FLOAT8, "N"}, {NUMERIC, "1]"},
        {BOOL, "true?"},      {BYTEA, "\\xzz"}, {BYTEA, "ab"},
    };
    static const char *const formats[] = {"wal2json-v1", "wal2json-v2"};
    size_t i, f;
    for (i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        drive d;
        size_t before;
        f = i % 2;
        CHECK(drive_open(&d, formats[f], 0) == WW_OK);
        begin(&d);
        describe(&d, cases[i / 2].type, -1);
        before = drive_output(&d).len;
        if (!CHECK(insert(&d, enc_text(cases[i / 2].text)) == WW_ERR_DECODE))
            fprintf(stderr, "    %s\n", cases[i / 2].text);
        CHECK_EQ_U64(drive_output(&d).len, before);
        CHECK(strncmp(d.err.subject, "s.t.c (", 7) == 0);
        drive_close(&d);
    }
}

static void names_and_messages(void)
{
    static const uint8_t content[] = {'a', 0, 'b'};
    ww_slice bytes = {content, sizeof content};
    ww_relation_column column = enc_column("c\xFF", INT4, true);
    ww_column null = enc_null();
    drive d;
    open_v2(&d);
    enc_relation(&d.e, 0, ID, "s", "t", 'd', &column, 1);
    drive_send(&d);
    enc_insert(&d.e, 0, ID, &null, 1);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d),
                "{\"action\":\"I\",\"schema\":\"s\",\"table\":\"t\",\"columns\":[{\"name\":"
                "\"c\\\\xff\",\"type\":\"integer\",\"value\":null}],\"$invalid\":true}");
    enc_message(&d.e, 0, true, 0x100, "p\xFF", bytes);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d),
                "{\"action\":\"M\",\"transactional\":true,\"prefix\":\"p\\\\xff\","
                "\"content\":\"a\\u0000b\",\"$invalid\":true}");
    drive_close(&d);
    CHECK(drive_open(&d, "wal2json-v2", DRIVE_TERMINAL) == WW_OK);
    describe(&d, TEXT, -1);
    insert(&d, enc_text("\x7F\xE2\x80\xAE"));
    CHECK_SLICE(value_of(&d), "\"\\u007f\\u202e\"");
    drive_close(&d);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void send_rows(drive *d, char identity)
{
    ww_relation_column columns[] = {enc_column("id", INT4, true),
                                    enc_column("v", TEXT, identity == 'f'),
                                    enc_column("n", INT4, identity == 'f')};
    ww_column row[] = {enc_text("1"), enc_unchanged(), enc_null()};
    ww_column old[] = {enc_text("0"), enc_text("x"), enc_null()};
    enc_relation(&d->e, 0, ID, "s", "t", identity, columns, 3);
    drive_send(d);
    enc_update(&d->e, 0, ID, identity == 'f' ? 'O' : 0, old, row, 3);
    drive_send(d);
    enc_delete(&d->e, 0, ID, identity == 'f' ? 'O' : 'K', old, 3);
    drive_send(d);
}

static void identities(void)
{
    drive d;
    CHECK(drive_open(&d, "wal2json-v1", 0) == WW_OK);
    begin(&d);
    send_rows(&d, 'd');
    commit(&d);
    CHECK_SLICE(drive_last_line(&d),
                "{\"change\":[{\"kind\":\"update\",\"schema\":\"s\",\"table\":\"t\","
                "\"columnnames\":[\"id\",\"n\"],\"columntypes\":[\"integer\",\"integer\"],"
                "\"columnvalues\":[1,null],\"oldkeys\":{\"keynames\":[\"id\"],"
                "\"keytypes\":[\"integer\"],\"keyvalues\":[1]}},"
                "{\"kind\":\"delete\",\"schema\":\"s\",\"table\":\"t\",\"oldkeys\":{"
                "\"keynames\":[\"id\"],\"keytypes\":[\"integer\"],\"keyvalues\":[0]}}]}");
    begin(&d);
    send_rows(&d, 'f');
    commit(&d);
    CHECK_SLICE(sj_get(item(sj_get(drive_last_line(&d), "change"), 1), "oldkeys"),
                "{\"keynames\":[\"id\",\"v\"],\"keytypes\":[\"integer\",\"text\"],"
                "\"keyvalues\":[0,\"x\"]}");
    drive_close(&d);
    open_v2(&d);
    send_rows(&d, 'f');
    CHECK_SLICE(drive_last_line(&d),
                "{\"action\":\"D\",\"schema\":\"s\",\"table\":\"t\",\"identity\":["
                "{\"name\":\"id\",\"type\":\"integer\",\"value\":0},"
                "{\"name\":\"v\",\"type\":\"text\",\"value\":\"x\"},"
                "{\"name\":\"n\",\"type\":\"integer\",\"value\":null}]}");
    drive_close(&d);
}

static void columns_that_are_filtered(void)
{
    static const ww_filter_rule rule = {WW_FILTER_COLUMN, true, "id"};
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    drive d;
    config.name = "wal2json-v1";
    config.rules = &rule;
    config.nrules = 1;
    CHECK(drive_open_config(&d, &config) == WW_OK);
    begin(&d);
    send_rows(&d, 'd');
    commit(&d);
    CHECK_SLICE(sj_get(item(sj_get(drive_last_line(&d), "change"), 0), "columnnames"), "[\"n\"]");
    CHECK_SLICE(sj_get(item(sj_get(drive_last_line(&d), "change"), 1), "oldkeys"),
                "{\"keynames\":[],\"keytypes\":[],\"keyvalues\":[]}");
    drive_close(&d);
}

/* ---- transactions --------------------------------------------------------------------------- */

/* A message that belongs to none has a line of its own. The plugin puts a comma before it if it has
 * written a change before. */
static void lines_of_version_1(void)
{
    drive d;
    CHECK(drive_open(&d, "wal2json-v1", 0) == WW_OK);
    describe(&d, INT4, -1);
    begin(&d);
    insert(&d, enc_null());
    commit(&d);
    drive_forget(&d);
    enc_message(&d.e, 0, false, 0x100, "p", ww_slice_of("c"));
    drive_send(&d);
    begin(&d);
    commit(&d);
    begin(&d); /* a connection was lost */
    begin(&d);
    commit(&d);
    commit(&d);
    CHECK_SLICE(drive_output(&d), "{\"change\":[{\"kind\":\"message\",\"transactional\":false,"
                                  "\"prefix\":\"p\",\"content\":\"c\"}]}\n"
                                  "{\"change\":[]}\n{\"change\":[]}\n{\"change\":[]}\n");
    drive_close(&d);
}

static void refused(void)
{
    static const char *const formats[] = {"wal2json-v1", "wal2json-v2"};
    static const int kinds[] = {WW_EV_STREAM_START,     WW_EV_STREAM_COMMIT, WW_EV_STREAM_PREPARE,
                                WW_EV_BEGIN_PREPARE,    WW_EV_PREPARE,       WW_EV_COMMIT_PREPARED,
                                WW_EV_ROLLBACK_PREPARED};
    size_t i, f;
    for (f = 0; f < 2; f++) {
        drive d;
        ww_event ev;
        CHECK(drive_open(&d, formats[f], 0) == WW_OK);
        memset(&ev, 0, sizeof ev);
        for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            ev.kind = kinds[i];
            CHECK(drive_render(&d, &ev) == WW_ERR_USAGE);
        }
        ev.kind = WW_EV_STREAM_ABORT; /* PostgreSQL 18 sends stray ones */
        CHECK(drive_render(&d, &ev) == WW_OK);
        CHECK_EQ_U64(d.out.len, 0);
        drive_close(&d);
    }
}

/* ---- settings ------------------------------------------------------------------------------- */

static const ww_knob all_knobs[] = {
    {"include-xids", "true"},      {"include-timestamp", "true"}, {"include-lsn", "true"},
    {"include-type-oids", "true"}, {"include-schemas", "false"},  {"include-types", "false"},
    {"include-typmod", "false"},
};

static void play_with_knobs(const char *format, size_t first, size_t count, const char *want)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    drive d;
    config.name = format;
    config.knobs = all_knobs + first;
    config.nknobs = count;
    CHECK(drive_open_config(&d, &config) == WW_OK);
    describe(&d, VARCHAR, 14);
    begin(&d);
    insert(&d, enc_text("x"));
    commit(&d);
    enc_message(&d.e, 0, false, 0x100, "p", ww_slice_of("c"));
    drive_send(&d);
    CHECK_SLICE(drive_output(&d), want);
    drive_close(&d);
}

static void settings(void)
{
    play_with_knobs("wal2json-v2", 0, 6,
                    "{\"action\":\"B\",\"xid\":7,\"timestamp\":\"2024-01-15 10:30:00.12345+00\","
                    "\"lsn\":\"0/16B3748\"}\n"
                    "{\"action\":\"I\",\"xid\":7,\"timestamp\":\"2024-01-15 10:30:00.12345+00\","
                    "\"lsn\":\"0/16B30A8\",\"table\":\"t\",\"columns\":[{\"name\":\"c\","
                    "\"typeoid\":1043,\"value\":\"x\"}]}\n"
                    "{\"action\":\"C\",\"xid\":7,\"timestamp\":\"2024-01-15 10:30:00.12345+00\","
                    "\"lsn\":\"0/16B3748\",\"nextlsn\":\"0/16B3778\"}\n"
                    "{\"action\":\"M\",\"xid\":null,\"timestamp\":null,\"lsn\":\"0/100\","
                    "\"transactional\":false,\"prefix\":\"p\",\"content\":\"c\"}\n");
    play_with_knobs(
        "wal2json-v1", 0, 6,
        "{\"xid\":7,\"timestamp\":\"2024-01-15 10:30:00.12345+00\",\"change\":["
        "{\"kind\":\"insert\",\"table\":\"t\",\"columnnames\":[\"c\"],"
        "\"columntypeoids\":[1043],\"columnvalues\":[\"x\"]}],\"nextlsn\":\"0/16B3778\"}\n"
        "{\"change\":[{\"kind\":\"message\",\"transactional\":false,"
        "\"prefix\":\"p\",\"content\":\"c\"}]}\n");
    play_with_knobs(
        "wal2json-v1", 6, 1,
        "{\"change\":[{\"kind\":\"insert\",\"schema\":\"s\",\"table\":\"t\","
        "\"columnnames\":[\"c\"],\"columntypes\":[\"varchar\"],\"columnvalues\":[\"x\"]}]}\n"
        "{\"change\":[{\"kind\":\"message\",\"transactional\":false,"
        "\"prefix\":\"p\",\"content\":\"c\"}]}\n");
}

static void no_lines_of_transactions(void)
{
    static const ww_knob knob = {"include-transaction", "false"};
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    drive d;
    config.name = "wal2json";
    config.knobs = &knob;
    config.nknobs = 1;
    CHECK(drive_open_config(&d, &config) == WW_OK);
    begin(&d);
    commit(&d);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

/* ---- no memory ------------------------------------------------------------------------------ */

static bool survives(const char *format, uint64_t fail_at)
{
    check_alloc memory;
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    ww_relation_column column = enc_column("c", OWN, true);
    ww_format *f = NULL;
    ww_decoder decoder;
    check_alloc always;
    enc e = {0};
    ww_out out = {NULL, 0, 0, WW_OK, NULL, NULL, NULL, 0};
    ww_status status;
    ww_event ev;
    int step;
    check_alloc_init(&memory, fail_at);
    check_alloc_init(&always, 0);
    options.relations = ww_relcache_open(&always.alloc, 0);
    options.loose_order = true;
    ww_decoder_init(&decoder, &options);
    config.alloc = &memory.alloc;
    config.name = format;
    status = ww_format_open(&f, &config, NULL);
    for (step = 0; status == WW_OK && step < 2; step++) {
        enc_clear(&e);
        if (step == 0)
            enc_type(&e, 0, OWN, "shop", "mood");
        else
            enc_relation(&e, 0, ID, "s", "t", 'd', &column, 1);
        CHECK(ww_decode(&decoder, enc_slice(&e), &ev, NULL) == WW_OK);
        status = ww_format_render(f, &ev, &out, NULL);
    }
    CHECK(status == WW_OK || status == WW_ERR_NOMEM);
    ww_format_close(f);
    ww_relcache_close(options.relations);
    enc_free(&e);
    CHECK_EQ_U64(memory.live_blocks, 0);
    return status == WW_OK;
}

static void no_memory(void)
{
    uint64_t n;
    for (n = 1; !survives("wal2json-v1", n); n++)
        ;
    CHECK(n > 4);
    for (n = 1; !survives("wal2json-v2", n); n++)
        ;
    CHECK(n > 4);
}

int main(void)
{
    RUN(modifiers);
    RUN(types_of_users);
    RUN(types_of_the_catalog);
    RUN(values);
    RUN(binary_values);
    RUN(no_values);
    RUN(names_and_messages);
    RUN(identities);
    RUN(columns_that_are_filtered);
    RUN(lines_of_version_1);
    RUN(refused);
    RUN(settings);
    RUN(no_lines_of_transactions);
    RUN(no_memory);
    return check_report();
}
