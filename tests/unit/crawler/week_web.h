/* week_web.h - the web of a simulated week, behind crawler/fetch.h: no socket, no libcurl. Each source has a host with a feed (RSS 2.0
 * or Atom, with ETag or Last-Modified), robots.txt and its articles; one in forty shares its registrable domain with the next.
 * An answer comes some milliseconds after the request, on the clock of the process. What is asked for, and when, is noted here: that is
 * what the simulation is judged by. */
#ifndef TESTS_CRAWLER_WEEK_WEB_H
#define TESTS_CRAWLER_WEEK_WEB_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/hash.h"
#include "crawler/fetch.h"
#include "tests/unit/check.h"
#include "tests/unit/crawler/week_sources.h"

#include <stdio.h>
#include <string.h>

struct watch { /* what one source's server saw */
    size_t out;               /* items published so far */
    size_t shown;             /* of those, the crawler has seen all before this one, or lost them */
    size_t first;             /* its first reading began with this one */
    bool read;
    unsigned char *fetched;   /* of each item, how often its page was asked for */
    size_t requests, unconditional, whole; /* of its feed; those without validators, those answered with a body */
    int64_t last_ms, full_ms; /* the last request; the last one without validators */
    int64_t longest_ms, shortest_ms, longest_full_ms; /* gaps */
    size_t failures;          /* in a row */
    int64_t failing_ms[64];   /* when each of them came */
    int64_t begun_again_ms;   /* the first request after it was mended */
};

static struct {
    struct origin *origins;
    struct watch *watches;
    size_t count;
    int64_t *sent_ms;         /* of each domain, its last request */
    int64_t delay_ms, count_from_ms;
    struct figures figures;   /* of ordinary sources */
    size_t robots, pages, early; /* early: requests nearer to the last one of their domain than the delay */
    int64_t closest_ms;
} week;

static size_t week_domain(size_t source) { return source % 40 == 1 ? source - 1 : source; }

static void week_feed_url(size_t source, char out[64])
{
    snprintf(out, 64, "https://www%zu.site%zu.com/feed.xml", source, week_domain(source));
}

static void week_up(struct origin *origins, size_t count, int64_t delay_ms, int64_t count_from_ms)
{
    memset(&week, 0, sizeof(week));
    week.origins = origins;
    week.count = count;
    week.watches = xcalloc(count, sizeof(*week.watches));
    week.sent_ms = xcalloc(count, sizeof(*week.sent_ms));
    week.delay_ms = delay_ms;
    week.count_from_ms = count_from_ms;
    week.closest_ms = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        week.watches[i].fetched = xcalloc(origins[i].count + 1, 1);
        week.watches[i].shortest_ms = INT64_MAX;
    }
}

static void week_down(void)
{
    for (size_t i = 0; i < week.count; i++)
        free(week.watches[i].fetched);
    free(week.watches);
    free(week.sent_ms);
    free(week.figures.ages_s);
}

/* --- one answer --- */

struct fetcher {
    uv_loop_t *loop;
};

struct fetch {
    uv_timer_t timer;
    fetch_done_fn *done;
    void *arg;
    bool (*want)(const struct fetch_result *r);
    char url[128], etag[64], last_modified[64]; /* as asked: "" = without */
    char new_etag[64], new_modified[64], cache_control[64];
    int64_t sent_mono_ms;
    struct fetch_result result;
};

static void week_date(int64_t at_s, const char *format, char *out, size_t size)
{
    time_t at = (time_t)at_s;
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(out, size, format, &tm);
}

static void week_item(struct buffer *b, size_t source, size_t item, bool atom)
{
    char date[64];
    const char *text = "What happened today, who says so, and what may come of it: the whole story in some fifty words.";
    week_date(week.origins[source].items[item], atom ? "%Y-%m-%dT%H:%M:%SZ" : "%a, %d %b %Y %H:%M:%S GMT", date, sizeof(date));
    buffer_printf(b, atom ? "<entry><title>Story %zu</title><link href=\"https://www%zu.site%zu.com/news/%zu.html\"/><published>%s</published>"
                            "<summary>%s</summary></entry>\n"
                          : "<item><title>Story %zu</title><link>https://www%zu.site%zu.com/news/%zu.html</link><pubDate>%s</pubDate>"
                            "<description>%s</description></item>\n",
                  item, source, week_domain(source), item, date, text);
}

/* A lively source of every third kind of hint. */
static const char *week_hint(size_t source)
{
    static const char *const hints[] = { "<ttl>5</ttl>", "<sy:updatePeriod>hourly</sy:updatePeriod>", "" };
    return week.origins[source].kind == HINTING ? hints[source % 3] : "";
}

static char *week_feed(size_t source, size_t first, size_t end, size_t *len)
{
    struct buffer b;
    bool atom = source % 2 == 1 && week.origins[source].kind != HINTING;
    buffer_init(&b, 0);
    buffer_printf(&b, atom ? "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Site %zu</title>%s\n"
                           : "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"><channel>"
                             "<title>Site %zu</title>%s\n", source, week_hint(source));
    for (size_t i = end; i > first; i--)
        week_item(&b, source, i - 1, atom);
    buffer_puts(&b, atom ? "</feed>" : "</channel></rss>");
    *len = b.len;
    return buffer_take(&b);
}

/* What stands in a feed that is answered whole: seen from now on, or lost. */
static void week_shows(size_t source, size_t first)
{
    const struct origin *o = &week.origins[source];
    struct watch *w = &week.watches[source];
    for (size_t i = w->shown; w->read && i < first; i++)
        week.figures.lost += o->kind == ORDINARY;
    if (!w->read)
        w->first = first;
    w->read = true;
    w->shown = w->out;
    w->whole++;
}

static void week_note_gap(struct watch *w, int64_t now_ms, bool full)
{
    int64_t gap_ms = w->last_ms ? now_ms - w->last_ms : 0, full_gap_ms = w->full_ms ? now_ms - w->full_ms : 0;
    w->longest_ms = gap_ms > w->longest_ms ? gap_ms : w->longest_ms;
    if (w->last_ms)
        w->shortest_ms = gap_ms < w->shortest_ms ? gap_ms : w->shortest_ms;
    w->last_ms = now_ms;
    if (!full)
        return;
    w->longest_full_ms = full_gap_ms > w->longest_full_ms ? full_gap_ms : w->longest_full_ms;
    w->full_ms = now_ms;
    w->unconditional++;
}

/* Does it fail now? It answers 500, and every second one no answer. */
static bool week_fails(struct fetch *t, size_t source, int64_t now_ms)
{
    const struct origin *o = &week.origins[source];
    struct watch *w = &week.watches[source];
    if (o->kind != FAILING || now_ms < o->failing_s * 1000)
        return false;
    if (now_ms >= o->mended_s * 1000) {
        w->begun_again_ms = w->begun_again_ms ? w->begun_again_ms : now_ms;
        return false;
    }
    if (w->failures < COUNT(w->failing_ms))
        w->failing_ms[w->failures++] = now_ms;
    t->result.status = source % 2 ? 500 : 0;
    t->result.error = source % 2 ? FETCH_OK : FETCH_CONNECT;
    return true;
}

/* Servers know one kind of validator: the first half ETag, the other Last-Modified. A liar's is always the same. */
static bool week_unchanged(struct fetch *t, size_t source)
{
    const struct origin *o = &week.origins[source];
    const struct watch *w = &week.watches[source];
    if (source % 4 < 2) {
        snprintf(t->new_etag, sizeof(t->new_etag), "\"%zu\"", o->lies ? 1 : w->out);
        return t->etag[0] && strcmp(t->etag, t->new_etag) == 0;
    }
    week_date(o->lies || !w->out ? MONDAY_S : o->items[w->out - 1], "%a, %d %b %Y %H:%M:%S GMT", t->new_modified, sizeof(t->new_modified));
    return t->last_modified[0] && strcmp(t->last_modified, t->new_modified) == 0;
}

static void week_answer_feed(struct fetch *t, size_t source)
{
    const struct origin *o = &week.origins[source];
    struct watch *w = &week.watches[source];
    int64_t now_ms = clock_unix_ms();
    week_note_gap(w, now_ms, !t->etag[0] && !t->last_modified[0]);
    w->requests++;
    week.figures.requests += o->kind == ORDINARY && now_ms >= week.count_from_ms;
    if (week_fails(t, source, now_ms))
        return;
    w->out = published(o, w->out, now_ms / 1000);
    if (o->kind == HINTING && source % 3 == 2)
        snprintf(t->cache_control, sizeof(t->cache_control), "public, max-age=240");
    t->result.status = 304;
    if (week_unchanged(t, source))
        return;
    size_t first = w->out > o->window ? w->out - o->window : 0;
    week_shows(source, first);
    t->result.status = 200;
    t->result.body.data = week_feed(source, first, w->out, &t->result.body.len);
    t->result.header[HEADER_CONTENT_TYPE] = "application/xml";
}

static void week_answer_page(struct fetch *t, size_t source, size_t item)
{
    const struct origin *o = &week.origins[source];
    struct watch *w = &week.watches[source];
    int64_t now_ms = clock_unix_ms(), at_ms = o->items[item] * 1000;
    CHECK(item < o->count && at_ms <= now_ms, "an article that is not out: %s", t->url);
    w->fetched[item]++;
    week.pages++;
    if (o->kind == ORDINARY && at_ms >= week.count_from_ms && item >= w->first)
        count_age(&week.figures, (double)(now_ms - at_ms) / 1000);
    t->result.status = 200;
    t->result.header[HEADER_CONTENT_TYPE] = "text/html";
    t->result.body.data = xasprintf("<html><body><h1>Story %zu</h1><p>Text.</p></body></html>", item);
    t->result.body.len = strlen(t->result.body.data);
}

static void week_answer(struct fetch *t)
{
    size_t source, domain, item;
    CHECK(sscanf(t->url, "https://www%zu.site%zu.com", &source, &domain) == 2 && source < week.count, "%s", t->url);
    const char *path = strchr(t->url + strlen("https://"), '/');
    int64_t now_ms = clock_unix_ms(), gap_ms = week.sent_ms[domain] ? now_ms - week.sent_ms[domain] : INT64_MAX;
    week.early += gap_ms < week.delay_ms;
    week.closest_ms = gap_ms < week.closest_ms ? gap_ms : week.closest_ms;
    week.sent_ms[domain] = now_ms;
    if (strcmp(path, "/feed.xml") == 0) {
        week_answer_feed(t, source);
    } else if (sscanf(path, "/news/%zu.html", &item) == 1) {
        week_answer_page(t, source, item);
    } else {
        CHECK(strcmp(path, "/robots.txt") == 0, "%s", t->url);
        week.robots++;
        t->result.status = 200;
        t->result.body.data = xstrdup("User-agent: *\nDisallow: /private/\n");
        t->result.body.len = strlen(t->result.body.data);
    }
}

/* --- crawler/fetch.h --- */

void body_fini(struct fetch_body *b)
{
    free(b->data);
    *b = (struct fetch_body){ 0 };
}

static void week_fetch_closed(uv_handle_t *timer)
{
    struct fetch *t = timer->data;
    body_fini(&t->result.body);
    free(t);
}

static const char *week_given(const char *text) { return text[0] ? text : NULL; }

static void week_fetched(uv_timer_t *timer)
{
    struct fetch *t = timer->data;
    struct fetch_result *r = &t->result;
    r->header[HEADER_ETAG] = week_given(t->new_etag);
    r->header[HEADER_LAST_MODIFIED] = week_given(t->new_modified);
    r->header[HEADER_CACHE_CONTROL] = week_given(t->cache_control);
    r->sent_mono_ms = t->sent_mono_ms;
    r->took_ms = r->first_byte_ms = clock_mono_ms() - t->sent_mono_ms;
    r->fetched_at_ms = clock_unix_ms();
    CHECK(r->status != 200 || t->want(r), "every answer is wanted: %s", t->url);
    t->done(t->arg, r);
    uv_close((uv_handle_t *)timer, week_fetch_closed);
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *q)
{
    struct fetch *t = xcalloc(1, sizeof(*t));
    t->done = q->done;
    t->arg = q->arg;
    t->want = q->want;
    snprintf(t->url, sizeof(t->url), "%s", q->url);
    snprintf(t->etag, sizeof(t->etag), "%s", q->etag ? q->etag : "");
    snprintf(t->last_modified, sizeof(t->last_modified), "%s", q->last_modified ? q->last_modified : "");
    t->sent_mono_ms = clock_mono_ms();
    week_answer(t);
    uv_timer_init(f->loop, &t->timer);
    t->timer.data = t;
    uv_timer_start(&t->timer, week_fetched, 20 + hash64(t->url, strlen(t->url)) % 200, 0);
    return t;
}

void fetch_abort(struct fetch *t)
{
    uv_close((uv_handle_t *)&t->timer, week_fetch_closed);
}

struct fetcher *fetcher_create(uv_loop_t *loop, const struct fetcher_options *options, struct error *err)
{
    struct fetcher *f = xcalloc(1, sizeof(*f));
    (void)options, (void)err;
    f->loop = loop;
    return f;
}

void fetcher_destroy(struct fetcher *f)
{
    free(f);
}

#endif
