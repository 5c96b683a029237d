/* SPDX-License-Identifier: MIT */
/* slices.h: does all that an event points to lie inside the message it was decoded from? */
#ifndef WALWIRE_TESTS_DECODE_SLICES_H
#define WALWIRE_TESTS_DECODE_SLICES_H

#include <walwire/decode.h>

static inline bool slice_inside(ww_slice s, ww_slice message)
{
    return s.ptr >= message.ptr && s.ptr <= message.ptr + message.len &&
           s.len <= (size_t)(message.ptr + message.len - s.ptr);
}

/* Walks the columns too: the last one must end where the tuple does. */
static inline bool tuple_inside(ww_tuple tuple, ww_slice message)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column column;
    uint16_t count = 0;
    if (tuple.kind == WW_TUPLE_NONE)
        return tuple.data.len == 0 && tuple.ncols == 0;
    if (!slice_inside(tuple.data, message))
        return false;
    while (ww_tuple_next(&it, &column)) {
        count++;
        if (!slice_inside(column.value, tuple.data) || it.at > tuple.data.ptr + tuple.data.len)
            return false;
    }
    return count == tuple.ncols && it.at == tuple.data.ptr + tuple.data.len;
}

static inline bool event_inside(const ww_event *ev, ww_slice message)
{
    if (ev->raw.ptr != message.ptr || ev->raw.len != message.len ||
        !tuple_inside(ev->old_tuple, message) || !tuple_inside(ev->new_tuple, message))
        return false;
    switch (ev->kind) {
    case WW_EV_ORIGIN:
        return slice_inside(ev->origin.name, message);
    case WW_EV_TYPE:
        return slice_inside(ev->type.nspname, message) && slice_inside(ev->type.typname, message);
    case WW_EV_TRUNCATE:
        return slice_inside(ev->truncate.relation_ids, message) &&
               ev->truncate.relation_ids.len == 4 * (size_t)ev->truncate.count;
    case WW_EV_MESSAGE:
        return slice_inside(ev->message.prefix, message) &&
               slice_inside(ev->message.content, message);
    case WW_EV_BEGIN_PREPARE:
    case WW_EV_PREPARE:
    case WW_EV_STREAM_PREPARE:
        return slice_inside(ev->prepare.gid, message);
    case WW_EV_COMMIT_PREPARED:
        return slice_inside(ev->commit_prepared.gid, message);
    case WW_EV_ROLLBACK_PREPARED:
        return slice_inside(ev->rollback_prepared.gid, message);
    default:
        return true;
    }
}

#endif
