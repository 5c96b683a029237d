/* SPDX-License-Identifier: MIT */
/* settings.c: the session settings that make the server's text output the same everywhere. They go
 * into the startup packet, where they win over ALTER ROLE, ALTER DATABASE and over what `options`
 * says. */
#include "session.h"

static const ww_param pinned[] = {
    {"client_encoding", "UTF8"}, {"DateStyle", "ISO"},    {"IntervalStyle", "postgres"},
    {"extra_float_digits", "3"}, {"bytea_output", "hex"}, {"TimeZone", "UTC"},
    {"lc_monetary", "C"},        {"search_path", ""},
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
