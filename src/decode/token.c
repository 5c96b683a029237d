/* SPDX-License-Identifier: MIT */
/* token.c: the text of containers, read as the server writes it: an element is quoted if it needs
 * quotes, and never else. */
#include "containers.h"

ww__text ww__text_of(const ww_value *v)
{
    ww__text s = {ww__chars_of(v), NULL, NULL};
    return s;
}

ww__text ww__text_walk(const ww_walk *w)
{
    ww__text s = ww__text_of(&w->container);
    s.chars.at = w->left.ptr;
    s.chars.end = w->left.ptr + w->left.len;
    return s;
}

void ww__text_left(const ww__text *s, ww_walk *w)
{
    w->left.ptr = s->chars.at;
    w->left.len = (size_t)(s->chars.end - s->chars.at);
}

static void break_at(ww__text *s, const char *rule, const uint8_t *at)
{
    if (s->broken == NULL) {
        s->broken = rule;
        s->broken_at = at;
    }
    s->chars.at = s->chars.end;
}

void ww__text_break(ww__text *s, const char *rule)
{
    break_at(s, rule, s->chars.at);
}

static int next(ww__text *s)
{
    return ww__chars_next(&s->chars);
}

static bool is_plain(const ww__text *s)
{
    return s->chars.at < s->chars.end && *s->chars.at != '"' && *s->chars.at != '\\';
}

int ww__text_peek(const ww__text *s)
{
    ww__chars ahead = s->chars;
    return is_plain(s) ? *s->chars.at : ww__chars_next(&ahead);
}

bool ww__text_take(ww__text *s, char byte)
{
    if (ww__text_peek(s) != (uint8_t)byte)
        return false;
    next(s);
    return true;
}

void ww__text_expect(ww__text *s, char byte, const char *rule)
{
    if (!ww__text_take(s, byte))
        ww__text_break(s, rule);
}

void ww__text_word(ww__text *s, const char *word, const char *rule)
{
    for (; *word != '\0' && s->broken == NULL; word++)
        ww__text_expect(s, *word, rule);
}

int32_t ww__text_i32(ww__text *s)
{
    const uint8_t *from = s->chars.at;
    bool negative = ww__text_take(s, '-');
    int64_t value = 0;
    int c, first = ww__text_peek(s), digits = 0;
    while ((c = ww__text_peek(s)) >= '0' && c <= '9' && digits++ < 10) {
        value = 10 * value + (c - '0');
        next(s);
    }
    if (negative)
        value = -value;
    if (digits == 0 || (first == '0' && (digits > 1 || negative)) || value < INT32_MIN ||
        value > INT32_MAX) {
        break_at(s, "this is no 32-bit number", from);
        return 0;
    }
    return (int32_t)value;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* Which of the reasons for quotes is this byte? */
static unsigned reasons(const ww__quoting *q, int c)
{
    unsigned class = ww__byte_class((uint8_t)c);
    if (q->any_space && c >= 0x80)
        class |= WW__HAS_SPACE;
    if (q->delimiter != 0 && c == (uint8_t)q->delimiter)
        class |= q->quote_if;
    return class & q->quote_if;
}

/* Is this the rest of an escape, or does the quoted text end here? */
static bool take_escaped(ww__text *s, ww__layer layer, int c)
{
    int second = ww__text_peek(s);
    bool known = layer == WW__LAYER_BACKSLASH ? second == '"' || second == '\\' : second == c;
    if (known)
        next(s);
    else if (c == '\\')
        ww__text_break(s, "a backslash stands before something else than it may");
    return known;
}

/* Up to the closing quote, which is taken, too. */
static unsigned read_quoted(ww__text *s, const ww__quoting *q, ww_slice *raw)
{
    const uint8_t *from = s->chars.at;
    unsigned class = 0;
    for (;;) {
        const uint8_t *before = s->chars.at;
        int c = next(s);
        if (c < 0) {
            ww__text_break(s, "a quote is not closed");
            break;
        }
        raw->len = (size_t)(before - from);
        if (c == '"' && (q->layer == WW__LAYER_BACKSLASH || !take_escaped(s, q->layer, c)))
            break;
        if (c == '\\' && !take_escaped(s, q->layer, c))
            break;
        class |= reasons(q, c);
    }
    raw->ptr = from;
    return class;
}

/* Quotes and backslashes end it always, so nothing in it is escaped. */
static void read_bare(ww__text *s, const ww__quoting *q, ww_slice *raw)
{
    raw->ptr = s->chars.at;
    while (is_plain(s)) {
        bool space = q->any_space && *s->chars.at >= 0x80;
        if (!space && reasons(q, *s->chars.at) != 0)
            break;
        s->chars.at++;
    }
    raw->len = (size_t)(s->chars.at - raw->ptr);
}

bool ww__is_null_word(ww_slice raw)
{
    static const char null[] = "null";
    size_t i = 0;
    while (raw.len == 4 && i < 4 && (raw.ptr[i] | 0x20) == null[i])
        i++;
    return i == 4;
}

ww__token ww__text_token(ww__text *s, const ww__quoting *q)
{
    ww__token t = {{s->chars.at, 0}, false};
    const uint8_t *from = s->chars.at;
    unsigned class;
    t.quoted = ww__text_take(s, '"');
    if (!t.quoted) {
        read_bare(s, q, &t.raw);
        return t;
    }
    class = read_quoted(s, q, &t.raw);
    if (t.raw.len == 0)
        class |= WW__IS_EMPTY;
    if (ww__is_null_word(t.raw))
        class |= WW__IS_NULL_WORD;
    if (s->broken == NULL && ((class | WW__QUOTE_ALWAYS) & q->quote_if) == 0)
        break_at(s, "an element stands in quotes that needs none", from);
    return t;
}

ww_value ww__token_value(const ww_value *container, uint32_t type_oid, const ww_type *type,
                         ww__token token, ww__layer layer)
{
    ww_value v = ww__element_of(container, type_oid, type, token.raw);
    if (token.quoted) { /* else there is nothing in it that could be escaped */
        v.layers = container->layers << 2 | (uint32_t)layer;
        v.nlayers = (uint8_t)(container->nlayers + 1);
    }
    return v;
}

ww_status ww__text_done(const ww_value *v, ww__text *s, ww_error *err)
{
    const uint8_t *start = ww__chars_of(v).at;
    if (s->broken == NULL && s->chars.at < s->chars.end)
        ww__text_break(s, "the value goes on where it should end");
    if (s->broken == NULL)
        return WW_OK;
    return ww__value_fail(v, err, s->broken, (uint64_t)(s->broken_at - start));
}
