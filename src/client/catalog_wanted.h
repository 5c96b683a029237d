/* SPDX-License-Identifier: MIT */
/* catalog_wanted.h: what the catalog is to be asked, and when it was. */
#ifndef WALWIRE_CLIENT_CATALOG_WANTED_H
#define WALWIRE_CLIENT_CATALOG_WANTED_H

#include <walwire/client.h>

/* OIDs of types or of tables, each once. */
typedef struct ww__oids {
    uint32_t *oids; /* malloc's */
    size_t count, cap;
} ww__oids;

/* Without memory, or when there are too many, nothing: it is asked when it comes along again. */
void ww__oids_add(ww__oids *list, uint32_t oid);
/* "SELECT unnest('{1,2}')", malloc'ed; NULL: no memory. */
char *ww__oids_query(const ww__oids *list);
void ww__oids_close(ww__oids *list);

/* Types of which a value did not fit, the last ones. */
#define WW__DOUBTS 64u
typedef struct ww__doubts {
    struct {
        uint32_t oid;
        const ww_type *definition; /* that was in doubt */
        ww_mono_us at;
    } items[WW__DOUBTS];
    size_t next;
} ww__doubts;

/* Is it to be asked? Not twice within a second for the same definition. */
bool ww__doubts_take(ww__doubts *d, uint32_t oid, const ww_type *definition, ww_mono_us now);

/* What is remembered of a table, by its slot in the relation cache. */
typedef struct ww__table {
    ww_lsn asked; /* where the WAL stood when the catalog was asked about it last; 0: not asked */
    uint64_t serial, version; /* of the definition and of the types that the next is true of */
    bool composites;          /* there are some in its columns */
} ww__table;

typedef struct ww__tables {
    ww__table *items; /* malloc's */
    size_t cap;
} ww__tables;

/* NULL: no memory. Valid until the next call. */
ww__table *ww__tables_at(ww__tables *tables, const ww_relation *relation);
void ww__tables_close(ww__tables *tables);

#endif
