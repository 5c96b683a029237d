/* SPDX-License-Identifier: MIT */
/* The lines of every kind of event in each format, against files that people (and
 * docs/formats.md) read. With WALWIRE_WRITE_GOLDEN set it writes them anew: look at the
 * difference before you commit it. */
#include "scenario.h"

static size_t read_file(const char *path, uint8_t *room, size_t cap)
{
    FILE *f = fopen(path, "rb");
    size_t n;
    if (f == NULL)
        return 0;
    n = fread(room, 1, cap, f);
    fclose(f);
    return n;
}

static void write_file(const char *path, ww_slice bytes)
{
    FILE *f = fopen(path, "wb");
    if (CHECK(f != NULL)) {
        CHECK_EQ_U64(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
        fclose(f);
    }
}

/* The version of a release is no part of a golden line: it reads X there. */
static ww_slice without_version(ww_slice text, uint8_t *room)
{
    static const char key[] = "\"version\":\"" WW_VERSION_STRING;
    const size_t n = sizeof key - 1, kept = n - strlen(WW_VERSION_STRING);
    ww_slice s = { room, 0 };
    size_t at = 0;
    while (at < text.len) {
        if (text.len - at >= n && memcmp(text.ptr + at, key, n) == 0) {
            memcpy(room + s.len, key, kept);
            s.len += kept;
            at += n;
            room[s.len++] = 'X';
        } else {
            room[s.len++] = text.ptr[at++];
        }
    }
    return s;
}

/* Says which line differs, not the whole text. */
static void compare(const char *path, ww_slice got, ww_slice want)
{
    size_t at = 0, line = 1;
    while (at < got.len && at < want.len && got.ptr[at] == want.ptr[at])
        line += got.ptr[at++] == '\n';
    if (!CHECK(at == got.len && at == want.len))
        fprintf(stderr, "    %s differs in line %zu\n", path, line);
}

static void play_assembled(drive *d)
{
    scenario_play(d, false);
}

static void play_all(drive *d)
{
    scenario_play(d, true);
}

static void check_golden(const char *format, unsigned flags, void (*play)(drive *),
                         const char *path)
{
    static uint8_t room[1 << 16], got_room[1 << 16];
    drive d;
    ww_slice got, want = { room, 0 };
    CHECK(drive_open(&d, format, flags) == WW_OK);
    play(&d);
    CHECK(drive_output(&d).len < sizeof got_room);
    got = without_version(drive_output(&d), got_room);
    if (getenv("WALWIRE_WRITE_GOLDEN") != NULL)
        write_file(path, got);
    want.len = read_file(path, room, sizeof room);
    CHECK(want.len > 1000);
    compare(path, got, want);
    drive_close(&d);
}

static void debezium(void)
{
    check_golden("debezium", 0, play_assembled, "format/debezium.golden");
}

static void debezium_transactions(void)
{
    check_golden("debezium", DRIVE_TRANSACTIONS, play_assembled,
                 "format/debezium-transactions.golden");
}

static void debezium_ends(void)
{
    check_golden("debezium", DRIVE_TRANSACTIONS | DRIVE_ENDS, play_assembled,
                 "format/debezium-ends.golden");
}

static void debezium_keys(void)
{
    check_golden("debezium", DRIVE_KEYS | DRIVE_SCHEMA, play_assembled,
                 "format/debezium-keys.golden");
}

static void compact_schema(void)
{
    check_golden("compact", DRIVE_SCHEMA, play_all, "format/compact-schema.golden");
}

static void compact(void)
{
    check_golden("compact", 0, play_all, "format/compact.golden");
}

static void test_decoding(void)
{
    check_golden("test_decoding", 0, play_all, "format/test_decoding.golden");
}

static void wal2json(void)
{
    check_golden("wal2json-v1", 0, scenario_play_committed, "format/wal2json-v1.golden");
    check_golden("wal2json-v2", 0, scenario_play_committed, "format/wal2json-v2.golden");
}

static void pypgoutput(void)
{
    check_golden("pypgoutput", 0, scenario_play_committed, "format/pypgoutput.golden");
}

static void pgoutput_decoder(void)
{
    check_golden("pgoutput-decoder", 0, scenario_play_committed,
                 "format/pgoutput-decoder.golden");
}

static void sql(void)
{
    check_golden("sql", 0, play_assembled, "format/sql.golden");
}

static void sql_on_a_terminal(void)
{
    check_golden("sql", DRIVE_TERMINAL, play_assembled, "format/sql-terminal.golden");
}

static void terminal(void)
{
    check_golden("compact", DRIVE_TERMINAL, play_all, "format/compact-terminal.golden");
}

static void none_writes_nothing(void)
{
    drive d;
    CHECK(drive_open(&d, "none", DRIVE_TRANSACTIONS) == WW_OK);
    scenario_play(&d, true);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    CHECK_EQ_U64(d.out_memory.calls, 0);
    drive_close(&d);
}

static void same_bytes_twice(void)
{
    drive a, b;
    CHECK(drive_open(&a, "debezium", DRIVE_TRANSACTIONS) == WW_OK);
    CHECK(drive_open(&b, "debezium", DRIVE_TRANSACTIONS) == WW_OK);
    scenario_play(&a, false);
    scenario_play(&b, false);
    CHECK(ww_slice_equal(drive_output(&a), drive_output(&b)));
    drive_close(&a);
    drive_close(&b);
}

int main(void)
{
    RUN(debezium);
    RUN(debezium_transactions);
    RUN(debezium_ends);
    RUN(debezium_keys);
    RUN(compact);
    RUN(compact_schema);
    RUN(test_decoding);
    RUN(wal2json);
    RUN(pypgoutput);
    RUN(pgoutput_decoder);
    RUN(sql);
    RUN(sql_on_a_terminal);
    RUN(terminal);
    RUN(none_writes_nothing);
    RUN(same_bytes_twice);
    return check_report();
}
