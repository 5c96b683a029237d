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

/* Of a domain the Type message names the base, of an array the array's own type: what the registry
 * says is better, unless the array was renamed since. Of all others the message tells what the
 * catalog told when the change was made. */
static bool prefer_registry(const ww_type *type, const typename *node)
{
    if (type == NULL || node == NULL || type->domain_of != 0)
        return type != NULL;
    return type->kind == WW_TYPE_ARRAY && ww_slice_equal(type->typname, node->name);
}

/* The type to name, from a table or the registry; NULL: it is *node's, or nobody's. */
static const ww_type *find_type(const ww__typenames *types, uint32_t oid, const typename **node)
{
    typename *root = types->root;
    const ww_type *known = ww_types_find(types->registry, oid);
    const ww_type *type = ww_types_find(NULL, oid);
    *node = *find(&root, oid);
    if (type == NULL && prefer_registry(known, *node))
        type = known;
    if (type == NULL && *node != NULL && (*node)->schema.len == 0)
        type = builtin_by_name((*node)->name);
    return type;
}

void ww__typenames_put(const ww__typenames *types, uint32_t oid, const ww__policy *policy,
                       ww_out *out)
{
    const typename *node;
    const ww_type *type = find_type(types, oid, &node);
    if (type != NULL)
        ww__out_plain(out, policy, type->sqlname);
    else if (node != NULL)
        put_learned(node, policy, out);
    else
        WW__OUT(out, "???");
}

ww_slice ww__typenames_own(const ww__typenames *types, uint32_t oid)
{
    const typename *node;
    const ww_type *type = find_type(types, oid, &node);
    if (type != NULL)
        return type->typname;
    return node != NULL ? node->name : ww_slice_of("???");
}

/* ---- with their typmods --------------------------------------------------------------------- */

/* The typmods of these types count the header of a stored value. */
#define HEADER 4

enum { BPCHAR = 1042, VARCHAR = 1043, BIT = 1560, VARBIT = 1562 };

static void put_length(ww_out *out, int32_t length, int32_t least)
{
    if (length < least)
        return;
    ww__out_byte(out, '(');
    ww__out_i64(out, length);
    ww__out_byte(out, ')');
}

/* numerictypmodout() */
static void put_numeric(ww_out *out, int32_t typmod)
{
    int32_t scale = (((typmod - HEADER) & 0x7FF) ^ 1024) - 1024;
    ww__out_byte(out, '(');
    ww__out_i64(out, (typmod - HEADER) >> 16 & 0xFFFF);
    ww__out_byte(out, ',');
    ww__out_i64(out, scale);
    ww__out_byte(out, ')');
}

/* intervaltypmodout() */
static void put_interval(ww_out *out, int32_t typmod)
{
    static const struct {
        uint16_t range;
        const char *fields;
    } ranges[] = {
        {0x0004, " year"},           {0x0002, " month"},           {0x0008, " day"},
        {0x0400, " hour"},           {0x0800, " minute"},          {0x1000, " second"},
        {0x0006, " year to month"},  {0x0408, " day to hour"},     {0x0C08, " day to minute"},
        {0x1C08, " day to second"},  {0x0C00, " hour to minute"},  {0x1C00, " hour to second"},
        {0x1800, " minute to second"},
    };
    int32_t range = typmod >> 16 & 0x7FFF, precision = typmod & 0xFFFF;
    size_t i;
    for (i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].range == range)
            ww__out_put(out, ranges[i].fields, strlen(ranges[i].fields));
    if (precision != 0xFFFF)
        put_length(out, precision, 0);
}

/* What stands in the name of a scalar that has a typmod, and behind how many bytes of it. False:
 * its type has none. */
static bool put_scalar(const ww_type *type, int32_t typmod, ww_out *out)
{
    ww_slice name = type->sqlname;
    size_t head = name.len;
    if (type->kind == WW_TYPE_TIME || type->kind == WW_TYPE_TIMETZ)
        head = sizeof "time" - 1;
    else if (type->kind == WW_TYPE_TIMESTAMP || type->kind == WW_TYPE_TIMESTAMPTZ)
        head = sizeof "timestamp" - 1;
    else if (type->kind != WW_TYPE_NUMERIC && type->kind != WW_TYPE_INTERVAL &&
             type->oid != BPCHAR && type->oid != VARCHAR && type->oid != BIT && type->oid != VARBIT)
        return false;
    ww__out_put(out, name.ptr, head);
    if (type->oid == BPCHAR || type->oid == VARCHAR)
        put_length(out, typmod - HEADER, 1);
    else if (type->kind == WW_TYPE_INTERVAL)
        put_interval(out, typmod);
    else if (type->kind == WW_TYPE_NUMERIC && typmod >= HEADER)
        put_numeric(out, typmod);
    else if (type->kind != WW_TYPE_NUMERIC)
        put_length(out, typmod, 0);
    ww__out_put(out, name.ptr + head, name.len - head);
    return true;
}

/* "bit" and "character" would say bit(1) and character(1). */
static bool put_unlimited(const ww_type *type, ww_out *out)
{
    if (type->oid == BIT)
        WW__OUT(out, "\"bit\"");
    else if (type->oid == BPCHAR)
        WW__OUT(out, "bpchar");
    else
        return false;
    return true;
}

void ww__typenames_put_typmod(const ww__typenames *types, uint32_t oid, int32_t typmod,
                              const ww__policy *policy, ww_out *out)
{
    const ww_type *type = ww_types_find(NULL, oid);
    bool is_array = type != NULL && type->kind == WW_TYPE_ARRAY, done = false;
    if (is_array)
        type = ww_types_find(NULL, type->element);
    if (type != NULL)
        done = typmod >= 0 ? put_scalar(type, typmod, out) : put_unlimited(type, out);
    if (!done)
        ww__typenames_put(types, oid, policy, out);
    else if (is_array)
        WW__OUT(out, "[]");
}
