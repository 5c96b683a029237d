/* SPDX-License-Identifier: MIT */
/* wait.c: sleeping until a socket is ready, a deadline passes, or somebody asks to stop. */
#if defined(__linux__)
#define _GNU_SOURCE /* ppoll: deadlines are in microseconds, and naps shorter than one poll() tick \
                     */
#endif
#include "wait.h"

#include "sock.h"

#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

int ww__poll_for(struct pollfd *fds, size_t count, ww_mono_us left_us)
{
#if defined(__linux__)
    struct timespec t;
    if (left_us == WW_MONO_NEVER)
        return ppoll(fds, count, NULL, NULL);
    t.tv_sec = (time_t)(left_us / 1000000);
    t.tv_nsec = (long)(left_us % 1000000) * 1000;
    return ppoll(fds, count, &t, NULL);
#else
    ww_mono_us ms = left_us / 1000 + (left_us % 1000 != 0);
    if (left_us == WW_MONO_NEVER)
        return poll(fds, (nfds_t)count, -1);
    return poll(fds, (nfds_t)count, ms > INT_MAX ? INT_MAX : (int)ms);
#endif
}

ww_mono_us ww__time_left(ww_mono_us deadline, ww_mono_us now)
{
    if (deadline == WW_MONO_NEVER)
        return WW_MONO_NEVER;
    return deadline > now ? deadline - now : 0;
}

ww_status ww_sock_wait(ww_sock *s, short events, ww_mono_us deadline, int wake_fd, ww_error *err)
{
    struct pollfd fds[2];
    bool ready = (events & POLLIN) != 0 && ww_sock_pending(s);
    if ((events & POLLIN) != 0)
        ww_sock_low_water(s, 1); /* else less than that would not wake us */
    fds[0].fd = s->fd;
    fds[0].events = events;
    fds[1].fd = wake_fd; /* poll passes over a negative one */
    fds[1].events = POLLIN;
    for (;;) {
        ww_mono_us left = ready ? 0 : ww__time_left(deadline, ww_clock_mono());
        int n;
        fds[0].revents = fds[1].revents = 0;
        n = ww__poll_for(fds, 2, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ww__net_fail(err, WW_ERR_IO, "waiting for the server failed", s->peer, errno);
        if (fds[1].revents != 0)
            return ww__fail(err, WW_ERR_CANCELLED, "asked to stop while waiting for the server");
        if (ready || fds[0].revents != 0)
            return WW_OK; /* an error condition too: the next call on the socket says which */
        if (left == 0)
            return ww__fail_text(err, WW_ERR_TIMEOUT, "the server did not answer in time", s->peer);
    }
}
