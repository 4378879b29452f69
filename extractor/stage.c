/* stage.c - pages to articles: the stage's records, connections and life.
 *
 *   pages ──> task.c: state, parsing, decision ──> publish.c: articles ──report──> ready ┐
 *                                                     └─ dead letter ──report────> ready ┤ in offset order
 *                                                     done already, unchanged ───> ready ┘──> commit.lua */
#include "extractor/task.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "pipeline/budget.h"
#include "pipeline/deadletter.h"
#include "pipeline/deadletter_count.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_MS 20000
#define TICK_MS 500
#define HELD_PAGES 256

static void on_dropped(void *arg, void *work)
{
    struct extract_stage *x = arg;
    struct task *t = work;

    t->dropped = true;
    if (!t->waiting) {
        task_end(t);
        tasks_pump(x);
    }
}

/* --- pages --- */

/* Without its dead letter the record is lost only where no dead letter will ever be made of it. */
static void settle_unreadable(struct task *t, const struct error *err)
{
    if (err && err->kind == ERROR_SYSTEM) {
        t->x->env.on_fatal(t->x->env.arg, err); /* the position stays: it is read again */
        return;
    }
    if (err && err->kind != ERROR_INVALID) { /* no room now */
        inorder_restart(t->item);
        return;
    }
    deadletter_lost(t->record, err);
    inorder_skip(t->item);
    task_free(t);
}

static void on_unreadable_sent(void *arg, const struct record *r, const struct error *err)
{
    struct task *t = arg;

    (void)r;
    if (!err)
        deadletter_count(t->x->redis, t->x->env.config->prefix, "extract", "no_page");
    if (!task_answered(t))
        settle_unreadable(t, err);
}

/* What is no page at all has no URL whose request could be closed: it goes to the dead letters, and the position on. */
static void refuse_unreadable(struct task *t, const struct error *why)
{
    struct deadletter d = { .stage = "extract", .reason = "no_page", .message = why->message, .record = t->record };
    struct error err;

    log_warn("record is no page partition=%" PRId32 " offset=%" PRId64 " reason=%s", t->record->partition, t->record->offset,
             log_quote(why->message));
    t->waiting = true;
    if (!deadletter_send(t->x->producer, &d, on_unreadable_sent, t, &err))
        on_unreadable_sent(t, NULL, &err);
}

static bool read_task(struct task *t, struct error *err)
{
    if (!page_read(t->record, &t->page, err))
        return false;
    if (url_parse(&t->url, t->page.url, strlen(t->page.url), NULL, NULL, err)) {
        t->place = place_of(t->x->meta, t->url.host, t->url.port);
        return true;
    }
    page_fini(&t->page);
    return false;
}

static void on_record(void *arg, struct inorder_item *it, struct record *r)
{
    struct extract_stage *x = arg;
    struct task *t = task_create(x, it, r);
    struct error err;

    inorder_set_work(it, t);
    t->readable = read_task(t, &err);
    if (!t->readable) {
        refuse_unreadable(t, &err);
        return;
    }
    struct task *before = map_put(x->by_id, t->page.id.hex, t);
    if (before) {
        before->after = t;
        t->waiting = true; /* for the one before */
    } else {
        task_queue(t);
        tasks_pump(x);
    }
}

static void on_consumer_fatal(void *arg, const struct error *err)
{
    struct extract_stage *x = arg;
    x->env.on_fatal(x->env.arg, err);
}

/* --- life --- */

static void on_redis_up(void *arg)
{
    struct extract_stage *x = arg;
    if (x->pages)
        inorder_redis_up(x->pages);
}

static void on_redis_down(void *arg)
{
    struct extract_stage *x = arg;
    if (x->pages)
        inorder_redis_down(x->pages);
}

static void on_redis_changed(void *arg)
{
    struct extract_stage *x = arg;
    if (x->pages)
        inorder_redis_changed(x->pages);
}

static void on_timer(uv_timer_t *timer)
{
    struct extract_stage *x = timer->data;
    atomic_store(&x->ready, x->pages && inorder_started(x->pages) && redis_connected(x->redis));
}

static bool load_meta(struct extract_stage *x, struct error *err)
{
    const struct config *c = x->env.config;
    redisContext *redis = redis_open(c->redis.frontier, c->redis.frontier_password, err);

    if (!redis)
        return false;
    x->meta = meta_load(redis, c->prefix, (int)c->crawler.partitions, true, err);
    redisFree(redis);
    return x->meta != NULL;
}

static bool open_all(struct extract_stage *x, struct error *err)
{
    const struct config *c = x->env.config;
    struct redis_callbacks redis = { on_redis_up, on_redis_down, on_redis_changed, x };
    struct inorder_callbacks pages = { on_record, task_on_turn, task_on_applied, on_dropped, on_consumer_fatal, x };
    struct inorder_options o = { .topic = TOPIC_PAGES, .group = "extractor", .prefix = c->prefix, .max_items = HELD_PAGES,
                                 .max_bytes = (size_t)c->body_budget_mb << 18 };
    int workers = c->extractor.threads > 0 ? (int)c->extractor.threads : (int)uv_available_parallelism();
    struct pool_options pool = {
        .workers = workers, .sandbox = c->extractor.sandbox,
        .limits = { (size_t)c->extractor.max_decoded_bytes, (size_t)c->extractor.parse_memory_mb << 20,
                    c->extractor.parse_timeout_ms },
        .on_fatal = x->env.on_fatal, .fatal_arg = x->env.arg };

    if (!load_meta(x, err))
        return false;
    budget_set_aside(x->env.budget, o.max_bytes);
    x->pool = pool_create(x->loop, &pool, err);
    x->producer = x->pool ? producer_create(x->env.stream, x->loop, err) : NULL;
    if (!x->producer)
        return false;
    x->in_work_max = 4 * (size_t)workers + 4; /* two in each child, as many on their way to and from Redis */
    producer_on_space(x->producer, tasks_on_space, x);
    producer_on_fatal(x->producer, x->env.on_fatal, x->env.arg);
    x->redis = redis_create(x->loop, c->redis.frontier, c->redis.frontier_password, &redis, err);
    if (!x->redis)
        return false;
    x->pages = inorder_create(x->env.stream, x->loop, x->redis, &o, &pages, err);
    return x->pages != NULL;
}

static void stage_destroy(void *self);

static void *stage_create(const struct stage_env *env, uv_loop_t *loop, struct error *err)
{
    static const double bounds[] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10 };
    struct extract_stage *x = xcalloc(1, sizeof(*x));

    x->env = *env;
    x->loop = loop;
    x->by_id = map_create();
    for (int i = 0; i < OUTCOME_COUNT; i++)
        x->outcomes[i] = metric_counter("tidings_extracted_total", "Pages by what became of them", "outcome",
                                        outcome_name((enum outcome)i));
    x->seconds = metric_histogram("tidings_extract_seconds", "From handing a page to the parsers to its verdict", bounds,
                                  COUNT(bounds));
    x->timer = xcalloc(1, sizeof(*x->timer));
    uv_timer_init(loop, x->timer);
    x->timer->data = x;
    uv_timer_start(x->timer, on_timer, 0, TICK_MS);
    if (open_all(x, err))
        return x;
    stage_destroy(x);
    return NULL;
}

static void stage_drain(void *self, void (*done)(void *arg), void *arg)
{
    struct extract_stage *x = self;
    inorder_drain(x->pages, DRAIN_MS, done, arg);
}

static void closed_one(void *arg)
{
    struct extract_stage *x = arg;

    if (--x->closing > 0)
        return;
    while (x->newest)
        task_free(x->newest); /* whose answers will not come any more */
    redis_destroy(x->redis);
    meta_destroy(x->meta);
    map_destroy(x->by_id);
    free(x);
}

static void on_timer_closed(uv_handle_t *h)
{
    struct extract_stage *x = h->data;

    free(h);
    closed_one(x);
}

/* What is still in work is dropped; its tasks are freed when nothing can answer them any more. */
static void stage_destroy(void *self)
{
    struct extract_stage *x = self;

    inorder_destroy(x->pages);
    x->pages = NULL;
    producer_destroy(x->producer);
    x->closing = 1 + (x->redis != NULL) + (x->pool != NULL);
    uv_close((uv_handle_t *)x->timer, on_timer_closed);
    if (x->pool)
        pool_destroy(x->pool, closed_one, x);
    if (x->redis)
        redis_close(x->redis, closed_one, x);
}

static bool stage_ready(void *self, struct buffer *why_not)
{
    struct extract_stage *x = self;

    if (atomic_load(&x->ready))
        return true;
    buffer_puts(why_not, "waiting for Redis or for partitions");
    return false;
}

static void stage_busy(void *self, struct buffer *out)
{
    struct extract_stage *x = self;
    size_t held = inorder_held(x->pages);

    if (held > 0)
        buffer_printf(out, "%zu page%s in work or waiting for an article's delivery", held, text_plural((int64_t)held));
}

const struct stage extractor_stage = { "extractor", stage_create, stage_drain, stage_destroy, stage_ready, stage_busy };
