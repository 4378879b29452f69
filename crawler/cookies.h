/* cookies.h - the cookies of one fetch. Sites set one and send the visitor round, to another host of theirs or back to the same
 * page; so cookies are kept (RFC 6265, 5.3 and 5.4) from one redirect to the next, and forgotten with the fetch. Not kept: Expires but
 * for cookies that are taken back by it, the order by length of path, a list of public suffixes: who sends a fetch beyond one
 * budget (visit.h) begins another with none. */
#ifndef CRAWLER_COOKIES_H
#define CRAWLER_COOKIES_H

#include "base/url.h"

#include <stddef.h>
#include <stdint.h>

#define COOKIES_MAX 32              /* of one fetch; further ones are not kept */
#define COOKIES_MAX_BYTES 4096      /* of one Set-Cookie line, and of the header sent: what does not fit is left out */

struct cookies {
    struct cookie *list; /* owned */
    size_t count;
};

/* Takes what an answer from `from` sets: the values of its Set-Cookie lines, parted by line feeds, or NULL. */
void cookies_take(struct cookies *c, const struct url *from, const char *lines, int64_t now_unix_s);

/* The value of the Cookie header of a request to `to`; NULL: none. The caller frees it. */
char *cookies_for(const struct cookies *c, const struct url *to);

void cookies_fini(struct cookies *c); /* a zeroed one is fine, and is one again afterwards */

#endif
