/* SPDX-License-Identifier: MIT */
/* test_sink_cut.c: what goes when a torn unit is dropped, and what must stay. */
#include "sink_test.h"

#include <sys/resource.h>

/* Standard output is `fd` until stdout_back(). */
static int kept_stdout;

static void stdout_is(int fd)
{
    fflush(stdout);
    kept_stdout = dup(STDOUT_FILENO);
    CHECK(kept_stdout >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
}

static void stdout_back(void)
{
    CHECK(dup2(kept_stdout, STDOUT_FILENO) == STDOUT_FILENO);
    close(kept_stdout);
}

/* Bytes written after the last whole unit go; what was in the file before we came stays. */
static void file_is_cut_at_a_unit(void)
{
    ww_sink *s;
    put_file("a", "older\n");
    s = open_sink(path);
    put(s, "whole\n");
    ww_sink_mark(s, 6, 100);
    put(s, "half of a transac");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    CHECK_SLICE(content(), "older\nwhole\n");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    put(s, "next\n");
    ww_sink_mark(s, 11, 200);
    CHECK_SLICE(content(), "older\nwhole\nnext\n");
    ww_sink_close(s);
}

/* Somebody else appended: nothing may be cut, and offsets go on from the last unit as after a cut.
 */
static void others_bytes_stay(void)
{
    ww_sink *s = open_sink(name("b"));
    int other = open(path, O_WRONLY | O_APPEND);
    put(s, "whole\n");
    ww_sink_mark(s, 6, 100);
    put(s, "ha");
    put_fd(other, "theirs\n");
    put(s, "lf");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_MORE);
    CHECK_SLICE(content(), "whole\nhatheirs\nlf");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    put(s, "next\n");
    ww_sink_mark(s, 11, 200);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK_EQ_U64(ww_sink_sync(s, 1, true, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_delivered(s), 200);
    close(other);
    ww_sink_close(s);
}

/* (echo head; walwire; echo next) > file */
static void shared_offset_goes_back(void)
{
    ww_sink *s;
    int fd = open(name("c"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    put_fd(fd, "head\n");
    stdout_is(fd);
    s = open_sink(NULL);
    put(s, "whole\n");
    ww_sink_mark(s, 6, 100);
    put(s, "half");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    ww_sink_close(s);
    stdout_back();
    put_fd(fd, "next\n");
    CHECK_SLICE(content(), "head\nwhole\nnext\n");
    close(fd);
}

/* walwire 1<> file: written from its start on, over what was there. */
static void overwritten_file(const char *before, ww_status expected, const char *after)
{
    ww_sink *s;
    int fd;
    put_file("d", before);
    fd = open(path, O_RDWR);
    stdout_is(fd);
    s = open_sink("-");
    put(s, "whole\n");
    ww_sink_mark(s, 6, 100);
    put(s, "half");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), expected);
    ww_sink_close(s);
    stdout_back();
    CHECK_SLICE(content(), after);
    close(fd);
}

static void overwrites(void)
{
    overwritten_file("abc", WW_OK, "whole\n");
    overwritten_file("0123456789abcdef\n", WW_MORE, "whole\nhalfabcdef\n");
}

/* The file may not grow: the write fails in the middle of a unit, and its beginning can go. */
static void cut_after_a_failed_write(void)
{
    static const uint8_t text[] = "half of a transac";
    struct rlimit before, small;
    ww_error err;
    size_t n = 0;
    ww_sink *s = open_sink(name("e"));
    put(s, "whole\n");
    ww_sink_mark(s, 6, 100);
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small = before;
    small.rlim_cur = 10;
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK_EQ_U64(ww_sink_write(s, text, 17, &n, &err), WW_OK);
    CHECK_EQ_U64(n, 4);
    CHECK(ww_sink_write(s, text + 4, 13, &n, &err) == WW_ERR_IO && err.sys_errno == EFBIG);
    CHECK_EQ_U64(ww_sink_cut(s, &err), WW_OK);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK_SLICE(content(), "whole\n");
    ww_sink_close(s);
}

int main(void)
{
    if (!tests_begin())
        return 1;
    RUN(file_is_cut_at_a_unit);
    RUN(others_bytes_stay);
    RUN(shared_offset_goes_back);
    RUN(overwrites);
    RUN(cut_after_a_failed_write);
    return tests_end();
}
