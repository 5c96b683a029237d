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

/* The command that these words name; *used says how many that took. */
static const command *find_command(int n, char **words, int *used)
{
    size_t i;
    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const command *c = &commands[i];
        if (n < 1 || strcmp(words[0], c->words[0]) != 0)
            continue;
        *used = c->words[1] == NULL ? 1 : 2;
        if (c->words[1] == NULL || (n > 1 && strcmp(words[1], c->words[1]) == 0))
            return c;
    }
    return NULL;
}

static int unknown_command(int n, char **words)
{
    if (strcmp(words[0], "slot") == 0)
        report("slot needs one of create, drop, list, advance, alter%s%s", n > 1 ? ", not " : "",
               n > 1 ? words[1] : "");
    else
        report("unknown command: %s (try: walwire --help)", words[0]);
    return EXIT_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static bool asks_for_help(const char *word)
{
    return is_one_of(word, "--help", "-?", "help") || strcmp(word, "-h") == 0;
}

/* `walwire help WORDS`, and `walwire WORDS --help` where WORDS name no command. */
static int print_help(int n, char **words)
{
    int used = 0;
    const command *c = find_command(n, words, &used);
    if (c != NULL)
        help_print(c->bit);
    else if (n == 0)
        help_print(0);
    else if (n == 1 && strcmp(words[0], "slot") == 0)
        help_print(CMD_SLOTS);
    else
        return unknown_command(n, words);
    return EXIT_DONE;
}

static int run_command(int argc, char **argv)
{
    options o;
    int used = 0;
    const command *c = find_command(argc - 1, argv + 1, &used);
    if (c == NULL)
        return argc > 2 && asks_for_help(argv[2]) ? print_help(1, argv + 1)
                                                  : unknown_command(argc - 1, argv + 1);
    if ((c->bit & CMD_CONNECTS) != 0)
        dumps_forbid();
    if (!options_read(&o, c->bit, argc, argv, 1 + used))
        return EXIT_USAGE;
    if (o.done)
        return EXIT_DONE;
    return trace_open(&o) ? c->run(&o) : EXIT_OUTPUT;
}

int main(int argc, char **argv)
{
    int code;
    if (!standard_open() || !signals_install()) {
        report("cannot open /dev/null or install signal handlers");
        return EXIT_INTERNAL;
    }
    if (argc < 2) {
        help_print(0);
        code = EXIT_USAGE;
    } else if (asks_for_help(argv[1])) {
        code = print_help(argc - 2, argv + 2);
    } else if (is_one_of(argv[1], "--version", "-V", "version")) {
        version_print();
        code = EXIT_DONE;
    } else {
        code = run_command(argc, argv);
    }
    return code == EXIT_DONE ? standard_finish(code) : code;
}
