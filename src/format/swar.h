/* SPDX-License-Identifier: MIT */
/* swar.h: eight bytes looked at in one word, of which the first is the lowest: on any machine. */
#ifndef WALWIRE_FORMAT_SWAR_H
#define WALWIRE_FORMAT_SWAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WW__ONES UINT64_C(0x0101010101010101)
#define WW__HIGH UINT64_C(0x8080808080808080)

static inline bool ww__lowest_is_first(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static inline uint64_t ww__swap_bytes(uint64_t word)
{
    word = (word >> 8 & UINT64_C(0x00FF00FF00FF00FF)) | (word & UINT64_C(0x00FF00FF00FF00FF)) << 8;
    word = (word >> 16 & UINT64_C(0x0000FFFF0000FFFF)) | (word & UINT64_C(0x0000FFFF0000FFFF))
                                                             << 16;
    return word >> 32 | word << 32;
}

/* Where the machine's order is this one, a plain load remains. */
static inline uint64_t ww__load_word(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return ww__lowest_is_first() ? word : ww__swap_bytes(word);
}

/* A check of eight bytes at once sets, in each byte that breaks its rule, a bit of its mask;
 * carries and borrows can only come from such a byte, so the lowest bit is in the first one. */

/* The first byte whose high bit is set; there is one. */
static inline size_t ww__first_high(uint64_t found)
{
    uint64_t lowest = (found & WW__HIGH) >> 7;
    lowest &= 0 - lowest;
    return (size_t)(((lowest - 1) & WW__ONES) * WW__ONES >> 56);
}

/* ASCII but control characters, DEL, quotation mark and backslash. With bit 1 flipped, the
 * quotation mark is the one character next to the control characters. Of the bytes above ASCII,
 * the first sum misses FF, which the second does not. */
#define WW__CARE_TEXT WW__HIGH
static inline uint64_t ww__care_text(uint64_t word)
{
    return (word + WW__ONES) | ((word ^ WW__ONES * 2) - WW__ONES * 0x21) |
           ((word ^ WW__ONES * '\\') - WW__ONES);
}

/* Decimal digits. */
#define WW__CARE_DIGITS (WW__ONES * 0xF0)
static inline uint64_t ww__care_digits(uint64_t word)
{
    return (word ^ WW__ONES * '0') | ((word + WW__ONES * 6) ^ WW__ONES * '0');
}

/* Copies n bytes, in words that overlap at the end; true if none breaks the rule. */
static inline bool ww__copy_checked(uint8_t *restrict to, const uint8_t *restrict from, size_t n,
                                    uint64_t (*care)(uint64_t word), uint64_t mask)
{
    uint64_t found = 0;
    uint32_t first, last;
    size_t i;
    if (n >= 8) {
        for (i = 0; i < n - 8; i += 8) {
            found |= care(ww__load_word(from + i));
            memcpy(to + i, from + i, 8);
        }
        found |= care(ww__load_word(from + n - 8));
        memcpy(to + n - 8, from + n - 8, 8);
        return (found & mask) == 0;
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
