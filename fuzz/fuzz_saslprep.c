/* SPDX-License-Identifier: MIT */
/* fuzz_saslprep.c: any password. Oracle: the answer does not depend on the size of the buffer, fits
 * the documented room, is the password itself or valid UTF-8, and preparing it again changes
 * nothing. tools/gen_scram_corpus.py writes the seeds. */
#include "base/utf8.h"
#include "fuzz.h"

#include <walwire/auth.h>

static bool is_utf8(ww_slice text)
{
    size_t at = 0;
    while (at < text.len) {
        uint32_t code;
        size_t n = ww__utf8_decode(text.ptr + at, text.len - at, &code);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

/* Prepares into a buffer of exactly cap bytes; the sanitizer watches its end. */
static ww_slice prepare(ww_slice password, size_t cap)
{
    uint8_t *out = malloc(cap + 1);
    uint8_t *exact = realloc(out, cap > 0 ? cap : 1);
    ww_slice answer;
    REQUIRE_RULE(exact != NULL, "memory");
    answer.ptr = exact;
    answer.len = ww_saslprep(password, exact, cap);
    return answer;
}

static void release(ww_slice answer)
{
    free((void *)(uintptr_t)answer.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ww_slice password = { data, size < 4000 ? size : 4000 };
    ww_slice answer = prepare(password, 18 * password.len + 16), other;
    REQUIRE_RULE(answer.len != SIZE_MAX, "the documented room is enough");
    REQUIRE_RULE(password.len == 0 || answer.len > 0, "no password becomes empty");
    REQUIRE_RULE(ww_slice_equal(answer, password) || (is_utf8(password) && is_utf8(answer)),
                 "the answer is the password itself, or UTF-8 from UTF-8");
    other = prepare(password, answer.len + 16);
    REQUIRE_RULE(ww_slice_equal(answer, other), "16 bytes more than the answer are enough");
    release(other);
    other = prepare(password, answer.len);
    REQUIRE_RULE(other.len == SIZE_MAX || ww_slice_equal(answer, other),
                 "never a part of the answer");
    release(other);
    if (answer.len > 0) {
        other = prepare(password, answer.len - 1);
        REQUIRE_RULE(other.len == SIZE_MAX, "never more than the buffer");
        release(other);
    }
    other = prepare(answer, 18 * answer.len + 16);
    REQUIRE_RULE(ww_slice_equal(answer, other), "preparing twice changes nothing");
    release(other);
    release(answer);
    return 0;
}
