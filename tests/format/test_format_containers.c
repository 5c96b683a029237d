/* SPDX-License-Identifier: MIT */
/* Values that are not bare text, the same from both forms: binary scalars, arrays, composites,
 * domains, enums, what is too long for one piece, what is not UTF-8, what is not known. */
#include "drive.h"
#include "strictjson.h"

enum { BOOL = 16, BYTEA = 17, INT8 = 20, INT2 = 21, INT4 = 23, TEXT = 25, OID = 26, XID = 28 };
enum { JSON = 114, FLOAT4 = 700, FLOAT8 = 701, INT2VECTOR = 22, JSONB = 3802, UUID = 2950 };
enum { BOOLARRAY = 1000, INT4ARRAY = 1007, TEXTARRAY = 1009, FLOAT8ARRAY = 1022, BOX = 603 };
enum { JSONARRAY = 199, INT4RANGE = 3904, RECORD = 2249, REGCLASS = 2205, NUMERIC = 1700 };
/* Of the catalog: */
enum { MOOD = 20001, PAIR = 20002, PAIRS = 20003, AGE = 20004, MOODS = 20005, MYOID = 20006 };
enum { ODDPAIR = 20007, TEXTRANGE = 20008, UNKNOWN = 30000 };

static const struct {
    uint32_t type;
    const char *text, *binary, *json;
} values[] = {
    { BOOL, "t", "01", "true" },
    { BOOL, "f", "00", "false" },
    { INT2, "-32768", "8000", "-32768" },
    { INT2, "7", "0007", "7" },
    { INT4, "-1", "ffffffff", "-1" },
    { INT4, "2147483647", "7fffffff", "2147483647" },
    { INT8, "-9223372036854775808", "8000000000000000", "-9223372036854775808" },
    { INT8, "100", "0000000000000064", "100" },
    { OID, "4294967295", "ffffffff", "4294967295" },
    { OID, "0", "00000000", "0" },
    { XID, "731", "000002db", "\"731\"" },
    { MYOID, "731", "000002db", "731" },
    { FLOAT4, "1.1", "3f8ccccd", "1.1" },
    { FLOAT8, "-0", "8000000000000000", "-0" },
    { FLOAT8, "1e-05", "3ee4f8b588e368f1", "1e-05" },
    { FLOAT8, "NaN", "7ff8000000000000", "\"NaN\"" },
    { FLOAT4, "-Infinity", "ff800000", "\"-Infinity\"" },
    { TEXT, "a\"b", "612262", "\"a\\\"b\"" },
    { TEXT, "\xFF", "ff", "{\"$bytes\":\"ff\"}" },
    { BYTEA, "\\x00ff", "00ff", "\"\\\\x00ff\"" },
    { NUMERIC, "12.50", "0002 0000 0000 0002 000c 1388", "\"12.50\"" },
    { UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
      "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"" },
    { JSON, "{\"a\":\n1}", "7b2261223a0a317d", "{\"a\":1}" },
    { JSON, "{", "7b", "\"{\"" },
    { JSONB, "[1, 2]", "015b312c20325d", "[1, 2]" },
    { INT4RANGE, "[1,5)", "02 00000004 00000001 00000004 00000005", "\"[1,5)\"" },
    { INT2VECTOR, "1 2",
      "00000001 00000000 00000015 00000002 00000000 00000002 0001 00000002 0002", "\"1 2\"" },
    { INT4ARRAY, "{}", "00000000 00000000 00000017", "[]" },
    { INT4ARRAY, "{1,NULL,-3}",
      "00000001 00000001 00000017 00000003 00000001 00000004 00000001 ffffffff 00000004 fffffffd",
      "[1,null,-3]" },
    { INT4ARRAY, "{{1,2},{3,4}}",
      "00000002 00000000 00000017 00000002 00000001 00000002 00000001"
      "00000004 00000001 00000004 00000002 00000004 00000003 00000004 00000004",
      "[[1,2],[3,4]]" },
    { INT4ARRAY, "[0:1]={5,6}",
      "00000001 00000000 00000017 00000002 00000000 00000004 00000005 00000004 00000006",
      "\"[0:1]={5,6}\"" },
    { BOOLARRAY, "{t,f}", "00000001 00000000 00000010 00000002 00000001 00000001 01 00000001 00",
      "[true,false]" },
    { FLOAT8ARRAY, "{NaN,1.5}",
      "00000001 00000000 000002bd 00000002 00000001 00000008 7ff8000000000000"
      "00000008 3ff8000000000000", "[\"NaN\",1.5]" },
    { TEXTARRAY, "{\"\",\"NULL\",NULL,\"a\\\"b\\\\\",\"c,d\"}",
      "00000001 00000001 00000019 00000005 00000001 00000000 00000004 4e554c4c ffffffff"
      "00000004 6122625c 00000003 632c64", "[\"\",\"NULL\",null,\"a\\\"b\\\\\",\"c,d\"]" },
    { TEXTARRAY, "{\xFF,b}", "00000001 00000000 00000019 00000002 00000001 00000001 ff 00000001 62",
      "[{\"$bytes\":\"ff\"},\"b\"]" },
    { JSONARRAY, "{\"{\\\"a\\\": [1]}\",\"{\",NULL}",
      "00000001 00000001 00000072 00000003 00000001 0000000a 7b2261223a205b315d7d 00000001 7b"
      "ffffffff", "[{\"a\": [1]},\"{\",null]" },
    { MOOD, "sad", "736164", "\"sad\"" },
    { MOODS, "{sad,\"ver y\"}",
      "00000001 00000000 00004e21 00000002 00000001 00000003 736164 00000005 7665722079",
      "[\"sad\",\"ver y\"]" },
    { AGE, "41", "00000029", "41" },
    { PAIR, "(1,\"a \"\"b\"\"\")",
      "00000002 00000017 00000004 00000001 00000019 00000005 6120226222",
      "{\"n\":1,\"the \\\"text\\\"\":\"a \\\"b\\\"\"}" },
    { PAIR, "(,)", "00000002 00000017 ffffffff 00000019 ffffffff",
      "{\"n\":null,\"the \\\"text\\\"\":null}" },
    { PAIR, "(1,\xFF)", "00000002 00000017 00000004 00000001 00000019 00000001 ff",
      "{\"n\":1,\"the \\\"text\\\"\":{\"$bytes\":\"ff\"}}" },
    /* A field was added since the look-up: the server's text, which loses nothing. */
    { PAIR, "(1,a,t)",
      "00000003 00000017 00000004 00000001 00000019 00000001 61 00000010 00000001 01",
      "\"(1,a,t)\"" },
    { ODDPAIR, "(1,a)", "00000002 00000017 00000004 00000001 00000019 00000001 61", "\"(1,a)\"" },
    { PAIRS, "{\"(1,a)\",NULL,\"(2,\\\"b \\\"\\\"\\\")\"}",
      "00000001 00000001 00004e22 00000003 00000001"
      "00000019 00000002 00000017 00000004 00000001 00000019 00000001 61 ffffffff"
      "0000001b 00000002 00000017 00000004 00000002 00000019 00000003 622022",
      "[{\"n\":1,\"the \\\"text\\\"\":\"a\"},null,{\"n\":2,\"the \\\"text\\\"\":\"b \\\"\"}]" },
};
#define VALUES (sizeof values / sizeof values[0])

static ww_type make_type(uint32_t oid, ww_type_kind kind, uint32_t element, const char *name)
{
    ww_type t;
    memset(&t, 0, sizeof t);
    t.oid = oid;
    t.kind = (uint8_t)kind;
    t.element = element;
    t.delimiter = ',';
    t.nspname = ww_slice_of("shop");
    t.typname = t.sqlname = ww_slice_of(name);
    return t;
}

static void put_domain(ww_types *types, uint32_t oid, uint32_t over, const char *name)
{
    ww_type t = make_type(oid, WW_TYPE_OTHER, 0, name);
    t.domain_of = over;
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
}

static ww_types *make_types(check_alloc *memory)
{
    static const char *const names[] = { "n", "the \"text\"", "bad\xFF" };
    ww_type_field fields[3];
    ww_types *types = ww_types_open(&memory->alloc, 0);
    ww_type t = make_type(MOOD, WW_TYPE_ENUM, 0, "shop.mood");
    size_t i;
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
    t = make_type(MOODS, WW_TYPE_ARRAY, MOOD, "shop.mood[]");
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
    for (i = 0; i < 3; i++) {
        fields[i].name = ww_slice_of(names[i]);
        fields[i].type_oid = i == 0 ? INT4 : TEXT;
        fields[i].typmod = -1;
    }
    t = make_type(PAIR, WW_TYPE_COMPOSITE, 0, "shop.pair");
    t.fields = fields;
    t.nfields = 2;
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
    fields[1].name = fields[2].name;
    t.oid = ODDPAIR;
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
    t = make_type(PAIRS, WW_TYPE_ARRAY, PAIR, "shop.pair[]");
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
    t = make_type(TEXTRANGE, WW_TYPE_RANGE, TEXT, "shop.textrange");
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
    put_domain(types, AGE, INT4, "shop.age");
    put_domain(types, MYOID, OID, "shop.myoid");
    return types;
}

typedef struct tester {
    drive d;
    check_alloc memory;
    ww_types *types;
    enc hex; /* holds the binary form while it is rendered */
} tester;

static void open_tester(tester *t, bool with_types)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    memset(t, 0, sizeof *t);
    check_alloc_init(&t->memory, 0);
    t->types = with_types ? make_types(&t->memory) : NULL;
    config.name = "compact";
    config.types = t->types;
    CHECK(drive_open_config(&t->d, &config) == WW_OK);
}

static void close_tester(tester *t)
{
    drive_close(&t->d);
    ww_types_close(t->types);
    enc_free(&t->hex);
    CHECK_EQ_U64(t->memory.live_blocks, 0);
}

static ww_column binary(tester *t, const char *hex)
{
    enc_clear(&t->hex);
    enc_hex(&t->hex, hex);
    return enc_binary(t->hex.ptr, t->hex.len);
}

static ww_status send_value(tester *t, uint32_t type, ww_column value)
{
    ww_relation_column column = enc_column("v", type, false);
    drive_forget(&t->d);
    enc_relation(&t->d.e, 0, 1, "s", "t", 'd', &column, 1);
    drive_send(&t->d);
    enc_insert(&t->d.e, 0, 1, &value, 1);
    return drive_send(&t->d);
}

static void check_value(tester *t, uint32_t type, ww_column value, const char *json)
{
    ww_slice key, got;
    if (!CHECK(send_value(t, type, value) == WW_OK)) {
        fprintf(stderr, "    %s: %s at %" PRIu64 "\n", json, t->d.err.what, t->d.err.offset);
        return;
    }
    CHECK(sj_valid(drive_last_line(&t->d)));
    if (CHECK(sj_nth(sj_get(drive_last_line(&t->d), "new"), 0, &key, &got)))
        CHECK_SLICE(got, json);
}

static void both_forms(void)
{
    tester t;
    size_t i;
    open_tester(&t, true);
    for (i = 0; i < VALUES; i++) {
        check_value(&t, values[i].type, enc_text(values[i].text), values[i].json);
        check_value(&t, values[i].type, binary(&t, values[i].binary), values[i].json);
    }
    close_tester(&t);
}

/* The same bytes through buffers of every size up to 80. */
static bool collect(void *ctx, const uint8_t *bytes, size_t len)
{
    enc *to = ctx;
    ww_slice s = { bytes, len };
    enc_bytes(to, s);
    return true;
}

static void each_buffer(void)
{
    uint8_t small[80];
    enc got = { NULL, 0, 0 };
    tester t;
    size_t i, cap;
    open_tester(&t, true);
    for (i = 0; i < 2 * VALUES; i++) {
        ww_column value = i % 2 ? binary(&t, values[i / 2].binary) : enc_text(values[i / 2].text);
        ww_event ev;
        send_value(&t, values[i / 2].type, value);
        enc_insert(&t.d.e, 0, 1, &value, 1);
        CHECK(ww_decode(&t.d.decoder, enc_slice(&t.d.e), &ev, NULL) == WW_OK);
        for (cap = 0; cap <= sizeof small; cap++) {
            ww_out out = { small, 0, cap, WW_OK, NULL, collect, &got, 0 };
            enc_clear(&got);
            CHECK(ww_format_render(t.d.format, &ev, &out, NULL) == WW_OK);
            collect(&got, small, out.len);
            CHECK(ww_slice_equal(enc_slice(&got), drive_output(&t.d)));
        }
        enc_clear(&t.d.e);
    }
    enc_free(&got);
    close_tester(&t);
}

/* Without a catalog the text of what it would tell is a string. */
static void without_a_catalog(void)
{
    tester t;
    open_tester(&t, false);
    check_value(&t, PAIR, enc_text("(1,a)"), "\"(1,a)\"");
    check_value(&t, MOODS, enc_text("{a,b}"), "\"{a,b}\"");
    check_value(&t, UNKNOWN, enc_text("\xFF"), "{\"$bytes\":\"ff\"}");
    CHECK(send_value(&t, UNKNOWN, binary(&t, "00")) == WW_ERR_DECODE);
    CHECK(strstr(t.d.err.what, "--binary auto") != NULL);
    CHECK(strstr(t.d.err.what, "--exclude-columns") != NULL); /* of a capture, too */
    CHECK_TEXT(t.d.err.subject, "s.t.v (type 30000)");
    CHECK(send_value(&t, REGCLASS, binary(&t, "00000000")) == WW_ERR_DECODE);
    CHECK_TEXT(t.d.err.subject, "s.t.v (regclass)");
    check_value(&t, REGCLASS, enc_text("pg_class"), "\"pg_class\"");
    check_value(&t, RECORD, enc_text("(1,a)"), "\"(1,a)\"");
    close_tester(&t);
}

static void faults_in_binary(void)
{
    static const struct {
        uint32_t type;
        const char *binary;
    } faults[] = {
        { BOOL, "" }, { BOOL, "02" }, { BOOL, "0001" }, { INT2, "00" }, { INT4, "000000" },
        { INT4, "" }, { INT4, "0000000000" }, { INT8, "00000000" }, { OID, "" }, { OID, "00" },
        { FLOAT8, "00000000" }, { JSONB, "025b5d" }, { JSONB, "" }, { NUMERIC, "0001" },
        { INT4ARRAY, "00000001" }, { PAIR, "00000002 00000017 00000004 00000001" },
        { INT4ARRAY, "00000001 00000000 00000017 00000001 00000001 00000003 000000" },
    };
    tester t;
    size_t i;
    open_tester(&t, true);
    for (i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (!CHECK(send_value(&t, faults[i].type, binary(&t, faults[i].binary)) == WW_ERR_DECODE))
            fprintf(stderr, "    %u takes %s\n", faults[i].type, faults[i].binary);
        CHECK_EQ_U64(t.d.out.len, 0);
        CHECK(strncmp(t.d.err.subject, "s.t.v", 5) == 0);
    }
    close_tester(&t);
}

/* A range of texts, longer than a piece, with a character across each place where pieces may
 * meet; then the same with one byte that is not UTF-8. */
static void long_rendered_text(void)
{
    enum { N = 3000 };
    static const char letters[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x98";
    tester t;
    size_t shift, i;
    open_tester(&t, true);
    for (shift = 0; shift < 12; shift++) {
        uint8_t room[2 * N];
        enc form = { NULL, 0, 0 }, text = { NULL, 0, 0 };
        ww_slice bytes, key, got;
        enc_u8(&form, 0x08); /* lower bound infinite */
        enc_u32(&form, N);
        enc_bytes(&text, ww_slice_of("(,"));
        for (i = 0; i < N; i++) {
            uint8_t c = i < shift ? 'x' : (uint8_t)letters[(i - shift) % 10];
            if (i >= N - N % 10 - 10) /* whole characters to the end */
                c = 'z';
            if (i == (N / 10 - 1) * 10 && shift == 11)
                c = 0xFF;
            enc_u8(&form, c);
            enc_u8(&text, c);
        }
        enc_u8(&text, ')');
        bytes = enc_slice(&form);
        if (CHECK(send_value(&t, TEXTRANGE, enc_binary(bytes.ptr, bytes.len)) == WW_OK) &&
            CHECK(sj_valid(drive_last_line(&t.d))) &&
            CHECK(sj_nth(sj_get(drive_last_line(&t.d), "new"), 0, &key, &got))) {
            if (sj_utf8_valid(enc_slice(&text)))
                CHECK(sj_says(got, enc_slice(&text), room));
            else
                CHECK_EQ_U64(sj_get(got, "$bytes").len, 2 * text.len + 2);
        }
        enc_free(&form);
        enc_free(&text);
    }
    close_tester(&t);
}

/* A terminal is spared in rendered text, too. */
static void terminal(void)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_slice key, got;
    tester t;
    open_tester(&t, true);
    drive_close(&t.d);
    config.name = "compact";
    config.types = t.types;
    config.escape_terminal = true;
    CHECK(drive_open_config(&t.d, &config) == WW_OK);
    CHECK(send_value(&t, TEXTARRAY, enc_text("{\xE2\x80\xAE,\x7F}")) == WW_OK);
    CHECK(sj_nth(sj_get(drive_last_line(&t.d), "new"), 0, &key, &got));
    CHECK_SLICE(got, "[\"\\u202e\",\"\\u007f\"]");
    CHECK(send_value(&t, TEXTRANGE, binary(&t, "08 00000003 e280ae")) == WW_OK);
    CHECK(sj_nth(sj_get(drive_last_line(&t.d), "new"), 0, &key, &got));
    CHECK_SLICE(got, "\"(,\\u202e)\"");
    close_tester(&t);
}

/* What holds a document inside of an array needs memory: an error if there is none, then more. */
static void no_memory_for_a_document(void)
{
    static const char text[] = "{\"{\\\"a\\\": 1}\"}";
    ww_relation_column column = enc_column("v", JSONARRAY, false);
    ww_column value = enc_text(text);
    ww_event ev;
    tester t;
    open_tester(&t, false);
    enc_relation(&t.d.e, 0, 1, "s", "t", 'd', &column, 1);
    drive_send(&t.d);
    enc_insert(&t.d.e, 0, 1, &value, 1);
    CHECK(ww_decode(&t.d.decoder, enc_slice(&t.d.e), &ev, NULL) == WW_OK);
    t.d.memory.fail_at = t.d.memory.calls + 1;
    CHECK(drive_render(&t.d, &ev) == WW_ERR_NOMEM);
    CHECK_EQ_U64(t.d.out.len, 0);
    t.d.memory.fail_at = 0;
    CHECK(drive_render(&t.d, &ev) == WW_OK);
    CHECK_SLICE(sj_get(drive_last_line(&t.d), "new"), "{\"v\":[{\"a\": 1}]}");
    close_tester(&t);
}

int main(void)
{
    RUN(both_forms);
    RUN(each_buffer);
    RUN(without_a_catalog);
    RUN(faults_in_binary);
    RUN(long_rendered_text);
    RUN(terminal);
    RUN(no_memory_for_a_document);
    return check_report();
}
