/* retry_after.h - what an answer means for its host: Retry-After, trouble, slowness. Pure. */
#ifndef CRAWLER_RETRY_AFTER_H
#define CRAWLER_RETRY_AFTER_H

#include "crawler/fetch.h"
#include "crawler/frontier.h"

#include <stdbool.h>
#include <stdint.h>

#define RETRY_AFTER_MAX_MS (24 * 3600 * 1000LL)

/* RFC 9110 10.2.3: seconds or an HTTP date. In milliseconds from now, 0 for a past date, cut to a day. False when it cannot be
 * read. */
bool retry_after_parse(const char *value, int64_t now_unix_ms, int64_t *out_ms);

/* 429 and 503 with or without Retry-After, no answer, slow answers. crawl_delay_ms is -1: not known from this. */
struct host_effect host_effect_of(const struct fetch_result *r, int64_t now_unix_ms);

#endif
