/* SPDX-License-Identifier: MIT */
/* passfile_cases.h: password files and what they give: held against our look-up by
 * test_passfile.c, and against libpq's by test_config_libpq.c. */
#ifndef WALWIRE_TESTS_CONFIG_PASSFILE_CASES_H
#define WALWIRE_TESTS_CONFIG_PASSFILE_CASES_H

#include <stdbool.h>

typedef struct passfile_case {
    const char *file;
    const char *host;
    unsigned port;
    const char *dbname, *user;
    const char *want; /* NULL: no password */
    bool ours;        /* libpq's answer depends on how it was built */
} passfile_case;

static const passfile_case passfile_cases[] = {
    { "h:5432:d:u:pw\n", "h", 5432, "d", "u", "pw", false },
    { "h:5432:d:u:pw", "h", 5432, "d", "u", "pw", false },
    { "h:5432:d:u:pw\r\n", "h", 5432, "d", "u", "pw", false },
    { "h:5432:d:u:pw\r\r\n", "h", 5432, "d", "u", "pw", false },
    { "h:5432:d:u:p\rw\r", "h", 5432, "d", "u", "p\rw", false },
    { "", "h", 5432, "d", "u", NULL, false },
    { "\n\n\r\n", "h", 5432, "d", "u", NULL, false },
    { "h:5432:d:u", "h", 5432, "d", "u", NULL, false },
    { "h:5432:d:u:", "h", 5432, "d", "u", NULL, false },
    { "h:5432:d:u:\nh:5432:d:u:pw", "h", 5432, "d", "u", NULL, false },
    { "h:5432:d\nh:5432:d:u:pw\n", "h", 5432, "d", "u", "pw", false },

    /* each field decides */
    { "i:5432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "h:5433:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "h:05432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "h:5432:e:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "h:5432:d:v:pw\n", "h", 5432, "d", "u", NULL, false },
    { "H:5432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "hh:5432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "h:5432:d:u:pw\n", "hh", 5432, "d", "u", NULL, false },
    { ":5432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { " h:5432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "h:1:d:u:one\nh:65535:d:u:two\n", "h", 65535, "d", "u", "two", false },
    { "::1:5432:d:u:pw\n", "::1", 5432, "d", "u", "pw", false },
    { "::1:5432:d:u:pw\n", "", 5432, "d", "u", NULL, true },
    { "\\:\\:1:5432:d:u:pw\n", "::1", 5432, "d", "u", "pw", false },

    /* the first match wins */
    { "h:5432:d:u:one\nh:5432:d:u:two\n", "h", 5432, "d", "u", "one", false },
    { "h:5432:e:u:one\nh:*:d:u:two\n*:*:*:*:three\n", "h", 5432, "d", "u", "two", false },
    { "*:*:*:*:all\nh:5432:d:u:pw\n", "h", 5432, "d", "u", "all", false },

    /* wildcards are whole fields */
    { "*:*:*:*:pw\n", "h", 5432, "d", "u", "pw", false },
    { "h*:5432:d:u:pw\n", "host", 5432, "d", "u", NULL, false },
    { "**:5432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "\\*:5432:d:u:pw\n", "h", 5432, "d", "u", NULL, false },
    { "\\*:5432:d:u:pw\n", "*", 5432, "d", "u", "pw", false },
    { "h:5432:*x:u:pw\n", "h", 5432, "*x", "u", "pw", false },
    { "*", "h", 5432, "d", "u", NULL, false },
    { "*:*:*:*", "h", 5432, "d", "u", NULL, false },
    { "*:*:*:*:*\n", "h", 5432, "d", "u", "*", false },

    /* escapes */
    { "h:5432:a\\:b:c\\\\d:pw\n", "h", 5432, "a:b", "c\\d", "pw", false },
    { "h:5432:\\d:\\u:pw\n", "h", 5432, "d", "u", "pw", false },
    { "h:5432:d:u:a\\:b\\\\c\\d\n", "h", 5432, "d", "u", "a:b\\cd", false },
    { "h:5432:d:u:pw:more:fields\n", "h", 5432, "d", "u", "pw", false },
    { "h:5432:d:u:pw\\\n", "h", 5432, "d", "u", "pw\\", false },
    { "h:5432:d:u:pw\\", "h", 5432, "d", "u", "pw\\", false },
    { "h:5432:d:u:\\:\n", "h", 5432, "d", "u", ":", false },
    { "h:5432:d:u\\:pw\n", "h", 5432, "d", "u", NULL, false },
    { "h:5432:d:u:p w #x\n", "h", 5432, "d", "u", "p w #x", false },
    { "h:5432:d:u:p\xff\xc3\xbc\n", "h", 5432, "d", "u", "p\xff\xc3\xbc", false },

    /* comments */
    { "#h:5432:d:u:no\nh:5432:d:u:pw\n", "h", 5432, "d", "u", "pw", false },
    { "#h:5432:d:u:pw\n", "#h", 5432, "d", "u", NULL, false },
    { "\\#h:5432:d:u:pw\n", "#h", 5432, "d", "u", "pw", false },
    { " #h:5432:d:u:no\nh:5432:d:u:pw\n", "h", 5432, "d", "u", "pw", false },

    /* sockets are localhost */
    { "localhost:5432:d:u:pw\n", "localhost", 5432, "d", "u", "pw", false },
    { "localhost:5432:d:u:pw\n", "127.0.0.1", 5432, "d", "u", NULL, false },
    { "localhost:5432:d:u:pw\n", "/run/other", 5432, "d", "u", NULL, false },
    { "/run/other:5432:d:u:pw\n", "/run/other", 5432, "d", "u", "pw", false },
    { "localhost:5432:d:u:pw\n", "", 5432, "d", "u", "pw", true },
    { "localhost:5432:d:u:pw\n", "/tmp", 5432, "d", "u", "pw", true },
    { "localhost:5432:d:u:pw\n", "/var/run/postgresql", 5432, "d", "u", "pw", true },
    { "/tmp:5432:d:u:pw\n", "/tmp", 5432, "d", "u", "pw", true },
    { ":5432:d:u:pw\n", "", 5432, "d", "u", NULL, true },
};

#define PASSFILE_CASE_COUNT (sizeof passfile_cases / sizeof passfile_cases[0])

#endif
