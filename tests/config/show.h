/* SPDX-License-Identifier: MIT */
/* show.h: a conninfo as one line of text, keyword='value' in the order of WW_CONNINFO_MAP; a quote
 * or backslash in a value gets a backslash before it: the line is a connection string itself. */
#ifndef WALWIRE_TESTS_CONFIG_SHOW_H
#define WALWIRE_TESTS_CONFIG_SHOW_H

#include <walwire/config.h>

#include <stdlib.h>
#include <string.h>

static inline char *show_append(char *at, const char *keyword, const char *value)
{
    size_t n = strlen(keyword);
    memcpy(at, keyword, n);
    at += n;
    *at++ = '=';
    *at++ = '\'';
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            *at++ = '\\';
        *at++ = *value;
    }
    *at++ = '\'';
    *at++ = ' ';
    return at;
}

/* The line, to be freed by the caller. */
static inline char *show_conninfo(const ww_conninfo *c)
{
    size_t size = 1;
    char *line, *at;
#define SHOW_SIZE(member, keyword, env)                                                            \
    size += c->member != NULL ? sizeof keyword + 4 + 2 * strlen(c->member) : 0;
    WW_CONNINFO_MAP(SHOW_SIZE)
#undef SHOW_SIZE
    line = at = malloc(size);
    if (line == NULL)
        abort();
#define SHOW_VALUE(member, keyword, env)                                                           \
    if (c->member != NULL)                                                                         \
        at = show_append(at, keyword, c->member);
    WW_CONNINFO_MAP(SHOW_VALUE)
#undef SHOW_VALUE
    if (at > line)
        at--;
    *at = '\0';
    return line;
}

#endif
