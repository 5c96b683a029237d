/* SPDX-License-Identifier: MIT */
/* credentials.c: who we are and with which password or token: the operating system's user, the
 * password file, the token file. */
#include "connect.h"

#include "base/error.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_FILE_MAX ((off_t)16 << 20)
#define PASSWORD_MAX 65535u

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

/* -1: it is not used, and *why says what is wrong; NULL: it is not there. */
static int open_secret(const char *path, struct stat *st, const char **why)
{
    int fd = ww__plain_open(path, st);
    *why = NULL;
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            *why = errno == 0 ? "is not a plain file" : "cannot be opened";
        return -1;
    }
    if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        *why = "may be read by others (run chmod 0600 on it)";
    else if (st->st_size > SECRET_FILE_MAX)
        *why = "is over 16 MiB";
    else
        return fd;
    close(fd);
    return -1;
}

/* False, and *why as above: there is nothing in *out. */
static bool read_secret(ww__secret *out, const char *path, const char **why)
{
    struct stat file;
    ww_status st;
    int fd = open_secret(path, &file, why);
    if (fd < 0)
        return false;
    st = ww__secret_read(out, fd, (size_t)file.st_size);
    close(fd);
    if (st == WW_OK)
        return true;
    *why = st == WW_ERR_IO ? "cannot be read" : "needs more memory than there is";
    ww__secret_free(out);
    return false;
}

/* Once for all hosts; a connection beside another has been told of it. */
static void refuse_passfile(ww_session *s, const char *path, const char *why)
{
    if (s->passfile_flaw == NULL && s->config.beside == NULL)
        ww__log(&s->config.log, WW_LOG_WARNING, "password file \"%s\" %s and is not used", path,
                why);
    s->passfile_flaw = why;
}

static void look_up(ww_session *s, const char *path, const ww__target *t, ww__secret *out)
{
    const char *database = s->config.conninfo->dbname, *why;
    ww__secret file = {NULL, 0, 0};
    size_t n = 0;
    if (database == NULL)
        database = t->user;
    if (!read_secret(&file, path, &why)) {
        if (why == NULL && s->config.conninfo->passfile != NULL)
            why = "is not there";
        if (why != NULL)
            refuse_passfile(s, path, why);
        return;
    }
    if (ww__secret_room(out, PASSWORD_MAX)) {
        ww_slice text = {(const uint8_t *)file.text, file.len};
        n = ww_passfile_find(text, t->host.host.len > 0 ? t->host.host : t->host.hostaddr,
                             t->host.port, ww_slice_of(database), ww_slice_of(t->user), out->text,
                             out->size);
    }
    if (n == SIZE_MAX)
        refuse_passfile(s, path, "has a password longer than 65535 bytes");
    if (n == 0 || n == SIZE_MAX)
        ww__secret_free(out);
    else
        out->len = n;
    ww__secret_free(&file);
}

void ww__password_find(ww_session *s, ww__target *t)
{
    const ww_conninfo *info = s->config.conninfo;
    char *usual = NULL;
    if (info->password != NULL && info->password[0] != '\0') {
        t->password = info->password;
        return;
    }
    if (info->passfile == NULL)
        usual = path_in_home(".pgpass");
    if (info->passfile != NULL || usual != NULL)
        look_up(s, info->passfile != NULL ? info->passfile : usual, t, &t->from_passfile);
    free(usual);
    t->password = t->from_passfile.text;
}

static ww_status check_token(ww__secret *token, const char *path, ww_error *err)
{
    if (memchr(token->text, 0, token->len) != NULL)
        return ww__fail_text(err, WW_ERR_USAGE, "the token file has a NUL byte in it", path);
    while (token->len > 0 && strchr(" \t\r\n", token->text[token->len - 1]) != NULL)
        token->len--;
    token->text[token->len] = '\0';
    return WW_OK;
}

ww_status ww__token_find(const ww_session *s, ww__target *t, ww_error *err)
{
    const char *path = s->config.oauth_token_file, *token = s->config.conninfo->oauth_token, *why;
    if (path == NULL) {
        t->token = token != NULL && token[0] != '\0' ? token : NULL;
        return WW_OK;
    }
    if (!read_secret(&t->from_token_file, path, &why)) {
        if (why != NULL)
            ww__log(&s->config.log, WW_LOG_WARNING, "token file \"%s\" %s and is not used", path,
                    why);
        return ww__fail_text(err, WW_ERR_USAGE, "the token file cannot be read", path);
    }
    t->token = t->from_token_file.text;
    return check_token(&t->from_token_file, path, err);
}

void ww__credentials_forget(ww__target *t)
{
    t->password = t->token = NULL;
    ww__secret_free(&t->from_passfile);
    ww__secret_free(&t->from_token_file);
}
