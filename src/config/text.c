/* SPDX-License-Identifier: MIT */
/* text.c: the few things that every grammar of this room needs: space, lists, integers. */
#include "conninfo.h"

#include <limits.h>
#include <string.h>

bool ww__is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

ww_slice ww__cut(ww_slice text, size_t from, size_t to)
{
    ww_slice s = {NULL, to - from};
    if (s.len > 0)
        s.ptr = text.ptr + from;
    return s;
}

size_t ww__find_any(ww_slice text, size_t from, const char *set)
{
    size_t n = strlen(set);
    while (from < text.len && memchr(set, text.ptr[from], n) == NULL)
        from++;
    return from;
}

ww_slice ww__next_item(ww_slice list, size_t *at)
{
    size_t start = *at;
    size_t end = ww__find_any(list, start, ",");
    *at = end + 1;
    return ww__cut(list, start, end);
}

bool ww__int_parse(ww_slice text, int *out)
{
    size_t at = 0, digits;
    bool negative = false;
    long long value = 0;
    while (at < text.len && ww__is_space(text.ptr[at]))
        at++;
    if (at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+'))
        negative = text.ptr[at++] == '-';
    for (digits = at; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++)
        if (value <= INT_MAX + 1LL) /* else it does not fit, whatever comes */
            value = value * 10 + (text.ptr[at] - '0');
    if (at == digits)
        return false;
    while (at < text.len && ww__is_space(text.ptr[at]))
        at++;
    if (negative)
        value = -value;
    if (at < text.len || value < INT_MIN || value > INT_MAX)
        return false;
    *out = (int)value;
    return true;
}
