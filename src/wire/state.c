/* SPDX-License-Identifier: MIT */
/* state.c: the conversation as a table. What is not in it is unexpected, and ends the connection.
 *
 * WW_CONN_EXPECT_SSL_ANSWER is where nothing leads back to, so `next` of an absent row, 0, tells it
 * apart. docs/wire-states.md is printed from here (tests/wire/print_states.c). */
#include "engine.h"

static const ww__rule table[WW__STATES][WW__INPUTS] = {
    [WW_CONN_EXPECT_SSL_ANSWER] = {
        [WW__SSL_YES] = { NULL, WW_CONN_EXPECT_TLS, false },
        [WW__SSL_NO] = { ww__ssl_declined, WW_CONN_EXPECT_AUTH, false },
        [WW__SSL_ERROR] = { ww__ssl_refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_EXPECT_TLS] = {
        [WW__TLS_DONE] = { ww__tls_ready, WW_CONN_EXPECT_AUTH, false },
    },
    [WW_CONN_EXPECT_AUTH] = {
        [WW__NEGOTIATE] = { ww__negotiate, WW_CONN_EXPECT_AUTH, false },
        [WW__AUTH_OK] = { ww__auth_ok, WW_CONN_EXPECT_READY, false },
        [WW__AUTH_CLEARTEXT] = { ww__auth_cleartext, WW_CONN_EXPECT_AUTH_OK, false },
        [WW__AUTH_MD5] = { ww__auth_md5, WW_CONN_EXPECT_AUTH_OK, false },
        [WW__AUTH_SASL] = { ww__auth_sasl, WW_CONN_EXPECT_SASL_CONTINUE, false },
        [WW__AUTH_OAUTH] = { ww__auth_oauth, WW_CONN_EXPECT_OAUTH_ANSWER, false },
        [WW__AUTH_OTHER] = { ww__auth_unsupported, WW_CONN_FAILED, false },
        [WW__ERROR] = { ww__refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_EXPECT_SASL_CONTINUE] = {
        [WW__AUTH_SASL_CONTINUE] = { ww__auth_sasl_continue, WW_CONN_HASHING, false },
        [WW__AUTH_OK] = { ww__auth_unproven, WW_CONN_FAILED, false },
        [WW__ERROR] = { ww__refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_HASHING] = {
        [WW__HASHED] = { ww__auth_hashed, WW_CONN_EXPECT_SASL_FINAL, false },
    },
    [WW_CONN_EXPECT_SASL_FINAL] = {
        [WW__AUTH_SASL_FINAL] = { ww__auth_sasl_final, WW_CONN_EXPECT_AUTH_OK, false },
        [WW__AUTH_OK] = { ww__auth_unproven, WW_CONN_FAILED, false },
        [WW__ERROR] = { ww__refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_EXPECT_OAUTH_ANSWER] = {
        [WW__AUTH_OK] = { ww__auth_ok, WW_CONN_EXPECT_READY, false },
        [WW__AUTH_SASL_CONTINUE] = { ww__auth_oauth_refused, WW_CONN_EXPECT_OAUTH_ERROR, false },
        [WW__ERROR] = { ww__refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_EXPECT_OAUTH_ERROR] = {
        [WW__ERROR] = { ww__refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_EXPECT_AUTH_OK] = {
        [WW__AUTH_OK] = { ww__auth_ok, WW_CONN_EXPECT_READY, false },
        [WW__ERROR] = { ww__refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_EXPECT_READY] = {
        [WW__KEY] = { ww__take_key, WW_CONN_EXPECT_READY, false },
        [WW__PARAMETER] = { ww__take_parameter, WW_CONN_EXPECT_READY, true },
        [WW__NOTICE] = { NULL, WW_CONN_EXPECT_READY, true },
        [WW__READY] = { NULL, WW_CONN_IDLE, true },
        [WW__ERROR] = { ww__refused, WW_CONN_FAILED, false },
    },
    [WW_CONN_IDLE] = {
        [WW__PARAMETER] = { ww__take_parameter, WW_CONN_IDLE, true },
        [WW__NOTICE] = { NULL, WW_CONN_IDLE, true },
        [WW__NOTIFICATION] = { NULL, WW_CONN_IDLE, true },
        [WW__ERROR] = { NULL, WW_CONN_IDLE, true },
        [WW__DO_QUERY] = { NULL, WW_CONN_BUSY, false },
        [WW__DO_TERMINATE] = { NULL, WW_CONN_TERMINATING, false },
        [WW__EOF] = { NULL, WW_CONN_CLOSED, false },
    },
    [WW_CONN_BUSY] = {
        [WW__ROW_DESCRIPTION] = { ww__take_row_description, WW_CONN_BUSY, true },
        [WW__ROW] = { ww__take_row, WW_CONN_BUSY, true },
        [WW__COMMAND_COMPLETE] = { ww__end_rows, WW_CONN_BUSY, true },
        [WW__EMPTY_QUERY] = { ww__end_rows, WW_CONN_BUSY, true },
        [WW__COPY_BOTH] = { ww__end_rows, WW_CONN_COPY_BOTH, true },
        [WW__ERROR] = { ww__end_rows, WW_CONN_BUSY, true },
        [WW__READY] = { ww__end_rows, WW_CONN_IDLE, true },
        [WW__PARAMETER] = { ww__take_parameter, WW_CONN_BUSY, true },
        [WW__NOTICE] = { NULL, WW_CONN_BUSY, true },
        [WW__NOTIFICATION] = { NULL, WW_CONN_BUSY, true },
        [WW__DO_TERMINATE] = { NULL, WW_CONN_TERMINATING, false },
    },
    [WW_CONN_COPY_BOTH] = {
        [WW__COPY_DATA] = { NULL, WW_CONN_COPY_BOTH, true },
        [WW__COPY_DONE] = { ww__answer_copy_done, WW_CONN_COPY_ENDED, true },
        [WW__COMMAND_COMPLETE] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__ERROR] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__PARAMETER] = { ww__take_parameter, WW_CONN_COPY_BOTH, true },
        [WW__NOTICE] = { NULL, WW_CONN_COPY_BOTH, true },
        [WW__NOTIFICATION] = { NULL, WW_CONN_COPY_BOTH, true },
        [WW__DO_COPY_DATA] = { NULL, WW_CONN_COPY_BOTH, false },
        [WW__DO_COPY_DONE] = { NULL, WW_CONN_COPY_ENDING, false },
        [WW__DO_TERMINATE] = { NULL, WW_CONN_TERMINATING, false },
    },
    [WW_CONN_COPY_ENDING] = {
        [WW__COPY_DATA] = { NULL, WW_CONN_COPY_ENDING, true },
        [WW__COPY_DONE] = { NULL, WW_CONN_COPY_ENDED, true },
        [WW__COMMAND_COMPLETE] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__ERROR] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__PARAMETER] = { ww__take_parameter, WW_CONN_COPY_ENDING, true },
        [WW__NOTICE] = { NULL, WW_CONN_COPY_ENDING, true },
        [WW__NOTIFICATION] = { NULL, WW_CONN_COPY_ENDING, true },
        [WW__DO_TERMINATE] = { NULL, WW_CONN_TERMINATING, false },
    },
    /* Rows: the next timeline, where a physical stream reached the end of one. */
    [WW_CONN_COPY_ENDED] = {
        [WW__COPY_DATA] = { NULL, WW_CONN_COPY_ENDED, true },
        [WW__ROW_DESCRIPTION] = { ww__take_row_description, WW_CONN_COPY_ENDED, true },
        [WW__ROW] = { ww__take_row, WW_CONN_COPY_ENDED, true },
        [WW__COMMAND_COMPLETE] = { ww__end_rows, WW_CONN_COPY_COMPLETE, true },
        [WW__ERROR] = { ww__end_rows, WW_CONN_COPY_COMPLETE, true },
        [WW__PARAMETER] = { ww__take_parameter, WW_CONN_COPY_ENDED, true },
        [WW__NOTICE] = { NULL, WW_CONN_COPY_ENDED, true },
        [WW__NOTIFICATION] = { NULL, WW_CONN_COPY_ENDED, true },
        [WW__DO_TERMINATE] = { NULL, WW_CONN_TERMINATING, false },
    },
    [WW_CONN_COPY_COMPLETE] = {
        [WW__COMMAND_COMPLETE] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__ERROR] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__READY] = { NULL, WW_CONN_IDLE, true },
        [WW__PARAMETER] = { ww__take_parameter, WW_CONN_COPY_COMPLETE, true },
        [WW__NOTICE] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__NOTIFICATION] = { NULL, WW_CONN_COPY_COMPLETE, true },
        [WW__DO_TERMINATE] = { NULL, WW_CONN_TERMINATING, false },
        [WW__EOF] = { NULL, WW_CONN_CLOSED, false },
    },
    /* What the server says after our Terminate is thrown away unread (conn.c). */
    [WW_CONN_TERMINATING] = {
        [WW__EOF] = { NULL, WW_CONN_CLOSED, false },
        [WW__CUT] = { NULL, WW_CONN_CLOSED, false },
    },
};

static const char *const state_names[WW__STATES] = {
    [WW_CONN_EXPECT_SSL_ANSWER] = "EXPECT_SSL_ANSWER",
    [WW_CONN_EXPECT_TLS] = "EXPECT_TLS",
    [WW_CONN_EXPECT_AUTH] = "EXPECT_AUTH",
    [WW_CONN_EXPECT_SASL_CONTINUE] = "EXPECT_SASL_CONTINUE",
    [WW_CONN_HASHING] = "HASHING",
    [WW_CONN_EXPECT_SASL_FINAL] = "EXPECT_SASL_FINAL",
    [WW_CONN_EXPECT_OAUTH_ANSWER] = "EXPECT_OAUTH_ANSWER",
    [WW_CONN_EXPECT_OAUTH_ERROR] = "EXPECT_OAUTH_ERROR",
    [WW_CONN_EXPECT_AUTH_OK] = "EXPECT_AUTH_OK",
    [WW_CONN_EXPECT_READY] = "EXPECT_READY",
    [WW_CONN_IDLE] = "IDLE",
    [WW_CONN_BUSY] = "BUSY",
    [WW_CONN_COPY_BOTH] = "COPY_BOTH",
    [WW_CONN_COPY_ENDING] = "COPY_ENDING",
    [WW_CONN_COPY_ENDED] = "COPY_ENDED",
    [WW_CONN_COPY_COMPLETE] = "COPY_COMPLETE",
    [WW_CONN_TERMINATING] = "TERMINATING",
    [WW_CONN_CLOSED] = "CLOSED",
    [WW_CONN_FAILED] = "FAILED",
};

static const char *const other_names[WW__INPUTS - WW__MESSAGES] = {
    [WW__SSL_YES - WW__MESSAGES] = "SSLRequest answered S",
    [WW__SSL_NO - WW__MESSAGES] = "SSLRequest answered N",
    [WW__SSL_ERROR - WW__MESSAGES] = "SSLRequest answered E",
    [WW__TLS_DONE - WW__MESSAGES] = "TLS handshake done",
    [WW__HASHED - WW__MESSAGES] = "PBKDF2 done",
    [WW__DO_QUERY - WW__MESSAGES] = "we send Query",
    [WW__DO_COPY_DATA - WW__MESSAGES] = "we send CopyData",
    [WW__DO_COPY_DONE - WW__MESSAGES] = "we send CopyDone",
    [WW__DO_TERMINATE - WW__MESSAGES] = "we send Terminate",
    [WW__EOF - WW__MESSAGES] = "end of the connection, in order",
    [WW__CUT - WW__MESSAGES] = "end of the connection, broken",
};

const char *ww_conn_state_name(ww_conn_state state)
{
    return (size_t)state < WW__STATES ? state_names[state] : "UNKNOWN";
}

const char *ww__input_name(ww__input input)
{
    return input < WW__MESSAGES ? ww__messages[input].name : other_names[input - WW__MESSAGES];
}

const ww__rule *ww__rule_of(ww_conn_state state, ww__input input)
{
    const ww__rule *rule = &table[state][input];
    return rule->next != WW_CONN_EXPECT_SSL_ANSWER ? rule : NULL;
}

ww_status ww__step(ww_conn *c, ww__input input, ww_slice body, bool *hand_out)
{
    const ww__rule *rule = ww__rule_of(c->state, input);
    ww_status status = WW_OK;
    if (rule == NULL)
        return ww__unexpected(c, ww__input_name(input), (uint8_t)ww__messages[input].type);
    if (input < WW__MESSAGES)
        status = ww__message_check(input, body, &c->error);
    if (status == WW_OK && rule->act != NULL)
        status = rule->act(c, body);
    if (status == WW_OK)
        c->state = rule->next;
    *hand_out = rule->hand_out;
    return status;
}

static void add_type(ww_error *err, uint8_t type)
{
    static const char digits[] = "0123456789abcdef";
    char text[] = "message 0x00";
    text[sizeof text - 3] = digits[type >> 4];
    text[sizeof text - 2] = digits[type & 15];
    ww__error_add_text(err, text);
}

ww_status ww__unexpected(ww_conn *c, const char *name, uint8_t type)
{
    ww__fail_at(&c->error, WW_ERR_PROTOCOL,
                c->state < WW_CONN_EXPECT_READY
                    ? "unexpected message: if this is no PostgreSQL server, correct host and port"
                    : "unexpected message",
                WW_NO_OFFSET, (char)type);
    if (name != NULL)
        ww__error_add_text(&c->error, name);
    else
        add_type(&c->error, type);
    ww__error_add_text(&c->error, " in state ");
    ww__error_add_text(&c->error, ww_conn_state_name(c->state));
    return WW_ERR_PROTOCOL;
}
