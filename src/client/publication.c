/* SPDX-License-Identifier: MIT */
/* publication.c: a missing publication is found before streaming: servers up to 17 stop at the
 * first change, 18 skips changes silently (HOSTILE, D10). */
#include "client.h"
#include "session.h"
#include "slot.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 300u

/* SELECT which of the names are missing; one row, one column, NULL if none. */
static ww_status find_missing(ww_session *s, const ww_slice *names, size_t count, char *missing,
                              ww_error *err)
{
    size_t cap = 512, i;
    ww_text t;
    ww_status st;
    for (i = 0; i < count; i++)
        cap += 2 * names[i].len + 16;
    t.text = malloc(cap);
    t.cap = cap;
    t.len = 0;
    if (t.text == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the list of publications");
    ww_text_add(&t, "SELECT n FROM pg_catalog.unnest(ARRAY[");
    for (i = 0; i < count; i++) {
        ww_text_add(&t, i > 0 ? "," : "");
        ww_text_add_sql_literal(&t, names[i]);
    }
    ww_text_add(&t, "]::text[]) WITH ORDINALITY AS x(n, o) WHERE NOT EXISTS (SELECT FROM "
                    "pg_catalog.pg_publication p WHERE p.pubname = n) ORDER BY o LIMIT 1");
    st = ww_session_row_text(s, t.text, 1, WIDTH, missing, err);
    free(t.text);
    return st;
}

static void list_publications(const char *list, ww_error *err)
{
    if (list[0] == '\0')
        snprintf(err->detail, sizeof err->detail, "This database has no publication.");
    else
        snprintf(err->detail, sizeof err->detail, "Publications of this database: %s", list);
}

ww_status ww__publications_missing(ww_session *s, ww_error *err)
{
    char list[1][WIDTH];
    ww__fail(err, WW_ERR_USAGE, "pgoutput needs a publication: --publication NAME");
    if (err != NULL &&
        ww_session_row_text(s,
                            "SELECT pg_catalog.string_agg(pubname::text, ', ' ORDER BY pubname) "
                            "FROM pg_catalog.pg_publication",
                            1, WIDTH, list[0], NULL) == WW_OK) {
        list_publications(list[0], err);
        snprintf(err->hint, sizeof err->hint,
                 "To make one, before the slot: CREATE PUBLICATION name FOR ALL TABLES");
    }
    return WW_ERR_USAGE;
}

static ww_slice trim(const char *name)
{
    ww_slice trimmed = ww_slice_of(name + strspn(name, " \t"));
    while (trimmed.len > 0 && strchr(" \t", trimmed.ptr[trimmed.len - 1]) != NULL)
        trimmed.len--;
    return trimmed;
}

/* All there are, and the one that may have been meant. */
static ww_status find_similar(ww_session *s, ww_slice name, char *row)
{
    char sql[2048];
    ww_text t = {sql, sizeof sql, 0};
    ww_text_add(&t, "SELECT pg_catalog.string_agg(pubname::text, ', ' ORDER BY pubname), "
                    "coalesce(pg_catalog.max(CASE WHEN pubname = ");
    ww_text_add_sql_literal(&t, name);
    ww_text_add(&t, " THEN pubname::text END), pg_catalog.max(CASE WHEN pubname = "
                    "pg_catalog.lower(");
    ww_text_add_sql_literal(&t, name);
    ww_text_add(&t, ") THEN pubname::text END)) FROM pg_catalog.pg_publication");
    return ww_session_row_text(s, sql, 2, WIDTH, row, NULL);
}

/* A name may be a slip: what is suggested is not all tables. */
static void describe_missing(ww_session *s, const char *missing, ww_error *err)
{
    char row[2][WIDTH];
    ww_slice name = trim(missing);
    ww_text hint = {err->hint, sizeof err->hint, 0};
    if (find_similar(s, name, row[0]) != WW_OK)
        return;
    list_publications(row[0], err);
    if (row[1][0] != '\0') {
        ww_text_add(&hint, "Names are exact here, with case and blanks, and there is: "
                           "--publication ");
        ww_text_add(&hint, row[1]);
        return;
    }
    ww_text_add(&hint, row[0][0] != '\0' ? "If it is none of these, create" : "Create");
    ww_text_add(&hint, " it before the slot: CREATE PUBLICATION ");
    ww_text_add_identifier(&hint, name);
    ww_text_add(&hint, " FOR TABLE ...");
}

ww_status ww__publications_check(ww_session *s, const ww_slice *names, size_t count, ww_error *err)
{
    char missing[1][WIDTH];
    ww_status st;
    ww_error local;
    if (err == NULL)
        err = &local;
    st = find_missing(s, names, count, missing[0], err);
    if (st != WW_OK)
        return st == WW_END ? WW_OK : st;
    ww__fail_text(err, WW_ERR_SERVER, "no such publication", missing[0]);
    snprintf(err->sqlstate, sizeof err->sqlstate, "42704");
    describe_missing(s, missing[0], err);
    return WW_ERR_SERVER;
}

/* ---- missing while it streams --------------------------------------------------------------- */

/* Where the WAL ends now, asked on a session of its own; 0: the server does not tell. */
static ww_lsn ask_end_of_wal(const ww_client *c)
{
    ww_session_config config;
    ww_session *s = NULL;
    char text[1][64] = {""};
    ww_lsn lsn = 0;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.conninfo = c->config.parsed;
    config.wake_fd = c->config.wake_fd;
    config.plain = true;
    config.max_connect_s = 5;
    config.oauth_token_file = c->config.oauth_token_file;
    if (ww_session_open(&s, &config, NULL) == WW_OK &&
        ww_session_row_text(s, "SELECT pg_catalog.pg_current_wal_lsn()", 1, sizeof text[0], text[0],
                            NULL) == WW_OK)
        ww_lsn_parse(ww_slice_of(text[0]), &lsn);
    ww_session_close(s);
    return lsn;
}

void ww__publication_gap(const ww_client *c, ww_error *err)
{
    char from[WW_LSN_TEXT_SIZE], to[WW_LSN_TEXT_SIZE];
    ww_text hint = {err->hint, sizeof err->hint, 0};
    ww_lsn handed_out = ww_stream_restart_lsn(&c->stream);
    ww_session_info info;
    ww_lsn end = ask_end_of_wal(c);
    ww_session_describe(c->session, &info);
    ww_lsn_format(handed_out != 0 ? handed_out : c->start_lsn, from);
    ww_lsn_format(end != 0 ? end : ww_stream_received(&c->stream), to);
    err->status = WW_ERR_GAP;
    err->what = "a publication did not exist when changes were made: the server leaves them out";
    snprintf(err->detail, sizeof err->detail,
             "It concerns changes from %s, up to which all was delivered, to at most %s. Some of "
             "them may have been made after the publication was there again: the first report of "
             "this gap gives up least. A publication is looked up as of the moment of the change: "
             "making it now does not help.",
             from, to);
    if (info.server_version_num < 110000) {
        ww_text_add(&hint, "To give them up: create the publication, then drop the slot and create "
                           "it anew");
        return;
    }
    ww_text_add(&hint, "To give them up, when the publication is there: ");
    ww__suggest(&hint, c->session, "advance", c->slot);
    ww_text_add(&hint, " --to ");
    ww_text_add(&hint, to);
    ww_text_add(&hint, c->config.positions != NULL ? ", then stream with --init" : "");
}
