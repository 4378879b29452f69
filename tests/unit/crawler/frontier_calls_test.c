/* frontier_calls_test.c - what needs no claim: verdicts and their counts, order, polls of sources. */
#include "tests/unit/crawler/frontier_world.h"

static struct worker w;

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

static void test_verdicts(void **state)
{
    (void)state;
    static const struct { const char *name, *url; struct found how; enum verdict want; } rows[] = {
        { "new",                      "https://a.com/1", { .via = "feed" }, VERDICT_ACCEPTED },
        { "again",                    "https://a.com/1", { .via = "front" }, VERDICT_SEEN },
        { "asked for while open",     "https://a.com/1", { .force = true }, VERDICT_SEEN },
        { "other key form",           "https://a.com/2", { .via = "sitemap" }, VERDICT_ACCEPTED },
        { "out of scope",             "https://a.com/3", { .filtered = "out_of_scope" }, VERDICT_FILTERED },
        { "each time",                "https://a.com/3", { .filtered = "out_of_scope" }, VERDICT_FILTERED },
        { "not marked",               "https://a.com/3", { .via = "feed" }, VERDICT_ACCEPTED },
        { "old",                      "https://a.com/4", { .filtered = "old", .remember = true }, VERDICT_FILTERED },
        { "old once only",            "https://a.com/4", { .filtered = "old", .remember = true }, VERDICT_SEEN },
        { "old is seen",              "https://a.com/4", { .via = "feed" }, VERDICT_SEEN },
        { "old but asked for",        "https://a.com/4", { .force = true }, VERDICT_ACCEPTED },
        { "a redirect's target",      "https://b.org/1", { .via = "redirect", .reopened = true }, VERDICT_ACCEPTED },
        { "a redirect's target again", "https://b.org/1", { .via = "redirect", .reopened = true }, VERDICT_SEEN },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(discover_as(&w, rows[i].url, rows[i].how) == rows[i].want, "%s", rows[i].name);
        check_balance(rows[i].name);
    }
    CHECK(book("s", NULL, "found") == 11 && book("s", NULL, "reopened") == 2, "left-hand side");
    CHECK(book("s", NULL, "seen") == 5 && book("s", NULL, "accepted") == 5, "right-hand side");
    CHECK(book("s", "filtered", "out_of_scope") == 2 && book("s", "filtered", "old") == 1, "by reason");
    CHECK(book("s", "open", "queued") == 5, "open");
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum { N = 400 };
    static struct url urls[N];
    static struct found found[N];
    struct answer a = { 0 };
    for (int i = 0; i < N; i++) {
        char text[64];
        snprintf(text, sizeof(text), "https://host%d.com/%d", i % 37, i % 300); /* 400 of them, with repeats */
        urls[i] = url_of(text);
        found[i] = (struct found){ .url = &urls[i], .source = i % 2 ? "odd" : "even", .via = "feed", .filtered = i % 11 == 5 ? "no" : NULL };
    }
    frontier_discover(w.f, found, N, on_discovered, &a);
    RUN_UNTIL(&loop, a.came);
    CHECK(!a.failed && a.accepted + a.seen + a.filtered == N, "all have a verdict");
    for (int i = 0; i < N; i++) {
        bool before = false;
        for (int j = 0; j < i; j++)
            before = before || (!found[j].filtered && strcmp(urls[j].key, urls[i].key) == 0);
        enum verdict want = found[i].filtered ? VERDICT_FILTERED : before ? VERDICT_SEEN : VERDICT_ACCEPTED;
        CHECK(a.verdicts[i] == want, "%s, number %d", urls[i].key, i);
    }
    for (int i = 0; i < N; i++)
        url_fini(&urls[i]);
    CHECK(book("odd", NULL, "found") == N / 2 && book("even", NULL, "found") == N / 2, "by source");
    a = (struct answer){ 0 };
    frontier_discover(w.f, NULL, 0, on_discovered, &a);
    CHECK(!a.came, "never from inside the call");
    RUN_UNTIL(&loop, a.came);
    CHECK(!a.failed && a.accepted + a.seen + a.filtered == 0, "nothing found is an answer, too");
}

/* What is claimed of one budget, one after the other. */
static void test_order(void **state)
{
    (void)state;
    static const char *const texts[] = { "https://a.com/newest", "https://a.com/newer", "https://a.com/old" };
    static const char *const want[] = { "https://a.com/asked", "https://a.com/asked2", "https://a.com/late", "https://a.com/newest",
                                        "https://a.com/newer", "https://a.com/old" };
    struct found found[3];
    struct url urls[3];
    struct answer a = { 0 };
    for (int i = 0; i < 3; i++) {
        urls[i] = url_of(texts[i]);
        found[i] = (struct found){ .url = &urls[i], .source = "s", .via = "feed" };
    }
    frontier_discover(w.f, found, 3, on_discovered, &a);
    RUN_UNTIL(&loop, a.came);
    discover(&w, "https://a.com/late");
    discover_as(&w, "https://a.com/asked", (struct found){ .urgent = true });
    discover_as(&w, "https://a.com/asked2", (struct found){ .urgent = true });
    discover_as(&w, "https://a.com/tomorrow", (struct found){ .due_in_ms = 86400000 });
    for (size_t i = 0; i < COUNT(want); i++) {
        CLAIMS(&w, 1);
        CHECK(strcmp(w.claims[0]->url, want[i]) == 0, "%s instead of %s", w.claims[0]->url, want[i]);
        close_as(&w, w.claims[0], OUTCOME_UNCHANGED);
    }
    for (int i = 0; i < 3; i++)
        url_fini(&urls[i]);
    RUN_UNTIL(&loop, book("s", "outcomes", "unchanged") == COUNT(want));
    CHECK(book("s", "open", "queued") == 1, "the last is not due");
    make_due(partition_of("https://a.com/"));
    CLAIMS(&w, 1);
    CHECK(strcmp(w.claims[0]->url, "https://a.com/tomorrow") == 0, "%s", w.claims[0]->url);
    close_as(&w, w.claims[0], OUTCOME_ARTICLE);
    RUN_UNTIL(&loop, book("s", "outcomes", "article") == 1);
}

/* A list longer than one call: what stood first is fetched first. */
static void test_order_of_many(void **state)
{
    (void)state;
    enum { N = 300 };
    static struct url urls[N];
    static struct found found[N];
    struct answer a = { 0 };
    for (int i = 0; i < N; i++) {
        char text[64];
        snprintf(text, sizeof(text), "https://a.com/%d", i);
        urls[i] = url_of(text);
        found[i] = (struct found){ .url = &urls[i], .source = "s", .via = "sitemap" };
    }
    frontier_discover(w.f, found, N, on_discovered, &a);
    RUN_UNTIL(&loop, a.came);
    for (int i = 0; i < N; i++) {
        if (i < 3 || i > N - 3 || i % 64 == 0) {
            redisReply *packed = redis_server_ask(&server, "LINDEX %s:{%d}:qn:a.com %d", prefix, partition_of(urls[i].fetch), i);
            const char *rest = urls[i].fetch + strlen("https://");
            CHECK(packed->type == REDIS_REPLY_STRING && memmem(packed->str, packed->len, rest, strlen(rest)), "%d", i);
            freeReplyObject(packed);
        }
        url_fini(&urls[i]);
    }
}

/* Addresses come back as they were, whatever of them is kept. */
static void test_addresses(void **state)
{
    (void)state;
    static const char *const texts[] = { "http://a.com/1", "https://a.com/2", "http://127.0.0.1:8080/3", "https://http.com/http://4" };
    put_source("s");
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct url u = url_of(texts[i]);
        discover(&w, texts[i]);
        CLAIMS(&w, 1);
        CHECK(strcmp(w.claims[0]->url, u.fetch) == 0 && strcmp(w.claims[0]->source, "s") == 0, "%s", w.claims[0]->url);
        close_as(&w, w.claims[0], OUTCOME_ARTICLE);
        frontier_poll_put(w.f, "s", CLAIM_FEED, &u, 0, NULL, NULL);
        CLAIMS(&w, 1);
        CHECK(strcmp(w.claims[0]->url, u.fetch) == 0 && w.claims[0]->kind == CLAIM_FEED, "%s", w.claims[0]->url);
        CHECK(strcmp(w.claims[0]->id.hex, u.id.hex) == 0, "id");
        frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 9999999, .status = "ok", .ok = true });
        w.count = 0;
        url_fini(&u);
    }
}

static void test_long_hints(void **state)
{
    (void)state;
    char hints[3000];
    memset(hints, 'h', sizeof(hints) - 1);
    hints[sizeof(hints) - 1] = '\0';
    discover_as(&w, "https://a.com/1", (struct found){ .hints = hints });
    CLAIMS(&w, 1);
    CHECK(strlen(w.claims[0]->hints) == FRONTIER_HINTS_MAX, "cut");
}

static void on_put(void *arg, const struct error *err)
{
    CHECK(!err, "put");
    ++*(int *)arg;
}

static int polls_at(const char *text)
{
    return (int)run_script(partition_of(text), "return #polls_all() / SHARE_STEP", 0, NULL);
}

static void put(const char *source, enum claim_kind kind, const char *text)
{
    struct url u = url_of(text);
    int done = 0;
    frontier_poll_put(w.f, source, kind, &u, 0, on_put, &done);
    RUN_UNTIL(&loop, done == 1);
    url_fini(&u);
}

static void test_polls_of_sources(void **state)
{
    (void)state;
    static const char feed[] = "https://a.com/feed";
    int p = partition_of(feed);
    put_source("first");
    put_source("second");
    put("first", CLAIM_FEED, feed);
    put("first", CLAIM_FEED, feed);
    CHECK(polls_at(feed) == 1, "once");
    put("second", CLAIM_FEED, feed);
    CHECK(polls_at(feed) == 1, "an address is read for one source");
    CLAIMS(&w, 1);
    put("first", CLAIM_FRONT, feed);
    CHECK(polls_at(feed) == 2, "another kind is another poll");
    CHECK(strcmp(w.claims[0]->source, "first") == 0 && w.claims[0]->kind == CLAIM_FEED, "%s", w.claims[0]->source);
    worker_forget(&w, w.claims[0]);
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 86400000, .status = "ok", .ok = true });
    CLAIMS(&w, 1);
    CHECK(w.claims[0]->kind == CLAIM_FRONT, "then the other");
    freeReplyObject(redis_server_ask(&server, "DEL %s:source:first", prefix));
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 0, .status = "ok", .ok = true });
    worker_forget(&w, w.claims[0]);
    frontier_set_room(w.f, 5);
    RUN_UNTIL(&loop, polls_at(feed) == 1); /* its source is gone: removed when it came due */
    CHECK(redis_server_number(&server, "EXISTS %s:source:first", prefix) == 0, "a removed source is not brought back");
    put("second", CLAIM_FEED, feed);
    CLAIMS(&w, 1);
    CHECK(strcmp(w.claims[0]->source, "second") == 0 && !w.claims[0]->polled, "taken over, at once");
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 0, .status = "ok", .ok = true });
    worker_forget(&w, w.claims[0]);
    CLAIMS(&w, 1);
    freeReplyObject(redis_server_ask(&server, "HSET %s:source:second state paused", prefix));
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 0, .status = "ok", .ok = true });
    worker_forget(&w, w.claims[0]);
    frontier_set_room(w.f, 5);
    RUN_UNTIL(&loop, redis_server_number(&server, "ZCOUNT %s:{%d}:due (%lld +inf", prefix, p, (long long)clock_unix_ms() + 30000) == 1);
    CHECK(w.count == 0 && polls_at(feed) == 1, "a paused one is kept, and not read");
    freeReplyObject(redis_server_ask(&server, "HDEL %s:source:second state", prefix));
    make_due(p);
    CLAIMS(&w, 1);
    CHECK(w.claims[0]->polled, "and goes on");
}

static long long of_source(const char *source, const char *field)
{
    return redis_server_number(&server, "HGET %s:source:%s %s", prefix, source, field);
}

/* While it is read for one source another one comes: it is read again for both, but the reading that was counts. */
static void test_shared_while_read(void **state)
{
    (void)state;
    static const char feed[] = "https://a.com/feed";
    put_source("first");
    put_source("second");
    put("first", CLAIM_FEED, feed);
    CLAIMS(&w, 1);
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 0, .status = "ok", .ok = true });
    worker_forget(&w, w.claims[0]);
    CLAIMS(&w, 1);
    CHECK(w.claims[0]->polled, "read before");
    put("second", CLAIM_FEED, feed);
    frontier_poll_done(w.f, w.claims[0], &(struct poll_result){ .next_in_ms = 86400000, .status = "ok", .ok = true, .items = 7, .accepted = 3 });
    worker_forget(&w, w.claims[0]);
    CLAIMS(&w, 1);
    CHECK(!w.claims[0]->polled && strcmp(w.claims[0]->source, "first") == 0, "again, at once");
    CHECK(of_source("first", "items") == 7 && of_source("first", "polled") > 0 && of_source("first", "new") > 0, "its row tells of the reading");
    CHECK(redis_server_number(&server, "HEXISTS %s:source:second polled", prefix) == 0, "the other was not read yet");
}

static void on_put_full(void *arg, const struct error *err)
{
    CHECK(err && err->kind == ERROR_LIMIT && strlen(err->message) <= 60, "%s", err ? err->message : "no error");
    (*(int *)arg)++;
}

static bool says_full(const char *source)
{
    redisReply *r = redis_server_ask(&server, "HGET %s:source:%s status", prefix, source);
    bool says = r->type == REDIS_REPLY_STRING && strncmp(r->str, "too many sources share", 22) == 0;
    freeReplyObject(r);
    return says;
}

static void test_too_many_share(void **state)
{
    (void)state;
    static const char feed[] = "https://a.com/feed";
    struct url u = url_of(feed);
    char name[16];
    int done = 0;
    for (int i = 0; i <= 32; i++) { /* one that reads it and 32 that wait */
        snprintf(name, sizeof(name), "s%d", i);
        put_source(name);
        put(name, CLAIM_FEED, feed);
        CHECK(!says_full(name), "%s has room", name);
    }
    put_source("late");
    frontier_poll_put(w.f, "late", CLAIM_FEED, &u, 0, on_put_full, &done);
    RUN_UNTIL(&loop, done == 1);
    CHECK(says_full("late"), "its row says why it brings nothing");
    put("s32", CLAIM_FEED, feed);
    CHECK(!says_full("s32"), "who waits already is not too many");
    const char *drop[] = { "s32" };
    run_script(partition_of(feed), "for _, poll in ipairs(call('HKEYS', base .. ':also')) do poll_unshare(poll, ARGV[1]) end return 1", 1, drop);
    put("late", CLAIM_FEED, feed);
    CHECK(!says_full("late"), "there is room again");
    url_fini(&u);
}

static void count_told(void *arg, bool seen, const struct error *err)
{
    assert_true(!seen && err && err->kind == ERROR_TRANSIENT);
    ++*(int *)arg;
}

/* Whoever asked may hang on the answer alone: it is told even when nobody waits for the reply any more. */
static void test_closed_while_asked(void **state)
{
    (void)state;
    int told = 0;
    struct url u = url_of("https://a.com/1");
    worker_open(&w, "one");
    frontier_seen(w.f, 0, &u.id, count_told, &told); /* on its way */
    worker_close(&w);
    assert_int_equal(told, 1);
    url_fini(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_verdicts), ONE(test_many_at_once), ONE(test_order), ONE(test_order_of_many), ONE(test_addresses), ONE(test_long_hints), ONE(test_polls_of_sources),
        ONE(test_shared_while_read), ONE(test_too_many_share),
        cmocka_unit_test_setup_teardown(test_closed_while_asked, world_open, world_close),
    };
    return world_run(tests, COUNT(tests));
}
