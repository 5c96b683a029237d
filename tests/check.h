/* SPDX-License-Identifier: MIT */
/* check.h: the smallest test harness. A test program is a list of functions:
 *
 *     static void adds(void) { CHECK_EQ_U64(1 + 1, 2); }
 *     int main(void) { RUN(adds); return check_report(); }
 *
 * A failed check prints file, line and both values, and the program exits with 1 at the end. */
#ifndef WALWIRE_TESTS_CHECK_H
#define WALWIRE_TESTS_CHECK_H

#include <walwire/base.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned check_failures, check_count, check_tests;

static inline bool check_that(bool ok, const char *what, const char *file, int line)
{
    check_count++;
    if (!ok) {
        check_failures++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }
    return ok;
}

static inline bool check_u64(uint64_t got, uint64_t want, const char *what, const char *file,
                             int line)
{
    bool ok = check_that(got == want, what, file, line);
    if (!ok)
        fprintf(stderr, "    got %" PRIu64 " (0x%" PRIx64 "), want %" PRIu64 "\n", got, got, want);
    return ok;
}

static inline bool check_bytes(ww_slice got, ww_slice want, const char *what, const char *file,
                               int line)
{
    bool ok = check_that(ww_slice_equal(got, want), what, file, line);
    if (!ok)
        fprintf(stderr, "    got  (%zu) %.*s\n    want (%zu) %.*s\n", got.len, (int)got.len,
                (const char *)got.ptr, want.len, (int)want.len, (const char *)want.ptr);
    return ok;
}

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ_U64(got, want)                                                                    \
    check_u64((uint64_t)(got), (uint64_t)(want), #got " == " #want, __FILE__, __LINE__)
#define CHECK_SLICE(got, want_text)                                                                \
    check_bytes((got), ww_slice_of(want_text), #got, __FILE__, __LINE__)
#define CHECK_TEXT(got, want_text)                                                                 \
    check_bytes(ww_slice_of(got), ww_slice_of(want_text), #got, __FILE__, __LINE__)
#define RUN(test) (check_tests++, (test)())

static inline int check_report(void)
{
    printf("%u tests, %u checks, %u failed\n", check_tests, check_count, check_failures);
    return check_failures == 0 && check_count > 0 ? 0 : 1;
}

/* An allocator that counts, and whose n-th call fails: for out-of-memory torture. */
typedef struct check_alloc {
    ww_alloc alloc;
    size_t live_bytes, live_blocks, calls;
    size_t
        fail_at; /* the call (1 ..) that returns NULL; 0: none. Frees never fail and do not count */
} check_alloc;

static inline void *check_resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    check_alloc *a = ctx;
    void *p;
    if (new_size == 0) {
        if (old != NULL) {
            a->live_bytes -= old_size;
            a->live_blocks--;
        }
        free(old);
        return NULL;
    }
    if (++a->calls == a->fail_at)
        return NULL;
    p = malloc(new_size); /* always moves, so that a stale pointer is found */
    if (p == NULL)
        return NULL;
    if (old != NULL) {
        memcpy(p, old, old_size < new_size ? old_size : new_size);
        a->live_bytes -= old_size;
        a->live_blocks--;
        free(old);
    }
    a->live_bytes += new_size;
    a->live_blocks++;
    return p;
}

static inline void check_alloc_init(check_alloc *a, size_t fail_at)
{
    memset(a, 0, sizeof *a);
    a->alloc.ctx = a;
    a->alloc.resize = check_resize;
    a->fail_at = fail_at;
}

#endif
