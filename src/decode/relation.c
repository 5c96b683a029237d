/* SPDX-License-Identifier: MIT */
/* relation.c: R Y, what the server says about tables and types. */
#include "messages.h"

static char read_replica_identity(ww__reader *r)
{
    uint8_t c = ww__u8(r);
    if (c != 'd' && c != 'n' && c != 'f' && c != 'i')
        ww__break(r, "unknown replica identity (not one of d, n, f, i)", 1);
    return (char)c;
}

static ww_relation_column read_column(ww__reader *r)
{
    ww_relation_column c;
    c.flags = ww__flags(r, WW_COLUMN_KEY);
    c.name = ww__cstr(r);
    c.type_oid = ww__u32(r);
    c.typmod = ww__i32(r);
    return c;
}

void ww__read_definition(ww__reader *r, ww_relation *rel, ww_relation_column *columns)
{
    uint16_t i;
    rel->id = ww__u32(r);
    rel->nspname = ww__cstr(r);
    rel->relname = ww__cstr(r);
    rel->replica_identity = read_replica_identity(r);
    rel->ncols = ww__u16(r);
    if (rel->ncols > WW_MAX_COLUMNS)
        ww__break(r, "a relation has more than 1600 columns", 2);
    for (i = 0; i < rel->ncols && r->broken == NULL; i++) {
        ww_relation_column column = read_column(r);
        if (columns != NULL)
            columns[i] = column;
    }
}

/* Checks only. ww_decode() gives the definition to the cache once the whole message is known to be
 * good. */
void ww__read_relation(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ww_relation rel;
    ev->subxid = ww__subxid(d, r);
    ww__read_definition(r, &rel, NULL);
    ev->relation_id = rel.id;
    ev->relation_changed = true;
}

void ww__read_type(ww_decoder *d, ww__reader *r, ww_event *ev)
{
    ev->subxid = ww__subxid(d, r);
    ev->type.oid = ww__u32(r);
    ev->type.nspname = ww__cstr(r);
    ev->type.typname = ww__cstr(r);
}
