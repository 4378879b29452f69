/* dns.h - names to addresses, off the loop: getaddrinfo in libuv's pool, a bounded number at once, with a cache.
 *
 * libuv gives look-ups at most half of its threads, so the program sets UV_THREADPOOL_SIZE to twice the wanted look-ups
 * before its first loop. libcurl's own resolver is not used: it starts a thread a look-up, and joining one that hangs stops
 * the loop for seconds. getaddrinfo tells no time to live: answers are kept for 5 minutes, "no such name" for 1 minute,
 * "try again" for 5 seconds. */
#ifndef CRAWLER_DNS_H
#define CRAWLER_DNS_H

#include "base/error.h"

#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

#define DNS_ADDRESSES_MAX 8
#define DNS_TEXT_MAX (DNS_ADDRESSES_MAX * 48)

struct dns;
struct dns_query; /* one that waits */

struct dns_answer {
    int count;                 /* 0: there is none, reason tells why */
    char text[DNS_TEXT_MAX];   /* "93.184.216.34,[2606:2800::1]": as CURLOPT_RESOLVE wants them */
    char reason[128];
};

/* Lent until the call returns. Called from the loop, or from inside dns_lookup() when the answer is in the cache. */
typedef void dns_fn(void *arg, const struct dns_answer *answer);

/* lookups: at once; max_names: kept in the cache. */
struct dns *dns_create(uv_loop_t *loop, int lookups, size_t max_names);
/* Frees it once the look-ups under way have ended, which the loop must still see; queries are forgotten at once. Not to be
 * called from a dns_fn. */
void dns_destroy(struct dns *d); /* NULL is fine */

/* Returns NULL when fn has been called already (cache), else a query that dns_cancel() forgets. */
struct dns_query *dns_lookup(struct dns *d, const char *host, dns_fn *fn, void *arg);
void dns_cancel(struct dns *d, struct dns_query *q);

#endif
