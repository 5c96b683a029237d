/* SPDX-License-Identifier: MIT */
/* catalog.c: what was looked up in the server's catalog, written into a capture and read from it:
 * docs/capture.md. */
#include "capture.h"

#include "base/error.h"
#include "base/out.h"
#include "base/reader.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1u
#define MAX_DEPTH 64u /* of types made of types; deeper ones stay unknown */

enum { A_TYPE = 't', A_TABLE = 'r' };

/* ---- what is in the capture already --------------------------------------------------------- */

/* False: *failed, or it is there. A definition has its own address as long as the registry. */
static bool remember(capture_catalog *c, const void *definition, bool *failed)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->known[middle] == definition)
            return false;
        if ((uintptr_t)c->known[middle] < (uintptr_t)definition)
            low = middle + 1;
        else
            high = middle;
    }
    if (c->count == c->cap) {
        size_t cap = c->cap > 0 ? 2 * c->cap : 64;
        const void **grown = realloc(c->known, cap * sizeof *grown);
        *failed = grown == NULL;
        if (grown == NULL)
            return false;
        c->known = grown;
        c->cap = cap;
    }
    memmove(c->known + low + 1, c->known + low, (c->count - low) * sizeof *c->known);
    c->known[low] = definition;
    c->count++;
    return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Big-endian, in so many bytes. */
static void put_number(ww_out *out, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0)
        ww__out_byte(out, (char)(uint8_t)(number >> (8 * bytes)));
}

static void put_text(ww_out *out, ww_slice text)
{
    put_number(out, (uint32_t)text.len, 4);
    ww__out_put(out, text.ptr, text.len);
}

static void put_head(ww_out *out, char what, uint32_t oid, ww_lsn as_of)
{
    put_number(out, VERSION, 1);
    ww__out_byte(out, what);
    put_number(out, oid, 4);
    put_number(out, as_of, 8);
}

static void put_type(ww_out *out, const ww_type *type)
{
    uint16_t i, nfields = type->domain_of == 0 ? type->nfields : 0;
    put_head(out, A_TYPE, type->oid, type->as_of);
    put_number(out, type->element, 4);
    put_number(out, type->domain_of, 4);
    put_number(out, type->kind, 1);
    ww__out_byte(out, type->delimiter);
    put_text(out, type->nspname);
    put_text(out, type->typname);
    put_text(out, type->sqlname);
    put_number(out, nfields, 2);
    for (i = 0; i < nfields; i++) {
        put_text(out, type->fields[i].name);
        put_number(out, type->fields[i].type_oid, 4);
        put_number(out, (uint32_t)type->fields[i].typmod, 4);
    }
}

static void put_table(ww_out *out, const ww_relation_facts *facts)
{
    uint16_t i;
    put_head(out, A_TABLE, facts->relation_id, facts->as_of);
    put_number(out, facts->ncolumns, 2);
    for (i = 0; i < facts->ncolumns; i++) {
        put_text(out, facts->columns[i].name);
        put_number(out, facts->columns[i].type_oid, 4);
        put_number(out, (uint32_t)facts->columns[i].typmod, 4);
        put_number(out, facts->columns[i].key_position, 2);
        put_number(out, facts->columns[i].not_null, 1);
    }
}

/* Puts the entry that was written into `body` into the capture. */
static bool write_entry(ww_out *out, ww_out *body)
{
    ww_slice part = {body->ptr, body->len};
    bool ok = body->status == WW_OK;
    if (ok)
        capture_write_frame(out, CAPTURE_CATALOG, &part, 1);
    free(body->ptr);
    return ok;
}

static ww_out open_body(void)
{
    ww_out body = {NULL, 0, 0, WW_OK, ww_alloc_malloc(), NULL, NULL, 0};
    return body;
}

/* First what it is made of: a domain is read only once its base is known. */
static bool write_type(capture_catalog *c, ww_out *out, const ww_types *types, uint32_t oid,
                       unsigned depth)
{
    const ww_type *type = ww_types_find(types, oid);
    ww_out body = open_body();
    bool failed = false;
    uint16_t i;
    if (type == NULL || type->as_of == 0 || depth == MAX_DEPTH || !remember(c, type, &failed))
        return !failed;
    if (!write_type(c, out, types, type->domain_of, depth + 1) ||
        !write_type(c, out, types, type->element, depth + 1))
        return false;
    for (i = 0; i < type->nfields && type->kind == WW_TYPE_COMPOSITE; i++)
        if (!write_type(c, out, types, type->fields[i].type_oid, depth + 1))
            return false;
    put_type(&body, type);
    return write_entry(out, &body);
}

bool capture_write_catalog(capture_catalog *c, ww_out *out, const ww_types *types,
                           const ww_relation *relation)
{
    const ww_relation_facts *facts = ww_types_relation(types, relation->id);
    ww_out body = open_body();
    bool failed = false;
    uint16_t i;
    for (i = 0; i < relation->ncols; i++)
        if (!write_type(c, out, types, relation->columns[i].type_oid, 0))
            return false;
    if (facts == NULL || !remember(c, facts, &failed))
        return !failed;
    put_table(&body, facts);
    return write_entry(out, &body);
}

void capture_catalog_close(capture_catalog *c)
{
    free(c->known);
}

/* ---- reading -------------------------------------------------------------------------------- */

static ww_slice get_text(ww__reader *in)
{
    return ww__bytes(in, ww__u32(in));
}

/* `count` entries of at least `least` bytes each; NULL: they cannot be there, or no memory. */
static void *reserve(ww__reader *in, size_t count, size_t least, size_t size)
{
    if (ww__left(in) / least < count) {
        ww__break(in, "an entry of the catalog is cut", count);
        return NULL;
    }
    return calloc(count + 1, size);
}

static ww_status read_type(ww__reader *in, ww_types *types, ww_type *type, ww_error *err)
{
    ww_type_field *fields;
    ww_status st = WW_OK;
    uint16_t i;
    type->element = ww__u32(in);
    type->domain_of = ww__u32(in);
    type->kind = ww__u8(in);
    type->delimiter = (char)ww__u8(in);
    type->nspname = get_text(in);
    type->typname = get_text(in);
    type->sqlname = get_text(in);
    type->nfields = ww__u16(in);
    fields = reserve(in, type->nfields, 12, sizeof *fields);
    if (fields == NULL)
        return in->broken != NULL ? WW_OK : ww__fail(err, WW_ERR_NOMEM, "no memory for a type");
    for (i = 0; i < type->nfields; i++) {
        fields[i].name = get_text(in);
        fields[i].type_oid = ww__u32(in);
        fields[i].typmod = (int32_t)ww__u32(in);
    }
    type->fields = fields;
    if (type->kind > WW_TYPE_VOID)
        ww__break(in, "a type is of no known kind", type->kind);
    if (in->broken == NULL && ww__left(in) == 0)
        st = ww_types_put(types, type, err);
    free(fields);
    return st == WW_ERR_USAGE ? WW_OK : st; /* built in, or over nothing known: not of use */
}

static ww_status read_table(ww__reader *in, ww_types *types, ww_relation_facts *facts,
                            ww_error *err)
{
    ww_column_facts *columns;
    ww_status st = WW_OK;
    uint16_t i;
    facts->ncolumns = ww__u16(in);
    columns = reserve(in, facts->ncolumns, 15, sizeof *columns);
    if (columns == NULL)
        return in->broken != NULL ? WW_OK : ww__fail(err, WW_ERR_NOMEM, "no memory for a table");
    for (i = 0; i < facts->ncolumns; i++) {
        columns[i].name = get_text(in);
        columns[i].type_oid = ww__u32(in);
        columns[i].typmod = (int32_t)ww__u32(in);
        columns[i].key_position = ww__u16(in);
        columns[i].not_null = ww__u8(in) != 0;
    }
    facts->columns = columns;
    if (in->broken == NULL && ww__left(in) == 0)
        st = ww_types_put_relation(types, facts, err);
    free(columns);
    return st;
}

ww_status capture_read_catalog(ww_slice entry, ww_types *types, ww_error *err)
{
    ww__reader in = ww__reader_of(entry);
    ww_type type;
    ww_relation_facts facts;
    ww_status st = WW_OK;
    uint8_t version = ww__u8(&in), what = ww__u8(&in);
    memset(&type, 0, sizeof type);
    memset(&facts, 0, sizeof facts);
    type.oid = facts.relation_id = ww__u32(&in);
    type.as_of = facts.as_of = ww__u64(&in);
    if (version != VERSION || (what != A_TYPE && what != A_TABLE))
        return ww__fail(err, WW_ERR_DECODE,
                        "an entry of the catalog is of a version that this walwire cannot read");
    if (in.broken == NULL && what == A_TYPE)
        st = read_type(&in, types, &type, err);
    else if (in.broken == NULL)
        st = read_table(&in, types, &facts, err);
    if (st == WW_OK && (in.broken != NULL || ww__left(&in) > 0))
        st = ww__fail(err, WW_ERR_DECODE, "an entry of the catalog is damaged");
    return st;
}
