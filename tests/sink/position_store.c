/* SPDX-License-Identifier: MIT */
/* position_store.c: a consumer's session and its position in a table, told what to do line by line;
 * driven by tests/server/test_position_table.py.
 *
 *     position_store CONNINFO TABLE CONSUMER     (TABLE "": the default)
 *
 *     sql STATEMENT   runs it                     each answered by one line: OK, MORE, END or
 *     save LSN        the store's save()          what failed, by the SQLSTATE if it has one;
 *     load            the store's load()          load: its fields
 *     unit LSN        ww_position_table_save() */
#include <walwire/walwire.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 4096u

static const char *answer(ww_status st, const ww_error *err)
{
    if (st >= 0)
        return st == WW_OK ? "OK" : st == WW_MORE ? "MORE" : "END";
    fprintf(stderr, "%s %s %s\n", err->what, err->subject, err->message);
    return err->sqlstate[0] != '\0' ? err->sqlstate : err->what;
}

static ww_lsn number(const char *text)
{
    ww_lsn lsn = 0;
    if (!ww_lsn_parse(ww_slice_of(text), &lsn))
        fprintf(stderr, "no LSN: %s\n", text);
    return lsn;
}

static ww_status save(const ww_position_store *store, const char *text, ww_error *err)
{
    ww_position p;
    memset(&p, 0, sizeof p);
    p.acked = number(text);
    p.system_id = UINT64_MAX;
    p.timeline = UINT32_MAX;
    snprintf(p.slot, sizeof p.slot, "s'1");
    snprintf(p.database, sizeof p.database, "a \\ \"b\"");
    return store->save(store->ctx, &p, err);
}

static void load(const ww_position_store *store, ww_error *err)
{
    char end[WW_LSN_TEXT_SIZE], acked[WW_LSN_TEXT_SIZE];
    ww_position p;
    ww_status st = store->load(store->ctx, &p, err);
    if (st != WW_OK) {
        puts(answer(st, err));
        return;
    }
    ww_lsn_format(p.end_lsn, end);
    ww_lsn_format(p.acked, acked);
    printf("%s %s %" PRIu64 " %" PRIu32 " %s %s\n", end, acked, p.system_id, p.timeline, p.slot,
           p.database);
}

static void obey(ww_session *session, ww_position_table *table, const char *line)
{
    const ww_position_store *store = ww_position_table_store(table);
    ww_error err;
    ww_error_clear(&err);
    if (strncmp(line, "sql ", 4) == 0)
        puts(answer(ww_session_exec(session, line + 4, &err), &err));
    else if (strncmp(line, "save ", 5) == 0)
        puts(answer(save(store, line + 5, &err), &err));
    else if (strncmp(line, "unit ", 5) == 0)
        puts(answer(ww_position_table_save(table, number(line + 5), &err), &err));
    else if (strcmp(line, "load") == 0)
        load(store, &err);
    else
        puts("what?");
    fflush(stdout);
}

static ww_status connect_to(ww_session **session, ww_conninfo *info, const char *text,
                            ww_error *err)
{
    ww_session_config config = {.struct_size = sizeof config, .wake_fd = -1, .plain = true};
    ww_status st = ww_conninfo_parse(info, ww_slice_of(text), err);
    if (st == WW_OK)
        st = ww_conninfo_complete(info, err);
    config.conninfo = info;
    return st == WW_OK ? ww_session_open(session, &config, err) : st;
}

int main(int argc, char **argv)
{
    char line[LINE_SIZE];
    ww_position_table *table = NULL;
    ww_session *session = NULL;
    ww_conninfo info;
    ww_error err;
    ww_status st;
    if (argc != 4)
        return 2;
    ww_error_clear(&err);
    ww_conninfo_init(&info, ww_alloc_malloc());
    st = connect_to(&session, &info, argv[1], &err);
    if (st == WW_OK)
        st = ww_position_table_open(&table, session, argv[2][0] == '\0' ? NULL : argv[2], argv[3],
                                    &err);
    puts(answer(st, &err));
    fflush(stdout);
    while (st == WW_OK && fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(session, table, line);
    }
    ww_position_table_close(table);
    ww_session_close(session);
    ww_conninfo_fini(&info);
    return st == WW_OK ? 0 : 1;
}
