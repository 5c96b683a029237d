/* SPDX-License-Identifier: MIT */
/* sink.h: where events go for good, and when they count as delivered there.
 *
 *   regular file   after fdatasync, at most every fsync interval, and at idle
 *   pipe, FIFO     when the reader has taken the bytes (FIONREAD; unread bytes of other writers
 *                  count as ours: later, never earlier)
 *   others         (terminal, socket, device) when write() has accepted them
 *
 * Writing never blocks on pipes; the caller polls sink and server together.
 * docs/acknowledgement.md. */
#ifndef WALWIRE_SINK_H
#define WALWIRE_SINK_H

#include <walwire/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ww_sink_kind { WW_SINK_FILE, WW_SINK_PIPE, WW_SINK_OTHER } ww_sink_kind;

typedef struct ww_sink ww_sink;

typedef struct ww_sink_config {
    size_t struct_size;
    /* NULL, "-" or "/dev/stdout": standard output; /dev/fd/N, /proc/self/fd/N: that descriptor.
     * What is given like this is written from its own offset on and may be shared; a pipe gets a
     * description of our own where the system can open one. Any other path is opened here, without
     * blocking. */
    const char *path;
    ww_mono_us fsync_interval_us;
    bool position; /* a regular file that was opened by its path has its position beside it, in
                      path.position; elsewhere nothing */
    bool init;     /* with position: where file and position do not fit (ERR_GAP otherwise), take
                      the file as it is and go on behind its end */
} ww_sink_config;

#define WW_SINK_CONFIG_INIT                                                                        \
    { sizeof(ww_sink_config), NULL, 0, false, false }

/* A regular file is created 0600 (never through a planted symbolic link), its directory synced, and
 * locked (flock), and appended to until ww_sink_close(). If it ends in half a line, a line feed is
 * written first; with a position, what is behind that is cut off at the first save instead (see
 * ww_sink_positions()), and until then ww_sink_write() is ERR_USAGE. With a position each unit has
 * to end with a line feed.
 * ERR_IO names the path and the reason: a directory (EISDIR), a FIFO that nobody reads (ENXIO), a
 * file that another process writes, a descriptor that is closed or not for writing (EBADF).
 * ERR_GAP, unless init: the position cannot be read, is missing beside a file that is not empty,
 * points behind the file's end or into a line, or is of another file than this one, which is
 * longer; and in any case: there is one, and `position` is not set.
 * ERR_USAGE: the file holds a position itself, or its name ends in ".position". */
ww_status ww_sink_open(ww_sink **out, const ww_sink_config *config, ww_error *err);
/* Closes without waiting; the descriptor of standard output stays open. File and position are
 * removed if they were created at open, are empty, and nothing was saved. NULL is allowed. */
void ww_sink_close(ww_sink *s);

ww_sink_kind ww_sink_kind_of(const ww_sink *s);
bool ww_sink_is_terminal(const ww_sink *s);
int ww_sink_fd(const ww_sink *s);

/* Writes what the sink takes now; *n says how much. WW_OK if that was something, WW_MORE if it
 * would block (poll ww_sink_fd() for POLLOUT), ERR_IO (sys_errno EPIPE: the reader is gone). */
ww_status ww_sink_write(ww_sink *s, const uint8_t *bytes, size_t len, size_t *n, ww_error *err);

/* Says that the unit confirmed with end_lsn ends at this offset of the stream of bytes written
 * since open. Offsets and units never go back. A unit without bytes has the offset of the one
 * before. */
void ww_sink_mark(ww_sink *s, uint64_t offset, ww_lsn end_lsn);
/* The newest unit that is delivered with all before it; 0: none yet. Looks at the pipe; does not
 * sync. */
ww_lsn ww_sink_delivered(ww_sink *s);
/* True if written units wait to be delivered (synced, or taken by the reader). */
bool ww_sink_pending(const ww_sink *s);

/* File: fdatasync if units wait and the interval has passed since the last one, or `idle` says that
 * nothing else is coming. Others: nothing. ERR_IO is final: what was written may be lost, and
 * every later write, sync and cut fails too; with a position also if the file was deleted, or
 * somebody else wrote to it. */
ww_status ww_sink_sync(ww_sink *s, ww_mono_us now, bool idle, ww_error *err);
/* When ww_sink_sync() or, for a pipe, ww_sink_delivered() should be called next; WW_MONO_NEVER if
 * nothing waits. */
ww_mono_us ww_sink_deadline(const ww_sink *s, ww_mono_us now);

/* File: drops what was written after the last marked unit; also after ww_sink_write() failed (full
 * disk, size limit). WW_MORE: nothing was dropped, because the file no longer ends with our last
 * byte: somebody else wrote to it. Either way the stream of bytes goes on at the offset of the last
 * unit. ERR_IO also after a failed sync: then nothing is touched. Others: ERR_USAGE. */
ww_status ww_sink_cut(ww_sink *s, ww_error *err);

/* ---- positions ------------------------------------------------------------------------------ */

/* The store of a sink that keeps a position (its ctx is the sink), for ww_client_config.positions;
 * NULL for others. load() gives what path.position holds; the first save() cuts the file at the
 * position's offset, unless it is of another stream or acked than what was loaded: then a gap was
 * accepted, what is behind the offset may never come again, and stays. Each writes end_lsn and
 * offset of the last unit that is synced (not those of *p), and acked, which is never less than
 * end_lsn. An error is final for the sink, too. */
const ww_position_store *ww_sink_positions(const ww_sink *s);
/* After the first save(), until the next one: how many bytes there were behind the position's
 * *offset; *cut: they were cut off, otherwise they stay. */
uint64_t ww_sink_tail(const ww_sink *s, uint64_t *offset, bool *cut);
/* Saves where the last unit that is synced ends, without the client: after a failure. What was
 * delivered counts then, and does not come again, although the server was not told. WW_OK also if
 * no position is kept, or none was saved yet. ERR_IO is final. */
ww_status ww_sink_keep(ww_sink *s, ww_error *err);
/* True if the position was found to be of another file, and path to be new: that one was renamed
 * away while nobody wrote to it. It ends whole at *offset; what is behind that comes again. */
bool ww_sink_rotated(const ww_sink *s, uint64_t *offset);
/* Log rotation: what was written so far is synced, then path is opened anew (created, if it was
 * renamed away), and the position is of the new file, at its end. Only between units: ERR_USAGE
 * otherwise, and for what was not opened by its path. ERR_IO is final. */
ww_status ww_sink_reopen(ww_sink *s, ww_error *err);

/* A position in a file of its own, for programs that keep their data elsewhere. Two slots of 512
 * bytes with sequence number and CRC, written in turn and synced: a crash at any moment leaves the
 * last position or the one before. The file is created 0600 and locked (flock).
 * ERR_IO; a file that holds no position: ERR_GAP, from load(). */
typedef struct ww_position_file ww_position_file;
ww_status ww_position_file_open(ww_position_file **out, const char *path, ww_error *err);
void ww_position_file_close(ww_position_file *f); /* NULL is allowed */
const ww_position_store *ww_position_file_store(const ww_position_file *f);

/* A position in a table of PostgreSQL, one row per consumer, on the caller's session (an ordinary
 * one: ww_session_config.plain), which must outlive it. The table is created if it is missing:
 *
 *     CREATE TABLE walwire_position (consumer text PRIMARY KEY, end_lsn ..., acked ..., ...)
 *
 * Inside the caller's own transaction ww_position_table_save() makes effects and position commit
 * together. The store's save() says WW_MORE while a transaction is open on that session.
 * table: "schema.name" or "name", then in schema public; quoted here part by part; NULL:
 * "walwire_position". Opened while no transaction is open. */
typedef struct ww_position_table ww_position_table;
ww_status ww_position_table_open(ww_position_table **out, ww_session *session, const char *table,
                                 const char *consumer, ww_error *err);
void ww_position_table_close(ww_position_table *t); /* NULL is allowed */
const ww_position_store *ww_position_table_store(const ww_position_table *t);
/* In the transaction that is open on the session: this unit's effects are in it, too. acked and
 * where it is from are kept as they are in the row. ERR_SERVER, ERR_IO: roll back. */
ww_status ww_position_table_save(ww_position_table *t, ww_lsn end_lsn, ww_error *err);

#ifdef __cplusplus
}
#endif
#endif
