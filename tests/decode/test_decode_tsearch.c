/* SPDX-License-Identifier: MIT */
/* test_decode_tsearch.c: tsvector and tsquery, binary to text: as a server wrote them, deep ones,
 * and what is none. */
#include "vector.h"

enum { TSVECTOR = 3614, TSQUERY = 3615 };

/* SELECT x, tsvectorsend(x) or tsquerysend(x): captured from a server 18. */
static const vector vectors[] = {
    {3614, "", "00000000"},
    {3614, "'a'", "0000000161000000"},
    {3614, "'a':1A,2,3B,16383C 'b':16383 'd e':4",
     "0000000361000004c001000280037fff620000013fff6420650000010004"},
    {3614, "'b\\\\s' 'it''s' '\303\244'", "00000003625c7300000069742773000000c3a4000000"},
    {3615, "", "00000000"},
    {3615, "'a'", "000000010100006100"},
    {3615, "!'a'", "0000000202010100006100"},
    {3615, "!!'a'", "00000003020102010100006100"},
    {3615, "'a' & 'b'", "00000003020201000062000100006100"},
    {3615, "'a' | 'b' & 'c'", "0000000502030202010000630001000062000100006100"},
    {3615, "( 'a' | 'b' ) & 'c'", "0000000502020100006300020301000062000100006100"},
    {3615, "'a' & ( 'b' | !'c' )", "00000006020202030201010000630001000062000100006100"},
    {3615, "!( 'a' & 'b' )", "000000040201020201000062000100006100"},
    {3615, "!( 'a' <-> 'b' )", "0000000402010204000101000062000100006100"},
    {3615, "!'a' <-> 'b'", "0000000402040001010000620002010100006100"},
    {3615, "'a' <-> 'b' <-> 'c'", "000000050204000101000063000204000101000062000100006100"},
    {3615, "'a' <-> ( 'b' <-> 'c' )", "000000050204000102040001010000630001000062000100006100"},
    {3615, "'a' <2> 'b' <0> 'c' <16384> 'd'",
     "000000070204400001000064000204000001000063000204000201000062000100006100"},
    {3615, "'a' <-> ( 'b' & 'c' )", "00000005020400010202010000630001000062000100006100"},
    {3615, "'a' <-> !( 'b' <-> 'c' )",
     "0000000602040001020102040001010000630001000062000100006100"},
    {3615, "'a' & 'b' & 'c'", "0000000502020202010000630001000062000100006100"},
    {3615, "'a' | 'b' | 'c' | 'd'", "000000070203020301000064000100006300020301000062000100006100"},
    {3615, "'a':* & 'b':AB & 'c':*D & 'd':ABCD",
     "000000070202010f006400020201010163000202010c0062000100016100"},
    {3615, "'it''s' & 'b\\\\s' <-> 'x y' | '\303\244:*'",
     "000000070203010000c3a43a2a0002020204000101000078207900010000625c7300010000697427"
     "7300"},
    {3615, "( 'a' & 'b' ) <-> ( 'c' | 'd' ) | !( ( 'e' | 'f' ) & !( 'g' <5> ( 'h' <-> 'i' ) ) )",
     "00000013020302010202020102040005020400010100006900010000680001000067000203010000"
     "6600010000650002040001020301000064000100006300020201000062000100006100"},
    {3615, "'a' <-> 'b' <-> ( 'c' <-> 'd' )",
     "000000070204000102040001010000640001000063000204000101000062000100006100"},
};

/* Captured likewise after COPY BINARY: distances beyond 16384 are taken, and wrap around. */
static const vector odd[] = {
    {TSQUERY, "'a' <-32768> ''", "0000000302048000010000000100006100"},
    {TSQUERY, "'a' <16385> ''", "0000000302044001010000000100006100"},
    {TSQUERY, "'a' <-1> ''", "000000030204ffff010000000100006100"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void server_texts(void)
{
    size_t i;
    for (i = 0; i < COUNT(vectors); i++)
        vector_check(&vectors[i]);
    for (i = 0; i < COUNT(odd); i++)
        vector_check(&odd[i]);
}

static void refused(void)
{
    static const vector values[] = {
        {TSVECTOR, "negative count", "ffffffff"},
        {TSVECTOR, "fewer items", "0000000261000000"},
        {TSVECTOR, "no NUL", "0000000161"},
        {TSVECTOR, "fewer positions", "00000001610000020001"},
        {TSQUERY, "negative count", "80000000"},
        {TSQUERY, "a huge count", "7fffffff0100006100"},
        {TSQUERY, "no operand", "000000010201"},
        {TSQUERY, "one operand of two", "0000000202020100006100"},
        {TSQUERY, "two operands without operator", "0000000201000061000100006200"},
        {TSQUERY, "operator behind its operands", "00000003010000610002020100006200"},
        {TSQUERY, "operator 5", "00000003020501000061000100006200"},
        {TSQUERY, "operator 0", "00000003020001000061000100006200"},
        {TSQUERY, "item of type 3", "000000010300006100"},
        {TSQUERY, "weight 16", "000000010110006100"},
        {TSQUERY, "prefix 2", "000000010100026100"}};
    size_t i;
    for (i = 0; i < COUNT(values); i++) {
        ww_slice binary = vector_binary(&values[i]);
        if (!vector_refused(values[i].oid, WW_COLUMN_BINARY, binary))
            CHECK_TEXT(values[i].text, "to be refused");
        vector_free(binary);
    }
}

/* ---- deep trees ----------------------------------------------------------------------------- */

typedef struct bytes {
    uint8_t *ptr;
    size_t len;
} bytes;

static void put(bytes *b, const char *literal, size_t n)
{
    memcpy(b->ptr + b->len, literal, n);
    b->len += n;
}

/* 'a' | 'a' | ...: `left` deep on the left; then !!! ...; then `right` deep on the right, and as
 * many lexemes as are needed. */
static bytes make_tree(uint32_t left, uint32_t nots, uint32_t right)
{
    uint32_t i, count = 2 * left + nots + 2 * right + 1;
    bytes b = {malloc(4 + 16 * (size_t)count), 4};
    if (b.ptr == NULL)
        abort();
    for (i = 0; i < 4; i++)
        b.ptr[i] = (uint8_t)(count >> (24 - 8 * i));
    for (i = 0; i < left; i++)
        put(&b, "\2\3\1\0\0a", 7);
    for (i = 0; i < nots; i++)
        put(&b, "\2\1", 2);
    for (i = 0; i < right; i++)
        put(&b, "\2\3", 2);
    for (i = 0; i <= right; i++)
        put(&b, "\1\0\0a", 5);
    return b;
}

static size_t text_length(uint32_t left, uint32_t nots, uint32_t right, const char *begins)
{
    bytes b = make_tree(left, nots, right);
    ww_slice s = {b.ptr, b.len}, text;
    ww_value v = vector_value(TSQUERY, WW_COLUMN_BINARY, s);
    size_t len = 0;
    text = vector_text(&v);
    if (text.ptr != NULL) {
        CHECK(memcmp(text.ptr, begins, strlen(begins)) == 0);
        len = text.len;
    }
    vector_free(text);
    free(b.ptr);
    return len;
}

/* Deep on the left: what the server's own stack allows. On the right: where it would cost more than
 * a multiple of the length. NOT: no limit, it needs no memory. */
static void deep(void)
{
    CHECK_EQ_U64(text_length(3, 0, 0, "'a' | 'a' | 'a' | 'a'"), 21);
    CHECK_EQ_U64(text_length(16384, 0, 0, "'a' | 'a'"), 16384 * 6 + 3);
    CHECK_EQ_U64(text_length(16385, 0, 0, ""), 0);
    CHECK_EQ_U64(text_length(0, 0, 255, "'a' | 'a'"), 255 * 6 + 3);
    CHECK_EQ_U64(text_length(0, 0, 256, ""), 0);
    CHECK_EQ_U64(text_length(0, 1000000, 0, "!!!!!!!!"), 1000003);
    CHECK_EQ_U64(text_length(10, 2, 10, "!!( 'a' | 'a'"), 20 * 6 + 3 + 2 + 4);
}

int main(void)
{
    RUN(server_texts);
    RUN(refused);
    RUN(deep);
    return check_report();
}
