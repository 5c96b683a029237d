/* SPDX-License-Identifier: MIT */
/* standard.c: standard input, output and error: there, or put where nothing can be lost in them. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A closed descriptor's number would go to the next socket or file that is opened, and rows or
 * messages into that. Input and output are opened the wrong way round: whoever needs them is told.
 */
bool standard_open(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    int fd;
    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            return false;
    return true;
}

int standard_finish(int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE)
        report("cannot write to standard output%s%s", errno != 0 ? ": " : "",
               errno != 0 ? strerror(errno) : "");
    return EXIT_OUTPUT;
}
