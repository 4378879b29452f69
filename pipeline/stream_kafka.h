/* stream_kafka.h - the parts of the kafka driver to each other. Private to pipeline/stream_kafka*.c. */
#ifndef PIPELINE_STREAM_KAFKA_H
#define PIPELINE_STREAM_KAFKA_H

#include "pipeline/kafka_client.h"
#include "pipeline/stream_driver.h"
#include "pipeline/topics.h"

struct kafka_stream {
    struct stream base;
    const struct config *config; /* borrowed */
    char *client_id;             /* owned */
    char names[TOPIC_COUNT][TOPIC_NAME_MAX];
};

struct producer *kafka_producer_create(struct stream *s, uv_loop_t *loop, struct error *err);
struct consumer *kafka_consumer_create(struct stream *s, uv_loop_t *loop, enum topic topic, const char *group,
                                       const struct consumer_callbacks *callbacks, struct error *err);
/* Fills r from m, lent by m; headers are put into *headers, which the caller frees. */
void kafka_record_of(const rd_kafka_message_t *m, enum topic topic, struct record *r, struct header **headers);

#endif
