/* SPDX-License-Identifier: MIT */
/* script.h: a scripted server for the connection engine.
 *
 * A peer is an engine with its buffers, a record of what it sent, and a log of what it handed out.
 * A script is a transcript to play to a peer, in pieces of any size; transcripts/README.md says how
 * one is written. */
#ifndef WALWIRE_TESTS_WIRE_SCRIPT_H
#define WALWIRE_TESTS_WIRE_SCRIPT_H

#include <walwire/wire.h>

/* ---- bytes ---------------------------------------------------------------------------------- */

/* Writes the bytes that `text` stands for: hexadecimal pairs, "strings" with \0 \n \" \\ \xNN, and
 * X( ... ), a message of type X with its length, or ( ... ), one without a type. Returns how many;
 * SIZE_MAX for a mistake in the text or too small a cap. */
size_t script_bytes(const char *text, uint8_t *out, size_t cap);

/* ---- a peer --------------------------------------------------------------------------------- */

#define PEER_SENT_MAX 65536
#define PEER_LOG_MAX 65536
#define PEER_SEND_SIZE 20480

typedef struct peer {
    ww_conn conn;
    uint8_t *recv;              /* malloc'd, grown as the engine asks */
    uint8_t send[PEER_SEND_SIZE];
    uint8_t sent[PEER_SENT_MAX]; /* everything the engine sent */
    size_t nsent;
    char log[PEER_LOG_MAX];     /* a line for each message, then one for the end */
    size_t nlog;
    size_t send_chunk;          /* at most so many bytes are accepted at once; 0: all */
    ww_status status;           /* of the last ww_conn_next() */
    size_t grown;               /* how often the receive buffer grew */
} peer;

/* Fills in the buffers of `config` (recv_size 0: the smallest), and starts. *p was zeroed, but for
 * send_chunk. False if init failed, which is then in the log. Close it in any case. */
bool peer_open(peer *p, const ww_conn_config *config);
void peer_close(peer *p);
/* Does what the engine wants until it wants nothing but bytes, a TLS handshake, or rest. */
void peer_pump(peer *p);
/* Delivers the bytes, as many at a time as the engine takes, pumping in between. Returns how many
 * were taken: fewer if the engine has failed or is closed. */
size_t peer_feed(peer *p, const uint8_t *bytes, size_t len);
/* The same for script_bytes(). */
size_t peer_say(peer *p, const char *text);
void peer_eof(peer *p, bool clean);

/* ---- a script ------------------------------------------------------------------------------- */

#define SCRIPT_MAX_STEPS 256
#define SCRIPT_MAX_BYTES 65536
#define SCRIPT_MAX_TEXT 32768
#define SCRIPT_MAX_PARAMS 16

typedef struct script_step {
    int kind, line;
    const uint8_t *bytes;
    size_t len;
    const char *text;
    ww_tls_info tls;
} script_step;

typedef struct script {
    const char *name;
    char text[SCRIPT_MAX_TEXT];
    uint8_t bytes[SCRIPT_MAX_BYTES];
    size_t nbytes;
    script_step steps[SCRIPT_MAX_STEPS];
    size_t nsteps;
    ww_conn_config config;
    ww_param params[SCRIPT_MAX_PARAMS];
    size_t server_bytes;        /* of all its server steps together */
} script;

/* How the server's bytes arrive. All zero: each step at once. */
typedef struct script_delivery {
    size_t chunk;               /* at most so many bytes at once; 0: all */
    size_t split;               /* a piece ends at this offset among all server bytes; 0: none */
    size_t send_chunk;
    bool cut;                   /* at `split` the connection ends, and with it the script ... */
    bool clean;                 /* ... in order */
} script_delivery;

/* False, with a message, if the file cannot be read or understood. */
bool script_read(script *s, const char *path);
/* Plays it. Without a cut, what the engine sends and logs must be what the script says; with one,
 * what it logs must be the beginning of that, and then an end that fits. False, with a message, if
 * not. */
bool script_play(const script *s, const ww_crypto *crypto, const script_delivery *d);

/* `real`, with its PBKDF2 remembered: a script is played thousands of times. */
const ww_crypto *script_crypto(const ww_crypto *real);

#endif
