/* stream_local_file.c - the one consumer of a topic that is a file: it reads what is appended, from its stored position. */
#include "pipeline/stream_local.h"

#include "base/mem.h"

#include <assert.h>

#define RECORD_BYTES 256 /* an event's line, about: the lag is an estimate */

struct file_consumer {
    struct local_consumer local;
    struct stream_log_reader *reader; /* NULL until started */
    int64_t last;                     /* offset of the last record handed out; -1 = none since the start */
    int64_t done;                     /* everything below it is */
    bool paused;
};

static struct record *take(struct local_consumer *base)
{
    struct file_consumer *c = (struct file_consumer *)base;
    struct record *r = c->paused || !c->reader ? NULL : stream_log_read(c->reader);
    if (r)
        c->last = r->offset;
    return r;
}

static void release(struct local_consumer *base)
{
    struct file_consumer *c = (struct file_consumer *)base;
    stream_log_reader_close(c->reader);
    c->reader = NULL;
}

static void start(struct consumer *base, int32_t partition, int64_t offset)
{
    struct file_consumer *c = (struct file_consumer *)base;
    assert(partition == 0);
    stream_log_reader_close(c->reader);
    c->reader = stream_log_reader_open(c->local.stream->state_dir, c->local.topic, offset);
    c->last = -1;
    c->done = offset < 0 ? 0 : offset;
    local_consumer_wake(&c->local);
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
    local_consumer_wake(&c->local);
}

static void done(struct consumer *base, int32_t partition, int64_t offset)
{
    struct file_consumer *c = (struct file_consumer *)base;
    assert(partition == 0);
    if (offset > c->done)
        c->done = offset;
}

static int64_t lag(const struct consumer *base)
{
    const struct file_consumer *c = (const struct file_consumer *)base;
    if (!c->reader)
        return -1;
    int64_t end = stream_log_end(c->local.stream->files[c->local.topic].log), at = c->done;
    if (at > c->last) /* all that was handed out is done: what came between lines counts for nothing */
        at = stream_log_position(c->reader);
    return end > at ? 1 + (end - at) / RECORD_BYTES : 0;
}

struct consumer *local_file_consumer_create(struct local_stream *s, uv_loop_t *loop, enum topic topic,
                                            const struct consumer_callbacks *callbacks)
{
    static const struct consumer_driver driver = { start, local_consumer_revoked, pause_partition, resume_partition, done,
                                                   local_consumer_ready, lag, local_consumer_close, local_consumer_destroy };
    static const struct local_consumer_kind kind = { take, release };
    struct file_consumer *c = xcalloc(1, sizeof(*c));
    c->last = -1;
    local_consumer_init(&c->local, s, loop, topic, callbacks, &driver, &kind);
    return &c->local.base;
}
