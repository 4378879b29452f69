/* page_fetch.h - the way of one article URL, from its claim to its end. The order of effects is at the top of page_fetch.c. */
#ifndef CRAWLER_PAGE_FETCH_H
#define CRAWLER_PAGE_FETCH_H

#include "crawler/crawl.h"

/* Takes the claim (CLAIM_PAGE) on its way. */
void page_fetch_begin(struct crawl *c, struct claim *claim);
/* The producer has room again: sends the pages that waited for it. */
void page_fetch_send_waiting(struct crawl *c);

#endif
