/* choose.h - which links of a front or section page may be articles: by the link alone (fixed signs), and by what addresses of
 * that shape turned out to be before (pipeline/shape.h). What was learned goes first: it also takes links that carry no sign, and leaves
 * out those of shapes that bring none, but for one in 16, so that a site's new scheme is noticed. Pure. */
#ifndef CRAWLER_CHOOSE_H
#define CRAWLER_CHOOSE_H

#include "crawler/links.h"
#include "pipeline/shape.h"

#include <stdbool.h>

#define CHOOSE_TITLE_MIN 15    /* bytes of link text that make it look like a headline */
#define CHOOSE_EXPLORE   16    /* of the links that only their shape speaks against, one in so many is taken */

enum choice {
    CHOICE_LEARNED,   /* taken first: addresses of its shape are articles */
    CHOICE_SIGNS,     /* taken: it looks like a headline */
    CHOICE_EXPLORED,  /* taken although addresses of its shape are none: to see whether that is still so */
    CHOICE_PATTERN,   /* not taken, for that reason: filtered(pattern) in the ledger */
    CHOICE_MENU,      /* not taken: stands in a menu or a footer */
    CHOICE_NOFOLLOW,  /* not taken: advertisements, comments */
    CHOICE_NO_SIGN,   /* not taken: nothing about it looks like an article */
    CHOICE_COUNT
};

/* shapes: the source's, as stored; length 0: nothing learned. counts may be NULL; else what decided. */
enum choice link_choose(const struct link *l, const void *shapes, size_t shapes_len, struct shape_counts *counts);
static inline bool choice_taken(enum choice c) { return c <= CHOICE_EXPLORED; }
const char *choice_words(enum choice c); /* for people: "addresses of this shape are articles" … */

#endif
