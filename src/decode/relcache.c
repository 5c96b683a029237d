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
 * reconnect.
 *
 * Where thousands of tables take turns, each step down is a line that the processor does not have
 * at hand. So there are shortcuts: a table of pointers by a hash of the id, which costs one such
 * line, and the definition another. It holds what was looked up and is in force, may miss any of
 * them, and so is emptied rather than filled anew when it grows. */
#include "messages.h"
#include "relcache.h"

#include "base/error.h"

#define DEFAULT_MAX_BYTES ((size_t)64 << 20)

/* An id's shortcut is in one of so many places beside each other. */
#define PLACES 8u
#define FIRST_SHORTCUTS_LOG2 4u
#define MOST_SHORTCUTS_LOG2 28u

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

/* ---- shortcuts ------------------------------------------------------------------------------ */

static size_t count_shortcuts(const ww_relcache *cache)
{
    return cache->shortcuts != NULL ? (size_t)1 << (32 - cache->shift) : 0;
}

static void release_shortcuts(ww_relcache *cache)
{
    if (cache->shortcuts != NULL)
        release(cache, cache->shortcuts, count_shortcuts(cache) * sizeof *cache->shortcuts);
}

/* The first place for this id. The others differ from it in their lowest bits. */
static size_t first_place(const ww_relcache *cache, uint32_t id)
{
    return (size_t)((id * UINT32_C(2654435769)) >> cache->shift);
}

static const ww__definition *find_near(const ww_relcache *cache, uint32_t id)
{
    size_t first, i;
    if (cache->shortcuts == NULL)
        return NULL;
    first = first_place(cache, id);
    for (i = 0; i < PLACES; i++) {
        const ww__definition *def = cache->shortcuts[first ^ i];
        if (def == NULL || def->relation.id == id)
            return def;
    }
    return NULL;
}

/* In the first place that is free; where none is, in the very first. */
static void add_shortcut(ww_relcache *cache, const ww__definition *def)
{
    size_t first = first_place(cache, def->relation.id), i = 0;
    while (i < PLACES && cache->shortcuts[first ^ i] != NULL)
        i++;
    cache->shortcuts[first ^ (i % PLACES)] = def;
}

static void turn_shortcut(ww_relcache *cache, const ww__definition *old, const ww__definition *def)
{
    size_t first = first_place(cache, def->relation.id), i;
    for (i = 0; i < PLACES; i++)
        if (cache->shortcuts[first ^ i] == old)
            cache->shortcuts[first ^ i] = def;
}

static void clear_shortcuts(ww_relcache *cache)
{
    if (cache->shortcuts != NULL)
        memset(cache->shortcuts, 0, count_shortcuts(cache) * sizeof *cache->shortcuts);
}

static ww_status fail_limit(ww_error *err)
{
    return ww__fail_text(err, WW_ERR_LIMIT, "the server's tables need more memory than allowed",
                         "--max-relations-memory");
}

/* Twice as many as relations, or more, when one more comes. */
static ww_status reserve_shortcuts(ww_relcache *cache, ww_error *err)
{
    size_t had = count_shortcuts(cache), size;
    uint32_t log2 = had > 0 ? 33 - cache->shift : FIRST_SHORTCUTS_LOG2;
    void *grown;
    if (had / 2 > cache->slots || log2 > MOST_SHORTCUTS_LOG2)
        return WW_OK;
    size = ((size_t)1 << log2) * sizeof *cache->shortcuts;
    if (size - had * sizeof *cache->shortcuts > cache->max_bytes - cache->used_bytes)
        return fail_limit(err);
    grown = cache->alloc.resize(cache->alloc.ctx, NULL, 0, size);
    if (grown == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a table of relations");
    release_shortcuts(cache);
    cache->used_bytes += size - had * sizeof *cache->shortcuts;
    cache->shortcuts = grown;
    cache->shift = 32 - log2;
    clear_shortcuts(cache);
    return WW_OK;
}

/* ---- the cache ------------------------------------------------------------------------------ */

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
    release_shortcuts(cache);
    release(cache, cache, sizeof *cache);
}

void ww_relcache_reset(ww_relcache *cache)
{
    cache->epoch++;
    cache->count = 0;
    cache->last = NULL;
    clear_shortcuts(cache);
}

size_t ww_relcache_count(const ww_relcache *cache)
{
    return cache->count;
}

static const ww__definition *find_far(const ww_relcache *cache, uint32_t id)
{
    const ww__definition *def = cache->root;
    uint32_t way = id;
    while (def != NULL && def->relation.id != id) {
        def = def->child[way & 1];
        way >>= 1;
    }
    return def != NULL && def->epoch == cache->epoch ? def : NULL;
}

const ww_relation *ww_relcache_find(const ww_relcache *cache, uint32_t id)
{
    const ww__definition *def = find_near(cache, id);
    if (def == NULL)
        def = find_far(cache, id);
    return def != NULL ? &def->relation : NULL;
}

const ww_relation *ww__relcache_recall(ww_relcache *cache, uint32_t id)
{
    const ww__definition *def = find_near(cache, id);
    if (def == NULL) {
        def = find_far(cache, id);
        if (def == NULL)
            return NULL;
        add_shortcut(cache, def);
    }
    cache->last = &def->relation;
    return cache->last;
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
    turn_shortcut(cache, old, def);
    release(cache, old, old->size);
}

static ww_status change(ww_relcache *cache, ww__definition **place, ww_slice body, ww_error *err)
{
    size_t old_size = *place != NULL ? (*place)->size : 0;
    ww__reader r = ww__reader_of(body);
    ww__definition *def;
    ww_relation rel;
    size_t size;
    if (*place == NULL) {
        ww_status status = reserve_shortcuts(cache, err);
        if (status != WW_OK)
            return status;
    }
    ww__read_definition(&r, &rel, NULL);
    size = sizeof *def + rel.ncols * sizeof *rel.columns + body.len;
    if (size > cache->max_bytes - (cache->used_bytes - old_size))
        return fail_limit(err);
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
