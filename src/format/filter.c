/* SPDX-License-Identifier: MIT */
/* filter.c: which tables, operations and columns are written. Asked once for each definition of a
 * relation; what it said stands in the render plan. */
#include "render.h"

#include "base/error.h"
#include "base/writer.h"
#include "glob.h"

static const char *const op_words[] = {"insert", "update", "delete", "truncate", "message"};
#define OPS (sizeof op_words / sizeof op_words[0])

/* By ww_filter_kind: how many names a pattern may have, and what those are. */
static const struct {
    size_t names;
    const char *like;
} kinds[] = {
    [WW_FILTER_TABLE] = {2, "a table is schema.table, or table in any schema"},
    [WW_FILTER_SCHEMA] = {1, "a schema is one name"},
    [WW_FILTER_OP] = {1, "an operation is insert, update, delete, truncate or message"},
    [WW_FILTER_COLUMN] = {3, "a column is schema.table.column, table.column or column"},
};

/* What an exclude rule fits is out; of the rest what an include rule fits, if there is one. */
static bool passes(const ww__filter *filter, ww_filter_kind kind, const ww_slice *names,
                   size_t count)
{
    bool wanted = false, found = false;
    size_t i;
    for (i = 0; i < filter->nrules; i++) {
        const ww_filter_rule *rule = &filter->rules[i];
        bool fits = rule->kind == kind && ww__glob_fits(rule->pattern, names, count);
        if (rule->kind != kind)
            continue;
        if (fits && rule->exclude)
            return false;
        wanted |= !rule->exclude;
        found |= fits;
    }
    return found || !wanted;
}

/* ---- open ----------------------------------------------------------------------------------- */

static ww_status refuse(const ww_filter_rule *rule, const char *why, ww_error *err)
{
    ww__fail_text(err, WW_ERR_USAGE, why, rule->pattern);
    ww__error_add_text(err, ": ");
    ww__error_add_text(err, kinds[rule->kind].like);
    return WW_ERR_USAGE;
}

static bool fits_an_op(const char *pattern)
{
    size_t i;
    for (i = 0; i < OPS; i++) {
        ww_slice word = ww_slice_of(op_words[i]);
        if (ww__glob_fits(pattern, &word, 1))
            return true;
    }
    return false;
}

static ww_status check_rule(const ww_filter_rule *rule, ww_error *err)
{
    const char *why = NULL;
    size_t names;
    if ((size_t)rule->kind >= sizeof kinds / sizeof kinds[0] || rule->pattern == NULL)
        return ww__fail(err, WW_ERR_USAGE, "a filter needs one of the kinds, and a pattern");
    names = ww__glob_names(rule->pattern, &why);
    if (names == 0)
        return refuse(rule, why, err);
    if (names > kinds[rule->kind].names)
        return refuse(rule, "there are too many names in the filter", err);
    if (rule->kind == WW_FILTER_OP && !fits_an_op(rule->pattern))
        return refuse(rule, "the filter fits no operation", err);
    return WW_OK;
}

ww_status ww__filter_open(ww__filter *filter, const ww_format_config *config, ww_error *err)
{
    size_t i;
    for (i = 0; i < config->nrules; i++) {
        ww_status status = check_rule(&config->rules[i], err);
        if (status != WW_OK)
            return status;
    }
    filter->rules = config->rules;
    filter->nrules = config->nrules;
    filter->active = config->nrules > 0;
    for (i = 0; i < OPS; i++) { /* in the order of ww__op's bits */
        ww_slice word = ww_slice_of(op_words[i]);
        if (passes(filter, WW_FILTER_OP, &word, 1))
            filter->ops |= (uint8_t)(1u << i);
    }
    return WW_OK;
}

void ww__filter_close(ww_format *f)
{
    ww__format_free(f, f->filter.kept, f->filter.kept_size);
}

/* ---- what passes ---------------------------------------------------------------------------- */

bool ww__filter_relation(const ww__filter *filter, const ww_relation *relation)
{
    const ww_slice names[] = {relation->nspname, relation->relname};
    return passes(filter, WW_FILTER_TABLE, names, 2) && passes(filter, WW_FILTER_SCHEMA, names, 1);
}

bool ww__filter_column(const ww__filter *filter, const ww_relation *relation, ww_slice column)
{
    const ww_slice names[] = {relation->nspname, relation->relname, column};
    return passes(filter, WW_FILTER_COLUMN, names, 3);
}

static uint32_t count_skipped(const ww_format *f, const ww_truncate *t)
{
    uint32_t i, skipped = 0;
    for (i = 0; i < t->count; i++)
        skipped += ww__plan_find(f, ww_truncate_relation_id(t, i))->skipped;
    return skipped;
}

static bool reserve(ww_format *f, size_t size)
{
    uint8_t *grown;
    if (size <= f->filter.kept_size)
        return true;
    grown = f->alloc.resize(f->alloc.ctx, f->filter.kept, f->filter.kept_size, size);
    if (grown == NULL)
        return false;
    f->filter.kept = grown;
    f->filter.kept_size = size;
    return true;
}

ww_status ww__filter_truncate(ww_format *f, ww_truncate *t, ww_error *err)
{
    uint32_t i, skipped = count_skipped(f, t);
    ww__writer w;
    if (skipped == 0)
        return WW_OK;
    if (!reserve(f, t->relation_ids.len))
        return ww__fail(err, WW_ERR_NOMEM, "no memory for the tables of a truncate");
    w = ww__writer_of(f->filter.kept, f->filter.kept_size);
    for (i = 0; i < t->count; i++) {
        uint32_t id = ww_truncate_relation_id(t, i);
        if (!ww__plan_find(f, id)->skipped)
            ww__put_u32(&w, id);
    }
    t->count -= skipped;
    t->relation_ids.ptr = f->filter.kept;
    t->relation_ids.len = ww__written(&w);
    return WW_OK;
}
