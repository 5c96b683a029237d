/* SPDX-License-Identifier: MIT */
/* test_decode_containers.c: arrays, composites, ranges and hstore as a server wrote them, and as no
 * server does. */
#include "check.h"
#include "container_vectors.h"
#include "value_walk.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TEXTS = 1009, INTS = 1007, INT4 = 23, TEXT = 25, RECORD = 2249, BOXES = 1020 };

static ww_types *types;

typedef struct space {
    uint8_t ptr[4096];
    size_t len;
} space;

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static ww_slice unhex(const char *hex, space *to)
{
    ww_slice s = {to->ptr, 0};
    for (; *hex != '\0'; hex++)
        if (*hex != ' ') {
            to->ptr[s.len++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
            hex++;
        }
    return s;
}

static ww_value binary_value(uint32_t oid, ww_slice bytes)
{
    return walk_value(types, oid, WW_COLUMN_BINARY, bytes);
}

static ww_value text_value(uint32_t oid, ww_slice text)
{
    return walk_value(types, oid, WW_COLUMN_TEXT, text);
}

static void check_text(const ww_value *v, const char *want)
{
    ww_error err;
    ww_out out;
    ww_slice got;
    if (!CHECK_EQ_U64(walk_text(v, &out, &err), WW_OK))
        fprintf(stderr, "    %s (%s) at %" PRIu64 " in %s\n", err.what, err.subject, err.offset,
                want);
    got.ptr = out.ptr;
    got.len = out.len;
    CHECK_SLICE(got, want);
    walk_free(&out);
}

static void check_nothing_wrong(const char *wrong, const char *text)
{
    if (!CHECK(wrong == NULL))
        fprintf(stderr, "    %s: %s\n", wrong, text);
}

static void reads_and_writes_what_a_server_wrote(void)
{
    size_t i;
    for (i = 0; i < COUNT(container_vectors); i++) {
        const container_vector *vector = &container_vectors[i];
        space room;
        ww_value binary = binary_value(vector->oid, unhex(vector->binary, &room));
        ww_value text = text_value(vector->oid, ww_slice_of(vector->text));
        check_text(&binary, vector->text);
        check_text(&text, vector->text);
        check_nothing_wrong(walk_compare(&binary, &text), vector->text);
        check_nothing_wrong(walk_inside(&binary), vector->text);
        check_nothing_wrong(walk_inside(&text), vector->text);
    }
}

/* A prefix of these is a value, too. */
static bool may_end_anywhere(const ww_type *type)
{
    return type->kind == WW_TYPE_HSTORE || type->kind == WW_TYPE_VECTOR;
}

static void refuses_what_is_cut_off(void)
{
    size_t i, len;
    for (i = 0; i < COUNT(container_vectors); i++) {
        const container_vector *vector = &container_vectors[i];
        space room;
        ww_value binary = binary_value(vector->oid, unhex(vector->binary, &room));
        ww_value text = text_value(vector->oid, ww_slice_of(vector->text));
        for (len = binary.bytes.len; len-- > 0;) {
            ww_error err;
            binary.bytes.len = len;
            CHECK_EQ_U64(ww_value_check(&binary, &err), WW_ERR_DECODE);
            CHECK(err.what != NULL && err.subject[0] != '\0');
            CHECK(err.offset == WW_NO_OFFSET || err.offset <= len);
        }
        for (len = text.bytes.len; !may_end_anywhere(text.type) && len-- > 0;) {
            text.bytes.len = len;
            CHECK_EQ_U64(ww_value_check(&text, NULL), WW_ERR_DECODE);
        }
    }
}

/* What is accepted has a text that is accepted and says the same. (What a field's type is, only the
 * binary form says.) */
static void survives_every_flipped_byte(void)
{
    size_t i, at;
    for (i = 0; i < COUNT(container_vectors); i++) {
        const container_vector *vector = &container_vectors[i];
        space room;
        ww_value binary = binary_value(vector->oid, unhex(vector->binary, &room));
        for (at = 0; at < binary.bytes.len; at++) {
            ww_out out;
            room.ptr[at] ^= (uint8_t)(1u << at % 8);
            if (walk_text(&binary, &out, NULL) == WW_OK && walk_is_current(&binary)) {
                ww_slice written = {out.ptr, out.len};
                ww_value text = text_value(vector->oid, written);
                check_nothing_wrong(walk_inside(&binary), vector->text);
                check_nothing_wrong(ww_value_check(&text, NULL) == WW_OK ? NULL : "not read again",
                                    vector->text);
                check_nothing_wrong(walk_compare(&binary, &text), vector->text);
            }
            walk_free(&out);
            room.ptr[at] ^= (uint8_t)(1u << at % 8);
        }
    }
}

typedef struct bad_text {
    uint32_t oid;
    const char *text;
    uint64_t offset;
} bad_text;

static void refuses_text_that_no_server_writes(void)
{
    static const bad_text cases[] = {
        {INTS, "", 0},
        {INTS, "1", 0},
        {INTS, "{", 1},
        {INTS, "{1", 2},
        {INTS, "{1,}", 3},
        {INTS, "{,1}", 1},
        {INTS, "{1}x", 3},
        {INTS, "{1} ", 3},
        {INTS, "{1, 2}", 3},
        {INTS, "{x}", 1},
        {INTS, "{{1},{2,3}}", WW_NO_OFFSET},
        {INTS, "{{1},2}", 5},
        {INTS, "{1,{2}}", 3},
        {INTS, "{{}}", 2},
        {INTS, "{{{{{{{1}}}}}}}", 6},
        {INTS, "[1:2]={1,2}", 5},
        {INTS, "[0:2]={1,2}", WW_NO_OFFSET},
        {INTS, "[0:1][0:1]={1,2}", WW_NO_OFFSET},
        {INTS, "[0:0]{1}", 5},
        {INTS, "[0:-1]={}", WW_NO_OFFSET},
        {INTS, "[00:0]={1}", 1},
        {INTS, "[-0:0]={1}", 1},
        {INTS, "[4294967296:4294967296]={1}", 1},
        {TEXTS, "{\"a\"}", 1},
        {TEXTS, "{a b}", 2},
        {TEXTS, "{a\\b}", 2},
        {TEXTS, "{null}", WW_NO_OFFSET},
        {TEXTS, "{\"a\\b c\"}", WW_NO_OFFSET},
        {TEXTS, "{\"a b}", WW_NO_OFFSET},
        {TEXTS, "{\"a b\"c}", 6},
        {BOXES, "{(1,1),(0,0),(1,1),(0,0)}", WW_NO_OFFSET},
        {22, "1  2", 2},
        {22, " 1", 0},
        {22, "1 ", 2},
        {22, "\"1\"", WW_NO_OFFSET},
        {22, "{1}", WW_NO_OFFSET},
        {RECORD, "1,2", 0},
        {RECORD, "(1,2", 4},
        {RECORD, "(1,2)3", 5},
        {RECORD, "(\"a\")", 1},
        {RECORD, "(a b)", 2},
        {RECORD, "(\"a\"b \")", WW_NO_OFFSET},
        {RECORD, "(\"a\\\"\")", WW_NO_OFFSET},
        {3904, "[1,5", 4},
        {3904, "1,5)", 0},
        {3904, "[1;5)", WW_NO_OFFSET},
        {3904, "[,5)", WW_NO_OFFSET},
        {3904, "(1,]", WW_NO_OFFSET},
        {3904, "emptyx", 5},
        {3904, "e", WW_NO_OFFSET},
        {3904, "[1,2,3)", WW_NO_OFFSET},
        {4451, "{[1,5)", 6},
        {4451, "{empty}", 1},
        {4451, "{[1,5),}", 7},
        {4451, "{[1,5), [7,8)}", 7},
        {4451, "[1,5)", 0},
    };
    size_t i;
    for (i = 0; i < COUNT(cases); i++) {
        ww_value v = text_value(cases[i].oid, ww_slice_of(cases[i].text));
        ww_error err;
        bool ok = CHECK_EQ_U64(ww_value_check(&v, &err), WW_ERR_DECODE);
        if (ok && cases[i].offset != WW_NO_OFFSET)
            ok = CHECK_EQ_U64(err.offset, cases[i].offset);
        if (!ok)
            fprintf(stderr, "    %s: %s\n", cases[i].text, err.what);
    }
}

typedef struct bad_binary {
    uint32_t oid;
    const char *hex;
} bad_binary;

static void refuses_counts_that_lie(void)
{
    static const bad_binary cases[] = {
        /* seven dimensions; flag 2; another element type */
        {INTS, "00000007 00000000 00000017"},
        {INTS, "00000000 00000002 00000017"},
        {INTS, "00000000 00000000 00000019"},
        {INTS, "ffffffff 00000000 00000017"},
        /* lengths whose product is 2^32, 2^64, 2^31; a bound beyond 32 bits */
        {INTS, "00000002 00000000 00000017 00010000 00000001 00010000 00000001"},
        {INTS, "00000002 00000000 00000017 ffffffff 00000001 ffffffff 00000001"},
        {INTS, "00000001 00000000 00000017 80000000 80000000"},
        {INTS, "00000001 00000000 00000017 00000001 7fffffff 00000004 00000001"},
        /* a null in an array without; an element of length -2; a byte too many */
        {INTS, "00000001 00000000 00000017 00000001 00000001 ffffffff"},
        {INTS, "00000001 00000001 00000017 00000001 00000001 fffffffe"},
        {INTS, "00000001 00000000 00000017 00000001 00000001 00000004 00000001 00"},
        {INTS, "00000001 00000000 00000017 00000001 00000001 00000003 000001"},
        /* vectors: lower bound 1; two dimensions; nulls */
        {22, "00000001 00000000 00000015 00000001 00000001 00000002 0001"},
        {22, "00000000 00000000 00000015"},
        {22, "00000001 00000001 00000015 00000001 00000000 ffffffff"},
        /* rows: more fields than bytes, than a row can have; a type that is not known */
        {RECORD, "00000002 00000017 ffffffff"},
        {RECORD, "7fffffff"},
        {RECORD, "ffffffff"},
        {RECORD, "00000001 0fffffff 00000001 61"},
        /* ranges: flags; null bounds */
        {3904, "03"},
        {3904, "81"},
        {3904, "20"},
        {3904, "1a 00000004 00000001"},
        {3904, "02 ffffffff 00000004 00000005"},
        {4451, "ffffffff"},
        {4451, "00000001 ffffffff"},
        {4451, "00000001 00000000"},
        {4451, "00000001 00000001 01"},
    };
    size_t i;
    for (i = 0; i < COUNT(cases); i++) {
        space room;
        ww_value v = binary_value(cases[i].oid, unhex(cases[i].hex, &room));
        if (!CHECK_EQ_U64(ww_value_check(&v, NULL), WW_ERR_DECODE))
            fprintf(stderr, "    %s\n", cases[i].hex);
    }
}

static void tells_misuse_from_bad_bytes(void)
{
    ww_value number = text_value(INT4, ww_slice_of("1"));
    ww_value null = walk_value(types, INTS, WW_COLUMN_NULL, ww_slice_of(""));
    ww_value unknown = binary_value(0x0fffffff, ww_slice_of("x"));
    ww_array a;
    ww_composite c;
    ww_range r;
    ww_multirange m;
    ww_hstore h;
    ww_error err;
    ww_out out;
    CHECK_EQ_U64(ww_value_array(&number, &a, &err), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_value_composite(&number, &c, NULL), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_value_range(&number, &r, NULL), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_value_multirange(&number, &m, NULL), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_value_hstore(&number, &h, NULL), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_value_array(&null, &a, NULL), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_value_check(&null, NULL), WW_OK);
    CHECK_EQ_U64(ww_value_check(&unknown, &err), WW_ERR_DECODE);
    CHECK_TEXT(err.subject, "type with OID 268435455");
    CHECK_EQ_U64(walk_text(&null, &out, NULL), WW_OK);
    CHECK_EQ_U64(out.len, 0);
    unknown.form = WW_COLUMN_UNCHANGED;
    CHECK_EQ_U64(ww_value_check(&unknown, NULL), WW_ERR_USAGE);
}

/* ---- depth ----------------------------------------------------------------------------------- */

static void put32(uint8_t *to, uint32_t n)
{
    to[0] = (uint8_t)(n >> 24);
    to[1] = (uint8_t)(n >> 16);
    to[2] = (uint8_t)(n >> 8);
    to[3] = (uint8_t)n;
}

/* Rows in rows, of one field each, around a text. */
static ww_slice nest(uint8_t *room, unsigned levels, ww_slice leaf)
{
    ww_slice s = {room, 12 * (size_t)levels + leaf.len};
    unsigned i;
    for (i = 0; i < levels; i++) {
        put32(room + 12 * i, 1);
        put32(room + 12 * i + 4, i + 1 < levels ? RECORD : TEXT);
        put32(room + 12 * i + 8, (uint32_t)(s.len - 12 * (i + 1)));
    }
    memcpy(room + 12 * levels, leaf.ptr, leaf.len);
    return s;
}

static void nests_to_a_limit(void)
{
    uint8_t room[400];
    ww_value v = binary_value(RECORD, nest(room, WW_VALUE_MAX_DEPTH, ww_slice_of("x y")));
    ww_value text;
    ww_out out;
    ww_error err;
    ww_slice written;
    CHECK_EQ_U64(walk_text(&v, &out, NULL), WW_OK);
    written.ptr = out.ptr;
    written.len = out.len;
    text = text_value(RECORD, written);
    CHECK_EQ_U64(ww_value_check(&text, NULL), WW_OK);
    check_nothing_wrong(walk_compare(&v, &text), "sixteen rows");
    walk_free(&out);
    v = binary_value(RECORD, nest(room, WW_VALUE_MAX_DEPTH + 1, ww_slice_of("x y")));
    CHECK_EQ_U64(ww_value_check(&v, &err), WW_ERR_DECODE);
    CHECK(strstr(err.what, "16 deep") != NULL);
}

/* One level more and the text would be longer than a server can make it. */
static void refuses_an_explosion_of_quotes(void)
{
    enum { QUOTES = 40000 };
    static uint8_t leaf[QUOTES], room[QUOTES + 400];
    ww_slice quotes = {leaf, sizeof leaf};
    ww_value v;
    ww_error err;
    ww_out out = {0};
    memset(leaf, '"', sizeof leaf);
    v = binary_value(RECORD, nest(room, 15, quotes));
    CHECK_EQ_U64(ww_value_put(&v, &out, &err), WW_ERR_DECODE);
    CHECK(strstr(err.what, "longer") != NULL);
    CHECK_EQ_U64(out.len + out.flushed, 0);
    v = binary_value(RECORD, nest(room, 10, quotes));
    CHECK_EQ_U64(walk_text(&v, &out, &err), WW_OK);
    /* Each quote doubles ten times; two more begin at each level. */
    CHECK_EQ_U64(out.len, QUOTES * 1024u + 2 * 1023 + 2 * 10);
    walk_free(&out);
}

/* Rows in arrays of rows in rows ..., and a text[] at last; `levels` is even. */
static ww_slice nest_both(uint8_t *room, unsigned levels, ww_slice leaf)
{
    ww_slice s = {room, (12 + 24) * (size_t)levels / 2 + leaf.len};
    uint8_t *at = room;
    unsigned i;
    for (i = 0; i < levels; i++) {
        bool row = i % 2 == 0, last = i + 1 == levels;
        put32(at, 1);
        if (!row) {
            put32(at + 4, 0);
            put32(at + 8, last ? TEXT : RECORD);
            put32(at + 12, 1);
            put32(at + 16, 1);
        } else {
            put32(at + 4, i + 2 == levels ? TEXTS : 2287);
        }
        at += row ? 12 : 24;
        put32(at - 4, (uint32_t)(s.len - (size_t)(at - room)));
    }
    memcpy(at, leaf.ptr, leaf.len);
    return s;
}

enum { LEVELS = 12, ROOM = 1 << 20, LONGEST = 0x3fffffff };

static ww_value nest_leaf(size_t quotes, size_t backslashes, size_t others)
{
    static uint8_t leaf[ROOM], room[ROOM + 400];
    ww_slice text = {leaf, quotes + backslashes + others};
    if (text.len > ROOM)
        abort();
    memset(leaf, '"', quotes);
    memset(leaf + quotes, '\\', backslashes);
    memset(leaf + quotes + backslashes, 'x', others);
    return binary_value(RECORD, nest_both(room, LEVELS, text));
}

static size_t written_length(size_t quotes, size_t backslashes, size_t others)
{
    ww_value v = nest_leaf(quotes, backslashes, others);
    ww_out out;
    size_t len;
    CHECK_EQ_U64(walk_text(&v, &out, NULL), WW_OK);
    len = out.len;
    walk_free(&out);
    return len;
}

/* What each byte takes is found out by writing few; then a text of the greatest length is made of
 * many, and one that is longer by a byte. */
static void measures_text_to_the_byte(void)
{
    size_t base = written_length(1, 1, 1);
    size_t quote = written_length(2, 1, 1) - base;
    size_t backslash = written_length(1, 2, 1) - base;
    size_t each = (LONGEST - base) / (quote + backslash);
    size_t rest = (LONGEST - base) % (quote + backslash);
    ww_value v;
    CHECK_EQ_U64(written_length(1, 1, 2) - base, 1);
    v = nest_leaf(1 + each, 1 + each, 1 + rest);
    CHECK_EQ_U64(ww_value_check(&v, NULL), WW_OK);
    v = nest_leaf(1 + each, 1 + each, 2 + rest);
    CHECK_EQ_U64(ww_value_check(&v, NULL), WW_ERR_DECODE);
}

static void reads_rows_of_a_type_that_changed(void)
{
    ww_type_field fields[2] = {{{NULL, 0}, INT4, -1}, {{NULL, 0}, TEXT, -1}};
    ww_type row = {0};
    ww_value v = text_value(RECORD, ww_slice_of("(1,a,)")), field;
    ww_composite c;
    row.kind = WW_TYPE_COMPOSITE;
    row.nfields = 2;
    row.fields = fields;
    v.type = &row;
    CHECK_EQ_U64(ww_value_composite(&v, &c, NULL), WW_OK);
    CHECK_EQ_U64(c.count, 3);
    CHECK(ww_composite_next(&c, &field) && field.type == NULL && field.type_oid == 0);
    CHECK(ww_composite_next(&c, &field) && ww_composite_next(&c, &field));
    CHECK(ww_value_is_null(&field) && !ww_composite_next(&c, &field));
    v.bytes = ww_slice_of("(1,a)");
    CHECK_EQ_U64(ww_value_composite(&v, &c, NULL), WW_OK);
    CHECK(ww_composite_next(&c, &field) && field.type_oid == INT4);
}

static void says_where_text_stands(void)
{
    ww_value v = text_value(TEXTS, ww_slice_of("{ab,\"c\\\"d\",\"e f\"}")), element;
    ww_array a;
    ww_slice text = {NULL, 0};
    CHECK_EQ_U64(ww_value_array(&v, &a, NULL), WW_OK);
    CHECK(ww_array_next(&a, &element) && ww_value_text(&element, &text));
    CHECK_SLICE(text, "ab");
    CHECK(ww_array_next(&a, &element) && !ww_value_text(&element, &text));
    check_text(&element, "c\"d");
    CHECK(ww_array_next(&a, &element) && ww_value_text(&element, &text));
    CHECK_SLICE(text, "e f");
}

int main(void)
{
    types = walk_types();
    RUN(reads_and_writes_what_a_server_wrote);
    RUN(refuses_what_is_cut_off);
    RUN(survives_every_flipped_byte);
    RUN(refuses_text_that_no_server_writes);
    RUN(refuses_counts_that_lie);
    RUN(tells_misuse_from_bad_bytes);
    RUN(nests_to_a_limit);
    RUN(refuses_an_explosion_of_quotes);
    RUN(measures_text_to_the_byte);
    RUN(reads_rows_of_a_type_that_changed);
    RUN(says_where_text_stands);
    ww_types_close(types);
    return check_report();
}
