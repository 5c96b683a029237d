/* SPDX-License-Identifier: MIT */
/* fuzz_scram.c: whatever a server says during SCRAM. Oracle: a second computation, by OpenSSL's own
 * functions, of what the client must send and of the one signature that may end in DONE; a server
 * message that was accepted is the canonical spelling of what it means; no secret outlives the end.
 *
 * With CLIENT_KEY and SERVER_KEY these are given, not made from the password: fixed ones, since
 * they only have to be the ones that the second computation takes.
 *
 * Input: flags, password length and bytes, then either (flag HONEST) salt length and bytes,
 * iterations, a byte position and a mask with which one byte of the right signature message is
 * changed; or the server's first message, a NUL, and its final message, as they are.
 * tools/gen_scram_corpus.py writes the seeds. */
#include "fuzz.h"

#include <walwire/auth.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#define NONCE "AAECAwQFBgcICQoLDA0ODxAR"
#define MAX_ITERATIONS 64u

enum { BINDING_BITS = 3, HONEST = 4, SMALL_SLICES = 8, CLIENT_KEY = 16, SERVER_KEY = 32 };

typedef struct bytes {
    uint8_t at[2 * WW_SCRAM_MESSAGE_MAX];
    size_t len;
} bytes;

static void add(bytes *b, const void *ptr, size_t len)
{
    REQUIRE_RULE(len <= sizeof b->at - b->len, "messages stay below twice their cap");
    if (len > 0)
        memcpy(b->at + b->len, ptr, len);
    b->len += len;
}

static void add_text(bytes *b, const char *text)
{
    add(b, text, strlen(text));
}

static void add_base64(bytes *b, const uint8_t *ptr, size_t len)
{
    uint8_t text[2 * WW_SCRAM_MESSAGE_MAX];
    add(b, text, (size_t)EVP_EncodeBlock(text, ptr, (int)len));
}

static ww_slice take(ww_slice *input, size_t n)
{
    ww_slice taken = { input->ptr, n < input->len ? n : input->len };
    if (taken.len > 0)
        input->ptr += taken.len;
    input->len -= taken.len;
    return taken;
}

static uint8_t take_byte(ww_slice *input)
{
    ww_slice one = take(input, 1);
    return one.len > 0 ? one.ptr[0] : 0;
}

/* With both keys given there is nothing to hash. */
static bool hashes(unsigned flags)
{
    return (flags & (CLIENT_KEY | SERVER_KEY)) != (CLIENT_KEY | SERVER_KEY);
}

/* What the server meant, found from the back of its message, unlike the parser under test. */
typedef struct meaning {
    ww_slice nonce;
    uint8_t salt[WW_SCRAM_MESSAGE_MAX];
    size_t salt_len;
    unsigned long iterations;
} meaning;

static size_t last(ww_slice text, const char *what)
{
    size_t at;
    for (at = text.len - 2; at > 0; at--)
        if (memcmp(text.ptr + at - 1, what, 3) == 0)
            return at - 1;
    REQUIRE_RULE(false, "an accepted message has all its attributes");
    return 0;
}

static void understand(meaning *m, ww_slice message)
{
    char text[WW_SCRAM_MESSAGE_MAX + 1];
    size_t i_at = last(message, ",i="), s_at = last((ww_slice){ message.ptr, i_at }, ",s=");
    size_t base64_len = i_at - s_at - 3;
    int decoded = EVP_DecodeBlock(m->salt, message.ptr + s_at + 3, (int)base64_len);
    REQUIRE_RULE(decoded > 0, "an accepted salt is base64");
    m->salt_len = (size_t)decoded - (message.ptr[i_at - 1] == '=') - (message.ptr[i_at - 2] == '=');
    m->nonce = (ww_slice){ message.ptr + 2, s_at - 2 };
    memcpy(text, message.ptr + i_at + 3, message.len - i_at - 3);
    text[message.len - i_at - 3] = '\0';
    m->iterations = strtoul(text, NULL, 10);
}

static void check_spelling(const meaning *m, unsigned flags, ww_slice message)
{
    bytes canonical = { { 0 }, 0 };
    char digits[24];
    add_text(&canonical, "r=");
    add(&canonical, m->nonce.ptr, m->nonce.len);
    add_text(&canonical, ",s=");
    add_base64(&canonical, m->salt, m->salt_len);
    snprintf(digits, sizeof digits, ",i=%lu", m->iterations);
    add_text(&canonical, digits);
    REQUIRE_RULE(ww_slice_equal(message, (ww_slice){canonical.at, canonical.len}),
                 "an accepted message is spelled canonically");
    REQUIRE_RULE(m->nonce.len > strlen(NONCE) && memcmp(m->nonce.ptr, NONCE, strlen(NONCE)) == 0,
                 "an accepted nonce extends ours");
    REQUIRE_RULE(m->iterations >= 1 &&
                     m->iterations <= (hashes(flags) ? MAX_ITERATIONS : UINT32_MAX),
                 "an accepted iteration count is under the cap");
}

typedef struct session {
    ww_scram scram;
    bytes password, auth_message, client_final, server_final;
} session;

static const char *const headers[] = { "n,,", "y,,", "p=tls-server-end-point,,", "n,," };
static const uint8_t given_client_key[WW_SHA256_SIZE] = "a client key: thirty-two bytes.";
static const uint8_t given_server_key[WW_SHA256_SIZE] = "the server's: thirty-two bytes.";
static const uint8_t certificate_hash[] = { 'h', 'a', 's', 'h' };

static void hmac(const uint8_t *key, size_t len, const void *text, size_t text_len, uint8_t out[32])
{
    unsigned n = 32;
    HMAC(EVP_sha256(), key, (int)len, text, text_len, out, &n);
}

/* Both sides' last messages, straight from RFC 5802. */
static void compute(session *s, unsigned flags, const meaning *m, ww_slice server_first)
{
    unsigned binding = flags & BINDING_BITS;
    uint8_t salted[32], client_key[32], stored_key[32], server_key[32], proof[32], signature[32];
    bytes header = { { 0 }, 0 };
    bytes *final = &s->client_final, *whole = &s->auth_message;
    size_t i;
    add_text(&header, headers[binding]);
    if (binding == WW_SCRAM_BOUND)
        add(&header, certificate_hash, sizeof certificate_hash);
    add_text(final, "c=");
    add_base64(final, header.at, header.len);
    add_text(final, ",r=");
    add(final, m->nonce.ptr, m->nonce.len);
    add_text(whole, "n=,r=" NONCE ",");
    add(whole, server_first.ptr, server_first.len);
    add_text(whole, ",");
    add(whole, final->at, final->len);
    memcpy(client_key, given_client_key, sizeof client_key);
    memcpy(server_key, given_server_key, sizeof server_key);
    if (hashes(flags))
        PKCS5_PBKDF2_HMAC((const char *)s->password.at, (int)s->password.len, m->salt,
                          (int)m->salt_len, (int)m->iterations, EVP_sha256(), 32, salted);
    if ((flags & CLIENT_KEY) == 0)
        hmac(salted, 32, "Client Key", 10, client_key);
    if ((flags & SERVER_KEY) == 0)
        hmac(salted, 32, "Server Key", 10, server_key);
    SHA256(client_key, 32, stored_key);
    hmac(stored_key, 32, whole->at, whole->len, proof);
    hmac(server_key, 32, whole->at, whole->len, signature);
    for (i = 0; i < sizeof proof; i++)
        proof[i] ^= client_key[i];
    add_text(final, ",p=");
    add_base64(final, proof, sizeof proof);
    add_text(&s->server_final, "v=");
    add_base64(&s->server_final, signature, sizeof signature);
}

static void check_secrets_are_gone(const ww_scram *s)
{
    uint8_t any = 0;
    size_t i;
    for (i = 0; i < sizeof s->password; i++)
        any |= s->password[i];
    for (i = 0; i < WW_SHA256_SIZE; i++)
        any |= (uint8_t)(s->u[i] | s->salted[i] | s->client_key[i] | s->server_key[i]);
    REQUIRE_RULE(any == 0 && s->password_len == 0, "no secret outlives the exchange");
    REQUIRE_RULE(ww_scram_output(s).len == 0, "nothing is sent after the end");
}

static ww_status feed(session *s, ww_slice message)
{
    ww_error err;
    ww_status status = ww_scram_input(&s->scram, message, &err);
    REQUIRE_RULE(status == WW_OK || (status == WW_ERR_AUTH && err.status == status),
                 "a bad message is an authentication error");
    REQUIRE_RULE((status == WW_OK) == (s->scram.state != WW_SCRAM_FAILED), "an error is the end");
    if (status == WW_OK)
        return status;
    REQUIRE_RULE(strlen(err.subject) < sizeof err.subject, "the subject ends");
    check_secrets_are_gone(&s->scram);
    return status;
}

/* Feeds the first message; true if it was taken, hashed and answered as RFC 5802 says. */
static bool run_first(session *s, unsigned flags, ww_slice message)
{
    meaning m;
    ww_slice out;
    if (feed(s, message) != WW_OK)
        return false;
    REQUIRE_RULE(s->scram.state == WW_SCRAM_HASHING, "hashing follows the first message");
    understand(&m, message);
    check_spelling(&m, flags, message);
    while (ww_scram_work(&s->scram, flags & SMALL_SLICES ? 3 : 1000, NULL) == WW_MORE)
        continue;
    REQUIRE_RULE(s->scram.state == WW_SCRAM_EXPECT_SERVER_FINAL, "hashing succeeds");
    compute(s, flags, &m, message);
    out = ww_scram_output(&s->scram);
    REQUIRE_RULE(ww_slice_equal(out, (ww_slice){s->client_final.at, s->client_final.len}),
                 "the client's final message is the RFC's");
    REQUIRE_RULE(out.len <= WW_SCRAM_MESSAGE_MAX, "a server takes the client's final message");
    return true;
}

static void run_final(session *s, ww_slice message)
{
    bool right = ww_slice_equal(message, (ww_slice){ s->server_final.at, s->server_final.len });
    ww_status status = feed(s, message);
    REQUIRE_RULE((status == WW_OK) == right, "the right signature, and no other, is accepted");
    REQUIRE_RULE((s->scram.state == WW_SCRAM_DONE) == right, "DONE means a verified signature");
    check_secrets_are_gone(&s->scram);
}

static void run_honest(session *s, unsigned flags, ww_slice input)
{
    bytes first = { { 0 }, 0 };
    ww_slice salt = take(&input, 1u + take_byte(&input) % 32);
    char digits[24];
    bytes final;
    size_t at;
    if (salt.len == 0)
        salt = ww_slice_of("salt");
    snprintf(digits, sizeof digits, ",i=%u", 1u + take_byte(&input) % MAX_ITERATIONS);
    add_text(&first, "r=" NONCE "server,s=");
    add_base64(&first, salt.ptr, salt.len);
    add_text(&first, digits);
    REQUIRE_RULE(run_first(s, flags, (ww_slice){first.at, first.len}), "a good message is taken");
    final = s->server_final;
    at = take_byte(&input) % final.len;
    final.at[at] ^= take_byte(&input);
    run_final(s, (ww_slice){ final.at, final.len });
}

static void run_scripted(session *s, unsigned flags, ww_slice input)
{
    const uint8_t *nul = input.len > 0 ? memchr(input.ptr, 0, input.len) : NULL;
    ww_slice first = take(&input, nul != NULL ? (size_t)(nul - input.ptr) : input.len);
    take(&input, 1);
    if (run_first(s, flags, first))
        run_final(s, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static session s;
    ww_slice input = { data, size };
    unsigned flags = take_byte(&input);
    ww_scram_config config;
    size_t i;
    memset(&s, 0, sizeof s);
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.crypto = ww_crypto_openssl();
    config.password = take(&input, take_byte(&input) % 64);
    config.binding = (ww_scram_binding)((flags & BINDING_BITS) % 3);
    config.channel_binding = (ww_slice){ certificate_hash, sizeof certificate_hash };
    config.max_iterations = MAX_ITERATIONS;
    config.client_key = (flags & CLIENT_KEY) != 0 ? given_client_key : NULL;
    config.server_key = (flags & SERVER_KEY) != 0 ? given_server_key : NULL;
    for (i = 0; i < sizeof config.nonce; i++)
        config.nonce[i] = (uint8_t)i;
    s.password.len = ww_saslprep(config.password, s.password.at, sizeof s.password.at);
    if (ww_scram_init(&s.scram, &config, NULL) != WW_OK) {
        REQUIRE_RULE(config.password.len == 0 && hashes(flags),
                     "only a missing password is refused here");
        check_secrets_are_gone(&s.scram);
        return 0;
    }
    if (flags & HONEST)
        run_honest(&s, flags, input);
    else
        run_scripted(&s, flags, input);
    ww_scram_fini(&s.scram);
    return 0;
}
