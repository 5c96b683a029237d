/* SPDX-License-Identifier: MIT */
/* Debezium's transaction block and lines: orders and counts per table, also where a table is
 * redefined or renamed while the transaction runs. */
#include "drive.h"
#include "strictjson.h"

#define TIME INT64_C(758629800123456)

static void send_relation(drive *d, uint32_t id, const char *name, uint16_t ncols)
{
    ww_relation_column columns[3] = { enc_column("a", 23, true), enc_column("b", 23, false),
                                      enc_column("c", 23, false) };
    enc_relation(&d->e, 0, id, "s", name, 'd', columns, ncols);
    drive_send(d);
}

static void send_insert(drive *d, uint32_t id, uint16_t ncols)
{
    ww_column row[3] = { enc_text("1"), enc_text("2"), enc_text("3") };
    enc_insert(&d->e, 0, id, row, ncols);
    drive_send(d);
}

static void send_begin(drive *d, uint32_t xid, ww_lsn lsn)
{
    enc_begin(&d->e, lsn, TIME, xid);
    drive_send(d);
}

static void send_commit(drive *d, ww_lsn lsn)
{
    enc_commit(&d->e, lsn, lsn + 48, TIME);
    drive_send(d);
}

/* The last row's place in the transaction and in its table. */
static void check_order(const drive *d, const char *total, const char *in_table)
{
    ww_slice block = sj_get(drive_last_line(d), "transaction");
    CHECK_SLICE(sj_get(block, "total_order"), total);
    CHECK_SLICE(sj_get(block, "data_collection_order"), in_table);
}

static void check_end(const drive *d, const char *count, const char *collections)
{
    ww_slice line = drive_last_line(d);
    CHECK_SLICE(sj_get(line, "status"), "\"END\"");
    CHECK_SLICE(sj_get(line, "event_count"), count);
    CHECK_SLICE(sj_get(line, "data_collections"), collections);
}

static void orders_start_anew(void)
{
    drive d;
    CHECK(drive_open(&d, NULL, DRIVE_TRANSACTIONS) == WW_OK);
    send_begin(&d, 1, 100);
    send_relation(&d, 10, "x", 1);
    send_relation(&d, 11, "y", 1);
    send_insert(&d, 10, 1);
    check_order(&d, "1", "1");
    send_insert(&d, 11, 1);
    check_order(&d, "2", "1");
    send_insert(&d, 10, 1);
    check_order(&d, "3", "2");
    send_commit(&d, 100);
    check_end(&d, "3", "[{\"data_collection\":\"s.x\",\"event_count\":2},"
                       "{\"data_collection\":\"s.y\",\"event_count\":1}]");
    send_begin(&d, 2, 200);
    send_insert(&d, 11, 1);
    check_order(&d, "1", "1");
    CHECK_SLICE(sj_get(sj_get(drive_last_line(&d), "transaction"), "id"), "\"2:200\"");
    send_commit(&d, 200);
    check_end(&d, "1", "[{\"data_collection\":\"s.y\",\"event_count\":1}]");
    drive_close(&d);
}

/* The transaction that a reconnect sends again goes on where it was. */
static void begun_twice(void)
{
    drive d;
    CHECK(drive_open(&d, NULL, DRIVE_TRANSACTIONS) == WW_OK);
    send_begin(&d, 1, 100);
    send_relation(&d, 10, "x", 1);
    send_insert(&d, 10, 1);
    send_begin(&d, 1, 100);
    send_insert(&d, 10, 1);
    check_order(&d, "2", "2");
    send_commit(&d, 100);
    check_end(&d, "2", "[{\"data_collection\":\"s.x\",\"event_count\":2}]");
    send_begin(&d, 1, 100); /* after its end, as in two captures put together */
    send_insert(&d, 10, 1);
    check_order(&d, "1", "1");
    drive_close(&d);
}

/* New columns: the same table, one count. */
static void redefined(void)
{
    drive d;
    CHECK(drive_open(&d, NULL, DRIVE_TRANSACTIONS) == WW_OK);
    send_begin(&d, 1, 100);
    send_relation(&d, 9, "before", 1);
    send_relation(&d, 10, "x", 1);
    send_relation(&d, 11, "behind", 1);
    send_insert(&d, 9, 1);
    send_insert(&d, 10, 1);
    send_insert(&d, 11, 1);
    send_relation(&d, 10, "x", 2);
    send_insert(&d, 10, 2);
    check_order(&d, "4", "2");
    send_relation(&d, 11, "behind", 2);
    send_insert(&d, 11, 2);
    send_insert(&d, 9, 1);
    send_relation(&d, 12, "last", 1);
    send_insert(&d, 12, 1);
    send_commit(&d, 100);
    check_end(&d, "7", "[{\"data_collection\":\"s.before\",\"event_count\":2},"
                       "{\"data_collection\":\"s.x\",\"event_count\":2},"
                       "{\"data_collection\":\"s.behind\",\"event_count\":2},"
                       "{\"data_collection\":\"s.last\",\"event_count\":1}]");
    drive_close(&d);
}

/* ALTER TABLE ... RENAME between two rows: two names, two counts. */
static void renamed(void)
{
    drive d;
    CHECK(drive_open(&d, NULL, DRIVE_TRANSACTIONS) == WW_OK);
    send_begin(&d, 1, 100);
    send_relation(&d, 10, "x", 1);
    send_insert(&d, 10, 1);
    send_relation(&d, 10, "z", 1);
    send_insert(&d, 10, 1);
    send_insert(&d, 10, 1);
    check_order(&d, "3", "2");
    send_commit(&d, 100);
    check_end(&d, "3", "[{\"data_collection\":\"s.x\",\"event_count\":1},"
                       "{\"data_collection\":\"s.z\",\"event_count\":2}]");
    send_begin(&d, 2, 200);
    send_relation(&d, 10, "again", 1);
    send_insert(&d, 10, 1);
    drive_close(&d); /* in the middle: drive_close() checks that nothing leaks */
}

/* A server that renames without end reaches a limit, not our memory. */
static void renamed_without_end(void)
{
    char name[20];
    drive d;
    unsigned n;
    CHECK(drive_open(&d, NULL, DRIVE_TRANSACTIONS) == WW_OK);
    send_begin(&d, 1, 100);
    for (n = 0; n < 2000; n++) {
        snprintf(name, sizeof name, "t%u", n);
        send_relation(&d, 10, name, 1);
        if (d.status != WW_OK)
            break;
        send_insert(&d, 10, 1);
    }
    CHECK(d.status == WW_ERR_LIMIT && d.err.status == WW_ERR_LIMIT);
    CHECK_EQ_U64(n, 1001);
    send_begin(&d, 2, 200); /* the limit is the transaction's */
    send_insert(&d, 10, 1);
    CHECK(d.status == WW_OK);
    check_order(&d, "1", "1");
    drive_close(&d);
}

/* Without --transactions a prepared row still says so; a plain one has no block. */
static void prepared_rows_say_so(void)
{
    drive d;
    ww_slice line;
    CHECK(drive_open(&d, NULL, 0) == WW_OK);
    send_relation(&d, 10, "x", 1);
    enc_begin_prepare(&d.e, 100, 150, TIME, 7, "g");
    drive_send(&d);
    CHECK_EQ_U64(d.out.len, 0);
    send_insert(&d, 10, 1);
    CHECK_SLICE(sj_get(drive_last_line(&d), "transaction"),
                "{\"id\":\"7:100\",\"total_order\":1,\"data_collection_order\":1,\"gid\":\"g\"}");
    enc_prepare(&d.e, 100, 150, TIME, 7, "g");
    drive_send(&d);
    line = drive_last_line(&d);
    CHECK_SLICE(sj_get(line, "status"), "\"PREPARED\"");
    CHECK_SLICE(sj_get(line, "gid"), "\"g\"");
    CHECK_SLICE(sj_get(line, "event_count"), "1");
    send_begin(&d, 8, 300);
    send_insert(&d, 10, 1);
    CHECK_EQ_U64(sj_get(drive_last_line(&d), "transaction").len, 0);
    drive_close(&d);
}

int main(void)
{
    RUN(orders_start_anew);
    RUN(begun_twice);
    RUN(redefined);
    RUN(renamed);
    RUN(renamed_without_end);
    RUN(prepared_rows_say_so);
    return check_report();
}
