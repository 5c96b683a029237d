/* SPDX-License-Identifier: MIT */
/* sock.h: what the files of this room share: an address, a socket, and how a system error is
 * reported. */
#ifndef WALWIRE_NET_SOCK_H
#define WALWIRE_NET_SOCK_H

#include <walwire/net.h>

#include <sys/socket.h>

/* The longest: sun_path of a Unix socket, or "[v6%zone]:port". */
#define WW__ADDRESS_TEXT 128u

typedef struct ww__address {
    struct sockaddr_storage addr;
    socklen_t len;
    char text[WW__ADDRESS_TEXT];
} ww__address;

struct ww_addrs {
    size_t count;
    ww__address list[];
};

struct ww__tls_conn;

typedef enum ww__recv_window {
    WW__WINDOW_FRESH,   /* as at the start: little was ever offered */
    WW__WINDOW_OPEN,
    WW__WINDOW_CLOSING, /* what was offered before is on its way */
    WW__WINDOW_SMALL
} ww__recv_window;

struct ww_sock {
    int fd;
    bool is_unix;
    bool connecting;   /* connect() has not been heard of yet */
    short recv_events; /* what the last receive or handshake waits for */
    short send_events; /* what the last send waits for */
    uint64_t recv_calls, recv_bytes;
    bool recv_full; /* the last call filled its buffer */
    ww__recv_window window;
    uint64_t close_at; /* recv_bytes when the last of what was offered has come */
    size_t low_water;
    char peer[WW__ADDRESS_TEXT];
    struct ww__tls_conn *tls; /* NULL: plain */
};

/* ERR with errno and what it is about. */
ww_status ww__net_fail(ww_error *err, ww_status status, const char *what, const char *subject,
                       int sys_errno);

/* One recv() or send() that is not interrupted and raises no signal. Return as the system's do. */
ptrdiff_t ww__sock_recv_raw(ww_sock *s, void *buf, size_t cap);
ptrdiff_t ww__sock_send_raw(ww_sock *s, const void *buf, size_t len);
/* The error of a connected socket in a sentence. */
ww_status ww__sock_fail(const ww_sock *s, ww_error *err, int sys_errno);

/* The TLS half of ww_sock_recv, _send, _pending and _close; s->tls is set (end: may be NULL). */
ww_status ww__tls_recv(ww_sock *s, uint8_t *buf, size_t cap, size_t *n, ww_error *err);
ww_status ww__tls_send(ww_sock *s, const uint8_t *buf, size_t len, size_t *n, ww_error *err);
bool ww__tls_pending(const ww_sock *s);
bool ww__tls_in_record(const ww_sock *s);
void ww__tls_end(ww_sock *s);

#endif
