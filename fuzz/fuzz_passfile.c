/* SPDX-License-Identifier: MIT */
/* fuzz_passfile.c: any text as a password file. The input is host, database and user, each ended by
 * a line feed, and then the file. The result is that of a second look-up, written for shortness;
 * and a line made for these names is found. */
#include "fuzz.h"

#include <walwire/config.h>

#define PORT 5432

/* ---- the model: C strings, one line at a time ------------------------------------------------ */

static const char *model_field(const char *line, const char *token)
{
    if (line == NULL)
        return NULL;
    if (strncmp(line, "*:", 2) == 0)
        return line + 2;
    for (; *token != '\0'; token++) {
        if (*line == '\\')
            line++;
        else if (*token == '\\')
            return NULL;
        if (*line++ != *token)
            return NULL;
    }
    return *line == ':' ? line + 1 : NULL;
}

static const char *model_rest(const char *line, const char *host, const char *db, const char *user)
{
    line = model_field(line, host);
    line = model_field(line, "5432");
    line = model_field(line, db);
    return model_field(line, user);
}

static bool is_default_host(const char *host)
{
    return host[0] == '\0' || strcmp(host, "/tmp") == 0 || strcmp(host, "/var/run/postgresql") == 0;
}

/* The password that this line gives, in place of the line; false if it is for somebody else. */
static bool model_line(char *line, const char *host, const char *db, const char *user)
{
    const char *rest = NULL;
    char *out = line;
    if (line[0] == '#' || db[0] == '\0' || user[0] == '\0')
        return false;
    if (is_default_host(host))
        rest = model_rest(line, "localhost", db, user);
    if (rest == NULL && host[0] != '\0')
        rest = model_rest(line, host, db, user);
    if (rest == NULL)
        return false;
    while (*rest != '\0' && *rest != ':') {
        if (*rest == '\\' && rest[1] != '\0')
            rest++;
        *out++ = *rest++;
    }
    *out = '\0';
    return true;
}

/* The password, to be freed; "" if there is none. */
static char *model_find(ww_slice file, const char *host, const char *db, const char *user)
{
    char *line = malloc(file.len + 1);
    size_t at = 0;
    REQUIRE(line != NULL);
    while (at < file.len) {
        size_t n = 0;
        for (; at < file.len && file.ptr[at] != '\n'; at++)
            line[n++] = (char)file.ptr[at];
        at++;
        while (n > 0 && line[n - 1] == '\r')
            n--;
        line[n] = '\0';
        if (strlen(line) == n && model_line(line, host, db, user))
            return line;
    }
    line[0] = '\0';
    return line;
}

/* ---- checks --------------------------------------------------------------------------------- */

static void same_as_model(ww_slice file, const char *host, const char *db, const char *user)
{
    char *want = model_find(file, host, db, user);
    size_t n = strlen(want);
    char *out = malloc(n + 1);
    REQUIRE(out != NULL);
    REQUIRE(ww_passfile_find(file, ww_slice_of(host), PORT, ww_slice_of(db), ww_slice_of(user), out,
                             n + 1) == n);
    REQUIRE(n == 0 || strcmp(out, want) == 0);
    if (n > 0)
        REQUIRE(ww_passfile_find(file, ww_slice_of(host), PORT, ww_slice_of(db), ww_slice_of(user),
                                 out, n) == SIZE_MAX);
    free(out);
    free(want);
}

static char *append_escaped(char *at, const char *field)
{
    for (; *field != '\0'; field++) {
        if (*field == ':' || *field == '\\' || *field == '*' || *field == '#')
            *at++ = '\\';
        *at++ = *field;
    }
    *at++ = ':';
    return at;
}

/* A line for these names and one of them as password, then the rest of the file. */
static void finds_own_line(ww_slice file, const char *host, const char *db, const char *user)
{
    size_t names = strlen(host) + strlen(db) + 2 * strlen(user);
    size_t tail = strlen(user) + 1;
    char *text = malloc(2 * names + 32 + file.len), *at = text;
    char *out = malloc(tail);
    ww_slice whole = { (const uint8_t *)text, 0 };
    REQUIRE(text != NULL && out != NULL);
    at = append_escaped(at, host[0] != '\0' ? host : "localhost");
    at = append_escaped(at, "5432");
    at = append_escaped(at, db);
    at = append_escaped(at, user);
    at = append_escaped(at, user);
    *at++ = '\n';
    if (file.len > 0)
        memcpy(at, file.ptr, file.len);
    whole.len = (size_t)(at - text) + file.len;
    REQUIRE(ww_passfile_find(whole, ww_slice_of(host), PORT, ww_slice_of(db), ww_slice_of(user),
                             out, tail) == tail - 1);
    REQUIRE(strcmp(out, user) == 0);
    free(out);
    free(text);
}

/* The next line of the input as a string, to be freed. */
static char *take_name(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    size_t n = end != NULL ? (size_t)(end - *data) : *size;
    char *name = malloc(n + 1);
    REQUIRE(name != NULL);
    if (n > 0)
        memcpy(name, *data, n);
    name[n] = '\0';
    *data += n + (end != NULL);
    *size -= n + (end != NULL);
    return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1] = { 0 };
    char *host, *db, *user;
    ww_slice file;
    if (size == 0)
        data = nothing;
    host = take_name(&data, &size);
    db = take_name(&data, &size);
    user = take_name(&data, &size);
    file.ptr = data;
    file.len = size;
    same_as_model(file, host, db, user);
    if (db[0] != '\0' && user[0] != '\0' && strpbrk(user, "\r") == NULL)
        finds_own_line(file, host, db, user);
    free(host);
    free(db);
    free(user);
    return 0;
}
