/* SPDX-License-Identifier: MIT */
/* options.c: one table of options: which commands take each, how it is read, and what help says of
 * it. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS CMD_STREAMS
#define RENDERS (CMD_STREAM | CMD_DECODE)
#define SLOTS (STREAMS | (CMD_SLOTS & ~(unsigned)CMD_SLOT_LIST))
#define PGOUTPUT 512u /* beside the commands: only pgoutput has this option */

#define DEFAULT_SLOT_WAIT_US UINT64_C(10000000)
#define MAX_UNCONFIRMED 1000000000u

/* Reads a value (NULL for a flag) into the options; false: it is not a valid one. */
typedef bool reader(options *o, char *value);

/* How an option is read: into the member at `offset`, or by a function of its own. TARGET is an LSN
 * above 0/0. ONLY and EXCEPT are filters: `offset` is their ww_filter_kind. */
typedef enum kind { HEADING, FLAG, TEXT, TARGET, OWN, ONLY, EXCEPT } kind;

typedef struct option_spec {
    unsigned commands;
    char letter;
    const char *name;
    const char *value; /* what help calls it; NULL: a flag */
    kind kind;
    size_t offset;
    reader *read; /* OWN */
    const char *help;
    const char *allowed; /* what a valid value is, for the message about one that is not */
} option_spec;

/* ---- readers -------------------------------------------------------------------------------- */

static bool read_switch(const char *value, int *out)
{
    if (strcmp(value, "on") == 0)
        *out = 1;
    else if (strcmp(value, "off") == 0)
        *out = 0;
    else
        return false;
    return true;
}

static bool read_seconds(const char *value, ww_mono_us *us)
{
    char *end;
    double seconds = strtod(value, &end);
    if (end == value || *end != '\0' || !(seconds >= 0 && seconds <= 86400.0 * 365))
        return false;
    *us = (ww_mono_us)(seconds * 1e6);
    return true;
}

/* Bytes, with k, M, G as powers of 1024. */
static bool read_bytes(const char *value, size_t *out)
{
    char *end;
    unsigned long long n;
    int shift = 0;
    if (value[0] < '0' || value[0] > '9')
        return false;
    n = strtoull(value, &end, 10);
    if (*end == 'k' || *end == 'K')
        shift = 10;
    else if (*end == 'M')
        shift = 20;
    else if (*end == 'G')
        shift = 30;
    if ((shift > 0 ? end[1] : end[0]) != '\0' || n == 0 || n > (SIZE_MAX >> shift))
        return false;
    *out = (size_t)n << shift;
    return true;
}

static bool read_verbose(options *o, char *value)
{
    (void)value;
    o->verbose++;
    return true;
}

static bool read_log_format(options *o, char *value)
{
    o->log_json = strcmp(value, "json") == 0;
    return o->log_json || strcmp(value, "text") == 0;
}

static bool read_log_level(options *o, char *value)
{
    for (o->log_level = WW_LOG_ERROR; o->log_level <= WW_LOG_DEBUG; o->log_level++)
        if (strcmp(value, log_level_name((ww_log_level)o->log_level)) == 0)
            return true;
    return false;
}

static bool read_metrics_interval(options *o, char *value)
{
    return read_seconds(value, &o->metrics_interval_us) && o->metrics_interval_us > 0;
}

static bool read_help(options *o, char *value)
{
    (void)value;
    help_print(o->command);
    o->done = true;
    return true;
}

static bool read_version(options *o, char *value)
{
    (void)value;
    version_print();
    o->done = true;
    return true;
}

/* Only one: the passwords in all that argv holds are to be overwritten. */
static bool read_conninfo(options *o, char *value)
{
    o->conninfo_twice = o->conninfo != NULL;
    o->conninfo = value;
    return true;
}

/* "a,b": each a name of its own; the text in argv is cut at the commas. */
static bool read_publication(options *o, char *value)
{
    size_t len = strlen(value);
    if (len == 0 || value[0] == ',' || value[len - 1] == ',' || strstr(value, ",,") != NULL)
        return false;
    while (value != NULL && o->npublications < MAX_PUBLICATIONS) {
        char *comma = strchr(value, ',');
        if (comma != NULL)
            *comma = '\0';
        o->publications[o->npublications++] = value;
        value = comma != NULL ? comma + 1 : NULL;
    }
    return value == NULL;
}

static bool read_plugin_option(options *o, char *value)
{
    ww_plugin_option *item = &o->plugin_options[o->nplugin_options];
    char *equals = strchr(value, '=');
    if (o->nplugin_options == MAX_PLUGIN_OPTIONS || value[0] == '\0' || equals == value)
        return false;
    o->nplugin_options++;
    item->value.ptr = NULL;
    item->value.len = 0;
    if (equals != NULL) {
        *equals = '\0';
        item->value = ww_slice_of(equals + 1);
    }
    item->name = ww_slice_of(value);
    return true;
}

static bool read_startpos(options *o, char *value)
{
    o->startpos_given = true;
    return ww_lsn_parse(ww_slice_of(value), &o->startpos);
}

static bool read_messages(options *o, char *value)
{
    return read_switch(value, &o->messages);
}

static bool read_binary_switch(options *o, char *value)
{
    return read_switch(value, &o->binary);
}

static bool read_binary(options *o, char *value)
{
    if (strcmp(value, "auto") != 0)
        return read_switch(value, &o->binary);
    o->binary = WW_BINARY_AUTO;
    return true;
}

static bool read_catalog(options *o, char *value)
{
    static const char *const words[] = {"off", "types", "full"};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(value, words[i]) == 0) {
            o->catalog = (ww_catalog)i;
            o->catalog_given = true;
            return true;
        }
    return false;
}

static bool read_gather(options *o, char *value)
{
    o->gather = strcmp(value, "off") == 0 ? WW_GATHER_OFF : WW_GATHER_AUTO;
    return o->gather == WW_GATHER_OFF || strcmp(value, "auto") == 0;
}

static bool read_proto(options *o, char *value)
{
    o->proto = (unsigned)(value[0] - '0');
    return o->proto >= 1 && o->proto <= 4 && value[1] == '\0';
}

static bool read_streaming(options *o, char *value)
{
    static const char *const words[] = {"default", "off", "on", "parallel"};
    size_t i;
    for (i = 1; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(value, words[i]) == 0)
            o->streaming = (ww_streaming)i;
    return o->streaming != WW_STREAMING_DEFAULT;
}

static bool read_assemble(options *o, char *value)
{
    int on = 1;
    bool ok = read_switch(value, &on);
    o->assemble_off = on == 0;
    return ok;
}

static bool read_assemble_memory(options *o, char *value)
{
    return read_bytes(value, &o->assemble_memory);
}

static bool read_spill_limit(options *o, char *value)
{
    return read_bytes(value, &o->spill_limit);
}

static bool read_alter_two_phase(options *o, char *value)
{
    return read_switch(value, &o->alter_two_phase);
}

static bool read_alter_failover(options *o, char *value)
{
    return read_switch(value, &o->alter_failover);
}

static bool read_origin(options *o, char *value)
{
    o->origin = value;
    return strcmp(value, "any") == 0 || strcmp(value, "none") == 0;
}

static bool read_ack(options *o, char *value)
{
    static const char *const words[] = {"auto", "received", "none"};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(value, words[i]) == 0) {
            o->ack = (ack_mode)i;
            return true;
        }
    return false;
}

static bool read_ack_record(options *o, char *value)
{
    return read_ack(o, value) && o->ack != ACK_RECEIVED;
}

static bool read_number(const char *value, unsigned long max, unsigned long *out)
{
    char *end;
    if (value[0] < '0' || value[0] > '9')
        return false;
    *out = strtoul(value, &end, 10);
    return *end == '\0' && *out <= max;
}

static bool read_ack_fd(options *o, char *value)
{
    unsigned long n;
    o->acks_option = "--ack-fd";
    if (!read_number(value, INT_MAX, &n))
        return false;
    o->ack_fd = (int)n;
    return true;
}

static bool read_max_unconfirmed(options *o, char *value)
{
    unsigned long n;
    o->acks_option = "--max-unconfirmed";
    if (!read_number(value, MAX_UNCONFIRMED, &n) || n == 0)
        return false;
    o->max_unconfirmed = n;
    return true;
}

static bool read_input(options *o, char *value)
{
    o->input = value;
    return strcmp(value, "capture") == 0 || strcmp(value, "frames") == 0;
}

static bool read_status_interval(options *o, char *value)
{
    return read_seconds(value, &o->status_interval_us) && o->status_interval_us > 0;
}

static bool read_fsync_interval(options *o, char *value)
{
    return read_seconds(value, &o->fsync_interval_us);
}

static bool read_shutdown_timeout(options *o, char *value)
{
    return read_seconds(value, &o->shutdown_timeout_us);
}

static bool read_slot_wait(options *o, char *value)
{
    return read_seconds(value, &o->slot_wait_us);
}

static bool read_max_message(options *o, char *value)
{
    return read_bytes(value, &o->max_message) && o->max_message <= WW_DEFAULT_MAX_COPY_DATA;
}

static bool read_max_relations(options *o, char *value)
{
    return read_bytes(value, &o->max_relations_memory);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* A row without name is a heading of the help. */
#define AT(member) offsetof(options, member)
#define A_LIST "patterns with commas between, at most 256 of them"
#define A_SIZE "a number of bytes above 0, or like 64k, 64M, 1G"

static const option_spec specs[] = {
    {SLOTS | CMD_SLOT_LIST, 0, NULL, NULL, HEADING, 0, NULL, "Slot", NULL},
    {SLOTS, 'S', "slot", "NAME", TEXT, AT(slot), NULL,
     "the replication slot (without it, stream and record use a temporary one, from now on)",
     "a name"},
    {STREAMS, 0, "create-slot", NULL, FLAG, AT(create_slot), NULL, "create the slot, then stream",
     NULL},
    {STREAMS | CMD_SLOT_CREATE, 0, "if-not-exists", NULL, FLAG, AT(if_not_exists), NULL,
     "take a slot that exists already, if plugin and database are right", NULL},
    {CMD_SLOT_DROP, 0, "if-exists", NULL, FLAG, AT(if_exists), NULL, "a missing slot is no error",
     NULL},
    {STREAMS, 0, "temporary", NULL, FLAG, AT(temporary), NULL,
     "create it for this session only (implies -n)", NULL},
    {STREAMS, 0, "drop-slot-on-exit", NULL, FLAG, AT(drop_slot_on_exit), NULL,
     "drop it after a clean end", NULL},
    {CMD_SLOT_CREATE | STREAMS, 'P', "plugin", "NAME", TEXT, AT(plugin), NULL,
     "output plugin (pgoutput); the text of any other passes through, a line for each message",
     "a name"},
    {CMD_SLOT_CREATE, 0, "two-phase", NULL, FLAG, AT(two_phase), NULL,
     "deliver prepared transactions at PREPARE (server 15)", NULL},
    {CMD_SLOT_CREATE, 0, "failover", NULL, FLAG, AT(failover), NULL,
     "keep it on standbys too (server 17)", NULL},
    {CMD_SLOT_ALTER, 0, "two-phase", "on|off", OWN, 0, read_alter_two_phase,
     "deliver prepared transactions at PREPARE (server 18)", "on or off"},
    {CMD_SLOT_ALTER, 0, "failover", "on|off", OWN, 0, read_alter_failover,
     "keep it on standbys too (server 17)", "on or off"},
    {CMD_SLOT_ADVANCE, 0, "to", "LSN", TARGET, AT(advance_to), NULL, "the position to move to",
     "an LSN above 0/0, like 0/16B3748"},
    {CMD_SLOT_LIST, 0, "json", NULL, FLAG, AT(json), NULL, "one JSON object per slot", NULL},

    {STREAMS, 0, NULL, NULL, HEADING, 0, NULL, "What to stream", NULL},
    {STREAMS | PGOUTPUT, 0, "publication", "P[,P...]", OWN, 0, read_publication,
     "publications, exact names; repeatable", "names, none of them empty, at most 256"},
    {STREAMS, 'I', "startpos", "LSN", OWN, 0, read_startpos,
     "start here, if the slot is not further", "an LSN like 0/16B3748"},
    {STREAMS, 'E', "endpos", "LSN", TARGET, AT(endpos), NULL,
     "deliver what commits before this, then end", "an LSN above 0/0, like 0/16B3748"},
    {STREAMS, 0, "until-now", NULL, FLAG, AT(until_now), NULL,
     "deliver what has been committed by now, then end", NULL},
    {STREAMS | PGOUTPUT, 0, "messages", "on|off", OWN, 0, read_messages,
     "pg_logical_emit_message (on from server 14)", "on or off"},
    {STREAMS | PGOUTPUT, 0, "origin", "any|none", OWN, 0, read_origin,
     "none: leave out replicated changes (server 16)", "any or none"},
    {STREAMS, 0, "two-phase", NULL, FLAG, AT(two_phase), NULL,
     "prepared transactions at PREPARE (server 15); sets the slot's two_phase for good", NULL},

    {STREAMS, 0, NULL, NULL, HEADING, 0, NULL, "How to ask for it", NULL},
    {STREAMS | PGOUTPUT, 0, "proto", "1..4", OWN, 0, read_proto,
     "pgoutput's protocol (the highest that the server knows)", "1, 2, 3 or 4"},
    {CMD_RECORD | PGOUTPUT, 0, "binary", "on|off", OWN, 0, read_binary_switch,
     "values in binary form (off)", "on or off"},
    {CMD_STREAM | PGOUTPUT, 0, "binary", "off|on|auto", OWN, 0, read_binary,
     "values in binary form (server 14): auto asks whether all columns can be read so (off)",
     "off, on or auto"},
    {STREAMS | PGOUTPUT, 0, "catalog", "off|types|full", OWN, 0, read_catalog,
     "what is asked of the server's catalog: types that are not built in, or tables' keys, too "
     "(types; full for record, and where the format needs it)",
     "off, types or full"},
    {STREAMS | PGOUTPUT, 0, "gather", "auto|off", OWN, 0, read_gather,
     "auto: while much comes in, let it come together for up to 5 ms before it is received (auto)",
     "auto or off"},
    {STREAMS, 'o', "option", "NAME=VALUE", OWN, 0, read_plugin_option,
     "an option for the plugin, in place of walwire's own choice; repeatable",
     "NAME or NAME=VALUE, at most 16 of them"},

    {RENDERS | CMD_RECORD, 0, NULL, NULL, HEADING, 0, NULL, "Large transactions", NULL},
    {STREAMS | PGOUTPUT, 0, "streaming", "off|on|parallel", OWN, 0, read_streaming,
     "receive them before they commit (the most that the server has)", "off, on or parallel"},
    {RENDERS | PGOUTPUT, 0, "assemble", "on|off", OWN, 0, read_assemble,
     "on: show each whole when it commits; off: as stream events, before (on)", "on or off"},
    {RENDERS | PGOUTPUT, 0, "assemble-memory", "BYTES", OWN, 0, read_assemble_memory,
     "memory for them (64M); the rest goes to a file", A_SIZE},
    {RENDERS | PGOUTPUT, 0, "spill-dir", "DIR", TEXT, AT(spill_dir), NULL,
     "directory of that file ($TMPDIR, else /var/tmp)", "a directory"},
    {RENDERS | PGOUTPUT, 0, "spill-limit", "BYTES", OWN, 0, read_spill_limit,
     "size of that file at most (1 TiB)", A_SIZE},

    {RENDERS | CMD_RECORD, 0, NULL, NULL, HEADING, 0, NULL, "Output", NULL},
    {RENDERS | CMD_RECORD, 'f', "file", "FILE", TEXT, AT(file), NULL,
     "append to FILE, - is standard output (-)", "a path"},
    {RENDERS, 0, "format", "NAME", TEXT, AT(format), NULL,
     "how events are written: see Formats below (debezium)", "a name"},
    {RENDERS | PGOUTPUT, 0, "transactions", NULL, FLAG, AT(transactions), NULL,
     "with begin and commit lines", NULL},
    {RENDERS | PGOUTPUT, 0, "key", NULL, FLAG, AT(key), NULL,
     "debezium: the row's key and a tab before each line, as kcat -K reads", NULL},
    {RENDERS | PGOUTPUT, 0, "tombstones", NULL, FLAG, AT(tombstones), NULL,
     "with --key: behind a delete its key again, with nothing behind the tab", NULL},
    {RENDERS | PGOUTPUT, 0, "schema-events", NULL, FLAG, AT(schema_events), NULL,
     "a line for each new definition of a table", NULL},
    {RENDERS | PGOUTPUT, 0, "name", "NAME", TEXT, AT(connector_name), NULL,
     "connector name in debezium lines (walwire)", "a name"},

    {RENDERS, 0, NULL, NULL, HEADING, 0, NULL, "Filters", NULL},
    {RENDERS | PGOUTPUT, 0, "table", "GLOB[,...]", ONLY, WW_FILTER_TABLE, NULL,
     "only these tables: schema.table, or table in any schema; * and ? are globs, names that hold "
     "one, a dot or a comma go in double quotes; repeatable, as all filters", A_LIST},
    {RENDERS | PGOUTPUT, 0, "exclude-table", "GLOB[,...]", EXCEPT, WW_FILTER_TABLE, NULL,
     "not these; exclusion wins", A_LIST},
    {RENDERS | PGOUTPUT, 0, "schema", "GLOB[,...]", ONLY, WW_FILTER_SCHEMA, NULL,
     "only tables in these schemas", A_LIST},
    {RENDERS | PGOUTPUT, 0, "exclude-schema", "GLOB[,...]", EXCEPT, WW_FILTER_SCHEMA, NULL,
     "not in these", A_LIST},
    {RENDERS | PGOUTPUT, 0, "op", "OP[,...]", ONLY, WW_FILTER_OP, NULL,
     "only insert, update, delete, truncate, message", A_LIST},
    {RENDERS | PGOUTPUT, 0, "exclude-op", "OP[,...]", EXCEPT, WW_FILTER_OP, NULL, "not these",
     A_LIST},
    {RENDERS | PGOUTPUT, 0, "columns", "GLOB[,...]", ONLY, WW_FILTER_COLUMN, NULL,
     "only these columns: schema.table.column, table.column or column", A_LIST},
    {RENDERS | PGOUTPUT, 0, "exclude-columns", "GLOB[,...]", EXCEPT, WW_FILTER_COLUMN, NULL,
     "not these", A_LIST},

    {CMD_DECODE, 0, NULL, NULL, HEADING, 0, NULL, "Input", NULL},
    {CMD_DECODE, 0, "input", "KIND", OWN, 0, read_input,
     "capture, or frames: u32 length and payload, repeated (capture)", "capture or frames"},

    {STREAMS, 0, NULL, NULL, HEADING, 0, NULL, "Delivery", NULL},
    {CMD_RECORD, 0, "ack", "auto|none", OWN, 0, read_ack_record,
     "none: never acknowledge, the slot does not move (auto)", "auto or none"},
    {CMD_STREAM, 0, "ack", "auto|received|none", OWN, 0, read_ack,
     "received: what the consumer names, in lines on --ack-fd, is acknowledged; none: nothing, the "
     "slot does not move (auto)",
     "auto, received or none"},
    {CMD_STREAM, 0, "ack-fd", "N", OWN, 0, read_ack_fd,
     "the descriptor that acknowledgements are read from (0: standard input)",
     "the number of an open descriptor"},
    {CMD_STREAM | PGOUTPUT, 0, "max-unconfirmed", "N", OWN, 0, read_max_unconfirmed,
     "--ack received: read no more from the server while so many transactions wait to be "
     "acknowledged (1048576)",
     "a number from 1 to 1000000000"},
    {CMD_STREAM | PGOUTPUT, 0, "init", NULL, FLAG, AT(init), NULL,
     "take FILE and the slot as they are, whatever FILE.position says: accepts what is missing",
     NULL},
    {STREAMS, 's', "status-interval", "SECONDS", OWN, 0, read_status_interval,
     "time between status updates (10; at most a third of wal_sender_timeout)",
     "seconds above 0, like 10 or 0.5"},
    {STREAMS, 0, "fsync-interval", "SECONDS", OWN, 0, read_fsync_interval,
     "time between fdatasync of a file (1; 0: whenever the stream is quiet)", "seconds, 0 or more"},
    {STREAMS, 'n', "no-loop", NULL, FLAG, AT(no_loop), NULL,
     "end when the connection is lost, instead of connecting again", NULL},
    {STREAMS, 0, "slot-wait", "SECONDS", OWN, 0, read_slot_wait,
     "how long a slot that is in use is waited for at the start (10; 0 with -n)",
     "seconds, 0 or more"},
    {STREAMS, 0, "shutdown-timeout", "SECONDS", OWN, 0, read_shutdown_timeout,
     "how long an output that blocks, and acknowledgements, are waited for at the end (10)",
     "seconds, 0 or more"},

    {STREAMS, 0, NULL, NULL, HEADING, 0, NULL, "Metrics", NULL},
    {STREAMS, 0, "metrics-file", "FILE", TEXT, AT(metrics_file), NULL,
     "keep counters, positions and lag in FILE, as Prometheus reads them", "a path"},
    {STREAMS, 0, "metrics-interval", "SECONDS", OWN, 0, read_metrics_interval,
     "how often FILE is replaced (10)", "seconds above 0, like 10 or 0.5"},

    {STREAMS | CMD_DECODE, 0, NULL, NULL, HEADING, 0, NULL, "Limits", NULL},
    {STREAMS | CMD_DECODE, 0, "max-message", "BYTES", OWN, 0, read_max_message,
     "refuse larger messages (1 GiB - 1)",
     "a number of bytes from 1 to 1073741823, or like 64k, 64M"},
    {STREAMS | CMD_DECODE, 0, "max-relations-memory", "BYTES", OWN, 0, read_max_relations,
     "memory for table definitions (64M)", A_SIZE},

    {CMD_CONNECTS, 0, NULL, NULL, HEADING, 0, NULL, "Connection", NULL},
    {CMD_CONNECTS, 'd', "dbname", "CONNINFO", OWN, 0, read_conninfo,
     "URI, keyword string or database name, as the positional CONNINFO", "a connection string"},
    {CMD_CONNECTS, 'h', "host", "HOST", TEXT, AT(host), NULL, "server host or socket directory",
     "a name (--help shows help)"},
    {CMD_CONNECTS, 'p', "port", "PORT", TEXT, AT(port), NULL, "server port", "a number"},
    {CMD_CONNECTS, 'U', "username", "NAME", TEXT, AT(user), NULL, "user name", "a name"},
    {CMD_CONNECTS, 'w', "no-password", NULL, FLAG, AT(never_prompt), NULL,
     "never ask for a password", NULL},
    {CMD_CONNECTS, 'W', "password", NULL, FLAG, AT(force_prompt), NULL,
     "ask for a password before connecting", NULL},
    {CMD_CONNECTS, 0, "oauth-token-file", "FILE", TEXT, AT(oauth_token_file), NULL,
     "the bearer token for a server that asks for one, read for each connection", "a file"},
    {CMD_CONNECTS, 0, "trace", "FILE", TEXT, AT(trace_file), NULL,
     "write a line for each protocol message, without secrets and values", "a file"},

    {CMD_ALL, 0, NULL, NULL, HEADING, 0, NULL, "General", NULL},
    {CMD_ALL, 'v', "verbose", NULL, OWN, 0, read_verbose, "say what is going on; twice: more",
     NULL},
    {CMD_ALL, 'q', "quiet", NULL, FLAG, AT(quiet), NULL, "errors only", NULL},
    {CMD_ALL, 0, "log-format", "text|json", OWN, 0, read_log_format,
     "messages for people, or a JSON object per line (text)", "text or json"},
    {CMD_ALL, 0, "log-level", "LEVEL", OWN, 0, read_log_level,
     "error (as -q), warning, info (as -v) or debug (as -vv) (warning)",
     "error, warning, info or debug"},
    {CMD_ALL, '?', "help", NULL, OWN, 0, read_help, "this page", NULL},
    {CMD_ALL, 0, "version", NULL, OWN, 0, read_version, "versions of what walwire is made of",
     NULL},
};

#define NSPECS (sizeof specs / sizeof specs[0])

bool options_describe(unsigned command, size_t i, const char **heading, char *left, size_t cap,
                      const char **right)
{
    size_t at, seen = 0;
    for (at = 0; at < NSPECS; at++) {
        const option_spec *s = &specs[at];
        if ((s->commands & command) == 0 || seen++ != i)
            continue;
        *heading = s->name == NULL ? s->help : NULL;
        *right = s->help;
        if (s->name != NULL)
            snprintf(left, cap, "%c%c%s --%s%s%s", s->letter != 0 ? '-' : ' ',
                     s->letter != 0 ? s->letter : ' ', s->letter != 0 ? "," : " ", s->name,
                     s->value != NULL ? " " : "", s->value != NULL ? s->value : "");
        return true;
    }
    return false;
}

/* ---- reading argv --------------------------------------------------------------------------- */

static const option_spec *find_long(unsigned command, const char *name, size_t len)
{
    size_t i;
    for (i = 0; i < NSPECS; i++)
        if (specs[i].name != NULL && (specs[i].commands & command) != 0 &&
            strlen(specs[i].name) == len && memcmp(specs[i].name, name, len) == 0)
            return &specs[i];
    return NULL;
}

static const option_spec *find_letter(unsigned command, char letter)
{
    size_t i;
    for (i = 0; i < NSPECS; i++)
        if (specs[i].letter == letter && (specs[i].commands & command) != 0)
            return &specs[i];
    return NULL;
}

/* Known, but of another command? Then say so. What is glued to it is not shown: it may be a
 * password. */
static bool unknown_option(const char *arg)
{
    bool is_long = arg[1] == '-';
    int len = is_long ? (int)strcspn(arg, "=") : 2;
    const char *name = arg + (is_long ? 2 : 1);
    const option_spec *other =
        is_long ? find_long(CMD_ALL, name, (size_t)len - 2) : find_letter(CMD_ALL, name[0]);
    if (other != NULL || (is_long && rendering_find_setting(name, (size_t)len - 2, NULL) != NULL))
        report("option %.*s does not belong to this command (try --help)", len, arg);
    else
        report("unknown option, and no setting of a format: %.*s (try --help)", len, arg);
    return false;
}

static bool store(options *o, const option_spec *s, char *value)
{
    void *member = (char *)o + s->offset;
    if ((s->commands & PGOUTPUT) != 0 && o->pgoutput_option == NULL)
        o->pgoutput_option = s->name;
    switch (s->kind) {
    case FLAG:
        *(bool *)member = true;
        return true;
    case TEXT:
        *(char **)member = value;
        return true;
    case TARGET:
        return ww_lsn_parse(ww_slice_of(value), member) && *(ww_lsn *)member != 0;
    case ONLY:
    case EXCEPT:
        return rendering_add_rules(o, (ww_filter_kind)s->offset, s->kind == EXCEPT, value);
    default:
        return s->read(o, value);
    }
}

static bool apply(options *o, const option_spec *s, char *value, const char *shown)
{
    if (store(o, s, value))
        return true;
    report("%s: \"%s\" is not valid; it takes %s", shown, value, s->allowed);
    return false;
}

static bool is_switch_word(const char *word)
{
    static const char *const words[] = {"on", "off", "true", "false"};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* --NAME=VALUE or --NAME VALUE, a setting of a format; a switch's VALUE only behind '='. */
static bool read_setting(options *o, int argc, char **argv, int *i)
{
    const char *arg = argv[*i], *value = NULL, *name, *values;
    size_t len = strcspn(arg, "=");
    name = (o->command & RENDERS) != 0 ? rendering_find_setting(arg + 2, len - 2, &values) : NULL;
    if (name == NULL)
        return unknown_option(arg);
    if (arg[len] != '=' && rendering_is_switch(values) && *i + 1 < argc &&
        is_switch_word(argv[*i + 1])) {
        report("a switch has its value behind an equals sign: write --%s=%s", name, argv[*i + 1]);
        return false;
    }
    if (arg[len] == '=')
        value = arg + len + 1;
    else if (rendering_is_switch(values))
        value = "true";
    else if (*i + 1 < argc)
        value = argv[++*i];
    if (o->pgoutput_option == NULL)
        o->pgoutput_option = name;
    if (value != NULL && rendering_set(o, name, values, value))
        return true;
    if (value != NULL)
        report("there are too many settings of formats: --%s", name);
    else
        report("--%s needs a value: %s", name, values);
    return false;
}

/* One option at argv[*i]; takes its value from behind '=', from the rest of -xVALUE, or the next
 * word. */
static bool read_option(options *o, int argc, char **argv, int *i)
{
    char *arg = argv[*i], *value = NULL;
    char shown[64];
    const option_spec *s;
    bool is_long = arg[1] == '-';
    size_t len = strcspn(arg, "=");
    s = is_long ? find_long(o->command, arg + 2, len - 2) : find_letter(o->command, arg[1]);
    if (s == NULL)
        return is_long ? read_setting(o, argc, argv, i) : unknown_option(arg);
    snprintf(shown, sizeof shown, "%.*s", is_long ? (int)len : 2, arg);
    if (is_long && arg[len] == '=')
        value = arg + len + 1;
    else if (!is_long && arg[2] != '\0')
        value = arg + 2;
    if (s->value == NULL) {
        if (value != NULL && (is_long || s->letter == 'W')) { /* -WSECRET is not read as options */
            report("%s takes no value", shown);
            return false;
        }
        if (value != NULL) { /* -vv, -nv */
            memmove(arg + 1, arg + 2, strlen(arg + 1));
            (*i)--;
        }
        return store(o, s, NULL);
    }
    if (value == NULL && *i + 1 < argc)
        value = argv[++*i];
    if (value == NULL) {
        report("%s needs a value: %s", shown, s->allowed);
        return false;
    }
    return apply(o, s, value, shown);
}

static bool read_positional(options *o, char *arg)
{
    if (o->command == CMD_DECODE && o->decode_file == NULL) {
        o->decode_file = arg;
        return true;
    }
    if ((o->command & CMD_CONNECTS) != 0)
        return read_conninfo(o, arg);
    report("one argument too many: %s", arg);
    return false;
}

static void set_defaults(options *o, unsigned command)
{
    memset(o, 0, sizeof *o);
    o->command = command;
    o->catalog = WW_CATALOG_TYPES;
    o->messages = o->binary = o->alter_two_phase = o->alter_failover = -1;
    o->format = DEFAULT_FORMAT;
    o->input = "capture";
    o->status_interval_us = WW_DEFAULT_STATUS_INTERVAL_US;
    o->fsync_interval_us = 1000000;
    o->metrics_interval_us = 10000000;
    o->log_level = -1;
    o->shutdown_timeout_us = 10000000;
    o->slot_wait_us = WW_MONO_NEVER;
}

bool options_read(options *o, unsigned command, int argc, char **argv, int first)
{
    bool only_positional = false;
    int i;
    set_defaults(o, command);
    for (i = first; i < argc && !o->done; i++) {
        char *arg = argv[i];
        if (!only_positional && strcmp(arg, "--") == 0) {
            only_positional = true;
        } else if (!only_positional && arg[0] == '-' && arg[1] != '\0') {
            if (!read_option(o, argc, argv, &i))
                return false;
        } else if (!read_positional(o, arg)) {
            return false;
        }
    }
    if (!o->catalog_given && (o->command == CMD_RECORD || rendering_needs_tables(o)))
        o->catalog = WW_CATALOG_FULL;
    if (o->slot_wait_us == WW_MONO_NEVER)
        o->slot_wait_us = o->no_loop ? 0 : DEFAULT_SLOT_WAIT_US;
    log_configure(o);
    return o->done || options_go_together(o);
}
