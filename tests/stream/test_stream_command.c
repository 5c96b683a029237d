/* SPDX-License-Identifier: MIT */
/* Replication commands as text: what each server version is sent, and that no name or value gets
 * out of its quotes. The expected commands are those of PROTOCOL A.3 and 3.3, known to work on
 * servers. */
#include "check.h"

#include <walwire/stream.h>

static char buffer[1024];

static ww_text fresh(void)
{
    ww_text t = { buffer, sizeof buffer, 0 };
    return t;
}

static ww_slice bytes(const void *ptr, size_t len)
{
    ww_slice s = { ptr, len };
    return s;
}

/* ---- quoting -------------------------------------------------------------------------------- */

static void quotes(void)
{
    static const struct {
        const char *in, *identifier, *literal, *sql;
    } rows[] = {
        { "", "\"\"", "''", "''" },
        { "abc", "\"abc\"", "'abc'", "'abc'" },
        { "a b", "\"a b\"", "'a b'", "'a b'" },
        { "Mixed", "\"Mixed\"", "'Mixed'", "'Mixed'" },
        { "\"", "\"\"\"\"", "'\"'", "'\"'" },
        { "'", "\"'\"", "''''", "''''" },
        { "a\"; DROP TABLE t; --", "\"a\"\"; DROP TABLE t; --\"", "'a\"; DROP TABLE t; --'",
          "'a\"; DROP TABLE t; --'" },
        { "'); DROP TABLE t; --", "\"'); DROP TABLE t; --\"", "'''); DROP TABLE t; --'",
          "'''); DROP TABLE t; --'" },
        { "p,\"q'\\", "\"p,\"\"q'\\\"", "'p,\"q''\\'", "E'p,\"q''\\\\'" },
        { "\\'", "\"\\'\"", "'\\'''", "E'\\\\'''" },
        { "$$x$$", "\"$$x$$\"", "'$$x$$'", "'$$x$$'" },
        { "\xc3\xa9\n", "\"\xc3\xa9\n\"", "'\xc3\xa9\n'", "'\xc3\xa9\n'" },
    };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ww_text t = fresh();
        ww_text_add_identifier(&t, ww_slice_of(rows[i].in));
        CHECK_TEXT(buffer, rows[i].identifier);
        t = fresh();
        ww_text_add_literal(&t, ww_slice_of(rows[i].in));
        CHECK_TEXT(buffer, rows[i].literal);
        t = fresh();
        ww_text_add_sql_literal(&t, ww_slice_of(rows[i].in));
        CHECK_TEXT(buffer, rows[i].sql);
    }
}

static void lists_names(void)
{
    ww_slice names[3];
    ww_text t = fresh();
    names[0] = ww_slice_of("orders");
    names[1] = ww_slice_of("p,\"q'\\");
    names[2] = ww_slice_of("Z");
    ww_text_add_name_list(&t, names, 3);
    CHECK_TEXT(buffer, "\"orders\",\"p,\"\"q'\\\",\"Z\"");
    CHECK_EQ_U64(t.len, strlen(buffer));
    t = fresh();
    buffer[0] = '?';
    ww_text_add_name_list(&t, names, 0);
    CHECK_EQ_U64(t.len, 0);
}

/* At every capacity: never past the end, terminated, a prefix, and the length that it takes. */
static void text_is_cut(void)
{
    static const char whole[] = "ab\"c\"\"d\"'e'";
    size_t cap;
    for (cap = 0; cap <= sizeof whole + 1; cap++) {
        char room[sizeof whole + 2];
        ww_text t = { room, cap, 0 };
        memset(room, '#', sizeof room);
        ww_text_add(&t, "ab");
        ww_text_add_identifier(&t, ww_slice_of("c\"d"));
        ww_text_add_literal(&t, ww_slice_of("e"));
        CHECK_EQ_U64(t.len, sizeof whole - 1);
        CHECK(ww_text_fits(&t) == (cap >= sizeof whole));
        CHECK(room[cap] == '#' || cap == sizeof room);
        if (cap > 0) {
            size_t n = cap - 1 < sizeof whole - 1 ? cap - 1 : sizeof whole - 1;
            CHECK(memcmp(room, whole, n) == 0 && room[n] == '\0');
        }
    }
}

/* ---- slot names ----------------------------------------------------------------------------- */

static void checks_slot_names(void)
{
    char name[70];
    ww_error err;
    memset(name, 'x', sizeof name);
    CHECK(ww_slot_name_check(bytes(name, 63), NULL) == WW_OK);
    CHECK(ww_slot_name_check(bytes(name, 64), &err) == WW_ERR_USAGE);
    CHECK(ww_slot_name_check(ww_slice_of("a_1"), NULL) == WW_OK);
    CHECK(ww_slot_name_check(ww_slice_of("0"), NULL) == WW_OK);
    CHECK(ww_slot_name_check(ww_slice_of(""), &err) == WW_ERR_USAGE);
    CHECK(ww_slot_name_check(bytes("a\0b", 3), &err) == WW_ERR_USAGE);
    CHECK(ww_slot_name_check(ww_slice_of("Upper"), &err) == WW_ERR_USAGE);
    CHECK_TEXT(err.subject, "Upper");
    CHECK(ww_slot_name_check(ww_slice_of("a-b"), NULL) == WW_ERR_USAGE);
    CHECK(ww_slot_name_check(ww_slice_of("a\"; DROP"), NULL) == WW_ERR_USAGE);
    CHECK(ww_slot_name_check(ww_slice_of("\xc3\xa9"), NULL) == WW_ERR_USAGE);
}

static void every_byte_of_a_slot_name(void)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    unsigned c;
    for (c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        bool good = memchr(allowed, (int)c, sizeof allowed - 1) != NULL;
        CHECK((ww_slot_name_check(bytes(&byte, 1), NULL) == WW_OK) == good);
    }
}

/* ---- commands ------------------------------------------------------------------------------- */

static void creates_slots(void)
{
    static const struct {
        int version;
        bool temporary;
        ww_snapshot snapshot;
        bool two_phase, failover;
        const char *command;
    } rows[] = {
        { 100023, false, WW_SNAPSHOT_NOTHING, false, false,
          "CREATE_REPLICATION_SLOT \"s1\" LOGICAL \"pgoutput\" NOEXPORT_SNAPSHOT" },
        { 0, false, WW_SNAPSHOT_NOTHING, false, false,
          "CREATE_REPLICATION_SLOT \"s1\" LOGICAL \"pgoutput\" NOEXPORT_SNAPSHOT" },
        { 140023, true, WW_SNAPSHOT_EXPORT, false, false,
          "CREATE_REPLICATION_SLOT \"s1\" TEMPORARY LOGICAL \"pgoutput\" EXPORT_SNAPSHOT" },
        { 149999, false, WW_SNAPSHOT_USE, false, false,
          "CREATE_REPLICATION_SLOT \"s1\" LOGICAL \"pgoutput\" USE_SNAPSHOT" },
        { 150000, false, WW_SNAPSHOT_NOTHING, false, false,
          "CREATE_REPLICATION_SLOT \"s1\" LOGICAL \"pgoutput\" (SNAPSHOT 'nothing')" },
        { 150018, true, WW_SNAPSHOT_USE, true, false,
          "CREATE_REPLICATION_SLOT \"s1\" TEMPORARY LOGICAL \"pgoutput\" (SNAPSHOT 'use', "
          "TWO_PHASE)" },
        { 180004, false, WW_SNAPSHOT_EXPORT, true, true,
          "CREATE_REPLICATION_SLOT \"s1\" LOGICAL \"pgoutput\" (SNAPSHOT 'export', TWO_PHASE, "
          "FAILOVER)" },
        { 170000, false, WW_SNAPSHOT_NOTHING, false, true,
          "CREATE_REPLICATION_SLOT \"s1\" LOGICAL \"pgoutput\" (SNAPSHOT 'nothing', FAILOVER)" },
        { 149999, false, WW_SNAPSHOT_NOTHING, true, false, NULL },
        { 169999, false, WW_SNAPSHOT_NOTHING, false, true, NULL },
        { 180004, true, WW_SNAPSHOT_NOTHING, false, true, NULL },
        { 180004, false, (ww_snapshot)3, false, false, NULL },
    };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ww_create_slot slot = { ww_slice_of("s1"), { NULL, 0 }, false, WW_SNAPSHOT_NOTHING, false,
                                false };
        ww_text t = fresh();
        ww_status status;
        slot.temporary = rows[i].temporary;
        slot.snapshot = rows[i].snapshot;
        slot.two_phase = rows[i].two_phase;
        slot.failover = rows[i].failover;
        status = ww_create_slot_command(&t, &slot, rows[i].version, NULL);
        CHECK(status == (rows[i].command != NULL ? WW_OK : WW_ERR_USAGE));
        if (rows[i].command != NULL)
            CHECK_TEXT(buffer, rows[i].command);
        else
            CHECK_EQ_U64(t.len, 0);
    }
}

static void creates_slots_of_other_plugins(void)
{
    char longest[64];
    ww_create_slot slot = { ww_slice_of("s1"), ww_slice_of("w\"2"), false, WW_SNAPSHOT_NOTHING,
                            false, false };
    ww_text t = fresh();
    CHECK(ww_create_slot_command(&t, &slot, 180004, NULL) == WW_OK);
    CHECK_TEXT(buffer, "CREATE_REPLICATION_SLOT \"s1\" LOGICAL \"w\"\"2\" (SNAPSHOT 'nothing')");
    memset(longest, 'p', sizeof longest);
    slot.plugin = bytes(longest, 64);
    CHECK(ww_create_slot_command(&t, &slot, 180004, NULL) == WW_ERR_USAGE);
    slot.plugin = bytes(longest, 63);
    t = fresh();
    CHECK(ww_create_slot_command(&t, &slot, 180004, NULL) == WW_OK);
    slot.name = ww_slice_of("S1");
    CHECK(ww_create_slot_command(&t, &slot, 180004, NULL) == WW_ERR_USAGE);
}

static void drops_slots(void)
{
    ww_text t = fresh();
    CHECK(ww_drop_slot_command(&t, ww_slice_of("s1"), false, NULL) == WW_OK);
    CHECK_TEXT(buffer, "DROP_REPLICATION_SLOT \"s1\"");
    t = fresh();
    CHECK(ww_drop_slot_command(&t, ww_slice_of("s1"), true, NULL) == WW_OK);
    CHECK_TEXT(buffer, "DROP_REPLICATION_SLOT \"s1\" WAIT");
    CHECK(ww_drop_slot_command(&t, ww_slice_of("s 1"), true, NULL) == WW_ERR_USAGE);
}

static void alters_slots(void)
{
    static const struct {
        int version, two_phase, failover;
        const char *command;
    } rows[] = {
        { 180004, 0, 1, "ALTER_REPLICATION_SLOT \"s1\" (TWO_PHASE false, FAILOVER true)" },
        { 180000, 1, -1, "ALTER_REPLICATION_SLOT \"s1\" (TWO_PHASE true)" },
        { 170000, -1, 0, "ALTER_REPLICATION_SLOT \"s1\" (FAILOVER false)" },
        { 170000, 1, 1, NULL },
        { 169999, -1, 1, NULL },
        { 180000, -1, -1, NULL },
    };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ww_text t = fresh();
        ww_status status = ww_alter_slot_command(&t, ww_slice_of("s1"), rows[i].two_phase,
                                                 rows[i].failover, rows[i].version, NULL);
        CHECK(status == (rows[i].command != NULL ? WW_OK : WW_ERR_USAGE));
        if (rows[i].command != NULL)
            CHECK_TEXT(buffer, rows[i].command);
    }
    CHECK(ww_alter_slot_command(NULL, ww_slice_of("S"), 1, 1, 180000, NULL) == WW_ERR_USAGE);
}

static ww_plugin_option option(const char *name, const char *value)
{
    ww_plugin_option o = { ww_slice_of(name), ww_slice_of(value) };
    return o;
}

static void starts_replication(void)
{
    ww_plugin_option options[4];
    ww_text t = fresh();
    CHECK(ww_start_replication_command(&t, ww_slice_of("s1"), 0, NULL, 0, NULL) == WW_OK);
    CHECK_TEXT(buffer, "START_REPLICATION SLOT \"s1\" LOGICAL 0/0");
    options[0] = option("proto_version", "4");
    options[1] = option("publication_names", "\"p\",\"O'Hara\"");
    options[2] = option("include-xids", NULL);
    options[3] = option("a\" 'x', \"b", "");
    t = fresh();
    CHECK(ww_start_replication_command(&t, ww_slice_of("s1"), 0x16B374D848, options, 4, NULL) ==
          WW_OK);
    CHECK_TEXT(buffer, "START_REPLICATION SLOT \"s1\" LOGICAL 16/B374D848 (\"proto_version\" '4', "
                       "\"publication_names\" '\"p\",\"O''Hara\"', \"include-xids\", "
                       "\"a\"\" 'x', \"\"b\" '')");
}

/* These two crash every server from 10 to 18, and the whole cluster restarts. */
static void refuses_what_crashes_servers(void)
{
    static const char *const names[] = { "proto_version", "publication_names" };
    ww_plugin_option options[2];
    ww_error err;
    size_t i;
    for (i = 0; i < 2; i++) {
        ww_text t = fresh();
        options[0] = option("messages", "true");
        options[1] = option(names[i], NULL);
        CHECK(ww_start_replication_command(&t, ww_slice_of("s"), 0, options, 2, &err) ==
              WW_ERR_USAGE);
        CHECK_TEXT(err.subject, names[i]);
        CHECK_EQ_U64(t.len, 0);
    }
    options[0] = option("publication_names", "");
    CHECK(ww_start_replication_command(NULL, ww_slice_of("s"), 0, options, 1, NULL) ==
          WW_ERR_USAGE);
    options[0] = option("", "x");
    CHECK(ww_start_replication_command(NULL, ww_slice_of("s"), 0, options, 1, NULL) ==
          WW_ERR_USAGE);
    CHECK(ww_start_replication_command(NULL, ww_slice_of("S"), 0, NULL, 0, NULL) == WW_ERR_USAGE);
}

static void says_what_does_not_fit(void)
{
    char small[20];
    ww_text t = { small, sizeof small, 0 };
    ww_create_slot slot = { ww_slice_of("s1"), { NULL, 0 }, false, WW_SNAPSHOT_NOTHING, false,
                            false };
    CHECK(ww_drop_slot_command(&t, ww_slice_of("s1"), false, NULL) == WW_ERR_LIMIT);
    CHECK_EQ_U64(t.len, strlen("DROP_REPLICATION_SLOT \"s1\""));
    t.len = 0;
    CHECK(ww_create_slot_command(&t, &slot, 180000, NULL) == WW_ERR_LIMIT);
    t.len = 0;
    CHECK(ww_start_replication_command(&t, ww_slice_of("s1"), 0, NULL, 0, NULL) == WW_ERR_LIMIT);
}

/* ---- IDENTIFY_SYSTEM ------------------------------------------------------------------------ */

static uint8_t row[256];

/* A DataRow's body with these texts; NULL: SQL NULL. */
static ww_msg make_row(const char *const *values, unsigned count)
{
    ww_msg msg = { 'D', { row, 2 } };
    unsigned i;
    row[0] = 0;
    row[1] = (uint8_t)count;
    for (i = 0; i < count; i++) {
        size_t n = values[i] != NULL ? strlen(values[i]) : 0;
        memset(row + msg.body.len, values[i] != NULL ? 0 : 0xFF, 4);
        if (values[i] != NULL)
            row[msg.body.len + 3] = (uint8_t)n;
        memcpy(row + msg.body.len + 4, values[i] != NULL ? values[i] : "", n);
        msg.body.len += 4 + n;
    }
    return msg;
}

static void reads_the_system(void)
{
    static const char *const full[] = { "7381237498237498237", "3", "16/B374D848", "shop" };
    static const char *const physical[] = { "18446744073709551615", "4294967295", "0/01234567",
                                            NULL };
    ww_system system;
    ww_msg msg = make_row(full, 4);
    CHECK(ww_system_from_row(&msg, &system, NULL) == WW_OK);
    CHECK_EQ_U64(system.system_id, UINT64_C(7381237498237498237));
    CHECK_EQ_U64(system.timeline, 3);
    CHECK_EQ_U64(system.wal_position, UINT64_C(0x16B374D848));
    CHECK_TEXT(system.database, "shop");
    msg = make_row(physical, 4);
    CHECK(ww_system_from_row(&msg, &system, NULL) == WW_OK);
    CHECK_EQ_U64(system.system_id, UINT64_MAX);
    CHECK_EQ_U64(system.timeline, UINT32_MAX);
    CHECK_EQ_U64(system.wal_position, 0x1234567);
    CHECK_TEXT(system.database, "");
}

static void refuses_other_shapes(void)
{
    static const char *const rows[][4] = {
        { "18446744073709551616", "1", "0/1", "d" },
        { "", "1", "0/1", "d" },
        { NULL, "1", "0/1", "d" },
        { "-1", "1", "0/1", "d" },
        { "1", "4294967296", "0/1", "d" },
        { "1", "1x", "0/1", "d" },
        { "1", "1", "0", "d" },
        { "1", "1", NULL, "d" },
        { "1", "1", "0/1",
          "a23456789012345678901234567890123456789012345678901234567890abcd" },
    };
    static const char *const three[] = { "1", "1", "0/1" };
    static const char *const five[] = { "1", "1", "0/1", "d", "e" };
    ww_system system;
    ww_msg msg;
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        msg = make_row(rows[i], 4);
        CHECK(ww_system_from_row(&msg, &system, NULL) == WW_ERR_PROTOCOL);
    }
    msg = make_row(three, 3);
    CHECK(ww_system_from_row(&msg, &system, NULL) == WW_ERR_PROTOCOL);
    msg = make_row(five, 5);
    CHECK(ww_system_from_row(&msg, &system, NULL) == WW_ERR_PROTOCOL);
}

int main(void)
{
    RUN(quotes);
    RUN(lists_names);
    RUN(text_is_cut);
    RUN(checks_slot_names);
    RUN(every_byte_of_a_slot_name);
    RUN(creates_slots);
    RUN(creates_slots_of_other_plugins);
    RUN(drops_slots);
    RUN(alters_slots);
    RUN(starts_replication);
    RUN(refuses_what_crashes_servers);
    RUN(says_what_does_not_fit);
    RUN(reads_the_system);
    RUN(refuses_other_shapes);
    return check_report();
}
