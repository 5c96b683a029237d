/* SPDX-License-Identifier: MIT */
/* test_sink_open.c: what is done to an output before its first byte, and what is refused. */
#include "sink_test.h"

#include <sys/socket.h>

static ino_t synced[8];
static size_t syncs;

/* In place of the system's: only the call can be seen, not its effect. */
int fsync(int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && syncs < sizeof synced / sizeof synced[0])
        synced[syncs++] = st.st_ino;
    return 0;
}

static void directory_is_synced_for_a_new_file(void)
{
    struct stat st;
    CHECK(stat(directory, &st) == 0);
    syncs = 0;
    ww_sink_close(open_sink(name("new")));
    CHECK(syncs == 1 && synced[0] == st.st_ino);
    put_file("old", "a line\n");
    ww_sink_close(open_sink(path));
    CHECK_EQ_U64(syncs, 1);
}

/* A position must not name bytes that somebody wrote and nobody synced. */
static void bytes_that_were_there_are_synced(void)
{
    struct stat st;
    ww_sink *s = NULL;
    put_file("before", "half a line");
    CHECK(stat(path, &st) == 0);
    CHECK_EQ_U64(open_kept(&s, path, true, NULL), WW_OK);
    syncs = 0;
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 5, NULL), WW_OK);
    CHECK(syncs == 1 && synced[0] == st.st_ino);
    ww_sink_close(s);
}

/* Relative names, and names right below the root, have a directory too. */
static void directory_of_a_bare_name(void)
{
    struct stat st;
    char before[1024];
    CHECK(getcwd(before, sizeof before) != NULL && chdir(directory) == 0);
    CHECK(stat(".", &st) == 0);
    syncs = 0;
    ww_sink_close(open_sink("bare"));
    CHECK(syncs == 1 && synced[0] == st.st_ino);
    CHECK(chdir(before) == 0);
}

static void second_writer_is_refused(void)
{
    ww_error err;
    ww_sink *second = NULL;
    ww_sink *first = open_sink(name("locked"));
    CHECK(open_plain(&second, path, 0, &err) == WW_ERR_IO && second == NULL);
    CHECK_TEXT(err.what, "another process writes this output; give each its own file");
    CHECK_TEXT(err.subject, path);
    put(first, "ha");
    CHECK(open_plain(&second, path, 0, NULL) == WW_ERR_IO);
    CHECK_SLICE(content(), "ha");
    ww_sink_close(first);
    ww_sink_close(open_sink(path));
}

/* A descriptor that we were given is not locked: its file may be shared on purpose. */
static void given_descriptor_is_not_locked(void)
{
    char given[32];
    ww_sink *first = open_sink(name("given"));
    int fd = open(path, O_WRONLY | O_APPEND);
    snprintf(given, sizeof given, "/dev/fd/%d", fd);
    ww_sink_close(open_sink(given));
    close(fd);
    ww_sink_close(first);
}

static void continued(const char *before, const char *after)
{
    ww_sink *s;
    put_file("lines", before);
    s = open_sink(path);
    put(s, "new\n");
    ww_sink_mark(s, 4, 100);
    put(s, "torn");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    CHECK_SLICE(content(), after);
    ww_sink_close(s);
}

/* Half a line that a crash left is not made part of a new one. */
static void half_a_line_is_ended(void)
{
    continued("", "new\n");
    continued("whole\n", "whole\nnew\n");
    continued("whole\nhal", "whole\nhal\nnew\n");
    continued("h", "h\nnew\n");
}

static void fifo_without_reader(void)
{
    ww_error err;
    ww_sink *s = NULL;
    CHECK(mkfifo(name("fifo"), 0600) == 0);
    CHECK(open_plain(&s, path, 0, &err) == WW_ERR_IO && s == NULL);
    CHECK_TEXT(err.what, "nobody reads this FIFO: start the reader first");
    CHECK(err.sys_errno == ENXIO && strcmp(err.subject, path) == 0);
}

static void link_to_nothing(void)
{
    ww_error err;
    ww_sink *s = NULL;
    CHECK(symlink("/nowhere/at/all", name("dangling")) == 0);
    CHECK(open_plain(&s, path, 0, &err) == WW_ERR_IO && s == NULL && err.sys_errno == ENOENT);
    CHECK_TEXT(err.what, "the output is a symbolic link that leads nowhere");
    CHECK_TEXT(err.subject, path);
}

/* A socket cannot be opened through /dev/fd, only be used. */
static void socket_by_number(const char *folder)
{
    char given[64], got[8];
    int pair[2];
    ww_sink *s;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    snprintf(given, sizeof given, "%s%d", folder, pair[0]);
    s = open_sink(given);
    CHECK_EQ_U64(ww_sink_kind_of(s), WW_SINK_OTHER);
    put(s, "one\n");
    CHECK(read(pair[1], got, sizeof got) == 4 && memcmp(got, "one\n", 4) == 0);
    ww_sink_close(s);
    put_fd(pair[0], "ours\n"); /* still open */
    close(pair[0]);
    close(pair[1]);
}

static void descriptors_by_number(void)
{
    ww_error err;
    ww_sink *s = NULL;
    char given[32];
    int fd;
    socket_by_number("/dev/fd/");
    socket_by_number("/proc/self/fd/");
    put_file("read", "a line\n");
    fd = open(path, O_RDONLY);
    snprintf(given, sizeof given, "/dev/fd/%d", fd);
    CHECK(open_plain(&s, given, 0, &err) == WW_ERR_IO && err.sys_errno == EBADF && s == NULL);
    CHECK_TEXT(err.what, "the output is not open for writing");
    close(fd);
    CHECK(open_plain(&s, given, 0, &err) == WW_ERR_IO && err.sys_errno == EBADF);
    CHECK_TEXT(err.subject, given);
    CHECK(open_plain(&s, "/dev/fd/", 0, &err) == WW_ERR_IO);
    CHECK(open_plain(&s, "/dev/fd/1x", 0, &err) == WW_ERR_IO);
    CHECK(open_plain(&s, "/dev/fd/99999999999", 0, &err) == WW_ERR_IO);
}

int main(void)
{
    if (!tests_begin())
        return 1;
    RUN(directory_is_synced_for_a_new_file);
    RUN(bytes_that_were_there_are_synced);
    RUN(directory_of_a_bare_name);
    RUN(second_writer_is_refused);
    RUN(given_descriptor_is_not_locked);
    RUN(half_a_line_is_ended);
    RUN(descriptors_by_number);
    RUN(fifo_without_reader);
    RUN(link_to_nothing);
    return tests_end();
}
