/* SPDX-License-Identifier: MIT */
/* session.h: a connection's parts, shared by the files of the client room. */
#ifndef WALWIRE_CLIENT_SESSION_H
#define WALWIRE_CLIENT_SESSION_H

#include <walwire/client.h>

#include <sys/stat.h>

#define WW__RECV_SIZE ((size_t)256 << 10) /* of the receive buffer at first, and again after */
#define WW__RECV_KEEP ((size_t)4 << 20)   /* it was larger than this */
#define WW__PARAMS_MAX 16u
#define WW__SEND_SIZE ((size_t)64 << 10)
#define WW__ANSWER_US UINT64_C(60000000) /* silence after a command that takes no time */

typedef enum ww__known { WW__UNKNOWN, WW__NO, WW__YES } ww__known;

struct ww_session {
    ww_session_config config;
    ww_conninfo_values values; /* of config.conninfo */
    ww_conn conn;
    ww_sock *sock;
    ww_tls *tls;
    ww_addrs *addrs; /* the address that answered is the addr_index-th of these */
    size_t addr_index, host_index;
    uint8_t *recv_buffer; /* conn.in; ours to free */
    uint8_t *send_buffer;
    size_t recv_size;
    size_t read_len;   /* what the last receive brought, */
    bool read_full;    /* and that there may be more of it already */
    ww_error io_error; /* why the socket ended, told once the buffered messages are read */
    char address[256];
    ww_param params[WW__PARAMS_MAX]; /* startup parameters */
    ww_target_session_attrs target;  /* in force: a second round takes any */
    ww__known in_recovery;           /* what the server says of itself */
    ww__known read_only;
    bool wrong_kind;                 /* the attempt ended because of `target` */
    const char *passfile_flaw;       /* why the password file is not used */
    bool connected;                  /* the attempt has got as far as a server */
    bool tls_failed;                 /* the attempt ended in the TLS handshake */
    bool trace_kinds;                /* CopyData is pgoutput: a trace may say its type byte */
    bool command_open;               /* a query was sent and ReadyForQuery has not come */
    char transaction_status;         /* of the last ReadyForQuery */
};

/* hosts.c: one connection to the first host that answers and is of the right kind. */
ww_status ww__session_connect(ww_session *s, ww_error *err);
/* connect.c: drops the socket and all that belongs to this attempt. */
void ww__session_disconnect(ww_session *s);
/* Drops the socket alone: what was told of the session stays. */
void ww__session_hang_up(ww_session *s);

/* encrypt.c: TLS on the connected socket, for this host ("": not known); tells the engine. */
ww_status ww__session_encrypt(ww_session *s, const char *host, ww_mono_us deadline, ww_error *err);
/* The handshake on a socket where TLS was started, until done or the deadline. */
ww_status ww__shake_hands(ww_sock *sock, ww_mono_us deadline, int wake_fd, ww_error *err);

/* cancel.c: asks the server, on a connection of its own, to give up the running command. Blocks for
 * two seconds at most. */
void ww__session_cancel(const ww_session *s);

/* file.c: text on pages of ww_alloc_secret(), with a NUL behind it; text NULL: nothing. */
typedef struct ww__secret {
    char *text;
    size_t len, size;
} ww__secret;

/* Opens a plain file for reading. -1 otherwise: errno says why, 0 that it is something else. */
int ww__plain_open(const char *path, struct stat *st);
/* Room for so many bytes and a NUL; false: no memory. */
bool ww__secret_room(ww__secret *out, size_t size);
/* What is in the file, up to so many bytes. ERR_NOMEM, or ERR_IO and errno; free it even then. */
ww_status ww__secret_read(ww__secret *out, int fd, size_t size);
void ww__secret_free(ww__secret *s);

/* credentials.c: the operating system's name of the user; false if it has none. */
bool ww__os_user(char *out, size_t cap);
/* "~/.postgresql/<name>" if such a file exists; NULL otherwise. malloc'ed. */
char *ww__home_file(const char *name);

/* settings.c: the startup parameters that pin the session (docs/session-settings.md). */
size_t ww__session_params(const ww_conninfo *info, ww_param *params, size_t cap);
/* After login: in a database in SQL_ASCII, has its bytes sent as they are. */
ww_status ww__session_settle_encoding(ww_session *s, ww_mono_us deadline, ww_error *err);

/* session.c: moves bytes once, without waiting. WW_OK: something moved, look again. WW_MORE: it
 * would block. receive false: only sends. */
ww_status ww__session_pump(ww_session *s, bool receive, ww_error *err);
/* The next message; waits for it until the deadline. WW_END: closed in order. */
ww_status ww__session_message(ww_session *s, ww_msg *msg, ww_mono_us deadline, ww_error *err);
/* Waits until pump() may move something. */
ww_status ww__session_wait(ww_session *s, ww_mono_us deadline, ww_error *err);

/* After ErrorResponse: reads up to ReadyForQuery. It follows at once, or the session is over: two
 * seconds are enough for a server that sends neither it nor an end. */
void ww__session_settle(ww_session *s);

/* ww_session_row(), waiting until the deadline at most: after ERR_TIMEOUT call it again. */
ww_status ww__session_row_until(ww_session *s, ww_msg *row, ww_mono_us deadline, ww_error *err);

/* ww_session_row_text() for a command that may take long: says `why` after two seconds. */
ww_status ww__session_slow_row_text(ww_session *s, const char *sql, size_t ncols, size_t width,
                                    char *out, const char *why, ww_error *err);

/* trace.c: who is told of messages; nobody, if the session has no trace. */
ww_conn_trace ww__trace_of(ww_session *s);
/* Tells what is no message. */
void ww__trace_note(const ww_session *s, const char *name, const char *detail);

/* Writes a line to the log: `format` knows %s (escaped text) and %u (a size_t) only. */
void ww__log(const ww_log *log, ww_log_level level, const char *format, ...);
/* Says a NoticeResponse. */
void ww__log_notice(const ww_log *log, const ww_msg *notice);

#endif
