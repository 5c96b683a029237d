/* SPDX-License-Identifier: MIT */
/* passfile.c: host:port:database:user:password, one a line. Source: passwordFromFile and
 * pwdfMatchesString in fe-connect.c. */
#include "conninfo.h"

#include <string.h>

/* The next line, without its line end; *at moves behind it. */
static ww_slice next_line(ww_slice file, size_t *at)
{
    size_t start = *at;
    const uint8_t *lf = memchr(file.ptr + start, '\n', file.len - start);
    size_t end = lf != NULL ? (size_t)(lf - file.ptr) : file.len;
    *at = end + 1;
    while (end > start && file.ptr[end - 1] == '\r')
        end--;
    return ww__cut(file, start, end);
}

/* Does the field at the front of *rest stand for `token`? If so, *rest moves behind its colon. */
static bool match_field(ww_slice *rest, ww_slice token)
{
    ww_slice s = *rest;
    size_t at = 0, t = 0;
    if (s.len >= 2 && s.ptr[0] == '*' && s.ptr[1] == ':') {
        *rest = ww__cut(s, 2, s.len);
        return true;
    }
    for (; at < s.len; at++, t++) {
        if (s.ptr[at] == ':' && t == token.len) {
            *rest = ww__cut(s, at + 1, s.len);
            return true;
        }
        if (s.ptr[at] == '\\' && ++at == s.len)
            return false;
        if (t == token.len || s.ptr[at] != token.ptr[t])
            return false;
    }
    return false;
}

static bool match_host(ww_slice *rest, ww_slice host)
{
    static const char *const default_dirs[] = {"/tmp", "/var/run/postgresql", ""};
    size_t i;
    for (i = 0; i < sizeof default_dirs / sizeof default_dirs[0]; i++)
        if (ww_slice_equal(host, ww_slice_of(default_dirs[i])) &&
            match_field(rest, ww_slice_of("localhost")))
            return true;
    return host.len > 0 && match_field(rest, host);
}

static size_t format_port(uint16_t port, char out[5])
{
    char digits[5];
    size_t n = 0, i;
    do {
        digits[n++] = (char)('0' + port % 10);
        port = (uint16_t)(port / 10);
    } while (port != 0);
    for (i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

/* Up to the first colon that is not escaped. A backslash at the very end stands for itself. */
static size_t copy_password(ww_slice rest, char *out, size_t cap)
{
    size_t len = 0, at;
    for (at = 0; at < rest.len && rest.ptr[at] != ':'; at++) {
        if (rest.ptr[at] == '\\' && at + 1 < rest.len)
            at++;
        if (len + 1 >= cap)
            return SIZE_MAX;
        out[len++] = (char)rest.ptr[at];
    }
    if (cap > 0)
        out[len] = '\0';
    return len;
}

size_t ww_passfile_find(ww_slice file, ww_slice host, uint16_t port, ww_slice dbname, ww_slice user,
                        char *out, size_t cap)
{
    char port_text[5];
    ww_slice port_token = {(const uint8_t *)port_text, format_port(port, port_text)};
    size_t at = 0;
    if (dbname.len == 0 || user.len == 0)
        return 0;
    while (at < file.len) {
        ww_slice line = next_line(file, &at);
        if (line.len == 0 || line.ptr[0] == '#' || memchr(line.ptr, 0, line.len) != NULL)
            continue;
        if (match_host(&line, host) && match_field(&line, port_token) &&
            match_field(&line, dbname) && match_field(&line, user))
            return copy_password(line, out, cap);
    }
    return 0;
}
