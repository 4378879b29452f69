/* door.h - the topic `requests`: URLs that somebody outside asks for. Any crawler queues them in the frontier; the position
 * moves past a record only after its discover has replied.
 *
 *   {"url": "https://…", "source": "name"}   source may be left out: the registrable domain is taken
 *
 * What was asked for is fetched though it was seen before, and before what its host has waiting. A record that is no such
 * request is an event and a dead letter. */
#ifndef CRAWLER_DOOR_H
#define CRAWLER_DOOR_H

#include "crawler/crawl.h"
#include "pipeline/redis.h"

struct door;

struct door *door_create(struct crawl *c, struct stream *s, struct redis *r, void (*on_fatal)(void *arg, const struct error *err),
                         void *arg, struct error *err);
void door_destroy(struct door *d); /* before the redis connection; NULL is fine */
/* What the connection says, passed on. */
void door_redis_up(struct door *d);
void door_redis_down(struct door *d);
void door_redis_changed(struct door *d);
void door_drain(struct door *d, void (*done)(void *arg), void *arg);
bool door_ready(const struct door *d);

#endif
