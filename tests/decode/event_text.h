/* SPDX-License-Identifier: MIT */
/* event_text.h: an event as one line to read, for the golden cases. */
#ifndef WALWIRE_TESTS_DECODE_EVENT_TEXT_H
#define WALWIRE_TESTS_DECODE_EVENT_TEXT_H

#include <walwire/decode.h>

typedef struct event_text {
    char line[16384];
    size_t len;
} event_text;

/* The event in words, every member that its kind has. */
void event_text_set(event_text *t, const ww_event *ev);
/* "error at OFFSET: RULE [SUBJECT]" */
void event_text_set_error(event_text *t, const ww_error *err);

#endif
