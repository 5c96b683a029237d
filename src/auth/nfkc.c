/* SPDX-License-Identifier: MIT */
/* nfkc.c: Unicode normalisation form KC (UAX #15), one character at a time.
 *
 * Invariants: out[0 .. starter) is final. out[starter .. marks) is the last character of combining
 * class 0, and is empty only while there was none. out[marks .. len) are combining marks in
 * canonical order, not yet composed with it. */
#include "nfkc.h"

#include "base/utf8.h"
#include "saslprep_tables.h"

#include <string.h>

/* Hangul is arithmetic (The Unicode Standard, section 3.12): syllables of a leading consonant, a
 * vowel and perhaps a trailing consonant, T_BASE standing for none. */
enum {
    L_BASE = 0x1100, L_COUNT = 19,
    V_BASE = 0x1161, V_COUNT = 21,
    T_BASE = 0x11A7, T_COUNT = 28,
    S_BASE = 0xAC00, S_COUNT = L_COUNT * V_COUNT * T_COUNT
};

/* True if code is one of count values from base on; below base the difference wraps around. */
static bool is_among(uint32_t code, uint32_t base, uint32_t count)
{
    return code - base < count;
}

static uint8_t class_of(uint32_t code)
{
    size_t low = 0, high = ww__classes_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const ww__class_range *r = &ww__classes[middle];
        if (code < r->first)
            high = middle;
        else if (code > r->last)
            low = middle + 1;
        else
            return r->combining_class;
    }
    return 0;
}

/* The full decomposition of `code`; NULL if it is its own. */
static const uint32_t *expansion_of(uint32_t code)
{
    size_t low = 0, high = ww__decompositions_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t entry = ww__decompositions[middle];
        uint32_t found = entry >> WW__EXPANSION_OFFSET_BITS;
        if (code < found)
            high = middle;
        else if (code > found)
            low = middle + 1;
        else
            return ww__expansions + (entry & ((1u << WW__EXPANSION_OFFSET_BITS) - 1));
    }
    return NULL;
}

static uint32_t compose_hangul(uint32_t first, uint32_t second)
{
    if (is_among(first, L_BASE, L_COUNT) && is_among(second, V_BASE, V_COUNT))
        return S_BASE + ((first - L_BASE) * V_COUNT + (second - V_BASE)) * T_COUNT;
    if (is_among(first, S_BASE, S_COUNT) && (first - S_BASE) % T_COUNT == 0 &&
        is_among(second, T_BASE + 1, T_COUNT - 1))
        return first + (second - T_BASE);
    return 0;
}

/* The primary composite of the two; 0 if there is none. */
static uint32_t composite_of(uint32_t first, uint32_t second)
{
    size_t low = 0, high = ww__compositions_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const ww__composition *c = &ww__compositions[middle];
        if (first < c->first || (first == c->first && second < c->second))
            high = middle;
        else if (first > c->first || second > c->second)
            low = middle + 1;
        else
            return c->composite;
    }
    return compose_hangul(first, second);
}

static uint32_t code_at(const ww__nfkc *n, size_t at, size_t *len)
{
    uint32_t code = 0;
    *len = ww__utf8_decode(n->out + at, n->len - at, &code);
    return code;
}

static void insert(ww__nfkc *n, size_t at, uint32_t code)
{
    uint8_t bytes[4];
    size_t len = ww__utf8_encode(code, bytes);
    if (n->overflow || n->cap - n->len < len) {
        n->overflow = true;
        return;
    }
    memmove(n->out + at + len, n->out + at, n->len - at);
    memcpy(n->out + at, bytes, len);
    n->len += len;
}

static void remove_bytes(ww__nfkc *n, size_t at, size_t len)
{
    memmove(n->out + at, n->out + at + len, n->len - at - len);
    n->len -= len;
}

/* Puts the composite in the starter's place. The room is there: what it was made of was longer, and
 * is gone from the buffer. */
static void replace_starter(ww__nfkc *n, uint32_t composite)
{
    remove_bytes(n, n->starter, n->marks - n->starter);
    insert(n, n->starter, composite);
    n->marks = n->starter + 1;
    while (n->marks < n->len && (n->out[n->marks] & 0xC0) == 0x80)
        n->marks++;
    n->starter_code = composite;
}

/* Composes the starter with every mark that no other mark of its class keeps apart from it. */
static void compose_marks(ww__nfkc *n)
{
    size_t at = n->marks;
    uint8_t kept = 0;
    if (n->starter == n->marks)
        return;
    while (at < n->len && !n->overflow) {
        size_t len;
        uint32_t mark = code_at(n, at, &len);
        uint8_t mark_class = class_of(mark);
        uint32_t composite = mark_class > kept ? composite_of(n->starter_code, mark) : 0;
        if (composite != 0) {
            size_t before = n->marks;
            remove_bytes(n, at, len);
            replace_starter(n, composite);
            at = at + n->marks - before;
        } else {
            kept = mark_class;
            at += len;
        }
    }
}

static void put_starter(ww__nfkc *n, uint32_t code)
{
    uint32_t composite = 0;
    compose_marks(n);
    if (n->starter < n->marks && n->marks == n->len)
        composite = composite_of(n->starter_code, code);
    if (composite != 0) {
        replace_starter(n, composite);
        return;
    }
    n->starter = n->len;
    insert(n, n->len, code);
    n->marks = n->len;
    n->starter_code = code;
}

/* Puts a mark behind all marks of its class or a lower one: canonical order. */
static void put_mark(ww__nfkc *n, uint32_t code, uint8_t mark_class)
{
    size_t at = n->len;
    while (at > n->marks) {
        size_t before = at - 1, len;
        while ((n->out[before] & 0xC0) == 0x80)
            before--;
        if (class_of(code_at(n, before, &len)) <= mark_class)
            break;
        at = before;
    }
    insert(n, at, code);
}

static void put_decomposed(ww__nfkc *n, uint32_t code)
{
    uint8_t combining_class = class_of(code);
    if (n->overflow)
        return;
    if (combining_class == 0)
        put_starter(n, code);
    else
        put_mark(n, code, combining_class);
}

static void put_syllable(ww__nfkc *n, uint32_t index)
{
    put_decomposed(n, L_BASE + index / (V_COUNT * T_COUNT));
    put_decomposed(n, V_BASE + index / T_COUNT % V_COUNT);
    if (index % T_COUNT != 0)
        put_decomposed(n, T_BASE + index % T_COUNT);
}

void ww__nfkc_init(ww__nfkc *n, uint8_t *out, size_t cap)
{
    memset(n, 0, sizeof *n);
    n->out = out;
    n->cap = cap;
}

void ww__nfkc_put(ww__nfkc *n, uint32_t code)
{
    const uint32_t *expansion;
    if (is_among(code, S_BASE, S_COUNT)) {
        put_syllable(n, code - S_BASE);
        return;
    }
    expansion = expansion_of(code);
    if (expansion == NULL) {
        put_decomposed(n, code);
        return;
    }
    while ((*expansion & WW__EXPANSION_LAST) == 0)
        put_decomposed(n, *expansion++);
    put_decomposed(n, *expansion & ~WW__EXPANSION_LAST);
}

size_t ww__nfkc_finish(ww__nfkc *n)
{
    compose_marks(n);
    return n->overflow ? SIZE_MAX : n->len;
}
