/* stream_local_consumer.c - the one consumer of a topic that is a queue in memory. */
#include "pipeline/stream_local.h"

#include "base/mem.h"

#include <assert.h>

struct memory_consumer {
    struct local_consumer local;
    int32_t turn; /* the partition to look at first: all get their turn */
};

static struct partition *partition_of(struct local_consumer *c, int32_t partition)
{
    struct memory_topic *m = &c->stream->memory[c->topic];
    assert(partition >= 0 && partition < m->count);
    return &m->partitions[partition];
}

/* The next record of any partition that flows: a copy, since the queue keeps its own until the record is done. */
static struct record *take(struct local_consumer *base)
{
    struct memory_consumer *c = (struct memory_consumer *)base;
    struct memory_topic *m = &base->stream->memory[base->topic];
    struct record *r = NULL;
    pthread_mutex_lock(&base->stream->lock);
    for (int32_t i = 0; i < m->count && !r; i++) {
        struct partition *q = &m->partitions[(c->turn + i) % m->count];
        if (!q->started || q->paused || !q->cursor)
            continue;
        r = record_copy(q->cursor->record);
        r->offset = q->next++;
        q->cursor = q->cursor->next;
        c->turn = (c->turn + i + 1) % m->count;
    }
    pthread_mutex_unlock(&base->stream->lock);
    return r;
}

static void release(struct local_consumer *c)
{
    struct memory_topic *m = &c->stream->memory[c->topic];
    pthread_mutex_lock(&c->stream->lock);
    for (int32_t i = 0; i < m->count; i++)
        m->partitions[i].started = m->partitions[i].paused = false;
    pthread_mutex_unlock(&c->stream->lock);
}

/* Everything of q below offset has had its effect: it leaves the queue and is reported. */
static void drop_done(struct local_consumer *c, struct partition *q, int64_t offset)
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
static void place(struct local_consumer *c, struct partition *q, int64_t offset)
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
    struct local_consumer *c = (struct local_consumer *)base;
    struct partition *q = partition_of(c, partition);
    pthread_mutex_lock(&c->stream->lock);
    place(c, q, offset);
    q->started = true;
    pthread_mutex_unlock(&c->stream->lock);
    local_consumer_wake(c);
}

static void set_paused(struct local_consumer *c, int32_t partition, bool paused)
{
    struct partition *q = partition_of(c, partition);
    pthread_mutex_lock(&c->stream->lock);
    q->paused = paused;
    pthread_mutex_unlock(&c->stream->lock);
    if (!paused)
        local_consumer_wake(c);
}

static void pause_partition(struct consumer *base, int32_t partition)
{
    set_paused((struct local_consumer *)base, partition, true);
}

static void resume_partition(struct consumer *base, int32_t partition)
{
    set_paused((struct local_consumer *)base, partition, false);
}

static void done(struct consumer *base, int32_t partition, int64_t offset)
{
    struct local_consumer *c = (struct local_consumer *)base;
    struct partition *q = partition_of(c, partition);
    pthread_mutex_lock(&c->stream->lock);
    drop_done(c, q, offset);
    pthread_mutex_unlock(&c->stream->lock);
}

static int64_t lag(const struct consumer *base)
{
    const struct local_consumer *c = (const struct local_consumer *)base;
    pthread_mutex_lock(&c->stream->lock);
    int64_t n = (int64_t)c->stream->memory[c->topic].records;
    pthread_mutex_unlock(&c->stream->lock);
    return n;
}

struct consumer *local_memory_consumer_create(struct local_stream *s, uv_loop_t *loop, enum topic topic,
                                              const struct consumer_callbacks *callbacks)
{
    static const struct consumer_driver driver = { start, local_consumer_revoked, pause_partition, resume_partition, done,
                                                   local_consumer_ready, lag, local_consumer_close, local_consumer_destroy };
    static const struct local_consumer_kind kind = { take, release };
    struct memory_consumer *c = xcalloc(1, sizeof(*c));
    local_consumer_init(&c->local, s, loop, topic, callbacks, &driver, &kind);
    return &c->local.base;
}
