/* SPDX-License-Identifier: MIT */
/* jsoncheck.c: is this text a JSON document? RFC 8259 to the letter, which is what the server's
 * json type accepts, but for half surrogate pairs (\ud800 alone): many readers refuse a whole
 * line for one.
 *
 * No recursion: one bit per open container says whether it is an object. */
#include "json.h"

typedef struct checker {
    const uint8_t *at, *end;
    unsigned depth;
    uint8_t is_object[WW__JSON_MAX_DEPTH / 8];
} checker;

static void skip_space(checker *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
        c->at++;
}

static bool take(checker *c, char byte)
{
    if (c->at == c->end || *c->at != (uint8_t)byte)
        return false;
    c->at++;
    return true;
}

static bool take_word(checker *c, const char *word, size_t n)
{
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

static bool open_container(checker *c, bool object)
{
    uint8_t bit = (uint8_t)(1u << c->depth % 8);
    if (c->depth == WW__JSON_MAX_DEPTH)
        return false;
    if (object)
        c->is_object[c->depth / 8] |= bit;
    else
        c->is_object[c->depth / 8] &= (uint8_t)~bit;
    c->depth++;
    return true;
}

static bool in_object(const checker *c)
{
    return (c->is_object[(c->depth - 1) / 8] >> (c->depth - 1) % 8 & 1) != 0;
}

static bool hex_unit(checker *c, unsigned *unit)
{
    int i;
    *unit = 0;
    if (c->end - c->at < 4)
        return false;
    for (i = 0; i < 4; i++) {
        unsigned d = *c->at++;
        if (d >= '0' && d <= '9')
            d -= '0';
        else if ((d | 0x20) >= 'a' && (d | 0x20) <= 'f')
            d = (d | 0x20) - 'a' + 10;
        else
            return false;
        *unit = *unit << 4 | d;
    }
    return true;
}

/* Behind a backslash. */
static bool escape(checker *c)
{
    unsigned unit;
    if (c->at == c->end)
        return false;
    switch (*c->at++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        if (!hex_unit(c, &unit) || (unit & 0xFC00) == 0xDC00)
            return false;
        if ((unit & 0xFC00) != 0xD800)
            return true;
        return take(c, '\\') && take(c, 'u') && hex_unit(c, &unit) && (unit & 0xFC00) == 0xDC00;
    default:
        return false;
    }
}

static bool string(checker *c)
{
    const uint8_t *at;
    if (!take(c, '"'))
        return false;
    for (;;) {
        for (at = c->at; at < c->end && *at >= 0x20 && *at != '"' && *at != '\\'; at++)
            ;
        c->at = at;
        if (take(c, '"'))
            return true;
        if (!take(c, '\\') || !escape(c))
            return false;
    }
}

static bool key(checker *c)
{
    skip_space(c);
    if (!string(c))
        return false;
    skip_space(c);
    return take(c, ':');
}

static size_t count_digits(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *start = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return (size_t)(at - start);
}

size_t ww__json_number(ww_slice text)
{
    const uint8_t *at = text.ptr;
    const uint8_t *end = text.ptr + text.len;
    size_t n;
    if (at < end && *at == '-')
        at++;
    n = count_digits(at, end);
    if (n == 0 || (n > 1 && *at == '0'))
        return 0;
    at += n;
    if (at < end && *at == '.') {
        n = count_digits(++at, end);
        if (n == 0)
            return 0;
        at += n;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        n = count_digits(at, end);
        if (n == 0)
            return 0;
        at += n;
    }
    return (size_t)(at - text.ptr);
}

static bool number(checker *c)
{
    ww_slice rest = { c->at, (size_t)(c->end - c->at) };
    size_t n = ww__json_number(rest);
    c->at += n;
    return n > 0;
}

/* A scalar, an empty container, or containers opened down to their first scalar. */
static bool value(checker *c)
{
    for (;;) {
        skip_space(c);
        if (c->at == c->end)
            return false;
        switch (*c->at) {
        case '{':
            c->at++;
            skip_space(c);
            if (take(c, '}'))
                return c->depth < WW__JSON_MAX_DEPTH;
            if (!open_container(c, true) || !key(c))
                return false;
            break;
        case '[':
            c->at++;
            skip_space(c);
            if (take(c, ']'))
                return c->depth < WW__JSON_MAX_DEPTH;
            if (!open_container(c, false))
                return false;
            break;
        case '"':
            return string(c);
        case 't':
            return take_word(c, "true", 4);
        case 'f':
            return take_word(c, "false", 5);
        case 'n':
            return take_word(c, "null", 4);
        default:
            return number(c);
        }
    }
}

bool ww__json_check(ww_slice text)
{
    checker c = { text.ptr, text.ptr + text.len, 0, { 0 } };
    while (value(&c)) {
        for (;;) {
            skip_space(&c);
            if (c.depth == 0)
                return c.at == c.end;
            if (take(&c, ',')) {
                if (in_object(&c) && !key(&c))
                    return false;
                break;
            }
            if (!take(&c, in_object(&c) ? '}' : ']'))
                return false;
            c.depth--;
        }
    }
    return false;
}
