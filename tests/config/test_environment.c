/* SPDX-License-Identifier: MIT */
/* test_environment.c: what is not written comes from the environment. */
#include "check.h"

#include <walwire/config.h>

typedef struct variable {
    const char *name;
    char value[40];
} variable;

static variable *environment; /* ends with a NULL name */

static char *get(const char *name)
{
    variable *v;
    for (v = environment; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v->value;
    return NULL;
}

static ww_status fill(ww_conninfo *c, check_alloc *a, const char *text, variable *variables,
                      ww_error *err)
{
    environment = variables;
    check_alloc_init(a, 0);
    ww_conninfo_init(c, &a->alloc);
    CHECK(ww_conninfo_parse(c, ww_slice_of(text), NULL) == WW_OK);
    return ww_conninfo_environment(c, get, err);
}

static void all_variables(void)
{
    variable all[] = {
#define ROW(member, keyword, env) { env != NULL ? env : "-", "<" keyword ">" },
        WW_CONNINFO_MAP(ROW)
#undef ROW
        { NULL, "" },
    };
    check_alloc a;
    ww_conninfo c;
    CHECK(fill(&c, &a, "user=me", all, NULL) == WW_OK);
    CHECK_TEXT(c.user, "me");
    CHECK(ww_conninfo_set(&c, "user", ww_slice_of("<user>"), NULL) == WW_OK);
#define SAME(member, keyword, env)                                                                 \
    if ((env) != NULL)                                                                             \
        CHECK_TEXT(c.member, "<" keyword ">");                                                     \
    else                                                                                           \
        CHECK(c.member == NULL);
    WW_CONNINFO_MAP(SAME)
#undef SAME
    ww_conninfo_fini(&c);
    CHECK_EQ_U64(a.live_bytes, 0);
}

static void empty_values(void)
{
    variable some[] = {
        { "PGUSER", "" }, { "PGHOST", "envhost" }, { "PGPASSWORD", "" }, { "PGPORT", "" },
        { "PGSSLROOTCERT", "" }, { "PGDATABASE", "envdb" }, { "PGSSLMODE", "" }, { NULL, "" },
    };
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    CHECK(fill(&c, &a, "host='' dbname=x", some, NULL) == WW_OK);
    CHECK(c.host == NULL); /* written as empty: not from the environment either */
    CHECK(c.user == NULL && c.password == NULL && c.port == NULL && c.sslrootcert == NULL);
    CHECK_TEXT(c.dbname, "x");
    CHECK_TEXT(c.sslmode, "");
    CHECK(ww_conninfo_check(&c, &err) == WW_ERR_USAGE);
    ww_conninfo_fini(&c);
    CHECK_EQ_U64(a.live_bytes, 0);
}

static void requiressl(void)
{
    variable on[] = { { "PGREQUIRESSL", "1" }, { NULL, "" } };
    variable off[] = { { "PGREQUIRESSL", "0" }, { NULL, "" } };
    variable both[] = { { "PGREQUIRESSL", "1" }, { "PGSSLMODE", "disable" }, { NULL, "" } };
    check_alloc a;
    ww_conninfo c;
    CHECK(fill(&c, &a, "", on, NULL) == WW_OK);
    CHECK_TEXT(c.sslmode, "require");
    ww_conninfo_fini(&c);
    CHECK(fill(&c, &a, "sslmode=allow", on, NULL) == WW_OK);
    CHECK_TEXT(c.sslmode, "allow");
    ww_conninfo_fini(&c);
    CHECK(fill(&c, &a, "", off, NULL) == WW_OK);
    CHECK(c.sslmode == NULL);
    ww_conninfo_fini(&c);
    CHECK(fill(&c, &a, "", both, NULL) == WW_OK);
    CHECK_TEXT(c.sslmode, "disable");
    ww_conninfo_fini(&c);
}

static void out_of_memory(void)
{
    variable some[] = { { "PGHOST", "h" }, { "PGUSER", "u" }, { "PGPASSWORD", "p" }, { NULL, "" } };
    ww_status st = WW_ERR_NOMEM;
    size_t n;
    environment = some;
    for (n = 1; st != WW_OK && n < 10; n++) {
        check_alloc a;
        ww_conninfo c;
        check_alloc_init(&a, n);
        ww_conninfo_init(&c, &a.alloc);
        st = ww_conninfo_environment(&c, get, NULL);
        CHECK(st == (n <= 3 ? WW_ERR_NOMEM : WW_OK));
        ww_conninfo_fini(&c);
        CHECK_EQ_U64(a.live_bytes, 0);
    }
    CHECK(st == WW_OK);
}

int main(void)
{
    RUN(all_variables);
    RUN(empty_values);
    RUN(requiressl);
    RUN(out_of_memory);
    return check_report();
}
