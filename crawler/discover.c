/* discover.c - see discover.h; the order in which a site is asked is search.h's.
 *
 *   search_next() ──visit──> reader (pool) ──> search_take() ──┐   each in the host's budget
 *        ^────────────────────────────────────────────────────┘
 *        └─over─> frontier_poll_put() for each found ──all replied──> frontier_poll_done()
 *
 * Repeated once a week, because sites change; putting a poll that exists changes nothing. */
#include "crawler/discover.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crawler/poll.h"
#include "crawler/reader.h"
#include "crawler/robots_cache.h"
#include "crawler/search.h"
#include "crawler/trouble.h"
#include "crawler/visit.h"
#include "crawler/wall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS (7 * 24 * 3600 * 1000LL)
#define RETRY_MS (5 * 60 * 1000LL)

struct discovery {
    struct work work;
    struct visit *visit;
    struct search *search;           /* owned */
    bool beyond_front;               /* the site itself has answered */
    enum claim_kind asking;          /* what the visit under way is taken for */
    int64_t sent_mono_ms;
    struct host_effect effect;
    bool unstored;
    char status[POLL_STATUS_SIZE];
};

static struct discovery *discovery_of(struct work *w)
{
    return (struct discovery *)w;
}

static void discovery_free(struct work *w)
{
    struct discovery *d = discovery_of(w);
    search_destroy(d->search);
    free(d);
}

static bool discovery_transferring(const struct work *w)
{
    const struct discovery *d = (const struct discovery *)w;
    return d->visit && visit_transferring(d->visit);
}

static void discovery_abort(struct work *w)
{
    struct discovery *d = discovery_of(w);
    if (d->visit)
        visit_abort(d->visit);
    d->visit = NULL;
}

static const struct work_ops ops = { "discovery", discovery_transferring, discovery_abort, discovery_free };

/* --- the end --- */

/* The first failure in a row is told; the others are in the events. */
static void tell(const struct discovery *d, bool ok, int failures)
{
    const char *source = d->work.claim->source;
    if (ok)
        log_info("site looked at source=%s status=%s", log_quote(source), log_quote(d->status));
    else if (failures == 1)
        log_warn("site cannot be watched source=%s reason=%s try=%s", log_quote(source), log_quote(d->status),
                 log_quote(trouble_remedy_of_failure(d->status)));
}

static void finish(struct discovery *d, bool ok)
{
    struct crawl *c = d->work.crawl;
    const struct claim *claim = d->work.claim;
    unsigned char bytes[SCHEDULE_BYTES];
    struct schedule schedule;
    size_t found;
    search_found(d->search, &found);
    schedule_read(&schedule, claim->schedule, claim->schedule_len);
    struct poll_facts facts = { .end = ok ? POLL_READ : POLL_FAILED, .now_s = clock_unix_ms() / 1000, .min_ms = c->config->crawler.poll_min_ms,
                                .max_ms = c->config->crawler.poll_max_ms, .fixed_ms = RETRY_MS, .retry_after_ms = d->effect.retry_after_ms };
    int64_t retry_ms = schedule_next(&schedule, &facts);
    size_t len = schedule_write(&schedule, bytes);
    tell(d, ok, schedule.failures);
    work_event(&d->work, "poll", ok ? "discovered" : "failed", d->status, json_pack("{sI}", "found", (json_int_t)found));
    work_poll_done(&d->work, &(struct poll_result){ .keep_validators = true, .next_in_ms = d->unstored ? 1000 : ok ? AGAIN_MS : retry_ms,
                                                    .schedule = bytes, .schedule_len = len, .status = d->status, .ok = ok,
                                                    .items = found });
}

static void visited(struct discovery *d)
{
    work_visited(&d->work, d->sent_mono_ms, &d->effect);
}

static void fail(struct discovery *d, const char *fmt, const char *what)
{
    poll_status(d->status, fmt, what);
    visited(d);
    finish(d, false);
}

static void on_put(void *arg, const struct error *err)
{
    struct discovery *d = arg;
    if (!work_answered(&d->work))
        return;
    if (err && err->kind == ERROR_LIMIT)
        poll_status(d->status, "%s", err->message);
    else
        d->unstored = d->unstored || err;
    if (d->work.pending == 0)
        finish(d, true);
}

static void put_all(struct discovery *d)
{
    size_t count, feeds = 0, sitemaps = 0;
    const struct search_found *found = search_found(d->search, &count);
    visited(d);
    for (size_t i = 0; i < count; i++) {
        feeds += found[i].kind == CLAIM_FEED;
        sitemaps += found[i].kind == CLAIM_SITEMAP;
    }
    if (feeds + sitemaps == 0)
        snprintf(d->status, sizeof(d->status), "no feed, no sitemap: front page watched");
    else
        snprintf(d->status, sizeof(d->status), "found %zu feed%s, %zu sitemap%s", feeds, feeds == 1 ? "" : "s", sitemaps,
                 sitemaps == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++) {
        d->work.pending++;
        frontier_poll_put(d->work.crawl->frontier, d->work.claim->source, found[i].kind, &found[i].url, 0, on_put, d);
    }
}

/* --- what was found --- */

static void visit(struct discovery *d, const char *url, enum claim_kind kind);

static void next(struct discovery *d)
{
    enum claim_kind kind;
    char *url;
    d->beyond_front = true;
    if (search_next(d->search, &kind, &url)) {
        visit(d, url, kind);
        free(url);
    } else {
        put_all(d);
    }
}

static void on_read(void *arg, struct reading *r)
{
    struct discovery *d = arg;
    bool ours = work_back_from_pool(&d->work);
    if (ours && r->wall && !d->beyond_front) {
        fail(d, "front page: blocked: %s", r->wall);
    } else if (ours) {
        search_take(d->search, r);
        next(d);
    }
    reading_free(r);
}

static void read_body(struct discovery *d, struct visit_report *v)
{
    struct crawl *c = d->work.crawl;
    const struct source *s = sources_get(c->sources, d->work.claim->source);
    if (!s) {
        fail(d, "%s", "its source is gone");
        return;
    }
    struct reading *r = xcalloc(1, sizeof(*r));
    *r = (struct reading){ .kind = d->asking, .body = v->answer->body, .url = xstrdup(v->url->fetch),
                           .content_type = xstrdup(v->answer->header[HEADER_CONTENT_TYPE]),
                           .content_encoding = xstrdup(v->answer->header[HEADER_CONTENT_ENCODING]), .scope = poll_scope(c, s, ""),
                           .done = on_read, .arg = d };
    v->answer->body = (struct fetch_body){ 0 };
    d->work.in_pool++;
    reading_submit(c->readers, r);
}

/* The front page did not come: why nothing will, in the words of the source's row. */
static void front_failed(struct discovery *d, const struct visit_report *v)
{
    char status[32];
    switch (v->end) {
    case VISIT_ANSWERED:
        snprintf(status, sizeof(status), "http %d", v->answer->status);
        fail(d, "front page: %s", status);
        break;
    case VISIT_FAILED: fail(d, "%s", v->answer->message); break;
    case VISIT_DENIED: fail(d, "robots.txt: %s", v->rule ? v->rule : "denied"); break;
    case VISIT_NO_ROBOTS: fail(d, "%s", v->reason); break;
    case VISIT_MOVED_OUT: fail(d, "moved: add %s instead", v->target->host); break;
    case VISIT_SEEN: /* every redirect is followed */
    case VISIT_LOOP: fail(d, "front page: %s", v->reason); break;
    }
}

/* The front page answered; what robots.txt names is known since it was asked for permission. */
static void take_site(struct discovery *d, const struct url *url)
{
    const char *const *sitemaps;
    search_site(d->search, url->fetch);
    sources_answered(d->work.crawl->sources, d->work.claim->source, url);
    size_t n = robots_known_sitemaps(d->work.crawl->robots, url, &sitemaps);
    search_sitemaps(d->search, sitemaps, n);
}

static void on_visited(void *arg, struct visit_report *v)
{
    struct discovery *d = arg;
    bool body = (v->end == VISIT_ANSWERED && v->answer->status == 200) || (v->end == VISIT_FAILED && v->answer->body.len > 0);
    d->visit = NULL;
    if (v->sent_mono_ms) {
        d->sent_mono_ms = v->sent_mono_ms;
        d->effect = v->effect;
    }
    const char *wall = v->answer ? wall_by_header(v->answer->header[HEADER_CF_MITIGATED]) : NULL;
    if (!d->beyond_front && wall) {
        fail(d, "front page: blocked: %s", wall);
        return;
    }
    if (!d->beyond_front && body && v->redirects > 0 && wall_is_gate(d->work.claim->url, v->url->fetch)) {
        fail(d, "front page: blocked: led to %s", v->url->host);
        return;
    }
    if (!d->beyond_front && body)
        take_site(d, v->url);
    if (body)
        read_body(d, v);
    else if (!d->beyond_front)
        front_failed(d, v);
    else
        next(d);
}

static void visit(struct discovery *d, const char *url, enum claim_kind kind)
{
    d->asking = kind;
    d->visit = visit_start(d->work.crawl, &(struct visit_request){
        .claim = d->work.claim, .url = url, .last_sent_mono_ms = d->sent_mono_ms, .accept = poll_accept(kind),
        .max_body_bytes = poll_max_bytes(kind), .keep_partial = true, .done = on_visited, .arg = d });
}

void discover_begin(struct crawl *c, struct claim *claim)
{
    struct discovery *d = xcalloc(1, sizeof(*d));
    work_begin(&d->work, c, claim, &ops);
    d->effect.crawl_delay_ms = -1;
    d->search = search_create();
    visit(d, claim->url, CLAIM_DISCOVERY);
}
