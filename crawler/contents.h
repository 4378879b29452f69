/* contents.h - whole articles as feeds carry them (content:encoded), for pages that are blocked: what was read again from a feed is
 * kept for a few minutes, so that one reading serves all of its pages. In memory, at most CONTENTS_BYTES. */
#ifndef CRAWLER_CONTENTS_H
#define CRAWLER_CONTENTS_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENTS_BYTES ((size_t)4 << 20)
#define CONTENT_MAX    (256u << 10)       /* of one article */
#define CONTENT_TEXT_MIN 500              /* bytes to be read; with less it is no article but its beginning */
#define CONTENTS_KEPT_MS (5 * 60 * 1000)  /* a feed is not read again before; what it held is kept as long */

struct contents;

struct contents *contents_create(void);
void contents_destroy(struct contents *c); /* NULL is fine */

/* Is this HTML a whole article, by its length? */
bool contents_is_whole(const char *html);

/* Keeps html (taken over; NULL and what is larger than CONTENT_MAX is dropped) for the article. The oldest make room. */
void contents_put(struct contents *c, const struct id *article, char *html, int64_t now_mono_ms);
/* Takes it out: the caller frees it. NULL: not there. */
char *contents_take(struct contents *c, const struct id *article, int64_t now_mono_ms);

/* The feed was read just now. */
void contents_feed_read(struct contents *c, const char *feed, int64_t now_mono_ms);
/* Was it, less than CONTENTS_KEPT_MS ago? */
bool contents_feed_known(struct contents *c, const char *feed, int64_t now_mono_ms);

#endif
