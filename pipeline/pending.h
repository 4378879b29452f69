/* pending.h - is there anything left to do, and when is the next poll: asked of the frontier in Redis, from outside. */
#ifndef PIPELINE_PENDING_H
#define PIPELINE_PENDING_H

#include "base/error.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pending {
    int64_t open;         /* requests without an outcome */
    int64_t polls_due;    /* polls of active sources that are due, or out */
    int64_t unpolled;     /* active sources without an answered poll since since_ms */
    int64_t unread;       /* of the others: whose last poll failed */
    char unread_name[80]; /* one of them */
};

/* sources: the rows of source_list(); each that has a poll to come gets "next_poll_at" (Unix milliseconds). since_ms: Redis's
 * clock. poll_now: make all polls due first. Blocking. */
bool pending_read(redisContext *c, const char *prefix, int partitions, int64_t since_ms, bool poll_now, json_t *sources,
                  struct pending *out, struct error *err);

#endif
