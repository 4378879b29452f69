/* language.c - a guess at a text's language, to check what the page declares: the script where it tells, else the share of
 * each language's commonest words. Only for texts of some length; "cannot tell" is an answer. */
#include "extractor/fields.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

static const struct { const char *language, *words; } commonest[] = {
    { "vi", "của và là các có được cho trong không với một đã người những này để khi tại đến về" },
    { "en", "the of and to in is that for was with on are his they this have from it not at" },
    { "de", "der die und das von mit den ist nicht ein eine auf für dem sich auch als nach sie werden" },
    { "fr", "les des est dans pour que une sur qui pas par plus avec ce sont aux cette ont elle du" },
    { "es", "que los las por una para con del como más pero sus este fue entre sobre ha desde también el" },
    { "pt", "que não uma para com os mais dos como foi ao das pelo são ele também à seu sua até" },
    { "it", "che di per una non sono il della con del nel anche alla più dei gli delle ha questo come" },
    { "nl", "het een van en de dat niet zijn voor met op aan er ook bij maar wordt hebben naar is" },
    { "sv", "och att det som en på är av för med den till inte har ett om var men han från" },
    { "da", "og det at en den til er som på de med af ikke der har blev et han kan også" },
    { "no", "og det som på er av til med ikke har de en han var seg også ble etter fra år" },
    { "fi", "ja on ei se että oli myös mutta hän joka kun ovat niin kuin mukaan sen vuoden tai olla" },
    { "pl", "się nie na jest że do jak to po przez oraz ale tym jego także są która który przed" },
    { "cs", "se na je že jsem jako podle který by jsou také však byl ale pro které když už" },
    { "hu", "hogy nem az és egy is meg volt csak már mint ez de azt kell még lehet után szerint" },
    { "ro", "și în de la care cu pe din nu să este pentru mai fost sunt această după au sau" },
    { "tr", "ve bir bu için ile olarak da olan çok daha gibi sonra kadar olduğu ancak ise en" },
    { "id", "yang dan di dengan untuk dari ini pada tidak dalam akan juga itu oleh tersebut adalah" },
};

static const char *by_script(const unsigned scripts[6], unsigned total)
{
    enum { LATIN, CYRILLIC, KANA, HAN, HANGUL, OTHER };
    if (scripts[KANA] * 5 > total)
        return "ja";
    if (scripts[HANGUL] * 3 > total)
        return "ko";
    if (scripts[HAN] * 2 > total)
        return scripts[KANA] * 20 > total ? "ja" : "zh";
    return NULL;
}

static const char *single_script(uint32_t cp)
{
    static const struct { uint32_t first, last; const char *language; } ranges[] = {
        { 0x370, 0x3FF, "el" }, { 0x590, 0x5FF, "he" }, { 0xE00, 0xE7F, "th" }, { 0xE80, 0xEFF, "lo" }, { 0x1780, 0x17FF, "km" },
        { 0x1000, 0x109F, "my" }, { 0x980, 0x9FF, "bn" }, { 0xB80, 0xBFF, "ta" }, { 0xC00, 0xC7F, "te" }, { 0x10A0, 0x10FF, "ka" },
        { 0x530, 0x58F, "hy" },
    };
    for (size_t i = 0; i < COUNT(ranges); i++)
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return ranges[i].language;
    return NULL;
}

static const char *by_letters(const char *text, size_t len)
{
    unsigned scripts[6] = { 0 }, total = 0, alone = 0;
    const char *language = NULL, *end = text + len;
    while (text < end && total < 2000) {
        uint32_t cp = chars_next(&text, end);
        if (cp < 0x41 || (cp >= 0x2000 && cp < 0x2E80))
            continue;
        total++;
        scripts[cp < 0x250 ? 0 : cp >= 0x400 && cp < 0x530 ? 1 : cp >= 0x3040 && cp < 0x3100 ? 2 : cp >= 0x3400 && cp < 0xA000 ? 3
                : cp >= 0xAC00 && cp < 0xD7A4 ? 4 : 5]++;
        const char *single = single_script(cp);
        if (single) {
            language = single;
            alone++;
        }
    }
    if (alone * 2 > total)
        return language;
    return total >= 40 ? by_script(scripts, total) : NULL;
}

/* Which languages have a word, one bit each: a table of all the lists above by hash, made anew for a text (some 370 words, against
 * 400 of the text that would else be looked for in each list). */
#define LEXICON_SLOTS 1024

struct lexicon {
    struct { uint64_t hash; uint32_t languages; } slots[LEXICON_SLOTS];
};

static uint32_t *lexicon_at(struct lexicon *l, const char *word, size_t len)
{
    uint64_t hash = hash64(word, len) | 1; /* 0 is an empty slot */
    size_t i = hash >> 32 & (LEXICON_SLOTS - 1);
    while (l->slots[i].hash && l->slots[i].hash != hash)
        i = (i + 1) & (LEXICON_SLOTS - 1);
    l->slots[i].hash = hash;
    return &l->slots[i].languages;
}

static void lexicon_fill(struct lexicon *l)
{
    memset(l, 0, sizeof(*l));
    for (size_t i = 0; i < COUNT(commonest); i++)
        for (const char *s = commonest[i].words; *s;) {
            size_t n = strcspn(s, " ");
            *lexicon_at(l, s, n) |= 1u << i;
            s += n + (s[n] == ' ');
        }
}

static uint32_t lexicon_look(const struct lexicon *l, const char *word, size_t len)
{
    uint64_t hash = hash64(word, len) | 1;
    size_t i = hash >> 32 & (LEXICON_SLOTS - 1);
    while (l->slots[i].hash && l->slots[i].hash != hash)
        i = (i + 1) & (LEXICON_SLOTS - 1);
    return l->slots[i].languages;
}

static bool ends_word(char c)
{
    switch (c) {
    case ' ': case '\n': case '\t': case '.': case ',': case ':': case ';': case '!': case '?': case '(': case ')': case '"': case '\0':
        return true;
    default:
        return false;
    }
}

const char *language_guess(const char *text, size_t len)
{
    const char *by = by_letters(text, len);
    if (by)
        return by;
    struct lexicon lexicon;
    unsigned hits[COUNT(commonest)] = { 0 }, words = 0;
    const char *end = text + len;
    lexicon_fill(&lexicon);
    for (const char *s = text; s < end && words < 400;) {
        size_t n = 0;
        while (s + n < end && !ends_word(s[n]))
            n++;
        uint32_t languages = n && n < 12 ? lexicon_look(&lexicon, s, n) : 0;
        for (size_t i = 0; languages; i++, languages >>= 1)
            hits[i] += languages & 1;
        words += n > 0;
        s += n + 1;
    }
    size_t best = 0, second = 1;
    for (size_t i = 1; i < COUNT(commonest); i++)
        if (hits[i] > hits[best]) {
            second = best;
            best = i;
        } else if (i != best && hits[i] > hits[second]) {
            second = i;
        }
    bool sure = words >= 40 && hits[best] * 8 >= words && hits[best] * 2 >= hits[second] * 3;
    return sure ? commonest[best].language : NULL;
}
