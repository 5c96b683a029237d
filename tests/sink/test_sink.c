/* SPDX-License-Identifier: MIT */
/* test_sink.c: what counts as delivered, on real files and pipes. */
#include "check.h"

#include <walwire/sink.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/walwire-sink-XXXXXX";
static char path[256];

static const char *name(const char *file)
{
    snprintf(path, sizeof path, "%s/%s", directory, file);
    unlink(path);
    return path;
}

static void put(ww_sink *s, const char *text)
{
    size_t n = 0;
    CHECK_EQ_U64(ww_sink_write(s, (const uint8_t *)text, strlen(text), &n, NULL), WW_OK);
    CHECK_EQ_U64(n, strlen(text));
}

static void file_delivers_after_sync(void)
{
    struct stat st;
    ww_sink *s = NULL;
    CHECK_EQ_U64(ww_sink_open(&s, name("a"), 1000, NULL), WW_OK);
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

/* Bytes written after the last whole unit go; what was in the file before we came stays. */
static void file_is_cut_at_a_unit(void)
{
    struct stat st;
    ww_sink *s = NULL;
    int fd = open(name("b"), O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, "older\n", 6) == 6 && close(fd) == 0);
    CHECK_EQ_U64(ww_sink_open(&s, path, 0, NULL), WW_OK);
    put(s, "whole\n");
    ww_sink_mark(s, 6, 100);
    put(s, "half of a transac");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    CHECK(stat(path, &st) == 0 && st.st_size == 12);
    put(s, "next\n");
    ww_sink_mark(s, 11, 200);
    CHECK(stat(path, &st) == 0 && st.st_size == 17);
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
    CHECK_EQ_U64(ww_sink_open(&s, path, 0, NULL), WW_OK);
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

static void full_pipe_does_not_block(void)
{
    static uint8_t block[1 << 16];
    size_t total = 0, n = 0;
    ww_status st;
    ww_sink *s = NULL;
    int reader;
    CHECK(mkfifo(name("d"), 0600) == 0);
    reader = open(path, O_RDONLY | O_NONBLOCK);
    CHECK_EQ_U64(ww_sink_open(&s, path, 0, NULL), WW_OK);
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
    CHECK_EQ_U64(ww_sink_open(&s, path, 0, NULL), WW_OK);
    close(reader);
    CHECK(ww_sink_write(s, (const uint8_t *)"x", 1, &n, &err) == WW_ERR_IO);
    CHECK(err.sys_errno == EPIPE);
    ww_sink_close(s);
}

static void device_delivers_when_written(void)
{
    ww_sink *s = NULL;
    CHECK_EQ_U64(ww_sink_open(&s, "/dev/null", 0, NULL), WW_OK);
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
    CHECK(ww_sink_open(&s, directory, 0, &err) == WW_ERR_IO && err.sys_errno == EISDIR);
    CHECK(strstr(err.subject, directory) != NULL && s == NULL);
    CHECK(symlink("/nowhere/at/all", name("planted")) == 0);
    CHECK(ww_sink_open(&s, path, 0, &err) == WW_ERR_IO && s == NULL);
    CHECK_EQ_U64(ww_sink_open(&s, "/dev/full", 0, NULL), WW_OK);
    CHECK(ww_sink_write(s, (const uint8_t *)"x", 1, &n, &err) == WW_ERR_IO);
    CHECK(err.sys_errno == ENOSPC && strcmp(err.subject, "/dev/full") == 0);
    CHECK(ww_sink_cut(s, &err) == WW_ERR_USAGE);
    ww_sink_close(s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(directory) == NULL)
        return 1;
    RUN(file_delivers_after_sync);
    RUN(file_is_cut_at_a_unit);
    RUN(pipe_delivers_when_read);
    RUN(full_pipe_does_not_block);
    RUN(reader_gone_is_epipe);
    RUN(device_delivers_when_written);
    RUN(refuses);
    {
        static const char *const files[] = { "a", "b", "c", "d", "e", "planted" };
        size_t i;
        for (i = 0; i < sizeof files / sizeof files[0]; i++)
            name(files[i]);
    }
    rmdir(directory);
    return check_report();
}
