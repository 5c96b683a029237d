/* SPDX-License-Identifier: MIT */
/* trace.c: --trace: a line for each protocol message into a file that only its owner can read
 * (docs/trace.md). What cannot be written any more ends the trace, not the command. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *file; /* NULL: no trace */
static ww_mono_us began_us;

/* A file that is there already is emptied, and closed to others. */
static int open_private(const char *path)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        errno = EINVAL; /* a device, a FIFO */
    else if (fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0)
        return fd;
    close(fd);
    return -1;
}

bool trace_open(const options *o)
{
    int fd;
    if (o->trace_file == NULL)
        return true;
    fd = open_private(o->trace_file);
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        report("the trace cannot be written to \"%s\": %s", o->trace_file,
               errno == EINVAL  ? "not a plain file"
               : errno == ELOOP ? "a symbolic link"
                                : strerror(errno));
        return false;
    }
    setvbuf(file, NULL, _IOLBF, BUFSIZ);
    began_us = ww_clock_now().mono_us;
    fprintf(file, "# walwire %s: seconds, backend, direction, type, message, bytes, state, ",
            ww_version());
    fprintf(file, "detail\n");
    return true;
}

static void give_up(void)
{
    report("the trace ends here: %s", strerror(errno));
    fclose(file);
    file = NULL;
}

static void write_event(void *ctx, const ww_trace_event *e)
{
    char type[2] = {e->type != 0 ? e->type : '-', '\0'}, length[24] = "-";
    ww_mono_us us = e->mono_us - began_us;
    (void)ctx;
    if (file == NULL)
        return;
    if (e->length > 0)
        snprintf(length, sizeof length, "%llu", (unsigned long long)e->length);
    if (fprintf(file, "%llu.%06llu\t%lu\t%c\t%s\t%s\t%s\t%s\t%s\n",
                (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000),
                (unsigned long)e->backend_pid, e->direction, type, e->name, length,
                e->state[0] != '\0' ? e->state : "-", e->detail) < 0)
        give_up();
}

ww_trace trace_hook(void)
{
    ww_trace trace = {NULL, file != NULL ? write_event : NULL};
    return trace;
}
