/* SPDX-License-Identifier: MIT */
/* error.h: how the rooms fill in a ww_error. All functions allow err NULL. */
#ifndef WALWIRE_BASE_ERROR_H
#define WALWIRE_BASE_ERROR_H

#include <walwire/base.h>

/* Clears *err, sets status and sentence, and returns the status:
 *     return ww__fail(err, WW_ERR_USAGE, "the slot name is empty"); */
ww_status ww__fail(ww_error *err, ww_status status, const char *what);
/* The same, and says what it is about; `subject` is cut to its room. */
ww_status ww__fail_about(ww_error *err, ww_status status, const char *what, ww_slice subject);
ww_status ww__fail_text(ww_error *err, ww_status status, const char *what, const char *subject);
/* The same, at a byte offset of a message of this type (0: none). */
ww_status ww__fail_at(ww_error *err, ww_status status, const char *what, uint64_t offset,
                      char type);

/* Sets or extends err->subject. */
void ww__error_add(ww_error *err, ww_slice text);
void ww__error_add_text(ww_error *err, const char *text);
void ww__error_add_number(ww_error *err, uint64_t number);

/* Copies `text` into out[cap], cut at a UTF-8 boundary, with a NUL. Returns the length. */
size_t ww__copy_cut(char *out, size_t cap, ww_slice text);

#endif
