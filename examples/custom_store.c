/* SPDX-License-Identifier: MIT */
/* custom_store.c: a position that is kept where the data is, in a store of one's own. Here that is
 * a directory of numbered files, one for each transaction with rows. Each has the position behind
 * them as its last line, and comes to be under its name all at once:
 *
 *     example_custom_store 'postgresql://app@db/shop' my_slot my_publication DIRECTORY
 *
 * Object storage works alike: the position in the object or in its metadata, and a put on the
 * condition that there is none of that name, in place of link(). What counts: data and position
 * become visible together, and load() finds the newest. */
#include <walwire/walwire.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, LINE_SIZE = 512 };

typedef struct store {
    const char *directory;
    unsigned long number; /* of the newest file; 0: there is none */
    ww_position position; /* its position; end_lsn: of the last unit in the draft */
    FILE *draft;          /* the next file; NULL: no row yet */
} store;

static int wake[2];

static void on_signal(int number)
{
    ssize_t ignored = write(wake[1], "", 1);
    (void)number;
    (void)ignored;
}

static ww_status fail(ww_error *err, ww_status status, const char *what, const char *path)
{
    ww_error_clear(err);
    err->status = status;
    err->what = what;
    err->sys_errno = errno;
    snprintf(err->subject, sizeof err->subject, "%.*s", (int)sizeof err->subject - 1, path);
    return status;
}

static void name_file(const store *s, unsigned long number, const char *end, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%012lu%s", s->directory, number, end);
}

/* ---- the store ------------------------------------------------------------------------------ */

/* No row begins with this word. */
static bool find_position(FILE *in)
{
    char line[LINE_SIZE];
    long at;
    do {
        at = ftell(in);
        if (fgets(line, sizeof line, in) == NULL)
            return false;
    } while (strncmp(line, "position ", 9) != 0);
    return fseek(in, at, SEEK_SET) == 0;
}

static bool read_position(const char *path, ww_position *out)
{
    FILE *in = fopen(path, "r");
    int fields = 0;
    memset(out, 0, sizeof *out);
    if (in == NULL)
        return false;
    if (find_position(in))
        fields = fscanf(
            in, "position %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx32 " %63s %63[^\n]",
            &out->end_lsn, &out->acked, &out->system_id, &out->timeline, out->slot, out->database);
    fclose(in);
    return fields == 6;
}

static ww_status load(void *ctx, ww_position *out, ww_error *err)
{
    store *s = ctx;
    char path[PATH_SIZE];
    for (;; s->number++) {
        name_file(s, s->number + 1, "", path);
        if (access(path, F_OK) != 0)
            break;
    }
    if (s->number == 0)
        return WW_END;
    name_file(s, s->number, "", path);
    if (!read_position(path, &s->position))
        return fail(err, WW_ERR_GAP, "the newest file has no position", path);
    *out = s->position;
    return WW_OK;
}

static FILE *open_draft(store *s)
{
    char path[PATH_SIZE];
    name_file(s, s->number + 1, ".draft", path);
    if (s->draft == NULL)
        s->draft = fopen(path, "w"); /* what a crash left is written anew */
    return s->draft;
}

static bool finish_draft(store *s)
{
    const ww_position *p = &s->position;
    FILE *out = open_draft(s);
    bool good = out != NULL &&
                fprintf(out, "position %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx32 " %s %s\n",
                        p->end_lsn, p->acked, p->system_id, p->timeline, p->slot,
                        p->database) > 0 &&
                fflush(out) == 0 && fsync(fileno(out)) == 0;
    s->draft = NULL;
    return out != NULL && fclose(out) == 0 && good;
}

/* link() refuses a name that exists: a second process that takes itself for this consumer cannot
 * put its file in place of ours. */
static ww_status put(store *s, ww_error *err)
{
    char path[PATH_SIZE], draft[PATH_SIZE];
    int directory;
    bool good;
    name_file(s, s->number + 1, "", path);
    name_file(s, s->number + 1, ".draft", draft);
    if (s->position.acked < s->position.end_lsn)
        s->position.acked = s->position.end_lsn;
    if (!finish_draft(s) || link(draft, path) != 0)
        return fail(err, WW_ERR_IO, "cannot write the next file", path);
    unlink(draft);
    directory = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = directory >= 0 && fsync(directory) == 0;
    if (directory >= 0)
        close(directory);
    s->number++;
    return good ? WW_OK : fail(err, WW_ERR_IO, "cannot sync the directory", s->directory);
}

/* What was put has been saved with its data. The rest is a new beginning, or an idle slot's way
 * forward: a file without rows. */
static ww_status save(void *ctx, const ww_position *p, ww_error *err)
{
    store *s = ctx;
    ww_lsn end_lsn = s->position.end_lsn;
    bool same = p->system_id == s->position.system_id && p->timeline == s->position.timeline &&
                strcmp(p->slot, s->position.slot) == 0 &&
                strcmp(p->database, s->position.database) == 0;
    if (same && p->acked <= s->position.acked && s->number > 0)
        return WW_OK;
    if (s->draft != NULL)
        return WW_MORE;
    s->position = *p;
    if (same)
        s->position.end_lsn = end_lsn;
    return put(s, err);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static bool write_row(FILE *out, const ww_event *ev)
{
    ww_tuple_iter it = ww_tuple_begin(ev->new_tuple.kind != 0 ? ev->new_tuple : ev->old_tuple);
    char text[400]; /* longer values are cut in this example */
    ww_column col;
    fprintf(out, "%c %" PRIu32, ev->kind, ev->relation_id);
    while (ww_tuple_next(&it, &col)) {
        ww_text_escape(col.value, text, sizeof text);
        fprintf(out, " '%s'", text);
    }
    return fputc('\n', out) != EOF;
}

/* Who puts several units into one file confirms them all after it. */
static ww_status run(store *s, ww_client *c, ww_error *err)
{
    ww_event ev;
    ww_status st;
    while ((st = ww_client_next(c, &ev, err)) == WW_OK) {
        ww_lsn end_lsn = ww_event_unit_lsn(&ev);
        if ((ev.kind == WW_EV_INSERT || ev.kind == WW_EV_UPDATE || ev.kind == WW_EV_DELETE) &&
            (open_draft(s) == NULL || !write_row(s->draft, &ev)))
            return fail(err, WW_ERR_IO, "cannot write", s->directory);
        if (end_lsn != 0)
            s->position.end_lsn = end_lsn;
        if (end_lsn != 0 && s->draft != NULL)
            st = put(s, err);
        if (st == WW_OK && end_lsn != 0)
            st = ww_client_confirm(c, end_lsn, err);
        if (st < 0)
            return st;
    }
    return st;
}

int main(int argc, char **argv)
{
    ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
    store s = { 0 };
    const ww_position_store positions = { &s, load, save };
    ww_client *c;
    ww_error err = { 0 };
    ww_status st;
    if (argc != 5 || pipe(wake) != 0) {
        fprintf(stderr, "usage: %s CONNINFO SLOT PUBLICATION DIRECTORY\n", argv[0]);
        return 2;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    s.directory = argv[4];
    cfg.conninfo = argv[1];
    cfg.slot = argv[2];
    cfg.publications = argv[3];
    cfg.positions = &positions;
    cfg.wake_fd = wake[0];
    c = ww_client_open(&cfg, &err);
    st = c == NULL ? err.status : run(&s, c, &err);
    if (st == WW_ERR_CANCELLED && c != NULL) { /* the draft comes again */
        char signals[64];
        if (read(wake[0], signals, sizeof signals) > 0)
            st = ww_client_stop(c, ww_clock_mono() + 10000000, &err);
    }
    if (st < 0)
        fprintf(stderr, "%s: %s %s\n", err.what, err.subject, err.message);
    ww_client_close(c);
    return st < 0;
}
