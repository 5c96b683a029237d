/* SPDX-License-Identifier: MIT */
/* pki.c: certificates for the tests, by OpenSSL's own functions. */
#include "pki.h"

#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "test set-up failed: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(2);
}

/* ---- keys and certificates ------------------------------------------------------------------ */

EVP_PKEY *pki_key(const char *type)
{
    EVP_PKEY *key = strcmp(type, "RSA") == 0  ? EVP_RSA_gen(2048u)
                    : strcmp(type, "EC") == 0 ? EVP_EC_gen("P-256")
                                              : EVP_PKEY_Q_keygen(NULL, NULL, type);
    need(key != NULL, type);
    return key;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    need(ext != NULL && X509_add_ext(cert, ext, -1) == 1, value);
    X509_EXTENSION_free(ext);
}

/* Byte by byte, so that a name may hold a NUL. */
static void add_sans(X509 *cert, const cert_spec *spec)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    size_t i;
    for (i = 0; i < sizeof spec->sans / sizeof spec->sans[0] && spec->sans[i].kind != SAN_NONE;
         i++) {
        bool dns = spec->sans[i].kind == SAN_DNS;
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_STRING *s = ASN1_STRING_type_new(dns ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
        need(ASN1_STRING_set(s, spec->sans[i].bytes, (int)spec->sans[i].len) == 1, "SAN");
        GENERAL_NAME_set0_value(name, dns ? GEN_DNS : GEN_IPADD, s);
        need(sk_GENERAL_NAME_push(names, name) > 0, "SAN");
    }
    if (i > 0)
        need(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1, "SAN");
    GENERAL_NAMES_free(names);
}

/* As UTF8String, whatever the bytes: that way OpenSSL does not enforce X.520's limits. */
static void set_name(X509 *cert, const cert_spec *spec)
{
    X509_NAME *name = X509_NAME_new();
    size_t len = spec->cn == NULL ? 0 : spec->cn_len > 0 ? spec->cn_len : strlen(spec->cn);
    need(name != NULL, "name");
    if (spec->cn != NULL)
        need(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
                                        (const unsigned char *)spec->cn, (int)len, -1, 0) == 1,
             "common name");
    need(X509_set_subject_name(cert, name) == 1, "subject");
    X509_NAME_free(name);
}

static void sign(X509 *cert, EVP_PKEY *key, const cert_spec *spec)
{
    const char *name = spec->digest != NULL ? spec->digest : "SHA256";
    const EVP_MD *digest = name[0] == '\0' ? NULL : EVP_get_digestbyname(name);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    need(EVP_DigestSignInit(ctx, &options, digest, NULL, key) == 1, "signature");
    if (spec->pss)
        need(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1,
             "PSS");
    need(X509_sign_ctx(cert, ctx) > 0, "signature");
    EVP_MD_CTX_free(ctx);
}

static EVP_PKEY *common_key(void)
{
    static EVP_PKEY *key;
    if (key == NULL)
        key = pki_key("EC");
    need(EVP_PKEY_up_ref(key) == 1, "key");
    return key;
}

identity pki_make(const cert_spec *spec)
{
    static long serial = 1000;
    bool dated = spec->not_before != 0 || spec->not_after != 0;
    const X509 *issuer;
    identity id;
    id.cert = X509_new();
    id.key = spec->key;
    if (id.key == NULL)
        id.key = common_key();
    else
        need(EVP_PKEY_up_ref(id.key) == 1, "key");
    need(id.cert != NULL && X509_set_version(id.cert, 2) == 1 &&
             ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++) == 1,
         "certificate");
    X509_gmtime_adj(X509_getm_notBefore(id.cert), dated ? spec->not_before : -DAY);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), dated ? spec->not_after : DAY);
    set_name(id.cert, spec);
    issuer = spec->issuer != NULL ? spec->issuer->cert : id.cert;
    need(X509_set_issuer_name(id.cert, X509_get_subject_name(issuer)) == 1 &&
             X509_set_pubkey(id.cert, id.key) == 1,
         "certificate");
    add_extension(id.cert, NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (spec->for_clients)
        add_extension(id.cert, NID_ext_key_usage, "clientAuth");
    add_sans(id.cert, spec);
    sign(id.cert, spec->issuer != NULL ? spec->issuer->key : id.key, spec);
    return id;
}

void pki_drop(identity *id)
{
    X509_free(id->cert);
    EVP_PKEY_free(id->key);
    memset(id, 0, sizeof *id);
}

X509_CRL *pki_crl(const identity *issuer, const X509 *serial_of, long last, long next)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = ASN1_TIME_new();
    need(crl != NULL && t != NULL && X509_CRL_set_version(crl, 1) == 1 &&
             X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)) == 1,
         "CRL");
    X509_gmtime_adj(t, last);
    need(X509_CRL_set1_lastUpdate(crl, t) == 1, "CRL");
    if (serial_of != NULL) {
        X509_REVOKED *r = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(serial_of));
        need(r != NULL && serial != NULL && X509_REVOKED_set_serialNumber(r, serial) == 1 &&
                 X509_REVOKED_set_revocationDate(r, t) == 1 && X509_CRL_add0_revoked(crl, r) == 1,
             "CRL");
        ASN1_INTEGER_free(serial);
    }
    X509_gmtime_adj(t, next);
    need(X509_CRL_set1_nextUpdate(crl, t) == 1 && X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0,
         "CRL");
    ASN1_TIME_free(t);
    return crl;
}

/* ---- files ---------------------------------------------------------------------------------- */

static char directory[256];

const char *pki_path(const char *name)
{
    static char names[64][512];
    size_t i, skip;
    if (directory[0] == '\0') {
        const char *where = getenv("TMPDIR");
        snprintf(directory, sizeof directory, "%s/ww-net-XXXXXX", where != NULL ? where : "/tmp");
        need(mkdtemp(directory) != NULL, directory);
    }
    skip = strlen(directory) + 1;
    for (i = 0; i < 64 && names[i][0] != '\0'; i++)
        if (strcmp(names[i] + skip, name) == 0)
            return names[i];
    need(i < 64, "no more than 64 files");
    snprintf(names[i], sizeof names[i], "%s/%s", directory, name);
    return names[i];
}

void pki_write(const char *name, const void *bytes, size_t len, unsigned mode)
{
    const char *path = pki_path(name);
    FILE *f = fopen(path, "wb");
    need(f != NULL && (len == 0 || fwrite(bytes, 1, len, f) == len), path);
    need(fclose(f) == 0 && chmod(path, (mode_t)mode) == 0, path);
}

static void write_bio(const char *name, BIO *bio, unsigned mode)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    need(len > 0, name);
    pki_write(name, bytes, (size_t)len, mode);
    BIO_free(bio);
}

void pki_write_certs(const char *name, const X509 *a, const X509 *b)
{
    BIO *bio = BIO_new(BIO_s_mem());
    need(PEM_write_bio_X509(bio, a) == 1 && (b == NULL || PEM_write_bio_X509(bio, b) == 1), name);
    write_bio(name, bio, 0644);
}

void pki_write_crl(const char *name, const X509_CRL *crl)
{
    BIO *bio = BIO_new(BIO_s_mem());
    need(PEM_write_bio_X509_CRL(bio, crl) == 1, name);
    write_bio(name, bio, 0644);
}

void pki_write_key(const char *name, EVP_PKEY *key, key_form form, const char *passphrase,
                   unsigned mode)
{
    const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_256_cbc() : NULL;
    int len = passphrase != NULL ? (int)strlen(passphrase) : 0;
    char word[64];
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = 0;
    snprintf(word, sizeof word, "%s", passphrase != NULL ? passphrase : "");
    if (form == KEY_PEM)
        ok = PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, word, len, NULL, NULL);
    else if (form == KEY_PEM_TRADITIONAL)
        ok = PEM_write_bio_PrivateKey_traditional(bio, key, cipher, (unsigned char *)word, len,
                                                  NULL, NULL);
    else if (form == KEY_DER)
        ok = i2d_PKCS8PrivateKey_bio(bio, key, cipher, word, len, NULL, NULL);
    else
        ok = i2d_PrivateKey_bio(bio, key);
    need(ok == 1, name);
    write_bio(name, bio, mode);
}

void pki_clean(void)
{
    DIR *d = directory[0] != '\0' ? opendir(directory) : NULL;
    const struct dirent *e;
    if (d == NULL)
        return;
    while ((e = readdir(d)) != NULL) {
        const char *path = pki_path(e->d_name);
        if (e->d_name[0] == '.' && (e->d_name[1] == '\0' || e->d_name[1] == '.'))
            continue;
        if (unlink(path) != 0)
            rmdir(path);
    }
    closedir(d);
    rmdir(directory);
}
