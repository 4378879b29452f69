/* front.h - reads a front page for reader.c: links that may be articles, feeds and sitemaps it names, pages that may list
 * feeds. Runs in libuv's pool. */
#ifndef CRAWLER_FRONT_H
#define CRAWLER_FRONT_H

#include "crawler/reader.h"

void front_read(struct reading *r, int64_t now_unix_ms);

#endif
