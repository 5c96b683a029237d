/* SPDX-License-Identifier: MIT */
/* schema.h: what lines about a table's definition say, in every format that has them. */
#ifndef WALWIRE_FORMAT_SCHEMA_H
#define WALWIRE_FORMAT_SCHEMA_H

#include "sqlnames.h"

/* The name of a column's type as a JSON string, "numeric(10,2)"; null if it is not known. False:
 * it is not UTF-8. No memory is the format's fault. */
bool ww__schema_type_name(ww_format *f, const ww__typenames *types,
                          const ww_relation_column *column, ww_out *out);

/* A column's name in quotes. */
void ww__schema_column_name(const ww__plan_column *column, ww_out *out);

/* The columns that no filter leaves out, each as put() writes it, as a list. False: a name is not
 * UTF-8. */
typedef bool ww__schema_put_column(ww_format *f, const ww_relation *r, const ww__plan *plan,
                                   uint16_t i, ww_out *out);
bool ww__schema_put_columns(ww_format *f, const ww_relation *r, const ww__plan *plan,
                            ww__schema_put_column *put, ww_out *out);

/* What `plan` has and `old` has not, and the other way round, as ["a",...]; by name. */
void ww__schema_put_missing(const ww__plan *plan, const ww__plan *old, ww_out *out);
/* What both have, but of another type, typmod or part in the replica identity. */
void ww__schema_put_altered(const ww__plan *plan, const ww__plan *old, ww_out *out);

#endif
