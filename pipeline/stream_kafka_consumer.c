/* stream_kafka_consumer.c - one member of a consumer group, on a loop, without a thread of its own.
 *
 *   group assigns ──> rd_kafka_assign(nothing) ──> on_assigned() … the positions come from Redis … consumer_start(p, offset)
 *                                                       ──> rd_kafka_assign(all started, each at its own next offset)
 *   group revokes ──> on_revoked() … work finishes … consumer_revoked() ──> rd_kafka_assign(NULL)
 *
 * Taking the assignment at once with no partition keeps the group from waiting for our Redis; each (re)start is one
 * assignment of everything started at the position where we are, so that neither committed offsets nor seeks (whose bugs
 * 2.0.2 has) decide where reading goes on. rd_kafka_consumer_poll() only, with no wait: batch consumption skips offsets.
 *
 * Pausing has two steps. At first a paused partition's records are put aside here (a little), and when all partitions are
 * paused nothing is polled; only what stays paused for a second, or overflows, is paused in librdkafka, which throws away
 * what it has fetched. A partition is resumed there only if it was paused there (duplicates otherwise, fixed in 2.4.0).
 *
 * Records are copied out: a librdkafka message keeps the whole fetch response that it came in. */
#include "pipeline/stream_kafka.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_A_TURN 256 /* before the loop may do other things */
#define ASIDE_MAX_RECORDS 64
#define ASIDE_MAX_BYTES (1 << 20)
#define PAUSE_KAFKA_AFTER_MS 1000
#define PARTITIONS_MAX 4096

struct aside { /* a record of a paused partition */
    struct aside *next;
    struct record *record;
};

struct lane { /* one partition */
    bool assigned, started; /* started: its records flow */
    bool start_wanted;      /* consumer_start() was called; the next assignment has it */
    bool paused, paused_in_kafka;
    int64_t next;           /* the offset to read next; -1 = the beginning */
    int64_t done, stored;   /* -1 = none; stored: as librdkafka was told */
    int64_t paused_at_ms;
    struct aside *first, **last;
    size_t aside_count, aside_bytes;
};

/* Ties the client to its consumer. Closing the client may block, so a thread does it, which has only this; whoever leaves
 * last frees it. */
struct link {
    struct kafka_consumer *consumer; /* NULL while closing: librdkafka's callbacks then come from that thread */
    pthread_mutex_t lock;            /* of what follows */
    int refs;
    rd_kafka_t *rk;
    struct kafka_wake *wake; /* NULL once the consumer is gone */
    bool finished;
};

struct kafka_consumer {
    struct consumer base;
    const char *topic_name; /* lent by the stream */
    enum topic topic;
    struct consumer_callbacks callbacks;
    rd_kafka_t *rk;
    struct kafka_wake *wake;
    struct lane *lanes;
    int32_t lane_count;
    bool assigned_once, fatal;
    bool revoking, lost;
    int64_t revoke_deadline_ms;
    bool in_turn, destroyed; /* destroyed from inside a callback of the turn: freed at its end */
    struct link *link;
    bool closing;
    int64_t close_deadline_ms;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

/* --- lanes --- */

static struct lane *lane(struct kafka_consumer *k, int32_t partition)
{
    assert(partition >= 0 && partition < PARTITIONS_MAX);
    if (partition >= k->lane_count) {
        k->lanes = xrealloc(k->lanes, (size_t)(partition + 1) * sizeof(*k->lanes));
        for (; k->lane_count <= partition; k->lane_count++)
            k->lanes[k->lane_count] = (struct lane){ .next = -1, .done = -1, .stored = -1 };
    }
    return &k->lanes[partition];
}

static void drop_aside(struct lane *l)
{
    while (l->first) {
        struct aside *a = l->first;
        l->first = a->next;
        record_release(a->record);
        free(a);
    }
    l->last = NULL;
    l->aside_count = l->aside_bytes = 0;
}

static void put_aside(struct lane *l, struct record *r)
{
    struct aside *a = xmalloc(sizeof(*a));
    *a = (struct aside){ NULL, r };
    if (!l->first)
        l->last = &l->first;
    *l->last = a;
    l->last = &a->next;
    l->aside_count++;
    l->aside_bytes += record_bytes(r);
}

static struct record *take_aside(struct lane *l)
{
    struct aside *a = l->first;
    struct record *r = a->record;
    l->first = a->next;
    l->aside_count--;
    l->aside_bytes -= record_bytes(r);
    free(a);
    return r;
}

/* --- pausing in librdkafka --- */

static void tell_kafka(struct kafka_consumer *k, int32_t partition, bool pause)
{
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, k->topic_name, partition);
    rd_kafka_resp_err_t rc = pause ? rd_kafka_pause_partitions(k->rk, one) : rd_kafka_resume_partitions(k->rk, one);
    if (rc)
        log_warn("%s failed topic=%s partition=%" PRId32 " reason=%s", pause ? "pause" : "resume", k->topic_name, partition,
                 log_quote(rd_kafka_err2str(rc)));
    rd_kafka_topic_partition_list_destroy(one);
}

static void pause_in_kafka(struct kafka_consumer *k, int32_t partition)
{
    struct lane *l = &k->lanes[partition];
    if (l->paused_in_kafka || !l->started)
        return;
    tell_kafka(k, partition, true);
    l->paused_in_kafka = true;
}

static void resume_in_kafka(struct kafka_consumer *k, int32_t partition)
{
    struct lane *l = &k->lanes[partition];
    if (!l->paused_in_kafka)
        return;
    tell_kafka(k, partition, false);
    l->paused_in_kafka = false;
}

/* All that flows is paused, but librdkafka does not know: polling would only put more aside. */
static bool holding_breath(const struct kafka_consumer *k)
{
    bool waiting = false;
    for (int32_t i = 0; i < k->lane_count; i++) {
        const struct lane *l = &k->lanes[i];
        if (l->started && !l->paused)
            return false;
        waiting = waiting || (l->started && !l->paused_in_kafka);
    }
    return waiting;
}

/* --- assignment --- */

static void store_offsets(struct kafka_consumer *k)
{
    for (int32_t i = 0; i < k->lane_count; i++) {
        struct lane *l = &k->lanes[i];
        if (!l->assigned || !l->started || l->done <= l->stored)
            continue;
        rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(one, k->topic_name, i)->offset = l->done;
        rd_kafka_offsets_store(k->rk, one); /* only lag tools read it: a failure changes nothing */
        rd_kafka_topic_partition_list_destroy(one);
        l->stored = l->done;
    }
}

/* partitions NULL: gives the assignment back. */
static void assign(struct kafka_consumer *k, const rd_kafka_topic_partition_list_t *partitions)
{
    rd_kafka_resp_err_t rc = rd_kafka_assign(k->rk, partitions);
    if (rc)
        log_warn("assign failed topic=%s reason=%s", k->topic_name, log_quote(rd_kafka_err2str(rc)));
}

static void assign_nothing(struct kafka_consumer *k)
{
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
    assign(k, none);
    rd_kafka_topic_partition_list_destroy(none);
}

static bool start_wanted(const struct kafka_consumer *k)
{
    for (int32_t i = 0; i < k->lane_count; i++)
        if (k->lanes[i].start_wanted)
            return true;
    return false;
}

/* One assignment of everything that flows or is to flow. What was put aside of the others stays good: next is behind it. */
static void apply_starts(struct kafka_consumer *k)
{
    if (k->revoking || k->closing || k->fatal || !start_wanted(k))
        return;
    store_offsets(k);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(k->lane_count);
    for (int32_t i = 0; i < k->lane_count; i++) {
        struct lane *l = &k->lanes[i];
        if (!l->assigned || (!l->started && !l->start_wanted))
            continue;
        resume_in_kafka(k, i); /* the mark would outlive the assignment */
        l->started = true;
        l->start_wanted = false;
        rd_kafka_topic_partition_list_add(list, k->topic_name, i)->offset = l->next < 0 ? RD_KAFKA_OFFSET_BEGINNING : l->next;
    }
    assign(k, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static void forget_assignment(struct kafka_consumer *k)
{
    for (int32_t i = 0; i < k->lane_count; i++) {
        struct lane *l = &k->lanes[i];
        resume_in_kafka(k, i);
        drop_aside(l);
        *l = (struct lane){ .next = -1, .done = -1, .stored = -1 };
    }
}

static void give_back(struct kafka_consumer *k)
{
    if (!k->revoking)
        return;
    k->revoking = false;
    if (!k->lost)
        store_offsets(k);
    forget_assignment(k);
    assign(k, NULL);
}

static int32_t *numbers_of(const rd_kafka_topic_partition_list_t *list)
{
    int32_t *numbers = xcalloc((size_t)list->cnt + 1, sizeof(*numbers));
    for (int i = 0; i < list->cnt; i++)
        numbers[i] = list->elems[i].partition;
    return numbers;
}

static void take_assignment(struct kafka_consumer *k, const rd_kafka_topic_partition_list_t *list)
{
    int32_t *numbers = numbers_of(list);
    forget_assignment(k);
    assign_nothing(k);
    for (int i = 0; i < list->cnt; i++)
        lane(k, numbers[i])->assigned = true;
    k->assigned_once = true;
    log_info("partitions assigned topic=%s count=%d", k->topic_name, list->cnt);
    k->callbacks.on_assigned(k->callbacks.arg, numbers, (size_t)list->cnt);
    free(numbers);
}

static void begin_revoke(struct kafka_consumer *k, const rd_kafka_topic_partition_list_t *list)
{
    int32_t *numbers = numbers_of(list);
    bool lost = rd_kafka_assignment_lost(k->rk) != 0;
    k->revoking = true;
    k->lost = lost;
    k->revoke_deadline_ms = clock_mono_ms() + CONSUMER_REVOKE_LIMIT_MS;
    log_info("partitions revoked topic=%s count=%d lost=%d", k->topic_name, list->cnt, lost);
    k->callbacks.on_revoked(k->callbacks.arg, numbers, (size_t)list->cnt, lost);
    free(numbers);
}

/* Called by rd_kafka_consumer_poll() on the loop, or, while closing, on the closing thread: then k is not looked at. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_consumer *k = ((struct link *)opaque)->consumer;
    if (!k)
        rd_kafka_assign(rk, NULL);
    else if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        take_assignment(k, list);
    else
        begin_revoke(k, list);
}

/* --- polling --- */

static void fail(struct kafka_consumer *k, const char *reason)
{
    struct error err;
    if (k->fatal)
        return;
    k->fatal = true;
    error_set(&err, ERROR_SYSTEM, "%s: Kafka consumer: %s", k->topic_name, reason);
    k->callbacks.on_fatal(k->callbacks.arg, &err);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_consumer *k = ((struct link *)opaque)->consumer;
    char why[400];
    if (!k)
        return;
    if (code != RD_KAFKA_RESP_ERR__FATAL) {
        log_info("kafka consumer client=%s code=%s text=%s", rd_kafka_name(rk), rd_kafka_err2name(code), log_quote(reason));
        return;
    }
    rd_kafka_fatal_error(rk, why, sizeof(why));
    fail(k, why);
}

static void on_poll_error(struct kafka_consumer *k, const rd_kafka_message_t *m)
{
    const char *text = rd_kafka_message_errstr(m);
    if (m->err == RD_KAFKA_RESP_ERR__FATAL)
        fail(k, text);
    else if (m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        fail(k, text);
    else
        log_warn("kafka consumer topic=%s code=%s text=%s", k->topic_name, rd_kafka_err2name(m->err), log_quote(text));
}

static void on_message(struct kafka_consumer *k, const rd_kafka_message_t *m)
{
    struct lane *l = lane(k, m->partition);
    struct record r;
    struct header *headers;
    if (!l->started || l->start_wanted) /* from before the restart */
        return;
    kafka_record_of(m, k->topic, &r, &headers);
    struct record *copy = record_copy(&r);
    free(headers);
    if (m->offset < l->done) /* the position was beyond the end */
        l->done = l->stored = m->offset;
    l->next = m->offset + 1;
    stream_count_received(k->topic);
    if (!l->paused && !l->first) {
        k->callbacks.on_record(k->callbacks.arg, copy);
        return;
    }
    put_aside(l, copy);
    if (l->aside_count >= ASIDE_MAX_RECORDS || l->aside_bytes >= ASIDE_MAX_BYTES)
        pause_in_kafka(k, m->partition);
}

/* What was put aside comes first. Callbacks may pause, restart or close anything. */
static int deliver_aside(struct kafka_consumer *k, int budget)
{
    for (int32_t i = 0; i < k->lane_count && budget > 0; i++)
        while (budget > 0 && !k->closing && !k->destroyed && k->lanes[i].first && !k->lanes[i].paused &&
               !k->lanes[i].start_wanted) {
            k->callbacks.on_record(k->callbacks.arg, take_aside(&k->lanes[i]));
            budget--;
        }
    return budget;
}

static void poll_records(struct kafka_consumer *k)
{
    int budget = deliver_aside(k, RECORDS_A_TURN);
    while (budget-- > 0 && !k->closing && !k->destroyed && !k->fatal && !holding_breath(k)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(k->rk, 0);
        if (!m)
            return;
        if (k->closing || k->destroyed)
            ;
        else if (m->err)
            on_poll_error(k, m);
        else
            on_message(k, m);
        rd_kafka_message_destroy(m);
    }
    if (budget <= 0)
        kafka_wake_now(k->wake);
}

/* Twice a second. */
static void keep_time(struct kafka_consumer *k)
{
    int64_t now_ms = clock_mono_ms();
    for (int32_t i = 0; i < k->lane_count; i++) {
        struct lane *l = &k->lanes[i];
        if (l->paused && now_ms - l->paused_at_ms >= PAUSE_KAFKA_AFTER_MS)
            pause_in_kafka(k, i);
    }
    store_offsets(k);
    if (k->revoking && now_ms >= k->revoke_deadline_ms) {
        log_warn("revocation not answered topic=%s limit_ms=%d", k->topic_name, CONSUMER_REVOKE_LIMIT_MS);
        give_back(k);
    }
}

static void check_closed(struct kafka_consumer *k)
{
    pthread_mutex_lock(&k->link->lock);
    bool finished = k->link->finished;
    pthread_mutex_unlock(&k->link->lock);
    if (!k->on_closed || (!finished && clock_mono_ms() < k->close_deadline_ms))
        return;
    if (!finished)
        log_warn("consumer left behind while closing topic=%s limit_ms=%d", k->topic_name, CONSUMER_CLOSE_LIMIT_MS);
    void (*fn)(void *) = k->on_closed;
    k->on_closed = NULL;
    fn(k->on_closed_arg);
}

static void release(struct kafka_consumer *k);

static void on_wake(void *arg, bool tick)
{
    struct kafka_consumer *k = arg;
    k->in_turn = true;
    if (k->closing)
        check_closed(k);
    else {
        if (tick)
            keep_time(k);
        poll_records(k);
        if (!k->destroyed)
            apply_starts(k);
    }
    k->in_turn = false;
    if (k->destroyed)
        release(k);
}

/* --- the interface --- */

static void start(struct consumer *base, int32_t partition, int64_t offset)
{
    struct kafka_consumer *k = (struct kafka_consumer *)base;
    struct lane *l = lane(k, partition);
    if (!l->assigned || k->revoking) /* taken away while the position was asked for */
        return;
    drop_aside(l);
    l->start_wanted = true;
    l->next = offset;
    l->done = l->stored = offset; /* nothing new to store */
    kafka_wake_now(k->wake);
}

static void revoked(struct consumer *base)
{
    give_back((struct kafka_consumer *)base);
}

static void pause_lane(struct consumer *base, int32_t partition)
{
    struct lane *l = lane((struct kafka_consumer *)base, partition);
    if (l->paused)
        return;
    l->paused = true;
    l->paused_at_ms = clock_mono_ms();
}

static void resume_lane(struct consumer *base, int32_t partition)
{
    struct kafka_consumer *k = (struct kafka_consumer *)base;
    struct lane *l = lane(k, partition);
    if (!l->paused)
        return;
    l->paused = false;
    if (!k->closing)
        resume_in_kafka(k, partition);
    kafka_wake_now(k->wake);
}

static void done(struct consumer *base, int32_t partition, int64_t offset)
{
    struct lane *l = lane((struct kafka_consumer *)base, partition);
    if (l->assigned && offset > l->done)
        l->done = offset;
}

static bool ready(const struct consumer *base)
{
    return ((const struct kafka_consumer *)base)->assigned_once;
}

static int64_t lag(const struct consumer *base)
{
    const struct kafka_consumer *k = (const struct kafka_consumer *)base;
    int64_t sum = 0, low, high;
    if (!k->assigned_once || k->closing)
        return -1;
    for (int32_t i = 0; i < k->lane_count; i++) {
        const struct lane *l = &k->lanes[i];
        if (!l->assigned)
            continue;
        if (!l->started || rd_kafka_get_watermark_offsets(k->rk, k->topic_name, i, &low, &high) || high < 0)
            return -1;
        int64_t from = l->done < 0 || l->done < low ? low : l->done;
        sum += high > from ? high - from : 0;
    }
    return sum;
}

static struct link *link_create(struct kafka_consumer *k)
{
    struct link *l = xcalloc(1, sizeof(*l));
    *l = (struct link){ .consumer = k, .refs = 1, .wake = k->wake };
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

static void link_leave(struct link *l)
{
    pthread_mutex_lock(&l->lock);
    int left = --l->refs;
    pthread_mutex_unlock(&l->lock);
    if (left > 0)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void *close_client(void *arg)
{
    struct link *l = arg;
    rd_kafka_consumer_close(l->rk);
    rd_kafka_destroy(l->rk);
    pthread_mutex_lock(&l->lock);
    l->finished = true;
    if (l->wake)
        kafka_wake_now(l->wake);
    pthread_mutex_unlock(&l->lock);
    link_leave(l);
    return NULL;
}

static void detach_queue(struct kafka_consumer *k)
{
    rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(k->rk);
    rd_kafka_queue_io_event_enable(q, -1, NULL, 0);
    rd_kafka_queue_destroy(q);
}

static void close_consumer(struct consumer *base, void (*on_closed)(void *arg), void *arg)
{
    struct kafka_consumer *k = (struct kafka_consumer *)base;
    pthread_t thread;
    assert(!k->closing);
    store_offsets(k);
    detach_queue(k);
    if (k->revoking)
        give_back(k);
    forget_assignment(k);
    k->on_closed = on_closed;
    k->on_closed_arg = arg;
    k->close_deadline_ms = clock_mono_ms() + CONSUMER_CLOSE_LIMIT_MS;
    k->closing = true;
    k->link->consumer = NULL;
    k->link->refs = 2;
    k->link->rk = k->rk;
    k->rk = NULL;
    if (pthread_create(&thread, NULL, close_client, k->link) == 0)
        pthread_detach(thread);
    else
        close_client(k->link);
}

static void release(struct kafka_consumer *k)
{
    if (k->rk) { /* not closed: leaves without a word, as a crash would */
        detach_queue(k);
        k->link->consumer = NULL;
        rd_kafka_destroy_flags(k->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    if (k->link) {
        pthread_mutex_lock(&k->link->lock);
        k->link->wake = NULL;
        pthread_mutex_unlock(&k->link->lock);
        link_leave(k->link);
    }
    for (int32_t i = 0; i < k->lane_count; i++)
        drop_aside(&k->lanes[i]);
    kafka_wake_close(k->wake);
    free(k->lanes);
    free(k);
}

static void destroy(struct consumer *base)
{
    struct kafka_consumer *k = (struct kafka_consumer *)base;
    k->destroyed = true;
    if (!k->in_turn)
        release(k);
}

static const struct kafka_setting settings[] = {
    { "partition.assignment.strategy", "roundrobin" }, /* cooperative-sticky loops and loses assignments in 2.0.2 */
    { "enable.auto.commit", "true" },                  /* of what store_offsets() says, for lag tools */
    { "enable.auto.offset.store", "false" },
    { "auto.offset.reset", "earliest" },
    { "allow.auto.create.topics", "false" },
    { "check.crcs", "true" },
    { "isolation.level", "read_committed" },
    { "max.poll.interval.ms", "60000" }, /* also how long a rebalance waits for us; a revocation takes at most 20 s */
    { "fetch.message.max.bytes", "2097152" },
    { "fetch.max.bytes", "8388608" },
    { "queued.min.messages", "100000" }, /* of one partition, which then is not fetched for a second: let bytes be the bound */
    { "fetch.wait.max.ms", "500" },
    { "socket.timeout.ms", "10000" }, /* of a commit to a coordinator that went away: the group is not joined again before */
    { NULL, NULL },
};

/* Groups are named PREFIX.GROUP.TOPIC, so that one role may consume two topics. */
static bool set_group(struct kafka_consumer *k, rd_kafka_conf_t *conf, const struct config *config, const char *group,
                      struct error *err)
{
    char *id = xasprintf("%s.%s.%s", config->prefix, group, topic_name(k->topic));
    char *instance = config->kafka.group_instance_id ? xasprintf("%s.%s", config->kafka.group_instance_id, topic_name(k->topic)) : NULL;
    char why[256];
    bool ok = rd_kafka_conf_set(conf, "group.id", id, why, sizeof(why)) == RD_KAFKA_CONF_OK &&
              (!instance || rd_kafka_conf_set(conf, "group.instance.id", instance, why, sizeof(why)) == RD_KAFKA_CONF_OK);
    free(id);
    free(instance);
    return ok || error_set(err, ERROR_INVALID, "kafka.group_instance_id: %s", why);
}

/* How much is fetched ahead. When it is full, 2.0.2 stops fetching for a second: it must hold more than that second's records. */
static size_t prefetch_bytes(const struct config *config, enum topic topic)
{
    size_t share = stream_share(config);
    return topic == TOPIC_PAGES ? share : topic == TOPIC_ARTICLES ? share / 2 : share / 8;
}

static bool open_client(struct kafka_consumer *k, const struct kafka_stream *s, const char *group, struct error *err)
{
    char kbytes[24];
    /* A member that died without a word keeps its partitions this long; a static one has time to come back. */
    struct kafka_setting all[COUNT(settings) + 2] = { { "session.timeout.ms", s->config->kafka.group_instance_id ? "45000" : "10000" },
                                                      { "queued.max.messages.kbytes", kbytes } };
    snprintf(kbytes, sizeof(kbytes), "%zu", prefetch_bytes(s->config, k->topic) >> 10);
    memcpy(all + 2, settings, sizeof(settings));
    rd_kafka_conf_t *conf = kafka_conf(s->config, s->client_id, all, err);
    if (!conf)
        return false;
    if (!set_group(k, conf, s->config, group, err)) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    rd_kafka_conf_set_opaque(conf, k->link);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    k->rk = kafka_new(RD_KAFKA_CONSUMER, conf, err);
    return k->rk != NULL;
}

static bool subscribe(struct kafka_consumer *k, struct error *err)
{
    static const uint64_t one = 1; /* what an eventfd wants */
    rd_kafka_poll_set_consumer(k->rk);
    rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(k->rk);
    rd_kafka_queue_io_event_enable(q, kafka_wake_fd(k->wake), &one, sizeof(one));
    rd_kafka_queue_destroy(q);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, k->topic_name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t rc = rd_kafka_subscribe(k->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !rc || error_set(err, ERROR_SYSTEM, "%s: subscribing: %s", k->topic_name, rd_kafka_err2str(rc));
}

struct consumer *kafka_consumer_create(struct stream *s, uv_loop_t *loop, enum topic topic, const char *group,
                                       const struct consumer_callbacks *callbacks, struct error *err)
{
    static const struct consumer_driver driver = { start, revoked, pause_lane, resume_lane, done,
                                                   ready, lag, close_consumer, destroy };
    struct kafka_stream *stream = (struct kafka_stream *)s;
    struct kafka_consumer *k = xcalloc(1, sizeof(*k));
    k->base.driver = &driver;
    k->topic = topic;
    k->topic_name = stream->names[topic];
    k->callbacks = *callbacks;
    k->wake = kafka_wake_create(loop, on_wake, k, err);
    if (k->wake)
        k->link = link_create(k);
    if (k->wake && open_client(k, stream, group, err) && subscribe(k, err))
        return &k->base;
    release(k);
    return NULL;
}
