/* SPDX-License-Identifier: MIT */
/* copies.c: Relation messages kept for later. Lists are short: only a definition that is not the
 * one in force for everybody has to be kept. */
#include "assembly.h"

#include "base/error.h"
#include "base/writer.h"

ww__copy **ww__copies_find(ww__copy **list, uint32_t id)
{
    while (*list != NULL && (*list)->id != id)
        list = &(*list)->next;
    return list;
}

/* A block with room for a message of `len` bytes, in the list. */
static ww__copy *add_room(ww_stream *s, ww__copy **list, uint32_t id, size_t len)
{
    const ww_alloc *alloc = s->config.alloc;
    size_t size = sizeof(ww__copy) + len;
    ww__copy *copy;
    if (size > s->config.max_stream_relations - s->assembly->copied) {
        ww__stream_fail(s, WW_ERR_LIMIT, "tables changed by streamed transactions need more memory "
                                         "than allowed");
        ww__error_add_text(&s->error, "max_stream_relations");
        return NULL;
    }
    copy = alloc->resize(alloc->ctx, NULL, 0, size);
    if (copy == NULL) {
        ww__stream_fail(s, WW_ERR_NOMEM, "no memory for the definition of a relation");
        return NULL;
    }
    s->assembly->copied += size;
    copy->next = *list;
    copy->size = size;
    copy->id = id;
    copy->arrived = 0;
    copy->message.ptr = (const uint8_t *)(copy + 1);
    copy->message.len = len;
    *list = copy;
    return copy;
}

ww__copy *ww__copies_add(ww_stream *s, ww__copy **list, uint32_t id, ww_slice message)
{
    ww__copy *copy = add_room(s, list, id, message.len);
    ww__writer w;
    if (copy == NULL)
        return NULL;
    w = ww__writer_of((uint8_t *)(copy + 1), message.len);
    ww__put_slice(&w, message);
    return copy;
}

static size_t message_size(const ww_relation *rel)
{
    size_t size = 1 + 4 + 4 + rel->nspname.len + 1 + rel->relname.len + 1 + 1 + 2;
    uint16_t i;
    for (i = 0; i < rel->ncols; i++)
        size += 1 + rel->columns[i].name.len + 1 + 4 + 4;
    return size;
}

/* With any xid, and with "pg_catalog" as the empty string that it was. */
static void write_message(ww__writer *w, const ww_relation *rel)
{
    uint16_t i;
    ww__put_u8(w, WW_EV_RELATION);
    ww__put_u32(w, 1);
    ww__put_u32(w, rel->id);
    if (!ww_slice_equal(rel->nspname, ww_slice_of("pg_catalog")))
        ww__put_slice(w, rel->nspname);
    ww__put_u8(w, 0);
    ww__put_slice(w, rel->relname);
    ww__put_u8(w, 0);
    ww__put_u8(w, (uint8_t)rel->replica_identity);
    ww__put_u16(w, rel->ncols);
    for (i = 0; i < rel->ncols; i++) {
        ww__put_u8(w, rel->columns[i].flags);
        ww__put_slice(w, rel->columns[i].name);
        ww__put_u8(w, 0);
        ww__put_u32(w, rel->columns[i].type_oid);
        ww__put_u32(w, (uint32_t)rel->columns[i].typmod);
    }
}

ww__copy *ww__copies_add_relation(ww_stream *s, ww__copy **list, const ww_relation *relation)
{
    size_t room = message_size(relation);
    ww__copy *copy = add_room(s, list, relation->id, room);
    ww__writer w;
    if (copy == NULL)
        return NULL;
    w = ww__writer_of((uint8_t *)(copy + 1), room);
    write_message(&w, relation);
    copy->message.len = ww__written(&w);
    return copy;
}

void ww__copies_drop(ww_stream *s, ww__copy **place)
{
    ww__copy *copy = *place;
    if (copy == NULL)
        return;
    *place = copy->next;
    s->assembly->copied -= copy->size;
    s->config.alloc->resize(s->config.alloc->ctx, copy, copy->size, 0);
}

void ww__copies_close(ww_stream *s, ww__copy **list)
{
    while (*list != NULL)
        ww__copies_drop(s, list);
}
