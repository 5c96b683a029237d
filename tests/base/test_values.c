/* SPDX-License-Identifier: MIT */
/* test_values.c: slices, log positions, statuses and errors. */
#include "base/error.h"
#include "check.h"

static void slices_compare_by_content(void)
{
    ww_slice none = { NULL, 0 };
    CHECK(ww_slice_equal(ww_slice_of(NULL), none));
    CHECK(ww_slice_equal(ww_slice_of(""), none));
    CHECK(ww_slice_equal(ww_slice_of("abc"), ww_slice_of("abc")));
    CHECK(!ww_slice_equal(ww_slice_of("abc"), ww_slice_of("abd")));
    CHECK(!ww_slice_equal(ww_slice_of("abc"), ww_slice_of("ab")));
    CHECK_TEXT(ww_version(), WW_VERSION_STRING);
}

/* The server's own spelling, from PostgreSQL's pg_lsn regression test and its documentation. */
static const struct {
    ww_lsn lsn;
    const char *text;
} positions[] = {
    { 0, "0/0" },
    { 1, "0/1" },
    { UINT64_C(0x16B3748), "0/16B3748" },
    { UINT64_C(0x16B374D848), "16/B374D848" },
    { UINT64_C(0xFFFFFFFF), "0/FFFFFFFF" },
    { UINT64_C(0x100000000), "1/0" },
    { UINT64_C(0xABCDEF0001020304), "ABCDEF00/1020304" },
    { UINT64_MAX, "FFFFFFFF/FFFFFFFF" },
};

static void positions_are_formatted_as_the_server_does(void)
{
    size_t i;
    for (i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        char text[WW_LSN_TEXT_SIZE];
        CHECK_EQ_U64(ww_lsn_format(positions[i].lsn, text), strlen(positions[i].text));
        CHECK_TEXT(text, positions[i].text);
    }
}

static void positions_are_read_back(void)
{
    static const struct {
        const char *text;
        ww_lsn lsn;
    } other_forms[] = {
        { "0/016B3748", UINT64_C(0x16B3748) },          /* 19 and newer pad the second half */
        { "16/b374d848", UINT64_C(0x16B374D848) },
        { "00000016/B374d848", UINT64_C(0x16B374D848) },
        { "ffffffff/ffffffff", UINT64_MAX },
        { "00000000/00000000", 0 },
    };
    size_t i;
    ww_lsn lsn;
    for (i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        lsn = ~positions[i].lsn;
        CHECK(ww_lsn_parse(ww_slice_of(positions[i].text), &lsn));
        CHECK_EQ_U64(lsn, positions[i].lsn);
    }
    for (i = 0; i < sizeof other_forms / sizeof other_forms[0]; i++) {
        lsn = ~other_forms[i].lsn;
        CHECK(ww_lsn_parse(ww_slice_of(other_forms[i].text), &lsn));
        CHECK_EQ_U64(lsn, other_forms[i].lsn);
    }
}

static void what_is_no_position_is_refused(void)
{
    /* the first nine: "invalid input" in PostgreSQL's pg_lsn regression test, or its kin */
    static const char *const bad[] = {
        "G/0", "-1/0", " 0/12345678", "ABCD/", "/ABCD", "0 /0", "0/ 0", "0", "/", "", "0/0 ",
        "0/0/0", "000000000/0", "0/000000000", "100000000/0", "0/100000000", "0x1/0", "+1/0",
        "1\\0", "0/0g", "0/@", "`/0", "0/:", "\xef\xbc\x90/0",
    };
    ww_slice with_nul = { (const uint8_t *)"0/0", 4 };
    ww_lsn lsn = 7;
    size_t i;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!ww_lsn_parse(ww_slice_of(bad[i]), &lsn));
        CHECK_EQ_U64(lsn, 7);
    }
    CHECK(!ww_lsn_parse(with_nul, &lsn));
}

static void every_digit_of_a_position_counts(void)
{
    int shift;
    for (shift = 0; shift < 64; shift++) {
        char text[WW_LSN_TEXT_SIZE];
        ww_lsn lsn = 0, want = UINT64_C(1) << shift | 1;
        size_t n = ww_lsn_format(want, text);
        char expected[40];
        snprintf(expected, sizeof expected, "%" PRIX64 "/%" PRIX64, want >> 32, want & 0xFFFFFFFFu);
        CHECK_TEXT(text, expected);
        CHECK(ww_lsn_parse((ww_slice){ (const uint8_t *)text, n }, &lsn));
        CHECK_EQ_U64(lsn, want);
    }
}

static void statuses_have_words(void)
{
#define CHECK_STATUS(name, value, text)                                                            \
    CHECK_TEXT(ww_status_text(WW_##name), text);                                                   \
    CHECK(WW_##name == (value));
    WW_STATUS_MAP(CHECK_STATUS)
#undef CHECK_STATUS
    CHECK_TEXT(ww_status_text((ww_status)-99), "unknown status");
}

static void errors_say_what_and_about_what(void)
{
    ww_error err;
    memset(&err, 0xAA, sizeof err);
    CHECK(ww__fail_text(&err, WW_ERR_USAGE, "bad option", "slot ") == WW_ERR_USAGE);
    ww__error_add_text(&err, "of length ");
    ww__error_add_number(&err, 0);
    ww__error_add_text(&err, ", at most ");
    ww__error_add_number(&err, UINT64_MAX);
    CHECK(err.status == WW_ERR_USAGE && err.offset == WW_NO_OFFSET && err.msg_type == 0);
    CHECK_TEXT(err.what, "bad option");
    CHECK_TEXT(err.subject, "slot of length 0, at most 18446744073709551615");
    CHECK(err.sqlstate[0] == '\0' && err.message[0] == '\0' && err.sys_errno == 0);
    CHECK(ww__fail_at(&err, WW_ERR_DECODE, "too short", 17, 'R') == WW_ERR_DECODE);
    CHECK(err.offset == 17 && err.msg_type == 'R' && err.subject[0] == '\0');
    ww_error_clear(&err);
    CHECK(err.status == WW_OK && err.what != NULL);
}

static void errors_are_optional(void)
{
    ww_error_clear(NULL);
    ww__error_add_text(NULL, "x");
    ww__error_add_number(NULL, 1);
    CHECK(ww__fail(NULL, WW_ERR_IO, "x") == WW_ERR_IO);
    CHECK(ww__fail_text(NULL, WW_ERR_IO, "x", NULL) == WW_ERR_IO);
    CHECK(ww__fail_at(NULL, WW_ERR_IO, "x", 0, 'x') == WW_ERR_IO);
    CHECK(!ww_status_retryable(NULL));
}

static void subjects_end_at_a_character(void)
{
    char text[400];
    ww_error err;
    size_t i;
    for (i = 0; i + 3 <= 300; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    text[i] = '\0';
    ww__fail_text(&err, WW_ERR_USAGE, "x", text);       /* room 199: 66 characters of 3 bytes */
    CHECK_EQ_U64(strlen(err.subject), 198);
    ww__fail_text(&err, WW_ERR_USAGE, "x", "a");
    ww__error_add_text(&err, text);
    CHECK_EQ_U64(strlen(err.subject), 199);
    ww__error_add_text(&err, "more");                   /* full: stays as it is */
    CHECK_EQ_U64(strlen(err.subject), 199);
}

static void copies_are_cut_at_a_character(void)
{
    static const struct {
        const char *text;
        size_t cap, len;
    } cases[] = {
        { "", 1, 0 },        { "abc", 1, 0 },          { "abc", 3, 2 },       { "abc", 4, 3 },
        { "a\xc3\xa9", 3, 1 }, { "a\xc3\xa9", 4, 3 },  { "\xf0\x9f\x98\x80", 4, 0 },
        { "\xf0\x9f\x98\x80", 5, 4 }, { "x\xf0\x9f\x98\x80y", 5, 1 },
        { "x\xf0\x9f\x98\x80y", 6, 5 },
        { "\x80\x80\x80\x80\x80\x80\x80\x80", 6, 5 },   /* no UTF-8: cut anywhere, keep the text */
        { "\x80\x80", 2, 1 },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[16];
        memset(out, 'Z', sizeof out);
        CHECK_EQ_U64(ww__copy_cut(out, cases[i].cap, ww_slice_of(cases[i].text)), cases[i].len);
        CHECK(memcmp(out, cases[i].text, cases[i].len) == 0);
        CHECK(out[cases[i].len] == '\0' && out[cases[i].cap] == 'Z');
    }
    CHECK_EQ_U64(ww__copy_cut(NULL, 0, ww_slice_of("abc")), 0);
}

static void what_may_be_tried_again(void)
{
    /* PROTOCOL 3.7, classes "retry" and "fatal" */
    static const char *const retry[] = { "53300", "57P01", "57P02", "57P03", "57P05", "57014",
                                         "40001", "08006", "53100", "53200", "53000", "55006" };
    static const char *const fatal[] = { "28P01", "28000", "42501", "3D000", "57P04", "08P01",
                                         "0A000", "22023", "42704", "42710", "55000", "58P01",
                                         "54000", "XX000", "XX001", "53400", "" };
    ww_error err;
    size_t i;
    for (i = 0; i < sizeof retry / sizeof retry[0]; i++) {
        ww__fail(&err, WW_ERR_SERVER, "refused");
        memcpy(err.sqlstate, retry[i], 5);
        CHECK(ww_status_retryable(&err));
        err.status = WW_ERR_PROTOCOL;
        CHECK(!ww_status_retryable(&err));
    }
    for (i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        ww__fail(&err, WW_ERR_SERVER, "refused");
        memcpy(err.sqlstate, fatal[i], strlen(fatal[i]));
        CHECK(!ww_status_retryable(&err));
    }
    ww__fail(&err, WW_ERR_IO, "lost");
    CHECK(ww_status_retryable(&err));
    ww__fail(&err, WW_ERR_TIMEOUT, "late");
    CHECK(ww_status_retryable(&err));
    ww__fail(&err, WW_ERR_AUTH, "refused");
    CHECK(!ww_status_retryable(&err));
    ww__fail(&err, WW_ERR_GAP, "missing");
    CHECK(!ww_status_retryable(&err));
}

int main(void)
{
    RUN(slices_compare_by_content);
    RUN(positions_are_formatted_as_the_server_does);
    RUN(positions_are_read_back);
    RUN(what_is_no_position_is_refused);
    RUN(every_digit_of_a_position_counts);
    RUN(statuses_have_words);
    RUN(errors_say_what_and_about_what);
    RUN(errors_are_optional);
    RUN(subjects_end_at_a_character);
    RUN(copies_are_cut_at_a_character);
    RUN(what_may_be_tried_again);
    return check_report();
}
