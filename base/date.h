/* date.h - dates as feeds, HTTP headers and pages write them. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct date {
    int64_t unix_s;    /* of the instant; where the zone is unknown, as if it were UTC */
    int offset_min;    /* minutes east of UTC; 0 where unknown */
    bool has_time;     /* false: only a day was given, unix_s is its 00:00:00 */
    bool has_zone;
};

#define DATE_TEXT_MAX 32

/* Days from 1970-01-01 in the Gregorian calendar. */
int64_t date_days(int year, int month, int day);

/* RFC 3339 with seconds and d's own offset ("Z" for 0). */
void date_format(const struct date *d, char out[DATE_TEXT_MAX]);
/* RFC 3339 UTC with milliseconds. */
void date_format_ms(int64_t unix_ms, char out[DATE_TEXT_MAX]);

/* The whole of text is one date in any form that feeds, sitemaps, meta elements and JSON-LD use: RFC 822/1123/850,
 * asctime, ISO 8601 / RFC 3339 / W3C-DTF, epoch seconds or milliseconds, and the common malformed variants. False when
 * it cannot be read. */
bool date_parse(const char *text, size_t len, struct date *out);

/* RFC 9110 5.6.7 (Retry-After, Last-Modified, Expires). */
bool date_parse_http(const char *text, int64_t *unix_s);

/* Finds the first date inside running text of a page (names of months in about 20 languages, CJK and Vietnamese forms;
 * day before month except when us_order). Sets *used to the bytes up to its end. */
bool date_find(const char *text, size_t len, bool us_order, struct date *out, size_t *used);

#endif
