/* SPDX-License-Identifier: MIT */
/* fuzz_decode.c: any sequence of pgoutput messages. Input: a byte of options, then each message behind
 * its length in two bytes. Oracle: what is decoded lies inside its message and is encoded to the
 * same bytes; a byte more or less is an error; a decoder that checks neither order nor relations
 * accepts all that a stricter one does, and sees the same; errors lie inside the message. The seeds
 * are the golden cases: test_decode_golden --corpus DIRECTORY writes them. */
#include "decode/golden.h"
#include "decode/slices.h"
#include "encode.c" /* one target, one source file */

#define RELATIONS_BYTES 65536 /* few enough to reach the limit */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enc encoded;

static void demand(bool holds, const char *rule)
{
    if (!holds) {
        fprintf(stderr, "fuzz_decode: broken: %s\n", rule);
        abort();
    }
}

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size > 0)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

/* "pg_catalog" in full is what the empty string stands for: the event does not tell which it was. */
static bool spells_pg_catalog(const ww_event *ev)
{
    size_t at = ev->subxid != 0 ? 9 : 5;
    return ev->kind == WW_EV_RELATION && ev->raw.ptr[at] != 0 &&
           ww_slice_equal(ev->relation->nspname, ww_slice_of("pg_catalog"));
}

static void demand_faithful(const ww_event *ev, ww_slice message)
{
    demand(event_inside(ev, message), "all slices lie inside the message");
    enc_clear(&encoded);
    if (!enc_event(&encoded, ev))
        demand(ev->kind == WW_EV_RELATION && ev->relation == NULL, "all events can be encoded");
    else if (!spells_pg_catalog(ev))
        demand(ww_slice_equal(enc_slice(&encoded), message), "encode(decode(x)) == x");
}

static void demand_error(ww_status status, const ww_error *err, ww_slice message)
{
    demand(status == err->status, "the error says what was returned");
    demand(status == WW_ERR_DECODE || status == WW_ERR_LIMIT, "a known class of error");
    if (status != WW_ERR_DECODE)
        return;
    demand(err->what != NULL && err->offset <= message.len, "the error lies inside the message");
    demand(message.len == 0 || (uint8_t)err->msg_type == message.ptr[0], "of that type");
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
    demand(ww_decode(&copy, more, &ev, NULL) == WW_ERR_DECODE, "a byte too many is an error");
    copy = *d;
    demand(ww_decode(&copy, less, &ev, NULL) == WW_ERR_DECODE, "a byte too few is an error");
    free(longer);
    free(shorter);
}

/* False after an error, when a decoder must not be used further. */
static bool decode(ww_decoder *strict, ww_decoder *loose, ww_slice message)
{
    ww_event ev;
    ww_error err;
    ww_status status = ww_decode(strict, message, &ev, &err);
    if (status != WW_OK) {
        demand_error(status, &err, message);
        return false;
    }
    demand_faithful(&ev, message);
    demand_exact(loose, message);
    demand(ww_decode(loose, message, &ev, &err) == WW_OK, "the loose decoder accepts it too");
    demand_faithful(&ev, message);
    return true;
}

/* The next message in a block of its own size, so that a byte read too far is found. */
static bool decode_next(ww_decoder *strict, ww_decoder *loose, const uint8_t **data, size_t *size)
{
    size_t len;
    ww_slice message;
    uint8_t *copy;
    bool ok;
    if (*size < 2)
        return false;
    len = (size_t)(*data)[0] << 8 | (*data)[1];
    *data += 2;
    *size -= 2;
    if (len > *size)
        len = *size;
    copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, *data, len);
    message.ptr = copy;
    message.len = len;
    ok = decode(strict, loose, message);
    free(copy);
    *data += len;
    *size -= len;
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ww_alloc alloc = { NULL, resize };
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    ww_decoder strict, loose;
    ww_relcache *relations;
    if (size == 0)
        return 0;
    relations = ww_relcache_open(&alloc, RELATIONS_BYTES);
    if (relations == NULL)
        abort();
    o.relations = (data[0] & GOLDEN_NO_RELATIONS) != 0 ? NULL : relations;
    o.binary = (data[0] & GOLDEN_BINARY) != 0;
    o.streaming = (data[0] & GOLDEN_STREAMING) != 0;
    o.defer_blocks = (data[0] & GOLDEN_DEFER) != 0;
    o.loose_order = (data[0] & GOLDEN_LOOSE) != 0;
    ww_decoder_init(&strict, &o);
    o.relations = NULL;
    o.loose_order = true;
    ww_decoder_init(&loose, &o);
    data++;
    size--;
    while (decode_next(&strict, &loose, &data, &size))
        continue;
    ww_relcache_close(relations);
    return 0;
}
