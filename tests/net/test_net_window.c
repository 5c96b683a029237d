/* SPDX-License-Identifier: MIT */
/* test_net_window.c: how far the peer is, and windows that open and close while it sends at full
 * rate: nothing may stop, and nothing may have to be sent again. */
#include "check.h"
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEGMENT 16384
#define SMALL ((size_t)32768)

typedef struct line {
    int fd; /* the peer's end */
    ww_sock *sock;
} line;

static void open_line(line *l)
{
    ww_sock_options options = {false, 0, 0, 0, 0, SEGMENT};
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    ww_addrs *addrs;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener, (struct sockaddr *)&a, len) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&a, &len) == 0);
    CHECK(ww_addrs_resolve(&addrs, "127.0.0.1", ntohs(a.sin_port), true, NULL) == WW_OK);
    CHECK(ww_sock_open(&l->sock, addrs, 0, &options, NULL) == WW_OK);
    ww_addrs_free(addrs);
    l->fd = accept(listener, NULL, NULL);
    CHECK(l->fd >= 0 && fcntl(l->fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(ww_sock_wait(l->sock, POLLOUT, ww_clock_mono() + 5000000, -1, NULL) == WW_OK &&
          ww_sock_connected(l->sock, NULL) == WW_OK);
    close(listener);
}

static void close_line(line *l)
{
    close(l->fd);
    ww_sock_close(l->sock);
}

#ifdef __linux__

static int segment_of(int fd)
{
    int value = 0;
    socklen_t len = sizeof value;
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &value, &len) == 0);
    return value;
}

static void loopback_is_near(void)
{
    uint32_t rtt_us = 0;
    line l;
    open_line(&l);
    CHECK(ww_sock_path(l.sock, &rtt_us) == WW_PATH_NEAR);
    CHECK(rtt_us > 0);
    CHECK(segment_of(l.fd) <= SEGMENT); /* the peer was told */
    CHECK(ww_sock_buffer_size(l.sock, true) > 0);
    close_line(&l);
}

/* As a client that is stopped: what the peer can send before it has to wait. */
static size_t fill(line *l)
{
    static uint8_t block[100];
    size_t sent = 0;
    ssize_t n;
    while ((n = send(l->fd, block, sizeof block, 0)) > 0)
        sent += (size_t)n;
    CHECK(n < 0 && errno == EAGAIN);
    return sent;
}

static size_t drain(line *l)
{
    static uint8_t buf[262144];
    size_t n = 0;
    return ww_sock_recv(l->sock, buf, sizeof buf, &n, NULL) == WW_OK ? n : 0;
}

static bool wait_for_bytes(line *l)
{
    return ww_sock_wait(l->sock, POLLIN, ww_clock_mono() + 5000000, -1, NULL) == WW_OK;
}

static void a_small_window_is_small_at_once(void)
{
    line l;
    size_t got;
    open_line(&l);
    ww_sock_window(l.sock, SMALL);
    fill(&l);
    CHECK(wait_for_bytes(&l));
    got = drain(&l);
    CHECK(got > 0 && got <= 3 * SMALL); /* the kernel goes beyond by a packet or two */
    ww_sock_window(l.sock, 0);
    CHECK(ww_sock_buffer_size(l.sock, false) > 4 * SMALL);
    close_line(&l);
}

/* The peer sends whenever it can; the window changes every `bytes`. Returns the number of times
 * that nothing came for 150 ms although we looked all the time: after a loss it takes 200. */
static unsigned count_stalls(unsigned changes, size_t bytes)
{
    unsigned i, stalls = 0;
    line l;
    open_line(&l);
    ww_sock_window(l.sock, SMALL);
    for (i = 0; i < changes && stalls < 5; i++) {
        size_t got = 0, looks = 0;
        ww_mono_us heard = ww_clock_mono();
        ww_sock_window(l.sock, i % 2 == 0 ? 0 : SMALL);
        while (got < bytes) {
            ww_mono_us now;
            size_t n;
            fill(&l);
            n = drain(&l);
            got += n;
            now = ww_clock_mono();
            looks++;
            if (n == 0)
                continue;
            stalls += now - heard > 150000 && looks > 1000;
            heard = now;
            looks = 0;
            if (i % 2 != 0)
                ww_sock_window(l.sock, SMALL); /* again and again, as is asked for */
        }
    }
    if (i % 2 == 0)
        CHECK(ww_sock_buffer_size(l.sock, false) <= 2 * SMALL); /* it did become small */
    close_line(&l);
    return stalls;
}

static void windows_change_without_a_stall(void)
{
    CHECK_EQ_U64(count_stalls(40, 4 << 20), 0);
}

/* Left raised, it would have everybody wait for megabytes. */
static void waiting_lowers_the_water_mark(void)
{
    line l;
    open_line(&l);
    ww_sock_low_water(l.sock, 4 << 20);
    CHECK(send(l.fd, "x", 1, 0) == 1);
    CHECK(wait_for_bytes(&l));
    CHECK_EQ_U64(drain(&l), 1);
    close_line(&l);
}

#else

static void nothing_is_known_elsewhere(void)
{
    uint32_t rtt_us = 1;
    line l;
    open_line(&l);
    CHECK(ww_sock_path(l.sock, &rtt_us) == WW_PATH_UNKNOWN);
    ww_sock_window(l.sock, SMALL);
    ww_sock_low_water(l.sock, 2);
    CHECK(send(l.fd, "x", 1, 0) == 1);
    CHECK(ww_sock_wait(l.sock, POLLIN, ww_clock_mono() + 5000000, -1, NULL) == WW_OK);
    close_line(&l);
}

#endif

int main(void)
{
#ifdef __linux__
    RUN(loopback_is_near);
    RUN(a_small_window_is_small_at_once);
    RUN(windows_change_without_a_stall);
    RUN(waiting_lowers_the_water_mark);
#else
    RUN(nothing_is_known_elsewhere);
#endif
    return check_report();
}
