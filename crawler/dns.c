/* dns.c - one entry a name. An entry is fresh, being looked up, or queued for a look-up; queries hang on the entry they wait
 * for, so that a name is asked for once whatever the number of waiters.
 *
 * The cache is a ring in order of answer: when it is full the oldest answer goes. Entries that are waited for are not in
 * the ring and cannot be pushed out. */
#include "crawler/dns.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "crawler/trouble.h"
#include "pipeline/metrics.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_POSITIVE_MS (5 * 60 * 1000)
#define KEEP_NEGATIVE_MS (60 * 1000)
#define KEEP_TRANSIENT_MS (5 * 1000)

struct dns_query {
    struct dns_query *prev, *next; /* of its entry */
    struct entry *entry;
    bool *answered;                /* set when fn is called while dns_lookup() still runs; NULL after it */
    dns_fn *fn;
    void *arg;
};

struct entry {
    uv_getaddrinfo_t request;
    struct dns *dns;
    char *host;                  /* owned */
    struct dns_query *queries;   /* owned; not empty only while looked up or queued */
    struct entry *prev, *next;   /* in the ring, or in the queue (next only) */
    int64_t expires_mono_ms;
    bool waiting;                /* looked up or queued: not in the ring */
    struct dns_answer answer;
};

struct dns {
    uv_loop_t *loop;
    struct map *entries;         /* host -> entry, owned */
    struct entry *oldest, *newest;           /* ring */
    struct entry *queue_head, *queue_tail;   /* waiting for a look-up */
    int lookups, max_lookups;
    size_t cached, max_names;
    bool closing;
    struct metric *hits, *answered, *failed;
};

struct dns *dns_create(uv_loop_t *loop, int lookups, size_t max_names)
{
    struct dns *d = xcalloc(1, sizeof(*d));
    d->loop = loop;
    d->max_lookups = lookups;
    d->max_names = max_names;
    d->entries = map_create();
    d->hits = metric_counter("tidings_dns_total", "Look-ups of host names.", "result", "cached");
    d->answered = metric_counter("tidings_dns_total", "Look-ups of host names.", "result", "answered");
    d->failed = metric_counter("tidings_dns_total", "Look-ups of host names.", "result", "failed");
    return d;
}

static void ring_remove(struct dns *d, struct entry *e)
{
    *(e->prev ? &e->prev->next : &d->oldest) = e->next;
    *(e->next ? &e->next->prev : &d->newest) = e->prev;
    e->prev = e->next = NULL;
    d->cached--;
}

static void ring_add(struct dns *d, struct entry *e)
{
    e->prev = d->newest;
    e->next = NULL;
    *(d->newest ? &d->newest->next : &d->oldest) = e;
    d->newest = e;
    d->cached++;
}

static void entry_free(struct entry *e)
{
    while (e->queries) {
        struct dns_query *q = e->queries;
        e->queries = q->next;
        free(q);
    }
    free(e->host);
    free(e);
}

static void dns_free(struct dns *d)
{
    size_t at = 0;
    for (struct entry *e; (e = map_next(d->entries, &at, NULL));)
        entry_free(e);
    map_destroy(d->entries);
    free(d);
}

void dns_destroy(struct dns *d)
{
    if (!d)
        return;
    d->closing = true;
    size_t at = 0;
    for (struct entry *e; (e = map_next(d->entries, &at, NULL));) {
        while (e->queries)
            dns_cancel(d, e->queries);
        if (e->waiting)
            uv_cancel((uv_req_t *)&e->request); /* those not begun end at once; the others when the resolver gives up */
    }
    if (d->lookups == 0)
        dns_free(d);
}

static void append_address(struct dns_answer *a, const struct addrinfo *ai)
{
    char ip[INET6_ADDRSTRLEN];
    size_t len = strlen(a->text);
    if (ai->ai_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)ai->ai_addr)->sin_addr, ip, sizeof(ip));
    else if (ai->ai_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)ai->ai_addr)->sin6_addr, ip, sizeof(ip));
    else
        return;
    snprintf(a->text + len, sizeof(a->text) - len, ai->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", len ? "," : "", ip);
    a->count++;
}

static int64_t answer_fill(struct dns_answer *a, int status, const struct addrinfo *found)
{
    *a = (struct dns_answer){ 0 };
    for (; status == 0 && found && a->count < DNS_ADDRESSES_MAX; found = found->ai_next)
        append_address(a, found);
    if (a->count)
        return KEEP_POSITIVE_MS;
    bool unknown = status == UV_EAI_NONAME || status == UV_EAI_NODATA || status == 0;
    if (unknown)
        snprintf(a->reason, sizeof(a->reason), "%s", trouble_words(FETCH_DNS));
    else
        snprintf(a->reason, sizeof(a->reason), "its name cannot be looked up: %s", uv_strerror(status));
    return unknown ? KEEP_NEGATIVE_MS : KEEP_TRANSIENT_MS;
}

static void lookup_next(struct dns *d);

/* The end of what began with d->lookups++, which kept d while callbacks ran. False: they destroyed it. */
static bool lookup_over(struct dns *d)
{
    d->lookups--;
    if (d->closing && d->lookups == 0)
        dns_free(d);
    else if (!d->closing)
        return true;
    return false;
}

/* The entry enters the ring last, so that look-ups which the callbacks start cannot push it out under their feet. */
static void entry_answered(struct entry *e, int64_t keep_ms)
{
    struct dns *d = e->dns;
    e->expires_mono_ms = clock_mono_ms() + keep_ms;
    e->waiting = false;
    metric_add(e->answer.count ? d->answered : d->failed, 1);
    while (e->queries) {
        struct dns_query q = *e->queries;
        dns_cancel(d, e->queries);
        if (q.answered)
            *q.answered = true;
        q.fn(q.arg, &e->answer);
    }
    ring_add(d, e);
    while (d->cached > d->max_names) {
        struct entry *old = d->oldest;
        ring_remove(d, old);
        map_remove(d->entries, old->host);
        entry_free(old);
    }
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct entry *e = request->data;
    struct dns *d = e->dns;
    int64_t keep_ms = answer_fill(&e->answer, status, found);
    uv_freeaddrinfo(found);
    if (!d->closing)
        entry_answered(e, keep_ms);
    if (lookup_over(d))
        lookup_next(d);
}

static void lookup_next(struct dns *d)
{
    static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    while (d->queue_head && d->lookups < d->max_lookups) {
        struct entry *e = d->queue_head;
        d->queue_head = e->next;
        if (!d->queue_head)
            d->queue_tail = NULL;
        e->next = NULL;
        e->request.data = e;
        d->lookups++;
        int rc = uv_getaddrinfo(d->loop, &e->request, on_answer, e->host, NULL, &hints);
        if (rc == 0)
            continue;
        entry_answered(e, answer_fill(&e->answer, rc, NULL));
        if (!lookup_over(d))
            return;
    }
}

static struct entry *entry_create(struct dns *d, const char *host)
{
    struct entry *e = xcalloc(1, sizeof(*e));
    e->dns = d;
    e->host = xstrdup(host);
    map_put(d->entries, host, e);
    return e;
}

static void enqueue(struct dns *d, struct entry *e)
{
    e->waiting = true;
    *(d->queue_tail ? &d->queue_tail->next : &d->queue_head) = e;
    d->queue_tail = e;
}

static struct dns_query *query_create(struct entry *e, dns_fn *fn, void *arg)
{
    struct dns_query *q = xcalloc(1, sizeof(*q));
    *q = (struct dns_query){ .next = e->queries, .entry = e, .fn = fn, .arg = arg };
    if (e->queries)
        e->queries->prev = q;
    e->queries = q;
    return q;
}

/* The name itself is an address: nothing to look up (libcurl reads it again, and the socket's address is checked). */
static bool answer_literal(struct dns_answer *a, const char *host)
{
    unsigned char bytes[16];
    char bare[64];
    size_t len = strlen(host);
    *a = (struct dns_answer){ .count = 1 };
    snprintf(a->text, sizeof(a->text), "%s", host);
    if (inet_pton(AF_INET, host, bytes) == 1)
        return true;
    if (len < 3 || len >= sizeof(bare) || host[0] != '[' || host[len - 1] != ']')
        return false;
    snprintf(bare, sizeof(bare), "%.*s", (int)len - 2, host + 1);
    return inet_pton(AF_INET6, bare, bytes) == 1;
}

struct dns_query *dns_lookup(struct dns *d, const char *host, dns_fn *fn, void *arg)
{
    struct dns_answer literal;
    if (answer_literal(&literal, host)) {
        fn(arg, &literal);
        return NULL;
    }
    struct entry *e = map_get(d->entries, host);
    if (e && !e->waiting && e->expires_mono_ms > clock_mono_ms()) {
        struct dns_answer answer = e->answer; /* a look-up by fn may push the entry out */
        metric_add(d->hits, 1);
        fn(arg, &answer);
        return NULL;
    }
    if (!e)
        e = entry_create(d, host);
    else if (!e->waiting)
        ring_remove(d, e);
    struct dns_query *q = query_create(e, fn, arg);
    if (!e->waiting) {
        bool answered = false;
        q->answered = &answered;
        enqueue(d, e);
        lookup_next(d);
        if (answered)
            return NULL;
        q->answered = NULL;
    }
    return q;
}

void dns_cancel(struct dns *d, struct dns_query *q)
{
    (void)d;
    *(q->prev ? &q->prev->next : &q->entry->queries) = q->next;
    if (q->next)
        q->next->prev = q->prev;
    free(q);
}
