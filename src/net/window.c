/* SPDX-License-Identifier: MIT */
/* window.c: how far the peer is, and how much it may send before it is received. Only Linux tells
 * the one and takes the other; elsewhere nothing is known and nothing done.
 *
 * A window is made small in two steps. What was offered cannot be taken back: a receive buffer that
 * shrinks below it drops what arrives, and the peer sends it again after its timeout. */
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "sock.h"

#if defined(__linux__) && defined(__has_include)
#if __has_include(<linux/tcp.h>)
#include <linux/tcp.h> /* tcpi_min_rtt, which <netinet/tcp.h> lacks */
#define HAS_WINDOW 1
#endif
#endif

#include <netinet/in.h>

#define NEAR_US 250u
#define OPEN_BYTES (1 << 20)
#define UNLIMITED (1 << 30)

static int get_number(int fd, int name)
{
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : 0;
}

size_t ww_sock_buffer_size(const ww_sock *s, bool sending)
{
    int size = get_number(s->fd, sending ? SO_SNDBUF : SO_RCVBUF);
    return size > 0 ? (size_t)size : 0;
}

#ifdef HAS_WINDOW

static void set_number(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value); /* it only costs time if it fails */
}

ww_path ww_sock_path(const ww_sock *s, uint32_t *rtt_us)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    *rtt_us = 0;
    if (s->is_unix)
        return WW_PATH_UNIX;
    if (getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_min_rtt) + sizeof info.tcpi_min_rtt)
        return WW_PATH_UNKNOWN;
    *rtt_us = info.tcpi_min_rtt;
    return info.tcpi_min_rtt <= NEAR_US ? WW_PATH_NEAR : WW_PATH_FAR;
}

static void open_window(ww_sock *s)
{
    set_number(s->fd, SOL_SOCKET, SO_RCVBUF, OPEN_BYTES);
    set_number(s->fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, UNLIMITED);
    s->window = WW__WINDOW_OPEN;
}

/* Nothing beyond the clamp is offered any more; what was is on its way at most. */
static void begin_to_close(ww_sock *s, size_t bytes)
{
    set_number(s->fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, (int)bytes);
    s->close_at = s->recv_bytes + ww_sock_buffer_size(s, false);
    s->window = WW__WINDOW_CLOSING;
}

static void close_window(ww_sock *s, size_t bytes)
{
    set_number(s->fd, SOL_SOCKET, SO_RCVBUF, (int)bytes);
    s->window = WW__WINDOW_SMALL;
}

void ww_sock_window(ww_sock *s, size_t bytes)
{
    if (s->is_unix)
        return;
    if (bytes == 0) {
        if (s->window == WW__WINDOW_CLOSING || s->window == WW__WINDOW_SMALL)
            open_window(s);
    } else if (s->window == WW__WINDOW_FRESH) {
        close_window(s, bytes);
    } else if (s->window == WW__WINDOW_OPEN) {
        begin_to_close(s, bytes);
    } else if (s->window == WW__WINDOW_CLOSING && s->recv_bytes > s->close_at) {
        close_window(s, bytes);
    }
}

void ww_sock_low_water(ww_sock *s, size_t bytes)
{
    if (s->low_water == bytes)
        return;
    s->low_water = bytes;
    set_number(s->fd, SOL_SOCKET, SO_RCVLOWAT, (int)bytes);
}

#else

ww_path ww_sock_path(const ww_sock *s, uint32_t *rtt_us)
{
    (void)s;
    *rtt_us = 0;
    return WW_PATH_UNKNOWN;
}

void ww_sock_window(ww_sock *s, size_t bytes)
{
    (void)s;
    (void)bytes;
}

void ww_sock_low_water(ww_sock *s, size_t bytes)
{
    (void)s;
    (void)bytes;
}

#endif
