/* SPDX-License-Identifier: MIT */
/* test_scram_message.c: the form of a SCRAM server's messages: HOSTILE B10 to B17 and their kin. */
#include "auth/scram_message.h"
#include "check.h"

static ww_status parse_first(const char *text, ww__scram_first *first, ww_error *err)
{
    return ww__scram_parse_first(ww_slice_of(text), first, err);
}

static void a_good_first_message(void)
{
    ww__scram_first first;
    CHECK(parse_first("r=abc!~\"+def,s=AAECAw==,i=4096", &first, NULL) == WW_OK);
    CHECK_SLICE(first.nonce, "abc!~\"+def");
    CHECK(first.salt_len == 4 && memcmp(first.salt, "\0\1\2\3", 4) == 0);
    CHECK_EQ_U64(first.iterations, 4096);
}

static void iteration_counts(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {
        { "1", 1 },
        { "9", 9 },
        { "10", 10 },
        { "1000000", 1000000 },
        { "2147483647", 2147483647 },
        { "4294967295", UINT64_C(4294967295) },
        { "4294967296", UINT64_C(4294967296) },
        { "4294967297", UINT64_C(4294967297) },
        { "999999999999999999999999999999", UINT64_MAX },
        { "18446744073709551616", UINT64_MAX },
        { "18446744073709551617", UINT64_MAX },
        { "36893488147419103233", UINT64_MAX },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[100];
        ww__scram_first first;
        snprintf(message, sizeof message, "r=n,s=AAAA,i=%s", cases[i].text);
        CHECK(parse_first(message, &first, NULL) == WW_OK);
        CHECK_EQ_U64(first.iterations, cases[i].value);
    }
}

static const struct {
    const char *message;
    uint64_t offset;
} bad_first[] = {
    { "", 0 },
    { "r", 0 },
    { "r=", 2 },
    { "r=abc", 5 },
    { "r=abc,", 6 },
    { "r=abc,s", 6 },
    { "r=abc,s=", 8 },
    { "r=abc,s=AAAA", 12 },
    { "r=abc,s=AAAA,", 13 },
    { "r=abc,s=AAAA,i", 13 },
    { "r=abc,s=AAAA,i=", 15 },         /* B12 */
    { "r=abc,s=AAAA,i=0", 15 },
    { "r=abc,s=AAAA,i=00", 15 },
    { "r=abc,s=AAAA,i=-1", 15 },
    { "r=abc,s=AAAA,i=+4096", 15 },
    { "r=abc,s=AAAA,i= 4096", 15 },
    { "r=abc,s=AAAA,i=4096 ", 15 },
    { "r=abc,s=AAAA,i=4096x", 15 },
    { "r=abc,s=AAAA,i=4096\n", 15 },
    { "r=abc,s=AAAA,i=0x1000", 15 },
    { "r=abc,s=AAAA,i=004096", 15 },
    { "r=abc,s=AAAA,i=4e3", 15 },
    { "r=abc,s=AAAA,i=4096.", 15 },
    { "r=abc,s=AAAA,i=99999999999999999999x", 15 },
    { "r=abc,s=AAAA,i=4096,", 19 },    /* extensions */
    { "r=abc,s=AAAA,i=4096,x=y", 19 },
    { "r=abc,s=AAAA,i=4096,i=1", 19 },
    { "m=ext,r=abc,s=AAAA,i=4096", 0 }, /* B15 */
    { "m", 0 },
    { "s=AAAA,r=abc,i=4096", 0 },      /* order */
    { "r=abc,i=4096,s=AAAA", 6 },
    { "i=4096,r=abc,s=AAAA", 0 },
    { "r=abc,x=y,s=AAAA,i=4096", 6 },
    { "R=abc,s=AAAA,i=4096", 0 },
    { "r:abc,s=AAAA,i=4096", 0 },
    { ",r=abc,s=AAAA,i=4096", 0 },
    { " r=abc,s=AAAA,i=4096", 0 },
    { "r=abc,,s=AAAA,i=4096", 6 },
    { "r=ab,c,s=AAAA,i=4096", 5 },     /* B10 */
    { "r=ab\x7f" "c,s=AAAA,i=4096", 2 },
    { "r=ab c,s=AAAA,i=4096", 2 },
    { "r=ab\x1f" "c,s=AAAA,i=4096", 2 },
    { "r=ab\xc3\xa9,s=AAAA,i=4096", 2 },
    { "r=abc,s=,i=4096", 8 },          /* salts */
    { "r=abc,s=AAA,i=4096", 8 },
    { "r=abc,s=A===,i=4096", 8 },
    { "r=abc,s=AB==,i=4096", 8 },
    { "r=abc,s=AA==AA==,i=4096", 8 },
    { "r=abc,s=AA A,i=4096", 8 },
    { "r=abc,s=AA*A,i=4096", 8 },
    { "r=abc,s=AAAA\n,i=4096", 8 },
    { "e=other-error", 0 },
    { "v=AAAA", 0 },
};

static void bad_first_messages_are_refused(void)
{
    size_t i;
    for (i = 0; i < sizeof bad_first / sizeof bad_first[0]; i++) {
        ww__scram_first first;
        ww_error err;
        memset(&err, 0, sizeof err);
        CHECK(parse_first(bad_first[i].message, &first, &err) == WW_ERR_AUTH);
        CHECK(err.status == WW_ERR_AUTH && err.what[0] != '\0' && err.msg_type == 'R');
        if (!CHECK_EQ_U64(err.offset, bad_first[i].offset))
            fprintf(stderr, "    %s: %s\n", bad_first[i].message, err.what);
    }
}

/* A NUL anywhere breaks any good message. */
static void a_nul_is_never_taken(void)
{
    static const char good[] = "r=abc,s=AAAA,i=4096";
    size_t at;
    for (at = 0; at < sizeof good - 1; at++) {
        uint8_t copy[sizeof good];
        ww__scram_first first;
        memcpy(copy, good, sizeof good);
        copy[at] = 0;
        CHECK(ww__scram_parse_first((ww_slice){ copy, sizeof good - 1 }, &first, NULL) < 0);
    }
}

/* No shorter message is good, but for those that cut digits off the iteration count. */
static void every_truncation_is_refused(void)
{
    static const char good[] = "r=abc,s=AAAA,i=4096";
    size_t len;
    for (len = 0; len < sizeof good - 1; len++) {
        char *copy = malloc(len + 1);
        ww__scram_first first;
        ww_status status;
        memcpy(copy, good, len);
        copy = realloc(copy, len > 0 ? len : 1);
        status = ww__scram_parse_first((ww_slice){ (uint8_t *)copy, len }, &first, NULL);
        CHECK((status == WW_OK) == (len >= 16));
        free(copy);
    }
}

static void messages_have_a_greatest_size(void)
{
    char message[WW_SCRAM_MESSAGE_MAX + 2];
    ww__scram_first first;
    ww_error err;
    uint8_t signature[WW_SHA256_SIZE];
    size_t tail = strlen(",s=AAAA,i=4096");
    memset(message, 'x', sizeof message);
    memcpy(message, "r=", 2);
    memcpy(message + WW_SCRAM_MESSAGE_MAX - tail, ",s=AAAA,i=4096", tail + 1);
    CHECK(parse_first(message, &first, &err) == WW_OK);
    CHECK_EQ_U64(first.nonce.len, WW_SCRAM_MESSAGE_MAX - 2 - tail);
    memcpy(message + WW_SCRAM_MESSAGE_MAX - tail, ",s=AAAA,i=40960", tail + 2);
    CHECK(parse_first(message, &first, &err) == WW_ERR_AUTH && err.offset == WW_SCRAM_MESSAGE_MAX);
    memset(message, 'A', sizeof message);
    memcpy(message, "v=", 2);
    CHECK(ww__scram_parse_final((ww_slice){ (const uint8_t *)message, sizeof message }, signature,
                                &err) == WW_ERR_AUTH);
    CHECK(err.offset == WW_SCRAM_MESSAGE_MAX);
}

/* The longest salt that fits decodes into its room. */
static void the_longest_salt_fits(void)
{
    char message[WW_SCRAM_MESSAGE_MAX + 1];
    ww__scram_first first;
    size_t salt = (WW_SCRAM_MESSAGE_MAX - strlen("r=n,s=,i=1")) / 4 * 4;
    snprintf(message, sizeof message, "r=n,s=");
    memset(message + 6, '/', salt);
    snprintf(message + 6 + salt, sizeof message - 6 - salt, ",i=1");
    CHECK(parse_first(message, &first, NULL) == WW_OK);
    CHECK_EQ_U64(first.salt_len, salt / 4 * 3);
}

#define SIGNATURE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void a_good_final_message(void)
{
    uint8_t signature[WW_SHA256_SIZE];
    size_t i;
    CHECK(ww__scram_parse_final(ww_slice_of("v=" SIGNATURE), signature, NULL) == WW_OK);
    for (i = 0; i < sizeof signature; i++)
        CHECK_EQ_U64(signature[i], i);
}

static void bad_final_messages_are_refused(void)
{
    static const struct {
        const char *message;
        uint64_t offset;
    } cases[] = {
        { "", 0 },
        { "v", 0 },
        { "v=", 2 },
        { "v=AAAA", 2 },
        { "v=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", 2 },     /* 31 bytes */
        { "v=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", 2 },     /* 33 bytes */
        { "v=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 2 },      /* no padding */
        { "v=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", 2 },     /* a bit left over */
        { "v=" SIGNATURE " ", 2 },
        { "v= " SIGNATURE, 2 },
        { "v=" SIGNATURE ",", 46 },
        { "v=" SIGNATURE ",x=y", 46 },
        { "v=" SIGNATURE "\n", 2 },
        { "V=" SIGNATURE, 0 },
        { " v=" SIGNATURE, 0 },
        { "m=x,v=" SIGNATURE, 0 },
        { "r=abc,s=AAAA,i=4096", 0 },
        { "e", 0 },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t signature[WW_SHA256_SIZE];
        ww_error err;
        CHECK(ww__scram_parse_final(ww_slice_of(cases[i].message), signature, &err) ==
              WW_ERR_AUTH);
        CHECK(err.msg_type == 'R');
        if (!CHECK_EQ_U64(err.offset, cases[i].offset))
            fprintf(stderr, "    %s: %s\n", cases[i].message, err.what);
    }
}

static void the_servers_error_is_shown_escaped(void)
{
    char flood[WW_SCRAM_MESSAGE_MAX];
    uint8_t signature[WW_SHA256_SIZE];
    ww_error err;
    CHECK(ww__scram_parse_final(ww_slice_of("e=invalid-proof"), signature, &err) == WW_ERR_AUTH);
    CHECK_TEXT(err.what, "the server refused the SCRAM exchange");
    CHECK_TEXT(err.subject, "invalid-proof");
    ww__scram_parse_final(ww_slice_of("e=\x1b]0;pwn\x07,\xff\nFATAL"), signature, &err);
    CHECK_TEXT(err.subject, "\\x1b]0;pwn\\x07,\\xff\\x0aFATAL");
    CHECK(ww__scram_parse_final(ww_slice_of("e="), signature, &err) == WW_ERR_AUTH);
    CHECK_TEXT(err.subject, "");
    memset(flood, 0x1b, sizeof flood);
    memcpy(flood, "e=", 2);
    CHECK(ww__scram_parse_final((ww_slice){ (uint8_t *)flood, sizeof flood }, signature, &err) ==
          WW_ERR_AUTH);
    CHECK_EQ_U64(strlen(err.subject), (sizeof err.subject - 1) / 4 * 4);
    CHECK(ww__scram_parse_final(ww_slice_of("e=x"), signature, NULL) == WW_ERR_AUTH);
}

int main(void)
{
    RUN(a_good_first_message);
    RUN(iteration_counts);
    RUN(bad_first_messages_are_refused);
    RUN(a_nul_is_never_taken);
    RUN(every_truncation_is_refused);
    RUN(messages_have_a_greatest_size);
    RUN(the_longest_salt_fits);
    RUN(a_good_final_message);
    RUN(bad_final_messages_are_refused);
    RUN(the_servers_error_is_shown_escaped);
    return check_report();
}
