/* SPDX-License-Identifier: MIT */
/* authenticate.c: answers to the server's authentication requests, and what is demanded of the
 * server before it is believed. Whatever the configuration does not allow fails before an answer is
 * built. */
#include "engine.h"

#define AUTH_DEFAULT                                                                               \
    (WW_AUTH_NONE | WW_AUTH_MD5 | WW_AUTH_SCRAM | WW_AUTH_CLEARTEXT_SAFE | WW_AUTH_OAUTH)

static ww_status fail_auth(ww_conn *c, const char *what)
{
    return ww__fail_at(&c->error, WW_ERR_AUTH, what, WW_NO_OFFSET, 'R');
}

unsigned ww__auth_set(const ww_conn *c)
{
    return c->config.allowed_auth != 0 ? c->config.allowed_auth : AUTH_DEFAULT;
}

static ww_status fail_method(ww_conn *c, const char *what, const char *method)
{
    fail_auth(c, what);
    ww__error_add_text(&c->error, method);
    return WW_ERR_AUTH;
}

ww_status ww__auth_allowed(ww_conn *c, unsigned method, const char *name)
{
    if (c->config.channel_binding == WW_CHANNEL_BINDING_REQUIRE && method != WW_AUTH_SCRAM)
        return fail_method(c, "channel_binding=require allows only SCRAM-SHA-256-PLUS", name);
    if ((ww__auth_set(c) & method) == 0)
        return fail_method(c, "the server asks for what require_auth does not allow", name);
    return WW_OK;
}

/* The password to answer with. `method` is one of WW_AUTH_*, 0 if it is not allowed. */
static ww_status take_password(ww_conn *c, unsigned method, const char *name, ww_slice *password)
{
    ww_status status = ww__auth_allowed(c, method, name);
    if (status != WW_OK)
        return status;
    *password = ww_slice_of(c->config.password);
    c->password_missing = password->len == 0 &&
                          (method != WW_AUTH_SCRAM || c->config.scram_client_key == NULL);
    if (c->password_missing)
        return fail_method(c, "the server asks for a password, and none was given", name);
    return WW_OK;
}

ww_status ww__auth_cleartext(ww_conn *c, ww_slice body)
{
    ww_slice parts[2] = { { NULL, 0 }, { (const uint8_t *)"", 1 } };
    bool safe = c->tls_active || c->config.local;
    unsigned how = ww__auth_set(c) & (WW_AUTH_CLEARTEXT | WW_AUTH_CLEARTEXT_SAFE);
    ww_status status;
    (void)body;
    if (!safe && how == WW_AUTH_CLEARTEXT_SAFE)
        return fail_auth(c, "the server asks for the password in clear text over an unencrypted "
                            "connection: use sslmode=require, or require_auth=password");
    status = take_password(c, how, "password", &parts[0]);
    if (status == WW_OK)
        status = ww__send(c, 'p', parts, 2, 0, &c->error);
    if (status == WW_OK)
        c->auth_done = WW_AUTH_CLEARTEXT;
    return status;
}

static ww_status need_crypto(ww_conn *c)
{
    if (c->config.crypto == NULL)
        return fail_auth(c, "this program has no cryptography to log in");
    return WW_OK;
}

ww_status ww__auth_md5(ww_conn *c, ww_slice body)
{
    char answer[WW_MD5_ANSWER_SIZE];
    ww_slice part = { (const uint8_t *)answer, sizeof answer };
    ww_slice user = ww_slice_of(c->config.user), password;
    ww_status status = take_password(c, WW_AUTH_MD5, "md5", &password);
    if (status == WW_OK)
        status = need_crypto(c);
    if (status != WW_OK)
        return status;
    if (!ww_md5_answer(c->config.crypto, user, password, body.ptr + 4, answer))
        return fail_auth(c, "MD5 is not available (FIPS): give the role a SCRAM password");
    status = ww__send(c, 'p', &part, 1, 0, &c->error);
    ww_wipe(answer, sizeof answer);
    if (status == WW_OK)
        c->auth_done = WW_AUTH_MD5;
    return status;
}

/* ---- SASL ----------------------------------------------------------------------------------- */

typedef struct offer {
    bool scram, plus;
    ww_slice first;
} offer;

static offer read_offer(ww_slice body)
{
    ww__reader r = ww__reader_of(body);
    offer o = { false, false, { NULL, 0 } };
    ww_slice name;
    ww__u32(&r);
    while ((name = ww__cstr(&r)).len > 0) {
        o.first = o.first.len == 0 ? name : o.first;
        o.scram |= ww_slice_equal(name, ww_slice_of("SCRAM-SHA-256"));
        o.plus |= ww_slice_equal(name, ww_slice_of("SCRAM-SHA-256-PLUS"));
    }
    return o;
}

/* 'y' says "we could bind, and you did not offer it": a server that did offer it then knows that
 * somebody stripped its list. So it is only true where we could; elsewhere it is 'n'. */
static ww_status choose_binding(ww_conn *c, offer o, ww_scram_binding *binding)
{
    bool can_bind = c->tls_active && c->tls_info.cert_hash_len > 0 &&
                    c->config.channel_binding != WW_CHANNEL_BINDING_DISABLE;
    if (o.plus && !c->tls_active)
        return fail_auth(c, "SCRAM-SHA-256-PLUS offered without TLS: an attack");
    if (o.plus && can_bind) {
        *binding = WW_SCRAM_BOUND;
        return WW_OK;
    }
    if (c->config.channel_binding == WW_CHANNEL_BINDING_REQUIRE)
        return fail_auth(c, "channel_binding=require, and the server does not offer it");
    if (!o.scram) {
        fail_auth(c, "the server offers no SASL mechanism that can be used here");
        ww__error_add(&c->error, o.first);
        return WW_ERR_AUTH;
    }
    *binding = can_bind ? WW_SCRAM_NOT_OFFERED : WW_SCRAM_NO_BINDING;
    return WW_OK;
}

static ww_status begin_scram(ww_conn *c, ww_slice password, ww_scram_binding binding)
{
    ww_scram_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.crypto = c->config.crypto;
    config.password = password;
    memcpy(config.nonce, c->config.nonce, sizeof config.nonce);
    config.binding = binding;
    if (binding == WW_SCRAM_BOUND) {
        config.channel_binding.ptr = c->tls_info.cert_hash;
        config.channel_binding.len = c->tls_info.cert_hash_len;
    }
    config.max_iterations = c->config.scram_max_iterations;
    config.client_key = c->config.scram_client_key;
    config.server_key = c->config.scram_server_key;
    return ww_scram_init(&c->scram, &config, &c->error);
}

static ww_status send_initial_response(ww_conn *c)
{
    const char *mechanism = ww_scram_mechanism(&c->scram);
    ww_slice output = ww_scram_output(&c->scram);
    uint8_t len[4];
    ww_slice parts[3] = {
        { (const uint8_t *)mechanism, strlen(mechanism) + 1 },
        { len, sizeof len },
        output,
    };
    ww__store32(len, (uint32_t)output.len);
    return ww__send(c, 'p', parts, 3, 0, &c->error);
}

ww_status ww__auth_sasl(ww_conn *c, ww_slice body)
{
    ww_scram_binding binding = WW_SCRAM_NO_BINDING;
    ww_slice password;
    ww_status status = take_password(c, WW_AUTH_SCRAM, "scram-sha-256", &password);
    if (status == WW_OK)
        status = need_crypto(c);
    if (status == WW_OK)
        status = choose_binding(c, read_offer(body), &binding);
    if (status == WW_OK)
        status = begin_scram(c, password, binding);
    if (status == WW_OK)
        status = send_initial_response(c);
    return status;
}

static ww_slice sasl_data(ww_slice body)
{
    ww_slice data = { body.ptr + 4, body.len - 4 };
    return data;
}

ww_status ww__auth_sasl_continue(ww_conn *c, ww_slice body)
{
    return ww_scram_input(&c->scram, sasl_data(body), &c->error);
}

ww_status ww_conn_work(ww_conn *c, uint32_t rounds)
{
    ww_slice none = { NULL, 0 };
    bool hand_out;
    ww_status status;
    if (c->state != WW_CONN_HASHING)
        return c->error.status;
    status = ww_scram_work(&c->scram, rounds, &c->error);
    if (status == WW_OK)
        status = ww__step(c, WW__HASHED, none, &hand_out);
    return status < 0 ? ww__conn_fail(c) : status;
}

ww_status ww__auth_hashed(ww_conn *c, ww_slice none)
{
    ww_slice output = ww_scram_output(&c->scram);
    (void)none;
    return ww__send(c, 'p', &output, 1, 0, &c->error);
}

ww_status ww__auth_sasl_final(ww_conn *c, ww_slice body)
{
    ww_status status = ww_scram_input(&c->scram, sasl_data(body), &c->error);
    if (status != WW_OK)
        return status;
    c->authenticated_peer = true;
    c->channel_bound = c->scram.binding == WW_SCRAM_BOUND;
    c->auth_done = WW_AUTH_SCRAM;
    ww_scram_fini(&c->scram);
    return WW_OK;
}

/* ---- the end of it -------------------------------------------------------------------------- */

static const char *method_name(uint32_t code)
{
    switch (code) {
    case 2:
        return "Kerberos V5";
    case 7:
    case 8:
        return "GSSAPI";
    case 9:
        return "SSPI";
    default:
        return "code ";
    }
}

ww_status ww__auth_unsupported(ww_conn *c, ww_slice body)
{
    uint32_t code = ww__load32(body.ptr);
    const char *name = method_name(code);
    fail_auth(c, "the server asks for an authentication method that is not supported");
    ww__error_add_text(&c->error, name);
    if (name[0] == 'c')
        ww__error_add_number(&c->error, code);
    return WW_ERR_AUTH;
}

ww_status ww__auth_unproven(ww_conn *c, ww_slice body)
{
    (void)body;
    return fail_auth(c, "the server lets us in without proving that it knows the password");
}

ww_status ww__auth_ok(ww_conn *c, ww_slice body)
{
    (void)body;
    if (c->config.channel_binding == WW_CHANNEL_BINDING_REQUIRE && !c->channel_bound)
        return fail_auth(c, "channel_binding=require, and the server lets us in without it");
    if (c->auth_done == 0 && (ww__auth_set(c) & WW_AUTH_NONE) == 0)
        return fail_auth(c, "the server asks for no password, and require_auth demands one");
    if (c->auth_done == 0)
        c->auth_done = WW_AUTH_NONE;
    c->authenticated = true;
    return WW_OK;
}
