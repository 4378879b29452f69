/* redis_check.h - compares a Redis with what the promises need of it: `tidings check`. */
#ifndef PIPELINE_REDIS_CHECK_H
#define PIPELINE_REDIS_CHECK_H

#include "base/error.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>

/* {"version", "used_memory", "maxmemory", "policy", "append_only", "problems": [text], "warnings": [text]}: each text says what is
 * found and what to change. frontier: its keys must outlast everything; else it is the cache. NULL when it does not answer. */
json_t *redis_check(redisContext *c, bool frontier, struct error *err);

#endif
