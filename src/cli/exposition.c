/* SPDX-License-Identifier: MIT */
/* exposition.c: metrics as text, version 0.0.4 of Prometheus' format: for each family what it is,
 * its type, and its samples. */
#include "metrics.h"

#include "base/out.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static void put(ww_out *out, const char *text)
{
    ww__out_put(out, text, strlen(text));
}

/* A label's value. What could hurt a terminal, and what is not UTF-8, which Prometheus refuses, is
 * escaped once more. */
static void put_label(ww_out *out, ww_slice text)
{
    while (text.len > 0) {
        uint32_t code = 0;
        size_t n = ww__utf8_decode(text.ptr, text.len, &code);
        ww_slice one = {text.ptr, n > 0 ? n : 1};
        char shown[16];
        if (code == '\n') {
            put(out, "\\n");
        } else if (code == '\\' || code == '"') {
            ww__out_byte(out, '\\');
            ww__out_byte(out, (char)code);
        } else if (n == 0 || ww__is_unsafe(code)) {
            ww_text_escape(one, shown, sizeof shown);
            put(out, "\\");
            put(out, shown);
        } else {
            ww__out_put(out, one.ptr, one.len);
        }
        text.ptr += one.len;
        text.len -= one.len;
    }
}

static void begin_family(ww_out *out, const char *name, const char *type, const char *help)
{
    put(out, "# HELP walwire_");
    put(out, name);
    put(out, " ");
    put(out, help);
    put(out, "\n# TYPE walwire_");
    put(out, name);
    put(out, " ");
    put(out, type);
    put(out, "\n");
}

static void begin_sample(ww_out *out, const char *name)
{
    put(out, "walwire_");
    put(out, name);
}

static void end_sample(ww_out *out, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, " %llu\n", (unsigned long long)value);
    put(out, text);
}

static void put_one(ww_out *out, const char *name, const char *type, const char *help,
                    uint64_t value)
{
    begin_family(out, name, type, help);
    begin_sample(out, name);
    end_sample(out, value);
}

static void put_gauge(ww_out *out, const char *name, const char *help, uint64_t value)
{
    put_one(out, name, "gauge", help, value);
}

static void put_counter(ww_out *out, const char *name, const char *help, uint64_t value)
{
    put_one(out, name, "counter", help, value);
}

static void put_seconds(ww_out *out, const char *name, const char *help, int64_t us)
{
    char text[40];
    begin_family(out, name, "gauge", help);
    begin_sample(out, name);
    if (us < 0) /* clocks disagree */
        us = 0;
    snprintf(text, sizeof text, " %lld.%06lld\n", (long long)(us / 1000000),
             (long long)(us % 1000000));
    put(out, text);
}

static void put_pair(ww_out *out, const char *separator, const char *label, ww_slice value)
{
    put(out, separator);
    put(out, label);
    put(out, "=\"");
    put_label(out, value);
    put(out, "\"");
}

/* ---- what runs ------------------------------------------------------------------------------ */

static void put_info(const ww_client_info *info, ww_out *out)
{
    begin_family(out, "info", "gauge", "What runs, and against what: always 1.");
    begin_sample(out, "info");
    put_pair(out, "{", "version", ww_slice_of(ww_version()));
    put_pair(out, ",", "slot", ww_slice_of(info->slot));
    put_pair(out, ",", "plugin", ww_slice_of(info->plugin));
    put_pair(out, ",", "database", ww_slice_of(info->system.database));
    put_pair(out, ",", "address", ww_slice_of(info->session.address));
    put_pair(out, ",", "server_version", ww_slice_of(info->session.server_version));
    put_pair(out, ",", "tls", ww_slice_of(info->session.tls_version));
    put(out, "}");
    end_sample(out, 1);
}

static void put_process(const metrics *m, bool up, ww_out *out)
{
    put_gauge(out, "up", "1 while the stream runs; 0 once it has ended.", up);
    put_seconds(out, "start_time_seconds", "When the command started, in seconds since 1970.",
                m->started.us + (int64_t)WW_PG_EPOCH_UNIX_US);
}

static void put_connection(const ww_client_info *info, const ww_stream_counters *counters, bool up,
                           ww_out *out)
{
    put_gauge(out, "connected", "1 while there is a connection to the server.",
              up && info->connected);
    put_counter(out, "reconnects_total", "Connections made again after one was lost.",
                info->reconnects);
    if (info->heard_at != 0)
        put_seconds(out, "last_message_age_seconds", "Since the server sent something.",
                    (int64_t)(ww_clock_mono() - info->heard_at));
    put_counter(out, "keepalives_total", "Keepalives received.", counters->keepalives);
    put_counter(out, "feedbacks_total", "Status updates sent.", counters->feedbacks);
}

/* ---- what was counted ----------------------------------------------------------------------- */

static void put_events(ww_out *out, ww_slice kind, ww_slice schema, ww_slice table, uint64_t count)
{
    if (count == 0)
        return;
    begin_sample(out, "events_total");
    put_pair(out, "{", "kind", kind);
    put_pair(out, ",", "schema", schema);
    put_pair(out, ",", "table", table);
    put(out, "}");
    end_sample(out, count);
}

/* "STREAM_ABORT" as "stream_abort". */
static ww_slice name_kind(int kind, char room[32])
{
    const char *name = ww_event_kind_name(kind);
    size_t len = 0;
    for (; name[len] != '\0' && len < 31; len++)
        room[len] = (char)(name[len] >= 'A' && name[len] <= 'Z' ? name[len] + 32 : name[len]);
    room[len] = '\0';
    return ww_slice_of(room);
}

static void put_table(const metrics_table *t, ww_out *out)
{
    static const int kinds[] = {WW_EV_INSERT, WW_EV_UPDATE, WW_EV_DELETE, WW_EV_TRUNCATE,
                                WW_EV_RELATION};
    char room[32];
    size_t i;
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        put_events(out, name_kind(kinds[i], room), t->schema, t->name,
                   t->counts[METRICS_OP(kinds[i])]);
}

static void put_counts(const metrics *m, ww_out *out)
{
    ww_slice none = {NULL, 0};
    char room[32];
    size_t i;
    int kind;
    begin_family(out, "events_total", "counter",
                 "Events received in whole or open transactions, before filters.");
    for (kind = 0; kind < 128; kind++)
        put_events(out, name_kind(kind, room), none, none, m->others_of_kind[kind]);
    put_events(out, ww_slice_of("text"), none, none, m->texts);
    for (i = 0; i < m->ntables; i++)
        put_table(m->tables[i], out);
    put_counter(out, "units_total",
                "What is acknowledged as one: transactions and messages outside of them.",
                m->units);
    put_counter(out, "output_bytes_total", "Bytes that the output has taken.", m->out->taken);
}

static void put_received(const ww_client_info *info, const ww_stream *stream, ww_out *out)
{
    put_counter(out, "wal_bytes_total", "Bytes of the plugin's messages received.",
                stream->counters.wal_bytes);
    put_counter(out, "wal_messages_total", "The plugin's messages received.",
                stream->counters.wal_messages);
    put_gauge(out, "open_streams", "Large transactions that are received before they commit.",
              ww_stream_open_streams(stream));
    put_counter(out, "spilled_bytes_total", "Bytes of them that went to the spill file.",
                info->spilled_bytes);
}

static void put_oddities(const ww_stream_counters *c, ww_out *out)
{
    const struct {
        const char *kind;
        uint64_t count;
    } all[] = {{"stray_stream_abort", c->stray_stream_aborts},
               {"stray_prepare", c->stray_prepares},
               {"unknown_prepared", c->unknown_prepared},
               {"empty_wal_data", c->empty_wal_data},
               {"unknown_copy_data", c->unknown_copy_data}};
    size_t i;
    begin_family(out, "oddities_total", "counter",
                 "What servers are known to send although they should not.");
    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        begin_sample(out, "oddities_total");
        put_pair(out, "{", "kind", ww_slice_of(all[i].kind));
        put(out, "}");
        end_sample(out, all[i].count);
    }
}

/* ---- where it stands ------------------------------------------------------------------------ */

static void put_positions(const metrics *m, const ww_client_info *info, const ww_stream *stream,
                          ww_out *out)
{
    ww_lsn received = ww_stream_received(stream), told = ww_stream_reported(stream);
    ww_lsn from = told != 0 ? told : info->start_lsn;
    put_gauge(out, "received_lsn", "The end of the server's WAL, as it said last.", received);
    put_gauge(out, "flushed_lsn", "What may be acknowledged: all before it is delivered.",
              ww_stream_flush(stream));
    put_gauge(out, "acknowledged_lsn", "What the server was told last; 0 if nothing.", told);
    put_gauge(out, "saved_lsn", "What the position beside the output says; 0 if there is none.",
              info->saved);
    put_gauge(out, "lag_bytes", "received_lsn less acknowledged_lsn.",
              received > from ? received - from : 0);
    put_seconds(out, "lag_seconds",
                "Age of the last transaction received; 0 if all is acknowledged.",
                output_lag_us(m->out, stream));
    put_gauge(out, "unconfirmed_units",
              "Units not yet delivered (exact with --ack received, else 1 for any).",
              ww_stream_unconfirmed(stream));
}

/* Why the acknowledgement of an idle stream does not follow the server's WAL. */
static const char *find_block(const metrics *m, const ww_stream *stream)
{
    if (m->o->ack == ACK_NONE)
        return "never";
    if (ww_stream_in_transaction(stream))
        return "transaction";
    if (ww_stream_unconfirmed(stream) > 0)
        return "unconfirmed";
    return ww_stream_idle(stream) ? "none" : "undelivered";
}

static void put_idle_advance(const metrics *m, const ww_stream *stream, ww_out *out)
{
    static const char *const rules[] = {"none", "transaction", "unconfirmed", "undelivered",
                                        "never"};
    const char *block = find_block(m, stream);
    size_t i;
    begin_family(out, "idle_advance", "gauge",
                 "1 for what keeps the acknowledgement from following the server's WAL.");
    for (i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        begin_sample(out, "idle_advance");
        put_pair(out, "{", "blocked_by", ww_slice_of(rules[i]));
        put(out, "}");
        end_sample(out, strcmp(block, rules[i]) == 0);
    }
}

void metrics_write_text(const metrics *m, const ww_client *client, bool up, ww_out *out)
{
    const ww_stream *stream;
    ww_client_info info;
    if (client == NULL) {
        put_process(m, up, out);
        return;
    }
    stream = ww_client_stream(client);
    ww_client_describe(client, &info);
    put_info(&info, out);
    put_process(m, up, out);
    put_connection(&info, &stream->counters, up, out);
    put_counts(m, out);
    put_received(&info, stream, out);
    put_positions(m, &info, stream, out);
    put_idle_advance(m, stream, out);
    put_oddities(&stream->counters, out);
}
