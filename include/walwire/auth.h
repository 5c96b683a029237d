/* SPDX-License-Identifier: MIT */
/* auth.h: what answers a server's authentication requests: SCRAM-SHA-256(-PLUS), MD5, cleartext.
 *
 * Engines here hold no clock, no randomness and no socket. Cryptography comes through ww_crypto;
 * libwalwire binds it to OpenSSL (ww_crypto_openssl), a program that links only libwalwire-core
 * brings its own. Source: RFC 5802, RFC 7677, PostgreSQL's fe-auth-scram.c and saslprep.c. */
#ifndef WALWIRE_AUTH_H
#define WALWIRE_AUTH_H

#include <walwire/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WW_SHA256_SIZE 32u
#define WW_MD5_SIZE 16u

/* The few functions that authentication needs. Each returns false if the library behind it failed
 * (md5 under FIPS, say); then `out` means nothing. `parts` are hashed one behind the other. */
typedef struct ww_crypto {
    void *ctx;
    bool (*sha256)(void *ctx, const ww_slice *parts, size_t nparts, uint8_t out[WW_SHA256_SIZE]);
    bool (*hmac_sha256)(void *ctx, ww_slice key, const ww_slice *parts, size_t nparts,
                        uint8_t out[WW_SHA256_SIZE]);
    bool (*md5)(void *ctx, const ww_slice *parts, size_t nparts, uint8_t out[WW_MD5_SIZE]);
    /* `rounds` rounds of PBKDF2-HMAC-SHA-256: u = HMAC(key, u); acc ^= u */
    bool (*pbkdf2_slice)(void *ctx, ww_slice key, uint8_t u[WW_SHA256_SIZE],
                         uint8_t acc[WW_SHA256_SIZE], uint32_t rounds);
} ww_crypto;

/* OpenSSL's, in a library context of our own, without atexit handler. Static, thread-safe. OpenSSL
 * is set up by the first call of one of them; all return false if it could not be. Only in
 * libwalwire, not in libwalwire-core. */
const ww_crypto *ww_crypto_openssl(void);

/* Overwrites memory that held a secret; never optimised away. */
void ww_wipe(void *ptr, size_t len);
/* Compares in time that depends on len only. */
bool ww_equal_constant_time(const void *a, const void *b, size_t len);

/* ---- SASLprep ------------------------------------------------------------------------------- */

/* The password as SCRAM hashes it: RFC 4013 with PostgreSQL's deviations (pg_saslprep): what is not
 * UTF-8, holds a prohibited or unassigned character, or breaks the bidi rule is used unchanged.
 * Writes into out[cap] and returns the length; returns SIZE_MAX if cap is too small: it needs 16
 * bytes more than the result, and never more than 18 * len + 16. Behind the result, and after
 * SIZE_MAX, out may hold remains: wipe it whole. */
size_t ww_saslprep(ww_slice password, uint8_t *out, size_t cap);

/* ---- MD5 ------------------------------------------------------------------------------------ */

/* "md5" + 32 hexadecimal digits + NUL */
#define WW_MD5_ANSWER_SIZE 36u
bool ww_md5_answer(const ww_crypto *crypto, ww_slice user, ww_slice password, const uint8_t salt[4],
                   char out[WW_MD5_ANSWER_SIZE]);

/* ---- SCRAM ---------------------------------------------------------------------------------- */

#define WW_SCRAM_NONCE_BYTES 18u
#define WW_SCRAM_MESSAGE_MAX 1024u  /* what a server accepts, and what we accept from it */
#define WW_SCRAM_DEFAULT_MAX_ITERATIONS 1000000u
#define WW_SCRAM_PASSWORD_MAX 16384u /* bytes after SASLprep */

/* The gs2 flag of the first message. */
typedef enum ww_scram_binding {
    WW_SCRAM_NO_BINDING,   /* "n,,": we cannot bind (no TLS, or a certificate without a digest) */
    WW_SCRAM_NOT_OFFERED,  /* "y,,": we could, the server did not offer PLUS: detects stripping */
    WW_SCRAM_BOUND         /* "p=tls-server-end-point,,": mechanism SCRAM-SHA-256-PLUS */
} ww_scram_binding;

typedef struct ww_scram_config {
    size_t struct_size;
    const ww_crypto *crypto;
    ww_slice password;                   /* as typed; prepared and copied here */
    uint8_t nonce[WW_SCRAM_NONCE_BYTES]; /* from a cryptographic random source, fresh each time */
    ww_scram_binding binding;
    ww_slice channel_binding;            /* BOUND: hash of the server's certificate, 1..64 bytes */
    uint32_t max_iterations;             /* 0: WW_SCRAM_DEFAULT_MAX_ITERATIONS */
    const uint8_t *client_key;           /* WW_SHA256_SIZE bytes: ClientKey and ServerKey of RFC */
    const uint8_t *server_key;           /* 5802, copied here; NULL: made from the password. With
                                            both there is no hashing, and no password is needed */
} ww_scram_config;

typedef enum ww_scram_state {
    WW_SCRAM_START, WW_SCRAM_EXPECT_SERVER_FIRST, WW_SCRAM_HASHING, WW_SCRAM_EXPECT_SERVER_FINAL,
    WW_SCRAM_DONE, WW_SCRAM_FAILED
} ww_scram_state;

/* Caller's memory, members the library's; holds secrets until ww_scram_fini(). */
typedef struct ww_scram {
    ww_scram_state state;
    const ww_crypto *crypto;
    ww_scram_binding binding;
    uint32_t max_iterations;
    uint32_t rounds_left;
    uint8_t u[WW_SHA256_SIZE];
    uint8_t salted[WW_SHA256_SIZE];      /* PBKDF2's accumulator, then SaltedPassword */
    uint8_t client_key[WW_SHA256_SIZE];
    uint8_t server_key[WW_SHA256_SIZE];
    bool has_client_key, has_server_key; /* given: not to be derived */
    uint8_t channel_binding[64];
    size_t channel_binding_len;
    char client_nonce[25];               /* base64 of 18 bytes, NUL */
    size_t auth_message_len;
    char auth_message[2 * WW_SCRAM_MESSAGE_MAX + 512];
    char out[WW_SCRAM_MESSAGE_MAX];
    size_t out_len;
    size_t password_len;
    uint8_t password[WW_SCRAM_PASSWORD_MAX + 16]; /* 16: room to normalise in */
} ww_scram;

/* Prepares the password and the first message. ERR_AUTH for an empty password where one of the keys
 * is missing, ERR_USAGE for a bad config (binding data missing), ERR_LIMIT for a password over
 * WW_SCRAM_PASSWORD_MAX. */
ww_status ww_scram_init(ww_scram *s, const ww_scram_config *config, ww_error *err);

/* "SCRAM-SHA-256" or "SCRAM-SHA-256-PLUS": what the first message is sent under. Static. */
const char *ww_scram_mechanism(const ww_scram *s);

/* The message to send now: client-first after init, client-final once HASHING is done; empty
 * otherwise. Valid until the next call on s. */
ww_slice ww_scram_output(const ww_scram *s);

/* Takes the server's message: server-first in EXPECT_SERVER_FIRST (then HASHING), server-final in
 * EXPECT_SERVER_FINAL (then DONE: the server has proven that it knows the password). ERR_AUTH, and
 * FAILED with every secret wiped, for all that RFC 5802 forbids, an extension, our nonce not
 * extended, an iteration count over the cap, a wrong signature, the server's own error (escaped in
 * err->subject), a message out of turn. ERR_USAGE before init and after FAILED. */
ww_status ww_scram_input(ww_scram *s, ww_slice message, ww_error *err);

/* HASHING: does at most max_rounds rounds (about 1 us each). WW_MORE while some are left, WW_OK
 * when ww_scram_output() has the client-final message. ERR_USAGE in any other state; ERR_AUTH if
 * the cryptographic library fails. */
ww_status ww_scram_work(ww_scram *s, uint32_t max_rounds, ww_error *err);

/* Wipes it whole: back to START. Safe to call twice, on zeroed memory, and with NULL. */
void ww_scram_fini(ww_scram *s);

#ifdef __cplusplus
}
#endif
#endif
