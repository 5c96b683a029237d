/* SPDX-License-Identifier: MIT */
/* bench_format.c: how many instructions a narrow insert takes, from message to line: two runs that
 * differ only in the number of rows, divided by the difference.
 *
 *     bench_format debezium|compact|... text|binary ROWS
 *     valgrind --tool=callgrind bench_format compact text 1000     (and again with 2000) */
#include "check.h"
#include "encode.h"

#include <walwire/format.h>

enum { INT4 = 23, INT8 = 20, TEXT = 25, BOOL = 16 };

static bool swallow(void *ctx, const uint8_t *bytes, size_t len)
{
    uint64_t *sum = ctx;
    *sum += bytes[0] + len;
    return true;
}

static void make_insert(enc *e, bool binary)
{
    static const uint8_t id[] = { 0, 0, 0, 0, 0, 1, 0xE2, 0x40 }, count[] = { 0, 0, 0, 42 };
    static const uint8_t paid[] = { 1 };
    ww_column text[] = { enc_text("123456"), enc_text("a short line of text"), enc_text("42"),
                         enc_text("t") };
    ww_column bin[] = { enc_binary(id, 8), enc_binary("a short line of text", 20),
                        enc_binary(count, 4), enc_binary(paid, 1) };
    enc_insert(e, 0, 1, binary ? bin : text, 4);
}

int main(int argc, char **argv)
{
    ww_relation_column columns[] = { enc_column("id", INT8, true), enc_column("note", TEXT, false),
                                     enc_column("n", INT4, false),
                                     enc_column("paid", BOOL, false) };
    static uint8_t buffer[65536];
    uint64_t sum = 0;
    ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, swallow, &sum, 0 };
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    check_alloc memory;
    ww_decoder d;
    ww_format *f;
    ww_event ev;
    enc e = { NULL, 0, 0 };
    long rows, i;
    if (argc != 4)
        return 2;
    check_alloc_init(&memory, 0);
    options.relations = ww_relcache_open(&memory.alloc, 0);
    options.binary = options.loose_order = true;
    ww_decoder_init(&d, &options);
    config.alloc = &memory.alloc;
    config.name = argv[1];
    config.database = "shop";
    if (ww_format_open(&f, &config, NULL) != WW_OK)
        return 2;
    enc_relation(&e, 0, 1, "public", "orders", 'd', columns, 4);
    if (ww_decode(&d, enc_slice(&e), &ev, NULL) != WW_OK ||
        ww_format_render(f, &ev, &out, NULL) != WW_OK)
        return 1;
    enc_clear(&e);
    make_insert(&e, strcmp(argv[2], "binary") == 0);
    rows = strtol(argv[3], NULL, 10);
    for (i = 0; i < rows; i++) {
        if (ww_decode(&d, enc_slice(&e), &ev, NULL) != WW_OK)
            return 1;
        ev.xid = 731;
        ev.final_lsn = 0x16B3748;
        ev.wal_lsn = 0x16B3000 + (ww_lsn)i;
        ev.sent_at.us = INT64_C(758629800500000) + i;
        if (ww_format_render(f, &ev, &out, NULL) != WW_OK)
            return 1;
    }
    printf("%.*s\n", (int)(out.len < 400 ? out.len : 400), (const char *)out.ptr);
    ww_format_close(f);
    ww_relcache_close(options.relations);
    enc_free(&e);
    return sum == 1;
}
