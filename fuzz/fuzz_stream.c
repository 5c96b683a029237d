/* SPDX-License-Identifier: MIT */
/* fuzz_stream.c: the replication engine under two kinds of input, by the first byte.
 *
 *   even  a history of the simulated server (tests/stream/sim.h), each decision from a byte.
 *         Oracle: the acknowledgement model; what is not durable would be sent again.
 *   odd   a script: a length byte and as many bytes as one CopyData, or, from 0xF0 on, confirm a
 *         unit or all up to a position, permit, send a feedback, start again, hold. Oracle: flush
 *         never goes back, never passes what was heard of, and never reaches a unit that was
 *         handed out in order and not confirmed; what is told never passes what was permitted. */
#include "fuzz.h"
#include "stream/sim.h"

#include <walwire/stream.h>

enum { MAX_UNITS = 4096, STEPS = 2000 };

typedef struct script {
    ww_stream stream;
    ww_relcache *relations;
    uint8_t *input;
    ww_now now;
    ww_lsn heard, flush, reported, highest, permitted;
    struct {
        ww_lsn lsn;
        bool in_order, confirmed;
    } units[MAX_UNITS];
    size_t count;
    bool held, gated;
} script;

static void check(script *s)
{
    ww_lsn flush = ww_stream_flush(&s->stream);
    size_t i;
    REQUIRE_RULE(flush >= s->flush, "flush went back");
    REQUIRE_RULE(flush <= s->heard, "flush passed what was heard of");
    REQUIRE_RULE(!s->held || flush == s->flush, "flush moved though held");
    for (i = 0; i < s->count; i++)
        REQUIRE_RULE(s->units[i].confirmed || !s->units[i].in_order || s->units[i].lsn > flush,
                     "flush reached a unit that was not confirmed");
    s->flush = flush;
    s->held |= ww_stream_error(&s->stream)->status == WW_ERR_GAP;
}

static void take_events(script *s)
{
    ww_event ev;
    while (ww_stream_next(&s->stream, &ev) == WW_OK) {
        ww_lsn lsn = ww_event_unit_lsn(&ev);
        if (lsn == 0 || s->held || s->count == MAX_UNITS)
            continue;
        s->units[s->count].lsn = lsn;
        s->units[s->count].in_order = lsn > s->highest;
        s->units[s->count++].confirmed = false;
        if (lsn > s->highest)
            s->highest = lsn;
        check(s);
    }
}

static void feed(script *s, const uint8_t *bytes, size_t len)
{
    ww_slice copy_data = { NULL, len };
    ww_wal_msg msg;
    free(s->input);
    s->input = malloc(len + (len == 0)); /* of its own, so that whoever reads on is found */
    REQUIRE_RULE(s->input != NULL, "out of memory");
    memcpy(s->input, bytes, len);
    copy_data.ptr = s->input;
    if (ww_stream_input(&s->stream, copy_data, s->now, &msg) == WW_OK) {
        if (msg.kind != WW_WAL_OTHER && msg.end > s->heard)
            s->heard = msg.end;
        if (msg.kind == WW_WAL_DATA && msg.end == 0)
            s->heard = UINT64_MAX; /* such a header vouches for nothing */
        check(s);
        take_events(s);
    }
    check(s);
}

static void confirm(script *s, size_t pick)
{
    size_t i = s->count > 0 ? pick % s->count : 0;
    bool known = s->held || (s->count > 0 && !s->units[i].confirmed);
    ww_lsn lsn = s->count > 0 ? s->units[i].lsn : pick;
    ww_status status;
    if (s->count > 0 && s->units[i].confirmed)
        return;
    status = ww_stream_confirm(&s->stream, lsn, s->now, NULL);
    REQUIRE_RULE((status == WW_OK) == known, "confirm and its list disagree");
    for (i = 0; i < s->count; i++) /* of equal positions, the oldest is meant */
        if (s->units[i].lsn == lsn && !s->units[i].confirmed && status == WW_OK) {
            s->units[i].confirmed = true;
            break;
        }
    check(s);
}

static ww_lsn position(const script *s, size_t pick)
{
    return s->count > 0 ? s->units[pick % s->count].lsn + pick % 3 - 1 : pick;
}

static void confirm_through(script *s, ww_lsn lsn)
{
    ww_lsn limit = s->highest > s->flush ? s->highest : s->flush;
    ww_status status = ww_stream_confirm_through(&s->stream, lsn, s->now, NULL);
    size_t i;
    if (!s->held)
        REQUIRE_RULE((status == WW_OK) == (lsn <= limit), "a position beyond what was handed out");
    for (i = 0; i < s->count && status == WW_OK; i++)
        s->units[i].confirmed |= s->units[i].lsn <= lsn;
    check(s);
}

static void permit(script *s, ww_lsn lsn)
{
    if (lsn > s->permitted)
        s->permitted = lsn;
    ww_stream_permit(&s->stream, lsn, s->now);
    check(s);
}

/* What is open and not confirmed stays so; of the server's next words nothing is known. */
static void restart(script *s)
{
    ww_lsn from = ww_stream_restart_lsn(&s->stream);
    REQUIRE_RULE(from == 0 || (from >= s->highest && from >= s->flush), "starts again too early");
    ww_stream_restart(&s->stream, true, s->now, NULL);
    check(s);
}

static void feedback(script *s)
{
    ww_lsn want, flush = 0;
    size_t len, i;
    const uint8_t *p = ww_stream_send_buf(&s->stream, s->now, &len);
    REQUIRE_RULE((len == 34) == (s->now.mono_us >= ww_stream_deadline(&s->stream)),
                 "not by the deadline");
    if (len == 0)
        return;
    for (i = 9; i < 17; i++)
        flush = flush << 8 | p[i];
    want = s->gated && s->permitted < s->flush ? s->permitted : s->flush;
    REQUIRE_RULE(flush == 0 || flush == want, "a feedback with another flush");
    REQUIRE_RULE(flush >= s->reported, "a feedback went back");
    s->reported = flush;
    ww_stream_send_ack(&s->stream, s->now);
}

static void play(script *s, const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint8_t op = data[at++];
        size_t len = op < size - at ? op : size - at;
        s->now.mono_us += op;
        if (op < 0xF0) {
            feed(s, data + at, len);
            at += len;
        } else if (op < 0xF6) {
            confirm(s, at < size ? data[at++] : 0);
        } else if (op < 0xF7) {
            confirm_through(s, position(s, at < size ? data[at++] : 0));
        } else if (op < 0xF8) {
            permit(s, position(s, at < size ? data[at++] : 0));
        } else if (op == 0xFD) {
            restart(s);
        } else if (op < 0xFE) {
            s->now.mono_us += (ww_mono_us)(op - 0xF8) * 1000000;
            feedback(s);
        } else {
            ww_stream_hold(&s->stream);
            s->held = true;
        }
    }
}

static void run_script(const uint8_t *data, size_t size)
{
    ww_stream_config config = WW_STREAM_CONFIG_INIT;
    script *s = calloc(1, sizeof *s);
    REQUIRE_RULE(s != NULL, "out of memory");
    s->relations = ww_relcache_open(&fuzz_alloc, 1 << 20);
    config.alloc = &fuzz_alloc;
    config.relations = s->relations;
    config.binary = true;
    config.streaming = size > 0 && (data[0] & 1) != 0;
    config.max_unconfirmed = MAX_UNITS;
    config.gated = s->gated = size > 0 && (data[0] & 2) != 0;
    REQUIRE_RULE(ww_stream_init(&s->stream, &config, s->now, NULL) == WW_OK, "init");
    play(s, data + (size > 0), size - (size > 0));
    ww_stream_fini(&s->stream);
    ww_relcache_close(s->relations);
    free(s->input);
    free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sim_config config = { { NULL, 0, 0 }, WW_CONFIRM_EACH, false, STEPS, false, false };
    sim_result result;
    if (size == 0)
        return 0;
    if ((data[0] & 1) != 0) {
        run_script(data + 1, size - 1);
        return 0;
    }
    config.source.bytes = data + 1;
    config.source.len = size - 1;
    config.mode = (data[0] & 2) != 0 ? WW_CONFIRM_THROUGH : WW_CONFIRM_EACH;
    config.gated = (data[0] & 4) != 0;
    config.breaks = (data[0] & 8) != 0;
    config.assemble = (data[0] & 16) != 0;
    result = sim_run(&config);
    REQUIRE_RULE(result.failure == NULL, result.failure);
    return 0;
}
