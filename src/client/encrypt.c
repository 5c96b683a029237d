/* SPDX-License-Identifier: MIT */
/* encrypt.c: TLS for a session: which files count, what is demanded of the server, and the
 * handshake.
 *
 * libpq's rule for the files: one that is not there counts as not given, but the private key, and
 * the root where sslmode cannot do without. Here a file that was named and is not there is warned
 * of, and one that is there but cannot be used is an error. */
#include "session.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The usual files, where they exist. */
typedef struct home_files {
    char *root, *crl, *cert, *key;
} home_files;

static void find_home_files(home_files *home)
{
    home->root = ww__home_file(".postgresql/root.crt");
    home->crl = ww__home_file(".postgresql/root.crl");
    home->cert = ww__home_file(".postgresql/postgresql.crt");
    home->key = ww__home_file(".postgresql/postgresql.key");
}

static void free_home_files(home_files *home)
{
    free(home->root);
    free(home->crl);
    free(home->cert);
    free(home->key);
}

static bool is_absent(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* The file named, else the usual one; NULL if there is none. */
static const char *choose_file(const ww_session *s, const char *named, const char *usual,
                               const char *consequence)
{
    if (named == NULL)
        return usual;
    if (!is_absent(named))
        return named;
    ww__log(&s->config.log, WW_LOG_WARNING, "there is no file \"%s\": %s", named, consequence);
    return NULL;
}

/* Weaker modes check the chain where there is a root to check it against. */
static ww_tls_verify verify_by(ww_sslmode sslmode, bool have_root)
{
    if (sslmode == WW_SSLMODE_VERIFY_FULL)
        return WW_TLS_VERIFY_FULL;
    return sslmode == WW_SSLMODE_VERIFY_CA || have_root ? WW_TLS_VERIFY_CA : WW_TLS_VERIFY_NONE;
}

static ww_status choose_trust(const ww_session *s, const home_files *home, ww_tls_config *config,
                              ww_error *err)
{
    const ww_conninfo *info = s->config.conninfo;
    const char *named = info->sslrootcert;
    bool demanded =
        s->values.sslmode == WW_SSLMODE_VERIFY_CA || s->values.sslmode == WW_SSLMODE_VERIFY_FULL;
    bool system = named != NULL && strcmp(named, "system") == 0;
    if (demanded && !system && (named != NULL ? is_absent(named) : home->root == NULL)) {
        ww__fail_text(err, WW_ERR_TLS,
                      "sslmode needs the certificate of the authority that signed the "
                      "server's: set sslrootcert to that file (or to \"system\")",
                      "no such file: ");
        ww__error_add_text(err, named != NULL ? named : "~/.postgresql/root.crt");
        return WW_ERR_TLS;
    }
    config->root_file =
        system ? named
               : choose_file(s, named, home->root, "the server's certificate is not checked");
    config->verify = verify_by(s->values.sslmode, config->root_file != NULL);
    /* The list at home belongs to the root at home, and counts where no other was named. */
    config->crl_file =
        choose_file(s, info->sslcrl, system || info->sslcrldir != NULL ? NULL : home->crl,
                    "revoked certificates are not known");
    config->crl_dir = info->sslcrldir;
    return WW_OK;
}

static void choose_identity(const ww_session *s, const home_files *home, ww_tls_config *config)
{
    const ww_conninfo *info = s->config.conninfo;
    config->cert_required = s->values.sslcertmode == WW_SSLCERTMODE_REQUIRE;
    if (s->values.sslcertmode == WW_SSLCERTMODE_DISABLE)
        return;
    config->cert_file =
        choose_file(s, info->sslcert, home->cert, "the client sends no certificate");
    if (config->cert_file != NULL)
        config->key_file = info->sslkey != NULL ? info->sslkey : home->key;
    config->key_password = info->sslpassword;
}

static ww_status open_tls(ww_session *s, const char *host, ww_error *err)
{
    home_files home;
    ww_tls_config config;
    ww_status st;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.host = host[0] != '\0' ? host : NULL;
    config.sni = s->values.sslsni;
    config.min_version = s->values.tls_min_version;
    config.max_version = s->values.tls_max_version;
    config.alpn = "postgresql";
    find_home_files(&home);
    st = choose_trust(s, &home, &config, err);
    if (st == WW_OK) {
        choose_identity(s, &home, &config);
        st = ww_tls_open(&s->tls, &config, err);
    }
    free_home_files(&home);
    return st;
}

/* A server that always has more to say does not pass the deadline either. */
ww_status ww__shake_hands(ww_sock *sock, ww_mono_us deadline, int wake_fd, ww_error *err)
{
    ww_status st;
    while ((st = ww_sock_tls_handshake(sock, err)) == WW_MORE) {
        st = ww_sock_wait(sock, ww_sock_poll_events(sock, true, false), deadline, wake_fd, err);
        if (st == WW_OK && ww_clock_mono() >= deadline)
            st = ww__fail(err, WW_ERR_TIMEOUT, "the TLS handshake took too long");
        if (st < 0)
            break;
    }
    return st;
}

ww_status ww__session_encrypt(ww_session *s, const char *host, ww_mono_us deadline, ww_error *err)
{
    ww_tls_info info;
    ww_status st = open_tls(s, host, err);
    if (st == WW_OK)
        st = ww_sock_tls_start(s->sock, s->tls, err);
    if (st == WW_OK)
        st = ww__shake_hands(s->sock, deadline, s->config.wake_fd, err);
    s->tls_failed = st == WW_ERR_TLS || st == WW_ERR_IO;
    if (st == WW_ERR_IO && s->values.sslnegotiation == WW_SSLNEGOTIATION_DIRECT && err != NULL)
        snprintf(err->hint, sizeof err->hint,
                 "sslnegotiation=direct needs PostgreSQL 17 or later, with ssl on");
    if (st < 0)
        return st;
    memset(&info, 0, sizeof info);
    info.alpn_postgresql = strcmp(ww_sock_tls_alpn(s->sock), "postgresql") == 0;
    info.cert_hash_len = ww_sock_tls_cert_hash(s->sock, info.cert_hash);
    ww__trace_note(s, ww_sock_tls_version(s->sock), ww_sock_tls_cipher(s->sock));
    ww_conn_tls_done(&s->conn, &info);
    return WW_OK;
}
