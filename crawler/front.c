/* front.c - see front.h. Which links may be articles is judged by the link alone: what stands in menus and footers, and
 * addresses without a title or number of their own, are sections. */
#include "crawler/front.h"

#include "base/clock.h"
#include "base/decode.h"
#include "base/mem.h"
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
#define TITLE_MIN 15 /* bytes of link text that make it look like a headline */

/* The last part of the path has a number of 4 digits or more, or at least 3 words. */
static bool names_something(const char *url)
{
    const char *scheme_end = strstr(url, "://"), *path = scheme_end ? strchr(scheme_end + 3, '/') : NULL;
    if (!path)
        return false;
    size_t len = strcspn(path, "?#"), start = len;
    while (start > 1 && path[len - 1] == '/')
        start = --len;
    while (start > 0 && path[start - 1] != '/')
        start--;
    int hyphens = 0, digits = 0, longest = 0;
    for (size_t i = start; i < strcspn(path, "#"); i++) {
        digits = isdigit((unsigned char)path[i]) ? digits + 1 : 0;
        longest = digits > longest ? digits : longest;
        hyphens += path[i] == '-' || path[i] == '_';
    }
    return longest >= 4 || hyphens >= 3;
}

static bool may_be_article(const struct link *l)
{
    if (l->place == LINK_NAV || l->place == LINK_FOOTER || l->nofollow)
        return false;
    return l->heading || (names_something(l->url) && (l->image || strlen(l->text) >= TITLE_MIN));
}

static void add_links(struct reading *r, const struct links *l, int64_t now_ms)
{
    for (size_t i = 0; i < l->count; i++) {
        char text[FRONTIER_HINTS_MAX + 1];
        if (!may_be_article(&l->items[i]))
            continue;
        hints_write(&(struct hints){ .title = strlen(l->items[i].text) >= TITLE_MIN ? l->items[i].text : NULL }, text);
        if (!reading_add(r, l->items[i].url, strlen(l->items[i].url), 0, text[0] ? xstrdup(text) : NULL, now_ms))
            return;
    }
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
