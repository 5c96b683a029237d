/* SPDX-License-Identifier: MIT */
/* What each type's text becomes in JSON, in the quick way and in the long one (a buffer without
 * room for the quick way), and what is an error because its type does not allow it. */
#include "drive.h"
#include "strictjson.h"

#include <walwire/value.h>

enum { BOOL = 16, INT8 = 20, INT2 = 21, INT4 = 23, TEXT = 25, OID = 26, XID = 28, JSON = 114 };
enum { FLOAT4 = 700, FLOAT8 = 701, MONEY = 790, INT4ARRAY = 1007, DATE = 1082, BIT = 1560 };
enum { NUMERIC = 1700, JSONB = 3802 };

#define LONG_TEXT "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct {
    uint32_t type;
    const char *text, *json;
} values[] = {
    { BOOL, "t", "true" },
    { BOOL, "f", "false" },
    { INT2, "-32768", "-32768" },
    { INT4, "0", "0" },
    { INT4, "7", "7" },
    { INT4, "42", "42" },
    { INT4, "123", "123" },
    { INT4, "-1", "-1" },
    { INT4, "12345678", "12345678" },
    { INT8, "9223372036854775807", "9223372036854775807" },
    { INT8, "-9223372036854775808", "-9223372036854775808" },
    { OID, "4294967295", "4294967295" },
    { FLOAT4, "1.1", "1.1" },
    { FLOAT4, "1e+20", "1e+20" },
    { FLOAT4, "-12.5", "-12.5" },
    { FLOAT8, "0", "0" },
    { FLOAT8, "-0.001", "-0.001" },
    { FLOAT8, "12345678901234567890123456789", "12345678901234567890123456789" },
    { FLOAT8, "0.0000000000000000000000000000001", "0.0000000000000000000000000000001" },
    { FLOAT8, "-0", "-0" },
    { FLOAT8, "1e-320", "1e-320" },
    { FLOAT8, "-1.7976931348623157e+308", "-1.7976931348623157e+308" },
    { FLOAT8, "0.300000000000000044", "0.300000000000000044" },
    { FLOAT8, "NaN", "\"NaN\"" },
    { FLOAT8, "Infinity", "\"Infinity\"" },
    { FLOAT8, "-Infinity", "\"-Infinity\"" },
    {NUMERIC, "12345.67890000000000000000000000000001",
     "\"12345.67890000000000000000000000000001\""},
    { NUMERIC, "1", "\"1\"" },
    { MONEY, "$1,234.50", "\"$1,234.50\"" },
    { XID, "731", "\"731\"" },
    { DATE, "4713-01-01 BC", "\"4713-01-01 BC\"" },
    { BIT, "0101", "\"0101\"" },
    { INT4ARRAY, "{1,NULL,3}", "[1,null,3]" },
    { TEXT, "", "\"\"" },
    { TEXT, "a", "\"a\"" },
    { TEXT, "abcd", "\"abcd\"" },
    { TEXT, "abcdefg", "\"abcdefg\"" },
    { TEXT, "abcdefgh", "\"abcdefgh\"" },
    { TEXT, "abcdefghi", "\"abcdefghi\"" },
    { TEXT, LONG_TEXT, "\"" LONG_TEXT "\"" },
    { TEXT, LONG_TEXT "\"", "\"" LONG_TEXT "\\\"\"" },
    { TEXT, "\x7F", "\"\\u007f\"" },
    { TEXT, "a\tb\rc\nd\be\ff\vg", "\"a\\tb\\rc\\nd\\be\\ff\\u000bg\"" },
    { TEXT, "\x1B[2J", "\"\\u001b[2J\"" },
    { TEXT, "caf\xC3\xA9", "\"caf\xC3\xA9\"" },
    { TEXT, "\xC2\x80\xC2\x9B\xC2\x9F", "\"\\u0080\\u009b\\u009f\"" },
    { TEXT, "\xC2\xA0", "\"\xC2\xA0\"" },
    { TEXT, "\xE2\x80\xA8\xE2\x80\xA9", "\"\\u2028\\u2029\"" },
    { TEXT, "\xE2\x80\xAE", "\"\xE2\x80\xAE\"" },
    { TEXT, "\xF0\x9F\x90\x98", "\"\xF0\x9F\x90\x98\"" },
    { TEXT, "\xFF", "{\"$bytes\":\"ff\"}" },
    {TEXT, LONG_TEXT "\xC3",
     "{\"$bytes\":\"303132333435363738396162636465666768696a6b6c6d6e6f70717273747576"
     "7778797a204142434445464748494a4b4c4d4e4f505152535455565758595ac3\"}"},
    { TEXT, "\xED\xA0\x80", "{\"$bytes\":\"eda080\"}" },
    { TEXT, "\xC0\x80", "{\"$bytes\":\"c080\"}" },
    { TEXT, "\xF4\x90\x80\x80", "{\"$bytes\":\"f4908080\"}" },
    { JSON, "{\"b\" : 1,\r\n\t\"a\":[ ]}", "{\"b\" : 1,\"a\":[ ]}" },
    { JSON, " 1 ", " 1 " },
    { JSON, "\"a\\nb\"", "\"a\\nb\"" },
    { JSON, "\"\x7F\xC2\x85\xE2\x80\xA8\"", "\"\\u007f\\u0085\\u2028\"" },
    { JSON, "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}" },
    { JSON, "\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"" },
    { JSON, "\"\\ud83d\"", "\"\\\"\\\\ud83d\\\"\"" },
    { JSON, "{a:1}", "\"{a:1}\"" },
    { JSON, "1}", "\"1}\"" },
    { JSON, "{},\"op\":\"d\"", "\"{},\\\"op\\\":\\\"d\\\"\"" },
    { JSON, "", "\"\"" },
    { JSON, "\"\xFF\"", "{\"$bytes\":\"22ff22\"}" },
    { JSONB, "{\"a\": NaN}", "\"{\\\"a\\\": NaN}\"" },
    { JSONB, "1e400", "1e400" },
};
#define VALUES (sizeof values / sizeof values[0])

/* What is no value of its type. */
static const struct {
    uint32_t type;
    const char *text;
} faults[] = {
    { BOOL, "true" },
    { BOOL, "" },
    { INT4, "" },
    { INT4, "-" },
    { INT4, "-0" },
    { INT4, "007" },
    { INT4, "-01" },
    { INT4, "+1" },
    { INT4, " 1" },
    { INT4, "1 " },
    { INT4, "1.5" },
    { INT4, "1e3" },
    { INT4, "0x10" },
    { INT4, "1/2" },
    { INT4, "1:2" },
    { INT4, "1234567:" },
    { INT4, "/1234567" },
    { INT4, "1\"" },
    { INT8, "99999999999999999999" },
    { INT8, "999999999999999999999" },
    { INT8, "-99999999999999999999" },
    { FLOAT8, ".5" },
    { FLOAT8, "5." },
    { FLOAT8, "1e" },
    { FLOAT8, "1e+" },
    { FLOAT8, "01" },
    { FLOAT8, "1,2" },
    { FLOAT8, "-" },
    { FLOAT8, "00" },
    { FLOAT8, "1.2.3" },
    { FLOAT8, "-.5" },
    { FLOAT8, "+1" },
    { FLOAT8, "1-" },
    { FLOAT8, "" },
    { INT4, "\xFF" },
    { INT2, "32768" },
    { INT4, "2147483648" },
    { INT4, "-2147483649" },
    { INT8, "9223372036854775808" },
    { OID, "-1" },
    { OID, "4294967296" },
    { FLOAT8, "1e400" },
    { FLOAT8, "1E5" },
    { INT4ARRAY, "" },
    { INT4ARRAY, "{" },
    { INT4ARRAY, "{1,a}" },
    { INT4ARRAY, "{1}}" },
    { INT4ARRAY, "{{1},{2,3}}" },
};
#define FAULTS (sizeof faults / sizeof faults[0])

static ww_slice render_value(drive *d, uint32_t type, ww_column value)
{
    ww_relation_column column = enc_column("v", type, false);
    static const char before[] = "{\"op\":\"I\",\"schema\":\"s\",\"table\":\"t\",\"new\":{\"v\":";
    ww_slice line;
    drive_forget(d);
    enc_relation(&d->e, 0, 1, "s", "t", 'd', &column, 1);
    drive_send(d);
    enc_insert(&d->e, 0, 1, &value, 1);
    drive_send(d);
    line = drive_last_line(d);
    CHECK(sj_valid(line));
    if (CHECK(line.len > sizeof before + 1 && memcmp(line.ptr, before, sizeof before - 1) == 0)) {
        line.ptr += sizeof before - 1;
        line.len -= sizeof before - 1 + 2;
    }
    return line;
}

static void each_type(void)
{
    drive d;
    size_t i;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    for (i = 0; i < VALUES; i++)
        CHECK_SLICE(render_value(&d, values[i].type, enc_text(values[i].text)), values[i].json);
    drive_close(&d);
}

/* A text of `len` letters with `what` among them, and what it becomes. */
static void check_place(drive *d, size_t len, size_t place, const char *what, const char *json)
{
    char text[200], want[220];
    memset(text, 'x', len);
    memset(want, 'x', len + 1);
    want[0] = '"';
    memcpy(text + place, what, strlen(what));
    memcpy(want + 1 + place, json, strlen(json));
    memset(want + 1 + place + strlen(json), 'x', len - place);
    text[len] = '\0';
    want[len + 1 + strlen(json) - strlen(what)] = '"';
    want[len + 2 + strlen(json) - strlen(what)] = '\0';
    CHECK_SLICE(render_value(d, TEXT, enc_text(text)), want);
}

/* Texts are looked at in blocks and words: each place in them is as good as any. */
static void each_place(void)
{
    static const struct {
        const char *what, *json;
    } one[] = {{"\"", "\\\""},      {"\\", "\\\\"},         {"\n", "\\n"},
               {"\x7F", "\\u007f"}, {"\xC3\xA9", "\xC3\xA9"}, {"\xC2\x85", "\\u0085"},
               {"]^_|}~", "]^_|}~"}, {"\"a\"\"", "\\\"a\\\"\\\""}};
    drive d;
    size_t i, place, len;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    for (i = 0; i < sizeof one / sizeof one[0]; i++)
        for (len = 6; len <= 150; len += len < 80 ? 1 : 23)
            for (place = 0; place + strlen(one[i].what) <= len; place++)
                check_place(&d, len, place, one[i].what, one[i].json);
    drive_close(&d);
}

static void put16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

/* The groups 12 0034 5000 7 at this weight: written as decode does, which has its own tests. */
static void check_numeric(drive *d, unsigned count, int weight, unsigned scale, bool negative)
{
    static const unsigned groups[] = {12, 34, 5000, 7};
    uint8_t bytes[16] = {0}, room[256];
    ww_out out = {room, 1, sizeof room - 2, WW_OK, NULL, NULL, NULL, 0};
    ww_column column = enc_binary(bytes, 8 + 2 * count);
    ww_value v = ww_value_of(NULL, NUMERIC, &column);
    unsigned i;
    put16(bytes, count);
    put16(bytes + 2, (unsigned)weight);
    put16(bytes + 4, negative ? WW_NUMERIC_NEGATIVE : WW_NUMERIC_POSITIVE);
    put16(bytes + 6, scale);
    for (i = 0; i < count; i++)
        put16(bytes + 8 + 2 * i, groups[i]);
    if (ww_value_put(&v, &out, NULL) != WW_OK)
        return;
    room[0] = '"';
    room[out.len] = '"';
    room[out.len + 1] = '\0';
    CHECK_SLICE(render_value(d, NUMERIC, column), (const char *)room);
}

static void binary_numerics(void)
{
    drive d;
    unsigned count, scale;
    int weight;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    for (count = 0; count <= 4; count++)
        for (weight = -7; weight <= 7; weight++)
            for (scale = 0; scale <= 30; scale++)
                check_numeric(&d, count, weight, scale, count > 0 && scale % 2 != 0);
    drive_close(&d);
}

/* What a small buffer hands over goes to where render_value() looks. */
static bool collect(void *ctx, const uint8_t *bytes, size_t len)
{
    drive *d = ctx;
    if (d->out.cap - d->out.len < len)
        return false;
    memcpy(d->out.ptr + d->out.len, bytes, len);
    d->out.len += len;
    return true;
}

static ww_slice render_small(drive *d, uint32_t type, const char *text)
{
    ww_relation_column column = enc_column("v", type, false);
    ww_column value = enc_text(text);
    uint8_t bytes[24];
    ww_out out = { bytes, 0, sizeof bytes, WW_OK, NULL, collect, d, 0 };
    ww_event ev;
    drive_forget(d);
    enc_relation(&d->e, 0, 1, "s", "t", 'd', &column, 1);
    drive_send(d);
    enc_insert(&d->e, 0, 1, &value, 1);
    CHECK(ww_decode(&d->decoder, enc_slice(&d->e), &ev, &d->err) == WW_OK);
    CHECK(ww_format_render(d->format, &ev, &out, &d->err) == WW_OK);
    CHECK(collect(d, bytes, out.len));
    CHECK_EQ_U64(out.flushed + out.len, d->out.len);
    enc_clear(&d->e);
    return drive_last_line(d);
}

/* The long way gives the same bytes. */
static void each_type_the_long_way(void)
{
    static uint8_t room[1 << 12];
    drive d;
    size_t i;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    d.out.ptr = room;
    d.out.cap = sizeof room;
    d.out.alloc = NULL;
    for (i = 0; i < VALUES; i++) {
        ww_slice line = render_small(&d, values[i].type, values[i].text);
        size_t n = strlen(values[i].json);
        ww_slice value = { line.ptr + line.len - 2 - n, n };
        CHECK(sj_valid(line));
        CHECK_SLICE(value, values[i].json);
    }
    drive_close(&d);
}

/* An error that says where, and nothing of the line left behind. */
static void each_fault(void)
{
    ww_relation_column columns[2] = { enc_column("k", TEXT, true), enc_column("v", 0, false) };
    ww_column row[2] = { enc_text("1"), enc_text("") };
    drive d;
    size_t i;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    for (i = 0; i < FAULTS; i++) {
        columns[1].type_oid = faults[i].type;
        enc_relation(&d.e, 0, 1, "s", "t", 'd', columns, 2);
        drive_send(&d);
        row[1].value = ww_slice_of(faults[i].text);
        enc_insert(&d.e, 0, 1, row, 2);
        if (!CHECK(drive_send(&d) == WW_ERR_DECODE))
            fprintf(stderr, "    \"%s\" is a value of %u\n", faults[i].text, faults[i].type);
        CHECK(strncmp(d.err.subject, "s.t.v", 5) == 0);
        CHECK_EQ_U64(d.out.len, 0);
    }
    row[1] = enc_text("{1}");
    enc_insert(&d.e, 0, 1, row, 2);
    CHECK(drive_send(&d) == WW_OK);
    CHECK_SLICE(sj_get(drive_last_line(&d), "new"), "{\"k\":\"1\",\"v\":[1]}");
    drive_close(&d);
}

static void null_and_nul(void)
{
    static const uint8_t bytes[] = { 'a', 0, 'b' };
    ww_column value;
    drive d;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    CHECK_SLICE(render_value(&d, INT4, enc_null()), "null");
    value = enc_text("");
    value.value.ptr = bytes;
    value.value.len = 3;
    CHECK_SLICE(render_value(&d, TEXT, value), "\"a\\u0000b\"");
    CHECK_SLICE(render_value(&d, TEXT, enc_binary(bytes, 3)), "\"a\\u0000b\"");
    drive_close(&d);
}

/* For a terminal: also what reorders, joins or hides text. The same value, to who parses it. */
static void terminal(void)
{
    drive d;
    CHECK(drive_open(&d, "compact", DRIVE_TERMINAL) == WW_OK);
    CHECK_SLICE(render_value(&d, TEXT, enc_text("a\xE2\x80\xAE\xE2\x81\xA6\xEF\xBB\xBF\xD8\x9C")),
                "\"a\\u202e\\u2066\\ufeff\\u061c\"");
    CHECK_SLICE(render_value(&d, TEXT, enc_text("caf\xC3\xA9 \xF0\x9F\x90\x98 abcdefghijkl")),
                "\"caf\xC3\xA9 \xF0\x9F\x90\x98 abcdefghijkl\"");
    CHECK_SLICE(render_value(&d, JSON, enc_text("{\"\xE2\x80\xAE\":\"\x7F\"}")),
                "{\"\\u202e\":\"\\u007f\"}");
    drive_close(&d);
}

/* A numeric of 131,072 digits and a text of 8 MiB keep every byte. */
static void big_values(void)
{
    const size_t n = (size_t)8 << 20;
    uint8_t *text = malloc(n), *room = malloc(n + 2);
    ww_column value = enc_text("");
    drive d;
    size_t i;
    if (!CHECK(text != NULL && room != NULL))
        return;
    for (i = 0; i < n; i++)
        text[i] = (uint8_t)(i < 131072 ? '0' + i % 10 : i % 127);
    value.value.ptr = text;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    value.value.len = 131072;
    CHECK(sj_says(render_value(&d, NUMERIC, value), value.value, room));
    value.value.len = n;
    CHECK(sj_says(render_value(&d, TEXT, value), value.value, room));
    drive_close(&d);
    free(text);
    free(room);
}

int main(void)
{
    RUN(each_type);
    RUN(each_type_the_long_way);
    RUN(each_fault);
    RUN(each_place);
    RUN(binary_numerics);
    RUN(null_and_nul);
    RUN(terminal);
    RUN(big_values);
    return check_report();
}
