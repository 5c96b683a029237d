/* SPDX-License-Identifier: MIT */
/* test_bytes.c: the sticky reader and its mirror, the writer. */
#include "base/reader.h"
#include "base/writer.h"
#include "check.h"

static const uint8_t message[] = {
    0xFE, 0x12, 0x34, 0x80, 0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
    'a', 'b', 0, 'x', 'y', 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE,
};

static void fields_come_in_wire_order(void)
{
    ww__reader r = ww__reader_of((ww_slice){ message, sizeof message });
    CHECK_EQ_U64(ww__u8(&r), 0xFE);
    CHECK_EQ_U64(ww__u16(&r), 0x1234);
    CHECK_EQ_U64(ww__i32(&r) + INT64_C(0x7FFFFFFF), 0);
    CHECK_EQ_U64(ww__u64(&r), UINT64_C(0x0102030405060708));
    CHECK_SLICE(ww__cstr(&r), "ab");
    CHECK_SLICE(ww__bytes(&r, 2), "xy");
    CHECK_EQ_U64(ww__left(&r), 8);
    CHECK(ww__time(&r).us == -2);
    CHECK(r.broken == NULL && ww__left(&r) == 0);
}

/* The same walk over every shorter message breaks, and stays inside. */
static void every_truncation_sticks(void)
{
    size_t len;
    for (len = 0; len < sizeof message; len++) {
        uint8_t *copy = malloc(len + 1);        /* the sanitizer sees a read past the end */
        ww__reader r;
        memcpy(copy, message, len);
        copy = realloc(copy, len > 0 ? len : 1);
        r = ww__reader_of((ww_slice){ copy, len });
        ww__u8(&r);
        ww__u16(&r);
        ww__i32(&r);
        ww__u64(&r);
        ww__cstr(&r);
        ww__bytes(&r, 2);
        ww__time(&r);
        CHECK(r.broken != NULL && r.broken_at >= r.start && r.broken_at <= r.end);
        CHECK_EQ_U64(ww__left(&r), 0);
        free(copy);
    }
}

static void the_first_broken_rule_sticks(void)
{
    ww__reader r = ww__reader_of((ww_slice){ message, 4 });
    ww_slice s;
    ww__u16(&r);
    ww__break(&r, "first", 1);
    ww__break(&r, "second", 0);
    CHECK_TEXT(r.broken, "first");
    CHECK(r.broken_at == message + 1);
    CHECK_EQ_U64(ww__u8(&r), 0);
    CHECK_EQ_U64(ww__u16(&r), 0);
    CHECK_EQ_U64(ww__u32(&r), 0);
    CHECK_EQ_U64(ww__u64(&r), 0);
    s = ww__cstr(&r);
    CHECK_EQ_U64(s.len, 0);
    s = ww__bytes(&r, 1);
    CHECK_EQ_U64(s.len, 0);
    CHECK_TEXT(r.broken, "first");
}

static void strings_need_their_nul(void)
{
    ww__reader r = ww__reader_of(ww_slice_of("abc"));
    ww_slice s = ww__cstr(&r);
    CHECK_EQ_U64(s.len, 0);
    CHECK(r.broken != NULL && r.broken_at == r.start);
    r = ww__reader_of((ww_slice){ (const uint8_t *)"\0\0", 2 });
    s = ww__cstr(&r);
    CHECK(s.len == 0 && r.broken == NULL && ww__left(&r) == 1);
}

static void nothing_can_be_read_too(void)
{
    ww__reader r = ww__reader_of((ww_slice){ NULL, 0 });
    ww_slice s = ww__bytes(&r, 0);
    CHECK(s.len == 0 && r.broken == NULL);
    s = ww__bytes(&r, SIZE_MAX);                /* a wire length never overflows the check */
    CHECK(s.len == 0 && r.broken != NULL && r.broken_at == r.start);
}

static void writer_mirrors_the_reader(void)
{
    uint8_t out[sizeof message];
    ww__writer w = ww__writer_of(out, sizeof out);
    ww__put_u8(&w, 0xFE);
    ww__put_u16(&w, 0x1234);
    ww__put_u32(&w, 0x80000001);
    ww__put_u64(&w, UINT64_C(0x0102030405060708));
    ww__put_cstr(&w, "ab");
    ww__put_slice(&w, ww_slice_of("xy"));
    ww__put_slice(&w, (ww_slice){ NULL, 0 });
    ww__put_u64(&w, UINT64_MAX - 1);
    CHECK(!w.overflow);
    CHECK_EQ_U64(ww__written(&w), sizeof message);
    CHECK(memcmp(out, message, sizeof message) == 0);
}

static void overflow_sticks_and_writes_nothing(void)
{
    size_t cap;
    for (cap = 0; cap < 8; cap++) {
        uint8_t out[16];
        ww__writer w = ww__writer_of(out, cap);
        memset(out, 'Z', sizeof out);
        ww__put_u64(&w, 0);
        CHECK(w.overflow && ww__written(&w) == 0);
        ww__put_u8(&w, 0);                      /* would fit: but the message is lost already */
        CHECK(w.overflow && ww__written(&w) == 0 && out[0] == 'Z' && out[8] == 'Z');
    }
}

int main(void)
{
    RUN(fields_come_in_wire_order);
    RUN(every_truncation_sticks);
    RUN(the_first_broken_rule_sticks);
    RUN(strings_need_their_nul);
    RUN(nothing_can_be_read_too);
    RUN(writer_mirrors_the_reader);
    RUN(overflow_sticks_and_writes_nothing);
    return check_report();
}
