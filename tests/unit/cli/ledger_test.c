/* ledger_test.c - `tidings ledger` on books that balance and on such that do not. */
#include "base/clock.h"
#include "pipeline/ledger.h"
#include "tests/unit/cli/frontier_rows.h"

#include <pthread.h>
#include <stdatomic.h>

static int64_t number(const json_t *row, const char *path)
{
    char *copy = xstrdup(path), *save = NULL;
    for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
        row = json_object_get(row, part);
    free(copy);
    return json_integer_value(row);
}

static void populate(void)
{
    rows_reset();
    rows_found("news", "https://news.example/1", "");
    rows_found("news", "https://news.example/1", ""); /* seen */
    rows_found("news", "https://news.example/2", "");
    rows_found("news", "https://news.example/3", "");
    rows_found("news", "https://news.example/4", "");
    rows_found("news", "https://news.example/5", "");
    rows_found("news", "https://news.example/old", "old");
    rows_found("other:8080", "https://other.example/1", "");
    rows_closed("https://news.example/1", "article");
    rows_closed("https://news.example/2", "failed:http_404");
    rows_do("https://news.example/3", "local rec = { ARGV[1], ARGV[2], ARGV[4], PAGE } "
            "call('HSET', base .. ':leased', 'u' .. ARGV[1], cmsgpack.pack({ 1, rec }))", "news", "");
    rows_do("https://news.example/4", "local rec = { ARGV[1], ARGV[2], ARGV[4], PAGE } "
            "call('HSET', base .. ':sent', ARGV[1], cmsgpack.pack({ now(), rec }))", "news", "");
}

static void balanced(void **state)
{
    (void)state;
    populate();
    json_t *rows = ask_json(0, "ledger --json"), *news = json_array_get(rows, 0), *other = json_array_get(rows, 1);
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(news, "source")), "news");
    assert_string_equal(json_string_value(json_object_get(other, "source")), "other:8080");
    assert_int_equal(number(news, "found"), 7);
    assert_int_equal(number(news, "seen"), 1);
    assert_int_equal(number(news, "filtered/old"), 1);
    assert_int_equal(number(news, "accepted"), 5);
    assert_int_equal(number(news, "outcomes/article"), 1);
    assert_int_equal(number(news, "outcomes/failed:http_404"), 1);
    assert_int_equal(number(news, "open/queued"), 1);
    assert_int_equal(number(news, "open/fetching"), 1);
    assert_int_equal(number(news, "open/on_its_way"), 1);
    assert_true(json_is_true(json_object_get(news, "balanced")));
    json_decref(rows);
    char *text = ask(0, "ledger");
    static const char *const says[] = { "found 7 + reopened 0 = seen 1 + filtered 1 (old 1) + accepted 5", " + article 1 + failed 1 (http_404 1)",
                                        "https://news.example/3", "https://news.example/4", "https://news.example/5", "on_its_way",
                                        "books: 2, all balance; open requests: 4" };
    for (size_t i = 0; i < COUNT(says); i++)
        CHECK(strstr(text, says[i]), "%s is not in\n%s", says[i], text);
    free(text);
}

static void chosen(void **state)
{
    (void)state;
    populate();
    json_t *rows = ask_json(0, "ledger --json --source other:8080");
    assert_int_equal(json_array_size(rows), 1);
    assert_int_equal(number(json_array_get(rows, 0), "open/queued"), 1);
    json_decref(rows);
    rows = ask_json(0, "ledger --json --day 2001-01-01");
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
    free(ask(2, "ledger --day yesterday"));
    free(ask(2, "ledger news"));
}

static void lost(void **state)
{
    (void)state;
    populate();
    /* A request that disappeared without an outcome. */
    rows_do("https://news.example/5", "call('HDEL', open_key(ARGV[1]), ARGV[1])", "", "");
    char *text = ask(1, "ledger");
    CHECK(strstr(text, "DOES NOT BALANCE") && strstr(text, "out of balance: 1 of 2 books"), "%s", text);
    free(text);
    json_t *rows = ask_json(1, "ledger --json --source news");
    assert_true(json_is_false(json_object_get(json_array_get(rows, 0), "balanced")));
    json_decref(rows);
    free(ask(0, "ledger --source other:8080"));
    /* One that was decided and not counted. */
    populate();
    rows_do("https://other.example/9", "open_request(ARGV[1], 'other:8080')", "", "");
    free(ask(1, "ledger"));
}

/* More books than are read in one call. */
static void many_books(void **state)
{
    (void)state;
    rows_reset();
    freeReplyObject(redis_server_ask(&ask_server, "EVAL %s 0", "for i = 1, 4500 do redis.call('HSET', 'tidings:ledger:s' .. i .. ':2026-11-01', "
                                     "'found', 3, 'seen', 1, 'accepted', 2, 'article', 1, 'failed:http_404', 1) end return 1"));
    rows_found("news", "https://news.example/1", "");
    json_t *rows = ask_json(0, "ledger --json");
    assert_int_equal(json_array_size(rows), 4501);
    assert_int_equal(number(json_array_get(rows, 0), "open/queued"), 1);
    assert_int_equal(number(json_array_get(rows, 4500), "outcomes/failed:http_404"), 1);
    json_decref(rows);
}

/* So much is open that it is read in many calls, while somebody opens and closes requests all the time: the book says how many
 * moved, and is not out by more. */
static atomic_bool stop_moving;

static void *keep_moving(void *arg)
{
    static const char move[] = "local n = tonumber(ARGV[1]) "
                               "redis.call('HSET', KEYS[1 + n % 7] .. ':open:1', struct.pack('>I8I8', n, 1), struct.pack('>I6', 1795593600000) .. 'busy') "
                               "redis.call('HINCRBY', 'tidings:ledger:busy:2026-11-25', 'found', 1) "
                               "redis.call('HINCRBY', 'tidings:ledger:busy:2026-11-25', 'accepted', 1) "
                               "if n >= 20 then "
                               "redis.call('HDEL', KEYS[1 + (n - 20) % 7] .. ':open:1', struct.pack('>I8I8', n - 20, 1)) "
                               "redis.call('HINCRBY', 'tidings:ledger:busy:2026-11-25', 'article', 1) end return 1";
    redisContext *c = redisConnectUnix(ask_server.socket);
    struct key k[7];
    (void)arg;
    for (int p = 0; p < 7; p++)
        k[p] = key_partition(ROWS_PREFIX, p);
    for (int n = 0; !stop_moving; n++)
        freeReplyObject(redisCommand(c, "EVAL %s 7 %s %s %s %s %s %s %s %d", move, k[0].s, k[1].s, k[2].s, k[3].s, k[4].s, k[5].s, k[6].s, n));
    redisFree(c);
    return NULL;
}

static void very_much_is_open(void **state)
{
    pthread_t mover;
    struct error err;
    struct key last = key_partition(ROWS_PREFIX, 7);
    int64_t moved = 0;
    (void)state;
    rows_reset();
    freeReplyObject(redis_server_ask(&ask_server, "EVAL %s 1 %s", "for i = 1, 100001 do redis.call('HSET', KEYS[1] .. ':open:' .. i % 64, struct.pack('>I8I8', i, 2), "
                                     "struct.pack('>I6', 1795593600000) .. 'full') end redis.call('HSET', 'tidings:ledger:full:2026-11-25', 'found', 100001, "
                                     "'accepted', 100001) return 1", last.s));
    stop_moving = false;
    assert_int_equal(pthread_create(&mover, NULL, keep_moving, NULL), 0);
    for (int looks = 0; looks < 3 || moved == 0; looks++) {
        json_t *rows = ledger_read(ask_server.c, ROWS_PREFIX, 8, NULL, &err), *row;
        size_t i;
        assert_non_null(rows);
        json_array_foreach(rows, i, row) {
            bool busy = strcmp(json_string_value(json_object_get(row, "source")), "busy") == 0;
            CHECK(json_is_true(json_object_get(row, "balanced")), "%s", json_dumps(row, 0));
            CHECK(busy || !json_object_get(row, "moved"), "%s", json_dumps(row, 0));
            moved += number(row, "moved");
        }
        json_decref(rows);
    }
    stop_moving = true;
    pthread_join(mover, NULL);
    /* At rest nothing moves, and what is lost is seen. */
    json_t *rows = ledger_read(ask_server.c, ROWS_PREFIX, 8, "busy", &err);
    assert_true(json_is_true(json_object_get(json_array_get(rows, 0), "balanced")) && !json_object_get(json_array_get(rows, 0), "moved"));
    json_decref(rows);
    freeReplyObject(redis_server_ask(&ask_server, "HINCRBY tidings:ledger:busy:2026-11-25 accepted 1"));
    char *text = ask(1, "ledger");
    CHECK(strstr(text, "busy  2026-11-25  DOES NOT BALANCE\n"), "%s", text);
    free(text);
}

static void dead_letters(void **state)
{
    char day[11], long_ago[11];
    (void)state;
    populate();
    ledger_day(day, clock_unix_ms());
    ledger_day(long_ago, clock_unix_ms() - 2 * 86400000LL);
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s load:no_article 2 crawl:too_large 1", key_deadletters(ROWS_PREFIX, day).s));
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s load:no_article 3 extract:no_page 1", key_deadletters(ROWS_PREFIX, long_ago).s));
    char *text = ask(0, "ledger"), *line = xasprintf("ledger --day %s", day), *today = ask(0, line);
    CHECK(strstr(text, "dead letters, last 30 days:\n  crawl 1 (too_large 1), extract 1 (no_page 1), load 5 (no_article 5); see"), "%s", text);
    CHECK(strstr(today, "crawl 1 (too_large 1), extract 0, load 2 (no_article 2); see"), "%s", today);
    free(text), free(line), free(today);
    text = ask(0, "status");
    CHECK(strstr(text, "deadletters in 30 days: crawl 1 (too_large 1), extract 1 (no_page 1), load 5 (no_article 5)"), "%s", text);
    CHECK(strstr(text, "the loader refused 2 records today"), "%s", text);
    free(text);
}

static void nothing_there(void **state)
{
    (void)state;
    rows_reset();
    char *text = ask(0, "ledger --json");
    assert_string_equal(text, "");
    free(text);
    ask_empty();
    free(ask(1, "ledger")); /* no installation: the message says so */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(balanced), cmocka_unit_test(chosen), cmocka_unit_test(lost), cmocka_unit_test(many_books),
                                         cmocka_unit_test(very_much_is_open), cmocka_unit_test(dead_letters), cmocka_unit_test(nothing_there) };
    redis_server_start(&ask_server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&ask_server);
    meta_destroy(rows_meta);
    return failed;
}
