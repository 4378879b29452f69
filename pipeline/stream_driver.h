/* stream_driver.h - what a driver of stream.h implements. Private to pipeline/stream*.c and pipeline/kafka*.c: a driver's
 * stream, producer and consumer begin with these structures. */
#ifndef PIPELINE_STREAM_DRIVER_H
#define PIPELINE_STREAM_DRIVER_H

#include "pipeline/stream.h"

struct stream_driver {
    void (*destroy)(struct stream *s);
    int32_t (*partitions)(const struct stream *s, enum topic topic);
    const char *(*name)(const struct stream *s, enum topic topic);
    struct producer *(*producer_create)(struct stream *s, uv_loop_t *loop, struct error *err);
    struct consumer *(*consumer_create)(struct stream *s, uv_loop_t *loop, enum topic topic, const char *group,
                                        const struct consumer_callbacks *callbacks, struct error *err);
};

struct producer_driver {
    void (*destroy)(struct producer *p);
    /* r is within the topic's limits; partition is chosen. */
    bool (*send)(struct producer *p, const struct record *r, int32_t partition, producer_delivery_fn *on_delivery, void *arg,
                 struct error *err);
    void (*on_space)(struct producer *p, void (*on_space)(void *arg), void *arg);
    size_t (*queued)(const struct producer *p);
    size_t (*queued_bytes)(const struct producer *p);
    bool (*reachable)(const struct producer *p);
};

struct consumer_driver {
    void (*start)(struct consumer *c, int32_t partition, int64_t offset);
    void (*revoked)(struct consumer *c);
    void (*pause)(struct consumer *c, int32_t partition);
    void (*resume)(struct consumer *c, int32_t partition);
    void (*done)(struct consumer *c, int32_t partition, int64_t offset);
    bool (*ready)(const struct consumer *c);
    int64_t (*lag)(const struct consumer *c);
    void (*close)(struct consumer *c, void (*on_closed)(void *arg), void *arg);
    void (*destroy)(struct consumer *c);
};

struct stream {
    const struct stream_driver *driver;
    size_t queue_max_bytes; /* of a producer (kafka), of a topic (local) */
    bool local;
};

struct producer {
    const struct producer_driver *driver;
    struct stream *stream;
    void (*on_fatal)(void *arg, const struct error *err); /* may be NULL */
    void *on_fatal_arg;
    uint32_t turn; /* records without a key go round the partitions */
};

struct consumer {
    const struct consumer_driver *driver;
};

/* A record handed to a consumer: it and all it points to are one allocation, so that it outlives the driver's buffers. */
struct record *record_copy(const struct record *r);
/* Java's default partitioner. */
int32_t partition_of_key(const void *key, size_t key_len, int32_t partitions);
/* Bytes of key, value and headers, with what Kafka's format adds at most. */
size_t record_bytes(const struct record *r);

/* For the drivers: a record that was sent leaves its producer's queue; one is handed to on_record(). */
void stream_count_left(enum topic topic, size_t bytes, bool delivered);
void stream_count_received(enum topic topic);

/* What one queue may hold of the process's budget for bodies: a producer's, a topic's, what a consumer fetches ahead. */
size_t stream_share(const struct config *config);

#define CONSUMER_REVOKE_LIMIT_MS 20000
#define CONSUMER_CLOSE_LIMIT_MS 5000

#endif
