/* SPDX-License-Identifier: MIT */
/* test_text.c: strict UTF-8, and text made safe to show. */
#include "base/utf8.h"
#include "check.h"

/* Table 3-7 of the Unicode Standard (well-formed byte sequences), row by row. */
static const struct {
    size_t len;
    uint8_t low[4], high[4];
} well_formed[] = {
    { 1, { 0x00 }, { 0x7F } },
    { 2, { 0xC2, 0x80 }, { 0xDF, 0xBF } },
    { 3, { 0xE0, 0xA0, 0x80 }, { 0xE0, 0xBF, 0xBF } },
    { 3, { 0xE1, 0x80, 0x80 }, { 0xEC, 0xBF, 0xBF } },
    { 3, { 0xED, 0x80, 0x80 }, { 0xED, 0x9F, 0xBF } },
    { 3, { 0xEE, 0x80, 0x80 }, { 0xEF, 0xBF, 0xBF } },
    { 4, { 0xF0, 0x90, 0x80, 0x80 }, { 0xF0, 0xBF, 0xBF, 0xBF } },
    { 4, { 0xF1, 0x80, 0x80, 0x80 }, { 0xF3, 0xBF, 0xBF, 0xBF } },
    { 4, { 0xF4, 0x80, 0x80, 0x80 }, { 0xF4, 0x8F, 0xBF, 0xBF } },
};

static size_t length_by_table(const uint8_t *p, size_t left)
{
    size_t row, i;
    for (row = 0; row < sizeof well_formed / sizeof well_formed[0]; row++) {
        size_t n = well_formed[row].len;
        if (left < n)
            continue;
        for (i = 0; i < n; i++)
            if (p[i] < well_formed[row].low[i] || p[i] > well_formed[row].high[i])
                break;
        if (i == n)
            return n;
    }
    return 0;
}

/* Every first and second byte, with third and fourth bytes at and around the borders, at every
 * length: the decoder agrees with the table. */
static void decoder_agrees_with_the_unicode_table(void)
{
    static const uint8_t tails[] = { 0x00, 0x7F, 0x80, 0x8F, 0x90, 0xBF, 0xC0, 0xFF };
    unsigned a, b, c, d, wrong = 0;
    size_t left;
    for (a = 0; a < 256; a++)
        for (b = 0; b < 256; b++)
            for (c = 0; c < sizeof tails; c++)
                for (d = 0; d < sizeof tails; d++) {
                    uint8_t p[4] = { (uint8_t)a, (uint8_t)b, tails[c], tails[d] };
                    for (left = 1; left <= 4; left++) {
                        uint32_t code;
                        wrong += ww__utf8_decode(p, left, &code) != length_by_table(p, left);
                    }
                }
    CHECK_EQ_U64(wrong, 0);
    CHECK_EQ_U64(ww__utf8_decode(NULL, 0, &(uint32_t){ 0 }), 0);
}

static void every_character_survives_the_round_trip(void)
{
    uint32_t code, back;
    unsigned wrong = 0;
    for (code = 0; code <= 0x10FFFF; code++) {
        uint8_t bytes[4];
        size_t n;
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        n = ww__utf8_encode(code, bytes);
        back = ~code;
        wrong += ww__utf8_decode(bytes, n, &back) != n || back != code;
        wrong += ww__utf8_decode(bytes, n - 1, &back) != 0;
    }
    CHECK_EQ_U64(wrong, 0);
}

static void known_characters(void)
{
    uint32_t code = 0;
    CHECK_EQ_U64(ww__utf8_decode((const uint8_t *)"\xe2\x82\xac", 3, &code), 3);
    CHECK_EQ_U64(code, 0x20AC);
    CHECK_EQ_U64(ww__utf8_decode((const uint8_t *)"\xf0\x9f\x98\x80", 4, &code), 4);
    CHECK_EQ_U64(code, 0x1F600);
}

static void unsafe_text_is_escaped(void)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        { "plain", "plain" },
        { "", "" },
        { "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
        { "\x1b]0;pwn\x07", "\\x1b]0;pwn\\x07" },
        { "a\nb\r\tc", "a\\x0ab\\x0d\\x09c" },
        { "\x7f", "\\x7f" },
        { "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\u{0080}\\u{009b}\\u{009f}\xc2\xa0" },
        { "\xe2\x80\xae" "evil\xe2\x80\xac", "\\u{202e}evil\\u{202c}" },
        { "\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c\xe2\x80\x8f", "\\u{2066}\\u{2069}\\u{061c}\\u{200f}" },
        { "\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf", "\\u{2028}\\u{2029}\\u{feff}" },
        { "\xff\xc3(\x80", "\\xff\\xc3(\\x80" },
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
        { "\xc0\xaf", "\\xc0\\xaf" },
        { "C:\\dir", "C:\\dir" },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[100];
        size_t n = ww_text_escape(ww_slice_of(cases[i].text), out, sizeof out);
        CHECK_TEXT(out, cases[i].shown);
        CHECK_EQ_U64(n, strlen(cases[i].shown));
    }
}

/* At every size of the buffer: a prefix of the whole, nothing behind it, no escape cut in two. */
static void escaped_text_is_cut_between_characters(void)
{
    static const char text[] = "a\x1b\xc3\xa9\xe2\x80\xae\xff\xf0\x9f\x98\x80z";
    static const char whole_want[] = "a\\x1b\xc3\xa9\\u{202e}\\xff\xf0\x9f\x98\x80z";
    static const size_t cuts[] = { 0, 1, 5, 7, 15, 19, 23, 24 };
    size_t cap, i;
    for (cap = 1; cap <= sizeof whole_want; cap++) {
        char out[64];
        size_t n, want = 0;
        memset(out, 'Z', sizeof out);
        n = ww_text_escape((ww_slice){ (const uint8_t *)text, sizeof text - 1 }, out, cap);
        for (i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
            if (cuts[i] < cap)
                want = cuts[i];
        CHECK_EQ_U64(n, want);
        CHECK(memcmp(out, whole_want, n) == 0);
        CHECK(out[n] == '\0' && out[cap] == 'Z');
    }
}

static void a_nul_is_shown_too(void)
{
    char out[16];
    ww_text_escape((ww_slice){ (const uint8_t *)"a\0b", 3 }, out, sizeof out);
    CHECK_TEXT(out, "a\\x00b");
    CHECK_EQ_U64(ww_text_escape((ww_slice){ NULL, 0 }, out, 1), 0);
}

int main(void)
{
    RUN(decoder_agrees_with_the_unicode_table);
    RUN(every_character_survives_the_round_trip);
    RUN(known_characters);
    RUN(unsafe_text_is_escaped);
    RUN(escaped_text_is_cut_between_characters);
    RUN(a_nul_is_shown_too);
    return check_report();
}
