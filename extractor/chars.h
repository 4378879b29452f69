/* chars.h - what a code point counts as. One table over the basic plane, filled once per extractor: the loops over a page's
 * text look up two bytes a character and call nothing. */
#ifndef EXTRACTOR_CHARS_H
#define EXTRACTOR_CHARS_H

#include <stdint.h>

enum char_class {
    CHAR_LETTER = 1,
    CHAR_UPPER = 2,
    CHAR_DIGIT = 4,
    CHAR_DENSE = 8,   /* one character says as much as three Latin letters: CJK, Thai, Lao, Khmer; a word of its own */
    CHAR_SPACE = 16,
    CHAR_PUNCT = 32,
    CHAR_STOP = 64,   /* ends a sentence */
    CHAR_COMMA = 128,
};
#define CHAR_DENSE_WEIGHT 3

struct chars {
    uint8_t class_of[0x10000];
    uint16_t lower[0x10000];
};

struct chars *chars_create(void); /* free() it */

static inline unsigned chars_class(const struct chars *c, uint32_t cp)
{
    return cp < 0x10000 ? c->class_of[cp] : cp >= 0x20000 && cp < 0x32000 ? CHAR_LETTER | CHAR_DENSE : CHAR_PUNCT;
}
static inline uint32_t chars_lower(const struct chars *c, uint32_t cp)
{
    return cp < 0x10000 ? c->lower[cp] : cp;
}

/* The next code point of valid UTF-8; s is before end. A cut sequence ends at end. */
static inline uint32_t chars_next(const char **s, const char *end)
{
    const unsigned char *p = (const unsigned char *)*s;
    if (*p < 0x80) {
        *s += 1;
        return *p;
    }
    int more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : 1;
    if (end - *s <= more) {
        *s = end;
        return 0xFFFD;
    }
    uint32_t cp = *p & (0x3Fu >> more);
    for (int i = 1; i <= more; i++)
        cp = cp << 6 | (p[i] & 0x3F);
    *s += more + 1;
    return cp;
}

#endif
