/* SPDX-License-Identifier: MIT */
/* test_decode_scalars.c: scalar values as a server sent them, each truncation and mutation of
 * these, and what no server sends. */
#include "decode/values.h"
#include "scalar_vectors.h"
#include "value_case.h"
#include "value_encode.h"

#define VECTORS (sizeof scalar_vectors / sizeof scalar_vectors[0])

/* The bytes end where memory does, so that a sanitizer sees a read behind them. */
static ww_slice copy_of(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    ww_slice s = {copy, len};
    if (len > 0)
        memcpy(copy, bytes, len);
    return s;
}

static void drop(ww_slice s)
{
    free((void *)(uintptr_t)s.ptr);
}

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static ww_slice unhex(const char *hex)
{
    size_t len = strlen(hex) / 2, i;
    uint8_t bytes[2048];
    CHECK(len <= sizeof bytes);
    for (i = 0; i < len; i++)
        bytes[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return copy_of(bytes, len);
}

static void server_values(void)
{
    size_t i;
    for (i = 0; i < VECTORS; i++) {
        const scalar_vector *one = &scalar_vectors[i];
        ww_slice bytes = unhex(one->binary), text = copy_of(one->text, strlen(one->text));
        ww_value binary = case_value(one->oid, WW_COLUMN_BINARY, bytes);
        ww_value plain = case_value(one->oid, WW_COLUMN_TEXT, text);
        const char *why = case_compare(&binary, &plain);
        if (!CHECK(why == NULL))
            fprintf(stderr, "    type %" PRIu32 ", %s: %s\n", one->oid, one->text, why);
        drop(bytes);
        drop(text);
    }
}

/* ---- hostile bytes --------------------------------------------------------------------------- */

/* A binary value is refused, or has a text that is read as the same value. */
static bool is_sound_binary(const ww_value *v)
{
    case_buffer b;
    ww_value text;
    ww_error err;
    bool sound;
    ww_status status = ww_value_check(v, &err);
    if (status != WW_OK)
        return status == WW_ERR_DECODE && err.what != NULL && err.subject[0] != '\0';
    case_open(&b);
    sound = ww_value_put(v, &b.out, NULL) == WW_OK;
    text = case_value(v->type_oid, WW_COLUMN_TEXT, case_slice(&b));
    sound = sound && ww_value_check(&text, NULL) == WW_OK;
    case_close(&b);
    return sound;
}

/* A text is refused, or it is the text that the server has for its value. Of a WAL position there
 * are two: that of server 19, with zeros. */
static bool is_sound_text(const ww_value *v)
{
    case_buffer b;
    ww_value binary;
    const char *why = NULL;
    ww_status status = ww_value_check(v, NULL);
    if (status != WW_OK)
        return status == WW_ERR_DECODE;
    if (!case_is_read(v) || v->type->kind == WW_TYPE_PG_LSN)
        return true;
    case_open(&b);
    if (encode_value(v, &b.out, NULL) == WW_OK) {
        binary = case_value(v->type_oid, WW_COLUMN_BINARY, case_slice(&b));
        why = case_compare(&binary, v);
    }
    case_close(&b);
    return why == NULL;
}

static bool is_sound(uint32_t oid, ww_column_kind form, ww_slice bytes)
{
    ww_value v = case_value(oid, form, bytes);
    bool sound = form == WW_COLUMN_TEXT ? is_sound_text(&v) : is_sound_binary(&v);
    size_t i;
    if (sound)
        return true;
    fprintf(stderr, "    type %" PRIu32 ", %s:", oid, form == WW_COLUMN_TEXT ? "text" : "binary");
    for (i = 0; i < bytes.len; i++)
        fprintf(stderr, " %02x", bytes.ptr[i]);
    fprintf(stderr, "\n");
    return false;
}

static void mutate(uint32_t oid, ww_column_kind form, ww_slice bytes)
{
    static const uint8_t others[] = {0x00, 0x7F, 0x80, 0xFF, '0', '1', '9',
                                     ' ',  '-',  '+',  '.',  ':', '/'};
    uint8_t *to = (uint8_t *)(uintptr_t)bytes.ptr;
    size_t i, k;
    for (i = 0; i < bytes.len; i++) {
        uint8_t was = to[i];
        ww_slice cut = copy_of(bytes.ptr, i);
        CHECK(is_sound(oid, form, cut));
        drop(cut);
        for (k = 0; k < sizeof others + 8; k++) {
            to[i] = (uint8_t)(k < 8 ? was ^ 1u << k : others[k - 8]);
            CHECK(is_sound(oid, form, bytes));
        }
        to[i] = was;
    }
}

static void mutations(void)
{
    size_t i;
    for (i = 0; i < VECTORS; i++) {
        const scalar_vector *one = &scalar_vectors[i];
        ww_slice bytes = unhex(one->binary), text = copy_of(one->text, strlen(one->text));
        mutate(one->oid, WW_COLUMN_BINARY, bytes);
        mutate(one->oid, WW_COLUMN_TEXT, text);
        drop(bytes);
        drop(text);
    }
}

/* Longer by a byte is no value either, unless any bytes are. */
static void goes_on(void)
{
    size_t i;
    for (i = 0; i < VECTORS; i++) {
        const scalar_vector *one = &scalar_vectors[i];
        uint8_t longer[2049];
        ww_slice bytes = unhex(one->binary);
        ww_slice more = {longer, bytes.len + 1};
        ww_value v = case_value(one->oid, WW_COLUMN_BINARY, more);
        if (bytes.len > 0)
            memcpy(longer, bytes.ptr, bytes.len);
        longer[bytes.len] = 0;
        CHECK((ww_value_check(&v, NULL) == WW_OK) == (v.type->kind == WW_TYPE_BYTEA));
        drop(bytes);
    }
}

/* What is a value for somebody, but not what the server writes. */
static const scalar_vector bad_texts[] = {
    {16, "true", ""},
    {16, "T", ""},
    {16, "", ""},
    {21, "32768", ""},
    {21, "-32769", ""},
    {21, "01", ""},
    {21, "-0", ""},
    {21, "+1", ""},
    {21, " 1", ""},
    {21, "1 ", ""},
    {23, "2147483648", ""},
    {23, "-2147483649", ""},
    {23, "0x10", ""},
    {23, "1_000", ""},
    {20, "9223372036854775808", ""},
    {20, "-9223372036854775809", ""},
    {20, "18446744073709551617", ""},
    {26, "-1", ""},
    {26, "4294967296", ""},
    {5069, "18446744073709551616", ""},
    {3220, "0/", ""},
    {3220, "/0", ""},
    {3220, "16/b374d848", ""},
    {3220, "01/0", ""},
    {3220, "0/01", ""},
    {3220, "100000000/0", ""},
    {27, "(0,65536)", ""},
    {27, "(4294967296,0)", ""},
    {27, "(0, 1)", ""},
    {790, "$1", ""},
    {790, "1.00", ""},
    {790, "$1000.00", ""},
    {790, "$01.00", ""},
    {790, "$0,100.00", ""},
    {790, "-$0.00", ""},
    {790, "$1,00.00", ""},
    {790, "$92,233,720,368,547,758.08", ""},
    {790, "-$92,233,720,368,547,758.09", ""},
    {790, "$999,999,999,999,999,999,999,999.00", ""},
    {1700, "", ""},
    {1700, "-", ""},
    {1700, ".5", ""},
    {1700, "5.", ""},
    {1700, "00", ""},
    {1700, "-0.0", ""},
    {1700, "1e5", ""},
    {1700, "nan", ""},
    {1700, "inf", ""},
    {1700, "+Infinity", ""},
    {1082, "0000-01-01", ""},
    {1082, "2023-02-29", ""},
    {1082, "1900-02-29", ""},
    {1082, "2024-04-31", ""},
    {1082, "2024-00-10", ""},
    {1082, "2024-13-10", ""},
    {1082, "2024-01-00", ""},
    {1082, "02024-01-01", ""},
    {1082, "24-01-01", ""},
    {1082, "01/02/2024", ""},
    {1082, "2024-01-02 AD", ""},
    {1082, "5874898-01-01", ""},
    {1082, "4714-11-23 BC", ""},
    {1082, "99999999999-01-01", ""},
    {1082, "Infinity", ""},
    {1083, "24:00:00.000001", ""},
    {1083, "23:59:60", ""},
    {1083, "25:00:00", ""},
    {1083, "1:00:00", ""},
    {1083, "01:00", ""},
    {1083, "01:00:00.", ""},
    {1083, "01:00:00.10", ""},
    {1083, "01:00:00.0000001", ""},
    {1083, "01:00:00+00", ""},
    {1266, "01:00:00", ""},
    {1266, "01:00:00-00", ""},
    {1266, "01:00:00+01:00", ""},
    {1266, "01:00:00+01:30:00", ""},
    {1266, "01:00:00+16", ""},
    {1266, "01:00:00-16", ""},
    {1266, "01:00:00+1", ""},
    {1114, "2024-01-01", ""},
    {1114, "2024-01-01T00:00:00", ""},
    {1114, "2024-01-01 24:00:00", ""},
    {1114, "2024-01-01 00:00:00+00", ""},
    {1114, "294277-01-01 00:00:00", ""},
    {1114, "4714-11-23 23:59:59 BC", ""},
    {1184, "2024-01-01 00:00:00", ""},
    {1184, "2024-01-01 00:00:00+01", ""},
    {1184, "2024-01-01 00:00:00 BC+00", ""},
    {1186, "", ""},
    {1186, "1 years", ""},
    {1186, "-1 year", ""},
    {1186, "12 mons", ""},
    {1186, "0 days", ""},
    {1186, "1 day 00:00:00", ""},
    {1186, "1 day 1 mon", ""},
    {1186, "-1 days 00:00:01", ""},
    {1186, "1 day +00:00:01", ""},
    {1186, "-00:00:00", ""},
    {1186, "1:00:00", ""},
    {1186, "001:00:00", ""},
    {1186, "2147483648 days", ""},
    {1186, "178956970 years 8 mons", ""},
    {1186, "2562047788:00:54.775808", ""},
    {1186, "-2562047788:00:54.775809", ""},
    {1186, "P1D", ""},
    {1186, "@ 1 day", ""},
    {17, "", ""},
    {17, "abc", ""},
    {17, "\\x0", ""},
    {17, "\\xFF", ""},
    {17, "\\x0 ", ""},
    {17, "\\000", ""},
    {2950, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", ""},
    {2950, "a0eebc999c0b4ef8bb6d6bb9bd380a11", ""},
    {829, "08-00-2b-01-02-03", ""},
    {829, "08:00:2B:01:02:03", ""},
    {829, "08:00:2b:01:02:03:04:05", ""},
    {774, "08:00:2b:01:02:03", ""},
    {1562, "2", ""},
    {1562, "B'1'", ""},
    {869, "1.2.3", ""},
    {869, "1.2.3.256", ""},
    {869, "1.2.3.04", ""},
    {869, "1.2.3.4/32", ""},
    {869, "1.2.3.4/33", ""},
    {869, "1.2.3.4/08", ""},
    {869, "", ""},
    {869, ":", ""},
    {869, ":::", ""},
    {869, "1:", ""},
    {869, "1::2::3", ""},
    {869, "1:2:3:4:5:6:7", ""},
    {869, "1:2:3:4:5:6:7:8:9", ""},
    {869, "1:2:3:4:5:6:7::", ""},
    {869, "0:0:0:0:0:0:0:1", ""},
    {869, "::ffff:102:304", ""},
    {869, "::1.2.3", ""},
    {869, "::1.2.3.4.5", ""},
    {869, "1:2:3:4:5:6:7:1.2.3.4", ""},
    {869, "::AB", ""},
    {869, "::0ab", ""},
    {869, "::12345", ""},
    {869, "::1/128", ""},
    {869, "::1/129", ""},
    {650, "10.0.0.0", ""},
    {650, "10.0.0.1/8", ""},
    {650, "::1/127", ""},
};

static const scalar_vector bad_binaries[] = {
    {16, "neither 0 nor 1", "02"},
    {5038, "more than there are",
     "0000000200000000000000010000000000000005"
     "0000000000000002"},
    {5038, "count of 2^32 - 1", "ffffffff00000000000000010000000000000005"},
    {5038, "unordered",
     "0000000200000000000000010000000000000005"
     "00000000000000030000000000000002"},
    {5038, "xid at xmax",
     "0000000100000000000000010000000000000005"
     "0000000000000005"},
    {5038, "xmin above xmax", "0000000000000000000000060000000000000005"},
    {1700, "ndigits beyond the end", "ffff00000000000000010001"},
    {1700, "digit of 10000",
     "0001000000000000"
     "2710"},
    {1700, "leading zero digit",
     "0002000100000000"
     "00000001"},
    {1700, "unknown sign",
     "0001000080000000"
     "0001"},
    {1700, "unknown sign, specials", "00000000e0000000"},
    {1700, "NaN with digits",
     "00010000c0000000"
     "0001"},
    {1700, "negative zero", "0000000040000000"},
    {1700, "zero with a weight", "00007fff00000000"},
    {1700, "scale beyond its range",
     "0001000000004000"
     "0001"},
    {1700, "digits beyond the scale",
     "0001ffff00000003"
     "0001"},
    {1700, "digits far beyond the scale",
     "0001800000003fff"
     "0001"},
    {1082, "before the first day", "ffda97a6"},
    {1082, "after the last day", "7fda970d"},
    {1083, "negative", "ffffffffffffffff"},
    {1083, "after 24:00:00", "000000141dd76001"},
    {1266, "zone of 16 hours",
     "0000000000000000"
     "0000e100"},
    {1266, "zone of -16 hours",
     "0000000000000000"
     "ffff1f00"},
    {1114, "before the first", "fd0f7cc1411f9fff"},
    {1114, "after the last", "7fffff5bb3b2a000"},
    {1562, "bit behind the last", "00000001c0"},
    {1562, "too few bytes", "0000000980"},
    {1562, "2^32 - 1 bits", "ffffffff00"},
    {869, "unknown family", "0420000401020304"},
    {869, "mask too long", "0221000401020304"},
    {869, "flag of 2", "0220020401020304"},
    {869, "length of the other family", "0220001001020304"},
    {650, "bits behind the mask", "020801040a000001"},
};

static void refused_texts(void)
{
    size_t i;
    for (i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++) {
        ww_slice text = copy_of(bad_texts[i].text, strlen(bad_texts[i].text));
        ww_value v = case_value(bad_texts[i].oid, WW_COLUMN_TEXT, text);
        if (!CHECK(ww_value_check(&v, NULL) == WW_ERR_DECODE))
            fprintf(stderr, "    type %" PRIu32 ", %s\n", v.type_oid, bad_texts[i].text);
        drop(text);
    }
}

static void refused_binaries(void)
{
    size_t i;
    for (i = 0; i < sizeof bad_binaries / sizeof bad_binaries[0]; i++) {
        ww_slice bytes = unhex(bad_binaries[i].binary);
        ww_value v = case_value(bad_binaries[i].oid, WW_COLUMN_BINARY, bytes);
        if (!CHECK(ww_value_check(&v, NULL) == WW_ERR_DECODE))
            fprintf(stderr, "    type %" PRIu32 ", %s\n", v.type_oid, bad_binaries[i].text);
        drop(bytes);
    }
}

/* ---- the longest numbers --------------------------------------------------------------------- */

static ww_status check_number(size_t before, size_t behind)
{
    char *text = malloc(before + behind + 1);
    ww_slice bytes = {(const uint8_t *)text, before + behind + (behind > 0)};
    ww_value v = case_value(1700, WW_COLUMN_TEXT, bytes);
    ww_status status;
    memset(text, '7', before + behind + 1);
    text[before] = '.';
    status = ww_value_check(&v, NULL);
    free(text);
    return status;
}

static void longest_numbers(void)
{
    CHECK(check_number(131072, 16383) == WW_OK);
    CHECK(check_number(131073, 0) == WW_ERR_DECODE);
    CHECK(check_number(1, 16384) == WW_ERR_DECODE);
}

static bool count_bytes(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)bytes;
    *(size_t *)ctx += len;
    return true;
}

/* 10^131068 in ten bytes is legal; it is written without a buffer of its length. */
static void widest_number(void)
{
    ww_slice bytes = unhex("00017fff000000000001");
    ww_value v = case_value(1700, WW_COLUMN_BINARY, bytes);
    size_t written = 0;
    ww_out out;
    ww_numeric n;
    memset(&out, 0, sizeof out);
    out.flush = count_bytes;
    out.flush_ctx = &written;
    CHECK(ww_value_put(&v, &out, NULL) == WW_OK);
    CHECK_EQ_U64(written, 131069);
    CHECK(ww_value_numeric(&v, &n, NULL) == WW_OK);
    CHECK_EQ_U64(n.integer_digits, 131069);
    CHECK_EQ_U64(ww_numeric_digit(&n, 0), 1);
    CHECK_EQ_U64(ww_numeric_digit(&n, 131068), 0);
    drop(bytes);
}

/* ---- the rest of the contract ---------------------------------------------------------------- */

/* The backslash of bytea is the one that containers escape. */
static void bytea_in_containers(void)
{
    static const uint8_t once[] = "\\\\x00ff", twice[] = "\\\\\\\\x00ff";
    ww_value v = case_value(17, WW_COLUMN_TEXT, (ww_slice){once, sizeof once - 1});
    uint8_t got[4];
    ww_bytes b;
    CHECK(ww_value_bytes(&v, &b, NULL) == WW_ERR_DECODE);
    v.nlayers = 1;
    v.layers = WW__LAYER_BACKSLASH;
    CHECK(ww_value_bytes(&v, &b, NULL) == WW_OK);
    CHECK(b.len == 2 && ww_bytes_next(&b, got, sizeof got) == 2 && got[0] == 0 && got[1] == 0xFF);
    v.bytes = (ww_slice){twice, sizeof twice - 1};
    v.nlayers = 2;
    v.layers = WW__LAYER_DOUBLED << 2 | WW__LAYER_BACKSLASH;
    CHECK(ww_value_bytes(&v, &b, NULL) == WW_OK && b.len == 2);
}

static void misused(void)
{
    ww_value number = case_value(23, WW_COLUMN_TEXT, ww_slice_of("1"));
    ww_value null = case_value(23, WW_COLUMN_NULL, ww_slice_of(""));
    int64_t n = 5;
    int32_t days = 5;
    ww_error err;
    CHECK(ww_value_date(&number, &days, &err) == WW_ERR_USAGE && days == 5);
    CHECK(ww_value_int(&null, &n, &err) == WW_ERR_USAGE && n == 5);
    number.bytes = ww_slice_of("12x");
    CHECK(ww_value_int(&number, &n, &err) == WW_ERR_DECODE && n == 5);
    CHECK_EQ_U64(err.offset, 2);
    CHECK_TEXT(err.subject, "integer");
}

int main(void)
{
    RUN(server_values);
    RUN(mutations);
    RUN(goes_on);
    RUN(refused_texts);
    RUN(refused_binaries);
    RUN(longest_numbers);
    RUN(widest_number);
    RUN(bytea_in_containers);
    RUN(misused);
    return check_report();
}
