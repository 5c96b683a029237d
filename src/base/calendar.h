/* SPDX-License-Identifier: MIT */
/* calendar.h: days and dates of the proleptic Gregorian calendar. */
#ifndef WALWIRE_BASE_CALENDAR_H
#define WALWIRE_BASE_CALENDAR_H

#include <stdint.h>

/* Year (0 is 1 BC), month and day of a day counted from 2000-01-01. */
void ww__civil_date(int64_t day, int64_t *year, unsigned *month, unsigned *day_of_month);

#endif
