/* SPDX-License-Identifier: MIT */
/* secret.c: memory for what a reconnect needs and nobody else may see: pages of their own, which
 * are not swapped out and not part of a core dump. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MADV_DONTDUMP */
#define _DARWIN_C_SOURCE

#include <walwire/client.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

/* 0 if there is no such size. */
static size_t round_up(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return size <= SIZE_MAX - page ? (size + page - 1) / page * page : 0;
}

/* Neither is promised: there is a limit on what may be locked, and systems differ. */
static void keep_private(void *pages, size_t size)
{
#ifdef MADV_DONTDUMP
    (void)!madvise(pages, size, MADV_DONTDUMP);
#endif
    (void)!mlock(pages, size);
}

static void *take_pages(size_t size)
{
    void *pages = MAP_FAILED;
    size = round_up(size);
    if (size > 0)
        pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    keep_private(pages, size);
    return pages;
}

static void give_back(void *pages, size_t size)
{
    ww_wipe(pages, size);
    munmap(pages, round_up(size));
}

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    void *pages = NULL;
    (void)ctx;
    if (new_size > 0 && (pages = take_pages(new_size)) == NULL)
        return NULL;
    if (old != NULL && pages != NULL)
        memcpy(pages, old, old_size < new_size ? old_size : new_size);
    if (old != NULL)
        give_back(old, old_size);
    return pages;
}

const ww_alloc *ww_alloc_secret(void)
{
    static const ww_alloc alloc = {NULL, resize};
    return &alloc;
}
