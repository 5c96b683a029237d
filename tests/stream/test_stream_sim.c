/* SPDX-License-Identifier: MIT */
/* Random histories of a simulated server against the acknowledgement model (sim.h). A failure
 * prints the seed; `test_stream_sim SEED [atgb]` plays that one again: a with
 * assembly, t confirming through, g gated, b with breaks. */
#include "check.h"
#include "sim.h"

static void play(const char *how, uint64_t first, uint64_t count)
{
    sim_result total = { 0 };
    sim_config config = { { NULL, 0, 0 }, WW_CONFIRM_EACH, false, 400, false, false };
    uint64_t seed;
    config.mode = strchr(how, 't') != NULL ? WW_CONFIRM_THROUGH : WW_CONFIRM_EACH;
    config.assemble = strchr(how, 'a') != NULL;
    config.gated = strchr(how, 'g') != NULL;
    config.breaks = strchr(how, 'b') != NULL;
    for (seed = first; seed < first + count; seed++) {
        sim_result r;
        config.source.seed = seed;
        r = sim_run(&config);
        CHECK(r.failure == NULL);
        if (r.failure != NULL)
            fprintf(stderr, "    seed %" PRIu64 ", step %u: %s\n", seed, r.step, r.failure);
        total.events += r.events;
        total.units += r.units;
        total.idle_advances += r.idle_advances;
        total.feedbacks += r.feedbacks;
        total.restarts += r.restarts;
        total.crashes += r.crashes;
    }
    printf("%-4s %" PRIu64 " events, %" PRIu64 " units, %" PRIu64 " idle advances, %" PRIu64
           " feedbacks, %" PRIu64 " restarts, %" PRIu64 " crashes\n", how, total.events,
           total.units, total.idle_advances, total.feedbacks, total.restarts, total.crashes);
    CHECK(count < 100 || (total.units > count * 20 && total.idle_advances > count));
    CHECK(count < 100 || !config.breaks || (total.restarts > count && total.crashes > count));
}

static void each_in_any_order(void)
{
    play("", 1, 400);
}

static void through(void)
{
    play("t", 1, 300);
}

static void assembled(void)
{
    play("a", 1, 1000);
    play("ta", 1, 300);
}

static void behind_a_gate(void)
{
    play("ag", 1, 400);
    play("tg", 1, 200);
}

static void broken_off_and_crashed(void)
{
    play("b", 1, 400);
    play("ab", 1, 600);
    play("atb", 1, 300);
    play("gb", 1, 600);
    play("agb", 1, 1000);
    play("atgb", 1, 300);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        play(argc > 2 ? argv[2] : "", strtoull(argv[1], NULL, 10), 1);
        return check_report();
    }
    RUN(each_in_any_order);
    RUN(through);
    RUN(assembled);
    RUN(behind_a_gate);
    RUN(broken_off_and_crashed);
    return check_report();
}
