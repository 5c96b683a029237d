/* SPDX-License-Identifier: MIT */
/* environment.c: PGHOST, PGUSER ... Source: conninfo_add_defaults in fe-connect.c. */
#include "conninfo.h"

#include <stddef.h>

typedef char *(*environment)(const char *name);

/* The variable's value, or for sslmode what PGREQUIRESSL=1 stands for. */
static const char *find_value(const ww__keyword *k, environment get)
{
    const char *value = k->env != NULL ? get(k->env) : NULL;
    if (value != NULL || k->offset != offsetof(ww_conninfo, sslmode))
        return value;
    value = get("PGREQUIRESSL");
    return value != NULL && value[0] == '1' ? "require" : NULL;
}

ww_status ww_conninfo_environment(ww_conninfo *c, char *(*get)(const char *name), ww_error *err)
{
    ww_status st = WW_OK;
    size_t i;
    for (i = 0; st == WW_OK && i < ww__keyword_count; i++) {
        const ww__keyword *k = &ww__keywords[i];
        char **slot = ww__conninfo_slot(c, k);
        const char *value = *slot == NULL ? find_value(k, get) : NULL;
        if (value != NULL)
            st = ww__conninfo_put(c, k, ww_slice_of(value), ww__decode_plain, err);
        if (st == WW_OK && *slot != NULL && (*slot)[0] == '\0' && ww__keyword_may_be_empty(k))
            ww__conninfo_drop(c, k);
    }
    return st;
}
