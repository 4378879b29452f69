/* date_clock.c - times of day and zones. */
#include "base/date_read.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

/* ---- zones ---- */

static const struct { const char *name; short minutes; } zone_words[] = {
    { "z", 0 }, { "utc", 0 }, { "gmt", 0 }, { "ut", 0 }, { "wet", 0 }, { "west", 60 }, { "bst", 60 }, { "cet", 60 }, { "cest", 120 },
    { "mez", 60 }, { "mesz", 120 }, { "eet", 120 }, { "eest", 180 }, { "msk", 180 }, { "мск", 180 }, { "trt", 180 }, { "sast", 120 },
    { "cat", 120 }, { "wat", 60 }, { "eat", 180 }, { "gst", 240 }, { "irst", 210 }, { "pkt", 300 }, { "ist", 330 }, { "npt", 345 },
    { "ict", 420 }, { "wib", 420 }, { "wita", 480 }, { "wit", 540 }, { "sgt", 480 }, { "hkt", 480 }, { "pht", 480 }, { "pst8pdt", -480 },
    { "myt", 480 }, { "awst", 480 }, { "jst", 540 }, { "kst", 540 }, { "aest", 600 }, { "aedt", 660 }, { "acst", 570 }, { "acdt", 630 },
    { "nzst", 720 }, { "nzdt", 780 }, { "ast", -240 }, { "adt", -180 }, { "est", -300 }, { "edt", -240 }, { "cst", -360 }, { "cdt", -300 },
    { "mst", -420 }, { "mdt", -360 }, { "pst", -480 }, { "pdt", -420 }, { "akst", -540 }, { "akdt", -480 }, { "hst", -600 }, { "brt", -180 },
    { "art", -180 }, { "clt", -240 }, { "cot", -300 }, { "pet", -300 },
};

/* Zones of North America that leave summer time to the reader. */
static const struct { const char *name; short minutes; } us_zone_words[] = { { "et", -300 }, { "ct", -360 }, { "mt", -420 }, { "pt", -480 } };

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

    if (cursor_literal(&k, "+"))
        sign = 1;
    else if (cursor_literal(&k, "-") || cursor_literal(&k, "\u2212"))
        sign = -1;
    else
        return false;
    if (!cursor_number(&k, 4, &n, &digits) || digits == 3)
        return false;
    if (digits == 4) {
        minutes = n / 100 * 60 + n % 100;
    } else {
        struct cursor colon = k;
        int m, md;
        minutes = n * 60;
        if ((cursor_literal(&colon, ":") || (short_ok && cursor_literal(&colon, "."))) && cursor_number(&colon, 2, &m, &md) && md == 2 && m < 60) {
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

bool date_zone(struct cursor *c, struct found *f, bool close_to_time)
{
    struct cursor k = *c;
    char w[DATE_WORD_BYTES];

    cursor_space(&k);
    bool touching = k.at == c->at;
    bool bracket = cursor_literal(&k, "(") || cursor_literal(&k, "[");
    if (bracket)
        cursor_space(&k);
    if (zone_offset(&k, f, (touching && close_to_time) || bracket)) {
        if (bracket)
            cursor_literal(&k, ")");
        *c = k;
        return true;
    }
    if (!cursor_word(&k, w))
        return false;
    w[strlen(w) - 1] = '\0';
    for (size_t i = 0; i < COUNT(us_zone_words); i++) {
        if (strcmp(w + 1, us_zone_words[i].name) == 0 && isupper((unsigned char)k.at[-1])) {
            *c = k;
            return set_zone(f, us_zone_words[i].minutes + (f->year && date_is_us_summer(f->year, f->month, f->day) ? 60 : 0));
        }
    }
    for (size_t i = 0; i < COUNT(zone_words); i++) {
        if (strcmp(w + 1, zone_words[i].name) != 0)
            continue;
        if (zone_words[i].minutes == 0) {
            struct cursor plus = k;
            cursor_space(&plus);
            if (zone_offset(&plus, f, true))
                k = plus;
            else
                set_zone(f, 0);
        } else {
            set_zone(f, zone_words[i].minutes);
        }
        if (bracket)
            cursor_literal(&k, ")");
        *c = k;
        return true;
    }
    return false;
}

/* ---- times ---- */

enum half { HALF_NONE, HALF_AM, HALF_PM };

static enum half half_of_day(struct cursor *c)
{
    static const char *const before[] = { "\u4E0A\u5348", "\u5348\u524D", "\uC624\uC804", "\u65E9\u4E0A", "\u51CC\u6668" };
    static const char *const after[] = { "\u4E0B\u5348", "\u5348\u5F8C", "\uC624\uD6C4", "\u665A\u4E0A" };
    char w[DATE_WORD_BYTES];
    struct cursor k = *c;

    cursor_space(&k);
    enum half half = cursor_any(&k, before, COUNT(before)) ? HALF_AM : cursor_any(&k, after, COUNT(after)) ? HALF_PM : HALF_NONE;
    if (half == HALF_NONE && cursor_word(&k, w)) {
        if (date_listed(" am a.m sa ", w) || date_listed(" sáng ", w))
            half = HALF_AM;
        else if (date_listed(" pm p.m ch chiều tối ", w))
            half = HALF_PM;
        cursor_literal(&k, ".");
    }
    if (half != HALF_NONE)
        *c = k;
    return half;
}

void date_fraction(struct cursor *c)
{
    struct cursor k = *c;
    size_t size;
    bool any = false;

    if (!cursor_literal(&k, ".") && !cursor_literal(&k, ","))
        return;
    while (cursor_digit(k.at, k.end, &size) >= 0) {
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
    if (cursor_literal(c, ":") || cursor_literal(c, "\uFF1A") || (dot && cursor_literal(c, ".")))
        return true;
    struct cursor spaced = *c; /* 20 h 45 */
    cursor_space(&spaced);
    if (spaced.at > c->at && cursor_literal(&spaced, "h") && spaced.at < spaced.end && *spaced.at == ' ') {
        cursor_space(&spaced);
        if (spaced.at < spaced.end && isdigit((unsigned char)*spaced.at)) {
            *marked = true;
            *c = spaced;
            return true;
        }
    }
    if (cursor_literal(c, "h") || cursor_literal(c, "H") || cursor_literal(c, "g")) {
        if (c->at == c->end || !cursor_is_letter((unsigned char)*c->at)) {
            *marked = true;
            return true;
        }
        *c = k;
        return false;
    }
    cursor_space(&k);
    if (!cursor_any(&k, marks, COUNT(marks)))
        return false;
    cursor_space(&k);
    *marked = true;
    *c = k;
    return true;
}

/* Reads a time of day and the zone right behind it. */
bool date_time(struct cursor *c, struct found *f, bool dot)
{
    static const char *const minute_marks[] = { "\u5206", "\uBD84", " ph\u00FAt", "ph\u00FAt" };
    struct cursor k = *c;
    int hour, minute = 0, second = 0, digits;
    bool marked;
    enum half half = half_of_day(&k);

    cursor_space(&k);
    if (!cursor_number(&k, 2, &hour, &digits) || hour > 24)
        return false;
    if (hour_mark(&k, dot, &marked)) {
        struct cursor m = k;
        if (cursor_number(&m, 2, &minute, &digits) && (digits == 2 || marked || minute == 0) && minute < 60) {
            struct cursor s = m;
            cursor_any(&m, minute_marks, COUNT(minute_marks));
            if (cursor_literal(&s, ":") && cursor_number(&s, 2, &second, &digits) && second <= 60) {
                date_fraction(&s);
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
        date_zone(&k, f, true);
    *c = k;
    return true;
}
