/* SPDX-License-Identifier: MIT */
/* test_net_addrs.c: names and directories to addresses. getaddrinfo() is this file's own: several
 * addresses and a name server that is down happen on every machine, and look-ups are seen. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <walwire/net.h>

static unsigned numeric_calls, name_calls;

static struct addrinfo *add(struct addrinfo *next, int family, const char *text,
                            const char *service)
{
    struct addrinfo *ai = calloc(1, sizeof *ai);
    struct sockaddr_in *v4 = calloc(1, sizeof *v4);
    struct sockaddr_in6 *v6 = calloc(1, sizeof *v6);
    uint16_t port = htons((uint16_t)strtoul(service, NULL, 10));
    bool ok = false;
    ai->ai_family = family;
    ai->ai_next = next;
    v4->sin_family = AF_INET;
    v6->sin6_family = AF_INET6;
    v4->sin_port = v6->sin6_port = port;
    if (family == AF_INET) {
        ok = inet_pton(AF_INET, text, &v4->sin_addr) == 1;
        ai->ai_addr = (struct sockaddr *)v4;
        ai->ai_addrlen = sizeof *v4;
        free(v6);
    } else {
        ok = inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
        ai->ai_addr = (struct sockaddr *)v6;
        ai->ai_addrlen = sizeof *v6;
        free(v4);
    }
    CHECK(ok);
    return ai;
}

/* The fake: knows two names and any address; the rest fails as its name says. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    struct in6_addr any;
    CHECK(hints->ai_socktype == SOCK_STREAM);
    CHECK((hints->ai_flags & AI_NUMERICSERV) != 0);
    if ((hints->ai_flags & AI_NUMERICHOST) != 0) {
        int family = inet_pton(AF_INET, node, &any) == 1 ? AF_INET : AF_INET6;
        numeric_calls++;
        if (family == AF_INET6 && inet_pton(AF_INET6, node, &any) != 1)
            return EAI_NONAME;
        *out = add(NULL, family, node, service);
        return 0;
    }
    name_calls++;
    if (strcmp(node, "localhost") == 0)
        *out = add(add(NULL, AF_INET, "127.0.0.1", service), AF_INET6, "::1", service);
    else if (strcmp(node, "down") == 0)
        return EAI_AGAIN;
    else if (strcmp(node, "broken") == 0)
        return EAI_FAIL;
    else if (strcmp(node, "full") == 0)
        return EAI_MEMORY;
    else if (strcmp(node, "system") == 0) {
        errno = EMFILE;
        return EAI_SYSTEM;
    } else
        return EAI_NONAME;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

static void addresses_need_no_name_service(void)
{
    ww_addrs *a;
    name_calls = 0;
    CHECK_EQ_U64(ww_addrs_resolve(&a, "127.0.0.1", 5432, false, NULL), WW_OK);
    CHECK_EQ_U64(ww_addrs_count(a), 1);
    CHECK_TEXT(ww_addrs_text(a, 0), "127.0.0.1:5432");
    ww_addrs_free(a);
    CHECK_EQ_U64(ww_addrs_resolve(&a, "fd00::12", 65535, true, NULL), WW_OK);
    CHECK_TEXT(ww_addrs_text(a, 0), "[fd00::12]:65535");
    ww_addrs_free(a);
    CHECK_EQ_U64(name_calls, 0);
    ww_addrs_free(NULL);
}

static void a_name_gives_all_its_addresses(void)
{
    ww_addrs *a, *one;
    CHECK_EQ_U64(ww_addrs_resolve(&a, "localhost", 5433, false, NULL), WW_OK);
    CHECK_EQ_U64(ww_addrs_count(a), 2);
    CHECK_TEXT(ww_addrs_text(a, 0), "[::1]:5433");
    CHECK_TEXT(ww_addrs_text(a, 1), "127.0.0.1:5433");
    CHECK_EQ_U64(ww_addrs_pick(&one, a, 1, NULL), WW_OK);
    ww_addrs_free(a);
    CHECK_EQ_U64(ww_addrs_count(one), 1);
    CHECK_TEXT(ww_addrs_text(one, 0), "127.0.0.1:5433");
    ww_addrs_free(one);
}

/* ::1 first, where nobody listens on this port, then 127.0.0.1, where somebody does. */
static void the_second_address_connects(void)
{
    struct sockaddr_in in;
    socklen_t len = sizeof in;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    unsigned refused = 0;
    ww_status st = WW_ERR_INTERNAL;
    ww_addrs *a;
    size_t i;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener, (struct sockaddr *)&in, len) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&in, &len) == 0);
    CHECK_EQ_U64(ww_addrs_resolve(&a, "localhost", ntohs(in.sin_port), false, NULL), WW_OK);
    for (i = 0; i < ww_addrs_count(a) && st != WW_OK; i++) {
        ww_error err;
        ww_sock *s = NULL;
        st = ww_sock_open(&s, a, i, NULL, &err);
        while (st == WW_OK && (st = ww_sock_connected(s, &err)) == WW_MORE)
            st = ww_sock_wait(s, ww_sock_poll_events(s, false, true),
                              ww_clock_mono() + 5000000, -1, &err);
        if (st < 0) {
            refused++;
            CHECK_EQ_U64(st, WW_ERR_IO);
            CHECK(strncmp(err.subject, "[::1]:", 6) == 0);
            CHECK(err.sys_errno == ECONNREFUSED || err.sys_errno == EADDRNOTAVAIL ||
                  err.sys_errno == EAFNOSUPPORT);
        }
        ww_sock_close(s);
    }
    CHECK_EQ_U64(st, WW_OK);
    CHECK_EQ_U64(refused, 1);
    ww_addrs_free(a);
    close(listener);
}

static void failures_say_which_and_what(void)
{
    ww_error err;
    ww_addrs *a;
    CHECK_EQ_U64(ww_addrs_resolve(&a, "nosuch", 1, false, &err), WW_ERR_IO);
    CHECK(a == NULL);
    CHECK_TEXT(err.subject, "nosuch");
    CHECK(strstr(err.what, "spelling") != NULL);
    CHECK_EQ_U64(ww_addrs_resolve(&a, "down", 1, false, &err), WW_ERR_IO);
    CHECK(strstr(err.what, "try again") != NULL);
    CHECK(ww_status_retryable(&err));
    CHECK_EQ_U64(ww_addrs_resolve(&a, "broken", 1, false, &err), WW_ERR_IO);
    CHECK_EQ_U64(ww_addrs_resolve(&a, "full", 1, false, &err), WW_ERR_NOMEM);
    CHECK_EQ_U64(ww_addrs_resolve(&a, "system", 1, false, &err), WW_ERR_IO);
    CHECK_EQ_U64(err.sys_errno, EMFILE);
    CHECK_EQ_U64(ww_addrs_resolve(&a, "", 1, false, &err), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_addrs_resolve(&a, NULL, 1, false, NULL), WW_ERR_USAGE);
    name_calls = 0;
    CHECK_EQ_U64(ww_addrs_resolve(&a, "localhost", 1, true, &err), WW_ERR_USAGE);
    CHECK(strstr(err.what, "numeric") != NULL);
    CHECK_EQ_U64(name_calls, 0);
}

static void a_socket_path_fits_or_not(void)
{
    ww_error err;
    ww_addrs *a;
    char dir[200];
    CHECK_EQ_U64(ww_addrs_unix(&a, "/run/pg", 5432, &err), WW_OK);
    CHECK_EQ_U64(ww_addrs_count(a), 1);
    CHECK_TEXT(ww_addrs_text(a, 0), "/run/pg/.s.PGSQL.5432");
    ww_addrs_free(a);
    CHECK_EQ_U64(ww_addrs_unix(&a, "@pg", 1, &err), WW_OK);
    CHECK_TEXT(ww_addrs_text(a, 0), "@pg/.s.PGSQL.1");
    ww_addrs_free(a);
    memset(dir, 'd', sizeof dir);
    dir[0] = '/';
    dir[107 - 14] = '\0'; /* with "/.s.PGSQL.5432" the 107 bytes that leave room for the NUL */
    CHECK_EQ_U64(ww_addrs_unix(&a, dir, 5432, &err), WW_OK);
    CHECK_EQ_U64(strlen(ww_addrs_text(a, 0)), 107);
    ww_addrs_free(a);
    dir[107 - 14] = 'd';
    dir[108 - 14] = '\0';
    CHECK_EQ_U64(ww_addrs_unix(&a, dir, 5432, &err), WW_ERR_USAGE);
    CHECK(a == NULL);
    CHECK(strstr(err.subject, "107") != NULL);
    CHECK_EQ_U64(ww_addrs_unix(&a, "relative", 5432, &err), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_addrs_unix(&a, "", 5432, &err), WW_ERR_USAGE);
    CHECK_EQ_U64(ww_addrs_unix(&a, NULL, 5432, &err), WW_ERR_USAGE);
}

int main(void)
{
    RUN(addresses_need_no_name_service);
    RUN(a_name_gives_all_its_addresses);
    RUN(the_second_address_connects);
    RUN(failures_say_which_and_what);
    RUN(a_socket_path_fits_or_not);
    return check_report();
}
