/* SPDX-License-Identifier: MIT */
/* md5.c: the answer to AuthenticationMD5Password: "md5" md5(md5(password user) salt). */
#include <walwire/auth.h>

#include <string.h>

/* Arithmetic, not a table: the inner hash is as good as the password, and a table's cache lines
 * would tell its digits. */
static char hex_digit(unsigned value)
{
    return (char)('0' + value + ((9 - value) >> 8 & ('a' - '0' - 10)));
}

static void write_hex(const uint8_t hash[WW_MD5_SIZE], char out[2 * WW_MD5_SIZE])
{
    size_t i;
    for (i = 0; i < WW_MD5_SIZE; i++) {
        out[2 * i] = hex_digit(hash[i] >> 4);
        out[2 * i + 1] = hex_digit(hash[i] & 15u);
    }
}

bool ww_md5_answer(const ww_crypto *crypto, ww_slice user, ww_slice password, const uint8_t salt[4],
                   char out[WW_MD5_ANSWER_SIZE])
{
    uint8_t hash[WW_MD5_SIZE];
    char hex[2 * WW_MD5_SIZE];
    ww_slice inner[2] = { password, user };
    ww_slice outer[2] = { { (const uint8_t *)hex, sizeof hex }, { salt, 4 } };
    bool ok = crypto->md5(crypto->ctx, inner, 2, hash);
    if (ok) {
        write_hex(hash, hex);
        ok = crypto->md5(crypto->ctx, outer, 2, hash);
    }
    memset(out, 0, WW_MD5_ANSWER_SIZE);
    if (ok) {
        memcpy(out, "md5", 3);
        write_hex(hash, out + 3);
    }
    ww_wipe(hash, sizeof hash);
    ww_wipe(hex, sizeof hex);
    return ok;
}
