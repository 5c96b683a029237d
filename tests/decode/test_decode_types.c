/* SPDX-License-Identifier: MIT */
/* test_decode_types.c: the registry: the built-in table against PROTOCOL.md 6, what is put and
 * replaced, what counts as binary, limits, and what happens without memory. The whole table is
 * compared with pg_type of running servers by tests/server/test_catalog.py. */
#include "check.h"

#include <walwire/value.h>

#include "decode/types_table.h"

#define S(text) ww_slice_of(text)

/* ---- the table ------------------------------------------------------------------------------ */

/* PROTOCOL.md 6.1: name, OID, OID of its array, kind, is it on the binary list? */
static const struct {
    const char *name;
    uint32_t oid, array;
    ww_type_kind kind;
    bool binary;
} listed[] = {
    { "bool", 16, 1000, WW_TYPE_BOOL, true },
    { "bytea", 17, 1001, WW_TYPE_BYTEA, true },
    { "char", 18, 1002, WW_TYPE_CHAR, true },
    { "name", 19, 1003, WW_TYPE_TEXT, true },
    { "int8", 20, 1016, WW_TYPE_INT8, true },
    { "int2", 21, 1005, WW_TYPE_INT2, true },
    { "int2vector", 22, 1006, WW_TYPE_VECTOR, true },
    { "int4", 23, 1007, WW_TYPE_INT4, true },
    { "regproc", 24, 1008, WW_TYPE_REG, false },
    { "text", 25, 1009, WW_TYPE_TEXT, true },
    { "oid", 26, 1028, WW_TYPE_OID, true },
    { "tid", 27, 1010, WW_TYPE_TID, true },
    { "xid", 28, 1011, WW_TYPE_OID, true },
    { "cid", 29, 1012, WW_TYPE_OID, true },
    { "oidvector", 30, 1013, WW_TYPE_VECTOR, true },
    { "json", 114, 199, WW_TYPE_JSON, true },
    { "xml", 142, 143, WW_TYPE_TEXT, true },
    { "pg_node_tree", 194, 0, WW_TYPE_OTHER, false },
    { "point", 600, 1017, WW_TYPE_POINT, true },
    { "lseg", 601, 1018, WW_TYPE_LSEG, true },
    { "path", 602, 1019, WW_TYPE_PATH, true },
    { "box", 603, 1020, WW_TYPE_BOX, true },
    { "polygon", 604, 1027, WW_TYPE_POLYGON, true },
    { "line", 628, 629, WW_TYPE_LINE, true },
    { "cidr", 650, 651, WW_TYPE_INET, true },
    { "float4", 700, 1021, WW_TYPE_FLOAT4, true },
    { "float8", 701, 1022, WW_TYPE_FLOAT8, true },
    { "abstime", 702, 1023, WW_TYPE_OTHER, false },
    { "unknown", 705, 0, WW_TYPE_TEXT, true },
    { "circle", 718, 719, WW_TYPE_CIRCLE, true },
    { "macaddr8", 774, 775, WW_TYPE_MACADDR8, true },
    { "money", 790, 791, WW_TYPE_MONEY, true },
    { "macaddr", 829, 1040, WW_TYPE_MACADDR, true },
    { "inet", 869, 1041, WW_TYPE_INET, true },
    { "aclitem", 1033, 1034, WW_TYPE_OTHER, false },
    { "bpchar", 1042, 1014, WW_TYPE_TEXT, true },
    { "varchar", 1043, 1015, WW_TYPE_TEXT, true },
    { "date", 1082, 1182, WW_TYPE_DATE, true },
    { "time", 1083, 1183, WW_TYPE_TIME, true },
    { "timestamp", 1114, 1115, WW_TYPE_TIMESTAMP, true },
    { "timestamptz", 1184, 1185, WW_TYPE_TIMESTAMPTZ, true },
    { "interval", 1186, 1187, WW_TYPE_INTERVAL, true },
    { "timetz", 1266, 1270, WW_TYPE_TIMETZ, true },
    { "bit", 1560, 1561, WW_TYPE_BIT, true },
    { "varbit", 1562, 1563, WW_TYPE_BIT, true },
    { "numeric", 1700, 1231, WW_TYPE_NUMERIC, true },
    { "refcursor", 1790, 2201, WW_TYPE_TEXT, true },
    { "regprocedure", 2202, 2207, WW_TYPE_REG, false },
    { "regoper", 2203, 2208, WW_TYPE_REG, false },
    { "regoperator", 2204, 2209, WW_TYPE_REG, false },
    { "regclass", 2205, 2210, WW_TYPE_REG, false },
    { "regtype", 2206, 2211, WW_TYPE_REG, false },
    { "record", 2249, 2287, WW_TYPE_COMPOSITE, false },
    { "cstring", 2275, 1263, WW_TYPE_TEXT, true },
    { "void", 2278, 0, WW_TYPE_VOID, true },
    { "uuid", 2950, 2951, WW_TYPE_UUID, true },
    { "txid_snapshot", 2970, 2949, WW_TYPE_SNAPSHOT, true },
    { "pg_lsn", 3220, 3221, WW_TYPE_PG_LSN, true },
    { "pg_ndistinct", 3361, 0, WW_TYPE_OTHER, false },
    { "tsvector", 3614, 3643, WW_TYPE_TSVECTOR, true },
    { "tsquery", 3615, 3645, WW_TYPE_TSQUERY, true },
    { "gtsvector", 3642, 3644, WW_TYPE_OTHER, false },
    { "regconfig", 3734, 3735, WW_TYPE_REG, false },
    { "regdictionary", 3769, 3770, WW_TYPE_REG, false },
    { "jsonb", 3802, 3807, WW_TYPE_JSONB, true },
    { "int4range", 3904, 3905, WW_TYPE_RANGE, true },
    { "numrange", 3906, 3907, WW_TYPE_RANGE, true },
    { "tsrange", 3908, 3909, WW_TYPE_RANGE, true },
    { "tstzrange", 3910, 3911, WW_TYPE_RANGE, true },
    { "daterange", 3912, 3913, WW_TYPE_RANGE, true },
    { "int8range", 3926, 3927, WW_TYPE_RANGE, true },
    { "jsonpath", 4072, 4073, WW_TYPE_JSONPATH, true },
    { "regnamespace", 4089, 4090, WW_TYPE_REG, false },
    { "regrole", 4096, 4097, WW_TYPE_REG, false },
    { "regcollation", 4191, 4192, WW_TYPE_REG, false },
    { "int4multirange", 4451, 6150, WW_TYPE_MULTIRANGE, true },
    { "nummultirange", 4532, 6151, WW_TYPE_MULTIRANGE, true },
    { "tsmultirange", 4533, 6152, WW_TYPE_MULTIRANGE, true },
    { "tstzmultirange", 4534, 6153, WW_TYPE_MULTIRANGE, true },
    { "datemultirange", 4535, 6155, WW_TYPE_MULTIRANGE, true },
    { "int8multirange", 4536, 6157, WW_TYPE_MULTIRANGE, true },
    { "pg_snapshot", 5038, 5039, WW_TYPE_SNAPSHOT, true },
    { "xid8", 5069, 271, WW_TYPE_XID8, true },
    { "oid8", 6437, 6442, WW_TYPE_XID8, true },
    { "regdatabase", 6490, 6491, WW_TYPE_REG, false },
};

static void check_array(uint32_t array, uint32_t element, bool binary)
{
    const ww_type *type = ww_types_find(NULL, array);
    if (!CHECK(type != NULL))
        return;
    CHECK_EQ_U64(type->kind, WW_TYPE_ARRAY);
    CHECK_EQ_U64(type->element, element);
    CHECK(ww_types_binary(NULL, array) == binary);
}

static void knows_the_listed_types(void)
{
    size_t i;
    for (i = 0; i < sizeof listed / sizeof listed[0]; i++) {
        const ww_type *type = ww_types_find(NULL, listed[i].oid);
        if (!CHECK(type != NULL))
            continue;
        CHECK_EQ_U64(type->oid, listed[i].oid);
        CHECK_SLICE(type->typname, listed[i].name);
        CHECK_EQ_U64(type->kind, listed[i].kind);
        CHECK(ww_types_binary(NULL, listed[i].oid) == listed[i].binary);
        if (listed[i].array != 0)
            check_array(listed[i].array, listed[i].oid, listed[i].binary);
    }
}

static void finds_each_of_the_table(void)
{
    uint32_t before = 0;
    size_t i;
    for (i = 0; i < ww__builtin_type_count; i++) {
        const ww_type *type = &ww__builtin_types[i];
        CHECK(type->oid > before && type->oid < 10000);
        CHECK(ww_types_find(NULL, type->oid) == type);
        CHECK(type->element == 0 || ww_types_find(NULL, type->element) != NULL);
        CHECK((type->delimiter == ';') == (type->oid == 603 || type->oid == 1020));
        CHECK(type->as_of == 0 && type->nfields == 0 && type->domain_of == 0);
        CHECK_SLICE(type->nspname, "pg_catalog");
        before = type->oid;
    }
    CHECK(ww_types_find(NULL, 0) == NULL && ww_types_find(NULL, 31) == NULL);
    CHECK(ww_types_find(NULL, UINT32_MAX) == NULL && !ww_types_binary(NULL, UINT32_MAX));
    CHECK_SLICE(ww_types_find(NULL, 1015)->sqlname, "character varying[]");
    CHECK_EQ_U64(ww_types_find(NULL, 4535)->element, 3912);
    CHECK_EQ_U64(ww_types_find(NULL, 3912)->element, 1082);
    CHECK_EQ_U64(ww_types_find(NULL, 30)->element, 26);
    CHECK_EQ_U64(ww_types_find(NULL, 19)->element, 0); /* pg_type says char: it is no array */
}

/* ---- putting -------------------------------------------------------------------------------- */

typedef struct fixture {
    check_alloc alloc;
    ww_types *types;
    ww_error err;
} fixture;

static void open_fixture(fixture *f, size_t max_bytes)
{
    check_alloc_init(&f->alloc, 0);
    f->types = ww_types_open(&f->alloc.alloc, max_bytes);
}

static void close_fixture(fixture *f)
{
    ww_types_close(f->types);
    CHECK_EQ_U64(f->alloc.live_bytes, 0);
    CHECK_EQ_U64(f->alloc.live_blocks, 0);
}

static ww_type make(uint32_t oid, ww_type_kind kind, const char *name)
{
    ww_type type;
    memset(&type, 0, sizeof type);
    type.oid = oid;
    type.kind = (uint8_t)kind;
    type.delimiter = ',';
    type.nspname = S("shop");
    type.typname = type.sqlname = S(name);
    return type;
}

static ww_type make_fields(uint32_t oid, ww_type_kind kind, const char *name,
                           const ww_type_field *fields, uint16_t count)
{
    ww_type type = make(oid, kind, name);
    type.fields = fields;
    type.nfields = count;
    return type;
}

static ww_type make_of(uint32_t oid, ww_type_kind kind, uint32_t element)
{
    ww_type type = make(oid, kind, "made");
    type.element = element;
    return type;
}

static ww_type make_domain(uint32_t oid, uint32_t base)
{
    ww_type type = make(oid, WW_TYPE_OTHER, "domain");
    type.domain_of = base;
    return type;
}

static ww_status put(fixture *f, ww_type type)
{
    return ww_types_put(f->types, &type, &f->err);
}

static void keeps_copies(void)
{
    char name[] = "mood", label[] = "happy";
    ww_type_field fields[2] = { { S("sad"), 0, -1 }, { S(label), 0, -1 } };
    const ww_type *found;
    fixture f;
    open_fixture(&f, 0);
    CHECK(put(&f, make_fields(20000, WW_TYPE_ENUM, name, fields, 2)) == WW_OK);
    memset(name, 'x', sizeof name - 1);
    memset(label, 'x', sizeof label - 1);
    memset(fields, 0, sizeof fields);
    found = ww_types_find(f.types, 20000);
    CHECK_SLICE(found->typname, "mood");
    CHECK_SLICE(found->nspname, "shop");
    CHECK_EQ_U64(found->nfields, 2);
    CHECK_SLICE(found->fields[0].name, "sad");
    CHECK_SLICE(found->fields[1].name, "happy");
    CHECK(ww_types_find(NULL, 20000) == NULL && ww_types_binary(f.types, 20000));
    CHECK_EQ_U64(ww_types_version(f.types), 1);
    CHECK_EQ_U64(ww_types_version(NULL), 0);
    close_fixture(&f);
}

static void keeps_what_is_replaced(void)
{
    ww_type_field labels[2] = { { S("a"), 0, -1 }, { S("b"), 0, -1 } };
    ww_type one = make_fields(20000, WW_TYPE_ENUM, "mood", labels, 1), two = one;
    const ww_type *old;
    fixture f;
    open_fixture(&f, 0);
    one.as_of = 100;
    two.as_of = 200;
    CHECK(put(&f, make(20001, WW_TYPE_TEXT, "other")) == WW_OK);
    CHECK(put(&f, one) == WW_OK && put(&f, make(20002, WW_TYPE_TEXT, "other")) == WW_OK);
    old = ww_types_find(f.types, 20000);
    CHECK(put(&f, two) == WW_OK); /* equal: seen so early already */
    CHECK(ww_types_find(f.types, 20000) == old && old->as_of == 100);
    CHECK_EQ_U64(ww_types_version(f.types), 3);
    two.nfields = 2;
    CHECK(put(&f, two) == WW_OK);
    CHECK_EQ_U64(ww_types_version(f.types), 4);
    CHECK_EQ_U64(old->nfields, 1);
    CHECK_SLICE(old->fields[0].name, "a");
    CHECK_EQ_U64(ww_types_find(f.types, 20000)->nfields, 2);
    CHECK(ww_types_find(f.types, 20001) != NULL && ww_types_find(f.types, 20002) != NULL);
    close_fixture(&f);
}

static void domains_are_as_their_base(void)
{
    ww_type_field labels[1] = { { S("a"), 0, -1 } };
    const ww_type *domain;
    fixture f;
    open_fixture(&f, 0);
    CHECK(put(&f, make_domain(20001, 20000)) == WW_ERR_USAGE && f.err.status == WW_ERR_USAGE);
    CHECK(ww_types_find(f.types, 20001) == NULL);
    CHECK(put(&f, make_domain(20001, 20001)) == WW_ERR_USAGE);
    CHECK(put(&f, make_fields(20000, WW_TYPE_ENUM, "mood", labels, 1)) == WW_OK);
    CHECK(put(&f, make_domain(20001, 20000)) == WW_OK);
    CHECK(put(&f, make_domain(20002, 20001)) == WW_OK);
    CHECK(put(&f, make_domain(20003, 603)) == WW_OK);
    CHECK(put(&f, make_domain(20004, 1007)) == WW_OK);
    domain = ww_types_find(f.types, 20002);
    CHECK(domain->kind == WW_TYPE_ENUM && domain->nfields == 1 && domain->domain_of == 20001);
    CHECK(domain->fields == ww_types_find(f.types, 20000)->fields);
    CHECK_SLICE(domain->sqlname, "domain");
    CHECK_EQ_U64(ww_types_find(f.types, 20003)->delimiter, ';');
    CHECK_EQ_U64(ww_types_find(f.types, 20004)->element, 23);
    CHECK(ww_types_binary(f.types, 20004) && !ww_types_binary(f.types, 20005));
    close_fixture(&f);
}

static void built_in_types_stay(void)
{
    fixture f;
    open_fixture(&f, 0);
    CHECK(put(&f, make(23, WW_TYPE_TEXT, "int4")) == WW_ERR_USAGE);
    CHECK_EQ_U64(ww_types_find(f.types, 23)->kind, WW_TYPE_INT4);
    CHECK_EQ_U64(ww_types_version(f.types), 0);
    close_fixture(&f);
}

/* ---- what is binary ------------------------------------------------------------------------- */

static void what_is_made_of_text_only_types_is_not_binary(void)
{
    ww_type_field good[2] = { { S("a"), 23, -1 }, { S("b"), 1009, -1 } };
    ww_type_field bad[2] = { { S("a"), 23, -1 }, { S("b"), 2205, -1 } };
    fixture f;
    open_fixture(&f, 0);
    CHECK(put(&f, make_fields(20000, WW_TYPE_COMPOSITE, "good", good, 2)) == WW_OK);
    CHECK(put(&f, make_fields(20001, WW_TYPE_COMPOSITE, "bad", bad, 2)) == WW_OK);
    CHECK(put(&f, make(20002, WW_TYPE_COMPOSITE, "empty")) == WW_OK);
    CHECK(put(&f, make_of(20003, WW_TYPE_ARRAY, 20000)) == WW_OK);
    CHECK(put(&f, make_of(20004, WW_TYPE_ARRAY, 20001)) == WW_OK);
    CHECK(put(&f, make_of(20005, WW_TYPE_ARRAY, 20099)) == WW_OK);
    CHECK(put(&f, make_of(20006, WW_TYPE_RANGE, 20000)) == WW_OK);
    CHECK(put(&f, make_of(20007, WW_TYPE_MULTIRANGE, 20006)) == WW_OK);
    CHECK(put(&f, make(20008, WW_TYPE_HSTORE, "hstore")) == WW_OK);
    CHECK(put(&f, make(20009, WW_TYPE_OTHER, "geometry")) == WW_OK);
    CHECK(ww_types_binary(f.types, 20000) && !ww_types_binary(f.types, 20001));
    CHECK(!ww_types_binary(f.types, 20002));
    CHECK(ww_types_binary(f.types, 20003) && !ww_types_binary(f.types, 20004));
    CHECK(!ww_types_binary(f.types, 20005));
    CHECK(ww_types_binary(f.types, 20006) && ww_types_binary(f.types, 20007));
    CHECK(ww_types_binary(f.types, 20008) && !ww_types_binary(f.types, 20009));
    good[1].type_oid = 1034; /* aclitem[]: the same question has another answer now */
    CHECK(put(&f, make_fields(20000, WW_TYPE_COMPOSITE, "good", good, 2)) == WW_OK);
    CHECK(!ww_types_binary(f.types, 20007));
    close_fixture(&f);
}

/* No server lets a type contain itself, or a thousand others one in the other. */
static void types_that_never_end_are_not_binary(void)
{
    ww_type_field many[8];
    uint32_t level, i;
    fixture f;
    open_fixture(&f, 0);
    CHECK(put(&f, make_of(20000, WW_TYPE_ARRAY, 20000)) == WW_OK);
    CHECK(put(&f, make_of(20001, WW_TYPE_ARRAY, 20002)) == WW_OK);
    CHECK(put(&f, make_of(20002, WW_TYPE_RANGE, 20001)) == WW_OK);
    CHECK(!ww_types_binary(f.types, 20000) && !ww_types_binary(f.types, 20001));
    CHECK(!ww_types_binary(f.types, 20002));
    for (level = 0; level < 1000; level++) { /* 8 to the power of 1000 ways down */
        for (i = 0; i < 8; i++) {
            many[i].name = S("f");
            many[i].typmod = -1;
            many[i].type_oid = level > 0 ? 30000 + level - 1 : 23;
        }
        CHECK(put(&f, make_fields(30000 + level, WW_TYPE_COMPOSITE, "deep", many, 8)) == WW_OK);
    }
    CHECK(!ww_types_binary(f.types, 30999));
    CHECK(put(&f, make(20003, WW_TYPE_TEXT, "new version")) == WW_OK);
    CHECK(ww_types_binary(f.types, 30000 + WW_VALUE_MAX_DEPTH - 2));
    CHECK(put(&f, make(20004, WW_TYPE_TEXT, "new version")) == WW_OK);
    CHECK(!ww_types_binary(f.types, 30000 + WW_VALUE_MAX_DEPTH - 1));
    close_fixture(&f);
}

/* ---- tables --------------------------------------------------------------------------------- */

static void keeps_facts_of_tables(void)
{
    ww_column_facts columns[2] = { { S("id"), 23, -1, 1, true }, { S("note"), 25, -1, 0, false } };
    ww_relation_facts facts = { 7, 2, columns, 100 };
    const ww_relation_facts *old;
    fixture f;
    open_fixture(&f, 0);
    CHECK(ww_types_relation(NULL, 7) == NULL && ww_types_relation(f.types, 7) == NULL);
    CHECK(ww_types_put_relation(f.types, &facts, &f.err) == WW_OK);
    facts.as_of = 200;
    CHECK(ww_types_put_relation(f.types, &facts, &f.err) == WW_OK);
    old = ww_types_relation(f.types, 7);
    CHECK(old->as_of == 100 && ww_types_version(f.types) == 1);
    columns[1].not_null = true;
    CHECK(ww_types_put_relation(f.types, &facts, &f.err) == WW_OK);
    CHECK(ww_types_version(f.types) == 2 && !old->columns[1].not_null);
    old = ww_types_relation(f.types, 7);
    CHECK(old->columns[1].not_null && old->as_of == 200);
    CHECK_EQ_U64(ww_relation_facts_column(old, S("id"))->key_position, 1);
    CHECK(ww_relation_facts_column(old, S("nothing")) == NULL);
    CHECK(ww_types_find(f.types, 7) == NULL); /* a table's OID is no type's */
    close_fixture(&f);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void stops_at_its_limit(void)
{
    static const char name[] = "a name that is quite long, so that not too many of them fit here";
    ww_column_facts column = { S(name), 23, -1, 0, false };
    ww_relation_facts facts = { 7, 1, &column, 1 };
    ww_status status = WW_OK;
    uint32_t oid;
    fixture f;
    open_fixture(&f, 10000);
    for (oid = 20000; status == WW_OK && oid < 30000; oid++)
        status = put(&f, make(oid, WW_TYPE_TEXT, name));
    CHECK(status == WW_ERR_LIMIT && f.err.status == WW_ERR_LIMIT);
    CHECK_TEXT(f.err.subject, "10000 bytes");
    CHECK(oid > 20010 && oid < 20100);
    CHECK(f.alloc.live_bytes < 10000 + 500);
    CHECK(ww_types_find(f.types, oid - 1) == NULL && ww_types_find(f.types, oid - 2) != NULL);
    CHECK(ww_types_put_relation(f.types, &facts, NULL) == WW_ERR_LIMIT);
    CHECK(ww_types_relation(f.types, 7) == NULL);
    close_fixture(&f);
}

/* Replaced definitions are kept, so they count. */
static void counts_what_is_replaced(void)
{
    ww_status status = WW_OK;
    unsigned i;
    fixture f;
    open_fixture(&f, 10000);
    for (i = 0; status == WW_OK && i < 1000; i++)
        status = put(&f, make(20000, WW_TYPE_TEXT, i % 2 == 0 ? "even" : "odd"));
    CHECK(status == WW_ERR_LIMIT && i > 10 && i < 200);
    CHECK(ww_types_find(f.types, 20000) != NULL);
    close_fixture(&f);
}

static void no_choice_of_oids_is_slow(void)
{
    uint32_t i;
    fixture f;
    open_fixture(&f, 0);
    for (i = 0; i < 20000; i++)
        CHECK(put(&f, make(16384 + (i << 15), WW_TYPE_TEXT, "t")) == WW_OK);
    for (i = 0; i < 20000; i++)
        CHECK(ww_types_find(f.types, 16384 + (i << 15)) != NULL);
    close_fixture(&f);
}

static bool survive(size_t fail_at)
{
    ww_type_field fields[1] = { { S("a"), 23, -1 } };
    ww_column_facts column = { S("id"), 23, -1, 1, true };
    ww_relation_facts facts = { 7, 1, &column, 1 };
    ww_type type = make_fields(20000, WW_TYPE_COMPOSITE, "pair", fields, 1);
    ww_status status;
    fixture f;
    check_alloc_init(&f.alloc, fail_at);
    f.types = ww_types_open(&f.alloc.alloc, 0);
    if (f.types == NULL) {
        CHECK(f.alloc.live_blocks == 0);
        return false;
    }
    status = put(&f, type);
    CHECK((status == WW_OK) == (ww_types_find(f.types, 20000) != NULL));
    type.typname = S("couple");
    if (status == WW_OK)
        status = put(&f, type);
    if (status == WW_OK)
        status = ww_types_put_relation(f.types, &facts, &f.err);
    CHECK(status == WW_OK || (status == WW_ERR_NOMEM && f.err.status == WW_ERR_NOMEM));
    close_fixture(&f);
    return status == WW_OK;
}

static void survives_without_memory(void)
{
    size_t n = 1;
    while (!survive(n) && n < 100)
        n++;
    CHECK_EQ_U64(n, 5); /* four allocations */
}

int main(void)
{
    RUN(knows_the_listed_types);
    RUN(finds_each_of_the_table);
    RUN(keeps_copies);
    RUN(keeps_what_is_replaced);
    RUN(domains_are_as_their_base);
    RUN(built_in_types_stay);
    RUN(what_is_made_of_text_only_types_is_not_binary);
    RUN(types_that_never_end_are_not_binary);
    RUN(keeps_facts_of_tables);
    RUN(stops_at_its_limit);
    RUN(counts_what_is_replaced);
    RUN(no_choice_of_oids_is_slow);
    RUN(survives_without_memory);
    return check_report();
}
