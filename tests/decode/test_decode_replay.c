/* SPDX-License-Identifier: MIT */
/* test_decode_replay.c: how an assembler uses the decoder. Messages of stream blocks are checked
 * as they come, with a decoder that leaves the relation cache alone, and stored; at Stream Commit
 * a second decoder on the same cache decodes them again. */
#include "check.h"
#include "encode.h"

#include "event_text.h"

/* What the server sends, and what each message is when it arrives. Between the two blocks of
 * transaction 20, which gives the table a second column, a row of another transaction still has
 * one. */
static const struct {
    const char *hex, *event;
} script[] = {
    { "42 0000000000000100 0000000000000001 0000000a",
      "BEGIN final_lsn=0/100 commit_time=2000-01-01T00:00:00.000001 xid=10" },
    { "52 00000007 7300 7400 64 0001 01 696400 00000017 ffffffff",
      "RELATION s.t changed id=7 slot=0 version=1 serial=1 identity=d (id 23 key)" },
    { "43 00 0000000000000100 0000000000000110 0000000000000001",
      "COMMIT commit_lsn=0/100 end_lsn=0/110 commit_time=2000-01-01T00:00:00.000001" },
    { "53 00000014 01", "STREAM_START xid=20 first_segment" },
    { "52 00000014 00000007 7300 7400 64 0002 01 696400 00000017 ffffffff"
      "00 7600 00000019 ffffffff",
      "RELATION subxid=20 7 changed" },
    { "49 00000015 00000007 4e 0002 74 00000001 31 75",
      "INSERT subxid=21 7 new(\"1\", unchanged)" },
    { "45", "STREAM_STOP" },
    { "42 0000000000000120 0000000000000001 0000000b",
      "BEGIN final_lsn=0/120 commit_time=2000-01-01T00:00:00.000001 xid=11" },
    { "49 00000007 4e 0001 74 00000001 32", "INSERT s.t new(\"2\")" },
    { "43 00 0000000000000120 0000000000000130 0000000000000001",
      "COMMIT commit_lsn=0/120 end_lsn=0/130 commit_time=2000-01-01T00:00:00.000001" },
    { "53 00000014 00", "STREAM_START xid=20" },
    { "44 00000014 00000007 4b 0002 74 00000001 33 6e",
      "DELETE subxid=20 7 key(\"3\", null)" },
    { "54 00000014 00000001 00 00000007", "TRUNCATE subxid=20 7" },
    { "45", "STREAM_STOP" },
    { "63 00000014 00 0000000000000140 0000000000000150 0000000000000001",
      "STREAM_COMMIT xid=20 commit_lsn=0/140 end_lsn=0/150"
      " commit_time=2000-01-01T00:00:00.000001" },
};

static const char *const replayed[] = {
    "RELATION subxid=20 s.t changed id=7 slot=0 version=2 serial=2 identity=d (id 23 key, v 25)",
    "INSERT subxid=21 s.t new(\"1\", unchanged)",
    "DELETE subxid=20 s.t key(\"3\", null)",
    "TRUNCATE subxid=20 7",
};

#define SCRIPT_LENGTH (sizeof script / sizeof script[0])
#define REPLAYED_LENGTH (sizeof replayed / sizeof replayed[0])

static ww_decoder make_decoder(ww_relcache *relations, bool defer_blocks)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    ww_decoder d;
    o.relations = relations;
    o.streaming = true;
    o.defer_blocks = defer_blocks;
    ww_decoder_init(&d, &o);
    return d;
}

static void decode(ww_decoder *d, const enc *message, const char *want)
{
    static event_text text;
    ww_event ev;
    ww_error err;
    if (ww_decode(d, enc_slice(message), &ev, &err) == WW_OK)
        event_text_set(&text, &ev);
    else
        event_text_set_error(&text, &err);
    CHECK_TEXT(text.line, want);
}

static void stored_messages_are_decoded_at_commit(void)
{
    enc messages[SCRIPT_LENGTH] = { 0 };
    const enc *spool[SCRIPT_LENGTH];
    size_t i, stored = 0;
    bool block = false;
    ww_decoder arriving, replaying;
    ww_relcache *relations;
    check_alloc alloc;
    enc block_start = { 0 };

    check_alloc_init(&alloc, 0);
    relations = ww_relcache_open(&alloc.alloc, 0);
    arriving = make_decoder(relations, true);
    for (i = 0; i < SCRIPT_LENGTH; i++) {
        enc_hex(&messages[i], script[i].hex);
        decode(&arriving, &messages[i], script[i].event);
        if (messages[i].ptr[0] == 'S' || messages[i].ptr[0] == 'E')
            block = messages[i].ptr[0] == 'S';
        else if (block)
            spool[stored++] = &messages[i];
    }
    CHECK_EQ_U64(stored, REPLAYED_LENGTH);
    replaying = make_decoder(relations, false);
    enc_stream_start(&block_start, 20, true);
    decode(&replaying, &block_start, "STREAM_START xid=20 first_segment");
    for (i = 0; i < stored; i++)
        decode(&replaying, spool[i], replayed[i]);
    ww_relcache_close(relations);
    CHECK_EQ_U64(alloc.live_bytes, 0);
    for (i = 0; i < SCRIPT_LENGTH; i++)
        enc_free(&messages[i]);
    enc_free(&block_start);
}

int main(void)
{
    RUN(stored_messages_are_decoded_at_commit);
    return check_report();
}
