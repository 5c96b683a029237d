/* SPDX-License-Identifier: MIT */
/* swar.h: eight bytes looked at in one word. Byte order does not matter: only "is there one" is
 * asked. */
#ifndef WALWIRE_FORMAT_SWAR_H
#define WALWIRE_FORMAT_SWAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WW__ONES UINT64_C(0x0101010101010101)
#define WW__HIGH UINT64_C(0x8080808080808080)

static inline uint64_t ww__load_word(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* A check of eight bytes at once sets, in each byte that breaks its rule, a bit of its mask;
 * carries and borrows can only come from such a byte. */

/* ASCII but control characters, DEL, quotation mark and backslash. With bit 1 flipped, the
 * quotation mark is the one character next to the control characters. */
#define WW__CARE_TEXT WW__HIGH
static inline uint64_t ww__care_text(uint64_t word)
{
    return word | (word + WW__ONES) | ((word ^ WW__ONES * 2) - WW__ONES * 0x21) |
           ((word ^ WW__ONES * '\\') - WW__ONES);
}

/* Decimal digits. */
#define WW__CARE_DIGITS (WW__ONES * 0xF0)
static inline uint64_t ww__care_digits(uint64_t word)
{
    return (word ^ WW__ONES * '0') | ((word + WW__ONES * 6) ^ WW__ONES * '0');
}

/* Copies n bytes, in words that overlap at the end, up to one that breaks the rule; true if none
 * does. */
static inline bool ww__copy_checked(uint8_t *to, const uint8_t *from, size_t n,
                                    uint64_t (*care)(uint64_t word), uint64_t mask)
{
    const uint8_t *tail;
    uint64_t word;
    uint32_t first, last;
    if (n >= 8) {
        for (tail = from + n - 8; from < tail; from += 8, to += 8) {
            word = ww__load_word(from);
            if ((care(word) & mask) != 0)
                return false;
            memcpy(to, &word, 8);
        }
        word = ww__load_word(tail);
        memcpy(to - (from - tail), &word, 8);
        return (care(word) & mask) == 0;
    }
    if (n >= 4) {
        memcpy(&first, from, 4);
        memcpy(&last, from + n - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + n - 4, &last, 4);
        return (care((uint64_t)first << 32 | last) & mask) == 0;
    }
    for (; n > 0; n--, from++, to++) {
        if ((care(WW__ONES * *from) & mask) != 0)
            return false;
        *to = *from;
    }
    return true;
}

#endif
