/* frontier_test.c - the frontier's calls, each once through against a real Redis; its life: leases, other workers, a Redis
 * that dies. */
#include "tests/unit/crawler/frontier_world.h"

static void test_a_page(void **state)
{
    (void)state;
    struct worker w;
    worker_open(&w, "one");
    CHECK(w.gained == PARTITIONS && frontier_ready(w.f), "leases");
    CHECK(discover_as(&w, "https://a.example.com/1", (struct found){ .hints = "{\"title\":\"One\"}" }) == VERDICT_ACCEPTED, "new");
    CHECK(discover(&w, "http://a.example.com/1?utm_source=x") == VERDICT_SEEN, "the same key form");
    CLAIMS(&w, 1);
    struct claim *c = w.claims[0];
    CHECK(c->kind == CLAIM_PAGE && strcmp(c->url, "https://a.example.com/1") == 0 && strcmp(c->source, "s") == 0, "%s", c->url);
    CHECK(strcmp(c->via, "feed") == 0 && strcmp(c->hints, "{\"title\":\"One\"}") == 0 && !c->etag && !c->last_modified, "%s", c->hints);
    CHECK(strcmp(c->budget, "example.com") == 0 && c->partition == partition_of(c->url), "%s", c->budget);
    CHECK(c->opened_at_ms > 0 && c->version > c->opened_at_ms && c->discovered_at_ms == c->opened_at_ms, "times");
    CHECK(frontier_owns(w.f, c->partition) && frontier_may_start(w.f, c->partition), "ours");
    CHECK(book("s", "open", "fetching") == 1, "stage");
    frontier_ended(w.f, c, clock_mono_ms(), NULL);
    complete(&w, c, (struct result){ .completion = FRONTIER_SENT });
    RUN_UNTIL(&loop, book("s", "open", "on_its_way") == 1);
    CHECK(frontier_claimed(w.f) == 0, "handed back");
    check_balance("sent");
    worker_drain(&w);
}

static void test_a_poll(void **state)
{
    (void)state;
    struct worker w;
    struct url u = url_of("https://b.example.org/feed.xml");
    worker_open(&w, "one");
    put_source("s");
    frontier_poll_put(w.f, "s", CLAIM_FEED, &u, 0, NULL, NULL);
    CLAIMS(&w, 1);
    struct claim *c = w.claims[0];
    CHECK(c->kind == CLAIM_FEED && strcmp(c->url, u.fetch) == 0 && c->opened_at_ms == 0 && !c->etag, "%s", c->url);
    CHECK(!c->polled && c->schedule_len == 0, "never read");
    worker_forget(&w, c);
    frontier_poll_done(w.f, c, &(struct poll_result){ .keep_validators = true, .schedule = "a\0", .schedule_len = 3, .status = "http 503" });
    CLAIMS(&w, 1);
    c = w.claims[0];
    CHECK(!c->polled && c->schedule_len == 3 && memcmp(c->schedule, "a\0", 3) == 0, "a failure is no reading");
    worker_forget(&w, c);
    frontier_poll_done(w.f, c, &(struct poll_result){ .etag = "\"1\"", .last_modified = "today", .next_in_ms = 0, .status = "ok", .ok = true,
                                                      .items = 20, .accepted = 3 });
    CLAIMS(&w, 1);
    c = w.claims[0];
    CHECK(strcmp(c->etag, "\"1\"") == 0 && strcmp(c->last_modified, "today") == 0, "validators");
    CHECK(c->polled && c->schedule_len == 3, "read");
    CHECK(redis_server_number(&server, "HGET %s:source:s items", prefix) == 20, "the row");
    worker_forget(&w, c);
    frontier_poll_done(w.f, c, &(struct poll_result){ .keep_validators = true, .next_in_ms = 3600000, .status = "http 503" });
    RUN_UNTIL(&loop, redis_server_number(&server, "HGET %s:source:s errors", prefix) == 1);
    CHECK(w.count == 0, "not due");
    frontier_poll_now(w.f, "s", CLAIM_FEED, &u, NULL, NULL);
    CLAIMS(&w, 1);
    CHECK(strcmp(w.claims[0]->etag, "\"1\"") == 0, "kept");
    frontier_poll_remove(w.f, "s", CLAIM_FEED, &u, NULL, NULL);
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 0, .status = "ok", .ok = true });
    w.count = 0;
    url_fini(&u);
    worker_drain(&w);
    CHECK(run_script(partition_of("https://b.example.org/"), "return #polls_all()", 0, NULL) == 0, "gone");
}

struct robots_answer {
    bool came, known, unanswered;
    struct robots_row row;
    char body[64];
};

static void on_robots(void *arg, const struct robots_row *row, const struct error *err)
{
    struct robots_answer *a = arg;
    a->unanswered = err != NULL;
    a->came = true;
    a->known = row != NULL;
    if (row) {
        a->row = *row;
        snprintf(a->body, sizeof(a->body), "%.*s", (int)row->len, row->body);
    }
}

static void on_done(void *arg, const struct error *err)
{
    CHECK(!err, "done");
    *(bool *)arg = true;
}

static void test_robots(void **state)
{
    (void)state;
    static const char text[] = "User-agent: *\nDisallow: /x\n";
    struct worker w;
    struct robots_answer a = { 0 };
    bool done = false;
    worker_open(&w, "one");
    frontier_robots_get(w.f, 3, "https://c.example.net:443", on_robots, &a);
    RUN_UNTIL(&loop, a.came);
    CHECK(!a.known, "nothing is known");
    frontier_robots_put(w.f, 3, "https://c.example.net:443", 200, text, strlen(text), on_done, &done);
    RUN_UNTIL(&loop, done);
    a.came = false;
    frontier_robots_get(w.f, 3, "https://c.example.net:443", on_robots, &a);
    RUN_UNTIL(&loop, a.came);
    CHECK(a.known && a.row.status == 200 && strcmp(a.body, text) == 0, "%s", a.body);
    CHECK(a.row.fetched_at_ms > 0 && a.row.age_ms >= 0, "age");
    done = false;
    frontier_robots_put(w.f, 3, "https://c.example.net:443", 0, NULL, 0, on_done, &done);
    RUN_UNTIL(&loop, done);
    a.came = false;
    frontier_robots_get(w.f, 3, "https://c.example.net:443", on_robots, &a);
    RUN_UNTIL(&loop, a.came);
    CHECK(a.known && a.row.status == 0 && a.row.len == 0, "no answer");
    worker_drain(&w);
}

struct slot_answer {
    bool came, failed;
    int64_t start_mono_ms;
};

static void on_slot(void *arg, int64_t start_mono_ms, const struct error *err)
{
    *(struct slot_answer *)arg = (struct slot_answer){ true, err != NULL, start_mono_ms };
}

static void on_seen(void *arg, bool seen, const struct error *err)
{
    CHECK(!err, "seen");
    *(int *)arg = seen;
}

static void test_slot_and_seen(void **state)
{
    (void)state;
    struct worker w;
    struct frontier_options o = quick;
    struct slot_answer a = { 0 };
    int seen = -1;
    o.delay_ms = 60000;
    worker_open_with(&w, "one", &o);
    RUN_UNTIL(&loop, frontier_owned(w.f) == PARTITIONS);
    discover(&w, "https://d.example.com/1");
    CLAIMS(&w, 1);
    struct claim *c = w.claims[0];
    int64_t sent = clock_mono_ms();
    CHECK(c->start_mono_ms <= sent + 200 && c->delay_ms == 60000, "the first may go out at once");
    frontier_slot(w.f, c, sent, on_slot, &a);
    RUN_UNTIL(&loop, a.came);
    CHECK(!a.failed && a.start_mono_ms >= sent + 59000 && a.start_mono_ms <= clock_mono_ms() + 60000, "one delay later");
    frontier_seen(w.f, c->partition, &c->id, on_seen, &seen);
    RUN_UNTIL(&loop, seen >= 0);
    CHECK(seen == 1, "seen");
    struct url other = url_of("https://d.example.com/2");
    seen = -1;
    frontier_seen(w.f, c->partition, &other.id, on_seen, &seen);
    RUN_UNTIL(&loop, seen >= 0);
    CHECK(seen == 0, "not seen");
    close_as(&w, c, OUTCOME_REMOVED);
    worker_drain(&w);
    CHECK(book("s", "outcomes", "removed") == 1, "closed");
    url_fini(&other);
}

/* A request that went out late, and counts from a moment still to come: the next waits a delay from then, not from its slot. */
static void test_late_request(void **state)
{
    (void)state;
    struct worker w;
    struct frontier_options o = quick;
    struct slot_answer a = { 0 };
    o.delay_ms = 60000;
    worker_open_with(&w, "one", &o);
    RUN_UNTIL(&loop, frontier_owned(w.f) == PARTITIONS);
    discover(&w, "https://d.example.com/1");
    CLAIMS(&w, 1);
    struct claim *c = w.claims[0];
    RUN_UNTIL(&loop, clock_mono_ms() >= c->start_mono_ms + 100);
    int64_t now = clock_mono_ms();
    frontier_slot(w.f, c, now + 1000, on_slot, &a);
    RUN_UNTIL(&loop, a.came);
    CHECK(!a.failed && a.start_mono_ms >= now + 60000, "%" PRId64 " ms from now", a.start_mono_ms - now);
    close_as(&w, c, OUTCOME_REMOVED);
    worker_drain(&w);
}

/* --- workers among workers --- */

static long long owned_in_redis(const char *name)
{
    long long n = 0;
    for (int p = 0; p < PARTITIONS; p++) {
        redisReply *owner = redis_server_ask(&server, "HGET %s:{%d}:row owner", prefix, p);
        n += owner->type == REDIS_REPLY_STRING && strcmp(owner->str, name) == 0;
        freeReplyObject(owner);
    }
    return n;
}

static void test_sharing(void **state)
{
    (void)state;
    struct worker a, b;
    struct frontier_options o = quick;
    o.lease_ms = 3000; /* heartbeats five times a second */
    worker_open_with(&a, "a", &o);
    RUN_UNTIL(&loop, frontier_owned(a.f) == PARTITIONS);
    for (int i = 0; i < 40; i++) {
        char text[64];
        snprintf(text, sizeof(text), "https://host%d.com/", i);
        discover(&a, text);
    }
    CLAIMS(&a, 40);
    worker_open_with(&b, "b", &o);
    RUN_UNTIL(&loop, a.draining > 0);
    CHECK(frontier_owned(a.f) == PARTITIONS && frontier_owned(b.f) == 0, "nothing is given while claims are out");
    CHECK(a.lost == 0, "not lost");
    while (a.count > 0)
        close_as(&a, a.claims[0], OUTCOME_ARTICLE);
    RUN_UNTIL(&loop, frontier_owned(b.f) == a.draining && frontier_owned(a.f) == PARTITIONS - a.draining);
    CHECK(owned_in_redis("a") == frontier_owned(a.f) && owned_in_redis("b") == frontier_owned(b.f), "as Redis says");
    for (int p = 0; p < PARTITIONS; p++) {
        CHECK(frontier_owns(a.f, p) != frontier_owns(b.f, p), "each has one owner");
        CHECK(row_number(p, "takeover") == 0, "given back: no host need wait");
    }
    CHECK(book("s", "outcomes", "article") == 40, "what ended while it drained was told");
    worker_drain(&a);
    RUN_UNTIL(&loop, frontier_owned(b.f) == PARTITIONS);
    CHECK(a.lost == 0 && b.lost == 0, "nobody lost any");
    worker_drain(&b);
    CHECK(redis_server_number(&server, "ZCARD %s:workers", prefix) == 0 && owned_in_redis("b") == 0, "all are gone");
}

/* A worker that dies: its partitions come free when the lease lapses, its claims are given out again, and its hosts wait
 * one delay, because it may just have asked them. */
static void test_a_dead_worker(void **state)
{
    (void)state;
    struct worker a, b;
    struct frontier_options o = quick;
    o.lease_ms = 900;
    o.delay_ms = 400;
    worker_open_with(&a, "a", &o);
    RUN_UNTIL(&loop, frontier_owned(a.f) == PARTITIONS);
    discover(&a, "https://a.com/1");
    CLAIMS(&a, 1);
    int64_t version = a.claims[0]->version;
    int p = a.claims[0]->partition;
    worker_close(&a); /* tells nobody */
    worker_open_with(&b, "b", &o);
    CLAIMS(&b, 1);
    CHECK(b.claims[0]->version > version, "a later version");
    CHECK(frontier_owns(b.f, p) && row_number(p, "takeover") > 0, "taken over");
    CHECK(redis_server_number(&server, "EVAL %s 1 %s:{%d}", "local n = struct.unpack('>I6', redis.call('HGET', KEYS[1] .. ':hosts', 'a.com')) "
                              "return n - redis.call('HGET', KEYS[1] .. ':row', 'takeover') >= 800 and 1 or 0", prefix, p) == 1,
          "a delay after the takeover, and one more after the claim");
    frontier_abandon(b.f, b.claims[0]);
    worker_drain(&b);
}

/* Redis says nothing for longer than the lease: we let go by our own clock. */
static void test_silence(void **state)
{
    (void)state;
    struct worker w;
    struct frontier_options o = quick;
    o.lease_ms = 900;
    worker_open_with(&w, "one", &o);
    RUN_UNTIL(&loop, frontier_owned(w.f) == PARTITIONS);
    discover(&w, "https://a.com/1");
    CLAIMS(&w, 1);
    kill(server.pid, SIGSTOP);
    RUN_UNTIL(&loop, w.lost == PARTITIONS);
    CHECK(frontier_owned(w.f) == 0 && w.count == 0 && frontier_claimed(w.f) == 0, "claims are void");
    kill(server.pid, SIGCONT);
    RUN_UNTIL(&loop, frontier_owned(w.f) == PARTITIONS);
    CLAIMS(&w, 1);
    CHECK(w.changed == 0, "the same server");
    close_as(&w, w.claims[0], OUTCOME_ARTICLE);
    worker_drain(&w);
    CHECK(book("s", "outcomes", "article") == 1, "once");
}

/* Redis was restarted: what it said before may be gone. */
static void test_another_redis(void **state)
{
    (void)state;
    struct worker w;
    struct answer lost = { 0 };
    struct url u = url_of("https://a.com/2"), feed = url_of("https://a.com/feed");
    struct found f = { .url = &u, .source = "s", .via = "feed" };
    char token[64];
    bool put = false;
    worker_open(&w, "one");
    put_source("s");
    discover(&w, "https://a.com/1");
    CLAIMS(&w, 1);
    int p = w.claims[0]->partition;
    redisReply *before = redis_server_ask(&server, "HGET %s:{%d}:row token", prefix, p);
    snprintf(token, sizeof(token), "%s", before->str);
    freeReplyObject(before);
    kill(server.pid, SIGSTOP);
    frontier_discover(w.f, &f, 1, on_discovered, &lost);
    frontier_poll_put(w.f, "s", CLAIM_FEED, &feed, 0, on_done, &put);
    uv_run(&loop, UV_RUN_NOWAIT);
    redis_server_kill(&server);
    redis_server_start(&server);
    RUN_UNTIL(&loop, lost.came && put);
    CHECK(lost.failed, "a poll must not store validators over it");
    CHECK(w.changed == 1 && w.lost == PARTITIONS && w.count == 0, "told, and all claims are void");
    RUN_UNTIL(&loop, frontier_owned(w.f) == PARTITIONS);
    CHECK(redis_server_number(&server, "EVAL %s 1 %s:{%d} %s", "return redis.call('HGET', KEYS[1] .. ':row', 'token') ~= ARGV[1] and 1 or 0",
                              prefix, p, token) == 1, "a fresh token");
    CHECK(discover(&w, "https://a.com/1") == VERDICT_SEEN, "the append-only file has it");
    CLAIMS(&w, 1);
    CHECK(w.claims[0]->kind == CLAIM_FEED, "what was asked is asked again");
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 3600000, .status = "ok", .ok = true });
    w.count = 0;
    CLAIMS(&w, 1);
    close_as(&w, w.claims[0], OUTCOME_ARTICLE);
    worker_drain(&w);
    check_balance("after the restart");
    url_fini(&u);
    url_fini(&feed);
}

/* The end while answers are still to come: nothing is called back, nothing leaks (the sanitizer says). */
static void test_destroyed_in_flight(void **state)
{
    (void)state;
    struct worker w;
    struct answer a = { 0 };
    struct robots_answer robots = { 0 };
    struct url u = url_of("https://a.com/1");
    struct found f = { .url = &u, .source = "s", .via = "feed" };
    worker_open(&w, "one");
    discover(&w, "https://a.com/2");
    CLAIMS(&w, 1);
    frontier_set_room(w.f, 9);
    kill(server.pid, SIGSTOP);
    frontier_discover(w.f, &f, 1, on_discovered, &a);
    frontier_discover(w.f, NULL, 0, on_discovered, &a);
    frontier_robots_get(w.f, 1, "https://a.com", on_robots, &robots);
    close_as(&w, w.claims[0], OUTCOME_ARTICLE);
    for (int i = 0; i < 3; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    worker_close(&w);
    kill(server.pid, SIGCONT);
    CHECK(!a.came && robots.unanswered, "who asked a question is answered, nobody else");
    struct frontier *f2 = frontier_create(&loop, &(struct frontier_options){ .prefix = prefix, .worker_id = "x", .meta = meta, .lease_ms = 900 },
                                          &(struct frontier_callbacks){ 0 }, NULL);
    frontier_destroy(f2); /* never started */
    frontier_destroy(NULL);
    url_fini(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_page, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_poll, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_robots, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_slot_and_seen, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_late_request, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_sharing, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_dead_worker, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_silence, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_another_redis, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_destroyed_in_flight, world_open, world_close),
    };
    return world_run(tests, COUNT(tests));
}
