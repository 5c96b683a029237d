/* SPDX-License-Identifier: MIT */
/* acks.h: --ack received: what the consumer says it has, line by line. */
#ifndef WALWIRE_CLI_ACKS_H
#define WALWIRE_CLI_ACKS_H

#include "cli.h"

#define ACKS_LINE_MAX 40u

/* All zero but for fd -1: acknowledgements are not read. */
typedef struct acks {
    bool on;
    int fd;              /* -1: nothing more comes */
    bool ended;          /* there was an end of file */
    bool bad;            /* a line was wrong: nothing is acknowledged any more */
    size_t window;       /* --max-unconfirmed */
    ww_mono_us heard_at; /* the last acknowledgement */
    ww_lsn handed_out;   /* the highest unit */
    ww_lsn ahead;        /* acknowledged before it came, and not reached yet; 0: nothing */
    bool begun;          /* a unit was acknowledged that had come: from here on no other may be */
    char line[ACKS_LINE_MAX + 1];
    size_t len;
} acks;

/* ERR_USAGE if the descriptor cannot be read. */
ww_status acks_open(acks *a, const options *o, ww_error *err);
/* Takes what is there, without waiting, and confirms it to the client. ERR_IO, final: a line that
 * is no position, or none of what was handed out; the subject is the line. The first one may be a
 * position that the stream has yet to come to: the consumer has it from an earlier run, of which
 * the server knows less. */
ww_status acks_read(acks *a, ww_client *client, ww_error *err);
/* A unit is handed out. What was acknowledged before it came is confirmed now. */
void acks_unit(acks *a, ww_client *client, ww_lsn unit);
/* At a clean end: a warning if the stream never came to what was acknowledged first. */
void acks_warn_ahead(const acks *a, const ww_client *client);
/* Units that were handed out and wait for their acknowledgement. */
size_t acks_waiting(const acks *a, const ww_client *client);
/* So many that nothing more is to be read from the server. */
bool acks_full(const acks *a, const ww_client *client);
/* Some wait, and nobody can acknowledge them any more. */
bool acks_over(const acks *a, const ww_client *client);

#endif
