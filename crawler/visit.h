/* visit.h - the way of one URL to its answer: robots.txt, the host's slot, the request, redirects inside the budget, one
 * more try of a body that came cut.
 *
 *   robots_ask ──> slot, gate ──> fetch ──> redirect inside the budget? ──(seen?)─────────┐
 *        │                          ^                                                     │
 *        denied                     └─────────────────────────────────────────────────────┘
 *
 * It never ends the claim: that is the caller's, who is told once. Cookies that a redirect sets go with the next request to
 * the same host and nowhere else. */
#ifndef CRAWLER_VISIT_H
#define CRAWLER_VISIT_H

#include "base/url.h"
#include "crawler/crawl.h"

struct visit;

enum visit_end {
    VISIT_ANSWERED,   /* answer is whole and no redirect we follow: judge its status */
    VISIT_FAILED,     /* answer->error tells why */
    VISIT_DENIED,     /* by robots.txt: rule, line */
    VISIT_NO_ROBOTS,  /* robots.txt cannot be read: reason; retry_in_ms */
    VISIT_MOVED_OUT,  /* a redirect to target, which is another budget's */
    VISIT_SEEN,       /* a redirect inside the budget to url, which was seen before: not asked (stop_at_seen) */
    VISIT_LOOP,       /* too many redirects, or one that goes nowhere */
};

struct visit_report {
    enum visit_end end;
    struct fetch_result *answer;  /* of the last request; NULL when none was made */
    const struct url *url;        /* that answered, or was asked last; all NULL when it was no address */
    const struct url *target;     /* VISIT_MOVED_OUT */
    int redirects;
    bool moved_for_good;          /* every redirect was 301 or 308 */
    const char *rule;
    unsigned line;
    const char *reason;
    int64_t retry_in_ms;
    int64_t sent_mono_ms;         /* of the last request; 0: none */
    struct host_effect effect;
};
typedef void visit_done_fn(void *arg, struct visit_report *r); /* lent */

struct visit_request {
    struct claim *claim;
    const char *url;              /* NULL: the claim's, with its validators */
    int64_t last_sent_mono_ms;    /* of an earlier visit under this claim; 0: its first slot is unused */
    const char *accept;
    size_t max_body_bytes;
    bool keep_partial;
    bool stop_at_seen;            /* no redirect is followed to an address that was seen */
    bool (*want)(const struct fetch_result *r); /* of answers that are no redirect */
    visit_done_fn *done;
    void *arg;
};

/* done is called from the loop, never from inside. */
struct visit *visit_start(struct crawl *c, const struct visit_request *r);
void visit_abort(struct visit *v); /* done will not be called; the frontier learns when a request went out last */
bool visit_transferring(const struct visit *v); /* a request for the URL itself is out */

#endif
