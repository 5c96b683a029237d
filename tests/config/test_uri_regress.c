/* SPDX-License-Identifier: MIT */
/* test_uri_regress.c: URIs in the shape of libpq's own regression test of them: what a URI sets,
 * in libpq's order and without what is its default, then whether that is a Unix socket or not.
 *
 *     test_config_uri_regress URI     prints that line, or why the URI is refused
 *
 * so that tables written for libpq_uri_regress can be held against this parser, too. */
#include "check.h"

#include <walwire/config.h>

#define LINE_SIZE 1024u

/* In the order of PQconninfoOptions, with the defaults that a URI may spell out. */
static const char *const order[][2] = {
    {"service", NULL},
    {"user", NULL},
    {"password", NULL},
    {"passfile", NULL},
    {"channel_binding", "prefer"},
    {"connect_timeout", NULL},
    {"dbname", NULL},
    {"host", NULL},
    {"hostaddr", NULL},
    {"port", "5432"},
    {"client_encoding", NULL},
    {"options", NULL},
    {"application_name", NULL},
    {"fallback_application_name", NULL},
    {"keepalives", NULL},
    {"keepalives_idle", NULL},
    {"keepalives_interval", NULL},
    {"keepalives_count", NULL},
    {"tcp_user_timeout", NULL},
    {"sslmode", "prefer"},
    {"sslnegotiation", "postgres"},
    {"sslcompression", "0"},
    {"sslcert", NULL},
    {"sslkey", NULL},
    {"sslcertmode", "allow"},
    {"sslpassword", NULL},
    {"sslrootcert", NULL},
    {"sslcrl", NULL},
    {"sslcrldir", NULL},
    {"sslsni", "1"},
    {"requirepeer", NULL},
    {"require_auth", NULL},
    {"min_protocol_version", NULL},
    {"max_protocol_version", NULL},
    {"ssl_min_protocol_version", "TLSv1.2"},
    {"ssl_max_protocol_version", NULL},
    {"gssencmode", "disable"},
    {"krbsrvname", "postgres"},
    {"gsslib", NULL},
    {"gssdelegation", "0"},
    {"replication", NULL},
    {"target_session_attrs", "any"},
    {"load_balance_hosts", "disable"},
    {"scram_client_key", NULL},
    {"scram_server_key", NULL},
    {"oauth_issuer", NULL},
    {"oauth_client_id", NULL},
    {"oauth_client_secret", NULL},
    {"oauth_scope", NULL},
    {"sslkeylogfile", NULL},
};

static bool is_socket(const char *host)
{
    return host[0] == '/' || host[0] == '@';
}

static bool is_local(const ww_conninfo *c)
{
    bool named = c->host != NULL && c->host[0] != '\0' && !is_socket(c->host);
    return !named && (c->hostaddr == NULL || c->hostaddr[0] == '\0');
}

/* The line; false, and the line says why, if the URI is refused. */
static bool describe(const char *uri, char line[LINE_SIZE])
{
    check_alloc a;
    ww_conninfo c;
    ww_error err;
    size_t i, n = 0;
    bool ok;
    check_alloc_init(&a, 0);
    ww_conninfo_init(&c, &a.alloc);
    ok = ww_conninfo_parse(&c, ww_slice_of(uri), &err) == WW_OK;
    if (!ok)
        snprintf(line, LINE_SIZE, "%s: %s", err.what, err.subject);
    for (i = 0; ok && i < sizeof order / sizeof order[0]; i++) {
        const char *value = ww_conninfo_get(&c, order[i][0]);
        if (value != NULL && (order[i][1] == NULL || strcmp(value, order[i][1]) != 0))
            n += (size_t)snprintf(line + n, LINE_SIZE - n, "%s='%s' ", order[i][0], value);
    }
    if (ok)
        snprintf(line + n, LINE_SIZE - n, is_local(&c) ? "(local)" : "(inet)");
    ww_conninfo_fini(&c);
    return ok;
}

/* The second is what it means; NULL: it is refused, and the third is a part of why. */
static const char *const cases[][3] = {
    /* Each part alone, and all of them. */
    {"postgresql://", "(local)", NULL},
    {"postgres:///", "(local)", NULL},
    {"postgresql://srv", "host='srv' (inet)", NULL},
    {"postgresql://srv/", "host='srv' (inet)", NULL},
    {"postgresql://srv:6543", "host='srv' port='6543' (inet)", NULL},
    {"postgresql://srv:5432", "host='srv' (inet)", NULL},
    {"postgresql://srv:6543/", "host='srv' port='6543' (inet)", NULL},
    {"postgresql://:6543", "port='6543' (local)", NULL},
    {"postgresql://:6543/base", "dbname='base' port='6543' (local)", NULL},
    {"postgresql:///base", "dbname='base' (local)", NULL},
    {"postgresql://srv/base", "dbname='base' host='srv' (inet)", NULL},
    {"postgresql://me@", "user='me' (local)", NULL},
    {"postgresql://me@srv", "user='me' host='srv' (inet)", NULL},
    {"postgresql://me@srv/base", "user='me' dbname='base' host='srv' (inet)", NULL},
    {"postgresql://me@srv:6543/base", "user='me' dbname='base' host='srv' port='6543' (inet)",
     NULL},
    {"postgresql://me:pw@srv:6543/base",
     "user='me' password='pw' dbname='base' host='srv' port='6543' (inet)", NULL},
    {"postgresql://me:@srv", "user='me' host='srv' (inet)", NULL},
    {"postgresql://:pw@srv", "password='pw' host='srv' (inet)", NULL},
    {"postgresql://@srv", "host='srv' (inet)", NULL},
    {"postgresql://srv:/", "host='srv' (inet)", NULL},

    /* Parameters, alone and over what stands before. */
    {"postgresql://srv?user=me", "user='me' host='srv' (inet)", NULL},
    {"postgresql://srv/?user=me", "user='me' host='srv' (inet)", NULL},
    {"postgresql://srv/base?user=me", "user='me' dbname='base' host='srv' (inet)", NULL},
    {"postgresql://me@srv?port=6543", "user='me' host='srv' port='6543' (inet)", NULL},
    {"postgresql://me@?host=srv", "user='me' host='srv' (inet)", NULL},
    {"postgresql://a?host=b", "host='b' (inet)", NULL},
    {"postgresql://?hostaddr=10.0.0.1", "hostaddr='10.0.0.1' (inet)", NULL},
    {"postgresql://srv?", "host='srv' (inet)", NULL},
    {"postgresql://srv?sslmode=verify-full", "host='srv' sslmode='verify-full' (inet)", NULL},
    {"postgresql://srv?sslmode=prefer", "host='srv' (inet)", NULL},
    {"postgresql://srv?ssl=true", "host='srv' sslmode='require' (inet)", NULL},
    {"postgresql://srv?target_session_attrs=standby&load_balance_hosts=random",
     "host='srv' target_session_attrs='standby' load_balance_hosts='random' (inet)", NULL},
    {"postgresql://srv?user=a%26b%3Dc", "user='a&b=c' host='srv' (inet)", NULL},
    {"postgresql://srv?usr=me", NULL, "usr; did you mean \"user\"?"},
    {"postgresql://srv?%75sr=me", NULL, "usr; did you mean \"user\"?"},
    {"postgresql://srv?user", NULL, "has no '='"},
    {"postgresql://srv?user=a=b", NULL, "two '='"},
    {"postgresql://srv?user==", NULL, "two '='"},
    {"postgresql://srv?user=me&", "user='me' host='srv' (inet)", NULL},
    {"postgresql://srv?user=me&&port=1", NULL, "has no '='"},
    {"postgresql://srv?=me", NULL, "no keyword"},

    /* Percent-encoding. */
    {"postgresql://%6De:p%77@%73rv:6543/b%61se",
     "user='me' password='pw' dbname='base' host='srv' port='6543' (inet)", NULL},
    {"postgresql://srv/a%2Fb", "dbname='a/b' host='srv' (inet)", NULL},
    {"postgresql://me:p%40ss%3a%2f@srv", "user='me' password='p@ss:/' host='srv' (inet)", NULL},
    {"postgresql://%", NULL, "two hexadecimal digits"},
    {"postgresql://srv/%1", NULL, "two hexadecimal digits"},
    {"postgresql://srv?user=%zz", NULL, "two hexadecimal digits"},
    {"postgresql://me%00@srv", NULL, "NUL"},
    {"postgresql://my srv", NULL, "%20"},
    {"postgresql:// srv ", "host='srv' (inet)", NULL},

    /* IPv6. */
    {"postgresql://[::1]", "host='::1' (inet)", NULL},
    {"postgresql://[2001:db8::7]:6543/base", "dbname='base' host='2001:db8::7' port='6543' (inet)",
     NULL},
    {"postgresql://[::1]?user=me", "user='me' host='::1' (inet)", NULL},
    {"postgresql://[fe80::1%25eth0]/", "host='fe80::1%eth0' (inet)", NULL},
    {"postgresql://[]", NULL, "empty"},
    {"postgresql://[]:6543", NULL, "empty"},
    {"postgresql://[::1", NULL, "']'"},
    {"postgresql://[::1]srv", NULL, "']'"},
    {"postgresql://::1", "port=':1' (local)", NULL},

    /* Unix sockets. */
    {"postgresql://%2Frun%2Fpg/base", "dbname='base' host='/run/pg' (local)", NULL},
    {"postgresql:///base?host=/run/pg", "dbname='base' host='/run/pg' (local)", NULL},
    {"postgresql://me:pw@?host=/run/pg", "user='me' password='pw' host='/run/pg' (local)", NULL},
    {"postgresql://me@/base?host=/run/pg&port=6543",
     "user='me' dbname='base' host='/run/pg' port='6543' (local)", NULL},
    {"postgresql://%40abstract", "host='@abstract' (local)", NULL},
    {"postgresql://%2Frun?hostaddr=::1", "host='/run' hostaddr='::1' (inet)", NULL},

    /* Several hosts. */
    {"postgresql://a,b/base", "dbname='base' host='a,b' port=',' (inet)", NULL},
    {"postgresql://a:1,b:2/base", "dbname='base' host='a,b' port='1,2' (inet)", NULL},
    {"postgresql://a:1,[::1],c", "host='a,::1,c' port='1,,' (inet)", NULL},
    {"postgresql://a%2Cb:6543", "host='a,b' port='6543' (inet)", NULL},
    {"postgresql://me@a,b?target_session_attrs=primary",
     "user='me' host='a,b' port=',' target_session_attrs='primary' (inet)", NULL},

    /* What is none. */
    {"postgre://srv", NULL, "begins with postgresql://"},
    {"POSTGRESQL://srv", NULL, "begins with postgresql://"},
    {"postgresql+x://srv", NULL, "begins with postgresql://"},
};

static void table(void)
{
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[LINE_SIZE] = "";
        bool ok = describe(cases[i][0], line);
        bool right = ok == (cases[i][1] != NULL);
        if (ok && right)
            CHECK_TEXT(line, cases[i][1]);
        else if (right)
            right = strstr(line, cases[i][2]) != NULL;
        if (!CHECK(right))
            fprintf(stderr, "    in: %s\n    got: %s\n", cases[i][0], line);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        char line[LINE_SIZE] = "";
        bool ok = describe(argv[1], line);
        fprintf(ok ? stdout : stderr, "%s\n", line);
        return ok ? 0 : 1;
    }
    RUN(table);
    return check_report();
}
