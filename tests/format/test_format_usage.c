/* SPDX-License-Identifier: MIT */
/* Opening formats, what they need from the caller, and what they say when they do not get it. */
#include "drive.h"
#include "strictjson.h"

static void names(void)
{
    static const char *const known[] = {
        "debezium",   "compact",          "test_decoding", "wal2json-v2", "wal2json-v1",
        "pypgoutput", "pgoutput-decoder", "sql",           "none"};
    const char *about = NULL;
    size_t i;
    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        CHECK_TEXT(ww_format_name(i, &about), known[i]);
        CHECK(about != NULL && strlen(about) > 10);
    }
    CHECK(ww_format_name(i, &about) == NULL);
    CHECK(ww_format_name(SIZE_MAX, &about) == NULL);
}

static void bad_configuration(void)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    check_alloc memory;
    ww_format *f;
    ww_error err;
    check_alloc_init(&memory, 0);
    CHECK(ww_format_open(&f, &config, &err) == WW_ERR_USAGE && f == NULL);
    config.alloc = &memory.alloc;
    config.name = "xml";
    CHECK(ww_format_open(&f, &config, &err) == WW_ERR_USAGE && f == NULL);
    CHECK_TEXT(err.subject, "xml: choose debezium, compact, test_decoding, wal2json-v2, "
                            "wal2json-v1, pypgoutput, pgoutput-decoder, sql, none");
    CHECK(ww_format_open(&f, &config, NULL) == WW_ERR_USAGE);
    config.name = "none";
    config.struct_size = 0;
    CHECK(ww_format_open(&f, &config, &err) == WW_ERR_USAGE && f == NULL);
    config.struct_size = sizeof config + 1;
    CHECK(ww_format_open(&f, &config, &err) == WW_ERR_USAGE && f == NULL);
    CHECK(ww_format_open(&f, NULL, &err) == WW_ERR_USAGE && f == NULL);
    CHECK_EQ_U64(memory.calls, 0);
    ww_format_close(NULL);
}

static ww_event make_insert(drive *d)
{
    ww_relation_column column = enc_column("v", 25, true);
    ww_column value = enc_text("x");
    ww_event ev;
    enc_clear(&d->e);
    enc_relation(&d->e, 0, 5, "s", "t", 'd', &column, 1);
    CHECK(ww_decode(&d->decoder, enc_slice(&d->e), &ev, &d->err) == WW_OK);
    enc_clear(&d->e);
    enc_insert(&d->e, 0, 5, &value, 1);
    CHECK(ww_decode(&d->decoder, enc_slice(&d->e), &ev, &d->err) == WW_OK);
    return ev;
}

static void bad_events(void)
{
    drive d;
    ww_event ev;
    const uint32_t id = 77;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    ev = make_insert(&d);
    ev.relation = NULL;
    CHECK(drive_render(&d, &ev) == WW_ERR_USAGE);
    ev = make_insert(&d);
    ev.new_tuple.ncols = 2;
    CHECK(drive_render(&d, &ev) == WW_ERR_DECODE);
    ev.new_tuple.ncols = 0;
    CHECK(drive_render(&d, &ev) == WW_ERR_DECODE);
    memset(&ev, 0, sizeof ev);
    ev.kind = WW_EV_TRUNCATE;
    ev.truncate.relation_ids.ptr = (const uint8_t *)&id;
    ev.truncate.relation_ids.len = 4;
    ev.truncate.count = 1;
    CHECK(drive_render(&d, &ev) == WW_ERR_USAGE);
    CHECK(d.err.what[0] != '\0');
    ev.kind = 'x';
    CHECK(drive_render(&d, &ev) == WW_OK);
    CHECK_EQ_U64(d.out.len, 0);
    drive_close(&d);
}

/* Debezium's lines are of committed rows: streams must be assembled first. */
static void debezium_refuses_streams(void)
{
    static const int kinds[] = { WW_EV_STREAM_START, WW_EV_STREAM_COMMIT, WW_EV_STREAM_PREPARE };
    drive d;
    ww_event ev;
    size_t i;
    CHECK(drive_open(&d, "debezium", DRIVE_TRANSACTIONS) == WW_OK);
    memset(&ev, 0, sizeof ev);
    for (i = 0; i < 3; i++) {
        ev.kind = kinds[i];
        CHECK(drive_render(&d, &ev) == WW_ERR_USAGE);
        CHECK(strstr(d.err.what, "compact") != NULL);
    }
    ev.kind = WW_EV_STREAM_ABORT; /* PostgreSQL 18 sends stray ones */
    CHECK(drive_render(&d, &ev) == WW_OK);
    CHECK_EQ_U64(d.out.len, 0);
    drive_close(&d);
}

/* The caller's names may be anything. */
static void odd_configuration_names(void)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    drive d;
    ww_event ev;
    ww_slice source;
    CHECK(drive_open(&d, "none", 0) == WW_OK);
    ww_format_close(d.format);
    config.alloc = &d.memory.alloc;
    config.database = "da\"ta\xFF";
    config.connector_name = "n\n";
    CHECK(ww_format_open(&d.format, &config, &d.err) == WW_OK);
    ev = make_insert(&d);
    CHECK(drive_render(&d, &ev) == WW_OK);
    CHECK(sj_valid(drive_last_line(&d)));
    source = sj_get(drive_last_line(&d), "source");
    CHECK_SLICE(sj_get(source, "db"), "\"da\\\"ta\\\\xff\"");
    CHECK_SLICE(sj_get(source, "name"), "\"n\\n\"");
    CHECK_SLICE(sj_get(source, "txId"), "null");
    CHECK_SLICE(sj_get(drive_last_line(&d), "$invalid"), "true");
    drive_close(&d);
}

/* Names longer than a fragment, and very long ones. */
static void long_names(void)
{
    static char name[100001];
    static uint8_t room[200000];
    ww_relation_column columns[2];
    ww_column row[2] = { enc_text("1"), enc_text("2") };
    size_t n;
    drive d;
    for (n = 1; n < 100000; n += n < 70 ? 1 : 33331) {
        ww_slice key = { NULL, 0 }, value = key;
        memset(name, 'n', n);
        name[n] = '\0';
        CHECK(drive_open(&d, "compact", 0) == WW_OK);
        columns[0] = enc_column(name, 25, true);
        columns[1] = enc_column("b", 25, true);
        enc_relation(&d.e, 0, 1, name, name, 'd', columns, 2);
        drive_send(&d);
        enc_insert(&d.e, 0, 1, row, 2);
        drive_send(&d);
        CHECK(sj_valid(drive_last_line(&d)));
        CHECK(sj_nth(sj_get(drive_last_line(&d), "new"), 0, &key, &value));
        CHECK(sj_says(key, ww_slice_of(name), room));
        CHECK(sj_says(sj_get(drive_last_line(&d), "table"), ww_slice_of(name), room));
        drive_close(&d);
    }
}

/* Many relations: the table of plans grows, each row finds its own. */
static void many_relations(void)
{
    ww_relation_column column = enc_column("v", 23, true);
    ww_column value = enc_text("1");
    char name[20], json[24];
    uint32_t i, ids[3] = { 1, 1500, 2999 };
    drive d;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    for (i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "t%u", (unsigned)i);
        enc_relation(&d.e, 0, i, "s", name, 'd', &column, 1);
        drive_send(&d);
    }
    for (i = 0; i < 3000; i++) {
        drive_forget(&d);
        enc_insert(&d.e, 0, i, &value, 1);
        drive_send(&d);
        snprintf(json, sizeof json, "\"t%u\"", (unsigned)i);
        CHECK_SLICE(sj_get(drive_last_line(&d), "table"), json);
    }
    enc_truncate(&d.e, 0, ids, 3, 0);
    drive_send(&d);
    CHECK_SLICE(sj_get(drive_last_line(&d), "tables"),
                "[[\"s\",\"t1\"],[\"s\",\"t1500\"],[\"s\",\"t2999\"]]");
    drive_close(&d);
}

/* A truncated table with a bad name marks the line; others do not. */
static void truncated_names(void)
{
    ww_relation_column column = enc_column("v", 23, true);
    uint32_t ids[2] = { 1, 2 };
    drive d;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    enc_relation(&d.e, 0, 1, "s", "good", 'd', &column, 1);
    drive_send(&d);
    enc_relation(&d.e, 0, 2, "s", "\xFF", 'd', &column, 1);
    drive_send(&d);
    enc_truncate(&d.e, 0, ids, 1, 0);
    drive_send(&d);
    CHECK_EQ_U64(sj_get(drive_last_line(&d), "$invalid").len, 0);
    enc_truncate(&d.e, 0, ids, 2, 0);
    drive_send(&d);
    CHECK_SLICE(sj_get(drive_last_line(&d), "tables"), "[[\"s\",\"good\"],[\"s\",\"\\\\xff\"]]");
    CHECK_SLICE(sj_get(drive_last_line(&d), "$invalid"), "true");
    drive_close(&d);
}

/* What replaced a plan is all that is found, by any id of its bucket. */
static void replaced_plans_are_gone(void)
{
    ww_relation_column columns[2] = { enc_column("a", 23, true), enc_column("b", 23, false) };
    uint8_t id[4] = { 0, 0, 0, 0 };
    ww_event ev;
    drive d;
    unsigned n;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    for (n = 1; n <= 2; n++) {
        enc_relation(&d.e, 0, 1, "s", "t", 'd', columns, (uint16_t)n);
        drive_send(&d);
    }
    memset(&ev, 0, sizeof ev);
    ev.kind = WW_EV_TRUNCATE;
    ev.truncate.relation_ids.ptr = id;
    ev.truncate.relation_ids.len = sizeof id;
    ev.truncate.count = 1;
    for (n = 0; n < 256; n++) {
        id[3] = (uint8_t)n;
        CHECK(drive_render(&d, &ev) == (n == 1 ? WW_OK : WW_ERR_USAGE));
    }
    drive_close(&d);
}

/* Of two definitions of one relation, each row has the one that was valid for it. */
static void redefined_relation(void)
{
    ww_relation_column columns[2] = { enc_column("a", 23, true), enc_column("b", 25, false) };
    ww_column row[2] = { enc_text("1"), enc_text("2") };
    drive d;
    int round;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    for (round = 0; round < 3; round++) {
        enc_relation(&d.e, 0, 1, "s", "t", 'd', columns, 1);
        drive_send(&d);
        enc_insert(&d.e, 0, 1, row, 1);
        drive_send(&d);
        CHECK_SLICE(sj_get(drive_last_line(&d), "new"), "{\"a\":1}");
        enc_relation(&d.e, 0, 1, "s", "t", 'd', columns, 2);
        drive_send(&d);
        enc_insert(&d.e, 0, 1, row, 2);
        drive_send(&d);
        CHECK_SLICE(sj_get(drive_last_line(&d), "new"), "{\"a\":1,\"b\":\"2\"}");
    }
    drive_close(&d);
}

int main(void)
{
    RUN(names);
    RUN(bad_configuration);
    RUN(bad_events);
    RUN(debezium_refuses_streams);
    RUN(odd_configuration_names);
    RUN(long_names);
    RUN(many_relations);
    RUN(truncated_names);
    RUN(replaced_plans_are_gone);
    RUN(redefined_relation);
    return check_report();
}
