/* hidden.h - the article of a page that shows none: sites built by scripts deliver its HTML as a string inside a script. */
#ifndef EXTRACTOR_HIDDEN_H
#define EXTRACTOR_HIDDEN_H

#include "base/buffer.h"

#include <stdbool.h>

/* Looks through the scripts of page (UTF-8) for the longest string that is markup with paragraphs. When there is one, writes
 * to out the page with that markup put first into its body, below title (text; may be NULL), and returns true. Linear. */
bool hidden_article(const struct buffer *page, const char *title, struct buffer *out);

#endif
