/* SPDX-License-Identifier: MIT */
/* libpq.h: libpq 18's own parser, loaded at run time from the file that WALWIRE_TEST_LIBPQ names.
 * Nothing of it is linked. */
#ifndef WALWIRE_TESTS_CONFIG_LIBPQ_H
#define WALWIRE_TESTS_CONFIG_LIBPQ_H

#include <walwire/config.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PQconninfoOption. */
typedef struct libpq_option {
    char *keyword, *envvar, *compiled, *val, *label, *dispchar;
    int dispsize;
} libpq_option;

typedef struct libpq_parser {
    libpq_option *(*parse)(const char *text, char **error);
    void (*free_options)(libpq_option *options);
    void (*free_memory)(void *p);
} libpq_parser;

/* Ends the program if there is none. */
static inline void *libpq_open(const char *path)
{
    void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) {
        fprintf(stderr, "WALWIRE_TEST_LIBPQ must name the libpq.so.5 of PostgreSQL 18: %s\n",
                path != NULL ? dlerror() : "it is not set");
        exit(1);
    }
    return library;
}

static inline void libpq_function(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        fprintf(stderr, "no %s in libpq\n", name);
        exit(1);
    }
    memcpy(function, &symbol, sizeof symbol);
}

static inline void libpq_load_parser(libpq_parser *p, void *library)
{
    libpq_function(library, "PQconninfoParse", &p->parse);
    libpq_function(library, "PQconninfoFree", &p->free_options);
    libpq_function(library, "PQfreemem", &p->free_memory);
}

/* Neither a '=' nor a URI: we take it for a database's name, as psql does; PQconninfoParse does
 * not. */
static inline bool libpq_is_database_name(const char *string)
{
    return strchr(string, '=') == NULL && strstr(string, "://") == NULL;
}

/* Their answer as a conninfo of ours; false if they refuse. */
static inline bool libpq_parse(const libpq_parser *p, const char *string, ww_conninfo *c)
{
    char *message = NULL;
    libpq_option *options = p->parse(string, &message), *o;
    bool ok = options != NULL;
    for (o = options; o != NULL && o->keyword != NULL; o++)
        if (o->val != NULL && ww_conninfo_set(c, o->keyword, ww_slice_of(o->val), NULL) != WW_OK)
            abort();
    p->free_options(options);
    p->free_memory(message);
    return ok;
}

#endif
