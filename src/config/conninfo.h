/* SPDX-License-Identifier: MIT */
/* conninfo.h: what the files of this room share: keywords, values on their way in, small text. */
#ifndef WALWIRE_CONFIG_CONNINFO_H
#define WALWIRE_CONFIG_CONNINFO_H

#include <walwire/config.h>

/* ---- keywords (keyword.c) ------------------------------------------------------------------- */

typedef struct ww__keyword {
    const char *name;
    const char *env; /* NULL: none */
    size_t offset;   /* of its member in ww_conninfo */
} ww__keyword;

extern const ww__keyword ww__keywords[];
extern const size_t ww__keyword_count;

/* NULL if it is none of ours. */
const ww__keyword *ww__keyword_find(ww_slice name);
/* Passwords, keys, tokens: what follows such a value may be the tail of it. */
bool ww__keyword_is_secret(ww_slice name);
/* Does libpq take an empty value as none? (For sslmode, integers ... it is an error.) */
bool ww__keyword_may_be_empty(const ww__keyword *k);

/* ERR_USAGE for a keyword that ww__keyword_find() does not have, with the nearest known one.
 * `hide`: the name may be part of a password. */
ww_status ww__keyword_refuse(ww_slice name, uint64_t offset, bool hide, ww_error *err);

/* ERR_USAGE at an offset, about this word of the input, which is only shown if it looks like a
 * keyword and is not to be hidden. */
ww_status ww__fail_word(ww_error *err, const char *what, uint64_t offset, ww_slice word, bool hide);

/* ---- values (conninfo.c) -------------------------------------------------------------------- */

/* Writes what `raw` stands for to `out`, or only counts if out is NULL. Returns the length, never
 * more than raw.len. Cannot fail: raw was checked. */
typedef size_t (*ww__decode)(ww_slice raw, char *out);

size_t ww__decode_plain(ww_slice raw, char *out);

/* A keyword and its value as they stand in the input. */
typedef struct ww__pair {
    ww_slice name;
    uint64_t offset; /* of the name */
    bool hide;       /* the name may be part of a password */
    ww_slice raw;
    ww__decode decode;
} ww__pair;

char **ww__conninfo_slot(ww_conninfo *c, const ww__keyword *k);
/* Sets a value, in place of the one before. */
ww_status ww__conninfo_put(ww_conninfo *c, const ww__keyword *k, ww_slice raw, ww__decode decode,
                           ww_error *err);
/* The same by name, with the names that only strings and URIs have (requiressl). */
ww_status ww__conninfo_put_pair(ww_conninfo *c, const ww__pair *pair, ww_error *err);
/* Overwrites what may be a secret. */
void ww__conninfo_wipe(void *memory, size_t size);
/* Moves what `from` has to `to`: over what that had, or only where it had nothing. */
void ww__conninfo_adopt(ww_conninfo *to, ww_conninfo *from, bool over);
/* Forgets a value. */
void ww__conninfo_drop(ww_conninfo *c, const ww__keyword *k);

/* Each reads a whole text into an empty conninfo. */
ww_status ww__keyval_parse(ww_conninfo *c, ww_slice text, ww_error *err);
ww_status ww__uri_parse(ww_conninfo *c, ww_slice text, ww_error *err);
/* Does it begin as a URI of ours? */
bool ww__uri_is(ww_slice text);

/* Hosts, addresses and ports: counts, numbers, names. */
ww_status ww__hosts_check(const ww_conninfo *c, ww_error *err);
/* require_auth's list (NULL: none) as WW_REQUIRE_* bits. */
ww_status ww__require_read(const char *list, unsigned *mask, ww_error *err);
/* scram_client_key and scram_server_key as bytes. */
ww_status ww__scram_keys_read(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err);

/* ERR_USAGE about keyword "value", of which only the beginning is shown. */
ww_status ww__refuse_value(ww_error *err, const char *what, const char *keyword, const char *value);

/* ---- text (text.c) -------------------------------------------------------------------------- */

/* isspace() of the C locale. */
bool ww__is_space(uint8_t c);
/* The bytes of `text` from `from` up to `to`. */
ww_slice ww__cut(ww_slice text, size_t from, size_t to);
/* The index of the first byte at or after `from` that is one of `set`; text.len if none is. */
size_t ww__find_any(ww_slice text, size_t from, const char *set);
/* The next item of a comma-separated list that begins at *at; *at moves behind its comma, or to
 * list.len + 1 after the last. An empty list has one empty item. */
ww_slice ww__next_item(ww_slice list, size_t *at);
/* strtol() in base 10 with space allowed on both sides; false unless all of it is an int. */
bool ww__int_parse(ww_slice text, int *out);

#endif
