/* SPDX-License-Identifier: MIT */
/* test_client_catalog.c: look-ups with a server that answers nonsense, refuses the second session,
 * or never answers there. What real ones answer is in tests/server/test_catalog.py. */
#include "check.h"
#include "fake_server.h"

#include <walwire/client.h>

#include <unistd.h>

static enc played;
static fake_server fake;
static unsigned warnings;

static void count_warning(void *ctx, ww_log_level level, const char *text)
{
    (void)ctx;
    if (level == WW_LOG_WARNING && strstr(text, "catalog") != NULL)
        warnings++;
}

static ww_client *open_client(fake_end end, int binary, int wake_fd, ww_error *err)
{
    ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
    CHECK(fake_start(&fake, &played, end));
    warnings = 0;
    cfg.conninfo = fake.conninfo;
    cfg.slot = "s";
    cfg.publications = "p";
    cfg.catalog = WW_CATALOG_TYPES;
    cfg.binary = binary;
    cfg.wake_fd = wake_fd;
    cfg.log.line = count_warning;
    cfg.no_reconnect = true;
    return ww_client_open(&cfg, err);
}

static void close_client(ww_client *c)
{
    ww_client_close(c);
    fake_finish(&fake);
    enc_clear(&played);
    fake_types = NULL;
    fake_types_count = 0;
    fake_types_columns = FAKE_TYPE_COLUMNS;
    fake_second = FAKE_REFUSES;
}

/* ---- answers at the start ------------------------------------------------------------------- */

static ww_client *open_with(const fake_type_row *rows, size_t count)
{
    ww_client_info info;
    ww_error err;
    ww_client *c;
    fake_types = rows;
    fake_types_count = count;
    fake_second = FAKE_ANSWERS;
    c = open_client(FAKE_STAY, WW_BINARY_AUTO, -1, &err);
    if (!CHECK(c != NULL))
        exit(1);
    ww_client_describe(c, &info);
    CHECK(info.binary == (warnings == 0)); /* what is not known is text */
    return c;
}

/* clang-format off */
#define TYPE(oid, name, of, shape, lsn) \
    { "0", oid, "0", name, of, "0", shape, ",", "s", "s." name, lsn }
#define FIELD(oid, place, name, type) \
    { "0", oid, place, name, type, "-1", NULL, NULL, NULL, NULL, NULL }
/* clang-format on */

static void good_answers_are_taken(void)
{
    static const fake_type_row rows[] = {
        TYPE("20000", "mood", "0", "enum", "0/10"),
        FIELD("20000", "1", "sad", "0"),
        FIELD("20000", "2", "", "0"),
        TYPE("20001", "_mood", "20000", "array", "0/10"),
        TYPE("20002", "odd", "0", NULL, NULL),
        TYPE("20003", "dom", "20000", "domain", "0/10"),
    };
    ww_client *c = open_with(rows, sizeof rows / sizeof rows[0]);
    const ww_types *types = ww_client_types(c);
    const ww_type *mood = ww_types_find(types, 20000);
    CHECK_EQ_U64(warnings, 0);
    if (CHECK(mood != NULL)) {
        CHECK(mood->kind == WW_TYPE_ENUM && mood->nfields == 2 && mood->as_of == 0x10);
        CHECK_SLICE(mood->sqlname, "s.mood");
        CHECK_SLICE(mood->fields[0].name, "sad");
        CHECK_SLICE(mood->fields[1].name, "");
    }
    CHECK(ww_types_binary(types, 20001) && ww_types_binary(types, 20003));
    CHECK(ww_types_find(types, 20002)->kind == WW_TYPE_OTHER && !ww_types_binary(types, 20002));
    close_client(c);
}

static void what_does_not_fit_together_is_left_out(void)
{
    static const fake_type_row rows[] = {
        TYPE("23", "int4", "0", "enum", "0/10"),
        TYPE("20000", "dom", "29999", "domain", "0/10"),
        TYPE("20001", "self", "20001", "domain", "0/10"),
        TYPE("20002", "loop", "20002", "array", "0/10"),
        TYPE("20003", "good", "0", "enum", "0/10"),
    };
    ww_client *c = open_with(rows, sizeof rows / sizeof rows[0]);
    const ww_types *types = ww_client_types(c);
    CHECK_EQ_U64(warnings, 0);
    CHECK_EQ_U64(ww_types_find(types, 23)->kind, WW_TYPE_INT4);
    CHECK(ww_types_find(types, 20000) == NULL && ww_types_find(types, 20001) == NULL);
    CHECK(ww_types_find(types, 20002) != NULL && !ww_types_binary(types, 20002));
    CHECK(ww_types_find(types, 20003) != NULL);
    close_client(c);
}

/* A warning; the stream starts all the same. */
static void nonsense_is_a_warning(void)
{
    static const fake_type_row rows[] = {
        TYPE("a", "mood", "0", "enum", "0/10"),
        TYPE("", "mood", "0", "enum", "0/10"),
        TYPE("-1", "mood", "0", "enum", "0/10"),
        TYPE("4294967296", "mood", "0", "enum", "0/10"),
        TYPE("99999999999999999999999", "mood", "0", "enum", "0/10"),
        TYPE("20000", "mood", "x", "enum", "0/10"),
        TYPE("20000", "mood", "0", "enum", "here"),
        FIELD("20000", "1", "sad", "0"),
    };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ww_client *c = open_with(&rows[i], 1);
        CHECK_EQ_U64(warnings, 1);
        CHECK(ww_types_find(ww_client_types(c), 20000) == NULL);
        close_client(c);
    }
}

static void short_rows_are_a_warning(void)
{
    static const fake_type_row rows[] = { TYPE("20000", "mood", "0", "enum", "0/10") };
    uint16_t n;
    for (n = 0; n < FAKE_TYPE_COLUMNS; n += 5) {
        ww_client *c;
        fake_types_columns = n;
        c = open_with(rows, 1);
        CHECK_EQ_U64(warnings, 1);
        close_client(c);
    }
}

static void fields_of_another_type_are_a_warning(void)
{
    static const fake_type_row rows[] = { TYPE("20000", "mood", "0", "enum", "0/10"),
                                          FIELD("20001", "1", "sad", "0") };
    ww_client *c = open_with(rows, 2);
    CHECK_EQ_U64(warnings, 1);
    close_client(c);
}

/* No enum has so many labels that a uint16_t does not count them; a server may say so. */
static void too_many_fields(void)
{
    enum { COUNT = 70000 };
    static const fake_type_row type = TYPE("20000", "mood", "0", "enum", "0/10");
    static const fake_type_row field = FIELD("20000", "1", "l", "0");
    fake_type_row *rows = malloc((COUNT + 1) * sizeof *rows);
    ww_client *c;
    size_t i;
    for (i = 0; i <= COUNT; i++)
        memcpy(rows[i], i == 0 ? type : field, sizeof type);
    c = open_with((const fake_type_row *)rows, COUNT + 1);
    CHECK_EQ_U64(warnings, 0);
    CHECK_EQ_U64(ww_types_find(ww_client_types(c), 20000)->nfields, 0);
    close_client(c);
    free(rows);
}

/* ---- a table that comes along --------------------------------------------------------------- */

static void play_relation(uint32_t oid, bool unknown_type)
{
    ww_relation_column columns[1];
    enc m = {0};
    columns[0] = enc_column("v", unknown_type ? 20000 : 23, true);
    if (oid == 1) {
        enc_begin(&m, 0x2000, 500, 700);
        fake_wal(&played, 0x1000, &m);
        enc_clear(&m);
    }
    enc_relation(&m, 0, oid, "public", "t", 'd', columns, 1);
    fake_wal(&played, 0, &m);
    enc_free(&m);
}

static void expect(ww_client *c, int kind)
{
    ww_event ev;
    ww_error err;
    if (CHECK_EQ_U64(ww_client_next(c, &ev, &err), WW_OK))
        CHECK_EQ_U64(ev.kind, kind);
    else
        fprintf(stderr, "    %s %s\n", err.what, err.subject);
}

static void a_refused_session_is_a_warning(void)
{
    ww_error err;
    ww_client *c;
    play_relation(1, true);
    play_relation(2, true);
    c = open_client(FAKE_STAY, WW_BINARY_OFF, -1, &err);
    expect(c, WW_EV_BEGIN);
    CHECK_EQ_U64(warnings, 0);
    expect(c, WW_EV_RELATION);
    CHECK_EQ_U64(warnings, 1);
    expect(c, WW_EV_RELATION);
    CHECK_EQ_U64(warnings, 1);
    close_client(c);
}

static void with_binary_on_it_is_an_error(void)
{
    ww_error err;
    ww_client *c;
    ww_event ev;
    play_relation(1, false);
    play_relation(2, true);
    c = open_client(FAKE_STAY, WW_BINARY_ON, -1, &err);
    expect(c, WW_EV_BEGIN);
    expect(c, WW_EV_RELATION);
    CHECK(ww_client_next(c, &ev, &err) == WW_ERR_SERVER);
    CHECK_TEXT(err.subject, "public.t.v is of type 20000");
    CHECK(strstr(err.detail, "could not be looked up") != NULL);
    CHECK(strstr(err.hint, "--binary auto") != NULL);
    CHECK(ww_client_next(c, &ev, &err) == WW_ERR_SERVER);
    close_client(c);
}

/* The server's patience with the stream is 400 ms: so the look-up gives up after a second, and what
 * it took is not held against the server. Woken up, it stops at once, and can be called again. */
static void a_silent_session_does_not_hold_up(void)
{
    int wake[2];
    char byte = 0;
    ww_mono_us begin;
    ww_client *c;
    ww_event ev;
    ww_error err;
    CHECK(pipe(wake) == 0);
    play_relation(1, true);
    play_relation(2, false);
    fake_second = FAKE_HANGS;
    c = open_client(FAKE_SILENT, WW_BINARY_OFF, wake[0], &err);
    expect(c, WW_EV_BEGIN);
    CHECK(write(wake[1], &byte, 1) == 1);
    CHECK(ww_client_next(c, &ev, &err) == WW_ERR_CANCELLED);
    CHECK(ww_client_buffered(c));
    CHECK(read(wake[0], &byte, 1) == 1);
    begin = ww_clock_mono();
    expect(c, WW_EV_RELATION);
    CHECK(ww_clock_mono() - begin < 5000000);
    CHECK_EQ_U64(warnings, 1);
    expect(c, WW_EV_RELATION);
    close_client(c);
    close(wake[0]);
    close(wake[1]);
}

int main(void)
{
    RUN(good_answers_are_taken);
    RUN(what_does_not_fit_together_is_left_out);
    RUN(nonsense_is_a_warning);
    RUN(short_rows_are_a_warning);
    RUN(fields_of_another_type_are_a_warning);
    RUN(too_many_fields);
    RUN(a_refused_session_is_a_warning);
    RUN(with_binary_on_it_is_an_error);
    RUN(a_silent_session_does_not_hold_up);
    enc_free(&played);
    return check_report();
}
