/* search.h - which addresses of a site are worth polling: the order in which it is asked for them, and what was found. Pure: the
 * caller fetches and reads; discovery (discover.h) and `tidings probe` ask in the same order and so find the same.
 *
 *   front page ──> feeds and sitemaps it names ─┐
 *   robots.txt ──> Sitemap lines ───────────────┼─> search_found()
 *   nothing yet? pages that may list feeds ─────┤
 *   nothing yet? well-known paths ──────────────┤
 *   nothing yet? the front page itself ─────────┘
 *
 * The site's address may itself be a feed or a sitemap: then that is it. */
#ifndef CRAWLER_SEARCH_H
#define CRAWLER_SEARCH_H

#include "base/url.h"
#include "crawler/reader.h"

#include <stdbool.h>
#include <stddef.h>

#define SEARCH_FOUND_MAX 20

struct search;

struct search_found {
    struct url url;
    enum claim_kind kind; /* CLAIM_FEED, CLAIM_SITEMAP; CLAIM_FRONT when there is neither */
};

struct search *search_create(void);
void search_destroy(struct search *s); /* NULL is fine */
/* The address that answered when the site was asked: before anything is taken. */
void search_site(struct search *s, const char *url);
/* Sitemap lines of the site's robots.txt. */
void search_sitemaps(struct search *s, const char *const *urls, size_t count);
/* What was read at the site's address, or at one that search_next() named. */
void search_take(struct search *s, const struct reading *r);
/* What to ask next, and as what to read it; false: the search is over. The caller frees *url. */
bool search_next(struct search *s, enum claim_kind *kind, char **url);
/* Lent. After the search is over there is at least one, unless the site itself never answered. */
const struct search_found *search_found(const struct search *s, size_t *count);

#endif
