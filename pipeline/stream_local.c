/* stream_local.c - the local driver: one process, loops on different threads, nothing between them but a lock and uv_async.
 *
 *   producer_send() ─copy─> partition: [done … | handed out … | cursor … ] ─copy─> on_record()
 *        on_delivery() <──uv_async── consumer_done(offset): the position is stored, the records leave the queue
 *
 * requests, pages and articles are queues in memory: a record stays until its consumer has stored the position past it, so
 * what a kill -9 takes was never reported as delivered, and is fetched again. Offsets begin at the position that the first
 * consumer_start() names. events and deadletters are files (stream_log.h), delivered once appended.
 *
 * stream_local.c: the stream; stream_local_producer.c; stream_local_consumer.c: queues; stream_local_file.c: files;
 * stream_local_turn.c: what these two share. */
#include "pipeline/stream_local.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/topics.h"

#include <assert.h>
#include <stdlib.h>

void entries_put(struct entries *list, struct entry *e)
{
    e->next = NULL;
    if (list->last)
        list->last->next = e;
    else
        list->first = e;
    list->last = e;
    list->count++;
}

struct entry *entries_take(struct entries *list)
{
    struct entry *e = list->first;
    if (!e)
        return NULL;
    list->first = e->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    e->next = NULL;
    return e;
}

void entry_free(struct entry *e)
{
    record_release(e->record);
    free(e);
}

void local_wake_consumer(struct local_stream *s, enum topic topic)
{
    if (s->consumers[topic])
        uv_async_send(s->consumers[topic]);
}

static bool in_file(enum topic topic)
{
    return topic == TOPIC_EVENTS || topic == TOPIC_DEADLETTERS;
}

static void free_all(struct entries *list)
{
    struct entry *e;
    while ((e = entries_take(list)))
        entry_free(e);
}

static void destroy_file(struct file_topic *f, enum topic topic)
{
    if (f->waiting.count)
        log_error("records lost because they could not be appended topic=%s count=%zu", topic_name(topic), f->waiting.count);
    free_all(&f->waiting);
    stream_log_close(f->log);
    pthread_mutex_destroy(&f->lock);
}

static void destroy(struct stream *base)
{
    struct local_stream *s = (struct local_stream *)base;
    assert(!s->producers);
    for (int t = 0; t < TOPIC_COUNT; t++) {
        assert(!s->consumers[t]);
        for (int32_t i = 0; i < s->memory[t].count; i++)
            free_all(&s->memory[t].partitions[i].kept);
        free(s->memory[t].partitions);
        destroy_file(&s->files[t], (enum topic)t);
    }
    pthread_mutex_destroy(&s->lock);
    free(s->state_dir);
    free(s);
}

static int32_t partitions(const struct stream *s, enum topic topic)
{
    (void)s;
    return in_file(topic) ? 1 : topic_spec(topic)->partitions;
}

static const char *name(const struct stream *s, enum topic topic)
{
    (void)s;
    return topic_name(topic);
}

static struct consumer *consumer(struct stream *base, uv_loop_t *loop, enum topic topic, const char *group,
                                 const struct consumer_callbacks *callbacks, struct error *err)
{
    struct local_stream *s = (struct local_stream *)base;
    (void)group;
    pthread_mutex_lock(&s->lock);
    bool taken = s->consumers[topic] != NULL;
    pthread_mutex_unlock(&s->lock);
    if (taken) {
        error_set(err, ERROR_SYSTEM, "%s: a local stream has one consumer a topic", topic_name(topic));
        return NULL;
    }
    return in_file(topic) ? local_file_consumer_create(s, loop, topic, callbacks)
                          : local_memory_consumer_create(s, loop, topic, callbacks);
}

static bool open_topic(struct local_stream *s, enum topic topic, struct error *err)
{
    struct memory_topic *m = &s->memory[topic];
    pthread_mutex_init(&s->files[topic].lock, NULL);
    if (in_file(topic))
        return (s->files[topic].log = stream_log_open(s->state_dir, topic, err)) != NULL;
    m->count = partitions(&s->base, topic);
    m->partitions = xcalloc((size_t)m->count, sizeof(*m->partitions));
    return true;
}

struct stream *stream_local_create(const struct config *config, const char *state_dir, struct error *err)
{
    static const struct stream_driver driver = { destroy, partitions, name, local_producer_create, consumer };
    struct local_stream *s = xcalloc(1, sizeof(*s));
    bool ok = true;
    s->base.driver = &driver;
    s->base.local = true;
    s->state_dir = xstrdup(state_dir);
    s->base.queue_max_bytes = stream_share(config);
    pthread_mutex_init(&s->lock, NULL);
    for (int t = 0; t < TOPIC_COUNT; t++) /* all, so that destroy() finds every lock made */
        ok = open_topic(s, (enum topic)t, ok ? err : NULL) && ok;
    if (ok)
        return &s->base;
    destroy(&s->base);
    return NULL;
}
