/* SPDX-License-Identifier: MIT */
/* net.h: sockets, name resolution, TLS, deadlines. Knows no PostgreSQL.
 *
 * All sockets are non-blocking. WW_MORE means: poll ww_sock_fd() for ww_sock_poll_events(), try
 * again. */
#ifndef WALWIRE_NET_H
#define WALWIRE_NET_H

#include <walwire/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The clocks: CLOCK_MONOTONIC and CLOCK_REALTIME. */
ww_now ww_clock_now(void);
ww_mono_us ww_clock_mono(void); /* the first of them alone */
/* Fills buf with random bytes from the system; false if it has none. */
bool ww_random_bytes(void *buf, size_t len);

typedef struct ww_sock ww_sock;

typedef struct ww_sock_options {
    bool keepalive; /* SO_KEEPALIVE; TCP only, as all below */
    int keepalive_idle_s, keepalive_interval_s, keepalive_count; /* 0 or less: the system's */
    int user_timeout_ms; /* TCP_USER_TIMEOUT where there is one; 0 or less: the system's */
    int max_segment; /* TCP_MAXSEG: none of the peer's packets is longer; 0 or less: the system's.
                        A window below the peer's packet size stalls, and loopback's is 64 KiB */
} ww_sock_options;

/* A list of addresses to try, from one name. */
typedef struct ww_addrs ww_addrs;
/* host: name or numeric address. numeric_only: no look-up, ERR_USAGE if it is a name. An address
 * never touches the name service; a name blocks in the system's resolver: ERR_IO if it is not
 * known. */
ww_status ww_addrs_resolve(ww_addrs **out, const char *host, uint16_t port, bool numeric_only,
                           ww_error *err);
/* dir begins with '/' or '@' (abstract): dir/.s.PGSQL.port. ERR_USAGE if that does not fit into
 * sun_path. */
ww_status ww_addrs_unix(ww_addrs **out, const char *dir, uint16_t port, ww_error *err);
/* A list of its own with only the i-th address. */
ww_status ww_addrs_pick(ww_addrs **out, const ww_addrs *a, size_t i, ww_error *err);
size_t ww_addrs_count(const ww_addrs *a);
/* "127.0.0.1:5432", "[::1]:5432" or the path. Valid as long as `a`. */
const char *ww_addrs_text(const ww_addrs *a, size_t i);
void ww_addrs_free(ww_addrs *a);

/* Starts connecting to the i-th address (close-on-exec, no SIGPIPE, TCP_NODELAY). options NULL: the
 * system's. ERR_IO: no way there, with sys_errno. ERR_USAGE: a value in options that the system
 * does not take. */
ww_status ww_sock_open(ww_sock **out, const ww_addrs *a, size_t i, const ww_sock_options *options,
                       ww_error *err);
/* WW_OK once connected, WW_MORE before, ERR_IO if refused ... */
ww_status ww_sock_connected(ww_sock *s, ww_error *err);
/* Closes (with close_notify under TLS, best effort) and frees. NULL is allowed. */
void ww_sock_close(ww_sock *s);

int ww_sock_fd(const ww_sock *s);
bool ww_sock_is_unix(const ww_sock *s);
/* The name of the user who listens at the other end of a connected Unix socket. ERR_USAGE on
 * others, ERR_IO if the system does not tell or the user has no name. */
ww_status ww_sock_peer_user(const ww_sock *s, char *name, size_t cap, ww_error *err);
/* POLLIN and POLLOUT bits to wait for before the next try, given what the caller wants to do. Under
 * TLS a read may need the socket writable and the other way round. */
short ww_sock_poll_events(const ww_sock *s, bool want_recv, bool want_send);
/* Decrypted (or received but not handed out) bytes are waiting: do not poll, call recv. */
bool ww_sock_pending(const ww_sock *s);
/* A piece of a TLS record was received, and the rest of it is to come. */
bool ww_sock_in_record(const ww_sock *s);
/* The last receive did not take all that there was, as far as one can tell. */
bool ww_sock_has_more(const ww_sock *s);
/* How many recv() system calls were made, for benchmarks: bytes per call say how well reading is
 * batched. */
uint64_t ww_sock_recv_calls(const ww_sock *s);

/* Where the peer is, as far as the system tells (Linux): *rtt_us is the shortest round trip so far.
 */
typedef enum ww_path {
    WW_PATH_UNKNOWN,
    WW_PATH_UNIX,
    WW_PATH_NEAR, /* 250 us or less: this machine, or one next to it */
    WW_PATH_FAR
} ww_path;
ww_path ww_sock_path(const ww_sock *s, uint32_t *rtt_us);
/* The system's buffer for sending or receiving; 0: unknown. */
size_t ww_sock_buffer_size(const ww_sock *s, bool sending);
/* Lets the peer send no more than about so many bytes before they are received; 0: as many as may
 * be useful. TCP only. Call it with a size again and again: once much was offered, that has to
 * arrive first. Takes effect at once only before much was received. */
void ww_sock_window(ww_sock *s, size_t bytes);
/* SO_RCVLOWAT: the socket is readable only when so many bytes are there; the kernel then puts off
 * acknowledgements less. ww_sock_wait() sets it back to 1 before it waits for bytes; who polls by
 * himself calls it with 1 first. */
void ww_sock_low_water(ww_sock *s, size_t bytes);

/* Receives up to cap bytes, as many as are there. WW_OK: *n > 0. WW_MORE: none now. WW_END: closed
 * in order (close_notify under TLS). ERR_IO: closed in disorder ("truncated" under TLS), reset ...
 * One recv() call; under TLS one recv() of ciphertext feeds as many records as it held. */
ww_status ww_sock_recv(ww_sock *s, uint8_t *buf, size_t cap, size_t *n, ww_error *err);
/* Sends some; *n says how many. After WW_MORE call again with the same bytes; more may follow
 * them. */
ww_status ww_sock_send(ww_sock *s, const uint8_t *buf, size_t len, size_t *n, ww_error *err);

/* Waits until an event in `events` or the deadline; wake_fd (or -1): also returns,
 * WW_ERR_CANCELLED, when it becomes readable. WW_OK, ERR_TIMEOUT, ERR_IO. WW_OK at once for POLLIN
 * if ww_sock_pending(), and for an error on the socket: the next call on it says which. */
ww_status ww_sock_wait(ww_sock *s, short events, ww_mono_us deadline, int wake_fd, ww_error *err);

/* ---- TLS ------------------------------------------------------------------------------------ */

typedef enum ww_tls_verify {
    WW_TLS_VERIFY_NONE, /* encrypted, to whoever answered */
    WW_TLS_VERIFY_CA,   /* the chain of certificates */
    WW_TLS_VERIFY_FULL  /* and the host's name in the certificate */
} ww_tls_verify;

typedef struct ww_tls_config {
    size_t struct_size;
    ww_tls_verify verify;
    const char *host;         /* for verify-full and SNI: name or address; may be NULL below FULL */
    const char *root_file;    /* PEM, or "system": the library's. Needed, and read, above NONE */
    const char *crl_file;     /* PEM, read above NONE; NULL: none. A missing file is an error */
    const char *cert_file;    /* client certificate and its chain, PEM; NULL: none, and no key */
    const char *key_file;     /* its key, PEM or DER; must be there if cert_file is */
    const char *key_password; /* NULL: none; an encrypted key is then an error, nobody is asked */
    bool sni;                 /* send host as SNI (never an address) */
    int min_version, max_version; /* 0x0303 TLS 1.2, 0x0304 TLS 1.3; 0: 1.2 / none */
    const char *alpn;             /* offered protocol, or NULL */
    const char *crl_dir; /* every <hash>.r<n> in it is read, beside crl_file; NULL: none */
    bool cert_required;  /* ERR_TLS unless the server asks for the certificate of cert_file */
} ww_tls_config;

/* Settings and certificates, read once and used for every connection. Nothing of the config is
 * kept. ERR_TLS names the file and the reason; a key file that others may read is refused with the
 * chmod that helps. ERR_USAGE: settings that contradict each other. Close it after the handshakes
 * that use it. */
typedef struct ww_tls ww_tls;
ww_status ww_tls_open(ww_tls **out, const ww_tls_config *config, ww_error *err);
void ww_tls_close(ww_tls *t);

/* Begins TLS on a connected socket that has received nothing beyond what the caller took. */
ww_status ww_sock_tls_start(ww_sock *s, ww_tls *t, ww_error *err);
/* WW_OK done, WW_MORE poll and call again, ERR_TLS: what failed (certificate expired, name does not
 * match with the names it has, unknown CA ...) and what to do. */
ww_status ww_sock_tls_handshake(ww_sock *s, ww_error *err);
/* After the handshake: "TLSv1.3", the cipher, and the selected ALPN ("" if none). Static or the
 * socket's. */
const char *ww_sock_tls_version(const ww_sock *s);
const char *ww_sock_tls_cipher(const ww_sock *s);
const char *ww_sock_tls_alpn(const ww_sock *s);
/* The data of tls-server-end-point (RFC 5929): the certificate hashed by its signature's digest,
 * SHA-256 in place of MD5 and SHA-1. Returns its length, 0 if the signature has no digest
 * (Ed25519). */
size_t ww_sock_tls_cert_hash(const ww_sock *s, uint8_t out[64]);

#ifdef __cplusplus
}
#endif
#endif
