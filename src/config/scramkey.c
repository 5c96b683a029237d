/* SPDX-License-Identifier: MIT */
/* scramkey.c: the two keys of SCRAM that may stand in for the password, 32 bytes in base64. Source:
 * pqConnectOptions2. */
#include "conninfo.h"

#include "base/error.h"

#include <string.h>

#define KEY_DIGITS 43u /* and one '=' */

/* -1: no digit of base64. */
static int digit_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = memchr(digits, c, sizeof digits - 1);
    return found != NULL ? (int)(found - digits) : -1;
}

/* What the last digit has beyond the 256 bits is ignored, as by libpq. */
static bool decode_key(const char *text, uint8_t out[WW_SCRAM_KEY_BYTES])
{
    unsigned bits = 0, have = 0;
    size_t n = 0, i;
    if (strlen(text) != KEY_DIGITS + 1 || text[KEY_DIGITS] != '=')
        return false;
    for (i = 0; i < KEY_DIGITS; i++) {
        int value = digit_value(text[i]);
        if (value < 0)
            return false;
        bits = (bits << 6 | (unsigned)value) & 0xffffu;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return true;
}

static ww_status read_key(const char *keyword, const char *text, bool *has, uint8_t *out,
                          ww_error *err)
{
    *has = text != NULL;
    if (text == NULL || decode_key(text, out))
        return WW_OK;
    return ww__fail_text(err, WW_ERR_USAGE,
                         "a SCRAM key is not 32 bytes in base64: 43 digits and a '='", keyword);
}

ww_status ww__scram_keys_read(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    ww_status st = read_key("scram_client_key", c->scram_client_key, &out->has_scram_client_key,
                            out->scram_client_key, err);
    if (st == WW_OK)
        st = read_key("scram_server_key", c->scram_server_key, &out->has_scram_server_key,
                      out->scram_server_key, err);
    return st;
}
