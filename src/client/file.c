/* SPDX-License-Identifier: MIT */
/* file.c: files that may hold secrets: opened without waiting for anybody, read into pages of their
 * own. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Does not wait for a FIFO's writer; the rules are checked on what was opened. */
int ww__plain_open(const char *path, struct stat *st)
{
    int error, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    error = fstat(fd, st) != 0 ? errno : 0;
    if (error == 0 && S_ISREG(st->st_mode))
        return fd;
    close(fd);
    errno = error;
    return -1;
}

bool ww__secret_room(ww__secret *out, size_t size)
{
    const ww_alloc *alloc = ww_alloc_secret();
    out->len = 0;
    out->size = size + 1;
    out->text = alloc->resize(alloc->ctx, NULL, 0, out->size);
    return out->text != NULL;
}

ww_status ww__secret_read(ww__secret *out, int fd, size_t size)
{
    if (!ww__secret_room(out, size))
        return WW_ERR_NOMEM;
    while (out->len < size) {
        ssize_t n = read(fd, out->text + out->len, size - out->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return WW_ERR_IO;
        if (n == 0)
            break;
        out->len += (size_t)n;
    }
    out->text[out->len] = '\0';
    return WW_OK;
}

void ww__secret_free(ww__secret *s)
{
    const ww_alloc *alloc = ww_alloc_secret();
    if (s->text != NULL)
        alloc->resize(alloc->ctx, s->text, s->size, 0);
    s->text = NULL;
    s->len = s->size = 0;
}
