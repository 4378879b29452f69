/* memory.h - what a site shows again and again is not the article. Of each article the hashes of those blocks are kept that the
 * model took for text but doubts; what several articles of one host have in common is dropped from the next one, where the
 * model doubts it there too. Never a page's longest run: a text that a site says twice is still its text.
 *
 *   page ──> decide: doubted blocks, less the known ──> text
 *              └── hashes ──> commit.lua: counts ──> at most once an hour: the known of the host (begin.lua)
 *
 * Counts and known blocks lie in Redis (docs/redis.md). Which known ones a page is judged by follows from its host and the hour
 * of its version alone, for later pages of an article from that of its first: so the same page gives the same text again, and
 * what is learned later is no update of anything. That holds for 9 days, longer than an article is re-checked. */
#ifndef EXTRACTOR_MEMORY_H
#define EXTRACTOR_MEMORY_H

#include "extractor/decide.h"

#include <stddef.h>
#include <stdint.h>

#define MEMORY_TELLS 32                        /* blocks of one page */
#define MEMORY_GENERATION_MS (3600 * 1000)     /* a page's version in these is its generation */

/* Drops known blocks from out and tells of all that it doubts, known or not: their hashes into doubted, which has room for
 * MEMORY_TELLS; how many. */
size_t memory_apply(const struct doc *d, struct verdict *out, const uint32_t *known, size_t known_count, uint32_t *doubted);

#endif
