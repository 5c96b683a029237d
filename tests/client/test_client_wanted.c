/* SPDX-License-Identifier: MIT */
/* test_client_wanted.c: what the catalog is to be asked: each OID once, never without end; what is
 * in doubt not too often. */
#include "check.h"

#include "client/catalog_wanted.h"

static void each_once_and_not_too_many(void)
{
    ww__oids list = {NULL, 0, 0};
    uint32_t i;
    char *query;
    ww__oids_add(&list, 20000);
    ww__oids_add(&list, UINT32_MAX);
    ww__oids_add(&list, 20000);
    CHECK_EQ_U64(list.count, 2);
    query = ww__oids_query(&list);
    CHECK_TEXT(query, "SELECT pg_catalog.unnest('{20000,4294967295}'::pg_catalog.oid[])");
    free(query);
    for (i = 0; i < 10000; i++)
        ww__oids_add(&list, i);
    CHECK_EQ_U64(list.count, 4096);
    query = ww__oids_query(&list);
    CHECK(query != NULL && strstr(query, ",4093}'::") != NULL);
    free(query);
    ww__oids_close(&list);
}

static void a_doubt_is_taken_once_in_a_second(void)
{
    static const ww_type one, another;
    static ww__doubts d;
    CHECK(ww__doubts_take(&d, 20000, &one, 5000000));
    CHECK(!ww__doubts_take(&d, 20000, &one, 5000000));
    CHECK(!ww__doubts_take(&d, 20000, &one, 5999999));
    CHECK(ww__doubts_take(&d, 20001, &one, 5999999)); /* another type */
    CHECK(ww__doubts_take(&d, 20000, &another, 5999999));
    CHECK(!ww__doubts_take(&d, 20000, &another, 6000000));
    CHECK(ww__doubts_take(&d, 20000, &another, 6999999));
    CHECK(!ww__doubts_take(&d, 20001, &one, 6999998));
}

/* The oldest are forgotten: then they are asked again too soon, which costs time, not memory. */
static void doubts_have_a_bound(void)
{
    static const ww_type one;
    static ww__doubts d;
    uint32_t i;
    for (i = 0; i <= WW__DOUBTS; i++)
        CHECK(ww__doubts_take(&d, 20000 + i, &one, 1));
    CHECK(!ww__doubts_take(&d, 20000 + WW__DOUBTS, &one, 2));
    CHECK(!ww__doubts_take(&d, 20001, &one, 2));
    CHECK(ww__doubts_take(&d, 20000, &one, 2));
    CHECK(ww__doubts_take(&d, 20001, &one, 2));
}

static void tables_are_remembered_by_slot(void)
{
    ww__tables tables = {NULL, 0};
    ww_relation rel = {0};
    rel.slot = 3;
    ww__tables_at(&tables, &rel)->asked = 7;
    rel.slot = 5000;
    CHECK_EQ_U64(ww__tables_at(&tables, &rel)->asked, 0);
    rel.slot = 3;
    CHECK_EQ_U64(ww__tables_at(&tables, &rel)->asked, 7);
    ww__tables_close(&tables);
}

int main(void)
{
    RUN(each_once_and_not_too_many);
    RUN(a_doubt_is_taken_once_in_a_second);
    RUN(doubts_have_a_bound);
    RUN(tables_are_remembered_by_slot);
    return check_report();
}
