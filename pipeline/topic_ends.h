/* topic_ends.h - how far the topics reach, for commands that tell how far behind a consumer is. Blocking. */
#ifndef PIPELINE_TOPIC_ENDS_H
#define PIPELINE_TOPIC_ENDS_H

#include "base/error.h"
#include "config/config.h"
#include "pipeline/stream.h"

#include <stddef.h>
#include <stdint.h>

/* Of each partition 0 … count - 1 of a topic over Kafka: offset of the first record kept, and of the next that will be
 * written. ERROR_TRANSIENT when no broker answers within 5 s. */
struct topic_ends;
struct topic_ends *topic_ends_open(const struct config *config, struct error *err);
bool topic_ends_read(struct topic_ends *t, enum topic topic, int32_t partition, int64_t *first, int64_t *end, struct error *err);
void topic_ends_close(struct topic_ends *t); /* NULL is fine */

#endif
