/* SPDX-License-Identifier: MIT */
/* service.c: service files: "[name]" and then lines of keyword=value, nothing quoted. Source:
 * parseServiceFile in fe-connect.c.
 *
 * Lines before the group are only skipped, lines after it not looked at. */
#include "conninfo.h"

#include "base/error.h"

#include <string.h>

#define LINE_MAX_LEN 1022u /* with its line feed */

typedef struct place {
    const char *path;
    size_t line;
} place;

/* `what` (and, behind the place, `more`) about a line. */
static ww_status fail_line(ww_error *err, const char *what, const place *at, const char *more)
{
    ww__fail_text(err, WW_ERR_USAGE, what, at->path);
    ww__error_add_text(err, ", line ");
    ww__error_add_number(err, at->line);
    ww__error_add_text(err, more[0] != '\0' ? ": " : "");
    ww__error_add_text(err, more);
    return WW_ERR_USAGE;
}

/* The next line without the space around it; *at moves behind it. NULL, or what is wrong with it.
 */
static const char *next_line(ww_slice file, size_t *at, ww_slice *line)
{
    size_t from = *at, end = ww__find_any(file, from, "\n"), to = end;
    *at = end + 1;
    if (end - from + (end < file.len) > LINE_MAX_LEN)
        return "a line of a service file is longer than 1022 bytes";
    if (to > from && memchr(file.ptr + from, 0, to - from) != NULL)
        return "a line of a service file contains a NUL byte";
    while (to > from && ww__is_space(file.ptr[to - 1]))
        to--;
    while (from < to && ww__is_space(file.ptr[from]))
        from++;
    *line = ww__cut(file, from, to);
    return NULL;
}

/* "[name]", and whatever follows. */
static bool is_group(ww_slice line, ww_slice name)
{
    return line.len >= name.len + 2 &&
           (name.len == 0 || memcmp(line.ptr + 1, name.ptr, name.len) == 0) &&
           line.ptr[name.len + 1] == ']';
}

/* One keyword=value; the first of a keyword counts. */
static ww_status read_setting(ww_conninfo *c, ww_slice line, const place *at, ww_error *err)
{
    size_t equals = ww__find_any(line, 0, "=");
    ww_slice name = ww__cut(line, 0, equals);
    const ww__keyword *k = ww__keyword_find(name);
    ww_error why;
    if (line.len >= 4 && memcmp(line.ptr, "ldap", 4) == 0)
        return fail_line(err, "walwire has no LDAP; write the settings into the service file", at,
                         "");
    if (equals == line.len)
        return fail_line(err, "a line of a service file has no '='; write keyword=value", at, "");
    if (ww_slice_equal(name, ww_slice_of("service")))
        return fail_line(err, "a service cannot name another service", at, "");
    if (k == NULL) {
        ww__keyword_refuse(name, WW_NO_OFFSET, false, &why);
        return fail_line(err, why.what, at, why.subject);
    }
    if (*ww__conninfo_slot(c, k) != NULL)
        return WW_OK;
    return ww__conninfo_put(c, k, ww__cut(line, equals + 1, line.len), ww__decode_plain, err);
}

static ww_status read_group(ww_conninfo *c, ww_slice file, const char *path, ww_slice name,
                            bool *found, ww_error *err)
{
    place here = {path, 0};
    size_t at = 0;
    while (at < file.len) {
        ww_slice line = {NULL, 0};
        const char *fault = next_line(file, &at, &line);
        ww_status st = WW_OK;
        here.line++;
        if (fault != NULL)
            return fail_line(err, fault, &here, "");
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (line.ptr[0] == '[' && *found)
            return WW_OK;
        if (line.ptr[0] == '[')
            *found = is_group(line, name);
        else if (*found)
            st = read_setting(c, line, &here, err);
        if (st < 0)
            return st;
    }
    return WW_OK;
}

ww_status ww_conninfo_service(ww_conninfo *c, ww_slice file, const char *path, bool *found,
                              ww_error *err)
{
    ww_conninfo fresh;
    ww_status st;
    *found = false;
    if (c->service == NULL)
        return ww__fail(err, WW_ERR_USAGE, "no service is named");
    ww_conninfo_init(&fresh, c->alloc);
    st = read_group(&fresh, file, path, ww_slice_of(c->service), found, err);
    if (st == WW_OK) {
        ww__conninfo_adopt(c, &fresh, false);
        c->service_found |= *found;
    }
    ww_conninfo_fini(&fresh);
    return st;
}
