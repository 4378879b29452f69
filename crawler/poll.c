/* poll.c - see poll.h.
 *
 *   visit ──200──> reader (pool) ──items──> frontier_discover() in batches ──all replied──> frontier_poll_done()
 *      └─304, failures ───────────────────────────────────────────────────────────────────────────┘ keeps validators
 *
 * A kill anywhere before the last step leaves the old validators: the document is read again, and what was queued is seen. */
#include "crawler/poll.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "crawler/blocked.h"
#include "crawler/reader.h"
#include "crawler/schedule.h"
#include "crawler/visit.h"
#include "crawler/websub.h"
#include "pipeline/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BATCH 500              /* URLs a call of frontier_discover() */
#define BATCHES_OUT 2          /* calls without an answer: a sitemap of 50,000 URLs is not copied at once */
#define DAY_MS (24 * 3600 * 1000LL)
#define SHARERS_MAX 32         /* of one poll (frontier_lib.lua) */
#define MOVED_FEED_FAILURES 3  /* answers that are no feed before its source is searched for feeds again */

struct poll {
    struct work work;
    struct visit *visit;
    struct reading *reading;   /* after it was read; owned */
    char *etag, *last_modified;/* owned; of the answer being read */
    char *known_etag, *known_last_modified; /* owned; the claim's, where it is asked without them */
    struct schedule schedule;
    struct url end;            /* where redirects that are not for good ended; all NULL: nowhere else */
    struct reading *held;      /* until it is known who reads that; owned */
    int64_t elsewhere_ms;      /* the document is polled at another address; this one is asked again in so long. 0: it is not */
    struct poll_facts facts;
    size_t changed_parts;      /* of an index */
    size_t items, accepted;
    size_t items_left, batches_out; /* not yet given to the frontier; calls it has not answered */
    bool unstored;             /* an answer said that what was found may be lost */
    char status[POLL_STATUS_SIZE];
};

static struct poll *poll_of(struct work *w)
{
    return (struct poll *)w; /* its first member */
}

static void poll_free(struct work *w)
{
    struct poll *p = poll_of(w);
    if (p->reading)
        reading_free(p->reading);
    free(p->etag);
    free(p->last_modified);
    free(p->known_etag);
    free(p->known_last_modified);
    if (p->held)
        reading_free(p->held);
    url_fini(&p->end);
    free(p);
}

static bool poll_transferring(const struct work *w)
{
    const struct poll *p = (const struct poll *)w;
    return p->visit && visit_transferring(p->visit);
}

static void poll_abort(struct work *w)
{
    struct poll *p = poll_of(w);
    if (p->visit)
        visit_abort(p->visit);
    p->visit = NULL;
}

static const struct work_ops ops = { "poll", poll_transferring, poll_abort, poll_free };

static const char *kind_name(enum claim_kind kind)
{
    static const char *const names[] = { "page", "front", "feed", "sitemap", "discovery" };
    return names[kind];
}

/* --- the end --- */

void poll_status(char out[POLL_STATUS_SIZE], const char *fmt, const char *what)
{
    char *text = xasprintf(fmt, what);
    size_t len = text_cut(text, strlen(text), POLL_STATUS_SIZE - 1);
    memcpy(out, text, len);
    out[len] = '\0';
    free(text);
}

static void set_status(struct poll *p, const char *fmt, const char *what)
{
    poll_status(p->status, fmt, what);
}

static void count(const struct poll *p, bool ok)
{
    metric_add(metric_counter("tidings_polls_total", "Polls of feeds, sitemaps and front pages by how they ended.", "result",
                              ok ? p->facts.end == POLL_READ ? "read" : "not_modified" : "failed"), 1);
}

/* The dates of what the document shows; NULL: none. The caller frees it. */
static int64_t *dates_of(const struct reading *r, size_t *count)
{
    int64_t *dates = r && r->item_count ? xcalloc(r->item_count, sizeof(*dates)) : NULL;
    *count = 0;
    for (size_t i = 0; dates && i < r->item_count; i++)
        if (r->items[i].dated_ms > 0)
            dates[(*count)++] = r->items[i].dated_ms / 1000;
    return dates;
}

/* All it shows is older than anything we would fetch: it is no longer where news appear. */
static bool is_dormant(const struct poll *p)
{
    const struct reading *r = p->reading;
    if (p->work.claim->kind != CLAIM_SITEMAP || !r || r->item_count == 0)
        return false;
    for (size_t i = 0; i < r->item_count; i++)
        if (!r->items[i].filtered || strcmp(r->items[i].filtered, "old") != 0)
            return false;
    return true;
}

static int64_t next_in_ms(struct poll *p)
{
    struct poll_facts *f = &p->facts;
    if (p->elsewhere_ms)
        return p->elsewhere_ms;
    int64_t *dates = dates_of(p->reading, &f->dated);
    f->dated_s = dates;
    f->accepted = p->accepted + p->changed_parts;
    f->now_s = clock_unix_ms() / 1000;
    f->pace = p->work.crawl->pace.factor;
    pace_count(&p->work.crawl->pace, f->now_s);
    int64_t next_ms = schedule_next(&p->schedule, f);
    free(dates);
    return is_dormant(p) && next_ms < DAY_MS && !f->fixed_ms ? DAY_MS : next_ms;
}

/* It reads well, but its pages are refused, or what it used to bring does not come any more: the row says so. */
static void tell_trouble(struct poll *p)
{
    char text[POLL_STATUS_SIZE];
    int64_t now_s = p->facts.now_s;
    char evidence[50];
    if (p->facts.end == POLL_FAILED || p->elsewhere_ms)
        return;
    if (blocked_evidence(p->work.crawl->blocked, p->work.claim->source, evidence, sizeof(evidence)))
        set_status(p, "blocked: %s", evidence);
    if (!schedule_is_silent(&p->schedule, now_s))
        return;
    snprintf(text, sizeof(text), "%.0f days", (double)(now_s - p->schedule.new_s) / 86400);
    set_status(p, "silent: nothing new for %s, unlike before", text);
}

static void finish(struct poll *p)
{
    const struct claim *claim = p->work.claim;
    bool ok = p->facts.end != POLL_FAILED;
    unsigned char schedule[SCHEDULE_BYTES];
    int64_t next_ms = 1000;
    if (p->unstored) { /* as if it had not been read */
        schedule_read(&p->schedule, claim->schedule, claim->schedule_len);
        set_status(p, "%s", "the frontier was replaced: read again");
    } else {
        next_ms = next_in_ms(p);
        tell_trouble(p);
    }
    size_t schedule_len = schedule_write(&p->schedule, schedule);
    count(p, ok);
    work_event(&p->work, "poll", ok ? "polled" : "failed", p->status,
               json_pack("{ss sI sI sI}", "kind", kind_name(claim->kind), "items", (json_int_t)p->items, "new", (json_int_t)p->accepted,
                         "next_in_ms", (json_int_t)next_ms));
    work_poll_done(&p->work, &(struct poll_result){
        .etag = p->elsewhere_ms ? NULL : p->etag, .last_modified = p->elsewhere_ms ? NULL : p->last_modified,
        .keep_validators = p->unstored || p->facts.end != POLL_READ,
        .next_in_ms = next_ms, .schedule = schedule, .schedule_len = schedule_len, .status = p->status, .ok = ok,
        .elsewhere = p->elsewhere_ms > 0, .items = p->items, .accepted = p->accepted });
}

static void fail(struct poll *p, const char *fmt, const char *what)
{
    p->facts.end = POLL_FAILED;
    set_status(p, fmt, what);
    finish(p);
}

static void finish_when_answered(struct poll *p)
{
    if (p->work.pending == 0)
        finish(p);
}

/* --- what was read --- */

static void on_put(void *arg, const struct error *err)
{
    struct poll *p = arg;
    if (!work_answered(&p->work))
        return;
    if (err && err->kind == ERROR_LIMIT)
        set_status(p, "%s", err->message);
    else
        p->unstored = p->unstored || err;
    finish_when_answered(p);
}

static const char *via_of(enum claim_kind kind)
{
    return kind == CLAIM_FEED ? "feed" : kind == CLAIM_SITEMAP ? "sitemap" : "front";
}

/* Links of a front page that cannot be articles of the source are nobody's finds: they are dropped, not counted; but those that
 * only what was learned speaks against are. */
static bool is_find(enum claim_kind kind, const char *filtered)
{
    return kind != CLAIM_FRONT || !filtered || strcmp(filtered, "old") == 0 || strcmp(filtered, "pattern") == 0;
}

static void discover_more(struct poll *p);

static void on_discovered(void *arg, const struct discovered *d, const struct error *err)
{
    struct poll *p = arg;
    if (!work_answered(&p->work))
        return;
    p->batches_out--;
    p->unstored = p->unstored || err;
    if (d)
        p->accepted += d->accepted;
    discover_more(p);
    finish_when_answered(p);
}

/* First readings of a source's feeds and sitemaps share one bound on what is fetched of the past. */
static bool is_past(const struct reading *r)
{
    return r->first && scope_backfill_ms(r->scope) != BACKFILL_ALL;
}

/* The items before p->items_left, up to BATCH of them. */
static size_t next_batch(struct poll *p, struct found *batch)
{
    const struct claim *c = p->work.claim;
    size_t n = 0, end = p->items_left, first = end > BATCH ? end - BATCH : 0;
    for (size_t i = first; i < end; i++) {
        const struct reading_item *item = &p->reading->items[i];
        if (is_find(c->kind, item->filtered))
            batch[n++] = (struct found){ .url = &item->url, .source = c->source, .via = via_of(c->kind), .hints = item->hints,
                                         .filtered = item->filtered, .past = is_past(p->reading), .remember = item->filtered && strcmp(item->filtered, "old") == 0 };
    }
    p->items_left = first;
    return n;
}

/* From the end: what is discovered last is fetched first, and that is what stands first. */
static void discover_more(struct poll *p)
{
    struct found batch[BATCH];
    while (p->items_left > 0 && p->batches_out < BATCHES_OUT && !p->unstored) {
        size_t n = next_batch(p, batch);
        if (n == 0)
            continue;
        p->work.pending++;
        p->batches_out++;
        frontier_discover(p->work.crawl->frontier, batch, n, on_discovered, p);
    }
}

/* Changed since the index was read last. A bare day counts as its last millisecond. */
static bool is_newer(const struct poll *p, const struct reading_part *part)
{
    return p->schedule.polled_s > 0 && part->dated_ms / 1000 > p->schedule.polled_s;
}

/* The parts of a sitemap index are polls of their own; those that changed are due now. A change that tells its time is news. */
static void put_parts(struct poll *p)
{
    struct frontier *f = p->work.crawl->frontier;
    const char *source = p->work.claim->source;
    for (size_t i = 0; i < p->reading->part_count; i++) {
        const struct reading_part *part = &p->reading->parts[i];
        struct url u;
        if (!url_parse(&u, part->url, strlen(part->url), NULL, NULL, NULL))
            continue;
        p->work.pending++;
        frontier_poll_put(f, source, CLAIM_SITEMAP, &u, 0, on_put, p);
        if (is_newer(p, part)) {
            p->work.pending++;
            frontier_poll_now(f, source, CLAIM_SITEMAP, &u, on_put, p);
            p->changed_parts += (part->dated_ms + 1) % DAY_MS != 0;
        }
        url_fini(&u);
    }
}

/* Looks for the source's feeds and sitemaps anew. */
static void search_again(struct poll *p, const char *why)
{
    struct crawl *c = p->work.crawl;
    const struct source *s = sources_get(c->sources, p->work.claim->source);
    struct url u;
    if (!s || !url_parse(&u, s->url, strlen(s->url), NULL, NULL, NULL))
        return;
    work_event(&p->work, "poll", "searched", why, NULL);
    frontier_poll_put(c->frontier, s->name, CLAIM_DISCOVERY, &u, 0, NULL, NULL);
    frontier_poll_now(c->frontier, s->name, CLAIM_DISCOVERY, &u, NULL, NULL);
    url_fini(&u);
}

/* Were its feeds found by us? Those that somebody named are not added to as long as they bring something. */
static bool was_found(const struct poll *p)
{
    const struct source *s = sources_get(p->work.crawl->sources, p->work.claim->source);
    return s && !s->feeds.items[0] && !s->sitemaps.items[0];
}

/* The document is polled at the address it was reached at. This one is kept, so that nobody begins it anew, and asked now and
 * then whether it still leads there. */
static void lead_to(struct poll *p, const struct url *to, bool for_good)
{
    const struct claim *c = p->work.claim;
    p->facts.end = POLL_READ; /* nothing is wrong */
    p->elsewhere_ms = for_good ? DAY_MS : p->facts.max_ms;
    set_status(p, for_good ? "moved to %s" : "leads to %s", to->fetch);
    if (!c->elsewhere)
        work_event(&p->work, "poll", "moved", to->fetch, NULL);
    if (!c->elsewhere && for_good && was_found(p))
        search_again(p, "it moved for good");
    p->work.pending++;
    frontier_poll_follow(p->work.crawl->frontier, c, to, on_put, p);
}

/* What led elsewhere leads nowhere any more: it is not needed. */
static void drop(struct poll *p)
{
    const struct claim *c = p->work.claim;
    struct url u;
    if (!url_parse(&u, c->url, strlen(c->url), NULL, NULL, NULL))
        return;
    p->work.pending++;
    frontier_poll_remove(p->work.crawl->frontier, c->source, c->kind, &u, on_put, p);
    url_fini(&u);
}

/* What should be a feed or sitemap is something else: an error page with status 200, or it is gone. */
static void not_a_feed(struct poll *p, const char *what, bool for_good)
{
    int failures = p->schedule.failures + 1;
    p->facts.end = POLL_FAILED;
    set_status(p, "%s", what);
    if (p->work.claim->elsewhere)
        drop(p);
    else if (p->work.claim->kind != CLAIM_FRONT && (for_good ? failures == 1 : failures == MOVED_FEED_FAILURES))
        search_again(p, "no feed or sitemap there any more");
    finish_when_answered(p);
}

/* What earlier ones have left of it goes to what stands first; the frontier counts. */
static void bound_past(struct poll *p)
{
    struct reading *r = p->reading;
    size_t wanted = 0;
    for (size_t i = 0; is_past(r) && i < r->item_count; i++)
        if (!r->items[i].filtered && ++wanted + p->work.claim->past > BACKFILL_ITEMS)
            r->items[i].filtered = "old";
}

static void on_read(void *arg, struct reading *r)
{
    struct poll *p = arg;
    p->reading = r;
    if (!work_back_from_pool(&p->work))
        return; /* freed with the poll */
    if (strcmp(r->format, "unknown") == 0) {
        not_a_feed(p, r->warning[0] ? r->warning : "neither a feed nor a sitemap", false);
        return;
    }
    p->facts.end = POLL_READ;
    if (r->hint_ms)
        p->facts.hint_ms = r->hint_ms;
    p->items = r->item_count + r->part_count;
    set_status(p, "%s", r->warning[0] ? r->warning : p->work.claim->kind == CLAIM_FRONT && r->item_count == 0 ? POLL_NO_LINK : "ok");
    p->work.pending++; /* so that an answer from inside does not end it early */
    bound_past(p);
    p->items_left = r->item_count;
    discover_more(p);
    put_parts(p);
    if (r->hub)
        websub_seen(p->work.crawl->websub, p->work.claim, r->hub, r->self);
    p->work.pending--;
    finish_when_answered(p);
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* RFC 9111, 5.2.2.1; 0: not told. */
static int64_t max_age_ms(const char *cache_control)
{
    const char *at = cache_control ? strcasestr(cache_control, "max-age=") : NULL;
    long long s = at ? strtoll(at + strlen("max-age="), NULL, 10) : 0;
    return s > 0 && s < 365 * 86400 ? s * 1000 : 0;
}

/* What is to be read of an answer; its body is taken over. */
static struct reading *reading_of(struct poll *p, const struct source *s, struct visit_report *v)
{
    struct crawl *c = p->work.crawl;
    const struct claim *claim = p->work.claim;
    struct reading *r = xcalloc(1, sizeof(*r));
    *r = (struct reading){ .kind = claim->kind, .body = v->answer->body, .url = xstrdup(v->url->fetch),
                           .content_type = xstrdup(v->answer->header[HEADER_CONTENT_TYPE]),
                           .content_encoding = xstrdup(v->answer->header[HEADER_CONTENT_ENCODING]),
                           .scope = poll_scope(c, s, claim->sharers), .first = !claim->polled, .done = on_read, .arg = p };
    if (claim->shapes) { /* the claim may end while it is read */
        r->shapes = claim->shapes;
        r->shapes_len = claim->shapes_len;
        p->work.claim->shapes = NULL;
    }
    v->answer->body = (struct fetch_body){ 0 };
    if (v->answer->error == FETCH_TOO_LARGE)
        snprintf(r->warning, sizeof(r->warning), "larger than %zu bytes: the rest is not read", r->body.len);
    p->etag = xstrdup(v->answer->header[HEADER_ETAG]);
    p->last_modified = xstrdup(v->answer->header[HEADER_LAST_MODIFIED]);
    p->facts.same_validators = p->known_etag ? same(p->known_etag, p->etag) : same(p->known_last_modified, p->last_modified);
    p->facts.hint_ms = max_age_ms(v->answer->header[HEADER_CACHE_CONTROL]);
    if (c->websub && claim->kind == CLAIM_FEED) { /* what the header says goes before the feed's own words (WebSub, 4) */
        r->hub = websub_link(v->answer->header[HEADER_LINK], "hub", r->url);
        r->self = websub_link(v->answer->header[HEADER_LINK], "self", r->url);
    }
    return r;
}

static void submit(struct poll *p, struct reading *r)
{
    p->work.in_pool++;
    reading_submit(p->work.crawl->readers, r);
}

static void on_end(void *arg, bool polled, const struct error *err)
{
    struct poll *p = arg;
    if (!work_answered(&p->work))
        return;
    if (!err && !polled) {
        submit(p, p->held);
        p->held = NULL;
        return;
    }
    p->unstored = err != NULL;
    if (polled)
        lead_to(p, &p->end, false);
    finish_when_answered(p);
}

/* Led there for this time only, it goes on being polled here, unless another poll reads the same. */
static void ask_who_reads(struct poll *p, const struct url *end, struct reading *r)
{
    p->held = r;
    url_parse(&p->end, end->fetch, strlen(end->fetch), NULL, NULL, NULL);
    p->work.pending++;
    frontier_poll_end(p->work.crawl->frontier, p->work.claim, end, 2 * p->facts.max_ms, on_end, p);
}

static void read_body(struct poll *p, struct visit_report *v)
{
    const struct claim *claim = p->work.claim;
    const struct source *s = sources_get(p->work.crawl->sources, claim->source);
    if (!s) {
        fail(p, "%s", "its source is gone");
        return;
    }
    bool led = strcmp(v->url->id.hex, claim->id.hex) != 0;
    const char *type = v->answer->header[HEADER_CONTENT_TYPE];
    bool page = claim->kind != CLAIM_FRONT && type && strncasecmp(type, "text/html", strlen("text/html")) == 0;
    if (led && v->moved_for_good && !page) { /* a feed that ends at a page has ended: what is read tells */
        lead_to(p, v->url, true);
        return;
    }
    struct reading *r = reading_of(p, s, v);
    if (led)
        ask_who_reads(p, v->url, r);
    else
        submit(p, r);
}

static void answered(struct poll *p, struct visit_report *v)
{
    char status[16];
    int code = v->answer->status;
    snprintf(status, sizeof(status), "%d", code);
    if (code == 304) {
        p->facts.end = POLL_NOT_MODIFIED;
        set_status(p, "%s", "not modified");
        finish(p);
    } else if (code == 200) {
        read_body(p, v);
    } else if (code == 404 || code == 410) {
        not_a_feed(p, code == 404 ? "http 404" : "http 410", code == 410);
    } else {
        fail(p, "http %s", status);
    }
}

static void on_visited(void *arg, struct visit_report *v)
{
    struct poll *p = arg;
    p->visit = NULL;
    p->facts.retry_after_ms = v->effect.retry_after_ms;
    work_visited(&p->work, v->sent_mono_ms, &v->effect);
    switch (v->end) {
    case VISIT_ANSWERED: answered(p, v); break;
    case VISIT_FAILED:
        if (v->answer->error == FETCH_TOO_LARGE && v->answer->body.len > 0)
            read_body(p, v); /* what was read so far counts */
        else
            fail(p, "%s", v->answer->message);
        break;
    case VISIT_DENIED: fail(p, "robots.txt: %s", v->rule ? v->rule : "denied"); break;
    case VISIT_NO_ROBOTS: fail(p, "%s", v->reason); break;
    case VISIT_MOVED_OUT: lead_to(p, v->target, v->moved_for_good); break;
    case VISIT_SEEN: /* polls follow every redirect */
    case VISIT_LOOP: fail(p, "%s", v->reason); break;
    }
}

/* --- beginning --- */

const char *poll_accept(enum claim_kind kind)
{
    if (kind == CLAIM_FEED)
        return "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5";
    if (kind == CLAIM_SITEMAP)
        return "application/xml, text/xml, text/plain;q=0.8, */*;q=0.5";
    return "text/html, application/xhtml+xml, */*;q=0.1";
}

size_t poll_max_bytes(enum claim_kind kind)
{
    return kind == CLAIM_SITEMAP ? SITEMAP_READ_MAX : FEED_READ_MAX;
}

struct scope *poll_scope(const struct crawl *c, const struct source *s, const char *sharers)
{
    struct url_rules rules = { (const char *const *)s->keep_params.items, (const char *const *)s->drop_params.items };
    const char *further[SHARERS_MAX + 1] = { NULL };
    for (size_t n = 0; *sharers && n < SHARERS_MAX; sharers += strcspn(sharers, "\n"), sharers += *sharers == '\n') {
        char *name = xstrndup(sharers, strcspn(sharers, "\n"));
        const struct source *other = sources_get(c->sources, name);
        if (other)
            further[n++] = other->url;
        free(name);
    }
    return scope_create(meta_suffix_list(c->meta), s->url, further, &rules, backfill_parse(s->backfill ? s->backfill : c->config->crawler.backfill));
}

/* The claim's validators go with the request, unless it is time to see whether they tell the truth. */
static void choose_validators(struct poll *p)
{
    struct claim *c = p->work.claim;
    p->facts.unconditional = !c->etag && !c->last_modified;
    if (p->facts.unconditional || !schedule_wants_full(&p->schedule, clock_unix_ms() / 1000))
        return;
    p->facts.unconditional = true;
    p->known_etag = c->etag;
    p->known_last_modified = c->last_modified;
    c->etag = c->last_modified = NULL;
}

void poll_begin(struct crawl *c, struct claim *claim)
{
    struct poll *p = xcalloc(1, sizeof(*p));
    const struct source *s = sources_get(c->sources, claim->source);
    work_begin(&p->work, c, claim, &ops);
    p->facts = (struct poll_facts){
        .kind = claim->kind == CLAIM_FEED ? POLL_FEED : claim->kind == CLAIM_SITEMAP ? POLL_SITEMAP : POLL_FRONT,
        .min_ms = c->config->crawler.poll_min_ms, .max_ms = c->config->crawler.poll_max_ms, .fixed_ms = s ? s->interval_ms : 0,
        .seed = hash64(claim->id.hex, ID_HEX_LEN) ^ (uint64_t)clock_mono_ms() };
    blocked_known(c->blocked, claim->source, claim->partition, claim->refused);
    schedule_read(&p->schedule, claim->schedule, claim->schedule_len);
    choose_validators(p);
    p->visit = visit_start(c, &(struct visit_request){
        .claim = claim, .accept = poll_accept(claim->kind), .max_body_bytes = poll_max_bytes(claim->kind), .keep_partial = true,
        .done = on_visited, .arg = p });
}

static size_t put_list(struct crawl *c, const struct source *s, enum claim_kind kind, const struct config_list *list)
{
    size_t n = 0;
    for (char *const *one = list->items; *one; one++) {
        struct url u;
        if (!url_parse(&u, *one, strlen(*one), s->url, NULL, NULL))
            continue;
        frontier_poll_put(c->frontier, s->name, kind, &u, 0, NULL, NULL);
        url_fini(&u);
        n++;
    }
    return n;
}

void poll_source(struct crawl *c, const struct source *s)
{
    struct url u;
    if (s->paused || put_list(c, s, CLAIM_FEED, &s->feeds) + put_list(c, s, CLAIM_SITEMAP, &s->sitemaps) > 0)
        return;
    if (!url_parse(&u, s->url, strlen(s->url), NULL, NULL, NULL))
        return;
    frontier_poll_put(c->frontier, s->name, CLAIM_DISCOVERY, &u, 0, NULL, NULL);
    url_fini(&u);
}
