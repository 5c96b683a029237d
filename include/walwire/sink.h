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

#include <walwire/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ww_sink_kind { WW_SINK_FILE, WW_SINK_PIPE, WW_SINK_OTHER } ww_sink_kind;

typedef struct ww_sink ww_sink;

/* path NULL, "-" or "/dev/stdout": standard output; /dev/fd/N, /proc/self/fd/N: that descriptor.
 * What is given like this is written from its own offset on and may be shared; a pipe gets a
 * description of our own where the system can open one.
 * Any other path is opened here, without blocking. A regular file is created 0600 (never through a
 * planted symbolic link), its directory synced, and appended to: it is locked (flock) until
 * ww_sink_close(), and if it ends in half a line a line feed is written first.
 * ERR_IO names the path and the reason: a directory (EISDIR), a FIFO that nobody reads (ENXIO), a
 * file that another process writes, a descriptor that is closed or not for writing (EBADF). */
ww_status ww_sink_open(ww_sink **out, const char *path, ww_mono_us fsync_interval_us,
                       ww_error *err);
/* Closes without waiting; the descriptor of standard output stays open. NULL is allowed. */
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
 * every later write, sync and cut fails too. */
ww_status ww_sink_sync(ww_sink *s, ww_mono_us now, bool idle, ww_error *err);
/* When ww_sink_sync() or, for a pipe, ww_sink_delivered() should be called next; WW_MONO_NEVER if
 * nothing waits. */
ww_mono_us ww_sink_deadline(const ww_sink *s, ww_mono_us now);

/* File: drops what was written after the last marked unit; also after ww_sink_write() failed (full
 * disk, size limit). WW_MORE: nothing was dropped, because the file no longer ends with our last
 * byte: somebody else wrote to it. Either way the stream of bytes goes on at the offset of the last
 * unit. ERR_IO also after a failed sync: then nothing is touched. Others: ERR_USAGE. */
ww_status ww_sink_cut(ww_sink *s, ww_error *err);

#ifdef __cplusplus
}
#endif
#endif
