/* hints.h - what is known of an article before it is fetched, as it travels with its URL through the frontier: JSON, at most
 * FRONTIER_HINTS_MAX bytes. Strings that do not fit are cut, the summary first. */
#ifndef CRAWLER_HINTS_H
#define CRAWLER_HINTS_H

#include "crawler/frontier.h"

#include <jansson.h>

struct hints {
    const char *title, *summary, *published, *authors; /* NULL where absent; after hints_read() owned by json */
    const char *feed;                                  /* that named it and holds the whole article; from its host on ("/feed") or whole */
    int redirects;                                     /* from other domains, on the way to this URL */
    json_t *json;
};

void hints_write(const struct hints *h, char out[FRONTIER_HINTS_MAX + 1]); /* "" when there is nothing to say */
void hints_read(struct hints *h, const char *text);                        /* anything unreadable: no hints */
void hints_fini(struct hints *h);

#endif
