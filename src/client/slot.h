/* SPDX-License-Identifier: MIT */
/* slot.h: what the server's catalogs say about slots and publications, and what to do about it. */
#ifndef WALWIRE_CLIENT_SLOT_H
#define WALWIRE_CLIENT_SLOT_H

#include <walwire/client.h>

/* A row of pg_replication_slots. */
typedef struct ww__slot {
    bool exists, active, temporary, two_phase;
    char type[16]; /* "logical" or "physical" */
    char plugin[64];
    char database[64];
    char active_pid[16];
    char invalid[64];       /* why it can never be read again; "" if it can */
    ww_lsn confirmed_flush; /* 0: none */
} ww__slot;

ww_status ww__slot_look_up(ww_session *s, const char *name, ww__slot *out, ww_error *err);
/* Creates a slot; *consistent gets its starting position. */
ww_status ww__slot_create(ww_session *s, const ww_create_slot *slot, ww_lsn *consistent,
                          ww_error *err);
/* Is it a logical slot of this plugin in this database? ERR_SERVER otherwise, saying which it is.
 */
ww_status ww__slot_check(const ww_session *s, const ww__slot *slot, const char *name,
                         const char *plugin, const char *database, ww_error *err);
/* Adds to a server's refusal (by its SQLSTATE) what there is and which command or SQL helps. The
 * session must be able to run queries, else nothing is added. wanted: the slot is to be read, so a
 * missing one may be created. */
void ww__slot_explain(ww_session *s, const char *name, bool wanted, ww_error *err);

/* suggest.c: adds "walwire slot COMMAND -S SLOT", with what leads to this session's database. */
void ww__suggest(ww_text *t, const ww_session *s, const char *command, const char *slot);

/* The ways out of a slot whose two_phase is set. */
void ww__slot_two_phase_hint(ww_session *s, const char *name, ww_error *err);
/* The way out of a wal_level that is too low. */
void ww__slot_wal_level_hint(ww_error *err);

/* Nobody named a publication: ERR_USAGE that lists what there is. */
ww_status ww__publications_missing(ww_session *s, ww_error *err);
/* publication.c: all of them must exist in this database, named exactly. */
ww_status ww__publications_check(ww_session *s, const ww_slice *names, size_t count, ww_error *err);

#endif
