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
static bool begun;  /* the header is written */
static ww_mono_us began_us;

#define HEADER "# walwire "

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_at(const struct stat *st, const char *path)
{
    struct stat other;
    return path != NULL && stat(path, &other) == 0 && is_same(st, &other);
}

/* Is it where the command writes something else, or reads its token? */
static bool is_in_use(const struct stat *st, const options *o)
{
    struct stat other;
    int fd;
    for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &other) == 0 && is_same(st, &other))
            return true;
    return is_at(st, o->file) || is_at(st, o->oauth_token_file);
}

/* Empty, or an older trace: nothing else is given up for a trace. */
static bool is_ours(int fd, const struct stat *st)
{
    char start[sizeof HEADER - 1];
    return st->st_size == 0 || (pread(fd, start, sizeof start, 0) == (ssize_t)sizeof start &&
                                memcmp(start, HEADER, sizeof start) == 0);
}

/* Why this is no file for a trace; NULL: it is one. */
static const char *find_fault(int fd, const options *o)
{
    struct stat st;
    if (fd < 0)
        return errno == ELOOP ? "a symbolic link" : strerror(errno);
    if (fstat(fd, &st) != 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "not a plain file";
    if (is_in_use(&st, o))
        return "this command uses that file for something else";
    if (st.st_uid != geteuid())
        return "the file is somebody else's";
    if (!is_ours(fd, &st))
        return "the file exists, and is no trace; remove it, or name another";
    return fchmod(fd, 0600) == 0 && (file = fdopen(fd, "w")) != NULL ? NULL : strerror(errno);
}

bool trace_open(const options *o)
{
    const char *fault;
    int fd;
    if (o->trace_file == NULL)
        return true;
    fd = open(o->trace_file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    fault = find_fault(fd, o);
    if (fault != NULL) {
        report("the trace cannot be written to \"%s\": %s", o->trace_file, fault);
        if (fd >= 0)
            close(fd);
        return false;
    }
    setvbuf(file, NULL, _IOLBF, BUFSIZ);
    began_us = ww_clock_mono();
    return true;
}

static void give_up(void)
{
    report_at(WW_LOG_WARNING, "the trace ends here: %s", strerror(errno));
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

/* An older trace is emptied only now: what was wrong with the other arguments and the output has
 * ended the command before. */
static void begin(void)
{
    begun = true;
    if (ftruncate(fileno(file), 0) != 0 ||
        fprintf(file, HEADER "%s: seconds, backend, direction, type, message, bytes, state, ",
                ww_version()) < 0 ||
        fprintf(file, "detail\n") < 0)
        give_up();
}

ww_trace trace_hook(void)
{
    ww_trace trace = {NULL, NULL};
    if (file != NULL && !begun)
        begin();
    if (file != NULL)
        trace.event = write_event;
    return trace;
}
