/* loader.c - the stage: two topics, one or two servers of Redis.
 *
 *   articles ──inorder──> cache: article.lua            events ──inorder──> frontier's server: health.lua
 *
 * Records are read where they arrive and go out at once: one script a record, pipelined; the effect and the position are one
 * call (pipeline/inorder.h). Nothing here is kept between records. In the embedded form the private Redis is bounded: above
 * PRESSURE_PERCENT of its memory the oldest articles leave the cache, so that the frontier beside them never has to. */
#include "loader/loader.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/json_scan.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "pipeline/deadletter.h"
#include "pipeline/deadletter_count.h"
#include "pipeline/event.h"
#include "pipeline/inorder.h"
#include "pipeline/keys.h"
#include "pipeline/metrics.h"
#include "pipeline/stage.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRESSURE_PERCENT 80
#define PRESSURE_MS 1000    /* how often memory is looked at */
#define EVICT_BATCH 50
#define DRAIN_MS 18000
#define LAST_EVENTS_MS 2000
#define LAST_EVENTS_LOOK_MS 20
#define HELD_ARTICLES 512
#define HELD_EVENTS 1024

struct loader {
    struct stage_env env;            /* what it points to is borrowed */
    uv_loop_t *loop;
    struct redis *cache, *frontier;  /* owned; the same when one server is both */
    struct producer *producer;       /* owned: events and dead letters */
    struct inorder *articles, *events; /* owned; NULL until created */
    struct dead *dead;               /* all on their way */
    uv_timer_t *timer;               /* owned; closed with the loop */
    int draining;                    /* consumers that have not finished */
    int64_t last_events_until_ms;    /* monotonic: drain() waits so long for events that are there already; 0 = it does not */
    void (*on_drained)(void *arg);
    void *drained_arg;
    int closing;                     /* connections and timers to be closed before this is freed */
    bool evicting;
    atomic_bool ready;
    struct metric *results[5];
};

static const char *const result_names[] = { "new", "updated", "removed", "stale", "expired" };

/* --- dead letters --- */

/* One record on its way to the dead letters; its position moves once it is there. */
struct dead {
    struct loader *loader;
    struct dead *older, *newer;
    struct record *record;      /* owned */
    struct work *work;          /* owned; NULL: dropped meanwhile */
    bool unsent;                /* the full producer had no room */
    struct error err;
};

static void dead_send(struct dead *d);
static void work_skip(struct work *w);

static void dead_free(struct dead *d)
{
    if (d->older)
        d->older->newer = d->newer;
    if (d->newer)
        d->newer->older = d->older;
    else
        d->loader->dead = d->older;
    record_release(d->record);
    free(d);
}

static void on_dead_delivered(void *arg, const struct record *r, const struct error *err)
{
    struct dead *d = arg;
    struct loader *l = d->loader;

    (void)r;
    if (err && err->kind == ERROR_SYSTEM) {
        l->env.on_fatal(l->env.arg, err);
        return;
    }
    deadletter_lost(d->record, err);
    if (!err)
        deadletter_count(l->frontier, l->env.config->prefix, "load", "no_article");
    if (d->work)
        work_skip(d->work);
    dead_free(d);
}

static void dead_send(struct dead *d)
{
    struct deadletter letter = { .stage = "load", .reason = "no_article", .message = d->err.message, .record = d->record };
    struct error err;

    d->unsent = false;
    if (deadletter_send(d->loader->producer, &letter, on_dead_delivered, d, &err))
        return;
    if (err.kind == ERROR_LIMIT)
        d->unsent = true;
    else
        on_dead_delivered(d, NULL, &err);
}

static void on_space(void *arg)
{
    struct loader *l = arg;

    for (struct dead *d = l->dead, *older; d; d = older) {
        older = d->older;
        if (d->unsent)
            dead_send(d);
    }
}

static struct dead *dead_letter(struct loader *l, struct work *work, struct record *r, const struct error *why)
{
    struct dead *d = xcalloc(1, sizeof(*d));

    log_warn("record refused topic=%s partition=%" PRId32 " offset=%" PRId64 " reason=%s", topic_name(r->topic), r->partition,
             r->offset,
             log_quote(why->message));
    *d = (struct dead){ .loader = l, .older = l->dead, .record = r, .work = work, .err = *why };
    if (d->older)
        d->older->newer = d;
    l->dead = d;
    return d;
}

/* --- articles --- */

struct work {
    struct loader *loader;
    struct record *record;   /* owned until handed to dead */
    struct inorder_item *item;
    struct load load;
    struct dead *dead;       /* it was no record */
};

static void work_free(struct work *w)
{
    load_fini(&w->load);
    if (!w->dead)
        record_release(w->record);
    free(w);
}

static void work_skip(struct work *w)
{
    inorder_skip(w->item);
    work_free(w);
}

static void on_article(void *arg, struct inorder_item *it, struct record *r)
{
    struct loader *l = arg;
    struct work *w = xcalloc(1, sizeof(*w));
    struct error err;

    w->loader = l;
    w->record = r;
    w->item = it;
    inorder_set_work(it, w);
    if (load_read(&w->load, r, &err)) {
        inorder_ready(it);
        return;
    }
    w->dead = dead_letter(l, w, r, &err);
    dead_send(w->dead);
}

static void on_article_turn(void *arg, void *work, struct inorder_item *it)
{
    struct loader *l = arg;
    struct work *w = work;
    struct load_call call;

    load_call_init(&call, &w->load, l->env.config);
    inorder_apply(it, &load_article_script, call.keys, call.argc, call.argv, call.lens);
}

static void tell(struct loader *l, const struct load *load, const char *result)
{
    const struct article *a = &load->article;
    char *url = a->url ? xstrndup(a->url, a->url_len) : NULL;
    bool applied = strcmp(result, "stale") != 0 && strcmp(result, "expired") != 0;
    struct event e = { .url_id = a->id, .url = url, .source = load->source[0] ? load->source : NULL, .stage = "load",
                       .what = applied ? (a->removed ? "removed" : "loaded") : "stale", .reason = applied ? NULL : result,
                       .version = a->version };

    event_send(l->producer, &e);
    free(url);
}

static void on_article_applied(void *arg, void *work, const redisReply *reply)
{
    struct loader *l = arg;
    struct work *w = work;
    const char *result = reply->elements > 1 && reply->element[1]->str ? reply->element[1]->str : "";

    for (size_t i = 0; i < COUNT(result_names); i++)
        if (strcmp(result, result_names[i]) == 0)
            metric_add(l->results[i], 1);
    tell(l, &w->load, result);
    work_free(w);
}

/* A dead letter of a dropped record is still sent; the record will be read, and sent, once more. */
static void on_article_dropped(void *arg, void *work)
{
    struct work *w = work;

    (void)arg;
    if (w->dead)
        w->dead->work = NULL;
    work_free(w);
}

/* --- events --- */

struct health {
    struct loader *loader;
    struct inorder_item *item;  /* NULL: dropped meanwhile */
    struct record *record;      /* owned */
    char source[80], field[24], time_ms[24], value[62]; /* no longer, so that the row stays compact */
    const char *value_field;
    bool asking;                /* an alias is on its way to the cache */
};

enum { E_SOURCE, E_STAGE, E_WHAT, E_REASON, E_AT, E_ARTICLE, E_COUNT };

static void health_free(struct health *h)
{
    record_release(h->record);
    free(h);
}

static void text_of(const struct json_member *m, char *out, size_t size)
{
    struct buffer b;

    buffer_init(&b, 0);
    json_member_text(m->value, m->len, &b);
    size_t len = text_cut(buffer_str(&b), strlen(buffer_str(&b)), size - 1);
    memcpy(out, buffer_str(&b), len);
    out[len] = '\0';
    buffer_fini(&b);
}

/* Which field of a source's row an event is about, and what it says beside the time. */
static const struct { const char *stage, *what, *field, *value_field; } meanings[] = {
    { "load", "loaded", "article", NULL },
    { "fetch", "fetched", "fetched", NULL },
    { "fetch", "failed", "failed", "error" },
    { "robots", "denied", "failed", "error" },
    { "extract", "deadlettered", "failed", "error" },
};

static bool health_read(struct health *h, const struct json_member *m)
{
    char stage[24], what[24], at[40];
    struct date d;

    text_of(&m[E_SOURCE], h->source, SOURCE_NAME_MAX + 1);
    text_of(&m[E_STAGE], stage, sizeof(stage));
    text_of(&m[E_WHAT], what, sizeof(what));
    text_of(&m[E_AT], at, sizeof(at));
    if (!h->source[0] || !date_parse(at, strlen(at), &d))
        return false;
    for (size_t i = 0; i < COUNT(meanings); i++) {
        if (strcmp(stage, meanings[i].stage) != 0 || strcmp(what, meanings[i].what) != 0)
            continue;
        snprintf(h->field, sizeof(h->field), "%s", meanings[i].field);
        snprintf(h->time_ms, sizeof(h->time_ms), "%" PRId64, d.unix_s * 1000);
        h->value_field = meanings[i].value_field;
        text_of(&m[E_REASON], h->value, sizeof(h->value));
        return true;
    }
    return false;
}

static void on_alias(void *arg, const redisReply *reply, const struct error *err)
{
    struct health *h = arg;

    (void)reply;
    h->asking = false;
    if (!h->item)
        health_free(h);
    else if (err)
        inorder_restart(h->item);
    else {
        inorder_skip(h->item);
        health_free(h);
    }
}

/* Another address of an article that is published under its own: readers find it by either. */
static bool take_alias(struct health *h, const struct json_member *m)
{
    struct loader *l = h->loader;
    char what[24], article[ID_HEX_LEN + 2], ttl[24], id[ID_HEX_LEN + 1];

    text_of(&m[E_WHAT], what, sizeof(what));
    text_of(&m[E_ARTICLE], article, sizeof(article));
    if (strcmp(what, "duplicate") != 0 || !id_valid(article, strlen(article)) || !id_valid(h->record->key, h->record->key_len))
        return false;
    snprintf(id, sizeof(id), "%.*s", ID_HEX_LEN, (const char *)h->record->key);
    const char *prefix = l->env.config->prefix;
    struct key url = key_url(prefix, id), aliases = key_aliases(prefix, article);
    snprintf(ttl, sizeof(ttl), "%" PRId64, l->env.config->loader.ttl_ms);
    const char *argv[] = { url.s, aliases.s, prefix, id, article, ttl };
    h->asking = true;
    redis_eval(l->cache, &load_alias_script, on_alias, h, 2, COUNT(argv), argv, NULL);
    return true;
}

static void on_event(void *arg, struct inorder_item *it, struct record *r)
{
    struct loader *l = arg;
    struct json_member m[E_COUNT] = { { .name = "source" }, { .name = "stage" }, { .name = "what" }, { .name = "reason" },
                                      { .name = "at" }, { .name = "article" } };
    struct health *h = xcalloc(1, sizeof(*h));

    *h = (struct health){ .loader = l, .item = it, .record = r };
    inorder_set_work(it, h);
    bool readable = r->value && json_scan(r->value, r->value_len, m, E_COUNT, NULL);
    if (readable && take_alias(h, m))
        return;
    if (readable && health_read(h, m)) {
        inorder_ready(it);
        return;
    }
    inorder_skip(it); /* tells nothing of a source's health */
    health_free(h);
}

static void on_event_turn(void *arg, void *work, struct inorder_item *it)
{
    struct loader *l = arg;
    struct health *h = work;
    struct key key = key_source(l->env.config->prefix, h->source);
    const char *argv[] = { key.s, h->time_ms, h->field, h->value_field, h->value };

    inorder_apply(it, &load_health_script, 1, h->value_field && h->value[0] ? 5 : 3, argv, NULL);
}

static void on_event_applied(void *arg, void *work, const redisReply *reply)
{
    (void)arg, (void)reply;
    health_free(work);
}

static void on_event_dropped(void *arg, void *work)
{
    struct health *h = work;

    (void)arg;
    h->item = NULL;
    if (!h->asking)
        health_free(h);
}

static void on_consumer_fatal(void *arg, const struct error *err)
{
    struct loader *l = arg;
    l->env.on_fatal(l->env.arg, err);
}

/* --- memory of the private Redis --- */

static int64_t info_number(const char *info, const char *name)
{
    const char *at = strstr(info, name);
    return at ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static void ask_memory(struct loader *l);

static void on_evicted(void *arg, const redisReply *reply, const struct error *err)
{
    struct loader *l = arg;

    l->evicting = false;
    if (err || reply->type != REDIS_REPLY_INTEGER || reply->integer == 0)
        return;
    log_info("articles left the cache count=%lld reason=\"its Redis is over %d %% of redis.private_max_mb\"", reply->integer,
             PRESSURE_PERCENT);
    ask_memory(l); /* until it is enough */
}

static void evict(struct loader *l)
{
    struct key loaded = key_loaded(l->env.config->prefix), stream = key_article_stream(l->env.config->prefix);
    char count[16];
    const char *argv[] = { loaded.s, stream.s, l->env.config->prefix, count };

    snprintf(count, sizeof(count), "%d", EVICT_BATCH);
    l->evicting = true;
    redis_eval(l->cache, &load_evict_script, on_evicted, l, 2, COUNT(argv), argv, NULL);
}

static void on_memory(void *arg, const redisReply *reply, const struct error *err)
{
    struct loader *l = arg;

    if (err || reply->type != REDIS_REPLY_STRING || l->evicting)
        return;
    int64_t used = info_number(reply->str, "used_memory:"), max = info_number(reply->str, "maxmemory:");
    if (max > 0 && used > max / 100 * PRESSURE_PERCENT)
        evict(l);
}

static void ask_memory(struct loader *l)
{
    if (redis_connected(l->cache))
        redis_callf(l->cache, on_memory, l, "INFO memory");
}

static void look_at_last_events(struct loader *l);

static void on_timer(uv_timer_t *t)
{
    struct loader *l = t->data;

    if (l->last_events_until_ms)
        look_at_last_events(l);
    atomic_store(&l->ready, l->articles && inorder_started(l->articles) && redis_connected(l->cache) &&
                 redis_connected(l->frontier));
    if (l->env.embedded)
        ask_memory(l);
}

/* --- connections --- */

static void each_on(struct loader *l, const struct redis *r, void (*fn)(struct inorder *o))
{
    if (l->articles && r == l->cache)
        fn(l->articles);
    if (l->events && r == l->frontier)
        fn(l->events);
}

static void on_cache_up(void *arg)
{
    struct loader *l = arg;
    each_on(l, l->cache, inorder_redis_up);
}

static void on_cache_down(void *arg)
{
    struct loader *l = arg;
    each_on(l, l->cache, inorder_redis_down);
}

static void on_cache_changed(void *arg)
{
    struct loader *l = arg;
    each_on(l, l->cache, inorder_redis_changed);
}

static void on_frontier_up(void *arg)
{
    struct loader *l = arg;
    each_on(l, l->frontier, inorder_redis_up);
}

static void on_frontier_down(void *arg)
{
    struct loader *l = arg;
    each_on(l, l->frontier, inorder_redis_down);
}

static void on_frontier_changed(void *arg)
{
    struct loader *l = arg;
    each_on(l, l->frontier, inorder_redis_changed);
}

static bool connect_servers(struct loader *l, struct error *err)
{
    const struct config *c = l->env.config;
    const char *cache = c->redis.cache ? c->redis.cache : c->redis.frontier;
    struct redis_callbacks to_cache = { on_cache_up, on_cache_down, on_cache_changed, l };
    struct redis_callbacks to_frontier = { on_frontier_up, on_frontier_down, on_frontier_changed, l };
    const char *password = c->redis.cache ? c->redis.cache_password : c->redis.frontier_password;

    l->cache = redis_create(l->loop, cache, password, &to_cache, err);
    if (!l->cache)
        return false;
    l->frontier = strcmp(cache, c->redis.frontier) == 0
                      ? l->cache
                      : redis_create(l->loop, c->redis.frontier, c->redis.frontier_password, &to_frontier, err);
    return l->frontier != NULL;
}

/* --- life --- */

static void loader_destroy(void *self);

static bool open_consumers(struct loader *l, struct error *err)
{
    struct inorder_callbacks articles = { on_article, on_article_turn, on_article_applied, on_article_dropped,
                                          on_consumer_fatal, l };
    struct inorder_callbacks events = { on_event, on_event_turn, on_event_applied, on_event_dropped, on_consumer_fatal, l };
    struct inorder_options o = { .topic = TOPIC_ARTICLES, .group = "loader", .prefix = l->env.config->prefix,
                                 .max_items = HELD_ARTICLES };

    l->articles = inorder_create(l->env.stream, l->loop, l->cache, &o, &articles, err);
    if (!l->articles)
        return false;
    o = (struct inorder_options){ .topic = TOPIC_EVENTS, .group = "loader-events", .prefix = l->env.config->prefix,
                                  .max_items = HELD_EVENTS };
    l->events = inorder_create(l->env.stream, l->loop, l->frontier, &o, &events, err);
    return l->events != NULL;
}

static void *loader_create(const struct stage_env *env, uv_loop_t *loop, struct error *err)
{
    struct loader *l = xcalloc(1, sizeof(*l));

    l->env = *env;
    l->loop = loop;
    for (size_t i = 0; i < COUNT(result_names); i++)
        l->results[i] = metric_counter("tidings_loaded_total", "Records of articles by what they did to the cache", "result",
                                       result_names[i]);
    l->timer = xcalloc(1, sizeof(*l->timer));
    uv_timer_init(loop, l->timer);
    l->timer->data = l;
    uv_timer_start(l->timer, on_timer, 0, PRESSURE_MS);
    l->producer = producer_create(env->stream, loop, err);
    if (!l->producer || !connect_servers(l, err) || !open_consumers(l, err)) {
        loader_destroy(l);
        return NULL;
    }
    producer_on_space(l->producer, on_space, l);
    producer_on_fatal(l->producer, l->env.on_fatal, l->env.arg);
    return l;
}

static void on_consumer_drained(void *arg)
{
    struct loader *l = arg;

    if (--l->draining == 0)
        l->on_drained(l->drained_arg);
}

static void drain_consumers(struct loader *l)
{
    l->last_events_until_ms = 0;
    l->draining = 2;
    inorder_drain(l->articles, DRAIN_MS, on_consumer_drained, l);
    inorder_drain(l->events, DRAIN_MS, on_consumer_drained, l);
}

/* In the embedded form all events are our own: what the crawler and the extractor said last is read before the end. */
static void look_at_last_events(struct loader *l)
{
    if (consumer_lag(inorder_consumer(l->events)) <= 0 || clock_mono_ms() >= l->last_events_until_ms)
        drain_consumers(l);
}

static void loader_drain(void *self, void (*done)(void *arg), void *arg)
{
    struct loader *l = self;

    l->on_drained = done;
    l->drained_arg = arg;
    l->last_events_until_ms = clock_mono_ms() + (l->env.embedded ? LAST_EVENTS_MS : 0);
    uv_timer_start(l->timer, on_timer, 0, LAST_EVENTS_LOOK_MS);
}

static void closed_one(struct loader *l)
{
    if (--l->closing > 0)
        return;
    if (l->frontier != l->cache)
        redis_destroy(l->frontier);
    redis_destroy(l->cache);
    free(l);
}

static void on_redis_closed(void *arg)
{
    closed_one(arg);
}

static void on_timer_closed(uv_handle_t *h)
{
    struct loader *l = h->data;

    free(h);
    closed_one(l);
}

static void loader_destroy(void *self)
{
    struct loader *l = self;

    inorder_destroy(l->articles);
    inorder_destroy(l->events);
    l->articles = l->events = NULL;
    producer_destroy(l->producer);
    while (l->dead)
        dead_free(l->dead);
    l->closing = 1 + (l->cache != NULL) + (l->frontier && l->frontier != l->cache);
    uv_close((uv_handle_t *)l->timer, on_timer_closed);
    if (l->frontier && l->frontier != l->cache)
        redis_close(l->frontier, on_redis_closed, l);
    if (l->cache)
        redis_close(l->cache, on_redis_closed, l);
}

static bool loader_ready(void *self, struct buffer *why_not)
{
    struct loader *l = self;

    if (atomic_load(&l->ready))
        return true;
    buffer_puts(why_not, "waiting for Redis or for partitions");
    return false;
}

static void loader_busy(void *self, struct buffer *out)
{
    struct loader *l = self;
    size_t held = inorder_held(l->articles);

    if (held > 0)
        buffer_printf(out, "%zu article%s on the way into the cache", held, text_plural((int64_t)held));
}

const struct stage loader_stage = { "loader", loader_create, loader_drain, loader_destroy, loader_ready, loader_busy };
