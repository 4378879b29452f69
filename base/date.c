/* date.c - see date.h.
 *
 * Every form is made of a date, perhaps a time before or after it, and perhaps a zone. Reading starts at a number: it may begin
 * a date (2021-01-13, 13/1/2021, 13 Jan 2021, 2021年1月13日), follow a month's name (January 13, 2021) or begin a time that a
 * date follows (20:45 | 13/01/2021). So running text costs a look at its digits and at the words beside them. */
#include "base/date.h"

#include "base/date_words.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define YEAR_MIN 1900
#define YEAR_MAX 2100
#define WORD_MAX 40 /* bytes; months and zones are shorter */

struct cursor {
    const char *start, *at, *end;
};

struct found {
    int year, month, day;
    int hour, minute, second;
    bool has_time, has_zone;
    int offset_min;
};

/* ---- calendar ---- */

/* Days from 1970-01-01 in the Gregorian calendar, counting years from March. */
static int64_t days_of(int year, int month, int day)
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
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1)
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
static bool is_us_summer(int year, int month, int day)
{
    int64_t march = days_of(year, 3, 8), november = days_of(year, 11, 1), today = days_of(year, month, day);
    march += (7 - weekday_of(march)) % 7;
    november += (7 - weekday_of(november)) % 7;
    return today >= march && today < november;
}

/* ---- reading ---- */

/* The digit at s in any of the scripts that pages number their days with, or -1; *size is its length. */
static int digit_at(const char *s, const char *end, size_t *size)
{
    static const uint32_t zeros[] = { 0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10 };
    if (s >= end)
        return -1;
    if ((unsigned char)*s < 0x80) {
        *size = 1;
        return *s >= '0' && *s <= '9' ? *s - '0' : -1;
    }
    const char *next = s;
    uint32_t c = text_next(&next, end);
    *size = (size_t)(next - s);
    for (size_t i = 0; i < COUNT(zeros); i++)
        if (c >= zeros[i] && c < zeros[i] + 10)
            return (int)(c - zeros[i]);
    return -1;
}

/* Reads at most max digits, and fails when more follow; *digits is how many there were. */
static bool number(struct cursor *c, int max, int *value, int *digits)
{
    struct cursor k = *c;
    size_t size;
    int d, n = 0, v = 0;

    while ((d = digit_at(k.at, k.end, &size)) >= 0) {
        if (++n > max)
            return false;
        v = v * 10 + d;
        k.at += size;
    }
    if (n == 0)
        return false;
    *value = v;
    if (digits)
        *digits = n;
    *c = k;
    return true;
}

static bool literal(struct cursor *c, const char *s)
{
    size_t n = strlen(s);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, s, n) != 0)
        return false;
    c->at += n;
    return true;
}

static bool any_literal(struct cursor *c, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (literal(c, list[i]))
            return true;
    return false;
}

/* White space, also U+00A0, U+202F and U+3000. */
static void skip_space(struct cursor *c)
{
    static const char *const spaces[] = { " ", "\t", "\n", "\r", "\xC2\xA0", "\xE2\x80\xAF", "\xE3\x80\x80", "\xE2\x80\x89" };
    while (any_literal(c, spaces, COUNT(spaces)))
        ;
}

static bool is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c >= 0x2E80 && c < 0xE000) /* CJK and Hangul are read as single characters */
        return false;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_MC;
}

/* Reads a word in lower case with a space on both sides, as the lists have it; dots inside Thai and "a.m." stay. */
static bool word(struct cursor *c, char out[WORD_MAX + 3])
{
    const char *s = c->at;
    size_t n = 1;

    out[0] = ' ';
    while (s < c->end) {
        const char *next = s;
        uint32_t p = text_next(&next, c->end);
        bool inner_dot = p == '.' && n > 1 && next < c->end && (*next & 0x80 || n == 2) && is_letter((uint32_t)(*next & 0x80 ? 0xE01 : *next));
        if (!is_letter(p) && !inner_dot && !(p == '\'' && n == 2))
            break;
        if (n + 4 > WORD_MAX)
            return false;
        n += text_encode(p == '.' ? '.' : (uint32_t)utf8proc_tolower((utf8proc_int32_t)p), out + n);
        s = next;
    }
    if (n == 1)
        return false;
    out[n] = ' ';
    out[n + 1] = '\0';
    c->at = s;
    return true;
}

static bool in_list(const char *list, const char *spaced_word)
{
    return strstr(list, spaced_word) != NULL;
}

/* ---- months ---- */

/* After "tháng": một … mười hai. */
static int vietnamese_number(struct cursor *c)
{
    static const char *const names[] = { " một ", " hai ", " ba ", " tư ", " năm ", " sáu ", " bảy ", " tám ", " chín ", " mười " };
    char w[WORD_MAX + 3];
    struct cursor k = *c;

    skip_space(&k);
    if (!word(&k, w))
        return 0;
    for (int i = 0; i < 10; i++) {
        if (strcmp(w, names[i]) != 0)
            continue;
        struct cursor more = k;
        skip_space(&more);
        if (i == 9 && word(&more, w) && (strcmp(w, names[0]) == 0 || strcmp(w, names[1]) == 0)) {
            *c = more;
            return strcmp(w, names[0]) == 0 ? 11 : 12;
        }
        *c = k;
        return i + 1;
    }
    return 0;
}

/* Reads a month by name; 0 when none stands here. */
static int month_name(struct cursor *c)
{
    char w[WORD_MAX + 3];
    struct cursor k = *c;
    int n, digits;

    if (!word(&k, w))
        return 0;
    if (strcmp(w, " tháng ") == 0 || strcmp(w, " thg ") == 0 || strcmp(w, " th ") == 0 || strcmp(w, " thang ") == 0) {
        int month = vietnamese_number(&k);
        if (!month) {
            skip_space(&k);
            month = number(&k, 2, &n, &digits) && n <= 12 ? n : 0;
        }
        if (month)
            *c = k;
        return month;
    }
    for (int i = 0; i < 12; i++) {
        if (in_list(month_words[i], w)) {
            literal(&k, ".");
            *c = k;
            return i + 1;
        }
    }
    return 0;
}

/* ---- times and zones ---- */

static bool set_zone(struct found *f, int minutes)
{
    if (minutes < -14 * 60 || minutes > 14 * 60)
        return false;
    f->has_zone = true;
    f->offset_min = minutes;
    return true;
}

/* [+-]hhmm, [+-]hh:mm, and where short_ok [+-]h or [+-]hh. */
static bool zone_offset(struct cursor *c, struct found *f, bool short_ok)
{
    struct cursor k = *c;
    int sign, n, digits, minutes = 0;

    if (literal(&k, "+"))
        sign = 1;
    else if (literal(&k, "-") || literal(&k, "\u2212"))
        sign = -1;
    else
        return false;
    if (!number(&k, 4, &n, &digits) || digits == 3)
        return false;
    if (digits == 4) {
        minutes = n / 100 * 60 + n % 100;
    } else {
        struct cursor colon = k;
        int m, md;
        minutes = n * 60;
        if ((literal(&colon, ":") || (short_ok && literal(&colon, "."))) && number(&colon, 2, &m, &md) && md == 2 && m < 60) {
            minutes += m;
            k = colon;
        } else if (!short_ok || (k.at < k.end && strchr("/.-:", *k.at) && k.at + 1 < k.end && isdigit((unsigned char)k.at[1]))) {
            return false;
        }
    }
    if (!set_zone(f, sign * minutes))
        return false;
    *c = k;
    return true;
}

static bool zone(struct cursor *c, struct found *f, bool close_to_time)
{
    struct cursor k = *c;
    char w[WORD_MAX + 3];

    skip_space(&k);
    bool touching = k.at == c->at;
    bool bracket = literal(&k, "(") || literal(&k, "[");
    if (bracket)
        skip_space(&k);
    if (zone_offset(&k, f, (touching && close_to_time) || bracket)) {
        if (bracket)
            literal(&k, ")");
        *c = k;
        return true;
    }
    if (!word(&k, w))
        return false;
    w[strlen(w) - 1] = '\0';
    for (size_t i = 0; i < COUNT(us_zone_words); i++) {
        if (strcmp(w + 1, us_zone_words[i].name) == 0 && isupper((unsigned char)k.at[-1])) {
            *c = k;
            return set_zone(f, us_zone_words[i].minutes + (f->year && is_us_summer(f->year, f->month, f->day) ? 60 : 0));
        }
    }
    for (size_t i = 0; i < COUNT(zone_words); i++) {
        if (strcmp(w + 1, zone_words[i].name) != 0)
            continue;
        if (zone_words[i].minutes == 0) {
            struct cursor plus = k;
            skip_space(&plus);
            if (zone_offset(&plus, f, true))
                k = plus;
            else
                set_zone(f, 0);
        } else {
            set_zone(f, zone_words[i].minutes);
        }
        if (bracket)
            literal(&k, ")");
        *c = k;
        return true;
    }
    return false;
}

enum half { HALF_NONE, HALF_AM, HALF_PM };

static enum half half_of_day(struct cursor *c)
{
    static const char *const before[] = { "\u4E0A\u5348", "\u5348\u524D", "\uC624\uC804", "\u65E9\u4E0A", "\u51CC\u6668" };
    static const char *const after[] = { "\u4E0B\u5348", "\u5348\u5F8C", "\uC624\uD6C4", "\u665A\u4E0A" };
    char w[WORD_MAX + 3];
    struct cursor k = *c;

    skip_space(&k);
    enum half half = any_literal(&k, before, COUNT(before)) ? HALF_AM : any_literal(&k, after, COUNT(after)) ? HALF_PM : HALF_NONE;
    if (half == HALF_NONE && word(&k, w)) {
        if (in_list(" am a.m sa ", w) || in_list(" sáng ", w))
            half = HALF_AM;
        else if (in_list(" pm p.m ch chiều tối ", w))
            half = HALF_PM;
        literal(&k, ".");
    }
    if (half != HALF_NONE)
        *c = k;
    return half;
}

static void fraction(struct cursor *c)
{
    struct cursor k = *c;
    size_t size;
    bool any = false;

    if (!literal(&k, ".") && !literal(&k, ","))
        return;
    while (digit_at(k.at, k.end, &size) >= 0) {
        k.at += size;
        any = true;
    }
    if (any)
        *c = k;
}

/* What stands between hours and minutes: 20:45, 20h45, 20g45, 20 giờ 45, 20時45分, 14.30 Uhr (only where a dot may be one). */
static bool hour_mark(struct cursor *c, bool dot, bool *marked)
{
    static const char *const marks[] = { "\u6642", "\u65F6", "\u70B9", "\uC2DC", "\u9EDE", "giờ", "Giờ" };
    struct cursor k = *c;

    *marked = false;
    if (literal(c, ":") || literal(c, "\uFF1A") || (dot && literal(c, ".")))
        return true;
    if (literal(c, "h") || literal(c, "H") || literal(c, "g")) {
        if (c->at == c->end || !is_letter((unsigned char)*c->at)) {
            *marked = true;
            return true;
        }
        *c = k;
        return false;
    }
    skip_space(&k);
    if (!any_literal(&k, marks, COUNT(marks)))
        return false;
    skip_space(&k);
    *marked = true;
    *c = k;
    return true;
}

/* Reads a time of day and the zone right behind it. */
static bool time_of_day(struct cursor *c, struct found *f, bool dot)
{
    static const char *const minute_marks[] = { "\u5206", "\uBD84", " ph\u00FAt", "ph\u00FAt", "p" };
    struct cursor k = *c;
    int hour, minute = 0, second = 0, digits;
    bool marked;
    enum half half = half_of_day(&k);

    skip_space(&k);
    if (!number(&k, 2, &hour, &digits) || hour > 24)
        return false;
    if (hour_mark(&k, dot, &marked)) {
        struct cursor m = k;
        if (number(&m, 2, &minute, &digits) && (digits == 2 || marked || minute == 0) && minute < 60) {
            struct cursor s = m;
            any_literal(&m, minute_marks, COUNT(minute_marks));
            if (literal(&s, ":") && number(&s, 2, &second, &digits) && second <= 60) {
                fraction(&s);
                m = s;
            } else {
                second = 0;
            }
            k = m;
        } else if (!marked) {
            return false;
        }
    } else if (half == HALF_NONE && (half = half_of_day(&k)) == HALF_NONE) {
        return false;
    }
    if (half == HALF_NONE)
        half = half_of_day(&k);
    if (half != HALF_NONE && hour <= 12)
        hour = hour % 12 + (half == HALF_PM ? 12 : 0);
    if (hour == 24 && (minute || second))
        return false;
    f->hour = hour;
    f->minute = minute;
    f->second = second > 59 ? 59 : second;
    f->has_time = true;
    if (!f->has_zone)
        zone(&k, f, true);
    *c = k;
    return true;
}

/* ---- dates ---- */

static int full_year(int n, int digits)
{
    if (digits == 2)
        return n < 70 ? 2000 + n : 1900 + n; /* RFC 9110 5.6.7 needs a clock for more */
    return n > 2400 && n < 2650 ? n - 543 : n; /* Buddhist era, as Thai pages count */
}

static bool set_day(struct found *f, int year, int month, int day)
{
    if (!is_day(year, month, day))
        return false;
    f->year = year;
    f->month = month;
    f->day = day;
    return true;
}

/* Commas, dots and small words inside a date. */
static void skip_between(struct cursor *c)
{
    static const char *const marks[] = { ",", ".", "/", "-", "\u060C", "\u00BA", "\u00AA" };
    static const char *const ordinals[] = { "st", "nd", "rd", "th", "er", "re" };
    struct cursor k = *c;
    char w[WORD_MAX + 3];

    if (any_literal(&k, ordinals, COUNT(ordinals)) && (k.at == k.end || !is_letter((unsigned char)*k.at)))
        *c = k;
    for (int i = 0; i < 4; i++) {
        skip_space(c);
        if (any_literal(c, marks, COUNT(marks)))
            continue;
        k = *c;
        if (!word(&k, w) || !in_list(between_words, w))
            return;
        *c = k;
    }
}

static bool year_number(struct cursor *c, int *year)
{
    int n, digits;
    struct cursor k = *c;

    literal(&k, "'");
    if (!number(&k, 4, &n, &digits) || digits == 3 || digits == 1)
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

    if (!number(&k, 4, &year, &digits) || digits != 4)
        return false;
    year = full_year(year, 4);
    char mark = k.at < k.end ? *k.at : '\0';
    if (any_literal(&k, year_marks, COUNT(year_marks))) {
        skip_space(&k);
        if (!number(&k, 2, &month, NULL))
            return false;
        skip_space(&k);
        if (!any_literal(&k, month_marks, COUNT(month_marks)))
            return false;
        skip_space(&k);
        if (!number(&k, 2, &day, NULL) || !set_day(f, year, month, day))
            return false;
        skip_space(&k);
        any_literal(&k, day_marks, COUNT(day_marks));
    } else if (strchr("-/.", mark) && mark) {
        k.at++;
        skip_space(&k);
        struct cursor name = k;
        if ((month = month_name(&name)) != 0)
            k = name;
        else if (!number(&k, 2, &month, NULL))
            return false;
        if (k.at >= k.end || (*k.at != mark && !name.at))
            return false;
        if (*k.at == mark)
            k.at++;
        skip_space(&k);
        if (!number(&k, 2, &day, NULL) || !set_day(f, year, month, day))
            return false;
    } else {
        skip_between(&k);
        month = month_name(&k);
        skip_between(&k);
        if (!month || !number(&k, 2, &day, NULL) || !set_day(f, year, month, day))
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

    if (!number(&k, 2, &a, NULL) || k.at == k.end)
        return false;
    skip_space(&k);
    char mark = k.at < k.end ? *k.at : '\0';
    if (!mark || !strchr("/.-", mark))
        return false;
    k.at++;
    skip_space(&k);
    if (!number(&k, 2, &b, NULL))
        return false;
    skip_space(&k);
    if (k.at == k.end || *k.at != mark)
        return false;
    k.at++;
    skip_space(&k);
    if (!number(&k, 4, &year, &digits) || digits == 3 || digits == 1)
        return false;
    if (k.at < k.end && *k.at == mark && mark != '-' && k.at + 1 < k.end && isdigit((unsigned char)k.at[1]))
        return false; /* a version, an address */
    year = full_year(year, digits);
    if (!(us_order ? set_day(f, year, a, b) || set_day(f, year, b, a) : set_day(f, year, b, a) || set_day(f, year, a, b)))
        return false;
    *c = k;
    return true;
}

/* 13 Jan 2021, 13th of January, 2021, 13-Jan-21, 13 de enero de 2021, 13 tháng 1 năm 2021 */
static bool day_first(struct cursor *c, struct found *f)
{
    struct cursor k = *c;
    int day, month, year;

    if (!number(&k, 2, &day, NULL))
        return false;
    for (int i = 0; i < 2; i++) {
        struct cursor m = k;
        if ((month = month_name(&m)) != 0) {
            k = m;
            break;
        }
        skip_between(&k);
        if (i == 0) { /* "tháng" is also one of the words between */
            struct cursor back = *c;
            number(&back, 2, &day, NULL);
            skip_space(&back);
            literal(&back, ",");
            skip_space(&back);
            if ((month = month_name(&back)) != 0) {
                k = back;
                break;
            }
        }
    }
    if (!month)
        return false;
    skip_between(&k);
    if (!year_number(&k, &year) || !set_day(f, year, month, day))
        return false;
    *c = k;
    return true;
}

/* January 13, 2021; Jan 13 20:45:00 2021 */
static bool month_first(struct cursor *c, struct found *f)
{
    struct cursor k = *c;
    int day, year, month = month_name(&k);

    if (!month)
        return false;
    skip_between(&k);
    if (!number(&k, 2, &day, NULL))
        return false;
    struct cursor t = k;
    struct found timed = *f;
    skip_space(&t);
    if (time_of_day(&t, &timed, false) && timed.has_time) {
        skip_space(&t);
        if (year_number(&t, &year) && year >= YEAR_MIN && set_day(&timed, year, month, day)) {
            *f = timed;
            *c = t;
            return true;
        }
    }
    skip_between(&k);
    if (!year_number(&k, &year) || !set_day(f, year, month, day))
        return false;
    *c = k;
    return true;
}

static bool a_date(struct cursor *c, struct found *f, bool us_order)
{
    return year_first(c, f) || numeric(c, f, us_order) || day_first(c, f) || month_first(c, f);
}

/* ---- joining them ---- */

/* Skips what may stand between a date and a time: marks, small words, the day of the week in brackets. */
static void skip_joint(struct cursor *c, bool any_word)
{
    static const char *const marks[] = { ",", ".", "|", "-", "\u2013", "\u2014", "\u00B7", "\u2022", "@", "/", "(", ")", "\uFF08", "\uFF09", ";", ":", "\u060C" };
    const char *limit = c->at + 48;
    char w[WORD_MAX + 3];

    for (int words = 0; c->at < c->end && c->at < limit;) {
        skip_space(c);
        struct cursor k = *c;
        if ((literal(&k, "(") || literal(&k, "\uFF08")) && k.at < k.end && !isdigit((unsigned char)*k.at)) {
            const char *from = k.at;
            while (k.at < k.end && k.at - from < 24 && *k.at != ')' && memcmp(k.at, "\uFF09", k.end - k.at < 3 ? 1 : 3) != 0 &&
                   !isdigit((unsigned char)*k.at))
                k.at++;
            if (literal(&k, ")") || literal(&k, "\uFF09")) {
                *c = k;
                continue;
            }
        }
        if (any_literal(c, marks, COUNT(marks)))
            continue;
        k = *c;
        struct cursor month = *c;
        if (!word(&k, w) || (any_word && month_name(&month)))
            return;
        if (!in_list(time_words, w) && !(any_word && words++ < 4))
            return;
        struct cursor day = k; /* Thứ 4, */
        int n;
        skip_space(&day);
        if (strcmp(w, " thứ ") == 0 && number(&day, 1, &n, NULL))
            k = day;
        *c = k;
    }
}

static bool date_then_time(struct cursor *c, struct found *f, bool us_order)
{
    struct cursor k = *c;

    if (!a_date(&k, f, us_order))
        return false;
    if (!f->has_time) {
        struct cursor t = k;
        skip_joint(&t, false);
        if (t.at > k.at && time_of_day(&t, f, true))
            k = t;
    }
    if (f->has_time && !f->has_zone) {
        struct cursor z = k;
        skip_space(&z);
        literal(&z, ",");
        if (zone(&z, f, false))
            k = z;
    }
    *c = k;
    return true;
}

static bool time_then_date(struct cursor *c, struct found *f, bool us_order)
{
    struct cursor k = *c;

    if (!time_of_day(&k, f, false))
        return false;
    skip_joint(&k, true);
    if (!a_date(&k, f, us_order))
        return false;
    if (!f->has_zone) {
        struct cursor z = k;
        skip_space(&z);
        literal(&z, ",");
        if (zone(&z, f, false))
            k = z;
    }
    *c = k;
    return true;
}

static void finish(const struct found *f, struct date *out)
{
    memset(out, 0, sizeof(*out));
    out->has_time = f->has_time;
    out->has_zone = f->has_time && f->has_zone;
    out->offset_min = out->has_zone ? f->offset_min : 0;
    out->unix_s = days_of(f->year, f->month, f->day) * 86400;
    if (f->has_time)
        out->unix_s += f->hour * 3600 + f->minute * 60 + f->second - out->offset_min * 60;
}

/* The start of the word that ends right before s, over spaces and a dot, or NULL. */
static const char *word_before(const char *start, const char *s)
{
    while (s > start && (s[-1] == ' ' || s[-1] == '.' || s[-1] == '\n'))
        s--;
    const char *end = s;
    while (s > start && end - s < WORD_MAX && ((unsigned char)s[-1] >= 0x80 || isalpha((unsigned char)s[-1])))
        s--;
    while (s < end && ((unsigned char)*s & 0xC0) == 0x80)
        s++;
    return s < end ? s : NULL;
}

static bool try_at(struct cursor *c, bool us_order, struct date *out)
{
    struct cursor k = *c;
    struct found f = { 0 };
    const char *before = word_before(c->start, c->at);
    char previous = c->at > c->start ? c->at[-1] : ' ';

    if (isalnum((unsigned char)previous) && !(previous == 'T'))
        return false;
    if (before) {
        k.at = before;
        if (month_first(&k, &f)) {
            struct cursor whole = *c;
            struct found again = { 0 };
            whole.at = before;
            if (date_then_time(&whole, &again, us_order)) {
                *c = whole;
                finish(&again, out);
                return true;
            }
        }
        k = *c;
        memset(&f, 0, sizeof(f));
    }
    if (strchr("./-", previous) && !(c->end - c->at > 4 && isdigit((unsigned char)c->at[3])))
        return false; /* the middle of a longer number, unless a year begins */
    if (date_then_time(&k, &f, us_order)) {
        *c = k;
        finish(&f, out);
        return true;
    }
    k = *c;
    memset(&f, 0, sizeof(f));
    if (!time_then_date(&k, &f, us_order))
        return false;
    *c = k;
    finish(&f, out);
    return true;
}

bool date_find(const char *text, size_t len, bool us_order, struct date *out, size_t *used)
{
    struct cursor c = { text, text, text + len };
    size_t size;

    while (c.at < c.end) {
        if (digit_at(c.at, c.end, &size) < 0) {
            c.at += (unsigned char)*c.at < 0x80 ? 1 : size;
            continue;
        }
        if (try_at(&c, us_order, out)) {
            if (used)
                *used = (size_t)(c.at - text);
            return true;
        }
        while (digit_at(c.at, c.end, &size) >= 0)
            c.at += size;
    }
    return false;
}

/* ---- whole texts ---- */

static bool all_digits(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isdigit((unsigned char)s[i]))
            return false;
    return len > 0;
}

static int digits_value(const char *s, size_t len)
{
    int v = 0;
    while (len--)
        v = v * 10 + (*s++ - '0');
    return v;
}

/* Epoch seconds or milliseconds of 1990 to 2100. */
static bool parse_epoch(const char *s, size_t len, struct date *out)
{
    int64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v = v * 10 + (s[i] - '0');
    if (len >= 12)
        v /= 1000;
    if (v < 631152000 || v > INT64_C(4102444800))
        return false;
    *out = (struct date){ .unix_s = v, .has_time = true, .has_zone = true };
    return true;
}

/* 20210113, 20210113204500, 20210113T204500Z (ISO 8601, basic format) */
static bool parse_basic(const char *s, size_t len, struct date *out)
{
    struct cursor c = { s, s, s + len };
    struct found f = { 0 };

    if (len < 8 || !all_digits(s, 8) || !set_day(&f, digits_value(s, 4), digits_value(s + 4, 2), digits_value(s + 6, 2)))
        return false;
    c.at += 8;
    if (c.at < c.end && (*c.at == 'T' || *c.at == ' '))
        c.at++;
    size_t digits = 0;
    while (c.at + digits < c.end && isdigit((unsigned char)c.at[digits]))
        digits++;
    if (digits != 0 && digits != 4 && digits != 6)
        return false;
    if (digits) {
        f.hour = digits_value(c.at, 2);
        f.minute = digits_value(c.at + 2, 2);
        f.second = digits == 6 ? digits_value(c.at + 4, 2) : 0;
        f.has_time = f.hour < 24 && f.minute < 60 && f.second <= 60;
        c.at += digits;
        fraction(&c);
        zone(&c, &f, true);
    }
    if (c.at != c.end || (digits && !f.has_time))
        return false;
    finish(&f, out);
    return true;
}

/* 2021-01: a month stands for its first day (W3C-DTF). */
static bool parse_month(const char *s, size_t len, struct date *out)
{
    struct found f = { 0 };
    if (len != 7 || s[4] != '-' || !all_digits(s, 4) || !all_digits(s + 5, 2) || !set_day(&f, digits_value(s, 4), digits_value(s + 5, 2), 1))
        return false;
    finish(&f, out);
    return true;
}

#define WHOLE_MAX 128 /* bytes; longer texts are no dates */

bool date_parse(const char *text, size_t len, struct date *out)
{
    while (len && isspace((unsigned char)text[0]))
        text++, len--;
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    if (len == 0 || len > WHOLE_MAX)
        return false;
    if (all_digits(text, len)) {
        if (len >= 9 && len <= 10)
            return parse_epoch(text, len, out);
        if (len >= 12 && len <= 13)
            return parse_epoch(text, len, out);
    }
    return parse_basic(text, len, out) || parse_month(text, len, out) || date_find(text, len, false, out, NULL);
}

bool date_parse_http(const char *text, int64_t *unix_s)
{
    struct date d;
    size_t len = strlen(text);

    if (all_digits(text, len) || !date_parse(text, len, &d) || !d.has_time)
        return false;
    *unix_s = d.unix_s;
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
