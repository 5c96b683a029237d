/* SPDX-License-Identifier: MIT */
/* signals.c: a signal becomes a readable descriptor; the second SIGINT or SIGTERM ends the process
 * at once. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop_asked; /* the signal's number */
static volatile sig_atomic_t reopen_asked;
static int wake[2] = {-1, -1};
static int hangup[2] = {-1, -1}; /* apart: it ends no call that waits */

static void wake_up(int fd)
{
    int before = errno;
    ssize_t ignored = write(fd, "", 1);
    (void)ignored;
    errno = before;
}

static void on_signal(int number)
{
    if (stop_asked)
        _exit(128 + number);
    stop_asked = number;
    wake_up(wake[1]);
}

static void on_hangup(int number)
{
    (void)number;
    reopen_asked = 1;
    wake_up(hangup[1]);
}

static bool set_handler(int number, void (*handler)(int))
{
    struct sigaction action;
    action.sa_handler = handler;
    action.sa_flags = 0;
    return sigemptyset(&action.sa_mask) == 0 && sigaction(number, &action, NULL) == 0;
}

static bool open_pipe(int fds[2])
{
    int i;
    if (pipe(fds) != 0)
        return false;
    for (i = 0; i < 2; i++)
        if (fcntl(fds[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(fds[i], F_SETFD, FD_CLOEXEC) != 0)
            return false;
    return true;
}

static void empty(int fd)
{
    char byte;
    while (read(fd, &byte, 1) == 1)
        continue;
}

bool signals_install(void)
{
    return open_pipe(wake) && set_handler(SIGINT, on_signal) && set_handler(SIGTERM, on_signal) &&
           set_handler(SIGPIPE, SIG_IGN) && set_handler(SIGXFSZ, SIG_IGN);
}

int signals_fd(void)
{
    return wake[0];
}

bool signals_any(void)
{
    return stop_asked != 0 || reopen_asked != 0;
}

bool signals_stop(void)
{
    return stop_asked != 0;
}

int signals_exit_code(void)
{
    return 128 + stop_asked;
}

void signals_acknowledge(void)
{
    empty(wake[0]);
}

bool signals_watch_hangup(void)
{
    return open_pipe(hangup) && set_handler(SIGHUP, on_hangup);
}

int signals_hangup_fd(void)
{
    return hangup[0];
}

bool signals_hangup(void)
{
    return reopen_asked != 0;
}

void signals_acknowledge_hangup(void)
{
    empty(hangup[0]);
}

void signals_forget_hangup(void)
{
    reopen_asked = 0;
}
