/* SPDX-License-Identifier: MIT */
/* output.h: from rendered bytes to a sink, and back to the server as acknowledgements. */
#ifndef WALWIRE_CLI_OUTPUT_H
#define WALWIRE_CLI_OUTPUT_H

#include "cli.h"

#include "sink/marks.h"

/* One stream on its way out. Bytes go to `out`; when its buffer is full, or the stream goes quiet,
 * they go on to the sink. While the sink blocks, status updates go on. */
typedef struct output {
    const options *o;
    ww_client *client; /* NULL: offline (decode) */
    bool raw;          /* another plugin's stream: confirmed by position, not by unit */
    ww_sink *sink;
    ww_out out;
    uint8_t *buffer;
    uint64_t unit_offset;  /* where the last whole unit ends */
    uint64_t taken;        /* bytes that the sink has */
    ww__marks marks;       /* units that the sink does not have whole */
    ww_lsn confirmed;      /* told the client last */
    ww_mono_us give_up_at; /* after a stop was asked for */
    bool signal_noted;
    ww_error error; /* first failure of the sink */
} output;

bool output_open(output *w, const options *o);
void output_close(output *w);

/* Another plugin's text: a line, as pg_recvlogical writes it. For a terminal control characters
 * other than line feed and tab are escaped. false: failed. */
bool output_put_text(output *w, ww_slice text);
/* The unit that ends with the bytes added so far. */
void output_mark(output *w, ww_lsn unit);
/* The stream is quiet: hands over what the sink takes, syncs, confirms what was delivered. false:
 * failed. */
bool output_settle(output *w, bool idle);
/* Waits for the server, the sink, a signal or the next deadline. */
bool output_wait(output *w);
/* If a signal has asked for a stop: from now on the sink is waited for at most 10 s. */
void output_note_signal(output *w);
/* File: drops what belongs to no whole unit; elsewhere nothing. false: failed. */
bool output_cut(output *w);
/* Everything out (into a file: of whole units) and, as far as the sink can say, delivered; waits
 * for that, after a signal at most 10 s. false: failed. */
bool output_finish(output *w);
/* After a failure of the stream, when nothing can be acknowledged any more: writes what is there of
 * whole units, and waits at most 10 s for the sink to take it. */
void output_salvage(output *w);
/* The exit code after a failure; says what happened unless the reader just left. */
int output_exit_code(const output *w);

#endif
