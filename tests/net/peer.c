/* SPDX-License-Identifier: MIT */
/* peer.c: a listener and a TLS server in the thread of the test. */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_US 5000000u

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "test set-up failed: %s: %s\n", what, strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(2);
}

void peer_open(peer *p)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    ww_addrs *addrs;
    memset(p, 0, sizeof *p);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    need(p->listener >= 0 && bind(p->listener, (struct sockaddr *)&a, len) == 0 &&
             listen(p->listener, 8) == 0 &&
             getsockname(p->listener, (struct sockaddr *)&a, &len) == 0,
         "listen");
    p->port = ntohs(a.sin_port);
    need(ww_addrs_resolve(&addrs, "127.0.0.1", p->port, true, NULL) == WW_OK &&
             ww_sock_open(&p->sock, addrs, 0, NULL, NULL) == WW_OK,
         "connect");
    ww_addrs_free(addrs);
    p->fd = accept(p->listener, NULL, NULL);
    need(p->fd >= 0 && fcntl(p->fd, F_SETFL, O_NONBLOCK) == 0, "accept");
    need(ww_sock_wait(p->sock, ww_sock_poll_events(p->sock, false, true),
                      ww_clock_mono() + PATIENCE_US, -1, NULL) == WW_OK &&
             ww_sock_connected(p->sock, NULL) == WW_OK,
         "connected");
}

void peer_serve(peer *p, const identity *id, const X509 *chain)
{
    X509 *copy = chain != NULL ? X509_dup(chain) : NULL;
    p->ctx = SSL_CTX_new(TLS_server_method());
    need(p->ctx != NULL, "server context");
    SSL_CTX_set_security_level(p->ctx, 0); /* weak certificates are some tests' point */
    need(SSL_CTX_use_certificate(p->ctx, id->cert) == 1 &&
             SSL_CTX_use_PrivateKey(p->ctx, id->key) == 1,
         "server certificate");
    need(copy == NULL || SSL_CTX_add_extra_chain_cert(p->ctx, copy) == 1, "server chain");
}

/* One step of the server; true: its handshake is over, well or badly. */
static bool step_server(peer *p)
{
    int result = SSL_do_handshake(p->ssl);
    int error = SSL_get_error(p->ssl, result);
    ERR_clear_error();
    return error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
}

ww_status peer_handshake(peer *p, const ww_tls_config *config, ww_error *err)
{
    ww_mono_us end = ww_clock_mono() + PATIENCE_US;
    bool served = false;
    ww_status st = ww_tls_open(&p->tls, config, err);
    if (st == WW_OK)
        st = ww_sock_tls_start(p->sock, p->tls, err);
    if (st < 0)
        return st;
    if (p->ctx != NULL) {
        p->ssl = SSL_new(p->ctx);
        need(p->ssl != NULL && SSL_set_fd(p->ssl, p->fd) == 1, "server");
        SSL_set_accept_state(p->ssl);
    }
    for (;;) {
        struct pollfd fds[2];
        st = ww_sock_tls_handshake(p->sock, err);
        if (p->ssl != NULL)
            served = step_server(p) || served;
        if (st < 0 || (st == WW_OK && (served || p->ssl == NULL)))
            return st;
        need(ww_clock_mono() < end, "the handshake does not end");
        fds[0].fd = ww_sock_fd(p->sock);
        fds[0].events = ww_sock_poll_events(p->sock, true, false);
        fds[1].fd = p->fd;
        fds[1].events = POLLIN;
        poll(fds, 2, 10);
    }
}

bool peer_arrived(const peer *p, size_t n)
{
    ww_mono_us end = ww_clock_mono() + PATIENCE_US;
    int have = 0;
    while (ww_clock_mono() < end && (size_t)have < n)
        if (ioctl(ww_sock_fd(p->sock), FIONREAD, &have) != 0)
            return false;
    return (size_t)have >= n;
}

bool peer_write(peer *p, const void *bytes, size_t len)
{
    size_t n = 0;
    return SSL_write_ex(p->ssl, bytes, len, &n) == 1 && n == len;
}

bool peer_write_raw(peer *p, const void *bytes, size_t len)
{
    return send(p->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

ww_status peer_client_recv(peer *p, uint8_t *buf, size_t cap, size_t *n, ww_error *err)
{
    ww_mono_us end = ww_clock_mono() + PATIENCE_US;
    ww_status st;
    while ((st = ww_sock_recv(p->sock, buf, cap, n, err)) == WW_MORE) {
        st = ww_sock_wait(p->sock, ww_sock_poll_events(p->sock, true, false), end, -1, err);
        if (st < 0)
            return st;
    }
    return st;
}

void peer_hang_up(peer *p, bool reset)
{
    struct linger now = { 1, 0 };
    if (reset)
        need(setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0, "SO_LINGER");
    close(p->fd);
    p->fd = -1;
}

void peer_close(peer *p)
{
    ww_sock_close(p->sock);
    ww_tls_close(p->tls);
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    if (p->fd >= 0)
        close(p->fd);
    close(p->listener);
    memset(p, 0, sizeof *p);
}

ww_tls_config peer_config(void)
{
    ww_tls_config c;
    memset(&c, 0, sizeof c);
    c.struct_size = sizeof c;
    return c;
}
