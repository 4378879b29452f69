/* recheck.h - when an article is looked at again for updates and removal: often while it is young, then no more. The extractor
 * asks after each page, the crawler after a 304. */
#ifndef PIPELINE_RECHECK_H
#define PIPELINE_RECHECK_H

#include <stdint.h>

/* Milliseconds until the next re-check of an article that is age_ms old (since it was discovered), or 0 for none. *step (may
 * be NULL) is its number, from 1. Steps closer than a minute are passed over. */
int64_t recheck_in_ms(int64_t age_ms, int *step);

#endif
