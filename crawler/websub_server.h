/* websub_server.h - where hubs call us back: https://…/ID/TOKEN, ID being that of the feed's address. A thread and a Redis
 * connection of its own, no state: any worker's server answers for all.
 *
 *   GET   "do you want this?"           row known, token and topic right ──> the challenge back, lease noted
 *   POST  "the feed has something new"  signed with the row's secret     ──> the feed's poll is due; the content is not read */
#ifndef CRAWLER_WEBSUB_SERVER_H
#define CRAWLER_WEBSUB_SERVER_H

#include "base/error.h"
#include "config/config.h"
#include "pipeline/meta.h"

struct websub_server;

/* Both are borrowed. port: config's, 0 in tests: any. ERROR_LIMIT: somebody else has the port. */
struct websub_server *websub_server_start(const struct config *config, const struct meta *meta, int port, struct error *err);
int websub_server_port(const struct websub_server *s);
void websub_server_stop(struct websub_server *s); /* NULL is fine */

#endif
