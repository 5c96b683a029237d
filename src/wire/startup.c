/* SPDX-License-Identifier: MIT */
/* startup.c: from the first byte to the first authentication request: SSLRequest and its answer,
 * StartupMessage, NegotiateProtocolVersion.
 *
 * The StartupMessage is not even built before encryption is settled, so that it cannot leak. */
#include "engine.h"

#define SSL_REQUEST 80877103u
#define PROTOCOL_3_1 0x00030001u /* reserved, never in use */

static size_t pair_size(const char *name, const char *value)
{
    return strlen(name) + 1 + strlen(value) + 1;
}

size_t ww__startup_size(const ww_conn_config *config)
{
    size_t size = 4 + pair_size("user", config->user) + 1, i;
    if (config->database != NULL)
        size += pair_size("database", config->database);
    if (config->replication)
        size += pair_size("replication", "database");
    for (i = 0; i < config->nparams && size <= WW_MAX_STARTUP_PACKET; i++)
        size += pair_size(config->params[i].name, config->params[i].value);
    return size;
}

static void put_pair(ww__writer *w, const char *name, const char *value)
{
    ww__put_cstr(w, name);
    ww__put_cstr(w, value);
}

static ww_status send_startup(ww_conn *c)
{
    const ww_conn_config *config = &c->config;
    ww__writer w = ww__writer_of(c->out + c->out_end, c->out_size - c->out_end);
    size_t i;
    if (config->channel_binding == WW_CHANNEL_BINDING_REQUIRE && !c->tls_active)
        return ww__fail(&c->error, WW_ERR_AUTH, "channel_binding=require needs TLS");
    ww__put_u32(&w, (uint32_t)(4 + ww__startup_size(config)));
    ww__put_u32(&w, config->protocol);
    put_pair(&w, "user", config->user);
    if (config->database != NULL)
        put_pair(&w, "database", config->database);
    if (config->replication)
        put_pair(&w, "replication", "database");
    for (i = 0; i < config->nparams; i++)
        put_pair(&w, config->params[i].name, config->params[i].value);
    ww__put_u8(&w, 0);
    if (w.overflow)
        return ww__fail_text(&c->error, WW_ERR_LIMIT, "the startup packet does not fit",
                             "send_size");
    if (ww__traces(c))
        ww__trace_sent(c, 0, w.start, ww__written(&w));
    c->out_end += ww__written(&w);
    return WW_OK;
}

static ww_status send_ssl_request(ww_conn *c)
{
    uint8_t code[4];
    ww_slice part = { code, sizeof code };
    ww__store32(code, SSL_REQUEST);
    return ww__send(c, 0, &part, 1, 0, &c->error);
}

ww_status ww__begin(ww_conn *c)
{
    ww_conn_tls tls = c->config.local ? WW_CONN_PLAIN : c->config.tls;
    if (tls == WW_CONN_PLAIN) {
        c->state = WW_CONN_EXPECT_AUTH;
        return send_startup(c);
    }
    if (tls == WW_CONN_TLS_DIRECT) {
        c->state = WW_CONN_EXPECT_TLS;
        return WW_OK;
    }
    c->state = WW_CONN_EXPECT_SSL_ANSWER;
    return send_ssl_request(c);
}

/* ---- the answer to SSLRequest --------------------------------------------------------------- */

static ww_status fail_answer(ww_conn *c, uint8_t byte)
{
    ww__fail_at(&c->error, WW_ERR_PROTOCOL,
                "no PostgreSQL server answers SSLRequest like this: correct host and port", 0,
                (char)byte);
    ww__error_add_text(&c->error, "answer ");
    ww__error_add_number(&c->error, byte);
    return WW_ERR_PROTOCOL;
}

/* Nothing may follow the answer before we have spoken: who sends more wants it to be taken for a
 * part of the encrypted conversation. */
ww_status ww__ssl_answer(ww_conn *c)
{
    ww_slice none = { NULL, 0 };
    uint8_t byte = c->in[c->in_start];
    ww__input input = byte == 'S' ? WW__SSL_YES : byte == 'N' ? WW__SSL_NO : WW__SSL_ERROR;
    bool hand_out;
    if (byte != 'S' && byte != 'N' && byte != 'E')
        return fail_answer(c, byte);
    if (byte != 'E' && c->in_end - c->in_start > 1)
        return ww__fail_at(&c->error, WW_ERR_TLS,
                           "bytes behind the answer to SSLRequest: an attack", 1, (char)byte);
    c->in_start++;
    if (ww__traces(c))
        ww__trace_received(c, input, none);
    return ww__step(c, input, none, &hand_out);
}

ww_status ww__ssl_declined(ww_conn *c, ww_slice none)
{
    (void)none;
    if (c->config.tls == WW_CONN_TLS_REQUIRE)
        return ww__fail(&c->error, WW_ERR_TLS,
                        "the server has no TLS and sslmode demands it: turn on ssl in the server, "
                        "or use sslmode=prefer or disable");
    return send_startup(c);
}

/* The text that follows comes from nobody knows whom: it is neither read nor shown. */
ww_status ww__ssl_refused(ww_conn *c, ww_slice none)
{
    (void)none;
    return ww__fail(&c->error, WW_ERR_TLS, "the server answered SSLRequest with an error");
}

/* ---- encrypted ------------------------------------------------------------------------------ */

void ww_conn_tls_done(ww_conn *c, const ww_tls_info *info)
{
    ww_slice none = { NULL, 0 };
    bool hand_out;
    if (c->state == WW_CONN_FAILED)
        return;
    if (c->state != WW_CONN_EXPECT_TLS)
        ww__fail(&c->error, WW_ERR_USAGE, "nobody asked for a TLS handshake");
    else if (info->cert_hash_len > sizeof info->cert_hash)
        ww__fail_text(&c->error, WW_ERR_USAGE, "no digest is that long", "cert_hash_len");
    else
        c->tls_info = *info;
    if (c->error.status != WW_OK || ww__step(c, WW__TLS_DONE, none, &hand_out) != WW_OK)
        ww__conn_fail(c);
}

ww_status ww__tls_ready(ww_conn *c, ww_slice none)
{
    (void)none;
    if (c->out_end != c->out_start)
        return ww__fail(&c->error, WW_ERR_USAGE, "the TLS handshake came before SSLRequest went");
    if (c->config.tls == WW_CONN_TLS_DIRECT && !c->tls_info.alpn_postgresql)
        return ww__fail(&c->error, WW_ERR_TLS,
                        "the server did not choose ALPN \"postgresql\": direct TLS needs server 17 "
                        "or later; use sslnegotiation=postgres");
    if (c->config.channel_binding == WW_CHANNEL_BINDING_REQUIRE && c->tls_info.cert_hash_len == 0)
        return ww__fail(&c->error, WW_ERR_AUTH,
                        "channel_binding=require, and the server's certificate cannot bind: it "
                        "needs one that is not signed with Ed25519");
    c->tls_active = true;
    return send_startup(c);
}

/* ---- NegotiateProtocolVersion --------------------------------------------------------------- */

static bool was_requested(const ww_conn *c, ww_slice name)
{
    static const char prefix[] = "_pq_.";
    size_t i;
    if (name.len < sizeof prefix - 1 || memcmp(name.ptr, prefix, sizeof prefix - 1) != 0)
        return false;
    for (i = 0; i < c->config.nparams; i++)
        if (ww_slice_equal(name, ww_slice_of(c->config.params[i].name)))
            return true;
    return false;
}

static ww_status fail_negotiation(ww_conn *c, const char *what)
{
    return ww__fail_at(&c->error, WW_ERR_PROTOCOL, what, WW_NO_OFFSET, 'v');
}

ww_status ww__negotiate(ww_conn *c, ww_slice body)
{
    ww__reader r = ww__reader_of(body);
    uint32_t version = ww__u32(&r);
    uint32_t count = ww__u32(&r), left;
    if (c->negotiated)
        return fail_negotiation(c, "a second NegotiateProtocolVersion");
    if (version > c->config.protocol || version < WW_PROTOCOL_3_0 || version == PROTOCOL_3_1)
        return fail_negotiation(c, "the server offers a protocol version that was not asked for");
    if (version == c->config.protocol && count == 0)
        return fail_negotiation(c, "the server negotiates about nothing");
    if (version < c->config.min_protocol)
        return fail_negotiation(c, "the server does not have min_protocol_version");
    for (left = count; left > 0; left--)
        if (!was_requested(c, ww__cstr(&r)))
            return fail_negotiation(c, "the server refuses an option that was not asked for");
    c->negotiated = true;
    c->protocol = version;
    return WW_OK;
}
