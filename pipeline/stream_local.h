/* stream_local.h - the parts of the local driver to each other. Private to pipeline/stream_local*.c. */
#ifndef PIPELINE_STREAM_LOCAL_H
#define PIPELINE_STREAM_LOCAL_H

#include "pipeline/stream_driver.h"
#include "pipeline/stream_log.h"

#include <pthread.h>

struct local_producer;

/* One record that is not yet done (or, in a file's topic, not yet appended). */
struct entry {
    struct entry *next;
    struct local_producer *producer; /* NULL: gone, nobody waits for the report */
    producer_delivery_fn *on_delivery;
    void *arg;
    size_t bytes;
    struct record *record; /* owned */
};

struct entries {
    struct entry *first, *last;
    size_t count;
};

struct partition {
    struct entries kept;      /* in order; the first has the offset base */
    struct entry *cursor;     /* the next to hand out; NULL = the end */
    int64_t base, next;       /* next: the cursor's offset */
    bool numbered, started, paused;
};

struct memory_topic { /* requests, pages, articles */
    struct partition *partitions;
    int32_t count;
    size_t bytes, records;    /* kept */
};

struct file_topic { /* events, deadletters: one partition */
    struct stream_log *log;   /* NULL: not a file's topic */
    pthread_mutex_t lock;     /* of what follows, held while appending; taken before the stream's */
    struct entries waiting;   /* could not be appended yet: the disk is full */
    size_t waiting_bytes;
    int64_t warned_at_ms;
};

struct local_stream {
    struct stream base;
    char *state_dir;
    struct file_topic files[TOPIC_COUNT];
    pthread_mutex_t lock;               /* of all that follows */
    struct memory_topic memory[TOPIC_COUNT];
    struct local_producer *producers;   /* a list */
    uv_async_t *consumers[TOPIC_COUNT]; /* wakes the topic's consumer; NULL = none */
};

void entries_put(struct entries *list, struct entry *e);
struct entry *entries_take(struct entries *list);
void entry_free(struct entry *e);

/* The stream's lock is held. */
void local_wake_consumer(struct local_stream *s, enum topic topic);
void local_deliver(struct entry *e); /* hands e to its producer's loop, or frees it */
void local_offer_space(struct local_stream *s, enum topic topic);

/* What both consumers begin with: their turns on the loop, and the end. stream_local_turn.c */
struct local_consumer {
    struct consumer base;
    const struct local_consumer_kind *kind;
    struct local_stream *stream; /* borrowed */
    enum topic topic;
    struct consumer_callbacks callbacks;
    bool assigned, closing, destroyed, in_turn;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
    uv_async_t async;
};

struct local_consumer_kind {
    struct record *(*take)(struct local_consumer *c); /* the next one to hand out; NULL: none now */
    void (*release)(struct local_consumer *c);        /* what it holds beside the structure */
};

/* c lies at the beginning of a zeroed allocation, which local_consumer_destroy() ends. */
void local_consumer_init(struct local_consumer *c, struct local_stream *s, uv_loop_t *loop, enum topic topic,
                         const struct consumer_callbacks *callbacks, const struct consumer_driver *driver,
                         const struct local_consumer_kind *kind);
void local_consumer_wake(struct local_consumer *c);
/* Of struct consumer_driver. */
void local_consumer_revoked(struct consumer *base);
bool local_consumer_ready(const struct consumer *base);
void local_consumer_close(struct consumer *base, void (*on_closed)(void *arg), void *arg);
void local_consumer_destroy(struct consumer *base);

struct producer *local_producer_create(struct stream *s, uv_loop_t *loop, struct error *err);
struct consumer *local_memory_consumer_create(struct local_stream *s, uv_loop_t *loop, enum topic topic,
                                              const struct consumer_callbacks *callbacks);
struct consumer *local_file_consumer_create(struct local_stream *s, uv_loop_t *loop, enum topic topic,
                                            const struct consumer_callbacks *callbacks);

#endif
