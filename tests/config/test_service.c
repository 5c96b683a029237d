/* SPDX-License-Identifier: MIT */
/* test_service.c: service files: what a group means, what comes before it, how lines are refused.
 */
#include "check.h"
#include "service_cases.h"
#include "show.h"

#include <walwire/config.h>

static ww_status read_file(ww_conninfo *c, const char *file, bool *found, ww_error *err)
{
    return ww_conninfo_service(c, ww_slice_of(file), "F", found, err);
}

/* What the conninfo has besides its service, to be freed. */
static char *show_rest(ww_conninfo *c)
{
    char *service = c->service, *line;
    c->service = NULL;
    line = show_conninfo(c);
    c->service = service;
    return line;
}

static void check_case(const service_case *row)
{
    unsigned before = check_failures;
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    char *shown;
    bool found = true;
    ww_status st;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    ww_error_clear(&err);
    CHECK(ww_conninfo_set(&c, "service", ww_slice_of(row->service), NULL) == WW_OK);
    st = read_file(&c, row->file, &found, &err);
    shown = show_rest(&c);
    CHECK(st == (row->what == NULL ? WW_OK : WW_ERR_USAGE));
    CHECK_TEXT(shown, row->want != NULL ? row->want : "");
    if (row->what == NULL)
        CHECK(found == (row->want != NULL) && c.service_found == found);
    else
        CHECK(strstr(err.what, row->what) != NULL && !c.service_found);
    CHECK_TEXT(err.subject, row->subject != NULL ? row->subject : "");
    if (check_failures != before)
        fprintf(stderr, "    in: %.200s\n    said: %s: %s\n", row->file, err.what, err.subject);
    free(shown);
    ww_conninfo_fini(&c);
    CHECK_EQ_U64(a.live_bytes, 0);
}

static void table(void)
{
    size_t i;
    for (i = 0; i < SERVICE_CASE_COUNT; i++)
        check_case(&service_cases[i]);
}

static void nul_bytes(void)
{
    static const char text[] = "[s]\nhost=a\0b\n";
    static const char behind[] = "[s]\nhost=a\n[t]\nhost=a\0b\n";
    ww_slice file = {(const uint8_t *)text, sizeof text - 1};
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    bool found;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(ww_conninfo_parse(&c, ww_slice_of("service=s"), NULL) == WW_OK);
    CHECK(ww_conninfo_service(&c, file, "F", &found, &err) == WW_ERR_USAGE);
    CHECK_TEXT(err.subject, "F, line 2");
    file.ptr = (const uint8_t *)behind;
    file.len = sizeof behind - 1;
    CHECK(ww_conninfo_service(&c, file, "F", &found, &err) == WW_OK && found);
    CHECK_TEXT(c.host, "a");
    ww_conninfo_fini(&c);
}

static char *environment(const char *name)
{
    static char host[] = "from-environment", port[] = "9", user[] = "u";
    if (strcmp(name, "PGHOST") == 0)
        return host;
    if (strcmp(name, "PGPORT") == 0)
        return port;
    return strcmp(name, "PGUSER") == 0 ? user : NULL;
}

/* What is written wins over the service, and the service over the environment. */
static void precedence(void)
{
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    bool found;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(read_file(&c, "[s]\nhost=h\n", &found, &err) == WW_ERR_USAGE);
    CHECK(ww_conninfo_parse(&c, ww_slice_of("service=s port=1"), NULL) == WW_OK);
    CHECK(ww_conninfo_check(&c, NULL) == WW_ERR_USAGE); /* not read yet */
    CHECK(read_file(&c, "[t]\nhost=h\n", &found, &err) == WW_OK && !found);
    CHECK(ww_conninfo_check(&c, NULL) == WW_ERR_USAGE);
    CHECK(read_file(&c, "[s]\nhost=h\nport=2\nnonsense=1\n", &found, &err) == WW_ERR_USAGE);
    CHECK(c.host == NULL);
    CHECK(read_file(&c, "[s]\nhost=h\nport=2\n", &found, &err) == WW_OK && found);
    CHECK(ww_conninfo_environment(&c, environment, NULL) == WW_OK);
    CHECK(ww_conninfo_check(&c, NULL) == WW_OK);
    CHECK_TEXT(c.host, "h");
    CHECK_TEXT(c.port, "1");
    CHECK_TEXT(c.user, "u");
    ww_conninfo_fini(&c);
    CHECK_EQ_U64(a.live_bytes, 0);
}

static void out_of_memory(void)
{
    ww_status st = WW_ERR_NOMEM;
    size_t n;
    for (n = 1; st != WW_OK && n < 10; n++) {
        check_alloc a;
        ww_conninfo c;
        bool found;
        check_alloc_init(&a, 0);
        ww_conninfo_init(&c, &a.alloc);
        CHECK(ww_conninfo_set(&c, "service", ww_slice_of("s"), NULL) == WW_OK);
        a.fail_at = a.calls + n;
        st = read_file(&c, "[s]\nhost=h\nport=2\nuser=u\n", &found, NULL);
        CHECK(st == (n <= 3 ? WW_ERR_NOMEM : WW_OK));
        CHECK((c.host != NULL) == (st == WW_OK));
        ww_conninfo_fini(&c);
        CHECK_EQ_U64(a.live_bytes, 0);
    }
    CHECK(st == WW_OK);
}

int main(void)
{
    RUN(table);
    RUN(nul_bytes);
    RUN(precedence);
    RUN(out_of_memory);
    return check_report();
}
