/* SPDX-License-Identifier: MIT */
/* test_decode_geometry.c: geometric values in both forms, as a server gave them, and as none does.
 */
#include "vector.h"

enum { POINT = 600, LSEG, PATH, BOX, POLYGON, LINE = 628, CIRCLE = 718 };

/* SELECT x, point_send(x) and so on: captured from a server 18. */
static const vector vectors[] = {
    {600, "(1.5,-2)", "3ff8000000000000c000000000000000"},
    {600, "(NaN,-Infinity)", "7ff8000000000000fff0000000000000"},
    {600, "(-0,1e-05)", "80000000000000003ee4f8b588e368f1"},
    {601, "[(1,2),(3,4)]", "3ff0000000000000400000000000000040080000000000004010000000000000"},
    {602, "((1,2),(3,4))",
     "01000000023ff0000000000000400000000000000040080000000000004010000000000000"},
    {602, "[(1,2),(3,4),(5e+20,0.1)]",
     "00000000033ff0000000000000400000000000000040080000000000004010000000000000443b1a"
     "e4d6e2ef503fb999999999999a"},
    {602, "((1,2))", "01000000013ff00000000000004000000000000000"},
    {603, "(3,4),(1,2)", "400800000000000040100000000000003ff00000000000004000000000000000"},
    {604, "((1,2),(3,4),(5,6))",
     "000000033ff000000000000040000000000000004008000000000000401000000000000040140000"
     "000000004018000000000000"},
    {604, "((0,0))", "0000000100000000000000000000000000000000"},
    {628, "{1,-1,0}", "3ff0000000000000bff00000000000000000000000000000"},
    {628, "{1e-05,-1,0.3}", "3ee4f8b588e368f1bff00000000000003fd3333333333333"},
    {718, "<(1,2),3>", "3ff000000000000040000000000000004008000000000000"},
    {718, "<(0.1,-0),Infinity>", "3fb999999999999a80000000000000007ff0000000000000"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static ww_geometry open_geometry(uint32_t oid, ww_column_kind form, ww_slice bytes)
{
    ww_value v = vector_value(oid, form, bytes);
    ww_geometry g;
    memset(&g, 0, sizeof g);
    CHECK(ww_value_geometry(&v, &g, NULL) == WW_OK);
    return g;
}

/* The same numbers from both forms, as many as announced. */
static void check_numbers(const vector *x)
{
    ww_slice binary = vector_binary(x);
    ww_geometry a = open_geometry(x->oid, WW_COLUMN_BINARY, binary);
    ww_geometry b = open_geometry(x->oid, WW_COLUMN_TEXT, ww_slice_of(x->text));
    double p = 0, q = 0;
    uint32_t n = 0;
    CHECK_EQ_U64(a.count, b.count);
    CHECK(a.closed == b.closed);
    while (ww_geometry_next(&a, &p)) {
        CHECK(ww_geometry_next(&b, &q));
        CHECK(memcmp(&p, &q, sizeof p) == 0 || p != p);
        n++;
    }
    CHECK(!ww_geometry_next(&b, &q));
    CHECK_EQ_U64(n, b.count);
    vector_free(binary);
}

static void both_forms(void)
{
    size_t i;
    for (i = 0; i < COUNT(vectors); i++) {
        vector_check(&vectors[i]);
        check_numbers(&vectors[i]);
    }
}

static void getter(void)
{
    ww_geometry g = open_geometry(PATH, WW_COLUMN_TEXT, ww_slice_of("[(1,2),(3,-4.5e-10)]"));
    ww_value v = vector_value(25, WW_COLUMN_TEXT, ww_slice_of("(1,2)"));
    double d = 0;
    CHECK_EQ_U64(g.count, 4);
    CHECK(!g.closed);
    CHECK(ww_geometry_next(&g, &d) && d == 1.0);
    CHECK(ww_geometry_next(&g, &d) && d == 2.0);
    CHECK(ww_geometry_next(&g, &d) && d == 3.0);
    CHECK(ww_geometry_next(&g, &d) && d == -4.5e-10);
    CHECK(!ww_geometry_next(&g, &d) && d == -4.5e-10);
    CHECK(open_geometry(PATH, WW_COLUMN_TEXT, ww_slice_of("((1,2))")).closed);
    CHECK(ww_value_geometry(&v, &g, NULL) == WW_ERR_USAGE);
}

/* Every beginning of a value, and a value with something behind it. */
static void cut_texts(void)
{
    char room[128];
    size_t i;
    for (i = 0; i < COUNT(vectors); i++) {
        ww_slice s = ww_slice_of(vectors[i].text);
        size_t len = s.len;
        for (s.len = 0; s.len < len; s.len++)
            CHECK(vector_refused(vectors[i].oid, WW_COLUMN_TEXT, s) ||
                  (vectors[i].oid == POINT && s.len == len));
        snprintf(room, sizeof room, "%s,", vectors[i].text);
        CHECK(vector_refused(vectors[i].oid, WW_COLUMN_TEXT, ww_slice_of(room)));
    }
}

static void refused(void)
{
    static const struct {
        uint32_t oid;
        const char *text;
    } texts[] = {{POINT, "1,2"},
                 {POINT, "(1, 2)"},
                 {POINT, "(1,2,3)"},
                 {POINT, "(,2)"},
                 {POINT, "(1,x)"},
                 {POINT, "(1,1e400)"},
                 {POINT, "{1,2}"},
                 {LSEG, "((1,2),(3,4))"},
                 {LSEG, "[(1,2)]"},
                 {PATH, "()"},
                 {PATH, "[]"},
                 {PATH, "((1,2),(3,4)]"},
                 {PATH, "[(1,2),(3,4))"},
                 {PATH, "((1,2),)"},
                 {POLYGON, "[(1,2)]"},
                 {POLYGON, "(1,2)"},
                 {BOX, "((1,2),(3,4))"},
                 {BOX, "(1,2);(3,4)"},
                 {LINE, "{1,2}"},
                 {LINE, "[1,2,3]"},
                 {CIRCLE, "((1,2),3)"},
                 {CIRCLE, "<(1,2)>"},
                 {CIRCLE, "<1,2,3>"}};
    static const vector binaries[] = {
        {PATH, "closed by 2", "02000000013ff00000000000004000000000000000"},
        {PATH, "no point", "0100000000"},
        {PATH, "too many", "01ffffffff3ff00000000000004000000000000000"},
        {PATH, "too few",
         "01000000013ff000000000000040000000000000003ff00000000000004000000000000000"},
        {POLYGON, "no point", "00000000"},
        {POLYGON, "negative", "800000013ff00000000000004000000000000000"}};
    size_t i;
    for (i = 0; i < COUNT(texts); i++)
        if (!vector_refused(texts[i].oid, WW_COLUMN_TEXT, ww_slice_of(texts[i].text)))
            CHECK_TEXT(texts[i].text, "to be refused");
    for (i = 0; i < COUNT(binaries); i++) {
        ww_slice binary = vector_binary(&binaries[i]);
        if (!vector_refused(binaries[i].oid, WW_COLUMN_BINARY, binary))
            CHECK_TEXT(binaries[i].text, "to be refused");
        vector_free(binary);
    }
}

int main(void)
{
    RUN(both_forms);
    RUN(getter);
    RUN(cut_texts);
    RUN(refused);
    return check_report();
}
