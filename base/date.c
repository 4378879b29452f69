/* date.c - see date.h.
 *
 * Every form is made of a date, perhaps a time before or after it, and perhaps a zone. Reading starts at a number: it may begin
 * a date (2021-01-13, 13/1/2021, 13 Jan 2021, 2021年1月13日), follow a month's name (January 13, 2021) or begin a time that a
 * date follows (20:45 | 13/01/2021). So running text costs a look at its digits and at the words beside them. */
#include "base/date_read.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

/* ---- a date and its time ---- */

static const char time_words[] =
    " t at um à a las los às ás as alle ore ora om kl klo kello lúc luc hồi vào saat saati godz godzina o ob u в о у pukul jam ve h noon στις ώρα ngày on "
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar monday tuesday wednesday thursday friday saturday sunday "
    "le den pada tanggal час время heure heures hrs ist uhr klokken klockan in the time เวลา الساعة ساعت בשעה alas ";

/* Skips what may stand between a date and a time: marks, small words, the day of the week in brackets. */
static void skip_joint(struct cursor *c, bool any_word)
{
    static const char *const marks[] = { ",", ".", "|", "-", "\u2013", "\u2014", "\u00B7", "\u2022", "@", "/", "(", ")", "\uFF08", "\uFF09", ";", ":", "\u060C" };
    const char *limit = c->at + 48;
    char w[DATE_WORD_BYTES];

    for (int words = 0; c->at < c->end && c->at < limit;) {
        cursor_space(c);
        struct cursor k = *c;
        if ((cursor_literal(&k, "(") || cursor_literal(&k, "\uFF08")) && k.at < k.end && !isdigit((unsigned char)*k.at)) {
            const char *from = k.at;
            while (k.at < k.end && k.at - from < 24 && *k.at != ')' && memcmp(k.at, "\uFF09", k.end - k.at < 3 ? 1 : 3) != 0 &&
                   !isdigit((unsigned char)*k.at))
                k.at++;
            if (cursor_literal(&k, ")") || cursor_literal(&k, "\uFF09")) {
                *c = k;
                continue;
            }
        }
        if (cursor_any(c, marks, COUNT(marks)))
            continue;
        k = *c;
        struct cursor month = *c;
        if (!cursor_word(&k, w) || (any_word && date_month_name(&month)))
            return;
        if (!date_listed(time_words, w) && !(any_word && words++ < 4))
            return;
        struct cursor day = k; /* Thứ 4, */
        int n;
        cursor_space(&day);
        if (strcmp(w, " thứ ") == 0 && cursor_number(&day, 1, &n, NULL))
            k = day;
        *c = k;
    }
}

/* The zone that stands apart from its time: ", GMT+7". */
static void zone_behind(struct cursor *c, struct found *f)
{
    struct cursor k = *c;

    if (!f->has_time || f->has_zone)
        return;
    cursor_space(&k);
    cursor_literal(&k, ",");
    if (date_zone(&k, f, false))
        *c = k;
}

static bool date_then_time(struct cursor *c, struct found *f, bool us_order)
{
    struct cursor k = *c;

    if (!date_form(&k, f, us_order))
        return false;
    if (!f->has_time) {
        struct cursor t = k;
        skip_joint(&t, false);
        if (t.at > k.at && date_time(&t, f, true))
            k = t;
    }
    zone_behind(&k, f);
    *c = k;
    return true;
}

static bool time_then_date(struct cursor *c, struct found *f, bool us_order)
{
    struct cursor k = *c;

    if (!date_time(&k, f, false))
        return false;
    skip_joint(&k, true);
    if (!date_form(&k, f, us_order))
        return false;
    zone_behind(&k, f);
    *c = k;
    return true;
}

static void finish(const struct found *f, struct date *out)
{
    memset(out, 0, sizeof(*out));
    out->has_time = f->has_time;
    out->has_zone = f->has_time && f->has_zone;
    out->offset_min = out->has_zone ? f->offset_min : 0;
    out->unix_s = date_days(f->year, f->month, f->day) * 86400;
    if (f->has_time)
        out->unix_s += f->hour * 3600 + f->minute * 60 + f->second - out->offset_min * 60;
}

/* The start of the word that ends right before s, over spaces and a dot, or NULL. */
static const char *word_before(const char *start, const char *s)
{
    while (s > start && (s[-1] == ' ' || s[-1] == '.' || s[-1] == '\n'))
        s--;
    const char *end = s;
    while (s > start && end - s < (DATE_WORD_BYTES - 3) && ((unsigned char)s[-1] >= 0x80 || isalpha((unsigned char)s[-1])))
        s--;
    while (s < end && ((unsigned char)*s & 0xC0) == 0x80)
        s++;
    return s < end ? s : NULL;
}

/* Whether a whole date in numbers stands right behind a word: "A. Writer3.11.2023", where a page parts them by its style alone. */
static bool is_glued(const struct cursor *c)
{
    struct cursor k = *c;
    int n, digits = 0;
    size_t letters = 0;
    while (c->at - letters > c->start && isalpha((unsigned char)c->at[-1 - (ptrdiff_t)letters]))
        letters++;
    for (int i = 0; i < 3; i++)
        if ((i && !cursor_literal(&k, ".") && !cursor_literal(&k, "/")) || !cursor_number(&k, 4, &n, &digits))
            return false;
    return letters >= 3 && digits == 4;
}

static bool try_at(struct cursor *c, bool us_order, struct date *out)
{
    struct cursor k = *c;
    struct found f = { 0 };
    const char *before = word_before(c->start, c->at);
    char previous = c->at > c->start ? c->at[-1] : ' ';

    if (isalnum((unsigned char)previous) && previous != 'T' && !is_glued(c))
        return false;
    if (before) {
        k.at = before;
        if (date_month_first(&k, &f)) {
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
        if (cursor_digit(c.at, c.end, &size) < 0) {
            c.at += (unsigned char)*c.at < 0x80 ? 1 : size;
            continue;
        }
        if (try_at(&c, us_order, out)) {
            if (used)
                *used = (size_t)(c.at - text);
            return true;
        }
        while (cursor_digit(c.at, c.end, &size) >= 0)
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

    if (len < 8 || !all_digits(s, 8) || !date_set_day(&f, digits_value(s, 4), digits_value(s + 4, 2), digits_value(s + 6, 2)))
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
        date_fraction(&c);
        date_zone(&c, &f, true);
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
    if (len != 7 || s[4] != '-' || !all_digits(s, 4) || !all_digits(s + 5, 2) || !date_set_day(&f, digits_value(s, 4), digits_value(s + 5, 2), 1))
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
        if ((len == 9 || len == 10 || len == 12 || len == 13) && parse_epoch(text, len, out))
            return true;
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
