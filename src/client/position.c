/* SPDX-License-Identifier: MIT */
/* position.c: where the consumer stands: what that demands of server and slot, and the gate in
 * front of what is acknowledged.
 *
 * Invariants: `known.acked` is the highest flush position that was ever told to the server, or that
 * was saved to be told; with a store nothing is told before it was saved (the stream is gated). */
#include "client.h"
#include "session.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_SIZE ((size_t)64 << 10)
#define SAVE_AGAIN_US UINT64_C(100000) /* after a store said: not now */

static const char init_hint[] =
    "Connect to the right server. Or go on with this one, from where its slot stands: --init";

/* ---- what was stored ------------------------------------------------------------------------ */

ww_status ww__position_load(ww_client *c, ww_error *err)
{
    const ww_client_config *config = &c->config;
    ww_error local;
    ww_status st;
    if (err == NULL)
        err = &local;
    if (config->positions == NULL)
        return WW_OK;
    if (config->raw || config->confirm_none || config->slot == NULL || config->temporary)
        return ww__fail(err, WW_ERR_USAGE,
                        "a position is kept for pgoutput, with acknowledgements, and of a slot "
                        "that outlives the session");
    st = config->positions->load(config->positions->ctx, &c->known, err);
    if (st == WW_ERR_GAP && config->position_init) {
        c->misfit = *err;
        st = WW_END;
    }
    if (st == WW_END)
        memset(&c->known, 0, sizeof c->known);
    c->has_position = st == WW_OK;
    if (c->has_position && config->start_lsn != 0 && !config->position_init)
        return ww__fail(err, WW_ERR_USAGE,
                        "there is a position to go on from, and a start position was given, too");
    return st == WW_END ? WW_OK : st;
}

/* Something is known that server and slot have to fit to. */
static bool is_bound(const ww_client *c)
{
    return c->known.system_id != 0;
}

/* At the start the caller may accept a gap; nothing that is known of it holds any more. */
static ww_status settle(ww_client *c, ww_error *gap)
{
    if (!c->config.position_init || c->started)
        return gap->status;
    c->misfit = *gap;
    c->given_up = c->known;
    memset(&c->known, 0, sizeof c->known);
    c->has_position = false;
    ww_error_clear(gap);
    return WW_OK;
}

/* The end of what we have from the server. */
static ww_lsn reach(const ww_client *c)
{
    ww_lsn handed_out = c->started ? ww_stream_restart_lsn(&c->stream) : 0;
    return handed_out > c->known.acked ? handed_out : c->known.acked;
}

/* ---- the server ----------------------------------------------------------------------------- */

static ww_status fail_other(const ww_client *c, const char *what, const char *is, const char *hint,
                            ww_error *err)
{
    ww__fail_text(err, WW_ERR_GAP, what, is);
    snprintf(err->detail, sizeof err->detail,
             "The position is of slot \"%s\" in database \"%s\" of system %llu.", c->known.slot,
             c->known.database, (unsigned long long)c->known.system_id);
    snprintf(err->hint, sizeof err->hint, "%s", hint);
    return WW_ERR_GAP;
}

static ww_status fail_database(const ww_client *c, const ww_system *system, ww_error *err)
{
    char hint[sizeof err->hint];
    snprintf(
        hint, sizeof hint,
        "Connect to database \"%s\", or keep another position (-f another file). Or go on with "
        "this one, from where the slot stands there: --init",
        c->known.database);
    return fail_other(c, "the position is of another database than", system->database, hint, err);
}

static ww_status fail_slot(const ww_client *c, ww_error *err)
{
    char hint[sizeof err->hint];
    snprintf(hint, sizeof hint,
             "Give the position's slot: -S %s. Or keep another position: -f another file. Or go on "
             "with this slot, from where it stands: --init",
             c->known.slot);
    return fail_other(c, "the position is of another slot than", c->config.slot, hint, err);
}

static ww_status fail_system(const ww_client *c, const ww_system *system, ww_error *err)
{
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)system->system_id);
    return fail_other(c,
                      "another server answers than the one streamed from: its system identifier is",
                      id, init_hint, err);
}

static ww_status fail_back(const ww_client *c, const char *what, ww_lsn end, ww_error *err)
{
    char here[WW_LSN_TEXT_SIZE], there[WW_LSN_TEXT_SIZE];
    ww_lsn_format(end, there);
    ww_lsn_format(reach(c), here);
    ww__fail_text(err, WW_ERR_GAP, what, there);
    snprintf(err->detail, sizeof err->detail,
             "What was received goes to %s: the part from %s on does not exist there, and other "
             "changes may take its place. It is a copy, or was restored from a backup.",
             here, there);
    snprintf(err->hint, sizeof err->hint, "%s", init_hint);
    return WW_ERR_GAP;
}

static ww_status ask_recovery(ww_session *s, bool *recovery, ww_error *err)
{
    char answer[1][8];
    ww_status st = ww_session_row_text(s, "SELECT pg_catalog.pg_is_in_recovery()", 1,
                                       sizeof answer[0], answer[0], err);
    *recovery = st == WW_OK && answer[0][0] == 't';
    return st < 0 ? st : WW_OK;
}

/* What is not there on a standby yet, or not as it was, is no gap: it may come, or the primary may
 * come back. */
ww_status ww__position_fail_standby(const char *what, ww_error *err)
{
    ww__fail(err, WW_ERR_SERVER, what);
    snprintf(err->sqlstate, sizeof err->sqlstate, "57P03");
    snprintf(err->hint, sizeof err->hint,
             "To be led to the primary only: target_session_attrs=read-write");
    return WW_ERR_SERVER;
}

static ww_status check_end_of_wal(const ww_client *c, ww_session *s, const ww_system *system,
                                  ww_error *err)
{
    bool recovery;
    ww_status st;
    if (system->wal_position >= reach(c))
        return WW_OK;
    st = ask_recovery(s, &recovery, err);
    if (st < 0)
        return st;
    if (recovery)
        return ww__position_fail_standby(
            "the standby has not yet replayed what was received from it", err);
    return fail_back(c, "the server's WAL ends before what was received from it: at",
                     system->wal_position, err);
}

/* Where `timeline` was left, by a line "timeline LSN reason" of the history; 0: never. */
static ww_lsn find_switch(const char *history, uint32_t timeline)
{
    while (*history != '\0') {
        char *end;
        unsigned long at = strtoul(history, &end, 10);
        size_t gap = strspn(end, " \t");
        ww_slice text = {(const uint8_t *)end + gap, strcspn(end + gap, " \t\n")};
        ww_lsn lsn = 0;
        if (end != history && at == timeline && ww_lsn_parse(text, &lsn))
            return lsn;
        history += strcspn(history, "\n");
        history += *history == '\n';
    }
    return 0;
}

/* A newer timeline is the same stream if it left ours behind what we have. */
static ww_status check_history(const ww_client *c, ww_session *s, const ww_system *system,
                               ww_error *err)
{
    char command[48];
    char *answer = malloc(2 * HISTORY_SIZE);
    ww_lsn left = 0;
    ww_status st;
    if (answer == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the timeline's history");
    snprintf(command, sizeof command, "TIMELINE_HISTORY %lu", (unsigned long)system->timeline);
    st = ww_session_row_text(s, command, 2, HISTORY_SIZE, answer, err);
    if (st == WW_OK)
        left = find_switch(answer + HISTORY_SIZE, c->known.timeline);
    free(answer);
    if (st < 0)
        return st;
    if (left >= reach(c))
        return WW_OK;
    return fail_back(c, "the server's timeline left ours before what was received: at", left, err);
}

static ww_status check_timeline(const ww_client *c, ww_session *s, const ww_system *system,
                                ww_error *err)
{
    bool recovery;
    ww_status st;
    if (system->timeline > c->known.timeline)
        return check_history(c, s, system, err);
    if (system->timeline == c->known.timeline)
        return WW_OK;
    if ((st = ask_recovery(s, &recovery, err)) < 0)
        return st;
    if (recovery)
        return ww__position_fail_standby(
            "the standby has not yet followed to the timeline streamed from", err);
    ww__fail(err, WW_ERR_GAP, "the server's timeline is older than the one streamed from");
    snprintf(err->detail, sizeof err->detail,
             "It is %lu, and was %lu: this is a former primary, or one restored from a backup.",
             (unsigned long)system->timeline, (unsigned long)c->known.timeline);
    snprintf(err->hint, sizeof err->hint, "%s", init_hint);
    return WW_ERR_GAP;
}

ww_status ww__position_check_system(ww_client *c, ww_session *s, const ww_system *system,
                                    ww_error *err)
{
    ww_error local;
    ww_status st = WW_OK;
    if (err == NULL)
        err = &local;
    if (!is_bound(c))
        return WW_OK;
    if (system->system_id != c->known.system_id)
        st = fail_system(c, system, err);
    else if (strcmp(system->database, c->known.database) != 0)
        st = fail_database(c, system, err);
    else if (c->has_position && strcmp(c->config.slot, c->known.slot) != 0)
        st = fail_slot(c, err);
    else if ((st = check_timeline(c, s, system, err)) == WW_OK)
        st = check_end_of_wal(c, s, system, err);
    return st == WW_ERR_GAP ? settle(c, err) : st;
}

/* ---- the slot ------------------------------------------------------------------------------- */

static ww_status fail_gone(const ww_client *c, ww_session *s, ww_error *err)
{
    ww_text hint = {err->hint, sizeof err->hint, 0};
    char from[WW_LSN_TEXT_SIZE];
    bool recovery;
    ww_status st = ask_recovery(s, &recovery, err);
    if (st < 0)
        return st;
    if (recovery && !(c->started && c->on_standby))
        return ww__position_fail_standby("this server is a standby, and does not have the slot",
                                         err);
    ww_lsn_format(c->known.acked, from);
    ww__fail_text(err, WW_ERR_GAP, "the slot is gone, and with it the changes from here on", from);
    snprintf(err->sqlstate, sizeof err->sqlstate, "42704");
    snprintf(err->detail, sizeof err->detail,
             "Slot \"%s\" was there when changes were received from it last.", c->known.slot);
    ww_text_add(&hint, "Create it anew: ");
    ww__suggest(&hint, s, "create", c->known.slot);
    ww_text_add(&hint, "; take the tables anew");
    ww_text_add(&hint, c->config.positions != NULL ? "; stream with --init" : "");
    return WW_ERR_GAP;
}

static ww_status fail_forwarded(const ww_client *c, const ww__slot *slot, ww_error *err)
{
    char from[WW_LSN_TEXT_SIZE], to[WW_LSN_TEXT_SIZE];
    ww_lsn_format(c->known.acked, from);
    ww_lsn_format(slot->confirmed_flush, to);
    ww__fail_text(err, WW_ERR_GAP, "the slot stands further than we ever acknowledged",
                  c->known.slot);
    snprintf(err->detail, sizeof err->detail,
             "Changes from %s to %s cannot come from this slot any more: another consumer took "
             "them, the slot was moved, or dropped and created again.",
             from, to);
    snprintf(err->hint, sizeof err->hint, "To give them up and go on from %s: --init", to);
    return WW_ERR_GAP;
}

/* At the start: another process of the same consumer may have gone on until now. */
static ww_status load_again(ww_client *c, ww_error *err)
{
    return c->started || !c->has_position ? WW_OK : ww__position_load(c, err);
}

ww_status ww__position_check_slot(ww_client *c, ww_session *s, const ww__slot *slot, ww_error *err)
{
    ww_error local;
    ww_status st = WW_OK;
    if (err == NULL)
        err = &local;
    if (!is_bound(c))
        return WW_OK;
    if (slot->exists && slot->confirmed_flush > c->known.acked)
        st = load_again(c, err);
    if (st == WW_OK && !slot->exists)
        st = fail_gone(c, s, err);
    else if (st == WW_OK && slot->confirmed_flush > c->known.acked)
        st = fail_forwarded(c, slot, err);
    return st == WW_ERR_GAP ? settle(c, err) : st;
}

/* ---- the gate ------------------------------------------------------------------------------- */

static ww_status save(ww_client *c, ww_lsn acked, ww_error *err)
{
    ww_position next = c->known;
    ww_status st;
    next.acked = acked;
    if (c->started && ww_stream_durable(&c->stream) > next.end_lsn)
        next.end_lsn = ww_stream_durable(&c->stream);
    st = c->config.positions->save(c->config.positions->ctx, &next, err);
    c->saved_at = ww_clock_mono();
    if (st == WW_OK)
        c->known = next;
    return st;
}

/* Is what was given up of the stream that goes on? */
static bool continues(const ww_client *c, ww_lsn start)
{
    const ww_position *old = &c->given_up;
    return old->system_id == c->system.system_id && start > old->acked &&
           strcmp(old->database, c->system.database) == 0 && strcmp(old->slot, c->slot) == 0;
}

/* What --init accepted, once it is known where it goes on. */
static void say_given_up(ww_client *c, ww_lsn start)
{
    const ww_position *old = &c->given_up;
    const ww_error *why = &c->misfit;
    const char *about = why->subject[0] != '\0' ? ": " : "";
    char from[WW_LSN_TEXT_SIZE], to[WW_LSN_TEXT_SIZE];
    ww_lsn_format(old->acked, from);
    ww_lsn_format(start, to);
    if (why->status == WW_OK)
        return;
    if (old->system_id == 0)
        ww__log(&c->config.log, WW_LOG_WARNING,
                "begins anew at %s, where slot \"%s\" stands: %s%s%s", to, c->slot, why->what,
                about, why->subject);
    else
        ww__log(&c->config.log, WW_LOG_WARNING,
                "begins anew at %s, where slot \"%s\" stands: %s%s%s. The position was %s of slot "
                "\"%s\" in database \"%s\"%s",
                to, c->slot, why->what, about, why->subject, from, old->slot, old->database,
                continues(c, start) ? ": the changes between the two are given up" : "");
    ww_error_clear(&c->misfit);
}

ww_status ww__position_begin(ww_client *c, ww_lsn start, ww_error *err)
{
    ww_position *known = &c->known;
    ww_status st = WW_OK;
    known->system_id = c->system.system_id;
    known->timeline = c->system.timeline;
    snprintf(known->slot, sizeof known->slot, "%s", c->slot);
    snprintf(known->database, sizeof known->database, "%s", c->system.database);
    if (start > known->acked)
        known->acked = start;
    say_given_up(c, start);
    if (c->config.positions == NULL)
        return WW_OK;
    st = save(c, known->acked, err);
    if (st == WW_MORE)
        return ww__fail(err, WW_ERR_USAGE, "the position cannot be saved inside a transaction");
    if (st == WW_OK)
        ww_stream_permit(&c->stream, known->acked, c->now);
    return st;
}

/* Where there is more to acknowledge than was saved: since units were confirmed, or by keepalives
 * alone? */
static bool is_idle_advance(const ww_client *c)
{
    return ww_stream_durable(&c->stream) <= c->known.acked;
}

ww_mono_us ww__position_due(const ww_client *c)
{
    ww_mono_us due;
    if (c->config.positions == NULL || ww_stream_flush(&c->stream) <= c->known.acked)
        return WW_MONO_NEVER;
    if (ww_stream_asked(&c->stream))
        due = 0;
    else if (is_idle_advance(c))
        due = c->saved_at + c->status_interval_us;
    else
        due = c->unsaved_at + WW_DEFAULT_ACK_INTERVAL_US;
    return due > c->save_again_at ? due : c->save_again_at;
}

void ww__position_note(ww_client *c)
{
    if (c->unsaved_at == 0 && !is_idle_advance(c))
        c->unsaved_at = c->now.mono_us;
}

ww_status ww__position_admit(ww_client *c, ww_error *err)
{
    return c->now.mono_us < ww__position_due(c) ? WW_OK : ww__position_save(c, err);
}

ww_status ww__position_save(ww_client *c, ww_error *err)
{
    ww_lsn flush = ww_stream_flush(&c->stream);
    ww_status st;
    if (c->config.positions == NULL || flush <= c->known.acked)
        return WW_OK;
    ww__timeline_follow(c);
    st = save(c, flush, err);
    if (st == WW_MORE)
        c->save_again_at = c->saved_at + SAVE_AGAIN_US;
    if (st != WW_OK)
        return st == WW_MORE ? WW_OK : st;
    c->unsaved_at = 0;
    ww_stream_permit(&c->stream, flush, c->now);
    ww_stream_feedback_now(&c->stream, false);
    return WW_OK;
}

void ww__position_told(ww_client *c)
{
    ww_lsn told = ww_stream_reported(&c->stream);
    if (told <= c->known.acked)
        return;
    if (c->config.positions == NULL)
        ww__timeline_follow(c);
    c->known.acked = told;
}
