/* SPDX-License-Identifier: MIT */
/* peer.c: an engine with its buffers, driven as a program would drive it, and its log. */
#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many messages are held before the first of them is looked at: they must all still be there. */
#define BATCH 64

static void add(peer *p, const char *format, ...)
{
    size_t room = sizeof p->log - p->nlog;
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(p->log + p->nlog, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room) {
        fprintf(stderr, "peer: the log is full\n");
        abort();
    }
    p->nlog += (size_t)n;
}

static void add_text(peer *p, ww_slice text)
{
    char escaped[1024];
    ww_text_escape(text, escaped, sizeof escaped);
    add(p, " \"%s\"", escaped);
}

static void add_hex(peer *p, ww_slice bytes)
{
    size_t i;
    add(p, " ");
    for (i = 0; i < bytes.len && i < 64; i++)
        add(p, "%02x", bytes.ptr[i]);
    if (i < bytes.len)
        add(p, "... (%zu)", bytes.len);
}

static void add_fields(peer *p, const ww_msg *msg)
{
    ww_row_iter it = ww_row_begin(msg);
    ww_field f;
    while (ww_fields_next(&it, &f))
        add(p, " %.*s:%u", (int)f.name.len, (const char *)f.name.ptr, (unsigned)f.type_oid);
}

static void add_row(peer *p, const ww_msg *msg)
{
    ww_row_iter it = ww_row_begin(msg);
    ww_slice value;
    while (ww_row_next(&it, &value)) {
        if (value.ptr == NULL)
            add(p, " NULL");
        else
            add_text(p, value);
    }
}

static void add_server_error(peer *p, const ww_msg *msg)
{
    ww_server_error e;
    ww_msg_error(msg, &e);
    add(p, " %.*s %.*s", (int)e.severity.len, (const char *)e.severity.ptr, (int)e.sqlstate.len,
        (const char *)e.sqlstate.ptr);
    add_text(p, e.message);
}

static void add_parameter(peer *p, const ww_msg *msg)
{
    ww_slice name, value;
    ww_msg_parameter(msg, &name, &value);
    add(p, " %.*s", (int)name.len, (const char *)name.ptr);
    add_text(p, value);
}

static void log_message(peer *p, const ww_msg *msg)
{
    add(p, "%c", msg->type);
    switch (msg->type) {
    case WW_MSG_READY:
        add(p, " %c", ww_msg_transaction_status(msg));
        break;
    case WW_MSG_ERROR:
    case WW_MSG_NOTICE:
        add_server_error(p, msg);
        break;
    case WW_MSG_PARAMETER:
        add_parameter(p, msg);
        break;
    case WW_MSG_ROW_DESCRIPTION:
        add_fields(p, msg);
        break;
    case WW_MSG_ROW:
        add_row(p, msg);
        break;
    case WW_MSG_COMMAND_COMPLETE:
        add_text(p, ww_msg_command_tag(msg));
        break;
    default:
        if (msg->body.len > 0)
            add_hex(p, msg->body);
    }
    add(p, "\n");
}

static const char *status_name(ww_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, text)                                                             \
    case WW_##name:                                                                                \
        return #name;
        WW_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "?";
}

static void log_end(peer *p)
{
    const ww_error *e = ww_conn_error(&p->conn);
    add(p, "%s", status_name(p->status));
    if (p->status < 0) {
        add(p, ": %s", e->what);
        if (e->subject[0] != '\0')
            add_text(p, ww_slice_of(e->subject));
        if (e->sqlstate[0] != '\0')
            add(p, " %s %s", e->severity, e->sqlstate);
        if (e->message[0] != '\0')
            add_text(p, ww_slice_of(e->message));
    }
    add(p, "\n");
}

/* Takes what is there, in batches. */
static void drain(peer *p)
{
    ww_msg batch[BATCH];
    size_t n, i;
    do {
        n = 0;
        while (n < BATCH && (p->status = ww_conn_next(&p->conn, &batch[n])) == WW_OK)
            n++;
        for (i = 0; i < n; i++)
            log_message(p, &batch[i]);
    } while (p->status == WW_OK);
}

static void send_some(peer *p)
{
    size_t len;
    const uint8_t *bytes = ww_conn_send_buf(&p->conn, &len);
    if (p->send_chunk != 0 && len > p->send_chunk)
        len = p->send_chunk;
    if (p->nsent + len > sizeof p->sent) {
        fprintf(stderr, "peer: the engine sends too much\n");
        abort();
    }
    memcpy(p->sent + p->nsent, bytes, len);
    p->nsent += len;
    ww_conn_send_ack(&p->conn, len);
}

static void grow(peer *p)
{
    size_t cap = 2 * p->conn.in_size;
    uint8_t *bigger = malloc(cap);
    if (bigger == NULL)
        abort();
    free(ww_conn_grow(&p->conn, bigger, cap));
    p->recv = bigger;
    p->grown++;
}

void peer_pump(peer *p)
{
    for (;;) {
        bool ended = p->status < 0 || p->status == WW_END;
        unsigned wants;
        drain(p);
        if (!ended && (p->status < 0 || p->status == WW_END))
            log_end(p);
        wants = ww_conn_wants(&p->conn);
        if ((wants & WW_WANT_WORK) != 0)
            ww_conn_work(&p->conn, 1000000);
        if ((wants & WW_WANT_SEND) != 0)
            send_some(p);
        if ((wants & WW_WANT_GROW) != 0)
            grow(p);
        if ((wants & (WW_WANT_WORK | WW_WANT_SEND | WW_WANT_GROW | WW_WANT_EVENT)) == 0)
            return;
    }
}

bool peer_open(peer *p, const ww_conn_config *config)
{
    ww_conn_config mine = *config;
    size_t send_chunk = p->send_chunk;
    memset(p, 0, sizeof *p);
    p->send_chunk = send_chunk;
    mine.struct_size = sizeof mine;
    mine.recv_size = config->recv_size != 0 ? config->recv_size : WW_MIN_RECV_BUFFER;
    mine.recv_buffer = p->recv = malloc(mine.recv_size);
    mine.send_buffer = p->send;
    mine.send_size = config->send_size != 0 ? config->send_size : sizeof p->send;
    if (p->recv == NULL)
        abort();
    if (mine.user == NULL)
        mine.user = "u";
    p->status = WW_MORE;
    ww_conn_init(&p->conn, &mine, NULL);
    peer_pump(p);
    return p->status == WW_MORE;
}

void peer_close(peer *p)
{
    ww_conn_fini(&p->conn);
    free(p->recv);
    p->recv = NULL;
}

/* A server that stuffs bytes in front of the handshake is not stopped by our not asking for any. */
static bool takes_bytes(peer *p)
{
    return (ww_conn_wants(&p->conn) & (WW_WANT_RECV | WW_WANT_TLS)) != 0;
}

size_t peer_feed(peer *p, const uint8_t *bytes, size_t len)
{
    size_t done = 0;
    while (done < len && takes_bytes(p)) {
        size_t cap;
        uint8_t *to = ww_conn_recv_buf(&p->conn, &cap);
        if (cap > len - done)
            cap = len - done;
        memcpy(to, bytes + done, cap);
        ww_conn_recv_ack(&p->conn, cap);
        done += cap;
        peer_pump(p);
    }
    return done;
}

size_t peer_say(peer *p, const char *text)
{
    uint8_t bytes[8192];
    size_t len = script_bytes(text, bytes, sizeof bytes);
    if (len == SIZE_MAX) {
        fprintf(stderr, "peer: cannot say %s\n", text);
        abort();
    }
    return peer_feed(p, bytes, len);
}

void peer_eof(peer *p, bool clean)
{
    ww_conn_recv_eof(&p->conn, clean);
    peer_pump(p);
}
