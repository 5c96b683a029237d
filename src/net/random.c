/* SPDX-License-Identifier: MIT */
/* random.c: random bytes from the system: its call where there is one, else its device. */
#if defined(__APPLE__)
#define _DARWIN_C_SOURCE
#endif
#include <walwire/net.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#if defined(__linux__) || defined(__APPLE__)
#include <sys/random.h>
#endif

/* Reads as much as the system's call gives; short or 0 where it is missing (an old kernel). */
static size_t ask_system(uint8_t *buf, size_t len)
{
    size_t done = 0;
#if defined(__linux__)
    while (done < len) {
        ssize_t n = getrandom(buf + done, len - done, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
#elif defined(__APPLE__)
    while (done < len) {
        size_t n = len - done < 256 ? len - done : 256; /* getentropy's limit */
        if (getentropy(buf + done, n) != 0)
            break;
        done += n;
    }
#else
    (void)buf;
    (void)len;
#endif
    return done;
}

static bool read_device(uint8_t *buf, size_t len)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    size_t done = 0;
    if (fd < 0)
        return false;
    while (done < len) {
        ssize_t n = read(fd, buf + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    close(fd);
    return done == len;
}

bool ww_random_bytes(void *buf, size_t len)
{
    size_t done = ask_system(buf, len);
    return done == len || read_device((uint8_t *)buf + done, len - done);
}
