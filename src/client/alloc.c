/* SPDX-License-Identifier: MIT */
/* alloc.c: malloc's family behind the engines' allocator. */
#include <walwire/client.h>

#include <stdlib.h>

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

const ww_alloc *ww_alloc_malloc(void)
{
    static const ww_alloc alloc = {NULL, resize};
    return &alloc;
}
