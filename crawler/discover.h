/* discover.h - finds what a new source can be watched by, from its one address. */
#ifndef CRAWLER_DISCOVER_H
#define CRAWLER_DISCOVER_H

#include "crawler/crawl.h"

void discover_begin(struct crawl *c, struct claim *claim); /* CLAIM_DISCOVERY */

#endif
