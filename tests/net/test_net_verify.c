/* SPDX-License-Identifier: MIT */
/* test_net_verify.c: which servers are believed: chains, dates, revocation, and names in
 * certificates. The certificates and the server are OpenSSL's. */
#include "check.h"
#include "peer.h"

#include "net/tls.h"

#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

static identity root, other_root, middle;

/* One connection to a server with this certificate. */
static ww_status try_server(const identity *id, const X509 *chain, const ww_tls_config *config,
                            ww_error *err)
{
    ww_status st;
    peer p;
    ww_error_clear(err);
    peer_open(&p);
    peer_serve(&p, id, chain);
    st = peer_handshake(&p, config, err);
    if (st == WW_OK)
        CHECK(ww_sock_tls_version(p.sock)[0] != '\0');
    else
        CHECK_TEXT(ww_sock_tls_version(p.sock), "");
    peer_close(&p);
    return st;
}

static ww_tls_config config_for(ww_tls_verify verify, const char *host)
{
    ww_tls_config c = peer_config();
    c.verify = verify;
    c.host = host;
    c.root_file = pki_path("root.crt");
    return c;
}

static void expect_refused(ww_status st, const ww_error *err, const char *word, const char *about)
{
    CHECK_EQ_U64(st, WW_ERR_TLS);
    CHECK_EQ_U64(err->status, WW_ERR_TLS);
    if (!CHECK(strstr(err->what, word) != NULL) || !CHECK(strstr(err->subject, about) != NULL))
        fprintf(stderr, "    %s: %s\n", err->what, err->subject);
    CHECK(!ww_status_retryable(err));
}

/* ---- the chain ------------------------------------------------------------------------------ */

static void a_good_server_is_believed(void)
{
    cert_spec spec = { .cn = "db.example", .sans = { DNS("db.example") }, .issuer = &root };
    ww_tls_config c = config_for(WW_TLS_VERIFY_FULL, "db.example");
    identity id = pki_make(&spec);
    ww_error err;
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    c.verify = WW_TLS_VERIFY_CA;
    c.host = "elsewhere.example";
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    c.host = NULL;
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    pki_drop(&id);
}

static void dates_count(void)
{
    cert_spec spec = {
        .cn = "db.example", .issuer = &root, .not_before = -9 * DAY, .not_after = -2 * DAY
    };
    ww_tls_config c = config_for(WW_TLS_VERIFY_CA, NULL);
    identity id = pki_make(&spec);
    ww_error err;
    expect_refused(try_server(&id, NULL, &c, &err), &err, "expired", "CN=db.example, valid until");
    pki_drop(&id);
    spec.not_before = 2 * DAY;
    spec.not_after = 9 * DAY;
    id = pki_make(&spec);
    expect_refused(try_server(&id, NULL, &c, &err), &err, "not yet valid", "valid from");
    pki_drop(&id);
}

static void strangers_are_refused(void)
{
    cert_spec spec = { .cn = "db.example" };
    ww_tls_config c = config_for(WW_TLS_VERIFY_CA, NULL);
    identity id = pki_make(&spec);
    ww_error err;
    expect_refused(try_server(&id, NULL, &c, &err), &err, "self-signed and not trusted",
                   "CN=db.example");
    pki_write_certs("self.crt", id.cert, NULL);
    c.root_file = pki_path("self.crt"); /* what the error advises */
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    pki_drop(&id);
    c = config_for(WW_TLS_VERIFY_CA, NULL);
    spec.issuer = &other_root;
    id = pki_make(&spec);
    expect_refused(try_server(&id, NULL, &c, &err), &err, "unknown CA", "signed by CN=Other Root");
    CHECK(strstr(err.what, "sslrootcert") != NULL);
    expect_refused(try_server(&id, other_root.cert, &c, &err), &err, "self-signed CA",
                   "Other Root");
    c = peer_config(); /* nothing asked, nothing refused */
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    pki_drop(&id);
}

/* The right names, signed by somebody else who calls himself the root. */
static void a_forged_signature_is_refused(void)
{
    cert_spec fake_spec = { .cn = "Test Root", .ca = true };
    cert_spec spec = { .cn = "db.example", .sans = { DNS("db.example") } };
    ww_tls_config c = config_for(WW_TLS_VERIFY_FULL, "db.example");
    identity fake, id;
    ww_error err;
    fake_spec.key = pki_key("EC");
    fake = pki_make(&fake_spec);
    spec.issuer = &fake;
    id = pki_make(&spec);
    expect_refused(try_server(&id, NULL, &c, &err), &err, "sslrootcert", "CN=");
    EVP_PKEY_free(fake_spec.key);
    pki_drop(&fake);
    pki_drop(&id);
}

static void intermediates_complete_the_chain(void)
{
    cert_spec spec = { .cn = "db.example", .issuer = &middle };
    ww_tls_config c = config_for(WW_TLS_VERIFY_CA, NULL);
    identity id = pki_make(&spec);
    ww_error err;
    CHECK_EQ_U64(try_server(&id, middle.cert, &c, &err), WW_OK);
    expect_refused(try_server(&id, NULL, &c, &err), &err, "unknown CA", "CN=Test Middle");
    pki_write_certs("middle.crt", middle.cert, NULL);
    c.root_file = pki_path("middle.crt");
    expect_refused(try_server(&id, NULL, &c, &err), &err, "does not end in a root",
                   "CN=Test Middle");
    pki_write_certs("both.crt", middle.cert, root.cert);
    c.root_file = pki_path("both.crt");
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    pki_drop(&id);
}

static void a_client_certificate_is_no_server(void)
{
    cert_spec spec = { .cn = "db.example", .issuer = &root, .for_clients = true };
    ww_tls_config c = config_for(WW_TLS_VERIFY_CA, NULL);
    identity id = pki_make(&spec);
    ww_error err;
    expect_refused(try_server(&id, NULL, &c, &err), &err, "not meant for servers", "CN=db.example");
    pki_drop(&id);
    spec.for_clients = false;
    spec.issuer = NULL;
    id = pki_make(&spec);
    spec.issuer = &id;
    spec.cn = "leaf.example";
    pki_write_certs("notca.crt", id.cert, NULL);
    c.root_file = pki_path("notca.crt");
    {
        identity leaf = pki_make(&spec);
        CHECK_EQ_U64(try_server(&leaf, NULL, &c, &err), WW_ERR_TLS); /* no CA signs by that */
        pki_drop(&leaf);
    }
    pki_drop(&id);
}

static void revocation_lists_are_heeded(void)
{
    cert_spec spec = { .cn = "db.example", .issuer = &root };
    ww_tls_config c = config_for(WW_TLS_VERIFY_CA, NULL);
    identity id = pki_make(&spec), fine = pki_make(&spec);
    X509_CRL *crl = pki_crl(&root, id.cert, -DAY, DAY);
    X509_CRL *old = pki_crl(&root, NULL, -9 * DAY, -2 * DAY);
    X509_CRL *others = pki_crl(&other_root, NULL, -DAY, DAY);
    ww_error err;
    pki_write_crl("root.crl", crl);
    pki_write_crl("old.crl", old);
    pki_write_crl("others.crl", others);
    c.crl_file = pki_path("root.crl");
    expect_refused(try_server(&id, NULL, &c, &err), &err, "revoked", "CN=db.example");
    CHECK_EQ_U64(try_server(&fine, NULL, &c, &err), WW_OK);
    c.crl_file = pki_path("old.crl");
    expect_refused(try_server(&fine, NULL, &c, &err), &err, "list has expired", "CN=db.example");
    c.crl_file = pki_path("others.crl");
    expect_refused(try_server(&fine, NULL, &c, &err), &err, "no revocation list", "CN=db.example");
    c.crl_file = NULL;
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    X509_CRL_free(crl);
    X509_CRL_free(old);
    X509_CRL_free(others);
    pki_drop(&id);
    pki_drop(&fine);
}

/* The lists have the names that OpenSSL's own look-up wants; nothing else there is read, and a CA's
 * certificate there does not make it trusted. */
static void a_directory_of_lists_is_heeded(void)
{
    cert_spec spec = { .cn = "db.example", .issuer = &root };
    cert_spec strange = { .cn = "db.example", .issuer = &other_root };
    ww_tls_config c = config_for(WW_TLS_VERIFY_CA, NULL);
    identity id = pki_make(&spec), fine = pki_make(&spec), stranger = pki_make(&strange);
    X509_CRL *crl = pki_crl(&root, id.cert, -DAY, DAY);
    X509_CRL *others = pki_crl(&other_root, NULL, -DAY, DAY);
    char lists[64], trusted[64];
    ww_error err;
    snprintf(lists, sizeof lists, "crls/%08lx.r0",
             X509_NAME_hash_ex(X509_get_subject_name(root.cert), NULL, NULL, NULL));
    snprintf(trusted, sizeof trusted, "crls/%08lx.0",
             X509_NAME_hash_ex(X509_get_subject_name(other_root.cert), NULL, NULL, NULL));
    CHECK(mkdir(pki_path("crls"), 0700) == 0);
    c.crl_dir = pki_path("crls");
    expect_refused(try_server(&fine, NULL, &c, &err), &err, "no revocation list", "CN=db.example");
    pki_write("crls/README", "no list", 7, 0644);
    pki_write_crl(lists, crl);
    expect_refused(try_server(&id, NULL, &c, &err), &err, "revoked", "CN=db.example");
    CHECK_EQ_U64(try_server(&fine, NULL, &c, &err), WW_OK);
    pki_write_certs(trusted, other_root.cert, NULL);
    pki_write_crl("crls/00000000.r12", others);
    CHECK(try_server(&stranger, NULL, &c, &err) == WW_ERR_TLS);
    pki_write("crls/00000000.r1", "garbage", 7, 0644);
    CHECK(try_server(&fine, NULL, &c, &err) == WW_ERR_TLS);
    CHECK(strstr(err.subject, "00000000.r1") != NULL);
    CHECK(unlink(pki_path(lists)) == 0 && unlink(pki_path(trusted)) == 0);
    CHECK(unlink(pki_path("crls/README")) == 0 && unlink(pki_path("crls/00000000.r1")) == 0);
    CHECK(unlink(pki_path("crls/00000000.r12")) == 0);
    X509_CRL_free(crl);
    X509_CRL_free(others);
    pki_drop(&id);
    pki_drop(&fine);
    pki_drop(&stranger);
}

static void the_systems_store_is_used_when_asked(void)
{
    cert_spec spec = { .cn = "db.example", .issuer = &root };
    ww_tls_config c = config_for(WW_TLS_VERIFY_FULL, "db.example");
    identity id = pki_make(&spec);
    ww_error err;
    c.root_file = "system";
    CHECK(setenv("SSL_CERT_FILE", pki_path("root.crt"), 1) == 0);
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
    CHECK(setenv("SSL_CERT_FILE", pki_path("nothing.crt"), 1) == 0);
    expect_refused(try_server(&id, NULL, &c, &err), &err, "unknown CA", "CN=Test Root");
    CHECK(unsetenv("SSL_CERT_FILE") == 0);
    pki_drop(&id);
}

/* ---- names ---------------------------------------------------------------------------------- */

#define NO_SAN { SAN_NONE, NULL, 0 }
#define LABEL_50 "a2345678901234567890123456789012345678901234567890"

typedef struct name_case {
    const char *host;
    bool good;
    const char *cn;
    san sans[3];
    size_t cn_len;
} name_case;

static const name_case name_cases[] = {
    { "db.example", true, NULL, { DNS("db.example") }, 0 },
    { "DB.Example", true, NULL, { DNS("db.eXample") }, 0 },
    { "db.example", true, NULL, { DNS("a.example"), DNS("db.example") }, 0 },
    { "db.example", false, NULL, { DNS("db.example.") }, 0 },
    { "db.example", false, NULL, { DNS("db.exampl") }, 0 },
    { "db.example", false, NULL, { DNS("xdb.example") }, 0 },
    { "localhost", true, NULL, { DNS("localhost") }, 0 },
    /* the common name counts only where there is no alternative name of the kind */
    { "db.example", true, "db.example", { NO_SAN }, 0 },
    { "db.example", false, "other.example", { NO_SAN }, 0 },
    { "db.example", false, "db.example", { DNS("other.example") }, 0 },
    { "db.example", true, "db.example", { ADDRESS("\xc0\x00\x02\x01") }, 0 },
    { "db.example", false, NULL, { NO_SAN }, 0 },
    { "db.example", true, "*.b.example", { DNS("db.example") }, 0 },
    { "a.b.example", true, "*.b.example", { NO_SAN }, 0 },
    /* longer than X.520 allows: no name */
    { LABEL_50 ".long.example", true, LABEL_50 ".long.example", { NO_SAN }, 0 },
    { LABEL_50 ".long5678.example", false, LABEL_50 ".long5678.example", { NO_SAN }, 0 },
    /* wildcards: the whole leftmost label, exactly one label, two labels or more behind */
    { "a.b.example", true, NULL, { DNS("*.b.example") }, 0 },
    { "A.B.example", true, NULL, { DNS("*.b.EXAMPLE") }, 0 },
    { "b.example", false, NULL, { DNS("*.b.example") }, 0 },
    { ".b.example", false, NULL, { DNS("*.b.example") }, 0 },
    { "x.a.b.example", false, NULL, { DNS("*.b.example") }, 0 },
    { "good.com", false, NULL, { DNS("*.com") }, 0 },
    { "good", false, NULL, { DNS("*") }, 0 },
    { "a.example", false, NULL, { DNS("*.") }, 0 },
    { "a..example", false, NULL, { DNS("*..example") }, 0 },
    { "foo.b.example", false, NULL, { DNS("f*.b.example") }, 0 },
    { "foo.b.example", false, NULL, { DNS("*o.b.example") }, 0 },
    { "a.foo.example", false, NULL, { DNS("a.*.example") }, 0 },
    { "a.b.example", false, NULL, { DNS("*.*.example") }, 0 },
    /* addresses: bytes against bytes */
    { "127.0.0.1", true, NULL, { ADDRESS("\x7f\x00\x00\x01") }, 0 },
    { "127.0.0.1", false, NULL, { ADDRESS("\x7f\x00\x00\x02") }, 0 },
    { "::1", true, NULL, { ADDRESS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") }, 0 },
    { "0:0:0:0:0:0:0:1", true, NULL, { ADDRESS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") }, 0 },
    { "::2", false, NULL, { ADDRESS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") }, 0 },
    { "0.0.0.1", false, NULL, { ADDRESS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") }, 0 },
    { "127.0.0.1", false, NULL, { DNS("127.0.0.1") }, 0 },
    { "127.0.0.1", true, "127.0.0.1", { DNS("a.example") }, 0 },
    { "127.0.0.1", false, "127.0.0.1", { ADDRESS("\x7f\x00\x00\x02") }, 0 },
    { "1.2.3.4", false, NULL, { DNS("*.2.3.4") }, 0 },
    { "127.0.0.1", false, NULL, { ADDRESS("\x7f\x00\x00\x01\x00") }, 0 },
    /* a NUL inside: a forger's trick, whatever else is there */
    { "good.example", false, NULL, { DNS("good.example\0.evil") }, 0 },
    { "good.example", false, NULL, { DNS("good.example"), DNS("good.example\0.evil") }, 0 },
    { "good.example", false, "good.example\0.evil", { NO_SAN }, 18 },
    { "good.example", false, "good.example\0", { NO_SAN }, 13 },
    { "127.0.0.1", false, NULL, { DNS("127.0.0.1\0.evil"), ADDRESS("\x7f\x00\x00\x01") }, 0 },
};

static bool has_nul(const name_case *n)
{
    size_t i;
    for (i = 0; i < 3 && n->sans[i].kind == SAN_DNS; i++)
        if (memchr(n->sans[i].bytes, '\0', n->sans[i].len) != NULL)
            return true;
    return n->cn_len > 0;
}

static void names_are_compared(void)
{
    size_t i;
    for (i = 0; i < sizeof name_cases / sizeof name_cases[0]; i++) {
        const name_case *n = &name_cases[i];
        cert_spec spec = { .cn = n->cn, .cn_len = n->cn_len, .issuer = &root };
        ww_tls_config c = config_for(WW_TLS_VERIFY_FULL, n->host);
        ww_error err;
        ww_status st;
        identity id;
        memcpy(spec.sans, n->sans, sizeof n->sans);
        id = pki_make(&spec);
        st = try_server(&id, NULL, &c, &err);
        if (!CHECK_EQ_U64(st, n->good ? WW_OK : WW_ERR_TLS))
            fprintf(stderr, "    case %zu: %s: %s: %s\n", i, n->host, err.what, err.subject);
        if (!n->good) {
            CHECK(strstr(err.what, has_nul(n) ? "NUL" : "other names") != NULL);
            CHECK(strncmp(err.subject, n->host, strlen(n->host)) == 0);
        }
        c.verify = WW_TLS_VERIFY_CA; /* the chain alone is good */
        CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_OK);
        pki_drop(&id);
    }
}

static void a_mismatch_lists_the_names(void)
{
    cert_spec spec = { .cn = "cn.example",
                       .issuer = &root,
                       .sans = { DNS("a.example"), DNS("*.b.example"), ADDRESS("\xc0\0\2\1"),
                                 ADDRESS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") } };
    ww_tls_config c = config_for(WW_TLS_VERIFY_FULL, "db.example");
    identity id = pki_make(&spec);
    ww_error err;
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_ERR_TLS);
    CHECK_TEXT(err.subject, "db.example; it has a.example, *.b.example, 192.0.2.1, ::1");
    pki_drop(&id);
    memset(spec.sans, 0, sizeof spec.sans);
    id = pki_make(&spec);
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_ERR_TLS);
    CHECK_TEXT(err.subject, "db.example; it has cn.example");
    pki_drop(&id);
    spec.cn = NULL;
    id = pki_make(&spec);
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_ERR_TLS);
    CHECK_TEXT(err.subject, "db.example; it has none");
    pki_drop(&id);
}

/* A broken list of names does not make the common name count. */
static void broken_alternative_names_are_not_absent(void)
{
    cert_spec spec = { .cn = "db.example", .issuer = &root };
    ww_tls_config c = config_for(WW_TLS_VERIFY_FULL, "db.example");
    identity id = pki_make(&spec);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *ext;
    ww_error err;
    CHECK(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x30\x05\x82", 3) == 1);
    ext = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
    CHECK(X509_add_ext(id.cert, ext, -1) == 1);
    CHECK(X509_sign(id.cert, root.key, EVP_sha256()) > 0);
    CHECK_EQ_U64(try_server(&id, NULL, &c, &err), WW_ERR_TLS);
    X509_EXTENSION_free(ext);
    ASN1_OCTET_STRING_free(value);
    pki_drop(&id);
}

/* OpenSSL's own matcher is the authority for what is not ours to decide: whatever it takes by
 * subjectAltName we take too, and the other way round. */
static void openssl_agrees_on_alternative_names(void)
{
    size_t i;
    for (i = 0; i < sizeof name_cases / sizeof name_cases[0]; i++) {
        const name_case *n = &name_cases[i];
        cert_spec spec = { .issuer = &root };
        uint8_t address[16];
        identity id;
        int theirs;
        if (n->cn != NULL || has_nul(n) || n->host[0] == '.') /* to OpenSSL that is a suffix */
            continue;
        memcpy(spec.sans, n->sans, sizeof n->sans);
        id = pki_make(&spec);
        if (ww__tls_parse_address(n->host, address) > 0)
            theirs = X509_check_ip_asc(id.cert, n->host, 0);
        else
            theirs = X509_check_host(
                id.cert, n->host, 0,
                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL);
        if (!CHECK((theirs == 1) == n->good))
            fprintf(stderr, "    case %zu: %s\n", i, n->host);
        pki_drop(&id);
    }
}

static void make_authorities(void)
{
    cert_spec spec = { .cn = "Test Root", .ca = true };
    EVP_PKEY *key = pki_key("EC");
    root = pki_make(&spec);
    pki_write_certs("root.crt", root.cert, NULL);
    spec.cn = "Test Middle";
    spec.issuer = &root;
    middle = pki_make(&spec);
    spec.cn = "Other Root";
    spec.issuer = NULL;
    spec.key = key;
    other_root = pki_make(&spec);
    EVP_PKEY_free(key);
}

int main(void)
{
    make_authorities();
    RUN(a_good_server_is_believed);
    RUN(dates_count);
    RUN(strangers_are_refused);
    RUN(a_forged_signature_is_refused);
    RUN(intermediates_complete_the_chain);
    RUN(a_client_certificate_is_no_server);
    RUN(revocation_lists_are_heeded);
    RUN(a_directory_of_lists_is_heeded);
    RUN(the_systems_store_is_used_when_asked);
    RUN(names_are_compared);
    RUN(a_mismatch_lists_the_names);
    RUN(broken_alternative_names_are_not_absent);
    RUN(openssl_agrees_on_alternative_names);
    pki_drop(&root);
    pki_drop(&other_root);
    pki_drop(&middle);
    pki_clean();
    return check_report();
}
