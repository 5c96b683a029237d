/* SPDX-License-Identifier: MIT */
/* compact_schema.c: the lines of the format "compact" for a table's definition. */
#include "compact.h"

ww_status ww__compact_type(ww_format *f, const ww_event *ev, ww_error *err)
{
    ww__compact *c = f->state;
    bool changed;
    c->types.registry = f->types;
    return f->schema_events ? ww__typenames_learn(f, &c->types, ev, &changed, err) : WW_OK;
}

void ww__compact_close(ww_format *f)
{
    ww__compact *c = f->state;
    ww__typenames_close(f, &c->types);
}

static void put_truth(ww_out *out, bool truth)
{
    if (truth)
        WW__OUT(out, "true");
    else
        WW__OUT(out, "false");
}

/* What the catalog told of a column: its place in the primary key, and whether it can be null. */
static void put_facts(const ww_column_facts *facts, ww_out *out)
{
    WW__OUT(out, ",\"primary_key\":");
    if (facts != NULL && facts->key_position > 0)
        ww__out_u64(out, facts->key_position);
    else
        WW__OUT(out, "null");
    WW__OUT(out, ",\"nullable\":");
    if (facts != NULL)
        put_truth(out, !facts->not_null);
    else
        WW__OUT(out, "null");
    ww__out_byte(out, '}');
}

static bool put_column(ww_format *f, const ww_relation *r, const ww__plan *plan, uint16_t i,
                       ww_out *out)
{
    const ww__compact *own = f->state;
    const ww_relation_facts *facts = ww_types_relation(f->types, r->id);
    const ww_relation_column *c = &r->columns[i];
    bool valid;
    WW__OUT(out, "{\"name\":");
    ww__schema_column_name(&plan->columns[i], out);
    WW__OUT(out, ",\"type\":");
    valid = ww__schema_type_name(f, &own->types, c, out);
    WW__OUT(out, ",\"type_oid\":");
    ww__out_u64(out, c->type_oid);
    WW__OUT(out, ",\"typmod\":");
    ww__out_i64(out, c->typmod);
    WW__OUT(out, ",\"key\":");
    put_truth(out, plan->columns[i].key);
    put_facts(facts != NULL ? ww_relation_facts_column(facts, c->name) : NULL, out);
    return valid;
}

void ww__compact_relation(ww_format *f, const ww_event *ev, const ww__plan *old, ww__plan *plan,
                          ww_out *out)
{
    ww__compact *own = f->state;
    const ww_relation *r = ev->relation;
    const ww_relation_facts *facts = ww_types_relation(f->types, r->id);
    ww_slice identity = {(const uint8_t *)&r->replica_identity, 1};
    bool valid = !plan->invalid;
    own->types.registry = f->types;
    WW__OUT(out, "{\"op\":\"R\",");
    ww__out_put(out, plan->head.ptr, plan->head.len);
    WW__OUT(out, ",\"relation_id\":");
    ww__out_u64(out, r->id);
    WW__OUT(out, ",\"version\":");
    ww__out_u64(out, r->version);
    WW__OUT(out, ",\"identity\":");
    valid &= ww__out_name(out, &f->policy, identity);
    WW__OUT(out, ",\"columns\":");
    valid &= ww__schema_put_columns(f, r, plan, put_column, out);
    if (old != NULL) {
        WW__OUT(out, ",\"added\":");
        ww__schema_put_missing(plan, old, out);
        WW__OUT(out, ",\"dropped\":");
        ww__schema_put_missing(old, plan, out);
        WW__OUT(out, ",\"altered\":");
        ww__schema_put_altered(plan, old, out);
    }
    WW__OUT(out, ",\"catalog_lsn\":");
    if (facts != NULL)
        ww__out_lsn(out, facts->as_of);
    else
        WW__OUT(out, "null");
    ww__compact_subxid(out, ev);
    ww__compact_end(out, valid);
}
