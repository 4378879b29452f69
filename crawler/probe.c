/* probe.c - see probe.h. */
#include "crawler/probe.h"

#include "base/clock.h"
#include "base/decode.h"
#include "base/mem.h"
#include "crawler/crawl.h"
#include "crawler/hints.h"
#include "crawler/poll.h"
#include "crawler/reader.h"
#include "crawler/search.h"
#include "crawler/trouble.h"
#include "crawler/wall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probing {
    struct visitor *visitor;
    const struct config *config;
    struct scope *scope;
    struct search *search;
    struct probe *out;
};

void probe_fini(struct probe *p)
{
    free(p->site);
    for (size_t i = 0; i < p->watch_count; i++)
        free(p->watches[i].url);
    for (size_t i = 0; i < p->sample_count; i++) {
        free(p->samples[i].url);
        free(p->samples[i].title);
    }
    *p = (struct probe){ 0 };
}

__attribute__((format(printf, 3, 4))) static void reason(struct probe *p, const char *remedy, const char *why, ...)
{
    va_list args;
    va_start(args, why);
    vsnprintf(p->why, sizeof(p->why), why, args);
    va_end(args);
    snprintf(p->remedy, sizeof(p->remedy), "%s", remedy);
}

/* --- why not --- */

static const char *wall_name(const struct visited *v)
{
    struct buffer text;
    struct decode_limits limits = { .max_bytes = 1 << 20 };
    const char *told = wall_by_header(v->header[HEADER_CF_MITIGATED]);
    if (told)
        return told;
    buffer_init(&text, 1 << 20);
    decode_body(v->body.data ? v->body.data : "", v->body.len, v->header[HEADER_CONTENT_ENCODING], &limits, &text, NULL, NULL);
    const char *wall = wall_of(v->status, buffer_str(&text), text.len);
    buffer_fini(&text);
    return wall;
}

static void refused(struct probe *p, const struct visited *v)
{
    const char *wall = wall_name(v);
    char status[32];
    snprintf(status, sizeof(status), "http %d", v->status);
    if (wall)
        reason(p, trouble_remedy("wall"), "the site puts up a wall against programs: %s (%s)", wall, status);
    else
        reason(p, trouble_remedy(status), v->status == 404 || v->status == 410 ? "there is no such page (%s)" : "the site answers %s", status);
}

static void failed(struct probe *p, const struct visited *v)
{
    p->unreachable = v->error != FETCH_REFUSED && v->error != FETCH_INVALID;
    reason(p, trouble_remedy_of_failure(v->message), "%s", v->message);
}

/* The site's address brought no page. */
static void explain(struct probe *p, const struct visited *v)
{
    switch (v->end) {
    case VISITED_ANSWER: refused(p, v); break;
    case VISITED_DENIED:
        reason(p, trouble_remedy("robots.txt"), "robots.txt does not allow it: line %u, %s", v->line,
               v->rule ? v->rule : "");
        break;
    case VISITED_NO_ROBOTS:
    case VISITED_FAILED: failed(p, v); break;
    case VISITED_LOOP: reason(p, trouble_remedy_of_failure(v->message), "%s", v->message); break;
    case VISITED_LATE:
        p->unreachable = true;
        reason(p, "Try again later; the site is slow, or asks for long pauses.", "the site did not answer within %d s", PROBE_LIMIT_MS / 1000);
        break;
    }
}

/* --- reading --- */

/* What a poll would read in an answer; the body is taken from v. */
static struct reading *read_answer(struct probing *g, enum claim_kind kind, struct visited *v)
{
    struct reading *r = xcalloc(1, sizeof(*r));
    *r = (struct reading){ .kind = kind, .body = v->body, .url = xstrdup(v->url), .content_type = xstrdup(v->header[HEADER_CONTENT_TYPE]),
                           .content_encoding = xstrdup(v->header[HEADER_CONTENT_ENCODING]), .scope = scope_ref(g->scope), .first = true };
    v->body = (struct fetch_body){ 0 };
    reading_run(r, clock_unix_ms());
    return r;
}

static void add_sample(struct probe *p, const struct reading_item *item)
{
    struct hints h;
    for (size_t i = 0; i < p->sample_count; i++)
        if (strcmp(p->samples[i].url, item->url.fetch) == 0)
            return;
    if (p->sample_count == PROBE_SAMPLES)
        return;
    hints_read(&h, item->hints);
    p->samples[p->sample_count++] = (struct probe_sample){ xstrdup(item->url.fetch), xstrdup(h.title), item->dated_ms };
    hints_fini(&h);
}

/* The interval that its poll would get, from what its dates tell. */
static void propose(struct probing *g, const struct reading *r, struct probe_watch *w)
{
    int64_t *dates = xcalloc(r->item_count + 1, sizeof(*dates)), now_s = clock_unix_ms() / 1000;
    struct schedule s = { 0 };
    struct poll_facts f = { .end = POLL_READ, .now_s = now_s, .dated_s = dates, .hint_ms = r->hint_ms, .unconditional = true,
                            .min_ms = g->config->crawler.poll_min_ms, .max_ms = g->config->crawler.poll_max_ms };
    for (size_t i = 0; i < r->item_count; i++)
        if (r->items[i].dated_ms > 0)
            dates[f.dated++] = r->items[i].dated_ms / 1000;
    w->interval_ms = schedule_next(&s, &f);
    w->per_day = s.items > 0 ? schedule_rate(&s) : 0;
    free(dates);
}

static void take_watch(struct probing *g, const struct reading *r, struct probe_watch *w)
{
    snprintf(w->format, sizeof(w->format), "%s", r->format);
    w->items = r->item_count + r->part_count;
    for (size_t i = 0; i < r->item_count; i++) {
        if (r->items[i].dated_ms > w->newest_ms)
            w->newest_ms = r->items[i].dated_ms;
        if (r->items[i].filtered)
            continue;
        w->wanted++;
        add_sample(g->out, &r->items[i]);
    }
    propose(g, r, w);
    if (strcmp(r->format, "unknown") == 0)
        snprintf(w->problem, sizeof(w->problem), "%.100s", r->warning[0] ? r->warning : "neither a feed nor a sitemap");
}

static void watch_problem(struct probe_watch *w, const struct visited *v)
{
    if (v->end == VISITED_ANSWER)
        snprintf(w->problem, sizeof(w->problem), "http %d", v->status);
    else if (v->end == VISITED_DENIED)
        snprintf(w->problem, sizeof(w->problem), "robots.txt: %.90s", v->rule ? v->rule : "denied");
    else if (v->end == VISITED_LATE)
        snprintf(w->problem, sizeof(w->problem), "no time was left to read it");
    else
        snprintf(w->problem, sizeof(w->problem), "%.100s", v->message);
}

static bool has_body(const struct visited *v)
{
    return (v->end == VISITED_ANSWER && v->status == 200) || (v->end == VISITED_FAILED && v->body.len > 0);
}

/* The newest part of a sitemap index stands for the others. */
static void read_part(struct probing *g, const struct reading *index, struct probe_watch *w)
{
    struct visited v;
    size_t newest = 0;
    for (size_t i = 1; i < index->part_count; i++)
        if (index->parts[i].dated_ms > index->parts[newest].dated_ms)
            newest = i;
    visitor_get(g->visitor, index->parts[newest].url, poll_accept(CLAIM_SITEMAP), poll_max_bytes(CLAIM_SITEMAP), &v);
    if (has_body(&v)) {
        struct reading *r = read_answer(g, CLAIM_SITEMAP, &v);
        for (size_t i = 0; i < r->item_count; i++)
            if (!r->items[i].filtered)
                add_sample(g->out, &r->items[i]), w->wanted++;
        propose(g, r, w);
        reading_free(r);
    }
    visited_fini(&v);
}

static void read_watch(struct probing *g, struct probe_watch *w)
{
    struct visited v;
    visitor_get(g->visitor, w->url, poll_accept(w->kind), poll_max_bytes(w->kind), &v);
    if (has_body(&v)) {
        struct reading *r = read_answer(g, w->kind, &v);
        take_watch(g, r, w);
        if (r->part_count && g->out->sample_count < PROBE_SAMPLES)
            read_part(g, r, w);
        reading_free(r);
    } else {
        watch_problem(w, &v);
    }
    visited_fini(&v);
}

/* --- the search --- */

static void ask(struct probing *g, const char *url, enum claim_kind kind)
{
    struct visited v;
    visitor_get(g->visitor, url, poll_accept(kind), poll_max_bytes(kind), &v);
    if (has_body(&v)) {
        struct reading *r = read_answer(g, kind, &v);
        search_take(g->search, r);
        reading_free(r);
    }
    visited_fini(&v);
}

static void tell_robots(struct probing *g, const char *site)
{
    struct visitor_robots r;
    struct probe *p = g->out;
    p->delay_ms = g->config->crawler.delay_ms;
    if (!visitor_robots(g->visitor, site, &r)) {
        snprintf(p->robots, sizeof(p->robots), "not asked (crawler.robots is false)");
        return;
    }
    if (r.crawl_delay_ms > p->delay_ms)
        p->delay_ms = r.crawl_delay_ms;
    if (r.status >= 400)
        snprintf(p->robots, sizeof(p->robots), "none (http %d): everything is allowed", r.status);
    else
        snprintf(p->robots, sizeof(p->robots), "allows us; names %zu sitemap%s", r.sitemap_count, r.sitemap_count == 1 ? "" : "s");
    search_sitemaps(g->search, r.sitemaps, r.sitemap_count);
}

static bool ask_site(struct probing *g, const char *site)
{
    struct visited v;
    bool ok = false;
    visitor_get(g->visitor, site, poll_accept(CLAIM_DISCOVERY), poll_max_bytes(CLAIM_DISCOVERY), &v);
    const char *wall = has_body(&v) ? wall_name(&v) : NULL;
    if (has_body(&v) && !wall) {
        g->out->site = xstrdup(v.url);
        search_site(g->search, v.url);
        tell_robots(g, v.url);
        struct reading *r = read_answer(g, CLAIM_DISCOVERY, &v);
        search_take(g->search, r);
        reading_free(r);
        ok = true;
    } else {
        explain(g->out, &v);
    }
    visited_fini(&v);
    return ok;
}

static void conclude(struct probe *p)
{
    size_t wanted = 0, items = 0;
    for (size_t i = 0; i < p->watch_count; i++) {
        wanted += p->watches[i].wanted;
        items += p->watches[i].items;
    }
    p->yields = wanted > 0;
    if (wanted > 0)
        return;
    if (p->watch_count && p->watches[0].problem[0])
        reason(p, trouble_remedy("neither a feed nor a sitemap"), "what it names cannot be read: %s", p->watches[0].problem);
    else if (items > 0)
        reason(p, "It is watched all the same; with --backfill all older ones are fetched, too.",
               "of %zu entr%s none is new enough and on the site: nothing will come until it publishes", items, items == 1 ? "y" : "ies");
    else
        reason(p, trouble_remedy("no link"), "no feed, no sitemap, and no link on the page looks like an article");
}

void probe_run(struct visitor *v, const struct config *config, const struct suffix_list *list, const char *site, struct probe *p)
{
    struct probing g = { .visitor = v, .config = config, .out = p, .search = search_create() };
    enum claim_kind kind;
    size_t count;
    char *url;
    *p = (struct probe){ 0 };
    g.scope = scope_create(list, site, NULL, NULL, backfill_parse(config->crawler.backfill));
    if (ask_site(&g, site)) {
        while (!visitor_late(v) && search_next(g.search, &kind, &url)) {
            ask(&g, url, kind);
            free(url);
        }
        const struct search_found *found = search_found(g.search, &count);
        for (size_t i = 0; i < count && i < COUNT(p->watches); i++) {
            struct probe_watch *w = &p->watches[p->watch_count++];
            *w = (struct probe_watch){ .kind = found[i].kind, .url = xstrdup(found[i].url.fetch) };
            read_watch(&g, w);
        }
        conclude(p);
    }
    search_destroy(g.search);
    scope_unref(g.scope);
}
