/* SPDX-License-Identifier: MIT */
/* json.c: text as the inside of a JSON string, and JSON documents spliced into a line.
 *
 * Always escaped: quotation mark, backslash, C0, DEL, C1, U+2028 and U+2029 (line ends to some
 * readers). Eight bytes are looked at together; only where one of them may need care they are
 * taken one by one. */
#include "json.h"
#include "swar.h"

#include "base/utf8.h"

/* The longest thing that one character becomes: a \u escape. */
#define LONGEST_PIECE 6u
/* So many bytes are looked at together where nothing is to escape. */
#define BLOCK 32u

/* Text becomes the inside of a string, with all escapes or the bare minimum of them; a document
 * stays what it is. Their rules for ASCII words are of one shape, see ww__care_text(): `flip` puts
 * the quotation mark next to the control characters, adding `fall` takes all these below 0, and
 * `back` is the backslash. A document has neither: control characters and NUL stand there. With the
 * bits of `blur`, to which that of `flip` belongs, the backslash looks like DEL (as some rare
 * characters do), and one sum finds both. */
typedef struct rules {
    uint64_t flip, fall, back, blur;
    uint8_t class;
} rules;

#define IN_TEXT WW__ONES * 2, 0 - WW__ONES * 0x21, WW__ONES * '\\', WW__ONES * 0x23
static const rules text_rules = {IN_TEXT, 1};
static const rules bare_rules = {IN_TEXT, 4};
static const rules document_rules = {0, 0 - WW__ONES * 0x20, 0, 0, 2};

#define LOW (WW__ONES * 0x7F)

/* In the high bits: what is not plain ASCII. */
static inline uint64_t special_in(uint64_t word, const rules *r)
{
    return (word + WW__ONES) | ((word ^ r->flip) + r->fall) | ((word ^ r->back) - WW__ONES);
}

/* The same, and perhaps more. */
static inline uint64_t suspect_in(uint64_t word, const rules *r)
{
    uint64_t flipped = word ^ r->flip;
    return (flipped + r->fall) | ((flipped | r->blur) + WW__ONES);
}

/* With other bytes among them. Byte by byte, without a carry: bit 7 of `fine` says that the low
 * seven bits break no rule of ASCII (which matters where the byte is ASCII); bit 7 of `lead`
 * that the byte is neither C2 nor E2, which begin U+0080-9F, U+2028 and U+2029. */
static inline bool mixed_is_plain(uint64_t word, const rules *r)
{
    uint64_t low = word & LOW;
    uint64_t lead = (word | WW__ONES * 0x20) ^ WW__ONES * 0xE2;
    uint64_t fine = ((low ^ r->flip) + (WW__HIGH + r->fall)) & ((low ^ r->back) + LOW) &
                    ~(low + WW__ONES);
    lead |= (lead & LOW) + LOW;
    return ((fine | word) & lead & WW__HIGH) == WW__HIGH;
}

/* Bytes that need care, or begin a character that may: 1 in text, 2 in a document, 4 in bare text,
 * or the sum of these. D8 and EF begin U+061C and U+FEFF, which only a terminal is spared. */
static const uint8_t care[256] = {
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    ['"'] = 5, ['\\'] = 5, [0x7F] = 3, [0xC2] = 3, [0xD8] = 3, [0xE2] = 3, [0xEF] = 3,
};

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

static bool must_escape(uint32_t code, bool terminal)
{
    if (terminal)
        return ww__is_unsafe(code);
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

/* One character that may need care, from *at; moves *at. */
static inline size_t put_careful(uint8_t *to, const uint8_t **at, const uint8_t *end,
                                 const rules *r, bool terminal)
{
    const uint8_t *from = *at;
    uint32_t code = *from;
    size_t n = 1;
    if (code == '"' || code == '\\') {
        to[0] = '\\';
        to[1] = *from;
        *at += 1;
        return 2;
    }
    if (code >= 0x80)
        n = ww__utf8_decode(from, (size_t)(end - from), &code);
    *at += n;
    if (r == &document_rules && (code == '\n' || code == '\r' || code == '\t'))
        return 0;
    if (must_escape(code, terminal))
        return put_code(to, code);
    memcpy(to, from, n);
    return n;
}

/* Copies plain ASCII up to the first other byte, or to less than a word from the end; returns how
 * much. long_run: probably that is more than a block. */
static inline size_t copy_plain(uint8_t *to, const uint8_t *from, size_t n, bool long_run,
                                const rules *r)
{
    const size_t blocks = long_run ? n - n % BLOCK : 0, words = n - n % 8;
    uint64_t found;
    size_t i;
    for (i = 0; i < blocks; i += BLOCK) {
        found = suspect_in(ww__load_word(from + i), r) | suspect_in(ww__load_word(from + i + 8), r);
        found |= suspect_in(ww__load_word(from + i + 16), r);
        found |= suspect_in(ww__load_word(from + i + 24), r);
        if ((found & WW__HIGH) != 0)
            break;
        memcpy(to + i, from + i, BLOCK);
    }
    for (; i < words; i += 8) {
        found = special_in(ww__load_word(from + i), r) & WW__HIGH;
        memcpy(to + i, from + i, 8);
        if (found != 0)
            return i + ww__first_high(found);
    }
    return i;
}

/* Copies words that are plain, but not ASCII. */
static inline size_t copy_mixed(uint8_t *to, const uint8_t *from, size_t n, const rules *r)
{
    size_t i;
    for (i = 0; n - i >= 8; i += 8) {
        uint64_t word = ww__load_word(from + i);
        if ((word & WW__HIGH) == 0 || !mixed_is_plain(word, r))
            break;
        memcpy(to + i, from + i, 8);
    }
    return i;
}

static inline size_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return (size_t)(a < b ? a : b);
}

/* Writes the escaped form of the ASCII at *from, up to another byte or `end`, to `to`, as much as
 * fits into room (>= LONGEST_PIECE); moves *from; returns what was written. */
static size_t escape_ascii(uint8_t *to, size_t room, const uint8_t **from, const uint8_t *end,
                           const rules *r)
{
    uint8_t *const start = to;
    const uint8_t *const limit = to + room - LONGEST_PIECE;
    const rules own = *r;
    const uint8_t *at = *from;
    size_t n = BLOCK;
    while (at < end && to <= limit && *at < 0x80) {
        n = copy_plain(to, at, smaller(end - at, limit - to), n >= BLOCK, &own);
        to += n;
        at += n;
        while (at < end && to <= limit && *at < 0x80) {
            if ((care[*at] & own.class) != 0) {
                to += put_careful(to, &at, end, r, false);
                break;
            }
            *to++ = *at++;
        }
    }
    *from = at;
    return (size_t)(to - start);
}

/* The same for all valid UTF-8. */
static size_t escape(uint8_t *to, size_t room, const uint8_t **from, const uint8_t *end,
                     const rules *r, bool terminal)
{
    uint8_t *const start = to;
    const uint8_t *const limit = to + room - LONGEST_PIECE;
    const uint8_t *at = *from;
    while (at < end && to <= limit) {
        size_t n = 0;
        const uint8_t *stop;
        if (*at < 0x80) {
            to += escape_ascii(to, (size_t)(limit - to) + LONGEST_PIECE, &at, end, r);
            continue;
        }
        if (!terminal)
            n = copy_mixed(to, at, smaller(end - at, limit - to), r);
        to += n;
        at += n;
        stop = end - at > 8 ? at + 8 : end;
        while (at < stop && to <= limit) {
            if ((care[*at] & r->class) != 0)
                to += put_careful(to, &at, end, r, terminal);
            else
                *to++ = *at++;
        }
    }
    *from = at;
    return (size_t)(to - start);
}

/* ---- what this file offers ------------------------------------------------------------------ */

static void put_escaped(ww_out *out, const ww__policy *policy, ww_slice text, const rules *r)
{
    const uint8_t *at = text.ptr;
    const uint8_t *end = text.len > 0 ? text.ptr + text.len : at;
    while (at < end && out->status == WW_OK) {
        ww__window w;
        size_t n;
        ww__window_open(&w, out);
        n = escape(w.at, w.room, &at, end, r, policy->terminal);
        ww__window_done(&w, out, n);
    }
}

static const rules *string_rules(const ww__policy *policy)
{
    return policy->bare && !policy->terminal ? &bare_rules : &text_rules;
}

static inline bool continues(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The length of a character that is not ASCII: the common ones at once, the rest by strict
 * rules. */
static inline size_t character(const uint8_t *at, const uint8_t *end)
{
    uint32_t code;
    if (end - at >= 4) {
        if (at[0] >= 0xC2 && at[0] <= 0xDF && continues(at[1]))
            return 2;
        if (at[0] > 0xE0 && at[0] < 0xED && continues(at[1]) && continues(at[2]))
            return 3;
    }
    return ww__utf8_decode(at, (size_t)(end - at), &code);
}

static inline uint64_t or_words(const uint8_t *at)
{
    return ww__load_word(at) | ww__load_word(at + 8) | ww__load_word(at + 16) |
           ww__load_word(at + 24);
}

bool ww__utf8_check(ww_slice text)
{
    const uint8_t *at = text.ptr;
    const uint8_t *end = text.len > 0 ? text.ptr + text.len : at;
    while (at < end) {
        while (end - at >= (ptrdiff_t)BLOCK && (or_words(at) & WW__HIGH) == 0)
            at += BLOCK;
        while (end - at >= 8 && (ww__load_word(at) & WW__HIGH) == 0)
            at += 8;
        while (at < end && *at < 0x80)
            at++;
        while (at < end && *at >= 0x80) {
            size_t n = character(at, end);
            if (n == 0)
                return false;
            at += n;
        }
    }
    return true;
}

static void put_hex(ww_out *out, ww_slice bytes)
{
    WW__OUT(out, "{\"$bytes\":\"");
    ww__out_hex(out, bytes);
    WW__OUT(out, "\"}");
}

/* What comes before the first byte that is not ASCII needs no other check, and nothing of it is
 * seen before the rest was checked. */
void ww__json_text(ww_out *out, const ww__policy *policy, ww_slice text)
{
    const rules *r = string_rules(policy);
    const uint8_t *at = text.ptr;
    const uint8_t *end = text.len > 0 ? text.ptr + text.len : at;
    ww_slice rest;
    ww__window w;
    size_t n;
    ww__window_open(&w, out);
    w.at[0] = '"';
    n = 1 + escape_ascii(w.at + 1, w.room - 1, &at, end, r);
    rest.ptr = at;
    rest.len = (size_t)(end - at);
    if (!ww__utf8_check(rest)) {
        put_hex(out, text);
        return;
    }
    ww__window_done(&w, out, n);
    put_escaped(out, policy, rest, r);
    ww__out_byte(out, '"');
}

void ww__json_inside(ww_out *out, const ww__policy *policy, ww_slice text)
{
    put_escaped(out, policy, text, string_rules(policy));
}

void ww__json_splice(ww_out *out, const ww__policy *policy, ww_slice document)
{
    put_escaped(out, policy, document, &document_rules);
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
        put_escaped(out, policy, name, string_rules(policy));
        return true;
    }
    while (at < name.len) {
        uint32_t code;
        ww_slice one = { name.ptr + at, 0 };
        one.len = ww__utf8_decode(one.ptr, name.len - at, &code);
        if (one.len == 0 || code == '\\')
            put_bad_byte(out, *one.ptr);
        else
            put_escaped(out, policy, one, string_rules(policy));
        at += one.len > 0 ? one.len : 1;
    }
    return false;
}
