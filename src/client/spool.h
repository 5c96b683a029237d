/* SPDX-License-Identifier: MIT */
/* spool.h: streamed transactions until they commit: in memory up to a limit, then in one unlinked
 * file. The stream room's assembler uses it through ww_spool. */
#ifndef WALWIRE_CLIENT_SPOOL_H
#define WALWIRE_CLIENT_SPOOL_H

#include <walwire/client.h>

typedef struct ww__spool ww__spool;

/* memory 0: WW_DEFAULT_ASSEMBLE_MEMORY; directory NULL: TMPDIR, else /var/tmp; limit 0:
 * WW_DEFAULT_SPILL_LIMIT. Touches no file yet. NULL: no memory. */
ww__spool *ww__spool_open(size_t memory, const char *directory, uint64_t limit);
/* Can a spill file be made in that directory? ERR_USAGE. */
ww_status ww__spool_check(const char *directory, ww_error *err);
/* Frees everything, transactions that are still open included. NULL is allowed. */
void ww__spool_close(ww__spool *s);
/* The table for ww_stream_config. Valid until close. */
const ww_spool *ww__spool_table(ww__spool *s);
/* Bytes of messages that were written to the file so far. */
uint64_t ww__spool_spilled(const ww__spool *s);
/* Did the file fail, or was its limit reached? */
bool ww__spool_failed(const ww__spool *s);

#endif
