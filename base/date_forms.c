/* date_forms.c - the orders in which day, month and year are written. */
#include "base/date_read.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

/* What may stand between the parts of a date, and between a date and its time. */
static const char between_words[] =
    " of de del d' of the den der dem le el la di da van năm ngày ngay tháng an year rok roku р г. г года року of year ";

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

/* 2021-01-13, 2021/1/13, 2021.01.13, 2021年1月13日, 2021. január 13., 2021 Jan 13 */
static bool year_first(struct cursor *c, struct found *f)
{
    static const char *const year_marks[] = { "\u5E74", "\uB144" }, *const month_marks[] = { "\u6708", "\uC6D4" }, *const day_marks[] = { "\u65E5", "\uC77C", "\u53F7" };
    struct cursor k = *c;
    int year, month, day, digits;

    if (!cursor_number(&k, 4, &year, &digits) || digits != 4)
        return false;
    year = full_year(year, 4);
    char mark = k.at < k.end ? *k.at : '\0';
    if (cursor_any(&k, year_marks, COUNT(year_marks))) {
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
    } else if (strchr("-/.", mark) && mark) {
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
    } else {
        skip_between(&k);
        month = date_month_name(&k);
        skip_between(&k);
        if (!month || !cursor_number(&k, 2, &day, NULL) || !date_set_day(f, year, month, day))
            return false;
    }
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

/* 13 Jan 2021, 13th of January, 2021, 13-Jan-21, 13 de enero de 2021, 13 tháng 1 năm 2021 */
static bool day_first(struct cursor *c, struct found *f)
{
    struct cursor k = *c;
    int day, month, year;

    if (!cursor_number(&k, 2, &day, NULL))
        return false;
    for (int i = 0; i < 2; i++) {
        struct cursor m = k;
        if ((month = date_month_name(&m)) != 0) {
            k = m;
            break;
        }
        skip_between(&k);
        if (i == 0) { /* "tháng" is also one of the words between */
            struct cursor back = *c;
            cursor_number(&back, 2, &day, NULL);
            cursor_space(&back);
            cursor_literal(&back, ",");
            cursor_space(&back);
            if ((month = date_month_name(&back)) != 0) {
                k = back;
                break;
            }
        }
    }
    if (!month)
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
    int day, year, month = date_month_name(&k);

    if (!month)
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
