/* SPDX-License-Identifier: MIT */
/* help.c: what --help and --version print. */
#include "cli.h"

#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 100
#define LEFT 32 /* of an option and its value */

typedef struct page {
    unsigned command;
    const char *usage;
    const char *about;
    const char *examples;
} page;

static const page pages[] = {
    {CMD_STREAM, "walwire stream [OPTIONS] [CONNINFO]",
     "Streams the changes of a PostgreSQL database as lines of JSON, each transaction when it "
     "commits, and\n"
     "acknowledges to the server what has been delivered. A lost connection is made again. Ends "
     "cleanly on\n"
     "Ctrl-C.",
     "  # a first look: changes from now on, through a temporary slot\n"
     "  walwire stream --publication orders postgresql://app@db/shop\n"
     "\n"
     "  # each change in the file once, also after a crash: its position is kept beside it\n"
     "  walwire stream -S shop --create-slot --if-not-exists --publication orders -f orders.jsonl "
     "\\\n"
     "      dbname=shop\n"
     "\n"
     "  # the consumer says what it has: a position a line on standard input\n"
     "  walwire stream -S shop --publication orders --ack received --format compact <acks | "
     "consumer "
     ">acks\n"
     "\n"
     "  # what has been committed so far, without moving the slot\n"
     "  walwire stream -S shop --publication orders --until-now --ack none | jq .after\n"
     "\n"
     "  # some tables, without a column, as Debezium with decimal.handling.mode=precise\n"
     "  walwire stream -S shop --publication orders --table 'public.order*' \\\n"
     "      --exclude-columns '*.card_number' --decimal.handling.mode=precise dbname=shop\n"
     "\n"
     "  # another plugin's text, as it is\n"
     "  walwire stream -S other --create-slot -P test_decoding -o include-xids=0 dbname=shop\n"},
    {CMD_RECORD, "walwire record [OPTIONS] -f FILE [CONNINFO]",
     "Writes the same stream, raw, into a capture file: for tests, bug reports, and rendering "
     "later with\n"
     "`walwire decode`. The file's format is described in docs/capture.md.",
     "  walwire record -S shop --publication orders --until-now --ack none -f shop.cap\n"
     "  walwire decode shop.cap --format compact\n"},
    {CMD_DECODE, "walwire decode [OPTIONS] FILE",
     "Renders a capture offline. FILE - is standard input. The text of a plugin other than "
     "pgoutput "
     "passes\n"
     "through as `walwire stream` shows it.",
     "  walwire decode shop.cap\n"
     "  walwire decode --input frames - < frames.bin   # u32 big-endian length, CopyData payload, "
     "repeated\n"},
    {CMD_SLOT_CREATE, "walwire slot create -S NAME [OPTIONS] [CONNINFO]",
     "Creates a logical replication slot. Changes made from then on are kept for it, until they "
     "are\n"
     "acknowledged: a slot that nobody reads fills the server's disk. Waits until all transactions "
     "that\n"
     "are running now have ended.",
     "  psql -c 'CREATE PUBLICATION orders FOR TABLE orders' shop   # before the slot\n"
     "  walwire slot create -S shop dbname=shop\n"},
    {CMD_SLOT_DROP, "walwire slot drop -S NAME [OPTIONS] [CONNINFO]",
     "Drops a replication slot; what it still held is lost for its readers.",
     "  walwire slot drop -S shop dbname=shop\n"},
    {CMD_SLOT_LIST, "walwire slot list [OPTIONS] [CONNINFO]",
     "Lists the server's replication slots: plugin, database, whether in use, confirmed position, "
     "and\n"
     "how much WAL each holds back.",
     "  walwire slot list --json dbname=shop | jq 'select(.active | not)'\n"},
    {CMD_SLOT_ADVANCE, "walwire slot advance -S NAME --to LSN [OPTIONS] [CONNINFO]",
     "Moves a slot forward: changes committed before LSN are given up. Needs PostgreSQL 11 or "
     "newer.",
     "  walwire slot advance -S shop --to 0/16B3748 dbname=shop\n"},
    {CMD_SLOT_ALTER, "walwire slot alter -S NAME [OPTIONS] [CONNINFO]",
     "Changes a slot's properties. Waits while the slot is in use.",
     "  walwire slot alter -S shop --failover on dbname=shop\n"},
    {CMD_INFO, "walwire info [OPTIONS] [CONNINFO]",
     "Connects and says what was found: server, system identifier, position, encryption, "
     "authentication.",
     "  walwire info postgresql://app@db/shop?sslmode=verify-full\n"},
};

static void print_overview(void)
{
    puts(
        "walwire: PostgreSQL's changes as lines of JSON, through logical replication\n"
        "\n"
        "Usage:\n"
        "  walwire stream [OPTIONS] [CONNINFO]          stream changes: the main job\n"
        "  walwire record [OPTIONS] -f FILE [CONNINFO]  the same stream, raw, into a capture file\n"
        "  walwire decode [OPTIONS] FILE                render a capture\n"
        "  walwire slot create|drop|list|advance|alter ...    care for replication slots\n"
        "  walwire info [CONNINFO]                      server, position, TLS, authentication\n"
        "\n"
        "CONNINFO is a URI or a keyword string, as for psql; PGHOST and the other variables count "
        "too.\n"
        "`walwire COMMAND --help`, or `walwire help COMMAND`, has the options and examples of "
        "each.\n"
        "\n"
        "Example (the server needs wal_level = logical):\n"
        "  psql -c 'CREATE PUBLICATION everything FOR ALL TABLES' mydb\n"
        "  walwire stream --publication everything dbname=mydb\n"
        "\n"
        "Exit codes: 0 done, 1 internal or protocol error, 2 usage, 3 connection, TLS or "
        "authentication,\n"
        "4 refused by the server, 5 data gap, 6 output failed, 7 bad input file, 128 + N signal "
        "N.");
}

/* Text from column LEFT + 3 on, broken between words. */
static void print_wrapped(const char *text)
{
    size_t room = (size_t)(COLUMNS - LEFT - 3);
    while (strlen(text) > room) {
        size_t n = room;
        while (n > 1 && text[n] != ' ')
            n--;
        printf("%.*s\n%*s", (int)n, text, LEFT + 3, "");
        text += n + 1;
    }
    puts(text);
}

static void print_entry(const char *left, const char *right)
{
    printf("  %-*s ", LEFT, left);
    print_wrapped(right);
}

/* "a|b|c" as "a, b, c", behind what the setting is about. */
static void print_setting(const char *name, const char *values, const char *about)
{
    char left[LEFT + 1], right[512];
    size_t len;
    snprintf(left, sizeof left, "  --%s%s", name,
             rendering_is_switch(values) ? "[=BOOL]" : "=VALUE");
    len = (size_t)snprintf(right, sizeof right, "%s: ", about);
    for (; *values != '\0' && len + 3 < sizeof right; values++) {
        if (*values == '|')
            right[len++] = ',';
        right[len++] = *values == '|' ? ' ' : *values;
    }
    right[len] = '\0';
    print_entry(left, right);
}

/* Each format, and behind it its own settings with their values, the default first. */
static void print_formats(void)
{
    const char *format, *name, *about, *values;
    size_t i, k;
    printf("\nFormats, and each one's settings (the first value is the default):\n");
    for (i = 0; (format = ww_format_name(i, &about)) != NULL; i++) {
        print_entry(format, about);
        for (k = 0; (name = ww_format_knob(format, k, &values, &about)) != NULL; k++)
            print_setting(name, values, about);
    }
}

static void print_page(const page *p)
{
    const char *heading, *right;
    char left[64];
    size_t i;
    printf("Usage: %s\n\n%s\n", p->usage, p->about);
    for (i = 0; options_describe(p->command, i, &heading, left, sizeof left, &right); i++) {
        if (heading != NULL) {
            printf("\n%s:\n", heading);
            continue;
        }
        print_entry(left, right);
    }
    if ((p->command & (CMD_STREAM | CMD_DECODE)) != 0)
        print_formats();
    printf("\nExamples:\n%s", p->examples);
}

void help_print(unsigned commands)
{
    bool several = (commands & (commands - 1)) != 0;
    size_t i;
    if (commands == 0)
        print_overview();
    for (i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if ((pages[i].command & commands) == 0)
            continue;
        if (several)
            printf("%s\n%s\n\n", pages[i].usage, pages[i].about);
        else
            print_page(&pages[i]);
    }
    if (several)
        puts("`walwire COMMAND --help` has the options and examples of each.");
}

void version_print(void)
{
    printf("walwire %s\n"
           "  OpenSSL %s (built with %s)\n"
           "  compiler %s\n"
           "  wire protocol 3.0 and 3.2, pgoutput protocols 1 to 4, PostgreSQL 10 to 18\n",
           ww_version(), OpenSSL_version(OPENSSL_VERSION_STRING), OPENSSL_VERSION_TEXT,
#ifdef __clang__
           __clang_version__
#else
           "gcc " __VERSION__
#endif
    );
}
