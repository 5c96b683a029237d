/* SPDX-License-Identifier: MIT */
/* test_sink_marks.c: the queue of unit ends, against a list that forgets nothing. */
#include "check.h"
#include "sink/marks.h"

static ww__marks marks;

static void reset(void)
{
    memset(&marks, 0, sizeof marks);
}

static void takes_in_order(void)
{
    reset();
    ww__marks_add(&marks, 10, 100);
    ww__marks_add(&marks, 20, 200);
    ww__marks_add(&marks, 30, 300);
    CHECK_EQ_U64(ww__marks_take(&marks, 9).end_lsn, 0);
    CHECK_EQ_U64(ww__marks_take(&marks, 25).end_lsn, 200);
    CHECK_EQ_U64(marks.count, 1);
    CHECK_EQ_U64(ww__marks_take(&marks, 30).end_lsn, 300);
    CHECK_EQ_U64(marks.count, 0);
}

/* Units without bytes end where the one before ended: one mark stands for all. */
static void merges_equal_offsets(void)
{
    reset();
    ww__marks_add(&marks, 10, 100);
    ww__marks_add(&marks, 10, 110);
    CHECK_EQ_U64(marks.count, 1);
    CHECK_EQ_U64(ww__marks_take(&marks, 10).end_lsn, 110);
}

/* At the limit, and one past it: nothing may count as delivered before its own offset. */
static void never_early(void)
{
    uint64_t extra, i;
    for (extra = 0; extra < 3; extra++) {
        uint64_t n = WW__MARKS_MAX + extra;
        reset();
        for (i = 1; i <= n; i++)
            ww__marks_add(&marks, i * 10, i);
        CHECK_EQ_U64(marks.count, WW__MARKS_MAX);
        for (i = 1; i <= n; i++) {
            ww__mark taken = ww__marks_take(&marks, i * 10);
            CHECK(taken.end_lsn <= i);
            CHECK(extra > 0 || taken.end_lsn == i);
        }
        CHECK_EQ_U64(marks.count, 0);
    }
}

int main(void)
{
    RUN(takes_in_order);
    RUN(merges_equal_offsets);
    RUN(never_early);
    return check_report();
}
