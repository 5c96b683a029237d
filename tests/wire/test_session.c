/* SPDX-License-Identifier: MIT */
/* test_session.c: what the engine keeps of a session, what errors say, and how connections end. */
#include "hostile.h"

static void every_field(void)
{
    static const char fields[] =
        "E(\"Sa\\0Vb\\0C12345\\0Mc\\0Dd\\0He\\0P1\\0p2\\0qf\\0Wg\\0sh\\0ti\\0cj\\0dk\\0nl\\0Fm\\0L3"
        "\\0Rn\\0\" 00)";
    uint8_t bytes[256];
    size_t len = script_bytes(fields, bytes, sizeof bytes);
    ww_msg msg = { WW_MSG_ERROR, { bytes + 5, len - 5 } };
    ww_server_error e;
    ww_error err;
    ww_msg_error(&msg, &e);
    CHECK_SLICE(e.severity_localized, "a");
    CHECK_SLICE(e.severity, "b");
    CHECK_SLICE(e.sqlstate, "12345");
    CHECK_SLICE(e.message, "c");
    CHECK_SLICE(e.detail, "d");
    CHECK_SLICE(e.hint, "e");
    CHECK_SLICE(e.position, "1");
    CHECK_SLICE(e.internal_position, "2");
    CHECK_SLICE(e.internal_query, "f");
    CHECK_SLICE(e.context, "g");
    CHECK_SLICE(e.schema, "h");
    CHECK_SLICE(e.table, "i");
    CHECK_SLICE(e.column, "j");
    CHECK_SLICE(e.type_name, "k");
    CHECK_SLICE(e.constraint, "l");
    CHECK_SLICE(e.file, "m");
    CHECK_SLICE(e.line, "3");
    CHECK_SLICE(e.routine, "n");
    ww_error_from_server(&msg, &err);
    ww_error_from_server(&msg, NULL);
    CHECK(err.status == WW_ERR_SERVER && err.msg_type == 'E');
    CHECK_TEXT(err.sqlstate, "12345");
    CHECK_TEXT(err.severity, "b");
    CHECK_TEXT(err.message, "c");
    CHECK_TEXT(err.detail, "d");
    CHECK_TEXT(err.hint, "e");
    CHECK_TEXT(err.routine, "n");
}

/* An old pooler sends no V. */
static void severity_without_v(void)
{
    go(0);
    peer_say(&p, "E(\"SFATAL\\0C08P01\\0Mno such pool\\0\" 00)");
    CHECK_TEXT(ww_conn_error(&p.conn)->severity, "FATAL");
    peer_close(&p);
}

static void versions(void)
{
    static const struct version {
        const char *text;
        int number;
    } versions[] = {
        { "18.4", 180004 },       { "15.18 (Debian 15.18-0+deb12u1)", 150018 },
        { "19beta2", 190000 },    { "20devel", 200000 },
        { "10.23", 100023 },      { "9.6.24", 90624 },
        { "9.6", 90600 },         { "18.6 (x)", 180006 },
        { "9999.9999", 99999999 }, { "", 0 },
        { "x", 0 },               { "-1", 0 },
        { "999999999999", 0 },    { "10000", 0 },
        { "18.10000", 0 },        { "18.", 0 },
        { "9.100.1", 0 },         { "9.6.100", 0 },
        { "9.6.x", 0 },           { "9.x", 0 },
        { " 18", 0 },             { "0", 0 },
    };
    char text[256];
    size_t i;
    for (i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        go(1);
        snprintf(text, sizeof text, "S(\"server_version\\0%s\\0\")", versions[i].text);
        peer_say(&p, text);
        if (!CHECK(p.status == WW_MORE && p.conn.server_version == versions[i].number))
            fprintf(stderr, "    \"%s\" is read as %d\n", versions[i].text, p.conn.server_version);
        CHECK_TEXT(p.conn.server_version_text, versions[i].text);
        peer_close(&p);
    }
}

static void settings(void)
{
    char text[256];
    go(1);
    snprintf(text, sizeof text, "S(\"server_version\\0" "18.4 %0100d\\0\")", 7);
    peer_say(&p, text);
    CHECK(p.conn.server_version == 180004);
    CHECK_EQ_U64(strlen(p.conn.server_version_text), sizeof p.conn.server_version_text - 1);
    peer_say(&p, "S(\"in_hot_standby\\0on\\0\")");
    CHECK(p.conn.in_hot_standby);
    peer_say(&p, "S(\"standard_conforming_strings\\0off\\0\") S(\"client_encoding\\0UTF8\\0\")");
    peer_say(&p, "S(0000)");
    CHECK(p.status == WW_MORE);
    peer_say(&p, "Z(\"I\") S(\"in_hot_standby\\0off\\0\")");
    CHECK(!p.conn.in_hot_standby && p.conn.state == WW_CONN_IDLE);
    peer_close(&p);
}

/* Such a database converts nothing: its bytes cannot be asked for as anything else. */
static void sql_ascii(void)
{
    go(1);
    peer_say(&p, "S(\"client_encoding\\0UTF8\\0\") S(\"server_encoding\\0SQL_ASCII\\0\") Z(\"I\")");
    CHECK(p.conn.sql_ascii && p.status == WW_MORE);
    peer_say(&p, "S(\"client_encoding\\0SQL_ASCII\\0\") S(\"client_encoding\\0UTF8\\0\")");
    CHECK(p.conn.sql_ascii && p.status == WW_MORE);
    peer_close(&p);
    go(1);
    peer_say(&p, "S(\"server_encoding\\0UTF8\\0\")");
    CHECK(!p.conn.sql_ascii);
    peer_close(&p);
}

/* C20: what a client may try again. */
static void retry_classes(void)
{
    static const struct refusal {
        const char *sqlstate;
        ww_status status;
        bool retryable;
    } refusals[] = {
        { "57P01", WW_ERR_SERVER, true },  { "57P02", WW_ERR_SERVER, true },
        { "57P03", WW_ERR_SERVER, true },  { "53300", WW_ERR_SERVER, true },
        { "3D000", WW_ERR_SERVER, false }, { "42501", WW_ERR_SERVER, false },
        { "58P01", WW_ERR_SERVER, false }, { "08P01", WW_ERR_SERVER, false },
        { "28P01", WW_ERR_AUTH, false },   { "28000", WW_ERR_AUTH, false },
    };
    char text[128];
    size_t i;
    int place;
    for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        for (place = 0; place < 2; place++) {
            go(place);
            snprintf(text, sizeof text, "E(\"VFATAL\\0C%s\\0Mtext\\0\" 00)", refusals[i].sqlstate);
            peer_say(&p, text);
            failed(refusals[i].sqlstate, refusals[i].status, "the server refused the");
            CHECK_TEXT(ww_conn_error(&p.conn)->sqlstate, refusals[i].sqlstate);
            CHECK(ww_status_retryable(ww_conn_error(&p.conn)) == refusals[i].retryable);
            CHECK((strstr(ww_conn_error(&p.conn)->what, "not authenticated") != NULL) ==
                  (place == 0));
            peer_close(&p);
        }
    }
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void ends(void)
{
    static const struct end {
        int place;
        const char *said;
        bool clean;
        ww_status status;
        const char *says;
    } ends[] = {
        { 0, "", true, WW_ERR_IO, "closed the connection" },
        { 0, "", false, WW_ERR_IO, "was lost" },
        { 1, "", true, WW_ERR_IO, "EXPECT_READY" },
        { 2, "", true, WW_END, "" },
        { 2, "", false, WW_ERR_IO, "IDLE" },
        { 2, "E(\"VFATAL\\0C57P01\\0\" 00)", true, WW_END, "" },
        { 2, "4e", true, WW_ERR_IO, "middle of a message" },
        { 3, "", true, WW_ERR_IO, "BUSY" },
        { 3, "E(\"VFATAL\\0C57P01\\0\" 00)", true, WW_ERR_IO, "BUSY" },
        { 4, "", true, WW_ERR_IO, "COPY_BOTH" },
        { 4, "64 00000010 \"torn\"", true, WW_ERR_IO, "middle of a message" }, /* A10 */
        { 4, "64 0000", false, WW_ERR_IO, "middle of a message" },
        { 4, "c()", true, WW_ERR_IO, "COPY_ENDED" },
        { 4, "C(\"COPY 0\\0\")", true, WW_END, "" },
        { 4, "C(\"COPY 0\\0\")", false, WW_ERR_IO, "COPY_COMPLETE" },
        { 4, "E(\"VFATAL\\0C57P01\\0\" 00)", true, WW_END, "" },
    };
    size_t i;
    ww_msg msg;
    for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        go(ends[i].place);
        peer_say(&p, ends[i].said);
        peer_eof(&p, ends[i].clean);
        if (ends[i].status < 0)
            failed(ends[i].said, ends[i].status, ends[i].says);
        else
            CHECK(p.status == WW_END && p.conn.state == WW_CONN_CLOSED);
        CHECK(ww_conn_next(&p.conn, &msg) == ends[i].status);
        CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_CLOSED);
        peer_close(&p);
    }
}

/* What was received before the end is handed out before it. */
static void messages_before_the_end(void)
{
    size_t cap;
    ww_msg msg;
    go(4);
    memcpy(ww_conn_recv_buf(&p.conn, &cap), "d\0\0\0\005ad\0\0\0\005b", 12);
    ww_conn_recv_ack(&p.conn, 12);
    ww_conn_recv_eof(&p.conn, true);
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_EVENT);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_OK && msg.body.ptr[0] == 'a');
    CHECK(ww_conn_next(&p.conn, &msg) == WW_OK && msg.body.ptr[0] == 'b');
    CHECK(ww_conn_next(&p.conn, &msg) == WW_ERR_IO);
    peer_close(&p);
}

static void cancel_packets(void)
{
    ww_conn_config config = base_config();
    uint8_t packet[272];
    go(2);
    CHECK_EQ_U64(ww_conn_cancel_packet(&p.conn, packet, sizeof packet), 0);
    peer_close(&p);
    go(1);
    peer_say(&p, "K(01020304 a0a1a2a3)");
    CHECK_EQ_U64(ww_conn_cancel_packet(&p.conn, packet, sizeof packet), 16);
    CHECK(memcmp(packet, "\0\0\0\020\004\322\026\056\001\002\003\004\240\241\242\243", 16) == 0);
    CHECK_EQ_U64(ww_conn_cancel_packet(&p.conn, packet, 15), 0);
    peer_close(&p);
    config.protocol = WW_PROTOCOL_3_2;
    start(&config);
    peer_say(&p, "R(00000000)");
    {
        uint8_t key[5 + 4 + 256] = { 'K', 0, 0, 1, 8, 0, 0, 0, 9 };
        memset(key + 9, 0x5c, 256);
        peer_feed(&p, key, sizeof key);
    }
    peer_say(&p, "Z(\"I\")");
    CHECK(p.conn.state == WW_CONN_IDLE && p.conn.backend_pid == 9);
    CHECK_EQ_U64(ww_conn_cancel_packet(&p.conn, packet, sizeof packet), 268);
    CHECK(packet[2] == 1 && packet[3] == 12 && packet[267] == 0x5c);
    peer_close(&p);
}

/* ---- traces ---------------------------------------------------------------------------------- */

typedef struct told {
    char text[4096];
    size_t len, count;
} told;

static void tell(void *ctx, const ww_traced *m)
{
    told *t = ctx;
    t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%c %s %s %zu %.*s\n",
                               m->sent ? '>' : '<', m->name, m->state, m->length,
                               (int)m->body.len, (const char *)m->body.ptr);
    t->count++;
}

/* Whatever is said is told, in order, and nothing of the password, the salt or the key. */
static void messages_are_told(void)
{
    static told t;
    ww_conn_config config = base_config();
    memset(&t, 0, sizeof t);
    config.trace.ctx = &t;
    config.trace.message = tell;
    config.tls = WW_CONN_TLS_PREFER;
    start(&config);
    peer_say(&p, "\"N\"");
    peer_say(&p, "R(00000005 \"SALT\")");
    peer_say(&p, "R(00000000) S(\"a\\0b\\0\") K(00000001 \"KEYS\") Z(\"I\")");
    CHECK(ww_conn_query(&p.conn, ww_slice_of("select"), NULL) == WW_OK);
    peer_say(&p, "W(000000) d(\"x\") d(\"y\")");
    CHECK(ww_conn_copy_data(&p.conn, ww_slice_of("r"), NULL) == WW_OK);
    CHECK(ww_conn_copy_done(&p.conn, NULL) == WW_OK);
    peer_say(&p, "c() C(\"COPY\\0\") Z(\"I\")");
    CHECK(ww_conn_terminate(&p.conn, NULL) == WW_OK);
    CHECK_TEXT(t.text, "> SSLRequest EXPECT_SSL_ANSWER 8 \x04\xd2\x16/\n"
                       "< SSLRequest answered N EXPECT_SSL_ANSWER 1 \n"
                       "> StartupMessage EXPECT_SSL_ANSWER 18 \n"
                       "< AuthenticationMD5Password EXPECT_AUTH 13 \n"
                       "> PasswordMessage EXPECT_AUTH 0 \n"
                       "< AuthenticationOk EXPECT_AUTH_OK 9 \n"
                       "< ParameterStatus EXPECT_READY 9 a\n"
                       "< BackendKeyData EXPECT_READY 13 \n"
                       "< ReadyForQuery EXPECT_READY 6 I\n"
                       "> Query IDLE 12 select\n"
                       "< CopyBothResponse BUSY 8 \n"
                       "< CopyData COPY_BOTH 6 x\n"
                       "< CopyData COPY_BOTH 6 y\n"
                       "> CopyData COPY_BOTH 6 r\n"
                       "> CopyDone COPY_BOTH 5 \n"
                       "< CopyDone COPY_ENDING 5 \n"
                       "< CommandComplete COPY_ENDED 10 COPY\n"
                       "< ReadyForQuery COPY_COMPLETE 6 I\n"
                       "> Terminate IDLE 5 \n");
    CHECK_EQ_U64(t.count, 19);
    peer_close(&p);
}

static void names_of_answers(void)
{
    static told t;
    ww_conn_config config = base_config();
    ww_tls_info tls = { 0 };
    memset(&t, 0, sizeof t);
    config.trace.ctx = &t;
    config.trace.message = tell;
    start(&config);
    peer_say(&p, "R(0000000a \"SCRAM-SHA-256\\0\\0\")");
    peer_close(&p);
    CHECK(strstr(t.text, "> SASLInitialResponse EXPECT_AUTH 0 \n") != NULL);
    memset(&t, 0, sizeof t);
    config.oauth_token = "canary";
    config.tls = WW_CONN_TLS_DIRECT;
    start(&config);
    tls.alpn_postgresql = true;
    ww_conn_tls_done(&p.conn, &tls);
    peer_say(&p, "R(0000000a \"OAUTHBEARER\\0\\0\")");
    peer_say(&p, "R(0000000b \"{}\")");
    peer_close(&p);
    CHECK(strstr(t.text, "> SASLInitialResponse EXPECT_AUTH 0 \n") != NULL);
    CHECK(strstr(t.text, "> SASLResponse EXPECT_OAUTH_ANSWER 0 \n") != NULL);
    CHECK(strstr(t.text, "canary") == NULL);
}

int main(void)
{
    RUN(every_field);
    RUN(severity_without_v);
    RUN(versions);
    RUN(settings);
    RUN(sql_ascii);
    RUN(retry_classes);
    RUN(ends);
    RUN(messages_before_the_end);
    RUN(cancel_packets);
    RUN(messages_are_told);
    RUN(names_of_answers);
    return check_report();
}
