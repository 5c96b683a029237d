/* SPDX-License-Identifier: MIT */
/* service.c: the last steps to a conninfo that can be used: service file, environment, check.
 * Source: parseServiceInfo in fe-connect.c. */
#include "session.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_FILE_MAX ((off_t)1 << 20)
#define PATH_SIZE 4096u

/* Where libpq looks if PGSYSCONFDIR is not set depends on who built it: Debian, PGDG's RPMs,
 * others.
 */
static const char *const system_dirs[] = {
    "/etc/postgresql-common",
    "/etc/sysconfig/pgsql",
    "/etc/postgresql",
    "/usr/local/pgsql/etc",
};

static ww_status fail_file(ww_error *err, const char *what, const char *path, int sys_errno)
{
    ww__fail_text(err, WW_ERR_USAGE, what, path);
    if (err != NULL)
        err->sys_errno = sys_errno;
    return WW_ERR_USAGE;
}

static ww_status read_text(ww__secret *text, const char *path, ww_error *err)
{
    struct stat file;
    ww_status st;
    int fd = ww__plain_open(path, &file);
    if (fd < 0)
        return fail_file(err,
                         errno != 0 ? "a service file cannot be opened"
                                    : "a service file is not a plain file",
                         path, errno);
    if (file.st_size > SERVICE_FILE_MAX)
        st = fail_file(err, "a service file is larger than 1 MiB", path, 0);
    else if ((st = ww__secret_read(text, fd, (size_t)file.st_size)) == WW_ERR_IO)
        st = fail_file(err, "a service file cannot be read", path, errno);
    else if (st < 0)
        st = ww__fail(err, WW_ERR_NOMEM, "no memory for a service file");
    close(fd);
    return st;
}

static ww_status read_service_file(ww_conninfo *c, const char *path, bool *found, ww_error *err)
{
    ww__secret text = {NULL, 0, 0}; /* may hold passwords */
    ww_status st = read_text(&text, path, err);
    if (st == WW_OK) {
        ww_slice file = {(const uint8_t *)text.text, text.len};
        st = ww_conninfo_service(c, file, path, found, err);
    }
    ww__secret_free(&text);
    return st;
}

/* The user's file; one that PGSERVICEFILE names must be there. */
static ww_status read_users(ww_conninfo *c, bool *found, ww_error *err)
{
    const char *named = getenv("PGSERVICEFILE");
    char *home = named == NULL ? ww__home_file(".pg_service.conf") : NULL;
    const char *path = named != NULL ? named : home;
    ww_status st = path != NULL ? read_service_file(c, path, found, err) : WW_OK;
    free(home);
    return st;
}

static ww_status read_system(ww_conninfo *c, bool *found, ww_error *err)
{
    const char *named = getenv("PGSYSCONFDIR");
    size_t i, n = named != NULL ? 1 : sizeof system_dirs / sizeof system_dirs[0];
    for (i = 0; i < n; i++) {
        char path[PATH_SIZE];
        int len = snprintf(path, sizeof path, "%s/pg_service.conf",
                           named != NULL ? named : system_dirs[i]);
        if (len > 0 && (size_t)len < sizeof path && access(path, F_OK) == 0)
            return read_service_file(c, path, found, err);
    }
    return WW_OK;
}

static ww_status apply_service(ww_conninfo *c, ww_error *err)
{
    const char *variable = getenv("PGSERVICE");
    bool found = c->service_found;
    ww_status st = WW_OK;
    if (c->service == NULL && variable != NULL)
        st = ww_conninfo_set(c, "service", ww_slice_of(variable), err);
    if (st < 0 || c->service == NULL)
        return st;
    if (!found)
        st = read_users(c, &found, err);
    if (st == WW_OK && !found)
        st = read_system(c, &found, err);
    if (st == WW_OK && !found)
        return ww__fail_text(err, WW_ERR_USAGE,
                             "no service file has such a service; it is looked for in "
                             "PGSERVICEFILE or ~/.pg_service.conf, then in "
                             "PGSYSCONFDIR/pg_service.conf",
                             c->service);
    return st;
}

ww_status ww_conninfo_complete(ww_conninfo *c, ww_error *err)
{
    ww_status st = apply_service(c, err);
    if (st == WW_OK)
        st = ww_conninfo_environment(c, getenv, err);
    return st == WW_OK ? ww_conninfo_check(c, err) : st;
}
