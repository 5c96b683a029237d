/* SPDX-License-Identifier: MIT */
/* glob.c: reads patterns of names where they stand, without a compiled form. */
#include "glob.h"

#include "base/utf8.h"

/* Where in a pattern we are. */
typedef struct place {
    const char *at;
    bool quoted;
} place;

typedef enum token { LITERAL, ANY_CHARACTER, ANY_TEXT, END_OF_NAME, OPEN_QUOTE } token;

/* At END_OF_NAME p->at stays on the dot or the NUL. *c is a LITERAL's byte. */
static token next_token(place *p, char *c)
{
    while (*p->at == '"') {
        if (p->quoted && p->at[1] == '"')
            break;
        p->quoted = !p->quoted;
        p->at++;
    }
    *c = *p->at;
    if (*c == '\0')
        return p->quoted ? OPEN_QUOTE : END_OF_NAME;
    if (!p->quoted && *c == '.')
        return END_OF_NAME;
    p->at += *c == '"' ? 2 : 1;
    if (!p->quoted && *c == '*')
        return ANY_TEXT;
    return !p->quoted && *c == '?' ? ANY_CHARACTER : LITERAL;
}

size_t ww__glob_names(const char *pattern, const char **why)
{
    place p = {pattern, false};
    size_t names = 0, len = 0;
    char c;
    for (;;) {
        token t = next_token(&p, &c);
        if (t == OPEN_QUOTE || (t == END_OF_NAME && len == 0)) {
            *why = t == OPEN_QUOTE ? "a quote is left open in the filter"
                                   : "a name is empty in the filter";
            return 0;
        }
        len++;
        if (t != END_OF_NAME)
            continue;
        names++;
        len = 0;
        if (c == '\0')
            return names;
        p.at++;
    }
}

/* The length of the character there; bytes that are none count one by one. */
static size_t character_size(ww_slice text, size_t at)
{
    uint32_t code;
    size_t n = ww__utf8_decode(text.ptr + at, text.len - at, &code);
    return n > 0 ? n : 1;
}

/* Does the pattern's name at `p` fit? Of all * only the last one that was met is ever tried again:
 * what an earlier one could take instead, the last one can take too. */
static bool name_fits(place p, ww_slice name)
{
    place again = {NULL, false};
    size_t at = 0, again_at = 0;
    for (;;) {
        place next = p;
        char c;
        token t = next_token(&next, &c);
        if (t == END_OF_NAME && at == name.len)
            return true;
        if (t == ANY_TEXT) {
            again = next;
            again_at = at;
        } else if (at < name.len && t == ANY_CHARACTER) {
            at += character_size(name, at);
        } else if (at < name.len && t == LITERAL && name.ptr[at] == (uint8_t)c) {
            at++;
        } else if (at < name.len && again.at != NULL) {
            again_at += character_size(name, again_at);
            at = again_at;
            next = again;
        } else {
            return false;
        }
        p = next;
    }
}

/* Moves behind the name and its dot; false: it was the last one. */
static bool skip_name(place *p)
{
    char c;
    while (next_token(p, &c) != END_OF_NAME)
        ;
    if (c == '.')
        p->at++;
    return c == '.';
}

bool ww__glob_fits(const char *pattern, const ww_slice *names, size_t count)
{
    place p = {pattern, false};
    size_t parts = 1;
    while (skip_name(&p))
        parts++;
    if (parts > count)
        return false;
    p.at = pattern;
    for (names += count - parts; parts > 0; parts--, names++) {
        if (!name_fits(p, *names))
            return false;
        skip_name(&p);
    }
    return true;
}
