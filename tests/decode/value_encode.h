/* SPDX-License-Identifier: MIT */
/* value_encode.h: the binary form of a value, made from what the getters of value.h say of it:
 * written from PROTOCOL 6 and not from the decoder, so that text -> typed value -> binary can be
 * compared with what a server sends. */
#ifndef WALWIRE_TESTS_VALUE_ENCODE_H
#define WALWIRE_TESTS_VALUE_ENCODE_H

#include <walwire/value.h>

/* Appends the binary form to `out` (which grows). ERR_USAGE: the kind has no getter. */
ww_status encode_value(const ww_value *v, ww_out *out, ww_error *err);

/* Has this kind, with all that is in it, getters for all that its text says? */
bool encode_has(const ww_types *types, const ww_type *type);

#endif
