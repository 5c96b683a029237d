/* SPDX-License-Identifier: MIT */
/* scram.c: the client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677).
 *
 * Invariants: a secret lives no longer than the state that needs it: the password until it is
 * hashed, the salted password and the client key until the proof is made, the server key until the
 * signature is checked; all of them end with the first failure. With both keys given there is
 * nothing to hash: HASHING ends with the first ww_scram_work(). DONE is reached only through
 * verify_signature(). `out` is filled ahead of time in HASHING, and shown only when complete.
 *
 * Notation of the RFC: AuthMessage = client-first-bare "," server-first "," client-final without
 * proof. The first and the last part are ours. */
#include "base/error.h"
#include "base/writer.h"
#include "base64.h"
#include "nfkc.h"
#include "scram_message.h"

#include <walwire/auth.h>

#include <string.h>

#define FIRST_BARE "n=,r=" /* the server takes the user's name from the startup message */

_Static_assert(sizeof((ww_scram *)0)->password >= WW_SCRAM_PASSWORD_MAX + WW__NFKC_SLACK,
               "a password of the full size must fit while it is normalised");
_Static_assert(sizeof((ww_scram *)0)->client_nonce == WW__BASE64_SIZE(WW_SCRAM_NONCE_BYTES) + 1,
               "the nonce as text, and its NUL");

static const char *gs2_header(const ww_scram *s)
{
    static const char *const headers[] = {
        [WW_SCRAM_NO_BINDING] = "n,,",
        [WW_SCRAM_NOT_OFFERED] = "y,,",
        [WW_SCRAM_BOUND] = "p=tls-server-end-point,,",
    };
    return headers[s->binding];
}

static ww_slice bytes_of(const void *ptr, size_t len)
{
    ww_slice s = { (const uint8_t *)ptr, len };
    return s;
}

static void put_text(ww__writer *w, const char *text)
{
    ww__put_slice(w, ww_slice_of(text));
}

static void wipe_secrets(ww_scram *s)
{
    ww_wipe(s->password, sizeof s->password);
    ww_wipe(s->u, sizeof s->u);
    ww_wipe(s->salted, sizeof s->salted);
    ww_wipe(s->client_key, sizeof s->client_key);
    ww_wipe(s->server_key, sizeof s->server_key);
    s->password_len = 0;
    s->rounds_left = 0;
}

/* Ends the exchange; *err is filled in already. */
static ww_status end_failed(ww_scram *s, ww_status status)
{
    wipe_secrets(s);
    s->out_len = 0;
    s->state = WW_SCRAM_FAILED;
    return status;
}

static ww_status fail(ww_scram *s, ww_error *err, const char *what)
{
    return end_failed(s, ww__fail(err, WW_ERR_AUTH, what));
}

static ww_status fail_crypto(ww_scram *s, ww_error *err)
{
    return fail(s, err, "the cryptographic library could not compute HMAC-SHA-256");
}

/* ---- init ----------------------------------------------------------------------------------- */

static ww_status check_config(const ww_scram_config *config, ww_error *err)
{
    if (config->struct_size < sizeof *config)
        return ww__fail_text(err, WW_ERR_USAGE, "bad configuration of SCRAM", "struct_size");
    if (config->crypto == NULL)
        return ww__fail_text(err, WW_ERR_USAGE, "bad configuration of SCRAM", "crypto");
    if ((unsigned)config->binding > WW_SCRAM_BOUND)
        return ww__fail_text(err, WW_ERR_USAGE, "bad configuration of SCRAM", "binding");
    if (config->binding == WW_SCRAM_BOUND &&
        (config->channel_binding.len == 0 ||
         config->channel_binding.len > sizeof((ww_scram *)0)->channel_binding))
        return ww__fail_text(err, WW_ERR_USAGE, "bad configuration of SCRAM", "channel_binding");
    if (config->password.len > 0 || (config->client_key != NULL && config->server_key != NULL))
        return WW_OK;
    return ww__fail(err, WW_ERR_AUTH,
                    config->client_key != NULL
                        ? "scram_client_key alone cannot tell whether the server knows the "
                          "password: set scram_server_key too"
                        : "the server asks for a password and none is given");
}

static ww_status take_password(ww_scram *s, ww_slice password, ww_error *err)
{
    size_t len = ww_saslprep(password, s->password, sizeof s->password);
    if (len > WW_SCRAM_PASSWORD_MAX)
        return end_failed(s, ww__fail(err, WW_ERR_LIMIT,
                                      "the password is longer than WW_SCRAM_PASSWORD_MAX bytes"));
    s->password_len = len;
    return WW_OK;
}

static void take_keys(ww_scram *s, const ww_scram_config *config)
{
    s->has_client_key = config->client_key != NULL;
    s->has_server_key = config->server_key != NULL;
    if (s->has_client_key)
        memcpy(s->client_key, config->client_key, sizeof s->client_key);
    if (s->has_server_key)
        memcpy(s->server_key, config->server_key, sizeof s->server_key);
}

static bool needs_password(const ww_scram *s)
{
    return !s->has_client_key || !s->has_server_key;
}

static void write_client_first(ww_scram *s)
{
    ww__writer w = ww__writer_of((uint8_t *)s->out, sizeof s->out);
    put_text(&w, gs2_header(s));
    put_text(&w, FIRST_BARE);
    put_text(&w, s->client_nonce);
    s->out_len = ww__written(&w);
}

ww_status ww_scram_init(ww_scram *s, const ww_scram_config *config, ww_error *err)
{
    ww_status status = check_config(config, err);
    memset(s, 0, sizeof *s);
    if (status != WW_OK)
        return end_failed(s, status);
    s->crypto = config->crypto;
    s->binding = config->binding;
    s->max_iterations =
        config->max_iterations != 0 ? config->max_iterations : WW_SCRAM_DEFAULT_MAX_ITERATIONS;
    if (s->binding == WW_SCRAM_BOUND) {
        s->channel_binding_len = config->channel_binding.len;
        memcpy(s->channel_binding, config->channel_binding.ptr, s->channel_binding_len);
    }
    ww__base64_encode(bytes_of(config->nonce, sizeof config->nonce), s->client_nonce);
    take_keys(s, config);
    status = needs_password(s) ? take_password(s, config->password, err) : WW_OK;
    if (status != WW_OK)
        return status;
    write_client_first(s);
    s->state = WW_SCRAM_EXPECT_SERVER_FIRST;
    return WW_OK;
}

const char *ww_scram_mechanism(const ww_scram *s)
{
    return s->binding == WW_SCRAM_BOUND ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
}

ww_slice ww_scram_output(const ww_scram *s)
{
    bool complete =
        s->state == WW_SCRAM_EXPECT_SERVER_FIRST || s->state == WW_SCRAM_EXPECT_SERVER_FINAL;
    return bytes_of(s->out, complete ? s->out_len : 0);
}

/* ---- server-first --------------------------------------------------------------------------- */

/* "c=<base64 of gs2 header and binding data>,r=<nonce>" into s->out. */
static void write_without_proof(ww_scram *s, ww_slice nonce, ww__writer *w)
{
    uint8_t binding[24 + sizeof s->channel_binding];
    char text[WW__BASE64_SIZE(sizeof binding)];
    ww__writer b = ww__writer_of(binding, sizeof binding);
    put_text(&b, gs2_header(s));
    ww__put(&b, s->channel_binding, s->channel_binding_len);
    put_text(w, "c=");
    ww__put(w, text, ww__base64_encode(bytes_of(binding, ww__written(&b)), text));
    put_text(w, ",r=");
    ww__put_slice(w, nonce);
}

/* False if the server's nonce leaves no room for the proof in a message of 1024 bytes, the most
 * that a server takes. */
static bool write_auth_message(ww_scram *s, ww_slice server_first, ww_slice nonce)
{
    size_t proof = 3 + WW__BASE64_SIZE(WW_SHA256_SIZE); /* ",p=" and what follows */
    ww__writer final = ww__writer_of((uint8_t *)s->out, sizeof s->out - proof);
    ww__writer w = ww__writer_of((uint8_t *)s->auth_message, sizeof s->auth_message);
    write_without_proof(s, nonce, &final);
    s->out_len = ww__written(&final);
    put_text(&w, FIRST_BARE);
    put_text(&w, s->client_nonce);
    put_text(&w, ",");
    ww__put_slice(&w, server_first);
    put_text(&w, ",");
    ww__put(&w, s->out, s->out_len);
    s->auth_message_len = ww__written(&w);
    return !final.overflow && !w.overflow;
}

static bool extends_ours(const ww_scram *s, ww_slice nonce)
{
    size_t ours = sizeof s->client_nonce - 1;
    return nonce.len > ours && memcmp(nonce.ptr, s->client_nonce, ours) == 0;
}

/* The first round of PBKDF2 (RFC 8018 5.2): U1 = HMAC(password, salt || block number 1). */
static bool begin_hashing(ww_scram *s, const ww__scram_first *first)
{
    static const uint8_t block_one[4] = { 0, 0, 0, 1 };
    ww_slice parts[2];
    s->state = WW_SCRAM_HASHING;
    if (!needs_password(s))
        return true;
    parts[0] = bytes_of(first->salt, first->salt_len);
    parts[1] = bytes_of(block_one, sizeof block_one);
    if (!s->crypto->hmac_sha256(s->crypto->ctx, bytes_of(s->password, s->password_len), parts, 2,
                                s->u))
        return false;
    memcpy(s->salted, s->u, sizeof s->salted);
    s->rounds_left = (uint32_t)first->iterations - 1;
    return true;
}

static ww_status take_server_first(ww_scram *s, ww_slice message, ww_error *err)
{
    uint32_t most = needs_password(s) ? s->max_iterations : UINT32_MAX;
    ww__scram_first first;
    ww_status status = ww__scram_parse_first(message, &first, err);
    if (status != WW_OK)
        return end_failed(s, status);
    if (!extends_ours(s, first.nonce))
        return fail(s, err, "the server's nonce does not extend ours");
    if (first.iterations > most) {
        fail(s, err, "the server asks for more iterations than max_iterations allows");
        ww__error_add_number(err, first.iterations);
        ww__error_add_text(err, ", at most ");
        ww__error_add_number(err, most);
        return WW_ERR_AUTH;
    }
    if (!write_auth_message(s, message, first.nonce))
        return fail(s, err, "the server's nonce is too long");
    return begin_hashing(s, &first) ? WW_OK : fail_crypto(s, err);
}

/* ---- hashing, client-final ------------------------------------------------------------------ */

static bool hmac(const ww_scram *s, const uint8_t key[WW_SHA256_SIZE], ww_slice text,
                 uint8_t out[WW_SHA256_SIZE])
{
    return s->crypto->hmac_sha256(s->crypto->ctx, bytes_of(key, WW_SHA256_SIZE), &text, 1, out);
}

/* ClientProof = ClientKey xor HMAC(H(ClientKey), AuthMessage); keeps ServerKey for the end. */
static bool derive_proof(ww_scram *s, uint8_t proof[WW_SHA256_SIZE])
{
    uint8_t stored_key[WW_SHA256_SIZE];
    ww_slice client_key_bytes = { s->client_key, sizeof s->client_key };
    size_t i;
    bool ok = (s->has_client_key || hmac(s, s->salted, ww_slice_of("Client Key"), s->client_key)) &&
              (s->has_server_key || hmac(s, s->salted, ww_slice_of("Server Key"), s->server_key)) &&
              s->crypto->sha256(s->crypto->ctx, &client_key_bytes, 1, stored_key) &&
              hmac(s, stored_key, bytes_of(s->auth_message, s->auth_message_len), proof);
    for (i = 0; ok && i < WW_SHA256_SIZE; i++)
        proof[i] ^= s->client_key[i];
    ww_wipe(s->client_key, sizeof s->client_key);
    ww_wipe(stored_key, sizeof stored_key);
    return ok;
}

static ww_status write_client_final(ww_scram *s, ww_error *err)
{
    uint8_t proof[WW_SHA256_SIZE];
    ww_wipe(s->password, sizeof s->password);
    ww_wipe(s->u, sizeof s->u);
    s->password_len = 0;
    if (!derive_proof(s, proof))
        return fail_crypto(s, err);
    ww_wipe(s->salted, sizeof s->salted);
    memcpy(s->out + s->out_len, ",p=", 3);
    s->out_len += 3;
    s->out_len += ww__base64_encode(bytes_of(proof, sizeof proof), s->out + s->out_len);
    s->state = WW_SCRAM_EXPECT_SERVER_FINAL;
    return WW_OK;
}

ww_status ww_scram_work(ww_scram *s, uint32_t max_rounds, ww_error *err)
{
    uint32_t rounds = s->rounds_left < max_rounds ? s->rounds_left : max_rounds;
    if (s->state != WW_SCRAM_HASHING)
        return ww__fail(err, WW_ERR_USAGE, "SCRAM has nothing to compute in this state");
    if (rounds > 0 &&
        !s->crypto->pbkdf2_slice(s->crypto->ctx, bytes_of(s->password, s->password_len), s->u,
                                 s->salted, rounds))
        return fail_crypto(s, err);
    s->rounds_left -= rounds;
    return s->rounds_left > 0 ? WW_MORE : write_client_final(s, err);
}

/* ---- server-final --------------------------------------------------------------------------- */

static ww_status verify_signature(ww_scram *s, ww_slice message, ww_error *err)
{
    uint8_t given[WW_SHA256_SIZE], expected[WW_SHA256_SIZE];
    bool same;
    ww_status status = ww__scram_parse_final(message, given, err);
    if (status != WW_OK)
        return end_failed(s, status);
    if (!hmac(s, s->server_key, bytes_of(s->auth_message, s->auth_message_len), expected))
        return fail_crypto(s, err);
    same = ww_equal_constant_time(given, expected, sizeof expected);
    ww_wipe(expected, sizeof expected);
    if (!same)
        return fail(s, err, "the server did not prove that it knows the password");
    wipe_secrets(s);
    s->out_len = 0;
    s->state = WW_SCRAM_DONE;
    return WW_OK;
}

ww_status ww_scram_input(ww_scram *s, ww_slice message, ww_error *err)
{
    switch (s->state) {
    case WW_SCRAM_EXPECT_SERVER_FIRST:
        return take_server_first(s, message, err);
    case WW_SCRAM_EXPECT_SERVER_FINAL:
        return verify_signature(s, message, err);
    case WW_SCRAM_HASHING:
    case WW_SCRAM_DONE:
        return fail(s, err, "the server sent a SCRAM message out of turn");
    case WW_SCRAM_START:
    case WW_SCRAM_FAILED:
        break;
    }
    return ww__fail(err, WW_ERR_USAGE, "the SCRAM exchange has not begun or has failed");
}

void ww_scram_fini(ww_scram *s)
{
    if (s != NULL)
        ww_wipe(s, sizeof *s);
}
