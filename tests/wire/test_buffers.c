/* SPDX-License-Identifier: MIT */
/* test_buffers.c: partial sends, growth, lifetimes, limits at n and n + 1, what is wiped, and what
 * ww_conn_init() refuses. */
#include "check.h"
#include "script.h"

static peer p;

static void open_at(const char *said, const ww_conn_config *config)
{
    static const ww_conn_config none;
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, config != NULL ? config : &none));
    peer_say(&p, said);
    CHECK(p.status == WW_MORE);
}

static void open_stream(const ww_conn_config *config)
{
    open_at("R(00000000) Z(\"I\")", config);
    CHECK(ww_conn_query(&p.conn, ww_slice_of("START"), NULL) == WW_OK);
    peer_pump(&p);
    peer_say(&p, "W(000000)");
    CHECK(p.conn.state == WW_CONN_COPY_BOTH);
}

/* A header of `type` that claims a body of so many bytes. */
static void say_header(char type, size_t body)
{
    size_t len = body + 4;
    uint8_t h[5] = { (uint8_t)type, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                     (uint8_t)len };
    peer_feed(&p, h, sizeof h);
}

static bool was_refused(ww_status status, const char *text)
{
    const ww_error *err = ww_conn_error(&p.conn);
    bool as_expected = p.status == status &&
                       (strstr(err->what, text) != NULL || strstr(err->subject, text) != NULL);
    if (!as_expected)
        fprintf(stderr, "%s\n", p.log);
    return as_expected;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void check_limit(const char *said, char type, size_t max, ww_status status, const char *name)
{
    open_at(said, NULL);
    say_header(type, max);
    CHECK(p.status == WW_MORE && ww_conn_need(&p.conn) == max + 5);
    peer_close(&p);
    open_at(said, NULL);
    say_header(type, max + 1);
    CHECK(was_refused(status, name));
    CHECK(p.grown == 0);
    peer_close(&p);
}

static void limits_before_ready(void)
{
    const char *ready = "R(00000000)";
    check_limit("", 'R', WW_MAX_AUTH_MESSAGE - 4, WW_ERR_PROTOCOL, "Authentication of length 2001");
    check_limit("", 'v', WW_MAX_AUTH_MESSAGE - 4, WW_ERR_PROTOCOL, "length 2001");
    check_limit("", 'E', WW_MAX_ERROR_MESSAGE - 4, WW_ERR_PROTOCOL, "Response of length 30001");
    check_limit(ready, 'E', WW_MAX_ERROR_MESSAGE - 4, WW_ERR_PROTOCOL, "too long to be true");
    check_limit(ready, 'K', 260, WW_ERR_PROTOCOL, "BackendKeyData");
    check_limit(ready, 'Z', 1, WW_ERR_PROTOCOL, "ReadyForQuery");
    check_limit(ready, 'S', WW_DEFAULT_MAX_MESSAGE, WW_ERR_LIMIT, "max_message");
    check_limit(ready, 'N', WW_DEFAULT_MAX_MESSAGE, WW_ERR_LIMIT, "max_message");
}

static void limits_of_a_session(void)
{
    ww_conn_config config = { 0 };
    const char *idle = "R(00000000) Z(\"I\")";
    check_limit(idle, 'E', WW_DEFAULT_MAX_MESSAGE, WW_ERR_LIMIT, "max_message");
    check_limit(idle, 'A', WW_DEFAULT_MAX_MESSAGE, WW_ERR_LIMIT, "max_message");
    open_stream(NULL);
    say_header('d', WW_DEFAULT_MAX_COPY_DATA);
    CHECK(p.status == WW_MORE && ww_conn_need(&p.conn) == (size_t)WW_DEFAULT_MAX_COPY_DATA + 5);
    peer_close(&p);
    open_stream(NULL);
    say_header('d', (size_t)WW_DEFAULT_MAX_COPY_DATA + 1);
    CHECK(was_refused(WW_ERR_LIMIT, "max_copy_data (--max-message)"));
    peer_close(&p);
    config.max_copy_data = 10;
    config.max_message = 20;
    open_stream(&config);
    peer_say(&p, "d(\"0123456789\") N(\"M0123456789abcdefg\\0\" 00)");
    CHECK(p.status == WW_MORE);
    peer_say(&p, "d(\"0123456789a\")");
    CHECK(was_refused(WW_ERR_LIMIT, "CopyData of length 15"));
    peer_close(&p);
    open_stream(&config);
    peer_say(&p, "N(\"M0123456789abcdefgh\\0\" 00)");
    CHECK(was_refused(WW_ERR_LIMIT, "NoticeResponse of length 25"));
    peer_close(&p);
}

static void limit_of_all_before_the_login(void)
{
    open_at("", NULL);
    p.conn.preauth_bytes = WW_MAX_PREAUTH_BYTES - 9;
    peer_say(&p, "R(00000000)");
    CHECK(p.conn.state == WW_CONN_EXPECT_READY);
    peer_close(&p);
    open_at("", NULL);
    p.conn.preauth_bytes = WW_MAX_PREAUTH_BYTES - 8;
    peer_say(&p, "R(00000000)");
    CHECK(was_refused(WW_ERR_PROTOCOL, "before the login"));
    peer_close(&p);
}

static void limit_of_settings(void)
{
    unsigned i;
    open_at("R(00000000)", NULL);
    for (i = 0; i < WW_MAX_STARTUP_PARAMETERS; i++)
        peer_say(&p, "S(\"a\\0b\\0\")");
    CHECK(p.status == WW_MORE);
    peer_say(&p, "S(\"a\\0b\\0\")");
    CHECK(was_refused(WW_ERR_PROTOCOL, "WW_MAX_STARTUP_PARAMETERS"));
    peer_close(&p);
    /* A server may reload its settings as often as it likes later on. */
    open_at("R(00000000) Z(\"I\")", NULL);
    for (i = 0; i < 2 * WW_MAX_STARTUP_PARAMETERS; i++)
        peer_say(&p, "S(\"a\\0b\\0\")"), p.nlog = 0;
    CHECK(p.status == WW_MORE);
    peer_close(&p);
}

static void limit_of_the_startup_packet(void)
{
    static char value[WW_MAX_STARTUP_PACKET];
    ww_param param = { "a", value };
    ww_conn_config config = { 0 };
    size_t rest = 4 + sizeof "user" + sizeof "u" + sizeof "a" + 1 + 1; /* both NULs at the end */
    config.params = &param;
    config.nparams = 1;
    memset(value, 'x', WW_MAX_STARTUP_PACKET - rest);
    open_at("", &config);
    CHECK_EQ_U64(p.nsent, WW_MAX_STARTUP_PACKET + 4);
    CHECK(p.sent[2] == 0x27 && p.sent[3] == 0x14); /* 10004 */
    peer_close(&p);
    value[WW_MAX_STARTUP_PACKET - rest] = 'x';
    memset(&p, 0, sizeof p);
    CHECK(!peer_open(&p, &config));
    CHECK(was_refused(WW_ERR_LIMIT, "10001 bytes of WW_MAX_STARTUP_PACKET"));
    CHECK(p.nsent == 0);
    peer_close(&p);
    config.send_size = WW_MAX_STARTUP_PACKET; /* and a send buffer that is smaller than that */
    config.tls = WW_CONN_TLS_REQUIRE;         /* is found too small before a byte is sent */
    value[WW_MAX_STARTUP_PACKET - rest - 4] = '\0';
    open_at("", &config);
    CHECK_EQ_U64(p.nsent, 8);
    peer_close(&p);
    value[WW_MAX_STARTUP_PACKET - rest - 4] = 'x';
    value[WW_MAX_STARTUP_PACKET - rest - 3] = '\0';
    memset(&p, 0, sizeof p);
    CHECK(!peer_open(&p, &config));
    CHECK(was_refused(WW_ERR_LIMIT, "send_size") && p.nsent == 0);
    peer_close(&p);
}

/* ---- growth ---------------------------------------------------------------------------------- */

/* The buffer follows the bytes that have arrived; the claim of a header costs nothing. */
static void buffer_follows_the_bytes(void)
{
    static uint8_t zeros[100000];
    size_t cap;
    open_stream(NULL);
    say_header('d', 0x3fffffff);
    CHECK(p.grown == 0 && p.conn.in_size == WW_MIN_RECV_BUFFER);
    peer_feed(&p, zeros, WW_MIN_RECV_BUFFER - 6);
    CHECK(p.grown == 0 && (ww_conn_wants(&p.conn) & WW_WANT_RECV) != 0);
    ww_conn_recv_buf(&p.conn, &cap);
    CHECK_EQ_U64(cap, 1);
    peer_feed(&p, zeros, 1);
    CHECK(p.grown == 1);
    peer_feed(&p, zeros, sizeof zeros);
    CHECK(p.conn.in_size <= 4 * sizeof zeros);
    peer_close(&p);
}

static void messages_of_all_sizes(void)
{
    static uint8_t message[70000];
    size_t body, sizes = 0;
    open_stream(NULL);
    for (body = 0; body < sizeof message - 5; body = body * 5 / 4 + 1) {
        size_t i, before = p.nlog;
        ww_msg msg = { 0 };
        message[0] = 'd';
        message[1] = 0, message[2] = (uint8_t)((body + 4) >> 16);
        message[3] = (uint8_t)((body + 4) >> 8), message[4] = (uint8_t)(body + 4);
        for (i = 0; i < body; i++)
            message[5 + i] = (uint8_t)(i * 7 + body);
        peer_feed(&p, message, 5 + body / 2);
        CHECK_EQ_U64(p.nlog, body == 0 ? before + 2 : before);
        if (body == 0)
            continue;
        while (p.conn.in_end - p.conn.in_start < 5 + body) {
            size_t cap, have = p.conn.in_end - p.conn.in_start;
            uint8_t *to = ww_conn_recv_buf(&p.conn, &cap);
            cap = cap < 5 + body - have ? cap : 5 + body - have;
            memcpy(to, message + have, cap);
            ww_conn_recv_ack(&p.conn, cap);
            if (cap == 0)
                peer_pump(&p);
        }
        CHECK(ww_conn_next(&p.conn, &msg) == WW_OK && msg.body.len == body);
        CHECK(memcmp(msg.body.ptr, message + 5, body) == 0);
        CHECK(ww_conn_next(&p.conn, &msg) == WW_MORE);
        sizes++;
    }
    CHECK(sizes > 30 && p.grown >= 4);
    peer_close(&p);
}

static void a_full_buffer_of_whole_messages_needs_no_growth(void)
{
    ww_msg msg;
    size_t cap, i, n = 0;
    uint8_t *to;
    open_stream(NULL);
    to = ww_conn_recv_buf(&p.conn, &cap);
    for (i = 0; i + 8 <= cap; i += 8)
        memcpy(to + i, "d\0\0\0\007abc", 8);
    CHECK_EQ_U64(i, WW_MIN_RECV_BUFFER);
    ww_conn_recv_ack(&p.conn, i);
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_EVENT);
    while (ww_conn_next(&p.conn, &msg) == WW_OK)
        n += msg.body.len == 3 && memcmp(msg.body.ptr, "abc", 3) == 0;
    CHECK_EQ_U64(n, WW_MIN_RECV_BUFFER / 8);
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_RECV);
    peer_close(&p);
}

static void grow_takes_any_buffer_that_fits(void)
{
    uint8_t small[8], fitting[9], *old;
    open_stream(NULL);
    peer_say(&p, "64 00000010 \"abcd\"");
    old = p.conn.in;
    CHECK(ww_conn_grow(&p.conn, small, sizeof small) == small);
    CHECK(p.conn.in == old);
    CHECK(ww_conn_grow(&p.conn, fitting, sizeof fitting) == old);
    CHECK(memcmp(fitting, "d\0\0\0\020abcd", 9) == 0);
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_GROW);
    peer_close(&p);
}

/* As realloc() does it: one buffer, larger or smaller, at another place or not. */
static void resized_in_place(void)
{
    ww_msg msg;
    size_t cap;
    open_stream(NULL);
    peer_say(&p, "64 00002004 \"abcd\"");
    p.recv = realloc(p.recv, 0x2005);
    if (!CHECK(p.recv != NULL))
        return;
    ww_conn_resized(&p.conn, p.recv, 0x2005);
    memset(ww_conn_recv_buf(&p.conn, &cap), 'x', 0x1ffc);
    CHECK_EQ_U64(cap, 0x1ffc);
    ww_conn_recv_ack(&p.conn, 0x1ffc);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_OK && msg.body.len == 0x2000);
    CHECK(memcmp(msg.body.ptr, "abcdxxxx", 8) == 0 && msg.body.ptr[0x1fff] == 'x');
    ww_conn_recv_buf(&p.conn, &cap);
#ifndef NDEBUG
    CHECK(p.recv[5] == 0xA5); /* poisoned */
#endif
    CHECK_EQ_U64(cap, 0x2005);
    p.recv = realloc(p.recv, WW_MIN_RECV_BUFFER);
    ww_conn_resized(&p.conn, p.recv, WW_MIN_RECV_BUFFER);
    peer_say(&p, "d(\"small\")");
    CHECK(strstr(p.log, "736d616c6c") != NULL);
    peer_close(&p);
}

static void resized_too_small(void)
{
    open_stream(NULL);
    peer_say(&p, "64 00000010 \"abcd\"");
    ww_conn_resized(&p.conn, p.recv, 9); /* just right */
    CHECK(ww_conn_error(&p.conn)->status == WW_OK);
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_GROW);
    ww_conn_resized(&p.conn, p.recv, 8);
    CHECK(ww_conn_error(&p.conn)->status == WW_ERR_USAGE);
    CHECK_EQ_U64(ww_conn_wants(&p.conn), WW_WANT_CLOSED);
    peer_close(&p);
}

/* ---- lifetimes ------------------------------------------------------------------------------- */

static void slices_live_until_the_next_receive(void)
{
    ww_msg first, second;
    size_t cap;
    uint8_t *to;
    open_stream(NULL);
    to = ww_conn_recv_buf(&p.conn, &cap);
    memcpy(to, "d\0\0\0\007oned\0\0\0\007twod\0\0", 19);
    ww_conn_recv_ack(&p.conn, 19);
    CHECK(ww_conn_next(&p.conn, &first) == WW_OK);
    CHECK(ww_conn_next(&p.conn, &second) == WW_OK);
    CHECK(ww_conn_next(&p.conn, &second) == WW_MORE);
    CHECK_SLICE(first.body, "one");
    ww_conn_recv_buf(&p.conn, &cap);
#ifndef NDEBUG
    CHECK(first.body.ptr[0] == 0xA5 || first.body.ptr[2] == 0xA5); /* poisoned */
#endif
    CHECK_EQ_U64(cap, WW_MIN_RECV_BUFFER - 3);
    peer_close(&p);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* The bytes stay where they are, and go on exactly where a partial write stopped. */
static void partial_sends(void)
{
    size_t step;
    for (step = 1; step < 60; step++) {
        const uint8_t *at;
        size_t len;
        open_at("R(00000000) Z(\"I\")", NULL);
        p.nsent = 0;
        p.send_chunk = step;
        CHECK(ww_conn_query(&p.conn, ww_slice_of("SELECT 12345"), NULL) == WW_OK);
        at = ww_conn_send_buf(&p.conn, &len);
        CHECK(len == 18 && memcmp(at, "Q\0\0\0\021SELECT 12345\0", 18) == 0);
        ww_conn_send_ack(&p.conn, 1);
        at = ww_conn_send_buf(&p.conn, &len);
        CHECK(len == 17 && memcmp(at, "\0\0\0\021SELECT 12345\0", 17) == 0);
        peer_pump(&p);
        CHECK(p.nsent == 17 && memcmp(p.sent, "\0\0\0\021SELECT 12345\0", 17) == 0);
        peer_close(&p);
    }
}

static void commands_do_not_move_what_is_being_sent(void)
{
    const uint8_t *at;
    size_t len, later;
    open_stream(NULL);
    CHECK(ww_conn_copy_data(&p.conn, ww_slice_of("first"), NULL) == WW_OK);
    at = ww_conn_send_buf(&p.conn, &len);
    CHECK(ww_conn_copy_data(&p.conn, ww_slice_of("second"), NULL) == WW_OK);
    CHECK(ww_conn_copy_done(&p.conn, NULL) == WW_OK);
    CHECK(ww_conn_terminate(&p.conn, NULL) == WW_OK);
    CHECK(memcmp(at, "d\0\0\0\011first", 10) == 0 && len == 10);
    CHECK(ww_conn_send_buf(&p.conn, &later) == at && later == 10 + 11 + 5 + 5);
    peer_close(&p);
}

static void full_send_buffer(void)
{
    static uint8_t data[WW_MIN_SEND_BUFFER];
    ww_conn_config config = { 0 };
    ww_slice most = { data, WW_MIN_SEND_BUFFER - 15 }, more = { data, WW_MIN_SEND_BUFFER - 14 };
    ww_error err;
    config.send_size = WW_MIN_SEND_BUFFER;
    open_stream(&config);
    CHECK(ww_conn_copy_data(&p.conn, more, &err) == WW_ERR_LIMIT);
    CHECK(strstr(err.what, "raise send_size") != NULL);
    CHECK(ww_conn_copy_data(&p.conn, most, &err) == WW_OK);
    CHECK(ww_conn_copy_data(&p.conn, ww_slice_of(""), &err) == WW_ERR_LIMIT);
    CHECK(strstr(err.what, "send what it holds first") != NULL);
    CHECK(p.conn.state == WW_CONN_COPY_BOTH && ww_conn_error(&p.conn)->status == WW_OK);
    /* What must be said at the end always has room. */
    CHECK(ww_conn_copy_done(&p.conn, &err) == WW_OK);
    CHECK(ww_conn_terminate(&p.conn, &err) == WW_OK);
    CHECK_EQ_U64(p.conn.out_end, WW_MIN_SEND_BUFFER);
    peer_close(&p);
}

/* So has our answer when the server ends the copy while nothing can be sent. */
static void full_send_buffer_and_the_servers_copy_done(void)
{
    static uint8_t data[WW_MIN_SEND_BUFFER];
    ww_conn_config config = { 0 };
    ww_slice most = { data, WW_MIN_SEND_BUFFER - 15 };
    size_t cap;
    ww_msg msg;
    config.send_size = WW_MIN_SEND_BUFFER;
    open_stream(&config);
    CHECK(ww_conn_copy_data(&p.conn, most, NULL) == WW_OK);
    memcpy(ww_conn_recv_buf(&p.conn, &cap), "c\0\0\0\004", 5);
    ww_conn_recv_ack(&p.conn, 5);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_OK && msg.type == WW_MSG_COPY_DONE);
    CHECK(p.conn.state == WW_CONN_COPY_ENDED && p.conn.out_end == WW_MIN_SEND_BUFFER - 5);
    CHECK(ww_conn_terminate(&p.conn, NULL) == WW_OK);
    peer_close(&p);
}

static void queries_that_are_refused(void)
{
    ww_slice nul = { (const uint8_t *)"SELECT\0 1", 9 };
    ww_slice huge = { (const uint8_t *)"", WW_MAX_SEND - 4 };
    static char text[PEER_SEND_SIZE];
    ww_error err;
    open_at("R(00000000) Z(\"I\")", NULL);
    memset(text, 'x', sizeof text - 1);
    CHECK(ww_conn_query(&p.conn, ww_slice_of(text), &err) == WW_ERR_LIMIT);
    CHECK(p.conn.state == WW_CONN_IDLE);
    CHECK(ww_conn_query(&p.conn, nul, &err) == WW_ERR_USAGE);
    CHECK(err.offset == 6 && strstr(err.what, "NUL") != NULL);
    CHECK(p.conn.state == WW_CONN_IDLE && p.conn.out_end == 0);
    peer_close(&p);
    open_stream(NULL);
    CHECK(ww_conn_copy_data(&p.conn, huge, &err) == WW_ERR_LIMIT); /* and not read */
    CHECK(strstr(err.what, "send_size") != NULL);
    huge.len++;
    CHECK(ww_conn_copy_data(&p.conn, huge, &err) == WW_ERR_LIMIT);
    CHECK(strstr(err.what, "1 GiB") != NULL);
    huge.len = SIZE_MAX;
    CHECK(ww_conn_copy_data(&p.conn, huge, &err) == WW_ERR_LIMIT);
    peer_close(&p);
}

static void acknowledging_too_much(void)
{
    open_stream(NULL);
    ww_conn_copy_data(&p.conn, ww_slice_of("x"), NULL);
    ww_conn_send_ack(&p.conn, 7);
    CHECK(ww_conn_error(&p.conn)->status == WW_ERR_USAGE);
    ww_conn_send_ack(&p.conn, 1); /* of no account any more */
    ww_conn_recv_ack(&p.conn, 1);
    CHECK_TEXT(ww_conn_error(&p.conn)->what, "more bytes acknowledged than were to be sent");
    peer_close(&p);
    open_stream(NULL);
    ww_conn_recv_ack(&p.conn, WW_MIN_RECV_BUFFER + 1);
    CHECK(ww_conn_error(&p.conn)->status == WW_ERR_USAGE);
    peer_close(&p);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static bool holds(const void *memory, size_t size, const char *text)
{
    const char *at = memory;
    size_t n = strlen(text), i;
    for (i = 0; i + n <= size; i++)
        if (memcmp(at + i, text, n) == 0)
            return true;
    return false;
}

/* The engine has been asked for the password, and nothing of its answer is sent yet. */
static const uint8_t *ask_for_password(const ww_conn_config *config, size_t *len)
{
    size_t cap;
    ww_msg msg;
    open_at("", config);
    memcpy(ww_conn_recv_buf(&p.conn, &cap), "R\0\0\0\010\0\0\0\003", 9);
    ww_conn_recv_ack(&p.conn, 9);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_MORE);
    return ww_conn_send_buf(&p.conn, len);
}

static void passwords_are_wiped(void)
{
    static const char password[] = "canary-4711";
    ww_conn_config config = { 0 };
    const uint8_t *at;
    size_t len, sent;
    config.password = password;
    config.local = true;
    open_at("R(00000003)", &config); /* sent, all at once */
    CHECK(holds(p.sent, p.nsent, password));
    CHECK(!holds(p.send, sizeof p.send, "canary") && !holds(&p.conn, sizeof p.conn, "canary"));
    peer_close(&p);
    at = ask_for_password(&config, &len); /* byte by byte */
    CHECK(len == 17 && holds(at, len, password));
    for (sent = 1; sent <= len; sent++) {
        size_t i, left = 0;
        ww_conn_send_ack(&p.conn, 1);
        for (i = 0; i < sizeof p.send; i++)
            left += p.send[i] != 0;
        CHECK(left <= len - sent); /* what was sent is nowhere, nor a second copy of the rest */
    }
    peer_close(&p);
    ask_for_password(&config, &len); /* the half of it, then closed by us */
    ww_conn_send_ack(&p.conn, 10);
    CHECK(!holds(p.send, sizeof p.send, password) && holds(p.send, sizeof p.send, "y-4711"));
    ww_conn_fini(&p.conn);
    CHECK(!holds(p.send, sizeof p.send, "4711"));
    peer_close(&p);
}

static void a_failure_wipes_what_was_not_sent(void)
{
    ww_conn_config config = { 0 };
    ww_msg msg;
    size_t cap, len;
    config.password = "canary-4711";
    config.local = true;
    open_at("", &config);
    memcpy(ww_conn_recv_buf(&p.conn, &cap), "R\0\0\0\010\0\0\0\003Z\0\0\0\005I", 15);
    ww_conn_recv_ack(&p.conn, 15);
    CHECK(ww_conn_next(&p.conn, &msg) == WW_ERR_PROTOCOL);
    CHECK(!holds(p.send, sizeof p.send, "canary"));
    ww_conn_send_buf(&p.conn, &len);
    CHECK_EQ_U64(len, 0);
    peer_close(&p);
}

/* ---- init and fini --------------------------------------------------------------------------- */

static ww_status try_init(ww_conn_config *config, const char *member)
{
    static uint8_t in[WW_MIN_RECV_BUFFER], out[WW_MIN_SEND_BUFFER];
    static ww_conn c;
    ww_error err;
    ww_msg msg;
    ww_status status;
    config->recv_buffer = config->recv_size != 0 ? in : NULL;
    config->send_buffer = config->send_size != 0 ? out : NULL;
    status = ww_conn_init(&c, config, &err);
    CHECK(status == WW_OK || err.status == status);
    if (status < 0 && !CHECK(strstr(err.subject, member) != NULL))
        fprintf(stderr, "    %s: %s\n", err.what, err.subject);
    if (status < 0) {
        CHECK(ww_conn_next(&c, &msg) == status && ww_conn_wants(&c) == WW_WANT_CLOSED);
        CHECK(ww_conn_init(&c, config, NULL) == status);
    }
    ww_conn_fini(&c);
    return status;
}

static ww_conn_config good_config(void)
{
    ww_conn_config config = { 0 };
    config.struct_size = sizeof config;
    config.user = "u";
    config.recv_size = WW_MIN_RECV_BUFFER;
    config.send_size = WW_MIN_SEND_BUFFER;
    return config;
}

static void init_refuses_numbers(void)
{
    ww_conn_config c = good_config();
    CHECK(try_init(&c, "") == WW_OK);
    c.struct_size--;
    CHECK(try_init(&c, "struct_size") == WW_ERR_USAGE);
    c = good_config(), c.recv_size--;
    CHECK(try_init(&c, "recv_buffer") == WW_ERR_USAGE);
    c = good_config(), c.recv_size = 0;
    CHECK(try_init(&c, "recv_buffer") == WW_ERR_USAGE);
    c = good_config(), c.send_size--;
    CHECK(try_init(&c, "send_buffer") == WW_ERR_USAGE);
    c = good_config(), c.tls = (ww_conn_tls)4;
    CHECK(try_init(&c, "tls") == WW_ERR_USAGE);
    c = good_config(), c.channel_binding = (ww_channel_binding)3;
    CHECK(try_init(&c, "channel_binding") == WW_ERR_USAGE);
    c = good_config(), c.allowed_auth = 64;
    CHECK(try_init(&c, "allowed_auth") == WW_ERR_USAGE);
    c = good_config(), c.oauth_token = "two words";
    CHECK(try_init(&c, "oauth_token") == WW_ERR_USAGE);
    c = good_config(), c.protocol = 0x00030001;
    CHECK(try_init(&c, "protocol") == WW_ERR_USAGE);
    c = good_config(), c.min_protocol = WW_PROTOCOL_3_2;
    CHECK(try_init(&c, "min_protocol") == WW_ERR_USAGE);
    c.protocol = WW_PROTOCOL_3_2;
    CHECK(try_init(&c, "") == WW_OK);
    c = good_config(), c.max_copy_data = 0x7ffffffc;
    CHECK(try_init(&c, "max_copy_data") == WW_ERR_USAGE);
    c = good_config(), c.max_message = 0x7ffffffc;
    CHECK(try_init(&c, "max_message") == WW_ERR_USAGE);
    c = good_config(), c.max_copy_data = c.max_message = 0x7ffffffb;
    CHECK(try_init(&c, "") == WW_OK);
}

static void init_refuses_names(void)
{
    static const ww_param bad[][2] = {
        { { "a", "b" }, { "user", "x" } },        { { "database", "x" }, { "a", "b" } },
        { { "replication", "x" }, { "a", "b" } }, { { "a", "b" }, { NULL, "x" } },
        { { "a", "b" }, { "", "x" } },            { { "a", NULL }, { "a", "b" } },
    };
    static const char *const named[] = { "user", "database", "replication", "params", "params",
                                         "params" };
    ww_conn_config c = good_config();
    size_t i;
    c.user = NULL;
    CHECK(try_init(&c, "user") == WW_ERR_USAGE);
    c.user = "";
    CHECK(try_init(&c, "user") == WW_ERR_USAGE);
    c = good_config(), c.nparams = 1;
    CHECK(try_init(&c, "params") == WW_ERR_USAGE);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        c = good_config();
        c.params = bad[i];
        c.nparams = 2;
        CHECK(try_init(&c, named[i]) == WW_ERR_USAGE);
    }
}

static void fini_is_safe(void)
{
    static ww_conn zeroed;
    ww_conn_fini(NULL);
    ww_conn_fini(&zeroed);
    ww_conn_fini(&zeroed);
    open_stream(NULL);
    ww_conn_fini(&p.conn);
    peer_close(&p);
}

int main(void)
{
    RUN(limits_before_ready);
    RUN(limits_of_a_session);
    RUN(limit_of_all_before_the_login);
    RUN(limit_of_settings);
    RUN(limit_of_the_startup_packet);
    RUN(buffer_follows_the_bytes);
    RUN(messages_of_all_sizes);
    RUN(a_full_buffer_of_whole_messages_needs_no_growth);
    RUN(grow_takes_any_buffer_that_fits);
    RUN(resized_in_place);
    RUN(resized_too_small);
    RUN(slices_live_until_the_next_receive);
    RUN(partial_sends);
    RUN(commands_do_not_move_what_is_being_sent);
    RUN(full_send_buffer);
    RUN(full_send_buffer_and_the_servers_copy_done);
    RUN(queries_that_are_refused);
    RUN(acknowledging_too_much);
    RUN(passwords_are_wiped);
    RUN(a_failure_wipes_what_was_not_sent);
    RUN(init_refuses_numbers);
    RUN(init_refuses_names);
    RUN(fini_is_safe);
    return check_report();
}
