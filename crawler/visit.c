/* visit.c - see visit.h. */
#include "crawler/visit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crawler/cookies.h"
#include "crawler/retry_after.h"
#include "crawler/robots_cache.h"
#include "pipeline/metrics.h"

#include <stdlib.h>
#include <string.h>

struct visit {
    struct crawl *crawl;
    struct visit_request request; /* url is not used */
    struct url url;               /* asked now */
    char *etag, *last_modified;   /* owned; for the first address only */
    struct cookies cookies;
    int redirects;
    bool moved_for_good, retried;
    int64_t sent_mono_ms, last_sent_mono_ms;
    struct host_effect effect;
    struct robots_query *robots;
    struct gate_wait *wait;
    struct fetch *fetch;
    int pending;                  /* calls to the frontier without an answer */
    bool aborted;
};

static void visit_free(struct visit *v)
{
    if (v->pending > 0)
        return;
    url_fini(&v->url);
    free(v->etag);
    free(v->last_modified);
    cookies_fini(&v->cookies);
    free(v);
}

static void end(struct visit *v, struct visit_report *r)
{
    r->url = &v->url;
    r->redirects = v->redirects;
    r->moved_for_good = v->moved_for_good && v->redirects > 0;
    r->sent_mono_ms = v->sent_mono_ms;
    r->effect = v->effect;
    v->request.done(v->request.arg, r);
    visit_free(v);
}

/* tidings_fetch_total{result} and the histogram of times. Metrics are kept by the name of their result: one look a name. */
static void count(const struct fetch_result *r)
{
    static const double bounds[] = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60 };
    static const char *const classes[] = { "ok", "not_modified", "redirect", "http_4xx", "http_5xx" };
    static struct metric *by_class[COUNT(classes)], *by_error[FETCH_INVALID + 1], *seconds;
    static const char help[] = "Requests by how they ended.";
    struct metric **m = &by_error[r->error];
    const char *name = fetch_error_name(r->error);
    if (r->error == FETCH_OK) {
        int i = r->status == 304 ? 1 : r->status < 300 ? 0 : r->status < 400 ? 2 : r->status < 500 ? 3 : 4;
        m = &by_class[i];
        name = classes[i];
    }
    if (!*m)
        *m = metric_counter("tidings_fetch_total", help, "result", name);
    if (!seconds)
        seconds = metric_histogram("tidings_fetch_seconds", "From a request to the end of its answer.", bounds, COUNT(bounds));
    metric_add(*m, 1);
    metric_observe(seconds, (double)r->took_ms / 1000);
}

static void ask_robots(struct visit *v);
static void take_slot(struct visit *v);

static bool is_redirect(const struct fetch_result *r)
{
    return r->status == 301 || r->status == 302 || r->status == 303 || r->status == 307 || r->status == 308;
}

static bool want(const struct fetch_result *r)
{
    return r->status == 200;
}

static bool same_budget(struct visit *v, const struct url *to)
{
    struct place p = place_of(v->crawl->meta, to->host, to->port);
    bool same = p.partition == v->request.claim->partition && strcmp(p.budget, v->request.claim->budget) == 0;
    place_fini(&p);
    return same;
}

static void on_target_seen(void *arg, bool seen, const struct error *err)
{
    struct visit *v = arg;
    v->pending--;
    if (v->aborted)
        visit_free(v);
    else if (err)
        work_abort(v->request.claim->user);
    else if (seen)
        end(v, &(struct visit_report){ .end = VISIT_SEEN });
    else
        ask_robots(v);
}

/* Takes to over. */
static void go_on_to(struct visit *v, struct url *to, const struct fetch_result *r)
{
    const struct claim *c = v->request.claim;
    cookies_take(&v->cookies, &v->url, r->header[HEADER_SET_COOKIE], clock_unix_ms() / 1000);
    v->moved_for_good = (v->redirects == 1 || v->moved_for_good) && (r->status == 301 || r->status == 308);
    url_fini(&v->url);
    v->url = *to;
    free(v->etag);
    free(v->last_modified);
    v->etag = v->last_modified = NULL;
    if (!v->request.stop_at_seen || strcmp(v->url.id.hex, c->id.hex) == 0) { /* a cookie's detour leads back to where it began */
        ask_robots(v);
        return;
    }
    v->pending++;
    frontier_seen(v->crawl->frontier, c->partition, &v->url.id, on_target_seen, v);
}

static void redirected(struct visit *v, struct fetch_result *r)
{
    struct url to;
    const char *location = r->header[HEADER_LOCATION];
    struct url_rules rules = claim_url_rules(v->crawl, v->request.claim);
    struct visit_report report = { .end = VISIT_LOOP, .answer = r, .reason = "a redirect without a usable address" };
    v->redirects++;
    if (!location || !url_parse(&to, location, strlen(location), v->url.fetch, &rules, NULL)) {
        end(v, &report);
    } else if (!same_budget(v, &to)) {
        v->moved_for_good = (v->redirects == 1 || v->moved_for_good) && (r->status == 301 || r->status == 308);
        report.end = VISIT_MOVED_OUT;
        report.target = &to;
        end(v, &report);
        url_fini(&to);
    } else if (v->redirects > v->crawl->config->crawler.max_redirects) {
        url_fini(&to);
        report.reason = "too many redirects";
        end(v, &report);
    } else {
        go_on_to(v, &to, r);
    }
}

static void on_fetched(void *arg, struct fetch_result *r)
{
    struct visit *v = arg;
    v->fetch = NULL;
    if (r->sent_mono_ms)
        v->last_sent_mono_ms = fetch_counts_from_mono_ms(r, v->request.claim->delay_ms);
    v->sent_mono_ms = v->last_sent_mono_ms;
    int64_t crawl_delay_ms = v->effect.crawl_delay_ms;
    v->effect = host_effect_of(r, clock_unix_ms());
    v->effect.crawl_delay_ms = crawl_delay_ms;
    count(r);
    if (r->error == FETCH_TRUNCATED && !v->retried) {
        v->retried = true;
        take_slot(v);
    } else if (r->error == FETCH_OK && is_redirect(r)) {
        redirected(v, r);
    } else {
        end(v, &(struct visit_report){ .end = r->error == FETCH_OK ? VISIT_ANSWERED : VISIT_FAILED, .answer = r,
                                       .reason = r->error == FETCH_OK ? NULL : fetch_error_name(r->error) });
    }
}

static void on_turn(void *arg)
{
    struct visit *v = arg;
    v->wait = NULL;
    size_t most = v->request.max_body_bytes < v->crawl->read_max_bytes ? v->request.max_body_bytes : v->crawl->read_max_bytes;
    char *cookie = cookies_for(&v->cookies, &v->url);
    v->fetch = fetch_start(v->crawl->fetcher, &(struct fetch_request){
        .url = v->url.fetch, .accept = v->request.accept, .etag = v->etag, .last_modified = v->last_modified, .cookie = cookie,
        .max_body_bytes = most, .keep_partial = v->request.keep_partial, .check_whole = true,
        .want = v->request.want ? v->request.want : want, .done = on_fetched, .arg = v });
    free(cookie);
}

/* robots.txt may have been read a moment ago: the host's row learns of its delay only when this visit is over. */
static int64_t not_before(const struct visit *v, int64_t start_mono_ms)
{
    int64_t at = v->last_sent_mono_ms + (v->effect.crawl_delay_ms > 0 ? v->effect.crawl_delay_ms : 0);
    return at > start_mono_ms ? at : start_mono_ms;
}

static void on_slot(void *arg, int64_t start_mono_ms, const struct error *err)
{
    struct visit *v = arg;
    v->pending--;
    if (v->aborted)
        visit_free(v);
    else if (!err)
        v->wait = gate_enter(v->crawl->gate, v->request.claim->partition, not_before(v, start_mono_ms), on_turn, v);
    else
        work_abort(v->request.claim->user); /* the slot is not ours any more, and so v is gone */
}

static void take_slot(struct visit *v)
{
    struct claim *c = v->request.claim;
    if (v->last_sent_mono_ms == 0) {
        v->wait = gate_enter(v->crawl->gate, c->partition, c->start_mono_ms, on_turn, v);
        return;
    }
    v->pending++;
    frontier_slot(v->crawl->frontier, c, v->last_sent_mono_ms, on_slot, v);
}

static void on_robots(void *arg, const struct robots_answer *a)
{
    struct visit *v = arg;
    v->robots = NULL;
    if (a->lost) {
        work_abort(v->request.claim->user);
        return;
    }
    if (a->sent_mono_ms) {
        v->sent_mono_ms = v->last_sent_mono_ms = a->sent_mono_ms;
        v->effect = a->effect;
    }
    if (a->allowed)
        v->effect.crawl_delay_ms = a->crawl_delay_ms;
    if (a->unreachable)
        end(v, &(struct visit_report){ .end = VISIT_NO_ROBOTS, .reason = a->why, .retry_in_ms = a->retry_in_ms });
    else if (!a->allowed)
        end(v, &(struct visit_report){ .end = VISIT_DENIED, .rule = a->rule, .line = a->line, .reason = "robots" });
    else
        take_slot(v);
}

static void ask_robots(struct visit *v)
{
    if (!v->crawl->config->crawler.robots)
        take_slot(v);
    else
        robots_ask(v->crawl->robots, v->request.claim, &v->url, v->last_sent_mono_ms, on_robots, v, &v->robots);
}

/* From the gate, so that done is never called from inside visit_start(); nothing is sent here. */
static void on_begin(void *arg)
{
    struct visit *v = arg;
    v->wait = NULL;
    if (v->url.fetch)
        ask_robots(v);
    else
        end(v, &(struct visit_report){ .end = VISIT_LOOP, .reason = "not an address" });
}

struct visit *visit_start(struct crawl *c, const struct visit_request *r)
{
    struct visit *v = xcalloc(1, sizeof(*v));
    const char *url = r->url ? r->url : r->claim->url;
    *v = (struct visit){ .crawl = c, .request = *r, .last_sent_mono_ms = r->last_sent_mono_ms, .effect.crawl_delay_ms = -1 };
    url_parse(&v->url, url, strlen(url), NULL, NULL, NULL);
    if (!r->url) {
        v->etag = xstrdup(r->claim->etag);
        v->last_modified = xstrdup(r->claim->last_modified);
    }
    v->wait = gate_enter(c->gate, r->claim->partition, 0, on_begin, v);
    return v;
}

void visit_abort(struct visit *v)
{
    v->aborted = true;
    int64_t sent_mono_ms = v->fetch ? clock_mono_ms() : v->last_sent_mono_ms, robots_sent_mono_ms = v->robots ? robots_abort(v->robots) : 0;
    if (robots_sent_mono_ms > sent_mono_ms)
        sent_mono_ms = robots_sent_mono_ms;
    if (sent_mono_ms) /* the next request of the budget, whoever makes it, keeps its distance from this one */
        work_visited(v->request.claim->user, sent_mono_ms, &(struct host_effect){ .crawl_delay_ms = -1 });
    if (v->wait)
        gate_leave(v->crawl->gate, v->wait);
    if (v->fetch)
        fetch_abort(v->fetch);
    v->robots = NULL;
    v->wait = NULL;
    v->fetch = NULL;
    visit_free(v);
}

bool visit_transferring(const struct visit *v)
{
    return v->fetch != NULL;
}
