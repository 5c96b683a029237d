/* SPDX-License-Identifier: MIT */
/* golden.h: reads the golden cases in tests/golden: messages in hex, each followed by the event
 * that it gives.
 *
 *     # what this file is about
 *     case a row with a null
 *     options streaming
 *     in  42 00000000036ce3c0 000303c53efaa0e5 00000386
 *     out BEGIN final_lsn=0/36CE3C0 commit_time=2026-11-21T10:03:50.185189 xid=902
 *
 * Options are binary, streaming, loose_order, defer_blocks, no_relations. A line that begins with
 * a space goes on with the hex of the line above. */
#ifndef WALWIRE_TESTS_DECODE_GOLDEN_H
#define WALWIRE_TESTS_DECODE_GOLDEN_H

#include <walwire/decode.h>

#include <stdio.h>

enum {
    GOLDEN_BINARY = 1,
    GOLDEN_STREAMING = 2,
    GOLDEN_LOOSE = 4,
    GOLDEN_DEFER = 8,
    GOLDEN_NO_RELATIONS = 16
};

#define GOLDEN_MESSAGES_MAX 64
#define GOLDEN_BYTES_MAX 65536

typedef struct golden_case {
    char name[200];
    unsigned options;
    int line; /* of "case" in the file */
    size_t count;
    struct {
        ww_slice bytes;
        char text[8192];
        int line;
    } messages[GOLDEN_MESSAGES_MAX];
    uint8_t bytes[GOLDEN_BYTES_MAX];
    size_t used;
} golden_case;

typedef struct golden_file {
    FILE *file;
    const char *path;
    char next[16384]; /* the line that begins what comes next */
    int line;
} golden_file;

/* Ends the program if the file cannot be read. */
void golden_open(golden_file *g, const char *path);
void golden_close(golden_file *g);
/* False at the end. Ends the program at a line that it does not understand. */
bool golden_next(golden_file *g, golden_case *c);

ww_decoder_options golden_decoder_options(unsigned options, ww_relcache *relations);

#endif
