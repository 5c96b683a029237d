/* SPDX-License-Identifier: MIT */
/* timeline.c: a standby that is promoted, or follows its primary to another timeline, goes on with
 * our stream, and says nothing of it there. What was received after that belongs to the new
 * timeline: so it is asked, on an ordinary session, before a position is saved. */
#include "client.h"
#include "session.h"

#include <stdlib.h>

#define CONNECT_MAX_S 2

/* What cannot be asked stays as it was: the worst that follows is a gap that is none. */
void ww__timeline_follow(ww_client *c)
{
    char row[2][24];
    unsigned long timeline;
    if (!c->on_standby)
        return;
    if (c->beside == NULL && ww__client_open_beside(c, CONNECT_MAX_S, &c->beside, NULL) != WW_OK)
        return;
    if (ww_session_row_text(
            c->beside,
            "SELECT pg_catalog.pg_is_in_recovery(), CASE WHEN pg_catalog.pg_is_in_recovery() THEN "
            "(SELECT received_tli::bigint FROM pg_catalog.pg_stat_wal_receiver) ELSE ('x' || "
            "pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))"
            "::bit(32)::bigint END",
            2, sizeof row[0], row[0], NULL) != WW_OK) {
        ww__timeline_leave(c);
        return;
    }
    timeline = strtoul(row[1], NULL, 10);
    if (timeline > c->known.timeline)
        c->known.timeline = (uint32_t)timeline;
    if (row[0][0] == 'f') {
        c->on_standby = false;
        ww__timeline_leave(c);
    }
}

void ww__timeline_leave(ww_client *c)
{
    ww_session_close(c->beside);
    c->beside = NULL;
}
