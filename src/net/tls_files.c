/* SPDX-License-Identifier: MIT */
/* tls_files.c: certificates, revocation lists and the client's key, from files into an SSL_CTX.
 *
 * Files are opened once and looked at through the descriptor, so that what is checked is what is
 * read. */
#include "tls.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest collection of CAs in use is some hundred KiB. */
#define FILE_MAX (16u << 20)

typedef struct file {
    const char *keyword, *path;
    uint8_t *bytes;
    size_t len;
    BIO *bio; /* reads `bytes` */
} file;

static ww_status fail_file(const file *f, ww_error *err, const char *what, int sys_errno)
{
    ww__net_fail(err, WW_ERR_TLS, what, f->keyword, sys_errno);
    ww__error_add_text(err, " ");
    ww__error_add_text(err, f->path);
    return WW_ERR_TLS;
}

/* The same, when OpenSSL knows why. */
static ww_status fail_content(const file *f, ww_error *err, const char *what)
{
    fail_file(f, err, what, 0);
    ww__tls_add_cause(err);
    return WW_ERR_TLS;
}

static void close_file(file *f)
{
    BIO_free(f->bio);
    OPENSSL_clear_free(f->bytes, f->len);
    f->bio = NULL;
    f->bytes = NULL;
}

/* libpq's rule: root's file may be readable by a group (a service's), others' by nobody else. */
static bool is_private(const struct stat *st)
{
    mode_t refused = st->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    return (st->st_mode & refused) == 0;
}

static ww_status check_file(const file *f, int fd, bool secret, size_t *size, ww_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_file(f, err, "the file cannot be examined", errno);
    if (!S_ISREG(st.st_mode))
        return fail_file(f, err, "this is not a regular file; give one in PEM form", 0);
    if (secret && !is_private(&st))
        return fail_file(f, err, "others may use the private key; correct it with chmod 0600", 0);
    if (st.st_size <= 0 || (uintmax_t)st.st_size > FILE_MAX)
        return fail_file(f, err, "the file is empty or larger than 16 MiB; give one in PEM form",
                         0);
    *size = (size_t)st.st_size;
    return WW_OK;
}

static ww_status read_all(file *f, int fd, ww_error *err)
{
    size_t done = 0;
    while (done < f->len) {
        ssize_t n = read(fd, f->bytes + done, f->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_file(f, err, "the file cannot be read to its end", n < 0 ? errno : 0);
        done += (size_t)n;
    }
    return WW_OK;
}

/* close_file() after success and failure alike. */
static ww_status open_file(file *f, const char *keyword, const char *path, bool secret,
                           ww_error *err)
{
    ww_status st;
    size_t size = 0;
    int fd;
    memset(f, 0, sizeof *f);
    f->keyword = keyword;
    f->path = path;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
    if (fd < 0)
        return fail_file(f, err, "the file cannot be opened; check its path and permissions",
                         errno);
    st = check_file(f, fd, secret, &size, err);
    if (st == WW_OK && (f->bytes = OPENSSL_malloc(size)) == NULL)
        st = ww__fail(err, WW_ERR_NOMEM, "out of memory for a certificate file");
    if (st == WW_OK) {
        f->len = size;
        st = read_all(f, fd, err);
    }
    if (st == WW_OK && (f->bio = BIO_new_mem_buf(f->bytes, (int)size)) == NULL)
        st = ww__fail(err, WW_ERR_NOMEM, "out of memory for a certificate file");
    close(fd);
    return st;
}

/* ---- passphrases ---------------------------------------------------------------------------- */

typedef struct passphrase {
    const char *text; /* may be NULL */
    bool asked;
} passphrase;

/* OpenSSL's pem_password_cb. Without one it would ask on the terminal. */
static int give_passphrase(char *buf, int size, int writing, void *arg)
{
    passphrase *p = arg;
    size_t len = p->text != NULL ? strlen(p->text) : 0;
    (void)writing;
    p->asked = true;
    if (len == 0 || size < 0 || len > (size_t)size)
        return -1;
    memcpy(buf, p->text, len);
    return (int)len;
}

/* ---- trust ---------------------------------------------------------------------------------- */

static X509 *read_certificate(BIO *bio)
{
    passphrase none = { NULL, false };
    X509 *cert = X509_new_ex(ww__tls_library()->ctx, NULL);
    if (cert != NULL && PEM_read_bio_X509(bio, &cert, give_passphrase, &none) == NULL) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

static X509_CRL *read_crl(BIO *bio)
{
    passphrase none = { NULL, false };
    X509_CRL *crl = X509_CRL_new_ex(ww__tls_library()->ctx, NULL);
    if (crl != NULL && PEM_read_bio_X509_CRL(bio, &crl, give_passphrase, &none) == NULL) {
        X509_CRL_free(crl);
        crl = NULL;
    }
    return crl;
}

/* Was the end of the file the reason that nothing more was read? */
static bool at_end(void)
{
    unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static ww_status load_system_roots(SSL_CTX *ctx, ww_error *err)
{
    if (SSL_CTX_set_default_verify_paths(ctx) == 1)
        return WW_OK;
    ww__fail_text(err, WW_ERR_TLS, "the system's certificate store cannot be used; name a file",
                  "sslrootcert system");
    ww__tls_add_cause(err);
    return WW_ERR_TLS;
}

ww_status ww__tls_load_root(SSL_CTX *ctx, const ww_tls_config *config, ww_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    unsigned count = 0;
    ww_status st;
    X509 *cert;
    file f;
    if (strcmp(config->root_file, "system") == 0)
        return load_system_roots(ctx, err);
    st = open_file(&f, "sslrootcert", config->root_file, false, err);
    while (st == WW_OK && (cert = read_certificate(f.bio)) != NULL) {
        if (X509_STORE_add_cert(store, cert) != 1)
            st = fail_content(&f, err, "a certificate in the file cannot be used");
        X509_free(cert);
        count++;
    }
    if (st == WW_OK && (!at_end() || count == 0))
        st = fail_content(&f, err, "the file has no certificates in PEM form, or a damaged one");
    close_file(&f);
    return st;
}

static ww_status load_crl_file(X509_STORE *store, const char *keyword, const char *path,
                               ww_error *err)
{
    unsigned count = 0;
    X509_CRL *crl;
    file f;
    ww_status st = open_file(&f, keyword, path, false, err);
    while (st == WW_OK && (crl = read_crl(f.bio)) != NULL) {
        if (X509_STORE_add_crl(store, crl) != 1)
            st = fail_content(&f, err, "a revocation list in the file cannot be used");
        X509_CRL_free(crl);
        count++;
    }
    if (st == WW_OK && (!at_end() || count == 0))
        st = fail_content(&f, err, "the file has no CRLs in PEM form, or a damaged one");
    close_file(&f);
    return st;
}

/* As openssl rehash names the lists: "1a2b3c4d.r0". */
static bool is_crl_name(const char *name)
{
    size_t hash = strspn(name, "0123456789abcdef");
    const char *number = name + hash + 2;
    return hash == 8 && name[hash] == '.' && name[hash + 1] == 'r' && number[0] != '\0' &&
           number[strspn(number, "0123456789")] == '\0';
}

/* OpenSSL's own look-up in a directory would trust the certificates that lie there, too. */
static ww_status load_crl_dir(X509_STORE *store, const char *path, ww_error *err)
{
    static const char keyword[] = "sslcrldir";
    const file f = { keyword, path, NULL, 0, NULL };
    char name[PATH_MAX];
    struct dirent *entry;
    ww_status st = WW_OK;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return fail_file(&f, err, "the directory cannot be opened; check its path and permissions",
                         errno);
    while (st == WW_OK && (entry = readdir(dir)) != NULL) {
        if (!is_crl_name(entry->d_name))
            continue;
        if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= (int)sizeof name)
            st = fail_file(&f, err, "the directory's path is too long", 0);
        else
            st = load_crl_file(store, keyword, name, err);
    }
    closedir(dir);
    return st;
}

ww_status ww__tls_load_crls(SSL_CTX *ctx, const ww_tls_config *config, ww_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    ww_status st = WW_OK;
    if (config->crl_file != NULL)
        st = load_crl_file(store, "sslcrl", config->crl_file, err);
    if (st == WW_OK && config->crl_dir != NULL)
        st = load_crl_dir(store, config->crl_dir, err);
    if (st == WW_OK && (config->crl_file != NULL || config->crl_dir != NULL))
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return st;
}

/* ---- the client's certificate --------------------------------------------------------------- */

static ww_status load_certificate(SSL_CTX *ctx, const char *path, ww_error *err)
{
    unsigned count = 0;
    X509 *cert;
    file f;
    ww_status st = open_file(&f, "sslcert", path, false, err);
    while (st == WW_OK && (cert = read_certificate(f.bio)) != NULL) {
        bool ok = count == 0 ? SSL_CTX_use_certificate(ctx, cert) == 1
                             : SSL_CTX_add1_chain_cert(ctx, cert) == 1;
        count++;
        if (!ok)
            st = fail_content(&f, err,
                              "the client's certificate cannot be used; is its key too short?");
        X509_free(cert);
    }
    if (st == WW_OK && (!at_end() || count == 0))
        st = fail_content(&f, err, "the file has no certificate in PEM form, or a damaged one");
    close_file(&f);
    return st;
}

static EVP_PKEY *read_der_key(BIO *bio, passphrase *p)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *d = OSSL_DECODER_CTX_new_for_pkey(&key, "DER", NULL, NULL, EVP_PKEY_KEYPAIR,
                                                        ww__tls_library()->ctx, NULL);
    if (d != NULL && OSSL_DECODER_CTX_set_pem_password_cb(d, give_passphrase, p) == 1 &&
        OSSL_DECODER_from_bio(d, bio) != 1)
        key = NULL;
    OSSL_DECODER_CTX_free(d);
    return key;
}

static EVP_PKEY *read_key(BIO *bio, passphrase *p)
{
    EVP_PKEY *key =
        PEM_read_bio_PrivateKey_ex(bio, NULL, give_passphrase, p, ww__tls_library()->ctx, NULL);
    if (key == NULL && !p->asked && BIO_reset(bio) == 1)
        key = read_der_key(bio, p);
    return key;
}

static ww_status load_key(SSL_CTX *ctx, const ww_tls_config *config, ww_error *err)
{
    passphrase p = { config->key_password, false };
    EVP_PKEY *key;
    file f;
    ww_status st = open_file(&f, "sslkey", config->key_file, true, err);
    if (st < 0) {
        close_file(&f);
        return st;
    }
    key = read_key(f.bio, &p);
    if (key == NULL && p.asked)
        st = fail_content(&f, err,
                          config->key_password == NULL || config->key_password[0] == '\0'
                              ? "the private key is encrypted; give its passphrase (sslpassword)"
                              : "the passphrase does not open the private key; check sslpassword");
    else if (key == NULL)
        st = fail_content(&f, err, "the file has no private key in PEM or DER form");
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        st = fail_content(&f, err, "the private key does not belong to the certificate of sslcert");
    EVP_PKEY_free(key);
    close_file(&f);
    return st;
}

ww_status ww__tls_load_identity(SSL_CTX *ctx, const ww_tls_config *config, ww_error *err)
{
    ww_status st = load_certificate(ctx, config->cert_file, err);
    if (st == WW_OK && config->key_file == NULL)
        return ww__fail_text(err, WW_ERR_TLS,
                             "the client's certificate is of no use without its private key; set "
                             "sslkey",
                             config->cert_file);
    return st == WW_OK ? load_key(ctx, config, err) : st;
}
