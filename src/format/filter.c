/* SPDX-License-Identifier: MIT */
/* filter.c: which tables, operations and columns are written. */
#include "render.h"

#include "base/error.h"

ww_status ww__filter_open(ww__filter *filter, const ww_format_config *config, ww_error *err)
{
    (void)err;
    filter->rules = config->rules;
    filter->nrules = config->nrules;
    filter->active = config->nrules > 0;
    filter->ops = WW__OP_INSERT | WW__OP_UPDATE | WW__OP_DELETE | WW__OP_TRUNCATE | WW__OP_MESSAGE;
    return WW_OK;
}

bool ww__filter_relation(const ww__filter *filter, const ww_relation *relation)
{
    (void)filter;
    (void)relation;
    return true;
}

bool ww__filter_column(const ww__filter *filter, const ww_relation *relation, ww_slice column)
{
    (void)filter;
    (void)relation;
    (void)column;
    return true;
}
