/* SPDX-License-Identifier: MIT */
/* cases.h: connection strings and what they mean: held against our parser by test_parse.c and
 * test_values.c, and against libpq's by test_config_libpq.c. */
#ifndef WALWIRE_TESTS_CONFIG_CASES_H
#define WALWIRE_TESTS_CONFIG_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct config_case {
    const char *text;
    const char *want;    /* as show_conninfo() writes it; NULL: refused, and then: */
    uint64_t offset;     /* where */
    const char *what;    /* a part of the sentence */
    const char *subject; /* the whole subject; NULL: not looked at */
} config_case;

extern const config_case config_cases[];
extern const size_t config_case_count;

/* Values, to be checked. libpq looks at them when it begins to connect. */
typedef struct value_case {
    const char *text;
    const char *what;    /* a part of the sentence; NULL: accepted */
    const char *subject; /* the whole subject; NULL: not looked at */
    bool stricter;       /* libpq accepts it, or finds out later */
} value_case;

extern const value_case value_cases[];
extern const size_t value_case_count;

#endif
