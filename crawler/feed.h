/* feed.h - what a site says is new: RSS 0.9x to 2.0, RDF (RSS 0.90, 1.0), Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1, and (by the
 * same reader, see sitemap.h) sitemaps. Pure: bytes in, items out; hostile and broken ones too. The tables of feed_xml.c
 * tell which element becomes which field.
 *
 *   bytes --charset--> text --XML or JSON--> items, one at a time, in the feed's order, repeats kept
 *
 * Nothing is expanded but character references and HTML's named entities, nothing is fetched, nothing recurses; time and
 * memory are linear in the bytes. */
#ifndef CRAWLER_FEED_H
#define CRAWLER_FEED_H

#include "base/date.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEED_MAX_BYTES (8u * 1024 * 1024) /* decoded; what lies beyond is not read, with a warning */
#define FEED_MAX_ITEMS 10000              /* of feed_parse(); more are counted in a warning */
#define FEED_WARNINGS_MAX 16              /* further ones are not kept */

enum feed_kind { FEED_UNKNOWN, FEED_RSS, FEED_ATOM, FEED_RDF, FEED_JSON, FEED_SITEMAP, FEED_SITEMAP_INDEX };
const char *feed_kind_name(enum feed_kind kind); /* "rss" … "sitemapindex", "unknown" */

/* Strings are UTF-8 and NULL where the feed says nothing. */
struct feed_item {
    const char *url;            /* as published, made absolute, otherwise untouched; never NULL */
    const char *id;
    const char *title;          /* plain text: markup and entities resolved, white space folded */
    const char *summary;        /* the same; not cut */
    const char *content;        /* HTML of the whole article (content:encoded, content, content_html) */
    const char *language;
    bool has_published, has_modified;
    struct date published, modified; /* a bare day has has_time false */
    const char *const *authors; /* names without mail addresses */
    size_t author_count;
};

struct feed {
    enum feed_kind kind;
    const char *title, *language;
    const char *site_url;       /* the page the feed belongs to, absolute */
    const char *self_url;       /* where it says it lives, absolute */
    const char *hub_url;        /* WebSub hub, absolute */
    int64_t interval_s;         /* what ttl or sy:updatePeriod/Frequency ask for between two polls; 0 = nothing */
    const struct feed_item *items;
    size_t item_count;
    const char *warnings[FEED_WARNINGS_MAX]; /* in words */
    size_t warning_count;
    bool truncated;             /* a limit was hit: what was read so far counts */
};

/* Reads a decoded body. content_type is the HTTP header's value or NULL, base the address it came from or NULL. Never NULL:
 * what is no feed has kind FEED_UNKNOWN and a warning that says what it looks like. deadline_mono_ms (clock_mono_ms(); 0 =
 * none) bounds the time. feed_destroy() frees everything it points to. */
struct feed *feed_parse(const void *bytes, size_t len, const char *content_type, const char *base, int64_t deadline_mono_ms);
void feed_destroy(struct feed *f); /* NULL is fine */

#endif
