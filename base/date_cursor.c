/* date_cursor.c - numbers, marks and words of the text that a date is read from. */
#include "base/date_read.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>
#include <utf8proc.h>

/* The digit at s in any of the scripts that pages number their days with, or -1; *size is its length. */
int cursor_digit(const char *s, const char *end, size_t *size)
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
bool cursor_number(struct cursor *c, int max, int *value, int *digits)
{
    struct cursor k = *c;
    size_t size;
    int d, n = 0, v = 0;

    while ((d = cursor_digit(k.at, k.end, &size)) >= 0) {
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

bool cursor_literal(struct cursor *c, const char *s)
{
    size_t n = strlen(s);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, s, n) != 0)
        return false;
    c->at += n;
    return true;
}

bool cursor_any(struct cursor *c, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cursor_literal(c, list[i]))
            return true;
    return false;
}

/* White space, also U+00A0, U+202F and U+3000. */
void cursor_space(struct cursor *c)
{
    static const char *const spaces[] = { " ", "\t", "\n", "\r", "\xC2\xA0", "\xE2\x80\xAF", "\xE3\x80\x80", "\xE2\x80\x89" };
    while (cursor_any(c, spaces, COUNT(spaces)))
        ;
}

bool cursor_is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c >= 0x2E80 && c < 0xE000) /* CJK and Hangul are read as single characters */
        return false;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_MC;
}

/* Reads a word in lower case with a space on both sides, as the lists have it; dots inside Thai and "a.m." stay. */
bool cursor_word(struct cursor *c, char out[DATE_WORD_BYTES])
{
    const char *s = c->at;
    size_t n = 1;

    out[0] = ' ';
    while (s < c->end) {
        const char *next = s;
        uint32_t p = text_next(&next, c->end);
        bool inner_dot = p == '.' && n > 1 && next < c->end && (*next & 0x80 || n == 2) && cursor_is_letter((uint32_t)(*next & 0x80 ? 0xE01 : *next));
        if (!cursor_is_letter(p) && !inner_dot && !(p == '\'' && n == 2))
            break;
        if (n + 4 > (DATE_WORD_BYTES - 3))
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

bool date_listed(const char *list, const char *spaced_word)
{
    return strstr(list, spaced_word) != NULL;
}
