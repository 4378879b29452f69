/* The loader as a stage: articles and events in, the cache and the sources' health out, over the local driver and a real
 * Redis. What its script decides is article_script_test.c's. */
#include "pipeline/stage.h"

#include "base/clock.h"
#include "base/text.h"
#include "pipeline/article.h"
#include "pipeline/deadletter.h"
#include "pipeline/event.h"
#include "tests/unit/ids.h"
#include "tests/unit/stage_rig.h"

static struct rig rig;
static struct redis_server second; /* a frontier's server of its own, where a test wants one */
static int64_t now_ms;

static int begin_with(bool two_servers)
{
    struct error err;

    rig_init(&rig, &loader_stage);
    if (two_servers) {
        redis_server_start(&second);
        CHECK(config_set(rig.config, "redis.frontier", second.socket, &err), "%s", err.message);
    }
    rig_listen(&rig, TOPIC_DEADLETTERS);
    rig_start_stage(&rig, "worker-1");
    now_ms = clock_unix_ms();
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return begin_with(false);
}

static int begin_apart(void **state)
{
    (void)state;
    return begin_with(true);
}

static int end(void **state)
{
    (void)state;
    rig_fini(&rig);
    if (second.pid)
        redis_server_stop(&second);
    second = (struct redis_server){ 0 };
    return 0;
}

/* --- what goes in --- */

struct said {
    int n;
    int64_t version, revision;
    bool removed;
    const char *title, *source, *more; /* more: further members, each with a comma before */
    int alias;
};

static void say(struct said s)
{
    char json[1000], url[64];
    struct error err;
    struct article a = { .id = id_n(s.n), .version = now_ms + s.version, .revision = s.revision ? s.revision : 1,
                         .removed = s.removed, .url = url,
                         .fetched_at_ms = now_ms, .json = json };

    snprintf(url, sizeof(url), "https://a.example/%d", s.n);
    if (s.alias)
        a.alias = id_n(s.alias);
    if (s.removed)
        snprintf(a.reason, sizeof(a.reason), "http 410");
    a.json_len = (size_t)snprintf(json, sizeof(json),
                                  "{\"schema\":\"tidings.article/1.0\",\"id\":\"%s\",\"version\":%" PRId64 ",\"revision\":%" PRId64
                                  ",\"url\":\"%s\",\"source\":\"%s\",\"language\":\"en\",\"title\":\"%s\"%s}",
                                  a.id.hex, a.version, a.revision, url, s.source ? s.source : "src", s.title ? s.title : "t", s.more ? s.more : "");
    CHECK(article_send(rig.producer, &a, "src", rig_on_delivery, &rig, &err), "%s", err.message);
}

/* --- tests --- */

#define TEXT(...) redis_text(rig.redis.c, __VA_ARGS__)

static void articles_are_cached(void **state)
{
    (void)state;
    say((struct said){ 1, .title = "First", .alias = 7,
                       .more = ",\"canonical_url\":\"https://a.example/8\",\"section\":[\"World\"]" });
    say((struct said){ 2, .title = "Second", .source = "other" });
    say((struct said){ 1, .version = 5, .revision = 2, .title = "First, updated",
                       .more = ",\"canonical_url\":\"https://a.example/8\"" });
    RUN_UNTIL(&rig.loop, rig.delivered == 3);
    struct id id = id_n(1);
    assert_non_null(strstr(TEXT("GET t:article:%s", id.hex), "First, updated"));
    assert_string_equal(TEXT("GET t:url:%s", id_n(7).hex), id.hex);
    assert_string_equal(TEXT("GET t:url:%s", id_n(8).hex), id.hex);
    assert_int_equal(redis_server_number(&rig.redis, "ZCARD t:latest"), 2);
    assert_int_equal(redis_server_number(&rig.redis, "ZCARD t:latest:source:other"), 1);
    assert_int_equal(redis_server_number(&rig.redis, "XLEN t:stream:articles"), 3);
    say((struct said){ 1, .version = 9, .revision = 2, .removed = true });
    say((struct said){ 1, .version = 5, .revision = 2, .title = "late" }); /* older than its removal */
    RUN_UNTIL(&rig.loop, rig.delivered == 5);
    assert_string_equal(TEXT("EXISTS t:article:%s", id.hex), "0");
    assert_string_equal(TEXT("HGET t:meta:%s reason", id.hex), "http 410");
}

static void what_is_no_record(void **state)
{
    struct id id = id_n(1);
    char ce_id[80];
    static const struct { const char *value, *message; } rows[] = {
        { "{\"schema\":", "" },
        { "{\"schema\":\"tidings.article/2.0\",\"id\":\"x\"}", "schema" },
        { "{\"schema\":\"tidings.article/1.9\",\"id\":\"0123\"}", "id differs" },
        { "[]", "" },
    };

    (void)state;
    snprintf(ce_id, sizeof(ce_id), "%s.%" PRId64 ".1", id.hex, now_ms);
    struct header headers[] = { { "ce_id", ce_id, strlen(ce_id) }, { "ce_type", "tidings.article.upserted", 24 } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct record r = { .topic = TOPIC_ARTICLES, .key = id.hex, .key_len = ID_HEX_LEN, .value = rows[i].value,
                            .value_len = strlen(rows[i].value),
                            .headers = headers, .header_count = 2 };
        rig_send(&rig, &r);
    }
    struct record bare = { .topic = TOPIC_ARTICLES, .key = "no id", .key_len = 5, .value = "{}", .value_len = 2 };
    rig_send(&rig, &bare);
    say((struct said){ 1, .title = "A good one" });
    RUN_UNTIL(&rig.loop, rig.delivered == COUNT(rows) + 2 && rig.topics[TOPIC_DEADLETTERS].count == COUNT(rows) + 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct deadletter_view v;
        const struct record *r = NULL;
        for (size_t k = 0; k < rig.topics[TOPIC_DEADLETTERS].count; k++)
            if (rig.topics[TOPIC_DEADLETTERS].heard[k]->value_len == strlen(rows[i].value) &&
                memcmp(rig.topics[TOPIC_DEADLETTERS].heard[k]->value, rows[i].value, strlen(rows[i].value)) == 0)
                r = rig.topics[TOPIC_DEADLETTERS].heard[k];
        CHECK(r, "row %zu has no dead letter", i);
        deadletter_read(r, &v);
        CHECK(strcmp(v.reason, "no_article") == 0 && strstr(v.message, rows[i].message), "row %zu: %s", i, v.message);
        deadletter_fini(&v);
    }
    assert_non_null(strstr(TEXT("GET t:article:%s", id.hex), "A good one"));
}

static void tell(const char *stage, const char *what, const char *reason, const char *source, int url, const char *article)
{
    char text[64];
    snprintf(text, sizeof(text), "https://a.example/%d", url);
    struct event e = { .url_id = id_n(url), .url = text, .source = source, .stage = stage, .what = what, .reason = reason };
    e.more = article ? json_pack("{s:s}", "article", article) : NULL;
    event_send(rig.producer, &e);
}

static void events_tell_of_health_and_aliases(void **state)
{
    struct redis_server *frontier = second.pid ? &second : &rig.redis;

    (void)state;
    freeReplyObject(redis_server_ask(frontier, "HSET t:source:src url https://a.example/"));
    tell("fetch", "fetched", NULL, "src", 1, NULL);
    tell("discover", "accepted", NULL, "src", 2, NULL);
    tell("fetch", "failed", "timeout", "src", 3, NULL);
    tell("extract", "duplicate", NULL, "src", 4, id_n(5).hex);
    tell("fetch", "failed", "dns", "removed source", 5, NULL);
    say((struct said){ 9, .source = "src" });
    RUN_UNTIL(&rig.loop, redis_server_number(frontier, "HEXISTS t:source:src article") == 1);
    assert_string_equal(redis_text(frontier->c, "HGET t:source:src error"), "timeout");
    assert_string_equal(redis_text(frontier->c, "HEXISTS t:source:src fetched"), "1");
    assert_string_equal(redis_text(frontier->c, "EXISTS t:source:removed source"), "0");
    assert_string_equal(TEXT("GET t:url:%s", id_n(4).hex), id_n(5).hex);
    struct key position = key_position("t", "events", 0);
    assert_string_equal(redis_text(frontier->c, "EXISTS %s", position.s), "1");
}

/* A reason that is longer than its place ends with a whole character. */
static void a_long_reason_is_cut_between_characters(void **state)
{
    char reason[300], *at = reason;

    (void)state;
    *at++ = 'x'; /* 61 bytes fit: an x, and 20 times three */
    for (int i = 0; i < 90; i++)
        at += sprintf(at, "\xE1\xBB\xA9");
    freeReplyObject(redis_server_ask(&rig.redis, "HSET t:source:src url https://a.example/"));
    tell("fetch", "failed", reason, "src", 1, NULL);
    RUN_UNTIL(&rig.loop, redis_server_number(&rig.redis, "HEXISTS t:source:src error") == 1);
    const char *got = TEXT("HGET t:source:src error");
    CHECK(strlen(got) == 61 && text_valid_utf8(got, strlen(got)), "%zu bytes: %s", strlen(got), got);
    reason[0] = 'y', reason[1] = '\0';
    at = reason + 1; /* now the cut is inside one */
    *at++ = 'y';
    for (int i = 0; i < 90; i++)
        at += sprintf(at, "\xE1\xBB\xA9");
    tell("robots", "denied", reason, "src", 2, NULL);
    RUN_UNTIL(&rig.loop, TEXT("HGET t:source:src error")[0] == 'y');
    got = TEXT("HGET t:source:src error");
    CHECK(strlen(got) == 59 && text_valid_utf8(got, strlen(got)), "%zu bytes: %s", strlen(got), got);
}

static void redis_is_killed_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        say((struct said){ i % 100, .version = i, .revision = 1 + i / 100, .removed = i % 7 == 0 });
        if (i % 80 == 79) {
            size_t before = rig.delivered;
            RUN_UNTIL(&rig.loop, rig.delivered > before);
            redis_server_kill(&rig.redis);
            redis_server_start(&rig.redis);
        }
    }
    RUN_UNTIL(&rig.loop, rig.delivered == 400);
    for (int i = 300; i < 400; i++) {
        struct id id = id_n(i % 100);
        CHECK(redis_server_number(&rig.redis, "HGET t:meta:%s version", id.hex) == now_ms + i, "article %d", i % 100);
        CHECK(redis_server_number(&rig.redis, "EXISTS t:article:%s", id.hex) == (i % 7 != 0), "article %d", i % 100);
    }
}

static void drains_and_goes_on(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        say((struct said){ i });
    RUN_UNTIL(&rig.loop, rig.delivered > 0);
    rig_drain_stage(&rig);
    for (int i = 50; i < 60; i++)
        say((struct said){ i });
    rig_start_stage(&rig, "worker-2");
    RUN_UNTIL(&rig.loop, rig.delivered == 60);
    assert_int_equal(redis_server_number(&rig.redis, "ZCARD t:latest"), 60);
    assert_int_equal(redis_server_number(&rig.redis, "XLEN t:stream:articles"), 60); /* none twice */
}

static void ends_at_any_time(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        say((struct said){ i });
        tell("fetch", "fetched", NULL, "src", i, NULL);
    }
    for (int turn = 0; turn < 20; turn++) {
        for (int i = 0; i < turn; i++)
            uv_run(&rig.loop, UV_RUN_ONCE);
        rig_kill_stage(&rig);
        rig_start_stage(&rig, "worker-1");
    }
    RUN_UNTIL(&rig.loop, rig.delivered == 100);
    assert_int_equal(redis_server_number(&rig.redis, "ZCARD t:latest"), 100);
}

/* The private Redis is bounded: the oldest articles leave before it is full. */
static void memory_is_kept_below_its_bound(void **state)
{
    char more[800];

    (void)state;
    snprintf(more, sizeof(more), ",\"text\":\"%0700d\"", 1);
    for (int i = 0; i < 400; i++)
        say((struct said){ i, .version = i, .more = more });
    RUN_UNTIL(&rig.loop, rig.delivered == 400);
    long long used = atoll(strstr(TEXT("INFO memory"), "used_memory:") + 12);
    freeReplyObject(redis_server_ask(&rig.redis, "CONFIG SET maxmemory %lld", used * 100 / 95));
    RUN_UNTIL(&rig.loop, redis_server_number(&rig.redis, "ZCARD t:latest") < 400);
    assert_string_equal(TEXT("EXISTS t:article:%s", id_n(0).hex), "0");
    assert_string_equal(TEXT("EXISTS t:article:%s", id_n(399).hex), "1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(articles_are_cached),
        TEST(what_is_no_record),
        TEST(events_tell_of_health_and_aliases),
        cmocka_unit_test_setup_teardown(events_tell_of_health_and_aliases, begin_apart, end),
        TEST(a_long_reason_is_cut_between_characters),
        TEST(redis_is_killed_again_and_again),
        TEST(drains_and_goes_on),
        TEST(ends_at_any_time),
        TEST(memory_is_kept_below_its_bound),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
