/* SPDX-License-Identifier: MIT */
/* reader.h: the one place where bounds are checked. A reader walks bytes; the first read that does
 * not fit, or the first rule broken, sticks, and every later read gives zero. Check once, at the
 * end. */
#ifndef WALWIRE_BASE_READER_H
#define WALWIRE_BASE_READER_H

#include <walwire/base.h>

#include <string.h>

typedef struct ww__reader {
    const uint8_t *start, *at, *end;
    const char *broken;         /* the rule that was broken; NULL while all is well */
    const uint8_t *broken_at;
} ww__reader;

static inline ww__reader ww__reader_of(ww_slice bytes)
{
    /* The empty slice may have no address, and NULL + 0 is undefined in C. */
    static const uint8_t nothing[1] = { 0 };
    const uint8_t *start = bytes.len > 0 ? bytes.ptr : nothing;
    ww__reader r = { start, start, start + bytes.len, NULL, NULL };
    return r;
}

static inline size_t ww__left(const ww__reader *r)
{
    return (size_t)(r->end - r->at);
}

/* Records that `rule` was broken `back` bytes before the current position; nothing is left to
 * read. */
static inline void ww__break(ww__reader *r, const char *rule, size_t back)
{
    if (r->broken == NULL) {
        r->broken = rule;
        r->broken_at = r->at - back;
    }
    r->at = r->end;
}

static inline bool ww__take(ww__reader *r, size_t n)
{
    if (ww__left(r) >= n)
        return true;
    ww__break(r, "message ends in the middle of a field", 0);
    return false;
}

static inline uint16_t ww__load16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t ww__load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t ww__load64(const uint8_t *p)
{
    return (uint64_t)ww__load32(p) << 32 | ww__load32(p + 4);
}

static inline uint8_t ww__u8(ww__reader *r)
{
    return ww__take(r, 1) ? *r->at++ : 0;
}

static inline uint16_t ww__u16(ww__reader *r)
{
    if (!ww__take(r, 2))
        return 0;
    r->at += 2;
    return ww__load16(r->at - 2);
}

static inline uint32_t ww__u32(ww__reader *r)
{
    if (!ww__take(r, 4))
        return 0;
    r->at += 4;
    return ww__load32(r->at - 4);
}

static inline uint64_t ww__u64(ww__reader *r)
{
    if (!ww__take(r, 8))
        return 0;
    r->at += 8;
    return ww__load64(r->at - 8);
}

static inline int32_t ww__i32(ww__reader *r)
{
    return (int32_t)ww__u32(r);
}

static inline ww_pg_time ww__time(ww__reader *r)
{
    ww_pg_time t = { (int64_t)ww__u64(r) };
    return t;
}

static inline ww_slice ww__bytes(ww__reader *r, size_t n)
{
    ww_slice s = { r->at, 0 };
    if (!ww__take(r, n))
        return s;
    s.len = n;
    r->at += n;
    return s;
}

/* Bytes up to the next NUL, which is taken too but not part of the slice. */
static inline ww_slice ww__cstr(ww__reader *r)
{
    size_t left = ww__left(r);
    const uint8_t *nul = left > 0 ? (const uint8_t *)memchr(r->at, 0, left) : NULL;
    ww_slice s = { r->at, 0 };
    if (nul == NULL) {
        ww__break(r, "a string has no terminating NUL", 0);
        return s;
    }
    s.len = (size_t)(nul - r->at);
    r->at = nul + 1;
    return s;
}

#endif
