/* SPDX-License-Identifier: MIT */
/* tls_error.c: what OpenSSL reports, in words that say what to do. */
#include "tls.h"

#include "base/error.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

typedef struct sentence {
    int code;
    const char *text;
} sentence;

#define NO_VERSION                                                                                 \
    "the server and this client have no TLS version in common; update the server, or see "         \
    "ssl_min_protocol_version and ssl_max_protocol_version"
#define NOT_TLS                                                                                    \
    "what the server sent is not TLS; is this a PostgreSQL server, or something in between?"
#define CLIENT_REFUSED                                                                             \
    "the server does not accept the client's certificate; give one that its ssl_ca_file signed "   \
    "(sslcert, sslkey)"

/* The peer's alerts: it found something wrong with us. */
static const sentence alerts[] = {
    { SSL_AD_UNEXPECTED_MESSAGE, NOT_TLS },
    { SSL_AD_HANDSHAKE_FAILURE,
      "the server refused the TLS handshake: no common cipher, or it wants a client "
      "certificate (sslcert, sslkey)" },
    { SSL_AD_BAD_CERTIFICATE, CLIENT_REFUSED },
    { SSL_AD_UNSUPPORTED_CERTIFICATE, CLIENT_REFUSED },
    { SSL_AD_CERTIFICATE_UNKNOWN, CLIENT_REFUSED },
    { SSL_AD_UNKNOWN_CA, CLIENT_REFUSED },
    { SSL_AD_ACCESS_DENIED, CLIENT_REFUSED },
    { SSL_AD_DECRYPT_ERROR, CLIENT_REFUSED },
    { SSL_AD_CERTIFICATE_REVOKED,
      "the server says that the client's certificate is revoked; have a new one issued "
      "(sslcert)" },
    { SSL_AD_CERTIFICATE_EXPIRED,
      "the server says that the client's certificate has expired; have a new one issued "
      "(sslcert)" },
    { SSL_AD_CERTIFICATE_REQUIRED,
      "the server wants a client certificate; set sslcert and sslkey" },
    { SSL_AD_PROTOCOL_VERSION, NO_VERSION },
    { SSL_AD_INSUFFICIENT_SECURITY, "the server wants stronger ciphers than this client offers" },
    { SSL_AD_UNRECOGNIZED_NAME,
      "the server does not know the name it was asked for; check host, or set sslsni=0" },
    { SSL_AD_NO_APPLICATION_PROTOCOL,
      "the server does not speak PostgreSQL's protocol over TLS (ALPN); is something in "
      "between?" },
};

/* What OpenSSL found wrong with the peer. */
static const sentence reasons[] = {
    { SSL_R_WRONG_VERSION_NUMBER, NOT_TLS },
    { SSL_R_PACKET_LENGTH_TOO_LONG, NOT_TLS },
    { SSL_R_BAD_RECORD_TYPE, NOT_TLS },
    { SSL_R_UNEXPECTED_MESSAGE, NOT_TLS },
    { SSL_R_UNSUPPORTED_PROTOCOL, NO_VERSION },
    { SSL_R_NO_PROTOCOLS_AVAILABLE, NO_VERSION },
    { SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
      "the server's TLS is too old to be safe (no secure renegotiation); update it" },
    { SSL_R_DH_KEY_TOO_SMALL,
      "the server's Diffie-Hellman key is too small; see its ssl_dh_params_file" },
    { SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
      "encrypted data was changed on the way; do not trust this network" },
};

static const sentence verify_errors[] = {
    { X509_V_ERR_CERT_HAS_EXPIRED,
      "a certificate of the server has expired; renew it there, or check the clock here" },
    { X509_V_ERR_CERT_NOT_YET_VALID,
      "a certificate of the server is not yet valid; check the clocks of both machines" },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      "the server's certificate is self-signed and not trusted here; set sslrootcert to a "
      "file with it" },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      "the server's certificate comes from a self-signed CA that is not trusted here; set "
      "sslrootcert to the CA that signed it" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      "the server's certificate comes from an unknown CA; set sslrootcert to the CA that "
      "signed it" },
    { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
      "the server's certificate comes from an unknown CA; set sslrootcert to the CA that "
      "signed it" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
      "the chain of CAs does not end in a root; add the root CA to the file of sslrootcert" },
    { X509_V_ERR_CERT_REVOKED,
      "a certificate of the server is revoked (sslcrl, sslcrldir); it must be replaced there" },
    { X509_V_ERR_UNABLE_TO_GET_CRL,
      "there is no revocation list of this certificate's CA; add it (sslcrl, sslcrldir)" },
    { X509_V_ERR_CRL_HAS_EXPIRED, "the revocation list has expired; fetch a new one (sslcrl)" },
    { X509_V_ERR_CRL_NOT_YET_VALID, "the revocation list is not yet valid; check the clock here" },
    { X509_V_ERR_CRL_SIGNATURE_FAILURE,
      "the revocation list is not signed by the CA; fetch it again (sslcrl)" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE,
      "the server's certificate is not signed by the CA it names; set sslrootcert to the CA "
      "that signed it" },
    { X509_V_ERR_INVALID_PURPOSE,
      "the certificate is not meant for servers; have one issued for server authentication" },
    { X509_V_ERR_INVALID_CA,
      "the server's certificate is signed by a certificate that is not a CA's" },
    { X509_V_ERR_EE_KEY_TOO_SMALL,
      "the key of the server's certificate is too short to be safe; have it issued again" },
    { X509_V_ERR_CA_KEY_TOO_SMALL,
      "the key of the CA is too short to be safe; have the certificate issued by another" },
    { X509_V_ERR_CA_MD_TOO_WEAK,
      "a certificate is signed with a broken digest; have it issued again" },
    { X509_V_ERR_HOSTNAME_MISMATCH,
      "the server's certificate is for other names; connect by a name that it has, or have it "
      "issued for this one" },
};

static const char *find(const sentence *list, size_t count, int code)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (list[i].code == code)
            return list[i].text;
    return NULL;
}

#define FIND(list, code) find(list, sizeof(list) / sizeof(list)[0], code)

const char *ww__tls_verify_text(int code)
{
    const char *text = FIND(verify_errors, code);
    return text != NULL ? text : "the server's certificate is not acceptable";
}

/* The first error of the TLS layer, which is the cause; else the first. Empties the queue. */
static unsigned long take_cause(void)
{
    unsigned long first = ERR_peek_error(), code;
    while ((code = ERR_get_error()) != 0)
        if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
            first = code;
            break;
        }
    ERR_clear_error();
    return first;
}

static const char *explain(unsigned long code)
{
    int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return NULL;
    if (reason >= SSL_AD_REASON_OFFSET)
        return FIND(alerts, reason - SSL_AD_REASON_OFFSET);
    return FIND(reasons, reason);
}

static void add_reason(ww_error *err, unsigned long code)
{
    const char *reason = ERR_reason_error_string(code);
    if (reason == NULL)
        return;
    ww__error_add_text(err, " (OpenSSL: ");
    ww__error_add_text(err, reason);
    ww__error_add_text(err, ")");
}

ww_status ww__tls_fail(ww_error *err, const char *subject)
{
    unsigned long code = take_cause();
    const char *text = explain(code);
    ww__fail_text(err, WW_ERR_TLS,
                  text != NULL ? text : "TLS failed; the server's log may say more", subject);
    add_reason(err, code);
    return WW_ERR_TLS;
}

void ww__tls_add_cause(ww_error *err)
{
    add_reason(err, take_cause());
}
