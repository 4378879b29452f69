/* date_read.h - what the files that read dates share, and nobody else includes.
 *
 *   date.c           whole texts and running text: a date, perhaps a time before or after it --.
 *   date_forms.c     2021-01-13, 13/1/2021, 13 Jan 2021, January 13, 2021 …                    |
 *   date_clock.c     20:45, 8:45 pm, 20h45, and the zone behind it                             +--> date_cursor.c
 *   date_months.c    months by their names                                                     |
 *   date_calendar.c  days, months and years; writing --'
 */
#ifndef BASE_DATE_READ_H
#define BASE_DATE_READ_H

#include "base/date.h"

#define DATE_YEAR_MIN 1900
#define DATE_YEAR_MAX 2100
#define DATE_WORD_BYTES 43 /* of a word with its spaces and its NUL; months and zones are shorter */

struct cursor {
    const char *start, *at, *end;
};

struct found {
    int year, month, day;
    int hour, minute, second;
    bool has_time, has_zone;
    int offset_min;
};

/* Each steps over what it reads and says so; else it leaves the cursor where it was. */
int cursor_digit(const char *s, const char *end, size_t *size); /* in any of the scripts that pages number their days with; -1: none */
bool cursor_number(struct cursor *c, int max, int *value, int *digits); /* at most max digits, and none follows */
bool cursor_literal(struct cursor *c, const char *s);
bool cursor_any(struct cursor *c, const char *const *list, size_t count);
void cursor_space(struct cursor *c); /* also U+00A0, U+202F, U+2009 and U+3000 */
/* A word in lower case with a space on both sides, as the lists have it; dots inside Thai and "a.m." stay. */
bool cursor_word(struct cursor *c, char out[DATE_WORD_BYTES]);
bool cursor_is_letter(uint32_t c);
bool date_listed(const char *list, const char *spaced_word);

/* A month by name; 0 when none stands here. */
int date_month_name(struct cursor *c);

/* A time of day and the zone right behind it. dot: 20.45 is one. */
bool date_time(struct cursor *c, struct found *f, bool dot);
bool date_zone(struct cursor *c, struct found *f, bool close_to_time);
void date_fraction(struct cursor *c); /* of a second */

bool date_set_day(struct found *f, int year, int month, int day); /* false when there is no such day */
bool date_is_us_summer(int year, int month, int day);

/* A date in any form; a time that stands inside it ("Jan 13 20:45:00 2021") is read as well. */
bool date_form(struct cursor *c, struct found *f, bool us_order);
bool date_month_first(struct cursor *c, struct found *f);

#endif
