/* SPDX-License-Identifier: MIT */
/* test_scram.c: the whole exchange against published and captured vectors; what an impostor can
 * try; where secrets are, state by state. */
#include "check.h"

#include <walwire/auth.h>

#define NONCE "AAECAwQFBgcICQoLDA0ODxAR"
#define SERVER_NONCE NONCE "ZGVmZ2hpamtsbW5vcHFyc3R1"
#define SALT "AAECAwQFBgcICQoLDA0ODw=="
#define SERVER_FIRST "r=" SERVER_NONCE ",s=" SALT ",i=4096"

/* A ww_crypto in front of OpenSSL's that counts, and fails from a given call on. */
typedef struct spy {
    ww_crypto crypto;
    const ww_crypto *real;
    uint64_t calls, rounds, fail_from; /* fail_from 0: never */
} spy;

static bool fails(spy *s)
{
    return ++s->calls >= s->fail_from && s->fail_from != 0;
}

static bool spy_sha256(void *ctx, const ww_slice *parts, size_t n, uint8_t out[WW_SHA256_SIZE])
{
    spy *s = ctx;
    return !fails(s) && s->real->sha256(s->real->ctx, parts, n, out);
}

static bool spy_hmac(void *ctx, ww_slice key, const ww_slice *parts, size_t n,
                     uint8_t out[WW_SHA256_SIZE])
{
    spy *s = ctx;
    return !fails(s) && s->real->hmac_sha256(s->real->ctx, key, parts, n, out);
}

static bool spy_pbkdf2(void *ctx, ww_slice key, uint8_t u[WW_SHA256_SIZE],
                       uint8_t acc[WW_SHA256_SIZE], uint32_t rounds)
{
    spy *s = ctx;
    s->rounds += rounds;
    return !fails(s) && s->real->pbkdf2_slice(s->real->ctx, key, u, acc, rounds);
}

static void spy_init(spy *s)
{
    memset(s, 0, sizeof *s);
    s->real = ww_crypto_openssl();
    s->crypto = (ww_crypto){ s, spy_sha256, spy_hmac, NULL, spy_pbkdf2 };
}

static ww_scram_config config_of(const ww_crypto *crypto, const char *password)
{
    ww_scram_config config;
    size_t i;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.crypto = crypto;
    config.password = ww_slice_of(password);
    for (i = 0; i < sizeof config.nonce; i++)
        config.nonce[i] = (uint8_t)i;
    return config;
}

static ww_scram_config plain_config(void)
{
    return config_of(ww_crypto_openssl(), "pencil");
}

static ww_status input(ww_scram *s, const char *text, ww_error *err)
{
    return ww_scram_input(s, ww_slice_of(text), err);
}

static void work_to_the_end(ww_scram *s, uint32_t slice)
{
    while (s->state == WW_SCRAM_HASHING && ww_scram_work(s, slice, NULL) == WW_MORE)
        continue;
}

static size_t occurrences(const ww_scram *s, const void *secret, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)s;
    size_t i, n = 0;
    for (i = 0; i + len <= sizeof *s; i++)
        n += memcmp(bytes + i, secret, len) == 0;
    return n;
}

static bool is_zero(const void *ptr, size_t len)
{
    const uint8_t *bytes = ptr;
    size_t i;
    for (i = 0; i < len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static bool holds_no_secret(const ww_scram *s)
{
    return s->password_len == 0 && is_zero(s->password, sizeof s->password) &&
           is_zero(s->u, sizeof s->u) && is_zero(s->salted, sizeof s->salted) &&
           is_zero(s->client_key, sizeof s->client_key) &&
           is_zero(s->server_key, sizeof s->server_key);
}

/* PROTOCOL appendix A.1: the three gs2 flags; the same code logged in to a PostgreSQL 18 server. */
static const struct {
    ww_scram_binding binding;
    const char *mechanism, *first, *without_proof, *proof, *server_final;
} logins[] = {
    { WW_SCRAM_NO_BINDING, "SCRAM-SHA-256", "n,,n=,r=" NONCE, "c=biws,r=" SERVER_NONCE,
      "dWkLx3vqIk4U2jKgWZu+rMDVPEpPsRxa1n1PE+FxoWE=",
      "v=rZvLmY5dDem4vTuKjhYNvDfsCzhflXoM+xP+Y8Yyktk=" },
    { WW_SCRAM_NOT_OFFERED, "SCRAM-SHA-256", "y,,n=,r=" NONCE, "c=eSws,r=" SERVER_NONCE,
      "zWHmY2JsOFtK0qk8TyJ+S4UfuhJ20BFT5rf+E/uLZl4=",
      "v=jdiCuAKRrLOUv4VO2m3sNmmW7NzTVmZFNPCfUqgiWR8=" },
    { WW_SCRAM_BOUND, "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=" NONCE,
      "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsBimEMugGayniIjvMI6qVBLVq5Qj6vzQ1UIhpucMZDiI=,"
      "r=" SERVER_NONCE,
      "ym5sV81o4xaGkfHV80JH+8bb1eUrcx0HZzKre2JVfb4=",
      "v=md9przKA7oWzbmAU5q/Vz8+M6yvex8TPS/pXreTEYzU=" },
};

static void exchanges_of_the_protocol_page(void)
{
    uint8_t certificate_hash[WW_SHA256_SIZE];
    const ww_crypto *crypto = ww_crypto_openssl();
    ww_slice certificate = ww_slice_of("cert");
    size_t i;
    CHECK(crypto->sha256(crypto->ctx, &certificate, 1, certificate_hash));
    for (i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        ww_scram_config config = plain_config();
        ww_scram s;
        ww_error err;
        char final[WW_SCRAM_MESSAGE_MAX];
        config.binding = logins[i].binding;
        config.channel_binding = (ww_slice){ certificate_hash, sizeof certificate_hash };
        CHECK(ww_scram_init(&s, &config, &err) == WW_OK);
        CHECK_TEXT(ww_scram_mechanism(&s), logins[i].mechanism);
        CHECK_SLICE(ww_scram_output(&s), logins[i].first);
        CHECK(input(&s, SERVER_FIRST, &err) == WW_OK && s.state == WW_SCRAM_HASHING);
        CHECK_SLICE(ww_scram_output(&s), "");
        CHECK(ww_scram_work(&s, 4096, &err) == WW_OK && s.state == WW_SCRAM_EXPECT_SERVER_FINAL);
        snprintf(final, sizeof final, "%s,p=%s", logins[i].without_proof, logins[i].proof);
        CHECK_SLICE(ww_scram_output(&s), final);
        CHECK(input(&s, logins[i].server_final, &err) == WW_OK && s.state == WW_SCRAM_DONE);
        CHECK_SLICE(ww_scram_output(&s), "");
        ww_scram_fini(&s);
    }
}

/* RFC 7677 section 3. Its user name and its nonce are not what we send: the transcript is put in
 * after the salt has been taken; keys, proof and signature are the engine's work. */
static void exchange_of_rfc_7677(void)
{
    static const char transcript[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    ww_scram_config config = plain_config();
    ww_scram s;
    ww_slice out;
    const char *proof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    CHECK(input(&s, "r=" NONCE "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", NULL) == WW_OK);
    memcpy(s.auth_message, transcript, sizeof transcript);
    s.auth_message_len = sizeof transcript - 1;
    CHECK(ww_scram_work(&s, UINT32_MAX, NULL) == WW_OK);
    out = ww_scram_output(&s);
    CHECK(out.len > strlen(proof));
    out.ptr += out.len - strlen(proof);
    out.len = strlen(proof);
    CHECK_SLICE(out, proof);
    CHECK(input(&s, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", NULL) == WW_OK);
    CHECK(s.state == WW_SCRAM_DONE);
    ww_scram_fini(&s);
}

/* The password of PROTOCOL A.1 goes through SASLprep: fullwidth letters and a soft hyphen. */
static void the_password_is_prepared(void)
{
    ww_scram_config config = plain_config();
    ww_scram s;
    config.password = ww_slice_of("\xef\xbd\x90\xef\xbd\x85n\xc2\xad" "cil");
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    CHECK(input(&s, SERVER_FIRST, NULL) == WW_OK);
    work_to_the_end(&s, UINT32_MAX);
    CHECK(input(&s, logins[0].server_final, NULL) == WW_OK && s.state == WW_SCRAM_DONE);
    ww_scram_fini(&s);
}

static void every_slicing_gives_the_same_message(void)
{
    static const uint32_t slices[] = { 1, 2, 1000, 4094, 4095, 4096, UINT32_MAX };
    size_t i;
    for (i = 0; i < sizeof slices / sizeof slices[0]; i++) {
        spy crypto;
        ww_scram_config config;
        ww_scram s;
        uint64_t calls = 0;
        spy_init(&crypto);
        config = config_of(&crypto.crypto, "pencil");
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        CHECK(input(&s, SERVER_FIRST, NULL) == WW_OK);
        CHECK(ww_scram_work(&s, 0, NULL) == WW_MORE && crypto.rounds == 0);
        do
            calls++;
        while (ww_scram_work(&s, slices[i], NULL) == WW_MORE);
        CHECK_EQ_U64(crypto.rounds, 4095);
        CHECK_EQ_U64(calls, slices[i] < 4095 ? (4095 + slices[i] - 1) / slices[i] : 1);
        CHECK(input(&s, logins[0].server_final, NULL) == WW_OK && s.state == WW_SCRAM_DONE);
        ww_scram_fini(&s);
    }
}

/* Every digit of i counts, and 1 is enough. */
static void one_iteration_is_enough(void)
{
    ww_scram_config config = plain_config();
    ww_scram s;
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    CHECK(input(&s, "r=" SERVER_NONCE ",s=" SALT ",i=1", NULL) == WW_OK);
    CHECK(s.state == WW_SCRAM_HASHING && ww_scram_output(&s).len == 0);
    CHECK(ww_scram_work(&s, 1, NULL) == WW_OK && s.state == WW_SCRAM_EXPECT_SERVER_FINAL);
    ww_scram_fini(&s);
}

/* HOSTILE B12: at the cap it begins; above it is refused before a single hash. */
static void the_iteration_cap(void)
{
    static const struct {
        uint32_t cap;
        const char *at_cap, *above;
    } cases[] = {
        { 0, "1000000", "1000001" },
        { 1, "1", "2" },
        { 4096, "4096", "4097" },
        { UINT32_MAX, "4294967295", "4294967296" },
        { 4096, "4096", "4294967297" },
        { 4096, "4095", "2147483647" },
        { UINT32_MAX, "4294967295", "999999999999999999999999999999" },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        spy crypto;
        ww_scram_config config;
        ww_scram s;
        ww_error err;
        char message[200];
        spy_init(&crypto);
        config = config_of(&crypto.crypto, "pencil");
        config.max_iterations = cases[i].cap;
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        snprintf(message, sizeof message, "r=" SERVER_NONCE ",s=" SALT ",i=%s", cases[i].at_cap);
        CHECK(input(&s, message, NULL) == WW_OK && s.state == WW_SCRAM_HASHING);
        CHECK_EQ_U64(s.rounds_left, strtoul(cases[i].at_cap, NULL, 10) - 1);
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        crypto.calls = 0;
        snprintf(message, sizeof message, "r=" SERVER_NONCE ",s=" SALT ",i=%s", cases[i].above);
        CHECK(input(&s, message, &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
        CHECK_EQ_U64(crypto.calls, 0);
        CHECK(strstr(err.what, "max_iterations") != NULL && strstr(err.subject, "at most") != NULL);
        CHECK(holds_no_secret(&s));
    }
}

/* HOSTILE B10, and the forms of test_scram_message.c: refused with no hash and no secret left. */
static void bad_first_messages_end_the_exchange(void)
{
    static const char tail[] = ",s=" SALT ",i=4096";
    static const char *const bad[] = {
        NONCE,                              /* ours, nothing added */
        "",
        "AAECAwQFBgcICQoLDA0ODxA",          /* a part of ours */
        "BAECAwQFBgcICQoLDA0ODxARxyz",      /* not ours */
        "AAECAwQFBgcICQoLDA0ODxAQxyz",
        "aaecawqfbgcicqoldA0ODxARxyz",
        "xyz" NONCE,
        NONCE "x,y",
        NONCE "\x7f",
    };
    size_t i;
    for (i = 0; i <= sizeof bad / sizeof bad[0]; i++) {
        spy crypto;
        ww_scram_config config;
        ww_scram s;
        ww_error err;
        char message[300];
        spy_init(&crypto);
        config = config_of(&crypto.crypto, "pencil");
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        if (i < sizeof bad / sizeof bad[0])
            snprintf(message, sizeof message, "r=%s%s", bad[i], tail);
        else
            snprintf(message, sizeof message, "m=ext,r=" NONCE "x%s", tail);
        CHECK(input(&s, message, &err) == WW_ERR_AUTH && err.status == WW_ERR_AUTH);
        CHECK(s.state == WW_SCRAM_FAILED && crypto.calls == 0);
        CHECK(holds_no_secret(&s) && ww_scram_output(&s).len == 0);
        CHECK(input(&s, SERVER_FIRST, &err) == WW_ERR_USAGE && s.state == WW_SCRAM_FAILED);
        CHECK(ww_scram_work(&s, 1, &err) == WW_ERR_USAGE && s.state == WW_SCRAM_FAILED);
    }
}

/* The longest nonce whose client-final message still fits 1024 bytes, and one more. */
static void the_longest_nonce(void)
{
    uint8_t hash[64] = { 0 };
    size_t fits = WW_SCRAM_MESSAGE_MAX - strlen("c=,r=,p=") - 120 - 44, more;
    for (more = 0; more <= 1; more++) {
        ww_scram_config config = plain_config();
        ww_scram s;
        char message[WW_SCRAM_MESSAGE_MAX + 100];
        size_t len = fits + more;
        config.binding = WW_SCRAM_BOUND;
        config.channel_binding = (ww_slice){ hash, sizeof hash };
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        memset(message, 'x', sizeof message);
        memcpy(message, "r=" NONCE, 2 + strlen(NONCE));
        snprintf(message + 2 + len, sizeof message - 2 - len, ",s=AAAA,i=2");
        CHECK((input(&s, message, NULL) == WW_OK) == (more == 0));
        if (more == 0) {
            CHECK(ww_scram_work(&s, 1, NULL) == WW_OK);
            CHECK_EQ_U64(ww_scram_output(&s).len, WW_SCRAM_MESSAGE_MAX);
        } else {
            CHECK(s.state == WW_SCRAM_FAILED);
        }
        ww_scram_fini(&s);
    }
}

static void start_to_server_final(ww_scram *s, const ww_scram_config *config)
{
    CHECK(ww_scram_init(s, config, NULL) == WW_OK);
    CHECK(input(s, SERVER_FIRST, NULL) == WW_OK);
    work_to_the_end(s, UINT32_MAX);
    CHECK(s->state == WW_SCRAM_EXPECT_SERVER_FINAL);
}

/* HOSTILE B17: every character of the signature changed; wrong, short, long, of other logins. */
static void only_the_right_signature_will_do(void)
{
    ww_scram_config config = plain_config();
    ww_scram ready;
    const char *right = logins[0].server_final;
    size_t at, accepted = 0;
    unsigned c;
    start_to_server_final(&ready, &config);
    for (at = 0; at < strlen(right); at++)
        for (c = 1; c < 128; c++) {
            ww_scram s = ready;
            ww_error err;
            char message[100];
            snprintf(message, sizeof message, "%s", right);
            message[at] = (char)c;
            if (c == (unsigned char)right[at])
                continue;
            accepted += input(&s, message, &err) != WW_ERR_AUTH || s.state != WW_SCRAM_FAILED ||
                        !holds_no_secret(&s);
        }
    CHECK_EQ_U64(accepted, 0);
    for (at = 0; at < strlen(right); at++) {
        ww_scram s = ready;
        CHECK(ww_scram_input(&s, (ww_slice){ (const uint8_t *)right, at }, NULL) == WW_ERR_AUTH);
        CHECK(s.state == WW_SCRAM_FAILED);
    }
    for (at = 1; at < 3; at++) {
        ww_scram s = ready;
        CHECK(input(&s, logins[at].server_final, NULL) == WW_ERR_AUTH);
    }
    CHECK(input(&ready, right, NULL) == WW_OK && ready.state == WW_SCRAM_DONE);
}

/* A server with another password, or without, gets no further than a message it cannot verify. */
static void a_wrong_password_is_noticed(void)
{
    ww_scram_config config = config_of(ww_crypto_openssl(), "Pencil");
    ww_scram s;
    ww_error err;
    start_to_server_final(&s, &config);
    CHECK(input(&s, logins[0].server_final, &err) == WW_ERR_AUTH);
    CHECK_TEXT(err.what, "the server did not prove that it knows the password");
    CHECK(err.subject[0] == '\0');
    start_to_server_final(&s, &config);
    CHECK(input(&s, "e=invalid-proof", &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
    CHECK_TEXT(err.subject, "invalid-proof");
    CHECK(holds_no_secret(&s));
}

static void messages_out_of_turn(void)
{
    ww_scram_config config = plain_config();
    ww_scram s;
    ww_error err;
    memset(&s, 0, sizeof s);
    CHECK(input(&s, SERVER_FIRST, &err) == WW_ERR_USAGE);
    CHECK(ww_scram_work(&s, 1, &err) == WW_ERR_USAGE);
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    CHECK(ww_scram_work(&s, 1, &err) == WW_ERR_USAGE && s.state == WW_SCRAM_EXPECT_SERVER_FIRST);
    CHECK(input(&s, logins[0].server_final, &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    CHECK(input(&s, SERVER_FIRST, NULL) == WW_OK);
    CHECK(input(&s, SERVER_FIRST, &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
    CHECK(holds_no_secret(&s));
    start_to_server_final(&s, &config);
    CHECK(input(&s, SERVER_FIRST, &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
    start_to_server_final(&s, &config);
    CHECK(input(&s, logins[0].server_final, NULL) == WW_OK);
    CHECK(ww_scram_work(&s, 1, &err) == WW_ERR_USAGE && s.state == WW_SCRAM_DONE);
    CHECK(input(&s, logins[0].server_final, &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
}

static void bad_configurations(void)
{
    uint8_t hash[65] = { 0 };
    ww_scram_config config = plain_config();
    ww_scram s;
    ww_error err;
    config.struct_size = 0;
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_USAGE && s.state == WW_SCRAM_FAILED);
    CHECK_TEXT(err.subject, "struct_size");
    config = plain_config();
    config.crypto = NULL;
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_USAGE);
    CHECK_TEXT(err.subject, "crypto");
    config = plain_config();
    config.binding = (ww_scram_binding)3;
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_USAGE);
    CHECK_TEXT(err.subject, "binding");
    config.binding = WW_SCRAM_BOUND;
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_USAGE);
    CHECK_TEXT(err.subject, "channel_binding");
    config.channel_binding = (ww_slice){ hash, 65 };
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_USAGE);
    config.channel_binding.len = 64;
    CHECK(ww_scram_init(&s, &config, &err) == WW_OK);
    config = plain_config();
    config.password = (ww_slice){ NULL, 0 };
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
    CHECK(ww_scram_init(&s, &config, NULL) == WW_ERR_AUTH);
}

/* WW_SCRAM_PASSWORD_MAX counts prepared bytes: letters, composed letters whose decomposed form is
 * longer, syllables, and fullwidth letters that shrink to a third. */
static void the_longest_password(void)
{
    static const struct {
        const char *unit;
        size_t prepared; /* bytes that SASLprep makes of the unit */
    } cases[] = {
        { "x", 1 },
        { "\xc3\xa9", 2 },
        { "e\xcc\x81", 2 },
        { "\xe1\xbe\x82" "a", 4 },                    /* U+1F82: four letters decomposed */
        { "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8" "a", 4 }, /* a Hangul syllable, in three */
        { "\xef\xbc\xa1", 1 },
        { "\xf0\x9f\x98\x80", 4 },                      /* refused: taken as it is */
    };
    static char password[4 * WW_SCRAM_PASSWORD_MAX];
    size_t i, k;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t unit = strlen(cases[i].unit), count = WW_SCRAM_PASSWORD_MAX / cases[i].prepared;
        ww_scram_config config = plain_config();
        static ww_scram s;
        ww_error err;
        for (k = 0; k < count && (k + 1) * unit <= sizeof password; k++)
            memcpy(password + k * unit, cases[i].unit, unit);
        CHECK_EQ_U64(k, count);
        config.password = (ww_slice){ (const uint8_t *)password, count * unit };
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        CHECK_EQ_U64(s.password_len, WW_SCRAM_PASSWORD_MAX);
        password[count * unit] = 'y';
        config.password.len++;
        CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_LIMIT && s.state == WW_SCRAM_FAILED);
        CHECK(strstr(err.what, "WW_SCRAM_PASSWORD_MAX") != NULL && err.subject[0] == '\0');
        CHECK(holds_no_secret(&s));
    }
}

/* Whatever call of the cryptographic library fails, the exchange ends and no secret is left. */
static void a_failing_library_ends_the_exchange(void)
{
    uint64_t n;
    bool done = false;
    for (n = 1; !done && n < 100; n++) {
        spy crypto;
        ww_scram_config config;
        ww_scram s;
        ww_error err;
        ww_status status;
        spy_init(&crypto);
        crypto.fail_from = n;
        config = config_of(&crypto.crypto, "pencil");
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        status = input(&s, SERVER_FIRST, &err);
        while (s.state == WW_SCRAM_HASHING)
            status = ww_scram_work(&s, 2000, &err);
        if (s.state == WW_SCRAM_EXPECT_SERVER_FINAL)
            status = input(&s, logins[0].server_final, &err);
        done = status == WW_OK;
        CHECK(s.state == (done ? WW_SCRAM_DONE : WW_SCRAM_FAILED));
        CHECK(done || (status == WW_ERR_AUTH && err.status == WW_ERR_AUTH));
        CHECK(holds_no_secret(&s) && ww_scram_output(&s).len == 0);
    }
    CHECK_EQ_U64(n, 1 + 1 + 3 + 4 + 1 + 1); /* U1, slices, keys and proof, signature; none */
}

/* HOSTILE T5, T11: each secret is in memory only while its state needs it. */
static void secrets_live_no_longer_than_needed(void)
{
    static const char password[] = "canary-0123456789-canary";
    static uint8_t salted[WW_SHA256_SIZE], expected[WW_SHA256_SIZE];
    const ww_crypto *crypto = ww_crypto_openssl();
    ww_scram_config config = config_of(crypto, password);
    static ww_scram s, after;
    ww_slice label = ww_slice_of("Server Key");
    size_t len = strlen(password);
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    CHECK_EQ_U64(occurrences(&s, password, len), 1);
    CHECK(input(&s, SERVER_FIRST, NULL) == WW_OK);
    CHECK(ww_scram_work(&s, 4094, NULL) == WW_MORE);
    CHECK_EQ_U64(occurrences(&s, password, len), 1);
    after = s;
    CHECK(crypto->pbkdf2_slice(crypto->ctx, config.password, after.u, after.salted, 1));
    memcpy(salted, after.salted, sizeof salted);
    CHECK(crypto->hmac_sha256(crypto->ctx, (ww_slice){ salted, sizeof salted }, &label, 1,
                              expected));
    CHECK(ww_scram_work(&s, 1, NULL) == WW_OK && s.state == WW_SCRAM_EXPECT_SERVER_FINAL);
    CHECK_EQ_U64(occurrences(&s, password, len), 0);
    CHECK_EQ_U64(occurrences(&s, salted, sizeof salted), 0);
    CHECK(is_zero(s.u, sizeof s.u) && is_zero(s.password, sizeof s.password));
    CHECK_EQ_U64(occurrences(&s, expected, sizeof expected), 1);
    after = s;
    CHECK(input(&after, "v=AAAA", NULL) == WW_ERR_AUTH);
    CHECK_EQ_U64(occurrences(&after, expected, sizeof expected), 0);
    ww_scram_fini(&s);
    CHECK(is_zero(&s, sizeof s));
    ww_scram_fini(&s);
    ww_scram_fini(NULL);
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    ww_scram_fini(&s);
    CHECK(is_zero(&s, sizeof s));
}

/* Python's hashlib made these from "pencil", the salt and the 4096 rounds of PROTOCOL A.1. */
static const uint8_t client_key[WW_SHA256_SIZE] = {
    0x05, 0x6d, 0x77, 0x12, 0x6a, 0x04, 0xe6, 0x5d, 0x7e, 0xfa, 0x55, 0x12,
    0x7b, 0x19, 0xa9, 0x26, 0x31, 0xa6, 0x94, 0x7d, 0xff, 0xf7, 0xb5, 0x97,
    0xe9, 0xa2, 0xf2, 0xe5, 0xf1, 0xd1, 0x9c, 0xb9,
};
static const uint8_t server_key[WW_SHA256_SIZE] = {
    0x75, 0xde, 0x69, 0x78, 0x13, 0xa2, 0xb5, 0x59, 0xcb, 0x34, 0x5b, 0xbb,
    0x56, 0x6c, 0x0f, 0xf8, 0x78, 0x83, 0x69, 0xac, 0x38, 0x39, 0x40, 0xaf,
    0xdf, 0xde, 0x9e, 0x54, 0x25, 0xa1, 0x62, 0x21,
};

/* Both keys, or one and the password, are as good as the password; with both nothing is hashed, so
 * that no count of rounds is too high. */
static void logging_in_with_keys(void)
{
    static const struct {
        bool client, server;
        const char *password;
    } given[] = { { true, true, "" }, { true, true, "wrong" }, { true, false, "pencil" },
                  { false, true, "pencil" } };
    size_t i;
    for (i = 0; i < sizeof given / sizeof given[0]; i++) {
        bool both = given[i].client && given[i].server;
        spy crypto;
        ww_scram_config config;
        ww_scram s;
        char final[WW_SCRAM_MESSAGE_MAX];
        spy_init(&crypto);
        config = config_of(&crypto.crypto, given[i].password);
        config.client_key = given[i].client ? client_key : NULL;
        config.server_key = given[i].server ? server_key : NULL;
        config.max_iterations = both ? 1 : 4096;
        CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
        CHECK(input(&s, SERVER_FIRST, NULL) == WW_OK && s.state == WW_SCRAM_HASHING);
        CHECK(ww_scram_work(&s, UINT32_MAX, NULL) == WW_OK);
        CHECK_EQ_U64(crypto.rounds, both ? 0 : 4095);
        snprintf(final, sizeof final, "%s,p=%s", logins[0].without_proof, logins[0].proof);
        CHECK_SLICE(ww_scram_output(&s), final);
        CHECK_EQ_U64(occurrences(&s, client_key, sizeof client_key), 0);
        CHECK_EQ_U64(occurrences(&s, server_key, sizeof server_key), 1);
        CHECK(input(&s, logins[0].server_final, NULL) == WW_OK && s.state == WW_SCRAM_DONE);
        CHECK(holds_no_secret(&s));
        ww_scram_fini(&s);
    }
}

/* The right client key does not make up for a server that has another one than ours. */
static void keys_that_are_not_enough(void)
{
    ww_scram_config config = plain_config();
    ww_scram s;
    ww_error err;
    config.client_key = client_key;
    config.server_key = client_key;
    CHECK(ww_scram_init(&s, &config, NULL) == WW_OK);
    CHECK(input(&s, SERVER_FIRST, NULL) == WW_OK);
    work_to_the_end(&s, UINT32_MAX);
    CHECK(input(&s, logins[0].server_final, &err) == WW_ERR_AUTH && s.state == WW_SCRAM_FAILED);
    CHECK(holds_no_secret(&s) && occurrences(&s, client_key, sizeof client_key) == 0);
    config.password = ww_slice_of("");
    config.server_key = NULL;
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_AUTH);
    CHECK(strstr(err.what, "scram_server_key") != NULL && holds_no_secret(&s));
    config.client_key = NULL;
    config.server_key = server_key;
    CHECK(ww_scram_init(&s, &config, &err) == WW_ERR_AUTH && holds_no_secret(&s));
}

int main(void)
{
    RUN(exchanges_of_the_protocol_page);
    RUN(exchange_of_rfc_7677);
    RUN(the_password_is_prepared);
    RUN(every_slicing_gives_the_same_message);
    RUN(one_iteration_is_enough);
    RUN(the_iteration_cap);
    RUN(bad_first_messages_end_the_exchange);
    RUN(the_longest_nonce);
    RUN(only_the_right_signature_will_do);
    RUN(a_wrong_password_is_noticed);
    RUN(messages_out_of_turn);
    RUN(bad_configurations);
    RUN(the_longest_password);
    RUN(a_failing_library_ends_the_exchange);
    RUN(secrets_live_no_longer_than_needed);
    RUN(logging_in_with_keys);
    RUN(keys_that_are_not_enough);
    return check_report();
}
