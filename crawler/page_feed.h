/* page_feed.h - an article whose page is blocked, as the feed that named it carries it (content:encoded): where to read it, and
 * what stands for the page then. */
#ifndef CRAWLER_PAGE_FEED_H
#define CRAWLER_PAGE_FEED_H

#include "base/buffer.h"
#include "crawler/crawl.h"
#include "crawler/hints.h"

/* The feed's address: the caller frees it. NULL: no feed is known to carry the whole article, or it lies in another budget than the
 * page, whose slots this claim cannot take. */
char *page_feed_of(const struct crawl *c, const struct claim *claim);

/* A document of the feed's title and HTML, in UTF-8. */
void page_feed_document(const struct hints *h, const char *html, struct buffer *out);

#endif
