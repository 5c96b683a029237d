/* SPDX-License-Identifier: MIT */
/* containers.h: what arrays, composites, ranges and hstore have in common: when and how an element
 * is quoted, read in token.c and written in element.c. */
#ifndef WALWIRE_DECODE_CONTAINERS_H
#define WALWIRE_DECODE_CONTAINERS_H

#include "values.h"

/* As ww_value_check(), but for an element: the length of its text is the outermost value's care. */
ww_status ww__value_check(const ww_value *v, ww_error *err);
/* Writes what is left without its escapes. */
void ww__chars_put(ww__chars *c, ww_out *out);

/* ---- quoting: element.c ---------------------------------------------------------------------- */

#define WW__QUOTE_ALWAYS 1024u

typedef struct ww__quoting {
    unsigned quote_if; /* WW__HAS_ and WW__IS_, or WW__QUOTE_ALWAYS */
    ww__layer layer;   /* how quotes and backslashes are escaped between quotes */
    char delimiter;    /* of text: another character that needs quotes; or 0 */
    bool any_space;    /* of text: the server's locale may know more spaces than ASCII has */
} ww__quoting;

/* The bits of WW__HAS_ for one byte. */
unsigned ww__byte_class(uint8_t byte);
/* Is the text of this checked binary value at most as long as the server's longest? */
bool ww__value_fits(const ww_value *v);
/* Writes an element of a checked binary value, in quotes if it needs them. */
void ww__element_put(const ww_value *element, const ww__quoting *quoting, ww_out *out);
/* Checks an element, whose offset in its container is added to the error's. */
ww_status ww__element_check(const ww_value *container, const ww_value *element, ww_error *err);
/* An element with these bytes; a NULL pointer is a null. */
ww_value ww__element_of(const ww_value *container, uint32_t type_oid, const ww_type *type,
                        ww_slice bytes);
/* ERR_DECODE if a container cannot stand this deep. */
ww_status ww__container_check(const ww_value *v, ww_error *err);

/* ---- binary ---------------------------------------------------------------------------------- */

/* A length, or -1 (then bytes.ptr is NULL), and so many bytes. */
ww_slice ww__field_read(ww__reader *r);
/* The same from bytes that were checked. */
ww_slice ww__field_next(ww_walk *w);

/* ---- text: token.c ----------------------------------------------------------------------------
 */

/* Walks the text of a container, with a sticky error like ww__reader's. */
typedef struct ww__text {
    ww__chars chars;
    const char *broken;
    const uint8_t *broken_at;
} ww__text;

typedef struct ww__token {
    ww_slice raw; /* what stands between the quotes, or between the delimiters */
    bool quoted;
} ww__token;

ww__text ww__text_of(const ww_value *v);
/* What is left of a checked container, and back. */
ww__text ww__text_walk(const ww_walk *w);
void ww__text_left(const ww__text *s, ww_walk *w);
void ww__text_break(ww__text *s, const char *rule);
/* The next byte, which stays there; -1 at the end. */
int ww__text_peek(const ww__text *s);
/* Takes the next byte if it is this one. */
bool ww__text_take(ww__text *s, char byte);
/* The same; else `rule` is broken. */
void ww__text_expect(ww__text *s, char byte, const char *rule);
/* Takes these bytes, or breaks `rule`. */
void ww__text_word(ww__text *s, const char *word, const char *rule);
/* A decimal number as the server writes it. */
int32_t ww__text_i32(ww__text *s);
/* An element, quoted if and only if it needs to be. Not quoted, it may be empty. */
ww__token ww__text_token(ww__text *s, const ww__quoting *quoting);
/* Is this null, in any case? */
bool ww__is_null_word(ww_slice raw);
/* The first broken rule, or text left over, as an error. */
ww_status ww__text_done(const ww_value *v, ww__text *s, ww_error *err);
/* The element of this token. */
ww_value ww__token_value(const ww_value *container, uint32_t type_oid, const ww_type *type,
                         ww__token token, ww__layer layer);

#endif
