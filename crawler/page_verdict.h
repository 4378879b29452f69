/* page_verdict.h - what to do about an answer to an article's URL that is no page. Pure. */
#ifndef CRAWLER_PAGE_VERDICT_H
#define CRAWLER_PAGE_VERDICT_H

#include "crawler/fetch.h"
#include "pipeline/ledger.h"

#define PAGE_TRIES_MAX 6 /* of answers that may get better */

enum page_fate { PAGE_RETRY, PAGE_CLOSE, PAGE_GONE };
struct page_verdict {
    enum page_fate fate;
    enum outcome outcome;   /* PAGE_CLOSE */
    const char *detail;     /* static */
    int64_t retry_in_ms;    /* PAGE_RETRY: before jitter */
};

/* status: 0 with error for a failed transfer. walled: it is a wall, whatever its status. known: it was an article before (a
 * re-check). attempts: tries before this one. */
struct page_verdict page_judge(enum fetch_error error, int status, bool walled, bool known, int attempts, int64_t retry_after_ms);

/* Later again, a bounded number of times, then failed with detail. */
struct page_verdict page_again(const char *detail, int attempts, int64_t retry_after_ms);

/* "http_403": the ledger's word for a status; static. */
const char *page_status_detail(int status);

#endif
