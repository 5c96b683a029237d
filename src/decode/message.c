/* SPDX-License-Identifier: MIT */
/* message.c: M, what pg_logical_emit_message() wrote. */
#include "messages.h"

/* A transactional one stands in its transaction, any other one outside of all. */
static void check_message_place(const ww_decoder *d, ww__reader *r, uint8_t flags)
{
    bool transactional = (flags & WW_MESSAGE_TRANSACTIONAL) != 0;
    if (d->loose_order || transactional == (d->place != WW__OUTSIDE))
        return;
    ww__break(r, transactional ? "a transactional Message must stand inside a transaction"
                               : "a non-transactional Message must stand outside of transactions",
              1);
}

void ww__read_message(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    uint32_t len;
    ev->subxid = ww__subxid(d, r);
    ev->message.flags = ww__flags(r, WW_MESSAGE_TRANSACTIONAL);
    check_message_place(d, r, ev->message.flags);
    ev->message.lsn = ww__u64(r);
    ev->message.prefix = ww__cstr(r);
    len = ww__u32(r);
    if (len > INT32_MAX)
        ww__break(r, "a length is negative", 4);
    ev->message.content = ww__bytes(r, len);
}
