/* SPDX-License-Identifier: MIT */
/* slot.c: looks slots up, creates them, and turns a server's refusal into what to do about it. */
#include "slot.h"

#include "base/error.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 200u

static int server_version(const ww_session *s)
{
    ww_session_info info;
    ww_session_describe(s, &info);
    return info.server_version_num;
}

/* How each version says that a slot was invalidated, and why. 16 calls every reason a conflict;
 * only a standby has others than WAL that is gone. */
static const char *invalidation_column(int version)
{
    if (version >= 170000)
        return ", invalidation_reason";
    if (version >= 160000)
        return ", CASE WHEN conflicting OR wal_status = 'lost' THEN "
               "CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'conflict with recovery, or "
               "wal_removed' ELSE 'wal_removed' END END";
    return version >= 130000 ? ", CASE WHEN wal_status = 'lost' THEN 'wal_removed' END" : ", NULL";
}

ww_status ww__slot_look_up(ww_session *s, const char *name, ww__slot *out, ww_error *err)
{
    char sql[1024];
    char row[9][WIDTH];
    ww_text t = {sql, sizeof sql, 0};
    ww_status st;
    memset(out, 0, sizeof *out);
    ww_text_add(&t, "SELECT slot_type, plugin, database, temporary, active, active_pid, "
                    "confirmed_flush_lsn, ");
    ww_text_add(&t, server_version(s) >= 140000 ? "two_phase" : "false");
    ww_text_add(&t, invalidation_column(server_version(s)));
    ww_text_add(&t, " FROM pg_catalog.pg_replication_slots WHERE slot_name = ");
    ww_text_add_sql_literal(&t, ww_slice_of(name));
    st = ww_session_row_text(s, sql, 9, WIDTH, row[0], err);
    if (st != WW_OK)
        return st == WW_END ? WW_OK : st;
    out->exists = true;
    snprintf(out->type, sizeof out->type, "%.15s", row[0]);
    snprintf(out->plugin, sizeof out->plugin, "%.63s", row[1]);
    snprintf(out->database, sizeof out->database, "%.63s", row[2]);
    out->temporary = row[3][0] == 't';
    out->active = row[4][0] == 't';
    snprintf(out->active_pid, sizeof out->active_pid, "%.15s", row[5]);
    ww_lsn_parse(ww_slice_of(row[6]), &out->confirmed_flush);
    out->two_phase = row[7][0] == 't';
    snprintf(out->invalid, sizeof out->invalid, "%.63s", row[8]);
    return WW_OK;
}

ww_status ww__slot_create(ww_session *s, const ww_create_slot *slot, ww_lsn *consistent,
                          ww_error *err)
{
    char sql[512], row[2][WIDTH];
    ww_text t = {sql, sizeof sql, 0};
    ww_session_info info;
    ww_status st;
    ww_session_describe(s, &info);
    st = ww_create_slot_command(&t, slot, info.server_version_num, err);
    if (st == WW_OK)
        st = ww__session_slow_row_text(s, sql, 2, WIDTH, row[0],
                                       "creating the slot waits until the transactions that are "
                                       "running now have ended (on a standby: until the primary "
                                       "runs pg_log_standby_snapshot())",
                                       err);
    if (st == WW_ERR_CANCELLED)
        ww__session_cancel(s);
    if (st == WW_END || (st == WW_OK && !ww_lsn_parse(ww_slice_of(row[1]), consistent)))
        return ww__fail(err, WW_ERR_PROTOCOL, "CREATE_REPLICATION_SLOT returned no position");
    return st;
}

/* It is somebody else's, and perhaps in use: nothing here leads to dropping it. */
static ww_status wrong_slot(ww_error *err, const char *what, const char *name, const char *detail,
                            const char *is)
{
    ww__fail_text(err, WW_ERR_SERVER, what, name);
    if (err != NULL) {
        snprintf(err->sqlstate, sizeof err->sqlstate, "55000");
        snprintf(err->detail, sizeof err->detail, detail, is);
        snprintf(err->hint, sizeof err->hint, "Use another name.");
    }
    return WW_ERR_SERVER;
}

static ww_status invalid_slot(const ww_session *s, const char *name, const char *reason,
                              ww_error *err)
{
    ww__fail_text(err, WW_ERR_GAP, "the server has invalidated the slot: changes are lost for it",
                  name);
    if (err != NULL) {
        ww_text detail = {err->detail, sizeof err->detail, 0};
        ww_text hint = {err->hint, sizeof err->hint, 0};
        snprintf(err->sqlstate, sizeof err->sqlstate, "55000");
        ww_text_add(&detail, "Reason: ");
        ww_text_add(&detail, reason);
        ww_text_add(&detail, ". It never recovers. Drop it: ");
        ww__suggest(&detail, s, "drop", name);
        ww_text_add(&hint, "Then create it anew: ");
        ww__suggest(&hint, s, "create", name);
        ww_text_add(&hint, "; take the tables anew; stream (--init if a position is kept)");
    }
    return WW_ERR_GAP;
}

ww_status ww__slot_check(const ww_session *s, const ww__slot *slot, const char *name,
                         const char *plugin, const char *database, ww_error *err)
{
    if (strcmp(slot->type, "logical") != 0)
        return wrong_slot(err, "the slot is not a logical one", name,
                          "It is a %.15s slot, perhaps a standby's.", slot->type);
    if (strcmp(slot->plugin, plugin) != 0)
        return wrong_slot(err, "the slot belongs to another output plugin", name,
                          "Its plugin is \"%.63s\".", slot->plugin);
    if (strcmp(slot->database, database) != 0)
        return wrong_slot(err, "the slot belongs to another database", name,
                          "Its database is \"%.63s\".", slot->database);
    return slot->invalid[0] != '\0' ? invalid_slot(s, name, slot->invalid, err) : WW_OK;
}

/* ---- explanations --------------------------------------------------------------------------- */

/* `format` has at most one %s. */
static void set_hint(ww_error *err, const char *format, const char *name)
{
    snprintf(err->hint, sizeof err->hint, format, name);
}

static void explain_missing(ww_session *s, const char *name, bool wanted, ww_error *err)
{
    char list[1][300];
    ww_text hint = {err->hint, sizeof err->hint, 0};
    err->what = "no such replication slot";
    if (wanted) {
        ww_text_add(&hint, "Create it: ");
        ww__suggest(&hint, s, "create", name);
        ww_text_add(&hint, " (or add --create-slot). It has the changes made from then on.");
    }
    if (ww_session_row_text(
            s,
            "SELECT pg_catalog.string_agg(slot_name::text, ', ' ORDER BY slot_name) "
            "FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical' "
            "AND database = pg_catalog.current_database()",
            1, sizeof list[0], list[0], NULL) != WW_OK)
        return;
    if (list[0][0] == '\0')
        snprintf(err->detail, sizeof err->detail, "This database has no logical slot.");
    else
        snprintf(err->detail, sizeof err->detail, "Logical slots of this database: %s", list[0]);
}

/* Who may not see where others come from sees no backend_type either, which everybody has. */
static void explain_active(ww_session *s, const char *name, ww_error *err)
{
    char sql[1024], row[3][WIDTH];
    ww_text t = {sql, sizeof sql, 0};
    err->what = "the slot is in use";
    ww_text_add(&t,
                "SELECT a.pid, a.application_name, CASE WHEN a.backend_type IS NOT NULL THEN "
                "' from ' || coalesce(pg_catalog.host(a.client_addr), 'a local socket') END FROM "
                "pg_catalog.pg_replication_slots s JOIN pg_catalog.pg_stat_activity a "
                "ON a.pid = s.active_pid WHERE s.slot_name = ");
    ww_text_add_sql_literal(&t, ww_slice_of(name));
    if (ww_session_row_text(s, sql, 3, WIDTH, row[0], NULL) != WW_OK)
        return;
    snprintf(err->detail, sizeof err->detail,
             "It is used by \"%.100s\"%.100s (the server's process "
             "%.15s).",
             row[1], row[2], row[0]);
    set_hint(err,
             "Stop that consumer. A walwire connects again by itself: stop that process, not its "
             "session. Of one that is gone, the server notices that after wal_sender_timeout, or "
             "at once by: SELECT pg_terminate_backend(%.15s)",
             row[0]);
}

void ww__slot_two_phase_hint(ww_session *s, const char *name, ww_error *err)
{
    ww_text hint = {err != NULL ? err->hint : NULL, sizeof err->hint, 0};
    if (err == NULL)
        return;
    snprintf(err->sqlstate, sizeof err->sqlstate, "55000");
    snprintf(err->detail, sizeof err->detail, "Its two_phase property is set.");
    ww_text_add(&hint, "Take them: add --two-phase. Or ");
    if (server_version(s) >= 180000) {
        ww_text_add(&hint, "clear it, while no transaction is prepared: ");
        ww__suggest(&hint, s, "alter --two-phase off", name);
    } else {
        ww_text_add(&hint, "use another slot: this server cannot clear it.");
    }
}

void ww__slot_wal_level_hint(ww_error *err)
{
    if (err == NULL)
        return;
    snprintf(err->sqlstate, sizeof err->sqlstate, "55000");
    snprintf(err->hint, sizeof err->hint,
             "Run: ALTER SYSTEM SET wal_level = logical; then restart the server.");
}

static void explain_state(ww_session *s, ww_error *err)
{
    char level[1][WIDTH];
    if (ww_session_row_text(s,
                            "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_level'",
                            1, WIDTH, level[0], NULL) != WW_OK ||
        strcmp(level[0], "logical") == 0)
        return;
    snprintf(err->detail, sizeof err->detail, "wal_level is \"%.30s\".", level[0]);
    ww__slot_wal_level_hint(err);
}

/* Servers since August 2026 load only the plugins that a setting lists. */
static void explain_privilege(ww_session *s, ww_error *err)
{
    char libraries[1][WIDTH];
    if (ww_session_row_text(s, "SELECT pg_catalog.current_setting('output_plugin_libraries', true)",
                            1, WIDTH, libraries[0], NULL) != WW_OK ||
        libraries[0][0] == '\0')
        return;
    snprintf(err->detail, sizeof err->detail, "output_plugin_libraries is \"%.150s\".",
             libraries[0]);
    snprintf(err->hint, sizeof err->hint,
             "If the plugin is not among them, as superuser: ALTER SYSTEM SET "
             "output_plugin_libraries = pgoutput, test_decoding, wal2json; then SELECT "
             "pg_reload_conf()");
}

static void explain_existing(ww_error *err)
{
    err->what = "the slot exists already";
    snprintf(err->hint, sizeof err->hint,
             "Use it as it is: add --if-not-exists. Or use another name.");
}

void ww__slot_explain(ww_session *s, const char *name, bool wanted, ww_error *err)
{
    if (err == NULL || err->status != WW_ERR_SERVER)
        return;
    if (err->subject[0] == '\0')
        ww__error_add_text(err, name);
    if (strcmp(err->sqlstate, "42704") == 0)
        explain_missing(s, name, wanted, err);
    else if (strcmp(err->sqlstate, "42501") == 0)
        explain_privilege(s, err);
    else if (strcmp(err->sqlstate, "55006") == 0)
        explain_active(s, name, err);
    else if (strcmp(err->sqlstate, "55000") == 0)
        explain_state(s, err);
    else if (strcmp(err->sqlstate, "42710") == 0)
        explain_existing(err);
    else if (strcmp(err->sqlstate, "53400") == 0)
        set_hint(
            err,
            "Raise max_replication_slots and restart the server, or drop a slot that nobody uses: "
            "SELECT slot_name, active FROM pg_replication_slots%.0s",
            name);
}

/* ---- the commands, for programs ------------------------------------------------------------- */

/* A slot that exists already: is it the one that was asked for? */
static ww_status accept_existing(ww_session *s, const char *name, const char *plugin, ww_lsn *lsn,
                                 bool *existed, ww_error *err)
{
    char database[1][WIDTH];
    ww__slot slot;
    ww_status st = ww__slot_look_up(s, name, &slot, err);
    *existed = st == WW_OK && slot.exists;
    if (!*existed)
        return st;
    *lsn = slot.confirmed_flush;
    st = ww_session_row_text(s, "SELECT pg_catalog.current_database()", 1, WIDTH, database[0], err);
    return st == WW_OK ? ww__slot_check(s, &slot, name, plugin, database[0], err) : st;
}

ww_status ww_session_create_slot(ww_session *s, const ww_client_slot *slot, ww_lsn *lsn,
                                 bool *existed, ww_error *err)
{
    const char *plugin = slot->plugin != NULL ? slot->plugin : "pgoutput";
    ww_create_slot create;
    ww_status st = ww_slot_name_check(ww_slice_of(slot->name), err);
    *existed = false;
    if (st == WW_OK && slot->if_not_exists)
        st = accept_existing(s, slot->name, plugin, lsn, existed, err);
    if (st < 0 || *existed)
        return st;
    memset(&create, 0, sizeof create);
    create.name = ww_slice_of(slot->name);
    create.plugin = ww_slice_of(plugin);
    create.snapshot = WW_SNAPSHOT_NOTHING;
    create.two_phase = slot->two_phase;
    create.failover = slot->failover;
    st = ww__slot_create(s, &create, lsn, err);
    ww__slot_explain(s, slot->name, false, err);
    return st;
}

ww_status ww_session_drop_slot(ww_session *s, const char *name, ww_error *err)
{
    char sql[256];
    ww_text t = {sql, sizeof sql, 0};
    ww_status st = ww_drop_slot_command(&t, ww_slice_of(name), false, err);
    if (st < 0)
        return st;
    st = ww_session_exec(s, sql, err);
    ww__slot_explain(s, name, false, err);
    return st;
}

ww_status ww_session_alter_slot(ww_session *s, const char *name, int two_phase, int failover,
                                ww_error *err)
{
    char sql[256];
    ww_text t = {sql, sizeof sql, 0};
    ww_status st =
        ww_alter_slot_command(&t, ww_slice_of(name), two_phase, failover, server_version(s), err);
    if (st < 0)
        return st;
    st = ww_session_exec(s, sql, err);
    ww__slot_explain(s, name, false, err);
    return st;
}

/* The server would move it as far as it can, which is not what was meant: up to its WAL's end, all
 * that was still to come would be given up. */
static ww_status check_target(ww_session *s, const char *target, ww_error *err)
{
    char sql[512], row[2][WIDTH];
    ww_text t = {sql, sizeof sql, 0};
    ww_status st;
    ww_text_add(&t, "SELECT e, e < ");
    ww_text_add_sql_literal(&t, ww_slice_of(target));
    ww_text_add(&t,
                "::pg_catalog.pg_lsn FROM (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN "
                "pg_catalog.pg_last_wal_replay_lsn() ELSE "
                "pg_catalog.pg_current_wal_insert_lsn() END) AS x(e)");
    st = ww_session_row_text(s, sql, 2, WIDTH, row[0], err);
    if (st < 0 || row[1][0] != 't')
        return st;
    ww__fail_text(err, WW_ERR_USAGE, "the server's WAL does not reach that far", target);
    if (err != NULL) {
        snprintf(err->detail, sizeof err->detail, "It ends at %.20s.", row[0]);
        snprintf(err->hint, sizeof err->hint,
                 "Look at the position again: what the slot is moved over never comes.");
    }
    return WW_ERR_USAGE;
}

ww_status ww_session_advance_slot(ww_session *s, const char *name, ww_lsn lsn, ww_lsn *reached,
                                  ww_error *err)
{
    char sql[512], text[WW_LSN_TEXT_SIZE], row[1][WIDTH];
    ww_text t = {sql, sizeof sql, 0};
    ww_session_info info;
    ww_status st = ww_slot_name_check(ww_slice_of(name), err);
    if (st < 0)
        return st;
    ww_session_describe(s, &info);
    if (info.server_version_num < 110000)
        return ww__fail_text(err, WW_ERR_USAGE,
                             "moving a slot needs PostgreSQL 11 or newer; this is",
                             info.server_version);
    ww_lsn_format(lsn, text);
    if ((st = check_target(s, text, err)) < 0)
        return st;
    ww_text_add(&t, "SELECT end_lsn FROM pg_catalog.pg_replication_slot_advance(");
    ww_text_add_sql_literal(&t, ww_slice_of(name));
    ww_text_add(&t, ", ");
    ww_text_add_sql_literal(&t, ww_slice_of(text));
    ww_text_add(&t, ")");
    st = ww__session_slow_row_text(s, sql, 1, WIDTH, row[0],
                                   "the server reads its WAL up to there before it answers", err);
    if (st == WW_END || (st == WW_OK && !ww_lsn_parse(ww_slice_of(row[0]), reached)))
        return ww__fail(err, WW_ERR_PROTOCOL, "pg_replication_slot_advance returned no position");
    ww__slot_explain(s, name, false, err);
    return st;
}
