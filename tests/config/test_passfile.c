/* SPDX-License-Identifier: MIT */
/* test_passfile.c: passwords found, and not found, in the text of a .pgpass file. */
#include "check.h"
#include "passfile_cases.h"

#include <walwire/config.h>

static size_t find(ww_slice file, const passfile_case *row, char *out, size_t cap)
{
    return ww_passfile_find(file, ww_slice_of(row->host), (uint16_t)row->port,
                            ww_slice_of(row->dbname), ww_slice_of(row->user), out, cap);
}

static void table(void)
{
    size_t i;
    for (i = 0; i < PASSFILE_CASE_COUNT; i++) {
        const passfile_case *row = &passfile_cases[i];
        const char *want = row->want != NULL ? row->want : "";
        char out[64] = "";
        unsigned before = check_failures;
        CHECK_EQ_U64(find(ww_slice_of(row->file), row, out, sizeof out), strlen(want));
        CHECK_TEXT(out, want);
        if (check_failures != before)
            fprintf(stderr, "    in: %s\n", row->file);
    }
}

/* Exactly as much room as is needed, and one byte less. */
static void room(void)
{
    size_t i, n;
    for (i = 0; i < PASSFILE_CASE_COUNT; i++) {
        const passfile_case *row = &passfile_cases[i];
        char out[64];
        if (row->want == NULL)
            continue;
        n = strlen(row->want);
        memset(out, '~', sizeof out);
        CHECK_EQ_U64(find(ww_slice_of(row->file), row, out, n + 1), n);
        CHECK(out[n] == '\0' && out[n + 1] == '~');
        memset(out, '~', sizeof out);
        CHECK(find(ww_slice_of(row->file), row, out, n) == SIZE_MAX);
        CHECK(out[n] == '~');
        CHECK(find(ww_slice_of(row->file), row, out, 0) == SIZE_MAX);
    }
}

/* A file cut short never gives more of a password than there was, nor reads on. */
static void truncated(void)
{
    static const char line[] = "h:5432:d:u:secret";
    passfile_case row = { NULL, "h", 5432, "d", "u", NULL, false };
    size_t n;
    for (n = 0; n < sizeof line; n++) {
        char *copy = malloc(n + 1);
        char out[64] = "";
        ww_slice file = { (const uint8_t *)copy, n };
        if (copy == NULL)
            abort();
        memcpy(copy, line, n);
        CHECK_EQ_U64(find(file, &row, out, sizeof out), n > 11 ? n - 11 : 0);
        free(copy);
    }
}

static void empty_names(void)
{
    ww_slice file = ww_slice_of("*:*:*:*:pw\n::::pw\n");
    ww_slice none = ww_slice_of(""), some = ww_slice_of("x");
    char out[8];
    CHECK_EQ_U64(ww_passfile_find(file, some, 1, none, some, out, sizeof out), 0);
    CHECK_EQ_U64(ww_passfile_find(file, some, 1, some, none, out, sizeof out), 0);
    CHECK_EQ_U64(ww_passfile_find(file, none, 1, some, some, out, sizeof out), 2);
}

static void nul_bytes(void)
{
    static const char with_nul[] = "h:5432:d:u:o\0ne\n\0\nh:5432:d:u:two\n";
    passfile_case row = { NULL, "h", 5432, "d", "u", NULL, false };
    ww_slice file = { (const uint8_t *)with_nul, sizeof with_nul - 1 };
    char out[64] = "";
    CHECK_EQ_U64(find(file, &row, out, sizeof out), 3);
    CHECK_TEXT(out, "two");
    file.len = 17;
    CHECK_EQ_U64(find(file, &row, out, sizeof out), 0);
}

/* One line of 10 MiB, and 10 MiB of short lines, before the one that matches. */
static void large(void)
{
    static const char match[] = "\nh:5432:d:u:pw\n";
    const size_t size = 10u << 20;
    char *text = malloc(size + sizeof match);
    passfile_case row = { NULL, "h", 5432, "d", "u", NULL, false };
    ww_slice file = { (const uint8_t *)text, size + sizeof match - 1 };
    char out[64] = "";
    size_t i;
    if (text == NULL)
        abort();
    memset(text, 'h', size);
    memcpy(text + size, match, sizeof match);
    CHECK_EQ_U64(find(file, &row, out, sizeof out), 2);
    for (i = 0; i < size; i++)
        text[i] = "h:5432:d:v:pw\n"[i % 14];
    CHECK_EQ_U64(find(file, &row, out, sizeof out), 2);
    memset(text, 'x', size);
    memcpy(text, "h:5432:d:u:", 11);
    CHECK(find(file, &row, out, sizeof out) == SIZE_MAX);
    memset(text, '\n', size);
    CHECK_EQ_U64(find(file, &row, out, sizeof out), 2);
    free(text);
}

int main(void)
{
    RUN(table);
    RUN(room);
    RUN(truncated);
    RUN(empty_names);
    RUN(nul_bytes);
    RUN(large);
    return check_report();
}
