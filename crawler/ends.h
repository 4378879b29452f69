/* ends.h - where the redirects of a source's pages end. When several in a row end at one address, that stands in front of the
 * articles, whatever it is called. In memory: only the sources whose last page was redirected. */
#ifndef CRAWLER_ENDS_H
#define CRAWLER_ENDS_H

#include "base/hash.h"

#include <stdbool.h>

#define ENDS_ENOUGH 3 /* different pages in a row */

struct ends;

struct ends *ends_create(void);
void ends_destroy(struct ends *e); /* NULL is fine */

/* A page of the source, `asked`, was redirected to end, or (NULL) answered itself. True when ENDS_ENOUGH in a row, this one
 * included, ended there. */
bool ends_note(struct ends *e, const char *source, const struct id *asked, const struct id *end);

#endif
