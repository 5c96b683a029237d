/* SPDX-License-Identifier: MIT */
/* workers.c: rows go to worker threads, those of one key in order, and a transaction is confirmed
 * when all its rows are done:
 *
 *     example_workers 'postgresql://app@db/shop' my_slot my_publication DIRECTORY 4 1000
 *
 * Worker N appends to DIRECTORY/N, and what it has synced is done. After a crash, what was not
 * confirmed comes again: each line begins with the transaction's final LSN and the row's number in
 * it, the same each time.
 *
 * The client belongs to the main thread. Rows go out by one queue for each worker, and come back by
 * one for all; a pipe wakes the main thread, which waits for it and for the server together. */
#include "workers_parts.h"

#include <walwire/walwire.h>

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MAX_WORKERS = 64, MAX_ROWS = 100000 }; /* out at a time */
static const ww_mono_us patience = 10000000;  /* for workers, and then for the server, at the end */

typedef struct worker {
    queue todo;
    int fd;
} worker;

static worker workers[MAX_WORKERS];
static size_t worker_count, window;
static queue done;
static int wake[2]; /* something is done, or a signal came */
static volatile sig_atomic_t stopping;
static size_t rows_out;

/* ---- waking the main thread ----------------------------------------------------------------- */

static void wake_up(void)
{
    ssize_t ignored = write(wake[1], "", 1); /* full: it is awake */
    (void)ignored;
}

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
    wake_up();
}

/* ---- a worker ------------------------------------------------------------------------------- */

/* All that waits, with one sync. Who locks the file sees whole lines. */
static void *work(void *argument)
{
    worker *w = argument;
    job *list, *j;
    while ((list = take(&w->todo, true)) != NULL) {
        bool good = flock(w->fd, LOCK_EX) == 0;
        for (j = list; j != NULL && good; j = j->next)
            good = dprintf(w->fd, "%s", j->line) >= 0;
        if (!good || fdatasync(w->fd) != 0) {
            perror("a worker's file");
            exit(1); /* what was not reported comes again */
        }
        flock(w->fd, LOCK_UN);
        put(&done, list);
        wake_up();
    }
    return NULL;
}

static bool start_workers(const char *directory)
{
    char path[4096];
    pthread_t thread;
    size_t i;
    for (i = 0; i < worker_count; i++) {
        worker *w = &workers[i];
        snprintf(path, sizeof path, "%s/%zu", directory, i);
        w->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (w->fd < 0 || dprintf(w->fd, "\n") < 0) { /* ends a line that a crash tore */
            perror(path);
            return false;
        }
        queue_init(&w->todo);
        if (pthread_create(&thread, NULL, work, w) != 0 || pthread_detach(thread) != 0)
            return false;
    }
    return true;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* The table and the columns of its replica identity as one text; without one, the table. */
static char *key_of(const ww_relation *rel, ww_tuple tuple)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        abort();
    fprintf(out, "%" PRIu32, rel->id);
    put_columns(out, rel, tuple, true);
    fclose(out);
    return text;
}

static worker *worker_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t)*key) * 16777619u;
    return &workers[hash % worker_count];
}

static void send_line(worker *w, unit *u, const ww_event *ev, char op, ww_tuple tuple)
{
    job *j = calloc(1, sizeof *j);
    size_t len;
    uint32_t i;
    FILE *out = j == NULL ? NULL : open_memstream(&j->line, &len);
    if (out == NULL)
        abort();
    fprintf(out, "%" PRIX64 ".%" PRIu64 "\t%c", ev->final_lsn, ev->ordinal, op);
    for (i = 0; op == 'T' && i < ev->truncate.count; i++)
        fprintf(out, "\t%" PRIu32, ww_truncate_relation_id(&ev->truncate, i));
    if (op != 'T') {
        fprintf(out, "\t%" PRIu32, ev->relation_id);
        put_columns(out, ev->relation, tuple, false);
    }
    putc('\n', out);
    fclose(out);
    j->unit = u;
    u->rows++;
    rows_out++;
    put(&w->todo, j);
}

/* A row whose key changes leaves one worker and comes to another, at no particular moment. */
static void send_row(unit *u, const ww_event *ev)
{
    bool has_new = ev->new_tuple.kind != 0, has_old = ev->old_tuple.kind != 0;
    char *to = has_new ? key_of(ev->relation, ev->new_tuple) : NULL;
    char *from = has_old ? key_of(ev->relation, ev->old_tuple) : NULL;
    bool moves = to != NULL && from != NULL && strcmp(to, from) != 0;
    if (from != NULL && (to == NULL || moves))
        send_line(worker_of(from), u, ev, 'D', ev->old_tuple);
    if (to != NULL)
        send_line(worker_of(to), u, ev, moves ? 'I' : (char)ev->kind, ev->new_tuple);
    free(to);
    free(from);
}

/* ---- the main thread ------------------------------------------------------------------------ */

static ww_status confirm(ww_client *c, unit *u, ww_error *err)
{
    ww_status st = WW_OK;
    if (u->rows > 0 || u->end_lsn == 0)
        return WW_OK;
    st = ww_client_confirm(c, u->end_lsn, err);
    free(u);
    return st;
}

static ww_status take_done(ww_client *c, ww_error *err)
{
    ww_status st = WW_OK;
    job *j, *next;
    for (j = take(&done, false); j != NULL; j = next) {
        next = j->next;
        rows_out--;
        j->unit->rows--;
        if (st == WW_OK)
            st = confirm(c, j->unit, err);
        free(j->line);
        free(j);
    }
    return st;
}

static ww_status use(ww_client *c, unit **open, const ww_event *ev, ww_error *err)
{
    unit *u = *open;
    size_t i;
    if (u == NULL && (u = *open = calloc(1, sizeof *u)) == NULL)
        abort();
    if (ev->kind == WW_EV_INSERT || ev->kind == WW_EV_UPDATE || ev->kind == WW_EV_DELETE)
        send_row(u, ev);
    for (i = 0; ev->kind == WW_EV_TRUNCATE && i < worker_count; i++)
        send_line(&workers[i], u, ev, 'T', ev->new_tuple);
    u->end_lsn = ww_event_unit_lsn(ev);
    if (u->end_lsn == 0)
        return WW_OK;
    *open = NULL;
    return confirm(c, u, err);
}

/* Until the server sends, something is done, a signal comes, or it is time. */
static void wait_for(const ww_client *c, bool reads, ww_mono_us until)
{
    struct pollfd fds[2] = { { wake[0], POLLIN, 0 }, { -1, 0, 0 } };
    ww_mono_us now = ww_clock_mono(), ms = until > now ? (until - now + 999) / 1000 : 0;
    char bytes[256];
    if (reads) {
        fds[1].fd = ww_client_fd(c);
        fds[1].events = ww_client_poll_events(c);
    }
    poll(fds, 2, ms < 60000 ? (int)ms : 60000);
    while (read(wake[0], bytes, sizeof bytes) > 0) {
    }
}

/* The window is kept well before the client would refuse one unit more. */
static ww_status run(ww_client *c, ww_error *err)
{
    unit *open = NULL;
    ww_event ev;
    ww_status st = WW_OK;
    while (st >= 0 && st != WW_END && !stopping) {
        bool room = ww_stream_unconfirmed(ww_client_stream(c)) < window && rows_out < MAX_ROWS;
        st = room ? ww_client_next(c, &ev, err) : ww_client_feedback(c, err);
        if (room && st == WW_OK)
            st = use(c, &open, &ev, err);
        else if (st >= 0 && st != WW_END)
            wait_for(c, room, ww_client_deadline(c));
        if (st >= 0 && take_done(c, err) < 0)
            st = err->status;
    }
    return st;
}

/* What is out comes back, as far as it does; then the server is told a last time. */
static ww_status finish(ww_client *c, ww_error *err)
{
    ww_mono_us until = ww_clock_mono() + patience;
    ww_status st = WW_OK;
    size_t i;
    for (i = 0; i < worker_count; i++)
        put(&workers[i].todo, NULL);
    while (st >= 0 && rows_out > 0 && ww_clock_mono() < until) {
        ww_mono_us next = ww_client_deadline(c);
        wait_for(c, false, next < until ? next : until);
        st = take_done(c, err);
        if (st == WW_OK)
            st = ww_client_feedback(c, err);
    }
    return st < 0 ? st : ww_client_stop(c, ww_clock_mono() + patience, err);
}

static void prepare(void)
{
    struct sigaction action = { 0 };
    queue_init(&done);
    if (pipe(wake) != 0)
        abort();
    fcntl(wake[0], F_SETFL, O_NONBLOCK);
    fcntl(wake[1], F_SETFL, O_NONBLOCK);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv)
{
    ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
    ww_client *c;
    ww_error err = { 0 };
    ww_status st;
    if (argc != 7 || (worker_count = strtoul(argv[5], NULL, 10)) - 1 >= MAX_WORKERS ||
        (window = strtoul(argv[6], NULL, 10)) == 0) {
        fprintf(stderr, "usage: %s CONNINFO SLOT PUBLICATION DIRECTORY WORKERS WINDOW\n", argv[0]);
        return 2;
    }
    cfg.conninfo = argv[1];
    cfg.slot = argv[2];
    cfg.publications = argv[3];
    cfg.nonblocking = true;
    cfg.max_unconfirmed = window;
    prepare();
    if (!start_workers(argv[4]))
        return 2;
    c = ww_client_open(&cfg, &err);
    st = c == NULL ? err.status : run(c, &err);
    if (st >= 0)
        st = finish(c, &err);
    if (st < 0)
        fprintf(stderr, "%s: %s %s\n", err.what, err.subject, err.message);
    ww_client_close(c);
    return st < 0 || rows_out > 0;
}
