/* stream.c - what both drivers share: checking a record against its topic, choosing the partition, records of their own. */
#include "pipeline/stream_driver.h"

#include "base/mem.h"
#include "pipeline/metrics.h"
#include "pipeline/topics.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 512      /* a record */
#define HEADER_NAME_MAX 1024 /* bytes */
/* Record batch v2 (KIP-98): 61 bytes of header; a record: length, timestamp, offset, key and value lengths as varints. */
#define BATCH_OVERHEAD 128
#define HEADER_OVERHEAD 10

size_t record_bytes(const struct record *r)
{
    size_t n = BATCH_OVERHEAD + r->key_len + r->value_len;
    for (size_t i = 0; i < r->header_count; i++)
        n += strlen(r->headers[i].name) + r->headers[i].len + HEADER_OVERHEAD;
    return n;
}

size_t stream_share(const struct config *config)
{
    return (size_t)(config->body_budget_mb ? config->body_budget_mb : 192) * (1 << 20) / 6;
}

const struct header *record_header(const struct record *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return &r->headers[i];
    return NULL;
}

static void *put(char **to, const void *from, size_t len)
{
    void *at = *to;
    if (len)
        memcpy(at, from, len);
    *to += len;
    **to = '\0'; /* handy in a debugger; not part of the contract */
    *to += 1;
    return at;
}

struct record *record_copy(const struct record *r)
{
    size_t bytes = sizeof(*r) + r->header_count * sizeof(struct header) + r->key_len + 1 + r->value_len + 1;
    for (size_t i = 0; i < r->header_count; i++)
        bytes += strlen(r->headers[i].name) + 1 + r->headers[i].len + 1;
    struct record *copy = xmalloc(bytes);
    struct header *headers = (struct header *)(copy + 1);
    char *to = (char *)(headers + r->header_count);
    *copy = *r;
    copy->headers = headers;
    copy->key = r->key ? put(&to, r->key, r->key_len) : NULL;
    copy->value = r->value ? put(&to, r->value, r->value_len) : NULL;
    for (size_t i = 0; i < r->header_count; i++) {
        headers[i].name = put(&to, r->headers[i].name, strlen(r->headers[i].name));
        headers[i].value = r->headers[i].value ? put(&to, r->headers[i].value, r->headers[i].len) : NULL;
        headers[i].len = r->headers[i].len;
    }
    return copy;
}

void record_release(struct record *r)
{
    free(r);
}

/* Kafka's murmur2 (Austin Appleby's MurmurHash2 with Kafka's seed), so that a key finds its partition from any client. */
static uint32_t murmur2(const unsigned char *p, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28cu ^ (uint32_t)len;
    for (; len >= 4; p += 4, len -= 4) {
        uint32_t k = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        k *= m;
        k ^= k >> 24;
        h = h * m ^ k * m;
    }
    if (len == 3)
        h ^= (uint32_t)p[2] << 16;
    if (len >= 2)
        h ^= (uint32_t)p[1] << 8;
    if (len >= 1)
        h = (h ^ p[0]) * m;
    h ^= h >> 13;
    h *= m;
    return h ^ h >> 15;
}

int32_t stream_partitions(const struct stream *s, enum topic topic)
{
    return s->driver->partitions(s, topic);
}

int32_t partition_of_key(const void *key, size_t key_len, int32_t partitions)
{
    return (int32_t)((murmur2(key, key_len) & 0x7fffffff) % (uint32_t)partitions);
}

int32_t stream_partition_of(const struct stream *s, enum topic topic, const void *key, size_t key_len)
{
    return partition_of_key(key, key_len, stream_partitions(s, topic));
}

void stream_destroy(struct stream *s)
{
    if (s)
        s->driver->destroy(s);
}

bool stream_is_local(const struct stream *s)
{
    return s->local;
}

const char *topic_name(enum topic topic)
{
    return topic_spec(topic)->name;
}

const char *stream_topic_name(const struct stream *s, enum topic topic)
{
    return s->driver->name(s, topic);
}

/* --- metrics --- */

static struct {
    struct metric *sent, *delivered, *received, *refused, *queued_bytes;
} counts[TOPIC_COUNT];
static pthread_once_t counts_made = PTHREAD_ONCE_INIT;

static void make_counts(void)
{
    for (int t = 0; t < TOPIC_COUNT; t++) {
        const char *name = topic_name((enum topic)t);
        counts[t].sent = metric_counter("tidings_records_sent_total", "Records queued for a topic", "topic", name);
        counts[t].delivered = metric_counter("tidings_records_delivered_total", "Records that survive a kill", "topic", name);
        counts[t].received = metric_counter("tidings_records_received_total", "Records taken from a topic", "topic", name);
        counts[t].refused = metric_counter("tidings_send_refused_total", "Times that a full queue refused a record", "topic", name);
        counts[t].queued_bytes = metric_gauge("tidings_queued_bytes", "Bytes sent and not yet delivered", "topic", name);
    }
}

void stream_count_left(enum topic topic, size_t bytes, bool delivered)
{
    metric_add(counts[topic].queued_bytes, -(int64_t)bytes);
    if (delivered)
        metric_add(counts[topic].delivered, 1);
}

void stream_count_received(enum topic topic)
{
    metric_add(counts[topic].received, 1);
}

static void count_sent(const struct record *r, bool ok, const struct error *err)
{
    if (ok) {
        metric_add(counts[r->topic].sent, 1);
        metric_add(counts[r->topic].queued_bytes, (int64_t)record_bytes(r));
    } else if (err->kind == ERROR_LIMIT) {
        metric_add(counts[r->topic].refused, 1);
    }
}

/* --- sending --- */

static bool check_record(const struct record *r, struct error *err)
{
    assert((unsigned)r->topic < TOPIC_COUNT && (r->value || r->value_len == 0) && (r->key || r->key_len == 0));
    if (r->header_count > HEADERS_MAX)
        return error_set(err, ERROR_INVALID, "%s: a record with %zu headers: at most %d", topic_name(r->topic), r->header_count,
                         HEADERS_MAX);
    for (size_t i = 0; i < r->header_count; i++)
        if (strlen(r->headers[i].name) > HEADER_NAME_MAX)
            return error_set(err, ERROR_INVALID, "%s: a header's name is longer than %d bytes", topic_name(r->topic),
                             HEADER_NAME_MAX);
    size_t bytes = record_bytes(r), max = (size_t)topic_spec(r->topic)->max_message_bytes;
    if (bytes > max)
        return error_set(err, ERROR_INVALID, "%s: a record of %zu bytes with key and headers: at most %zu", topic_name(r->topic),
                         bytes, max);
    return true;
}

struct producer *producer_create(struct stream *s, uv_loop_t *loop, struct error *err)
{
    pthread_once(&counts_made, make_counts);
    metric_set(metric_gauge("tidings_queue_limit_bytes", "What one queue of records may hold", NULL, NULL), (double)s->queue_max_bytes);
    struct producer *p = s->driver->producer_create(s, loop, err);
    if (p)
        p->stream = s;
    return p;
}

void producer_destroy(struct producer *p)
{
    if (p)
        p->driver->destroy(p);
}

bool producer_send(struct producer *p, const struct record *r, producer_delivery_fn *on_delivery, void *arg, struct error *err)
{
    if (!check_record(r, err))
        return false;
    int32_t partition = r->key ? stream_partition_of(p->stream, r->topic, r->key, r->key_len)
                               : (int32_t)(p->turn++ % (uint32_t)stream_partitions(p->stream, r->topic));
    struct error own = { .kind = ERROR_SYSTEM }, *why = err ? err : &own;
    bool ok = p->driver->send(p, r, partition, on_delivery, arg, why);
    count_sent(r, ok, why);
    return ok;
}

void producer_on_space(struct producer *p, void (*on_space)(void *arg), void *arg)
{
    p->driver->on_space(p, on_space, arg);
}

void producer_on_fatal(struct producer *p, void (*on_fatal)(void *arg, const struct error *err), void *arg)
{
    p->on_fatal = on_fatal;
    p->on_fatal_arg = arg;
}

size_t producer_queued(const struct producer *p)
{
    return p->driver->queued(p);
}

size_t producer_queued_bytes(const struct producer *p)
{
    return p->driver->queued_bytes(p);
}

bool producer_reachable(const struct producer *p)
{
    return p->driver->reachable(p);
}

/* --- receiving --- */

struct consumer *consumer_create(struct stream *s, uv_loop_t *loop, enum topic topic, const char *group,
                                 const struct consumer_callbacks *callbacks, struct error *err)
{
    pthread_once(&counts_made, make_counts);
    return s->driver->consumer_create(s, loop, topic, group, callbacks, err);
}

void consumer_start(struct consumer *c, int32_t partition, int64_t offset)
{
    assert(offset >= -1);
    c->driver->start(c, partition, offset);
}

void consumer_revoked(struct consumer *c)
{
    c->driver->revoked(c);
}

void consumer_pause(struct consumer *c, int32_t partition)
{
    c->driver->pause(c, partition);
}

void consumer_resume(struct consumer *c, int32_t partition)
{
    c->driver->resume(c, partition);
}

void consumer_done(struct consumer *c, int32_t partition, int64_t offset)
{
    c->driver->done(c, partition, offset);
}

bool consumer_ready(const struct consumer *c)
{
    return c->driver->ready(c);
}

int64_t consumer_lag(const struct consumer *c)
{
    return c->driver->lag(c);
}

void consumer_close(struct consumer *c, void (*on_closed)(void *arg), void *arg)
{
    c->driver->close(c, on_closed, arg);
}

void consumer_destroy(struct consumer *c)
{
    if (c)
        c->driver->destroy(c);
}
