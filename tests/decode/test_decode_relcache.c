/* SPDX-License-Identifier: MIT */
/* test_decode_relcache.c: what the relation cache keeps, for how long, at what cost, and what
 * happens when there is no memory for it. */
#include "check.h"
#include "encode.h"

static enc encoder;

typedef struct fixture {
    check_alloc alloc;
    ww_relcache *cache;
    ww_decoder decoder;
    ww_event ev;
    ww_error err;
} fixture;

static void attach(fixture *f)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    o.relations = f->cache;
    o.streaming = true;
    o.loose_order = true;
    ww_decoder_init(&f->decoder, &o);
}

static void open_fixture(fixture *f, size_t max_bytes, size_t fail_at)
{
    check_alloc_init(&f->alloc, fail_at);
    f->cache = ww_relcache_open(&f->alloc.alloc, max_bytes);
    attach(f);
}

static void close_fixture(fixture *f)
{
    ww_relcache_close(f->cache);
    CHECK_EQ_U64(f->alloc.live_bytes, 0);
    CHECK_EQ_U64(f->alloc.live_blocks, 0);
}

static ww_status decode(fixture *f)
{
    return ww_decode(&f->decoder, enc_slice(&encoder), &f->ev, &f->err);
}

/* A table of ncols columns c, c, c ... */
static ww_status describe(fixture *f, uint32_t id, const char *name, uint16_t ncols)
{
    ww_relation_column columns[8];
    uint16_t i;
    for (i = 0; i < ncols; i++)
        columns[i] = enc_column("c", 23, i == 0);
    enc_clear(&encoder);
    enc_relation(&encoder, 0, id, "public", name, 'd', columns, ncols);
    return decode(f);
}

static ww_status insert(fixture *f, uint32_t id, uint16_t ncols)
{
    ww_column row[8];
    uint16_t i;
    for (i = 0; i < ncols; i++)
        row[i] = enc_text("1");
    enc_clear(&encoder);
    enc_insert(&encoder, 0, id, row, ncols);
    return decode(f);
}

/* ---- versions, serials, pointers ------------------------------------------------------------ */

static void keeps_equal_definitions(void)
{
    const ww_relation *rel;
    fixture f;
    open_fixture(&f, 0, 0);
    CHECK(describe(&f, 7, "t", 2) == WW_OK);
    rel = f.ev.relation;
    CHECK(f.ev.relation_changed && rel->version == 1 && rel->serial == 1 && rel->slot == 0);
    CHECK_EQ_U64(rel->id, 7);
    CHECK_EQ_U64(rel->ncols, 2);
    CHECK_SLICE(rel->nspname, "public");
    CHECK_SLICE(rel->relname, "t");
    CHECK_SLICE(rel->columns[1].name, "c");
    CHECK(rel->columns[0].flags == WW_COLUMN_KEY && rel->columns[1].flags == 0);
    CHECK(rel->columns[1].type_oid == 23 && rel->columns[1].typmod == -1);
    CHECK(describe(&f, 7, "t", 2) == WW_OK);
    CHECK(f.ev.relation == rel && !f.ev.relation_changed && rel->version == 1 && rel->serial == 1);
    CHECK(ww_relcache_find(f.cache, 7) == rel && ww_relcache_find(f.cache, 8) == NULL);
    CHECK(insert(&f, 7, 2) == WW_OK && f.ev.relation == rel);
    close_fixture(&f);
}

static void counts_versions_of_one_and_serials_of_all(void)
{
    fixture f;
    open_fixture(&f, 0, 0);
    CHECK(describe(&f, 7, "t", 2) == WW_OK);
    CHECK(describe(&f, 9, "u", 2) == WW_OK);
    CHECK(f.ev.relation->slot == 1 && f.ev.relation->version == 1 && f.ev.relation->serial == 2);
    CHECK(insert(&f, 7, 2) == WW_OK);
    CHECK(describe(&f, 7, "t", 3) == WW_OK);
    CHECK(f.ev.relation_changed && f.ev.relation->slot == 0);
    CHECK(f.ev.relation->version == 2 && f.ev.relation->serial == 3);
    CHECK(insert(&f, 7, 3) == WW_OK && f.ev.relation->version == 2);
    CHECK(insert(&f, 9, 2) == WW_OK && f.ev.relation->version == 1);
    CHECK(insert(&f, 7, 2) == WW_ERR_DECODE);
    CHECK_EQ_U64(ww_relcache_count(f.cache), 2);
    close_fixture(&f);
}

static void a_message_that_is_broken_changes_nothing(void)
{
    const ww_relation *rel;
    fixture f;
    open_fixture(&f, 0, 0);
    CHECK(describe(&f, 7, "t", 2) == WW_OK);
    rel = f.ev.relation;
    enc_clear(&encoder);
    enc_relation(&encoder, 0, 7, "public", "other", 'd', NULL, 0);
    enc_u8(&encoder, 0);
    CHECK(decode(&f) == WW_ERR_DECODE);
    CHECK(ww_relcache_find(f.cache, 7) == rel);
    CHECK_SLICE(rel->relname, "t");
    close_fixture(&f);
}

static void a_reset_forgets_but_counts_on(void)
{
    fixture f;
    open_fixture(&f, 0, 0);
    CHECK(describe(&f, 7, "t", 2) == WW_OK);
    CHECK(describe(&f, 9, "u", 2) == WW_OK);
    CHECK(insert(&f, 9, 2) == WW_OK);
    ww_relcache_reset(f.cache);
    CHECK_EQ_U64(ww_relcache_count(f.cache), 0);
    CHECK(ww_relcache_find(f.cache, 7) == NULL && ww_relcache_find(f.cache, 9) == NULL);
    CHECK(insert(&f, 9, 2) == WW_ERR_DECODE);
    attach(&f);
    CHECK(describe(&f, 9, "u", 2) == WW_OK);
    CHECK(!f.ev.relation_changed && f.ev.relation->version == 1 && f.ev.relation->serial == 2);
    CHECK(f.ev.relation->slot == 1);
    CHECK_EQ_U64(ww_relcache_count(f.cache), 1);
    CHECK(describe(&f, 7, "renamed", 2) == WW_OK);
    CHECK(f.ev.relation_changed && f.ev.relation->version == 2 && f.ev.relation->serial == 3);
    CHECK(f.ev.relation->slot == 0);
    CHECK_EQ_U64(ww_relcache_count(f.cache), 2);
    close_fixture(&f);
}

/* The relation found last must not outlive a change that the other decoder read. */
static void decoders_share_a_cache(void)
{
    fixture f;
    ww_decoder other;
    open_fixture(&f, 0, 0);
    other = f.decoder;
    CHECK(describe(&f, 7, "t", 2) == WW_OK);
    CHECK(insert(&f, 7, 2) == WW_OK);
    enc_clear(&encoder);
    enc_relation(&encoder, 0, 7, "public", "renamed", 'n', NULL, 0);
    CHECK(ww_decode(&other, enc_slice(&encoder), &f.ev, &f.err) == WW_OK);
    CHECK(insert(&f, 7, 0) == WW_OK);
    CHECK_SLICE(f.ev.relation->relname, "renamed");
    close_fixture(&f);
}

/* ---- many ----------------------------------------------------------------------------------- */

/* Ids that differ in their highest bits only: the worst for the tree. */
static uint32_t reversed(uint32_t v)
{
    uint32_t r = 0, i;
    for (i = 0; i < 32; i++)
        r |= ((v >> i) & 1) << (31 - i);
    return r;
}

/* The factor that undoes the one which spreads the shortcuts: multiples of it share a place. */
static uint32_t crowded(uint32_t i)
{
    return i * UINT32_C(340573321);
}

static uint32_t as_served(uint32_t i)
{
    return 16384 + 3 * i;
}

static void holds_many(uint32_t (*id_of)(uint32_t i))
{
    const uint32_t count = 10000;
    uint32_t i;
    fixture f;
    open_fixture(&f, 0, 0);
    for (i = 0; i < count; i++) {
        CHECK(describe(&f, id_of(i), "t", (uint16_t)(i % 8)) == WW_OK);
        CHECK_EQ_U64(f.ev.relation->slot, i);
    }
    CHECK_EQ_U64(ww_relcache_count(f.cache), count);
    for (i = 0; i < count; i++) {
        const ww_relation *rel = ww_relcache_find(f.cache, id_of(i));
        CHECK(rel != NULL && rel->slot == i && rel->ncols == i % 8);
        CHECK(insert(&f, id_of(i), (uint16_t)(i % 8)) == WW_OK && f.ev.relation == rel);
    }
    CHECK(ww_relcache_find(f.cache, 1000000000) == NULL);
    for (i = 0; i < count; i += 2) {
        CHECK(describe(&f, id_of(i), "redefined", (uint16_t)((i + 1) % 8)) == WW_OK);
        CHECK(insert(&f, id_of(i + 1), (uint16_t)((i + 1) % 8)) == WW_OK);
        CHECK(insert(&f, id_of(i), (uint16_t)((i + 1) % 8)) == WW_OK);
        CHECK(f.ev.relation->version == 2 && f.ev.relation->slot == i);
    }
    CHECK_EQ_U64(f.alloc.live_blocks, count + 2); /* one each, the cache and its shortcuts */
    CHECK(f.alloc.calls < 3 * count);
    ww_relcache_reset(f.cache);
    for (i = 0; i < count; i++)
        CHECK(ww_relcache_find(f.cache, id_of(i)) == NULL);
    close_fixture(&f);
}

static void holds_many_relations(void)
{
    holds_many(as_served);
    holds_many(reversed);
    holds_many(crowded);
}

/* ---- memory --------------------------------------------------------------------------------- */

static ww_status describe_three(fixture *f)
{
    ww_status status = describe(f, 1, "a", 1);
    if (status == WW_OK)
        status = describe(f, 2, "b", 8);
    if (status == WW_OK)
        status = describe(f, 1, "longer", 3);
    return status;
}

static void stops_at_its_limit(void)
{
    size_t bytes;
    fixture f;
    open_fixture(&f, 0, 0);
    bytes = f.alloc.live_bytes;
    CHECK(describe_three(&f) == WW_OK);
    bytes = f.alloc.live_bytes - bytes;
    close_fixture(&f);

    open_fixture(&f, bytes, 0);
    CHECK(describe_three(&f) == WW_OK);
    CHECK(describe(&f, 3, "", 0) == WW_ERR_LIMIT);
    CHECK_TEXT(f.err.subject, "--max-relations-memory");
    close_fixture(&f);

    open_fixture(&f, bytes - 1, 0);
    CHECK(describe_three(&f) == WW_ERR_LIMIT);
    CHECK(ww_relcache_find(f.cache, 1)->version == 1 && ww_relcache_count(f.cache) == 2);
    CHECK(insert(&f, 1, 1) == WW_OK && insert(&f, 2, 8) == WW_OK);
    close_fixture(&f);
}

static void bounds_a_million_relations(void)
{
    const size_t limit = (size_t)1 << 20;
    uint32_t i;
    fixture f;
    open_fixture(&f, limit, 0);
    for (i = 0; i < 1000000 && describe(&f, i, "t", 3) == WW_OK; i++)
        continue;
    CHECK(f.err.status == WW_ERR_LIMIT && i > 1000 && i < 1000000);
    CHECK(f.alloc.live_bytes < limit + 1024);
    close_fixture(&f);
}

static void frees_what_it_replaces(void)
{
    unsigned i;
    fixture f;
    open_fixture(&f, 2000, 0);
    for (i = 0; i < 10000; i++)
        CHECK(describe(&f, 7, i % 2 == 0 ? "t" : "longer", (uint16_t)(i % 7)) == WW_OK);
    CHECK_EQ_U64(f.ev.relation->version, 10000);
    close_fixture(&f);
}

static void survives_without_memory(void)
{
    size_t fail_at;
    ww_status status = WW_ERR_NOMEM;
    for (fail_at = 1; status != WW_OK; fail_at++) {
        fixture f;
        open_fixture(&f, 0, fail_at);
        if (f.cache == NULL) {
            CHECK(fail_at == 1);
            continue;
        }
        status = describe_three(&f);
        if (status != WW_OK) {
            CHECK(status == WW_ERR_NOMEM && f.err.status == WW_ERR_NOMEM);
            CHECK(describe_three(&f) == WW_OK); /* the next attempt has memory */
        }
        CHECK(ww_relcache_find(f.cache, 1)->ncols == 3 && ww_relcache_count(f.cache) == 2);
        close_fixture(&f);
    }
    CHECK_EQ_U64(fail_at, 7); /* the cache, its shortcuts, three definitions, and none */
    ww_relcache_close(NULL);
}

int main(void)
{
    RUN(keeps_equal_definitions);
    RUN(counts_versions_of_one_and_serials_of_all);
    RUN(a_message_that_is_broken_changes_nothing);
    RUN(a_reset_forgets_but_counts_on);
    RUN(decoders_share_a_cache);
    RUN(holds_many_relations);
    RUN(stops_at_its_limit);
    RUN(bounds_a_million_relations);
    RUN(frees_what_it_replaces);
    RUN(survives_without_memory);
    enc_free(&encoder);
    return check_report();
}
