/* SPDX-License-Identifier: MIT */
/* binary_rows.c: rows with composites in binary form. The server does not say when a row type is
 * altered; but each value tells its fields' types, and one of them may be none that is read. */
#include "client.h"

#include <walwire/value.h>

static uint32_t find_unread(const ww_value *v);

static uint32_t look_into_composite(const ww_value *v)
{
    ww_composite c;
    ww_value field;
    uint32_t oid = 0;
    if (ww_value_composite(v, &c, NULL) < 0)
        return 0;
    while (oid == 0 && ww_composite_next(&c, &field))
        oid = find_unread(&field);
    return oid;
}

static uint32_t look_into_array(const ww_value *v)
{
    ww_array a;
    ww_value element;
    uint32_t oid = 0;
    if (ww_value_array(v, &a, NULL) < 0)
        return 0;
    while (oid == 0 && ww_array_next(&a, &element))
        oid = find_unread(&element);
    return oid;
}

static uint32_t look_into_range(const ww_value *v)
{
    ww_range r;
    uint32_t oid = 0;
    if (ww_value_range(v, &r, NULL) < 0 || r.empty)
        return 0;
    if (!r.lower_infinite)
        oid = find_unread(&r.lower);
    return oid == 0 && !r.upper_infinite ? find_unread(&r.upper) : oid;
}

static uint32_t look_into_multirange(const ww_value *v)
{
    ww_multirange m;
    ww_value range;
    uint32_t oid = 0;
    if (ww_value_multirange(v, &m, NULL) < 0)
        return 0;
    while (oid == 0 && ww_multirange_next(&m, &range))
        oid = find_unread(&range);
    return oid;
}

/* The first type in the value that is not read in binary; 0: none. What is no value of its type is
 * for who reads it. No deeper than WW_VALUE_MAX_DEPTH. */
static uint32_t find_unread(const ww_value *v)
{
    if (ww_value_is_null(v))
        return 0;
    if (!ww__type_composite(v->types, v->type))
        return ww_types_binary(v->types, v->type_oid) ? 0 : v->type_oid;
    switch ((ww_type_kind)v->type->kind) {
    case WW_TYPE_COMPOSITE:
        return look_into_composite(v);
    case WW_TYPE_ARRAY:
        return look_into_array(v);
    case WW_TYPE_RANGE:
        return look_into_range(v);
    case WW_TYPE_MULTIRANGE:
        return look_into_multirange(v);
    default:
        return 0;
    }
}

static const ww_relation_column *look_into_tuple(const ww_types *types, const ww_relation *rel,
                                                 ww_tuple tuple, uint32_t *type_oid)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column column;
    uint16_t i;
    for (i = 0; i < rel->ncols && ww_tuple_next(&it, &column); i++) {
        ww_value v = ww_value_of(types, rel->columns[i].type_oid, &column);
        if (column.kind == WW_COLUMN_BINARY && ww__type_composite(types, v.type) &&
            (*type_oid = find_unread(&v)) != 0)
            return &rel->columns[i];
    }
    return NULL;
}

const ww_relation_column *ww__binary_unread(const ww_types *types, const ww_event *row,
                                            uint32_t *type_oid)
{
    const ww_relation_column *found =
        look_into_tuple(types, row->relation, row->new_tuple, type_oid);
    return found != NULL ? found : look_into_tuple(types, row->relation, row->old_tuple, type_oid);
}
