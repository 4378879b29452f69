/* front.c - see front.h. Which links may be articles is choose.h's. */
#include "crawler/front.h"

#include "base/clock.h"
#include "base/decode.h"
#include "base/mem.h"
#include "crawler/choose.h"
#include "crawler/crawl.h"
#include "crawler/feed.h"
#include "crawler/hints.h"
#include "crawler/links.h"
#include "crawler/wall.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 3000

/* Adds a link; left_out: counted filtered(pattern). False: there is no room for more. */
static bool add_link(struct reading *r, const struct link *l, bool left_out, int64_t now_ms)
{
    char text[FRONTIER_HINTS_MAX + 1];
    size_t before = r->item_count;
    hints_write(&(struct hints){ .title = strlen(l->text) >= CHOOSE_TITLE_MIN ? l->text : NULL }, text);
    if (!reading_add(r, l->url, strlen(l->url), 0, text[0] ? xstrdup(text) : NULL, now_ms))
        return false;
    if (left_out && r->item_count > before && !r->items[before].filtered)
        r->items[before].filtered = "pattern";
    return true;
}

/* Twice through: those that what was learned speaks for come first, and so are fetched first. */
static void add_links(struct reading *r, const struct links *l, int64_t now_ms)
{
    enum choice *choices = xcalloc(l->count + 1, sizeof(*choices));
    bool room = true;
    for (size_t i = 0; i < l->count; i++)
        choices[i] = link_choose(&l->items[i], r->shapes, r->shapes_len, NULL);
    for (size_t i = 0; i < l->count && room; i++)
        room = choices[i] != CHOICE_LEARNED || add_link(r, &l->items[i], false, now_ms);
    for (size_t i = 0; i < l->count && room; i++)
        if (choices[i] != CHOICE_LEARNED && (choice_taken(choices[i]) || choices[i] == CHOICE_PATTERN))
            room = add_link(r, &l->items[i], choices[i] == CHOICE_PATTERN, now_ms);
    free(choices);
}

static void add_feeds(struct reading *r, const struct links *l)
{
    bool declared = l->feed_count > 0 && l->feeds[0].declared;
    for (size_t i = 0; i < l->feed_count && r->feed_count < READING_FEEDS_MAX; i++)
        if (l->feeds[i].declared || !declared) /* links that only look like feeds count where none is declared */
            r->feeds[r->feed_count++] = xstrdup(l->feeds[i].url);
    for (size_t i = 0; i < l->feed_page_count && r->feed_list_count < READING_FEEDS_MAX; i++)
        r->feed_lists[r->feed_list_count++] = xstrdup(l->feed_pages[i]);
}

static bool looks_like_feed(const struct buffer *text)
{
    static const char *const begins[] = { "<?xml", "<rss", "<feed", "<urlset", "<sitemapindex", "<rdf", "{" };
    const char *p = buffer_str(text);
    while (isspace((unsigned char)*p) || strncmp(p, "\xef\xbb\xbf", 3) == 0)
        p += *p == '\xef' ? 3 : 1;
    for (size_t i = 0; i < COUNT(begins); i++)
        if (strncmp(p, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

static bool is_feed(struct reading *r, const struct buffer *text)
{
    if (!looks_like_feed(text))
        return false;
    struct feed *f = feed_parse(text->data, text->len, r->content_type, r->url, clock_mono_ms() + DEADLINE_MS);
    bool yes = f->kind != FEED_UNKNOWN;
    if (yes)
        r->format = feed_kind_name(f->kind);
    feed_destroy(f);
    return yes;
}

void front_read(struct reading *r, int64_t now_ms)
{
    struct buffer text;
    struct error err;
    struct decode_limits limits = { .max_bytes = LINKS_MAX_BYTES };
    buffer_init(&text, LINKS_MAX_BYTES);
    if (!decode_body(r->body.data, r->body.len, r->content_encoding, &limits, &text, NULL, &err))
        snprintf(r->warning, sizeof(r->warning), "%.150s", err.message);
    if ((r->wall = wall_of(200, buffer_str(&text), text.len))) {
        snprintf(r->warning, sizeof(r->warning), "blocked: %s", r->wall);
    } else if (!is_feed(r, &text)) {
        struct links *l = links_parse(buffer_str(&text), text.len, r->content_type, r->url, ROBOTS_AGENT, DEADLINE_MS);
        r->format = "html";
        if (l->warning && !r->warning[0])
            snprintf(r->warning, sizeof(r->warning), "%.150s", l->warning);
        add_links(r, l, now_ms);
        add_feeds(r, l);
        links_destroy(l);
    }
    buffer_fini(&text);
}
