/* SPDX-License-Identifier: MIT */
/* info.c: walwire info: what a connection finds. */
#include "cli.h"

#include <stdio.h>

static void print_line(const char *name, const char *value)
{
    char shown[512];
    ww_text_escape(ww_slice_of(value), shown, sizeof shown);
    printf("%-16s %s\n", name, shown);
}

static void print_info(const ww_session *s, const ww_system *system, const char *wal_level)
{
    ww_session_info info;
    char lsn[WW_LSN_TEXT_SIZE], text[160];
    ww_session_describe(s, &info);
    ww_lsn_format(system->wal_position, lsn);
    print_line("server", info.server_version);
    print_line("address", info.address);
    print_line("database", system->database);
    snprintf(text, sizeof text, "%llu", (unsigned long long)system->system_id);
    print_line("system id", text);
    snprintf(text, sizeof text, "%lu", (unsigned long)system->timeline);
    print_line("timeline", text);
    print_line("WAL position", lsn);
    print_line("wal_level", wal_level);
    snprintf(text, sizeof text, "%s%s%s", info.tls_version[0] != '\0' ? info.tls_version : "none",
             info.tls_cipher[0] != '\0' ? ", " : "", info.tls_cipher);
    print_line("encryption", text);
    print_line("authentication", info.auth_method);
    snprintf(text, sizeof text, "%u.%u", (unsigned)(info.protocol >> 16),
             (unsigned)(info.protocol & 0xffff));
    print_line("protocol", text);
    snprintf(text, sizeof text, "%lu", (unsigned long)info.backend_pid);
    print_line("backend pid", text);
}

int command_info(options *o)
{
    ww_conninfo info;
    ww_session *s = NULL;
    ww_system system;
    ww_error err;
    char wal_level[1][64] = {""};
    ww_status st;
    bool connected;
    int code;
    code = connection_read(o, &info);
    if (code != EXIT_DONE)
        return code;
    st = connection_open(o, &info, &s, &err);
    connected = st == WW_OK;
    if (st == WW_OK)
        st = ww_session_identify(s, &system, &err);
    if (st == WW_OK)
        st = ww_session_row_text(
            s, "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_level'", 1,
            sizeof wal_level[0], wal_level[0], &err);
    if (st == WW_OK)
        print_info(s, &system, wal_level[0]);
    ww_session_close(s);
    ww_conninfo_fini(&info);
    if (st < 0)
        return connected ? report_and_exit_code(&err) : report_open_failure(&err);
    return EXIT_DONE;
}
