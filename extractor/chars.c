/* chars.c - the table of chars.h, from Unicode's categories. */
#include "extractor/chars.h"

#include "base/mem.h"

#include <utf8proc.h>

/* Scripts without spaces between words. Hangul has them, but packs a syllable into a character. */
static const struct { uint16_t first, last; } dense[] = {
    { 0x0E00, 0x0EFF }, /* Thai, Lao */
    { 0x1000, 0x109F }, /* Myanmar */
    { 0x1780, 0x17FF }, /* Khmer */
    { 0x3040, 0x30FF }, /* kana */
    { 0x3400, 0x9FFF }, { 0xF900, 0xFAFF }, /* ideographs */
};

static unsigned class_by_category(utf8proc_category_t category)
{
    switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
        return CHAR_LETTER | CHAR_UPPER;
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_NL:
        return CHAR_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NO:
        return CHAR_DIGIT;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
        return CHAR_SPACE;
    case UTF8PROC_CATEGORY_CF:
        return 0;
    default:
        return CHAR_PUNCT;
    }
}

static unsigned class_of(uint32_t cp)
{
    unsigned class = class_by_category(utf8proc_category((utf8proc_int32_t)cp));
    if (class & CHAR_LETTER)
        for (unsigned i = 0; i < COUNT(dense); i++)
            if (cp >= dense[i].first && cp <= dense[i].last)
                class |= CHAR_DENSE;
    if (cp == 0x200B) /* zero width space */
        class = CHAR_SPACE;
    return class;
}

static const uint16_t stops[] = { '.', '!', '?', 0x2026, 0x3002, 0xFF01, 0xFF1F, 0xFF0E, 0x061F, 0x06D4, 0x0964, 0x037E };
static const uint16_t commas[] = { ',', ';', 0x3001, 0xFF0C, 0x060C, 0xFF1B };

struct chars *chars_create(void)
{
    struct chars *c = xcalloc(1, sizeof(*c));
    for (uint32_t cp = 0; cp < 0x10000; cp++) {
        utf8proc_int32_t lower = utf8proc_tolower((utf8proc_int32_t)cp);
        c->class_of[cp] = (uint8_t)class_of(cp);
        c->lower[cp] = (uint16_t)(lower > 0 && lower < 0x10000 ? lower : (utf8proc_int32_t)cp);
    }
    for (unsigned i = 0; i < COUNT(stops); i++)
        c->class_of[stops[i]] |= CHAR_STOP;
    for (unsigned i = 0; i < COUNT(commas); i++)
        c->class_of[commas[i]] |= CHAR_COMMA;
    return c;
}
