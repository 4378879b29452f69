/* sources_private.h - inside of the sources, which are two files: source_rows.c (a source as a row of Redis, and what
 * commands do to rows) and sources.c (the set a crawler works with, kept the same as the rows). */
#ifndef CRAWLER_SOURCES_PRIVATE_H
#define CRAWLER_SOURCES_PRIVATE_H

#include "crawler/frontier_private.h"
#include "crawler/sources.h"

#define SOURCE_ROWS_PAGE 1000 /* rows read in one call: a few ms of Redis's time */

extern const struct redis_script sources_read_script, sources_change_script, source_polls_script, source_site_script;

/* Fills *out from the reply of HGETALL; false when that is no source (no address in it). source_fini(). */
bool source_from_row(struct source *out, const char *name, const redisReply *fields);
/* Is it defined the same? Being paused and health are no part of that. */
bool source_same(const struct source *a, const struct source *b);
/* The same addresses to poll? */
bool source_same_polls(const struct source *a, const struct source *b);

/* Arguments of sources_change_script. */
void source_arg_put(struct args *a, const struct source *s);
void source_arg_remove(struct args *a, const char *name);

/* Fills in same_as of each. */
void source_merge(struct source **list, size_t count);

/* Adds to rows of source_list() what of them is polled for others: "shared". */
bool source_shares(redisContext *c, const char *prefix, json_t *all, struct error *err);

/* Checks name and address and fills in the id. */
bool source_check(struct source *s, struct error *err);

#endif
