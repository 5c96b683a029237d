/* SPDX-License-Identifier: MIT */
/* test_sink_crash.c: a consumer that dies before each of its system calls in turn, as if killed and
 * as if the power went; with log rotation in the middle. Whoever goes on finds every unit once. */
#include "sink/slots.h"
#include "sink_test.h"

#include <sys/uio.h>
#include <sys/wait.h>

#define UNITS 6u
#define STEP 10u /* unit n ends at n x STEP */

typedef enum how { KILLED, POWER, TORN } how;

static how death;
static unsigned calls_left; /* 0: it lives on */
static bool counting;
static int file_fd = -1; /* what the sink writes to */
static ino_t synced_inode;
static off_t synced_size;
static bool position_ahead; /* a position named more than was synced */

/* ---- in place of the system's calls --------------------------------------------------------- */

/* The power goes: what was not synced is lost. */
static void lose_unsynced(void)
{
    struct stat st;
    off_t kept = 0;
    if (file_fd < 0 || fstat(file_fd, &st) != 0)
        return;
    if (st.st_ino == synced_inode)
        kept = synced_size < st.st_size ? synced_size : st.st_size;
    if (ftruncate(file_fd, kept) != 0)
        _exit(3);
}

static void die(void)
{
    if (death == POWER)
        lose_unsynced();
    _exit(9);
}

static bool dies_now(void)
{
    return counting && calls_left > 0 && --calls_left == 0;
}

static int sync_one(int fd)
{
    struct stat st;
    if (dies_now())
        die();
    if (fd == file_fd && fstat(fd, &st) == 0) {
        synced_inode = st.st_ino;
        synced_size = st.st_size;
    }
    return 0;
}

int fdatasync(int fd)
{
    return sync_one(fd);
}

int fsync(int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        file_fd = fd; /* only the output is synced with its length */
    return sync_one(fd);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    struct iovec all = {(void *)(uintptr_t)bytes, n};
    if (dies_now()) {
        all.iov_len = n / 2;
        if (death != POWER && writev(fd, &all, 1) < 0)
            _exit(3);
        die();
    }
    return writev(fd, &all, 1);
}

/* The position: what it names must be on disk. */
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    struct iovec all = {(void *)(uintptr_t)bytes, n};
    ww__kept kept;
    uint64_t sequence;
    bool dying = dies_now();
    if (n == WW__SLOT_SIZE && ww__slot_decode(bytes, &kept, &sequence) && kept.offset > 0 &&
        (kept.inode != synced_inode || kept.offset > (uint64_t)synced_size))
        position_ahead = true;
    if (dying && death != TORN)
        die();
    if (dying)
        all.iov_len = n / 2;
    if (lseek(fd, at, SEEK_SET) != at || writev(fd, &all, 1) < 0)
        _exit(3);
    if (dying)
        die();
    return (ssize_t)n;
}

/* ---- a consumer ----------------------------------------------------------------------------- */

static char old_path[600];

static void must(bool holds, int code)
{
    if (!holds)
        _exit(code);
}

/* Renames the file away and says so; once. */
static void rotate(ww_sink *s)
{
    struct stat st;
    if (stat(old_path, &st) == 0)
        return;
    if (dies_now())
        die();
    must(rename(path, old_path) == 0, 20);
    must(ww_sink_reopen(s, NULL) == WW_OK, 21);
    file_fd = ww_sink_fd(s);
}

static void put_unit(ww_sink *s, uint64_t *offset, unsigned number)
{
    char text[32];
    size_t n = 0;
    int len = snprintf(text, sizeof text, "unit %u\n", number);
    must(ww_sink_write(s, (const uint8_t *)text, 3, &n, NULL) == WW_OK && n == 3, 12);
    must(ww_sink_write(s, (const uint8_t *)text + 3, (size_t)len - 3, &n, NULL) == WW_OK, 13);
    *offset += (uint64_t)len;
    ww_sink_mark(s, *offset, (ww_lsn)number * STEP);
}

/* What the warning about a rotated file is for. */
static void cut_rotated(const ww_sink *s)
{
    uint64_t offset = 0;
    if (ww_sink_rotated(s, &offset))
        must(truncate(old_path, (off_t)offset) == 0, 14);
}

/* What is there after the power was back is on disk. */
static void note_synced(void)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return;
    synced_inode = st.st_ino;
    synced_size = st.st_size;
}

/* The server sends what commits behind the position. Two units, one sync. */
static void consume(bool rotates)
{
    ww_sink *s = NULL;
    ww_position p = position_at(0);
    const ww_position_store *store;
    uint64_t offset = 0;
    unsigned number;
    note_synced();
    must(open_kept(&s, path, false, NULL) == WW_OK, 10);
    file_fd = ww_sink_fd(s);
    store = ww_sink_positions(s);
    must(store->load(store->ctx, &p, NULL) >= 0, 11);
    cut_rotated(s);
    must(save_at(store, p.acked, NULL) == WW_OK, 15);
    for (number = (unsigned)(p.acked / STEP) + 1; number <= UNITS; number++) {
        put_unit(s, &offset, number);
        if (number % 2 != 0)
            continue;
        must(ww_sink_sync(s, 1, true, NULL) == WW_OK, 16);
        must(save_at(store, ww_sink_delivered(s), NULL) == WW_OK, 17);
        if (rotates && number == 4)
            rotate(s);
    }
    ww_sink_close(s);
    must(!position_ahead, 18);
}

/* Consumes in a child; returns how it ended: 9 if it died as it should. */
static int run(unsigned dies_before, bool rotates)
{
    int status = -1;
    pid_t child;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        calls_left = dies_before;
        counting = true;
        consume(rotates);
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static size_t read_into(const char *from, char *out, size_t cap)
{
    int fd = open(from, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, out, cap);
    if (fd >= 0)
        close(fd);
    return n > 0 ? (size_t)n : 0;
}

static void every_unit_once(void)
{
    char all[4096];
    size_t n = read_into(old_path, all, sizeof all - 1);
    n += read_into(path, all + n, sizeof all - 1 - n);
    all[n] = '\0';
    CHECK_TEXT(all, "unit 1\nunit 2\nunit 3\nunit 4\nunit 5\nunit 6\n");
}

static void begin(void)
{
    name("out.1");
    snprintf(old_path, sizeof old_path, "%s", path);
    name("out.position");
    name("out");
}

/* Dies before each call, then twice in a row, then goes on to the end. */
static void dies_everywhere(how kind, bool rotates)
{
    unsigned first, second, status = 9;
    death = kind;
    for (first = 1; status == 9; first++) {
        for (second = 0; second < 10; second++) {
            int again;
            begin();
            status = (unsigned)run(first, rotates);
            CHECK(status == 9 || status == 0);
            again = second > 0 ? run(second, rotates) : 9;
            CHECK(again == 9 || again == 0);
            CHECK_EQ_U64(run(0, rotates), 0);
            every_unit_once();
        }
    }
    CHECK(first > (rotates ? 25u : 20u));
}

static void killed(void)
{
    dies_everywhere(KILLED, false);
    dies_everywhere(KILLED, true);
}

static void power_cut(void)
{
    dies_everywhere(POWER, false);
    dies_everywhere(POWER, true);
}

static void position_torn(void)
{
    dies_everywhere(TORN, false);
    dies_everywhere(TORN, true);
}

int main(void)
{
    if (!tests_begin())
        return 1;
    RUN(killed);
    RUN(power_cut);
    RUN(position_torn);
    return tests_end();
}
