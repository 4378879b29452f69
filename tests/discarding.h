/* discarding.h - a stream that takes every record and keeps none: what is sent is delivered in the loop's next turn, nothing ever
 * comes. What a stage alone can do is measured into it. */
#ifndef TESTS_DISCARDING_H
#define TESTS_DISCARDING_H

#include "base/mem.h"
#include "pipeline/stream_driver.h"

#include <stdlib.h>

static void (*discarding_sent)(const struct record *r); /* told of each record; NULL: nobody is */

struct discarding_delivery { struct discarding_delivery *next; producer_delivery_fn *fn; void *arg; };

struct discarding {
    struct producer base;
    uv_idle_t turn;
    struct discarding_delivery *first, **last;
    size_t queued;
};

static void discarding_turn(uv_idle_t *turn)
{
    struct discarding *p = turn->data;
    struct discarding_delivery *list = p->first;
    p->first = NULL;
    p->last = &p->first;
    uv_idle_stop(turn);
    for (struct discarding_delivery *next; list; list = next) {
        next = list->next;
        p->queued--;
        list->fn(list->arg, NULL, NULL);
        free(list);
    }
}

static bool discarding_send(struct producer *base, const struct record *r, int32_t partition, producer_delivery_fn *fn, void *arg, struct error *err)
{
    struct discarding *p = (struct discarding *)base;
    (void)partition, (void)err;
    if (discarding_sent)
        discarding_sent(r);
    if (!fn)
        return true;
    struct discarding_delivery *d = xmalloc(sizeof(*d));
    *d = (struct discarding_delivery){ NULL, fn, arg };
    *p->last = d;
    p->last = &d->next;
    p->queued++;
    uv_idle_start(&p->turn, discarding_turn);
    return true;
}

static void discarding_on_space(struct producer *p, void (*fn)(void *arg), void *arg)
{
    (void)p, (void)fn, (void)arg;
}

static size_t discarding_queued(const struct producer *p)
{
    return ((const struct discarding *)p)->queued;
}

static size_t discarding_bytes(const struct producer *p)
{
    (void)p;
    return 0;
}

static bool discarding_reachable(const struct producer *p)
{
    (void)p;
    return true;
}

static void discarding_turn_closed(uv_handle_t *turn)
{
    free(turn->data);
}

static void discarding_producer_gone(struct producer *base)
{
    struct discarding *p = (struct discarding *)base;
    for (struct discarding_delivery *next; p->first; p->first = next) {
        next = p->first->next;
        free(p->first);
    }
    uv_close((uv_handle_t *)&p->turn, discarding_turn_closed);
}

static struct producer *discarding_producer(struct stream *s, uv_loop_t *loop, struct error *err)
{
    static const struct producer_driver driver = { discarding_producer_gone, discarding_send, discarding_on_space, discarding_queued, discarding_bytes, discarding_reachable };
    struct discarding *p = xcalloc(1, sizeof(*p));
    (void)err;
    p->base = (struct producer){ .driver = &driver, .stream = s };
    p->last = &p->first;
    uv_idle_init(loop, &p->turn);
    p->turn.data = p;
    return &p->base;
}

static void discarding_partition(struct consumer *c, int32_t partition)
{
    (void)c, (void)partition;
}

static void discarding_position(struct consumer *c, int32_t partition, int64_t offset)
{
    (void)c, (void)partition, (void)offset;
}

static void discarding_nothing(struct consumer *c)
{
    (void)c;
}

static void discarding_consumer_gone(struct consumer *c)
{
    free(c);
}

static bool discarding_ready(const struct consumer *c)
{
    (void)c;
    return true;
}

static int64_t discarding_lag(const struct consumer *c)
{
    (void)c;
    return 0;
}

static void discarding_close(struct consumer *c, void (*fn)(void *arg), void *arg)
{
    (void)c;
    fn(arg);
}

static struct consumer *discarding_consumer(struct stream *s, uv_loop_t *loop, enum topic topic, const char *group,
                                      const struct consumer_callbacks *callbacks, struct error *err)
{
    static const struct consumer_driver driver = { discarding_position, discarding_nothing, discarding_partition, discarding_partition, discarding_position, discarding_ready, discarding_lag,
                                                   discarding_close, discarding_consumer_gone };
    struct consumer *c = xcalloc(1, sizeof(*c));
    (void)s, (void)loop, (void)topic, (void)group, (void)callbacks, (void)err;
    c->driver = &driver;
    return c;
}

static void discarding_gone(struct stream *s)
{
    (void)s;
}

static int32_t discarding_partitions(const struct stream *s, enum topic topic)
{
    (void)s, (void)topic;
    return 1;
}

static const char *discarding_name(const struct stream *s, enum topic topic)
{
    (void)s;
    return topic_name(topic);
}

static const struct stream_driver discarding_driver = { discarding_gone, discarding_partitions, discarding_name, discarding_producer,
                                                        discarding_consumer };
static struct stream discarding_stream = { .driver = &discarding_driver };

#endif
