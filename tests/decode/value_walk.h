/* SPDX-License-Identifier: MIT */
/* value_walk.h: what must hold of containers whatever is in them, for tests and fuzz targets. */
#ifndef WALWIRE_TESTS_VALUE_WALK_H
#define WALWIRE_TESTS_VALUE_WALK_H

#include <walwire/value.h>

/* Memory from malloc. */
extern const ww_alloc walk_alloc;

/* A registry with the types of container_vectors.h; aborts if it cannot be made. */
ww_types *walk_types(void);
/* A value of one of these types. */
ww_value walk_value(const ww_types *types, uint32_t oid, uint8_t form, ww_slice bytes);

/* `n` if it is the OID of a known type, else the OID of some known type: for fuzz targets. */
uint32_t walk_oid(const ww_types *types, uint32_t n);

/* The text of `v` in memory that the caller frees with walk_free(). */
ww_status walk_text(const ww_value *v, ww_out *out, ww_error *err);
void walk_free(ww_out *out);

/* Have all rows in this checked binary value the fields that the registry says they have? If not,
 * nothing can be expected of their text. */
bool walk_is_current(const ww_value *v);
/* Do both say the same, walked to their last element? NULL, or what differs. Both were checked. */
const char *walk_compare(const ww_value *a, const ww_value *b);
/* Does the getter of its kind take this checked container, do all elements lie inside of it, and do
 * they say that? NULL, or what is wrong. */
const char *walk_inside(const ww_value *v);

#endif
