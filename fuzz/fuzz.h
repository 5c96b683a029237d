/* SPDX-License-Identifier: MIT */
/* fuzz.h: what every target has: its entry, its oracle's way to fail, and memory. */
#ifndef WALWIRE_FUZZ_H
#define WALWIRE_FUZZ_H

#include <walwire/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule of the oracle, in C or in words: a finding if it is broken. */
#define REQUIRE(condition) fuzz_require((condition), #condition, __FILE__, __LINE__)
#define REQUIRE_RULE(condition, rule) fuzz_require((condition), (rule), __FILE__, __LINE__)

static inline void fuzz_require(bool holds, const char *rule, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, rule);
        abort();
    }
}

static inline void *fuzz_resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx, (void)old_size;
    if (new_size > 0)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

static const ww_alloc fuzz_alloc = {NULL, fuzz_resize};

#endif
