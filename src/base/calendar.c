/* SPDX-License-Identifier: MIT */
/* calendar.c: days and dates of the proleptic Gregorian calendar. */
#include "calendar.h"

#include <stdbool.h>

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

int64_t ww__civil_day(int64_t year, unsigned month, unsigned day_of_month)
{
    int64_t y = year - (month <= 2);
    int64_t cycle = (y >= 0 ? y : y - 399) / 400;
    unsigned in_cycle = (unsigned)(y - cycle * 400);
    unsigned in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day_of_month - 1;
    unsigned day = in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year;
    return cycle * 146097 + day - 730425;
}

unsigned ww__civil_month_days(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (unsigned)(month == 2 && leap);
}
