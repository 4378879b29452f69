/* fake.h - what the crawler's work stands on, played by the test: the frontier, the producer, the sources, the places of
 * hosts. Every call that has an effect is a word in a journal, so that a test reads the order of effects as one line.
 * Answers come from the loop, as in life; some only when the test lets them. */
#ifndef TESTS_CRAWLER_FAKE_H
#define TESTS_CRAWLER_FAKE_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "crawler/blocked.h"
#include "crawler/contents.h"
#include "crawler/crawl.h"
#include "crawler/ends.h"
#include "crawler/page_fetch.h"
#include "crawler/robots_cache.h"
#include "crawler/schedule.h"
#include "crawler/sources.h"
#include "pipeline/deadletter.h"
#include "pipeline/page.h"
#include "base/decode.h"
#include "tests/unit/crawler/web.h"

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#define HERE 7  /* partition of 127.0.0.1 */
#define THERE 9 /* partition of localhost: another budget */

static struct fake {
    uv_loop_t loop;
    struct web web;
    struct config config;
    struct budget *budget;
    struct address_policy *policy;
    struct crawl crawl;
    struct suffix_list *suffixes;
    struct source source;
    struct buffer journal;
    bool deliver;           /* delivery reports come by themselves */
    bool full;              /* the producer has no room */
    const struct error *unsendable; /* what it says of every record; NULL: nothing */
    bool seen;              /* what frontier_seen() says */
    bool answer_discover;   /* discovers are answered by themselves */
    bool discover_fails;
    bool slot_fails;        /* the claim's slot is not ours any more */
    bool polled;            /* what frontier_poll_end() says */
    bool hold_seen;         /* frontier_seen() is answered by answer_seen() only */
    void *seen_arg;
    int robots_status;      /* of a row in Redis; 0: none */
    const char *robots_body;
    producer_delivery_fn *on_delivery;
    void *delivery_arg;
    discovered_fn *on_discovered;
    void *discovered_arg;
    int64_t last_slot_sent_mono_ms, ended_crawl_delay_ms;
    char page_body[65536], page_url[1024], page_framed[16], page_body_from[16], hints[FRONTIER_HINTS_MAX + 1], poll_status_text[64];
    size_t page_len;
} fake;

__attribute__((format(printf, 1, 2))) static inline void note(const char *fmt, ...)
{
    va_list args;
    char text[512];
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    buffer_printf(&fake.journal, "%s%s", fake.journal.len ? " " : "", text);
}

/* Calls fn(arg) from the loop. */
struct later { uv_timer_t timer; void (*fn)(void *arg); void *arg; };

static inline void on_later_closed(uv_handle_t *h)
{
    free(h->data);
}

static inline void on_later(uv_timer_t *t)
{
    struct later *l = t->data;
    l->fn(l->arg);
    uv_close((uv_handle_t *)t, on_later_closed);
}

static inline void later(void (*fn)(void *arg), void *arg)
{
    struct later *l = xcalloc(1, sizeof(*l));
    l->fn = fn;
    l->arg = arg;
    uv_timer_init(&fake.loop, &l->timer);
    l->timer.data = l;
    uv_timer_start(&l->timer, on_later, 0, 0);
}

/* --- places and sources --- */

struct place place_of(const struct meta *m, const char *host, int port)
{
    (void)m, (void)port;
    bool here = strcmp(host, "127.0.0.1") == 0;
    return (struct place){ here ? HERE : THERE, xstrdup(host), xstrdup(host) };
}

void place_fini(struct place *p)
{
    free(p->domain);
    free(p->budget);
}

const struct suffix_list *meta_suffix_list(const struct meta *m)
{
    (void)m;
    return fake.suffixes;
}

void sources_answered(struct sources *s, const char *name, const struct url *site)
{
    (void)s, (void)name, (void)site;
}

const struct source *sources_get(const struct sources *s, const char *name)
{
    (void)s, (void)name;
    return &fake.source;
}

/* --- the frontier --- */

bool frontier_may_start(const struct frontier *f, int partition)
{
    (void)f, (void)partition;
    return true;
}

static inline void claim_free(struct claim *c)
{
    free(c->url), free(c->budget), free(c->source), free(c->sharers), free(c->refused), free(c->via), free(c->hints), free(c->etag);
    free(c->last_modified), free(c->shapes);
    free(c);
}

struct slot_answer { slot_fn *fn; void *arg; };

static inline void answer_slot(void *arg)
{
    struct slot_answer a = *(struct slot_answer *)arg;
    free(arg);
    struct error err = { ERROR_TRANSIENT, "lost" };
    a.fn(a.arg, clock_mono_ms(), fake.slot_fails ? &err : NULL);
}

void frontier_slot(struct frontier *f, struct claim *c, int64_t sent_mono_ms, slot_fn *fn, void *arg)
{
    (void)f, (void)c;
    struct slot_answer *a = xmalloc(sizeof(*a));
    *a = (struct slot_answer){ fn, arg };
    assert_true(sent_mono_ms > 0);
    fake.last_slot_sent_mono_ms = sent_mono_ms;
    note("slot");
    later(answer_slot, a);
}

void frontier_ended(struct frontier *f, struct claim *c, int64_t sent_mono_ms, const struct host_effect *e)
{
    (void)f, (void)c;
    fake.ended_crawl_delay_ms = e->crawl_delay_ms;
    note("ended%s%s", sent_mono_ms ? "" : ":unsent", e->failed ? ":failed" : "");
    if (e->retry_after_ms)
        note("retry-after:%lld", (long long)e->retry_after_ms);
    if (e->crawl_delay_ms > 0)
        note("crawl-delay:%lld", (long long)e->crawl_delay_ms);
}

void frontier_complete(struct frontier *f, struct claim *c, const struct result *r)
{
    static const char *const outcomes[] = { "article", "updated", "unchanged", "removed", "duplicate", "redirected", "not_article", "failed",
                                            "deadlettered" };
    (void)f;
    if (r->completion == FRONTIER_SENT)
        note("SENT%s", r->end ? "+end" : "");
    else if (r->completion == FRONTIER_RETRY)
        note("RETRY");
    else
        note("CLOSE:%s%s%s", outcomes[r->outcome], r->detail ? ":" : "", r->detail ? r->detail : "");
    claim_free(c);
}

void frontier_abandon(struct frontier *f, struct claim *c)
{
    (void)f;
    note("ABANDON");
    claim_free(c);
}

static inline void answer_discovered(void *arg)
{
    (void)arg;
    static const enum verdict verdict = VERDICT_ACCEPTED;
    struct discovered d = { .verdicts = &verdict, .count = 1, .accepted = 1 };
    struct error err = { ERROR_TRANSIENT, "replaced" };
    discovered_fn *fn = fake.on_discovered;
    fake.on_discovered = NULL;
    note("replied");
    fn(fake.discovered_arg, fake.discover_fails ? NULL : &d, fake.discover_fails ? &err : NULL);
}

void frontier_discover(struct frontier *f, const struct found *urls, size_t count, discovered_fn *fn, void *arg)
{
    (void)f;
    size_t filtered = 0;
    for (size_t i = 0; i < count; i++)
        filtered += urls[i].filtered != NULL;
    snprintf(fake.hints, sizeof(fake.hints), "%s", urls[0].hints ? urls[0].hints : "");
    note("discover:%zu/%zu%s", count - filtered, count, urls[0].reopened ? ":reopened" : "");
    fake.on_discovered = fn;
    fake.discovered_arg = arg;
    if (fake.answer_discover)
        later(answer_discovered, NULL);
}

struct seen_answer { seen_fn *fn; void *arg; };

static inline void answer_seen(void *arg)
{
    struct seen_answer a = *(struct seen_answer *)arg;
    fake.seen_arg = NULL;
    free(arg);
    a.fn(a.arg, fake.seen, NULL);
}

void frontier_seen(struct frontier *f, int partition, const struct id *id, seen_fn *fn, void *arg)
{
    (void)f, (void)partition, (void)id;
    struct seen_answer *a = xmalloc(sizeof(*a));
    *a = (struct seen_answer){ fn, arg };
    note("seen?");
    fake.seen_arg = a;
    if (!fake.hold_seen)
        later(answer_seen, a);
}

struct robots_reply { robots_fn *fn; void *arg; };

static inline void answer_robots(void *arg)
{
    struct robots_reply a = *(struct robots_reply *)arg;
    struct robots_row row = { .status = fake.robots_status, .age_ms = 1000, .body = fake.robots_body,
                              .len = fake.robots_body ? strlen(fake.robots_body) : 0 };
    free(arg);
    a.fn(a.arg, fake.robots_status ? &row : NULL, NULL);
}

void frontier_robots_get(struct frontier *f, int partition, const char *authority, robots_fn *fn, void *arg)
{
    (void)f, (void)partition, (void)authority;
    struct robots_reply *a = xmalloc(sizeof(*a));
    *a = (struct robots_reply){ fn, arg };
    note("robots?");
    later(answer_robots, a);
}

void frontier_robots_put(struct frontier *f, int partition, const char *authority, int status, const char *body, size_t len,
                         frontier_done_fn *fn, void *arg)
{
    (void)f, (void)partition, (void)authority, (void)body, (void)len, (void)fn, (void)arg;
    note("robots:%d", status);
}

void frontier_poll_done(struct frontier *f, struct claim *c, const struct poll_result *r)
{
    (void)f;
    snprintf(fake.poll_status_text, sizeof(fake.poll_status_text), "%s", r->status);
    note("POLLED:%s%s%s%s:%zu", r->ok ? "ok" : "failed", r->elsewhere ? ":elsewhere" : "", r->keep_validators ? ":keep" : "", r->etag ? ":etag" : "", r->items);
    claim_free(c);
}

struct put_answer { frontier_done_fn *fn; void *arg; };

static inline void answer_put(void *arg)
{
    struct put_answer a = *(struct put_answer *)arg;
    free(arg);
    a.fn(a.arg, NULL);
}

void frontier_poll_put(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url, int64_t due_in_ms,
                       frontier_done_fn *done, void *arg)
{
    static const char *const kinds[] = { "page", "front", "feed", "sitemap", "discovery" };
    (void)f, (void)source, (void)due_in_ms;
    note("put:%s:%s", kinds[kind], url_path(url->fetch));
    if (!done)
        return;
    struct put_answer *a = xmalloc(sizeof(*a));
    *a = (struct put_answer){ done, arg };
    later(answer_put, a);
}

static inline void answer_later(frontier_done_fn *done, void *arg)
{
    if (!done)
        return;
    struct put_answer *a = xmalloc(sizeof(*a));
    *a = (struct put_answer){ done, arg };
    later(answer_put, a);
}

void frontier_poll_follow(struct frontier *f, const struct claim *c, const struct url *to, frontier_done_fn *done, void *arg)
{
    frontier_poll_put(f, c->source, c->kind, to, 0, done, arg);
}

struct end_answer { poll_end_fn *fn; void *arg; };

static inline void answer_end(void *arg)
{
    struct end_answer a = *(struct end_answer *)arg;
    free(arg);
    a.fn(a.arg, fake.polled, NULL);
}

void frontier_poll_end(struct frontier *f, const struct claim *c, const struct url *end, int64_t note_ms, poll_end_fn *fn, void *arg)
{
    (void)f, (void)c, (void)note_ms;
    struct end_answer *a = xmalloc(sizeof(*a));
    *a = (struct end_answer){ fn, arg };
    note("end:%s", url_path(end->fetch));
    later(answer_end, a);
}

void frontier_source_refused(struct frontier *f, const char *source, const char *state)
{
    (void)f, (void)source, (void)state;
}

void frontier_poll_now(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url, frontier_done_fn *done, void *arg)
{
    (void)f, (void)source, (void)kind, (void)url;
    note("poll-now");
    answer_later(done, arg);
}

void frontier_poll_remove(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url, frontier_done_fn *done,
                          void *arg)
{
    (void)f, (void)source, (void)kind;
    note("remove:%s", url_path(url->fetch));
    answer_later(done, arg);
}

/* --- the producer --- */

void event_send(struct producer *p, const struct event *e)
{
    (void)p;
    json_decref(e->more);
}

static inline void deliver(void *arg)
{
    (void)arg;
    producer_delivery_fn *fn = fake.on_delivery;
    fake.on_delivery = NULL;
    note("delivered");
    fn(fake.delivery_arg, NULL, NULL);
}

static inline bool take_record(const char *word, producer_delivery_fn *fn, void *arg, struct error *err)
{
    if (fake.full)
        return error_set(err, ERROR_LIMIT, "full");
    if (fake.unsendable)
        return error_set(err, fake.unsendable->kind, "%s", fake.unsendable->message);
    note("%s", word);
    fake.on_delivery = fn;
    fake.delivery_arg = arg;
    if (fake.deliver)
        later(deliver, NULL);
    return true;
}

bool page_send(struct producer *producer, const struct page *p, producer_delivery_fn *fn, void *arg, struct error *err)
{
    (void)producer;
    fake.page_len = p->body_len;
    if (p->body_len < sizeof(fake.page_body))
        memcpy(fake.page_body, p->body ? p->body : "", p->body_len);
    snprintf(fake.page_url, sizeof(fake.page_url), "%s", p->url);
    snprintf(fake.page_body_from, sizeof(fake.page_body_from), "%s", p->body_from ? p->body_from : "");
    snprintf(fake.page_framed, sizeof(fake.page_framed), "%s", p->framed ? p->framed : "");
    return take_record(p->gone ? "page:gone" : "page", fn, arg, err);
}

bool deadletter_send(struct producer *producer, const struct deadletter *d, producer_delivery_fn *fn, void *arg, struct error *err)
{
    (void)producer;
    assert_string_equal(d->reason, "too_large");
    return take_record("deadletter", fn, arg, err);
}

/* --- up and down --- */

static inline bool fake_may_start(void *arg, int partition)
{
    (void)arg;
    return partition == HERE;
}

static inline void fake_changed(struct crawl *c)
{
    (void)c;
}

static inline void fake_up(web_fn *site)
{
    static const char suffixes[] = "// ===BEGIN ICANN DOMAINS===\ncom\n// ===END ICANN DOMAINS===\n";
    memset(&fake, 0, sizeof(fake));
    uv_loop_init(&fake.loop);
    web_start(&fake.web, site, NULL);
    fake.deliver = fake.answer_discover = true;
    fake.config.crawler.robots = true;
    fake.config.crawler.max_redirects = 5;
    fake.config.crawler.max_body_bytes = 256 * 1024;
    fake.config.crawler.poll_min_ms = 1000;
    fake.config.crawler.poll_max_ms = 3600000;
    fake.suffixes = suffix_list_parse(suffixes, strlen(suffixes), NULL);
    fake.source = (struct source){ .name = "test", .url = xasprintf("http://127.0.0.1:%d/", fake.web.port), .backfill = "all" };
    fake.budget = budget_create(64u << 20);
    fake.policy = address_policy_create(true, NULL);
    struct crawl *c = &fake.crawl;
    *c = (struct crawl){ .loop = &fake.loop, .config = &fake.config, .budget = fake.budget, .changed = fake_changed, .read_max_bytes = 8u << 20 };
    c->unsent_tail = &c->unsent;
    struct fetcher_options o = { .user_agent = "tidings-test", .addresses = fake.policy, .budget = fake.budget, .reserve_bytes = 8u << 20,
                                 .dns_lookups = 2, .connect_timeout_ms = 5000, .timeout_ms = 20000, .first_byte_ms = 1000, .stall_ms = 1000,
                                 .stall_bytes = 10 };
    c->fetcher = fetcher_create(&fake.loop, &o, NULL);
    c->gate = gate_create(&fake.loop, fake_may_start, c);
    c->robots = robots_cache_create(c);
    pace_init(&c->pace, 0);
    c->blocked = blocked_create();
    c->ends = ends_create();
    c->contents = contents_create();
}

static inline void fake_down(void)
{
    fake.crawl.draining = true;
    works_drop(&fake.crawl);
    gate_destroy(fake.crawl.gate);
    fetcher_destroy(fake.crawl.fetcher);
    uv_run(&fake.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fake.loop), 0);
    assert_int_equal(fake.crawl.work_count, 0);
    assert_int_equal(fake.crawl.visiting_count, 0);
    robots_cache_destroy(fake.crawl.robots);
    blocked_destroy(fake.crawl.blocked);
    ends_destroy(fake.crawl.ends);
    contents_destroy(fake.crawl.contents);
    web_stop(&fake.web);
    assert_int_equal(budget_used(fake.budget), 0);
    budget_destroy(fake.budget);
    address_policy_destroy(fake.policy);
    suffix_list_destroy(fake.suffixes);
    free(fake.source.url);
    buffer_fini(&fake.journal);
}

static inline struct claim *fake_claim(enum claim_kind kind, const char *path)
{
    struct claim *c = xcalloc(1, sizeof(*c));
    struct url u;
    c->kind = kind;
    c->url = xasprintf("http://127.0.0.1:%d%s", fake.web.port, path);
    assert_true(url_parse(&u, c->url, strlen(c->url), NULL, NULL, NULL));
    c->id = u.id;
    url_fini(&u);
    c->partition = HERE;
    c->budget = xstrdup("127.0.0.1");
    c->source = xstrdup("test");
    c->via = xstrdup("feed");
    c->hints = xstrdup("");
    c->sharers = xstrdup("");
    c->refused = xstrdup("");
    c->version = 1000;
    return c;
}

/* Runs the loop until all work has ended, or until the journal has `until`. */
static inline const char *fake_run(const char *until)
{
    for (;;) {
        const char *j = buffer_str(&fake.journal);
        if (until ? strstr(j, until) != NULL : !fake.crawl.works)
            return j;
        uv_run(&fake.loop, UV_RUN_ONCE);
    }
}

#endif
