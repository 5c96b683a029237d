/* SPDX-License-Identifier: MIT */
/* calendar.c: days and dates of the proleptic Gregorian calendar. */
#include "calendar.h"

/* Years are counted from March, so that the leap day is a year's last, and in cycles of 400
 * years. */
void ww__civil_date(int64_t day, int64_t *year, unsigned *month, unsigned *day_of_month)
{
    int64_t since_march_0 = day + 730425;
    int64_t cycle = (since_march_0 >= 0 ? since_march_0 : since_march_0 - 146096) / 146097;
    unsigned in_cycle = (unsigned)(since_march_0 - cycle * 146097);
    unsigned y = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    unsigned in_year = in_cycle - (365 * y + y / 4 - y / 100);
    unsigned m = (5 * in_year + 2) / 153;
    *day_of_month = in_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = cycle * 400 + y + (*month <= 2);
}
