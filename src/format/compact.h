/* SPDX-License-Identifier: MIT */
/* compact.h: what compact.c (events) and compact_schema.c (definitions) share. */
#ifndef WALWIRE_FORMAT_COMPACT_H
#define WALWIRE_FORMAT_COMPACT_H

#include "schema.h"

typedef struct ww__compact {
    ww__typenames types; /* with schema_events */
} ww__compact;

/* Inside a stream block each change names the (sub)transaction that made it: an abort may
 * follow. */
static inline void ww__compact_subxid(ww_out *out, const ww_event *ev)
{
    if (ev->subxid != 0) {
        WW__OUT(out, ",\"xid\":");
        ww__out_u64(out, ev->subxid);
    }
}

/* The end of a line; not valid: a name in it is not UTF-8. */
static inline void ww__compact_end(ww_out *out, bool valid)
{
    if (!valid)
        WW__OUT(out, ",\"$invalid\":true");
    WW__OUT(out, "}\n");
}

/* compact_schema.c */
ww_status ww__compact_type(ww_format *f, const ww_event *ev, ww_error *err);
void ww__compact_close(ww_format *f);
void ww__compact_relation(ww_format *f, const ww_event *ev, const ww__plan *old, ww__plan *plan,
                          ww_out *out);

#endif
