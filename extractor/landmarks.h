/* landmarks.h - the places of a page that everything else is measured from: the densest container, the container that names
 * itself the article, the block that repeats the title. */
#ifndef EXTRACTOR_LANDMARKS_H
#define EXTRACTOR_LANDMARKS_H

#include "extractor/doc.h"

struct landmarks {
    uint32_t dense;              /* element with the best paragraph score; DOC_NONE: no text */
    uint32_t semantic;           /* element, or DOC_NONE */
    int semantic_level;          /* 1 articleBody, 2 named content, 3 <article>, 4 <main>, 5 generic; 0 none */
    float semantic_share;        /* of the page's good text */
    uint32_t title;              /* block, or DOC_NONE */
    float title_score;           /* 0..1.3 */
    float text, good;            /* of the page */
    uint32_t first_good, last_good; /* blocks of the dense container; DOC_NONE where none is good */
};

/* A block that looks like a paragraph: how much it counts (0 for others, at most 800). */
float block_good(const struct block *b);

/* Sums up the elements' text and finds the landmarks. title: the page's title by its metadata, or NULL. overlap[] receives,
 * for each block, how alike its words and the title's are (0..1). */
void landmarks_find(struct doc *d, const char *title, float *overlap, struct landmarks *out);

#endif
