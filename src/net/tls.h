/* SPDX-License-Identifier: MIT */
/* tls.h: what the TLS files share. OpenSSL 3.0 or newer, in a library context of our own. */
#ifndef WALWIRE_NET_TLS_H
#define WALWIRE_NET_TLS_H

#include "sock.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "walwire needs OpenSSL 3.0 or newer"
#endif

/* Ciphertext that one recv() may bring: some eight of the server's 8 KiB records. */
#define WW__TLS_INPUT 65536u

struct ww_tls {
    SSL_CTX *ctx;
    ww_tls_verify verify;
    char *host; /* NULL: not known */
    bool sni;
    bool cert_required;
    char alpn[256]; /* offered; "": none */
};

/* TLS on one socket. Allocated when it starts: a plain socket does not pay for the buffer. */
typedef struct ww__tls_conn {
    SSL *ssl;
    const ww_tls *tls;
    ww_sock *sock;
    bool established;   /* the handshake is done */
    bool verified;      /* the certificate passed what the settings ask for */
    bool cert_asked;    /* the server wants to see the client's certificate */
    bool eof;           /* the socket said so: without close_notify it is a cut */
    bool renegotiation; /* the peer asked for one */
    unsigned recv_left; /* recv() calls that the BIO may still make for this call of ours */
    int sys_errno;      /* of a failed recv() or send(); 0: none */
    ww_error error;     /* the first; given out again ever after */
    char alpn[256];     /* selected; "": none */
    size_t begin, end;  /* ciphertext received and not yet read by OpenSSL */
    uint8_t input[WW__TLS_INPUT];
} ww__tls_conn;

/* tls_lib.c: made once per process, never freed; NULL if OpenSSL could not be set up. */
typedef struct ww__tls_lib {
    OSSL_LIB_CTX *ctx;
    BIO_METHOD *bio;
} ww__tls_lib;
const ww__tls_lib *ww__tls_library(void);

/* tls_bio.c: a BIO whose data is a ww__tls_conn. NULL: out of memory. */
BIO_METHOD *ww__tls_bio_method(void);

/* tls_verify.c: checks the chain in `store` and the name; fills in t->error when it says no. For
 * SSL_CTX_set_cert_verify_callback. */
int ww__tls_check_server(X509_STORE_CTX *store, void *arg);

/* tls_files.c: load what the config names into `ctx`; the error names keyword and file. */
ww_status ww__tls_load_root(SSL_CTX *ctx, const ww_tls_config *config, ww_error *err);
ww_status ww__tls_load_crls(SSL_CTX *ctx, const ww_tls_config *config, ww_error *err);
ww_status ww__tls_load_identity(SSL_CTX *ctx, const ww_tls_config *config, ww_error *err);

/* tls_error.c: empties OpenSSL's error queue and says what it meant. */
ww_status ww__tls_fail(ww_error *err, const char *subject);
/* Empties the queue too, and adds OpenSSL's own words to the subject. */
void ww__tls_add_cause(ww_error *err);
/* The sentence for an X509_V_ERR_ code. */
const char *ww__tls_verify_text(int code);

/* tls_names.c: pure text and bytes. */
/* Does a certificate's DNS name cover `host`? "*." covers one whole leftmost label. */
bool ww__tls_name_covers(ww_slice name, ww_slice host);
/* 4 or 16 bytes of an address in text; 0 if it is none. */
size_t ww__tls_parse_address(const char *text, uint8_t out[16]);
/* Looks like an address: never sent as SNI. */
bool ww__tls_looks_numeric(const char *host);

#endif
