/* SPDX-License-Identifier: MIT */
/* test_decode_scalars_random.c: random values of each scalar type: what their binary form is
 * written as reads as the same value. 10,000 of each type; WALWIRE_TEST_VALUES says how many
 * else. */
#include "value_case.h"

#define ROOM 64u

/* ---- random bytes ---------------------------------------------------------------------------- */

static uint64_t state = UINT64_C(0x9E3779B97F4A7C15);

/* xorshift64*, always the same. */
static uint64_t any(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717);
}

static uint64_t below(uint64_t n)
{
    return any() % n;
}

/* As often of few bits as of many. */
static int64_t any_size(unsigned bits)
{
    uint64_t magnitude = any() >> (64 - bits) >> below(bits);
    return (int64_t)(below(2) != 0 ? 0 - magnitude : magnitude);
}

static size_t put(uint8_t *to, uint64_t value, size_t n)
{
    size_t i;
    for (i = 0; i < n; i++)
        to[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    return n;
}

static size_t put_any(uint8_t *to, size_t n)
{
    size_t i;
    for (i = 0; i < n; i++)
        to[i] = (uint8_t)(below(4) != 0 ? any() >> 56 : 0);
    return n;
}

/* ---- one value of each type ------------------------------------------------------------------ */

static size_t make_bool(uint8_t *to)
{
    return put(to, below(2), 1);
}

static size_t make_1(uint8_t *to)
{
    return put_any(to, 1);
}

static size_t make_2(uint8_t *to)
{
    return put(to, (uint64_t)any_size(16), 2);
}

static size_t make_4(uint8_t *to)
{
    return put(to, (uint64_t)any_size(32), 4);
}

static size_t make_6(uint8_t *to)
{
    return put_any(to, 6);
}

static size_t make_8(uint8_t *to)
{
    return put(to, (uint64_t)any_size(64), 8);
}

static size_t make_16(uint8_t *to)
{
    return put_any(to, 16);
}

static size_t make_snapshot(uint8_t *to)
{
    uint64_t xmin = 1 + (any() >> below(63) >> 1), xid = xmin;
    size_t count = below(5), n = 20, i;
    for (i = 0; i < count; i++, n += 8) {
        xid += below(1000) + (i > 0);
        put(to + n, xid, 8);
    }
    put(to, count, 4);
    put(to + 4, xmin, 8);
    put(to + 12, xid + 1, 8);
    return n;
}

/* Without zero groups at either end, and with a scale that reaches to the last digit. */
static size_t make_numeric(uint8_t *to)
{
    size_t count = below(12), i;
    int64_t weight = any_size(below(8) == 0 ? 11 : 4), last = weight - (int64_t)count + 1;
    int64_t scale = last < 0 ? -4 * last : (int64_t)below(5);
    unsigned group = 0;
    for (i = 0; i < count; i++) {
        bool inner = i > 0 && i + 1 < count;
        group = (unsigned)(inner && below(3) == 0 ? 0 : 1 + below(9999));
        put(to + 8 + 2 * i, group, 2);
    }
    while (count > 0 && last < 0 && group % 10 == 0 && below(4) != 0) {
        scale--;
        group /= 10;
    }
    put(to, count, 2);
    put(to + 2, count > 0 ? (uint64_t)weight : 0, 2);
    put(to + 4, count > 0 && below(2) != 0 ? 0x4000 : 0, 2);
    put(to + 6, count > 0 ? (uint64_t)scale : below(20), 2);
    return 8 + 2 * count;
}

static size_t make_date(uint8_t *to)
{
    uint64_t days =
        below(2) != 0 ? below(2145031949 + 2451545) - 2451545 : below(2000000) - 1000000;
    return put(to, days, 4);
}

static uint64_t time_of_day(void)
{
    static const uint64_t units[] = {1, 10, 1000, 1000000, 60000000};
    uint64_t unit = units[below(5)];
    return below(UINT64_C(86400000000) / unit + 1) * unit;
}

static size_t make_time(uint8_t *to)
{
    return put(to, time_of_day(), 8);
}

static size_t make_timetz(uint8_t *to)
{
    static const uint64_t units[] = {1, 60, 3600};
    uint64_t unit = units[below(3)];
    uint64_t zone = below(57599 / unit + 1) * unit;
    put(to, time_of_day(), 8);
    return 8 + put(to + 8, below(2) != 0 ? zone : 0 - zone, 4);
}

static size_t make_timestamp(uint8_t *to)
{
    uint64_t day = below(2) != 0 ? below(109203528) - 2451545 : below(100000) - 50000;
    uint64_t us = time_of_day() % UINT64_C(86400000000);
    return put(to, day * UINT64_C(86400000000) + us, 8);
}

static size_t make_interval(uint8_t *to)
{
    put(to, below(3) != 0 ? (uint64_t)any_size(64) : 0, 8);
    put(to + 8, below(3) != 0 ? (uint64_t)any_size(32) : 0, 4);
    return 12 + put(to + 12, below(3) != 0 ? (uint64_t)any_size(32) : 0, 4);
}

static size_t make_bytes(uint8_t *to)
{
    return put_any(to, below(ROOM));
}

static size_t make_bits(uint8_t *to)
{
    size_t bits = below(200), len = (bits + 7) / 8;
    put(to, bits, 4);
    put_any(to + 4, len);
    if (bits % 8 != 0)
        to[3 + len] &= (uint8_t)(0xFF00 >> bits % 8);
    return 4 + len;
}

/* Many zero words, and prefixes of IPv4 in IPv6. */
static void any_address(uint8_t *to, size_t len)
{
    size_t i;
    for (i = 0; i < len; i += 2)
        put(to + i, below(2) != 0 ? 0 : any() >> 48 >> below(16), 2);
    if (len == 16 && below(4) == 0)
        memset(to, 0, 12);
    if (len == 16 && below(4) == 0)
        put(to + 10, 0xFFFF, 2);
}

static size_t make_address(uint8_t *to, bool cidr)
{
    size_t len = below(2) != 0 ? 16 : 4, i;
    size_t bits = below(3) == 0 ? 8 * len : below(8 * len + 1);
    any_address(to + 4, len);
    put(to, len == 4 ? 2 : 3, 1);
    put(to + 1, bits, 1);
    put(to + 2, cidr, 1);
    put(to + 3, len, 1);
    for (i = bits; cidr && i < 8 * len; i++)
        to[4 + i / 8] &= (uint8_t) ~(0x80u >> i % 8);
    return 4 + len;
}

static size_t make_inet(uint8_t *to)
{
    return make_address(to, false);
}

static size_t make_cidr(uint8_t *to)
{
    return make_address(to, true);
}

static const struct {
    uint32_t oid;
    size_t (*make)(uint8_t *to); /* the binary form of one; returns its length */
} types[] = {
    {16, make_bool},        {18, make_1},           {21, make_2},      {23, make_4},
    {20, make_8},           {26, make_4},           {28, make_4},      {5069, make_8},
    {790, make_8},          {27, make_6},           {3220, make_8},    {5038, make_snapshot},
    {1700, make_numeric},   {1082, make_date},      {1083, make_time}, {1266, make_timetz},
    {1114, make_timestamp}, {1184, make_timestamp}, {17, make_bytes},  {1186, make_interval},
    {2950, make_16},        {829, make_6},          {774, make_8},     {1562, make_bits},
    {869, make_inet},       {650, make_cidr},
};

/* ---- the property ---------------------------------------------------------------------------- */

static bool holds(uint32_t oid, ww_slice bytes)
{
    ww_value binary = case_value(oid, WW_COLUMN_BINARY, bytes), text;
    ww_error err;
    case_buffer b;
    const char *why = "it is refused";
    case_open(&b);
    if (ww_value_put(&binary, &b.out, &err) == WW_OK) {
        text = case_value(oid, WW_COLUMN_TEXT, case_slice(&b));
        why = case_compare(&binary, &text);
    }
    if (why != NULL)
        fprintf(stderr, "    type %" PRIu32 ", %.*s: %s\n", oid, (int)b.out.len,
                (const char *)b.out.ptr, why);
    case_close(&b);
    return why == NULL;
}

static void random_values(void)
{
    const char *wanted = getenv("WALWIRE_TEST_VALUES");
    unsigned long count = wanted != NULL ? strtoul(wanted, NULL, 10) : 10000, i;
    size_t k;
    for (k = 0; k < sizeof types / sizeof types[0]; k++)
        for (i = 0; i < count; i++) {
            uint8_t bytes[ROOM];
            ww_slice s = {bytes, types[k].make(bytes)};
            CHECK(holds(types[k].oid, s));
        }
}

int main(void)
{
    RUN(random_values);
    return check_report();
}
