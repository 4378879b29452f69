/* frontier_world.h - workers of the frontier on one loop, against a real redis-server. A worker keeps the claims it is given
 * until the test hands them back. Time is not waited for: a test that needs an hour to have passed moves rows in Redis. */
#ifndef TESTS_UNIT_CRAWLER_FRONTIER_WORLD_H
#define TESTS_UNIT_CRAWLER_FRONTIER_WORLD_H

#include "crawler/frontier.h"

#include "base/clock.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "pipeline/ledger.h"
#include "tests/unit/redis_own.h"

#include <inttypes.h>

#ifndef PARTITIONS
#define PARTITIONS 8
#endif
#define CLAIMS_KEPT 512

static struct redis_server server;
static uv_loop_t loop;
static char prefix[32];       /* of the running test */
static struct meta *meta;

struct worker {
    struct frontier *f;
    struct redis *r;
    struct claim *claims[CLAIMS_KEPT];
    size_t count;             /* of claims kept */
    int gained, draining, lost, changed;
    char fatal[512];
    bool closed, drained, leaving;
};

static void worker_on_claim(void *arg, struct claim *c)
{
    struct worker *w = arg;
    CHECK(w->count < CLAIMS_KEPT, "claims");
    if (w->leaving)
        frontier_abandon(w->f, c); /* asked for before */
    else
        w->claims[w->count++] = c;
}

/* The claim is handed back: forget it. */
static __attribute__((unused)) void worker_forget(struct worker *w, const struct claim *c)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->claims[i] == c)
            w->claims[i--] = w->claims[--w->count];
}

static void worker_on_gained(void *arg, int partition) { (void)partition; ((struct worker *)arg)->gained++; }
static void worker_on_draining(void *arg, int partition) { (void)partition; ((struct worker *)arg)->draining++; }
static void worker_on_changed(void *arg) { ((struct worker *)arg)->changed++; }

static void worker_on_lost(void *arg, int partition)
{
    struct worker *w = arg;
    w->lost++;
    for (size_t i = 0; i < w->count;) {
        struct claim *c = w->claims[i];
        if (c->partition != partition) {
            i++;
            continue;
        }
        w->claims[i] = w->claims[--w->count];
        frontier_abandon(w->f, c);
    }
}

static void (*worker_lost)(void *arg, int partition) = worker_on_lost; /* a test may do more */

static void worker_on_fatal(void *arg, const struct error *err)
{
    struct worker *w = arg;
    snprintf(w->fatal, sizeof(w->fatal), "%s", err->message);
    fail_msg("fatal: %s", err->message);
}

static void worker_on_redis_closed(void *arg)
{
    struct worker *w = arg;
    redis_destroy(w->r);
    w->closed = true;
}

static void worker_open_with(struct worker *w, const char *name, const struct frontier_options *options)
{
    struct error err;
    struct frontier_options o = *options;
    struct frontier_callbacks callbacks = { worker_on_claim, worker_on_gained, worker_on_draining, worker_lost, worker_on_changed,
                                            worker_on_fatal, w };
    *w = (struct worker){ 0 };
    o.prefix = prefix;
    o.worker_id = name;
    o.meta = meta;
    w->f = frontier_create(&loop, &o, &callbacks, &err);
    CHECK(w->f, "%s", err.message);
    struct redis_callbacks redis_callbacks = frontier_redis_callbacks(w->f);
    w->r = redis_create(&loop, server.socket, NULL, &redis_callbacks, &err);
    CHECK(w->r, "%s", err.message);
    frontier_start(w->f, w->r);
}

/* Delays of nothing, so that what is queued is due. */
static const struct frontier_options quick = { .lease_ms = 30000, .delay_ms = 0, .budgets_per_domain = 10, .pages_retention_ms = 259200000 };

static __attribute__((unused)) void worker_open(struct worker *w, const char *name)
{
    worker_open_with(w, name, &quick);
    RUN_UNTIL(&loop, frontier_owned(w->f) == PARTITIONS);
}

static void worker_close(struct worker *w)
{
    frontier_destroy(w->f);
    redis_close(w->r, worker_on_redis_closed, w);
    RUN_UNTIL(&loop, w->closed);
}

static void worker_on_drained(void *arg) { ((struct worker *)arg)->drained = true; }

static __attribute__((unused)) void worker_drain(struct worker *w)
{
    w->leaving = true;
    frontier_drain(w->f, worker_on_drained, w);
    RUN_UNTIL(&loop, w->drained);
    worker_close(w);
}

/* --- what a test does --- */

static __attribute__((unused)) struct url url_of(const char *text)
{
    struct url u;
    struct error err;
    CHECK(url_parse(&u, text, strlen(text), NULL, NULL, &err), "%s: %s", text, err.message);
    return u;
}

static __attribute__((unused)) int partition_of(const char *text)
{
    struct url u = url_of(text);
    struct place place = place_of(meta, u.host, u.port);
    int partition = place.partition;
    place_fini(&place);
    url_fini(&u);
    return partition;
}

struct answer {
    bool came, failed;
    size_t accepted, seen, filtered;
    enum verdict verdicts[CLAIMS_KEPT];
};

static void on_discovered(void *arg, const struct discovered *d, const struct error *err)
{
    struct answer *a = arg;
    CHECK((d == NULL) == (err != NULL), "answer or error");
    a->came = true;
    a->failed = err != NULL;
    if (d) {
        a->accepted = d->accepted;
        a->seen = d->seen;
        a->filtered = d->filtered;
        memcpy(a->verdicts, d->verdicts, d->count * sizeof(*d->verdicts));
    }
}

/* Discovers one URL as `how` says (url is set here) and returns the verdict. */
static __attribute__((unused)) enum verdict discover_as(struct worker *w, const char *text, struct found how)
{
    struct url u = url_of(text);
    struct answer a = { 0 };
    how.url = &u;
    how.source = how.source ? how.source : "s";
    how.via = how.via ? how.via : "feed";
    frontier_discover(w->f, &how, 1, on_discovered, &a);
    url_fini(&u);
    RUN_UNTIL(&loop, a.came);
    CHECK(!a.failed, "discover");
    return a.verdicts[0];
}

static __attribute__((unused)) enum verdict discover(struct worker *w, const char *text)
{
    return discover_as(w, text, (struct found){ 0 });
}

/* Waits until n claims are out. */
#define CLAIMS(w, n)                                                                  \
    do {                                                                              \
        frontier_set_room((w)->f, (n) - (w)->count);                                  \
        RUN_UNTIL(&loop, (w)->count >= (size_t)(n));                                  \
    } while (0)

static __attribute__((unused)) void complete(struct worker *w, struct claim *c, struct result result)
{
    worker_forget(w, c);
    frontier_complete(w->f, c, &result);
}

static __attribute__((unused)) void close_as(struct worker *w, struct claim *c, enum outcome outcome)
{
    complete(w, c, (struct result){ .completion = FRONTIER_CLOSE, .outcome = outcome });
}

/* What a counter of a source's books holds, over all days: found, accepted, outcomes.article, open.queued, … */
static __attribute__((unused)) long long book(const char *source, const char *group, const char *field)
{
    struct error err;
    json_t *rows = ledger_read(server.c, prefix, PARTITIONS, source, &err), *row;
    size_t i;
    long long n = 0;
    CHECK(rows, "%s", err.message);
    json_array_foreach(rows, i, row) {
        json_t *of = group ? json_object_get(row, group) : row;
        n += json_integer_value(json_object_get(of, field));
    }
    json_decref(rows);
    return n;
}

static __attribute__((unused)) void check_balance(const char *when)
{
    struct error err;
    json_t *rows = ledger_read(server.c, prefix, PARTITIONS, NULL, &err), *row;
    size_t i;
    CHECK(rows, "%s", err.message);
    json_array_foreach(rows, i, row) {
        if (json_is_true(json_object_get(row, "balanced")))
            continue;
        char *text = json_dumps(row, 0);
        fail_msg("%s: the books do not balance: %s", when, text);
    }
    json_decref(rows);
}

/* A row for a source, as crawler/sources.c makes it. */
static __attribute__((unused)) void put_source(const char *name)
{
    freeReplyObject(redis_server_ask(&server, "HSET %s:source:%s url https://%s/", prefix, name, name));
}

/* Runs a script in a partition, after frontier_lib.lua and partition(); the answer is a number or something that counts. */
static __attribute__((unused)) long long run_script(int partition, const char *source, int argc, const char **argv)
{
    struct error err;
    char *text = xasprintf("partition(KEYS[1], KEYS[2])\n%s", source);
    struct redis_script script = { .name = "of the test", .prelude = frontier_lib_lua, .source = text };
    struct key base = key_partition(prefix, partition);
    const char *all[16] = { base.s, prefix };
    for (int i = 0; i < argc; i++)
        all[2 + i] = argv[i];
    redisReply *reply = redis_ask_script(server.c, &script, 2, 2 + argc, all, NULL, &err);
    CHECK(reply, "%s", err.message);
    free(text);
    return redis_server_count(reply);
}

/* What is scheduled in a partition for later is due now, as if the time had come. */
static __attribute__((unused)) void make_due(int partition)
{
    run_script(partition, "for _, m in ipairs(call('ZRANGE', base .. ':due', 0, -1)) do call('ZADD', base .. ':due', 1, m) end "
                          "local all = polls_all() for i = 1, #all, SHARE_STEP do "
                          "if all[i + 1] > 0 then poll_set(all[i], poll_of(all[i], all[i + 2]), 1000) end end return 1", 0, NULL);
}

/* A number in a partition's keys: field of the row, say. */
#define row_number(partition, field) redis_server_number(&server, "HGET %s:{%d}:row %s", prefix, partition, field)

/* --- each test has a prefix of its own --- */

static __attribute__((unused)) int world_open(void **state)
{
    static int number;
    struct error err;
    (void)state;
    snprintf(prefix, sizeof(prefix), "test%d", ++number);
    meta = meta_load(server.c, prefix, PARTITIONS, true, &err);
    CHECK(meta, "%s", err.message);
    return 0;
}

static __attribute__((unused)) int world_close(void **state)
{
    (void)state;
    meta_destroy(meta);
    return 0;
}

static __attribute__((unused)) int world_run(const struct CMUnitTest *tests, size_t count)
{
    uv_loop_init(&loop);
    redis_server_start(&server);
    int failed = _cmocka_run_group_tests("frontier", tests, count, NULL, NULL);
    redis_server_stop(&server);
    if (failed)
        return failed; /* workers may be left */
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0, "handles left");
    return failed;
}

#endif
