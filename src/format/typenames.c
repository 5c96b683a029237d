/* SPDX-License-Identifier: MIT */
/* typenames.c: the names of types as format_type_be() writes them: of the built-in ones from a
 * table, of all others from the Type messages that come before their relation. */
#include "sqlnames.h"

#include "base/error.h"
#include "decode/types_table.h"

/* A node of a tree that branches by the bits of the OID: at most 32 steps, whatever OIDs the
 * server chose. */
typedef struct ww__typename {
    struct ww__typename *child[2];
    uint32_t oid;
    ww_slice schema, name; /* as they came; in text */
    uint8_t text[];
} typename;

static size_t node_size(ww_slice schema, ww_slice name)
{
    return sizeof(typename) + schema.len + name.len;
}

/* Where the type is linked, or would be. */
static typename **find(typename **root, uint32_t oid)
{
    uint32_t bits = oid;
    while (*root != NULL && (*root)->oid != oid) {
        root = &(*root)->child[bits & 1];
        bits >>= 1;
    }
    return root;
}

static typename *build(ww_format *f, uint32_t oid, ww_slice schema, ww_slice name)
{
    typename *node = ww__format_alloc(f, node_size(schema, name));
    if (node == NULL)
        return NULL;
    memset(node, 0, sizeof *node);
    node->oid = oid;
    if (schema.len > 0)
        memcpy(node->text, schema.ptr, schema.len);
    if (name.len > 0)
        memcpy(node->text + schema.len, name.ptr, name.len);
    node->schema.ptr = node->text;
    node->schema.len = schema.len;
    node->name.ptr = node->text + schema.len;
    node->name.len = name.len;
    return node;
}

static bool is_known(const typename *node, const ww_event *ev)
{
    return node != NULL && ww_slice_equal(node->schema, ev->type.nspname) &&
           ww_slice_equal(node->name, ev->type.typname);
}

ww_status ww__typenames_learn(ww_format *f, ww__typenames *types, const ww_event *ev,
                              bool *changed, ww_error *err)
{
    typename **link = find(&types->root, ev->type.oid);
    typename *old = *link, *now;
    size_t old_size = old != NULL ? node_size(old->schema, old->name) : 0;
    size_t size = node_size(ev->type.nspname, ev->type.typname);
    *changed = !is_known(old, ev);
    if (!*changed)
        return WW_OK;
    if (size > WW__MAX_TYPENAME_BYTES - (types->bytes - old_size))
        return ww__fail(err, WW_ERR_LIMIT, "the stream has more names of types than 16 MiB hold");
    now = build(f, ev->type.oid, ev->type.nspname, ev->type.typname);
    if (now == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the name of a type");
    if (old != NULL) {
        now->child[0] = old->child[0];
        now->child[1] = old->child[1];
    }
    ww__format_free(f, old, old_size);
    *link = now;
    types->bytes = types->bytes - old_size + size;
    return WW_OK;
}

/* At most 32 calls deep: see `typename`. */
static void free_tree(ww_format *f, typename *node)
{
    if (node == NULL)
        return;
    free_tree(f, node->child[0]);
    free_tree(f, node->child[1]);
    ww__format_free(f, node, node_size(node->schema, node->name));
}

void ww__typenames_close(ww_format *f, ww__typenames *types)
{
    free_tree(f, types->root);
    memset(types, 0, sizeof *types);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* A Type message of a domain carries the name of its base type, for one. */
static const ww_type *builtin_by_name(ww_slice name)
{
    size_t i;
    for (i = 0; i < ww__builtin_type_count; i++)
        if (ww_slice_equal(ww__builtin_types[i].typname, name))
            return &ww__builtin_types[i];
    return NULL;
}

/* An array type has a name of its own, made from its element's, and that is all one is told. */
static void put_learned(const typename *node, const ww__policy *policy, ww_out *out)
{
    bool is_array = node->name.len > 1 && node->name.ptr[0] == '_';
    ww_slice name = node->name;
    if (is_array) {
        name.ptr++;
        name.len--;
    }
    if (node->schema.len > 0)
        ww__out_qualified(out, policy, node->schema, name);
    else
        ww__out_identifier(out, policy, name);
    if (is_array)
        WW__OUT(out, "[]");
}

void ww__typenames_put(const ww__typenames *types, uint32_t oid, const ww__policy *policy,
                       ww_out *out)
{
    typename *root = types->root;
    const typename *node = *find(&root, oid);
    const ww_type *builtin = ww_types_find(NULL, oid);
    if (builtin == NULL && node != NULL && node->schema.len == 0)
        builtin = builtin_by_name(node->name);
    if (builtin != NULL)
        ww__out_put(out, builtin->sqlname.ptr, builtin->sqlname.len);
    else if (node != NULL)
        put_learned(node, policy, out);
    else
        WW__OUT(out, "???");
}
