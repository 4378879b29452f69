/* frontier_state.h - what the frontier in Redis holds, for questions: read from outside, changing nothing, blocking. */
#ifndef PIPELINE_FRONTIER_STATE_H
#define PIPELINE_FRONTIER_STATE_H

#include "base/error.h"
#include "base/hash.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

bool frontier_now(redisContext *c, int64_t *now_ms, struct error *err); /* Redis's clock, Unix milliseconds */

/* {"now" (Redis's clock, Unix ms), "partitions", "held", "workers": [{"name", "seen_at", "partitions"}], "open": {"queued",
 * "fetching", "on_its_way"}, "scheduled" (tries and re-checks to come), "polls", "polls_due", "hosts", "hosts_backing_off", "seen"}.
 * dead_ms: a worker that said nothing for so long is left out. NULL with the reason. */
json_t *frontier_state(redisContext *c, const char *prefix, int partitions, int64_t dead_ms, struct error *err);

/* An array of {"host", "partition", "next_allowed_at", "delay_ms" (asked for by its robots.txt), "back_off" (level), "busy",
 * "capped", "urgent", "queued"}: politeness as it is kept for each budget. budget NULL: of all partitions, else of the one
 * given. NULL with the reason. */
json_t *frontier_hosts(redisContext *c, const char *prefix, int partitions, int partition, const char *budget, struct error *err);

/* What the frontier knows of one URL: {"now", "seen": bool, "open": {"stage", "opened_at", "source"}, "recheck_at", "retry_at",
 * "worker" (that holds its partition), "extracting" (the worker that has its page), "canonical_of" (the id that is published
 * under it)}; what there is not is left out. partition: the URL's. NULL with the reason. */
json_t *frontier_url(redisContext *c, const char *prefix, int partition, const struct id *id, struct error *err);

#endif
