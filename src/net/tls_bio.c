/* SPDX-License-Identifier: MIT */
/* tls_bio.c: what OpenSSL reads from and writes to. OpenSSL asks for a record in two small reads;
 * they are served from a buffer that one recv() fills, so that many records cost one system call.
 * Writes go out without SIGPIPE. */
#include "tls.h"

#include <errno.h>
#include <string.h>

/* Refills the empty buffer, if this call of ours may still use recv(). 1: there are bytes. */
static int refill(BIO *bio, ww__tls_conn *t)
{
    ptrdiff_t n;
    if (t->recv_left == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    t->recv_left--;
    n = ww__sock_recv_raw(t->sock, t->input, sizeof t->input);
    if (n > 0) {
        t->begin = 0;
        t->end = (size_t)n;
        return 1;
    }
    if (n == 0)
        t->eof = true;
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
        BIO_set_retry_read(bio);
    else
        t->sys_errno = errno;
    return (int)n;
}

static int read_bio(BIO *bio, char *out, int len)
{
    ww__tls_conn *t = BIO_get_data(bio);
    size_t n;
    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return 0;
    if (t->begin == t->end) {
        int got = refill(bio, t);
        if (got <= 0)
            return got;
    }
    n = t->end - t->begin;
    if (n > (size_t)len)
        n = (size_t)len;
    memcpy(out, t->input + t->begin, n);
    t->begin += n;
    return (int)n;
}

static int write_bio(BIO *bio, const char *data, int len)
{
    ww__tls_conn *t = BIO_get_data(bio);
    ptrdiff_t n;
    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return 0;
    n = ww__sock_send_raw(t->sock, data, (size_t)len);
    if (n >= 0)
        return (int)n;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        BIO_set_retry_write(bio);
    else
        t->sys_errno = errno;
    return -1;
}

static long control_bio(BIO *bio, int command, long number, void *ptr)
{
    const ww__tls_conn *t = BIO_get_data(bio);
    (void)number;
    (void)ptr;
    if (command == BIO_CTRL_FLUSH)
        return 1; /* nothing is held back */
    if (command == BIO_CTRL_EOF)
        return t->eof;
    return 0;
}

BIO_METHOD *ww__tls_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "walwire socket");
    if (m == NULL)
        return NULL;
    if (BIO_meth_set_read(m, read_bio) == 1 && BIO_meth_set_write(m, write_bio) == 1 &&
        BIO_meth_set_ctrl(m, control_bio) == 1)
        return m;
    BIO_meth_free(m);
    return NULL;
}
