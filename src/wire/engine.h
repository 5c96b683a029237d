/* SPDX-License-Identifier: MIT */
/* engine.h: what the files of this room share: the inputs of the state machine, its table, and the
 * actions that the table names. An action that fails has filled in c->error. */
#ifndef WALWIRE_WIRE_ENGINE_H
#define WALWIRE_WIRE_ENGINE_H

#include <walwire/wire.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

/* What moves a connection from state to state. The server's messages come first, in the order of
 * ww__messages; Authentication is one input for each of its codes. */
typedef enum ww__input {
    WW__AUTH_OK,
    WW__AUTH_CLEARTEXT,
    WW__AUTH_MD5,
    WW__AUTH_SASL,
    WW__AUTH_OAUTH,             /* AuthenticationSASL that offers OAUTHBEARER, and no SCRAM */
    WW__AUTH_SASL_CONTINUE,
    WW__AUTH_SASL_FINAL,
    WW__AUTH_OTHER,
    WW__NEGOTIATE,
    WW__KEY,
    WW__PARAMETER,
    WW__READY,
    WW__ERROR,
    WW__NOTICE,
    WW__NOTIFICATION,
    WW__ROW_DESCRIPTION,
    WW__ROW,
    WW__COMMAND_COMPLETE,
    WW__EMPTY_QUERY,
    WW__COPY_BOTH,
    WW__COPY_DATA,
    WW__COPY_DONE,
    WW__COPY_IN,                /* known by name only: nowhere expected */
    WW__COPY_OUT,
    WW__MESSAGES,               /* how many there are */
    WW__SSL_YES = WW__MESSAGES, /* the byte that answers SSLRequest */
    WW__SSL_NO,
    WW__SSL_ERROR,
    WW__TLS_DONE,               /* what the caller did */
    WW__HASHED,
    WW__DO_QUERY,
    WW__DO_COPY_DATA,
    WW__DO_COPY_DONE,
    WW__DO_TERMINATE,
    WW__EOF,                    /* the peer closed in order */
    WW__CUT,                    /* the connection broke */
    WW__INPUTS
} ww__input;

#define WW__STATES ((size_t)WW_CONN_FAILED + 1)

/* ---- the table (state.c) -------------------------------------------------------------------- */

typedef struct ww__rule {
    ww_status (*act)(ww_conn *c, ww_slice body); /* NULL: nothing to do */
    ww_conn_state next;
    bool hand_out;                               /* ww_conn_next() returns the message */
} ww__rule;

/* NULL if `input` is not expected in `state`. */
const ww__rule *ww__rule_of(ww_conn_state state, ww__input input);
/* "ReadyForQuery", "(SSLRequest answered 'N')" ... */
const char *ww__input_name(ww__input input);
/* Takes the input: checks a message's layout, acts, and changes the state. Messages that are not in
 * the table are refused; of all other inputs the caller has made sure that they are. */
ww_status ww__step(ww_conn *c, ww__input input, ww_slice body, bool *hand_out);
/* "unexpected message", with its name, its type and the state. `name` NULL: unknown to us. */
ww_status ww__unexpected(ww_conn *c, const char *name, uint8_t type);

/* ---- messages (message.c) ------------------------------------------------------------------- */

/* As `max`: a limit of the configuration's decides (frame.c). */
#define WW__BY_LIMIT UINT32_MAX

typedef struct ww__message {
    const char *name;
    char type;
    uint32_t min, max;            /* bytes of the body */
    void (*layout)(ww__reader *r);
} ww__message;

extern const ww__message ww__messages[WW__MESSAGES];

/* The input that a message is which ww__frame_take() let pass: type known, length good. */
ww__input ww__classify(uint8_t type, ww_slice body);
ww_status ww__message_check(ww__input input, ww_slice body, ww_error *err);

/* ---- bytes (frame.c, conn.c) ---------------------------------------------------------------- */

#define WW__HEADER_SIZE 5u

/* WW_OK: *body is the message at the front, and it is taken. WW_MORE: it is not whole. */
ww_status ww__frame_take(ww_conn *c, uint8_t *type, ww_slice *body);

/* Room that only the engine's own CopyDone and a Terminate may use, so that these never fail. */
#define WW__SEND_RESERVE (2u * WW__HEADER_SIZE)

/* Queues a message; type 0 has no type byte. `keep` bytes are left free. */
ww_status ww__send(ww_conn *c, char type, const ww_slice *parts, size_t count, size_t keep,
                   ww_error *err);
/* c->error is set: wipes all secrets; nothing more happens. Returns the error's status. */
ww_status ww__conn_fail(ww_conn *c);

/* ---- trace (trace.c) ------------------------------------------------------------------------ */

/* Of the message that is about to be taken; of the one that was queued at `at`, header included. */
void ww__trace_received(const ww_conn *c, ww__input input, ww_slice body);
void ww__trace_sent(const ww_conn *c, char type, const uint8_t *at, size_t len);

static inline bool ww__traces(const ww_conn *c)
{
    return c->config.trace.message != NULL;
}

/* ---- startup (configure.c, startup.c) ------------------------------------------------------- */

ww_status ww__config_check(const ww_conn_config *config, ww_error *err);
/* Bytes of the StartupMessage behind its length word. */
size_t ww__startup_size(const ww_conn_config *config);
ww_status ww__begin(ww_conn *c);
/* The byte that answers SSLRequest. */
ww_status ww__ssl_answer(ww_conn *c);

ww_status ww__ssl_declined(ww_conn *c, ww_slice none);
ww_status ww__ssl_refused(ww_conn *c, ww_slice none);
ww_status ww__tls_ready(ww_conn *c, ww_slice none);
ww_status ww__negotiate(ww_conn *c, ww_slice body);
ww_status ww__refused(ww_conn *c, ww_slice body);

/* ---- authentication (authenticate.c) -------------------------------------------------------- */

ww_status ww__auth_cleartext(ww_conn *c, ww_slice body);
ww_status ww__auth_md5(ww_conn *c, ww_slice body);
ww_status ww__auth_sasl(ww_conn *c, ww_slice body);
ww_status ww__auth_sasl_continue(ww_conn *c, ww_slice body);
ww_status ww__auth_hashed(ww_conn *c, ww_slice none);
ww_status ww__auth_sasl_final(ww_conn *c, ww_slice body);
ww_status ww__auth_unsupported(ww_conn *c, ww_slice body);
ww_status ww__auth_unproven(ww_conn *c, ww_slice body);
ww_status ww__auth_ok(ww_conn *c, ww_slice body);
/* Fails unless the configuration allows this one of WW_AUTH_* (0: none of those). */
ww_status ww__auth_allowed(ww_conn *c, unsigned method, const char *name);
/* What may be allowed: WW_AUTH_*. */
unsigned ww__auth_set(const ww_conn *c);

/* ---- OAuth (oauth.c) ------------------------------------------------------------------------ */

bool ww__oauth_is_token(const char *text);
ww_status ww__auth_oauth(ww_conn *c, ww_slice body);
ww_status ww__auth_oauth_refused(ww_conn *c, ww_slice body);

/* ---- the session (session.c) ---------------------------------------------------------------- */

ww_status ww__take_key(ww_conn *c, ww_slice body);
ww_status ww__take_parameter(ww_conn *c, ww_slice body);
ww_status ww__take_row_description(ww_conn *c, ww_slice body);
ww_status ww__take_row(ww_conn *c, ww_slice body);
ww_status ww__end_rows(ww_conn *c, ww_slice body);
ww_status ww__answer_copy_done(ww_conn *c, ww_slice body);

#endif
