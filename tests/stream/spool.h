/* SPDX-License-Identifier: MIT */
/* spool.h: the simplest ww_spool, for tests: a list in memory. A record that was read is a block of
 * its own that the next call frees, so that whoever holds on to its bytes is found; any call can be
 * made to fail. */
#ifndef WALWIRE_TESTS_STREAM_SPOOL_H
#define WALWIRE_TESTS_STREAM_SPOOL_H

#include <walwire/stream.h>

#include <stdlib.h>
#include <string.h>

typedef struct spool_record {
    struct spool_record *next;
    size_t len;
    uint8_t bytes[];
} spool_record;

typedef struct spool_txn {
    spool_record *first, **last, *at;
} spool_txn;

typedef struct spool {
    ww_spool table;
    uint8_t *lent;
    size_t open;              /* transactions */
    size_t calls, fail_at;    /* the call (1 ..) of append or read that fails; 0: none */
    ww_status fail_with;
    size_t lost;              /* bytes that are missing at the end of what is read */
} spool;

static inline bool spool_fails(spool *s)
{
    free(s->lent);
    s->lent = NULL;
    return ++s->calls == s->fail_at;
}

static inline ww_status spool_append(void *ctx, void **txn, ww_slice head, ww_slice body,
                                     ww_error *err)
{
    spool *s = ctx;
    spool_txn *t = *txn;
    spool_record *r;
    (void)err;
    if (spool_fails(s))
        return s->fail_with;
    if (t == NULL) {
        *txn = t = calloc(1, sizeof *t);
        if (t == NULL)
            return WW_ERR_NOMEM;
        t->last = &t->first;
        s->open++;
    }
    r = malloc(sizeof *r + head.len + body.len);
    if (r == NULL)
        return WW_ERR_NOMEM;
    r->next = NULL;
    r->len = head.len + body.len;
    memcpy(r->bytes, head.ptr, head.len);
    memcpy(r->bytes + head.len, body.ptr, body.len);
    *t->last = r;
    t->last = &r->next;
    if (t->at == NULL)
        t->at = t->first;
    return WW_OK;
}

static inline ww_status spool_read(void *ctx, void *txn, ww_slice *record, ww_error *err)
{
    spool *s = ctx;
    spool_txn *t = txn;
    (void)err;
    if (spool_fails(s))
        return s->fail_with;
    if (t->at == NULL)
        return WW_END;
    s->lent = malloc(t->at->len);
    if (s->lent == NULL)
        return WW_ERR_NOMEM;
    memcpy(s->lent, t->at->bytes, t->at->len);
    record->ptr = s->lent;
    record->len = t->at->len - (s->lost < t->at->len ? s->lost : t->at->len);
    t->at = t->at->next;
    return WW_OK;
}

static inline void spool_drop(void *ctx, void *txn)
{
    spool *s = ctx;
    spool_txn *t = txn;
    spool_record *r = t->first, *next;
    free(s->lent);
    s->lent = NULL;
    for (; r != NULL; r = next) {
        next = r->next;
        free(r);
    }
    free(t);
    s->open--;
}

static inline void spool_init(spool *s)
{
    memset(s, 0, sizeof *s);
    s->table.ctx = s;
    s->table.append = spool_append;
    s->table.read = spool_read;
    s->table.drop = spool_drop;
    s->fail_with = WW_ERR_IO;
}

#endif
