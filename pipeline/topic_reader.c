/* topic_reader.c - a topic for a person's command.
 *
 * Over Kafka without a group (librdkafka's simple consumer), so that nothing is assigned, committed or left behind; all
 * partitions flow into one queue. A partition is at its end when the record before the end has come, or when the broker says
 * so: of a compacted topic that record may be gone. In the embedded form the files are read beside the process that writes
 * them. */
#include "pipeline/topic_reader.h"

#include "base/clock.h"
#include "base/mem.h"
#include "pipeline/stream_kafka.h"
#include "pipeline/stream_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 10000   /* of a broker, to one question */
#define LOOK_EVERY_MS 100 /* at the files, at a topic without a leader */

struct lane { /* one partition that is read */
    int32_t partition;
    int64_t low, end; /* of what was there on opening */
    bool consuming, ended;
};

struct topic_reader {
    enum topic topic;
    bool all; /* READ_ALL */
    char *key;
    int32_t partition; /* of the one record that is wanted */
    int64_t offset;    /* its offset; -1 = all are wanted */
    /* Kafka */
    const char *bootstrap;
    char name[TOPIC_NAME_MAX];
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
    rd_kafka_queue_t *queue;
    struct lane *lanes;
    size_t lane_count;
    /* embedded */
    struct stream_log_reader *log;
    int64_t log_end;
};

static bool wanted(const struct topic_reader *t, const struct record *r)
{
    if (t->offset >= 0)
        return r->offset == t->offset;
    return !t->key || (r->key_len == strlen(t->key) && memcmp(r->key, t->key, r->key_len) == 0);
}

/* --- Kafka: opening --- */

static bool unreachable(const struct topic_reader *t, const char *reason, struct error *err)
{
    return error_set(err, ERROR_TRANSIENT, "Kafka at %s: %s: is it running, and is kafka.bootstrap right?", t->bootstrap, reason);
}

static const char *reason_of(rd_kafka_resp_err_t rc)
{
    return rc == RD_KAFKA_RESP_ERR__TRANSPORT || rc == RD_KAFKA_RESP_ERR__TIMED_OUT || rc == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
               ? "no answer within 10 s"
               : rd_kafka_err2str(rc);
}

/* The topic's number of partitions, as the broker has it; 0 with the reason. */
static int32_t ask_partitions(struct topic_reader *t, struct error *err)
{
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_resp_err_t rc = rd_kafka_metadata(t->rk, 0, t->rkt, &m, ANSWER_MS);
    int32_t count = 0;
    if (rc)
        unreachable(t, reason_of(rc), err);
    else if (m->topic_cnt != 1 || m->topics[0].err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        error_set(err, ERROR_INVALID, "%s does not exist at %s: run `tidings topics create`", t->name, t->bootstrap);
    else if (m->topics[0].err || m->topics[0].partition_cnt == 0)
        error_set(err, ERROR_TRANSIENT, "%s: %s", t->name, rd_kafka_err2str(m->topics[0].err));
    else
        count = m->topics[0].partition_cnt;
    if (m)
        rd_kafka_metadata_destroy(m);
    return count;
}

static bool passes(rd_kafka_resp_err_t rc)
{
    return rc == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || rc == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           rc == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* A topic that was just made, or whose broker was just started, has no leader for a moment. */
static rd_kafka_resp_err_t ask_end(struct topic_reader *t, struct lane *l)
{
    int64_t end_ms = clock_mono_ms() + ANSWER_MS;
    for (;;) {
        rd_kafka_resp_err_t rc = rd_kafka_query_watermark_offsets(t->rk, t->name, l->partition, &l->low, &l->end, ANSWER_MS);
        if (!passes(rc) || clock_mono_ms() >= end_ms)
            return rc;
        usleep(LOOK_EVERY_MS * 1000);
    }
}

/* Narrows what is read to the one record, where it is there. */
static void only_one(const struct topic_reader *t, struct lane *l)
{
    bool there = t->offset >= l->low && t->offset < l->end;
    l->low = there ? t->offset : l->end;
    l->end = there ? t->offset + 1 : l->end;
}

static bool ask_ends(struct topic_reader *t, struct error *err)
{
    for (size_t i = 0; i < t->lane_count; i++) {
        struct lane *l = &t->lanes[i];
        rd_kafka_resp_err_t rc = ask_end(t, l);
        if (rc)
            return unreachable(t, reason_of(rc), err);
        if (t->offset >= 0)
            only_one(t, l);
        l->ended = t->all && l->low >= l->end;
    }
    return true;
}

static void choose_lanes(struct topic_reader *t, int32_t partitions)
{
    bool one = t->key || t->offset >= 0;
    t->lane_count = !one ? (size_t)partitions : t->partition < partitions ? 1 : 0;
    t->lanes = xcalloc(t->lane_count + 1, sizeof(*t->lanes));
    for (size_t i = 0; i < t->lane_count; i++)
        t->lanes[i].partition = one ? t->partition : (int32_t)i;
    if (t->key)
        t->lanes[0].partition = partition_of_key(t->key, strlen(t->key), topic_spec(t->topic)->partitions); /* as producers do */
}

static bool consume(struct topic_reader *t, struct error *err)
{
    t->queue = rd_kafka_queue_new(t->rk);
    for (size_t i = 0; i < t->lane_count; i++) {
        struct lane *l = &t->lanes[i];
        if (l->ended)
            continue;
        if (rd_kafka_consume_start_queue(t->rkt, l->partition, t->all ? l->low : l->end, t->queue) != 0)
            return error_set(err, ERROR_SYSTEM, "%s: %s", t->name, rd_kafka_err2str(rd_kafka_last_error()));
        l->consuming = true;
    }
    return true;
}

static bool open_kafka(struct topic_reader *t, const struct config *config, struct error *err)
{
    static const struct kafka_setting settings[] = {
        { "enable.partition.eof", "true" },
        { "auto.offset.reset", "earliest" }, /* trimmed while we read: go on at the first one kept */
        { "allow.auto.create.topics", "false" },
        { "check.crcs", "true" },
        { "fetch.message.max.bytes", "1048576" },
        { "queued.min.messages", "1000" },
        { "queued.max.messages.kbytes", "8192" },
        { "fetch.wait.max.ms", "100" },
        { NULL, NULL },
    };
    t->bootstrap = kafka_bootstrap(config);
    topic_full_name(config->prefix, t->topic, t->name);
    rd_kafka_conf_t *conf = kafka_conf(config, "tidings-reader", settings, err);
    t->rk = conf ? kafka_new(RD_KAFKA_CONSUMER, conf, err) : NULL;
    if (!t->rk)
        return false;
    t->rkt = rd_kafka_topic_new(t->rk, t->name, NULL);
    int32_t partitions = ask_partitions(t, err);
    if (partitions == 0)
        return false;
    choose_lanes(t, partitions);
    return ask_ends(t, err) && consume(t, err);
}

/* --- Kafka: reading --- */

static struct lane *lane(struct topic_reader *t, int32_t partition)
{
    for (size_t i = 0; i < t->lane_count; i++)
        if (t->lanes[i].partition == partition)
            return &t->lanes[i];
    return NULL;
}

static bool finished(const struct topic_reader *t)
{
    for (size_t i = 0; t->all && i < t->lane_count; i++)
        if (!t->lanes[i].ended)
            return false;
    return t->all;
}

static struct record *take(struct topic_reader *t, const rd_kafka_message_t *m)
{
    struct lane *l = lane(t, m->partition);
    struct record r, *copy = NULL;
    struct header *headers;
    if (!l || (t->all && m->offset >= l->end))
        return NULL;
    l->ended = m->offset + 1 >= l->end;
    kafka_record_of(m, t->topic, &r, &headers);
    if (wanted(t, &r))
        copy = record_copy(&r);
    free(headers);
    return copy;
}

/* False: reading is over. What comes back by itself is waited for. */
static bool take_error(struct topic_reader *t, const rd_kafka_message_t *m, struct error *err)
{
    struct lane *l = m->rkt ? lane(t, m->partition) : NULL;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (l && m->offset >= l->end)
            l->ended = true;
        return true;
    }
    if (m->err == RD_KAFKA_RESP_ERR__TRANSPORT || m->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
        m->err == RD_KAFKA_RESP_ERR__TIMED_OUT)
        return true;
    return error_set(err, ERROR_SYSTEM, "%s: %s", t->name, rd_kafka_message_errstr(m));
}

/* READ_ALL gives up when nothing has come for ANSWER_MS, whatever timeout_ms says. */
static int next_kafka(struct topic_reader *t, int timeout_ms, struct record **out, struct error *err)
{
    int64_t now_ms = clock_mono_ms(), end_ms = now_ms + (t->all ? ANSWER_MS : timeout_ms);
    bool ok = true;
    while (ok && !finished(t) && now_ms <= end_ms) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(t->queue, (int)(end_ms - now_ms));
        *out = m && !m->err ? take(t, m) : NULL;
        ok = !m || !m->err || take_error(t, m, err);
        now_ms = clock_mono_ms();
        if (m && !m->err && t->all)
            end_ms = now_ms + ANSWER_MS;
        if (m)
            rd_kafka_message_destroy(m);
        if (*out)
            return 1;
    }
    if (!ok || !t->all || finished(t))
        return ok ? 0 : -1;
    unreachable(t, "no answer within 10 s", err);
    return -1;
}

/* --- the files --- */

static bool open_files(struct topic_reader *t, const struct config *config, struct error *err)
{
    if (t->topic != TOPIC_EVENTS && t->topic != TOPIC_DEADLETTERS)
        return error_set(err, ERROR_INVALID, "%s: the embedded form keeps events and dead letters only", topic_name(t->topic));
    t->log_end = stream_log_size(config->state_dir, t->topic);
    if (t->offset >= 0 && t->offset < t->log_end)
        t->log_end = t->offset + 1;
    t->log = stream_log_reader_open(config->state_dir, t->topic, t->offset >= 0 ? t->offset : t->all ? -1 : t->log_end);
    return true;
}

static int next_of_files(struct topic_reader *t, int timeout_ms, struct record **out)
{
    int64_t end_ms = clock_mono_ms() + timeout_ms;
    for (;;) {
        *out = stream_log_read(t->log);
        bool past = *out && t->all && (*out)->offset >= t->log_end;
        if (*out && !past && wanted(t, *out))
            return 1;
        bool none = !*out || past;
        if (*out)
            record_release(*out);
        *out = NULL;
        if (none && (t->all || clock_mono_ms() >= end_ms))
            return 0;
        if (none)
            usleep(LOOK_EVERY_MS * 1000);
    }
}

/* --- the interface --- */

static struct topic_reader *open_reader(struct topic_reader *t, const struct config *config, bool embedded, struct error *err)
{
    if (embedded ? open_files(t, config, err) : open_kafka(t, config, err))
        return t;
    topic_reader_close(t);
    return NULL;
}

struct topic_reader *topic_reader_open(const struct config *config, bool embedded, enum topic topic, enum topic_reader_from from,
                                       const char *key, struct error *err)
{
    struct topic_reader *t = xcalloc(1, sizeof(*t));
    *t = (struct topic_reader){ .topic = topic, .all = from == READ_ALL, .key = xstrdup(key), .offset = -1 };
    return open_reader(t, config, embedded, err);
}

struct topic_reader *topic_reader_open_at(const struct config *config, bool embedded, enum topic topic, int32_t partition,
                                          int64_t offset, struct error *err)
{
    struct topic_reader *t = xcalloc(1, sizeof(*t));
    *t = (struct topic_reader){ .topic = topic, .all = true, .partition = partition, .offset = offset };
    return open_reader(t, config, embedded, err);
}

int topic_reader_next(struct topic_reader *t, int timeout_ms, struct record **out, struct error *err)
{
    *out = NULL;
    return t->log ? next_of_files(t, timeout_ms, out) : next_kafka(t, timeout_ms, out, err);
}

void topic_reader_close(struct topic_reader *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->lane_count; i++)
        if (t->lanes[i].consuming)
            rd_kafka_consume_stop(t->rkt, t->lanes[i].partition);
    if (t->queue)
        rd_kafka_queue_destroy(t->queue);
    if (t->rkt)
        rd_kafka_topic_destroy(t->rkt);
    if (t->rk)
        rd_kafka_destroy(t->rk);
    stream_log_reader_close(t->log);
    free(t->lanes);
    free(t->key);
    free(t);
}
