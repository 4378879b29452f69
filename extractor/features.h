/* features.h - what the model is told about a block: one row of numbers, the same for training (the dump of
 * `tidings extract --dump-features`, read by extractor/train) and for serving.
 *
 * Families stand one after another; FEATURE_COUNT is the width of a row. The order is part of the model: changing it means
 * training again (the model file carries the width and a hash of the names, and is refused when they differ). */
#ifndef EXTRACTOR_FEATURES_H
#define EXTRACTOR_FEATURES_H

#include "extractor/doc.h"
#include "extractor/landmarks.h"
#include "extractor/words.h"

#define FEATURE_LEVELS 4     /* containers: owner, parent, … */
#define FEATURE_NEIGHBOURS 4 /* -2 -1 +1 +2 */

enum feature {
    /* text */
    F_LOG_N, F_LOG_WORDS, F_LINK_DENSITY, F_LINKS, F_STOPS, F_COMMAS, F_PUNCT, F_ENDS_STOP, F_ENDS_MARK, F_OPENS_MARK, F_DIGITS,
    F_CAPITALISED, F_ALL_CAPS, F_MEAN_WORD, F_BOLD, F_ITALIC, F_BAR, F_ARROW, F_COPYRIGHT, F_SHORT_DATE, F_RELATED, F_SOURCE,
    F_PROMO, F_BYLINE, F_ENDS_COLON, F_ENDS_QUESTION, F_REPEATS, F_LOWER_START, F_AT, F_HTTP, F_BREAKS, F_HAS_TIME,
    /* tags */
    F_OWNER, F_INLINE = F_OWNER + OWNER_COUNT, F_AROUND = F_INLINE + INLINE_COUNT,
    F_ARTICLE_BODY = F_AROUND + AROUND_TAG_BITS + AROUND_ROLE_BITS, F_HIDDEN, F_ARIA_HIDDEN, F_EMBED,
    /* names */
    F_GROUP,
    /* containers: for each level six numbers and how many siblings look the same */
    F_CONTAINER = F_GROUP + GROUP_COUNT, F_ALIKE = F_CONTAINER + 6 * FEATURE_LEVELS, F_SIGNATURE = F_ALIKE + FEATURE_LEVELS,
    F_LEVELS_UP = F_SIGNATURE + 4, F_LEVELS_DOWN, F_IN_DENSE, F_SHARE_DENSE, F_DEPTH, F_NTH, F_NTH_LAST,
    /* position */
    F_INDEX, F_COUNT, F_GOOD_BEFORE, F_GOOD_AFTER, F_FROM_TITLE, F_BEFORE_TITLE, F_GOOD_SINCE_TITLE, F_FROM_FIRST_GOOD,
    F_FROM_LAST_GOOD, F_TITLE_OVERLAP, F_TITLE_SCORE,
    /* the last heading */
    F_HEADING_RELATED, F_HEADING_DISTANCE, F_HEADING_LEVEL, F_HEADING_SAME, F_HEADING_LINKS,
    /* neighbours: six numbers each; windows of 3 and 8 blocks before and after: length and links */
    F_NEIGHBOUR, F_WINDOW = F_NEIGHBOUR + 6 * FEATURE_NEIGHBOURS,
    /* images beside it */
    F_IMAGE_BEFORE = F_WINDOW + 8, F_IMAGE_AFTER, F_IMAGE_PARENT,
    /* metadata */
    F_HAS_BODY, F_BODY_COVER, F_SUMMARY_COVER, F_SUMMARY_OVERLAP, F_IN_LEVEL, F_IN_SEMANTIC = F_IN_LEVEL + 5, F_SEMANTIC_LEVEL,
    F_SEMANTIC_SHARE, F_MODE,
    FEATURE_COUNT
};

/* Writes the name of feature i ("group.nav") into out. */
void feature_name(int i, char out[32]);

struct feature_page { /* what is known of the page; lent for the life of a struct features */
    const struct doc *doc;
    const struct landmarks *marks;
    const struct phrases *phrases;
    const float *overlap;             /* from landmarks_find() */
    const char *article_body, *description; /* NULL: none */
    bool news;                        /* F_MODE */
};

struct features;
struct features *features_create(const struct feature_page *page);
void features_destroy(struct features *f);
void features_row(const struct features *f, size_t block, float row[FEATURE_COUNT]);
unsigned features_phrases(const struct features *f, size_t block); /* enum phrase of its first words */
bool features_dated(const struct features *f, size_t block); /* a short line with a date in it */
float features_summary_cover(const struct features *f, size_t block);

#endif
