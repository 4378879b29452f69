/* stream.h - how stages hand records on. Two drivers with one contract: `kafka` (librdkafka) and `local` (in this process,
 * bounded). No stage knows which one it has.
 *
 *   producer_send() ──> topic/partition ──> consumer's on_record() ──> consumer_done(offset) ──> position stored
 *         └── on_delivery(): this record survives a kill
 *
 * A producer or consumer belongs to one libuv loop: everything is called from, and calls back on, that loop's thread.
 * In `local` a delivery is reported when the consumer has stored its position past the record (events and dead letters:
 * when appended to their file). In `kafka` when all in-sync replicas have it. Delivery of one producer to one partition
 * keeps order. The positions themselves live in Redis, beside the effects: the consumer asks for them through
 * on_assigned() and starts there; Kafka's committed offset is for lag tools only. */
#ifndef PIPELINE_STREAM_H
#define PIPELINE_STREAM_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum topic { TOPIC_REQUESTS, TOPIC_PAGES, TOPIC_ARTICLES, TOPIC_EVENTS, TOPIC_DEADLETTERS, TOPIC_COUNT };

struct header {
    const char *name;
    const void *value; /* not NUL-terminated */
    size_t len;
};

struct record {
    enum topic topic;
    int32_t partition;
    int64_t offset;       /* meaningless on sending */
    int64_t timestamp_ms; /* Unix time; on sending 0 = now */
    const void *key;
    size_t key_len;
    const void *value;    /* NULL: a tombstone */
    size_t value_len;
    const struct header *headers;
    size_t header_count;
};

/* The value of the first header of that name, or NULL; lent. */
const struct header *record_header(const struct record *r, const char *name);

struct stream; /* one driver instance */

struct stream *stream_kafka_create(const struct config *config, const char *client_id, struct error *err);
/* Events and dead letters are appended below state_dir. */
struct stream *stream_local_create(const struct config *config, const char *state_dir, struct error *err);
void stream_destroy(struct stream *s); /* after its producers and consumers */
bool stream_is_local(const struct stream *s);
int32_t stream_partitions(const struct stream *s, enum topic topic);
/* Which partition a key goes to: murmur2 as Java's default partitioner; the same in both drivers. */
int32_t stream_partition_of(const struct stream *s, enum topic topic, const void *key, size_t key_len);
const char *topic_name(enum topic topic); /* "pages" */
const char *stream_topic_name(const struct stream *s, enum topic topic); /* as others see it: "tidings.pages.v1"; local: "pages" */

/* --- sending --- */

struct producer;

/* ok: err is NULL. Else ERROR_INVALID: this record itself can never be sent (dead letter). Outages are not reported: the
 * producer waits. What this process cannot go on from is told to producer_on_fatal(), and no record is reported with it. */
typedef void producer_delivery_fn(void *arg, const struct record *r, const struct error *err);

struct producer *producer_create(struct stream *s, uv_loop_t *loop, struct error *err);
void producer_destroy(struct producer *p); /* undelivered records are dropped (their callbacks are not called) and counted */

/* Copies r and queues it; partition is chosen by the key. on_delivery may be NULL (events). Returns false with ERROR_LIMIT
 * when the bounded queue is full (nothing was queued; try again from on_space), ERROR_INVALID when r can never be sent,
 * ERROR_SYSTEM when the process is to end (on_fatal is called from the loop). */
bool producer_send(struct producer *p, const struct record *r, producer_delivery_fn *on_delivery, void *arg, struct error *err);
/* Called when a full queue has room again. */
void producer_on_space(struct producer *p, void (*on_space)(void *arg), void *arg);
/* Called once, when this process must end: a fatal client error, a topic that is not there or not allowed. */
void producer_on_fatal(struct producer *p, void (*on_fatal)(void *arg, const struct error *err), void *arg);
size_t producer_queued(const struct producer *p);      /* records without a delivery report */
size_t producer_queued_bytes(const struct producer *p);
bool producer_reachable(const struct producer *p);     /* false while no broker answers */

/* --- receiving --- */

struct consumer;

struct consumer_callbacks {
    /* These partitions are ours from now on; records flow after consumer_start() for each. */
    void (*on_assigned)(void *arg, const int32_t *partitions, size_t count);
    /* They are being taken away: finish what is in work, then call consumer_revoked(). lost: somebody else may have them
     * already, so store nothing. At most 20 s. */
    void (*on_revoked)(void *arg, const int32_t *partitions, size_t count, bool lost);
    /* One record, in offset order within a partition. It stays valid until record_release(). */
    void (*on_record)(void *arg, struct record *r);
    /* The process must end (fatal client error, fenced). */
    void (*on_fatal)(void *arg, const struct error *err);
    void *arg;
};

/* group: the consumer group's name without prefix ("extractor"). In `local` a topic has exactly one consumer. */
struct consumer *consumer_create(struct stream *s, uv_loop_t *loop, enum topic topic, const char *group,
                                 const struct consumer_callbacks *callbacks, struct error *err);
/* Starts (or, when called again, restarts) reading partition at offset: the next record to read; -1 = the beginning. Where
 * the offset no longer exists, reading starts at the first one kept. */
void consumer_start(struct consumer *c, int32_t partition, int64_t offset);
void consumer_revoked(struct consumer *c); /* answers on_revoked() */
/* Stops and resumes delivery of one partition: the back-pressure. A record already handed over is not taken back. */
void consumer_pause(struct consumer *c, int32_t partition);
void consumer_resume(struct consumer *c, int32_t partition);
/* All records of partition below offset have had their effect, and the position in Redis says so. */
void consumer_done(struct consumer *c, int32_t partition, int64_t offset);
bool consumer_ready(const struct consumer *c);   /* has an assignment, possibly an empty one */
int64_t consumer_lag(const struct consumer *c);  /* records not yet done, over all its partitions; -1 = unknown */
/* Leaves the group; on_closed is called once, within 5 s. consumer_destroy() may follow from there. */
void consumer_close(struct consumer *c, void (*on_closed)(void *arg), void *arg);
void consumer_destroy(struct consumer *c);
void record_release(struct record *r); /* records from on_record() only */

#endif
