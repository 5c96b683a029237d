/* SPDX-License-Identifier: MIT */
/* test_sink_position.c: a file with its position beside it: where it goes on, and what is a gap. */
#include "sink_test.h"

static char beside[600];

/* The file of this name with this content (NULL: none), and no position. */
static void prepare(const char *file, const char *text)
{
    snprintf(beside, sizeof beside, "%s/%s.position", directory, file);
    unlink(beside);
    name(file);
    if (text != NULL)
        put_file(file, text);
}

/* Two units, "one\n" until 10 and "two\n" until 20, and then `torn` without an end. */
static void two_units(const char *file, const char *torn)
{
    ww_sink *s = NULL;
    prepare(file, NULL);
    CHECK_EQ_U64(open_kept(&s, path, false, NULL), WW_OK);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 5, NULL), WW_OK);
    put(s, "one\n");
    ww_sink_mark(s, 4, 10);
    put(s, "two\n");
    ww_sink_mark(s, 8, 20);
    put(s, torn);
    CHECK_EQ_U64(ww_sink_sync(s, 1, true, NULL), WW_OK);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 20, NULL), WW_OK);
    ww_sink_close(s);
}

/* Opens it again and loads; the sink stays open. */
static ww_sink *go_on(bool init, ww_status found, ww_lsn acked)
{
    ww_position p;
    ww_sink *s = NULL;
    const ww_position_store *store;
    memset(&p, 0, sizeof p);
    if (!CHECK_EQ_U64(open_kept(&s, path, init, NULL), WW_OK))
        exit(1);
    store = ww_sink_positions(s);
    CHECK_EQ_U64(store->load(store->ctx, &p, NULL), found);
    CHECK_EQ_U64(p.acked, acked);
    return s;
}

static void more(ww_sink *s, ww_lsn acked, const char *after)
{
    CHECK_EQ_U64(save_at(ww_sink_positions(s), acked, NULL), WW_OK);
    put(s, "new\n");
    ww_sink_mark(s, 4, acked + 10);
    CHECK_EQ_U64(ww_sink_sync(s, 1, true, NULL), WW_OK);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), acked + 10, NULL), WW_OK);
    ww_sink_close(s);
    CHECK_SLICE(content(), after);
    ww_sink_close(go_on(false, WW_OK, acked + 10));
}

static void gap(const char *what)
{
    ww_error err;
    ww_sink *s = NULL;
    CHECK(open_kept(&s, path, false, &err) == WW_ERR_GAP && s == NULL);
    CHECK(strncmp(err.what, what, strlen(what)) == 0);
    CHECK_TEXT(err.subject, path);
}

static void new_consumer(void)
{
    prepare("new", NULL);
    more(go_on(false, WW_END, 0), 5, "new\n");
    prepare("empty", "");
    more(go_on(false, WW_END, 0), 5, "new\n");
}

/* Nothing is touched before the first save: the server may still be the wrong one. */
static void tail_is_cut_at_the_first_save(void)
{
    size_t n;
    ww_error err;
    ww_sink *s;
    two_units("tail", "torn, and comes again");
    s = go_on(false, WW_OK, 20);
    CHECK_SLICE(content(), "one\ntwo\ntorn, and comes again");
    CHECK(ww_sink_write(s, (const uint8_t *)"x", 1, &n, &err) == WW_ERR_USAGE && n == 0);
    ww_sink_close(s);
    CHECK_SLICE(content(), "one\ntwo\ntorn, and comes again");
    more(go_on(false, WW_OK, 20), 20, "one\ntwo\nnew\n");
}

/* A unit that is written, but not synced, is not in the position; one that is synced and was not
 * acknowledged is, as it must not come again. */
static void only_what_is_synced_counts(void)
{
    ww_sink *s;
    two_units("synced", "");
    s = go_on(false, WW_OK, 20);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 20, NULL), WW_OK);
    put(s, "a\n");
    ww_sink_mark(s, 2, 30);
    CHECK_EQ_U64(ww_sink_sync(s, 1, true, NULL), WW_OK);
    put(s, "b\n");
    ww_sink_mark(s, 4, 40);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 25, NULL), WW_OK);
    ww_sink_close(s);
    more(go_on(false, WW_OK, 30), 30, "one\ntwo\na\nnew\n");
}

/* Acknowledged without a unit: an idle slot. It never goes back. */
static void idle_advance(void)
{
    ww_sink *s;
    two_units("idle", "");
    s = go_on(false, WW_OK, 20);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 500, NULL), WW_OK);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 400, NULL), WW_OK);
    ww_sink_close(s);
    more(go_on(false, WW_OK, 500), 500, "one\ntwo\nnew\n");
}

static void missing_position(void)
{
    prepare("missing", "a line\n");
    gap("the file is not empty, and there is no position beside it");
    two_units("gone", "");
    CHECK(unlink(beside) == 0);
    gap("the file is not empty, and there is no position beside it");
}

static void damage(off_t size)
{
    int fd = open(beside, O_WRONLY);
    CHECK(ftruncate(fd, size) == 0);
    close(fd);
}

static void damaged_position(void)
{
    two_units("damaged", "");
    damage(1000);
    gap("the position beside this file cannot be read");
    CHECK(unlink(path) == 0);
    gap("the position beside this file cannot be read");
    two_units("cut", "");
    damage(0);
    gap("the file is not empty, and there is no position beside it");
}

static void shorter_file(void)
{
    two_units("short", "");
    CHECK(truncate(path, 7) == 0);
    gap("the file is shorter than its position says");
    CHECK(truncate(path, 0) == 0);
    gap("the file is shorter than its position says");
}

/* Away with it, but not deleted: its inode is not given to the next one. */
static void rotate(const char *suffix)
{
    char old[600];
    snprintf(old, sizeof old, "%s.%s", path, suffix);
    CHECK(rename(path, old) == 0);
}

/* Another file under the same name. */
static void another_file(void)
{
    uint64_t offset = 1;
    ww_sink *s;
    two_units("another", "torn");
    rotate("1");
    s = go_on(false, WW_OK, 20);
    CHECK(ww_sink_rotated(s, &offset) && offset == 8);
    more(s, 20, "new\n");
    s = go_on(false, WW_OK, 30);
    CHECK(!ww_sink_rotated(s, &offset) && offset == 0);
    ww_sink_close(s);
    rotate("2");
    put_file("another", "ano");
    gap("the file is not empty, and not the one");
    put_file("another", "new\nand more of somebody's\n");
    gap("the file is not the one that its position is of, and goes on behind");
    put_file("another", "ne\nx");
    gap("where the file should end whole by its position no line ends");
    put_file("another", "new\n"); /* a copy put back */
    more(go_on(false, WW_OK, 30), 30, "new\nnew\n");
}

/* The one that the position is of, changed. */
static void no_line_ends_at_the_offset(void)
{
    int fd;
    two_units("changed", "torn");
    fd = open(path, O_WRONLY);
    CHECK(pwrite(fd, "x", 1, 7) == 1);
    close(fd);
    gap("where the file should end whole by its position no line ends");
    CHECK_SLICE(content(), "one\ntwoxtorn");
    more(go_on(true, WW_OK, 20), 20, "one\ntwoxtorn\nnew\n");
}

static void init_in_a_longer_file(void)
{
    two_units("init-longer", "");
    rotate("1");
    put_file("init-longer", "somebody's, longer\n");
    gap("the file is not the one that its position is of, and goes on behind");
    more(go_on(true, WW_OK, 20), 20, "somebody's, longer\nnew\n");
}

static void nothing_ours_in_it(void)
{
    ww_sink *s;
    prepare("foreign", NULL);
    s = go_on(false, WW_END, 0);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 5, NULL), WW_OK);
    ww_sink_close(s);
    rotate("1");
    put_file("foreign", "not to be cut\n");
    gap("the file is not empty, and not the one");
    CHECK_SLICE(content(), "not to be cut\n");
}

/* A position that fits is gone on with: what is behind it comes again. */
static void init_beside_a_good_position(void)
{
    uint64_t offset;
    ww_sink *s;
    two_units("init-good", "torn, and comes again");
    more(go_on(true, WW_OK, 20), 20, "one\ntwo\nnew\n");
    two_units("init-rotated", "torn");
    rotate("1");
    s = go_on(true, WW_OK, 20);
    CHECK(ww_sink_rotated(s, &offset) && offset == 8);
    more(s, 20, "new\n");
}

static void check_tail(const ww_sink *s, uint64_t bytes, bool was_cut)
{
    uint64_t offset = 0;
    bool cut = !was_cut;
    CHECK_EQ_U64(ww_sink_tail(s, &offset, &cut), bytes);
    if (bytes > 0)
        CHECK(offset == 8 && cut == was_cut);
}

/* What is said of the first save, and of no other. */
static void tail_is_told(bool init, ww_lsn acked, bool cut)
{
    ww_sink *s;
    two_units("told", "three\n");
    s = go_on(init, WW_OK, 20);
    check_tail(s, 0, false);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), acked, NULL), WW_OK);
    check_tail(s, 6, cut);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), acked + 1, NULL), WW_OK);
    check_tail(s, 0, false);
    ww_sink_close(s);
    CHECK_SLICE(content(), cut ? "one\ntwo\n" : "one\ntwo\nthree\n");
}

static void tails_are_told(void)
{
    tail_is_told(false, 20, true);
    tail_is_told(true, 20, true);
    tail_is_told(true, 50, false);
    tail_is_told(true, 3, false);
}

static ww_lsn loaded_end(const ww_sink *s)
{
    ww_position p = position_at(0);
    const ww_position_store *store = ww_sink_positions(s);
    CHECK_EQ_U64(store->load(store->ctx, &p, NULL), WW_OK);
    return p.end_lsn;
}

/* The slot cannot send it again: what was delivered stays, be it in the position or not. */
static void given_up_keeps_the_tail(void)
{
    ww_sink *s;
    two_units("moved-on", "three\nand half a li");
    s = go_on(true, WW_OK, 20);
    ww_sink_close(s);
    CHECK_SLICE(content(), "one\ntwo\nthree\nand half a li");
    s = go_on(true, WW_OK, 20);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 50, NULL), WW_OK);
    ww_sink_close(s);
    CHECK_SLICE(content(), "one\ntwo\nthree\nand half a li\n");
    s = go_on(false, WW_OK, 50);
    CHECK_EQ_U64(loaded_end(s), 0);
    more(s, 50, "one\ntwo\nthree\nand half a li\nnew\n");
    two_units("set-back", "three\n");
    more(go_on(true, WW_OK, 20), 3, "one\ntwo\nthree\nnew\n");
}

/* A former primary that stands where we do. */
static void older_timeline_keeps_the_tail(void)
{
    ww_position p = position_at(20);
    ww_sink *s;
    const ww_position_store *store;
    two_units("timeline", "three\n");
    s = go_on(true, WW_OK, 20);
    store = ww_sink_positions(s);
    p.timeline = 0;
    CHECK_EQ_U64(store->save(store->ctx, &p, NULL), WW_OK);
    ww_sink_close(s);
    CHECK_SLICE(content(), "one\ntwo\nthree\n");
}

/* The file stays as it is; what is known of the slot is used where it can be read. */
static void init_accepts_all(void)
{
    two_units("init-short", "");
    CHECK(truncate(path, 5) == 0);
    more(go_on(true, WW_OK, 20), 20, "one\nt\nnew\n");
    two_units("init-damaged", "");
    damage(1000);
    more(go_on(true, WW_END, 0), 5, "one\ntwo\nnew\n");
    prepare("init-none", "a line\n");
    more(go_on(true, WW_END, 0), 5, "a line\nnew\n");
    prepare("init-new", NULL);
    more(go_on(true, WW_END, 0), 5, "new\n");
    two_units("init-back", ""); /* the server was set back */
    more(go_on(true, WW_OK, 20), 3, "one\ntwo\nnew\n");
}

static void another_slot(void)
{
    ww_position p = position_at(3);
    ww_sink *s;
    const ww_position_store *store;
    memcpy(p.slot, "s2", 3);
    two_units("slot", "of the other's");
    s = go_on(true, WW_OK, 20);
    store = ww_sink_positions(s);
    CHECK_EQ_U64(store->save(store->ctx, &p, NULL), WW_OK);
    ww_sink_close(s);
    s = go_on(false, WW_OK, 3);
    store = ww_sink_positions(s);
    CHECK(store->load(store->ctx, &p, NULL) == WW_OK && p.end_lsn == 0);
    CHECK_TEXT(p.slot, "s2");
    ww_sink_close(s);
    CHECK_SLICE(content(), "one\ntwo\nof the other's\n");
}

/* Delivered counts, told or not; written does not. */
static void kept_without_the_client(void)
{
    ww_sink *s;
    two_units("failed", "torn");
    s = go_on(false, WW_OK, 20);
    CHECK_EQ_U64(ww_sink_keep(s, NULL), WW_OK); /* nothing was saved yet */
    CHECK_SLICE(content(), "one\ntwo\ntorn");
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 20, NULL), WW_OK);
    put(s, "three\n");
    ww_sink_mark(s, 6, 30);
    CHECK_EQ_U64(ww_sink_sync(s, 1, true, NULL), WW_OK);
    put(s, "four\n");
    ww_sink_mark(s, 11, 40);
    CHECK_EQ_U64(ww_sink_keep(s, NULL), WW_OK);
    ww_sink_close(s);
    s = go_on(true, WW_OK, 30);
    CHECK_EQ_U64(loaded_end(s), 30);
    more(s, 30, "one\ntwo\nthree\nnew\n");
    s = go_on(false, WW_OK, 40);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 500, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_keep(s, NULL), WW_OK);
    ww_sink_close(s);
    ww_sink_close(go_on(false, WW_OK, 500));
    prepare("none-kept", NULL);
    CHECK_EQ_U64(open_plain(&s, path, 0, NULL), WW_OK);
    CHECK_EQ_U64(ww_sink_keep(s, NULL), WW_OK);
    ww_sink_close(s);
}

static bool is_there(const char *file)
{
    struct stat st;
    return lstat(file, &st) == 0;
}

/* A start that was refused leaves nothing of its own, and all that was there. */
static void refused_start(void)
{
    ww_sink *s;
    prepare("refused", NULL);
    ww_sink_close(go_on(false, WW_END, 0));
    CHECK(!is_there(path) && !is_there(beside));
    put_file("refused", "");
    ww_sink_close(go_on(false, WW_END, 0));
    CHECK(is_there(path) && !is_there(beside));
    CHECK(unlink(path) == 0);
    close(open(beside, O_WRONLY | O_CREAT, 0600));
    ww_sink_close(go_on(false, WW_END, 0));
    CHECK(!is_there(path) && is_there(beside));
    two_units("refused-rotated", "");
    rotate("1");
    ww_sink_close(go_on(false, WW_OK, 20));
    CHECK(!is_there(path) && is_there(beside));
    prepare("refused-moved", NULL);
    s = go_on(false, WW_END, 0);
    rotate("1");
    put_file("refused-moved", ""); /* somebody else's */
    ww_sink_close(s);
    CHECK(is_there(path));
}

static void no_output(const char *what)
{
    ww_error err;
    ww_sink *s = NULL;
    CHECK(open_kept(&s, path, true, &err) == WW_ERR_USAGE && s == NULL);
    CHECK(strncmp(err.what, what, strlen(what)) == 0);
    CHECK_TEXT(err.subject, path);
    CHECK(open_plain(&s, path, 0, &err) == WW_ERR_USAGE && s == NULL);
}

/* Another stream's position is no output, whatever its name, readable or not. */
static void a_position_is_no_output(void)
{
    ww_sink *s = NULL;
    two_units("stream", "");
    snprintf(path, sizeof path, "%s/stream.position", directory);
    no_output("the output's name is one of a position");
    name("new.position");
    no_output("the output's name is one of a position");
    CHECK(!is_there(path));
    name("copied");
    CHECK(rename(beside, path) == 0);
    no_output("this file holds a position");
    CHECK(truncate(path, 1000) == 0);
    no_output("this file holds a position");
    prepare("once", NULL); /* its first half is zeros */
    CHECK_EQ_U64(open_kept(&s, path, false, NULL), WW_OK);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 5, NULL), WW_OK);
    ww_sink_close(s);
    name("copied-once");
    CHECK(rename(beside, path) == 0);
    no_output("this file holds a position");
    put_file("like-one", "walwire");
    CHECK_EQ_U64(open_plain(&s, path, 0, NULL), WW_OK);
    ww_sink_close(s);
}

static void not_without_a_position(void)
{
    ww_error err;
    ww_sink *s = NULL;
    two_units("belongs", "torn");
    CHECK(open_plain(&s, path, 0, &err) == WW_ERR_GAP && s == NULL);
    CHECK(strncmp(err.what, "this file belongs to a slot", 27) == 0);
    CHECK(strstr(err.subject, path) != NULL && strstr(err.subject, "slot s1") != NULL);
    CHECK_SLICE(content(), "one\ntwo\ntorn");
    damage(1000);
    CHECK(open_plain(&s, path, 0, &err) == WW_ERR_GAP);
    CHECK_SLICE(content(), "one\ntwo\ntorn");
    damage(0); /* a start that came to nothing */
    CHECK_EQ_U64(open_plain(&s, path, 0, NULL), WW_OK);
    CHECK(ww_sink_positions(s) == NULL);
    ww_sink_close(s);
}

static void one_at_a_time(void)
{
    ww_error err;
    ww_sink *s, *second = NULL;
    two_units("locked", "");
    s = go_on(false, WW_OK, 20);
    CHECK(open_kept(&second, path, false, &err) == WW_ERR_IO && second == NULL);
    rotate("1");
    CHECK(open_kept(&second, path, true, &err) == WW_ERR_IO && second == NULL);
    CHECK_TEXT(err.what, "another process keeps its position in this file");
    ww_sink_close(s);
}

static void only_of_files_by_path(void)
{
    struct stat st;
    ww_sink *s = NULL;
    int fd;
    CHECK_EQ_U64(open_kept(&s, "/dev/null", false, NULL), WW_OK);
    CHECK(ww_sink_positions(s) == NULL && stat("/dev/null.position", &st) != 0);
    ww_sink_close(s);
    prepare("given", "");
    fd = open(path, O_WRONLY | O_APPEND);
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    CHECK_EQ_U64(open_kept(&s, path, false, NULL), WW_OK);
    CHECK(ww_sink_positions(s) == NULL);
    ww_sink_close(s);
    close(fd);
}

static void planted_link(void)
{
    ww_error err;
    ww_sink *s = NULL;
    prepare("planted", NULL);
    CHECK(symlink("/nowhere/at/all", beside) == 0);
    CHECK(open_kept(&s, path, false, &err) == WW_ERR_IO && err.sys_errno == ELOOP && s == NULL);
    CHECK_TEXT(err.subject, beside);
    CHECK(open_plain(&s, path, 0, &err) == WW_ERR_GAP && s == NULL);
}

/* Whoever else writes to the file moves ours: no offset could be trusted. */
static void somebody_else_writes(void)
{
    ww_error err;
    ww_sink *s;
    int other;
    two_units("shared", "");
    other = open(path, O_WRONLY | O_APPEND);
    s = go_on(false, WW_OK, 20);
    put_fd(other, "early\n");
    CHECK(save_at(ww_sink_positions(s), 20, &err) == WW_ERR_IO);
    CHECK(save_at(ww_sink_positions(s), 20, &err) == WW_ERR_IO);
    ww_sink_close(s);
    CHECK_SLICE(content(), "one\ntwo\nearly\n");
    s = go_on(false, WW_OK, 20);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 20, NULL), WW_OK);
    put(s, "mine\n");
    ww_sink_mark(s, 5, 30);
    put_fd(other, "late\n");
    put(s, "half");
    CHECK(ww_sink_cut(s, &err) == WW_ERR_IO && strstr(err.what, "somebody else") != NULL);
    CHECK(ww_sink_sync(s, 1, true, &err) == WW_ERR_IO);
    CHECK(save_at(ww_sink_positions(s), 30, &err) == WW_ERR_IO);
    ww_sink_close(s);
    s = go_on(false, WW_OK, 20);
    CHECK_EQ_U64(save_at(ww_sink_positions(s), 20, NULL), WW_OK);
    put(s, "mine\n");
    ww_sink_mark(s, 5, 30);
    put_fd(other, "late\n");
    CHECK(ww_sink_sync(s, 1, true, &err) == WW_ERR_IO && strstr(err.what, "somebody else") != NULL);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    ww_sink_close(s);
    close(other);
}

/* Nobody will find what is written there: it is not acknowledged. */
static void deleted_file(void)
{
    ww_error err;
    ww_position p;
    ww_sink *s;
    const ww_position_store *store;
    two_units("deleted", "");
    s = go_on(false, WW_OK, 20);
    store = ww_sink_positions(s);
    CHECK_EQ_U64(save_at(store, 20, NULL), WW_OK);
    CHECK(unlink(path) == 0);
    put(s, "lost\n");
    ww_sink_mark(s, 5, 30);
    CHECK(ww_sink_sync(s, 1, true, &err) == WW_ERR_IO && strstr(err.what, "deleted") != NULL);
    CHECK_TEXT(err.subject, path);
    CHECK_EQ_U64(ww_sink_delivered(s), 0);
    CHECK(save_at(store, 30, &err) == WW_ERR_IO && ww_sink_reopen(s, &err) == WW_ERR_IO);
    ww_sink_close(s);
    s = go_on(false, WW_OK, 20);
    store = ww_sink_positions(s);
    CHECK(store->load(store->ctx, &p, NULL) == WW_OK && p.end_lsn == 20);
    more(s, 20, "new\n");
}

int main(void)
{
    if (!tests_begin())
        return 1;
    RUN(new_consumer);
    RUN(tail_is_cut_at_the_first_save);
    RUN(only_what_is_synced_counts);
    RUN(idle_advance);
    RUN(missing_position);
    RUN(damaged_position);
    RUN(shorter_file);
    RUN(another_file);
    RUN(no_line_ends_at_the_offset);
    RUN(init_in_a_longer_file);
    RUN(nothing_ours_in_it);
    RUN(init_beside_a_good_position);
    RUN(tails_are_told);
    RUN(given_up_keeps_the_tail);
    RUN(older_timeline_keeps_the_tail);
    RUN(init_accepts_all);
    RUN(another_slot);
    RUN(kept_without_the_client);
    RUN(refused_start);
    RUN(a_position_is_no_output);
    RUN(not_without_a_position);
    RUN(one_at_a_time);
    RUN(only_of_files_by_path);
    RUN(planted_link);
    RUN(somebody_else_writes);
    RUN(deleted_file);
    return tests_end();
}
