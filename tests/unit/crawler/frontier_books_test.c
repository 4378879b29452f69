/* frontier_books_test.c - whatever happens, in whatever order and however often, the books balance and every accepted
 * request ends. Random finds, results, extractor's outcomes, repeats, lost answers and killed workers; TIDINGS_SEED repeats
 * a run that failed. */
#include "tests/unit/crawler/frontier_world.h"

#include <fnmatch.h>

#define STEPS 1500
#define HOSTS 12
#define PAGES 25 /* a host: few enough that most finds are repeats */
#define SENT_KEPT 64

static struct worker workers[2];
static unsigned seed;
static int generation; /* of worker names */

static struct sent { int partition; struct id id; int64_t version; } sent[SENT_KEPT]; /* a ring: what was handed on lately */
static size_t sent_count;

static unsigned random_below(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

static void start(struct worker *w)
{
    struct frontier_options o = quick;
    char name[32];
    snprintf(name, sizeof(name), "worker%d", generation++);
    o.lease_ms = 1200;
    worker_open_with(w, name, &o);
    frontier_set_room(w->f, 20);
}

static struct worker *anyone(void)
{
    return &workers[random_below(2)];
}

static void random_url(char text[64])
{
    snprintf(text, 64, "https://host%u.com/%u", random_below(HOSTS), random_below(PAGES));
}

static int outstanding; /* discoveries without an answer */

static void on_any(void *arg, const struct discovered *d, const struct error *err)
{
    (void)arg, (void)d, (void)err;
    outstanding--;
}

static void find(void)
{
    struct url urls[8];
    struct found found[8];
    size_t n = random_below(9);
    for (size_t i = 0; i < n; i++) {
        char text[64];
        random_url(text);
        urls[i] = url_of(text);
        found[i] = (struct found){ .url = &urls[i], .source = random_below(3) ? "often" : "seldom", .via = "feed",
                                   .filtered = random_below(4) ? NULL : "old", .remember = random_below(2), .force = random_below(8) == 0,
                                   .reopened = random_below(6) == 0, .urgent = random_below(6) == 0,
                                   .due_in_ms = random_below(5) ? 0 : 3600000 };
    }
    outstanding++;
    frontier_discover(anyone()->f, found, n, on_any, NULL);
    for (size_t i = 0; i < n; i++)
        url_fini(&urls[i]);
}

static void hand_back(void)
{
    struct worker *w = anyone();
    if (w->count == 0)
        return;
    struct claim *c = w->claims[random_below((unsigned)w->count)];
    struct url end = url_of("https://host1.com/end");
    struct result r = { .completion = (enum completion)random_below(3), .outcome = (enum outcome)random_below(OUTCOME_COUNT),
                        .retry_in_ms = random_below(2) * 3600000, .unconditional = random_below(2), .end = random_below(4) ? NULL : &end.id,
                        .recheck_in_ms = random_below(2) * 3600000 };
    if (random_below(3) == 0)
        frontier_ended(w->f, c, clock_mono_ms(), NULL);
    if (random_below(6) == 0) {
        worker_forget(w, c);
        frontier_abandon(w->f, c);
    } else {
        if (r.completion == FRONTIER_SENT)
            sent[sent_count++ % SENT_KEPT] = (struct sent){ c->partition, c->id, c->version };
        complete(w, c, r);
    }
    url_fini(&end);
}

/* The extractor: an outcome for what was handed on, once, again, or long ago. */
static void extract(const char *then)
{
    static const char script[] = "local id = '' for h in string.gmatch(ARGV[1], '..') do id = id .. string.char(tonumber(h, 16)) end "
        "if ARGV[3] == 'recheck' or ARGV[3] == 'refetch' then local rec = record{ id = id, url = 'https://host0.com/x', source = 'often', "
        "budget = 'host0.com', domain = 'host0.com', via = 'recheck' } "
        "if ARGV[3] == 'recheck' then schedule_recheck(rec, 1000) else refetch(rec) end end "
        "return close_request(id, ARGV[2], 'article') and 1 or 0";
    char version[24];
    if (sent_count == 0)
        return;
    const struct sent *s = &sent[random_below((unsigned)(sent_count < SENT_KEPT ? sent_count : SENT_KEPT))];
    snprintf(version, sizeof(version), "%" PRId64, s->version);
    const char *argv[] = { s->id.hex, version, then };
    run_script(s->partition, script, 3, argv);
}

/* The connections break when Redis has, or has not yet, done what it was told last. */
static void lose_answers(void)
{
    RUN_UNTIL(&loop, redis_connected(workers[0].r) && redis_connected(workers[1].r));
    find();
    hand_back();
    for (unsigned turns = random_below(3); turns > 0; turns--)
        uv_run(&loop, UV_RUN_NOWAIT);
    freeReplyObject(redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes"));
}

static void kill_a_worker(void)
{
    struct worker *w = anyone();
    if (outstanding > 0) /* their answers would never come, and we count them */
        return;
    worker_close(w);
    start(w);
}

static void kill_redis(void)
{
    redis_server_kill(&server);
    redis_server_start(&server);
}

static void step(void)
{
    static const char *const then[] = { "", "", "recheck", "refetch" };
    unsigned dice = random_below(100);
    if (dice < 30)
        find();
    else if (dice < 70)
        hand_back();
    else if (dice < 88)
        extract(then[random_below(4)]);
    else if (dice < 94)
        make_due((int)random_below(PARTITIONS));
    else if (dice < 97)
        lose_answers();
    else if (dice < 98)
        kill_redis();
    else
        kill_a_worker();
    for (int i = 0; i < 2; i++) {
        frontier_set_room(workers[i].f, workers[i].count < 20 ? 20 - workers[i].count : 0);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    if (random_below(4) == 0) {
        RUN_UNTIL(&loop, outstanding == 0);
    }
}

static bool balanced(void)
{
    struct error err;
    json_t *rows = ledger_read(server.c, prefix, PARTITIONS, NULL, &err), *row;
    size_t i;
    bool all = rows != NULL;
    json_array_foreach(rows, i, row)
        all = all && json_is_true(json_object_get(row, "balanced"));
    json_decref(rows);
    return all;
}

static long long open_requests(void)
{
    static const char *const sources[] = { "often", "seldom" }, *const stages[] = { "queued", "fetching", "on_its_way" };
    long long n = 0;
    for (size_t i = 0; i < COUNT(sources); i++)
        for (size_t j = 0; j < COUNT(stages); j++)
            n += book(sources[i], "open", stages[j]);
    return n;
}

/* Everything that is open comes to an end when everybody does his work. */
static void finish(void)
{
    RUN_UNTIL(&loop, outstanding == 0);
    for (int turns = 0; open_requests() > 0 && turns < 3000; turns++) {
        for (int i = 0; i < 2; i++) {
            while (workers[i].count > 0)
                close_as(&workers[i], workers[i].claims[0], OUTCOME_ARTICLE);
            frontier_set_room(workers[i].f, 50);
        }
        for (int p = 0; p < PARTITIONS; p++) {
            make_due(p);
            run_script(p, "local s = call('HGETALL', base .. ':sent') for i = 1, #s, 2 do "
                       "close_request(s[i], 99999999999999, 'article') end return 1", 0, NULL);
        }
        uv_run(&loop, UV_RUN_ONCE);
    }
    CHECK(open_requests() == 0, "%lld requests never end", open_requests());
}

/* --- docs/redis.md --- */

#define PATTERNS_MAX 80

/* The keys of the tables' first column as patterns: what stands in <> or is a placeholder may be anything. */
static size_t read_patterns(char patterns[PATTERNS_MAX][96])
{
    FILE *file = fopen("docs/redis.md", "r");
    char line[2048];
    size_t n = 0;
    CHECK(file, "docs/redis.md: run from the project's folder");
    while (fgets(line, sizeof(line), file)) {
        char *at = strstr(line, "`PREFIX:");
        size_t len = 0;
        if (!at || at - line > 2 || n == PATTERNS_MAX)
            continue;
        len = (size_t)snprintf(patterns[n], sizeof(patterns[n]), "%s", prefix);
        for (at += strlen("`PREFIX"); *at != '`' && len < sizeof(patterns[n]) - 1; at++) {
            bool any = *at == '<' || strncmp(at, "{p}", 3) == 0;
            patterns[n][len++] = any ? '*' : *at;
            if (any)
                at = strchr(at, *at == '<' ? '>' : '}');
        }
        patterns[n++][len] = '\0';
    }
    fclose(file);
    return n;
}

static void check_documented(void)
{
    static char patterns[PATTERNS_MAX][96];
    size_t count = read_patterns(patterns);
    redisReply *keys = redis_server_ask(&server, "KEYS %s:*", prefix);
    CHECK(count > 20 && keys->elements > 50, "%zu patterns, %zu keys", count, keys->elements);
    for (size_t i = 0; i < keys->elements; i++) {
        bool known = false;
        for (size_t j = 0; j < count && !known; j++)
            known = fnmatch(patterns[j], keys->element[i]->str, 0) == 0;
        CHECK(known, "docs/redis.md does not name %s", keys->element[i]->str);
    }
    freeReplyObject(keys);
}

static void test_books(void **state)
{
    (void)state;
    const char *given = getenv("TIDINGS_SEED");
    unsigned first = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_unix_ms();
    seed = first;
    print_message("TIDINGS_SEED=%u\n", first);
    start(&workers[0]);
    start(&workers[1]);
    RUN_UNTIL(&loop, frontier_owned(workers[0].f) + frontier_owned(workers[1].f) == PARTITIONS);
    for (int i = 0; i < STEPS; i++) {
        step();
        if (i % 100 == 99) {
            RUN_UNTIL(&loop, balanced());
        }
    }
    check_documented();
    finish();
    RUN_UNTIL(&loop, balanced());
    CHECK(book("often", NULL, "accepted") > 100 && book("often", "outcomes", "article") > 50, "it did something");
    for (int i = 0; i < 2; i++) {
        while (workers[i].count > 0)
            close_as(&workers[i], workers[i].claims[0], OUTCOME_ARTICLE);
        worker_drain(&workers[i]);
    }
    check_balance("drained");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_books, world_open, world_close) };
    return world_run(tests, COUNT(tests));
}
