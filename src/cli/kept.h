/* SPDX-License-Identifier: MIT */
/* kept.h: the position that an output file keeps, on its way to the client. */
#ifndef WALWIRE_CLI_KEPT_H
#define WALWIRE_CLI_KEPT_H

#include "cli.h"

typedef struct kept_position {
    const char *path;              /* of the output */
    const ww_position_store *file; /* the sink's; NULL: none is kept */
    ww_position_store store;       /* what the client gets */
    ww_status found;               /* of load() */
    ww_position position;          /* what was loaded */
    ww_error *failure;             /* where the first failure goes: it is the output's */
} kept_position;

/* Does the output file of such a stream keep a position, if it is a regular file? */
bool kept_is_wanted(const options *o);
/* Loads it. false: *failure says why. */
bool kept_open(kept_position *k, const options *o, const ww_sink *sink, ww_error *failure);
/* NULL: none is kept. Lives as long as *k. */
const ww_position_store *kept_store(const kept_position *k);

#endif
