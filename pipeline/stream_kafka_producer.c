/* stream_kafka_producer.c - sends through one idempotent librdkafka producer.
 *
 *   producer_send() ─copy─> librdkafka's queue ──> broker ──> report ──eventfd──> the loop: on_delivery()
 *
 * The queue is bounded by us, in bytes and records; librdkafka's own bounds lie above and only matter should the two
 * counts differ. message.timeout.ms=0: a record waits for the broker as long as it takes. What ends it early is an error
 * of the record itself, or one that this process cannot go on from; librdkafka 2.0.2 can lose its sequence numbers after a
 * disconnect and then reports a fatal error (fixed in 2.3.0): exit and replay. */
#include "pipeline/stream_kafka.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_MAX_RECORDS 20000
#define EVENTS_A_TURN 2000 /* before the loop may do other things */

struct sent { /* of one record */
    producer_delivery_fn *on_delivery;
    void *arg;
    size_t bytes;
    enum topic topic;
};

struct kafka_producer {
    struct producer base;
    struct kafka_stream *stream; /* borrowed */
    rd_kafka_t *rk;
    rd_kafka_topic_t *topics[TOPIC_COUNT];
    struct kafka_wake *wake;
    size_t queued, queued_bytes, max_bytes;
    bool full;       /* somebody was refused and waits for on_space */
    bool reachable;
    bool closing;    /* reports call nobody any more */
    bool failed, told; /* with `fatal`; told: on_fatal was called */
    struct error fatal;
    void (*on_space)(void *arg);
    void *on_space_arg;
};

/* This process cannot go on: told from the loop, not from inside a call of ours. The first reason is the one. */
static bool fail(struct kafka_producer *p, struct error *err)
{
    if (!p->failed)
        p->fatal = *err;
    p->failed = true;
    kafka_wake_now(p->wake);
    return false;
}

static void tell_fatal(struct kafka_producer *p)
{
    if (!p->failed || p->told)
        return;
    p->told = true;
    log_error("kafka producer failed client=%s reason=%s", rd_kafka_name(p->rk), log_quote(p->fatal.message));
    if (p->base.on_fatal)
        p->base.on_fatal(p->base.on_fatal_arg, &p->fatal);
}

static const char *remedy(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return ": run `tidings topics create`";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return ": allow this user to write to it";
    default:
        return "";
    }
}

static void report(struct kafka_producer *p, const struct sent *sent, const rd_kafka_message_t *m)
{
    struct record r;
    struct header *headers;
    struct error err;
    if (m->err && !error_set(&err, kafka_error_is_of_record(m->err) ? ERROR_INVALID : ERROR_SYSTEM, "%s: %s%s",
                             rd_kafka_topic_name(m->rkt), rd_kafka_err2str(m->err), remedy(m->err)) &&
        err.kind == ERROR_SYSTEM) {
        fail(p, &err);
        return;
    }
    kafka_record_of(m, sent->topic, &r, &headers);
    if (sent->on_delivery)
        sent->on_delivery(sent->arg, &r, m->err ? &err : NULL);
    else if (m->err)
        log_warn("record not delivered topic=%s reason=%s", topic_name(sent->topic), log_quote(err.message));
    free(headers);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct kafka_producer *p = opaque;
    struct sent *sent = m->_private;
    (void)rk;
    p->queued--;
    p->queued_bytes -= sent->bytes;
    stream_count_left(sent->topic, sent->bytes, !m->err);
    if (!m->err)
        p->reachable = true;
    if (!p->closing)
        report(p, sent, m);
    free(sent);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_producer *p = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        p->reachable = false;
    struct error err;
    char why[200];
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        rd_kafka_fatal_error(rk, why, sizeof(why));
        error_set(&err, ERROR_SYSTEM, "Kafka producer: %s", why);
        fail(p, &err);
    } else
        log_info("kafka producer client=%s code=%s text=%s", rd_kafka_name(rk), rd_kafka_err2name(code), log_quote(reason));
}

/* A broker that is up is in the statistics only. */
static int on_statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
    struct kafka_producer *p = opaque;
    json_t *root = json_loadb(json, len, 0, NULL);
    const char *name;
    json_t *broker;
    bool up = false;
    (void)rk;
    json_object_foreach(json_object_get(root, "brokers"), name, broker) {
        const char *state = json_string_value(json_object_get(broker, "state"));
        up = up || (state && strcmp(state, "UP") == 0);
    }
    p->reachable = up;
    metric_set(metric_gauge("tidings_kafka_reachable", "1 while a broker is connected", NULL, NULL), up);
    json_decref(root);
    return 0; /* librdkafka frees json */
}

static void offer_space(struct kafka_producer *p)
{
    if (!p->full || p->queued_bytes > p->max_bytes / 4 * 3 || p->queued > QUEUE_MAX_RECORDS / 4 * 3)
        return;
    p->full = false;
    if (p->on_space)
        p->on_space(p->on_space_arg);
}

static void on_wake(void *arg, bool tick)
{
    struct kafka_producer *p = arg;
    (void)tick;
    int n = 0, got;
    while (n < EVENTS_A_TURN && (got = rd_kafka_poll(p->rk, 0)) > 0)
        n += got;
    if (n >= EVENTS_A_TURN)
        kafka_wake_now(p->wake);
    tell_fatal(p);
    if (!p->failed)
        offer_space(p);
}

static rd_kafka_headers_t *headers_of(const struct record *r)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(r->header_count);
    for (size_t i = 0; i < r->header_count; i++)
        rd_kafka_header_add(headers, r->headers[i].name, -1, r->headers[i].value, (ssize_t)r->headers[i].len);
    return headers;
}

static bool refuse(struct kafka_producer *p, struct error *err)
{
    p->full = true;
    return error_set(err, ERROR_LIMIT, "%zu records of %zu bytes wait for Kafka: the queue is full", p->queued, p->queued_bytes);
}

static bool send_record(struct producer *base, const struct record *r, int32_t partition, producer_delivery_fn *on_delivery, void *arg,
                 struct error *err)
{
    struct kafka_producer *p = (struct kafka_producer *)base;
    size_t bytes = record_bytes(r);
    if (p->failed)
        return error_set(err, ERROR_SYSTEM, "%s", p->fatal.message);
    if (p->queued > 0 && (p->queued_bytes + bytes > p->max_bytes || p->queued >= QUEUE_MAX_RECORDS))
        return refuse(p, err);
    struct sent *sent = xmalloc(sizeof(*sent));
    *sent = (struct sent){ on_delivery, arg, bytes, r->topic };
    rd_kafka_headers_t *headers = headers_of(r);
    rd_kafka_resp_err_t rc = rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(p->topics[r->topic]), RD_KAFKA_V_PARTITION(partition),
                                               RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                               RD_KAFKA_V_KEY((void *)r->key, r->key_len),
                                               RD_KAFKA_V_VALUE((void *)r->value, r->value_len),
                                               RD_KAFKA_V_TIMESTAMP(r->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
                                               RD_KAFKA_V_OPAQUE(sent), RD_KAFKA_V_END);
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        p->queued++;
        p->queued_bytes += bytes;
        return true;
    }
    rd_kafka_headers_destroy(headers); /* ours again on failure */
    free(sent);
    if (rc == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return refuse(p, err);
    struct error why;
    error_set(&why, kafka_error_is_of_record(rc) ? ERROR_INVALID : ERROR_SYSTEM, "%s: %s%s", p->stream->names[r->topic],
              rd_kafka_err2str(rc), remedy(rc));
    if (err)
        *err = why;
    return why.kind == ERROR_SYSTEM && fail(p, &why);
}

static void on_space(struct producer *base, void (*fn)(void *arg), void *arg)
{
    struct kafka_producer *p = (struct kafka_producer *)base;
    p->on_space = fn;
    p->on_space_arg = arg;
}

static size_t queued(const struct producer *p)
{
    return ((const struct kafka_producer *)p)->queued;
}

static size_t queued_bytes(const struct producer *p)
{
    return ((const struct kafka_producer *)p)->queued_bytes;
}

static bool reachable(const struct producer *p)
{
    return ((const struct kafka_producer *)p)->reachable;
}

static void destroy(struct producer *base)
{
    struct kafka_producer *p = (struct kafka_producer *)base;
    p->closing = true;
    if (p->queued)
        log_warn("records dropped undelivered count=%zu bytes=%zu", p->queued, p->queued_bytes);
    if (p->rk) {
        rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        while (rd_kafka_poll(p->rk, 100) > 0)
            ;
        rd_kafka_queue_t *q = rd_kafka_queue_get_main(p->rk);
        rd_kafka_queue_io_event_enable(q, -1, NULL, 0);
        rd_kafka_queue_destroy(q);
        for (int t = 0; t < TOPIC_COUNT; t++)
            if (p->topics[t])
                rd_kafka_topic_destroy(p->topics[t]);
        rd_kafka_destroy(p->rk);
    }
    kafka_wake_close(p->wake);
    free(p);
}

/* 0 = wait as long as it takes: the bounded queue is the back-pressure. */
static const struct kafka_setting settings[] = {
    { "enable.idempotence", "true" }, /* acks=all, order kept over retries */
    { "message.timeout.ms", "0" },
    { "message.max.bytes", "4194304" }, /* our own limits are below */
    { "queue.buffering.max.kbytes", "2097151" },
    { "queue.buffering.max.messages", "100000" },
    { "linger.ms", "50" },
    { "retry.backoff.ms", "100" },
    { "statistics.interval.ms", "2000" },
    { NULL, NULL },
};

static bool open_topics(struct kafka_producer *p, struct error *err)
{
    for (int t = 0; t < TOPIC_COUNT; t++) {
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(p->rk);
        char why[256];
        if (rd_kafka_topic_conf_set(conf, "compression.type", topic_spec((enum topic)t)->codec, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
            rd_kafka_topic_conf_destroy(conf);
            return error_set(err, ERROR_SYSTEM, "librdkafka: %s: it must be built with zstd", why);
        }
        p->topics[t] = rd_kafka_topic_new(p->rk, p->stream->names[t], conf);
        if (!p->topics[t])
            return error_set(err, ERROR_SYSTEM, "%s: %s", p->stream->names[t], rd_kafka_err2str(rd_kafka_last_error()));
    }
    return true;
}

static bool open_client(struct kafka_producer *p, struct error *err)
{
    rd_kafka_conf_t *conf = kafka_conf(p->stream->config, p->stream->client_id, settings, err);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
    p->rk = kafka_new(RD_KAFKA_PRODUCER, conf, err);
    return p->rk && open_topics(p, err);
}

struct producer *kafka_producer_create(struct stream *s, uv_loop_t *loop, struct error *err)
{
    static const struct producer_driver driver = { destroy, send_record, on_space, queued, queued_bytes, reachable };
    struct kafka_producer *p = xcalloc(1, sizeof(*p));
    p->base.driver = &driver;
    p->stream = (struct kafka_stream *)s;
    p->max_bytes = s->queue_max_bytes;
    p->wake = kafka_wake_create(loop, on_wake, p, err);
    if (!p->wake || !open_client(p, err)) {
        destroy(&p->base);
        return NULL;
    }
    static const uint64_t one = 1; /* what an eventfd wants */
    rd_kafka_queue_t *q = rd_kafka_queue_get_main(p->rk);
    rd_kafka_queue_io_event_enable(q, kafka_wake_fd(p->wake), &one, sizeof(one));
    rd_kafka_queue_destroy(q);
    return &p->base;
}
