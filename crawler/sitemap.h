/* sitemap.h - sitemaps as a stream: urlset, sitemapindex, news sitemaps, text, RSS or Atom in their place; plain or gzip by
 * magic bytes, also twice. Memory is bounded whatever the size: an item is handed over as soon as it is complete.
 *
 *   bytes as fetched --decode--> pieces of text --XML or lines--> on_item()
 *
 * Namespaces may be missing or wrong: elements go by their local names. An item of a sitemapindex has the address of
 * another sitemap; its lastmod is in `modified`. */
#ifndef CRAWLER_SITEMAP_H
#define CRAWLER_SITEMAP_H

#include "crawler/feed.h"

#define SITEMAP_MAX_BYTES (50u * 1024 * 1024) /* decoded, sitemaps.org */

/* item is lent for the call. False stops the reading (nothing more is handed over, which is no error). */
typedef bool sitemap_item_fn(void *arg, const struct feed_item *item);

struct sitemap_reader;

/* base: the address the sitemap came from, or NULL. codings: Content-Encoding, or NULL. deadline_mono_ms: 0 = none. */
struct sitemap_reader *sitemap_reader_create(const char *base, const char *codings, int64_t deadline_mono_ms,
                                             sitemap_item_fn *on_item, void *arg);
/* False when a limit was hit or on_item() stopped it: no more needs to be pushed. */
bool sitemap_reader_push(struct sitemap_reader *r, const void *bytes, size_t len);
/* Hands over what is left. The result is lent: kind, title, warnings, truncated …; `items` is always empty. */
const struct feed *sitemap_reader_finish(struct sitemap_reader *r);
void sitemap_reader_destroy(struct sitemap_reader *r); /* NULL is fine */

#endif
