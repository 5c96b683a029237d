/* SPDX-License-Identifier: MIT */
/* test_config_libpq.c: our parser, our checks and our password files held against libpq's own,
 * loaded at run time from the file that WALWIRE_TEST_LIBPQ names (version 18). Nothing of it is
 * linked. */
#include "cases.h"
#include "check.h"
#include "libpq.h"
#include "passfile_cases.h"
#include "service_cases.h"
#include "show.h"

#include <walwire/config.h>

#include <sys/stat.h>

static libpq_parser parser;
static struct {
    libpq_option *(*defaults)(void);
    void *(*connect_start)(const char *text);
    int (*status)(const void *conn);
    char *(*error_message)(const void *conn);
    char *(*password)(const void *conn);
    libpq_option *(*options)(void *conn);
    void (*finish)(void *conn);
    int (*version)(void);
} libpq;

#define CONNECTION_BAD 1 /* of ConnStatusType */

static check_alloc memory;

static void load_libpq(void)
{
    void *library = libpq_open(getenv("WALWIRE_TEST_LIBPQ"));
    libpq_load_parser(&parser, library);
    libpq_function(library, "PQconndefaults", &libpq.defaults);
    libpq_function(library, "PQconnectStart", &libpq.connect_start);
    libpq_function(library, "PQstatus", &libpq.status);
    libpq_function(library, "PQerrorMessage", &libpq.error_message);
    libpq_function(library, "PQpass", &libpq.password);
    libpq_function(library, "PQconninfo", &libpq.options);
    libpq_function(library, "PQfinish", &libpq.finish);
    libpq_function(library, "PQlibVersion", &libpq.version);
}

static uint64_t seed = 18;

static unsigned pick(size_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((seed >> 33) % n);
}

typedef struct text {
    char bytes[512];
    size_t len;
} text;

static void append(text *t, const char *piece)
{
    size_t n = strlen(piece);
    if (t->len + n < sizeof t->bytes) {
        memcpy(t->bytes + t->len, piece, n);
        t->len += n;
    }
    t->bytes[t->len] = '\0';
}

#define PICK(list) ((list)[pick(sizeof(list) / sizeof(list)[0])])

/* ---- the same text to both parsers ---------------------------------------------------------- */

static size_t accepted, refused;

static void compare(const char *string)
{
    unsigned before = check_failures;
    ww_conninfo ours, theirs;
    bool want, got;
    if (libpq_is_database_name(string))
        return;
    ww_conninfo_init(&ours, &memory.alloc);
    ww_conninfo_init(&theirs, &memory.alloc);
    want = libpq_parse(&parser, string, &theirs);
    got = ww_conninfo_parse(&ours, ww_slice_of(string), NULL) == WW_OK;
    CHECK(want == got);
    if (want && got) {
        char *a = show_conninfo(&ours), *b = show_conninfo(&theirs);
        CHECK_TEXT(a, b);
        free(a);
        free(b);
    }
    if (check_failures != before)
        fprintf(stderr, "    in: %s\n", string);
    accepted += want;
    refused += !want;
    ww_conninfo_fini(&ours);
    ww_conninfo_fini(&theirs);
}

static void table(void)
{
    size_t i;
    for (i = 0; i < config_case_count; i++)
        compare(config_cases[i].text);
}

/* Pieces strung together, half the time behind something that is right so far. */
static void compose(text *t)
{
    static const char *const starts[] = {
        "postgresql://app:pw@h:1/d?", "postgresql://", "postgres://h/", "postgresql://a,b:2",
        "host=a port=1 ", "host='a b' user=", "password=", "postgresql://[::1]:5432/?",
    };
    static const char *const pieces[] = {
        "postgresql://", "postgres://", "://", "user", "app", "pass", "word", "db", "localhost",
        "host", "hostaddr", "port", "dbname", "password", "sslmode", "require", "verify-full",
        "requiressl", "ssl", "true", "service", "servicefile", "replication",
        "scram_client_key", "oauth_scope", "target_session_attrs", "sslnegotiation",
        "options", "connect_timeout", "sslpassword", "=", "=", "=", "&", "&", "?", "?", "@", "@",
        ":", ":", "/", "/", ",", ",",
        "[", "]", "[::1]", "127.0.0.1", "%", "%2", "%2F", "%2f", "%00", "%41", "%20", "%zz", " ",
        " ", "  ", "\t", "\n", "\v", "'", "'", "\\", "\\\\", "\\'", "5432", "1", "0", "\x7f",
        "\xc3\xbc", "\xff", "host=", "port=1", " user=", "?host=", "&user=", "+", "#", "-c x",
        "'a b'", "requiressl=1", "ssl=true",
    };
    unsigned n = pick(8);
    t->len = 0;
    append(t, pick(2) == 0 ? PICK(starts) : "");
    while (n-- > 0)
        append(t, PICK(pieces));
}

/* One of the table's texts with a few bytes changed, cut out or put in. */
static void mutate(text *t)
{
    static const char bytes[] = { '=', '&', '?', '@', ':', '/',  ',', '[', ']', '%',
                                  ' ', '\'', '\\', '\t', '\n', '0', 'a', 'F', '\x01' };
    unsigned edits = 1 + pick(3);
    t->len = 0;
    append(t, config_cases[pick(config_case_count)].text);
    for (; edits > 0 && t->len > 0 && t->len + 2 < sizeof t->bytes; edits--) {
        size_t at = pick(t->len);
        unsigned what = pick(3);
        if (what == 0) {
            memmove(t->bytes + at, t->bytes + at + 1, t->len-- - at);
            continue;
        }
        if (what == 1)
            memmove(t->bytes + at + 1, t->bytes + at, ++t->len - at);
        t->bytes[at] = PICK(bytes);
    }
}

static void made_up(void)
{
    unsigned i;
    text t;
    accepted = refused = 0;
    for (i = 0; i < 100000; i++) {
        compose(&t);
        compare(t.bytes);
        mutate(&t);
        compare(t.bytes);
    }
    CHECK(accepted > 20000 && refused > 20000);
}

/* ---- keywords and variables ----------------------------------------------------------------- */

static void check_variable(libpq_option *options, const char *keyword, const char *env)
{
    libpq_option *o;
    for (o = options; o->keyword != NULL; o++)
        if (strcmp(o->keyword, keyword) == 0)
            break;
    if (CHECK(o->keyword != NULL)) {
        CHECK((o->envvar == NULL) == (env == NULL));
        CHECK_TEXT(o->envvar, env);
    }
}

/* Ours are theirs, with the same variables, but for the token that they take by a call; theirs are
 * ours. */
static void keywords(void)
{
    libpq_option *options = parser.parse("", NULL), *o;
    CHECK(libpq.version() >= 180000 && libpq.version() < 190000);
    if (!CHECK(options != NULL))
        return;
#define VARIABLE(member, keyword, env)                                                             \
    if (strcmp(keyword, "oauth_token") != 0)                                                       \
        check_variable(options, keyword, env);
    WW_CONNINFO_MAP(VARIABLE)
#undef VARIABLE
    for (o = options; o->keyword != NULL; o++) {
        ww_conninfo c;
        ww_conninfo_init(&c, &memory.alloc);
        CHECK(ww_conninfo_set(&c, o->keyword, ww_slice_of("x"), NULL) == WW_OK);
        ww_conninfo_fini(&c);
    }
    parser.free_options(options);
}

static void check_default_sslmode(void)
{
    libpq_option *options = libpq.defaults(), *o;
    ww_conninfo c;
    ww_conninfo_init(&c, &memory.alloc);
    CHECK(ww_conninfo_environment(&c, getenv, NULL) == WW_OK);
    for (o = options; o->keyword != NULL; o++)
        if (strcmp(o->keyword, "sslmode") == 0)
            CHECK_TEXT(c.sslmode != NULL ? c.sslmode : "prefer", o->val);
    ww_conninfo_fini(&c);
    parser.free_options(options);
}

static void requiressl(void)
{
    static const char *const values[] = { "0", "1", "1x", "" };
    size_t i;
    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
        setenv("PGREQUIRESSL", values[i], 1);
        check_default_sslmode();
        setenv("PGSSLMODE", "allow", 1);
        check_default_sslmode();
        setenv("PGSSLMODE", "", 1);
        check_default_sslmode();
        unsetenv("PGSSLMODE");
    }
    unsetenv("PGREQUIRESSL");
}

/* ---- values: libpq checks them when it begins to connect ------------------------------------- */

/* What the system thinks of a number that is right is no matter here. */
static bool accepts(const char *string)
{
    void *conn = libpq.connect_start(string);
    bool ok = libpq.status(conn) != CONNECTION_BAD ||
              strstr(libpq.error_message(conn), "setsockopt") != NULL;
    libpq.finish(conn);
    return ok;
}

/* `stricter`: they accept what we refuse. */
static void check_value(const char *string, bool stricter)
{
    unsigned before = check_failures;
    ww_conninfo c;
    ww_error err;
    bool ok;
    text t = { "", 0 };
    append(&t, "hostaddr=127.0.0.1 user=u dbname=d password=p ");
    append(&t, string);
    ww_conninfo_init(&c, &memory.alloc);
    CHECK(ww_conninfo_parse(&c, ww_slice_of(t.bytes), NULL) == WW_OK);
    ok = ww_conninfo_check(&c, &err) == WW_OK;
    if (!ok && (strstr(err.what, "leaves no method") || strstr(err.what, "TLSv1.3 only")))
        CHECK(!stricter || accepts(t.bytes));
    else
        CHECK(accepts(t.bytes) == (ok || stricter));
    if (check_failures != before)
        fprintf(stderr, "    in: %s\n", t.bytes);
    accepted += ok;
    refused += !ok;
    ww_conninfo_fini(&c);
}

static void value_table(void)
{
    size_t i;
    for (i = 0; i < value_case_count; i++)
        check_value(value_cases[i].text, value_cases[i].stricter);
}

static void made_up_values(void)
{
    static const char *const words[] = {
        "sslmode=", "channel_binding=", "min_protocol_version=", "max_protocol_version=",
        "ssl_min_protocol_version=", "ssl_max_protocol_version=", "gssencmode=",
        "sslnegotiation=", "sslcertmode=", "target_session_attrs=", "load_balance_hosts=",
    };
    static const char *const word_values[] = {
        "disable", "allow", "prefer", "require", "verify-ca", "3.0", "3.2", "latest", "TLSv1",
        "TLSv1.1", "TLSv1.2", "tlsv1.3", "disable", "TLSv1.3", "", "x", "direct", "postgres",
        "any", "primary", "prefer-standby", "random",
    };
    static const char *const numbers[] = {
        "keepalives=", "keepalives_idle=", "keepalives_interval=", "keepalives_count=",
        "tcp_user_timeout=", "port=",
    };
    static const char *const number_pieces[] = {
        "1", "9", "0", "32", "000", "2147483647", "2147483648", "-", "+", "\\ ", "\\\t", "x", ".",
        "", "\\\v",
    };
    static const char *const methods[] = {
        "password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none", "!password", "!md5",
        "!gss", "!sspi", "!scram-sha-256", "!oauth", "!none", "", "!", "x", "md5\\ ",
    };
    unsigned i, n;
    accepted = refused = 0;
    for (i = 0; i < 3000; i++) {
        text t = { "", 0 };
        append(&t, PICK(words));
        append(&t, PICK(word_values));
        append(&t, " ");
        append(&t, PICK(words));
        append(&t, PICK(word_values));
        check_value(t.bytes, false);
        t.len = 0;
        append(&t, PICK(numbers));
        for (n = 1 + pick(3); n > 0; n--)
            append(&t, PICK(number_pieces));
        check_value(t.bytes, false);
        t.len = 0;
        append(&t, "require_auth=");
        for (n = 1 + pick(3); n > 0; n--) {
            append(&t, PICK(methods));
            append(&t, n > 1 ? "," : "");
        }
        check_value(t.bytes, false);
    }
    CHECK(accepted > 500 && refused > 500);
}

/* ---- password files ------------------------------------------------------------------------- */

/* The answer of a libpq that begins to connect. The file has no name but its descriptor's. */
static void check_passfile(const passfile_case *row)
{
    static text path, ours;
    unsigned before = check_failures;
    FILE *file = tmpfile();
    char port[8], fd[24], *string;
    ww_conninfo c;
    void *conn;
    if (file == NULL || fchmod(fileno(file), 0600) != 0)
        abort();
    fputs(row->file, file);
    fflush(file);
    snprintf(fd, sizeof fd, "%d", fileno(file));
    snprintf(port, sizeof port, "%u", row->port);
    path.len = 0;
    append(&path, "/proc/self/fd/");
    append(&path, fd);
    ww_conninfo_init(&c, &memory.alloc);
    ww_conninfo_set(&c, "hostaddr", ww_slice_of("127.0.0.1"), NULL);
    ww_conninfo_set(&c, "host", ww_slice_of(row->host), NULL);
    ww_conninfo_set(&c, "port", ww_slice_of(port), NULL);
    ww_conninfo_set(&c, "dbname", ww_slice_of(row->dbname), NULL);
    ww_conninfo_set(&c, "user", ww_slice_of(row->user), NULL);
    ww_conninfo_set(&c, "passfile", ww_slice_of(path.bytes), NULL);
    string = show_conninfo(&c);
    conn = libpq.connect_start(string);
    ours.bytes[0] = '\0';
    CHECK(ww_passfile_find(ww_slice_of(row->file), ww_slice_of(row->host), (uint16_t)row->port,
                           ww_slice_of(row->dbname), ww_slice_of(row->user), ours.bytes,
                           sizeof ours.bytes) != SIZE_MAX);
    CHECK_TEXT(ours.bytes, libpq.password(conn));
    if (check_failures != before)
        fprintf(stderr, "    in: %s\n    for: %s\n", row->file, string);
    accepted += ours.bytes[0] != '\0';
    refused += ours.bytes[0] == '\0';
    libpq.finish(conn);
    free(string);
    ww_conninfo_fini(&c);
    fclose(file);
}

static void passfile_table(void)
{
    size_t i;
    for (i = 0; i < PASSFILE_CASE_COUNT; i++)
        if (!passfile_cases[i].ours)
            check_passfile(&passfile_cases[i]);
}

static void made_up_passfiles(void)
{
    static const char *const names[] = { "h", "a:b", "a\\b", "*", "::1", "localhost", "#", "5432" };
    static const char *const pieces[] = {
        "h", "h:", "*:", "*:", "a\\:b", "a:b", "a\\\\b", "\\*", "\\:\\:1", "localhost:", "5432:",
        "5432:", "1:", ":", ":", "\\", "\\\\", "#", "\n", "\r", "\r\n", "pw", "*:*:*:*:", " ",
        "h:*:h:h:", "\n*:5432:*:*:",
    };
    unsigned i, n;
    accepted = refused = 0;
    for (i = 0; i < 5000; i++) {
        text t = { "", 0 };
        passfile_case row = { t.bytes, NULL, 5432, NULL, NULL, NULL, false };
        row.host = PICK(names);
        row.dbname = PICK(names);
        row.user = PICK(names);
        for (n = 1 + pick(16); n > 0; n--)
            append(&t, PICK(pieces));
        check_passfile(&row);
    }
    CHECK(accepted > 500 && refused > 500);
}

/* ---- service files -------------------------------------------------------------------------- */

#define EXPLICIT "application_name=explicit sslmode=x" /* the latter stops libpq before a look-up */

static void same_settings(const ww_conninfo *ours, void *conn)
{
    libpq_option *options = libpq.options(conn), *o;
    for (o = options; o->keyword != NULL; o++) {
        const char *value = ww_conninfo_get(ours, o->keyword);
        if (value != NULL && value[0] != '\0')
            CHECK_TEXT(o->val, value);
    }
    parser.free_options(options);
}

/* The answer of a libpq that begins to connect; PGSERVICEFILE has no name but its descriptor's. */
static void check_service(const char *content, const char *service)
{
    unsigned before = check_failures;
    FILE *file = tmpfile();
    char path[40];
    ww_conninfo c;
    ww_error err;
    bool found = false, ok;
    char *string;
    void *conn;
    if (file == NULL)
        abort();
    fputs(content, file);
    fflush(file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    setenv("PGSERVICEFILE", path, 1);
    ww_conninfo_init(&c, &memory.alloc);
    CHECK(ww_conninfo_parse(&c, ww_slice_of(EXPLICIT), NULL) == WW_OK);
    CHECK(ww_conninfo_set(&c, "service", ww_slice_of(service), NULL) == WW_OK);
    string = show_conninfo(&c);
    conn = libpq.connect_start(string);
    ok = ww_conninfo_service(&c, ww_slice_of(content), "F", &found, &err) == WW_OK && found;
    CHECK(ok == (strstr(libpq.error_message(conn), "sslmode") != NULL));
    if (ok)
        same_settings(&c, conn);
    if (check_failures != before)
        fprintf(stderr, "    in: %.400s\n    for: %s\n    they: %s\n", content, service,
                libpq.error_message(conn));
    accepted += ok;
    refused += !ok;
    libpq.finish(conn);
    free(string);
    ww_conninfo_fini(&c);
    fclose(file);
}

static void service_table(void)
{
    size_t i;
    setenv("PGSYSCONFDIR", "/proc/self/no-such-directory", 1);
    for (i = 0; i < SERVICE_CASE_COUNT; i++)
        check_service(service_cases[i].file, service_cases[i].service);
}

static void made_up_services(void)
{
    static const char *const names[] = { "s", "s", "s", "t", "a b", "", "s]" };
    static const char *const pieces[] = {
        "[s]\n", "[s]\n", "[t]\n", "[a b]\n", "[]\n", "[s", "]", "\n", "\r\n", " ", "\t", "\v",
        "host=h\n", "user=u", "user", "port=1 \n", "port=", "=", "#", "password=p w\n",
        "options='-c a'\n", "\n", "\n", "#\n", "hots=h\n", "service=t\n", "servicefile=x",
        "application_name=a\n", "requiressl=1\n", "dbname", "'", "\\", "fallback",
        "target_session_attrs=any\n",
    };
    unsigned i, n;
    accepted = refused = 0;
    for (i = 0; i < 5000; i++) {
        text t = { "", 0 };
        append(&t, pick(2) == 0 ? "[s]\nhost=h\n" : "");
        for (n = 1 + pick(8); n > 0; n--)
            append(&t, PICK(pieces));
        check_service(t.bytes, PICK(names));
    }
    CHECK(accepted > 500 && refused > 500);
}

/* Nothing of the caller's may decide. */
static void clear_environment(void)
{
    libpq_option *options = parser.parse("", NULL), *o;
    for (o = options; o != NULL && o->keyword != NULL; o++)
        if (o->envvar != NULL)
            unsetenv(o->envvar);
    parser.free_options(options);
    unsetenv("PGREQUIRESSL");
}

int main(void)
{
    load_libpq();
    clear_environment();
    check_alloc_init(&memory, 0);
    RUN(keywords);
    RUN(requiressl);
    RUN(table);
    RUN(made_up);
    RUN(value_table);
    RUN(made_up_values);
    RUN(passfile_table);
    RUN(made_up_passfiles);
    RUN(service_table);
    RUN(made_up_services);
    CHECK_EQ_U64(memory.live_bytes, 0);
    return check_report();
}
