/* crawler.c - the crawler stage: claims from the frontier, pages to the stream, on one loop.
 *
 *                    ┌─ page_fetch ──┐                 ┌──> `pages` ──delivery──> complete
 *   frontier ─claim─>├─ poll ────────┼─ visit ─ fetch ─┼──> discover ──replied──> poll_done
 *      ▲             └─ discover ────┘                 └──> poll_put ──replied──> poll_done
 *      └──────────── room ◄── transfers, byte budget, producer queue          `requests` ──> door ──> discover
 *
 * The order of effects. A claim ends only after what it led to is durable: a page's complete after its delivery report, a
 * redirect's close and a poll's validators after the discover they rest on has replied. Nothing of that is written here as a
 * wait: each step is begun by the callback of the one before, and a kill anywhere leaves a claim under a dead token, which
 * is simply given out again. So there is nothing to save, and nothing to recover at start.
 *
 * Who owns a claim: the frontier until on_claim(), then the work made from it (crawl.h), which hands it back once. A work
 * outlives its claim while an answer is still to come to it; the answer then finds no claim and ends the work.
 *
 * A lost lease. on_lost(): every work of the partition drops its transfer and abandons its claim; nothing of it may
 * complete, and records already in the producer's queue are harmless, since the claim's new owner has a later version.
 *
 * Back-pressure. Room is what may still be claimed: none while a page waits for the producer, its queue is more than 70 %
 * full or less than a quarter of the byte budget is free. The gate (gate.h) asks the same right before a request goes out,
 * so that what was claimed before waits too. Running transfers go on.
 *
 * Drain, 24 s at most. At once: no more claims, works without a request out are abandoned (given back), the door stops.
 * After 10 s: transfers still running are aborted. After 20 s: what is not delivered is abandoned; it is fetched again by
 * whoever gets it. The frontier gives each partition back as its last claim ends. When Redis is away for 10 s of that, the
 * drain is over: nothing can be given back, and the leases lapse. */
#include "crawler/crawl.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "crawler/blocked.h"
#include "crawler/contents.h"
#include "crawler/discover.h"
#include "crawler/door.h"
#include "crawler/ends.h"
#include "crawler/outfit.h"
#include "crawler/page_fetch.h"
#include "crawler/poll.h"
#include "crawler/reader.h"
#include "crawler/robots_cache.h"
#include "crawler/sources.h"
#include "crawler/websub.h"
#include "pipeline/metrics.h"
#include "pipeline/redis.h"
#include "pipeline/stage.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 100
#define QUEUED_RECORDS_MAX 14000          /* 70 % of what the producer holds of records and bytes */
#define QUEUED_BYTES_MAX (90u << 20)
#define DRAIN_TRANSFERS_MS 10000
#define DRAIN_DELIVERY_MS 20000
#define DRAIN_MAX_MS 24000
#define DRAIN_AWAY_MS 10000               /* without Redis nothing can be given back: the leases lapse by themselves */
#define READERS 2                         /* documents read at the same time */
#define READERS_MEMORY (24u << 20)        /* what those may hold decoded: set aside from the byte budget */
#define PAGES_RETENTION_MS (3 * 24 * 3600 * 1000LL)

struct crawler {
    struct crawl crawl;                   /* first: crawler_of() */
    struct stage_env env;
    struct meta *meta;
    struct address_policy *addresses;
    struct redis *redis;
    struct door *door;
    uv_timer_t tick;
    int64_t drain_began_mono_ms;          /* 0: not draining */
    int64_t drain_away_mono_ms;           /* Redis is away since then, while draining; 0: it is there */
    bool frontier_drained, door_drained;
    void (*on_drained)(void *arg);
    void *drained_arg;
    int open;                             /* tick, redis connection: freed when both are closed and all work is gone */
    bool destroyed;
    atomic_bool is_ready;
    struct metric *works, *waiting, *room, *partitions;
};

static struct crawler *crawler_of(struct crawl *c)
{
    return (struct crawler *)c;
}

/* --- room --- */

static bool producer_has_room(const struct crawl *c)
{
    return !c->unsent && producer_queued(c->producer) < QUEUED_RECORDS_MAX && producer_queued_bytes(c->producer) < QUEUED_BYTES_MAX;
}

static bool may_start(void *arg, int partition)
{
    struct crawl *c = arg;
    return !c->draining && producer_has_room(c) && budget_may_start(c->budget) && frontier_may_start(c->frontier, partition);
}

static void free_when_gone(struct crawler *w);

static void on_change(struct crawl *c)
{
    struct crawler *w = crawler_of(c);
    size_t most = (size_t)c->config->crawler.transfers, room = 0;
    if (w->destroyed) {
        free_when_gone(w);
        return;
    }
    if (!c->draining && c->visiting_count < most && producer_has_room(c) && budget_may_start(c->budget))
        room = most - c->visiting_count;
    frontier_set_room(c->frontier, room);
    metric_set(w->room, (double)room);
}

static void on_space(void *arg)
{
    struct crawl *c = arg;
    page_fetch_send_waiting(c);
    on_change(c);
}

/* --- what the frontier says --- */

static void on_claim(void *arg, struct claim *claim)
{
    struct crawl *c = arg;
    if (c->draining)
        frontier_abandon(c->frontier, claim);
    else if (claim->kind == CLAIM_PAGE)
        page_fetch_begin(c, claim);
    else if (claim->kind == CLAIM_DISCOVERY)
        discover_begin(c, claim);
    else
        poll_begin(c, claim);
}

/* Aborts the works that `which` is true of. One abort never frees another work, so `next` stays good. */
static void abort_works(struct crawl *c, bool (*which)(const struct work *w, int n), int n)
{
    for (struct work *w = c->works, *next; w; w = next) {
        next = w->next;
        if (w->claim && which(w, n))
            work_abort(w);
    }
}

static bool of_partition(const struct work *w, int partition)
{
    return w->claim->partition == partition;
}

static void on_gained(void *arg, int partition)
{
    (void)arg;
    log_debug("partition gained partition=%d", partition);
}

static void on_draining(void *arg, int partition)
{
    (void)arg; /* its claims end as usual */
    log_debug("partition is given back partition=%d", partition);
}

static void on_lost(void *arg, int partition)
{
    struct crawl *c = arg;
    abort_works(c, of_partition, partition);
    blocked_forget(c->blocked, partition); /* others go on with it; claims tell what they left */
}

static void on_server_changed(void *arg)
{
    struct crawler *w = arg;
    log_warn("frontier's Redis is another one or was restarted action=\"partitions are taken anew\"");
    if (w->door)
        door_redis_changed(w->door);
}

static void on_fatal(void *arg, const struct error *err)
{
    struct crawler *w = arg;
    w->env.on_fatal(w->env.arg, err);
}

static void on_source(void *arg, const struct source *s)
{
    poll_source(arg, s);
}

static void on_source_gone(void *arg, const char *name)
{
    (void)arg;
    log_info("source is watched no longer source=%s", log_quote(name));
}

/* --- redis: the frontier's callbacks and the door's --- */

static void on_redis_connected(void *arg)
{
    struct crawler *w = arg;
    struct redis_callbacks f = frontier_redis_callbacks(w->crawl.frontier);
    f.on_connected(f.arg);
    door_redis_up(w->door);
}

static void on_redis_disconnected(void *arg)
{
    struct crawler *w = arg;
    if (!w->destroyed)
        door_redis_down(w->door); /* the frontier learns it from its calls */
}

static void on_redis_changed(void *arg)
{
    struct crawler *w = arg;
    struct redis_callbacks f = frontier_redis_callbacks(w->crawl.frontier);
    f.on_server_changed(f.arg);
    sources_redis_changed(w->crawl.sources);
}

/* --- drain --- */

static bool not_transferring(const struct work *w, int n)
{
    (void)n;
    return w->visiting && !w->ops->transferring(w);
}

static bool visiting(const struct work *w, int n)
{
    (void)n;
    return w->visiting;
}

static bool any(const struct work *w, int n)
{
    (void)w, (void)n;
    return true;
}

static void drained(struct crawler *w)
{
    void (*done)(void *arg) = w->on_drained;
    w->on_drained = NULL;
    if (done)
        done(w->drained_arg);
}

static void on_frontier_drained(void *arg)
{
    struct crawler *w = arg;
    w->frontier_drained = true;
    if (w->door_drained)
        drained(w);
}

static void on_door_drained(void *arg)
{
    struct crawler *w = arg;
    w->door_drained = true;
    if (w->frontier_drained)
        drained(w);
}

static void drain_tick(struct crawler *w)
{
    int64_t age_ms = clock_mono_ms() - w->drain_began_mono_ms;
    abort_works(&w->crawl, not_transferring, 0);
    if (age_ms >= DRAIN_TRANSFERS_MS)
        abort_works(&w->crawl, visiting, 0);
    if (age_ms >= DRAIN_DELIVERY_MS)
        abort_works(&w->crawl, any, 0);
    if (redis_connected(w->redis))
        w->drain_away_mono_ms = 0;
    else if (w->drain_away_mono_ms == 0)
        w->drain_away_mono_ms = clock_mono_ms();
    bool away = w->drain_away_mono_ms && clock_mono_ms() - w->drain_away_mono_ms >= DRAIN_AWAY_MS;
    if (away)
        abort_works(&w->crawl, any, 0);
    if (away || age_ms >= DRAIN_MAX_MS)
        drained(w);
}

static void crawler_drain(void *self, void (*done)(void *arg), void *arg)
{
    struct crawler *w = self;
    w->on_drained = done;
    w->drained_arg = arg;
    w->crawl.draining = true;
    w->drain_began_mono_ms = clock_mono_ms();
    on_change(&w->crawl);
    frontier_drain(w->crawl.frontier, on_frontier_drained, w);
    door_drain(w->door, on_door_drained, w);
    drain_tick(w);
}

/* --- the tick: what changes without an event --- */

static void on_tick(uv_timer_t *timer)
{
    struct crawler *w = timer->data;
    struct crawl *c = &w->crawl;
    w->is_ready = frontier_ready(c->frontier) && sources_ready(c->sources) && door_ready(w->door);
    metric_set(w->works, (double)c->work_count);
    metric_set(w->waiting, (double)gate_waiting(c->gate));
    metric_set(w->partitions, (double)frontier_owned(c->frontier));
    on_change(c);
    if (w->drain_began_mono_ms)
        drain_tick(w);
}

/* --- life --- */

static void free_when_gone(struct crawler *w)
{
    if (w->open > 0 || w->crawl.works)
        return;
    robots_cache_destroy(w->crawl.robots);
    blocked_destroy(w->crawl.blocked);
    ends_destroy(w->crawl.ends);
    contents_destroy(w->crawl.contents);
    address_policy_destroy(w->addresses);
    meta_destroy(w->meta);
    free(w);
}

static void on_tick_closed(uv_handle_t *handle)
{
    struct crawler *w = handle->data;
    w->open--;
    free_when_gone(w);
}

static void on_redis_closed(void *arg)
{
    struct crawler *w = arg;
    redis_destroy(w->redis);
    w->open--;
    free_when_gone(w);
}

/* In the order that leaves nobody calling somebody who is gone: first those who call back, then the works, then what the
 * works stand on. */
static void crawler_destroy(void *self)
{
    struct crawler *w = self;
    struct crawl *c = &w->crawl;
    w->destroyed = true;
    c->draining = true;
    w->open++; /* keeps on_change() from freeing w before the end of this function */
    works_drop(c);
    websub_destroy(c->websub);
    door_destroy(w->door);
    if (c->sources)
        sources_destroy(c->sources);
    if (c->producer)
        producer_destroy(c->producer);
    if (c->frontier)
        frontier_destroy(c->frontier);
    readers_destroy(c->readers);
    gate_destroy(c->gate);
    fetcher_destroy(c->fetcher);
    if (w->redis)
        redis_close(w->redis, on_redis_closed, w);
    else
        w->open--;
    if (w->tick.data)
        uv_close((uv_handle_t *)&w->tick, on_tick_closed);
    else
        w->open--;
    w->open--;
    free_when_gone(w);
}

static struct meta *load_meta(const struct config *config, struct error *err)
{
    redisContext *r = redis_open(config->redis.frontier, config->redis.frontier_password, err);
    if (!r)
        return NULL;
    struct meta *m = meta_load(r, config->prefix, (int)config->crawler.partitions, true, err);
    redisFree(r);
    return m;
}

/* The largest body a request may bring is set aside once, as the fetcher's reserve; in a small budget it is a third. */
static bool make_fetcher(struct crawler *w, struct error *err)
{
    struct crawl *c = &w->crawl;
    char agent[USER_AGENT_MAX];
    size_t all = budget_lendable(c->budget), reserve = FETCH_READ_MAX < all / 3 ? FETCH_READ_MAX : all / 3;
    size_t pool = READERS_MEMORY + FETCH_CHECK_BYTES; /* what is decoded in libuv's pool */
    budget_set_aside(c->budget, reserve + (pool < all / 4 ? pool : all / 4));
    c->read_max_bytes = reserve;
    struct fetcher_options o = outfit_fetcher(w->env.config, agent);
    o.addresses = w->addresses;
    o.budget = c->budget;
    o.reserve_bytes = reserve;
    c->fetcher = fetcher_create(c->loop, &o, err);
    return c->fetcher != NULL;
}

static bool make_frontier(struct crawler *w, struct error *err)
{
    const struct config *config = w->env.config;
    struct crawl *c = &w->crawl;
    struct frontier_options o = { .prefix = config->prefix, .worker_id = w->env.holder, .meta = w->meta, .lease_ms = config->crawler.lease_ms,
                                  .delay_ms = config->crawler.delay_ms, .budgets_per_domain = (int)config->crawler.budgets_per_domain,
                                  .pages_retention_ms = PAGES_RETENTION_MS, .source_daily_max = config->crawler.source_daily_max,
                                  .past_max = BACKFILL_ITEMS };
    struct frontier_callbacks callbacks = { .on_claim = on_claim, .on_gained = on_gained, .on_draining = on_draining, .on_lost = on_lost,
                                            .on_server_changed = on_server_changed, .on_fatal = on_fatal, .arg = w };
    c->frontier = frontier_create(c->loop, &o, &callbacks, err);
    if (!c->frontier)
        return false;
    struct redis_callbacks redis_callbacks = { on_redis_connected, on_redis_disconnected, on_redis_changed, w };
    w->redis = redis_create(c->loop, config->redis.frontier, config->redis.frontier_password, &redis_callbacks, err);
    return w->redis != NULL;
}

static bool make_streams(struct crawler *w, struct error *err)
{
    struct crawl *c = &w->crawl;
    c->producer = producer_create(w->env.stream, c->loop, err);
    if (!c->producer)
        return false;
    producer_on_space(c->producer, on_space, c);
    producer_on_fatal(c->producer, on_fatal, w);
    w->door = door_create(c, w->env.stream, w->redis, on_fatal, w, err);
    return w->door != NULL;
}

static void make_metrics(struct crawler *w)
{
    w->works = metric_gauge("tidings_crawl_claims", "Claims in work, those that wait for their delivery too.", NULL, NULL);
    w->waiting = metric_gauge("tidings_crawl_waiting", "Requests that wait for their time or for room.", NULL, NULL);
    w->room = metric_gauge("tidings_crawl_room", "Claims that could be taken now; 0 while something downstream is slow.", NULL, NULL);
    w->partitions = metric_gauge("tidings_crawl_partitions", "Frontier partitions this worker owns.", NULL, NULL);
}

static void *crawler_create(const struct stage_env *env, uv_loop_t *loop, struct error *err)
{
    struct crawler *w = xcalloc(1, sizeof(*w));
    struct crawl *c = &w->crawl;
    struct sources_callbacks sources_callbacks = { on_source, on_source_gone, w };
    w->env = *env;
    w->open = 2;
    *c = (struct crawl){ .loop = loop, .config = env->config, .changed = on_change };
    c->unsent_tail = &c->unsent;
    make_metrics(w);
    w->meta = load_meta(env->config, err);
    if (!w->meta)
        goto fail;
    c->meta = w->meta;
    c->budget = env->budget;
    w->addresses = outfit_addresses(env->config);
    c->gate = gate_create(loop, may_start, c);
    c->robots = robots_cache_create(c);
    c->readers = readers_create(loop, READERS);
    c->blocked = blocked_create();
    c->ends = ends_create();
    c->contents = contents_create();
    pace_init(&c->pace, (double)env->config->crawler.polls_per_hour);
    if (!make_fetcher(w, err) || !make_frontier(w, err) || !make_streams(w, err))
        goto fail;
    c->websub = websub_create(c, w->redis, (int)env->config->websub.port, err);
    if (!c->websub && env->config->websub.public_url)
        goto fail;
    c->sources = sources_create(loop, env->config, w->meta, w->redis, &sources_callbacks);
    uv_timer_init(loop, &w->tick);
    w->tick.data = w;
    uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
    c->redis = w->redis;
    frontier_start(c->frontier, w->redis);
    sources_start(c->sources);
    return w;

fail:
    crawler_destroy(w);
    return NULL;
}

static bool crawler_ready(void *self, struct buffer *why_not)
{
    struct crawler *w = self;
    if (w->is_ready)
        return true;
    buffer_puts(why_not, "the crawler waits for Redis or the stream");
    return false;
}

static void crawler_reload(void *self, const struct config *config)
{
    struct crawler *w = self;
    sources_reload(w->crawl.sources, config);
}

static void crawler_busy(void *self, struct buffer *out)
{
    struct crawler *w = self;
    const struct crawl *c = &w->crawl;
    if (c->visiting_count > 0)
        buffer_printf(out, "%zu transfer%s", c->visiting_count, text_plural((int64_t)c->visiting_count));
    if (c->work_count > c->visiting_count)
        buffer_printf(out, "%s%zu %s", out->len ? ", " : "", c->work_count - c->visiting_count,
                      c->work_count - c->visiting_count == 1 ? "delivery" : "deliveries");
}

const struct stage crawler_stage = {
    .name = "crawler", .create = crawler_create, .drain = crawler_drain, .destroy = crawler_destroy, .ready = crawler_ready,
    .busy = crawler_busy, .reload = crawler_reload,
};
