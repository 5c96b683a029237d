/* SPDX-License-Identifier: MIT */
/* tls_names.c: does a name in a certificate cover a host? libpq's rules, and stricter where
 * OpenSSL's are: a wildcard is the whole leftmost label, stands for exactly one, and has two labels
 * or more behind it. */
#include "tls.h"

#include <arpa/inet.h>
#include <string.h>

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c; /* names are ASCII; no locale */
}

static bool equal_ignoring_case(const uint8_t *a, const uint8_t *b, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

/* "*.example.com": at least two labels behind the star. */
static bool is_wildcard(ww_slice name)
{
    return name.len > 4 && name.ptr[0] == '*' && name.ptr[1] == '.' && name.ptr[2] != '.' &&
           memchr(name.ptr + 2, '.', name.len - 3) != NULL;
}

bool ww__tls_name_covers(ww_slice name, ww_slice host)
{
    const uint8_t *dot;
    size_t label;
    if (name.len == 0 || host.len == 0)
        return false;
    if (name.len == host.len && equal_ignoring_case(name.ptr, host.ptr, host.len))
        return true;
    dot = memchr(host.ptr, '.', host.len);
    if (!is_wildcard(name) || dot == NULL || dot == host.ptr)
        return false;
    label = (size_t)(dot - host.ptr);
    return host.len - label == name.len - 1 && equal_ignoring_case(dot, name.ptr + 1, name.len - 1);
}

size_t ww__tls_parse_address(const char *text, uint8_t out[16])
{
    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

bool ww__tls_looks_numeric(const char *host)
{
    return strchr(host, ':') != NULL || host[strspn(host, "0123456789.")] == '\0';
}
