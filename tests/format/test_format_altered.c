/* SPDX-License-Identifier: MIT */
/* Composites that are not what the catalog told of their types, which may be of another time than
 * the value: the whole column is the server's text as a string, the same from both forms, and the
 * types are doubted. What is wrong whatever the catalog says stays an error. */
#include "drive.h"
#include "strictjson.h"

enum { BOOL = 16, INT4 = 23, TEXT = 25, INT4ARRAY = 1007, DATE = 1082, NUMERIC = 1700 };
/* Of the catalog: */
enum { PAIR = 20001, PAIRS = 20002, HOLDER = 20003, HOLDERS = 20004, MYPAIR = 20005 };
enum { PAIRRANGE = 20006, RANGES = 20007, PRICE = 20008, NOTHING = 20009 };

#define AS_OF UINT64_C(0x1000)

typedef struct tester {
    drive d;
    check_alloc memory;
    ww_types *types;
    enc hex;
    ww_lsn committed; /* of the transactions that come */
    bool debezium;
} tester;

static ww_type_field field(const char *name, uint32_t type_oid)
{
    ww_type_field f;
    f.name = ww_slice_of(name);
    f.type_oid = type_oid;
    f.typmod = -1;
    return f;
}

static void put(ww_types *types, uint32_t oid, ww_type_kind kind, uint32_t element,
                const ww_type_field *fields, uint16_t nfields)
{
    ww_type t;
    memset(&t, 0, sizeof t);
    t.oid = oid;
    t.kind = (uint8_t)kind;
    t.element = kind == WW_TYPE_OTHER ? 0 : element;
    t.domain_of = kind == WW_TYPE_OTHER ? element : 0;
    t.delimiter = ',';
    t.nspname = ww_slice_of("shop");
    t.typname = t.sqlname = ww_slice_of("shop.it");
    t.fields = fields;
    t.nfields = nfields;
    t.as_of = AS_OF;
    CHECK(ww_types_put(types, &t, NULL) == WW_OK);
}

static ww_types *make_types(check_alloc *memory)
{
    ww_types *types = ww_types_open(&memory->alloc, 0);
    ww_type_field fields[3];
    fields[0] = field("n", INT4);
    fields[1] = field("d", DATE);
    put(types, PAIR, WW_TYPE_COMPOSITE, 0, fields, 2);
    put(types, PAIRS, WW_TYPE_ARRAY, PAIR, NULL, 0);
    put(types, MYPAIR, WW_TYPE_OTHER, PAIR, NULL, 0);
    put(types, PAIRRANGE, WW_TYPE_RANGE, PAIR, NULL, 0);
    put(types, RANGES, WW_TYPE_ARRAY, PAIRRANGE, NULL, 0);
    fields[0] = field("p", PAIR);
    fields[1] = field("t", TEXT);
    put(types, HOLDER, WW_TYPE_COMPOSITE, 0, fields, 2);
    put(types, HOLDERS, WW_TYPE_ARRAY, HOLDER, NULL, 0);
    fields[0] = field("price", NUMERIC);
    fields[0].typmod = (10 << 16 | 2) + 4;
    put(types, PRICE, WW_TYPE_COMPOSITE, 0, fields, 1);
    put(types, NOTHING, WW_TYPE_COMPOSITE, 0, NULL, 0);
    return types;
}

static void open_tester(tester *t, const char *format, const ww_knob *knob)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    memset(t, 0, sizeof *t);
    check_alloc_init(&t->memory, 0);
    t->types = make_types(&t->memory);
    t->committed = AS_OF + 1;
    t->debezium = strcmp(format, "debezium") == 0;
    config.name = format;
    config.types = t->types;
    config.knobs = knob;
    config.nknobs = knob != NULL;
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

static void send_table(tester *t, uint32_t type)
{
    ww_relation_column column = enc_column("v", type, false);
    enc_relation(&t->d.e, 0, 1, "s", "t", 'd', &column, 1);
    drive_send(&t->d);
}

/* One transaction of one row. */
static ww_status send_value(tester *t, ww_column value)
{
    drive_forget(&t->d);
    enc_begin(&t->d.e, t->committed, 0, 700);
    drive_send(&t->d);
    enc_insert(&t->d.e, 0, 1, &value, 1);
    return drive_send(&t->d);
}

static void check_line(tester *t, const char *json)
{
    const char *row = t->debezium ? "after" : "new";
    ww_slice key, got = sj_get(drive_last_line(&t->d), row);
    if (!CHECK(t->d.status == WW_OK)) {
        fprintf(stderr, "    %s: %s, %s\n", json, t->d.err.what, t->d.err.subject);
        return;
    }
    CHECK(sj_valid(drive_last_line(&t->d)));
    if (CHECK(sj_nth(got, 0, &key, &got)))
        CHECK_SLICE(got, json);
}

/* Are just these doubted? They are forgotten. */
static void check_doubts(tester *t, const uint32_t *want, size_t n)
{
    uint32_t oid;
    size_t i, found = 0;
    while (ww_format_doubt(t->d.format, &oid)) {
        bool wanted = false;
        for (i = 0; i < n; i++)
            wanted |= want[i] == oid;
        CHECK(wanted);
        found++;
    }
    CHECK_EQ_U64(found, n);
}

static const struct {
    uint32_t type;
    const char *text, *binary, *json;
    uint32_t doubted[3];
} altered[] = {
    /* As told. */
    {PAIR, "(1,2000-01-02)", "00000002 00000017 00000004 00000001 0000043a 00000004 00000001",
     "{\"n\":1,\"d\":\"2000-01-02\"}", {0}},
    {PAIR, "(,)", "00000002 00000017 ffffffff 0000043a ffffffff", "{\"n\":null,\"d\":null}", {0}},
    /* Another number of fields. */
    {PAIR, "(1)", "00000001 00000017 00000004 00000001", "\"(1)\"", {PAIR}},
    {PAIR, "(1,2000-01-02,t)",
     "00000003 00000017 00000004 00000001 0000043a 00000004 00000001 00000010 00000001 01",
     "\"(1,2000-01-02,t)\"", {PAIR}},
    /* Another type: of a field that is a number, of one that is written as text. */
    {PAIR, "(a,2000-01-02)", "00000002 00000019 00000001 61 0000043a 00000004 00000001",
     "\"(a,2000-01-02)\"", {PAIR}},
    {PAIR, "(1,tomorrow)", "00000002 00000017 00000004 00000001 00000019 00000008 746f6d6f72726f77",
     "\"(1,tomorrow)\"", {PAIR}},
    /* In an array, in a domain, in another composite: the column, not the part. */
    {PAIRS, "{\"(1,2000-01-02)\",(2)}",
     "00000001 00000000 00004e21 00000002 00000001"
     "0000001c 00000002 00000017 00000004 00000001 0000043a 00000004 00000001"
     "00000010 00000001 00000017 00000004 00000002",
     "\"{\\\"(1,2000-01-02)\\\",(2)}\"", {PAIR}},
    {MYPAIR, "(1)", "00000001 00000017 00000004 00000001", "\"(1)\"", {MYPAIR, PAIR}},
    {HOLDER, "(\"(x,2000-01-02)\",\"a b\")",
     "00000002 00004e21 00000019 00000002 00000019 00000001 78 0000043a 00000004 00000001"
     "00000019 00000003 612062",
     "\"(\\\"(x,2000-01-02)\\\",\\\"a b\\\")\"", {PAIR, HOLDER}},
    /* The part is not even a composite any more. */
    {HOLDER, "(7,)", "00000002 00000017 00000004 00000007 00000019 ffffffff", "\"(7,)\"", {HOLDER}},
    {HOLDERS, "{\"(,)\",\"(,a,b)\"}",
     "00000001 00000000 00004e23 00000002 00000001"
     "00000014 00000002 00004e21 ffffffff 00000019 ffffffff"
     "0000001e 00000003 00004e21 ffffffff 00000019 00000001 61 00000019 00000001 62",
     "\"{\\\"(,)\\\",\\\"(,a,b)\\\"}\"", {HOLDER}},
    {RANGES, "{\"[\\\"(1)\\\",)\"}",
     "00000001 00000000 00004e26 00000001 00000001 00000015 12 00000010"
     "00000001 00000017 00000004 00000001", "\"{\\\"[\\\\\\\"(1)\\\\\\\",)\\\"}\"", {PAIR}},
    /* Text in any case. */
    {PAIRRANGE, "[\"(1)\",)", "12 00000010 00000001 00000017 00000004 00000001",
     "\"[\\\"(1)\\\",)\"", {0}},
    /* A number with more digits than its field has. */
    {PRICE, "(1.25)", "00000001 000006a4 0000000c 0002 0000 0000 0002 0001 09c4",
     "{\"price\":\"1.25\"}", {0}},
    {PRICE, "(1.255)", "00000001 000006a4 0000000c 0002 0000 0000 0003 0001 09f6", "\"(1.255)\"",
     {PRICE}},
    /* It had no fields, and has no names therefore. */
    {NOTHING, "()", "00000000", "\"()\"", {0}},
    {NOTHING, "(1)", "00000001 00000017 00000004 00000001", "\"(1)\"", {NOTHING}},
};
#define ALTERED (sizeof altered / sizeof altered[0])

static void check_both_forms(const char *format)
{
    tester t;
    size_t i, n;
    open_tester(&t, format, NULL);
    for (i = 0; i < ALTERED; i++) {
        for (n = 0; n < 3 && altered[i].doubted[n] != 0; n++)
            ;
        send_table(&t, altered[i].type);
        send_value(&t, enc_text(altered[i].text));
        check_line(&t, altered[i].json);
        check_doubts(&t, altered[i].doubted, n);
        send_value(&t, binary(&t, altered[i].binary));
        check_line(&t, altered[i].json);
        check_doubts(&t, altered[i].doubted, n);
    }
    close_tester(&t);
}

static void both_forms(void)
{
    check_both_forms("compact");
    check_both_forms("debezium");
}

/* With numbers by their column's scale, too: an error would stop the stream. */
static void precise_numbers(void)
{
    ww_knob knob = {"decimal.handling.mode", "precise"};
    uint32_t price = PRICE;
    tester t;
    open_tester(&t, "debezium", &knob);
    send_table(&t, PRICE);
    send_value(&t, enc_text("(1.25)"));
    check_line(&t, "{\"price\":\"fQ==\"}");
    send_value(&t, enc_text("(1.255)"));
    check_line(&t, "\"(1.255)\"");
    check_doubts(&t, &price, 1);
    close_tester(&t);
}

/* Names come from the definition that is known when the transaction begins. */
static void asked_again(void)
{
    ww_type_field fields[3];
    uint32_t pair = PAIR;
    tester t;
    open_tester(&t, "compact", NULL);
    send_table(&t, PAIR);
    send_value(&t, enc_text("(1,2000-01-02,t)"));
    check_doubts(&t, &pair, 1);
    fields[0] = field("number", INT4);
    fields[1] = field("day", DATE);
    fields[2] = field("ok", BOOL);
    put(t.types, PAIR, WW_TYPE_COMPOSITE, 0, fields, 3);
    send_value(&t, enc_text("(1,2000-01-02,t)"));
    check_line(&t, "{\"number\":1,\"day\":\"2000-01-02\",\"ok\":true}");
    check_doubts(&t, NULL, 0);
    close_tester(&t);
}

/* A value that was committed before the look-up is of an older type: asking again is of no use. */
static void older_values(void)
{
    uint32_t pair = PAIR;
    tester t;
    open_tester(&t, "compact", NULL);
    send_table(&t, PAIR);
    t.committed = AS_OF - 1;
    send_value(&t, enc_text("(1)"));
    check_line(&t, "\"(1)\"");
    check_doubts(&t, NULL, 0);
    t.committed = AS_OF;
    send_value(&t, enc_text("(1)"));
    check_doubts(&t, &pair, 1);
    close_tester(&t);
}

/* However many types there are: some are kept, the others doubted with a later value. */
static void many_doubts(void)
{
    ww_type_field one = field("n", INT4);
    uint32_t i, oid, found = 0;
    tester t;
    open_tester(&t, "compact", NULL);
    for (i = 0; i < 1000; i++) {
        put(t.types, 30000 + i, WW_TYPE_COMPOSITE, 0, &one, 1);
        send_table(&t, 30000 + i);
        send_value(&t, enc_text("(1,2)"));
        send_value(&t, enc_text("(1,2,3)"));
    }
    while (ww_format_doubt(t.d.format, &oid))
        CHECK(oid == 30000 + found++);
    CHECK(found > 0 && found < 100);
    close_tester(&t);
}

/* Nothing that the catalog told makes these right. */
static void faults(void)
{
    static const char *const texts[] = {"", "1,2000-01-02", "(1,2000-01-02", "(1,2000-01-02)x"};
    static const char *const forms[] = {
        "", "00000002 00000017 00000004 00000001",
        "00000002 00000017 00000003 000001 0000043a ffffffff",
        "00000002 00000017 00000004 00000001 0000043a 00000003 000001",
    };
    tester t;
    size_t i;
    open_tester(&t, "compact", NULL);
    send_table(&t, PAIR);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK(send_value(&t, enc_text(texts[i])) == WW_ERR_DECODE);
    for (i = 0; i < sizeof forms / sizeof forms[0]; i++)
        CHECK(send_value(&t, binary(&t, forms[i])) == WW_ERR_DECODE);
    send_table(&t, PAIRS);
    CHECK(send_value(&t, enc_text("{\"(1,2000-01-02)\"")) == WW_ERR_DECODE);
    CHECK(send_value(&t, enc_text("{(1}")) == WW_ERR_DECODE);
    check_doubts(&t, NULL, 0);
    close_tester(&t);
}

/* An error names the field or the element. */
static void names_in_errors(void)
{
    static const struct {
        uint32_t type;
        const char *text, *binary, *subject;
    } wrong[] = {
        {INT4ARRAY, "{1,x}", NULL, "s.t.v[2] (integer)"},
        {INT4ARRAY, "{{1,2},{3,x}}", NULL, "s.t.v[2][2] (integer)"},
        {INT4ARRAY, NULL, "00000001 00000000 00000017 00000001 00000001 00000003 000000",
         "s.t.v[1] (integer)"},
        {PAIR, NULL, "00000002 00000017 00000003 000001 0000043a ffffffff", "s.t.v.n (integer)"},
        {PAIRS, NULL,
         "00000001 00000000 00004e21 00000001 00000005"
         "00000017 00000002 00000017 00000003 000001 0000043a ffffffff",
         "s.t.v[5].n (integer)"},
        {HOLDER, NULL,
         "00000002 00004e21 00000017 00000002 00000017 ffffffff 0000043a 00000003 000001"
         "00000019 ffffffff",
         "s.t.v.p.d (date)"},
        {INT4, "x", NULL, "s.t.v (integer)"},
    };
    static const char name[] = "a name as long as a name may be: 123456789 123456789 12345678";
    ww_type_field one = field(name, INT4);
    tester t;
    size_t i;
    open_tester(&t, "compact", NULL);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *text = wrong[i].text;
        send_table(&t, wrong[i].type);
        CHECK(send_value(&t, text != NULL ? enc_text(text) : binary(&t, wrong[i].binary)) < 0);
        CHECK_TEXT(t.d.err.subject, wrong[i].subject);
    }
    for (i = 0; i < 20; i++) {
        put(t.types, (uint32_t)(30000 + i), WW_TYPE_COMPOSITE, 0, &one, 1);
        one.type_oid = (uint32_t)(30000 + i);
    }
    send_table(&t, 30003);
    CHECK(send_value(&t, binary(&t, "00000001 00007532 00000028 00000001 00007531 0000001c"
                                    "00000001 00007530 00000010 00000001 00000017 00000004"
                                    "00000001")) == WW_OK);
    CHECK(send_value(&t, binary(&t, "00000001 00007532 00000027 00000001 00007531 0000001b"
                                    "00000001 00007530 0000000f 00000001 00000017 00000003"
                                    "000001")) == WW_ERR_DECODE);
    CHECK(strncmp(t.d.err.subject, "s.t.v.", 6) == 0);
    CHECK(strstr(t.d.err.subject, " (integer)") != NULL);
    close_tester(&t);
}

int main(void)
{
    RUN(both_forms);
    RUN(precise_numbers);
    RUN(asked_again);
    RUN(older_values);
    RUN(many_doubts);
    RUN(faults);
    RUN(names_in_errors);
    return check_report();
}
