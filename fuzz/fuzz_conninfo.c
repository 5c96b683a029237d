/* SPDX-License-Identifier: MIT */
/* fuzz_conninfo.c: any text as a connection string. What is accepted means the same when it is
 * written out and read again, as keywords and as a URI; what is refused changes nothing; no error
 * shows a password; what passed the check is never refused later. Where WALWIRE_TEST_LIBPQ names a
 * libpq 18, it accepts and refuses the same texts, and gives the same values. */
#include "check.h"
#include "config/libpq.h"
#include "config/show.h"
#include "fuzz.h"

#include <walwire/config.h>

static char *append_uri_parameter(char *at, const char *keyword, const char *value)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = strlen(keyword);
    memcpy(at, keyword, n);
    at += n;
    *at++ = '=';
    for (; *value != '\0'; value++) {
        *at++ = '%';
        *at++ = digits[(uint8_t)*value >> 4];
        *at++ = digits[(uint8_t)*value & 15];
    }
    *at++ = '&';
    return at;
}

/* The conninfo as a URI that has every value as a parameter, each byte encoded. */
static char *show_uri(const ww_conninfo *c)
{
    static const char prefix[] = "postgresql://?";
    size_t cap = sizeof prefix;
    char *uri, *at;
#define COUNT(member, keyword, env)                                                                \
    cap += c->member != NULL ? sizeof keyword + 2 + 3 * strlen(c->member) : 0;
    WW_CONNINFO_MAP(COUNT)
#undef COUNT
    uri = malloc(cap);
    REQUIRE(uri != NULL);
    memcpy(uri, prefix, sizeof prefix - 1);
    at = uri + sizeof prefix - 1;
#define WRITE(member, keyword, env)                                                                \
    if (c->member != NULL)                                                                         \
        at = append_uri_parameter(at, keyword, c->member);
    WW_CONNINFO_MAP(WRITE)
#undef WRITE
    *at = '\0';
    return uri;
}

/* Reads `text` into an empty conninfo: gives what `want` says. */
static void reads_as(const char *text, const char *want, const ww_alloc *alloc)
{
    ww_conninfo c;
    char *got;
    ww_conninfo_init(&c, alloc);
    REQUIRE(ww_conninfo_parse(&c, ww_slice_of(text), NULL) == WW_OK);
    got = show_conninfo(&c);
    REQUIRE(strcmp(got, want) == 0);
    free(got);
    ww_conninfo_fini(&c);
}

static void hosts_hold_together(const ww_conninfo *c)
{
    ww_conninfo_values v;
    ww_error err;
    ww_host host;
    bool ok = ww_conninfo_resolve(c, &v, &err) == WW_OK;
    size_t n = ww_conninfo_host_count(c, NULL), i;
    REQUIRE(ok || (err.status == WW_ERR_USAGE && err.what != NULL));
    REQUIRE(n > 0 || !ok);
    for (i = 0; i < n && i < 50; i++)
        REQUIRE(ww_conninfo_host(c, i, &host, NULL) == WW_OK || !ok);
    REQUIRE(ww_conninfo_host(c, n, &host, NULL) == WW_ERR_USAGE);
    if (!ok)
        return;
    REQUIRE(v.connect_timeout_s >= 0 && v.min_protocol <= v.max_protocol);
    REQUIRE(v.tls_min_version >= 0x0303);
    REQUIRE(v.tls_max_version == 0 || v.tls_max_version >= v.tls_min_version);
}

static void check_meaning(ww_slice text)
{
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    if (ww_conninfo_parse(&c, text, &err) == WW_OK) {
        char *line = show_conninfo(&c), *uri = show_uri(&c);
        reads_as(line, line, &a.alloc);
        reads_as(uri, line, &a.alloc);
        free(line);
        free(uri);
    } else {
        REQUIRE(err.status == WW_ERR_USAGE && err.offset <= text.len);
        REQUIRE(a.live_bytes == 0);
    }
    hosts_hold_together(&c);
    ww_conninfo_fini(&c);
    REQUIRE(a.live_bytes == 0 && a.live_blocks == 0);
}

/* Nothing was changed, or everything the text says; the n-th allocation fails. */
static void check_out_of_memory(ww_slice text, size_t n)
{
    check_alloc a;
    ww_conninfo c;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    REQUIRE(ww_conninfo_set(&c, "host", ww_slice_of("kept"), NULL) == WW_OK);
    a.fail_at = a.calls + n;
    if (ww_conninfo_parse(&c, text, NULL) != WW_OK)
        REQUIRE(a.live_blocks == 1 && strcmp(c.host, "kept") == 0);
    ww_conninfo_fini(&c);
    REQUIRE(a.live_bytes == 0);
}

#define CANARY "cAnArY7391"

/* An input that knows the word may show it anywhere. */
static bool knows_canary(ww_slice text)
{
    size_t n = strlen(CANARY), i;
    for (i = 0; i + n <= text.len; i++)
        if (memcmp(text.ptr + i, CANARY, n) == 0)
            return true;
    return false;
}

/* The input, after something that is a password or may be a piece of one. */
static void check_secret(const char *prefix, ww_slice text)
{
    size_t n = strlen(prefix);
    char *joined = malloc(n + text.len + 1);
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    REQUIRE(joined != NULL);
    memcpy(joined, prefix, n);
    if (text.len > 0)
        memcpy(joined + n, text.ptr, text.len);
    joined[n + text.len] = '\0';
    ww_error_clear(&err);
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    if (ww_conninfo_parse(&c, ww_slice_of(joined), &err) == WW_OK)
        ww_conninfo_check(&c, &err);
    REQUIRE(strstr(err.subject, CANARY) == NULL);
    ww_conninfo_fini(&c);
    free(joined);
}

/* ---- libpq, where there is one --------------------------------------------------------------- */

static bool find_libpq(libpq_parser *parser)
{
    static libpq_parser loaded;
    static bool looked;
    const char *path = getenv("WALWIRE_TEST_LIBPQ");
    if (!looked && path != NULL)
        libpq_load_parser(&loaded, libpq_open(path));
    looked = true;
    *parser = loaded;
    return loaded.parse != NULL;
}

static void same_values(const ww_conninfo *a, const ww_conninfo *b)
{
    char *x = show_conninfo(a), *y = show_conninfo(b);
    REQUIRE(strcmp(x, y) == 0);
    free(x);
    free(y);
}

static void same_as_libpq(const libpq_parser *parser, ww_slice text)
{
    char *string = malloc(text.len + 1);
    check_alloc a;
    ww_conninfo ours, theirs;
    bool accepted;
    REQUIRE(string != NULL);
    if (text.len > 0)
        memcpy(string, text.ptr, text.len);
    string[text.len] = '\0';
    check_alloc_init(&a, 0);
    ww_conninfo_init(&ours, &a.alloc);
    ww_conninfo_init(&theirs, &a.alloc);
    accepted = ww_conninfo_parse(&ours, ww_slice_of(string), NULL) == WW_OK;
    if (!libpq_is_database_name(string) && ours.oauth_token == NULL) {
        REQUIRE(libpq_parse(parser, string, &theirs) == accepted);
        if (accepted)
            same_values(&ours, &theirs);
    }
    ww_conninfo_fini(&ours);
    ww_conninfo_fini(&theirs);
    free(string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const prefixes[] = {
        "password=" CANARY,
        "password='" CANARY,
        "password=x " CANARY,
        "password='x'" CANARY,
        "postgresql://u:" CANARY,
        "postgresql://u:x@" CANARY "@",
        "postgresql://h?password=" CANARY,
        "postgresql://h?password=x&" CANARY,
        " postgresql://u:" CANARY "@h",
        "'postgresql://u:" CANARY "@h?a=b",
    };
    ww_slice text = { data, size };
    libpq_parser parser;
    size_t i;
    if (find_libpq(&parser) && (size == 0 || memchr(data, 0, size) == NULL))
        same_as_libpq(&parser, text);
    check_meaning(text);
    check_out_of_memory(text, 1 + (size > 0 ? data[0] % 8 : 0));
    for (i = 0; i < sizeof prefixes / sizeof prefixes[0] && !knows_canary(text); i++)
        check_secret(prefixes[i], text);
    return 0;
}
