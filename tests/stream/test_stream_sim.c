/* SPDX-License-Identifier: MIT */
/* Random histories of a simulated server against the acknowledgement model (sim.h). A failure
 * prints the seed; `test_stream_sim SEED [at]` plays that one again: a with
 * assembly, t confirming through. */
#include "check.h"
#include "sim.h"

static void play(ww_confirm_mode mode, bool assemble, uint64_t first, uint64_t count)
{
    sim_result total = { 0 };
    uint64_t seed;
    for (seed = first; seed < first + count; seed++) {
        sim_config config = { { NULL, 0, seed }, mode, assemble, 400 };
        sim_result r = sim_run(&config);
        CHECK(r.failure == NULL);
        if (r.failure != NULL)
            fprintf(stderr, "    seed %" PRIu64 ", step %u: %s\n", seed, r.step, r.failure);
        total.events += r.events;
        total.units += r.units;
        total.idle_advances += r.idle_advances;
        total.feedbacks += r.feedbacks;
    }
    printf("mode %d: %" PRIu64 " events, %" PRIu64 " units, %" PRIu64 " idle advances, %" PRIu64
           " feedbacks\n", (int)mode, total.events, total.units, total.idle_advances,
           total.feedbacks);
    CHECK(count < 100 || (total.units > count * 20 && total.idle_advances > count));
}

static void each_in_any_order(void)
{
    play(WW_CONFIRM_EACH, false, 1, 400);
}

static void through(void)
{
    play(WW_CONFIRM_THROUGH, false, 1, 300);
}

static void assembled(void)
{
    play(WW_CONFIRM_EACH, true, 1, 1000);
    play(WW_CONFIRM_THROUGH, true, 1, 300);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        play(argc > 2 && strchr(argv[2], 't') != NULL ? WW_CONFIRM_THROUGH : WW_CONFIRM_EACH,
             argc > 2 && strchr(argv[2], 'a') != NULL, strtoull(argv[1], NULL, 10), 1);
        return check_report();
    }
    RUN(each_in_any_order);
    RUN(through);
    RUN(assembled);
    return check_report();
}
