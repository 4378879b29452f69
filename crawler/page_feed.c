/* page_feed.c - see page_feed.h. */
#include "crawler/page_feed.h"

#include <stdlib.h>
#include <string.h>

static bool in_same_budget(const struct crawl *c, const struct claim *claim, const char *feed)
{
    struct url u;
    if (!url_parse(&u, feed, strlen(feed), NULL, NULL, NULL))
        return false;
    struct place p = place_of(c->meta, u.host, u.port);
    bool same = p.partition == claim->partition && strcmp(p.budget, claim->budget) == 0;
    place_fini(&p);
    url_fini(&u);
    return same;
}

char *page_feed_of(const struct crawl *c, const struct claim *claim)
{
    struct hints h;
    if (claim->step > 0 || strcmp(claim->via, "feed") != 0 || !strstr(claim->hints, "\"f\":")) /* most have none: they are not parsed for it */
        return NULL;
    hints_read(&h, claim->hints);
    char *feed = h.feed ? url_absolute(h.feed, strlen(h.feed), claim->url) : NULL;
    hints_fini(&h);
    if (feed && in_same_budget(c, claim, feed))
        return feed;
    free(feed);
    return NULL;
}

static void put_escaped(struct buffer *out, const char *s)
{
    for (; *s; s++) {
        const char *reference = *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : *s == '"' ? "&quot;" : NULL;
        if (reference)
            buffer_puts(out, reference);
        else
            buffer_putc(out, *s);
    }
}

void page_feed_document(const struct hints *h, const char *html, struct buffer *out)
{
    buffer_puts(out, "<!doctype html><html><head><meta charset=\"utf-8\"><meta property=\"og:type\" content=\"article\"></head><body><article>");
    if (h->title) {
        buffer_puts(out, "<h1>");
        put_escaped(out, h->title);
        buffer_puts(out, "</h1>");
    }
    buffer_puts(out, html);
    buffer_puts(out, "</article></body></html>");
}
