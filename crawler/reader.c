/* reader.c - see reader.h. */
#include "crawler/reader.h"

#include "base/clock.h"
#include "base/decode.h"
#include "base/mem.h"
#include "crawler/contents.h"
#include "crawler/feed.h"
#include "crawler/front.h"
#include "crawler/hints.h"
#include "crawler/sitemap.h"
#include "crawler/wall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 5000

struct readers {
    uv_loop_t *loop;
    int running, at_once;
    struct reading *head, *tail; /* waiting */
    bool closing;
};

static void warn(struct reading *r, const char *text)
{
    if (!r->warning[0])
        snprintf(r->warning, sizeof(r->warning), "%.150s", text);
}

/* --- items --- */

static int64_t date_ms(const struct feed_item *i)
{
    if (i->has_published)
        return i->published.unix_s * 1000 + (i->published.has_time ? 0 : 24 * 3600 * 1000 - 1); /* a bare day: until its end */
    return i->has_modified ? i->modified.unix_s * 1000 + (i->modified.has_time ? 0 : 24 * 3600 * 1000 - 1) : 0;
}

/* The feed's address for a hint: from the host on where it is the article's. */
static const char *feed_hint(const char *feed, const char *article)
{
    const char *host = strstr(feed, "://"), *path = host ? strchr(host + 3, '/') : NULL;
    return path && strncmp(feed, article, (size_t)(path - feed) + 1) == 0 ? path : feed;
}

/* feed: where it was read; NULL: not in a feed. */
static char *hints_of(const struct feed_item *i, const char *feed)
{
    char text[FRONTIER_HINTS_MAX + 1], published[DATE_TEXT_MAX] = "", authors[256] = "";
    if (i->has_published && i->published.has_time)
        date_format(&i->published, published);
    for (size_t a = 0, len = 0; a < i->author_count && len < sizeof(authors) - 1; a++, len = strlen(authors))
        snprintf(authors + len, sizeof(authors) - len, "%s%s", a ? "; " : "", i->authors[a]);
    struct hints h = { .title = i->title, .summary = i->summary, .published = published[0] ? published : NULL,
                       .authors = authors[0] ? authors : NULL,
                       .feed = feed && contents_is_whole(i->content) ? feed_hint(feed, i->url) : NULL };
    hints_write(&h, text);
    return text[0] ? xstrdup(text) : NULL;
}

bool reading_add(struct reading *r, const char *url, size_t len, int64_t dated_ms, char *hints, int64_t now_ms)
{
    struct url u;
    if (r->item_count >= READING_ITEMS_MAX) {
        warn(r, "more entries than are read at once");
        free(hints);
        return false;
    }
    if (!url_parse(&u, url, len, r->url, scope_rules(r->scope), NULL)) {
        free(hints);
        return true;
    }
    if ((r->item_count & (r->item_count + 1)) == 0 || !r->items)
        r->items = xrealloc(r->items, (r->item_count + 1) * 2 * sizeof(*r->items));
    const char *filtered = scope_filter(r->scope, &u);
    if (!filtered)
        filtered = scope_filter_date(r->scope, dated_ms, now_ms);
    r->items[r->item_count] = (struct reading_item){ u, filtered, dated_ms, hints, r->item_count };
    r->item_count++;
    return true;
}

/* Those of one time in the document's order, which qsort() does not keep. */
static int newest_first(const void *a, const void *b)
{
    const struct reading_item *x = a, *y = b;
    if (x->dated_ms != y->dated_ms)
        return x->dated_ms < y->dated_ms ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Newest first where all are dated, else the document's order. On the first reading all but the first 50 are old. */
static void arrange(struct reading *r)
{
    size_t dated = 0, wanted = 0;
    for (size_t i = 0; i < r->item_count; i++)
        dated += r->items[i].dated_ms > 0;
    if (r->item_count > 1 && dated == r->item_count)
        qsort(r->items, r->item_count, sizeof(*r->items), newest_first);
    if (!r->first || scope_backfill_ms(r->scope) == BACKFILL_ALL)
        return;
    for (size_t i = 0; i < r->item_count; i++)
        if (!r->items[i].filtered && ++wanted > BACKFILL_ITEMS)
            r->items[i].filtered = "old";
}

/* --- formats --- */

static bool take_item(struct reading *r, const struct feed_item *i, int64_t now_ms)
{
    size_t before = r->item_count;
    if (!reading_add(r, i->url, strlen(i->url), date_ms(i), hints_of(i, r->url), now_ms))
        return false;
    if (r->want_contents && r->item_count > before && contents_is_whole(i->content))
        r->items[before].content = xstrdup(i->content);
    return true;
}

static void take_feed(struct reading *r, const struct feed *f, int64_t now_ms)
{
    r->format = feed_kind_name(f->kind);
    r->hint_ms = f->interval_s * 1000;
    if (f->warning_count)
        warn(r, f->warnings[0]);
    if (!r->hub)
        r->hub = xstrdup(f->hub_url);
    if (!r->self)
        r->self = xstrdup(f->self_url);
    for (size_t i = 0; i < f->item_count; i++)
        if (!take_item(r, &f->items[i], now_ms))
            break;
}

static void read_feed(struct reading *r, int64_t now_ms)
{
    struct buffer text;
    struct error err;
    struct decode_limits limits = { .max_bytes = FEED_MAX_BYTES };
    buffer_init(&text, FEED_MAX_BYTES);
    if (!decode_body(r->body.data, r->body.len, r->content_encoding, &limits, &text, NULL, &err))
        warn(r, err.message); /* what was decoded before counts */
    struct feed *f = feed_parse(buffer_str(&text), text.len, r->content_type, r->url, clock_mono_ms() + DEADLINE_MS);
    r->wall = f->kind == FEED_UNKNOWN ? wall_of(200, buffer_str(&text), text.len) : NULL;
    buffer_fini(&text);
    if (r->wall)
        snprintf(r->warning, sizeof(r->warning), "blocked: %s", r->wall);
    take_feed(r, f, now_ms);
    feed_destroy(f);
}

struct sitemap_pass { struct reading *r; int64_t now_ms; };

static bool on_sitemap_item(void *arg, const struct feed_item *i)
{
    struct sitemap_pass *pass = arg;
    return reading_add(pass->r, i->url, strlen(i->url), date_ms(i), hints_of(i, NULL), pass->now_ms);
}

/* The entries of an index are not pages but sitemaps: those changed within the backfill, newest first. */
static void items_to_parts(struct reading *r, int64_t now_ms)
{
    r->parts = xcalloc(READING_PARTS_MAX, sizeof(*r->parts));
    for (size_t i = 0; i < r->item_count; i++) {
        struct reading_item *item = &r->items[i];
        bool wanted = !scope_filter_date(r->scope, item->dated_ms, now_ms) && (!item->filtered || strcmp(item->filtered, "static") == 0);
        if (wanted && r->part_count < READING_PARTS_MAX)
            r->parts[r->part_count++] = (struct reading_part){ xstrdup(item->url.fetch), item->dated_ms };
        url_fini(&item->url);
        free(item->hints);
    }
    r->item_count = 0;
}

static void read_sitemap(struct reading *r, int64_t now_ms)
{
    struct sitemap_pass pass = { .r = r, .now_ms = now_ms };
    struct sitemap_reader *reader = sitemap_reader_create(r->url, r->content_encoding, clock_mono_ms() + DEADLINE_MS, on_sitemap_item, &pass);
    sitemap_reader_push(reader, r->body.data, r->body.len);
    const struct feed *f = sitemap_reader_finish(reader);
    r->format = feed_kind_name(f->kind);
    r->hint_ms = f->interval_s * 1000;
    if (f->warning_count)
        warn(r, f->warnings[0]);
    bool is_index = f->kind == FEED_SITEMAP_INDEX;
    sitemap_reader_destroy(reader);
    arrange(r);
    if (is_index)
        items_to_parts(r, now_ms);
}

void reading_run(struct reading *r, int64_t now_ms)
{
    r->format = "unknown";
    if (!r->body.data) {
        warn(r, "the answer is empty");
        return;
    }
    switch (r->kind) {
    case CLAIM_FEED: read_feed(r, now_ms); break;
    case CLAIM_SITEMAP: read_sitemap(r, now_ms); return;
    default: front_read(r, now_ms); break;
    }
    arrange(r);
}

/* --- in the pool --- */

static void run_in_pool(uv_work_t *w)
{
    reading_run(w->data, clock_unix_ms());
}

static void start_next(struct readers *rs);

static void on_read(uv_work_t *w, int status)
{
    struct reading *r = w->data;
    struct readers *rs = r->readers;
    (void)status;
    rs->running--;
    body_fini(&r->body);
    r->done(r->arg, r);
    if (!rs->closing)
        start_next(rs);
    else if (rs->running == 0)
        free(rs);
}

static void start_next(struct readers *rs)
{
    while (rs->head && rs->running < rs->at_once) {
        struct reading *r = rs->head;
        rs->head = r->next;
        if (!rs->head)
            rs->tail = NULL;
        rs->running++;
        r->work.data = r;
        uv_queue_work(rs->loop, &r->work, run_in_pool, on_read);
    }
}

void reading_submit(struct readers *rs, struct reading *r)
{
    r->readers = rs;
    r->next = NULL;
    *(rs->tail ? &rs->tail->next : &rs->head) = r;
    rs->tail = r;
    start_next(rs);
}

static void free_strings(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
}

void reading_free(struct reading *r)
{
    for (size_t i = 0; i < r->item_count; i++) {
        url_fini(&r->items[i].url);
        free(r->items[i].hints);
        free(r->items[i].content);
    }
    for (size_t i = 0; i < r->part_count; i++)
        free(r->parts[i].url);
    free_strings(r->feeds, r->feed_count);
    free_strings(r->feed_lists, r->feed_list_count);
    free_strings(r->sitemaps, r->sitemap_count);
    free(r->shapes);
    free(r->hub);
    free(r->self);
    free(r->items);
    free(r->parts);
    body_fini(&r->body);
    free(r->url);
    free(r->content_type);
    free(r->content_encoding);
    scope_unref(r->scope);
    free(r);
}

struct readers *readers_create(uv_loop_t *loop, int at_once)
{
    struct readers *rs = xcalloc(1, sizeof(*rs));
    rs->loop = loop;
    rs->at_once = at_once;
    return rs;
}

void readers_destroy(struct readers *rs)
{
    if (!rs)
        return;
    rs->closing = true;
    while (rs->head) {
        struct reading *r = rs->head;
        rs->head = r->next;
        r->format = "unknown";
        body_fini(&r->body);
        r->done(r->arg, r);
    }
    if (rs->running == 0)
        free(rs);
}
