/* SPDX-License-Identifier: MIT */
/* fuzz_conn.c: the connection engine against any server. The input holds a configuration, sizes of
 * chunks, and what the server says:
 *
 *     how tls is done | allowed_auth | what the client does | n | n sizes | bytes of the server
 *
 * allowed_auth has two more bits: 64, a token is there; 128, SCRAM keys in place of the password.
 *
 * The same bytes are played twice: in pieces as large as the engine takes, and in chunks of those
 * sizes.
 *
 * Oracle: both runs hand out the same messages, send the same bytes, end alike; every slice lies in
 * the receive buffer; rows and fields are walked to their last byte; the buffer follows the bytes
 * that arrived; the engine always knows what it wants; nobody gets to IDLE without the
 * authentication that was demanded, nor past SCRAM without the signature; the password and the
 * startup packet leave only where they may, and so does the token; a trace has neither. */
#include "fuzz.h"

#include <walwire/wire.h>

#define INPUT_MAX 100000u
#define LOG_MAX (4 * INPUT_MAX)
#define SENT_MAX (4 * INPUT_MAX)
#define PASSWORD "pencil"
#define TOKEN "canary.token"
#define SHOWN_TOKEN "auth=Bearer " TOKEN "\x01\x01"
/* Of 32 zero bytes: what the cryptography below makes of everything. */
#define SIGNATURE "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* ---- cryptography that a fuzzer can get through ---------------------------------------------- */

static bool zero_hash(void *ctx, const ww_slice *parts, size_t nparts, uint8_t out[WW_SHA256_SIZE])
{
    (void)ctx, (void)parts, (void)nparts;
    memset(out, 0, WW_SHA256_SIZE);
    return true;
}

static bool zero_hmac(void *ctx, ww_slice key, const ww_slice *parts, size_t nparts,
                      uint8_t out[WW_SHA256_SIZE])
{
    (void)key;
    return zero_hash(ctx, parts, nparts, out);
}

static bool zero_md5(void *ctx, const ww_slice *parts, size_t nparts, uint8_t out[WW_MD5_SIZE])
{
    (void)ctx, (void)parts, (void)nparts;
    memset(out, 0, WW_MD5_SIZE);
    return true;
}

static bool no_slice(void *ctx, ww_slice key, uint8_t u[WW_SHA256_SIZE],
                     uint8_t acc[WW_SHA256_SIZE], uint32_t rounds)
{
    (void)ctx, (void)key, (void)u, (void)rounds;
    memset(acc, 0, WW_SHA256_SIZE);
    return true;
}

static const ww_crypto zero_crypto = { NULL, zero_hash, zero_hmac, zero_md5, no_slice };

/* ---- one run --------------------------------------------------------------------------------- */

typedef struct input {
    uint8_t tls, auth, client;
    const uint8_t *sizes;
    size_t nsizes;
    ww_slice server;
} input;

typedef struct run {
    const input *in;
    bool chunked;
    size_t chunk_at;
    ww_conn conn;
    uint8_t *recv;
    size_t nlog, nsent, sent_before_tls, received;
    unsigned data_seen, ready_seen;
    ww_status status;
    uint8_t send[WW_MIN_SEND_BUFFER]; /* from here on not cleared between inputs */
    uint8_t log[LOG_MAX];
    uint8_t sent[SENT_MAX];
} run;

static run whole, chunks;

/* The next size from the input; a large one when all is to come at once. */
static size_t next_size(run *r)
{
    uint8_t size;
    if (!r->chunked || r->in->nsizes == 0)
        return SIZE_MAX;
    size = r->in->sizes[r->chunk_at++ % r->in->nsizes];
    return size != 0 ? size : 1;
}

static void note(run *r, const void *bytes, size_t n)
{
    REQUIRE(r->nlog + n <= sizeof r->log);
    if (n > 0)
        memcpy(r->log + r->nlog, bytes, n);
    r->nlog += n;
}

static bool contains(ww_slice in, const char *text)
{
    size_t n = strlen(text), i;
    for (i = 0; i + n <= in.len; i++)
        if (memcmp(in.ptr + i, text, n) == 0)
            return true;
    return false;
}

static bool is_inside(ww_slice part, ww_slice whole_of)
{
    return part.ptr == NULL || (part.ptr >= whole_of.ptr &&
                                part.ptr + part.len <= whole_of.ptr + whole_of.len);
}

/* ---- oracles on messages --------------------------------------------------------------------- */

static void check_fields(const ww_msg *msg)
{
    ww_row_iter it = ww_row_begin(msg);
    ww_field f;
    while (ww_fields_next(&it, &f))
        REQUIRE(is_inside(f.name, msg->body) && (f.format == 0 || f.format == 1));
    REQUIRE(it.at == msg->body.ptr + msg->body.len);
}

static void check_row(const ww_msg *msg, int32_t columns)
{
    ww_row_iter it = ww_row_begin(msg);
    ww_slice value;
    REQUIRE(it.left == columns);
    while (ww_row_next(&it, &value))
        REQUIRE(is_inside(value, msg->body));
    REQUIRE(it.at == msg->body.ptr + msg->body.len);
}

static void check_error(const ww_msg *msg)
{
    ww_server_error e;
    ww_error err;
    ww_msg_error(msg, &e);
    REQUIRE(e.sqlstate.len == 5);
    REQUIRE(is_inside(e.message, msg->body) && is_inside(e.routine, msg->body));
    ww_error_from_server(msg, &err);
    REQUIRE(err.status == WW_ERR_SERVER && strlen(err.sqlstate) == 5);
}

static void check_message(const run *r, const ww_msg *msg)
{
    ww_slice buffer = { r->conn.in, r->conn.in_end }, name, value;
    REQUIRE(is_inside(msg->body, buffer));
    switch (msg->type) {
    case WW_MSG_ROW_DESCRIPTION:
        check_fields(msg);
        break;
    case WW_MSG_ROW:
        check_row(msg, r->conn.row_columns);
        break;
    case WW_MSG_ERROR:
    case WW_MSG_NOTICE:
        check_error(msg);
        break;
    case WW_MSG_PARAMETER:
        ww_msg_parameter(msg, &name, &value);
        REQUIRE(name.len + value.len + 2 == msg->body.len);
        break;
    case WW_MSG_COMMAND_COMPLETE:
        REQUIRE(ww_msg_command_tag(msg).len + 1 == msg->body.len);
        break;
    case WW_MSG_READY:
        REQUIRE(strchr("ITE", ww_msg_transaction_status(msg)) != NULL);
        break;
    default:
        REQUIRE(strchr("dcWIA", msg->type) != NULL);
    }
}

/* ---- oracles on authentication --------------------------------------------------------------- */

static bool may_send_clear(const run *r)
{
    bool safe = r->conn.tls_active || r->conn.config.local;
    unsigned allowed = r->conn.config.allowed_auth;
    return (allowed & WW_AUTH_CLEARTEXT) != 0 ||
           (safe && (allowed == 0 || (allowed & WW_AUTH_CLEARTEXT_SAFE) != 0));
}

static void check_idle(const run *r)
{
    const ww_conn_config *config = &r->conn.config;
    unsigned allowed = config->allowed_auth, done = r->conn.auth_done;
    ww_slice sent = { r->sent, r->nsent }, queued;
    queued.ptr = ww_conn_send_buf(&r->conn, &queued.len);
    REQUIRE(done != 0 && (done & (done - 1)) == 0);
    if (allowed != 0 && done != WW_AUTH_CLEARTEXT)
        REQUIRE((allowed & done) != 0);
    if (done == WW_AUTH_CLEARTEXT)
        REQUIRE(may_send_clear(r));
    if (done == WW_AUTH_SCRAM)
        REQUIRE(r->conn.authenticated_peer && contains(r->in->server, SIGNATURE));
    if (done == WW_AUTH_OAUTH)
        REQUIRE(r->conn.tls_active &&
                (contains(sent, SHOWN_TOKEN) || contains(queued, SHOWN_TOKEN)));
    if (config->channel_binding == WW_CHANNEL_BINDING_REQUIRE)
        REQUIRE(done == WW_AUTH_SCRAM && contains(sent, "p=tls-server-end-point,,"));
    if (config->tls == WW_CONN_TLS_REQUIRE && !config->local)
        REQUIRE(r->conn.tls_active && r->sent_before_tls == 8);
    if (config->tls == WW_CONN_TLS_DIRECT && !config->local)
        REQUIRE(r->conn.tls_active && r->sent_before_tls == 0);
}

/* ---- the client ------------------------------------------------------------------------------ */

/* What the program does on a message: the same in both runs, since it sees the same messages. */
static void react(run *r, const ww_msg *msg)
{
    ww_conn *c = &r->conn;
    unsigned limit = r->in->client & 7u;
    bool by_terminate = (r->in->client & 8) != 0;
    if (msg->type == WW_MSG_READY) {
        check_idle(r);
        if ((r->in->client & 32) != 0 && ++r->ready_seen == 2)
            REQUIRE(ww_conn_terminate(c, NULL) == WW_OK);
        else
            REQUIRE(ww_conn_query(c, ww_slice_of("START"), NULL) == WW_OK);
    } else if (msg->type == WW_MSG_COPY_DATA && c->state == WW_CONN_COPY_BOTH) {
        if (++r->data_seen % 8 != limit)
            REQUIRE(ww_conn_copy_data(c, ww_slice_of("r"), NULL) == WW_OK);
        else if (by_terminate)
            REQUIRE(ww_conn_terminate(c, NULL) == WW_OK);
        else
            REQUIRE(ww_conn_copy_done(c, NULL) == WW_OK);
    }
}

static void send_all(run *r)
{
    size_t len;
    const uint8_t *bytes = ww_conn_send_buf(&r->conn, &len);
    while (len > 0) {
        size_t n = next_size(r);
        n = n < len ? n : len;
        REQUIRE(r->nsent + n <= sizeof r->sent);
        memcpy(r->sent + r->nsent, bytes, n);
        r->nsent += n;
        ww_conn_send_ack(&r->conn, n);
        bytes = ww_conn_send_buf(&r->conn, &len);
    }
}

static void drain(run *r)
{
    ww_msg msg;
    while ((r->status = ww_conn_next(&r->conn, &msg)) == WW_OK) {
        uint32_t len = (uint32_t)msg.body.len;
        check_message(r, &msg);
        note(r, &msg.type, 1);
        note(r, &len, sizeof len);
        note(r, msg.body.ptr, msg.body.len);
        react(r, &msg);
        send_all(r);
    }
}

static void finish_tls(run *r)
{
    ww_tls_info info;
    memset(&info, 0, sizeof info);
    info.alpn_postgresql = (r->in->tls & 128) != 0;
    info.cert_hash_len = (r->in->tls & 64) != 0 ? 32 : 0;
    r->sent_before_tls = r->nsent;
    ww_conn_tls_done(&r->conn, &info);
}

static void grow(run *r)
{
    size_t cap = 2 * r->conn.in_size;
    uint8_t *bigger = malloc(cap);
    REQUIRE(bigger != NULL && r->conn.in_size <= r->received);
    free(ww_conn_grow(&r->conn, bigger, cap));
    r->recv = bigger;
}

/* Until it wants bytes, or nothing any more. */
static void pump(run *r)
{
    for (;;) {
        unsigned wants;
        drain(r);
        send_all(r);
        wants = ww_conn_wants(&r->conn);
        if ((wants & WW_WANT_WORK) != 0)
            ww_conn_work(&r->conn, (uint32_t)(next_size(r) & 0xffff));
        else if ((wants & WW_WANT_TLS) != 0)
            finish_tls(r);
        else if ((wants & WW_WANT_GROW) != 0)
            grow(r);
        else if ((wants & (WW_WANT_EVENT | WW_WANT_SEND)) == 0) {
            REQUIRE(wants == WW_WANT_RECV || wants == WW_WANT_CLOSED);
            return;
        }
    }
}

/* The answer to SSLRequest comes alone, as from every honest server: behind it the conversation is
 * a different one, and the two runs must agree on where it begins. */
static void feed(run *r)
{
    const ww_slice *server = &r->in->server;
    while (r->received < server->len && ww_conn_wants(&r->conn) == WW_WANT_RECV) {
        size_t cap, n = next_size(r), left = server->len - r->received;
        uint8_t *to = ww_conn_recv_buf(&r->conn, &cap);
        REQUIRE(cap > 0);
        if (r->conn.state == WW_CONN_EXPECT_SSL_ANSWER)
            n = 1;
        n = n < cap ? n : cap;
        n = n < left ? n : left;
        memcpy(to, server->ptr + r->received, n);
        ww_conn_recv_ack(&r->conn, n);
        r->received += n;
        pump(r);
    }
}

static void note_end(run *r)
{
    const ww_error *err = ww_conn_error(&r->conn);
    ww_msg msg;
    REQUIRE(r->status == WW_END || r->status < 0);
    REQUIRE((r->status < 0) == (err->status < 0) && (r->status >= 0 || err->status == r->status));
    REQUIRE(err->status == WW_OK || err->what[0] != '\0');
    note(r, &r->status, sizeof r->status);
    note(r, err, sizeof *err);
    REQUIRE(ww_conn_next(&r->conn, &msg) == r->status);
    REQUIRE(ww_conn_wants(&r->conn) == WW_WANT_CLOSED);
}

static void configure(const input *in, ww_conn_config *config)
{
    static const uint8_t keys[2 * WW_SHA256_SIZE] = { 1, 2, 3 };
    static const ww_param params[] = { { "client_encoding", "UTF8" }, { "_pq_.x", "1" } };
    memset(config, 0, sizeof *config);
    config->struct_size = sizeof *config;
    config->user = "user";
    config->password = PASSWORD;
    config->params = params;
    config->nparams = 2;
    config->replication = true;
    config->tls = (ww_conn_tls)(in->tls & 3);
    config->local = (in->tls & 4) != 0;
    config->protocol = (in->tls & 8) != 0 ? WW_PROTOCOL_3_2 : WW_PROTOCOL_3_0;
    config->channel_binding = (ww_channel_binding)((in->tls >> 4 & 3) % 3);
    config->allowed_auth = in->auth & 63u;
    config->oauth_token = (in->auth & 64) != 0 ? TOKEN : NULL;
    if ((in->auth & 128) != 0) {
        config->password = NULL;
        config->scram_client_key = keys;
        config->scram_server_key = keys + WW_SHA256_SIZE;
    }
    config->scram_max_iterations = 65536;
    config->crypto = &zero_crypto;
    config->max_copy_data = 100000;
    config->max_message = 50000;
}

/* The run in chunks is traced: no secret is told, and nothing changes by it. */
static void check_trace(void *ctx, const ww_traced *m)
{
    const run *r = ctx;
    ww_slice buffer = { m->sent ? r->send : r->conn.in,
                        m->sent ? sizeof r->send : r->conn.in_size };
    REQUIRE(m->name[0] != '\0' && m->state[0] != '\0' && is_inside(m->body, buffer));
    REQUIRE(m->body.len <= m->length);
    REQUIRE(!contains(m->body, PASSWORD) || contains(r->in->server, PASSWORD));
    REQUIRE(!contains(m->body, TOKEN) || contains(r->in->server, TOKEN));
}

static void play(run *r, const input *in, bool chunked)
{
    ww_conn_config config;
    ww_slice sent;
    memset(r, 0, offsetof(run, send));
    r->in = in;
    r->chunked = chunked;
    r->recv = malloc(WW_MIN_RECV_BUFFER);
    REQUIRE(r->recv != NULL);
    configure(in, &config);
    if (chunked) {
        config.trace.ctx = r;
        config.trace.message = check_trace;
    }
    config.recv_buffer = r->recv;
    config.recv_size = WW_MIN_RECV_BUFFER;
    config.send_buffer = r->send;
    config.send_size = sizeof r->send;
    ww_conn_init(&r->conn, &config, NULL);
    pump(r);
    feed(r);
    ww_conn_recv_eof(&r->conn, (in->client & 16) != 0);
    pump(r);
    note_end(r);
    sent.ptr = r->sent, sent.len = r->nsent;
    /* A server that says it in its nonce gets it back. */
    REQUIRE(!contains(sent, PASSWORD) || may_send_clear(r) || contains(in->server, PASSWORD));
    REQUIRE(!contains(sent, TOKEN) || contains(in->server, TOKEN) ||
            (r->conn.tls_active && (in->auth & 64) != 0 &&
             ((in->auth & 63) == 0 || (in->auth & WW_AUTH_OAUTH) != 0)));
    ww_conn_fini(&r->conn);
    free(r->recv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in;
    size_t nsizes;
    if (size < 4 || size > INPUT_MAX)
        return 0;
    nsizes = data[3] % 16u;
    if (size < 4 + nsizes)
        return 0;
    in.tls = data[0], in.auth = data[1], in.client = data[2];
    in.sizes = data + 4;
    in.nsizes = nsizes;
    in.server.ptr = data + 4 + nsizes;
    in.server.len = size - 4 - nsizes;
    play(&whole, &in, false);
    play(&chunks, &in, true);
    REQUIRE(whole.nlog == chunks.nlog && memcmp(whole.log, chunks.log, whole.nlog) == 0);
    /* Who breaks off may have had no time to answer what came just before. */
    REQUIRE(whole.nsent == chunks.nsent || (whole.status < 0 && whole.nsent < chunks.nsent));
    REQUIRE(memcmp(whole.sent, chunks.sent, whole.nsent) == 0);
    return 0;
}
