/* SPDX-License-Identifier: MIT */
/* oauth.c: OAUTHBEARER (RFC 7628): a token that the caller brings, shown to a server that asks for
 * one. Whoever has seen it can use it, so it goes over TLS only; who is at the other end of that,
 * sslmode=verify-full makes sure of. */
#include "engine.h"

#define BEFORE_TOKEN "n,,\x01" "auth=Bearer "
#define BEHIND_TOKEN "\x01\x01"

/* b64token of RFC 6750 2.1: nothing in it can end the field that it stands in. */
bool ww__oauth_is_token(const char *text)
{
    while ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
           (*text >= '0' && *text <= '9') || memchr("-._~+/", *text, 6) != NULL)
        text++;
    while (*text == '=')
        text++;
    return *text == '\0';
}

static ww_status send_token(ww_conn *c, ww_slice token)
{
    static const char mechanism[] = "OAUTHBEARER";
    uint8_t len[4];
    ww_slice parts[5] = {
        { (const uint8_t *)mechanism, sizeof mechanism },
        { len, sizeof len },
        ww_slice_of(BEFORE_TOKEN),
        token,
        ww_slice_of(BEHIND_TOKEN),
    };
    ww__store32(len, (uint32_t)(parts[2].len + parts[3].len + parts[4].len));
    return ww__send(c, 'p', parts, 5, 0, &c->error);
}

ww_status ww__auth_oauth(ww_conn *c, ww_slice body)
{
    const char *why = NULL;
    ww_slice token = ww_slice_of(c->config.oauth_token);
    ww_status status = ww__auth_allowed(c, WW_AUTH_OAUTH, "oauth");
    (void)body;
    if (status != WW_OK)
        return status;
    if (!c->tls_active)
        why = "the server asks for an OAuth token over an unencrypted connection: use "
              "sslmode=verify-full";
    else if (token.len == 0)
        why = "the server asks for an OAuth token, and none was given";
    if (why != NULL)
        return ww__fail_at(&c->error, WW_ERR_AUTH, why, WW_NO_OFFSET, 'R');
    c->auth_done = WW_AUTH_OAUTH;
    return send_token(c, token);
}

/* {"status":"invalid_token", ...}: kept for the error that follows our empty answer. */
ww_status ww__auth_oauth_refused(ww_conn *c, ww_slice body)
{
    ww_slice answer = { body.ptr + 4, body.len - 4 };
    ww_slice empty = ww_slice_of("\x01");
    ww_text_escape(answer, c->oauth_error, sizeof c->oauth_error);
    return ww__send(c, 'p', &empty, 1, 0, &c->error);
}
