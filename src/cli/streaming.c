/* SPDX-License-Identifier: MIT */
/* streaming.c: the loop that stream and record share: events in, bytes out, acknowledgements back,
 * and every way it can end. */
#include "streaming.h"

#include <stdio.h>
#include <string.h>

#define STOP_US UINT64_C(5000000) /* how long the server may take to end the stream */
#define PEEK_EVERY 64u            /* events between two looks at what does not press */
#define LOOK_EVERY 4096u          /* events between two looks at the clock while busy */

/* ---- start ---------------------------------------------------------------------------------- */

bool streaming_is_raw(const streaming *s)
{
    return options_plugin_is_raw(s->o->plugin);
}

static void configure(const streaming *s, ww_client_config *config)
{
    const options *o = s->o;
    ww_client_config init = WW_CLIENT_CONFIG_INIT;
    *config = init;
    config->parsed = &s->info;
    config->slot = o->slot;
    config->plugin = o->plugin;
    config->raw = streaming_is_raw(s);
    config->proto_version = o->proto;
    config->streaming = o->streaming;
    config->two_phase = o->two_phase;
    config->stream_events = o->assemble_off || o->command == CMD_RECORD;
    config->assemble_memory = o->assemble_memory;
    config->spill_dir = o->spill_dir;
    config->spill_limit = o->spill_limit;
    config->publication_list = o->publications;
    config->npublications = o->npublications;
    config->options = o->plugin_options;
    config->noptions = o->nplugin_options;
    config->create_slot = o->create_slot;
    config->if_not_exists = o->if_not_exists;
    config->temporary = o->temporary;
    config->start_lsn = o->startpos;
    config->end_lsn = o->endpos;
    config->until_now = o->until_now;
    config->messages = o->messages;
    config->binary = o->binary;
    config->binary_any = o->command == CMD_RECORD; /* bytes are bytes */
    config->catalog = o->catalog;
    config->origin = o->origin;
    config->confirm_mode = o->ack == ACK_RECEIVED ? WW_CONFIRM_EACH : WW_CONFIRM_THROUGH;
    config->max_unconfirmed = s->out.acks.window;
    config->positions = kept_store(&s->out.kept);
    config->position_init = o->init;
    config->confirm_none = o->ack == ACK_NONE;
    config->no_reconnect = o->no_loop || o->temporary;
    config->slot_wait_us = o->slot_wait_us;
    config->max_message = o->max_message;
    config->max_relations_memory = o->max_relations_memory;
    config->status_interval_us = o->status_interval_us;
    config->gather = o->gather;
    config->nonblocking = true;
    config->wake_fd = signals_fd();
    config->log = report_log(o);
    config->trace = trace_hook();
    config->oauth_token_file = o->oauth_token_file;
}

static bool open_client(streaming *s, ww_error *err)
{
    ww_client_config config;
    configure(s, &config);
    s->client = ww_client_open(&config, err);
    if (s->client == NULL && connection_prompt(s->o, &s->info, err))
        s->client = ww_client_open(&config, err);
    if (s->client != NULL)
        dumps_allow();
    s->out.client = s->client;
    s->out.live = &s->live;
    s->out.raw = streaming_is_raw(s);
    return s->client != NULL;
}

static const char *const streaming_words[] = {"default", "off", "on", "parallel"};

static const char *on_off(bool value)
{
    return value ? "on" : "off";
}

static void say_started(const streaming *s)
{
    ww_client_info info;
    char start[WW_LSN_TEXT_SIZE], end[WW_LSN_TEXT_SIZE];
    if (!log_wants(WW_LOG_INFO))
        return;
    ww_client_describe(s->client, &info);
    ww_lsn_format(info.start_lsn, start);
    ww_lsn_format(info.end_lsn, end);
    report_position(WW_LOG_INFO, info.start_lsn,
                    "streaming from %s: PostgreSQL %s%s%s, slot \"%s\"%s, from %s%s%s",
                    info.session.address, info.session.server_version,
                    info.session.tls_version[0] != '\0' ? ", " : "", info.session.tls_version,
                    info.slot, info.temporary_slot ? " (temporary)" : "", start,
                    info.end_lsn != 0 ? " until " : "", info.end_lsn != 0 ? end : "");
    if (!s->out.raw)
        report_at(WW_LOG_INFO,
                  "pgoutput protocol %u, streaming %s, binary %s, messages %s, two-phase %s",
                  info.proto_version, streaming_words[info.streaming], on_off(info.binary),
                  on_off(info.messages), on_off(info.two_phase));
    report_at(WW_LOG_INFO, "status every %.1f s", (double)info.status_interval_us / 1e6);
    report_at(WW_LOG_DEBUG, "system %llu, timeline %lu, database \"%s\"; options %s",
              (unsigned long long)info.system.system_id, (unsigned long)info.system.timeline,
              info.system.database, info.options);
}

/* ---- the loop ------------------------------------------------------------------------------- */

typedef enum outcome { GO_ON, REACHED_END, STOPPED, STREAM_FAILED, OUTPUT_FAILED } outcome;

static bool is_connected(const streaming *s)
{
    ww_client_info info;
    ww_client_describe(s->client, &info);
    return info.connected;
}

/* Is half a transaction on its way into what cannot be cut? */
static bool is_halfway(const streaming *s)
{
    return s->in_transaction && ww_sink_kind_of(s->out.sink) != WW_SINK_FILE;
}

/* After a signal: at once between transactions, and into a file, which is cut at the last whole
 * unit; elsewhere the transaction under way is finished, as long as the sink takes it and there is
 * a connection that its rest can come by. */
static bool may_stop(streaming *s)
{
    if (!output_stop_asked(&s->out))
        return false;
    return !is_halfway(s) || !is_connected(s) || ww_clock_mono() >= s->out.give_up_at;
}

static outcome take_event(streaming *s, const ww_event *ev, ww_error *err)
{
    uint64_t before = output_offset(&s->out);
    ww_lsn unit;
    s->in_transaction = ww_stream_in_transaction(ww_client_stream(s->client));
    s->busy++;
    if (!s->take(s, ev, err))
        return s->out.error.status < 0 ? OUTPUT_FAILED : STREAM_FAILED;
    unit = ww_event_unit_lsn(ev);
    if (unit != 0 && output_offset(&s->out) == before)
        output_mark_empty(&s->out, unit);
    if (unit != 0) {
        output_received(&s->out, ev->commit_time.us != 0 ? ev->commit_time : ev->sent_at);
        output_mark(&s->out, unit);
    }
    if (ev->kind == WW_EV_RELATION)
        watch_relation(ev);
    live_count(&s->live, s->client, ev, unit);
    return GO_ON;
}

/* Another plugin's message: what was received up to it counts once it is delivered. */
static outcome take_wal(streaming *s, ww_error *err)
{
    s->busy++;
    if (!s->take(s, NULL, err))
        return s->out.error.status < 0 ? OUTPUT_FAILED : STREAM_FAILED;
    output_received(&s->out, ww_client_wal(s->client)->sent_at);
    output_mark(&s->out, ww_stream_received(ww_client_stream(s->client)));
    live_count(&s->live, s->client, NULL, 0);
    return GO_ON;
}

/* Nothing is to be had, or to be taken, before something happens. A server that asks is told the
 * news at once. listening: the next step looks at the server; else it hears from us here, and its
 * silence meanwhile counts for nothing. */
static outcome rest(streaming *s, bool listening)
{
    bool asked = ww_stream_asked(ww_client_stream(s->client));
    s->busy = 0;
    if (!output_settle(&s->out, asked))
        return OUTPUT_FAILED;
    live_update(&s->live, s->client);
    if (!output_wait(&s->out))
        return OUTPUT_FAILED;
    return listening || output_feedback(&s->out) ? GO_ON : OUTPUT_FAILED;
}

static outcome step(streaming *s, ww_error *err)
{
    ww_event ev;
    ww_wal_msg wal;
    bool raw = s->out.raw;
    ww_status st;
    if (output_full(&s->out))
        return rest(s, false);
    st = raw ? ww_client_next_wal(s->client, &wal, err) : ww_client_next(s->client, &ev, err);
    if (st == WW_OK)
        return raw ? take_wal(s, err) : take_event(s, &ev, err);
    if (st == WW_END)
        return REACHED_END;
    if (st == WW_ERR_CANCELLED)
        return GO_ON; /* by a signal, which is looked at before the next step */
    if (st < 0)
        return s->out.error.status < 0 ? OUTPUT_FAILED : STREAM_FAILED;
    return rest(s, true);
}

/* A large transaction is no reason for silence. Only while there is always more at hand: who waits
 * for the server must not take its silence for his own (ww_client_feedback()). */
static bool look_around(streaming *s)
{
    if (s->busy < LOOK_EVERY)
        return true;
    s->busy = 0;
    return output_settle(&s->out, false) && output_feedback(&s->out);
}

static outcome run_loop(streaming *s, ww_error *err)
{
    outcome result = GO_ON;
    while (result == GO_ON) {
        if (s->busy % PEEK_EVERY == 0 || output_is_pressed(&s->out)) {
            if (may_stop(s))
                return STOPPED;
            if (!output_reopen(&s->out) || !look_around(s))
                return OUTPUT_FAILED;
        }
        result = step(s, err);
    }
    return result;
}

/* ---- the end -------------------------------------------------------------------------------- */

/* After the end there may be no connection any more, and with it no count of its calls. */
static void say_gathered(const streaming *s)
{
    static const char *const paths[] = {"as it comes", "Unix socket", "near", "far"};
    const ww_stream_counters *counters = &ww_client_stream(s->client)->counters;
    ww_client_info info;
    const ww_client_gathering *g = &info.gathering;
    if (!log_wants(WW_LOG_DEBUG))
        return;
    ww_client_describe(s->client, &info);
    report_at(WW_LOG_DEBUG,
              "received %llu messages in %llu calls (%s); %llu naps of %.3f ms, %.3f ms would be "
              "allowed; small window %s, %llu stalls",
              (unsigned long long)counters->wal_messages, (unsigned long long)g->recv_calls,
              paths[g->path], (unsigned long long)g->naps,
              g->naps > 0 ? (double)g->napped_us / 1e3 / (double)g->naps : 0.0,
              (double)g->longest_us / 1e3, on_off(g->small_window),
              (unsigned long long)g->stalls);
}

/* What the consumer has acknowledged holds, whatever became of the output. */
static int end_without_output(streaming *s)
{
    if (output_tidy(&s->out))
        ww_client_stop(s->client, ww_clock_mono() + STOP_US, NULL);
    return output_exit_code(&s->out);
}

/* Whoever stops without a connection stops in order, although nobody can be told. */
static int end_stream(streaming *s, ww_error *err)
{
    bool connected = is_connected(s);
    if (ww_client_stop(s->client, ww_clock_mono() + STOP_US, err) >= 0)
        return EXIT_DONE;
    if (s->out.error.status < 0)
        return output_exit_code(&s->out);
    if (!connected) {
        report_at(WW_LOG_WARNING, "stopped while the connection was lost: the server was not told "
                                  "what was delivered last, which may come again");
        return EXIT_DONE;
    }
    report("the stream's end was not confirmed by the server; what was acknowledged last may be "
           "delivered again");
    return report_and_exit_code(err);
}

static int end_cleanly(streaming *s, ww_error *err)
{
    int code;
    if ((s->end != NULL && !s->end(s)) || !output_finish(&s->out))
        return end_without_output(s);
    signals_acknowledge(); /* a signal that came meanwhile asked for what we are doing */
    code = end_stream(s, err);
    if (code != EXIT_DONE)
        return code;
    if (!output_acknowledged(&s->out))
        return EXIT_OUTPUT;
    if (s->o->drop_slot_on_exit && ww_client_drop_slot(s->client, err) < 0)
        return report_and_exit_code(err);
    return EXIT_DONE;
}

/* The failure is told first: a reader that takes nothing must not hide it. */
static int end_failed(streaming *s, const ww_error *err)
{
    int code = report_and_exit_code(err);
    ww_client_info info;
    ww_client_describe(s->client, &info);
    output_salvage(&s->out);
    return info.spill_failed ? EXIT_OUTPUT : code;
}

/* The reader has a part of a transaction: that is no clean end. What it has whole still counts. */
static int end_halfway(streaming *s)
{
    bool connected = is_connected(s);
    report("the transaction under way could not be finished: %s; it comes again, whole",
           connected ? "the server has not sent all of it within --shutdown-timeout"
                     : "the connection is lost");
    signals_acknowledge();
    if (connected && output_settle(&s->out, true))
        ww_client_stop(s->client, ww_clock_mono() + STOP_US, NULL);
    output_salvage(&s->out);
    return EXIT_CONNECTION;
}

static int finish(streaming *s, outcome result, ww_error *err)
{
    live_stop(&s->live, s->client);
    say_gathered(s);
    if (result == STOPPED)
        report_at(WW_LOG_INFO, "stopping, as a signal asked for");
    switch (result) {
    case STOPPED:
        return is_halfway(s) ? end_halfway(s) : end_cleanly(s, err);
    case REACHED_END:
        return end_cleanly(s, err);
    case OUTPUT_FAILED:
        return end_without_output(s);
    default:
        return end_failed(s, err);
    }
}

static void say_ended(const streaming *s, int code)
{
    ww_lsn told = ww_stream_reported(ww_client_stream(s->client));
    char lsn[WW_LSN_TEXT_SIZE];
    ww_lsn_format(told, lsn);
    report_position(WW_LOG_INFO, told, "ended with exit code %d; acknowledged: %s", code,
                    told != 0 ? lsn : "nothing");
}

int streaming_run(streaming *s)
{
    ww_error err;
    int code;
    code = connection_read(s->o, &s->info);
    if (code != EXIT_DONE)
        return code;
    ww_error_clear(&err);
    live_init(&s->live, s->o, &s->out);
    if (!output_open(&s->out, s->o)) {
        code = output_exit_code(&s->out);
    } else if (!open_client(s, &err)) {
        code = s->out.error.status < 0 ? output_exit_code(&s->out) : report_open_failure(&err);
    } else {
        say_started(s);
        live_begin(&s->live, s->client);
        if (s->begin != NULL && !s->begin(s, &err))
            code = report_and_exit_code(&err);
        else
            code = finish(s, run_loop(s, &err), &err);
        say_ended(s, code);
    }
    live_close(&s->live, s->client);
    output_close(&s->out);
    ww_client_close(s->client);
    ww_conninfo_fini(&s->info);
    return code;
}
