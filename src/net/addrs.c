/* SPDX-License-Identifier: MIT */
/* addrs.c: from a host name, an address or a socket directory to a list of addresses to try. */
#include "sock.h"

#include "base/error.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static ww_addrs *make_addrs(size_t count)
{
    ww_addrs *a = calloc(1, sizeof *a + count * sizeof a->list[0]);
    if (a != NULL)
        a->count = count;
    return a;
}

/* "127.0.0.1:5432" or "[::1]:5432". */
static void write_text(ww__address *a, uint16_t port)
{
    char host[80];
    bool v6 = a->addr.ss_family == AF_INET6;
    if (getnameinfo((const struct sockaddr *)&a->addr, a->len, host, sizeof host, NULL, 0,
                    NI_NUMERICHOST) != 0)
        snprintf(host, sizeof host, "?");
    snprintf(a->text, sizeof a->text, v6 ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
}

static ww_status keep_list(ww_addrs **out, const struct addrinfo *list, uint16_t port,
                           ww_error *err)
{
    const struct addrinfo *ai;
    ww_addrs *a;
    size_t n = 0;
    for (ai = list; ai != NULL; ai = ai->ai_next)
        n += ai->ai_addrlen <= sizeof(struct sockaddr_storage);
    a = make_addrs(n);
    if (a == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "out of memory for a list of addresses");
    a->count = 0;
    for (ai = list; ai != NULL; ai = ai->ai_next) {
        ww__address *to = &a->list[a->count];
        if (ai->ai_addrlen > sizeof to->addr)
            continue;
        memcpy(&to->addr, ai->ai_addr, ai->ai_addrlen);
        to->len = ai->ai_addrlen;
        write_text(to, port);
        a->count++;
    }
    *out = a;
    return WW_OK;
}

static int look_up(const char *host, uint16_t port, int flags, struct addrinfo **list)
{
    struct addrinfo hints;
    char service[8];
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    *list = NULL;
    return getaddrinfo(host, service, &hints, list);
}

static ww_status explain(int code, int sys_errno, const char *host, ww_error *err)
{
    switch (code) {
    case EAI_AGAIN:
        return ww__fail_text(err, WW_ERR_IO,
                             "the name server gave no answer for the host; try again, or check "
                             "the name service of this machine",
                             host);
    case EAI_MEMORY:
        return ww__fail_text(err, WW_ERR_NOMEM, "out of memory while looking up the host", host);
    case EAI_SYSTEM:
        return ww__net_fail(err, WW_ERR_IO, "the host could not be looked up", host, sys_errno);
    case EAI_FAIL:
        return ww__fail_text(err, WW_ERR_IO,
                             "the name server failed on the host; check the name service of this "
                             "machine",
                             host);
    default:
        return ww__fail_text(err, WW_ERR_IO,
                             "the host has no known address; check its spelling, or give an "
                             "address (hostaddr)",
                             host);
    }
}

ww_status ww_addrs_resolve(ww_addrs **out, const char *host, uint16_t port, bool numeric_only,
                           ww_error *err)
{
    struct addrinfo *list;
    ww_status st;
    int code;
    *out = NULL;
    if (host == NULL || host[0] == '\0')
        return ww__fail(err, WW_ERR_USAGE, "the host is empty; give a name or an address");
    /* First without the name service: an address needs none, nor does a static program then. */
    code = look_up(host, port, AI_NUMERICHOST, &list);
    if (code == EAI_NONAME && numeric_only)
        return ww__fail_text(err, WW_ERR_USAGE,
                             "this is not a numeric address; give one, or use host in place of "
                             "hostaddr",
                             host);
    if (code == EAI_NONAME)
        code = look_up(host, port, 0, &list);
    if (code != 0)
        return explain(code, errno, host, err);
    st = keep_list(out, list, port, err);
    freeaddrinfo(list);
    return st;
}

ww_status ww_addrs_unix(ww_addrs **out, const char *dir, uint16_t port, ww_error *err)
{
    struct sockaddr_un sun;
    ww__address *to;
    int n;
    *out = NULL;
    if (dir == NULL || (dir[0] != '/' && dir[0] != '@'))
        return ww__fail_text(err, WW_ERR_USAGE, "a socket directory begins with / or @", dir);
    memset(&sun, 0, sizeof sun);
    sun.sun_family = AF_UNIX;
    n = snprintf(sun.sun_path, sizeof sun.sun_path, "%s/.s.PGSQL.%u", dir, (unsigned)port);
    if (n < 0 || (size_t)n >= sizeof sun.sun_path) {
        ww__fail(err, WW_ERR_USAGE,
                 "the path of the Unix socket is too long; use a shorter directory");
        ww__error_add_text(err, "at most ");
        ww__error_add_number(err, sizeof sun.sun_path - 1);
        ww__error_add_text(err, " bytes: ");
        ww__error_add_text(err, dir);
        return WW_ERR_USAGE;
    }
    *out = make_addrs(1);
    if (*out == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "out of memory for an address");
    to = &(*out)->list[0];
    snprintf(to->text, sizeof to->text, "%s", sun.sun_path);
    to->len = (socklen_t)sizeof sun;
    if (dir[0] == '@') { /* the abstract name is exactly the bytes behind a NUL */
        sun.sun_path[0] = '\0';
        to->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n);
    }
    memcpy(&to->addr, &sun, sizeof sun);
    return WW_OK;
}

ww_status ww_addrs_pick(ww_addrs **out, const ww_addrs *a, size_t i, ww_error *err)
{
    *out = make_addrs(1);
    if (*out == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "out of memory for an address");
    (*out)->list[0] = a->list[i];
    return WW_OK;
}

size_t ww_addrs_count(const ww_addrs *a)
{
    return a->count;
}

const char *ww_addrs_text(const ww_addrs *a, size_t i)
{
    return a->list[i].text;
}

void ww_addrs_free(ww_addrs *a)
{
    free(a);
}
