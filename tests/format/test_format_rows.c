/* SPDX-License-Identifier: MIT */
/* What a row line says of old and new: key, full row, absent; unchanged columns filled where the
 * old tuple tells, marked where it does not. */
#include "drive.h"
#include "strictjson.h"

#define ID 3u

static void open_table(drive *d, const char *format, char identity)
{
    ww_relation_column columns[3] = {
        enc_column("k", 25, true),
        enc_column("v", 25, identity == 'f'),
        enc_column("n", 23, identity == 'f'),
    };
    CHECK(drive_open(d, format, 0) == WW_OK);
    enc_relation(&d->e, 0, ID, "s", "t", identity, columns, 3);
    drive_send(d);
}

static void check_member(const drive *d, const char *name, const char *json)
{
    CHECK_SLICE(sj_get(drive_last_line(d), name), json);
}

static void key_tuple_has_key_columns_only(void)
{
    ww_column old[3] = { enc_text("1"), enc_null(), enc_null() };
    ww_column now[3] = { enc_text("2"), enc_text("x"), enc_text("5") };
    drive d;
    open_table(&d, "debezium", 'd');
    enc_update(&d.e, 0, ID, 'K', old, now, 3);
    drive_send(&d);
    check_member(&d, "before", "{\"k\":\"1\"}");
    check_member(&d, "after", "{\"k\":\"2\",\"v\":\"x\",\"n\":5}");
    check_member(&d, "op", "\"u\"");
    enc_delete(&d.e, 0, ID, 'K', old, 3);
    drive_send(&d);
    check_member(&d, "before", "{\"k\":\"1\"}");
    check_member(&d, "after", "null");
    check_member(&d, "op", "\"d\"");
    drive_close(&d);
}

static void full_row_keeps_its_nulls(void)
{
    ww_column old[3] = { enc_text("1"), enc_null(), enc_text("4") };
    ww_column now[3] = { enc_text("1"), enc_text("x"), enc_null() };
    drive d;
    open_table(&d, "debezium", 'f');
    enc_update(&d.e, 0, ID, 'O', old, now, 3);
    drive_send(&d);
    check_member(&d, "before", "{\"k\":\"1\",\"v\":null,\"n\":4}");
    check_member(&d, "after", "{\"k\":\"1\",\"v\":\"x\",\"n\":null}");
    drive_close(&d);
}

/* From an O tuple any column, from a K tuple key columns; "n" there is no null. */
static void unchanged_is_filled(void)
{
    ww_column full[3] = { enc_text("long key"), enc_text("long"), enc_text("1") };
    ww_column key[3] = { enc_text("long key"), enc_null(), enc_null() };
    ww_column now[3] = { enc_unchanged(), enc_unchanged(), enc_text("2") };
    drive d;
    open_table(&d, "debezium", 'f');
    enc_update(&d.e, 0, ID, 'O', full, now, 3);
    drive_send(&d);
    check_member(&d, "after", "{\"k\":\"long key\",\"v\":\"long\",\"n\":2}");
    drive_close(&d);
    open_table(&d, "debezium", 'd');
    enc_update(&d.e, 0, ID, 'K', key, now, 3);
    drive_send(&d);
    check_member(&d, "after",
                 "{\"k\":\"long key\",\"v\":\"__debezium_unavailable_value\",\"n\":2}");
    enc_update(&d.e, 0, ID, 0, NULL, now, 3);
    drive_send(&d);
    check_member(&d, "before", "null");
    check_member(&d, "after", "{\"k\":\"__debezium_unavailable_value\","
                              "\"v\":\"__debezium_unavailable_value\",\"n\":2}");
    drive_close(&d);
}

/* An O tuple tells whatever the relation flags as key. */
static void full_row_tells_without_flags(void)
{
    ww_relation_column columns[2] = { enc_column("k", 25, true), enc_column("v", 25, false) };
    ww_column old[2] = { enc_text("1"), enc_text("long") };
    ww_column now[2] = { enc_text("1"), enc_unchanged() };
    drive d;
    CHECK(drive_open(&d, "debezium", 0) == WW_OK);
    enc_relation(&d.e, 0, ID, "s", "t", 'd', columns, 2);
    drive_send(&d);
    enc_update(&d.e, 0, ID, 'O', old, now, 2);
    drive_send(&d);
    check_member(&d, "after", "{\"k\":\"1\",\"v\":\"long\"}");
    drive_close(&d);
}

/* A row filter can turn an update into an insert that has unchanged columns (PROTOCOL 5.5). */
static void unchanged_in_compact(void)
{
    ww_column full[3] = { enc_text("k"), enc_text("v"), enc_text("1") };
    ww_column all[3] = { enc_unchanged(), enc_unchanged(), enc_unchanged() };
    ww_column now[3] = { enc_unchanged(), enc_text("w"), enc_unchanged() };
    drive d;
    open_table(&d, "compact", 'f');
    enc_insert(&d.e, 0, ID, now, 3);
    drive_send(&d);
    check_member(&d, "new", "{\"v\":\"w\"}");
    check_member(&d, "unchanged", "[\"k\",\"n\"]");
    enc_update(&d.e, 0, ID, 0, NULL, all, 3);
    drive_send(&d);
    check_member(&d, "new", "{}");
    check_member(&d, "unchanged", "[\"k\",\"v\",\"n\"]");
    enc_update(&d.e, 0, ID, 'O', full, now, 3);
    drive_send(&d);
    check_member(&d, "new", "{\"k\":\"k\",\"v\":\"w\",\"n\":1}");
    check_member(&d, "unchanged", "[\"k\",\"n\"]");
    drive_close(&d);
}

static void no_columns(void)
{
    ww_relation_column none[1] = { enc_column("x", 23, false) };
    drive d;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    enc_relation(&d.e, 0, ID, "s", "t", 'd', none, 0);
    drive_send(&d);
    enc_insert(&d.e, 0, ID, NULL, 0);
    drive_send(&d);
    check_member(&d, "new", "{}");
    drive_close(&d);
}

/* Row by row of the widest table: every name beside its own value. */
static void widest_table(void)
{
    static ww_relation_column columns[1600];
    static ww_column row[1600];
    static char names[1600][8], texts[1600][8];
    ww_slice line, key, value;
    drive d;
    size_t i;
    for (i = 0; i < 1600; i++) {
        snprintf(names[i], sizeof names[i], "c%zu", i);
        snprintf(texts[i], sizeof texts[i], "%zu", i);
        columns[i] = enc_column(names[i], i % 2 ? 23 : 25, false);
        row[i] = i % 3 == 0 ? enc_null() : enc_text(texts[i]);
    }
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    enc_relation(&d.e, 0, ID, "s", "t", 'd', columns, 1600);
    drive_send(&d);
    enc_insert(&d.e, 0, ID, row, 1600);
    drive_send(&d);
    line = sj_get(drive_last_line(&d), "new");
    for (i = 0; i < 1600; i += 97) {
        char json[20];
        CHECK(sj_nth(line, i, &key, &value));
        snprintf(json, sizeof json, "\"%s\"", names[i]);
        CHECK_SLICE(key, json);
        snprintf(json, sizeof json, i % 2 ? "%s" : "\"%s\"", texts[i]);
        CHECK_SLICE(value, i % 3 == 0 ? "null" : json);
    }
    CHECK(!sj_nth(line, 1600, &key, &value));
    drive_close(&d);
}

int main(void)
{
    RUN(key_tuple_has_key_columns_only);
    RUN(full_row_keeps_its_nulls);
    RUN(unchanged_is_filled);
    RUN(full_row_tells_without_flags);
    RUN(unchanged_in_compact);
    RUN(no_columns);
    RUN(widest_table);
    return check_report();
}
