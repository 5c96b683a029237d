/* SPDX-License-Identifier: MIT */
/* calendar.h: days and dates of the proleptic Gregorian calendar. */
#ifndef WALWIRE_BASE_CALENDAR_H
#define WALWIRE_BASE_CALENDAR_H

#include <stdint.h>

/* Year (0 is 1 BC), month and day of a day counted from 2000-01-01. */
void ww__civil_date(int64_t day, int64_t *year, unsigned *month, unsigned *day_of_month);
/* The day of a date, counted from 2000-01-01. */
int64_t ww__civil_day(int64_t year, unsigned month, unsigned day_of_month);
/* How many days a month has; month 1 to 12. */
unsigned ww__civil_month_days(int64_t year, unsigned month);

#endif
