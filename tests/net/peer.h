/* SPDX-License-Identifier: MIT */
/* peer.h: the other end of a ww_sock, in the same thread: a listener on 127.0.0.1 and, over it, a
 * TLS server of OpenSSL's. Both ends are non-blocking and are stepped in turn, so that every test
 * is exact. */
#ifndef WALWIRE_TESTS_NET_PEER_H
#define WALWIRE_TESTS_NET_PEER_H

#include "pki.h"

#include <openssl/ssl.h>
#include <walwire/net.h>

typedef struct peer {
    int listener, fd; /* -1: closed */
    uint16_t port;
    ww_sock *sock; /* the client under test */
    ww_tls *tls;
    SSL_CTX *ctx; /* the server's; configure it between peer_open and peer_handshake */
    SSL *ssl;
} peer;

/* Listens, connects a client, accepts it. */
void peer_open(peer *p);
/* The server's certificate and key; `chain` (may be NULL) is sent with it. */
void peer_serve(peer *p, const identity *id, const X509 *chain);
/* Runs the handshake of both ends until the client has failed or both are done. */
ww_status peer_handshake(peer *p, const ww_tls_config *config, ww_error *err);
/* Waits until the client's socket holds at least `n` received bytes. */
bool peer_arrived(const peer *p, size_t n);
/* The server's side: all of it, through TLS or raw. */
bool peer_write(peer *p, const void *bytes, size_t len);
bool peer_write_raw(peer *p, const void *bytes, size_t len);
/* Receives at the client until there is something other than WW_MORE, 5 seconds at most. */
ww_status peer_client_recv(peer *p, uint8_t *buf, size_t cap, size_t *n, ww_error *err);
/* Closes the server's socket: in order, or with a reset. */
void peer_hang_up(peer *p, bool reset);
void peer_close(peer *p);

/* A config that checks nothing. */
ww_tls_config peer_config(void);

#endif
