/* SPDX-License-Identifier: MIT */
/* test_sink_reopen.c: log rotation, with a position and without. */
#include "sink_test.h"

static char old[600];

/* A sink on a new file, with "one\n" written as unit 10. */
static ww_sink *one_unit(const char *file, bool keeps)
{
    ww_sink *s = NULL;
    snprintf(old, sizeof old, "%s/%s.position", directory, file);
    unlink(old);
    CHECK_EQ_U64(keeps ? open_kept(&s, name(file), false, NULL)
                       : open_plain(&s, name(file), 1000000, NULL),
                 WW_OK);
    if (keeps)
        CHECK_EQ_U64(save_at(ww_sink_positions(s), 5, NULL), WW_OK);
    put(s, "one\n");
    ww_sink_mark(s, 4, 10);
    snprintf(old, sizeof old, "%s.1", path);
    return s;
}

static void put_second(ww_sink *s)
{
    put(s, "two\n");
    ww_sink_mark(s, 8, 20);
    CHECK_EQ_U64(ww_sink_sync(s, 1, true, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_delivered(s), 20);
}

/* What was written is synced before the file goes. */
static void renamed(bool keeps)
{
    struct stat st;
    ww_sink *s = one_unit(keeps ? "renamed-kept" : "renamed", keeps);
    CHECK(rename(path, old) == 0);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK_EQ_U64(ww_sink_reopen(s, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_delivered(s), 10);
    CHECK(!ww_sink_pending(s));
    CHECK(stat(path, &st) == 0 && st.st_size == 0 && (st.st_mode & 0777) == 0600);
    put_second(s);
    put(s, "torn");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    CHECK_SLICE(content_of(old), "one\n");
    CHECK_SLICE(content(), "two\n");
    ww_sink_close(s);
}

static void renamed_away(void)
{
    renamed(false);
    renamed(true);
}

/* The position is of the new file at once, whatever has come since. */
static void position_moves(void)
{
    ww_position p;
    uint64_t offset;
    const ww_position_store *store;
    ww_sink *s = one_unit("moves", true);
    CHECK(rename(path, old) == 0);
    CHECK_EQ_U64(ww_sink_reopen(s, NULL), WW_OK);
    ww_sink_close(s);
    CHECK_EQ_U64(open_kept(&s, path, false, NULL), WW_OK);
    store = ww_sink_positions(s);
    CHECK(!ww_sink_rotated(s, &offset));
    CHECK(store->load(store->ctx, &p, NULL) == WW_OK && p.end_lsn == 10 && p.acked == 10);
    ww_sink_close(s);
}

/* logrotate's "create"; what is in it stays. */
static void replaced(bool keeps)
{
    ww_sink *s = one_unit(keeps ? "replaced-kept" : "replaced", keeps);
    CHECK(rename(path, old) == 0);
    put_file(keeps ? "replaced-kept" : "replaced", "already\nthe");
    CHECK_EQ_U64(ww_sink_reopen(s, NULL), WW_OK);
    put_second(s);
    if (keeps)
        CHECK_EQ_U64(save_at(ww_sink_positions(s), 20, NULL), WW_OK);
    ww_sink_close(s);
    CHECK_SLICE(content(), "already\nthe\ntwo\n");
    if (!keeps)
        return;
    CHECK_EQ_U64(open_kept(&s, path, false, NULL), WW_OK);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 20, NULL), WW_OK);
    ww_sink_close(s);
    CHECK_SLICE(content(), "already\nthe\ntwo\n");
}

static void replaced_by_another(void)
{
    replaced(false);
    replaced(true);
}

static void not_rotated(bool keeps)
{
    ww_sink *s = one_unit(keeps ? "same-kept" : "same", keeps);
    CHECK_EQ_U64(ww_sink_reopen(s, NULL), WW_OK);
    put_second(s);
    CHECK_SLICE(content(), "one\ntwo\n");
    ww_sink_close(s);
}

static void nothing_was_rotated(void)
{
    not_rotated(false);
    not_rotated(true);
}

/* logrotate's "copytruncate": offsets of a position would be wrong. */
static void cut_in_place(void)
{
    ww_error err;
    ww_sink *s = one_unit("emptied", false);
    CHECK(truncate(path, 0) == 0);
    CHECK_EQ_U64(ww_sink_reopen(s, NULL), WW_OK);
    put_second(s);
    put(s, "torn");
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    CHECK_SLICE(content(), "two\n");
    ww_sink_close(s);
    s = one_unit("emptied-kept", true);
    CHECK(truncate(path, 0) == 0);
    CHECK(ww_sink_reopen(s, &err) == WW_ERR_IO && strstr(err.what, "somebody else") != NULL);
    ww_sink_close(s);
}

static void between_units_only(void)
{
    ww_error err;
    ww_sink *s = one_unit("torn", true);
    put(s, "half");
    CHECK(ww_sink_reopen(s, &err) == WW_ERR_USAGE);
    CHECK_EQ_U64(ww_sink_cut(s, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_reopen(s, NULL), WW_OK);
    ww_sink_close(s);
    CHECK_EQ_U64(open_kept(&s, path, false, NULL), WW_OK);
    CHECK(ww_sink_reopen(s, &err) == WW_ERR_USAGE); /* nothing was saved yet */
    ww_sink_close(s);
}

static void only_by_path(void)
{
    ww_error err;
    ww_sink *s = open_sink("/dev/null");
    CHECK(ww_sink_reopen(s, &err) == WW_ERR_USAGE);
    ww_sink_close(s);
}

/* A directory stands where the file was: nothing more is written anywhere. */
static void failure_is_final(void)
{
    size_t n;
    ww_error err;
    ww_sink *s = one_unit("failing", true);
    CHECK(rename(path, old) == 0 && mkdir(path, 0700) == 0);
    CHECK(ww_sink_reopen(s, &err) == WW_ERR_IO && err.sys_errno == EISDIR);
    CHECK(ww_sink_write(s, (const uint8_t *)"x", 1, &n, &err) == WW_ERR_IO);
    CHECK_TEXT(err.what, "the output could not be opened anew");
    CHECK(ww_sink_reopen(s, NULL) == WW_ERR_IO);
    CHECK(save_at(ww_sink_positions(s), 20, NULL) == WW_ERR_IO);
    ww_sink_close(s);
    CHECK(rmdir(path) == 0);
    CHECK_SLICE(content_of(old), "one\n");
}

int main(void)
{
    if (!tests_begin())
        return 1;
    RUN(renamed_away);
    RUN(position_moves);
    RUN(replaced_by_another);
    RUN(nothing_was_rotated);
    RUN(cut_in_place);
    RUN(between_units_only);
    RUN(only_by_path);
    RUN(failure_is_final);
    return tests_end();
}
