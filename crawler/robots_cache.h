/* robots_cache.h - may this URL be fetched? robots.txt of its authority (scheme, host and port) by RFC 9309: kept for a day
 * in memory and, with the partition, in Redis; fetched when it is not known or too old.
 *
 *   in memory? ──> in Redis? ──> GET /robots.txt, up to 5 redirects, each in the claim's budget ──> verdict
 *
 * 2xx: its rules. 4xx but 429: none, everything is allowed (2.3.1.3). 429, 5xx and no answer: nothing is allowed (2.3.1.4)
 * until another try, 5 minutes later at the earliest. What a redirect leads to binds the authority that was asked (2.3.1.2);
 * a redirect to a host of another budget is followed in the time of ours: one request a day. */
#ifndef CRAWLER_ROBOTS_CACHE_H
#define CRAWLER_ROBOTS_CACHE_H

#include "base/url.h"
#include "crawler/crawl.h"

#include <stdbool.h>
#include <stdint.h>

struct robots_cache;
struct robots_query;

struct robots_answer {
    bool allowed;
    bool lost;                 /* no answer: the claim's slot is not ours any more, its work must be aborted */
    bool unreachable;          /* not allowed because robots.txt could not be read; retry_in_ms tells when to ask again */
    const char *rule;          /* that decided; NULL: none. Lent */
    unsigned line;
    const char *why;           /* unreachable: in words (trouble.h). Lent */
    int64_t retry_in_ms;
    int64_t crawl_delay_ms;    /* capped at ROBOTS_DELAY_MAX_MS; 0 = none */
    int64_t sent_mono_ms;      /* of the last request made for this answer; 0: none was */
    struct host_effect effect; /* what that request tells about the host */
};
#define ROBOTS_DELAY_MAX_MS (60 * 1000)

typedef void robots_answer_fn(void *arg, const struct robots_answer *a);

struct robots_cache *robots_cache_create(struct crawl *c);
void robots_cache_destroy(struct robots_cache *rc); /* after its queries; NULL is fine */

/* claim: whose slot a request uses; last_sent_mono_ms: when this claim sent a request last, 0 = it has its first slot still.
 * *query is set to what robots_abort() takes, or to NULL before fn is called from inside. */
void robots_ask(struct robots_cache *rc, struct claim *claim, const struct url *url, int64_t last_sent_mono_ms,
                robots_answer_fn *fn, void *arg, struct robots_query **query);
/* fn will not be called. Returns when the query sent a request last; 0: it did not. */
int64_t robots_abort(struct robots_query *q);

/* Sitemap lines of the authority's robots.txt, when it is in memory: just after robots_ask(). Lent until the loop turns. */
size_t robots_known_sitemaps(struct robots_cache *rc, const struct url *url, const char *const **urls);

#endif
