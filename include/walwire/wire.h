/* SPDX-License-Identifier: MIT */
/* wire.h: the frontend/backend protocol as an engine without a socket.
 *
 * The caller moves bytes, the engine understands them:
 *
 *     for (;;) {
 *         while ((st = ww_conn_next(&c, &msg)) == WW_OK) use(&msg);
 *         if (st < 0) fail(ww_conn_error(&c));
 *         w = ww_conn_wants(&c);
 *         if (w & WW_WANT_CLOSED) break;
 *         if (w & WW_WANT_WORK) ww_conn_work(&c, 1000);         a slice of PBKDF2
 *         if (w & WW_WANT_TLS)  handshake, then ww_conn_tls_done();
 *         if (w & WW_WANT_GROW) ww_conn_grow(&c, bigger, cap);  free what it returns
 *         if (w & WW_WANT_SEND) { p = ww_conn_send_buf(&c, &n); write; ww_conn_send_ack(&c, m); }
 *         if (w & WW_WANT_RECV) { p = ww_conn_recv_buf(&c, &n); read;  ww_conn_recv_ack(&c, m); }
 *     }
 *
 * One lifetime rule: a slice obtained from the engine stays valid until the next
 * ww_conn_recv_buf(), ww_conn_grow() or ww_conn_resized(); ww_conn_next() never moves bytes.
 *
 * Source: the documentation's chapter "Frontend/Backend Protocol"; fe-protocol3.c, fe-connect.c. */
#ifndef WALWIRE_WIRE_H
#define WALWIRE_WIRE_H

#include <walwire/auth.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- messages ------------------------------------------------------------------------------- */

/* What ww_conn_next() hands out; the value is the wire's type byte. Everything else is answered or
 * swallowed by the engine. NOTICE and PARAMETER come from AuthenticationOk on, so before the first
 * READY too; the others from IDLE on. */
typedef enum ww_msg_type {
    WW_MSG_READY = 'Z',             /* ReadyForQuery: a command may be sent now */
    WW_MSG_ERROR = 'E',             /* ErrorResponse; before IDLE it is ww_conn_error() instead */
    WW_MSG_NOTICE = 'N',
    WW_MSG_PARAMETER = 'S',         /* ParameterStatus */
    WW_MSG_NOTIFICATION = 'A',
    WW_MSG_ROW_DESCRIPTION = 'T',
    WW_MSG_ROW = 'D',
    WW_MSG_COMMAND_COMPLETE = 'C',
    WW_MSG_EMPTY_QUERY = 'I',
    WW_MSG_COPY_BOTH = 'W',
    WW_MSG_COPY_DATA = 'd',
    WW_MSG_COPY_DONE = 'c'
} ww_msg_type;

/* A message whose layout was checked: the functions below cannot fail on it. */
typedef struct ww_msg {
    char type;      /* ww_msg_type */
    ww_slice body;  /* without type and length */
} ww_msg;

/* ErrorResponse and NoticeResponse: every field the protocol knows; empty slice where absent. */
typedef struct ww_server_error {
    ww_slice severity_localized;    /* S */
    ww_slice severity;              /* V: ERROR FATAL PANIC WARNING NOTICE DEBUG INFO LOG */
    ww_slice sqlstate;              /* C: 5 characters; "XX000" where the server sent none */
    ww_slice message;               /* M */
    ww_slice detail;                /* D */
    ww_slice hint;                  /* H */
    ww_slice position;              /* P */
    ww_slice internal_position;     /* p */
    ww_slice internal_query;        /* q */
    ww_slice context;               /* W */
    ww_slice schema, table, column, type_name, constraint; /* s t c d n */
    ww_slice file, line, routine;   /* F L R */
} ww_server_error;

/* Slices into the message. Of a field that is sent twice the first counts; unknown fields are
 * skipped. */
void ww_msg_error(const ww_msg *msg, ww_server_error *out);            /* ERROR, NOTICE */
void ww_msg_parameter(const ww_msg *msg, ww_slice *name, ww_slice *value); /* PARAMETER */
ww_slice ww_msg_command_tag(const ww_msg *msg);                        /* COMMAND_COMPLETE */
char ww_msg_transaction_status(const ww_msg *msg);                     /* READY: 'I', 'T' or 'E' */

/* A column of ROW_DESCRIPTION */
typedef struct ww_field {
    ww_slice name;
    uint32_t table_oid;
    int16_t attnum;
    uint32_t type_oid;
    int16_t type_len;
    int32_t typmod;
    int16_t format; /* 0 text, 1 binary */
} ww_field;

/* Walks the columns of ROW_DESCRIPTION (ww_fields_next) or ROW (ww_row_next, value.ptr NULL: SQL
 * NULL). A ROW has as many as the ROW_DESCRIPTION before it. */
typedef struct ww_row_iter {
    const uint8_t *at;
    uint16_t left;
} ww_row_iter;
ww_row_iter ww_row_begin(const ww_msg *msg);
bool ww_fields_next(ww_row_iter *it, ww_field *field);
bool ww_row_next(ww_row_iter *it, ww_slice *value);

/* Copies what an ERROR or NOTICE says into `err` (status ERR_SERVER). */
void ww_error_from_server(const ww_msg *msg, ww_error *err);

/* ---- configuration -------------------------------------------------------------------------- */

#define WW_PROTOCOL_3_0 0x00030000u
#define WW_PROTOCOL_3_2 0x00030002u

typedef enum ww_conn_tls {
    WW_CONN_PLAIN,      /* never ask for TLS */
    WW_CONN_TLS_PREFER, /* ask; if the server answers 'N', go on without */
    WW_CONN_TLS_REQUIRE,/* ask; 'N' is ERR_TLS */
    WW_CONN_TLS_DIRECT  /* the first byte is TLS (server 17+); ALPN "postgresql" must be selected */
} ww_conn_tls;

typedef enum ww_channel_binding {
    WW_CHANNEL_BINDING_PREFER, WW_CHANNEL_BINDING_DISABLE, WW_CHANNEL_BINDING_REQUIRE
} ww_channel_binding;

/* Methods for `allowed_auth`; 0 there means all of them but CLEARTEXT. */
#define WW_AUTH_NONE 1u             /* the server asks for nothing (trust, peer, cert) */
#define WW_AUTH_CLEARTEXT 2u        /* listed explicitly: allowed over plain TCP too */
#define WW_AUTH_MD5 4u
#define WW_AUTH_SCRAM 8u
#define WW_AUTH_CLEARTEXT_SAFE 16u  /* cleartext over TLS or a Unix socket only */
#define WW_AUTH_OAUTH 32u           /* OAUTHBEARER, over TLS only */

typedef struct ww_param {
    const char *name;
    const char *value;
} ww_param;

/* Limits, each with its default; an error names the option that raises it. */
#define WW_DEFAULT_MAX_COPY_DATA 0x3fffffffu    /* --max-message */
#define WW_DEFAULT_MAX_MESSAGE (1u << 20)       /* every other message after authentication */
#define WW_MAX_AUTH_MESSAGE 2000u               /* as libpq */
#define WW_MAX_ERROR_MESSAGE 30000u             /* before ReadyForQuery; as libpq */
#define WW_MAX_PREAUTH_BYTES 65536u             /* all messages before AuthenticationOk together */
#define WW_MAX_STARTUP_PARAMETERS 1000u         /* ParameterStatus before the first ReadyForQuery */
#define WW_MAX_STARTUP_PACKET 10000u            /* what the server takes, behind the length word */
#define WW_MAX_SEND 0x3ffffffeu                 /* what the server takes in one message */
#define WW_MIN_RECV_BUFFER 4096u
#define WW_MIN_SEND_BUFFER 4096u

/* One message, or packet without a type, for a trace: as it is taken, or queued for sending. */
typedef struct ww_traced {
    bool sent;        /* by us */
    char type;        /* 0: none (StartupMessage, SSLRequest and its answer) */
    const char *name; /* "AuthenticationSASL" ...; static */
    const char *state; /* it was taken or queued in; static */
    size_t length;    /* on the wire, header included; 0 for what answers an authentication request:
                         it tells the length of a password */
    ww_slice body;    /* until the call returns; empty where it holds a secret: answers to
                         authentication requests, salts and signatures, the key for cancelling */
} ww_traced;

typedef struct ww_conn_trace {
    void *ctx;
    void (*message)(void *ctx, const ww_traced *m); /* NULL: no trace */
} ww_conn_trace;

typedef struct ww_conn_config {
    size_t struct_size;
    const char *user;               /* required */
    const char *database;           /* NULL: the server takes the user's name */
    const char *password;           /* NULL or "": none; asked for then is ERR_AUTH */
    const ww_param *params;         /* further startup parameters, in order; must not be user, */
    size_t nparams;                 /* database or replication. client_encoding=UTF8 belongs here */
    bool replication;               /* replication=database: a logical walsender */
    uint32_t protocol;              /* WW_PROTOCOL_3_0 (default) or 3_2 */
    ww_conn_tls tls;
    bool local;                     /* a Unix socket: cleartext is safe, TLS never asked for */
    ww_channel_binding channel_binding;
    unsigned allowed_auth;          /* WW_AUTH_* or 0 */
    uint32_t scram_max_iterations;  /* 0: WW_SCRAM_DEFAULT_MAX_ITERATIONS */
    const ww_crypto *crypto;        /* NULL: every request for a secret is ERR_AUTH */
    uint8_t nonce[WW_SCRAM_NONCE_BYTES]; /* fresh random bytes */
    uint8_t *recv_buffer;           /* caller's memory, at least WW_MIN_RECV_BUFFER */
    size_t recv_size;
    uint8_t *send_buffer;           /* caller's memory, at least WW_MIN_SEND_BUFFER; commands, */
    size_t send_size;               /* the startup packet and the password must fit */
    size_t max_copy_data;           /* bytes of a CopyData's body; 0: default */
    size_t max_message;             /* the same of every other message; 0: default */
    uint32_t min_protocol;          /* 0: WW_PROTOCOL_3_0; a server that has less is ERR_PROTOCOL */
    const uint8_t *scram_client_key; /* as in ww_scram_config: 32 bytes each, or NULL */
    const uint8_t *scram_server_key;
    const char *oauth_token;        /* for OAUTHBEARER; NULL or "": none */
    ww_conn_trace trace;            /* told of each message; must not call the engine */
} ww_conn_config;

/* ---- the engine ----------------------------------------------------------------------------- */

/* States are named for what they wait for. docs/wire-states.md is printed from the table in
 * src/wire/state.c. */
typedef enum ww_conn_state {
    WW_CONN_EXPECT_SSL_ANSWER,
    WW_CONN_EXPECT_TLS,             /* the handshake, done by the caller */
    WW_CONN_EXPECT_AUTH,
    WW_CONN_EXPECT_SASL_CONTINUE,
    WW_CONN_HASHING,                /* WORK */
    WW_CONN_EXPECT_SASL_FINAL,
    WW_CONN_EXPECT_OAUTH_ANSWER,    /* to our token */
    WW_CONN_EXPECT_OAUTH_ERROR,     /* it was refused; the reason is known, the error follows */
    WW_CONN_EXPECT_AUTH_OK,
    WW_CONN_EXPECT_READY,           /* authenticated; parameters and key follow */
    WW_CONN_IDLE,
    WW_CONN_BUSY,                   /* a query runs */
    WW_CONN_COPY_BOTH,
    WW_CONN_COPY_ENDING,            /* we sent CopyDone; data may still come */
    WW_CONN_COPY_ENDED,             /* the server ended it (too); data on its way may still come */
    WW_CONN_COPY_COMPLETE,          /* CommandComplete or an error came: ReadyForQuery or the end of
                                       the connection (server shutdown) follows */
    WW_CONN_TERMINATING,            /* we sent Terminate; what still comes is thrown away */
    WW_CONN_CLOSED,
    WW_CONN_FAILED
} ww_conn_state;
/* "EXPECT_AUTH" ... Static; never NULL. */
const char *ww_conn_state_name(ww_conn_state state);

/* Bits of ww_conn_wants() */
#define WW_WANT_RECV 1u
#define WW_WANT_SEND 2u
#define WW_WANT_TLS 4u      /* do a TLS handshake now, then ww_conn_tls_done() */
#define WW_WANT_WORK 8u     /* call ww_conn_work() */
#define WW_WANT_GROW 16u    /* the message under way needs a bigger buffer: ww_conn_grow() */
#define WW_WANT_EVENT 32u   /* ww_conn_next() has something: a whole message, or the end */
#define WW_WANT_CLOSED 64u  /* nothing more will happen; comes alone */

/* What the caller learned in the TLS handshake. */
typedef struct ww_tls_info {
    bool alpn_postgresql;           /* ALPN "postgresql" was selected */
    uint8_t cert_hash[64];          /* tls-server-end-point data */
    size_t cert_hash_len;           /* 0: the certificate's signature has no digest (Ed25519) */
} ww_tls_info;

/* Caller's memory; read the members, change none. Holds secrets until ww_conn_fini(). */
typedef struct ww_conn {
    ww_conn_config config;
    ww_conn_state state;
    ww_error error;
    uint8_t *in;                    /* in[in_start .. in_end): received, not yet taken */
    size_t in_size, in_start, in_end;
    size_t in_need;                 /* ww_conn_need() */
    uint8_t *out;                   /* out[out_start .. out_end): queued, not yet sent */
    size_t out_size, out_start, out_end;
    size_t preauth_bytes;           /* of messages before AuthenticationOk */
    size_t parameter_count;         /* ParameterStatus before the first ReadyForQuery */
    bool password_missing;          /* the server asked for one, and none was given */
    int32_t row_columns;            /* of the ROW_DESCRIPTION in force; -1: none */
    bool eof, eof_clean;
    bool tls_active;
    bool negotiated;                /* NegotiateProtocolVersion came */
    bool authenticated;             /* AuthenticationOk came, and all that was demanded is there */
    bool authenticated_peer;        /* SCRAM: the server proved that it knows the password */
    bool channel_bound;             /* ... and that nobody sits between us and it */
    unsigned auth_done;             /* WW_AUTH_* that was completed */
    ww_tls_info tls_info;
    uint32_t protocol;              /* in force */
    uint32_t backend_pid;
    uint8_t cancel_key[256];
    size_t cancel_key_len;
    int server_version;             /* 180004 for 18.4; 0: not reported, or not understood */
    char server_version_text[64];   /* as reported, cut to its room; not escaped */
    bool in_hot_standby;
    bool sql_ascii;                 /* server_encoding is SQL_ASCII: SET client_encoding to that, */
                                    /* or what is not UTF-8 will be an error of the server's */
    char oauth_error[128];          /* the server's answer to a token it refused, cut and escaped */
    ww_scram scram;
} ww_conn;

/* Checks the configuration, copies it (strings and arrays stay the caller's and must live until
 * IDLE) and queues the first packet. ERR_USAGE names the bad member; ERR_LIMIT if the startup
 * packet would pass WW_MAX_STARTUP_PACKET or the send buffer; ERR_AUTH for channel_binding=require
 * without TLS. After an error only ww_conn_error() and ww_conn_fini() make sense. */
ww_status ww_conn_init(ww_conn *c, const ww_conn_config *config, ww_error *err);

unsigned ww_conn_wants(const ww_conn *c);

/* Where to receive into, and how much fits (> 0 while RECV is wanted). May move unread bytes:
 * slices end here. Then ww_conn_recv_ack() with what arrived, or ww_conn_recv_eof(). Bytes that
 * arrive between the answer to SSLRequest and the end of the handshake are ERR_TLS: somebody stuffs
 * the buffer. */
uint8_t *ww_conn_recv_buf(ww_conn *c, size_t *cap);
void ww_conn_recv_ack(ww_conn *c, size_t n);
/* The peer closed. clean: an orderly end (FIN, and close_notify under TLS). Messages already
 * received are still handed out; then END if nothing was outstanding (IDLE, COPY_COMPLETE,
 * TERMINATING), else ERR_IO. */
void ww_conn_recv_eof(ww_conn *c, bool clean);
/* GROW: gives a buffer of `cap` bytes (at least twice the old one, or ww_conn_need()); returns the
 * old one for the caller to free. Slices end here. A buffer that cannot hold the unread bytes is
 * not taken: it is what is returned. A smaller one is fine otherwise. Copies the unread bytes. */
uint8_t *ww_conn_grow(ww_conn *c, uint8_t *buffer, size_t cap);
/* The same without a second buffer: the caller has resized the one there is, contents kept, as
 * realloc() does, to `cap` bytes at `buffer`. Before making it smaller call ww_conn_recv_buf(): the
 * unread bytes are then in front, the old size less what still fits of them. A `cap` that cuts some
 * of them off fails the connection (ERR_USAGE). Slices end here. */
void ww_conn_resized(ww_conn *c, uint8_t *buffer, size_t cap);
/* The size of the whole message under way, header included; 0 if unknown. A peer's claim: let the
 * buffer follow the bytes that arrived, not this. */
size_t ww_conn_need(const ww_conn *c);

/* What to send; the bytes stay where they are until ww_conn_send_ack() with how many were sent,
 * which wipes them (passwords pass through here). */
const uint8_t *ww_conn_send_buf(const ww_conn *c, size_t *len);
void ww_conn_send_ack(ww_conn *c, size_t n);

/* TLS: the handshake succeeded. Failures (no ALPN under DIRECT, channel_binding=require with a
 * certificate that cannot bind) show in ww_conn_next(). */
void ww_conn_tls_done(ww_conn *c, const ww_tls_info *info);
/* WORK: at most `rounds` rounds of PBKDF2, about 1 us each. WW_MORE while some are left, WW_OK when
 * done (or there is nothing to do), or an error. */
ww_status ww_conn_work(ww_conn *c, uint32_t rounds);

/* The next message. WW_OK: *msg holds it. WW_MORE: look at wants(). WW_END: closed in order. Below
 * 0: failed for good; ww_conn_error() says why, and so does every later call. Before IDLE the
 * server's ErrorResponse is such a failure (ERR_SERVER, or ERR_AUTH for class 28); error.what says
 * so where nothing yet vouches for the server's text. From IDLE on it is a message; a FATAL one is
 * followed by the end of the connection. */
ww_status ww_conn_next(ww_conn *c, ww_msg *msg);

/* The first error; status WW_OK while there is none. Valid until ww_conn_fini(). */
const ww_error *ww_conn_error(const ww_conn *c);

/* Commands. Each queues one message; WW_OK, ERR_USAGE in a state that does not allow it (the engine
 * goes on), ERR_LIMIT if the send buffer has no room (send first, or give a bigger one at init). On
 * a failed connection: its error. When the server ends the copy first, the engine answers its
 * CopyDone. */
ww_status ww_conn_query(ww_conn *c, ww_slice sql, ww_error *err);          /* IDLE; no NUL inside */
ww_status ww_conn_copy_data(ww_conn *c, ww_slice data, ww_error *err);     /* COPY_BOTH */
ww_status ww_conn_copy_done(ww_conn *c, ww_error *err);                    /* COPY_BOTH */
ww_status ww_conn_terminate(ww_conn *c, ww_error *err);                    /* from IDLE on; 'X' */

/* The packet that asks the server, on a connection of its own, to cancel what this one does. Writes
 * to out[cap] (272 bytes suffice); returns its length, 0 if the server gave no key. */
size_t ww_conn_cancel_packet(const ww_conn *c, uint8_t *out, size_t cap);

/* Wipes secrets, in the send buffer too, which must still be there. The buffers stay the caller's.
 * Safe on zeroed memory and twice; c may be NULL. */
void ww_conn_fini(ww_conn *c);

#ifdef __cplusplus
}
#endif
#endif
