/* SPDX-License-Identifier: MIT */
/* scenario.h: one history with every kind of event, for the golden lines and for whoever wants
 * many. */
#ifndef WALWIRE_TESTS_FORMAT_SCENARIO_H
#define WALWIRE_TESTS_FORMAT_SCENARIO_H

#include "drive.h"

/* Plays it; the streamed transactions only if `streams`. */
void scenario_play(drive *d, bool streams);
/* Only what neither is streamed nor prepared. */
void scenario_play_committed(drive *d);

#endif
