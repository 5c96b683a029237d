/* SPDX-License-Identifier: MIT */
/* fuzz_float.c: any bits as float8 and float4, any text as a number, against the C library. The
 * text of a float reads as the same bits, here as there. A text is a number if and only if it has
 * the form of one and is in range for strtod() or strtof(), and then it is the same one.
 *
 * Input: eight bytes of bits, then the text. */
#include "check.h"
#include "decode/values.h"
#include "fuzz.h"

#include <math.h>

static bool same8(double a, double b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static bool same4(float a, float b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static void check_bits8(uint64_t bits)
{
    char text[WW__FLOAT_TEXT + 1];
    ww_slice s = {(const uint8_t *)text, 0};
    double value, again = 0;
    memcpy(&value, &bits, sizeof value);
    s.len = ww__float8_text(value, text);
    REQUIRE(s.len > 0 && s.len < WW__FLOAT_TEXT);
    text[s.len] = '\0';
    REQUIRE(ww__float8_parse(s, &again) && same8(value, again));
    REQUIRE(same8(value, strtod(text, NULL)));
}

static void check_bits4(uint32_t bits)
{
    char text[WW__FLOAT_TEXT + 1];
    ww_slice s = {(const uint8_t *)text, 0};
    float value, again = 0;
    memcpy(&value, &bits, sizeof value);
    s.len = ww__float4_text(value, text);
    REQUIRE(s.len > 0 && s.len < WW__FLOAT_TEXT);
    text[s.len] = '\0';
    REQUIRE(ww__float4_parse(s, &again) && same4(value, again));
    REQUIRE(same4(value, strtof(text, NULL)));
}

/* ---- text ----------------------------------------------------------------------------------- */

static size_t span(const char *text, const char *set)
{
    return strspn(text, set);
}

/* [-] digits [. digits] [e sign digits], told apart with other means than the library's. */
static bool has_form(const char *text)
{
    static const char digits[] = "0123456789";
    size_t n;
    text += *text == '-';
    n = span(text, digits);
    if (n == 0 || (n > 1 && *text == '0'))
        return false;
    text += n;
    if (*text == '.') {
        n = span(++text, digits);
        if (n == 0)
            return false;
        text += n;
    }
    if (*text == 'e') {
        if (text[1] != '+' && text[1] != '-')
            return false;
        n = span(text += 2, digits);
        if (n < 2)
            return false;
        text += n;
    }
    return *text == '\0';
}

static bool is_word(const char *text)
{
    return strcmp(text, "NaN") == 0 || strcmp(text, "Infinity") == 0 ||
           strcmp(text, "-Infinity") == 0;
}

/* Are all digits before the exponent 0? */
static bool is_zero(const char *text)
{
    return span(text, "-0.") == strcspn(text, "e");
}

static bool in_range(const char *text, double value)
{
    return isfinite(value) && (value != 0 || is_zero(text));
}

/* `text` is copied to memory that ends where it does. */
static void check_text(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    ww_slice s = {(const uint8_t *)copy + 1, len};
    double want = strtod(text, NULL), value = 0;
    float want4 = strtof(text, NULL), value4 = 0;
    bool ok, ok4, word = is_word(text), form = has_form(text);
    REQUIRE(copy != NULL);
    memcpy(copy + 1, text, len);
    ok = ww__float8_parse(s, &value);
    ok4 = ww__float4_parse(s, &value4);
    REQUIRE(ok == (word || (form && in_range(text, want))));
    REQUIRE(ok4 == (word || (form && in_range(text, (double)want4))));
    REQUIRE(!ok || same8(value, want));
    REQUIRE(!ok4 || same4(value4, want4));
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t bits = 0;
    char *text;
    size_t head = size < sizeof bits ? size : sizeof bits;
    if (head > 0)
        memcpy(&bits, data, head);
    check_bits8(bits);
    check_bits4((uint32_t)bits);
    check_bits4((uint32_t)(bits >> 32));
    size -= head;
    if (size > 0 && memchr(data + head, 0, size) != NULL)
        return 0;
    text = malloc(size + 1);
    REQUIRE(text != NULL);
    if (size > 0)
        memcpy(text, data + head, size);
    text[size] = '\0';
    check_text(text, size);
    free(text);
    return 0;
}
