/* SPDX-License-Identifier: MIT */
/* test_decode_float.c: floats to text and back: against a server's text, against the C library's
 * strtod() and printf(), and at the midpoints between floats. */
#include "decode/values.h"
#include "vector.h"

#include <math.h>

static uint64_t state = 88172645463325252;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(2685821657736338717);
}

static double double_of(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint64_t bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static uint32_t bits4_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* ---- a server's text ------------------------------------------------------------------------ */

/* SELECT float8send(x), x: captured from a server 18. */
static const struct {
    uint64_t bits;
    const char *text;
} texts8[] = {
    {UINT64_C(0x0000000000000000), "0"},
    {UINT64_C(0x8000000000000000), "-0"},
    {UINT64_C(0x3FF0000000000000), "1"},
    {UINT64_C(0xBFF0000000000000), "-1"},
    {UINT64_C(0x3FB999999999999A), "0.1"},
    {UINT64_C(0x3FD3333333333333), "0.3"},
    {UINT64_C(0x3FF8000000000000), "1.5"},
    {UINT64_C(0x4059000000000000), "100"},
    {UINT64_C(0x42DC12218377DE40), "123456789012345"},
    {UINT64_C(0x430C6BF52633FFF8), "999999999999999"},
    {UINT64_C(0x430C6BF526340000), "1e+15"},
    {UINT64_C(0xC30C6BF526340000), "-1e+15"},
    {UINT64_C(0x3F1A36E2EB1C432D), "0.0001"},
    {UINT64_C(0x3F202E85BE180B74), "0.00012345678901234567"},
    {UINT64_C(0x3F1A36D1BD105B06), "9.9999e-05"},
    {UINT64_C(0x3EE4F8B588E368F1), "1e-05"},
    {UINT64_C(0x4480F0CF064DD592), "1e+22"},
    {UINT64_C(0x44B52D02C7E14AF6), "9.999999999999999e+22"},
    {UINT64_C(0x0000000000000013), "9.4e-323"},
    {UINT64_C(0x0000000000000002), "1e-323"},
    {UINT64_C(0x0000000000000001), "5e-324"},
    {UINT64_C(0x0010000000000000), "2.2250738585072014e-308"},
    {UINT64_C(0x000FFFFFFFFFFFFF), "2.225073858507201e-308"},
    {UINT64_C(0x7FEFFFFFFFFFFFFF), "1.7976931348623157e+308"},
    {UINT64_C(0x432FFFFFFFFFFFFF), "4.5035996273704955e+15"},
    {UINT64_C(0x433FFFFFFFFFFFFF), "9.007199254740991e+15"},
    {UINT64_C(0x4340000000000000), "9.007199254740992e+15"},
    {UINT64_C(0x4340000000000001), "9.007199254740994e+15"},
    {UINT64_C(0x4340000000000002), "9.007199254740996e+15"},
    {UINT64_C(0x4350000000000000), "1.8014398509481984e+16"},
    {UINT64_C(0x4350000000000001), "1.8014398509481988e+16"},
    {UINT64_C(0x435761E6275E1DC4), "2.6326262380787472e+16"},
    {UINT64_C(0x436E3CD7D5CE1454), "6.8089176032060064e+16"},
    {UINT64_C(0x43C2E54B2AFE363C), "2.7231542207502397e+18"},
    {UINT64_C(0x43B0000000000000), "1.152921504606847e+18"},
    {UINT64_C(0x43E0000000000000), "9.223372036854776e+18"},
    {UINT64_C(0x43F0000000000000), "1.8446744073709552e+19"},
    {UINT64_C(0x4410000000000000), "7.378697629483821e+19"},
    {UINT64_C(0x3FD3333333333334), "0.30000000000000004"},
    {UINT64_C(0x40FE240C9FBE76C9), "123456.789"},
    {UINT64_C(0x400921FB54442D18), "3.141592653589793"},
    {UINT64_C(0x44DFE185CA57C517), "6.02214076e+23"},
    {UINT64_C(0x54B693D8E89DF183), "1.2345678901234567e+100"},
    {UINT64_C(0x54B249AD2594C37D), "1e+100"},
    {UINT64_C(0x3DFDE499D68104BB), "4.35e-10"},
    {UINT64_C(0x7FF8000000000000), "NaN"},
    {UINT64_C(0x7FF0000000000000), "Infinity"},
    {UINT64_C(0xFFF0000000000000), "-Infinity"},
    {UINT64_C(0x447C7E83209E90B2), "8.409999999999999e+21"},
    {UINT64_C(0x3F60624DD2F1A9FC), "0.002"},
    {UINT64_C(0x41B1DE784A000000), "299792458"},
    {UINT64_C(0x4A0F400000000000), "5.7089907708238395e+48"},
};

/* SELECT float4send(x), x. */
static const struct {
    uint32_t bits;
    const char *text;
} texts4[] = {
    {0x00000000, "0"},
    {0x80000000, "-0"},
    {0x3F800000, "1"},
    {0x3DCCCCCD, "0.1"},
    {0x3FC00000, "1.5"},
    {0x47F12000, "123456"},
    {0x497423F0, "999999"},
    {0x49742400, "1e+06"},
    {0x4996B438, "1.234567e+06"},
    {0x4B7FFFFF, "1.6777215e+07"},
    {0x4B800000, "1.6777216e+07"},
    {0x4B800001, "1.6777218e+07"},
    {0x4C000000, "3.3554432e+07"},
    {0x7F7FFFFF, "3.4028235e+38"},
    {0x00800000, "1.1754944e-38"},
    {0x007FFFFF, "1.1754942e-38"},
    {0x00000001, "1e-45"},
    {0x00000007, "1e-44"},
    {0x00000002, "3e-45"},
    {0x38D1B68E, "9.9999e-05"},
    {0x38D1B717, "0.0001"},
    {0x3727C5AC, "1e-05"},
    {0x4FFD51DA, "8.4999997e+09"},
    {0x4C800000, "6.7108864e+07"},
    {0x3F8CCCCD, "1.1"},
    {0x402DF854, "2.7182817"},
    {0x4B000000, "8.388608e+06"},
    {0x4AFFFFFF, "8.3886075e+06"},
    {0x411CE80A, "9.80665"},
    {0x66FEF4F9, "6.02e+23"},
    {0x501502F9, "1e+10"},
    {0x4E000000, "5.368709e+08"},
    {0x7FC00000, "NaN"},
    {0x7F800000, "Infinity"},
    {0xFF800000, "-Infinity"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void server_texts(void)
{
    char text[WW__FLOAT_TEXT];
    ww_slice s = {(const uint8_t *)text, 0};
    double d = 0;
    float f = 0;
    size_t i;
    for (i = 0; i < COUNT(texts8); i++) {
        s.len = ww__float8_text(double_of(texts8[i].bits), text);
        CHECK_SLICE(s, texts8[i].text);
        CHECK(ww__float8_parse(s, &d));
        CHECK_EQ_U64(bits_of(d), texts8[i].bits);
    }
    for (i = 0; i < COUNT(texts4); i++) {
        s.len = ww__float4_text(float_of(texts4[i].bits), text);
        CHECK_SLICE(s, texts4[i].text);
        CHECK(ww__float4_parse(s, &f));
        CHECK_EQ_U64(bits4_of(f), texts4[i].bits);
    }
}

/* ---- as the C library reads ----------------------------------------------------------------- */

/* Reads as both do; false if one of them says something else. */
static bool reads_alike(const char *text)
{
    ww_slice s = ww_slice_of(text);
    double d = 0, d_want = strtod(text, NULL);
    float f = 0, f_want = strtof(text, NULL);
    bool ok8 = ww__float8_parse(s, &d), ok4 = ww__float4_parse(s, &f);
    bool in8 = d_want != 0 && isfinite(d_want), in4 = f_want != 0 && isfinite(f_want);
    if (ok8 == in8 && (!in8 || bits_of(d) == bits_of(d_want)) && ok4 == in4 &&
        (!in4 || bits4_of(f) == bits4_of(f_want)))
        return true;
    fprintf(stderr, "%s: %a %a, want %a %a\n", text, d, (double)f, d_want, (double)f_want);
    return false;
}

static void draw_decimal(char *at, int digits, int range)
{
    int i, point = (int)(draw() % (unsigned)(digits + 1));
    int exponent = (int)(draw() % (unsigned)(2 * range)) - range - (draw() % 2 ? digits : 0);
    if (draw() % 2)
        *at++ = '-';
    *at++ = (char)('1' + draw() % 9);
    for (i = 1; i < digits; i++) {
        if (i == point)
            *at++ = '.';
        *at++ = (char)('0' + draw() % 10);
    }
    snprintf(at, 16, "e%c%02d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static void decimals(void)
{
    char text[1000];
    int i;
    for (i = 0; i < 200000; i++) {
        draw_decimal(text, 1 + (int)(draw() % 25), i % 2 ? 50 : 350);
        CHECK(reads_alike(text));
    }
    for (i = 0; i < 3000; i++) {
        draw_decimal(text, 1 + (int)(draw() % 900), i % 2 ? 50 : 350);
        CHECK(reads_alike(text));
    }
}

/* %.9g and %.18g are the forms of servers 10 and 11. */
static void older_forms(void)
{
    static const char *const forms[] = {"%.9g", "%.15g", "%.17g", "%.18g", "%.30g", "%.800g"};
    char text[1200];
    size_t i, j;
    for (i = 0; i < 20000; i++) {
        double d = double_of(draw());
        double few = (double)float_of((uint32_t)draw());
        for (j = 0; j < COUNT(forms) - (i % 16 != 0); j++) {
            if (isfinite(d)) {
                snprintf(text, sizeof text, forms[j], d);
                CHECK(reads_alike(text));
            }
            if (isfinite(few)) {
                snprintf(text, sizeof text, forms[j], few);
                CHECK(few == 0 || reads_alike(text));
            }
        }
    }
}

/* ---- midpoints ------------------------------------------------------------------------------ */

#define BEHIND_POINT 1080

/* The exact decimal of the midpoint between two numbers: their sum, digit by digit, halved. */
static void print_midpoint(double a, double b, char *out)
{
    static char x[1500], y[1500];
    int i, n, digit, carry = 0;
    n = snprintf(x, sizeof x, "%0*.*f", 320 + BEHIND_POINT, BEHIND_POINT, a);
    snprintf(y, sizeof y, "%0*.*f", 320 + BEHIND_POINT, BEHIND_POINT, b);
    for (i = n - 1; i >= 0; i--) {
        if (x[i] == '.')
            continue;
        digit = x[i] - '0' + (y[i] - '0') + carry;
        x[i] = (char)('0' + digit % 10);
        carry = digit / 10;
    }
    for (carry = 0, i = 0; i < n; i++) {
        if (x[i] == '.')
            continue;
        digit = 10 * carry + (x[i] - '0');
        x[i] = (char)('0' + digit / 2);
        carry = digit % 2;
    }
    for (i = 0; x[i] == '0' && x[i + 1] != '.'; i++)
        continue;
    memcpy(out, x + i, (size_t)(n - i));
    memcpy(out + n - i, carry ? "5" : "0", 2);
}

/* At the midpoint, and as little beside it as 1,100 digits can say. */
static void check_midpoint(double a, double b)
{
    static char text[1600];
    size_t last;
    print_midpoint(a, b, text);
    CHECK(reads_alike(text));
    last = strlen(text);
    memcpy(text + last, "1", 2);
    CHECK(reads_alike(text));
    do
        text[last--] = '9';
    while (text[last] == '0' || text[last] == '.');
    text[last]--;
    if (memchr(text, '/', strlen(text)) == NULL)
        CHECK(reads_alike(text));
}

static void midpoints(void)
{
    int i;
    for (i = 0; i < 3000; i++) {
        uint64_t bits = draw() % UINT64_C(0x7FE0000000000000);
        uint32_t bits4 = (uint32_t)(draw() % 0x7F000000);
        if (i % 4 == 0)
            bits &= UINT64_C(0x001FFFFFFFFFFFFF);
        check_midpoint(double_of(bits), double_of(bits + 1));
        check_midpoint((double)float_of(bits4), (double)float_of(bits4 + 1));
    }
    check_midpoint(0, double_of(1));
    check_midpoint(0, (double)float_of(1));
    CHECK(reads_alike("1.7976931348623158e+308"));
    CHECK(reads_alike("1.7976931348623159e+308"));
    CHECK(reads_alike("3.4028235677973366e+38"));
    CHECK(reads_alike("3.4028235677973367e+38"));
    CHECK(reads_alike("9007199254740993"));
    CHECK(reads_alike("90071992547409930.00000000000000000e-01"));
    CHECK(reads_alike("16777217"));
}

/* ---- the shortest --------------------------------------------------------------------------- */

static double read_as(const char *text, bool is4)
{
    return is4 ? (double)strtof(text, NULL) : strtod(text, NULL);
}

/* Does what is next to digits * 10^exponent on both sides read as x, too? Then it is inside of the
 * interval, and not one of the midpoints at its ends. */
static bool is_inside(uint64_t digits, int exponent, double x, bool is4)
{
    static const char zeros[] = "000000000000000000000000000000000000000000000000000000000000";
    static const char nines[] = "999999999999999999999999999999999999999999999999999999999999";
    char text[120];
    snprintf(text, sizeof text, "%" PRIu64 "%s1e%d", digits, zeros, exponent - 61);
    if (read_as(text, is4) != x)
        return false;
    snprintf(text, sizeof text, "%" PRIu64 "%s9e%d", digits - 1, nines, exponent - 61);
    return read_as(text, is4) == x;
}

/* The nearest number of n digits, as printf() finds it. */
static uint64_t nearest_digits(double x, int n, int *exponent)
{
    char text[64], digits[32];
    snprintf(text, sizeof text, "%.*e", n - 1, x);
    snprintf(digits, sizeof digits, "%c%.*s", text[0], n - 1, text + 2);
    *exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10) - (n - 1);
    return strtoull(digits, NULL, 10);
}

static int count_digits(ww_slice text)
{
    int n = 0, zeros = 0;
    size_t i;
    for (i = 0; i < text.len && text.ptr[i] != 'e'; i++) {
        if (text.ptr[i] == '.' || (text.ptr[i] == '0' && n == 0))
            continue;
        n++;
        zeros = text.ptr[i] == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

/* x > 0. No number of fewer digits is inside, and none of as many is nearer. */
static void check_shortest(double x, bool is4)
{
    char text[WW__FLOAT_TEXT + 1];
    size_t len = is4 ? ww__float4_text((float)x, text) : ww__float8_text(x, text);
    ww_slice s = {(const uint8_t *)text, len};
    int n = count_digits(s), exponent, i;
    uint64_t digits;
    char want[64];
    text[len] = '\0';
    CHECK(read_as(text, is4) == x);
    digits = nearest_digits(x, n, &exponent);
    if (is_inside(digits, exponent, x, is4)) {
        snprintf(want, sizeof want, "%" PRIu64 "e%d", digits, exponent);
        CHECK(strtod(want, NULL) == strtod(text, NULL));
    }
    if (n == 1)
        return;
    digits = nearest_digits(x, n - 1, &exponent);
    for (i = -1; i <= 1; i++)
        if (digits + (uint64_t)i > 0)
            CHECK(!is_inside(digits + (uint64_t)i, exponent, x, is4));
}

static void shortest(void)
{
    int i, j;
    for (i = 0; i < 30000; i++) {
        double d = fabs(double_of(draw())), f = fabs((double)float_of((uint32_t)draw()));
        double whole = (double)(draw() >> draw() % 64);
        if (isfinite(d) && d > 0)
            check_shortest(d, false);
        if (isfinite(f) && f > 0)
            check_shortest(f, true);
        if (whole > 0)
            check_shortest(whole, false);
    }
    for (i = 1; i < 2047; i++)
        for (j = -2; j <= 2; j++)
            check_shortest(double_of(((uint64_t)i << 52) + (uint64_t)(int64_t)j), false);
    for (i = 1; i < 255; i++)
        for (j = -2; j <= 2; j++)
            check_shortest((double)float_of(((uint32_t)i << 23) + (uint32_t)j), true);
    for (i = 1; i < 3000; i++)
        check_shortest(double_of((uint64_t)i), false);
}

/* Both ways, any bits; scripts over all 2^32 float4 found no other answer. */
static void round_trips(void)
{
    char text[WW__FLOAT_TEXT];
    ww_slice s = {(const uint8_t *)text, 0};
    double d = 0;
    float f = 0;
    long i, wrong = 0;
    for (i = 0; i < 500000; i++) {
        uint64_t bits = draw();
        uint32_t bits4 = (uint32_t)(bits >> 32);
        s.len = ww__float8_text(double_of(bits), text);
        wrong += !ww__float8_parse(s, &d);
        wrong += !isnan(double_of(bits)) && bits_of(d) != bits;
        s.len = ww__float4_text(float_of(bits4), text);
        wrong += !ww__float4_parse(s, &f);
        wrong += !isnan(float_of(bits4)) && bits4_of(f) != bits4;
    }
    CHECK_EQ_U64(wrong, 0);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void refused(void)
{
    static const char *const not_numbers[] = {"",
                                              "-",
                                              ".",
                                              "1.",
                                              ".5",
                                              "+1",
                                              " 1",
                                              "1 ",
                                              "01",
                                              "00",
                                              "-01",
                                              "1e5",
                                              "1e+5",
                                              "1e-5",
                                              "1e",
                                              "1e+",
                                              "e+05",
                                              "1E+05",
                                              "0x10",
                                              "1.5.2",
                                              "1,5",
                                              "nan",
                                              "-NaN",
                                              "inf",
                                              "infinity",
                                              "+Infinity",
                                              "Infinit",
                                              "Infinityy",
                                              "1e+309",
                                              "-1e+309",
                                              "2e+308",
                                              "1e-324",
                                              "-1e-400",
                                              "1e+99999999999999999999",
                                              "1e-99999999999999999999",
                                              "0.0e",
                                              "1_000",
                                              "--1",
                                              "1e+-5",
                                              "1e++05",
                                              "12a",
                                              "\xc2\xb2"};
    ww_slice nul = {(const uint8_t *)"1\0002", 3};
    double d = 42;
    float f = 42;
    size_t i;
    for (i = 0; i < COUNT(not_numbers); i++) {
        if (ww__float8_parse(ww_slice_of(not_numbers[i]), &d) ||
            ww__float4_parse(ww_slice_of(not_numbers[i]), &f))
            CHECK_TEXT(not_numbers[i], "to be refused");
    }
    CHECK(!ww__float8_parse(nul, &d));
    CHECK(!ww__float4_parse(ww_slice_of("3.5e+38"), &f));
    CHECK(!ww__float4_parse(ww_slice_of("1e-46"), &f));
    CHECK(d == 42.0 && f == 42.0f);
    CHECK(ww__float8_parse(ww_slice_of("0e+9999"), &d) && bits_of(d) == 0);
    CHECK(ww__float8_parse(ww_slice_of("-0.000"), &d) && bits_of(d) == (uint64_t)1 << 63);
    CHECK(ww__float8_parse(ww_slice_of("1e+0000000000000000000000000000002"), &d) && d == 100.0);
}

/* A point a million digits away, and an exponent that brings it back. */
static void long_numbers(void)
{
    size_t zeros = 1000000;
    char *text = malloc(zeros + 32);
    double d = 0;
    if (text == NULL)
        abort();
    memcpy(text, "0.", 2);
    memset(text + 2, '0', zeros);
    memcpy(text + 2 + zeros, "15e+1000001", 12);
    CHECK(ww__float8_parse(ww_slice_of(text), &d) && d == 1.5);
    memset(text, '9', zeros);
    memcpy(text + zeros, "e-1000000", 10);
    CHECK(ww__float8_parse(ww_slice_of(text), &d) && d == 1.0);
    free(text);
}

/* ---- values --------------------------------------------------------------------------------- */

enum { FLOAT4 = 700, FLOAT8 = 701, TEXT = 25 };

static void values(void)
{
    static const uint8_t binary8[9] = {0x3F, 0xF8}, binary4[4] = {0x3D, 0xCC, 0xCC, 0xCD};
    ww_slice bytes = {binary8, 8};
    ww_value v = vector_value(FLOAT8, WW_COLUMN_BINARY, bytes);
    ww_slice text;
    double d = 0;
    ww_error err;
    CHECK(ww_value_float(&v, &d, NULL) == WW_OK && d == 1.5);
    v.bytes.len = 9;
    CHECK(ww_value_float(&v, &d, &err) == WW_ERR_DECODE);
    CHECK_EQ_U64(err.offset, 8);
    v.bytes.len = 7;
    CHECK(ww_value_float(&v, &d, NULL) == WW_ERR_DECODE && d == 1.5);
    bytes.ptr = binary4;
    bytes.len = 4;
    v = vector_value(FLOAT4, WW_COLUMN_BINARY, bytes);
    CHECK(ww_value_float(&v, &d, NULL) == WW_OK && d == (double)0.1f);
    text = vector_text(&v);
    CHECK_SLICE(text, "0.1");
    vector_free(text);
    v = vector_value(FLOAT4, WW_COLUMN_TEXT, ww_slice_of("0.1"));
    CHECK(ww_value_float(&v, &d, NULL) == WW_OK && d == (double)0.1f);
    v = vector_value(FLOAT8, WW_COLUMN_TEXT, ww_slice_of("0.1"));
    CHECK(ww_value_float(&v, &d, NULL) == WW_OK && d == 0.1);
    v = vector_value(FLOAT4, WW_COLUMN_TEXT, ww_slice_of("1e+39"));
    CHECK(ww_value_float(&v, &d, &err) == WW_ERR_DECODE && d == 0.1);
    CHECK_TEXT(err.subject, "real");
    v = vector_value(TEXT, WW_COLUMN_TEXT, ww_slice_of("1"));
    CHECK(ww_value_float(&v, &d, NULL) == WW_ERR_USAGE);
    v = vector_value(FLOAT8, WW_COLUMN_NULL, bytes);
    CHECK(ww_value_float(&v, &d, NULL) == WW_ERR_USAGE && d == 0.1);
}

int main(void)
{
    RUN(server_texts);
    RUN(decimals);
    RUN(older_forms);
    RUN(midpoints);
    RUN(shortest);
    RUN(round_trips);
    RUN(refused);
    RUN(long_numbers);
    RUN(values);
    return check_report();
}
