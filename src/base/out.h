/* SPDX-License-Identifier: MIT */
/* out.h: bytes into a ww_out, at any size of its buffer. What fits is copied at once, inline;
 * what does not goes through out.c, which hands the buffer over or grows it. After a failure
 * bytes are dropped and out->status says why; nobody has to check before the end of the event. */
#ifndef WALWIRE_BASE_OUT_H
#define WALWIRE_BASE_OUT_H

#include <walwire/base.h>

#include <string.h>

/* Text that ww__out_fragment() writes has this many readable bytes behind it. */
#define WW__PAD 32u

/* Makes room for n more bytes in one piece. False: the buffer cannot hold them, or writing
 * failed. */
bool ww__out_make_room(ww_out *out, size_t n);
/* Writes n bytes that did not fit: in pieces if need be. */
void ww__out_put_slow(ww_out *out, const void *bytes, size_t n);

static inline bool ww__out_room(ww_out *out, size_t n)
{
    return out->cap - out->len >= n || ww__out_make_room(out, n);
}

static inline void ww__out_put(ww_out *out, const void *bytes, size_t n)
{
    if (out->cap - out->len < n) {
        ww__out_put_slow(out, bytes, n);
        return;
    }
    if (n > 0)
        memcpy(out->ptr + out->len, bytes, n);
    out->len += n;
}

/* The same for padded text, mostly short: a copy of fixed size is a few instructions, a call is
 * not. */
static inline void ww__out_fragment(ww_out *out, const uint8_t *padded, size_t n)
{
    if (n > WW__PAD || out->cap - out->len < WW__PAD) {
        ww__out_put(out, padded, n);
        return;
    }
    memcpy(out->ptr + out->len, padded, WW__PAD);
    out->len += n;
}

static inline void ww__out_byte(ww_out *out, char byte)
{
    ww__out_put(out, &byte, 1);
}

/* A string literal. */
#define WW__OUT(out, literal) ww__out_put((out), "" literal, sizeof(literal) - 1)

/* Where to write at least WW__WINDOW bytes at a time: in the buffer, or in `spare` if that is
 * too small. ww__window_done() takes what was written. */
#define WW__WINDOW 64u

typedef struct ww__window {
    uint8_t *at;
    size_t room;
    uint8_t spare[WW__WINDOW];
} ww__window;

static inline void ww__window_open(ww__window *w, ww_out *out)
{
    bool direct = ww__out_room(out, WW__WINDOW);
    w->at = direct ? out->ptr + out->len : w->spare;
    w->room = direct ? out->cap - out->len : WW__WINDOW;
}

static inline void ww__window_done(ww__window *w, ww_out *out, size_t n)
{
    if (w->at == w->spare)
        ww__out_put(out, w->spare, n);
    else
        out->len += n;
}

#endif
