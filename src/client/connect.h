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
    char os_user[256];
    const char *user;
    const char *password, *token; /* NULL: none */
    ww__secret from_passfile, from_token_file;
} ww__target;

/* credentials.c: the password for this host: the conninfo's, or what the password file has. */
void ww__password_find(ww_session *s, ww__target *t);
/* The token for OAUTHBEARER: of the token file, which is read anew, or the conninfo's. */
ww_status ww__token_find(const ww_session *s, ww__target *t, ww_error *err);
void ww__credentials_forget(ww__target *t);

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
