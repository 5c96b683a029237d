/* SPDX-License-Identifier: MIT */
/* service_cases.h: service files, held against our reading by test_service.c and against libpq's by
 * test_config_libpq.c. */
#ifndef WALWIRE_TESTS_CONFIG_SERVICE_CASES_H
#define WALWIRE_TESTS_CONFIG_SERVICE_CASES_H

#include <stddef.h>

typedef struct service_case {
    const char *file;
    const char *service;
    const char *want;    /* as show_conninfo() writes it, service left out; NULL: not found or: */
    const char *what;    /* a part of the sentence */
    const char *subject; /* the whole subject */
} service_case;

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

static const service_case service_cases[] = {
    { "[s]\nhost=h\nport=1\n", "s", "host='h' port='1'", NULL, NULL },
    { "[s]\r\nhost=h\r\n", "s", "host='h'", NULL, NULL },
    { "[s]", "s", "", NULL, NULL },
    { "[s]\nhost=h", "s", "host='h'", NULL, NULL },
    { "[a]\nhost=a\n[s]\nhost=s\n[b]\nhost=b\n", "s", "host='s'", NULL, NULL },
    { "[s]\nhost=a\n[t]\n[s]\nport=1\n", "s", "host='a'", NULL, NULL },
    { "  \t[s] \n\v host=h \n\n # port=1\n#\n", "s", "host='h'", NULL, NULL },
    { "[s] # and more\nhost=h\n", "s", "host='h'", NULL, NULL },
    { "[s]]\nhost=h\n", "s", "host='h'", NULL, NULL },
    { "[a b]\nhost=h\n", "a b", "host='h'", NULL, NULL },
    { "[]\nhost=h\n", "", "host='h'", NULL, NULL },
    { "[s]\nhost=a\nhost=b\n", "s", "host='a'", NULL, NULL },
    { "[s]\nhost=\nhost=b\n", "s", "host=''", NULL, NULL },
    { "[s]\nhost= a b \n", "s", "host=' a b'", NULL, NULL },
    { "[s]\noptions=-c a=b 'c' \\d #e\n", "s", "options='-c a=b \\'c\\' \\\\d #e'", NULL, NULL },
    { "[s]\npassword=p:w'#\n", "s", "password='p:w\\'#'", NULL, NULL },
    { "[s]\nsslmode=whatever\n", "s", "sslmode='whatever'", NULL, NULL },
    { "nonsense\n= \n[s]\nhost=h\n[x]\nnonsense\n", "s", "host='h'", NULL, NULL },
    { "[s]\nhost=" X1000 X10 "\n", "s", "host='" X1000 X10 "'", NULL, NULL },
    { "[s]\nhost=" X1000 X10 "xxxxxx\n", "s", "host='" X1000 X10 "xxxxxx'", NULL, NULL },
    { "[s]\nhost=" X1000 X10 "xxxxxxx", "s", "host='" X1000 X10 "xxxxxxx'", NULL, NULL },

    { "", "s", NULL, NULL, NULL },
    { "[t]\nhost=h\n", "s", NULL, NULL, NULL },
    { "[S]\n[ss]\n[s \n[ s]\n s]\n#[s]\n", "s", NULL, NULL, NULL },

    { "[s]\nhost\n", "s", NULL, "has no '='", "F, line 2" },
    { "\n\n[s]\n\nhost h\n", "s", NULL, "has no '='", "F, line 5" },
    { "[s]\nhots=h\n", "s", NULL, "unknown connection keyword",
      "F, line 2: hots; did you mean \"host\"?" },
    { "[s]\nhost =h\n", "s", NULL, "unknown connection keyword",
      "F, line 2: (not shown: it may be part of a password); did you mean \"host\"?" },
    { "[s]\nHost=h\n", "s", NULL, "unknown connection keyword",
      "F, line 2: Host; did you mean \"host\"?" },
    { "[s]\n=h\n", "s", NULL, "no keyword before it", "F, line 2" },
    { "[s]\nservice=t\n[t]\n", "s", NULL, "cannot name another", "F, line 2" },
    { "[s]\nservicefile=t\n", "s", NULL, "PGSERVICEFILE", "F, line 2: servicefile" },
    { "[s]\nrequiressl=1\n", "s", NULL, "unknown connection keyword",
      "F, line 2: requiressl; did you mean \"sslmode\"?" },
    { "[s]\nhost=h\nldap://h/b?d\n", "s", NULL, "no LDAP", "F, line 3" },
    { "[s]\nhost=" X1000 X10 "xxxxxxx\n", "s", NULL, "longer than 1022", "F, line 2" },
    { X1000 X100 "\n[s]\nhost=h\n", "s", NULL, "longer than 1022", "F, line 1" },
    { X1000 X100, "s", NULL, "longer than 1022", "F, line 1" },
};
#define SERVICE_CASE_COUNT (sizeof service_cases / sizeof service_cases[0])

#endif
