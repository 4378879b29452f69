/* letters.h - dead letters counted by stage, for people: "crawl 1 (too_large 1), extract 0, load 3 (no_article 3)". */
#ifndef CLI_LETTERS_H
#define CLI_LETTERS_H

#include "base/buffer.h"

#include <jansson.h>

/* counts: of deadletter_counts(). */
void letters_say(const json_t *counts, struct buffer *out);
int64_t letters_of(const json_t *counts, const char *stage); /* NULL: of all */

#endif
