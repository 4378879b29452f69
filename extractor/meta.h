/* meta.h - what a page says about itself outside its text: meta elements, link elements, JSON-LD, microdata. Raw, as
 * found; the fields of the record are decided from it in fields.c, title.c, when.c and people.c. */
#ifndef EXTRACTOR_META_H
#define EXTRACTOR_META_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/html_scan.h"
#include "extractor/doc.h"
#include "extractor/jsonld.h"

enum meta_slot {
    META_TITLE, META_DESCRIPTION, META_PUBLISHED, META_MODIFIED, META_SECTION, META_KEYWORDS, META_IMAGE, META_IMAGE_WIDTH,
    META_IMAGE_HEIGHT, META_IMAGE_ALT, META_SITE, META_LOCALE, META_URL, META_TYPE, META_TDM, META_LANGUAGE, META_REFRESH, META_FREE,
    META_AUTHOR, META_TAG, META_ROBOTS, META_SLOTS /* the last three are lists */
};

struct meta {
    struct jsonld ld;
    const char *slot[META_SLOTS];      /* value of the best name found; NULL */
    unsigned rank[META_SLOTS];
    struct ld_list authors, tags, robots;
    const char *html_title, *html_language, *canonical;
    const char *item_published, *item_modified; /* microdata */
    struct ld_list item_authors;
    bool named_published;              /* a name that only articles have (article:published_time) */
};

/* Fills m from the nodes d noted and the scripts that scan kept aside. Strings live in a; scratch is for passing use. */
void meta_read(struct meta *m, const struct doc *d, const struct html_scan *scan, struct arena *a, struct buffer *scratch,
               const char *url);

/* A copy in a of text as a reader sees it: entities and tags resolved, spaces folded, NFC. NULL when nothing is left. */
const char *clean_text(struct arena *a, struct buffer *scratch, const char *text, size_t len);
const char *clean_block(struct arena *a, struct buffer *scratch, const struct doc *d, const struct block *b);
/* The text below a node, cleaned. */
const char *clean_node(struct arena *a, struct buffer *scratch, const GumboNode *node);

#endif
