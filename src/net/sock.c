/* SPDX-License-Identifier: MIT */
/* sock.c: a stream socket: its options, connecting without blocking, plain bytes in and out. */
#if defined(__APPLE__)
#define _DARWIN_C_SOURCE /* SO_NOSIGPIPE, TCP_KEEPALIVE */
#endif
#include "sock.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE does it there */
#endif
#if !defined(TCP_KEEPIDLE) && defined(TCP_KEEPALIVE)
#define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

/* ---- errors --------------------------------------------------------------------------------- */

ww_status ww__net_fail(ww_error *err, ww_status status, const char *what, const char *subject,
                       int sys_errno)
{
    ww__fail_text(err, status, what, subject);
    if (err != NULL)
        err->sys_errno = sys_errno;
    return status;
}

static const char *explain_connect(int e, bool is_unix)
{
    switch (e) {
    case ECONNREFUSED:
        return is_unix ? "nobody listens on this socket; is the server running?"
                       : "the connection was refused; is the server running, and is this its "
                         "address and port (listen_addresses)?";
    case ENOENT:
        return "there is no such socket; is the server running, and is this its socket directory?";
    case EACCES:
    case EPERM:
        return "the system forbids this connection; check the socket's permissions or the firewall";
    case EAGAIN:
        return "the server's queue of new connections is full; try again";
    case ETIMEDOUT:
        return "the server did not answer; check the address and the firewall";
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return "there is no way to this address from here; check the address and the network";
    case EMFILE:
    case ENFILE:
        return "too many open files; close some or raise the limit (ulimit -n)";
    default:
        return "could not connect";
    }
}

static ww_status fail_connect(ww_error *err, const char *peer, bool is_unix, int e)
{
    return ww__net_fail(err, WW_ERR_IO, explain_connect(e, is_unix), peer, e);
}

ww_status ww__sock_fail(const ww_sock *s, ww_error *err, int sys_errno)
{
    const char *what = "the connection to the server failed";
    if (sys_errno == ECONNRESET || sys_errno == EPIPE)
        what = "the server closed the connection without a word; see its log";
    else if (sys_errno == ETIMEDOUT)
        what = "the connection is dead: the server's machine no longer answers";
    return ww__net_fail(err, WW_ERR_IO, what, s->peer, sys_errno);
}

/* ---- options -------------------------------------------------------------------------------- */

static bool set_number(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* Sets what the user asked for; 0 asks for nothing. */
static ww_status set_asked(int fd, int name, int value, const char *keyword, ww_error *err)
{
    if (value <= 0 || set_number(fd, IPPROTO_TCP, name, value))
        return WW_OK;
    return ww__net_fail(err, WW_ERR_USAGE, "the system does not take this value of a socket option",
                        keyword, errno);
}

static ww_status set_tcp_options(int fd, const ww_sock_options *o, ww_error *err)
{
    ww_status st = WW_OK;
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* only a delay if it fails */
    if (o == NULL)
        return WW_OK;
    if (o->max_segment > 0)
        set_number(fd, IPPROTO_TCP, TCP_MAXSEG, o->max_segment);
    if (o->keepalive) {
        set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
        st = set_asked(fd, TCP_KEEPIDLE, o->keepalive_idle_s, "keepalives_idle", err);
#endif
#ifdef TCP_KEEPINTVL
        if (st == WW_OK)
            st = set_asked(fd, TCP_KEEPINTVL, o->keepalive_interval_s, "keepalives_interval", err);
#endif
#ifdef TCP_KEEPCNT
        if (st == WW_OK)
            st = set_asked(fd, TCP_KEEPCNT, o->keepalive_count, "keepalives_count", err);
#endif
    }
#ifdef TCP_USER_TIMEOUT
    if (st == WW_OK)
        st = set_asked(fd, TCP_USER_TIMEOUT, o->user_timeout_ms, "tcp_user_timeout", err);
#endif
    return st;
}

/* A socket that is non-blocking, not inherited by children, and does not signal; -1 with errno. */
static int make_socket(int family)
{
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)) {
        close(fd);
        return -1;
    }
#endif
#ifdef SO_NOSIGPIPE
    if (fd >= 0)
        set_number(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    return fd;
}

/* ---- connecting ----------------------------------------------------------------------------- */

static ww_status start_connect(ww_sock *s, const ww__address *to, ww_error *err)
{
    if (connect(s->fd, (const struct sockaddr *)&to->addr, to->len) == 0)
        return WW_OK;
    if (errno != EINPROGRESS && errno != EINTR) /* interrupted: it goes on behind our back */
        return fail_connect(err, s->peer, s->is_unix, errno);
    s->connecting = true;
    return WW_OK;
}

ww_status ww_sock_open(ww_sock **out, const ww_addrs *a, size_t i, const ww_sock_options *options,
                       ww_error *err)
{
    const ww__address *to = &a->list[i];
    bool is_unix = to->addr.ss_family == AF_UNIX;
    ww_status st = WW_OK;
    ww_sock *s;
    int fd;
    *out = NULL;
    fd = make_socket(to->addr.ss_family);
    if (fd < 0)
        return fail_connect(err, to->text, is_unix, errno);
    s = calloc(1, sizeof *s);
    if (s == NULL) {
        close(fd);
        return ww__fail(err, WW_ERR_NOMEM, "out of memory for a socket");
    }
    s->fd = fd;
    s->is_unix = is_unix;
    s->low_water = 1;
    s->recv_events = POLLIN;
    s->send_events = POLLOUT;
    memcpy(s->peer, to->text, sizeof s->peer);
    if (!is_unix)
        st = set_tcp_options(fd, options, err);
    if (st == WW_OK)
        st = start_connect(s, to, err);
    if (st == WW_OK)
        *out = s;
    else
        ww_sock_close(s);
    return st;
}

ww_status ww_sock_connected(ww_sock *s, ww_error *err)
{
    struct pollfd p = { s->fd, POLLOUT, 0 };
    int e = 0;
    socklen_t len = sizeof e;
    if (!s->connecting)
        return WW_OK;
    if (poll(&p, 1, 0) <= 0)
        return WW_MORE;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0)
        e = errno;
    if (e != 0)
        return fail_connect(err, s->peer, s->is_unix, e);
    s->connecting = false;
    return WW_OK;
}

void ww_sock_close(ww_sock *s)
{
    if (s == NULL)
        return;
    ww__tls_end(s);
    close(s->fd);
    free(s);
}

/* ---- looking at it -------------------------------------------------------------------------- */

int ww_sock_fd(const ww_sock *s)
{
    return s->fd;
}

bool ww_sock_is_unix(const ww_sock *s)
{
    return s->is_unix;
}

bool ww_sock_has_more(const ww_sock *s)
{
    return s->recv_full || ww_sock_pending(s);
}

uint64_t ww_sock_recv_calls(const ww_sock *s)
{
    return s->recv_calls;
}

short ww_sock_poll_events(const ww_sock *s, bool want_recv, bool want_send)
{
    int events = (want_recv ? s->recv_events : 0) | (want_send ? s->send_events : 0);
    return s->connecting ? POLLOUT : (short)events;
}

bool ww_sock_pending(const ww_sock *s)
{
    return s->tls != NULL && ww__tls_pending(s);
}

bool ww_sock_in_record(const ww_sock *s)
{
    return s->tls != NULL && ww__tls_in_record(s);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

ptrdiff_t ww__sock_recv_raw(ww_sock *s, void *buf, size_t cap)
{
    ssize_t n;
    do {
        s->recv_calls++;
        n = recv(s->fd, buf, cap, 0);
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        s->recv_bytes += (uint64_t)n;
    s->recv_full = n > 0 && (size_t)n == cap;
    return n;
}

ptrdiff_t ww__sock_send_raw(ww_sock *s, const void *buf, size_t len)
{
    ssize_t n;
    do
        n = send(s->fd, buf, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool would_block(int e)
{
    return e == EAGAIN || e == EWOULDBLOCK;
}

ww_status ww_sock_recv(ww_sock *s, uint8_t *buf, size_t cap, size_t *n, ww_error *err)
{
    ptrdiff_t got;
    *n = 0;
    if (cap == 0)
        return ww__fail(err, WW_ERR_USAGE, "there is no room to receive into");
    if (s->tls != NULL)
        return ww__tls_recv(s, buf, cap, n, err);
    got = ww__sock_recv_raw(s, buf, cap);
    if (got < 0)
        return would_block(errno) ? WW_MORE : ww__sock_fail(s, err, errno);
    *n = (size_t)got;
    return got == 0 ? WW_END : WW_OK;
}

ww_status ww_sock_send(ww_sock *s, const uint8_t *buf, size_t len, size_t *n, ww_error *err)
{
    ptrdiff_t sent;
    *n = 0;
    if (len == 0)
        return WW_OK;
    if (s->tls != NULL)
        return ww__tls_send(s, buf, len, n, err);
    sent = ww__sock_send_raw(s, buf, len);
    if (sent < 0)
        return would_block(errno) ? WW_MORE : ww__sock_fail(s, err, errno);
    *n = (size_t)sent;
    return WW_OK;
}
