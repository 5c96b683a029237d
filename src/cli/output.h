/* SPDX-License-Identifier: MIT */
/* output.h: from rendered bytes to a sink, and back to the server as acknowledgements. */
#ifndef WALWIRE_CLI_OUTPUT_H
#define WALWIRE_CLI_OUTPUT_H

#include "acks.h"
#include "kept.h"

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
    acks acks;             /* --ack received */
    kept_position kept;    /* the file's position */
    ww_mono_us give_up_at; /* after a stop was asked for */
    bool signal_noted;
    ww_mono_us say_waiting_at; /* after a signal: what is waited for is worth a word then */
    ww_mono_us asked_first, asked_last; /* the server, which wants to shut down */
    bool asking_told;
    ww_pg_time last_commit; /* of the last unit received */
    struct live *live; /* NULL: nothing to keep up to date while waiting */
    ww_error error;    /* first failure of the sink */
} output;

/* The output may keep a pointer to itself: *w does not move. false: failed. */
bool output_open(output *w, const options *o);
void output_close(output *w);

/* Another plugin's text: a line, as pg_recvlogical writes it. For a terminal control characters
 * other than line feed and tab are escaped. false: failed. */
bool output_put_text(output *w, ww_slice text);
/* How many bytes were added so far. */
uint64_t output_offset(const output *w);
/* The unit that ends with the bytes added so far. */
void output_mark(output *w, ww_lsn unit);
/* When the unit that came last was committed: how far behind we are is told by it. */
void output_received(output *w, ww_pg_time committed);
/* Its age; 0 where there is none, or all there is was delivered and acknowledged. */
int64_t output_lag_us(const output *w, const ww_stream *stream);
/* That unit has no line that could be acknowledged (filters left it empty): it counts as delivered
 * as soon as all before it are. Only --ack received knows of such. */
void output_mark_empty(output *w, ww_lsn unit);
/* The stream is quiet: hands over what the sink takes, syncs, confirms what was delivered. false:
 * failed. */
bool output_settle(output *w, bool idle);
/* Waits for the server, the sink, acknowledgements, a signal or the next deadline. false: failed.
 */
bool output_wait(output *w);
/* A status update if one is due; for those who do not listen meanwhile: the server's silence counts
 * for nothing then. false: the position cannot be saved, or the acknowledgements are wrong. */
bool output_feedback(output *w);
/* --ack received: so much is unacknowledged that nothing more is to be read from the server. */
bool output_full(const output *w);
/* Has a signal asked for a stop, or can nobody acknowledge any more? From the first time on the
 * sink is waited for at most --shutdown-timeout. */
bool output_stop_asked(output *w);
/* Is there a signal, or the end of acknowledgements, that each event has to be asked about? */
bool output_is_pressed(const output *w);
/* SIGHUP: opens the file anew, if whole units are all that was added so far. false: failed. */
bool output_reopen(output *w);
/* File: drops what belongs to no whole unit; elsewhere nothing. false: failed. */
bool output_cut(output *w);
/* Everything out (into a file: of whole units) and, as far as the sink can say, delivered; waits
 * for that, after a signal at most --shutdown-timeout; for acknowledgements at most so long after
 * the last one. false: failed. */
bool output_finish(output *w);
/* Is everything acknowledged that has to be? false: a message says how much is not. */
bool output_acknowledged(const output *w);
/* After a failure of the stream, when nothing can be acknowledged any more: writes what is there of
 * whole units, and waits at most --shutdown-timeout for the sink to take it. */
void output_salvage(output *w);
/* After a failure of the output: a file ends with a whole unit, if that can still be done, and the
 * acknowledgements that have come are taken. true: the server is to be told of them. */
bool output_tidy(output *w);
/* The exit code after a failure; says what happened unless the reader just left. */
int output_exit_code(const output *w);

#endif
