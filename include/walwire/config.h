/* SPDX-License-Identifier: MIT */
/* config.h: connection strings, URIs, the environment, service files and password files, as libpq
 * 18 reads them.
 *
 * Pure parsing: files and variables are handed in as text by the caller, the client room.
 * The usual order: parse what the user wrote, set what options say, then service, environment,
 * resolve. ww_conninfo_complete() in client.h does the last three and finds the files.
 * Source: src/interfaces/libpq/fe-connect.c. docs/connection.md has every keyword, what its value
 * may be, and every difference from libpq. */
#ifndef WALWIRE_CONFIG_H
#define WALWIRE_CONFIG_H

#include <walwire/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every connection keyword walwire knows: X(member, "keyword", "ENVIRONMENT" or NULL). They are
 * libpq 18's, and oauth_token, which programs give to libpq by a call. */
#define WW_CONNINFO_MAP(X)                                                                         \
    X(service, "service", "PGSERVICE")                                                             \
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
    X(sslnegotiation, "sslnegotiation", "PGSSLNEGOTIATION")                                        \
    X(sslcompression, "sslcompression", "PGSSLCOMPRESSION")                                        \
    X(sslcert, "sslcert", "PGSSLCERT")                                                             \
    X(sslkey, "sslkey", "PGSSLKEY")                                                                \
    X(sslpassword, "sslpassword", NULL)                                                            \
    X(sslcertmode, "sslcertmode", "PGSSLCERTMODE")                                                 \
    X(sslrootcert, "sslrootcert", "PGSSLROOTCERT")                                                 \
    X(sslcrl, "sslcrl", "PGSSLCRL")                                                                \
    X(sslcrldir, "sslcrldir", "PGSSLCRLDIR")                                                       \
    X(sslsni, "sslsni", "PGSSLSNI")                                                                \
    X(ssl_min_protocol_version, "ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION")             \
    X(ssl_max_protocol_version, "ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION")             \
    X(sslkeylogfile, "sslkeylogfile", NULL)                                                        \
    X(requirepeer, "requirepeer", "PGREQUIREPEER")                                                 \
    X(channel_binding, "channel_binding", "PGCHANNELBINDING")                                      \
    X(require_auth, "require_auth", "PGREQUIREAUTH")                                               \
    X(scram_client_key, "scram_client_key", NULL)                                                  \
    X(scram_server_key, "scram_server_key", NULL)                                                  \
    X(oauth_issuer, "oauth_issuer", NULL)                                                          \
    X(oauth_client_id, "oauth_client_id", NULL)                                                    \
    X(oauth_client_secret, "oauth_client_secret", NULL)                                            \
    X(oauth_scope, "oauth_scope", NULL)                                                            \
    X(oauth_token, "oauth_token", "WALWIRE_OAUTH_TOKEN")                                           \
    X(gssencmode, "gssencmode", "PGGSSENCMODE")                                                    \
    X(krbsrvname, "krbsrvname", "PGKRBSRVNAME")                                                    \
    X(gsslib, "gsslib", "PGGSSLIB")                                                                \
    X(gssdelegation, "gssdelegation", "PGGSSDELEGATION")                                           \
    X(target_session_attrs, "target_session_attrs", "PGTARGETSESSIONATTRS")                        \
    X(load_balance_hosts, "load_balance_hosts", "PGLOADBALANCEHOSTS")                              \
    X(replication, "replication", NULL)                                                            \
    X(max_protocol_version, "max_protocol_version", "PGMAXPROTOCOLVERSION")                        \
    X(min_protocol_version, "min_protocol_version", "PGMINPROTOCOLVERSION")

/* One keyword's value: a C string in the conninfo's own memory, or NULL where nobody set it. An
 * empty string keeps the environment out, and is then dropped by ww_conninfo_environment() where
 * libpq takes it for unset (host, port, user, password, passfile, sslrootcert ...): who reads a
 * finished conninfo looks for NULL only. */
typedef struct ww_conninfo {
    const ww_alloc *alloc;
#define WW_CONNINFO_MEMBER(member, keyword, env) char *member;
    WW_CONNINFO_MAP(WW_CONNINFO_MEMBER)
#undef WW_CONNINFO_MEMBER
    bool service_found; /* ww_conninfo_service() has read what `service` names */
} ww_conninfo;

/* Starts empty. alloc must outlive the conninfo. */
void ww_conninfo_init(ww_conninfo *c, const ww_alloc *alloc);
/* Frees all, wiping every value first, and leaves it empty. NULL is allowed. */
void ww_conninfo_fini(ww_conninfo *c);

/* Reads "host=a port=1", or a URI, or (neither '=' nor "://" in it) a database name, over what is
 * set already. ERR_USAGE with the byte offset, what was expected and the nearest known keyword;
 * ERR_NOMEM. The subject never holds a password, nor a word that may be the tail of one. On error
 * nothing was changed. Values are not looked at here: see ww_conninfo_resolve(). */
ww_status ww_conninfo_parse(ww_conninfo *c, ww_slice text, ww_error *err);

/* Sets one keyword by name, in place of what it had. ERR_USAGE for an unknown one or a NUL in the
 * value; ERR_NOMEM. On error nothing was changed. */
ww_status ww_conninfo_set(ww_conninfo *c, const char *keyword, ww_slice value, ww_error *err);
/* The value of a keyword; NULL if unset or unknown. Lives until that keyword changes. */
const char *ww_conninfo_get(const ww_conninfo *c, const char *keyword);

/* Reads the group that `service` names in the text of a service file, and takes from it what is
 * still NULL. *found: it is there; else nothing was changed. ERR_USAGE with `path` and line for
 * what is wrong in or before the group; ERR_NOMEM; then nothing was changed either. */
ww_status ww_conninfo_service(ww_conninfo *c, ww_slice file, const char *path, bool *found,
                              ww_error *err);

/* True if it has a value that nobody else may see: a password, key or token. */
bool ww_conninfo_has_secret(const ww_conninfo *c);

/* Fills what is NULL from the environment through `get` (getenv's shape), PGREQUIRESSL included,
 * then drops empty values. ERR_NOMEM: some values are filled in, others not. */
ww_status ww_conninfo_environment(ww_conninfo *c, char *(*get)(const char *name), ww_error *err);

/* ---- values, checked and turned into numbers ------------------------------------------------- */

typedef enum ww_sslmode {
    WW_SSLMODE_DEFAULT, /* written by nobody: ask; 'N' goes on in plain text, all else is final */
    WW_SSLMODE_DISABLE,
    WW_SSLMODE_ALLOW,
    WW_SSLMODE_PREFER,  /* written by somebody: libpq's whole order of retries */
    WW_SSLMODE_REQUIRE,
    WW_SSLMODE_VERIFY_CA,
    WW_SSLMODE_VERIFY_FULL /* also when nobody wrote one and sslrootcert=system */
} ww_sslmode;

/* The same order as ww_channel_binding, which belongs to the wire. */
typedef enum ww_binding { WW_BINDING_PREFER, WW_BINDING_DISABLE, WW_BINDING_REQUIRE } ww_binding;

typedef enum ww_sslnegotiation {
    WW_SSLNEGOTIATION_POSTGRES, /* asked for in plain text, then TLS */
    WW_SSLNEGOTIATION_DIRECT    /* TLS from the first byte, with ALPN; server 17+ */
} ww_sslnegotiation;

typedef enum ww_sslcertmode {
    WW_SSLCERTMODE_ALLOW,   /* send the client's certificate if there is one, and it is asked for */
    WW_SSLCERTMODE_DISABLE, /* send none */
    WW_SSLCERTMODE_REQUIRE  /* go on only if the server asked for it and it was sent */
} ww_sslcertmode;

typedef enum ww_target_session_attrs {
    WW_TARGET_ANY,
    WW_TARGET_READ_WRITE,
    WW_TARGET_READ_ONLY,
    WW_TARGET_PRIMARY,
    WW_TARGET_STANDBY,
    WW_TARGET_PREFER_STANDBY /* a standby; any, if no host is one */
} ww_target_session_attrs;

/* What require_auth leaves open; WW_REQUIRE_ANY: nothing was asked. Same bits as WW_AUTH_*. */
#define WW_REQUIRE_ANY 0u
#define WW_REQUIRE_NONE 1u              /* the server may ask for nothing */
#define WW_REQUIRE_PASSWORD 2u          /* cleartext, named by the user: over plain TCP too */
#define WW_REQUIRE_MD5 4u
#define WW_REQUIRE_SCRAM 8u
#define WW_REQUIRE_PASSWORD_SAFE 16u    /* cleartext, left over by "!...": never over plain TCP */
#define WW_REQUIRE_OAUTH 32u

#define WW_SCRAM_KEY_BYTES 32

#define WW_DEFAULT_CONNECT_TIMEOUT_S 30
#define WW_DEFAULT_PORT 5432

typedef struct ww_conninfo_values {
    ww_sslmode sslmode;
    ww_binding channel_binding;
    unsigned require_auth;      /* WW_REQUIRE_* */
    int connect_timeout_s;      /* for each address; 0: none */
    bool keepalives;            /* the next four: 0 is the system's default */
    int keepalives_idle_s, keepalives_interval_s, keepalives_count;
    int tcp_user_timeout_ms;
    bool sslsni;
    int tls_min_version;        /* 0x0303 TLS 1.2 or 0x0304 TLS 1.3 */
    int tls_max_version;        /* the same; 0: none */
    uint32_t min_protocol;      /* 0x00030000 or 0x00030002 (WW_PROTOCOL_3_0, 3_2) */
    uint32_t max_protocol;
    ww_sslnegotiation sslnegotiation;
    ww_sslcertmode sslcertmode;
    ww_target_session_attrs target;
    bool load_balance_hosts;    /* in random order, and so are each one's addresses */
    bool has_scram_client_key, has_scram_server_key;
    uint8_t scram_client_key[WW_SCRAM_KEY_BYTES]; /* secrets: whoever resolves, wipes */
    uint8_t scram_server_key[WW_SCRAM_KEY_BYTES];
} ww_conninfo_values;

/* Checks every value, hosts and ports included, so that nothing is refused half way into a connect,
 * and that a service, if one is named, was found; writes what they mean to *out. ERR_USAGE names
 * keyword, value (never a password) and what is allowed; *out is then not defined. */
ww_status ww_conninfo_resolve(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err);
/* The same for who only wants to know. */
ww_status ww_conninfo_check(const ww_conninfo *c, ww_error *err);

/* host, hostaddr and port are lists: the i-th address to try, strings cut at commas. */
typedef struct ww_host {
    ww_slice host;      /* name, socket directory, or empty: the default socket directory */
    ww_slice hostaddr;  /* where to connect, if not empty; host is then a name for TLS, passfile */
    uint16_t port;
    bool local;         /* a Unix socket: no hostaddr, and host begins with '/' or '@' */
} ww_host;
/* How many hosts the lists name (at least 1); 0 with ERR_USAGE in err if they do not match. */
size_t ww_conninfo_host_count(const ww_conninfo *c, ww_error *err);
/* i < ww_conninfo_host_count(). ERR_USAGE for a port that is no number from 1 to 65535. Slices live
 * as long as the three values. Walks the lists: linear in i. */
ww_status ww_conninfo_host(const ww_conninfo *c, size_t i, ww_host *out, ww_error *err);

/* Looks a password up in the text of a .pgpass file. Returns its length, written unescaped with a
 * NUL to out[cap]; 0 if no line matches, or the first that does has an empty password; SIZE_MAX if
 * cap is too small. host: name or address as given; "" and the default socket directories (/tmp,
 * /var/run/postgresql) match "localhost" too. dbname and user: as sent to the server; empty ones
 * match nothing. A line with a NUL in it is skipped. Does not allocate; linear in the file. */
size_t ww_passfile_find(ww_slice file, ww_slice host, uint16_t port, ww_slice dbname, ww_slice user,
                        char *out, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
