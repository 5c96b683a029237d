/* SPDX-License-Identifier: MIT */
/* credentials.c: who we are and with which password or token: the operating system's user, the
 * password file, the token file. */
#include "session.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSFILE_MAX ((off_t)16 << 20)
#define PASSWORD_MAX 65536u

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

bool ww__os_user(char *out, size_t cap)
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
        return false;
    if (strlen(entry.pw_name) >= cap)
        return false;
    memcpy(out, entry.pw_name, strlen(entry.pw_name) + 1);
    return true;
}

/* HOME, then the passwd entry, as libpq. */
static char *path_in_home(const char *name)
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    const char *home = getenv("HOME");
    size_t home_len, name_len = strlen(name);
    char *path;
    if (home == NULL || home[0] == '\0') {
        if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
            return NULL;
        home = entry.pw_dir;
    }
    home_len = strlen(home);
    path = malloc(home_len + 1 + name_len + 1);
    if (path == NULL)
        return NULL;
    memcpy(path, home, home_len);
    path[home_len] = '/';
    memcpy(path + home_len + 1, name, name_len + 1);
    return path;
}

char *ww__home_file(const char *name)
{
    struct stat st;
    char *path = path_in_home(name);
    if (path != NULL && stat(path, &st) == 0)
        return path;
    free(path);
    return NULL;
}

/* Opens without waiting for a FIFO's writer; the rules are checked on what was opened. */
static int open_secret(const char *what, const char *path, const ww_log *log, off_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        ww__log(log, WW_LOG_WARNING, "%s file \"%s\" is not a plain file and is not used", what,
                path);
    } else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        ww__log(log, WW_LOG_WARNING,
                "%s file \"%s\" may be read by others and is not used; run: chmod 0600 %s", what,
                path, path);
    } else if (st.st_size > PASSFILE_MAX) {
        ww__log(log, WW_LOG_WARNING, "%s file \"%s\" is over 16 MiB and is not used", what, path);
    } else {
        *size = st.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

static char *read_secret(const char *what, const char *path, const ww_log *log, size_t *len)
{
    off_t size = 0;
    size_t got = 0;
    char *text;
    int fd = open_secret(what, path, log, &size);
    if (fd < 0)
        return NULL;
    text = malloc((size_t)size + 1);
    while (text != NULL && got < (size_t)size) {
        ssize_t n = read(fd, text + got, (size_t)size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    close(fd);
    *len = got;
    return text;
}

static char *find_in_passfile(const ww_conninfo *info, const ww_host *host, const char *user,
                              const ww_log *log)
{
    const char *database = info->dbname != NULL ? info->dbname : user;
    char *default_path = info->passfile == NULL ? path_in_home(".pgpass") : NULL;
    const char *path = info->passfile != NULL ? info->passfile : default_path;
    size_t len = 0, n = 0;
    char *file = path != NULL ? read_secret("password", path, log, &len) : NULL;
    char *password = NULL;
    if (file != NULL && (password = malloc(PASSWORD_MAX)) != NULL) {
        ww_slice text = {(const uint8_t *)file, len};
        n = ww_passfile_find(text, host->host.len > 0 ? host->host : host->hostaddr, host->port,
                             ww_slice_of(database), ww_slice_of(user), password, PASSWORD_MAX);
    }
    if (n == 0 || n == SIZE_MAX) {
        free(password);
        password = NULL;
    }
    if (file != NULL)
        ww_wipe(file, len);
    free(file);
    free(default_path);
    return password;
}

ww_status ww__password_find(const ww_conninfo *info, const ww_host *host, const char *user,
                            const ww_log *log, char **out, ww_error *err)
{
    *out = NULL;
    if (info->password != NULL && info->password[0] != '\0') {
        *out = copy_text(info->password);
        return *out != NULL ? WW_OK : ww__fail(err, WW_ERR_NOMEM, "no memory for the password");
    }
    *out = find_in_passfile(info, host, user, log);
    return WW_OK;
}

ww_status ww__token_find(const ww_session *s, char **out, ww_error *err)
{
    const char *path = s->config.oauth_token_file, *token = s->config.conninfo->oauth_token;
    size_t len = 0;
    *out = NULL;
    if (path == NULL && (token == NULL || token[0] == '\0'))
        return WW_OK;
    *out = path != NULL ? read_secret("token", path, &s->config.log, &len) : copy_text(token);
    if (*out == NULL && path != NULL)
        return ww__fail_text(err, WW_ERR_USAGE, "the token file cannot be read", path);
    if (*out == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the token");
    if (path != NULL) {
        while (len > 0 && strchr(" \t\r\n", (*out)[len - 1]) != NULL)
            len--;
        (*out)[len] = '\0';
    }
    return WW_OK;
}

void ww__password_free(char *password)
{
    if (password == NULL)
        return;
    ww_wipe(password, strlen(password));
    free(password);
}
