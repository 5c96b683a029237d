/* SPDX-License-Identifier: MIT */
/* test_auth.c: no order of authentication requests but the right one gets a server in, whatever is
 * demanded of it; and which channel binding we say to whom. The exchange is PROTOCOL's, A.1. */
#include "check.h"
#include "script.h"

static peer p;

static ww_conn_config base_config(void)
{
    ww_conn_config config = { 0 };
    size_t i;
    config.user = "u";
    config.password = "pencil";
    config.crypto = script_crypto(ww_crypto_openssl());
    for (i = 0; i < sizeof config.nonce; i++)
        config.nonce[i] = (uint8_t)i;
    return config;
}

#define SERVER_FIRST "r=AAECAwQFBgcICQoLDA0ODxARZGVmZ2hpamtsbW5vcHFyc3R1,s=AAECAwQFBgcICQoLDA0ODw=="

static const char *const requests[] = {
    "R(00000000)",
    "R(00000003)",
    "R(00000005 01020304)",
    "R(0000000a \"SCRAM-SHA-256\\0\\0\")",
    "R(0000000b \"" SERVER_FIRST ",i=4096\")",
    "R(0000000c \"v=rZvLmY5dDem4vTuKjhYNvDfsCzhflXoM+xP+Y8Yyktk=\")",
    "R(0000000c \"v=rZvLmY5dDem4vTuKjhYNvDfsCzhflXoM+xP+Y8YyktA=\")", /* wrong in the last bits */
    "R(0000000a \"OAUTHBEARER\\0\\0\")",
};
#define NREQUESTS (sizeof requests / sizeof requests[0])
#define MOST 5

/* The only ways in, as numbers of requests; and the method that each is. */
static const struct way {
    size_t len;
    unsigned char steps[MOST];
    unsigned method;
} ways[] = {
    { 1, { 0 }, WW_AUTH_NONE },
    { 2, { 1, 0 }, WW_AUTH_CLEARTEXT },
    { 2, { 2, 0 }, WW_AUTH_MD5 },
    { 4, { 3, 4, 5, 0 }, WW_AUTH_SCRAM },
    { 2, { 7, 0 }, WW_AUTH_OAUTH },
};

static unsigned way_of(const unsigned char *steps, size_t len)
{
    size_t i;
    for (i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (ways[i].len == len && memcmp(ways[i].steps, steps, len) == 0)
            return ways[i].method;
    return 0;
}

static void finish_tls(void)
{
    ww_tls_info tls = { 0 };
    tls.alpn_postgresql = true;
    ww_conn_tls_done(&p.conn, &tls);
    peer_pump(&p);
}

static void try_order(const ww_conn_config *config, const unsigned char *steps, size_t len,
                      unsigned accepted)
{
    unsigned method = way_of(steps, len);
    size_t i;
    memset(&p.nsent, 0, sizeof p - offsetof(peer, nsent));
    p.send_chunk = 0;
    CHECK(peer_open(&p, config));
    if (config->tls == WW_CONN_TLS_DIRECT)
        finish_tls();
    for (i = 0; i < len; i++)
        peer_say(&p, requests[steps[i]]);
    peer_say(&p, "Z(\"I\")");
    CHECK((p.conn.state == WW_CONN_IDLE) == ((method & accepted) != 0));
    if (p.conn.state == WW_CONN_IDLE) {
        CHECK_EQ_U64(p.conn.auth_done, method);
        CHECK(p.conn.authenticated_peer == (method == WW_AUTH_SCRAM));
    }
    peer_close(&p);
}

/* Every order of up to five requests. */
static void try_all_orders(const ww_conn_config *config, unsigned accepted)
{
    unsigned char steps[MOST] = { 0 };
    size_t len, i;
    for (len = 0; len <= MOST; len++) {
        memset(steps, 0, sizeof steps);
        do {
            try_order(config, steps, len, accepted);
            for (i = 0; i < len && ++steps[i] == NREQUESTS; i++)
                steps[i] = 0;
        } while (i < len);
    }
}

static void orders_by_default(void)
{
    ww_conn_config config = base_config();
    try_all_orders(&config, WW_AUTH_NONE | WW_AUTH_MD5 | WW_AUTH_SCRAM);
}

static void orders_on_a_unix_socket(void)
{
    ww_conn_config config = base_config();
    config.local = true;
    try_all_orders(&config, WW_AUTH_NONE | WW_AUTH_MD5 | WW_AUTH_SCRAM | WW_AUTH_CLEARTEXT);
}

static void orders_with_scram_demanded(void)
{
    ww_conn_config config = base_config();
    config.allowed_auth = WW_AUTH_SCRAM;
    try_all_orders(&config, WW_AUTH_SCRAM);
}

static void orders_with_any_password_demanded(void)
{
    ww_conn_config config = base_config();
    config.allowed_auth = WW_AUTH_SCRAM | WW_AUTH_MD5 | WW_AUTH_CLEARTEXT;
    try_all_orders(&config, WW_AUTH_SCRAM | WW_AUTH_MD5 | WW_AUTH_CLEARTEXT);
}

/* A token goes over TLS only, and only where it may. */
static void orders_with_a_token(void)
{
    ww_conn_config config = base_config();
    config.oauth_token = "a.b-c~+/d_==";
    try_all_orders(&config, WW_AUTH_NONE | WW_AUTH_MD5 | WW_AUTH_SCRAM);
    config.tls = WW_CONN_TLS_DIRECT;
    try_all_orders(&config, WW_AUTH_NONE | WW_AUTH_MD5 | WW_AUTH_SCRAM | WW_AUTH_CLEARTEXT |
                                WW_AUTH_OAUTH);
    config.allowed_auth = WW_AUTH_OAUTH;
    try_all_orders(&config, WW_AUTH_OAUTH);
    config.allowed_auth = WW_AUTH_SCRAM;
    try_all_orders(&config, WW_AUTH_SCRAM);
}

static void orders_with_none_demanded(void)
{
    ww_conn_config config = base_config();
    config.allowed_auth = WW_AUTH_NONE;
    try_all_orders(&config, WW_AUTH_NONE);
}

/* ---- SCRAM seen from the wire ---------------------------------------------------------------- */

#define OFFER "R(0000000a \"SCRAM-SHA-256\\0\\0\")"
#define FIRST(text) "R(0000000b \"" text "\")"
#define GOOD_FIRST FIRST(SERVER_FIRST ",i=4096")
#define FINAL(text) "R(0000000c \"" text "\")"
#define GOOD_FINAL FINAL("v=rZvLmY5dDem4vTuKjhYNvDfsCzhflXoM+xP+Y8Yyktk=")
#define NONCE "AAECAwQFBgcICQoLDA0ODxAR"

/* Each must fail, and as a failure of authentication. */
static void servers_that_do_not_know_the_password(void)
{
    static const char *const exchanges[][2] = {
        { "B10", OFFER FIRST("r=" NONCE ",s=AAAA,i=4096") },
        { "B10", OFFER FIRST("r=XAECAwQFBgcICQoLDA0ODxARx,s=AAAA,i=4096") },
        { "B10", OFFER FIRST("r=,s=AAAA,i=4096") },
        { "B12", OFFER FIRST(SERVER_FIRST ",i=") },
        { "B12", OFFER FIRST(SERVER_FIRST ",i=0") },
        { "B12", OFFER FIRST(SERVER_FIRST ",i=4294967297") },
        { "B12", OFFER FIRST(SERVER_FIRST ",i=2147483647") },
        { "B15", OFFER FIRST("m=ext," SERVER_FIRST ",i=4096") },
        { "B17", OFFER GOOD_FIRST FINAL("v=") },
        { "B17", OFFER GOOD_FIRST FINAL("v=rZvLmY5dDem4vTuKjhYNvDfsCzhflXoM+xP+Y8Yykt") },
        { "B17", OFFER GOOD_FIRST FINAL("v=AZvLmY5dDem4vTuKjhYNvDfsCzhflXoM+xP+Y8Yyktk=") },
        { "B17", OFFER GOOD_FIRST FINAL("e=other-error") },
        { "B17", OFFER GOOD_FIRST FINAL("") },
        { "B19", OFFER GOOD_FIRST "R(00000000)" },
        { "B19", OFFER "R(00000000)" },
    };
    ww_conn_config config = base_config();
    uint8_t bytes[1024];
    size_t i;
    for (i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        memset(&p, 0, sizeof p);
        CHECK(peer_open(&p, &config));
        /* One message at a time: the server waits for our answers. */
        size_t len = script_bytes(exchanges[i][1], bytes, sizeof bytes), at = 0;
        while (at + 5 <= len) {
            size_t size = 1u + ((size_t)bytes[at + 3] << 8 | bytes[at + 4]);
            peer_feed(&p, bytes + at, size);
            at += size;
        }
        if (!check_that(p.status == WW_ERR_AUTH, exchanges[i][0], __FILE__, __LINE__))
            fprintf(stderr, "    %s\n    %s", exchanges[i][1], p.log);
        peer_close(&p);
    }
}

/* The answers wait while PBKDF2 runs, and it runs in slices. */
static void hashing_in_slices(void)
{
    ww_conn_config config = base_config();
    size_t cap, slices = 0;
    ww_msg msg;
    ww_status status;
    uint8_t bytes[1024];
    size_t len = script_bytes(GOOD_FIRST GOOD_FINAL, bytes, sizeof bytes);
    config.crypto = ww_crypto_openssl();
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, &config));
    peer_say(&p, OFFER);
    memcpy(ww_conn_recv_buf(&p.conn, &cap), bytes, len);
    ww_conn_recv_ack(&p.conn, len);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_MORE);
    CHECK(p.conn.state == WW_CONN_HASHING);
    do {
        CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_WORK);
        CHECK(ww_conn_next(&p.conn, &msg) == WW_MORE);
        slices++;
        status = ww_conn_work(&p.conn, 500);
    } while (status == WW_MORE);
    CHECK(status == WW_OK && slices == 9); /* 4095 rounds */
    CHECK(p.conn.state == WW_CONN_EXPECT_SASL_FINAL);
    CHECK((ww_conn_wants(&p.conn) & (WW_WANT_SEND | WW_WANT_EVENT)) ==
          (WW_WANT_SEND | WW_WANT_EVENT));
    CHECK(ww_conn_next(&p.conn, &msg) == WW_MORE && p.conn.state == WW_CONN_EXPECT_AUTH_OK);
    CHECK(ww_conn_work(&p.conn, 500) == WW_OK); /* nothing to do */
    peer_close(&p);
}

/* A server that gives up meanwhile is heard afterwards. */
static void the_end_while_hashing(void)
{
    ww_conn_config config = base_config();
    size_t cap;
    ww_msg msg;
    uint8_t bytes[1024];
    size_t len = script_bytes(GOOD_FIRST "E(\"VFATAL\\0C57P01\\0\" 00)", bytes, sizeof bytes);
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, &config));
    peer_say(&p, OFFER);
    memcpy(ww_conn_recv_buf(&p.conn, &cap), bytes, len);
    ww_conn_recv_ack(&p.conn, len);
    ww_conn_recv_eof(&p.conn, true);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_MORE);
    CHECK(ww_conn_work(&p.conn, 5000) == WW_OK);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_ERR_SERVER);
    CHECK_TEXT(ww_conn_error(&p.conn)->sqlstate, "57P01");
    peer_close(&p);
}

static bool holds(const void *memory, size_t size, const char *text)
{
    const char *at = memory;
    size_t n = strlen(text), i;
    for (i = 0; i + n <= size; i++)
        if (memcmp(at + i, text, n) == 0)
            return true;
    return false;
}

/* Once the server has proven itself, nothing of the password is kept. */
static void after_the_proof(void)
{
    ww_conn_config config = base_config();
    config.password = "pencil";
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, &config));
    peer_say(&p, OFFER);
    CHECK(holds(&p.conn, sizeof p.conn, "pencil") && !p.conn.authenticated_peer);
    peer_say(&p, GOOD_FIRST);
    CHECK(p.conn.scram.auth_message_len > 0);
    peer_say(&p, GOOD_FINAL);
    CHECK(p.conn.authenticated_peer && !p.conn.channel_bound);
    CHECK(!holds(&p.conn, sizeof p.conn, "pencil") && p.conn.scram.auth_message_len == 0);
    peer_close(&p);
}

static void limit_of_iterations(void)
{
    ww_conn_config config = base_config();
    config.scram_max_iterations = 4096;
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, &config));
    peer_say(&p, OFFER), peer_say(&p, GOOD_FIRST);
    CHECK(p.conn.state == WW_CONN_EXPECT_SASL_FINAL);
    peer_close(&p);
    config.scram_max_iterations = 4095;
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, &config));
    peer_say(&p, OFFER), peer_say(&p, GOOD_FIRST);
    CHECK(p.status == WW_ERR_AUTH);
    peer_close(&p);
}

/* Only a server that has proven itself may have its text believed. */
static void refusals_before_and_after_the_proof(void)
{
    static const char refusal[] = "E(\"VFATAL\\0C53300\\0Mfull\\0\" 00)";
    static const char *const said[] = { OFFER, GOOD_FIRST, GOOD_FINAL };
    ww_conn_config config = base_config();
    size_t before, i;
    for (before = 0; before <= 3; before++) {
        bool marked;
        memset(&p, 0, sizeof p);
        CHECK(peer_open(&p, &config));
        for (i = 0; i < before; i++)
            peer_say(&p, said[i]);
        peer_say(&p, refusal);
        CHECK(p.status == WW_ERR_SERVER);
        marked = strstr(ww_conn_error(&p.conn)->what, "not authenticated") != NULL;
        CHECK(marked == (before < 3));
        peer_close(&p);
    }
}

/* ---- keys in place of a password ------------------------------------------------------------- */

static void keys_without_a_password(void)
{
    /* ClientKey and ServerKey of "pencil" in this exchange, by Python's hashlib. */
    static const uint8_t client_key[WW_SHA256_SIZE + 1] = {
        0x05, 0x6d, 0x77, 0x12, 0x6a, 0x04, 0xe6, 0x5d, 0x7e, 0xfa, 0x55, 0x12,
        0x7b, 0x19, 0xa9, 0x26, 0x31, 0xa6, 0x94, 0x7d, 0xff, 0xf7, 0xb5, 0x97,
        0xe9, 0xa2, 0xf2, 0xe5, 0xf1, 0xd1, 0x9c, 0xb9,
    };
    static const uint8_t server_key[WW_SHA256_SIZE + 1] = {
        0x75, 0xde, 0x69, 0x78, 0x13, 0xa2, 0xb5, 0x59, 0xcb, 0x34, 0x5b, 0xbb,
        0x56, 0x6c, 0x0f, 0xf8, 0x78, 0x83, 0x69, 0xac, 0x38, 0x39, 0x40, 0xaf,
        0xdf, 0xde, 0x9e, 0x54, 0x25, 0xa1, 0x62, 0x21,
    };
    ww_conn_config config = base_config();
    int wrong;
    for (wrong = 0; wrong < 2; wrong++) {
        config.password = NULL;
        config.scram_client_key = client_key;
        config.scram_server_key = wrong ? client_key : server_key;
        memset(&p, 0, sizeof p);
        CHECK(peer_open(&p, &config));
        peer_say(&p, OFFER);
        peer_say(&p, GOOD_FIRST);
        peer_say(&p, GOOD_FINAL);
        CHECK(p.conn.authenticated_peer == !wrong && !p.conn.password_missing);
        CHECK((p.status == WW_ERR_AUTH) == wrong);
        CHECK(!holds(&p.conn.scram, sizeof p.conn.scram, (const char *)client_key));
        peer_close(&p);
    }
    config.scram_server_key = NULL;
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, &config));
    peer_say(&p, OFFER);
    CHECK(p.status == WW_ERR_AUTH && strstr(p.log, "scram_server_key") != NULL);
    peer_close(&p);
    config.scram_client_key = NULL;
    config.scram_server_key = server_key;
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, &config));
    peer_say(&p, OFFER);
    CHECK(p.status == WW_ERR_AUTH && p.conn.password_missing);
    peer_close(&p);
}

/* ---- channel binding (PROTOCOL 1.7, 1.9) ----------------------------------------------------- */

#define PLAIN_ONLY "R(0000000a \"SCRAM-SHA-256\\0\\0\")"
#define BOTH "R(0000000a \"SCRAM-SHA-256-PLUS\\0SCRAM-SHA-256\\0\\0\")"
#define BOUND "SCRAM-SHA-256-PLUS p=tls-server-end-point,,"
#define PLUS_ONLY "R(0000000a \"SCRAM-SHA-256-PLUS\\0\\0\")"

static void what_we_say_about_binding(void)
{
    static const struct {
        bool tls;
        size_t hash_len; /* 0: an Ed25519 certificate */
        ww_channel_binding binding;
        const char *offered;
        const char *said; /* mechanism and gs2 header; NULL: fails, nothing said */
    } cases[] = {
        { false, 0, WW_CHANNEL_BINDING_PREFER, PLAIN_ONLY, "SCRAM-SHA-256 n,," },
        { false, 0, WW_CHANNEL_BINDING_DISABLE, PLAIN_ONLY, "SCRAM-SHA-256 n,," },
        { false, 0, WW_CHANNEL_BINDING_PREFER, BOTH, NULL }, /* B7 */
        { false, 0, WW_CHANNEL_BINDING_DISABLE, BOTH, NULL },
        { true, 32, WW_CHANNEL_BINDING_PREFER, BOTH, BOUND },
        { true, 64, WW_CHANNEL_BINDING_REQUIRE, BOTH, BOUND },
        { true, 48, WW_CHANNEL_BINDING_PREFER, PLUS_ONLY, BOUND },
        { true, 32, WW_CHANNEL_BINDING_PREFER, PLAIN_ONLY, "SCRAM-SHA-256 y,," },
        { true, 32, WW_CHANNEL_BINDING_REQUIRE, PLAIN_ONLY, NULL }, /* B8 */
        { true, 32, WW_CHANNEL_BINDING_DISABLE, BOTH, "SCRAM-SHA-256 n,," },
        { true, 32, WW_CHANNEL_BINDING_DISABLE, PLAIN_ONLY, "SCRAM-SHA-256 n,," },
        { true, 32, WW_CHANNEL_BINDING_DISABLE, PLUS_ONLY, NULL },
        { true, 0, WW_CHANNEL_BINDING_PREFER, BOTH, "SCRAM-SHA-256 n,," },
        { true, 0, WW_CHANNEL_BINDING_PREFER, PLAIN_ONLY, "SCRAM-SHA-256 n,," },
        { true, 0, WW_CHANNEL_BINDING_PREFER, PLUS_ONLY, NULL },
        { true, 0, WW_CHANNEL_BINDING_REQUIRE, BOTH, NULL }, /* B9 */
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ww_conn_config config = base_config();
        ww_tls_info tls = { 0 };
        char said[64];
        const char *mechanism = (const char *)p.sent + 5;
        memset(&p, 0, sizeof p);
        config.tls = cases[i].tls ? WW_CONN_TLS_DIRECT : WW_CONN_PLAIN;
        config.channel_binding = cases[i].binding;
        CHECK(peer_open(&p, &config));
        tls.alpn_postgresql = true;
        tls.cert_hash_len = cases[i].hash_len;
        if (cases[i].tls)
            ww_conn_tls_done(&p.conn, &tls);
        peer_pump(&p);
        p.nsent = 0;
        memset(p.sent, 0, sizeof p.sent);
        peer_say(&p, cases[i].offered);
        if (cases[i].said == NULL) {
            CHECK(p.status == WW_ERR_AUTH && p.nsent == 0);
        } else {
            const char *gs2 = mechanism + strlen(mechanism) + 5;
            const char *end = strstr(gs2, ",,");
            int len = end != NULL ? (int)(end - gs2 + 2) : 0;
            snprintf(said, sizeof said, "%.20s %.*s", mechanism, len, gs2);
            CHECK_TEXT(said, cases[i].said);
        }
        peer_close(&p);
    }
}

int main(void)
{
    RUN(orders_by_default);
    RUN(orders_on_a_unix_socket);
    RUN(orders_with_scram_demanded);
    RUN(orders_with_any_password_demanded);
    RUN(orders_with_none_demanded);
    RUN(orders_with_a_token);
    RUN(servers_that_do_not_know_the_password);
    RUN(hashing_in_slices);
    RUN(the_end_while_hashing);
    RUN(after_the_proof);
    RUN(limit_of_iterations);
    RUN(refusals_before_and_after_the_proof);
    RUN(keys_without_a_password);
    RUN(what_we_say_about_binding);
    return check_report();
}
