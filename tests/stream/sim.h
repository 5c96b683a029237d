/* SPDX-License-Identifier: MIT */
/* sim.h: a simulated walsender, a consumer, and the engine between them.
 *
 * Every decision (what commits, where keepalives fall, what is confirmed when, when a feedback goes
 * out) is taken from a number source: a generator with a seed, or the bytes of a fuzzer. After each
 * step the engine is held against what the server knows:
 *
 *   - a transaction that the consumer has not made durable is sent again after a crash, whatever
 *     was acknowledged: its commit record does not start before flush (SnapBuildXactNeedsSkip)
 *   - one that is durable and acknowledged is not
 *   - flush is the naive model's: the longest durable prefix, or the last keepalive seen outside a
 *     transaction when nothing is left to be confirmed
 *   - flush, and what feedbacks say, never go back, and never pass what the server has sent
 *   - the events are those that the server meant, in its order, each with transaction and place
 *
 * gated: positions are saved now and then, permission follows at once, later, or not at all.
 *   - what feedbacks say was saved before
 *
 * breaks: the stream is started again at any event, on a server that may have forgotten what it was
 * told, in the same engine or, after a crash, in a new one.
 *   - in the same engine nothing is missing and nothing comes twice
 *   - after a crash: gated, from the position saved last: all comes again but what that position
 *     says to be durable; else from what the server was told, or remembers: nothing is missing */
#ifndef WALWIRE_TESTS_STREAM_SIM_H
#define WALWIRE_TESTS_STREAM_SIM_H

#include <walwire/stream.h>

/* Where decisions come from: `bytes` until they are used up, or, where it is NULL, a generator. */
typedef struct sim_source {
    const uint8_t *bytes;
    size_t len;
    uint64_t seed;
} sim_source;

typedef struct sim_config {
    sim_source source;
    ww_confirm_mode mode;
    bool assemble;  /* with streamed transactions */
    unsigned steps; /* at most */
    bool gated, breaks;
} sim_config;

typedef struct sim_result {
    const char *failure; /* the invariant that was broken; NULL */
    unsigned step;       /* where */
    uint64_t events, units, idle_advances, feedbacks, restarts, crashes;
} sim_result;

/* Plays one history. */
sim_result sim_run(const sim_config *config);

#endif
