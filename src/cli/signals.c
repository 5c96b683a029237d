/* SPDX-License-Identifier: MIT */
/* signals.c: a signal becomes a readable descriptor; the second one ends the process at once. */
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop_asked; /* the signal's number */
static int wake[2] = {-1, -1};

static void on_signal(int number)
{
    ssize_t ignored;
    if (stop_asked)
        _exit(128 + number);
    stop_asked = number;
    ignored = write(wake[1], "", 1);
    (void)ignored;
}

static bool set_handler(int number, void (*handler)(int))
{
    struct sigaction action;
    action.sa_handler = handler;
    action.sa_flags = 0;
    return sigemptyset(&action.sa_mask) == 0 && sigaction(number, &action, NULL) == 0;
}

bool signals_install(void)
{
    int i;
    if (pipe(wake) != 0)
        return false;
    for (i = 0; i < 2; i++)
        if (fcntl(wake[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(wake[i], F_SETFD, FD_CLOEXEC) != 0)
            return false;
    return set_handler(SIGINT, on_signal) && set_handler(SIGTERM, on_signal) &&
           set_handler(SIGPIPE, SIG_IGN) && set_handler(SIGXFSZ, SIG_IGN);
}

int signals_fd(void)
{
    return wake[0];
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
    char byte;
    while (read(wake[0], &byte, 1) == 1)
        continue;
}
