/* SPDX-License-Identifier: MIT */
/* drive.h: pgoutput messages through decoder and format, with what the stream room would fill in:
 *
 *     drive d;
 *     drive_open(&d, "compact", 0);
 *     enc_begin(&d.e, 0x100, 0, 700);
 *     drive_send(&d);
 *     ... drive_output(&d) ...
 *     drive_close(&d);
 *
 * WAL positions and send times follow from the number of messages alone. */
#ifndef WALWIRE_TESTS_FORMAT_DRIVE_H
#define WALWIRE_TESTS_FORMAT_DRIVE_H

#include "check.h"
#include "encode.h"

#include <walwire/format.h>

#define DRIVE_TRANSACTIONS 1u
#define DRIVE_TERMINAL 2u
#define DRIVE_SCHEMA 4u
#define DRIVE_KEYS 8u
#define DRIVE_ENDS 16u

typedef struct drive {
    check_alloc memory, out_memory;
    ww_relcache *relations;
    ww_decoder decoder;
    ww_format *format;
    ww_out out;
    enc e;
    ww_error err;
    ww_status status;   /* of the last drive_send() */
    uint64_t sent;
    ww_event now;       /* the transaction that is open, in the members of the stream room */
    char gid[64];
} drive;

/* flags: DRIVE_*. Everything is zeroed, out grows. */
ww_status drive_open(drive *d, const char *format, unsigned flags);
/* The same with this configuration, but for its allocator and database. */
ww_status drive_open_config(drive *d, const ww_format_config *config);
void drive_close(drive *d);
/* Decodes what is in d->e, renders the event, clears d->e. */
ww_status drive_send(drive *d);
/* Renders an event that was decoded or made elsewhere. */
ww_status drive_render(drive *d, const ww_event *ev);
ww_slice drive_output(const drive *d);
/* The last line of it, without line feed. */
ww_slice drive_last_line(const drive *d);
void drive_forget(drive *d);

#endif
