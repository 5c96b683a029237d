/* SPDX-License-Identifier: MIT */
/* fuzz_decode.c: any sequence of pgoutput messages. Input: a byte of options, then each message
 * behind its length in two bytes; the length 0xffff is a reconnect. Oracle: what is decoded lies
 * inside its message and is encoded to the same bytes; a byte more or less is an error; a decoder
 * that checks neither order nor relations accepts all that a stricter one does, and sees the same;
 * errors lie inside the message. The seeds are the golden cases: test_decode_golden --corpus
 * DIRECTORY writes them. */
#include "decode/golden.h"
#include "decode/slices.h"
#include "encode.c" /* one target, one source file */
#include "fuzz.h"

#define RECONNECT 0xffff
#define RELATIONS_BYTES 512 /* few enough to reach the limit */

static enc encoded;

/* "pg_catalog" in full is what the empty string stands for: the event does not tell which it
 * was. */
static bool spells_pg_catalog(const ww_event *ev)
{
    size_t at = ev->subxid != 0 ? 9 : 5;
    return ev->kind == WW_EV_RELATION && ev->raw.ptr[at] != 0 &&
           ww_slice_equal(ev->relation->nspname, ww_slice_of("pg_catalog"));
}

static void demand_faithful(const ww_event *ev, ww_slice message)
{
    REQUIRE_RULE(event_inside(ev, message), "all slices lie inside the message");
    enc_clear(&encoded);
    if (!enc_event(&encoded, ev))
        REQUIRE_RULE(ev->kind == WW_EV_RELATION && ev->relation == NULL,
                     "all events can be encoded");
    else if (!spells_pg_catalog(ev))
        REQUIRE_RULE(ww_slice_equal(enc_slice(&encoded), message), "encode(decode(x)) == x");
}

static void demand_error(ww_status status, const ww_error *err, ww_slice message)
{
    REQUIRE_RULE(status == err->status, "the error says what was returned");
    REQUIRE_RULE(status == WW_ERR_DECODE || status == WW_ERR_LIMIT, "a known class of error");
    if (status != WW_ERR_DECODE)
        return;
    REQUIRE_RULE(err->what != NULL && err->offset <= message.len,
                 "the error lies inside the message");
    REQUIRE_RULE(message.len == 0 || (uint8_t)err->msg_type == message.ptr[0], "of that type");
}

/* Decoded by a copy of d, the message is an error if it ends a byte too early or too late. */
static void demand_exact(const ww_decoder *d, ww_slice message)
{
    uint8_t *longer = malloc(message.len + 1), *shorter = malloc(message.len);
    ww_slice more = { longer, message.len + 1 }, less = { shorter, message.len - 1 };
    ww_decoder copy = *d;
    ww_event ev;
    if (longer == NULL || shorter == NULL)
        abort();
    memcpy(longer, message.ptr, message.len);
    memcpy(shorter, message.ptr, message.len - 1);
    longer[message.len] = 0;
    REQUIRE_RULE(ww_decode(&copy, more, &ev, NULL) == WW_ERR_DECODE, "a byte too many is an error");
    copy = *d;
    REQUIRE_RULE(ww_decode(&copy, less, &ev, NULL) == WW_ERR_DECODE, "a byte too few is an error");
    free(longer);
    free(shorter);
}

typedef struct session {
    ww_relcache *relations;
    ww_decoder strict, loose;
} session;

static void start(session *s, unsigned options)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    o.relations = (options & GOLDEN_NO_RELATIONS) != 0 ? NULL : s->relations;
    o.binary = (options & GOLDEN_BINARY) != 0;
    o.streaming = (options & GOLDEN_STREAMING) != 0;
    o.defer_blocks = (options & GOLDEN_DEFER) != 0;
    o.loose_order = (options & GOLDEN_LOOSE) != 0;
    ww_decoder_init(&s->strict, &o);
    o.relations = NULL;
    o.loose_order = true;
    ww_decoder_init(&s->loose, &o);
}

/* False after an error, when a decoder must not be used further. */
static bool decode(session *s, ww_slice message)
{
    ww_event ev;
    ww_error err;
    ww_status status = ww_decode(&s->strict, message, &ev, &err);
    if (status != WW_OK) {
        demand_error(status, &err, message);
        return false;
    }
    demand_faithful(&ev, message);
    demand_exact(&s->loose, message);
    REQUIRE_RULE(ww_decode(&s->loose, message, &ev, &err) == WW_OK,
                 "the loose decoder accepts it too");
    demand_faithful(&ev, message);
    return true;
}

/* Decodes a message in a block of its own size, so that a byte read too far is found. */
static bool decode_copy(session *s, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    ww_slice message = { copy, len };
    bool ok;
    if (copy == NULL)
        abort();
    memcpy(copy, data, len);
    ok = decode(s, message);
    free(copy);
    return ok;
}

static void run(session *s, const uint8_t *data, size_t size)
{
    unsigned options = data[0];
    size_t at = 1, len;
    start(s, options);
    while (size - at >= 2) {
        len = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        if (len == RECONNECT) {
            ww_relcache_reset(s->relations);
            REQUIRE_RULE(ww_relcache_count(s->relations) == 0, "a reset leaves no relation");
            start(s, options);
            continue;
        }
        if (len > size - at)
            len = size - at;
        if (!decode_copy(s, data + at, len))
            return;
        at += len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    session s;
    if (size == 0)
        return 0;
    s.relations = ww_relcache_open(&fuzz_alloc, RELATIONS_BYTES);
    if (s.relations == NULL)
        abort();
    run(&s, data, size);
    ww_relcache_close(s.relations);
    return 0;
}
