/* SPDX-License-Identifier: MIT */
/* types.c: the registry of types and of facts of tables.
 *
 * Each definition is one block of memory: a node, what the public struct points to, the text of all
 * names. The blocks form two digital search trees, of types and of tables, by OID, bit by bit,
 * lowest first: no choice of OIDs makes one deeper than 32. A block that is replaced hangs behind
 * the one that replaced it until the registry is closed, and counts against its memory. */
#include "types_table.h"

#include <walwire/value.h>

#include "base/error.h"

#include <string.h>

typedef struct node {
    struct node *child[2];
    struct node *older; /* what it replaced */
    size_t size;        /* of this block */
    uint32_t oid;
} node;

typedef struct type_node {
    node node;
    ww_type type;
    uint64_t judged_at; /* the registry's version when `binary` was found out */
    bool binary;
} type_node;

typedef struct relation_node {
    node node;
    ww_relation_facts facts;
} relation_node;

struct ww_types {
    ww_alloc alloc;
    size_t max_bytes, used_bytes;
    uint64_t version;
    int server_version_num;
    node *types, *relations;
};

/* ---- life ----------------------------------------------------------------------------------- */

ww_types *ww_types_open(const ww_alloc *alloc, size_t max_bytes)
{
    ww_types *types = alloc->resize(alloc->ctx, NULL, 0, sizeof *types);
    if (types == NULL)
        return NULL;
    memset(types, 0, sizeof *types);
    types->alloc = *alloc;
    types->max_bytes = max_bytes == 0 ? WW_DEFAULT_TYPES_MEMORY : max_bytes;
    return types;
}

void ww_types_set_server(ww_types *types, int server_version_num)
{
    types->server_version_num = server_version_num;
}

int ww_types_server(const ww_types *types)
{
    return types != NULL ? types->server_version_num : 0;
}

static void release_chain(ww_types *types, node *n)
{
    while (n != NULL) {
        node *older = n->older;
        types->alloc.resize(types->alloc.ctx, n, n->size, 0);
        n = older;
    }
}

/* No deeper than the tree: 33 calls. */
static void release_tree(ww_types *types, node *n)
{
    if (n == NULL)
        return;
    release_tree(types, n->child[0]);
    release_tree(types, n->child[1]);
    release_chain(types, n);
}

void ww_types_close(ww_types *types)
{
    if (types == NULL)
        return;
    release_tree(types, types->types);
    release_tree(types, types->relations);
    types->alloc.resize(types->alloc.ctx, types, sizeof *types, 0);
}

uint64_t ww_types_version(const ww_types *types)
{
    return types != NULL ? types->version : 0;
}

/* ---- trees of blocks ------------------------------------------------------------------------ */

/* Where the node with this OID hangs, or is to hang. */
static node **find_place(node **root, uint32_t oid)
{
    uint32_t way = oid;
    while (*root != NULL && (*root)->oid != oid) {
        root = &(*root)->child[way & 1];
        way >>= 1;
    }
    return root;
}

/* A block for a node of `head` bytes, an array and text behind it; NULL: *err says why. */
static node *create(ww_types *types, uint32_t oid, size_t head, size_t rest, ww_error *err)
{
    size_t size = head + rest;
    node *n;
    if (size > types->max_bytes - types->used_bytes) {
        ww__fail(err, WW_ERR_LIMIT,
                 "the catalog's types and tables need more memory than the registry may hold");
        ww__error_add_number(err, types->max_bytes);
        ww__error_add_text(err, " bytes");
        return NULL;
    }
    n = types->alloc.resize(types->alloc.ctx, NULL, 0, size);
    if (n == NULL) {
        ww__fail(err, WW_ERR_NOMEM, "no memory for what the catalog says");
        return NULL;
    }
    memset(n, 0, head);
    n->oid = oid;
    n->size = size;
    return n;
}

static void hang(ww_types *types, node **place, node *n)
{
    node *old = *place;
    if (old != NULL) {
        n->child[0] = old->child[0];
        n->child[1] = old->child[1];
        n->older = old;
    }
    *place = n;
    types->used_bytes += n->size;
    types->version++;
}

/* Copies text to *room, moves *room behind it. */
static ww_slice keep(uint8_t **room, ww_slice text)
{
    ww_slice kept = { *room, text.len };
    if (text.len > 0)
        memcpy(*room, text.ptr, text.len);
    *room += text.len;
    return kept;
}

/* ---- types ---------------------------------------------------------------------------------- */

static const ww_type *find_builtin(uint32_t oid)
{
    size_t low = 0, high = ww__builtin_type_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ww__builtin_types[middle].oid == oid)
            return &ww__builtin_types[middle];
        if (ww__builtin_types[middle].oid > oid)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static type_node *find_type(const ww_types *types, uint32_t oid)
{
    node *root = types != NULL ? types->types : NULL;
    return (type_node *)(void *)*find_place(&root, oid);
}

const ww_type *ww_types_find(const ww_types *types, uint32_t oid)
{
    const ww_type *builtin = find_builtin(oid);
    const type_node *n = builtin == NULL ? find_type(types, oid) : NULL;
    return n != NULL ? &n->type : builtin;
}

static bool same_fields(const ww_type *a, const ww_type *b)
{
    uint16_t i;
    if (a->nfields != b->nfields)
        return false;
    for (i = 0; i < a->nfields && a->fields != b->fields; i++)
        if (a->fields[i].type_oid != b->fields[i].type_oid ||
            a->fields[i].typmod != b->fields[i].typmod ||
            !ww_slice_equal(a->fields[i].name, b->fields[i].name))
            return false;
    return true;
}

/* What was so at an earlier position and is so now was so in between: as_of does not count. */
static bool same_type(const ww_type *a, const ww_type *b)
{
    return a->kind == b->kind && a->element == b->element && a->domain_of == b->domain_of &&
           a->delimiter == b->delimiter && ww_slice_equal(a->nspname, b->nspname) &&
           ww_slice_equal(a->typname, b->typname) && ww_slice_equal(a->sqlname, b->sqlname) &&
           same_fields(a, b);
}

/* The fields of a domain stand in its base's block, which lives as long. */
static bool owns_fields(const ww_type *type)
{
    return type->domain_of == 0 && type->nfields > 0;
}

static size_t text_size(const ww_type *type)
{
    size_t size = type->nspname.len + type->typname.len + type->sqlname.len;
    uint16_t i;
    for (i = 0; i < type->nfields && owns_fields(type); i++)
        size += type->fields[i].name.len;
    return size;
}

static void fill(type_node *n, const ww_type *type)
{
    ww_type_field *fields = (ww_type_field *)(void *)(n + 1);
    uint8_t *room = (uint8_t *)(fields + (owns_fields(type) ? type->nfields : 0));
    uint16_t i;
    n->type = *type;
    n->type.nspname = keep(&room, type->nspname);
    n->type.typname = keep(&room, type->typname);
    n->type.sqlname = keep(&room, type->sqlname);
    if (!owns_fields(type))
        return;
    for (i = 0; i < type->nfields; i++) {
        fields[i] = type->fields[i];
        fields[i].name = keep(&room, type->fields[i].name);
    }
    n->type.fields = fields;
}

/* What a domain has of its base. */
static ww_status resolve_domain(const ww_types *types, ww_type *type, ww_error *err)
{
    const ww_type *base = ww_types_find(types, type->domain_of);
    if (base == NULL || base->oid == type->oid) {
        ww__fail_about(err, WW_ERR_USAGE, "the type that a domain is over is not known",
                       type->sqlname);
        return WW_ERR_USAGE;
    }
    type->kind = base->kind;
    type->element = base->element;
    type->delimiter = base->delimiter;
    type->nfields = base->nfields;
    type->fields = base->fields;
    return WW_OK;
}

ww_status ww_types_put(ww_types *types, const ww_type *type, ww_error *err)
{
    node **place = find_place(&types->types, type->oid);
    ww_type whole = *type;
    ww_error local;
    node *n;
    if (err == NULL)
        err = &local;
    if (find_builtin(type->oid) != NULL)
        return ww__fail_about(err, WW_ERR_USAGE, "a built-in type is not replaced", type->sqlname);
    if (type->domain_of != 0 && resolve_domain(types, &whole, err) != WW_OK)
        return WW_ERR_USAGE;
    if (*place != NULL && same_type(&((type_node *)(void *)*place)->type, &whole))
        return WW_OK;
    n = create(types, type->oid, sizeof(type_node),
               (owns_fields(&whole) ? whole.nfields * sizeof *whole.fields : 0) +
                   text_size(&whole),
               err);
    if (n == NULL)
        return err->status;
    fill((type_node *)(void *)n, &whole);
    hang(types, place, n);
    return WW_OK;
}

/* ---- binary forms --------------------------------------------------------------------------- */

static bool judge(const ww_types *types, uint32_t oid, unsigned depth);

static bool judge_fields(const ww_types *types, const ww_type *type, unsigned depth)
{
    uint16_t i;
    for (i = 0; i < type->nfields; i++)
        if (!judge(types, type->fields[i].type_oid, depth + 1))
            return false;
    return type->nfields > 0; /* record: nobody knows */
}

static bool judge_type(const ww_types *types, const ww_type *type, unsigned depth)
{
    switch ((ww_type_kind)type->kind) {
    case WW_TYPE_OTHER:
    case WW_TYPE_REG:
        return false;
    case WW_TYPE_ARRAY:
    case WW_TYPE_VECTOR:
    case WW_TYPE_RANGE:
    case WW_TYPE_MULTIRANGE:
        return judge(types, type->element, depth + 1);
    case WW_TYPE_COMPOSITE:
        return judge_fields(types, type, depth);
    default:
        return true;
    }
}

/* Each type is looked at once in a version of the registry; one that is made of itself, or too
 * deep, is not binary. */
static bool judge(const ww_types *types, uint32_t oid, unsigned depth)
{
    const ww_type *builtin = find_builtin(oid);
    type_node *n;
    if (depth >= WW_VALUE_MAX_DEPTH)
        return false;
    if (builtin != NULL)
        return judge_type(types, builtin, depth);
    n = find_type(types, oid);
    if (n == NULL)
        return false;
    if (n->judged_at != types->version) {
        n->judged_at = types->version;
        n->binary = false;
        n->binary = judge_type(types, &n->type, depth);
    }
    return n->binary;
}

bool ww_types_binary(const ww_types *types, uint32_t oid)
{
    return judge(types, oid, 0);
}

/* ---- tables --------------------------------------------------------------------------------- */

const ww_column_facts *ww_relation_facts_column(const ww_relation_facts *facts, ww_slice name)
{
    uint16_t i;
    for (i = 0; i < facts->ncolumns; i++)
        if (ww_slice_equal(facts->columns[i].name, name))
            return &facts->columns[i];
    return NULL;
}

const ww_relation_facts *ww_types_relation(const ww_types *types, uint32_t relation_id)
{
    node *root = types != NULL ? types->relations : NULL;
    const relation_node *n = (const relation_node *)(void *)*find_place(&root, relation_id);
    return n != NULL ? &n->facts : NULL;
}

static bool same_facts(const ww_relation_facts *a, const ww_relation_facts *b)
{
    uint16_t i;
    if (a->ncolumns != b->ncolumns)
        return false;
    for (i = 0; i < a->ncolumns; i++) {
        const ww_column_facts *x = &a->columns[i], *y = &b->columns[i];
        if (x->type_oid != y->type_oid || x->typmod != y->typmod ||
            x->key_position != y->key_position || x->not_null != y->not_null ||
            !ww_slice_equal(x->name, y->name))
            return false;
    }
    return true;
}

ww_status ww_types_put_relation(ww_types *types, const ww_relation_facts *facts, ww_error *err)
{
    node **place = find_place(&types->relations, facts->relation_id);
    size_t text = 0;
    ww_column_facts *columns;
    relation_node *n;
    ww_error local;
    uint8_t *room;
    uint16_t i;
    if (err == NULL)
        err = &local;
    if (*place != NULL && same_facts(&((relation_node *)(void *)*place)->facts, facts))
        return WW_OK;
    for (i = 0; i < facts->ncolumns; i++)
        text += facts->columns[i].name.len;
    n = (relation_node *)(void *)create(types, facts->relation_id, sizeof *n,
                                        facts->ncolumns * sizeof *columns + text, err);
    if (n == NULL)
        return err->status;
    columns = (ww_column_facts *)(void *)(n + 1);
    room = (uint8_t *)(columns + facts->ncolumns);
    for (i = 0; i < facts->ncolumns; i++) {
        columns[i] = facts->columns[i];
        columns[i].name = keep(&room, facts->columns[i].name);
    }
    n->facts = *facts;
    n->facts.columns = columns;
    hang(types, place, &n->node);
    return WW_OK;
}
