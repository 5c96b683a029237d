/* SPDX-License-Identifier: MIT */
/* decode_only.c: libwalwire-core alone: pgoutput messages that came from anywhere, to rows. No
 * socket, no OpenSSL, and no allocation but for the table definitions. */
#include <walwire/decode.h>

#include <stdio.h>
#include <stdlib.h>

/* From PostgreSQL 18: the row (1, NULL, 'a') of a table (id int PRIMARY KEY, v text, m gm);
 * gm is an enumeration. */
static const uint8_t relation[] = "R\0\0\x60\xdfpublic\0g\0d\0\3"
                                  "\1id\0\0\0\0\x17\xff\xff\xff\xff"
                                  "\0v\0\0\0\0\x19\xff\xff\xff\xff"
                                  "\0m\0\0\0\x60\xdc\xff\xff\xff\xff";
static const uint8_t begin[] = "B\0\0\0\0\3\x6c\xe3\xc0\0\3\3\xc5\x3e\xfa\xa0\xe5\0\0\3\x86";
static const uint8_t insert[] = "I\0\0\x60\xdfN\0\3t\0\0\0\1" "1nt\0\0\0\1a";

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

static void print_insert(const ww_event *ev)
{
    ww_tuple_iter it = ww_tuple_begin(ev->new_tuple);
    const ww_relation *rel = ev->relation;
    ww_column col;
    size_t i;
    printf("insert into %.*s.%.*s:", (int)rel->nspname.len, (const char *)rel->nspname.ptr,
           (int)rel->relname.len, (const char *)rel->relname.ptr);
    for (i = 0; ww_tuple_next(&it, &col); i++) {
        ww_slice name = rel->columns[i].name;
        printf(" %.*s=", (int)name.len, (const char *)name.ptr);
        if (col.kind == WW_COLUMN_NULL)
            printf("NULL");
        else
            printf("%.*s", (int)col.value.len, (const char *)col.value.ptr);
    }
    puts("");
}

int main(void)
{
    static const ww_alloc alloc = { NULL, resize };
    const ww_slice messages[] = {
        { begin, sizeof begin - 1 },
        { relation, sizeof relation - 1 },
        { insert, sizeof insert - 1 },
    };
    ww_decoder_options options = WW_DECODER_OPTIONS_INIT;
    ww_decoder decoder;
    ww_event ev;
    ww_error err;
    size_t i;
    options.relations = ww_relcache_open(&alloc, 0);
    if (options.relations == NULL)
        return 1;
    ww_decoder_init(&decoder, &options);
    for (i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (ww_decode(&decoder, messages[i], &ev, &err) != WW_OK) {
            fprintf(stderr, "%s at byte %llu\n", err.what, (unsigned long long)err.offset);
            return 1;
        }
        if (ev.kind == WW_EV_INSERT)
            print_insert(&ev);
    }
    ww_relcache_close(options.relations);
    return 0;
}
