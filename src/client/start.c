/* SPDX-License-Identifier: MIT */
/* start.c: from a session to a running stream: slot, publications, plugin options,
 * START_REPLICATION. */
#include "client.h"

#include "base/error.h"
#include "session.h"
#include "slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 64u
#define MAX_PUBLICATIONS 1024u

/* ---- the slot ------------------------------------------------------------------------------- */

static const char *plugin_of(const ww_client *c)
{
    return c->config.plugin != NULL ? c->config.plugin : "pgoutput";
}

static ww_status name_slot(ww_client *c, ww_error *err)
{
    uint32_t random = 0;
    if (c->config.slot == NULL) {
        ww_random_bytes(&random, sizeof random);
        snprintf(c->slot, sizeof c->slot, "walwire_%ld_%08lx", (long)getpid(),
                 (unsigned long)random);
        c->temporary_slot = true;
        return WW_OK;
    }
    if (ww_slot_name_check(ww_slice_of(c->config.slot), err) < 0)
        return WW_ERR_USAGE;
    snprintf(c->slot, sizeof c->slot, "%s", c->config.slot);
    return WW_OK;
}

static ww_status create_slot(ww_client *c, ww_lsn *confirmed, ww_error *err)
{
    ww_create_slot slot;
    ww_status st;
    memset(&slot, 0, sizeof slot);
    slot.name = ww_slice_of(c->slot);
    slot.plugin = ww_slice_of(plugin_of(c));
    slot.temporary = c->temporary_slot;
    slot.snapshot = WW_SNAPSHOT_NOTHING;
    ww__log(&c->config.log, WW_LOG_INFO,
            "creating slot \"%s\": waits until all running transactions have ended", c->slot);
    st = ww__slot_create(c->session, &slot, confirmed, err);
    ww__slot_explain(c->session, c->slot, err);
    return st;
}

/* Sees to it that the slot is there and ours to use; *confirmed is where it stands. */
static ww_status prepare_slot(ww_client *c, ww_lsn *confirmed, ww_error *err)
{
    ww__slot slot;
    ww_status st = name_slot(c, err);
    if (st < 0)
        return st;
    if (c->config.slot == NULL)
        return create_slot(c, confirmed, err);
    if ((st = ww__slot_look_up(c->session, c->slot, &slot, err)) < 0)
        return st;
    c->temporary_slot = c->config.temporary;
    if (c->config.create_slot && !(slot.exists && c->config.if_not_exists))
        return create_slot(c, confirmed, err);
    if (!slot.exists) {
        ww__fail_text(err, WW_ERR_SERVER, "no such replication slot", c->slot);
        if (err != NULL)
            snprintf(err->sqlstate, sizeof err->sqlstate, "42704");
        ww__slot_explain(c->session, c->slot, err);
        return WW_ERR_SERVER;
    }
    *confirmed = slot.confirmed_flush;
    return ww__slot_check(&slot, c->slot, plugin_of(c), c->system.database, err);
}

/* ---- plugin options ------------------------------------------------------------------------- */

typedef struct option_list {
    ww_plugin_option items[WW__MAX_OPTIONS];
    size_t count;
} option_list;

static bool set_by_user(const ww_client *c, const char *name)
{
    size_t i;
    for (i = 0; i < c->config.noptions; i++)
        if (ww_slice_equal(c->config.options[i].name, ww_slice_of(name)))
            return true;
    return false;
}

static void choose(const ww_client *c, option_list *list, const char *name, ww_slice value)
{
    if (set_by_user(c, name))
        return;
    list->items[list->count].name = ww_slice_of(name);
    list->items[list->count++].value = value;
}

static bool is_true(ww_slice value)
{
    return value.ptr == NULL || ww_slice_equal(value, ww_slice_of("on")) ||
           ww_slice_equal(value, ww_slice_of("true")) || ww_slice_equal(value, ww_slice_of("1"));
}

/* What the user's own options mean for our decoder. */
static void note_user_options(ww_client *c)
{
    size_t i;
    for (i = 0; i < c->config.noptions; i++) {
        const ww_plugin_option *o = &c->config.options[i];
        if (ww_slice_equal(o->name, ww_slice_of("binary")))
            c->binary = is_true(o->value);
        if (ww_slice_equal(o->name, ww_slice_of("messages")))
            c->messages = is_true(o->value);
    }
}

static ww_status needs_version(ww_error *err, const char *option, const char *what)
{
    return ww__fail_text(err, WW_ERR_USAGE, what, option);
}

/* The options walwire chooses for pgoutput on this server; publication_names comes as a ready list.
 */
static ww_status choose_options(ww_client *c, ww_slice publications, option_list *list,
                                ww_error *err)
{
    ww_session_info info;
    ww_session_describe(c->session, &info);
    c->proto_version = 1;
    c->messages =
        c->config.messages > 0 || (c->config.messages < 0 && info.server_version_num >= 140000);
    c->binary = c->config.binary > 0;
    if (c->messages && info.server_version_num < 140000)
        return needs_version(err, "messages", "logical messages need PostgreSQL 14 or newer");
    if (c->binary && info.server_version_num < 140000)
        return needs_version(err, "binary", "binary values need PostgreSQL 14 or newer");
    if (c->config.origin != NULL && strcmp(c->config.origin, "any") != 0 &&
        info.server_version_num < 160000)
        return needs_version(err, "origin", "filtering by origin needs PostgreSQL 16 or newer");
    choose(c, list, "proto_version", ww_slice_of("1"));
    choose(c, list, "publication_names", publications);
    if (c->messages)
        choose(c, list, "messages", ww_slice_of("true"));
    if (c->binary)
        choose(c, list, "binary", ww_slice_of("true"));
    if (c->config.origin != NULL && info.server_version_num >= 160000)
        choose(c, list, "origin", ww_slice_of(c->config.origin));
    note_user_options(c);
    return WW_OK;
}

/* "a,b" or the list of single names, as slices. */
static size_t list_publications(const ww_client *c, ww_slice *names, size_t cap)
{
    const char *at = c->config.publications;
    size_t n = 0, i;
    for (i = 0; i < c->config.npublications && n < cap; i++)
        names[n++] = ww_slice_of(c->config.publication_list[i]);
    while (at != NULL && n < cap) {
        const char *comma = strchr(at, ',');
        names[n].ptr = (const uint8_t *)at;
        names[n++].len = comma != NULL ? (size_t)(comma - at) : strlen(at);
        at = comma != NULL ? comma + 1 : NULL;
    }
    return n;
}

/* publication_names as the plugin reads it: each name quoted, joined by commas; malloc'ed. */
static char *join_names(const ww_slice *names, size_t count)
{
    size_t cap = 1, i;
    ww_text t;
    for (i = 0; i < count; i++)
        cap += 2 * names[i].len + 3;
    t.text = malloc(cap);
    t.cap = cap;
    t.len = 0;
    for (i = 0; t.text != NULL && i < count; i++) {
        ww_text_add(&t, i > 0 ? "," : "");
        ww_text_add_identifier(&t, names[i]);
    }
    return t.text;
}

/* ---- START_REPLICATION ---------------------------------------------------------------------- */

static char *command_text(const ww_client *c, const option_list *list, ww_error *err)
{
    ww_text t = {NULL, 128 + 2 * sizeof c->slot, 0};
    size_t i;
    for (i = 0; i < list->count; i++)
        t.cap += 2 * (list->items[i].name.len + list->items[i].value.len) + 16;
    t.text = malloc(t.cap);
    if (t.text == NULL) {
        ww__fail(err, WW_ERR_NOMEM, "no memory for START_REPLICATION");
    } else if (ww_start_replication_command(&t, ww_slice_of(c->slot), c->start_lsn, list->items,
                                            list->count, err) < 0) {
        free(t.text);
        t.text = NULL;
    }
    return t.text;
}

/* Waits for CopyBothResponse. A server of version 10 sends it before it looks at the options: its
 * refusal is then the first message of the stream, and found there. */
static ww_status begin_copy(ww_client *c, const char *command, ww_error *err)
{
    ww_msg msg;
    ww_status st = ww_session_query(c->session, command, err);
    c->session->command_open = false; /* its end is the stream's end */
    while (st == WW_OK) {
        st = ww__session_message(c->session, &msg, WW_MONO_NEVER, err);
        if (st == WW_OK && msg.type == WW_MSG_COPY_BOTH)
            return WW_OK;
        if (st == WW_OK && msg.type == WW_MSG_NOTICE)
            ww__log_notice(&c->config.log, &msg);
        if (st == WW_OK && msg.type == WW_MSG_ERROR) {
            ww_error_from_server(&msg, err);
            while (ww__session_message(c->session, &msg, WW_MONO_NEVER, NULL) == WW_OK)
                if (msg.type == WW_MSG_READY)
                    break;
            ww__slot_explain(c->session, c->slot, err);
            return WW_ERR_SERVER;
        }
    }
    return st == WW_END
               ? ww__fail(err, WW_ERR_IO, "the server closed the connection before streaming")
               : st;
}

/* Settings of the server that decide how, and whether, it can be streamed from. */
typedef struct server_facts {
    char text[2][WIDTH];
} server_facts;

enum { WAL_LEVEL, SENDER_TIMEOUT_MS };

static ww_status read_facts(ww_session *s, server_facts *facts, ww_error *err)
{
    return ww_session_row_text(s,
                               "SELECT pg_catalog.current_setting('wal_level'), setting FROM "
                               "pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'",
                               2, WIDTH, facts->text[0], err);
}

/* Said before anything is created; a server from 19 on raises its level by itself. */
static ww_status check_wal_level(ww_session *s, const server_facts *facts, ww_error *err)
{
    ww_session_info info;
    ww_session_describe(s, &info);
    if (strcmp(facts->text[WAL_LEVEL], "logical") == 0 || info.server_version_num >= 190000)
        return WW_OK;
    ww__fail_text(err, WW_ERR_SERVER, "the server's wal_level does not allow logical decoding",
                  facts->text[WAL_LEVEL]);
    ww__slot_wal_level_hint(err);
    return WW_ERR_SERVER;
}

static ww_status find_end(ww_client *c, ww_error *err)
{
    char lsn[1][WIDTH];
    ww_status st;
    c->end_lsn = c->config.end_lsn;
    if (!c->config.until_now)
        return WW_OK;
    st = ww_session_row_text(c->session,
                             "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() "
                             "THEN pg_catalog.pg_last_wal_replay_lsn() "
                             "ELSE pg_catalog.pg_current_wal_insert_lsn() END",
                             1, WIDTH, lsn[0], err);
    if (st < 0)
        return st;
    if (!ww_lsn_parse(ww_slice_of(lsn[0]), &c->end_lsn))
        return ww__fail_text(err, WW_ERR_PROTOCOL, "the server gave no WAL position", lsn[0]);
    /* An insert position at the start of a page lies behind the page's header, where no record
     * ends. */
    if (c->end_lsn % 8192 == 24 || (c->end_lsn % 8192 == 40 && c->end_lsn % (1u << 20) == 40))
        c->end_lsn -= c->end_lsn % 8192;
    return WW_OK;
}

static void choose_interval(ww_client *c, const server_facts *facts)
{
    ww_mono_us timeout = strtoull(facts->text[SENDER_TIMEOUT_MS], NULL, 10) * 1000;
    c->status_interval_us = c->config.status_interval_us != 0 ? c->config.status_interval_us
                                                              : WW_DEFAULT_STATUS_INTERVAL_US;
    if (timeout > 0 && c->status_interval_us > timeout / 3)
        c->status_interval_us = timeout / 3;
}

static ww_status init_stream(ww_client *c, ww_lsn confirmed, ww_error *err)
{
    ww_stream_config config;
    ww_status st;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.alloc = ww_alloc_malloc();
    config.relations = c->relations;
    config.start = c->config.confirm_none ? 0 : confirmed;
    config.binary = c->binary;
    config.raw = c->config.raw;
    config.mode = c->config.confirm_mode;
    config.max_unconfirmed = c->config.max_unconfirmed;
    config.status_interval_us = c->status_interval_us;
    c->now = ww_clock_now();
    st = ww_stream_init(&c->stream, &config, c->now, err);
    if (st == WW_OK && c->config.confirm_none)
        ww_stream_hold(&c->stream);
    return st;
}

static ww_status start_pgoutput(ww_client *c, option_list *list, char **joined, ww_error *err)
{
    ww_slice *names = malloc(MAX_PUBLICATIONS * sizeof *names);
    size_t count;
    ww_status st = WW_OK;
    if (names == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the list of publications");
    count = list_publications(c, names, MAX_PUBLICATIONS);
    if (count == 0 && !set_by_user(c, "publication_names"))
        st = ww__publications_missing(c->session, err);
    if (st == WW_OK && count > 0)
        st = ww__publications_check(c->session, names, count, err);
    if (st == WW_OK && (*joined = join_names(names, count)) == NULL)
        st = ww__fail(err, WW_ERR_NOMEM, "no memory for the list of publications");
    free(names);
    return st == WW_OK ? choose_options(c, ww_slice_of(*joined), list, err) : st;
}

ww_status ww__client_start(ww_client *c, ww_error *err)
{
    option_list list;
    server_facts facts;
    ww_lsn confirmed = 0;
    char *joined = NULL;
    size_t i;
    ww_status st = read_facts(c->session, &facts, err);
    list.count = 0;
    if (st == WW_OK)
        st = check_wal_level(c->session, &facts, err);
    if (st == WW_OK && strcmp(plugin_of(c), "pgoutput") == 0)
        st = start_pgoutput(c, &list, &joined, err);
    for (i = 0; i < c->config.noptions && list.count < WW__MAX_OPTIONS; i++)
        list.items[list.count++] = c->config.options[i];
    if (i < c->config.noptions)
        st = ww__fail(err, WW_ERR_LIMIT, "too many plugin options");
    if (st == WW_OK)
        st = prepare_slot(c, &confirmed, err);
    if (st == WW_OK)
        st = find_end(c, err);
    if (st == WW_OK) {
        choose_interval(c, &facts);
        c->start_lsn = c->config.start_lsn != 0 ? c->config.start_lsn : confirmed;
        c->options_text = command_text(c, &list, err);
        st = c->options_text == NULL ? WW_ERR_USAGE : init_stream(c, confirmed, err);
    }
    if (st == WW_OK)
        st = begin_copy(c, c->options_text, err);
    free(joined);
    c->streaming = st == WW_OK;
    return st;
}
