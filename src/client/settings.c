/* SPDX-License-Identifier: MIT */
/* settings.c: the session settings that make the server's text output the same everywhere, and let
 * the one warning through that tells of a gap. They go into the startup packet, where they win over
 * ALTER ROLE, ALTER DATABASE and over what `options` says. */
#include "session.h"

static const ww_param pinned[] = {
    {"client_encoding", "UTF8"}, {"DateStyle", "ISO"},    {"IntervalStyle", "postgres"},
    {"extra_float_digits", "3"}, {"bytea_output", "hex"}, {"TimeZone", "UTC"},
    {"lc_monetary", "C"},        {"search_path", ""},     {"client_min_messages", "notice"},
};

size_t ww__session_params(const ww_conninfo *info, ww_param *params, size_t cap)
{
    size_t n = 0, i;
    const char *name = info->application_name != NULL && info->application_name[0] != '\0'
                           ? info->application_name
                           : info->fallback_application_name;
    if (info->options != NULL && n < cap) {
        params[n].name = "options";
        params[n++].value = info->options;
    }
    if (n < cap) {
        params[n].name = "application_name";
        params[n++].value = name != NULL ? name : "walwire";
    }
    for (i = 0; i < sizeof pinned / sizeof pinned[0] && n < cap; i++)
        params[n++] = pinned[i];
    return n;
}

/* What is not UTF-8 there cannot be asked for as UTF-8: the server sends it to nobody
 * (docs/adr/0009-sql-ascii-as-it-is.md). */
ww_status ww__session_settle_encoding(ww_session *s, ww_mono_us deadline, ww_error *err)
{
    ww_msg row;
    ww_status st = WW_OK;
    if (!s->conn.sql_ascii)
        return WW_OK;
    st = ww_session_query(s, "SET client_encoding = 'SQL_ASCII'", err);
    while (st == WW_OK)
        st = ww__session_row_until(s, &row, deadline, err);
    return st == WW_END ? WW_OK : st;
}
