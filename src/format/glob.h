/* SPDX-License-Identifier: MIT */
/* glob.h: patterns of names, as filters have them: orders, shop.*, "odd.name".?x.
 *
 * A pattern is one name or several, with dots between. In a name * stands for any text, ? for any
 * character; in double quotes nothing is special, and "" is a quote. */
#ifndef WALWIRE_FORMAT_GLOB_H
#define WALWIRE_FORMAT_GLOB_H

#include <walwire/base.h>

/* How many names a pattern has; 0 if it is none: then *why says what is wrong with it. */
size_t ww__glob_names(const char *pattern, const char **why);

/* Do the pattern's names fit the last ones of names[0 .. count)? False if it has more. The pattern
 * is one that ww__glob_names() took. Costs at most the lengths of pattern and names, multiplied. */
bool ww__glob_fits(const char *pattern, const ww_slice *names, size_t count);

#endif
