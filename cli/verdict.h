/* verdict.h - what the extractor makes of a page that a command fetched, as JSON and for people. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "crawler/visitor.h"

#include <jansson.h>

#define VERDICT_ACCEPT "text/html,application/xhtml+xml,*/*;q=0.1"
#define VERDICT_MAX_BYTES (8u << 20)

/* {"page_type", "title", "published_at", "words", "reason", "article": {…}} or {"problem": "http 404"}, where no answer came
 * with a "remedy": a new reference. */
json_t *verdict_of(const struct visited *v);
/* One line or more: the first after first, the others after rest. */
void verdict_say(const char *first, const char *rest, const json_t *verdict);

#endif
