/* backfill.h - how much of the past a new source may still have fetched: its feeds and sitemaps, each read for the first time,
 * share one bound. In memory: after a restart what was not read yet has the whole bound again. */
#ifndef CRAWLER_BACKFILL_H
#define CRAWLER_BACKFILL_H

#include "crawler/reader.h"

struct backfill;

struct backfill *backfill_create(void);
void backfill_destroy(struct backfill *b); /* NULL is fine */
/* Marks "old" what a first reading shows beyond the source's bound; r's items are in the order of their worth. */
void backfill_bound(struct backfill *b, const char *source, struct reading *r);
void backfill_used(struct backfill *b, const char *source, const struct reading *r, size_t accepted); /* of it were new */

#endif
