/* SPDX-License-Identifier: MIT */
/* catalog.c: when the catalog is asked: on an ordinary session that is opened when first needed and
 * kept, never on the stream's own, which would then decode with what it remembers of the present
 * (docs/adr/0008-the-catalog-is-asked-elsewhere.md).
 *
 * What fails here costs knowledge, never the stream: values of unknown types are text. */
#include "catalog_rows.h"
#include "catalog_wanted.h"

#include "base/error.h"
#include "client.h"
#include "session.h"

#include <walwire/value.h>

#include <stdlib.h>
#include <string.h>

#define PAUSE_US UINT64_C(2000000) /* after a failure; doubled after each that follows */
#define PAUSE_MAX_US UINT64_C(60000000)
#define CONNECT_MAX_S 10

struct ww__catalog {
    ww_types *types;
    ww_catalog mode;
    ww_session *own; /* NULL: not needed yet, or lost */
    ww_mono_us retry_at, pause_us; /* pause_us: 0 after a success */
    ww__oids wanted_types, wanted_tables;
    ww__doubts doubts;
    ww__tables tables;
};

ww__catalog *ww__catalog_open(ww_catalog mode, int server_version_num)
{
    ww__catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL)
        return NULL;
    catalog->mode = mode;
    catalog->types = ww_types_open(ww_alloc_malloc(), 0);
    if (catalog->types == NULL) {
        free(catalog);
        return NULL;
    }
    ww_types_set_server(catalog->types, server_version_num);
    return catalog;
}

void ww__catalog_close(ww__catalog *catalog)
{
    if (catalog == NULL)
        return;
    ww_session_close(catalog->own);
    ww_types_close(catalog->types);
    ww__oids_close(&catalog->wanted_types);
    ww__oids_close(&catalog->wanted_tables);
    ww__tables_close(&catalog->tables);
    free(catalog);
}

void ww__catalog_hang_up(ww__catalog *catalog)
{
    if (catalog == NULL)
        return;
    ww_session_close(catalog->own);
    catalog->own = NULL;
}

const ww_types *ww__catalog_types(const ww__catalog *catalog)
{
    return catalog != NULL ? catalog->types : NULL;
}

/* Told once, until it works again. */
static void warn(ww_client *c, const ww_error *why)
{
    ww_log_level level = c->catalog->pause_us > 0 ? WW_LOG_INFO : WW_LOG_WARNING;
    ww__log(&c->config.log, level,
            "the catalog could not be asked, values of unknown types stay text: %s%s%s%s%s",
            why->what, why->subject[0] != '\0' ? ": " : "", why->subject,
            why->message[0] != '\0' ? ": " : "", why->message);
}

/* A catalog that cannot be read now costs the stream less and less. */
static void pause_after(ww_client *c, const ww_error *why)
{
    ww__catalog *catalog = c->catalog;
    warn(c, why);
    catalog->pause_us = catalog->pause_us == 0 ? PAUSE_US : 2 * catalog->pause_us;
    if (catalog->pause_us > PAUSE_MAX_US)
        catalog->pause_us = PAUSE_MAX_US;
    catalog->retry_at = ww_clock_mono() + catalog->pause_us;
}

/* ---- the session --------------------------------------------------------------------------- */

/* Nobody sends feedback while it connects. */
static int connect_limit(const ww_client *c)
{
    ww_mono_us limit = c->silence_us / 3000000;
    if (c->silence_us == 0)
        return CONNECT_MAX_S; /* it does not stream yet */
    return limit < 1 ? 1 : limit > CONNECT_MAX_S ? CONNECT_MAX_S : (int)limit;
}

static ww_status open_own(ww_client *c, ww_error *err)
{
    ww__catalog_run run = {c, NULL, NULL, NULL};
    ww_status st = ww__client_open_beside(c, connect_limit(c), &c->catalog->own, err);
    run.session = c->catalog->own;
    if (st == WW_OK)
        st = ww__catalog_exec(&run, "SET statement_timeout = 5000; SET lock_timeout = 1000", err);
    if (st == WW_OK)
        ww__log(&c->config.log, WW_LOG_DEBUG, "%s: a second session for the catalog",
                c->catalog->own->address);
    return st;
}

/* ---- at the start --------------------------------------------------------------------------- */

static ww_status ask_published(ww_client *c, const char *published, ww__text_column *column,
                               ww_error *err)
{
    ww__catalog_run run = {c, NULL, c->catalog->types, NULL};
    ww_text t = {NULL, 64, 0};
    ww_status st = open_own(c, err);
    if (st < 0)
        return st;
    run.session = c->catalog->own;
    t.cap += strlen(published);
    t.text = malloc(t.cap);
    if (t.text == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a query");
    ww_text_add(&t, "SELECT DISTINCT a.atttypid ");
    ww_text_add(&t, published);
    st = ww__catalog_read_types(&run, t.text, err);
    free(t.text);
    return st == WW_OK ? ww__catalog_find_text_column(&run, published, column, err) : st;
}

ww_status ww__catalog_prepare(ww_client *c, const ww_slice *publications, size_t count,
                              ww__text_column *column, ww_error *err)
{
    int server = ww__catalog_server(c->session);
    char *published = ww__catalog_published(publications, count, server);
    ww_error why;
    ww_status st;
    if (published == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a query");
    st = ask_published(c, published, column, &why);
    free(published);
    if (st == WW_OK)
        return WW_OK;
    ww_session_close(c->catalog->own);
    c->catalog->own = NULL;
    if (st == WW_ERR_CANCELLED && err != NULL)
        *err = why;
    if (st == WW_ERR_CANCELLED)
        return st;
    pause_after(c, &why);
    memset(column, 0, sizeof *column);
    column->found = true;
    return WW_OK;
}

/* ---- while it streams ----------------------------------------------------------------------- */

static bool is_fatal(const ww_error *err)
{
    return strcmp(err->severity, "FATAL") == 0 || strcmp(err->severity, "PANIC") == 0;
}

static ww_status ask_types(const ww__catalog_run *run, const ww__oids *wanted, ww_error *err)
{
    char *seed;
    ww_status st;
    if (wanted->count == 0)
        return WW_OK;
    seed = ww__oids_query(wanted);
    if (seed == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a query");
    st = ww__catalog_read_types(run, seed, err);
    free(seed);
    return st;
}

static ww_status ask(ww_client *c, ww_lsn *position, ww_error *err)
{
    ww__catalog *catalog = c->catalog;
    ww__catalog_run run = {c, NULL, catalog->types, position};
    ww_status st = catalog->own != NULL ? WW_OK : open_own(c, err);
    size_t i;
    run.session = catalog->own;
    if (st == WW_OK)
        st = ask_types(&run, &catalog->wanted_types, err);
    for (i = 0; st == WW_OK && i < catalog->wanted_tables.count; i++)
        st = ww__catalog_read_relation(&run, catalog->wanted_tables.oids[i], err);
    if (st < 0 && (st != WW_ERR_SERVER || is_fatal(err))) {
        ww_session_close(catalog->own);
        catalog->own = NULL;
    }
    return st;
}

/* A session that was kept may have been ended by the server meanwhile. Nothing else gets better at
 * once: a time-out least of all. */
static ww_status ask_again(ww_client *c, ww_lsn *position, ww_error *err)
{
    bool kept = c->catalog->own != NULL;
    ww_status st = ask(c, position, err);
    bool ended = st == WW_ERR_IO || (st == WW_ERR_SERVER && is_fatal(err));
    return kept && ended ? ask(c, position, err) : st;
}

/* All that is wanted. What fails is still wanted. */
static ww_status ask_wanted(ww_client *c, ww_lsn *position, ww_error *err)
{
    ww__catalog *catalog = c->catalog;
    ww_status st;
    if (catalog->wanted_types.count == 0 && catalog->wanted_tables.count == 0)
        return WW_OK;
    if (ww_clock_mono() < catalog->retry_at) {
        ww__fail(err, WW_ERR_SERVER, "the catalog could not be asked a moment ago");
        return WW_MORE;
    }
    st = ask_again(c, position, err);
    ww_client_feedback(c, NULL); /* it was we who did not listen */
    if (st == WW_ERR_CANCELLED)
        return st;
    if (st < 0) {
        pause_after(c, err);
        return WW_MORE;
    }
    catalog->pause_us = 0;
    catalog->wanted_types.count = catalog->wanted_tables.count = 0;
    return WW_OK;
}

/* A Relation that comes again says that something about the table has changed, be it nothing that
 * stands in it: a primary key, a type's fields. In a streamed transaction each table is described
 * again, changed or not: there it means something only if the catalog was not asked since. */
static bool may_have_changed(const ww_client *c, const ww_event *ev, const ww__table *table)
{
    if (ev->relation_changed)
        return ev->relation->version > 1;
    if (!ww_stream_replaying(&c->stream) && !c->stream.in_block)
        return true;
    return table == NULL || table->asked == 0 || ev->final_lsn == 0 ||
           table->asked < ev->final_lsn;
}

static void want_table(ww__catalog *catalog, const ww_relation *rel, bool again)
{
    uint16_t i;
    for (i = 0; i < rel->ncols; i++) {
        uint32_t oid = rel->columns[i].type_oid;
        if (ww_types_find(NULL, oid) == NULL &&
            (again || ww_types_find(catalog->types, oid) == NULL))
            ww__oids_add(&catalog->wanted_types, oid);
    }
    if (catalog->mode == WW_CATALOG_FULL &&
        (again || ww_types_relation(catalog->types, rel->id) == NULL))
        ww__oids_add(&catalog->wanted_tables, rel->id);
}

ww_status ww__catalog_follow(ww_client *c, ww_event *relation, ww_error *err)
{
    ww__catalog *catalog = c->catalog;
    const ww_relation *rel = relation->relation;
    const ww_relation_facts *before = ww_types_relation(catalog->types, rel->id);
    ww__table *table = ww__tables_at(&catalog->tables, rel);
    ww_lsn position = 0;
    ww_status st;
    want_table(catalog, rel, may_have_changed(c, relation, table));
    st = ask_wanted(c, &position, err);
    if (st == WW_OK && position != 0 && table != NULL)
        table->asked = position;
    if (before != NULL && ww_types_relation(catalog->types, rel->id) != before)
        relation->relation_changed = true;
    return st;
}

ww_status ww__catalog_retry(ww_client *c, ww_error *err)
{
    ww_lsn ignored;
    ww_status st = ask_wanted(c, &ignored, err);
    return st == WW_ERR_CANCELLED ? st : WW_OK;
}

bool ww__type_composite(const ww_types *types, const ww_type *type)
{
    unsigned depth;
    for (depth = 0; type != NULL && depth < WW_VALUE_MAX_DEPTH; depth++) {
        if (type->kind == WW_TYPE_COMPOSITE)
            return true;
        type = type->element != 0 ? ww_types_find(types, type->element) : NULL;
    }
    return false;
}

static bool find_composite(const ww_types *types, const ww_relation *rel)
{
    uint16_t i;
    for (i = 0; i < rel->ncols; i++)
        if (ww__type_composite(types, ww_types_find(types, rel->columns[i].type_oid)))
            return true;
    return false;
}

bool ww__catalog_composites(ww__catalog *catalog, const ww_relation *rel)
{
    uint64_t version = ww_types_version(catalog->types);
    ww__table *table = ww__tables_at(&catalog->tables, rel);
    if (table == NULL)
        return find_composite(catalog->types, rel);
    if (table->serial != rel->serial || table->version != version) {
        table->serial = rel->serial;
        table->version = version;
        table->composites = find_composite(catalog->types, rel);
    }
    return table->composites;
}

ww_status ww__catalog_learn(ww_client *c, uint32_t type_oid, uint32_t column_oid, ww_error *err)
{
    ww_lsn ignored;
    ww__oids_add(&c->catalog->wanted_types, type_oid);
    ww__oids_add(&c->catalog->wanted_types, column_oid);
    return ask_wanted(c, &ignored, err);
}

void ww_client_doubt_type(ww_client *c, uint32_t type_oid)
{
    ww__catalog *catalog = c->catalog;
    if (catalog == NULL || ww_types_find(NULL, type_oid) != NULL)
        return;
    if (ww__doubts_take(&catalog->doubts, type_oid, ww_types_find(catalog->types, type_oid),
                        c->now.mono_us))
        ww__oids_add(&catalog->wanted_types, type_oid);
}
