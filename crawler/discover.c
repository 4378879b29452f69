/* discover.c - see discover.h.
 *
 *   front page ──> feeds and sitemaps it names ─┐
 *   robots.txt ──> Sitemap lines ───────────────┼─> frontier_poll_put() for each ──all replied──> frontier_poll_done()
 *   else, one at a time, in the host's budget:  │
 *     pages that may list feeds ────────────────┤
 *     well-known paths ─────────────────────────┘
 *   nothing: the front page itself is watched
 *
 * The site's address may itself be a feed or a sitemap: then that is what is watched. Repeated once a week, because sites
 * change; putting a poll that exists changes nothing. */
#include "crawler/discover.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crawler/poll.h"
#include "crawler/reader.h"
#include "crawler/robots_cache.h"
#include "crawler/schedule.h"
#include "crawler/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS (7 * 24 * 3600 * 1000LL)
#define RETRY_MS (5 * 60 * 1000LL)
#define FOUND_MAX 20
#define LISTS_MAX 2

static const struct { const char *path; enum claim_kind kind; } well_known[] = {
    { "/feed", CLAIM_FEED }, { "/rss", CLAIM_FEED }, { "/rss.xml", CLAIM_FEED }, { "/feed.xml", CLAIM_FEED }, { "/atom.xml", CLAIM_FEED },
    { "/news-sitemap.xml", CLAIM_SITEMAP }, { "/sitemap.xml", CLAIM_SITEMAP },
};

struct candidate { struct url url; enum claim_kind kind; };

struct discovery {
    struct work work;
    struct visit *visit;
    enum { FRONT, LISTS, WELL_KNOWN } step;
    enum claim_kind asking;          /* what the visit under way is taken for */
    struct url site;                 /* that answered */
    int64_t sent_mono_ms;
    struct host_effect effect;
    struct candidate found[FOUND_MAX];
    size_t found_count;
    char *lists[LISTS_MAX];          /* pages that may list feeds; owned */
    size_t list_count, next_list, next_path;
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
    for (size_t i = 0; i < d->found_count; i++)
        url_fini(&d->found[i].url);
    for (size_t i = 0; i < d->list_count; i++)
        free(d->lists[i]);
    url_fini(&d->site);
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

static void finish(struct discovery *d, bool ok)
{
    struct crawl *c = d->work.crawl;
    const struct claim *claim = d->work.claim;
    unsigned char bytes[SCHEDULE_BYTES];
    struct schedule schedule;
    schedule_read(&schedule, claim->schedule, claim->schedule_len);
    struct poll_facts facts = { .end = ok ? POLL_READ : POLL_FAILED, .now_s = clock_unix_ms() / 1000, .min_ms = c->config->crawler.poll_min_ms,
                                .max_ms = c->config->crawler.poll_max_ms, .fixed_ms = RETRY_MS, .retry_after_ms = d->effect.retry_after_ms };
    int64_t retry_ms = schedule_next(&schedule, &facts);
    size_t len = schedule_write(&schedule, bytes);
    work_event(&d->work, "poll", ok ? "discovered" : "failed", d->status, json_pack("{sI}", "found", (json_int_t)d->found_count));
    work_poll_done(&d->work, &(struct poll_result){ .keep_validators = true, .next_in_ms = d->unstored ? 1000 : ok ? AGAIN_MS : retry_ms,
                                                    .schedule = bytes, .schedule_len = len, .status = d->status, .ok = ok,
                                                    .items = d->found_count });
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
    d->unstored = d->unstored || err;
    if (d->work.pending == 0)
        finish(d, true);
}

static void put(struct discovery *d, const struct url *u, enum claim_kind kind)
{
    d->work.pending++;
    frontier_poll_put(d->work.crawl->frontier, d->work.claim->source, kind, u, 0, on_put, d);
}

static void put_all(struct discovery *d)
{
    size_t feeds = 0;
    visited(d);
    for (size_t i = 0; i < d->found_count; i++)
        feeds += d->found[i].kind == CLAIM_FEED;
    if (d->found_count == 0)
        snprintf(d->status, sizeof(d->status), "no feed, no sitemap: front page watched");
    else
        snprintf(d->status, sizeof(d->status), "found %zu feeds, %zu sitemaps", feeds, d->found_count - feeds);
    if (d->found_count == 0)
        put(d, &d->site, CLAIM_FRONT);
    for (size_t i = 0; i < d->found_count; i++)
        put(d, &d->found[i].url, d->found[i].kind);
}

/* --- what was found --- */

static void add(struct discovery *d, const char *text, enum claim_kind kind)
{
    struct url u;
    if (d->found_count == FOUND_MAX || !url_parse(&u, text, strlen(text), d->site.fetch, NULL, NULL))
        return;
    for (size_t i = 0; i < d->found_count; i++) {
        if (strcmp(d->found[i].url.id.hex, u.id.hex) == 0) {
            url_fini(&u);
            return;
        }
    }
    d->found[d->found_count++] = (struct candidate){ u, kind };
}

static void add_from_robots(struct discovery *d)
{
    const char *const *urls;
    size_t n = robots_known_sitemaps(d->work.crawl->robots, &d->site, &urls);
    for (size_t i = 0; i < n; i++)
        add(d, urls[i], CLAIM_SITEMAP);
}

static void take_reading(struct discovery *d, const struct reading *r)
{
    bool is_sitemap = strcmp(r->format, "sitemap") == 0 || strcmp(r->format, "sitemapindex") == 0;
    for (size_t i = 0; i < r->feed_count; i++)
        add(d, r->feeds[i], CLAIM_FEED);
    for (size_t i = 0; i < r->sitemap_count; i++)
        add(d, r->sitemaps[i], CLAIM_SITEMAP);
    if (strcmp(r->format, "html") != 0 && strcmp(r->format, "unknown") != 0)
        add(d, r->url, is_sitemap ? CLAIM_SITEMAP : CLAIM_FEED);
    for (size_t i = 0; d->step == FRONT && i < r->feed_list_count && d->list_count < LISTS_MAX; i++)
        d->lists[d->list_count++] = xstrdup(r->feed_lists[i]);
}

static void visit(struct discovery *d, const char *url, enum claim_kind kind);

static void next(struct discovery *d)
{
    if (d->step == FRONT)
        add_from_robots(d);
    if (d->found_count > 0) {
        put_all(d);
    } else if (d->next_list < d->list_count) {
        d->step = LISTS;
        visit(d, d->lists[d->next_list++], CLAIM_DISCOVERY);
    } else if (d->next_path < COUNT(well_known)) {
        d->step = WELL_KNOWN;
        char *url = url_absolute(well_known[d->next_path].path, strlen(well_known[d->next_path].path), d->site.fetch);
        visit(d, url, well_known[d->next_path++].kind);
        free(url);
    } else {
        put_all(d);
    }
}

static void on_read(void *arg, struct reading *r)
{
    struct discovery *d = arg;
    if (work_back_from_pool(&d->work)) {
        take_reading(d, r);
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
                           .content_encoding = xstrdup(v->answer->header[HEADER_CONTENT_ENCODING]), .scope = poll_scope(c, s),
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
    case VISIT_FAILED: fail(d, "front page: %s", v->answer->message); break;
    case VISIT_DENIED: fail(d, "robots.txt: %s", v->rule ? v->rule : "denied"); break;
    case VISIT_NO_ROBOTS: fail(d, "robots.txt cannot be read: %s", v->reason); break;
    case VISIT_MOVED_OUT: fail(d, "moved: add %s instead", v->target->host); break;
    case VISIT_LOOP: fail(d, "front page: %s", v->reason); break;
    }
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
    if (d->step == FRONT && v->url->fetch)
        url_parse(&d->site, v->url->fetch, strlen(v->url->fetch), NULL, NULL, NULL);
    if (body)
        read_body(d, v);
    else if (d->step == FRONT)
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
    visit(d, claim->url, CLAIM_DISCOVERY);
}
