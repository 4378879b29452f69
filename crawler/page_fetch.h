/* page_fetch.h - the way of one article URL, from its claim to its end. The order of effects is at the top of page_fetch.c. */
#ifndef CRAWLER_PAGE_FETCH_H
#define CRAWLER_PAGE_FETCH_H

#include "crawler/crawl.h"

/* Takes the claim (CLAIM_PAGE) on its way. */
void page_fetch_begin(struct crawl *c, struct claim *claim);
/* The producer has room again: sends the pages that waited for it. */
void page_fetch_send_waiting(struct crawl *c);

/* What to do about an answer that is no page. Pure. */
enum page_fate { PAGE_RETRY, PAGE_CLOSE, PAGE_GONE };
struct page_verdict {
    enum page_fate fate;
    enum outcome outcome;   /* PAGE_CLOSE */
    const char *detail;
    int64_t retry_in_ms;    /* PAGE_RETRY: before jitter */
};
/* status: 0 with error for a failed transfer. known: it was an article before (a re-check). attempts: tries before this one. */
struct page_verdict page_judge(enum fetch_error error, int status, bool known, int attempts, int64_t retry_after_ms);

#endif
