/* frontier_work_test.c - a claim's way: what each result does, fencing, versions, a host's manners, re-checks. */
#include "tests/unit/crawler/frontier_world.h"

#include "crawler/sweep.lua.h"

static struct worker w;
static const char page[] = "https://a.com/1";

static int open_one(void **state)
{
    world_open(state);
    worker_open(&w, "one");
    return 0;
}

static int close_one(void **state)
{
    check_balance("at the end");
    worker_close(&w);
    return world_close(state);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, open_one, close_one)

/* How many there are of what a partition's keys hold of pages: members of a hash or set. */
static int held(const char *key)
{
    int p = partition_of(page);
    return (int)redis_server_number(&server, strcmp(key, "due") == 0 ? "ZCARD %s:{%d}:%s" : "HLEN %s:{%d}:%s", prefix, p, key);
}

static struct claim *claim_page(void)
{
    CLAIMS(&w, 1);
    return w.claims[0];
}

static void test_results(void **state)
{
    (void)state;
    static const struct { const char *name; struct result result; const char *group, *field; int sent, due; } rows[] = {
        { "on its way",   { .completion = FRONTIER_SENT }, "open", "on_its_way", 1, 0 },
        { "unchanged",    { .completion = FRONTIER_CLOSE, .outcome = OUTCOME_UNCHANGED }, "outcomes", "unchanged", 0, 0 },
        { "re-check",     { .completion = FRONTIER_CLOSE, .outcome = OUTCOME_UNCHANGED, .recheck_in_ms = 9999999 }, "outcomes", "unchanged", 0, 1 },
        { "redirected",   { .completion = FRONTIER_CLOSE, .outcome = OUTCOME_REDIRECTED }, "outcomes", "redirected", 0, 0 },
        { "failed",       { .completion = FRONTIER_CLOSE, .outcome = OUTCOME_FAILED, .detail = "http_404" }, "outcomes", "failed:http_404", 0, 0 },
        { "detail",       { .completion = FRONTIER_CLOSE, .outcome = OUTCOME_FAILED, .detail = "No route!" }, "outcomes", "failed:no_route_", 0, 0 },
        { "deadlettered", { .completion = FRONTIER_CLOSE, .outcome = OUTCOME_DEADLETTERED }, "outcomes", "deadlettered", 0, 0 },
        { "later",        { .completion = FRONTIER_RETRY, .retry_in_ms = 9999999 }, "open", "queued", 0, 1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(prefix, sizeof(prefix), "results%zu", i);
        worker_close(&w);
        worker_open(&w, "one");
        discover(&w, page);
        complete(&w, claim_page(), rows[i].result);
        RUN_UNTIL(&loop, held("leased") == 0 && held("busy") == 0);
        CHECK(book("s", rows[i].group, rows[i].field) == 1, "%s", rows[i].name);
        CHECK(held("sent") == rows[i].sent && held("due") == rows[i].due, "%s", rows[i].name);
        CHECK(frontier_claimed(w.f) == 0, "%s", rows[i].name);
        check_balance(rows[i].name);
    }
}

static void test_another_try(void **state)
{
    (void)state;
    discover(&w, page);
    struct claim *c = claim_page();
    int64_t version = c->version, opened = c->opened_at_ms;
    complete(&w, c, (struct result){ .completion = FRONTIER_RETRY, .retry_in_ms = 3600000 });
    RUN_UNTIL(&loop, held("due") == 1);
    make_due(partition_of(page));
    c = claim_page();
    CHECK(c->attempts == 1 && c->version > version && c->opened_at_ms == opened, "the same request, another version");
    frontier_abandon(w.f, c);
    w.count = 0;
    c = claim_page();
    CHECK(c->attempts == 1 && strcmp(c->url, page) == 0, "as it was");
    close_as(&w, c, OUTCOME_FAILED);
    RUN_UNTIL(&loop, book("s", "outcomes", "failed") == 1);
}

static void test_recheck(void **state)
{
    (void)state;
    struct result unchanged = { .completion = FRONTIER_CLOSE, .outcome = OUTCOME_UNCHANGED, .recheck_in_ms = 3600000, .etag = "\"a\"" };
    discover(&w, page);
    int64_t discovered = claim_page()->discovered_at_ms;
    complete(&w, claim_page(), unchanged);
    RUN_UNTIL(&loop, held("due") == 1);
    CHECK(book("s", "open", "queued") == 0, "what is scheduled is not open");
    make_due(partition_of(page));
    struct claim *c = claim_page();
    CHECK(c->step == 1 && strcmp(c->via, "recheck") == 0 && strcmp(c->etag, "\"a\"") == 0, "via %s", c->via);
    CHECK(c->discovered_at_ms == discovered && c->opened_at_ms >= discovered, "discovered once");
    CHECK(book("s", NULL, "reopened") == 1 && book("s", NULL, "accepted") == 2, "opened when it was found due");
    check_balance("re-check");
    unchanged.etag = NULL;
    complete(&w, c, unchanged);
    RUN_UNTIL(&loop, held("due") == 1);
    discover_as(&w, page, (struct found){ .force = true });
    make_due(partition_of(page));
    c = claim_page();
    CHECK(strcmp(c->via, "feed") == 0, "asked for");
    RUN_UNTIL(&loop, held("due") == 0);
    CHECK(book("s", NULL, "reopened") == 1, "a re-check of what is open is not another request");
    close_as(&w, c, OUTCOME_ARTICLE);
    RUN_UNTIL(&loop, book("s", "outcomes", "article") == 1);
}

static void test_end_of_a_redirect(void **state)
{
    (void)state;
    struct url end = url_of("https://a.com/end");
    discover(&w, page);
    complete(&w, claim_page(), (struct result){ .completion = FRONTIER_SENT, .end = &end.id });
    RUN_UNTIL(&loop, held("sent") == 1);
    CHECK(discover(&w, "https://a.com/end") == VERDICT_SEEN, "marked");
    url_fini(&end);
}

/* Another worker holds the partition now; ours does not know it yet. */
static void steal(int partition)
{
    freeReplyObject(redis_server_ask(&server, "HSET %s:{%d}:row token stolen owner other until 99999999999999", prefix, partition));
}

static void test_fencing(void **state)
{
    (void)state;
    struct worker other;
    int p = partition_of(page);
    discover(&w, page);
    int64_t version = claim_page()->version;
    steal(p);
    close_as(&w, w.claims[0], OUTCOME_REMOVED);
    RUN_UNTIL(&loop, w.lost == 1);
    CHECK(book("s", "open", "fetching") == 1 && book("s", "outcomes", "removed") == 0 && held("busy") == 1, "nothing happened");
    CHECK(!frontier_owns(w.f, p) && !frontier_may_start(w.f, p), "not ours");
    freeReplyObject(redis_server_ask(&server, "HSET %s:{%d}:row until 1", prefix, p)); /* the thief's lease lapses */
    RUN_UNTIL(&loop, frontier_owns(w.f, p));
    CHECK(row_number(p, "takeover") > 0, "it was not given back");
    struct claim *c = claim_page();
    CHECK(c->version > version, "a later version");
    /* The rightful owner's claim under the old version changes nothing either. */
    c->version = version;
    close_as(&w, c, OUTCOME_REMOVED);
    RUN_UNTIL(&loop, frontier_claimed(w.f) == 0);
    discover(&w, "https://a.com/2"); /* an answer that comes after the result was told */
    CHECK(book("s", "outcomes", "removed") == 0 && held("leased") == 1, "an old version closes nothing");
    worker_open_with(&other, "two", &quick);
    worker_drain(&other);
}

static void test_stale_poll(void **state)
{
    (void)state;
    struct url u = url_of("https://a.com/feed");
    put_source("s");
    frontier_poll_put(w.f, "s", CLAIM_FEED, &u, 0, NULL, NULL);
    struct claim *c = claim_page();
    steal(c->partition);
    frontier_poll_done(w.f, c, &(struct poll_result){ .etag = "\"stale\"", .next_in_ms = 99999999, .status = "ok", .ok = true });
    w.count = 0;
    RUN_UNTIL(&loop, w.lost == 1);
    freeReplyObject(redis_server_ask(&server, "HSET %s:{%d}:row until 1", prefix, partition_of(page)));
    c = claim_page();
    CHECK(!c->etag && c->kind == CLAIM_FEED, "it starts over without the validators of an answer that came too late");
    url_fini(&u);
}

static void test_versions(void **state)
{
    (void)state;
    int64_t last = 0;
    int p = partition_of(page);
    discover(&w, page);
    for (int i = 0; i < 20; i++) {
        struct claim *c = claim_page();
        CHECK(c->version > last && c->version > c->opened_at_ms, "%" PRId64 " after %" PRId64, c->version, last);
        last = c->version;
        frontier_abandon(w.f, c);
        w.count = 0;
        if (i == 10) { /* Redis's clock jumped back by an hour */
            RUN_UNTIL(&loop, held("leased") == 0);
            last += 3600000;
            char text[24];
            snprintf(text, sizeof(text), "%" PRId64, last);
            freeReplyObject(redis_server_ask(&server, "HSET %s:{%d}:row version %s", prefix, p, text));
        }
    }
    discover(&w, "https://a.com/2");
    for (int i = 0; i < 2; i++) {
        struct claim *c = claim_page();
        CHECK(c->version > last && c->version > c->opened_at_ms, "after the jump, too");
        last = c->version;
        close_as(&w, c, OUTCOME_ARTICLE);
    }
    RUN_UNTIL(&loop, book("s", "outcomes", "article") == 2);
}

/* Of a budget's row: ms from now to next_allowed, its own delay, its level. */
static long long host(const char *budget, const char *what)
{
    const char *argv[] = { budget, what };
    return run_script(partition_of(page), "local n, own, level = host_get(ARGV[1]) "
                      "return ARGV[2] == 'next' and n - now() or ARGV[2] == 'own' and own or level", 2, argv);
}

static void test_manners(void **state)
{
    (void)state;
    static const struct { const char *name; struct host_effect effect; long long min_ms, max_ms, own_ms, level; } rows[] = {
        { "nothing special",    { .crawl_delay_ms = -1 }, -10000, 0, 0, 0 },
        { "crawl-delay",        { .crawl_delay_ms = 7000 }, 1000, 7000, 7000, 0 },
        { "is kept",            { .crawl_delay_ms = -1 }, 1000, 14000, 7000, 0 },
        { "is gone",            { .crawl_delay_ms = 0 }, -1000, 14000, 0, 0 },
        { "Retry-After",        { .crawl_delay_ms = -1, .failed = true, .retry_after_ms = 600000 }, 590000, 600000, 0, 1 },
        { "a year is a day",    { .crawl_delay_ms = -1, .failed = true, .retry_after_ms = 31536000000 }, 86390000, 86400000, 0, 2 },
        { "back-off, doubled",  { .crawl_delay_ms = -1, .failed = true }, 59000, 91000, 0, 3 },
        { "back-off, again",    { .crawl_delay_ms = -1, .failed = true }, 119000, 181000, 0, 4 },
        { "decays",             { .crawl_delay_ms = -1 }, 6000, 181000, 0, 3 },
    };
    discover(&w, page);
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* As if the wait were over. */
        static const char *const argv[] = { "a.com" };
        run_script(partition_of(page), "local _, own, level = host_get(ARGV[1]) host_set(ARGV[1], now() - 10000, own, level) "
                   "call('ZADD', base .. ':budgets', 1, ARGV[1]) return 1", 1, (const char **)argv);
        struct claim *c = claim_page();
        frontier_ended(w.f, c, clock_mono_ms(), &rows[i].effect);
        complete(&w, c, (struct result){ .completion = FRONTIER_RETRY, .retry_in_ms = 0 });
        RUN_UNTIL(&loop, held("busy") == 0 && held("leased") == 0);
        long long next_ms = host("a.com", "next");
        CHECK(next_ms >= rows[i].min_ms && next_ms <= rows[i].max_ms, "%s: %lld", rows[i].name, next_ms);
        CHECK(host("a.com", "own") == rows[i].own_ms && host("a.com", "level") == rows[i].level, "%s", rows[i].name);
    }
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    discover(&w, page);
    discover(&w, "https://www.a.com/2"); /* the same registrable domain */
    discover(&w, "https://b.com/1");
    CLAIMS(&w, 2);
    frontier_set_room(w.f, 5);
    CHECK(discover(&w, "https://a.com/3") == VERDICT_ACCEPTED, "an answer, so the call that could claim more went by");
    CHECK(w.count == 2 && strcmp(w.claims[0]->budget, w.claims[1]->budget) != 0, "one a budget");
    struct claim *c = strcmp(w.claims[0]->budget, "a.com") == 0 ? w.claims[0] : w.claims[1];
    frontier_ended(w.f, c, clock_mono_ms(), NULL); /* its delivery is still under way */
    CLAIMS(&w, 3);
}

static void test_cap_below_a_domain(void **state)
{
    (void)state;
    struct worker capped;
    struct frontier_options o = quick;
    o.budgets_per_domain = 3;
    worker_drain(&w);
    worker_open_with(&capped, "capped", &o);
    for (int i = 0; i < 6; i++) {
        char text[64];
        snprintf(text, sizeof(text), "https://blog%d.blogspot.com/1", i);
        discover(&capped, text);
    }
    CLAIMS(&capped, 3);
    frontier_set_room(capped.f, 10);
    discover(&capped, "https://blog0.blogspot.com/2");
    int p = partition_of("https://blog0.blogspot.com/");
    RUN_UNTIL(&loop, redis_server_number(&server, "ZCARD %s:{%d}:capped", prefix, p) == 3);
    CHECK(capped.count == 3, "the cap holds");
    for (int done = 0; done < 7; done++) {
        RUN_UNTIL(&loop, capped.count > 0);
        close_as(&capped, capped.claims[0], OUTCOME_ARTICLE);
        frontier_set_room(capped.f, 10);
    }
    RUN_UNTIL(&loop, book("s", "outcomes", "article") == 7);
    CHECK(redis_server_number(&server, "EXISTS %s:{%d}:caps %s:{%d}:capped", prefix, p, prefix, p) == 0, "nothing is left behind");
    worker_drain(&capped);
    worker_open(&w, "one");
}

static long long sweep(int partition, const char *retention_ms)
{
    const char *argv[] = { retention_ms };
    char *text = xasprintf("local a = (function() %s end)() return a[1]", sweep_lua);
    long long n = run_script(partition, text, 1, argv);
    free(text);
    return n;
}

static void test_too_long_on_its_way(void **state)
{
    (void)state;
    int p = partition_of(page);
    discover(&w, page);
    complete(&w, claim_page(), (struct result){ .completion = FRONTIER_SENT });
    RUN_UNTIL(&loop, held("sent") == 1);
    CHECK(sweep(p, "3600000") == 0 && held("sent") == 1, "an hour has not passed");
    CHECK(sweep(p, "-1000") == 1 && held("sent") == 0, "it is queued again");
    CHECK(sweep(p, "-1000") == 0, "once");
    struct claim *c = claim_page();
    CHECK(!c->etag && strcmp(c->via, "recheck") == 0, "unconditionally");
    complete(&w, c, (struct result){ .completion = FRONTIER_SENT });
    RUN_UNTIL(&loop, held("sent") == 1);
    check_balance("swept");
}

/* What the extractor's script does when it has its verdict: before or after `complete`, repeated or late. */
static void test_outcomes_of_the_extractor(void **state)
{
    (void)state;
    int p = partition_of(page);
    char version[24], before[24];
    static const char close[] = "local id = '' for h in string.gmatch(ARGV[1], '..') do id = id .. string.char(tonumber(h, 16)) end "
                                "return close_request(id, ARGV[2], 'article') and 1 or 0";
    discover(&w, page);
    struct claim *c = claim_page();
    struct id id = c->id;
    snprintf(version, sizeof(version), "%" PRId64, c->version);
    snprintf(before, sizeof(before), "%" PRId64, c->opened_at_ms);
    CHECK(run_script(p, close, 2, (const char *[]){ id.hex, before }) == 0, "an outcome of before the opening is not this one's");
    CHECK(run_script(p, close, 2, (const char *[]){ id.hex, version }) == 1, "faster than `complete`");
    CHECK(run_script(p, close, 2, (const char *[]){ id.hex, version }) == 0, "repeats count once");
    complete(&w, c, (struct result){ .completion = FRONTIER_SENT });
    RUN_UNTIL(&loop, held("leased") == 0);
    CHECK(held("sent") == 0 && book("s", "outcomes", "article") == 1, "it is not on its way any more");
    discover_as(&w, page, (struct found){ .force = true });
    c = claim_page();
    CHECK(run_script(p, close, 2, (const char *[]){ id.hex, version }) == 0, "a late repeat does not end the next opening");
    check_balance("late");
    close_as(&w, c, OUTCOME_UPDATED);
    RUN_UNTIL(&loop, book("s", "outcomes", "updated") == 1);
}

/* refetch(): at once, or when what is open has ended. */
static void test_refetch(void **state)
{
    (void)state;
    int p = partition_of(page);
    static const char again[] =
        "local id = '' for h in string.gmatch(ARGV[1], '..') do id = id .. string.char(tonumber(h, 16)) end "
        "refetch(record{ id = id, url = 'https://a.com/1', source = 's', budget = 'a.com', domain = 'a.com', via = 'recheck', etag = 'x' }) return 1";
    discover(&w, page);
    struct claim *c = claim_page();
    struct id id = c->id;
    run_script(p, again, 1, (const char *[]){ id.hex });
    run_script(p, again, 1, (const char *[]){ id.hex });
    CHECK(book("s", NULL, "reopened") == 0, "it is open");
    close_as(&w, c, OUTCOME_ARTICLE);
    c = claim_page();
    CHECK(book("s", NULL, "reopened") == 1 && !c->etag && strcmp(c->via, "recheck") == 0, "then once more");
    close_as(&w, c, OUTCOME_UNCHANGED);
    RUN_UNTIL(&loop, book("s", "outcomes", "unchanged") == 1);
    run_script(p, again, 1, (const char *[]){ id.hex });
    CHECK(book("s", NULL, "reopened") == 2 && book("s", "open", "queued") == 1, "at once");
}

/* Generations of the seen set: a hit in an older one is copied, what is dropped goes bit by bit. */
static void test_generations(void **state)
{
    (void)state;
    int p = partition_of(page);
    static const char mark[] = "local n = 0 for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do "
                               "if mark_seen(string.format('%d', i * 1000003), i) then n = n + 1 end end seen_save() return n";
    static const char gens[] = "seen_load() return #gens";
    CHECK(run_script(p, mark, 2, (const char *[]){ "1", "3000" }) == 0, "new");
    long long count = run_script(p, gens, 0, NULL);
    CHECK(count >= 2, "it grew: %lld", count);
    CHECK(run_script(p, mark, 2, (const char *[]){ "1", "3000" }) == 3000, "all are seen, in whatever generation");
    run_script(p, "seen_load() for _, g in ipairs(gens) do g[4] = now() - 40 * 86400000 end gens_changed = true seen_save() return 1", 0, NULL);
    CHECK(run_script(p, mark, 2, (const char *[]){ "3001", "3001" }) == 0 && run_script(p, gens, 0, NULL) == count + 1, "a month has ended");
    CHECK(run_script(p, mark, 2, (const char *[]){ "1", "1000" }) == 1000, "copied");
    run_script(p, "seen_load() for _, g in ipairs(gens) do g[4] = now() - 200 * 86400000 end gens_changed = true seen_save() return 1", 0, NULL);
    CHECK(run_script(p, mark, 2, (const char *[]){ "3002", "3002" }) == 0 && run_script(p, gens, 0, NULL) == 2, "the old ones go");
    CHECK(run_script(p, mark, 2, (const char *[]){ "1", "1000" }) == 1000, "what was listed lately is still known");
    for (int i = 0; i < 100; i++)
        sweep(p, "3600000");
    CHECK(redis_server_number(&server, "EXISTS %s:{%d}:drops", prefix, p) == 0, "dropped");
    CHECK(redis_server_number(&server, "KEYS %s:{%d}:s:1:*", prefix, p) == 0, "all of it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_results), ONE(test_another_try), ONE(test_recheck), ONE(test_end_of_a_redirect), ONE(test_fencing), ONE(test_stale_poll),
        ONE(test_versions), ONE(test_manners), ONE(test_one_at_a_time), ONE(test_cap_below_a_domain), ONE(test_too_long_on_its_way),
        ONE(test_outcomes_of_the_extractor), ONE(test_refetch), ONE(test_generations),
    };
    return world_run(tests, COUNT(tests));
}
