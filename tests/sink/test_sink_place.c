/* SPDX-License-Identifier: MIT */
/* test_sink_place.c: the file of a position: who may open it, and what a failing disk does. */
#include "sink_test.h"

#include <stddef.h>
#include <sys/uio.h>

/* In place of the system's. `plan` says what the next calls of pwrite() and fdatasync() do: a digit
 * d takes d x 100 bytes, 'i' is EINTR, 'e' EIO, '.' works; after its end all works. */
static const char *plan = "";
static size_t syncs, writes;

static char next_step(void)
{
    return *plan == '\0' ? '.' : *plan++;
}

int fdatasync(int fd)
{
    char step = next_step();
    (void)fd;
    syncs++;
    errno = step == 'i' ? EINTR : EIO;
    return step == '.' ? 0 : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    char step = next_step();
    struct iovec all = {(void *)(uintptr_t)bytes, n};
    writes++;
    errno = step == 'i' ? EINTR : EIO;
    if (step == 'i' || step == 'e')
        return -1;
    if (step != '.')
        all.iov_len = (size_t)(step - '0') * 100;
    return lseek(fd, at, SEEK_SET) == at ? writev(fd, &all, 1) : -1;
}

static ww_position_file *open_file(void)
{
    ww_position_file *f = NULL;
    if (!CHECK_EQ_U64(ww_position_file_open(&f, path, NULL), WW_OK))
        exit(1);
    return f;
}

static ww_status save_in(ww_position_file *f, ww_lsn acked, ww_error *err)
{
    return save_at(ww_position_file_store(f), acked, err);
}

/* What a new process would find: 0 for nothing. */
static ww_lsn reload(void)
{
    ww_position p;
    ww_position_file *f = open_file();
    const ww_position_store *store = ww_position_file_store(f);
    ww_status st = store->load(store->ctx, &p, NULL);
    CHECK(st == WW_OK || st == WW_END);
    ww_position_file_close(f);
    return st == WW_OK ? p.acked : 0;
}

static void kept_for_good(void)
{
    struct stat st;
    ww_position p, q = position_at(0x100000001);
    ww_position_file *f;
    const ww_position_store *store;
    name("kept");
    CHECK_EQ_U64(reload(), 0);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 0);
    f = open_file();
    store = ww_position_file_store(f);
    q.end_lsn = 99;
    CHECK_EQ_U64(store->save(store->ctx, &q, NULL), WW_OK);
    ww_position_file_close(f);
    f = open_file();
    store = ww_position_file_store(f);
    CHECK_EQ_U64(store->load(store->ctx, &p, NULL), WW_OK);
    CHECK(memcmp(&p, &q, offsetof(ww_position, database) + sizeof p.database) == 0);
    ww_position_file_close(f);
    CHECK(stat(path, &st) == 0 && st.st_size == 1024);
}

/* One write and one sync each; none for what is kept already. */
static void writes_what_is_new(void)
{
    ww_lsn lsn;
    ww_position_file *f;
    name("new");
    f = open_file();
    syncs = writes = 0;
    for (lsn = 1; lsn < 10; lsn++) {
        CHECK_EQ_U64(save_in(f, lsn, NULL), WW_OK);
        CHECK_EQ_U64(save_in(f, lsn, NULL), WW_OK);
        CHECK(syncs == lsn && writes == lsn);
    }
    ww_position_file_close(f);
    f = open_file(); /* who wrote it may have been killed before its sync: once more, now */
    CHECK_EQ_U64(save_in(f, 9, NULL), WW_OK);
    CHECK_EQ_U64(syncs, 10);
    CHECK_EQ_U64(save_in(f, 9, NULL), WW_OK);
    CHECK_EQ_U64(syncs, 10);
    ww_position_file_close(f);
    CHECK_EQ_U64(reload(), 9);
}

static void interrupted_and_short_writes(void)
{
    ww_position_file *f;
    name("short");
    f = open_file();
    plan = "i1i2.i.";
    CHECK_EQ_U64(save_in(f, 5, NULL), WW_OK);
    CHECK_TEXT(plan, "");
    ww_position_file_close(f);
    CHECK_EQ_U64(reload(), 5);
}

/* A later success would prove nothing. What is found then is the position before, or the one that
 * was written. */
static void failure_is_final(const char *failing, ww_lsn found)
{
    ww_error err;
    ww_position_file *f;
    name("failing");
    f = open_file();
    CHECK_EQ_U64(save_in(f, 5, NULL), WW_OK);
    CHECK_EQ_U64(save_in(f, 6, NULL), WW_OK);
    plan = failing;
    CHECK(save_in(f, 7, &err) == WW_ERR_IO && err.sys_errno == EIO);
    CHECK_TEXT(err.subject, path);
    plan = "";
    writes = syncs = 0;
    CHECK(save_in(f, 7, &err) == WW_ERR_IO && save_in(f, 6, NULL) == WW_ERR_IO);
    CHECK(writes == 0 && syncs == 0);
    ww_position_file_close(f);
    CHECK_EQ_U64(reload(), found);
}

static void failures_are_final(void)
{
    failure_is_final("e", 6);
    failure_is_final("3e", 6);
    failure_is_final(".e", 7);
}

static void held_by_another(void)
{
    ww_error err;
    ww_position_file *f, *second = NULL;
    name("held");
    f = open_file();
    CHECK(ww_position_file_open(&second, path, &err) == WW_ERR_IO && second == NULL);
    CHECK_TEXT(err.what, "another process keeps its position in this file");
    ww_position_file_close(f);
    CHECK_EQ_U64(reload(), 0);
}

static void refused(int code)
{
    ww_error err;
    ww_position_file *f = NULL;
    CHECK(ww_position_file_open(&f, path, &err) == WW_ERR_IO && f == NULL);
    CHECK_EQ_U64(err.sys_errno, code);
    CHECK_TEXT(err.subject, path);
}

/* Without privileges, as root may write anywhere. */
static void read_only_directory(void)
{
    bool root = geteuid() == 0;
    name("denied");
    CHECK(chmod(directory, 0555) == 0 && (!root || seteuid(65534) == 0));
    refused(EACCES);
    CHECK((!root || seteuid(0) == 0) && chmod(directory, 0700) == 0);
}

/* What a symbolic link leads to is neither read nor made. */
static void refuses(void)
{
    char target[600];
    struct stat st;
    put_file("target", "theirs");
    snprintf(target, sizeof target, "%s", path);
    CHECK(symlink(target, name("link")) == 0);
    refused(ELOOP);
    name("link");
    snprintf(target, sizeof target, "%s/nothing", directory);
    CHECK(symlink(target, path) == 0);
    refused(ELOOP);
    CHECK(stat(target, &st) != 0 && errno == ENOENT);
    CHECK(mkfifo(name("fifo"), 0600) == 0);
    refused(0);
    name("no/such/directory");
    refused(ENOENT);
    snprintf(path, sizeof path, "%s", directory);
    refused(EISDIR);
}

static void holds_no_position(void)
{
    ww_error err;
    ww_position p;
    ww_position_file *f;
    const ww_position_store *store;
    put_file("other", "something of somebody's");
    f = open_file();
    store = ww_position_file_store(f);
    CHECK(store->load(store->ctx, &p, &err) == WW_ERR_GAP);
    CHECK_TEXT(err.subject, path);
    CHECK_SLICE(content(), "something of somebody's");
    CHECK_EQ_U64(save_in(f, 8, NULL), WW_OK); /* by whoever accepts the gap */
    ww_position_file_close(f);
    CHECK_EQ_U64(reload(), 8);
}

/* What is kept in a file that has no name any more is lost with the process. */
static void deleted_meanwhile(void)
{
    ww_error err;
    ww_position_file *f;
    name("deleted");
    f = open_file();
    CHECK_EQ_U64(save_in(f, 1, NULL), WW_OK);
    CHECK(unlink(path) == 0);
    CHECK(save_in(f, 2, &err) == WW_ERR_IO);
    CHECK_TEXT(err.what, "the position's file was deleted while it was in use");
    ww_position_file_close(f);
}

int main(void)
{
    if (!tests_begin())
        return 1;
    RUN(kept_for_good);
    RUN(writes_what_is_new);
    RUN(interrupted_and_short_writes);
    RUN(failures_are_final);
    RUN(held_by_another);
    RUN(read_only_directory);
    RUN(refuses);
    RUN(holds_no_position);
    RUN(deleted_meanwhile);
    return tests_end();
}
