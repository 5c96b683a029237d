/* SPDX-License-Identifier: MIT */
/* test_startup.c: servers that are bad before anybody is logged in: HOSTILE cases A and B. */
#include "hostile.h"

/* ---- A: startup and TLS ---------------------------------------------------------------------- */

static void answers_to_ssl_request(void)
{
    static const struct answer {
        const char *id;
        ww_conn_tls tls;
        const char *said;
        ww_status status;
        const char *says;
    } answers[] = {
        { "A1", WW_CONN_TLS_REQUIRE, "\"S\" R(00000000) Z(\"I\")", WW_ERR_TLS, "an attack" },
        { "A1", WW_CONN_TLS_PREFER, "\"S\" 16", WW_ERR_TLS, "an attack" },
        { "A1", WW_CONN_TLS_PREFER, "\"N\" R(00000000)", WW_ERR_TLS, "an attack" },
        { "A2", WW_CONN_TLS_REQUIRE, "\"N\"", WW_ERR_TLS, "sslmode" },
        { "A3", WW_CONN_TLS_PREFER, "\"E\"", WW_ERR_TLS, "with an error" },
        { "A3", WW_CONN_TLS_REQUIRE, "E(\"M\\x1b]0;pwn\\x07\\0\" 00)", WW_ERR_TLS, "error" },
        { "A4", WW_CONN_TLS_PREFER, "\"HTTP/1.1 400\"", WW_ERR_PROTOCOL, "host and port" },
        { "A4", WW_CONN_TLS_REQUIRE, "\"s\"", WW_ERR_PROTOCOL, "answer 115" },
        { "A4", WW_CONN_TLS_REQUIRE, "00", WW_ERR_PROTOCOL, "answer 0" },
    };
    ww_conn_config config = base_config();
    size_t i;
    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        config.tls = answers[i].tls;
        start(&config);
        peer_say(&p, answers[i].said);
        failed(answers[i].id, answers[i].status, answers[i].says);
        CHECK(p.nsent == 8 && !sent_any("joe")); /* SSLRequest, and nothing else */
        CHECK(strstr(p.log, "pwn") == NULL && ww_conn_error(&p.conn)->message[0] == '\0');
        peer_close(&p);
    }
}

/* Bytes that arrive a little later, in front of the handshake. */
static void stuffing_after_the_answer(void)
{
    ww_conn_config config = base_config();
    ww_tls_info tls = { 0 };
    config.tls = WW_CONN_TLS_REQUIRE;
    start(&config);
    peer_say(&p, "\"S\"");
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_TLS);
    peer_say(&p, "R(00000000)");
    failed("A1", WW_ERR_TLS, "an attack");
    ww_conn_tls_done(&p.conn, &tls);
    CHECK(p.conn.state == WW_CONN_FAILED && p.nsent == 8);
    peer_close(&p);
}

static void silence_and_end_after_ssl_request(void)
{
    ww_conn_config config = base_config();
    int clean;
    for (clean = 0; clean < 2; clean++) {
        config.tls = WW_CONN_TLS_PREFER;
        start(&config);
        peer_eof(&p, clean == 1);
        failed("A5", WW_ERR_IO, "EXPECT_SSL_ANSWER");
        CHECK(p.nsent == 8);
        peer_close(&p);
        start(&config);
        peer_say(&p, "\"S\"");
        peer_eof(&p, clean == 1);
        failed("A5", WW_ERR_IO, "EXPECT_TLS");
        peer_close(&p);
    }
}

static void finish_tls(bool alpn, size_t hash_len)
{
    ww_tls_info tls = { 0 };
    tls.alpn_postgresql = alpn;
    tls.cert_hash_len = hash_len;
    ww_conn_tls_done(&p.conn, &tls);
    peer_pump(&p);
}

static void direct_tls(void)
{
    ww_conn_config config = base_config();
    config.tls = WW_CONN_TLS_DIRECT;
    start(&config);
    CHECK(ww_conn_wants(&p.conn) == WW_WANT_TLS && p.nsent == 0);
    finish_tls(false, 32);
    failed("A8", WW_ERR_TLS, "ALPN");
    CHECK(p.nsent == 0);
    peer_close(&p);
    start(&config);
    finish_tls(true, 32);
    CHECK(sent_any("joe"));
    peer_close(&p);
}

static void misuse_of_tls_done(void)
{
    ww_conn_config config = base_config();
    ww_tls_info tls = { 0 };
    start(&config);
    finish_tls(true, 32);
    failed("nobody asked", WW_ERR_USAGE, "nobody asked");
    peer_close(&p);
    config.tls = WW_CONN_TLS_DIRECT;
    start(&config);
    finish_tls(true, 65);
    failed("65 bytes of digest", WW_ERR_USAGE, "cert_hash_len");
    peer_close(&p);
    /* 'S' before our request was even sent: the request goes first, in clear text. */
    memset(&p, 0, sizeof p);
    p.recv = malloc(WW_MIN_RECV_BUFFER);
    config.tls = WW_CONN_TLS_REQUIRE;
    config.struct_size = sizeof config;
    config.recv_buffer = p.recv, config.recv_size = WW_MIN_RECV_BUFFER;
    config.send_buffer = p.send, config.send_size = sizeof p.send;
    CHECK(ww_conn_init(&p.conn, &config, NULL) == WW_OK);
    {
        size_t cap;
        ww_msg msg;
        *ww_conn_recv_buf(&p.conn, &cap) = 'S';
        ww_conn_recv_ack(&p.conn, 1);
        CHECK(ww_conn_next(&p.conn, &msg) == WW_MORE);
    }
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_SEND);
    ww_conn_tls_done(&p.conn, &tls);
    CHECK(ww_conn_error(&p.conn)->status == WW_ERR_USAGE);
    peer_close(&p);
}

/* ---- B: authentication ----------------------------------------------------------------------- */

static void requests_that_are_refused(void)
{
    static const struct request {
        const char *id;
        unsigned allowed;
        ww_channel_binding binding;
        const char *said;
        ww_status status;
        const char *says;
    } requests[] = {
        { "B1", 0, 0, "R(00000003)", WW_ERR_AUTH, "clear text over an unencrypted" },
        { "B1", WW_AUTH_CLEARTEXT_SAFE, 0, "R(00000003)", WW_ERR_AUTH, "clear text" },
        { "B1", WW_AUTH_SCRAM, 0, "R(00000003)", WW_ERR_AUTH, "require_auth does not allow" },
        { "B2", WW_AUTH_SCRAM, 0, "R(00000005 01020304)", WW_ERR_AUTH, "require_auth" },
        { "B2", WW_AUTH_CLEARTEXT, 0, "R(00000005 01020304)", WW_ERR_AUTH, "md5" },
        { "B2", WW_AUTH_MD5, 0, "R(0000000a \"SCRAM-SHA-256\\0\\0\")", WW_ERR_AUTH, "scram" },
        { "B3", WW_AUTH_SCRAM | WW_AUTH_MD5, 0, "R(00000000)", WW_ERR_AUTH, "demands one" },
        { "B4", 0, 0, "R(000003e7)", WW_ERR_AUTH, "code 999" },
        { "B4", 0, 0, "R(00000002)", WW_ERR_AUTH, "Kerberos V5" },
        { "B4", 0, 0, "R(00000007)", WW_ERR_AUTH, "GSSAPI" },
        { "B4", 0, 0, "R(00000009)", WW_ERR_AUTH, "SSPI" },
        { "B4", 0, 0, "R(00000008 \"token\")", WW_ERR_AUTH, "GSSAPI" },
        { "B4", 0, 0, "R(ffffffff)", WW_ERR_AUTH, "code 4294967295" },
        { "B5", 0, 0, "R()", WW_ERR_PROTOCOL, "length 4" },
        { "B5", 0, 0, "R(000000)", WW_ERR_PROTOCOL, "length 7" },
        { "B5", 0, 0, "52 000007d1", WW_ERR_PROTOCOL, "length 2001" },
        { "B5", 0, 0, "52 80000000", WW_ERR_PROTOCOL, "length 2147483648" },
        { "B5", 0, 0, "52 ffffffff", WW_ERR_PROTOCOL, "length 4294967295" },
        { "B5", 0, 0, "R(00000000 00)", WW_ERR_PROTOCOL, "bytes behind the last field" },
        { "B5", WW_AUTH_CLEARTEXT, 0, "R(00000003 00)", WW_ERR_PROTOCOL, "bytes behind" },
        { "B5", 0, 0, "R(00000005 010203)", WW_ERR_PROTOCOL, "middle of a field" },
        { "B5", 0, 0, "R(00000005 0102030405)", WW_ERR_PROTOCOL, "bytes behind" },
        { "B6", 0, 0, "R(0000000a \"SCRAM-SHA-256\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "B6", 0, 0, "R(0000000a \"SCRAM-SHA-256\\0\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "B6", 0, 0, "R(0000000a \"SCRAM-SHA-256\\0\\0x\")", WW_ERR_PROTOCOL, "bytes behind" },
        { "B6", 0, 0, "R(0000000a 00)", WW_ERR_PROTOCOL, "empty list" },
        { "B6", 0, 0, "R(0000000a)", WW_ERR_PROTOCOL, "terminating NUL" },
        { "B6", 0, 0, "R(0000000a \"OAUTHBEARER\\0\\0\")", WW_ERR_AUTH, "OAuth token over an un" },
        { "B6", WW_AUTH_SCRAM, 0, "R(0000000a \"OAUTHBEARER\\0\\0\")", WW_ERR_AUTH, "oauth" },
        { "B6", 0, 0, "R(0000000a \"OAUTHBEARER\\0x\")", WW_ERR_PROTOCOL, "terminating NUL" },
        { "B6", 0, 0, "R(0000000a \"XOAUTH2\\0GSSAPI\\0\\0\")", WW_ERR_AUTH, "XOAUTH2" },
        { "B6", 0, 0, "R(0000000a \"scram-sha-256\\0SCRAM\\0\\0\")", WW_ERR_AUTH, "scram-sha-256" },
        { "B7", 0, 0, "R(0000000a \"SCRAM-SHA-256\\0SCRAM-SHA-256-PLUS\\0\\0\")", WW_ERR_AUTH,
          "an attack" },
        { "order", 0, 0, "R(0000000b \"r=x\")", WW_ERR_PROTOCOL, "AuthenticationSASLContinue in" },
        { "order", 0, 0, "R(0000000c \"v=x\")", WW_ERR_PROTOCOL, "AuthenticationSASLFinal in" },
        { "order", 0, 0, "R(00000000) R(00000000)", WW_ERR_PROTOCOL, "Authentication in state" },
        { "order", 0, 0, "Z(\"I\")", WW_ERR_PROTOCOL, "ReadyForQuery in state EXPECT_AUTH" },
        { "order", 0, 0, "N(00)", WW_ERR_PROTOCOL, "NoticeResponse in state EXPECT_AUTH" },
    };
    ww_conn_config config = base_config();
    size_t i;
    for (i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        config.allowed_auth = requests[i].allowed;
        config.channel_binding = requests[i].binding;
        start(&config);
        peer_say(&p, requests[i].said);
        failed(requests[i].id, requests[i].status, requests[i].says);
        CHECK(!sent_any("canary"));
        CHECK(p.nsent == 18); /* StartupMessage only */
        peer_close(&p);
    }
}

static void a_thousand_mechanisms(void)
{
    ww_conn_config config = base_config();
    uint8_t message[2001] = { 'R', 0, 0, 0x07, 0xd0, 0, 0, 0, 10 };
    size_t i;
    message[9] = 'x';
    for (i = 0; i < 995; i++)
        message[10 + 2 * i] = 'x';
    message[2000] = 'x'; /* no room for the last NUL */
    start(&config);
    peer_feed(&p, message, sizeof message);
    failed("B6", WW_ERR_PROTOCOL, "terminating NUL");
    peer_close(&p);
    message[2000] = 0;
    start(&config);
    peer_feed(&p, message, sizeof message);
    failed("B6", WW_ERR_AUTH, "no SASL mechanism");
    peer_close(&p);
}

static void nothing_to_answer_with(void)
{
    static const char *const asked[] = { "R(00000003)", "R(00000005 01020304)",
                                         "R(0000000a \"SCRAM-SHA-256\\0\\0\")" };
    ww_conn_config config = base_config();
    size_t i;
    for (i = 0; i < 3; i++) {
        config = base_config();
        config.local = true;
        config.password = NULL;
        start(&config);
        peer_say(&p, asked[i]);
        failed("no password", WW_ERR_AUTH, "none was given");
        peer_close(&p);
        config.password = "";
        start(&config);
        peer_say(&p, asked[i]);
        failed("empty password", WW_ERR_AUTH, "none was given");
        peer_close(&p);
        config.password = "canary";
        config.crypto = NULL;
        start(&config);
        peer_say(&p, asked[i]);
        if (i == 0)
            CHECK(p.status == WW_MORE && sent_any("canary"));
        else
            failed("no cryptography", WW_ERR_AUTH, "no cryptography");
        peer_close(&p);
    }
}

/* channel_binding=require: only PLUS will do; what cannot be PLUS fails before anything is sent. */
static void required_binding(void)
{
    static const char *const asked[] = {
        "R(00000000)", "R(00000003)", "R(00000005 01020304)", "R(0000000a \"SCRAM-SHA-256\\0\\0\")",
    };
    ww_conn_config config = base_config();
    size_t i;
    config.channel_binding = WW_CHANNEL_BINDING_REQUIRE;
    memset(&p, 0, sizeof p);
    CHECK(!peer_open(&p, &config));
    failed("require, plain", WW_ERR_AUTH, "needs TLS");
    peer_close(&p);
    config.tls = WW_CONN_TLS_PREFER;
    start(&config);
    peer_say(&p, "\"N\"");
    failed("require, declined", WW_ERR_AUTH, "needs TLS");
    CHECK(p.nsent == 8);
    peer_close(&p);
    start(&config);
    peer_say(&p, "\"S\"");
    finish_tls(true, 0);
    failed("B9", WW_ERR_AUTH, "cannot bind");
    CHECK(p.nsent == 8);
    peer_close(&p);
    for (i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        start(&config);
        peer_say(&p, "\"S\"");
        finish_tls(true, 32);
        peer_say(&p, asked[i]);
        failed("B8", WW_ERR_AUTH, "channel_binding=require");
        CHECK(p.nsent == 8 + 18);
        peer_close(&p);
    }
}

static bool no_md5(void *ctx, const ww_slice *parts, size_t nparts, uint8_t *out)
{
    (void)ctx, (void)parts, (void)nparts, (void)out;
    return false;
}

static void md5_under_fips(void)
{
    ww_conn_config config = base_config();
    ww_crypto crypto = fake;
    start(&config);
    peer_say(&p, "R(00000005 01020304)");
    CHECK(p.status == WW_MORE && !sent_any("canary") && sent_any("md5"));
    peer_close(&p);
    crypto.md5 = no_md5;
    config.crypto = &crypto;
    start(&config);
    peer_say(&p, "R(00000005 01020304)");
    failed("md5", WW_ERR_AUTH, "FIPS");
    CHECK(!sent_any("md5"));
    peer_close(&p);
}

/* An 'N' that overtakes our own SSLRequest finds no room behind it. */
static void no_room_for_the_startup_packet(void)
{
    static char value[WW_MIN_SEND_BUFFER - 26];
    static const ww_param param = { "a", value };
    ww_conn_config config = base_config();
    size_t cap;
    ww_msg msg;
    memset(value, 'x', sizeof value - 1);
    memset(&p, 0, sizeof p);
    p.recv = malloc(WW_MIN_RECV_BUFFER);
    config.tls = WW_CONN_TLS_PREFER;
    config.params = &param, config.nparams = 1;
    config.struct_size = sizeof config;
    config.recv_buffer = p.recv, config.recv_size = WW_MIN_RECV_BUFFER;
    config.send_buffer = p.send, config.send_size = WW_MIN_SEND_BUFFER;
    CHECK(ww_conn_init(&p.conn, &config, NULL) == WW_OK);
    *ww_conn_recv_buf(&p.conn, &cap) = 'N';
    ww_conn_recv_ack(&p.conn, 1);
    CHECK((ww_conn_wants(&p.conn) & WW_WANT_EVENT) != 0);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_ERR_LIMIT);
    CHECK_TEXT(ww_conn_error(&p.conn)->subject, "send_size");
    peer_close(&p);
}

/* ---- NegotiateProtocolVersion ---------------------------------------------------------------- */

static void negotiations(void)
{
    static const struct negotiation {
        uint32_t asked, least;
        const char *said;
        const char *says; /* NULL: fine */
    } negotiations[] = {
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000000)", NULL },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000001 \"_pq_.a\\0\")", NULL },
        { WW_PROTOCOL_3_0, 0, "v(00030000 00000002 \"_pq_.b\\0_pq_.a\\0\")", NULL },
        { WW_PROTOCOL_3_2, 0, "v(00030002 00000001 \"_pq_.a\\0\")", NULL },
        { WW_PROTOCOL_3_2, WW_PROTOCOL_3_2, "v(00030000 00000000)", "min_protocol_version" },
        { WW_PROTOCOL_3_2, 0, "v(00030002 00000000)", "about nothing" },
        { WW_PROTOCOL_3_0, 0, "v(00030000 00000000)", "about nothing" },
        { WW_PROTOCOL_3_2, 0, "v(00030003 00000000)", "not asked for" },
        { WW_PROTOCOL_3_0, 0, "v(00030002 00000000)", "not asked for" },
        { WW_PROTOCOL_3_2, 0, "v(00030001 00000000)", "not asked for" },
        { WW_PROTOCOL_3_2, 0, "v(00020000 00000000)", "not asked for" },
        { WW_PROTOCOL_3_2, 0, "v(00000000 00000000)", "not asked for" },
        { WW_PROTOCOL_3_2, 0, "v(ffffffff 00000000)", "not asked for" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 ffffffff)", "negative count" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 7fffffff)", "terminating NUL" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000001)", "terminating NUL" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000001 \"_pq_.a\")", "terminating NUL" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000000 \"_pq_.a\\0\")", "bytes behind" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000001 \"_pq_.c\\0\")", "option that was not" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000001 \"work_mem\\0\")", "option that was not" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000001 00)", "option that was not" },
        { WW_PROTOCOL_3_2, 0, "v(000300)", "length 7" },
        { WW_PROTOCOL_3_2, 0, "v(00030000 00000000) v(00030000 00000000)", "a second" },
    };
    static const ww_param params[] = { { "_pq_.a", "" }, { "work_mem", "1" }, { "_pq_.b", "1" } };
    ww_conn_config config = base_config();
    size_t i;
    config.params = params;
    config.nparams = 3;
    for (i = 0; i < sizeof negotiations / sizeof negotiations[0]; i++) {
        config.protocol = negotiations[i].asked;
        config.min_protocol = negotiations[i].least;
        start(&config);
        peer_say(&p, negotiations[i].said);
        if (negotiations[i].says != NULL)
            failed(negotiations[i].said, WW_ERR_PROTOCOL, negotiations[i].says);
        else
            CHECK(p.status == WW_MORE && p.conn.negotiated && p.conn.protocol ==
                  (strncmp(negotiations[i].said, "v(00030002", 10) == 0 ? WW_PROTOCOL_3_2
                                                                        : WW_PROTOCOL_3_0));
        peer_close(&p);
    }
}

/* The token goes where the configuration, the encryption and the server say so; a server that
 * refuses it and then lets us in is none. */
static void tokens(void)
{
    static const char offer[] = "R(0000000a \"OAUTHBEARER\\0\\0\")";
    static const char *const bad[] = { "xy z", "a\x01-b", "a=b", "\xc3\xa4", "a," };
    static const char *const answers[] = {
        "R(0000000b \"{}\") R(00000000)",        /* refused, and let in */
        "R(0000000b \"{}\") R(0000000b \"{}\")", /* refused twice */
        "R(0000000c \"\")",                      /* there is no final message */
        "R(00000003)", "Z(\"I\")", "S(\"a\\0b\\0\")",
    };
    ww_conn_config config = base_config();
    size_t i;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config.oauth_token = bad[i];
        memset(&p, 0, sizeof p);
        CHECK(!peer_open(&p, &config));
        failed("bad token", WW_ERR_USAGE, "oauth_token");
        CHECK(strstr(p.log, bad[i]) == NULL);
        peer_close(&p);
    }
    config.tls = WW_CONN_TLS_DIRECT;
    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        config.oauth_token = "canary";
        start(&config);
        finish_tls(true, 32);
        peer_say(&p, offer);
        CHECK(p.conn.state == WW_CONN_EXPECT_OAUTH_ANSWER);
        CHECK(sent_any("auth=Bearer canary\x01\x01"));
        peer_say(&p, answers[i]);
        failed("answer", WW_ERR_PROTOCOL, "in state EXPECT_OAUTH_");
        peer_close(&p);
    }
    config.oauth_token = "";
    start(&config);
    finish_tls(true, 32);
    peer_say(&p, offer);
    failed("no token", WW_ERR_AUTH, "none was given");
    CHECK(!p.conn.password_missing);
    peer_close(&p);
    config.oauth_token = "canary";
    config.channel_binding = WW_CHANNEL_BINDING_REQUIRE;
    start(&config);
    finish_tls(true, 32);
    peer_say(&p, offer);
    failed("binding", WW_ERR_AUTH, "channel_binding=require");
    CHECK(!sent_any("canary"));
    peer_close(&p);
}

int main(void)
{
    RUN(answers_to_ssl_request);
    RUN(stuffing_after_the_answer);
    RUN(silence_and_end_after_ssl_request);
    RUN(direct_tls);
    RUN(misuse_of_tls_done);
    RUN(requests_that_are_refused);
    RUN(a_thousand_mechanisms);
    RUN(nothing_to_answer_with);
    RUN(required_binding);
    RUN(md5_under_fips);
    RUN(no_room_for_the_startup_packet);
    RUN(negotiations);
    RUN(tokens);
    return check_report();
}
