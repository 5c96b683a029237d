/* SPDX-License-Identifier: MIT */
/* test_client_spool.c: the spool against plain arrays: many transactions at once, records of every
 * size, with memory for all and with memory for almost none. */
#include "check.h"
#include "client/spool.h"

#include <sys/stat.h>
#include <unistd.h>

#define TXNS 7u
#define RECORDS 400u
#define BIG ((size_t)200 << 10)

static uint32_t seed;

static uint32_t next_random(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* The i-th record of transaction t: size and bytes follow from both, so that no copy is kept. */
static size_t record_size(unsigned t, unsigned i)
{
    static const size_t edges[] = {0, 1, 1019, 1020, 1021, 32763, 32764, 32765, 70000, BIG};
    uint32_t h = (t * 2654435761u) ^ (i * 40503u);
    return h % 13 == 0 ? edges[h / 13 % 10] : h % 300;
}

static void fill(unsigned t, unsigned i, uint8_t *to, size_t n)
{
    size_t k;
    for (k = 0; k < n; k++)
        to[k] = (uint8_t)(t * 31 + i * 7 + k);
}

static uint8_t buffer[BIG];

static void append_one(const ww_spool *s, void **txn, unsigned t, unsigned i)
{
    size_t n = record_size(t, i), head = n < 5 ? n : 5;
    ww_slice first = {buffer, head}, rest = {buffer + head, n - head};
    fill(t, i, buffer, n);
    CHECK_EQ_U64(s->append(s->ctx, txn, first, rest, NULL), WW_OK);
}

static void read_back(const ww_spool *s, void *txn, unsigned t, unsigned count)
{
    ww_slice record, want = {buffer, 0};
    unsigned i;
    for (i = 0; i < count; i++) {
        want.len = record_size(t, i);
        fill(t, i, buffer, want.len);
        if (!CHECK_EQ_U64(s->read(s->ctx, txn, &record, NULL), WW_OK) ||
            !CHECK(ww_slice_equal(record, want)))
            return;
    }
    CHECK_EQ_U64(s->read(s->ctx, txn, &record, NULL), WW_END);
}

/* Interleaved appends; then each is read whole, or dropped unread or half read. */
static void run(size_t memory, uint64_t *spilled)
{
    ww__spool *spool = ww__spool_open(memory, "/tmp", 0);
    const ww_spool *s = ww__spool_table(spool);
    void *txns[TXNS] = {0};
    unsigned counts[TXNS] = {0}, t, round;
    ww_slice record;
    for (round = 0; round < TXNS * RECORDS; round++) {
        t = next_random() % TXNS;
        append_one(s, &txns[t], t, counts[t]++);
    }
    s->drop(s->ctx, txns[0]);
    CHECK_EQ_U64(s->read(s->ctx, txns[1], &record, NULL), WW_OK);
    s->drop(s->ctx, txns[1]);
    txns[1] = NULL; /* its extents are used again */
    for (round = 0; round < RECORDS; round++)
        append_one(s, &txns[1], 1, round);
    read_back(s, txns[1], 1, RECORDS);
    for (t = 2; t < TXNS; t++) {
        read_back(s, txns[t], t, counts[t]);
        s->drop(s->ctx, txns[t]);
    }
    *spilled = ww__spool_spilled(spool);
    ww__spool_close(spool); /* txns[1] is still open: close frees it */
}

static void in_memory(void)
{
    uint64_t spilled;
    run((size_t)1 << 30, &spilled);
    CHECK_EQ_U64(spilled, 0);
}

static void in_a_file(void)
{
    static const size_t limits[] = {1, 1 << 10, 40 << 10, 100 << 10, 1 << 20, 6 << 20};
    size_t i;
    for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        uint64_t spilled;
        run(limits[i], &spilled);
        CHECK(spilled > 0);
    }
}

/* Exactly as many extents as allowed are fine; one more is the limit, and says which option raises
 * it. */
static void quota(void)
{
    uint64_t extents;
    static uint8_t block[32 << 10];
    for (extents = 1; extents <= 3; extents++) {
        ww__spool *spool = ww__spool_open(1, "/tmp", extents * sizeof block);
        const ww_spool *s = ww__spool_table(spool);
        ww_slice none = {block, 0}, body = {block, sizeof block - 4};
        void *txn = NULL;
        ww_error err;
        uint64_t done = 0;
        ww_status st;
        while ((st = s->append(s->ctx, &txn, none, body, &err)) == WW_OK && done < 100)
            done++;
        CHECK_EQ_U64(st, WW_ERR_LIMIT);
        CHECK(ww__spool_failed(spool));
        CHECK(done >= extents && done <= 2 * extents + 1);
        CHECK(strstr(err.subject, "--spill-limit") != NULL);
        ww__spool_close(spool);
    }
}

static void bad_directory(void)
{
    ww__spool *spool = ww__spool_open(1, "/nowhere/at/all", 0);
    const ww_spool *s = ww__spool_table(spool);
    ww_slice none = {buffer, 0}, body = {buffer, 5000};
    void *txn = NULL;
    ww_error err;
    ww_status st = WW_OK;
    unsigned i;
    for (i = 0; i < 3 && st == WW_OK; i++)
        st = s->append(s->ctx, &txn, none, body, &err);
    CHECK_EQ_U64(st, WW_ERR_USAGE);
    CHECK(strstr(err.subject, "/nowhere/at/all") != NULL &&
          strstr(err.hint, "--spill-dir") != NULL);
    CHECK(ww__spool_failed(spool));
    ww__spool_close(spool);
    CHECK_EQ_U64(ww__spool_check("/nowhere/at/all", &err), WW_ERR_USAGE);
    CHECK(strstr(err.subject, "/nowhere/at/all") != NULL);
    CHECK_EQ_U64(ww__spool_check("/tmp", &err), WW_OK);
}

int main(void)
{
    RUN(in_memory);
    RUN(in_a_file);
    RUN(quota);
    RUN(bad_directory);
    return check_report();
}
