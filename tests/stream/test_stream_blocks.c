/* SPDX-License-Identifier: MIT */
/* Streamed transactions without a spool: handed out as they come, each seeing tables as its own
 * transaction has left them. */
#include "rig.h"

static void as_stream_events(void)
{
    rig r;
    rig_init(&r, false);
    block(&r, 7, true, 7, "a", "1");
    block(&r, 8, true, 8, NULL, "2");
    block(&r, 7, false, 9, NULL, "3");
    CHECK(roll_back(&r, 7, 9) == WW_MORE);
    CHECK(commit(&r, 7, 0x110) == WW_MORE);
    CHECK(roll_back(&r, 8, 8) == WW_MORE);
    LOG(&r, "S7 R1(a) I1(a)=1#1 E S8 I1(a)=2#1 E S7 I1(a)=3#2 E A7 c110 A8");
    block(&r, 10, true, 10, NULL, "4");
    prepare(&r, 10, 0x210);
    enc_commit_prepared(&r.l.f.message, 0x300, 0x310, 9, 10, "gid");
    log_wal(&r.l, 0x310);
    LOG(&r, "S10 I1(a)=4#1 E pgid210 Kgid310");
    CHECK_EQ_U64(r.l.f.s.counters.unknown_prepared, 0);
    CHECK_EQ_U64(ww_stream_open_streams(&r.l.f.s), 0);
    rig_fini(&r);
}

/* Inside its blocks a transaction's own definitions hold, outside those of all others. */
static void blocks_see_their_own_tables(void)
{
    rig r;
    rig_init(&r, false);
    ordinary(&r, 20, 0x110, "old", "1");
    block(&r, 7, true, 7, "new", "2");
    ordinary(&r, 21, 0x210, NULL, "3");
    block(&r, 7, false, 7, NULL, "4");
    LOG(&r, "B20 R1(old) I1(old)=1#1 C110 S7 R1(new) I1(new)=2#1 E B21 I1(old)=3#1 C210 "
            "S7 I1(new)=4#2 E");
    commit(&r, 7, 0x310);
    ordinary(&r, 22, 0x410, NULL, "5");
    LOG(&r, "c310 B22 I1(new)=5#1 C410");

    block(&r, 8, true, 8, "newer", "6"); /* rolled back */
    roll_back(&r, 8, 8);
    ordinary(&r, 23, 0x510, NULL, "7");
    LOG(&r, "S8 R1(newer) I1(newer)=6#1 E A8 B23 I1(new)=7#1 C510");

    block(&r, 9, true, 9, "new", "8"); /* rolled back to a savepoint */
    block(&r, 9, false, 10, "newer", "9");
    roll_back(&r, 9, 10);
    block(&r, 9, false, 9, "new", "10");
    commit(&r, 9, 0x610);
    ordinary(&r, 24, 0x710, NULL, "11");
    LOG(&r, "S9 R1(new) I1(new)=8#1 E S9 R1(newer) I1(newer)=9#2 E A9 S9 R1(new) I1(new)=10#3 E "
            "c610 B24 I1(new)=11#1 C710");

    block(&r, 30, true, 31, "gone", NULL); /* rolled back, and not said again */
    roll_back(&r, 30, 31);
    commit(&r, 30, 0x718);
    ordinary(&r, 32, 0x738, NULL, "x");
    LOG(&r, "S30 R1(gone) E A30 c718 B32 I1(new)=x#1 C738");

    block(&r, 33, true, 33, "kept", NULL); /* while what another sub-transaction did is not */
    roll_back(&r, 33, 34);
    commit(&r, 33, 0x748);
    ordinary(&r, 35, 0x768, NULL, "x");
    LOG(&r, "S33 R1(kept) E A33 c748 B35 I1(kept)=x#1 C768");

    start(&r, 36, true); /* twice in one block, and the same again */
    relation(&r, 36, 1, "first");
    relation(&r, 36, 1, "second");
    relation(&r, 36, 1, "second");
    stop(&r);
    ordinary(&r, 37, 0x778, NULL, "x");
    block(&r, 36, false, 36, NULL, "y");
    roll_back(&r, 36, 36);
    LOG(&r, "S36 R1(first) R1(second) R1(second) E B37 I1(kept)=x#1 C778 S36 I1(second)=y#1 E A36");

    start(&r, 38, true);
    relation(&r, 38, 1, "third");
    relation(&r, 38, 1, "third");
    stop(&r);
    roll_back(&r, 38, 38);
    ordinary(&r, 39, 0x788, NULL, "x");
    LOG(&r, "S38 R1(third) R1(third) E A38 B39 I1(kept)=x#1 C788");

    block(&r, 11, true, 11, "stale", "12"); /* others were told something newer */
    ordinary(&r, 25, 0x810, "fresh", "13");
    commit(&r, 11, 0x910);
    ordinary(&r, 26, 0xA10, NULL, "14");
    LOG(&r, "S11 R1(stale) I1(stale)=12#1 E B25 R1(fresh) I1(fresh)=13#1 C810 c910 "
            "B26 I1(fresh)=14#1 CA10");
    rig_fini(&r);
}

static void blocks_run_out_of_memory(void)
{
    size_t fail_at;
    for (fail_at = 1;; fail_at++) {
        rig r;
        bool done;
        rig_prepare(&r, false);
        r.l.f.alloc.calls = 0;
        r.l.f.alloc.fail_at = fail_at;
        done = busy(&r) == 20 && r.l.f.alloc.calls < fail_at;
        rig_fini(&r);
        if (done)
            break;
    }
    CHECK(fail_at > 60);
}

int main(void)
{
    RUN(as_stream_events);
    RUN(blocks_see_their_own_tables);
    RUN(blocks_run_out_of_memory);
    return check_report();
}
