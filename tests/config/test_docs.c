/* SPDX-License-Identifier: MIT */
/* test_docs.c: docs/connection.md has a row for each keyword, with its variable. */
#include "check.h"

#include <walwire/config.h>

static char *read_page(void)
{
    FILE *f = fopen("../docs/connection.md", "rb");
    const size_t cap = 1 << 17;
    char *page = malloc(cap);
    if (f == NULL || page == NULL)
        abort();
    page[fread(page, 1, cap - 1, f)] = '\0';
    fclose(f);
    return page;
}

static void has_row(const char *page, const char *keyword, const char *env)
{
    char row[96];
    snprintf(row, sizeof row, "\n| %s | %s%s|", keyword, env, env[0] != '\0' ? " " : "");
    if (!CHECK(strstr(page, row) != NULL))
        fprintf(stderr, "    missing:%s\n", row);
}

static void every_keyword(void)
{
    char *page = read_page();
#define ROW(member, keyword, env) has_row(page, keyword, (env) != NULL ? (env) : "");
    WW_CONNINFO_MAP(ROW)
#undef ROW
    free(page);
}

int main(void)
{
    RUN(every_keyword);
    return check_report();
}
