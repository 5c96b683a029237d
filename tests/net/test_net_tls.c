/* SPDX-License-Identifier: MIT */
/* test_net_tls.c: bytes over TLS: how many system calls they cost, how a session ends, and what a
 * server cannot make us do. The server is OpenSSL's, in the same thread. */
#include "check.h"
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static identity self;

static ww_mono_us soon(unsigned ms)
{
    return ww_clock_mono() + ms * UINT64_C(1000);
}

/* A server and a client that trust each other; version 0: the newest. */
static void open_session(peer *p, int version)
{
    ww_tls_config c = peer_config();
    ww_error err;
    peer_open(p);
    peer_serve(p, &self, NULL);
    if (version != 0)
        CHECK(SSL_CTX_set_max_proto_version(p->ctx, version) == 1);
    CHECK_EQ_U64(peer_handshake(p, &c, &err), WW_OK);
}

/* Takes what the handshake left behind (TLS 1.3 session tickets). */
static void drain(peer *p)
{
    uint8_t buf[64];
    size_t n;
    CHECK(peer_arrived(p, 1) || !ww_sock_pending(p->sock));
    CHECK_EQ_U64(ww_sock_recv(p->sock, buf, sizeof buf, &n, NULL), WW_MORE);
    CHECK(!ww_sock_pending(p->sock));
}

static int tls_versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* ---- receiving ------------------------------------------------------------------------------ */

/* `count` records of `size` bytes arrive; one call, one recv(), all of them. */
static void check_one_recv(int version, size_t count, size_t size)
{
    static uint8_t out[65536], in[65536];
    size_t i, n, wire = count * (size + 5 + (version == TLS1_2_VERSION ? 24 : 17));
    uint64_t before;
    peer p;
    open_session(&p, version);
    if (version == TLS1_3_VERSION)
        drain(&p);
    for (i = 0; i < count * size; i++)
        out[i] = (uint8_t)(i * 7 + i / 256);
    for (i = 0; i < count; i++)
        CHECK(peer_write(&p, out + i * size, size));
    CHECK(peer_arrived(&p, wire));
    before = ww_sock_recv_calls(p.sock);
    CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, NULL), WW_OK);
    CHECK_EQ_U64(n, count * size);
    CHECK(memcmp(in, out, n) == 0);
    CHECK_EQ_U64(ww_sock_recv_calls(p.sock) - before, 1);
    CHECK(!ww_sock_pending(p.sock));
    CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, NULL), WW_MORE);
    peer_close(&p);
}

static void one_recv_feeds_many_records(void)
{
    size_t i;
    for (i = 0; i < 2; i++) {
        check_one_recv(tls_versions[i], 64, 512);
        check_one_recv(tls_versions[i], 7, 8192);
        check_one_recv(tls_versions[i], 1500, 1); /* one byte each */
    }
}

/* What does not fit waits without the socket: pending says so, wait returns at once, no recv() is
 * made. */
static void pending_bytes_need_no_socket(void)
{
    uint8_t in[1000];
    size_t total = 0, n;
    uint64_t before;
    peer p;
    open_session(&p, 0);
    drain(&p);
    memset(in, 'x', sizeof in);
    CHECK(peer_write(&p, in, 600) && peer_write(&p, in, 400));
    CHECK(peer_arrived(&p, 1000 + 2 * 22));
    CHECK_EQ_U64(ww_sock_recv(p.sock, in, 6, &n, NULL), WW_OK);
    CHECK_EQ_U64(n, 6);
    before = ww_sock_recv_calls(p.sock);
    for (total = n; total < 1000; total += n) {
        CHECK(ww_sock_pending(p.sock));
        CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, 0, -1, NULL), WW_OK);
        CHECK_EQ_U64(ww_sock_recv(p.sock, in, 6, &n, NULL), WW_OK); /* 100 of them end a record */
        CHECK(n == 6 || total + n == 1000);
    }
    CHECK_EQ_U64(ww_sock_recv_calls(p.sock), before);
    CHECK(!ww_sock_pending(p.sock));
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, 0, -1, NULL), WW_ERR_TIMEOUT);
    peer_close(&p);
}

/* 16 MiB in the 8 KiB records of a PostgreSQL server: right, and 4 records or more to a recv(). */
static void a_big_transfer_takes_few_calls(void)
{
    static uint8_t block[8192], in[1 << 18];
    const size_t blocks = 2048;
    size_t sent = 0, total = 0, wrong = 0, i, n;
    uint64_t before;
    bool stuck = false;
    peer p;
    open_session(&p, 0);
    drain(&p);
    before = ww_sock_recv_calls(p.sock);
    SSL_set_mode(p.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
    while (total < blocks * sizeof block && !stuck) {
        while (sent < blocks) {
            memset(block, (int)(sent % 251), sizeof block);
            if (!peer_write(&p, block, sizeof block))
                break;
            sent++;
        }
        stuck = peer_client_recv(&p, in, sizeof in, &n, NULL) != WW_OK;
        for (i = 0; i < n; i++)
            wrong += in[i] != (uint8_t)((total + i) / sizeof block % 251);
        total += n;
    }
    CHECK(!stuck);
    CHECK_EQ_U64(total, blocks * sizeof block);
    CHECK_EQ_U64(wrong, 0);
    CHECK(ww_sock_recv_calls(p.sock) - before <= blocks / 4);
    peer_close(&p);
}

/* A record that arrives byte by byte: MORE until it is whole, then all of it. */
static void a_record_may_arrive_in_pieces(void)
{
    uint8_t wire[256], in[64];
    size_t i, n;
    ssize_t len;
    uint64_t before;
    int relay[2];
    BIO *bio;
    peer p;
    open_session(&p, 0);
    drain(&p);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, relay) == 0);
    bio = BIO_new_socket(relay[0], BIO_NOCLOSE); /* the server's records are taken from here ... */
    SSL_set0_wbio(p.ssl, bio);
    CHECK(peer_write(&p, "whole", 5));
    len = recv(relay[1], wire, sizeof wire, 0);
    CHECK_EQ_U64(len, 5 + 5 + 17);
    before = ww_sock_recv_calls(p.sock);
    for (i = 0; i < (size_t)len; i++) { /* ... and sent on in single bytes */
        CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, NULL), WW_MORE);
        CHECK_EQ_U64(ww_sock_poll_events(p.sock, true, false), POLLIN);
        CHECK(!ww_sock_pending(p.sock));
        CHECK(peer_write_raw(&p, wire + i, 1) && peer_arrived(&p, 1));
    }
    CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, NULL), WW_OK);
    CHECK(n == 5 && memcmp(in, "whole", 5) == 0);
    CHECK_EQ_U64(ww_sock_recv_calls(p.sock) - before, (size_t)len + 1);
    close(relay[0]);
    close(relay[1]);
    peer_close(&p);
}

/* ---- sending -------------------------------------------------------------------------------- */

static void sending_fills_up_and_resumes(void)
{
    static uint8_t out[1 << 20], in[65536];
    size_t sent = 0, received = 0, wrong = 0, i, n, blocked = 0;
    peer p;
    open_session(&p, 0);
    for (i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i % 253);
    while (received < 8 * sizeof out) {
        ww_status st = WW_OK;
        while (sent < 8 * sizeof out && st == WW_OK) {
            size_t at = sent % sizeof out;
            st = ww_sock_send(p.sock, out + at, sizeof out - at, &n, NULL);
            sent += n;
        }
        CHECK(st == WW_OK || st == WW_MORE);
        if (st == WW_MORE) {
            blocked++;
            CHECK_EQ_U64(ww_sock_poll_events(p.sock, false, true), POLLOUT);
        }
        while (SSL_read_ex(p.ssl, in, sizeof in, &n) == 1) {
            for (i = 0; i < n; i++)
                wrong += in[i] != (uint8_t)((received + i) % sizeof out % 253);
            received += n;
        }
        if (!CHECK(SSL_get_error(p.ssl, 0) == SSL_ERROR_WANT_READ))
            break;
    }
    CHECK_EQ_U64(received, 8 * sizeof out);
    CHECK_EQ_U64(wrong, 0);
    CHECK(blocked > 0);
    peer_close(&p);
}

/* The peer is gone: errors, and no SIGPIPE, which would end this program. */
static void a_dead_peer_is_an_error_and_no_signal(void)
{
    static const uint8_t out[100];
    ww_status st = WW_OK;
    ww_error err;
    unsigned i;
    size_t n;
    peer p;
    open_session(&p, 0);
    drain(&p);
    peer_hang_up(&p, true);
    for (i = 0; i < 3 && st == WW_OK; i++)
        st = ww_sock_send(p.sock, out, sizeof out, &n, &err);
    CHECK_EQ_U64(st, WW_ERR_IO);
    CHECK(err.sys_errno == ECONNRESET || err.sys_errno == EPIPE);
    CHECK(strncmp(err.subject, "127.0.0.1:", 10) == 0);
    CHECK_EQ_U64(ww_sock_send(p.sock, out, sizeof out, &n, &err), WW_ERR_IO);
    peer_close(&p); /* says nothing more into the dead socket */
}

static void closing_says_goodbye(void)
{
    uint8_t in[16];
    size_t n;
    peer p;
    open_session(&p, 0);
    drain(&p);
    CHECK_EQ_U64(ww_sock_send(p.sock, (const uint8_t *)"bye", 3, &n, NULL), WW_OK);
    ww_sock_close(p.sock);
    p.sock = NULL;
    CHECK(SSL_read_ex(p.ssl, in, sizeof in, &n) == 1 && n == 3);
    CHECK(SSL_read_ex(p.ssl, in, sizeof in, &n) != 1);
    CHECK(SSL_get_shutdown(p.ssl) & SSL_RECEIVED_SHUTDOWN);
    peer_close(&p);
}

/* ---- how it ends ---------------------------------------------------------------------------- */

static void close_notify_is_an_orderly_end(void)
{
    uint8_t in[16];
    size_t i, n;
    for (i = 0; i < 2; i++) {
        peer p;
        open_session(&p, tls_versions[i]);
        CHECK(peer_write(&p, "last", 4));
        CHECK(SSL_shutdown(p.ssl) == 0);
        peer_hang_up(&p, false);
        CHECK_EQ_U64(peer_client_recv(&p, in, sizeof in, &n, NULL), WW_OK);
        CHECK(n == 4 && memcmp(in, "last", 4) == 0);
        CHECK_EQ_U64(peer_client_recv(&p, in, sizeof in, &n, NULL), WW_END);
        CHECK_EQ_U64(peer_client_recv(&p, in, sizeof in, &n, NULL), WW_END);
        peer_close(&p);
    }
}

/* A FIN that nobody encrypted: whoever sits on the line can send one (A10). */
static void a_bare_fin_is_a_cut(void)
{
    uint8_t in[16];
    size_t i, n;
    for (i = 0; i < 2; i++) {
        ww_error err;
        peer p;
        open_session(&p, tls_versions[i]);
        CHECK(peer_write(&p, "last", 4));
        peer_hang_up(&p, false);
        CHECK_EQ_U64(peer_client_recv(&p, in, sizeof in, &n, &err), WW_OK);
        CHECK_EQ_U64(n, 4);
        CHECK_EQ_U64(peer_client_recv(&p, in, sizeof in, &n, &err), WW_ERR_IO);
        CHECK(strstr(err.what, "truncated") != NULL);
        CHECK(ww_status_retryable(&err));
        CHECK_EQ_U64(n, 0);
        ww_error_clear(&err);
        CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, &err), WW_ERR_IO);
        CHECK(strstr(err.what, "truncated") != NULL);
        CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, NULL), WW_ERR_IO);
        CHECK_EQ_U64(ww_sock_send(p.sock, in, 1, &n, NULL), WW_ERR_IO);
        peer_close(&p);
    }
}

/* In the middle of a record: half of it, then FIN. */
static void half_a_record_is_a_cut(void)
{
    uint8_t in[16];
    ww_error err;
    size_t n;
    peer p;
    open_session(&p, 0);
    drain(&p);
    CHECK(peer_write_raw(&p, "\x17\x03\x03\x00\x40\x01\x02\x03", 8));
    peer_hang_up(&p, false);
    CHECK_EQ_U64(peer_client_recv(&p, in, sizeof in, &n, &err), WW_ERR_IO);
    CHECK(strstr(err.what, "truncated") != NULL);
    peer_close(&p);
}

/* Good data in front of a forged record is delivered; then the session is over for good. */
static void a_forged_record_ends_the_session(void)
{
    uint8_t forged[5 + 32] = { 0x17, 0x03, 0x03, 0x00, 0x20 }, in[64];
    size_t i, n;
    for (i = 0; i < 2; i++) {
        ww_error err;
        peer p;
        open_session(&p, tls_versions[i]);
        if (i == 1)
            drain(&p);
        CHECK(peer_write(&p, "good", 4) && peer_write_raw(&p, forged, sizeof forged));
        CHECK(peer_arrived(&p, 4 + 22 + sizeof forged));
        CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, &err), WW_OK);
        CHECK(n == 4 && memcmp(in, "good", 4) == 0);
        CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, &err), WW_ERR_TLS);
        CHECK(strstr(err.what, "changed on the way") != NULL);
        CHECK_EQ_U64(ww_sock_recv(p.sock, in, sizeof in, &n, &err), WW_ERR_TLS);
        CHECK_EQ_U64(ww_sock_send(p.sock, in, 1, &n, &err), WW_ERR_TLS);
        peer_close(&p);
    }
}

/* ---- what a server may not do --------------------------------------------------------------- */

static void renegotiation_is_refused(void)
{
    uint8_t in[16];
    ww_error err;
    ww_status st;
    size_t n;
    peer p;
    open_session(&p, TLS1_2_VERSION);
    CHECK(SSL_renegotiate(p.ssl) == 1);
    SSL_do_handshake(p.ssl);
    st = peer_client_recv(&p, in, sizeof in, &n, &err);
    CHECK_EQ_U64(st, WW_ERR_TLS);
    CHECK(strstr(err.what, "renegotiate") != NULL);
    peer_close(&p);
}

/* TLS 1.3's fresh keys are part of the protocol, and invisible. */
static void key_updates_are_followed(void)
{
    uint8_t in[16];
    unsigned i;
    size_t n;
    peer p;
    open_session(&p, TLS1_3_VERSION);
    for (i = 0; i < 5; i++) {
        CHECK(SSL_key_update(p.ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
        CHECK(SSL_do_handshake(p.ssl) == 1 && peer_write(&p, "news", 4));
        CHECK_EQ_U64(peer_client_recv(&p, in, sizeof in, &n, NULL), WW_OK);
        CHECK(n == 4 && memcmp(in, "news", 4) == 0);
        CHECK_EQ_U64(ww_sock_send(p.sock, (const uint8_t *)"ok", 2, &n, NULL), WW_OK);
        CHECK(SSL_read_ex(p.ssl, in, sizeof in, &n) == 1 && n == 2);
    }
    peer_close(&p);
}

/* ---- handshakes that fail ------------------------------------------------------------------- */

static void old_versions_and_null_ciphers_are_refused(void)
{
    ww_tls_config c = peer_config();
    ww_error err;
    peer p;
    peer_open(&p);
    peer_serve(&p, &self, NULL);
    SSL_CTX_set_min_proto_version(p.ctx, TLS1_VERSION);
    CHECK(SSL_CTX_set_max_proto_version(p.ctx, TLS1_1_VERSION) == 1);
    CHECK_EQ_U64(peer_handshake(&p, &c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "no TLS version in common") != NULL);
    CHECK(strncmp(err.subject, "127.0.0.1:", 10) == 0);
    peer_close(&p);
    peer_open(&p);
    peer_serve(&p, &self, NULL);
    CHECK(SSL_CTX_set_max_proto_version(p.ctx, TLS1_2_VERSION) == 1);
    CHECK(SSL_CTX_set_cipher_list(p.ctx, "eNULL:@SECLEVEL=0") == 1);
    CHECK_EQ_U64(peer_handshake(&p, &c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "cipher") != NULL);
    peer_close(&p);
    peer_open(&p);
    peer_serve(&p, &self, NULL);
    CHECK(SSL_CTX_set_max_proto_version(p.ctx, TLS1_2_VERSION) == 1);
    c.min_version = TLS1_3_VERSION;
    CHECK_EQ_U64(peer_handshake(&p, &c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "ssl_min_protocol_version") != NULL);
    peer_close(&p);
}

/* An anonymous server shows no certificate: fine for those who check none, nobody else. */
static void no_certificate_is_no_verified_certificate(void)
{
    ww_tls_config c = peer_config();
    ww_error err;
    peer p;
    peer_open(&p);
    peer_serve(&p, &self, NULL);
    CHECK(SSL_CTX_set_max_proto_version(p.ctx, TLS1_2_VERSION) == 1);
    CHECK(SSL_CTX_set_cipher_list(p.ctx, "aNULL:@SECLEVEL=0") == 1);
    pki_write_certs("self.crt", self.cert, NULL);
    c.verify = WW_TLS_VERIFY_CA;
    c.root_file = pki_path("self.crt");
    CHECK_EQ_U64(peer_handshake(&p, &c, &err), WW_ERR_TLS);
    peer_close(&p);
}

static void versions_and_ciphers_are_told(void)
{
    ww_tls_config c = peer_config();
    peer p;
    c.max_version = TLS1_2_VERSION;
    peer_open(&p);
    peer_serve(&p, &self, NULL);
    CHECK_TEXT(ww_sock_tls_version(p.sock), "");
    CHECK_TEXT(ww_sock_tls_cipher(p.sock), "");
    CHECK_TEXT(ww_sock_tls_alpn(p.sock), "");
    CHECK_EQ_U64(peer_handshake(&p, &c, NULL), WW_OK);
    CHECK_TEXT(ww_sock_tls_version(p.sock), "TLSv1.2");
    CHECK_TEXT(ww_sock_tls_cipher(p.sock), SSL_get_cipher_name(p.ssl));
    CHECK_TEXT(ww_sock_tls_alpn(p.sock), "");
    CHECK_EQ_U64(ww_sock_tls_handshake(p.sock, NULL), WW_OK);
    peer_close(&p);
    open_session(&p, 0);
    CHECK_TEXT(ww_sock_tls_version(p.sock), "TLSv1.3");
    peer_close(&p);
}

static void what_is_not_tls_is_said_so(void)
{
    static const char *const answers[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "E\0\0\0\x20SFATAL\0C08P01\0Mno TLS here\0\0",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    ww_tls_config c = peer_config();
    size_t i;
    for (i = 0; i < 3; i++) {
        ww_error err;
        peer p;
        peer_open(&p);
        CHECK(peer_write_raw(&p, answers[i], 20));
        CHECK_EQ_U64(peer_handshake(&p, &c, &err), WW_ERR_TLS);
        CHECK(strstr(err.what, "not TLS") != NULL);
        CHECK(strstr(err.subject, "Bad Request") == NULL);
        CHECK_EQ_U64(ww_sock_tls_handshake(p.sock, &err), WW_ERR_TLS);
        peer_close(&p);
    }
}

static void hanging_up_in_the_handshake_is_an_io_error(void)
{
    ww_tls_config c = peer_config();
    uint8_t buf[16], hello[4096];
    unsigned reset;
    for (reset = 0; reset < 2; reset++) {
        ww_error err;
        peer p;
        size_t n;
        peer_open(&p);
        CHECK_EQ_U64(ww_tls_open(&p.tls, &c, &err), WW_OK);
        CHECK_EQ_U64(ww_sock_tls_start(p.sock, p.tls, &err), WW_OK);
        CHECK_EQ_U64(ww_sock_tls_handshake(p.sock, &err), WW_MORE);
        CHECK_EQ_U64(ww_sock_poll_events(p.sock, false, true), POLLIN); /* whatever is wanted */
        CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, soon(20), -1, &err), WW_ERR_TIMEOUT);
        CHECK_EQ_U64(ww_sock_recv(p.sock, buf, sizeof buf, &n, &err), WW_ERR_USAGE);
        CHECK_EQ_U64(ww_sock_send(p.sock, buf, sizeof buf, &n, &err), WW_ERR_USAGE);
        if (!reset) /* what is left unread would make a reset of the close */
            CHECK(recv(p.fd, hello, sizeof hello, 0) > 0);
        peer_hang_up(&p, reset != 0);
        CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, soon(5000), -1, &err), WW_OK);
        CHECK_EQ_U64(ww_sock_tls_handshake(p.sock, &err), WW_ERR_IO);
        CHECK(ww_status_retryable(&err));
        CHECK(strstr(err.what, reset ? "without a word" : "handshake") != NULL);
        peer_close(&p);
    }
}

static void calls_out_of_order_are_usage_errors(void)
{
    ww_tls_config c = peer_config();
    ww_error err;
    peer p;
    peer_open(&p);
    CHECK_EQ_U64(ww_sock_tls_handshake(p.sock, &err), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_tls_open(&p.tls, &c, &err), WW_OK);
    CHECK_EQ_U64(ww_sock_tls_start(p.sock, p.tls, &err), WW_OK);
    CHECK_EQ_U64(ww_sock_tls_start(p.sock, p.tls, &err), WW_ERR_USAGE);
    peer_close(&p); /* an unfinished handshake is closed as well */
}

/* ---- what is offered ------------------------------------------------------------------------ */

/* The server's choice, as a wire-format name. */
static const char *choice;

static int choose(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in,
                  unsigned in_len, void *arg)
{
    static const char offer[] = "\x0apostgresql";
    (void)ssl;
    (void)arg;
    CHECK(in_len == sizeof offer - 1 && memcmp(in, offer, in_len) == 0);
    if (choice == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = (const unsigned char *)choice + 1;
    *len = (unsigned char)choice[0];
    return SSL_TLSEXT_ERR_OK;
}

static ww_status negotiate(const char *wire_choice, const char *want, ww_error *err)
{
    ww_tls_config c = peer_config();
    ww_status st;
    peer p;
    c.alpn = "postgresql";
    choice = wire_choice;
    peer_open(&p);
    peer_serve(&p, &self, NULL);
    SSL_CTX_set_alpn_select_cb(p.ctx, choose, NULL);
    st = peer_handshake(&p, &c, err);
    CHECK_TEXT(ww_sock_tls_alpn(p.sock), want);
    peer_close(&p);
    return st;
}

static void alpn_is_ours_or_an_error(void)
{
    ww_error err;
    CHECK_EQ_U64(negotiate("\x0apostgresql", "postgresql", &err), WW_OK);
    CHECK_EQ_U64(negotiate("\x08http/1.1", "", &err), WW_ERR_TLS);
    CHECK_EQ_U64(negotiate("\x0apostgresqL", "", &err), WW_ERR_TLS);
    CHECK_EQ_U64(negotiate(NULL, "", &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "ALPN") != NULL);
}

static void check_sni(const char *host, bool sni, const char *want)
{
    ww_tls_config c = peer_config();
    const char *name;
    peer p;
    c.host = host;
    c.sni = sni;
    peer_open(&p);
    peer_serve(&p, &self, NULL);
    CHECK_EQ_U64(peer_handshake(&p, &c, NULL), WW_OK);
    name = SSL_get_servername(p.ssl, TLSEXT_NAMETYPE_host_name);
    CHECK_TEXT(name != NULL ? name : "(none)", want);
    peer_close(&p);
}

static void sni_names_hosts_only(void)
{
    check_sni("db.example", true, "db.example");
    check_sni("db.example", false, "(none)");
    check_sni("127.0.0.1", true, "(none)");
    check_sni("::1", true, "(none)");
    check_sni("10.1", true, "(none)");
    check_sni("", true, "(none)");
    check_sni(NULL, true, "(none)");
}

/* ---- channel binding ------------------------------------------------------------------------ */

/* A certificate signed with `digest`; its binding is the certificate hashed with `expected`. */
static void check_hash(EVP_PKEY *key, const char *digest, bool pss, const char *expected)
{
    cert_spec issuer_spec = { .cn = "Signer", .ca = true };
    cert_spec spec = { .cn = "db.example", .digest = digest, .pss = pss };
    ww_tls_config c = peer_config();
    uint8_t hash[64], want[EVP_MAX_MD_SIZE];
    unsigned char *der = NULL;
    size_t n, want_len = 0;
    identity issuer, id;
    ww_error err;
    peer p;
    int len;
    issuer_spec.key = key;
    issuer_spec.digest = digest[0] == '\0' ? "" : "SHA256";
    issuer = pki_make(&issuer_spec);
    spec.issuer = &issuer;
    id = pki_make(&spec);
    len = i2d_X509(id.cert, &der);
    if (expected != NULL)
        CHECK(EVP_Q_digest(NULL, expected, NULL, der, (size_t)len, want, &want_len) == 1);
    peer_open(&p);
    peer_serve(&p, &id, NULL);
    CHECK_EQ_U64(ww_sock_tls_cert_hash(p.sock, hash), 0);
    if (!CHECK_EQ_U64(peer_handshake(&p, &c, &err), WW_OK))
        fprintf(stderr, "    %s: %s: %s\n", digest, err.what, err.subject);
    n = ww_sock_tls_cert_hash(p.sock, hash);
    CHECK_EQ_U64(n, want_len);
    CHECK(memcmp(hash, want, n) == 0);
    peer_close(&p);
    OPENSSL_free(der);
    pki_drop(&issuer);
    pki_drop(&id);
}

static void the_binding_follows_the_signature(void)
{
    EVP_PKEY *rsa = pki_key("RSA"), *ec = pki_key("EC"), *ed = pki_key("ED25519");
    check_hash(rsa, "SHA1", false, "SHA256");
    check_hash(rsa, "MD5", false, "SHA256");
    check_hash(rsa, "SHA224", false, "SHA224");
    check_hash(rsa, "SHA256", false, "SHA256");
    check_hash(rsa, "SHA384", false, "SHA384");
    check_hash(rsa, "SHA512", false, "SHA512");
    check_hash(rsa, "SHA256", true, "SHA256");
    check_hash(rsa, "SHA512", true, "SHA512");
    check_hash(ec, "SHA1", false, "SHA256");
    check_hash(ec, "SHA256", false, "SHA256");
    check_hash(ec, "SHA384", false, "SHA384");
    check_hash(ed, "", false, NULL);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(ed);
}

int main(void)
{
    cert_spec spec = { .cn = "db.example" };
    self = pki_make(&spec);
    RUN(one_recv_feeds_many_records);
    RUN(pending_bytes_need_no_socket);
    RUN(a_big_transfer_takes_few_calls);
    RUN(a_record_may_arrive_in_pieces);
    RUN(sending_fills_up_and_resumes);
    RUN(a_dead_peer_is_an_error_and_no_signal);
    RUN(closing_says_goodbye);
    RUN(close_notify_is_an_orderly_end);
    RUN(a_bare_fin_is_a_cut);
    RUN(half_a_record_is_a_cut);
    RUN(a_forged_record_ends_the_session);
    RUN(renegotiation_is_refused);
    RUN(key_updates_are_followed);
    RUN(old_versions_and_null_ciphers_are_refused);
    RUN(no_certificate_is_no_verified_certificate);
    RUN(versions_and_ciphers_are_told);
    RUN(what_is_not_tls_is_said_so);
    RUN(hanging_up_in_the_handshake_is_an_io_error);
    RUN(calls_out_of_order_are_usage_errors);
    RUN(alpn_is_ours_or_an_error);
    RUN(sni_names_hosts_only);
    RUN(the_binding_follows_the_signature);
    pki_drop(&self);
    pki_clean();
    return check_report();
}
