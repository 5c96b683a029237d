/* SPDX-License-Identifier: MIT */
/* value_case.h: values of built-in types from bytes, and their text and binary form to compare. */
#ifndef WALWIRE_TESTS_VALUE_CASE_H
#define WALWIRE_TESTS_VALUE_CASE_H

#include <walwire/value.h>

#include "check.h"

typedef struct case_buffer {
    check_alloc memory;
    ww_out out;
} case_buffer;

void case_open(case_buffer *b);
void case_close(case_buffer *b);
ww_slice case_slice(const case_buffer *b);

ww_value case_value(uint32_t oid, ww_column_kind form, ww_slice bytes);
/* Has its kind a getter that reads its text? */
bool case_is_read(const ww_value *v);

/* Do all three agree: the text of `binary` is `text`, and what the getters say of either is what
 * makes the bytes of `binary`? NULL, or what differs. */
const char *case_compare(const ww_value *binary, const ww_value *text);

#endif
