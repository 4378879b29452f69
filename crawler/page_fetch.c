/* page_fetch.c - the way of one article URL. What each line needs to be durable before the next may happen:
 *
 *   200, html     page -> `pages` ──delivery report──> complete SENT (marks a redirect's end seen)
 *   404/410 of an article we know     the same with `status: gone` and no body
 *   304           complete CLOSE unchanged, next re-check
 *   redirect to another budget        discover target ──replied──> complete CLOSE redirected
 *   redirect inside, end seen before  complete CLOSE duplicate
 *   too large     dead letter without body ──delivery report──> complete CLOSE deadlettered
 *   denied, 4xx, not HTML, address    complete CLOSE failed(reason)
 *   429, 5xx, no answer, no robots    complete RETRY later, a bounded number of times, then failed(reason)
 *   a wall (wall.h), a gate           complete CLOSE failed(blocked); of a known article its next re-check stays
 *   refused for good, and the feed    the feed is read again (page_feed.h): a page of what it carries -> `pages`, as above;
 *   carries the whole article         not in it any more: complete CLOSE as without
 *
 * A kill between two of them leaves the request open and leased by a dead token: it is fetched again, under a new version,
 * and nothing counts twice. When the partition is lost on the way the claim is abandoned and whatever comes back later
 * (delivery, discover) finds nothing to complete. */
#include "crawler/page_fetch.h"

#include "base/clock.h"
#include "base/decode.h"
#include "base/mem.h"
#include "crawler/blocked.h"
#include "crawler/contents.h"
#include "crawler/ends.h"
#include "crawler/hints.h"
#include "crawler/page_feed.h"
#include "crawler/page_verdict.h"
#include "crawler/poll.h"
#include "crawler/reader.h"
#include "crawler/sources.h"
#include "crawler/visit.h"
#include "crawler/wall.h"
#include "pipeline/deadletter.h"
#include "pipeline/deadletter_count.h"
#include "pipeline/page.h"
#include "pipeline/recheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FRAME_ON_LOOP_MAX (512u << 10)    /* above, compressing takes longer than the loop may wait */

struct page_fetch {
    struct work work;
    struct visit *visit;
    struct page_fetch *next_unsent;
    bool waits_to_send;
    /* What the page record is made of; owned. */
    struct url url;                       /* that answered */
    char *header[HEADER_COUNT];
    struct fetch_body body;
    struct buffer framed;
    int status;
    int64_t fetched_at_ms;
    bool gone;
    char *dead;                           /* why it is a dead letter rather than a page; owned */
    int64_t retry_after_ms;               /* as the answer asks */
    char *feed;                           /* where the article stands, should its page be blocked; NULL: nowhere. Owned */
    bool from_feed;
    const char *detail;                   /* why it fails if it is not there either */
    bool held;                            /* the host's turn is not given back yet: the feed may be asked */
    int64_t sent_mono_ms;
    struct host_effect effect;
    const char *wall;                     /* what the answer is instead of a page; NULL: none. Static */
    uv_work_t job;                        /* in the pool: looking at it, then framing it */
};

/* --- life --- */

static struct page_fetch *page_of(struct work *w)
{
    return (struct page_fetch *)w; /* its first member */
}

static void page_free(struct work *w)
{
    struct page_fetch *p = page_of(w);
    url_fini(&p->url);
    for (int i = 0; i < HEADER_COUNT; i++)
        free(p->header[i]);
    body_fini(&p->body);
    buffer_fini(&p->framed);
    free(p->dead);
    free(p->feed);
    free(p);
}

/* No request will follow under this claim: the host may be asked by others. */
static void settle(struct page_fetch *p)
{
    if (p->held)
        work_visited(&p->work, p->sent_mono_ms, &p->effect);
    p->held = false;
}

static void close_with(struct page_fetch *p, enum outcome outcome, const char *detail)
{
    settle(p);
    work_complete(&p->work, &(struct result){ .completion = FRONTIER_CLOSE, .outcome = outcome, .detail = detail });
}

static void retry_in(struct page_fetch *p, int64_t ms)
{
    settle(p);
    work_complete(&p->work, &(struct result){ .completion = FRONTIER_RETRY, .retry_in_ms = work_jitter_ms(&p->work, ms) });
}

static void leave_unsent(struct page_fetch *p)
{
    struct crawl *c = p->work.crawl;
    struct page_fetch **at = &c->unsent;
    while (*at != p)
        at = &(*at)->next_unsent;
    *at = p->next_unsent;
    if (c->unsent_tail == &p->next_unsent)
        c->unsent_tail = at;
    p->waits_to_send = false;
}

static bool page_transferring(const struct work *w)
{
    const struct page_fetch *p = (const struct page_fetch *)w;
    return p->visit && visit_transferring(p->visit);
}

static void page_abort(struct work *w)
{
    struct page_fetch *p = page_of(w);
    if (p->visit)
        visit_abort(p->visit);
    p->visit = NULL;
    settle(p);
    if (p->waits_to_send)
        leave_unsent(p);
}

static const struct work_ops ops = { "page", page_transferring, page_abort, page_free };

/* --- the page record --- */

static bool is_coded(const struct page_fetch *p)
{
    return page_is_coded(p->header[HEADER_CONTENT_ENCODING]);
}

static bool fits(const struct page_fetch *p)
{
    size_t len = p->framed.len ? p->framed.len : p->body.len;
    return len <= (size_t)p->work.crawl->config->crawler.max_body_bytes;
}

/* The selectors of a rule as one list of them; NULL when there is none. The caller frees it. */
static char *rule_of(const struct config_list *selectors)
{
    struct buffer text;
    buffer_init(&text, 0);
    for (char *const *s = selectors->items; *s; s++)
        buffer_printf(&text, "%s%s", text.len ? ", " : "", *s);
    return text.len ? buffer_take(&text) : NULL;
}

static void fill(const struct page_fetch *p, const struct hints *h, struct page *page)
{
    const struct claim *c = p->work.claim;
    const struct source *s = sources_get(p->work.crawl->sources, c->source);
    *page = (struct page){
        .id = p->url.id, .url = p->url.fetch, .request_id = c->id, .request_url = c->url, .request_partition = c->partition,
        .version = c->version, .opened_at_ms = c->opened_at_ms, .source = c->source, .source_name = s ? s->title : NULL,
        .timezone = s ? s->timezone : NULL, .language = s ? s->language : NULL, .include = s ? rule_of(&s->include) : NULL,
        .exclude = s ? rule_of(&s->exclude) : NULL, .via = c->via, .status = p->status, .gone = p->gone,
        .discovered_at_ms = c->discovered_at_ms, .fetched_at_ms = p->fetched_at_ms, .content_type = p->header[HEADER_CONTENT_TYPE],
        .content_encoding = is_coded(p) ? p->header[HEADER_CONTENT_ENCODING] : NULL, .framed = p->framed.len ? "zstd" : NULL,
        .content_language = p->header[HEADER_CONTENT_LANGUAGE], .etag = p->header[HEADER_ETAG],
        .last_modified = p->header[HEADER_LAST_MODIFIED], .x_robots_tag = p->header[HEADER_X_ROBOTS_TAG],
        .tdm_reservation = p->header[HEADER_TDM_RESERVATION], .hint_title = h->title, .hint_summary = h->summary,
        .hint_published = h->published, .hint_authors = h->authors, .body_from = p->from_feed ? "feed" : NULL,
    };
    if (p->gone)
        return;
    page->body = p->framed.len ? p->framed.data : p->body.data ? p->body.data : "";
    page->body_len = p->framed.len ? p->framed.len : p->body.len;
}

/* It can never be sent. When it is the process that cannot go on, the request stays open: it is fetched again. */
static void not_produced(struct page_fetch *p, const struct error *err)
{
    if (err->kind == ERROR_SYSTEM)
        return;
    work_event(&p->work, "fetch", "failed", err->message, NULL);
    close_with(p, OUTCOME_FAILED, "produce");
}

static void close_dead(struct page_fetch *p)
{
    const struct crawl *c = p->work.crawl;
    deadletter_count(c->redis, c->config->prefix, "crawl", "too_large");
    close_with(p, OUTCOME_DEADLETTERED, NULL);
}

static void on_delivered(void *arg, const struct record *r, const struct error *err)
{
    struct page_fetch *p = arg;
    (void)r;
    if (!work_answered(&p->work))
        return;
    bool elsewhere = strcmp(p->url.id.hex, p->work.claim->id.hex) != 0;
    if (err)
        not_produced(p, err);
    else if (p->dead)
        close_dead(p);
    else
        work_complete(&p->work, &(struct result){ .completion = FRONTIER_SENT, .end = elsewhere ? &p->url.id : NULL });
}

static bool send_page(struct page_fetch *p, struct error *err)
{
    struct hints h;
    struct page page;
    hints_read(&h, p->work.claim->hints);
    fill(p, &h, &page);
    bool sent = page_send(p->work.crawl->producer, &page, on_delivered, p, err);
    hints_fini(&h);
    free((char *)page.include);
    free((char *)page.exclude);
    return sent;
}

static bool send_dead(struct page_fetch *p, struct error *err)
{
    const struct claim *c = p->work.claim;
    struct record r = { .topic = TOPIC_PAGES, .partition = -1, .offset = -1, .key = c->id.hex, .key_len = ID_HEX_LEN, .value = "" };
    struct deadletter d = { .stage = "crawl", .reason = "too_large", .message = p->dead, .url_id = c->id.hex, .url = c->url,
                            .source = c->source, .version = c->version, .record = &r };
    return deadletter_send(p->work.crawl->producer, &d, on_delivered, p, err);
}

/* Returns false when the producer has no room now. */
static bool hand_over(struct page_fetch *p)
{
    struct error err;
    p->work.pending++;
    if (p->dead ? send_dead(p, &err) : send_page(p, &err)) {
        free(p->body.data); /* the producer has its copy; the bytes stay charged until they are delivered */
        p->body.data = NULL;
        buffer_fini(&p->framed);
        return true;
    }
    p->work.pending--;
    if (err.kind == ERROR_LIMIT)
        return false;
    not_produced(p, &err);
    return true;
}

static void send_or_wait(struct page_fetch *p)
{
    struct crawl *c = p->work.crawl;
    if (!c->unsent && hand_over(p))
        return;
    p->waits_to_send = true;
    p->next_unsent = NULL;
    *c->unsent_tail = p;
    c->unsent_tail = &p->next_unsent;
}

void page_fetch_send_waiting(struct crawl *c)
{
    while (c->unsent) {
        struct page_fetch *p = c->unsent;
        c->unsent = p->next_unsent;
        if (!c->unsent)
            c->unsent_tail = &c->unsent;
        p->waits_to_send = false;
        if (!hand_over(p)) {
            p->waits_to_send = true;
            p->next_unsent = c->unsent;
            c->unsent = p;
            if (!p->next_unsent)
                c->unsent_tail = &p->next_unsent;
            return;
        }
    }
}

/* What is larger than may travel becomes an event and a dead letter without its body, never a silent drop. */
static void too_large(struct page_fetch *p, const char *why)
{
    p->dead = xstrdup(why);
    body_fini(&p->body);
    buffer_fini(&p->framed);
    work_event(&p->work, "fetch", "deadlettered", why, NULL);
    send_or_wait(p);
}

static void framed_or_not(struct page_fetch *p)
{
    if (p->framed.len) { /* about as long at most: what was charged is for the frame now */
        free(p->body.data);
        p->body.data = NULL;
    }
    if (fits(p))
        send_or_wait(p);
    else
        too_large(p, "the body is larger than may travel (crawler.max_body_bytes)");
}

static void frame_in_pool(uv_work_t *w)
{
    struct page_fetch *p = w->data;
    struct error err;
    if (!encode_frame_zstd(p->body.data, p->body.len, PAGE_FRAME_LEVEL, &p->framed, &err))
        buffer_clear(&p->framed);
}

static void on_framed(uv_work_t *w, int status)
{
    struct page_fetch *p = w->data;
    (void)status;
    if (work_back_from_pool(&p->work))
        framed_or_not(p);
}

/* A plain body travels in a frame of ours; one that the server coded travels as it is. */
static void frame(struct page_fetch *p)
{
    settle(p);
    p->job.data = p;
    if (is_coded(p) || p->body.len == 0) {
        framed_or_not(p);
    } else if (p->body.len <= FRAME_ON_LOOP_MAX) {
        frame_in_pool(&p->job);
        framed_or_not(p);
    } else {
        p->work.in_pool++;
        uv_queue_work(p->work.crawl->loop, &p->job, frame_in_pool, on_framed);
    }
}

/* --- answers --- */

static bool is_html(const char *content_type)
{
    static const char *const types[] = { "text/html", "application/xhtml+xml", "application/xml", "text/xml", "application/vnd.wap.xhtml+xml" };
    if (!content_type || !*content_type)
        return true; /* not told: the extractor looks at the bytes */
    for (size_t i = 0; i < COUNT(types); i++) {
        size_t len = strlen(types[i]);
        if (strncasecmp(content_type, types[i], len) == 0 && strchr("; \t,", content_type[len])) /* also the end: strchr finds NUL */
            return true;
    }
    return false;
}

/* Pages, and what a refusal says: it may be a wall. */
static bool want(const struct fetch_result *r)
{
    return (r->status == 200 || blocked_status(r->status)) && is_html(r->header[HEADER_CONTENT_TYPE]);
}

static bool is_known(const struct claim *c)
{
    return c->step > 0 || strcmp(c->via, "recheck") == 0;
}

static void keep_answer(struct page_fetch *p, struct visit_report *v)
{
    const struct claim *c = p->work.claim;
    struct url_rules rules = claim_url_rules(p->work.crawl, c);
    p->status = v->answer->status;
    p->fetched_at_ms = v->answer->fetched_at_ms;
    p->retry_after_ms = v->effect.retry_after_ms;
    for (int i = 0; i < HEADER_COUNT; i++)
        p->header[i] = xstrdup(v->answer->header[i]);
    p->body = v->answer->body;
    v->answer->body = (struct fetch_body){ 0 };
    if (v->redirects == 0)
        p->url = (struct url){ .fetch = xstrdup(v->url->fetch), .id = c->id };
    else
        url_parse(&p->url, v->url->fetch, strlen(v->url->fetch), NULL, &rules, NULL);
}

static void page_gone(struct page_fetch *p)
{
    p->gone = true;
    body_fini(&p->body);
    p->url.id = p->work.claim->id; /* what is removed is the article we asked for */
    work_event(&p->work, "fetch", "gone", page_status_detail(p->status), NULL);
    send_or_wait(p);
}

/* A known article, and this answer says nothing against it: it is looked at again. */
static void stays(struct page_fetch *p, const struct page_verdict *v)
{
    const struct claim *c = p->work.claim;
    int64_t age_ms = c->version - c->discovered_at_ms; /* both Redis's clock */
    bool same = v->outcome == OUTCOME_UNCHANGED;
    if (same)
        work_event(&p->work, "fetch", "unchanged", "http_304", NULL);
    work_complete(&p->work, &(struct result){ .completion = FRONTIER_CLOSE, .outcome = v->outcome, .detail = v->detail,
                                              .recheck_in_ms = recheck_in_ms(age_ms, NULL), .etag = same ? p->header[HEADER_ETAG] : NULL,
                                              .last_modified = same ? p->header[HEADER_LAST_MODIFIED] : NULL });
}

/* --- from the feed --- */

static void put_from_feed(struct page_fetch *p, const char *html)
{
    struct hints h;
    struct buffer document;
    work_event(&p->work, "fetch", "from_feed", p->feed, NULL);
    for (int i = 0; i < HEADER_COUNT; i++) {
        free(p->header[i]);
        p->header[i] = NULL;
    }
    p->header[HEADER_CONTENT_TYPE] = xstrdup("text/html; charset=utf-8");
    hints_read(&h, p->work.claim->hints);
    buffer_init(&document, 0);
    page_feed_document(&h, html, &document);
    hints_fini(&h);
    body_fini(&p->body);
    p->body.len = document.len;
    p->body.data = buffer_take(&document);
    url_fini(&p->url);
    p->url = (struct url){ .fetch = xstrdup(p->work.claim->url), .id = p->work.claim->id };
    p->fetched_at_ms = clock_unix_ms();
    p->status = 200; /* of what goes on: the page's own answer stands in the events */
    p->from_feed = true;
    frame(p);
}

static void from_feed_or_fail(struct page_fetch *p)
{
    char *html = contents_take(p->work.crawl->contents, &p->work.claim->id, clock_mono_ms());
    if (html)
        put_from_feed(p, html);
    else
        close_with(p, OUTCOME_FAILED, p->detail);
    free(html);
}

static void on_feed_read(void *arg, struct reading *r)
{
    struct page_fetch *p = arg;
    struct contents *contents = p->work.crawl->contents;
    if (work_back_from_pool(&p->work)) {
        for (size_t i = r->item_count; i-- > 0;) { /* what stands first is put last, and so kept longest */
            contents_put(contents, &r->items[i].url.id, r->items[i].content, clock_mono_ms());
            r->items[i].content = NULL;
        }
        contents_feed_read(contents, p->feed, clock_mono_ms()); /* again: a large feed's articles may have pushed it out */
        from_feed_or_fail(p);
    }
    reading_free(r);
}

static void read_feed(struct page_fetch *p, struct visit_report *v, const struct source *s)
{
    struct crawl *c = p->work.crawl;
    struct reading *r = xcalloc(1, sizeof(*r));
    *r = (struct reading){ .kind = CLAIM_FEED, .body = v->answer->body, .url = xstrdup(v->url->fetch),
                           .content_type = xstrdup(v->answer->header[HEADER_CONTENT_TYPE]),
                           .content_encoding = xstrdup(v->answer->header[HEADER_CONTENT_ENCODING]), .scope = poll_scope(c, s, ""),
                           .want_contents = true, .done = on_feed_read, .arg = p };
    v->answer->body = (struct fetch_body){ 0 };
    p->work.in_pool++;
    reading_submit(c->readers, r);
}

static void on_feed_visited(void *arg, struct visit_report *v)
{
    struct page_fetch *p = arg;
    struct crawl *c = p->work.crawl;
    const struct source *s = sources_get(c->sources, p->work.claim->source);
    bool body = v->end == VISIT_ANSWERED ? v->answer->status == 200 : v->end == VISIT_FAILED; /* what was read so far counts */
    p->visit = NULL;
    if (v->sent_mono_ms)
        p->sent_mono_ms = v->sent_mono_ms;
    p->effect = v->effect;
    settle(p);
    contents_feed_read(c->contents, p->feed, clock_mono_ms());
    if (s && body && v->answer->body.len > 0) {
        read_feed(p, v, s);
    } else {
        work_event(&p->work, "fetch", "failed", "its feed cannot be read either", NULL);
        close_with(p, OUTCOME_FAILED, p->detail);
    }
}

static void visit_feed(struct page_fetch *p)
{
    p->held = true;
    p->visit = visit_start(p->work.crawl, &(struct visit_request){
        .claim = p->work.claim, .url = p->feed, .last_sent_mono_ms = p->sent_mono_ms, .accept = poll_accept(CLAIM_FEED),
        .max_body_bytes = poll_max_bytes(CLAIM_FEED), .keep_partial = true, .done = on_feed_visited, .arg = p });
}

/* The page is blocked, for good. A host that asks for a pause is not asked for the feed now: the claim comes once more. */
static void try_feed(struct page_fetch *p, const char *detail)
{
    p->detail = detail;
    body_fini(&p->body);
    if (contents_feed_known(p->work.crawl->contents, p->feed, clock_mono_ms()))
        from_feed_or_fail(p);
    else if (p->effect.failed || p->retry_after_ms > 0)
        retry_in(p, p->retry_after_ms);
    else
        visit_feed(p);
}

static bool is_blocked(const struct page_fetch *p, const struct page_verdict *v)
{
    return v->fate == PAGE_CLOSE && v->outcome == OUTCOME_FAILED && (p->wall || blocked_status(p->status));
}

static void apply(struct page_fetch *p, const struct page_verdict *v)
{
    if (p->feed && is_blocked(p, v)) {
        try_feed(p, v->detail);
        return;
    }
    settle(p);
    if (v->fate == PAGE_GONE)
        page_gone(p);
    else if (v->fate == PAGE_RETRY)
        retry_in(p, v->retry_in_ms);
    else if (v->outcome == OUTCOME_UNCHANGED || (p->wall && is_known(p->work.claim)))
        stays(p, v);
    else
        close_with(p, v->outcome, v->detail);
}

/* Refusals add up to a source that is blocked; the turn is an event, with the page that brought it. refused: how; NULL: let in. */
static void note_refusal(struct page_fetch *p, const char *refused)
{
    char evidence[64] = "";
    struct crawl *c = p->work.crawl;
    const char *source = p->work.claim->source;
    char state[64];
    bool turned = blocked_note(c->blocked, source, p->work.claim->partition, refused);
    if (blocked_to_keep(c->blocked, source, state, sizeof(state)))
        frontier_source_refused(c->frontier, source, state);
    if (!turned)
        return;
    bool now = blocked_evidence(c->blocked, source, evidence, sizeof(evidence));
    work_event(&p->work, "fetch", now ? "blocked" : "unblocked", now ? evidence : NULL, NULL);
}

/* It is known what the answer is. */
static void judged(struct page_fetch *p)
{
    struct claim *c = p->work.claim;
    if (p->wall || blocked_status(p->status))
        note_refusal(p, p->wall ? p->wall : page_status_detail(p->status));
    else if (p->status < 400) /* other failures are of the address, not of us */
        note_refusal(p, NULL);
    if (p->wall)
        work_event(&p->work, "fetch", "walled", p->wall, json_pack("{si}", "status", p->status));
    if (p->status == 200 && !p->wall) {
        frame(p);
    } else {
        struct page_verdict verdict = page_judge(FETCH_OK, p->status, p->wall != NULL, is_known(c), c->attempts, p->retry_after_ms);
        apply(p, &verdict);
    }
}

static void look_in_pool(uv_work_t *w)
{
    struct page_fetch *p = w->data;
    struct buffer text;
    struct decode_limits limits = { .max_bytes = WALL_READ_MAX + 1 };
    buffer_init(&text, WALL_READ_MAX + 1);
    decode_body(p->body.data, p->body.len, p->header[HEADER_CONTENT_ENCODING], &limits, &text, NULL, NULL); /* as far as it goes */
    p->wall = wall_of(p->status, buffer_str(&text), text.len);
    buffer_fini(&text);
}

static void on_looked(uv_work_t *w, int status)
{
    struct page_fetch *p = w->data;
    (void)status;
    if (work_back_from_pool(&p->work))
        judged(p);
}

static void look_for_wall(struct page_fetch *p)
{
    p->wall = wall_by_header(p->header[HEADER_CF_MITIGATED]);
    if (p->wall || !wall_suspected(p->status, is_coded(p), p->body.len)) {
        judged(p);
        return;
    }
    p->job.data = p;
    p->work.in_pool++;
    uv_queue_work(p->work.crawl->loop, &p->job, look_in_pool, on_looked);
}

/* A redirect led away from the article, to what stands in front of it: true, and it has ended. */
static bool led_to_gate(struct page_fetch *p, const struct url *end)
{
    char shown[32];
    struct claim *c = p->work.claim;
    bool repeats = ends_note(p->work.crawl->ends, c->source, &c->id, &end->id);
    if (!repeats && !wall_is_gate(c->url, end->fetch))
        return false;
    struct url asked;
    bool same_host = url_parse(&asked, c->url, strlen(c->url), NULL, NULL, NULL) && strcmp(asked.host, end->host) == 0;
    const char *path = url_path(end->fetch);
    snprintf(shown, sizeof(shown), "led to %.*s", same_host ? (int)strcspn(path, "?") : (int)strlen(end->host), same_host ? path : end->host);
    url_fini(&asked);
    note_refusal(p, shown);
    work_event(&p->work, "fetch", "walled", end->fetch, NULL);
    p->wall = "gate";
    struct page_verdict verdict = page_judge(FETCH_OK, 200, true, is_known(c), c->attempts, 0);
    apply(p, &verdict);
    return true;
}

static void answered(struct page_fetch *p, struct visit_report *v)
{
    struct claim *c = p->work.claim;
    int status = v->answer->status;
    bool no_page = status == 404 || status == 410 || status == 429 || status >= 500; /* where such a redirect ends says nothing of gates */
    bool away = v->redirects > 0 && strcmp(v->url->id.hex, c->id.hex) != 0;
    if (away && !no_page && led_to_gate(p, v->url))
        return;
    if (!away && status < 400)
        ends_note(p->work.crawl->ends, c->source, &c->id, NULL);
    keep_answer(p, v);
    work_event(&p->work, "fetch", p->status == 304 ? "not_modified" : "fetched", NULL,
               json_pack("{si sI sI}", "status", p->status, "bytes", (json_int_t)p->body.len, "took_ms", (json_int_t)v->answer->took_ms));
    if (p->status == 200 && !is_html(p->header[HEADER_CONTENT_TYPE]))
        close_with(p, OUTCOME_FAILED, "not_html");
    else
        look_for_wall(p);
}

static void failed(struct page_fetch *p, const struct visit_report *v)
{
    struct claim *c = p->work.claim;
    bool large = v->answer->error == FETCH_TOO_LARGE, refused = large && blocked_status(v->answer->status);
    work_event(&p->work, "fetch", "failed", v->answer->message, NULL);
    if (large && !refused) {
        too_large(p, v->answer->message);
        return;
    }
    struct page_verdict verdict = page_judge(refused ? FETCH_OK : v->answer->error, refused ? v->answer->status : 0, false, is_known(c),
                                             c->attempts, v->effect.retry_after_ms);
    apply(p, &verdict);
}

static void on_target_discovered(void *arg, const struct discovered *d, const struct error *err)
{
    struct page_fetch *p = arg;
    (void)d;
    if (!work_answered(&p->work))
        return;
    if (err)
        retry_in(p, 1000);
    else
        close_with(p, OUTCOME_REDIRECTED, NULL);
}

/* Redirects between domains are bounded too: each is a request that came by one, counted in its hints. */
static void moved_out(struct page_fetch *p, const struct visit_report *v)
{
    struct claim *c = p->work.claim;
    struct hints h;
    if (led_to_gate(p, v->target))
        return;
    settle(p);
    hints_read(&h, c->hints);
    h.feed = NULL; /* it knows this address, not the next */
    int hops = h.redirects + 1;
    work_event(&p->work, "fetch", "redirected", v->target->fetch, NULL);
    if (hops > p->work.crawl->config->crawler.max_redirects) {
        hints_fini(&h);
        close_with(p, OUTCOME_FAILED, "redirect_loop");
        return;
    }
    char text[FRONTIER_HINTS_MAX + 1];
    h.redirects = hops;
    hints_write(&h, text);
    hints_fini(&h);
    struct found f = { .url = v->target, .source = c->source, .via = "redirect", .hints = text, .reopened = true };
    p->work.pending++;
    frontier_discover(p->work.crawl->frontier, &f, 1, on_target_discovered, p);
}

/* What leads to an address seen before is an alias of it: no second record. */
static void led_to_seen(struct page_fetch *p, const struct visit_report *v)
{
    if (led_to_gate(p, v->url))
        return;
    work_event(&p->work, "fetch", "duplicate", v->url->fetch, json_pack("{ss}", "article", v->url->id.hex));
    close_with(p, OUTCOME_DUPLICATE, NULL);
}

static void denied(struct page_fetch *p, const struct visit_report *v)
{
    work_event(&p->work, "robots", "denied", v->rule, json_pack("{si}", "line", (int)v->line));
    close_with(p, OUTCOME_FAILED, "robots");
}

static void no_robots(struct page_fetch *p, const struct visit_report *v)
{
    struct page_verdict verdict = page_again("robots_unreachable", p->work.claim->attempts, v->retry_in_ms);
    work_event(&p->work, "robots", "failed", v->reason, NULL);
    apply(p, &verdict);
}

static void on_visited(void *arg, struct visit_report *v)
{
    struct page_fetch *p = arg;
    bool may_ask_feed = p->feed && (v->end == VISIT_ANSWERED || v->end == VISIT_MOVED_OUT || v->end == VISIT_SEEN);
    p->visit = NULL;
    p->held = true;
    p->sent_mono_ms = v->sent_mono_ms;
    p->effect = v->effect;
    if (!may_ask_feed)
        settle(p);
    switch (v->end) {
    case VISIT_ANSWERED: answered(p, v); break;
    case VISIT_FAILED: failed(p, v); break;
    case VISIT_DENIED: denied(p, v); break;
    case VISIT_NO_ROBOTS: no_robots(p, v); break;
    case VISIT_MOVED_OUT: moved_out(p, v); break;
    case VISIT_SEEN: led_to_seen(p, v); break;
    case VISIT_LOOP:
        work_event(&p->work, "fetch", "failed", v->reason, NULL);
        close_with(p, OUTCOME_FAILED, "redirect_loop");
        break;
    }
}

void page_fetch_begin(struct crawl *c, struct claim *claim)
{
    struct page_fetch *p = xcalloc(1, sizeof(*p));
    work_begin(&p->work, c, claim, &ops);
    p->effect.crawl_delay_ms = -1; /* nothing is known of the host yet */
    blocked_known(c->blocked, claim->source, claim->partition, claim->refused);
    p->feed = page_feed_of(c, claim);
    if (p->feed && claim->attempts >= PAGE_TRIES_MAX) { /* the page was refused to the last: what is left is the feed */
        p->detail = "blocked";
        visit_feed(p);
        return;
    }
    p->visit = visit_start(c, &(struct visit_request){
        .claim = claim, .accept = "text/html,application/xhtml+xml,*/*;q=0.1", .max_body_bytes = PAGE_READ_MAX, .want = want,
        .stop_at_seen = !is_known(claim),
        .done = on_visited, .arg = p });
}
