/* fields.h - decides the fields of the record from what a page says: each from the best source that says it, with a word in
 * warnings where it is doubtful. One function a field; what they share is struct page_view. */
#ifndef EXTRACTOR_FIELDS_H
#define EXTRACTOR_FIELDS_H

#include "extractor/decide.h"
#include "extractor/extract.h"
#include "extractor/meta.h"

struct page_view { /* all lent */
    struct arena *arena;
    struct buffer *scratch;
    const struct extract_input *in;
    const struct buffer *page;       /* as UTF-8 */
    const struct doc *doc;
    const struct meta *meta;
    const struct phrases *phrases;
    const struct landmarks *marks;   /* NULL before they are found */
    const struct verdict *verdicts;  /* NULL before decide() */
};

/* Adds a warning once. text is static. */
void fields_warn(const struct page_view *v, struct article_fields *f, const char *text);
void strings_add(struct arena *a, struct article_strings *s, const char *item); /* once; at most 64 */

/* The page's title (title.c); needs no landmarks: they are found with it. */
const char *title_find(const struct page_view *v, enum origin *origin);
/* The title in metadata that other texts are compared with: og:title, the headline, the title element. NULL: none. */
const char *title_said(const struct meta *m);

void when_fill(const struct page_view *v, struct article_fields *f);   /* when.c: published, modified */
void people_fill(const struct page_view *v, struct article_fields *f); /* people.c: authors */
void fields_fill(const struct page_view *v, struct article_fields *f); /* all else but text, blocks and page type */

/* language.c: the language of text by its script and commonest words ("vi"), NULL when it cannot tell. */
const char *language_guess(const char *text, size_t len);

#endif
