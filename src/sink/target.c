/* SPDX-License-Identifier: MIT */
/* target.c: opens what is named, takes what is given, and prepares files for a first byte. */
#include "target.h"

#include "base/error.h"
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

ww_status ww__target_fail(const ww__target *t, const char *what, int code, ww_error *err)
{
    ww__fail_text(err, WW_ERR_IO, what, t->path);
    if (err != NULL)
        err->sys_errno = code;
    return WW_ERR_IO;
}

/* ---- given descriptors ---------------------------------------------------------------------- */

static bool names_stdout(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static const char *behind(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 ? path + len : NULL;
}

/* The N of /dev/fd/N and /proc/self/fd/N; -1 for other paths. */
static int given_number(const char *path)
{
    const char *digit = behind(path, "/dev/fd/");
    int number = 0;
    size_t len;
    if (digit == NULL)
        digit = behind(path, "/proc/self/fd/");
    len = digit == NULL ? 0 : strspn(digit, "0123456789");
    if (len == 0 || len > 9 || digit[len] != '\0')
        return -1;
    while (*digit != '\0')
        number = number * 10 + (*digit++ - '0');
    return number;
}

/* ---- paths ---------------------------------------------------------------------------------- */

static bool is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool is_fifo(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* Events in it would be the end of somebody's position. */
static ww_status refuse_position(const char *path, ww_error *err)
{
    const char end[] = ".position";
    size_t len = strlen(path), tail = sizeof end - 1;
    if (len < tail || strcmp(path + len - tail, end) != 0)
        return WW_OK;
    return ww__fail_text(err, WW_ERR_USAGE,
                         "the output's name is one of a position; give another file", path);
}

/* A file that we create is never created through somebody's symbolic link; one that exists may be
 * one. Non-blocking, as a FIFO would otherwise wait for its reader. */
static ww_status open_path(ww__target *t, const char *path, ww_error *err)
{
    const int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC;
    int code;
    if (refuse_position(path, err) < 0)
        return WW_ERR_USAGE;
    t->fd = open(path, flags | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    t->created = t->fd >= 0;
    if (t->fd < 0 && errno == EEXIST)
        t->fd = open(path, flags);
    if (t->fd >= 0)
        return WW_OK;
    code = errno;
    if (code == EISDIR)
        return ww__target_fail(t, "the output is a directory; give a file", code, err);
    if (code == ENXIO && is_fifo(path))
        return ww__target_fail(t, "nobody reads this FIFO: start the reader first", code, err);
    if (code == ENOENT && is_link(path))
        return ww__target_fail(t, "the output is a symbolic link that leads nowhere", code, err);
    return ww__target_fail(t, "cannot open the output", code, err);
}

/* Two writers of one file would cut each other's transactions. A file system without locks has
 * none to offer: then it is up to the user. */
static ww_status lock_file(const ww__target *t, ww_error *err)
{
    if (flock(t->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return ww__target_fail(t, "another process writes this output; give each its own file", 0,
                               err);
    return WW_OK;
}

/* An empty file may be new, and then it is not there after a crash until its directory is synced.
 */
static ww_status prepare_file(ww__target *t, const char *path, ww_error *err)
{
    struct stat st;
    int code = 0;
    ww_status status = lock_file(t, err);
    if (status < 0)
        return status;
    if (fstat(t->fd, &st) != 0) /* again: whoever held the lock may have written */
        return ww__target_fail(t, "the output cannot be used", errno, err);
    t->base = st.st_size;
    if (t->base == 0)
        code = ww__sync_directory_of(path);
    return code == 0 ? WW_OK : ww__target_fail(t, "cannot sync the output's directory", code, err);
}

ww_status ww__target_look(const ww__target *t, const char *path, off_t at, bool *line_ends,
                          ww_error *err)
{
    char last = '\n';
    int fd;
    *line_ends = true;
    if (at == 0)
        return WW_OK;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? WW_OK : ww__target_fail(t, "cannot read the output", errno, err);
    *line_ends = pread(fd, &last, 1, at - 1) != 1 || last == '\n';
    close(fd);
    return WW_OK;
}

/* A crash may have left half a line: ours does not become its other half. */
ww_status ww__target_end_line(ww__target *t, const char *path, ww_error *err)
{
    bool line_ends;
    ssize_t n;
    ww_status st = ww__target_look(t, path, t->base, &line_ends, err);
    if (st < 0 || line_ends)
        return st;
    do
        n = write(t->fd, "\n", 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        return ww__target_fail(t, "cannot write the output", errno, err);
    t->base++;
    return WW_OK;
}

bool ww__target_cut(const ww__target *t, off_t len)
{
    while (ftruncate(t->fd, len) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

/* ---- both ----------------------------------------------------------------------------------- */

/* A pipe handed to us may be shared: non-blocking mode is set on a description of our own, where
 * the system can open one (Linux). */
static void reopen_non_blocking(ww__target *t)
{
    char path[64];
    int fd;
    snprintf(path, sizeof path, "/proc/self/fd/%d", t->fd);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    ww__target_close(t);
    t->fd = fd;
    t->own_fd = true;
    t->cautious = false;
}

static ww_status classify(ww__target *t, ww_error *err)
{
    struct stat st;
    int flags = fcntl(t->fd, F_GETFL);
    if (flags < 0 || fstat(t->fd, &st) != 0)
        return ww__target_fail(t, "the output cannot be used", errno, err);
    if ((flags & O_ACCMODE) == O_RDONLY)
        return ww__target_fail(t, "the output is not open for writing", EBADF, err);
    t->terminal = isatty(t->fd) == 1;
    t->kind = S_ISREG(st.st_mode)    ? WW_SINK_FILE
              : S_ISFIFO(st.st_mode) ? WW_SINK_PIPE
                                     : WW_SINK_OTHER;
    t->cautious = t->terminal || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
    t->appends = (flags & O_APPEND) != 0;
    if (t->kind == WW_SINK_FILE)
        t->base = t->appends ? st.st_size : lseek(t->fd, 0, SEEK_CUR);
    if (t->kind == WW_SINK_PIPE)
        reopen_non_blocking(t);
    return WW_OK;
}

/* Sockets cannot be opened through their number, and a file opened again has an offset of its own:
 * what is given is used as it is. */
static ww_status take_given(ww__target *t, int number, ww_error *err)
{
    t->fd = fcntl(number, F_DUPFD_CLOEXEC, 0);
    return t->fd < 0 ? ww__target_fail(t, "the output cannot be used", errno, err) : WW_OK;
}

ww_status ww__target_open(ww__target *t, const char *path, ww_error *err)
{
    bool standard = names_stdout(path);
    int number = standard ? STDOUT_FILENO : given_number(path);
    ww_status st = WW_OK;
    memset(t, 0, sizeof *t);
    ww__copy_cut(t->path, sizeof t->path, ww_slice_of(standard ? "standard output" : path));
    t->own_fd = !standard;
    t->fd = standard ? STDOUT_FILENO : -1;
    if (!standard)
        st = number >= 0 ? take_given(t, number, err) : open_path(t, path, err);
    if (st == WW_OK)
        st = classify(t, err);
    t->by_path = number < 0;
    if (st == WW_OK && t->by_path && t->kind == WW_SINK_FILE)
        st = prepare_file(t, path, err);
    if (st < 0)
        ww__target_close(t);
    return st;
}

void ww__target_close(ww__target *t)
{
    if (t->own_fd && t->fd >= 0)
        close(t->fd);
}
