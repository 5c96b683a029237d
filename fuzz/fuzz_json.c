/* SPDX-License-Identifier: MIT */
/* fuzz_json.c: any bytes as value, name, json column, message. Whatever they are:
 *   - each line is one JSON document in UTF-8 without a control character, judged by strictjson.h;
 *   - a string says the bytes that went in, {"$bytes"} holds them, a number is them, in both forms;
 *   - an error is of a type that does not allow the bytes, and leaves nothing behind;
 *   - a document is spliced if and only if it is one, and says the same as before;
 *   - the bytes are the same through a flushed buffer of any size.
 *
 * Input: options, type, buffer size, length of the name, the name, the value. */
#include "check.h"
#include "format/strictjson.h"
#include "fuzz.h"

#include <walwire/format.h>

enum { TEXT = 25, BOOL = 16, INT4 = 23, FLOAT8 = 701, JSON = 114 };
static const uint32_t types[] = { TEXT, BOOL, INT4, FLOAT8, JSON };

typedef struct input {
    bool debezium, terminal, update, binary;
    uint32_t type;
    size_t cap;
    ww_slice name, value;
} input;

static ww_slice take(const uint8_t **data, size_t *size, size_t n)
{
    ww_slice s = { *data, n < *size ? n : *size };
    *data += s.len;
    *size -= s.len;
    return s;
}

static input read_input(const uint8_t *data, size_t size)
{
    static const uint8_t none[4];
    ww_slice head = take(&data, &size, 4);
    const uint8_t *h = head.len == 4 ? head.ptr : none;
    input in;
    in.debezium = (h[0] & 1) != 0;
    in.terminal = (h[0] & 2) != 0;
    in.update = (h[0] & 4) != 0;
    in.binary = (h[0] & 8) != 0;
    in.type = types[h[1] % (sizeof types / sizeof types[0])];
    in.cap = h[2];
    in.name = take(&data, &size, h[3]);
    in.value = take(&data, &size, size);
    return in;
}

/* A tuple of the value twice: quick columns and slow ones, first and later ones. */
static ww_tuple make_tuple(const input *in, uint8_t *room)
{
    ww_tuple t = { { room, 0 }, 2, WW_TUPLE_NEW };
    int i;
    for (i = 0; i < 2; i++) {
        uint8_t *p = room + t.data.len;
        p[0] = in->binary ? WW_COLUMN_BINARY : WW_COLUMN_TEXT;
        p[1] = (uint8_t)(in->value.len >> 24);
        p[2] = (uint8_t)(in->value.len >> 16);
        p[3] = (uint8_t)(in->value.len >> 8);
        p[4] = (uint8_t)in->value.len;
        if (in->value.len > 0)
            memcpy(p + 5, in->value.ptr, in->value.len);
        t.data.len += 5 + in->value.len;
    }
    return t;
}

static ww_event make_row(const input *in, const ww_relation *relation, uint8_t *room)
{
    ww_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = in->update ? WW_EV_UPDATE : WW_EV_INSERT;
    ev.xid = 7;
    ev.relation = relation;
    ev.relation_id = relation->id;
    ev.new_tuple = make_tuple(in, room);
    if (in->update) {
        ev.old_tuple = ev.new_tuple;
        ev.old_tuple.kind = WW_TUPLE_KEY;
    }
    return ev;
}

static ww_event make_message(const input *in)
{
    ww_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = WW_EV_MESSAGE;
    ev.message.prefix = in->name;
    ev.message.content = in->value;
    return ev;
}

/* ---- the oracle ----------------------------------------------------------------------------- */

static void check_line(ww_slice line)
{
    size_t i;
    REQUIRE(line.len > 2 && line.ptr[line.len - 1] == '\n');
    line.len--;
    for (i = 0; i < line.len; i++) {
        REQUIRE(line.ptr[i] >= 0x20 && line.ptr[i] != 0x7F);
        REQUIRE(line.ptr[i] != 0xC2 || line.ptr[i + 1] >= 0xA0);
    }
    REQUIRE(sj_utf8_valid(line));
    REQUIRE(line.ptr[0] == '{' && sj_valid(line));
}

static void check_hex(ww_slice json, const char *key, ww_slice bytes)
{
    ww_slice hex = sj_get(json, key);
    size_t i;
    REQUIRE(hex.len == 2 * bytes.len + 2);
    for (i = 0; i < bytes.len; i++) {
        int byte = sj_hex(hex.ptr[1 + 2 * i]) * 16 + sj_hex(hex.ptr[2 + 2 * i]);
        REQUIRE(byte == bytes.ptr[i]);
    }
}

/* As string, or as {"$bytes"} if and only if it is not UTF-8. */
static void check_text(ww_slice json, ww_slice text, uint8_t *room)
{
    if (sj_utf8_valid(text))
        REQUIRE(sj_says(json, text, room));
    else
        check_hex(json, "$bytes", text);
}

static int64_t big_endian(ww_slice bytes)
{
    uint32_t n = 0;
    size_t i;
    for (i = 0; i < bytes.len; i++)
        n = n << 8 | bytes.ptr[i];
    return n >= 0x80000000 ? (int64_t)n - 0x100000000 : (int64_t)n;
}

static void check_integer(const input *in, ww_slice json)
{
    char text[24];
    if (!in->binary) {
        REQUIRE(ww_slice_equal(json, in->value));
        return;
    }
    REQUIRE(in->value.len == 4);
    snprintf(text, sizeof text, "%" PRId64, big_endian(in->value));
    REQUIRE(ww_slice_equal(json, ww_slice_of(text)));
}

/* A number is the one that the text says; what is none is said as a string. */
static void check_float(const input *in, ww_slice json, uint8_t *room)
{
    uint64_t bits = 0;
    double value, read;
    size_t i;
    char text[64];
    if (!in->binary) {
        REQUIRE(json.ptr[0] == '"' ? sj_says(json, in->value, room)
                                   : ww_slice_equal(json, in->value));
        return;
    }
    REQUIRE(in->value.len == 8 && json.len < sizeof text);
    for (i = 0; i < 8; i++)
        bits = bits << 8 | in->value.ptr[i];
    memcpy(&value, &bits, sizeof value);
    memcpy(text, json.ptr, json.len);
    text[json.len] = '\0';
    read = strtod(text + (text[0] == '"'), NULL);
    REQUIRE(value != value ? read != read : memcmp(&read, &value, sizeof read) == 0);
}

static void check_value(const input *in, ww_slice json, uint8_t *room)
{
    bool utf8 = sj_utf8_valid(in->value);
    bool document = utf8 && sj_valid(in->value) && sj_depth(in->value) <= 512;
    if (in->type == JSON && document) {
        REQUIRE(sj_same(json, in->value, room));
    } else if (in->type == BOOL) {
        REQUIRE(in->value.len == 1 && (json.ptr[0] == 't' || json.ptr[0] == 'f'));
        REQUIRE(in->value.ptr[0] == (in->binary ? json.ptr[0] == 't' : json.ptr[0]));
    } else if (in->type == INT4) {
        check_integer(in, json);
    } else if (in->type == FLOAT8) {
        check_float(in, json, room);
    } else {
        check_text(json, in->value, room);
    }
}

/* Was it right to refuse these bytes? */
static void check_refused(const input *in)
{
    static const char *const fine[] = { "t", "f", "0", "-1", "2147483647", "-2147483648", "NaN",
                                        "1.5", "-Infinity", "1e+300" };
    size_t i;
    REQUIRE(in->type == BOOL || in->type == INT4 || in->type == FLOAT8);
    if (in->binary) {
        REQUIRE(in->value.len != (in->type == BOOL ? 1 : in->type == INT4 ? 4 : 8) ||
                (in->type == BOOL && in->value.ptr[0] > 1));
        return;
    }
    for (i = 0; i < sizeof fine / sizeof fine[0]; i++)
        if (ww_slice_equal(in->value, ww_slice_of(fine[i])))
            REQUIRE(in->type == BOOL ? i > 1 : in->type == INT4 ? i < 2 || i > 5 : i < 2);
}

static void check_name(ww_slice line, ww_slice key, ww_slice name, uint8_t *room)
{
    if (sj_utf8_valid(name))
        REQUIRE(sj_says(key, name, room) && sj_get(line, "$invalid").len == 0);
    else
        REQUIRE(sj_get(line, "$invalid").len == 4);
}

static void check_row(const input *in, ww_slice line, uint8_t *room)
{
    ww_slice row = sj_get(line, in->debezium ? "after" : "new");
    ww_slice old = sj_get(line, in->debezium ? "before" : "key");
    ww_slice table = sj_get(in->debezium ? sj_get(line, "source") : line, "table");
    ww_slice key, value;
    REQUIRE(sj_nth(row, 0, &key, &value));
    check_name(line, key, in->name, room);
    check_name(line, table, in->name, room);
    check_value(in, value, room);
    REQUIRE(sj_nth(row, 1, &key, &value) && !sj_nth(row, 2, &key, &value));
    REQUIRE(sj_nth(row, 1, &key, &value));
    check_value(in, value, room);
    if (in->update) {
        REQUIRE(sj_nth(old, 0, &key, &value));
        check_value(in, value, room);
        REQUIRE(!sj_nth(old, 1, &key, &value));
    }
}

static void check_message(const input *in, ww_slice line, uint8_t *room)
{
    ww_slice block = in->debezium ? sj_get(line, "message") : line;
    check_name(line, sj_get(block, "prefix"), in->name, room);
    if (!in->debezium)
        check_text(sj_get(block, "content"), in->value, room);
    else
        REQUIRE(sj_get(block, "content").len == (in->value.len + 2) / 3 * 4 + 2);
}

/* ---- rendering ------------------------------------------------------------------------------ */

typedef struct collected {
    uint8_t *bytes;
    size_t len, cap;
} collected;

static bool collect(void *ctx, const uint8_t *bytes, size_t len)
{
    collected *c = ctx;
    REQUIRE(c->cap - c->len >= len);
    memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
    return true;
}

static ww_format *open_format(const input *in, check_alloc *memory)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_format *f;
    config.alloc = &memory->alloc;
    config.name = in->debezium ? "debezium" : "compact";
    config.database = "d";
    config.escape_terminal = in->terminal;
    REQUIRE(ww_format_open(&f, &config, NULL) == WW_OK);
    return f;
}

/* Renders into a buffer that grows; then through one of in->cap bytes, to the same bytes. Nothing:
 * the value was refused. */
static ww_slice render(ww_format *f, const input *in, const ww_event *ev, ww_out *out)
{
    uint8_t small[256], nowhere[4096];
    collected c = { nowhere, 0, sizeof nowhere };
    ww_out through = { small, 0, in->cap, WW_OK, NULL, collect, &c, 0 };
    ww_slice line = { NULL, 0 };
    ww_status status = ww_format_render(f, ev, out, NULL);
    if (status == WW_ERR_DECODE) {
        REQUIRE(out->len == 0 && ww_format_render(f, ev, &through, NULL) == WW_ERR_DECODE);
        return line;
    }
    REQUIRE(status == WW_OK);
    line.ptr = out->ptr;
    line.len = out->len;
    c.bytes = malloc(out->len);
    c.cap = out->len;
    c.len = 0;
    REQUIRE(c.bytes != NULL && ww_format_render(f, ev, &through, NULL) == WW_OK);
    REQUIRE(collect(&c, small, through.len) && c.len == out->len);
    REQUIRE(memcmp(c.bytes, out->ptr, c.len) == 0);
    free(c.bytes);
    check_line(line);
    line.len--;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = read_input(data, size);
    ww_relation_column columns[2] = { { in.name, in.type, -1, WW_COLUMN_KEY },
                                      { { (const uint8_t *)"other", 5 }, in.type, -1, 0 } };
    ww_relation relation = { 1, 0, 1, 2, 'd', 1, { (const uint8_t *)"s", 1 }, in.name, columns };
    uint8_t *tuple = malloc(2 * (in.value.len + 5));
    uint8_t *room = malloc(16 * (size + 64));
    check_alloc memory;
    ww_out out = { NULL, 0, 0, WW_OK, &memory.alloc, NULL, NULL, 0 };
    ww_slice line;
    ww_event ev;
    ww_format *f;
    REQUIRE(tuple != NULL && room != NULL);
    check_alloc_init(&memory, 0);
    f = open_format(&in, &memory);
    ev = make_row(&in, &relation, tuple);
    line = render(f, &in, &ev, &out);
    if (line.len > 0)
        check_row(&in, line, room);
    else
        check_refused(&in);
    out.len = 0;
    ev = make_message(&in);
    check_message(&in, render(f, &in, &ev, &out), room);
    memory.alloc.resize(&memory, out.ptr, out.cap, 0);
    ww_format_close(f);
    REQUIRE(memory.live_blocks == 0);
    free(tuple);
    free(room);
    return 0;
}
