/* SPDX-License-Identifier: MIT */
/* trace.c: tells of messages without what is secret in them. */
#include "engine.h"

static const char *answer_name(const ww_conn *c)
{
    if (c->state != WW_CONN_EXPECT_AUTH)
        return "SASLResponse";
    return c->auth_done == WW_AUTH_OAUTH || c->scram.state != WW_SCRAM_START
               ? "SASLInitialResponse"
               : "PasswordMessage";
}

static const char *sent_name(const ww_conn *c, char type, size_t len)
{
    switch (type) {
    case 0:
        return len == 8 ? "SSLRequest" : "StartupMessage";
    case 'p':
        return answer_name(c);
    case 'Q':
        return "Query";
    case 'd':
        return "CopyData";
    case 'c':
        return "CopyDone";
    default:
        return "Terminate";
    }
}

void ww__trace_sent(const ww_conn *c, char type, const uint8_t *at, size_t len)
{
    size_t header = type != 0 ? WW__HEADER_SIZE : 4;
    ww_traced m;
    memset(&m, 0, sizeof m);
    m.sent = true;
    m.type = type;
    m.name = sent_name(c, type, len);
    m.state = ww_conn_state_name(c->state);
    if (type != 'p') {
        m.length = len;
        m.body.ptr = at + header;
        m.body.len = len - header;
    }
    c->config.trace.message(c->config.trace.ctx, &m);
}

/* The list of mechanisms is none. */
static bool is_secret(ww__input input)
{
    return input == WW__AUTH_MD5 || input == WW__AUTH_SASL_CONTINUE ||
           input == WW__AUTH_SASL_FINAL || input == WW__AUTH_OTHER || input == WW__KEY;
}

void ww__trace_received(const ww_conn *c, ww__input input, ww_slice body)
{
    bool is_message = input < WW__MESSAGES;
    ww_traced m;
    memset(&m, 0, sizeof m);
    m.type = (char)(is_message ? ww__messages[input].type : 0);
    m.name = ww__input_name(input);
    m.state = ww_conn_state_name(c->state);
    m.length = is_message ? WW__HEADER_SIZE + body.len : 1;
    if (!is_secret(input))
        m.body = body;
    c->config.trace.message(c->config.trace.ctx, &m);
}
