/* SPDX-License-Identifier: MIT */
/* The JSON checker against documents that are known good or bad (the cases of RFC 8259 and of
 * what PostgreSQL's json type takes), against the strict reader on mutated documents, and what
 * splicing keeps. */
#include "check.h"
#include "strictjson.h"

#include "format/json.h"

static const char *const good[] = {
    "{}", "[]", "\"\"", "0", "-0", "true", "false", "null", " [ ] ", "\t\r\n {}\n", "[1,2]",
    "{\"a\":{\"b\":[{}]}}", "[[],[],{}]", "1.0", "-1.5e-10", "1E+2", "0.0001",
    "123456789012345678901234567890", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"", "\"\\u0000\"",
    "\"\\uD834\\udd1e\"", "[\"a\",null,true]", "{\"\":0}", "{\"a\":1,\"a\":1}", "\"\x7F\"",
    "\"\xC3\xA9\"", "[1 , 2 ]", "{\"a\" : 1 }",
};

static const char *const bad[] = {
    "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "{,}", "{\"a\"}", "{\"a\":}",
    "{\"a\":1,}", "{\"a\" 1}", "{1:1}", "{a:1}", "{'a':1}", "[1}", "{\"a\":1]", "1 2", "[] []",
    "{}{}", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\uD834\"",
    "\"\\uD834x\"", "\"\\uD834\\u0041\"", "\"\\uDD1E\"", "\"\\uD834\\uD834\"", "\"\n\"", "\"\t\"",
    "\"\x01\"", "01", "-", "-01", "+1", ".5", "1.", "1.e5", "1e", "1e+", "0x10", "1a", "NaN",
    "Infinity", "-Infinity", "tru", "truee", "True", "nul", "nulll", "\xEF\xBB\xBF{}", "[1]//",
    "/**/1", "\"a\"\"b\"", "[1 2]", "{\"a\":1 \"b\":2}", "\f1", "\v1", "[\"\"", "[\"\",",
    "{\"a\":\"", "\"\\", "\"\\u", "[1,[2,[3]]", "}{", "][",
};

static void known_documents(void)
{
    size_t i;
    for (i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!CHECK(ww__json_check(ww_slice_of(good[i]))) || !CHECK(sj_valid(ww_slice_of(good[i]))))
            fprintf(stderr, "    %s\n", good[i]);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK(!ww__json_check(ww_slice_of(bad[i]))) || !CHECK(!sj_valid(ww_slice_of(bad[i]))))
            fprintf(stderr, "    %s\n", bad[i]);
}

/* n containers, the innermost empty; every third one an object. */
static ww_slice nested(uint8_t *room, size_t n)
{
    ww_slice s = { room, 0 };
    size_t i;
    for (i = 0; i < n; i++) {
        bool object = i % 3 == 2;
        room[s.len++] = object ? '{' : '[';
        if (object && i + 1 < n) {
            memcpy(room + s.len, "\"a\":", 4);
            s.len += 4;
        }
    }
    for (i = n; i > 0; i--)
        room[s.len++] = (i - 1) % 3 == 2 ? '}' : ']';
    return s;
}

static void depth(void)
{
    static uint8_t room[1 << 16];
    size_t n;
    for (n = 1; n <= 600; n++)
        CHECK(ww__json_check(nested(room, n)) == (n <= 512));
    memset(room, '[', sizeof room);
    CHECK(!ww__json_check((ww_slice){ room, sizeof room }));
    memset(room, '[', 512);
    room[512] = '1';
    memset(room + 513, ']', 512);
    CHECK(ww__json_check((ww_slice){ room, 1025 }));
}

/* Changed bytes: the checker and the strict reader agree. */
static void mutations(void)
{
    static const char bytes[] = "{}[]\",:\\/ \n01.-+eEtfnu\x01\x1F" "aA";
    uint8_t room[80];
    size_t i, at, b, count = 0;
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        size_t n = strlen(good[i]);
        for (at = 0; at < n; at++) {
            for (b = 0; b < sizeof bytes; b++) {
                ww_slice s = { room, n };
                memcpy(room, good[i], n);
                room[at] = (uint8_t)bytes[b];
                if (!sj_utf8_valid(s))
                    continue;
                CHECK(ww__json_check(s) == sj_valid(s));
                s.len = at; /* and cut off there */
                CHECK(ww__json_check(s) == sj_valid(s));
                count++;
            }
        }
    }
    CHECK(count > 5000);
}

static void numbers(void)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        { "0", 1 }, { "-0", 2 }, { "10", 2 }, { "1.5", 3 }, { "1e5", 3 }, { "1e+5", 4 },
        { "1E-5x", 4 }, { "", 0 }, { "-", 0 }, { "x", 0 }, { "01", 0 }, { "1.", 0 }, { "1.x", 0 },
        { "1e", 0 }, { "1ex", 0 }, { "1,2", 1 }, { "--1", 0 },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_EQ_U64(ww__json_number(ww_slice_of(cases[i].text)), cases[i].len);
}

/* Members, values and strings of what is spliced are those of the document. */
static void splice_keeps_meaning(void)
{
    static const char document[] =
        "{\n\t\"k\x7F\" : [ 1.50,\r\n \"l\xC2\x85\xE2\x80\xA9\" ],\n\"m\":{ } }";
    static const ww__policy policy;
    uint8_t buffer[200];
    ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, NULL, NULL, 0 };
    ww_slice s = { buffer, 0 };
    ww__json_splice(&out, &policy, ww_slice_of(document));
    s.len = out.len;
    CHECK_SLICE(s, "{\"k\\u007f\" : [ 1.50, \"l\\u0085\\u2029\" ],\"m\":{ } }");
    CHECK(sj_valid(s));
}

static void utf8(void)
{
    static const char *const valid[] = {
        "", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
    };
    static const char *const invalid[] = {
        "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF",
        "\xED\xA0\x80", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFE", "\xFF", "abcdefgh\x80", "abcdefg\xC3",
        "\xC0\x80 and", "\xC1\xBF and", "\xE0\x80\x80 and", "\xE0\x9F\xBF and", "\xED\xA0\x80 and",
        "\xED\xBF\xBF and", "\xF0\x8F\xBF\xBF and", "\xF4\x90\x80\x80 and", "\xC3\xC3\xA9 and",
        "\xE2\x82 and", "\xE2\x28\xAC and",
    };
    size_t i;
    for (i = 0; i < sizeof valid / sizeof valid[0]; i++)
        CHECK(ww__utf8_check(ww_slice_of(valid[i])) && sj_utf8_valid(ww_slice_of(valid[i])));
    for (i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        CHECK(!ww__utf8_check(ww_slice_of(invalid[i])) && !sj_utf8_valid(ww_slice_of(invalid[i])));
}

/* RFC 4648, section 10. */
static void base64(void)
{
    static const char *const pairs[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
    };
    size_t i;
    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        uint8_t buffer[64];
        ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, NULL, NULL, 0 };
        ww_slice s = { buffer, 0 };
        ww__out_base64(&out, ww_slice_of(pairs[i][0]));
        s.len = out.len;
        CHECK_SLICE(s, pairs[i][1]);
    }
}

int main(void)
{
    RUN(known_documents);
    RUN(depth);
    RUN(mutations);
    RUN(numbers);
    RUN(splice_keeps_meaning);
    RUN(utf8);
    RUN(base64);
    return check_report();
}
