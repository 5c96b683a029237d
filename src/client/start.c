/* SPDX-License-Identifier: MIT */
/* start.c: from a session to a running stream: slot, publications, plugin options,
 * START_REPLICATION. */
#include "client.h"

#include "base/error.h"
#include "session.h"
#include "slot.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 64u
#define DEFAULT_SILENCE_US UINT64_C(60000000) /* where the server has no wal_sender_timeout */
#define MAX_PUBLICATIONS 1024u
#define SLOT_NAP_MS 100

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
    slot.two_phase = c->options.two_phase || c->config.two_phase;
    ww__log(&c->config.log, WW_LOG_INFO,
            "creating slot \"%s\": waits until all running transactions have ended", c->slot);
    st = ww__slot_create(c->session, &slot, confirmed, err);
    c->made_slot = st == WW_OK && !c->temporary_slot;
    ww__slot_explain(c->session, c->slot, true, err);
    return st;
}

/* A slot that nobody reads fills the server's disk: one of ours does not outlive a failed start. */
static void undo_slot(ww_client *c)
{
    char command[256];
    ww_text t = {command, sizeof command, 0};
    if (!c->made_slot || ww_session_drop_slot(c->session, c->slot, NULL) == WW_OK)
        return;
    ww__suggest(&t, c->session, "drop", c->slot);
    ww__log(&c->config.log, WW_LOG_WARNING,
            "slot \"%s\" was created and holds back WAL; to drop it: %s", c->slot, command);
}

/* two_phase is the slot's for good: a reader who does not expect prepared transactions would get
 * them. */
static ww_status check_two_phase(const ww_client *c, const ww__slot *slot, ww_error *err)
{
    if (slot->two_phase && !c->options.two_phase && strcmp(plugin_of(c), "pgoutput") == 0) {
        ww__fail_text(err, WW_ERR_SERVER, "the slot delivers prepared transactions at PREPARE",
                      c->slot);
        ww__slot_two_phase_hint(c->session, c->slot, err);
        return WW_ERR_SERVER;
    }
    if (!slot->two_phase && c->options.two_phase)
        ww__log(&c->config.log, WW_LOG_WARNING,
                "slot \"%s\" delivers prepared transactions at PREPARE from now on: that is "
                "permanent (server 18 can take it back: walwire slot alter --two-phase off)",
                c->slot);
    return WW_OK;
}

static ww_status check_slot(const ww_client *c, const ww__slot *slot, ww_lsn *confirmed,
                            ww_error *err)
{
    *confirmed = slot->confirmed_flush;
    if (slot->exists)
        return ww__slot_check(c->session, slot, c->slot, plugin_of(c), c->system.database, err);
    ww__fail_text(err, WW_ERR_SERVER, "no such replication slot", c->slot);
    if (err != NULL)
        snprintf(err->sqlstate, sizeof err->sqlstate, "42704");
    ww__slot_explain(c->session, c->slot, true, err);
    return WW_ERR_SERVER;
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
    if ((st = ww__slot_look_up(c->session, c->slot, &slot, err)) < 0 ||
        (st = ww__position_check_slot(c, c->session, &slot, err)) < 0)
        return st;
    c->temporary_slot = c->config.temporary;
    if (slot.exists && c->config.temporary && c->config.if_not_exists)
        return ww__fail_text(err, WW_ERR_USAGE,
                             "the slot exists, and is not this session's temporary one", c->slot);
    if (c->config.create_slot && !(slot.exists && c->config.if_not_exists))
        return create_slot(c, confirmed, err);
    st = check_slot(c, &slot, confirmed, err);
    return st == WW_OK ? check_two_phase(c, &slot, err) : st;
}

static ww_status look_again(ww_client *c, ww_lsn *confirmed, ww_error *err)
{
    ww__slot slot;
    ww_status st = ww__slot_look_up(c->session, c->slot, &slot, err);
    if (st == WW_OK)
        st = ww__position_check_slot(c, c->session, &slot, err);
    return st == WW_OK ? check_slot(c, &slot, confirmed, err) : st;
}

/* ---- publications --------------------------------------------------------------------------- */

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

static char *command_text(const ww_client *c, ww_lsn from, ww_error *err)
{
    const ww__plugin_options *list = &c->options;
    ww_text t = {NULL, 128 + 2 * sizeof c->slot, 0};
    size_t i;
    for (i = 0; i < list->count; i++)
        t.cap += 2 * (list->items[i].name.len + list->items[i].value.len) + 16;
    t.text = malloc(t.cap);
    if (t.text == NULL) {
        ww__fail(err, WW_ERR_NOMEM, "no memory for START_REPLICATION");
    } else if (ww_start_replication_command(&t, ww_slice_of(c->slot), from, list->items,
                                            list->count, err) < 0) {
        free(t.text);
        t.text = NULL;
    }
    return t.text;
}

/* Waits for CopyBothResponse. A server of version 10 sends it before it looks at the options: its
 * refusal is then the first message of the stream, and found there. */
static ww_status send_command(ww_client *c, const char *command, ww_error *err)
{
    ww_msg msg;
    ww_mono_us deadline = ww_clock_mono() + WW__ANSWER_US;
    ww_status st = ww_session_query(c->session, command, err);
    c->session->command_open = false; /* its end is the stream's end */
    while (st == WW_OK) {
        st = ww__session_message(c->session, &msg, deadline, err);
        if (st == WW_OK && msg.type == WW_MSG_COPY_BOTH)
            return WW_OK;
        if (st == WW_OK && msg.type == WW_MSG_NOTICE)
            ww__log_notice(&c->config.log, &msg);
        if (st == WW_OK && msg.type == WW_MSG_READY)
            return ww__fail(err, WW_ERR_PROTOCOL,
                            "the server answered START_REPLICATION without starting to stream");
        if (st == WW_OK && msg.type == WW_MSG_ERROR) {
            ww_error_from_server(&msg, err);
            ww__session_settle(c->session);
            ww__slot_explain(c->session, c->slot, true, err);
            return WW_ERR_SERVER;
        }
    }
    return st == WW_END
               ? ww__fail(err, WW_ERR_IO, "the server closed the connection before streaming")
               : st;
}

ww_status ww__client_begin_copy(ww_client *c, ww_lsn from, ww_error *err)
{
    ww_status st;
    free(c->options_text);
    c->options_text = command_text(c, from != 0 ? from : c->start_lsn, err);
    if (c->options_text == NULL)
        return err != NULL ? err->status : WW_ERR_USAGE;
    ww__gather_begin(c);
    st = send_command(c, c->options_text, err);
    c->now = ww_clock_now();
    c->heard_at = c->now.mono_us;
    return st;
}

ww_status ww__client_read_facts(ww_session *s, ww__facts *facts, ww_error *err)
{
    enum { WAL_LEVEL, SENDER_TIMEOUT_MS, RECOVERY, COLUMNS };
    char row[COLUMNS][WIDTH];
    ww_status st = ww_session_row_text(
        s,
        "SELECT pg_catalog.current_setting('wal_level'), setting, pg_catalog.pg_is_in_recovery() "
        "FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'",
        COLUMNS, WIDTH, row[0], err);
    if (st == WW_END)
        return ww__fail(err, WW_ERR_PROTOCOL, "the server did not tell its wal_level");
    if (st < 0)
        return st;
    snprintf(facts->wal_level, sizeof facts->wal_level, "%s", row[WAL_LEVEL]);
    facts->sender_timeout_us = strtoull(row[SENDER_TIMEOUT_MS], NULL, 10) * 1000;
    facts->standby = row[RECOVERY][0] == 't';
    return WW_OK;
}

/* Said before anything is created; a server from 19 on raises its level by itself. */
static ww_status check_wal_level(ww_session *s, const ww__facts *facts, ww_error *err)
{
    ww_session_info info;
    ww_session_describe(s, &info);
    if (strcmp(facts->wal_level, "logical") == 0 || info.server_version_num >= 190000)
        return WW_OK;
    ww__fail_text(err, WW_ERR_SERVER, "the server's wal_level does not allow logical decoding",
                  facts->wal_level);
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

void ww__client_take_facts(ww_client *c, const ww__facts *facts)
{
    ww_mono_us timeout = facts->sender_timeout_us;
    c->status_interval_us = c->config.status_interval_us != 0 ? c->config.status_interval_us
                                                              : WW_DEFAULT_STATUS_INTERVAL_US;
    if (timeout > 0 && c->status_interval_us > timeout / 3)
        c->status_interval_us = timeout / 3;
    c->silence_us = timeout > 0 ? timeout : DEFAULT_SILENCE_US;
    c->on_standby = facts->standby;
    if (c->started)
        ww_stream_set_status_interval(&c->stream, c->status_interval_us);
}

/* Streamed transactions are put together here, unless the caller wants them as they come. */
static ww_status open_spool(ww_client *c, ww_error *err)
{
    if (c->options.streaming <= WW_STREAMING_OFF || c->config.stream_events || c->config.raw)
        return WW_OK;
    c->spool =
        ww__spool_open(c->config.assemble_memory, c->config.spill_dir, c->config.spill_limit);
    return c->spool != NULL ? WW_OK : ww__fail(err, WW_ERR_NOMEM, "no memory for the spool");
}

static ww_status init_stream(ww_client *c, ww_lsn confirmed, ww_error *err)
{
    ww_stream_config config;
    ww_status st = open_spool(c, err);
    if (st < 0)
        return st;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.alloc = ww_alloc_malloc();
    config.relations = c->relations;
    config.start = c->config.confirm_none ? 0 : confirmed;
    config.binary = c->options.binary;
    config.streaming = c->options.streaming > WW_STREAMING_OFF;
    config.spool = c->spool != NULL ? ww__spool_table(c->spool) : NULL;
    config.raw = c->config.raw;
    config.mode = c->config.confirm_mode;
    config.max_unconfirmed = c->config.max_unconfirmed;
    config.status_interval_us = c->status_interval_us;
    config.gated = c->config.positions != NULL;
    c->now = ww_clock_now();
    c->heard_at = c->now.mono_us;
    st = ww_stream_init(&c->stream, &config, c->now, err);
    if (st == WW_OK && c->config.confirm_none)
        ww_stream_hold(&c->stream);
    return st;
}

/* Publications that exist, and the options that name them; *joined must live until the command is
 * sent. */
static ww_status prepare_pgoutput(ww_client *c, char **joined, ww_error *err)
{
    ww_slice *names = malloc(MAX_PUBLICATIONS * sizeof *names);
    ww_session_info info;
    size_t count;
    ww_status st = WW_OK;
    if (names == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the list of publications");
    count = list_publications(c, names, MAX_PUBLICATIONS);
    if (count == 0 && !ww__option_given(&c->config, "publication_names"))
        st = ww__publications_missing(c->session, err);
    if (st == WW_OK && count > 0)
        st = ww__publications_check(c->session, names, count, err);
    if (st == WW_OK && (*joined = join_names(names, count)) == NULL)
        st = ww__fail(err, WW_ERR_NOMEM, "no memory for the list of publications");
    if (st == WW_OK)
        st = ww__binary_choose(c, names, count, err);
    free(names);
    if (st < 0)
        return st;
    ww_session_describe(c->session, &info);
    return ww__choose_options(&c->config, info.server_version_num, ww_slice_of(*joined),
                              &c->options, err);
}

/* The caller's strings need not live as long as the client. */
static ww_slice copy(uint8_t **room, ww_slice text)
{
    ww_slice copied = {text.ptr != NULL ? *room : NULL, text.len};
    if (text.len > 0)
        memcpy(*room, text.ptr, text.len);
    *room += text.len;
    return copied;
}

static ww_status keep_options(ww_client *c, ww_error *err)
{
    ww__plugin_options *list = &c->options;
    size_t size = 1, i;
    uint8_t *room;
    for (i = 0; i < list->count; i++)
        size += list->items[i].name.len + list->items[i].value.len;
    room = c->options_store = malloc(size);
    if (room == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the plugin's options");
    for (i = 0; i < list->count; i++) {
        list->items[i].name = copy(&room, list->items[i].name);
        list->items[i].value = copy(&room, list->items[i].value);
    }
    return WW_OK;
}

/* A position lies at or behind the slot's: a server that crashed may have forgotten what it was
 * told last. */
static void choose_start(ww_client *c, ww_lsn confirmed)
{
    c->start_lsn = c->config.start_lsn != 0 ? c->config.start_lsn : confirmed;
    if (c->start_lsn < c->known.acked)
        c->start_lsn = c->known.acked;
    if (c->start_lsn < confirmed)
        ww__log(&c->config.log, WW_LOG_WARNING,
                "the slot stands behind the start position that was asked for: what is before it "
                "cannot be had any more");
}

static ww_status begin(ww_client *c, ww_lsn confirmed, ww_error *err)
{
    ww_lsn from;
    ww_status st;
    choose_start(c, confirmed);
    from = c->start_lsn > confirmed ? c->start_lsn : confirmed;
    if ((st = ww__client_begin_copy(c, 0, err)) < 0 ||
        (st = init_stream(c, c->known.acked > confirmed ? c->known.acked : confirmed, err)) < 0)
        return st;
    c->started = true;
    return ww__position_begin(c, from, err);
}

/* The slot is in use: perhaps by one that is about to go, or that the server has not missed yet.
 * WW_OK: it is time to ask again. */
static ww_status wait_for_slot(ww_client *c, ww_mono_us give_up_at, bool *said, ww_error *err)
{
    struct pollfd wake = {c->config.wake_fd, POLLIN, 0};
    if (ww_clock_mono() >= give_up_at)
        return WW_ERR_SERVER;
    if (!*said)
        ww__log(&c->config.log, WW_LOG_WARNING, "slot \"%s\" is in use; waiting for it. %s",
                c->slot, err->detail);
    *said = true;
    if (poll(&wake, 1, SLOT_NAP_MS) > 0)
        return ww__fail(err, WW_ERR_CANCELLED, "asked to stop while waiting for the slot");
    return WW_OK;
}

/* Whoever had the slot may have moved it: it is looked at again before each attempt. */
static ww_status start_streaming(ww_client *c, const ww__facts *facts, ww_error *err)
{
    ww_mono_us give_up_at = ww_clock_mono() + c->config.slot_wait_us;
    ww_lsn confirmed = 0;
    bool said = false;
    ww_error local;
    ww_status st;
    if (err == NULL)
        err = &local;
    ww__client_take_facts(c, facts);
    st = prepare_slot(c, &confirmed, err);
    if (st == WW_OK)
        st = find_end(c, err);
    while (st == WW_OK && (st = begin(c, confirmed, err)) < 0) {
        if (strcmp(err->sqlstate, "55006") != 0)
            return st;
        if ((st = wait_for_slot(c, give_up_at, &said, err)) == WW_OK)
            st = look_again(c, &confirmed, err);
    }
    return st;
}

ww_status ww__client_start(ww_client *c, ww_error *err)
{
    ww__facts facts;
    char *joined = NULL;
    ww_status st = ww__client_read_facts(c->session, &facts, err);
    if (st == WW_OK)
        st = check_wal_level(c->session, &facts, err);
    if (st == WW_OK && strcmp(plugin_of(c), "pgoutput") == 0)
        st = prepare_pgoutput(c, &joined, err);
    if (st == WW_OK)
        st = ww__add_given_options(&c->config, &c->options, err);
    if (st == WW_OK)
        st = keep_options(c, err);
    if (st == WW_OK)
        st = start_streaming(c, &facts, err);
    if (st < 0)
        undo_slot(c);
    free(joined);
    c->streaming = st == WW_OK;
    c->connected_at = ww_clock_mono();
    return st;
}
