/* SPDX-License-Identifier: MIT */
/* scram_message.h: what a SCRAM server says (RFC 5802 section 7), taken apart and judged by its
 * form alone. Strict as libpq is: no extensions, which RFC 5802 would have us ignore, since no
 * PostgreSQL server sends any; and stricter: canonical base64, plain digits. */
#ifndef WALWIRE_AUTH_SCRAM_MESSAGE_H
#define WALWIRE_AUTH_SCRAM_MESSAGE_H

#include <walwire/auth.h>

typedef struct ww__scram_first {
    ww_slice nonce;                 /* in the message */
    uint64_t iterations;            /* 1 .. ; UINT64_MAX stands for anything longer too */
    size_t salt_len;                /* > 0 */
    uint8_t salt[WW_SCRAM_MESSAGE_MAX / 4 * 3];
} ww__scram_first;

/* "r=<nonce>,s=<salt>,i=<iterations>"; ERR_AUTH with the offset of what is wrong. */
ww_status ww__scram_parse_first(ww_slice message, ww__scram_first *first, ww_error *err);

/* "v=<signature>", or "e=<error>": ERR_AUTH with the error, escaped, as subject. */
ww_status ww__scram_parse_final(ww_slice message, uint8_t signature[WW_SHA256_SIZE],
                                ww_error *err);

#endif
