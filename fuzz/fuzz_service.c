/* SPDX-License-Identifier: MIT */
/* fuzz_service.c: any text as a service file. The input's first line is the service's name, the
 * rest the file. A second scanner, written for shortness, finds the same group and the same
 * settings, or refuses at the same line; what is accepted means the same when it is written out as
 * a service file. */
#include "check.h"
#include "config/show.h"
#include "fuzz.h"

#include <walwire/config.h>

/* ---- the model: C strings, one line at a time, as with fgets() --------------------------------
 */

typedef struct model {
    bool found;
    size_t fault; /* the line that is refused; 0: none */
    ww_conninfo settings;
} model;

static bool is_blank(char c)
{
    return c != '\0' && strchr(" \t\n\v\f\r", c) != NULL;
}

static char *trim(char *line)
{
    size_t n = strlen(line);
    while (n > 0 && is_blank(line[n - 1]))
        line[--n] = '\0';
    while (is_blank(*line))
        line++;
    return line;
}

/* False: the line is wrong. */
static bool model_setting(ww_conninfo *c, char *line)
{
    char *value = strchr(line, '=');
    if (value == NULL || strncmp(line, "ldap", 4) == 0 || strncmp(line, "service=", 8) == 0)
        return false;
    *value++ = '\0';
    if (ww_conninfo_get(c, line) != NULL)
        return true;
    return ww_conninfo_set(c, line, ww_slice_of(value), NULL) == WW_OK;
}

static bool model_is_group(const char *line, const char *name)
{
    size_t n = strlen(name);
    return strncmp(line + 1, name, n) == 0 && line[n + 1] == ']';
}

/* False: nothing more is to be read. */
static bool model_line(model *m, char *line, const char *name, size_t number)
{
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return true;
    if (*line == '[' && m->found)
        return false;
    if (*line == '[')
        m->found = model_is_group(line, name);
    else if (m->found && !model_setting(&m->settings, line))
        m->fault = number;
    return m->fault == 0;
}

static void model_read(model *m, const char *file, size_t size, const char *name)
{
    size_t at = 0, number = 0;
    char line[1024];
    while (at < size && m->fault == 0) {
        const char *lf = memchr(file + at, '\n', size - at);
        size_t n = lf != NULL ? (size_t)(lf - file) - at + 1 : size - at;
        number++;
        if (n >= 1023 || memchr(file + at, '\0', n) != NULL) {
            m->fault = number;
            return;
        }
        memcpy(line, file + at, n);
        line[n] = '\0';
        at += n;
        if (!model_line(m, line, name, number))
            return;
    }
}

/* ---- checks --------------------------------------------------------------------------------- */

static char *append_line(char *at, const char *keyword, const char *value)
{
    size_t n = strlen(keyword), v = strlen(value);
    memcpy(at, keyword, n);
    at[n] = '=';
    memcpy(at + n + 1, value, v);
    at[n + 1 + v] = '\n';
    return at + n + v + 2;
}

/* The settings as a service file: one line each, in the order of the map. */
static char *show_file(const ww_conninfo *c)
{
    static const char group[] = "[s]\n";
    size_t cap = sizeof group;
    char *file, *at;
#define COUNT(member, keyword, env)                                                                \
    cap += c->member != NULL ? sizeof keyword + 1 + strlen(c->member) : 0;
    WW_CONNINFO_MAP(COUNT)
#undef COUNT
    file = malloc(cap);
    REQUIRE(file != NULL);
    memcpy(file, group, sizeof group - 1);
    at = file + sizeof group - 1;
#define WRITE(member, keyword, env)                                                                \
    if (c->member != NULL)                                                                         \
        at = append_line(at, keyword, c->member);
    WW_CONNINFO_MAP(WRITE)
#undef WRITE
    *at = '\0';
    return file;
}

static void same_text(const ww_conninfo *a, const ww_conninfo *b)
{
    char *x = show_conninfo(a), *y = show_conninfo(b);
    REQUIRE(strcmp(x, y) == 0);
    free(x);
    free(y);
}

static bool is_empty(const ww_conninfo *c)
{
    char *line = show_conninfo(c);
    bool empty = line[0] == '\0';
    free(line);
    return empty;
}

static void reads_again(const ww_conninfo *settings, const ww_alloc *alloc)
{
    char *file = show_file(settings);
    ww_conninfo c;
    bool found;
    ww_conninfo_init(&c, alloc);
    REQUIRE(ww_conninfo_set(&c, "service", ww_slice_of("s"), NULL) == WW_OK);
    REQUIRE(ww_conninfo_service(&c, ww_slice_of(file), "F", &found, NULL) == WW_OK && found);
    c.alloc->resize(c.alloc->ctx, c.service, 2, 0);
    c.service = NULL;
    same_text(&c, settings);
    ww_conninfo_fini(&c);
    free(file);
}

/* "F, line 12", and what follows. */
static bool names_line(const char *subject, size_t line)
{
    char *end = NULL;
    return strncmp(subject, "F, line ", 8) == 0 && strtoul(subject + 8, &end, 10) == line &&
           (*end == '\0' || *end == ':');
}

static void check_file(const char *name, ww_slice file)
{
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    model m;
    bool found = false;
    ww_status st;
    memset(&m, 0, sizeof m);
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    ww_conninfo_init(&m.settings, &a.alloc);
    REQUIRE(ww_conninfo_set(&c, "service", ww_slice_of(name), NULL) == WW_OK);
    model_read(&m, (const char *)file.ptr, file.len, name);
    st = ww_conninfo_service(&c, file, "F", &found, &err);
    REQUIRE((st == WW_OK) == (m.fault == 0));
    REQUIRE(st == WW_OK ? found == m.found : names_line(err.subject, m.fault));
    REQUIRE(c.service_found == (st == WW_OK && found));
    a.alloc.resize(a.alloc.ctx, c.service, strlen(name) + 1, 0);
    c.service = NULL;
    if (st == WW_OK && found) {
        same_text(&c, &m.settings);
        reads_again(&c, &a.alloc);
    } else {
        REQUIRE(is_empty(&c));
    }
    ww_conninfo_fini(&c);
    ww_conninfo_fini(&m.settings);
    REQUIRE(a.live_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t n = end != NULL ? (size_t)(end - data) : size;
    char *name = malloc(n + 1);
    ww_slice file = {(const uint8_t *)"", 0};
    REQUIRE(name != NULL);
    if (n > 0)
        memcpy(name, data, n);
    name[n] = '\0';
    if (end != NULL) {
        file.ptr = end + 1;
        file.len = size - n - 1;
    }
    check_file(name, file);
    free(name);
    return 0;
}
