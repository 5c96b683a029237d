/* SPDX-License-Identifier: MIT */
/* place.c: reads, locks and writes the two slots.
 *
 * Invariant: the slot that is written never is the one that holds what is kept now, and it is
 * synced before it counts. */
#include "place.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static ww_status fail(const ww__place *p, const char *what, int code, ww_error *err)
{
    ww__fail_text(err, WW_ERR_IO, what, p->path);
    if (err != NULL)
        err->sys_errno = code;
    return WW_ERR_IO;
}

ww_status ww__place_fail_gap(const ww__place *p, ww_error *err)
{
    return ww__fail_text(err, WW_ERR_GAP,
                         "this file should hold a position, and none can be read "
                         "from it",
                         p->path);
}

int ww__sync_directory_of(const char *path)
{
    char parent[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    int fd, code;
    if (slash != NULL)
        snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : errno;
    do
        code = fsync(fd) == 0 ? 0 : errno;
    while (code == EINTR);
    close(fd);
    return code == EINVAL || code == EBADF ? 0 : code;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Up to `size` bytes from the file's start; -1 and errno. */
static ssize_t read_start(int fd, uint8_t *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* One byte more than there should be shows a file that is too long. False: errno. */
static bool read_slots(int fd, ww__kept *kept, uint64_t *sequence, ww_status *found)
{
    uint8_t bytes[WW__SLOTS_SIZE + 1] = {0};
    ssize_t size = read_start(fd, bytes, sizeof bytes);
    if (size >= 0)
        *found = ww__slots_newest(bytes, (size_t)size, kept, sequence);
    return size >= 0;
}

ww_status ww__place_peek(const char *path, ww__kept *out)
{
    ww_status found = WW_ERR_GAP;
    uint64_t sequence;
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ? WW_END : WW_ERR_GAP;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !read_slots(fd, out, &sequence, &found))
        found = WW_ERR_GAP;
    close(fd);
    return found;
}

bool ww__place_is(const char *path)
{
    uint8_t bytes[WW__SLOTS_SIZE];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read_start(fd, bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    return size > 0 && ww__slots_resemble(bytes, (size_t)size);
}

/* ---- open ----------------------------------------------------------------------------------- */

/* A file system without locks has none to offer: then it is up to the user. */
static ww_status lock_and_read(ww__place *p, const char *path, ww_error *err)
{
    struct stat st;
    int code;
    if (fstat(p->fd, &st) != 0)
        return fail(p, "the position's file cannot be used", errno, err);
    if (!S_ISREG(st.st_mode))
        return fail(p, "the position is to be kept in a regular file, and this is none", 0, err);
    if (flock(p->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail(p, "another process keeps its position in this file", 0, err);
    if (!read_slots(p->fd, &p->kept, &p->sequence, &p->found))
        return fail(p, "cannot read the position", errno, err);
    code = p->found == WW_END ? ww__sync_directory_of(path) : 0;
    return code == 0 ? WW_OK : fail(p, "cannot sync the position's directory", code, err);
}

ww_status ww__place_open(ww__place *p, const char *path, ww_error *err)
{
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    ww_status st;
    memset(p, 0, sizeof *p);
    ww__copy_cut(p->path, sizeof p->path, ww_slice_of(path));
    p->fd = open(path, flags | O_CREAT | O_EXCL, 0600);
    p->created = p->fd >= 0;
    if (p->fd < 0 && errno == EEXIST)
        p->fd = open(path, flags);
    if (p->fd < 0 && errno == ELOOP)
        return fail(p, "the position's file is a symbolic link; it has to be the file itself",
                    ELOOP, err);
    if (p->fd < 0)
        return fail(p, "cannot open the position", errno, err);
    st = lock_and_read(p, path, err);
    if (st < 0)
        ww__place_close(p);
    return st;
}

void ww__place_close(ww__place *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

/* ---- save ----------------------------------------------------------------------------------- */

static bool write_at(int fd, const uint8_t *bytes, size_t size, off_t at)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pwrite(fd, bytes + done, size - done, at + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO; /* no file system does that */
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool sync_file(int fd)
{
    while (fdatasync(fd) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

/* What could not be read goes as a whole: part of it would make the rest unreadable, too. */
static bool write_slot(ww__place *p, const uint8_t bytes[WW__SLOT_SIZE])
{
    off_t at = (off_t)((p->sequence + 1) & 1) * WW__SLOT_SIZE;
    if (p->found == WW_ERR_GAP && ftruncate(p->fd, 0) != 0)
        return false;
    p->found = WW_OK;
    return write_at(p->fd, bytes, WW__SLOT_SIZE, at) && sync_file(p->fd);
}

ww_status ww__place_save(ww__place *p, const ww__kept *kept, ww_error *err)
{
    uint8_t now[WW__SLOT_SIZE], before[WW__SLOT_SIZE];
    struct stat st;
    if (p->lost)
        return fail(p, "the position could not be written before: it is not tried again", 0, err);
    ww__slot_encode(&p->kept, p->sequence + 1, before);
    ww__slot_encode(kept, p->sequence + 1, now);
    if (p->ours && memcmp(now, before, sizeof now) == 0)
        return WW_OK;
    if (fstat(p->fd, &st) == 0 && st.st_nlink == 0)
        return fail(p, "the position's file was deleted while it was in use", 0, err);
    if (!write_slot(p, now)) {
        p->lost = true; /* a sync that succeeds later would prove nothing */
        return fail(p, "cannot write the position", errno, err);
    }
    p->kept = *kept;
    p->ours = true;
    p->sequence++;
    return WW_OK;
}
