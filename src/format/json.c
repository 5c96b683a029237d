/* SPDX-License-Identifier: MIT */
/* json.c: text as the inside of a JSON string, and JSON documents spliced into a line.
 *
 * Always escaped: quotation mark, backslash, C0, DEL, C1, U+2028 and U+2029 (line ends to some
 * readers). Eight bytes are looked at together; only where one of them may need care they are
 * taken one by one. */
#include "json.h"
#include "swar.h"

#include "base/utf8.h"

/* The longest thing that one character becomes: a \u escape, or the four bytes that it had. */
#define LONGEST_PIECE 6u

typedef enum mode {
    IN_STRING,   /* text that becomes the inside of a string */
    IN_DOCUMENT  /* a JSON document that stays what it is */
} mode;

/* Bit 7 of each byte that is zero (and of some bytes above one that is). */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - WW__ONES) & ~word;
}

/* Does none of the eight bytes need care? U+0080-9F begin with C2, U+2028 and U+2029 with E2. */
static inline bool word_is_plain(uint64_t word, mode m, bool terminal)
{
    uint64_t care = (word - WW__ONES * 0x20) & ~word;
    care |= zero_bytes(word ^ WW__ONES * 0x7F);
    care |= terminal ? word : zero_bytes((word | WW__ONES * 0x20) ^ WW__ONES * 0xE2);
    if (m == IN_STRING)
        care |= zero_bytes(word ^ WW__ONES * '"') | zero_bytes(word ^ WW__ONES * '\\');
    return (care & WW__HIGH) == 0;
}

static size_t put_code(uint8_t *to, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    static const char short_form[] = "btn\0fr"; /* U+0008 .. U+000D */
    int i;
    to[0] = '\\';
    if (code >= 8 && code <= 13 && code != 11) {
        to[1] = (uint8_t)short_form[code - 8];
        return 2;
    }
    to[1] = 'u';
    for (i = 0; i < 4; i++)
        to[2 + i] = (uint8_t)digits[code >> (12 - 4 * i) & 15];
    return 6;
}

/* One ASCII character that may need care. */
static inline size_t put_ascii(uint8_t *to, uint8_t c, mode m)
{
    if (m == IN_DOCUMENT && (c == '\n' || c == '\r' || c == '\t'))
        return 0;
    if (c < 0x20 || c == 0x7F)
        return put_code(to, c);
    if (m == IN_STRING && (c == '"' || c == '\\')) {
        to[0] = '\\';
        to[1] = c;
        return 2;
    }
    to[0] = c;
    return 1;
}

static bool must_escape(uint32_t code, bool terminal)
{
    if (terminal)
        return ww__is_unsafe(code);
    return code <= 0x9F || code == 0x2028 || code == 0x2029;
}

/* Writes the escaped form of the valid UTF-8 at *from .. end to `to`, as much as fits into room
 * (>= LONGEST_PIECE); moves *from; returns what was written. */
static inline size_t escape(uint8_t *to, size_t room, const uint8_t **from, const uint8_t *end,
                            mode m, bool terminal)
{
    uint8_t *const start = to;
    const uint8_t *const limit = to + room - LONGEST_PIECE;
    const uint8_t *at = *from;
    const uint8_t *careful_until = at; /* up to here the word test said no */
    while (at < end && to <= limit) {
        uint32_t code = 0;
        size_t n;
        if (at >= careful_until && end - at >= 8 && limit - to >= 8) {
            uint64_t word = ww__load_word(at);
            if (word_is_plain(word, m, terminal)) {
                memcpy(to, &word, sizeof word);
                to += 8;
                at += 8;
                continue;
            }
            careful_until = at + 8;
        }
        if (*at < 0x80) {
            to += put_ascii(to, *at++, m);
            continue;
        }
        if (*at < 0xC0) { /* the rest of a character whose beginning was in a plain word */
            *to++ = *at++;
            continue;
        }
        n = ww__utf8_decode(at, (size_t)(end - at), &code);
        if (must_escape(code, terminal)) {
            to += put_code(to, code);
        } else {
            memcpy(to, at, n);
            to += n;
        }
        at += n;
    }
    *from = at;
    return (size_t)(to - start);
}

static void put_escaped(ww_out *out, const ww__policy *policy, ww_slice text, mode m)
{
    const uint8_t *at = text.ptr;
    const uint8_t *end = text.len > 0 ? text.ptr + text.len : at;
    while (at < end && out->status == WW_OK) {
        ww__window w;
        size_t n;
        ww__window_open(&w, out);
        if (m == IN_DOCUMENT)
            n = escape(w.at, w.room, &at, end, IN_DOCUMENT, policy->terminal);
        else if (policy->terminal)
            n = escape(w.at, w.room, &at, end, IN_STRING, true);
        else
            n = escape(w.at, w.room, &at, end, IN_STRING, false);
        ww__window_done(&w, out, n);
    }
}

bool ww__utf8_check(ww_slice text)
{
    const uint8_t *at = text.ptr;
    const uint8_t *end = text.len > 0 ? text.ptr + text.len : at;
    while (at < end) {
        uint32_t code;
        size_t n;
        if (end - at >= 8 && (ww__load_word(at) & WW__HIGH) == 0) {
            at += 8;
            continue;
        }
        n = ww__utf8_decode(at, (size_t)(end - at), &code);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

void ww__json_text(ww_out *out, const ww__policy *policy, ww_slice text)
{
    if (!ww__utf8_check(text)) {
        WW__OUT(out, "{\"$bytes\":\"");
        ww__out_hex(out, text);
        WW__OUT(out, "\"}");
        return;
    }
    ww__out_byte(out, '"');
    put_escaped(out, policy, text, IN_STRING);
    ww__out_byte(out, '"');
}

void ww__json_splice(ww_out *out, const ww__policy *policy, ww_slice document)
{
    put_escaped(out, policy, document, IN_DOCUMENT);
}

static void put_bad_byte(ww_out *out, uint8_t byte)
{
    ww_slice one = { &byte, 1 };
    WW__OUT(out, "\\\\x");
    ww__out_hex(out, one);
}

bool ww__json_name(ww_out *out, const ww__policy *policy, ww_slice name)
{
    size_t at = 0;
    if (ww__utf8_check(name)) {
        put_escaped(out, policy, name, IN_STRING);
        return true;
    }
    while (at < name.len) {
        uint32_t code;
        ww_slice one = { name.ptr + at, 0 };
        one.len = ww__utf8_decode(one.ptr, name.len - at, &code);
        if (one.len == 0 || code == '\\')
            put_bad_byte(out, *one.ptr);
        else
            put_escaped(out, policy, one, IN_STRING);
        at += one.len > 0 ? one.len : 1;
    }
    return false;
}
