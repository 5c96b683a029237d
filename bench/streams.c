/* SPDX-License-Identifier: MIT */
/* streams.c: the data sets. They are those of docs/performance.md: narrow inserts, small
 * transactions, 30 mixed columns, updates with the full old row, rows of 8 KB. */
#include "streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BOOL = 16,
    BYTEA = 17,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXT = 25,
    FLOAT4 = 700,
    FLOAT8 = 701,
    VARCHAR = 1043,
    DATE = 1082,
    TIME = 1083,
    TIMESTAMP = 1114,
    TIMESTAMPTZ = 1184,
    NUMERIC = 1700,
    UUID = 2950,
    JSONB = 3802
};

enum { RELATION = 16401, MIXED_COLUMNS = 30, WIDE_BYTES = 8000, COMMIT_TIME = 758629800 };

/* ---- messages ---- */

/* What was appended since the last call is a message. */
static void end_message(stream *s)
{
    if (s->count + 2 > s->room) {
        s->room = s->room == 0 ? 1024 : 2 * s->room;
        s->starts = realloc(s->starts, s->room * sizeof *s->starts);
        if (s->starts == NULL)
            abort();
        s->starts[0] = 0;
    }
    s->starts[++s->count] = s->bytes.len;
}

static ww_lsn position(const stream *s)
{
    return 0x16B3748 + s->count;
}

static void begin(stream *s)
{
    enc_begin(&s->bytes, position(s), INT64_C(1000000) * COMMIT_TIME, 700 + (uint32_t)s->count);
    end_message(s);
}

static void commit(stream *s)
{
    enc_commit(&s->bytes, position(s), position(s) + 48, INT64_C(1000000) * COMMIT_TIME);
    end_message(s);
}

static void describe(stream *s, uint32_t id, const char *name, char identity,
                     const ww_relation_column *columns, unsigned count)
{
    enc_relation(&s->bytes, 0, id, "public", name, identity, columns, (uint16_t)count);
    end_message(s);
}

static void insert(stream *s, uint32_t id, const ww_column *row, unsigned count)
{
    enc_insert(&s->bytes, 0, id, row, (uint16_t)count);
    end_message(s);
    s->changes++;
}

static void update(stream *s, uint32_t id, const ww_column *old_row, const ww_column *row,
                   unsigned count)
{
    enc_update(&s->bytes, 0, id, old_row != NULL ? 'O' : 0, old_row, row, (uint16_t)count);
    end_message(s);
    s->changes++;
}

static void open_head(stream *s)
{
    begin(s);
}

static void close_head(stream *s)
{
    commit(s);
    s->head = s->count;
    s->changes = 0;
}

/* ---- values ---- */

/* Texts of one row; enough room for the widest. */
typedef struct texts {
    char text[MIXED_COLUMNS + 2][48];
} texts;

static const char *md5_like(char *to, size_t room, unsigned n)
{
    snprintf(to, room, "%08x%08x%08x%08x", n * 2654435761u, n * 40503u, ~n, n ^ 0x5bd1e995u);
    return to;
}

static void put_be(uint8_t *to, uint64_t v, unsigned bytes)
{
    while (bytes-- > 0) {
        to[bytes] = (uint8_t)v;
        v >>= 8;
    }
}

/* ---- narrow: int, bigint, text of 37 bytes, timestamptz; 1,000 rows per transaction ---- */

enum { NARROW_COLUMNS = 4, NARROW_ROWS = 1000 };

static void narrow_columns(ww_relation_column *to)
{
    to[0] = enc_column("id", INT4, true);
    to[1] = enc_column("n", INT8, false);
    to[2] = enc_column("note", TEXT, false);
    to[3] = enc_column("at", TIMESTAMPTZ, false);
}

static void narrow_texts(texts *t, ww_column *row, unsigned n)
{
    char digest[33];
    snprintf(t->text[0], sizeof t->text[0], "%u", 100000 + n);
    snprintf(t->text[1], sizeof t->text[1], "%llu", 7919ull * (1000000 + n));
    snprintf(t->text[2], sizeof t->text[2], "row: %s", md5_like(digest, sizeof digest, n));
    snprintf(t->text[3], sizeof t->text[3], "2024-01-15 12:%02u:%02u.%05u7+00", n / 60 % 60, n % 60,
             n * 997 % 100000);
    row[0] = enc_text(t->text[0]);
    row[1] = enc_text(t->text[1]);
    row[2] = enc_text(t->text[2]);
    row[3] = enc_text(t->text[3]);
}

static void narrow_bytes(texts *t, ww_column *row, unsigned n)
{
    uint8_t *bytes = (uint8_t *)t->text[MIXED_COLUMNS];
    narrow_texts(t, row, n);
    put_be(bytes, 100000 + n, 4);
    put_be(bytes + 4, 7919ull * (1000000 + n), 8);
    put_be(bytes + 12, 1000000ull * COMMIT_TIME + n * 997, 8);
    row[0] = enc_binary(bytes, 4);
    row[1] = enc_binary(bytes + 4, 8);
    row[2] = enc_binary(t->text[2], strlen(t->text[2]));
    row[3] = enc_binary(bytes + 12, 8);
}

static void describe_narrow(stream *s, char identity)
{
    ww_relation_column columns[NARROW_COLUMNS];
    narrow_columns(columns);
    open_head(s);
    describe(s, RELATION, "narrow", identity, columns, NARROW_COLUMNS);
    close_head(s);
}

static void make_narrow(stream *s)
{
    ww_column row[NARROW_COLUMNS];
    texts t;
    unsigned n;
    describe_narrow(s, 'd');
    begin(s);
    for (n = 0; n < NARROW_ROWS; n++) {
        if (s->binary)
            narrow_bytes(&t, row, n);
        else
            narrow_texts(&t, row, n);
        insert(s, RELATION, row, NARROW_COLUMNS);
    }
    commit(s);
}

/* ---- full: updates of the narrow table, replica identity full ---- */

static void make_full(stream *s)
{
    ww_column old_row[NARROW_COLUMNS], row[NARROW_COLUMNS];
    texts old_texts, t;
    unsigned n;
    describe_narrow(s, 'f');
    begin(s);
    for (n = 0; n < NARROW_ROWS; n++) {
        narrow_texts(&old_texts, old_row, n);
        narrow_texts(&t, row, n + 1);
        row[0] = old_row[0];
        row[2] = old_row[2];
        update(s, RELATION, old_row, row, NARROW_COLUMNS);
    }
    commit(s);
}

/* ---- small: pgbench's transactions, three updates and an insert each ---- */

enum { SMALL_TRANSACTIONS = 250, SMALL_COLUMNS = 3, HISTORY_COLUMNS = 5 };

static void describe_small(stream *s)
{
    static const char *const names[] = {"pgbench_accounts", "pgbench_tellers", "pgbench_branches"};
    ww_relation_column columns[] = {enc_column("id", INT4, true), enc_column("bid", INT4, false),
                                    enc_column("balance", INT4, false)};
    ww_relation_column history[] = {enc_column("tid", INT4, false), enc_column("bid", INT4, false),
                                    enc_column("aid", INT4, false),
                                    enc_column("delta", INT4, false),
                                    enc_column("mtime", TIMESTAMP, false)};
    uint32_t i;
    open_head(s);
    for (i = 0; i < 3; i++)
        describe(s, RELATION + i, names[i], 'd', columns, SMALL_COLUMNS);
    describe(s, RELATION + 3, "pgbench_history", 'd', history, HISTORY_COLUMNS);
    close_head(s);
}

static void make_small(stream *s)
{
    char number[3][16], time[40];
    unsigned n, i;
    describe_small(s);
    for (n = 0; n < SMALL_TRANSACTIONS; n++) {
        ww_column row[HISTORY_COLUMNS];
        snprintf(number[0], sizeof number[0], "%u", 1 + n * 7919 % 100000);
        snprintf(number[1], sizeof number[1], "%u", 1 + n % 10);
        snprintf(number[2], sizeof number[2], "-%u", 1 + n * 104729 % 5000);
        snprintf(time, sizeof time, "2024-01-15 12:30:%02u.%05u7", n % 60, n * 97);
        row[0] = enc_text(number[0]);
        row[1] = enc_text(number[1]);
        row[2] = row[3] = enc_text(number[2]);
        row[4] = enc_text(time);
        begin(s);
        for (i = 0; i < 3; i++)
            update(s, RELATION + i, NULL, row, SMALL_COLUMNS);
        insert(s, RELATION + 3, row, HISTORY_COLUMNS);
        commit(s);
    }
}

/* ---- mixed: 30 columns of 15 types, one in ten null ---- */

static const uint32_t mixed_types[] = {INT4,        INT8,    INT2,   TEXT,   VARCHAR,
                                       BOOL,        NUMERIC, FLOAT8, FLOAT4, TIMESTAMP,
                                       TIMESTAMPTZ, DATE,    TIME,   UUID,   JSONB};

enum { MIXED_TYPES = sizeof mixed_types / sizeof mixed_types[0], MIXED_ROWS = 300 };

static void mixed_text(char *to, size_t room, uint32_t type, unsigned n)
{
    char digest[33];
    md5_like(digest, sizeof digest, n);
    switch (type) {
    case INT2:
        snprintf(to, room, "%u", n % 30000);
        break;
    case INT4:
        snprintf(to, room, "%u", n * 48271u % 1000000000);
        break;
    case INT8:
        snprintf(to, room, "%llu", n * 104395301ull);
        break;
    case BOOL:
        snprintf(to, room, "%s", n % 2 != 0 ? "t" : "f");
        break;
    case NUMERIC:
        snprintf(to, room, "%u.%02u", n * 31 % 1000000, n % 100);
        break;
    case FLOAT4:
        snprintf(to, room, "%u.5", n % 10000);
        break;
    case FLOAT8:
        snprintf(to, room, "%u.%03u5", n * 17 % 100000, n % 1000);
        break;
    case DATE:
        snprintf(to, room, "2024-%02u-%02u", 1 + n % 12, 1 + n % 28);
        break;
    case TIME:
        snprintf(to, room, "12:%02u:%02u.%02u7", n % 60, n % 59, n % 100);
        break;
    case TIMESTAMP:
        snprintf(to, room, "2024-01-15 12:%02u:%02u.%02u7", n % 60, n % 59, n % 100);
        break;
    case TIMESTAMPTZ:
        snprintf(to, room, "2024-01-15 12:%02u:%02u.%02u7+00", n % 60, n % 59, n % 100);
        break;
    case UUID:
        snprintf(to, room, "%.8s-%.4s-%.4s-%.4s-%.12s", digest, digest, digest + 4, digest + 8,
                 digest + 12);
        break;
    case JSONB:
        snprintf(to, room, "{\"a\": %u, \"b\": [true, null, \"x\"]}", n);
        break;
    default:
        snprintf(to, room, "%.20s", digest);
        break;
    }
}

static void make_mixed(stream *s)
{
    static char names[MIXED_COLUMNS][8];
    ww_relation_column columns[MIXED_COLUMNS];
    ww_column row[MIXED_COLUMNS];
    texts t;
    unsigned n, i;
    for (i = 0; i < MIXED_COLUMNS; i++) {
        snprintf(names[i], sizeof names[i], "c%02u", i);
        columns[i] = enc_column(names[i], mixed_types[i % MIXED_TYPES], i == 0);
    }
    open_head(s);
    describe(s, RELATION, "mixed", 'd', columns, MIXED_COLUMNS);
    close_head(s);
    begin(s);
    for (n = 0; n < MIXED_ROWS; n++) {
        for (i = 0; i < MIXED_COLUMNS; i++) {
            mixed_text(t.text[i], sizeof t.text[i], columns[i].type_oid, n + i);
            row[i] = i > 0 && (n + i) % 10 == 0 ? enc_null() : enc_text(t.text[i]);
        }
        insert(s, RELATION, row, MIXED_COLUMNS);
    }
    commit(s);
}

/* ---- wide: 8 KB of text, with a character to escape now and then ---- */

enum { WIDE_ROWS = 60, ESCAPE_EVERY = 400 };

static void make_wide(stream *s)
{
    static char text[WIDE_BYTES + 1];
    ww_relation_column columns[] = {enc_column("id", INT4, true), enc_column("v", TEXT, false)};
    char number[16];
    unsigned n, i;
    open_head(s);
    describe(s, RELATION, "wide", 'd', columns, 2);
    close_head(s);
    begin(s);
    for (n = 0; n < WIDE_ROWS; n++) {
        ww_column row[2];
        for (i = 0; i < WIDE_BYTES; i++)
            text[i] = (i + n) % ESCAPE_EVERY == 0 ? '"' : (char)('a' + (i * 7 + n) % 26);
        snprintf(number, sizeof number, "%u", n);
        row[0] = enc_text(number);
        row[1] = enc_text(text);
        insert(s, RELATION, row, 2);
    }
    commit(s);
}

/* ---- by name ---- */

static const struct {
    const char *name;
    bool binary;
    void (*make)(stream *s);
} sets[] = {
    {"narrow", false, make_narrow}, {"small", false, make_small},
    {"mixed", false, make_mixed},   {"full", false, make_full},
    {"wide", false, make_wide},     {"narrow-binary", true, make_narrow},
};

const char *stream_name(size_t i)
{
    return i < sizeof sets / sizeof sets[0] ? sets[i].name : NULL;
}

bool stream_make(stream *s, const char *name)
{
    size_t i;
    memset(s, 0, sizeof *s);
    for (i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (strcmp(sets[i].name, name) == 0) {
            s->name = sets[i].name;
            s->binary = sets[i].binary;
            sets[i].make(s);
            return true;
        }
    }
    return false;
}

/* ---- shaped ---- */

void stream_make_shaped(stream *s, unsigned relations, unsigned columns, size_t rows,
                        size_t per_transaction)
{
    static char names[WW_MAX_COLUMNS][8];
    static ww_relation_column described[WW_MAX_COLUMNS];
    static ww_column row[WW_MAX_COLUMNS];
    size_t n;
    unsigned i;
    memset(s, 0, sizeof *s);
    s->name = "shaped";
    for (i = 0; i < columns; i++) {
        snprintf(names[i], sizeof names[i], "c%u", i);
        described[i] = enc_column(names[i], INT4, i == 0);
        row[i] = enc_text("123456");
    }
    open_head(s);
    for (i = 0; i < relations; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%u", i);
        describe(s, RELATION + i, name, 'd', described, columns);
    }
    close_head(s);
    for (n = 0; n < rows; n++) {
        if (n % per_transaction == 0)
            begin(s);
        /* A prime step: neighbours in the stream are no neighbours in the cache. */
        insert(s, RELATION + (uint32_t)(n * 7919 % relations), row, columns);
        if ((n + 1) % per_transaction == 0 || n + 1 == rows)
            commit(s);
    }
}

/* ---- captured ---- */

enum { WAL_HEADER = 25, MAX_FRAME = 1 << 30 };

/* Takes the message of a frame; the head ends where the second transaction begins. */
static void take_frame(stream *s, const uint8_t *frame, size_t len)
{
    ww_slice message = {frame + WAL_HEADER, len - WAL_HEADER};
    if (frame[0] != 'w' || len <= WAL_HEADER)
        return;
    if (message.ptr[0] == WW_EV_BEGIN && s->count > 0 && s->head == 0) {
        s->head = s->count;
        s->changes = 0;
    }
    enc_bytes(&s->bytes, message);
    end_message(s);
    if (strchr("IUD", message.ptr[0]) != NULL)
        s->changes++;
}

bool stream_read(stream *s, const char *path, bool binary)
{
    FILE *file = fopen(path, "rb");
    uint8_t length[4], *frame = NULL;
    size_t got = 0;
    memset(s, 0, sizeof *s);
    s->name = "file";
    s->binary = binary;
    while (file != NULL && (got = fread(length, 1, sizeof length, file)) == sizeof length) {
        size_t len =
            (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 | length[3];
        uint8_t *larger = len == 0 || len > MAX_FRAME ? NULL : realloc(frame, len);
        if (larger == NULL || fread(larger, 1, len, file) != len)
            break;
        frame = larger;
        take_frame(s, frame, len);
    }
    free(frame);
    if (file != NULL)
        fclose(file);
    return file != NULL && got == 0 && s->count > s->head && s->changes > 0;
}

void stream_free(stream *s)
{
    enc_free(&s->bytes);
    free(s->starts);
    memset(s, 0, sizeof *s);
}
