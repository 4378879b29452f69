/* week_test.c - the crawler over simulated time: the shipped stage, whole, with its scheduler, feed reader and frontier in a real Redis,
 * 2,000 sources of a generator behind the fetch interface, and a clock that jumps from one timer of the loop to the next. Beside it, over
 * the same sources, what is simple: every 10 and every 90 minutes, and with the rates known beforehand (those are computed). One day
 * counts, after some hours of learning; with TEST_WEEK=1 a whole week does. Sanitized the crawler has a tenth of the sources. */
#include "base/log.h"
#include "crawler/crawl.h"
#include "crawler/frontier_private.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/ledger.h"
#include "pipeline/stage.h"
#include "tests/discarding.h"
#include "tests/unit/crawler/week_web.h"
#include "tests/unit/redis_own.h"
#include "tests/unit/virtual_clock.h"

#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#define SOURCES 200
#else
#define SOURCES 2000
#endif
#define OTHERS (SOURCES / 100) /* of each kind that is not ordinary */
#define PARTITIONS 8
#define LEARNING_S (2 * HOUR_S)
#define STEP_MS 50      /* the loop turns at most this often: a machine that is a little late */
#define BEGIN_S (MONDAY_S + LEARNING_S)
#define DUE_MS 1000     /* Redis keeps when a poll is due in whole seconds */

static int64_t to_s; /* the end of what counts */

/* --- simple policies, computed --- */

struct simple {
    struct origin *origin;
    size_t next; /* the first item not yet fetched */
    int64_t due_s, interval_s;
};

static void simple_poll(struct simple *w, struct figures *r)
{
    const struct origin *o = w->origin;
    bool counted = w->due_s >= BEGIN_S;
    size_t out = published(o, w->next, w->due_s), shown = out > o->window ? out - o->window : 0;
    for (size_t i = w->next; i < out; i++) {
        if (i < shown)
            r->lost += counted;
        else if (o->items[i] >= BEGIN_S)
            count_age(r, (double)(w->due_s - o->items[i]));
    }
    w->next = out;
    r->requests += counted;
}

/* fixed_s: the interval; with by_rate of a source with one item a day, others by the root of their rate, which is the optimum. */
static struct figures simulate(struct origin *origins, int64_t fixed_s, bool by_rate)
{
    struct figures r = { 0 };
    for (size_t i = 0; i < SOURCES; i++) {
        double rate = origins[i].per_day < 0.05 ? 0.05 : origins[i].per_day;
        struct simple w = { .origin = &origins[i], .due_s = MONDAY_S + (int64_t)(i * 600 / SOURCES) };
        w.next = published(w.origin, 0, w.due_s); /* the first reading is no news */
        w.interval_s = by_rate ? (int64_t)((double)fixed_s / sqrt(rate)) : fixed_s;
        for (; w.due_s < to_s; w.due_s += w.interval_s)
            simple_poll(&w, &r);
    }
    return r;
}

/* --- the crawler --- */

static struct {
    uv_loop_t loop;
    struct redis_server redis;
    struct config *config;
    struct stage_env env;
    struct crawl *crawl; /* the stage */
    bool drained;
} own;

static void on_fatal(void *arg, const struct error *err)
{
    (void)arg;
    fail_msg("fatal: %s", err->message);
}

static void on_drained(void *arg)
{
    (void)arg;
    own.drained = true;
}

/* Something is under way that takes no time in this world: an answer of Redis, a job in the pool. */
static bool busy(void)
{
    return redis_pending(own.crawl->frontier->redis) > 0 || own.loop.active_reqs.count > 0;
}

/* What the extractor does with pages that are on their way: they were articles. */
static void close_sent(void)
{
    static const struct redis_script script = { .name = "closing", .prelude = frontier_lib_lua, .source =
        "partition(KEYS[1], KEYS[2])\n"
        "for _, id in ipairs(call('HKEYS', base .. ':sent')) do close_request(id, now() + 1, 'article') end return 1" };
    for (int p = 0; p < PARTITIONS; p++) {
        struct key base = key_partition(own.config->prefix, p);
        const char *argv[] = { base.s, own.config->prefix };
        freeReplyObject(script_eval(own.redis.c, &script, 2, 2, argv, NULL));
    }
}

/* Runs until that time; the clock stands still while anything is under way, else it jumps to the next timer. */
static void run_until(int64_t unix_ms)
{
    while (*virtual_unix_ms < unix_ms) {
        uv_run(&own.loop, busy() ? UV_RUN_ONCE : UV_RUN_NOWAIT);
        int wait_ms = busy() ? 0 : uv_backend_timeout(&own.loop);
        if (wait_ms == 0)
            continue;
        int64_t next_ms = *virtual_unix_ms + (wait_ms < STEP_MS ? STEP_MS : wait_ms);
        *virtual_unix_ms = next_ms < unix_ms ? next_ms : unix_ms;
    }
}

/* Until the connection to Redis stands nobody can tell what is under way: a while of the real clock for each step. */
static void connect_stage(void)
{
    for (int i = 0; i < 5000 && frontier_owned(own.crawl->frontier) < PARTITIONS; i++) {
        uv_run(&own.loop, UV_RUN_NOWAIT);
        usleep(1000);
        ++*virtual_unix_ms;
    }
    CHECK(frontier_owned(own.crawl->frontier) == PARTITIONS, "%d partitions", frontier_owned(own.crawl->frontier));
}

static void add_sources(struct config *c, size_t count)
{
    c->sources = xcalloc(count, sizeof(*c->sources));
    c->source_count = count;
    for (size_t i = 0; i < count; i++) {
        char feed[64];
        week_feed_url(i, feed);
        c->sources[i] = (struct config_source){ .name = xasprintf("source%zu", i), .url = xstrndup(feed, strlen(feed) - strlen("feed.xml")) };
        c->sources[i].feeds.items[0] = xstrdup(feed);
    }
}

static void clock_begin(void)
{
    char number[16];
    int fd = memfd_create("clock", 0);
    CHECK(fd >= 0 && ftruncate(fd, sizeof(int64_t)) == 0, "memfd_create");
    virtual_unix_ms = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(virtual_unix_ms != MAP_FAILED, "mmap");
    *virtual_unix_ms = MONDAY_S * 1000LL;
    virtual_mono_zero_ms = MONDAY_S * 1000LL - 1000000;
    snprintf(number, sizeof(number), "%d", fd);
    setenv("VIRTUAL_CLOCK", number, 1);
    setenv("LD_PRELOAD", VIRTUAL_CLOCK_SO, 1);
    redis_server_start(&own.redis);
    unsetenv("LD_PRELOAD");
    /* jemalloc's thread sleeps until a time of day: where that is over it never sleeps. */
    freeReplyObject(redis_server_ask(&own.redis, "CONFIG SET appendonly no jemalloc-bg-thread no"));
    redisReply *now = redis_server_ask(&own.redis, "TIME");
    CHECK(atoll(now->element[0]->str) == MONDAY_S, "Redis has a time of its own: %s", now->element[0]->str);
    freeReplyObject(now);
}

static void crawl_begin(size_t sources)
{
    struct error err;
    clock_begin();
    uv_loop_init(&own.loop);
    own.config = config_load(NULL, NULL, 0, &err);
    CHECK(own.config, "%s", err.message);
    free(own.config->redis.frontier);
    own.config->redis.frontier = xstrdup(own.redis.socket);
    own.config->crawler.partitions = PARTITIONS;
    own.config->crawler.delay_ms = week.delay_ms;
    own.config->crawler.polls_per_hour = (int64_t)sources * 6; /* as many as every ten minutes */
    add_sources(own.config, sources);
    own.env = (struct stage_env){ .config = own.config, .stream = &discarding_stream, .budget = budget_create(64u << 20), .worker_id = "week",
                                  .holder = "week", .on_fatal = on_fatal };
    own.crawl = crawler_stage.create(&own.env, &own.loop, &err);
    CHECK(own.crawl, "%s", err.message);
    connect_stage();
}

static void crawl_end(void)
{
    crawler_stage.drain(own.crawl, on_drained, NULL);
    for (int i = 0; i < 1000 && !own.drained; i++)
        run_until(*virtual_unix_ms + 100);
    CHECK(own.drained, "drained");
    crawler_stage.destroy(own.crawl);
    uv_run(&own.loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&own.loop) == 0, "handles left on the loop");
    CHECK(budget_used(own.env.budget) == 0, "%zu bytes of bodies are still out", budget_used(own.env.budget));
    budget_destroy(own.env.budget);
    config_destroy(own.config);
    redis_server_stop(&own.redis);
}

/* --- what is asked of it --- */

static void show(const char *name, struct figures *r)
{
    print_message("%-14s %8zu requests %7zu items  p50 %6.0f s  p95 %6.0f s  lost %zu\n", name, r->requests, r->count, quantile(r, 0.5),
                  quantile(r, 0.95), r->lost);
}

/* What a feed showed was fetched once; what was old at the first reading never. */
static void check_items(const size_t *shown)
{
    for (size_t i = 0; i < week.count; i++) {
        const struct origin *o = &week.origins[i];
        const struct watch *w = &week.watches[i];
        for (size_t n = 0; n < o->count; n++) {
            bool recent = o->items[n] > MONDAY_S - 86400, wanted = n >= w->first && n < shown[i] && recent;
            CHECK(w->fetched[n] <= 1 && (!wanted || w->fetched[n] == 1 || o->kind == FAILING), "item %zu of source %zu: %d times", n, i, w->fetched[n]);
        }
    }
}

/* The books balance, and say what the servers saw. */
static bool books_agree(void)
{
    struct error err;
    size_t accepted = 0, i;
    json_t *rows = ledger_read(own.redis.c, own.config->prefix, PARTITIONS, NULL, &err), *row;
    CHECK(rows, "%s", err.message);
    json_array_foreach(rows, i, row) {
        CHECK(json_is_true(json_object_get(row, "balanced")), "source %s", json_string_value(json_object_get(row, "source")));
        accepted += (size_t)json_integer_value(json_object_get(row, "accepted"));
    }
    json_decref(rows);
    return accepted == week.pages;
}

/* Lively sources that ask for less: as they wish, but "hourly" counts as ten minutes. */
static void check_hints(size_t i)
{
    static const int64_t hints_ms[] = { 300000, 600000, 240000 };
    const struct watch *w = &week.watches[i];
    int64_t hint_ms = hints_ms[i % 3], all_ms = *virtual_unix_ms - MONDAY_S * 1000LL;
    CHECK(w->shortest_ms >= hint_ms * 9 / 10 - DUE_MS, "source %zu: asked again after %lld ms", i, (long long)w->shortest_ms);
    CHECK((int64_t)w->requests > all_ms / hint_ms / 2, "source %zu: %zu requests", i, w->requests);
}

/* Each failure adds ten minutes; the host's own back-off up to an hour and a half; nobody is given up. */
static void check_failures(size_t i)
{
    const struct watch *w = &week.watches[i];
    int64_t base_ms = 2 * HOUR_S * 1000, host_ms = i % 2 ? 0 : 90 * 60 * 1000, step_ms = 600 * 1000;
    CHECK(w->failures > 4 && w->failures < 40, "source %zu: %zu failures", i, w->failures);
    for (size_t n = 1; n <= w->failures; n++) {
        int64_t gap_ms = (n < w->failures ? w->failing_ms[n] : w->begun_again_ms) - w->failing_ms[n - 1], most_ms = (int64_t)(n - 1) * step_ms;
        CHECK(gap_ms >= most_ms * 9 / 10 - DUE_MS && gap_ms <= (most_ms + base_ms) * 11 / 10 + host_ms, "source %zu: %lld s after failure %zu", i,
              (long long)gap_ms / 1000, n);
    }
    CHECK(*virtual_unix_ms - w->last_ms < HOUR_S * 1000, "source %zu: not read any more", i);
}

static bool told_silent(size_t i)
{
    char key[64];
    snprintf(key, sizeof(key), "%s:source:source%zu", own.config->prefix, i);
    return strncmp(redis_text(own.redis.c, "HGET %s status", key), "silent: ", 8) == 0;
}

/* Once a day without validators, and never longer between two requests than the setting and its jitter. */
static void check_ordinary(size_t i)
{
    const struct watch *w = &week.watches[i];
    int64_t max_ms = own.config->crawler.poll_max_ms * 11 / 10 + 60000;
    CHECK(w->longest_ms <= max_ms, "source %zu: not asked for %lld s", i, (long long)w->longest_ms / 1000);
    int64_t since_ms = *virtual_unix_ms - w->full_ms, longest_ms = w->longest_full_ms > since_ms ? w->longest_full_ms : since_ms;
    CHECK(longest_ms <= DAY_S * 1000LL + max_ms, "source %zu: with validators alone for %lld s", i, (long long)longest_ms / 1000);
}

static void check_sources(void)
{
    size_t silent = 0, stopped = 0;
    for (size_t i = 0; i < week.count; i++) {
        switch (week.origins[i].kind) {
        case ORDINARY: check_ordinary(i), silent += told_silent(i); break;
        case HINTING: check_hints(i); break;
        case FAILING: check_failures(i); break;
        default: stopped += told_silent(i);
        }
    }
    print_message("told to be silent: %zu of %d that stopped, %zu of %d others\n", stopped, OTHERS, silent, SOURCES);
    CHECK(stopped == OTHERS && silent <= SOURCES / 100, "%zu of %d, %zu of %d", stopped, OTHERS, silent, SOURCES);
}

/* What there is to spend goes where it is worth most, and no further than that. */
static void check_budget(void)
{
    size_t all = 0, lively = 0, rare = 0, lively_requests = 0, rare_requests = 0;
    for (size_t i = 0; i < week.count; i++) {
        size_t n = week.watches[i].requests;
        double per_day = i < SOURCES ? week.origins[i].per_day : 5;
        all += n;
        lively += per_day > 20, lively_requests += per_day > 20 ? n : 0;
        rare += per_day < 1, rare_requests += per_day < 1 ? n : 0;
    }
    double hours = (double)(*virtual_unix_ms - MONDAY_S * 1000LL) / 3.6e6;
    print_message("%zu polls in %.0f hours; of one source a day: %.0f where over 20 items come, %.0f where less than one does\n", all, hours,
                  (double)lively_requests / (double)lively / hours * 24, (double)rare_requests / (double)rare / hours * 24);
    CHECK((double)all <= (double)own.config->crawler.polls_per_hour * hours * 1.02, "%zu polls in %.0f hours", all, hours);
    CHECK(lively_requests * rare > 3 * rare_requests * lively, "%zu of %zu, %zu of %zu", lively_requests, lively, rare_requests, rare);
}

/* The days that count; then what was found is fetched. */
static void crawl(size_t *shown)
{
    for (int64_t t = MONDAY_S; t < to_s; t += 600) {
        run_until((t + 600) * 1000LL);
        close_sent();
    }
    for (size_t i = 0; i < week.count; i++)
        shown[i] = week.watches[i].shown;
    size_t requests = week.figures.requests;
    run_until((to_s + 120) * 1000LL);
    for (int i = 0; i < 60 && !books_agree(); i++)
        run_until(*virtual_unix_ms + 500);
    week.figures.requests = requests;
}

static void check_table(struct figures *ten, struct figures *ours)
{
    CHECK(ours->requests <= ten->requests, "%zu requests", ours->requests);
    CHECK(quantile(ours, 0.5) <= quantile(ten, 0.5) / 2, "p50 %.0f s", quantile(ours, 0.5));
    CHECK(quantile(ours, 0.95) <= quantile(ten, 0.95) * 1.2, "p95 %.0f s", quantile(ours, 0.95));
    CHECK(ours->lost == 0, "%zu items lost", ours->lost);
    CHECK(week.early == 0, "%zu requests too early", week.early);
}

static void news_come_sooner_at_the_same_requests(void **state)
{
    (void)state;
    size_t count = SOURCES + (KINDS - 1) * OTHERS, *shown = xcalloc(count, sizeof(*shown));
    to_s = BEGIN_S + (getenv("TEST_WEEK") ? 7 : 1) * DAY_S;
    struct origin *origins = origins_create(SOURCES, OTHERS, BEGIN_S, to_s + 600);
    struct figures ten = simulate(origins, 600, false), ninety = simulate(origins, 5400, false), known = simulate(origins, 1380, true);
    show("every 10 min", &ten);
    show("every 90 min", &ninety);
    show("rates known", &known);
    week_up(origins, count, 1000, BEGIN_S * 1000LL);
    crawl_begin(count);
    crawl(shown);
    show("tidings", &week.figures);
    print_message("%zu pages, %zu robots.txt; two requests of one domain never nearer than %lld ms\n", week.pages, week.robots,
                  (long long)week.closest_ms);
    CHECK(books_agree(), "not all that was accepted was fetched");
    check_items(shown);
    check_sources();
    check_budget();
    check_table(&ten, &week.figures);
    crawl_end();
    week_down();
    origins_destroy(origins, count);
    free(shown);
    free(ten.ages_s), free(ninety.ages_s), free(known.ages_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(news_come_sooner_at_the_same_requests) };
    log_set_level(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
