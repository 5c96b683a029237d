/* SPDX-License-Identifier: MIT */
/* test_base64.c: base64 both ways, and all that is not base64; the two functions of secret.c. */
#include "auth/base64.h"
#include "check.h"

#include <walwire/auth.h>

static void vectors_of_rfc_4648(void)
{
    static const char *const cases[][2] = {
        { "", "" },          { "f", "Zg==" },        { "fo", "Zm8=" },        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
        { "\xff\xef\xbe\xfb", "/++++w==" },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16] = { 0 };
        uint8_t bytes[16];
        size_t len = 99, n = ww__base64_encode(ww_slice_of(cases[i][0]), text);
        CHECK_TEXT(text, cases[i][1]);
        CHECK_EQ_U64(n, WW__BASE64_SIZE(strlen(cases[i][0])));
        CHECK(ww__base64_decode(ww_slice_of(cases[i][1]), bytes, &len));
        CHECK_SLICE(((ww_slice){ bytes, len }), cases[i][0]);
    }
}

static void every_byte_survives(void)
{
    uint8_t in[256], out[258];
    char text[WW__BASE64_SIZE(256)];
    size_t i, len, n;
    for (i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(255 - i);
    for (len = 0; len <= sizeof in; len++) {
        size_t back = 0;
        n = ww__base64_encode((ww_slice){ in, len }, text);
        CHECK(ww__base64_decode((ww_slice){ (const uint8_t *)text, n }, out, &back));
        CHECK(back == len && memcmp(in, out, len) == 0);
    }
}

static void what_is_not_base64(void)
{
    static const char *const bad[] = {
        "Z",     "Zg",    "Zg=",    "Zm8",   "=",     "==",    "===",   "====",  "Z===",
        "Zg==Zg==", "Zm8=Zm8=", "Zh==", "Zm9=", "Zg=a",  "Z=g=",  " Zg==", "Zg== ", "Zg ==",
        "Zg\n==", "Zm9v\n", "Zm-v", "Zm_v",  "Zm.v",  "Zm9\xc3", "A\x7f==", "Zg==\r\n\r\n",
    };
    static const uint8_t nul[] = { 'Z', 'm', 0, 'v' };
    uint8_t out[16];
    size_t i, len;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK(!ww__base64_decode(ww_slice_of(bad[i]), out, &len)))
            fprintf(stderr, "    %s\n", bad[i]);
    CHECK(!ww__base64_decode((ww_slice){ nul, sizeof nul }, out, &len));
    for (i = 1; i < 8; i++) /* a part of good text, with the rest behind it */
        CHECK(ww__base64_decode((ww_slice){ (const uint8_t *)"Zm9vYmFy", i }, out, &len) ==
              (i == 4));
}

/* Exactly 64 of the 256 bytes are digits. */
static void digits_and_nothing_else(void)
{
    unsigned c, count = 0;
    for (c = 0; c < 256; c++) {
        uint8_t text[4] = { 'A', 'A', 'A', (uint8_t)c };
        uint8_t out[3];
        size_t len;
        if (c != '=')
            count += ww__base64_decode((ww_slice){ text, 4 }, out, &len);
    }
    CHECK_EQ_U64(count, 64);
}

static void wiping_reaches_every_byte(void)
{
    uint8_t bytes[40];
    size_t i, left = 0;
    memset(bytes, 0xAA, sizeof bytes);
    ww_wipe(bytes + 1, 38);
    for (i = 1; i < 39; i++)
        left += bytes[i] != 0;
    CHECK_EQ_U64(left, 0);
    CHECK(bytes[0] == 0xAA && bytes[39] == 0xAA);
    ww_wipe(NULL, 0);
}

static void comparing_sees_every_bit(void)
{
    uint8_t a[32], b[32];
    size_t bit;
    memset(a, 0x5A, sizeof a);
    memcpy(b, a, sizeof b);
    CHECK(ww_equal_constant_time(a, b, sizeof a));
    for (bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!ww_equal_constant_time(a, b, sizeof a));
        CHECK(ww_equal_constant_time(a, b, bit / 8));
        b[bit / 8] = a[bit / 8];
    }
    CHECK(ww_equal_constant_time(NULL, NULL, 0));
}

int main(void)
{
    RUN(vectors_of_rfc_4648);
    RUN(every_byte_survives);
    RUN(what_is_not_base64);
    RUN(digits_and_nothing_else);
    RUN(wiping_reaches_every_byte);
    RUN(comparing_sees_every_bit);
    return check_report();
}
