/* SPDX-License-Identifier: MIT */
/* test_crypto.c: the OpenSSL binding against published vectors and OpenSSL's own PBKDF2, from
 * several threads; and the MD5 answer. */
#include "check.h"

#include <walwire/auth.h>

#include <openssl/evp.h>
#include <pthread.h>

static const ww_crypto *crypto;

static ww_slice filled(uint8_t *room, int byte, size_t len)
{
    memset(room, byte, len);
    return (ww_slice){ room, len };
}

static void check_hex(const uint8_t *got, size_t len, const char *want, int line)
{
    char text[2 * 64 + 1];
    size_t i;
    for (i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", got[i]);
    check_bytes(ww_slice_of(text), ww_slice_of(want), "hash", __FILE__, line);
}

#define CHECK_HEX(got, want) check_hex((got), sizeof(got), (want), __LINE__)

/* FIPS 180-4 and RFC 1321, in one part and in several. */
static void hashes_of_the_standards(void)
{
    uint8_t hash[WW_SHA256_SIZE], md5[WW_MD5_SIZE];
    ww_slice parts[4] = { ww_slice_of("message "), ww_slice_of(""), { NULL, 0 },
                          ww_slice_of("digest") };
    ww_slice abc = ww_slice_of("abc");
    CHECK(crypto->sha256(crypto->ctx, &abc, 1, hash));
    CHECK_HEX(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(crypto->sha256(crypto->ctx, NULL, 0, hash));
    CHECK_HEX(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(crypto->md5(crypto->ctx, &abc, 1, md5));
    CHECK_HEX(md5, "900150983cd24fb0d6963f7d28e17f72");
    CHECK(crypto->md5(crypto->ctx, parts, 4, md5));
    CHECK_HEX(md5, "f96b697d7cb7938d525a2f31aaf161d0");
}

/* RFC 4231: test cases 1, 2, 3, 6 and 7; the last two have keys longer than a block. */
static void hmac_of_rfc_4231(void)
{
    uint8_t key[131], data[50], hash[WW_SHA256_SIZE];
    ww_slice text = ww_slice_of("Hi There");
    ww_slice parts[2] = { ww_slice_of("what do ya want "), ww_slice_of("for nothing?") };
    CHECK(crypto->hmac_sha256(crypto->ctx, filled(key, 0x0b, 20), &text, 1, hash));
    CHECK_HEX(hash, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(crypto->hmac_sha256(crypto->ctx, ww_slice_of("Jefe"), parts, 2, hash));
    CHECK_HEX(hash, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    text = filled(data, 0xdd, 50);
    CHECK(crypto->hmac_sha256(crypto->ctx, filled(key, 0xaa, 20), &text, 1, hash));
    CHECK_HEX(hash, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    text = ww_slice_of("Test Using Larger Than Block-Size Key - Hash Key First");
    CHECK(crypto->hmac_sha256(crypto->ctx, filled(key, 0xaa, 131), &text, 1, hash));
    CHECK_HEX(hash, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    text = ww_slice_of("This is a test using a larger than block-size key and a larger than "
                       "block-size data. The key needs to be hashed before being used by the HMAC "
                       "algorithm.");
    CHECK(crypto->hmac_sha256(crypto->ctx, filled(key, 0xaa, 131), &text, 1, hash));
    CHECK_HEX(hash, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static bool pbkdf2(ww_slice password, ww_slice salt, uint32_t rounds, uint32_t slice,
                   uint8_t out[WW_SHA256_SIZE])
{
    uint8_t u[WW_SHA256_SIZE];
    ww_slice parts[2] = { salt, { (const uint8_t *)"\0\0\0\1", 4 } };
    bool ok = crypto->hmac_sha256(crypto->ctx, password, parts, 2, u);
    memcpy(out, u, sizeof u);
    for (rounds--; ok && rounds > 0;) {
        uint32_t now = rounds < slice ? rounds : slice;
        ok = crypto->pbkdf2_slice(crypto->ctx, password, u, out, now);
        rounds -= now;
    }
    return ok;
}

/* Passwords of every length around a block, every slicing: OpenSSL's own answer. */
static void slices_make_openssls_pbkdf2(void)
{
    static const uint32_t rounds[] = { 1, 2, 3, 7, 100 };
    static const uint32_t slices[] = { 1, 2, 3, 99, UINT32_MAX };
    size_t len, r, i, wrong = 0;
    for (len = 0; len <= 140; len++) {
        uint8_t password[140], salt[20], got[WW_SHA256_SIZE], want[WW_SHA256_SIZE];
        for (i = 0; i < len; i++)
            password[i] = (uint8_t)(i * 37 + len);
        memset(salt, (int)len, sizeof salt);
        for (r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
            ww_slice key = { password, len };
            CHECK(PKCS5_PBKDF2_HMAC((const char *)password, (int)len, salt, (int)(len % 20 + 1),
                                    (int)rounds[r], EVP_sha256(), sizeof want, want) == 1);
            for (i = 0; i < sizeof slices / sizeof slices[0]; i++) {
                wrong += !pbkdf2(key, (ww_slice){ salt, len % 20 + 1 }, rounds[r], slices[i], got);
                wrong += memcmp(got, want, sizeof want) != 0;
            }
        }
    }
    CHECK_EQ_U64(wrong, 0);
}

static void *compute(void *result)
{
    const ww_crypto *mine = ww_crypto_openssl();
    uint8_t hash[WW_SHA256_SIZE];
    ww_slice text = ww_slice_of("abc");
    unsigned i, *wrong = (unsigned *)result;
    for (i = 0; i < 2000; i++) {
        *wrong += !mine->hmac_sha256(mine->ctx, text, &text, 1, hash);
        *wrong += hash[0] != 0x2f || hash[31] != 0x8a;
    }
    return NULL;
}

/* First of all tests, so that set-up itself is raced for. */
static void threads_share_it(void)
{
    pthread_t threads[4];
    unsigned wrong[4] = { 0 }, i;
    for (i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, compute, &wrong[i]) == 0);
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQ_U64(wrong[i], 0);
    }
}

/* PROTOCOL appendix A.1 */
static void md5_answer_of_a_real_login(void)
{
    static const uint8_t salt[4] = { 1, 2, 3, 4 };
    char out[WW_MD5_ANSWER_SIZE];
    CHECK(ww_md5_answer(crypto, ww_slice_of("alice"), ww_slice_of("secret"), salt, out));
    CHECK_TEXT(out, "md598a0412b9c31436fc53776e863350083");
}

static unsigned md5_calls_until_failure;

static bool failing_md5(void *ctx, const ww_slice *parts, size_t nparts, uint8_t out[WW_MD5_SIZE])
{
    return md5_calls_until_failure-- > 0 && crypto->md5(ctx, parts, nparts, out);
}

static void a_failing_md5_gives_no_answer(void)
{
    static const char nothing[WW_MD5_ANSWER_SIZE];
    static const uint8_t salt[4] = { 1, 2, 3, 4 };
    ww_crypto failing = *crypto;
    char out[WW_MD5_ANSWER_SIZE];
    unsigned n;
    failing.md5 = failing_md5;
    for (n = 0; n < 3; n++) {
        bool ok;
        memset(out, 'x', sizeof out);
        md5_calls_until_failure = n;
        ok = ww_md5_answer(&failing, ww_slice_of("u"), ww_slice_of("p"), salt, out);
        CHECK(ok == (n == 2));
        CHECK((memcmp(out, nothing, sizeof out) != 0) == ok);
    }
}

int main(void)
{
    RUN(threads_share_it);
    crypto = ww_crypto_openssl();
    RUN(hashes_of_the_standards);
    RUN(hmac_of_rfc_4231);
    RUN(slices_make_openssls_pbkdf2);
    RUN(md5_answer_of_a_real_login);
    RUN(a_failing_md5_gives_no_answer);
    return check_report();
}
