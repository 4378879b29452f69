/* stage_rig.h - one stage on the loop of a test, over the local stream driver and a redis-server of its own: records go in
 * through `producer`, what the stage says comes out of the topics that the test listens to. */
#ifndef TESTS_UNIT_STAGE_RIG_H
#define TESTS_UNIT_STAGE_RIG_H

#include "base/log.h"
#include "config/config.h"
#include "pipeline/keys.h"
#include "pipeline/meta.h"
#include "pipeline/page.h"
#include "pipeline/stage.h"
#include "pipeline/stream.h"
#include "tests/unit/redis_own.h"

#include <inttypes.h>
#include <jansson.h>

#define HEARD_MAX 4096

/* Everything of one topic, in the order it came; nothing is done again after a restart of the listener. */
struct listener {
    struct consumer *consumer;
    struct record *heard[HEARD_MAX];
    size_t count;
    bool withhold;    /* do not say that records are done: their delivery stays open */
    int64_t next[32]; /* by partition */
};

struct rig {
    struct redis_server redis;
    char state_dir[64];
    struct config *config;
    struct meta *meta;
    struct stream *stream;
    struct producer *producer;
    uv_loop_t loop;
    struct stage_env env;
    const struct stage *stage;
    void *self;
    struct listener topics[TOPIC_COUNT];
    size_t delivered;          /* of what the test sent */
    struct error fatal;
    bool failed, drained;
};

static void rig_on_fatal(void *arg, const struct error *err)
{
    struct rig *rig = arg;
    if (!rig->failed)
        rig->fatal = *err;
    rig->failed = true;
}

/* --- listening --- */

static struct rig *rig_now; /* listeners need both */

static void rig_on_assigned(void *arg, const int32_t *partitions, size_t count)
{
    struct listener *l = arg;
    for (size_t i = 0; i < count; i++)
        consumer_start(l->consumer, partitions[i], l->next[partitions[i]] ? l->next[partitions[i]] : -1);
}

static void rig_on_revoked(void *arg, const int32_t *partitions, size_t count, bool lost)
{
    (void)arg, (void)partitions, (void)count, (void)lost;
}

static void rig_on_record(void *arg, struct record *r)
{
    struct listener *l = arg;

    CHECK(l->count < HEARD_MAX, "more than %d records", HEARD_MAX);
    l->heard[l->count++] = r;
    l->next[r->partition] = r->offset + 1;
    if (!l->withhold)
        consumer_done(l->consumer, r->partition, r->offset + 1);
}

static void rig_on_listener_fatal(void *arg, const struct error *err)
{
    (void)arg;
    rig_on_fatal(rig_now, err);
}

static __attribute__((unused)) void rig_listen(struct rig *rig, enum topic topic)
{
    struct listener *l = &rig->topics[topic];
    struct consumer_callbacks callbacks = { rig_on_assigned, rig_on_revoked, rig_on_record, rig_on_listener_fatal, l };
    struct error err;

    l->consumer = consumer_create(rig->stream, &rig->loop, topic, "test", &callbacks, &err);
    CHECK(l->consumer, "%s", err.message);
}

/* Says done what was withheld. */
static __attribute__((unused)) void rig_release(struct rig *rig, enum topic topic)
{
    struct listener *l = &rig->topics[topic];

    l->withhold = false;
    for (int p = 0; p < (int)COUNT(l->next); p++)
        if (l->next[p])
            consumer_done(l->consumer, p, l->next[p]);
}

static __attribute__((unused)) void rig_forget(struct rig *rig, enum topic topic)
{
    struct listener *l = &rig->topics[topic];

    for (size_t i = 0; i < l->count; i++)
        record_release(l->heard[i]);
    l->count = 0;
}

/* How many events of that stage and kind there were; the last one's URL does not matter. */
static __attribute__((unused)) size_t rig_events(struct rig *rig, const char *what)
{
    struct listener *l = &rig->topics[TOPIC_EVENTS];
    char text[64];
    size_t n = 0;

    snprintf(text, sizeof(text), "\"what\":\"%s\"", what);
    for (size_t i = 0; i < l->count; i++)
        n += memmem(l->heard[i]->value, l->heard[i]->value_len, text, strlen(text)) != NULL;
    return n;
}

/* --- life --- */

static __attribute__((unused)) void rig_start_stage(struct rig *rig, const char *worker)
{
    struct error err;

    rig->drained = false;
    rig->env.worker_id = worker;
    rig->self = rig->stage->create(&rig->env, &rig->loop, &err);
    CHECK(rig->self, "%s", err.message);
}

static void rig_on_drained(void *arg)
{
    ((struct rig *)arg)->drained = true;
}

/* As after SIGTERM. */
static __attribute__((unused)) void rig_drain_stage(struct rig *rig)
{
    rig->stage->drain(rig->self, rig_on_drained, rig);
    RUN_UNTIL(&rig->loop, rig->drained);
    rig->stage->destroy(rig->self);
    rig->self = NULL;
}

/* As after a kill, but that this process goes on. */
static __attribute__((unused)) void rig_kill_stage(struct rig *rig)
{
    rig->stage->destroy(rig->self);
    rig->self = NULL;
}

static void rig_load_meta(struct rig *rig)
{
    struct error err;
    rig->meta = meta_load(rig->redis.c, rig->config->prefix, (int)rig->config->crawler.partitions, true, &err);
    CHECK(rig->meta, "%s", err.message);
}

static __attribute__((unused)) void rig_init(struct rig *rig, const struct stage *stage)
{
    struct error err;

    memset(rig, 0, sizeof(*rig));
    rig_now = rig;
    rig->stage = stage;
    redis_server_start(&rig->redis);
    snprintf(rig->state_dir, sizeof(rig->state_dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(rig->state_dir), "mkdtemp");
    rig->config = config_load("/dev/null", NULL, 0, &err);
    CHECK(rig->config, "%s", err.message);
    CHECK(config_set(rig->config, "redis.frontier", rig->redis.socket, &err) && config_set(rig->config, "redis.cache",
                                                                                           rig->redis.socket, &err) &&
              config_set(rig->config, "prefix", "t", &err) && config_set(rig->config, "extractor.threads", "2", &err),
          "%s", err.message);
    rig_load_meta(rig);
    uv_loop_init(&rig->loop);
    rig->stream = stream_local_create(rig->config, rig->state_dir, &err);
    CHECK(rig->stream, "%s", err.message);
    rig->producer = producer_create(rig->stream, &rig->loop, &err);
    CHECK(rig->producer, "%s", err.message);
    rig->env = (struct stage_env){ .config = rig->config, .stream = rig->stream, .worker_id = "worker-1", .embedded = true,
                                   .on_fatal = rig_on_fatal, .arg = rig };
}

static __attribute__((unused)) void rig_fini(struct rig *rig)
{
    CHECK(!rig->failed, "%s", rig->fatal.message);
    if (rig->self)
        rig->stage->destroy(rig->self);
    for (int t = 0; t < TOPIC_COUNT; t++) {
        consumer_destroy(rig->topics[t].consumer);
        rig_forget(rig, (enum topic)t);
    }
    producer_destroy(rig->producer);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0); /* nothing of the stage is left on it */
    stream_destroy(rig->stream);
    meta_destroy(rig->meta);
    config_destroy(rig->config);
    redis_server_stop(&rig->redis);
    nftw(rig->state_dir, redis_server_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

static void rig_on_delivery(void *arg, const struct record *r, const struct error *err)
{
    struct rig *rig = arg;
    (void)r;
    CHECK(!err, "%s", err->message);
    rig->delivered++;
}

static __attribute__((unused)) void rig_send(struct rig *rig, const struct record *r)
{
    struct error err;
    CHECK(producer_send(rig->producer, r, rig_on_delivery, rig, &err), "%s", err.message);
}

static __attribute__((unused)) void rig_send_page(struct rig *rig, const struct page *p)
{
    struct error err;
    CHECK(page_send(rig->producer, p, rig_on_delivery, rig, &err), "%s", err.message);
}

#endif
