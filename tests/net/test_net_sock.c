/* SPDX-License-Identifier: MIT */
/* test_net_sock.c: plain sockets: connecting, refusing, waiting, and what a broken connection says.
 * Only loopback and Unix sockets. */
#include "check.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static ww_mono_us soon(unsigned ms)
{
    return ww_clock_mono() + ms * UINT64_C(1000);
}

/* Connects to 127.0.0.1:port; the socket is closed again by the caller even after a failure. */
static ww_status connect_to(uint16_t port, const ww_sock_options *options, ww_sock **s,
                            ww_error *err)
{
    ww_addrs *a;
    ww_status st;
    CHECK_EQ_U64(ww_addrs_resolve(&a, "127.0.0.1", port, true, NULL), WW_OK);
    st = ww_sock_open(s, a, 0, options, err);
    ww_addrs_free(a);
    while (st == WW_OK && (st = ww_sock_connected(*s, err)) == WW_MORE)
        st = ww_sock_wait(*s, ww_sock_poll_events(*s, true, true), soon(5000), -1, err);
    return st;
}

/* A bound socket; nobody else gets its port, nor does the kernel choose it for the client's end. */
static int bind_loopback(uint16_t *port)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    CHECK(getsockopt(fd, level, name, &value, &len) == 0);
    return value;
}

static void bytes_go_both_ways(void)
{
    uint8_t buf[16];
    size_t n;
    peer p;
    peer_open(&p);
    CHECK(!ww_sock_is_unix(p.sock));
    CHECK_EQ_U64(ww_sock_peer_user(p.sock, (char *)buf, sizeof buf, NULL), WW_ERR_USAGE);
    CHECK(!ww_sock_pending(p.sock));
    CHECK_EQ_U64(ww_sock_recv(p.sock, buf, sizeof buf, &n, NULL), WW_MORE);
    CHECK_EQ_U64(n, 0);
    CHECK_EQ_U64(ww_sock_recv_calls(p.sock), 1);
    CHECK_EQ_U64(ww_sock_send(p.sock, (const uint8_t *)"ping", 4, &n, NULL), WW_OK);
    CHECK_EQ_U64(n, 4);
    CHECK_EQ_U64(ww_sock_send(p.sock, NULL, 0, &n, NULL), WW_OK);
    CHECK(recv(p.fd, buf, sizeof buf, 0) == 4 && memcmp(buf, "ping", 4) == 0);
    CHECK(peer_write_raw(&p, "pong", 4) && peer_arrived(&p, 4));
    CHECK_EQ_U64(ww_sock_recv(p.sock, buf, 1, &n, NULL), WW_OK);
    CHECK_EQ_U64(n, 1);
    CHECK_EQ_U64(ww_sock_recv(p.sock, buf + 1, sizeof buf - 1, &n, NULL), WW_OK);
    CHECK(n == 3 && memcmp(buf, "pong", 4) == 0);
    CHECK_EQ_U64(ww_sock_recv_calls(p.sock), 3);
    CHECK_EQ_U64(ww_sock_recv(p.sock, buf, 0, &n, NULL), WW_ERR_USAGE);
    peer_hang_up(&p, false);
    CHECK_EQ_U64(peer_client_recv(&p, buf, sizeof buf, &n, NULL), WW_END);
    peer_close(&p);
    ww_sock_close(NULL);
}

static void a_full_socket_says_more_and_goes_on(void)
{
    static uint8_t block[65536], got[65536];
    size_t sent = 0, received = 0, n;
    ww_status st;
    peer p;
    peer_open(&p);
    while ((st = ww_sock_send(p.sock, block, sizeof block, &n, NULL)) == WW_OK)
        sent += n;
    CHECK_EQ_U64(st, WW_MORE);
    CHECK_EQ_U64(n, 0);
    CHECK_EQ_U64(ww_sock_poll_events(p.sock, true, true), POLLIN | POLLOUT);
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLOUT, soon(20), -1, NULL), WW_ERR_TIMEOUT);
    while (received < sent) {
        ssize_t r = recv(p.fd, got, sizeof got, 0);
        if (r > 0)
            received += (size_t)r;
    }
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLOUT, soon(5000), -1, NULL), WW_OK);
    CHECK_EQ_U64(ww_sock_send(p.sock, block, 1, &n, NULL), WW_OK);
    peer_close(&p);
}

/* A dead peer is an error; a SIGPIPE would end this program. */
static void a_reset_is_an_error_and_no_signal(void)
{
    uint8_t buf[16] = { 0 };
    ww_error err;
    ww_status st;
    size_t n;
    peer p;
    peer_open(&p);
    CHECK(peer_write_raw(&p, "x", 1) && peer_arrived(&p, 1));
    peer_hang_up(&p, true);
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, soon(5000), -1, NULL), WW_OK);
    while ((st = peer_client_recv(&p, buf, sizeof buf, &n, &err)) == WW_OK)
        continue;
    CHECK_EQ_U64(st, WW_ERR_IO);
    CHECK_EQ_U64(err.sys_errno, ECONNRESET);
    CHECK(strncmp(err.subject, "127.0.0.1:", 10) == 0);
    CHECK(ww_status_retryable(&err));
    CHECK_EQ_U64(ww_sock_send(p.sock, buf, 1, &n, &err), WW_ERR_IO);
    CHECK_EQ_U64(err.sys_errno, EPIPE);
    peer_close(&p);
}

static void options_reach_the_socket(void)
{
    ww_sock_options o = { true, 33, 7, 5, 12345, 0 };
    ww_error err;
    ww_sock *s;
    uint16_t port;
    int listener = bind_loopback(&port), fd;
    CHECK(listen(listener, 4) == 0);
    CHECK_EQ_U64(connect_to(port, &o, &s, &err), WW_OK);
    fd = ww_sock_fd(s);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
#ifdef TCP_KEEPIDLE
    CHECK_EQ_U64(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 33);
    CHECK_EQ_U64(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 7);
    CHECK_EQ_U64(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 5);
#endif
#ifdef TCP_USER_TIMEOUT
    CHECK_EQ_U64(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
#endif
    ww_sock_close(s);
    memset(&o, 0, sizeof o);
    CHECK_EQ_U64(connect_to(port, &o, &s, &err), WW_OK);
    CHECK_EQ_U64(option_of(ww_sock_fd(s), SOL_SOCKET, SO_KEEPALIVE), 0);
    ww_sock_close(s);
    o.keepalive = true;
    o.keepalive_idle_s = 2000000000;
    CHECK_EQ_U64(connect_to(port, &o, &s, &err), WW_ERR_USAGE);
    CHECK(s == NULL);
    CHECK_TEXT(err.subject, "keepalives_idle");
    CHECK_EQ_U64(err.sys_errno, EINVAL);
    close(listener);
}

static void a_closed_port_refuses(void)
{
    ww_error err;
    ww_sock *s;
    uint16_t port;
    int bound = bind_loopback(&port);
    CHECK_EQ_U64(connect_to(port, NULL, &s, &err), WW_ERR_IO);
    CHECK_EQ_U64(err.sys_errno, ECONNREFUSED);
    CHECK(strstr(err.what, "refused") != NULL);
    CHECK(strncmp(err.subject, "127.0.0.1:", 10) == 0);
    ww_sock_close(s);
    close(bound);
}

/* A listener that never accepts drops what its queue does not hold: the client hears nothing. */
static void silence_ends_at_the_deadline(void)
{
    enum { TRIES = 8 };
    ww_sock *s[TRIES] = { NULL };
    unsigned i, waiting = 0;
    ww_mono_us before = 0, after = 0;
    ww_error err;
    ww_addrs *a;
    uint16_t port;
    int listener = bind_loopback(&port);
    CHECK(listen(listener, 0) == 0);
    CHECK_EQ_U64(ww_addrs_resolve(&a, "127.0.0.1", port, true, NULL), WW_OK);
    for (i = 0; i < TRIES && waiting == 0; i++) {
        ww_status st;
        CHECK_EQ_U64(ww_sock_open(&s[i], a, 0, NULL, &err), WW_OK);
        before = ww_clock_mono();
        st = ww_sock_wait(s[i], ww_sock_poll_events(s[i], true, false), before + 50000, -1, &err);
        after = ww_clock_mono();
        waiting += st == WW_ERR_TIMEOUT;
    }
    CHECK_EQ_U64(waiting, 1);
    CHECK(after - before >= 50000 && after - before < 5000000);
    CHECK_EQ_U64(err.status, WW_ERR_TIMEOUT);
    CHECK(strncmp(err.subject, "127.0.0.1:", 10) == 0);
    CHECK_EQ_U64(ww_sock_connected(s[i - 1], &err), WW_MORE);
    CHECK_EQ_U64(ww_sock_poll_events(s[i - 1], true, false), POLLOUT);
    for (i = 0; i < TRIES; i++)
        ww_sock_close(s[i]);
    ww_addrs_free(a);
    close(listener);
}

static unsigned ticks;

static void on_tick(int sig)
{
    (void)sig;
    ticks++;
}

/* Every 3 ms a signal interrupts poll(); the deadline stays where it was. */
static void signals_do_not_move_the_deadline(void)
{
    struct itimerval every = { { 0, 3000 }, { 0, 3000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction act, old;
    ww_mono_us before, after;
    peer p;
    peer_open(&p);
    memset(&act, 0, sizeof act);
    act.sa_handler = on_tick;
    CHECK(sigaction(SIGALRM, &act, &old) == 0 && setitimer(ITIMER_REAL, &every, NULL) == 0);
    before = ww_clock_mono();
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, before + 60000, -1, NULL), WW_ERR_TIMEOUT);
    after = ww_clock_mono();
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0 && sigaction(SIGALRM, &old, NULL) == 0);
    CHECK(ticks > 2);
    CHECK(after - before >= 60000 && after - before < 5000000);
    peer_close(&p);
}

static void waking_cancels(void)
{
    ww_error err;
    int wake[2];
    peer p;
    peer_open(&p);
    CHECK(pipe(wake) == 0);
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, soon(0), wake[0], &err), WW_ERR_TIMEOUT);
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLOUT, 0, wake[0], &err), WW_OK); /* ready beats time */
    CHECK(write(wake[1], "x", 1) == 1);
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, WW_MONO_NEVER, wake[0], &err), WW_ERR_CANCELLED);
    CHECK_EQ_U64(err.status, WW_ERR_CANCELLED);
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLOUT, soon(5000), wake[0], NULL), WW_ERR_CANCELLED);
    CHECK(peer_write_raw(&p, "x", 1));
    CHECK_EQ_U64(ww_sock_wait(p.sock, POLLIN, WW_MONO_NEVER, -1, &err), WW_OK);
    close(wake[0]);
    close(wake[1]);
    peer_close(&p);
}

/* ---- Unix sockets --------------------------------------------------------------------------- */

static ww_status connect_unix(const char *dir, uint16_t port, ww_sock **s, ww_error *err)
{
    ww_addrs *a;
    ww_status st = ww_addrs_unix(&a, dir, port, err);
    CHECK_EQ_U64(st, WW_OK);
    st = ww_sock_open(s, a, 0, NULL, err);
    ww_addrs_free(a);
    return st == WW_OK ? ww_sock_connected(*s, err) : st;
}

static void peer_is_this_user(const ww_sock *s)
{
    const struct passwd *self = getpwuid(geteuid());
    char name[256], tight[1];
    ww_error err;
    if (!CHECK(self != NULL))
        return;
    CHECK_EQ_U64(ww_sock_peer_user(s, name, sizeof name, &err), WW_OK);
    CHECK_TEXT(name, self->pw_name);
    CHECK_EQ_U64(ww_sock_peer_user(s, tight, sizeof tight, &err), WW_ERR_IO);
}

static void unix_sockets_connect(void)
{
    struct sockaddr_un un;
    char dir[256];
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), queued;
    ww_sock *s, *more[64] = { NULL };
    ww_error err;
    ww_status st = WW_OK;
    snprintf(dir, sizeof dir, "%s", pki_path("x"));
    *strrchr(dir, '/') = '\0';
    CHECK_EQ_U64(connect_unix(dir, 5432, &s, &err), WW_ERR_IO);
    CHECK_EQ_U64(err.sys_errno, ENOENT);
    CHECK(strstr(err.what, "no such socket") != NULL);
    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    CHECK(snprintf(un.sun_path, sizeof un.sun_path, "%s/.s.PGSQL.5432", dir) <
          (int)sizeof un.sun_path);
    CHECK(bind(listener, (struct sockaddr *)&un, sizeof un) == 0);
    CHECK_EQ_U64(connect_unix(dir, 5432, &s, &err), WW_ERR_IO);
    CHECK_EQ_U64(err.sys_errno, ECONNREFUSED);
    CHECK_TEXT(err.subject, un.sun_path);
    CHECK(listen(listener, 2) == 0);
    CHECK_EQ_U64(connect_unix(dir, 5432, &s, &err), WW_OK);
    CHECK(ww_sock_is_unix(s));
    peer_is_this_user(s);
    for (queued = 0; queued < 64 && st == WW_OK; queued++)
        st = connect_unix(dir, 5432, &more[queued], &err);
#ifdef __linux__
    CHECK_EQ_U64(st, WW_ERR_IO); /* no queue of half-open connections here: it says so at once */
    CHECK_EQ_U64(err.sys_errno, EAGAIN);
    CHECK(ww_status_retryable(&err));
#endif
    while (queued > 0)
        ww_sock_close(more[--queued]);
    ww_sock_close(s);
    close(listener);
    unlink(un.sun_path);
}

#ifdef __linux__
static void abstract_sockets_connect(void)
{
    struct sockaddr_un un;
    char dir[64], name[100];
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ww_error err;
    ww_sock *s;
    int len;
    snprintf(dir, sizeof dir, "@walwire-test-%ld", (long)getpid());
    len = snprintf(name, sizeof name, "%s/.s.PGSQL.5432", dir);
    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    memcpy(un.sun_path + 1, name + 1, (size_t)len - 1);
    CHECK(bind(listener, (struct sockaddr *)&un,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)) == 0);
    CHECK(listen(listener, 2) == 0);
    CHECK_EQ_U64(connect_unix(dir, 5432, &s, &err), WW_OK);
    ww_sock_close(s);
    CHECK_EQ_U64(connect_unix(dir, 5433, &s, &err), WW_ERR_IO);
    close(listener);
}
#endif

/* ---- clock and randomness ------------------------------------------------------------------- */

static void clocks_tell_time(void)
{
    struct timespec real;
    ww_now a = ww_clock_now(), b;
    clock_gettime(CLOCK_REALTIME, &real);
    b = ww_clock_now();
    CHECK(a.mono_us <= b.mono_us);
    CHECK(llabs((long long)real.tv_sec - 946684800 - a.wall.us / 1000000) <= 2);
}

static void random_bytes_differ(void)
{
    uint8_t a[4096], b[4096], none[1] = { 7 };
    size_t i, seen[256] = { 0 }, kinds = 0;
    CHECK(ww_random_bytes(a, sizeof a) && ww_random_bytes(b, sizeof b));
    CHECK(memcmp(a, b, sizeof a) != 0);
    for (i = 0; i < sizeof a; i++)
        kinds += seen[a[i]]++ == 0;
    CHECK(kinds > 250); /* 4096 draws miss one of 256 with chance 1e-7 */
    CHECK(ww_random_bytes(none, 0));
    CHECK_EQ_U64(none[0], 7);
}

int main(void)
{
    RUN(bytes_go_both_ways);
    RUN(a_full_socket_says_more_and_goes_on);
    RUN(a_reset_is_an_error_and_no_signal);
    RUN(options_reach_the_socket);
    RUN(a_closed_port_refuses);
    RUN(silence_ends_at_the_deadline);
    RUN(signals_do_not_move_the_deadline);
    RUN(waking_cancels);
    RUN(unix_sockets_connect);
#ifdef __linux__
    RUN(abstract_sockets_connect);
#endif
    RUN(clocks_tell_time);
    RUN(random_bytes_differ);
    pki_clean();
    return check_report();
}
