/* stream_local_consumer.c - the one consumer of a topic that is a queue in memory. */
#include "pipeline/stream_local.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

#define RECORDS_A_TURN 256 /* before the loop may do other things */

struct memory_consumer {
    struct consumer base;
    struct local_stream *stream; /* borrowed */
    enum topic topic;
    struct consumer_callbacks callbacks;
    bool assigned, closing, destroyed, in_turn;
    int32_t turn; /* the partition to look at first: all get their turn */
    void (*on_closed)(void *arg);
    void *on_closed_arg;
    uv_async_t async;
};

static struct partition *partition_of(struct memory_consumer *c, int32_t partition)
{
    struct memory_topic *m = &c->stream->memory[c->topic];
    assert(partition >= 0 && partition < m->count);
    return &m->partitions[partition];
}

/* The next record of any partition that flows: a copy, since the queue keeps its own until the record is done. */
static struct record *take(struct memory_consumer *c)
{
    struct memory_topic *m = &c->stream->memory[c->topic];
    struct record *r = NULL;
    pthread_mutex_lock(&c->stream->lock);
    for (int32_t i = 0; i < m->count && !r; i++) {
        struct partition *q = &m->partitions[(c->turn + i) % m->count];
        if (!q->started || q->paused || !q->cursor)
            continue;
        r = record_copy(q->cursor->record);
        r->offset = q->next++;
        q->cursor = q->cursor->next;
        c->turn = (c->turn + i + 1) % m->count;
    }
    pthread_mutex_unlock(&c->stream->lock);
    return r;
}

static void tell_assigned(struct memory_consumer *c)
{
    int32_t count = c->stream->memory[c->topic].count, *numbers = xcalloc((size_t)count, sizeof(*numbers));
    for (int32_t i = 0; i < count; i++)
        numbers[i] = i;
    c->assigned = true;
    c->callbacks.on_assigned(c->callbacks.arg, numbers, (size_t)count);
    free(numbers);
}

static void hand_out(struct memory_consumer *c)
{
    struct record *r;
    int n = 0;
    while (n < RECORDS_A_TURN && !c->closing && !c->destroyed && (r = take(c))) {
        stream_count_received(c->topic);
        c->callbacks.on_record(c->callbacks.arg, r);
        n++;
    }
    if (n == RECORDS_A_TURN && !c->destroyed)
        uv_async_send(&c->async);
}

static void on_handle_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void release(struct memory_consumer *c)
{
    struct local_stream *s = c->stream;
    pthread_mutex_lock(&s->lock);
    s->consumers[c->topic] = NULL;
    for (int32_t i = 0; i < s->memory[c->topic].count; i++)
        s->memory[c->topic].partitions[i].started = s->memory[c->topic].partitions[i].paused = false;
    pthread_mutex_unlock(&s->lock);
    uv_close((uv_handle_t *)&c->async, on_handle_closed);
}

static void on_async(uv_async_t *async)
{
    struct memory_consumer *c = async->data;
    c->in_turn = true;
    if (c->closing && c->on_closed) {
        void (*fn)(void *) = c->on_closed;
        c->on_closed = NULL;
        fn(c->on_closed_arg);
    } else if (!c->closing) {
        if (!c->assigned)
            tell_assigned(c);
        hand_out(c);
    }
    c->in_turn = false;
    if (c->destroyed)
        release(c);
}

/* Everything of q below offset has had its effect: it leaves the queue and is reported. */
static void drop_done(struct memory_consumer *c, struct partition *q, int64_t offset)
{
    struct memory_topic *m = &c->stream->memory[c->topic];
    while (q->kept.first && q->base < offset) {
        struct entry *e = entries_take(&q->kept);
        if (q->cursor == e)
            q->cursor = q->kept.first;
        e->record->offset = q->base++;
        m->records--;
        m->bytes -= e->bytes;
        local_deliver(e);
    }
    if (q->next < q->base)
        q->next = q->base;
    local_offer_space(c->stream, c->topic);
}

static void seek(struct partition *q, int64_t offset)
{
    q->cursor = q->kept.first;
    q->next = q->base;
    while (q->cursor && q->next < offset) {
        q->cursor = q->cursor->next;
        q->next++;
    }
}

/* A position ahead of all that we have numbered is of another numbering (a Redis put back): what is kept is not done, and
 * goes on from there. A position inside means that all before it is done: it was stored. */
static void place(struct memory_consumer *c, struct partition *q, int64_t offset)
{
    if (!q->numbered || offset > q->base + (int64_t)q->kept.count)
        q->base = offset < 0 ? 0 : offset;
    else if (offset > q->base)
        drop_done(c, q, offset);
    q->numbered = true;
    seek(q, q->base);
}

static void start(struct consumer *base, int32_t partition, int64_t offset)
{
    struct memory_consumer *c = (struct memory_consumer *)base;
    struct partition *q = partition_of(c, partition);
    pthread_mutex_lock(&c->stream->lock);
    place(c, q, offset);
    q->started = true;
    pthread_mutex_unlock(&c->stream->lock);
    uv_async_send(&c->async);
}

static void revoked(struct consumer *base)
{
    (void)base; /* nothing is ever taken away */
}

static void set_paused(struct memory_consumer *c, int32_t partition, bool paused)
{
    struct partition *q = partition_of(c, partition);
    pthread_mutex_lock(&c->stream->lock);
    q->paused = paused;
    pthread_mutex_unlock(&c->stream->lock);
    if (!paused)
        uv_async_send(&c->async);
}

static void pause_partition(struct consumer *base, int32_t partition)
{
    set_paused((struct memory_consumer *)base, partition, true);
}

static void resume_partition(struct consumer *base, int32_t partition)
{
    set_paused((struct memory_consumer *)base, partition, false);
}

static void done(struct consumer *base, int32_t partition, int64_t offset)
{
    struct memory_consumer *c = (struct memory_consumer *)base;
    struct partition *q = partition_of(c, partition);
    pthread_mutex_lock(&c->stream->lock);
    drop_done(c, q, offset);
    pthread_mutex_unlock(&c->stream->lock);
}

static bool ready(const struct consumer *base)
{
    return ((const struct memory_consumer *)base)->assigned;
}

static int64_t lag(const struct consumer *base)
{
    const struct memory_consumer *c = (const struct memory_consumer *)base;
    pthread_mutex_lock(&c->stream->lock);
    int64_t n = (int64_t)c->stream->memory[c->topic].records;
    pthread_mutex_unlock(&c->stream->lock);
    return n;
}

static void close_consumer(struct consumer *base, void (*on_closed)(void *arg), void *arg)
{
    struct memory_consumer *c = (struct memory_consumer *)base;
    c->closing = true;
    c->on_closed = on_closed;
    c->on_closed_arg = arg;
    uv_async_send(&c->async);
}

static void destroy(struct consumer *base)
{
    struct memory_consumer *c = (struct memory_consumer *)base;
    c->destroyed = true;
    if (!c->in_turn)
        release(c);
}

struct consumer *local_memory_consumer_create(struct local_stream *s, uv_loop_t *loop, enum topic topic,
                                              const struct consumer_callbacks *callbacks)
{
    static const struct consumer_driver driver = { start, revoked, pause_partition, resume_partition, done,
                                                   ready, lag, close_consumer, destroy };
    struct memory_consumer *c = xcalloc(1, sizeof(*c));
    c->base.driver = &driver;
    c->stream = s;
    c->topic = topic;
    c->callbacks = *callbacks;
    uv_async_init(loop, &c->async, on_async);
    c->async.data = c;
    pthread_mutex_lock(&s->lock);
    s->consumers[topic] = &c->async;
    pthread_mutex_unlock(&s->lock);
    uv_async_send(&c->async);
    return &c->base;
}
