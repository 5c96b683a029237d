/* SPDX-License-Identifier: MIT */
/* walwire.h: all of walwire, and the conventions that every header keeps.
 *
 * Names      ww_<noun>_<verb>; WW_<NOUN>_<VALUE> with the wire's byte as its value where there is
 * one. init/fini work on the caller's memory, open/close on the library's. Strings    const char *
 * is NUL-terminated UTF-8; ww_slice is bytes with a length, never terminated. NULL       is allowed
 * only where the comment says so. `err` may always be NULL. fini/close take NULL. Errors functions
 * that can fail return ww_status: 0 done, > 0 not an error, < 0 failed, with *err filled in.
 * Engines keep their first error and go on returning it. Lifetime   slices borrow. Each function
 * says from what, and until when. Configs    start with struct_size = sizeof; zero every member you
 * do not set. Members are only ever added at the end. Units      durations and instants say theirs
 * in the name (_us, _ms, _s); sizes are bytes. Threads    one handle, one thread at a time.
 * Different handles never share state. No global state. Process    no signals, no exit, no abort,
 * no output, no locale, no threads.
 *
 * A program that only decodes includes <walwire/decode.h> and links walwire-core, which needs
 * nothing; one that connects includes this and links walwire, which needs OpenSSL. */
#ifndef WALWIRE_H
#define WALWIRE_H

#include <walwire/auth.h>
#include <walwire/base.h>
#include <walwire/client.h>
#include <walwire/config.h>
#include <walwire/decode.h>
#include <walwire/format.h>
#include <walwire/net.h>
#include <walwire/sink.h>
#include <walwire/stream.h>
#include <walwire/types.h>
#include <walwire/value.h>
#include <walwire/wire.h>

#endif
