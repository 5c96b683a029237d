/* SPDX-License-Identifier: MIT */
/* tls_conn.c: TLS on one socket: handshake, bytes in and out, the end, and what was agreed on.
 *
 * Errors are sticky: a failed session is never read from or written to again. */
#include "tls.h"

#include "base/error.h"

#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* In one call of the handshake. There are messages that OpenSSL skips: a peer that sends them
 * without end must not keep us from looking at the clock. */
#define HANDSHAKE_RECVS 16u

static ww_status give_error(const ww__tls_conn *t, ww_error *err)
{
    if (err != NULL)
        *err = t->error;
    return t->error.status;
}

static ww_status fail_about_peer(ww__tls_conn *t, ww_status status, const char *what)
{
    return ww__fail_text(&t->error, status, what, t->sock->peer);
}

/* Why the last call failed for good; t->error may say so already (the certificate was refused). */
static void note_failure(ww__tls_conn *t)
{
    if (t->error.status != WW_OK)
        ERR_clear_error();
    else if (t->sys_errno != 0)
        ww__sock_fail(t->sock, &t->error, t->sys_errno);
    else if (t->eof && !t->established)
        fail_about_peer(t, WW_ERR_IO,
                        "the server closed the connection during the TLS handshake; see its log");
    else if (t->eof)
        fail_about_peer(t, WW_ERR_IO,
                        "the connection was truncated: it ended without TLS's closing message");
    else
        ww__tls_fail(&t->error, t->sock->peer);
}

/* What a call that did not succeed means: MORE and the event to wait for, END, or an error. */
static ww_status interpret(ww__tls_conn *t, int result, short *events, ww_error *err)
{
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        *events = POLLIN;
        return WW_MORE;
    case SSL_ERROR_WANT_WRITE:
        *events = POLLOUT;
        return WW_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return WW_END;
    default:
        note_failure(t);
        return give_error(t, err);
    }
}

/* ---- start and handshake -------------------------------------------------------------------- */

static bool attach(ww__tls_conn *t)
{
    BIO *bio;
    t->ssl = SSL_new(t->tls->ctx);
    if (t->ssl == NULL)
        return false;
    bio = BIO_new(ww__tls_library()->bio);
    if (bio == NULL)
        return false;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio); /* takes the one reference */
    SSL_set_connect_state(t->ssl);
    if (SSL_set_app_data(t->ssl, t) != 1)
        return false;
    return !t->tls->sni || t->tls->host == NULL || t->tls->host[0] == '\0' ||
           ww__tls_looks_numeric(t->tls->host) ||
           SSL_set_tlsext_host_name(t->ssl, t->tls->host) == 1;
}

ww_status ww_sock_tls_start(ww_sock *s, ww_tls *tls, ww_error *err)
{
    ww__tls_conn *t;
    if (s->tls != NULL || s->connecting)
        return ww__fail_text(err, WW_ERR_USAGE, "TLS begins once, on a connected socket", s->peer);
    t = malloc(sizeof *t);
    if (t == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "out of memory for a TLS connection");
    memset(t, 0, offsetof(ww__tls_conn, input));
    ww_error_clear(&t->error);
    t->tls = tls;
    t->sock = s;
    ERR_clear_error();
    if (!attach(t)) {
        SSL_free(t->ssl);
        free(t);
        return ww__tls_fail(err, s->peer);
    }
    s->tls = t;
    return WW_OK;
}

/* The handshake is good; is what it agreed on? */
static ww_status check_outcome(ww__tls_conn *t)
{
    const unsigned char *name;
    unsigned len;
    if (t->tls->verify != WW_TLS_VERIFY_NONE &&
        (!t->verified || SSL_get0_peer_certificate(t->ssl) == NULL))
        return fail_about_peer(t, WW_ERR_TLS,
                               "the server showed no certificate that could be verified");
    if (t->tls->cert_required && !t->cert_asked)
        return fail_about_peer(t, WW_ERR_TLS,
                               "sslcertmode=require, and the server did not ask for the client's "
                               "certificate; see its ssl_ca_file");
    SSL_get0_alpn_selected(t->ssl, &name, &len);
    if (len == 0)
        return WW_OK;
    if (len != strlen(t->tls->alpn) || memcmp(name, t->tls->alpn, len) != 0)
        return fail_about_peer(t, WW_ERR_TLS,
                               "the server chose a protocol that was not offered (ALPN); is "
                               "something in between?");
    memcpy(t->alpn, t->tls->alpn, len + 1u);
    return WW_OK;
}

ww_status ww_sock_tls_handshake(ww_sock *s, ww_error *err)
{
    ww__tls_conn *t = s->tls;
    ww_status st;
    int result;
    if (t == NULL)
        return ww__fail_text(err, WW_ERR_USAGE, "the handshake comes after ww_sock_tls_start",
                             s->peer);
    if (t->error.status != WW_OK)
        return give_error(t, err);
    if (t->established)
        return WW_OK;
    ERR_clear_error();
    t->recv_left = HANDSHAKE_RECVS;
    result = SSL_do_handshake(t->ssl);
    if (result != 1) {
        st = interpret(t, result, &s->recv_events, err);
        s->send_events = s->recv_events;
        if (st != WW_END)
            return st;
        fail_about_peer(t, WW_ERR_IO, "the server ended TLS during the handshake; see its log");
        return give_error(t, err);
    }
    s->recv_events = POLLIN;
    s->send_events = POLLOUT;
    if (check_outcome(t) < 0)
        return give_error(t, err);
    t->established = true;
    return WW_OK;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

bool ww__tls_pending(const ww_sock *s)
{
    const ww__tls_conn *t = s->tls;
    return t->begin < t->end || SSL_pending(t->ssl) > 0;
}

bool ww__tls_in_record(const ww_sock *s)
{
    return SSL_has_pending(s->tls->ssl) == 1;
}

static ww_status check_ready(ww__tls_conn *t, ww_error *err)
{
    if (t->error.status != WW_OK)
        return give_error(t, err);
    if (!t->established)
        return ww__fail_text(err, WW_ERR_USAGE, "finish the TLS handshake first", t->sock->peer);
    ERR_clear_error();
    return WW_OK;
}

ww_status ww__tls_recv(ww_sock *s, uint8_t *buf, size_t cap, size_t *n, ww_error *err)
{
    ww__tls_conn *t = s->tls;
    ww_status st = check_ready(t, err);
    if (st < 0)
        return st;
    t->recv_left = 1;
    s->recv_events = POLLIN;
    while (st == WW_OK && *n < cap) {
        size_t got = 0;
        int result = SSL_read_ex(t->ssl, buf + *n, cap - *n, &got);
        *n += got;
        if (result != 1)
            st = interpret(t, result, &s->recv_events, err);
        if (*n > 0)
            t->recv_left = 0; /* what is there goes out before more is fetched */
    }
    if (t->renegotiation && t->error.status == WW_OK)
        st = fail_about_peer(t, WW_ERR_TLS,
                             "the server asked to renegotiate, which is not safe; update it");
    s->recv_full |= st == WW_END || st < 0;
    if (*n > 0)
        return WW_OK; /* an end or an error is said again by the next call */
    return st < 0 ? give_error(t, err) : st;
}

ww_status ww__tls_send(ww_sock *s, const uint8_t *buf, size_t len, size_t *n, ww_error *err)
{
    ww__tls_conn *t = s->tls;
    ww_status st = check_ready(t, err);
    int result;
    if (st < 0)
        return st;
    s->send_events = POLLOUT;
    result = SSL_write_ex(t->ssl, buf, len, n);
    if (result == 1)
        return WW_OK;
    st = interpret(t, result, &s->send_events, err);
    return st == WW_END ? ww__sock_fail(s, err, 0) : st;
}

void ww__tls_end(ww_sock *s)
{
    ww__tls_conn *t = s->tls;
    if (t == NULL)
        return;
    ERR_clear_error();
    if (t->established && t->error.status == WW_OK)
        SSL_shutdown(t->ssl); /* a close_notify if there is room; nobody waits for theirs */
    SSL_free(t->ssl);
    ERR_clear_error();
    OPENSSL_cleanse(t->input, sizeof t->input);
    free(t);
    s->tls = NULL;
}

/* ---- what was agreed on --------------------------------------------------------------------- */

static bool is_established(const ww_sock *s)
{
    return s->tls != NULL && s->tls->established;
}

const char *ww_sock_tls_version(const ww_sock *s)
{
    return is_established(s) ? SSL_get_version(s->tls->ssl) : "";
}

const char *ww_sock_tls_cipher(const ww_sock *s)
{
    return is_established(s) ? SSL_get_cipher_name(s->tls->ssl) : "";
}

const char *ww_sock_tls_alpn(const ww_sock *s)
{
    return is_established(s) ? s->tls->alpn : "";
}

size_t ww_sock_tls_cert_hash(const ww_sock *s, uint8_t out[64])
{
    X509 *cert = is_established(s) ? SSL_get0_peer_certificate(s->tls->ssl) : NULL;
    int digest = NID_undef;
    unsigned len = 0;
    EVP_MD *md;
    if (cert == NULL || X509_get_signature_info(cert, &digest, NULL, NULL, NULL) != 1 ||
        digest == NID_undef)
        return 0;
    if (digest == NID_md5 || digest == NID_sha1)
        digest = NID_sha256; /* RFC 5929, section 4.1 */
    md = EVP_MD_fetch(ww__tls_library()->ctx, OBJ_nid2sn(digest), NULL);
    if (md == NULL || X509_digest(cert, md, out, &len) != 1)
        len = 0;
    EVP_MD_free(md);
    ERR_clear_error();
    return len;
}
