/* SPDX-License-Identifier: MIT */
/* client.c: the convenient client: hands out events, keeps feedback going, ends in order.
 *
 * Invariants: the socket is read only when the stream engine has nothing left to hand out, so that
 * an event's slices live until the next call; the first error is final; nothing is acknowledged
 * after it. */
#include "client.h"

#include "base/error.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

ww_status ww__client_fail(ww_client *c, const ww_error *why, ww_error *err)
{
    if (c->error.status == WW_OK) {
        c->error = *why;
        ww_stream_hold(&c->stream);
    }
    if (err != NULL)
        *err = c->error;
    return c->error.status;
}

#define STOP_MAX_US UINT64_C(60000000)

/* ---- open and close ------------------------------------------------------------------------- */

static ww_status read_conninfo(ww_client *c, ww_error *err)
{
    ww_status st = WW_OK;
    ww_conninfo_init(&c->own_conninfo, ww_alloc_secret());
    if (c->config.parsed != NULL)
        return WW_OK;
    if (c->config.conninfo != NULL)
        st = ww_conninfo_parse(&c->own_conninfo, ww_slice_of(c->config.conninfo), err);
    if (st == WW_OK)
        st = ww_conninfo_complete(&c->own_conninfo, err);
    c->config.parsed = &c->own_conninfo;
    return st;
}

ww_status ww__client_connect(ww_client *c, ww_session **out, ww_error *err)
{
    ww_session_config session;
    ww_status st;
    memset(&session, 0, sizeof session);
    session.struct_size = sizeof session;
    session.conninfo = c->config.parsed;
    session.wake_fd = c->config.wake_fd;
    session.log = c->config.log;
    session.max_message = c->config.max_message;
    session.trace = c->config.trace;
    session.oauth_token_file = c->config.oauth_token_file;
    session.max_segment = c->config.gather == WW_GATHER_AUTO ? WW__MAX_SEGMENT : 0;
    session.beside = c->again == WW__TO_TEXT ? c->session : NULL; /* the slot is there */
    session.max_connect_s = c->session != NULL ? WW__RECONNECT_MAX_S : 0;
    st = ww_session_open(out, &session, err);
    if (st == WW_OK)
        (*out)->trace_kinds = !c->config.raw;
    return st;
}

ww_status ww__client_open_beside(const ww_client *c, int max_connect_s, ww_session **out,
                                 ww_error *err)
{
    ww_session_config session;
    memset(&session, 0, sizeof session);
    session.struct_size = sizeof session;
    session.conninfo = c->config.parsed;
    session.wake_fd = c->config.wake_fd;
    session.plain = true;
    session.trace = c->config.trace;
    session.oauth_token_file = c->config.oauth_token_file;
    session.max_connect_s = max_connect_s;
    session.beside = c->session;
    return ww_session_open(out, &session, err);
}

static ww_status open_client(ww_client *c, ww_error *err)
{
    ww_status st = read_conninfo(c, err);
    if (st < 0)
        return st;
    if (c->config.spill_dir != NULL && (st = ww__spool_check(c->config.spill_dir, err)) < 0)
        return st; /* now, not when the first large transaction comes */
    if ((st = ww__position_load(c, err)) < 0 ||
        (st = ww__client_connect(c, &c->session, err)) < 0 ||
        (st = ww_session_identify(c->session, &c->system, err)) < 0 ||
        (st = ww__position_check_system(c, c->session, &c->system, err)) < 0)
        return st;
    if (!c->config.raw) {
        c->relations = ww_relcache_open(ww_alloc_malloc(), c->config.max_relations_memory);
        if (c->relations == NULL)
            return ww__fail(err, WW_ERR_NOMEM, "no memory for the relation cache");
    }
    return ww__client_start(c, err);
}

ww_client *ww_client_open(const ww_client_config *config, ww_error *err)
{
    ww_client *c;
    if (config->struct_size != sizeof *config) {
        ww__fail(err, WW_ERR_USAGE, "ww_client_config: start with WW_CLIENT_CONFIG_INIT");
        return NULL;
    }
    c = calloc(1, sizeof *c);
    if (c == NULL) {
        ww__fail(err, WW_ERR_NOMEM, "no memory for a client");
        return NULL;
    }
    c->config = *config;
    ww_error_clear(&c->error);
    ww_error_clear(&c->misfit);
    ww_error_clear(&c->said);
    if (open_client(c, err) < 0) {
        ww_client_close(c);
        return NULL;
    }
    return c;
}

void ww_client_close(ww_client *c)
{
    if (c == NULL)
        return;
    ww__catalog_close(c->catalog);
    ww__timeline_leave(c);
    ww_session_close(c->session);
    ww_stream_fini(&c->stream);
    ww__spool_close(c->spool);
    ww_relcache_close(c->relations);
    ww_conninfo_fini(&c->own_conninfo);
    free(c->options_text);
    free(c->options_store);
    free(c);
}

/* ---- feedback ------------------------------------------------------------------------------- */

/* Queues a status update if one is due, and sends what the socket takes. What it acknowledges was
 * saved before; only that can fail. */
static ww_status send_feedback(ww_client *c, ww_error *err)
{
    size_t len;
    ww_slice payload;
    ww_error why;
    if (ww__position_admit(c, &why) < 0)
        return ww__client_fail(c, &why, err);
    if (c->again != WW__STREAMS)
        return WW_OK; /* nobody listens */
    payload.ptr = ww_stream_send_buf(&c->stream, c->now, &len);
    payload.len = len;
    if (len > 0 && ww_conn_copy_data(&c->session->conn, payload, NULL) == WW_OK) {
        ww_stream_send_ack(&c->stream, c->now); /* no room: the next one will say more */
        ww__position_told(c);
    }
    if ((ww_conn_wants(&c->session->conn) & WW_WANT_SEND) != 0)
        ww__session_pump(c->session, false, &why);
    return WW_OK;
}

ww_status ww_client_feedback(ww_client *c, ww_error *err)
{
    if (c->error.status != WW_OK)
        return ww__client_fail(c, &c->error, err);
    c->now = ww_clock_now();
    if (c->now.mono_us - c->heard_at >= c->silence_us / 2)
        c->heard_at = c->now.mono_us; /* it was we who did not listen */
    ww__gather_wake(c);
    if (c->streaming) /* also after the end: what was handed out may still be on its way */
        return send_feedback(c, err);
    return WW_OK;
}

static ww_mono_us sooner(ww_mono_us a, ww_mono_us b)
{
    return a < b ? a : b;
}

ww_mono_us ww_client_deadline(const ww_client *c)
{
    ww_mono_us due = sooner(ww_stream_deadline(&c->stream), ww__position_due(c));
    ww_mono_us quiet =
        c->heard_at + (c->asked_at > c->heard_at ? c->silence_us : c->silence_us / 2);
    if (c->error.status != WW_OK || !c->streaming)
        return WW_MONO_NEVER; /* nothing will be sent any more */
    if (c->again != WW__STREAMS)
        return c->again == WW__LEAVE_BINARY ? 0 : sooner(c->retry_at, ww__position_due(c));
    if (c->ended)
        return due;
    if (c->end_lsn != 0)
        due = sooner(due, c->probe_at);
    return sooner(sooner(quiet, due), ww__gather_due(c));
}

/* ---- receiving ------------------------------------------------------------------------------ */

/* PostgreSQL 18 leaves out a missing publication's changes with no more than this warning. */
static bool is_skipped_publication(const ww_server_error *notice)
{
    return ww_slice_equal(notice->sqlstate, ww_slice_of("55000")) &&
           ww_slice_equal(notice->routine, ww_slice_of("LoadPublications"));
}

static ww_status take_notice(ww_client *c, const ww_msg *msg, ww_error *err)
{
    ww_server_error notice;
    ww_error gap;
    ww_msg_error(msg, &notice);
    if (!is_skipped_publication(&notice)) {
        ww__log_notice(&c->config.log, msg);
        return WW_MORE;
    }
    ww_error_from_server(msg, &gap);
    ww__publication_gap(c, &gap);
    return ww__client_fail(c, &gap, err);
}

/* A function of the server's that looks one up, of 10 or later. */
static bool looks_up_publication(const char *routine)
{
    return strcmp(routine, "GetPublicationByName") == 0 ||
           strcmp(routine, "get_publication_oid") == 0;
}

/* Servers up to 17 stop. */
static ww_status take_error(ww_client *c, const ww_msg *msg, ww_error *err)
{
    ww_error why;
    ww_error_from_server(msg, &why);
    if (strcmp(why.sqlstate, "42704") == 0 && looks_up_publication(why.routine))
        ww__publication_gap(c, &why);
    return ww__client_lose(c, &why, err);
}

/* Anything that is not CopyData. WW_MORE: go on. */
static ww_status take_other(ww_client *c, const ww_msg *msg, ww_error *err)
{
    ww_error why;
    switch (msg->type) {
    case WW_MSG_NOTICE:
        return take_notice(c, msg, err);
    case WW_MSG_ERROR:
        return take_error(c, msg, err);
    case WW_MSG_READY:
        ww__fail_text(&why, WW_ERR_IO, "the server ended the stream", c->session->address);
        return ww__client_lose(c, &why, err);
    default:
        return WW_MORE;
    }
}

/* No transaction is open, all was handed out, and the server has nothing before end_lsn any more.
 */
static bool end_reached(const ww_client *c, const ww_wal_msg *keepalive)
{
    return c->end_lsn != 0 && keepalive->end >= c->end_lsn && !ww_stream_in_transaction(&c->stream);
}

static ww_status take_copy_data(ww_client *c, ww_slice body, ww_wal_msg *wal, ww_error *err)
{
    ww_status st = ww_stream_input(&c->stream, body, c->now, wal);
    if (st < 0)
        return ww__client_fail(c, ww_stream_error(&c->stream), err);
    if (wal->kind == WW_WAL_DATA)
        return WW_OK;
    if (wal->kind == WW_WAL_KEEPALIVE) {
        if (end_reached(c, wal)) {
            c->ended = true;
            return WW_END;
        }
        if ((st = send_feedback(c, err)) < 0)
            return st;
    }
    return WW_MORE;
}

/* The connection ended: in order only if the server said so before (shutdown), which is not our
 * end. */
static ww_status take_close(ww_client *c, ww_error *err)
{
    ww_error why;
    ww__fail_text(&why, WW_ERR_IO, "the server ended the connection (shutting down?)",
                  c->session->address);
    return ww__client_lose(c, &why, err);
}

/* A server that is there sends something, or answers: asked after half of its own timeout, it is
 * given up after all of it. */
static ww_status check_silence(ww_client *c, ww_error *why)
{
    ww_mono_us silent = c->now.mono_us - c->heard_at;
    if (silent >= c->silence_us)
        return ww__fail_text(why, WW_ERR_TIMEOUT,
                             "the server sends nothing any more, and answers no question",
                             c->session->address);
    if (silent >= c->silence_us / 2 && c->asked_at <= c->heard_at) {
        ww_stream_feedback_now(&c->stream, true);
        c->asked_at = c->now.mono_us;
    }
    return WW_OK;
}

/* The socket: receives, or waits for it. WW_OK: look at the engine again. */
static ww_status move_bytes(ww_client *c, ww_error *err)
{
    ww_error why;
    bool reads = ww__gather_wants_read(c);
    ww_status st = reads ? ww__session_pump(c->session, true, &why) : WW_MORE;
    c->now = ww_clock_now();
    if (st == WW_OK)
        c->heard_at = c->now.mono_us;
    else if (reads && st == WW_MORE && check_silence(c, &why) < 0)
        return ww__client_lose(c, &why, err);
    if (reads)
        ww__gather_note(c, st);
    if (c->end_lsn != 0 && c->now.mono_us >= c->probe_at) {
        ww_stream_feedback_now(&c->stream, true);
        c->probe_at = c->now.mono_us + WW__PROBE_INTERVAL_US;
    }
    if (send_feedback(c, err) < 0)
        return c->error.status;
    if (st == WW_MORE) {
        st = ww__gather_rest(c, &why);
        if (st == WW_ERR_TIMEOUT)
            st = WW_OK;
        if (st == WW_ERR_CANCELLED) {
            if (err != NULL)
                *err = why;
            return st; /* not final: the caller may go on, or stop */
        }
    }
    return st < 0 ? ww__client_lose(c, &why, err) : st;
}

static const ww_error *connection_error(const ww_client *c, ww_status st)
{
    bool io = c->session->io_error.status != WW_OK && st == WW_ERR_IO;
    return io ? &c->session->io_error : ww_conn_error(&c->session->conn);
}

/* WW_MORE also if the connection was lost, and is made again. */
static ww_status next_wal(ww_client *c, ww_wal_msg *wal, ww_error *err)
{
    while (c->again == WW__STREAMS) {
        ww_msg msg;
        ww_status st = ww_conn_next(&c->session->conn, &msg);
        if (st == WW_OK)
            st = msg.type == WW_MSG_COPY_DATA ? take_copy_data(c, msg.body, wal, err)
                                              : take_other(c, &msg, err);
        else if (st == WW_END)
            return take_close(c, err);
        else if (st < 0)
            return ww__client_lose(c, connection_error(c, st), err);
        else if ((st = move_bytes(c, err)) == WW_OK)
            continue;
        else
            return st;
        if (st != WW_MORE)
            return st;
    }
    return WW_MORE;
}

/* ---- next ----------------------------------------------------------------------------------- */

/* Does this event begin, or commit, something at or behind end_lsn? Then it is not delivered. */
static bool is_past_end(const ww_client *c, const ww_event *ev)
{
    if (c->end_lsn == 0)
        return false;
    switch (ev->kind) {
    case WW_EV_BEGIN:
        return ev->begin.final_lsn >= c->end_lsn;
    case WW_EV_BEGIN_PREPARE:
        return ev->prepare.prepare_lsn >= c->end_lsn;
    case WW_EV_STREAM_COMMIT:
        return ev->stream_commit.commit_lsn >= c->end_lsn;
    case WW_EV_STREAM_PREPARE:
        return ev->prepare.prepare_lsn >= c->end_lsn;
    case WW_EV_COMMIT_PREPARED:
        return ev->commit_prepared.commit_lsn >= c->end_lsn;
    case WW_EV_ROLLBACK_PREPARED:
        return ev->rollback_prepared.rollback_end_lsn > c->end_lsn;
    case WW_EV_MESSAGE:
        return (ev->message.flags & WW_MESSAGE_TRANSACTIONAL) == 0 && ev->message.lsn > c->end_lsn;
    default:
        return false;
    }
}

static ww_status next_event(ww_client *c, ww_event *ev, ww_error *err)
{
    ww_status st;
    if (c->has_kept) {
        *ev = c->kept;
        c->has_kept = false;
        return WW_OK;
    }
    while ((st = ww_stream_next(&c->stream, ev)) == WW_MORE)
        if ((st = next_wal(c, &c->wal, err)) != WW_OK)
            return st;
    if (st < 0)
        return ww__client_fail(c, ww_stream_error(&c->stream), err);
    return WW_OK;
}

/* Cancelled is not final: the caller may go on, or stop. */
static ww_status settle(ww_client *c, ww_status st, const ww_error *why, ww_error *err)
{
    if (st < 0 && st != WW_ERR_CANCELLED)
        return ww__client_fail(c, why, err);
    if (st < 0 && err != NULL)
        *err = *why;
    return st;
}

/* What the catalog has to do with an event. WW_MORE: the stream is to be started again. */
static ww_status consult(ww_client *c, ww_event *ev, ww_error *err)
{
    ww_error why;
    ww_status st = WW_OK;
    switch (ev->kind) {
    case WW_EV_RELATION:
        st = ww__binary_follow(c, ev, &why);
        break;
    case WW_EV_INSERT:
    case WW_EV_UPDATE:
    case WW_EV_DELETE:
        st = ww__binary_check_row(c, ev, &why);
        break;
    case WW_EV_BEGIN:
    case WW_EV_BEGIN_PREPARE:
    case WW_EV_STREAM_START:
        st = ww__catalog_retry(c, &why);
        break;
    default:
        return WW_OK;
    }
    if (st == WW_ERR_CANCELLED) {
        c->kept = *ev;
        c->has_kept = true;
    }
    if (st == WW_MORE)
        c->again = WW__LEAVE_BINARY;
    return settle(c, st, &why, err);
}

/* Until there is a stream. WW_MORE: there is none yet, and the caller does not wait. What is
 * confirmed meanwhile is saved, though nobody can be told. */
static ww_status come_back(ww_client *c, ww_error *err)
{
    ww_status st = WW_OK;
    while (c->again != WW__STREAMS && st >= 0) {
        c->now = ww_clock_now();
        if ((st = send_feedback(c, err)) < 0)
            return st;
        if (c->again == WW__LEAVE_BINARY)
            st = ww__binary_leave(c, err);
        else if ((st = ww__client_reconnect(c, err)) == WW_MORE && c->config.nonblocking)
            return st;
    }
    return st;
}

ww_status ww_client_next(ww_client *c, ww_event *ev, ww_error *err)
{
    ww_status st = WW_MORE;
    if (c->error.status != WW_OK)
        return ww__client_fail(c, &c->error, err);
    if (c->ended)
        return WW_END;
    while (st == WW_MORE) {
        if (c->again != WW__STREAMS && (st = come_back(c, err)) != WW_OK)
            return st;
        st = next_event(c, ev, err);
        if (st == WW_OK && c->catalog != NULL)
            st = consult(c, ev, err);
        if (st == WW_MORE && c->config.nonblocking)
            return st; /* events taken before may still be in use */
    }
    if (st == WW_OK && is_past_end(c, ev)) {
        ww_stream_take_back(&c->stream, ev);
        c->ended = true;
        return WW_END;
    }
    return st;
}

ww_status ww_client_next_wal(ww_client *c, ww_wal_msg *wal, ww_error *err)
{
    ww_status st;
    if (c->error.status != WW_OK)
        return ww__client_fail(c, &c->error, err);
    if (c->ended)
        return WW_END;
    do {
        st = come_back(c, err);
        if (st == WW_OK)
            st = next_wal(c, &c->wal, err);
    } while (st == WW_MORE && !c->config.nonblocking);
    if (st == WW_OK && c->end_lsn != 0 && c->wal.start > c->end_lsn) {
        c->ended = true;
        c->dropped = true;
        return WW_END;
    }
    *wal = c->wal;
    return st;
}

const ww_wal_msg *ww_client_wal(const ww_client *c)
{
    return &c->wal;
}

bool ww_client_buffered(const ww_client *c)
{
    if (c->again != WW__STREAMS)
        return false;
    return c->has_kept || c->stream.has_pending || ww_stream_replaying(&c->stream) ||
           (ww_conn_wants(&c->session->conn) & WW_WANT_EVENT) != 0;
}

ww_status ww_client_confirm(ww_client *c, ww_lsn end_lsn, ww_error *err)
{
    ww_status st = ww_stream_confirm(&c->stream, end_lsn, c->now, err);
    ww__position_note(c);
    return st;
}

ww_status ww_client_confirm_through(ww_client *c, ww_lsn lsn, ww_error *err)
{
    ww_status st = ww_stream_confirm_through(&c->stream, lsn, c->now, err);
    ww__position_note(c);
    return st;
}

ww_status ww_client_flush_all(ww_client *c, ww_error *err)
{
    if (c->dropped)
        return ww__fail(err, WW_ERR_USAGE,
                        "the message at end_lsn was not handed out: confirm with "
                        "ww_client_flush_to");
    return ww_stream_flush_all(&c->stream, c->now, err);
}

ww_status ww_client_flush_to(ww_client *c, ww_lsn lsn, ww_error *err)
{
    return ww_stream_flush_to(&c->stream, lsn, c->now, err);
}

int ww_client_fd(const ww_client *c)
{
    return c->session->sock != NULL ? ww_sock_fd(c->session->sock) : -1;
}

short ww_client_poll_events(const ww_client *c)
{
    unsigned wants = ww_conn_wants(&c->session->conn);
    if (c->session->sock == NULL || c->batch.until != 0)
        return 0;
    return ww_sock_poll_events(c->session->sock, (wants & WW_WANT_RECV) != 0,
                               (wants & WW_WANT_SEND) != 0);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* What is still in flight is dropped. A transaction under way may be sent whole before the server
 * looks at our CopyDone: as long as it sends, it is waited for, within reason. */
ww_status ww__client_drain(ww_client *c, ww_mono_us patience_us, ww_mono_us max_us, ww_error *err)
{
    ww_mono_us give_up_at = ww_clock_mono() + max_us;
    ww_msg msg;
    for (;;) {
        ww_mono_us deadline = ww_clock_mono() + patience_us;
        ww_status st = ww__session_message(c->session, &msg,
                                           deadline < give_up_at ? deadline : give_up_at, err);
        if (st != WW_OK)
            return st == WW_END ? WW_OK : st;
        if (msg.type == WW_MSG_READY)
            return WW_OK;
        if (msg.type == WW_MSG_ERROR)
            ww__log_notice(&c->config.log, &msg);
        if (ww_clock_mono() >= give_up_at)
            return ww__fail(err, WW_ERR_TIMEOUT, "the server went on sending after CopyDone");
    }
}

/* Without a connection nothing can be told any more; what was saved was. */
static ww_status stop_without(ww_client *c, ww_error *err)
{
    ww_lsn told = c->known.acked;
    c->streaming = false;
    c->ended = true;
    if (c->config.positions != NULL)
        return ww__position_save(c, err);
    if (ww_stream_flush(&c->stream) <= told)
        return WW_OK;
    return ww__fail(err, WW_ERR_IO, "stopped while the connection was lost");
}

/* The last status update and CopyDone, and what the server says to that. */
static ww_status end_stream(ww_client *c, ww_mono_us deadline, ww_error *err)
{
    ww_status st = WW_OK;
    c->now = ww_clock_now();
    if ((st = ww__position_save(c, err)) < 0)
        return ww__client_fail(c, err, err);
    if (c->session->conn.state == WW_CONN_COPY_BOTH) {
        ww_stream_feedback_now(&c->stream, false);
        st = send_feedback(c, err);
        if (st == WW_OK)
            st = ww_conn_copy_done(&c->session->conn, err);
    }
    c->streaming = false;
    return st == WW_OK
               ? ww__client_drain(c, deadline > c->now.mono_us ? deadline - c->now.mono_us : 0,
                                  STOP_MAX_US, err)
               : st;
}

ww_status ww_client_stop(ww_client *c, ww_mono_us deadline, ww_error *err)
{
    ww_error why;
    ww_status st;
    if (c->streaming && c->again != WW__STREAMS)
        return stop_without(c, err);
    if (!c->streaming || c->session->conn.state == WW_CONN_IDLE)
        return WW_OK;
    c->ended = true;
    st = end_stream(c, deadline, &why);
    if (st >= 0 || (c->config.positions != NULL && c->error.status == WW_OK &&
                    ww_status_retryable(&why)))
        return WW_OK; /* what is not told now was saved, and is told next time */
    if (err != NULL)
        *err = why;
    return st;
}

ww_status ww_client_drop_slot(ww_client *c, ww_error *err)
{
    char sql[160];
    ww_text t = {sql, sizeof sql, 0};
    ww_status st;
    if (c->temporary_slot)
        return WW_OK; /* goes with the session */
    if (c->session->sock == NULL)
        return ww__fail(err, WW_ERR_IO, "the connection is lost: the slot was not dropped");
    st = ww_drop_slot_command(&t, ww_slice_of(c->slot), false, err);
    return st == WW_OK ? ww_session_exec(c->session, sql, err) : st;
}

void ww_client_describe(const ww_client *c, ww_client_info *out)
{
    memset(out, 0, sizeof *out);
    ww_session_describe(c->session, &out->session);
    out->system = c->system;
    out->slot = c->slot;
    out->temporary_slot = c->temporary_slot;
    out->start_lsn = c->start_lsn;
    out->end_lsn = c->end_lsn;
    out->proto_version = c->options.proto_version;
    out->streaming = c->options.streaming;
    out->binary = c->options.binary;
    out->messages = c->options.messages;
    out->two_phase = c->options.two_phase;
    out->plugin = c->config.plugin != NULL ? c->config.plugin : "pgoutput";
    out->options = c->options_text;
    out->status_interval_us = c->status_interval_us;
    out->connected = c->again == WW__STREAMS;
    out->reconnects = c->reconnects;
    out->saved = c->config.positions != NULL ? c->known.acked : 0;
    out->heard_at = c->heard_at;
    ww__gather_describe(c, &out->gathering);
    out->spilled_bytes = c->spool != NULL ? ww__spool_spilled(c->spool) : 0;
    out->spill_failed = c->spool != NULL && ww__spool_failed(c->spool);
}

const ww_types *ww_client_types(const ww_client *c)
{
    return ww__catalog_types(c->catalog);
}

const ww_stream *ww_client_stream(const ww_client *c)
{
    return &c->stream;
}
