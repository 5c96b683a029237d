/* SPDX-License-Identifier: MIT */
/* crypto_openssl.c: ww_crypto by OpenSSL 3, in a library context of its own, so that neither the
 * embedding program's configuration nor its clean-up reaches in here. */
#include <walwire/auth.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string.h>

#define SHA256_BLOCK 64u

/* Set once, under `once`, and only read afterwards; never freed: there is no safe moment to. Not
 * before something is hashed: a megabyte of OpenSSL would come into memory for nothing. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static EVP_MD *the_sha256, *the_md5;

static void set_up(void)
{
    OSSL_LIB_CTX *library;
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
        return;
    library = OSSL_LIB_CTX_new();
    if (library == NULL)
        return;
    the_sha256 = EVP_MD_fetch(library, "SHA256", NULL);
    the_md5 = EVP_MD_fetch(library, "MD5", NULL); /* NULL where MD5 is forbidden */
    if (the_sha256 == NULL)
        OSSL_LIB_CTX_free(library);
}

static const EVP_MD *sha256_method(void)
{
    return CRYPTO_THREAD_run_once(&once, set_up) == 1 ? the_sha256 : NULL;
}

static bool update(EVP_MD_CTX *context, const ww_slice *parts, size_t nparts)
{
    size_t i;
    for (i = 0; i < nparts; i++)
        if (parts[i].len > 0 && EVP_DigestUpdate(context, parts[i].ptr, parts[i].len) != 1)
            return false;
    return true;
}

static bool digest(const EVP_MD *method, const ww_slice *parts, size_t nparts, uint8_t *out)
{
    EVP_MD_CTX *context = method != NULL ? EVP_MD_CTX_new() : NULL;
    bool ok = context != NULL && EVP_DigestInit_ex(context, method, NULL) == 1 &&
              update(context, parts, nparts) && EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static bool sha256(void *ctx, const ww_slice *parts, size_t nparts, uint8_t out[WW_SHA256_SIZE])
{
    (void)ctx;
    return digest(sha256_method(), parts, nparts, out);
}

static bool md5(void *ctx, const ww_slice *parts, size_t nparts, uint8_t out[WW_MD5_SIZE])
{
    (void)ctx;
    return sha256_method() != NULL && digest(the_md5, parts, nparts, out);
}

/* HMAC with a key that is used many times: the hash states behind the two padded keys are kept, and
 * each message starts from copies of them. That saves half of PBKDF2. */
typedef struct keyed {
    EVP_MD_CTX *inner, *outer, *work;
} keyed;

static void keyed_close(keyed *k)
{
    EVP_MD_CTX_free(k->inner);
    EVP_MD_CTX_free(k->outer);
    EVP_MD_CTX_free(k->work);
}

static bool start_with(EVP_MD_CTX *context, const uint8_t key[SHA256_BLOCK], uint8_t pad)
{
    uint8_t block[SHA256_BLOCK];
    size_t i;
    bool ok;
    for (i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ pad;
    ok = context != NULL && EVP_DigestInit_ex(context, the_sha256, NULL) == 1 &&
         EVP_DigestUpdate(context, block, sizeof block) == 1;
    OPENSSL_cleanse(block, sizeof block);
    return ok;
}

static bool keyed_open(keyed *k, ww_slice key)
{
    uint8_t block[SHA256_BLOCK] = { 0 };
    bool ok = sha256_method() != NULL;
    if (key.len > sizeof block)
        ok = digest(the_sha256, &key, 1, block);
    else if (key.len > 0)
        memcpy(block, key.ptr, key.len);
    k->inner = EVP_MD_CTX_new();
    k->outer = EVP_MD_CTX_new();
    k->work = EVP_MD_CTX_new();
    ok = ok && k->work != NULL && start_with(k->inner, block, 0x36) &&
         start_with(k->outer, block, 0x5C);
    OPENSSL_cleanse(block, sizeof block);
    return ok;
}

static bool keyed_hash(keyed *k, const ww_slice *parts, size_t nparts, uint8_t out[WW_SHA256_SIZE])
{
    return EVP_MD_CTX_copy_ex(k->work, k->inner) == 1 && update(k->work, parts, nparts) &&
           EVP_DigestFinal_ex(k->work, out, NULL) == 1 &&
           EVP_MD_CTX_copy_ex(k->work, k->outer) == 1 &&
           EVP_DigestUpdate(k->work, out, WW_SHA256_SIZE) == 1 &&
           EVP_DigestFinal_ex(k->work, out, NULL) == 1;
}

static bool hmac_sha256(void *ctx, ww_slice key, const ww_slice *parts, size_t nparts,
                        uint8_t out[WW_SHA256_SIZE])
{
    keyed k;
    bool ok = keyed_open(&k, key) && keyed_hash(&k, parts, nparts, out);
    (void)ctx;
    keyed_close(&k);
    return ok;
}

static bool pbkdf2_slice(void *ctx, ww_slice key, uint8_t u[WW_SHA256_SIZE],
                         uint8_t acc[WW_SHA256_SIZE], uint32_t rounds)
{
    keyed k;
    ww_slice last = { u, WW_SHA256_SIZE };
    bool ok = keyed_open(&k, key);
    (void)ctx;
    for (; ok && rounds > 0; rounds--) {
        size_t i;
        ok = keyed_hash(&k, &last, 1, u);
        for (i = 0; i < WW_SHA256_SIZE; i++)
            acc[i] ^= u[i];
    }
    keyed_close(&k);
    return ok;
}

const ww_crypto *ww_crypto_openssl(void)
{
    static const ww_crypto crypto = { NULL, sha256, hmac_sha256, md5, pbkdf2_slice };
    return &crypto;
}
