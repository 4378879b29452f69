/* search.c - see search.h. */
#include "crawler/search.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LISTS_MAX 2

static const struct { const char *path; enum claim_kind kind; } well_known[] = {
    { "/feed", CLAIM_FEED }, { "/rss", CLAIM_FEED }, { "/rss.xml", CLAIM_FEED }, { "/feed.xml", CLAIM_FEED }, { "/atom.xml", CLAIM_FEED },
    { "/news-sitemap.xml", CLAIM_SITEMAP }, { "/sitemap.xml", CLAIM_SITEMAP },
};

struct search {
    struct url site;
    struct search_found found[SEARCH_FOUND_MAX];
    size_t found_count;
    char *lists[LISTS_MAX]; /* pages that may list feeds; owned */
    size_t list_count, next_list, next_path;
    char *sitemaps[SEARCH_FOUND_MAX]; /* of robots.txt; owned: what the front page names comes first */
    size_t sitemap_count;
    bool beyond_front;      /* something else than the site's own address was asked */
};

struct search *search_create(void)
{
    return xcalloc(1, sizeof(struct search));
}

void search_destroy(struct search *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->found_count; i++)
        url_fini(&s->found[i].url);
    for (size_t i = 0; i < s->list_count; i++)
        free(s->lists[i]);
    for (size_t i = 0; i < s->sitemap_count; i++)
        free(s->sitemaps[i]);
    url_fini(&s->site);
    free(s);
}

void search_site(struct search *s, const char *url)
{
    url_fini(&s->site);
    url_parse(&s->site, url, strlen(url), NULL, NULL, NULL);
}

static void add(struct search *s, const char *text, enum claim_kind kind)
{
    struct url u;
    if (s->found_count == SEARCH_FOUND_MAX || !url_parse(&u, text, strlen(text), s->site.fetch, NULL, NULL))
        return;
    for (size_t i = 0; i < s->found_count; i++) {
        if (strcmp(s->found[i].url.id.hex, u.id.hex) == 0) {
            url_fini(&u);
            return;
        }
    }
    s->found[s->found_count++] = (struct search_found){ u, kind };
}

void search_sitemaps(struct search *s, const char *const *urls, size_t count)
{
    for (size_t i = 0; i < count && s->sitemap_count < SEARCH_FOUND_MAX; i++)
        s->sitemaps[s->sitemap_count++] = xstrdup(urls[i]);
}

void search_take(struct search *s, const struct reading *r)
{
    bool is_sitemap = strcmp(r->format, "sitemap") == 0 || strcmp(r->format, "sitemapindex") == 0;
    for (size_t i = 0; i < r->feed_count; i++)
        add(s, r->feeds[i], CLAIM_FEED);
    for (size_t i = 0; i < r->sitemap_count; i++)
        add(s, r->sitemaps[i], CLAIM_SITEMAP);
    if (strcmp(r->format, "html") != 0 && strcmp(r->format, "unknown") != 0)
        add(s, r->url, is_sitemap ? CLAIM_SITEMAP : CLAIM_FEED);
    for (size_t i = 0; !s->beyond_front && i < r->feed_list_count && s->list_count < LISTS_MAX; i++)
        s->lists[s->list_count++] = xstrdup(r->feed_lists[i]);
}

/* Where there is a feed nothing else is looked for; where there are only sitemaps, the site's own lists still are: feeds are quicker. */
static bool found(const struct search *s, bool feed)
{
    for (size_t i = 0; i < s->found_count; i++)
        if (!feed || s->found[i].kind == CLAIM_FEED)
            return true;
    return false;
}

bool search_next(struct search *s, enum claim_kind *kind, char **url)
{
    for (size_t i = 0; !s->beyond_front && i < s->sitemap_count; i++)
        add(s, s->sitemaps[i], CLAIM_SITEMAP);
    s->beyond_front = true;
    if (!s->site.fetch)
        return false;
    if (s->next_list < s->list_count && !found(s, true)) {
        *kind = CLAIM_DISCOVERY;
        *url = xstrdup(s->lists[s->next_list++]);
        return true;
    }
    if (found(s, false))
        return false;
    if (s->next_path < COUNT(well_known)) {
        const char *path = well_known[s->next_path].path;
        *kind = well_known[s->next_path++].kind;
        *url = url_absolute(path, strlen(path), s->site.fetch);
        return true;
    }
    add(s, s->site.fetch, CLAIM_FRONT);
    return false;
}

const struct search_found *search_found(const struct search *s, size_t *count)
{
    *count = s->found_count;
    return s->found;
}
