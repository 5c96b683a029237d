/* SPDX-License-Identifier: MIT */
/* types.c: the registry of types. */
#include <walwire/types.h>

#include "base/error.h"

struct ww_types {
    ww_alloc alloc;
};

const ww_column_facts *ww_relation_facts_column(const ww_relation_facts *facts, ww_slice name)
{
    (void)facts;
    (void)name;
    return NULL;
}

ww_types *ww_types_open(const ww_alloc *alloc, size_t max_bytes)
{
    (void)alloc;
    (void)max_bytes;
    return NULL;
}

void ww_types_close(ww_types *types)
{
    (void)types;
}

const ww_type *ww_types_find(const ww_types *types, uint32_t oid)
{
    (void)types;
    (void)oid;
    return NULL;
}

ww_status ww_types_put(ww_types *types, const ww_type *type, ww_error *err)
{
    (void)types;
    (void)type;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

const ww_relation_facts *ww_types_relation(const ww_types *types, uint32_t relation_id)
{
    (void)types;
    (void)relation_id;
    return NULL;
}

ww_status ww_types_put_relation(ww_types *types, const ww_relation_facts *facts, ww_error *err)
{
    (void)types;
    (void)facts;
    return ww__fail(err, WW_ERR_INTERNAL, "not written yet");
}

uint64_t ww_types_version(const ww_types *types)
{
    (void)types;
    return 0;
}

bool ww_types_binary(const ww_types *types, uint32_t oid)
{
    (void)types;
    (void)oid;
    return false;
}
