/* SPDX-License-Identifier: MIT */
/* Debezium's settings: what each makes of values, from both forms. The numbers in base64 were made
 * with Python's int.to_bytes(), the dates with its datetime; the shapes are those of Debezium's
 * documentation. */
#include "drive.h"
#include "strictjson.h"

enum { BYTEA = 17, MONEY = 790, DATE = 1082, TIME = 1083, TIMESTAMP = 1114, TIMESTAMPTZ = 1184 };
enum { INTERVAL = 1186, TIMETZ = 1266, NUMERIC = 1700, NUMERICARRAY = 1231, DATEARRAY = 1182 };
enum { HSTORE = 20009 };

#define PRECISE "decimal.handling.mode", "precise"
#define DOUBLE "decimal.handling.mode", "double"
#define TIMES(mode) "time.precision.mode", mode
#define INTERVALS(mode) "interval.handling.mode", mode
#define BINARY(mode) "binary.handling.mode", mode
#define HSTORES(mode) "hstore.handling.mode", mode

static const struct {
    const char *knob, *mode;
    uint32_t type;
    int32_t typmod;
    const char *text, *binary, *json;
} values[] = {
    { PRECISE, NUMERIC, -1, "0", NULL,
      "{\"scale\":0,\"value\":\"AA==\"}" },
    { PRECISE, NUMERIC, -1, "0.00", NULL,
      "{\"scale\":0,\"value\":\"AA==\"}" },
    { PRECISE, NUMERIC, -1, "1", NULL,
      "{\"scale\":0,\"value\":\"AQ==\"}" },
    { PRECISE, NUMERIC, -1, "-1", NULL,
      "{\"scale\":0,\"value\":\"/w==\"}" },
    { PRECISE, NUMERIC, -1, "127", NULL,
      "{\"scale\":0,\"value\":\"fw==\"}" },
    { PRECISE, NUMERIC, -1, "128", NULL,
      "{\"scale\":0,\"value\":\"AIA=\"}" },
    { PRECISE, NUMERIC, -1, "-128", NULL,
      "{\"scale\":0,\"value\":\"gA==\"}" },
    { PRECISE, NUMERIC, -1, "-129", NULL,
      "{\"scale\":0,\"value\":\"/38=\"}" },
    { PRECISE, NUMERIC, -1, "255", NULL,
      "{\"scale\":0,\"value\":\"AP8=\"}" },
    { PRECISE, NUMERIC, -1, "256", NULL,
      "{\"scale\":0,\"value\":\"AQA=\"}" },
    { PRECISE, NUMERIC, -1, "1.10", NULL,
      "{\"scale\":1,\"value\":\"Cw==\"}" },
    { PRECISE, NUMERIC, -1, "123.45", NULL,
      "{\"scale\":2,\"value\":\"MDk=\"}" },
    { PRECISE, NUMERIC, -1, "-123.45", NULL,
      "{\"scale\":2,\"value\":\"z8c=\"}" },
    { PRECISE, NUMERIC, -1, "99999999999999999999.999999999", NULL,
      "{\"scale\":9,\"value\":\"AUMeD65tchfKn////w==\"}" },
    { PRECISE, NUMERIC, -1, "-18446744073709551616", NULL,
      "{\"scale\":0,\"value\":\"/wAAAAAAAAAA\"}" },
    { PRECISE, NUMERIC, -1, "18446744073709551615", NULL,
      "{\"scale\":0,\"value\":\"AP//////////\"}" },
    { PRECISE, NUMERIC, -1, "4294967296", NULL,
      "{\"scale\":0,\"value\":\"AQAAAAA=\"}" },
    { PRECISE, NUMERIC, -1, "-2147483648", NULL,
      "{\"scale\":0,\"value\":\"gAAAAA==\"}" },
    { PRECISE, NUMERIC, -1, "0.0000000001", NULL,
      "{\"scale\":10,\"value\":\"AQ==\"}" },
    { PRECISE, NUMERIC, -1, "1000000000.500", NULL,
      "{\"scale\":1,\"value\":\"AlQL5AU=\"}" },
    { PRECISE, NUMERIC, -1, "123456789012345678901234567890123456789012345678901234567890",
      NULL,
      "{\"scale\":0,\"value\":\"E6r1BOS8HmIXP4ekN4w3tJyMz/GWzj8K0g==\"}" },
    { PRECISE, NUMERIC, 327686, "1.10", NULL, "\"bg==\"" },
    { PRECISE, NUMERIC, 327686, "1.1", NULL, "\"bg==\"" },
    { PRECISE, NUMERIC, 655366, "-123.45", NULL, "\"z8c=\"" },
    { PRECISE, NUMERIC, 655369, "0", NULL, "\"AA==\"" },
    { PRECISE, NUMERIC, 327686, "7", NULL, "\"Arw=\"" },
    { PRECISE, NUMERIC, 198658, "12300", NULL, "\"ew==\"" },
    { PRECISE, NUMERIC, 327687, "-0.001", NULL, "\"/w==\"" },
    { PRECISE, NUMERIC, 3145742, "98765432109876543210987654321098765432.1234567890", NULL,
      "\"AKz/85OKw9lckgIPxf+EYlGLeOLS\"" },
    { PRECISE, NUMERIC, 327686, "1.10", "0002 0000 0000 0002 0001 03e8", "\"bg==\"" },
    { PRECISE, NUMERIC, -1, "NaN", "0000 0000 c000 0000", "\"NaN\"" },
    { PRECISE, NUMERIC, 327686, "NaN", NULL, "\"NaN\"" },
    { PRECISE, NUMERIC, -1, "-Infinity", "0000 0000 f000 0000", "\"-Infinity\"" },
    { PRECISE, NUMERICARRAY, 327686, "{1.10,NULL}", NULL, "[\"bg==\",null]" },
    { PRECISE, MONEY, -1, "$1,234.50", "000000000001e23a", "\"AeI6\"" },
    { PRECISE, MONEY, -1, "-$0.05", "fffffffffffffffb", "\"+w==\"" },
    { PRECISE, MONEY, -1, "-$92,233,720,368,547,758.08", "8000000000000000",
      "\"gAAAAAAAAAA=\"" },
    { "decimal.handling.mode", "string", NUMERIC, -1, "1.10", NULL, "\"1.10\"" },
    { DOUBLE, NUMERIC, -1, "1.10", "0002 0000 0000 0002 0001 03e8", "1.1" },
    { DOUBLE, NUMERIC, -1, "0.000", NULL, "0" },
    { DOUBLE, NUMERIC, -1, "-0.0001", NULL, "-0.0001" },
    { DOUBLE, NUMERIC, -1, "123456789012345678901234567890", NULL, "1.2345678901234568e+29" },
    { DOUBLE, NUMERIC, -1, "9007199254740993", NULL, "9.007199254740992e+15" },
    { DOUBLE, NUMERIC, -1, "9007199254740993.00000000000000000000000001", NULL,
      "9.007199254740994e+15" },
    { DOUBLE, NUMERIC, -1, "NaN", NULL, "\"NaN\"" },
    { DOUBLE, NUMERIC, -1, "Infinity", NULL, "\"Infinity\"" },
    { DOUBLE, MONEY, -1, "$1,234.50", "000000000001e23a", "1234.5" },
    { TIMES("text"), DATE, -1, "2024-01-15", NULL, "\"2024-01-15\"" },
    { TIMES("adaptive"), DATE, -1, "1970-01-01", "ffffd533", "0" },
    { TIMES("adaptive"), DATE, -1, "2024-01-15", "0000224c", "19737" },
    { TIMES("connect"), DATE, -1, "1969-12-31", NULL, "-1" },
    { TIMES("nanoseconds"), DATE, -1, "0001-01-01", NULL, "-719162" },
    { TIMES("adaptive"), DATE, -1, "infinity", "7fffffff", "\"infinity\"" },
    { TIMES("isostring"), DATE, -1, "-infinity", "80000000", "\"-infinity\"" },
    { TIMES("isostring"), DATE, -1, "2024-01-15", NULL, "\"2024-01-15Z\"" },
    { TIMES("isostring"), DATE, -1, "10000-01-01", NULL, "\"+10000-01-01Z\"" },
    { TIMES("isostring"), DATE, -1, "0001-01-01 BC", NULL, "\"0000-01-01Z\"" },
    { TIMES("adaptive"), DATEARRAY, -1, "{1970-01-02,NULL}", NULL, "[1,null]" },
    { TIMES("adaptive"), TIME, -1, "10:30:00.5", "00000008cd15db20", "37800500000" },
    { TIMES("adaptive"), TIME, 3, "10:30:00.5", NULL, "37800500" },
    { TIMES("adaptive"), TIME, 4, "10:30:00.5", NULL, "37800500000" },
    { TIMES("adaptive_time_microseconds"), TIME, 3, "10:30:00.5", NULL, "37800500000" },
    { TIMES("connect"), TIME, -1, "10:30:00.1239", NULL, "37800123" },
    { TIMES("microseconds"), TIME, 0, "24:00:00", NULL, "86400000000" },
    { TIMES("nanoseconds"), TIME, -1, "24:00:00", NULL, "86400000000000" },
    { TIMES("isostring"), TIME, -1, "10:30:00.120", NULL, NULL },
    { TIMES("isostring"), TIME, -1, "10:30:00.12", NULL, "\"10:30:00.12Z\"" },
    { TIMES("isostring"), TIME, -1, "10:30:00", NULL, "\"10:30:00Z\"" },
    { TIMES("adaptive"), TIMESTAMP, -1, "2024-01-15 10:30:00.123456", "0002b1f843c09c40",
      "1705314600123456" },
    { TIMES("adaptive"), TIMESTAMP, 3, "2024-01-15 10:30:00.123", NULL, "1705314600123" },
    { TIMES("adaptive_time_microseconds"), TIMESTAMP, 3, "2024-01-15 10:30:00.123", NULL,
      "1705314600123" },
    { TIMES("connect"), TIMESTAMP, -1, "1969-12-31 23:59:59.9995", NULL, "-1" },
    { TIMES("microseconds"), TIMESTAMP, 0, "2024-01-15 10:30:00", NULL, "1705314600000000" },
    { TIMES("nanoseconds"), TIMESTAMP, -1, "2024-01-15 10:30:00.123456", NULL,
      "1705314600123456000" },
    { TIMES("nanoseconds"), TIMESTAMP, -1, "2262-04-11 23:47:16.854775", NULL,
      "9223372036854775000" },
    { TIMES("nanoseconds"), TIMESTAMP, -1, "2262-04-11 23:47:16.854776", NULL,
      "\"2262-04-11 23:47:16.854776\"" },
    { TIMES("microseconds"), TIMESTAMP, -1, "294247-01-10 04:00:54.775807", NULL,
      "9223372036854775807" },
    { TIMES("connect"), TIMESTAMP, -1, "294247-01-10 04:00:54.775807", NULL,
      "9223372036854775" },
    { TIMES("adaptive"), TIMESTAMP, -1, "infinity", "7fffffffffffffff", "\"infinity\"" },
    { TIMES("adaptive"), TIMESTAMP, -1, "-infinity", "8000000000000000", "\"-infinity\"" },
    { TIMES("isostring"), TIMESTAMP, -1, "2024-01-15 10:30:00.5", NULL,
      "\"2024-01-15T10:30:00.5Z\"" },
    { TIMES("adaptive"), TIMESTAMPTZ, -1, "2024-01-02 03:04:05.1+00", NULL,
      "\"2024-01-02T03:04:05.100000Z\"" },
    { TIMES("connect"), TIMESTAMPTZ, 3, "2024-01-02 03:04:05.1+00", NULL,
      "\"2024-01-02T03:04:05.100Z\"" },
    { TIMES("microseconds"), TIMESTAMPTZ, 0, "2024-01-02 03:04:05+00", NULL,
      "\"2024-01-02T03:04:05Z\"" },
    { TIMES("isostring"), TIMESTAMPTZ, -1, "infinity", NULL, "\"infinity\"" },
    { TIMES("adaptive"), TIMETZ, -1, "10:30:00.25+02", NULL, "\"08:30:00.25Z\"" },
    { TIMES("adaptive"), TIMETZ, -1, "01:00:00+02", NULL, "\"23:00:00Z\"" },
    { TIMES("adaptive"), TIMETZ, -1, "23:00:00-02:30", NULL, "\"01:30:00Z\"" },
    { TIMES("adaptive"), TIMETZ, -1, "24:00:00+00", NULL, "\"24:00:00Z\"" },
    { INTERVALS("text"), INTERVAL, -1, "1 year", NULL, "\"1 year\"" },
    { INTERVALS("numeric"), INTERVAL, -1, "1 mon", "0000000000000000 00000000 00000001",
      "2629800000000" },
    { INTERVALS("numeric"), INTERVAL, -1, "1 year 2 mons 3 days 04:05:06.78", NULL,
      "37091106780000" },
    { INTERVALS("numeric"), INTERVAL, -1, "-00:00:00.000001", NULL, "-1" },
    { INTERVALS("numeric"), INTERVAL, -1, "178000000 years", NULL, "\"178000000 years\"" },
    { INTERVALS("string"), INTERVAL, -1, "1 year 2 mons 3 days 04:05:06.78",
      "000000036c97a760 00000003 0000000e", "\"P1Y2M3DT4H5M6.78S\"" },
    { INTERVALS("string"), INTERVAL, -1, "00:00:00", NULL, "\"P0Y0M0DT0H0M0S\"" },
    { INTERVALS("string"), INTERVAL, -1, "-1 years -2 mons +3 days -00:00:00.5", NULL,
      "\"P-1Y-2M3DT0H0M-0.5S\"" },
    { INTERVALS("string"), INTERVAL, -1, "100:00:10", NULL, "\"P0Y0M0DT100H0M10S\"" },
    { BINARY("text"), BYTEA, -1, "\\x00ff", "00ff", "\"\\\\x00ff\"" },
    { BINARY("bytes"), BYTEA, -1, "\\x00ff", "00ff", "\"AP8=\"" },
    { BINARY("base64"), BYTEA, -1, "\\xfbff", "fbff", "\"+/8=\"" },
    { BINARY("base64-url-safe"), BYTEA, -1, "\\xfbff", "fbff", "\"-_8=\"" },
    { BINARY("hex"), BYTEA, -1, "\\xFB", NULL, NULL },
    { BINARY("hex"), BYTEA, -1, "\\xfb00", "fb00", "\"fb00\"" },
    { BINARY("base64"), BYTEA, -1, "\\x", "", "\"\"" },
    { HSTORES("text"), HSTORE, -1, "\"a\"=>\"1\"", NULL, "\"\\\"a\\\"=>\\\"1\\\"\"" },
    { HSTORES("map"), HSTORE, -1, "\"a\"=>\"1\", \"b\"=>NULL",
      "00000002 00000001 61 00000001 31 00000001 62 ffffffff", "{\"a\":\"1\",\"b\":null}" },
    { HSTORES("map"), HSTORE, -1, "", "00000000", "{}" },
    { HSTORES("map"), HSTORE, -1, "\"k\\\"\"=>\"v\\\\ \xE2\x82\xAC\"",
      "00000001 00000002 6b22 00000006 765c20e282ac", "{\"k\\\"\":\"v\\\\ \xE2\x82\xAC\"}" },
    { HSTORES("json"), HSTORE, -1, "\"k\\\"\"=>\"v\", \"b\"=>NULL",
      "00000002 00000002 6b22 00000001 76 00000001 62 ffffffff",
      "\"{\\\"k\\\\\\\"\\\":\\\"v\\\",\\\"b\\\":null}\"" },
    { HSTORES("map"), HSTORE, -1, "\"\xFF\"=>NULL", "00000001 00000001 ff ffffffff",
      "{\"$bytes\":\"22ff223d3e4e554c4c\"}" },
};
#define VALUES (sizeof values / sizeof values[0])

typedef struct tester {
    drive d;
    check_alloc memory;
    ww_types *types;
    enc hex;
} tester;

static void open_tester(tester *t, const char *knob, const char *mode)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_knob setting = { knob, mode };
    ww_type hstore;
    memset(t, 0, sizeof *t);
    memset(&hstore, 0, sizeof hstore);
    check_alloc_init(&t->memory, 0);
    t->types = ww_types_open(&t->memory.alloc, 0);
    hstore.oid = HSTORE;
    hstore.kind = WW_TYPE_HSTORE;
    hstore.delimiter = ',';
    hstore.nspname = ww_slice_of("public");
    hstore.typname = hstore.sqlname = ww_slice_of("hstore");
    CHECK(ww_types_put(t->types, &hstore, NULL) == WW_OK);
    config.name = "debezium";
    config.types = t->types;
    config.knobs = &setting;
    config.nknobs = 1;
    CHECK(drive_open_config(&t->d, &config) == WW_OK);
}

static void close_tester(tester *t)
{
    drive_close(&t->d);
    ww_types_close(t->types);
    enc_free(&t->hex);
    CHECK_EQ_U64(t->memory.live_blocks, 0);
}

static ww_status send_value(tester *t, uint32_t type, int32_t typmod, ww_column value)
{
    ww_relation_column column = enc_column("v", type, false);
    column.typmod = typmod;
    drive_forget(&t->d);
    enc_relation(&t->d.e, 0, 1, "s", "t", 'd', &column, 1);
    drive_send(&t->d);
    enc_insert(&t->d.e, 0, 1, &value, 1);
    return drive_send(&t->d);
}

/* json NULL: it is none of the type's. */
static void check_value(tester *t, uint32_t type, int32_t typmod, ww_column value,
                        const char *json)
{
    ww_slice key, got;
    ww_status status = send_value(t, type, typmod, value);
    if (json == NULL) {
        CHECK(status == WW_ERR_DECODE);
        return;
    }
    if (!CHECK(status == WW_OK)) {
        fprintf(stderr, "    %s: %s at %" PRIu64 "\n", json, t->d.err.what, t->d.err.offset);
        return;
    }
    CHECK(sj_valid(drive_last_line(&t->d)));
    if (CHECK(sj_nth(sj_get(drive_last_line(&t->d), "after"), 0, &key, &got)))
        CHECK_SLICE(got, json);
}

static void each_setting(void)
{
    tester t;
    size_t i;
    for (i = 0; i < VALUES; i++) {
        open_tester(&t, values[i].knob, values[i].mode);
        check_value(&t, values[i].type, values[i].typmod, enc_text(values[i].text),
                    values[i].json);
        if (values[i].binary != NULL) {
            enc_hex(&t.hex, values[i].binary);
            check_value(&t, values[i].type, values[i].typmod,
                        enc_binary(t.hex.ptr, t.hex.len), values[i].json);
        }
        close_tester(&t);
    }
}

/* 300 digits are these bytes, 20000 are converted, and more stay text. */
static void long_numbers(void)
{
    static const char digits[] =
        "929141777631706690743915000806360837783533740681241586834497869073662585178128657070"
        "499962283038836859574890682883607598386756508899579032892184011070434192541224824475"
        "771046563414839603062027868387380695604230411442694208093972980635139693716487059640"
        "2359256341685878310122283459845551439729815061622";
    static const char base64[] =
        "{\"scale\":0,\"value\":\"AN38ghFiSHwdJHnf8oA8RNuG9/fFlw4D3GrSrZeeeEK8ihj8ufY8Sy70RpJRB"
        "1EsKEVyrHK90MJyf5PJ8VZYCrmI3bZyavzRb9REIKyRqvBqF1TyHodYM4JFp90ipIx7Tkg8QuUw4uOiV3T/"
        "Uq/mkvN8SKTpZ0Mt8EXzngR2\"}";
    const size_t n = 131072 + 1 + 16383;
    uint8_t *text = malloc(n);
    ww_column value = enc_text(digits);
    ww_slice got, key;
    tester t;
    if (!CHECK(text != NULL))
        return;
    open_tester(&t, PRECISE);
    check_value(&t, NUMERIC, -1, value, base64);
    memset(text, '9', n);
    text[131072] = '.';
    value.value.ptr = text;
    value.value.len = n;
    CHECK(send_value(&t, NUMERIC, -1, value) == WW_OK);
    CHECK(sj_nth(sj_get(drive_last_line(&t.d), "after"), 0, &key, &got));
    CHECK_EQ_U64(got.len, n + 2);
    value.value.ptr += 131072 - (20000 - 16383);
    value.value.len = 20001;
    CHECK(send_value(&t, NUMERIC, -1, value) == WW_OK);
    CHECK(sj_nth(sj_get(drive_last_line(&t.d), "after"), 0, &key, &got));
    CHECK_SLICE(sj_get(got, "scale"), "16383");
    /* 66439 bits: 8305 bytes */
    CHECK_EQ_U64(sj_get(got, "value").len, 11076 + 2);
    value.value.ptr--;
    value.value.len++;
    CHECK(send_value(&t, NUMERIC, -1, value) == WW_OK);
    CHECK(sj_nth(sj_get(drive_last_line(&t.d), "after"), 0, &key, &got));
    CHECK_EQ_U64(got.len, 20002 + 2);
    /* Zeros up to the scale of numeric(1000,1000) are not counted. */
    value.value.len = 131072 - (size_t)(value.value.ptr - text);
    value.value.ptr -= 20000 - value.value.len;
    value.value.len = 20000;
    CHECK(send_value(&t, NUMERIC, (1000 << 16 | 1000) + 4, value) == WW_OK);
    CHECK(sj_nth(sj_get(drive_last_line(&t.d), "after"), 0, &key, &got));
    CHECK_EQ_U64(got.len, 11628 + 2); /* 69761 bits: 8721 bytes */
    value.value.ptr = text;
    value.value.len = n;
    close_tester(&t);
    open_tester(&t, DOUBLE);
    CHECK(send_value(&t, NUMERIC, -1, value) == WW_OK); /* too great: the text */
    CHECK(sj_nth(sj_get(drive_last_line(&t.d), "after"), 0, &key, &got));
    CHECK_EQ_U64(got.len, n + 2);
    close_tester(&t);
    free(text);
}

/* A number that does not fit into the column's scale is none of its type. */
static void scale_is_checked(void)
{
    tester t;
    open_tester(&t, PRECISE);
    CHECK(send_value(&t, NUMERIC, 327686, enc_text("1.234")) == WW_ERR_DECODE);
    CHECK_TEXT(t.d.err.subject, "s.t.v (numeric)");
    check_value(&t, NUMERIC, 327686, enc_text("1.230"), "\"ew==\"");
    close_tester(&t);
}

static void bad_settings(void)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_knob setting = { "decimal.handling.mode", "exact" };
    drive d;
    config.name = "debezium";
    config.knobs = &setting;
    config.nknobs = 1;
    CHECK(drive_open_config(&d, &config) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.subject, "decimal.handling.mode=exact: choose string|precise|double");
    drive_close(&d);
    setting.name = "decimal.mode";
    CHECK(drive_open_config(&d, &config) == WW_ERR_USAGE);
    CHECK(strstr(d.err.subject, "hstore.handling.mode") != NULL);
    drive_close(&d);
}

int main(void)
{
    RUN(each_setting);
    RUN(long_numbers);
    RUN(scale_is_checked);
    RUN(bad_settings);
    return check_report();
}
