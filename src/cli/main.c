/* SPDX-License-Identifier: MIT */
/* main.c: which command is meant. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *words[2];
    unsigned bit;
    int (*run)(options *o);
} command;

static const command commands[] = {
    {{"stream", NULL}, CMD_STREAM, command_stream},
    {{"record", NULL}, CMD_RECORD, command_record},
    {{"decode", NULL}, CMD_DECODE, command_decode},
    {{"slot", "create"}, CMD_SLOT_CREATE, command_slot},
    {{"slot", "drop"}, CMD_SLOT_DROP, command_slot},
    {{"slot", "list"}, CMD_SLOT_LIST, command_slot},
    {{"slot", "advance"}, CMD_SLOT_ADVANCE, command_slot},
    {{"slot", "alter"}, CMD_SLOT_ALTER, command_slot},
    {{"info", NULL}, CMD_INFO, command_info},
};

/* The command that argv names; *used says how many words that took. */
static const command *find_command(int argc, char **argv, int *used)
{
    size_t i;
    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const command *c = &commands[i];
        if (strcmp(argv[1], c->words[0]) != 0)
            continue;
        *used = c->words[1] == NULL ? 1 : 2;
        if (c->words[1] == NULL || (argc > 2 && strcmp(argv[2], c->words[1]) == 0))
            return c;
    }
    return NULL;
}

static int unknown_command(int argc, char **argv)
{
    if (strcmp(argv[1], "slot") == 0)
        report("slot needs one of create, drop, list, advance, alter%s%s", argc > 2 ? ", not " : "",
               argc > 2 ? argv[2] : "");
    else
        report("unknown command: %s (try: walwire --help)", argv[1]);
    return EXIT_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int main(int argc, char **argv)
{
    options o;
    const command *c;
    bool done = false;
    int used = 0;
    if (argc < 2) {
        help_print(0);
        return EXIT_USAGE;
    }
    if (is_one_of(argv[1], "--help", "-?", "help")) {
        help_print(0);
        return EXIT_DONE;
    }
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        version_print();
        return EXIT_DONE;
    }
    c = find_command(argc, argv, &used);
    if (c == NULL)
        return argc > 2 && strcmp(argv[1], "slot") == 0 &&
                       is_one_of(argv[2], "--help", "-?", "help")
                   ? (help_print(CMD_SLOT_CREATE), EXIT_DONE)
                   : unknown_command(argc, argv);
    if (!options_read(&o, c->bit, argc, argv, 1 + used, &done))
        return EXIT_USAGE;
    if (done)
        return EXIT_DONE;
    if (!signals_install()) {
        report("cannot install signal handlers");
        return EXIT_INTERNAL;
    }
    return c->run(&o);
}
