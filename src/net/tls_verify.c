/* SPDX-License-Identifier: MIT */
/* tls_verify.c: is this the server that was meant? The chain is OpenSSL's to check; the name is
 * checked here by libpq's rules (fe-secure-common.c, fe-secure-openssl.c):
 *
 *   - the host is an address: iPAddress entries of subjectAltName, bytes against bytes
 *   - else: its dNSName entries, case-insensitive, wildcards as in tls_names.c
 *   - the common name counts only if there is no entry of that kind
 *   - a name with a NUL inside is an attack, whatever else matches
 *
 * Unlike libpq an address in a dNSName is no address, and a common name of more than 64 bytes,
 * which X.520 does not allow, is no name. */
#include "tls.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define COMMON_NAME_MAX 64u

typedef enum verdict { NO_MATCH, MATCH, NUL_INSIDE } verdict;

/* What is looked for, and what was seen on the way. */
typedef struct name_check {
    ww_slice host;
    uint8_t address[16];
    size_t address_len; /* 0: the host is a name */
    bool kind_seen;     /* an entry of the host's kind: the common name does not count */
    verdict verdict;
    ww_error *err; /* its subject collects the names that the certificate has */
    unsigned listed;
} name_check;

static void list_name(name_check *c, ww_slice text)
{
    ww__error_add_text(c->err, c->listed++ == 0 ? "; it has " : ", ");
    ww__error_add(c->err, text);
}

static void judge(name_check *c, bool matches)
{
    if (matches && c->verdict == NO_MATCH)
        c->verdict = MATCH;
}

static void check_dns(name_check *c, ww_slice name)
{
    if (name.len > 0 && memchr(name.ptr, '\0', name.len) != NULL)
        c->verdict = NUL_INSIDE;
    list_name(c, name);
    judge(c, c->address_len == 0 && ww__tls_name_covers(name, c->host));
}

static void check_address(name_check *c, ww_slice bytes)
{
    char text[INET6_ADDRSTRLEN];
    int family = bytes.len == 16 ? AF_INET6 : AF_INET;
    if ((bytes.len == 4 || bytes.len == 16) &&
        inet_ntop(family, bytes.ptr, text, sizeof text) != NULL)
        list_name(c, ww_slice_of(text));
    judge(c, c->address_len > 0 && bytes.len == c->address_len &&
                 memcmp(bytes.ptr, c->address, bytes.len) == 0);
}

static ww_slice bytes_of(const ASN1_STRING *s)
{
    ww_slice bytes = { ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
    return bytes;
}

static void check_alternative_names(name_check *c, const X509 *cert)
{
    int critical, i;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
    if (names == NULL && critical != -1)
        c->kind_seen = true; /* it is there, and broken: not a reason to be lenient */
    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        int kind;
        const void *value = GENERAL_NAME_get0_value(name, &kind);
        if (kind == (c->address_len > 0 ? GEN_IPADD : GEN_DNS))
            c->kind_seen = true;
        if (kind == GEN_DNS)
            check_dns(c, bytes_of(value));
        else if (kind == GEN_IPADD)
            check_address(c, bytes_of(value));
    }
    GENERAL_NAMES_free(names);
}

static void check_common_name(name_check *c, const X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *utf8 = NULL;
    ww_slice name;
    int len;
    if (at < 0)
        return;
    len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (len < 0)
        return;
    name.ptr = utf8;
    name.len = (size_t)len;
    if (name.len > 0 && memchr(name.ptr, '\0', name.len) != NULL)
        c->verdict = NUL_INSIDE;
    list_name(c, name);
    judge(c,
          name.len <= COMMON_NAME_MAX && (c->address_len == 0 ? ww__tls_name_covers(name, c->host)
                                                              : ww_slice_equal(name, c->host)));
    OPENSSL_free(utf8);
}

static bool check_name(const ww__tls_conn *t, const X509 *cert, ww_error *err)
{
    name_check c;
    memset(&c, 0, sizeof c);
    c.host = ww_slice_of(t->tls->host);
    c.address_len = ww__tls_parse_address(t->tls->host, c.address);
    c.err = err;
    ww__fail_about(err, WW_ERR_TLS, ww__tls_verify_text(X509_V_ERR_HOSTNAME_MISMATCH), c.host);
    check_alternative_names(&c, cert);
    if (!c.kind_seen)
        check_common_name(&c, cert);
    if (c.verdict == MATCH) {
        ww_error_clear(err);
        return true;
    }
    if (c.verdict == NUL_INSIDE)
        ww__fail_about(err, WW_ERR_TLS,
                       "a name in the server's certificate has a NUL byte inside, which only a "
                       "forger writes; do not trust this server",
                       c.host);
    else if (c.listed == 0)
        ww__error_add_text(err, "; it has none");
    return false;
}

/* ---- the chain ------------------------------------------------------------------------------ */

static void add_printed(ww_error *err, const char *label, BIO *text)
{
    char *bytes;
    long len = BIO_get_mem_data(text, &bytes);
    ww_slice s = { (const uint8_t *)bytes, len > 0 ? (size_t)len : 0 };
    ww__error_add_text(err, label);
    ww__error_add(err, s);
}

static void add_dn(ww_error *err, BIO *text, const char *label, const X509_NAME *name)
{
    const unsigned long style = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    if (BIO_reset(text) == 1 && X509_NAME_print_ex(text, name, 0, style) >= 0)
        add_printed(err, label, text);
}

static void add_time(ww_error *err, BIO *text, const char *label, const ASN1_TIME *time)
{
    if (BIO_reset(text) == 1 && ASN1_TIME_print(text, time) == 1)
        add_printed(err, label, text);
}

/* Which certificate, and the fact about it that decides. */
static void describe(ww_error *err, const X509 *cert, int code)
{
    BIO *text = BIO_new(BIO_s_mem());
    if (text == NULL || cert == NULL) {
        BIO_free(text);
        return;
    }
    add_dn(err, text, "certificate of ", X509_get_subject_name(cert));
    if (code == X509_V_ERR_CERT_HAS_EXPIRED)
        add_time(err, text, ", valid until ", X509_get0_notAfter(cert));
    else if (code == X509_V_ERR_CERT_NOT_YET_VALID)
        add_time(err, text, ", valid from ", X509_get0_notBefore(cert));
    else
        add_dn(err, text, ", signed by ", X509_get_issuer_name(cert));
    BIO_free(text);
}

static bool check_chain(X509_STORE_CTX *store, ww_error *err)
{
    int code;
    if (X509_verify_cert(store) == 1)
        return true;
    code = X509_STORE_CTX_get_error(store);
    ww__fail(err, WW_ERR_TLS, ww__tls_verify_text(code));
    describe(err, X509_STORE_CTX_get_current_cert(store), code);
    ww__error_add_text(err, " (OpenSSL: ");
    ww__error_add_text(err, X509_verify_cert_error_string(code));
    ww__error_add_text(err, ")");
    return false;
}

int ww__tls_check_server(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    ww__tls_conn *t = SSL_get_app_data(ssl);
    (void)arg;
    if (t->tls->verify != WW_TLS_VERIFY_NONE && !check_chain(store, &t->error))
        return 0;
    if (t->tls->verify == WW_TLS_VERIFY_FULL &&
        !check_name(t, X509_STORE_CTX_get0_cert(store), &t->error)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
        return 0;
    }
    t->verified = true;
    return 1;
}
