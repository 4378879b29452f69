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
 *
 * A kill between two of them leaves the request open and leased by a dead token: it is fetched again, under a new version,
 * and nothing counts twice. When the partition is lost on the way the claim is abandoned and whatever comes back later
 * (delivery, discover) finds nothing to complete. */
#include "crawler/page_fetch.h"

#include "base/decode.h"
#include "base/mem.h"
#include "crawler/blocked.h"
#include "crawler/hints.h"
#include "crawler/sources.h"
#include "crawler/visit.h"
#include "pipeline/deadletter.h"
#include "pipeline/page.h"
#include "pipeline/recheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FRAME_LEVEL 3                     /* measured: the ratio of gzip at 400 MB/s */
#define FRAME_ON_LOOP_MAX (512u << 10)    /* above, compressing takes longer than the loop may wait */
#define TRIES_MAX 6                       /* of answers that may get better */
#define GONE_TRIES 3                      /* 404s in a row before a known article counts as removed; 410 counts at once */
#define RETRY_FIRST_MS (30 * 1000LL)
#define RETRY_MAX_MS (3600 * 1000LL)

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
    uv_work_t framing;
};

/* --- verdicts --- */

static struct page_verdict closed(enum outcome outcome, const char *detail)
{
    return (struct page_verdict){ .fate = PAGE_CLOSE, .outcome = outcome, .detail = detail };
}

static struct page_verdict again(const char *detail, int attempts, int64_t retry_after_ms)
{
    int64_t wait_ms = RETRY_FIRST_MS;
    if (attempts + 1 >= TRIES_MAX)
        return closed(OUTCOME_FAILED, detail);
    for (int i = 0; i < attempts && wait_ms < RETRY_MAX_MS; i++)
        wait_ms *= 2;
    if (wait_ms > RETRY_MAX_MS)
        wait_ms = RETRY_MAX_MS;
    return (struct page_verdict){ .fate = PAGE_RETRY, .detail = detail, .retry_in_ms = retry_after_ms > wait_ms ? retry_after_ms : wait_ms };
}

static const char *status_detail(int status)
{
    static const struct { int status; const char *detail; } rows[] = {
        { 400, "http_400" }, { 401, "http_401" }, { 402, "http_402" }, { 403, "http_403" }, { 404, "http_404" }, { 406, "http_406" },
        { 410, "http_410" }, { 429, "http_429" }, { 451, "http_451" }, { 500, "http_500" }, { 502, "http_502" }, { 503, "http_503" },
        { 504, "http_504" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].status == status)
            return rows[i].detail;
    return status < 200 ? "http_1xx" : status < 300 ? "http_2xx" : status < 400 ? "http_3xx" : status < 500 ? "http_4xx" : "http_5xx";
}

struct page_verdict page_judge(enum fetch_error error, int status, bool known, int attempts, int64_t retry_after_ms)
{
    if (error == FETCH_REFUSED || error == FETCH_INVALID)
        return closed(OUTCOME_FAILED, fetch_error_name(error));
    if (error != FETCH_OK)
        return again(fetch_error_name(error), attempts, 0);
    if (status == 304)
        return closed(OUTCOME_UNCHANGED, NULL);
    if (known && (status == 410 || (status == 404 && attempts + 1 >= GONE_TRIES)))
        return (struct page_verdict){ .fate = PAGE_GONE };
    if (status == 408 || status == 425 || status == 429 || status >= 500 || (known && status == 404))
        return again(status_detail(status), attempts, retry_after_ms);
    return closed(OUTCOME_FAILED, status_detail(status));
}

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
    free(p);
}

static void close_with(struct page_fetch *p, enum outcome outcome, const char *detail)
{
    work_complete(&p->work, &(struct result){ .completion = FRONTIER_CLOSE, .outcome = outcome, .detail = detail });
}

static void retry_in(struct page_fetch *p, int64_t ms)
{
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
    if (p->waits_to_send)
        leave_unsent(p);
}

static const struct work_ops ops = { "page", page_transferring, page_abort, page_free };

/* --- the page record --- */

static bool is_coded(const struct page_fetch *p)
{
    const char *coding = p->header[HEADER_CONTENT_ENCODING];
    return coding && *coding && strcasecmp(coding, "identity") != 0;
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
        .hint_published = h->published, .hint_authors = h->authors,
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
        close_with(p, OUTCOME_DEADLETTERED, NULL);
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
    if (!encode_frame_zstd(p->body.data, p->body.len, FRAME_LEVEL, &p->framed, &err))
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
    p->framing.data = p;
    if (is_coded(p) || p->body.len == 0) {
        framed_or_not(p);
    } else if (p->body.len <= FRAME_ON_LOOP_MAX) {
        frame_in_pool(&p->framing);
        framed_or_not(p);
    } else {
        p->work.in_pool++;
        uv_queue_work(p->work.crawl->loop, &p->framing, frame_in_pool, on_framed);
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

static bool want(const struct fetch_result *r)
{
    return r->status == 200 && is_html(r->header[HEADER_CONTENT_TYPE]);
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
    send_or_wait(p);
}

static void unchanged(struct page_fetch *p)
{
    const struct claim *c = p->work.claim;
    int64_t age_ms = c->version - c->discovered_at_ms; /* both Redis's clock */
    work_complete(&p->work, &(struct result){ .completion = FRONTIER_CLOSE, .outcome = OUTCOME_UNCHANGED,
                                              .recheck_in_ms = recheck_in_ms(age_ms, NULL),
                                              .etag = p->header[HEADER_ETAG], .last_modified = p->header[HEADER_LAST_MODIFIED] });
}

static void apply(struct page_fetch *p, const struct page_verdict *v)
{
    if (v->fate == PAGE_GONE)
        page_gone(p);
    else if (v->fate == PAGE_RETRY)
        retry_in(p, v->retry_in_ms);
    else if (v->outcome == OUTCOME_UNCHANGED)
        unchanged(p);
    else
        close_with(p, v->outcome, v->detail);
}

/* Refusals add up to a source that is blocked; the turn is an event, with the page that brought it. */
static void note_refusal(struct page_fetch *p)
{
    char evidence[64] = "";
    struct crawl *c = p->work.crawl;
    const char *source = p->work.claim->source;
    bool refused = blocked_status(p->status);
    if (!refused && p->status >= 400)
        return; /* of the address, not of us */
    if (!blocked_note(c->blocked, source, refused ? status_detail(p->status) : NULL))
        return;
    bool now = blocked_evidence(c->blocked, source, evidence, sizeof(evidence));
    work_event(&p->work, "fetch", now ? "blocked" : "unblocked", now ? evidence : NULL, NULL);
}

static void answered(struct page_fetch *p, struct visit_report *v)
{
    struct claim *c = p->work.claim;
    keep_answer(p, v);
    note_refusal(p);
    work_event(&p->work, "fetch", p->status == 304 ? "not_modified" : "fetched", NULL,
               json_pack("{ss sI si sI sI}", "via", c->via, "discovered_at", (json_int_t)c->discovered_at_ms, "status", p->status, "bytes",
                         (json_int_t)p->body.len, "took_ms", (json_int_t)v->answer->took_ms));
    if (p->status == 200 && !is_html(p->header[HEADER_CONTENT_TYPE])) {
        close_with(p, OUTCOME_FAILED, "not_html");
    } else if (p->status == 200) {
        frame(p);
    } else {
        struct page_verdict verdict = page_judge(FETCH_OK, p->status, is_known(c), c->attempts, v->effect.retry_after_ms);
        apply(p, &verdict);
    }
}

static void failed(struct page_fetch *p, const struct visit_report *v)
{
    struct claim *c = p->work.claim;
    work_event(&p->work, "fetch", "failed", v->answer->message, NULL);
    if (v->answer->error == FETCH_TOO_LARGE) {
        too_large(p, v->answer->message);
        return;
    }
    struct page_verdict verdict = page_judge(v->answer->error, 0, is_known(c), c->attempts, 0);
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
    hints_read(&h, c->hints);
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
    struct page_verdict verdict = again("robots_unreachable", p->work.claim->attempts, v->retry_in_ms);
    work_event(&p->work, "robots", "failed", v->reason, NULL);
    apply(p, &verdict);
}

static void on_visited(void *arg, struct visit_report *v)
{
    struct page_fetch *p = arg;
    p->visit = NULL;
    work_visited(&p->work, v->sent_mono_ms, &v->effect);
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
    p->visit = visit_start(c, &(struct visit_request){
        .claim = claim, .accept = "text/html,application/xhtml+xml,*/*;q=0.1", .max_body_bytes = PAGE_READ_MAX, .want = want,
        .stop_at_seen = !is_known(claim),
        .done = on_visited, .arg = p });
}
