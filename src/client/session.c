/* SPDX-License-Identifier: MIT */
/* session.c: one connection for commands: moves bytes between socket and engine, runs queries.
 *
 * Invariant: whatever the socket said last is told to the engine first (ww_conn_recv_eof), so that
 * messages already received are read before the connection counts as lost. */
#include "session.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SLOW_US UINT64_C(2000000)

/* ---- log ------------------------------------------------------------------------------------ */

static size_t append_number(char *out, size_t cap, size_t number)
{
    char digits[20];
    size_t n = sizeof digits, len;
    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    len = sizeof digits - n;
    if (len > cap)
        return 0;
    memcpy(out, digits + n, len);
    return len;
}

void ww__log(const ww_log *log, ww_log_level level, const char *format, ...)
{
    char line[2048];
    size_t len = 0;
    va_list args;
    if (log->line == NULL)
        return;
    va_start(args, format);
    for (; *format != '\0' && len < sizeof line - 1; format++) {
        if (*format != '%') {
            line[len++] = *format;
            continue;
        }
        format++;
        if (*format == 's')
            len += ww_text_escape(ww_slice_of(va_arg(args, const char *)), line + len,
                                  sizeof line - len);
        else
            len += append_number(line + len, sizeof line - 1 - len, va_arg(args, size_t));
    }
    va_end(args);
    line[len] = '\0';
    log->line(log->ctx, level, line);
}

void ww__log_notice(const ww_log *log, const ww_msg *notice)
{
    ww_error text;
    ww_error_clear(&text);
    ww_error_from_server(notice, &text);
    ww__log(log, strcmp(text.severity, "WARNING") == 0 ? WW_LOG_WARNING : WW_LOG_INFO,
            "server %s %s: %s", text.severity, text.sqlstate, text.message);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static ww_status resize(ww_session *s, size_t size)
{
    uint8_t *resized = realloc(s->recv_buffer, size);
    if (resized == NULL)
        return WW_ERR_NOMEM;
    s->recv_buffer = resized;
    s->recv_size = size;
    ww_conn_resized(&s->conn, resized, size);
    return WW_OK;
}

/* Memory follows the bytes that arrived: doubled, up to what the message claims. A large block is
 * moved by its pages, so that there is never a second copy of what is in it. */
static ww_status grow(ww_session *s, ww_error *err)
{
    size_t need = ww_conn_need(&s->conn);
    size_t size = s->recv_size * 2;
    if (size > need && need > s->recv_size)
        size = need;
    if (resize(s, size) < 0)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a message from the server");
    return WW_OK;
}

/* Where to receive into. Once a giant message is done with, its room is given back. */
static uint8_t *receive_room(ww_session *s, size_t *cap)
{
    uint8_t *room = ww_conn_recv_buf(&s->conn, cap);
    if (s->recv_size <= WW__RECV_KEEP || s->recv_size - *cap >= WW__RECV_SIZE ||
        resize(s, WW__RECV_SIZE) < 0)
        return room;
    return ww_conn_recv_buf(&s->conn, cap);
}

static void note_eof(ww_session *s, bool clean, const ww_error *why)
{
    if (why != NULL && s->io_error.status == WW_OK)
        s->io_error = *why;
    ww__trace_note(s, clean ? "end" : "broken", "");
    ww_conn_recv_eof(&s->conn, clean);
}

static ww_status send_some(ww_session *s)
{
    ww_error why;
    size_t len, n = 0;
    const uint8_t *bytes = ww_conn_send_buf(&s->conn, &len);
    ww_status st = ww_sock_send(s->sock, bytes, len, &n, &why);
    if (st == WW_OK)
        ww_conn_send_ack(&s->conn, n);
    else if (st < 0)
        note_eof(s, false, &why); /* what the server said before it went may still be read */
    return st == WW_MORE ? WW_MORE : WW_OK;
}

static ww_status receive_some(ww_session *s)
{
    ww_error why;
    size_t cap, n = 0;
    uint8_t *room = receive_room(s, &cap);
    ww_status st = ww_sock_recv(s->sock, room, cap, &n, &why);
    s->read_len = n;
    s->read_full = n == cap || ww_sock_has_more(s->sock); /* no room either: it has to grow */
    if (st == WW_OK)
        ww_conn_recv_ack(&s->conn, n);
    else if (st == WW_END)
        note_eof(s, true, NULL);
    else if (st < 0)
        note_eof(s, false, &why);
    return st == WW_MORE ? WW_MORE : WW_OK;
}

ww_status ww__session_pump(ww_session *s, bool receive, ww_error *err)
{
    unsigned wants = ww_conn_wants(&s->conn);
    ww_status moved = WW_MORE;
    if ((wants & WW_WANT_GROW) != 0 && receive)
        return grow(s, err);
    if ((wants & WW_WANT_SEND) != 0 && send_some(s) == WW_OK)
        moved = WW_OK;
    if (receive && (ww_conn_wants(&s->conn) & WW_WANT_RECV) != 0 && receive_some(s) == WW_OK)
        moved = WW_OK;
    return moved;
}

ww_status ww__session_wait(ww_session *s, ww_mono_us deadline, ww_error *err)
{
    unsigned wants = ww_conn_wants(&s->conn);
    short events =
        ww_sock_poll_events(s->sock, (wants & WW_WANT_RECV) != 0, (wants & WW_WANT_SEND) != 0);
    return ww_sock_wait(s->sock, events, deadline, s->config.wake_fd, err);
}

ww_status ww__session_message(ww_session *s, ww_msg *msg, ww_mono_us deadline, ww_error *err)
{
    for (;;) {
        ww_status st = ww_conn_next(&s->conn, msg);
        if (st < 0 && err != NULL)
            *err = s->io_error.status != WW_OK && st == WW_ERR_IO ? s->io_error
                                                                  : *ww_conn_error(&s->conn);
        if (st == WW_OK && msg->type == WW_MSG_READY)
            s->transaction_status = ww_msg_transaction_status(msg);
        if (st != WW_MORE)
            return st;
        /* Also where bytes are there already: a flood must not hide that a stop was asked for. */
        if ((ww_conn_wants(&s->conn) & WW_WANT_GROW) == 0)
            st = ww__session_wait(s, deadline, err);
        if (st >= 0)
            st = ww__session_pump(s, true, err);
        if (st < 0)
            return st;
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

ww_status ww_session_open(ww_session **out, const ww_session_config *config, ww_error *err)
{
    ww_status st;
    ww_session *s;
    *out = NULL;
    if (config->struct_size != sizeof *config || config->conninfo == NULL)
        return ww__fail(err, WW_ERR_USAGE, "ww_session_config: struct_size or conninfo is not set");
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a session");
    s->config = *config;
    ww_error_clear(&s->io_error);
    s->transaction_status = 'I'; /* as each session begins */
    s->recv_size = WW__RECV_SIZE;
    s->recv_buffer = malloc(WW__RECV_SIZE);
    s->send_buffer = malloc(WW__SEND_SIZE);
    if (s->recv_buffer == NULL || s->send_buffer == NULL)
        st = ww__fail(err, WW_ERR_NOMEM, "no memory for a session's buffers");
    else
        st = ww__session_connect(s, err);
    if (st < 0) {
        ww_session_close(s);
        return st;
    }
    *out = s;
    return WW_OK;
}

void ww_session_close(ww_session *s)
{
    if (s == NULL)
        return;
    if (s->sock != NULL && ww_conn_terminate(&s->conn, NULL) == WW_OK)
        send_some(s);
    ww__session_disconnect(s);
    ww_addrs_free(s->addrs);
    free(s->recv_buffer);
    free(s->send_buffer);
    free(s);
}

/* ---- commands ------------------------------------------------------------------------------- */

ww_status ww_session_query(ww_session *s, const char *sql, ww_error *err)
{
    ww_status st = ww_conn_query(&s->conn, ww_slice_of(sql), err);
    s->command_open = st == WW_OK;
    return st;
}

static ww_status lost(ww_error *err)
{
    return ww__fail(err, WW_ERR_IO, "the server closed the connection in the middle of a command");
}

void ww__session_settle(ww_session *s)
{
    ww_mono_us deadline = ww_clock_mono() + SLOW_US;
    ww_error ignored;
    ww_msg msg;
    while (ww_clock_mono() < deadline &&
           ww__session_message(s, &msg, deadline, &ignored) == WW_OK)
        if (msg.type == WW_MSG_READY)
            break;
    s->command_open = false;
}

/* The first error stays. */
static ww_status finish_failed(ww_session *s, ww_error *err)
{
    ww__session_settle(s);
    return err != NULL ? err->status : WW_ERR_SERVER;
}

ww_status ww__session_row_until(ww_session *s, ww_msg *row, ww_mono_us deadline, ww_error *err)
{
    ww_error local;
    ww_status st;
    if (err == NULL)
        err = &local;
    while (s->command_open) {
        st = ww__session_message(s, row, deadline, err);
        if (st < 0)
            return st;
        if (st == WW_END)
            return lost(err);
        if (row->type == WW_MSG_ROW)
            return WW_OK;
        if (row->type == WW_MSG_NOTICE)
            ww__log_notice(&s->config.log, row);
        if (row->type == WW_MSG_ERROR) {
            ww_error_from_server(row, err);
            return finish_failed(s, err);
        }
        if (row->type == WW_MSG_READY)
            s->command_open = false;
    }
    return WW_END;
}

ww_status ww_session_row(ww_session *s, ww_msg *row, ww_error *err)
{
    return ww__session_row_until(s, row, WW_MONO_NEVER, err);
}

ww_status ww_session_exec(ww_session *s, const char *sql, ww_error *err)
{
    ww_msg row;
    ww_status st = ww_session_query(s, sql, err);
    while (st == WW_OK)
        st = ww_session_row(s, &row, err);
    return st == WW_END ? WW_OK : st;
}

/* The next row of a command that no server needs long for, unless the caller is patient. */
static ww_status next_row(ww_session *s, ww_msg *row, bool patient, ww_error *err)
{
    ww_mono_us deadline = patient ? WW_MONO_NEVER : ww_clock_mono() + WW__ANSWER_US;
    return ww__session_row_until(s, row, deadline, err);
}

/* The rows of a command that was sent; the first one's columns as text. */
static ww_status take_row_text(ww_session *s, size_t ncols, size_t width, char *out, bool patient,
                               ww_error *err)
{
    ww_msg row;
    ww_slice value;
    size_t i;
    ww_status st = next_row(s, &row, patient, err);
    for (i = 0; i < ncols; i++)
        out[i * width] = '\0';
    if (st != WW_OK)
        return st;
    {
        ww_row_iter it = ww_row_begin(&row);
        for (i = 0; i < ncols && ww_row_next(&it, &value); i++)
            ww__copy_cut(out + i * width, width, value);
    }
    while ((st = next_row(s, &row, patient, err)) == WW_OK)
        continue;
    return st == WW_END ? WW_OK : st;
}

ww_status ww_session_row_text(ww_session *s, const char *sql, size_t ncols, size_t width, char *out,
                              ww_error *err)
{
    ww_status st = ww_session_query(s, sql, err);
    return st == WW_OK ? take_row_text(s, ncols, width, out, false, err) : st;
}

/* Waits until an answer has begun to come; false after two seconds without. */
static bool answers_soon(ww_session *s)
{
    ww_mono_us deadline = ww_clock_mono() + SLOW_US;
    while ((ww_conn_wants(&s->conn) & (WW_WANT_EVENT | WW_WANT_CLOSED)) == 0) {
        ww_status st = ww__session_pump(s, true, NULL);
        if (st == WW_MORE)
            st = ww__session_wait(s, deadline, NULL);
        if (st < 0)
            return st != WW_ERR_TIMEOUT;
    }
    return true;
}

ww_status ww__session_slow_row_text(ww_session *s, const char *sql, size_t ncols, size_t width,
                                    char *out, const char *why, ww_error *err)
{
    ww_status st = ww_session_query(s, sql, err);
    if (st == WW_OK && !answers_soon(s))
        ww__log(&s->config.log, WW_LOG_WARNING, "%s", why);
    return st == WW_OK ? take_row_text(s, ncols, width, out, true, err) : st;
}

ww_status ww_session_identify(ww_session *s, ww_system *out, ww_error *err)
{
    ww_msg row;
    ww_status st = ww_session_query(s, "IDENTIFY_SYSTEM", err), parsed;
    if (st == WW_OK)
        st = next_row(s, &row, false, err);
    if (st == WW_END)
        return ww__fail(err, WW_ERR_PROTOCOL, "IDENTIFY_SYSTEM returned no row");
    if (st < 0)
        return st;
    parsed = ww_system_from_row(&row, out, err);
    while (parsed == WW_OK && (st = next_row(s, &row, false, err)) == WW_OK)
        continue;
    return parsed < 0 ? parsed : st == WW_END ? WW_OK : st;
}

static const char *auth_method(const ww_conn *c)
{
    if ((c->auth_done & WW_AUTH_SCRAM) != 0)
        return c->channel_bound ? "scram-sha-256-plus" : "scram-sha-256";
    if ((c->auth_done & WW_AUTH_MD5) != 0)
        return "md5";
    if ((c->auth_done & WW_AUTH_OAUTH) != 0)
        return "oauth";
    return (c->auth_done & WW_AUTH_CLEARTEXT) != 0 ? "password" : "none";
}

char ww_session_transaction_status(const ww_session *s)
{
    return s->transaction_status;
}

void ww_session_describe(const ww_session *s, ww_session_info *out)
{
    bool tls = s->conn.tls_active && s->sock != NULL;
    out->address = s->address;
    out->server_version = s->conn.server_version_text;
    out->server_version_num = s->conn.server_version;
    out->tls_version = tls ? ww_sock_tls_version(s->sock) : "";
    out->tls_cipher = tls ? ww_sock_tls_cipher(s->sock) : "";
    out->auth_method = auth_method(&s->conn);
    out->protocol = s->conn.protocol;
    out->backend_pid = s->conn.backend_pid;
}
