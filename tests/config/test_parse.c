/* SPDX-License-Identifier: MIT */
/* test_parse.c: connection strings and URIs: what they mean, where and how they are refused. */
#include "cases.h"
#include "check.h"
#include "show.h"

#include <walwire/config.h>

static ww_status parse_text(ww_conninfo *c, const char *text, ww_error *err)
{
    return ww_conninfo_parse(c, ww_slice_of(text), err);
}

static void check_case(const config_case *row)
{
    ww_conninfo c;
    ww_error err;
    check_alloc a;
    char *shown;
    ww_status st;
    unsigned before = check_failures;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    ww_error_clear(&err);
    st = parse_text(&c, row->text, &err);
    shown = show_conninfo(&c);
    CHECK(st == (row->want != NULL ? WW_OK : WW_ERR_USAGE));
    CHECK_TEXT(shown, row->want != NULL ? row->want : "");
    if (row->want == NULL) {
        CHECK(err.status == WW_ERR_USAGE);
        CHECK_EQ_U64(err.offset, row->offset);
        CHECK(strstr(err.what, row->what) != NULL);
        CHECK_TEXT(err.subject, row->subject);
        CHECK(strstr(err.subject, "secret") == NULL);
    }
    if (check_failures != before)
        fprintf(stderr, "    in: %s\n    said: %s: %s\n", row->text, err.what, err.subject);
    free(shown);
    ww_conninfo_fini(&c);
    CHECK_EQ_U64(a.live_bytes, 0);
}

static void table(void)
{
    size_t i;
    for (i = 0; i < config_case_count; i++)
        check_case(&config_cases[i]);
    CHECK(config_case_count >= 100);
}

/* What show_conninfo() writes means the same again. */
static void round_trip(void)
{
    size_t i;
    for (i = 0; i < config_case_count; i++) {
        ww_conninfo c;
        check_alloc a;
        char *shown;
        if (config_cases[i].want == NULL)
            continue;
        check_alloc_init(&a, 0);
        ww_conninfo_init(&c, &a.alloc);
        CHECK(parse_text(&c, config_cases[i].want, NULL) == WW_OK);
        shown = show_conninfo(&c);
        CHECK_TEXT(shown, config_cases[i].want);
        free(shown);
        ww_conninfo_fini(&c);
    }
}

/* Every allocation of every case fails once: an error, nothing kept, nothing changed. */
static void out_of_memory(void)
{
    size_t i, n, failures = 0;
    for (i = 0; i < config_case_count; i++) {
        ww_status st = WW_ERR_NOMEM;
        for (n = 1; st == WW_ERR_NOMEM && n < 100; n++) {
            ww_conninfo c;
            ww_error err;
            check_alloc a;
            check_alloc_init(&a, 0);
            ww_conninfo_init(&c, &a.alloc);
            CHECK(parse_text(&c, "host=kept", NULL) == WW_OK);
            a.fail_at = a.calls + n;
            st = parse_text(&c, config_cases[i].text, &err);
            if (st == WW_ERR_NOMEM) {
                failures++;
                CHECK_TEXT(c.host, "kept");
                CHECK_EQ_U64(a.live_blocks, 1);
                CHECK(err.status == WW_ERR_NOMEM);
            }
            ww_conninfo_fini(&c);
            CHECK_EQ_U64(a.live_bytes, 0);
        }
        CHECK(st == (config_cases[i].want != NULL ? WW_OK : WW_ERR_USAGE));
    }
    CHECK(failures > config_case_count);
}

static void database_name(void)
{
    ww_conninfo c;
    check_alloc a;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(parse_text(&c, "shop", NULL) == WW_OK);
    CHECK_TEXT(c.dbname, "shop");
    CHECK(parse_text(&c, "two words @ 1:2/3", NULL) == WW_OK);
    CHECK_TEXT(c.dbname, "two words @ 1:2/3");
    CHECK(parse_text(&c, "", NULL) == WW_OK);
    CHECK_TEXT(c.dbname, "two words @ 1:2/3");
    ww_conninfo_fini(&c);
}

static void over_what_is_set(void)
{
    ww_conninfo c;
    ww_error err;
    check_alloc a;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(parse_text(&c, "host=a port=1 user=u", NULL) == WW_OK);
    CHECK(parse_text(&c, "postgresql://b/d", NULL) == WW_OK);
    CHECK_TEXT(c.host, "b");
    CHECK_TEXT(c.port, "1");
    CHECK_TEXT(c.dbname, "d");
    CHECK(parse_text(&c, "host=c user=v nonsense=1", &err) == WW_ERR_USAGE);
    CHECK_TEXT(c.host, "b");
    CHECK_TEXT(c.user, "u");
    ww_conninfo_fini(&c);
    CHECK(c.host == NULL && c.user == NULL);
    ww_conninfo_fini(&c);
    ww_conninfo_fini(NULL);
}

/* It is libpq 19's; in 18 only the variable names the file. */
static void servicefile(void)
{
    ww_conninfo c;
    ww_error err;
    check_alloc a;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(parse_text(&c, "host=a servicefile=x", &err) == WW_ERR_USAGE);
    CHECK(strstr(err.what, "PGSERVICEFILE") != NULL);
    CHECK_TEXT(err.subject, "servicefile");
    CHECK_EQ_U64(err.offset, 7);
    CHECK(parse_text(&c, "postgresql://h?servicefile=x", &err) == WW_ERR_USAGE);
    CHECK(a.live_bytes == 0);
}

static void which_are_secrets(void)
{
    static const char *const texts[] = {
        "password=x",         "sslpassword=x",         "scram_client_key=x",
        "scram_server_key=x", "oauth_client_secret=x", "postgresql://h?oauth_token=x",
        "postgresql://u:p@h",
    };
    ww_conninfo c;
    check_alloc a;
    size_t i;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(parse_text(&c, "host=h user=u sslkey=k passfile=f oauth_client_id=i", NULL) == WW_OK);
    CHECK(!ww_conninfo_has_secret(&c));
    ww_conninfo_fini(&c);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK(parse_text(&c, texts[i], NULL) == WW_OK);
        CHECK(ww_conninfo_has_secret(&c));
        ww_conninfo_fini(&c);
    }
}

static void nul_bytes(void)
{
    static const char in_value[] = "host=a\0b";
    static const char in_uri[] = "postgresql://\0h";
    ww_conninfo c;
    ww_error err;
    check_alloc a;
    ww_slice value = { (const uint8_t *)in_value, sizeof in_value - 1 };
    ww_slice uri = { (const uint8_t *)in_uri, sizeof in_uri - 1 };
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(ww_conninfo_parse(&c, value, &err) == WW_ERR_USAGE);
    CHECK_EQ_U64(err.offset, 6);
    CHECK(ww_conninfo_parse(&c, uri, &err) == WW_ERR_USAGE);
    CHECK_EQ_U64(err.offset, 13);
    CHECK(ww_conninfo_set(&c, "user", value, &err) == WW_ERR_USAGE);
    CHECK_EQ_U64(err.offset, 6);
    CHECK_TEXT(err.subject, "user");
    CHECK(c.user == NULL && a.live_bytes == 0);
}

static void set_and_get(void)
{
    ww_conninfo c;
    ww_error err;
    check_alloc a;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    CHECK(ww_conninfo_get(&c, "host") == NULL);
#define SET_ONE(member, keyword, env)                                                              \
    CHECK(ww_conninfo_set(&c, keyword, ww_slice_of("<" keyword ">"), NULL) == WW_OK);
    WW_CONNINFO_MAP(SET_ONE)
#undef SET_ONE
#define GET_ONE(member, keyword, env)                                                              \
    CHECK_TEXT(ww_conninfo_get(&c, keyword), "<" keyword ">");                                     \
    CHECK(ww_conninfo_get(&c, keyword) == c.member);
    WW_CONNINFO_MAP(GET_ONE)
#undef GET_ONE
    CHECK(ww_conninfo_get(&c, "nonsense") == NULL);
    CHECK(ww_conninfo_set(&c, "pasword", ww_slice_of("secret"), &err) == WW_ERR_USAGE);
    CHECK_TEXT(err.subject, "pasword; did you mean \"password\"?");
    CHECK(err.offset == WW_NO_OFFSET);
    a.fail_at = a.calls + 1;
    CHECK(ww_conninfo_set(&c, "host", ww_slice_of("x"), &err) == WW_ERR_NOMEM);
    CHECK_TEXT(c.host, "<host>");
    ww_conninfo_fini(&c);
    CHECK_EQ_U64(a.live_bytes, 0);
}

/* An allocator that looks at what it is given back. */
static size_t dirty_bytes;

static void *resize_and_look(void *ctx, void *old, size_t old_size, size_t new_size)
{
    size_t i;
    for (i = 0; new_size == 0 && i < old_size; i++)
        dirty_bytes += ((const char *)old)[i] != 0;
    return check_resize(ctx, old, old_size, new_size);
}

static void passwords_are_wiped(void)
{
    ww_conninfo c;
    check_alloc a;
    check_alloc_init(&a, 0);
    a.alloc.resize = resize_and_look;
    ww_conninfo_init(&c, &a.alloc);
    dirty_bytes = 0;
    CHECK(parse_text(&c, "user=u password=secret sslpassword='more'", NULL) == WW_OK);
    CHECK(parse_text(&c, "password='an other'", NULL) == WW_OK);
    CHECK(parse_text(&c, "password=gone nonsense=1", NULL) == WW_ERR_USAGE);
    CHECK(ww_conninfo_set(&c, "password", ww_slice_of("third"), NULL) == WW_OK);
    ww_conninfo_fini(&c);
    CHECK_EQ_U64(dirty_bytes, 0);
    CHECK_EQ_U64(a.live_bytes, 0);
}

/* A megabyte of each part, and 10,000 hosts: slow or deep would show here. */
static void large(void)
{
    const size_t size = 1 << 20;
    char *text = malloc(size + 64);
    ww_conninfo c;
    check_alloc a;
    size_t n;
    if (text == NULL)
        abort();
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    memset(text, 'x', size);
    memcpy(text, "postgresql://u:", 15);
    memcpy(text + size, "@h/d", 5);
    CHECK(parse_text(&c, text, NULL) == WW_OK);
    CHECK_EQ_U64(strlen(c.password), size - 15);
    memset(text, ',', size);
    memcpy(text, "postgresql://", 13);
    text[13 + 9999] = '\0';
    CHECK(parse_text(&c, text, NULL) == WW_OK);
    CHECK_EQ_U64(ww_conninfo_host_count(&c, NULL), 10000);
    for (n = 0; n < 10000; n += 999) {
        ww_host host;
        CHECK(ww_conninfo_host(&c, n, &host, NULL) == WW_OK);
        CHECK(host.host.len == 0 && host.port == 5432);
    }
    memset(text, '[', size);
    memcpy(text, "postgresql://", 13);
    text[size] = '\0';
    CHECK(parse_text(&c, text, NULL) == WW_ERR_USAGE);
    memset(text, '&', size);
    memcpy(text, "postgresql://?", 14);
    CHECK(parse_text(&c, text, NULL) == WW_ERR_USAGE);
    memset(text, 'k', size);
    CHECK(parse_text(&c, text, NULL) == WW_OK);
    text[size - 1] = '=';
    CHECK(parse_text(&c, text, NULL) == WW_ERR_USAGE);
    ww_conninfo_fini(&c);
    free(text);
    CHECK_EQ_U64(a.live_bytes, 0);
}

int main(void)
{
    RUN(table);
    RUN(round_trip);
    RUN(out_of_memory);
    RUN(database_name);
    RUN(over_what_is_set);
    RUN(servicefile);
    RUN(which_are_secrets);
    RUN(nul_bytes);
    RUN(set_and_get);
    RUN(passwords_are_wiped);
    RUN(large);
    return check_report();
}
