/* doc.h - a page as arrays: its elements in document order, and the blocks of text cut from them. Everything later (sums,
 * features, rules, metadata) is a pass over these arrays; the tree is walked once.
 *
 *   tree --doc_build--> elements[] (parent, what its ancestors are, what their names say)
 *                       blocks[]   (a run of text between block-level boundaries, counted while it was copied)
 *                       words[]    (a hash a word, lower case), links[], images[], and the nodes metadata wants
 *
 * A block's owner is the nearest block-level element around it. Inline elements do not break a block, two <br> in a row
 * do. Lengths count characters other than space, those of scripts that pack words (CJK, Thai …) three times, so that
 * thresholds mean the same in every language. */
#ifndef EXTRACTOR_DOC_H
#define EXTRACTOR_DOC_H

#include "extractor/chars.h"
#include "extractor/vocab.h"

#include <gumbo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOC_MAX_ELEMENTS 200000
#define DOC_MAX_BLOCKS 40000
#define DOC_MAX_DEPTH 600
#define DOC_NONE UINT32_MAX

enum { /* element.around: what an element is or lies in */
    IN_NAV = 1 << 0, IN_FOOTER = 1 << 1, IN_HEADER = 1 << 2, IN_ASIDE = 1 << 3, IN_ARTICLE = 1 << 4, IN_MAIN = 1 << 5,
    IN_FIGURE = 1 << 6, IN_FORM = 1 << 7, IN_TABLE = 1 << 8, IN_UL = 1 << 9, IN_LI = 1 << 10, IN_BLOCKQUOTE = 1 << 11,
    IN_SECTION = 1 << 12, IN_DETAILS = 1 << 13, IN_DIALOG = 1 << 14, IN_ADDRESS = 1 << 15, IN_OL = 1 << 16, IN_PRE = 1 << 17,
    ROLE_NAVIGATION = 1 << 18, ROLE_COMPLEMENTARY = 1 << 19, ROLE_MAIN = 1 << 20, ROLE_BANNER = 1 << 21,
    ROLE_CONTENTINFO = 1 << 22, ROLE_SEARCH = 1 << 23, ROLE_DIALOG = 1 << 24, IN_ARTICLE_BODY = 1 << 25, IN_HIDDEN = 1 << 26,
    IN_ARIA_HIDDEN = 1 << 27, IN_EMBED = 1 << 28, IN_LINK = 1 << 29, IN_BOLD = 1 << 30,
};
#define IN_ITALIC (1u << 31)
#define AROUND_TAG_BITS 18  /* the first ones are tags … */
#define AROUND_ROLE_BITS 7  /* … the next roles */

enum owner { /* what kind of element owns a block */
    OWNER_P, OWNER_H1, OWNER_H2, OWNER_H3, OWNER_H4, OWNER_LI, OWNER_DIV, OWNER_TD, OWNER_BLOCKQUOTE, OWNER_FIGCAPTION, OWNER_PRE,
    OWNER_DD, OWNER_DT, OWNER_SECTION, OWNER_ARTICLE, OWNER_HEADER, OWNER_FOOTER, OWNER_NAV, OWNER_ASIDE, OWNER_BODY, OWNER_FORM,
    OWNER_UL, OWNER_LABEL, OWNER_CENTER, OWNER_ADDRESS, OWNER_OTHER, OWNER_COUNT
};
enum inline_tag { INLINE_NONE, INLINE_A, INLINE_B, INLINE_EM, INLINE_SPAN, INLINE_TIME, INLINE_SMALL, INLINE_OTHER, INLINE_COUNT };

#define FAR 9 /* a group's distance when no element around has it */

struct element {
    const GumboNode *node;
    uint64_t signature;   /* of tag and class */
    uint32_t parent;      /* element index; DOC_NONE for the root */
    uint32_t up;          /* nearest block-level ancestor, or DOC_NONE */
    uint32_t end;         /* one past the last descendant */
    uint32_t around;      /* IN_… of itself and its ancestors */
    uint32_t says;        /* vocabulary of its class and id */
    uint32_t nth, children; /* place among the element children of its parent; its own number of them */
    uint32_t alike;       /* siblings with its signature, itself included */
    uint16_t depth;
    uint8_t owner, tag, block_level, semantic; /* enum owner; GumboTag; …; level 1..5 or 0 */
    uint8_t inline_tag, depth_in_blocks;
    uint8_t far[GROUP_COUNT + 1]; /* block levels up to the nearest element of a group, at most FAR */
    /* Set by landmarks_find(): sums over its text; its lowest common ancestor with the densest container; semantic levels around. */
    float text, link_text, good, score;
    uint32_t blocks, lca;
    uint8_t semantic_around;
    bool in_semantic;     /* in the container that names itself the article, or in another piece of it */
};

struct block {
    uint32_t text, len;      /* bytes in doc.text; not NUL-terminated */
    uint32_t owner;          /* element index */
    uint32_t word, words;    /* in doc.words */
    uint32_t images_before;  /* of the page, so far */
    uint32_t first_link, links;
    uint32_t says;           /* vocabulary of inline elements that open it */
    float n, link_n, bold_n, italic_n, digit_n; /* lengths as above */
    uint32_t stops, commas, puncts, capitalised, all_caps, letters;
    uint32_t breaks;         /* single <br> inside */
    uint8_t first_inline, ends_stop, ends_mark, opens_mark, lower_start, has_bar, has_copyright, has_at, has_time, has_arrow;
    uint32_t hash_count;     /* times this text stands on the page */
    uint64_t hash;           /* of its words */
};

struct link { const GumboNode *node; uint32_t block; };
struct image { const GumboNode *node; uint32_t element, block; }; /* block: how many came before it */

struct node_list { const GumboNode **items; size_t count, cap; };

struct doc {
    const struct chars *chars;  /* owned by the extractor, as the vocabulary */
    struct vocab *vocab;
    struct element *elements; size_t element_count, element_cap;
    struct block *blocks; size_t block_count, block_cap;
    struct link *links; size_t link_count, link_cap;
    struct image *images; size_t image_count, image_cap;
    uint32_t *words; size_t word_count, word_cap;
    char *text; size_t text_len, text_cap;
    struct node_list metas, head_links, scripts, times, rel_links, items; /* meta, link, script, time, a[rel], [itemprop] */
    const GumboNode *title_node, *html_node;
    unsigned videos, iframes, audios, forms, inputs, passwords, pictures; /* counts for the page type */
    unsigned tags[GUMBO_TAG_LAST + 1]; /* elements of each kind */
    bool cut;                   /* a DOC_MAX_… was reached: the rest of the page was not read */
};

void doc_init(struct doc *d, const struct chars *chars, struct vocab *vocab);
void doc_fini(struct doc *d);

/* Fills d from the tree, which must outlive its use; what it held before is forgotten, its memory kept. */
void doc_build(struct doc *d, const GumboNode *root);

static inline bool element_inside(const struct doc *d, uint32_t inner, uint32_t outer)
{
    return inner >= outer && inner < d->elements[outer].end;
}
static inline float block_link_density(const struct block *b)
{
    return b->n > 0 ? b->link_n / b->n : 0;
}

#endif
