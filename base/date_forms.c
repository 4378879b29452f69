/* date_forms.c - the orders in which day, month and year are written. */
#include "base/date_read.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

/* What may stand between the parts of a date, and between a date and its time. */
static const char between_words[] =
    " of de del d' of the den der dem le el la di da van năm ngày ngay tháng an year rok roku р г. г года року of year m gada yil ";

/* Short names of months that are words of other languages: they count only behind the day's number. */
static const char behind_days[] = " pro out set mag ago lut lis lip gru sty cze sie wrz oca eki kas ara haz tem nis kol tra svi stu ruj srp kwi dub led mac noi gen "
                                  "ian tor dic medi awst urria ";

static int full_year(int n, int digits)
{
    if (digits == 2)
        return n < 70 ? 2000 + n : 1900 + n; /* RFC 9110 5.6.7 needs a clock for more */
    return n > 2400 && n < 2650 ? n - 543 : n; /* Buddhist era, as Thai pages count */
}

/* Commas, dots and small words inside a date. */
static void skip_between(struct cursor *c)
{
    static const char *const marks[] = { ",", ".", "/", "-", "\u060C", "\u00BA", "\u00AA" };
    static const char *const ordinals[] = { "st", "nd", "rd", "th", "er", "re" };
    struct cursor k = *c;
    char w[DATE_WORD_BYTES];

    if (cursor_any(&k, ordinals, COUNT(ordinals)) && (k.at == k.end || !cursor_is_letter((unsigned char)*k.at)))
        *c = k;
    for (int i = 0; i < 4; i++) {
        cursor_space(c);
        if (cursor_any(c, marks, COUNT(marks)))
            continue;
        k = *c;
        if (!cursor_word(&k, w) || !date_listed(between_words, w))
            return;
        *c = k;
    }
}

static bool year_number(struct cursor *c, int *year)
{
    int n, digits;
    struct cursor k = *c;

    cursor_literal(&k, "'");
    if (!cursor_number(&k, 4, &n, &digits) || digits == 3 || digits == 1)
        return false;
    *year = full_year(n, digits);
    *c = k;
    return true;
}

/* Years that are counted from the founding of a republic or the reign of an emperor: the name stands before the number. */
static int full_year_of_era(const struct cursor *c, int year, int digits)
{
    static const struct { const char *name; int before; } eras[] = {
        { "\u6C11\u570B", 1911 }, { "\u6C11\u56FD", 1911 }, { "\u4EE4\u548C", 2018 }, { "\u5E73\u6210", 1988 }, { "\u662D\u548C", 1925 },
    };
    if (digits == 4)
        return full_year(year, 4);
    const char *at = c->at;
    while (at > c->start && at[-1] == ' ')
        at--;
    for (size_t i = 0; i < COUNT(eras); i++) {
        size_t len = strlen(eras[i].name);
        if ((size_t)(at - c->start) >= len && memcmp(at - len, eras[i].name, len) == 0)
            return year + eras[i].before;
    }
    return 0;
}

/* 2021\u5E741\u670813\u65E5, 2021\uB144 1\uC6D4 13\uC77C and the day of the week behind it; c is past the year's number */
static bool year_marked(struct cursor *c, struct found *f, int year)
{
    static const char *const year_marks[] = { "\u5E74", "\uB144" }, *const month_marks[] = { "\u6708", "\uC6D4" },
                      *const day_marks[] = { "\u65E5", "\uC77C", "\u53F7", "\u865F" };
    static const char *const weekdays[] = { "\uC6D4\uC694\uC77C", "\uD654\uC694\uC77C", "\uC218\uC694\uC77C", "\uBAA9\uC694\uC77C", "\uAE08\uC694\uC77C",
                                            "\uD1A0\uC694\uC77C", "\uC77C\uC694\uC77C", "\u661F\u671F\u4E00", "\u661F\u671F\u4E8C", "\u661F\u671F\u4E09",
                                            "\u661F\u671F\u56DB", "\u661F\u671F\u4E94", "\u661F\u671F\u516D", "\u661F\u671F\u65E5" };
    struct cursor k = *c;
    int month, day;

    if (!cursor_any(&k, year_marks, COUNT(year_marks)))
        return false;
    cursor_space(&k);
    if (!cursor_number(&k, 2, &month, NULL))
        return false;
    cursor_space(&k);
    if (!cursor_any(&k, month_marks, COUNT(month_marks)))
        return false;
    cursor_space(&k);
    if (!cursor_number(&k, 2, &day, NULL) || !date_set_day(f, year, month, day))
        return false;
    cursor_space(&k);
    cursor_any(&k, day_marks, COUNT(day_marks));
    *c = k;
    cursor_space(&k);
    if (cursor_any(&k, weekdays, COUNT(weekdays)))
        *c = k;
    return true;
}

/* -01-13, /1/13, .01.13, -Jan-13 */
static bool year_parted(struct cursor *c, struct found *f, int year)
{
    struct cursor k = *c;
    int month, day;
    char mark = k.at < k.end ? *k.at : '\0';

    if (!mark || !strchr("-/.", mark))
        return false;
    k.at++;
    cursor_space(&k);
    struct cursor name = k;
    if ((month = date_month_name(&name)) != 0)
        k = name;
    else if (!cursor_number(&k, 2, &month, NULL))
        return false;
    if (k.at >= k.end || (*k.at != mark && !name.at))
        return false;
    if (*k.at == mark)
        k.at++;
    cursor_space(&k);
    if (!cursor_number(&k, 2, &day, NULL) || !date_set_day(f, year, month, day))
        return false;
    *c = k;
    return true;
}

/* 2021 Jan 13, 2021. janu\u00E1r 13., 2021 m. sausio 13, 2021. gada 13. janv\u0101ris */
static bool year_named(struct cursor *c, struct found *f, int year)
{
    struct cursor k = *c;
    int day;

    skip_between(&k);
    int month = date_month_name(&k);
    skip_between(&k);
    if (!cursor_number(&k, 2, &day, NULL))
        return false;
    if (!month) {
        skip_between(&k);
        month = date_month_name(&k);
    }
    if (!month || !date_set_day(f, year, month, day))
        return false;
    *c = k;
    return true;
}

static bool year_first(struct cursor *c, struct found *f)
{
    struct cursor k = *c;
    int year, digits;

    if (!cursor_number(&k, 4, &year, &digits))
        return false;
    year = full_year_of_era(c, year, digits);
    if (!year || !(year_marked(&k, f, year) || (digits == 4 && (year_parted(&k, f, year) || year_named(&k, f, year)))))
        return false;
    *c = k;
    return true;
}

/* 13/1/2021, 13.01.21, 1-13-2021; day before month unless it cannot be or us_order */
static bool numeric(struct cursor *c, struct found *f, bool us_order)
{
    struct cursor k = *c;
    int a, b, year, digits;

    if (!cursor_number(&k, 2, &a, NULL) || k.at == k.end)
        return false;
    cursor_space(&k);
    char mark = k.at < k.end ? *k.at : '\0';
    if (!mark || !strchr("/.-", mark))
        return false;
    k.at++;
    cursor_space(&k);
    if (!cursor_number(&k, 2, &b, NULL))
        return false;
    cursor_space(&k);
    if (k.at == k.end || *k.at != mark)
        return false;
    k.at++;
    cursor_space(&k);
    if (!cursor_number(&k, 4, &year, &digits) || digits == 3 || digits == 1)
        return false;
    if (k.at < k.end && *k.at == mark && mark != '-' && k.at + 1 < k.end && isdigit((unsigned char)k.at[1]))
        return false; /* a version, an address */
    year = full_year(year, digits);
    if (!(us_order ? date_set_day(f, year, a, b) || date_set_day(f, year, b, a) : date_set_day(f, year, b, a) || date_set_day(f, year, a, b)))
        return false;
    *c = k;
    return true;
}

/* "13. listopada": with a dot behind the day it is Croatian, and October. */
static int croatian_october(struct cursor *c)
{
    char w[DATE_WORD_BYTES];
    struct cursor k = *c;

    if (!cursor_literal(&k, "."))
        return 0;
    cursor_space(&k);
    if (!cursor_word(&k, w) || strcmp(w, " listopada ") != 0)
        return 0;
    *c = k;
    return 10;
}

static int month_behind_day(struct cursor *c)
{
    int month = croatian_october(c);
    struct cursor k = *c;

    if (month || (month = date_month_name(c)) != 0)
        return month;
    cursor_space(&k);
    cursor_literal(&k, ",");
    cursor_space(&k);
    if (!(month = date_month_name(&k))) { /* "tháng" is also one of the words between: it was looked for first */
        k = *c;
        skip_between(&k);
        month = date_month_name(&k);
    }
    if (month)
        *c = k;
    return month;
}

/* 13 Jan 2021, 13th of January, 2021, 13-Jan-21, 13 de enero de 2021, 13 tháng 1 năm 2021 */
static bool day_first(struct cursor *c, struct found *f)
{
    struct cursor k = *c;
    int day, month, year;

    if (!cursor_number(&k, 2, &day, NULL) || !(month = month_behind_day(&k)))
        return false;
    skip_between(&k);
    if (!year_number(&k, &year) || !date_set_day(f, year, month, day))
        return false;
    *c = k;
    return true;
}

/* January 13, 2021; Jan 13 20:45:00 2021 */
bool date_month_first(struct cursor *c, struct found *f)
{
    struct cursor k = *c;
    char w[DATE_WORD_BYTES];
    int day, year, month;

    if (cursor_word(&k, w) && date_listed(behind_days, w)) /* "Pro 13 2020" is no date */
        return false;
    k = *c;
    if (!(month = date_month_name(&k)))
        return false;
    skip_between(&k);
    if (!cursor_number(&k, 2, &day, NULL))
        return false;
    struct cursor t = k;
    struct found timed = *f;
    cursor_space(&t);
    if (date_time(&t, &timed, false) && timed.has_time) {
        cursor_space(&t);
        if (year_number(&t, &year) && year >= DATE_YEAR_MIN && date_set_day(&timed, year, month, day)) {
            *f = timed;
            *c = t;
            return true;
        }
    }
    skip_between(&k);
    if (!year_number(&k, &year) || !date_set_day(f, year, month, day))
        return false;
    *c = k;
    return true;
}

bool date_form(struct cursor *c, struct found *f, bool us_order)
{
    return year_first(c, f) || numeric(c, f, us_order) || day_first(c, f) || date_month_first(c, f);
}
