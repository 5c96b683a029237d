/* SPDX-License-Identifier: MIT */
/* exactly_once.c: effects in another PostgreSQL, each exactly once, whatever crashes:
 *
 *     example_exactly_once 'postgresql://app@db/shop' my_slot my_publication
 *                          'postgresql://app@dw/copy' my_consumer
 *
 * Each transaction of the source becomes one transaction of the target, which holds its rows'
 * effects and the position behind it. So the position is what the effects are, never more and never
 * less; what is told to the slot comes later, and may be lost. The effect is a line in the table
 * public.arrived (relation text, op text, first text): twice would be seen. */
#include <walwire/walwire.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct target {
    ww_conninfo conninfo;
    ww_session *session;
    ww_position_table *position;
    bool open; /* a transaction */
} target;

static int wake[2];

static void on_signal(int number)
{
    ssize_t ignored = write(wake[1], "", 1);
    (void)number;
    (void)ignored;
}

static ww_status open_target(target *t, const char *conninfo, const char *consumer, ww_error *err)
{
    ww_session_config config = { .struct_size = sizeof config, .wake_fd = -1, .plain = true };
    ww_status st;
    ww_conninfo_init(&t->conninfo, ww_alloc_secret());
    st = ww_conninfo_parse(&t->conninfo, ww_slice_of(conninfo), err);
    if (st == WW_OK)
        st = ww_conninfo_complete(&t->conninfo, err);
    config.conninfo = &t->conninfo;
    if (st == WW_OK)
        st = ww_session_open(&t->session, &config, err);
    if (st == WW_OK)
        st = ww_position_table_open(&t->position, t->session, NULL, consumer, err);
    return st;
}

static void close_target(target *t) /* which rolls back what is open */
{
    ww_position_table_close(t->position);
    ww_session_close(t->session);
    ww_conninfo_fini(&t->conninfo);
}

/* Table, kind of change, and the first column of the row. */
static ww_status apply(target *t, const ww_event *ev, ww_error *err)
{
    ww_tuple_iter it = ww_tuple_begin(ev->new_tuple.kind != 0 ? ev->new_tuple : ev->old_tuple);
    ww_slice kind = { (const uint8_t *)ww_event_kind_name(ev->kind), 1 };
    ww_column first = { { NULL, 0 }, WW_COLUMN_NULL };
    char room[2000];
    ww_text sql = { room, sizeof room, 0 };
    ww_status st = t->open ? WW_OK : ww_session_exec(t->session, "BEGIN", err);
    if (st < 0)
        return st;
    t->open = true;
    ww_tuple_next(&it, &first);
    ww_text_add(&sql, "INSERT INTO public.arrived VALUES (");
    ww_text_add_sql_literal(&sql, ev->relation->relname);
    ww_text_add(&sql, ", ");
    ww_text_add_sql_literal(&sql, kind);
    ww_text_add(&sql, ", ");
    ww_text_add_sql_literal(&sql, first.value);
    ww_text_add(&sql, ")");
    if (ww_text_fits(&sql))
        return ww_session_exec(t->session, sql.text, err);
    err->status = WW_ERR_LIMIT;
    err->what = "the first column is too long for this example";
    return WW_ERR_LIMIT;
}

/* Effects and position together; then the slot may move. */
static ww_status finish(target *t, ww_client *c, ww_lsn end_lsn, ww_error *err)
{
    ww_status st = WW_OK;
    if (t->open && (st = ww_position_table_save(t->position, end_lsn, err)) == WW_OK)
        st = ww_session_exec(t->session, "COMMIT", err);
    if (st < 0)
        return st;
    t->open = false;
    return ww_client_confirm(c, end_lsn, err);
}

static ww_status run(target *t, ww_client *c, ww_error *err)
{
    ww_event ev;
    ww_status st;
    while ((st = ww_client_next(c, &ev, err)) == WW_OK) {
        ww_lsn end_lsn = ww_event_unit_lsn(&ev);
        if (ev.kind == WW_EV_INSERT || ev.kind == WW_EV_UPDATE || ev.kind == WW_EV_DELETE)
            st = apply(t, &ev, err);
        if (st == WW_OK && end_lsn != 0)
            st = finish(t, c, end_lsn, err);
        if (st < 0)
            return st;
    }
    return st;
}

int main(int argc, char **argv)
{
    ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
    target t = { 0 };
    ww_client *c = NULL;
    ww_error err = { 0 };
    ww_status st;
    if (argc != 6 || pipe(wake) != 0) {
        fprintf(stderr, "usage: %s SOURCE SLOT PUBLICATION TARGET CONSUMER\n", argv[0]);
        return 2;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    st = open_target(&t, argv[4], argv[5], &err);
    if (st == WW_OK) {
        cfg.conninfo = argv[1];
        cfg.slot = argv[2];
        cfg.publications = argv[3];
        cfg.positions = ww_position_table_store(t.position);
        cfg.wake_fd = wake[0];
        cfg.slot_wait_us = 60000000; /* another one may still be at it, as in a rolling deploy */
        c = ww_client_open(&cfg, &err);
        st = c == NULL ? err.status : run(&t, c, &err);
    }
    if (st == WW_ERR_CANCELLED && c != NULL) { /* what is open comes again */
        char signals[64];
        ssize_t taken = read(wake[0], signals, sizeof signals); /* it is awake */
        if (taken > 0 && t.open)
            ww_session_exec(t.session, "ROLLBACK", &err);
        st = ww_client_stop(c, ww_clock_mono() + 10000000, &err);
    }
    if (st < 0)
        fprintf(stderr, "%s: %s %s\n", err.what, err.subject, err.message);
    ww_client_close(c);
    close_target(&t);
    return st < 0;
}
