/* SPDX-License-Identifier: MIT */
/* strictjson.h: a small JSON reader to judge what the format room wrote, written apart from it:
 * by recursion where that keeps a bit stack, by code point where that keeps words. It knows a
 * document and nothing else; values are slices of the text. */
#ifndef WALWIRE_TESTS_STRICTJSON_H
#define WALWIRE_TESTS_STRICTJSON_H

#include <walwire/base.h>

#include <string.h>

typedef struct sj_reader {
    const uint8_t *at, *end;
    unsigned deepest; /* containers around the innermost value */
} sj_reader;

/* ---- UTF-8, by the table of RFC 3629, section 4 ---- */

static inline size_t sj_tail(const uint8_t *p, size_t left, size_t n, unsigned low, unsigned high)
{
    size_t i;
    if (left < n || p[1] < low || p[1] > high)
        return 0;
    for (i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return n;
}

/* Length of the character at p, 0 if it is none. */
static inline size_t sj_utf8(const uint8_t *p, size_t left)
{
    if (p[0] <= 0x7F)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        return sj_tail(p, left, 2, 0x80, 0xBF);
    if (p[0] == 0xE0)
        return sj_tail(p, left, 3, 0xA0, 0xBF);
    if (p[0] == 0xED)
        return sj_tail(p, left, 3, 0x80, 0x9F);
    if (p[0] >= 0xE1 && p[0] <= 0xEF)
        return sj_tail(p, left, 3, 0x80, 0xBF);
    if (p[0] == 0xF0)
        return sj_tail(p, left, 4, 0x90, 0xBF);
    if (p[0] >= 0xF1 && p[0] <= 0xF3)
        return sj_tail(p, left, 4, 0x80, 0xBF);
    if (p[0] == 0xF4)
        return sj_tail(p, left, 4, 0x80, 0x8F);
    return 0;
}

static inline bool sj_utf8_valid(ww_slice s)
{
    size_t at = 0, n;
    for (; at < s.len; at += n)
        if ((n = sj_utf8(s.ptr + at, s.len - at)) == 0)
            return false;
    return true;
}

/* ---- grammar ---- */

static inline void sj_space(sj_reader *r)
{
    while (r->at < r->end && memchr(" \t\r\n", *r->at, 4) != NULL)
        r->at++;
}

static inline bool sj_char(sj_reader *r, char c)
{
    bool is = r->at < r->end && *r->at == (uint8_t)c;
    r->at += is;
    return is;
}

static inline int sj_hex(uint8_t c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c != 0 ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) % 16 : -1;
}

static inline bool sj_unit(sj_reader *r, uint32_t *unit)
{
    int i;
    for (*unit = 0, i = 0; i < 4; i++, r->at++) {
        if (r->at == r->end || sj_hex(*r->at) < 0)
            return false;
        *unit = *unit * 16 + (uint32_t)sj_hex(*r->at);
    }
    return true;
}

static inline size_t sj_encode(uint32_t code, uint8_t *to)
{
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (uint8_t)(0xC0 | code >> 6);
        to[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (uint8_t)(0xE0 | code >> 12);
        to[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        to[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | code >> 18);
    to[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    to[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    to[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

/* Behind a backslash; the bytes it stands for go to `to`. 0: not an escape. */
static inline size_t sj_escape(sj_reader *r, uint8_t *to)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t high, low;
    if (r->at == r->end)
        return 0;
    if (*r->at != 'u') {
        found = *r->at != 0 ? strchr(names, *r->at) : NULL;
        r->at++;
        if (found == NULL)
            return 0;
        to[0] = (uint8_t)values[found - names];
        return 1;
    }
    r->at++;
    if (!sj_unit(r, &high) || (high >= 0xDC00 && high <= 0xDFFF))
        return 0;
    if (high < 0xD800 || high > 0xDBFF)
        return sj_encode(high, to);
    if (!sj_char(r, '\\') || !sj_char(r, 'u') || !sj_unit(r, &low) || low < 0xDC00 || low > 0xDFFF)
        return 0;
    return sj_encode(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00), to);
}

/* A string; what it says goes to `text` (as long as its JSON form at most; may be NULL). */
static inline bool sj_string(sj_reader *r, uint8_t *text, size_t *len)
{
    uint8_t piece[4];
    size_t n;
    *len = 0;
    if (!sj_char(r, '"'))
        return false;
    while (r->at < r->end && *r->at != '"') {
        if (*r->at < 0x20)
            return false;
        if (*r->at == '\\') {
            r->at++;
            n = sj_escape(r, piece);
        } else {
            n = sj_utf8(r->at, (size_t)(r->end - r->at));
            if (n > 0)
                memcpy(piece, r->at, n);
            r->at += n;
        }
        if (n == 0)
            return false;
        if (text != NULL)
            memcpy(text + *len, piece, n);
        *len += n;
    }
    return sj_char(r, '"');
}

static inline bool sj_digits(sj_reader *r)
{
    const uint8_t *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start;
}

static inline bool sj_number(sj_reader *r)
{
    sj_char(r, '-');
    if (!sj_char(r, '0') && !sj_digits(r))
        return false;
    if (sj_char(r, '.') && !sj_digits(r))
        return false;
    if (sj_char(r, 'e') || sj_char(r, 'E')) {
        if (!sj_char(r, '+'))
            sj_char(r, '-');
        return sj_digits(r);
    }
    return true;
}

static inline bool sj_word(sj_reader *r, const char *word)
{
    for (; *word != '\0'; word++)
        if (!sj_char(r, *word))
            return false;
    return true;
}

static inline bool sj_value(sj_reader *r, unsigned depth)
{
    bool object;
    size_t len;
    sj_space(r);
    if (r->at == r->end || depth > 2000)
        return false;
    if (*r->at == '"')
        return sj_string(r, NULL, &len);
    if (*r->at == 't' || *r->at == 'f' || *r->at == 'n')
        return sj_word(r, *r->at == 't' ? "true" : *r->at == 'f' ? "false" : "null");
    if (*r->at != '{' && *r->at != '[')
        return sj_number(r);
    object = *r->at++ == '{';
    if (depth + 1 > r->deepest)
        r->deepest = depth + 1;
    sj_space(r);
    if (sj_char(r, object ? '}' : ']'))
        return true;
    do {
        if (object) {
            sj_space(r);
            if (!sj_string(r, NULL, &len))
                return false;
            sj_space(r);
            if (!sj_char(r, ':'))
                return false;
        }
        if (!sj_value(r, depth + 1))
            return false;
        sj_space(r);
    } while (sj_char(r, ','));
    return sj_char(r, object ? '}' : ']');
}

/* ---- what tests ask ---- */

/* Is this one JSON document and nothing else? */
static inline bool sj_valid(ww_slice text)
{
    sj_reader r = { text.ptr, text.ptr + text.len, 0 };
    if (text.len == 0 || !sj_value(&r, 0))
        return false;
    sj_space(&r);
    return r.at == r.end;
}

/* How deep the containers of a valid document are nested; 0 for a scalar, and for what is not
 * valid. */
static inline unsigned sj_depth(ww_slice text)
{
    sj_reader r = { text.ptr, text.ptr + text.len, 0 };
    return sj_valid(text) && sj_value(&r, 0) ? r.deepest : 0;
}

/* Do two valid documents say the same? Numbers and the order of members must be the same text.
 * room: scratch, twice as long as the longer one. */
static inline bool sj_same(ww_slice one, ww_slice other, uint8_t *room)
{
    sj_reader a = { one.ptr, one.ptr + one.len, 0 }, b = { other.ptr, other.ptr + other.len, 0 };
    for (;;) {
        size_t n, m;
        sj_space(&a);
        sj_space(&b);
        if (a.at == a.end || b.at == b.end)
            return a.at == a.end && b.at == b.end;
        if (*a.at != *b.at)
            return false;
        if (*a.at != '"') {
            a.at++;
            b.at++;
            continue;
        }
        if (!sj_string(&a, room, &n) || !sj_string(&b, room + n, &m) || n != m ||
            memcmp(room, room + n, n) != 0)
            return false;
    }
}

/* The n-th member (from 0) of a valid object: its name as JSON string, its value as text. */
static inline bool sj_nth(ww_slice object, size_t n, ww_slice *name, ww_slice *value)
{
    sj_reader r = { object.ptr, object.ptr + object.len, 0 };
    size_t len;
    if (object.len == 0 || !sj_char(&r, '{'))
        return false;
    do {
        sj_space(&r);
        name->ptr = r.at;
        if (!sj_string(&r, NULL, &len))
            return false;
        name->len = (size_t)(r.at - name->ptr);
        sj_space(&r);
        sj_char(&r, ':');
        sj_space(&r);
        value->ptr = r.at;
        if (!sj_value(&r, 0))
            return false;
        value->len = (size_t)(r.at - value->ptr);
        sj_space(&r);
        if (n-- == 0)
            return true;
    } while (sj_char(&r, ','));
    return false;
}

/* The member of a valid object with this name (JSON text without quotes); empty if there is
 * none. */
static inline ww_slice sj_get(ww_slice object, const char *name)
{
    ww_slice none = { NULL, 0 }, key = none, value = none;
    size_t i;
    for (i = 0; sj_nth(object, i, &key, &value); i++)
        if (key.len == strlen(name) + 2 && memcmp(key.ptr + 1, name, key.len - 2) == 0)
            return value;
    return none;
}

/* Does this JSON text say this string? room: scratch, as long as json. */
static inline bool sj_says(ww_slice json, ww_slice text, uint8_t *room)
{
    sj_reader r = { json.ptr, json.ptr + json.len, 0 };
    size_t len;
    return json.len > 0 && sj_string(&r, room, &len) && r.at == r.end && len == text.len &&
           (len == 0 || memcmp(room, text.ptr, len) == 0);
}

#endif
