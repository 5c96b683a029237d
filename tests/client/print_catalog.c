/* SPDX-License-Identifier: MIT */
/* print_catalog.c: what the client knows of types and tables after reading a slot up to now, one
 * line per table and per type that is not built in, fields parted by tabs; test_catalog.py compares
 * it with the catalog.
 *
 *     print_catalog CONNINFO SLOT PUBLICATION types|full */
#include <walwire/walwire.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_SEEN 1000u

typedef struct printer {
    const ww_types *types;
    uint32_t seen[MAX_SEEN];
    size_t count;
} printer;

static void put(ww_slice text)
{
    printf("\t%.*s", (int)text.len, (const char *)text.ptr);
}

static bool is_new(printer *p, uint32_t oid)
{
    size_t i;
    for (i = 0; i < p->count; i++)
        if (p->seen[i] == oid)
            return false;
    if (p->count == MAX_SEEN)
        return false;
    p->seen[p->count++] = oid;
    return ww_types_find(NULL, oid) == NULL;
}

static void print_type(const ww_type *type, bool binary)
{
    uint16_t i;
    printf("type\t%" PRIu32 "\t%u\t%" PRIu32 "\t%" PRIu32 "\t%c\t%d\t%d", type->oid,
           (unsigned)type->kind, type->element, type->domain_of, type->delimiter, (int)binary,
           (int)(type->as_of != 0));
    put(type->nspname);
    put(type->typname);
    put(type->sqlname);
    for (i = 0; i < type->nfields; i++) {
        put(type->fields[i].name);
        printf("\t%" PRIu32 "\t%" PRId32, type->fields[i].type_oid, type->fields[i].typmod);
    }
    putchar('\n');
}

/* Tests have no types that are nested deep. */
static void print_types(printer *p, uint32_t oid)
{
    const ww_type *type = ww_types_find(p->types, oid);
    uint16_t i;
    if (!is_new(p, oid))
        return;
    if (type == NULL) {
        printf("unknown\t%" PRIu32 "\n", oid);
        return;
    }
    print_type(type, ww_types_binary(p->types, oid));
    if (type->element != 0)
        print_types(p, type->element);
    if (type->domain_of != 0)
        print_types(p, type->domain_of);
    for (i = 0; type->kind == WW_TYPE_COMPOSITE && i < type->nfields; i++)
        print_types(p, type->fields[i].type_oid);
}

static void print_relation(printer *p, const ww_relation *rel)
{
    const ww_relation_facts *facts = ww_types_relation(p->types, rel->id);
    uint16_t i;
    printf("table");
    put(rel->relname);
    for (i = 0; facts != NULL && i < facts->ncolumns; i++) {
        put(facts->columns[i].name);
        printf("\t%" PRIu32 "\t%" PRId32 "\t%u\t%d", facts->columns[i].type_oid,
               facts->columns[i].typmod, (unsigned)facts->columns[i].key_position,
               (int)facts->columns[i].not_null);
    }
    putchar('\n');
    for (i = 0; i < rel->ncols; i++)
        print_types(p, rel->columns[i].type_oid);
}

static void log_line(void *ctx, ww_log_level level, const char *text)
{
    (void)ctx;
    if (level <= WW_LOG_WARNING)
        fprintf(stderr, "%s\n", text);
}

int main(int argc, char **argv)
{
    ww_client_config config = WW_CLIENT_CONFIG_INIT;
    printer p = {NULL, {0}, 0};
    ww_client *client;
    ww_status st;
    ww_event ev;
    ww_error err;
    if (argc != 5)
        return 2;
    config.conninfo = argv[1];
    config.slot = argv[2];
    config.publications = argv[3];
    config.catalog = strcmp(argv[4], "full") == 0 ? WW_CATALOG_FULL : WW_CATALOG_TYPES;
    config.until_now = config.confirm_none = true;
    config.log.line = log_line;
    ww_error_clear(&err);
    client = ww_client_open(&config, &err);
    p.types = client != NULL ? ww_client_types(client) : NULL;
    st = client != NULL ? WW_OK : err.status;
    while (st == WW_OK) {
        st = ww_client_next(client, &ev, &err);
        if (st == WW_OK && ev.kind == WW_EV_RELATION)
            print_relation(&p, ev.relation);
    }
    if (st < 0)
        fprintf(stderr, "%s %s %s\n", err.what, err.subject, err.message);
    ww_client_close(client);
    return st == WW_END ? 0 : 1;
}
