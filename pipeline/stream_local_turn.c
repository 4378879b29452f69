/* stream_local_turn.c - what the consumers of queues and of files have in common: a turn on the loop whenever somebody wakes them
 * hands out a bounded number of records; closing and the end wait for no turn under way. */
#include "pipeline/stream_local.h"

#include "base/mem.h"

#include <stdlib.h>

#define RECORDS_A_TURN 256 /* before the loop may do other things */

void local_consumer_wake(struct local_consumer *c)
{
    uv_async_send(&c->async);
}

static void tell_assigned(struct local_consumer *c)
{
    int32_t count = stream_partitions(&c->stream->base, c->topic), *numbers = xcalloc((size_t)count, sizeof(*numbers));
    for (int32_t i = 0; i < count; i++)
        numbers[i] = i;
    c->assigned = true;
    c->callbacks.on_assigned(c->callbacks.arg, numbers, (size_t)count);
    free(numbers);
}

static void hand_out(struct local_consumer *c)
{
    struct record *r;
    int n = 0;
    while (n < RECORDS_A_TURN && !c->closing && !c->destroyed && (r = c->kind->take(c))) {
        stream_count_received(c->topic);
        c->callbacks.on_record(c->callbacks.arg, r);
        n++;
    }
    if (n == RECORDS_A_TURN && !c->destroyed)
        local_consumer_wake(c);
}

static void on_handle_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void release(struct local_consumer *c)
{
    c->kind->release(c);
    pthread_mutex_lock(&c->stream->lock);
    c->stream->consumers[c->topic] = NULL;
    pthread_mutex_unlock(&c->stream->lock);
    uv_close((uv_handle_t *)&c->async, on_handle_closed);
}

static void on_async(uv_async_t *async)
{
    struct local_consumer *c = async->data;
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

void local_consumer_init(struct local_consumer *c, struct local_stream *s, uv_loop_t *loop, enum topic topic,
                         const struct consumer_callbacks *callbacks, const struct consumer_driver *driver,
                         const struct local_consumer_kind *kind)
{
    c->base.driver = driver;
    c->kind = kind;
    c->stream = s;
    c->topic = topic;
    c->callbacks = *callbacks;
    uv_async_init(loop, &c->async, on_async);
    c->async.data = c;
    pthread_mutex_lock(&s->lock);
    s->consumers[topic] = &c->async;
    pthread_mutex_unlock(&s->lock);
    local_consumer_wake(c);
}

void local_consumer_revoked(struct consumer *base)
{
    (void)base; /* nothing is ever taken away */
}

bool local_consumer_ready(const struct consumer *base)
{
    return ((const struct local_consumer *)base)->assigned;
}

void local_consumer_close(struct consumer *base, void (*on_closed)(void *arg), void *arg)
{
    struct local_consumer *c = (struct local_consumer *)base;
    c->closing = true;
    c->on_closed = on_closed;
    c->on_closed_arg = arg;
    local_consumer_wake(c);
}

void local_consumer_destroy(struct consumer *base)
{
    struct local_consumer *c = (struct local_consumer *)base;
    c->destroyed = true;
    if (!c->in_turn)
        release(c);
}
