/* SPDX-License-Identifier: MIT */
/* test_saslprep.c: ww_saslprep against the answers of a second implementation
 * (saslprep_vectors.txt, which says how it was made) and at every size of its buffer. */
#include "base/utf8.h"
#include "check.h"

#include <walwire/auth.h>

#define LINE_MAX_SIZE 2000u
#define LETTERS_MAX 200u

typedef struct vectors {
    uint32_t letters[LETTERS_MAX];
    size_t letter_count;
    unsigned singles, sweeps, randoms;
} vectors;

static size_t from_hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    unsigned byte;
    if (strcmp(text, "-") == 0)
        return 0;
    for (; *text != '\0'; text += 2) {
        char pair[3] = { text[0], text[1], '\0' };
        byte = (unsigned)strtoul(pair, NULL, 16);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

static uint64_t fnv(uint64_t hash, const uint8_t *bytes, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}

#define FNV_START UINT64_C(0xCBF29CE484222325)

static uint64_t add_answer(uint64_t hash, const uint8_t *password, size_t len)
{
    static const uint8_t separator = 0xFF;
    uint8_t out[2000];
    size_t n = ww_saslprep((ww_slice){ password, len }, out, sizeof out);
    return fnv(fnv(hash, out, n), &separator, 1);
}

/* The answer at every capacity: too small, or right; never a byte past the capacity. */
static void check_vector(ww_slice password, ww_slice want)
{
    uint8_t out[2000];
    size_t cap;
    for (cap = 0; cap <= want.len + 16; cap++) {
        size_t n;
        memset(out, 0xEE, sizeof out);
        n = ww_saslprep(password, out, cap);
        if (n == SIZE_MAX && cap < want.len + 16)
            continue;
        CHECK(cap >= want.len);
        check_bytes((ww_slice){ out, n }, want, "prepared password", __FILE__, __LINE__);
        CHECK(out[cap] == 0xEE && out[cap + 1] == 0xEE);
    }
}

static void run_vector(char *fields[])
{
    uint8_t in[LINE_MAX_SIZE], want[LINE_MAX_SIZE];
    size_t in_len = from_hex(fields[1], in), want_len = from_hex(fields[2], want);
    check_vector((ww_slice){ in, in_len }, (ww_slice){ want, want_len });
}

static void run_sweep(char *fields[])
{
    uint8_t before[16], after[16], password[40];
    size_t before_len = from_hex(fields[1], before), after_len = from_hex(fields[2], after);
    uint32_t code, limit = (uint32_t)strtoul(fields[3], NULL, 10);
    uint64_t hash = FNV_START;
    memcpy(password, before, before_len);
    for (code = 0; code < limit; code++) {
        size_t len = before_len;
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        len += ww__utf8_encode(code, password + len);
        memcpy(password + len, after, after_len);
        hash = add_answer(hash, password, len + after_len);
    }
    CHECK_EQ_U64(hash, strtoull(fields[4], NULL, 16));
}

static void run_letters(vectors *v, char *fields[])
{
    v->letter_count = 0;
    while (fields[v->letter_count + 1] != NULL) {
        v->letters[v->letter_count] = (uint32_t)strtoul(fields[v->letter_count + 1], NULL, 16);
        v->letter_count++;
    }
}

static uint32_t draw(uint32_t *state, size_t n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % (uint32_t)n;
}

static void run_random(const vectors *v, char *fields[])
{
    uint32_t state = (uint32_t)strtoul(fields[1], NULL, 10);
    unsigned long count = strtoul(fields[2], NULL, 10);
    uint64_t hash = FNV_START;
    while (count-- > 0) {
        uint8_t password[4 * 24];
        size_t len = 0, letters = 1 + draw(&state, 24);
        while (letters-- > 0)
            len += ww__utf8_encode(v->letters[draw(&state, v->letter_count)], password + len);
        hash = add_answer(hash, password, len);
    }
    CHECK_EQ_U64(hash, strtoull(fields[3], NULL, 16));
}

static void run_line(vectors *v, char *line)
{
    char *fields[LETTERS_MAX + 2];
    size_t n = 0;
    while (n < LETTERS_MAX + 1 && *line != '\0') {
        fields[n++] = line;
        line += strcspn(line, " \n");
        while (*line == ' ' || *line == '\n')
            *line++ = '\0';
    }
    fields[n] = NULL;
    if (strcmp(fields[0], "vector") == 0 && n == 3) {
        run_vector(fields);
        v->singles++;
    } else if (strcmp(fields[0], "sweep") == 0 && n == 5) {
        run_sweep(fields);
        v->sweeps++;
    } else if (strcmp(fields[0], "letters") == 0) {
        run_letters(v, fields);
    } else if (strcmp(fields[0], "random") == 0 && n == 4) {
        run_random(v, fields);
        v->randoms++;
    } else {
        CHECK(fields[0][0] == '#');
    }
}

static void agrees_with_the_second_implementation(void)
{
    vectors v = { { 0 }, 0, 0, 0, 0 };
    char line[LINE_MAX_SIZE];
    FILE *f = fopen("auth/saslprep_vectors.txt", "r");
    if (!CHECK(f != NULL))
        return;
    while (fgets(line, sizeof line, f) != NULL)
        run_line(&v, line);
    fclose(f);
    CHECK(v.singles >= 300 && v.sweeps == 5 && v.randoms == 6);
}

/* PROTOCOL 1.10, seen on a PostgreSQL 18 server. */
static void cases_seen_on_a_server(void)
{
    static const char *const cases[][2] = {
        { "\xe2\x85\xa8", "IX" },
        { "I\xc2\xadX", "IX" },
        { "a\xc2\xa0" "b", "a b" },
        { "\x07", "\x07" },
        { "\xd8\xa7" "1", "\xd8\xa7" "1" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "\xf0\x9f\x98\x80\xef\xbc\xa1", "\xf0\x9f\x98\x80\xef\xbc\xa1" },
        { "\xef\xbc\xa1", "A" },
        { "\xc2\xad", "\xc2\xad" },
        { "\xff", "\xff" },
        { "", "" },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_vector(ww_slice_of(cases[i][0]), ww_slice_of(cases[i][1]));
}

/* U+FDFA, the character that NFKC makes the longest of: 3 bytes to 33. */
static void the_worst_growth_fits_the_documented_room(void)
{
    uint8_t password[300], out[18 * sizeof password + 16];
    size_t i, n;
    for (i = 0; i < sizeof password; i += 3)
        memcpy(password + i, "\xef\xb7\xba", 3);
    n = ww_saslprep((ww_slice){ password, sizeof password }, out, sizeof out);
    CHECK_EQ_U64(n, 33 * sizeof password / 3);
}

/* Any bytes: the answer is the input itself or UTF-8, and preparing it again changes nothing. */
static void preparing_twice_changes_nothing(void)
{
    uint32_t state = 7;
    unsigned round, wrong = 0;
    for (round = 0; round < 20000; round++) {
        uint8_t in[24], once[18 * sizeof in + 16], twice[18 * sizeof once + 16];
        size_t len = draw(&state, sizeof in + 1), i, n, m;
        for (i = 0; i < len; i++)
            in[i] = (uint8_t)draw(&state, 256);
        n = ww_saslprep((ww_slice){ in, len }, once, sizeof once);
        m = ww_saslprep((ww_slice){ once, n }, twice, sizeof twice);
        wrong += n != m || memcmp(once, twice, n) != 0;
    }
    CHECK_EQ_U64(wrong, 0);
}

int main(void)
{
    RUN(agrees_with_the_second_implementation);
    RUN(cases_seen_on_a_server);
    RUN(the_worst_growth_fits_the_documented_room);
    RUN(preparing_twice_changes_nothing);
    return check_report();
}
