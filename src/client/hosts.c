/* SPDX-License-Identifier: MIT */
/* hosts.c: which host and address to connect to: in libpq's order, or in random order.
 *
 * A failed attempt leads to
 *   the next address or host  refused, unreachable; timed out, at any point
 *   the next host             its name has no address, "starting up" (57P03), the wrong kind
 *   the end                   everything else: a wrong password is not tried on the next host */
#include "connect.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool next_address(const ww_session *s, const ww_error *err)
{
    return !s->wrong_kind &&
           (err->status == WW_ERR_TIMEOUT || (err->status == WW_ERR_IO && !s->connected));
}

static bool next_host(const ww_session *s, const ww_error *err)
{
    return s->wrong_kind || next_address(s, err) ||
           (err->status == WW_ERR_SERVER && strcmp(err->sqlstate, "57P03") == 0);
}

/* The numbers below n, shuffled or not, to be freed; NULL: no memory. */
static size_t *make_order(size_t n, bool shuffled)
{
    size_t *order = malloc(n * sizeof *order);
    size_t i;
    for (i = 0; order != NULL && i < n; i++)
        order[i] = i;
    for (i = n; order != NULL && shuffled && i > 1; i--) {
        uint64_t bits = 0;
        size_t other, last = order[i - 1];
        if (!ww_random_bytes(&bits, sizeof bits))
            break; /* the login will say so: it needs some, too */
        other = (size_t)(bits % i);
        order[i - 1] = order[other];
        order[other] = last;
    }
    return order;
}

static ww_status resolve(const ww__target *t, ww_addrs **addrs, ww_error *err)
{
    char address[WW__HOST_MAX];
    if (t->host.hostaddr.len > 0) {
        ww__copy_cut(address, sizeof address, t->host.hostaddr);
        return ww_addrs_resolve(addrs, address, t->host.port, true, err);
    }
    if (t->host.local)
        return ww_addrs_unix(addrs, t->name, t->host.port, err);
    return ww_addrs_resolve(addrs, t->name, t->host.port, false, err);
}

/* Where servers put their sockets unless told otherwise: Debian's place if there is one, else
 * libpq's. */
static void use_default_host(ww__target *t)
{
    char path[128];
    if (t->host.host.len > 0 || t->host.hostaddr.len > 0)
        return;
    snprintf(path, sizeof path, "/var/run/postgresql/.s.PGSQL.%u", (unsigned)t->host.port);
    snprintf(t->name, sizeof t->name, "%s",
             access(path, F_OK) == 0 ? "/var/run/postgresql" : "/tmp");
    t->host.local = true;
}

static ww_status find_target(const ww_conninfo *info, size_t i, ww__target *t, ww_error *err)
{
    ww_status st;
    memset(t, 0, sizeof *t);
    if ((st = ww_conninfo_host(info, i, &t->host, err)) < 0)
        return st;
    if (t->host.host.len >= sizeof t->name)
        return ww__fail(err, WW_ERR_USAGE, "a host name is longer than 1023 bytes");
    ww__copy_cut(t->name, sizeof t->name, t->host.host);
    use_default_host(t);
    t->user = info->user != NULL ? info->user : t->os_user;
    if (info->user == NULL && !ww__os_user(t->os_user, sizeof t->os_user))
        return ww__fail(err, WW_ERR_USAGE, "no user name: give -U or user=");
    return WW_OK;
}

/* On success s->addr_index is the one that answered. */
static ww_status try_addresses(ww_session *s, const ww__target *t, const ww_addrs *addrs,
                               ww_error *err)
{
    size_t n = ww_addrs_count(addrs), i;
    size_t *order = make_order(n, s->values.load_balance_hosts);
    ww_status st = WW_ERR_INTERNAL;
    if (order == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a host's addresses");
    for (i = 0; i < n; i++) {
        s->addr_index = order[i];
        st = ww__address_connect(s, t, addrs, order[i], err);
        if (st == WW_OK || !next_address(s, err))
            break;
        if (i + 1 < n)
            ww__log(&s->config.log, WW_LOG_INFO, "%s: %s; trying the next address", s->address,
                    err->what);
    }
    free(order);
    return st;
}

static void explain_passfile(const ww_session *s, ww_error *err)
{
    const ww_conninfo *info = s->config.conninfo;
    if ((info->password == NULL || info->password[0] == '\0') && err->hint[0] == '\0' &&
        strcmp(err->sqlstate, "28P01") == 0)
        snprintf(err->hint, sizeof err->hint, "The password is from the password file %s.",
                 info->passfile != NULL ? info->passfile : "~/.pgpass");
}

/* With the password for this host. */
static ww_status log_in(ww_session *s, ww__target *t, const ww_addrs *addrs, ww_error *err)
{
    ww_status st = ww__token_find(s, t, err);
    if (st == WW_OK) {
        ww__password_find(s, t);
        st = try_addresses(s, t, addrs, err);
    }
    if (st < 0 && t->password != NULL)
        explain_passfile(s, err);
    ww__credentials_forget(t);
    return st;
}

/* To its addresses, or to where another session is. */
static ww_status try_host(ww_session *s, ww__target *t, ww_error *err)
{
    const ww_session *beside = s->config.beside;
    ww_addrs *addrs = NULL;
    ww_status st = beside == NULL ? resolve(t, &addrs, err)
                                  : ww_addrs_pick(&addrs, beside->addrs, beside->addr_index, err);
    if (st == WW_OK)
        st = log_in(s, t, addrs, err);
    if (st == WW_OK)
        s->addrs = addrs;
    else
        ww_addrs_free(addrs);
    return st;
}

/* *missed: a host was there, and of the wrong kind. */
static ww_status try_round(ww_session *s, const size_t *order, size_t count, bool *missed,
                           ww_error *err)
{
    ww_status st = WW_ERR_INTERNAL;
    ww__target t;
    size_t i;
    for (i = 0; i < count; i++) {
        s->wrong_kind = s->connected = false;
        s->host_index = order[i];
        if ((st = find_target(s->config.conninfo, order[i], &t, err)) < 0)
            return st;
        st = try_host(s, &t, err);
        *missed |= s->wrong_kind;
        if (st == WW_OK || !next_host(s, err))
            break;
        if (i + 1 < count)
            ww__log(&s->config.log, WW_LOG_INFO, "%s: %s; trying the next host",
                    t.name[0] != '\0' ? t.name : s->address, err->what);
    }
    return st;
}

static ww_status try_rounds(ww_session *s, const size_t *order, size_t count, ww_error *err)
{
    bool missed = false;
    ww_status st;
    s->target = s->values.target;
    st = try_round(s, order, count, &missed, err);
    if (st == WW_OK || s->target != WW_TARGET_PREFER_STANDBY || !missed || !next_host(s, err))
        return st;
    ww__log(&s->config.log, WW_LOG_INFO, "no host is a standby; any will do");
    s->target = WW_TARGET_ANY;
    return try_round(s, order, count, &missed, err);
}

/* To where another session is, whatever that server has become. */
static ww_status join(ww_session *s, ww_error *err)
{
    bool missed = false;
    s->target = WW_TARGET_ANY;
    return try_round(s, &s->config.beside->host_index, 1, &missed, err);
}

static void limit_timeout(ww_session *s)
{
    int most = s->config.max_connect_s;
    if (most > 0 && (s->values.connect_timeout_s == 0 || s->values.connect_timeout_s > most))
        s->values.connect_timeout_s = most;
}

/* Addresses and socket paths that no connection is needed for to see that they are wrong. */
static ww_status check_hosts(const ww_conninfo *info, size_t count, ww_error *err)
{
    ww_status st = WW_OK;
    ww__target t;
    size_t i;
    for (i = 0; st == WW_OK && i < count; i++) {
        ww_addrs *addrs = NULL;
        st = find_target(info, i, &t, err);
        if (st == WW_OK && (t.host.local || t.host.hostaddr.len > 0))
            st = resolve(&t, &addrs, err);
        ww_addrs_free(addrs);
    }
    return st;
}

static void explain_all(size_t count, ww_error *err)
{
    if (count > 1 && err->hint[0] == '\0')
        snprintf(err->hint, sizeof err->hint,
                 "That was the last of %u hosts; -v says what was wrong with each.",
                 (unsigned)count);
}

static ww_status try_hosts(ww_session *s, ww_error *err)
{
    size_t count, *order;
    ww_status st = ww_conninfo_resolve(s->config.conninfo, &s->values, err);
    if (st < 0)
        return st;
    limit_timeout(s);
    if (s->config.beside != NULL)
        return join(s, err);
    count = ww_conninfo_host_count(s->config.conninfo, err);
    if (count == 0)
        return err->status;
    if ((st = check_hosts(s->config.conninfo, count, err)) < 0)
        return st;
    order = make_order(count, s->values.load_balance_hosts);
    if (order == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the hosts");
    st = try_rounds(s, order, count, err);
    if (st < 0 && next_host(s, err))
        explain_all(count, err);
    free(order);
    return st;
}

ww_status ww__session_connect(ww_session *s, ww_error *err)
{
    ww_error local;
    ww_status st = try_hosts(s, err != NULL ? err : &local);
    ww__connect_forget(s);
    s->config.beside = NULL; /* it need not live longer */
    return st;
}
