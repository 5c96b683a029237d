/* SPDX-License-Identifier: MIT */
/* prompt.c: a password that somebody types. Only a whole line counts: what Ctrl-C or the end of
 * the input cut short is nobody's password. */
#include "cli.h"

#include "base/error.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 4000 /* a terminal drops what is beyond 4095 of a line */

typedef struct line {
    char text[PASSWORD_MAX + 1];
    size_t len; /* may be more than fits */
    bool has_nul;
} line;

/* The next byte; false: a signal asked for a stop, or there is no more. */
static bool read_byte(int fd, char *c)
{
    struct pollfd fds[2] = {{fd, POLLIN, 0}, {signals_fd(), POLLIN, 0}};
    while (!signals_stop() && poll(fds, 2, -1) < 0)
        continue;
    return !signals_stop() && read(fd, c, 1) == 1;
}

static bool read_line(int fd, line *l)
{
    char c;
    l->len = 0;
    l->has_nul = false;
    while (read_byte(fd, &c)) {
        if (c == '\n' || c == '\r') {
            l->text[l->len < PASSWORD_MAX ? l->len : PASSWORD_MAX] = '\0';
            return true;
        }
        l->has_nul = l->has_nul || c == '\0';
        if (l->len < PASSWORD_MAX)
            l->text[l->len] = c;
        l->len++;
    }
    return false;
}

/* The keys that would end or stop the process have no effect while nothing is echoed: nobody would
 * turn the echo on again. */
static bool silence(int fd, struct termios *saved)
{
    struct termios silent;
    if (tcgetattr(fd, saved) != 0)
        return false;
    silent = *saved;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_cc[VQUIT] = silent.c_cc[VSUSP] = _POSIX_VDISABLE;
    return tcsetattr(fd, TCSAFLUSH, &silent) == 0;
}

/* Asks on `out`, reads from `in`; where that is a terminal, nothing that is typed is seen. */
static bool ask(int in, int out, line *l)
{
    struct termios saved;
    bool silent, ok;
    if (signals_stop())
        return false;
    silent = silence(in, &saved);
    ok = (silent || isatty(in) == 0) && write(out, "Password: ", 10) == 10 && read_line(in, l);
    if (silent)
        tcsetattr(in, TCSAFLUSH, &saved);
    return write(out, "\n", 1) == 1 && ok;
}

static bool take(ww_conninfo *info, const line *l, ww_error *err)
{
    if (l->has_nul) {
        ww__fail(err, WW_ERR_USAGE, "the password that was typed holds a NUL byte");
        return false;
    }
    if (l->len > PASSWORD_MAX) {
        ww__fail(err, WW_ERR_USAGE, "the password that was typed is longer than 4000 bytes");
        return false;
    }
    return ww_conninfo_set(info, "password", ww_slice_of(l->text), err) == WW_OK;
}

static bool prompt(ww_conninfo *info, int in, int out, ww_error *err)
{
    line l;
    bool ok = ask(in, out, &l) && !signals_stop();
    if (signals_stop())
        ww__fail(err, WW_ERR_CANCELLED, "stopped by a signal");
    ok = ok && take(info, &l, err);
    ww_wipe(&l, sizeof l);
    return ok;
}

bool prompt_terminal(ww_conninfo *info, ww_error *err)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool ok;
    if (fd < 0)
        return false;
    ok = prompt(info, fd, fd, err);
    close(fd);
    return ok;
}

bool prompt_anywhere(ww_conninfo *info, ww_error *err)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool ok;
    ww__fail(err, WW_ERR_USAGE,
             fd >= 0 ? "-W, and no password was typed"
                     : "-W, and there is neither a terminal nor a line on "
                       "standard input");
    ok = prompt(info, fd >= 0 ? fd : STDIN_FILENO, fd >= 0 ? fd : STDERR_FILENO, err);
    if (fd >= 0)
        close(fd);
    return ok;
}
