/* SPDX-License-Identifier: MIT */
/* out.c: what a ww_out does when its buffer is full: hand it over, or grow it. */
#include "out.h"

#define FIRST_SIZE 4096u

static bool fail(ww_out *out, ww_status status)
{
    out->status = status;
    return false;
}

static bool hand_over(ww_out *out, const uint8_t *bytes, size_t n)
{
    if (n > 0 && !out->flush(out->flush_ctx, bytes, n))
        return fail(out, WW_ERR_IO);
    out->flushed += n;
    return true;
}

static bool empty_buffer(ww_out *out)
{
    if (!hand_over(out, out->ptr, out->len))
        return false;
    out->len = 0;
    return true;
}

static bool grow(ww_out *out, size_t n)
{
    size_t cap = out->cap > 0 ? out->cap : FIRST_SIZE;
    uint8_t *grown;
    if (out->alloc == NULL)
        return fail(out, WW_ERR_LIMIT);
    if (n > SIZE_MAX / 4 || out->len > SIZE_MAX / 4)
        return fail(out, WW_ERR_NOMEM);
    while (cap - out->len < n)
        cap *= 2;
    grown = out->alloc->resize(out->alloc->ctx, out->ptr, out->cap, cap);
    if (grown == NULL)
        return fail(out, WW_ERR_NOMEM);
    out->ptr = grown;
    out->cap = cap;
    return true;
}

bool ww__out_make_room(ww_out *out, size_t n)
{
    if (out->status != WW_OK)
        return false;
    if (out->flush == NULL)
        return grow(out, n);
    return out->cap >= n && empty_buffer(out);
}

void ww__out_put_slow(ww_out *out, const void *bytes, size_t n)
{
    size_t fits = out->cap - out->len;
    if (out->status != WW_OK)
        return;
    if (out->flush == NULL) {
        if (grow(out, n))
            ww__out_put(out, bytes, n);
        return;
    }
    if (n > 2 * out->cap) {
        if (empty_buffer(out))
            hand_over(out, bytes, n);
        return;
    }
    while (n > fits) {
        if (fits > 0)
            memcpy(out->ptr + out->len, bytes, fits);
        out->len += fits;
        bytes = (const uint8_t *)bytes + fits;
        n -= fits;
        if (!empty_buffer(out))
            return;
        fits = out->cap;
    }
    ww__out_put(out, bytes, n);
}
