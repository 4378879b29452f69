/* stage_own.h - the whole crawler stage for a test: the shipped stage on a loop, a redis-server of the test's own, the local
 * stream with a consumer that keeps what came on `pages`, and the scripted web of site.h. */
#ifndef TESTS_CRAWLER_STAGE_OWN_H
#define TESTS_CRAWLER_STAGE_OWN_H

#include "base/log.h"
#include "crawler/sources.h"
#include "pipeline/page.h"
#include "pipeline/stage.h"
#include "tests/unit/check.h"
#include "tests/unit/crawler/site.h"
#include "tests/unit/redis_own.h"

#include <sys/stat.h>

#define PAGES_MAX 4096

struct got { /* one record of `pages` */
    char url[160], source[40], via[20], hint_title[80];
    int status;
    bool gone, recheck;
    size_t len;
    int64_t version;
    struct id id, request_id;
};

struct stage_own {
    uv_loop_t loop, *at;    /* at: the one it runs on, its own or the first worker's */
    bool joined;            /* another worker beside a first one, whose Redis and configuration it has */
    struct redis_server redis;
    struct budget *budget;
    struct config *config;
    struct stream *stream;
    struct stage_env env;
    void *stage;
    struct consumer *pages;
    struct got got[PAGES_MAX];
    size_t got_count;
    bool hold;              /* records are kept undelivered */
    bool drained, closed;
    char fatal[512];
    char worker[32];
};

static void own_assigned(void *arg, const int32_t *partitions, size_t count)
{
    struct stage_own *o = arg;
    for (size_t i = 0; i < count; i++)
        consumer_start(o->pages, partitions[i], -1);
}

static void own_revoked(void *arg, const int32_t *partitions, size_t count, bool lost)
{
    struct stage_own *o = arg;
    (void)partitions, (void)count, (void)lost;
    consumer_revoked(o->pages);
}

static void own_record(void *arg, struct record *r)
{
    struct stage_own *o = arg;
    struct page p;
    struct error err;
    CHECK(page_read(r, &p, &err), "%s", err.message);
    struct got *g = &o->got[o->got_count < PAGES_MAX - 1 ? o->got_count++ : PAGES_MAX - 1];
    *g = (struct got){ .status = p.status, .gone = p.gone, .recheck = p.opened_at_ms == 0, .len = p.body_len, .version = p.version,
                       .id = p.id, .request_id = p.request_id };
    snprintf(g->url, sizeof(g->url), "%s", p.url);
    snprintf(g->source, sizeof(g->source), "%s", p.source);
    snprintf(g->via, sizeof(g->via), "%s", p.via);
    snprintf(g->hint_title, sizeof(g->hint_title), "%s", p.hint_title ? p.hint_title : "");
    page_fini(&p);
    if (!o->hold)
        consumer_done(o->pages, r->partition, r->offset + 1);
    record_release(r);
}

static void own_fatal(void *arg, const struct error *err)
{
    struct stage_own *o = arg;
    snprintf(o->fatal, sizeof(o->fatal), "%s", err->message);
    fprintf(stderr, "fatal: %s\n", o->fatal); /* what waits for the stage waits in vain */
}

static void own_closed(void *arg)
{
    ((struct stage_own *)arg)->closed = true;
}

static __attribute__((unused)) void own_drained(void *arg)
{
    ((struct stage_own *)arg)->drained = true;
}

/* A stream of its own, and who reads it. */
static void own_stream(struct stage_own *o, const char *dir)
{
    struct error err;
    o->budget = budget_create((size_t)o->config->body_budget_mb << 20);
    o->stream = stream_local_create(o->config, dir, &err);
    CHECK(o->stream, "%s", err.message);
    struct consumer_callbacks callbacks = { own_assigned, own_revoked, own_record, own_fatal, o };
    o->pages = consumer_create(o->stream, o->at, TOPIC_PAGES, "test", &callbacks, &err);
    CHECK(o->pages, "%s", err.message);
}

/* Redis, stream and configuration; no crawler yet. */
static void own_up(struct stage_own *o)
{
    struct error err;
    memset(o, 0, sizeof(*o));
    uv_loop_init(&o->loop);
    o->at = &o->loop;
    redis_server_start(&o->redis);
    o->config = config_load(NULL, NULL, 0, &err);
    CHECK(o->config, "%s", err.message);
    free(o->config->redis.frontier);
    o->config->redis.frontier = xstrdup(o->redis.socket);
    o->config->crawler.partitions = 16;
    o->config->crawler.lease_ms = 3000;
    o->config->crawler.delay_ms = 0;
    o->config->crawler.allow_private = true;
    o->config->crawler.poll_min_ms = 100;
    own_stream(o, o->redis.dir);
    strcpy(o->worker, "worker-1");
}

/* Another worker of the same installation. */
static __attribute__((unused)) void own_join(struct stage_own *o, struct stage_own *first, const char *worker)
{
    char dir[160];
    memset(o, 0, sizeof(*o));
    o->at = first->at;
    o->joined = true;
    o->config = first->config;
    snprintf(dir, sizeof(dir), "%s/%s", first->redis.dir, worker);
    CHECK(mkdir(dir, 0700) == 0, "%s", dir);
    own_stream(o, dir);
    snprintf(o->worker, sizeof(o->worker), "%s", worker);
}

/* A source of the configuration file, polled every 300 ms. feed: NULL to have it found. "$N" as in site.h. */
static void own_source(struct stage_own *o, const char *name, const char *url, const char *feed)
{
    struct config *c = o->config;
    c->sources = xrealloc(c->sources, (c->source_count + 1) * sizeof(*c->sources));
    struct config_source *s = &c->sources[c->source_count++];
    *s = (struct config_source){ .name = xstrdup(name), .url = site_text(url), .backfill = xstrdup("2d"), .interval_ms = 300 };
    if (feed)
        s->feeds.items[0] = site_text(feed);
}

static void own_start(struct stage_own *o)
{
    struct error err;
    o->env = (struct stage_env){ .config = o->config, .stream = o->stream, .budget = o->budget, .worker_id = o->worker, .holder = o->worker, .embedded = true, .on_fatal = own_fatal, .arg = o };
    o->drained = false;
    o->stage = crawler_stage.create(&o->env, o->at, &err);
    CHECK(o->stage, "%s", err.message);
}

static __attribute__((unused)) void own_drain(struct stage_own *o)
{
    crawler_stage.drain(o->stage, own_drained, o);
    RUN_UNTIL(o->at, o->drained);
}

static void own_stop(struct stage_own *o)
{
    crawler_stage.destroy(o->stage);
    o->stage = NULL;
}

static void own_down(struct stage_own *o)
{
    if (o->stage)
        own_stop(o);
    consumer_close(o->pages, own_closed, o);
    RUN_UNTIL(o->at, o->closed);
    consumer_destroy(o->pages);
    if (!o->joined) {
        uv_run(o->at, UV_RUN_DEFAULT);
        CHECK(uv_loop_close(o->at) == 0, "handles left on the loop");
    }
    stream_destroy(o->stream);
    CHECK(budget_used(o->budget) == 0, "%zu bytes of bodies are still out", budget_used(o->budget));
    budget_destroy(o->budget);
    if (!o->joined)
        config_destroy(o->config);
    if (o->redis.pid)
        redis_server_stop(&o->redis);
}

/* How often a page of this address came; "$N" as in site.h. */
static __attribute__((unused)) size_t own_pages(const struct stage_own *o, const char *url)
{
    size_t n = 0;
    char *text = site_text(url);
    for (size_t i = 0; i < o->got_count; i++)
        n += strcmp(o->got[i].url, text) == 0;
    free(text);
    return n;
}

/* The sum of a field of the ledger over sources and days. */
static __attribute__((unused)) long long own_ledger(struct stage_own *o, const char *field)
{
    long long sum = 0;
    redisReply *keys = redis_server_ask(&o->redis, "KEYS tidings:ledger:*");
    for (size_t i = 0; i < keys->elements; i++)
        sum += redis_server_number(&o->redis, "HGET %s %s", keys->element[i]->str, field);
    freeReplyObject(keys);
    return sum;
}

#endif
