/* SPDX-License-Identifier: MIT */
/* embed.c: a program that follows a table with libwalwire:
 *
 *     example_embed 'postgresql://app@db/shop' my_slot my_publication
 *
 * It prints each insert and acknowledges each transaction once its rows are on standard output. */
#include <walwire/walwire.h>

#include <stdio.h>

static void print_row(const ww_relation *rel, ww_tuple tuple)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    size_t i;
    printf("%.*s:", (int)rel->relname.len, (const char *)rel->relname.ptr);
    for (i = 0; ww_tuple_next(&it, &col); i++)
        printf(" %.*s=%.*s", (int)rel->columns[i].name.len, (const char *)rel->columns[i].name.ptr,
               (int)col.value.len, (const char *)col.value.ptr);
    puts("");
}

int main(int argc, char **argv)
{
    ww_client_config cfg = WW_CLIENT_CONFIG_INIT;
    ww_client *c;
    ww_event ev;
    ww_error err;
    ww_status st;
    if (argc != 4) {
        fprintf(stderr, "usage: %s CONNINFO SLOT PUBLICATION\n", argv[0]);
        return 2;
    }
    cfg.conninfo = argv[1];
    cfg.slot = argv[2];
    cfg.publications = argv[3];
    cfg.create_slot = cfg.if_not_exists = true;
    c = ww_client_open(&cfg, &err);
    if (c == NULL) {
        fprintf(stderr, "%s: %s %s\n%s\n", err.what, err.subject, err.message, err.hint);
        return 1;
    }
    while ((st = ww_client_next(c, &ev, &err)) == WW_OK) {
        if (ev.kind == WW_EV_INSERT)
            print_row(ev.relation, ev.new_tuple);
        if (ev.kind == WW_EV_COMMIT && fflush(stdout) == 0)
            ww_client_confirm(c, ev.commit.end_lsn, &err);
    }
    if (st < 0)
        fprintf(stderr, "%s: %s\n", err.what, err.message);
    ww_client_close(c);
    return st == WW_END ? 0 : 1;
}
