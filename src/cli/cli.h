/* SPDX-License-Identifier: MIT */
/* cli.h: what the files of the command share: options, exit codes, messages. */
#ifndef WALWIRE_CLI_CLI_H
#define WALWIRE_CLI_CLI_H

#include <walwire/walwire.h>

/* Exit codes: docs/cli.md. What a signal cut short ends with signals_exit_code(). */
enum {
    EXIT_DONE = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_CONNECTION = 3,
    EXIT_REFUSED = 4,
    EXIT_GAP = 5,
    EXIT_OUTPUT = 6,
    EXIT_INPUT = 7
};

/* Commands, as bits: which options belong to which. */
enum {
    CMD_STREAM = 1,
    CMD_RECORD = 2,
    CMD_DECODE = 4,
    CMD_SLOT_CREATE = 8,
    CMD_SLOT_DROP = 16,
    CMD_SLOT_LIST = 32,
    CMD_SLOT_ADVANCE = 64,
    CMD_INFO = 128,
    CMD_SLOT_ALTER = 256,
    CMD_STREAMS = CMD_STREAM | CMD_RECORD,
    CMD_SLOTS = CMD_SLOT_CREATE | CMD_SLOT_DROP | CMD_SLOT_LIST | CMD_SLOT_ADVANCE | CMD_SLOT_ALTER,
    CMD_CONNECTS = CMD_STREAM | CMD_RECORD | CMD_SLOTS | CMD_INFO,
    CMD_ALL = 511
};

#define DEFAULT_FORMAT "debezium"

#define MAX_PUBLICATIONS 256
#define MAX_PLUGIN_OPTIONS 16
#define MAX_RULES 256
#define MAX_SETTINGS 64

/* What counts as delivered: what the sink says, what the consumer says, nothing. */
typedef enum ack_mode { ACK_AUTO, ACK_RECEIVED, ACK_NONE } ack_mode;

/* Everything the command line can say. Strings point into argv. */
typedef struct options {
    unsigned command; /* one CMD_ bit */
    char *conninfo;   /* positional, or -d */
    bool conninfo_twice;
    bool done; /* help or version was asked for and printed */
    const char *host, *port, *user;
    bool never_prompt, force_prompt;
    int verbose;
    bool quiet;
    const char *slot;
    const char *plugin;          /* NULL: pgoutput */
    const char *pgoutput_option; /* the first option given that only pgoutput has */
    const char *publications[MAX_PUBLICATIONS];
    size_t npublications;
    ww_plugin_option plugin_options[MAX_PLUGIN_OPTIONS];
    size_t nplugin_options;
    bool create_slot, if_not_exists, if_exists, temporary, drop_slot_on_exit;
    ww_lsn startpos, endpos, advance_to;
    bool startpos_given; /* 0/0, too */
    bool until_now;
    int messages, binary; /* -1 default, 0 off, 1 on; binary 2 auto */
    ww_catalog catalog;
    bool catalog_given;
    unsigned proto;       /* 0: default */
    ww_streaming streaming;
    bool assemble_off;
    size_t assemble_memory, spill_limit;
    const char *spill_dir;
    bool two_phase;                      /* stream, slot create */
    bool failover;                       /* slot create */
    int alter_two_phase, alter_failover; /* slot alter: -1 as it is */
    const char *origin;
    const char *file;
    const char *format;
    const char *connector_name;
    const char *input; /* decode: "capture" or "frames" */
    const char *decode_file;
    bool transactions, key, tombstones, schema_events;
    ww_filter_rule rules[MAX_RULES];
    size_t nrules;
    ww_knob settings[MAX_SETTINGS]; /* of the format */
    size_t nsettings;
    ack_mode ack;
    int ack_fd;                     /* received: where acknowledgements come from */
    size_t max_unconfirmed;         /* received; 0: default */
    const char *acks_option;        /* the first option given that only --ack received has */
    bool init;                      /* the file is taken as it is, whatever its position says */
    bool no_loop;
    bool json;
    ww_mono_us status_interval_us, fsync_interval_us, shutdown_timeout_us;
    ww_gather gather;
    ww_mono_us slot_wait_us; /* WW_MONO_NEVER: not given */
    size_t max_message, max_relations_memory;
    const char *trace_file, *oauth_token_file;
    bool log_json;
    int log_level; /* ww_log_level; -1: as -q and -v say */
    const char *metrics_file;
    ww_mono_us metrics_interval_us;
} options;

/* options.c: reads argv from `first` on. false: a message was printed; exit with EXIT_USAGE. */
bool options_read(options *o, unsigned command, int argc, char **argv, int first);
/* together.c: do they go together? Sets what follows from one for another. false: a message was
 * printed. */
bool options_go_together(options *o);
/* Are these options some that go with this plugin (NULL: pgoutput)? false: a message was printed.
 */
bool options_fit_plugin(const options *o, const char *plugin);
bool options_plugin_is_raw(const char *plugin); /* another than pgoutput: text passes through */
/* The options of a command, for help.c: the i-th line's two halves; false at the end. */
bool options_describe(unsigned command, size_t i, const char **heading, char *left, size_t cap,
                      const char **right);

/* rendering.c: how events are written. */
/* Patterns with commas between; the text in argv is cut there. false: too many. */
bool rendering_add_rules(options *o, ww_filter_kind kind, bool exclude, char *list);
/* A format's setting of that name, and its values; NULL if no format has one. */
const char *rendering_find_setting(const char *name, size_t len, const char **values);
bool rendering_is_switch(const char *values); /* true or false: may be given without a value */
/* false: too many. */
bool rendering_set(options *o, const char *name, const char *values, const char *value);
/* Do the options for the format go together? false: a message was printed. */
bool rendering_fits(const options *o);
/* --ack received: do the lines of this format say where each transaction ends? Sees to it that they
 * do where that is a setting. false: a message was printed. */
bool rendering_names_ends(options *o);
/* What the options say to a format; database, types and terminal are the caller's. */
void rendering_configure(const options *o, ww_format_config *config);
/* Would such a format open? Finds what is wrong before anything else is opened or created. */
bool rendering_check(const options *o, ww_error *err);
/* Does it use what only the catalog knows of tables? */
bool rendering_needs_tables(const options *o);

/* help.c */
void help_print(unsigned commands); /* one: all of it; several: what each does; 0: the overview */
void version_print(void);

/* standard.c: the three standard descriptors. Closed ones are opened, so that no file or socket
 * gets their number; what was closed cannot be read or written then either. */
bool standard_open(void);
/* Flushes standard output: `code`, or EXIT_OUTPUT after a message if not all could be written. */
int standard_finish(int code);

/* log.c: standard error, line by line: text for people, or JSON. Nothing else writes there. */
typedef struct log_details { /* what there is beside the message: NULL or "" where there is none */
    const char *error;       /* the class: "data gap" */
    const char *severity, *sqlstate, *server_message; /* the server's */
    const char *detail, *hint;
    ww_lsn lsn; /* 0: none */
} log_details;

/* From the options; until then text, errors and warnings. *o lives on. */
void log_configure(const options *o);
bool log_wants(ww_log_level level);
bool log_is_json(void);
const char *log_level_name(ww_log_level level);
/* One message, raw: it is escaped here. details may be NULL. */
void log_write(ww_log_level level, const char *message, const log_details *details);
/* A line that is redrawn in place, until the next message or NULL. Not among JSON. */
void report_live(const char *line);

/* report.c: what is put into the log. */
void report(const char *format, ...);                        /* an error */
void report_at(ww_log_level level, const char *format, ...); /* of that level */
void report_position(ww_log_level level, ww_lsn lsn, const char *format, ...);
void report_error(const ww_error *err);
/* The same behind what was attempted: 'cannot drop slot "x"'. NULL: nothing. */
void report_failure(const char *attempt, const ww_error *err);
int exit_code_for(const ww_error *err);
int report_and_exit_code(const ww_error *err);
int report_open_failure(const ww_error *err); /* of a connection */
ww_log report_log(const options *o); /* the library's log lines */

/* signals.c: SIGINT and SIGTERM ask for a stop; the second one ends the process. */
bool signals_install(void);
int signals_fd(void);           /* readable once a stop was asked for */
bool signals_stop(void);        /* was it? */
bool signals_any(void);         /* was that, or a hangup, and is not done yet? */
int signals_exit_code(void);    /* 128 + the signal's number */
void signals_acknowledge(void); /* empties the descriptor, so that what follows can wait */
/* From now on SIGHUP asks for a new output file, instead of ending the process. */
bool signals_watch_hangup(void);
int signals_hangup_fd(void); /* readable once that was asked for; -1 before */
void signals_acknowledge_hangup(void);
bool signals_hangup(void);        /* was it? */
void signals_forget_hangup(void); /* it is being done */

/* connection.c: conninfo from arguments and environment; overwrites a password in argv. Anything
 * but EXIT_DONE: a message was printed; exit with it. */
int connection_read(const options *o, ww_conninfo *info);
/* Opens a session, asking for a password where that helps. */
ww_status connection_open(const options *o, ww_conninfo *info, ww_session **out, ww_error *err);
/* Should what failed with err be tried again, now that a password was typed into info? false: err
 * is what to report. */
bool connection_prompt(const options *o, ww_conninfo *info, ww_error *err);

/* prompt.c: a password typed into info. false: there was none; err is set where asking failed for
 * a reason of its own, else as it was. */
bool prompt_terminal(ww_conninfo *info, ww_error *err);
/* The same; without a terminal from standard input. err is always set. */
bool prompt_anywhere(ww_conninfo *info, ww_error *err);

/* dumps.c: core dumps, and other processes of the same user that read our memory: not from the
 * start until the first login is over. */
void dumps_forbid(void);
void dumps_allow(void);

/* trace.c: --trace. false: a message was printed; exit with EXIT_OUTPUT. */
bool trace_open(const options *o);
ww_trace trace_hook(void);

/* The commands; each returns the exit code. */
int command_stream(options *o);
int command_record(options *o);
int command_decode(options *o);
int command_slot(options *o);
int command_info(options *o);

#endif
