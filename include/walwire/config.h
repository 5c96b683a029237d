/* SPDX-License-Identifier: MIT */
/* config.h: connection strings, URIs, the environment and password files, as libpq reads them.
 *
 * Pure parsing: files and variables are handed in as text by the caller (the client room reads them).
 * Source: src/interfaces/libpq/fe-connect.c; PROTOCOL section 7. */
#ifndef WALWIRE_CONFIG_H
#define WALWIRE_CONFIG_H

#include <walwire/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every connection keyword walwire knows: X(member, "keyword", "ENVIRONMENT" or NULL). The defaults and
 * what a value may be are in docs/connection.md. */
#define WW_CONNINFO_MAP(X)                                                                         \
    X(host, "host", "PGHOST")                                                                      \
    X(hostaddr, "hostaddr", "PGHOSTADDR")                                                          \
    X(port, "port", "PGPORT")                                                                      \
    X(dbname, "dbname", "PGDATABASE")                                                              \
    X(user, "user", "PGUSER")                                                                      \
    X(password, "password", "PGPASSWORD")                                                          \
    X(passfile, "passfile", "PGPASSFILE")                                                          \
    X(connect_timeout, "connect_timeout", "PGCONNECT_TIMEOUT")                                     \
    X(application_name, "application_name", "PGAPPNAME")                                           \
    X(fallback_application_name, "fallback_application_name", NULL)                                \
    X(client_encoding, "client_encoding", "PGCLIENTENCODING")                                      \
    X(options, "options", "PGOPTIONS")                                                             \
    X(keepalives, "keepalives", NULL)                                                              \
    X(keepalives_idle, "keepalives_idle", NULL)                                                    \
    X(keepalives_interval, "keepalives_interval", NULL)                                            \
    X(keepalives_count, "keepalives_count", NULL)                                                  \
    X(tcp_user_timeout, "tcp_user_timeout", NULL)                                                  \
    X(sslmode, "sslmode", "PGSSLMODE")                                                             \
    X(sslcert, "sslcert", "PGSSLCERT")                                                             \
    X(sslkey, "sslkey", "PGSSLKEY")                                                                \
    X(sslrootcert, "sslrootcert", "PGSSLROOTCERT")                                                 \
    X(sslcrl, "sslcrl", "PGSSLCRL")                                                                \
    X(sslsni, "sslsni", "PGSSLSNI")                                                                \
    X(ssl_min_protocol_version, "ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION")             \
    X(ssl_max_protocol_version, "ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION")             \
    X(channel_binding, "channel_binding", "PGCHANNELBINDING")                                      \
    X(require_auth, "require_auth", "PGREQUIREAUTH")                                               \
    X(gssencmode, "gssencmode", "PGGSSENCMODE")                                                    \
    X(max_protocol_version, "max_protocol_version", "PGMAXPROTOCOLVERSION")                        \
    X(min_protocol_version, "min_protocol_version", "PGMINPROTOCOLVERSION")

/* One keyword's value: a C string in the conninfo's own memory, or NULL where nobody set it. */
typedef struct ww_conninfo {
    const ww_alloc *alloc;
#define WW_CONNINFO_MEMBER(member, keyword, env) char *member;
    WW_CONNINFO_MAP(WW_CONNINFO_MEMBER)
#undef WW_CONNINFO_MEMBER
} ww_conninfo;

/* Starts empty. alloc must outlive the conninfo. */
void ww_conninfo_init(ww_conninfo *c, const ww_alloc *alloc);
/* Frees all, wiping the password first. */
void ww_conninfo_fini(ww_conninfo *c);

/* Reads "host=a port=1", or a URI, or (neither '=' nor a scheme in it) a database name, over what is
 * set already. ERR_USAGE with the byte offset and the nearest known keyword; the subject never holds a
 * password. On error nothing was changed. */
ww_status ww_conninfo_parse(ww_conninfo *c, ww_slice text, ww_error *err);

/* Sets one keyword by name. ERR_USAGE for an unknown one or a NUL in the value. */
ww_status ww_conninfo_set(ww_conninfo *c, const char *keyword, ww_slice value, ww_error *err);
/* The value of a keyword; NULL if unset or unknown. */
const char *ww_conninfo_get(const ww_conninfo *c, const char *keyword);

/* Fills what is unset from the environment through `get` (getenv's shape), as libpq: an empty string
 * counts as unset for host, user, dbname and password. */
ww_status ww_conninfo_environment(ww_conninfo *c, char *(*get)(const char *name), ww_error *err);

/* Checks every value (sslmode's word, ports, integers ...) so that nothing is refused half way into a
 * connect. ERR_USAGE names keyword, value (never a password) and what is allowed. */
ww_status ww_conninfo_check(const ww_conninfo *c, ww_error *err);

/* host, hostaddr and port are lists: the i-th address to try, strings cut at commas. */
typedef struct ww_host {
    ww_slice host;      /* name, socket directory, or empty */
    ww_slice hostaddr;
    uint16_t port;
    bool local;         /* a Unix socket: host begins with '/' or '@' */
} ww_host;
/* How many hosts the lists name (at least 1); 0 with ERR_USAGE in err if their counts do not match. */
size_t ww_conninfo_host_count(const ww_conninfo *c, ww_error *err);
ww_status ww_conninfo_host(const ww_conninfo *c, size_t i, ww_host *out, ww_error *err);

/* Looks a password up in the text of a .pgpass file. Returns its length, written unescaped with a NUL to
 * out[cap]; 0 if no line matches (an empty password is no match either); SIZE_MAX if cap is too small.
 * Host "" and default socket directories match "localhost". Source: passwordFromFile. */
size_t ww_passfile_find(ww_slice file, ww_slice host, uint16_t port, ww_slice dbname, ww_slice user,
                        char *out, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
