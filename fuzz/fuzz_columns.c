/* SPDX-License-Identifier: MIT */
/* fuzz_columns.c: a column of any type in either form, with Debezium's settings, keys, tombstones
 * and lines of definitions. Whatever the bytes are:
 *   - each line is a key that is JSON, a tab, and JSON or nothing; or JSON alone;
 *   - the bytes are the same through a flushed buffer of any size;
 *   - a value in binary form, and the server's text of it, give the same line, and neither is
 *     refused if the other is taken. Only where the binary form tells of another type than the
 *     catalog, the line may be another (docs/values.md).
 *
 * Input: options, settings (5 bytes), typmod (4 bytes), type, buffer size, the value. */
#include "check.h"
#include "format/strictjson.h"
#include "fuzz.h"

#include <walwire/format.h>
#include <walwire/value.h>

enum { KEY = 1, TOMBSTONES = 2, SCHEMA = 4, TERMINAL = 8, BINARY = 16, UPDATE = 32, COMPACT = 64 };
enum { MOOD = 20001, PAIR = 20002, PAIRS = 20003, AGE = 20004, HSTORE = 20005, RANGE = 20006 };
#define HEAD 12u
#define ROOM ((size_t)1 << 22)

static const uint32_t types[] = {
    16,   17,   18,   19,   20,   21,   22,   23,   25,   26,    27,    28,    114,   142,   199,
    600,  601,  602,  603,  604,  628,  650,  700,  701,  718,   774,   790,   829,   869,   1000,
    1001, 1002, 1005, 1007, 1009, 1015, 1016, 1020, 1022, 1033,  1042,  1043,  1082,  1083,  1114,
    1184, 1186, 1231, 1266, 1560, 1562, 1700, 2205, 2249, 2287,  2950,  2970,  3220,  3614,  3615,
    3802, 3807, 3904, 3906, 3908, 3910, 3912, 3926, 4072, 4451,  4532,  5038,  5069,  1115,  1182,
    1187, 1270, 3645, MOOD, PAIR, PAIRS, AGE, HSTORE, RANGE, 30000,
};

typedef struct input {
    unsigned options;
    ww_knob knobs[5];
    int32_t typmod;
    uint32_t type;
    size_t cap;
    ww_slice value;
} input;

static char chosen[5][32];

/* The place-th of "a|b|c", counted around. */
static void choose(ww_knob *knob, size_t i, unsigned place)
{
    const char *values, *end;
    unsigned n = 1;
    knob->name = ww_format_knob("debezium", i, &values, NULL);
    for (end = values; *end != '\0'; end++)
        n += *end == '|';
    for (place %= n; place > 0; place--)
        values = strchr(values, '|') + 1;
    end = strchr(values, '|');
    memset(chosen[i], 0, sizeof chosen[i]);
    memcpy(chosen[i], values, end != NULL ? (size_t)(end - values) : strlen(values));
    knob->value = chosen[i];
}

static input read_input(const uint8_t *data, size_t size)
{
    static const uint8_t none[HEAD];
    const uint8_t *h = size >= HEAD ? data : none;
    input in;
    size_t i;
    in.options = h[0];
    for (i = 0; i < 5; i++)
        choose(&in.knobs[i], i, h[1 + i]);
    in.typmod = (int32_t)((uint32_t)h[6] << 24 | (uint32_t)h[7] << 16 | (uint32_t)h[8] << 8 | h[9]);
    in.type = types[h[10] % (sizeof types / sizeof types[0])];
    in.cap = h[11];
    in.value.ptr = data + (size >= HEAD ? HEAD : size);
    in.value.len = size >= HEAD ? size - HEAD : 0;
    return in;
}

/* ---- the catalog ---------------------------------------------------------------------------- */

static ww_type make_type(uint32_t oid, ww_type_kind kind, uint32_t element, const char *name)
{
    ww_type t;
    memset(&t, 0, sizeof t);
    t.oid = oid;
    t.kind = (uint8_t)kind;
    t.element = element;
    t.delimiter = ',';
    t.nspname = ww_slice_of("s");
    t.typname = t.sqlname = ww_slice_of(name);
    return t;
}

static ww_types *make_types(check_alloc *memory, int32_t typmod)
{
    ww_type_field fields[2] = { { { (const uint8_t *)"n", 1 }, 1700, typmod },
                                { { (const uint8_t *)"t\"", 2 }, 25, -1 } };
    ww_column_facts columns[2] = { { { (const uint8_t *)"v", 1 }, 25, -1, 2, true },
                                   { { (const uint8_t *)"k", 1 }, 23, -1, 1, true } };
    ww_relation_facts facts = { 1, 2, columns, 0x100 };
    ww_type made[6];
    ww_types *registry = ww_types_open(&memory->alloc, 0);
    size_t i;
    made[0] = make_type(MOOD, WW_TYPE_ENUM, 0, "s.mood");
    made[1] = make_type(PAIR, WW_TYPE_COMPOSITE, 0, "s.pair");
    made[1].fields = fields;
    made[1].nfields = 2;
    made[2] = make_type(PAIRS, WW_TYPE_ARRAY, PAIR, "s.pair[]");
    made[3] = make_type(AGE, WW_TYPE_OTHER, 0, "s.age");
    made[3].domain_of = 1007;
    made[4] = make_type(HSTORE, WW_TYPE_HSTORE, 0, "s.hstore");
    made[5] = make_type(RANGE, WW_TYPE_RANGE, PAIR, "s.range");
    for (i = 0; i < 6; i++)
        REQUIRE(ww_types_put(registry, &made[i], NULL) == WW_OK);
    REQUIRE(ww_types_put_relation(registry, &facts, NULL) == WW_OK);
    return registry;
}

/* ---- events --------------------------------------------------------------------------------- */

static size_t put_column(uint8_t *to, uint8_t kind, ww_slice value)
{
    to[0] = kind;
    to[1] = (uint8_t)(value.len >> 24);
    to[2] = (uint8_t)(value.len >> 16);
    to[3] = (uint8_t)(value.len >> 8);
    to[4] = (uint8_t)value.len;
    if (value.len > 0)
        memcpy(to + 5, value.ptr, value.len);
    return 5 + value.len;
}

/* k, then the value. */
static ww_event make_row(const input *in, const ww_relation *relation, uint8_t kind, ww_slice value,
                         uint8_t *room)
{
    static uint8_t before[] = { 't', 0, 0, 0, 1, '8', 't', 0, 0, 0, 1, 'x' };
    static const ww_slice one = { (const uint8_t *)"1", 1 };
    ww_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = in->options & UPDATE ? WW_EV_UPDATE : WW_EV_INSERT;
    ev.relation = relation;
    ev.relation_id = relation->id;
    ev.new_tuple.data.ptr = room;
    ev.new_tuple.data.len = put_column(room, WW_COLUMN_TEXT, one);
    ev.new_tuple.data.len += put_column(room + ev.new_tuple.data.len, kind, value);
    ev.new_tuple.ncols = 2;
    ev.new_tuple.kind = WW_TUPLE_NEW;
    if (in->options & UPDATE) {
        ev.old_tuple = ev.new_tuple;
        ev.old_tuple.kind = WW_TUPLE_OLD;
        if (kind == WW_COLUMN_TEXT && relation->columns[1].type_oid == 25) {
            ev.old_tuple.data.ptr = before;
            ev.old_tuple.data.len = sizeof before;
        }
    }
    return ev;
}

/* ---- the oracle ----------------------------------------------------------------------------- */

static void check_part(ww_slice part)
{
    size_t i;
    for (i = 0; i < part.len; i++)
        REQUIRE(part.ptr[i] >= 0x20 && part.ptr[i] != 0x7F);
    REQUIRE(sj_utf8_valid(part) && sj_valid(part));
}

static void check_line(ww_slice line, bool keyed)
{
    const uint8_t *tab = keyed ? memchr(line.ptr, '\t', line.len) : NULL;
    ww_slice key = { line.ptr, 0 };
    REQUIRE(!keyed || tab != NULL);
    if (tab != NULL) {
        key.len = (size_t)(tab - line.ptr);
        line.ptr = tab + 1;
        line.len -= key.len + 1;
        if (key.len > 0)
            check_part(key);
    }
    if (line.len > 0 || !keyed)
        check_part(line);
}

static void check_lines(ww_slice text, bool keyed)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        ww_slice line = text;
        REQUIRE(end != NULL);
        line.len = (size_t)(end - text.ptr);
        check_line(line, keyed);
        text.ptr += line.len + 1;
        text.len -= line.len + 1;
    }
}

typedef struct collected {
    uint8_t *bytes;
    size_t len;
} collected;

static bool collect(void *ctx, const uint8_t *bytes, size_t len)
{
    collected *c = ctx;
    REQUIRE(ROOM - c->len >= len);
    memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
    return true;
}

static ww_format *open_format(const input *in, const ww_types *registry, const ww_alloc *alloc)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    bool compact = (in->options & COMPACT) != 0;
    ww_format *f;
    config.alloc = alloc;
    config.name = compact ? "compact" : "debezium";
    config.database = "d";
    config.types = registry;
    config.escape_terminal = (in->options & TERMINAL) != 0;
    config.schema_events = (in->options & SCHEMA) != 0;
    if (!compact) {
        config.key = (in->options & KEY) != 0;
        config.tombstones = config.key && (in->options & TOMBSTONES) != 0;
        config.knobs = in->knobs;
        config.nknobs = 5;
    }
    REQUIRE(ww_format_open(&f, &config, NULL) == WW_OK);
    return f;
}

/* Into a buffer that grows, and through one of in->cap bytes: the same. */
static ww_status render(ww_format *f, const input *in, const ww_event *ev, ww_out *out)
{
    static uint8_t small[256], room[ROOM];
    collected c = { room, 0 };
    ww_out through = { small, 0, in->cap, WW_OK, NULL, collect, &c, 0 };
    ww_error err;
    ww_status status = ww_format_render(f, ev, out, &err);
    REQUIRE(status == WW_OK || status == WW_ERR_DECODE);
    REQUIRE(ww_format_render(f, ev, &through, NULL) == status);
    if (status != WW_OK) {
        REQUIRE(out->len == 0 && err.what != NULL && err.subject[0] != '\0');
        return status;
    }
    collect(&c, small, through.len);
    REQUIRE(c.len == out->len && memcmp(c.bytes, out->ptr, c.len) == 0);
    return status;
}

/* The line of the binary form against the line of its text. */
static void compare(ww_format *f, const input *in, const ww_types *registry, const ww_event *ev,
                    ww_slice line, bool taken, check_alloc *memory)
{
    ww_column column = { in->value, WW_COLUMN_BINARY };
    ww_value v = ww_value_of(registry, in->type, &column);
    ww_out text = { NULL, 0, 0, WW_OK, &memory->alloc, NULL, NULL, 0 };
    ww_out out = { NULL, 0, 0, WW_OK, &memory->alloc, NULL, NULL, 0 };
    ww_slice bytes;
    uint8_t *tuple;
    ww_event again;
    uint32_t oid;
    bool doubted = ww_format_doubt(f, &oid);
    if (ww_value_put(&v, &text, NULL) == WW_OK) {
        bytes.ptr = text.ptr;
        bytes.len = text.len;
        tuple = malloc(text.len + 16);
        REQUIRE(tuple != NULL);
        again = make_row(in, ev->relation, WW_COLUMN_TEXT, bytes, tuple);
        if (in->options & UPDATE) {
            again.old_tuple = again.new_tuple;
            again.old_tuple.kind = WW_TUPLE_OLD;
        }
        REQUIRE((render(f, in, &again, &out) == WW_OK) == taken);
        if (taken && !doubted)
            REQUIRE(out.len == line.len && memcmp(out.ptr, line.ptr, line.len) == 0);
        free(tuple);
    } else {
        REQUIRE(!taken);
    }
    memory->alloc.resize(memory, text.ptr, text.cap, 0);
    memory->alloc.resize(memory, out.ptr, out.cap, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = read_input(data, size);
    ww_relation_column columns[2] = { { { (const uint8_t *)"k", 1 }, 23, -1, WW_COLUMN_KEY },
                                      { { (const uint8_t *)"v", 1 }, in.type, in.typmod,
                                        WW_COLUMN_KEY } };
    ww_relation relation = { 1, 0, 1, 2, 'f', 1, { (const uint8_t *)"s", 1 },
                             { (const uint8_t *)"t", 1 }, columns };
    bool keyed = (in.options & (KEY | COMPACT)) == KEY;
    check_alloc memory;
    ww_types *registry;
    ww_out out;
    ww_slice line;
    ww_event ev;
    ww_format *f;
    uint8_t *tuple = malloc(in.value.len + 16);
    uint8_t kind = in.options & BINARY ? WW_COLUMN_BINARY : WW_COLUMN_TEXT;
    bool taken;
    REQUIRE(tuple != NULL);
    check_alloc_init(&memory, 0);
    memset(&out, 0, sizeof out);
    out.alloc = &memory.alloc;
    registry = make_types(&memory, in.typmod);
    f = open_format(&in, registry, &memory.alloc);
    memset(&ev, 0, sizeof ev);
    ev.kind = WW_EV_RELATION;
    ev.relation = &relation;
    ev.relation_id = 1;
    ev.relation_changed = true;
    REQUIRE(ww_format_render(f, &ev, &out, NULL) == WW_OK);
    REQUIRE((out.len > 0) == ((in.options & SCHEMA) != 0));
    line.ptr = out.ptr;
    line.len = out.len;
    check_lines(line, keyed);
    out.len = 0;
    ev = make_row(&in, &relation, kind, in.value, tuple);
    taken = render(f, &in, &ev, &out) == WW_OK;
    line.ptr = out.ptr;
    line.len = out.len;
    check_lines(line, keyed);
    if (kind == WW_COLUMN_BINARY)
        compare(f, &in, registry, &ev, line, taken, &memory);
    memory.alloc.resize(&memory, out.ptr, out.cap, 0);
    ww_format_close(f);
    ww_types_close(registry);
    REQUIRE(memory.live_blocks == 0);
    free(tuple);
    return 0;
}
