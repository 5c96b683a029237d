/* SPDX-License-Identifier: MIT */
/* streams.h: what a server would send, made in memory or read from a file: the data sets that the
 * benchmarks decode. A stream is a head that describes its relations, sent once, and a body that
 * can be decoded again and again. */
#ifndef WALWIRE_BENCH_STREAMS_H
#define WALWIRE_BENCH_STREAMS_H

#include "encode.h"

typedef struct stream {
    const char *name;
    bool binary;
    enc bytes;      /* all messages, one behind the other */
    size_t *starts; /* where each begins; starts[count] is the end */
    size_t count, room;
    size_t head;    /* messages of the head */
    size_t changes; /* rows in the body */
} stream;

/* The i-th built-in data set's name; NULL past the end. */
const char *stream_name(size_t i);
/* Makes a built-in data set. False: there is none of this name. */
bool stream_make(stream *s, const char *name);
/* Inserts of `rows` rows with so many columns, into one relation after another; each transaction
 * has per_transaction of them. */
void stream_make_shaped(stream *s, unsigned relations, unsigned columns, size_t rows,
                        size_t per_transaction);
/* Reads captured frames: u32 big-endian length, then the CopyData payload; of those the 'w' are
 * taken. The head is what comes before the second transaction. False: no such file, or torn. */
bool stream_read(stream *s, const char *path, bool binary);
void stream_free(stream *s);

static inline ww_slice stream_message(const stream *s, size_t i)
{
    ww_slice message = {s->bytes.ptr + s->starts[i], s->starts[i + 1] - s->starts[i]};
    return message;
}

#endif
