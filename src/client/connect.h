/* SPDX-License-Identifier: MIT */
/* connect.h: what hosts.c and connect.c share: a host, and one try to connect to an address of it.
 */
#ifndef WALWIRE_CLIENT_CONNECT_H
#define WALWIRE_CLIENT_CONNECT_H

#include "session.h"

#define WW__HOST_MAX 1024u

/* What all attempts on one host have in common. */
typedef struct ww__target {
    ww_host host;
    char name[WW__HOST_MAX]; /* the host as a C string; "" if only an address was given */
    char user[WW__HOST_MAX];
    const char *password, *token;
} ww__target;

/* Connects to the i-th address: each encryption that sslmode allows in turn, all of them within
 * connect_timeout, up to a server that is ready and of the right kind. */
ww_status ww__address_connect(ww_session *s, const ww__target *t, const ww_addrs *addrs, size_t i,
                              ww_error *err);
/* After the last attempt: forgets the engine's pointers to secrets, and our copies. What is left is
 * in the conninfo, for the next connection. */
void ww__connect_forget(ww_session *s);

/* kind.c: what the server said about itself in a ParameterStatus. */
void ww__kind_note(ww_session *s, const ww_msg *parameter);
/* Is it the kind of server that s->target asks for? Asks it, if it has not said so. If not, or it
 * cannot tell: s->wrong_kind and an error. */
ww_status ww__kind_check(ww_session *s, ww_mono_us deadline, ww_error *err);

#endif
