/* opml.h - lists of feeds as feed readers exchange them (OPML 2.0, http://opml.org/spec2.opml), and sources.
 *
 * Each feed is an outline of type rss with xmlUrl and htmlUrl; a source whose feeds are found is one of type link with url.
 * What OPML has no word for (name, backfill …) stands in attributes of our own namespace, which other programs leave alone. */
#ifndef CRAWLER_OPML_H
#define CRAWLER_OPML_H

#include "base/buffer.h"
#include "base/error.h"
#include "crawler/sources.h"

#include <stddef.h>

#define OPML_SOURCES_MAX 100000

/* Reads bytes of any declared charset. Feeds of one site are one source, up to CONFIG_LIST_MAX of them. name is NULL where
 * the list is not ours. The caller frees the list and each source in it (source_fini()). ERROR_INVALID: no outline in it leads
 * to a site; ERROR_LIMIT. */
bool opml_read(const char *bytes, size_t len, struct source **list, size_t *count, struct error *err);

/* rows: as source_list() gives them. */
void opml_write(const json_t *rows, struct buffer *out);

#endif
