/* SPDX-License-Identifier: MIT */
/* values.c: every value checked once, and turned into what the client works with. Source:
 * pqConnectOptions2 and the functions that read integers and versions in fe-connect.c. */
#include "conninfo.h"

#include "base/error.h"

#include <string.h>

#define SHOWN_MAX 48u /* bytes of a wrong value that an error shows */

/* ---- words ---------------------------------------------------------------------------------- */

typedef struct word {
    const char *text; /* NULL ends a list */
    int value;
} word;

static const word sslmodes[] = {
    { "disable", WW_SSLMODE_DISABLE },         { "allow", WW_SSLMODE_ALLOW },
    { "prefer", WW_SSLMODE_PREFER },           { "require", WW_SSLMODE_REQUIRE },
    { "verify-ca", WW_SSLMODE_VERIFY_CA },     { "verify-full", WW_SSLMODE_VERIFY_FULL },
    { NULL, 0 },
};
static const word bindings[] = {
    { "disable", WW_BINDING_DISABLE },
    { "prefer", WW_BINDING_PREFER },
    { "require", WW_BINDING_REQUIRE },
    { NULL, 0 },
};
static const word negotiations[] = {
    { "postgres", WW_SSLNEGOTIATION_POSTGRES },
    { "direct", WW_SSLNEGOTIATION_DIRECT },
    { NULL, 0 },
};
static const word certmodes[] = {
    { "disable", WW_SSLCERTMODE_DISABLE },
    { "allow", WW_SSLCERTMODE_ALLOW },
    { "require", WW_SSLCERTMODE_REQUIRE },
    { NULL, 0 },
};
static const word targets[] = {
    { "any", WW_TARGET_ANY },
    { "read-write", WW_TARGET_READ_WRITE },
    { "read-only", WW_TARGET_READ_ONLY },
    { "primary", WW_TARGET_PRIMARY },
    { "standby", WW_TARGET_STANDBY },
    { "prefer-standby", WW_TARGET_PREFER_STANDBY },
    { NULL, 0 },
};
static const word balances[] = { { "disable", 0 }, { "random", 1 }, { NULL, 0 } };
#define GSS_REQUIRED 1
static const word gssencmodes[] = {
    { "disable", 0 }, { "prefer", 0 }, { "require", GSS_REQUIRED }, { NULL, 0 },
};
static const word switches[] = { { "0", 0 }, { "1", 1 }, { NULL, 0 } };
static const word protocols[] = {
    { "3.0", 0x00030000 }, { "3.2", 0x00030002 }, { "latest", 0x00030002 }, { NULL, 0 },
};
static const word tls_versions[] = {
    { "TLSv1", 0x0301 }, { "TLSv1.1", 0x0302 }, { "TLSv1.2", 0x0303 }, { "TLSv1.3", 0x0304 },
    { NULL, 0 },
};

ww_status ww__refuse_value(ww_error *err, const char *what, const char *keyword, const char *value)
{
    char shown[SHOWN_MAX];
    ww_slice text = { (const uint8_t *)shown, 0 };
    text.len = ww__copy_cut(shown, sizeof shown, ww_slice_of(value));
    ww__fail_text(err, WW_ERR_USAGE, what, keyword);
    ww__error_add_text(err, " \"");
    ww__error_add(err, text);
    ww__error_add_text(err, text.len < strlen(value) ? "...\"" : "\"");
    return WW_ERR_USAGE;
}

static ww_status refuse_word(ww_error *err, const char *keyword, const char *value,
                             const word *words)
{
    size_t i;
    ww__refuse_value(err, "a connection value is not one of the words allowed", keyword, value);
    ww__error_add_text(err, "; allowed: ");
    for (i = 0; words[i].text != NULL; i++) {
        ww__error_add_text(err, i > 0 ? ", " : "");
        ww__error_add_text(err, words[i].text);
    }
    return WW_ERR_USAGE;
}

static bool equal_in_any_case(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++)
        if ((*a >= 'A' && *a <= 'Z' ? *a + ('a' - 'A') : *a) !=
            (*b >= 'A' && *b <= 'Z' ? *b + ('a' - 'A') : *b))
            return false;
    return *a == *b;
}

/* A value of NULL leaves *out at its default. */
static ww_status read_word(const char *keyword, const char *value, const word *words, int *out,
                           ww_error *err)
{
    size_t i;
    if (value == NULL)
        return WW_OK;
    for (i = 0; words[i].text != NULL; i++) {
        if (words == tls_versions ? equal_in_any_case(value, words[i].text)
                                  : strcmp(value, words[i].text) == 0) {
            *out = words[i].value;
            return WW_OK;
        }
    }
    return refuse_word(err, keyword, value, words);
}

/* ---- integers ------------------------------------------------------------------------------- */

/* Below `least` counts as `least`. */
static ww_status read_int(const char *keyword, const char *value, int least, int *out,
                          ww_error *err)
{
    if (value == NULL)
        return WW_OK;
    if (!ww__int_parse(ww_slice_of(value), out))
        return ww__refuse_value(err, "a connection value is not an integer, as in 10", keyword,
                                value);
    if (*out < least)
        *out = least;
    return WW_OK;
}

static ww_status resolve_integers(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    int keepalives = 1;
    const struct {
        const char *keyword, *value;
        int least;
        int *out;
    } rows[] = {
        { "connect_timeout", c->connect_timeout, 0, &out->connect_timeout_s },
        { "keepalives", c->keepalives, INT32_MIN, &keepalives },
        { "keepalives_idle", c->keepalives_idle, 0, &out->keepalives_idle_s },
        { "keepalives_interval", c->keepalives_interval, 0, &out->keepalives_interval_s },
        { "keepalives_count", c->keepalives_count, 0, &out->keepalives_count },
        { "tcp_user_timeout", c->tcp_user_timeout, 0, &out->tcp_user_timeout_ms },
    };
    ww_status st = WW_OK;
    size_t i;
    out->connect_timeout_s = WW_DEFAULT_CONNECT_TIMEOUT_S;
    for (i = 0; st == WW_OK && i < sizeof rows / sizeof rows[0]; i++)
        st = read_int(rows[i].keyword, rows[i].value, rows[i].least, rows[i].out, err);
    out->keepalives = keepalives != 0;
    return st;
}

/* ---- encryption ----------------------------------------------------------------------------- */

static ww_status resolve_sslmode(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    bool system = c->sslrootcert != NULL && strcmp(c->sslrootcert, "system") == 0;
    int mode = system ? WW_SSLMODE_VERIFY_FULL : WW_SSLMODE_DEFAULT;
    int gss = 0;
    ww_status st = read_word("sslmode", c->sslmode, sslmodes, &mode, err);
    if (st == WW_OK && system && mode != WW_SSLMODE_VERIFY_FULL)
        return ww__refuse_value(err, "with sslrootcert=system, sslmode can only be verify-full",
                                "sslmode", c->sslmode);
    if (st == WW_OK)
        st = read_word("gssencmode", c->gssencmode, gssencmodes, &gss, err);
    if (st == WW_OK && gss == GSS_REQUIRED)
        return ww__refuse_value(err,
                                "walwire has no GSSAPI encryption; leave it out, or write disable",
                                "gssencmode", c->gssencmode);
    out->sslmode = (ww_sslmode)mode;
    return st;
}

static ww_status resolve_tls(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    const char *const least = "ssl_min_protocol_version", *const most = "ssl_max_protocol_version";
    const char *min = c->ssl_min_protocol_version, *max = c->ssl_max_protocol_version;
    int sni = 1;
    ww_status st;
    out->tls_min_version = 0x0303;
    if (min != NULL && min[0] == '\0')
        min = NULL;
    if (max != NULL && max[0] == '\0')
        max = NULL;
    st = read_word(least, min, tls_versions, &out->tls_min_version, err);
    if (st == WW_OK)
        st = read_word(most, max, tls_versions, &out->tls_max_version, err);
    if (st == WW_OK && max != NULL && out->tls_max_version < 0x0303)
        return ww__refuse_value(err, "walwire speaks TLSv1.2 and TLSv1.3 only", most, max);
    if (st == WW_OK && max != NULL && out->tls_max_version < out->tls_min_version)
        return ww__refuse_value(err, "ssl_max_protocol_version is below ssl_min_protocol_version",
                                most, max);
    if (st == WW_OK && c->sslsni != NULL && c->sslsni[0] != '\0')
        st = read_word("sslsni", c->sslsni, switches, &sni, err);
    if (out->tls_min_version < 0x0303)
        out->tls_min_version = 0x0303;
    out->sslsni = sni != 0;
    return st;
}

/* A server that is asked directly has no 'N' to say: modes that could take it are errors. */
static ww_status resolve_negotiation(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    int how = WW_SSLNEGOTIATION_POSTGRES, certmode = WW_SSLCERTMODE_ALLOW;
    ww_status st = read_word("sslnegotiation", c->sslnegotiation, negotiations, &how, err);
    if (st == WW_OK && how == WW_SSLNEGOTIATION_DIRECT && out->sslmode < WW_SSLMODE_REQUIRE)
        return ww__refuse_value(
            err, "with sslnegotiation=direct, sslmode must be require, verify-ca or verify-full",
            "sslmode", c->sslmode != NULL ? c->sslmode : "");
    if (st == WW_OK)
        st = read_word("sslcertmode", c->sslcertmode, certmodes, &certmode, err);
    out->sslnegotiation = (ww_sslnegotiation)how;
    out->sslcertmode = (ww_sslcertmode)certmode;
    return st;
}

/* ---- which server --------------------------------------------------------------------------- */

static ww_status resolve_target(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    int target = WW_TARGET_ANY, balance = 0;
    ww_status st =
        read_word("target_session_attrs", c->target_session_attrs, targets, &target, err);
    if (st == WW_OK)
        st = read_word("load_balance_hosts", c->load_balance_hosts, balances, &balance, err);
    out->target = (ww_target_session_attrs)target;
    out->load_balance_hosts = balance != 0;
    return st;
}

/* What it names was to be read before: without it we would connect elsewhere. */
static ww_status check_service(const ww_conninfo *c, ww_error *err)
{
    if (c->service == NULL || c->service_found)
        return WW_OK;
    return ww__refuse_value(err, "a service is named, and no service file was read", "service",
                            c->service);
}

/* ---- protocol ------------------------------------------------------------------------------- */

/* The maximum is 3.0 unless more is asked for: what every server and pooler understands. */
static ww_status resolve_protocol(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    int min = 0x00030000, max;
    ww_status st = read_word("min_protocol_version", c->min_protocol_version, protocols, &min, err);
    max = min;
    if (st == WW_OK)
        st = read_word("max_protocol_version", c->max_protocol_version, protocols, &max, err);
    if (st == WW_OK && min > max)
        return ww__refuse_value(err, "max_protocol_version is below min_protocol_version",
                                "max_protocol_version", c->max_protocol_version);
    out->min_protocol = (uint32_t)min;
    out->max_protocol = (uint32_t)max;
    return st;
}

static ww_status check_replication(const ww_conninfo *c, ww_error *err)
{
    if (c->replication == NULL || c->replication[0] == '\0' ||
        strcmp(c->replication, "database") == 0)
        return WW_OK;
    return ww__refuse_value(err, "walwire sets replication=database itself; leave it out",
                            "replication", c->replication);
}

/* Names are compared as the server does: letters and digits only, in any case. */
static ww_status check_encoding(const ww_conninfo *c, ww_error *err)
{
    const char *value = c->client_encoding;
    char name[8];
    size_t n = 0;
    if (value == NULL || value[0] == '\0' || strcmp(value, "auto") == 0)
        return WW_OK;
    for (; *value != '\0' && n < sizeof name - 1; value++)
        if ((*value >= '0' && *value <= '9') || (*value >= 'a' && *value <= 'z') ||
            (*value >= 'A' && *value <= 'Z'))
            name[n++] = *value;
    name[n] = '\0';
    if (equal_in_any_case(name, "utf8") || equal_in_any_case(name, "unicode"))
        return WW_OK;
    return ww__refuse_value(err, "output is UTF-8: client_encoding can only be UTF8 or auto",
                            "client_encoding", c->client_encoding);
}

ww_status ww_conninfo_resolve(const ww_conninfo *c, ww_conninfo_values *out, ww_error *err)
{
    int binding = WW_BINDING_PREFER;
    ww_status st = check_service(c, err);
    memset(out, 0, sizeof *out);
    if (st == WW_OK)
        st = ww__hosts_check(c, err);
    if (st == WW_OK)
        st = resolve_integers(c, out, err);
    if (st == WW_OK)
        st = resolve_sslmode(c, out, err);
    if (st == WW_OK)
        st = resolve_negotiation(c, out, err);
    if (st == WW_OK)
        st = resolve_tls(c, out, err);
    if (st == WW_OK)
        st = read_word("channel_binding", c->channel_binding, bindings, &binding, err);
    out->channel_binding = (ww_binding)binding;
    if (st == WW_OK)
        st = ww__require_read(c->require_auth, &out->require_auth, err);
    if (st == WW_OK)
        st = ww__scram_keys_read(c, out, err);
    if (st == WW_OK)
        st = resolve_target(c, out, err);
    if (st == WW_OK)
        st = resolve_protocol(c, out, err);
    if (st == WW_OK)
        st = check_replication(c, err);
    return st == WW_OK ? check_encoding(c, err) : st;
}

ww_status ww_conninfo_check(const ww_conninfo *c, ww_error *err)
{
    ww_conninfo_values ignored;
    ww_status st = ww_conninfo_resolve(c, &ignored, err);
    ww__conninfo_wipe(&ignored, sizeof ignored);
    return st;
}
