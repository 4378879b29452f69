/* date_calendar.c - the Gregorian calendar, and dates written by it. */
#include "base/date_read.h"

#include <stdio.h>
#include <string.h>

/* Days from 1970-01-01 in the Gregorian calendar, counting years from March. */
int64_t date_days(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_of(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

static bool is_day(int year, int month, int day)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (year < DATE_YEAR_MIN || year > DATE_YEAR_MAX || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + leap;
}

/* 0 = Sunday */
static int weekday_of(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

/* Whether summer time holds in the United States: from the second Sunday in March to the first in November (since 2007). */
bool date_is_us_summer(int year, int month, int day)
{
    int64_t march = date_days(year, 3, 8), november = date_days(year, 11, 1), today = date_days(year, month, day);
    march += (7 - weekday_of(march)) % 7;
    november += (7 - weekday_of(november)) % 7;
    return today >= march && today < november;
}

bool date_set_day(struct found *f, int year, int month, int day)
{
    if (!is_day(year, month, day))
        return false;
    f->year = year;
    f->month = month;
    f->day = day;
    return true;
}

void date_format(const struct date *d, char out[DATE_TEXT_MAX])
{
    int64_t local = d->unix_s + (int64_t)d->offset_min * 60, days = local / 86400, of_day = local % 86400;
    int year, month, day, offset = d->offset_min < 0 ? -d->offset_min : d->offset_min;

    if (of_day < 0) {
        of_day += 86400;
        days--;
    }
    civil_of(days, &year, &month, &day);
    int n = snprintf(out, DATE_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60));
    if (n < 0 || n > DATE_TEXT_MAX - 7)
        return;
    if (offset)
        snprintf(out + n, (size_t)(DATE_TEXT_MAX - n), "%c%02d:%02d", d->offset_min < 0 ? '-' : '+', offset / 60 % 100, offset % 60);
    else
        snprintf(out + n, (size_t)(DATE_TEXT_MAX - n), "Z");
}

void date_format_ms(int64_t unix_ms, char out[DATE_TEXT_MAX])
{
    int64_t s = unix_ms / 1000, ms = unix_ms % 1000;
    struct date d;

    if (ms < 0) {
        ms += 1000;
        s--;
    }
    d = (struct date){ .unix_s = s };
    date_format(&d, out);
    size_t n = strlen(out);
    if (n > 0 && n < DATE_TEXT_MAX - 5)
        snprintf(out + n - 1, DATE_TEXT_MAX - n, ".%03dZ", (int)ms);
}
