/* SPDX-License-Identifier: MIT */
/* sql.h: what sql.c (statements) and sqltext.c (names and literals in them) share. */
#ifndef WALWIRE_FORMAT_SQL_H
#define WALWIRE_FORMAT_SQL_H

#include "render.h"

/* All of these stay on one line and mean the same under every setting of
 * standard_conforming_strings and backslash_quote. */

/* A name in double quotes, U&"..." where it holds what would break the line. False: it is not
 * UTF-8, and there is no way to write it. */
bool ww__sql_name(ww_out *out, const ww__policy *policy, ww_slice name);
/* '...', or E'...' with escapes. */
void ww__sql_literal(ww_out *out, const ww__policy *policy, ww_slice text);
/* A column's text as such a literal: of a column that is neither null nor unchanged. */
void ww__sql_value(ww_format *f, ww_out *out, const ww__plan_column *column, const ww_column *col);

#endif
