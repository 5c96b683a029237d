/* SPDX-License-Identifier: MIT */
/* fake_server.h: a server of our own, in a child process on a Unix socket. It logs anybody in,
 * answers the client's questions about a slot "s" and a publication, starts streaming, plays the
 * frames it was given, and does what the test wants at the end. What flush positions it was told
 * comes back through a pipe. */
#ifndef WALWIRE_TESTS_FAKE_SERVER_H
#define WALWIRE_TESTS_FAKE_SERVER_H

#include "encode.h"

/* What the server does once the frames are played. */
typedef enum fake_end {
    FAKE_STAY,     /* waits for CopyDone and ends the stream in order */
    FAKE_SILENT,   /* says nothing more, answers nothing; its wal_sender_timeout is 400 ms */
    FAKE_COMPLETE, /* answers START_REPLICATION without CopyBothResponse */
    FAKE_FINISH,   /* ends the stream by itself, in order */
    FAKE_HANG_UP,  /* closes the connection */
    FAKE_SHUTDOWN, /* CommandComplete without CopyDone, then closes: a fast shutdown */
    FAKE_ERROR     /* an ErrorResponse, then ReadyForQuery */
} fake_end;

typedef struct fake_server {
    char directory[64];
    char conninfo[128];
    int feedback; /* u64 flush positions, in host order */
    int pid;
} fake_server;

/* Appends a whole protocol message, or a CopyData with WALData or a keepalive, to the play. */
void fake_message(enc *played, char type, const void *body, size_t len);
void fake_wal(enc *played, ww_lsn lsn, const enc *message);
void fake_keepalive(enc *played, ww_lsn end, bool reply);
/* A NoticeResponse with these fields. */
void fake_notice(enc *played, const char *sqlstate, const char *routine);

/* What the look-up of types is answered with, set before fake_start(). NULL in a row: SQL NULL. */
#define FAKE_TYPE_COLUMNS 11u
typedef const char *fake_type_row[FAKE_TYPE_COLUMNS];
extern const fake_type_row *fake_types;
extern size_t fake_types_count;
extern uint16_t fake_types_columns; /* how many of them are sent */
/* What becomes of a second connection: HANGS: it is never answered. ANSWERS: there must be one. */
extern enum fake_second { FAKE_REFUSES, FAKE_HANGS, FAKE_ANSWERS } fake_second;

bool fake_start(fake_server *f, const enc *played, fake_end end);
/* Waits for the child; returns the highest flush position it was told. */
ww_lsn fake_finish(fake_server *f);

#endif
