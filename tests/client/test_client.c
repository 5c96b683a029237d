/* SPDX-License-Identifier: MIT */
/* test_client.c: the streaming client against a server that can do what a real one does only
 * sometimes. */
#include "check.h"
#include "fake_server.h"

#include <walwire/client.h>

static enc played;
static fake_server fake;

/* A transaction of one insert into table 1; commit record at lsn, its end 0x10 behind. */
static void play_transaction(ww_lsn lsn, bool whole)
{
    static const ww_relation_column columns[1] = {{{(const uint8_t *)"id", 2}, 23, -1, 1}};
    ww_column row[1];
    enc m = {0};
    row[0] = enc_text("1");
    enc_begin(&m, lsn, 500, 700);
    fake_wal(&played, lsn - 0x20, &m);
    enc_clear(&m);
    enc_relation(&m, 0, 1, "public", "t", 'd', columns, 1);
    fake_wal(&played, 0, &m);
    enc_clear(&m);
    enc_insert(&m, 0, 1, row, 1);
    fake_wal(&played, lsn - 0x10, &m);
    enc_clear(&m);
    enc_commit(&m, lsn, lsn + 0x10, 500);
    if (whole)
        fake_wal(&played, lsn + 0x10, &m);
    enc_free(&m);
}

static ww_client *open_client(fake_end end, ww_lsn end_lsn, ww_error *err)
{
    ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
    CHECK(fake_start(&fake, &played, end));
    cfg.conninfo = fake.conninfo;
    cfg.slot = "s";
    cfg.publications = "p";
    cfg.end_lsn = end_lsn;
    cfg.no_reconnect = true;
    return ww_client_open(&cfg, err);
}

typedef struct result {
    ww_status status;
    unsigned inserts, commits;
    ww_error error;
} result;

/* Reads to the end, confirming every commit. */
static result read_all_events(ww_client *c)
{
    result r = {WW_OK, 0, 0, {0}};
    ww_event ev;
    ww_error_clear(&r.error);
    while ((r.status = ww_client_next(c, &ev, &r.error)) == WW_OK) {
        r.inserts += ev.kind == WW_EV_INSERT;
        if (ev.kind == WW_EV_COMMIT) {
            r.commits++;
            CHECK_EQ_U64(ww_client_confirm(c, ev.commit.end_lsn, NULL), WW_OK);
        }
    }
    return r;
}

/* Streams what was played; *flush is the highest position that was acknowledged. */
static result run(fake_end end, ww_lsn end_lsn, ww_lsn *flush)
{
    ww_error err;
    result r = {WW_ERR_INTERNAL, 0, 0, {0}};
    ww_client *c = open_client(end, end_lsn, &err);
    if (CHECK(c != NULL))
        r = read_all_events(c);
    else
        fprintf(stderr, "    %s: %s\n", err.what, err.subject);
    if (c != NULL && r.status == WW_END)
        CHECK_EQ_U64(ww_client_stop(c, ww_clock_mono() + 5000000, NULL), WW_OK);
    ww_client_close(c);
    *flush = fake_finish(&fake);
    enc_clear(&played);
    return r;
}

static void ends_at_a_keepalive(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, true);
    fake_keepalive(&played, 0x3000, false);
    r = run(FAKE_STAY, 0x3000, &flush);
    CHECK_EQ_U64(r.status, WW_END);
    CHECK_EQ_U64(r.commits, 1);
    CHECK_EQ_U64(flush, 0x3000); /* idle: follows the keepalive */
}

/* A commit record that starts at end_lsn is not delivered, one before it is; nor is it
 * acknowledged. */
static void ends_before_a_transaction(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, true);
    play_transaction(0x2010, true);
    r = run(FAKE_STAY, 0x2010, &flush);
    CHECK_EQ_U64(r.status, WW_END);
    CHECK_EQ_U64(r.inserts, 1);
    CHECK_EQ_U64(flush, 0x2010);
}

static void lost_in_a_transaction(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, true);
    play_transaction(0x3000, false);
    r = run(FAKE_HANG_UP, 0, &flush);
    CHECK_EQ_U64(r.status, WW_ERR_IO);
    CHECK(ww_status_retryable(&r.error));
    CHECK_EQ_U64(r.commits, 1);
    CHECK_EQ_U64(r.inserts, 2);
    CHECK(flush <= 0x2010);
}

static void shutdown_is_a_lost_connection(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, true);
    r = run(FAKE_SHUTDOWN, 0, &flush);
    CHECK_EQ_U64(r.commits, 1);
    CHECK_EQ_U64(r.status, WW_ERR_IO);
}

static void error_in_the_stream(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, true);
    r = run(FAKE_ERROR, 0, &flush);
    CHECK_EQ_U64(r.status, WW_ERR_SERVER);
    CHECK_TEXT(r.error.sqlstate, "58P01");
    CHECK_EQ_U64(r.commits, 1);
}

/* The warning of PostgreSQL 18, whatever its language: a gap. Nothing at or behind it is
 * acknowledged. */
static void skipped_publication_is_a_gap(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, true);
    fake_notice(&played, "55000", "LoadPublications");
    play_transaction(0x3000, true);
    fake_keepalive(&played, 0x4000, true);
    r = run(FAKE_STAY, 0, &flush);
    CHECK_EQ_U64(r.status, WW_ERR_GAP);
    CHECK_EQ_U64(r.commits, 1);
    CHECK(flush <= 0x2010);
    CHECK(strstr(r.error.hint, "slot advance") != NULL);
}

static void other_notices_are_not(void)
{
    ww_lsn flush;
    result r;
    fake_notice(&played, "55000", "SomethingElse");
    fake_notice(&played, "01000", "LoadPublications");
    play_transaction(0x2000, true);
    fake_keepalive(&played, 0x3000, false);
    r = run(FAKE_STAY, 0x3000, &flush);
    CHECK_EQ_U64(r.status, WW_END);
    CHECK_EQ_U64(r.commits, 1);
}

/* A keepalive in the middle of a transaction that asks for a reply gets one, with the old position.
 */
static void keepalive_in_a_transaction(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, false);
    fake_keepalive(&played, 0x9000, true);
    r = run(FAKE_HANG_UP, 0, &flush);
    CHECK_EQ_U64(r.status, WW_ERR_IO);
    CHECK(flush < 0x2000);
}

/* Asked at half of its timeout, given up at the whole of it. */
static void silent_server(void)
{
    ww_lsn flush;
    ww_mono_us begin = ww_clock_mono();
    result r;
    play_transaction(0x2000, true);
    r = run(FAKE_SILENT, 0, &flush);
    CHECK_EQ_U64(r.status, WW_ERR_TIMEOUT);
    CHECK(ww_status_retryable(&r.error));
    CHECK(ww_clock_mono() - begin >= 400000);
    CHECK_EQ_U64(flush, 0x2010);
}

/* The stream ended, but not at a position that was asked for: not an end of ours. */
static void server_ends_the_stream(void)
{
    ww_lsn flush;
    result r;
    play_transaction(0x2000, true);
    r = run(FAKE_FINISH, 0, &flush);
    CHECK_EQ_U64(r.status, WW_ERR_IO);
    CHECK_EQ_U64(r.commits, 1);
}

static void start_without_copy(void)
{
    ww_error err;
    CHECK(open_client(FAKE_COMPLETE, 0, &err) == NULL);
    CHECK_EQ_U64(err.status, WW_ERR_PROTOCOL);
    fake_finish(&fake);
}

static void hostile_bytes(void)
{
    ww_lsn flush;
    result r;
    enc junk = {0};
    enc_u8(&junk, 0x7f);
    fake_wal(&played, 0x2000, &junk);
    enc_free(&junk);
    r = run(FAKE_STAY, 0, &flush);
    CHECK_EQ_U64(r.status, WW_ERR_DECODE);
    CHECK(flush < 0x2000);
}

typedef struct trace_counts {
    unsigned connects, ends, startups, queries, data, begins, inserts, commits, feedback;
    ww_mono_us last;
} trace_counts;

static bool is_data(const ww_trace_event *e, const char *begin, char kind)
{
    size_t len = strlen(e->detail);
    return strncmp(e->detail, begin, strlen(begin)) == 0 && e->detail[len - 1] == kind;
}

static void count_event(void *ctx, const ww_trace_event *e)
{
    trace_counts *n = ctx;
    CHECK(e->mono_us >= n->last && e->name[0] != '\0' && strchr("><-", e->direction) != NULL);
    CHECK((e->direction == '-') == (e->state[0] == '\0'));
    n->last = e->mono_us;
    n->connects += strcmp(e->name, "connect") == 0;
    n->ends += e->direction == '>' && e->type == 'X';
    n->startups += strcmp(e->name, "StartupMessage") == 0;
    n->queries += e->direction == '>' && e->type == 'Q';
    n->feedback += e->direction == '>' && e->type == 'd';
    if (e->direction == '<' && e->type == 'd') {
        CHECK(e->detail[0] == 'w' || e->detail[0] == 'k');
        n->data++;
        n->begins += is_data(e, "w ", 'B');
        n->inserts += is_data(e, "w ", 'I');
        n->commits += is_data(e, "w ", 'C');
    }
}

/* Everything that is said on the connection is told, once. */
static void a_trace(void)
{
    ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
    trace_counts n = {0};
    ww_client *c;
    ww_error err;
    enc_clear(&played);
    play_transaction(0x1000, true);
    play_transaction(0x2000, true);
    fake_keepalive(&played, 0x3000, false);
    CHECK(fake_start(&fake, &played, FAKE_STAY));
    cfg.conninfo = fake.conninfo;
    cfg.slot = "s";
    cfg.publications = "p";
    cfg.end_lsn = 0x3000;
    cfg.trace.ctx = &n;
    cfg.trace.event = count_event;
    c = ww_client_open(&cfg, &err);
    if (CHECK(c != NULL)) {
        CHECK(read_all_events(c).status == WW_END);
        CHECK_EQ_U64(ww_client_stop(c, ww_clock_mono() + 5000000, NULL), WW_OK);
    }
    ww_client_close(c);
    fake_finish(&fake);
    CHECK(n.connects == 1 && n.startups == 1 && n.ends == 1 && n.queries > 1 && n.feedback > 0);
    CHECK(n.begins == 2 && n.inserts == 2 && n.commits == 2 && n.data >= 9);
}

int main(void)
{
    RUN(ends_at_a_keepalive);
    RUN(ends_before_a_transaction);
    RUN(lost_in_a_transaction);
    RUN(shutdown_is_a_lost_connection);
    RUN(error_in_the_stream);
    RUN(skipped_publication_is_a_gap);
    RUN(other_notices_are_not);
    RUN(keepalive_in_a_transaction);
    RUN(silent_server);
    RUN(server_ends_the_stream);
    RUN(start_without_copy);
    RUN(hostile_bytes);
    RUN(a_trace);
    enc_free(&played);
    return check_report();
}
