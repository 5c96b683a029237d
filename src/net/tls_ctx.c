/* SPDX-License-Identifier: MIT */
/* tls_ctx.c: from a ww_tls_config to an SSL_CTX that every connection of it uses. */
#include "tls.h"

#include "base/error.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static ww_status check_config(const ww_tls_config *c, ww_error *err)
{
    int min = c->min_version != 0 ? c->min_version : TLS1_2_VERSION;
    if (c->verify != WW_TLS_VERIFY_NONE && c->root_file == NULL)
        return ww__fail(err, WW_ERR_USAGE,
                        "to verify the server a root certificate is needed; set sslrootcert to "
                        "the CA's file or to \"system\"");
    if (c->verify == WW_TLS_VERIFY_FULL && (c->host == NULL || c->host[0] == '\0'))
        return ww__fail(err, WW_ERR_USAGE,
                        "verify-full compares the certificate with the host's name; set host");
    if (min < TLS1_2_VERSION)
        return ww__fail(err, WW_ERR_USAGE,
                        "TLS below 1.2 is not safe and not offered; set ssl_min_protocol_version "
                        "to TLSv1.2 or TLSv1.3");
    if (c->max_version != 0 && c->max_version < min)
        return ww__fail(err, WW_ERR_USAGE,
                        "ssl_max_protocol_version is below ssl_min_protocol_version (TLSv1.2 if "
                        "not set)");
    if (c->cert_required && c->cert_file == NULL)
        return ww__fail(err, WW_ERR_TLS,
                        "sslcertmode=require, and there is no client certificate to send; set "
                        "sslcert and sslkey");
    if (c->alpn != NULL && (c->alpn[0] == '\0' || strlen(c->alpn) > 255))
        return ww__fail(err, WW_ERR_USAGE, "an ALPN name has 1 to 255 bytes");
    return WW_OK;
}

/* 0 leaves the system's policy (openssl.cnf) alone where that is stricter than ours. */
static bool set_versions(SSL_CTX *ctx, const ww_tls_config *c)
{
    int policy = (int)SSL_CTX_get_min_proto_version(ctx);
    int min = policy > TLS1_2_VERSION ? policy : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(ctx, c->min_version != 0 ? c->min_version : min) != 1)
        return false;
    return c->max_version == 0 || SSL_CTX_set_max_proto_version(ctx, c->max_version) == 1;
}

/* A client that answers no_renegotiation was asked to renegotiate: the peer is odd, or hostile. */
static void watch_alerts(const SSL *ssl, int where, int value)
{
    ww__tls_conn *t = SSL_get_app_data(ssl);
    if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT &&
        (value & 0xff) == SSL_AD_NO_RENEGOTIATION)
        t->renegotiation = true;
}

/* OpenSSL calls it when the server asks for a certificate, and only then. */
static int note_request(SSL *ssl, void *arg)
{
    ww__tls_conn *t = SSL_get_app_data(ssl);
    (void)arg;
    t->cert_asked = true;
    return 1;
}

static bool set_offers(ww_tls *t, const ww_tls_config *c)
{
    uint8_t wire[256];
    if (c->alpn == NULL)
        return true;
    wire[0] = (uint8_t)strlen(c->alpn);
    memcpy(wire + 1, c->alpn, wire[0]);
    memcpy(t->alpn, c->alpn, (size_t)wire[0] + 1);
    return SSL_CTX_set_alpn_protos(t->ctx, wire, wire[0] + 1u) == 0;
}

static ww_status fill(ww_tls *t, const ww_tls_config *c, ww_error *err)
{
    ww_status st = WW_OK;
    t->ctx = SSL_CTX_new_ex(ww__tls_library()->ctx, NULL, TLS_client_method());
    if (t->ctx == NULL)
        return ww__tls_fail(err, "set-up; check openssl.cnf");
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_clear_options(t->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_info_callback(t->ctx, watch_alerts);
    SSL_CTX_set_verify(t->ctx, c->verify == WW_TLS_VERIFY_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                       NULL);
    SSL_CTX_set_cert_cb(t->ctx, note_request, NULL);
    SSL_CTX_set_cert_verify_callback(t->ctx, ww__tls_check_server, NULL);
    if (!set_versions(t->ctx, c) || !set_offers(t, c))
        return ww__tls_fail(err, "ssl_min_protocol_version, ssl_max_protocol_version");
    if (c->verify != WW_TLS_VERIFY_NONE)
        st = ww__tls_load_root(t->ctx, c, err);
    if (st == WW_OK && c->verify != WW_TLS_VERIFY_NONE)
        st = ww__tls_load_crls(t->ctx, c, err);
    if (st == WW_OK && c->cert_file != NULL)
        st = ww__tls_load_identity(t->ctx, c, err);
    return st;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

ww_status ww_tls_open(ww_tls **out, const ww_tls_config *config, ww_error *err)
{
    ww_tls_config c;
    ww_tls *t;
    ww_status st;
    *out = NULL;
    if (config->struct_size < sizeof config->struct_size)
        return ww__fail(err, WW_ERR_USAGE,
                        "ww_tls_config.struct_size is not set; set it to its sizeof");
    memset(&c, 0, sizeof c);
    memcpy(&c, config, config->struct_size < sizeof c ? config->struct_size : sizeof c);
    st = check_config(&c, err);
    if (st < 0)
        return st;
    if (ww__tls_library() == NULL)
        return ww__fail(err, WW_ERR_TLS,
                        "OpenSSL could not be initialised; check its installation");
    t = calloc(1, sizeof *t);
    if (t == NULL || (c.host != NULL && (t->host = copy_text(c.host)) == NULL)) {
        free(t);
        return ww__fail(err, WW_ERR_NOMEM, "out of memory for TLS settings");
    }
    t->verify = c.verify;
    t->sni = c.sni;
    t->cert_required = c.cert_required;
    ERR_clear_error();
    st = fill(t, &c, err);
    if (st == WW_OK)
        *out = t;
    else
        ww_tls_close(t);
    ERR_clear_error();
    return st;
}

void ww_tls_close(ww_tls *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->ctx);
    free(t->host);
    free(t);
}
