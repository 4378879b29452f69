/* websub.h - feeds that say through a hub when they have something new (W3C WebSub): subscribing, renewing. Off unless
 * websub.public_url is set. A push only makes the feed due; its content is never trusted, and polls go on as scheduled.
 *
 *   a poll reads a feed that names a hub ──> one worker asks the hub ──> the hub asks websub_server back ──> pushes
 *
 * Belongs to the loop. */
#ifndef CRAWLER_WEBSUB_H
#define CRAWLER_WEBSUB_H

#include "crawler/crawl.h"
#include "pipeline/redis.h"

struct websub;

/* NULL: it is off, or, with a public_url, err says why not. port: as websub_server_start(). */
struct websub *websub_create(struct crawl *c, struct redis *r, int port, struct error *err);
void websub_destroy(struct websub *w); /* stops the server and what is asked; before the fetcher and redis_close(). NULL is fine */
int websub_port(const struct websub *w); /* 0: another process has it, for now */

/* A feed was read whose poll this is. topic: where it says it lives, NULL: the poll's address. */
void websub_seen(struct websub *w, const struct claim *poll, const char *hub, const char *topic);

/* The first address of a Link header (RFC 8288) with this rel, absolute; NULL: none. The caller frees it. */
char *websub_link(const char *header, const char *rel, const char *base);

#endif
