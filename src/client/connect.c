/* SPDX-License-Identifier: MIT */
/* connect.c: from an address to an authenticated session: socket, encryption in libpq's order,
 * login, and the question whether it is the right server. hosts.c chooses the address. */
#include "connect.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_PER_SLICE 2000u /* of PBKDF2, between two looks at the clock: some milliseconds */

typedef struct method_list {
    ww_conn_tls methods[2];
    size_t count;
} method_list;

/* libpq's order (PROTOCOL 7.5); a mode that nobody wrote never reconnects in plaintext, and who
 * must show a certificate never connects so. */
static method_list methods_for(const ww__target *t, const ww_conninfo_values *values)
{
    bool plain = values->sslcertmode != WW_SSLCERTMODE_REQUIRE;
    ww_sslmode sslmode = values->sslmode;
    method_list list = {{WW_CONN_TLS_REQUIRE, WW_CONN_PLAIN}, 1};
    if (t->host.local || sslmode == WW_SSLMODE_DISABLE) {
        list.methods[0] = WW_CONN_PLAIN;
    } else if (values->sslnegotiation == WW_SSLNEGOTIATION_DIRECT) {
        list.methods[0] = WW_CONN_TLS_DIRECT;
    } else if (plain && sslmode == WW_SSLMODE_ALLOW) {
        list.methods[0] = WW_CONN_PLAIN;
        list.methods[1] = WW_CONN_TLS_REQUIRE;
        list.count = 2;
    } else if (plain && (sslmode == WW_SSLMODE_PREFER || sslmode == WW_SSLMODE_DEFAULT)) {
        list.methods[0] = WW_CONN_TLS_PREFER;
        list.count = sslmode == WW_SSLMODE_PREFER ? 2 : 1;
    }
    return list;
}

/* ---- one attempt ---------------------------------------------------------------------------- */

static void hand_secrets(const ww_session *s, const ww__target *t, ww_conn_config *config)
{
    config->password = t->password;
    config->oauth_token = t->token;
    if (s->values.has_scram_client_key)
        config->scram_client_key = s->values.scram_client_key;
    if (s->values.has_scram_server_key)
        config->scram_server_key = s->values.scram_server_key;
}

void ww__connect_forget(ww_session *s)
{
    s->conn.config.password = NULL;
    s->conn.config.oauth_token = NULL;
    s->conn.config.scram_client_key = NULL;
    s->conn.config.scram_server_key = NULL;
    ww_wipe(s->values.scram_client_key, sizeof s->values.scram_client_key);
    ww_wipe(s->values.scram_server_key, sizeof s->values.scram_server_key);
}

static ww_status start_engine(ww_session *s, const ww__target *t, ww_conn_tls tls, ww_error *err)
{
    const ww_conninfo *info = s->config.conninfo;
    ww_conn_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.user = t->user;
    config.database = info->dbname != NULL ? info->dbname : t->user;
    hand_secrets(s, t, &config);
    config.params = s->params;
    config.nparams = ww__session_params(info, s->params, WW__PARAMS_MAX);
    config.replication = !s->config.plain;
    config.protocol = s->values.max_protocol;
    config.min_protocol = s->values.min_protocol;
    config.trace = ww__trace_of(s);
    config.tls = tls;
    config.local = t->host.local;
    config.channel_binding = (ww_channel_binding)s->values.channel_binding;
    config.allowed_auth = s->values.require_auth; /* the same bits */
    config.crypto = ww_crypto_openssl();
    config.recv_buffer = s->recv_buffer;
    config.recv_size = s->recv_size;
    config.send_buffer = s->send_buffer;
    config.send_size = WW__SEND_SIZE;
    config.max_copy_data = s->config.max_message;
    if (!ww_random_bytes(config.nonce, sizeof config.nonce))
        return ww__fail(err, WW_ERR_IO, "the system gave no random bytes");
    return ww_conn_init(&s->conn, &config, err);
}

/* A slice of PBKDF2, and a look at whether somebody wants us to stop. */
static ww_status work(ww_session *s, ww_error *err)
{
    ww_status st;
    ww_conn_work(&s->conn, ROUNDS_PER_SLICE); /* its error comes with ww_conn_next() */
    if (s->config.wake_fd < 0)
        return WW_OK;
    st = ww_sock_wait(s->sock, 0, ww_clock_mono(), s->config.wake_fd, err);
    return st == WW_ERR_TIMEOUT ? WW_OK : st;
}

/* Whoever may write to the directory may have put the socket there. A connection beside another has
 * been told of it. */
static void warn_of_directory(const ww_session *s, const char *dir)
{
    struct stat st;
    if (s->config.beside == NULL && stat(dir, &st) == 0 && (st.st_mode & S_IWOTH) != 0)
        ww__log(&s->config.log, WW_LOG_WARNING,
                "anybody may put a socket into \"%s\": set requirepeer to the user that the server "
                "runs as",
                dir);
}

/* requirepeer: before anything is said. */
static ww_status check_peer(ww_session *s, const ww__target *t, ww_error *err)
{
    const char *wanted = s->config.conninfo->requirepeer;
    char user[256];
    ww_status st;
    if (!ww_sock_is_unix(s->sock))
        return WW_OK;
    if (wanted == NULL || wanted[0] == '\0') {
        warn_of_directory(s, t->name);
        return WW_OK;
    }
    st = ww_sock_peer_user(s->sock, user, sizeof user, err);
    if (st < 0)
        return err->status = WW_ERR_AUTH; /* final */
    if (strcmp(user, wanted) == 0)
        return WW_OK;
    ww__fail_text(err, WW_ERR_AUTH,
                  "the server does not run as the user that requirepeer asks for", wanted);
    ww__error_add_text(err, "; it runs as ");
    ww__error_add_text(err, user);
    return WW_ERR_AUTH;
}

/* Runs the engine up to ReadyForQuery: the only phase with TLS and hashing in it. */
static ww_status run_startup(ww_session *s, const ww__target *t, ww_mono_us deadline, ww_error *err)
{
    for (;;) {
        ww_msg msg;
        ww_status st = ww_conn_next(&s->conn, &msg);
        unsigned wants = ww_conn_wants(&s->conn);
        if (st == WW_OK && msg.type == WW_MSG_READY)
            return WW_OK;
        if (st == WW_OK && msg.type == WW_MSG_NOTICE)
            ww__log_notice(&s->config.log, &msg);
        if (st == WW_OK && msg.type == WW_MSG_PARAMETER)
            ww__kind_note(s, &msg);
        if (st == WW_END)
            return ww__fail_text(err, WW_ERR_IO, "the server closed the connection during start-up",
                                 s->address);
        if (st < 0 && err != NULL)
            *err = s->io_error.status != WW_OK && st == WW_ERR_IO ? s->io_error
                                                                  : *ww_conn_error(&s->conn);
        if (st == WW_MORE && (wants & WW_WANT_WORK) != 0)
            st = work(s, err);
        else if (st == WW_MORE && (wants & WW_WANT_TLS) != 0)
            st = ww__session_encrypt(s, t->name, deadline, err);
        else if (st == WW_MORE && (st = ww__session_pump(s, true, err)) == WW_MORE)
            st = ww__session_wait(s, deadline, err);
        if (st < 0)
            return st;
        if (ww_clock_mono() >= deadline)
            return ww__fail_text(err, WW_ERR_TIMEOUT,
                                 "connect_timeout passed before the server was "
                                 "ready",
                                 s->address);
    }
}

static ww_status attempt(ww_session *s, const ww__target *t, const ww_addrs *addrs, size_t i,
                         ww_conn_tls tls, ww_mono_us deadline, ww_error *err)
{
    const ww_conninfo_values *values = &s->values;
    ww_sock_options options;
    ww_status st;
    options.keepalive = values->keepalives;
    options.keepalive_idle_s = values->keepalives_idle_s;
    options.keepalive_interval_s = values->keepalives_interval_s;
    options.keepalive_count = values->keepalives_count;
    options.user_timeout_ms = values->tcp_user_timeout_ms;
    options.max_segment = s->config.max_segment;
    ww__session_disconnect(s);
    ww_error_clear(&s->io_error);
    s->connected = s->tls_failed = s->wrong_kind = false;
    s->in_recovery = s->read_only = WW__UNKNOWN;
    if (tls == WW_CONN_PLAIN && values->sslcertmode == WW_SSLCERTMODE_REQUIRE)
        return ww__fail_text(err, WW_ERR_TLS,
                             "sslcertmode=require, and only TLS has certificates: use "
                             "sslmode=require or stronger, over TCP",
                             ww_addrs_text(addrs, i));
    snprintf(s->address, sizeof s->address, "%s", ww_addrs_text(addrs, i));
    ww__trace_note(s, "connect", s->address);
    st = ww_sock_open(&s->sock, addrs, i, &options, err);
    while (st == WW_OK && (st = ww_sock_connected(s->sock, err)) == WW_MORE)
        st = ww_sock_wait(s->sock, ww_sock_poll_events(s->sock, false, true), deadline,
                          s->config.wake_fd, err);
    s->connected = st == WW_OK;
    if (st == WW_OK)
        st = check_peer(s, t, err);
    if (st == WW_OK)
        st = start_engine(s, t, tls, err);
    if (st == WW_OK)
        st = run_startup(s, t, deadline, err);
    if (st == WW_OK)
        st = ww__kind_check(s, deadline, err);
    if (st == WW_OK)
        st = ww__session_settle_encoding(s, deadline, err);
    if (st < 0)
        ww__trace_note(s, "failed", err->what);
    if (st == WW_OK && (s->conn.auth_done & WW_AUTH_MD5) != 0)
        ww__log(&s->config.log, WW_LOG_WARNING,
                "%s: the password went through md5, which is weak: set password_encryption to "
                "scram-sha-256 on the server and set the password anew",
                s->address);
    if (st == WW_OK && s->conn.auth_done == WW_AUTH_OAUTH &&
        values->sslmode < WW_SSLMODE_VERIFY_FULL)
        ww__log(&s->config.log, WW_LOG_WARNING,
                "%s: the token went to whoever answered there: use sslmode=verify-full",
                s->address);
    return st;
}

void ww__session_hang_up(ww_session *s)
{
    ww_sock_close(s->sock);
    s->sock = NULL;
}

void ww__session_disconnect(ww_session *s)
{
    ww__session_hang_up(s);
    ww_tls_close(s->tls);
    ww_conn_fini(&s->conn);
    s->tls = NULL;
}

static const char password_missing[] = "the server asks for a password, and there is none";

bool ww_error_needs_password(const ww_error *err)
{
    return err != NULL && err->what == password_missing;
}

/* Where it went wrong, unless the message says so already. */
static void add_address(const ww_session *s, ww_error *err)
{
    if (err->detail[0] == '\0' && strstr(err->subject, s->address) == NULL)
        snprintf(err->detail, sizeof err->detail, "Connecting to %s.", s->address);
}

/* Logging in as a walsender is refused in the role's name. */
static void explain_permission(const ww_session *s, const ww__target *t, ww_error *err)
{
    ww_text hint = {err->hint, sizeof err->hint, 0};
    if (s->config.plain || err->status != WW_ERR_SERVER || strcmp(err->sqlstate, "42501") != 0)
        return;
    ww_text_add(&hint, "The role needs the REPLICATION attribute: ALTER ROLE ");
    ww_text_add_identifier(&hint, ww_slice_of(t->user));
    ww_text_add(&hint, " REPLICATION");
}

static void explain_password(const ww_session *s, ww_error *err)
{
    const char *path = s->config.conninfo->passfile;
    if (!s->conn.password_missing)
        return;
    err->what = password_missing;
    if (s->passfile_flaw != NULL)
        snprintf(err->hint, sizeof err->hint, "The password file %s; it is %s.", s->passfile_flaw,
                 path != NULL ? path : "~/.pgpass");
    else
        snprintf(err->hint, sizeof err->hint,
                 "Give it in PGPASSWORD, in a password file "
                 "(~/.pgpass, mode 0600: host:port:database:user:password), or with -W");
}

static void explain_timeout(const ww_session *s, ww_error *err)
{
    if (err->status == WW_ERR_TIMEOUT)
        snprintf(err->hint, sizeof err->hint,
                 "Each address has %d seconds (connect_timeout; 0: no limit).",
                 s->values.connect_timeout_s);
}

/* ---- all methods ---------------------------------------------------------------------------- */

/* May the next encryption method be tried on the same address? Where the handshake failed, or the
 * server did not let us in (only its errors have an SQLSTATE). What we found wrong with it is
 * final, and so is what it says afterwards. */
static bool next_method(const ww_session *s, ww_conn_tls tried, const ww_error *err)
{
    if (s->tls_failed)
        return true;
    if (s->wrong_kind)
        return false;
    if (err->sqlstate[0] == '\0' || s->conn.authenticated)
        return false;
    return tried != WW_CONN_TLS_PREFER || s->conn.tls_active; /* after 'N' it was plaintext */
}

/* All methods together have connect_timeout. */
ww_status ww__address_connect(ww_session *s, const ww__target *t, const ww_addrs *addrs, size_t i,
                              ww_error *err)
{
    ww_mono_us timeout_us = (ww_mono_us)s->values.connect_timeout_s * 1000000u;
    ww_mono_us deadline = timeout_us > 0 ? ww_clock_mono() + timeout_us : WW_MONO_NEVER;
    method_list list = methods_for(t, &s->values);
    ww_status st = WW_ERR_INTERNAL;
    size_t m;
    for (m = 0; m < list.count; m++) {
        st = attempt(s, t, addrs, i, list.methods[m], deadline, err);
        if (st == WW_OK)
            break;
        explain_password(s, err);
        explain_permission(s, t, err);
        explain_timeout(s, err);
        add_address(s, err);
        if (!next_method(s, list.methods[m], err))
            break;
    }
    return st;
}
