/* SPDX-License-Identifier: MIT */
/* relcache.c: what the server said about each relation, by id.
 *
 * One block of memory per relation holds the public struct, its columns and a copy of the Relation
 * message's body, into which all names point. Two definitions are equal if these bytes are.
 *
 * The blocks form a digital search tree: the way down is the id, bit by bit, lowest first. It
 * needs no table that grows, is near to balanced for the OIDs that a server gives out one after
 * the other, and no choice of ids makes it deeper than 32. Nothing is ever removed: a reset only
 * makes the definitions older than the cache's epoch, so that versions and slots survive a
 * reconnect. */
#include "messages.h"
#include "relcache.h"

#include "base/error.h"

#define DEFAULT_MAX_BYTES ((size_t)64 << 20)

struct ww__definition {
    ww_relation relation;
    struct ww__definition *child[2];
    uint64_t epoch;
    size_t size;   /* of this block */
    ww_slice body; /* behind the columns, which are behind this struct */
};

ww_relcache *ww_relcache_open(const ww_alloc *alloc, size_t max_bytes)
{
    ww_relcache *cache = alloc->resize(alloc->ctx, NULL, 0, sizeof *cache);
    if (cache == NULL)
        return NULL;
    memset(cache, 0, sizeof *cache);
    cache->alloc = *alloc;
    cache->max_bytes = max_bytes == 0 ? DEFAULT_MAX_BYTES : max_bytes;
    cache->epoch = 1;
    return cache;
}

static void release(ww_relcache *cache, void *block, size_t size)
{
    cache->alloc.resize(cache->alloc.ctx, block, size, 0);
}

/* No deeper than the tree: 33 calls. */
static void release_tree(ww_relcache *cache, ww__definition *def)
{
    if (def == NULL)
        return;
    release_tree(cache, def->child[0]);
    release_tree(cache, def->child[1]);
    release(cache, def, def->size);
}

void ww_relcache_close(ww_relcache *cache)
{
    if (cache == NULL)
        return;
    release_tree(cache, cache->root);
    release(cache, cache, sizeof *cache);
}

void ww_relcache_reset(ww_relcache *cache)
{
    cache->epoch++;
    cache->count = 0;
    cache->last = NULL;
}

size_t ww_relcache_count(const ww_relcache *cache)
{
    return cache->count;
}

const ww_relation *ww_relcache_find(const ww_relcache *cache, uint32_t id)
{
    const ww__definition *def = cache->root;
    uint32_t way = id;
    while (def != NULL && def->relation.id != id) {
        def = def->child[way & 1];
        way >>= 1;
    }
    return def != NULL && def->epoch == cache->epoch ? &def->relation : NULL;
}

/* Where the definition with this id hangs, or is to hang. */
static ww__definition **find_place(ww_relcache *cache, uint32_t id)
{
    ww__definition **place = &cache->root;
    uint32_t way = id;
    while (*place != NULL && (*place)->relation.id != id) {
        place = &(*place)->child[way & 1];
        way >>= 1;
    }
    return place;
}

/* A block for a checked body, filled in but for what the cache decides. */
static ww__definition *create(ww_relcache *cache, ww_slice body, uint16_t ncols, size_t size)
{
    ww__definition *def = cache->alloc.resize(cache->alloc.ctx, NULL, 0, size);
    ww_relation_column *columns;
    uint8_t *copy;
    ww__reader r;
    if (def == NULL)
        return NULL;
    columns = (ww_relation_column *)(void *)(def + 1);
    copy = (uint8_t *)(columns + ncols);
    memcpy(copy, body.ptr, body.len);
    memset(def, 0, sizeof *def);
    def->size = size;
    def->body.ptr = copy;
    def->body.len = body.len;
    r = ww__reader_of(def->body);
    ww__read_definition(&r, &def->relation, columns);
    def->relation.columns = columns;
    if (def->relation.nspname.len == 0)
        def->relation.nspname = ww_slice_of("pg_catalog");
    return def;
}

/* Hangs `def` where `old` hung, which is freed. */
static void replace(ww_relcache *cache, ww__definition **place, ww__definition *def)
{
    ww__definition *old = *place;
    def->relation.slot = cache->slots;
    def->relation.version = 1;
    def->relation.serial = ++cache->serial;
    *place = def;
    cache->used_bytes += def->size;
    if (old == NULL) {
        cache->slots++;
        return;
    }
    def->relation.slot = old->relation.slot;
    def->relation.version = old->relation.version + 1;
    def->child[0] = old->child[0];
    def->child[1] = old->child[1];
    def->epoch = old->epoch;
    cache->used_bytes -= old->size;
    cache->last = NULL;
    release(cache, old, old->size);
}

static ww_status change(ww_relcache *cache, ww__definition **place, ww_slice body, ww_error *err)
{
    size_t old_size = *place != NULL ? (*place)->size : 0;
    ww__reader r = ww__reader_of(body);
    ww__definition *def;
    ww_relation rel;
    size_t size;
    ww__read_definition(&r, &rel, NULL);
    size = sizeof *def + rel.ncols * sizeof *rel.columns + body.len;
    if (size > cache->max_bytes - (cache->used_bytes - old_size))
        return ww__fail_text(err, WW_ERR_LIMIT, "the server's tables need more memory than allowed",
                             "--max-relations-memory");
    def = create(cache, body, rel.ncols, size);
    if (def == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the definition of a relation");
    replace(cache, place, def);
    return WW_OK;
}

ww_status ww__relcache_store(ww_relcache *cache, ww_slice body, ww_event *ev, ww_error *err)
{
    ww__definition **place = find_place(cache, ev->relation_id);
    ev->relation_changed = *place == NULL || !ww_slice_equal((*place)->body, body);
    if (ev->relation_changed) {
        ww_status status = change(cache, place, body, err);
        if (status != WW_OK)
            return status;
    }
    if ((*place)->epoch != cache->epoch) {
        (*place)->epoch = cache->epoch;
        cache->count++;
    }
    ev->relation = &(*place)->relation;
    return WW_OK;
}
