/* verdict.h - what the extractor makes of a page that a command fetched, as JSON and for people. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "crawler/crawl.h"
#include "crawler/visitor.h"

#include <jansson.h>

#define VERDICT_ACCEPT "text/html,application/xhtml+xml,*/*;q=0.1"
#define VERDICT_MAX_BYTES PAGE_READ_MAX

/* {"page_type", "title", "published_at", "words", "reason", "article": {…}} or {"problem": "http 404"}, where no answer came
 * with a "remedy": a new reference. travel_max: crawler.max_body_bytes; what is larger the crawler would not hand on. */
json_t *verdict_of(const struct visited *v, int64_t travel_max);
/* One line or more: the first after first, the others after rest. */
void verdict_say(const char *first, const char *rest, const json_t *verdict);

#endif
