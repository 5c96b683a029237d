/* SPDX-License-Identifier: MIT */
/* connection.c: where to connect, from arguments and environment. */
#include "cli.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static bool set_if_given(ww_conninfo *info, const char *keyword, const char *value, ww_error *err)
{
    return value == NULL || ww_conninfo_set(info, keyword, ww_slice_of(value), err) == WW_OK;
}

/* Other users can read the arguments of a process: a password there is overwritten before we
 * connect. */
static void hide_argument(char *conninfo)
{
    memset(conninfo, 'x', strlen(conninfo));
}

/* "user:password@host" without "postgresql://" would be a database's name, which the first server
 * that listens would get, and log. */
static bool is_uri_without_scheme(const char *conninfo)
{
    return strchr(conninfo, '=') == NULL && strstr(conninfo, "://") == NULL &&
           strchr(conninfo, ':') != NULL && strchr(conninfo, '@') != NULL;
}

static bool parse(ww_conninfo *info, char *conninfo, ww_error *err)
{
    bool ok;
    if (conninfo == NULL)
        return true;
    if (is_uri_without_scheme(conninfo)) {
        hide_argument(conninfo);
        ww__fail(err, WW_ERR_USAGE,
                 "a database's name with ':' and '@' may be a URI with a password: write "
                 "postgresql:// before it, or dbname='NAME'");
        return false;
    }
    ok = ww_conninfo_parse(info, ww_slice_of(conninfo), err) == WW_OK;
    if (ok && ww_conninfo_has_secret(info))
        hide_argument(conninfo);
    return ok;
}

/* What libpq would obey and we do not: the session's settings are pinned, so that the same change
 * is the same text everywhere; and no keys leave the process. */
static void say_ignored(const ww_conninfo *info)
{
    static const char *const variables[] = {"PGTZ", "PGDATESTYLE", "PGGEQO"};
    size_t i;
    for (i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (getenv(variables[i]) != NULL)
            report_at(WW_LOG_INFO, "%s is ignored: this session setting is fixed", variables[i]);
    if (info->sslkeylogfile != NULL)
        report_at(WW_LOG_INFO, "sslkeylogfile is ignored: walwire writes no TLS keys");
}

/* What the environment held is in the conninfo now. Nobody finds it in ours any more, nor does a
 * child get it. */
static void clear_environment(const char *name)
{
    char *value = getenv(name);
    if (value == NULL)
        return;
    ww_wipe(value, strlen(value));
    unsetenv(name);
}

int connection_read(const options *o, ww_conninfo *info)
{
    ww_error err;
    bool ok;
    ww_conninfo_init(info, ww_alloc_secret());
    ok = parse(info, o->conninfo, &err) && set_if_given(info, "host", o->host, &err) &&
         set_if_given(info, "port", o->port, &err) && set_if_given(info, "user", o->user, &err) &&
         ww_conninfo_complete(info, &err) == WW_OK;
    if (ok) {
        say_ignored(info);
        clear_environment("PGPASSWORD");
        clear_environment("WALWIRE_OAUTH_TOKEN");
        ok = !o->force_prompt || prompt_anywhere(info, &err);
    }
    if (ok)
        return EXIT_DONE;
    ww_conninfo_fini(info);
    if (err.status == WW_ERR_CANCELLED)
        return signals_exit_code();
    report_error(&err);
    return EXIT_USAGE;
}

static bool may_prompt(const options *o, const ww_conninfo *info, const ww_error *err)
{
    return !o->never_prompt && info->password == NULL && ww_error_needs_password(err);
}

bool connection_prompt(const options *o, ww_conninfo *info, ww_error *err)
{
    return may_prompt(o, info, err) && prompt_terminal(info, err);
}

ww_status connection_open(const options *o, ww_conninfo *info, ww_session **out, ww_error *err)
{
    ww_session_config config;
    ww_status st;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.conninfo = info;
    config.wake_fd = signals_fd();
    config.log = report_log(o);
    config.trace = trace_hook();
    config.oauth_token_file = o->oauth_token_file;
    st = ww_session_open(out, &config, err);
    if (st < 0 && connection_prompt(o, info, err))
        st = ww_session_open(out, &config, err);
    if (st == WW_OK)
        dumps_allow();
    return st < 0 ? err->status : st;
}
