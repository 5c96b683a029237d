/* SPDX-License-Identifier: MIT */
/* slot.c: walwire slot create, drop, list, advance and alter. */
#include "cli.h"

#include "format/json.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 256u

static ww_status create(const options *o, ww_session *s, ww_error *err)
{
    ww_client_slot slot;
    ww_lsn lsn = 0;
    char text[WW_LSN_TEXT_SIZE];
    bool existed = false;
    ww_status st;
    memset(&slot, 0, sizeof slot);
    slot.name = o->slot;
    slot.plugin = o->plugin != NULL ? o->plugin : "pgoutput";
    slot.if_not_exists = o->if_not_exists;
    slot.two_phase = o->two_phase;
    slot.failover = o->failover;
    st = ww_session_create_slot(s, &slot, &lsn, &existed, err);
    if (st < 0)
        return st;
    ww_lsn_format(lsn, text);
    if (!o->quiet)
        printf("slot \"%s\" %s at %s\n", o->slot, existed ? "exists already," : "created", text);
    return WW_OK;
}

static ww_status drop(const options *o, ww_session *s, ww_error *err)
{
    ww_status st = ww_session_drop_slot(s, o->slot, err);
    if (st == WW_ERR_SERVER && strcmp(err->sqlstate, "42704") == 0 && o->if_exists)
        return WW_OK;
    if (st == WW_OK && !o->quiet)
        printf("slot \"%s\" dropped\n", o->slot);
    return st;
}

static ww_status alter(const options *o, ww_session *s, ww_error *err)
{
    ww_status st = ww_session_alter_slot(s, o->slot, o->alter_two_phase, o->alter_failover, err);
    if (st == WW_OK && !o->quiet)
        printf("slot \"%s\" altered\n", o->slot);
    return st;
}

static ww_status advance(const options *o, ww_session *s, ww_error *err)
{
    ww_lsn reached = 0;
    char text[WW_LSN_TEXT_SIZE];
    ww_status st = ww_session_advance_slot(s, o->slot, o->advance_to, &reached, err);
    if (st < 0)
        return st;
    ww_lsn_format(reached, text);
    if (!o->quiet)
        printf("slot \"%s\" is at %s\n", o->slot, text);
    return WW_OK;
}

/* ---- list ----------------------------------------------------------------------------------- */

static const char list_sql[] =
    "SELECT slot_name, slot_type, plugin, database, active, temporary, restart_lsn, "
    "confirmed_flush_lsn, CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE "
    "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn) END "
    "FROM pg_catalog.pg_replication_slots ORDER BY slot_name";

static const char *const list_names[] = {
    "slot",          "type",      "plugin",      "database",
    "active",        "temporary", "restart_lsn", "confirmed_flush_lsn",
    "retained_bytes"};
#define LIST_COLUMNS (sizeof list_names / sizeof list_names[0])

static void print_json_value(size_t column, ww_slice value)
{
    static const ww__policy policy = {.terminal = true};
    uint8_t buffer[WIDTH * 6];
    ww_out out;
    if (value.ptr == NULL) {
        fputs("null", stdout);
        return;
    }
    if (column == 4 || column == 5) {
        fputs(value.len > 0 && value.ptr[0] == 't' ? "true" : "false", stdout);
        return;
    }
    memset(&out, 0, sizeof out);
    out.ptr = buffer;
    out.cap = sizeof buffer;
    if (column == 8)
        ww__out_put(&out, value.ptr, value.len);
    else
        ww__json_text(&out, &policy, value);
    fwrite(out.ptr, 1, out.len, stdout);
}

static void print_row_json(const ww_msg *row)
{
    ww_row_iter it = ww_row_begin(row);
    ww_slice value;
    size_t i;
    for (i = 0; i < LIST_COLUMNS && ww_row_next(&it, &value); i++) {
        printf("%s\"%s\":", i == 0 ? "{" : ",", list_names[i]);
        print_json_value(i, value);
    }
    puts("}");
}

/* slot, plugin, database, active, confirmed, retained */
static void print_row(const ww_msg *row)
{
    static const int shown[LIST_COLUMNS] = {24, 0, 16, 16, 7, 0, 0, 20, 16};
    ww_row_iter it = ww_row_begin(row);
    ww_slice value;
    size_t i;
    for (i = 0; i < LIST_COLUMNS && ww_row_next(&it, &value); i++) {
        char text[WIDTH];
        if (shown[i] == 0)
            continue;
        if (i == 4)
            snprintf(text, sizeof text, "%s", value.len > 0 && value.ptr[0] == 't' ? "yes" : "no");
        else
            ww_text_escape(value.ptr != NULL ? value : ww_slice_of("-"), text, sizeof text);
        printf("%-*s ", shown[i], text);
    }
    puts("");
}

static ww_status list(const options *o, ww_session *s, ww_error *err)
{
    ww_msg row;
    ww_status st = ww_session_query(s, list_sql, err);
    if (st == WW_OK && !o->json)
        printf("%-24s %-16s %-16s %-7s %-20s %s\n", "slot", "plugin", "database", "active",
               "confirmed_flush_lsn", "retained_bytes");
    while (st == WW_OK && (st = ww_session_row(s, &row, err)) == WW_OK) {
        if (o->json)
            print_row_json(&row);
        else
            print_row(&row);
    }
    return st == WW_END ? WW_OK : st;
}

static int report_attempt(const options *o, const ww_error *err)
{
    char attempt[160];
    const char *verb = o->command == CMD_SLOT_CREATE    ? "create"
                       : o->command == CMD_SLOT_DROP    ? "drop"
                       : o->command == CMD_SLOT_ADVANCE ? "advance"
                       : o->command == CMD_SLOT_ALTER   ? "alter"
                                                        : NULL;
    if (verb != NULL)
        snprintf(attempt, sizeof attempt, "cannot %s slot \"%.100s\"", verb, o->slot);
    else
        snprintf(attempt, sizeof attempt, "cannot list the slots");
    if (err->status != WW_ERR_CANCELLED)
        report_failure(attempt, err);
    return exit_code_for(err);
}

int command_slot(options *o)
{
    ww_conninfo info;
    ww_session *s = NULL;
    ww_error err;
    ww_status st;
    bool connected;
    int code;
    code = connection_read(o, &info);
    if (code != EXIT_DONE)
        return code;
    st = connection_open(o, &info, &s, &err);
    connected = st == WW_OK;
    if (st == WW_OK)
        st = o->command == CMD_SLOT_CREATE    ? create(o, s, &err)
             : o->command == CMD_SLOT_DROP    ? drop(o, s, &err)
             : o->command == CMD_SLOT_ADVANCE ? advance(o, s, &err)
             : o->command == CMD_SLOT_ALTER   ? alter(o, s, &err)
                                              : list(o, s, &err);
    ww_session_close(s);
    ww_conninfo_fini(&info);
    if (st < 0 && connected)
        return report_attempt(o, &err);
    return st < 0 ? report_open_failure(&err) : EXIT_DONE;
}
