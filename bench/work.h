/* SPDX-License-Identifier: MIT */
/* work.h: what is done with each message of a stream while it is measured: decode it, then look at
 * its columns, read them as typed values, or render the event in a format. */
#ifndef WALWIRE_BENCH_WORK_H
#define WALWIRE_BENCH_WORK_H

#include "check.h"
#include "streams.h"

#include <walwire/format.h>
#include <walwire/value.h>

typedef struct work {
    const stream *s;
    const char *mode;
    check_alloc memory; /* the library's only source of memory */
    ww_relcache *relations;
    ww_decoder decoder;
    ww_format *format;
    ww_event now; /* the open transaction: what the stream room fills in */
    ww_out out;
    uint8_t buffer[65536];
    uint64_t written; /* bytes handed over */
    uint64_t sum;     /* of something in each column, so that looking at it is not left out */
    size_t outside;   /* columns that do not lie in the message's bytes: copies */
    bool (*pass)(struct work *w, size_t from, size_t to);
} work;

/* The i-th mode: "decode", "columns", "values", then each format; NULL past the end. */
const char *work_mode(size_t i);
/* Opens what the mode needs and passes the head, then the body once. False: no such mode, or a
 * message that cannot be decoded or rendered. */
bool work_open(work *w, const stream *s, const char *mode);
void work_close(work *w);
/* The body, so many times. */
bool work_repeat(work *w, size_t times);

#endif
