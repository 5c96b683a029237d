/* SPDX-License-Identifier: MIT */
/* writer.h: the reader's mirror: big-endian fields into a fixed buffer. What does not fit sticks as
 * `overflow`; nothing is written past the end. */
#ifndef WALWIRE_BASE_WRITER_H
#define WALWIRE_BASE_WRITER_H

#include <walwire/base.h>

#include <string.h>

typedef struct ww__writer {
    uint8_t *start, *at, *end;
    bool overflow;
} ww__writer;

/* ptr is never NULL, not even for cap 0. */
static inline ww__writer ww__writer_of(uint8_t *ptr, size_t cap)
{
    ww__writer w = { ptr, ptr, ptr + cap, false };
    return w;
}

static inline size_t ww__written(const ww__writer *w)
{
    return (size_t)(w->at - w->start);
}

static inline void ww__store32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void ww__store64(uint8_t *p, uint64_t v)
{
    ww__store32(p, (uint32_t)(v >> 32));
    ww__store32(p + 4, (uint32_t)v);
}

static inline void ww__put(ww__writer *w, const void *bytes, size_t n)
{
    if (w->overflow || (size_t)(w->end - w->at) < n) {
        w->overflow = true;
        return;
    }
    if (n > 0)
        memcpy(w->at, bytes, n);
    w->at += n;
}

static inline void ww__put_u8(ww__writer *w, uint8_t v)
{
    ww__put(w, &v, 1);
}

static inline void ww__put_u16(ww__writer *w, uint16_t v)
{
    uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };
    ww__put(w, b, sizeof b);
}

static inline void ww__put_u32(ww__writer *w, uint32_t v)
{
    uint8_t b[4];
    ww__store32(b, v);
    ww__put(w, b, sizeof b);
}

static inline void ww__put_u64(ww__writer *w, uint64_t v)
{
    uint8_t b[8];
    ww__store64(b, v);
    ww__put(w, b, sizeof b);
}

static inline void ww__put_slice(ww__writer *w, ww_slice s)
{
    ww__put(w, s.ptr, s.len);
}

/* The string and its NUL. */
static inline void ww__put_cstr(ww__writer *w, const char *text)
{
    ww__put(w, text, strlen(text) + 1);
}

#endif
