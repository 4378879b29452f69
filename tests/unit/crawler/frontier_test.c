/* frontier_test.c - the frontier's calls, each once through against a real Redis. */
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
    CHECK(redis_server_number(&server, "HLEN %s:{%d}:polls", prefix, partition_of("https://b.example.org/")) == 0, "gone");
}

struct robots_answer {
    bool came, known;
    struct robots_row row;
    char body[64];
};

static void on_robots(void *arg, const struct robots_row *row, const struct error *err)
{
    struct robots_answer *a = arg;
    CHECK(!err, "robots");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_page, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_poll, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_robots, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_slot_and_seen, world_open, world_close),
    };
    return world_run(tests, COUNT(tests));
}
