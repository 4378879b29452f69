/* visitor.c - a loop of its own that runs until the one request under way is over. */
#include "crawler/visitor.h"

#include "base/clock.h"
#include "base/decode.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/url.h"
#include "crawler/cookies.h"
#include "crawler/crawl.h"
#include "crawler/outfit.h"
#include "crawler/robots.h"
#include "crawler/robots_cache.h"
#include "crawler/trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_BYTES (96u << 20)
#define ROBOTS_REDIRECTS_MAX 5
#define REQUEST_MS 20000 /* one request of a command: a person waits */

struct known { /* robots.txt of one authority */
    struct robots *rules; /* owned; NULL: it could not be read */
    int status;
    enum fetch_error error;
    char why[160];
    int64_t crawl_delay_ms;
};

struct visitor {
    uv_loop_t loop;
    const struct config *config;
    const struct suffix_list *list;
    struct address_policy *addresses;
    struct budget *budget;
    struct fetcher *fetcher;
    char agent[USER_AGENT_MAX];
    struct map *robots;            /* authority -> struct known */
    struct map *allowed_at;        /* budget -> int64_t: no request before */
    int64_t deadline_mono_ms;      /* 0: none */
    struct visited *answer;        /* of the request under way */
    bool done;
};

void visited_fini(struct visited *v)
{
    free(v->url);
    for (int i = 0; i < v->hop_count; i++)
        free(v->hops[i]);
    for (int i = 0; i < HEADER_COUNT; i++)
        free(v->header[i]);
    free(v->rule);
    body_fini(&v->body);
    *v = (struct visited){ 0 };
}

bool visitor_late(const struct visitor *v)
{
    return v->deadline_mono_ms && clock_mono_ms() >= v->deadline_mono_ms;
}

/* --- one request --- */

static void on_done(void *arg, struct fetch_result *r)
{
    struct visitor *v = arg;
    struct visited *a = v->answer;
    v->done = true;
    a->end = r->error == FETCH_OK ? VISITED_ANSWER : VISITED_FAILED;
    a->error = r->error;
    a->status = r->status;
    a->first_byte_ms = r->first_byte_ms;
    a->took_ms = r->took_ms;
    snprintf(a->message, sizeof(a->message), "%s", r->message);
    for (int i = 0; i < HEADER_COUNT; i++)
        a->header[i] = xstrdup(r->header[i]);
    a->body = r->body;
    r->body = (struct fetch_body){ 0 };
}

/* The body of an answer that refuses tells why. */
static bool want(const struct fetch_result *r)
{
    return r->status < 300 || r->status >= 400;
}

static void on_time(uv_timer_t *t)
{
    (void)t; /* wakes the loop, so that the time is looked at */
}

static void wait_until(struct visitor *v, int64_t at_mono_ms)
{
    uv_timer_t timer;
    uv_timer_init(&v->loop, &timer);
    uv_timer_start(&timer, on_time, 1, 20);
    while (clock_mono_ms() < at_mono_ms && !visitor_late(v))
        uv_run(&v->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&v->loop, UV_RUN_NOWAIT);
}

static int64_t *allowed_at(struct visitor *v, const struct url *url)
{
    char *budget = suffix_budget(v->list, url->host, url->port);
    int64_t *at = map_get(v->allowed_at, budget);
    if (!at) {
        at = xcalloc(1, sizeof(*at));
        map_put(v->allowed_at, budget, at);
    }
    free(budget);
    return at;
}

static void request(struct visitor *v, const struct url *url, const char *accept, const char *cookie, size_t max_bytes, int64_t delay_ms,
                    struct visited *out)
{
    int64_t *at = allowed_at(v, url);
    wait_until(v, *at);
    if (visitor_late(v)) {
        out->end = VISITED_LATE;
        return;
    }
    v->answer = out;
    v->done = false;
    struct fetch *f = fetch_start(v->fetcher, &(struct fetch_request){ .url = url->fetch, .accept = accept, .cookie = cookie,
                                  .max_body_bytes = max_bytes, .keep_partial = true, .check_whole = true, .want = want, .done = on_done, .arg = v });
    uv_timer_t timer;
    uv_timer_init(&v->loop, &timer);
    uv_timer_start(&timer, on_time, 1, 50);
    while (!v->done && !visitor_late(v))
        uv_run(&v->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    if (!v->done) {
        fetch_abort(f);
        out->end = VISITED_LATE;
    }
    uv_run(&v->loop, UV_RUN_NOWAIT);
    *at = clock_mono_ms() - out->took_ms + delay_ms;
}

/* Moves what one request brought away, so that the next can be made with the same *out. */
static void forget_answer(struct visited *out)
{
    for (int i = 0; i < HEADER_COUNT; i++) {
        free(out->header[i]);
        out->header[i] = NULL;
    }
    body_fini(&out->body);
}

static bool is_redirect(const struct visited *a)
{
    return a->end == VISITED_ANSWER && (a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 || a->status == 308);
}

/* --- robots.txt --- */

static char *authority_of(const struct url *url)
{
    return xasprintf("%s://%s:%d", url->https ? "https" : "http", url->host, url->port);
}

static struct known *known_from(const struct visited *a)
{
    struct known *k = xcalloc(1, sizeof(*k));
    struct buffer text;
    struct decode_limits limits = { .max_bytes = ROBOTS_READ_BYTES };
    bool answered = a->end == VISITED_ANSWER || (a->end == VISITED_FAILED && a->error == FETCH_TOO_LARGE && a->body.len > 0);
    buffer_init(&text, ROBOTS_READ_BYTES);
    k->status = answered ? a->status : 0;
    if (!answered) {
        k->error = a->error;
        snprintf(k->why, sizeof(k->why), "%.150s", a->end == VISITED_LATE ? "no time was left" : a->message);
    } else if (a->status == 429 || a->status >= 500) {
        trouble_robots(k->why, a->status);
    } else {
        if (a->status < 300)
            decode_body(a->body.data ? a->body.data : "", a->body.len, a->header[HEADER_CONTENT_ENCODING], &limits, &text, NULL, NULL);
        k->rules = robots_parse(buffer_str(&text), text.len);
        double delay_s = robots_check(k->rules, ROBOTS_AGENT, "/").crawl_delay_s;
        k->crawl_delay_ms = delay_s > 0 ? delay_s * 1000 > ROBOTS_DELAY_MAX_MS ? ROBOTS_DELAY_MAX_MS : (int64_t)(delay_s * 1000) : 0;
    }
    buffer_fini(&text);
    return k;
}

static const struct known *robots_of(struct visitor *v, const struct url *url)
{
    char *authority = authority_of(url), *at = xasprintf("%s/robots.txt", authority);
    struct known *k = map_get(v->robots, authority);
    struct visited a = { 0 };
    struct url u;
    for (int hop = 0; !k && hop <= ROBOTS_REDIRECTS_MAX && url_parse(&u, at, strlen(at), NULL, NULL, NULL); hop++) {
        forget_answer(&a);
        request(v, &u, "text/plain, */*;q=0.5", NULL, ROBOTS_READ_BYTES, v->config->crawler.delay_ms, &a);
        const char *location = a.header[HEADER_LOCATION];
        char *next = is_redirect(&a) && location ? url_absolute(location, strlen(location), u.fetch) : NULL;
        url_fini(&u);
        free(at);
        at = next;
        if (!next)
            break;
    }
    if (!k) {
        k = known_from(&a);
        map_put(v->robots, authority, k);
    }
    visited_fini(&a);
    free(at);
    free(authority);
    return k;
}

bool visitor_robots(const struct visitor *v, const char *url, struct visitor_robots *out)
{
    struct url u;
    if (!url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return false;
    char *authority = authority_of(&u);
    const struct known *k = map_get(v->robots, authority);
    free(authority);
    url_fini(&u);
    *out = (struct visitor_robots){ .status = k ? k->status : 0, .crawl_delay_ms = k ? k->crawl_delay_ms : 0 };
    if (k && k->rules)
        out->sitemap_count = robots_sitemaps(k->rules, &out->sitemaps);
    return k != NULL;
}

/* May it be asked for? Else *out says why not. */
static bool permitted(struct visitor *v, const struct url *url, int64_t *delay_ms, struct visited *out)
{
    *delay_ms = v->config->crawler.delay_ms;
    if (!v->config->crawler.robots)
        return true;
    const struct known *k = robots_of(v, url);
    if (k->crawl_delay_ms > *delay_ms)
        *delay_ms = k->crawl_delay_ms;
    if (!k->rules) {
        out->end = visitor_late(v) ? VISITED_LATE : VISITED_NO_ROBOTS;
        out->error = k->error;
        snprintf(out->message, sizeof(out->message), "%s", k->why);
        return false;
    }
    struct robots_verdict verdict = robots_check(k->rules, ROBOTS_AGENT, url_path(url->fetch));
    free(out->rule);
    out->rule = xstrdup(verdict.rule);
    out->line = verdict.line;
    if (!verdict.allowed)
        out->end = VISITED_DENIED;
    return verdict.allowed;
}

/* --- a visit --- */

static bool same_budget(const struct visitor *v, const struct url *a, const struct url *b)
{
    char *of_a = suffix_budget(v->list, a->host, a->port), *of_b = suffix_budget(v->list, b->host, b->port);
    bool same = strcmp(of_a, of_b) == 0;
    free(of_a);
    free(of_b);
    return same;
}

/* Where the redirect leads; false: nowhere we go. */
static bool next_hop(struct visitor *v, const struct url *from, struct visited *out, struct url *to)
{
    const char *location = out->header[HEADER_LOCATION];
    bool known = location && url_parse(to, location, strlen(location), from->fetch, NULL, NULL);
    if (known && out->hop_count < v->config->crawler.max_redirects && out->hop_count < VISITED_HOPS_MAX) {
        out->hops[out->hop_count++] = xstrdup(from->fetch);
        return true;
    }
    if (known)
        url_fini(to);
    out->end = VISITED_LOOP;
    snprintf(out->message, sizeof(out->message), known ? "too many redirects" : "a redirect without a usable address");
    return false;
}

void visitor_get(struct visitor *v, const char *text, const char *accept, size_t max_bytes, struct visited *out)
{
    struct url url, to;
    struct error err;
    struct cookies cookies = { 0 };
    int64_t delay_ms;
    *out = (struct visited){ 0 };
    if (!url_parse(&url, text, strlen(text), NULL, NULL, &err)) {
        out->end = VISITED_FAILED;
        out->error = FETCH_INVALID;
        snprintf(out->message, sizeof(out->message), "%s: %.150s", trouble_words(FETCH_INVALID), err.message);
        return;
    }
    while (permitted(v, &url, &delay_ms, out)) {
        forget_answer(out);
        char *cookie = cookies_for(&cookies, &url);
        request(v, &url, accept, cookie, max_bytes, delay_ms, out);
        free(cookie);
        if (!is_redirect(out) || !next_hop(v, &url, out, &to))
            break;
        cookies_take(&cookies, &url, out->header[HEADER_SET_COOKIE], clock_unix_ms() / 1000);
        if (!same_budget(v, &url, &to)) /* there the crawler would begin another fetch */
            cookies_fini(&cookies);
        url_fini(&url);
        url = to;
    }
    out->url = xstrdup(url.fetch);
    url_fini(&url);
    cookies_fini(&cookies);
}

/* --- life --- */

struct visitor *visitor_create(const struct config *config, const struct suffix_list *list, int64_t limit_ms, struct error *err)
{
    struct visitor *v = xcalloc(1, sizeof(*v));
    v->config = config;
    v->list = list;
    v->deadline_mono_ms = limit_ms ? clock_mono_ms() + limit_ms : 0;
    v->robots = map_create();
    v->allowed_at = map_create();
    v->addresses = outfit_addresses(config);
    v->budget = budget_create(BUDGET_BYTES);
    budget_set_aside(v->budget, FETCH_READ_MAX + FETCH_CHECK_BYTES);
    uv_loop_init(&v->loop);
    struct fetcher_options o = outfit_fetcher(config, v->agent);
    o.addresses = v->addresses;
    o.budget = v->budget;
    o.reserve_bytes = FETCH_READ_MAX;
    o.timeout_ms = o.timeout_ms < REQUEST_MS ? o.timeout_ms : REQUEST_MS;
    o.first_byte_ms = o.first_byte_ms < REQUEST_MS ? o.first_byte_ms : REQUEST_MS;
    v->fetcher = fetcher_create(&v->loop, &o, err);
    if (v->fetcher)
        return v;
    visitor_destroy(v);
    return NULL;
}

void visitor_destroy(struct visitor *v)
{
    size_t at = 0;
    if (!v)
        return;
    fetcher_destroy(v->fetcher);
    uv_run(&v->loop, UV_RUN_DEFAULT);
    uv_loop_close(&v->loop);
    for (struct known *k; (k = map_next(v->robots, &at, NULL));) {
        robots_destroy(k->rules);
        free(k);
    }
    at = 0;
    for (int64_t *one; (one = map_next(v->allowed_at, &at, NULL));)
        free(one);
    map_destroy(v->robots);
    map_destroy(v->allowed_at);
    budget_destroy(v->budget);
    address_policy_destroy(v->addresses);
    free(v);
}
