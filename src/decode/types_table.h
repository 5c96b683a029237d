/* SPDX-License-Identifier: MIT */
/* types_table.h: PostgreSQL's built-in types: those with an OID below 10000. */
#ifndef WALWIRE_DECODE_TYPES_TABLE_H
#define WALWIRE_DECODE_TYPES_TABLE_H

#include <walwire/types.h>

extern const ww_type ww__builtin_types[]; /* by OID */
extern const size_t ww__builtin_type_count;

#endif
