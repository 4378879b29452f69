/* stream_local_file.c - the one consumer of a topic that is a file: it reads what is appended, from its stored position. */
#include "pipeline/stream_local.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

#define RECORDS_A_TURN 256
#define RECORD_BYTES 256 /* an event's line, about: the lag is an estimate */

struct file_consumer {
    struct consumer base;
    struct local_stream *stream; /* borrowed */
    enum topic topic;
    struct consumer_callbacks callbacks;
    struct stream_log_reader *reader; /* NULL until started */
    int64_t last;                     /* offset of the last record handed out; -1 = none since the start */
    int64_t done;                     /* everything below it is */
    bool assigned, paused, closing, destroyed, in_turn;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
    uv_async_t async;
};

static void hand_out(struct file_consumer *c)
{
    struct record *r;
    int n = 0;
    while (n < RECORDS_A_TURN && !c->closing && !c->destroyed && !c->paused && c->reader && (r = stream_log_read(c->reader))) {
        c->last = r->offset;
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

static void release(struct file_consumer *c)
{
    pthread_mutex_lock(&c->stream->lock);
    c->stream->consumers[c->topic] = NULL;
    pthread_mutex_unlock(&c->stream->lock);
    stream_log_reader_close(c->reader);
    c->reader = NULL;
    uv_close((uv_handle_t *)&c->async, on_handle_closed);
}

static void on_async(uv_async_t *async)
{
    struct file_consumer *c = async->data;
    static const int32_t only = 0;
    c->in_turn = true;
    if (c->closing && c->on_closed) {
        void (*fn)(void *) = c->on_closed;
        c->on_closed = NULL;
        fn(c->on_closed_arg);
    } else if (!c->closing) {
        if (!c->assigned) {
            c->assigned = true;
            c->callbacks.on_assigned(c->callbacks.arg, &only, 1);
        }
        hand_out(c);
    }
    c->in_turn = false;
    if (c->destroyed)
        release(c);
}

static void start(struct consumer *base, int32_t partition, int64_t offset)
{
    struct file_consumer *c = (struct file_consumer *)base;
    assert(partition == 0);
    stream_log_reader_close(c->reader);
    c->reader = stream_log_reader_open(c->stream->state_dir, c->topic, offset);
    c->last = -1;
    c->done = offset < 0 ? 0 : offset;
    uv_async_send(&c->async);
}

static void revoked(struct consumer *base)
{
    (void)base; /* nothing is ever taken away */
}

static void pause_partition(struct consumer *base, int32_t partition)
{
    assert(partition == 0);
    ((struct file_consumer *)base)->paused = true;
}

static void resume_partition(struct consumer *base, int32_t partition)
{
    struct file_consumer *c = (struct file_consumer *)base;
    assert(partition == 0);
    c->paused = false;
    uv_async_send(&c->async);
}

static void done(struct consumer *base, int32_t partition, int64_t offset)
{
    struct file_consumer *c = (struct file_consumer *)base;
    assert(partition == 0);
    if (offset > c->done)
        c->done = offset;
}

static bool ready(const struct consumer *base)
{
    return ((const struct file_consumer *)base)->assigned;
}

static int64_t lag(const struct consumer *base)
{
    const struct file_consumer *c = (const struct file_consumer *)base;
    if (!c->reader)
        return -1;
    int64_t end = stream_log_end(c->stream->files[c->topic].log), at = c->done;
    if (at > c->last) /* all that was handed out is done: what came between lines counts for nothing */
        at = stream_log_position(c->reader);
    return end > at ? 1 + (end - at) / RECORD_BYTES : 0;
}

static void close_consumer(struct consumer *base, void (*on_closed)(void *arg), void *arg)
{
    struct file_consumer *c = (struct file_consumer *)base;
    c->closing = true;
    c->on_closed = on_closed;
    c->on_closed_arg = arg;
    uv_async_send(&c->async);
}

static void destroy(struct consumer *base)
{
    struct file_consumer *c = (struct file_consumer *)base;
    c->destroyed = true;
    if (!c->in_turn)
        release(c);
}

struct consumer *local_file_consumer_create(struct local_stream *s, uv_loop_t *loop, enum topic topic,
                                            const struct consumer_callbacks *callbacks)
{
    static const struct consumer_driver driver = { start, revoked, pause_partition, resume_partition, done,
                                                   ready, lag, close_consumer, destroy };
    struct file_consumer *c = xcalloc(1, sizeof(*c));
    c->base.driver = &driver;
    c->stream = s;
    c->topic = topic;
    c->callbacks = *callbacks;
    c->last = -1;
    uv_async_init(loop, &c->async, on_async);
    c->async.data = c;
    pthread_mutex_lock(&s->lock);
    s->consumers[topic] = &c->async;
    pthread_mutex_unlock(&s->lock);
    uv_async_send(&c->async);
    return &c->base;
}
