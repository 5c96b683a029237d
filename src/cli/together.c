/* SPDX-License-Identifier: MIT */
/* together.c: which options go together, and with which plugin: what the table of options cannot
 * say of one alone. */
#include "cli.h"

#include <string.h>

#define NEEDS_SLOT (CMD_SLOTS & ~(unsigned)CMD_SLOT_LIST)

static bool shows_stream_events(const char *format)
{
    return strcmp(format, "compact") == 0 || strcmp(format, "test_decoding") == 0 ||
           strcmp(format, "none") == 0;
}

bool options_plugin_is_raw(const char *plugin)
{
    return plugin != NULL && strcmp(plugin, "pgoutput") != 0;
}

bool options_fit_plugin(const options *o, const char *plugin)
{
    const char *name = o->pgoutput_option;
    if (!options_plugin_is_raw(plugin))
        return true;
    if (name == NULL && strcmp(o->format, DEFAULT_FORMAT) != 0)
        name = "format";
    if (name == NULL && o->two_phase && !o->create_slot && (o->command & CMD_STREAMS) != 0)
        name = "two-phase";
    if (name != NULL)
        report("--%s goes with the plugin pgoutput, not with %s, whose text passes through as it "
               "is%s",
               name, plugin, o->command == CMD_DECODE ? "" : " (its own options: -o NAME=VALUE)");
    return name == NULL;
}

/* A position is kept for a file that is written by one slot's stream and nothing else. */
static bool keeps_no_position(const options *o)
{
    return o->file == NULL || strcmp(o->file, "-") == 0 || o->slot == NULL || o->temporary ||
           o->ack != ACK_AUTO;
}

static bool check_delivery(options *o)
{
    if (o->acks_option != NULL && o->ack != ACK_RECEIVED) {
        report("%s goes with --ack received", o->acks_option);
        return false;
    }
    if (o->init && keeps_no_position(o)) {
        report("--init is for an output file whose position is kept: -f FILE, a slot of its own "
               "(-S), and --ack auto");
        return false;
    }
    return o->ack != ACK_RECEIVED || rendering_names_ends(o);
}

/* What the table cannot say of one option alone. */
static bool check_together(const options *o)
{
    const char *wrong = NULL;
    if (!options_fit_plugin(o, o->plugin) || !rendering_fits(o))
        return false;
    if (o->conninfo_twice)
        wrong = "two connection strings: give one, behind -d or without it (host, port and user "
                "have options of their own)";
    else if ((o->command & NEEDS_SLOT) != 0 && o->slot == NULL)
        wrong = "this command needs a slot: -S NAME";
    else if (o->command == CMD_SLOT_ADVANCE && o->advance_to == 0)
        wrong = "slot advance needs the position to move to: --to LSN";
    else if (o->command == CMD_SLOT_ALTER && o->alter_two_phase < 0 && o->alter_failover < 0)
        wrong = "slot alter needs something to alter: --two-phase on|off, --failover on|off";
    else if (o->assemble_off && !shows_stream_events(o->format))
        wrong = "--assemble off needs a format that shows uncommitted transactions as such: "
                "compact, test_decoding or none";
    else if (o->endpos != 0 && o->until_now)
        wrong = "--endpos and --until-now exclude each other";
    else if (o->slot == NULL && (o->create_slot || o->drop_slot_on_exit) &&
             (o->command & CMD_STREAMS) != 0)
        wrong = "--create-slot and --drop-slot-on-exit need a slot: -S NAME";
    else if (o->temporary && !o->create_slot && (o->command & CMD_STREAMS) != 0)
        wrong = "--temporary goes with --create-slot (without -S the slot is temporary anyway)";
    else if (o->if_not_exists && !o->create_slot && (o->command & CMD_STREAMS) != 0)
        wrong = "--if-not-exists goes with --create-slot";
    else if (o->never_prompt && o->force_prompt)
        wrong = "-w and -W exclude each other";
    else if (o->trace_file != NULL && strcmp(o->trace_file, "-") == 0)
        wrong = "--trace needs a file: it cannot go to standard output";
    else if (o->command == CMD_RECORD && (o->file == NULL || strcmp(o->file, "-") == 0))
        wrong = "record needs a file: -f FILE";
    else if (o->command == CMD_DECODE && o->decode_file == NULL)
        wrong = "decode needs a capture file (- is standard input)";
    if (wrong != NULL)
        report("%s", wrong);
    return wrong == NULL;
}

bool options_go_together(options *o)
{
    return check_together(o) && check_delivery(o);
}
