/* SPDX-License-Identifier: MIT */
/* test_steady.c: once its relations are known, a stream takes no memory, whatever is done with it,
 * and columns are handed out where they lie in the message. That the library takes memory from
 * nowhere else is what tests/house/symbols.py shows. */
#include "work.h"

static work w;

static void repeat(const char *set, const char *mode)
{
    stream s;
    size_t calls;
    if (!CHECK(stream_make(&s, set)))
        return;
    if (!CHECK(work_open(&w, &s, mode)))
        fprintf(stderr, "    in %s, %s\n", set, mode);
    calls = w.memory.calls;
    CHECK(calls > 0);
    CHECK(work_repeat(&w, 3));
    if (!CHECK_EQ_U64(w.memory.calls, calls))
        fprintf(stderr, "    in %s, %s\n", set, mode);
    CHECK_EQ_U64(w.outside, 0);
    work_close(&w);
    CHECK_EQ_U64(w.memory.live_blocks, 0);
    stream_free(&s);
}

static void takes_no_memory(void)
{
    const char *set, *mode;
    size_t i, j;
    for (i = 0; (set = stream_name(i)) != NULL; i++)
        for (j = 0; (mode = work_mode(j)) != NULL; j++)
            repeat(set, mode);
}

/* The formats write something, and less than ten times what came. */
static void writes_lines(void)
{
    stream s;
    CHECK(stream_make(&s, "narrow"));
    CHECK(work_open(&w, &s, "compact"));
    CHECK(w.written + w.out.len > 100 * s.changes);
    CHECK(w.written + w.out.len < 10 * s.bytes.len);
    work_close(&w);
    stream_free(&s);
}

int main(void)
{
    RUN(takes_no_memory);
    RUN(writes_lines);
    return check_report();
}
