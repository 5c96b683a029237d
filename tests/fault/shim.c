/* SPDX-License-Identifier: MIT */
/* shim.c: preloaded into the command, it logs what reaches files and what is acknowledged, ends the
 * process at the N-th call, and lets calls fail.
 *
 * The environment says what:
 *   FAULT_LOG=FILE      one line per event, in the order in which things happened
 *   FAULT_DATA=FILE     the bytes that were written to regular files; the log points into it
 *   FAULT_CRASH=N:HOW   _exit(99) at the N-th counted call, HOW: before, middle (a write of half
 *                       the bytes) or after
 *   FAULT_ERROR=CLASS:N[+]:ERRNO:SUFFIX   the N-th call (+: and all later ones) of the class write,
 *                       sync, truncate or open on files whose path ends so fails with this number
 *   FAULT_SHORT=N       writes to files take N bytes at most
 *   FAULT_SLOW=N        each write to a file lasts N us longer
 *   FAULT_NET=N         send and recv take N bytes at most
 *   FAULT_EINTR=1       every other call of a kind fails with EINTR
 *   FAULT_SPEED=N       the monotonic clock runs N times as fast
 *   FAULT_RTT=N         the peer of a TCP connection is N us away, so the kernel says
 *
 * A line, `started` first:
 *   number time-in-us call fd inode offset length result errno data-offset path
 * Counted (number > 0) are writes and cuts of regular files, syncs, creating opens, renames,
 * unlinks and sends. `feedback` lines (write, flush, reply in place of inode, offset, length) are
 * written before the bytes go out, all others after the call. Nothing here allocates. */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CRASHED 99
#define FIRST_FD 900 /* ours lie out of the way */
#define MAX_FD 1024

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

enum crash_how { CRASH_NEVER, CRASH_BEFORE, CRASH_MIDDLE, CRASH_AFTER };

static struct {
    int log, data;
    uint64_t data_at;
    uint64_t crash_at;
    enum crash_how crash_how;
    char error_class[16];
    uint64_t error_at;
    bool error_stays;
    int error_number;
    char error_suffix[128];
    size_t short_write, net;
    bool eintr;
    long slow_us, speed;
    uint32_t rtt_us;
    struct timespec begun;
} is = {.log = -1, .data = -1};

/* What is interrupted each by itself: a call that was succeeds when it is made again. */
enum kind { WRITE, SYNC, CUT, SEND, RECV, POLL, KINDS };

static atomic_uint_fast64_t counted, of_class, interrupted[KINDS];

/* ---- the log -------------------------------------------------------------------------------- */

typedef struct event {
    const char *call;
    int fd;
    uint64_t inode, offset, length, data_at;
    long result;
    int code;
    uint64_t number;
    const char *path;
} event;

static uint64_t now_us(void)
{
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void put_line(const event *e)
{
    char line[PATH_MAX + 256];
    int len;
    if (is.log < 0)
        return;
    len = snprintf(line, sizeof line, "%llu %llu %s %d %llu %llu %llu %ld %d %llu %s\n",
                   (unsigned long long)e->number, (unsigned long long)now_us(), e->call, e->fd,
                   (unsigned long long)e->inode, (unsigned long long)e->offset,
                   (unsigned long long)e->length, e->result, e->code,
                   (unsigned long long)e->data_at, e->path != NULL ? e->path : "-");
    if (len > 0)
        syscall(SYS_write, is.log, line, (size_t)len);
}

/* ---- the environment ------------------------------------------------------------------------ */

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

/* Copies up to the next ':' and returns what is behind it. */
static const char *next_word(const char *text, char *out, size_t size)
{
    size_t len = strcspn(text, ":");
    snprintf(out, size, "%.*s", (int)len, text);
    return text[len] == ':' ? text + len + 1 : text + len;
}

static void read_crash(const char *text)
{
    char word[32];
    text = next_word(text, word, sizeof word);
    is.crash_at = strtoull(word, NULL, 10);
    is.crash_how = *text == 'b' ? CRASH_BEFORE : *text == 'm' ? CRASH_MIDDLE : CRASH_AFTER;
}

static void read_error(const char *text)
{
    char word[32];
    text = next_word(text, is.error_class, sizeof is.error_class);
    text = next_word(text, word, sizeof word);
    is.error_at = strtoull(word, NULL, 10);
    is.error_stays = strchr(word, '+') != NULL;
    text = next_word(text, word, sizeof word);
    is.error_number = (int)strtol(word, NULL, 10);
    next_word(text, is.error_suffix, sizeof is.error_suffix);
}

static int open_own(const char *name)
{
    const char *path = getenv(name);
    int fd, high;
    if (path == NULL)
        return -1;
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
    syscall(SYS_close, fd);
    return high;
}

static void put_start(void)
{
    event e = {.call = "started", .fd = (int)getpid()};
    put_line(&e);
}

__attribute__((constructor)) static void begin(void)
{
    const char *text;
    if ((text = getenv("FAULT_CRASH")) != NULL)
        read_crash(text);
    if ((text = getenv("FAULT_ERROR")) != NULL)
        read_error(text);
    is.short_write = (size_t)number_of("FAULT_SHORT");
    is.net = (size_t)number_of("FAULT_NET");
    is.eintr = number_of("FAULT_EINTR") != 0;
    is.slow_us = (long)number_of("FAULT_SLOW");
    is.speed = (long)number_of("FAULT_SPEED");
    is.rtt_us = (uint32_t)number_of("FAULT_RTT");
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &is.begun);
    is.log = open_own("FAULT_LOG");
    is.data = open_own("FAULT_DATA");
    if (is.data >= 0)
        is.data_at = (uint64_t)lseek(is.data, 0, SEEK_END);
    put_start();
}

/* ---- what was written and named ------------------------------------------------------------- */

static uint64_t keep_data(const void *bytes, long len)
{
    uint64_t at = is.data_at;
    if (is.data < 0 || len <= 0)
        return at;
    syscall(SYS_write, is.data, bytes, (size_t)len);
    is.data_at += (uint64_t)len;
    return at;
}

static bool is_file(int fd, uint64_t *inode)
{
    struct stat st;
    int code = errno;
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    *inode = regular || S_ISDIR(st.st_mode) ? (uint64_t)st.st_ino : 0;
    errno = code;
    return regular;
}

/* ---- faults --------------------------------------------------------------------------------- */

static _Noreturn void crash(void)
{
    syscall(SYS_exit_group, CRASHED);
    abort();
}

static bool crashes(const event *e, enum crash_how how)
{
    return e->number != 0 && e->number == is.crash_at && is.crash_how == how;
}

/* Numbers the call; the process may end here. */
static void count(event *e)
{
    e->number = atomic_fetch_add(&counted, 1) + 1;
    if (crashes(e, CRASH_BEFORE))
        crash();
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t len = strlen(text), end = strlen(suffix);
    return len >= end && strcmp(text + len - end, suffix) == 0;
}

static bool path_matches(int fd, const char *path)
{
    char link[64], target[PATH_MAX];
    ssize_t n;
    if (path != NULL)
        return ends_with(path, is.error_suffix);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    return ends_with(target, is.error_suffix);
}

/* The error that this call has to end with; 0: none. */
static int injected(const char *class, int fd, const char *path)
{
    uint64_t number;
    if (strcmp(class, is.error_class) != 0 || !path_matches(fd, path))
        return 0;
    number = atomic_fetch_add(&of_class, 1) + 1;
    if (number == is.error_at || (is.error_stays && number > is.error_at))
        return is.error_number;
    return 0;
}

static bool storm(enum kind kind)
{
    return is.eintr && atomic_fetch_add(&interrupted[kind], 1) % 2 == 0;
}

static long fail(event *e, int code)
{
    e->result = -1;
    e->code = code;
    put_line(e);
    errno = code;
    return -1;
}

/* After the call: logged, and the process may end. */
static long done(event *e, long result)
{
    int code = errno;
    e->result = result;
    e->code = result < 0 ? code : 0;
    put_line(e);
    if (crashes(e, CRASH_AFTER))
        crash();
    errno = code;
    return result;
}

/* ---- writes --------------------------------------------------------------------------------- */

static long write_at(event *e, const void *bytes, size_t len, off_t at)
{
    long n = at < 0 ? syscall(SYS_write, e->fd, bytes, len)
                    : syscall(SYS_pwrite64, e->fd, bytes, len, at);
    int code = errno;
    if (n >= 0)
        e->offset = at < 0 ? (uint64_t)(lseek(e->fd, 0, SEEK_CUR) - n) : (uint64_t)at;
    e->data_at = keep_data(bytes, n);
    errno = code;
    return n;
}

static void be_slow(void)
{
    struct timespec t = {is.slow_us / 1000000, is.slow_us % 1000000 * 1000};
    if (is.slow_us > 0)
        syscall(SYS_nanosleep, &t, NULL);
}

/* at: -1 for the descriptor's own offset. */
static ssize_t write_file(event *e, const void *bytes, size_t len, off_t at)
{
    int code;
    if (storm(WRITE)) {
        errno = EINTR;
        return -1;
    }
    be_slow();
    count(e);
    e->length = len;
    code = injected("write", e->fd, NULL);
    if (code != 0)
        return fail(e, code);
    if (crashes(e, CRASH_MIDDLE)) {
        done(e, write_at(e, bytes, len / 2, at));
        crash();
    }
    if (is.short_write != 0 && len > is.short_write)
        len = is.short_write;
    return done(e, write_at(e, bytes, len, at));
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    event e = {.call = "write", .fd = fd};
    if (!is_file(fd, &e.inode))
        return syscall(SYS_write, fd, bytes, len);
    return write_file(&e, bytes, len, -1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    event e = {.call = "write", .fd = fd};
    if (!is_file(fd, &e.inode))
        return syscall(SYS_pwrite64, fd, bytes, len, at);
    return write_file(&e, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite64(fd, bytes, len, at);
}

/* To files piece by piece: a short write is allowed. */
ssize_t writev(int fd, const struct iovec *pieces, int n)
{
    event e = {.call = "write", .fd = fd};
    if (!is_file(fd, &e.inode) || n < 1)
        return syscall(SYS_writev, fd, pieces, n);
    return write_file(&e, pieces[0].iov_base, pieces[0].iov_len, -1);
}

/* ---- syncs, cuts, names --------------------------------------------------------------------- */

static int sync_file(event *e, long call)
{
    int code;
    is_file(e->fd, &e->inode);
    if (storm(SYNC)) {
        errno = EINTR;
        return -1;
    }
    count(e);
    code = injected("sync", e->fd, NULL);
    return (int)(code != 0 ? fail(e, code) : done(e, syscall(call, e->fd)));
}

int fdatasync(int fd)
{
    event e = {.call = "sync", .fd = fd};
    return sync_file(&e, SYS_fdatasync);
}

int fsync(int fd)
{
    event e = {.call = "sync", .fd = fd};
    return sync_file(&e, SYS_fsync);
}

int ftruncate64(int fd, off64_t len)
{
    event e = {.call = "truncate", .fd = fd, .offset = (uint64_t)len};
    int code;
    is_file(fd, &e.inode);
    if (storm(CUT)) {
        errno = EINTR;
        return -1;
    }
    count(&e);
    code = injected("truncate", fd, NULL);
    return (int)(code != 0 ? fail(&e, code) : done(&e, syscall(SYS_ftruncate, fd, len)));
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}

static int open_file(int folder, const char *path, int flags, mode_t mode)
{
    event e = {.call = (flags & O_CREAT) != 0 ? "create" : "open", .path = path};
    int fd, code = injected("open", -1, path);
    struct stat st;
    if ((flags & O_CREAT) != 0) {
        e.length = (uint64_t)(fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0);
        count(&e);
    }
    if (code != 0)
        return (int)fail(&e, code);
    fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    code = errno;
    e.fd = fd;
    if (fd >= 0)
        is_file(fd, &e.inode);
    errno = code;
    return e.inode != 0 || fd < 0 || e.number != 0 ? (int)done(&e, fd) : fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(args, unsigned) : 0;
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_file(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_file(folder, path, flags, mode);
}

int __open_2(const char *path, int flags)
{
    return open_file(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_file(AT_FDCWD, path, flags, 0);
}

int rename(const char *from, const char *to)
{
    event e = {.call = "rename", .path = to};
    count(&e);
    return (int)done(&e, syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}

int unlink(const char *path)
{
    event e = {.call = "unlink", .path = path};
    count(&e);
    return (int)done(&e, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

/* ---- what is sent --------------------------------------------------------------------------- */

/* What a connection has sent of the message it is in: first its head, then its body. The first
 * message, StartupMessage, has no type. */
typedef struct sent {
    bool started;
    uint8_t bytes[64];
    size_t have;     /* of the message */
    uint64_t length; /* whole; 0: not known yet */
} sent;

static sent connections[MAX_FD];

static uint64_t load(const uint8_t *at, size_t n)
{
    uint64_t value = 0;
    while (n-- > 0)
        value = value << 8 | *at++;
    return value;
}

/* A standby status update: 'd', length, 'r', write, flush, apply, time, reply. */
static void note_feedback(int fd, const sent *s)
{
    event e = {.call = "feedback", .fd = fd};
    if (!s->started || s->length != 39 || s->bytes[0] != 'd' || s->bytes[5] != 'r')
        return;
    e.inode = load(s->bytes + 6, 8);
    e.offset = load(s->bytes + 14, 8);
    e.length = s->bytes[38];
    put_line(&e);
}

static void follow_byte(int fd, sent *s, uint8_t byte, bool tell)
{
    size_t head = s->started ? 5 : 4;
    if (s->have < sizeof s->bytes)
        s->bytes[s->have] = byte;
    s->have++;
    if (s->have == head)
        s->length = load(s->bytes + head - 4, 4) + (s->started ? 1 : 0);
    if (s->have < head || s->have < s->length)
        return;
    if (tell)
        note_feedback(fd, s);
    s->started = true;
    s->have = 0;
    s->length = 0;
}

static void follow(int fd, const uint8_t *bytes, size_t len, bool tell)
{
    sent copy = connections[fd];
    size_t i;
    for (i = 0; i < len; i++)
        follow_byte(fd, &copy, bytes[i], tell);
    if (!tell)
        connections[fd] = copy;
}

int socket(int domain, int type, int protocol)
{
    static const sent fresh;
    int fd = (int)syscall(SYS_socket, domain, type, protocol);
    if (fd >= 0 && fd < MAX_FD)
        connections[fd] = fresh;
    return fd;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    event e = {.call = "send", .fd = fd, .length = len};
    ssize_t n;
    if (storm(SEND)) {
        errno = EINTR;
        return -1;
    }
    count(&e);
    if (is.net != 0 && len > is.net)
        len = is.net;
    if (crashes(&e, CRASH_MIDDLE))
        len /= 2;
    if (fd >= 0 && fd < MAX_FD)
        follow(fd, bytes, len, true);
    n = syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
    if (crashes(&e, CRASH_MIDDLE))
        crash();
    if (n > 0 && fd >= 0 && fd < MAX_FD)
        follow(fd, bytes, (size_t)n, false);
    return done(&e, n);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    if (storm(RECV)) {
        errno = EINTR;
        return -1;
    }
    if (is.net != 0 && len > is.net)
        len = is.net;
    return syscall(SYS_recvfrom, fd, bytes, len, flags, NULL, NULL);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    struct tcp_info *info = value;
    int result = (int)syscall(SYS_getsockopt, fd, level, name, value, len);
    if (result == 0 && is.rtt_us != 0 && level == IPPROTO_TCP && name == TCP_INFO &&
        *len >= offsetof(struct tcp_info, tcpi_min_rtt) + sizeof info->tcpi_min_rtt)
        info->tcpi_min_rtt = is.rtt_us;
    return result;
}

/* ---- waiting -------------------------------------------------------------------------------- */

#define SECOND_NS INT64_C(1000000000)

static int64_t nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * SECOND_NS + t->tv_nsec;
}

static struct timespec time_of(int64_t ns)
{
    struct timespec t = {(time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS)};
    return t;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    long result = syscall(SYS_clock_gettime, clock, t);
    int64_t begun = nanoseconds(&is.begun);
    if (result == 0 && clock == CLOCK_MONOTONIC && is.speed > 1)
        *t = time_of(begun + (nanoseconds(t) - begun) * is.speed);
    return (int)result;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec left = {0, 0};
    if (timeout != NULL && timeout->tv_sec == 0 && timeout->tv_nsec == 0)
        return (int)syscall(SYS_ppoll, fds, n, &left, mask, _NSIG / 8); /* never waits */
    if (storm(POLL)) {
        errno = EINTR;
        return -1;
    }
    if (timeout != NULL)
        left = is.speed > 1 ? time_of(nanoseconds(timeout) / is.speed) : *timeout;
    return (int)syscall(SYS_ppoll, fds, n, timeout != NULL ? &left : NULL, mask, _NSIG / 8);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    return ppoll(fds, n, ms < 0 ? NULL : &t, NULL);
}
