/* SPDX-License-Identifier: MIT */
/* wal2json.c: what both formats of the plugin wal2json write alike: names, types, messages, and
 * which columns they show. Written from the plugin's output, version 2.5. */
#include "wal2json.h"

#define TIMESTAMPTZ 1184u

ww_status ww__w2j_open(ww_format *f, const ww_format_config *config, ww_error *err)
{
    ww__wal2json *w = f->state;
    (void)err;
    f->policy.bare = true; /* as the server's escape_json() */
    w->types.registry = config->types;
    return WW_OK;
}

void ww__w2j_close(ww_format *f)
{
    ww__wal2json *w = f->state;
    ww__typenames_close(f, &w->types);
}

ww_status ww__w2j_begin(ww_format *f, const ww_event *ev, ww_error *err)
{
    ww__wal2json *w = f->state;
    ww_status status = ww__refuse_begin(f, ev, NULL, err);
    if (status != WW_OK)
        return status;
    w->xid = ev->begin.xid;
    w->commit_time = ev->begin.commit_time;
    w->open = true;
    w->wrote = false;
    return WW_OK;
}

ww_status ww__w2j_type(ww_format *f, const ww_event *ev, ww_error *err)
{
    ww__wal2json *w = f->state;
    bool changed;
    ww_status status = ww__typenames_learn(f, &w->types, ev, &changed, err);
    if (status == WW_OK && changed)
        ww__plans_expire(f);
    return status;
}

/* ---- names ---------------------------------------------------------------------------------- */

bool ww__w2j_head(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    bool valid = true;
    if (ww__w2j_has(f, WW__W2J_SCHEMAS)) {
        WW__OUT(out, ",\"schema\":");
        valid = ww__out_name(out, &f->policy, relation->nspname);
    }
    WW__OUT(out, ",\"table\":");
    return ww__out_name(out, &f->policy, relation->relname) && valid;
}

/* The plugin takes a name in double quotes for a JSON string. With others inside it is none. */
static bool is_string(ww_slice name)
{
    size_t i;
    if (name.len < 2 || name.ptr[0] != '"' || name.ptr[name.len - 1] != '"')
        return false;
    for (i = 1; i < name.len - 1; i++)
        if (name.ptr[i] < ' ' || name.ptr[i] == '"' || name.ptr[i] == '\\')
            return false;
    return true;
}

bool ww__w2j_type_name(const ww_format *f, const ww_relation_column *column, ww_out *out)
{
    static const ww__policy plain;
    const ww__wal2json *w = f->state;
    ww_out text = {NULL, 0, 0, WW_OK, &f->alloc, NULL, NULL, 0};
    ww_slice name;
    bool valid;
    ww__typenames_put_typmod(&w->types, column->type_oid, column->typmod, &plain, &text);
    name.ptr = text.ptr;
    name.len = text.len;
    if (is_string(name)) {
        name.ptr++;
        name.len -= 2;
    }
    valid = ww__out_name(out, &f->policy, name);
    if (text.status != WW_OK)
        out->status = text.status;
    f->alloc.resize(f->alloc.ctx, text.ptr, text.cap, 0);
    return valid;
}

/* ---- parts of lines ------------------------------------------------------------------------- */

void ww__w2j_time(ww_out *out, ww_pg_time time)
{
    uint8_t bytes[8];
    size_t i;
    ww_column col = {{bytes, sizeof bytes}, WW_COLUMN_BINARY};
    ww_value value = ww_value_of(NULL, TIMESTAMPTZ, &col);
    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((uint64_t)time.us >> (56 - 8 * i));
    ww__out_byte(out, '"');
    if (ww_value_put(&value, out, NULL) == WW_ERR_DECODE)
        WW__OUT(out, "(timestamp out of range)");
    ww__out_byte(out, '"');
}

void ww__w2j_end(ww_out *out, bool valid)
{
    if (!valid)
        WW__OUT(out, ",\"$invalid\":true");
    ww__out_byte(out, '}');
}

void ww__w2j_message(const ww_format *f, const ww_event *ev, ww_out *out)
{
    bool valid;
    if ((ev->message.flags & WW_MESSAGE_TRANSACTIONAL) != 0)
        WW__OUT(out, "\"transactional\":true,\"prefix\":");
    else
        WW__OUT(out, "\"transactional\":false,\"prefix\":");
    valid = ww__out_name(out, &f->policy, ev->message.prefix);
    WW__OUT(out, ",\"content\":");
    ww__json_text(out, &f->policy, ev->message.content);
    ww__w2j_end(out, valid);
}

/* ---- walking a tuple ------------------------------------------------------------------------ */

ww__w2j_walk ww__w2j_new(const ww_event *ev, const ww__plan *plan)
{
    ww__w2j_walk walk;
    memset(&walk, 0, sizeof walk);
    walk.it = ww_tuple_begin(ev->new_tuple);
    walk.next = plan->columns;
    walk.nulls = true;
    return walk;
}

ww__w2j_walk ww__w2j_identity(const ww_event *ev, const ww__plan *plan, bool nulls)
{
    ww__w2j_walk walk = ww__w2j_new(ev, plan);
    if (ev->old_tuple.kind != WW_TUPLE_NONE)
        walk.it = ww_tuple_begin(ev->old_tuple);
    walk.keys = ev->old_tuple.kind != WW_TUPLE_OLD;
    walk.nulls = nulls;
    return walk;
}

bool ww__w2j_next(ww__w2j_walk *walk)
{
    while (ww_tuple_next(&walk->it, &walk->value)) {
        const ww__plan_column *c = walk->column = walk->next++;
        if (!c->skipped && walk->value.kind != WW_COLUMN_UNCHANGED && (c->key || !walk->keys) &&
            (walk->nulls || walk->value.kind != WW_COLUMN_NULL))
            return true;
    }
    return false;
}
