/* SPDX-License-Identifier: MIT */
/* catalog_wanted.c: what the catalog is to be asked, remembered until it was. */
#include "catalog_wanted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WANTED 4096u /* the server decides how many come along; one more is not asked */
#define OID_TEXT 11u
#define DOUBT_US UINT64_C(1000000)

/* ---- OIDs ----------------------------------------------------------------------------------- */

void ww__oids_add(ww__oids *list, uint32_t oid)
{
    size_t i;
    for (i = 0; i < list->count; i++)
        if (list->oids[i] == oid)
            return;
    if (list->count == list->cap) {
        size_t cap = list->cap > 0 ? 2 * list->cap : 16;
        uint32_t *grown = cap <= MAX_WANTED ? realloc(list->oids, cap * sizeof *grown) : NULL;
        if (grown == NULL)
            return;
        list->oids = grown;
        list->cap = cap;
    }
    list->oids[list->count++] = oid;
}

char *ww__oids_query(const ww__oids *list)
{
    ww_text t = {NULL, 64 + list->count * OID_TEXT, 0};
    char number[OID_TEXT + 1];
    size_t i;
    t.text = malloc(t.cap);
    if (t.text == NULL)
        return NULL;
    ww_text_add(&t, "SELECT pg_catalog.unnest('{");
    for (i = 0; i < list->count; i++) {
        snprintf(number, sizeof number, "%s%lu", i > 0 ? "," : "", (unsigned long)list->oids[i]);
        ww_text_add(&t, number);
    }
    ww_text_add(&t, "}'::pg_catalog.oid[])");
    return t.text;
}

void ww__oids_close(ww__oids *list)
{
    free(list->oids);
}

/* ---- doubts --------------------------------------------------------------------------------- */

bool ww__doubts_take(ww__doubts *d, uint32_t oid, const ww_type *definition, ww_mono_us now)
{
    size_t i, used = d->next < WW__DOUBTS ? d->next : WW__DOUBTS;
    for (i = 0; i < used && d->items[i].oid != oid; i++)
        continue;
    if (i < used && d->items[i].definition == definition && now - d->items[i].at < DOUBT_US)
        return false;
    if (i == used)
        i = d->next++ % WW__DOUBTS;
    d->items[i].oid = oid;
    d->items[i].definition = definition;
    d->items[i].at = now;
    return true;
}

/* ---- tables --------------------------------------------------------------------------------- */

ww__table *ww__tables_at(ww__tables *tables, const ww_relation *relation)
{
    size_t slot = relation->slot;
    if (slot >= tables->cap) {
        size_t cap = 2 * slot + 16;
        ww__table *grown = realloc(tables->items, cap * sizeof *grown);
        if (grown == NULL)
            return NULL;
        memset(grown + tables->cap, 0, (cap - tables->cap) * sizeof *grown);
        tables->items = grown;
        tables->cap = cap;
    }
    return &tables->items[slot];
}

void ww__tables_close(ww__tables *tables)
{
    free(tables->items);
}
