/* SPDX-License-Identifier: MIT */
/* hosts.c: host, hostaddr and port as lists that belong together. Source: pqConnectOptions2. */
#include "conninfo.h"

#include "base/error.h"

/* hostaddr decides how many there are, else host, else it is one. */
static size_t count_items(const char *list)
{
    ww_slice s = ww_slice_of(list);
    size_t n = 0, at = 0;
    if (s.len == 0)
        return 0;
    while (at <= s.len) {
        ww__next_item(s, &at);
        n++;
    }
    return n;
}

static size_t mismatch(ww_error *err, const char *what, size_t have, size_t want)
{
    ww__fail(err, WW_ERR_USAGE, what);
    ww__error_add_number(err, have);
    ww__error_add_text(err, " and ");
    ww__error_add_number(err, want);
    return 0;
}

size_t ww_conninfo_host_count(const ww_conninfo *c, ww_error *err)
{
    size_t hosts = count_items(c->host), addresses = count_items(c->hostaddr);
    size_t ports = count_items(c->port);
    size_t n = addresses > 0 ? addresses : hosts > 0 ? hosts : 1;
    if (hosts > 0 && hosts != n)
        return mismatch(err, "host and hostaddr are lists of different lengths", hosts, n);
    if (ports > 1 && ports != n)
        return mismatch(err, "port is a list of neither one entry nor one for each host", ports, n);
    return n;
}

/* Shown only if it is made of what a port is made of: in a URI whose password has a bare '/', a
 * piece of that password lands here. */
static ww_status refuse_port(ww_slice text, ww_error *err)
{
    size_t i;
    ww__fail(err, WW_ERR_USAGE,
             "a port is not a number from 1 to 65535, as in port=5432 (in a URI, the '/' and '@' "
             "of a password are written %2F and %40)");
    for (i = 0; i < text.len; i++)
        if ((text.ptr[i] < '0' || text.ptr[i] > '9') && text.ptr[i] != '-')
            return WW_ERR_USAGE;
    ww__error_add(err, text);
    return WW_ERR_USAGE;
}

static ww_status read_port(ww_slice text, uint16_t *port, ww_error *err)
{
    int n = WW_DEFAULT_PORT;
    if (text.len > 0 && (!ww__int_parse(text, &n) || n < 1 || n > 65535))
        return refuse_port(text, err);
    *port = (uint16_t)n;
    return WW_OK;
}

static bool is_socket_dir(ww_slice host)
{
    return host.len > 0 && (host.ptr[0] == '/' || host.ptr[0] == '@');
}

static ww_slice pick_item(const char *list, size_t i)
{
    ww_slice s = ww_slice_of(list);
    ww_slice item = s;
    size_t at = 0;
    if (s.len == 0)
        return s;
    do {
        item = ww__next_item(s, &at);
    } while (i-- > 0);
    return item;
}

ww_status ww_conninfo_host(const ww_conninfo *c, size_t i, ww_host *out, ww_error *err)
{
    size_t n = ww_conninfo_host_count(c, err);
    if (n == 0)
        return WW_ERR_USAGE;
    if (i >= n)
        return ww__fail(err, WW_ERR_USAGE, "there are not as many hosts as asked for");
    out->host = pick_item(c->host, i);
    out->hostaddr = pick_item(c->hostaddr, i);
    out->local = out->hostaddr.len == 0 && is_socket_dir(out->host);
    return read_port(pick_item(c->port, count_items(c->port) > 1 ? i : 0), &out->port, err);
}

/* No host has an '@' in it, but a URI whose password has one puts the password's tail there. */
static ww_status check_names(const ww_conninfo *c, ww_error *err)
{
    ww_slice list = ww_slice_of(c->host);
    size_t at = 0;
    while (at <= list.len) {
        ww_slice host = ww__next_item(list, &at);
        if (!is_socket_dir(host) && ww__find_any(host, 0, "@") < host.len)
            return ww__fail(err, WW_ERR_USAGE,
                            "a host name contains '@'; in a URI, the '@' of a user or password is "
                            "written %40");
    }
    return WW_OK;
}

ww_status ww__hosts_check(const ww_conninfo *c, ww_error *err)
{
    ww_slice ports = ww_slice_of(c->port);
    ww_status st = WW_OK;
    size_t at = 0;
    uint16_t port;
    if (ww_conninfo_host_count(c, err) == 0)
        return WW_ERR_USAGE;
    while (st == WW_OK && at <= ports.len)
        st = read_port(ww__next_item(ports, &at), &port, err);
    return st == WW_OK ? check_names(c, err) : st;
}
