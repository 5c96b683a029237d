/* SPDX-License-Identifier: MIT */
/* gather.h: how long to let messages come together before they are received: a pure function of
 * what the last batch said of itself. Why it pays, and how it was found: docs/adr/0013-gathering.md
 */
#ifndef WALWIRE_STREAM_GATHER_H
#define WALWIRE_STREAM_GATHER_H

#include <walwire/base.h>

#define WW__GATHER_NAP_US 5000u            /* the longest */
#define WW__GATHER_WINDOW ((size_t)32768u) /* the small receive window */

typedef enum ww__gather_path {
    WW__GATHER_OFF,  /* every byte as soon as it is there */
    WW__GATHER_UNIX, /* a Unix socket */
    WW__GATHER_NEAR, /* TCP, and the server is so near that a small window limits nothing */
    WW__GATHER_FAR
} ww__gather_path;

/* What was received since the last decision, and since when. */
typedef struct ww__gather_batch {
    uint64_t messages, bytes;
    int64_t sent_at;      /* the server's clock: when the last message was sent, */
    int64_t commit_time;  /* when its transaction committed (INT64_MIN: not yet), */
    int64_t longest_gap;  /* and how long the server was not sending in the middle of one */
    ww_mono_us napped_us; /* between this batch and the one before; 0: nobody napped */
    ww_mono_us now;
    size_t capacity; /* UNIX: of the server's send buffer, FAR: of our receive buffer; 0: unknown */
} ww__gather_batch;

typedef struct ww__gather {
    ww__gather_path path;
    uint32_t rtt_us;
    bool small_window; /* NEAR: this is how the window should be */
    bool keep_open;    /* it never is small again */
    ww_mono_us opened_at;
    int64_t sent_at;                    /* of the last batch */
    double messages, bytes, span_us;    /* of the last few ms, fading */
    ww_mono_us harmless_us, ceiling_us; /* the longest nap that did not stop the server; found so */
    ww_mono_us eased_at;
    double good_messages, good_bytes; /* the most that came through without stopping it */
} ww__gather;

/* path OFF is allowed, and means that nobody calls the others. FAR is made OFF where a round trip
 * is shorter than a nap. */
void ww__gather_init(ww__gather *g, ww__gather_path path, uint32_t rtt_us);

/* How long to nap before the next receive; 0: wait for the server instead. */
ww_mono_us ww__gather_decide(ww__gather *g, const ww__gather_batch *b);

/* A read of so many bytes: is there more? (Then the time for a decision has not come.) */
bool ww__gather_is_long(const ww__gather *g, size_t n);

/* The small window is in the way of this connection. */
void ww__gather_give_up_window(ww__gather *g, ww_mono_us now);

#endif
