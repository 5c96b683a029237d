/* SPDX-License-Identifier: MIT */
/* value_case.h: one scalar value in both forms, which have to say the same. */
#ifndef WALWIRE_TESTS_VALUE_CASE_H
#define WALWIRE_TESTS_VALUE_CASE_H

#include <walwire/value.h>

/* A value of a built-in type. */
ww_value case_value(uint32_t oid, uint8_t form, ww_slice bytes);

/* The text of `v` in memory of its own, which the caller frees; ptr NULL if it has none. */
ww_slice case_text(const ww_value *v, ww_error *err);

/* Does the binary value check, is its text that of the other, and do the getters of its kind say
 * the same of both? NULL, or what differs. */
const char *case_compare(const ww_value *binary, const ww_value *text, ww_error *err);

/* Do the getters of the kind say the same of both values? Says true of a kind without any. */
bool case_same(const ww_value *a, const ww_value *b, ww_error *err);

#endif
