/* SPDX-License-Identifier: MIT */
/* test_values.c: values checked and turned into numbers; lists of hosts. */
#include "cases.h"
#include "check.h"

#include <walwire/config.h>

static check_alloc memory;

static ww_status resolve(const char *text, ww_conninfo_values *out, ww_error *err)
{
    ww_conninfo c;
    ww_status st;
    ww_conninfo_init(&c, &memory.alloc);
    CHECK(ww_conninfo_parse(&c, ww_slice_of(text), err) == WW_OK);
    st = ww_conninfo_resolve(&c, out, err);
    CHECK(ww_conninfo_check(&c, NULL) == st);
    ww_conninfo_fini(&c);
    return st;
}

static void table(void)
{
    size_t i;
    for (i = 0; i < value_case_count; i++) {
        const value_case *row = &value_cases[i];
        unsigned before = check_failures;
        ww_conninfo_values v;
        ww_error err;
        ww_error_clear(&err);
        CHECK(resolve(row->text, &v, &err) == (row->what == NULL ? WW_OK : WW_ERR_USAGE));
        if (row->what != NULL)
            CHECK(strstr(err.what, row->what) != NULL);
        if (row->subject != NULL)
            CHECK_TEXT(err.subject, row->subject);
        if (check_failures != before)
            fprintf(stderr, "    in: %s\n    said: %s: %s\n", row->text, err.what, err.subject);
    }
}

static ww_conninfo_values values_of(const char *text)
{
    ww_conninfo_values v;
    memset(&v, 0xAA, sizeof v);
    CHECK(resolve(text, &v, NULL) == WW_OK);
    return v;
}

static void defaults(void)
{
    ww_conninfo_values v = values_of("");
    CHECK(v.sslmode == WW_SSLMODE_DEFAULT);
    CHECK(v.channel_binding == WW_BINDING_PREFER);
    CHECK(v.require_auth == WW_REQUIRE_ANY);
    CHECK(v.connect_timeout_s == 30);
    CHECK(v.keepalives && v.keepalives_idle_s == 0 && v.keepalives_interval_s == 0);
    CHECK(v.keepalives_count == 0 && v.tcp_user_timeout_ms == 0);
    CHECK(v.sslsni && v.tls_min_version == 0x0303 && v.tls_max_version == 0);
    CHECK(v.min_protocol == 0x00030000 && v.max_protocol == 0x00030000);
}

static void encryption(void)
{
    CHECK(values_of("sslmode=disable").sslmode == WW_SSLMODE_DISABLE);
    CHECK(values_of("sslmode=allow").sslmode == WW_SSLMODE_ALLOW);
    CHECK(values_of("sslmode=prefer").sslmode == WW_SSLMODE_PREFER);
    CHECK(values_of("sslmode=require").sslmode == WW_SSLMODE_REQUIRE);
    CHECK(values_of("sslmode=verify-ca").sslmode == WW_SSLMODE_VERIFY_CA);
    CHECK(values_of("sslmode=verify-full").sslmode == WW_SSLMODE_VERIFY_FULL);
    CHECK(values_of("sslrootcert=system").sslmode == WW_SSLMODE_VERIFY_FULL);
    CHECK(values_of("sslrootcert=root.crt").sslmode == WW_SSLMODE_DEFAULT);
    CHECK(values_of("ssl_min_protocol_version=TLSv1.3").tls_min_version == 0x0304);
    CHECK(values_of("ssl_min_protocol_version=TLSv1").tls_min_version == 0x0303);
    CHECK(values_of("ssl_max_protocol_version=TLSv1.2").tls_max_version == 0x0303);
    CHECK(values_of("ssl_max_protocol_version=tlsv1.3").tls_max_version == 0x0304);
    CHECK(!values_of("sslsni=0").sslsni);
    CHECK(values_of("channel_binding=disable").channel_binding == WW_BINDING_DISABLE);
    CHECK(values_of("channel_binding=require").channel_binding == WW_BINDING_REQUIRE);
}

static void require_auth(void)
{
    CHECK_EQ_U64(values_of("require_auth=none").require_auth, WW_REQUIRE_NONE);
    CHECK_EQ_U64(values_of("require_auth=password").require_auth, WW_REQUIRE_PASSWORD);
    CHECK_EQ_U64(values_of("require_auth=scram-sha-256,md5").require_auth,
                 WW_REQUIRE_SCRAM | WW_REQUIRE_MD5);
    CHECK_EQ_U64(values_of("require_auth=gss,md5").require_auth, WW_REQUIRE_MD5);
    CHECK_EQ_U64(values_of("require_auth=oauth,md5").require_auth,
                 WW_REQUIRE_MD5 | WW_REQUIRE_OAUTH);
    CHECK_EQ_U64(values_of("require_auth=!scram-sha-256,!md5,!none,!password").require_auth,
                 WW_REQUIRE_OAUTH);
    CHECK_EQ_U64(values_of("require_auth=!md5").require_auth,
                 WW_REQUIRE_SCRAM | WW_REQUIRE_OAUTH | WW_REQUIRE_NONE | WW_REQUIRE_PASSWORD_SAFE);
    CHECK_EQ_U64(values_of("require_auth=!none").require_auth,
                 WW_REQUIRE_SCRAM | WW_REQUIRE_OAUTH | WW_REQUIRE_MD5 | WW_REQUIRE_PASSWORD_SAFE);
    CHECK_EQ_U64(values_of("require_auth=!none,!password,!md5,!oauth").require_auth,
                 WW_REQUIRE_SCRAM);
}

static void numbers(void)
{
    ww_conninfo_values v = values_of("connect_timeout=0 keepalives=0 keepalives_idle=' 7 ' "
                                     "keepalives_interval=+8 keepalives_count=009 "
                                     "tcp_user_timeout=2147483647");
    CHECK(v.connect_timeout_s == 0 && !v.keepalives && v.keepalives_idle_s == 7);
    CHECK(v.keepalives_interval_s == 8 && v.keepalives_count == 9);
    CHECK(v.tcp_user_timeout_ms == INT32_MAX);
    v = values_of("connect_timeout=-2147483648 keepalives=-1 keepalives_idle=-1 "
                  "tcp_user_timeout=-1");
    CHECK(v.connect_timeout_s == 0 && v.keepalives && v.keepalives_idle_s == 0);
    CHECK(v.tcp_user_timeout_ms == 0);
    v = values_of("max_protocol_version=latest");
    CHECK(v.min_protocol == 0x00030000 && v.max_protocol == 0x00030002);
    v = values_of("min_protocol_version=3.2");
    CHECK(v.min_protocol == 0x00030002 && v.max_protocol == 0x00030002);
}

static void servers(void)
{
    ww_conninfo_values v = values_of("");
    CHECK(v.target == WW_TARGET_ANY && !v.load_balance_hosts);
    CHECK(v.sslnegotiation == WW_SSLNEGOTIATION_POSTGRES);
    CHECK(v.sslcertmode == WW_SSLCERTMODE_ALLOW);
    CHECK(values_of("target_session_attrs=read-write").target == WW_TARGET_READ_WRITE);
    CHECK(values_of("target_session_attrs=read-only").target == WW_TARGET_READ_ONLY);
    CHECK(values_of("target_session_attrs=primary").target == WW_TARGET_PRIMARY);
    CHECK(values_of("target_session_attrs=standby").target == WW_TARGET_STANDBY);
    CHECK(values_of("target_session_attrs=prefer-standby").target == WW_TARGET_PREFER_STANDBY);
    CHECK(values_of("load_balance_hosts=random").load_balance_hosts);
    CHECK(values_of("sslmode=require sslnegotiation=direct").sslnegotiation ==
          WW_SSLNEGOTIATION_DIRECT);
    CHECK(values_of("sslcertmode=disable").sslcertmode == WW_SSLCERTMODE_DISABLE);
    CHECK(values_of("sslcertmode=require").sslcertmode == WW_SSLCERTMODE_REQUIRE);
}

/* The bytes 0 to 31, and what somebody else's base64 says of others. */
static void scram_keys(void)
{
    ww_conninfo_values v =
        values_of("scram_client_key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    unsigned i;
    CHECK(v.has_scram_client_key && !v.has_scram_server_key);
    for (i = 0; i < 32; i++)
        CHECK_EQ_U64(v.scram_client_key[i], i);
    v = values_of("scram_server_key=////////////////////////////////////////+/8=");
    CHECK(!v.has_scram_client_key && v.has_scram_server_key);
    for (i = 0; i < 30; i++)
        CHECK_EQ_U64(v.scram_server_key[i], 255);
    CHECK_EQ_U64(v.scram_server_key[30], 0xfb);
    CHECK_EQ_U64(v.scram_server_key[31], 0xff);
}

/* ---- hosts ---------------------------------------------------------------------------------- */

typedef struct host_case {
    const char *text;
    size_t count;
    struct {
        const char *host, *hostaddr;
        unsigned port;
        bool local;
    } want[3];
} host_case;

static const host_case host_cases[] = {
    { "", 1, { { "", "", 5432, false } } },
    { "host=''", 1, { { "", "", 5432, false } } },
    { "host=db port=5433", 1, { { "db", "", 5433, false } } },
    { "hostaddr=::1", 1, { { "", "::1", 5432, false } } },
    { "host=/run port=1", 1, { { "/run", "", 1, true } } },
    { "host=@walwire", 1, { { "@walwire", "", 5432, true } } },
    { "host=/run hostaddr=::1", 1, { { "/run", "::1", 5432, false } } },
    { "host=a,b", 2, { { "a", "", 5432, false }, { "b", "", 5432, false } } },
    { "host=a,/b port=7", 2, { { "a", "", 7, false }, { "/b", "", 7, true } } },
    { "host=a,b,c port=1,,3", 3,
      { { "a", "", 1, false }, { "b", "", 5432, false }, { "c", "", 3, false } } },
    { "host=,b, hostaddr=1.1.1.1,,3.3.3.3 port=9", 3,
      { { "", "1.1.1.1", 9, false }, { "b", "", 9, false }, { "", "3.3.3.3", 9, false } } },
    { "postgresql://a:1,[::1],c", 3,
      { { "a", "", 1, false }, { "::1", "", 5432, false }, { "c", "", 5432, false } } },
    { "postgresql://%2Ftmp%2Cb:2/", 2, { { "/tmp", "", 2, true }, { "b", "", 2, false } } },
};

static void hosts(void)
{
    size_t i, n;
    for (i = 0; i < sizeof host_cases / sizeof host_cases[0]; i++) {
        const host_case *row = &host_cases[i];
        ww_conninfo c;
        ww_host h;
        ww_conninfo_init(&c, &memory.alloc);
        CHECK(ww_conninfo_parse(&c, ww_slice_of(row->text), NULL) == WW_OK);
        CHECK_EQ_U64(ww_conninfo_host_count(&c, NULL), row->count);
        for (n = 0; n < row->count; n++) {
            CHECK(ww_conninfo_host(&c, n, &h, NULL) == WW_OK);
            CHECK_SLICE(h.host, row->want[n].host);
            CHECK_SLICE(h.hostaddr, row->want[n].hostaddr);
            CHECK_EQ_U64(h.port, row->want[n].port);
            CHECK(h.local == row->want[n].local);
        }
        CHECK(ww_conninfo_host(&c, row->count, &h, NULL) == WW_ERR_USAGE);
        ww_conninfo_fini(&c);
    }
}

static void hosts_refused(void)
{
    ww_conninfo c;
    ww_host h;
    ww_error err;
    ww_conninfo_init(&c, &memory.alloc);
    CHECK(ww_conninfo_parse(&c, ww_slice_of("host=a,b port=1,x"), NULL) == WW_OK);
    CHECK(ww_conninfo_host(&c, 0, &h, &err) == WW_OK);
    CHECK(ww_conninfo_host(&c, 1, &h, &err) == WW_ERR_USAGE);
    CHECK(ww_conninfo_set(&c, "port", ww_slice_of("1,2,3"), NULL) == WW_OK);
    CHECK_EQ_U64(ww_conninfo_host_count(&c, &err), 0);
    CHECK(err.status == WW_ERR_USAGE);
    CHECK(ww_conninfo_host(&c, 0, &h, &err) == WW_ERR_USAGE);
    ww_conninfo_fini(&c);
}

/* Passwords with bare '/', ':' or '@' in a URI land in ports and hosts: not shown there. */
static void pieces_of_passwords(void)
{
    static const char *const texts[] = {
        "postgresql://app:s3cret/x@db/shop",   "postgresql://app:p@s3cret@db/shop",
        "postgresql://app:12:s3cret/@db/shop", "postgresql://app:p@s3cret/x@db:5432/shop",
        "postgresql://app:p@s3cret:1@db/shop", "postgresql://app:p@q,s3cret@db/shop",
    };
    ww_conninfo_values v;
    ww_error err;
    size_t i;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ww_error_clear(&err);
        resolve(texts[i], &v, &err);
        CHECK(strstr(err.subject, "s3cret") == NULL);
    }
    CHECK(resolve(texts[0], &v, &err) == WW_ERR_USAGE);
    CHECK(resolve(texts[1], &v, &err) == WW_ERR_USAGE);
}

int main(void)
{
    check_alloc_init(&memory, 0);
    RUN(table);
    RUN(defaults);
    RUN(encryption);
    RUN(require_auth);
    RUN(numbers);
    RUN(servers);
    RUN(scram_keys);
    RUN(hosts);
    RUN(hosts_refused);
    RUN(pieces_of_passwords);
    CHECK_EQ_U64(memory.live_bytes, 0);
    return check_report();
}
