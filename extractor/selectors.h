/* selectors.h - a source's own rules for pages where all else fails: a small part of CSS selectors. type, #id, .class,
 * [attr], [attr=value], their compounds (div.story[itemprop=articleBody]), descendants, children (>), lists (,). */
#ifndef EXTRACTOR_SELECTORS_H
#define EXTRACTOR_SELECTORS_H

#include "base/error.h"
#include "extractor/doc.h"

struct selectors;

/* Compiles the count texts. NULL with ERROR_INVALID, which quotes the text and names the place of what is not supported.
 * Immutable afterwards: any thread may use it. The caller owns it. */
struct selectors *selectors_compile(const char *const *texts, size_t count, struct error *err);
void selectors_destroy(struct selectors *s); /* NULL is fine */

/* Whether any of them asks for an attribute: then a page must be parsed with all of its attributes. NULL is fine. */
bool selectors_ask_attributes(const struct selectors *s);

/* Sets marks[i] = value for every element i that matches or lies in one that does. */
void selectors_mark(const struct selectors *s, const struct doc *d, unsigned char *marks, unsigned char value);

#endif
