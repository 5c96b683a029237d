/* SPDX-License-Identifier: MIT */
/* pki.h: certificates, keys and revocation lists for the tests, made by OpenSSL on the spot and
 * written to a directory that is removed at the end. Everything here stops the program if it cannot
 * do its work. */
#ifndef WALWIRE_TESTS_NET_PKI_H
#define WALWIRE_TESTS_NET_PKI_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#define DAY 86400L

typedef struct identity {
    X509 *cert;
    EVP_PKEY *key;
} identity;

/* An entry of subjectAltName: a DNS name, or the bytes of an address. */
typedef struct san {
    enum { SAN_NONE, SAN_DNS, SAN_ADDRESS } kind;
    const char *bytes;
    size_t len;
} san;

#define DNS(text) { SAN_DNS, text, sizeof(text) - 1 }
#define ADDRESS(bytes) { SAN_ADDRESS, bytes, sizeof(bytes) - 1 }

typedef struct cert_spec {
    const char *cn; /* NULL: none */
    size_t cn_len;  /* 0: up to the NUL */
    san sans[4];
    long not_before, not_after; /* seconds from now; both 0: yesterday to tomorrow */
    bool ca;
    bool for_clients;       /* extended key usage clientAuth in place of none */
    const identity *issuer; /* NULL: signed by itself */
    EVP_PKEY *key;          /* NULL: the common EC key of this program */
    const char *digest;     /* NULL: SHA256; "": the key's own (Ed25519) */
    bool pss;               /* sign by RSA-PSS; the issuer's key is RSA */
} cert_spec;

identity pki_make(const cert_spec *spec);
void pki_drop(identity *id);

EVP_PKEY *pki_key(const char *type); /* "EC", "RSA", "ED25519": a new one, the caller's */

/* A list of the issuer's that revokes `serial_of` (may be NULL); offsets in seconds from now. */
X509_CRL *pki_crl(const identity *issuer, const X509 *serial_of, long last, long next);

/* ---- files ---- */

/* The full name of a file in the directory of this program. Static, one text per name. */
const char *pki_path(const char *name);
void pki_write(const char *name, const void *bytes, size_t len, unsigned mode);
void pki_write_certs(const char *name, const X509 *a, const X509 *b); /* b may be NULL */
void pki_write_crl(const char *name, const X509_CRL *crl);

typedef enum key_form { KEY_PEM, KEY_PEM_TRADITIONAL, KEY_DER, KEY_DER_TRADITIONAL } key_form;
/* passphrase NULL: not encrypted. Encrypted is PKCS#8. */
void pki_write_key(const char *name, EVP_PKEY *key, key_form form, const char *passphrase,
                   unsigned mode);
void pki_clean(void); /* removes the directory */

#endif
