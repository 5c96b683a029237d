/* SPDX-License-Identifier: MIT */
/* plan.c: render plans: of each relation, what its lines have in common, escaped once per
 * definition. Found by the relation's slot (rows) and by its id (Truncate, which carries nothing
 * else). */
#include "jsonvalue.h"

#include "base/error.h"

#define FIRST_CAP 16u

static size_t plan_size(size_t ncols)
{
    return sizeof(ww__plan) + ncols * sizeof(ww__plan_column);
}

void ww__plan_free(ww_format *f, ww__plan *plan)
{
    ww__format_free(f, plan, plan->size);
}

/* ---- the table ------------------------------------------------------------------------------ */

static ww__plan **bucket(const ww__plans *plans, uint32_t relation_id)
{
    return &plans->by_id[(relation_id * UINT32_C(2654435761)) & (plans->cap - 1)];
}

ww__plan *ww__plan_find(const ww_format *f, uint32_t relation_id)
{
    ww__plan *p = f->plans.cap > 0 ? *bucket(&f->plans, relation_id) : NULL;
    while (p != NULL && p->relation_id != relation_id)
        p = p->next;
    return p;
}

static void link_plan(ww__plans *plans, ww__plan *plan)
{
    ww__plan **head = bucket(plans, plan->relation_id);
    plan->next = *head;
    *head = plan;
}

static void unlink_plan(ww__plans *plans, ww__plan *plan)
{
    ww__plan **link = bucket(plans, plan->relation_id);
    while (*link != plan)
        link = &(*link)->next;
    *link = plan->next;
}

static bool grow_table(ww_format *f, uint32_t slot)
{
    ww__plans now = { NULL, NULL, FIRST_CAP };
    ww__plans *old = &f->plans;
    size_t i;
    while (now.cap <= slot)
        now.cap *= 2;
    if (now.cap > SIZE_MAX / (2 * sizeof(ww__plan *)))
        return false;
    now.by_slot = ww__format_alloc(f, 2 * now.cap * sizeof(ww__plan *));
    if (now.by_slot == NULL)
        return false;
    memset(now.by_slot, 0, 2 * now.cap * sizeof(ww__plan *));
    now.by_id = now.by_slot + now.cap;
    for (i = 0; i < old->cap; i++) {
        now.by_slot[i] = old->by_slot[i];
        if (now.by_slot[i] != NULL)
            link_plan(&now, now.by_slot[i]);
    }
    ww__format_free(f, old->by_slot, 2 * old->cap * sizeof(ww__plan *));
    *old = now;
    return true;
}

void ww__plans_expire(ww_format *f)
{
    size_t i;
    for (i = 0; i < f->plans.cap; i++)
        if (f->plans.by_slot[i] != NULL)
            f->plans.by_slot[i]->serial = 0;
}

void ww__plans_close(ww_format *f)
{
    size_t i;
    for (i = 0; i < f->plans.cap; i++)
        if (f->plans.by_slot[i] != NULL)
            ww__plan_free(f, f->plans.by_slot[i]);
    ww__format_free(f, f->plans.by_slot, 2 * f->plans.cap * sizeof(ww__plan *));
    memset(&f->plans, 0, sizeof f->plans);
}

/* ---- one plan ------------------------------------------------------------------------------- */

static bool put_column(const ww_format *f, const ww_relation_column *column, uint8_t *type,
                       ww_out *out)
{
    bool valid;
    *type = 0;
    ww__out_byte(out, ',');
    valid = ww__out_name(out, &f->policy, column->name);
    ww__out_byte(out, ':');
    return valid;
}

static void set_type(const ww_format *f, const ww_relation_column *from, ww__plan_column *column)
{
    column->key = (from->flags & WW_COLUMN_KEY) != 0;
    column->type_oid = from->type_oid;
    column->typmod = from->typmod;
    column->of = ww_types_find(f->types, from->type_oid);
    column->json = (uint8_t)ww__json_type_of(f, column->of);
    column->composite = (column->json == WW__JSON_ARRAY || column->json == WW__JSON_COMPOSITE) &&
                        ww__has_composite(f, column->of);
    column->max_digits = ww__json_max_digits(column->of);
    column->print = column->of != NULL ? ww__value_printer((ww_type_kind)column->of->kind) : NULL;
}

/* Writes all texts, one behind the other, and their lengths into the plan. */
static void write_texts(ww_format *f, const ww_relation *relation, ww__plan *plan, ww_out *text)
{
    static const uint8_t padding[WW__PAD];
    bool (*column)(const ww_format *, const ww_relation_column *, uint8_t *, ww_out *);
    size_t i;
    column = f->ops->column != NULL ? f->ops->column : put_column;
    plan->invalid = !f->ops->head(f, relation, text);
    plan->head.len = text->len;
    plan->counter.invalid = f->ops->label != NULL && !f->ops->label(f, relation, text);
    plan->counter.label.len = text->len - plan->head.len;
    for (i = 0; i < relation->ncols; i++) {
        size_t start = text->len;
        plan->invalid |= !column(f, &relation->columns[i], &plan->columns[i].type, text);
        plan->columns[i].len = (uint32_t)(text->len - start);
        set_type(f, &relation->columns[i], &plan->columns[i]);
        plan->columns[i].skipped =
            !ww__filter_column(&f->filter, relation, relation->columns[i].name);
        if (plan->columns[i].skipped)
            plan->columns[i].json = WW__JSON_LEFT_OUT;
        plan->columns[i].quick =
            plan->columns[i].len > WW__PAD ? (uint8_t)WW__JSON_LEFT_OUT : plan->columns[i].json;
    }
    ww__out_put(text, padding, sizeof padding);
}

static void point_into_text(ww__plan *plan)
{
    const uint8_t *at = (const uint8_t *)(plan->columns + plan->ncols);
    size_t i;
    plan->head.ptr = at;
    at += plan->head.len;
    plan->counter.label.ptr = at;
    at += plan->counter.label.len;
    for (i = 0; i < plan->ncols; i++) {
        plan->columns[i].name = at;
        at += plan->columns[i].len;
    }
}

/* The plan with its texts, or NULL: then it is freed. */
static ww__plan *append_texts(ww_format *f, ww__plan *plan, const ww_out *text)
{
    ww__plan *whole = NULL;
    size_t size = plan->size + text->len;
    if (text->status == WW_OK && text->len <= UINT32_MAX)
        whole = f->alloc.resize(f->alloc.ctx, plan, plan->size, size);
    if (whole == NULL) {
        ww__plan_free(f, plan);
        return NULL;
    }
    whole->size = size;
    memcpy(whole->columns + whole->ncols, text->ptr, text->len);
    point_into_text(whole);
    return whole;
}

static ww__plan *build(ww_format *f, const ww_relation *relation)
{
    ww__plan *plan = ww__format_alloc(f, plan_size(relation->ncols));
    ww_out text = { NULL, 0, 0, WW_OK, &f->alloc, NULL, NULL, 0 };
    if (plan == NULL)
        return NULL;
    memset(plan, 0, plan_size(relation->ncols));
    plan->size = plan_size(relation->ncols);
    plan->serial = relation->serial;
    plan->relation_id = relation->id;
    plan->ncols = relation->ncols;
    plan->skipped = !ww__filter_relation(&f->filter, relation);
    write_texts(f, relation, plan, &text);
    plan = append_texts(f, plan, &text);
    ww__format_free(f, text.ptr, text.cap);
    if (plan != NULL && f->key)
        ww__key_choose(f, relation, plan);
    return plan;
}

ww__plan *ww__plan_copy(ww_format *f, const ww__plan *plan)
{
    ww__plan *copy = ww__format_alloc(f, plan->size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, plan, plan->size);
    memset(&copy->counter, 0, sizeof copy->counter);
    copy->counter.label.len = plan->counter.label.len;
    copy->next = NULL;
    point_into_text(copy);
    return copy;
}

ww_status ww__plan_make(ww_format *f, const ww_relation *relation, ww__plan **plan, ww_error *err)
{
    ww__plan *old, *now;
    if (relation->slot >= f->plans.cap && !grow_table(f, relation->slot))
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a table of render plans");
    *plan = ww__plan_get(&f->plans, relation);
    if (*plan != NULL)
        return WW_OK;
    now = build(f, relation);
    if (now == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the render plan of a relation");
    old = f->plans.by_slot[relation->slot];
    if (old != NULL) {
        unlink_plan(&f->plans, old);
        if (!ww__counts_replace(f, old, now)) {
            link_plan(&f->plans, old);
            ww__plan_free(f, now);
            return ww__fail(err, WW_ERR_LIMIT,
                            "a transaction renames more than 1000 of its tables");
        }
    }
    f->plans.by_slot[relation->slot] = now;
    link_plan(&f->plans, now);
    *plan = now;
    return WW_OK;
}
