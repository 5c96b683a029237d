/* SPDX-License-Identifier: MIT */
/* reconnect.c: the connection is lost, or was ended to go on in text: another session, the same
 * stream. Whether it is the same is asked of the server (position.c), never guessed.
 *
 * A walsender streams once, so the stream always goes on on a new session
 * (docs/adr/0007-restart-on-a-new-session.md). */
#include "client.h"
#include "session.h"
#include "slot.h"

#include "base/error.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define FIRST_PAUSE_US UINT64_C(100000)
#define LONGEST_PAUSE_US UINT64_C(4000000)
#define STEADY_US UINT64_C(10000000) /* a connection that held this long was a good one */
#define TEXT_US UINT64_C(5000000)    /* patience while the server makes room for the second one */
#define PATIENCE_US UINT64_C(60000000)
#define MINUTE_US UINT64_C(60000000)

/* ---- pauses --------------------------------------------------------------------------------- */

/* Cut by up to a half at random, so that many clients do not come back at the same moment. */
static ww_mono_us next_pause(const ww_client *c)
{
    ww_mono_us pause = FIRST_PAUSE_US << (c->attempts < 6 ? c->attempts : 6);
    uint32_t random = 0;
    if (pause > LONGEST_PAUSE_US)
        pause = LONGEST_PAUSE_US;
    ww_random_bytes(&random, sizeof random);
    return pause - random % (pause / 2 + 1);
}

static void schedule(ww_client *c)
{
    c->retry_at = ww_clock_mono() + next_pause(c);
    c->attempts++;
}

/* WW_MORE: not yet. */
static ww_status wait_for_turn(const ww_client *c, ww_error *err)
{
    ww_mono_us now = ww_clock_mono();
    struct pollfd wake = {c->config.wake_fd, POLLIN, 0};
    if (now >= c->retry_at)
        return WW_OK;
    if (c->config.nonblocking)
        return WW_MORE;
    if (poll(&wake, 1, (int)((c->retry_at - now + 999) / 1000)) > 0)
        return ww__fail(err, WW_ERR_CANCELLED, "asked to stop while the connection is lost");
    return WW_OK;
}

/* ---- the loss ------------------------------------------------------------------------------- */

static bool may_reconnect(const ww_client *c, const ww_error *why)
{
    return !c->config.no_reconnect && !c->temporary_slot && c->streaming && !c->ended &&
           ww_status_retryable(why) &&
           (c->spool != NULL || ww_stream_open_streams(&c->stream) == 0);
}

/* The server is to notice at once: it keeps the slot as long as it does not. */
static void hang_up(ww_client *c)
{
    if (c->session->sock != NULL && ww_conn_terminate(&c->session->conn, NULL) == WW_OK)
        ww__session_pump(c->session, false, NULL);
    ww__session_hang_up(c->session);
}

static const char *text_of(const ww_error *why)
{
    return why->message[0] != '\0' ? why->message : why->what;
}

/* Raw streams have no units by which one could tell what was handed out already. */
static void warn_raw(const ww_client *c)
{
    if (c->config.raw)
        ww__log(&c->config.log, WW_LOG_WARNING,
                "another plugin's stream goes on where it was acknowledged: what came since may "
                "come again");
}

ww_status ww__client_lose(ww_client *c, const ww_error *why, ww_error *err)
{
    ww_mono_us now = ww_clock_mono();
    if (c->temporary_slot && ww_status_retryable(why))
        ww__log(&c->config.log, WW_LOG_WARNING,
                "the slot was temporary, and went with the connection");
    if (!may_reconnect(c, why))
        return ww__client_fail(c, why, err);
    ww__log(&c->config.log, WW_LOG_WARNING, "the connection is lost, connecting again: %s",
            text_of(why));
    warn_raw(c);
    hang_up(c);
    if (now - c->connected_at >= STEADY_US || ww_stream_restart_lsn(&c->stream) != c->reached)
        c->attempts = 0;
    c->reached = ww_stream_restart_lsn(&c->stream);
    c->again = WW__LOST;
    c->patient_until = 0;
    c->lost_at = now;
    c->say_at = now + MINUTE_US;
    ww_error_clear(&c->said);
    schedule(c);
    return WW_MORE;
}

/* The old one says goodbye before the new one comes: there may be no room for two. */
void ww__client_leave(ww_client *c)
{
    hang_up(c);
    c->again = WW__TO_TEXT;
    c->patient_until = 0;
    c->lost_at = ww_clock_mono();
    c->say_at = c->lost_at + MINUTE_US;
    ww_error_clear(&c->said);
    c->attempts = 0;
    c->retry_at = 0;
}

/* ---- another session ------------------------------------------------------------------------ */

/* With several hosts a standby may answer while the primary is away, or the primary while the
 * standby is: a slot of that name, be it a copy of ours, is not where the stream goes on. A standby
 * that was promoted is on another timeline. */
static ww_status check_kind(const ww_client *c, const ww__facts *facts, const ww_system *system,
                            ww_error *err)
{
    if (facts->standby && !c->on_standby)
        return ww__position_fail_standby("this server is a standby, and the stream was a primary's",
                                         err);
    if (facts->standby || !c->on_standby || system->system_id != c->known.system_id ||
        system->timeline != c->known.timeline)
        return WW_OK;
    ww__fail(err, WW_ERR_SERVER, "this server is a primary, and the stream was its standby's");
    snprintf(err->sqlstate, sizeof err->sqlstate, "57P03");
    return WW_ERR_SERVER;
}

static ww_status check_server(ww_client *c, ww_session *fresh, ww_error *err)
{
    ww_system system;
    ww__facts facts;
    ww__slot slot;
    ww_status st = ww__client_read_facts(fresh, &facts, err);
    if (st == WW_OK)
        st = ww_session_identify(fresh, &system, err);
    if (st == WW_OK)
        st = check_kind(c, &facts, &system, err);
    if (st == WW_OK)
        st = ww__position_check_system(c, fresh, &system, err);
    if (st == WW_OK)
        st = ww__slot_look_up(fresh, c->slot, &slot, err);
    if (st == WW_OK)
        st = ww__position_check_slot(c, fresh, &slot, err);
    if (st == WW_OK)
        st = ww__slot_check(fresh, &slot, c->slot,
                            c->config.plugin != NULL ? c->config.plugin : "pgoutput",
                            system.database, err);
    if (st < 0)
        return st;
    c->system = system;
    ww__client_take_facts(c, &facts);
    return WW_OK;
}

static ww_lsn resume_lsn(const ww_client *c)
{
    return c->config.raw ? ww_stream_flush(&c->stream) : ww_stream_restart_lsn(&c->stream);
}

/* Its session is a good one: the stream begins on it. */
static ww_status resume(ww_client *c, ww_error *err)
{
    ww_status st = ww_stream_restart(&c->stream, c->options.binary, ww_clock_now(), err);
    if (st < 0)
        return st;
    st = ww__client_begin_copy(c, resume_lsn(c), err);
    if (st < 0)
        hang_up(c);
    return st;
}

static ww_status attempt(ww_client *c, ww_error *err)
{
    ww_session *fresh = NULL;
    ww_status st;
    st = ww__client_connect(c, &fresh, err);
    if (st == WW_OK)
        st = check_server(c, fresh, err);
    if (st < 0) {
        ww_session_close(fresh);
        return st;
    }
    ww_session_close(c->session);
    c->session = fresh;
    return resume(c, err);
}

static void welcome(ww_client *c)
{
    char from[WW_LSN_TEXT_SIZE];
    ww_log_level level = c->again == WW__LOST ? WW_LOG_WARNING : WW_LOG_INFO;
    ww_lsn_format(resume_lsn(c), from);
    ww__log(&c->config.log, level, "connected again to %s, going on from %s", c->session->address,
            from);
    c->reconnects += c->again == WW__LOST;
    c->again = WW__STREAMS;
    c->connected_at = c->now.mono_us;
    c->known.timeline = c->system.timeline;
    ww__catalog_hang_up(c->catalog);
    ww__timeline_leave(c);
    ww_stream_feedback_now(&c->stream, false); /* a server that crashed may have forgotten */
}

/* ---- which failures pass -------------------------------------------------------------------- */

/* The old walsender takes until its timeout to go (55006); one that stops says 55000 as for a slot
 * that is of no use, which was looked at (42704: it went in between, and is looked at again). */
static bool passes_soon(const ww_error *why)
{
    return strcmp(why->sqlstate, "55006") == 0 || strcmp(why->sqlstate, "55000") == 0 ||
           strcmp(why->sqlstate, "42704") == 0;
}

static bool has_patience(ww_client *c, const ww_error *why)
{
    ww_mono_us now = ww_clock_mono();
    bool text = c->again == WW__TO_TEXT;
    if (c->patient_until == 0) {
        c->patient_until = now + (text ? TEXT_US : PATIENCE_US);
        if (!text && 2 * c->silence_us > PATIENCE_US)
            c->patient_until = now + 2 * c->silence_us;
        if (!text && passes_soon(why)) {
            ww__log(&c->config.log, WW_LOG_WARNING, "%s; waiting for it. %s", text_of(why),
                    why->detail);
            c->said = *why;
        }
    }
    return now < c->patient_until;
}

static bool is_passing(ww_client *c, const ww_error *why)
{
    if (why->status == WW_ERR_SERVER && passes_soon(why))
        return has_patience(c, why);
    if (c->again == WW__TO_TEXT && c->config.no_reconnect)
        return strcmp(why->sqlstate, "53300") == 0 && has_patience(c, why);
    c->patient_until = 0;
    return ww_status_retryable(why);
}

static bool is_said(const ww_client *c, const ww_error *why)
{
    return c->said.status == why->status && strcmp(c->said.sqlstate, why->sqlstate) == 0 &&
           c->said.what != NULL && strcmp(c->said.what, why->what) == 0;
}

/* A reason that is new is for everybody to see; and then again after 1, 2, 4, 8 ... minutes. */
static void say_failed(ww_client *c, const ww_error *why)
{
    ww_mono_us now = ww_clock_mono();
    const char *about = why->subject[0] != '\0' ? ": " : "";
    bool again = now >= c->say_at;
    if (again)
        ww__log(&c->config.log, WW_LOG_WARNING,
                "not connected for %u min, attempt %u to connect again failed: %s%s%s",
                (size_t)((now - c->lost_at) / MINUTE_US), (size_t)c->attempts, text_of(why), about,
                why->subject);
    else
        ww__log(&c->config.log, c->attempts == 0 || is_said(c, why) ? WW_LOG_INFO : WW_LOG_WARNING,
                "attempt %u to connect again failed: %s%s%s", (size_t)c->attempts, text_of(why),
                about, why->subject);
    while (c->say_at <= now)
        c->say_at += c->say_at - c->lost_at;
    if (c->attempts > 0) /* else it was tried at once, and not for everybody to see */
        c->said = *why;
}

ww_status ww__client_reconnect(ww_client *c, ww_error *err)
{
    ww_error why;
    ww_status st = wait_for_turn(c, &why);
    if (st == WW_OK)
        st = attempt(c, &why);
    if (st == WW_OK)
        welcome(c);
    if (st == WW_ERR_CANCELLED && err != NULL)
        *err = why; /* not final: the caller may go on, or stop */
    if (st >= 0 || st == WW_ERR_CANCELLED)
        return st;
    if (!is_passing(c, &why))
        return ww__client_fail(c, &why, err);
    say_failed(c, &why);
    schedule(c);
    return WW_MORE;
}
