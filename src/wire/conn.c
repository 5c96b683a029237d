/* SPDX-License-Identifier: MIT */
/* conn.c: the engine's outside: buffers, wants, and the loop that takes one input after the other.
 *
 * Invariants
 *   in[in_start .. in_end) are bytes received and not yet taken. Only recv_buf, grow and resized
 *   move them.
 *   in_need is 0, or the size of the message at in_start, whose header was found good.
 *   out[out_start .. out_end) are bytes queued, not yet sent. Only send_ack moves them, and leaves
 *   no sent byte behind.
 *   state is FAILED if and only if error.status is set; then no secret is left here. */
#include "engine.h"

/* ---- life ----------------------------------------------------------------------------------- */

static void take_config(ww_conn *c, const ww_conn_config *config)
{
    c->config = *config;
    if (c->config.protocol == 0)
        c->config.protocol = WW_PROTOCOL_3_0;
    if (c->config.min_protocol == 0)
        c->config.min_protocol = WW_PROTOCOL_3_0;
    if (c->config.max_copy_data == 0)
        c->config.max_copy_data = WW_DEFAULT_MAX_COPY_DATA;
    if (c->config.max_message == 0)
        c->config.max_message = WW_DEFAULT_MAX_MESSAGE;
    c->in = config->recv_buffer;
    c->in_size = config->recv_size;
    c->out = config->send_buffer;
    c->out_size = config->send_size;
    c->protocol = c->config.protocol;
}

static ww_status open_conn(ww_conn *c, const ww_conn_config *config)
{
    ww_status status;
    if (config->struct_size != sizeof *config)
        return ww__fail_text(&c->error, WW_ERR_USAGE, "not the size that this library knows",
                             "struct_size");
    status = ww__config_check(config, &c->error);
    if (status != WW_OK)
        return status;
    take_config(c, config);
    return ww__begin(c);
}

ww_status ww_conn_init(ww_conn *c, const ww_conn_config *config, ww_error *err)
{
    ww_status status;
    memset(c, 0, sizeof *c);
    ww_error_clear(&c->error);
    c->row_columns = -1;
    status = open_conn(c, config);
    if (status != WW_OK)
        ww__conn_fail(c);
    if (status != WW_OK && err != NULL)
        *err = c->error;
    return status;
}

void ww_conn_fini(ww_conn *c)
{
    if (c == NULL)
        return;
    if (c->out != NULL)
        ww_wipe(c->out, c->out_end);
    ww_wipe(c, sizeof *c);
}

ww_status ww__conn_fail(ww_conn *c)
{
    c->state = WW_CONN_FAILED;
    ww_scram_fini(&c->scram);
    if (c->out != NULL)
        ww_wipe(c->out, c->out_size);
    c->out_start = 0;
    c->out_end = 0;
    return c->error.status;
}

const ww_error *ww_conn_error(const ww_conn *c)
{
    return &c->error;
}

/* ---- sending -------------------------------------------------------------------------------- */

static ww_status fail_room(ww_conn *c, size_t size, size_t keep, ww_error *err)
{
    ww__fail(err, WW_ERR_LIMIT, size > c->out_size - keep
                                    ? "the message is longer than the send buffer: raise send_size"
                                    : "the send buffer is full: send what it holds first");
    ww__error_add_number(err, size);
    ww__error_add_text(err, " bytes of ");
    ww__error_add_number(err, c->out_size);
    return WW_ERR_LIMIT;
}

ww_status ww__send(ww_conn *c, char type, const ww_slice *parts, size_t count, size_t keep,
                   ww_error *err)
{
    ww__writer w = ww__writer_of(c->out + c->out_end, c->out_size - c->out_end);
    size_t size = 4, i;
    for (i = 0; i < count; i++) {
        if (parts[i].len > WW_MAX_SEND - size)
            return ww__fail(err, WW_ERR_LIMIT, "no server takes a message of 1 GiB or more");
        size += parts[i].len;
    }
    if (c->out_size - c->out_end < size + 1 + keep)
        return fail_room(c, size + 1, keep, err);
    if (type != 0)
        ww__put_u8(&w, (uint8_t)type);
    ww__put_u32(&w, (uint32_t)size);
    for (i = 0; i < count; i++)
        ww__put_slice(&w, parts[i]);
    if (ww__traces(c))
        ww__trace_sent(c, type, w.start, ww__written(&w));
    c->out_end += ww__written(&w);
    return WW_OK;
}

const uint8_t *ww_conn_send_buf(const ww_conn *c, size_t *len)
{
    *len = c->out_end - c->out_start;
    return c->out + c->out_start;
}

/* Moves the rest to the front only once it is no longer than what was sent, so that no byte is
 * moved more than once on average. */
void ww_conn_send_ack(ww_conn *c, size_t n)
{
    size_t rest = c->out_end - c->out_start;
    if (c->state == WW_CONN_FAILED)
        return;
    if (n > rest) {
        ww__fail(&c->error, WW_ERR_USAGE, "more bytes acknowledged than were to be sent");
        ww__conn_fail(c);
        return;
    }
    ww_wipe(c->out + c->out_start, n);
    c->out_start += n;
    rest -= n;
    if (rest > c->out_start)
        return;
    memmove(c->out, c->out + c->out_start, rest);
    ww_wipe(c->out + rest, c->out_end - rest);
    c->out_start = 0;
    c->out_end = rest;
}

/* ---- receiving ------------------------------------------------------------------------------ */

/* A slice that is used too late shall be seen to be wrong. */
static void poison(uint8_t *at, size_t len)
{
#ifndef NDEBUG
    memset(at, 0xA5, len);
#else
    (void)at;
    (void)len;
#endif
}

uint8_t *ww_conn_recv_buf(ww_conn *c, size_t *cap)
{
    size_t rest = c->in_end - c->in_start;
    if (c->in_start > 0) {
        memmove(c->in, c->in + c->in_start, rest);
        poison(c->in + rest, c->in_end - rest);
        c->in_start = 0;
        c->in_end = rest;
    }
    *cap = c->in_size - rest;
    return c->in + rest;
}

void ww_conn_recv_ack(ww_conn *c, size_t n)
{
    if (c->state == WW_CONN_FAILED || c->state == WW_CONN_CLOSED || n == 0)
        return;
    if (n > c->in_size - c->in_end)
        ww__fail(&c->error, WW_ERR_USAGE, "more bytes received than the buffer holds");
    else if (c->state == WW_CONN_EXPECT_TLS)
        ww__fail(&c->error, WW_ERR_TLS, "bytes in front of the TLS handshake: an attack");
    else
        c->in_end += n;
    if (c->error.status != WW_OK)
        ww__conn_fail(c);
}

void ww_conn_recv_eof(ww_conn *c, bool clean)
{
    c->eof = true;
    c->eof_clean = clean;
}

uint8_t *ww_conn_grow(ww_conn *c, uint8_t *buffer, size_t cap)
{
    uint8_t *old = c->in;
    size_t rest = c->in_end - c->in_start;
    if (cap < rest)
        return buffer;
    if (rest > 0)
        memcpy(buffer, old + c->in_start, rest);
    c->in = buffer;
    c->in_size = cap;
    c->in_start = 0;
    c->in_end = rest;
    return old;
}

void ww_conn_resized(ww_conn *c, uint8_t *buffer, size_t cap)
{
    if (cap < c->in_end && c->state != WW_CONN_FAILED) {
        ww__fail(&c->error, WW_ERR_USAGE, "the receive buffer was cut below the bytes it holds");
        ww__conn_fail(c);
    }
    c->in = buffer;
    c->in_size = cap;
    if (cap < c->in_end)
        c->in_start = c->in_end = 0;
}

size_t ww_conn_need(const ww_conn *c)
{
    return c->in_need;
}

/* ---- taking what was received --------------------------------------------------------------- */

/* Takes one message. *msg is set if it is to be handed out. */
static ww_status take_message(ww_conn *c, ww_msg *msg, bool *hand_out)
{
    ww__input input;
    uint8_t type;
    ww_status status = ww__frame_take(c, &type, &msg->body);
    if (status != WW_OK)
        return status;
    msg->type = (char)type;
    input = ww__classify(type, msg->body);
    if (ww__traces(c))
        ww__trace_received(c, input, msg->body);
    return ww__step(c, input, msg->body, hand_out);
}

static ww_status take_input(ww_conn *c, ww_msg *msg, bool *hand_out)
{
    switch (c->state) {
    case WW_CONN_FAILED:
        return c->error.status;
    case WW_CONN_CLOSED:
        return WW_END;
    case WW_CONN_EXPECT_TLS:
    case WW_CONN_HASHING:
        return WW_MORE;
    case WW_CONN_EXPECT_SSL_ANSWER:
        return c->in_end > c->in_start ? ww__ssl_answer(c) : WW_MORE;
    case WW_CONN_TERMINATING:
        c->in_start = c->in_end;
        c->in_need = 0;
        return WW_MORE;
    default:
        return take_message(c, msg, hand_out);
    }
}

static ww_status fail_end(ww_conn *c, const char *what)
{
    ww__fail_text(&c->error, WW_ERR_IO, what, "in state ");
    ww__error_add_text(&c->error, ww_conn_state_name(c->state));
    return WW_ERR_IO;
}

static ww_status take_end(ww_conn *c)
{
    const ww__rule *rule = ww__rule_of(c->state, c->eof_clean ? WW__EOF : WW__CUT);
    if (c->in_end > c->in_start) {
        fail_end(c, "the connection ended in the middle of a message");
        c->error.offset = c->in_end - c->in_start;
        c->error.msg_type = (char)c->in[c->in_start];
        return WW_ERR_IO;
    }
    if (rule == NULL)
        return fail_end(c, c->eof_clean ? "the server closed the connection"
                                        : "the connection to the server was lost");
    c->state = rule->next;
    return WW_END;
}

static ww_status next_input(ww_conn *c, ww_msg *msg)
{
    bool hand_out = false;
    ww_status status;
    do {
        status = take_input(c, msg, &hand_out);
    } while (status == WW_OK && !hand_out);
    if (status == WW_MORE && c->eof && c->state != WW_CONN_HASHING)
        status = take_end(c);
    return status < 0 && c->state != WW_CONN_FAILED ? ww__conn_fail(c) : status;
}

/* The data of a running stream takes the short way: it has no layout of its own, and changes
 * nothing. */
ww_status ww_conn_next(ww_conn *c, ww_msg *msg)
{
    size_t have = c->in_end - c->in_start;
    if (c->state == WW_CONN_COPY_BOTH && have >= WW__HEADER_SIZE && !ww__traces(c)) {
        const uint8_t *at = c->in + c->in_start;
        size_t len = (size_t)ww__load32(at + 1) - 4; /* wraps to more than any limit */
        if (at[0] == WW_MSG_COPY_DATA && len <= c->config.max_copy_data &&
            len <= have - WW__HEADER_SIZE) {
            msg->type = WW_MSG_COPY_DATA;
            msg->body.ptr = at + WW__HEADER_SIZE;
            msg->body.len = len;
            c->in_start += WW__HEADER_SIZE + len;
            c->in_need = 0;
            return WW_OK;
        }
    }
    return next_input(c, msg);
}

/* ---- wants ---------------------------------------------------------------------------------- */

/* Whether ww_conn_next() would get somewhere: a whole message is there, or the end is. */
static bool has_event(const ww_conn *c)
{
    size_t have = c->in_end - c->in_start;
    uint32_t len;
    if (c->eof)
        return true;
    if (have > 0 && (c->state == WW_CONN_EXPECT_SSL_ANSWER || c->state == WW_CONN_TERMINATING))
        return true;
    if (have < WW__HEADER_SIZE)
        return false;
    len = ww__load32(c->in + c->in_start + 1);
    return len < have;
}

unsigned ww_conn_wants(const ww_conn *c)
{
    unsigned wants = c->out_end > c->out_start ? WW_WANT_SEND : 0;
    if (c->state == WW_CONN_FAILED || c->state == WW_CONN_CLOSED)
        return WW_WANT_CLOSED;
    if (c->state == WW_CONN_HASHING)
        return wants | WW_WANT_WORK;
    if (has_event(c))
        wants |= WW_WANT_EVENT;
    if (c->state == WW_CONN_EXPECT_TLS)
        return wants != 0 ? wants : WW_WANT_TLS;
    if (c->eof)
        return wants;
    if (c->in_end - c->in_start < c->in_size)
        return wants | WW_WANT_RECV;
    return (wants & WW_WANT_EVENT) != 0 ? wants : wants | WW_WANT_GROW;
}
