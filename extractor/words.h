/* words.h - text as hashes of lower-case words, the same ones a page's blocks have in doc.words; sets of them; phrases. */
#ifndef EXTRACTOR_WORDS_H
#define EXTRACTOR_WORDS_H

#include "extractor/chars.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORD_SEED 2166136261u
static inline uint32_t word_add(uint32_t hash, uint32_t lower)
{
    hash = (hash ^ lower) * 16777619u;
    return hash + !hash;
}

/* Hashes the words of text into out, at most max; returns how many. */
size_t words_hash(const struct chars *c, const char *text, size_t len, uint32_t *out, size_t max);

/* A set of 64-bit keys. */
struct key_set { uint64_t *slots; size_t mask, count; };
void key_set_init(struct key_set *s, size_t keys); /* room for keys */
void key_set_fini(struct key_set *s);              /* a zeroed one is fine */
bool key_set_add(struct key_set *s, uint64_t key); /* false: it was there, or the set is full */
bool key_set_has(const struct key_set *s, uint64_t key);

static inline uint64_t words_gram(const uint32_t *w, unsigned n)
{
    uint64_t h = 0x9E3779B97F4A7C15u;
    for (unsigned i = 0; i < n; i++)
        h = (h ^ w[i]) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}
void key_set_add_grams(struct key_set *s, const uint32_t *words, size_t count, unsigned n);
/* Share of the n-grams of words that the set has; 0 where there are none. */
float key_set_cover(const struct key_set *s, const uint32_t *words, size_t count, unsigned n);

/* What the first words of a block say. Hints to the model and, for captions, to the rules. */
enum phrase { PHRASE_RELATED = 1, PHRASE_SOURCE = 2, PHRASE_PROMO = 4, PHRASE_BYLINE = 8 };
/* What single words speak for, to tell kinds of pages apart. */
enum word_kind { WORD_OFFER, WORD_DOCS, WORD_FORUM, WORD_STORY, WORD_SHOP, WORD_KINDS };
struct phrases;
struct phrases *phrases_create(const struct chars *c);
void phrases_destroy(struct phrases *p);
int phrases_word(const struct phrases *p, uint32_t word); /* enum word_kind, or -1 */
unsigned phrases_at(const struct phrases *p, const uint32_t *words, size_t count);

#endif
