/* SPDX-License-Identifier: MIT */
/* test_decoding.h: what test_decoding.c (changes) and test_decoding_txn.c (transactions and stream
 * blocks) share. */
#ifndef WALWIRE_FORMAT_TEST_DECODING_H
#define WALWIRE_FORMAT_TEST_DECODING_H

#include "sqlnames.h"

/* A streamed transaction that is open. */
typedef struct ww__td_stream {
    uint32_t xid;
    bool wrote; /* a change of it was written */
} ww__td_stream;

typedef struct ww__test_decoding {
    ww__typenames types;
    uint32_t xid;           /* the transaction that is open: top-level */
    bool wrote;             /* a change of it, in a stream block: of the block, was written */
    bool in_block;
    size_t current;         /* the block's transaction, in streams */
    ww__td_stream *streams; /* by xid */
    size_t count, cap;
} ww__test_decoding;

#define WW__LITERAL(text) ((ww_slice){ (const uint8_t *)("" text), sizeof(text) - 1 })

/* what, xid, line feed */
void ww__td_put_xid(ww_out *out, ww_slice what, uint32_t xid);

/* Comes before a change. The plugin begins a transaction, or a block, with its first one, so that
 * an empty one leaves no line. */
void ww__td_begin_change(ww__test_decoding *td, ww_out *out);

ww_status ww__td_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);
ww_status ww__td_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);

#endif
