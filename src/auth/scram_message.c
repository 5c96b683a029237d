/* SPDX-License-Identifier: MIT */
/* scram_message.c: the two messages of a SCRAM server, field by field in their order. */
#include "scram_message.h"

#include "base/error.h"
#include "base/reader.h"
#include "base64.h"

#include <string.h>

/* Takes "<name>=<value>" up to the next comma or the end. */
static ww_slice take_attribute(ww__reader *r, char name, const char *rule)
{
    const uint8_t *comma;
    size_t left = ww__left(r);
    if (left < 2 || r->at[0] != (uint8_t)name || r->at[1] != '=') {
        ww__break(r, rule, 0);
        return ww__bytes(r, 0);
    }
    ww__bytes(r, 2);
    left -= 2;
    comma = left > 0 ? (const uint8_t *)memchr(r->at, ',', left) : NULL;
    return ww__bytes(r, comma != NULL ? (size_t)(comma - r->at) : left);
}

static void take_comma(ww__reader *r)
{
    if (ww__left(r) == 0 || *r->at != ',')
        ww__break(r, "the server's SCRAM message ends too early", 0);
    else
        ww__u8(r);
}

static void expect_end(ww__reader *r)
{
    if (ww__left(r) > 0)
        ww__break(r, "the server's SCRAM message goes on after its last attribute", 0);
}

/* "printable" of RFC 5802; a comma ended the attribute already. */
static bool is_printable(ww_slice text)
{
    size_t i;
    for (i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7E)
            return false;
    return true;
}

static ww_slice take_nonce(ww__reader *r)
{
    ww_slice nonce;
    if (ww__left(r) > 0 && *r->at == 'm')
        ww__break(r, "the server demands a SCRAM extension that walwire does not know", 0);
    nonce = take_attribute(r, 'r', "the server's first SCRAM message does not begin with a nonce");
    if (!is_printable(nonce))
        ww__break(r, "the server's nonce is not printable ASCII", nonce.len);
    return nonce;
}

static size_t take_salt(ww__reader *r, uint8_t salt[WW_SCRAM_MESSAGE_MAX / 4 * 3])
{
    size_t len = 0;
    ww_slice text = take_attribute(r, 's', "the server's nonce is not followed by a salt");
    if (r->broken == NULL && (!ww__base64_decode(text, salt, &len) || len == 0))
        ww__break(r, "the server's salt is empty or not base64", text.len);
    return len;
}

/* Digits only, and no leading zero: libpq reads "4294967297" as 1. */
static uint64_t take_iterations(ww__reader *r)
{
    uint64_t value = 0;
    size_t i;
    ww_slice text =
        take_attribute(r, 'i', "the server's salt is not followed by an iteration count");
    bool ok = text.len > 0 && text.ptr[0] != '0';
    for (i = 0; ok && i < text.len; i++) {
        ok = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        value = value > UINT64_MAX / 10 - 1 ? UINT64_MAX : value * 10 + (text.ptr[i] - '0');
    }
    if (!ok)
        ww__break(r, "the server's iteration count is not a number", text.len);
    return value;
}

/* A broken rule as an error. 'R': Authentication, the message that all of SCRAM travels in. */
static ww_status judge(const ww__reader *r, ww_error *err)
{
    if (r->broken == NULL)
        return WW_OK;
    return ww__fail_at(err, WW_ERR_AUTH, r->broken, (uint64_t)(r->broken_at - r->start), 'R');
}

static ww_status check_size(ww_slice message, ww_error *err)
{
    if (message.len <= WW_SCRAM_MESSAGE_MAX)
        return WW_OK;
    return ww__fail_at(err, WW_ERR_AUTH, "the server's SCRAM message is longer than 1024 bytes",
                       WW_SCRAM_MESSAGE_MAX, 'R');
}

ww_status ww__scram_parse_first(ww_slice message, ww__scram_first *first, ww_error *err)
{
    ww__reader r = ww__reader_of(message);
    ww_status status = check_size(message, err);
    if (status != WW_OK)
        return status;
    first->nonce = take_nonce(&r);
    take_comma(&r);
    first->salt_len = take_salt(&r, first->salt);
    take_comma(&r);
    first->iterations = take_iterations(&r);
    expect_end(&r);
    return judge(&r, err);
}

static ww_status refuse_with_server_error(ww_slice word, ww_error *err)
{
    char shown[sizeof err->subject];
    ww_text_escape(word, shown, sizeof shown);
    return ww__fail_text(err, WW_ERR_AUTH, "the server refused the SCRAM exchange", shown);
}

ww_status ww__scram_parse_final(ww_slice message, uint8_t signature[WW_SHA256_SIZE],
                                ww_error *err)
{
    uint8_t bytes[WW_SCRAM_MESSAGE_MAX / 4 * 3];
    size_t len = 0;
    ww__reader r = ww__reader_of(message);
    ww_slice text;
    ww_status status = check_size(message, err);
    if (status != WW_OK)
        return status;
    if (message.len >= 2 && memcmp(message.ptr, "e=", 2) == 0) {
        ww__bytes(&r, 2);
        return refuse_with_server_error(ww__bytes(&r, ww__left(&r)), err);
    }
    text = take_attribute(&r, 'v', "the server's last SCRAM message is not a signature");
    expect_end(&r);
    if (r.broken == NULL && (!ww__base64_decode(text, bytes, &len) || len != WW_SHA256_SIZE))
        ww__break(&r, "the server's signature is not 32 bytes in base64", text.len);
    if (r.broken == NULL)
        memcpy(signature, bytes, WW_SHA256_SIZE);
    return judge(&r, err);
}
