/* SPDX-License-Identifier: MIT */
/* Keys in front of Debezium's lines, as kcat -K '\t' reads them: which columns, whose values, and
 * the tombstones that say a key is gone. */
#include "drive.h"
#include "strictjson.h"

#define ID 3u

enum { INT4 = 23, TEXT = 25 };

typedef struct tester {
    drive d;
    check_alloc memory;
    ww_types *types;
} tester;

static void open_tester(tester *t, bool tombstones, const ww_filter_rule *rule)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    memset(t, 0, sizeof *t);
    check_alloc_init(&t->memory, 0);
    t->types = ww_types_open(&t->memory.alloc, 0);
    config.name = "debezium";
    config.types = t->types;
    config.key = true;
    config.transactions = true;
    config.tombstones = tombstones;
    config.rules = rule;
    config.nrules = rule != NULL;
    CHECK(drive_open_config(&t->d, &config) == WW_OK);
}

static void close_tester(tester *t)
{
    drive_close(&t->d);
    ww_types_close(t->types);
    CHECK_EQ_U64(t->memory.live_blocks, 0);
}

/* a, b, c; flags says which are part of the identity. */
static void send_table(tester *t, char identity, unsigned flags)
{
    ww_relation_column columns[3] = { enc_column("a", INT4, (flags & 1) != 0),
                                      enc_column("b", TEXT, (flags & 2) != 0),
                                      enc_column("c", TEXT, (flags & 4) != 0) };
    enc_relation(&t->d.e, 0, ID, "s", "t", identity, columns, 3);
    drive_send(&t->d);
    drive_forget(&t->d);
}

/* Its place in the primary key, for each column. */
static void tell_key(tester *t, unsigned a, unsigned b, unsigned c)
{
    ww_column_facts columns[3];
    ww_relation_facts facts = { ID, 3, columns, 0x100 };
    const unsigned places[3] = { a, b, c };
    const char *const names[3] = { "a", "b", "c" };
    unsigned i;
    memset(columns, 0, sizeof columns);
    for (i = 0; i < 3; i++) {
        columns[i].name = ww_slice_of(names[i]);
        columns[i].type_oid = i == 0 ? INT4 : TEXT;
        columns[i].typmod = -1;
        columns[i].key_position = (uint16_t)places[i];
    }
    CHECK(ww_types_put_relation(t->types, &facts, NULL) == WW_OK);
}

/* Line n of the output since drive_forget(): its key, and what stands behind the tab. */
static ww_slice line_part(const tester *t, size_t n, bool key)
{
    ww_slice rest = drive_output(&t->d), line;
    const uint8_t *end, *tab;
    for (;; n--) {
        end = rest.len > 0 ? memchr(rest.ptr, '\n', rest.len) : NULL;
        if (!CHECK(end != NULL)) {
            rest.len = 0;
            return rest;
        }
        line.ptr = rest.ptr;
        line.len = (size_t)(end - rest.ptr);
        if (n == 0)
            break;
        rest.len -= line.len + 1;
        rest.ptr += line.len + 1;
    }
    tab = memchr(line.ptr, '\t', line.len);
    if (!CHECK(tab != NULL && memchr(tab + 1, '\t', (size_t)(end - tab - 1)) == NULL))
        return line;
    if (key) {
        line.len = (size_t)(tab - line.ptr);
    } else {
        line.len -= (size_t)(tab + 1 - line.ptr);
        line.ptr = tab + 1;
        CHECK(line.len == 0 || sj_valid(line));
    }
    return line;
}

static size_t count_lines(const tester *t)
{
    ww_slice all = drive_output(&t->d);
    size_t i, n = 0;
    for (i = 0; i < all.len; i++)
        n += all.ptr[i] == '\n';
    return n;
}

static void send_insert(tester *t)
{
    ww_column row[3] = { enc_text("1"), enc_text("x\ty"), enc_null() };
    drive_forget(&t->d);
    enc_insert(&t->d.e, 0, ID, row, 3);
    drive_send(&t->d);
}

static void insert_key(char identity, unsigned flags, const unsigned *primary, const char *key)
{
    tester t;
    open_tester(&t, false, NULL);
    if (primary != NULL)
        tell_key(&t, primary[0], primary[1], primary[2]);
    send_table(&t, identity, flags);
    send_insert(&t);
    CHECK_EQ_U64(count_lines(&t), 1);
    CHECK_SLICE(line_part(&t, 0, true), key);
    CHECK_SLICE(sj_get(line_part(&t, 0, false), "op"), "\"c\"");
    close_tester(&t);
}

static void which_columns(void)
{
    static const unsigned a[3] = { 1, 0, 0 }, ba[3] = { 2, 1, 0 }, none[3] = { 0, 0, 0 };
    insert_key('d', 1, NULL, "{\"a\":1}");
    insert_key('d', 3, NULL, "{\"a\":1,\"b\":\"x\\ty\"}");
    insert_key('i', 2, NULL, "{\"b\":\"x\\ty\"}");
    insert_key('f', 7, NULL, "null"); /* all columns are flagged: that is no key */
    insert_key('n', 0, NULL, "null");
    insert_key('d', 0, NULL, "null");
    insert_key('f', 7, a, "{\"a\":1}");
    insert_key('n', 0, a, "{\"a\":1}");
    insert_key('f', 7, ba, "{\"b\":\"x\\ty\",\"a\":1}"); /* in the primary key's order */
    insert_key('d', 3, ba, "{\"b\":\"x\\ty\",\"a\":1}");
    insert_key('i', 2, a, "{\"b\":\"x\\ty\"}"); /* a delete could not tell the primary key */
    insert_key('i', 2, none, "{\"b\":\"x\\ty\"}");
    insert_key('f', 7, none, "null");
}

/* A primary key of a table that has changed since is none of this one's. */
static void facts_of_another_table(void)
{
    ww_column_facts columns[1] = { { { (const uint8_t *)"gone", 4 }, INT4, -1, 1, true } };
    ww_relation_facts facts = { ID, 1, columns, 0x100 };
    tester t;
    open_tester(&t, false, NULL);
    CHECK(ww_types_put_relation(t.types, &facts, NULL) == WW_OK);
    send_table(&t, 'd', 1);
    send_insert(&t);
    CHECK_SLICE(line_part(&t, 0, true), "{\"a\":1}");
    close_tester(&t);
}

static void tombstones(void)
{
    ww_column old[3] = { enc_text("1"), enc_null(), enc_null() };
    ww_column now[3] = { enc_text("2"), enc_text("x"), enc_null() };
    tester t;
    open_tester(&t, true, NULL);
    send_table(&t, 'd', 1);
    send_insert(&t);
    CHECK_EQ_U64(count_lines(&t), 1);
    drive_forget(&t.d);
    enc_delete(&t.d.e, 0, ID, 'K', old, 3);
    drive_send(&t.d);
    CHECK_EQ_U64(count_lines(&t), 2);
    CHECK_SLICE(line_part(&t, 0, true), "{\"a\":1}");
    CHECK_SLICE(sj_get(line_part(&t, 0, false), "op"), "\"d\"");
    CHECK_SLICE(line_part(&t, 1, true), "{\"a\":1}");
    CHECK_SLICE(line_part(&t, 1, false), "");
    drive_forget(&t.d);
    enc_update(&t.d.e, 0, ID, 'K', old, now, 3);
    drive_send(&t.d);
    CHECK_EQ_U64(count_lines(&t), 2);
    CHECK_SLICE(line_part(&t, 0, true), "{\"a\":2}");
    CHECK_SLICE(sj_get(line_part(&t, 0, false), "op"), "\"u\"");
    CHECK_SLICE(line_part(&t, 1, true), "{\"a\":1}");
    CHECK_SLICE(line_part(&t, 1, false), "");
    drive_forget(&t.d);
    enc_update(&t.d.e, 0, ID, 0, NULL, now, 3);
    drive_send(&t.d);
    CHECK_EQ_U64(count_lines(&t), 1);
    close_tester(&t);
}

/* An old row that is there but has the same key is no change of it; an unchanged TOAST value of
 * the key comes from there. */
static void tombstones_with_full_rows(void)
{
    ww_column old[3] = { enc_text("1"), enc_text("long"), enc_null() };
    ww_column now[3] = { enc_text("1"), enc_unchanged(), enc_text("c") };
    tester t;
    open_tester(&t, true, NULL);
    tell_key(&t, 1, 2, 0);
    send_table(&t, 'f', 7);
    enc_update(&t.d.e, 0, ID, 'O', old, now, 3);
    drive_send(&t.d);
    CHECK_EQ_U64(count_lines(&t), 1);
    CHECK_SLICE(line_part(&t, 0, true), "{\"a\":1,\"b\":\"long\"}");
    drive_forget(&t.d);
    now[0] = enc_null();
    enc_update(&t.d.e, 0, ID, 'O', old, now, 3);
    drive_send(&t.d);
    CHECK_EQ_U64(count_lines(&t), 2);
    CHECK_SLICE(line_part(&t, 0, true), "{\"a\":null,\"b\":\"long\"}");
    CHECK_SLICE(line_part(&t, 1, true), "{\"a\":1,\"b\":\"long\"}");
    drive_forget(&t.d);
    now[0] = enc_text("1");
    enc_update(&t.d.e, 0, ID, 0, NULL, now, 3);
    drive_send(&t.d);
    CHECK_SLICE(line_part(&t, 0, true), "{\"a\":1,\"b\":\"__debezium_unavailable_value\"}");
    close_tester(&t);
}

/* Without a key there is nothing to bury. */
static void no_key_no_tombstone(void)
{
    ww_column old[3] = { enc_text("1"), enc_text("b"), enc_null() };
    tester t;
    open_tester(&t, true, NULL);
    send_table(&t, 'f', 7);
    enc_delete(&t.d.e, 0, ID, 'O', old, 3);
    drive_send(&t.d);
    CHECK_EQ_U64(count_lines(&t), 1);
    CHECK_SLICE(line_part(&t, 0, true), "null");
    close_tester(&t);
}

/* What is of no row has an empty key. */
static void other_lines(void)
{
    const uint32_t ids[1] = { ID };
    tester t;
    size_t i;
    open_tester(&t, true, NULL);
    send_table(&t, 'd', 1);
    enc_begin(&t.d.e, 0x100, 0, 700);
    drive_send(&t.d);
    enc_truncate(&t.d.e, 0, ids, 1, 0);
    drive_send(&t.d);
    enc_message(&t.d.e, 0, true, 0x80, "p", ww_slice_of("\t"));
    drive_send(&t.d);
    enc_commit(&t.d.e, 0x100, 0x130, 0);
    drive_send(&t.d);
    CHECK_EQ_U64(count_lines(&t), 4);
    for (i = 0; i < 4; i++) {
        CHECK_SLICE(line_part(&t, i, true), "");
        CHECK(line_part(&t, i, false).len > 20);
    }
    close_tester(&t);
}

/* A column that a filter leaves out is not in the key either. */
static void left_out(void)
{
    ww_filter_rule rule = { WW_FILTER_COLUMN, true, "a" };
    tester t;
    open_tester(&t, false, &rule);
    send_table(&t, 'd', 3);
    send_insert(&t);
    CHECK_SLICE(line_part(&t, 0, true), "{\"b\":\"x\\ty\"}");
    CHECK_SLICE(sj_get(line_part(&t, 0, false), "after"), "{\"b\":\"x\\ty\",\"c\":null}");
    close_tester(&t);
}

int main(void)
{
    RUN(which_columns);
    RUN(facts_of_another_table);
    RUN(tombstones);
    RUN(tombstones_with_full_rows);
    RUN(no_key_no_tombstone);
    RUN(other_lines);
    RUN(left_out);
    return check_report();
}
