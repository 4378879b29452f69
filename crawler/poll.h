/* poll.h - one poll of a feed, a sitemap or a front page: fetched conditionally, read in the pool, what is new queued, and
 * only when every answer to that has come are validators and the next due stored. */
#ifndef CRAWLER_POLL_H
#define CRAWLER_POLL_H

#include "crawler/crawl.h"
#include "crawler/sources.h"

void poll_begin(struct crawl *c, struct claim *claim); /* CLAIM_FEED, CLAIM_SITEMAP, CLAIM_FRONT */

/* What a poll of that kind asks for. */
const char *poll_accept(enum claim_kind kind);
size_t poll_max_bytes(enum claim_kind kind);
/* sharers: names of further sources whose pages count, one a line. */
struct scope *poll_scope(const struct crawl *c, const struct source *s, const char *sharers);

/* What a source's row says about its last poll: fmt with one string, cut to the size at a character. */
#define POLL_STATUS_SIZE 61
#define POLL_NO_LINK "no link on the page looks like an article"
void poll_status(char out[POLL_STATUS_SIZE], const char *fmt, const char *what);

/* A source is new or was changed: puts its polls, or first finds out what they are. */
void poll_source(struct crawl *c, const struct source *s);

#endif
