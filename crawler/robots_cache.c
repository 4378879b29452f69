/* robots_cache.c - see robots_cache.h. Two claims of one authority cannot ask at the same time (one budget, one claim), so
 * queries are not joined; if it happens after all, the last answer is kept.
 *
 * The memory is a ring in order of reading, bounded in entries and bytes: the oldest goes first. Redis still has it. */
#include "crawler/robots_cache.h"

#include "base/clock.h"
#include "base/decode.h"
#include "base/map.h"
#include "base/mem.h"
#include "crawler/retry_after.h"
#include "crawler/robots.h"
#include "crawler/trouble.h"
#include "pipeline/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MS (24 * 3600 * 1000LL)
#define RETRY_MS (5 * 60 * 1000LL)
#define REDIRECTS_MAX 5
#define ENTRIES_MAX 20000
#define BYTES_MAX (48u << 20)     /* of robots.txt read, over all entries; parsed they take about as much */

struct entry {
    struct entry *prev, *next;    /* ring, oldest first */
    char *authority;              /* owned */
    struct robots *rules;         /* owned; NULL: unreachable */
    char *why;                    /* owned; for those */
    int64_t expires_mono_ms;
    size_t bytes;
};

struct robots_query {
    struct robots_cache *cache;
    struct claim *claim;
    char *target;                 /* path and query whose permission is asked; owned */
    char *authority;
    char *at;                     /* the robots.txt requested now; owned */
    int redirects;
    int64_t last_sent_mono_ms, sent_mono_ms;
    struct host_effect effect;
    robots_answer_fn *fn;
    void *arg;
    struct gate_wait *wait;
    struct fetch *fetch;
    int pending;                  /* calls to the frontier without an answer */
    bool aborted;
};

struct robots_cache {
    struct crawl *crawl;
    struct map *entries;
    struct entry *oldest, *newest;
    size_t bytes;
    struct metric *hits, *from_redis, *fetched, *unreachable;
};

/* --- the memory --- */

static void entry_drop(struct robots_cache *rc, struct entry *e)
{
    map_remove(rc->entries, e->authority);
    *(e->prev ? &e->prev->next : &rc->oldest) = e->next;
    *(e->next ? &e->next->prev : &rc->newest) = e->prev;
    rc->bytes -= e->bytes;
    robots_destroy(e->rules);
    free(e->authority);
    free(e->why);
    free(e);
}

static struct entry *entry_put(struct robots_cache *rc, const char *authority, struct robots *rules, const char *why, size_t bytes,
                               int64_t keep_ms)
{
    struct entry *old = map_get(rc->entries, authority);
    if (old)
        entry_drop(rc, old);
    while (rc->oldest && (map_count(rc->entries) >= ENTRIES_MAX || rc->bytes + bytes > BYTES_MAX))
        entry_drop(rc, rc->oldest);
    struct entry *e = xcalloc(1, sizeof(*e));
    *e = (struct entry){ .prev = rc->newest, .authority = xstrdup(authority), .rules = rules, .why = xstrdup(why), .bytes = bytes + 256,
                         .expires_mono_ms = clock_mono_ms() + keep_ms };
    *(rc->newest ? &rc->newest->next : &rc->oldest) = e;
    rc->newest = e;
    rc->bytes += e->bytes;
    map_put(rc->entries, authority, e);
    return e;
}

static struct entry *entry_fresh(struct robots_cache *rc, const char *authority)
{
    struct entry *e = map_get(rc->entries, authority);
    return e && e->expires_mono_ms > clock_mono_ms() ? e : NULL;
}

/* What an HTTP status says about permission (RFC 9309 2.3.1); 0 = no answer came. */
static bool status_is_unreachable(int status)
{
    return status < 200 || status == 429 || status >= 500;
}

static struct entry *entry_from(struct robots_cache *rc, const char *authority, int status, const char *why, const char *body, size_t len,
                                int64_t age_ms)
{
    if (status_is_unreachable(status))
        return entry_put(rc, authority, NULL, why, 0, RETRY_MS - age_ms);
    bool has_rules = status < 300 && body;
    return entry_put(rc, authority, robots_parse(has_rules ? body : "", has_rules ? len : 0), NULL, has_rules ? len : 0, KEEP_MS - age_ms);
}

/* --- a query --- */

static void query_free(struct robots_query *q)
{
    if (q->pending > 0)
        return; /* the last answer frees it */
    free(q->target);
    free(q->authority);
    free(q->at);
    free(q);
}

static int64_t capped_delay_ms(double seconds)
{
    if (!(seconds > 0))
        return 0;
    return seconds * 1000 > ROBOTS_DELAY_MAX_MS ? ROBOTS_DELAY_MAX_MS : (int64_t)(seconds * 1000);
}

static void answer(struct robots_query *q, const struct entry *e)
{
    struct robots_answer a = { .sent_mono_ms = q->sent_mono_ms, .effect = q->effect };
    if (!e->rules) {
        int64_t left_ms = e->expires_mono_ms - clock_mono_ms();
        a.unreachable = true;
        a.why = e->why;
        a.retry_in_ms = left_ms > 1000 ? left_ms : 1000;
    } else {
        struct robots_verdict v = robots_check(e->rules, ROBOTS_AGENT, q->target);
        a.allowed = v.allowed;
        a.rule = v.rule;
        a.line = v.line;
        a.crawl_delay_ms = capped_delay_ms(v.crawl_delay_s);
    }
    q->fn(q->arg, &a);
    query_free(q);
}

static void answer_lost(struct robots_query *q)
{
    q->fn(q->arg, &(struct robots_answer){ .lost = true });
    query_free(q);
}

static void store(struct robots_query *q, int status, const char *why, const char *body, size_t len)
{
    struct robots_cache *rc = q->cache;
    metric_add(status_is_unreachable(status) ? rc->unreachable : rc->fetched, 1);
    frontier_robots_put(rc->crawl->frontier, q->claim->partition, q->authority, status, body, len, NULL, NULL);
    answer(q, entry_from(rc, q->authority, status, why, body, len, 0));
}

static void request_slot(struct robots_query *q);

static bool follow(struct robots_query *q, const struct fetch_result *r)
{
    struct url to;
    if (r->status < 300 || r->status >= 400 || r->status == 304 || !r->header[HEADER_LOCATION])
        return false;
    if (q->redirects++ >= REDIRECTS_MAX || !url_parse(&to, r->header[HEADER_LOCATION], strlen(r->header[HEADER_LOCATION]), q->at, NULL, NULL)) {
        store(q, 404, NULL, NULL, 0); /* RFC 9309 2.3.1.2: more than five hops: may be taken as unavailable */
        return true;
    }
    free(q->at);
    q->at = xstrdup(to.fetch);
    url_fini(&to);
    request_slot(q);
    return true;
}

static void read_answer(struct robots_query *q, const struct fetch_result *r)
{
    char why[TROUBLE_ROBOTS_SIZE];
    struct buffer text;
    buffer_init(&text, ROBOTS_READ_BYTES);
    struct decode_limits limits = { .max_bytes = ROBOTS_READ_BYTES };
    if (r->error != FETCH_OK && !(r->error == FETCH_TOO_LARGE && r->body.len > 0)) { /* too many headers are no answer */
        store(q, 0, r->message, NULL, 0);
    } else if (r->status >= 200 && r->status < 300) {
        decode_body(r->body.data ? r->body.data : "", r->body.len, r->header[HEADER_CONTENT_ENCODING], &limits, &text, NULL, NULL);
        store(q, r->status, NULL, buffer_str(&text), text.len); /* what could be decoded counts */
    } else {
        trouble_robots(why, r->status);
        store(q, r->status >= 300 && r->status < 400 ? 404 : r->status, why, NULL, 0);
    }
    buffer_fini(&text);
}

static void on_fetched(void *arg, struct fetch_result *r)
{
    struct robots_query *q = arg;
    q->fetch = NULL;
    q->sent_mono_ms = q->last_sent_mono_ms = r->sent_mono_ms ? fetch_counts_from_mono_ms(r, q->claim->delay_ms) : clock_mono_ms();
    q->effect = host_effect_of(r, clock_unix_ms());
    if (r->error != FETCH_OK || !follow(q, r))
        read_answer(q, r);
}

static bool want(const struct fetch_result *r)
{
    return r->status >= 200 && r->status < 300;
}

static void on_turn(void *arg)
{
    struct robots_query *q = arg;
    q->wait = NULL;
    q->fetch = fetch_start(q->cache->crawl->fetcher, &(struct fetch_request){
        .url = q->at, .accept = "text/plain, */*;q=0.5", .max_body_bytes = ROBOTS_READ_BYTES, .keep_partial = true, .want = want,
        .done = on_fetched, .arg = q });
}

static void enter_gate(struct robots_query *q, int64_t start_mono_ms)
{
    q->wait = gate_enter(q->cache->crawl->gate, q->claim->partition, start_mono_ms, on_turn, q);
}

static void on_slot(void *arg, int64_t start_mono_ms, const struct error *err)
{
    struct robots_query *q = arg;
    q->pending--;
    if (q->aborted)
        query_free(q);
    else if (!err)
        enter_gate(q, start_mono_ms);
    else
        answer_lost(q);
}

static void request_slot(struct robots_query *q)
{
    if (q->last_sent_mono_ms == 0) {
        enter_gate(q, q->claim->start_mono_ms);
        return;
    }
    q->pending++;
    frontier_slot(q->cache->crawl->frontier, q->claim, q->last_sent_mono_ms, on_slot, q);
}

static bool row_is_fresh(const struct robots_row *row)
{
    return row && row->age_ms >= 0 && row->age_ms < (status_is_unreachable(row->status) ? RETRY_MS : KEEP_MS);
}

static void on_row(void *arg, const struct robots_row *row, const struct error *err)
{
    struct robots_query *q = arg;
    char why[TROUBLE_ROBOTS_SIZE];
    q->pending--;
    if (q->aborted) {
        query_free(q);
        return;
    }
    if (err) {
        answer_lost(q);
        return;
    }
    if (!row_is_fresh(row)) {
        request_slot(q);
        return;
    }
    trouble_robots(why, row->status);
    metric_add(q->cache->from_redis, 1);
    answer(q, entry_from(q->cache, q->authority, row->status, why, row->body, row->len, row->age_ms));
}

static char *authority_of(const struct url *url)
{
    return xasprintf("%s://%s:%d", url->https ? "https" : "http", url->host, url->port);
}

void robots_ask(struct robots_cache *rc, struct claim *claim, const struct url *url, int64_t last_sent_mono_ms,
                robots_answer_fn *fn, void *arg, struct robots_query **query)
{
    struct robots_query *q = xcalloc(1, sizeof(*q));
    *q = (struct robots_query){ .cache = rc, .claim = claim, .last_sent_mono_ms = last_sent_mono_ms, .fn = fn, .arg = arg };
    q->target = xstrdup(url_path(url->fetch));
    q->authority = authority_of(url);
    q->at = xasprintf("%s/robots.txt", q->authority);
    struct entry *e = entry_fresh(rc, q->authority);
    *query = e ? NULL : q;
    if (e) {
        metric_add(rc->hits, 1);
        answer(q, e);
        return;
    }
    q->pending++;
    frontier_robots_get(rc->crawl->frontier, claim->partition, q->authority, on_row, q);
}

int64_t robots_abort(struct robots_query *q)
{
    int64_t sent_mono_ms = q->fetch ? clock_mono_ms() : q->sent_mono_ms;
    q->aborted = true;
    if (q->wait)
        gate_leave(q->cache->crawl->gate, q->wait);
    if (q->fetch)
        fetch_abort(q->fetch);
    q->wait = NULL;
    q->fetch = NULL;
    query_free(q);
    return sent_mono_ms;
}

size_t robots_known_sitemaps(struct robots_cache *rc, const struct url *url, const char *const **urls)
{
    char *authority = authority_of(url);
    struct entry *e = map_get(rc->entries, authority);
    free(authority);
    return e && e->rules ? robots_sitemaps(e->rules, urls) : 0;
}

struct robots_cache *robots_cache_create(struct crawl *c)
{
    static const char help[] = "Where answers about robots.txt came from.";
    struct robots_cache *rc = xcalloc(1, sizeof(*rc));
    rc->crawl = c;
    rc->entries = map_create();
    rc->hits = metric_counter("tidings_robots_total", help, "from", "memory");
    rc->from_redis = metric_counter("tidings_robots_total", help, "from", "redis");
    rc->fetched = metric_counter("tidings_robots_total", help, "from", "site");
    rc->unreachable = metric_counter("tidings_robots_total", help, "from", "unreachable");
    return rc;
}

void robots_cache_destroy(struct robots_cache *rc)
{
    if (!rc)
        return;
    while (rc->oldest)
        entry_drop(rc, rc->oldest);
    map_destroy(rc->entries);
    free(rc);
}
