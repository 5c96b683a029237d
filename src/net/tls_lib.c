/* SPDX-License-Identifier: MIT */
/* tls_lib.c: OpenSSL set up once per process, in a library context of our own and without an atexit
 * handler, so that the embedding program's use of OpenSSL is not touched.
 *
 * The context is never freed: OpenSSL keeps per-thread state that points to it until the thread
 * ends, and which threads used a connection is not ours to know. */
#include "tls.h"

#include <openssl/crypto.h>

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static ww__tls_lib library;

static void set_up(void)
{
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
        return;
    library.ctx = OSSL_LIB_CTX_new();
    library.bio = ww__tls_bio_method();
}

const ww__tls_lib *ww__tls_library(void)
{
    if (CRYPTO_THREAD_run_once(&once, set_up) != 1 || library.ctx == NULL || library.bio == NULL)
        return NULL;
    return &library;
}
