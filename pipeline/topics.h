/* topics.h - the one table of topics. `tidings topics create` makes them from it, a role's start compares the broker with
 * it, both drivers take their limits from it, and a test compares docs/asyncapi.yaml with it. */
#ifndef PIPELINE_TOPICS_H
#define PIPELINE_TOPICS_H

#include "base/error.h"
#include "config/config.h"
#include "pipeline/stream.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define TOPIC_NAME_MAX 128
#define TOPIC_REPLICAS 3 /* or the number of brokers, if that is less */

struct topic_spec {
    const char *name;             /* "pages" */
    int32_t partitions;
    bool compacted;               /* partitions never change: a key would move away from its older values */
    const char *cleanup;          /* cleanup.policy */
    int64_t retention_ms;
    int64_t compaction_lag_ms;    /* min.compaction.lag.ms; 0 = not compacted */
    int64_t delete_retention_ms;  /* delete.retention.ms; 0 = not compacted */
    int64_t segment_ms;
    int32_t max_message_bytes;    /* of a batch, and so of a record with key and headers */
    const char *codec;            /* compression by the producer */
};

const struct topic_spec *topic_spec(enum topic topic);
/* "PREFIX.pages.v1" */
void topic_full_name(const char *prefix, enum topic topic, char out[TOPIC_NAME_MAX]);
bool topic_find(const char *name, enum topic *out); /* by its short name */

/* All of these are blocking, for start-up and commands; ERROR_TRANSIENT when no broker answers within 10 s. */

/* Makes what is missing; what exists is left as it is. Returns an array of {"topic", "created": bool}; NULL with the reason. */
json_t *topics_create(const struct config *config, struct error *err);

/* An array of {"topic", "exists", "partitions", "replicas", "config": {name: value}, "problems": [text], "warnings": [text]}:
 * problems stop a role, warnings do not. NULL with the reason. */
json_t *topics_describe(const struct config *config, struct error *err);

/* False with ERROR_SYSTEM and the first problem in words when a topic is missing or its limits are below the table's. */
bool topics_check(const struct config *config, struct error *err);

#endif
