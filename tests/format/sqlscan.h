/* SPDX-License-Identifier: MIT */
/* sqlscan.h: a second reading of SQL text, by the rules of PostgreSQL's chapter "Lexical Structure"
 * and apart from what writes it: tokens of a statement, with what literals and names stand for.
 * What would mean something else under another standard_conforming_strings or backslash_quote is
 * wrong here. */
#ifndef WALWIRE_TESTS_FORMAT_SQLSCAN_H
#define WALWIRE_TESTS_FORMAT_SQLSCAN_H

#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <walwire/base.h>

#define SQL_ROOM ((size_t)1 << 16)

typedef enum sql_kind { SQL_END, SQL_OTHER, SQL_LITERAL, SQL_NAME, SQL_WRONG } sql_kind;

typedef struct sqlscan {
    const uint8_t *at, *end;
    size_t len; /* of what a literal or name stands for */
    uint8_t room[SQL_ROOM];
} sqlscan;

static inline void sql_keep(sqlscan *s, const uint8_t *bytes, size_t n)
{
    if (n <= sizeof s->room - s->len)
        memcpy(s->room + s->len, bytes, n);
    s->len += n;
}

static inline unsigned sql_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0';
    return c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10 : 99;
}

/* So many digits of this base from s->at. False: there are fewer. */
static inline bool sql_number(sqlscan *s, unsigned base, unsigned digits, uint32_t *number)
{
    *number = 0;
    for (; digits > 0; digits--, s->at++) {
        if (s->at == s->end || sql_digit(*s->at) >= base)
            return false;
        *number = *number * base + sql_digit(*s->at);
    }
    return true;
}

/* Behind the backslash in E''. */
static inline bool sql_escape(sqlscan *s)
{
    static const char letters[] = "\\\\n\nr\rt\t";
    const char *found = strchr(letters, s->at < s->end ? *s->at : 'x');
    uint32_t number;
    uint8_t byte;
    if (s->at < s->end && *s->at != '\0' && found != NULL && (found - letters) % 2 == 0) {
        s->at++;
        sql_keep(s, (const uint8_t *)found + 1, 1);
        return true;
    }
    if (!sql_number(s, 8, 3, &number) || number > 255)
        return false;
    byte = (uint8_t)number;
    sql_keep(s, &byte, 1);
    return true;
}

/* Behind the backslash in U&"". */
static inline bool sql_code(sqlscan *s)
{
    uint8_t text[4];
    uint32_t code = 0;
    bool is_long = s->at < s->end && *s->at == '+';
    if (s->at < s->end && *s->at == '\\') {
        sql_keep(s, s->at++, 1);
        return true;
    }
    s->at += is_long;
    if (!sql_number(s, 16, is_long ? 6 : 4, &code) || code == 0 || code > 0x10FFFF)
        return false;
    sql_keep(s, text, ww__utf8_encode(code, text));
    return true;
}

/* Behind the quote that opens it, to behind the one that closes it. */
static inline bool sql_quoted(sqlscan *s, uint8_t quote, bool (*escape)(sqlscan *))
{
    s->len = 0;
    while (s->at < s->end) {
        uint8_t c = *s->at++;
        if (c == quote && (s->at == s->end || *s->at != quote))
            return true;
        s->at += c == quote;
        if (c == '\\' && escape != NULL) {
            if (!escape(s))
                return false;
        } else if (c < 0x20 || c == 0x7F || (c == '\\' && quote == '\'')) {
            return false;
        } else {
            sql_keep(s, &c, 1);
        }
    }
    return false;
}

static inline bool sql_is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static inline bool sql_begins(const sqlscan *s, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

/* The next token. What stands outside of quotes is words, numbers and the signs , ( ) = . ; */
static inline sql_kind sql_next(sqlscan *s)
{
    bool ok;
    while (s->at < s->end && *s->at == ' ')
        s->at++;
    if (s->at == s->end)
        return SQL_END;
    if (*s->at == '\'' || sql_begins(s, "E'")) {
        bool escapes = *s->at == 'E';
        s->at += 1 + escapes;
        return sql_quoted(s, '\'', escapes ? sql_escape : NULL) ? SQL_LITERAL : SQL_WRONG;
    }
    if (*s->at == '"' || sql_begins(s, "U&\"")) {
        bool escapes = *s->at == 'U';
        s->at += escapes ? 3 : 1;
        return sql_quoted(s, '"', escapes ? sql_code : NULL) ? SQL_NAME : SQL_WRONG;
    }
    if (sql_is_word(*s->at) || (*s->at == '-' && !sql_begins(s, "--"))) {
        for (s->at++; s->at < s->end && sql_is_word(*s->at); s->at++)
            ;
        /* a quote right behind a word would be a literal of another kind */
        ok = s->at == s->end || (*s->at != '\'' && *s->at != '"' && *s->at != '&');
        return ok ? SQL_OTHER : SQL_WRONG;
    }
    return memchr(",()=.;", *s->at++, 6) != NULL ? SQL_OTHER : SQL_WRONG;
}

static inline sqlscan *sql_open(sqlscan *s, ww_slice line)
{
    s->at = line.ptr;
    s->end = line.len > 0 ? line.ptr + line.len : line.ptr;
    s->len = 0;
    return s;
}

/* Is this one statement, whole, with its semicolon at the end and nowhere else, its parentheses in
 * pairs? */
static inline bool sql_valid(sqlscan *s, ww_slice line)
{
    sql_kind kind;
    int depth = 0;
    bool ended = false;
    sql_open(s, line);
    while ((kind = sql_next(s)) != SQL_END) {
        uint8_t sign = kind == SQL_OTHER ? s->at[-1] : 0;
        if (kind == SQL_WRONG || ended)
            return false;
        depth += (sign == '(') - (sign == ')');
        ended = sign == ';';
        if (depth < 0)
            return false;
    }
    return ended && depth == 0;
}

#endif
