/* SPDX-License-Identifier: MIT */
/* test_sink.c: what counts as delivered, on real files and pipes. */
#include "sink_test.h"

static bool sync_fails;

/* In place of the system's: a disk that fails when told to, which no real one does. */
int fdatasync(int fd)
{
    (void)fd;
    errno = EIO;
    return sync_fails ? -1 : 0;
}

static void file_delivers_after_sync(void)
{
    struct stat st;
    ww_sink *s = NULL;
    CHECK_EQ_U64(open_plain(&s, name("a"), 1000, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_kind_of(s), WW_SINK_FILE);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    put(s, "one\n");
    ww_sink_mark(s, 4, 100);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK_EQ_U64(ww_sink_sync(s, 5000, false, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_delivered(s), 100);
    put(s, "two\n");
    ww_sink_mark(s, 8, 200);
    CHECK_EQ_U64(ww_sink_sync(s, 5999, false, NULL), WW_OK); /* the interval has not passed */
    CHECK_EQ_U64(ww_sink_delivered(s), 100);
    CHECK_EQ_U64(ww_sink_deadline(s, 5999), 6000);
    CHECK_EQ_U64(ww_sink_sync(s, 6000, false, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_delivered(s), 200);
    CHECK(!ww_sink_pending(s));
    ww_sink_close(s);
}

/* After a failed fdatasync the system may have dropped the pages: a second one that succeeds proves
 * nothing. */
static void failed_sync_is_final(void)
{
    ww_error err;
    size_t n = 0;
    ww_sink *s = open_sink(name("failing"));
    put(s, "one\n");
    ww_sink_mark(s, 4, 100);
    sync_fails = true;
    CHECK(ww_sink_sync(s, 1, true, &err) == WW_ERR_IO && err.sys_errno == EIO);
    sync_fails = false;
    CHECK(ww_sink_sync(s, 2, true, &err) == WW_ERR_IO);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK(ww_sink_write(s, (const uint8_t *)"x", 1, &n, &err) == WW_ERR_IO);
    put_fd(ww_sink_fd(s), "torn");
    CHECK(ww_sink_cut(s, &err) == WW_ERR_IO);
    CHECK_SLICE(content(), "one\ntorn");
    ww_sink_close(s);
}

/* A sync in mid-unit, a cut, then as many bytes again: these were never synced. */
static void cut_takes_back_what_was_synced(void)
{
    ww_sink *s = open_sink(name("again"));
    put(s, "one\n");
    ww_sink_mark(s, 4, 100);
    put(s, "torn");
    CHECK_EQ_U64(ww_sink_sync(s, 1, true, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    put(s, "two\n");
    ww_sink_mark(s, 8, 200);
    CHECK_EQ_U64(ww_sink_delivered(s), 100);
    sync_fails = true;
    CHECK(ww_sink_sync(s, 2, true, NULL) == WW_ERR_IO);
    sync_fails = false;
    ww_sink_close(s);
}

/* A pipe's unit counts once the reader took its last byte, and not before. */
static void pipe_delivers_when_read(void)
{
    char buffer[8];
    ww_sink *s = NULL;
    int reader;
    CHECK(mkfifo(name("c"), 0600) == 0);
    reader = open(path, O_RDONLY | O_NONBLOCK);
    CHECK(reader >= 0);
    CHECK_EQ_U64(open_plain(&s, path, 0, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_kind_of(s), WW_SINK_PIPE);
    put(s, "one\n");
    ww_sink_mark(s, 4, 100);
    put(s, "two\n");
    ww_sink_mark(s, 8, 200);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK(read(reader, buffer, 3) == 3);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK(read(reader, buffer, 1) == 1);
    CHECK_EQ_U64(ww_sink_delivered(s), 100);
    CHECK(read(reader, buffer, 4) == 4);
    CHECK_EQ_U64(ww_sink_delivered(s), 200);
    close(reader);
    ww_sink_close(s);
}

/* Bytes of others in the pipe, before ours and behind them: a unit counts later, never earlier. */
static void pipe_shared_with_others(void)
{
    char buffer[16];
    ww_sink *s;
    int reader, other;
    CHECK(mkfifo(name("shared"), 0600) == 0);
    reader = open(path, O_RDONLY | O_NONBLOCK);
    other = open(path, O_WRONLY);
    put_fd(other, "not ours\n");
    s = open_sink(path);
    put(s, "one\n");
    ww_sink_mark(s, 4, 100);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK(read(reader, buffer, 9) == 9);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    put_fd(other, "late\n");
    CHECK(read(reader, buffer, 4) == 4);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK(read(reader, buffer, 5) == 5);
    CHECK_EQ_U64(ww_sink_delivered(s), 100);
    close(other);
    close(reader);
    ww_sink_close(s);
}

static void full_pipe_does_not_block(void)
{
    static uint8_t block[1 << 16];
    size_t total = 0, n = 0;
    ww_status st;
    ww_sink *s = NULL;
    int reader;
    CHECK(mkfifo(name("d"), 0600) == 0);
    reader = open(path, O_RDONLY | O_NONBLOCK);
    CHECK_EQ_U64(open_plain(&s, path, 0, NULL), WW_OK);
    while ((st = ww_sink_write(s, block, sizeof block, &n, NULL)) == WW_OK)
        total += n;
    CHECK_EQ_U64(st, WW_MORE);
    CHECK(total > 0);
    close(reader);
    ww_sink_close(s);
}

static void reader_gone_is_epipe(void)
{
    size_t n = 0;
    ww_error err;
    ww_sink *s = NULL;
    int reader;
    CHECK(mkfifo(name("e"), 0600) == 0);
    reader = open(path, O_RDONLY | O_NONBLOCK);
    CHECK_EQ_U64(open_plain(&s, path, 0, NULL), WW_OK);
    close(reader);
    CHECK(ww_sink_write(s, (const uint8_t *)"x", 1, &n, &err) == WW_ERR_IO);
    CHECK(err.sys_errno == EPIPE);
    ww_sink_close(s);
}

static void device_delivers_when_written(void)
{
    ww_sink *s = NULL;
    CHECK_EQ_U64(open_plain(&s, "/dev/null", 0, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_kind_of(s), WW_SINK_OTHER);
    ww_sink_mark(s, 4, 100);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    put(s, "one\n");
    CHECK_EQ_U64(ww_sink_delivered(s), 100);
    ww_sink_close(s);
}

/* Each says what could not be opened, and why. */
static void refuses(void)
{
    ww_error err;
    ww_sink *s = NULL;
    size_t n = 0;
    CHECK(open_plain(&s, directory, 0, &err) == WW_ERR_IO && err.sys_errno == EISDIR);
    CHECK(strstr(err.subject, directory) != NULL && s == NULL);
    CHECK(symlink("/nowhere/at/all", name("planted")) == 0);
    CHECK(open_plain(&s, path, 0, &err) == WW_ERR_IO && s == NULL);
    CHECK_EQ_U64(open_plain(&s, "/dev/full", 0, NULL), WW_OK);
    CHECK(ww_sink_write(s, (const uint8_t *)"x", 1, &n, &err) == WW_ERR_IO);
    CHECK(err.sys_errno == ENOSPC && strcmp(err.subject, "/dev/full") == 0);
    CHECK(ww_sink_cut(s, &err) == WW_ERR_USAGE);
    ww_sink_close(s);
}

int main(void)
{
    if (!tests_begin())
        return 1;
    RUN(file_delivers_after_sync);
    RUN(failed_sync_is_final);
    RUN(cut_takes_back_what_was_synced);
    RUN(pipe_delivers_when_read);
    RUN(pipe_shared_with_others);
    RUN(full_pipe_does_not_block);
    RUN(reader_gone_is_epipe);
    RUN(device_delivers_when_written);
    RUN(refuses);
    return tests_end();
}
