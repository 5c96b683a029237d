/* SPDX-License-Identifier: MIT */
/* fuzz_assemble.c: streamed transactions under two kinds of input, by the first byte.
 *
 *   even  a history of the simulated server (tests/stream/sim.h) with blocks, savepoints and DDL,
 *         each decision from a byte. Oracle: what the server meant, row by row with its definition.
 *   odd   a script: a length byte and as many bytes as one pgoutput message. Oracle: a naive model
 *         that keeps every message of every open transaction in a list, and at its end strikes out
 *         what was rolled back; what the engine hands out must be the rest, byte for byte, in
 *         order. */
#include "fuzz.h"
#include "stream/sim.h"
#include "stream/spool.h"

#include <walwire/stream.h>

enum { MAX_STREAMS = 8, MAX_MESSAGES = 256, MAX_ABORTS = 64, STEPS = 2000 };

/* ---- the naive model ------------------------------------------------------------------------ */

typedef struct naive_stream {
    uint32_t xid; /* 0: none */
    ww_slice messages[MAX_MESSAGES]; /* into the fuzzer's input */
    size_t count;
    uint32_t aborted[MAX_ABORTS];
    size_t aborted_at[MAX_ABORTS];
    size_t aborts;
} naive_stream;

typedef struct script {
    ww_stream stream;
    ww_relcache *relations;
    spool spool;
    uint8_t *input;
    ww_now now;
    ww_lsn lsn;
    naive_stream streams[MAX_STREAMS];
    naive_stream *block;
    bool overflow; /* more than the model holds: nothing can be said any more */
} script;

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static naive_stream *find(script *s, uint32_t xid)
{
    size_t i;
    for (i = 0; i < MAX_STREAMS; i++)
        if (s->streams[i].xid == xid)
            return &s->streams[i];
    return NULL;
}

static bool has_xid(ww_slice message)
{
    return message.ptr[0] != 'O' && message.ptr[0] != 'M';
}

static bool was_aborted(const naive_stream *n, size_t i, size_t abort)
{
    return has_xid(n->messages[i]) && load32(n->messages[i].ptr + 1) == n->aborted[abort];
}

/* A row is struck out if its sub-transaction is in the list; a message if it stands between a row
 * of one in the list and the abort. */
static bool is_struck_out(const naive_stream *n, size_t i)
{
    size_t abort, row;
    for (abort = 0; abort < n->aborts; abort++) {
        if (was_aborted(n, i, abort))
            return true;
        for (row = 0; n->messages[i].ptr[0] == 'M' && row < i; row++)
            if (was_aborted(n, row, abort) && i < n->aborted_at[abort])
                return true;
    }
    return false;
}

static void begin_block(script *s, ww_slice message)
{
    s->block = find(s, load32(message.ptr + 1));
    if (s->block == NULL)
        s->block = find(s, 0);
    if (s->block == NULL)
        s->overflow = true;
    else
        s->block->xid = load32(message.ptr + 1);
}

static void add_abort(script *s, ww_slice message)
{
    naive_stream *n = find(s, load32(message.ptr + 1));
    uint32_t subxid = load32(message.ptr + 5);
    if (n == NULL)
        return;
    if (n->xid == subxid) {
        memset(n, 0, sizeof *n);
    } else if (n->aborts == MAX_ABORTS) {
        s->overflow = true;
    } else {
        n->aborted[n->aborts] = subxid;
        n->aborted_at[n->aborts++] = n->count;
    }
}

static void add_message(script *s, ww_slice message)
{
    if (s->block->count == MAX_MESSAGES)
        s->overflow = true;
    else
        s->block->messages[s->block->count++] = message;
}

/* ---- the engine against it ------------------------------------------------------------------ */

static void check_end(script *s, ww_event *ev, naive_stream *n)
{
    int end = ev->kind == WW_EV_BEGIN ? WW_EV_COMMIT : WW_EV_PREPARE;
    uint64_t ordinal = 0;
    size_t i;
    for (i = 0; i < n->count; i++) {
        if (is_struck_out(n, i))
            continue;
        if (ww_stream_next(&s->stream, ev) != WW_OK)
            return; /* an error that only the replay can find */
        REQUIRE_RULE(ww_slice_equal(ev->raw, n->messages[i]), "another message than the model's");
        REQUIRE_RULE(ev->xid == n->xid && ev->subxid == 0, "not of this transaction");
        ordinal += strchr("IUDTM", ev->kind) != NULL;
        REQUIRE_RULE(ev->ordinal == (strchr("IUDTM", ev->kind) != NULL ? ordinal : 0), "ordinal");
    }
    do {
        if (ww_stream_next(&s->stream, ev) != WW_OK)
            return;
    } while (ev->kind == WW_EV_RELATION); /* put back */
    REQUIRE_RULE(ev->kind == end, "no end where the model has one");
    REQUIRE_RULE(ww_event_unit_lsn(ev) != 0, "an end that is no unit");
    REQUIRE_RULE(ww_stream_confirm(&s->stream, ww_event_unit_lsn(ev), s->now, NULL) == WW_OK,
                 "confirm");
}

static void take_end(script *s, ww_event *ev, ww_slice message)
{
    uint32_t xid = load32(message.ptr + (message.ptr[0] == 'c' ? 1 : 26));
    naive_stream *n = find(s, xid);
    REQUIRE_RULE(n != NULL, "a transaction came out that the model does not have");
    check_end(s, ev, n);
    memset(n, 0, sizeof *n);
}

static void take(script *s, ww_slice message)
{
    ww_event ev;
    ww_status status = ww_stream_next(&s->stream, &ev);
    if (status < 0)
        return;
    if (status == WW_OK && (message.ptr[0] == 'c' || message.ptr[0] == 'p')) {
        take_end(s, &ev, message);
        return;
    }
    REQUIRE_RULE(s->block == NULL || status == WW_MORE, "a block was handed out before its end");
    if (status == WW_OK && ww_event_unit_lsn(&ev) != 0)
        ww_stream_confirm(&s->stream, ww_event_unit_lsn(&ev), s->now, NULL);
    if (message.ptr[0] == 'S')
        begin_block(s, message);
    else if (message.ptr[0] == 'E')
        s->block = NULL;
    else if (message.ptr[0] == 'A')
        add_abort(s, message);
    else if (s->block != NULL)
        add_message(s, message);
}

static void put64(uint8_t *p, uint64_t v)
{
    int i;
    for (i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static void feed(script *s, ww_slice message)
{
    ww_slice copy_data = { NULL, 25 + message.len };
    free(s->input);
    s->input = calloc(1, copy_data.len);
    REQUIRE_RULE(s->input != NULL, "out of memory");
    s->input[0] = 'w';
    put64(s->input + 1, s->lsn);
    memcpy(s->input + 25, message.ptr, message.len);
    copy_data.ptr = s->input;
    if (ww_stream_input(&s->stream, copy_data, s->now, NULL) == WW_OK && message.len > 0)
        take(s, message);
}

static void run_script(const uint8_t *data, size_t size)
{
    ww_stream_config config = WW_STREAM_CONFIG_INIT;
    script *s = calloc(1, sizeof *s);
    size_t at = 0;
    REQUIRE_RULE(s != NULL, "out of memory");
    spool_init(&s->spool);
    s->relations = ww_relcache_open(&fuzz_alloc, 1 << 20);
    config.alloc = &fuzz_alloc;
    config.relations = s->relations;
    config.binary = config.streaming = true;
    config.spool = &s->spool.table;
    REQUIRE_RULE(ww_stream_init(&s->stream, &config, s->now, NULL) == WW_OK, "init");
    while (at < size && !s->overflow && ww_stream_error(&s->stream)->status == WW_OK) {
        ww_slice message = { data + at + 1, data[at] };
        if (message.len > size - at - 1)
            message.len = size - at - 1;
        feed(s, message);
        at += 1 + message.len;
    }
    ww_stream_fini(&s->stream);
    REQUIRE_RULE(s->spool.open == 0, "a transaction was left in the spool");
    ww_relcache_close(s->relations);
    free(s->spool.lent);
    free(s->input);
    free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sim_config config = { { NULL, 0, 0 }, WW_CONFIRM_EACH, true, STEPS, false, false };
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
    result = sim_run(&config);
    REQUIRE_RULE(result.failure == NULL, result.failure);
    return 0;
}
