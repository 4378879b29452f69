/* stream_local_producer.c - sending in the local driver: into a queue in memory, or onto the end of a file. */
#include "pipeline/stream_local.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/topics.h"

#include <stdlib.h>

#define QUEUE_MAX_RECORDS 20000
#define WAITING_MAX_BYTES (8 << 20) /* for a disk that is full */
#define RETRY_MS 1000
#define WARN_EVERY_MS 60000

struct local_producer {
    struct producer base;
    struct local_stream *stream;   /* borrowed */
    struct local_producer *next;   /* in the stream's list */
    struct entries delivered;      /* by the stream's lock: to be reported on our loop */
    unsigned refused;              /* by the stream's lock: topics, as bits, of whose space it wants to hear */
    bool space;                    /* by the stream's lock: there is some */
    bool failing;                  /* a file could not be appended to */
    size_t queued, queued_bytes;   /* the loop's */
    void (*on_space)(void *arg);
    void *on_space_arg;
    uv_async_t async;
    uv_timer_t retry;
    int open; /* handles */
};

/* --- what other loops tell us --- */

void local_deliver(struct entry *e)
{
    if (!e->producer) {
        entry_free(e);
        return;
    }
    entries_put(&e->producer->delivered, e);
    uv_async_send(&e->producer->async);
}

/* Of this topic alone: who waits for it may be the one who would empty another. */
void local_offer_space(struct local_stream *s, enum topic topic)
{
    const struct memory_topic *m = &s->memory[topic];
    if (m->bytes > s->base.queue_max_bytes / 4 * 3 || m->records > QUEUE_MAX_RECORDS / 4 * 3)
        return;
    for (struct local_producer *p = s->producers; p; p = p->next)
        if (p->refused & 1u << topic) {
            p->refused &= ~(1u << topic);
            p->space = true;
            uv_async_send(&p->async);
        }
}

static void on_async(uv_async_t *async)
{
    struct local_producer *p = async->data;
    struct local_stream *s = p->stream;
    struct entry *e;
    pthread_mutex_lock(&s->lock);
    struct entries list = p->delivered;
    p->delivered = (struct entries){ 0 };
    bool space = p->space;
    p->space = false;
    pthread_mutex_unlock(&s->lock);
    while ((e = entries_take(&list))) {
        p->queued--;
        p->queued_bytes -= e->bytes;
        stream_count_left(e->record->topic, e->bytes, true);
        if (e->on_delivery && p->open > 0 && !uv_is_closing((uv_handle_t *)async))
            e->on_delivery(e->arg, e->record, NULL);
        entry_free(e);
    }
    if (space && p->on_space && !uv_is_closing((uv_handle_t *)async))
        p->on_space(p->on_space_arg);
}

/* --- files --- */

/* Appends what waits, in order; f->lock is held. */
static bool append_waiting(struct local_stream *s, enum topic topic, struct error *err)
{
    struct file_topic *f = &s->files[topic];
    while (f->waiting.first) {
        if (!stream_log_append(f->log, f->waiting.first->record, err))
            return false;
        struct entry *e = entries_take(&f->waiting);
        f->waiting_bytes -= e->bytes;
        pthread_mutex_lock(&s->lock);
        local_deliver(e);
        local_wake_consumer(s, topic);
        if (!f->waiting.first)
            local_offer_space(s, topic);
        pthread_mutex_unlock(&s->lock);
    }
    return true;
}

static void on_retry(uv_timer_t *timer)
{
    struct local_producer *p = timer->data;
    bool failing = false;
    for (int t = 0; t < TOPIC_COUNT; t++) {
        struct file_topic *f = &p->stream->files[t];
        struct error err;
        if (!f->log)
            continue;
        pthread_mutex_lock(&f->lock);
        if (!append_waiting(p->stream, (enum topic)t, &err)) {
            failing = true;
            if (clock_mono_ms() - f->warned_at_ms > WARN_EVERY_MS) {
                f->warned_at_ms = clock_mono_ms();
                log_error("records wait for the disk topic=%s count=%zu reason=%s", topic_name((enum topic)t), f->waiting.count,
                          log_quote(err.message));
            }
        }
        pthread_mutex_unlock(&f->lock);
    }
    p->failing = failing;
    if (!failing)
        uv_timer_stop(&p->retry);
}

/* Behind what waits already, if anything does. f->lock is held. */
static bool append_or_wait(struct local_producer *p, struct entry *e, struct error *err)
{
    struct local_stream *s = p->stream;
    enum topic topic = e->record->topic;
    struct file_topic *f = &s->files[topic];
    if (!f->waiting.first && stream_log_append(f->log, e->record, err)) {
        pthread_mutex_lock(&s->lock);
        local_deliver(e);
        local_wake_consumer(s, topic);
        pthread_mutex_unlock(&s->lock);
        return true;
    }
    if (f->waiting_bytes + e->bytes > WAITING_MAX_BYTES) {
        pthread_mutex_lock(&s->lock);
        p->refused |= 1u << topic;
        pthread_mutex_unlock(&s->lock);
        return error_set(err, ERROR_LIMIT, "%s: %zu records wait for the disk", topic_name(topic), f->waiting.count);
    }
    entries_put(&f->waiting, e);
    f->waiting_bytes += e->bytes;
    p->failing = true;
    if (!uv_is_active((uv_handle_t *)&p->retry))
        uv_timer_start(&p->retry, on_retry, 0, RETRY_MS);
    return true;
}

static bool send_to_file(struct local_producer *p, struct entry *e, struct error *err)
{
    struct file_topic *f = &p->stream->files[e->record->topic];
    p->queued++; /* before it can be reported */
    p->queued_bytes += e->bytes;
    pthread_mutex_lock(&f->lock);
    bool ok = append_or_wait(p, e, err);
    pthread_mutex_unlock(&f->lock);
    if (ok)
        return true;
    p->queued--;
    p->queued_bytes -= e->bytes;
    entry_free(e);
    return false;
}

/* --- memory --- */

static bool send_to_memory(struct local_producer *p, struct entry *e, int32_t partition, struct error *err)
{
    struct local_stream *s = p->stream;
    enum topic topic = e->record->topic;
    struct memory_topic *m = &s->memory[topic];
    struct partition *q = &m->partitions[partition];
    pthread_mutex_lock(&s->lock);
    size_t records = m->records, bytes = m->bytes;
    bool full = records > 0 && (bytes + e->bytes > s->base.queue_max_bytes || records >= QUEUE_MAX_RECORDS);
    if (full)
        p->refused |= 1u << topic;
    else {
        entries_put(&q->kept, e);
        if (!q->cursor)
            q->cursor = e;
        m->records++;
        m->bytes += e->bytes;
        p->queued++;
        p->queued_bytes += e->bytes;
        local_wake_consumer(s, topic);
    }
    pthread_mutex_unlock(&s->lock);
    if (!full)
        return true;
    entry_free(e);
    return error_set(err, ERROR_LIMIT, "%s: %zu records of %zu bytes wait for their consumer: the queue is full", topic_name(topic),
                     records, bytes);
}

/* --- the interface --- */

static bool send_record(struct producer *base, const struct record *r, int32_t partition, producer_delivery_fn *on_delivery,
                        void *arg, struct error *err)
{
    struct local_producer *p = (struct local_producer *)base;
    struct entry *e = xcalloc(1, sizeof(*e));
    *e = (struct entry){ .producer = p, .on_delivery = on_delivery, .arg = arg, .bytes = record_bytes(r), .record = record_copy(r) };
    e->record->partition = partition;
    if (!e->record->timestamp_ms)
        e->record->timestamp_ms = clock_unix_ms();
    return p->stream->files[r->topic].log ? send_to_file(p, e, err) : send_to_memory(p, e, partition, err);
}

static void on_space(struct producer *base, void (*fn)(void *arg), void *arg)
{
    struct local_producer *p = (struct local_producer *)base;
    p->on_space = fn;
    p->on_space_arg = arg;
}

static size_t queued(const struct producer *base)
{
    return ((const struct local_producer *)base)->queued;
}

static size_t queued_bytes(const struct producer *base)
{
    return ((const struct local_producer *)base)->queued_bytes;
}

static bool reachable(const struct producer *base)
{
    return !((const struct local_producer *)base)->failing;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct local_producer *p = handle->data;
    if (--p->open == 0)
        free(p);
}

static void forget(struct entries *list, const struct local_producer *p)
{
    for (struct entry *e = list->first; e; e = e->next)
        if (e->producer == p) {
            stream_count_left(e->record->topic, e->bytes, false);
            e->producer = NULL;
        }
}

static void destroy(struct producer *base)
{
    struct local_producer *p = (struct local_producer *)base, **at;
    struct local_stream *s = p->stream;
    struct entry *e;
    for (int t = 0; t < TOPIC_COUNT; t++) {
        pthread_mutex_lock(&s->files[t].lock);
        forget(&s->files[t].waiting, p);
        pthread_mutex_unlock(&s->files[t].lock);
    }
    pthread_mutex_lock(&s->lock);
    for (int t = 0; t < TOPIC_COUNT; t++)
        for (int32_t i = 0; i < s->memory[t].count; i++)
            forget(&s->memory[t].partitions[i].kept, p);
    for (at = &s->producers; *at != p; at = &(*at)->next)
        ;
    *at = p->next;
    while ((e = entries_take(&p->delivered))) {
        stream_count_left(e->record->topic, e->bytes, true);
        entry_free(e);
    }
    pthread_mutex_unlock(&s->lock);
    uv_close((uv_handle_t *)&p->async, on_handle_closed);
    uv_close((uv_handle_t *)&p->retry, on_handle_closed);
}

struct producer *local_producer_create(struct stream *s, uv_loop_t *loop, struct error *err)
{
    static const struct producer_driver driver = { destroy, send_record, on_space, queued, queued_bytes, reachable };
    struct local_producer *p = xcalloc(1, sizeof(*p));
    int rc = uv_async_init(loop, &p->async, on_async);
    if (rc != 0) {
        error_set(err, ERROR_SYSTEM, "uv_async_init: %s", uv_strerror(rc));
        free(p);
        return NULL;
    }
    uv_timer_init(loop, &p->retry);
    p->base.driver = &driver;
    p->stream = (struct local_stream *)s;
    p->async.data = p->retry.data = p;
    p->open = 2;
    pthread_mutex_lock(&p->stream->lock);
    p->next = p->stream->producers;
    p->stream->producers = p;
    pthread_mutex_unlock(&p->stream->lock);
    return &p->base;
}
