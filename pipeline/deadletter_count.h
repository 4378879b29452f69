/* deadletter_count.h - how many dead letters each stage has made, by day: for `ledger` and `status`, which do not read the topic.
 * A hash of counters a day on the frontier's server, key_deadletters(), fields STAGE:REASON, kept as long as the letters. */
#ifndef PIPELINE_DEADLETTER_COUNT_H
#define PIPELINE_DEADLETTER_COUNT_H

#include "pipeline/redis.h"

#include <jansson.h>

#define DEADLETTER_DAYS 30 /* the retention of the topic */

/* Counts one that was delivered; before its record's position moves, so that a kill between sends it and counts it once more. r NULL:
 * nothing is counted. */
void deadletter_count(struct redis *r, const char *prefix, const char *stage, const char *reason);

/* {"STAGE:REASON": n} of one day (UTC, "2026-11-25"), or of the last DEADLETTER_DAYS before now_ms where day is NULL. For commands:
 * blocking. NULL with the reason. */
json_t *deadletter_counts(redisContext *c, const char *prefix, const char *day, int64_t now_ms, struct error *err);

#endif
