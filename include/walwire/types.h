/* SPDX-License-Identifier: MIT */
/* types.h: what is known of types and tables beyond the stream: PostgreSQL's built-in types from a
 * table, all others from the server's catalog, if somebody looked them up (client.h) and put them
 * here.
 *
 * Source: pg_type, pg_enum, pg_attribute, pg_range, pg_index. */
#ifndef WALWIRE_TYPES_H
#define WALWIRE_TYPES_H

#include <walwire/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a type's values look in their text and binary forms (docs/values.md). */
typedef enum ww_type_kind {
    WW_TYPE_OTHER = 0, /* nothing is known: the text is carried as it is, the binary form unread */
    WW_TYPE_TEXT,      /* both forms are the text: text, varchar, bpchar, name, citext, xml ... */
    WW_TYPE_ENUM,      /* both forms are the label */
    WW_TYPE_BOOL,
    WW_TYPE_BYTEA,
    WW_TYPE_CHAR, /* "char": one byte */
    WW_TYPE_INT2,
    WW_TYPE_INT4,
    WW_TYPE_INT8,
    WW_TYPE_OID,  /* 32 bits without sign: oid, xid, cid */
    WW_TYPE_XID8, /* 64 bits without sign: xid8, oid8 */
    WW_TYPE_REG,  /* regclass ...: the text is a name, the binary form an OID: never binary */
    WW_TYPE_FLOAT4,
    WW_TYPE_FLOAT8,
    WW_TYPE_NUMERIC,
    WW_TYPE_MONEY, /* in lc_monetary C: $1,234.50 */
    WW_TYPE_DATE,
    WW_TYPE_TIME,
    WW_TYPE_TIMETZ,
    WW_TYPE_TIMESTAMP,
    WW_TYPE_TIMESTAMPTZ,
    WW_TYPE_INTERVAL,
    WW_TYPE_JSON,
    WW_TYPE_JSONB, /* in binary a version byte 1, then the text; so are the next two */
    WW_TYPE_JSONPATH,
    WW_TYPE_LTREE, /* ltree, lquery, ltxtquery */
    WW_TYPE_HSTORE,
    WW_TYPE_UUID,
    WW_TYPE_INET, /* inet, cidr */
    WW_TYPE_MACADDR,
    WW_TYPE_MACADDR8,
    WW_TYPE_BIT, /* bit, varbit */
    WW_TYPE_POINT,
    WW_TYPE_LSEG,
    WW_TYPE_PATH,
    WW_TYPE_BOX,
    WW_TYPE_POLYGON,
    WW_TYPE_LINE,
    WW_TYPE_CIRCLE,
    WW_TYPE_TSVECTOR,
    WW_TYPE_TSQUERY,
    WW_TYPE_PG_LSN,
    WW_TYPE_TID,
    WW_TYPE_SNAPSHOT, /* pg_snapshot, txid_snapshot */
    WW_TYPE_ARRAY,
    WW_TYPE_VECTOR, /* int2vector, oidvector: an array whose text has no braces */
    WW_TYPE_RANGE,
    WW_TYPE_MULTIRANGE,
    WW_TYPE_COMPOSITE, /* a row type; record, too, of which no fields are known */
    WW_TYPE_VOID
} ww_type_kind;

/* An attribute of a composite type, or a label of an enum (then only `name`). */
typedef struct ww_type_field {
    ww_slice name;
    uint32_t type_oid;
    int32_t typmod; /* -1: none */
} ww_type_field;

/* One type. A domain has the kind, element and fields of the type at its base. */
typedef struct ww_type {
    uint32_t oid;
    uint32_t element;   /* of an array or vector: its elements' type; of a range: its bounds'; of a
                           multirange: its ranges'; else 0 */
    uint32_t domain_of; /* of a domain: the type that it is over (which may be a domain); else 0 */
    uint8_t kind;       /* ww_type_kind */
    char delimiter;     /* between the elements of an array of this type: ',' or, for box, ';' */
    ww_slice nspname;
    ww_slice typname; /* "int4", "_int4" ... */
    ww_slice sqlname; /* "integer", "integer[]", "shop.mood": format_type(), search_path empty */
    uint16_t nfields; /* attributes of a composite, labels of an enum; dropped ones are left out */
    const ww_type_field *fields;
    ww_lsn as_of; /* where the server's WAL stood when it was looked up; 0: built in */
} ww_type;

/* ---- tables --------------------------------------------------------------------------------- */

/* What the catalog knows of a column and a Relation message does not tell. */
typedef struct ww_column_facts {
    ww_slice name;
    uint32_t type_oid;
    int32_t typmod;
    uint16_t key_position; /* 1 ..: its place in the primary key; 0: not part of it */
    bool not_null;
} ww_column_facts;

/* A table in the catalog as of an LSN. A change whose transaction committed before that LSN may
 * have seen another table: then these facts come from its future. */
typedef struct ww_relation_facts {
    uint32_t relation_id;
    uint16_t ncolumns;
    const ww_column_facts *columns; /* by attribute number; dropped ones are left out */
    ww_lsn as_of;
} ww_relation_facts;

/* The facts of the column with this name; NULL if there is none. */
const ww_column_facts *ww_relation_facts_column(const ww_relation_facts *facts, ww_slice name);

/* ---- the registry --------------------------------------------------------------------------- */

/* Types beyond the built-in ones, and facts of tables. What was found in it stays valid, also if a
 * later look-up replaces it, until it is closed. */
typedef struct ww_types ww_types;

#define WW_DEFAULT_TYPES_MEMORY ((size_t)16 << 20)

/* Opens an empty registry that holds at most max_bytes (0: WW_DEFAULT_TYPES_MEMORY). alloc is
 * copied. NULL if the allocator returned NULL. */
ww_types *ww_types_open(const ww_alloc *alloc, size_t max_bytes);
/* NULL is allowed. */
void ww_types_close(ww_types *types);

/* Which server the values come from, as 140023: up to 14 a "char" above 127 and up to 16 the
 * greatest and least intervals have another text. 0, as from the start, and NULL: a newer one. */
void ww_types_set_server(ww_types *types, int server_version_num);
int ww_types_server(const ww_types *types);

/* The type with this OID, or NULL if it is neither built in nor was put here. types may be NULL:
 * only built-in ones. A domain that is not built in is found only once its base is known. */
const ww_type *ww_types_find(const ww_types *types, uint32_t oid);

/* Puts a type here, or replaces the one with its OID if it differs. Everything is copied. For a
 * domain give oid, domain_of and names: the rest is taken from its base, which must be known
 * (ERR_USAGE); when that is replaced, put the domain again. A built-in type is ERR_USAGE. ERR_LIMIT
 * max_bytes; ERR_NOMEM. */
ww_status ww_types_put(ww_types *types, const ww_type *type, ww_error *err);

/* The facts of the table with this OID, or NULL. */
const ww_relation_facts *ww_types_relation(const ww_types *types, uint32_t relation_id);
/* Puts them here, or replaces them. Everything is copied. ERR_LIMIT, ERR_NOMEM. */
ww_status ww_types_put_relation(ww_types *types, const ww_relation_facts *facts, ww_error *err);

/* Counts every replacement and addition: what was derived from the registry is current as long as
 * this number stays. 0 for NULL. */
uint64_t ww_types_version(const ww_types *types);

/* Is the binary form of this type, and of all that it is made of, one that walwire renders as the
 * server does its text? False for types that are not known. */
bool ww_types_binary(const ww_types *types, uint32_t oid);

#ifdef __cplusplus
}
#endif
#endif
